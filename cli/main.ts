import { interruption } from "../terminal/process";
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
    console.error(`error: ${problem}`);
    process.exitCode = 1;
    return;
  }
  console.error("this is a bug of eks, please report it with the lines below");
  console.error(error);
  process.exitCode = 70;
}
