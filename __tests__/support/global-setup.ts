import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";

import { UserError } from "../../contract/user-error";
import { findProgram, productOf } from "../../terraform/program";
import { neutralEnvironment } from "../../rehearsal/account/emulator";
import { terraformConfigFile } from "../../terraform/mirrors";
import { namedTerraform, provideMoto, provideTerraform, type Tool } from "../../rehearsal/machine/tools";
import { PREPARED, type Prepared } from "./prepared";
import { run } from "./run";
import { synthesizeInto } from "./synthesize";

/** What to say when something that the end-to-end tests run on is not on the machine. */
export const MISSING = "EKS_E2E_MISSING";

/**
 * Prepares what the end-to-end tests share: the stack, synthesized once and initialized once (Terraform hashes the
 * whole provider, 675 MB). Terraform and moto are set up in the clone where there are none. What cannot be had is said in a
 * line, and the tests are skipped.
 */
export default async function globalSetup(): Promise<void> {
  // Terraform and its providers live for seconds: a third of their work would be to collect garbage.
  // https://pkg.go.dev/runtime#hdr-Environment_Variables
  process.env["GOGC"] ??= "400";
  process.env["GOMEMLIMIT"] ??= "1GiB";
  const folder = mkdtempSync(join(tmpdir(), "eks-e2e-"));
  const missing: string[] = [];
  const provided = async (provide: () => Promise<Tool>) => {
    try {
      return (await provide()).command[0];
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      missing.push(error.message);
      return undefined;
    }
  };
  const terraform = await provided(provideTerraform);
  await provided(provideMoto);
  if (findProgram("openssl") === undefined) missing.push("openssl (apt-get install openssl)");
  // cdktf runs it by its name.
  if (terraform !== undefined && terraform !== findProgram("terraform"))
    process.env["PATH"] = [namedTerraform(folder, terraform), process.env["PATH"]].join(delimiter);
  const configFile = terraformConfigFile(join(folder, "terraformrc"));
  const env = { ...neutralEnvironment(), ...(configFile !== undefined && { TF_CLI_CONFIG_FILE: configFile }) };

  if (terraform !== undefined && missing.length === 0) {
    const template = join(folder, "template");
    mkdirSync(template);
    const synthesized = await synthesizeInto(template, env);
    if (synthesized.code !== 0) throw new Error(`the stack does not synthesize:\n${synthesized.output}`);
    const init = ["-chdir=cdktf.out/stacks/eks", "init", "-input=false", "-no-color"];
    const initialized = await run(terraform, init, { cwd: template, env });
    if (initialized.code === 0) {
      process.env[PREPARED] = JSON.stringify({ template, terraform, configFile } satisfies Prepared);
      const skipped = [
        ...(findProgram("tmux") === undefined
          ? ["those of what a terminal shows, for lack of tmux (apt-get install tmux)"]
          : []),
        ...(productOf(terraform) === "OpenTofu"
          ? ["those of a kill, for lack of Terraform: OpenTofu writes the state every 20 seconds only"]
          : []),
      ];
      if (skipped.length > 0) {
        process.env[MISSING] = skipped.join("; ");
        console.warn(`\nTests are skipped: ${process.env[MISSING]}`);
      }
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
