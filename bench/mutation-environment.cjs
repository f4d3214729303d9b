"use strict";

const { TestEnvironment } = require("jest-environment-node");

/** Skips the tests that come after one that failed: one is enough to notice a fault, and the others take their time. */
module.exports = class extends TestEnvironment {
  #hasFailed = false;

  handleTestEvent({ name, test }) {
    if (name === "test_fn_failure") this.#hasFailed = true;
    if (name === "test_start" && this.#hasFailed) test.mode = "skip";
  }
};
