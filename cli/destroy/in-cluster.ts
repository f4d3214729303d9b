import { z } from "zod";

import { jsonIn } from "../../contract/json";
import { UserError } from "../../contract/user-error";
import { sh, type Command } from "../../bootstrap/engine/command";
import { explain } from "../../bootstrap/engine/explain";
import type { CommandResult, Host } from "../../bootstrap/engine/host";

/** Where an object of a kind is. */
interface Place {
  /** Empty for what is in none. */
  readonly namespace: string;
  readonly name: string;
}

/** An object of Kubernetes. */
export interface Named extends Place {
  readonly kind: string;
  /** One that was made anew under the same name has another. */
  readonly uid: string;
  /** Who would make it anew; undefined where it does not say. */
  readonly madeBy?: Maker;
}

/** Somebody who makes objects, and makes them anew. */
interface Maker {
  /** In words: `Argo CD's application shop`. */
  readonly who: string;
  /** The command that stops it; undefined where nobody knows. */
  readonly stop?: string;
}

/** What in the cluster has something in the AWS account. */
export interface InCluster {
  /** Services of type LoadBalancer. */
  readonly services: readonly Named[];
  /** Ingresses that a load balancer was made for. */
  readonly ingresses: readonly Named[];
  /** Gateways of the Gateway API that a load balancer was made for. */
  readonly gateways: readonly Named[];
  readonly claims: readonly (Named & { readonly persistentVolume: string })[];
  /** Karpenter's, by which it makes machines; the node class is empty where it is no EC2NodeClass. */
  readonly nodePools: readonly (Named & { readonly nodeClass: string })[];
  /** Karpenter's machines; the instance is empty before there is one. */
  readonly nodeClaims: readonly (Named & { readonly instanceId: string })[];
  /** Persistent volumes on EBS. */
  readonly volumes: readonly {
    readonly name: string;
    readonly volumeId: string;
    /** `Delete`: goes with its claim. `Retain`: stays. */
    readonly reclaimPolicy: string;
  }[];
}

/** The answer of a cluster that has nothing in AWS; it also stands for one that cannot be asked. */
export const EMPTY: InCluster = {
  services: [],
  ingresses: [],
  gateways: [],
  claims: [],
  nodePools: [],
  nodeClaims: [],
  volumes: [],
};

/** What the cluster said; `unreachable` says why it said nothing. */
type ClusterAnswer = InCluster | { readonly unreachable: string };

/** One cluster, and no other. */
export interface ClusterAccess {
  /** In the bastion's kubeconfig. */
  readonly context: string;
  /** Of its API. Wherever somebody has led the context since, nothing is read or deleted at another one. */
  readonly endpoint: string;
}

/** As kubectl asks for what is deleted. */
const PLURALS = {
  services: "services",
  ingresses: "ingresses",
  gateways: "gateways.gateway.networking.k8s.io",
  claims: "persistentvolumeclaims",
  nodePools: "nodepools.karpenter.sh",
  nodeClaims: "nodeclaims.karpenter.sh",
} as const;
/** What an API need not have. */
const OPTIONAL = ["ingresses", "gateways", "nodePools", "nodeClaims"] as const;

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

/** What the cluster is asked. What an API need not have by itself: one without it answers nothing else then. */
export function readingCommands(cluster: ClusterAccess): readonly [Command, ...Command[]] {
  return [
    getAll(cluster, "services,persistentvolumeclaims,persistentvolumes"),
    ...OPTIONAL.map((kind) => getAll(cluster, PLURALS[kind])),
  ];
}

function getAll(cluster: ClusterAccess, kinds: string): Command {
  return kubectl(cluster, READING_SECONDS, sh`get ${kinds} --all-namespaces --output json --request-timeout 10s`);
}

const LOAD_BALANCER = z.object({ ingress: z.array(z.object({ hostname: z.string().default("") })).default([]) });
const NODE_CLASS = z.object({ group: z.string().default(""), name: z.string().default("") });
const TEXTS = z.record(z.string(), z.string()).default({});
const ITEM = z.object({
  kind: z.string(),
  metadata: z.object({
    name: z.string(),
    namespace: z.string().default(""),
    uid: z.string().default(""),
    labels: TEXTS,
    annotations: TEXTS,
    ownerReferences: z.array(z.object({ kind: z.string(), name: z.string() })).default([]),
  }),
  spec: z
    .object({
      type: z.string().default(""),
      nodeClassRef: NODE_CLASS.prefault({}),
      template: z.object({ spec: z.object({ nodeClassRef: NODE_CLASS.prefault({}) }).prefault({}) }).prefault({}),
      volumeName: z.string().default(""),
      persistentVolumeReclaimPolicy: z.string().default(""),
      csi: z.object({ driver: z.string().default(""), volumeHandle: z.string().default("") }).optional(),
      awsElasticBlockStore: z.object({ volumeID: z.string().default("") }).optional(),
      volumes: z.array(z.object({ persistentVolumeClaim: z.object({ claimName: z.string() }).optional() })).default([]),
    })
    .prefault({}),
  status: z
    .object({
      loadBalancer: LOAD_BALANCER.prefault({}),
      addresses: z.array(z.object({ value: z.string().default("") })).default([]),
      providerID: z.string().default(""),
    })
    .prefault({}),
});
type Item = z.output<typeof ITEM>;
const LIST = z.object({ items: z.array(z.unknown()) });

