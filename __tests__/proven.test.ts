import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";

import { scoresIn, testsOf, unscored, withScores } from "../bench/mutate";
import { fillIn, withRun, type ProvenRun } from "../bench/proven";
import { AWS_PROVIDER_COMPARED } from "../facts/provider-versions";

const DOCS = resolve(__dirname, "../docs");
const PAGE = readFileSync(join(DOCS, "proven.md"), "utf8");
const RUNS = JSON.parse(readFileSync(join(DOCS, "proven.json"), "utf8")) as ProvenRun[];
const SCORES = JSON.parse(readFileSync(join(DOCS, "mutation.json"), "utf8")) as Parameters<typeof withScores>[1];

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

  it("says which faults the tests have noticed, in files that are there", () => {
    expect(PAGE).toBe(withScores(PAGE, SCORES));
    expect(Object.keys(SCORES).filter((file) => !existsSync(join(DOCS, "..", file)))).toEqual([]);
  });

  it("has a reason for each fault that no test has noticed, of which there are few", () => {
    const unexplained = Object.entries(SCORES).flatMap(([file, { survivors }]) =>
      survivors.flatMap(({ line, reason = "" }) => (reason === "" ? [`${file}:${String(line)}`] : [])),
    );

    expect(unexplained).toEqual([]);
    for (const { killed, survivors } of Object.values(SCORES)) {
      expect(killed).toBeGreaterThanOrEqual(0.85 * (killed + survivors.length));
    }
  });

  it("counts a fault as noticed that turns a test red or makes it hang, and none that does not run", () => {
    const source = "a\nif (x)\n  y;\n";
    const at = { start: { line: 2, column: 5 }, end: { line: 3, column: 4 } };
    const mutants = ["Killed", "Timeout", "Survived", "NoCoverage", "Ignored", "RuntimeError"].map((status) => ({
      status,
      location: at,
      replacement: status,
    }));
    const known = { line: 9, code: "x) y", became: "NoCoverage", reason: "nobody sees y" };
    const scores = scoresIn(
      { files: { "a.ts": { source, mutants } } },
      { "a.ts": { text: "", killed: 0, survivors: [known] } },
    );

    expect(scores).toEqual({
      "a.ts": {
        // printf 'a\nif (x)\n  y;\n' | sha256sum
        text: "d458adc162f2",
        killed: 2,
        survivors: [
          { line: 2, code: "x) y", became: "Survived" },
          { line: 2, code: "x) y", became: "NoCoverage", reason: "nobody sees y" },
        ],
      },
    });
  });

  it("scores a file anew when its text is another one, and none that costs nobody anything", () => {
    const scores = { "facts/cidr.ts": { text: "369b74f2003c", killed: 1, survivors: [] } };

    expect(unscored({ "facts/cidr.ts": "as it was", "facts/pods.ts": "new", "cli/ssh.ts": "" }, scores)).toEqual([
      "facts/pods.ts",
    ]);
    expect(unscored({ "facts/cidr.ts": "changed" }, scores)).toEqual(["facts/cidr.ts"]);
  });

  it.each([
    ["of its name in its room", "cli/plan/guard.ts", ["__tests__/cli/guard.test.ts"]],
    ["and its properties", "bootstrap/ssh/known-hosts.ts", ["__tests__/bootstrap/ssh/known-hosts.properties.test.ts"]],
    ["that are named for it", "cli/doctor/node-rules.ts", ["__tests__/cli/doctor.test.ts"]],
    ["that there are none", "aws/groups.ts", []],
  ])("judges a file by the tests %s", (_, file, tests) => {
    const all = ["cli/guard", "cli/doctor", "bootstrap/ssh/known-hosts.properties", "facts/guard"];

    expect(
      testsOf(
        file,
        all.map((name) => `__tests__/${name}.test.ts`),
      ),
    ).toEqual(tests);
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
