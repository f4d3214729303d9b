import { existsSync, readFileSync, rmSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

import { UserError } from "../contract/user-error";
import type { Screen } from "../terminal/screen";
import { Progress, readEvent } from "../terraform/events";
import { GrowingFile } from "../terraform/growing-file";
import { isEncrypted, managedResources, STATE_FILE } from "../terraform/state";
import { takeBack } from "../terraform/state-copy";
import { eventsFile, isAtWork, leftBehind, type LeftBehind, type RunningTerraform } from "../terraform/own-folder";

/** How often it is looked whether Terraform still works, in ms. */
const INTERVAL = 200;

/**
 * Clears up what runs of the command have left in the current folder that were killed (`kill -9`). Terraform outlives them,
 * and writes down what it has begun: it is waited for.
 *
 * @param project the tag by which things are found
 * @param makes whether the command may make things: once more those that Terraform, killed as well, could not write down
 * @throws UserError when the command may make things once more, or is interrupted
 */
export async function endLeftBehind(
  project: string,
  makes: boolean,
  screen: Screen,
  signal: AbortSignal,
): Promise<void> {
  for (const { folder, terraform } of leftBehind()) {
    const lost = terraform && (await whatIsLost({ folder, terraform }, project, screen, signal));
    rmSync(folder, { recursive: true, force: true });
    if (lost === undefined) continue;
    const text = `an earlier run was ended, and Terraform with it: ${lost}`;
    if (makes) throw new UserError(`${text}, and then run the same command again`);
    screen.line(`note: ${text}`);
  }
}

/** Follows Terraform to its end; undefined when it has come to one by itself. */
async function whatIsLost(
  left: LeftBehind & { readonly terraform: RunningTerraform },
  project: string,
  screen: Screen,
  signal: AbortSignal,
): Promise<string | undefined> {
  const { pid, command, lost } = left.terraform;
  const progress = new Progress();
  const events = new GrowingFile(eventsFile(left.folder), (line) => {
    const event = readEvent(line);
    const what = event && progress.told(event);
    if (what !== undefined) screen.busy(`${command} of an earlier run: ${what}`);
  });
  try {
    if (isAtWork(left)) {
      screen.line(`note: an earlier run was ended, and Terraform goes on with its ${command}: this one waits for it`);
      await screen.step(`${command} of an earlier run`, async () => {
        while (isAtWork(left) && !signal.aborted) await sleep(INTERVAL);
        return { said: signal.aborted ? undefined : progress.summary() };
      });
    }
  } finally {
    events.end();
  }
  if (signal.aborted) {
    throw new UserError(
      `interrupted: nothing has been done; Terraform goes on with the ${command} of an earlier run, and ` +
        `\`kill -INT ${String(pid)}\` has it end after what it has begun`,
      { exitCode: 130 },
    );
  }
  if (command !== "apply") return undefined;
  const taken = takeBack(STATE_FILE, left.folder);
  if (taken !== undefined) {
    const what = taken.from === undefined ? "there was no whole one before" : "its last whole state is there again";
    screen.line(
      `note: Terraform was killed while it wrote ${STATE_FILE}: ${what} (what was left of it is in ${STATE_FILE}.broken)`,
    );
  }
  const missing = lostOf(progress, inState());
  return missing.length > 0 ? lostText(lost, missing, project) : undefined;
}

/** Addresses of what the state in the current folder has; undefined where it is somewhere else, or encrypted. */
function inState(): readonly string[] | undefined {
  if (!existsSync(STATE_FILE)) return existsSync(`${STATE_FILE}.broken`) ? [] : undefined;
  const state = readFileSync(STATE_FILE, "utf8");
  return isEncrypted(state) ? undefined : managedResources(state).map(({ address }) => address);
}

/**
 * What Terraform has begun and not ended, and what it has made that is in no state: `create aws_vpc.a`.
 *
 * @param known addresses in the state; undefined where it cannot be read
 */
export function lostOf(progress: Progress, known: readonly string[] | undefined): readonly string[] {
  const made = progress.made().filter((address) => known?.includes(address) === false);
  return [...progress.begun(), ...made.map((address) => `create ${address}`)];
}

/** What to look for after Terraform was killed. @param missing what `lostOf` says */
export function lostText(lost: string, missing: readonly string[], project: string): string {
  return (
    `${lost}${missing.length === 0 ? "" : ` (${missing.join(", ")})`} may exist without being in the state: look for it by ` +
    `its tag, Project=${project}, as docs/usage.md says under "When something stops half-way"`
  );
}
