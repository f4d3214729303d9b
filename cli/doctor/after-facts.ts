import { nodeRoleArns, type AwsAuthData } from "../../facts/aws-auth";
import type { Handover } from "../../contract/handover";
import { isInside } from "../../facts/cidr";
import { roleName } from "./account-rules";
import type { Cluster } from "../../aws/clusters";
import type { Instance } from "../../aws/instances";
import type { Permission, SecurityGroup, Subnet } from "../../aws/network";
import type { ClusterFacts, Launch, NodeGroup } from "./cluster-facts";
import { known, orElse } from "./fact";
import type { InsideFacts } from "./inside-facts";
import { when, type Found } from "./rule";

/** What is judged once a stack exists. */
export interface AfterFacts {
  readonly handover: Handover;
  readonly cluster: ClusterFacts;
  readonly inside: InsideFacts;
}

/** What registers as a node, of what is in the groups. */
export interface Joined {
  readonly instance: Instance;
  readonly group: NodeGroup;
  /** What it was launched from; undefined when that is gone. */
  readonly launch: Launch | undefined;
  /** Whether Kubernetes has a node of it; undefined when nobody has looked inside. */
  readonly registered: boolean | undefined;
}

/** Every instance of the groups that exists, with what there is to know about its joining. */
export function joining({ cluster, inside }: Pick<AfterFacts, "cluster" | "inside">): Joined[] {
  const state = orElse(inside.cluster, undefined);
  const nodes = state === undefined || "unreachable" in state ? undefined : state.nodes;
  const launches = orElse(cluster.launches, {});
  const all = orElse(cluster.instances, []);
  return orElse(cluster.groups, []).flatMap((group) =>
    group.instances.flatMap(({ id, launchId = group.launchId }) => {
      const instance = all.find((it) => it.id === id);
      if (instance === undefined || instance.state === "terminated") return [];
      // A node is called as its instance's private DNS name, or, where nodeadm is told so, as its id.
      const registered = nodes?.some(({ name }) => name === instance.privateDnsName || name === id);
      return [{ instance, group, launch: launches[launchId ?? ""], registered }];
    }),
  );
}

/** Those of which it is not known that they have joined: what keeps nodes from joining is looked for on these alone. */
export function missing(facts: AfterFacts): Joined[] {
  return joining(facts).filter(({ registered }) => registered !== true);
}

/** What the groups launch from, and what instances that have not joined were launched from; each once. */
export function launchesInQuestion(facts: AfterFacts): Launch[] {
  const all = orElse(facts.cluster.launches, {});
  const current = orElse(facts.cluster.groups, []).flatMap(({ launchId }) => all[launchId ?? ""] ?? []);
  const ofMissing = missing(facts).flatMap(({ launch }) => launch ?? []);
  return [...new Set([...current, ...ofMissing])];
}

/** ARNs of the roles with which nodes call the cluster: those in their instance profiles, else what the outputs say. */
export function nodeRoles(facts: AfterFacts): readonly string[] {
  const profiles = orElse(facts.cluster.profiles, {});
  const used = launchesInQuestion(facts).flatMap(({ instanceProfile }) => profiles[instanceProfile] ?? []);
  return used.length > 0 ? [...new Set(used)] : nodeRoleArns(facts.handover);
}

/** The control plane when it is known and there. */
export function planeOf({ cluster }: Pick<AfterFacts, "cluster">): Cluster | undefined {
  return orElse(cluster.controlPlane, undefined);
}

/** What a rule finds in the control plane; nothing while there is none to look at. */
export function controlPlane(facts: AfterFacts, judge: (plane: Cluster) => readonly Found[]): readonly Found[] {
  const plane = planeOf(facts);
  return plane === undefined ? [] : judge(plane);
}

/** A cure. */
export const APPLY = "run eks up again";

/** A cure. */
export const BOOTSTRAP = "run eks bootstrap again";

/** A command of the AWS CLI, in the stack's region, which may not be the one that a terminal asks by default. */
export function aws({ handover }: Pick<AfterFacts, "handover">, command: string): string {
  return `aws ${command} --region ${handover.region}`;
}

/** `aws`, `aws-cn` or `aws-us-gov`. */
export function partition({ handover }: Pick<AfterFacts, "handover">): string {
  return handover.node_role_arn.split(":")[1] ?? "aws";
}

