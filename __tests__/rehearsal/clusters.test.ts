import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { startClusters, type Clusters } from "../../rehearsal/clusters";
import { startJoining } from "../../rehearsal/joining";
import { KubernetesState } from "../../rehearsal/kubernetes-state";

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
    clusters = await startClusters({ ...REGION, endpoint }, folder, { everyMs: 10, tell });
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
    createdAt = 2;
    const second = await describeCluster("one");

    expect(second.certificateAuthority).not.toEqual(first.certificateAuthority);
    expect(clusters.get("one")?.kubernetes.state.configMap("kube-system", "aws-auth")).toBeUndefined();
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
    const joining = startJoining({ state }, settings, "demo", { everyMs: 1, tell: (sentence) => log.push(sentence) });
    await joining.refresh();
    joining.stop();

    expect(state.nodesJoinWhen({})).toEqual([]);
    expect(log).toEqual([expect.stringContaining("ECONNREFUSED")]);
  });
});
