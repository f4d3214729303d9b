import stringWidth from "string-width";

/** Of a terminal that does not know. */
const COLUMNS = 80;

/** What lines are written to. */
export type Output = Pick<NodeJS.WriteStream, "isTTY" | "columns">;

/**
 * How many columns there are: those of a terminal, or what `COLUMNS` says where there is none; Infinity for a file or a
 * program, which break lines as they like.
 */
export function widthOf({ isTTY, columns }: Output, environment: NodeJS.ProcessEnv = process.env): number {
  // Some terminals say 0, or nothing.
  if (isTTY) return Number.isInteger(columns) && columns > 0 ? columns : COLUMNS;
  const told = environment["COLUMNS"] ?? "";
  return /^[1-9]\d{0,4}$/.test(told) ? Number(told) : Infinity;
}

/**
 * A line broken at spaces, so that each part fits; what follows the first part is indented two columns further. A row of a
 * table stays as it is. So do a command between backticks and a cure, which begins with `->`: they are there to be copied, and
 * a terminal that breaks them copies them in one piece. A number stays with what it counts.
 *
 * @param width columns; a Korean letter takes two
 */
export function fitted(line: string, width: number): string {
  if (stringWidth(line) <= width || /\S {2,}\S|^ *-> /.test(line)) return line;
  const [indent = ""] = /^ */.exec(line) ?? [];
  const [first = "", ...words] = line.slice(indent.length).match(/(?:\d+ )?(?:`[^`]*`|[^ `]|`)+/g) ?? [];
  const parts = [indent + first];
  for (const word of words) {
    const part = `${parts.at(-1) ?? ""} ${word}`;
    if (stringWidth(part) <= width) parts[parts.length - 1] = part;
    else parts.push(`${indent}  ${word}`);
  }
  return parts.join("\n");
}

/** The beginning of a line that fits, with `…` where something is left out. */
export function cut(line: string, width: number): string {
  if (stringWidth(line) <= width) return line;
  let beginning = "";
  for (const letter of line) {
    if (stringWidth(beginning + letter) >= width) break;
    beginning += letter;
  }
  return `${beginning}…`;
}
