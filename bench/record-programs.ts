import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createHttpsServer } from "node:https";
import { createServer as createTcpServer, type Server, type Socket } from "node:net";
import { hostname, tmpdir, userInfo } from "node:os";
import { dirname, join, resolve } from "node:path";

import { StatusError } from "../rehearsal/cluster/kubernetes-documents";
import { startKubernetes } from "../rehearsal/cluster/kubernetes";
import type { KubernetesState } from "../rehearsal/cluster/kubernetes-state";
import { listen } from "../rehearsal/machine/loopback";
import { neutralEnvironment } from "../rehearsal/machine/neutral-environment";
import { runProgram } from "../terminal/process";
import { terraformPlatform } from "../terraform/platform";

const GOLDEN = resolve(__dirname, "..", "__tests__", "golden", "programs");

/** What a program has said, line by line, so that a difference is one of lines. */
interface Said {
  readonly command: string;
  readonly exitCode: number;
  readonly stdout: readonly string[];
  readonly stderr: readonly string[];
}

/** What is in an output only because of when and where it was made, and what stands there instead. */
const OWN_TO_A_RUN: readonly (readonly [RegExp | string, string])[] = [
  [/\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/g, "00000000-0000-0000-0000-000000000000"],
  [/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)? \+0000 UTC/g, "2026-01-01 00:00:00 +0000 UTC"],
  [/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)/g, "2026-01-01T00:00:00Z"],
  // Whole seconds, of which there may be one more.
  [/("elapsed_seconds":|complete after )\d(?=[,}s])/g, "$10"],
  [/("elapsed_seconds":|complete after |creating\.\.\. \[)1\d(?=[,}s])/g, "$110"],
  // As kubectl's log has day, time and thread, and whoever holds a lock has a number.
  [/^([EWI])\d{4} [\d:.]+ +\d+ /gm, "$10101 00:00:00.000000       1 "],
  [/\b(process|pid) \d+/g, "$1 1"],
  [/(127\.0\.0\.1:)\d+->/g, "$11->"],
  [/\bafter \d+ ms/g, "after 0 ms"],
  [/\b(out after|Operation timed out after) \d+ milliseconds/g, "$1 1000 milliseconds"],
  [/("resourceVersion": ")\d+/g, "$11"],
  [/\bLinux\/\S+/g, "Linux/6.1"],
  [`${userInfo().username}@${hostname()}`, "user@host"],
];

/** A folder to run programs in, and what is written of them. */
class Recorder {
  readonly folder = mkdtempSync(join(tmpdir(), "eks-record-programs-"));
  readonly #servers: Server[] = [];
  readonly #ports: number[] = [];
  readonly #runs: Record<string, Said> = {};

  /** @param versionCommand prints the version, on its first line */
  constructor(
    readonly program: string,
    private readonly versionCommand: string,
    private readonly version: RegExp,
    private readonly environment: NodeJS.ProcessEnv = {},
  ) {}

  /** Writes a file into the folder. @returns its path */
  put(name: string, content: string | object): string {
    const path = join(this.folder, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, typeof content === "string" ? content : JSON.stringify(content), { mode: 0o755 });
    return path;
  }

  /** Runs a shell's command in the folder, and keeps what it says under a name. */
  async record(name: string, command: string, environment: NodeJS.ProcessEnv = {}): Promise<void> {
    const { exitCode, stdout, stderr } = await this.run(command, environment);
    const lines = (text: string) => this.#withoutOwn(text).split("\n");
    this.#runs[name] = {
      command: this.#withoutOwn(command),
      exitCode,
      stdout: lines(stdout),
      stderr: lines(stderr),
    };
  }

  /** What is needed before something can be recorded. @throws when it fails */
  async prepare(command: string): Promise<void> {
    const { exitCode, stdout, stderr } = await this.run(command, {});
    if (exitCode !== 0) throw new Error(`${command} ended with ${String(exitCode)}:\n${stdout}${stderr}`);
  }

  /** Lets a server listen on a port of this machine, whose number stands nowhere in what is written. */
  async serving(server: Server): Promise<number> {
    const port = await listen(server);
    this.#servers.push(server);
    this.hides(port);
    return port;
  }

  hides(port: number): void {
    this.#ports.push(port);
  }

  async write(): Promise<void> {
    const { stdout, stderr } = await this.run(this.versionCommand, {});
    const [, version] = this.version.exec(`${stdout}${stderr}`) ?? [];
    if (version === undefined) throw new Error(`${this.versionCommand} says no version: ${stdout}${stderr}`);
    const text = `${JSON.stringify({ program: this.program, version, runs: this.#runs }, undefined, 2)}\n`;
    for (const own of [this.folder, hostname(), "PRIVATE KEY"])
      if (text.includes(own)) throw new Error(`${this.program} says ${own}, which is of this machine alone`);
    mkdirSync(GOLDEN, { recursive: true });
    writeFileSync(join(GOLDEN, `${this.program}.json`), text);
    console.log(`${this.program} ${version}: ${String(Object.keys(this.#runs).length)} runs`);
  }

  end(): void {
    for (const server of this.#servers) server.close();
    rmSync(this.folder, { recursive: true, force: true });
  }

  async run(command: string, environment: NodeJS.ProcessEnv) {
    const proxies = Object.keys(process.env).filter((name) => /_proxy$/i.test(name));
    const env = {
      ...neutralEnvironment(),
      ...Object.fromEntries(proxies.map((name) => [name, undefined])),
      LC_ALL: "C.UTF-8",
      HOME: this.folder,
      ...this.environment,
      ...environment,
    };
    const child = spawn("/bin/sh", ["-c", command], { cwd: this.folder, env, stdio: ["ignore", "pipe", "pipe"] });
    const [stdout, stderr]: [Buffer[], Buffer[]] = [[], []];
    child.stdout.on("data", (chunk: Buffer) => stdout.push(chunk));
    child.stderr.on("data", (chunk: Buffer) => stderr.push(chunk));
    const [exitCode] = (await once(child, "close")) as [number | null];
    return {
      exitCode: exitCode ?? -1,
      stdout: Buffer.concat(stdout).toString(),
      stderr: Buffer.concat(stderr).toString(),
    };
  }

  #withoutOwn(text: string): string {
    const placed = text.replaceAll(this.folder, "/FOLDER");
    const ported = this.#ports.reduce(
      (soFar, port) => soFar.replaceAll(new RegExp(String.raw`(?<=127\.0\.0\.1[: ])${String(port)}\b`, "g"), "1"),
      placed,
    );
    return OWN_TO_A_RUN.reduce((soFar, [own, instead]) => soFar.replaceAll(own, instead), ported);
  }
}

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