/** Subnets of the control plane and of the nodes. */
export function usedSubnets({ cluster }: Pick<AfterFacts, "cluster">): {
  readonly ofNodes: Subnet[];
  readonly all: Subnet[];
} {
  const nodes = new Set(orElse(cluster.groups, []).flatMap(({ subnetIds }) => subnetIds));
  const plane = new Set(planeOf({ cluster })?.subnetIds);
  const subnets = orElse(cluster.subnets, []);
  return {
    ofNodes: subnets.filter(({ id }) => nodes.has(id)),
    all: subnets.filter(({ id }) => nodes.has(id) || plane.has(id)),
  };
}

/** Somebody on the network: the security groups that its interfaces have, and a range that its addresses are in. */
export interface Party {
  readonly groupIds: readonly string[];
  readonly cidrs: readonly string[];
}

/** Whether a rule of a security group lets a party through. */
export function covers(
  { protocol, ports, cidrs, groupIds, prefixListIds }: Permission,
  wanted: string,
  port: number,
  other: Party,
): boolean {
  if (protocol !== "-1" && protocol !== wanted) return false;
  if (protocol !== "-1" && ports !== undefined && (port < ports.from || port > ports.to)) return false;
  // Who is on such a list is not known: better silent than wrong.
  if (prefixListIds.length > 0 || groupIds.some((id) => other.groupIds.includes(id))) return true;
  return other.cidrs.length > 0 && other.cidrs.every((inner) => cidrs.some((outer) => isInside(inner, outer)));
}

/** Which side keeps one party from calling another: who calls does not let it out, who is called not in. */
export function blockedAt(
  groups: readonly SecurityGroup[],
  from: Party,
  to: Party,
  protocol: "tcp" | "udp",
  port: number,
): readonly ("out" | "in")[] {
  const of = ({ groupIds }: Party) => groups.filter(({ id }) => groupIds.includes(id));
  const goesOut = of(from).some(({ outbound }) => outbound.some((rule) => covers(rule, protocol, port, to)));
  const comesIn = of(to).some(({ inbound }) => inbound.some((rule) => covers(rule, protocol, port, from)));
  return [...(goesOut ? [] : (["out"] as const)), ...(comesIn ? [] : (["in"] as const))];
}

/** A call that has to be possible. */
export interface Call {
  readonly from: Party;
  readonly to: Party;
  readonly protocols: readonly ("tcp" | "udp")[];
  readonly port: number;
  /** What does not work without it. */
  readonly what: string;
}

/** That a call is not possible; nothing where its security groups cannot be seen, or are not there. */
export function blocked(
  facts: AfterFacts,
  subject: string,
  { from, to, protocols, port, what }: Call,
): readonly Found[] {
  return known(facts.cluster.securityGroups, (groups) => {
    const isSeen = ({ groupIds, cidrs }: Party) => cidrs.length > 0 && groups.some(({ id }) => groupIds.includes(id));
    if (!isSeen(from) || !isSeen(to)) return [];
    const sides = protocols
      .map((protocol) => ({ protocol, at: blockedAt(groups, from, to, protocol, port) }))
      .filter(({ at }) => at.length > 0);
    const [out, into] = [from.groupIds[0] ?? "GROUP", to.groupIds[0] ?? "GROUP"];
    const commands = sides.flatMap(({ protocol, at }) =>
      at.map((side) =>
        side === "in"
          ? aws(
              facts,
              `ec2 authorize-security-group-ingress --group-id ${into} --protocol ${protocol} --port ${String(port)} --source-group ${out}`,
            )
          : aws(
              facts,
              `ec2 authorize-security-group-egress --group-id ${out} --ip-permissions 'IpProtocol=${protocol},FromPort=${String(port)},ToPort=${String(port)},UserIdGroupPairs=[{GroupId=${into}}]'`,
            ),
      ),
    );
    return when(
      sides.length > 0,
      "error",
      subject,
      `${what}: no rule allows ${sides.map(({ protocol }) => `${protocol} ${String(port)}`).join(" and ")} from ${from.groupIds.join(", ")} to ${to.groupIds.join(", ")}`,
      `${APPLY}, if the rule is the stack's; else ${commands.join(" && ")}`,
    );
  });
}

