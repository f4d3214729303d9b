"use strict";

const { jest } = require("../package.json");

const unit = jest.projects.find(({ displayName }) => displayName === "unit");

/** The tests of the file that `npm run mutate` puts faults into. */
module.exports = {
  ...unit,
  rootDir: "..",
  testMatch: JSON.parse(process.env.EKS_MUTATION_TESTS),
  testEnvironment: require.resolve("./mutation-environment.cjs"),
};
