import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const CLONE = resolve(__dirname, "..");
const SUCCESSOR = "npm:cdktn@0.24.0";

/** Runs a command in a folder. @throws when it fails, with all that it printed */
function run(cwd: string, program: string, ...args: string[]): void {
  const { status, stdout, stderr } = spawnSync(program, args, { cwd, encoding: "utf8" });
  if (status !== 0) throw new Error(`${program} ${args.join(" ")} ended with ${String(status)}:\n${stdout}${stderr}`);
}

/** `cdk.tf.json` as both libraries have to write it: all but what they say about themselves. */
function synthesizedIn(folder: string): string {
  run(folder, process.execPath, "--require", "./bin/typescript.cjs", "main.ts");
  const text = readFileSync(join(folder, "cdktf.out/stacks/eks/cdk.tf.json"), "utf8");
  const stack: unknown = JSON.parse(text, (key, value: unknown) => (key === "//" ? undefined : value));
  return JSON.stringify(stack, undefined, 2);
}

/**
 * `npm run check:cdktn`: whether the stack synthesizes to the same JSON under cdktn, cdktf's successor, as under cdktf.
 * Installs cdktn under cdktf's name in a folder of its own, from the npm registry.
 */
function main(): void {
  const folder = mkdtempSync(join(tmpdir(), "eks-cdktn-"));
  try {
    const { dependencies } = JSON.parse(readFileSync(join(CLONE, "package.json"), "utf8")) as {
      dependencies: Record<string, string>;
    };
    const packages: Record<string, string | undefined> = { ...dependencies, cdktf: SUCCESSOR };
    const needed = ["cdktf", "@cdktf/provider-aws", "@cdktf/provider-tls", "constructs", "pirates", "sucrase"] as const;
    const manifest = { private: true, dependencies: Object.fromEntries(needed.map((name) => [name, packages[name]])) };
    writeFileSync(join(folder, "package.json"), JSON.stringify(manifest));
    for (const name of ["bin", "cdktf.json", "contract", "facts", "main.ts", "modules", "terraform", "web"])
      cpSync(join(CLONE, name), join(folder, name), { recursive: true });
    // cdktn is no version of cdktf to npm, which cdktf's providers ask for.
    run(folder, "npm", "install", "--no-audit", "--no-fund", "--ignore-scripts", "--legacy-peer-deps");

    const [cdktf, cdktn] = [synthesizedIn(CLONE), synthesizedIn(folder)];
    if (cdktf === cdktn) {
      console.log(`the same JSON under cdktf ${String(dependencies["cdktf"])} and ${SUCCESSOR}, but for its metadata`);
      return;
    }
    const [left, right] = [cdktf.split("\n"), cdktn.split("\n")];
    const line = left.findIndex((text, i) => text !== right[i]);
    throw new Error(
      `the JSON differs from line ${String(line + 1)} on:\n- ${String(left[line])}\n+ ${String(right[line])}`,
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

try {
  main();
} catch (error) {
  console.error(`error: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
