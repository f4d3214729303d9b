import { UserError } from "../contract/user-error";
import { ask, PERSON, type Terminal } from "./ask";
import type { Screen } from "./screen";

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
  terminal: Terminal = PERSON,
): Promise<void> {
  screen.end();
  if (terminal.input.isTTY !== true) {
    throw new UserError(
      `nobody is there to be asked (${question}), since standard input is no terminal: ${otherwise}`,
      { exitCode: 64 },
    );
  }
  const answer = await ask(`${question} Type "yes" to go on:`, screen, signal, terminal);
  if (!["yes", "y"].includes(answer.trim().toLowerCase())) {
    throw new UserError("nothing was done, since the answer was not yes");
  }
}
