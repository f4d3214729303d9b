import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

import { findProgram, productOf, terraformCommand, terraformProgram } from "../../terraform/program";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "eks-test-terraform-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

function programAt(path: string, mode = 0o755): string {
  mkdirSync(resolve(path, ".."), { recursive: true });
  writeFileSync(path, "#!/bin/sh\n", { mode });
  return path;
}

describe("a program", () => {
  it("is found in the first folder on PATH where it can be run", () => {
    programAt(join(folder, "no", "tool"), 0o644);
    for (const name of ["yes", "later"]) programAt(join(folder, name, "tool"));
    const PATH = ["no", "nowhere", "", "yes", "later"].map((name) => (name === "" ? "" : join(folder, name))).join(":");

    expect(findProgram("tool", { PATH })).toBe(join(folder, "yes", "tool"));
    expect(findProgram("another", { PATH })).toBeUndefined();
  });

  it("is no folder", () => {
    mkdirSync(join(folder, "tool"));

    expect(findProgram("tool", { PATH: folder })).toBeUndefined();
  });
});

describe("the program that is run", () => {
  it("is terraform, or else tofu, of PATH", () => {
    const tofu = programAt(join(folder, "a", "tofu"));
    const PATH = `/nonexistent:${join(folder, "a")}:${join(folder, "b")}`;

    expect(terraformProgram({ PATH })).toBe(tofu);
    const terraform = programAt(join(folder, "b", "terraform"));
    expect(terraformProgram({ PATH })).toBe(terraform);
    expect(terraformProgram({ PATH, EKS_TERRAFORM: "", TERRAFORM_BINARY_NAME: "tofu" })).toBe(tofu);
    expect(terraformProgram({ PATH, EKS_TERRAFORM: terraform, TERRAFORM_BINARY_NAME: "tofu" })).toBe(terraform);
  });

  it("is found from here, where its path is a relative one", () => {
    const path = programAt(join(folder, "terraform"));

    expect(terraformProgram({ EKS_TERRAFORM: `${process.cwd().replaceAll(/[^/]+/g, "..").slice(1)}${path}` })).toBe(
      path,
    );
  });

  it("is missed with a word on how to get it", () => {
    mkdirSync(join(folder, "terraform"));

    expect(() => terraformProgram({ PATH: folder })).toThrow(
      "neither terraform nor tofu is on PATH: install Terraform (https://developer.hashicorp.com/terraform/install), " +
        "or name it with EKS_TERRAFORM=/path/to/terraform",
    );
  });

  it.each([
    ["nothing", () => join(folder, "none"), "no file that can be run"],
    ["a folder", () => folder, "no file that can be run"],
    ["a file that is no program", () => programAt(join(folder, "text"), 0o644), "no file that can be run"],
    ["a name that is not on PATH", () => "terraforn", "no program on PATH"],
  ])("cannot be %s", (_, named, why) => {
    const name = named();

    expect(() => terraformProgram({ PATH: folder, EKS_TERRAFORM: name })).toThrow(
      `EKS_TERRAFORM must name Terraform or OpenTofu, got ${name}, which is ${why}: write the path of one, or unset EKS_TERRAFORM`,
    );
  });
});

describe("what a person types for it", () => {
  it("is its name where PATH has it, and its path elsewhere", () => {
    const tofu = programAt(join(folder, "a", "tofu"));
    const terraform = programAt(join(folder, "b", "terraform"));
    const PATH = join(folder, "a");

    expect(terraformCommand({ PATH })).toBe("tofu");
    expect(terraformCommand({ PATH, EKS_TERRAFORM: tofu })).toBe("tofu");
    expect(terraformCommand({ PATH, EKS_TERRAFORM: terraform })).toBe(terraform);
  });

  it("is terraform where there is none", () => {
    expect(terraformCommand({ PATH: folder })).toBe("terraform");
  });

  it("is OpenTofu in words, under another name too", () => {
    const tofu = programAt(join(folder, "tofu"));
    const link = join(folder, "terraform");
    symlinkSync(tofu, link);
    const chosen = join(folder, "c", "tofu");
    mkdirSync(join(folder, "c"));
    symlinkSync(programAt(join(folder, "snap")), chosen);

    expect([tofu, link, chosen, programAt(join(folder, "b", "terraform"))].map(productOf)).toEqual([
      "OpenTofu",
      "OpenTofu",
      "OpenTofu",
      "Terraform",
    ]);
  });
});
