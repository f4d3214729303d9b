import { existsSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { z } from "zod";

import { jsonIn } from "../contract/json";

/** How often it is looked whether Terraform has written its state, in ms. */
const INTERVAL = 200;

/** Also of a state that OpenTofu has encrypted. */
const VERSIONED = z.object({ serial: z.number(), lineage: z.string() });

/** Where the copy of a state is, in the folder of a process. */
export function stateCopy(folder: string): string {
  return join(folder, "state");
}

/**
 * Keeps a copy of a state in a file, as it is after each change. Terraform empties the file and writes it anew: killed
 * between the two, it leaves nothing of it.
 *
 * @see https://github.com/hashicorp/terraform/blob/main/internal/states/statemgr/filesystem.go
 */
export class StateKeeper {
  readonly #timer = setInterval(() => {
    this.#keep();
  }, INTERVAL).unref();
  #kept = "";

  /**
   * @param file of the state; it may not be there yet
   * @param copy where a whole state is written to
   */
  constructor(
    private readonly file: string,
    private readonly copy: string,
  ) {
    this.#keep();
  }

  /** Keeps the last one, too. */
  end(): void {
    clearInterval(this.#timer);
    this.#keep();
  }

  /** What is done goes on although there is no copy, for lack of space, say. */
  #keep(): void {
    try {
      this.#copyWhole();
    } catch {
      // The next one may be kept.
    }
  }

  #copyWhole(): void {
    const { mtimeMs, size } = statSync(this.file, { throwIfNoEntry: false }) ?? { mtimeMs: 0, size: 0 };
    const stamp = `${String(mtimeMs)} ${String(size)}`;
    if (size === 0 || stamp === this.#kept) return;
    const text = readFileSync(this.file, "utf8");
    // Only half of it is there yet.
    if (serialOf(text) === undefined) return;
    replace(this.copy, text);
    this.#kept = stamp;
  }
}

/** How often a state was written; undefined for a text that is no whole state. */
function serialOf(text: string): number | undefined {
  return VERSIONED.safeParse(jsonIn(text)).data?.serial;
}

/** Whole or not at all. */
function replace(file: string, text: string): void {
  const part = `${file}.part`;
  writeFileSync(part, text, { mode: 0o600 });
  renameSync(part, file);
}

/**
 * Takes a state back that was broken off while a process ran Terraform, from whichever copy is the newest.
 *
 * @param folder of that process
 * @returns undefined where the state is whole; else where it was taken from, which may be nowhere
 */
export function takeBack(file: string, folder: string): { readonly from: string | undefined } | undefined {
  return isBrokenOff(file) ? { from: restore(file, [stateCopy(folder), `${file}.backup`]) } : undefined;
}

/** Whether a file that was to hold a state is empty or broken off: Terraform was killed while it wrote it. */
export function isBrokenOff(file: string): boolean {
  return existsSync(file) && serialOf(readFileSync(file, "utf8")) === undefined;
}

/**
 * Puts the newest whole state back to where one is broken off; what was there stays beside it, as `NAME.broken`.
 *
 * @param copies files that may hold one, or not be there
 * @returns which one it was; undefined when there is none, and no state is there any more
 */
export function restore(file: string, copies: readonly string[]): string | undefined {
  const [newest] = copies
    .filter((copy) => existsSync(copy))
    .flatMap((copy) => {
      const text = readFileSync(copy, "utf8");
      const serial = serialOf(text);
      return serial === undefined ? [] : { copy, text, serial };
    })
    .sort((one, other) => other.serial - one.serial);
  renameSync(file, `${file}.broken`);
  if (newest !== undefined) replace(file, newest.text);
  return newest?.copy;
}
