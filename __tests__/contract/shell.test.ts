import { execFileSync } from "node:child_process";

import { quoted, shellWords } from "../../contract/shell";
import { fc } from "../support/properties";

/** The words that `sh` makes of a command line. */
function wordsOfSh(line: string): string[] {
  const printed = execFileSync("sh", ["-c", `for word in ${line}; do printf '%s\\0' "$word"; done`], {
    encoding: "utf8",
    stdio: "pipe",
  });
  return printed.split("\0").slice(0, -1);
}

/** Words with what shells take for something else; no NUL, which no word can have. */
const WORD = fc.oneof(
  fc.string({ unit: fc.constantFrom("a", "-", " ", "'", '"', "\\", "$", "`", "*", "~", "!", ";", "\n", "é") }),
  fc.string({ unit: "grapheme" }).map((text) => text.replaceAll("\0", "")),
);

describe("a word that is quoted", () => {
  it("is the same word to sh, whatever is in it", () => {
    fc.assert(
      fc.property(fc.array(WORD, { minLength: 1, maxLength: 20 }), (words) => {
        expect(wordsOfSh(words.map(quoted).join(" "))).toEqual(words);
      }),
    );
  });

  it("is the same word to our own reader", () => {
    fc.assert(
      fc.property(fc.array(WORD), (words) => {
        expect(shellWords(words.map(quoted).join(" "))).toEqual(words);
      }),
    );
  });
});

describe("the words of a line", () => {
  /** Pieces of a word that sh does not expand, each closed by itself. */
  const PIECE = fc.oneof(
    fc.constantFrom("a", "--max-pods=17", "k=v:NoSchedule", "\\ ", "\\'", '\\"', "\\\\", "é"),
    fc.string({ unit: fc.constantFrom("a", " ", '"', "\\", "$") }).map((text) => `'${text}'`),
    fc.string({ unit: fc.constantFrom("a", " ", "'", '\\"', "\\\\", "\\$", "\\`", "\\a") }).map((text) => `"${text}"`),
  );
  const LINE = fc
    .array(fc.array(PIECE, { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 8 })
    .map((words) => words.map((pieces) => pieces.join("")).join("  "));

  it("are those that sh makes of it", () => {
    fc.assert(
      fc.property(LINE, (line) => {
        expect(shellWords(line)).toEqual(wordsOfSh(line));
      }),
    );
  });
});
