import { roleName } from "../../aws/identity";
import { shell } from "../../contract/shell";
import type { AfterFacts } from "./after-facts";
import { orElse } from "./fact";

/** A cure. */
export const APPLY = "run eks up again";

/** A cure. */
export const BOOTSTRAP = "run eks bootstrap again";

/**
 * A command of the AWS CLI, in the stack's region, which may not be the one that a terminal asks by default.
 *
 * @example aws(facts)`ec2 start-instances --instance-ids ${id}`
 */
export function aws({ handover }: Pick<AfterFacts, "handover">): typeof shell {
  return (strings, ...values) => `aws ${shell(strings, ...values)} ${shell`--region ${handover.region}`}`;
}

/** `aws`, `aws-cn` or `aws-us-gov`. */
function partition({ handover }: AfterFacts): string {
  return handover.node_role_arn.split(":")[1] ?? "aws";
}

/** What to do about nodes that were launched wrongly, in the groups that launch them so. */
export function launchAnew(facts: AfterFacts, launchId: string): string {
  const groups = orElse(facts.cluster.groups, []).filter(
    (group) => group.launchId === launchId || group.instances.some((it) => it.launchId === launchId),
  );
  const refresh = groups.map(
    ({ name }) => aws(facts)`autoscaling start-instance-refresh --auto-scaling-group-name ${name}`,
  );
  const cure = `${APPLY}; then let the group launch new nodes`;
  return refresh.length === 0 ? cure : `${cure}: ${refresh.join(" && ")}`;
}

/** A cure: the command that makes an ARN an admin of the cluster by an access entry that exists. */
export function associateAdmin(facts: AfterFacts, arn: string): string {
  const policy = `arn:${partition(facts)}:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy`;
  const { cluster_name: name } = facts.handover;
  return aws(facts)`eks associate-access-policy --cluster-name ${name} --principal-arn ${arn} --policy-arn ${policy}
    --access-scope type=cluster`;
}

/** Commands that admit somebody to a cluster that looks into access entries. */
export function createAccessEntry(facts: AfterFacts, arn: string): string {
  const { cluster_name: name } = facts.handover;
  const create = aws(facts)`eks create-access-entry --cluster-name ${name} --principal-arn ${arn}`;
  return `${create} && ${associateAdmin(facts, arn)}`;
}

/** A cure: the command that installs an add-on. */
export function addon(facts: AfterFacts, name: string): string {
  return aws(facts)`eks create-addon --cluster-name ${facts.handover.cluster_name} --addon-name ${name}`;
}

/** A cure: the command that gives a role a policy of AWS. It says no region: IAM has one endpoint for a partition. */
export function attachPolicy(facts: AfterFacts, role: string, policy: string): string {
  return shell`aws iam attach-role-policy --role-name ${roleName(role) ?? role} --policy-arn
    ${`arn:${partition(facts)}:iam::aws:policy/${policy}`}`;
}

/** A cure: the command that lets an instance ask for its credentials. @param hops 2 where pods ask it too */
export function enableMetadata(facts: AfterFacts, id: string, hops: 1 | 2): string {
  return aws(facts)`ec2 modify-instance-metadata-options --instance-id ${id} --http-endpoint enabled
    --http-tokens required --http-put-response-hop-limit ${hops}`;
}
