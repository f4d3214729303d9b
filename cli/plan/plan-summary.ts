import { z } from "zod";

import { usableAddresses } from "../../facts/cidr";
import type { Finding } from "../doctor/finding";
import { stackInputs, type NodeGroupInput, type StackInputs } from "../stack-inputs";
import { irrevocable } from "./cluster-guard";
import type { ChangeKind, Plan, ResourceChange } from "../../terraform/plan-file";
import { wrapped } from "../../terminal/wrapped";

/** What EC2 says of an instance type (DescribeInstanceTypes). */
export interface InstanceTypeFacts {
  /** Network interfaces at most. */
  readonly interfaces: number;
  /** IPv4 addresses of each interface at most, the first one included. */
  readonly addressesPerInterface: number;
  readonly vcpus: number;
  readonly memoryMiB: number;
}

/** How many of which type, such as `aws_subnet` and 3. */
export type CountByType = readonly (readonly [type: string, count: number])[];

/** What of a plan a person wants to know before it is applied. */
export interface Summary {
  /** Only those that change something, in the order of a sentence. */
  readonly counts: readonly { readonly kind: ChangeKind; readonly types: CountByType }[];
  /** What is not only added, one by one, in the same order. */
  readonly touched: readonly {
    readonly kind: ChangeKind;
    readonly address: string;
    /** What changes in place, or forces a replacement; none for all else. */
    readonly attributes: readonly string[];
  }[];
  /** Addresses in the state that only become others. */
  readonly moved: number;
  /** Names of outputs that get another value. */
  readonly outputs: readonly string[];
  /**
   * Undefined when the plan has not the variables of this stack, and where the workshop's reckoning is not true of it: with
   * rows in node_groups, in a network that exists, and with prefixes of addresses. The stack's own output `planning` reckons
   * then.
   */
  readonly capacity?: Capacity;
  /** The node groups, where there is no capacity of the workshop's one. */
  readonly nodeGroups: readonly NodeGroupInput[];
  readonly findings: readonly Finding[];
}

/** What the nodes hold, and whether the subnets hold the nodes. */
export interface Capacity {
  readonly instanceType: string;
  readonly facts?: InstanceTypeFacts;
  readonly size: { readonly min: number; readonly desired: number; readonly max: number };
  /** Undefined when nothing is known of the instance type. */
  readonly pods?: PodCapacity;
  readonly subnets: readonly SubnetCapacity[];
}

/** What fits on one node, and on all of them. */
export interface PodCapacity {
  /** As many as have an address, and the two that have the node's own. */
  readonly perNode: number;
  /** What `--max-pods` in the kubelet's arguments says instead. */
  readonly told?: number;
  /** As many as AWS recommends at most. */
  readonly recommended: number;
  /** For what is not part of every cluster, with `desired` nodes; not less than 0. */
  readonly leftAtDesired: number;
}

/** Addresses of one subnet. */
export interface SubnetCapacity {
  readonly name: string;
  readonly zone: string;
  readonly cidr: string;
  readonly isPublic: boolean;
  /** Those that AWS gives out. */
  readonly usable: number;
  /** For the control plane's interfaces, the NAT gateway and the bastion. */
  readonly reserved: number;
  /** Nodes in it when the group is at its maximum and evenly spread. */
  readonly nodes: number;
  /** What those nodes take when they are new, and when they are full of pods; undefined for an unknown type. */
  readonly taken?: { readonly idle: number; readonly full: number };
}

/**
 * Addresses that EKS wants to find free in each subnet of a cluster, for interfaces of its own; it makes more of them,
 * and drops the old, with every new version.
 *
 * @see https://docs.aws.amazon.com/eks/latest/userguide/network-reqs.html
 */
const CLUSTER_INTERFACES = 6;

/** The NAT gateway and the bastion stand in the first public subnet. */
const NAT_AND_BASTION = 2;

/** aws-node and kube-proxy run on every node, with the node's own address; CoreDNS twice in a cluster. */
const SYSTEM_PODS_PER_NODE = 2;
const SYSTEM_PODS_PER_CLUSTER = 2;

/**
 * Pods per node that AWS recommends at most, for few and for many vCPUs.
 *
 * @see https://docs.aws.amazon.com/eks/latest/userguide/choosing-instance-type.html
 */
const RECOMMENDED_PODS = { few: 110, many: 250, manyVcpus: 30 };

