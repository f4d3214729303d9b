import { z } from "zod";

import { UserError } from "../../contract/user-error";
import { usableAddresses } from "../../facts/cidr";
import {
  addressesPerNode,
  CLUSTER_INTERFACES,
  CLUSTER_PODS,
  HOST_NETWORK_PODS,
  podsLeft,
  podsPerNode,
  RECOMMENDED_PODS,
  type NetworkOfType,
} from "../../facts/pods";
import type { Finding } from "../doctor/finding";
import { stackInputs, type NodeGroupInput, type StackInputs, type SubnetInput } from "../stack-inputs";
import { irrevocable } from "./cluster-guard";
import { countByType } from "../../terraform/events";
import type { AttributeChange, Plan, PlannedValue, ResourceChange } from "../../terraform/plan-file";
import { isCut, valueText } from "./value-text";
import { counted } from "../../terminal/text";

/** What EC2 says of an instance type (DescribeInstanceTypes). */
export interface InstanceTypeFacts extends NetworkOfType {
  readonly vcpus: number;
  readonly memoryMiB: number;
}

/** What of a plan a person wants to know before it is applied. */
export interface Summary {
  /** What it does with what Terraform manages. */
  readonly changes: readonly ResourceChange[];
  /** Names of outputs that get another value. */
  readonly outputs: readonly string[];
  /**
   * Undefined when the plan is not of this stack, and where the workshop's reckoning is not true of it: with rows in
   * node_groups, in a network that exists, and with prefixes of addresses. The stack's own output `planning` reckons
   * then.
   */
  readonly capacity?: Capacity;
  /** The node groups, where there is no capacity of the workshop's one. */
  readonly nodeGroups: readonly NodeGroupInput[];
  /** What the stack's own output `planning` says of them, by key; none where it is not known yet. */
  readonly planning: Planning;
  readonly findings: readonly Finding[];
}

/** What the nodes hold, and whether the subnets hold the nodes. */
export interface Capacity {
  readonly instanceType: string;
  readonly size: { readonly min: number; readonly desired: number; readonly max: number };
  /** Undefined when nothing is known of the instance type. */
  readonly node?: NodeCapacity;
  readonly subnets: readonly SubnetCapacity[];
}

/** What fits on one node, and on all of them. */
export interface NodeCapacity {
  readonly facts: InstanceTypeFacts;
  /** Addresses that it takes when it is new, and when it is full of pods. */
  readonly addresses: Addresses;
  /** Pods: as many as have an address, and the two that have the node's own. */
  readonly pods: number;
  /** What `--max-pods` in the kubelet's arguments says instead. */
  readonly told?: number;
  /** Pods that AWS recommends at most. */
  readonly recommended: number;
  /** Pods that are not part of every cluster, with `desired` nodes; not less than 0. */
  readonly leftAtDesired: number;
}

/** Numbers of addresses that nodes take. */
type Addresses = ReturnType<typeof addressesPerNode>;

/** Addresses of one subnet. */
export interface SubnetCapacity {
  readonly name: string;
  readonly zone: string;
  readonly cidr: string;
  readonly isPublic: boolean;
  /** Those that AWS gives out. */
  readonly usable: number;
  /** Those of them that the control plane's interfaces, the NAT gateway and the bastion leave; not less than 0. */
  readonly free: number;
  /** Nodes in it when the group is at its maximum and evenly spread. */
  readonly nodes: number;
}

/** The NAT gateway and the bastion stand in the first public subnet. */
const NAT_AND_BASTION = 2;

/** What of the variables no other reader tells; a plan without it is not of this stack. */
const KUBELET = z.object({ eks_worker_user_data_group: z.object({ kubelet_extra_args: z.string() }) });

/** @see modules/planning/figures.ts */
const PLANNING = z.record(
  z.string(),
  z.object({
    pods_per_node: z.number(),
    pods_max: z.number(),
    addresses_needed: z.number(),
    addresses_available: z.number().nullable(),
  }),
);
type Planning = z.infer<typeof PLANNING>;

/** What changes something, in the order of a sentence. */
const VERBS = {
  create: "to add",
  update: "to change",
  replace: "to replace",
  destroy: "to destroy",
  forget: "to forget",
};

