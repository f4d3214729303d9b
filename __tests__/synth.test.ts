import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

import { run } from "./support/run";

const CLONE = resolve(__dirname, "..");
const { app } = JSON.parse(readFileSync(join(CLONE, "cdktf.json"), "utf8")) as { app: string };

/** Runs the app command of cdktf.json in a folder of its own that has what a clone has. */
async function synthesizeIn(folder: string, environment: Record<string, string> = {}) {
  for (const name of [
    "bin",
    "cdktf.json",
    "contract",
    "facts",
    "main.ts",
    "modules",
    "node_modules",
    "package.json",
    "terraform",
  ]) {
    symlinkSync(join(CLONE, name), join(folder, name));
  }
  const [program = "", ...args] = app.split(" ");
  return run(program, args, { cwd: folder, env: { PATH: process.env["PATH"], ...environment } });
}

describe("the app command of cdktf.json", () => {
  let folders: string[];

  beforeEach(() => {
    folders = ["eks-test-a-", "eks-test-another-place-"].map((name) => mkdtempSync(join(tmpdir(), name)));
  });

  afterEach(() => {
    for (const folder of folders) rmSync(folder, { recursive: true });
  });

  it("writes the same bytes in any folder", async () => {
    const written = await Promise.all(
      folders.map(async (folder) => {
        expect(await synthesizeIn(folder)).toMatchObject({ code: 0, output: "" });
        return readFileSync(join(folder, "cdktf.out/stacks/eks/cdk.tf.json"), "utf8");
      }),
    );

    expect(written[0]).toBe(written[1]);
    for (const text of [...folders, CLONE]) expect(written[0]).not.toContain(text);
  });

  it("writes one stack, so that cdktf needs no name, and a second one when the context asks for it", async () => {
    const stacksOf = (folder: string) =>
      Object.keys(
        (JSON.parse(readFileSync(join(folder, "cdktf.out/manifest.json"), "utf8")) as { stacks: object }).stacks,
      );
    const [one = "", two = ""] = folders;

    expect(await synthesizeIn(one)).toMatchObject({ code: 0, output: "" });
    const both = await synthesizeIn(two, { CDKTF_CONTEXT_JSON: '{"kubernetes":"true"}' });

    expect(both).toMatchObject({ code: 0, output: "" });
    expect(stacksOf(one)).toEqual(["eks"]);
    expect(stacksOf(two).sort()).toEqual(["eks", "eks-kubernetes"]);
    const [alone, beside] = folders.map((folder) =>
      readFileSync(join(folder, "cdktf.out/stacks/eks/cdk.tf.json"), "utf8"),
    );
    expect(beside).toBe(alone);
  });

  it("puts beside it what Terraform looks for there: the lock file and the values that it reads by itself", async () => {
    const [folder = ""] = folders;
    const beside = (name: string) => readFileSync(join(folder, "cdktf.out/stacks/eks", name), "utf8");
    writeFileSync(join(folder, "pins.auto.tfvars"), 'eks_version = "1.35"\n');
    writeFileSync(join(folder, "terraform.eks.lock.hcl"), "# locked\n");

    expect(await synthesizeIn(folder)).toMatchObject({ code: 0, output: "" });

    expect(beside("pins.auto.tfvars")).toBe('eks_version = "1.35"\n');
    expect(beside(".terraform.lock.hcl")).toBe("# locked\n");
  });

  it("fails with one line when a file cannot be used", async () => {
    const [folder = ""] = folders;
    mkdirSync(join(folder, "terraform.eks.lock.hcl"));

    const { code, output } = await synthesizeIn(folder);

    expect(code).toBe(1);
    expect(output).toMatch(/^error: EISDIR: .*\n$/);
  });

  it("fails with one line when the context asks for what there is not", async () => {
    const [folder = ""] = folders;

    expect(await synthesizeIn(folder, { CDKTF_CONTEXT_JSON: '{"kubernetes":"yes"}' })).toMatchObject({
      code: 64,
      output: 'error: "kubernetes" in the context of cdktf.json must be "true" or "false", or be left out, got "yes"\n',
    });
  });

  it("fails with one line when the environment contradicts itself", async () => {
    const [folder = ""] = folders;
    const ended = await synthesizeIn(folder, { TF_CLOUD_ORGANIZATION: "acme" });

    expect(ended).toMatchObject({
      code: 64,
      output: "error: TF_CLOUD_ORGANIZATION=acme needs TF_WORKSPACE, the name of the workspace in that organization\n",
    });
  });
});
