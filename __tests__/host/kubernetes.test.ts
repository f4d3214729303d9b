import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { get } from "node:https";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { CreateClusterCommand, EKSClient } from "@aws-sdk/client-eks";

import type { Command } from "../../bootstrap/engine/command";
import type { Host } from "../../bootstrap/engine/host";
import { PLAN_AGAIN } from "../../bootstrap/engine/task";
import { awsAuth as awsAuthTask } from "../../bootstrap/tasks/cluster";
import {
  deleteInCluster,
  deleteMachines,
  EMPTY,
  madeAnew,
  readInCluster,
  type InCluster,
} from "../../cli/destroy/in-cluster";
import { readInsideFacts } from "../../cli/doctor/inside-facts";
import { startEksFront } from "../../rehearsal/account/eks/front";
import { neutralEnvironment, type Emulator } from "../../rehearsal/account/emulator";
import { startKubernetes, type StandInKubernetes } from "../../rehearsal/cluster/kubernetes";
import { findResource } from "../../rehearsal/cluster/kubernetes-documents";
import type { StandInNode } from "../../rehearsal/cluster/nodes";
import { findProgram } from "../../terraform/program";
import { startLightPrograms, type LightPrograms } from "../../rehearsal/bastion/light-programs";
import type { Proxy } from "../../rehearsal/machine/proxy";
import { emulate } from "../support/end-to-end";
import { HANDOVER } from "../support/handover";
import { LocalHost } from "../support/local-host";
import { describeOnHost } from "../support/on-host";
import { run, type Ended } from "../support/run";

const NODE_ROLE = "arn:aws:iam::123456789012:role/eks-workers";
const MAP_ROLES = `- rolearn: ${NODE_ROLE}\n`;
const READY: StandInNode = { name: "ip-172-16-10-12.ap-northeast-2.compute.internal", version: "v1.31.4-eks-aeac579" };
const NOT_READY: StandInNode = {
  name: "ip-172-16-20-9.ap-northeast-2.compute.internal",
  version: "v1.31.4-eks-aeac579",
  notReady: { reason: "KubeletNotReady", message: "container runtime network not ready" },
  createdAt: new Date(Date.now() - 3 * 24 * 60 * 60 * 1000),
};

/** What in a cluster has something in the AWS account, by kind. */
const IN_AWS = {
  services: [
    {
      metadata: { name: "cart", namespace: "shop" },
      spec: { type: "LoadBalancer", clusterIP: "10.100.4.7" },
      status: { loadBalancer: { ingress: [{ hostname: "cart-1.ap-northeast-2.elb.amazonaws.com" }] } },
    },
    { metadata: { name: "web" }, spec: { type: "LoadBalancer" } },
    { metadata: { name: "kubernetes" }, spec: { type: "ClusterIP", clusterIP: "10.100.0.1" } },
  ],
  ingresses: [
    {
      metadata: { name: "front", namespace: "shop" },
      status: { loadBalancer: { ingress: [{ hostname: "front-2.ap-northeast-2.elb.amazonaws.com" }] } },
    },
  ],
  gateways: [
    {
      metadata: { name: "edge", namespace: "shop" },
      status: { addresses: [{ type: "Hostname", value: "edge-3.elb.ap-northeast-2.amazonaws.com" }] },
    },
  ],
  nodepools: [
    {
      metadata: { name: "default" },
      spec: { template: { spec: { nodeClassRef: { group: "karpenter.k8s.aws", name: "general" } } } },
    },
  ],
  nodeclaims: [
    { metadata: { name: "default-a" }, status: { providerID: "aws:///ap-northeast-2a/i-0123456789abcdef0" } },
  ],
  ec2nodeclasses: [{ metadata: { name: "general" } }],
  persistentvolumeclaims: [{ metadata: { name: "orders", namespace: "shop" }, spec: { volumeName: "pvc-1" } }],
  persistentvolumes: [
    {
      metadata: { name: "pvc-1" },
      spec: {
        csi: { driver: "ebs.csi.aws.com", volumeHandle: "vol-0123456789abcdef0" },
        persistentVolumeReclaimPolicy: "Delete",
      },
    },
  ],
};
const uid = expect.stringMatching(/^[0-9a-f-]{36}$/) as string;
const FOUND: InCluster = {
  services: [
    { kind: "Service", namespace: "default", name: "web", uid },
    { kind: "Service", namespace: "shop", name: "cart", uid },
  ],
  ingresses: [{ kind: "Ingress", namespace: "shop", name: "front", uid }],
  gateways: [{ kind: "Gateway", namespace: "shop", name: "edge", uid }],
  claims: [{ kind: "PersistentVolumeClaim", namespace: "shop", name: "orders", uid, persistentVolume: "pvc-1" }],
  nodePools: [{ kind: "NodePool", namespace: "", name: "default", uid, nodeClass: "general" }],
  nodeClaims: [{ kind: "NodeClaim", namespace: "", name: "default-a", uid, instanceId: "i-0123456789abcdef0" }],
  volumes: [{ name: "pvc-1", volumeId: "vol-0123456789abcdef0", reclaimPolicy: "Delete" }],
};