const ROWS = z.array(z.object({ az: z.string(), cidr: z.string(), name: z.string() }));
const VARIABLES = z.object({
  vpc_public_subnets: ROWS,
  vpc_private_subnets: ROWS,
  eks_worker_node_ec2_type: z.string(),
  eks_worker_nodes_asg_group: z.object({ min: z.coerce.number(), max: z.coerce.number(), desire: z.coerce.number() }),
  eks_worker_user_data_group: z.object({ kubelet_extra_args: z.string() }),
});
type Row = z.infer<typeof ROWS>[number];

const ORDER: readonly ChangeKind[] = ["create", "update", "replace", "destroy", "forget"];
const VERBS: Readonly<Record<ChangeKind, string>> = {
  create: "to add",
  update: "to change",
  replace: "to replace",
  destroy: "to destroy",
  forget: "to forget",
  read: "to read",
  "no-op": "as it is",
};

/**
 * Pods that a node holds with the VPC CNI: every interface keeps its first address for itself, and the two pods of the
 * system that run on every node need none.
 *
 * @see https://docs.aws.amazon.com/eks/latest/userguide/choosing-instance-type.html
 */
export function podsPerNode({ interfaces, addressesPerInterface }: InstanceTypeFacts): number {
  return interfaces * (addressesPerInterface - 1) + SYSTEM_PODS_PER_NODE;
}

/**
 * Addresses of the subnet that one node takes with the VPC CNI's defaults, which take an interface whole and keep a
 * spare one ready (`WARM_ENI_TARGET=1`): with a few pods, and with as many as it holds.
 *
 * @see https://github.com/aws/amazon-vpc-cni-k8s/blob/master/docs/eni-and-ip-target.md
 */
export function addressesPerNode({ interfaces, addressesPerInterface }: InstanceTypeFacts): {
  readonly idle: number;
  readonly full: number;
} {
  return { idle: Math.min(2, interfaces) * addressesPerInterface, full: interfaces * addressesPerInterface };
}

/**
 * Counts what a plan does, and reckons what its nodes and subnets hold.
 *
 * @param facts of the nodes' instance type, when they are known
 */
export function summarize(plan: Plan, facts?: InstanceTypeFacts): Summary {
  const managed = plan.changes.filter(({ isManaged }) => isManaged);
  const counts = ORDER.map((kind) => ({
    kind,
    types: countedByType(managed.filter((change) => change.kind === kind).map(({ type }) => type)),
  })).filter(({ types }) => types.length > 0);
  const inputs = inputsOf(plan.variables);
  const isWorkshops = inputs === undefined || isAsInTheWorkshop(inputs);
  const capacity = isWorkshops ? capacityOf(plan.variables, facts) : undefined;
  const failed = plan.failedChecks.map(({ address, isWarning, messages }): Finding => ({
    code: "plan-check-failed",
    severity: isWarning ? "warning" : "error",
    subject: address,
    // By Terraform's style a message ends with a full stop, and mostly says its cure; here the sentence goes on.
    cause: messages.map((message) => message.replace(/\.$/, "")).join("; ") || "its condition does not hold",
    cure: "mend that, and plan again",
  }));
  const forGood = irrevocable(plan).map(({ address, what }): Finding => ({
    code: "plan-irrevocable",
    severity: "note",
    subject: address,
    cause: what,
    cure: "apply it if you mean it",
  }));
  const touched = ORDER.filter((kind) => kind !== "create").flatMap((kind) =>
    managed
      .filter((change) => change.kind === kind)
      .map((change) => ({ kind, address: change.address, attributes: attributesOf(change) })),
  );
  return {
    counts,
    touched,
    moved: managed.filter(({ kind, previousAddress }) => kind === "no-op" && previousAddress !== undefined).length,
    outputs: plan.outputs.filter(({ kind }) => kind !== "no-op").map(({ name }) => name),
    ...(capacity !== undefined && { capacity }),
    nodeGroups: isWorkshops ? [] : inputs.groups,
    findings: [
      ...failed,
      ...forGood,
      ...lateFindings(plan),
      ...(capacity === undefined ? [] : capacityFindings(capacity)),
    ],
  };
}

/**
 * Ranges that the VPC of a cluster gets when the cluster is there already.
 *
 * @see https://docs.aws.amazon.com/eks/latest/userguide/network-reqs.html
 */
