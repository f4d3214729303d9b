import { setTimeout as sleep } from "node:timers/promises";

import {
  DeleteNetworkInterfaceCommand,
  DeleteSecurityGroupCommand,
  DeleteVolumeCommand,
  EC2Client,
  paginateDescribeNetworkInterfaces,
  RevokeSecurityGroupEgressCommand,
  RevokeSecurityGroupIngressCommand,
  type Filter,
  type NetworkInterface,
} from "@aws-sdk/client-ec2";
import {
  DeleteLoadBalancerCommand as DeleteClassicLoadBalancerCommand,
  ElasticLoadBalancingClient,
} from "@aws-sdk/client-elastic-load-balancing";
import {
  DeleteLoadBalancerCommand,
  DeleteTargetGroupCommand,
  ElasticLoadBalancingV2Client,
} from "@aws-sdk/client-elastic-load-balancing-v2";

import { UserError } from "../../contract/user-error";
import { printable } from "../../terminal/text";
import type { AwsSettings } from "../../aws/settings";
import { asking, errorName, isGone, patient } from "../../aws/call";
import {
  FILTER_VALUES,
  GONE_BALANCER,
  inBatches,
  interfaceDescription,
  ownershipByTags,
  tagsOfClassic,
  type Kind,
  type Leftovers,
  type Reference,
  type Thing,
} from "./leftovers";
import { deleteLogGroup } from "./log-groups";

/** What the user said by name about what holds data: ids of volumes, names of log groups. */
export interface Wishes {
  readonly delete: readonly string[];
  /** Known to stay, and no reason to call the account unclean. */
  readonly keep: readonly string[];
}

/** What becomes of a thing. */
export interface Fate {
  readonly thing: Thing;
  /**
   * `deleted`: by this plan. `goes`: with something else. `kept`: holds data. `yours`: the user's to remove, since
   * nothing here may. `foreign`: not proven to be this cluster's.
   */
  readonly fate: "deleted" | "goes" | "kept" | "yours" | "foreign";
  /** In words, with what to do where there is something to do. */
  readonly says: string;
}

/** One step of a removal. */
export type Step =
  | { readonly does: "delete"; readonly thing: Thing }
  | { readonly does: "revoke"; readonly reference: Reference }
  /** Until the network interfaces with these descriptions, of load balancers, are gone: nothing that they hold can go before. */
  | { readonly does: "wait"; readonly descriptions: readonly string[] };

/** What is to become of a cluster's leftovers. */
export interface Removal {
  readonly clusterName: string;
  readonly fates: readonly Fate[];
  /** In the order in which AWS allows them. */
  readonly steps: readonly Step[];
}

/** Kinds that hold data: deleted when asked for by name only. */
const DATA: readonly Kind[] = ["volume", "log group"];

/** How the command line is asked to delete what holds data. */
const DELETE_OPTION: Partial<Record<Kind, string>> = { volume: "--delete-volume", "log group": "--delete-log-group" };

/** In this order each is free of what came before it. */
const ORDER: readonly Kind[] = [
  "target group",
  "network interface",
  "security group",
  "volume",
  "log group",
] satisfies readonly Kind[];

/** How to remove by hand what is not removed here. */
const BY_HAND: Readonly<Record<Kind, (id: string) => string>> = {
  "classic load balancer": (id) => `elb delete-load-balancer --load-balancer-name ${id}`,
  "load balancer": (id) => `elbv2 delete-load-balancer --load-balancer-arn ${id}`,
  "target group": (id) => `elbv2 delete-target-group --target-group-arn ${id}`,
  "security group": (id) => `ec2 delete-security-group --group-id ${id}`,
  "network interface": (id) => `ec2 delete-network-interface --network-interface-id ${id}`,
  volume: (id) => `ec2 delete-volume --volume-id ${id}`,
  "log group": (id) => `logs delete-log-group --log-group-name ${id}`,
  instance: (id) => `ec2 terminate-instances --instance-ids ${id}`,
  subnet: (id) => `ec2 delete-subnet --subnet-id ${id}`,
  "NAT gateway": (id) => `ec2 delete-nat-gateway --nat-gateway-id ${id}`,
  "VPC endpoint": (id) => `ec2 delete-vpc-endpoints --vpc-endpoint-ids ${id}`,
};