/** A ConfigMap aws-auth as somebody writes it. */
function awsAuth(data: Readonly<Record<string, string>>, metadata: object = {}): string {
  const named = { name: "aws-auth", namespace: "kube-system", ...metadata };
  return JSON.stringify({ apiVersion: "v1", kind: "ConfigMap", metadata: named, data });
}

/** The columns of the lines of a table, as far as no column is empty. */
function cells(table: string): string[][] {
  return table
    .trimEnd()
    .split("\n")
    .map((line) => line.split(/ {2,}/).map((cell) => cell.trim()));
}

/** A folder with an `aws` that is the real one, but keeps the token that it once wrote: Python starts slower than kubectl. */
function tokenKeeper(folder: string): string {
  const token = `"${join(folder, "token")}"`;
  const real = `"${findProgram("aws") ?? "aws"}"`;
  mkdirSync(folder);
  writeFileSync(
    join(folder, "aws"),
    `#!/bin/sh
case " $* " in
*" get-token "*) [ -s ${token} ] || ${real} "$@" > ${token}; cat ${token} ;;
*) exec ${real} "$@" ;;
esac
`,
    { mode: 0o755 },
  );
  return folder;
}

/** Real kubectl, with a kubeconfig that the real AWS CLI writes, against the stand-in Kubernetes API. */
describeOnHost("kubectl and the stand-in Kubernetes API", () => {
  let folder: string;
  let emulator: Emulator;
  let front: Proxy;
  let kubernetes: StandInKubernetes;
  let light: LightPrograms;
  let environment: NodeJS.ProcessEnv;

  const kubectl = (...args: string[]): Promise<Ended> => run("kubectl", args, { env: environment, cwd: folder });
  const inKubeSystem = (...args: string[]) => kubectl("--namespace=kube-system", ...args);
  /** Runs kubectl with something on its standard input, the way the bootstrap does: by a shell. */
  const kubectlWith = (input: string, ...args: string[]) =>
    run("sh", ["-c", `printf %s "$INPUT" | kubectl "$@"`, "sh", ...args], {
      env: { ...environment, INPUT: input },
      cwd: folder,
    });
  const data = () => kubernetes.state.configMap("kube-system", "aws-auth");

  /** This machine as if it were the bastion, with that kubectl on it. */
  const bastion = (program: "kubectl" | "stand-in"): Host => ({
    name: "bastion",
    run: async ({ text }: Command) => {
      const path =
        program === "kubectl" ? environment["PATH"] : `${join(folder, "light")}:${environment["PATH"] ?? ""}`;
      const env = { ...environment, PATH: path };
      const { code, output, stdout } = await run("sh", ["-c", text], { env, cwd: folder });
      return { exitCode: code ?? -1, stdout, stderr: output };
    },
  });
  const CONTEXT = "arn:aws:eks:ap-northeast-2:123456789012:cluster/demo";
  const access = () => ({ context: CONTEXT, endpoint: kubernetes.endpoint });

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "eks-test-kubernetes-"));
    emulator = await emulate();
    kubernetes = await startKubernetes({ folder });
    front = await startEksFront(emulator.endpoint, (name) => (name === "demo" ? kubernetes : undefined));
    environment = {
      ...neutralEnvironment(),
      ...emulator.environment,
      AWS_ENDPOINT_URL: front.endpoint,
      HOME: folder,
      KUBECONFIG: join(folder, "config"),
      KUBECACHEDIR: join(folder, "cache"),
      PATH: `${tokenKeeper(join(folder, "bin"))}:${process.env["PATH"] ?? ""}`,
    };
    const region = emulator.environment["AWS_REGION"] ?? "";
    const credentials = { accessKeyId: "testing", secretAccessKey: "testing" };
    const eks = new EKSClient({ endpoint: front.endpoint, region, credentials });
    for (const name of ["demo", "other"]) {
      const roleArn = "arn:aws:iam::123456789012:role/eks-cluster";
      await eks.send(new CreateClusterCommand({ name, roleArn, resourcesVpcConfig: { subnetIds: ["a", "b"] } }));
    }
    eks.destroy();
    for (const file of ["config", ".kube/config"]) {
      const into = ["--name", "demo", "--kubeconfig", join(folder, file), "--alias", CONTEXT];
      const updated = await run("aws", ["eks", "update-kubeconfig", ...into], { env: environment });
      expect(updated).toMatchObject({ code: 0 });
    }
    light = await startLightPrograms(() => kubernetes, "123456789012");
    mkdirSync(join(folder, "light"));
    writeFileSync(join(folder, "light/kubectl"), light.kubectl, { mode: 0o755 });
  });

  afterAll(async () => {
    light.stop();
    front.stop();
    await kubernetes.stop();
    await emulator.stop();
    rmSync(folder, { recursive: true });
  });

  beforeEach(() => {
    kubernetes.state.refuseTokens = false;
    kubernetes.state.setNodes([]);
    kubernetes.state.setConfigMap("kube-system", "aws-auth", undefined);
    kubernetes.state.onDelete = () => undefined;
    for (const { name } of kubernetes.state.resources) if (name in IN_AWS) kubernetes.state.setObjects(name, []);
  });

  it("is where the AWS CLI's kubeconfig leads to, for the cluster that it stands for", async () => {
    const kubeconfig = readFileSync(join(folder, "config"), "utf8");
    expect(kubeconfig).toContain(`server: ${kubernetes.endpoint}\n`);
    expect(kubeconfig).toContain(`certificate-authority-data: ${kubernetes.certificateAuthorityData}\n`);

    const query = ["--query", "cluster.endpoint", "--output", "text"];
    const other = await run("aws", ["eks", "describe-cluster", "--name", "other", ...query], { env: environment });
    expect(other.stdout).toMatch(/^https:\/\/.*\.eks\.amazonaws\.com\/?\n$/);
  });

  it("leaves no key on the disk", () => {
    expect(readdirSync(folder).filter((name) => name.startsWith("certificates-"))).toEqual([]);
  });

  it("tells its version", async () => {
    const { code, stdout } = await kubectl("version", "--output=json");

    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      serverVersion: { major: "1", minor: "31", gitVersion: "v1.31.4-eks-2d5f260" },
    });
  });

  it("has no nodes until aws-auth maps their role", async () => {
    kubernetes.state.nodesJoinWhen = (map) => (map?.["mapRoles"]?.includes(NODE_ROLE) === true ? [READY] : []);
    expect(await kubectl("get", "nodes")).toMatchObject({ code: 0, output: "No resources found\n" });

    expect(await kubectlWith(awsAuth({ mapRoles: MAP_ROLES }), "create", "-f", "-")).toMatchObject({ code: 0 });

    expect((await kubectl("get", "nodes", "--output=name")).stdout).toBe(`node/${READY.name}\n`);
  });

  it("shows its nodes in kubectl's columns", async () => {
    kubernetes.state.setNodes([NOT_READY, READY]);

    const shown = await kubectl("get", "nodes");
    expect(cells(shown.stdout)).toEqual([
      ["NAME", "STATUS", "ROLES", "AGE", "VERSION"],
      [READY.name, "Ready", "<none>", expect.stringMatching(/^\d+s$/), READY.version],
      [NOT_READY.name, "NotReady", "<none>", "3d", NOT_READY.version],
    ]);
    expect(shown.output).toBe(shown.stdout);

    const wide = await kubectl("get", "nodes", "--output=wide");
    expect(cells(wide.stdout)[0]).toEqual([
      ...["NAME", "STATUS", "ROLES", "AGE", "VERSION"],
      ...["INTERNAL-IP", "EXTERNAL-IP", "OS-IMAGE", "KERNEL-VERSION", "CONTAINER-RUNTIME"],
    ]);
  });

  it("lists ConfigMaps and nodes at once, as JSON", async () => {
    kubernetes.state.setNodes([NOT_READY]);
    kubernetes.state.setConfigMap("kube-system", "aws-auth", { mapRoles: MAP_ROLES });
    kubernetes.state.setConfigMap("default", "another", {});

    const { stdout } = await inKubeSystem("get", "configmaps,nodes", "--output=json");

    expect(JSON.parse(stdout)).toMatchObject({
      kind: "List",
      items: [
        { kind: "ConfigMap", metadata: { name: "aws-auth" }, data: { mapRoles: MAP_ROLES } },
        {
          kind: "Node",
          metadata: { name: NOT_READY.name },
          status: { conditions: [{ type: "Ready", status: "False", ...NOT_READY.notReady }] },
        },
      ],
    });
  });

  it("tells whoever waits for nodes when they are ready", async () => {
    kubernetes.state.setNodes([READY, NOT_READY]);
    const before = kubernetes.requests.length;
    const waiting = kubectl("wait", "--for=condition=Ready", "nodes", "--all", "--timeout=60s");
    while (!kubernetes.requests.slice(before).some(({ path }) => path.includes("watch=true"))) {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    const { name, version } = NOT_READY;
    kubernetes.state.setNodes([READY, { name, version }]);

    expect((await waiting).output).toBe([READY, NOT_READY].map((node) => `node/${node.name} condition met\n`).join(""));
  });

  it("has no aws-auth, without that being a failure when it is asked not to be", async () => {
    const asked = ["get", "configmap", "aws-auth", "--output=json"];

    expect(await inKubeSystem(...asked, "--ignore-not-found")).toMatchObject({ code: 0, output: "" });
    expect(await inKubeSystem(...asked)).toMatchObject({
      code: 1,
      output: 'Error from server (NotFound): configmaps "aws-auth" not found\n',
    });
  });

  it("makes a ConfigMap, once", async () => {
    const created = await kubectlWith(awsAuth({ mapRoles: MAP_ROLES }), "create", "-f", "-");
    expect(created).toMatchObject({ code: 0, output: "configmap/aws-auth created\n" });
    expect(data()).toEqual({ mapRoles: MAP_ROLES });

    const again = await kubectlWith(awsAuth({ mapRoles: "" }), "create", "-f", "-");
    expect(again.output).toMatch(/^Error from server \(AlreadyExists\): .*configmaps "aws-auth" already exists\n$/);
    expect(data()).toEqual({ mapRoles: MAP_ROLES });
  });

  it("replaces a ConfigMap, but not with what was made up from another version", async () => {
    kubernetes.state.setConfigMap("kube-system", "aws-auth", { mapRoles: MAP_ROLES });
    const { stdout } = await inKubeSystem("get", "configmap", "aws-auth", "--output=json");
    const { metadata } = JSON.parse(stdout) as { metadata: object };

    const replaced = await kubectlWith(awsAuth({ mapUsers: "[]" }, metadata), "replace", "-f", "-");
    expect(replaced).toMatchObject({ code: 0, output: "configmap/aws-auth replaced\n" });
    expect(data()).toEqual({ mapUsers: "[]" });

    const stale = await kubectlWith(awsAuth({}, metadata), "replace", "-f", "-");
    expect(stale.code).toBe(1);
    expect(stale.output).toMatch(/^Error from server \(Conflict\): .* the object has been modified; please apply/);
    expect(data()).toEqual({ mapUsers: "[]" });
  });

  it("takes nothing that the bootstrap wrote away with somebody's next apply, but the key that is in their file", async () => {
    const host = new LocalHost(environment as Record<string, string>);
    const apply = () => kubectlWith(awsAuth({ mapRoles: "[]" }), "apply", "-f", "-");
    const kim = { userarn: "arn:aws:iam::123456789012:user/김", username: "kim", groups: ["view"] };
    const wanted = { node_role_arn: NODE_ROLE, aws_auth_users: [kim] };
    const task = awsAuthTask({ context: CONTEXT, hasAwsAuth: true }, wanted, "1.19.16");
    const read = async () => task.current.parse(await host.run(task.current.command));
    expect((await apply()).code).toBe(0);

    const before = await read();
    const { commands: [patch] = [], warnings } = task.change(before) ?? {};
    const results = [await host.run(patch ?? { text: "" }), await host.run(patch ?? { text: "" })];

    expect(results.map(({ exitCode }) => exitCode)).toEqual([0, PLAN_AGAIN]);
    expect(results[1]?.stderr).toBe(
      'Error from server (Conflict): Operation cannot be fulfilled on configmaps "aws-auth": the object has been ' +
        "modified; please apply your changes to the latest version and try again\n",
    );
    expect(task.change(await read())).toBeUndefined();
    expect(warnings).toEqual([expect.stringMatching(/^mapRoles is also in a file/)]);
    const written = data();
    expect(written?.["mapUsers"]).toContain(kim.userarn);
    expect((await apply()).output).toBe("configmap/aws-auth configured\n");
    expect(data()).toEqual({ ...written, mapRoles: "[]" });
  });

  it("patches more than an argument of a program holds", async () => {
    const host = new LocalHost(environment as Record<string, string>);
    kubernetes.state.setConfigMap("kube-system", "aws-auth", { mapUsers: "[]" });
    const arns = Array.from({ length: 1000 }, (_, at) => `${NODE_ROLE}-${String(at)}`);
    const wanted = { node_role_arn: `${NODE_ROLE}-0`, node_role_arns: arns };
    const task = awsAuthTask({ context: CONTEXT, hasAwsAuth: true }, wanted, "1.20.15");
    const read = async () => task.current.parse(await host.run(task.current.command));

    const [patch] = task.change(await read())?.commands ?? [];

    expect(patch?.input?.length).toBeGreaterThan(128 * 1024);
    expect(await host.run(patch ?? { text: "" })).toMatchObject({ exitCode: 0, stderr: "" });
    expect(task.change(await read())).toBeUndefined();
  });

  it("patches, applies and removes a ConfigMap", async () => {
    const apply = (roles: string, ...args: string[]) =>
      kubectlWith(awsAuth({ mapRoles: roles }), "apply", "-f", "-", ...args);

    expect((await apply("[]")).output).toBe("configmap/aws-auth created\n");
    await inKubeSystem("patch", "configmap", "aws-auth", "--type=merge", '--patch={"data":{"mapUsers":"[]"}}');
    await inKubeSystem("patch", "configmap", "aws-auth", '--patch={"data":{"mapAccounts":"[]"}}');
    expect(data()).toEqual({ mapRoles: "[]", mapUsers: "[]", mapAccounts: "[]" });

    expect((await apply(MAP_ROLES, "--dry-run=server")).output).toBe(
      "configmap/aws-auth configured (server dry run)\n",
    );
    expect(data()).toMatchObject({ mapRoles: "[]" });
    expect((await apply(MAP_ROLES)).output).toBe("configmap/aws-auth configured\n");
    expect((await apply(MAP_ROLES)).output).toBe("configmap/aws-auth unchanged\n");
    expect(data()).toEqual({ mapRoles: MAP_ROLES, mapUsers: "[]", mapAccounts: "[]" });

    expect(await inKubeSystem("delete", "configmap", "aws-auth")).toMatchObject({ code: 0 });
    expect(data()).toBeUndefined();
  });

  it("refuses a field that is misspelt", async () => {
    const misspelt = awsAuth({}).replace('"data"', '"datas"');

    const { code, output } = await kubectlWith(misspelt, "create", "-f", "-");

    expect(code).toBe(1);
    expect(output).toContain('strict decoding error: unknown field "datas"');
  });

  it.each([
    ["a label selector", ["get", "nodes", "--selector=a=b"], "this stand-in does not know label selectors"],
    ["a change of a node", ["label", "node", READY.name, "a=b"], "the server does not allow this method"],
  ])("refuses %s, which it does not know", async (_, args, message) => {
    kubernetes.state.setNodes([READY]);

    const { code, output } = await kubectl(...args);

    expect(code).toBe(1);
    expect(output).toContain(message);
  });

  it.each(["kubectl", "stand-in"] as const)(
    "has nothing in AWS at first, and its workloads, says the %s",
    async (it) => {
      expect(await readInCluster(bastion(it), access())).toEqual(EMPTY);

      const { workloads } = await readInsideFacts(bastion(it), HANDOVER, { context: CONTEXT });
      expect(workloads).toMatchObject({
        ok: ["aws-node", "kube-proxy", "coredns"].map((name) => ({ namespace: "kube-system", name })),
      });
    },
  );

  it.each(["kubectl", "stand-in"] as const)("tells what it has in AWS, and deletes it, with the %s", async (it) => {
    const told: string[] = [];
    kubernetes.state.onDelete = (kind, { metadata }) => {
      told.push(`${kind} ${metadata.namespace ?? ""}/${metadata.name}`);
    };
    for (const [kind, objects] of Object.entries(IN_AWS)) kubernetes.state.setObjects(kind, objects);
    expect(await readInCluster(bastion(it), access())).toEqual(FOUND);

    // What is gone already is no failure.
    const gone = { ...FOUND, services: [...FOUND.services, { kind: "Service", namespace: "shop", name: "till", uid }] };
    const { signal } = new AbortController();
    expect(await deleteInCluster(bastion(it), access(), gone, signal)).toEqual([]);
    expect(await deleteMachines(bastion(it), access(), FOUND.nodePools, signal)).toEqual([]);

    expect(told.sort()).toEqual([
      "ec2nodeclasses /general",
      "gateways shop/edge",
      "ingresses shop/front",
      "nodeclaims /default-a",
      "nodepools /default",
      "persistentvolumeclaims shop/orders",
      "services default/web",
      "services shop/cart",
    ]);
    expect(await readInCluster(bastion(it), access())).toEqual({ ...EMPTY, volumes: FOUND.volumes });
    expect(kubernetes.state.list(findResource("services"))).toMatchObject([{ metadata: { name: "kubernetes" } }]);
  });

  it("tells what was made anew, and by whom", async () => {
    const cart = (manager: string) => ({
      metadata: { name: "cart", namespace: "shop", managedFields: [{ manager }] },
      spec: { type: "LoadBalancer" },
    });
    kubernetes.state.setObjects("services", [cart("kubectl")]);
    const read = await readInCluster(bastion("kubectl"), access());
    const before = { services: "services" in read ? read.services : [] };

    const same = await madeAnew(bastion("kubectl"), access(), before);
    kubernetes.state.setObjects("services", [cart("shop-operator")]);
    const anew = await madeAnew(bastion("kubectl"), access(), before);

    expect([same, anew]).toEqual([[], ["Service shop/cart, by what calls itself shop-operator"]]);
  });

  it("reads and deletes nothing at another cluster, wherever the context leads", async () => {
    for (const [kind, objects] of Object.entries(IN_AWS)) kubernetes.state.setObjects(kind, objects);
    const deleted: string[] = [];
    kubernetes.state.onDelete = (_, { metadata: { name } }) => void deleted.push(name);
    // The cluster that is to go has this endpoint, where nothing listens; the context leads to one that runs.
    const ours = { context: CONTEXT, endpoint: "https://127.0.0.1:9" };

    const found = await readInCluster(bastion("kubectl"), ours);
    const failures = await deleteInCluster(bastion("kubectl"), ours, FOUND, new AbortController().signal);

    expect(found).toEqual({ unreachable: expect.stringContaining("127.0.0.1:9") as string });
    expect(failures).toHaveLength(1);
    expect(deleted).toEqual([]);
  });

  it("lets kubectl wait until what a deletion leads to is done", async () => {
    kubernetes.state.setObjects("services", IN_AWS.services);
    let end = () => {};
    kubernetes.state.onDelete = () => new Promise((resolve) => (end = resolve));
    const remove = ["delete", "services", "web", "--namespace=default", "--wait=true"];

    const early = await kubectl(...remove, "--timeout=1s");
    expect(early).toMatchObject({
      code: 1,
      output: expect.stringContaining("timed out waiting for the condition") as string,
    });

    const before = kubernetes.requests.length;
    const waiting = kubectl(...remove, "--timeout=60s");
    while (!kubernetes.requests.slice(before).some(({ path }) => path.includes("watch=true"))) {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    end();
    expect(await waiting).toMatchObject({ code: 0, output: 'service "web" deleted\n' });
  });

  it("shows its other objects in columns", async () => {
    for (const [kind, objects] of Object.entries(IN_AWS)) kubernetes.state.setObjects(kind, objects);

    const shown = await kubectl("get", "svc,ing,pvc,pv,ds,deploy", "--all-namespaces", "--no-headers");
    const AGE = expect.stringMatching(/^[\dms]+$/) as string;
    const [CART, FRONT] = ["cart-1", "front-2"].map((name) => `${name}.ap-northeast-2.elb.amazonaws.com`);
    expect(cells(shown.stdout)).toEqual([
      ["default", "service/kubernetes", "ClusterIP", "10.100.0.1", "<none>", AGE],
      ["default", "service/web", "LoadBalancer", "<none>", "<none>", AGE],
      ["shop", "service/cart", "LoadBalancer", "10.100.4.7", CART, AGE],
      ["shop", "ingress.networking.k8s.io/front", "<none>", "<none>", FRONT, AGE],
      ["shop", "persistentvolumeclaim/orders", "<none>", "pvc-1", "<none>", AGE],
      ["", "persistentvolume/pvc-1", "Delete", "<none>", "<none>", AGE],
      ["kube-system", "daemonset.apps/aws-node", "0", "0", "0", "0", "0", "<none>", AGE],
      ["kube-system", "daemonset.apps/kube-proxy", "0", "0", "0", "0", "0", "<none>", AGE],
      ["kube-system", "deployment.apps/coredns", "0/2", "2", "0", AGE],
    ]);
    expect(shown.output).toBe(shown.stdout);
  });

  it("lets nobody in whom the cluster does not know", async () => {
    kubernetes.state.refuseTokens = true;

    const { code, output } = await kubectl("get", "nodes");

    expect(code).toBe(1);
    expect(output).toContain("You must be logged in to the server");
    expect(kubernetes.requests.at(-1)).toMatchObject({ method: "GET", refused: "every token is refused here now" });
  });

  it("lets nobody in without a token", async () => {
    const ca = Buffer.from(kubernetes.certificateAuthorityData, "base64");
    const response = await new Promise<{ status: number | undefined; body: string }>((resolve, reject) => {
      get(`${kubernetes.endpoint.replace("127.0.0.1", "localhost")}/version`, { ca, family: 4 }, (answer) => {
        let body = "";
        answer.on("data", (chunk: Buffer) => (body += chunk.toString()));
        answer.on("end", () => {
          resolve({ status: answer.statusCode, body });
        });
      }).once("error", reject);
    });

    expect(response.status).toBe(401);
    expect(JSON.parse(response.body)).toEqual({
      kind: "Status",
      apiVersion: "v1",
      metadata: {},
      status: "Failure",
      message: "Unauthorized",
      reason: "Unauthorized",
      code: 401,
    });
    expect(kubernetes.requests.at(-1)).toEqual({
      method: "GET",
      path: "/version",
      refused: "there is no bearer token",
    });
  });

  it("is trusted by nobody who was not given its authority", async () => {
    const bare = { ...environment, KUBECONFIG: join(folder, "none") };
    const { code, output } = await run("kubectl", ["--server", kubernetes.endpoint, "--token=x", "get", "nodes"], {
      env: bare,
      cwd: folder,
    });

    expect(code).toBe(1);
    expect(output).toContain("certificate signed by unknown authority");
  });

  it.each(["kubectl", "stand-in"] as const)("says how many pods of a workload are ready, with the %s", async (it) => {
    const metadata = (name: string) => ({ name, namespace: "shop" });
    // A controller writes every count of a DaemonSet, and of a Deployment none that is 0.
    kubernetes.state.setObjects("daemonsets", [
      { metadata: metadata("agent"), status: { desiredNumberScheduled: 3, currentNumberScheduled: 3, numberReady: 0 } },
    ]);
    kubernetes.state.setObjects("deployments", [
      { metadata: metadata("down"), spec: { replicas: 2 }, status: { replicas: 2, unavailableReplicas: 2 } },
      {
        metadata: metadata("up"),
        spec: { replicas: 2 },
        status: { replicas: 2, readyReplicas: 2, availableReplicas: 1 },
      },
      { metadata: metadata("off"), spec: { replicas: 0 }, status: {} },
    ]);

    const { workloads } = await readInsideFacts(bastion(it), HANDOVER, { context: CONTEXT });

    const counts = (kind: string, name: string, wanted: number, ready: number) => ({
      ...{ kind, namespace: "shop", name, wanted, ready },
    });
    expect("ok" in workloads && workloads.ok.filter(({ namespace }) => namespace === "shop")).toEqual([
      counts("DaemonSet", "agent", 3, 0),
      counts("Deployment", "down", 2, 0),
      counts("Deployment", "off", 0, 0),
      counts("Deployment", "up", 2, 1),
    ]);
  });
});