const json = (status: number, body: object, headers: Record<string, string> = {}): Answer => {
  return (_, response) =>
    response.writeHead(status, { "content-type": "application/json", ...headers }).end(JSON.stringify(body));
};

/** Takes the connection, and says nothing. */
const silent = () => {
  const sockets: Socket[] = [];
  const server = createTcpServer((socket) => sockets.push(socket.on("error", () => undefined)));
  return server.on("close", () => {
    for (const socket of sockets) socket.destroy();
  });
};

/** A certificate of this machine that has been out of its time for years, and its key. */
async function expiredCertificate(recorder: Recorder): Promise<{ readonly cert: string; readonly key: string }> {
  const { folder } = recorder;
  recorder.put(
    "expired.cnf",
    `[ca]\ndefault_ca = ca\n[ca]\ndatabase = ${folder}/index.txt\nnew_certs_dir = ${folder}\nserial = ${folder}/serial
default_md = sha256\npolicy = any\nx509_extensions = names\n[any]\ncommonName = supplied
[names]\nsubjectAltName = IP:127.0.0.1\nbasicConstraints = critical, CA:TRUE
[req]\nprompt = no\ndistinguished_name = name\n[name]\nCN = kube-apiserver\n`,
  );
  recorder.put("index.txt", "");
  recorder.put("serial", "01\n");
  const key = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout expired.key";
  await recorder.prepare(`openssl req -config expired.cnf -new ${key} -out expired.csr`);
  const times = "-startdate 20190101000000Z -enddate 20200101000000Z";
  await recorder.prepare(
    `openssl ca -config expired.cnf -batch -selfsign -notext ${times} -keyfile expired.key -in expired.csr -out expired.crt`,
  );
  const read = (name: string) => readFileSync(join(folder, name), "utf8");
  return { cert: read("expired.crt"), key: read("expired.key") };
}

