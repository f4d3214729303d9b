import { spawnSync } from "node:child_process";

import { quoted } from "../../../contract/shell";
import { sh } from "../../../bootstrap/engine/command";

describe("a command", () => {
  it.each([
    ["/usr/local/bin/kubectl", "/usr/local/bin/kubectl"],
    ["", "''"],
    ["two words", "'two words'"],
    ["it's", String.raw`'it'\''s'`],
    ['$HOME `id` \\ "', "'$HOME `id` \\ \"'"],
    ["-rf", "-rf"],
    ["~", "'~'"],
  ])("quotes %j as %s", (word, expected) => {
    expect(quoted(word)).toBe(expected);
  });

  it.each(["a b", "it's", "$(reboot)", "*", "한글", "new\nline", "\\", "!!", "", "a;b", "#"])(
    "hands %j to a real shell as one word",
    (word) => {
      const { stdout } = spawnSync("sh", ["-c", sh`printf %s ${word}`.text], { encoding: "utf8" });

      expect(stdout).toBe(word);
    },
  );

  it("takes a list as several words", () => {
    expect(sh`apt-get install -y ${["curl", "unzip"]}`.text).toBe("apt-get install -y curl unzip");
  });

  it("keeps the text as it was written between the values", () => {
    expect(sh`awk '{print $1}' ${"a file"} | tr '\n' ${2}`.text).toBe(
      String.raw`awk '{print $1}' 'a file' | tr '\n' 2`,
    );
  });
});
