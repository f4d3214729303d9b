import { diffLines } from "diff";
import { z } from "zod";

import { jsonIn } from "../../contract/json";
import { UserError } from "../../contract/user-error";
import {
  findMappingProblem,
  MANAGED_BY,
  mergeAwsAuth,
  removedGroups,
  type AwsAuthData,
  type WantedMappings,
} from "../../facts/aws-auth";
import { compareVersions } from "../../facts/version-order";
import { quoted } from "../../contract/shell";
import { sh, type Command } from "../engine/command";
import { explain, explained } from "../engine/explain";
import type { CommandResult } from "../engine/host";
import { nodesOf, nodeTable, type Node } from "../nodes";
import { PLAN_AGAIN, type Reading, type Task, type Wait } from "../engine/task";

/** aws-auth as the cluster has it: its data, and everything else that must come back with it. */
export type AwsAuth = Readonly<Record<string, unknown>> & { readonly data?: AwsAuthData };

/** What the cluster says; `unreachable` says why it says nothing. */
export type ClusterState =
  { readonly unreachable: string } | { readonly awsAuth: AwsAuth | undefined; readonly nodes: readonly Node[] };

/** How to ask a cluster, from the bastion, as the user who is logged in. */
export interface ClusterAddress {
  /** Context of the kubeconfig. */
  readonly context: string;
  /** Whether aws-auth says who may use the cluster, and not access entries, beside which it is somebody else's. */
  readonly hasAwsAuth: boolean;
}

const LIST = z.object({
  items: z.array(z.looseObject({ kind: z.string(), metadata: z.looseObject({ name: z.string() }) })),
});

/** An API server that has just been made is in the VPC's DNS within a minute. */
const API_PATIENCE_SECONDS = 60;

function kubectl({ context }: ClusterAddress, ...args: string[]): Command {
  // Reading must not write: kubectl keeps what it has learnt of the API in ~/.kube/cache otherwise.
  return {
    text: `kubectl --kubeconfig "$HOME"/.kube/config --cache-dir /dev/null --request-timeout 20s ${sh`--context ${context} --namespace kube-system ${args}`.text}`,
  };
}

/** Nodes and aws-auth in one answer: a kubectl takes most of its time to get a token. */
function clusterReading(address: ClusterAddress): Reading<ClusterState> {
  const kinds = address.hasAwsAuth ? "configmaps,nodes" : "nodes";
  return { command: kubectl(address, "get", kinds, "--output", "json"), parse: parseCluster };
}

/** Reads what `kubectl get --output json` answered. */
export function parseCluster(result: CommandResult): ClusterState {
  if (result.exitCode !== 0) return { unreachable: explain(result) };
  const list = LIST.safeParse(jsonIn(result.stdout));
  if (!list.success) return { unreachable: "kubectl answered something that is no list" };
  const { items } = list.data;
  const awsAuth = items.find(({ kind, metadata }) => kind === "ConfigMap" && metadata.name === "aws-auth");
  return { awsAuth: awsAuth as AwsAuth | undefined, nodes: nodesOf(items.filter(({ kind }) => kind === "Node")) };
}

/** The cluster answers to who asks from the bastion. */
export function clusterApi(address: ClusterAddress, patienceSeconds: number): Wait<ClusterState> {
  return {
    title: "cluster API",
    current: clusterReading(address),
    missing: (current) => ("unreachable" in current ? current.unreachable : undefined),
    patienceSeconds: Math.min(patienceSeconds, API_PATIENCE_SECONDS),
  };
}

/** Whether Terraform looks after a ConfigMap, and would undo what others write into it. */
function isTerraforms(found: AwsAuth | undefined): boolean {
  const labelled = z.object({ metadata: z.object({ labels: z.record(z.string(), z.unknown()) }) }).safeParse(found);
  const owner = labelled.success ? labelled.data.metadata.labels[MANAGED_BY.label] : undefined;
  return typeof owner === "string" && owner.toLowerCase() === MANAGED_BY.terraform;
}

/** Where `kubectl apply` keeps what its last file said; its next one takes away what only the older says. */
const LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration";

