import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";

import awsSchema from "../../facts/aws-schema.json";
import { isNewer, isTaken, versionConstraint, versionsInWords } from "../../facts/provider-versions";

const [major = 0, minor = 0] = awsSchema.version.split(".").map(Number);
const proven = (patch: number) => `${String(major)}.${String(minor)}.${String(patch)}`;
const next = `${String(major)}.${String(minor + 1)}.0`;

describe("the versions of a provider that a stack takes", () => {
  it("end with the one whose schema was compared", () => {
    expect(versionConstraint("aws")).toBe(`>= 5.100.0, < ${next}`);
    expect(versionsInWords("aws")).toBe(`from 5.100.0, below ${next}`);
  });

  it("stand in docs/setup.md", () => {
    const page = readFileSync(join(resolve(__dirname, "../.."), "docs/setup.md"), "utf8");

    expect(page).toContain(`**The AWS provider**, 5.100 to ${String(major)}.${String(minor)}:`);
  });

  it.each([
    ["5.100.0", true],
    ["5.99.1", false],
    ["5.9.0", false],
    ["5.1000.0", true],
    ["6.0.0", true],
    [proven(0), true],
    [proven(3), true],
    [proven(12), true],
    [next, false],
    ["7.0.0", false],
    ["6.0.0-beta1", false],
    ["6.0", false],
    ["", false],
  ])("have %s: %s", (version, taken) => {
    expect(isTaken("aws", version)).toBe(taken);
  });
});

it.each([
  ["6.1.0", "6.0.9", true],
  ["6.0.9", "6.1.0", false],
  ["6.1.0", "6.1.0", false],
])("%s is newer than %s: %s", (version, than, is) => {
  expect(isNewer(version, than)).toBe(is);
});
