import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";

import { INPUTS, inputValues } from "../contract/inputs/inputs";
import { reasonOf, UserError } from "../contract/user-error";
import type { Screen } from "../terminal/screen";
import { counted } from "../terminal/text";
import { terraformProgram } from "../terraform/program";
import { providerNotes } from "../terraform/provider-lock";
import { leftBehind, newLogFile, ownFolder } from "../terraform/own-folder";
import { isEncrypted, managedResources, STATE_FILE } from "../terraform/state";
import { isBrokenOff, stateCopy } from "../terraform/state-copy";
import { lockOf, lockText } from "../terraform/state-lock";
import { Terraform } from "../terraform/terraform";
import {
  readTfvars,
  valuesByName,
  withOwnAddress,
  type TfvarsValues,
  type VariableArgument,
} from "../terraform/tfvars";
import { fetchPage } from "../web/fetch";
import { refuseWrongSettings } from "./bottlerocket";
import { endLeftBehind } from "./left-behind";
import { keepLock, STACK_DIR, synthesized } from "./synthesized";

/** A stack in the current folder, ready for Terraform. */
export interface Stack {
  readonly terraform: Terraform;
  readonly variables: TfvarsValues;
  /** Where what Terraform says is written. */
  readonly logFile: string;
  /** Ends what is done with it. */
  readonly signal: AbortSignal;
}

/**
 * Reads what the user wants of the stack, synthesizes it into the current folder, and initializes Terraform.
 *
 * @param fillIn whether what is not given and can be found out is added
 * @throws UserError for what is wrong with the tfvars, and when Terraform cannot be initialized
 */
export async function prepare(
  given: readonly VariableArgument[],
  fillIn: boolean,
  screen: Screen,
  signal: AbortSignal,
): Promise<Stack> {
  const program = terraformProgram(process.env);
  screen.busy("synthesizing");
  const place = synthesized(process.env);
  const variables = await readVariables(given, fillIn, screen, signal);
  await endLeftBehind(String(variables.values.get("project_name")?.value), fillIn, screen, signal);
  refuseLocked();
  refuseBrokenOff();
  place();
  const logFile = newLogFile();
  const stackDir = resolve(STACK_DIR);
  const folder = ownFolder();
  const terraform = new Terraform({ program, stackDir, environment: process.env, logFile, folder, signal });
  const { isNew } = await screen.step("init", async () => {
    const isNew = await terraform.init();
    return { isNew, said: isNew ? "providers and state are set up" : undefined };
  });
  if (isNew) {
    keepLock();
    for (const note of providerNotes(terraform.lock(), terraform.command())) screen.line(`note: ${note}`);
  }
  return { terraform, variables, logFile, signal };
}

/**
 * Reads what the user wants of the stack.
 *
 * @param fillIn whether what is not given and can be found out is added
 * @throws UserError for what is wrong with the tfvars
 */
export async function readVariables(
  given: readonly VariableArgument[],
  fillIn: boolean,
  screen: Screen,
  signal: AbortSignal,
): Promise<TfvarsValues> {
  const read = (more: readonly VariableArgument[]) =>
    readTfvars({ folder: ".", environment: process.env, arguments: [...given, ...more] }, INPUTS);
  const variables = await read([]);
  screen.lines(variables.notes.map((note) => `note: ${note}`));
  const inputs = inputValues(valuesByName(variables.values));
  // The stack has a rule for this too, but Terraform comes to it only after it has fetched the providers.
  if (inputs.aws_krug_admin_role === null && !inputs.kubectl_own_role) throw noBastionRole();
  // A node that is to go need not boot.
  if (fillIn) refuseWrongSettings(inputs);
  if (fillIn && variables.values.get("kubectl_ssh_cidrs")?.from === "default") {
    screen.busy("asking for this machine's address");
    const own = withOwnAddress(variables.values, await ownAddress(signal));
    if (own !== undefined) {
      screen.line(`note: ${own.said}`);
      return read([own.argument]);
    }
  }
  return variables;
}

/**
 * Refuses to go on without a state that there was: all that was made would be made once more, or left.
 *
 * @throws UserError when somebody else has killed Terraform while it wrote the state
 */
export function refuseBrokenOff(): void {
  // Whoever is at work may just be writing it.
  if (!isBrokenOff(STATE_FILE) || lockOf(STATE_FILE)?.isHeld === true) return;
  if (leftBehind().some(({ folder }) => existsSync(stateCopy(folder)))) {
    throw new UserError(
      `${STATE_FILE} is broken off: Terraform was killed while it wrote it; the next eks plan, up or destroy takes back ` +
        "the last whole one",
    );
  }
  const backup = `${STATE_FILE}.backup`;
  if (!existsSync(backup)) return;
  const text = readFileSync(backup, "utf8");
  const had = isEncrypted(text) ? "what it had" : counted(managedResources(text).length, "resource");
  if (had === "0 resources") return;
  throw new UserError(
    `${STATE_FILE} is broken off: Terraform was killed while it wrote it. Before that run it had ${had}, and ` +
      `\`cp ${backup} ${STATE_FILE}\` takes that back; what that run itself has made is not in there, look for it by its ` +
      'tag Project, as docs/usage.md says under "When something stops half-way"',
  );
}

/** @throws UserError when somebody is at work on a state that is in a file here; Terraform says it of every other */
function refuseLocked(): void {
  const lock = lockOf(STATE_FILE);
  if (lock?.isHeld !== true) return;
  throw new UserError(
    `the stack is locked by ${lockText(lock)}, and nothing was done: wait for it to end, and run the same command again`,
  );
}

function noBastionRole(): UserError {
  return new UserError(
    "aws_krug_admin_role has no value, and the bastion works with it: write the name of an instance profile into " +
      'a file such as local.tfvars, aws_krug_admin_role = "my-role" (`aws iam list-instance-profiles` shows the ' +
      "names), and give that with -var-file local.tfvars; or kubectl_own_role = true, which gives the bastion a role " +
      "of its own",
  );
}

/**
 * This machine's address, as the internet sees it.
 *
 * @param page answers with the address of whoever asks
 * @throws UserError when it cannot be found out, with what to write instead
 * @see https://checkip.amazonaws.com
 */
export async function ownAddress(signal: AbortSignal, page = "https://checkip.amazonaws.com"): Promise<string> {
  try {
    const answer = await fetchPage(page, { signal: AbortSignal.any([signal, AbortSignal.timeout(10_000)]) });
    if (!answer.ok) throw new Error(`HTTP ${String(answer.status)}`);
    return await answer.text();
  } catch (cause) {
    if (signal.aborted) throw new UserError("interrupted: nothing has been done", { exitCode: 130, cause });
    throw new UserError(
      `this machine's address cannot be asked of ${page} (${reasonOf(cause)}); say who ` +
        'may reach the bastion in your tfvars, such as kubectl_ssh_cidrs = ["203.0.113.7/32"]',
      { cause },
    );
  }
}
