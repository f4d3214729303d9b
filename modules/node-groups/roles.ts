import { IamInstanceProfile } from "@cdktf/provider-aws/lib/iam-instance-profile";
import { IamRole } from "@cdktf/provider-aws/lib/iam-role";
import { IamRolePolicy } from "@cdktf/provider-aws/lib/iam-role-policy";
import { IamRolePolicyAttachment } from "@cdktf/provider-aws/lib/iam-role-policy-attachment";
import type { ITerraformDependable } from "cdktf";
import type { Construct } from "constructs";

import { vpcCniIpv6 } from "../../facts/pod-policies";
import { each } from "../hcl/each";
import { hcl, type Expression } from "../hcl/expression";
import { local } from "../hcl/local";
import { countIf } from "../hcl/maybe";
import { machineTrustPolicy, managedPolicyArn } from "../policies";
import type { Setting } from "../setting";

/**
 * What every node may do: join, give pods addresses, fetch images.
 *
 * @see https://docs.aws.amazon.com/eks/latest/userguide/create-node-role.html
 */
const POLICIES = ["AmazonEKSWorkerNodePolicy", "AmazonEKS_CNI_Policy", "AmazonEC2ContainerRegistryReadOnly"];

/** The role that all nodes share, and those of the groups that have more policies. */
export class NodeRoles {
  readonly sharedArn: string;
  /** ARNs of the shared role and of every group's own. */
  readonly arns: Expression;
  /** The same by keys that are known when Terraform plans: `shared`, and `group-KEY` of every group's own. */
  readonly arnsByKey: Expression;
  /** What has to be there before a node may call AWS. */
  readonly policies: readonly ITerraformDependable[];
  /** Inside a resource with one instance per group: name of the group's instance profile. */
  readonly profile: string;

  /** @param groups the node groups, by key */
  constructor(scope: Construct, { names, account, hasIpv6 }: Setting, groups: Expression) {
    const name = names.nodeRole;
    const assumeRolePolicy = machineTrustPolicy(account);
    const shared = new IamRole(scope, "role", { name, assumeRolePolicy });
    const attachments = POLICIES.map(
      (policy) =>
        new IamRolePolicyAttachment(scope, policy, { role: shared.name, policyArn: managedPolicyArn(account, policy) }),
    );
    // AmazonEKS_CNI_Policy is about IPv4 alone, and without addresses for pods a node is never ready.
    const ofCniIpv6 = { name: "vpc-cni-ipv6", policy: vpcCniIpv6(account) };
    const cniIpv6 = new IamRolePolicy(scope, "vpc-cni-ipv6", {
      ...ofCniIpv6,
      count: countIf(hasIpv6),
      role: shared.name,
    });
    const sharedProfile = new IamInstanceProfile(scope, "instance-profile", { name, role: shared.name });

    const groupsWithOwn = local(
      scope,
      "groups-with-own-role",
      hcl`{ for key, group in ${groups} : key => group if length(group.policy_arns) > 0 }`,
    );
    const withOwn = each(groupsWithOwn);
    const nameOfOwn = `${name}-${withOwn.key}`;
    const own = new IamRole(scope, "group-role", { forEach: withOwn, name: nameOfOwn, assumeRolePolicy });
    const role = hcl`${own}[each.key].name`.asString;
    const everyNodes = local(
      scope,
      "policy-arns",
      POLICIES.map((policy) => managedPolicyArn(account, policy)),
    );
    const attached = each(
      local(
        scope,
        "group-policies",
        hcl`merge([
          for key, group in ${groupsWithOwn} : {
            for arn in concat(${everyNodes}, group.policy_arns) :
            "\${key} \${join(":", slice(split(":", arn), 4, 6))}" => { group = key, policy_arn = arn }
          }
        ]...)`,
      ),
    );
    const ownAttachment = new IamRolePolicyAttachment(scope, "group-policy", {
      forEach: attached,
      role: hcl`${own}[${attached.getString("group")}].name`.asString,
      policyArn: attached.getString("policy_arn"),
    });
    const ownCniIpv6 = new IamRolePolicy(scope, "group-vpc-cni-ipv6", {
      ...ofCniIpv6,
      forEach: each(
        local(scope, "groups-with-ipv6", hcl`{ for key, group in ${groupsWithOwn} : key => key if ${hasIpv6} }`),
      ),
      role,
    });
    const ownProfile = new IamInstanceProfile(scope, "group-instance-profile", {
      forEach: withOwn,
      name: nameOfOwn,
      role,
    });

    this.sharedArn = shared.arn;
    this.arns = hcl`concat([${shared}.arn], values(${own})[*].arn)`;
    this.arnsByKey = local(
      scope,
      "role-arns",
      hcl`merge({ shared = ${shared}.arn }, { for key, role in ${own} : "group-\${key}" => role.arn })`,
    );
    this.policies = [...attachments, ownAttachment, cniIpv6, ownCniIpv6];
    this.profile = hcl`
      length(each.value.policy_arns) > 0 ? ${ownProfile}[each.key].name : ${sharedProfile}.name`.asString;
  }
}
