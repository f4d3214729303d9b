import { diffLines } from "diff";
import { z } from "zod";

import type { Handover } from "../../contract/handover";
import { jsonIn } from "../../contract/json";
import { UserError } from "../../contract/user-error";
import {
  findMappingProblem,
  MANAGED_BY,
  mergeAwsAuth,
  nodeRoleArns,
  removedGroups,
  type AwsAuthData,
  type MappedPrincipals,
} from "../../facts/aws-auth";
import { compareVersions } from "../../facts/version-order";
import { shell } from "../../contract/shell";
import { sh, type Command } from "../engine/command";
import { explain, explained } from "../engine/explain";
import type { CommandResult } from "../engine/host";
import { nodesOf, nodeTable, type Node } from "../nodes";
import { PLAN_AGAIN, type Reading, type Task, type Wait } from "../engine/task";

const LIST = z.object({
  items: z.array(
    z.looseObject({
      kind: z.string(),
      metadata: z.looseObject({
        name: z.string(),
        resourceVersion: z.string().optional(),
        labels: z.record(z.string(), z.string()).default({}),
        annotations: z.record(z.string(), z.string()).default({}),
      }),
      data: z.record(z.string(), z.string()).default({}),
    }),
  ),
});

/** The ConfigMap aws-auth as the cluster has it. */
export type AwsAuth = z.output<typeof LIST>["items"][number];

/** What the cluster says; `unreachable` says why it says nothing, and `isFinal` that it never will. */
export type ClusterState =
  | { readonly unreachable: string; readonly isFinal?: true }
  | { readonly awsAuth: AwsAuth | undefined; readonly nodes: readonly Node[] };

/** How to ask a cluster, from the bastion, as the user who is logged in. */
export interface ClusterAddress {
  /** Context of the kubeconfig. */
  readonly context: string;
  /** Whether aws-auth says who may use the cluster, and not access entries, beside which it is somebody else's. */
  readonly hasAwsAuth: boolean;
}

/** An API server that has just been made is in the VPC's DNS within a minute. */
const API_PATIENCE_SECONDS = 60;

function kubectl({ context }: ClusterAddress, ...args: string[]): Command {
  // Reading must not write: kubectl keeps what it has learnt of the API in ~/.kube/cache otherwise.
  const { text } = sh`--request-timeout 20s --context ${context} --namespace kube-system ${args}`;
  // eslint-disable-next-line no-restricted-syntax -- a part of a command, whose values are quoted where it is made
  return { text: `kubectl --kubeconfig "$HOME"/.kube/config --cache-dir /dev/null ${text}` };
}

/** Nodes and aws-auth in one answer: a kubectl takes most of its time to get a token. */
function clusterReading(address: ClusterAddress): Reading<ClusterState> {
  const kinds = address.hasAwsAuth ? "configmaps,nodes" : "nodes";
  return { command: kubectl(address, "get", kinds, "--output", "json"), parse: parseCluster };
}

/** Reads what `kubectl get --output json` answered. */
export function parseCluster(result: CommandResult): ClusterState {
  if (result.exitCode !== 0) {
    const { isFinal } = explained(result);
    return { unreachable: explain(result), ...(isFinal && { isFinal }) };
  }
  const list = LIST.safeParse(jsonIn(result.stdout));
  if (!list.success) return { unreachable: "kubectl answered something that is no list" };
  const { items } = list.data;
  const awsAuth = items.find(({ kind, metadata }) => kind === "ConfigMap" && metadata.name === "aws-auth");
  return { awsAuth, nodes: nodesOf(items.filter(({ kind }) => kind === "Node")) };
}

/** The cluster answers to who asks from the bastion. */
export function clusterApi(address: ClusterAddress, patienceSeconds: number): Wait<ClusterState> {
  return {
    title: "cluster API",
    current: clusterReading(address),
    missing: (current) => {
      if (!("unreachable" in current)) return undefined;
      if (current.isFinal === true) throw new UserError(current.unreachable);
      return current.unreachable;
    },
    patienceSeconds: Math.min(patienceSeconds, API_PATIENCE_SECONDS),
  };
}

/** Where `kubectl apply` keeps what its last file said; its next one takes away what only the older says. */
const LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration";
const APPLIED = z.object({ data: z.record(z.string(), z.string()) });

/**
 * Our mappings in the ConfigMap aws-auth; everybody else's stay. One that Terraform looks after is left alone: two who
 * write it would undo each other's entries.
 *
 * @param kubectlVersion of the bastion's: `1.31.14`
 */
