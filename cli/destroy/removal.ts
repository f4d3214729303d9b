import { setTimeout as sleep } from "node:timers/promises";

import { DeleteLogGroupCommand } from "@aws-sdk/client-cloudwatch-logs";
import {
  DeleteNetworkInterfaceCommand,
  DeleteSecurityGroupCommand,
  DeleteVolumeCommand,
  DeleteVpcEndpointsCommand,
  RevokeSecurityGroupEgressCommand,
  RevokeSecurityGroupIngressCommand,
  type NetworkInterface,
} from "@aws-sdk/client-ec2";
import { DeleteLoadBalancerCommand as DeleteClassicLoadBalancerCommand } from "@aws-sdk/client-elastic-load-balancing";
import { DeleteLoadBalancerCommand, DeleteTargetGroupCommand } from "@aws-sdk/client-elastic-load-balancing-v2";

import { asking, errorName, isGone } from "../../aws/call";
import { patient, withAws, type AwsClients, type AwsSettings } from "../../aws/clients";
import { anyOf } from "../../aws/finders/finder";
import { FINDERS, tagsOfClassic } from "../../aws/finders/table";
import { UserError } from "../../contract/user-error";
import { printable } from "../../terminal/text";
import { ownershipByTags } from "./ownership";
import { stepTitle, type DeletableType, type Removal, type Step } from "./removal-plan";

/** How a step ended. */
export interface Outcome {
  readonly step: Step;
  /** `gone`: somebody else, Kubernetes mostly, was faster. */
  readonly outcome: "done" | "gone" | "failed";
  /** Why it failed, and what to do; for people. */
  readonly reason?: string;
}

/** How long something is waited for, and how it is shown. */
export interface Waiting {
  /** Told what it is busy with. */
  readonly busy: (what: string) => void;
  /** Ends it between two calls, or while it waits; its reason is thrown. */
  readonly signal: AbortSignal;
  /** How long to wait in one place. @default 600 */
  readonly patienceSeconds?: number;
  /** @default 5 */
  readonly pollSeconds?: number;
}

/**
 * Carries a plan out, one step after the other. What is gone already is as good as done, so it can be run again at any
 * time. A step that AWS refuses is told as failed, and those after it are tried all the same.
 *
 * @param ended told of every step that ended
 * @throws UserError when the network interfaces of deleted load balancers do not go within the patience: what comes
 *   after would fail as well
 * @throws the signal's reason
 */
export function remove(
  settings: AwsSettings,
  { steps, clusterName }: Removal,
  waiting: Waiting,
  ended: (outcome: Outcome) => void,
): Promise<void> {
  return withAws(patient(settings), async (clients) => {
    for (const step of steps) {
      waiting.signal.throwIfAborted();
      waiting.busy(stepTitle(step));
      ended({ step, ...(await outcomeOf(step, carryOut(clients, step, clusterName, waiting), waiting.signal)) });
    }
  });
}