function lateFindings({ changes }: Plan): Finding[] {
  const stays = changes.some(
    ({ type, isManaged, kind }) => type === "aws_eks_cluster" && isManaged && (kind === "no-op" || kind === "update"),
  );
  const made = changes.filter(
    ({ type, kind }) => type === "aws_vpc_ipv4_cidr_block_association" && (kind === "create" || kind === "replace"),
  );
  return (stays ? made : []).map(({ address }) => ({
    code: "plan-takes-hours",
    severity: "note",
    subject: address,
    cause:
      "EKS may take up to five hours to learn of a range that the VPC gets after the cluster; until then logs, exec, " +
      "port-forward and webhooks fail for nodes and pods with addresses of it",
    cure: "apply it hours before anything needs it",
  }));
}

/** What a plan changes of something in place, or what forces it to be replaced. */
function attributesOf({ kind, before, after, unknown, forcedBy }: ResourceChange): string[] {
  if (kind === "replace") return forcedBy.map(({ path }) => path);
  if (kind !== "update") return [];
  const unknowns = typeof unknown === "object" && unknown !== null ? unknown : {};
  const names = new Set([...Object.keys({ ...before, ...after }), ...Object.keys(unknowns)]);
  return [...names].filter((name) => JSON.stringify(before?.[name]) !== JSON.stringify(after?.[name])).sort();
}

/** A summary for people, its findings included, in lines that a terminal of 80 columns need not break. */
export function summaryLines({ counts, touched, moved, outputs, capacity, nodeGroups, findings }: Summary): string[] {
  const total = (types: CountByType) => types.reduce((sum, [, count]) => sum + count, 0);
  const changes = counts.flatMap(({ kind, types }) => {
    const head = `${VERBS[kind]} ${String(total(types))}:`;
    if (kind === "create") {
      return wrapped(head, listed(types.map(([type, count]) => (count === 1 ? type : `${String(count)} ${type}`))));
    }
    const each = touched.filter((it) => it.kind === kind);
    return [
      head,
      ...each.map(({ address, attributes }) =>
        attributes.length === 0 ? `  ${address}` : `  ${address} (${attributes.join(", ")})`,
      ),
    ];
  });
  return [
    ...(changes.length > 0 ? changes : ["nothing to add, to change or to destroy"]),
    ...(moved > 0 ? [`moved in the state only: ${String(moved)}`] : []),
    ...(outputs.length > 0 ? wrapped("outputs that change:", listed(outputs)) : []),
    ...(capacity === undefined ? nodeGroupLines(nodeGroups) : capacityLines(capacity)),
    ...findings.flatMap(({ severity, subject, cause, cure }) =>
      wrapped(`${severity}:`, `${subject}: ${cause}; ${cure}`.split(" ")),
    ),
  ];
}

/** Words of a list; what has a space in it stays together. */
function listed(items: readonly string[]): string[] {
  return items.map((item, i) => (i === items.length - 1 ? item : `${item},`));
}

function countedByType(types: readonly string[]): CountByType {
  const counts = new Map<string, number>();
  for (const type of types) counts.set(type, (counts.get(type) ?? 0) + 1);
  return [...counts].sort(([a], [b]) => (a < b ? -1 : 1));
}

/** Undefined when the variables are not those of this stack, or have values that are of no use. */
function inputsOf(variables: Plan["variables"]): StackInputs | undefined {
  try {
    return stackInputs(variables);
  } catch (error) {
    if (error instanceof z.ZodError) return undefined;
    throw error;
  }
}

function isAsInTheWorkshop({ groups, vpcId, prefixDelegation }: StackInputs): boolean {
  return groups.every(({ isWorkshops }) => isWorkshops) && vpcId === undefined && !prefixDelegation;
}

function nodeGroupLines(groups: readonly NodeGroupInput[]): string[] {
  return groups.flatMap(({ key, names, instanceTypes, size, onDemand, launchedFrom }) => {
    const { min, max, desired } = size;
    const spot = names.length * desired - onDemand;
    const each = names.length === 1 ? "" : `${String(names.length)} groups, one in each zone, each of `;
    return wrapped(
      `nodes of ${key}:`,
      `${each}${String(desired)} of type ${instanceTypes.join(" or ")}, from ${String(min)} to ${String(max)}${spot > 0 ? `, ${String(spot)} of all spot instances` : ""}, from a ${launchedFrom}`.split(
        " ",
      ),
    );
  });
}

