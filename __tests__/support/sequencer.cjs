"use strict";

const { default: Sequencer } = require("@jest/test-sequencer");

/** What takes longest, which is to begin first: so no worker is idle while one is still at a long one. */
const LONGEST = [
  ...["e2e/destroy", "e2e/network", "e2e/plans", "e2e/bad-input", "e2e/ways-in", "e2e/tfvars", "e2e/adoption"],
  "host/cures",
];

/** After those, as Jest has it: what failed, then by the time of the last run. */
module.exports = class LongestFirst extends Sequencer {
  sort(tests) {
    const rank = ({ path }) => {
      const at = LONGEST.findIndex((name) => path.endsWith(`/${name}.test.ts`));
      return at === -1 ? LONGEST.length : at;
    };
    return [...super.sort(tests)].sort((one, other) => rank(one) - rank(other));
  }
};
