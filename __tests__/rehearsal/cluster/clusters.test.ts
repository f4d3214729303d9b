import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { get } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { json } from "node:stream/consumers";

import { startClusters, type Clusters } from "../../../rehearsal/cluster/clusters";
import { startJoining } from "../../../rehearsal/joining/joining";
import { findResource } from "../../../rehearsal/cluster/kubernetes-documents";
import { KubernetesState } from "../../../rehearsal/cluster/kubernetes-state";

const REGION = { region: "ap-northeast-2", credentials: { accessKeyId: "testing", secretAccessKey: "testing" } };

interface Described {
  readonly endpoint: string;
  readonly certificateAuthority: { readonly data: string };
}

describe("the clusters of an emulated account", () => {
  let folder: string;
  let emulator: Server;
  let clusters: Clusters;
  let createdAt: number;
  let log: string[];

  /** A stand-in for the emulator, which knows clusters and nothing else. */
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), "eks-test-clusters-"));
    createdAt = 1;
    log = [];
    emulator = createServer((request, response) => {
      const [, name] = /^\/clusters\/(\w+)$/.exec(request.url ?? "") ?? [];
      if (name === undefined) response.writeHead(500).end();
      else {
        const cluster = { name, version: "1.31", createdAt, status: "ACTIVE", endpoint: "https://nowhere/" };
        response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify({ cluster }));
      }
    });
    await new Promise<void>((resolve) => emulator.listen(0, "127.0.0.1", resolve));
    const { port } = emulator.address() as AddressInfo;
    const endpoint = `http://127.0.0.1:${String(port)}`;
    const tell = (sentence: string) => log.push(sentence);
    clusters = await startClusters({ ...REGION, endpoint }, folder, { tell });
  });

  afterEach(async () => {
    await clusters.stop();
    emulator.close();
    emulator.closeAllConnections();
    rmSync(folder, { recursive: true });
  });

  async function describeCluster(name: string): Promise<Described> {
    const response = await fetch(`${clusters.endpoint}/clusters/${name}`);
    return ((await response.json()) as { cluster: Described }).cluster;
  }

  /** What the API of a cluster says of its version. */
  async function versionOf(name: string): Promise<string> {
    const { endpoint = "", certificateAuthorityData: authority = "" } = clusters.get(name)?.kubernetes ?? {};
    const query = new URLSearchParams({
      Action: "GetCallerIdentity",
      Version: "2011-06-15",
      "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
      "X-Amz-Credential": "testing/20261121/ap-northeast-2/sts/aws4_request",
      "X-Amz-Date": new Date().toISOString().replaceAll(/[-:]|\.\d+/g, ""),
      "X-Amz-Expires": "60",
      "X-Amz-SignedHeaders": "host;x-k8s-aws-id",
      "X-Amz-Signature": "b35bf1b3",
    });
    const url = `https://sts.ap-northeast-2.amazonaws.com/?${query.toString()}`;
    const authorization = `Bearer k8s-aws-v1.${Buffer.from(url).toString("base64url")}`;
    const ca = Buffer.from(authority, "base64");
    const [answer] = (await once(get(`${endpoint}/version`, { ca, headers: { authorization } }), "response")) as [
      Readable,
    ];
    return ((await json(answer)) as { gitVersion: string }).gitVersion;
  }

  it("have an API each, which is there when they are described for the first time", async () => {
    expect(clusters.get("one")).toBeUndefined();

    const [one, again, two] = await Promise.all(["one", "one", "two"].map(describeCluster));

    const { kubernetes } = clusters.get("one") ?? {};
    expect(one).toMatchObject({
      endpoint: kubernetes?.endpoint,
      certificateAuthority: { data: kubernetes?.certificateAuthorityData },
    });
    expect(again).toEqual(one);
    expect(two?.endpoint).toBe(clusters.get("two")?.kubernetes.endpoint);
    expect(two?.endpoint).not.toBe(one?.endpoint);
  });

  it("have another API when another cluster has the name of one that was deleted", async () => {
    const first = await describeCluster("one");
    clusters.get("one")?.kubernetes.state.setConfigMap("kube-system", "aws-auth", {});
    const deployments = () =>
      clusters
        .get("one")
        ?.kubernetes.state.list(findResource("deployments"))
        .map(({ metadata }) => metadata.name);
    await fetch(`${clusters.endpoint}/clusters/one/addons`, {
      method: "POST",
      body: JSON.stringify({ addonName: "metrics-server" }),
    });
    expect(deployments()).toEqual(["coredns", "metrics-server"]);
    createdAt = 2;
    const second = await describeCluster("one");

    expect(second.certificateAuthority).not.toEqual(first.certificateAuthority);
    expect(clusters.get("one")?.kubernetes.state.configMap("kube-system", "aws-auth")).toBeUndefined();
    expect(deployments()).toEqual(["coredns"]);
  });

  it("have the API of their version, also when that has moved on", async () => {
    await describeCluster("one");
    const before = await versionOf("one");
    const updated = await fetch(`${clusters.endpoint}/clusters/one/updates`, {
      method: "POST",
      body: JSON.stringify({ version: "1.32" }),
    });
    await describeCluster("one");

    expect(updated.status).toBe(200);
    expect([before, await versionOf("one")]).toEqual(["v1.31.0-eks-0000000", "v1.32.0-eks-0000000"]);
  });

  it("say once why the account cannot be read, and have no nodes then", async () => {
    await describeCluster("one");
    const one = clusters.get("one");
    await one?.joining.refresh();
    await one?.joining.refresh();

    expect(log).toEqual([expect.stringMatching(/^one: the account cannot be read: /)]);
    expect(one?.joining.results()).toEqual([]);
  });
});

describe("joining a cluster of an account that does not answer", () => {
  it("has no nodes, and ends when it is told to", async () => {
    const state = new KubernetesState();
    const log: string[] = [];
    // Nothing listens on the discard port.
    const settings = { ...REGION, endpoint: "http://127.0.0.1:9" };
    const joining = startJoining({ state }, settings, "demo", { tell: (sentence) => log.push(sentence) });
    await joining.refresh();
    joining.stop();

    expect(state.nodesJoinWhen({})).toEqual([]);
    expect(log).toEqual([expect.stringContaining("ECONNREFUSED")]);
  });
});