/** The control plane's network interfaces; undefined when it is not known, or has none yet. */
export function planeParty({ cluster }: Pick<AfterFacts, "cluster">): Party | undefined {
  const plane = planeOf({ cluster });
  if (plane === undefined || plane.securityGroupIds.length === 0) return undefined;
  const subnets = orElse(cluster.subnets, []).filter(({ id }) => plane.subnetIds.includes(id));
  return { groupIds: plane.securityGroupIds, cidrs: subnets.map(({ cidr }) => cidr) };
}

/** Calls of nodes that are not possible, by the security groups that nodes have. */
export function blockedCalls(facts: AfterFacts, calls: (nodes: Party, plane: Party) => Call): readonly Found[] {
  const plane = planeParty(facts);
  if (plane === undefined) return [];
  const subnets = orElse(facts.cluster.subnets, []);
  const sets = new Map<string, Party>();
  for (const { instance, launch } of joining(facts)) {
    const groupIds =
      instance.securityGroupIds.length > 0 ? instance.securityGroupIds : (launch?.securityGroupIds ?? []);
    const own = subnets.filter(({ id }) => id === instance.subnetId).map(({ cidr }) => cidr);
    const cidrs = [...(sets.get(groupIds.join(", "))?.cidrs ?? []), ...own];
    if (groupIds.length > 0) sets.set(groupIds.join(", "), { groupIds, cidrs: [...new Set(cidrs)] });
  }
  return [...sets].flatMap(([names, nodes]) => blocked(facts, names, calls(nodes, plane)));
}

/** What to do about nodes that were launched wrongly, in the groups that launch them so. */
export function launchAnew(facts: AfterFacts, launchId: string): string {
  const groups = orElse(facts.cluster.groups, []).filter(
    (group) => group.launchId === launchId || group.instances.some((it) => it.launchId === launchId),
  );
  const refresh = groups.map(({ name }) =>
    aws(facts, `autoscaling start-instance-refresh --auto-scaling-group-name ${name}`),
  );
  return [`${APPLY}; then let the group launch new nodes`, refresh.join(" && ")].filter((it) => it !== "").join(": ");
}

/** For so long a node may well be on its way. */
export const BOOTING_SECONDS = 300;

/** What is in aws-auth; undefined when it could not be read. */
export function awsAuthData({ inside }: AfterFacts): { readonly data: AwsAuthData | undefined } | undefined {
  const state = orElse(inside.cluster, undefined);
  if (state === undefined || "unreachable" in state) return undefined;
  return { data: state.awsAuth?.data };
}

/** A cure: the command that makes an ARN an admin of the cluster by an access entry that exists. */
export function associateAdmin(facts: AfterFacts, arn: string): string {
  const policy = `arn:${partition(facts)}:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy`;
  return aws(
    facts,
    `eks associate-access-policy --cluster-name ${facts.handover.cluster_name} --principal-arn ${arn} --policy-arn ${policy} --access-scope type=cluster`,
  );
}

/** Commands that admit somebody to a cluster that looks into access entries. */
export function createAccessEntry(facts: AfterFacts, arn: string): string {
  const name = facts.handover.cluster_name;
  const entry = aws(facts, `eks create-access-entry --cluster-name ${name} --principal-arn ${arn}`);
  return `${entry} && ${associateAdmin(facts, arn)}`;
}

/** A cure: the command that installs an add-on. */
export function addon(facts: AfterFacts, name: string): string {
  return aws(facts, `eks create-addon --cluster-name ${facts.handover.cluster_name} --addon-name ${name}`);
}

/** IAM has one endpoint for a partition, so no region is said. */
export function attachPolicy(facts: AfterFacts, role: string, policy: string): string {
  return `aws iam attach-role-policy --role-name ${roleName(role) ?? role} --policy-arn arn:${partition(facts)}:iam::aws:policy/${policy}`;
}

/** @param hops 2 where pods ask it too */
export function enableMetadata(facts: AfterFacts, id: string, hops: 1 | 2): string {
  return aws(
    facts,
    `ec2 modify-instance-metadata-options --instance-id ${id} --http-endpoint enabled --http-tokens required --http-put-response-hop-limit ${String(hops)}`,
  );
}
