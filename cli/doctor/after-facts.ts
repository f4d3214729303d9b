import type { Cluster } from "../../aws/clusters";
import type { Instance, InstanceType } from "../../aws/instances";
import type { ClusterState } from "../../bootstrap/tasks/cluster";
import type { Handover } from "../../contract/handover";
import { nodeRoleArns } from "../../facts/aws-auth";
import type { ClusterFacts, Launch, NodeGroup } from "./cluster-facts";
import { orElse } from "./fact";
import type { InsideFacts } from "./inside-facts";
import type { Judgement } from "./rule";

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
  const nodes = stateOf({ inside })?.nodes;
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
export function planeOf({ cluster }: AfterFacts): Cluster | undefined {
  return orElse(cluster.controlPlane);
}

/** What a rule finds in the control plane; nothing while there is none to look at. */
export function controlPlane(facts: AfterFacts, judge: (plane: Cluster) => Judgement): Judgement {
  const plane = planeOf(facts);
  return plane && judge(plane);
}

/** How the cluster's authentication mode is, as EKS says it or else the outputs. */
export function authenticationMode(facts: AfterFacts): string {
  return planeOf(facts)?.authenticationMode ?? facts.handover.authentication_mode;
}

/** What the cluster says of its nodes and aws-auth; undefined when nobody could ask it. */
export function stateOf({
  inside,
}: Pick<AfterFacts, "inside">): Exclude<ClusterState, { unreachable: string }> | undefined {
  const state = orElse(inside.cluster);
  return state === undefined || "unreachable" in state ? undefined : state;
}

/** The first instance type that each group launches, as far as EC2 tells of it. */
export function groupTypes({
  cluster,
}: AfterFacts): readonly { type: string; is: InstanceType | undefined; group: NodeGroup }[] {
  const [types, launches] = [orElse(cluster.instanceTypes, {}), orElse(cluster.launches, {})];
  return orElse(cluster.groups, []).map((group) => {
    const type = launches[group.launchId ?? ""]?.instanceType ?? "";
    return { type, is: types[type], group };
  });
}

/** Subnets of the control plane and of the nodes. */
export function usedSubnets({ cluster }: AfterFacts) {
  const nodes = new Set(orElse(cluster.groups, []).flatMap(({ subnetIds }) => subnetIds));
  const plane = new Set(orElse(cluster.controlPlane)?.subnetIds);
  const subnets = orElse(cluster.subnets, []);
  return {
    ofNodes: subnets.filter(({ id }) => nodes.has(id)),
    all: subnets.filter(({ id }) => nodes.has(id) || plane.has(id)),
  };
}

/** For so long a node may well be on its way. */
export const BOOTING_SECONDS = 300;