export function awsAuth(
  address: ClusterAddress,
  principals: MappedPrincipals,
  kubectlVersion: string,
): Task<ClusterState> {
  return {
    title: "aws-auth",
    current: clusterReading(address),
    change: (current) => {
      if ("unreachable" in current) throw new UserError(current.unreachable);
      const { awsAuth: found } = current;
      const before = found?.data ?? {};
      const data = merged(found?.data, principals);
      if (data === found?.data) return undefined;

      const changed = Object.fromEntries(Object.entries(data).filter(([key, text]) => before[key] !== text));
      const diff = Object.entries(changed)
        .map(([key, text]) => `${key}:\n${lineDiff(before[key] ?? "", text)}`)
        .join("\n");
      const { labels = {}, annotations = {} }: Partial<AwsAuth["metadata"]> = found?.metadata ?? {};
      if (labels[MANAGED_BY.label]?.toLowerCase() === MANAGED_BY.terraform) throw new UserError(notOurs(diff));

      const applied = APPLIED.safeParse(jsonIn(annotations[LAST_APPLIED] ?? "")).data?.data ?? {};
      const owned = Object.keys(changed)
        .filter((key) => key in applied)
        .map(
          (key) =>
            `${key} is also in a file that somebody gave to kubectl apply: its next apply takes these entries away; ` +
            "add them to that file (--diff shows them)",
        );
      const taken = removedGroups(before, principals).map(
        ({ arn, groups }) => `${arn} is taken out of ${groups.join(", ")}, which tfvars do not list for it`,
      );
      const command = found === undefined ? creation(address, data) : patch(address, kubectlVersion, found, changed);
      return { commands: [overWhatWasRead(command)], warnings: [...owned, ...taken], diff };
    },
  };
}

function merged(found: AwsAuthData | undefined, principals: MappedPrincipals): AwsAuthData {
  try {
    return mergeAwsAuth(found, principals);
  } catch (cause) {
    // A mapping that cannot be read or must not be written: for the reader to mend.
    throw new UserError((cause as Error).message, { cause });
  }
}

/** Why nothing is written, and what would have been. */
function notOurs(diff: string): string {
  return (
    `aws-auth is Terraform's (its label ${MANAGED_BY.label} says so), so the bootstrap leaves it alone, and it lacks ` +
    "entries; give the stack eks-kubernetes the same tfvars as the stack eks (and node_role_arns), and deploy it:\n" +
    diff
  );
}

/** Only over the version that was read: whoever else has written meanwhile is not overwritten. */
function overWhatWasRead({ text, input }: Command): Command {
  return {
    text: `output=$(${text} 2>&1) || {
  code=$?; printf '%s\\n' "$output" >&2
  case $output in *"(Conflict)"* | *"(AlreadyExists)"* | *"(NotFound)"*) exit ${String(PLAN_AGAIN)} ;; esac
  exit "$code"
}`,
    input,
  };
}