/** Kinds that are never removed here, whosesoever they are. */
const YOURS: readonly Kind[] = ["instance", "subnet", "NAT gateway", "VPC endpoint"];

function byHand({ kind, id }: Thing, region: string): string {
  return `aws ${BY_HAND[kind](id)} --region ${region}`;
}

/** What stands in a VPC and keeps it from being deleted. */
const HOLDS_A_VPC = (kind: Kind) => !DATA.includes(kind) && kind !== "target group";

/**
 * What is to become of everything that a scan found, and in which order. Nothing that is not proven to be the cluster's is
 * ever in a step, and nothing that holds data unless it is asked for by name.
 *
 * @throws UserError when something is to be deleted that the scan did not find, or that is not this cluster's
 */
export function removalPlan(leftovers: Leftovers, wishes: Wishes = { delete: [], keep: [] }): Removal {
  for (const id of wishes.delete) refuseUnlessItMayGo(id, leftovers, wishes);
  const fates = leftovers.things.map((thing) => fateOf(thing, leftovers.region, wishes));
  const deleted = fates.filter(({ fate }) => fate === "deleted").map(({ thing }) => thing);
  const balancers = deleted.filter(({ kind }) => kind === "classic load balancer" || kind === "load balancer");
  const descriptions = [
    ...balancers.map(interfaceDescription),
    ...leftovers.things.filter(({ goesWith }) => goesWith === GONE_BALANCER).map(({ called }) => called),
  ];
  const groups = new Set(deleted.filter(({ kind }) => kind === "security group").map(({ id }) => id));
  const ofKind = (kind: Kind) =>
    deleted.filter((it) => it.kind === kind).map((thing): Step => ({ does: "delete", thing }));
  const revocations = leftovers.references
    .filter(({ toGroup }) => groups.has(toGroup))
    .map((reference): Step => ({ does: "revoke", reference }));
  return {
    clusterName: leftovers.clusterName,
    fates,
    steps: [
      ...balancers.map((thing): Step => ({ does: "delete", thing })),
      ...(descriptions.length > 0 ? [{ does: "wait" as const, descriptions: [...new Set(descriptions)] }] : []),
      ...ORDER.flatMap((kind) => [...(kind === "security group" ? revocations : []), ...ofKind(kind)]),
    ],
  };
}

function refuseUnlessItMayGo(id: string, { things, clusterName, region }: Leftovers, wishes: Wishes): void {
  const thing = things.find((it) => it.id === id);
  const data = things.filter(({ kind, owner }) => DATA.includes(kind) && owner === "cluster").map((it) => it.id);
  const allowed = data.length === 0 ? "there is none" : `there is ${data.join(", ")}`;
  if (wishes.keep.includes(id)) throw new UserError(`${id} is both to be deleted and to be kept; say one of them`);
  if (thing === undefined || !DATA.includes(thing.kind)) {
    throw new UserError(`${id} is no volume or log group of the cluster ${clusterName}; ${allowed}`);
  }
  if (thing.owner !== "cluster") {
    throw new UserError(
      `${id} is not deleted, because it is not proven to be the cluster ${clusterName}'s (${thing.why}); if it is, delete ` +
        `it by hand: ${byHand(thing, region)}`,
    );
  }
}

function fateOf(thing: Thing, region: string, wishes: Wishes): Fate {
  const { kind, id, owner, goesWith, attachedTo } = thing;
  if (goesWith === GONE_BALANCER) return { thing, fate: "goes", says: `goes with ${goesWith}` };
  if (owner === "other") {
    const holds = HOLDS_A_VPC(kind) ? "; Terraform cannot delete the VPC before it is gone" : "";
    return { thing, fate: "foreign", says: `is left alone${holds}; if it may go: ${byHand(thing, region)}` };
  }
  if (goesWith !== undefined) return { thing, fate: "goes", says: `goes with ${goesWith}` };
  if (DATA.includes(kind)) {
    if (!wishes.delete.includes(id)) {
      const says = wishes.keep.includes(id)
        ? "is kept, as you said"
        : `is kept, because it holds data, and is billed; to delete it: eks destroy ${DELETE_OPTION[kind] ?? ""} ${id}`;
      return { thing, fate: "kept", says };
    }
    const after = attachedTo === undefined ? "" : `, when ${attachedTo} has let go of it`;
    return { thing, fate: "deleted", says: `will be deleted with its data, as you said${after}` };
  }
  if (YOURS.includes(kind)) return { thing, fate: "yours", says: `has to be removed by you: ${byHand(thing, region)}` };
  if (attachedTo !== undefined) {
    const then = `has to be detached there first; then ${byHand(thing, region)}`;
    return { thing, fate: "yours", says: `is in use by ${attachedTo}, and ${then}` };
  }
  return { thing, fate: "deleted", says: "will be deleted" };
}

