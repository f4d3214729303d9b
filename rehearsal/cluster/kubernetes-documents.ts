/** An object of the Kubernetes API, as JSON. */
export interface KubernetesObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: Metadata;
  readonly [field: string]: unknown;
}

/** What the stand-in makes of an object's metadata; what else a client wrote there it keeps. */
export interface Metadata {
  readonly name: string;
  readonly namespace?: string;
  readonly uid: string;
  readonly resourceVersion: string;
  /** RFC 3339, in whole seconds. */
  readonly creationTimestamp: string;
  readonly [field: string]: unknown;
}

/** A column of the table that kubectl prints. */
interface Column {
  readonly name: string;
  /** Shown with `--output wide` only. */
  readonly isWide?: boolean;
  readonly cell: (object: KubernetesObject, now: Date) => string | number;
}

/** A kind of object that the API has. */
export interface Resource {
  /** Plural, as in a path. */
  readonly name: string;
  readonly kind: string;
  /** `v1` of the core group, `GROUP/v1` of another. */
  readonly apiVersion: string;
  readonly isNamespaced: boolean;
  readonly shortNames: readonly string[];
  readonly verbs: readonly string[];
  /** As `kubectl get` prints them. */
  readonly columns: readonly Column[];
}

const READ = ["get", "list", "watch"];
const WRITE = ["create", "delete", "patch", "update"];

const NAME: Column = { name: "Name", cell: ({ metadata }) => metadata.name };
const AGE: Column = {
  name: "Age",
  cell: ({ metadata }, now) => humanDuration((now.getTime() - Date.parse(metadata.creationTimestamp)) / 1000),
};

/** What is at a path through an object; a list on the way shows all that is in it. */
function at(object: KubernetesObject, path: string, without: string): string {
  const step = (values: readonly unknown[], key: string): unknown[] =>
    values.flatMap((value) => (isRecord(value) ? value[key] : undefined) ?? []);
  return path.split(".").reduce(step, [object]).join(",") || without;
}

function column(name: string, path: string, without = "<none>"): Column {
  return { name, cell: (object) => at(object, path, without) };
}

/** What of a node's `status` the table shows. */
interface NodeStatus {
  readonly status?: {
    readonly conditions?: readonly { readonly type: string; readonly status: string }[];
    readonly addresses?: readonly { readonly type: string; readonly address: string }[];
    readonly nodeInfo?: Readonly<Record<string, string>>;
  };
}

const ofNode = (object: KubernetesObject) => (object as NodeStatus).status ?? {};
const nodeInfo = (name: string) => (object: KubernetesObject) => ofNode(object).nodeInfo?.[name] ?? "<unknown>";
const address = (type: string) => (object: KubernetesObject) =>
  ofNode(object).addresses?.find((one) => one.type === type)?.address ?? "<none>";

/**
 * Everything that the stand-in has, with columns that the API server has for it, and the verbs that it takes.
 *
 * @see https://github.com/kubernetes/kubernetes/blob/master/pkg/printers/internalversion/printers.go
 */