/** What the file said with which somebody has applied a ConfigMap; nothing when nobody has. */
function appliedData(found: AwsAuth | undefined): AwsAuthData {
  const annotated = z
    .object({ metadata: z.object({ annotations: z.object({ [LAST_APPLIED]: z.string() }) }) })
    .safeParse(found);
  const applied = annotated.success ? jsonIn(annotated.data.metadata.annotations[LAST_APPLIED]) : undefined;
  return z.object({ data: z.record(z.string(), z.string()) }).safeParse(applied).data?.data ?? {};
}

/**
 * Our mappings in the ConfigMap aws-auth; everybody else's stay. One that Terraform looks after is left alone: two who
 * write it would undo each other's entries.
 *
 * @param kubectlVersion of the bastion's: `1.31.14`
 */
export function awsAuth(address: ClusterAddress, wanted: WantedMappings, kubectlVersion: string): Task<ClusterState> {
  const merged = (current: ClusterState) => {
    if ("unreachable" in current) throw new UserError(current.unreachable);
    const { awsAuth: found } = current;
    try {
      const before = found?.data ?? {};
      const data = mergeAwsAuth(found === undefined ? undefined : before, wanted);
      return { found, before, data, isChanged: found === undefined || data !== before };
    } catch (cause) {
      // A mapping that cannot be read or must not be written: for the reader to mend.
      throw new UserError((cause as Error).message, { cause });
    }
  };
  return {
    title: "aws-auth",
    current: clusterReading(address),
    changes: (current) => {
      const { found, before, data, isChanged } = merged(current);
      if (isChanged && isTerraforms(found)) throw new UserError(notOurs(before, data));
      return isChanged ? [store(address, kubectlVersion, found, data)] : [];
    },
    warnings: (current) => {
      const { found, before, data } = merged(current);
      const keys = Object.keys(changedKeys(before, data)).filter((key) => key in appliedData(found));
      const owned = keys.map(
        (key) =>
          `${key} is also in a file that somebody gave to kubectl apply: its next apply takes these entries away; ` +
          "add them to that file (--diff shows them)",
      );
      const taken = removedGroups(before, wanted).map(
        ({ arn, groups }) => `${arn} is taken out of ${groups.join(", ")}, which tfvars do not list for it`,
      );
      return [...owned, ...taken];
    },
    diff: (current) => {
      const { before, data } = merged(current);
      return dataDiff(before, data);
    },
  };
}

/** Why nothing is written, and what would have been. */
function notOurs(before: AwsAuthData, data: AwsAuthData): string {
  return (
    `aws-auth is Terraform's (its label ${MANAGED_BY.label} says so), so the bootstrap leaves it alone, and it lacks entries; ` +
    `give the stack eks-kubernetes the same tfvars as the stack eks (and node_role_arns), and deploy it:\n${dataDiff(before, data)}`
  );
}

/** What is different, key by key. */
function dataDiff(before: AwsAuthData, data: AwsAuthData): string {
  return Object.keys({ ...before, ...data })
    .map((key) => [key, lineDiff(before[key] ?? "", data[key] ?? "")])
    .filter(([, diff]) => diff !== "")
    .map(([key, diff]) => `${String(key)}:\n${String(diff)}`)
    .join("\n");
}

/** The keys whose texts differ, with their new ones. */
function changedKeys(before: AwsAuthData, data: AwsAuthData): AwsAuthData {
  return Object.fromEntries(Object.entries(data).filter(([key, text]) => before[key] !== text));
}

/**
 * Only over the version that was read: whoever else has written meanwhile is not overwritten. One that is there is
 * patched, with the keys that change and nothing else: `kubectl replace` writes what it is given into LAST_APPLIED too,
 * and with it somebody's next `kubectl apply` would take away the mappings that their file never had.
 */
function store(
  address: ClusterAddress,
  kubectlVersion: string,
  found: AwsAuth | undefined,
  data: AwsAuthData,
): Command {
  const { text, input } = found === undefined ? creation(address, data) : patch(address, kubectlVersion, found, data);
  return {
    text: `output=$(${text} 2>&1) || {
  code=$?; printf '%s\\n' "$output" >&2
  case $output in *"(Conflict)"* | *"(AlreadyExists)"* | *"(NotFound)"*) exit ${String(PLAN_AGAIN)} ;; esac
  exit "$code"
}`,
    input,
  };
}

function creation(address: ClusterAddress, data: AwsAuthData): Required<Command> {
  const metadata = { name: "aws-auth", namespace: "kube-system" };
  const configMap = { apiVersion: "v1", kind: "ConfigMap", metadata, data };
  const { text } = kubectl(address, "create", "--validate=false", "--filename", "-");
  return { text, input: JSON.stringify(configMap) };
}

