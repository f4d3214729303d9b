/** Ends when the user asks for it: by Ctrl-C, or because the terminal goes away. */
export function untilAsked(): Promise<"asked"> {
  return new Promise((resolve) => {
    for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const)
      process.once(signal, () => {
        resolve("asked");
      });
  });
}

/** Runs a program; what it throws is its last line, and it ends with 1. */
export function runProgram(main: () => Promise<void>): void {
  main().catch((error: unknown) => {
    console.error(`error: ${error instanceof Error ? error.message : String(error)}`);
    process.exitCode = 1;
  });
}
