import { randomUUID } from "node:crypto";
import { isDeepStrictEqual } from "node:util";

import { NEW_CLUSTERS_WORKLOADS } from "../account/eks/add-on-table";
import { invalid, readConfigMap, withFields, type SentConfigMap } from "./config-maps";
import {
  findResource,
  mergePatch,
  qualifiedName,
  RESOURCES,
  StatusError,
  type KubernetesObject,
  type Metadata,
  type Resource,
} from "./kubernetes-documents";
import { nodeObject, type StandInNode } from "./nodes";
import { objectsOf, type StatusOf, type Workloads } from "./scheduling";

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
const NODES = findResource("nodes");

/**
 * What a stand-in Kubernetes API holds: objects of the kinds of `RESOURCES`, custom resources only once some were put
 * there, and nodes, which join by a rule. It starts with its namespaces and the workloads of a new cluster of EKS. It
 * has no pods, no controllers (but the status of EKS' workloads is what they would make of its nodes), no defaults, no
 * quotas and no history.
 */
export class KubernetesState {
  /** Answers every token as that of somebody whom the cluster does not know. */
  refuseTokens = false;
  /** What a deletion leads to; may be changed at any time. */
  onDelete: DeletionListener = () => undefined;

  /** By `keyOf`. */
  readonly #objects = new Map<string, KubernetesObject>();
  /** What the status of EKS' own workloads is on the nodes there are, by their keys. */
  readonly #statuses = new Map<string, StatusOf>();
  /** Custom resources, since somebody has put one there. */
  readonly #defined = new Set<Resource>();
  #version = 0;

  /** @param nodesJoinWhen which nodes there are; may be changed at any time */
  constructor(public nodesJoinWhen: JoinRule = () => []) {
    const namespaces = NAMESPACES.map((name) => ({
      metadata: { name, labels: { "kubernetes.io/metadata.name": name } },
      spec: { finalizers: ["kubernetes"] },
      status: { phase: "Active" },
    }));
    this.setObjects("namespaces", namespaces);
    for (const workloads of NEW_CLUSTERS_WORKLOADS) this.install(workloads);
  }

  /** The kinds that the API has. */
  get resources(): readonly Resource[] {
    return RESOURCES.filter((it) => !it.isCustom || this.#defined.has(it));
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
    if (resource === NODES) throw new Error("nodes are set with setNodes, not with setObjects");
    if (resource.isCustom) this.#defined.add(resource);
    for (const object of this.#ofKind(resource)) this.#remove(object);
    for (const object of objects) this.#keep({ ...object, ...newObject(resource, object.metadata) });
  }

  /** EKS' doing: runs an add-on. What of it is there already stays, with the status that it has as it is now said. */
  install(workloads: Workloads): void {
    const { namespace } = workloads;
    for (const { resource, name, fields, statusOf } of objectsOf(workloads)) {
      const metadata = { name, namespace, generation: 1 };
      const existing = this.#find(resource, namespace, name);
      const object = existing ?? this.#keep({ ...fields, ...newObject(resource, metadata) });
      this.#statuses.set(keyOf(object), statusOf);
    }
  }

  /** EKS' doing: an add-on runs no longer. */
  uninstall(workloads: Workloads): void {
    for (const { resource, name } of objectsOf(workloads)) {
      const existing = this.#find(resource, workloads.namespace, name);
      if (existing !== undefined) this.#remove(existing);
    }
  }

  /** A ConfigMap's data; undefined when there is none. */
  configMap(namespace: string, name: string): ConfigMapData | undefined {
    const found = this.#find(CONFIG_MAPS, namespace, name);
    return found === undefined ? undefined : ((found["data"] ?? {}) as ConfigMapData);
  }

  /** Another client's doing: makes or overwrites a ConfigMap, or with undefined removes it. */
  setConfigMap(namespace: string, name: string, data: ConfigMapData | undefined): void {
    const existing = this.#find(CONFIG_MAPS, namespace, name);
    if (data !== undefined) this.#keep({ ...(existing ?? newObject(CONFIG_MAPS, { namespace, name })), data });
    else if (existing !== undefined) this.#remove(existing);
  }

  /** All objects of a kind, by name, of one namespace or of all. */
  list(resource: Resource, namespace?: string): readonly KubernetesObject[] {
    this.#settle();
    return this.#ofKind(resource)
      .filter(({ metadata }) => [undefined, metadata.namespace].includes(namespace))
      .sort((one, other) => (keyOf(one) < keyOf(other) ? -1 : 1));
  }

  /** @throws StatusError NotFound */
  get(resource: Resource, namespace: string | undefined, name: string): KubernetesObject {
    this.#settle();
    const found = this.#find(resource, namespace, name);
    if (found === undefined) throw refusal(404, "NotFound", resource, name, (named) => `${named} not found`);
    return found;
  }

  /** @throws StatusError AlreadyExists, and what is wrong with the body */
  createConfigMap(namespace: string, body: unknown, { isDryRun, isStrict }: WriteOptions): KubernetesObject {
    const sent = readConfigMap(body, namespace, isStrict);
    const { name = "", resourceVersion } = sent.metadata;
    this.get(findResource("namespaces"), undefined, namespace);
    if (name === "") throw invalid("", "metadata.name", "Required value: name or generateName is required");
    if (this.#find(CONFIG_MAPS, namespace, name) !== undefined) {
      throw refusal(409, "AlreadyExists", CONFIG_MAPS, name, (named) => `${named} already exists`);
    }
    if ((resourceVersion ?? "") !== "") {
      throw new StatusError(500, "", "resourceVersion should not be set on objects to be created");
    }
    return this.#keep(withFields(newObject(CONFIG_MAPS, { namespace, name }), sent), isDryRun);
  }

  /** @throws StatusError NotFound, Conflict, and what is wrong with the body */
  replaceConfigMap(namespace: string, name: string, body: unknown, options: WriteOptions): KubernetesObject {
    const sent = readConfigMap(body, namespace, options.isStrict);
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
    return this.#update(existing, readConfigMap(mergePatch(existing, patch), namespace, options.isStrict), options);
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
    return this.#keep(withFields(existing, sent), isDryRun);
  }

  /**
   * A client's doing, so that `onDelete` is told.
   *
   * @param meant the object that the client means, as far as it says
   * @returns the object as it was
   * @throws StatusError NotFound, and Conflict when it is not the one that is meant
   * @see https://github.com/kubernetes/apiserver/blob/master/pkg/registry/rest/delete.go
   */
  delete(
    resource: Resource,
    namespace: string | undefined,
    name: string,
    meant: Partial<Metadata> = {},
    isDryRun = false,
  ): KubernetesObject {
    const existing = this.get(resource, namespace, name);
    const preconditions = [
      ["UID", meant.uid, existing.metadata.uid, "deleted and then recreated"],
      ["ResourceVersion", meant.resourceVersion, existing.metadata.resourceVersion, "modified"],
    ] as const;
    for (const [what, said, is, might] of preconditions) {
      if (isThat(said, is)) continue;
      const mismatch = `the ${what} in the precondition (${String(said)}) does not match the ${what} in record (${is})`;
      // Where an update's message names the resource, this one names the kind.
      const named = { ...resource, name: resource.kind };
      throw conflict(named, name, `${mismatch}. The object might have been ${might}`);
    }
    if (isDryRun) return existing;
    const done = this.onDelete(resource.name, existing);
    const remove = () => {
      this.#remove(existing);
    };
    // Whoever deletes it is not told of a failure: as in a cluster, the object just stays.
    if (done === undefined) remove();
    else done.then(remove, () => undefined);
    return existing;
  }

  /** Whatever happens in a cluster by itself: nodes join and leave, and controllers say how their workloads are. */
  #settle(): void {
    const nodes = this.nodes();
    for (const object of this.#ofKind(NODES)) {
      if (!nodes.some(({ name }) => name === object.metadata.name)) this.#remove(object);
    }
    for (const node of nodes) {
      const { name, createdAt } = node;
      const { metadata } = this.#find(NODES, undefined, name) ?? newObject(NODES, { name }, createdAt);
      this.#keep(nodeObject(node, metadata));
    }
    for (const [key, statusOf] of this.#statuses) {
      const object = this.#objects.get(key);
      if (object !== undefined) this.#keep({ ...object, status: statusOf(nodes) });
    }
  }

  #ofKind({ kind }: Resource): KubernetesObject[] {
    return [...this.#objects.values()].filter((object) => object.kind === kind);
  }

  #find({ kind }: Resource, namespace: string | undefined, name: string): KubernetesObject | undefined {
    return this.#objects.get(keyOf({ kind, metadata: { namespace, name } }));
  }

