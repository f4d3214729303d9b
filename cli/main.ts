import { say } from "../terminal/output";
import { interruption, sayBug } from "../terminal/process";
import { eks } from "./eks";
import { fileProblem } from "../contract/user-error";

/** `bin/eks`. The first Ctrl-C ends it in order, a second one at once. */
export function main(args: readonly string[]): void {
  const signal = interruption();
  process.on("uncaughtException", (error) => {
    report(error);
    process.exit();
  });
  eks(args, signal).then((code) => {
    process.exitCode = code;
    // Whatever is still being waited for would keep the process alive.
    if (signal.aborted) process.exit();
  }, report);
}

function report(error: unknown): void {
  const problem = fileProblem(error);
  if (problem !== undefined) {
    say([`error: ${problem}`]);
    process.exitCode = 1;
    return;
  }
  sayBug("eks", error);
  process.exitCode = 70;
}
