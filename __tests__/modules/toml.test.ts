import { readToml } from "../../modules/user-data/toml";

describe("TOML", () => {
  it.each<[string, string, readonly (readonly [string, readonly string[]])[]]>([
    ["nothing", "\n# a comment\n", []],
    ["a text", 'a = "b # c"', [["a", ["b # c"]]]],
    ["a literal text", String.raw`a = 'b\n"c"'`, [["a", [String.raw`b\n"c"`]]]],
    ["an escaped text", String.raw`a = "say \"b\"\n"`, [["a", ['say "b"\n']]]],
    ["a number and a boolean", "a = 110 # most\nb = true", [["a", ["110"]], ["b", ["true"]]]], // prettier-ignore
    ["a list", "a = ['b', \"c\"]", [["a", ["b", "c"]]]],
    ["an empty list", "a = []", [["a", []]]],
    ["a list on many lines", 'a = [ # of them\n  "b",\n\n  "c", # the last\n]\nd = 1', [["a", ["b", "c"]], ["d", ["1"]]]], // prettier-ignore
    ["tables", '[a]\nb = "1"\n[a.c]\nd = "2"', [["a b", ["1"]], ["a c d", ["2"]]]], // prettier-ignore
    ["keys with dots", 'a.b."c.d/e" = "1"', [["a b c.d/e", ["1"]]]],
    ["lines that end as in mail", "[a]\r\nb = 1\r\n", [["a b", ["1"]]]],
    [
      "inline tables",
      'a = { "b/c" = "d,e", f = ["g", "h:i"], j = 1 }\nk = {}',
      [
        ["a b/c", ["d,e"]],
        ["a f", ["g", "h:i"]],
        ["a j", ["1"]],
      ],
    ],
  ])("is read: %s", (_, document, expected) => {
    expect(readToml(document)?.map(({ path, value }) => [path.join(" "), value])).toEqual(expected);
  });

  it.each([
    ["a word", "a"],
    ["a key without a value", "a ="],
    ["a value without quotes", "a = b"],
    ["two values", 'a = "b" "c"'],
    ["a text that does not end", 'a = "b'],
    ["a list that does not end", 'a = ["b",'],
    ["an inline table in another", "a = { b = { c = 1 } }"],
    ["an inline table with a comma at its end", "a = { b = 1, }"],
    ["an inline table that is not closed", "a = { b = 1"],
    ["a list of tables", "[[a]]\nb = 1"],
    ["a script", "#!/bin/sh\necho a"],
  ])("is not %s", (_, document) => {
    expect(readToml(document)).toBeUndefined();
  });
});