/** The headings of the list, in its order. */
const HEADINGS: Readonly<Record<Fate["fate"], string>> = {
  deleted: "To be deleted",
  goes: "Going with what they belong to",
  yours: "This cluster's, but yours to remove",
  kept: "Kept",
  foreign: "Not this cluster's",
};

/** For people: everything that was found, why it is whose, and what will happen to it. */
export function listing({ clusterName, fates, steps }: Removal, { unknown }: Pick<Leftovers, "unknown">): string {
  const sections = (Object.keys(HEADINGS) as Fate["fate"][]).flatMap((wanted) => {
    const entries = fates
      .filter(({ fate }) => fate === wanted)
      .map(({ thing, says }) => {
        const { kind, id, called, owner, why } = thing;
        const name = called === "" || called === id ? "" : ` (${called})`;
        const whose = owner === "cluster" ? "the cluster's:" : "not proven to be the cluster's:";
        return [
          `  ${printable(`${kind} ${id}${name}`)}`,
          `    ${printable(`${whose} ${why}`)}`,
          `    ${printable(says)}`,
        ].join("\n");
      });
    return entries.length === 0 ? [] : [`${HEADINGS[wanted]}:\n${entries.join("\n")}`];
  });
  const rules = steps.flatMap((step) => (step.does === "revoke" ? [`  ${stepTitle(step)}`] : []));
  if (rules.length > 0)
    sections.splice(1, 0, `Rules to be removed, because they name a group to be deleted:\n${rules.join("\n")}`);
  if (unknown.length > 0) {
    sections.push(`Not known:\n${unknown.map((reason) => `  ${printable(reason)}`).join("\n")}`);
  }
  if (sections.length > 0) return sections.join("\n\n");
  return `Kubernetes left nothing of the cluster ${clusterName} in the account.`;
}

/** A step in words, as progress shows it. */
export function stepTitle(step: Step): string {
  switch (step.does) {
    case "delete":
      return printable(`${step.thing.kind} ${step.thing.called === "" ? step.thing.id : step.thing.called}`);
    case "revoke": {
      const { inGroup, toGroup, direction, permission } = step.reference;
      const protocol = permission.IpProtocol === "-1" ? "everything" : (permission.IpProtocol ?? "");
      const ports =
        permission.FromPort === undefined ? "" : ` ${String(permission.FromPort)}-${String(permission.ToPort)}`;
      return `rule of ${inGroup}: ${direction}, ${protocol}${ports}, ${direction === "ingress" ? "from" : "to"} ${toGroup}`;
    }
    case "wait":
      return `network interfaces of ${String(step.descriptions.length)} load balancer(s)`;
    default:
      return step satisfies never;
  }
}

/**
 * Whether nothing of the cluster is left in the account: what goes with something else is left as well, and what is kept
 * counts unless the user said by name that it stays. What is not this cluster's does not count.
 */
export function isClean({ things, unknown }: Leftovers, { keep }: Pick<Wishes, "keep">): boolean {
  return unknown.length === 0 && things.every(({ owner, id }) => owner === "other" || keep.includes(id));
}

/** How a step ended. */
export interface Outcome {
  readonly step: Step;
  /** `gone`: somebody else, Kubernetes mostly, was faster. */
  readonly outcome: "done" | "gone" | "failed";
  /** Why it failed, and what to do; for people. */
  readonly reason?: string;
}

/** How a removal is carried out. */
export interface RemoveOptions {
  /** Told of every step that begins. */
  readonly onStep?: (step: Step) => void;
  /** Told, at every look, what is still waited for. */
  readonly onWait?: (what: string) => void;
  /** Told of every step that ended. */
  readonly onOutcome?: (outcome: Outcome) => void;
  /** Ends the removal between two calls, or while it waits; its reason is thrown. */
  readonly signal?: AbortSignal;
  /** How long to wait in one place. @default 600 */
  readonly patienceSeconds?: number;
  /** @default 5 */
  readonly pollSeconds?: number;
}

