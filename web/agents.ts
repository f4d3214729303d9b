import { readFileSync } from "node:fs";
import { Agent as HttpAgent, request, type AgentOptions, type ClientRequest, type IncomingMessage } from "node:http";
import { Agent as HttpsAgent } from "node:https";
import { connect as connectPlainly } from "node:net";
import type { Duplex } from "node:stream";
import { connect as connectSafely, rootCertificates, type ConnectionOptions } from "node:tls";

import { fileProblem, UserError } from "../contract/user-error";
import { authorization, hostOf, portOf, proxiesOf, proxyFor, type Proxies } from "./proxy";

/** How connections are made, as Node's requests take them. */
export interface Agents {
  readonly httpAgent: HttpAgent;
  readonly httpsAgent: HttpsAgent;
}

/** As AWS' clients do by themselves: as many connections to one host, which are used again. */
const CONNECTIONS: AgentOptions = { keepAlive: true, maxSockets: 50 };

/** How long a proxy may take to reach a host, in milliseconds. */
const PROXY_TIMEOUT_MS = 30_000;

/**
 * Connections that go as HTTPS_PROXY, HTTP_PROXY and NO_PROXY say, to hosts that AWS_CA_BUNDLE vouches for, too;
 * undefined where none of them is set, and Node's own connections are right.
 *
 * @throws UserError for a proxy that is of no use, and for a file in AWS_CA_BUNDLE that cannot be read
 * @see https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-envvars.html
 */
export function agentsFor(environment: NodeJS.ProcessEnv): Agents | undefined {
  const proxies = proxiesOf(environment);
  const ca = trusted(environment);
  if (ca === undefined && proxies["http:"] === undefined && proxies["https:"] === undefined) return undefined;
  const options = { ...CONNECTIONS, ...(ca !== undefined && { ca }) };
  return { httpAgent: new PlainAgent(proxies, options), httpsAgent: new TunnelAgent(proxies, options) };
}

/** Certificates that connections trust: those that Node does, and those in AWS_CA_BUNDLE. */
function trusted(environment: NodeJS.ProcessEnv): string[] | undefined {
  const { AWS_CA_BUNDLE: bundle = "", NODE_EXTRA_CA_CERTS: extra = "" } = environment;
  if (bundle === "") return undefined;
  try {
    return [
      ...rootCertificates,
      ...[extra, bundle].filter((file) => file !== "").map((it) => readFileSync(it, "utf8")),
    ];
  } catch (cause) {
    const problem = fileProblem(cause, bundle);
    throw problem === undefined ? cause : new UserError(`AWS_CA_BUNDLE: ${problem}`, { cause });
  }
}

/** Where a request goes to. */
interface Destination {
  readonly host?: string | null | undefined;
  readonly port?: number | string | null | undefined;
  /** Certificates that are trusted. */
  readonly ca?: unknown;
}

function pageOf(protocol: "http" | "https", { host, port }: Destination): URL {
  const name = host ?? "localhost";
  return new URL(`${protocol}://${name.includes(":") ? `[${name}]` : name}:${String(port ?? "")}`);
}

/** A connection to the proxy itself. */
function toProxy(proxy: URL, ca: unknown): Duplex {
  const [host, port] = [hostOf(proxy), portOf(proxy)];
  if (proxy.protocol === "http:") return connectPlainly({ host, port });
  return connectSafely({ host, port, servername: host, ...(ca !== undefined && { ca: ca as string[] }) });
}

/** How Node's agents are given a request, which its types leave out. */
const { addRequest } = HttpAgent.prototype as unknown as {
  addRequest: (this: HttpAgent, request: ClientRequest, destination: Destination) => void;
};

/** Connections of HTTP: a proxy is asked for the whole address. */
class PlainAgent extends HttpAgent {
  constructor(
    private readonly proxies: Proxies,
    options: AgentOptions,
  ) {
    super(options);
  }

  addRequest(asked: ClientRequest, destination: Destination): void {
    const page = pageOf("http", destination);
    const proxy = proxyFor(page, this.proxies);
    if (proxy !== undefined) {
      asked.path = `${page.origin}${asked.path}`;
      for (const [name, value] of Object.entries(authorization(proxy))) asked.setHeader(name, value);
    }
    addRequest.call(this, asked, destination);
  }

  override createConnection(...given: Parameters<HttpAgent["createConnection"]>) {
    const [destination] = given;
    const proxy = proxyFor(pageOf("http", destination), this.proxies);
    return proxy === undefined ? super.createConnection(...given) : toProxy(proxy, (destination as Destination).ca);
  }
}

/** What stands for the connection that there is not, beside an error. */
const NO_STREAM = undefined as unknown as Duplex;

/** Connections of HTTPS: a proxy lets them through to the host, and sees nothing of what is said. */
class TunnelAgent extends HttpsAgent {
  constructor(
    private readonly proxies: Proxies,
    options: AgentOptions,
  ) {
    super(options);
  }

  override createConnection(...given: Parameters<HttpsAgent["createConnection"]>): Duplex | null | undefined {
    const [destination, done] = given;
    const page = pageOf("https", destination);
    const proxy = proxyFor(page, this.proxies);
    if (proxy === undefined) return super.createConnection(...given);
    tunnel(proxy, page, destination.ca).then(
      (socket) => done?.(null, connectSafely({ ...(destination as ConnectionOptions), socket })),
      (error: unknown) => done?.(error as Error, NO_STREAM),
    );
    return undefined;
  }
}

/** A connection to a host through a proxy, of which neither end has said anything yet. */
function tunnel(proxy: URL, page: URL, ca: unknown): Promise<Duplex> {
  const path = `${page.hostname}:${String(portOf(page))}`;
  const asked = request({
    method: "CONNECT",
    path,
    headers: { Host: path, ...authorization(proxy) },
    createConnection: () => toProxy(proxy, ca),
    timeout: PROXY_TIMEOUT_MS,
  });
  return new Promise((resolve, reject) => {
    const failed = (why: string) => {
      asked.destroy();
      // `aws-unreachable` knows the way by this name.
      reject(Object.assign(new Error(`the proxy ${proxy.host} ${why}`), { code: "EPROXY" }));
    };
    const refused = ({ statusCode = 0, statusMessage = "" }: IncomingMessage) => {
      failed(`does not let through to ${path}: ${String(statusCode)} ${statusMessage}`.trim());
    };
    asked.once("connect", (answer, socket) => {
      if (answer.statusCode !== 200) {
        refused(answer);
        return;
      }
      socket.setTimeout(0);
      resolve(socket);
    });
    asked.once("response", refused);
    asked.once("timeout", () => {
      failed(`does not answer for ${path} within ${String(PROXY_TIMEOUT_MS / 1000)} s`);
    });
    asked.once("error", (error) => {
      failed(`cannot be reached: ${error.message}`);
    });
    asked.end();
  });
}