export const RESOURCES: readonly Resource[] = [
  {
    name: "configmaps",
    kind: "ConfigMap",
    apiVersion: "v1",
    isNamespaced: true,
    shortNames: ["cm"],
    verbs: [...READ, ...WRITE],
    columns: [NAME, { name: "Data", cell: ({ data }) => Object.keys(data ?? {}).length }, AGE],
  },
  {
    name: "namespaces",
    kind: "Namespace",
    apiVersion: "v1",
    isNamespaced: false,
    shortNames: ["ns"],
    verbs: READ,
    columns: [NAME, { name: "Status", cell: () => "Active" }, AGE],
  },
  {
    name: "nodes",
    kind: "Node",
    apiVersion: "v1",
    isNamespaced: false,
    shortNames: ["no"],
    verbs: READ,
    columns: [
      NAME,
      { name: "Status", cell: readiness },
      { name: "Roles", cell: () => "<none>" },
      AGE,
      { name: "Version", cell: nodeInfo("kubeletVersion") },
      { name: "Internal-IP", isWide: true, cell: address("InternalIP") },
      { name: "External-IP", isWide: true, cell: address("ExternalIP") },
      { name: "OS-Image", isWide: true, cell: nodeInfo("osImage") },
      { name: "Kernel-Version", isWide: true, cell: nodeInfo("kernelVersion") },
      { name: "Container-Runtime", isWide: true, cell: nodeInfo("containerRuntimeVersion") },
    ],
  },
  // There are none: nothing is ever scheduled here.
  {
    name: "pods",
    kind: "Pod",
    apiVersion: "v1",
    isNamespaced: true,
    shortNames: ["po"],
    verbs: READ,
    columns: [NAME, AGE],
  },
  {
    name: "services",
    kind: "Service",
    apiVersion: "v1",
    isNamespaced: true,
    shortNames: ["svc"],
    verbs: [...READ, "delete"],
    columns: [
      NAME,
      column("Type", "spec.type"),
      column("Cluster-IP", "spec.clusterIP"),
      column("External-IP", "status.loadBalancer.ingress.hostname"),
      AGE,
    ],
  },
  {
    name: "persistentvolumeclaims",
    kind: "PersistentVolumeClaim",
    apiVersion: "v1",
    isNamespaced: true,
    shortNames: ["pvc"],
    verbs: [...READ, "delete"],
    columns: [
      NAME,
      column("Status", "status.phase"),
      column("Volume", "spec.volumeName"),
      column("StorageClass", "spec.storageClassName"),
      AGE,
    ],
  },
  {
    name: "persistentvolumes",
    kind: "PersistentVolume",
    apiVersion: "v1",
    isNamespaced: false,
    shortNames: ["pv"],
    verbs: [...READ, "delete"],
    columns: [
      NAME,
      column("Reclaim Policy", "spec.persistentVolumeReclaimPolicy"),
      column("Status", "status.phase"),
      column("StorageClass", "spec.storageClassName"),
      AGE,
    ],
  },
  {
    name: "daemonsets",
    kind: "DaemonSet",
    apiVersion: "apps/v1",
    isNamespaced: true,
    shortNames: ["ds"],
    verbs: [...READ, "delete"],
    columns: [
      NAME,
      column("Desired", "status.desiredNumberScheduled", "0"),
      column("Current", "status.currentNumberScheduled", "0"),
      column("Ready", "status.numberReady", "0"),
      column("Up-to-date", "status.updatedNumberScheduled", "0"),
      column("Available", "status.numberAvailable", "0"),
      { name: "Node Selector", cell: () => "<none>" },
      AGE,
    ],
  },
  {
    name: "deployments",
    kind: "Deployment",
    apiVersion: "apps/v1",
    isNamespaced: true,
    shortNames: ["deploy"],
    verbs: [...READ, "delete"],
    columns: [
      NAME,
      {
        name: "Ready",
        cell: (object) => ["status.readyReplicas", "spec.replicas"].map((path) => at(object, path, "0")).join("/"),
      },
      column("Up-to-date", "status.updatedReplicas", "0"),
      column("Available", "status.availableReplicas", "0"),
      AGE,
    ],
  },
  {
    name: "ingresses",
    kind: "Ingress",
    apiVersion: "networking.k8s.io/v1",
    isNamespaced: true,
    shortNames: ["ing"],
    verbs: [...READ, "delete"],
    columns: [
      NAME,
      column("Class", "spec.ingressClassName"),
      column("Hosts", "spec.rules.host"),
      column("Address", "status.loadBalancer.ingress.hostname"),
      AGE,
    ],
  },
];

/** The kind of a name such as `services`, `deployments` or `deployments.apps`. @throws when there is none */
export function findResource(name: string): Resource {
  const found = RESOURCES.find((one) => [one.name, qualifiedName(one)].includes(name));
  if (found === undefined) throw new Error(`this stand-in has no ${name}`);
  return found;
}

/** As messages name it: `services`, `deployments.apps`. */
export function qualifiedName({ name, apiVersion }: Resource): string {
  return [name, ...apiVersion.split("/").slice(0, -1)].join(".");
}

function readiness(object: KubernetesObject): string {
  const ready = ofNode(object).conditions?.find(({ type }) => type === "Ready");
  if (ready === undefined) return "Unknown";
  return ready.status === "True" ? "Ready" : "NotReady";
}

/** How a client wants its table. */
export interface TableOptions {
  /** Of the group meta.k8s.io: `v1`, or what a kubectl older than 1.15 knows. */
  readonly version: "v1" | "v1beta1";
  /** Whether a row carries its whole object, or the metadata alone. */
  readonly withObjects: boolean;
}

/**
 * A table as kubectl asks the API server for: it prints the cells as they are.
 *
 * @param objects what the rows are about
 * @param now what the ages count to
 * @see https://kubernetes.io/docs/reference/using-api/api-concepts/#receiving-resources-as-tables
 */
