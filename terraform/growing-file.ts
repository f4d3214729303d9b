import { closeSync, openSync, readSync } from "node:fs";
import { StringDecoder } from "node:string_decoder";

/** How often it is looked at, in ms. */
const INTERVAL = 100;

/** Hands on the lines of a file to which a program writes, as they come. */
export class GrowingFile {
  readonly #file: number;
  readonly #decoder = new StringDecoder();
  readonly #buffer = Buffer.alloc(65_536);
  readonly #timer: NodeJS.Timeout;
  #rest = "";

  /** @throws NodeJS.ErrnoException when there is no such file */
  constructor(
    path: string,
    private readonly onLine: (line: string) => void,
  ) {
    this.#file = openSync(path, "r");
    this.#timer = setInterval(() => {
      this.#read();
    }, INTERVAL);
  }

  /** Hands on what is still to be read, when nobody writes any more. */
  end(): void {
    clearInterval(this.#timer);
    this.#read();
    if (this.#rest !== "") this.onLine(this.#rest);
    closeSync(this.#file);
  }

  #read(): void {
    for (;;) {
      const length = readSync(this.#file, this.#buffer);
      if (length === 0) return;
      const lines = `${this.#rest}${this.#decoder.write(this.#buffer.subarray(0, length))}`.split("\n");
      this.#rest = lines.pop() ?? "";
      for (const line of lines) this.onLine(line);
    }
  }
}
