import { createServer, request, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { buffer } from "node:stream/consumers";

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
    // Whoever hangs up before the end gets no answer.
    void buffer(incoming).then(
      (body) => {
        handle({ incoming, body, response });
      },
      () => undefined,
    );
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
    const breakOff = () => response.destroy();
    if (rewrite === undefined) {
      response.writeHead(statusCode, answer.headers);
      answer.once("error", breakOff).pipe(response);
      return;
    }
    buffer(answer)
      .then(rewrite)
      .then((rewritten) => {
        const headers = { ...answer.headers, "content-length": String(rewritten.length) };
        delete headers["transfer-encoding"];
        response.writeHead(statusCode, headers).end(rewritten);
      }, breakOff);
  });
  outgoing.once("error", () => response.destroy());
  outgoing.end(body);
}
