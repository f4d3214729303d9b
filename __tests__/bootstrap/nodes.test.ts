import { age, nodesOf, nodeTable } from "../../bootstrap/nodes";

const CREATED = "2026-11-21T00:00:00Z";
const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const YEAR = 365 * DAY;

function after(seconds: number): Date {
  return new Date(Date.parse(CREATED) + seconds * 1000);
}

/** A node as the Kubernetes API has it, as far as it is read. */
function apiNode({ name = "ip-10-0-1-5", ready = "True", unschedulable = false, labels = {}, created = CREATED } = {}) {
  return {
    apiVersion: "v1",
    kind: "Node",
    metadata: { name, creationTimestamp: created, labels, uid: "1" },
    spec: { providerID: "aws:///ap-northeast-2a/i-1", ...(unschedulable && { unschedulable }) },
    status: {
      conditions: [
        { type: "MemoryPressure", status: "False", reason: "KubeletHasSufficientMemory", message: "" },
        {
          type: "Ready",
          status: ready,
          reason: ready === "True" ? "KubeletReady" : "KubeletNotReady",
          message: ready === "True" ? "kubelet is posting ready status" : "cni plugin not initialized",
        },
      ],
      nodeInfo: { kubeletVersion: "v1.31.4-eks-aeac579", architecture: "amd64" },
    },
  };
}

describe("the age of a node", () => {
  // The boundaries of HumanDuration.
  it.each([
    [-2, "<invalid>"],
    [-1.999, "0s"],
    [-1, "0s"],
    [-0.5, "0s"],
    [0, "0s"],
    [0.999, "0s"],
    [1, "1s"],
    [2 * MINUTE - 1, "119s"],
    [2 * MINUTE, "2m"],
    [2 * MINUTE + 1, "2m1s"],
    [10 * MINUTE - 1, "9m59s"],
    [10 * MINUTE, "10m"],
    [10 * MINUTE + 59, "10m"],
    [3 * HOUR - 1, "179m"],
    [3 * HOUR, "3h"],
    [3 * HOUR + MINUTE, "3h1m"],
    [8 * HOUR - 1, "7h59m"],
    [8 * HOUR, "8h"],
    [8 * HOUR + 59 * MINUTE, "8h"],
    [2 * DAY - 1, "47h"],
    [2 * DAY, "2d"],
    [2 * DAY + HOUR, "2d1h"],
    [8 * DAY - 1, "7d23h"],
    [8 * DAY, "8d"],
    [2 * YEAR - 1, "729d"],
    [2 * YEAR, "2y"],
    [2 * YEAR + DAY, "2y1d"],
    [8 * YEAR - 1, "7y364d"],
    [8 * YEAR, "8y"],
    [9 * YEAR - 1, "8y"],
    [20 * YEAR, "20y"],
  ])("after %d seconds is %s", (seconds, expected) => {
    expect(age(CREATED, after(seconds))).toBe(expected);
  });

  it.each(["", "yesterday"])("is unknown when it was created %j", (created) => {
    expect(age(created, after(0))).toBe("<unknown>");
  });
});

