import { eks } from "./eks";
import { fileProblem } from "./errors";

/** `bin/eks`. The first Ctrl-C ends it in order, a second one at once. */
export function main(args: readonly string[]): void {
  const interruption = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(signal, () => {
      if (interruption.signal.aborted) process.exit(130);
      interruption.abort();
    });
  }
  for (const stream of [process.stdout, process.stderr]) {
    // Nobody reads any more, as after `| head`: what has begun goes on.
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code !== "EPIPE") throw error;
    });
  }
  process.on("uncaughtException", (error) => {
    report(error);
    process.exit();
  });
  eks(args, interruption.signal).then((code) => {
    process.exitCode = code;
    // Whatever is still being waited for would keep the process alive.
    if (interruption.signal.aborted) process.exit();
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