export function table(
  { columns }: Resource,
  objects: readonly KubernetesObject[],
  { version, withObjects }: TableOptions,
  now: Date,
): object {
  const apiVersion = `meta.k8s.io/${version}`;
  return {
    kind: "Table",
    apiVersion,
    columnDefinitions: columns.map(({ name, isWide = false }) => ({
      name,
      type: name === "Data" ? "integer" : "string",
      format: name === "Name" ? "name" : "",
      description: "",
      priority: isWide ? 1 : 0,
    })),
    rows: objects.map((object) => ({
      cells: columns.map(({ cell }) => cell(object, now)),
      object: withObjects ? object : { kind: "PartialObjectMetadata", apiVersion, metadata: object.metadata },
    })),
  };
}

/**
 * A length of time as kubectl's column AGE has it: `45s`, `3m12s`, `5h7m`, `2d`.
 *
 * @see https://github.com/kubernetes/apimachinery/blob/master/pkg/util/duration/duration.go
 */
export function humanDuration(durationSeconds: number): string {
  const seconds = Math.trunc(durationSeconds);
  const [minutes, hours] = [Math.floor(seconds / 60), Math.floor(seconds / 3600)];
  const days = Math.floor(hours / 24);
  const two = (first: string, rest: number, unit: string) => (rest === 0 ? first : `${first}${String(rest)}${unit}`);
  if (seconds < -1) return "<invalid>";
  if (seconds < 120) return `${String(Math.max(seconds, 0))}s`;
  if (minutes < 10) return two(`${String(minutes)}m`, seconds % 60, "s");
  if (minutes < 180) return `${String(minutes)}m`;
  if (hours < 8) return two(`${String(hours)}h`, minutes % 60, "m");
  if (hours < 48) return `${String(hours)}h`;
  if (days < 8) return two(`${String(days)}d`, hours % 24, "h");
  if (days < 730) return `${String(days)}d`;
  const years = Math.floor(days / 365);
  return years < 8 ? two(`${String(years)}y`, days % 365, "d") : `${String(years)}y`;
}

/** A failure as the Kubernetes API answers it: `kubectl` prints its message after `Error from server (REASON)`. */
export class StatusError extends Error {
  override readonly name = "StatusError";

  /** @see https://github.com/kubernetes/apimachinery/blob/master/pkg/apis/meta/v1/types.go for the reasons */
  constructor(
    readonly code: number,
    readonly reason: string,
    message: string,
    readonly details?: object,
  ) {
    super(message);
  }

  /** The answer's body. */
  get status(): object {
    const { code, reason, message, details } = this;
    return {
      kind: "Status",
      apiVersion: "v1",
      metadata: {},
      status: "Failure",
      message,
      reason,
      ...(details !== undefined && { details }),
      code,
    };
  }
}

/** What `/version` answers; `gitVersion` is such as `v1.31.4-eks-2d5f260`. */
export function versionInfo(gitVersion: string): object {
  const [, major = "", minor = ""] = /^v(\d+)\.(\d+)\./.exec(gitVersion) ?? [];
  return { major, minor, gitVersion, gitCommit: "", gitTreeState: "clean", buildDate: "", platform: "linux/amd64" };
}

const API_VERSIONS = [...new Set(RESOURCES.map(({ apiVersion }) => apiVersion))];
const GROUPS = API_VERSIONS.filter((groupVersion) => groupVersion !== "v1").map((groupVersion) => {
  const [name = "", version = ""] = groupVersion.split("/");
  return { name, versions: [{ groupVersion, version }], preferredVersion: { groupVersion, version } };
});

/**
 * What clients read to learn which objects there are, by path. They may ask for the two lists of groups in one answer;
 * to be answered with the plain one is theirs to take.
 *
 * @see https://kubernetes.io/docs/concepts/overview/kubernetes-api/#discovery-api
 */
export const DISCOVERY: Readonly<Record<string, object>> = {
  "/api": { kind: "APIVersions", versions: ["v1"], serverAddressByClientCIDRs: [] },
  "/apis": { kind: "APIGroupList", apiVersion: "v1", groups: GROUPS },
  ...Object.fromEntries(
    GROUPS.map((group) => [`/apis/${group.name}`, { kind: "APIGroup", apiVersion: "v1", ...group }]),
  ),
  ...Object.fromEntries(
    API_VERSIONS.map((version) => [version === "v1" ? "/api/v1" : `/apis/${version}`, resourceList(version)]),
  ),
  "/openapi/v3": { paths: { "api/v1": { serverRelativeURL: "/openapi/v3/api/v1" } } },
};

