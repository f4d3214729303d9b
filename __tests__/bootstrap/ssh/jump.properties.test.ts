import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { isIP } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { readSshSettings, type Login } from "../../../bootstrap/ssh/settings";
import { UserError } from "../../../contract/user-error";
import { fc } from "../../support/properties";
import { keyPair } from "../../support/ssh-server";

const USER = "alice";
let home: string;

beforeAll(() => {
  home = mkdtempSync(join(tmpdir(), "jump-properties-"));
  mkdirSync(join(home, ".ssh"));
  writeFileSync(join(home, ".ssh", "id_ed25519"), keyPair().private, { mode: 0o600 });
});
afterAll(() => {
  rmSync(home, { recursive: true });
});

/** What OpenSSH's client makes of the text after `-J`; undefined when it refuses it. Only a single host is taken apart. */
function readByOpenSsh(jump: string): string | undefined {
  const { error, status, stdout } = spawnSync("ssh", ["-G", "-F", "none", "-J", jump, "--", "bastion"], {
    encoding: "utf8",
  });
  if (error) throw error;
  return status === 0 ? (/^proxyjump (.*)$/m.exec(stdout)?.[1] ?? "") : undefined;
}

/** The hosts that `--jump` means here; undefined when it is refused. */
function readHere(jump: string): readonly Login[] | undefined {
  const machine = { home, user: USER, environment: {} };
  try {
    const stack = { region: "ap-northeast-2", cluster_name: "demo", bastion_user: "ec2-user" };
    return readSshSettings({ jump }, { ...stack, bastion_address: "bastion" }, machine).hops;
  } catch (error) {
    if (error instanceof UserError) return undefined;
    throw error;
  }
}

/** In OpenSSH's form: `[USER@]HOST[:PORT]`, an address in brackets. */
function written({ user, address, port }: Login): string {
  return [
    user === USER ? "" : `${user}@`,
    isIP(address.replace(/%.*/, "")) === 0 ? address : `[${address}]`,
    port === 22 ? "" : `:${String(port)}`,
  ].join("");
}

/**
 * A host as people write it, right and wrong. Left out: an IPv6 address in a URI, which OpenSSH 9 refuses, and a `;` in
 * its user, from which on OpenSSH leaves everything away.
 */
const HOP = fc
  .record({
    scheme: fc.constantFrom("", "", "ssh://"),
    user: fc.constantFrom("", "", "eve@", "ec2-user@", "e.v_e@", "@", "-e@", "e;v@", "e'v@", "e|v@"),
    host: fc.oneof(
      { weight: 4, arbitrary: fc.constantFrom("gate", "203.0.113.9", "gate.example.com", "a_b") },
      { weight: 1, arbitrary: fc.constantFrom("[2001:db8::1]", "[fe80::1%eth0]") },
      { weight: 1, arbitrary: fc.constantFrom("", "2001:db8::1", "-gate", "a;b", "a$b", "a'b", "a|b", "<a>") },
    ),
    port: fc.constantFrom("", "", ":22", ":2222", ":022", ":65535", ":65536", ":0", ":-1", ":0x16", ":99999999999"),
    end: fc.constantFrom("", "", "", "/", "/x"),
  })
  .filter(({ scheme, user, host }) => scheme === "" || !(host.startsWith("[") || user.includes(";")))
  .map(({ scheme, user, host, port, end }) => `${scheme}${user}${host}${port}${end}`);

describe("--jump", () => {
  it("is refused when ssh -J refuses it", () => {
    fc.assert(
      fc.property(fc.array(HOP, { minLength: 2, maxLength: 3 }), (hops) => {
        const jump = hops.join(",");
        expect(readHere(jump)?.length).toBe(readByOpenSsh(jump) === undefined ? undefined : hops.length);
      }),
    );
  });

  it("names the host, user and port that it names to ssh -J", () => {
    fc.assert(
      fc.property(HOP, (hop) => {
        const theirs = readByOpenSsh(hop);
        expect(readHere(hop)?.map(written)).toEqual(theirs === undefined ? undefined : [theirs.replace(/:22$/, "")]);
      }),
    );
  });
});
