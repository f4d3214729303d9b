import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";

import { filled } from "../bench/page";
import { circle, importsIn, picture, readImports } from "../bench/rooms";

const CLONE = resolve(__dirname, "..");
const IMPORTS = readImports(CLONE);

describe("the project's files", () => {
  it("are looked at in every room", () => {
    const rooms = new Set([...IMPORTS.keys()].map((file) => file.split("/")[0]));

    expect([...rooms].sort()).toEqual([
      ...["aws", "bench", "bootstrap", "cli", "contract", "facts", "main.ts", "modules", "rehearsal", "terminal"],
      ...["terraform", "web"],
    ]);
  });

  it("import files that there are", () => {
    const missing = [...IMPORTS].flatMap(([file, imported]) =>
      imported
        // A bench may use what the tests have.
        .filter((other) => !other.endsWith(".json") && !other.startsWith("__tests__/") && !IMPORTS.has(other))
        .map((other) => [file, other]),
    );

    expect(missing).toEqual([]);
  });

  it("do not import each other, directly or through others", () => {
    expect(circle(IMPORTS)).toBeUndefined();
  });

  it("are drawn in ARCHITECTURE.md as they import each other (else: npm run docs:rooms)", () => {
    const page = readFileSync(join(CLONE, "ARCHITECTURE.md"), "utf8");

    expect(page).toBe(filled(page, "npm run docs:rooms", picture(IMPORTS)));
  });
});

describe("the imports of a file", () => {
  it.each([
    ["a value", 'import { a } from "../facts/a";'],
    ["a type", 'import type { A } from "../facts/a";'],
    ["what it exports again", 'export { a } from "../facts/a";'],
    ["what it loads when it is needed", 'async function f() { await import("../facts/a"); }'],
    ["what it requires", 'function f() { require("../facts/a"); }'],
    ["the type of what it requires", 'function f() { let a: typeof import("../facts/a"); }'],
  ])("have %s", (_, text) => {
    expect(importsIn("cli/up.ts", text)).toEqual(["facts/a.ts"]);
  });

  it("have JSON, and no package", () => {
    expect(importsIn("cli/up.ts", 'import a from "./a.json"; import ts from "typescript";')).toEqual(["cli/a.json"]);
  });
});

describe("the picture", () => {
  const drawn = (imports: Record<string, string[]>) => picture(new Map(Object.entries(imports)));

  it("has an arrow for each room that another one imports from, once", () => {
    const imports = { "cli/a.ts": ["facts/b.ts", "cli/c.ts"], "cli/c.ts": ["facts/b.ts"], "main.ts": ["facts/b.ts"] };

    expect(drawn(imports)).toBe("```mermaid\ngraph TD\n  cli --> facts\n  main.ts --> facts\n```");
  });

  it("leaves out the benches", () => {
    expect(drawn({ "bench/a.ts": ["facts/b.ts"] })).not.toContain("bench");
  });
});

describe("a circle", () => {
  it.each<[what: string, imports: Record<string, string[]>, found: string[] | undefined]>([
    ["is none where two ways lead to one file", { a: ["b", "c"], b: ["d"], c: ["d"], d: [] }, undefined],
    ["is found among two files", { a: ["b"], b: ["a"] }, ["a", "b", "a"]],
    ["is found behind a file that is not in it", { a: ["b"], b: ["c"], c: ["d"], d: ["b"] }, ["b", "c", "d", "b"]],
    ["is a file that imports itself", { a: ["a"] }, ["a", "a"]],
  ])("%s", (_, imports, found) => {
    expect(circle(new Map(Object.entries(imports)))).toEqual(found);
  });
});
