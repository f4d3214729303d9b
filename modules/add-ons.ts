import { DataAwsEksAddonVersion } from "@cdktf/provider-aws/lib/data-aws-eks-addon-version";
import { EksAddon } from "@cdktf/provider-aws/lib/eks-addon";
import type { ITerraformDependable } from "cdktf";
import { Construct } from "constructs";

import type { Warning } from "./hcl/check";
import { Expression, hcl } from "./hcl/expression";
import { addBlocks } from "./hcl/maybe";
import { Rows } from "./hcl/rows";
import { waitFor } from "./hcl/wait-for";

/** Add-ons as tfvars list them, by EKS' names. */
export type AddOnRows = Rows<"version" | "configuration" | "pod_role" | "resolve_conflicts" | "before_nodes">;

/** What add-ons are made of. */
export interface AddOnsProps {
  readonly clusterName: string;
  /** `MAJOR.MINOR`: decides the version of an add-on that is not pinned. */
  readonly kubernetesVersion: string;
  readonly rows: AddOnRows;
  /** Whether the CNI takes addresses by the sixteen. */
  readonly prefixDelegation: Expression;
  /** Whether the CNI enforces NetworkPolicies. */
  readonly networkPolicy: Expression;
  /** A map by key of the roles that add-ons may have: `{ arn, via, service_account }`. */
  readonly podRoles: Expression;
  /** What has to exist before an add-on's pods can work with their roles. */
  readonly permissions: readonly ITerraformDependable[];
}

/** What a node needs to become ready, and what its pods need to get their roles. */
const BEFORE_NODES = ["vpc-cni", "kube-proxy", "eks-pod-identity-agent"];

/** What EKS makes every cluster with, and no cluster works without. */
const EVERY_CLUSTERS = ["vpc-cni", "kube-proxy", "coredns"];

/**
 * EKS add-ons: those that nodes need to become ready, and those that need nodes to become active.
 *
 * @see https://docs.aws.amazon.com/eks/latest/userguide/eks-add-ons.html
 */
export class AddOns extends Construct {
  /** What has to exist before the first node boots. */
  readonly beforeNodes: ITerraformDependable;
  /** What a plan is to warn of. */
  readonly warnings: readonly Warning[];
  private readonly afterNodes: EksAddon;

  constructor(scope: Construct, id: string, props: AddOnsProps) {
    super(scope, id);
    const { rows } = props;

    const unpinned = new Rows(hcl`{ for name, row in ${rows.all} : name => row if row.version == null }`);
    const defaultVersion = new DataAwsEksAddonVersion(this, "default-version", {
      forEach: unpinned.forEach,
      addonName: unpinned.key.asString,
      kubernetesVersion: props.kubernetesVersion,
      mostRecent: false,
    });

    const early = new Expression(JSON.stringify(BEFORE_NODES));
    const isEarly = hcl`coalesce(row.before_nodes, contains(${early}, name))`;
    const addOns = (addOnsId: string, condition: Expression) => {
      const some: AddOnRows = new Rows(hcl`{ for name, row in ${rows.all} : name => row if ${condition} }`);
      const version = some.value("version");
      const podRole = some.value("pod_role");
      const roleBy = (via: string) =>
        hcl`[for key in ${podRole}[*] : ${props.podRoles}[key] if ${props.podRoles}[key].via == ${via}]`;
      const addOn = new EksAddon(this, addOnsId, {
        forEach: some.forEach,
        clusterName: props.clusterName,
        addonName: some.key.asString,
        addonVersion: hcl`${version} == null ? ${defaultVersion}[${some.key}].version : ${version}`.asString,
        configurationValues:
          hcl`${some.key} == "vpc-cni" ? ${vpcCni(some.value("configuration"), props)} : ${some.value("configuration")}`
            .asString,
        serviceAccountRoleArn: hcl`one(${roleBy("irsa")}[*].arn)`.asString,
        // An add-on takes over what EKS made the cluster with, and leaves it there when it goes: the pods of a cluster
        // without a CNI have no addresses.
        resolveConflictsOnCreate: "OVERWRITE",
        preserve: hcl`contains(${new Expression(JSON.stringify(EVERY_CLUSTERS))}, ${some.key})`.asResolvable,
        resolveConflictsOnUpdate: some.value("resolve_conflicts").asString,
        dependsOn: [...props.permissions],
      });
      addBlocks(addOn, "pod_identity_association", roleBy("pod_identity"), {
        role_arn: "${pod_identity_association.value.arn}",
        service_account: "${pod_identity_association.value.service_account}",
      });
      return addOn;
    };
    this.beforeNodes = addOns("before-nodes", isEarly);
    this.afterNodes = addOns("after-nodes", hcl`!${isEarly}`);
    this.warnings = [
      [
        "volumes_have_a_role",
        hcl`!contains(keys(${rows.all}), "aws-ebs-csi-driver") || contains([for role in ${props.podRoles} : role.service_account], "ebs-csi-controller-sa")`,
        "the add-on aws-ebs-csi-driver has no role and no node's role allows what it does: no volume will be made; add " +
          'a row to pod_roles (namespace "kube-system", service_account "ebs-csi-controller-sa", policies ["ebs-csi"]) ' +
          "and name it in the add-on's pod_role.",
      ],
    ];
  }

  /** Lets the add-ons that need nodes wait for them: without one EKS never reports such an add-on active. */
  waitFor(...nodes: readonly ITerraformDependable[]): void {
    waitFor(this.afterNodes, nodes);
  }
}

/**
 * The CNI's configuration, JSON: what is given, and what the stack itself decides; as it was given when that is nothing.
 *
 * @see https://github.com/aws/amazon-vpc-cni-k8s#cni-configuration-variables
 */
export function vpcCni(
  given: Expression,
  { prefixDelegation, networkPolicy }: Pick<AddOnsProps, "prefixDelegation" | "networkPolicy">,
): Expression {
  const own = hcl`jsondecode(coalesce(${given}, "{}"))`;
  const env = hcl`merge({ WARM_PREFIX_TARGET = "1" }, try(${own}.env, {}), { ENABLE_PREFIX_DELEGATION = "true" })`;
  const withPrefixes = hcl`{ for name, value in { env = ${env} } : name => value if ${prefixDelegation} }`;
  const withPolicies = hcl`{ for name, value in { enableNetworkPolicy = "true" } : name => value if ${networkPolicy} }`;
  return hcl`${prefixDelegation} || ${networkPolicy} ? jsonencode(merge(${own}, ${withPrefixes}, ${withPolicies})) : ${given}`;
}
