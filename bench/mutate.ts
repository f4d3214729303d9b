import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { basename, join, resolve } from "node:path";

import { filled, table, writeFormatted } from "./page";

const CLONE = resolve(__dirname, "..");
const REPORT = join(CLONE, ".cache", "mutation", "report.json");
const SCORES = join(CLONE, "docs", "mutation.json");
const PAGE = join(CLONE, "docs", "proven.md");

/** A fault that turned no test red. */
export interface Survivor {
  readonly line: number;
  /** What stands there, and what stood there with the fault; a text of several lines in one. */
  readonly code: string;
  readonly became: string;
  /** Why no test has to notice it, typed by hand: a run keeps it as long as the code and the fault are the same. */
  readonly reason?: string;
}

/** Of a file: how many of the faults that were put in turned a test red, and those that did not. */
export interface Score {
  /** Of which text of the file: the first twelve digits of its SHA-256. */
  readonly text: string;
  readonly killed: number;
  readonly survivors: readonly Survivor[];
}

type Scores = Readonly<Record<string, Score>>;

interface Place {
  readonly line: number;
  /** From 1. */
  readonly column: number;
}

/** What Stryker writes of each fault. @see https://github.com/stryker-mutator/mutation-testing-elements */
interface Report {
  readonly files: Readonly<
    Record<
      string,
      {
        readonly source: string;
        readonly mutants: readonly {
          readonly status: string;
          readonly location: { readonly start: Place; readonly end: Place };
          readonly replacement?: string;
        }[];
      }
    >
  >;
}

/**
 * Each file's score; a fault that makes a test hang is noticed, one that does not compile or was left out counts nowhere.
 *
 * @param known scores of an earlier run, whose reasons are kept
 */
export function scoresIn({ files }: Report, known: Scores): Scores {
  return Object.fromEntries(
    Object.entries(files).map(([file, { source, mutants }]) => {
      const of = (...statuses: string[]) => mutants.filter(({ status }) => statuses.includes(status));
      const reasons = [...(known[file]?.survivors ?? [])];
      const survivors = of("Survived", "NoCoverage")
        .map(({ location: { start, end }, replacement = "" }) => ({
          line: start.line,
          code: inOneLine(source.slice(offsetOf(source, start), offsetOf(source, end))),
          became: inOneLine(replacement),
        }))
        .sort((one, other) => one.line - other.line)
        .map((survivor): Survivor => {
          const at = reasons.findIndex(({ code, became }) => code === survivor.code && became === survivor.became);
          const [same] = at === -1 ? [] : reasons.splice(at, 1);
          return same?.reason === undefined ? survivor : { ...survivor, reason: same.reason };
        });
      return [file, { text: textOf(source), killed: of("Killed", "Timeout").length, survivors }];
    }),
  );
}

function textOf(source: string): string {
  return createHash("sha256").update(source).digest("hex").slice(0, 12);
}

function offsetOf(source: string, { line, column }: Place): number {
  const before = source.split("\n").slice(0, line - 1);
  return before.reduce((sum, { length }) => sum + length + 1, 0) + column - 1;
}

function inOneLine(code: string): string {
  return code.replaceAll(/\s+/g, " ");
}

/** The page with a row for each file. */
export function withScores(page: string, scores: Scores): string {
  const rows = Object.entries(scores)
    .filter(([, { killed, survivors }]) => killed + survivors.length > 0)
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([file, { killed, survivors }]) => {
      const all = killed + survivors.length;
      return [`\`${file}\``, String(all), String(killed), `${String(Math.floor((killed / all) * 100))} %`];
    });
  return filled(page, "npm run mutate", table([["file", "faults", "noticed", "share"], ...rows]));
}

/** The files in which a wrong sign costs somebody money or access. */
const JUDGED = [
  /^bootstrap\/ssh\/(host-key-policy|known-hosts|revoked-keys)\.ts$/,
  /^cli\/destroy\/(ownership|removal-plan|stack-remains)\.ts$/,
  /^cli\/doctor\/.*-rules\.ts$/,
  /^cli\/plan\/(cluster-guard|guard|guarded-types|refusal)\.ts$/,
  /^contract\/.*\.ts$/,
  /^facts\/.*\.ts$/,
  /^rehearsal\/joining\/rules\.ts$/,
];

