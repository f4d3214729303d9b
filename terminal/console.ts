import { entry, oneLine } from "./text";

/** Progress for people: lines that stay, and on a terminal one line in motion below them. */
export class Console {
  private shown = "";
  private timer: NodeJS.Timeout | undefined;

  /**
   * @param status what goes on at this moment; asked a few times a second, on a terminal only
   * @param stream standard error, as a rule
   */
  constructor(
    private readonly status: () => string,
    private readonly stream: NodeJS.WriteStream = process.stderr,
  ) {
    if (!stream.isTTY) return;
    this.timer = setInterval(() => {
      this.draw();
    }, 200);
    this.timer.unref();
  }

  /** Whether there is a line in motion. */
  get isMoving(): boolean {
    return this.timer !== undefined;
  }

  /** Prints a line that stays; what a host has put into it can neither end it nor touch the terminal. */
  line(text: string): void {
    this.lines([text]);
  }

  /** Prints lines that stay, each as `line` does. */
  lines(texts: readonly string[]): void {
    this.erase();
    this.stream.write(texts.map((text) => `${coloured(entry(text), this.stream)}\n`).join(""));
    if (this.isMoving) this.draw();
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
    const line = oneLine(this.status()).slice(0, width - 1);
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