function capacityOf(variables: Plan["variables"], facts: InstanceTypeFacts | undefined): Capacity | undefined {
  const parsed = VARIABLES.safeParse(variables);
  if (!parsed.success) return undefined;
  const { data } = parsed;
  const { min, max, desire: desired } = data.eks_worker_nodes_asg_group;
  const nodes = spread(max, data.vpc_private_subnets);

  const subnet = (isPublic: boolean, reserved: number, nodesInIt: number, { name, az, cidr }: Row): SubnetCapacity => {
    const each = facts === undefined ? undefined : addressesPerNode(facts);
    return {
      name,
      zone: az,
      cidr,
      isPublic,
      usable: usableAddresses(cidr),
      reserved,
      nodes: nodesInIt,
      ...(each !== undefined && { taken: { idle: nodesInIt * each.idle, full: nodesInIt * each.full } }),
    };
  };
  const told = maxPods(data.eks_worker_user_data_group.kubelet_extra_args);
  return {
    instanceType: data.eks_worker_node_ec2_type,
    size: { min, desired, max },
    ...(facts !== undefined && { facts, pods: podCapacity(facts, told, desired) }),
    subnets: [
      ...data.vpc_private_subnets.map((row, i) => subnet(false, CLUSTER_INTERFACES, nodes[i] ?? 0, row)),
      ...data.vpc_public_subnets.map((row, i) => subnet(true, i === 0 ? NAT_AND_BASTION : 0, 0, row)),
    ],
  };
}

function podCapacity(facts: InstanceTypeFacts, told: number | undefined, desired: number): PodCapacity {
  const perNode = podsPerNode(facts);
  const left = desired * (Math.min(told ?? perNode, perNode) - SYSTEM_PODS_PER_NODE) - SYSTEM_PODS_PER_CLUSTER;
  return {
    perNode,
    ...(told !== undefined && { told }),
    recommended: facts.vcpus > RECOMMENDED_PODS.manyVcpus ? RECOMMENDED_PODS.many : RECOMMENDED_PODS.few,
    leftAtDesired: Math.max(0, left),
  };
}

