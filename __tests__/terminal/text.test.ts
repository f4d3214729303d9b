import { entry, harmless, oneLine, printable } from "../../terminal/text";
import { fc } from "../support/properties";

/** Texts with everything that a terminal obeys, and what shows nothing. */
const HOSTILE = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        "\u001b[2J",
        "\u001b]0;x\u0007",
        "\u009b1m",
        "\u0090",
        "\r",
        "\n",
        "\r\n",
        "\u0085",
        "\b",
        "\u000b",
      ),
      fc.constantFrom("\u2028", "\u2029", "\u202e", "\u2066", "\u061c", "\u200f", "\ufeff", "\u{e0041}", "\ud800"),
      fc.string({ unit: "binary" }),
    ),
  )
  .map((parts) => parts.join(""));

/** What no text may hold when it reaches a terminal: C0 but the line break and the tab, DEL, C1, and bidi's controls. */
// eslint-disable-next-line no-control-regex -- they are what is looked for
const OBEYED = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/;

describe("a text for a terminal", () => {
  it("keeps its lines, tabs and letters", () => {
    expect(harmless("a\n\tb 한글 ✓ क्\u200dष 👩‍💻")).toBe("a\n\tb 한글 ✓ क्\u200dष 👩‍💻");
  });

  it.each([
    ["a colour", "\u001b[31mred", "\\x1b[31mred"],
    ["a title", "\u001b]0;x\u0007", "\\x1b]0;x\\x07"],
    ["a sequence in one byte", "\u009b2J", "\\x9b2J"],
    ["a carriage return", "failed\rok", "failed\\x0dok"],
    ["a backspace", "no\b\byes", "no\\x08\\x08yes"],
    ["the other line breaks", "a\u0085b\u2028c\u2029d\u000be", "a\\x85b\\u2028c\\u2029d\\x0be"],
    ["a line of Windows", "a\r\nb", "a\nb"],
    [
      "a text that is turned round",
      "\u202egnp.exe\u202c \u2066x\u2069 \u200f",
      "\\u202egnp.exe\\u202c \\u2066x\\u2069 \\u200f",
    ],
    ["what shows nothing", "a\u00adb\ufeffc\u{e0041}d", "a\\xadb\\ufeffc\\u{e0041}d"],
  ])("shows %s instead of obeying it", (_, text, shown) => {
    expect(harmless(text)).toBe(shown);
  });

  it("is one line where one line is wanted, with a space for a line break", () => {
    expect(printable(" a\n  b\tc\r\nd\u2028e\n")).toBe("a b c d e");
  });

  it.each([
    ["in one line", "a", "a"],
    ["of our own rows", "refused:\n  found     x\n  what now  y", "refused:\n  found     x\n  what now  y"],
    ["with a line that somebody forged", "failed: x\nok: all is well", "failed: x\n  ok: all is well"],
    ["with a forged line that begins with a wide blank", "x\n\u00a0ok: y", "x\n  \u00a0ok: y"],
    ["with rows below a line of its own", "why:\n\nerror a: b\n  c", "why:\n\n  error a: b\n    c"],
  ])("has one line at the margin: %s", (_, text, shown) => {
    expect(entry(text)).toBe(shown);
  });

  it("has nothing that a terminal obeys, whatever was in it, and no second line of ours", () => {
    fc.assert(
      fc.property(HOSTILE, (text) => {
        expect(harmless(text)).not.toMatch(OBEYED);
        expect(oneLine(text)).not.toMatch(OBEYED);
        expect(oneLine(text)).not.toMatch(/[\n\t]/);
        const [, ...others] = entry(text).split("\n");
        expect(others.filter((line) => line !== "" && !/^[ \t]/.test(line))).toEqual([]);
      }),
    );
  });
});
