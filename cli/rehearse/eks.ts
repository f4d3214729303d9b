import { spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { constants } from "node:os";
import { join } from "node:path";

import { shell } from "../../contract/shell";
import { passOn, say } from "../../terminal/output";
import { toldOfStream } from "../../terminal/shown";
import { CLONE, type Stage } from "./stage";

/**
 * Runs `eks` as a user would, in the folder of a rehearsal.
 *
 * @param args whatever stands behind `--` is ours, and is not shown
 * @param listen is told what it prints to standard output. @default - nobody, so that a terminal stays one
 * @returns its exit code
 */
export function runEks(
  name: string,
  args: readonly string[],
  stage: Stage,
  signal: AbortSignal,
  listen?: (chunk: Buffer) => void,
): Promise<number> {
  const theirs = args.includes("--") ? args.slice(0, args.indexOf("--")) : args;
  const shown = theirs.map((arg) => arg.replace(`${stage.folder}/`, ""));
  say(["", shell`$ eks ${[name, ...shown]}`]);
  const { child, ended } = startEks(name, args, stage, signal, listen === undefined ? "inherit" : "pipe");
  child.stdout?.on("data", (chunk: Buffer) => {
    passOn(chunk);
    listen?.(chunk);
  });
  return ended;
}

/** Starts `eks` in the folder of a rehearsal. It is interrupted when the rehearsal is, and then ends with 130. */
export function startEks(
  name: string,
  args: readonly string[],
  { folder, environment }: Pick<Stage, "folder" | "environment">,
  signal: AbortSignal,
  stdout: "inherit" | "pipe" = "inherit",
) {
  const child = spawn(process.execPath, [join(CLONE, "bin", "eks"), name, ...args], {
    cwd: folder,
    env: stdout === "pipe" ? { ...environment, ...toldOfStream() } : environment,
    // eslint-disable-next-line no-restricted-syntax -- a command of ours, which makes harmless what it prints
    stdio: ["ignore", stdout, "inherit"],
    // Ctrl-C on a terminal would reach it too, and then once more from here.
    detached: true,
    signal,
    killSignal: "SIGINT",
  });
  const ended = new Promise<number>((done, fail) => {
    child.on("error", (error) => {
      if (!signal.aborted) fail(error);
    });
    child.once("close", (code, ending) => {
      done(signal.aborted ? 130 : ending === null ? (code ?? 70) : 128 + constants.signals[ending]);
    });
  });
  return { child, ended };
}

/** What the logs of `eks` in the folder of a rehearsal say. */
export function logLines(folder: string): string[] {
  const logs = join(folder, ".cache", "eks");
  return readdirSync(logs)
    .filter((name) => name.endsWith(".log"))
    .flatMap((name) => readFileSync(join(logs, name), "utf8").split("\n"));
}
