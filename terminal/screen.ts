import { Console } from "./console";
import { cut, widthOf } from "./fitted";
import { isObeying } from "./shown";

/** How often a command without a terminal says what it is busy with. */
const REMINDER_SECONDS = 60;

/** What a person at the terminal sees of a command that takes its time: on standard error. */
export class Screen {
  #console: Console | undefined;
  #reminder: NodeJS.Timeout | undefined;
  #doing: { readonly what: string; readonly since: number } | undefined;
  #stepSince: number | undefined;

  constructor(private readonly stream: NodeJS.WriteStream = process.stderr) {}

  /** Prints a line that stays; what somebody else has put into it can neither end it nor touch the terminal. */
  line(text: string): void {
    this.lines([text]);
  }

  /** Prints lines that stay, each as `line` does. */
  lines(texts: readonly string[]): void {
    if (texts.length > 0) this.#begun().lines(texts);
  }

  /**
   * What it is busy with from now on: on a terminal the line in motion, with the seconds that this has taken so far, or
   * the step of which it is a part.
   */
  busy(what: string): void {
    this.#begun();
    if (this.#doing?.what !== what) this.#doing = { what, since: this.#stepSince ?? performance.now() };
  }

  /**
   * Does a step of the command, and says so when it is done.
   *
   * @param name in the imperative: `plan`
   * @param work returns what there is to say of it; undefined for nothing
   */
  async step<Result extends { readonly said?: string | undefined }>(
    name: string,
    work: () => Promise<Result>,
  ): Promise<Result> {
    const start = performance.now();
    this.#stepSince = start;
    this.busy(name);
    try {
      const result = await work();
      this.#doing = undefined;
      const seconds = ((performance.now() - start) / 1000).toFixed(1);
      if (result.said !== undefined) this.line(`${name}: ${result.said} (${seconds} s)`);
      return result;
    } finally {
      this.#doing = undefined;
      this.#stepSince = undefined;
    }
  }

  /** Takes the line in motion away, for a question, and at the end; the next thing to say brings it back. */
  end(): void {
    this.#doing = undefined;
    clearInterval(this.#reminder);
    this.#console?.end();
    this.#console = undefined;
  }

  #begun(): Console {
    if (this.#console !== undefined) return this.#console;
    if (!isObeying(this.stream)) {
      // Nothing moves there, and who reads along must not take a quarter of an hour of silence for an end.
      this.#reminder = setInterval(() => {
        if (this.#doing !== undefined) this.line(`still at it: ${this.#status()}`);
      }, REMINDER_SECONDS * 1000).unref();
    }
    return (this.#console = new Console(() => this.#status(), this.stream));
  }

  #status(): string {
    if (this.#doing === undefined) return "";
    const { what, since } = this.#doing;
    const seconds = Math.floor((performance.now() - since) / 1000);
    const time = seconds > 0 ? ` (${String(seconds)} s)` : "";
    // What is cut off at the edge of the terminal is never the time.
    const room = isObeying(this.stream) ? widthOf(this.stream) - 1 - time.length : Infinity;
    return `${cut(what, room)}${time}`;
  }
}
