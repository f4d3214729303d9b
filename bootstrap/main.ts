import { bootstrap } from "./bootstrap";
import { interruption, sayBug } from "../terminal/process";

/** `npm run bootstrap`. The first Ctrl-C ends it in order, a second one at once. */
async function main(): Promise<void> {
  const signal = interruption();
  process.exitCode = await bootstrap(process.argv.slice(2), signal);
  // Whatever is still being waited for, as for standard input, would keep the process alive.
  if (signal.aborted) process.exit();
}

main().catch((error: unknown) => {
  sayBug("the bootstrap", error);
  process.exitCode = 70;
});
