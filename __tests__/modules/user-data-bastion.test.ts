import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { parse } from "yaml";

import { bastionUserData } from "../../modules/user-data-bastion";

const GOLDEN = join(__dirname, "../golden/user-data-bastion/planted-host-key.yaml");

describe("the user data of a bastion with a planted host key", () => {
  it("is this", () => {
    const [begin, end] = ["BEGIN", "END"].map((word) => `-----${word} OPENSSH PRIVATE KEY-----\n`);
    const privateKeyJson = JSON.stringify(`${String(begin)}bm90IGEga2V5\n${String(end)}`);

    expect(bastionUserData({ privateKeyJson, publicKey: "ssh-ed25519 bm90IGEga2V5" })).toBe(
      readFileSync(GOLDEN, "utf8"),
    );
  });

  it("holds a key that OpenSSH can use, and its public half", () => {
    const folder = mkdtempSync(join(tmpdir(), "eks-test-user-data-"));
    const key = join(folder, "key");
    execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "", "-f", key]);
    const publicKey = readFileSync(`${key}.pub`, "utf8").trim();

    const text = bastionUserData({ privateKeyJson: JSON.stringify(readFileSync(key, "utf8")), publicKey });

    const { ssh_keys: planted } = parse(text) as { ssh_keys: Record<string, string> };
    const file = join(folder, "planted");
    writeFileSync(file, planted["ed25519_private"] ?? "", { mode: 0o600 });
    expect(execFileSync("ssh-keygen", ["-y", "-f", file], { encoding: "utf8" }).trim()).toBe(publicKey);
    expect(planted["ed25519_public"]).toBe(publicKey);
    rmSync(folder, { recursive: true });
  });
});
