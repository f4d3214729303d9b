import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { join } from "node:path";

import { endFamily } from "./processes";

/** Whoever has this in the environment, and their descendants, belong to one rehearsal. */
const MARK = "EKS_REHEARSAL";

/** A process that outlives this one only to end what this one has started. */
export interface Guardian {
  /** Marks this process' children as this rehearsal's: for their environments. */
  readonly mark: Readonly<Record<string, string>>;
  /** Nothing is left to be ended. */
  dismiss(): void;
}

/**
 * Starts a process that waits for this one to end, however it ends, and then ends every process with the mark. A
 * program that is killed cannot clean up after itself. Linux only, as `endFamily`.
 */
export function startGuardian(): Guardian {
  const id = randomUUID();
  const preload = join(__dirname, "..", "..", "bin", "typescript.cjs");
  // Its standard input ends when this process does: the system closes this end of the pipe.
  const guardian = spawn(process.execPath, ["--require", preload, __filename, id], {
    stdio: ["pipe", "ignore", "ignore"],
    detached: true,
  });
  guardian.unref();
  return { mark: { [MARK]: id }, dismiss: () => guardian.kill() };
}

/** What the guardian does. */
async function guard(id: string): Promise<void> {
  process.stdin.resume();
  await new Promise((ended) => process.stdin.once("end", ended).once("error", ended));
  await endFamily({ ancestor: undefined, variable: new RegExp(`^${MARK}=${id}$`) });
}

const [, , id] = process.argv;
if (require.main === module && id !== undefined) void guard(id);
