import { createServer } from "node:https";
import type { ServerResponse } from "node:http";

import { isRecord } from "../../contract/json";
import { serve, type Call } from "../machine/proxy";
import { makeServerCertificate } from "./certificates";
import { findTokenProblem } from "./token";
import {
  discovery,
  MERGED_TYPES,
  openApiV2,
  openApiV3,
  StatusError,
  table,
  versionInfo,
  type KubernetesObject,
  type Resource,
} from "./kubernetes-documents";
import { KubernetesState, type JoinRule } from "./kubernetes-state";

/** What a stand-in Kubernetes API is started with. */
export interface KubernetesOptions {
  /** An existing folder, for the time that the certificates are made in it. */
  readonly folder: string;
  /**
   * What `/version` answers.
   *
   * @default "v1.31.4-eks-2d5f260"
   */
  readonly version?: string;
  /** @default - no node joins */
  readonly nodesJoinWhen?: JoinRule;
}

/** A request as it came, the refused ones too. */
export interface KubernetesRequest {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  /** What was wrong with who asked; its client is told no more than `Unauthorized`. */
  readonly refused?: string;
}

/** A Kubernetes API that runs in this process. */
export interface StandInKubernetes {
  /** `https://127.0.0.1:PORT` */
  readonly endpoint: string;
  /** Of the authority made for this start: PEM in base64, as EKS describes a cluster and a kubeconfig has it. */
  readonly certificateAuthorityData: string;
  /** What is in it; tests and rehearsals change it while it runs. */
  readonly state: KubernetesState;
  /** All requests so far, in order. */
  readonly requests: readonly KubernetesRequest[];
  /** Answers `/version` with another one from now on. */
  upgrade(version: string): void;
  /** Ends it, and every connection to it. */
  stop(): Promise<void>;
}

/** What writes, as a kind's `verbs` name it. */
const VERBS: Readonly<Record<string, string>> = { POST: "create", PUT: "update", PATCH: "patch", DELETE: "delete" };

/** How often a watch looks for what has changed. */
const WATCH_EVERY_MS = 100;

/**
 * Starts a stand-in for a cluster's Kubernetes API on a free port of 127.0.0.1: TLS with a certificate that `openssl`
 * makes for this start, tokens as `aws eks get-token` makes them (`findTokenProblem` says what of them is checked: no
 * signature), and as much of the API as `kubectl` needs to read objects of the kinds of `state.resources`, to write
 * ConfigMaps, and to delete what is deleted before a cluster is.
 * There is no authorization: whoever is let in may do everything. What it does not know it refuses: label selectors,
 * JSON patches, server-side apply, and bodies in protobuf, which are what `kubectl create configmap` sends since 1.32
 * (`kubectl create --filename` sends JSON).
 *
 * @throws when `openssl` is not on PATH, or fails
 */
export async function startKubernetes({
  folder,
  version = "v1.31.4-eks-2d5f260",
  nodesJoinWhen,
}: KubernetesOptions): Promise<StandInKubernetes> {
  const { authority, certificate: cert, key } = await makeServerCertificate(folder);
  const state = new KubernetesState(nodesJoinWhen);
  const requests: KubernetesRequest[] = [];
  let served = version;
  const { port, stop } = await serve(createServer({ cert, key }), (call) => {
    const { method = "GET", url: path = "/", headers } = call.incoming;
    const refused = state.refuseTokens
      ? "every token is refused here now"
      : findTokenProblem(headers.authorization, new Date());
    requests.push({ method, path, ...(refused !== undefined && { refused }) });
    try {
      if (refused !== undefined) throw new StatusError(401, "Unauthorized", "Unauthorized");
      answer(call, state, served);
    } catch (error) {
      const failure = error instanceof StatusError ? error : new StatusError(500, "InternalError", String(error));
      send(call.response, failure.code, failure.status);
    }
  });
  return {
    endpoint: `https://127.0.0.1:${String(port)}`,
    certificateAuthorityData: Buffer.from(authority).toString("base64"),
    state,
    requests,
    upgrade: (next) => {
      served = next;
    },
    stop,
  };
}

/** Objects that a path names: all of a kind, those of a namespace, or one. */
interface Target {
  readonly resource: Resource;
  readonly namespace?: string;
  readonly name?: string;
}