/** Terraform, with nothing but the provider that is built in. */
async function recordTerraform(recorder: Recorder): Promise<void> {
  const { folder } = recorder;
  const value = { default: 1, validation: [{ condition: "${var.size < 5}", error_message: "size must be below 5" }] };
  // Each waits for the one before it: otherwise a second run would say the same in another order.
  const stack = (provisioner: string) => ({
    variable: { size: { type: "number", ...value }, sizes: { type: "map(number)", default: {} } },
    resource: {
      terraform_data: {
        row: { for_each: '${toset(["a b"])}', input: "${var.size}", triggers_replace: "${var.size}" },
        kept: {
          input: "${var.size}",
          depends_on: ["terraform_data.row"],
          provisioner: [{ "local-exec": { command: provisioner } }],
        },
      },
    },
    data: {
      terraform_remote_state: {
        other: { backend: "local", config: { path: "other.tfstate" }, depends_on: ["terraform_data.kept"] },
      },
    },
    output: { size: { value: "${var.size}" } },
  });
  recorder.put("stack/cdk.tf.json", stack("sleep 11"));
  recorder.put("stack/other.tfstate", { version: 4, serial: 1, lineage: "other", outputs: {}, resources: [] });
  const terraform = (args: string, at = "stack") => `terraform -chdir=${at} ${args}`;
  const json = "-input=false -json -parallelism=1";
  await recorder.prepare(terraform("init -input=false -no-color"));
  await recorder.record("version", terraform("version -json"));
  await recorder.record("state list without a state", terraform("state list -no-color"));
  await recorder.record("plan", terraform(`plan ${json} -detailed-exitcode -out=plan`));
  await recorder.record("apply of a plan", terraform(`apply ${json} plan`));
  await recorder.record("apply of a stale plan", terraform(`apply ${json} plan`));
  await recorder.record("apply of no plan", terraform(`apply ${json} gone`));
  await recorder.record("state list", terraform("state list -no-color"));
  await recorder.record("plan of a change", terraform(`plan ${json} -detailed-exitcode -out=change -var size=2`));
  await recorder.record("apply of a change", terraform(`apply ${json} change`));
  await recorder.record("value that a rule refuses", terraform(`plan ${json} -var size=9`));
  recorder.put("stack/own.tfvars", "\n\nsize = {}\n");
  await recorder.record("value of another type in a file", terraform(`plan ${json} -var-file=own.tfvars`));
  await recorder.record("value that is no expression", terraform(`plan ${json} -var 'sizes={a=}'`));
  recorder.put("stack/own.tfvars", "other = 1\n");
  await recorder.record("value of no variable in a file", terraform(`plan ${json} -var-file=own.tfvars`));

  // While a first one waits for something, a second one finds the state locked.
  recorder.put("locked/cdk.tf.json", {
    resource: { terraform_data: { slow: { provisioner: [{ "local-exec": { command: "touch begun; sleep 8" } }] } } },
  });
  await recorder.prepare(terraform("init -input=false -no-color", "locked"));
  const first = recorder.run(terraform("apply -auto-approve", "locked"), {});
  await recorder.prepare("until [ -e locked/begun ]; do sleep 0.1; done");
  await recorder.record("plan of a locked state", terraform(`plan ${json}`, "locked"));
  await first;

  recorder.put("stack/cdk.tf.json", stack("echo no >&2; exit 3"));
  await recorder.prepare(terraform("destroy -auto-approve"));
  await recorder.record("state list of an empty state", terraform("state list -no-color"));
  await recorder.prepare(terraform(`plan ${json} -out=plan`));
  await recorder.record("apply that fails", terraform(`apply ${json} plan`));

  // Providers: what init says where it cannot have one. The mirrors hold files of no content: nothing starts them here.
  const aws = (folderOf: string, host = "registry.terraform.io") => {
    recorder.put(`${folderOf}/cdk.tf.json`, {
      terraform: { required_providers: { aws: { source: "hashicorp/aws", version: ">= 5.0" } } },
    });
    return `${host}/hashicorp/aws`;
  };
  const platform = terraformPlatform();
  const mirror = (version: string) =>
    recorder.put(
      `mirror-${version}/registry.terraform.io/hashicorp/aws/${version}/${platform}/terraform-provider-aws_v${version}`,
      "no provider",
    );
  for (const version of ["5.100.0", "6.1.0"]) {
    mirror(version);
    recorder.put(
      `mirror-${version}.tfrc`,
      `provider_installation {\n  filesystem_mirror {\n    path = "${folder}/mirror-${version}"\n  }\n}\n`,
    );
  }
  recorder.put("empty.tfrc", `provider_installation {\n  filesystem_mirror {\n    path = "${folder}/empty"\n  }\n}\n`);
  mkdirSync(join(folder, "empty"));
  const init = (at: string) => terraform("init -input=false -no-color", at);
  const config = (name: string) => ({ TF_CLI_CONFIG_FILE: join(folder, name) });
  aws("none");
  await recorder.record("init without a way to the registry", init("none"), {
    HTTPS_PROXY: "http://127.0.0.1:1",
    TF_REGISTRY_DISCOVERY_RETRY: "0",
  });
  await recorder.record("init with a mirror that has no such provider", init("none"), config("empty.tfrc"));
  aws("locked-elsewhere");
  await recorder.record("init", init("locked-elsewhere"), config("mirror-5.100.0.tfrc"));
  await recorder.record("lock file", "cat locked-elsewhere/.terraform.lock.hcl");
  await recorder.record(
    "init with a mirror that lacks the locked version",
    `rm -r locked-elsewhere/.terraform; ${init("locked-elsewhere")}`,
    config("mirror-6.1.0.tfrc"),
  );
  await recorder.prepare(
    "sed -i 's/h1:./h1:Z/' locked-elsewhere/.terraform.lock.hcl; rm -rf locked-elsewhere/.terraform",
  );
  await recorder.record(
    "init with checksums of another platform",
    init("locked-elsewhere"),
    config("mirror-5.100.0.tfrc"),
  );
  aws("from-opentofu");
  recorder.put("from-opentofu/terraform.tfstate", {
    ...{ version: 4, terraform_version: "1.10.0", serial: 1, lineage: "opentofu", outputs: {} },
    resources: [
      {
        ...{ mode: "managed", type: "aws_vpc", name: "vpc" },
        provider: 'provider["registry.opentofu.org/hashicorp/aws"]',
        instances: [{ schema_version: 1, attributes: { id: "vpc-1" } }],
      },
    ],
  });
  // What it finds for two providers it says in any order, on standard output.
  const fromOpenTofu = `${init("from-opentofu")} >/dev/null`;
  await recorder.record("init with a state of OpenTofu", fromOpenTofu, config("mirror-5.100.0.tfrc"));
  recorder.put(
    "direct.tfrc",
    `provider_installation {
  filesystem_mirror {
    path    = "${folder}/mirror-5.100.0"
    include = ["registry.terraform.io/*/*"]
  }
  direct {
    exclude = ["registry.terraform.io/*/*"]
  }
}
`,
  );
  await recorder.record("init with a state of OpenTofu, without a way to its registry", fromOpenTofu, {
    ...config("direct.tfrc"),
    HTTPS_PROXY: "http://127.0.0.1:1",
    TF_REGISTRY_DISCOVERY_RETRY: "0",
  });
}

