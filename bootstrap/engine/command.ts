import { shellText, type ShellValue } from "../../contract/shell";

/**
 * A shell command as a value: built anywhere, run by a `Host`, compared with `===` in tests.
 *
 * Everything that was interpolated is quoted. What must not be seen (and what is long) goes into `input`, never into
 * the text: a command line is in the process list and in logs.
 */
export interface Command {
  readonly text: string;
  /** What the command reads on standard input; nothing when not given. */
  readonly input?: string;
}

/**
 * A command of a text as `shellText` makes it.
 *
 * @example sh`install -m 0755 ${download} ${path}`
 */
export function sh(strings: TemplateStringsArray, ...values: readonly ShellValue[]): Command {
  return { text: shellText(strings, ...values) };
}
