import { PassThrough } from "node:stream";

import { Screen } from "../../terminal/screen";

/** The line in motion is taken away. */
const ERASED = "\r\u001b[K";

/** A stream that keeps what is written to it, and is a terminal of so many columns when it is told so. */
function streamOf(columns?: number) {
  const stream = Object.assign(new PassThrough(), { isTTY: columns !== undefined, columns });
  const chunks: string[] = [];
  stream.on("data", (chunk: Buffer) => chunks.push(chunk.toString()));
  return {
    stream: stream as unknown as NodeJS.WriteStream,
    written: () => chunks.join(""),
    clear: () => chunks.splice(0),
  };
}

describe("the screen", () => {
  const screens: Screen[] = [];
  function screenOn(stream: NodeJS.WriteStream): Screen {
    const screen = new Screen(stream);
    screens.push(screen);
    return screen;
  }
  beforeEach(() => jest.useFakeTimers());
  afterEach(() => {
    for (const screen of screens.splice(0)) screen.end();
    jest.useRealTimers();
  });

  it("writes lines and nothing else where there is no terminal", async () => {
    const { stream, written } = streamOf();
    const screen = screenOn(stream);

    screen.busy("thinking");
    await screen.step("plan", () => Promise.resolve({ said: "done" }));
    await screen.step("quiet", () => Promise.resolve({}));
    screen.line("note: a word");
    jest.advanceTimersByTime(10_000);
    screen.end();

    expect(written()).toMatch(/^plan: done \(\d+\.\d s\)\nnote: a word\n$/);
  });

  it("writes several lines at once, and nothing where there are none", () => {
    const { stream, written } = streamOf(80);
    const screen = screenOn(stream);

    screen.lines([]);
    screen.lines(["a", "b\nc"]);

    expect(written()).toBe("a\nb\n  c\n");
  });

  it("says once a minute what it is at where there is no terminal", () => {
    const { stream, written } = streamOf();
    const screen = screenOn(stream);

    screen.busy("apply: 12 of 40 done");
    jest.advanceTimersByTime(125_000);
    screen.end();
    jest.advanceTimersByTime(125_000);

    expect(written()).toBe("still at it: apply: 12 of 40 done (60 s)\nstill at it: apply: 12 of 40 done (120 s)\n");
  });

  it("has one line in motion on a terminal, and takes it away", () => {
    const { stream, written, clear } = streamOf(80);
    const screen = screenOn(stream);

    screen.busy("thinking");
    jest.advanceTimersByTime(200);
    expect(written()).toBe("thinking");
    jest.advanceTimersByTime(3000);
    expect(written().endsWith(`${ERASED}thinking (3 s)`)).toBe(true);

    clear();
    screen.line("a line that stays");
    expect(written()).toBe(`${ERASED}a line that stays\nthinking (3 s)`);
    clear();
    screen.end();
    expect(written()).toBe(ERASED);
  });

  it("has its line in motion again after a question", () => {
    const { stream, written, clear } = streamOf(80);
    const screen = screenOn(stream);

    screen.busy("plan");
    screen.end();
    clear();
    screen.busy("apply");
    jest.advanceTimersByTime(200);

    expect(written()).toBe("apply");
  });

  it("counts the seconds of a whole step, whatever it is busy with in it", async () => {
    const { stream, written } = streamOf(80);
    const screen = screenOn(stream);

    await screen.step("apply", () => {
      screen.busy("apply: one");
      jest.advanceTimersByTime(5000);
      screen.busy("apply: two");
      jest.advanceTimersByTime(1200);
      expect(written()).toMatch(/apply: two \(6 s\)$/);
      return Promise.resolve({ said: "2 created" });
    });

    expect(written().endsWith(`${ERASED}apply: 2 created (6.2 s)\n`)).toBe(true);
  });

  it.each([80, 40])("cuts what is too long for %d columns, and never the time", (columns) => {
    const { stream, written, clear } = streamOf(columns);
    const screen = screenOn(stream);

    screen.busy(`apply: ${"x".repeat(100)}`);
    jest.advanceTimersByTime(2000);
    clear();
    jest.advanceTimersByTime(1000);
    const [, shown = ""] = written().split("\u001b[K");

    expect(shown).toHaveLength(columns - 1);
    expect(shown).toMatch(/^apply: x+… \(3 s\)$/);
  });

  it("is not busy any more when a step has failed", async () => {
    const { stream, written, clear } = streamOf(80);
    const screen = screenOn(stream);

    await expect(screen.step("plan", () => Promise.reject(new Error("no")))).rejects.toThrow("no");
    jest.advanceTimersByTime(200);
    clear();
    jest.advanceTimersByTime(2000);

    expect(written()).toBe("");
  });
});
