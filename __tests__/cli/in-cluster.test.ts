import { UserError } from "../../contract/user-error";
import type { Command } from "../../bootstrap/engine/command";
import type { CommandResult, Host } from "../../bootstrap/engine/host";
import {
  claimsToDelete,
  deleteInCluster,
  parseInCluster,
  persistentVolumes,
  readInCluster,
  readingCommands,
  type InCluster,
} from "../../cli/destroy/in-cluster";
import { said } from "../support/recorded";

const CONTEXT = "arn:aws:eks:ap-northeast-2:123456789012:cluster/c";
const ACCESS = { context: CONTEXT, endpoint: "https://c.example" };
const never = new AbortController().signal;
const ended = (more: Partial<CommandResult> = {}): CommandResult => ({ exitCode: 0, stdout: "", stderr: "", ...more });
const list = (...items: object[]) => ended({ stdout: JSON.stringify({ kind: "List", items }) });
const named = (namespace: string, name: string) => ({ metadata: { namespace, name } });

/** A stand-in for a bastion: it answers in order, or as a function says, and keeps what it was asked to run. */
class StandInBastion implements Host {
  readonly name = "bastion";
  readonly asked: string[] = [];

  constructor(private readonly answers: (CommandResult | Error)[] | ((command: string) => CommandResult | Error)) {}

  run({ text }: Command): Promise<CommandResult> {
    this.asked.push(text);
    const answer = Array.isArray(this.answers) ? this.answers.shift() : this.answers(text);
    if (answer === undefined) throw new Error(`the stand-in has no answer for: ${text}`);
    return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
  }
}

const FOUND: InCluster = {
  services: [
    { namespace: "shop", name: "cart" },
    { namespace: "default", name: "web" },
    { namespace: "shop", name: "till" },
  ],
  ingresses: [{ namespace: "shop", name: "front" }],
  claims: [{ namespace: "shop", name: "orders", persistentVolume: "pvc-1" }],
  volumes: [],
};