/** The last `--max-pods` of the kubelet's arguments, which is the one that counts. */
function maxPods(kubeletArguments: string): number | undefined {
  const last = [...kubeletArguments.matchAll(/(?:^|\s)--max-pods[= ]["']?(\d+)/g)].at(-1)?.[1];
  return last === undefined ? undefined : Number(last);
}

/** Nodes at most in each subnet: an Auto Scaling group fills its zones evenly, whatever subnets they have. */
function spread(nodes: number, rows: readonly Row[]): number[] {
  const zones = new Set(rows.map(({ az }) => az)).size;
  return rows.map(({ az }) => Math.ceil(nodes / (zones * rows.filter((row) => row.az === az).length)));
}

function capacityFindings({ instanceType, facts, size, pods, subnets }: Capacity): Finding[] {
  if (facts === undefined || pods === undefined) return [];
  const each = addressesPerNode(facts);
  return [
    ...podFindings(instanceType, size, pods),
    ...subnets.flatMap((subnet) => subnetFinding(subnet, each, size.max)),
  ];
}

function podFindings(instanceType: string, size: Capacity["size"], pods: PodCapacity): Finding[] {
  const { perNode, told, recommended, leftAtDesired } = pods;
  const subject = `eks_worker_node_ec2_type ${instanceType}`;
  const system = size.desired * SYSTEM_PODS_PER_NODE + SYSTEM_PODS_PER_CLUSTER;
  return [
    ...(size.desired > 0 && leftAtDesired === 0
      ? [
          {
            code: "no-room-for-pods",
            severity: "warning" as const,
            subject,
            cause: `the system's ${String(system)} pods fill ${nodesOf(size.desired)} (${String(Math.min(told ?? perNode, perNode))} pods per node), and none of yours would run`,
            cure: "take a larger type, or a larger desire in eks_worker_nodes_asg_group",
          },
        ]
      : []),
    ...(told !== undefined && told > perNode
      ? [
          {
            code: "max-pods-beyond-addresses",
            severity: "warning" as const,
            subject: `kubelet_extra_args --max-pods=${String(told)}`,
            cause: `a node of type ${instanceType} has addresses for ${String(perNode)} pods, and the others would wait for one`,
            cure: `write --max-pods=${String(perNode)}, or leave it out`,
          },
        ]
      : []),
    ...((told ?? perNode) > recommended
      ? [
          {
            code: "more-pods-than-recommended",
            severity: "note" as const,
            subject,
            cause: `a node takes ${String(told ?? perNode)} pods, and AWS recommends ${String(recommended)} at most for its number of vCPUs`,
            cure: `say --max-pods=${String(recommended)} in kubelet_extra_args if nodes become slow`,
          },
        ]
      : []),
  ];
}

function subnetFinding(subnet: SubnetCapacity, each: { idle: number; full: number }, max: number): Finding[] {
  const { name, zone, cidr, usable, reserved, nodes, taken } = subnet;
  const free = Math.max(0, usable - reserved);
  if (taken === undefined || taken.full <= free) return [];
  const fit = (perNode: number) => {
    const nodesThatFit = Math.floor(free / perNode);
    return `${nodesOf(nodesThatFit)} ${nodesThatFit === 1 ? "fits" : "fit"}`;
  };
  const found = `of its ${String(usable)} addresses ${String(free)} are for nodes, and a maximum of ${nodesOf(max)} puts ${String(nodes)} there`;
  const finding = {
    subject: `subnet ${name} (${cidr}, ${zone})`,
    cure: "lower max in eks_worker_nodes_asg_group, or give the VPC larger subnets under other names",
  };
  return taken.idle > free
    ? [
        {
          ...finding,
          code: "subnet-too-small-for-nodes",
          severity: "warning",
          cause: `${found}, which take ${String(taken.idle)} as soon as they run pods (${String(each.idle)} each): ${fit(each.idle)}, the others have no addresses for pods or do not start`,
        },
      ]
    : [
        {
          ...finding,
          code: "subnet-too-small-for-full-nodes",
          severity: "warning",
          cause: `${found}, which take ${String(taken.full)} when they are full of pods (${String(each.full)} each): ${fit(each.full)}, pods on the others wait for an address`,
        },
      ];
}

function nodesOf(count: number): string {
  return count === 1 ? "1 node" : `${String(count)} nodes`;
}

function capacityLines({ instanceType, facts, size, pods, subnets }: Capacity): string[] {
  const { min, desired, max } = size;
  const group = `nodes: ${String(desired)} of type ${instanceType}, from ${String(min)} to ${String(max)}`;
  const machine =
    facts === undefined ? "" : ` (${String(facts.vcpus)} vCPU, ${String(facts.memoryMiB / 1024)} GiB of memory each)`;
  return [
    group + machine,
    ...(facts === undefined || pods === undefined
      ? [`pods per node: not known, because nothing is known of ${instanceType}`]
      : podLines(facts, pods, desired)),
    ...wrapped(
      "addresses of the subnets",
      "(FREE: less those of the control plane, the NAT gateway and the bastion; THEIRS: of as many nodes as the group may have):".split(
        " ",
      ),
    ),
    ...subnetLines(subnets),
  ];
}

function podLines(facts: InstanceTypeFacts, { perNode, told, leftAtDesired }: PodCapacity, desired: number): string[] {
  const { interfaces, addressesPerInterface } = facts;
  const formula = `${String(interfaces)} interfaces x (${String(addressesPerInterface)} addresses - 1) + ${String(SYSTEM_PODS_PER_NODE)}`;
  const most = told === undefined ? "" : `, --max-pods says ${String(told)}`;
  const room = `room for ${String(leftAtDesired)} of yours on ${nodesOf(desired)}`;
  return wrapped("pods per node:", `${String(perNode)} = ${formula}${most}; ${room}`.split(" "));
}

function subnetLines(subnets: readonly SubnetCapacity[]): string[] {
  const rows = subnets.map(({ name, zone, cidr, isPublic, usable, reserved, nodes, taken }) => [
    name,
    cidr,
    zone,
    String(usable),
    String(Math.max(0, usable - reserved)),
    isPublic ? "-" : String(nodes),
    isPublic ? "-" : taken === undefined ? "?" : range(taken),
  ]);
  const table = [["SUBNET", "RANGE", "ZONE", "ALL", "FREE", "NODES", "THEIRS"], ...rows];
  const widths = (table[0] ?? []).map((_, column) => Math.max(...table.map((row) => (row[column] ?? "").length)));
  return table.map((row) => {
    const cells = row.map((cell, column) => {
      const width = widths[column] ?? 0;
      return column < 3 ? cell.padEnd(width) : cell.padStart(width);
    });
    return `  ${cells.join("  ")}`;
  });
}

function range({ idle, full }: { readonly idle: number; readonly full: number }): string {
  return idle === full ? String(full) : `${String(idle)}-${String(full)}`;
}