function creation(address: ClusterAddress, data: AwsAuthData): Command {
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

/**
 * With the keys that change and nothing else: `kubectl replace` writes what it is given into LAST_APPLIED too, and with
 * it somebody's next `kubectl apply` would take away the mappings that their file never had.
 */
function patch(
  address: ClusterAddress,
  kubectlVersion: string,
  { metadata: { resourceVersion } }: AwsAuth,
  changed: AwsAuthData,
): Command {
  const { text } = kubectl(address, "patch", "configmap", "aws-auth", "--type", "merge");
  const input = JSON.stringify({ metadata: { resourceVersion }, data: changed });
  // Through a pipe, since sshd may give a socket, and /dev/stdin cannot be opened on one.
  if (compareVersions(kubectlVersion, READS_PATCHES_SINCE) >= 0) {
    return { text: `cat | ${text} --patch-file /dev/stdin`, input };
  }
  const size = Buffer.byteLength(input);
  if (size >= LONGEST_ARGUMENT) {
    throw new UserError(
      `aws-auth is too long for kubectl ${kubectlVersion}: the change has ${String(size)} bytes, and kubectl before ` +
        `1.20 takes less than ${String(LONGEST_ARGUMENT)}; write it by hand with kubectl --namespace kube-system ` +
        "edit configmap aws-auth (--diff shows what), or upgrade the cluster to 1.20 or later",
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

/** What of a handover says which nodes a cluster shall have, and what may keep them from joining. */
export type WantedNodes = Pick<Handover, "node_groups" | "region" | "node_role_arn" | "node_role_arns">;

/** As many nodes are Ready as the node groups want together. */
export function nodes(address: ClusterAddress, wanted: WantedNodes, patienceSeconds: number): Wait<ClusterState> {
  const current = clusterReading(address);
  const count = Object.values(wanted.node_groups).reduce((sum, { desired }) => sum + desired, 0);
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
      const groups = instancesIn(await host.run(autoScalingGroups(wanted))) ?? [];
      const running = groups.flatMap(({ instances }) =>
        instances.filter(({ LifecycleState }) => LifecycleState === "InService").map(({ InstanceId: id }) => id),
      );
      return running.length === 0 ? undefined : unknownToEc2(running, await host.run(instances(running, wanted)));
    },
    diagnose: async (host) => {
      const groups = await host.run(autoScalingGroups(wanted));
      const state = current.parse(await host.run(current.command));
      return brokenLink(state, groups, address, wanted);
    },
    result: (state) => {
      const found = "unreachable" in state ? [] : state.nodes;
      return { lines: nodeTable(found, new Date()), json: { nodes: found } };
    },
  };
}

function autoScalingGroups({ node_groups: groups, region }: WantedNodes): Command {
  const options = ["--region", region, "--output", "json", "--auto-scaling-group-names", ...Object.keys(groups)];
  return sh`aws autoscaling describe-auto-scaling-groups ${options}`;
}

const GROUPS = z.object({
  AutoScalingGroups: z.array(
    z.object({
      AutoScalingGroupName: z.string(),
      Instances: z.array(z.object({ InstanceId: z.string(), LifecycleState: z.string().optional() })),
    }),
  ),
});

/** The groups with their instances, as `aws autoscaling describe-auto-scaling-groups` says; undefined if it fails. */
function instancesIn({ exitCode, stdout }: CommandResult) {
  const told = exitCode === 0 ? GROUPS.safeParse(jsonIn(stdout)).data : undefined;
  return told?.AutoScalingGroups.map(({ AutoScalingGroupName: name, Instances }) => ({ name, instances: Instances }));
}

/**
 * How many values a filter of EC2 may have. @see https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_Filter.html
 */
const FILTER_VALUES = 200;

/** By a filter: an id that EC2 does not have is no failure. */
function instances(ids: readonly string[], { region }: WantedNodes): Command {
  const filter = `Name=instance-id,Values=${ids.slice(0, FILTER_VALUES).join(",")}`;
  const options = ["--filters", filter, "--query", "Reservations[].Instances[].InstanceId"];
  return sh`aws ec2 describe-instances --region ${region} --output json ${options}`;
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
    `the Auto Scaling groups call the instances ${ids.join(", ")} InService, and EC2 has none of them: nothing runs ` +
    "that could become a node. An emulator of AWS that does not launch what its groups have shows everything but nodes"
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
  wanted: WantedNodes,
): string {
  if ("unreachable" in state) return state.unreachable;
  const { node_groups: groups, region } = wanted;
  const mapped = state.awsAuth?.data;
  const [unmapped] = hasAwsAuth ? nodeRoleArns(wanted).flatMap((arn) => findMappingProblem(mapped, arn) ?? []) : [];
  if (unmapped !== undefined) return unmapped;

  const sick = state.nodes.filter(({ isReady }) => !isReady);
  const health = sick.map(({ name, reason }) => `${name} is NotReady: ${reason}`);
  const described = instancesIn(answer);
  if (described === undefined) {
    if (health.length > 0) return health.join("; ");
    const count = state.nodes.length;
    const registered = count === 0 ? "no node has registered" : `only ${String(count)} have registered`;
    // The bastion's own role may ask for the cluster, and for nothing else.
    return (
      `${registered}, and the instances cannot be seen from the host: ${explained(answer).why}; ` +
      `whoever may look at the Auto Scaling groups ${Object.keys(groups).join(", ")} finds out with eks doctor`
    );
  }
  const instancesOf = (group: string) => described.find(({ name }) => name === group)?.instances ?? [];
  const few = Object.entries(groups).find(([group, { desired }]) => instancesOf(group).length < desired);
  if (few !== undefined) {
    const [group, { desired: size }] = few;
    return (
      `the Auto Scaling group ${group} has ${String(instancesOf(group).length)} of ${String(size)} instances; ` +
      "its activities say why: " +
      shell`aws autoscaling describe-scaling-activities --region ${region} --auto-scaling-group-name ${group}`
    );
  }
  if (health.length > 0) return health.join("; ");
  const ids = Object.keys(groups).flatMap((group) => instancesOf(group).map(({ InstanceId: id }) => id));
  return (
    `the instances ${ids.join(", ")} run, and only ${String(state.nodes.length)} have registered: the kubelet's log ` +
    "on them says why (journalctl -u kubelet); usual causes are an AMI of another Kubernetes version, user data of " +
    "another cluster, and security groups without 443 to the control plane"
  );
}