describe("what a cluster has in AWS", () => {
  it("is read from the answers of kubectl", () => {
    const objects = list(
      { kind: "Service", ...named("shop", "cart"), spec: { type: "LoadBalancer" } },
      { kind: "Service", ...named("default", "kubernetes"), spec: { type: "ClusterIP" } },
      { kind: "PersistentVolumeClaim", ...named("shop", "orders"), spec: { volumeName: "pvc-1" } },
      {
        kind: "PersistentVolume",
        metadata: { name: "pvc-1" },
        spec: {
          csi: { driver: "ebs.csi.aws.com", volumeHandle: "vol-0123456789abcdef0" },
          persistentVolumeReclaimPolicy: "Retain",
        },
      },
      {
        kind: "PersistentVolume",
        metadata: { name: "pvc-2" },
        spec: {
          awsElasticBlockStore: { volumeID: "aws://ap-northeast-2a/vol-0aaaaaaaaaaaaaaaa" },
          persistentVolumeReclaimPolicy: "Delete",
        },
      },
      { kind: "PersistentVolume", metadata: { name: "nfs" }, spec: { nfs: { server: "vol-1" } } },
    );
    const ingress = (hostname: string) => ({ status: { loadBalancer: { ingress: [{ hostname }] } } });
    const ingresses = list(
      { kind: "Ingress", ...named("shop", "front"), ...ingress("k8s-shop-1.ap-northeast-2.elb.amazonaws.com") },
      { kind: "Ingress", ...named("shop", "nginx"), ...ingress("shop.example.com") },
      { kind: "Ingress", ...named("shop", "pending") },
    );

    expect(parseInCluster(objects, ingresses)).toEqual({
      services: [{ namespace: "shop", name: "cart" }],
      ingresses: [{ namespace: "shop", name: "front" }],
      claims: [{ namespace: "shop", name: "orders", persistentVolume: "pvc-1" }],
      volumes: [
        { name: "pvc-1", volumeId: "vol-0123456789abcdef0", reclaimPolicy: "Retain" },
        { name: "pvc-2", volumeId: "vol-0aaaaaaaaaaaaaaaa", reclaimPolicy: "Delete" },
      ],
    });
  });

  it("is read from what kubectl makes of a list", () => {
    expect(parseInCluster(said("kubectl", "what is in AWS"), said("kubectl", "ingresses"))).toEqual({
      services: [{ namespace: "shop", name: "cart" }],
      ingresses: [{ namespace: "shop", name: "front" }],
      claims: [{ namespace: "shop", name: "orders", persistentVolume: "pvc-1" }],
      volumes: [{ name: "pvc-1", volumeId: "vol-0123456789abcdef0", reclaimPolicy: "Delete" }],
    });
    expect(parseInCluster(said("kubectl", "nothing"), said("kubectl", "nothing"))).toEqual({
      services: [],
      ingresses: [],
      claims: [],
      volumes: [],
    });
  });

  it("has no ingresses when its API has none", () => {
    for (const none of ["no such kind of object", "path that the API has not"])
      expect(parseInCluster(list(), said("kubectl", none))).toMatchObject({ ingresses: [] });
  });

  it.each([
    ["the API hangs", ended({ exitCode: 124 }), list(), "the cluster's API did not answer within 30 s"],
    ["it refuses", said("kubectl", "unauthorized"), list(), "the cluster does not know the role of the host"],
    [
      "it hangs at the second question",
      list(),
      ended({ exitCode: 124 }),
      "the cluster's API did not answer within 30 s",
    ],
    ["kubectl says something else", ended({ stdout: "{}" }), list(), "kubectl answered something that is no list"],
  ])("is not known when %s", (_, objects, ingresses, why) => {
    expect(parseInCluster(objects, ingresses)).toEqual({ unreachable: expect.stringContaining(why) as string });
  });

  it("is asked for with a limit of time, of one context at one endpoint, without writing", () => {
    const commands = readingCommands(ACCESS);

    expect(commands.map(({ text }) => / get (\S+) /.exec(text)?.[1])).toEqual([
      "services,persistentvolumeclaims,persistentvolumes",
      "ingresses",
    ]);
    for (const { text } of commands) {
      expect(text).toMatch(/^timeout -k 5 30 kubectl --kubeconfig "\$HOME"\/\.kube\/config --cache-dir \/dev\/null /);
      expect(text).toContain(`--context ${CONTEXT} --server https://c.example get `);
      expect(text).toContain("--all-namespaces --output json");
    }
  });

  it("is not asked for twice when the API does not answer", async () => {
    const bastion = new StandInBastion([ended({ exitCode: 124 })]);

    expect(await readInCluster(bastion, ACCESS)).toHaveProperty("unreachable");
    expect(bastion.asked).toHaveLength(1);
  });

  it("is not known when the bastion is lost, which is no failure", async () => {
    const bastion = new StandInBastion([new UserError("the connection is lost")]);

    expect(await readInCluster(bastion, ACCESS)).toEqual({ unreachable: "the connection is lost" });
  });

  it("fails when there is a bug", async () => {
    await expect(readInCluster(new StandInBastion([new TypeError("bug")]), ACCESS)).rejects.toThrow("bug");
  });
});

describe("claims", () => {
  const claims = [
    { namespace: "shop", name: "orders", persistentVolume: "pvc-1" },
    { namespace: "shop", name: "archive", persistentVolume: "pvc-2" },
    { namespace: "shop", name: "pending", persistentVolume: "" },
  ];
  const volumes = [
    { name: "pvc-1", volumeId: "vol-1", reclaimPolicy: "Delete" },
    { name: "pvc-2", volumeId: "vol-2", reclaimPolicy: "Retain" },
  ];
  const found: InCluster = { services: [], ingresses: [], claims, volumes };

  it("go with the cluster, but for those of volumes that are to be kept", () => {
    expect(claimsToDelete(found, []).map(({ name }) => name)).toEqual(["orders", "archive", "pending"]);
    expect(claimsToDelete(found, ["vol-1"]).map(({ name }) => name)).toEqual(["archive", "pending"]);
  });

  it("take the volumes with them that their reclaim policy deletes", () => {
    expect([...persistentVolumes(volumes, claims)]).toEqual([
      ["vol-1", "shop/orders"],
      ["vol-2", undefined],
    ]);
  });
});

