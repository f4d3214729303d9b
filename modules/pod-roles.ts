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
} from "../facts/pod-policies";
import { managedPolicyArn } from "./policies";
import { Expression, hcl } from "./hcl/expression";
import { countIf, ofMaybe } from "./hcl/maybe";
import { ofRow, Rows } from "./hcl/rows";

/** Roles as tfvars list them, by key. */
export type PodRoleRows = Rows<"namespace" | "service_account" | "policies" | "via" | "dns_zone_id">;

/** What pods' roles are made of. */
export interface PodRoleProps {
  /** First part of the roles' names. */
  readonly projectName: string;
  /** `aws`, `aws-cn` or `aws-us-gov`. */
  readonly partition: string;
  readonly cluster: {
    readonly name: string;
    readonly arn: string;
    /** Of the service accounts' tokens, with `https://`. */
    readonly oidcIssuer: string;
  };
  /** Whether the cluster has an OIDC provider in IAM (IRSA). */
  readonly oidcProvider: Expression;
  readonly rows: PodRoleRows;
  /** Keys of the rows that an add-on has: EKS itself makes and deletes their associations. */
  readonly ofAddOns: Expression;
  /** Whether pods have IPv6 addresses: a boolean. */
  readonly isIpv6: Expression;
  /** A list with the ARN of the volumes' KMS key; empty: AWS' own key, which asks for nothing. */
  readonly volumeKeyArns: Expression;
}

/** A role that the pods of one service account take, one for each row: by EKS Pod Identity, or by their token (IRSA). */
export class PodRole extends Construct {
  /** A map by key: `{ arn, via, service_account }`. */
  readonly all: Expression;
  /** ARN of every role, by key. */
  readonly arns: Expression;
  /** What has to exist before a pod can do what its role is for. */
  readonly permissions: readonly ITerraformDependable[];

  constructor(scope: Construct, id: string, props: PodRoleProps) {
    super(scope, id);
    const { projectName, partition, cluster, rows, isIpv6, volumeKeyArns } = props;
    const volumeKeyArn = new TerraformLocal(this, "volume-key-arn", hcl`join("", ${volumeKeyArns})`.asString);

    const provider = new IamOpenidConnectProvider(this, "oidc-provider", {
      count: countIf(props.oidcProvider),
      url: cluster.oidcIssuer,
      clientIdList: [TOKEN_AUDIENCE],
      // No thumbprints: IAM trusts EKS' certificates by their authority.
      // https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_create_oidc.html
    });
    const issuer = new TerraformLocal(this, "issuer", Fn.replace(cluster.oidcIssuer, "https://", "")).asString;

    const account = {
      namespace: rows.value("namespace").asString,
      serviceAccount: rows.value("service_account").asString,
    };
    const byToken = webIdentityTrust({ ...account, issuer, providerArn: ofMaybe(provider, "arn").asString });
    const byPodIdentity = podIdentityTrust({ ...account, clusterArn: cluster.arn });
    const role = new IamRole(this, "role", {
      forEach: rows.forEach,
      name: `${projectName}-pod-${rows.key.asString}`,
      assumeRolePolicy: `%{if ${rows.value("via").text} == "irsa"}${byToken}%{else}${byPodIdentity}%{endif}`,
    });

    const withPolicy = (name: string, where = hcl`true`) =>
      new Rows<"dns_zone_id">(
        hcl`{ for key, row in ${rows.all} : key => row if contains(row.policies, ${name}) && ${where} }`,
      );
    const inline = (policyId: string, { forEach, key }: Rows<string>, policy: string) =>
      new IamRolePolicy(this, policyId, { forEach, name: policyId, role: ofRow(role, key, "name").asString, policy });
    const withDns = withPolicy("external-dns");
    const zoneId = new TerraformLocal(
      this,
      "zone-ids",
      hcl`{ for key, row in ${withDns.all} : key => coalesce(row.dns_zone_id, "*") }`.asString,
    );

    const awsOwn = new TerraformLocal(
      this,
      "aws-own-policies",
      Object.fromEntries(
        Object.entries(MANAGED_POLICIES).map(([name, path]) => [name, managedPolicyArn(partition, path)]),
      ),
    );
    const managed = new Rows<"role" | "arn">(managedPolicies(rows.all, hcl`${awsOwn}`, isIpv6));
    this.permissions = [
      inline("cluster-autoscaler", withPolicy("cluster-autoscaler"), clusterAutoscaler({ clusterName: cluster.name })),
      inline(
        "aws-load-balancer-controller",
        withPolicy("aws-load-balancer-controller"),
        awsLoadBalancerController({ clusterName: cluster.name, partition }),
      ),
      inline("external-dns", withDns, externalDns({ partition, zoneId: hcl`${zoneId}[${withDns.key}]`.asString })),
      inline(
        "volume-key",
        withPolicy("ebs-csi", hcl`length(${volumeKeyArns}) > 0`),
        volumeKey({ keyArn: volumeKeyArn.asString }),
      ),
      inline("vpc-cni-ipv6", withPolicy("vpc-cni", isIpv6), vpcCniIpv6({ partition })),
      new IamRolePolicyAttachment(this, "managed-policy", {
        forEach: managed.forEach,
        role: ofRow(role, managed.value("role"), "name").asString,
        policyArn: managed.value("arn").asString,
      }),
    ];

    const associated = new Rows<"namespace" | "service_account">(
      hcl`{ for key, row in ${rows.all} : key => row if row.via == "pod_identity" && !contains(${props.ofAddOns}, key) }`,
    );
    new EksPodIdentityAssociation(this, "association", {
      forEach: associated.forEach,
      clusterName: cluster.name,
      namespace: associated.value("namespace").asString,
      serviceAccount: associated.value("service_account").asString,
      roleArn: ofRow(role, associated.key, "arn").asString,
      // A pod that starts with the role should find it able to do its work.
      dependsOn: [...this.permissions],
    });

    const arn = ofRow(role, new Expression("key"), "arn");
    this.all = hcl`{ for key, row in ${rows.all} : key => { arn = ${arn}, via = row.via, service_account = row.service_account } }`;
    this.arns = hcl`{ for key, row in ${rows.all} : key => ${arn} }`;
  }
}

/**
 * The policies of all rows that exist already, given by ARN or AWS' own: a map `KEY/POLICY` of `{ role, arn }`.
 *
 * @param awsOwn ARNs by ready name
 */
function managedPolicies(rows: Expression, awsOwn: Expression, isIpv6: Expression): Expression {
  const isAwsOwn = hcl`contains(keys(${awsOwn}), policy) && !(policy == "vpc-cni" && ${isIpv6})`;
  const pairs = hcl`flatten([for key, row in ${rows} : [for policy in row.policies : { role = key, policy = policy, arn = lookup(${awsOwn}, policy, policy) } if startswith(policy, "arn:") || ${isAwsOwn}]])`;
  return hcl`{ for pair in ${pairs} : "\${pair.role}/\${pair.policy}" => pair }`;
}
