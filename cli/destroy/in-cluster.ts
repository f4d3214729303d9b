import { z } from "zod";

import { jsonIn } from "../../contract/json";
import { UserError } from "../../contract/user-error";
import { sh, type Command } from "../../bootstrap/engine/command";
import { explain } from "../../bootstrap/engine/explain";
import type { CommandResult, Host } from "../../bootstrap/engine/host";

/** An object in a namespace. */
export interface Named {
  readonly namespace: string;
  readonly name: string;
}

/** What in the cluster has something in the AWS account. */
export interface InCluster {
  /** Services of type LoadBalancer. */
  readonly services: readonly Named[];
  /** Ingresses that a load balancer was made for. */
  readonly ingresses: readonly Named[];
  readonly claims: readonly (Named & { readonly persistentVolume: string })[];
  /** Persistent volumes on EBS. */
  readonly volumes: readonly {
    readonly name: string;
    readonly volumeId: string;
    /** `Delete`: goes with its claim. `Retain`: stays. */
    readonly reclaimPolicy: string;
  }[];
}

/** What the cluster said; `unreachable` says why it said nothing. */
type ClusterAnswer = InCluster | { readonly unreachable: string };

/** One cluster, and no other. */
export interface ClusterAccess {
  /** In the bastion's kubeconfig. */
  readonly context: string;
  /** Of its API. Wherever somebody has led the context since, nothing is read or deleted at another one. */
  readonly endpoint: string;
}

/** How long the API gets to answer. */
const READING_SECONDS = 30;
/** How long it gets to end what is deleted. A load balancer takes AWS a minute or two. */
export const DELETING_SECONDS = 300;

/** What `timeout` of coreutils ends with when the time is up. */
const TIME_IS_UP = 124;

/** kubectl on the bastion, ended when its time is up: an API that hangs must not hold up a destroy. */
function kubectl({ context, endpoint }: ClusterAccess, seconds: number, { text }: Command): Command {
  const limited = sh`timeout -k 5 ${seconds} kubectl --kubeconfig "$HOME"/.kube/config --cache-dir /dev/null`;
  return { text: `${limited.text} ${sh`--context ${context} --server ${endpoint}`.text} ${text}` };
}

/** What the cluster is asked first. Ingresses by themselves: an API without them answers nothing else then. */
export function readingCommands(cluster: ClusterAccess): readonly [Command, Command] {
  return [getAll(cluster, "services,persistentvolumeclaims,persistentvolumes"), getAll(cluster, "ingresses")];
}

function getAll(cluster: ClusterAccess, kinds: string): Command {
  return kubectl(cluster, READING_SECONDS, sh`get ${kinds} --all-namespaces --output json --request-timeout 10s`);
}

const LOAD_BALANCER = z.object({ ingress: z.array(z.object({ hostname: z.string().default("") })).default([]) });
const ITEM = z.object({
  kind: z.string(),
  metadata: z.object({
    name: z.string(),
    namespace: z.string().default("default"),
    ownerReferences: z.array(z.object({ kind: z.string(), name: z.string() })).default([]),
  }),
  spec: z
    .object({
      type: z.string().default(""),
      volumeName: z.string().default(""),
      persistentVolumeReclaimPolicy: z.string().default(""),
      csi: z.object({ driver: z.string().default(""), volumeHandle: z.string().default("") }).optional(),
      awsElasticBlockStore: z.object({ volumeID: z.string().default("") }).optional(),
      volumes: z.array(z.object({ persistentVolumeClaim: z.object({ claimName: z.string() }).optional() })).default([]),
    })
    .prefault({}),
  status: z.object({ loadBalancer: LOAD_BALANCER.prefault({}) }).prefault({}),
});
type Item = z.output<typeof ITEM>;
const LIST = z.object({ items: z.array(z.unknown()) });

/** Reads what `kubectl get --output json` answered. */
export function parseInCluster(objects: CommandResult, ingresses: CommandResult): ClusterAnswer {
  const isWithoutIngresses =
    ingresses.exitCode !== 0 &&
    /the server doesn't have a resource type|the server could not find the requested/.test(ingresses.stderr);
  const failed = [objects, ...(isWithoutIngresses ? [] : [ingresses])].find(({ exitCode }) => exitCode !== 0);
  if (failed !== undefined) {
    const isLate = failed.exitCode === TIME_IS_UP;
    return {
      unreachable: isLate ? `the cluster's API did not answer within ${String(READING_SECONDS)} s` : explain(failed),
    };
  }
  const items = itemsOf(objects.stdout);
  const routes = isWithoutIngresses ? [] : itemsOf(ingresses.stdout);
  if (items === undefined || routes === undefined) {
    return { unreachable: "kubectl answered something that is no list" };
  }
  const ofKind = (kind: string) => items.filter((item) => item.kind === kind);
  return {
    services: ofKind("Service")
      .filter(({ spec }) => spec.type === "LoadBalancer")
      .map(nameOf),
    ingresses: routes
      .filter(({ status }) =>
        status.loadBalancer.ingress.some(({ hostname }) => /\.elb\.amazonaws\.com/.test(hostname)),
      )
      .map(nameOf),
    claims: ofKind("PersistentVolumeClaim").map((claim) => ({
      ...nameOf(claim),
      persistentVolume: claim.spec.volumeName,
    })),
    volumes: ofKind("PersistentVolume").flatMap(({ metadata: { name }, spec }) => {
      const handle =
        spec.csi?.driver === "ebs.csi.aws.com" ? spec.csi.volumeHandle : spec.awsElasticBlockStore?.volumeID;
      const volumeId = /vol-[0-9a-f]+/.exec(handle ?? "")?.[0];
      return volumeId === undefined ? [] : [{ name, volumeId, reclaimPolicy: spec.persistentVolumeReclaimPolicy }];
    }),
  };
}

