import { writeFileSync } from "node:fs";

const END = "<!-- end -->";

/** Writes a file as prettier would have it, whose check would fail on anything else. */
export async function writeFormatted(file: string, text: string): Promise<void> {
  const { format, resolveConfig } = await import("prettier");
  writeFileSync(file, await format(text, { ...(await resolveConfig(file)), filepath: file }));
}

/**
 * A page with a text between its two marks: the line that names the command which writes it, and the next `<!-- end -->`.
 *
 * @param command as it is typed: `npm run prove`
 * @throws Error when the page lacks the marks
 */
export function filled(page: string, command: string, text: string): string {
  const begin = `<!-- written by \`${command}\` -->`;
  const from = page.indexOf(begin);
  const to = page.indexOf(END, from);
  if (from === -1 || to === -1) throw new Error(`the page has no lines ${begin} and ${END}`);
  return `${page.slice(0, from)}${begin}\n\n${text}\n\n${page.slice(to)}`;
}

/** A table of Markdown, its head first, padded as prettier pads it: its check would fail on what this writes. */
export function table(rows: readonly (readonly string[])[]): string {
  const [head = [], ...others] = rows;
  const widths = head.map((_, column) => Math.max(3, ...rows.map((row) => (row[column] ?? "").length)));
  const line = (cells: readonly string[], filler = " ") =>
    `| ${widths.map((width, column) => (cells[column] ?? "").padEnd(width, filler)).join(" | ")} |`;
  return [line(head), line([], "-"), ...others.map((row) => line(row))].join("\n");
}
