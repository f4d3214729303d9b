import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

import { run } from "../__tests__/support/run";
import { synthesizeInto } from "../__tests__/support/synthesize";
import { UserError } from "../contract/user-error";
import { CURRENT_ACCOUNT, neutralEnvironment, settingsOf, startEmulator } from "../rehearsal/account/emulator";
import { startClusters } from "../rehearsal/cluster/clusters";
import { provideMoto, provideTerraform } from "../rehearsal/machine/tools";
import { terraformConfigFile } from "../terraform/mirrors";
import { findProgram } from "../terraform/program";
import { runProgram } from "../terminal/process";
import { filled, table } from "./page";

const CLONE = resolve(__dirname, "..");
const PAGE = join(CLONE, "docs", "security.md");
const FILES = ["workshop-1.14", "current", "production"] as const;

/** Why the stack is as it is where a check says no, by the check. */
const REASONS: Readonly<Record<string, string>> = {
  CKV_AWS_37: "each log type costs by the GiB: `cluster_log_types` says which",
  CKV_AWS_58: "EKS encrypts secrets by itself since 1.28, and keeps a key of one's own for ever: `secrets_encryption`",
  CKV_AWS_88: "the bastion's address: SSH is the way in, from `kubectl_ssh_cidrs` alone",
  CKV_AWS_126: "detailed monitoring of the bastion is billed, and nobody reads it",
  CKV_AWS_290: "the load balancer controller's own policy, as its makers publish it",
  CKV_AWS_315: "the workshop's launch configuration; `eks_worker_node_launch` makes a template",
  CKV_AWS_338: "90 days of logs: `cluster_log_retention_days`",
  CKV_AWS_339: "the workshop's version of Kubernetes: `eks pin` shows today's",
  CKV_AWS_341:
    "the workshop's pods have their node's role, one hop away; `current.tfvars` gives them roles of their own",
  CKV_AWS_355: "the load balancer controller's own policy, as its makers publish it",
  CKV_AWS_382: "nodes fetch images, and pods speak to whom they want: a NetworkPolicy says to whom they may",
  CKV2_AWS_11: "`flow_logs` records connections, and CloudWatch bills them",
  CKV2_AWS_12: 'the default security group is closed with `security_group_rules = "minimal"`',
};

/** What checkov says of one check of one resource. */
interface Verdict {
  readonly check_id: string;
  readonly check_name: string;
}

/** What checkov says of a plan. @see https://www.checkov.io/2.Basics/Reviewing%20Scan%20Results.html */
interface Report {
  readonly results: { readonly passed_checks: readonly Verdict[]; readonly failed_checks: readonly Verdict[] };
}

/** What everybody has to say; the workshop's bastion borrows a role besides. */
const OWN = 'kubectl_ssh_cidrs = ["203.0.113.7/32"]\nkubectl_ec2_keypair = "aws-krug-gudi"\n';
const BORROWED_ROLE = 'aws_krug_admin_role = "aws-krug-admin"\n';

/** @returns the plan of a file of tfvars, as `terraform show -json` prints it */
async function planOf(
  name: (typeof FILES)[number],
  terraform: (...args: string[]) => Promise<string>,
  folder: string,
): Promise<string> {
  const own = join(folder, `${name}.tfvars`);
  writeFileSync(own, name === "workshop-1.14" ? OWN + BORROWED_ROLE : OWN);
  const plan = join(folder, `${name}.plan`);
  const files = [join(CLONE, "tfvars", `${name}.tfvars`), own];
  await terraform("plan", "-input=false", `-out=${plan}`, ...files.map((file) => `-var-file=${file}`));
  return terraform("show", "-json", plan);
}

/**
 * `npm run scan`: has checkov look at the plans of the files in tfvars/, made in an emulated account, and writes what it
 * says into docs/security.md. Needs checkov on PATH: `pipx install checkov`.
 */
async function main(): Promise<void> {
  const checkov = findProgram("checkov");
  if (checkov === undefined) throw new UserError("checkov is not on PATH; `pipx install checkov` installs it");
  const version = execFileSync(checkov, ["--version"], { encoding: "utf8" }).trim();
  const [program] = (await provideTerraform()).command;
  await provideMoto();
  const folder = mkdtempSync(join(tmpdir(), "eks-scan-"));
  const emulator = await startEmulator(folder, CURRENT_ACCOUNT);
  const clusters = await startClusters(settingsOf(emulator), folder);
  try {
    const configFile = terraformConfigFile(join(folder, "terraformrc"));
    const env = {
      ...neutralEnvironment(),
      ...emulator.environment,
      AWS_ENDPOINT_URL: clusters.endpoint,
      ...(configFile !== undefined && { TF_CLI_CONFIG_FILE: configFile }),
    };
    const { code, output } = await synthesizeInto(folder, env);
    if (code !== 0) throw new Error(output);
    const stack = join(folder, "cdktf.out", "stacks", "eks");
    const terraform = async (...args: string[]) => {
      const { code, output, stdout } = await run(program, [`-chdir=${stack}`, ...args], { env });
      if (code !== 0) throw new Error(output);
      return stdout;
    };
    await terraform("init", "-input=false");

    const reports: Report["results"][] = [];
    for (const name of FILES) {
      const file = join(folder, `${name}.json`);
      writeFileSync(file, await planOf(name, terraform, folder));
      const args = [
        "--file",
        file,
        "--framework",
        "terraform_plan",
        "--output",
        "json",
        "--compact",
        "--skip-download",
      ];
      const { stdout, output } = await run(checkov, args);
      if (!stdout.startsWith("{")) throw new Error(output);
      reports.push((JSON.parse(stdout) as Report).results);
    }
    const failing = new Map(
      reports.flatMap(({ failed_checks }) => failed_checks.map((it) => [it.check_id, it.check_name])),
    );
    const unexplained = [...failing.keys()].filter((id) => !Object.hasOwn(REASONS, id));
    if (unexplained.length > 0) throw new Error(`bench/scan.ts says no reason for ${unexplained.join(", ")}`);
    const passing = Object.keys(REASONS).filter((id) => !failing.has(id));
    if (passing.length > 0) throw new Error(`bench/scan.ts has reasons for what fails nowhere: ${passing.join(", ")}`);
    const counted = (those: readonly Verdict[], id: string) => those.filter(({ check_id }) => check_id === id).length;
    const rows = [...failing]
      .sort()
      .map(([id, name]) => [
        `${id}: ${name}`,
        ...reports.map(({ failed_checks }) => String(counted(failed_checks, id) || "")),
        REASONS[id] ?? "",
      ]);
    const totals = reports.map(
      ({ passed_checks, failed_checks }) =>
        `${String(passed_checks.length)} passed, ${String(failed_checks.length)} failed`,
    );
    const head = ["check", ...FILES.map((name) => `\`${name}\``), "why"];
    const written = table([head, ...rows, [`all of checkov ${version}`, ...totals, ""]]);
    writeFileSync(PAGE, filled(readFileSync(PAGE, "utf8"), "npm run scan", written));
    console.log(written);
  } finally {
    await clusters.stop();
    await emulator.stop();
    rmSync(folder, { recursive: true });
  }
}

runProgram(main);
