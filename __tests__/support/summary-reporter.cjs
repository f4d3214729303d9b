"use strict";

/**
 * Ends the run with one line to read, and fails it when a test was skipped on a build server that has all that the
 * end-to-end tests need: a skip nobody sees is a test nobody runs.
 */
module.exports = class SummaryReporter {
  onRunComplete(_, { numPassedTests, numFailedTests, numPendingTests, numTodoTests, numRuntimeErrorTestSuites }) {
    const skipped = numPendingTests + numTodoTests;
    if (skipped > 0 && process.env.CI === "true" && !process.env.EKS_E2E_MISSING) {
      this.error = new Error(`${skipped} tests were skipped although nothing is missing`);
      console.error(`error: ${this.error.message}`);
    }
    const failed = numFailedTests + numRuntimeErrorTestSuites;
    console.log(`${numPassedTests} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`);
  }

  getLastError() {
    return this.error;
  }
};
