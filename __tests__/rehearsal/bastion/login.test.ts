import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

import { sshCommand } from "../../../rehearsal/bastion/login";

describe("the command that is printed for the bastion", () => {
  const folder = mkdtempSync(join(tmpdir(), "eks-test-login-"));
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  it.each([
    ["plain", "a/key", "a/known_hosts"],
    ["with blanks and quotes", "it's $(a)/key", "it's $(a)/known hosts"],
  ])("leads OpenSSH's client there, with paths that are %s", (_, key, known) => {
    mkdirSync(join(folder, dirname(key)));
    writeFileSync(join(folder, key), "");

    const line = sshCommand({ port: 2222, user: "kim" }, key, known).replace(/^ssh /, "ssh -GT -F none ");
    const read = execFileSync("sh", ["-c", line], { cwd: folder, encoding: "utf8" }).split("\n");

    expect(read).toEqual(
      expect.arrayContaining([
        "user kim",
        "hostname 127.0.0.1",
        "port 2222",
        `identityfile ${key}`,
        `userknownhostsfile ${known}`,
      ]),
    );
  });
});
