import { UserError } from "../../contract/user-error";
import type { Command } from "../../bootstrap/engine/command";
import type { CommandResult, Host } from "../../bootstrap/engine/host";
import {
  claimsToDelete,
  deleteInCluster,
  deleteMachines,
  madeAnew,
  parseInCluster,
  persistentVolumes,
  readInCluster,
  readingCommands,
  type InCluster,
  type Named,
  EMPTY,
} from "../../cli/destroy/in-cluster";
import { said } from "../support/recorded";

const CONTEXT = "arn:aws:eks:ap-northeast-2:123456789012:cluster/c";
const ACCESS = { context: CONTEXT, endpoint: "https://c.example" };
const never = new AbortController().signal;
const ended = (more: Partial<CommandResult> = {}): CommandResult => ({ exitCode: 0, stdout: "", stderr: "", ...more });
const list = (...items: object[]) => ended({ stdout: JSON.stringify({ kind: "List", items }) });
const named = (namespace: string, name: string) => ({ metadata: { namespace, name, uid: `uid-${name}` } });
/** As it is read from such. */
const object = (kind: string, namespace: string, name: string): Named => ({
  kind,
  namespace,
  name,
  uid: `uid-${name}`,
});

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
  ...EMPTY,
  services: [object("Service", "shop", "cart"), object("Service", "default", "web"), object("Service", "shop", "till")],
  ingresses: [object("Ingress", "shop", "front")],
  claims: [{ ...object("PersistentVolumeClaim", "shop", "orders"), persistentVolume: "pvc-1" }],
};
/** What kubectl says of a kind that the API has not. */
const MISSING = said("kubectl", "no such kind of object");

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

    expect(parseInCluster([objects, ingresses])).toEqual({
      ...EMPTY,
      services: [object("Service", "shop", "cart")],
      ingresses: [object("Ingress", "shop", "front")],
      claims: [{ ...object("PersistentVolumeClaim", "shop", "orders"), persistentVolume: "pvc-1" }],
      volumes: [
        { name: "pvc-1", volumeId: "vol-0123456789abcdef0", reclaimPolicy: "Retain" },
        { name: "pvc-2", volumeId: "vol-0aaaaaaaaaaaaaaaa", reclaimPolicy: "Delete" },
      ],
    });
  });

  it("is read from what kubectl makes of a list", () => {
    const uid = "00000000-0000-0000-0000-000000000000";

    expect(parseInCluster([said("kubectl", "what is in AWS"), said("kubectl", "ingresses")])).toEqual({
      ...EMPTY,
      services: [{ ...object("Service", "shop", "cart"), uid }],
      ingresses: [{ ...object("Ingress", "shop", "front"), uid }],
      claims: [{ ...object("PersistentVolumeClaim", "shop", "orders"), uid, persistentVolume: "pvc-1" }],
      volumes: [{ name: "pvc-1", volumeId: "vol-0123456789abcdef0", reclaimPolicy: "Delete" }],
    });
    expect(parseInCluster([said("kubectl", "nothing"), said("kubectl", "nothing")])).toEqual(EMPTY);
  });

  it.each(["no such kind of object", "path that the API has not"])(
    "has none of a kind where its API says: %s",
    (none) => {
      const objects = list({ kind: "Service", ...named("shop", "cart"), spec: { type: "LoadBalancer" } });

      expect(parseInCluster([objects, ...Array<CommandResult>(4).fill(said("kubectl", none))])).toEqual({
        ...EMPTY,
        services: [object("Service", "shop", "cart")],
      });
    },
  );

  it.each([
    ["of Elastic Load Balancing", "k8s-shop-1.ap-northeast-2.elb.amazonaws.com", true],
    ["of a Network Load Balancer", "k8s-shop-1.elb.ap-northeast-2.amazonaws.com", true],
    ["of China", "k8s-shop-1.elb.cn-north-1.amazonaws.com.cn", true],
    ["of somebody's own", "shop.example.com", false],
    ["of nobody yet", undefined, false],
  ])("has a Gateway whose address is a name %s, or not", (_, value, isThere) => {
    const addresses = value === undefined ? undefined : [{ type: "Hostname", value }];
    const gateway = { kind: "Gateway", ...named("shop", "front"), status: { addresses } };

    expect(parseInCluster([list(), MISSING, list(gateway)])).toEqual({
      ...EMPTY,
      gateways: isThere ? [object("Gateway", "shop", "front")] : [],
    });
  });

  it("has Karpenter's NodePools and NodeClaims, but for those of EKS Auto Mode, which EKS ends", () => {
    const cluster = (name: string) => ({ metadata: { name, uid: `uid-${name}` } });
    const nodeClass = (group: string) => ({ nodeClassRef: { group, kind: "EC2NodeClass", name: "general" } });
    const pool = (name: string, group: string) => {
      return { kind: "NodePool", ...cluster(name), spec: { template: { spec: nodeClass(group) } } };
    };
    const claim = (name: string, group: string, providerID?: string) => {
      return { kind: "NodeClaim", ...cluster(name), spec: nodeClass(group), status: { providerID } };
    };
    const [karpenter, eks] = ["karpenter.k8s.aws", "eks.amazonaws.com"];
    const zone = "aws:///ap-northeast-2a";

    expect(
      parseInCluster([
        list(),
        list(pool("default", karpenter), pool("system", eks), pool("other", "example.com")),
        list(
          claim("default-a", karpenter, `${zone}/i-0123456789abcdef0`),
          claim("default-b", karpenter),
          claim("system-c", eks, `${zone}/i-0fedcba9876543210`),
        ),
      ]),
    ).toEqual({
      ...EMPTY,
      nodePools: [
        { ...object("NodePool", "", "default"), nodeClass: "general" },
        { ...object("NodePool", "", "other"), nodeClass: "" },
      ],
      nodeClaims: [
        { ...object("NodeClaim", "", "default-a"), instanceId: "i-0123456789abcdef0" },
        { ...object("NodeClaim", "", "default-b"), instanceId: "" },
      ],
    });
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
    expect(parseInCluster([objects, ingresses])).toEqual({ unreachable: expect.stringContaining(why) as string });
  });

  it("is asked for with a limit of time, of one context at one endpoint, without writing", () => {
    const commands = readingCommands(ACCESS);

    expect(commands.map(({ text }) => / get (\S+) /.exec(text)?.[1])).toEqual([
      "services,persistentvolumeclaims,persistentvolumes",
      "ingresses",
      "gateways.gateway.networking.k8s.io",
      "nodepools.karpenter.sh",
      "nodeclaims.karpenter.sh",
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
    { ...object("PersistentVolumeClaim", "shop", "orders"), persistentVolume: "pvc-1" },
    { ...object("PersistentVolumeClaim", "shop", "archive"), persistentVolume: "pvc-2" },
    { ...object("PersistentVolumeClaim", "shop", "pending"), persistentVolume: "" },
  ];
  const volumes = [
    { name: "pvc-1", volumeId: "vol-1", reclaimPolicy: "Delete" },
    { name: "pvc-2", volumeId: "vol-2", reclaimPolicy: "Retain" },
  ];
  const found: InCluster = { ...EMPTY, claims, volumes };

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

  it("is of ingresses, Gateways and services, namespace by namespace, at once", async () => {
    const bastion = new StandInBastion(() => ended());
    const gateways = [object("Gateway", "shop", "edge")];

    expect(await deleteInCluster(bastion, ACCESS, { ...FOUND, gateways, claims: [] }, never)).toEqual([]);

    expect(verbs(bastion.asked)).toEqual([
      "delete ingresses front --namespace shop",
      "delete gateways.gateway.networking.k8s.io edge --namespace shop",
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

    await deleteInCluster(bastion, ACCESS, { ...EMPTY, claims: FOUND.claims }, never);

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

    expect(await deleteInCluster(bastion, ACCESS, EMPTY, never)).toEqual([]);
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

describe("the end of Karpenter's machines", () => {
  const metadata = (name: string) => ({ metadata: { name, uid: `uid-${name}` } });
  const pool = { ...object("NodePool", "", "default"), nodeClass: "general" };
  const deletions = (asked: readonly string[]) =>
    asked.flatMap((text) => /delete .*?(?= --ignore-not-found)/.exec(text)?.[0] ?? []);

  it("is that of NodePools first, then of all NodeClaims that there are by then, then of the node classes", async () => {
    const claims = list({ kind: "NodeClaim", ...metadata("default-new") }, { kind: "NodeClaim", ...metadata("alone") });
    const bastion = new StandInBastion((text) => {
      if (/ get services/.test(text)) return list();
      return / get nodeclaims/.test(text) ? claims : / get /.test(text) ? MISSING : ended();
    });

    expect(await deleteMachines(bastion, ACCESS, [pool], never)).toEqual([]);

    expect(deletions(bastion.asked)).toEqual([
      "delete nodepools.karpenter.sh default",
      "delete nodeclaims.karpenter.sh default-new alone",
      "delete ec2nodeclasses.karpenter.k8s.aws general",
    ]);
    for (const text of bastion.asked.filter((it) => / delete /.test(it))) expect(text).toMatch(/--wait=true/);
  });

  it("is told as failed when the API is lost on the way", async () => {
    const bastion = new StandInBastion((text) => (/ delete /.test(text) ? ended() : ended({ exitCode: 124 })));

    expect(await deleteMachines(bastion, ACCESS, [pool], never)).toEqual([
      "the cluster's API did not answer within 30 s",
    ]);
    expect(deletions(bastion.asked)).toEqual(["delete nodepools.karpenter.sh default"]);
  });
});

describe("what was made anew", () => {
  const BEFORE = { services: FOUND.services, ingresses: FOUND.ingresses };
  const service = (uid: string, more: object = {}) => ({
    kind: "Service",
    metadata: { namespace: "shop", name: "cart", uid, ...more },
    spec: { type: "LoadBalancer" },
  });
  const asking = (objects: CommandResult, ingresses = MISSING, managers = ended({ stdout: "" })) =>
    new StandInBastion((text) => {
      if (/jsonpath/.test(text)) return managers;
      return / get services/.test(text) ? objects : / get ingresses/.test(text) ? ingresses : MISSING;
    });

  it("is nothing where only what was there before still stands", async () => {
    expect(await madeAnew(asking(list(service("uid-cart"))), ACCESS, BEFORE)).toEqual([]);
    expect(await madeAnew(asking(list()), ACCESS, BEFORE)).toEqual([]);
  });

  it.each([
    [
      "Argo CD, by its annotation",
      { annotations: { "argocd.argoproj.io/tracking-id": "web:/Service:shop/cart" } },
      "Argo CD's application web (to stop it: argocd app set web --sync-policy none)",
    ],
    [
      "Flux' Kustomization",
      { labels: { "kustomize.toolkit.fluxcd.io/name": "web", "kustomize.toolkit.fluxcd.io/namespace": "flux-system" } },
      "Flux's Kustomization flux-system/web (to stop it: flux suspend kustomization web --namespace flux-system)",
    ],
    [
      "Flux' HelmRelease",
      { labels: { "helm.toolkit.fluxcd.io/name": "web", "helm.toolkit.fluxcd.io/namespace": "shop" } },
      "Flux's HelmRelease shop/web (to stop it: flux suspend helmrelease web --namespace shop)",
    ],
    [
      "its owner",
      { ownerReferences: [{ kind: "Shop", name: "one" }], labels: { "app.kubernetes.io/instance": "web" } },
      "Shop one (to stop it: eks ssh -- kubectl delete Shop one --namespace shop)",
    ],
    [
      "Argo CD, by its label",
      { labels: { "app.kubernetes.io/instance": "web" } },
      "Argo CD's application, or Helm's release, web",
    ],
    [
      "somebody with a quote in the name",
      { annotations: { "argocd.argoproj.io/tracking-id": "w'eb:/Service:shop/cart" } },
      String.raw`Argo CD's application w'eb (to stop it: argocd app set 'w'\''eb' --sync-policy none)`,
    ],
  ])("by %s is told with its maker", async (_, more, maker) => {
    expect(await madeAnew(asking(list(service("uid-2", more))), ACCESS, BEFORE)).toEqual([
      `Service shop/cart, by ${maker}`,
    ]);
  });

  it("by somebody without a mark is told with who wrote its fields", async () => {
    const bastion = asking(list(service("uid-2")), MISSING, ended({ stdout: "shop-operator shop-operator kubectl" }));

    expect(await madeAnew(bastion, ACCESS, BEFORE)).toEqual([
      "Service shop/cart, by what calls itself shop-operator, kubectl",
    ]);
    expect(bastion.asked.at(-1)).toContain(
      "get services cart --namespace shop --output 'jsonpath={.metadata.managedFields[*].manager}'",
    );
    expect(await madeAnew(asking(list(service("uid-2"))), ACCESS, BEFORE)).toEqual([
      "Service shop/cart, by somebody who does not say",
    ]);
  });

  it("is also an Ingress that has no load balancer yet, and none that never had one", async () => {
    const ingress = (name: string) => ({ kind: "Ingress", metadata: { namespace: "shop", name, uid: `new-${name}` } });
    const bastion = asking(list(), list(ingress("front"), ingress("nginx")));

    expect(await madeAnew(bastion, ACCESS, BEFORE)).toEqual(["Ingress shop/front, by somebody who does not say"]);
  });

  it("is of the kinds that were deleted, and of no others", async () => {
    const bastion = asking(list(service("uid-2")));

    expect(await madeAnew(bastion, ACCESS, { ingresses: [] })).toEqual([]);
  });

  it("is not known of a cluster that does not answer", async () => {
    expect(await madeAnew(asking(ended({ exitCode: 124 })), ACCESS, BEFORE)).toEqual({
      unreachable: "the cluster's API did not answer within 30 s",
    });
  });
});
