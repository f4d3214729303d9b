import { randomUUID } from "node:crypto";
import { isDeepStrictEqual } from "node:util";

import type { Taint } from "../../modules/user-data/read";
import { NEW_CLUSTERS_WORKLOADS } from "../account/eks/add-on-table";
import {
  findResource,
  isRecord,
  mergePatch,
  qualifiedName,
  StatusError,
  type KubernetesObject,
  type Metadata,
  type Resource,
} from "./kubernetes-documents";
import { takesPods, type Workloads } from "./scheduling";

/** A node, as far as its kubelet tells. */
export interface StandInNode {
  /** Its private DNS name, such as `ip-172-16-10-12.ap-northeast-2.compute.internal`. */
  readonly name: string;
  /** Version of the kubelet, such as `v1.31.4-eks-aeac579`. */
  readonly version: string;
  /**
   * Why it is not ready, in the kubelet's words: `KubeletNotReady` and a message; with `NodeStatusUnknown` it has been
   * silent.
   *
   * @default - it is ready
   */
  readonly notReady?: { readonly reason: string; readonly message: string };
  /** @default - when the API is first asked and the node is there */
  readonly createdAt?: Date;
  /** As Kubernetes writes it. @default "amd64" */
  readonly architecture?: string;
  /** What its kubelet registered with, besides those that each has. @default - none */
  readonly labels?: Readonly<Record<string, string>>;
  /** @default - none */
  readonly taints?: readonly Taint[];
}

/**
 * The nodes there are, given the `data` of the ConfigMap aws-auth (undefined when there is none). It is asked at every
 * request, so it must be cheap, and must answer the same to the same until something else has changed.
 */
export type JoinRule = (awsAuth: ConfigMapData | undefined) => readonly StandInNode[];

/** The `data` of a ConfigMap. */
export type ConfigMapData = Readonly<Record<string, string>>;

/** An object as a test or a rehearsal puts it there: what the server says of one is added. */
export interface PlantedObject {
  readonly metadata: {
    readonly name: string;
    /** @default "default", when its kind is in namespaces */
    readonly namespace?: string;
    readonly [field: string]: unknown;
  };
  readonly [field: string]: unknown;
}

/**
 * Told of an object that a client deletes, of a kind such as `services`; what it then does takes the place of a
 * finalizer. The object is there until this is done, and stays when this fails.
 */
export type DeletionListener = (kind: string, object: KubernetesObject) => void | Promise<void>;

/** How a client wants its change made. */
export interface WriteOptions {
  /** Answers what would be, and keeps nothing. */
  readonly isDryRun: boolean;
  /** Refuses fields that a ConfigMap does not have; they are dropped otherwise. */
  readonly isStrict: boolean;
}

const NAMESPACES = ["default", "kube-node-lease", "kube-public", "kube-system"];
const CONFIG_MAPS = findResource("configmaps");
const CONFIG_MAP_FIELDS = ["apiVersion", "kind", "metadata", "data", "binaryData", "immutable"];
/** What of an object's metadata is the server's to say; `managedFields` it would, and this one does not. */
const SERVER_FIELDS = ["name", "namespace", "uid", "resourceVersion", "creationTimestamp", "managedFields", "selfLink"];

/**
 * What a stand-in Kubernetes API holds: objects of the kinds of `RESOURCES`, and nodes, which join by a rule. It starts
 * with its namespaces and the workloads of a new cluster of EKS. It has no pods, no controllers (but the status of EKS'
 * workloads is what they would make of its nodes), no defaults, no quotas and no history.
 */
export class KubernetesState {
  /** Answers every token as that of somebody whom the cluster does not know. */
  refuseTokens = false;
  /** Which nodes there are; may be changed at any time. */
  nodesJoinWhen: JoinRule;
  /** What a deletion leads to; may be changed at any time. */
  onDelete: DeletionListener = () => undefined;

  /** All but the nodes, by `keyOf`. */
  readonly #objects = new Map<string, KubernetesObject>();
  #nodes = new Map<string, KubernetesObject>();
  /** What the status of EKS' own workloads is on the nodes there are, by their uids. */
  readonly #statuses = new Map<string, StatusOf>();
  #version = 0;