/**
 * The first kubectl that reads a patch from a file. @see
 * https://github.com/kubernetes/kubernetes/blob/master/CHANGELOG/CHANGELOG-1.20.md
 */
const READS_PATCHES_SINCE = "1.20.0";
/** Bytes of one argument, with the zero behind it. @see https://man7.org/linux/man-pages/man2/execve.2.html */
const LONGEST_ARGUMENT = 128 * 1024;

function patch(
  address: ClusterAddress,
  kubectlVersion: string,
  { metadata, data: before = {} }: AwsAuth,
  data: AwsAuthData,
): Required<Command> {
  const { resourceVersion } = metadata as { readonly resourceVersion?: string };
  const { text } = kubectl(address, "patch", "configmap", "aws-auth", "--type", "merge");
  const input = JSON.stringify({ metadata: { resourceVersion }, data: changedKeys(before, data) });
  // Through a pipe, since sshd may give a socket, and /dev/stdin cannot be opened on one.
  if (compareVersions(kubectlVersion, READS_PATCHES_SINCE) >= 0) {
    return { text: `cat | ${text} --patch-file /dev/stdin`, input };
  }
  const size = Buffer.byteLength(input);
  if (size >= LONGEST_ARGUMENT) {
    throw new UserError(
      `aws-auth is too long for kubectl ${kubectlVersion}: the change has ${String(size)} bytes, and kubectl before 1.20 takes less ` +
        `than ${String(LONGEST_ARGUMENT)}; write it by hand with kubectl --namespace kube-system edit configmap aws-auth (--diff ` +
        "shows what), or upgrade the cluster to 1.20 or later",
    );
  }
  return { text: `${text} --patch "$(cat)"`, input };
}

function lineDiff(before: string, after: string): string {
  return diffLines(before, after)
    .filter(({ added, removed }) => added || removed)
    .flatMap(({ added, value }) =>
      value
        .trimEnd()
        .split("\n")
        .map((line) => `${added ? "+" : "-"} ${line}`),
    )
    .join("\n");
}

/** Which nodes a cluster shall have, and what may keep them from joining. */
export interface WantedNodes {
  /** Wanted size by the name of the Auto Scaling group. */
  readonly groups: Readonly<Record<string, number>>;
  readonly region: string;
  readonly nodeRoleArns: readonly string[];
}

/** As many nodes are Ready as the node groups want together. */
export function nodes(address: ClusterAddress, wanted: WantedNodes, patienceSeconds: number): Wait<ClusterState> {
  const current = clusterReading(address);
  const count = Object.values(wanted.groups).reduce((sum, size) => sum + size, 0);
  return {
    title: "nodes",
    current,
    missing: (state) => {
      if ("unreachable" in state) return state.unreachable;
      const ready = state.nodes.filter(({ isReady }) => isReady).length;
      return ready >= count ? undefined : `${String(ready)} of ${String(count)} nodes are Ready`;
    },
    patienceSeconds,
    hopeless: async (host) => {
      const running = inService(await host.run(autoScalingGroups(wanted)));
      return running.length === 0 ? undefined : unknownToEc2(running, await host.run(instances(running, wanted)));
    },
    diagnose: async (host) => {
      const groups = await host.run(autoScalingGroups(wanted));
      const state = current.parse(await host.run(current.command));
      return brokenLink(state, groups, address, wanted);
    },
    result: (state) => {
      const found = "unreachable" in state ? [] : state.nodes;
      return { text: nodeTable(found, new Date()), json: { nodes: found } };
    },
  };
}

function autoScalingGroups({ groups, region }: WantedNodes): Command {
  const names = Object.keys(groups);
  return {
    text: sh`aws autoscaling describe-auto-scaling-groups --region ${region} --output json --auto-scaling-group-names ${names}`
      .text,
  };
}

const GROUPS = z.object({
  AutoScalingGroups: z.array(
    z.object({
      AutoScalingGroupName: z.string(),
      Instances: z.array(z.object({ InstanceId: z.string(), LifecycleState: z.string().optional() })),
    }),
  ),
});

/**
 * Ids of the instances that run, as an answer of `aws autoscaling describe-auto-scaling-groups` has it; none when it is
 * a failure.
 */