/** kubectl, asking stand-ins on this machine. Where one only passes on what a cluster says, its words are the API's. */
async function recordKubectl(recorder: Recorder): Promise<void> {
  const { folder } = recorder;
  const kubernetes = await startKubernetes({ folder });
  recorder.hides(Number(new URL(kubernetes.endpoint).port));
  const trusted = { "certificate-authority-data": kubernetes.certificateAuthorityData };
  const token = { token: "of nobody" };
  const exec = (command: string, args: readonly string[] = [], version = "v1beta1") => ({
    exec: { apiVersion: `client.authentication.k8s.io/${version}`, command, args, interactiveMode: "Never" },
  });
  const configure = (cluster: object, user: object) =>
    recorder.put("config", {
      ...{ apiVersion: "v1", kind: "Config", "current-context": "demo" },
      clusters: [{ name: "demo", cluster }],
      contexts: [{ name: "demo", context: { cluster: "demo", user: "demo" } }],
      users: [{ name: "demo", user }],
    });
  const kubectl = (args: string, context = "demo") =>
    `kubectl --kubeconfig config --cache-dir /dev/null --request-timeout 20s --context ${context} ${args}`;
  const own = { server: kubernetes.endpoint, ...trusted };
  try {
    kubernetes.state.refuseTokens = true;
    configure(own, token);
    await recorder.record("unauthorized", kubectl("get nodes"));
    await recorder.record("no such context", kubectl("get nodes", "another"));
    configure({ server: kubernetes.endpoint }, token);
    await recorder.record("certificate of another authority", kubectl("get nodes"));
    for (const [name, user] of [
      ["no program for tokens", exec("aws-that-is-not-there")],
      ["program for tokens fails", exec("false")],
      ["program for tokens of an older kubectl", exec("true", [], "v1alpha1")],
      [
        "token of an older program",
        exec("echo", ['{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1alpha1"}']),
      ],
      ["program for tokens has no credentials", exec("aws", ["eks", "get-token", "--cluster-name", "demo"])],
    ] as const) {
      configure(own, user);
      await recorder.record(name, kubectl("get nodes"));
    }
    kubernetes.state.refuseTokens = false;
    // A token as `aws eks get-token` makes it, of which the stand-in checks no signature.
    const stamp = new Date().toISOString().replaceAll(/[-:]|\.\d+/g, "");
    const credential = `AKIAIOSFODNN7EXAMPLE/${stamp.slice(0, 8)}/ap-northeast-2/sts/aws4_request`;
    const url = new URL("https://sts.ap-northeast-2.amazonaws.com/?Action=GetCallerIdentity&Version=2011-06-15");
    for (const [name, value] of Object.entries({
      "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
      "X-Amz-Credential": credential,
      "X-Amz-Date": stamp,
      "X-Amz-Expires": "60",
      "X-Amz-SignedHeaders": "host;x-k8s-aws-id",
      "X-Amz-Signature": "0".repeat(64),
    }))
      url.searchParams.set(name, value);
    configure(own, { token: `k8s-aws-v1.${Buffer.from(url.href).toString("base64url")}` });
    await recorder.record("no such kind of object", kubectl("get ingresses.example.com"));
    await recorder.record("no such object", kubectl("get configmap aws-auth --namespace kube-system"));
    await recorder.record("path that the API has not", kubectl("get --raw /apis/networking.k8s.io/v9"));
    await recordLists(recorder, kubernetes.state, (kinds) => kubectl(`get ${kinds} --output json`));
    kubernetes.state.onDelete = () => new Promise(() => undefined);
    kubernetes.state.setObjects("services", [{ metadata: { name: "cart" }, spec: { type: "LoadBalancer" } }]);
    await recorder.record("object that stays", kubectl("delete service cart --wait=true --timeout=1s"));
  } finally {
    await kubernetes.stop();
  }

  await recorder.record("kubeconfig that is none", "echo 'a: [' > config; " + kubectl("get nodes"));
  await recorder.record("no kubeconfig", "rm config; " + kubectl("get nodes"));
  await recorder.record("no context at all", "kubectl --cache-dir /dev/null get nodes");

  const { cert, key } = await expiredCertificate(recorder);
  const expired = await recorder.serving(createHttpsServer({ cert, key }));
  configure({ server: `https://127.0.0.1:${String(expired)}` }, token);
  await recorder.record("certificate that has expired", kubectl("get nodes"));
  configure({ server: "https://127.0.0.1:1" }, token);
  await recorder.record("refused connection", kubectl("get nodes"));
  const mute = await recorder.serving(silent());
  configure({ server: `https://127.0.0.1:${String(mute)}` }, token);
  await recorder.record("no answer in time", kubectl("get --raw /api/v1/nodes"));

  // What an API server says, and a stand-in without rights and limits does not.
  for (const [name, code, reason, message] of [
    [
      "forbidden",
      403,
      "Forbidden",
      'nodes is forbidden: User "kim" cannot list resource "nodes" in API group "" at the cluster scope',
    ],
    ["not available", 503, "ServiceUnavailable", "the server is currently unable to handle the request"],
  ] as const) {
    const { status } = new StatusError(code, reason, message);
    const port = await recorder.serving(createHttpServer(json(code, status)));
    configure({ server: `http://127.0.0.1:${String(port)}` }, token);
    await recorder.record(name, kubectl("get --raw /api/v1/nodes"));
  }
}

