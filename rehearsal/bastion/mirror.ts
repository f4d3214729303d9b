import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";

import { listen } from "../machine/loopback";

/**
 * What goes wrong with an answer:
 *
 * - `truncate`: the length is right, but the connection ends after half of the bytes
 * - `corrupt`: the length is right, but one bit in the middle is not
 * - `stall`: some bytes come, and then nothing until the client leaves or the mirror stops
 * - `status`: this HTTP status, without the artifact
 * - `bytesPerSecond`: the artifact, so slowly
 */
export type Fault =
  "truncate" | "corrupt" | "stall" | { readonly status: number } | { readonly bytesPerSecond: number };

/** An HTTP server with artifacts, on this machine. */
export interface Mirror {
  /** `http://127.0.0.1:PORT`, to be followed by an artifact's path. */
  readonly url: string;
  /** The paths that were asked for, in order. */
  readonly requests: readonly string[];
  /**
   * Makes the answers for a path, or for `"*"` every path without a fault of its own, go wrong from now on; undefined
   * makes them right again.
   *
   * @param times after how many answers it is right again by itself; without end when left out
   * @throws when there is no artifact at the path
   */
  misbehave(path: string, fault: Fault | undefined, times?: number): void;
  /** Ends the server and whatever it is in the midst of. */
  stop(): Promise<void>;
}

/** Starts a server on a free port of 127.0.0.1 that answers GET and HEAD with the artifact at a path, or with 404. */
export async function startMirror(artifacts: Readonly<Record<string, Buffer>>): Promise<Mirror> {
  const byPath = new Map(Object.entries(artifacts));
  const requests: string[] = [];
  const faults = new Map<string, { readonly fault: Fault; left: number }>();

  function faultOf(path: string): Fault | undefined {
    const key = faults.has(path) ? path : "*";
    const due = faults.get(key);
    if (due === undefined) return undefined;
    due.left -= 1;
    if (due.left <= 0) faults.delete(key);
    return due.fault;
  }

  const server = createServer(({ method = "GET", url = "/" }, response) => {
    const { pathname: path } = new URL(url, "http://127.0.0.1");
    requests.push(path);
    const fault = faultOf(path);
    const body = byPath.get(path);
    const isFailure = typeof fault === "object" && "status" in fault;
    if (isFailure || body === undefined || (method !== "GET" && method !== "HEAD")) {
      const status = isFailure ? fault.status : body === undefined ? 404 : 405;
      response.writeHead(status, { "content-type": "text/plain" }).end(`${String(status)}\n`);
      return;
    }
    response.writeHead(200, { "content-type": "application/octet-stream", "content-length": body.length });
    if (method === "HEAD") response.end();
    else send(response, body, fault);
  });
  const url = `http://127.0.0.1:${String(await listen(server))}`;
  return {
    url,
    requests,
    misbehave: (path, fault, times = Infinity) => {
      if (path !== "*" && !byPath.has(path)) {
        throw new Error(`the mirror has nothing at ${path}, it has ${[...byPath.keys()].join(", ")}`);
      }
      if (fault === undefined) faults.delete(path);
      else faults.set(path, { fault, left: times });
    },
    stop: async () => {
      if (!server.listening) return;
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

function send(response: ServerResponse, body: Buffer, fault: Exclude<Fault, { status: number }> | undefined): void {
  const half = body.subarray(0, Math.floor(body.length / 2));
  if (fault === "truncate") {
    response.write(half, () => response.destroy());
  } else if (fault === "corrupt") {
    const spoilt = Buffer.from(body);
    spoilt[half.length] = (body[half.length] ?? 0) ^ 1;
    response.end(spoilt);
  } else if (fault === "stall") {
    response.write(half.subarray(0, 1024));
  } else if (fault !== undefined) {
    void sendSlowly(response, body, fault.bytesPerSecond);
  } else {
    response.end(body);
  }
}

const SLICES_PER_SECOND = 10;

async function sendSlowly(response: ServerResponse, body: Buffer, bytesPerSecond: number): Promise<void> {
  const size = Math.max(1, Math.round(bytesPerSecond / SLICES_PER_SECOND));
  for (let from = 0; from < body.length && !response.destroyed; from += size) {
    const slice = body.subarray(from, from + size);
    await sleep((slice.length / bytesPerSecond) * 1000);
    response.write(slice);
  }
  response.end();
}
