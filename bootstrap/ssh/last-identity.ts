import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";

import type { Handover } from "../../contract/handover";
import type { Machine } from "./config";

/** A stack, by what tells it from others. */
export type StackName = Pick<Handover, "region" | "cluster_name">;

function fileOf({ region, cluster_name: name }: StackName, folder: string): string {
  return join(folder, `identity-${encodeURIComponent(region)}-${encodeURIComponent(name)}`);
}

/** The file with the private key that was used last for a stack; undefined when none is remembered. */
export function lastIdentity(stack: StackName, { memory }: Machine): string | undefined {
  if (memory === undefined) return undefined;
  try {
    return readFileSync(fileOf(stack, memory), "utf8").split("\n", 1)[0];
  } catch {
    // Not there, or not to be read: one key less to try.
    return undefined;
  }
}

/**
 * Remembers which file holds the private key for a stack: where it is, and nothing that is in it.
 *
 * @throws NodeJS.ErrnoException when that cannot be written
 */
export function rememberIdentity(stack: StackName, path: string, machine: Machine): void {
  const whole = resolve(path);
  if (machine.memory === undefined || lastIdentity(stack, machine) === whole) return;
  const file = fileOf(stack, machine.memory);
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  // Whatever link or mode somebody else has left there does not count.
  rmSync(file, { force: true });
  writeFileSync(file, `${whole}\n`, { mode: 0o600, flag: "wx" });
}
