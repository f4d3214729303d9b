import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import type { CommandResult, Host } from "../../bootstrap/engine/host";
import { kindOf } from "../../cli/doctor/account-facts";
import { NoAnswer, settled } from "../../cli/doctor/fact";
import { apiProblem, notInside, readInsideFacts } from "../../cli/doctor/inside-facts";
import { stackInputs, subnetsOf } from "../../cli/stack-inputs";
import { readState } from "../../terraform/state";
import { HANDOVER } from "../support/handover";
import { recordedState, said } from "../support/recorded";
import { synthesized } from "../support/synthesized";

/** A question about a role that fails, as AWS' clients say so. */
function failing(name: string, message = "a message", code?: string) {
  const asked = "iam:GetRole";
  return Promise.reject<string>(
    Object.assign(new Error(message), { name, asked, ...(code !== undefined && { code }) }),
  );
}

async function answerTo(question: Promise<unknown>) {
  return (await settled({ question })).question;
}

describe("asking", () => {
  it("gives every answer by its question's name", async () => {
    expect(await settled({ one: Promise.resolve(1), two: 2 })).toEqual({ one: { ok: 1 }, two: { ok: 2 } });
  });

  it.each([
    ["CredentialsProviderError", "none", "there are no AWS credentials (none)", ["credentials"]],
    ["ExpiredTokenException", "", "the AWS credentials have expired", ["credentials"]],
    ["InvalidClientTokenId", "", "AWS does not take the credentials (InvalidClientTokenId)", ["credentials"]],
    ...["RequestExpired", "RequestTimeTooSkewed"].map((name): [string, string, string, string[]] => [
      ...([name, "late", "this machine's clock is wrong, AWS says (late)"] as const),
      ["own-clock"],
    ]),
    [
      "SignatureDoesNotMatch",
      "Signature not yet current: 20261130T060000Z is still later than 20261130T051500Z",
      "this machine's clock is wrong, AWS says (Signature not yet current: 20261130T060000Z is still later than " +
        "20261130T051500Z)",
      ["own-clock"],
    ],
    [
      "InvalidSignatureException",
      "Signature expired: 20261130T050000Z is now earlier than 20261130T055500Z",
      "this machine's clock is wrong, AWS says (Signature expired: 20261130T050000Z is now earlier than 20261130T055500Z)",
      ["own-clock"],
    ],
    ["AccessDeniedException", "not you", "the credentials do not allow iam:GetRole", undefined],
    ["UnauthorizedOperation", "not you", "the credentials do not allow iam:GetRole", undefined],
    ["Throttling", "slow down", "iam:GetRole failed: slow down", undefined],
    ["InternalFailure", "UnknownError", "iam:GetRole failed: InternalFailure", undefined],
    ["TimeoutError", "timed out", "AWS cannot be reached (timed out)", ["aws-unreachable"]],
  ])("fails with %s in words", async (name, message, unknown, follows) => {
    expect(await answerTo(failing(name, message))).toEqual({ unknown, ...(follows && { follows }) });
  });

  it.each(["ECONNREFUSED", "ENOTFOUND", "ETIMEDOUT", "SELF_SIGNED_CERT_IN_CHAIN", "UNABLE_TO_VERIFY_LEAF_SIGNATURE"])(
    "knows %s for a way to AWS that is not there",
    async (code) => {
      const fact = await answerTo(failing("Error", "", code));

      expect(fact).toEqual({ unknown: `AWS cannot be reached (${code})`, follows: ["aws-unreachable"] });
    },
  );

  it("knows it in a message, too", async () => {
    const fact = await answerTo(failing("Error", "connect ECONNREFUSED 127.0.0.1:443"));

    expect(fact).toMatchObject({ follows: ["aws-unreachable"] });
  });

  it("says that an answer is none of AWS'", async () => {
    const fact = await answerTo(failing("SyntaxError", "'<' is not valid JSON"));

    expect("unknown" in fact && fact.unknown).toMatch(/^iam:GetRole got an answer that is none of AWS'/);
  });

  it("takes the reason of a question that knows why it has no answer", async () => {
    const why = { unknown: "nobody looked", follows: ["bastion"] };

    expect(await answerTo(Promise.reject(new NoAnswer(why)))).toEqual(why);
  });
});

describe("the inputs of a stack", () => {
  it("have the defaults of the stack's variables", () => {
    const { variable } = synthesized();
    const defaults = Object.entries(variable).flatMap(([name, { default: value }]) =>
      value === undefined || value === null ? [] : [[name, value]],
    );
    const minimal = { aws_krug_admin_role: "admin" };

    expect(stackInputs(minimal)).toEqual(stackInputs({ ...minimal, ...(Object.fromEntries(defaults) as object) }));
  });

  it("name things after the project when they are given no name", () => {
    const inputs = stackInputs({ aws_krug_admin_role: "admin", project_name: "team", eks_cluster_name: null });

    expect(inputs).toMatchObject({ clusterName: "team_eks", nodeRoleName: "team_eks_worker_nodes_role" });
  });

  it("have the workshop's group, of the family and from what the tfvars say", () => {
    const { groups } = stackInputs({
      aws_krug_admin_role: "admin",
      eks_worker_node_ami_family: "al2023",
      eks_worker_node_launch: "template",
      eks_worker_node_ec2_type: "m5.large",
      eks_worker_nodes_asg_group: { min: 1, max: 9, desire: "3" },
    });

    expect(groups).toMatchObject([
      {
        key: "worker",
        names: ["awskrug_gudi_eks-worker"],
        family: "al2023",
        instanceTypes: ["m5.large"],
        size: { min: 1, max: 9, desired: 3 },
        onDemand: 3,
        launchedFrom: "launch template",
      },
    ]);
  });

  it("have the rows of node_groups instead, with the defaults of their type", () => {
    const { groups } = stackInputs({
      aws_krug_admin_role: "admin",
      eks_worker_node_ami_id: "ami-of-nobody",
      node_groups: {
        plain: { ami_id: "ami-1", ami_family: null, volume_size: null },
        spot: {
          ami_id: "ami-2",
          ami_family: "bottlerocket",
          architecture: "arm64",
          instance_types: ["m6g.large", "m7g.large"],
          on_demand_base: 1,
          on_demand_percentage: 25,
          min_size: 2,
          max_size: 20,
          desired_size: 6,
          spread: "group_per_zone",
          zones: ["ap-northeast-2a", "ap-northeast-2c"],
          volume_size: 50,
          launch: "configuration",
        },
      },
    });

    expect(groups).toEqual([
      {
        key: "plain",
        isWorkshops: false,
        names: ["awskrug_gudi_eks-plain"],
        image: { id: "ami-1", volumeGiB: 20 },
        family: "al2023",
        architecture: "x86_64",
        kubernetesVersion: undefined,
        instanceTypes: ["t3.medium"],
        size: { min: 1, max: 3, desired: 1 },
        onDemand: 1,
        zones: [],
        subnetIds: [],
        launchedFrom: "launch template",
        variables: {
          image: "node_groups.plain.ami_id",
          family: "node_groups.plain.ami_family",
          architecture: "node_groups.plain.architecture",
          instanceType: "node_groups.plain.instance_types",
          volume: "node_groups.plain.volume_size",
          size: "node_groups.plain.max_size",
          launch: "node_groups.plain.launch",
        },
      },
      expect.objectContaining({
        names: ["awskrug_gudi_eks-spot-ap-northeast-2a", "awskrug_gudi_eks-spot-ap-northeast-2c"],
        image: { id: "ami-2", volumeGiB: 50 },
        family: "bottlerocket",
        architecture: "arm64",
        instanceTypes: ["m6g.large", "m7g.large"],
        size: { min: 2, max: 20, desired: 6 },
        // In each zone the base, and a quarter of the other five.
        onDemand: 6,
        zones: ["ap-northeast-2a", "ap-northeast-2c"],
        launchedFrom: "launch configuration",
      }),
    ]);
  });

  it("have a group in each zone of the private subnets where a row names none", () => {
    const row = { ami_id: "ami-1", spread: "group_per_zone" };
    const inputs = stackInputs({
      aws_krug_admin_role: "admin",
      node_groups: { a: row, b: { ...row, subnet_ids: ["subnet-1"] } },
    });

    expect(inputs.groups[0]?.names).toEqual(["a", "b", "c"].map((zone) => `awskrug_gudi_eks-a-ap-northeast-2${zone}`));
    const existing = stackInputs({ aws_krug_admin_role: "admin", vpc_id: "vpc-1", node_groups: { a: row } });
    expect(existing.groups[0]?.names).toEqual(["awskrug_gudi_eks-a"]);
    expect(subnetsOf({ zones: [] }, inputs.privateSubnets)).toHaveLength(3);
    expect(subnetsOf({ zones: ["ap-northeast-2b"] }, inputs.privateSubnets)).toMatchObject([{ az: "ap-northeast-2b" }]);
    expect(subnetsOf(inputs.groups[1] ?? { zones: [] }, inputs.privateSubnets)).toEqual([]);
  });

  it.each([
    [{}, { vpcId: undefined, natGateways: 1 }],
    [{ nat_gateway: "none" }, { natGateways: 0 }],
    [{ nat_gateway: "per_zone" }, { natGateways: 3 }],
    [{ vpc_id: "vpc-1" }, { vpcId: "vpc-1", natGateways: 0, privateSubnets: [], publicSubnets: [] }],
    [{ vpc_id: null }, { vpcId: undefined }],
    [{ kubectl_own_role: true, aws_krug_admin_role: "admin" }, { adminRole: undefined }],
    [{ aws_krug_admin_role: null, kubectl_own_role: true }, { adminRole: undefined }],
    [{ authentication_mode: null }, { authenticationMode: "CONFIG_MAP" }],
    [
      { authentication_mode: "API", access_entries: { kim: { principal_arn: "arn:aws:iam::1:role/kim" } } },
      { authenticationMode: "API", creatorAdmin: true, admitted: { kim: "arn:aws:iam::1:role/kim" } },
    ],
  ])("of %j are %j", (tfvars, inputs) => {
    expect(stackInputs({ aws_krug_admin_role: "admin", ...tfvars })).toMatchObject(inputs);
  });

  it("fail when a value has another type", () => {
    expect(() => stackInputs({ aws_krug_admin_role: ["admin"] })).toThrow(/aws_krug_admin_role/);
  });
});

describe("images", () => {
  const of = { family: "al2", architecture: "x86_64" } as const;

  it.each([
    [
      "as their names say",
      { name: "amazon-eks-gpu-node-1.31-v20251209", architecture: "x86_64" },
      "al2",
      "x86_64",
      "gpu",
    ],
    [
      "for the processor that EC2 says",
      { name: "of somebody's own", architecture: "arm64" },
      "al2",
      "arm64",
      undefined,
    ],
    ["by the tfvars where nobody knows them", undefined, "al2", "x86_64", undefined],
  ])("are recommended anew %s", (_, image, family, architecture, variant) => {
    expect(kindOf(of, "1.32", image)).toEqual({ family, version: "1.32", architecture, variant });
  });
});

// Written by Terraform, as scenarios of bench/plan-scenarios.ts left them: `npm run record:plans`.
describe("a state", () => {
  it("that was written to its end has nothing to say", () => {
    expect(readState("s", recordedState("applied"))).toEqual({
      source: "s",
      resources: 40,
      tainted: [],
      outputProblem: undefined,
      lock: undefined,
    });
  });

  it("of an apply that was killed has resources without outputs", () => {
    const state = recordedState("half-applied");
    const facts = readState("s", state);

    // Every object has an id. Those of which there are to be none are in the state as well, without an object.
    const { resources } = JSON.parse(state) as {
      resources: { mode: string; instances: { attributes: { id?: string } }[] }[];
    };
    const managed = resources.filter(({ mode }) => mode === "managed");
    const ids = managed.flatMap(({ instances }) => instances.map(({ attributes }) => attributes.id));
    expect(ids).not.toContain(undefined);
    expect(ids.length).toBeLessThan(managed.length);
    expect(facts).toMatchObject({ resources: ids.length, tainted: [] });
    expect(facts.outputProblem).toMatch(/^s has not all outputs of the stack, .*bastion_address are missing/);
  });

  it("names what was made, but not to its end, as Terraform's commands take it", () => {
    expect(readState("s", recordedState("tainted")).tainted).toEqual([
      "aws_eip.counted[1]",
      'aws_eip.row["a"]',
      "aws_eip.tainted",
      'module.part["a"].aws_launch_template.part',
    ]);
  });

  it("has nothing in it when everything is destroyed", () => {
    const facts = readState("s", recordedState("emptied"));

    expect(facts).toMatchObject({ resources: 0, tainted: [] });
    expect(facts.outputProblem).toContain("s has none of the stack's outputs");
  });

  it("fails when it is none", () => {
    expect(() => readState("terraform.eks.tfstate", "<html>")).toThrow("terraform.eks.tfstate is no Terraform state");
  });
});

/** A stand-in for a bastion: answers by the first words that fit, and refuses what it was not told. */
class FakeBastion implements Host {
  readonly name = "bastion";

  constructor(private readonly answers: readonly (readonly [RegExp, Partial<CommandResult>])[]) {}

  run({ text }: { readonly text: string }): Promise<CommandResult> {
    const answer = this.answers.find(([pattern]) => pattern.test(text))?.[1];
    if (answer === undefined) throw new Error(`the stand-in has no answer for: ${text}`);
    return Promise.resolve({ exitCode: 0, stdout: "", stderr: "", ...answer });
  }
}

describe("kubectl without an answer", () => {
  it.each([
    ["unauthorized", "unauthorized"],
    ["forbidden", "forbidden"],
    ["kubeconfig", "no kubeconfig"],
    ["kubeconfig", "kubeconfig that is none"],
    ["kubeconfig", "no such context"],
    ["kubeconfig", "no context at all"],
    ["kubeconfig", "certificate of another authority"],
    ["kubeconfig", "program for tokens of an older kubectl"],
    ["kubeconfig", "token of an older program"],
    ["token", "program for tokens fails"],
    ["token", "no program for tokens"],
    ["token", "program for tokens has no credentials"],
    ["clock", "certificate that has expired"],
    // Of the cluster's own endpoint; without a kubeconfig kubectl asks localhost:8080.
    ["unreachable", "refused connection"],
    ["unreachable", "no answer in time"],
    ["unreachable", "not available"],
  ])("is a matter of %s when there is: %s", (problem, recorded) => {
    expect(apiProblem(said("kubectl", recorded))).toBe(problem);
  });

  /** As other kubectls wrote them, 1.27 to 1.34, and what no server on this machine can make one say. */
  it.each([
    ["unauthorized", "error: You must be logged in to the server (Unauthorized)"],
    ["kubeconfig", 'error: context "demo" does not exist'],
    ["name", "Unable to connect to the server: dial tcp: lookup abc.gr7.eks.amazonaws.com: no such host"],
    ["unreachable", "Unable to connect to the server: dial tcp 172.16.10.9:443: i/o timeout"],
    ["unreachable", ""],
  ])("is a matter of %s when it says %j", (problem, stderr) => {
    expect(apiProblem({ exitCode: 1, stdout: "", stderr })).toBe(problem);
  });
});

describe("what the bastion sees", () => {
  const MACHINE = [/^echo "clock /, { stdout: `clock ${String(Math.round(Date.now() / 1000))}\n` }] as const;
  const IDENTITY = [/get-caller-identity/, said("aws", "identity")] as const;
  const CLUSTER = [/get configmaps,nodes/, { stdout: JSON.stringify({ items: [] }) }] as const;
  const WORKLOADS = [/get daemonsets.apps,deployments.apps --all-namespaces/, said("kubectl", "workloads")] as const;
  const DOWNLOAD = [/curl .*https:\/\/mirror\.example\/kubectl/, {}] as const;
  const options = { context: "awskrug_gudi_eks", downloadUrl: "https://mirror.example/kubectl" };

  it("is who it is, the cluster, what runs in it, and its downloads", async () => {
    const host = new FakeBastion([MACHINE, IDENTITY, CLUSTER, WORKLOADS, DOWNLOAD]);

    const { machine, ...facts } = await readInsideFacts(host, HANDOVER, options);

    expect(machine).toMatchObject({ ok: { missing: [] } });
    expect(facts).toEqual({
      login: { ok: { reached: true } },
      identity: { ok: "arn:aws:sts::123456789012:assumed-role/admin/i-1" },
      cluster: { ok: { awsAuth: undefined, nodes: [] } },
      workloads: {
        ok: [
          { kind: "DaemonSet", namespace: "kube-system", name: "aws-node", wanted: 2, ready: 1 },
          { kind: "DaemonSet", namespace: "kube-system", name: "kube-proxy", wanted: 2, ready: 1 },
          { kind: "Deployment", namespace: "kube-system", name: "coredns", wanted: 2, ready: 2 },
        ],
      },
      downloads: { ok: undefined },
    });
  });

  it("is why the cluster does not answer, and a mirror neither", async () => {
    const refused = said("kubectl", "unauthorized");
    const host = new FakeBastion([
      MACHINE,
      IDENTITY,
      [/kubectl --kubeconfig/, refused],
      [/curl/, said("curl", "refused connection")],
    ]);

    const facts = await readInsideFacts(host, HANDOVER, { ...options, downloadUrl: "https://mirror.example/curl" });

    expect(facts.cluster).toEqual({
      ok: {
        unreachable: expect.stringContaining("the cluster does not know the role of the host") as string,
        problem: "unauthorized",
      },
    });
    expect(facts.workloads).toMatchObject({
      unknown: expect.stringContaining("the cluster does not know the role of the host") as string,
      follows: expect.arrayContaining(["unauthorized"]) as string[],
    });
    expect(facts.downloads).toMatchObject({
      ok: { why: expect.stringContaining("curl: (7)") as string, cure: expect.stringContaining("--mirror") as string },
    });
  });

  it("is what it lacks, and nothing else, before it is set up", async () => {
    const absent = { exitCode: 127, stderr: "sh: 1: aws: not found" };
    const host = new FakeBastion([
      [/^echo "clock /, { stdout: "clock 1767225600\nmissing aws\nmissing kubectl\nmissing ~/.kube/config\n" }],
      [/^aws|kubectl --kubeconfig/, absent],
      DOWNLOAD,
    ]);

    const facts = await readInsideFacts(host, HANDOVER, options);

    expect(facts.machine).toMatchObject({ ok: { missing: ["aws", "kubectl", "~/.kube/config"] } });
    for (const fact of [facts.identity, facts.cluster, facts.workloads]) {
      expect(fact).toMatchObject({ follows: ["bastion-bare"] });
    }
  });

  it("is how far its clock is off", async () => {
    const clock = { stdout: `clock ${String(Math.round(Date.now() / 1000) - 7200)}\n` };
    const host = new FakeBastion([[/^echo "clock /, clock], IDENTITY, CLUSTER, WORKLOADS, DOWNLOAD]);

    const { machine } = await readInsideFacts(host, HANDOVER, options);

    expect("ok" in machine && Math.abs(machine.ok.clockAheadSeconds + 7200) < 5).toBe(true);
  });

  it("is asked of a shell that really is there", async () => {
    const home = mkdtempSync(join(tmpdir(), "eks-test-home-"));
    const host: Host = {
      name: "this machine",
      run: ({ text }) =>
        Promise.resolve({
          exitCode: 0,
          stderr: "",
          // Only what asks for the machine is run.
          stdout: text.startsWith("echo ")
            ? execFileSync("/bin/sh", ["-c", text], {
                env: { HOME: home, PATH: "/nowhere" },
                encoding: "utf8",
                stdio: "pipe",
              })
            : "{}",
        }),
    };

    const { machine } = await readInsideFacts(host, HANDOVER, options);

    expect(machine).toMatchObject({ ok: { missing: ["aws", "kubectl", "~/.kube/config"] } });
    rmSync(home, { recursive: true });
  });

  it("is that AWS' tools have no credentials there", async () => {
    const refused = said("aws", "no credentials");
    const host = new FakeBastion([MACHINE, [/get-caller-identity/, refused], CLUSTER, WORKLOADS, DOWNLOAD]);

    const { identity } = await readInsideFacts(host, HANDOVER, options);

    expect(identity).toMatchObject({
      unknown: expect.stringContaining("Unable to locate credentials") as string,
      follows: expect.arrayContaining(["bastion-credentials"]) as string[],
    });
  });

  it("does not throw when the connection is lost", async () => {
    const host: Host = { name: "bastion", run: () => Promise.reject(new Error("connection lost")) };

    const facts = await readInsideFacts(host, HANDOVER, options);

    expect(facts.cluster).toEqual({ unknown: "the bastion failed: connection lost" });
  });

  it.each([
    ["host-key", ["bastion", "host-key"]],
    ["booting", ["bastion", "ssh-unreachable"]],
    ["interrupted", undefined],
  ] as const)("is nothing without a login (%s), and a finding says so", (problem, follows) => {
    const { cluster } = notInside("nobody got in", { ok: { reached: false, problem, message: "" } });

    expect(cluster).toEqual({ unknown: "nobody got in", ...(follows && { follows }) });
  });
});
