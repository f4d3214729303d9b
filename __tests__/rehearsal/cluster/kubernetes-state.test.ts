import { findResource, StatusError, type KubernetesObject } from "../../../rehearsal/cluster/kubernetes-documents";
import { KubernetesState } from "../../../rehearsal/cluster/kubernetes-state";
import type { StandInNode } from "../../../rehearsal/cluster/nodes";

const CONFIG_MAPS = findResource("configmaps");
const KEEP = { isDryRun: false, isStrict: false };
const NODE: StandInNode = {
  name: "ip-172-16-10-12.ap-northeast-2.compute.internal",
  version: "v1.31.4-eks-aeac579",
};

function awsAuth(fields: object = { data: { mapRoles: "[]" } }, metadata: object = {}) {
  return { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "aws-auth", ...metadata }, ...fields };
}

/** How the API refuses, or undefined when it does not. */
function refusal(action: () => unknown): Pick<StatusError, "code" | "reason" | "message"> | undefined {
  try {
    action();
    return undefined;
  } catch (error) {
    if (!(error instanceof StatusError)) throw error;
    const { code, reason, message } = error;
    return { code, reason, message };
  }
}

describe("the ConfigMaps of a stand-in Kubernetes API", () => {
  let state: KubernetesState;
  const create = (body: unknown = awsAuth(), options = KEEP) => state.createConfigMap("kube-system", body, options);
  const replace = (body: unknown, options = KEEP) => state.replaceConfigMap("kube-system", "aws-auth", body, options);
  const patch = (body: unknown, options = KEEP) => state.patchConfigMap("kube-system", "aws-auth", body, options);
  const data = () => state.configMap("kube-system", "aws-auth");

  beforeEach(() => {
    state = new KubernetesState();
  });

  it("gives a new one what is the server's to say, whatever the client says", () => {
    const { metadata } = create(awsAuth({}, { labels: { a: "b" }, uid: "mine", creationTimestamp: null }));

    expect(metadata).toEqual({
      name: "aws-auth",
      namespace: "kube-system",
      labels: { a: "b" },
      uid: expect.stringMatching(/^[0-9a-f]{8}-/) as string,
      resourceVersion: state.resourceVersion,
      creationTimestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/) as string,
    });
  });

  it("makes none twice", () => {
    create();

    expect(refusal(create)).toEqual({
      code: 409,
      reason: "AlreadyExists",
      message: 'configmaps "aws-auth" already exists',
    });
  });

  it("replaces one, and counts up", () => {
    const { metadata } = create();

    const replaced = replace(awsAuth({ data: { mapUsers: "[]" } }, metadata));

    expect(data()).toEqual({ mapUsers: "[]" });
    expect(Number(replaced.metadata.resourceVersion)).toBe(Number(metadata.resourceVersion) + 1);
    expect(replaced.metadata).toEqual({ ...metadata, resourceVersion: replaced.metadata.resourceVersion });
  });

  it("makes no new version of what is not changed, in whatever order it is written", () => {
    const { metadata } = create(awsAuth({ data: { a: "1", b: "2" } }));

    expect(replace({ metadata: { name: "aws-auth" }, data: { b: "2", a: "1" } }).metadata).toEqual(metadata);
    expect(state.resourceVersion).toBe(metadata.resourceVersion);
  });

  it.each([
    ["a replacement", (metadata: { resourceVersion: string }) => replace(awsAuth({}, metadata))],
    ["a patch", (metadata: { resourceVersion: string }) => patch({ metadata })],
  ])("refuses %s made up from a version that is not the last", (_, write) => {
    const { resourceVersion } = create().metadata;
    state.setConfigMap("kube-system", "aws-auth", { mapRoles: "somebody else's" });

    expect(refusal(() => write({ resourceVersion }))).toEqual({
      code: 409,
      reason: "Conflict",
      message:
        'Operation cannot be fulfilled on configmaps "aws-auth": the object has been modified; ' +
        "please apply your changes to the latest version and try again",
    });
    expect(data()).toEqual({ mapRoles: "somebody else's" });
  });

  it("refuses a removal made up from a version that is not the last", () => {
    const { resourceVersion } = create().metadata;
    state.setConfigMap("kube-system", "aws-auth", { mapRoles: "somebody else's" });

    expect(refusal(() => state.delete(CONFIG_MAPS, "kube-system", "aws-auth", { resourceVersion }))).toEqual({
      code: 409,
      reason: "Conflict",
      message:
        `Operation cannot be fulfilled on ConfigMap "aws-auth": the ResourceVersion in the precondition (${resourceVersion}) ` +
        `does not match the ResourceVersion in record (${state.resourceVersion}). The object might have been modified`,
    });
    expect(data()).toEqual({ mapRoles: "somebody else's" });
  });

  it("replaces whatever there is when no version is given", () => {
    create();
    state.setConfigMap("kube-system", "aws-auth", { mapRoles: "somebody else's" });

    replace(awsAuth());

    expect(data()).toEqual({ mapRoles: "[]" });
  });

  it("refuses a change of one that was removed and made anew", () => {
    const { uid } = create().metadata;
    state.setConfigMap("kube-system", "aws-auth", undefined);
    create();

    const now = state.get(CONFIG_MAPS, "kube-system", "aws-auth").metadata.uid;
    const about = 'Operation cannot be fulfilled on configmaps "aws-auth": ';
    expect(refusal(() => replace(awsAuth({}, { uid })))).toEqual({
      code: 409,
      reason: "Conflict",
      message:
        `${about}StorageError: invalid object, Code: 4, Key: /registry/configmaps/kube-system/aws-auth, ResourceVersion: 0, ` +
        `AdditionalErrorMsg: Precondition failed: UID in precondition: ${uid}, UID in object meta: ${now}`,
    });
    expect(refusal(() => patch({ metadata: { uid } }))).toEqual({
      code: 422,
      reason: "Invalid",
      message: `ConfigMap "aws-auth" is invalid: metadata.uid: Invalid value: "${uid}": field is immutable`,
    });
    expect(refusal(() => state.delete(CONFIG_MAPS, "kube-system", "aws-auth", { uid }))).toEqual({
      code: 409,
      reason: "Conflict",
      message:
        `${about.replace("configmaps", "ConfigMap")}the UID in the precondition (${uid}) does not match the UID in record ` +
        `(${now}). The object might have been deleted and then recreated`,
    });
  });

  it("merges a patch", () => {
    create(awsAuth({ data: { mapRoles: "[]", mapUsers: "[]" } }));

    patch({ data: { mapRoles: null, mapAccounts: "[]" }, metadata: { annotations: { a: "b" } } });

    expect(data()).toEqual({ mapUsers: "[]", mapAccounts: "[]" });
  });

  it("keeps nothing of a dry run", () => {
    const options = { ...KEEP, isDryRun: true };

    create(awsAuth(), options);
    expect(data()).toBeUndefined();

    create();
    expect(patch({ data: { mapRoles: "x" } }, options)["data"]).toEqual({ mapRoles: "x" });
    state.delete(CONFIG_MAPS, "kube-system", "aws-auth", {}, true);
    expect(data()).toEqual({ mapRoles: "[]" });
  });

  it("drops a field that it does not know, or refuses it when it is asked to", () => {
    const body = awsAuth({ datas: {} });

    expect(refusal(() => create(body, { ...KEEP, isStrict: true }))).toEqual({
      code: 400,
      reason: "BadRequest",
      message:
        'ConfigMap in version "v1" cannot be handled as a ConfigMap: strict decoding error: unknown field "datas"',
    });
    expect(create(body)).not.toHaveProperty("datas");
  });

  it.each([
    ["of another kind", { ...awsAuth(), kind: "Secret" }, { code: 400, reason: "BadRequest" }],
    ["of no kind", "aws-auth", { code: 400, reason: "BadRequest" }],
    ["with a number in it", awsAuth({ data: { mapRoles: 1 } }), { code: 400, reason: "BadRequest" }],
    ["with a text for its data", awsAuth({ data: "mapRoles" }), { code: 400, reason: "BadRequest" }],
    ["with a key that is none", awsAuth({ data: { "map roles": "" } }), { code: 422, reason: "Invalid" }],
    ["without a name", { metadata: {} }, { code: 422, reason: "Invalid" }],
    ["of another namespace", awsAuth({}, { namespace: "default" }), { code: 400, reason: "BadRequest" }],
    ["with a version", awsAuth({}, { resourceVersion: "7" }), { code: 500, reason: "" }],
  ])("makes none %s", (_, body, expected) => {
    expect(refusal(() => create(body))).toMatchObject(expected);
    expect(data()).toBeUndefined();
  });

  it("makes none in a namespace that there is not", () => {
    expect(refusal(() => state.createConfigMap("nowhere", awsAuth(), KEEP))).toEqual({
      code: 404,
      reason: "NotFound",
      message: 'namespaces "nowhere" not found',
    });
  });

  it.each([
    ["replace", () => replace(awsAuth())],
    ["patch", () => patch({})],
    ["remove", () => state.delete(CONFIG_MAPS, "kube-system", "aws-auth")],
  ])("cannot %s one that there is not", (_, write) => {
    expect(refusal(write)).toEqual({ code: 404, reason: "NotFound", message: 'configmaps "aws-auth" not found' });
  });
});

