import { accessSync, constants, realpathSync, statSync } from "node:fs";
import { basename, delimiter, join, resolve } from "node:path";

import { quoted } from "../contract/shell";
import { UserError } from "../contract/user-error";

/** Where people get Terraform. */
export const INSTALL_PAGE = "https://developer.hashicorp.com/terraform/install";

/** The programs to choose from. */
export interface TerraformPrograms {
  /** Whole paths; Terraform first. */
  readonly programs: readonly string[];
  /** The variable that names the only one. */
  readonly namedBy?: string;
}

/**
 * The program that `EKS_TERRAFORM` names, or `TERRAFORM_BINARY_NAME` (cdktf's name for it); else Terraform and
 * OpenTofu, as far as they are on PATH.
 *
 * @throws UserError when a variable names none that can be run
 */
export function terraformPrograms(environment: NodeJS.ProcessEnv): TerraformPrograms {
  for (const namedBy of ["EKS_TERRAFORM", "TERRAFORM_BINARY_NAME"]) {
    const named = environment[namedBy] ?? "";
    if (named === "") continue;
    const path = findProgram(named, environment);
    if (path !== undefined) return { programs: [path], namedBy };
    const where = named.includes("/") ? "no file that can be run" : "no program on PATH";
    throw new UserError(
      `${namedBy} must name Terraform or OpenTofu, got ${named}, which is ${where}: write the path of one, ` +
        `or unset ${namedBy}`,
    );
  }
  return { programs: ["terraform", "tofu"].flatMap((name) => findProgram(name, environment) ?? []) };
}

/** The first of `terraformPrograms`. @throws UserError when there is none that can be run */
export function terraformProgram(environment: NodeJS.ProcessEnv): string {
  const [program] = terraformPrograms(environment).programs;
  if (program !== undefined) return program;
  throw new UserError(
    `neither terraform nor tofu is on PATH: install Terraform (${INSTALL_PAGE}), ` +
      "or name it with EKS_TERRAFORM=/path/to/terraform",
  );
}

/** What a person types into a shell for a program: its name where PATH has it by that, else its path. */
export function typedName(program: string, environment: NodeJS.ProcessEnv): string {
  const name = basename(program);
  return quoted(findProgram(name, environment) === program ? name : program);
}

/**
 * What a person types for the program that `terraformProgram` finds, `terraform` when it finds none. Every message that
 * names one of its commands begins it so.
 */
export function terraformCommand(environment: NodeJS.ProcessEnv = process.env): string {
  try {
    return typedName(terraformProgram(environment), environment);
  } catch (error) {
    if (error instanceof UserError) return "terraform";
    throw error;
  }
}

/**
 * Which of the two a program is, in words: `OpenTofu` for `/usr/bin/tofu`, for a link to that, and for a link of that
 * name to what chooses among versions (`snap`, `mise`).
 */
export function productOf(program: string): "Terraform" | "OpenTofu" {
  const isTofu = [program, realpathSync(program)].some((path) => basename(path).startsWith("tofu"));
  return isTofu ? "OpenTofu" : "Terraform";
}

/**
 * Whole path of a program on PATH, or of one that is given with a path; undefined when there is none that can be run.
 */
export function findProgram(name: string, { PATH = "" }: NodeJS.ProcessEnv = process.env): string | undefined {
  const folders = PATH.split(delimiter).filter((folder) => folder !== "");
  const places = name.includes("/") ? [name] : folders.map((folder) => join(folder, name));
  return places.map((place) => resolve(place)).find(isProgram);
}

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
