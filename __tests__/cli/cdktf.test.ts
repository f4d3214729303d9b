import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

import { run } from "../support/run";

describe("bin/cdktf", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "eks-test-cdktf-"));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  /** Runs it as a Node.js that is called so, and for whose machine code (`modules`) cdktf may have no build. */
  function runAs(versions: { readonly node: string; readonly modules: string }, ...args: string[]) {
    const preload = join(folder, "preload.cjs");
    writeFileSync(
      preload,
      `Object.defineProperty(process, "versions", { value: { ...process.versions, ...${JSON.stringify(versions)} } });`,
    );
    const node = ["--require", preload, resolve("bin/cdktf"), ...args];
    return run(process.execPath, node, { cwd: folder, env: { PATH: process.env["PATH"] } });
  }

  it("says in one line that cdktf does not start on a Node.js for which it has no build", async () => {
    expect(await runAs({ node: "24.21.0", modules: "137" }, "deploy", "-var-file", "local.tfvars")).toMatchObject({
      code: 1,
      output:
        `error: cdktf's own CLI does not start on Node.js 24.21.0 (${process.platform}-${process.arch}): its part node-pty ` +
        "has no build for that; use Node.js 20 or 22, or eks or terraform instead of cdktf, or compile it: npm rebuild " +
        "@cdktf/node-pty-prebuilt-multiarch --ignore-scripts=false\n",
    });
  });

  // Node.js 22 is the last one that cdktf has a build for.
  const { node, modules } = process.versions;
  const [said, outcome] =
    Number(node.split(".")[0]) <= 22
      ? ["starts it", { code: 0, output: "0.21.0\n" }]
      : ["says that it does not start", { code: 1, output: expect.stringContaining(`on Node.js ${node} `) as string }];

  it(`${said} on the Node.js that runs this test`, async () => {
    expect(await runAs({ node, modules }, "-version")).toMatchObject(outcome);
  });
});