/** The clients that a removal works with. */
interface Clients {
  readonly settings: AwsSettings;
  readonly ec2: EC2Client;
  readonly classic: ElasticLoadBalancingClient;
  readonly v2: ElasticLoadBalancingV2Client;
}

/**
 * Carries a plan out, one step after the other. What is gone already is as good as done, so it can be run again at any
 * time. A step that AWS refuses is told as failed, and those after it are tried all the same.
 *
 * @throws UserError when the network interfaces of deleted load balancers do not go within the patience: what comes
 *   after would fail as well
 * @throws the signal's reason
 */
export async function remove(settings: AwsSettings, plan: Removal, options: RemoveOptions = {}): Promise<Outcome[]> {
  const clients: Clients = {
    settings,
    ec2: new EC2Client(patient(settings)),
    classic: new ElasticLoadBalancingClient(patient(settings)),
    v2: new ElasticLoadBalancingV2Client(patient(settings)),
  };
  const outcomes: Outcome[] = [];
  try {
    for (const step of plan.steps) {
      options.signal?.throwIfAborted();
      options.onStep?.(step);
      const outcome: Outcome = { step, ...(await carryOut(clients, step, plan.clusterName, options)) };
      outcomes.push(outcome);
      options.onOutcome?.(outcome);
    }
    return outcomes;
  } finally {
    for (const client of [clients.ec2, clients.classic, clients.v2]) client.destroy();
  }
}

async function carryOut(
  clients: Clients,
  step: Step,
  clusterName: string,
  options: RemoveOptions,
): Promise<Omit<Outcome, "step">> {
  if (step.does === "wait") {
    await untilInterfacesAreGone(clients.ec2, step.descriptions, options);
    return { outcome: "done" };
  }
  try {
    if (step.does === "revoke") {
      await revoke(clients.ec2, step.reference, options.signal);
      return { outcome: "done" };
    }
    return await deleteThing(clients, step.thing, clusterName, options);
  } catch (error) {
    options.signal?.throwIfAborted();
    if (isGone(error)) return { outcome: "gone" };
    const refusal = errorName(error);
    if (refusal === "") return asking(`remove the ${stepTitle(step)}`, Promise.reject(error as Error));
    return { outcome: "failed", reason: printable(`${CURES[refusal] ?? ""}${refusal}: ${(error as Error).message}`) };
  }
}

/** What AWS' refusals mean here, in front of its own words. */
const CURES: Readonly<Record<string, string>> = {
  OperationNotPermitted: "it is protected from deletion; turn that off if it may go: ",
  OperationNotPermittedException: "it is protected from deletion; turn that off if it may go: ",
  ResourceInUse: "a load balancer that is not this cluster's uses it: ",
  ResourceInUseException: "a load balancer that is not this cluster's uses it: ",
  VolumeInUse: "an instance still has it; run again when its node is gone: ",
};

async function revoke(ec2: EC2Client, reference: Reference, abortSignal?: AbortSignal): Promise<void> {
  const { inGroup, direction, permission } = reference;
  const input = { GroupId: inGroup, IpPermissions: [permission] };
  const command =
    direction === "ingress"
      ? new RevokeSecurityGroupIngressCommand(input)
      : new RevokeSecurityGroupEgressCommand(input);
  await ec2.send(command as RevokeSecurityGroupIngressCommand, { ...(abortSignal && { abortSignal }) });
}

async function deleteThing(
  clients: Clients,
  thing: Thing,
  clusterName: string,
  options: RemoveOptions,
): Promise<Omit<Outcome, "step">> {
  const { ec2, classic, v2, settings } = clients;
  const { kind, id } = thing;
  const how = { ...(options.signal && { abortSignal: options.signal }) };
  switch (kind) {
    case "classic load balancer": {
      // A name is all that tells classic ones apart, and somebody may have made another of that name since the scan.
      const tags = await tagsOfClassic(classic, id);
      if (tags === undefined) return { outcome: "gone" };
      if (thing.owner !== ownershipByTags(tags, clusterName)?.owner) {
        return { outcome: "failed", reason: "its tags have changed since it was looked at; look again" };
      }
      await classic.send(new DeleteClassicLoadBalancerCommand({ LoadBalancerName: id }), how);
      return { outcome: "done" };
    }
    case "load balancer":
      await v2.send(new DeleteLoadBalancerCommand({ LoadBalancerArn: id }), how);
      return { outcome: "done" };
    case "target group":
      await v2.send(new DeleteTargetGroupCommand({ TargetGroupArn: id }), how);
      return { outcome: "done" };
    case "network interface":
      await ec2.send(new DeleteNetworkInterfaceCommand({ NetworkInterfaceId: id }), how);
      return { outcome: "done" };
    case "security group":
      return deleteSecurityGroup(ec2, id, options);
    case "volume":
      await ec2.send(new DeleteVolumeCommand({ VolumeId: id }), how);
      return { outcome: "done" };
    case "log group":
      await deleteLogGroup(settings, id);
      return { outcome: "done" };
    case "instance":
    case "subnet":
    case "NAT gateway":
    case "VPC endpoint":
      throw new Error(`a plan of removal has no ${kind}`);
    default:
      return kind satisfies never;
  }
}

