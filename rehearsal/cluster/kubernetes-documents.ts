import { isRecord } from "../../contract/json";

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
  readonly cell: (object: KubernetesObject, now: Date) => unknown;
}

/** A kind of object that the API has. */
export interface Resource {
  /** Plural, as in a path. */
  readonly name: string;
  readonly kind: string;
  /** `v1` of the core group, `GROUP/v1` of another. */
  readonly apiVersion: string;
  readonly isNamespaced: boolean;
  /** Empty when it has none. */
  readonly shortName: string;
  /** Of a custom resource: the API has the kind only when somebody has defined it. */
  readonly isCustom: boolean;
  readonly verbs: readonly string[];
  /** As `kubectl get` prints them. */
  readonly columns: readonly Column[];
}

const READ = ["get", "list", "watch"];
const UNKNOWN = "<unknown>";

const NAME: Column = { name: "Name", cell: ({ metadata }) => metadata.name };
const AGE: Column = {
  name: "Age",
  cell: ({ metadata }, now) => humanDuration((now.getTime() - Date.parse(metadata.creationTimestamp)) / 1000),
};

/** All values at a path through an object; a list on the way leads to all that is in it. */
function valuesAt(object: unknown, path: string): unknown[] {
  const step = (values: readonly unknown[], key: string): unknown[] =>
    values.flatMap((value) => (isRecord(value) ? value[key] : undefined) ?? []);
  return path.split(".").reduce(step, [object]);
}

function textAt(object: KubernetesObject, path: string, without: string): string {
  return valuesAt(object, path).join(",") || without;
}

function column(name: string, path: string, without = "<none>"): Column {
  return { name, cell: (object) => textAt(object, path, without) };
}

/** The entry of that type in a list of a node's status. */
function ofType(node: KubernetesObject, list: "addresses" | "conditions", type: string) {
  return valuesAt(node, `status.${list}`)
    .filter(isRecord)
    .find((entry) => entry["type"] === type);
}

function addressColumn(name: string, type: string): Column {
  return { name, cell: (node) => ofType(node, "addresses", type)?.["address"] ?? "<none>" };
}

function readiness(node: KubernetesObject): string {
  const ready = ofType(node, "conditions", "Ready");
  if (ready === undefined) return "Unknown";
  return ready["status"] === "True" ? "Ready" : "NotReady";
}

/** What a kind is unless its row says otherwise. */
const USUAL = { apiVersion: "v1", isNamespaced: true, isCustom: false, verbs: [...READ, "delete"] };

/** A kind's row; its columns are those after its name. */
type Row = Omit<Resource, keyof typeof USUAL> & Partial<typeof USUAL>;