/** Where Elastic Load Balancing has its names: `.REGION.elb.amazonaws.com`, `.elb.REGION.amazonaws.com`. */
const ELB_NAME = /\.elb\.([a-z0-9-]+\.)?amazonaws\.com/;

/** Groups of node classes: of EKS Auto Mode, whose machines EKS ends with the cluster, and of Karpenter on AWS. */
const [AUTO_MODE, KARPENTER] = ["eks.amazonaws.com", "karpenter.k8s.aws"];

/**
 * Reads what `kubectl get --output json` answered to the reading commands.
 *
 * @param deleted what has the name of one of these counts, whether or not a load balancer has been made for it yet
 */
export function parseInCluster(
  [objects, ...optional]: readonly [CommandResult, ...CommandResult[]],
  deleted: readonly Named[] = [],
): ClusterAnswer {
  const isMissing = ({ exitCode, stderr }: CommandResult) =>
    exitCode !== 0 && /the server doesn't have a resource type|the server could not find the requested/.test(stderr);
  const answers = [objects, ...optional.filter((it) => !isMissing(it))];
  const failed = answers.find(({ exitCode }) => exitCode !== 0);
  if (failed !== undefined) {
    const isLate = failed.exitCode === TIME_IS_UP;
    return {
      unreachable: isLate ? `the cluster's API did not answer within ${String(READING_SECONDS)} s` : explain(failed),
    };
  }
  const lists = answers.map(({ stdout }) => itemsOf(stdout));
  if (lists.includes(undefined)) return { unreachable: "kubectl answered something that is no list" };
  const items = lists.flatMap((it) => it ?? []);
  const names = new Set(deleted.map(titleOf));
  const ofKind = (kind: string) => items.filter((item) => item.kind === kind);
  const withBalancer = (kind: string, namesOf: (status: Item["status"]) => string[]) =>
    ofKind(kind)
      .filter((item) => names.has(titleOf(nameOf(item))) || namesOf(item.status).some((it) => ELB_NAME.test(it)))
      .map(nameOf);
  return {
    services: ofKind("Service")
      .filter(({ spec }) => spec.type === "LoadBalancer")
      .map(nameOf),
    ingresses: withBalancer("Ingress", (it) => it.loadBalancer.ingress.map(({ hostname }) => hostname)),
    gateways: withBalancer("Gateway", (it) => it.addresses.map(({ value }) => value)),
    claims: ofKind("PersistentVolumeClaim").map((claim) => ({
      ...nameOf(claim),
      persistentVolume: claim.spec.volumeName,
    })),
    nodePools: ofKind("NodePool")
      .map((pool) => ({ pool, nodeClass: pool.spec.template.spec.nodeClassRef }))
      .filter(({ nodeClass }) => nodeClass.group !== AUTO_MODE)
      .map(({ pool, nodeClass: { group, name } }) => ({ ...nameOf(pool), nodeClass: group === KARPENTER ? name : "" })),
    nodeClaims: ofKind("NodeClaim")
      .filter(({ spec }) => spec.nodeClassRef.group !== AUTO_MODE)
      .map((claim) => ({ ...nameOf(claim), instanceId: /i-[0-9a-f]+$/.exec(claim.status.providerID)?.[0] ?? "" })),
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
function called({ namespace, name }: Place): string {
  return namespace === "" ? name : `${namespace}/${name}`;
}

/** `Service shop/cart` */
function titleOf(it: Named): string {
  return `${it.kind} ${called(it)}`;
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

function inNamespace(namespace: string): string[] {
  return namespace === "" ? [] : ["--namespace", namespace];
}

/** One command for each namespace that deletes objects of a kind, and waits until their finalizers let them go. */
function deletionCommands(
  cluster: ClusterAccess,
  kind: string,
  objects: readonly Place[],
  isWaiting = true,
): Command[] {
  const how = isWaiting ? ["--wait=true", `--timeout=${String(DELETING_SECONDS - 10)}s`] : "--wait=false";
  return [...new Set(objects.map(({ namespace }) => namespace))].map((namespace) => {
    const names = new Set(objects.filter((it) => it.namespace === namespace).map(({ name }) => name));
    const which = [...names, ...inNamespace(namespace)];
    return kubectl(cluster, DELETING_SECONDS, sh`delete ${kind} ${which} --ignore-not-found ${how}`);
  });
}

/**
 * Asks the cluster, from the bastion, what it has in AWS. A bastion or an API that does not answer is an answer too: a
 * destroy goes on without them, and finds by tags what is left.
 *
 * @param deleted as in `parseInCluster`
 */
export async function readInCluster(
  bastion: Host,
  cluster: ClusterAccess,
  deleted: readonly Named[] = [],
): Promise<ClusterAnswer> {
  const [objects, ...others] = readingCommands(cluster);
  try {
    const first = await bastion.run(objects);
    // An API that does not answer once is not asked again.
    const rest = first.exitCode === 0 ? await Promise.all(others.map((it) => bastion.run(it))) : [];
    return parseInCluster([first, ...rest], deleted);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return { unreachable: error.message };
  }
}

/** Runs commands on the bastion, and gathers why some of them failed, each reason once. */
class Deleting {
  readonly #failures = new Set<string>();

  constructor(
    private readonly bastion: Host,
    private readonly signal: AbortSignal,
  ) {}

  get failures(): string[] {
    return [...this.#failures];
  }

  /** @returns what it printed; nothing when it failed @throws the signal's reason */
  async run(command: Command): Promise<string> {
    this.signal.throwIfAborted();
    try {
      const result = await this.bastion.run(command);
      if (result.exitCode === 0) return result.stdout;
      this.#failures.add(whyItStays(result));
    } catch (error) {
      this.signal.throwIfAborted();
      if (!(error instanceof UserError)) throw error;
      this.#failures.add(error.message);
    }
    return "";
  }

  /** @throws the signal's reason */
  async all(commands: readonly Command[]): Promise<void> {
    await Promise.all(commands.map((it) => this.run(it)));
  }
}

/**
 * Lets Kubernetes itself remove what it has in AWS: Services, Ingresses and Gateways with their load balancers, and
 * claims with the volumes that their reclaim policy deletes. All at once: each may take minutes.
 *
 * @returns why something was not deleted, one sentence each; the scan of the account that follows finds what is left
 * @throws the signal's reason
 */
export async function deleteInCluster(
  bastion: Host,
  cluster: ClusterAccess,
  { claims, ...balanced }: Pick<InCluster, "services" | "ingresses" | "gateways" | "claims">,
  signal: AbortSignal,
): Promise<string[]> {
  const deleting = new Deleting(bastion, signal);
  const deletions = (kind: string, objects: readonly Place[], isWaiting?: boolean) =>
    deleting.all(deletionCommands(cluster, kind, objects, isWaiting));
  const deleteClaims = async () => {
    if (claims.length === 0) return;
    const using = podsWith(claims, itemsOf(await deleting.run(getAll(cluster, "pods"))) ?? []);
    // A StatefulSet would make claim and volume anew.
    await deletions("statefulsets", using.flatMap(statefulSetOf));
    // A claim stays as long as a pod uses it, and a pod whose claim is going is not started again: in this order, then.
    await deletions(PLURALS.claims, claims, false);
    await deletions("pods", using.map(nameOf), false);
    await deletions(PLURALS.claims, claims);
  };
  await Promise.all([
    ...(["ingresses", "gateways", "services"] as const).map((kind) => deletions(PLURALS[kind], balanced[kind])),
    deleteClaims(),
  ]);
  return deleting.failures;
}

/**
 * Lets Karpenter end its machines while it runs: its NodePools go first, because it makes new machines by them, then
 * the NodeClaims that there are by then, and at last the node classes, with which their instance profiles go.
 *
 * @returns why something was not deleted, one sentence each
 * @throws the signal's reason
 * @see https://karpenter.sh/docs/concepts/disruption/#manual-methods
 */
export async function deleteMachines(
  bastion: Host,
  cluster: ClusterAccess,
  nodePools: InCluster["nodePools"],
  signal: AbortSignal,
): Promise<string[]> {
  const deleting = new Deleting(bastion, signal);
  const deletions = (kind: string, objects: readonly Place[]) => deleting.all(deletionCommands(cluster, kind, objects));
  await deletions(PLURALS.nodePools, nodePools);
  const answer = await readInCluster(bastion, cluster);
  if ("unreachable" in answer) return [...deleting.failures, answer.unreachable];
  await deletions(PLURALS.nodeClaims, answer.nodeClaims);
  const classes = nodePools.flatMap(({ nodeClass: name }) => (name === "" ? [] : [{ namespace: "", name }]));
  await deletions(`ec2nodeclasses.${KARPENTER}`, classes);
  return deleting.failures;
}

/**
 * What stands in the cluster that did not when it was read before, one sentence each: somebody makes anew what was
 * deleted. Nothing is known of a cluster that cannot be asked.
 *
 * @param before what there was, of the kinds that are looked at
 */
export async function madeAnew(
  bastion: Host,
  cluster: ClusterAccess,
  before: Partial<Pick<InCluster, keyof typeof PLURALS>>,
): Promise<readonly string[] | { readonly unreachable: string }> {
  const deleted = Object.values(before).flat();
  const answer = await readInCluster(bastion, cluster, deleted);
  if ("unreachable" in answer) return answer;
  const known = new Set(deleted.map(({ uid }) => uid));
  const fresh = (Object.keys(before) as (keyof typeof PLURALS)[]).flatMap((kind) =>
    answer[kind].filter(({ uid }) => !known.has(uid)).map((it) => ({ it, plural: PLURALS[kind] })),
  );
  return Promise.all(
    fresh.map(async ({ it, plural }) => {
      const { who, stop } = it.madeBy ?? { who: await writersOf(bastion, cluster, plural, it) };
      return `${titleOf(it)}, by ${who}${stop === undefined ? "" : ` (to stop it: ${stop})`}`;
    }),
  );
}

/** Who wrote the fields of an object, as they call themselves. `--output json` leaves them out since kubectl 1.21. */
async function writersOf(bastion: Host, cluster: ClusterAccess, plural: string, it: Named): Promise<string> {
  const which = [plural, it.name, ...inNamespace(it.namespace)];
  const asked = sh`get ${which} --output ${"jsonpath={.metadata.managedFields[*].manager}"}`;
  const { exitCode, stdout } = await bastion.run(kubectl(cluster, READING_SECONDS, asked));
  const writers = exitCode === 0 ? [...new Set(stdout.split(" "))].filter((name) => name !== "") : [];
  return writers.length === 0 ? "somebody who does not say" : `what calls itself ${writers.join(", ")}`;
}

function nameOf({ kind, metadata }: Item): Named {
  const { namespace, name, uid } = metadata;
  const madeBy = makerOf(metadata);
  return { kind, namespace, name, uid, ...(madeBy !== undefined && { madeBy }) };
}

/**
 * Who makes an object anew, by what Argo CD and Flux write into what they keep, and by whom it belongs to.
 *
 * @see https://argo-cd.readthedocs.io/en/stable/user-guide/resource_tracking/
 * @see https://fluxcd.io/flux/components/kustomize/kustomizations/
 */
function makerOf({ namespace, labels, annotations, ownerReferences }: Item["metadata"]): Maker | undefined {
  const [application] = (annotations["argocd.argoproj.io/tracking-id"] ?? "").split(":");
  if (application !== undefined && application !== "") {
    const stop = sh`argocd app set ${application} --sync-policy none`.text;
    return { who: `Argo CD's application ${application}`, stop };
  }
  for (const [kind, group] of [
    ["Kustomization", "kustomize.toolkit.fluxcd.io"],
    ["HelmRelease", "helm.toolkit.fluxcd.io"],
  ] as const) {
    const [name, where = ""] = [labels[`${group}/name`], labels[`${group}/namespace`]];
    if (name === undefined) continue;
    const stop = sh`flux suspend ${kind.toLowerCase()} ${name} --namespace ${where}`.text;
    return { who: `Flux's ${kind} ${where}/${name}`, stop };
  }
  const [owner] = ownerReferences;
  if (owner !== undefined) {
    const stop = sh`eks ssh -- kubectl delete ${[owner.kind, owner.name, ...inNamespace(namespace)]}`.text;
    return { who: `${owner.kind} ${owner.name}`, stop };
  }
  // Argo CD's label of old, which Helm's charts write as well.
  const instance = labels["app.kubernetes.io/instance"];
  return instance === undefined ? undefined : { who: `Argo CD's application, or Helm's release, ${instance}` };
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

function statefulSetOf({ metadata: { namespace, ownerReferences } }: Item): Place[] {
  return ownerReferences.flatMap(({ kind, name }) => (kind === "StatefulSet" ? [{ namespace, name }] : []));
}

function whyItStays(result: CommandResult): string {
  if (result.exitCode === TIME_IS_UP || /timed out waiting for the condition/.test(result.stderr)) {
    return (
      `Kubernetes did not end it within ${String(DELETING_SECONDS)} s: a claim stays as long as a pod uses it, a ` +
      "Service as long as AWS refuses to delete its load balancer, and a NodeClaim as long as a pod may not be evicted"
    );
  }
  return explain(result);
}