function inService({ exitCode, stdout }: CommandResult): readonly string[] {
  const told = exitCode === 0 ? GROUPS.safeParse(jsonIn(stdout)).data : undefined;
  return (told?.AutoScalingGroups ?? []).flatMap(({ Instances }) =>
    Instances.filter(({ LifecycleState }) => LifecycleState === "InService").map(({ InstanceId }) => InstanceId),
  );
}

/**
 * How many values a filter of EC2 may have. @see https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_Filter.html
 */
const FILTER_VALUES = 200;

/** By a filter: an id that EC2 does not have is no failure. */
function instances(ids: readonly string[], { region }: WantedNodes): Command {
  const filter = `Name=instance-id,Values=${ids.slice(0, FILTER_VALUES).join(",")}`;
  return {
    text: sh`aws ec2 describe-instances --region ${region} --output json --filters ${filter} --query ${"Reservations[].Instances[].InstanceId"}`
      .text,
  };
}

/**
 * Why the instances of the groups never become nodes: EC2 has none of them. AWS has them; an emulator may only have
 * made them up.
 *
 * @param ids what the groups call InService
 * @param answer of `aws ec2 describe-instances`
 * @returns undefined when it has one, or may not be asked
 */
function unknownToEc2(ids: readonly string[], { exitCode, stdout }: CommandResult): string | undefined {
  const known = exitCode === 0 ? z.array(z.string()).safeParse(jsonIn(stdout)).data : undefined;
  if (known === undefined || known.some((id) => ids.includes(id))) return undefined;
  return (
    `the Auto Scaling groups call the instances ${ids.join(", ")} InService, and EC2 has none of them: nothing runs that ` +
    "could become a node. An emulator of AWS that does not launch what its groups have shows everything but nodes"
  );
}

/**
 * The first broken link of the chain by which a node joins, as far as it can be seen from the bastion: the mapping of
 * its role, its instance, its registration, its health.
 *
 * @param answer of `aws autoscaling describe-auto-scaling-groups`
 */
export function brokenLink(
  state: ClusterState,
  answer: CommandResult,
  { hasAwsAuth }: Pick<ClusterAddress, "hasAwsAuth">,
  { groups, region, nodeRoleArns }: WantedNodes,
): string {
  if ("unreachable" in state) return state.unreachable;
  const mapped = state.awsAuth && (state.awsAuth.data ?? {});
  const [unmapped] = hasAwsAuth ? nodeRoleArns.flatMap((arn) => findMappingProblem(mapped, arn) ?? []) : [];
  if (unmapped !== undefined) return unmapped;

  const sick = state.nodes.filter(({ isReady }) => !isReady);
  const health = sick.map(({ name, reason }) => `${name} is NotReady: ${reason}`);
  const described = answer.exitCode === 0 ? GROUPS.safeParse(jsonIn(answer.stdout)) : undefined;
  if (described?.success !== true) {
    if (health.length > 0) return health.join("; ");
    const count = state.nodes.length;
    const registered = count === 0 ? "no node has registered" : `only ${String(count)} have registered`;
    // The bastion's own role may ask for the cluster, and for nothing else.
    return (
      `${registered}, and the instances cannot be seen from the host: ${explained(answer).why}; ` +
      `whoever may look at the Auto Scaling groups ${Object.keys(groups).join(", ")} finds out with eks doctor`
    );
  }
  const instancesOf = (group: string) =>
    described.data.AutoScalingGroups.find(({ AutoScalingGroupName: name }) => name === group)?.Instances ?? [];
  const few = Object.entries(groups).find(([group, size]) => instancesOf(group).length < size);
  if (few !== undefined) {
    const [group, size] = few;
    return (
      `the Auto Scaling group ${group} has ${String(instancesOf(group).length)} of ${String(size)} instances; its activities say why: ` +
      `aws autoscaling describe-scaling-activities --region ${region} --auto-scaling-group-name ${quoted(group)}`
    );
  }
  if (health.length > 0) return health.join("; ");
  const ids = Object.keys(groups).flatMap((group) => instancesOf(group).map(({ InstanceId: id }) => id));
  return (
    `the instances ${ids.join(", ")} run, and only ${String(state.nodes.length)} have registered: the kubelet's log on them says why ` +
    "(journalctl -u kubelet); usual causes are an AMI of another Kubernetes version, user data of another cluster, and " +
    "security groups without 443 to the control plane"
  );
}