describe("the nodes of a cluster", () => {
  it("are read from the Kubernetes API", () => {
    expect(nodesOf([apiNode()])).toEqual([
      {
        name: "ip-10-0-1-5",
        status: "Ready",
        isReady: true,
        isCordoned: false,
        reason: "",
        roles: "<none>",
        version: "v1.31.4-eks-aeac579",
        created: CREATED,
      },
    ]);
  });

  it.each([
    ["ready", apiNode(), "Ready", true, ""],
    ["not ready", apiNode({ ready: "False" }), "NotReady", false, "KubeletNotReady: cni plugin not initialized"],
    [
      "not heard of any more",
      apiNode({ ready: "Unknown" }),
      "NotReady",
      false,
      "KubeletNotReady: cni plugin not initialized",
    ],
    ["cordoned", apiNode({ unschedulable: true }), "Ready,SchedulingDisabled", true, ""],
    [
      "cordoned and not ready",
      apiNode({ unschedulable: true, ready: "False" }),
      "NotReady,SchedulingDisabled",
      false,
      "KubeletNotReady: cni plugin not initialized",
    ],
    ["without a status", { metadata: { name: "x" } }, "Unknown", false, ""],
    ["without the condition", { metadata: { name: "x" }, status: { conditions: [] } }, "Unknown", false, ""],
    [
      "not ready, and does not say why",
      { metadata: { name: "x" }, status: { conditions: [{ type: "Ready", status: "False" }] } },
      "NotReady",
      false,
      "",
    ],
  ])("say which one is %s", (_, item, status, isReady, reason) => {
    expect(nodesOf([item])).toEqual([expect.objectContaining({ status, isReady, reason })]);
  });

  it.each([
    [{}, "<none>"],
    [{ "node-role.kubernetes.io/worker": "" }, "worker"],
    [{ "node-role.kubernetes.io/worker": "", "node-role.kubernetes.io/gpu": "true" }, "gpu,worker"],
    [{ "kubernetes.io/role": "spot", "node-role.kubernetes.io/spot": "" }, "spot"],
    [{ "node-role.kubernetes.io/": "", "kubernetes.io/role": "" }, "<none>"],
    [{ "eks.amazonaws.com/nodegroup": "x", "node.kubernetes.io/role": "x" }, "<none>"],
  ])("with the labels %j have the roles %s", (labels, roles) => {
    expect(nodesOf([apiNode({ labels })])).toEqual([expect.objectContaining({ roles })]);
  });

  it.each([
    ["nothing", undefined],
    ["null", null],
    ["a text", "node"],
    ["a number", 1],
    ["a list", []],
    ["an empty object", {}],
    ["no name", { metadata: {} }],
    ["a name that is a number", { metadata: { name: 1 } }],
    ["conditions that are none", { metadata: { name: "x" }, status: { conditions: ["Ready"] } }],
    ["labels that are none", { metadata: { name: "x", labels: ["a"] } }],
  ])("leave out %s, and only that", (_, junk) => {
    expect(nodesOf([junk, apiNode()]).map(({ name }) => name)).toEqual(["ip-10-0-1-5"]);
  });
});

describe("the table of nodes", () => {
  it("is that of kubectl get nodes", () => {
    const nodes = nodesOf([
      apiNode({ name: "ip-10-0-1-5.ap-northeast-2.compute.internal" }),
      apiNode({ name: "ip-10-0-2-6.ap-northeast-2.compute.internal", ready: "False", unschedulable: true }),
      apiNode({ name: "short", labels: { "node-role.kubernetes.io/worker": "" }, created: "2026-11-20T23:59:00Z" }),
      { metadata: { name: "bare" } },
    ]);

    expect(nodeTable(nodes, after(90)).join("\n")).toBe(
      `
NAME                                          STATUS                        ROLES    AGE         VERSION
ip-10-0-1-5.ap-northeast-2.compute.internal   Ready                         <none>   90s         v1.31.4-eks-aeac579
ip-10-0-2-6.ap-northeast-2.compute.internal   NotReady,SchedulingDisabled   <none>   90s         v1.31.4-eks-aeac579
short                                         Ready                         worker   2m30s       v1.31.4-eks-aeac579
bare                                          Unknown                       <none>   <unknown>
`.trim(),
    );
  });

  it("says so when there is none", () => {
    expect(nodeTable([], after(0))).toEqual(["No resources found"]);
  });

  it("cannot touch a terminal", () => {
    const node = { metadata: { name: "x" }, status: { nodeInfo: { kubeletVersion: "v1\u001b[2J" } } };

    expect(nodeTable(nodesOf([node]), after(0)).join("\n")).toContain("v1\\x1b[2J");
  });
});
