import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, join, resolve } from "node:path";

import { filled, table } from "./page";

const CLONE = resolve(__dirname, "..");
const REPORT = join(CLONE, ".cache", "mutation", "report.json");
const SCORES = join(CLONE, "docs", "mutation.json");
const PAGE = join(CLONE, "docs", "proven.md");

/** Of a file: how many of the faults that were put in turned a test red, and the lines of those that did not. */
export interface Score {
  readonly killed: number;
  readonly survivors: readonly number[];
}

type Scores = Readonly<Record<string, Score>>;

/** What Stryker writes of each fault. @see https://github.com/stryker-mutator/mutation-testing-elements */
interface Report {
  readonly files: Readonly<
    Record<
      string,
      {
        readonly mutants: readonly {
          readonly status: string;
          readonly location: { readonly start: { line: number } };
        }[];
      }
    >
  >;
}

/** Each file's score; a fault that makes a test hang is noticed, one that does not compile or was left out counts nowhere. */
export function scoresIn({ files }: Report): Scores {
  return Object.fromEntries(
    Object.entries(files).map(([file, { mutants }]) => {
      const lines = (...statuses: string[]) =>
        mutants.filter(({ status }) => statuses.includes(status)).map(({ location }) => location.start.line);
      return [file, { killed: lines("Killed", "Timeout").length, survivors: lines("Survived", "NoCoverage") }];
    }),
  );
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

/** Rooms of files that have no test of their own name, by how their paths begin, and the tests of theirs. */
const TESTS: readonly (readonly [start: string, test: string])[] = [
  ["cli/doctor/", "__tests__/cli/doctor"],
  ["contract/inputs/", "__tests__/terraform/tfvars"],
];

/**
 * The tests that judge a file: those of its name, in its room. Others that happen to run through it would take ten times
 * as long, and whoever changes the file looks at these.
 */
export function testsOf(file: string, tests: readonly string[]): readonly string[] {
  const [room = "", ...rest] = file.replace(/\.ts$/, "").split("/");
  const name = rest.at(-1) ?? "";
  const own = tests.filter(
    (test) =>
      test.startsWith(`__tests__/${room}/`) && [name, `${name}.properties`].includes(basename(test, ".test.ts")),
  );
  if (own.length > 0) return own;
  return TESTS.flatMap(([start, test]) => (file.startsWith(start) ? tests.filter((it) => it.startsWith(test)) : []));
}

/**
 * `npm run mutate [-- FILE…]`: has Stryker put faults into files, one file after the other, runs the tests of the file on each
 * fault, and writes the scores into docs/proven.md. Without FILE, all that docs/mutation.json names.
 */
function main(): void {
  const tests = readdirSync(join(CLONE, "__tests__"), { recursive: true, encoding: "utf8" })
    .map((name) => join("__tests__", name))
    .filter((name) => name.endsWith(".test.ts"));
  const given = process.argv.slice(2);
  for (const file of given.length > 0 ? given : Object.keys(readScores())) {
    const own = testsOf(file, tests);
    if (own.length === 0) throw new Error(`no test is named for ${file}`);
    rmSync(REPORT, { force: true });
    const matched = JSON.stringify(own.map((test) => `<rootDir>/${test}`));
    const env = { EKS_PROPERTY_RUNS: "10", ...process.env, EKS_MUTATION_TESTS: matched };
    const args = ["--no-install", "stryker", "run", "bench/mutation.config.mjs", "--mutate", file];
    const { status } = spawnSync("npx", args, { cwd: CLONE, env, stdio: "inherit" });
    if (!existsSync(REPORT)) process.exit(status ?? 1);
    const scores = { ...readScores(), ...scoresIn(JSON.parse(readFileSync(REPORT, "utf8")) as Report) };
    writeFileSync(SCORES, `${JSON.stringify(scores, undefined, 2)}\n`);
    writeFileSync(PAGE, withScores(readFileSync(PAGE, "utf8"), scores));
  }
}

function readScores(): Scores {
  return JSON.parse(readFileSync(SCORES, "utf8")) as Scores;
}

if (require.main === module) main();
