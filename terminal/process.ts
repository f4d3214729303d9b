import { inspect } from "node:util";

import { UserError } from "../contract/user-error";
import { print, say } from "./output";

/** What asks a program to end: Ctrl-C, whoever stops a service, and a terminal that goes away. */
const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/**
 * Prepares this process for a command that a person waits for: the first Ctrl-C, or a terminal that goes away, aborts
 * the signal; a second one ends the process at once, with 130.
 */
export function interruption(): AbortSignal {
  const controller = new AbortController();
  for (const signal of SIGNALS) {
    process.on(signal, () => {
      if (controller.signal.aborted) process.exit(130);
      controller.abort();
    });
  }
  for (const stream of [process.stdout, process.stderr]) {
    // Nobody reads any more, as after `| head`: what has begun goes on, and its log has it.
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code !== "EPIPE") throw error;
    });
  }
  return controller.signal;
}

/**
 * Waits for something that changes nothing, and no longer than until Ctrl-C.
 *
 * @param said what the person is told then
 * @throws UserError when it is interrupted
 */
export async function orInterrupted<Value>(
  reading: Promise<Value>,
  signal: AbortSignal,
  said = "interrupted: nothing has been done",
): Promise<Value> {
  const interrupted = new Promise<never>((_, reject) => {
    const interrupt = () => {
      reject(new UserError(said, { exitCode: 130 }));
    };
    if (signal.aborted) interrupt();
    else signal.addEventListener("abort", interrupt, { once: true });
  });
  return Promise.race([reading, interrupted]);
}

/** Ends when the user asks for it: by Ctrl-C, or because the terminal goes away. */
export function untilAsked(): Promise<"asked"> {
  return new Promise((resolve) => {
    for (const signal of SIGNALS) {
      process.once(signal, () => {
        resolve("asked");
      });
    }
  });
}

/**
 * Runs a program that takes no arguments but `--help`; any other ends it with 64.
 *
 * @param help what `--help` prints, in lines
 */
export function runAlone(help: string, main: () => Promise<void>, args = process.argv.slice(2)): void {
  const [first] = args;
  if (first === undefined) runProgram(main);
  else if (["--help", "-h"].includes(first)) print(help.split("\n"));
  else {
    say([`error: ${JSON.stringify(first)} is no argument here`, ...help.split("\n")]);
    process.exitCode = 64;
  }
}

/** Runs a program; what it throws is its last line, and it ends with 1. */
export function runProgram(main: () => Promise<void>): void {
  main().catch((error: unknown) => {
    say([`error: ${error instanceof Error ? error.message : String(error)}`]);
    process.exitCode = 1;
  });
}

/** Says what no user can act on, for those who can. @param program that has the bug */
export function sayBug(program: string, error: unknown): void {
  say([`this is a bug of ${program}, please report it with the lines below`, inspect(error)]);
}