/** Those of the files to be judged that have no score, or another text than the one that was scored. */
export function unscored(files: Readonly<Record<string, string>>, scores: Scores): readonly string[] {
  return Object.entries(files)
    .filter(([file]) => JUDGED.some((judged) => judged.test(file)))
    .flatMap(([file, source]) => (scores[file]?.text === textOf(source) ? [] : [file]));
}

/** Tests that judge files beside those of their names, by how the files' paths begin. */
const TESTS: readonly (readonly [start: string, test: string])[] = [
  ["cli/destroy/ownership.ts", "__tests__/cli/leftovers"],
  ["cli/plan/cluster-guard.ts", "__tests__/cli/guard"],
  ["cli/doctor/", "__tests__/cli/doctor"],
  ["contract/handover.ts", "__tests__/contract/outputs"],
  ["contract/inputs/", "__tests__/terraform/tfvars"],
  ["facts/policy.ts", "__tests__/modules/policies"],
  ["facts/yaml-edits.ts", "__tests__/facts/aws-auth"],
];

/**
 * The tests that judge a file: those of its name, in its room, and those that are named for it. Others that happen to run
 * through it would take ten times as long, and whoever changes the file looks at these.
 */
export function testsOf(file: string, tests: readonly string[]): readonly string[] {
  const [room = "", ...rest] = file.replace(/\.ts$/, "").split("/");
  const name = rest.at(-1) ?? "";
  const more = TESTS.flatMap(([start, test]) => (file.startsWith(start) ? [test] : []));
  return tests.filter(
    (test) =>
      (test.startsWith(`__tests__/${room}/`) && [name, `${name}.properties`].includes(basename(test, ".test.ts"))) ||
      more.some((start) => test.startsWith(`${start}.`)),
  );
}

/**
 * `npm run mutate [-- FILE…]`: has Stryker put faults into files, one file after the other, runs the tests of the file on each
 * fault, and writes the scores into docs/proven.md. Without FILE, all that has changed since it was scored, or never was.
 */
async function main(): Promise<void> {
  const tests = filesBelow("__tests__").filter((name) => name.endsWith(".test.ts"));
  const given = process.argv.slice(2);
  const sources = ["bootstrap", "cli", "contract", "facts", "rehearsal"].flatMap(filesBelow);
  const texts = Object.fromEntries(sources.map((file) => [file, readFileSync(join(CLONE, file), "utf8")]));
  for (const file of given.length > 0 ? given : unscored(texts, readScores())) {
    const own = testsOf(file, tests);
    if (own.length === 0) {
      console.log(`no test is named for ${file}`);
      continue;
    }
    rmSync(REPORT, { force: true });
    const matched = JSON.stringify(own.map((test) => `<rootDir>/${test}`));
    const env = { EKS_PROPERTY_RUNS: "10", ...process.env, EKS_MUTATION_TESTS: matched };
    const args = ["--no-install", "stryker", "run", "bench/mutation.config.mjs", "--mutate", file];
    const { status } = spawnSync("npx", args, { cwd: CLONE, env, stdio: "inherit" });
    if (!existsSync(REPORT)) process.exit(status ?? 1);
    const known = readScores();
    const scores = { ...known, ...scoresIn(JSON.parse(readFileSync(REPORT, "utf8")) as Report, known) };
    await writeFormatted(SCORES, JSON.stringify(scores));
    await writeFormatted(PAGE, withScores(readFileSync(PAGE, "utf8"), scores));
  }
}

function filesBelow(folder: string): readonly string[] {
  return readdirSync(join(CLONE, folder), { recursive: true, encoding: "utf8" })
    .map((name) => join(folder, name))
    .filter((name) => name.endsWith(".ts"));
}

function readScores(): Scores {
  return JSON.parse(readFileSync(SCORES, "utf8")) as Scores;
}

if (require.main === module) void main();
