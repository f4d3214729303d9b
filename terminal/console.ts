import { harmless, printable } from "./text";

/** Progress for people: lines that stay, and on a terminal one line in motion below them. */
export class Console {
  private shown = "";
  private timer: NodeJS.Timeout | undefined;

  /**
   * @param stream standard error, as a rule
   * @param status what goes on at this moment; asked a few times a second, on a terminal only
   */
  constructor(
    private readonly stream: NodeJS.WriteStream,
    private readonly status: () => string,
  ) {
    if (!stream.isTTY) return;
    this.timer = setInterval(() => {
      this.draw();
    }, 200);
    this.timer.unref();
  }

  /** Prints lines that stay; what a host has put into them cannot touch the terminal. */
  line(text: string): void {
    this.erase();
    this.stream.write(`${coloured(harmless(text), this.stream)}\n`);
    if (this.timer !== undefined) this.draw();
  }

  /** Takes the line in motion away. */
  end(): void {
    clearInterval(this.timer);
    this.timer = undefined;
    this.erase();
  }

  private draw(): void {
    // A terminal that does not know its width says 0 or nothing; a line that is wrapped could not be erased.
    const width = Number.isInteger(this.stream.columns) && this.stream.columns > 0 ? this.stream.columns : 80;
    const line = printable(this.status()).slice(0, width - 1);
    if (line === this.shown) return;
    this.erase();
    this.stream.write(line);
    this.shown = line;
  }

  private erase(): void {
    if (this.shown !== "") this.stream.write("\r\u001b[K");
    this.shown = "";
  }
}

const COLOURS: ReadonlyMap<string, number> = new Map([
  ["ok", 32],
  ["changed", 33],
  ["would-change", 33],
  ["warning", 33],
  ["failed", 31],
  ["unreachable", 31],
]);

/** A line with its first word in Ansible's colour, where colours are wanted. @see https://no-color.org */
export function coloured(line: string, stream: NodeJS.WriteStream): string {
  const isWanted = stream.isTTY && (process.env["NO_COLOR"] ?? "") === "" && process.env["TERM"] !== "dumb";
  const [word = ""] = line.split(":");
  const colour = COLOURS.get(word);
  return isWanted && colour !== undefined
    ? `\u001b[${String(colour)}m${word}\u001b[0m${line.slice(word.length)}`
    : line;
}