/** What kubectl makes of lists of several kinds; the objects in them are the stand-in's, as far as they are read. */
async function recordLists(recorder: Recorder, state: KubernetesState, get: (kinds: string) => string): Promise<void> {
  const [createdAt, version] = [new Date(), "v1.31.4-eks-aeac579"];
  const node = (number: number) => `ip-172-16-10-${String(number)}.ap-northeast-2.compute.internal`;
  const notReady = { reason: "KubeletNotReady", message: "cni plugin not initialized" };
  state.setNodes([
    { name: node(12), version, createdAt },
    { name: node(13), version, createdAt, notReady },
  ]);
  state.setConfigMap("kube-system", "aws-auth", { mapRoles: "- rolearn: arn:aws:iam::123456789012:role/nodes\n" });
  await recorder.record("nodes and ConfigMaps", get("configmaps,nodes --namespace kube-system"));
  await recorder.record("workloads", get("daemonsets.apps,deployments.apps --all-namespaces"));
  state.setObjects("services", [
    { metadata: { name: "cart", namespace: "shop" }, spec: { type: "LoadBalancer" } },
    { metadata: { name: "kubernetes" }, spec: { type: "ClusterIP" } },
  ]);
  state.setObjects("persistentvolumeclaims", [
    { metadata: { name: "orders", namespace: "shop" }, spec: { volumeName: "pvc-1" } },
  ]);
  const csi = { driver: "ebs.csi.aws.com", volumeHandle: "vol-0123456789abcdef0" };
  state.setObjects("persistentvolumes", [
    { metadata: { name: "pvc-1" }, spec: { csi, persistentVolumeReclaimPolicy: "Delete" } },
  ]);
  const hostname = "k8s-shop-1.ap-northeast-2.elb.amazonaws.com";
  state.setObjects("ingresses", [
    { metadata: { name: "front", namespace: "shop" }, status: { loadBalancer: { ingress: [{ hostname }] } } },
    { metadata: { name: "pending", namespace: "shop" } },
  ]);
  const kinds = "services,persistentvolumeclaims,persistentvolumes";
  await recorder.record("what is in AWS", get(`${kinds} --all-namespaces`));
  await recorder.record("ingresses", get("ingresses --all-namespaces"));
  for (const kind of [...kinds.split(","), "ingresses"]) state.setObjects(kind, []);
  await recorder.record("nothing", get(`${kinds} --all-namespaces`));
}

