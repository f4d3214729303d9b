import {
  createServer,
  request,
  type IncomingMessage,
  type OutgoingHttpHeaders,
  type Server,
  type ServerResponse,
} from "node:http";

import { listen } from "./loopback";

/** A call that came in, with all of its body. */
export interface Call {
  readonly incoming: IncomingMessage;
  readonly body: Buffer;
  readonly response: ServerResponse;
}

/** A server on this machine that something can be put in front of. */
export interface Proxy {
  /** `http://127.0.0.1:PORT` */
  readonly endpoint: string;
  /** Ends it, and every connection to it. */
  stop(): void;
}

/**
 * Lets a server of HTTP or HTTPS listen on a free port of 127.0.0.1, and hands over every call once its body is there.
 *
 * @returns the port, and what ends the server and every connection to it
 */
export async function serve(server: Server, handle: (call: Call) => void) {
  server.on("request", (incoming, response) => {
    const chunks: Buffer[] = [];
    incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
    incoming.on("end", () => {
      handle({ incoming, body: Buffer.concat(chunks), response });
    });
  });
  const port = await listen(server);
  const stop = () =>
    new Promise<void>((resolve) => {
      server.close(() => {
        resolve();
      });
      server.closeAllConnections();
    });
  return { port, stop };
}

/** Listens on a free port of 127.0.0.1 and hands over every call once its body is there. */
export async function startProxy(handle: (call: Call) => void): Promise<Proxy> {
  const { port, stop } = await serve(createServer(), handle);
  return { endpoint: `http://127.0.0.1:${String(port)}`, stop: () => void stop() };
}

/**
 * Passes a call on to `target`, with the body that is in it, and its answer back. A connection that `target` breaks off
 * is broken off here, and one whose answer cannot be rewritten.
 *
 * @param rewrite another body in place of an answer's; without it the answer is passed back as it comes
 */
export function passOn(target: string, call: Call, rewrite?: (body: Buffer) => Buffer | Promise<Buffer>): void {
  const { incoming, body, response } = call;
  const { method = "GET", headers, url = "/" } = incoming;
  // Chunks say their own.
  const length = headers["content-length"] === undefined ? {} : { "content-length": body.length };
  const outgoing = request(new URL(url, target), { method, headers: { ...headers, ...length } }, (answer) => {
    const { statusCode = 502 } = answer;
    answer.once("error", () => response.destroy());
    if (rewrite === undefined) {
      response.writeHead(statusCode, answer.headers);
      answer.pipe(response);
      return;
    }
    const chunks: Buffer[] = [];
    answer.on("data", (chunk: Buffer) => chunks.push(chunk));
    answer.on("end", () => {
      const send = (rewritten: Buffer) => {
        response.writeHead(statusCode, { ...withoutLength(answer.headers), "content-length": rewritten.length });
        response.end(rewritten);
      };
      void Promise.resolve(rewrite(Buffer.concat(chunks))).then(send, () => response.destroy());
    });
  });
  outgoing.once("error", () => response.destroy());
  outgoing.end(body);
}

function withoutLength(headers: OutgoingHttpHeaders): OutgoingHttpHeaders {
  const ofLength = new Set(["content-length", "transfer-encoding"]);
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !ofLength.has(name)));
}
