import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { copyTfvars, foreignTfvars, shareLocks } from "../../terraform/stack-folder";

let project: string;
let outdir: string;
let stack: string;

beforeEach(() => {
  project = mkdtempSync(join(tmpdir(), "eks-test-project-"));
  outdir = join(project, "cdktf.out");
  stack = join(outdir, "stacks", "eks");
  mkdirSync(stack, { recursive: true });
});
afterEach(() => {
  rmSync(project, { recursive: true });
});

/** What a file says; undefined when there is none. */
const text = (file: string) => (existsSync(file) ? readFileSync(file, "utf8") : undefined);

describe("the lock file of a stack", () => {
  /** Writes it to the project's folder, or to where Terraform runs, as old as is said. */
  function write(where: "project" | "stack", content: string, secondsAgo = 0): void {
    const file = where === "project" ? kept() : used();
    writeFileSync(file, content);
    const then = Date.now() / 1000 - secondsAgo;
    utimesSync(file, then, then);
  }
  const kept = () => join(project, "terraform.eks.lock.hcl");
  const used = () => join(stack, ".terraform.lock.hcl");

  it("is kept in the project's folder once Terraform has written it, and is there for the next one", () => {
    shareLocks(outdir);
    expect([text(kept()), text(used())]).toEqual([undefined, undefined]);

    write("stack", "first");
    shareLocks(outdir);
    expect(text(kept())).toBe("first");

    rmSync(outdir, { recursive: true });
    mkdirSync(stack, { recursive: true });
    shareLocks(outdir);
    expect(text(used())).toBe("first");
  });

  it.each([
    ["the project's, which somebody has pulled", 0, 60, "project"],
    ["the stack's, which init has written", 60, 0, "stack"],
  ])("is the newer of two: %s", (_, projectsAge, stacksAge, newer) => {
    write("project", "project", projectsAge);
    write("stack", "stack", stacksAge);

    shareLocks(outdir);

    expect([text(kept()), text(used())]).toEqual([newer, newer]);
  });

  it("is another one for each stack, which have providers of their own", () => {
    const kubernetes = join(outdir, "stacks", "eks-kubernetes");
    mkdirSync(kubernetes);
    writeFileSync(join(kubernetes, ".terraform.lock.hcl"), "kubernetes");
    write("stack", "eks");

    shareLocks(outdir);

    expect(text(kept())).toBe("eks");
    expect(text(join(project, "terraform.eks-kubernetes.lock.hcl"))).toBe("kubernetes");
  });

  it("is nothing where nothing was synthesized", () => {
    rmSync(outdir, { recursive: true });

    shareLocks(outdir);

    expect(existsSync(outdir)).toBe(false);
  });
});

describe("the values that Terraform reads by itself", () => {
  it("are beside the JSON, and are the project's of now", () => {
    const names = ["pins.auto.tfvars", "a.auto.tfvars.json", "terraform.tfvars", "terraform.tfvars.json"];
    for (const name of names) writeFileSync(join(project, name), `first of ${name}`);
    writeFileSync(join(project, "local.tfvars"), "not by itself");
    mkdirSync(join(project, "folder.auto.tfvars"));

    copyTfvars(outdir);
    expect(names.map((name) => text(join(stack, name)))).toEqual(names.map((name) => `first of ${name}`));
    expect(["local.tfvars", "folder.auto.tfvars"].filter((name) => existsSync(join(stack, name)))).toEqual([]);

    writeFileSync(join(project, "pins.auto.tfvars"), "second");
    for (const name of names.slice(1)) rmSync(join(project, name));
    copyTfvars(outdir);
    expect(names.map((name) => text(join(stack, name)))).toEqual(["second", undefined, undefined, undefined]);
  });

  it("leave those alone that somebody has put there by hand", () => {
    writeFileSync(join(stack, "own.auto.tfvars"), "by hand");
    writeFileSync(join(project, "pins.auto.tfvars"), "pins");

    copyTfvars(outdir);
    rmSync(join(project, "pins.auto.tfvars"));
    copyTfvars(outdir);

    expect(text(join(stack, "own.auto.tfvars"))).toBe("by hand");
    expect(text(join(stack, "pins.auto.tfvars"))).toBeUndefined();
  });

  it("are foreign when they are neither copies nor the project's", () => {
    expect(foreignTfvars(join(project, "nowhere"))).toEqual([]);
    for (const name of ["pins.auto.tfvars", "gone.auto.tfvars"]) writeFileSync(join(project, name), "");
    copyTfvars(outdir);
    rmSync(join(project, "gone.auto.tfvars"));
    writeFileSync(join(project, "terraform.tfvars"), "the project's");
    for (const name of ["terraform.tfvars", "own.auto.tfvars.json", "local.tfvars"])
      writeFileSync(join(stack, name), "");

    expect(foreignTfvars(outdir)).toEqual([join(stack, "own.auto.tfvars.json")]);
  });

  it("are readable for whom they were, and are written anew where they are read-only", () => {
    const file = join(project, "pins.auto.tfvars");
    writeFileSync(file, "first", { mode: 0o400 });
    copyTfvars(outdir);
    rmSync(file);
    writeFileSync(file, "second", { mode: 0o400 });

    copyTfvars(outdir);

    expect(text(join(stack, "pins.auto.tfvars"))).toBe("second");
    expect(statSync(join(stack, "pins.auto.tfvars")).mode & 0o777).toBe(0o400);
  });
});
