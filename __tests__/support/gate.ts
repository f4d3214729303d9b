import { createServer, request, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** An emulator's endpoint behind a gate that can hold back one kind of call. */
export interface Gate {
  /** `http://127.0.0.1:PORT` */
  readonly endpoint: string;
  /**
   * Holds back the next call with these parameters, such as `{ Action: "CreateVpc" }`: it never reaches the emulator.
   * Resolves when it comes.
   */
  holdBack(parameters: Readonly<Record<string, string>>): Promise<void>;
  stop(): void;
}

/** Passes every call on to `target`, but for the one that is held back. */
export async function startGate(target: string): Promise<Gate> {
  let held: { parameters: Readonly<Record<string, string>>; arrived: () => void } | undefined;
  const server = createServer((incoming, response) => {
    const chunks: Buffer[] = [];
    incoming.on("data", (chunk: Buffer) => chunks.push(chunk));
    incoming.on("end", () => {
      const body = Buffer.concat(chunks);
      const called = new URLSearchParams(body.toString());
      if (held !== undefined && Object.entries(held.parameters).every(([name, value]) => called.get(name) === value)) {
        held.arrived();
        held = undefined;
        return;
      }
      passOn(target, incoming, body, response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    endpoint: `http://127.0.0.1:${String(port)}`,
    holdBack: (parameters) =>
      new Promise((arrived) => {
        held = { parameters, arrived };
      }),
    stop: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

function passOn(target: string, incoming: IncomingMessage, body: Buffer, response: ServerResponse): void {
  const { method = "GET", headers, url = "/" } = incoming;
  const outgoing = request(new URL(url, target), { method, headers }, (answer) => {
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    answer.pipe(response);
  });
  outgoing.once("error", () => response.destroy());
  outgoing.end(body);
}
