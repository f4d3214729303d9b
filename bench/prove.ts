import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";

import { ownKubectlVersion } from "../rehearsal/bastion/artifacts";
import { runProgram } from "../terminal/process";
import { neutralEnvironment } from "../rehearsal/machine/neutral-environment";
import { terraformConfigFile } from "../terraform/mirrors";
import { outputOf } from "../rehearsal/machine/programs";
import { provideMoto, provideTerraform } from "../rehearsal/machine/tools";
import { measure } from "./measure";
import { fillIn, withRun, type ProvenRun } from "./proven";

const CLONE = resolve(__dirname, "..");
const RUNS = join(CLONE, "docs", "proven.json");
const PAGE = join(CLONE, "docs", "proven.md");

/** What each of the project's scripts uses besides Node. */
const USES = {
  "test:unit": [],
  "test:host": ["kubectl", "aws"],
  "test:e2e": ["terraform", "moto", "kubectl", "aws"],
  "test:rehearsals": ["terraform", "moto", "kubectl", "aws"],
  attacks: ["terraform", "moto", "kubectl", "aws"],
  rehearse: ["terraform", "moto", "kubectl", "aws"],
} as const satisfies Record<string, readonly (keyof typeof VERSIONS)[]>;

/** Versions of a program that this machine has, by the names that the page shows. */
const VERSIONS = {
  terraform: terraformVersions,
  moto: async () => {
    const [program, ...args] = (await provideMoto()).command;
    // A virtual environment has its Python beside moto_server.
    const python = args.length > 0 ? program : join(dirname(program), "python");
    return { moto: told(outputOf(python, ["-c", "import moto; print(moto.__version__)"]), /^(\S+)$/m) };
  },
  kubectl: () => Promise.resolve({ kubectl: ownKubectlVersion() }),
  aws: () => Promise.resolve({ "AWS CLI": told(outputOf("aws", ["--version"]), /aws-cli\/(\S+)/) }),
};

/** What a run says of itself that counts, each of them on a line of its own. */
const SAID =
  /^(?:\d+ passed, \d+ failed.*|apply: \d+ created|nothing to add, to change or to destroy|\d+ errors?, \d+ warnings?(?=,|$)|destroy: \d+ destroyed|nothing is left|The rehearsal went well)/gm;

/** Terraform's or OpenTofu's version, and that of the AWS provider which it installs for the stack. */
async function terraformVersions(): Promise<Record<string, string>> {
  const folder = mkdtempSync(join(tmpdir(), "eks-prove-"));
  try {
    const [terraform] = (await provideTerraform()).command;
    const configFile = terraformConfigFile(join(folder, "terraformrc"));
    const env = {
      ...neutralEnvironment(),
      CDKTF_OUTDIR: join(folder, "cdktf.out"),
      ...(configFile !== undefined && { TF_CLI_CONFIG_FILE: configFile }),
    };
    await measure([process.execPath, "--require", "./bin/typescript.cjs", "main.ts"], CLONE, env);
    const stack = `-chdir=${join(folder, "cdktf.out", "stacks", "eks")}`;
    await measure([terraform, stack, "init", "-input=false"], folder, env);
    const version = outputOf(terraform, [stack, "version"]);
    const name = version?.startsWith("OpenTofu") === true ? "OpenTofu" : "Terraform";
    return {
      [name]: told(version, /^\w+ v(\S+)/),
      "AWS provider": told(version, /provider registry\.\S+\/hashicorp\/aws v(\S+)/),
    };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** @throws Error when a program did not say its version */
function told(output: string | undefined, pattern: RegExp): string {
  const [, version] = pattern.exec(output ?? "") ?? [];
  if (version === undefined) throw new Error(`no version in ${JSON.stringify(output ?? "what it printed: nothing")}`);
  return version;
}

/** Runs a command in the clone, and shows what it prints. */
async function run(command: readonly string[]): Promise<{ readonly code: number; readonly output: string }> {
  const [program = "", ...args] = command;
  const child = spawn(program, args, { cwd: CLONE, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  for (const [from, to] of [
    [child.stdout, process.stdout],
    [child.stderr, process.stderr],
  ] as const) {
    from.on("data", (chunk: Buffer) => {
      to.write(chunk);
      output += chunk.toString();
    });
  }
  const code = await new Promise<number>((done, fail) => {
    child.once("error", fail).once("close", (ended) => {
      done(ended ?? 1);
    });
  });
  return { code, output };
}

/**
 * `npm run prove -- SCRIPT [ARGUMENT …]`: runs one of the project's scripts with the Node, Terraform and emulator that are
 * chosen by PATH and environment, and writes on what and with which result into docs/proven.md. What fails is written
 * too.
 */
async function main(): Promise<void> {
  const [script = "", ...args] = process.argv.slice(2);
  if (!Object.hasOwn(USES, script)) {
    throw new Error(`say which script to run, one of ${Object.keys(USES).join(", ")}, got ${JSON.stringify(script)}`);
  }
  const versions = await Promise.all(USES[script as keyof typeof USES].map((name) => VERSIONS[name]()));
  const on = Object.assign({ Node: process.versions.node }, ...versions) as Record<string, string>;
  const typed = ["npm", "run", script, ...(args.length > 0 ? ["--", ...args] : [])];
  const { code, output } = await run(typed);
  const said = [...new Set(output.match(SAID) ?? [])].join("; ");
  const proven: ProvenRun = {
    command: typed.join(" "),
    on,
    result: code === 0 ? said : [`exit code ${String(code)}`, said].filter((part) => part !== "").join("; "),
    date: new Date().toISOString().slice(0, 10),
  };
  const runs = withRun(JSON.parse(readFileSync(RUNS, "utf8")) as ProvenRun[], proven);
  writeFileSync(RUNS, `${JSON.stringify(runs, undefined, 2)}\n`);
  writeFileSync(PAGE, fillIn(readFileSync(PAGE, "utf8"), runs));
  process.exitCode = code;
}

runProgram(main);