  /** The object as it is from now on: with nothing changed, the one that there is. */
  #keep(wanted: KubernetesObject, isDryRun = false): KubernetesObject {
    const existing = this.#objects.get(keyOf(wanted));
    if (existing !== undefined && isDeepStrictEqual(wanted, existing)) return existing;
    if (isDryRun) return wanted;
    this.#version += 1;
    const kept = { ...wanted, metadata: { ...wanted.metadata, resourceVersion: this.resourceVersion } };
    this.#objects.set(keyOf(kept), kept);
    return kept;
  }

  /** Removes this very object, not one that was made anew in its place. */
  #remove(object: KubernetesObject): void {
    const key = keyOf(object);
    if (this.#objects.get(key)?.metadata.uid !== object.metadata.uid) return;
    this.#objects.delete(key);
    this.#statuses.delete(key);
    this.#version += 1;
  }
}

/** An object with what the server says of a new one. It has no version before it is kept. */
function newObject(
  { apiVersion, kind, isNamespaced }: Resource,
  { name, namespace = "default", ...others }: PlantedObject["metadata"],
  createdAt = new Date(),
): KubernetesObject {
  const creationTimestamp = createdAt.toISOString().replace(/\.\d+Z$/, "Z");
  const given = { uid: randomUUID(), resourceVersion: "", creationTimestamp };
  return { apiVersion, kind, metadata: { ...others, name, ...(isNamespaced && { namespace }), ...given } };
}

/** Whether a client means the object that there is: what it does not say may be anything. */
function isThat(said: unknown, is: string): boolean {
  return said === undefined || said === "" || said === is;
}

function conflict(resource: Resource, name: string, why: string): StatusError {
  return refusal(409, "Conflict", resource, name, (named) => `Operation cannot be fulfilled on ${named}: ${why}`);
}

/** @param message what it says of an object that it names such as `services "web"` */
function refusal(
  code: number,
  reason: string,
  resource: Resource,
  name: string,
  message: (named: string) => string,
): StatusError {
  const details = { name, kind: resource.name };
  return new StatusError(code, reason, message(`${qualifiedName(resource)} "${name}"`), details);
}

function keyOf({ kind, metadata: { namespace = "", name } }: Pick<KubernetesObject, "kind"> & PlantedObject): string {
  return `${kind}/${namespace}/${name}`;
}
