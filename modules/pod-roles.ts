import { EksPodIdentityAssociation } from "@cdktf/provider-aws/lib/eks-pod-identity-association";
import { IamOpenidConnectProvider } from "@cdktf/provider-aws/lib/iam-openid-connect-provider";
import { IamRole } from "@cdktf/provider-aws/lib/iam-role";
import { IamRolePolicy } from "@cdktf/provider-aws/lib/iam-role-policy";
import { IamRolePolicyAttachment } from "@cdktf/provider-aws/lib/iam-role-policy-attachment";
import { Fn, TerraformLocal, type ITerraformDependable } from "cdktf";
import { Construct } from "constructs";

import {
  awsLoadBalancerController,
  clusterAutoscaler,
  externalDns,
  MANAGED_POLICIES,
  podIdentityTrust,
  TOKEN_AUDIENCE,
  volumeKey,
  vpcCniIpv6,
  webIdentityTrust,
  type READY_POLICIES,
} from "../facts/pod-policies";
import { each } from "./hcl/each";
import { hcl, type Expression } from "./hcl/expression";
import { local } from "./hcl/local";
import { countIf } from "./hcl/maybe";
import { managedPolicyArn } from "./policies";
import type { Joined } from "./setting";

/** What pods' roles are made of. */
export interface PodRoleProps extends Joined {
  /** ARN of the volumes' KMS key; null: AWS' own key, which asks for nothing. */
  readonly volumeKmsKeyArn: Expression;
}

/**
 * A role that the pods of one service account take, one for each row: by EKS Pod Identity, or by their token (IRSA).
 */
export class PodRole extends Construct {
  /** A map by key: `{ arn, via, service_account }`. */
  readonly all: Expression;
  /** ARN of every role, by key. */
  readonly arns: Expression;
  /** What has to exist before a pod can do what its role is for. */
  readonly permissions: readonly ITerraformDependable[];

  constructor(scope: Construct, id: string, props: PodRoleProps) {
    super(scope, id);
    const { inputs, names, account, cluster, hasIpv6, volumeKmsKeyArn } = props;
    const { podRoles, addOns } = inputs;
    const { partition } = account;

    const provider = new IamOpenidConnectProvider(this, "oidc-provider", {
      count: countIf(inputs.irsa),
      url: cluster.oidcIssuer,
      clientIdList: [TOKEN_AUDIENCE],
      // No thumbprints: IAM trusts EKS' certificates by their authority.
      // https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_create_oidc.html
    });
    const issuer = new TerraformLocal(this, "issuer", Fn.replace(cluster.oidcIssuer, "https://", "")).asString;

    const rows = each(podRoles);
    const serviceAccount = {
      namespace: rows.getString("namespace"),
      serviceAccount: rows.getString("service_account"),
    };
    const providerArn = hcl`one(${provider}[*].arn)`.asString;
    const byToken = webIdentityTrust({ ...serviceAccount, issuer, providerArn });
    const byPodIdentity = podIdentityTrust({ ...serviceAccount, clusterArn: cluster.arn });
    const role = new IamRole(this, "role", {
      forEach: rows,
      name: names.podRole(rows.key),
      assumeRolePolicy: `%{if each.value.via == "irsa"}${byToken}%{else}${byPodIdentity}%{endif}`,
    });
    const roleName = hcl`${role}[each.key].name`.asString;

    /** Gives what a policy allows to the roles that name it, where a condition holds. */
    const ready = (
      policyId: string,
      name: (typeof READY_POLICIES)[number],
      policy: string,
      where: Expression = hcl`true`,
    ) =>
      new IamRolePolicy(this, policyId, {
        forEach: each(
          local(
            this,
            `rows-${policyId}`,
            hcl`{ for key, row in ${podRoles} : key => row if contains(row.policies, ${name}) && ${where} }`,
          ),
        ),
        name: policyId,
        role: roleName,
        policy,
      });
    const clusterName = cluster.name;
    // Inside JSON a value stands by its name: quotes of an expression would end the text.
    const keyArn = local(this, "volume-key-arn", hcl`join("", ${volumeKmsKeyArn}[*])`).asString;
    const zoneIds = local(
      this,
      "zone-ids",
      hcl`{ for key, row in ${podRoles} : key => row.dns_zone_id == null ? "*" : row.dns_zone_id }`,
    );
    const zoneId = hcl`${zoneIds}[each.key]`.asString;

    const managed = local(
      this,
      "aws-own-policies",
      Object.fromEntries(
        Object.entries(MANAGED_POLICIES).map(([name, path]) => [name, managedPolicyArn(account, path)]),
      ),
    );
    // The policies that exist already, given by ARN or AWS' own.
    const attached = each(
      local(
        this,
        "attached-policies",
        hcl`merge([
          for key, row in ${podRoles} : {
            for policy in row.policies :
            "\${key}/\${policy}" => { role = key, arn = lookup(${managed}, policy, policy) }
            if startswith(policy, "arn:")
            || contains(keys(${managed}), policy) && !(policy == "vpc-cni" && ${hasIpv6})
          }
        ]...)`,
      ),
    );
    this.permissions = [
      ready("cluster-autoscaler", "cluster-autoscaler", clusterAutoscaler({ clusterName })),
      ready(
        "aws-load-balancer-controller",
        "aws-load-balancer-controller",
        awsLoadBalancerController({ clusterName, partition }),
      ),
      ready("external-dns", "external-dns", externalDns({ partition, zoneId })),
      ready("volume-key", "ebs-csi", volumeKey({ keyArn }), hcl`${inputs.volumeEncryption} != null`),
      ready("vpc-cni-ipv6", "vpc-cni", vpcCniIpv6({ partition }), hasIpv6),
      new IamRolePolicyAttachment(this, "managed-policy", {
        forEach: attached,
        role: hcl`${role}[${attached.getString("role")}].name`.asString,
        policyArn: attached.getString("arn"),
      }),
    ];

    // EKS itself makes and deletes the associations of add-ons.
    const associated = each(
      local(
        this,
        "associated",
        hcl`{
          for key, row in ${podRoles} : key => row
          if row.via == "pod_identity" && !contains(values(${addOns})[*].pod_role, key)
        }`,
      ),
    );
    new EksPodIdentityAssociation(this, "association", {
      forEach: associated,
      clusterName,
      ...serviceAccount,
      roleArn: hcl`${role}[each.key].arn`.asString,
      // A pod that starts with the role should find it able to do its work.
      dependsOn: [...this.permissions],
    });

    this.arns = local(this, "arns", hcl`{ for key, row in ${podRoles} : key => ${role}[key].arn }`);
    this.all = local(
      this,
      "all",
      hcl`{
        for key, row in ${podRoles} :
        key => { arn = ${role}[key].arn, via = row.via, service_account = row.service_account }
      }`,
    );
  }
}
