import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import type { Emulator } from "../../rehearsal/emulator";
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
    for (const folder of [workshop, project.folder]) rmSync(folder, { recursive: true, force: true });
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
