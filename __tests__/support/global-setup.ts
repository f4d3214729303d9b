import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { neutralEnvironment } from "../../rehearsal/emulator";
import { findProgram, findTerraform, terraformConfigFile } from "../../rehearsal/programs";
import { PREPARED, type Prepared } from "./prepared";
import { run } from "./run";
import { synthesizeInto } from "./synthesize";

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
  const env = { ...neutralEnvironment(), ...(configFile !== undefined && { TF_CLI_CONFIG_FILE: configFile }) };
  const missing = await missingPrograms(terraform, env);

  if (terraform !== undefined && missing.length === 0) {
    const template = join(folder, "template");
    mkdirSync(template);
    const synthesized = await synthesizeInto(template, env);
    if (synthesized.code !== 0) throw new Error(`the stack does not synthesize:\n${synthesized.output}`);
    const init = ["-chdir=cdktf.out/stacks/eks", "init", "-input=false", "-no-color"];
    const initialized = await run(terraform, init, { cwd: template, env });
    if (initialized.code === 0) {
      process.env[PREPARED] = JSON.stringify({ template, terraform, configFile } satisfies Prepared);
      return;
    }
    // Anything but a registry out of reach is a fault of ours or of the machine's, and no reason to skip.
    if (!/could not connect to registry|no such host|connection refused|i\/o timeout/.test(initialized.output)) {
      throw new Error(`terraform init failed:\n${initialized.output}`);
    }
    missing.push("the AWS provider (the registry is out of reach; EKS_PROVIDER_MIRROR names a folder that has it)");
  }
  rmSync(folder, { recursive: true });
  process.env[MISSING] = missing.join("; ");
  console.warn(`\nThe end-to-end tests are skipped. Missing: ${missing.join("; ")}`);
}

/** What has to be installed first, and how. */
async function missingPrograms(terraform: string | undefined, env: NodeJS.ProcessEnv): Promise<string[]> {
  const missing: string[] = [];
  if (terraform === undefined) {
    missing.push("terraform 1.9 or newer (https://developer.hashicorp.com/terraform/install)");
  } else {
    const { stdout } = await run(terraform, ["version", "-json"], { env });
    const { terraform_version: version } = JSON.parse(stdout) as { terraform_version: string };
    const [major = 0, minor = 0] = version.split(".").map(Number);
    if (major < 1 || (major === 1 && minor < 9)) missing.push(`terraform 1.9 or newer (${terraform} is ${version})`);
  }
  if (findProgram("moto_server") === undefined) missing.push("moto_server (pip install 'moto[server]>=5.2')");
  if (findProgram("openssl") === undefined) missing.push("openssl (apt-get install openssl)");
  return missing;
}