/**
 * Counts what a plan does, and reckons what its nodes and subnets hold.
 *
 * @param facts of the nodes' instance type, when they are known
 */
export function summarize(plan: Plan, facts?: InstanceTypeFacts): Summary {
  const inputs = inputsOf(plan.variables);
  const isWorkshops = inputs === undefined || isAsInTheWorkshop(inputs);
  const kubelet = KUBELET.safeParse(plan.variables).data?.eks_worker_user_data_group.kubelet_extra_args;
  const capacity =
    inputs !== undefined && isWorkshops && kubelet !== undefined ? capacityOf(inputs, kubelet, facts) : undefined;
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
  return {
    changes: plan.changes.filter(({ isManaged }) => isManaged),
    outputs: plan.outputs,
    ...(capacity !== undefined && { capacity }),
    nodeGroups: isWorkshops ? [] : inputs.groups,
    planning: PLANNING.safeParse(plan.outputValues["planning"]).data ?? {},
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

/** A summary for people, its findings included. */
export function summaryLines({ changes, outputs, capacity, nodeGroups, planning, findings }: Summary): string[] {
  const lines = Object.entries(VERBS).flatMap(([kind, verb]) => {
    const ofKind = changes.filter((change) => change.kind === kind);
    if (ofKind.length === 0) return [];
    const head = `${verb} ${String(ofKind.length)}:`;
    if (kind === "create") return `${head} ${countByType(ofKind.map(({ type }) => type).sort())}`;
    return [head, ...ofKind.flatMap(changeLines)];
  });
  const moved = changes.filter((it) => it.kind === "no-op" && it.previousAddress !== undefined).length;
  return [
    ...(lines.length > 0 ? lines : ["nothing to add, to change or to destroy"]),
    ...(moved > 0 ? [`moved in the state only: ${String(moved)}`] : []),
    // What changes with something else is told there.
    ...(outputs.length > 0 && lines.length === 0 ? [`outputs that change: ${outputs.join(", ")}`] : []),
    ...(capacity === undefined ? nodeGroupLines(nodeGroups, planning) : capacityLines(capacity)),
    ...findings.map(({ severity, subject, cause, cure }) => `${severity}: ${subject}: ${cause}; ${cure}`),
  ];
}

/** What is not only added, with what becomes of its values. */
function changeLines({ address, kind, forcedBy, changed }: ResourceChange): string[] {
  const told = (kind === "replace" ? forcedBy : changed).filter(isWorthTelling);
  const later = told.filter(({ after }) => after.is === "unknown").map(({ path }) => path);
  return [
    `  ${address}`,
    ...told.filter(({ after }) => after.is !== "unknown").map((attribute) => `    ${attributeText(attribute)}`),
    ...(later.length > 0 ? [`    known after the apply: ${later.join(", ")}`] : []),
  ];
}

/** Not what follows from the rest: the provider's copy of the tags, and one kind of nothing for another. */
function isWorthTelling({ path, before, after }: AttributeChange): boolean {
  return !/^tags_all\b/.test(path) && !(isEmpty(before) && isEmpty(after));
}

function attributeText({ path, before, after }: AttributeChange): string {
  const [from, to] = [valueText(before), valueText(after)];
  // Of two long texts the beginnings say little.
  return from === to || (isCut(from) && isCut(to)) ? `${path} changes` : `${path}: ${from} -> ${to}`;
}

function isEmpty(planned: PlannedValue): boolean {
  return planned.is === "known" && ["null", '""', "[]", "{}"].includes(JSON.stringify(planned.value));
}

/** Undefined when the variables are not those of this stack, or have values that are of no use. */
function inputsOf(variables: Plan["variables"]): StackInputs | undefined {
  try {
    return stackInputs(variables);
  } catch (error) {
    if (error instanceof UserError) return undefined;
    throw error;
  }
}

function isAsInTheWorkshop({ groups, vpcId, prefixDelegation }: StackInputs): boolean {
  return groups.every(({ isWorkshops }) => isWorkshops) && vpcId === undefined && !prefixDelegation;
}

function nodeGroupLines(groups: readonly NodeGroupInput[], planning: Planning): string[] {
  return groups.flatMap(({ key, names, instanceTypes, size, onDemand, launchedFrom }) => {
    const { min, max, desired } = size;
    const spot = names.length * desired - onDemand;
    const each = names.length === 1 ? "" : `${String(names.length)} groups, one in each zone, each of `;
    const nodes = `${String(desired)} of type ${instanceTypes.join(" or ")}, from ${String(min)} to ${String(max)}`;
    const ofSpot = spot > 0 ? `, ${String(spot)} of all spot instances` : "";
    const of = `nodes of ${key}: ${each}${nodes}${ofSpot}, from a ${launchedFrom}`;
    const figures = planning[key];
    return figures === undefined ? of : [of, podsText(key, figures)];
  });
}

function podsText(key: string, figures: Planning[string]): string {
  const { pods_per_node: each, pods_max: most, addresses_needed: needed, addresses_available: available } = figures;
  const of = available === null ? "" : ` of the ${String(available)} in its subnets`;
  return `pods of ${key}: ${String(each)} a node, ${String(most)} at its largest, when it takes ${String(needed)} addresses${of}`;
}

function capacityOf(
  { groups: [group], privateSubnets, publicSubnets }: StackInputs,
  kubeletArguments: string,
  facts: InstanceTypeFacts | undefined,
): Capacity | undefined {
  if (group === undefined) return undefined;
  const { size } = group;
  const [instanceType] = group.instanceTypes;
  const nodes = spread(size.max, privateSubnets);
  const subnet = (isPublic: boolean, reserved: number, nodesInIt: number, row: SubnetInput): SubnetCapacity => {
    const usable = usableAddresses(row.cidr);
    const free = Math.max(0, usable - reserved);
    return { name: row.name, zone: row.az, cidr: row.cidr, isPublic, usable, free, nodes: nodesInIt };
  };
  return {
    instanceType,
    size,
    ...(facts !== undefined && { node: nodeCapacity(facts, maxPods(kubeletArguments), size.desired) }),
    subnets: [
      ...privateSubnets.map((row, i) => subnet(false, CLUSTER_INTERFACES.least, nodes[i] ?? 0, row)),
      ...publicSubnets.map((row, i) => subnet(true, i === 0 ? NAT_AND_BASTION : 0, 0, row)),
    ],
  };
}

function nodeCapacity(facts: InstanceTypeFacts, told: number | undefined, desired: number): NodeCapacity {
  const pods = podsPerNode(facts);
  return {
    facts,
    addresses: addressesPerNode(facts),
    pods,
    ...(told !== undefined && { told }),
    recommended: RECOMMENDED_PODS[facts.vcpus > RECOMMENDED_PODS.manyAboveVcpus ? "many" : "few"],
    leftAtDesired: Math.max(0, podsLeft(desired, Math.min(told ?? pods, pods))),
  };
}

/** The last `--max-pods` of the kubelet's arguments, which is the one that counts. */
function maxPods(kubeletArguments: string): number | undefined {
  const last = [...kubeletArguments.matchAll(/(?:^|\s)--max-pods[= ]["']?(\d+)/g)].at(-1)?.[1];
  return last === undefined ? undefined : Number(last);
}

/** Nodes at most in each subnet: an Auto Scaling group fills its zones evenly, whatever subnets they have. */
function spread(nodes: number, rows: readonly SubnetInput[]): number[] {
  const zones = new Set(rows.map(({ az }) => az)).size;
  return rows.map(({ az }) => Math.ceil(nodes / (zones * rows.filter((row) => row.az === az).length)));
}

function capacityFindings({ instanceType, node, size, subnets }: Capacity): Finding[] {
  if (node === undefined) return [];
  return [
    ...podFindings(instanceType, size, node),
    ...subnets.flatMap((subnet) => subnetFinding(subnet, node.addresses, size.max)),
  ];
}

function podFindings(instanceType: string, size: Capacity["size"], node: NodeCapacity): Finding[] {
  const { pods, told, recommended, leftAtDesired } = node;
  const subject = `eks_worker_node_ec2_type ${instanceType}`;
  const findings: Finding[] = [];
  if (size.desired > 0 && leftAtDesired === 0) {
    const system = size.desired * HOST_NETWORK_PODS + CLUSTER_PODS;
    findings.push({
      code: "no-room-for-pods",
      severity: "warning",
      subject,
      cause:
        `the system's ${String(system)} pods fill ${counted(size.desired, "node")} ` +
        `(${String(Math.min(told ?? pods, pods))} pods per node), and none of yours would run`,
      cure: "take a larger type, or a larger desire in eks_worker_nodes_asg_group",
    });
  }
  if (told !== undefined && told > pods) {
    findings.push({
      code: "max-pods-beyond-addresses",
      severity: "warning",
      subject: `kubelet_extra_args --max-pods=${String(told)}`,
      cause:
        `a node of type ${instanceType} has addresses for ${String(pods)} pods, and the others would wait ` + "for one",
      cure: `write --max-pods=${String(pods)}, or leave it out`,
    });
  }
  if ((told ?? pods) > recommended) {
    findings.push({
      code: "more-pods-than-recommended",
      severity: "note",
      subject,
      cause:
        `a node takes ${String(told ?? pods)} pods, and AWS recommends ${String(recommended)} at most for ` +
        "its number of vCPUs",
      cure: `say --max-pods=${String(recommended)} in kubelet_extra_args if nodes become slow`,
    });
  }
  return findings;
}

function subnetFinding(subnet: SubnetCapacity, each: Addresses, max: number): Finding[] {
  const { name, zone, cidr, usable, free, nodes } = subnet;
  if (nodes * each.full <= free) return [];
  const isTooSmall = nodes * each.idle > free;
  const ofEach = isTooSmall ? each.idle : each.full;
  const fit = Math.floor(free / ofEach);
  const when = isTooSmall ? "as soon as they run pods" : "when they are full of pods";
  const others = isTooSmall
    ? "the others have no addresses for pods or do not start"
    : "pods on the others wait for an address";
  return [
    {
      code: isTooSmall ? "subnet-too-small-for-nodes" : "subnet-too-small-for-full-nodes",
      severity: "warning",
      subject: `subnet ${name} (${cidr}, ${zone})`,
      cause:
        `of its ${String(usable)} addresses ${String(free)} are for nodes, and a maximum of ${counted(max, "node")} puts ` +
        `${String(nodes)} there, which take ${String(nodes * ofEach)} ${when} (${String(ofEach)} each): ` +
        `${counted(fit, "node")} ${fit === 1 ? "fits" : "fit"}, ${others}`,
      cure: "lower max in eks_worker_nodes_asg_group, or give the VPC larger subnets under other names",
    },
  ];
}

function capacityLines({ instanceType, node, size, subnets }: Capacity): string[] {
  const { min, desired, max } = size;
  const group = `nodes: ${String(desired)} of type ${instanceType}, from ${String(min)} to ${String(max)}`;
  return [
    ...(node === undefined
      ? [group, `pods per node: not known, because nothing is known of ${instanceType}`]
      : [`${group} (${machine(node.facts)} each)`, podLine(node, desired)]),
    "addresses of the subnets (FREE: less those of the control plane, the NAT gateway and the bastion; THEIRS: of as " +
      "many nodes as the group may have):",
    ...subnetLines(subnets, node?.addresses),
  ];
}

function machine({ vcpus, memoryMiB }: InstanceTypeFacts): string {
  return `${String(vcpus)} vCPU, ${String(memoryMiB / 1024)} GiB of memory`;
}

function podLine({ facts, pods, told, leftAtDesired }: NodeCapacity, desired: number): string {
  const { interfaces, addressesPerInterface } = facts;
  const addresses = `${String(interfaces)} interfaces x (${String(addressesPerInterface)} addresses - 1)`;
  const formula = `${addresses} + ${String(HOST_NETWORK_PODS)}`;
  const most = told === undefined ? "" : `, --max-pods says ${String(told)}`;
  const room = `room for ${String(leftAtDesired)} of yours on ${counted(desired, "node")}`;
  return `pods per node: ${String(pods)} = ${formula}${most}; ${room}`;
}

function subnetLines(subnets: readonly SubnetCapacity[], each: Addresses | undefined): string[] {
  const rows = subnets.map(({ name, zone, cidr, isPublic, usable, free, nodes }) => [
    name,
    cidr,
    zone,
    String(usable),
    String(free),
    isPublic ? "-" : String(nodes),
    isPublic ? "-" : each === undefined ? "?" : range(nodes * each.idle, nodes * each.full),
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

function range(from: number, to: number): string {
  return from === to ? String(to) : `${String(from)}-${String(to)}`;
}
