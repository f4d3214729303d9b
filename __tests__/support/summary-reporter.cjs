"use strict";

const { mkdtempSync, readFileSync, rmSync, writeFileSync } = require("node:fs");
const { tmpdir } = require("node:os");
const { join, relative } = require("node:path");

/** Suites below this many seconds are told in one row. */
const WORTH_A_ROW = 5;

/** Whether the title of a test, or of what it is in, names a need that a set-up has found missing; see needs.ts. */
function isExcused({ ancestorTitles, title }) {
  const missing = Object.keys(JSON.parse(process.env.EKS_TESTS_MISSING ?? "{}"));
  return [...ancestorTitles, title].some((it) => missing.some((need) => it.endsWith(` (needs ${need})`)));
}

/**
 * Ends the run with what each suite took, and one line to read. It fails the run when a build server has skipped a test
 * for anything but what the set-ups have said to be missing: a skip nobody sees is a test nobody runs.
 */
module.exports = class SummaryReporter {
  constructor() {
    this.folder = mkdtempSync(join(tmpdir(), "eks-suite-times-"));
    // The workers write it: suite-times.ts.
    process.env.EKS_SUITE_TIMES = join(this.folder, "times");
    writeFileSync(process.env.EKS_SUITE_TIMES, "");
  }

  onRunComplete(_, { numPassedTests, numFailedTests, numRuntimeErrorTestSuites, testResults }) {
    this.showTimes();
    const tests = testResults.flatMap((suite) => suite.testResults);
    const all = tests.filter(({ status }) => status !== "passed" && status !== "failed");
    const unexcused = all.filter((test) => !isExcused(test)).map(({ fullName }) => fullName);
    if (unexcused.length > 0 && process.env.CI === "true") {
      this.error = new Error(`skipped although nothing that they need is missing:\n  ${unexcused.join("\n  ")}`);
      console.error(`error: ${this.error.message}`);
    }
    const skipped = all.length;
    const failed = numFailedTests + numRuntimeErrorTestSuites;
    console.log(`${numPassedTests} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`);
  }

  /** A suite waits when it and the programs that it ran to their end took less CPU than time. */
  showTimes() {
    const lines = readFileSync(join(this.folder, "times"), "utf8").trim().split("\n");
    rmSync(this.folder, { recursive: true });
    const took = lines.filter((line) => line !== "").map((line) => JSON.parse(line));
    if (took.length < 2) return;
    const [long, short] = [
      took.filter((it) => it.seconds >= WORTH_A_ROW),
      took.filter((it) => it.seconds < WORTH_A_ROW),
    ];
    const sum = (suites, field) => suites.reduce((total, suite) => total + suite[field], 0);
    const all = (name, suites) => ({
      suite: name,
      ...Object.fromEntries(["seconds", "own", "programs"].map((field) => [field, sum(suites, field)])),
    });
    const rows = long
      .map((it) => ({ ...it, suite: relative(process.cwd(), it.suite) }))
      .sort((one, other) => other.seconds - one.seconds)
      .concat(short.length === 0 ? [] : [all(`${short.length} suites under ${WORTH_A_ROW} s`, short)])
      .concat([all(`all ${took.length}, side by side`, took)]);
    console.log("\nseconds   tests' CPU   programs' CPU   waiting   suite");
    for (const { suite, seconds, own, programs } of rows) {
      const waiting = Math.max(0, 100 - Math.round(((own + programs) / seconds) * 100));
      const cells = [seconds.toFixed(0).padStart(7), own.toFixed(0).padStart(10), programs.toFixed(0).padStart(13)];
      console.log(`${cells.join("   ")}   ${`${waiting} %`.padStart(7)}   ${suite}`);
    }
    console.log("");
  }

  getLastError() {
    return this.error;
  }
};
