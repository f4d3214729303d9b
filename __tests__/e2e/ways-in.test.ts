import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join, resolve } from "node:path";

import { readHandover } from "../../contract/outputs";
import type { Emulator } from "../../rehearsal/account/emulator";
import { Account } from "../support/account";
import { describeEndToEnd, emulate, environmentFor, terraformProgram } from "../support/end-to-end";
import { run } from "../support/run";

const CLONE = resolve(__dirname, "../..");

/** Real cdktf, Terraform and AWS provider against an AWS emulator. */
describeEndToEnd("the ways in", () => {
  let emulator: Emulator;
  let account: Account;
  let folder: string;
  let environment: NodeJS.ProcessEnv;
  let before: Record<string, string[]>;

  beforeAll(async () => {
    emulator = await emulate();
    account = new Account(emulator);
    before = await account.inventory();
    // A clone with its packages, as far as a deploy can tell, whose state and cdktf.out are this test's own.
    folder = mkdtempSync(join(tmpdir(), "eks-test-clone-"));
    for (const name of ["bin", "cdktf.json", "cli", "main.ts", "modules", "node_modules", "package.json"]) {
      symlinkSync(join(CLONE, name), join(folder, name));
    }
    writeFileSync(join(folder, "local.tfvars"), 'aws_krug_admin_role = "aws-krug-admin"\n');
    environment = { ...environmentFor(emulator), CI: "1" };
    environment["PATH"] = [join(folder, "bin"), environment["PATH"]].join(delimiter);
  });

  afterAll(async () => {
    account.close();
    await emulator.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  /** What a person types, in the clone's folder with `bin/` first on PATH. */
  const type = (command: string) => run("bash", ["-c", command], { cwd: folder, env: environment });

  it("cdktf deploy -var-file local.tfvars, with one line in it", async () => {
    const { code, output } = await type(
      "cdktf deploy -var-file local.tfvars -auto-approve --outputs-file outputs.json",
    );

    expect(output).toContain("Apply complete! Resources: 39 added, 0 changed, 0 destroyed.");
    expect(code).toBe(0);
    expect(await account.clusterNames()).toEqual(["awskrug_gudi_eks"]);
    const handover = readHandover(readFileSync(join(folder, "outputs.json"), "utf8"), "outputs.json");
    expect(handover).toMatchObject({ cluster_name: "awskrug_gudi_eks", bastion_user: "ubuntu" });
    // What Terraform has chosen is kept where it is committed.
    const locked = readFileSync(join(folder, "terraform.eks.lock.hcl"), "utf8");
    expect(locked).toBe(readFileSync(join(folder, "cdktf.out/stacks/eks/.terraform.lock.hcl"), "utf8"));
    expect(locked).toMatch(/^provider "\S+\/hashicorp\/aws" \{$/m);
  });

  it("npx cdktf deploy --var-file=local.tfvars, on the same state", async () => {
    const { code, output } = await type("npx cdktf deploy --var-file=local.tfvars --auto-approve --skip-provider-lock");

    expect(output).toContain("Apply complete! Resources: 0 added, 1 changed, 0 destroyed.");
    expect(code).toBe(0);
  });

  it("terraform plan on the synthesized JSON, on the same state", async () => {
    const { code, output } = await type(
      `${terraformProgram()} -chdir=cdktf.out/stacks/eks plan -input=false -var-file=../../../local.tfvars`,
    );

    expect(output).toContain("Plan: 0 to add, 1 to change, 0 to destroy.");
    expect(code).toBe(0);
  });

  it("terraform plan after npm run synth, which has put the pins and the lock file there", async () => {
    const pins = [
      'eks_version                 = "1.35"',
      'eks_worker_node_ami_id      = "ami-0c0ffee0000000a01"',
      'eks_worker_node_ami_family  = "al2023"',
      "eks_worker_node_volume_size = 20",
      'eks_worker_node_launch      = "template"',
    ];
    writeFileSync(join(folder, "pins.auto.tfvars"), `${pins.join("\n")}\n`);
    const state = readFileSync(join(folder, "terraform.eks.tfstate"));
    rmSync(join(folder, "terraform.eks.tfstate"));
    rmSync(join(folder, "cdktf.out"), { recursive: true });
    const terraform = `${terraformProgram()} -chdir=cdktf.out/stacks/eks`;

    const synthesized = await type("node --require ./bin/typescript.cjs main.ts");
    const initialized = await type(`${terraform} init -input=false -no-color`);
    const planned = await type(`${terraform} plan -input=false -no-color -out=plan -var-file="$PWD/local.tfvars"`);
    const shown = await run(terraformProgram(), ["-chdir=cdktf.out/stacks/eks", "show", "-json", "plan"], {
      cwd: folder,
      env: environment,
    });
    rmSync(join(folder, "pins.auto.tfvars"));
    writeFileSync(join(folder, "terraform.eks.tfstate"), state);

    expect([synthesized.code, initialized.code, planned.code]).toEqual([0, 0, 0]);
    expect(initialized.output).toMatch(/Reusing previous version of \S*hashicorp\/aws from the dependency lock file/);
    const { resource_changes: changes } = JSON.parse(shown.stdout) as {
      resource_changes: { type: string; change: { after: { version?: string } } }[];
    };
    expect(changes.find(({ type: its }) => its === "aws_eks_cluster")?.change.after.version).toBe("1.35");
  });

  it("cdktf destroy -var-file=local.tfvars", async () => {
    const { code, output } = await type("cdktf destroy -var-file=local.tfvars -auto-approve");

    expect(output).toContain("Destroy complete! Resources: 39 destroyed.");
    expect(code).toBe(0);
    expect(await account.inventory()).toEqual(before);
  });

  it.each([
    ["cdktf deploy -target=aws_vpc.network_vpc", 64, "error: cdktf has no -target"],
    ["cdktf deploy -var-file", 64, "error: -var-file needs a value, such as -var-file local.tfvars"],
    ["cdktf deploy -var-file nowhere.tfvars -auto-approve", 1, "Could not find var-file nowhere.tfvars"],
    ["TF_CLOUD_ORGANIZATION=acme cdktf synth", 1, "TF_CLOUD_ORGANIZATION=acme needs TF_WORKSPACE"],
  ])("%s fails with %i and says why", async (command, exitCode, message) => {
    const { code, output } = await type(command);

    expect(output).toContain(message);
    expect(code).toBe(exitCode);
    expect(output).not.toMatch(/\n\s+at .*:\d+/);
  });
});
