import { mkdirSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

import { findProgram, findProviderMirror, findTerraform, terraformConfigFile } from "../../rehearsal/programs";
import { PREPARED, type Prepared } from "./prepared";
import { run } from "./run";

/** What to say when something that the end-to-end tests run on is not on the machine. */
export const MISSING = "EKS_E2E_MISSING";

/**
 * Prepares what the end-to-end tests share: the stack, synthesized once and initialized once (Terraform hashes the
 * whole provider, 675 MB). Where a program is missing it says so in a line, and the tests are skipped.
 */
export default async function globalSetup(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "eks-e2e-"));
  const terraform = findTerraform();
  const configFile = terraformConfigFile(join(folder, "terraformrc"));
  const missing = [
    ...(terraform === undefined ? ["terraform 1.9+ (https://developer.hashicorp.com/terraform/install)"] : []),
    ...(findProgram("moto_server") === undefined ? ["moto_server (pip install 'moto[server]>=5.2')"] : []),
  ];

  if (terraform !== undefined && missing.length === 0) {
    const template = join(folder, "template");
    mkdirSync(template);
    const env: NodeJS.ProcessEnv = { ...process.env };
    delete env["TF_CLI_CONFIG_FILE"];
    if (configFile !== undefined) env["TF_CLI_CONFIG_FILE"] = configFile;
    const synthesized = await run(process.execPath, ["--require", "sucrase/register/ts", "main.ts"], {
      cwd: resolve(__dirname, "../.."),
      env: { ...env, CDKTF_OUTDIR: join(template, "cdktf.out") },
    });
    if (synthesized.code !== 0) throw new Error(`the stack does not synthesize:\n${synthesized.output}`);
    const initialized = await run(terraform, ["-chdir=cdktf.out/stacks/eks", "init", "-input=false", "-no-color"], {
      cwd: template,
      env,
    });
    if (initialized.code === 0) {
      process.env[PREPARED] = JSON.stringify({ template, terraform, configFile } satisfies Prepared);
      return;
    }
    // A provider that is here and cannot be installed is a failure; one that is out of reach is a missing program.
    if (configFile !== undefined) throw new Error(`terraform init failed:\n${initialized.output}`);
    missing.push(
      `the AWS provider (the registry is out of reach, and ${findProviderMirror() ?? "no mirror on this machine has it"}; ` +
        "EKS_PROVIDER_MIRROR names one)",
    );
  }
  process.env[MISSING] = missing.join("; ");
  console.warn(`\nThe end-to-end tests are skipped. Missing: ${missing.join("; ")}`);
}
