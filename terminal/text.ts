const LINE = 300;

/** One line that cannot touch a terminal. */
export function printable(line: string): string {
  const escaped = harmless(line.trim())
    .replaceAll("\n", String.raw`\x0a`)
    .replaceAll("\t", " ");
  return escaped.length > LINE ? `${escaped.slice(0, LINE)} …` : escaped;
}

/** A text that cannot touch a terminal: of the control characters, only line breaks and tabs are left as they are. */
export function harmless(text: string): string {
  // eslint-disable-next-line no-control-regex -- they are what is looked for
  return text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, (it) => {
    return `\\x${it.charCodeAt(0).toString(16).padStart(2, "0")}`;
  });
}

/** A number of things, such as `1 node` and `2 nodes`. */
export function counted(number: number, noun: string): string {
  return `${String(number)} ${noun}${number === 1 ? "" : "s"}`;
}
