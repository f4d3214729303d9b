import type { IncomingHttpHeaders } from "node:http";

import type { Cluster, CreateClusterRequest } from "@aws-sdk/client-eks";

import { callerOf, emulatedAccount, type Caller, type ClusterAccount } from "./account";
import { EksApi } from "./api";
import { toJson, type EksAnswer } from "./call";
import type { ClusterState } from "./cluster";
import { Mender } from "../mending";
import { passOn, startProxy, type Call, type Proxy } from "../../machine/proxy";

/** Where a cluster's Kubernetes API really answers. */
export interface ClusterAccess {
  /** `https://…` */
  readonly endpoint: string;
  /** PEM in base64. */
  readonly certificateAuthorityData: string;
  readonly state: ClusterState;
}

/** What an answer of EKS says of a cluster, as far as it tells one from another. */
export interface DescribedCluster {
  readonly name: string;
  /** Of the control plane, `MAJOR.MINOR`. */
  readonly version?: string;
  /** Differs when a cluster was deleted and another one of its name made. */
  readonly createdAt?: unknown;
}

/**
 * Stands before an AWS emulator: adds the parts of EKS that it lacks (see `EksApi`), and puts a Kubernetes API that answers
 * in the place of the one that it invents. Every other call is passed on unchanged, and the answers back, but for what an
 * emulator gets wrong (see `Mender`).
 *
 * @param target the emulator's endpoint
 * @param clusterOf the API of a cluster, which may have to be started first: the answer waits for it; with undefined,
 *   the emulator's own stays. @default - no cluster has one
 * @see https://docs.aws.amazon.com/eks/latest/APIReference/API_DescribeCluster.html
 */
export async function startEksFront(target: string, clusterOf: ClusterAccessOf = () => undefined): Promise<Proxy> {
  // By the names of clusters.
  const apis = new Map<string, ClusterAccess>();
  const api = new EksApi((name) => apis.get(name)?.state);
  const mender = new Mender();
  const accounts = new Map<string, ClusterAccount>();
  const accountOf = (caller: Caller) => {
    const key = JSON.stringify(caller);
    const account = accounts.get(key) ?? emulatedAccount(target, caller);
    accounts.set(key, account);
    return account;
  };
  const answer = async (call: Call): Promise<void> => {
    const { method = "GET", url = "/", headers } = call.incoming;
    const mended = mender.mend({ method, url, headers, body: call.body.toString() });
    if (mended !== undefined) {
      const { body, answer: rewritten } = mended;
      const rewrite = rewritten && ((told: Buffer) => Buffer.from(rewritten(told.toString())));
      passOn(target, { ...call, body: Buffer.from(body) }, rewrite);
      return;
    }
    const account = accountOf(callerOf(headers.authorization));
    const route = api.route(method, url);
    if (route !== undefined) {
      // The emulator alone knows whether there is such a cluster, and says so itself when there is none.
      const told = route.clusterName === undefined ? undefined : await ask(target, route.clusterName, headers);
      const isMissing = told !== undefined && told.cluster === undefined;
      send(call, isMissing ? told : await api.answer(route, call.body.toString(), account, told?.cluster));
      return;
    }
    if (!isAboutCluster(method, url)) {
      passOn(target, call);
      return;
    }
    const asked = method === "POST" ? (JSON.parse(call.body.toString()) as Partial<CreateClusterRequest>) : undefined;
    const refusal = asked === undefined ? undefined : await api.refusalOfNew(asked, account);
    if (refusal !== undefined) {
      send(call, refusal);
      return;
    }
    passOn(target, call, async (body) => {
      const told = clusterIn(body);
      if (told === undefined) return body;
      if (method === "DELETE") {
        await api.deleted(told);
        apis.delete(told.name ?? "");
        return body;
      }
      const cluster = asked ? await api.created(asked, told, account) : api.described(told, account);
      const { name = "", version, createdAt } = cluster;
      const access = await clusterOf(name, { name, createdAt, ...(version !== undefined && { version }) });
      if (access !== undefined) apis.set(name, access);
      return Buffer.from(toJson({ cluster: withAccess(cluster, access) }));
    });
  };
  const proxy = await startProxy((call) => {
    // What cannot be answered is broken off, as a call that the emulator does not answer is.
    answer(call).catch(() => call.response.destroy());
  });
  return {
    endpoint: proxy.endpoint,
    stop: () => {
      proxy.stop();
      for (const account of accounts.values()) account.close();
    },
  };
}

/** The API of a cluster, where it has one. */
export type ClusterAccessOf = (
  name: string,
  cluster: DescribedCluster,
) => ClusterAccess | undefined | Promise<ClusterAccess | undefined>;

/** Whether a call makes, describes or deletes one cluster, and is so answered with its description. */
export function isAboutCluster(method: string, url: string): boolean {
  const { pathname } = new URL(url, "http://emulator");
  if (method === "POST") return pathname === "/clusters";
  return ["GET", "DELETE"].includes(method) && /^\/clusters\/[^/]+$/.test(pathname);
}

/** What the emulator answers when a cluster is described, and the cluster, when there is one. */
async function ask(
  target: string,
  name: string,
  { authorization = "" }: IncomingHttpHeaders,
): Promise<EksAnswer & { readonly cluster?: Cluster }> {
  const answer = await fetch(new URL(`/clusters/${encodeURIComponent(name)}`, target), { headers: { authorization } });
  const body = await answer.text();
  const cluster = clusterIn(Buffer.from(body));
  const type = answer.headers.get("x-amzn-errortype");
  const headers = { "content-type": "application/json", ...(type !== null && { "x-amzn-ErrorType": type }) };
  return { status: answer.status, headers, body, ...(cluster !== undefined && { cluster }) };
}

function send({ response }: Call, { status, headers, body }: EksAnswer): void {
  response.writeHead(status, headers).end(body);
}

function withAccess(cluster: Cluster, access: ClusterAccess | undefined): Cluster {
  if (access === undefined) return cluster;
  const { endpoint, certificateAuthorityData: data } = access;
  return { ...cluster, endpoint, certificateAuthority: { data } };
}

/** The cluster that an answer of EKS describes; undefined when it describes none. */
function clusterIn(answer: Buffer): Cluster | undefined {
  try {
    const { cluster } = JSON.parse(answer.toString()) as { cluster?: Cluster };
    return cluster?.name === undefined ? undefined : cluster;
  } catch {
    // Another service with such a path, or the emulator's page about a fault of its own.
    return undefined;
  }
}
