import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import os, { tmpdir } from "node:os";
import { join } from "node:path";

import { wireFormat } from "../../../bootstrap/ssh/known-hosts";
import { isRevoked } from "../../../bootstrap/ssh/revoked-keys";
import { UserError } from "../../../contract/user-error";

let folder: string;
/** Public keys made by ssh-keygen, as it writes them. */
const keys: Record<string, string> = {};

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "revoked-keys-"));
  for (const name of ["bad", "worse", "good"]) {
    execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", `root@${name}`, "-f", name], { cwd: folder });
    keys[name] = readFileSync(join(folder, `${name}.pub`), "utf8").trim();
  }
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

/** A list with this in it. */
function list(content: string | Buffer): string {
  const file = join(folder, "list");
  writeFileSync(file, content);
  return file;
}

/** Which of the keys a list revokes. */
function revokedBy(file: string): string[] {
  return Object.keys(keys).filter((name) => isRevoked(file, wireFormat(keys[name] ?? "")));
}

function messageOf(read: () => unknown): string {
  try {
    read();
  } catch (error) {
    expect(error).toBeInstanceOf(UserError);
    return (error as Error).message;
  }
  throw new Error("nothing was thrown");
}

describe("a list of revoked keys", () => {
  it.each([
    ["is empty", () => "", []],
    ["has two of them", () => `${keys["bad"] ?? ""}\n${keys["worse"] ?? ""}\n`, ["bad", "worse"]],
    [
      "has comments, blanks and tabs",
      () => `# those of May\r\n\r\n \t${(keys["bad"] ?? "").replace(" ", "\t ")}\r\n`,
      ["bad"],
    ],
    ["has one in a comment", () => `# ${keys["bad"] ?? ""}\n`, []],
    ["ends without a line break", () => keys["worse"] ?? "", ["worse"]],
  ])("revokes the keys that are in it, where it %s", (_, content, revoked) => {
    expect(revokedBy(list(content()))).toEqual(revoked);
  });

  it("may be one that ssh-keygen has made", () => {
    execFileSync("ssh-keygen", ["-q", "-k", "-f", "made", "bad.pub", "worse.pub"], { cwd: folder });

    const before = readdirSync(folder);
    const temporary = jest.spyOn(os, "tmpdir").mockReturnValue(folder);

    expect(revokedBy(join(folder, "made"))).toEqual(["bad", "worse"]);
    expect(readdirSync(folder)).toEqual(before);
    expect(temporary).toHaveBeenCalled();
    temporary.mockRestore();
  });

  const MEND = ", and without it ssh believes no host either: mend it, or take it out of the ssh configuration";

  it.each([
    ["a line that is no key", () => `${keys["good"] ?? ""}\nssh-ed25519\n`, "has no public key in line 2"],
    [
      "a key of another type than it says",
      () => (keys["good"] ?? "").replace("ed25519", "rsa"),
      "has no public key in line 1",
    ],
  ])("believes no host with %s", (_, content, why) => {
    const file = list(content());

    expect(messageOf(() => revokedBy(file))).toBe(`RevokedHostKeys ${file} ${why}${MEND}`);
  });

  it("believes no host where ssh-keygen cannot read it", () => {
    const file = list("SSHKRL\n\0 cut off");
    const { length } = `RevokedHostKeys ${file} `;

    const message = messageOf(() => revokedBy(file));

    expect(message.slice(length)).toMatch(/^cannot be read by ssh-keygen \(\S[^\n]* KRL [^\n]*\S\), and without it/);
  });

  it("believes no host where it is not there", () => {
    const file = join(folder, "none");

    expect(messageOf(() => revokedBy(file))).toBe(
      `RevokedHostKeys ${file} cannot be read (ENOENT: no such file or directory, open '${file}')${MEND}`,
    );
    expect(() => revokedBy(file)).toThrow(
      expect.objectContaining({ cause: expect.objectContaining({ code: "ENOENT" }) as Error }) as Error,
    );
  });
});