const PATIENCE_SECONDS = 600;
const POLL_SECONDS = 5;

/** Looks again and again; what `look` returns is what is still missing, in words. */
async function until(
  { signal, onWait, patienceSeconds = PATIENCE_SECONDS, pollSeconds = POLL_SECONDS }: RemoveOptions,
  look: () => Promise<string | undefined>,
): Promise<string | undefined> {
  const deadline = Date.now() + patienceSeconds * 1000;
  for (;;) {
    signal?.throwIfAborted();
    const missing = await look();
    if (missing === undefined) return undefined;
    if (Date.now() >= deadline) return missing;
    onWait?.(missing);
    // A sleep that is interrupted throws an error of its own; the next turn throws the signal's.
    await sleep(pollSeconds * 1000, undefined, { ...(signal && { signal }) }).catch(() => undefined);
  }
}

async function interfacesBy(ec2: EC2Client, filter: Filter): Promise<NetworkInterface[]> {
  const list = async () => {
    const all: NetworkInterface[] = [];
    for await (const page of paginateDescribeNetworkInterfaces({ client: ec2 }, { Filters: [filter] })) {
      all.push(...(page.NetworkInterfaces ?? []));
    }
    return all;
  };
  return asking("list the network interfaces", list());
}

async function untilInterfacesAreGone(
  ec2: EC2Client,
  descriptions: readonly string[],
  options: RemoveOptions,
): Promise<void> {
  const { patienceSeconds = PATIENCE_SECONDS } = options;
  const held = await until(options, async () => {
    const left: NetworkInterface[] = [];
    for (const Values of inBatches(descriptions, FILTER_VALUES)) {
      left.push(...(await interfacesBy(ec2, { Name: "description", Values })));
    }
    return left.length === 0 ? undefined : left.map(holder).join("; ");
  });
  if (held !== undefined) {
    throw new UserError(
      `the load balancers are deleted, but after ${String(patienceSeconds)} s AWS still has their network interfaces: ` +
        `${held}; wait some minutes and run again, and ask AWS support if they stay`,
    );
  }
}

/** A network interface, and what it is attached to. */
function holder({ NetworkInterfaceId = "", Description = "", Status, Attachment }: NetworkInterface): string {
  const by = Attachment?.InstanceId ?? Attachment?.InstanceOwnerId;
  const called = Description === "" ? "" : ` "${Description}"`;
  return printable(`${NetworkInterfaceId}${called} is ${Status ?? "there"}${by === undefined ? "" : ` by ${by}`}`);
}

async function deleteSecurityGroup(
  ec2: EC2Client,
  GroupId: string,
  options: RemoveOptions,
): Promise<Omit<Outcome, "step">> {
  const { patienceSeconds = PATIENCE_SECONDS, signal } = options;
  let refusal = "";
  const held = await until(options, async () => {
    try {
      await ec2.send(new DeleteSecurityGroupCommand({ GroupId }), { ...(signal && { abortSignal: signal }) });
      return undefined;
    } catch (error) {
      if (errorName(error) !== "DependencyViolation") throw error;
      refusal = (error as Error).message;
    }
    const interfaces = await interfacesBy(ec2, { Name: "group-id", Values: [GroupId] });
    return interfaces.length === 0 ? `AWS says: ${refusal}` : interfaces.map(holder).join("; ");
  });
  if (held === undefined) return { outcome: "done" };
  return { outcome: "failed", reason: printable(`still in use after ${String(patienceSeconds)} s: ${held}`) };
}
