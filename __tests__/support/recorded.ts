import { readFileSync } from "node:fs";
import { join } from "node:path";

import type { CommandResult } from "../../bootstrap/engine/host";
import { readPlan, type Plan } from "../../terraform/plan-file";

/** Where `npm run record:plans` writes what Terraform says of plans, and its states. */
export const RECORDED = join(__dirname, "..", "golden");

/** What `terraform show -json` printed of a scenario in bench/plan-scenarios.ts, cut by bench/plan-cut.ts. */
export function recordedText(scenario: string): string {
  return readFileSync(join(RECORDED, "plans", `${scenario}.json`), "utf8");
}

/** A recorded plan, read as the command reads it. */
export function recorded(scenario: string): Plan {
  return readPlan(recordedText(scenario), scenario);
}

/**
 * A recorded plan whose variables have other values.
 *
 * @throws when the plan has no variable of such a name
 */
export function recordedWith(scenario: string, values: Readonly<Record<string, unknown>>): Plan {
  const document = JSON.parse(recordedText(scenario)) as { readonly variables: Record<string, { value: unknown }> };
  for (const [name, value] of Object.entries(values)) {
    const variable = document.variables[name];
    if (variable === undefined) throw new Error(`the plan ${scenario} has no variable ${name}`);
    variable.value = value;
  }
  return readPlan(JSON.stringify(document), scenario);
}

/** What `terraform state pull` printed: the state that a scenario of bench/plan-scenarios.ts names. */
export function recordedState(name: string): string {
  return readFileSync(join(RECORDED, "states", `${name}.json`), "utf8");
}

/** What a program printed when `npm run record:programs` ran it, by bench/record-programs.ts' name of that run. */
export function said(program: string, run: string): CommandResult {
  const { runs } = JSON.parse(readFileSync(join(RECORDED, "programs", `${program}.json`), "utf8")) as {
    readonly runs: Readonly<Record<string, { exitCode: number; stdout: readonly string[]; stderr: readonly string[] }>>;
  };
  const found = runs[run];
  if (found === undefined) throw new Error(`${program} was not recorded with ${run}`);
  return { exitCode: found.exitCode, stdout: found.stdout.join("\n"), stderr: found.stderr.join("\n") };
}
