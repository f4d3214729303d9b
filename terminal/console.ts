import { cut, widthOf } from "./fitted";
import { isObeying, shown } from "./shown";
import { oneLine } from "./text";

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
    if (!isObeying(stream)) return;
    this.timer = setInterval(() => {
      this.draw();
    }, 200);
    this.timer.unref();
  }

  /** Whether there is a line in motion. */
  get isMoving(): boolean {
    return this.timer !== undefined;
  }

  /** Prints a line that stays, as {@link shown} has it. */
  line(text: string): void {
    this.lines([text]);
  }

  /** Prints lines that stay, each as `line` does. */
  lines(texts: readonly string[]): void {
    this.erase();
    this.stream.write(texts.map((text) => `${shown(text, this.stream)}\n`).join(""));
    if (this.isMoving) this.draw();
  }

  /** Takes the line in motion away. */
  end(): void {
    clearInterval(this.timer);
    this.timer = undefined;
    this.erase();
  }

  private draw(): void {
    // A line that is broken could not be erased.
    const line = cut(oneLine(this.status()), widthOf(this.stream) - 1);
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
