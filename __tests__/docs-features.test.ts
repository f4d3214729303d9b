import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";

import * as ts from "typescript";

import { synthesized } from "./support/synthesized";

const CLONE = resolve(__dirname, "..");

/** A row of one of the tables in docs/features.md, with its cells as they are written. */
interface Row {
  readonly line: number;
  readonly cells: readonly string[];
  readonly feature: string;
  readonly here: string;
  readonly proof: string;
}

/** What the last column says of what is not there. */
const NOTHING = "–";

const ROWS = rows(readFileSync(join(CLONE, "docs/features.md"), "utf8"));

/** Every row of every table, but for headings and the lines under them. */
function rows(page: string): Row[] {
  const lines = page.split("\n").map((text, at) => ({ text, line: at + 1 }));
  return lines.flatMap(({ text, line }, at) => {
    const heading = /^\| *-/.test(lines[at + 1]?.text ?? "");
    if (!text.startsWith("|") || /^\| *-/.test(text) || heading) return [];
    const cells = text.split("|").map((cell) => cell.trim());
    const inner = cells.slice(1, -1);
    const [feature = "", , , , , here = "", proof = ""] = inner;
    return [{ line, cells: inner, feature, here, proof }];
  });
}

/** What stands in backquotes. */
function code(cell: string): string[] {
  return [...cell.matchAll(/`([^`]+)`/g)].map(([, text = ""]) => text);
}

/** Folders of modules with rows for a test beside them: what is planned, and what is refused. */
const ROWS_MODULE = /^[\w/-]+\/(plans|bad-input)\/[\w-]+$/;

/** Files that something made has to be equal to, each named for its scenario. */
const GOLDEN = /^golden\/[\w/-]+$/;

/** The texts among the nodes that `pick` takes of a file, which may be undefined. */
function texts(file: string, pick: (node: ts.Node, source: ts.SourceFile) => ts.Node | undefined): Set<string> {
  const source = ts.createSourceFile(file, readFileSync(file, "utf8"), ts.ScriptTarget.ES2022);
  const found = new Set<string>();
  const visit = (node: ts.Node): void => {
    const picked = pick(node, source);
    if (picked !== undefined && ts.isStringLiteralLike(picked)) found.add(picked.text);
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

/**
 * The titles of the tests and groups of a test file, and those of the rows that `each` gets: the first text of a call
 * of `it…` or `describe…`, and of an array.
 */
function titles(file: string): Set<string> {
  return texts(file, (node, source) => {
    if (ts.isArrayLiteralExpression(node)) return node.elements[0];
    return ts.isCallExpression(node) && /^(it|describe)/.test(node.expression.getText(source))
      ? node.arguments[0]
      : undefined;
  });
}

/**
 * The titles of a module with rows: what a row calls `what`, and the first text of one that is an array of what it is,
 * tfvars, and a message.
 */
function rowTitles(file: string): Set<string> {
  return texts(file, (node, source) => {
    if (ts.isArrayLiteralExpression(node) && node.elements.length === 3) return node.elements[0];
    return ts.isPropertyAssignment(node) && node.name.getText(source) === "what" ? node.initializer : undefined;
  });
}

/** What a proof may be called that names a file, a module with rows, or a folder; undefined when there is none. */
function namesIn(name: string): Set<string> | undefined {
  const path = join(CLONE, "__tests__", name);
  if (GOLDEN.test(name)) return existsSync(path) ? new Set(readdirSync(path)) : undefined;
  if (existsSync(`${path}.test.ts`)) return titles(`${path}.test.ts`);
  return ROWS_MODULE.test(name) && existsSync(`${path}.ts`) ? rowTitles(`${path}.ts`) : undefined;
}

const namesOf = new Map<string, Set<string> | undefined>();

/** Why a proof is none; undefined for one that is. */
function problem(proof: string): string | undefined {
  const [, name = "", words = ""] = /^([\w/-]+) › (.+)$/.exec(proof) ?? [];
  if (name === "") return "is not FILE › WORDS";
  if (!namesOf.has(name)) namesOf.set(name, namesIn(name));
  const known = namesOf.get(name);
  if (known === undefined) return `there is no __tests__/${name}.test.ts, and no rows or golden files called so`;
  return [...known].some((title) => title.includes(words)) ? undefined : `nothing in ${name} is called so`;
}

describe("docs/features.md", () => {
  it("has rows of seven cells, none of them empty", () => {
    expect(ROWS.length).toBeGreaterThan(100);
    expect(ROWS.filter(({ cells }) => cells.length !== 7 || cells.includes(""))).toEqual([]);
  });

  it("names every feature once", () => {
    expect(ROWS.map(({ feature }) => feature).sort()).toEqual([...new Set(ROWS.map(({ feature }) => feature))].sort());
  });

  it("has nothing left to do", () => {
    expect(
      ROWS.filter(({ cells }) => cells.join().includes("TODO")).map(({ feature, proof }) => [feature, proof]),
    ).toEqual([]);
  });

  it("says why of everything that is not there, and proves everything else", () => {
    const absent = ROWS.filter(({ here }) => /\bno\b/.test(here.split(/[:,]/)[0] ?? ""));
    const others = ROWS.filter((row) => !absent.includes(row));

    expect(absent.filter(({ here }) => !/^\*\*no\*\*: \S.{8,}/.test(here)).map(({ feature }) => feature)).toEqual([]);
    expect(absent.filter(({ proof }) => proof !== NOTHING).map(({ feature }) => feature)).toEqual([]);
    expect(others.filter(({ proof }) => proof === NOTHING).map(({ feature }) => feature)).toEqual([]);
  });

  it("proves by tests that there are", () => {
    const proofs = ROWS.filter(({ proof }) => proof !== NOTHING).flatMap(({ feature, proof }) =>
      proof.split("<br>").map((one) => ({ feature, proof: one, problem: problem(one) })),
    );

    expect(proofs.filter((one) => one.problem !== undefined)).toEqual([]);
  });

  it("names variables, fields of them, and outputs that the stack has", () => {
    const { variable, output } = synthesized();
    const missing = ROWS.flatMap(({ feature, here }) =>
      code(here)
        .filter((text) => /^[a-z][a-z0-9_]*(\.[a-z_]+)*$/.test(text))
        .filter((text) => {
          const [name = "", ...fields] = text.split(".");
          if (fields.length === 0 && Object.hasOwn(output, name)) return false;
          const type = variable[name]?.type;
          return type === undefined || !fields.every((field) => new RegExp(`\\b${field}"? *=`).test(type));
        })
        .map((text) => [feature, text]),
    );

    expect(missing).toEqual([]);
  });

  it("names commands and options that eks has", () => {
    const source = ["cli/eks.ts", "bootstrap/options.ts"].map((file) => readFileSync(join(CLONE, file), "utf8")).join();
    const said = ROWS.flatMap(({ here }) => code(here)).filter((text) => /^eks [a-z]/.test(text));
    const missing = said.filter((text) => {
      const [, command = "", option = ""] = text.split(" ");
      return (
        !source.includes(`command("${command}")`) || (/^--\w/.test(option) && !new RegExp(`${option}\\b`).test(source))
      );
    });

    expect(said.length).toBeGreaterThan(10);
    expect(missing).toEqual([]);
  });
});
