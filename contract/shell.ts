/** Words of a command line that a shell takes as they are. */
const PLAIN = /^[\w@%+=:,./-]+$/;

/** One word of a shell's command line, quoted when it has to be. */
export function quoted(word: string): string {
  return PLAIN.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`;
}

/** What stands in a template of the shell's: a value is one word, and a list is several. */
export type ShellValue = string | number | readonly string[];

/**
 * A text for a shell in which every interpolated value is one word, whatever it holds; a list is several words. The text
 * between them stays as it is written, backslashes too.
 */
export function shellText(strings: TemplateStringsArray, ...values: readonly ShellValue[]): string {
  const words = values.map((value) => (Array.isArray(value) ? value : [String(value)]).map(quoted).join(" "));
  return String.raw(strings, ...words);
}

/**
 * A command line to be printed, for a person who pastes it into a shell: as `shellText`, and a line break in the template
 * is a space.
 *
 * @example shell`eks ssh --command ${shell`kubectl describe node ${name}`}`
 */
export function shell({ raw }: TemplateStringsArray, ...values: readonly ShellValue[]): string {
  const strings = raw.map((text) => text.replaceAll(/\s*\n\s*/g, " "));
  return shellText(Object.assign(strings, { raw: strings }), ...values);
}

/** What a shell is given to have variables from then on. */
export function exportLines(variables: readonly (readonly [name: string, value: string | undefined])[]): string {
  return variables.map(([name, value = ""]) => `${shell`export ${name}=${value}`}\n`).join("");
}

/** The command that reads a file into the shell: one without a slash in its name is looked for in PATH. */
export function sourced(file: string): string {
  return shell`. ${file.includes("/") ? file : `./${file}`}`;
}

/** The words of a text, divided at blanks as a shell does, and without their quotes. */
export function shellWords(text: string): string[] {
  const words = text.match(/(?:'[^']*'|"(?:[^"\\]|\\.)*"|\\.|[^\s'"\\])+/gs) ?? [];
  return words.map((word) =>
    word.replace(/'([^']*)'|"((?:[^"\\]|\\.)*)"|\\(.)/gs, (_, single?: string, double?: string, escaped?: string) =>
      double === undefined ? (single ?? escaped ?? "") : double.replace(/\\(["\\$`])/g, "$1"),
    ),
  );
}