/** The AWS CLI, with nobody's credentials. Where a server answers, its words are those that AWS' documentation has. */
async function recordAws(recorder: Recorder): Promise<void> {
  const keys = { AWS_ACCESS_KEY_ID: "AKIAIOSFODNN7EXAMPLE", AWS_SECRET_ACCESS_KEY: "none", AWS_MAX_ATTEMPTS: "1" };
  const aws = (args: string) => `aws ${args} --region ap-northeast-2`;
  await recorder.record("version", "aws --version");
  await recorder.record("no credentials", aws("sts get-caller-identity"));
  await recorder.record(
    "configuration of two profiles",
    "aws configure set output json; aws configure set region us-east-1 --profile other; " +
      "aws configure set region us-east-1; aws configure set s3.max_concurrent_requests 20; cat .aws/config",
  );
  const at = (port: number | string) => `--endpoint-url http://127.0.0.1:${String(port)}`;
  const describe = "eks describe-cluster --name x";
  await recorder.record("refused connection", aws(`${describe} ${at(1)}`), keys);
  const mute = await recorder.serving(silent());
  await recorder.record("no answer in time", aws(`${describe} --cli-read-timeout 1 ${at(mute)}`), keys);

  const error = (type: string, message: string) => json(400, { message }, { "x-amzn-errortype": type });
  const xml = (code: string, message: string): Answer => {
    const body = `<Response><Errors><Error><Code>${code}</Code><Message>${message}</Message></Error></Errors></Response>`;
    return (_, response) => response.writeHead(400, { "content-type": "text/xml" }).end(body);
  };
  const sts = (code: string, message: string): Answer => {
    const body = `<ErrorResponse><Error><Code>${code}</Code><Message>${message}</Message></Error></ErrorResponse>`;
    return (_, response) => response.writeHead(403, { "content-type": "text/xml" }).end(body);
  };
  const instances = "ec2 describe-instances";
  const identity = "sts get-caller-identity";
  const user = "User: arn:aws:sts::123456789012:assumed-role/r/i-1 is not authorized to perform: eks:DescribeCluster";
  const early = "Signature not yet current: 20210502T183640Z is still later than 20210502T175140Z";
  const rows: readonly (readonly [string, string, Answer])[] = [
    ["no such cluster", describe, error("ResourceNotFoundException", "No cluster found for name: x.")],
    ["no right to a cluster", describe, error("AccessDeniedException", user)],
    [
      "stale keys",
      describe,
      error("UnrecognizedClientException", "The security token included in the request is invalid."),
    ],
    [
      "clock behind",
      describe,
      error("InvalidSignatureException", "Signature expired: 20210502T144040Z is now earlier"),
    ],
    [
      "no right to instances",
      instances,
      xml("UnauthorizedOperation", "You are not authorized to perform this operation."),
    ],
    ["request too old", instances, xml("RequestExpired", "Request has expired.")],
    ["old session", identity, sts("ExpiredToken", "The security token included in the request is expired")],
    ["clock ahead", identity, sts("SignatureDoesNotMatch", early)],
  ];
  for (const [name, command, answer] of rows) {
    const port = await recorder.serving(createHttpServer(answer));
    await recorder.record(name, aws(`${command} ${at(port)}`), keys);
  }
  const answer = (body: string): Answer => {
    return (_, response) => response.writeHead(200, { "content-type": "text/xml" }).end(body);
  };
  const result = (action: string, body: string) =>
    answer(`<${action}Response><${action}Result>${body}</${action}Result></${action}Response>`);
  const instance = (id: string, state: string) =>
    `<member><InstanceId>${id}</InstanceId><LifecycleState>${state}</LifecycleState></member>`;
  const members = instance("i-0123456789abcdef0", "InService") + instance("i-0aaaaaaaaaaaaaaaa", "Terminating");
  const group = `<AutoScalingGroupName>c-worker</AutoScalingGroupName><MinSize>3</MinSize><Instances>${members}</Instances>`;
  const reserved =
    "<item><instancesSet><item><instanceId>i-0123456789abcdef0</instanceId></item></instancesSet></item>";
  const answers: readonly (readonly [string, string, Answer])[] = [
    [
      "identity",
      `${identity} --query Arn --output text`,
      result("GetCallerIdentity", "<Arn>arn:aws:sts::123456789012:assumed-role/admin/i-1</Arn>"),
    ],
    [
      "Auto Scaling groups",
      "autoscaling describe-auto-scaling-groups --output json --auto-scaling-group-names c-worker",
      result("DescribeAutoScalingGroups", `<AutoScalingGroups><member>${group}</member></AutoScalingGroups>`),
    ],
    [
      "ids of instances",
      `${instances} --output json --query 'Reservations[].Instances[].InstanceId'`,
      answer(`<DescribeInstancesResponse><reservationSet>${reserved}</reservationSet></DescribeInstancesResponse>`),
    ],
    [
      "ids of no instances",
      `${instances} --output json --query 'Reservations[].Instances[].InstanceId'`,
      answer("<DescribeInstancesResponse><reservationSet/></DescribeInstancesResponse>"),
    ],
  ];
  for (const [name, command, said] of answers) {
    const port = await recorder.serving(createHttpServer(said));
    await recorder.record(name, aws(`${command} ${at(port)}`), keys);
  }
  const creating = await recorder.serving(createHttpServer(json(200, { cluster: { name: "x", status: "CREATING" } })));
  const update = "eks update-kubeconfig --name x --kubeconfig none";
  await recorder.record("cluster that is being made", aws(`${update} ${at(creating)}`), keys);
}