/** @param refusal why the step could not be done, where AWS' own words are not enough */
async function outcomeOf(
  step: Step,
  refusal: Promise<string | undefined>,
  signal: AbortSignal,
): Promise<Omit<Outcome, "step">> {
  try {
    const reason = await refusal;
    return reason === undefined ? { outcome: "done" } : { outcome: "failed", reason: printable(reason) };
  } catch (error) {
    signal.throwIfAborted();
    if (isGone(error)) return { outcome: "gone" };
    const name = errorName(error);
    if (name === "") return asking(`remove the ${stepTitle(step)}`, Promise.reject(error as Error));
    return { outcome: "failed", reason: printable(`${CURES[name] ?? ""}${name}: ${(error as Error).message}`) };
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

/** How long, and how often. */
const [PATIENCE_SECONDS, POLL_SECONDS] = [600, 5];

/** @returns why it could not be done */
async function carryOut(
  clients: AwsClients,
  step: Step,
  clusterName: string,
  waiting: Waiting,
): Promise<string | undefined> {
  const { signal: abortSignal, patienceSeconds = PATIENCE_SECONDS } = waiting;
  if (step.does === "wait") {
    const held = await until(waiting, () => interfacesBy(clients, "description", step.descriptions));
    if (held === undefined) return undefined;
    throw new UserError(
      `the load balancers are deleted, but after ${String(patienceSeconds)} s AWS still has their network ` +
        `interfaces: ${held}; wait some minutes and run again, and ask AWS support if they stay`,
    );
  }
  if (step.does === "revoke") {
    const { inGroup: GroupId, direction, permission } = step.reference;
    const input = { GroupId, IpPermissions: [permission] };
    if (direction === "ingress") {
      await clients.ec2.send(new RevokeSecurityGroupIngressCommand(input), { abortSignal });
    } else await clients.ec2.send(new RevokeSecurityGroupEgressCommand(input), { abortSignal });
    return undefined;
  }
  const { type, id, owner } = step.thing;
  if (type === "aws_elb") {
    // A name is all that tells classic ones apart, and somebody may have made another of that name since the scan.
    const [[, tags] = ["", {}]] = await tagsOfClassic(clients, [id]);
    if (owner !== ownershipByTags(tags, clusterName)?.owner) {
      return "its tags have changed since it was looked at; look again";
    }
  }
  if (type !== "aws_security_group") {
    await DELETIONS[type](clients, id, { abortSignal });
    return undefined;
  }
  const held = await until(waiting, async () => {
    try {
      await clients.ec2.send(new DeleteSecurityGroupCommand({ GroupId: id }), { abortSignal });
      return undefined;
    } catch (error) {
      if (errorName(error) !== "DependencyViolation") throw error;
      return (await interfacesBy(clients, "group-id", [id])) ?? `AWS says: ${(error as Error).message}`;
    }
  });
  return held === undefined ? undefined : `still in use after ${String(patienceSeconds)} s: ${held}`;
}

type Deletion = (clients: AwsClients, id: string, how: { readonly abortSignal: AbortSignal }) => Promise<unknown>;

/** How each type that a plan of removal may have is deleted, but for security groups. */
const DELETIONS: Readonly<Record<Exclude<DeletableType, "aws_security_group">, Deletion>> = {
  aws_elb: ({ classic }, LoadBalancerName, how) =>
    classic.send(new DeleteClassicLoadBalancerCommand({ LoadBalancerName }), how),
  aws_lb: ({ v2 }, LoadBalancerArn, how) => v2.send(new DeleteLoadBalancerCommand({ LoadBalancerArn }), how),
  aws_lb_target_group: ({ v2 }, TargetGroupArn, how) => v2.send(new DeleteTargetGroupCommand({ TargetGroupArn }), how),
  aws_vpc_endpoint: async ({ ec2 }, id, how) => {
    const { Unsuccessful: [failed] = [] } = await ec2.send(
      new DeleteVpcEndpointsCommand({ VpcEndpointIds: [id] }),
      how,
    );
    // It is told as an answer, unlike every other refusal.
    const { Code: name, Message } = failed?.Error ?? {};
    if (name !== undefined) throw Object.assign(new Error(Message), { name, $metadata: {} });
  },
  aws_network_interface: ({ ec2 }, NetworkInterfaceId, how) =>
    ec2.send(new DeleteNetworkInterfaceCommand({ NetworkInterfaceId }), how),
  aws_ebs_volume: ({ ec2 }, VolumeId, how) => ec2.send(new DeleteVolumeCommand({ VolumeId }), how),
  aws_cloudwatch_log_group: ({ logs }, logGroupName, how) =>
    logs.send(new DeleteLogGroupCommand({ logGroupName }), how),
};

/**
 * Looks again and again until nothing is missing, or the patience is at its end.
 *
 * @param look what is still missing, in words
 * @returns what is missing at the end
 * @throws the signal's reason
 */
export async function until(
  { signal, busy, patienceSeconds = PATIENCE_SECONDS, pollSeconds = POLL_SECONDS }: Waiting,
  look: () => Promise<string | undefined>,
): Promise<string | undefined> {
  const deadline = Date.now() + patienceSeconds * 1000;
  for (;;) {
    signal.throwIfAborted();
    const missing = await look();
    if (missing === undefined || Date.now() >= deadline) return missing;
    busy(`waiting for ${missing}`);
    // A sleep that is interrupted throws an error of its own; the next turn throws the signal's.
    await sleep(pollSeconds * 1000, undefined, { signal }).catch(() => undefined);
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

/** A network interface, and what it is attached to. */
function holder({ NetworkInterfaceId = "", Description = "", Status, Attachment }: NetworkInterface): string {
  const by = Attachment?.InstanceId ?? Attachment?.InstanceOwnerId;
  const called = Description === "" ? "" : ` "${Description}"`;
  return printable(`${NetworkInterfaceId}${called} is ${Status ?? "there"}${by === undefined ? "" : ` by ${by}`}`);
}
