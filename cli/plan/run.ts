import { rmSync } from "node:fs";
import { join } from "node:path";

import { UserError } from "../../contract/user-error";
import type { Screen } from "../../terminal/screen";
import { countByType, Progress, type TerraformEvent } from "../../terraform/events";
import { readPlan, type Plan } from "../../terraform/plan-file";
import { ownFolder } from "../../terraform/own-folder";
import { ApplyKilledError } from "../../terraform/terraform";
import { lostOf, lostText } from "../left-behind";
import type { Stack } from "../stack";

/** Where a plan is saved until the command ends. */
function planFile(): string {
  return join(ownFolder(), "plan");
}

/**
 * Lets Terraform plan, and saves what it plans.
 *
 * @param options of `terraform plan` besides the variables
 * @param said when it is done
 * @returns whether there is something to apply
 * @throws UserError
 */
export async function savePlan(
  { terraform, variables }: Stack,
  screen: Screen,
  options: readonly string[],
  said: string,
): Promise<boolean> {
  const args = [...options, ...variables.terraformArguments];
  const { hasChanges } = await screen.step("plan", async () => ({
    hasChanges: await terraform.plan(args, planFile(), telling(screen, "plan", new Progress())),
    said,
  }));
  return hasChanges;
}

/** Shows what Terraform is busy with. */
function telling(screen: Screen, step: string, progress: Progress): (event: TerraformEvent) => void {
  return (event) => {
    const what = progress.told(event);
    if (what !== undefined) screen.busy(`${step}: ${what}`);
  };
}

/** Reads the plan that is saved. @throws UserError */
export async function savedPlan({ terraform }: Stack): Promise<Plan> {
  return readPlan(await terraform.show(planFile()), "terraform's plan");
}

/** The plan that is saved in Terraform's own words, value by value. @throws UserError */
export async function planInFull({ terraform }: Stack): Promise<string[]> {
  return (await terraform.showInFull(planFile())).trim().split("\n");
}

/** Deletes the plan that is saved, if there is one: it holds every value, also the sensitive ones. */
export function dropPlan(): void {
  rmSync(planFile(), { force: true });
}

/**
 * Applies the plan that is saved; what goes wrong half-way is told with what there is now.
 *
 * @param name of the step, for people
 * @throws UserError
 */
export async function applyPlan(stack: Stack, screen: Screen, name: "apply" | "destroy"): Promise<void> {
  const { terraform, signal, logFile, variables } = stack;
  const product = terraform.product();
  const progress = new Progress();
  const tell = telling(screen, name, progress);
  const interrupted = () => {
    screen.line(
      `interrupted: ${product} finishes what AWS has begun, and writes it into the state; Ctrl-C again would ` +
        "leave that out",
    );
  };
  signal.addEventListener("abort", interrupted);
  try {
    await screen.step(name, async () => {
      await terraform.apply(planFile(), (event) => {
        tell(event);
        if (event.kind === "diagnostic" && event.severity === "warning") screen.line(`warning: ${event.text}`);
      });
      return { said: progress.summary() };
    });
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    const exists = await terraform.state().catch(() => undefined);
    const made = name === "apply" ? await terraform.resources({ goesOn: true }).catch(() => []) : [];
    const halfMade = made.filter(({ isTainted }) => isTainted).map(({ address }) => address);
    // After a kill something may be missing in the state, which has to be looked for first.
    const project = String(variables.values.get("project_name")?.value);
    const first =
      error instanceof ApplyKilledError
        ? `${lostText(error.lost, lostOf(progress, exists), project)}, and then `
        : "mend the cause and ";
    const mend = error.exitCode === 130 ? "" : first;
    const away =
      name === "apply" && exists?.length !== 0 ? "; or `eks destroy`, with the same -var-file, takes it all away" : "";
    throw new UserError(
      `${error.message}\nwhat exists now: ${whatExists(exists)}\n` +
        `what now: ${mend}run the same command again, it goes on from here${away}\n` +
        `${halfMadeText(halfMade, terraform.command())}what ${product} said is in ${logFile}`,
      { exitCode: error.exitCode, cause: error },
    );
  } finally {
    signal.removeEventListener("abort", interrupted);
  }
}

/** What becomes of what was left half made, and how it is kept. */
function halfMadeText(addresses: readonly string[], command: string): string {
  if (addresses.length === 0) return "";
  return (
    `half made: ${addresses.join(", ")}; the next run makes that anew, unless something was made from it already; ` +
    `where AWS has finished it after all, \`${command} untaint ADDRESS\` keeps it\n`
  );
}

function whatExists(addresses: readonly string[] | undefined): string {
  if (addresses === undefined) return "the state cannot be read, so that is not known";
  return addresses.length === 0 ? "nothing" : `${String(addresses.length)} resources: ${countByType(addresses)}`;
}