/** The objects of some kinds that a path names; undefined when it names none. */
export function findTarget(pathname: string, resources: readonly Resource[]): Target | undefined {
  const [, group, namespace, plural, name] =
    /^\/(?:api|apis\/([^/]+))\/v1\/(?:namespaces\/([^/]+)\/)?([^/]+)(?:\/([^/]+))?$/.exec(
      decodeURIComponent(pathname),
    ) ?? [];
  // Without a namespace in it, the path of a namespace looks like that of what is in one.
  const apiVersion = group === undefined ? "v1" : `${group}/v1`;
  const resource = resources.find(
    (one) => one.name === plural && one.apiVersion === apiVersion && (one.isNamespaced || namespace === undefined),
  );
  if (resource === undefined || (resource.isNamespaced && namespace === undefined && name !== undefined)) {
    return undefined;
  }
  return { resource, namespace, name };
}

/** Answers whom the API has let in. @throws StatusError as which the API refuses */
function answer({ incoming, body, response }: Call, state: KubernetesState, version: string): void {
  const { method = "GET", headers, url = "/" } = incoming;
  const { pathname, searchParams: query } = new URL(url, "https://kubernetes");
  if (method === "GET" && pathname === "/openapi/v2") {
    response.writeHead(200, { "content-type": "application/com.github.proto-openapi.spec.v2.v1.0+protobuf" });
    response.end(openApiV2(version));
    return;
  }
  const document = method === "GET" ? documentAt(pathname, version, state) : undefined;
  if (document !== undefined) {
    send(response, 200, document);
    return;
  }
  const target = findTarget(pathname, state.resources);
  if (target === undefined) throw new StatusError(404, "NotFound", "the server could not find the requested resource");
  if (method === "GET") read(state, target, query, headers.accept ?? "", response);
  else {
    const made = write(state, method, target, query, headers["content-type"] ?? "", body.toString());
    send(response, method === "POST" ? 201 : 200, made);
  }
}

function documentAt(pathname: string, version: string, { resources }: KubernetesState): object | undefined {
  if (pathname === "/version") return versionInfo(version);
  return pathname === "/openapi/v3/api/v1" ? openApiV3(version) : discovery(resources)[pathname];
}

function read(
  state: KubernetesState,
  { resource, namespace, name }: Target,
  query: URLSearchParams,
  accept: string,
  response: ServerResponse,
): void {
  const tableOf = tableWanted(resource, accept, query);
  const shown = (object: KubernetesObject) => tableOf?.([object]) ?? object;
  if (name !== undefined) {
    send(response, 200, shown(state.get(resource, namespace, name)));
    return;
  }
  const selects = fieldSelector(query);
  if ((query.get("labelSelector") ?? "") !== "") {
    throw new StatusError(400, "BadRequest", "this stand-in does not know label selectors");
  }
  const list = () => state.list(resource, namespace).filter(selects);
  if (["true", "1"].includes(query.get("watch") ?? "")) {
    watch(list, query, response, shown);
    return;
  }
  const items = list();
  const listed = tableOf?.(items) ?? { kind: `${resource.kind}List`, apiVersion: resource.apiVersion, items };
  send(response, 200, { ...listed, metadata: { resourceVersion: state.resourceVersion } });
}

function write(
  state: KubernetesState,
  method: string,
  { resource, namespace, name }: Target,
  query: URLSearchParams,
  contentType: string,
  text: string,
): object {
  const isWhole = (name === undefined) === (method === "POST");
  if (!resource.verbs.includes(VERBS[method] ?? "") || !isWhole) throw methodNotAllowed();
  const [type = ""] = contentType.split(";");
  const options = { isDryRun: query.has("dryRun"), isStrict: query.get("fieldValidation") === "Strict" };
  if (method === "DELETE" && name !== undefined) {
    const asked = text === "" ? {} : parse(text, type);
    // https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/delete-options/
    const { preconditions, dryRun } = isRecord(asked) ? asked : {};
    const isDryRun = options.isDryRun || (Array.isArray(dryRun) && dryRun.length > 0);
    const meant = isRecord(preconditions) ? preconditions : {};
    const { uid } = state.delete(resource, namespace, name, meant, isDryRun).metadata;
    const details = { name, kind: resource.name, uid };
    return { kind: "Status", apiVersion: "v1", metadata: {}, status: "Success", details };
  }
  if (namespace === undefined) throw methodNotAllowed();
  if (name === undefined) return state.createConfigMap(namespace, parse(text, type), options);
  return method === "PATCH"
    ? state.patchConfigMap(namespace, name, parse(text, type, MERGED_TYPES), options)
    : state.replaceConfigMap(namespace, name, parse(text, type), options);
}