const ROWS: readonly Row[] = [
  {
    name: "configmaps",
    kind: "ConfigMap",
    shortName: "cm",
    verbs: [...USUAL.verbs, "create", "patch", "update"],
    columns: [{ name: "Data", cell: ({ data }) => Object.keys(data ?? {}).length }, AGE],
  },
  {
    name: "namespaces",
    kind: "Namespace",
    isNamespaced: false,
    shortName: "ns",
    verbs: READ,
    columns: [column("Status", "status.phase"), AGE],
  },
  {
    name: "nodes",
    kind: "Node",
    isNamespaced: false,
    shortName: "no",
    verbs: READ,
    columns: [
      { name: "Status", cell: readiness },
      { name: "Roles", cell: () => "<none>" },
      AGE,
      column("Version", "status.nodeInfo.kubeletVersion", UNKNOWN),
      ...[
        addressColumn("Internal-IP", "InternalIP"),
        addressColumn("External-IP", "ExternalIP"),
        column("OS-Image", "status.nodeInfo.osImage", UNKNOWN),
        column("Kernel-Version", "status.nodeInfo.kernelVersion", UNKNOWN),
        column("Container-Runtime", "status.nodeInfo.containerRuntimeVersion", UNKNOWN),
      ].map((wide) => ({ ...wide, isWide: true })),
    ],
  },
  // There are no pods: nothing is ever scheduled here.
  { name: "pods", kind: "Pod", shortName: "po", verbs: READ, columns: [AGE] },
  {
    name: "services",
    kind: "Service",
    shortName: "svc",
    columns: [
      column("Type", "spec.type"),
      column("Cluster-IP", "spec.clusterIP"),
      column("External-IP", "status.loadBalancer.ingress.hostname"),
      AGE,
    ],
  },
  {
    name: "persistentvolumeclaims",
    kind: "PersistentVolumeClaim",
    shortName: "pvc",
    columns: [
      column("Status", "status.phase"),
      column("Volume", "spec.volumeName"),
      column("StorageClass", "spec.storageClassName"),
      AGE,
    ],
  },
  {
    name: "persistentvolumes",
    kind: "PersistentVolume",
    isNamespaced: false,
    shortName: "pv",
    columns: [
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
    shortName: "ds",
    columns: [
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
    shortName: "deploy",
    columns: [
      {
        name: "Ready",
        cell: (object) => ["status.readyReplicas", "spec.replicas"].map((path) => textAt(object, path, "0")).join("/"),
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
    shortName: "ing",
    columns: [
      column("Class", "spec.ingressClassName"),
      column("Hosts", "spec.rules.host"),
      column("Address", "status.loadBalancer.ingress.hostname"),
      AGE,
    ],
  },
  {
    name: "gateways",
    kind: "Gateway",
    apiVersion: "gateway.networking.k8s.io/v1",
    shortName: "gtw",
    isCustom: true,
    columns: [column("Class", "spec.gatewayClassName"), column("Address", "status.addresses.value"), AGE],
  },
  {
    name: "nodepools",
    kind: "NodePool",
    apiVersion: "karpenter.sh/v1",
    isNamespaced: false,
    shortName: "",
    isCustom: true,
    columns: [column("NodeClass", "spec.template.spec.nodeClassRef.name"), AGE],
  },
  {
    name: "nodeclaims",
    kind: "NodeClaim",
    apiVersion: "karpenter.sh/v1",
    isNamespaced: false,
    shortName: "",
    isCustom: true,
    columns: [column("Node", "status.nodeName"), AGE],
  },
  {
    name: "ec2nodeclasses",
    kind: "EC2NodeClass",
    apiVersion: "karpenter.k8s.aws/v1",
    isNamespaced: false,
    shortName: "ec2nc",
    isCustom: true,
    columns: [AGE],
  },
];

/**
 * Everything that the stand-in knows, with columns that the API server has for it, and the verbs that it takes.
 *
 * @see https://github.com/kubernetes/kubernetes/blob/master/pkg/printers/internalversion/printers.go
 */
export const RESOURCES: readonly Resource[] = ROWS.map((row) => ({
  ...USUAL,
  ...row,
  columns: [NAME, ...row.columns],
}));

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
  now = new Date(),
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
    return { kind: "Status", apiVersion: "v1", metadata: {}, status: "Failure", message, reason, details, code };
  }
}

/** What `/version` answers; `gitVersion` is such as `v1.31.4-eks-2d5f260`. */
export function versionInfo(gitVersion: string): object {
  const [, major = "", minor = ""] = /^v(\d+)\.(\d+)\./.exec(gitVersion) ?? [];
  return { major, minor, gitVersion, gitCommit: "", gitTreeState: "clean", buildDate: "", platform: "linux/amd64" };
}

/**
 * What clients read to learn which objects there are, by path. They may ask for the two lists of groups in one answer;
 * to be answered with the plain one is theirs to take.
 *
 * @see https://kubernetes.io/docs/concepts/overview/kubernetes-api/#discovery-api
 */
export function discovery(resources: readonly Resource[]): Readonly<Record<string, object>> {
  const apiVersions = [...new Set(resources.map(({ apiVersion }) => apiVersion))];
  const groups = apiVersions
    .filter((groupVersion) => groupVersion !== "v1")
    .map((groupVersion) => {
      const [name = "", version = ""] = groupVersion.split("/");
      return { name, versions: [{ groupVersion, version }], preferredVersion: { groupVersion, version } };
    });
  return {
    "/api": { kind: "APIVersions", versions: ["v1"], serverAddressByClientCIDRs: [] },
    "/apis": { kind: "APIGroupList", apiVersion: "v1", groups },
    ...Object.fromEntries(
      groups.map((group) => [`/apis/${group.name}`, { kind: "APIGroup", apiVersion: "v1", ...group }]),
    ),
    ...Object.fromEntries(
      apiVersions.map((version) => [
        version === "v1" ? "/api/v1" : `/apis/${version}`,
        resourceList(
          version,
          resources.filter(({ apiVersion }) => apiVersion === version),
        ),
      ]),
    ),
    "/openapi/v3": { paths: { "api/v1": { serverRelativeURL: "/openapi/v3/api/v1" } } },
  };
}

function resourceList(groupVersion: string, resources: readonly Resource[]): object {
  const described = resources.map(({ name, kind, isNamespaced, shortName, verbs }) => ({
    name,
    singularName: kind.toLowerCase(),
    namespaced: isNamespaced,
    kind,
    verbs,
    ...(shortName !== "" && { shortNames: [shortName] }),
  }));
  return { kind: "APIResourceList", apiVersion: "v1", groupVersion, resources: described };
}

const texts = { type: "object", additionalProperties: { type: "string", default: "" } };

/**
 * The schema of the API, as far as kubectl looks before it writes: which objects the server itself checks for unknown
 * fields and can try without keeping (`fieldValidation` and `dryRun`), and how a ConfigMap is merged.
 *
 * @see https://kubernetes.io/docs/concepts/overview/kubernetes-api/#openapi-v3
 */
export function openApiV3(gitVersion: string): object {
  const query = (name: string) => ({ name, in: "query", schema: { type: "string", uniqueItems: true } });
  const kind = { group: "", version: "v1", kind: "ConfigMap" };
  return {
    openapi: "3.0.0",
    info: { title: "Kubernetes", version: gitVersion },
    paths: {
      "/api/v1/namespaces/{namespace}/configmaps/{name}": {
        patch: {
          parameters: [query("dryRun"), query("fieldManager"), query("fieldValidation")],
          requestBody: {
            content: Object.fromEntries(MERGED_TYPES.map((type) => [type, { schema: { type: "object" } }])),
            required: true,
          },
          "x-kubernetes-group-version-kind": kind,
        },
      },
    },
    components: {
      schemas: {
        "io.k8s.api.core.v1.ConfigMap": {
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
