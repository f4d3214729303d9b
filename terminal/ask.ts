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

/** Where a person is. */
export const PERSON: Terminal = { input: process.stdin, output: process.stderr };

/**
 * Asks a person at a terminal.
 *
 * @param question with what stands before the answer, such as a space
 * @throws UserError without an answer, and when it is interrupted
 */
export async function ask(
  question: string,
  screen: Screen,
  signal: AbortSignal,
  { input, output }: Terminal = PERSON,
): Promise<string> {
  screen.end();
  const terminal = createInterface({ input, output, terminal: true });
  const gone = new AbortController();
  // While it reads a line, the terminal takes Ctrl-C for a key and sends no signal; Ctrl-D closes.
  terminal.once("SIGINT", () => {
    gone.abort(CTRL_C);
  });
  terminal.once("close", () => {
    gone.abort();
  });
  try {
    const ends = AbortSignal.any([signal, gone.signal]);
    return await terminal.question(`${oneLine(question)} `, { signal: ends });
  } catch (cause) {
    if (gone.signal.reason === CTRL_C || signal.aborted)
      throw new UserError("interrupted: nothing was done", { exitCode: 130, cause });
    throw new UserError("nothing was done, since there was no answer", { cause });
  } finally {
    terminal.close();
  }
}
