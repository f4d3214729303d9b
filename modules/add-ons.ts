import { DataAwsEksAddonVersion } from "@cdktf/provider-aws/lib/data-aws-eks-addon-version";
import { EksAddon } from "@cdktf/provider-aws/lib/eks-addon";
import type { ITerraformDependable } from "cdktf";
import { Construct } from "constructs";

import { warnUnless } from "./hcl/check";
import { each } from "./hcl/each";
import { hcl, type Expression } from "./hcl/expression";
import { local } from "./hcl/local";
import { addBlocks } from "./hcl/maybe";
import { waitFor } from "./hcl/wait-for";
import type { EksInputs } from "./inputs";
import type { Joined } from "./setting";

/** What add-ons are made of. */
export interface AddOnsProps extends Joined {
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
  private readonly afterNodes: EksAddon;

  constructor(scope: Construct, id: string, { inputs, cluster, podRoles, permissions }: AddOnsProps) {
    super(scope, id);
    const { addOns } = inputs;
    const some = (what: string, condition: Expression) =>
      each(local(this, what, hcl`{ for name, row in ${addOns} : name => row if ${condition} }`));

    const unpinned = some("unpinned", hcl`row.version == null`);
    const defaultVersion = new DataAwsEksAddonVersion(this, "default-version", {
      forEach: unpinned,
      addonName: unpinned.key,
      kubernetesVersion: inputs.eksVersion.asString,
      mostRecent: false,
    });

    const configurations = local(this, "configurations", configurationsOf(inputs));
    const rolesBy = (via: string) => {
      const roles = local(
        this,
        `roles-by-${via}`,
        hcl`{
          for name, row in ${addOns} :
          name => [for key in row.pod_role[*] : ${podRoles}[key] if ${podRoles}[key].via == ${via}]
        }`,
      );
      return hcl`${roles}[each.key]`;
    };
    const [byToken, byPodIdentity] = [rolesBy("irsa"), rolesBy("pod_identity")];
    const made = (when: "before-nodes" | "after-nodes", condition: Expression) => {
      const rows = some(`rows-${when}`, condition);
      const version = rows.getString("version");
      const addOn = new EksAddon(this, when, {
        forEach: rows,
        clusterName: cluster.name,
        addonName: rows.key,
        addonVersion: hcl`${version} == null ? ${defaultVersion}[each.key].version : ${version}`.asString,
        configurationValues: hcl`${configurations}[each.key]`.asString,
        serviceAccountRoleArn: hcl`one(${byToken}[*].arn)`.asString,
        // An add-on takes over what EKS made the cluster with, and leaves it there when it goes: the pods of a cluster
        // without a CNI have no addresses.
        resolveConflictsOnCreate: "OVERWRITE",
        preserve: hcl`contains(${EVERY_CLUSTERS}, each.key)`,
        resolveConflictsOnUpdate: rows.getString("resolve_conflicts"),
        dependsOn: [...permissions],
      });
      addBlocks(addOn, "pod_identity_association", byPodIdentity, {
        role_arn: "${pod_identity_association.value.arn}",
        service_account: "${pod_identity_association.value.service_account}",
      });
      return addOn;
    };
    const isEarly = hcl`coalesce(row.before_nodes, contains(${BEFORE_NODES}, name))`;
    this.beforeNodes = made("before-nodes", isEarly);
    this.afterNodes = made("after-nodes", hcl`!${isEarly}`);

    warnUnless(
      this,
      "volumes_have_a_role",
      hcl`!contains(keys(${addOns}), "aws-ebs-csi-driver")
        || contains(values(${podRoles})[*].service_account, "ebs-csi-controller-sa")`,
      "the add-on aws-ebs-csi-driver has no role and no node's role allows what it does: no volume will be made; add " +
        'a row to pod_roles (namespace "kube-system", service_account "ebs-csi-controller-sa", policies ["ebs-csi"]) ' +
        "and name it in the add-on's pod_role.",
    );
  }

  /** Lets the add-ons that need nodes wait for them: without one EKS never reports such an add-on active. */
  waitFor(nodes: ITerraformDependable): void {
    waitFor(this.afterNodes, [nodes]);
  }
}

/**
 * Configurations by add-on, JSON: as they are given, but for what the stack itself decides of the CNI's.
 *
 * @see https://github.com/aws/amazon-vpc-cni-k8s#cni-configuration-variables
 */
function configurationsOf({ addOns, prefixDelegation, networkPolicy }: EksInputs): Expression {
  const given = hcl`jsondecode(coalesce(row.configuration, "{}"))`;
  return hcl`{
    for name, row in ${addOns} :
    name => name != "vpc-cni" || !(${prefixDelegation} || ${networkPolicy}) ? row.configuration : jsonencode(merge(
      ${given},
      { for key, value in {
        env = merge({ WARM_PREFIX_TARGET = "1" }, try(${given}.env, {}), { ENABLE_PREFIX_DELEGATION = "true" })
      } : key => value if ${prefixDelegation} },
      { for key, value in { enableNetworkPolicy = "true" } : key => value if ${networkPolicy} }
    ))
  }`;
}