  constructor(nodesJoinWhen: JoinRule = () => []) {
    this.nodesJoinWhen = nodesJoinWhen;
    const namespaces = NAMESPACES.map((name) => ({
      metadata: { name, labels: { "kubernetes.io/metadata.name": name } },
      spec: { finalizers: ["kubernetes"] },
      status: { phase: "Active" },
    }));
    this.setObjects("namespaces", namespaces);
    for (const workloads of NEW_CLUSTERS_WORKLOADS) this.install(workloads);
  }

  /** Counts every change of anything. */
  get resourceVersion(): string {
    return String(this.#version);
  }

  /** The nodes that have joined. */
  nodes(): readonly StandInNode[] {
    return this.nodesJoinWhen(this.configMap("kube-system", "aws-auth"));
  }

  /** These nodes and no others, whatever aws-auth says. */
  setNodes(nodes: readonly StandInNode[]): void {
    this.nodesJoinWhen = () => nodes;
  }

  /**
   * Another client's doing: these objects and no others of a kind such as `services`, all of them new ones.
   *
   * @throws when there is no such kind, and for nodes, which `setNodes` sets
   */
  setObjects(kind: string, objects: readonly PlantedObject[]): void {
    const resource = findResource(kind);
    if (resource.name === "nodes") throw new Error("nodes are set with setNodes, not with setObjects");
    for (const object of this.list(resource)) this.#remove(object);
    for (const object of objects) this.#plant(resource, object);
  }

  /** EKS' doing: runs an add-on. What of it is there already stays, with the status that it has as it is now said. */
  install(workloads: Workloads): void {
    for (const { resource, object, statusOf } of objectsOf(workloads)) {
      const { metadata } = this.#objects.get(keyOf({ ...resource, ...object })) ?? this.#plant(resource, object);
      this.#statuses.set(metadata.uid, statusOf);
    }
  }

  /** EKS' doing: an add-on runs no longer. */
  uninstall(workloads: Workloads): void {
    for (const { resource, object } of objectsOf(workloads)) {
      const existing = this.#objects.get(keyOf({ ...resource, ...object }));
      if (existing !== undefined) this.#remove(existing);
    }
  }

  /** A ConfigMap's data; undefined when there is none. */
  configMap(namespace: string, name: string): ConfigMapData | undefined {
    const found = this.#configMap(namespace, name);
    return found === undefined ? undefined : ((found["data"] ?? {}) as ConfigMapData);
  }

  /** Another client's doing: makes or overwrites a ConfigMap, or with undefined removes it. */
  setConfigMap(namespace: string, name: string, data: ConfigMapData | undefined): void {
    const existing = this.#configMap(namespace, name);
    if (data !== undefined) {
      this.#keep({ ...(existing ?? this.#newConfigMap(namespace, name)), data }, existing, false);
    } else if (existing !== undefined) {
      this.#remove(existing);
    }
  }

  /** All objects of a kind, by name, of one namespace or of all. */
  list({ name, kind }: Resource, namespace?: string): readonly KubernetesObject[] {
    const kept = () => [...this.#objects.values()].filter((it) => it.kind === kind);
    const all = name === "nodes" ? this.#joinedNodes() : kept().map((object) => this.#observed(object));
    const objects = all.filter(({ metadata }) => [undefined, metadata.namespace].includes(namespace));
    return objects.sort((one, other) => (keyOf(one) < keyOf(other) ? -1 : 1));
  }

  /** @throws StatusError NotFound */
  get(resource: Resource, namespace: string | undefined, name: string): KubernetesObject {
    const found = this.list(resource, namespace).find(({ metadata }) => metadata.name === name);
    if (found === undefined) throw notFound(resource, name);
    return found;
  }

  /** @throws StatusError AlreadyExists, and what is wrong with the body */
  createConfigMap(namespace: string, body: unknown, options: WriteOptions): KubernetesObject {
    const sent = readConfigMap(body, namespace, options);
    const { name = "", resourceVersion } = sent.metadata;
    if (!NAMESPACES.includes(namespace)) throw notFound(findResource("namespaces"), namespace);
    if (name === "") throw invalid("", "metadata.name", "Required value: name or generateName is required");
    if (this.#configMap(namespace, name) !== undefined) {
      throw new StatusError(409, "AlreadyExists", `configmaps "${name}" already exists`, detailsOf(name));
    }
    if ((resourceVersion ?? "") !== "") {
      throw new StatusError(500, "", "resourceVersion should not be set on objects to be created");
    }
    return this.#keep(withFields(this.#newConfigMap(namespace, name), sent), undefined, options.isDryRun);
  }

  /** @throws StatusError NotFound, Conflict, and what is wrong with the body */
  replaceConfigMap(namespace: string, name: string, body: unknown, options: WriteOptions): KubernetesObject {
    const sent = readConfigMap(body, namespace, options);
    if (sent.metadata.name !== name) {
      const found = `the name of the object (${sent.metadata.name ?? ""})`;
      throw new StatusError(400, "BadRequest", `${found} does not match the name on the URL (${name})`);
    }
    const existing = this.get(CONFIG_MAPS, namespace, name);
    const { uid } = existing.metadata;
    if (!isThat(sent.metadata.uid, uid)) {
      const where = `Code: 4, Key: /registry/configmaps/${namespace}/${name}, ResourceVersion: 0`;
      const why = `Precondition failed: UID in precondition: ${String(sent.metadata.uid)}, UID in object meta: ${uid}`;
      throw conflict(CONFIG_MAPS, name, `StorageError: invalid object, ${where}, AdditionalErrorMsg: ${why}`);
    }
    return this.#update(existing, sent, options);
  }

  /** @throws StatusError NotFound, Conflict, and what is wrong with what the patch makes of it */
  patchConfigMap(namespace: string, name: string, patch: unknown, options: WriteOptions): KubernetesObject {
    const existing = this.get(CONFIG_MAPS, namespace, name);
    return this.#update(existing, readConfigMap(mergePatch(existing, patch), namespace, options), options);
  }

  #update(existing: KubernetesObject, sent: SentConfigMap, { isDryRun }: WriteOptions): KubernetesObject {
    const { name, uid, resourceVersion } = existing.metadata;
    if (!isThat(sent.metadata.resourceVersion, resourceVersion)) {
      const why = "the object has been modified; please apply your changes to the latest version and try again";
      throw conflict(CONFIG_MAPS, name, why);
    }
    for (const [field, is] of Object.entries({ name, uid })) {
      if (isThat(sent.metadata[field], is)) continue;
      throw invalid(name, `metadata.${field}`, `Invalid value: "${String(sent.metadata[field])}": field is immutable`);
    }
    return this.#keep(withFields(existing, sent), existing, isDryRun);
  }

  /**
   * A client's doing, so that `onDelete` is told.
   *
   * @returns the object as it was
   * @throws StatusError NotFound, and Conflict when it is not the one that is meant
   */
  delete(
    resource: Resource,
    namespace: string | undefined,
    name: string,
    preconditions: Readonly<SentMetadata> = {},
    isDryRun = false,
  ): KubernetesObject {
    const existing = this.get(resource, namespace, name);
    refuseOther(resource, existing, preconditions);
    if (isDryRun) return existing;
    const done = this.onDelete(resource.name, existing);
    if (done === undefined) this.#remove(existing);
    else {
      // Whoever deletes it is not told of a failure: as in a cluster, the object just stays.
      done.then(
        () => {
          this.#remove(existing);
        },
        () => undefined,
      );
    }
    return existing;
  }

  #configMap(namespace: string, name: string): KubernetesObject | undefined {
    return this.list(CONFIG_MAPS, namespace).find(({ metadata }) => metadata.name === name);
  }