/** Undefined where kubectl's answer is no list. */
function itemsOf(text: string): Item[] | undefined {
  return LIST.safeParse(jsonIn(text)).data?.items.flatMap((item) => ITEM.safeParse(item).data ?? []);
}

/** `NAMESPACE/NAME` */
function called({ namespace, name }: Named): string {
  return `${namespace}/${name}`;
}

/** The claims that are deleted with the cluster: all but those of volumes that are to be kept. */
export function claimsToDelete({ claims, volumes }: InCluster, keep: readonly string[]): InCluster["claims"] {
  const kept = new Set(volumes.filter(({ volumeId }) => keep.includes(volumeId)).map(({ name }) => name));
  return claims.filter(({ persistentVolume }) => !kept.has(persistentVolume));
}

/** The cluster's EBS volumes by their ids, each with the one of these claims (`NAMESPACE/NAME`) that takes it along. */
export function persistentVolumes(
  volumes: InCluster["volumes"],
  claims: InCluster["claims"],
): Map<string, string | undefined> {
  return new Map(
    volumes.map(({ name, volumeId, reclaimPolicy }) => {
      const claim = claims.find((it) => reclaimPolicy === "Delete" && it.persistentVolume === name);
      return [volumeId, claim && called(claim)];
    }),
  );
}

/** One command for each namespace that deletes objects of a kind, and waits until their finalizers let them go. */
function deletionCommands(
  cluster: ClusterAccess,
  kind: string,
  objects: readonly Named[],
  isWaiting = true,
): Command[] {
  const how = isWaiting ? ["--wait=true", `--timeout=${String(DELETING_SECONDS - 10)}s`] : "--wait=false";
  return [...new Set(objects.map(({ namespace }) => namespace))].map((namespace) => {
    const names = new Set(objects.filter((it) => it.namespace === namespace).map(({ name }) => name));
    const command = sh`delete ${kind} ${[...names]} --namespace ${namespace} --ignore-not-found ${how}`;
    return kubectl(cluster, DELETING_SECONDS, command);
  });
}

/**
 * Asks the cluster, from the bastion, what it has in AWS. A bastion or an API that does not answer is an answer too: a
 * destroy goes on without them, and finds by tags what is left.
 */
export async function readInCluster(bastion: Host, cluster: ClusterAccess): Promise<ClusterAnswer> {
  const [objects, ingresses] = readingCommands(cluster);
  try {
    const first = await bastion.run(objects);
    // An API that does not answer once is not asked twice.
    return parseInCluster(first, first.exitCode === 0 ? await bastion.run(ingresses) : first);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return { unreachable: error.message };
  }
}

/**
 * Lets Kubernetes itself remove what it has in AWS: Services and Ingresses with their load balancers, and claims with
 * the volumes that their reclaim policy deletes. All at once: each may take minutes.
 *
 * @returns why something was not deleted, one sentence each; the scan of the account that follows finds what is left
 * @throws the signal's reason
 */
export async function deleteInCluster(
  bastion: Host,
  cluster: ClusterAccess,
  { services, ingresses, claims }: Pick<InCluster, "services" | "ingresses" | "claims">,
  signal: AbortSignal,
): Promise<string[]> {
  const failures = new Set<string>();
  const run = async (command: Command): Promise<string> => {
    signal.throwIfAborted();
    try {
      const result = await bastion.run(command);
      if (result.exitCode === 0) return result.stdout;
      failures.add(whyItStays(result));
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof UserError)) throw error;
      failures.add(error.message);
    }
    return "";
  };
  const all = (commands: readonly Command[]) => Promise.all(commands.map(run));
  const deleteClaims = async () => {
    if (claims.length === 0) return;
    const using = podsWith(claims, itemsOf(await run(getAll(cluster, "pods"))) ?? []);
    // A StatefulSet would make claim and volume anew.
    await all(deletionCommands(cluster, "statefulsets", using.flatMap(statefulSetOf)));
    // A claim stays as long as a pod uses it, and a pod whose claim is going is not started again: in this order, then.
    await all(deletionCommands(cluster, "persistentvolumeclaims", claims, false));
    await all(deletionCommands(cluster, "pods", using.map(nameOf), false));
    await all(deletionCommands(cluster, "persistentvolumeclaims", claims));
  };
  await Promise.all([
    all([...deletionCommands(cluster, "ingresses", ingresses), ...deletionCommands(cluster, "services", services)]),
    deleteClaims(),
  ]);
  return [...failures];
}

function nameOf({ metadata: { namespace, name } }: Item): Named {
  return { namespace, name };
}

/** The pods that use one of these claims. */
function podsWith(claims: readonly Named[], pods: readonly Item[]): Item[] {
  const wanted = new Set(claims.map(called));
  return pods.filter(({ metadata: { namespace }, spec }) =>
    spec.volumes.some(({ persistentVolumeClaim: claim }) => {
      return claim !== undefined && wanted.has(called({ namespace, name: claim.claimName }));
    }),
  );
}

function statefulSetOf({ metadata: { namespace, ownerReferences } }: Item): Named[] {
  return ownerReferences.flatMap(({ kind, name }) => (kind === "StatefulSet" ? [{ namespace, name }] : []));
}

function whyItStays(result: CommandResult): string {
  if (result.exitCode === TIME_IS_UP || /timed out waiting for the condition/.test(result.stderr)) {
    return (
      `Kubernetes did not end it within ${String(DELETING_SECONDS)} s: a claim stays as long as a pod uses it, and a ` +
      "Service as long as AWS refuses to delete its load balancer"
    );
  }
  return explain(result);
}
