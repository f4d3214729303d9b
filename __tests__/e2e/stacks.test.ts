import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { CreateClusterCommand, EKSClient } from "@aws-sdk/client-eks";
import { parse } from "yaml";

import { mergeAwsAuth } from "../../facts/aws-auth";
import { startEksFront } from "../../rehearsal/account/eks/front";
import { WORKSHOP_ACCOUNT, type Emulator } from "../../rehearsal/account/emulator";
import { startKubernetes, type StandInKubernetes } from "../../rehearsal/cluster/kubernetes";
import type { Proxy } from "../../rehearsal/machine/proxy";
import { describeEndToEnd, emulate, environmentFor, Project, terraformProgram } from "../support/end-to-end";
import { HANDOVER } from "../support/handover";
import { itNeeding } from "../support/needs";
import { flowing, run, type Ended } from "../support/run";
import { synthesizedKubernetes, type SynthesizedKubernetes } from "../support/synthesized";
import { synthesizeInto } from "../support/synthesize";

const ACCOUNT = "arn:aws:iam::123456789012";
const OWN = {
  aws_krug_admin_role: "aws-krug-admin",
  aws_auth_roles: HANDOVER.aws_auth_roles,
  aws_auth_users: HANDOVER.aws_auth_users,
};

/** Real Terraform reads the stack's expressions; a local value stands in for the cluster, which a provider would read. */
describeEndToEnd("the expressions of the stack eks-kubernetes", () => {
  let folder: string;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "eks-test-stacks-"));
    const { variable, locals, resource } = synthesizedKubernetes();
    const inner = (value: unknown) => String(value).replace(/^\$\{([^]*)\}$/, "$1");
    const policies = resource["kubernetes_network_policy_v1"] ?? {};
    const keys = (name: string) => `\${keys(${inner(policies[name]?.["for_each"])})}`;
    const { count, parameters } = resource["kubernetes_storage_class_v1"]?.["storage_class_ebs"] ?? {};
    const output = {
      aws_auth: { value: "${local.aws_auth_data}" },
      ingress: { value: keys("namespaces_default_deny_ingress") },
      egress: { value: keys("namespaces_default_deny_egress") },
      volumes: { value: `\${[for i in range(${inner(count)}) : ${inner(parameters)}]}` },
    };
    const cluster = { arn: "arn:aws:eks:ap-northeast-2:123456789012:cluster/awskrug_gudi_eks" };
    const text = JSON.stringify({ variable, locals: { ...locals, cluster }, output });
    writeFileSync(join(folder, "main.tf.json"), text.replaceAll("data.aws_eks_cluster.cluster", "local.cluster"));
    expect(await terraform("init", "-input=false", "-no-color")).toMatchObject({ code: 0 });
  });

  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  const terraform = (...args: string[]): Promise<Ended> =>
    run(terraformProgram(), args, { cwd: folder, env: environmentFor({ environment: {} }) });
  const given = (values: object) => {
    writeFileSync(join(folder, "terraform.tfvars.json"), JSON.stringify({ ...OWN, ...values }));
  };
  const evaluated = async (values: object) => {
    given(values);
    const applied = await terraform("apply", "-auto-approve", "-input=false", "-no-color");
    expect(applied).toMatchObject({ code: 0 });
    const outputs = JSON.parse((await terraform("output", "-json")).stdout) as Record<string, { value: unknown }>;
    return Object.fromEntries(Object.entries(outputs).map(([name, { value }]) => [name, value]));
  };

  it("render aws-auth as the bootstrap would, so that it finds nothing to do", async () => {
    const { aws_auth: written } = await evaluated({});

    const data = written as Record<string, string>;
    expect(mergeAwsAuth(data, HANDOVER)).toBe(data);
    const meaning = (texts: Readonly<Record<string, string>>) =>
      Object.fromEntries(Object.entries(texts).map(([key, text]) => [key, parse(text) as unknown]));
    expect(meaning(data)).toEqual(meaning(mergeAwsAuth(undefined, HANDOVER)));
  });

  it("map the roles of every node group, and no users when there are none", async () => {
    const { aws_auth: written } = await evaluated({
      aws_auth_users: [],
      node_role_arns: [`${ACCOUNT}:role/nodes`, `${ACCOUNT}:role/a/path/gpu`],
    });

    const { mapRoles = "", ...others } = written as Record<string, string>;
    const arns = (parse(mapRoles) as { rolearn: string }[]).map(({ rolearn }) => rolearn);
    expect(arns).toEqual([`${ACCOUNT}:role/nodes`, `${ACCOUNT}:role/gpu`, `${ACCOUNT}:role/admins`]);
    expect(others).toEqual({});
  });

  it("deny by default what comes in, and what goes out where that is asked for", async () => {
    const { ingress, egress, volumes } = await evaluated({
      namespaces: {
        shop: {},
        open: { default_deny: false, labels: { team: "a" } },
        sealed: { default_deny_egress: true },
      },
    });

    expect({ ingress, egress, volumes }).toEqual({ ingress: ["sealed", "shop"], egress: ["sealed"], volumes: [] });
  });

  it.each([
    [{}, { type: "gp3", encrypted: "true" }],
    [{ kms_key_id: "alias/ebs" }, { type: "gp3", encrypted: "true", kmsKeyId: "alias/ebs" }],
  ])("encrypt volumes with the key of %j", async (storage_class, parameters) => {
    expect(await evaluated({ storage_class })).toMatchObject({ volumes: [parameters] });
  });

  it.each<[object, string]>([
    [{ adopt_aws_auth: true }, "adopt_aws_auth = true needs own_aws_auth = true; set both, or neither."],
    [
      { node_role_arns: [`${ACCOUNT}:instance-profile/nodes`] },
      `node_role_arns must hold ARNs of IAM roles, arn:aws:iam::ACCOUNT:role/NAME, got "${ACCOUNT}:instance-profile/nodes"; an instance profile is given by the role inside it`,
    ],
    [
      { namespaces: { My_Shop: {}, shop: {} } },
      'namespaces must have names of at most 63 lower-case letters, digits and "-", with none of these at either end, got My_Shop (My_Shop).',
    ],
    [
      { namespaces: { default: {}, "kube-system": {} } },
      "namespaces must name new ones, not those that Kubernetes makes itself, got default (default), kube-system (kube-system); leave it out.",
    ],
    [{ namespaces: { shop: null } }, "namespaces must have a value in every row, got shop (null); leave the row out."],
    [
      { storage_class: { reclaim_policy: "Keep" } },
      'storage_class.reclaim_policy must be Delete or Retain, got "Keep".',
    ],
    [{ storage_class: { name: "gp3 fast" } }, "storage_class.name must be a name of at most 63 lower-case letters"],
    [
      { storage_class: { kms_key_id: "ebs" } },
      'storage_class.kms_key_id must be the ARN or the id of a KMS key, got "ebs"; `aws kms list-keys` shows them.',
    ],
  ])("refuse %j", async (values, message) => {
    given(values);

    const { code, output } = await terraform("plan", "-input=false", "-no-color");

    expect(code).toBe(1);
    expect(flowing(output)).toContain(message);
  });
});

