import { readdirSync } from "node:fs";
import { join } from "node:path";

import { cutPlan, cutState } from "../bench/plan-cut";
import { COURSES, SCENARIOS } from "../bench/plan-scenarios";
import { RECORDED, recordedState, recordedText } from "./support/recorded";

const scenarios = Object.entries(SCENARIOS);
const namesIn = (kind: string) => readdirSync(join(RECORDED, kind)).sort();

describe("the recorded plans", () => {
  it("are those of the scenarios, each of a name of its own", () => {
    const names = Object.values(COURSES).flatMap(({ stages }) => stages.flatMap(({ plans }) => Object.keys(plans)));

    expect(names).toEqual([...new Set(names)]);
    expect(namesIn("plans")).toEqual(names.map((name) => `${name}.json`).sort());
  });

  it("are Terraform's, each with its version and that of its format", () => {
    for (const [name, { isErrored = false }] of scenarios)
      expect({ name, ...(JSON.parse(recordedText(name)) as object) }).toMatchObject({
        name,
        format_version: expect.stringMatching(/^1\.\d+$/) as string,
        terraform_version: expect.stringMatching(/^1\.\d+\.\d+$/) as string,
        errored: isErrored,
      });
  });

  it("are cut to what is read", () => {
    expect(scenarios.filter(([name]) => cutPlan(recordedText(name)) !== recordedText(name))).toEqual([]);
  });
});

describe("the recorded states", () => {
  const states = scenarios.flatMap(([, { state, killedAt }]) =>
    state === undefined ? [] : [{ state, isKilled: killedAt !== undefined }],
  );

  it("are those that scenarios name, with the lock of an apply that was killed", () => {
    const files = states.flatMap(({ state, isKilled }) => [
      `${state}.json`,
      ...(isKilled ? [`${state}.lock.json`] : []),
    ]);

    expect(namesIn("states")).toEqual(files.sort());
  });

  it.each(states)("are Terraform's, with its version: $state", ({ state }) => {
    expect(JSON.parse(recordedState(state))).toMatchObject({
      version: 4,
      terraform_version: expect.stringMatching(/^1\.\d+\.\d+$/) as string,
    });
    expect(cutState(recordedState(state))).toBe(recordedState(state));
  });
});
