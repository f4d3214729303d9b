import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { UserError } from "../../contract/user-error";
import { keyType, wireFormat } from "./known-hosts";

/** What a list in OpenSSH's own form begins with. @see https://github.com/openssh/openssh-portable/blob/master/PROTOCOL.krl */
const KRL = Buffer.from("SSHKRL\n\0");

/**
 * Whether a file of `RevokedHostKeys` revokes a key in SSH's wire format. It has a public key on each line, or is a list
 * that `ssh-keygen -k` has made, which `ssh-keygen` reads.
 *
 * @throws UserError when that cannot be told: as with ssh no host is believed then
 * @see https://man.openbsd.org/ssh_config.5#RevokedHostKeys
 */
export function isRevoked(file: string, key: Buffer): boolean {
  const untold = (why: string, cause?: unknown) =>
    new UserError(
      `RevokedHostKeys ${file} ${why}, and without it ssh believes no host either: mend it, or take it out of the ` +
        "ssh configuration",
      { cause },
    );
  let content: Buffer;
  try {
    content = readFileSync(file);
  } catch (cause) {
    throw untold(`cannot be read (${(cause as Error).message})`, cause);
  }
  if (content.subarray(0, KRL.length).equals(KRL)) {
    const asked = askKeygen(file, key);
    if (asked.status === 0) return false;
    if (asked.status === 1 && asked.stdout.includes("REVOKED")) return true;
    throw untold(`cannot be read by ssh-keygen (${asked.error?.message ?? asked.stderr.trim()})`);
  }
  const lines = content.toString().split(/\r?\n/);
  const revoked = lines.flatMap((line, at) => {
    const text = line.trim();
    if (text === "" || text.startsWith("#")) return [];
    const [type = "", blob = ""] = text.split(/[ \t]+/);
    const wire = wireFormat(`${type} ${blob}`);
    if (keyType(wire) !== type) throw untold(`has no public key in line ${String(at + 1)}`);
    return [wire];
  });
  return revoked.some((it) => it.equals(key));
}

/** `ssh-keygen -Q`, which reads the key from a file only, and from no pipe. */
function askKeygen(list: string, key: Buffer) {
  const folder = mkdtempSync(join(tmpdir(), "eks-key-"));
  try {
    const file = join(folder, "key.pub");
    writeFileSync(file, `${keyType(key) ?? ""} ${key.toString("base64")}\n`);
    return spawnSync("ssh-keygen", ["-Q", "-f", list, file], { encoding: "utf8" });
  } finally {
    rmSync(folder, { recursive: true });
  }
}
