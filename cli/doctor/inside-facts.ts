import { z } from "zod";

import { sh, type Command } from "../../bootstrap/engine/command";
import { explained, type Explained } from "../../bootstrap/engine/explain";
import type { CommandResult, Host } from "../../bootstrap/engine/host";
import type { ConnectProblem } from "../../bootstrap/ssh/ssh-host";
import { clusterApi, type ClusterState } from "../../bootstrap/tasks/cluster";
import type { Handover } from "../../contract/handover";
import { NoAnswer, orElse, settled, type Fact, type Unknown } from "./fact";

/** Whether the bastion could be logged in to; else why not. */
export type Login =
  { readonly reached: true } | { readonly reached: false; readonly problem: ConnectProblem; readonly message: string };

/** Why the cluster says nothing to the bastion. */
export type ApiProblem = "clock" | "token" | "unauthorized" | "forbidden" | "kubeconfig" | "name" | "unreachable";

/** What the cluster says to the bastion; `unreachable` says why it says nothing, `problem` of what kind that is. */
export type ClusterAnswer =
  | Exclude<ClusterState, { readonly unreachable: string }>
  | { readonly unreachable: string; readonly problem: ApiProblem };

/** The bastion itself. */
export interface Machine {
  /** What the bootstrap makes and is not there: `aws`, `kubectl`, `~/.kube/config`. */
  readonly missing: readonly string[];
  /** How far its clock is ahead of this machine's; negative when it is behind. */
  readonly clockAheadSeconds: number;
}

/** A DaemonSet or a Deployment, as its controller says how many of its pods are there. */
export interface WorkloadFact {
  readonly kind: "DaemonSet" | "Deployment";
  readonly namespace: string;
  readonly name: string;
  /** Pods that there have to be: one for each node that it may run on, or as many as its replicas. */
  readonly wanted: number;
  /** Of these, pods that are ready; of a Deployment, those that have been for as long as it asks. */
  readonly ready: number;
}

/** What only the bastion can see, because the cluster's endpoint is private. */
export interface InsideFacts {
  readonly login: Fact<Login>;
  readonly machine: Fact<Machine>;
  /** ARN with which AWS' tools work on the bastion. */
  readonly identity: Fact<string>;
  readonly cluster: Fact<ClusterAnswer>;
  readonly workloads: Fact<readonly WorkloadFact[]>;
  /** What keeps the bastion from its downloads; undefined when nothing does. */
  readonly downloads: Fact<Explained | undefined>;
}

/** Codes of the findings about a login that failed. */
export const LOGIN_CODES = {
  unreachable: "ssh-unreachable",
  booting: "ssh-unreachable",
  name: "ssh-unreachable",
  protocol: "ssh-unreachable",
  "host-key": "host-key",
  authentication: "ssh-login",
  shell: "ssh-login",
  interrupted: undefined,
} as const satisfies Readonly<Record<ConnectProblem, string | undefined>>;

/** Nobody has looked inside. */
export function notInside(why: string, login: Fact<Login> = { unknown: why }): InsideFacts {
  const code = "ok" in login && !login.ok.reached ? LOGIN_CODES[login.ok.problem] : undefined;
  // A bastion that does not run cannot be logged in to either.
  const unknown: Unknown = { unknown: why, ...(code !== undefined && { follows: ["bastion", code] }) };
  return { login, machine: unknown, identity: unknown, cluster: unknown, workloads: unknown, downloads: unknown };
}

const METADATA = z.object({ name: z.string(), namespace: z.string().default("") });
const count = () => z.number().default(0);

/**
 * The API leaves out the counts of a Deployment that are 0, and no count of a DaemonSet.
 *
 * @see https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/deployment-v1/#DeploymentStatus
 * @see https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/daemon-set-v1/#DaemonSetStatus
 */
const WORKLOADS = z.object({
  items: z.array(
    z.discriminatedUnion("kind", [
      z.object({
        kind: z.literal("DaemonSet"),
        metadata: METADATA,
        status: z.object({ desiredNumberScheduled: count(), numberReady: count() }).prefault({}),
      }),
      z.object({
        kind: z.literal("Deployment"),
        metadata: METADATA,
        spec: z.object({ replicas: count() }).prefault({}),
        status: z.object({ availableReplicas: count() }).prefault({}),
      }),
    ]),
  ),
});

/**
 * Asks from the bastion. Reads, and changes nothing there. Never throws.
 *
 * @param context of the kubeconfig on the bastion
 * @param downloadUrl something that the bootstrap downloads, at the mirror if there is one; not asked when left out
 */
