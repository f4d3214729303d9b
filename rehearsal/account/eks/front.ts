import type { Cluster, CreateClusterRequest } from "@aws-sdk/client-eks";

import { clusterAccount, type ClusterAccount } from "./account";
import { EksApi } from "./api";
import { toJson, type EksAnswer } from "./call";
import type { ClusterState } from "./cluster";
import { signatureIn } from "../emulator-call";
import { Mender } from "../mending";
import { jsonIn } from "../../../contract/json";
import { passOn, startProxy, type Call, type Proxy } from "../../machine/proxy";

/** Where a cluster's Kubernetes API really answers. */
export interface ClusterAccess {
  /** `https://…` */
  readonly endpoint: string;
  /** PEM in base64. */
  readonly certificateAuthorityData: string;
  readonly state: ClusterState;
}

/**
 * What an answer of EKS says of a cluster, as far as it tells one from another: when it was made differs when a cluster
 * was deleted and another one of its name made.
 */
export type DescribedCluster = Required<Pick<Cluster, "name">> & Pick<Cluster, "version" | "createdAt">;

/** The API of a cluster, where it has one. */
export type ClusterAccessOf = (
  name: string,
  cluster: DescribedCluster,
) => ClusterAccess | undefined | Promise<ClusterAccess | undefined>;

/**
 * Stands before an AWS emulator. It adds the parts of EKS that the emulator lacks (see `EksApi`), replaces the
 * Kubernetes API that the emulator invents by one that answers, and mends what the emulator gets wrong (see `Mender`).
 * Every other call and its answer pass unchanged.
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
  const accountOf = (authorization: string | undefined) => {
    const { accessKeyId, region } = signatureIn(authorization);
    const key = `${accessKeyId} ${region}`;
    // The emulator knows an account by the key, and checks no signature.
    const credentials = { accessKeyId, secretAccessKey: "not-known-here" };
    const account = accounts.get(key) ?? clusterAccount({ endpoint: target, region, credentials });
    accounts.set(key, account);
    return account;
  };
  const answer = async (call: Call): Promise<void> => {
    const { method = "GET", url = "/", headers } = call.incoming;
    const body = call.body.toString();
    const mended = mender.mend({ method, url, headers, body });
    if (mended !== undefined) {
      const rewrite = (told: Buffer) => Buffer.from(mended.answer(told.toString()));
      passOn(target, { ...call, body: Buffer.from(mended.body) }, rewrite);
      return;
    }
    const account = accountOf(headers.authorization);
    const route = api.route(method, url);
    if (route !== undefined) {
      const { clusterName } = route.asked;
      // The emulator alone knows whether there is such a cluster, and says so itself when there is none.
      const told = clusterName === undefined ? undefined : await ask(target, clusterName, headers.authorization);
      const cluster = told && clusterIn(told.body);
      send(call, told && !cluster ? told : await api.answer(route, body, account, cluster));
      return;
    }
    if (!isAboutCluster(method, url)) {
      passOn(target, call);
      return;
    }
    const asked = method === "POST" ? (JSON.parse(body) as Partial<CreateClusterRequest>) : undefined;
    const refusal = asked && (await api.refusalOfNew(asked, account));
    if (refusal !== undefined) {
      send(call, refusal);
      return;
    }
    passOn(target, call, async (answered) => {
      const told = clusterIn(answered.toString());
      if (told === undefined) return answered;
      const { name = "" } = told;
      if (method === "DELETE") {
        await api.deleted(told);
        apis.delete(name);
        return answered;
      }
      const cluster = asked ? await api.created(asked, told, account) : api.described(told, account);
      const access = await clusterOf(name, { ...cluster, name });
      if (access === undefined) return Buffer.from(toJson({ cluster }));
      apis.set(name, access);
      const { endpoint, certificateAuthorityData: data } = access;
      return Buffer.from(toJson({ cluster: { ...cluster, endpoint, certificateAuthority: { data } } }));
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

/** Whether a call makes, describes or deletes one cluster, and is so answered with its description. */
function isAboutCluster(method: string, url: string): boolean {
  const { pathname } = new URL(url, "http://emulator");
  return /^(POST \/clusters|(GET|DELETE) \/clusters\/[^/]+)$/.test(`${method} ${pathname}`);
}

/** What the emulator answers when a cluster is described. */
async function ask(target: string, name: string, authorization = ""): Promise<EksAnswer> {
  const answer = await fetch(new URL(`/clusters/${encodeURIComponent(name)}`, target), { headers: { authorization } });
  const type = answer.headers.get("x-amzn-errortype");
  const headers = { "content-type": "application/json", ...(type !== null && { "x-amzn-ErrorType": type }) };
  return { status: answer.status, headers, body: await answer.text() };
}

function send({ response }: Call, { status, headers, body }: EksAnswer): void {
  response.writeHead(status, headers).end(body);
}

/**
 * The cluster that an answer of EKS describes; undefined when it describes none: another service may have such a path,
 * and the emulator a page about a fault of its own.
 */
function clusterIn(answer: string): Cluster | undefined {
  const { cluster } = (jsonIn(answer) ?? {}) as { readonly cluster?: Cluster };
  return cluster?.name === undefined ? undefined : cluster;
}
