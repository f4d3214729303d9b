/**
 * Prepares this process for a command that a person waits for: the first Ctrl-C, or a terminal that goes away, aborts the
 * signal; a second one ends the process at once, with 130.
 */
export function interruption(): AbortSignal {
  const controller = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
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
