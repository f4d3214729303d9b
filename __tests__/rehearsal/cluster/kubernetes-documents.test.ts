import {
  discovery,
  findResource,
  humanDuration,
  mergePatch,
  openApiV2,
  RESOURCES,
  table,
} from "../../../rehearsal/cluster/kubernetes-documents";

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

describe("humanDuration", () => {
  it.each([
    [-2, "<invalid>"],
    [-1, "0s"],
    [119.9, "119s"],
    [2 * MINUTE, "2m"],
    [9 * MINUTE + 59, "9m59s"],
    [10 * MINUTE + 59, "10m"],
    [3 * HOUR - 1, "179m"],
    [3 * HOUR, "3h"],
    [7 * HOUR + 59 * MINUTE, "7h59m"],
    [8 * HOUR + 59 * MINUTE, "8h"],
    [2 * DAY - 1, "47h"],
    [2 * DAY, "2d"],
    [7 * DAY + 23 * HOUR, "7d23h"],
    [8 * DAY + 23 * HOUR, "8d"],
    [2 * 365 * DAY - 1, "729d"],
    [2 * 365 * DAY, "2y"],
    [3 * 365 * DAY + DAY, "3y1d"],
    [9 * 365 * DAY + DAY, "9y"],
  ])("says %d seconds as %s", (seconds, text) => {
    expect(humanDuration(seconds)).toBe(text);
  });
});

describe("mergePatch", () => {
  // From appendix A of RFC 7396.
  it.each([
    [{ a: "b" }, { a: "c" }, { a: "c" }],
    [{ a: "b" }, { b: "c" }, { a: "b", b: "c" }],
    [{ a: "b", b: "c" }, { a: null }, { b: "c" }],
    [{ a: ["b"] }, { a: "c" }, { a: "c" }],
    [{ a: { b: "c" } }, { a: { b: "d", c: null } }, { a: { b: "d" } }],
    [{ a: [{ b: "c" }] }, { a: [1] }, { a: [1] }],
    [
      ["a", "b"],
      ["c", "d"],
      ["c", "d"],
    ],
    [{ e: null }, { a: 1 }, { e: null, a: 1 }],
    [[1, 2], { a: "b", c: null }, { a: "b" }],
    [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
  ])("makes of %j with %j %j", (target, patch, merged) => {
    expect(mergePatch(target, patch)).toEqual(merged);
  });
});

describe("table", () => {
  const node = {
    apiVersion: "v1",
    kind: "Node",
    metadata: { name: "one", uid: "u", resourceVersion: "1", creationTimestamp: "2026-11-21T14:00:00Z" },
    status: {
      conditions: [{ type: "Ready", status: "Unknown" }],
      nodeInfo: { kubeletVersion: "v1.31.4-eks-aeac579" },
    },
  };
  const nodes = RESOURCES.filter(({ name }) => name === "nodes");
  const now = new Date("2026-11-21T14:05:00Z");

  it("shows a node whose kubelet is silent as not ready", () => {
    const [cells] = nodes.map((resource) => table(resource, [node], { version: "v1", withObjects: false }, now));

    const shown = ["one", "NotReady", "<none>", "5m", "v1.31.4-eks-aeac579"];
    const wide = ["<none>", "<none>", "<unknown>", "<unknown>", "<unknown>"];
    expect(cells).toMatchObject({
      kind: "Table",
      apiVersion: "meta.k8s.io/v1",
      rows: [{ cells: [...shown, ...wide] }],
    });
  });

  it("carries the objects in the version that is asked for", () => {
    const [bare, whole] = [false, true].map((withObjects) =>
      nodes.map((resource) => table(resource, [node], { version: "v1beta1", withObjects }, now)),
    );

    const metadata = { kind: "PartialObjectMetadata", apiVersion: "meta.k8s.io/v1beta1", metadata: node.metadata };
    expect(bare).toMatchObject([{ apiVersion: "meta.k8s.io/v1beta1", rows: [{ object: metadata }] }]);
    expect(whole).toMatchObject([{ rows: [{ object: node }] }]);
  });
});

describe("the table of another kind", () => {
  const metadata = { name: "web", uid: "u", resourceVersion: "1", creationTimestamp: "2026-11-21T14:00:00Z" };
  const now = new Date("2026-11-21T14:05:00Z");
  const cells = (kind: string, fields: object) =>
    table(
      findResource(kind),
      [{ apiVersion: "", kind: "", metadata, ...fields }],
      { version: "v1", withObjects: false },
      now,
    );

  it("shows what is at a path, through lists", () => {
    const ingress = [{ hostname: "a.elb.amazonaws.com" }, { hostname: "b.elb.amazonaws.com" }];
    const fields = { spec: { type: "LoadBalancer" }, status: { loadBalancer: { ingress } } };

    expect(cells("services", fields)).toMatchObject({
      rows: [{ cells: ["web", "LoadBalancer", "<none>", "a.elb.amazonaws.com,b.elb.amazonaws.com", "5m"] }],
    });
  });

  it("shows a number that is zero", () => {
    const status = { desiredNumberScheduled: 2, currentNumberScheduled: 2, updatedNumberScheduled: 1, numberReady: 0 };

    expect(cells("daemonsets", { status })).toMatchObject({
      rows: [{ cells: ["web", "2", "2", "0", "1", "0", "<none>", "5m"] }],
    });
  });

  it("shows how many of the wanted pods are ready", () => {
    const status = { replicas: 2, readyReplicas: 1, updatedReplicas: 2, availableReplicas: 1 };

    expect(cells("deployments", { spec: { replicas: 2 }, status })).toMatchObject({
      rows: [{ cells: ["web", "1/2", "2", "1", "5m"] }],
    });
    expect(cells("deployments", { spec: { replicas: 2 }, status: {} })).toMatchObject({
      rows: [{ cells: ["web", "0/2", "0", "0", "5m"] }],
    });
  });
});

describe("discovery", () => {
  const documents = discovery(RESOURCES);

  it("leads from the groups to every kind", () => {
    const { groups } = documents["/apis"] as { groups: { versions: { groupVersion: string }[] }[] };
    const versions = groups.flatMap((group) => group.versions.map(({ groupVersion }) => `/apis/${groupVersion}`));
    const names = ["/api/v1", ...versions].flatMap((path) =>
      (documents[path] as { resources: { name: string }[] }).resources.map(({ name }) => name),
    );

    expect(versions).toEqual([
      "/apis/apps/v1",
      "/apis/networking.k8s.io/v1",
      "/apis/gateway.networking.k8s.io/v1",
      "/apis/karpenter.sh/v1",
      "/apis/karpenter.k8s.aws/v1",
    ]);
    expect(names.sort()).toEqual(RESOURCES.map(({ name }) => name).sort());
    expect(documents["/apis/apps"]).toMatchObject({ kind: "APIGroup", name: "apps" });
  });
});

describe("openApiV2", () => {
  it("is a document in protobuf without a type in it", () => {
    const info = "\n\nKubernetes\x12\x07v1.31.4";

    expect(openApiV2("v1.31.4").toString()).toBe(`\n\x032.0\x12\x15${info}B\0`);
  });
});