/** curl, with the options of a download. */
async function recordCurl(recorder: Recorder): Promise<void> {
  const curl = (url: string, more = "") => `curl -fsSL --connect-timeout 5 --max-time 20 ${more} -o file ${url}`;
  const at = async (server: Server) => `127.0.0.1:${String(await recorder.serving(server))}`;
  const status = (code: number) => createHttpServer((_, response) => response.writeHead(code).end());
  for (const code of [401, 403, 404, 407, 503])
    await recorder.record(`answer ${String(code)}`, curl(`http://${await at(status(code))}/x`));
  await recorder.record("refused connection", curl("http://127.0.0.1:1/x"));
  const empty = createTcpServer((socket) => socket.on("data", () => socket.end()).on("error", () => undefined));
  await recorder.record("no answer", curl(`http://${await at(empty)}/x`));
  const half = createHttpServer((_, response) => {
    response.writeHead(200, { "content-length": "1000" }).write("0123456789", () => response.destroy());
  });
  await recorder.record("end in the midst", curl(`http://${await at(half)}/x`));
  await recorder.record("no TLS", curl(`https://${await at(status(200))}/x`));
  const slow = createHttpServer((_, response) => response.writeHead(200, { "content-length": "9" }).write("0"));
  const url = `http://${await at(slow)}/x`;
  await recorder.record("too slow", curl(url, "--speed-limit 1024 --speed-time 2"));
  await recorder.record("no proxy", curl("http://mirror.example/x", "--proxy http://127.0.0.1:1"));
  const refusing = createHttpServer().on("connect", (_, socket) => {
    socket.end("HTTP/1.1 403 Forbidden\r\n\r\n");
  });
  await recorder.record("proxy that refuses", curl("https://mirror.example/x", `--proxy http://${await at(refusing)}`));
  const expired = await expiredCertificate(recorder);
  const secure = await at(createHttpsServer(expired));
  await recorder.record("certificate of another authority", curl(`https://${secure}/x`));
  await recorder.record("certificate that has expired", curl(`https://${secure}/x`, "--cacert expired.crt"));
  await recorder.record("no authorities", curl(`https://${secure}/x`, "--cacert nowhere"));
  const fine = await at(createHttpServer((_, response) => response.end("0".repeat(100_000))));
  await recorder.record("full disk", curl(`http://${fine}/x`).replace("-o file", "-o /dev/full"));
  await recorder.record("folder in the way", curl(`http://${fine}/x`).replace("-o file", "-o /tmp"));
}

