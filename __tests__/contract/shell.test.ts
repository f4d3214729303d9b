import { execFileSync } from "node:child_process";

import { exportLines, quoted, shell, shellWords, sourced } from "../../contract/shell";
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

describe("a command line to be pasted", () => {
  it("has each value as one word, and a list as several", () => {
    fc.assert(
      fc.property(WORD, fc.array(WORD), (one, several) => {
        expect(wordsOfSh(shell`kubectl --one=${one} ${several}`)).toEqual(["kubectl", `--one=${one}`, ...several]);
      }),
    );
  });

  it("may have another one in it", () => {
    const line = shell`eks ssh --command ${shell`kubectl describe node ${"it's\n$(id)"}`}`;

    const [, , , command = ""] = wordsOfSh(line);
    expect(wordsOfSh(command)).toEqual(["kubectl", "describe", "node", "it's\n$(id)"]);
  });

  it("has a space where its template has a line break, and leaves the values alone", () => {
    expect(shell`a \
        --b ${"c\n  d"}
        --e`).toBe("a \\ --b 'c\n  d' --e");
  });
});

describe("what a shell reads out of a file", () => {
  it("is every variable with its value", () => {
    const NAMES = ["AWS_ENDPOINT_URL", "TF_CLI_CONFIG_FILE", "x"] as const;
    fc.assert(
      fc.property(fc.tuple(WORD, WORD, WORD), (values) => {
        const file = exportLines(NAMES.map((name, i) => [name, values[i]]));
        const printed = execFileSync(
          "sh",
          ["-c", `${file}printf '%s\\0' ${NAMES.map((name) => `"$${name}"`).join(" ")}`],
          {
            encoding: "utf8",
            env: {},
          },
        );
        expect(printed.split("\0").slice(0, -1)).toEqual(values);
      }),
    );
  });

  it("is nothing for a variable without a value, whatever it was before", () => {
    expect(exportLines([["AWS_PROFILE", undefined]])).toBe("export AWS_PROFILE=''\n");
  });

  it.each([
    [".cache/emulator/environment", ". .cache/emulator/environment"],
    ["a b/environment", ". 'a b/environment'"],
    ["environment", ". ./environment"],
  ])("is where it says: %s", (file, line) => {
    expect(sourced(file)).toBe(line);
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