describe("the nodes of a stand-in Kubernetes API", () => {
  const nodesOf = (state: KubernetesState): readonly KubernetesObject[] => state.list(findResource("nodes"));
  const names = (state: KubernetesState) => nodesOf(state).map(({ metadata }) => metadata.name);

  it("join, and leave, as aws-auth says", () => {
    const state = new KubernetesState((data) => (data?.["mapRoles"] === "workers" ? [NODE] : []));
    expect(names(state)).toEqual([]);

    state.setConfigMap("kube-system", "aws-auth", { mapRoles: "workers" });
    expect(names(state)).toEqual([NODE.name]);

    state.setConfigMap("kube-system", "aws-auth", undefined);
    expect(names(state)).toEqual([]);
  });

  it("are the same ones for as long as they are there", () => {
    const state = new KubernetesState(() => [NODE]);
    const [first] = nodesOf(state);

    expect(nodesOf(state)).toEqual([first]);
    state.setNodes([]);
    expect(nodesOf(state)).toEqual([]);
    state.setNodes([NODE]);
    expect(nodesOf(state)[0]?.metadata.uid).not.toBe(first?.metadata.uid);
  });

  it("are a new version of themselves when their kubelet says something else", () => {
    const state = new KubernetesState();
    const message = "container runtime network not ready: cni plugin not initialized";
    state.setNodes([{ ...NODE, notReady: { reason: "KubeletNotReady", message } }]);
    const [before] = nodesOf(state);
    state.setNodes([NODE]);
    const [after] = nodesOf(state);

    expect(before?.["status"]).toMatchObject({
      conditions: [{ type: "Ready", status: "False", reason: "KubeletNotReady", message }],
      addresses: [{ type: "InternalIP", address: "172.16.10.12" }, {}, {}],
    });
    expect(after?.["status"]).toMatchObject({
      conditions: [{ type: "Ready", status: "True", reason: "KubeletReady" }],
    });
    expect(after?.metadata.uid).toBe(before?.metadata.uid);
    expect(Number(after?.metadata.resourceVersion)).toBeGreaterThan(Number(before?.metadata.resourceVersion));
  });

  it("have what their kubelet registered with, and what each has", () => {
    const state = new KubernetesState();
    const taints = [{ key: "gpu", value: "yes", effect: "NoSchedule" }];
    state.setNodes([{ ...NODE, architecture: "arm64", labels: { role: "web", "kubernetes.io/os": "mine" }, taints }]);

    expect(nodesOf(state)).toMatchObject([
      {
        metadata: {
          labels: {
            role: "web",
            "kubernetes.io/arch": "arm64",
            "kubernetes.io/hostname": NODE.name,
            "kubernetes.io/os": "linux",
          },
        },
        spec: { taints },
        status: { nodeInfo: { architecture: "arm64" } },
      },
    ]);
  });

  it("are neither ready nor not when their kubelet is silent", () => {
    const state = new KubernetesState();
    const notReady = { reason: "NodeStatusUnknown", message: "Kubelet stopped posting node status." };
    state.setNodes([{ ...NODE, notReady, createdAt: new Date("2026-11-21T14:00:00.500Z") }]);

    expect(nodesOf(state)).toMatchObject([
      {
        metadata: { creationTimestamp: "2026-11-21T14:00:00Z" },
        status: { conditions: [{ status: "Unknown", ...notReady }] },
      },
    ]);
  });
});