const BOTH = { CDKTF_CONTEXT_JSON: '{"kubernetes":"true"}' };

/** Synthesizes and initializes a stack with a provider that not every machine can install. */
async function initialize(project: Project, stack: string, environment: Record<string, string>): Promise<void> {
  const synthesized = await synthesizeInto(project.folder, { ...project.environment, ...environment });
  expect(synthesized).toMatchObject({ code: 0, output: "" });
  expect(await terraformIn(project, stack, "init", "-input=false", "-no-color")).toMatchObject({ code: 0 });
}

function terraformIn(project: Project, stack: string, ...args: string[]): Promise<Ended> {
  const chdir = `-chdir=cdktf.out/stacks/${stack}`;
  return run(terraformProgram(), [chdir, ...args], { cwd: project.folder, env: project.environment });
}

describeEndToEnd("a stack by choice", () => {
  let emulator: Emulator;
  let folder: string;
  let kubernetes: StandInKubernetes;
  let front: Proxy;
  let project: Project;

  /** The cluster, without the stack that makes it. */
  beforeAll(async () => {
    emulator = await emulate();
    folder = mkdtempSync(join(tmpdir(), "eks-test-kubernetes-"));
    kubernetes = await startKubernetes({ folder, version: "v1.32.0" });
    // The emulator's own certificate authorities are no certificates.
    front = await startEksFront(emulator.endpoint, () => kubernetes);
    const credentials = { accessKeyId: "test", secretAccessKey: "test" };
    const client = new EKSClient({ region: WORKSHOP_ACCOUNT.region, endpoint: front.endpoint, credentials });
    const roleArn = `${ACCOUNT}:role/cluster`;
    await client.send(
      new CreateClusterCommand({ name: HANDOVER.cluster_name, roleArn, resourcesVpcConfig: { subnetIds: [] } }),
    );
    client.destroy();
  });
  afterAll(async () => {
    front.stop();
    await kubernetes.stop();
    await emulator.stop();
    rmSync(folder, { recursive: true });
  });
  beforeEach(() => {
    project = new Project({ environment: { ...emulator.environment, AWS_ENDPOINT_URL: front.endpoint } });
  });
  afterEach(() => {
    project.remove();
  });

  /** Where the provider is not to be had, nothing but synth, types and the expressions have been looked at. */
  describe("is planned", () => {
    itNeeding("the provider tls")("eks with a generated SSH identity", async () => {
      await initialize(project, "eks", { CDKTF_CONTEXT_JSON: '{"sshIdentity":"generated"}' });
      const tfvars = project.tfvars('aws_krug_admin_role = "aws-krug-admin"\nkubectl_ssh_cidrs = ["203.0.113.7/32"]\n');

      const { summary, output } = await project.plan(tfvars);

      expect(summary).toBe("Plan: 43 to add, 0 to change, 0 to destroy.");
      expect(output).toMatch(/ssh_private_key\s+= \(sensitive value\)/);
    });

    itNeeding("the provider kubernetes")("eks-kubernetes", async () => {
      await initialize(project, "eks-kubernetes", BOTH);
      const tfvars = project.tfvars(
        'aws_krug_admin_role = "aws-krug-admin"\nown_aws_auth = true\nnamespaces = { shop = {} }\nstorage_class = {}\n',
      );
      const args = ["plan", "-input=false", "-no-color", `-var-file=${tfvars}`];

      const ended = await terraformIn(project, "eks-kubernetes", ...args);

      expect(ended).toMatchObject({ code: 0 });
      expect(ended.output).toContain("Plan: 4 to add, 0 to change, 0 to destroy.");
    });
  });

  it("eks-kubernetes finds the cluster by its name, with the AWS provider alone and resources that stand in", async () => {
    const { backend } = stackIn(project, "eks").terraform;
    await synthesizeInto(project.folder, { ...project.environment, ...BOTH });
    const { data, locals, provider, resource, terraform, variable } = stackIn(project, "eks-kubernetes");
    const { lifecycle } = resource["kubernetes_config_map_v1"]?.["aws_auth_config_map"] as {
      lifecycle: { precondition: object[] };
    };
    const { host, cluster_ca_certificate } = provider["kubernetes"]?.[0] ?? {};
    const { aws } = terraform["required_providers"] as { aws: object };
    const standIns = {
      aws_auth: { input: "${local.aws_auth_data}", lifecycle: { precondition: lifecycle.precondition } },
      access: { input: { host, cluster_ca_certificate } },
    };
    const text = JSON.stringify({
      data,
      locals,
      variable,
      provider: { aws: provider["aws"] },
      resource: { terraform_data: standIns },
      // The set-up has initialized this one.
      terraform: { ...terraform, backend, required_providers: { aws } },
    });
    writeFileSync(join(project.stack, "cdk.tf.json"), text);

    const plan = await project.plan(project.tfvars('aws_krug_admin_role = "aws-krug-admin"\n'));

    const inputs = Object.fromEntries(plan.changes.map(({ address, after }) => [address, after?.["input"]]));
    expect(inputs["terraform_data.access"]).toEqual({
      host: kubernetes.endpoint,
      cluster_ca_certificate: Buffer.from(kubernetes.certificateAuthorityData, "base64").toString(),
    });
    const { mapRoles = "" } = (inputs["terraform_data.aws_auth"] ?? {}) as Record<string, string>;
    expect(parse(mapRoles)).toMatchObject([{ rolearn: `${ACCOUNT}:role/awskrug_gudi_eks_worker_nodes_role` }]);
  });
});
function stackIn(project: Project, stack: string): SynthesizedKubernetes & { readonly data: object } {
  const file = join(project.folder, "cdktf.out", "stacks", stack, "cdk.tf.json");
  return JSON.parse(readFileSync(file, "utf8")) as SynthesizedKubernetes & { readonly data: object };
}
