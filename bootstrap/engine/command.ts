import { quoted } from "../../contract/shell";

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
 * A command in which every interpolated value is one word to the shell, whatever it holds; a list is several words. The
 * text between them stays as it is written, backslashes too.
 *
 * @example sh`install -m 0755 ${download} ${path}`
 */
export function sh(
  strings: TemplateStringsArray,
  ...values: readonly (string | number | readonly string[])[]
): Command {
  const words = values.map((value) => (Array.isArray(value) ? value : [String(value)]).map(quoted).join(" "));
  return { text: String.raw(strings, ...words) };
}