/** Makes the table that a client would rather have than the objects; undefined when it wants those. */
function tableWanted(resource: Resource, accept: string, query: URLSearchParams) {
  const asked = accept.split(",").find((type) => type.includes("as=Table"));
  if (asked === undefined) return undefined;
  const version = /;v=v1(;|$)/.test(asked) ? "v1" : "v1beta1";
  const options = { version, withObjects: query.get("includeObject") === "Object" } as const;
  return (objects: readonly KubernetesObject[]) => table(resource, objects, options);
}

/** Which objects a list is to have. @throws StatusError when it is by another field than name or namespace */
function fieldSelector(query: URLSearchParams): (object: KubernetesObject) => boolean {
  const terms = (query.get("fieldSelector") ?? "").split(",").filter((term) => term !== "");
  const wanted = terms.map((term) => {
    const [, field, value] = /^metadata\.(name|namespace)==?([^=!]*)$/.exec(term) ?? [];
    if (field === undefined) throw new StatusError(400, "BadRequest", `field label not supported: ${term}`);
    return { field, value };
  });
  return ({ metadata }) => wanted.every(({ field, value }) => metadata[field] === value);
}

/**
 * Sends what happens to a list's objects, until the client or its `timeoutSeconds` ends it. It has no history: what was
 * removed between the client's list and its watch is not told.
 *
 * @see https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes
 */
function watch(
  list: () => readonly KubernetesObject[],
  query: URLSearchParams,
  response: ServerResponse,
  shown: (object: KubernetesObject) => object,
): void {
  if (query.has("sendInitialEvents")) {
    // As an API server without this feature: a client that is not refused waits for a mark of their end.
    const why =
      "sendInitialEvents: Forbidden: sendInitialEvents is forbidden for watch unless the WatchList feature gate";
    throw new StatusError(422, "Invalid", `ListOptions.meta.k8s.io "" is invalid: ${why} is enabled`);
  }
  const since = Number(query.get("resourceVersion"));
  const byUid = (objects: readonly KubernetesObject[]) => new Map(objects.map((one) => [one.metadata.uid, one]));
  let known = byUid(list().filter(({ metadata }) => Number(metadata.resourceVersion) <= since));
  const tell = (type: string, object: KubernetesObject) =>
    response.write(`${JSON.stringify({ type, object: shown(object) })}\n`);
  const look = () => {
    const found = byUid(list());
    for (const [uid, object] of known) if (!found.has(uid)) tell("DELETED", object);
    for (const [uid, object] of found) {
      const before = known.get(uid)?.metadata.resourceVersion;
      if (before === undefined) tell("ADDED", object);
      else if (before !== object.metadata.resourceVersion) tell("MODIFIED", object);
    }
    known = found;
  };

  response.writeHead(200, { "content-type": "application/json" });
  response.flushHeaders();
  look();
  const looking = setInterval(() => {
    try {
      look();
    } catch {
      // The rule about the nodes failed; whoever asks again is told.
      response.destroy();
    }
  }, WATCH_EVERY_MS);
  const timeoutSeconds = Number(query.get("timeoutSeconds"));
  const ending = timeoutSeconds > 0 ? setTimeout(() => response.end(), timeoutSeconds * 1000) : undefined;
  response.once("close", () => {
    clearInterval(looking);
    clearTimeout(ending);
  });
}

function parse(text: string, type: string, allowed = ["application/json"]): unknown {
  if (!allowed.includes(type)) {
    const accepted = `accepted media types include: ${allowed.join(", ")}`;
    const message = `the body of the request was in an unknown format - ${accepted}`;
    throw new StatusError(415, "UnsupportedMediaType", message);
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new StatusError(400, "BadRequest", `the body is not JSON: ${(error as Error).message}`);
  }
}

function methodNotAllowed(): StatusError {
  return new StatusError(405, "MethodNotAllowed", "the server does not allow this method on the requested resource");
}

function send(response: ServerResponse, code: number, body: object): void {
  response.writeHead(code, { "content-type": "application/json" });
  response.end(JSON.stringify(body));
}