describe("the other objects of a stand-in Kubernetes API", () => {
  const SERVICES = findResource("services");
  const WEB = { metadata: { name: "web", namespace: "shop" }, spec: { type: "LoadBalancer" } };
  let state: KubernetesState;
  const names = (kind: string, namespace?: string) =>
    state.list(findResource(kind), namespace).map(({ metadata }) => `${metadata.namespace ?? ""}/${metadata.name}`);

  beforeEach(() => {
    state = new KubernetesState();
  });

  it("are at first the workloads of a new cluster of EKS", () => {
    expect(names("daemonsets.apps")).toEqual(["kube-system/aws-node", "kube-system/kube-proxy"]);
    expect(names("deployments.apps")).toEqual(["kube-system/coredns"]);
    expect(["services", "ingresses", "persistentvolumeclaims", "persistentvolumes"].flatMap((it) => names(it))).toEqual(
      [],
    );
  });

  // The fields, and which of them are left out at zero, are those of a kube-apiserver and its controllers, 1.34.
  it.each<[string, StandInNode[], object, object]>([
    [
      "no node",
      [],
      { currentNumberScheduled: 0, desiredNumberScheduled: 0, numberMisscheduled: 0, numberReady: 0 },
      { replicas: 2, updatedReplicas: 2, unavailableReplicas: 2 },
    ],
    [
      "two nodes",
      [NODE, { ...NODE, name: "ip-172-16-10-13.ap-northeast-2.compute.internal" }],
      {
        ...{ currentNumberScheduled: 2, desiredNumberScheduled: 2, numberMisscheduled: 0, numberReady: 2 },
        ...{ updatedNumberScheduled: 2, numberAvailable: 2 },
      },
      { replicas: 2, updatedReplicas: 2, readyReplicas: 2, availableReplicas: 2 },
    ],
    [
      "a node that is not ready",
      [{ ...NODE, notReady: { reason: "KubeletNotReady", message: "no network" } }],
      {
        ...{ currentNumberScheduled: 1, desiredNumberScheduled: 1, numberMisscheduled: 0, numberReady: 0 },
        ...{ updatedNumberScheduled: 1, numberUnavailable: 1 },
      },
      { replicas: 2, updatedReplicas: 2, unavailableReplicas: 2 },
    ],
    [
      "a tainted node",
      [{ ...NODE, taints: [{ key: "batch", value: "true", effect: "NoSchedule" }] }],
      {
        ...{ currentNumberScheduled: 1, desiredNumberScheduled: 1, numberMisscheduled: 0, numberReady: 1 },
        ...{ updatedNumberScheduled: 1, numberAvailable: 1 },
      },
      { replicas: 2, updatedReplicas: 2, unavailableReplicas: 2 },
    ],
  ])("have the status that they have on %s", (_, nodes, daemonSet, deployment) => {
    state.setNodes(nodes);
    const statusOf = (kind: string, name: string) => {
      const { observedGeneration, conditions, ...status } = state.get(findResource(kind), "kube-system", name)[
        "status"
      ] as Record<string, unknown>;
      return [status, observedGeneration, conditions];
    };
    const isAvailable = "availableReplicas" in deployment;

    expect(statusOf("daemonsets", "aws-node")).toEqual([daemonSet, 1, undefined]);
    expect(statusOf("daemonsets", "kube-proxy")).toEqual([daemonSet, 1, undefined]);
    expect(statusOf("deployments", "coredns")).toEqual([
      deployment,
      1,
      [expect.objectContaining({ type: "Available", status: isAvailable ? "True" : "False" })],
    ]);
  });

  it("are new versions only when their status changes, and have none of that when somebody else puts them there", () => {
    const deployments = findResource("deployments");
    const versionOf = () => state.get(deployments, "kube-system", "coredns").metadata.resourceVersion;
    const [first, same] = [versionOf(), versionOf()];
    state.setNodes([NODE]);

    expect(same).toBe(first);
    expect(Number(versionOf())).toBeGreaterThan(Number(first));

    state.setObjects("deployments", [{ metadata: { name: "coredns", namespace: "kube-system" } }]);
    expect(state.get(deployments, "kube-system", "coredns")).not.toHaveProperty("status");
  });

  it("are also what an add-on runs, for as long as it is installed", () => {
    const addOn = {
      namespace: "kube-system",
      daemonSet: "ebs-csi-node",
      deployment: { name: "ebs-csi-controller", replicas: 3, tolerations: [] },
    };
    state.setNodes([NODE]);

    state.install(addOn);
    expect(names("daemonsets")).toContain("kube-system/ebs-csi-node");
    expect(state.get(findResource("daemonsets"), "kube-system", "ebs-csi-node")).toMatchObject({
      status: { numberReady: 1 },
    });
    expect(state.get(findResource("deployments"), "kube-system", "ebs-csi-controller")).toMatchObject({
      spec: { replicas: 3 },
      status: { replicas: 3, availableReplicas: 3 },
    });

    state.uninstall(addOn);
    expect(names("daemonsets")).toEqual(["kube-system/aws-node", "kube-system/kube-proxy"]);
    expect(names("deployments")).toEqual(["kube-system/coredns"]);
    expect(() => {
      state.uninstall(addOn);
    }).not.toThrow();
  });

  it("are the same ones when an add-on takes them over, on the nodes that it now tolerates", () => {
    const coreDns = () => state.get(findResource("deployments"), "kube-system", "coredns");
    state.setNodes([{ ...NODE, taints: [{ key: "batch", value: "true", effect: "NoSchedule" }] }]);
    const before = coreDns();

    const tolerations = [{ operator: "Exists" }];
    state.install({ namespace: "kube-system", deployment: { name: "coredns", replicas: 2, tolerations } });

    expect(before["status"]).toMatchObject({ unavailableReplicas: 2 });
    expect(coreDns()["status"]).toMatchObject({ availableReplicas: 2 });
    expect(coreDns().metadata.uid).toBe(before.metadata.uid);
  });

  it("are what was put there, with what a server says of them", () => {
    state.setObjects("services", [WEB, { metadata: { name: "api" } }]);
    state.setObjects("ingresses", [WEB]);

    expect(names("services")).toEqual(["default/api", "shop/web"]);
    expect(names("services", "shop")).toEqual(["shop/web"]);
    expect(state.get(SERVICES, "shop", "web")).toEqual({
      ...WEB,
      apiVersion: "v1",
      kind: "Service",
      metadata: {
        ...WEB.metadata,
        uid: expect.stringMatching(/^[0-9a-f]{8}-/) as string,
        resourceVersion: expect.stringMatching(/^\d+$/) as string,
        creationTimestamp: expect.stringMatching(/Z$/) as string,
      },
    });
    expect(state.list(findResource("ingresses"))).toMatchObject([
      { apiVersion: "networking.k8s.io/v1", kind: "Ingress" },
    ]);
  });

  it("are in no namespace when their kind is in none", () => {
    state.setObjects("persistentvolumes", [{ metadata: { name: "pvc-1", namespace: "shop" } }]);

    expect(names("persistentvolumes")).toEqual(["/pvc-1"]);
  });

  it("are of a custom resource only when somebody has put one there, and the kind stays", () => {
    const kinds = () => state.resources.map(({ name }) => name);
    const before = kinds();
    state.setObjects("nodepools", [{ metadata: { name: "default" } }]);
    state.setObjects("nodepools", []);

    expect(before).not.toContain("nodepools");
    expect(kinds()).toEqual([...before, "nodepools"]);
  });

  it("are new ones, and no others, when they are set again", () => {
    state.setObjects("services", [WEB, { metadata: { name: "api" } }]);
    const before = state.get(SERVICES, "shop", "web").metadata;
    state.setObjects("services", [WEB]);

    expect(names("services")).toEqual(["shop/web"]);
    expect(state.get(SERVICES, "shop", "web").metadata.uid).not.toBe(before.uid);
  });

  it.each([
    ["secrets", "this stand-in has no secrets"],
    ["nodes", "nodes are set with setNodes, not with setObjects"],
  ])("cannot be %s", (kind, message) => {
    expect(() => {
      state.setObjects(kind, []);
    }).toThrow(message);
  });

  it("go when they are deleted, which is told", () => {
    const told: unknown[] = [];
    state.onDelete = (kind, { metadata }) => {
      told.push([kind, metadata.name]);
    };
    state.setObjects("services", [WEB]);

    state.delete(SERVICES, "shop", "web", {}, true);
    expect([names("services"), told]).toEqual([["shop/web"], []]);

    state.delete(SERVICES, "shop", "web");
    expect([names("services"), told]).toEqual([[], [["services", "web"]]]);
    expect(refusal(() => state.delete(SERVICES, "shop", "web"))).toMatchObject({ message: 'services "web" not found' });
  });

  it("stay until what their deletion leads to is done, and when it fails", async () => {
    let end = () => {};
    state.onDelete = () => new Promise((resolve) => (end = resolve));
    state.setObjects("services", [WEB]);
    state.delete(SERVICES, "shop", "web");
    await new Promise(setImmediate);
    expect(names("services")).toEqual(["shop/web"]);
    end();
    await new Promise(setImmediate);
    expect(names("services")).toEqual([]);

    state.onDelete = () => Promise.reject(new Error("AWS refuses"));
    state.setObjects("services", [WEB]);
    state.delete(SERVICES, "shop", "web");
    await new Promise(setImmediate);
    expect(names("services")).toEqual(["shop/web"]);
  });

  it("are named with their group when there is none", () => {
    expect(refusal(() => state.get(findResource("ingresses"), "shop", "web"))).toEqual({
      code: 404,
      reason: "NotFound",
      message: 'ingresses.networking.k8s.io "web" not found',
    });
  });
});
