/** Columns of the narrowest terminal that anybody uses. */
const WIDTH = 80;

/**
 * Fills lines of 80 columns with words behind a head, the second and all others indented.
 *
 * @param text broken at every space; of a list each item stays together
 */
export function wrapped(head: string, text: string | readonly string[]): string[] {
  const lines = [head];
  for (const word of typeof text === "string" ? text.split(" ") : text) {
    const line = lines.at(-1) ?? "";
    if (line.length + 1 + word.length <= WIDTH) lines[lines.length - 1] = `${line} ${word}`;
    else lines.push(`  ${word}`);
  }
  return lines;
}
