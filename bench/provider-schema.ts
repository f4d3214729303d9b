import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";

import { format, resolveConfig } from "prettier";

import { awsBlocks, readBindings, type BlockSchema, type Kind, type WrittenBlock } from "./provider-bindings";

const CLONE = resolve(__dirname, "..");
const CACHE = join(CLONE, ".cache", "provider-schema");
const BINDINGS = "@cdktn/provider-aws";
const SCHEMA = join(CLONE, "facts", "aws-schema.json");

/** Every choice that adds to the stacks. */
const EVERYTHING = { sshIdentity: "generated", kubernetes: "true" };

/** All that the stacks write of the AWS provider. */
function written(): WrittenBlock[] {
  const outdir = join(CACHE, "out");
  execFileSync(process.execPath, ["--require", "./bin/typescript.cjs", "main.ts"], {
    cwd: CLONE,
    env: { ...process.env, CDKTF_OUTDIR: outdir, CDKTF_CONTEXT_JSON: JSON.stringify(EVERYTHING) },
  });
  return ["eks", "eks-kubernetes"].flatMap((stack) => {
    const text = readFileSync(join(outdir, "stacks", stack, "cdk.tf.json"), "utf8");
    return awsBlocks(JSON.parse(text) as object);
  });
}

/** Where the bindings have a type: `aws_route_table` is `route-table`. */
function moduleOf(kind: Kind, type: string): string {
  const name = type.replace(/^aws_/, "").replaceAll("_", "-");
  return { resource: name, data: `data-aws-${name}`, provider: "provider" }[kind];
}

/** The newest bindings, unpacked: nothing of them is run. @returns their folder */
function newestBindings(): string {
  // npm compares what the registry says of the file with what it gets. Without a tag it would take the newest that says to
  // run on this Node.
  const packed = execFileSync("npm", ["pack", "--json", "--ignore-scripts", `${BINDINGS}@latest`], {
    cwd: CACHE,
    encoding: "utf8",
  });
  const [{ filename }] = JSON.parse(packed) as [{ filename: string }];
  execFileSync("tar", ["-xzf", filename], { cwd: CACHE });
  return join(CACHE, "package");
}

/**
 * `npm run schema:aws`: writes down what the newest AWS provider takes of each block that the stacks write, and its version,
 * up to which the stacks then take one. The bindings of cdktf's successor are made of each new provider, and come from the
 * npm registry.
 */
async function main(): Promise<void> {
  rmSync(CACHE, { recursive: true, force: true });
  mkdirSync(CACHE, { recursive: true });
  try {
    const blocks = written();
    const folder = newestBindings();
    const { version: bindings } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as { version: string };
    const textOf = (kind: Kind, type: string, file: string) =>
      readFileSync(join(folder, "lib", moduleOf(kind, type), file), "utf8");
    const [, version] = /providerVersion: '([\d.]+)'/.exec(textOf("provider", "aws", "index.js")) ?? [];
    const read = (kind: Kind): Record<string, BlockSchema> => {
      const ofKind = blocks.filter((block) => block.kind === kind);
      const types = [...new Set(ofKind.map(({ type }) => type))].sort();
      return Object.fromEntries(
        types.map((type) => {
          const bodies = ofKind.filter((block) => block.type === type).map(({ body }) => body);
          return [type, readBindings(textOf(kind, type, "index.js"), textOf(kind, type, "index.d.ts"), bodies)];
        }),
      );
    };
    const schema = {
      "//": "What the newest AWS provider takes of each block that the stacks write. Written by npm run schema:aws.",
      bindings: `${BINDINGS} ${bindings}`,
      version,
      read: new Date().toISOString().slice(0, 10),
      resource: read("resource"),
      data: read("data"),
      provider: read("provider"),
    };
    const text = await format(JSON.stringify(schema), { ...(await resolveConfig(SCHEMA)), filepath: SCHEMA });
    writeFileSync(SCHEMA, text);
    console.log(`${SCHEMA}: AWS provider ${String(version)}, from ${BINDINGS} ${bindings}`);
  } finally {
    rmSync(CACHE, { recursive: true, force: true });
  }
}

main().catch((error: unknown) => {
  console.error(`error: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
});
