const END = "<!-- end -->";

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
