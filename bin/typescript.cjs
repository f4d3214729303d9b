"use strict";
/**
 * TypeScript for `node --require`: sucrase, whose work is kept in .cache/typescript, since it takes longer than all else
 * that a short command does. A file that has changed is another file there, by its checksum.
 */
const { createHash } = require("node:crypto");
const { mkdirSync, readFileSync, renameSync, writeFileSync } = require("node:fs");
const { enableCompileCache } = require("node:module");
const { extname, join } = require("node:path");
const { addHook } = require("pirates");
const { version } = require("sucrase/package.json");

require("./aws-sdk.cjs");

const CACHE = join(__dirname, "..", ".cache", "typescript");

// Node 22 and newer keep the compiled code of every package, too (https://nodejs.org/api/module.html#module-compile-cache).
enableCompileCache?.(join(__dirname, "..", ".cache", "node"));

addHook(compiled, { exts: [".ts"], ignoreNodeModules: true });

function compiled(code, filePath) {
  const key = createHash("sha256").update(`${version}\0${filePath}\0${code}`).digest("hex");
  const file = join(CACHE, `${key}.js`);
  try {
    return readFileSync(file, "utf8");
  } catch {
    const made = transform(code, filePath);
    keep(file, made);
    return made;
  }
}

function transform(code, filePath) {
  const { code: made, sourceMap } = require("sucrase").transform(code, {
    transforms: ["imports", "typescript"],
    sourceMapOptions: { compiledFilename: filePath },
    filePath,
  });
  const map = Buffer.from(JSON.stringify(sourceMap)).toString("base64");
  return `${made}\n//# sourceMappingURL=data:application/json;charset=utf-8;base64,${map}`;
}

/** Whole or not at all, for others may be reading; where nothing can be written, the next start takes as long again. */
function keep(file, made) {
  const part = `${file}.${process.pid}${extname(file)}`;
  try {
    mkdirSync(CACHE, { recursive: true });
    writeFileSync(part, made);
    renameSync(part, file);
  } catch {
    // A checkout that cannot be written to.
  }
}
