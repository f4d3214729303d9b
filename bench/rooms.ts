import { readFileSync } from "node:fs";
import { join, posix, relative } from "node:path";

import * as ts from "typescript";

/** The files of the project that each file imports: paths from the project's folder, such as `cli/up.ts`. */
export type Imports = ReadonlyMap<string, readonly string[]>;

/**
 * What each TypeScript file imports. An import of types counts, and so does a `require` or an `import()` in the middle of
 * a function.
 *
 * @param clone the project's folder, whose `tsconfig.json` says where the files are
 * @param isWanted which files are read; those that are not are not in the result
 */
export function readImports(clone: string, isWanted = (file: string) => !file.startsWith("__tests__/")): Imports {
  const { config } = ts.readConfigFile(join(clone, "tsconfig.json"), (path) => ts.sys.readFile(path)) as {
    config: unknown;
  };
  const files = ts
    .parseJsonConfigFileContent(config, ts.sys, clone)
    .fileNames.map((path) => relative(clone, path))
    .filter(isWanted);
  return new Map(files.sort().map((file) => [file, importsIn(file, readFileSync(join(clone, file), "utf8"))]));
}

/**
 * The files that a file of the project imports.
 *
 * @param file its path from the project's folder
 */
export function importsIn(file: string, text: string): string[] {
  const found = ts.preProcessFile(text, true, true).importedFiles.map(({ fileName }) => fileName);
  const own = found.filter((name) => name.startsWith("."));
  return own.map((name) => {
    const path = posix.join(posix.dirname(file), name);
    return posix.extname(path) === ".json" ? path : `${path}.ts`;
  });
}

/** The room of a file: its top folder; a file at the top is a room of its own. */
function roomOf(file: string): string {
  return file.split("/")[0] ?? file;
}

/**
 * The rooms as a graph in Mermaid's language, with an arrow from each room to each one that it imports from. `bench/` is
 * left out: nothing of the product imports it.
 *
 * @see https://mermaid.js.org/syntax/flowchart.html
 */
export function picture(imports: Imports): string {
  const arrows = [...imports].flatMap(([file, imported]) =>
    imported.map((other) => [roomOf(file), roomOf(other)] as const).filter(([from, to]) => from !== to),
  );
  const lines = arrows.filter(([from]) => from !== "bench").map(([from, to]) => `  ${from} --> ${to}`);
  return ["```mermaid", "graph TD", ...[...new Set(lines)].sort(), "```"].join("\n");
}

/** The files, and all files that import them, directly or by others. */
export function withImporters(files: readonly string[], imports: Imports): ReadonlySet<string> {
  const found = new Set(files);
  // A set that grows is walked to its new end.
  for (const file of found) {
    for (const [importer, imported] of imports) if (imported.includes(file)) found.add(importer);
  }
  return found;
}

/** The first circle of files that import each other, as its way round: `a.ts b.ts a.ts`; undefined when there is none. */
export function circle(imports: Imports): string[] | undefined {
  const done = new Set<string>();
  const search = (file: string, way: readonly string[]): string[] | undefined => {
    if (way.includes(file)) return [...way.slice(way.indexOf(file)), file];
    if (done.has(file)) return undefined;
    for (const imported of imports.get(file) ?? []) {
      const found = search(imported, [...way, file]);
      if (found !== undefined) return found;
    }
    done.add(file);
    return undefined;
  };
  for (const file of imports.keys()) {
    const found = search(file, []);
    if (found !== undefined) return found;
  }
  return undefined;
}
