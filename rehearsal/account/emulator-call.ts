import type { ClientSettings } from "./emulator";

/** Services of which so little is asked here that no client of theirs is worth its set-up. */
const TARGETS = { kms: "TrentService", logs: "Logs_20140328" } as const;

/**
 * Calls a service with a JSON API in an emulated account. The call has no true signature: an emulator reads from it
 * whose the call is and of which service, and does not check it.
 *
 * @throws Error with what was answered, when that is no success
 */
export async function askJson<Answer>(
  settings: ClientSettings,
  service: keyof typeof TARGETS,
  operation: string,
  body: object = {},
): Promise<Answer> {
  const headers = { "content-type": "application/x-amz-json-1.1", "x-amz-target": `${TARGETS[service]}.${operation}` };
  const call = { method: "POST", headers, body: JSON.stringify(body) };
  return JSON.parse(await ask(settings, service, "/", call)) as Answer;
}

/** What Route 53 of an emulated account answers, XML; as `askJson` otherwise. @param path after `/2013-04-01/` */
export function askRoute53(settings: ClientSettings, path: string): Promise<string> {
  return ask(settings, "route53", `/2013-04-01/${path}`);
}

async function ask(
  { endpoint, region, credentials }: ClientSettings,
  service: string,
  path: string,
  { headers, ...call }: { method?: string; headers?: Record<string, string>; body?: string } = {},
): Promise<string> {
  const scope = `${credentials.accessKeyId}/20200101/${region}/${service}/aws4_request`;
  const authorization = `AWS4-HMAC-SHA256 Credential=${scope}, SignedHeaders=host, Signature=none`;
  const answer = await fetch(new URL(path, endpoint), { ...call, headers: { ...headers, authorization } });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${service} ${path}: ${String(answer.status)} ${text}`);
  return text;
}

/** Who calls, in which region, and which service, as a call's signature tells. */
export interface Signature {
  readonly accessKeyId: string;
  readonly region: string;
  readonly service: string;
}

/** What a call is signed with. Without a signature it is of the one whom everybody is to the emulator. */
export function signatureIn(authorization = ""): Signature {
  const [, accessKeyId = "testing", region = "us-east-1", service = ""] =
    /Credential=([^/]+)\/\d+\/([\w-]+)\/([\w-]+)\/aws4_request/.exec(authorization) ?? [];
  return { accessKeyId, region, service };
}
