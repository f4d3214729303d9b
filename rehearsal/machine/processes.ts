import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

/** What tells the processes that belong together. */
export interface Family {
  /** The process that they descend from; undefined when it has ended and its number may be another's by now. */
  readonly ancestor: number | undefined;
  /**
   * A line of the environment of those that lost their parent, and so the way to the ancestor.
   *
   * @default - only descendants are meant
   */
  readonly variable?: RegExp;
}

interface Process {
  readonly id: number;
  readonly parent: number;
}

/** The ids of a family's processes that run. Linux only: it reads `/proc`. */
export function familyOf({ ancestor, variable }: Family): number[] {
  const all = runningProcesses();
  const isMarked = ({ id }: Process) => variable !== undefined && environmentOf(id).some((line) => variable.test(line));
  const found = new Set(all.filter((it) => it.id === ancestor || isMarked(it)).map(({ id }) => id));
  // A set that grows while it is walked is walked to its new end.
  for (const known of found) for (const { id, parent } of all) if (parent === known) found.add(id);
  return [...found];
}

const END_TIMEOUT_SECONDS = 10;

/**
 * Ends every process of a family, at once and without asking.
 *
 * @throws when one is still there after 10 s, as it is when it became another user's
 */
export async function endFamily(family: Family): Promise<void> {
  // First they are all halted: who does not run cannot start another that nobody would know of.
  const all = new Set<number>();
  // Whoever ends a family is none of it, whatever its environment says.
  const others = () => familyOf(family).filter((id) => !all.has(id) && id !== process.pid);
  for (let found = others(); found.length > 0; found = others())
    for (const id of found) {
      signal(id, "SIGSTOP");
      all.add(id);
    }
  for (const id of all) signal(id, "SIGKILL");

  const deadline = Date.now() + END_TIMEOUT_SECONDS * 1000;
  // By their ids: as soon as the ancestor is gone, nothing tells that some of them were its descendants.
  for (;;) {
    const left = runningProcesses().filter(({ id }) => all.has(id));
    if (left.length === 0) return;
    if (Date.now() > deadline) {
      throw new Error(`these processes could not be ended: ${left.map(({ id }) => id).join(", ")}`);
    }
    await sleep(10);
  }
}

function signal(id: number, name: NodeJS.Signals): void {
  try {
    process.kill(id, name);
  } catch {
    // Has ended, or is another user's, which `endFamily` says when it is still there at the end.
  }
}

function runningProcesses(): Process[] {
  return readdirSync("/proc").flatMap((name) => {
    if (!/^\d+$/.test(name)) return [];
    // `ID (NAME) STATE PARENT …`, where NAME may hold anything.
    // https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html
    const [state, parent] = textOf(`/proc/${name}/stat`)
      .replace(/^.*\) /s, "")
      .split(" ");
    const hasEnded = parent === undefined || state === "Z" || state === "X";
    return hasEnded ? [] : { id: Number(name), parent: Number(parent) };
  });
}

function environmentOf(id: number): string[] {
  return textOf(`/proc/${String(id)}/environ`).split("\0");
}

function textOf(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    // Ended since, or another user's.
    return "";
  }
}
