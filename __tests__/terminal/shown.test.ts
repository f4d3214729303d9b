import { isObeying, shown, toldOfStream } from "../../terminal/shown";

const TERMINAL = { isTTY: true, columns: 80 };
const FILE = { isTTY: false, columns: 80 };
const XTERM = { TERM: "xterm" };

describe("a colour", () => {
  it.each([
    ["ok: [a] x", "\u001b[32mok\u001b[0m: [a] x"],
    ["nothing is left: x", "\u001b[32mnothing is left\u001b[0m: x"],
    ["changed: [a] x: y", "\u001b[33mchanged\u001b[0m: [a] x: y"],
    ["would-change: [a] x", "\u001b[33mwould-change\u001b[0m: [a] x"],
    ["failed: x", "\u001b[31mfailed\u001b[0m: x"],
    ["unreachable: [a] x", "\u001b[31munreachable\u001b[0m: [a] x"],
    ["error: x", "\u001b[31merror\u001b[0m: x"],
    ["error version: 1.14", "\u001b[31merror\u001b[0m version: 1.14"],
    ["warning: x", "\u001b[33mwarning\u001b[0m: x"],
    ["to add 40: aws_vpc", "\u001b[32mto add\u001b[0m 40: aws_vpc"],
    ["to change 1:", "\u001b[33mto change\u001b[0m 1:"],
    ["to replace 1:", "\u001b[31mto replace\u001b[0m 1:"],
    ["to destroy 1:", "\u001b[31mto destroy\u001b[0m 1:"],
    ["$ eks up", "\u001b[1m$ eks up\u001b[0m"],
    ...["PLAY RECAP", "[a] failed: x", "toString: x", "0 errors, 0 warnings", "to add nothing", "note: x", ""].map(
      (plain) => [plain, plain],
    ),
  ])("of %j on a terminal", (line, expected) => {
    expect(shown(line, TERMINAL, XTERM)).toBe(expected);
  });

  it("of what does not fit ends with the word that it is of", () => {
    expect(shown("$ eks up -var-file local.tfvars", { isTTY: true, columns: 20 }, XTERM)).toBe(
      "\u001b[1m$ eks up -var-file\u001b[0m\n  local.tfvars",
    );
  });

  it.each<readonly [string, typeof FILE, Record<string, string>, boolean]>([
    ["on no terminal", FILE, XTERM, false],
    ["with NO_COLOR", TERMINAL, { ...XTERM, NO_COLOR: "1" }, false],
    ["with an empty NO_COLOR", TERMINAL, { ...XTERM, NO_COLOR: "" }, true],
    ["on a dumb terminal", TERMINAL, { TERM: "dumb" }, false],
    ["on no terminal with FORCE_COLOR", FILE, { FORCE_COLOR: "1" }, true],
    ["on no terminal with FORCE_COLOR=0", FILE, { FORCE_COLOR: "0" }, false],
    ["with both", TERMINAL, { ...XTERM, FORCE_COLOR: "1", NO_COLOR: "1" }, false],
  ])("%s", (_, stream, environment, isThere) => {
    expect(shown("ok: x", stream, environment).includes("\u001b")).toBe(isThere);
  });
});

it.each([
  [true, "xterm", true],
  [true, "dumb", false],
  [false, "xterm", false],
])("a terminal (%s) that says %s obeys: %s", (isTTY, TERM, obeys) => {
  expect(isObeying({ isTTY, columns: 80 }, { TERM })).toBe(obeys);
});

describe("a line that does not fit", () => {
  const at = (columns: number, line: string) => shown(line, { isTTY: true, columns }, { TERM: "dumb" });

  it.each([
    ["as it is where it fits", 11, "hello world", "hello world"],
    ["at a space", 10, "hello world", "hello\n  world"],
    ["with what is indented indented further", 14, "  it mends that first", "  it mends\n    that first"],
    ["and no cure, which may be a command", 10, "  -> aws eks list-clusters", "  -> aws eks list-clusters"],
    ["and no word in two", 8, "see https://example.com now", "see\n  https://example.com\n  now"],
    ["by what a letter takes: two columns in Korean", 10, "노드가 없다 지금", "노드가\n  없다\n  지금"],
    ["and no command, which is there to be copied", 12, "run `eks up -x` first", "run\n  `eks up -x`\n  first"],
    ["and no number from what it counts", 9, "they are 2 nodes", "they are\n  2 nodes"],
    ["with a backtick that is not closed", 8, "run `eks up", "run `eks\n  up"],
    ["and no row of a table", 10, "NODE GROUP   WANTED", "NODE GROUP   WANTED"],
    ["each for itself of several", 9, "first line\nsecond line", "first\n  line\n  second\n    line"],
  ])("is broken %s", (_, columns, line, expected) => {
    expect(at(columns, line)).toBe(expected);
  });

  it.each([
    [0, 80],
    [NaN, 80],
    [120, 120],
  ])("at the columns that a terminal says (%s): %s", (columns, width) => {
    const words = "x".repeat(width - 2);

    expect(at(columns, `${words} y`)).toBe(`${words} y`);
    expect(at(columns, `${words} yy`)).toBe(`${words}\n  yy`);
  });

  it.each([
    [undefined, "hello world"],
    ["", "hello world"],
    ["5", "hello\n  world"],
    ["0", "hello world"],
    ["5x", "hello world"],
  ])("stays as it is in a file, whose reader breaks it, but for COLUMNS=%s", (COLUMNS, expected) => {
    expect(shown("hello world", FILE, { COLUMNS })).toBe(expected);
  });
});

it.each<[string, typeof FILE, Record<string, string>, Record<string, string>]>([
  ["a terminal", { isTTY: true, columns: 120 }, XTERM, { COLUMNS: "120", FORCE_COLOR: "1" }],
  ["a terminal without colours", TERMINAL, { NO_COLOR: "1" }, { COLUMNS: "80" }],
  ["a file", FILE, XTERM, {}],
])("a program that writes to a pipe writes as to %s", (_, stream, environment, told) => {
  expect(toldOfStream(stream, environment)).toEqual(told);
  expect(shown("ok: x y", { isTTY: false, columns: 0 }, told)).toBe(shown("ok: x y", stream, environment));
});