export async function readInsideFacts(
  host: Host,
  handover: Handover,
  { context, downloadUrl }: { readonly context: string; readonly downloadUrl?: string },
): Promise<InsideFacts> {
  const { current } = clusterApi({ context, hasAwsAuth: handover.authentication_mode !== "API" }, 0);
  const run = async <T>(command: Command, parse: (result: CommandResult) => T) => parse(await host.run(command));
  const facts = await settled(
    {
      machine: run(MACHINE, machineOf),
      identity: run(sh`aws sts get-caller-identity --query Arn --output text --region ${handover.region}`, (result) =>
        answered(result, ["bastion-credentials", "clock"]).trim(),
      ),
      cluster: run(current.command, (result): ClusterAnswer => {
        const state = current.parse(result);
        if (!("unreachable" in state)) return state;
        const unreachable = result.exitCode === 0 ? state.unreachable : explained(result).why;
        return { unreachable, problem: apiProblem(result) };
      }),
      workloads: run(workloadsCommand(context), workloadsOf),
      downloads:
        downloadUrl === undefined
          ? Promise.reject(new NoAnswer({ unknown: "no download was tried" }))
          : run(sh`curl -fsSLI --output /dev/null --connect-timeout 15 --max-time 30 ${downloadUrl}`, (result) =>
              result.exitCode === 0 ? undefined : explained(result),
            ),
    },
    "the bastion",
  );
  const isBare = (orElse(facts.machine)?.missing ?? []).length > 0;
  const bare: Unknown = { unknown: "the bastion has not been set up", follows: ["bastion-bare"] };
  return {
    login: { ok: { reached: true } },
    ...facts,
    ...(isBare && { identity: bare, cluster: bare, workloads: bare }),
  };
}

/** What a program has said. @throws NoAnswer when it failed, and the codes of findings that say the same */
function answered(result: CommandResult, follows: readonly string[]): string {
  if (result.exitCode === 0) return result.stdout;
  throw new NoAnswer({ unknown: explained(result).why, follows });
}

/** What every question from the bastion needs, in one go. */
const MACHINE: Command = {
  text: `echo "clock $(date +%s)"
for program in aws kubectl; do
  command -v "$program" >/dev/null || echo "missing $program"
done
[ -s "$HOME"/.kube/config ] || echo "missing ~/.kube/config"`,
};

function machineOf({ stdout }: CommandResult): Machine {
  const lines = stdout.split("\n").map((line) => line.split(" "));
  const of = (what: string) => lines.flatMap(([name, value = ""]) => (name === what ? [value] : []));
  const seconds = Number(of("clock")[0]);
  const ahead = Math.round(seconds - Date.now() / 1000);
  return { missing: of("missing"), clockAheadSeconds: Number.isNaN(ahead) ? 0 : ahead };
}

function workloadsCommand(context: string): Command {
  const kinds = "daemonsets.apps,deployments.apps";
  return {
    text:
      `kubectl --kubeconfig "$HOME"/.kube/config --cache-dir /dev/null --request-timeout 20s ` +
      sh`--context ${context} get ${kinds} --all-namespaces --output json`.text,
  };
}

function workloadsOf(result: CommandResult): readonly WorkloadFact[] {
  const { items } = WORKLOADS.parse(JSON.parse(answered(result, API_CODES)));
  return items.map((item) => ({
    kind: item.kind,
    ...item.metadata,
    ...(item.kind === "DaemonSet"
      ? { wanted: item.status.desiredNumberScheduled, ready: item.status.numberReady }
      : { wanted: item.spec.replicas, ready: item.status.availableReplicas }),
  }));
}

/** Codes of the findings about a cluster that does not answer, and about what keeps it from that. */
const API_CODES = [
  "cluster-missing",
  "cluster-creating",
  "cluster-failed",
  "outputs-stale",
  "vpc-dns",
  "endpoint-closed",
  "clock",
  "bastion-credentials",
  "sg-bastion",
  "unauthorized",
  "forbidden",
  "kubeconfig",
  "api-unreachable",
];

/**
 * What kubectl says when the cluster does not answer, by kind; of several the first counts.
 *
 * @see https://github.com/kubernetes/kubectl/blob/master/pkg/cmd/util/helpers.go
 * @see https://github.com/kubernetes/client-go/blob/master/tools/clientcmd/validation.go
 */
const API_PROBLEMS: readonly (readonly [ApiProblem, RegExp])[] = [
  [
    "clock",
    /certificate (is not yet valid|has expired)|RequestExpired|RequestTimeTooSkewed|Signature (not yet|expired)/,
  ],
  ["kubeconfig", /exec plugin: invalid apiVersion|no kind "ExecCredential"/],
  ["token", /getting (credentials|token): |exec plugin|could not get token|Unable to locate credentials/],
  ["unauthorized", /must be logged in to the server|asked for the client to provide credentials|\bUnauthorized\b/i],
  ["forbidden", /\bForbidden\b/i],
  [
    "kubeconfig",
    /error loading config file|: no such file or directory|context was not found|context "?\S+ does not exist|no context exists|no configuration has been provided|invalid configuration|localhost:8080|x509: /i,
  ],
  ["name", /no such host|server misbehaving|Temporary failure in name resolution/],
];

/** Of what kind it is that kubectl had no answer. */
export function apiProblem({ stderr }: CommandResult): ApiProblem {
  return API_PROBLEMS.find(([, complaint]) => complaint.test(stderr))?.[0] ?? "unreachable";
}