describe("the deletion of what a cluster has in AWS", () => {
  const verbs = (asked: readonly string[]) =>
    asked.map((text) => /(?:get|delete) .*?(?= --(?:all|ignore))/.exec(text)?.[0] ?? text);
  const pod = (name: string, claimName: string, owner?: object) => ({
    kind: "Pod",
    metadata: { ...named("shop", name).metadata, ...(owner !== undefined && { ownerReferences: [owner] }) },
    spec: { volumes: [{ emptyDir: {} }, { persistentVolumeClaim: { claimName } }] },
  });

  it("is of ingresses and services, namespace by namespace, at once", async () => {
    const bastion = new StandInBastion(() => ended());

    expect(await deleteInCluster(bastion, ACCESS, { ...FOUND, claims: [] }, never)).toEqual([]);

    expect(verbs(bastion.asked)).toEqual([
      "delete ingresses front --namespace shop",
      "delete services cart till --namespace shop",
      "delete services web --namespace default",
    ]);
  });

  it("frees claims of the pods that use them, and of the StatefulSets that would make them anew", async () => {
    const pods = list(
      pod("orders-0", "orders", { kind: "StatefulSet", name: "orders" }),
      pod("reader-1", "orders", { kind: "ReplicaSet", name: "reader" }),
      pod("other-0", "other", { kind: "StatefulSet", name: "other" }),
    );
    const bastion = new StandInBastion((text) => (/ get pods /.test(text) ? pods : ended()));

    await deleteInCluster(bastion, ACCESS, { services: [], ingresses: [], claims: FOUND.claims }, never);

    expect(verbs(bastion.asked)).toEqual([
      "get pods",
      "delete statefulsets orders --namespace shop",
      "delete persistentvolumeclaims orders --namespace shop",
      "delete pods orders-0 reader-1 --namespace shop",
      "delete persistentvolumeclaims orders --namespace shop",
    ]);
    expect(bastion.asked.map((text) => /--wait=\w+/.exec(text)?.[0])).toEqual([
      undefined,
      "--wait=true",
      "--wait=false",
      "--wait=false",
      "--wait=true",
    ]);
  });

  it("is nothing when there is nothing", async () => {
    const bastion = new StandInBastion([]);

    expect(await deleteInCluster(bastion, ACCESS, { services: [], ingresses: [], claims: [] }, never)).toEqual([]);
    expect(bastion.asked).toEqual([]);
  });

  it("goes on after a failure, and tells why", async () => {
    const timedOut = said("kubectl", "object that stays");
    const bastion = new StandInBastion([timedOut, new UserError("the connection is lost"), ended()]);

    const failures = await deleteInCluster(bastion, ACCESS, { ...FOUND, claims: [] }, never);

    expect(failures).toEqual([
      expect.stringContaining("Kubernetes did not end it within 300 s"),
      "the connection is lost",
    ]);
    expect(bastion.asked).toHaveLength(3);
  });

  it("ends when it is told to, also when that cuts the connection", async () => {
    const interruption = new AbortController();
    const bastion = new StandInBastion(() => {
      interruption.abort(new Error("interrupted"));
      return new UserError("interrupted during: kubectl delete");
    });

    const deleting = deleteInCluster(bastion, ACCESS, { ...FOUND, services: [] }, interruption.signal);

    await expect(deleting).rejects.toThrow("interrupted");
    expect(bastion.asked.length).toBeLessThan(3);
  });
});
