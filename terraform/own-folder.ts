import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join, resolve } from "node:path";

import { z } from "zod";

import { jsonIn } from "../contract/json";

/** Of everything that the command keeps to itself, in the current folder. */
export const FOLDER = join(".cache", "eks");

/** Where one run of the command writes what Terraform says. */
export function newLogFile(): string {
  return join(FOLDER, `${new Date().toISOString().replaceAll(":", "-")}-${String(process.pid)}.log`);
}

/** Its name begins with the machine: several may work in one folder. */
const BEGIN = `run-${hostname()}-`;

/** What says that Terraform runs in such a folder. */
const RECORD = "terraform.json";

/** Terraform at work for a run of the command. */
export interface RunningTerraform {
  readonly pid: number;
  /** `apply` or `plan`. */
  readonly command: string;
  /** What is lost when it is killed, in words. */
  readonly lost: string;
}

const RUNNING = z.object({ pid: z.int().positive(), command: z.string(), lost: z.string() });

/** Where Terraform, in such a folder, writes its events, a line each. */
export function eventsFile(folder: string): string {
  return join(folder, "terraform.events");
}

const made = new Set<string>();

/**
 * A folder for what this process alone needs, such as plans and keys: nobody but its user may enter it, and it goes with
 * the process. Only where Terraform outlives the process, it stays.
 */
export function ownFolder(): string {
  const folder = resolve(FOLDER, `${BEGIN}${String(process.pid)}`);
  if (made.has(folder) && existsSync(folder)) return folder;
  mkdirSync(FOLDER, { recursive: true, mode: 0o700 });
  // Another process had this number before.
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { mode: 0o700 });
  if (!made.has(folder)) {
    process.once("exit", () => {
      if (!existsSync(join(folder, RECORD))) rmSync(folder, { recursive: true, force: true });
    });
  }
  made.add(folder);
  return folder;
}

/**
 * Notes that Terraform works in a folder.
 *
 * @returns takes the note away, when Terraform has ended
 */
export function noteTerraform(folder: string, running: RunningTerraform): () => void {
  const file = join(folder, RECORD);
  writeFileSync(file, JSON.stringify(running), { mode: 0o600 });
  return () => {
    rmSync(file, { force: true });
  };
}

/** What a run of the command has left that was killed. */
export interface LeftBehind {
  readonly folder: string;
  /** What Terraform was at; undefined when it had ended. */
  readonly terraform: RunningTerraform | undefined;
}

/** What runs of the command have left in the current folder that were killed on this machine. */
export function leftBehind(): readonly LeftBehind[] {
  if (!existsSync(FOLDER)) return [];
  return readdirSync(FOLDER)
    .filter((name) => name.startsWith(BEGIN) && !isAlive(Number(name.slice(BEGIN.length))))
    .map((name) => {
      const folder = resolve(FOLDER, name);
      const record = join(folder, RECORD);
      const text = existsSync(record) ? readFileSync(record, "utf8") : "";
      return { folder, terraform: RUNNING.safeParse(jsonIn(text)).data };
    });
}

/** Whether Terraform still works there. */
export function isAtWork({ folder, terraform }: LeftBehind): boolean {
  if (terraform === undefined || !isAlive(terraform.pid)) return false;
  const command = `/proc/${String(terraform.pid)}/cmdline`;
  // Another process may have its number by now. Its command line names the plan, which is in the folder.
  return !existsSync("/proc/self/cmdline") || (existsSync(command) && readFileSync(command, "utf8").includes(folder));
}

/** Whether there is a process of a number. */
function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
