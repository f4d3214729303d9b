"use strict";
/**
 * TypeScript for `node --require`: sucrase, whose work is kept in .cache/typescript, since it takes longer than all else
 * that a short command does. A file that has changed is another file there, by its checksum.
 */
const { engines } = require("../package.json");
const [, wanted] = /^>=(\d+\.\d+)$/.exec(engines.node);
const [major, minor] = process.versions.node.split(".").map(Number);
const [leastMajor, leastMinor] = wanted.split(".").map(Number);
if (major < leastMajor || (major === leastMajor && minor < leastMinor)) {
  console.error(
    `error: Node.js ${wanted} or newer is needed, and this is ${process.versions.node}: install 22 or 24 ` +
      "(https://nodejs.org/en/download), or `nvm install` in the project's folder",
  );
  process.exit(1);
}

const { createHash } = require("node:crypto");
const { chmodSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } = require("node:fs");
const { enableCompileCache } = require("node:module");
const { extname, join } = require("node:path");
const { isMainThread } = require("node:worker_threads");
const { addHook } = require("pirates");
const { version } = require("sucrase/package.json");

require("./aws-sdk.cjs");

const CACHES = join(__dirname, "..", ".cache");
const CACHE = join(CACHES, "typescript");

// What is made here is run by the next start, and Terraform's state is among what its children make: nobody else may
// write it, whatever the shell says. A thread has the mask of its process.
if (isMainThread) process.umask(process.umask() | 0o002);
const isOurs = isTakenBack();

// Node 22 and newer keep the compiled code of every package, too (https://nodejs.org/api/module.html#module-compile-cache).
if (isOurs) enableCompileCache?.(join(CACHES, "node"));

addHook(compiled, { exts: [".ts"], ignoreNodeModules: true });

/** Whether nobody else can write the cache: one that anybody could write to may hold anything, and is thrown away. */
function isTakenBack() {
  const isOpen = (folder) => ((statSync(folder, { throwIfNoEntry: false })?.mode ?? 0) & 0o002) !== 0;
  const folders = [CACHE, join(CACHES, "node")];
  try {
    if (![CACHES, ...folders].some(isOpen)) return true;
    if (isOpen(CACHES)) chmodSync(CACHES, 0o755);
    for (const folder of folders) rmSync(folder, { recursive: true, force: true });
    return true;
  } catch {
    // Somebody else's, or no folder.
    return false;
  }
}

function compiled(code, filePath) {
  if (!isOurs) return transform(code, filePath);
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