  /** Puts a new object there, with what the server says of one. */
  #plant({ apiVersion, kind, isNamespaced }: Resource, object: PlantedObject): KubernetesObject {
    const { name, namespace = "default", ...rest } = object.metadata;
    const metadata = { ...rest, ...this.#newMetadata(name), ...(isNamespaced && { namespace }) };
    const whole = { ...object, apiVersion, kind, metadata };
    this.#objects.set(keyOf(whole), whole);
    return whole;
  }

  /** Removes this very object, not one that was made anew in its place. */
  #remove(object: KubernetesObject): void {
    const key = keyOf(object);
    if (this.#objects.get(key)?.metadata.uid !== object.metadata.uid) return;
    this.#objects.delete(key);
    this.#version += 1;
  }

  /** What the rule says now. A node that is still there is the same one as before; only a change makes it a new version. */
  #joinedNodes(): KubernetesObject[] {
    const before = this.#nodes;
    const nodes = this.nodes().map((node) => {
      const existing = before.get(node.name);
      const createdAt = existing === undefined ? node.createdAt : new Date(existing.metadata.creationTimestamp);
      const fresh = nodeObject(node, existing?.metadata ?? this.#newMetadata(node.name, createdAt));
      return existing === undefined ? fresh : this.#revised(fresh, existing);
    });
    this.#nodes = new Map(nodes.map((node) => [node.metadata.name, node]));
    if ([...before.keys()].some((name) => !this.#nodes.has(name))) this.#version += 1;
    return [...this.#nodes.values()];
  }

  /** One of EKS' own workloads as its controller sees it now, and any other object as it is. */
  #observed(object: KubernetesObject): KubernetesObject {
    const statusOf = this.#statuses.get(object.metadata.uid);
    if (statusOf === undefined) return object;
    return this.#keep({ ...object, status: statusOf(this.nodes()) }, object, false);
  }

  /** The object as it is from now on: with nothing changed, the one that there is. */
  #revised(wanted: KubernetesObject, existing: KubernetesObject | undefined): KubernetesObject {
    if (existing === undefined) return wanted;
    if (isDeepStrictEqual(wanted, existing)) return existing;
    return { ...wanted, metadata: { ...wanted.metadata, resourceVersion: this.#nextVersion() } };
  }

  #keep(wanted: KubernetesObject, existing: KubernetesObject | undefined, isDryRun: boolean): KubernetesObject {
    if (isDryRun) return wanted;
    const kept = this.#revised(wanted, existing);
    this.#objects.set(keyOf(kept), kept);
    return kept;
  }

  #newConfigMap(namespace: string, name: string): KubernetesObject {
    return { apiVersion: "v1", kind: "ConfigMap", metadata: { ...this.#newMetadata(name), namespace } };
  }

  #newMetadata(name: string, createdAt = new Date()): Metadata {
    const creationTimestamp = seconds(createdAt);
    return { name, uid: randomUUID(), resourceVersion: this.#nextVersion(), creationTimestamp };
  }

  #nextVersion(): string {
    this.#version += 1;
    return this.resourceVersion;
  }
}

/** What a client may say of an object's metadata. */
interface SentMetadata {
  readonly name?: string;
  readonly namespace?: string;
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly [field: string]: unknown;
}

interface SentConfigMap {
  readonly metadata: SentMetadata;
  readonly [field: string]: unknown;
}

/** A body as a ConfigMap of a namespace, with the fields that one has. */
function readConfigMap(body: unknown, namespace: string, { isStrict }: WriteOptions): SentConfigMap {
  if (!isRecord(body)) throw new StatusError(400, "BadRequest", "the object provided is unrecognized");
  const { apiVersion = "v1", kind = "ConfigMap", metadata = {} } = body;
  const what = `${String(kind)} in version "${String(apiVersion)}"`;
  const refuse = (why: string) => {
    throw new StatusError(400, "BadRequest", `${what} cannot be handled as a ConfigMap: ${why}`);
  };
  if (apiVersion !== "v1" || kind !== "ConfigMap") refuse("it is something else");
  const unknown = Object.keys(body).filter((field) => !CONFIG_MAP_FIELDS.includes(field));
  if (isStrict && unknown.length > 0) {
    const fields = unknown.map((field) => `unknown field "${field}"`).join(", ");
    refuse(`strict decoding error: ${fields}`);
  }
  if (!isRecord(metadata)) refuse("json: cannot unmarshal its metadata");
  const sent = metadata as SentMetadata;
  if ((sent.namespace ?? namespace) !== namespace) {
    const message = "the namespace of the provided object does not match the namespace sent on the request";
    throw new StatusError(400, "BadRequest", message);
  }
  const { data, binaryData } = body;
  for (const texts of [data, binaryData]) if (!isRecord(texts ?? {})) refuse("json: cannot unmarshal its data");
  for (const [key, value] of [data, binaryData].flatMap((texts) => Object.entries(texts ?? {}))) {
    if (typeof value !== "string") refuse(`json: cannot unmarshal ${typeof value} into data[${key}] of type string`);
    if (!/^[-._a-zA-Z0-9]+$/.test(key)) {
      const rule = "a valid config key must consist of alphanumeric characters, '-', '_' or '.'";
      throw invalid(sent.name ?? "", `data[${key}]`, `Invalid value: "${key}": ${rule}`);
    }
  }
  const known = Object.entries(body).filter(([field, value]) => CONFIG_MAP_FIELDS.includes(field) && value !== null);
  return { ...Object.fromEntries(known), metadata: sent };
}

/** The object with the fields that a client sent, and no others of those that are a client's to say. */
function withFields({ metadata, apiVersion, kind }: KubernetesObject, sent: SentConfigMap): KubernetesObject {
  const ofServer = Object.entries(metadata).filter(([field]) => SERVER_FIELDS.includes(field));
  const ofClient = Object.entries(sent.metadata).filter(([field]) => !SERVER_FIELDS.includes(field));
  const merged = Object.fromEntries([...ofServer, ...ofClient]) as unknown as Metadata;
  return { ...sent, apiVersion, kind, metadata: merged };
}

/**
 * Refuses to delete another object than the one that is meant.
 *
 * @see https://github.com/kubernetes/apiserver/blob/master/pkg/registry/rest/delete.go
 */
function refuseOther(resource: Resource, { metadata }: KubernetesObject, meant: Readonly<SentMetadata>): void {
  // Where an update's message names the resource, this one names the kind.
  const named = { ...resource, name: resource.kind };
  const refused = (what: string, one: unknown, is: string, might: string) => {
    const mismatch = `the ${what} in the precondition (${String(one)}) does not match the ${what} in record (${is})`;
    return conflict(named, metadata.name, `${mismatch}. The object might have been ${might}`);
  };
  const { uid, resourceVersion } = meant;
  if (!isThat(uid, metadata.uid)) throw refused("UID", uid, metadata.uid, "deleted and then recreated");
  if (!isThat(resourceVersion, metadata.resourceVersion)) {
    throw refused("ResourceVersion", resourceVersion, metadata.resourceVersion, "modified");
  }
}

/** Whether a client means the object that there is: what it does not say may be anything. */
function isThat(said: unknown, is: string): boolean {
  return [undefined, "", is].includes(said as string | undefined);
}

function conflict(resource: Resource, name: string, why: string): StatusError {
  const message = `Operation cannot be fulfilled on ${qualifiedName(resource)} "${name}": ${why}`;
  return new StatusError(409, "Conflict", message, detailsOf(name, resource.name));
}

function notFound(resource: Resource, name: string): StatusError {
  return new StatusError(
    404,
    "NotFound",
    `${qualifiedName(resource)} "${name}" not found`,
    detailsOf(name, resource.name),
  );
}

/** kubectl prints the causes, not the message. */
function invalid(name: string, field: string, message: string): StatusError {
  const details = { name, kind: "ConfigMap", causes: [{ reason: "FieldValueInvalid", message, field }] };
  return new StatusError(422, "Invalid", `ConfigMap "${name}" is invalid: ${field}: ${message}`, details);
}

function detailsOf(name: string, kind = "configmaps"): object {
  return { name, kind };
}

function keyOf({ kind, metadata }: Pick<KubernetesObject, "kind"> & Pick<PlantedObject, "metadata">): string {
  return `${kind}/${metadata.namespace ?? ""}/${metadata.name}`;
}

function seconds(date: Date): string {
  return date.toISOString().replace(/\.\d+Z$/, "Z");
}

/** The status of a workload on the nodes there are. */
type StatusOf = (nodes: readonly StandInNode[]) => object;

/** The objects that an add-on runs as. */
function objectsOf({ namespace, daemonSet, deployment }: Workloads): readonly {
  readonly resource: Resource;
  readonly object: PlantedObject;
  readonly statusOf: StatusOf;
}[] {
  const metadataOf = (name: string) => ({ name, namespace, generation: 1 });
  return [
    ...(daemonSet === undefined
      ? []
      : [
          {
            resource: findResource("daemonsets"),
            object: { metadata: metadataOf(daemonSet) },
            statusOf: daemonSetStatus,
          },
        ]),
    ...(deployment === undefined
      ? []
      : [
          {
            resource: findResource("deployments"),
            object: { metadata: metadataOf(deployment.name), spec: { replicas: deployment.replicas } },
            statusOf: (nodes: readonly StandInNode[]) => deploymentStatus(nodes, deployment),
          },
        ]),
  ];
}

/**
 * A DaemonSet that runs on every node, and is ready where the node is. As the API server, it leaves out zeros where the API
 * does.
 *
 * @see https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/daemon-set-v1/#DaemonSetStatus
 */
function daemonSetStatus(nodes: readonly StandInNode[]): object {
  const ready = nodes.filter(({ notReady }) => notReady === undefined).length;
  return {
    observedGeneration: 1,
    currentNumberScheduled: nodes.length,
    desiredNumberScheduled: nodes.length,
    numberMisscheduled: 0,
    numberReady: ready,
    ...counts({
      updatedNumberScheduled: nodes.length,
      numberAvailable: ready,
      numberUnavailable: nodes.length - ready,
    }),
  };
}

/**
 * All replicas are there as soon as one node takes them.
 *
 * @see https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/deployment-v1/#DeploymentStatus
 */
function deploymentStatus(
  nodes: readonly StandInNode[],
  { replicas, tolerations }: NonNullable<Workloads["deployment"]>,
): object {
  const isRunning = nodes.some((node) => takesPods(node, tolerations));
  const available = isRunning ? replicas : 0;
  return {
    observedGeneration: 1,
    replicas,
    updatedReplicas: replicas,
    ...counts({
      readyReplicas: available,
      availableReplicas: available,
      unavailableReplicas: replicas - available,
    }),
    conditions: [
      {
        type: "Available",
        status: isRunning ? "True" : "False",
        reason: isRunning ? "MinimumReplicasAvailable" : "MinimumReplicasUnavailable",
        message: `Deployment ${isRunning ? "has" : "does not have"} minimum availability.`,
      },
    ],
  };
}

/** Those that are not zero: Go's `omitempty`. */
function counts(all: Readonly<Record<string, number>>): object {
  return Object.fromEntries(Object.entries(all).filter(([, count]) => count !== 0));
}

function nodeObject(node: StandInNode, metadata: Metadata): KubernetesObject {
  const { name, version, notReady, architecture = "amd64", labels, taints = [] } = node;
  const [, ...address] = /^ip-(\d+)-(\d+)-(\d+)-(\d+)\./.exec(name) ?? [];
  const isSilent = notReady?.reason === "NodeStatusUnknown";
  const ready = notReady ?? { reason: "KubeletReady", message: "kubelet is posting ready status" };
  const at = metadata.creationTimestamp;
  return {
    apiVersion: "v1",
    kind: "Node",
    metadata: {
      ...metadata,
      labels: {
        ...labels,
        "kubernetes.io/arch": architecture,
        "kubernetes.io/hostname": name,
        "kubernetes.io/os": "linux",
      },
    },
    spec: taints.length === 0 ? {} : { taints },
    status: {
      addresses: [
        ...(address.length > 0 ? [{ type: "InternalIP", address: address.join(".") }] : []),
        { type: "InternalDNS", address: name },
        { type: "Hostname", address: name },
      ],
      conditions: [
        {
          type: "Ready",
          status: notReady === undefined ? "True" : isSilent ? "Unknown" : "False",
          ...ready,
          lastHeartbeatTime: at,
          lastTransitionTime: at,
        },
      ],
      nodeInfo: {
        architecture,
        operatingSystem: "linux",
        kubeletVersion: version,
        kubeProxyVersion: version,
        osImage: "Amazon Linux 2023 (stand-in)",
        kernelVersion: "6.1.0",
        containerRuntimeVersion: "containerd://1.7.0",
      },
    },
  };
}
