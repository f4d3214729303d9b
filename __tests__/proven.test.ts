import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";

import { fillIn, withRun, type ProvenRun } from "../bench/proven";
import { AWS_PROVIDER_COMPARED } from "../facts/provider-versions";

const DOCS = resolve(__dirname, "../docs");
const PAGE = readFileSync(join(DOCS, "proven.md"), "utf8");
const RUNS = JSON.parse(readFileSync(join(DOCS, "proven.json"), "utf8")) as ProvenRun[];

const rehearsal: ProvenRun = {
  command: "npm run rehearse",
  on: { Node: "20.20.2", Terraform: "1.11.4" },
  result: "apply: 40 created",
  date: "2026-11-29",
};

describe("docs/proven.md", () => {
  it("says what the runs have written, and nothing else", () => {
    expect(RUNS.length).toBeGreaterThan(0);
    expect(PAGE).toBe(fillIn(PAGE, RUNS));
  });

  it("names the newest AWS provider whose schema was compared", () => {
    expect(PAGE).toContain(`with the bindings of ${AWS_PROVIDER_COMPARED}:`);
  });

  it("has runs on the Node.js that .nvmrc names", () => {
    const version = readFileSync(join(DOCS, "../.nvmrc"), "utf8").trim();
    const commands = RUNS.filter(({ on }) => on["Node"] === version).map(({ command }) => command);

    expect(commands).toEqual(expect.arrayContaining(["npm run rehearse", "npm run test:unit"]));
  });

  it("takes the newest run of a command on the same programs, and keeps those on others", () => {
    const elsewhere = { ...rehearsal, on: { ...rehearsal.on, Node: "24.0.0" } };
    const failed = { ...rehearsal, result: "exit code 1" };

    expect(withRun([rehearsal, elsewhere], failed)).toEqual([failed, elsewhere]);
  });

  it("refuses a page without a place for the table", () => {
    expect(() => fillIn("# Proven\n", [rehearsal])).toThrow("the page has no lines <!-- written by");
  });
});