/** apt-get and dpkg, in a root of their own. */
async function recordPackages(aptGet: Recorder): Promise<void> {
  const { folder } = aptGet;
  for (const name of [
    ...["var/lib/dpkg/updates/x", "var/lib/apt/lists/partial/x", "var/cache/apt/archives/partial/x"],
    ...["etc/apt/apt.conf.d/x", "etc/apt/preferences.d/x", "etc/apt/sources.list.d/x"],
  ])
    mkdirSync(dirname(join(folder, name)), { recursive: true });
  aptGet.put("var/lib/dpkg/status", "");
  aptGet.put("etc/apt/sources.list", "");
  const root = `-o Dir=${folder} -o Dir::State::status=${folder}/var/lib/dpkg/status`;
  const install = `apt-get ${root} -q -y install --no-install-recommends unzip`;
  await aptGet.record("no such package", install);
  aptGet.put(
    "held.py",
    "import fcntl,sys,time\nf=open(sys.argv[1],'w')\nfcntl.lockf(f,fcntl.LOCK_EX)\nopen('held','w')\ntime.sleep(6)\n",
  );
  const held = aptGet.run("python3 held.py var/lib/dpkg/lock-frontend", {});
  await aptGet.prepare("until [ -e held ]; do sleep 0.1; done");
  await aptGet.record("lock that is held", install);
  await aptGet.record("lock that is held, says dpkg", `dpkg --admindir=${folder}/var/lib/dpkg --configure -a`);
  await held;
  chmodSync(folder, 0o755);
  const gone = createHttpServer((_, response) => response.writeHead(404).end());
  const port = await aptGet.serving(gone);
  aptGet.put("etc/apt/sources.list", `deb http://127.0.0.1:${String(port)}/gone stable main\n`);
  await aptGet.record("dead source", `apt-get ${root} -q update`);
  aptGet.put("etc/apt/sources.list", "deb [trusted=yes] http://127.0.0.1:1/gone stable main\n");
  await aptGet.record("source out of reach", `apt-get ${root} -q -o Acquire::Retries=0 update`);
}

/** What every Linux has. */
async function recordSystem(recorder: Recorder): Promise<void> {
  recorder.put("file", "");
  mkdirSync(join(recorder.folder, "folder"));
  await recorder.record("mkdir where a file is", "mkdir file");
  await recorder.record("mktemp below a file", "mktemp file/y.XXXXXX");
  await recorder.record("cat of a folder", "cat folder");
  await recorder.record("cp to a full disk", "cp /etc/passwd /dev/full");
  await recorder.record("no such program, says sh", "no-such-program");
  await recorder.record("no such program, says bash", "bash -c no-such-program");
}

/** Info-ZIP's unzip. */
async function recordUnzip(recorder: Recorder): Promise<void> {
  await recorder.prepare("head -c 300000 /dev/zero > zeros; python3 -m zipfile -c a.zip zeros");
  // To unzip a limit of what a file may have is as good as a full disk.
  await recorder.record("full disk", "trap '' XFSZ; ulimit -f 8; unzip -q a.zip -d unpacked");
}

const PROGRAMS: Readonly<Record<string, readonly [() => Recorder, (recorder: Recorder) => Promise<void>]>> = {
  terraform: [
    () =>
      new Recorder("terraform", "terraform version", /^Terraform v(\S+)/m, {
        TF_CLI_CONFIG_FILE: "/dev/null",
        TF_IN_AUTOMATION: "1",
        CHECKPOINT_DISABLE: "1",
      }),
    recordTerraform,
  ],
  kubectl: [
    () => new Recorder("kubectl", "kubectl version --client", /Client Version: v(\d+\.\d+\.\d+)/),
    recordKubectl,
  ],
  aws: [
    () => new Recorder("aws", "aws --version", /^aws-cli\/(\S+)/m, { AWS_EC2_METADATA_DISABLED: "true" }),
    recordAws,
  ],
  curl: [() => new Recorder("curl", "curl --version", /^curl (\S+)/m), recordCurl],
  "apt-get": [() => new Recorder("apt-get", "apt-get --version", /^apt (\S+)/m), recordPackages],
  coreutils: [() => new Recorder("coreutils", "cat --version", /coreutils\) (\S+)/), recordSystem],
  unzip: [() => new Recorder("unzip", "unzip -v", /^UnZip (\S+)/m), recordUnzip],
};

/**
 * `npm run record:programs [-- PROGRAM …]`: lets programs say what readers read, in folders of their own, and asks
 * nobody but servers on this machine. What they say goes into __tests__/golden/programs, with their versions.
 */
async function main(): Promise<void> {
  const asked = process.argv.slice(2);
  const unknown = asked.find((name) => !Object.hasOwn(PROGRAMS, name));
  if (unknown !== undefined)
    throw new Error(
      `say which programs to record, of ${Object.keys(PROGRAMS).join(", ")}, got ${JSON.stringify(unknown)}`,
    );
  for (const [name, [make, record]] of Object.entries(PROGRAMS)) {
    if (asked.length > 0 && !asked.includes(name)) continue;
    const recorder = make();
    try {
      await record(recorder);
      await recorder.write();
    } finally {
      recorder.end();
    }
  }
}

runProgram(main);
