import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { UserError } from "../../../contract/user-error";
import { consoleFingerprints } from "../../../bootstrap/ssh/console-output";
import { decideHostKey, readFingerprint } from "../../../bootstrap/ssh/host-key-policy";
import type { HostKeyEvidence } from "../../../bootstrap/ssh/host-key-policy";
import { fingerprint, lookUp, parseKnownHosts, wireFormat } from "../../../bootstrap/ssh/known-hosts";

/** A key made by ssh-keygen: what a host offers, what known_hosts has, and what cloud-init prints. */
interface Key {
  readonly wire: Buffer;
  readonly text: string;
  readonly printed: string;
}

let offered: Key;
let other: Key;
let rsa: Key;
let ecdsa: Key;

beforeAll(() => {
  const folder = mkdtempSync(join(tmpdir(), "host-key-policy-"));
  const make = (name: string, ...options: string[]): Key => {
    const file = join(folder, name);
    execFileSync("ssh-keygen", ["-q", ...options, "-N", "", "-C", "root@ip-10-0-0-9", "-f", file]);
    const [type = "", blob = ""] = readFileSync(`${file}.pub`, "utf8").split(" ");
    const printed = execFileSync("ssh-keygen", ["-l", "-f", `${file}.pub`], { encoding: "utf8" }).trim();
    return { wire: Buffer.from(blob, "base64"), text: `${type} ${blob}`, printed };
  };
  try {
    offered = make("offered", "-t", "ed25519");
    other = make("other", "-t", "ed25519");
    rsa = make("rsa", "-t", "rsa", "-b", "2048");
    ecdsa = make("ecdsa", "-t", "ecdsa", "-b", "256");
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

const BEGIN = "-----BEGIN SSH HOST KEY FINGERPRINTS-----";
const END = "-----END SSH HOST KEY FINGERPRINTS-----";

function block(prefix: string, ...keys: Key[]): string {
  return [BEGIN, ...keys.map(({ printed }) => printed), END].map((line) => `${prefix}${line}`).join("\r\n");
}

describe("the console output", () => {
  it.each(["", "ci-info: ", "ec2: ", "<14>Jun  3 17:07:52 ec2: ", "[   18.521933] cloud-init[2185]: "])(
    "has the fingerprints between the markers, after %j",
    (prefix) => {
      const output = `login: ${other.printed}\r\n${block(prefix, offered, rsa)}\r\n${other.printed}\r\n`;

      expect(consoleFingerprints(output)).toEqual([
        { fingerprint: fingerprint(offered.wire), type: "ED25519" },
        { fingerprint: fingerprint(rsa.wire), type: "RSA" },
      ]);
    },
  );

  it("of cloud-init 22.4.2 has the fingerprints of the keys that it prints after them", () => {
    const printed = readFileSync(join(__dirname, "../../golden/console-output/cloud-init-22.4.2.txt"), "utf8");
    const publicKeys = printed.split("\r\n").filter((line) => /^(ssh|ecdsa)-\S+ AAAA/.test(line));

    expect(consoleFingerprints(printed)).toEqual([
      { fingerprint: fingerprint(wireFormat(publicKeys[0] ?? "")), type: "ECDSA" },
      { fingerprint: fingerprint(wireFormat(publicKeys[1] ?? "")), type: "ED25519" },
      { fingerprint: fingerprint(wireFormat(publicKeys[2] ?? "")), type: "RSA" },
    ]);
  });

  it("has fingerprints without a type where a narrow console broke the line", () => {
    const output = block("ec2: ", offered).replace(" root@", "\nroot@");

    expect(consoleFingerprints(output)).toEqual([{ fingerprint: fingerprint(offered.wire) }]);
  });

  it("has those of the last whole block", () => {
    const output = [block("", other), `${BEGIN}\n${rsa.printed}`, block("", offered), `${BEGIN}\n${rsa.printed}`];

    expect(consoleFingerprints(output.join("\n"))).toEqual([
      { fingerprint: fingerprint(offered.wire), type: "ED25519" },
    ]);
  });

  it("has none before the boot is over, after its begin was cut off, or when they are MD5", () => {
    const md5 = "256 d3:41:1c:90:80:a2:16:0d:03:2c:05:d7:94:04:88:1a root@ip (ECDSA)";

    for (const output of [
      "",
      `${BEGIN}\n${offered.printed}`,
      `${offered.printed}\n${END}`,
      `${BEGIN}\n${md5}\n${END}`,
    ]) {
      expect(consoleFingerprints(output)).toEqual([]);
    }
  });
});

/** Evidence of nothing, apart from what is given; the text is a known_hosts. */
function decide(given: Partial<Omit<HostKeyEvidence, "standing" | "malformed">>, text = "") {
  const to = { host: "203.0.113.9", port: 22, offered: offered.wire, ...given };
  const knownHosts = parseKnownHosts(text);
  return decideHostKey({
    console: [],
    standing: lookUp(knownHosts, to.host, to.port, to.offered),
    malformed: knownHosts.malformed,
    knownHostsFile: "/home/kim/.ssh/known_hosts",
    acceptNew: false,
    ...to,
  });
}

/** The message of a decision that has to be a refusal. */
function refused(decision: ReturnType<typeof decide>): string {
  if (decision.action !== "refuse") throw new Error(`expected a refusal, got ${JSON.stringify(decision)}`);
  return decision.message;
}

const onConsole = (...keys: Key[]) => consoleFingerprints(block("ec2: ", ...keys));

describe("a host key", () => {
  it("is accepted when the console output lists it", () => {
    expect(decide({ console: onConsole(rsa, offered) })).toEqual({
      action: "accept",
      because: "the EC2 console output lists it",
    });
  });

  it("is accepted when known_hosts has it, and not written a second time", () => {
    expect(decide({ acceptNew: true }, `203.0.113.9 ${offered.text}`)).toEqual({
      action: "accept",
      because: "line 1 of /home/kim/.ssh/known_hosts has it",
    });
  });

  it("is accepted when --host-key names it", () => {
    expect(decide({ hostKey: fingerprint(offered.wire) })).toEqual({
      action: "accept",
      because: "--host-key names it",
    });
  });

  it("is accepted and remembered with --accept-new-host-key", () => {
    expect(decide({ acceptNew: true, port: 2222 })).toEqual({
      action: "accept",
      because: "--accept-new-host-key takes the first key of a host as its own",
      line: `[203.0.113.9]:2222 ${offered.text}`,
    });
  });

  it("is accepted on the best evidence there is, and remembered because that was asked for", () => {
    const everything = { console: onConsole(offered), hostKey: fingerprint(offered.wire), acceptNew: true };

    expect(decide(everything)).toEqual({
      action: "accept",
      because: "the EC2 console output lists it",
      line: `203.0.113.9 ${offered.text}`,
    });
  });

  it("is refused without evidence, with its fingerprint and the three ways to give some", () => {
    expect(refused(decide({}))).toBe(
      [
        "203.0.113.9: host key refused: nothing says that it is the bastion's",
        `  found     ${fingerprint(offered.wire)} (ssh-ed25519)`,
        "  why       the EC2 console output was not readable or has no fingerprints yet, " +
          "and /home/kim/.ssh/known_hosts has no key of this host",
        "  what now  give AWS credentials that allow ec2:GetConsoleOutput; " +
          "a new instance prints its keys minutes after its start",
        "            or compare the fingerprint found with the host's (ssh-keygen -l) " +
          "and give it as --host-key SHA256:…",
        "            or give --accept-new-host-key, which trusts the network this once " +
          "and writes the key to known_hosts",
      ].join("\n"),
    );
  });

  it("is refused when known_hosts has another, with both fingerprints, the line and the command", () => {
    expect(refused(decide({ port: 2222 }, `# mine\n[203.0.113.9]:2222 ${other.text}`))).toBe(
      [
        "[203.0.113.9]:2222: host key refused: /home/kim/.ssh/known_hosts has another key for this host",
        `  found     ${fingerprint(offered.wire)} (ssh-ed25519)`,
        `  expected  ${fingerprint(other.wire)} (ssh-ed25519, line 2 of /home/kim/.ssh/known_hosts)`,
        "  why       either the bastion was made anew at this address, or somebody else answers in its place",
        "  what now  if it was made anew, forget the old key and run again: " +
          "ssh-keygen -R '[203.0.113.9]:2222' -f /home/kim/.ssh/known_hosts",
        "            if it was not, do not connect",
      ].join("\n"),
    );
  });

  it("is refused when known_hosts has only keys of other types, and the message says which", () => {
    expect(refused(decide({}, `203.0.113.9 ${rsa.text}\n203.0.113.9 ${ecdsa.text}`))).toBe(
      [
        "203.0.113.9: host key refused: /home/kim/.ssh/known_hosts has another type of key for this host",
        `  found     ${fingerprint(offered.wire)} (ssh-ed25519)`,
        `  expected  ${fingerprint(rsa.wire)} (ssh-rsa, line 1 of /home/kim/.ssh/known_hosts)`,
        `            ${fingerprint(ecdsa.wire)} (ecdsa-sha2-nistp256, line 2 of /home/kim/.ssh/known_hosts)`,
        "  why       known are only keys of the type ssh-rsa, ecdsa-sha2-nistp256, the host offers ssh-ed25519; " +
          "either the bastion was made anew at this address, or somebody else answers in its place",
        "  what now  if it was made anew, forget the old key and run again: " +
          "ssh-keygen -R 203.0.113.9 -f /home/kim/.ssh/known_hosts",
        "            if it was not, do not connect",
      ].join("\n"),
    );
  });

  it("is refused when it is changed or revoked, whatever else speaks for it", () => {
    const everything = { console: onConsole(offered), hostKey: fingerprint(offered.wire), acceptNew: true };

    expect(refused(decide(everything, `* ${other.text}`))).toContain(
      "the EC2 console output lists the key found: most likely the bastion was made anew",
    );
    expect(refused(decide(everything, `* ${offered.text}\n@revoked * ${offered.text}`))).toBe(
      [
        "203.0.113.9: host key refused: line 2 of /home/kim/.ssh/known_hosts revokes it",
        `  found     ${fingerprint(offered.wire)} (ssh-ed25519)`,
        "  why       somebody has revoked this key, because others may have its private half",
        "  what now  give the host new keys: replace the bastion, or run ssh-keygen -A on it after deleting the old ones",
      ].join("\n"),
    );
    expect(refused(decide({ ...everything, revokedBy: "/etc/ssh/revoked" }, `* ${offered.text}`))).toContain(
      "host key refused: /etc/ssh/revoked revokes it (RevokedHostKeys)\n",
    );
  });

  it("is refused when the console output lists others, whatever else speaks for it", () => {
    const others = { console: onConsole(other, rsa), hostKey: fingerprint(offered.wire), acceptNew: true };

    const message = refused(decide(others, `203.0.113.9 ${offered.text}`));

    expect(message).toBe(
      [
        "203.0.113.9: host key refused: it is not in the EC2 console output of the bastion",
        `  found     ${fingerprint(offered.wire)} (ssh-ed25519)`,
        `  expected  ${fingerprint(other.wire)} (ED25519, console output)`,
        `            ${fingerprint(rsa.wire)} (RSA, console output)`,
        "  why       the instance printed the keys it made for itself, so this one is of another host or was made later",
        "  what now  check that --host and --port lead to the instance of the outputs",
        "            if its keys were made anew since, replace the bastion, or run without AWS credentials and with " +
          "--host-key",
      ].join("\n"),
    );
    // A narrow console broke the line before the type.
    expect(refused(decide({ console: [{ fingerprint: fingerprint(other.wire) }] }))).toContain(
      `expected  ${fingerprint(other.wire)} (any type, console output)\n`,
    );
  });

  it("is refused when --host-key names another, whatever else speaks for it", () => {
    const others = { console: onConsole(offered), hostKey: fingerprint(other.wire), acceptNew: true };

    const message = refused(decide(others, `203.0.113.9 ${offered.text}`));

    expect(message).toBe(
      [
        "203.0.113.9: host key refused: --host-key names another one",
        `  found     ${fingerprint(offered.wire)} (ssh-ed25519)`,
        `  expected  ${fingerprint(other.wire)} (--host-key)`,
        "  why       a host has one key of each type, and this is its ssh-ed25519 key: " +
          "either the one given is of another type, or this is another host",
        "  what now  give the fingerprint of the ssh-ed25519 key, from ssh-keygen -l on the host or from its console " +
          "output",
      ].join("\n"),
    );
  });

  it("is accepted when the stack has planted it, and written down when that was asked for", () => {
    const because = "the stack has planted it (output bastion_host_key)";

    expect(decide({ planted: offered.wire })).toEqual({ action: "accept", because });
    expect(decide({ planted: offered.wire, acceptNew: true })).toEqual({
      action: "accept",
      because,
      line: `203.0.113.9 ${offered.text}`,
    });
  });

  it("is refused when the stack has planted another, whatever else speaks for it", () => {
    const message = refused(decide({ planted: other.wire, acceptNew: true }, `203.0.113.9 ${offered.text}`));

    expect(message).toBe(
      [
        "203.0.113.9: host key refused: it is not the one that the stack has planted",
        `  found     ${fingerprint(offered.wire)} (ssh-ed25519)`,
        `  expected  ${fingerprint(other.wire)} (output bastion_host_key)`,
        "  why       either somebody else answers in the bastion's place, or it has not taken its key from its user " +
          "data: the image has no cloud-init, or its host keys were made anew since",
        "  what now  check that --host and --port lead to the instance of the outputs, and that these are of the last " +
          "apply",
        "            if you have compared the fingerprint found with the host's (ssh-keygen -l), give it as " +
          "--host-key SHA256:…",
      ].join("\n"),
    );
  });

  it("is refused when the stack has planted it and known_hosts has another, or revokes it", () => {
    const planted = { planted: offered.wire };

    expect(refused(decide(planted, `203.0.113.9 ${other.text}`))).toContain("has another key for this host");
    expect(refused(decide(planted, `@revoked * ${offered.text}`))).toContain("revokes it");
  });

  it("is refused when it is no key at all", () => {
    const offered = Buffer.from("HTTP/1.1 400");

    expect(refused(decide({ offered, acceptNew: true }))).toBe(
      [
        "203.0.113.9: host key refused: it is no SSH key",
        `  found     ${fingerprint(offered)} (no SSH key)`,
        "  why       whatever answers at this address and port does not follow the SSH protocol",
        "  what now  check --host and --port",
      ].join("\n"),
    );
  });

  it("is refused with a word on the lines of known_hosts that could not be used", () => {
    const said = (bad: number) =>
      refused(decide({}, `@cert-authority * ${other.text}\n${"203.0.113.9\n".repeat(bad)}`));
    const ignored = [2, 3, 4].map((line) => `its line ${String(line)} is ignored: the key type or the key is missing`);
    const lines = ["its line 1 is a @cert-authority, which cannot be verified here", ...ignored].join("; ");

    expect(said(3)).toContain(`has no key of this host; ${lines}\n`);
    expect(said(5)).toContain(`has no key of this host; ${lines}; 2 more of its lines are ignored\n`);
  });
});

describe("--host-key", () => {
  it("is the fingerprint as ssh-keygen prints it, or with base64's padding", () => {
    expect(readFingerprint(fingerprint(offered.wire))).toBe(fingerprint(offered.wire));
    expect(readFingerprint(`${fingerprint(offered.wire)}=`)).toBe(fingerprint(offered.wire));
  });

  it.each([
    "",
    "SHA256:",
    "SHA256:abc",
    `SHA256:${"a".repeat(44)}`,
    ` SHA256:${"a".repeat(43)}`,
    "MD5:d3:41:1c:90:80:a2:16:0d:03:2c:05:d7:94:04:88:1a",
    "ssh-ed25519 AAAA",
  ])("fails for %j", (option) => {
    expect(() => readFingerprint(option)).toThrow(
      new UserError(
        "--host-key must be a SHA-256 fingerprint as ssh-keygen -l prints it, SHA256: and 43 characters, " +
          `got ${JSON.stringify(option)}`,
      ),
    );
  });
});
