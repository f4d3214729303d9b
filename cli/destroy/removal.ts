import { setTimeout as sleep } from "node:timers/promises";

import { DeleteLogGroupCommand } from "@aws-sdk/client-cloudwatch-logs";
import {
  DeleteNetworkInterfaceCommand,
  DeleteSecurityGroupCommand,
  DeleteVolumeCommand,
  RevokeSecurityGroupEgressCommand,
  RevokeSecurityGroupIngressCommand,
  type NetworkInterface,
} from "@aws-sdk/client-ec2";
import { DeleteLoadBalancerCommand as DeleteClassicLoadBalancerCommand } from "@aws-sdk/client-elastic-load-balancing";
import { DeleteLoadBalancerCommand, DeleteTargetGroupCommand } from "@aws-sdk/client-elastic-load-balancing-v2";

import { asking, errorName, isGone } from "../../aws/call";
import { patient, withAws, type AwsClients, type AwsSettings } from "../../aws/clients";
import { anyOf } from "../../aws/finders/finder";
import { FINDERS, tagsOfClassic, type FoundType } from "../../aws/finders/table";
import { UserError } from "../../contract/user-error";
import { printable } from "../../terminal/text";
import { ownershipByTags, type Reference, type Thing } from "./ownership";
import { stepTitle, type Removal, type Step } from "./removal-plan";

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

/**
 * Carries a plan out, one step after the other. What is gone already is as good as done, so it can be run again at any
 * time. A step that AWS refuses is told as failed, and those after it are tried all the same.
 *
 * @throws UserError when the network interfaces of deleted load balancers do not go within the patience: what comes
 *   after would fail as well
 * @throws the signal's reason
 */
export function remove(settings: AwsSettings, plan: Removal, options: RemoveOptions = {}): Promise<Outcome[]> {
  return withAws(patient(settings), async (clients) => {
    const outcomes: Outcome[] = [];
    for (const step of plan.steps) {
      options.signal?.throwIfAborted();
      options.onStep?.(step);
      const outcome: Outcome = { step, ...(await carryOut(clients, step, plan.clusterName, options)) };
      outcomes.push(outcome);
      options.onOutcome?.(outcome);
    }
    return outcomes;
  });
}

/** Why something stays, where AWS' own words are not enough. */
class Refused extends Error {}

async function carryOut(
  clients: AwsClients,
  step: Step,
  clusterName: string,
  options: RemoveOptions,
): Promise<Omit<Outcome, "step">> {
  try {
    if (step.does === "wait") await untilInterfacesAreGone(clients, step.descriptions, options);
    else if (step.does === "revoke") await revoke(clients, step.reference, abortable(options));
    else await DELETIONS[step.thing.type]?.(clients, step.thing, clusterName, options);
    return { outcome: "done" };
  } catch (error) {
    options.signal?.throwIfAborted();
    if (isGone(error)) return { outcome: "gone" };
    if (error instanceof Refused) return { outcome: "failed", reason: printable(error.message) };
    const refusal = errorName(error);
    if (refusal === "") return asking(`remove the ${stepTitle(step)}`, Promise.reject(error as Error));
    return { outcome: "failed", reason: printable(`${CURES[refusal] ?? ""}${refusal}: ${(error as Error).message}`) };
  }
}

function abortable({ signal }: RemoveOptions) {
  return { ...(signal && { abortSignal: signal }) };
}

/** What AWS' refusals mean here, in front of its own words. */
const CURES: Readonly<Record<string, string>> = {
  OperationNotPermitted: "it is protected from deletion; turn that off if it may go: ",
  OperationNotPermittedException: "it is protected from deletion; turn that off if it may go: ",
  ResourceInUse: "a load balancer that is not this cluster's uses it: ",
  ResourceInUseException: "a load balancer that is not this cluster's uses it: ",
  VolumeInUse: "an instance still has it; run again when its node is gone: ",
};

function revoke(
  { ec2 }: AwsClients,
  { inGroup, direction, permission }: Reference,
  how: { abortSignal?: AbortSignal },
) {
  const input = { GroupId: inGroup, IpPermissions: [permission] };
  return direction === "ingress"
    ? ec2.send(new RevokeSecurityGroupIngressCommand(input), how)
    : ec2.send(new RevokeSecurityGroupEgressCommand(input), how);
}

