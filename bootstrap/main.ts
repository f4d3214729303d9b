import { bootstrap } from "./bootstrap";

/** `npm run bootstrap`. The first Ctrl-C ends it in order, a second one at once. */
async function main(): Promise<void> {
  const interruption = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.on(signal, () => {
      if (interruption.signal.aborted) process.exit(130);
      interruption.abort();
    });
  }
  for (const stream of [process.stdout, process.stderr]) {
    // Nobody reads any more, as after `| head`: what has begun goes on, and the log has it.
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code !== "EPIPE") throw error;
    });
  }
  process.exitCode = await bootstrap(process.argv.slice(2), interruption.signal);
  // Whatever is still being waited for, as for standard input, would keep the process alive.
  if (interruption.signal.aborted) process.exit();
}

main().catch((error: unknown) => {
  console.error("this is a bug of the bootstrap, please report it with the lines below");
  console.error(error);
  process.exitCode = 70;
});
