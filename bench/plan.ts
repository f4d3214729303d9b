import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

import { neutralEnvironment, startEmulator, WORKSHOP_ACCOUNT } from "../rehearsal/account/emulator";
import { runProgram } from "../terminal/process";
import { terraformConfigFile } from "../terraform/mirrors";
import { terraformProgram } from "../terraform/program";
import { measure, medians, type Run } from "./measure";

const ROUNDS = 3;
const CLONE = resolve(__dirname, "..");
const COUNTS = [3, 25, 50, 100] as const;

/** A tfvars file with so many public subnets of /24, over three zones. */
function tfvars(count: number): string {
  const rows = Array.from({ length: count }, (_, i) => {
    const zone = ["a", "b", "c"][i % 3] ?? "a";
    return `  { az = "ap-northeast-2${zone}", cidr = "172.16.${String(100 + i)}.0/24", name = "public-${String(i)}" },`;
  });
  return `aws_krug_admin_role = "aws-krug-admin"\nvpc_public_subnets = [\n${rows.join("\n")}\n]\n`;
}

/** `npm run bench:plan`: what a plan costs with more and more subnets in the tfvars. Needs Terraform and moto_server. */
async function main(): Promise<void> {
  const terraform = terraformProgram(process.env);
  const folder = mkdtempSync(join(tmpdir(), "eks-bench-plan-"));
  const emulator = await startEmulator(join(folder, "emulator"), WORKSHOP_ACCOUNT);
  try {
    const env = { ...neutralEnvironment(), ...emulator.environment, CDKTF_OUTDIR: join(folder, "cdktf.out") };
    const configFile = terraformConfigFile(join(folder, "terraformrc"));
    if (configFile !== undefined) Object.assign(env, { TF_CLI_CONFIG_FILE: configFile });
    await measure([process.execPath, "--require", "./bin/typescript.cjs", "main.ts"], CLONE, env);
    const stack = `-chdir=${join(folder, "cdktf.out", "stacks", "eks")}`;
    await measure([terraform, stack, "init", "-input=false"], folder, env);

    const plan = (count: number) => {
      const file = join(folder, `${String(count)}.tfvars`);
      writeFileSync(file, tfvars(count));
      return () => measure([terraform, stack, "plan", "-input=false", `-var-file=${file}`], folder, env);
    };
    const result: Record<string, Run> = await medians(
      ROUNDS,
      Object.fromEntries(COUNTS.map((count) => [String(count), plan(count)])),
    );
    const base = result[String(COUNTS[0])]?.seconds ?? NaN;
    console.log(`Medians of ${String(ROUNDS)} plans each, in turns:\n`);
    console.log(`| public subnets | seconds | of ${String(COUNTS[0])} subnets | more per subnet |`);
    console.log("|---|---|---|---|");
    for (const count of COUNTS) {
      const seconds = result[String(count)]?.seconds ?? NaN;
      const each = count === COUNTS[0] ? "" : `${(((seconds - base) / (count - COUNTS[0])) * 1000).toFixed(0)} ms`;
      console.log(`| ${String(count)} | ${seconds.toFixed(2)} | ${(seconds / base).toFixed(2)} | ${each} |`);
    }
  } finally {
    await emulator.stop();
    rmSync(folder, { recursive: true });
  }
}

runProgram(main);