/** How each type that a plan of removal may have is deleted. */
const DELETIONS: Partial<
  Record<
    FoundType,
    (clients: AwsClients, thing: Thing, clusterName: string, options: RemoveOptions) => Promise<unknown>
  >
> = {
  aws_elb: async (clients, { id, owner }, clusterName, options) => {
    // A name is all that tells classic ones apart, and somebody may have made another of that name since the scan.
    const [[, tags] = ["", {}]] = await tagsOfClassic(clients, [id]);
    if (owner !== ownershipByTags(tags, clusterName)?.owner) {
      throw new Refused("its tags have changed since it was looked at; look again");
    }
    await clients.classic.send(new DeleteClassicLoadBalancerCommand({ LoadBalancerName: id }), abortable(options));
  },
  aws_lb: ({ v2 }, { id }, _, options) =>
    v2.send(new DeleteLoadBalancerCommand({ LoadBalancerArn: id }), abortable(options)),
  aws_lb_target_group: ({ v2 }, { id }, _, options) =>
    v2.send(new DeleteTargetGroupCommand({ TargetGroupArn: id }), abortable(options)),
  aws_network_interface: ({ ec2 }, { id }, _, options) =>
    ec2.send(new DeleteNetworkInterfaceCommand({ NetworkInterfaceId: id }), abortable(options)),
  aws_security_group: deleteSecurityGroup,
  aws_ebs_volume: ({ ec2 }, { id }, _, options) =>
    ec2.send(new DeleteVolumeCommand({ VolumeId: id }), abortable(options)),
  aws_cloudwatch_log_group: ({ logs }, { id }, _, options) =>
    logs.send(new DeleteLogGroupCommand({ logGroupName: id }), abortable(options)),
};

const PATIENCE_SECONDS = 600;
const POLL_SECONDS = 5;

/**
 * Looks again and again until nothing is missing, or the patience is at its end.
 *
 * @param look what is still missing, in words
 * @returns what is missing at the end
 * @throws the signal's reason
 */
export async function until(
  {
    signal,
    onWait,
    patienceSeconds = PATIENCE_SECONDS,
    pollSeconds = POLL_SECONDS,
  }: Pick<RemoveOptions, "signal" | "onWait" | "patienceSeconds" | "pollSeconds">,
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

/** Network interfaces in words, with what each is attached to; undefined where there is none. */
async function interfacesBy(
  clients: AwsClients,
  filter: string,
  values: readonly string[],
): Promise<string | undefined> {
  const found = await FINDERS.aws_network_interface.find(clients, anyOf(filter, values));
  return found.length === 0 ? undefined : found.map(({ details }) => holder(details)).join("; ");
}

async function untilInterfacesAreGone(
  clients: AwsClients,
  descriptions: readonly string[],
  options: RemoveOptions,
): Promise<void> {
  const { patienceSeconds = PATIENCE_SECONDS } = options;
  const held = await until(options, () => interfacesBy(clients, "description", descriptions));
  if (held !== undefined) {
    throw new UserError(
      `the load balancers are deleted, but after ${String(patienceSeconds)} s AWS still has their network ` +
        `interfaces: ${held}; wait some minutes and run again, and ask AWS support if they stay`,
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
  clients: AwsClients,
  { id }: Thing,
  _: string,
  options: RemoveOptions,
): Promise<void> {
  const { patienceSeconds = PATIENCE_SECONDS } = options;
  const held = await until(options, async () => {
    try {
      await clients.ec2.send(new DeleteSecurityGroupCommand({ GroupId: id }), abortable(options));
      return undefined;
    } catch (error) {
      if (errorName(error) !== "DependencyViolation") throw error;
      return (await interfacesBy(clients, "group-id", [id])) ?? `AWS says: ${(error as Error).message}`;
    }
  });
  if (held !== undefined) throw new Refused(`still in use after ${String(patienceSeconds)} s: ${held}`);
}
