import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";

import { UserError } from "../../contract/user-error";
import { versionConstraint } from "../../facts/provider-versions";
import { findProgram, productOf } from "../../terraform/program";
import { neutralEnvironment } from "../../rehearsal/account/emulator";
import { terraformConfigFile } from "../../terraform/mirrors";
import { namedTerraform, provideMoto, provideTerraform, type Tool } from "../../rehearsal/machine/tools";
import { tellMissing } from "./needs";
import { PREPARED, type Prepared } from "./prepared";
import { run } from "./run";
import { synthesizeInto } from "./synthesize";

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
  if (findProgram("tmux") === undefined)
    tellMissing("tmux", "The tests of what a terminal shows", "tmux (apt-get install tmux)");
  if (findProgram("script") === undefined)
    tellMissing("script", "The tests of a question on a terminal", "script (apt-get install bsdutils)");
  const clients = ["kubectl", "aws"].filter((name) => findProgram(name) === undefined).join(" and ");
  if (clients !== "") tellMissing("kubectl and aws", "The tests of nodes that join", clients);
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
      if (productOf(terraform) === "OpenTofu") {
        const why = "Terraform: OpenTofu writes the state every 20 seconds only";
        tellMissing("Terraform itself", "The tests of a kill", why);
      }
      for (const provider of ["kubernetes", "tls"] as const) {
        if (await canInstall(provider, terraform, join(folder, provider), env)) continue;
        tellMissing(
          `the provider ${provider}`,
          "The plans with that provider",
          `no registry and no mirror has ${provider}`,
        );
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
  tellMissing("the end-to-end tests' programs", "The end-to-end tests", missing.join("; "));
}

/** What Terraform, or OpenTofu, says when neither a registry nor a mirror has a provider. */
const NO_PROVIDER = /^Failed to (query available|resolve) provider packages$/;

/** Whether a provider that only stacks by choice have can be installed. */
async function canInstall(
  provider: "kubernetes" | "tls",
  terraform: string,
  folder: string,
  env: NodeJS.ProcessEnv,
): Promise<boolean> {
  mkdirSync(folder);
  const required_providers = { [provider]: { source: `hashicorp/${provider}`, version: versionConstraint(provider) } };
  writeFileSync(join(folder, "main.tf.json"), JSON.stringify({ terraform: { required_providers } }));
  const { code, output } = await run(terraform, ["init", "-input=false", "-no-color"], { cwd: folder, env });
  if (code === 0) return true;
  const errors = [...output.matchAll(/Error: (.*)/g)].map(([, words = ""]) => words);
  // A registry that has the provider, and no version that the stacks take, is a fault of ours.
  const isThere = output.includes("no available releases match");
  if (errors.length > 0 && errors.every((words) => NO_PROVIDER.test(words)) && !isThere) return false;
  throw new Error(`terraform init of the provider ${provider} failed:\n${output}`);
}
