import { isRecord } from "../../contract/json";
import { StatusError, type KubernetesObject, type Metadata } from "./kubernetes-documents";

/** A ConfigMap as a client sends it. */
export interface SentConfigMap {
  readonly metadata: Partial<Metadata>;
  readonly [field: string]: unknown;
}

const FIELDS = ["apiVersion", "kind", "metadata", "data", "binaryData", "immutable"];
/** What of an object's metadata is the server's to say; `managedFields` it would, and this one does not. */
const SERVER_FIELDS = ["name", "namespace", "uid", "resourceVersion", "creationTimestamp", "managedFields", "selfLink"];

/**
 * A body as a ConfigMap of a namespace, with the fields that one has.
 *
 * @param isStrict refuses fields that a ConfigMap does not have; they are dropped otherwise
 * @throws StatusError BadRequest and Invalid, when it is none
 */
export function readConfigMap(body: unknown, namespace: string, isStrict: boolean): SentConfigMap {
  const refusal = (message: string) => new StatusError(400, "BadRequest", message);
  if (!isRecord(body)) throw refusal("the object provided is unrecognized");
  const { apiVersion = "v1", kind = "ConfigMap", metadata = {}, data, binaryData } = body;
  const unfit = (why: string) =>
    refusal(`${String(kind)} in version "${String(apiVersion)}" cannot be handled as a ConfigMap: ${why}`);
  if (apiVersion !== "v1" || kind !== "ConfigMap") throw unfit("it is something else");
  const unknown = Object.keys(body).filter((field) => !FIELDS.includes(field));
  if (isStrict && unknown.length > 0) {
    throw unfit(`strict decoding error: ${unknown.map((field) => `unknown field "${field}"`).join(", ")}`);
  }
  if (!isRecord(metadata)) throw unfit("json: cannot unmarshal its metadata");
  const sent: Partial<Metadata> = metadata;
  if ((sent.namespace ?? namespace) !== namespace) {
    throw refusal("the namespace of the provided object does not match the namespace sent on the request");
  }
  for (const texts of [data ?? {}, binaryData ?? {}]) {
    if (!isRecord(texts)) throw unfit("json: cannot unmarshal its data");
    for (const [key, value] of Object.entries(texts)) {
      if (typeof value !== "string")
        throw unfit(`json: cannot unmarshal ${typeof value} into data[${key}] of type string`);
      if (!/^[-._a-zA-Z0-9]+$/.test(key)) {
        const rule = "a valid config key must consist of alphanumeric characters, '-', '_' or '.'";
        throw invalid(sent.name ?? "", `data[${key}]`, `Invalid value: "${key}": ${rule}`);
      }
    }
  }
  const known = Object.entries(body).filter(([field, value]) => FIELDS.includes(field) && value !== null);
  return { ...Object.fromEntries(known), metadata: sent };
}

/** The object with the fields that a client sent, and no others of those that are a client's to say. */
export function withFields({ metadata, apiVersion, kind }: KubernetesObject, sent: SentConfigMap): KubernetesObject {
  const ofServer = Object.entries(metadata).filter(([field]) => SERVER_FIELDS.includes(field));
  const ofClient = Object.entries(sent.metadata).filter(([field]) => !SERVER_FIELDS.includes(field));
  const merged = Object.fromEntries([...ofServer, ...ofClient]) as unknown as Metadata;
  return { ...sent, apiVersion, kind, metadata: merged };
}

/** A refusal of a field's value: kubectl prints the causes, not the message. */
export function invalid(name: string, field: string, message: string): StatusError {
  const details = { name, kind: "ConfigMap", causes: [{ reason: "FieldValueInvalid", message, field }] };
  return new StatusError(422, "Invalid", `ConfigMap "${name}" is invalid: ${field}: ${message}`, details);
}
