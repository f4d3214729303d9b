import { request as requestPlainly, type IncomingMessage } from "node:http";
import { request as requestSafely } from "node:https";
import { Readable } from "node:stream";
import type { ReadableStream } from "node:stream/web";

import { agentsFor, type Agents } from "./agents";

/** What is asked for, of what `fetch` knows. */
export interface Asked {
  readonly headers?: Readonly<Record<string, string>>;
  /** `manual`: an answer that leads elsewhere is the answer. @default follow */
  readonly redirect?: "follow" | "manual";
  readonly signal?: AbortSignal;
}

/** As many as a browser follows. @see https://fetch.spec.whatwg.org/#http-redirect-fetch */
const MOST_REDIRECTS = 20;

/** `fetch` of a page, by the way that {@link agentsFor} says. */
export async function fetchPage(
  page: string,
  asked: Asked = {},
  environment: NodeJS.ProcessEnv = process.env,
): Promise<Response> {
  const agents = agentsFor(environment);
  if (agents === undefined) return fetch(page, asked);
  let url = new URL(page);
  for (let i = 0; i < MOST_REDIRECTS; i++) {
    const answer = await get(url, asked, agents);
    const { location } = answer.headers;
    const { statusCode = 0 } = answer;
    if (asked.redirect === "manual" || location === undefined || ![301, 302, 303, 307, 308].includes(statusCode)) {
      return responseOf(answer);
    }
    answer.destroy();
    const next = new URL(location, url);
    // What is sent to one host may be a secret before another.
    if (next.origin !== url.origin) asked = { ...asked, headers: {} };
    url = next;
  }
  throw new Error(`${page} leads from one page to the next without an end`);
}

function get(url: URL, { headers = {}, signal }: Asked, { httpAgent, httpsAgent }: Agents): Promise<IncomingMessage> {
  const isSafe = url.protocol === "https:";
  const options = { agent: isSafe ? httpsAgent : httpAgent, headers, ...(signal && { signal }) };
  return new Promise((resolve, reject) => {
    const sent = (isSafe ? requestSafely : requestPlainly)(url, options, resolve);
    sent.once("error", (error) => {
      reject(signal?.aborted === true ? (signal.reason as Error) : error);
    });
    sent.end();
  });
}

function responseOf(answer: IncomingMessage): Response {
  const { statusCode: status = 0, statusMessage: statusText = "", headers } = answer;
  const isEmpty = [204, 205, 304].includes(status);
  const body = isEmpty ? null : (Readable.toWeb(answer) as ReadableStream<Uint8Array>);
  const named = Object.entries(headers).map(([name, value]): [string, string] => [name, [value].flat().join(", ")]);
  return new Response(body as BodyInit | null, { status, statusText, headers: named });
}
