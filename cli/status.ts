import type { Handover } from "../contract/handover";
import { joining, stateOf } from "./doctor/after-facts";
import type { ClusterFacts } from "./doctor/cluster-facts";
import { orElse, type Fact } from "./doctor/fact";
import { columns, inBlocks } from "../terminal/table";
import { minorsBehind } from "../facts/kubelet-skew";
import type { InsideFacts } from "./doctor/inside-facts";

/** How a stack is, at a glance; null is what cannot be seen. */
export type Status = Readonly<ReturnType<typeof statusOf>>;

/** What a stack is, out of what AWS and the bastion say. */
export function statusOf(handover: Handover, cluster: ClusterFacts, inside: InsideFacts) {
  const plane = orElse(cluster.controlPlane);
  const nodes = stateOf({ inside })?.nodes;
  const controlPlane = plane?.version ?? handover.kubernetes_version;
  const instances = joining({ cluster, inside });
  const hasInstances = "ok" in cluster.groups && "ok" in cluster.instances;
  const versions = nodes && [...new Set(nodes.map((node) => node.version))].sort();
  const behind = versions?.map((it) => minorsBehind(it, controlPlane)).filter((it) => !Number.isNaN(it)) ?? [];
  return {
    cluster: {
      name: handover.cluster_name,
      region: handover.region,
      /** `ACTIVE`, `missing`, … */
      status: "unknown" in cluster.controlPlane ? null : (plane?.status ?? "missing"),
      endpoint: plane?.endpoint ?? handover.cluster_endpoint,
      private: plane?.privateAccess ?? null,
      public: plane?.publicAccess ?? null,
      /** Networks that may call the public endpoint. */
      publicCidrs: plane?.publicAccess === true ? plane.publicCidrs : [],
      authenticationMode: plane?.authenticationMode ?? handover.authentication_mode,
    },
    nodeGroups: Object.entries(handover.node_groups).map(([name, size]) => {
      const own = instances.filter(({ group }) => group.name === name);
      const joined = own.filter(({ registered }) => registered === true).map(({ instance }) => instance);
      const ready = joined.flatMap(({ id, privateDnsName: dns }) => {
        return nodes?.find((node) => (node.name === id || node.name === dns) && node.isReady) ?? [];
      });
      const cordoned = ready.filter(({ isCordoned }) => isCordoned).length;
      const isSeen = hasInstances && nodes !== undefined;
      const group = orElse(cluster.groups, []).find((it) => it.name === name);
      return {
        name,
        wanted: group?.desired ?? size.desired,
        running: hasInstances ? own.filter(({ instance }) => instance.state === "running").length : null,
        joined: isSeen ? joined.length : null,
        /** Nodes that are Ready and take pods. */
        ready: isSeen ? ready.length - cordoned : null,
        /** Nodes that are Ready, and take no new pods since somebody has cordoned them. */
        cordoned: isSeen ? cordoned : null,
      };
    }),
    bastion: {
      id: handover.bastion_instance_id,
      address: handover.bastion_address,
      user: handover.bastion_user,
      status: "unknown" in cluster.bastion ? null : (cluster.bastion.ok?.state ?? "missing"),
      /** Whether it could be logged in to. */
      reached: orElse(inside.login)?.reached ?? null,
    },
    versions: {
      controlPlane,
      /** Of the nodes' kubelets, each once. */
      nodes: versions ?? null,
      /** Minors that the oldest node is behind the control plane. */
      behind: behind.length === 0 ? null : Math.max(...behind),
    },
    /** What AWS bills as long as it exists, in AWS' units and without a price: prices differ from region to region. */
    billed: billed(handover, cluster),
    /** What cannot be seen, and why. */
    unseen: [cluster, inside].flatMap((facts) =>
      Object.entries<Fact<unknown>>({ ...facts }).flatMap(([what, fact]) =>
        "unknown" in fact ? [{ what, why: fact.unknown }] : [],
      ),
    ),
  };
}

/**
 * States in which EC2 bills an instance.
 *
 * @see https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-instance-lifecycle.html
 */
const RUNNING = ["running", "stopping"];

/**
 * What is billed, in AWS' units.
 *
 * @see https://aws.amazon.com/eks/pricing/
 * @see https://aws.amazon.com/vpc/pricing/
 * @see https://aws.amazon.com/ec2/pricing/on-demand/
 * @see https://aws.amazon.com/ebs/pricing/
 */
function billed({ cluster_name: name }: Handover, cluster: ClusterFacts) {
  const plane = orElse(cluster.controlPlane);
  const machines = [...orElse(cluster.instances, []), orElse(cluster.bastion)];
  const gateways = orElse(cluster.natGateways, []).filter(({ state }) => state !== "deleted");
  const address = (id: string) => ({ what: "public IPv4 address", id, unit: "an hour" });
  return [
    ...(plane === undefined
      ? []
      : [{ what: "EKS control plane", id: name, unit: "an hour; more in extended support" }]),
    ...gateways.flatMap(({ id }) => [
      { what: "NAT gateway", id, unit: "an hour, and a GB that passes through" },
      address(id),
    ]),
    ...machines
      .filter((it) => it !== undefined)
      .flatMap(({ id, type, state, volumeIds, publicAddress }) => [
        ...(RUNNING.includes(state) ? [{ what: `EC2 instance ${type}`, id, unit: "an hour, by the second" }] : []),
        ...(publicAddress === "" ? [] : [address(id)]),
        ...volumeIds.map((volume) => ({ what: "EBS volume", id: volume, unit: "a GiB-month, stopped instances too" })),
      ]),
  ];
}

function shown(value: number | string | null): string {
  return String(value ?? "?");
}

/** For people; `?` is what cannot be seen, and the end says why. */
export function statusLines({ cluster, nodeGroups, bastion, versions, billed, unseen }: Status): string[] {
  const access = [
    cluster.private === true && "the VPC (private)",
    cluster.public === true && `${cluster.publicCidrs.join(", ") || "nobody else"} (public)`,
  ].filter((it) => it !== false);
  const skew =
    versions.behind === null || versions.behind === 0
      ? ""
      : ` (${String(Math.abs(versions.behind))} ${versions.behind > 0 ? "behind" : "ahead"})`;
  const reached = bastion.reached === null ? "" : bastion.reached ? ", answers" : ", does not answer";
  const facts = columns([
    ["cluster", `${cluster.name} in ${cluster.region}: ${shown(cluster.status)}`],
    ["endpoint", cluster.endpoint],
    ["open to", cluster.private === null ? "?" : access.join(" and ") || "nobody"],
    ["access by", cluster.authenticationMode],
    ["versions", `control plane ${versions.controlPlane}, nodes ${versions.nodes?.join(", ") ?? "?"}${skew}`],
    ["bastion", `${bastion.user}@${bastion.address} (${bastion.id}): ${shown(bastion.status)}${reached}`],
  ]);
  const groups = columns([
    ["NODE GROUP", "WANTED", "RUNNING", "JOINED", "READY"],
    ...nodeGroups.map(({ name, wanted, running, joined, ready, cordoned }) => [
      name,
      ...[wanted, running, joined].map(shown),
      `${shown(ready)}${(cordoned ?? 0) === 0 ? "" : ` (${shown(cordoned)} cordoned)`}`,
    ]),
  ]);
  const bills = columns([["BILLED", "ID", "BY"], ...billed.map(({ what, id, unit }) => [what, id, unit])]);
  const missing = unseen.map(({ what, why }) => `? ${what}: ${why}`);
  return inBlocks([facts, groups, bills, missing]);
}
