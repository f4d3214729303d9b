/** Columns of the narrowest terminal that anybody uses. */
const WIDTH = 80;

/** Fills lines of 80 columns with words behind a head, the second and all others indented. */
export function wrapped(head: string, words: readonly string[]): string[] {
  const lines = [head];
  for (const word of words) {
    const line = lines.at(-1) ?? "";
    if (line.length + 1 + word.length <= WIDTH) lines[lines.length - 1] = `${line} ${word}`;
    else lines.push(`  ${word}`);
  }
  return lines;
}
