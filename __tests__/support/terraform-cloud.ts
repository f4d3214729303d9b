import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { createServer as createSecureServer } from "node:https";
import type { AddressInfo } from "node:net";

/** How the stand-in answers a question. */
export interface CloudAnswer {
  /** 200 when left out. */
  readonly status?: number;
  /** A text as it is, anything else as JSON. */
  readonly body?: unknown;
  /** Where to look instead. */
  readonly location?: string;
  /** Instead of an answer: none at all, or the end of the connection in the middle of one. */
  readonly instead?: "silence" | "reset";
}

/** Answers by path below `/api/v2`; of several, each question takes the next, and the last is for all that follow. */
export type CloudAnswers = Readonly<Record<string, CloudAnswer | readonly CloudAnswer[]>>;

/** Terraform Cloud on a loopback port. */
export interface StandInCloud {
  readonly port: number;
  /** Every question, in order, as `PATH AUTHORIZATION`. */
  readonly questions: readonly string[];
  stop(): Promise<void>;
}

export const WORKSPACE_PATH = "/organizations/acme/workspaces/eks";
export const OUTPUTS_PATH = "/workspaces/ws-1/current-state-version-outputs";

/** What Terraform Cloud says of the workspace `acme/eks` and its outputs; those in `sensitive` are hidden in the list. */
export function workspaceAnswers(values: object, sensitive: readonly string[] = []): CloudAnswers {
  const outputs = Object.entries(values).map(([name, value]) => ({
    id: `wsout-${name}`,
    type: "state-version-outputs",
    attributes: { name, sensitive: sensitive.includes(name), type: "string", value: value as unknown },
  }));
  const hide = (output: (typeof outputs)[number]) =>
    output.attributes.sensitive ? { ...output, attributes: { ...output.attributes, value: null } } : output;
  return {
    [WORKSPACE_PATH]: { body: { data: { id: "ws-1", type: "workspaces", attributes: { name: "eks" } } } },
    [OUTPUTS_PATH]: { body: { data: outputs.map(hide) } },
    ...Object.fromEntries(
      outputs
        .filter(({ attributes }) => attributes.sensitive)
        .map((output) => [`/state-version-outputs/${output.id}`, { body: { data: output } }]),
    ),
  };
}

/**
 * A stand-in for Terraform Cloud's API: answers from a table, and fails the connection at any question that it was not
 * told about. Over TLS when given a certificate, in plain HTTP otherwise.
 */
export async function startCloud(
  answers: CloudAnswers,
  certificate?: { readonly key: string; readonly cert: string },
): Promise<StandInCloud> {
  const questions: string[] = [];
  const asked = new Map<string, number>();
  const answer = (request: IncomingMessage, response: ServerResponse) => {
    const path = (request.url ?? "").replace(/^\/api\/v2/, "");
    questions.push(`${path} ${request.headers.authorization ?? "without a token"}`);
    const count = asked.get(path) ?? 0;
    asked.set(path, count + 1);
    const told = [answers[path] ?? []].flat();
    const { status = 200, body, location, instead } = told[Math.min(count, told.length - 1)] ?? { instead: "reset" };
    if (instead === "silence") return;
    if (instead === "reset") {
      request.socket.destroy();
      return;
    }
    response.writeHead(status, {
      "Content-Type": "application/vnd.api+json",
      ...(location !== undefined && { Location: location }),
    });
    response.end(typeof body === "string" ? body : JSON.stringify(body ?? { errors: [{ status: String(status) }] }));
  };
  const server: Server = certificate === undefined ? createServer(answer) : createSecureServer(certificate, answer);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as AddressInfo).port,
    questions,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  };
}
