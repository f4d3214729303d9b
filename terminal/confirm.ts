import { createInterface } from "node:readline/promises";

import { UserError } from "../contract/user-error";
import type { Screen } from "./screen";
import { oneLine } from "./text";

const CTRL_C = "Ctrl-C";

/** Where a question is asked. */
export interface Terminal {
  readonly input: NodeJS.ReadableStream & { readonly isTTY?: boolean };
  readonly output: NodeJS.WritableStream;
}

/**
 * Asks, and goes on with a yes only.
 *
 * @param otherwise what to write so that nothing is asked
 * @throws UserError otherwise
 */
export async function confirm(
  question: string,
  otherwise: string,
  screen: Screen,
  signal: AbortSignal,
  { input, output }: Terminal = { input: process.stdin, output: process.stderr },
): Promise<void> {
  screen.end();
  if (input.isTTY !== true) {
    throw new UserError(
      `nobody is there to be asked (${question}), since standard input is no terminal: ${otherwise}`,
      { exitCode: 64 },
    );
  }
  const terminal = createInterface({ input, output, terminal: true });
  const gone = new AbortController();
  // While it reads a line, the terminal takes Ctrl-C for a key and sends no signal; Ctrl-D closes.
  terminal.once("SIGINT", () => {
    gone.abort(CTRL_C);
  });
  terminal.once("close", () => {
    gone.abort();
  });
  let answer: string;
  try {
    const ends = AbortSignal.any([signal, gone.signal]);
    answer = await terminal.question(`${oneLine(question)} Type "yes" to go on: `, { signal: ends });
  } catch (cause) {
    if (gone.signal.reason === CTRL_C || signal.aborted)
      throw new UserError("interrupted: nothing was done", { exitCode: 130, cause });
    throw new UserError("nothing was done, since there was no answer", { cause });
  } finally {
    terminal.close();
  }
  if (!["yes", "y"].includes(answer.trim().toLowerCase()))
    throw new UserError("nothing was done, since the answer was not yes");
}
