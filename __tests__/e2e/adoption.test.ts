import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

import { refusals } from "../../cli/plan/guard";
import { readPlan } from "../../terraform/plan-file";
import type { Emulator } from "../../rehearsal/account/emulator";
import { Account } from "../support/account";
import {
  changedBy,
  describeEndToEnd,
  emulateEks,
  environmentFor,
  Project,
  terraformProgram,
} from "../support/end-to-end";
import { startNullProvider, type RunningProvider } from "../support/null-provider";
import { flowing, run, type Ended } from "../support/run";
import { WORKSHOP_TFVARS, writeWorkshop } from "../support/workshop";

interface State {
  resources: {
    module?: string;
    mode: string;
    type: string;
    name: string;
    provider: string;
    instances: { schema_version: number; index_key?: string | number; attributes: Record<string, unknown> }[];
  }[];
}

/** A change of AMI, which no launch configuration survives. */
const ANOTHER_IMAGE = `${WORKSHOP_TFVARS}\neks_worker_node_ami_id = "ami-0fd02cb7da42ee5e0"\n`;

/** The commands of a section of docs/adopting.md, as arguments of Terraform. */
function documentedCommands(section: string): string[][] {
  const page = readFileSync(resolve(__dirname, "../../docs/adopting.md"), "utf8");
  const [, text = ""] = page.split(`\n## ${section}\n`);
  const [own = ""] = text.split("\n## ");
  return [...own.replaceAll("\\\n", " ").matchAll(/^\$ terraform (.*)$/gm)].map(([, command = ""]) =>
    command.trim().split(/\s+/),
  );
}

/** A state with one resource more, of which Terraform remembers no more than this. */
function withOneMore(
  state: State,
  module: string,
  type: string,
  name: string,
  attributes: Record<string, unknown>,
): State {
  const provider = state.resources.find((resource) => resource.type === "aws_vpc")?.provider ?? "";
  const instances = [{ schema_version: type === "aws_security_group_rule" ? 2 : 0, attributes }];
  return { ...state, resources: [...state.resources, { module, mode: "managed", type, name, provider, instances }] };
}

/** The state as the workshop's revision 38e7733 leaves it. */
function lastWithLaunchConfiguration(state: State): State {
  const policy = (of: State, name: string) =>
    withOneMore(of, "module.eks", "aws_iam_role_policy", name, { id: `eks_worker_nodes_role:${name}`, name });
  const name = "eks_workder_node_ingress_udp_protocol_between_nodes";
  return withOneMore(
    ["alb", "r53"].reduce((of, kind) => policy(of, `eks_worker_node_role_${kind}_control_policy`), state),
    "module.eks",
    "aws_security_group_rule",
    name,
    { id: "sgrule-1", type: "ingress", protocol: "udp", from_port: 53, to_port: 53, security_group_id: "sg-1" },
  );
}

/** The state as the workshop's revisions from 586f2d8 on leave it, without the roles of pods. */
function withManagedNodeGroup(state: State): State {
  const renamed = (name: string) =>
    name === "eks_app_worker_node_profile"
      ? "eks_worker_node_instance_profile"
      : name.replace("eks_app_worker_role_", "eks_worker_role_");
  const resources = state.resources
    .filter(({ type }) => type !== "aws_autoscaling_group" && type !== "aws_launch_configuration")
    .map((resource) =>
      resource.type.startsWith("aws_iam_")
        ? { ...resource, module: "module.iam", name: renamed(resource.name) }
        : resource,
    );
  return withOneMore({ ...state, resources }, "module.eks", "aws_eks_node_group", "eks_node_group", {
    id: "awskrug_gudi-eks-cluster:eks_private_node_group",
    cluster_name: "awskrug_gudi-eks-cluster",
    node_group_name: "eks_private_node_group",
  });
}

/**
 * Real Terraform and AWS provider against an AWS emulator: a configuration with the workshop's own addresses is applied,
 * and its state given to this stack. The provider hashicorp/null is a stand-in.
 */
