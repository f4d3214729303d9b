import { existsSync, readFileSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";

import { z } from "zod";

import { jsonIn } from "../contract/json";

/** What a state's lock says of who works on it. */
export interface StateLock {
  /** Undefined where the lock does not say. */
  readonly id: string | undefined;
  /** `USER@HOST`; empty where the lock does not say. */
  readonly who: string;
  /** `OperationTypeApply`, `OperationTypePlan`, … */
  readonly operation: string;
  /** Undefined where the lock does not say. */
  readonly since: Date | undefined;
  /** Whether a process has it now; false after Terraform was killed, undefined where that cannot be seen. */
  readonly isHeld: boolean | undefined;
}

const LOCK = z.object({
  ID: z.string().optional(),
  Who: z.string().default(""),
  Operation: z.string().default(""),
  Created: z.string().default(""),
});

/** What the lock file of a local state says, `.NAME.lock.info` beside it; undefined when there is none. */
export function lockOf(stateFile: string): StateLock | undefined {
  const file = join(dirname(stateFile), `.${basename(stateFile)}.lock.info`);
  if (!existsSync(file)) return undefined;
  return readLock(readFileSync(file, "utf8"), isLocked(stateFile));
}

/**
 * Reads a lock file.
 *
 * @param text of it; another program may be writing it at this moment
 * @param isHeld what `isLocked` says of the state's file
 */
export function readLock(text: string, isHeld: boolean | undefined): StateLock {
  const { ID, Who, Operation, Created } = LOCK.safeParse(jsonIn(text)).data ?? LOCK.parse({});
  return { id: ID, who: Who, operation: Operation, since: dateIn(Created), isHeld };
}

function dateIn(text: string): Date | undefined {
  // RFC 3339 in a file, `2026-01-01 00:00:00 +0000 UTC` in words; as precise as nanoseconds.
  const [, day, time] = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)/.exec(text) ?? [];
  const date = new Date(`${String(day)}T${String(time)}Z`);
  return Number.isNaN(date.getTime()) ? undefined : date;
}

/**
 * The lock that Terraform complains of, since somebody else has it; undefined when it complains of something else.
 *
 * @param complaint its words, in lines or in one
 */
export function lockIn(complaint: string): StateLock | undefined {
  if (!complaint.includes("Error acquiring the state lock")) return undefined;
  const field = (name: string) => new RegExp(`\\b${name}: +(\\S+)`).exec(complaint)?.[1];
  const [, created = ""] = /\bCreated: +(\S+ \S+)/.exec(complaint) ?? [];
  return {
    id: field("ID"),
    who: field("Who") ?? "",
    operation: field("Operation") ?? "",
    since: dateIn(created),
    isHeld: undefined,
  };
}

/** `an apply of kim@jump, since 05:12 UTC (3 min)`: who does what since when, as far as a lock says it. */
export function lockText({ who, operation, since }: StateLock, now = new Date()): string {
  const what = operation.replace(/^OperationType/, "").toLowerCase();
  const by = who === "" ? "" : ` of ${who}`;
  return `${what === "" ? "somebody's work" : `${/^[aeiou]/.test(what) ? "an" : "a"} ${what}`}${by}${sinceText(since, now)}`;
}

function sinceText(since: Date | undefined, now: Date): string {
  if (since === undefined) return "";
  const minutes = Math.max(0, Math.round((now.getTime() - since.getTime()) / 60_000));
  const [day, time = ""] = since.toISOString().split("T");
  const ago = minutes < 60 ? `${String(minutes)} min` : `${String(Math.floor(minutes / 60))} h`;
  // Whoever reads it on another day has to know the day.
  return `, since ${minutes < 12 * 60 ? "" : `${String(day)} `}${time.slice(0, 5)} UTC (${ago})`;
}

/**
 * Whether a process of this machine has locked a file, as Terraform locks a local state (POSIX locks, which go with
 * their process); undefined where the system does not tell. Linux only.
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
