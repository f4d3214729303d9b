import { PassThrough } from "node:stream";
import type { WriteStream } from "node:tty";

import { Console } from "../../terminal/console";

/** A stand-in for a terminal, or for a file: keeps what is written to it. */
function stream({ isTTY = true, columns }: { isTTY?: boolean; columns?: number } = {}) {
  const written: string[] = [];
  const through = new PassThrough().on("data", (chunk: Buffer) => written.push(chunk.toString()));
  return { stream: Object.assign(through, { isTTY, columns }) as unknown as WriteStream, written };
}

/** What a terminal shows after all that was written: it knows `\r` and the sequence that erases to the end of the line. */
function shown(written: readonly string[]): string {
  const lines = [""];
  let column = 0;
  // eslint-disable-next-line no-control-regex -- it is what a terminal reads
  for (const [it] of written.join("").matchAll(/\u001b\[K|[^]/gu)) {
    const line = lines.at(-1) ?? "";
    if (it === "\n") column = lines.push("") && 0;
    else if (it === "\r") column = 0;
    else if (it === "\u001b[K") lines[lines.length - 1] = line.slice(0, column);
    else lines[lines.length - 1] = line.slice(0, column) + it + line.slice(++column);
  }
  return lines.join("\n");
}

const ENVIRONMENT = { ...process.env };

beforeEach(() => {
  process.env = { ...ENVIRONMENT, TERM: "xterm" };
  delete process.env["NO_COLOR"];
});

afterAll(() => {
  process.env = ENVIRONMENT;
});

describe("the console", () => {
  beforeEach(() => {
    jest.useFakeTimers();
    process.env["NO_COLOR"] = "1";
  });

  afterEach(() => {
    jest.useRealTimers();
  });

  it("keeps a line in motion below those that stay, and takes it away at the end", () => {
    const { stream: terminal, written } = stream({ columns: 80 });
    let status = "connecting";
    const console = new Console(() => status, terminal);

    jest.advanceTimersByTime(1_000);
    expect(shown(written)).toBe("connecting");

    console.line("ok: [a] clock");
    expect(shown(written)).toBe("ok: [a] clock\nconnecting");

    status = "kubectl";
    jest.advanceTimersByTime(1_000);
    expect(shown(written)).toBe("ok: [a] clock\nkubectl");

    console.end();
    expect(shown(written)).toBe("ok: [a] clock\n");

    console.lines(["PLAY RECAP", "a : ok=1"]);
    jest.advanceTimersByTime(1_000);
    expect(shown(written)).toBe("ok: [a] clock\nPLAY RECAP\na : ok=1\n");
  });

  it("writes nothing while nothing is new", () => {
    const { stream: terminal, written } = stream({ columns: 80 });
    const console = new Console(() => "packages", terminal);

    jest.advanceTimersByTime(10_000);
    console.end();
    console.end();

    expect(written).toEqual(["packages", "\r\u001b[K"]);
  });

  it("does not draw an empty line", () => {
    const { stream: terminal, written } = stream({ columns: 80 });

    const console = new Console(() => "", terminal);
    jest.advanceTimersByTime(1_000);
    console.end();

    expect(written).toEqual([]);
  });

  it.each([
    [40, 39],
    [10, 9],
    [0, 79],
    [undefined, 79],
  ])("stays within a terminal of %s columns", (columns, length) => {
    const { stream: terminal, written } = stream({ ...(columns !== undefined && { columns }) });

    const console = new Console(() => "x".repeat(200), terminal);
    jest.advanceTimersByTime(1_000);

    expect(shown(written)).toBe(`${"x".repeat(length - 1)}…`);
    console.end();
    expect(shown(written)).toBe("");
  });

  it("lets no host touch the terminal", () => {
    const { stream: terminal, written } = stream({ columns: 80 });
    const console = new Console(() => "locks:\n\u001b[2J", terminal);

    console.line("failed: \u001b]0;x\u0007\r\n\u009b1m");
    console.end();

    expect(written.join("")).toBe("failed: \\x1b]0;x\\x07\n  \\x9b1m\nlocks: \\x1b[2J\r\u001b[K");
  });

  it("is in colours where they are wanted", () => {
    delete process.env["NO_COLOR"];
    const { stream: terminal, written } = stream({ columns: 80 });

    const console = new Console(() => "", terminal);
    console.line("ok: [a] x");
    console.end();

    expect(written).toEqual(["\u001b[32mok\u001b[0m: [a] x\n"]);
  });

  it("is plain lines and asks for no status where there is no terminal", () => {
    delete process.env["NO_COLOR"];
    const { stream: file, written } = stream({ isTTY: false });
    const status = jest.fn(() => "busy");

    const console = new Console(status, file);
    console.line("ok: [a] x");
    jest.advanceTimersByTime(10_000);
    console.line("failed: [a] y");
    console.end();

    expect(written.join("")).toBe("ok: [a] x\nfailed: [a] y\n");
    expect(status).not.toHaveBeenCalled();
  });
});
