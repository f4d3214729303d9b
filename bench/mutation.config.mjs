/**
 * What `npm run mutate` tells Stryker: each fault that it puts in has to turn a test red.
 *
 * @see https://stryker-mutator.io/docs/stryker-js/configuration/
 * @type {import("@stryker-mutator/api/core").PartialStrykerOptions}
 */
export default {
  testRunner: "jest",
  // The tests are named one by one: to look for those that are related takes longer than to run them.
  jest: { projectType: "custom", configFile: "bench/mutation-jest.cjs", enableFindRelatedTests: false },
  coverageAnalysis: "perTest",
  // A fault in what a file makes when it is loaded takes every test to judge. Those are tables, whose words golden files,
  // the documents and Terraform's own verdicts hold.
  ignoreStatic: true,
  timeoutMS: 5_000,
  dryRunTimeoutMinutes: 20,
  tempDirName: ".cache/mutation/sandbox",
  ignorePatterns: ["cdktf.out", ".git", ".cache"],
  reporters: ["progress-append-only", "clear-text", "json"],
  clearTextReporter: { allowColor: false, logTests: false, reportTests: false },
  jsonReporter: { fileName: ".cache/mutation/report.json" },
  allowConsoleColors: false,
};
