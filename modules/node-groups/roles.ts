import { IamInstanceProfile } from "@cdktf/provider-aws/lib/iam-instance-profile";
import { IamRole } from "@cdktf/provider-aws/lib/iam-role";
import { IamRolePolicy } from "@cdktf/provider-aws/lib/iam-role-policy";
import { IamRolePolicyAttachment } from "@cdktf/provider-aws/lib/iam-role-policy-attachment";
import type { ITerraformDependable } from "cdktf";
import type { Construct } from "constructs";

import { vpcCniIpv6 } from "../../facts/pod-policies";
import { machineTrustPolicy, managedPolicyArn } from "../policies";
import { hcl, type Expression } from "../hcl/expression";
import { countIf } from "../hcl/maybe";
import { ofRow, Rows } from "../hcl/rows";

/** What every node may do: join, give pods addresses, fetch images. @see https://docs.aws.amazon.com/eks/latest/userguide/create-node-role.html */
const POLICIES = ["AmazonEKSWorkerNodePolicy", "AmazonEKS_CNI_Policy", "AmazonEC2ContainerRegistryReadOnly"] as const;

/** What the nodes' roles are made of. */
export interface NodeRolesProps {
  /** Name of the shared role and its instance profile; a group's own are called `NAME-GROUP`. */
  readonly name: string;
  /** `aws`, `aws-cn` or `aws-us-gov`. */
  readonly partition: string;
  /** Of the partition, such as `amazonaws.com`. */
  readonly dnsSuffix: string;
  /** Whether pods get IPv6 addresses: a boolean. */
  readonly hasIpv6: Expression;
  /** The node groups, by key. */
  readonly groups: Expression;
}

/** The role that all nodes share, and those of the groups that have more policies. */
export class NodeRoles {
  readonly sharedArn: string;
  /** ARNs of the shared role and of every group's own. */
  readonly arns: Expression;
  /** The same by keys that are known when Terraform plans: `shared`, and `group-KEY` of every group's own. */
  readonly arnsByKey: Expression;
  /** What has to be there before a node may call AWS. */
  readonly policies: readonly ITerraformDependable[];
  private readonly sharedProfile: IamInstanceProfile;
  private readonly ownProfile: IamInstanceProfile;

  constructor(scope: Construct, { name, partition, dnsSuffix, hasIpv6, groups }: NodeRolesProps) {
    const assumeRolePolicy = machineTrustPolicy(dnsSuffix);
    const shared = new IamRole(scope, "role", { name, assumeRolePolicy });
    const attachments = POLICIES.map(
      (policy) =>
        new IamRolePolicyAttachment(scope, policy, {
          role: shared.name,
          policyArn: managedPolicyArn(partition, policy),
        }),
    );
    // AmazonEKS_CNI_Policy is about IPv4 alone, and without addresses for pods a node is never ready.
    const ofCniIpv6 = { name: "vpc-cni-ipv6", policy: vpcCniIpv6({ partition }) };
    const cniIpv6 = new IamRolePolicy(scope, "vpc-cni-ipv6", {
      ...ofCniIpv6,
      count: countIf(hasIpv6),
      role: shared.name,
    });
    this.sharedProfile = new IamInstanceProfile(scope, "instance-profile", { name, role: shared.name });

    const withOwn = new Rows<"policy_arns">(
      hcl`{ for key, group in ${groups} : key => group if length(group.policy_arns) > 0 }`,
    );
    const own = new IamRole(scope, "group-role", {
      forEach: withOwn.forEach,
      name: `${name}-${withOwn.key.asString}`,
      assumeRolePolicy,
    });
    const sharedPolicyArns = hcl`[for policy in jsondecode(${JSON.stringify(POLICIES)}) : format("arn:%s:iam::aws:policy/%s", ${partition}, policy)]`;
    const attached = new Rows<"group" | "policy_arn">(
      hcl`{ for row in flatten([for key, group in ${withOwn.all} : [for arn in concat(${sharedPolicyArns}, group.policy_arns) : { group = key, policy_arn = arn }]]) : "\${row.group} \${join(":", slice(split(":", row.policy_arn), 4, 6))}" => row }`,
    );
    const ownAttachment = new IamRolePolicyAttachment(scope, "group-policy", {
      forEach: attached.forEach,
      role: hcl`${own}[${attached.value("group")}].name`.asString,
      policyArn: attached.value("policy_arn").asString,
    });
    const ipv6Rows = new Rows<never>(hcl`{ for key, group in ${withOwn.all} : key => key if ${hasIpv6} }`);
    const ownCniIpv6 = new IamRolePolicy(scope, "group-vpc-cni-ipv6", {
      ...ofCniIpv6,
      forEach: ipv6Rows.forEach,
      role: ofRow(own, ipv6Rows.key, "name").asString,
    });
    this.ownProfile = new IamInstanceProfile(scope, "group-instance-profile", {
      forEach: withOwn.forEach,
      name: `${name}-${withOwn.key.asString}`,
      role: ofRow(own, withOwn.key, "name").asString,
    });

    this.sharedArn = shared.arn;
    this.arns = hcl`concat([${shared}.arn], values(${own})[*].arn)`;
    this.arnsByKey = hcl`merge({ shared = ${shared}.arn }, { for key, role in ${own} : "group-\${key}" => role.arn })`;
    this.policies = [...attachments, ownAttachment, cniIpv6, ownCniIpv6];
  }

  /** Name of the instance profile of a group: inside a resource with one instance per group. */
  profileOf(group: Rows<"policy_arns">): string {
    const own = ofRow(this.ownProfile, group.key, "name");
    return hcl`length(${group.value("policy_arns")}) > 0 ? ${own} : ${this.sharedProfile}.name`.asString;
  }
}
