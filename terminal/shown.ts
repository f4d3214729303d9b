import { fitted, widthOf, type Output } from "./fitted";
import { entry } from "./text";

const [RED, GREEN, YELLOW, BOLD] = [31, 32, 33, 1];

/** The beginnings of lines that have a colour: Ansible's of what a task came to, Terraform's of what a plan does. */
const COLOURS: readonly (readonly [beginning: RegExp, colour: number])[] = [
  [/^(?:ok|nothing is left)(?=:)/, GREEN],
  [/^(?:changed|would-change)(?=:)/, YELLOW],
  [/^(?:failed|unreachable)(?=:)/, RED],
  [/^error(?=:| [a-z-]+:)/, RED],
  [/^warning(?=:| [a-z-]+:)/, YELLOW],
  [/^to add(?= \d)/, GREEN],
  [/^to change(?= \d)/, YELLOW],
  [/^to (?:replace|destroy)(?= \d)/, RED],
  // What the rehearsal types.
  [/^\$ .*/, BOLD],
];

/**
 * A line of ours as a terminal or a file gets it: whatever somebody else has put into it can neither end it nor touch the
 * terminal, it is broken at the edge, and its beginning has a colour where colours are wanted.
 */
export function shown(line: string, stream: Output, environment: NodeJS.ProcessEnv = process.env): string {
  const width = widthOf(stream, environment);
  const text = entry(line)
    .split("\n")
    .map((part) => fitted(part, width))
    .join("\n");
  return hasColours(stream, environment) ? coloured(text) : text;
}

function coloured(text: string): string {
  for (const [beginning, colour] of COLOURS) {
    const [word] = beginning.exec(text) ?? [];
    if (word !== undefined) return `\u001b[${String(colour)}m${word}\u001b[0m${text.slice(word.length)}`;
  }
  return text;
}

/** @see https://no-color.org, https://force-color.org */
function hasColours(stream: Output, environment: NodeJS.ProcessEnv): boolean {
  const { NO_COLOR: no = "", FORCE_COLOR: force = "" } = environment;
  return no === "" && ((force !== "" && force !== "0") || isObeying(stream, environment));
}

/** What tells a program that writes to a pipe how the stream is to which that is passed on: standard output, as a rule. */
export function toldOfStream(
  stream: Output = process.stdout,
  environment: NodeJS.ProcessEnv = process.env,
): Readonly<Record<string, string>> {
  const width = widthOf(stream, environment);
  return {
    ...(width !== Infinity && { COLUMNS: String(width) }),
    ...(hasColours(stream, environment) && { FORCE_COLOR: "1" }),
  };
}

/** Whether a stream is a terminal that obeys control sequences: Emacs' shell and the like show them. */
export function isObeying({ isTTY }: Output, { TERM: term }: NodeJS.ProcessEnv = process.env): boolean {
  return isTTY && term !== "dumb";
}
