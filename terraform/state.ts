import { readFileSync, statSync } from "node:fs";

import { z } from "zod";

import { UserError } from "../contract/user-error";
import { asHandover } from "../contract/outputs";
import { terraformCommand } from "./program";

/** What a Terraform state says about the applies that wrote it. */
export interface StateFacts {
  /** Where it is, for people: a file's name. */
  readonly source: string;
  /** Number of managed resource instances: Terraform keeps an entry for a resource with `count = 0` as well. */
  readonly resources: number;
  /** Addresses of resources that were made, but not to their end. */
  readonly tainted: readonly string[];
  /** What is wrong with the outputs; undefined when they are a handover. */
  readonly outputProblem: string | undefined;
  /** The lock that was taken last and not given back; undefined when there is none. */
  readonly lock: StateLock | undefined;
}

/** What the lock file of a local state says. */
export interface StateLock {
  readonly who: string;
  /** `OperationTypeApply`, `OperationTypePlan`, … */
  readonly operation: string;
  /** Whether a process has it now; false after Terraform was killed, undefined where that cannot be seen. */
  readonly isHeld: boolean | undefined;
}

const STATE = z.object({
  outputs: z.record(z.string(), z.object({ value: z.unknown() })).default({}),
  resources: z
    .array(
      z.object({
        mode: z.string(),
        type: z.string(),
        name: z.string(),
        module: z.string().optional(),
        instances: z.array(
          z.object({ status: z.string().optional(), index_key: z.union([z.string(), z.number()]).optional() }),
        ),
      }),
    )
    .default([]),
});

const LOCK = z.object({ Who: z.string().default(""), Operation: z.string().default("") });

/**
 * Whether a state is one that OpenTofu has encrypted: what is in it, only `tofu state pull` shows.
 *
 * @see https://opentofu.org/docs/language/state/encryption/
 */
export function isEncrypted(state: string): boolean {
  return z.object({ encrypted_data: z.string() }).safeParse(json(state)).success;
}

/**
 * Reads a state (`terraform state pull`, or the file) and what is in the lock file beside it.
 *
 * @param lock the text of `.NAME.lock.info`; undefined when there is no such file
 * @param isHeld what `isLocked` says of the state's file
 * @throws UserError when the state is none
 */
export function readState(source: string, state: string, lock?: string, isHeld?: boolean): StateFacts {
  const parsed = STATE.safeParse(json(state));
  if (!parsed.success) {
    throw new UserError(`${source} is no Terraform state; ${terraformCommand()} state pull shows the one that counts`);
  }
  const { outputs, resources } = parsed.data;
  const managed = resources.filter(({ mode }) => mode === "managed");
  const tainted = managed.flatMap(({ module, type, name, instances }) =>
    instances
      .filter(({ status }) => status === "tainted")
      .map(({ index_key: key }) => {
        const address = [module, type, name].filter((part) => part !== undefined).join(".");
        return key === undefined ? address : `${address}[${JSON.stringify(key)}]`;
      }),
  );
  return {
    source,
    resources: managed.flatMap(({ instances }) => instances).length,
    tainted,
    outputProblem: outputProblem(
      Object.fromEntries(Object.entries(outputs).map(([name, { value }]) => [name, value])),
      source,
    ),
    lock: lock === undefined ? undefined : { ...readLock(lock), isHeld },
  };
}

/**
 * Whether a process of this machine has locked a file, as Terraform locks a local state (POSIX locks, which go with their
 * process); undefined where the system does not tell. Linux only.
 *
 * @see https://man7.org/linux/man-pages/man5/proc_locks.5.html
 */
export function isLocked(file: string): boolean | undefined {
  try {
    const inode = String(statSync(file).ino);
    return readFileSync("/proc/locks", "utf8")
      .split("\n")
      .some((line) => line.split(/\s+/)[5]?.split(":")[2] === inode);
  } catch {
    return undefined;
  }
}

function readLock(text: string): Omit<StateLock, "isHeld"> {
  const { success, data } = LOCK.safeParse(json(text));
  return success ? { who: data.Who, operation: data.Operation } : { who: "", operation: "" };
}

function outputProblem(outputs: Readonly<Record<string, unknown>>, source: string): string | undefined {
  try {
    asHandover(outputs, source);
    return undefined;
  } catch (error) {
    if (error instanceof UserError) return error.message;
    throw error;
  }
}

function json(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
