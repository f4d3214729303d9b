import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";

import { readImports, withImporters } from "./rooms";

const CLONE = resolve(__dirname, "..");
const CACHE = join(CLONE, ".cache", "check");

/** What decides how every file is judged. */
const RULES = ["package.json", "package-lock.json", "eslint.config.mjs", "tsconfig.json"];

/** Lines that a git command prints. */
function git(...args: string[]): string[] {
  const { status, stdout } = spawnSync("git", args, { cwd: CLONE, encoding: "utf8" });
  return status === 0 ? stdout.split("\n").filter((line) => line !== "") : [];
}

/** What differs from the main branch, committed or not; on the main branch itself, from the last commit. */
function changedFiles(): string[] {
  const [base = "HEAD"] = git("merge-base", "HEAD", "main");
  return [...git("diff", "--name-only", base), ...git("ls-files", "--others", "--exclude-standard")];
}

/**
 * What the linter has to read: rules that know types judge a file by what it imports, so the importers of a changed file
 * are read with it. Everything, when nothing or a rule has changed.
 */
function toLint(): string[] {
  const changed = changedFiles();
  if (changed.length === 0 || changed.some((file) => RULES.includes(file))) return ["."];
  const imports = readImports(CLONE, () => true);
  const read = [...withImporters(changed, imports)].filter((file) => /\.(ts|[cm]?js)$/.test(file));
  return read.filter((file) => existsSync(join(CLONE, file)));
}

/** Runs a step, and shows what it prints when it fails. @returns whether it has passed */
function step(name: string, command: readonly string[]): boolean {
  const started = Date.now();
  const { status, stdout, stderr } = spawnSync("npx", ["--no-install", ...command], { cwd: CLONE, encoding: "utf8" });
  const seconds = ((Date.now() - started) / 1000).toFixed(0);
  console.log(`${status === 0 ? "passed" : "FAILED"}  ${name} (${seconds} s)`);
  if (status !== 0) console.log(`${stdout}${stderr}`);
  return status === 0;
}

// `npm run check`: what a contributor runs before each commit. All steps run, so that one run shows all that is wrong.
const lint = toLint();
const passed = [
  step("format", ["prettier", "--check", "--cache", `--cache-location=${join(CACHE, "prettier")}`, "."]),
  step("types", ["tsc", "--noEmit", "--incremental", "--tsBuildInfoFile", join(CACHE, "types.tsbuildinfo")]),
  lint.length === 0 || step(lint[0] === "." ? "lint" : `lint of ${String(lint.length)} files`, ["eslint", ...lint]),
  step("unit tests", ["jest", "--ci", "--selectProjects=unit"]),
];
if (passed.includes(false)) process.exitCode = 1;