function resourceList(groupVersion: string): object {
  const resources = RESOURCES.filter(({ apiVersion }) => apiVersion === groupVersion).map(
    ({ name, kind, isNamespaced, shortNames, verbs }) => ({
      name,
      singularName: kind.toLowerCase(),
      namespaced: isNamespaced,
      kind,
      verbs,
      shortNames,
    }),
  );
  return { kind: "APIResourceList", apiVersion: "v1", groupVersion, resources };
}

const CONFIG_MAP_SCHEMA = "io.k8s.api.core.v1.ConfigMap";
const texts = { type: "object", additionalProperties: { type: "string", default: "" } };

/**
 * The schema of the API, as far as kubectl looks before it writes: which objects the server itself checks for unknown
 * fields and can try without keeping (`fieldValidation` and `dryRun`), and how a ConfigMap is merged.
 *
 * @see https://kubernetes.io/docs/concepts/overview/kubernetes-api/#openapi-v3
 */
export function openApiV3(gitVersion: string): object {
  const query = (name: string) => ({ name, in: "query", schema: { type: "string", uniqueItems: true } });
  const configMap = { $ref: `#/components/schemas/${CONFIG_MAP_SCHEMA}` };
  const kind = { group: "", version: "v1", kind: "ConfigMap" };
  return {
    openapi: "3.0.0",
    info: { title: "Kubernetes", version: gitVersion },
    paths: {
      "/api/v1/namespaces/{namespace}/configmaps/{name}": {
        patch: {
          tags: ["core_v1"],
          operationId: "patchCoreV1NamespacedConfigMap",
          parameters: [query("dryRun"), query("fieldManager"), query("fieldValidation")],
          requestBody: {
            content: Object.fromEntries(MERGED_TYPES.map((type) => [type, { schema: { type: "object" } }])),
            required: true,
          },
          responses: { "200": { description: "OK", content: { "application/json": { schema: configMap } } } },
          "x-kubernetes-action": "patch",
          "x-kubernetes-group-version-kind": kind,
        },
      },
    },
    components: {
      schemas: {
        [CONFIG_MAP_SCHEMA]: {
          description: "ConfigMap holds configuration data for pods to consume.",
          type: "object",
          properties: {
            apiVersion: { type: "string" },
            kind: { type: "string" },
            metadata: {
              type: "object",
              properties: {
                annotations: texts,
                labels: texts,
                name: { type: "string" },
                namespace: { type: "string" },
                resourceVersion: { type: "string" },
                uid: { type: "string" },
              },
            },
            data: texts,
            binaryData: texts,
            immutable: { type: "boolean" },
          },
          "x-kubernetes-group-version-kind": [kind],
        },
      },
    },
  };
}

/** The patches that a ConfigMap takes: its only lists are in its metadata, so that all of them merge alike. */
export const MERGED_TYPES = ["application/merge-patch+json", "application/strategic-merge-patch+json"];

/**
 * A schema without a type in it, as a kubectl older than 1.27 wants it: what is not in it, it does not check. In
 * protobuf, for it takes no other: fields 1 `swagger`, 2 `info` (1 `title`, 2 `version`) and 8 `paths`.
 *
 * @see https://github.com/google/gnostic/blob/main/openapiv2/OpenAPIv2.proto
 */
export function openApiV2(gitVersion: string): Buffer {
  const field = (number: number, content: Buffer | string) =>
    // 2: of a length that is told. It fits into one byte as long as there are fewer than 128.
    Buffer.concat([Buffer.of((number << 3) | 2, Buffer.byteLength(content)), Buffer.from(content)]);
  const info = Buffer.concat([field(1, "Kubernetes"), field(2, gitVersion)]);
  return Buffer.concat([field(1, "2.0"), field(2, info), field(8, "")]);
}

/**
 * A JSON merge patch applied: objects merge, `null` removes, everything else replaces.
 *
 * @see https://www.rfc-editor.org/rfc/rfc7396
 */
export function mergePatch(target: unknown, patch: unknown): unknown {
  if (!isRecord(patch)) return patch;
  const merged = new Map(Object.entries(isRecord(target) ? target : {}));
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) merged.delete(name);
    else merged.set(name, mergePatch(merged.get(name), value));
  }
  return Object.fromEntries(merged);
}

/** Whether a value of JSON is an object. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