describeEndToEnd("a stack that the workshop's own HCL made", () => {
  let emulator: Emulator;
  let account: Account;
  let nullProvider: RunningProvider;
  let workshop: string;
  let project: Project;
  let tfvars: string;

  beforeAll(async () => {
    emulator = await emulateEks();
    account = new Account(emulator);
    nullProvider = await startNullProvider();
    workshop = mkdtempSync(join(tmpdir(), "eks-test-workshop-"));
    writeWorkshop(workshop);
    project = newProject();
    tfvars = project.tfvars(WORKSHOP_TFVARS);
  });

  afterAll(async () => {
    nullProvider.stop();
    account.close();
    await emulator.stop();
    project.remove();
    rmSync(workshop, { recursive: true });
  });

  function newProject(): Project {
    const made = new Project(emulator);
    made.environment["TF_REATTACH_PROVIDERS"] = nullProvider.reattach;
    return made;
  }

  function inWorkshop(...args: string[]): Promise<Ended> {
    const env = { ...environmentFor(emulator), TF_REATTACH_PROVIDERS: nullProvider.reattach };
    return run(terraformProgram(), args, { cwd: workshop, env });
  }

  it("has the workshop's 40 resources under the workshop's addresses", async () => {
    await inWorkshop("init", "-input=false", "-no-color");
    const applied = await inWorkshop("apply", "-input=false", "-no-color", "-auto-approve");

    expect(applied.output).toContain("Apply complete! Resources: 40 added, 0 changed, 0 destroyed.");
  });

  it("is taken over: nothing is destroyed, nothing is replaced", async () => {
    copyFileSync(join(workshop, "terraform.tfstate"), join(project.folder, "terraform.eks.tfstate"));

    const plan = await project.plan(tfvars);

    expect(plan.summary).toMatch(/^Plan: 1 to add, \d+ to change, 0 to destroy\.$/);
    const others = plan.changes.filter(({ actions }) => actions !== "update");
    expect(others.map(({ address, actions }) => `${address}: ${actions}`)).toEqual([
      "terraform_data.handover: create",
      "module.ansible.null_resource.init_eks: forget",
    ]);
    // Everything else is where the workshop had it: 39 old addresses, each at its new one.
    const moved = plan.all.filter(({ previousAddress }) => previousAddress !== undefined);
    expect(moved).toHaveLength(39);
    expect(plan.all).toHaveLength(39 + 2);
  });

  it("changes tags in place, and nothing else that AWS would notice", async () => {
    const plan = await project.plan(tfvars);

    const others = changedBy({ ...plan, changes: plan.changes.filter(({ actions }) => actions === "update") });
    expect(others.filter((change) => !/: tags(_all)?$/.test(change))).toEqual([
      // The Auto Scaling group's tags.
      'aws_autoscaling_group.node_group_autoscaling_group["worker"]: tag',
    ]);
  });

  it("says what it left as it was, and how to mend it", async () => {
    const { output } = await project.plan(tfvars);

    expect(flowing(output)).toContain(
      "pods cannot ask CoreDNS on another node: the rule between nodes allows TCP only, as the workshop made it; widen " +
        "it with terraform apply '-replace=aws_security_group_rule.node_group_between_nodes[0]'.",
    );
    expect(flowing(output)).toContain(
      `mend it with terraform apply '-replace=aws_launch_configuration.node_group_launch_configuration["worker"]'.`,
    );
    expect(flowing(output)).toContain("terraform apply -replace=aws_instance.bastion_instance makes a new one");
  });

  it("is taken over from a state with the provider names of Terraform 0.12, after the documented commands", async () => {
    const old = newProject();
    const state = JSON.parse(readFileSync(join(workshop, "terraform.tfstate"), "utf8")) as State;
    for (const resource of state.resources) resource.provider = `provider.${resource.type.split("_")[0] ?? ""}`;
    const dataSource = (module: string, type: string, name: string) => ({
      module: `module.${module}`,
      mode: "data",
      type,
      name,
      provider: `provider.${type.split("_")[0] ?? ""}`,
      instances: [{ schema_version: 0, attributes: { id: "1" } }],
    });
    state.resources.push(
      dataSource("eks", "external", "myip"),
      dataSource("eks", "template_file", "eks_worker_node_userdata"),
      dataSource("ansible", "template_file", "init_eks_sh"),
    );
    writeFileSync(join(old.folder, "terraform.eks.tfstate"), JSON.stringify({ ...state, terraform_version: "0.12.8" }));

    // In the project's folder, where no configuration is, and before the first init: it would not read such a state.
    const edit = (...command: string[]) =>
      run(terraformProgram(), ["state", ...command], { cwd: old.folder, env: old.environment });
    const file = "-state=terraform.eks.tfstate";
    const edits = [
      await edit("rm", file, "module.eks.data.external.myip"),
      await edit("rm", file, "module.eks.data.template_file.eks_worker_node_userdata"),
      await edit("rm", file, "module.ansible.data.template_file.init_eks_sh"),
      await edit("replace-provider", "-auto-approve", file, "--", "-/aws", "hashicorp/aws"),
      await edit("replace-provider", "-auto-approve", file, "--", "-/null", "hashicorp/null"),
    ];
    const initialized = await old.terraform("init", "-input=false", "-no-color");
    const plan = await old.plan(old.tfvars(WORKSHOP_TFVARS));

    expect(edits.map(({ output }) => output).join("")).toContain("Successfully replaced provider for 31 resources.");
    expect([...edits, initialized].map(({ code }) => code)).toEqual([0, 0, 0, 0, 0, 0]);
    expect(plan.summary).toMatch(/^Plan: 1 to add, \d+ to change, 0 to destroy\.$/);
    expect(plan.all.filter(({ previousAddress }) => previousAddress !== undefined)).toHaveLength(39);
    old.remove();
  });

  it.each([
    [
      "Up to 38e7733",
      lastWithLaunchConfiguration,
      [
        "module.eks.aws_iam_role_policy.eks_worker_node_role_alb_control_policy",
        "module.eks.aws_iam_role_policy.eks_worker_node_role_r53_control_policy",
        "module.eks.aws_security_group_rule.eks_workder_node_ingress_udp_protocol_between_nodes",
      ],
      /^Plan: 1 to add, \d+ to change, 0 to destroy\.$/,
    ],
    [
      "From 586f2d8 on",
      withManagedNodeGroup,
      [
        "aws_eks_cluster.cluster_control_plane",
        "module.eks.aws_eks_node_group.eks_node_group",
        "module.iam.aws_iam_instance_profile.eks_worker_node_instance_profile",
        "module.iam.aws_iam_role.eks_cluster_role",
        "module.iam.aws_iam_role.eks_worker_node_role",
        ...[
          "eks_role_AmazonEKSClusterPolicy",
          "eks_role_AmazonEKSServicePolicy",
          "eks_worker_role_AmazonEC2ContainerRegistryReadOnly",
          "eks_worker_role_AmazonEKSWorkerNodePolicy",
          "eks_worker_role_AmazonEKS_CNI_Policy",
        ].map((name) => `module.iam.aws_iam_role_policy_attachment.${name}`),
      ],
      // Its own nodes, and the handover.
      /^Plan: 3 to add, \d+ to change, 0 to destroy\.$/,
    ],
  ])(
    "%s: is refused as it is, and taken over after the documented commands",
    async (section, madeOf, lost, summary) => {
      const later = newProject();
      const file = "terraform.eks.tfstate";
      const made = JSON.parse(readFileSync(join(workshop, "terraform.tfstate"), "utf8")) as State;
      writeFileSync(join(later.folder, file), JSON.stringify(madeOf(made)));
      const local = later.tfvars(WORKSHOP_TFVARS);
      // What the state has beyond the workshop's 40 is not in the account: it is planned as the state remembers it.
      const asItIs = await later.plan(local, "-refresh=false");
      const shown = (await later.terraform("show", "-json", join(later.folder, "plan-1"))).stdout;

      const commands = documentedCommands(section);
      const ended = [];
      for (const args of commands) {
        ended.push(await run(terraformProgram(), args, { cwd: later.folder, env: later.environment }));
      }
      const plan = await later.plan(local, "-refresh=false");

      expect(asItIs.code).toBe(0);
      expect(
        refusals(readPlan(shown, "the plan"), [])
          .map(({ address }) => address)
          .sort(),
      ).toEqual(lost);
      expect(commands.length).toBeGreaterThan(0);
      expect(ended.map(({ code, output }) => ({ code, output }))).toEqual(
        commands.map(() => ({ code: 0, output: expect.any(String) as string })),
      );
      expect(plan.summary).toMatch(summary);
      later.remove();
    },
  );

  it("replaces a launch configuration, when it has to, by a hardened one", async () => {
    const plan = await project.plan(project.tfvars(ANOTHER_IMAGE, "another-image.tfvars"));

    const change = plan.changes.find(({ address }) => address.startsWith("aws_launch_configuration."));
    expect(change?.actions).toBe("create+delete");
    expect(change?.after).toMatchObject({
      metadata_options: [{ http_tokens: "required", http_put_response_hop_limit: 2 }],
      root_block_device: [{ encrypted: true }],
    });
  });

  it("goes on as this stack, with the same things in AWS", async () => {
    const had = await account.inventory();

    const applied = await project.apply(tfvars);
    const again = await project.plan(tfvars);

    expect(applied.output).toMatch(/Apply complete! Resources: 1 added, \d+ changed, 0 destroyed\./);
    expect(await account.inventory()).toEqual(had);
    expect([...(await project.state()).keys()].filter((address) => address.startsWith("module."))).toEqual([]);
    expect(await project.state()).toHaveProperty("size", 40);
    expect(changedBy(again)).toEqual([]);
  });

  it("is mended by the commands that the warnings name", async () => {
    const applied = await project.apply(
      tfvars,
      "-replace=aws_security_group_rule.node_group_between_nodes[0]",
      '-replace=aws_launch_configuration.node_group_launch_configuration["worker"]',
      "-replace=aws_instance.bastion_instance",
    );
    const again = await project.plan(tfvars);

    expect(applied.output).toContain("3 added, 2 changed, 3 destroyed.");
    expect(again.output).not.toContain("Warning");
    const [configuration] = await account.launchConfigurations();
    expect(configuration?.MetadataOptions).toMatchObject({ HttpTokens: "required" });
  });
});
