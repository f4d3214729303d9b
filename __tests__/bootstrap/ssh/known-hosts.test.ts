import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { UserError } from "../../../contract/user-error";
import {
  append,
  fingerprint,
  forgetCommand,
  keyType,
  knownHostsLine,
  knownKeyTypes,
  lookUp,
  parseKnownHosts,
  renderRefusal,
  serverHostKeyAlgorithms,
  wireFormat,
} from "../../../bootstrap/ssh/known-hosts";

const TYPES = { ed25519: "ssh-ed25519", ecdsa: "ecdsa-sha2-nistp256", rsa: "ssh-rsa" } as const;
type Name = "old" | "new" | "ecdsa" | "rsa";

let folder: string;
/** Public keys made by ssh-keygen. */
const keys = {} as Record<Name, { readonly file: string; readonly text: string; readonly wire: Buffer }>;

/** Without ssh-keygen this throws, and every test fails: nothing else says what OpenSSH does. */
function sshKeygen(...options: string[]): string {
  return execFileSync("ssh-keygen", options, { cwd: folder, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
}

/** The lines that ssh-keygen finds for a name, from 1; with -l it reads their keys as well. */
function linesFoundByOpenSsh(name: string, file: string): number[] {
  const { error, stdout } = spawnSync("ssh-keygen", ["-l", "-F", name, "-f", file], { cwd: folder, encoding: "utf8" });
  if (error) throw error;
  return [...stdout.matchAll(/found: line (\d+)/g)].map(([, line]) => Number(line));
}

function write(file: string, text: string): string {
  writeFileSync(join(folder, file), text);
  return file;
}

function read(file: string): string {
  return readFileSync(join(folder, file), "utf8");
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "known-hosts-"));
  const make = (name: Name, type: keyof typeof TYPES, ...options: string[]) => {
    sshKeygen("-q", "-t", type, ...options, "-N", "", "-C", `root@${name}`, "-f", name);
    const [, blob = ""] = read(`${name}.pub`).split(" ");
    keys[name] = { file: `${name}.pub`, text: `${TYPES[type]} ${blob}`, wire: Buffer.from(blob, "base64") };
  };
  make("old", "ed25519");
  make("new", "ed25519");
  make("ecdsa", "ecdsa", "-b", "256");
  make("rsa", "rsa", "-b", "2048");
});

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

describe("a key", () => {
  it.each<Name>(["old", "ecdsa", "rsa"])("has the fingerprint that ssh-keygen prints (%s)", (name) => {
    const [, printed] = sshKeygen("-l", "-f", keys[name].file).split(" ");

    expect(fingerprint(keys[name].wire)).toBe(printed);
  });

  it("names its type", () => {
    expect((["old", "ecdsa", "rsa"] as const).map((name) => keyType(keys[name].wire))).toEqual(Object.values(TYPES));
  });

  it("has no type when it is cut off, empty, alone with its type, or would write to the terminal", () => {
    const [escaped, erased] = [Buffer.from(keys.old.wire), Buffer.from(keys.old.wire)];
    escaped.write("\x1b[2J", 4);
    erased.write("\b", 14);

    for (const bytes of [
      keys.old.wire.subarray(0, -1),
      keys.old.wire.subarray(0, 2),
      keys.old.wire.subarray(0, 15),
      Buffer.alloc(0),
      Buffer.from("ffffffff00", "hex"),
      escaped,
      erased,
    ]) {
      expect(keyType(bytes)).toBeUndefined();
    }
  });
});

describe("a public key", () => {
  it("is read as it is written, and is nothing where it has no second word", () => {
    expect(wireFormat(`${keys.old.text} root@bastion`)).toEqual(keys.old.wire);
    expect(wireFormat("ssh-ed25519")).toEqual(Buffer.alloc(0));
  });

  it("may end in a number that is empty", () => {
    expect(keyType(Buffer.from("\0\0\0\x04test\0\0\0\0"))).toBe("test");
  });
});

describe("known_hosts", () => {
  it.each([
    ["bastion", "bastion", 22, true],
    ["bastion", "BASTION", 22, true],
    ["Bastion", "bastion", 22, true],
    ["bastion", "bastion2", 22, false],
    ["bastion", "bastion", 2222, false],
    ["[bastion]:2222", "bastion", 2222, true],
    ["[bastion]:2222", "bastion", 22, false],
    ["[bastion]:2222", "bastion", 222, false],
    ["bastion,203.0.113.9", "203.0.113.9", 22, true],
    ["203.0.113.9", "203a0b113c9", 22, false],
    ["2001:db8::1", "2001:DB8::1", 22, true],
    ["[2001:db8::1]:2222", "2001:db8::1", 2222, true],
    ["*.example.com", "a.example.com", 22, true],
    ["*.example.com", "a.b.example.com", 22, true],
    ["*.example.com", "example.com", 22, false],
    ["*.example.com", "a.example.com", 2222, false],
    ["203.0.113.?", "203.0.113.9", 22, true],
    ["203.0.113.?", "203.0.113.10", 22, false],
    ["*.example.com,!bad.example.com", "good.example.com", 22, true],
    ["*.example.com,!bad.example.com", "bad.example.com", 22, false],
    ["!bad.example.com,*.example.com", "bad.example.com", 22, false],
    ["!bad.example.com", "good.example.com", 22, false],
    ["[*.example.com]:22?2", "a.example.com", 2222, true],
    ["*", "bastion", 2222, true],
    ["**", "bastion", 22, true],
    ["b(a|s)tion", "bation", 22, false],
    ["b!astion", "bastion", 22, false],
  ])("%s finds %s, port %d: %s, as OpenSSH does", (hosts, host, port, found) => {
    const file = write("patterns", `${hosts} ${keys.old.text}\n`);

    const { kind } = lookUp(parseKnownHosts(read(file)), host, port, keys.old.wire);

    expect(kind).toBe(found ? "known" : "unknown");
    // ssh writes a name in small letters before it looks it up; ssh-keygen -F does not.
    const name = host.toLowerCase();
    const lines = linesFoundByOpenSsh(port === 22 ? name : `[${name}]:${String(port)}`, file);
    expect(lines).toEqual(found ? [1] : []);
  });

  it("finds the names that ssh-keygen -H has hashed", () => {
    const file = write(
      "hashed",
      `Bastion,203.0.113.9 ${keys.old.text}\n[bastion]:2222 ${keys.new.text}\n@revoked bad ${keys.rsa.text}\n`,
    );

    sshKeygen("-H", "-f", file);

    const knownHosts = parseKnownHosts(read(file));
    expect(knownHosts.malformed).toEqual([]);
    expect(knownHosts.entries.slice(0, 3).map(({ hosts }) => hosts.slice(0, 3))).toEqual(["|1|", "|1|", "|1|"]);
    expect(lookUp(knownHosts, "bastion", 22, keys.old.wire)).toMatchObject({ kind: "known" });
    expect(lookUp(knownHosts, "BASTION", 22, keys.old.wire)).toMatchObject({ kind: "known" });
    expect(lookUp(knownHosts, "203.0.113.9", 22, keys.old.wire)).toMatchObject({ kind: "known" });
    expect(lookUp(knownHosts, "bastion", 2222, keys.new.wire)).toMatchObject({ kind: "known" });
    expect(lookUp(knownHosts, "bastion", 22, keys.new.wire)).toMatchObject({ kind: "changed" });
    expect(lookUp(knownHosts, "bastion", 2223, keys.new.wire)).toMatchObject({ kind: "unknown" });
    expect(lookUp(knownHosts, "bad", 22, keys.rsa.wire)).toMatchObject({ kind: "revoked" });
  });

  it("reads comments, blank lines, tabs and Windows line ends", () => {
    const text = `# a comment\r\n\r\n   # another\r\n \tbastion\t ${keys.old.text}  root@bastion  since May\r\n`;

    expect(parseKnownHosts(text)).toEqual({
      entries: [{ line: 4, hosts: "bastion", type: "ssh-ed25519", key: keys.old.wire }],
      malformed: [],
    });
  });

  it("ignores what is no entry, and says which line and why", () => {
    const [, blob = ""] = keys.old.text.split(" ");
    const lines = [
      "bastion",
      "bastion ssh-ed25519",
      "@revoked bastion ssh-ed25519",
      `@trusted bastion ${keys.old.text}`,
      `@revoked @cert-authority bastion ${keys.old.text}`,
      `|1|c2FsdA==|aGFzaA== ${keys.old.text}`,
      `bastion ssh-ed25519 ${blob.slice(0, 40)}`,
      "bastion ssh-ed25519 not-base64",
      `bastion ssh-ed25519 ${blob.replace("AAAA", "AAAA*")}`,
      `bastion ssh-rsa ${blob}`,
      "bastion 1024 35 1234567890",
      `bastion ${keys.old.text}`,
    ];

    const { entries, malformed } = parseKnownHosts(lines.join("\n"));

    expect(entries.map(({ line }) => line)).toEqual([12]);
    expect(malformed).toEqual([
      { line: 1, reason: "the key type or the key is missing" },
      { line: 2, reason: "the key type or the key is missing" },
      { line: 3, reason: "the key type or the key is missing" },
      { line: 4, reason: 'a marker is @revoked or @cert-authority, got "@trusted"' },
      { line: 5, reason: 'a line has one marker at most, got "@cert-authority" as well' },
      { line: 6, reason: 'a hashed name is |1|salt|hash, got "|1|c2FsdA==|aGFzaA=="' },
      { line: 7, reason: "the key is cut off or not base64" },
      { line: 8, reason: "the key is cut off or not base64" },
      { line: 9, reason: "the key is cut off or not base64" },
      { line: 10, reason: 'the line says "ssh-rsa", but its key is ssh-ed25519' },
      { line: 11, reason: "the key is cut off or not base64" },
    ]);
    expect(linesFoundByOpenSsh("bastion", write("malformed", lines.join("\n")))).toEqual([12]);
  });
});

describe("an offered key", () => {
  const standing = (text: string, offered: Name) => lookUp(parseKnownHosts(text), "bastion", 22, keys[offered].wire);

  it("is known when any entry of the host has it", () => {
    expect(standing(`bastion ${keys.old.text}\nbastion ${keys.new.text}`, "new")).toMatchObject({
      kind: "known",
      entry: { line: 2 },
    });
  });

  it("is unknown when only other hosts have entries", () => {
    expect(standing(`other ${keys.old.text}`, "old")).toEqual({ kind: "unknown", certAuthorities: [] });
  });

  it("has changed when the key of its type is another, which is the one expected", () => {
    expect(standing(`bastion ${keys.rsa.text}\nbastion ${keys.old.text}`, "new")).toMatchObject({
      kind: "changed",
      what: "key",
      expected: [{ line: 2, type: "ssh-ed25519", key: keys.old.wire }],
    });
  });

  it("has changed when only keys of other types are known, which are all expected", () => {
    expect(standing(`bastion ${keys.rsa.text}\nbastion ${keys.ecdsa.text}`, "new")).toMatchObject({
      kind: "changed",
      what: "type",
      expected: [{ line: 1 }, { line: 2 }],
    });
  });

  it("is revoked although another line has it as known", () => {
    expect(standing(`bastion ${keys.old.text}\n@revoked * ${keys.old.text}`, "old")).toMatchObject({
      kind: "revoked",
      entry: { line: 2 },
    });
  });

  it("is unknown when another key of the host is revoked", () => {
    expect(standing(`@revoked bastion ${keys.old.text}`, "new")).toEqual({ kind: "unknown", certAuthorities: [] });
  });

  it("is unknown when the host has only a certificate authority, even when it is the very key", () => {
    expect(standing(`@cert-authority bastion ${keys.old.text}`, "old")).toMatchObject({
      kind: "unknown",
      certAuthorities: [{ line: 1 }],
    });
  });
});

describe("the algorithms of a host", () => {
  it("begin with those of the keys that are known, and an RSA key goes by three names", () => {
    const text = [
      `bastion ${keys.rsa.text}`,
      `other ${keys.ecdsa.text}`,
      `@revoked bastion ${keys.old.text}`,
      `@cert-authority bastion ${keys.new.text}`,
    ].join("\n");

    const types = knownKeyTypes(parseKnownHosts(text), "bastion", 22);

    expect(types).toEqual(["ssh-rsa"]);
    expect(serverHostKeyAlgorithms(types)).toEqual([
      "rsa-sha2-512",
      "rsa-sha2-256",
      "ssh-ed25519",
      "ecdsa-sha2-nistp256",
      "ecdsa-sha2-nistp384",
      "ecdsa-sha2-nistp521",
    ]);
  });

  it("leave out what ssh2 refuses to hear of", () => {
    expect(serverHostKeyAlgorithms(["sk-ssh-ed25519@openssh.com", "ssh-dss"])).toEqual(serverHostKeyAlgorithms([]));
  });
});

describe("a new line", () => {
  it.each([
    ["bastion", 22],
    ["Bastion", 2222],
    ["2001:db8::1", 22],
    ["2001:db8::1", 2222],
  ])("makes %s, port %d, known to OpenSSH and to us", (host, port) => {
    const text = append(`other ${keys.old.text}`, knownHostsLine(host, port, keys.new.wire));

    const name = host.toLowerCase();
    expect(linesFoundByOpenSsh(port === 22 ? name : `[${name}]:${String(port)}`, write("appended", text))).toEqual([2]);
    expect(lookUp(parseKnownHosts(text), host, port, keys.new.wire)).toMatchObject({ kind: "known" });
  });

  it.each([
    ["", "b\n"],
    ["a\n", "a\nb\n"],
    ["a", "a\nb\n"],
  ])("goes after %j", (text, appended) => {
    expect(append(text, "b")).toBe(appended);
  });

  it.each(["a,b", "*", "a b", "a\nb", "!a", "", "|1|a"])("fails for the host %j", (host) => {
    expect(() => knownHostsLine(host, 22, keys.old.wire)).toThrow(
      new UserError(
        `a host in known_hosts is a name or an address without blanks, commas and wildcards, got ${JSON.stringify(host)}`,
      ),
    );
  });

  it("fails for a key that is cut off", () => {
    expect(() => knownHostsLine("bastion", 22, keys.old.wire.subarray(0, -1))).toThrow(
      new UserError("bastion offered something that is no SSH key"),
    );
  });
});

describe("the command that forgets a host", () => {
  it.each([
    ["bastion", 22, "/home/kim/.ssh/known_hosts", "ssh-keygen -R bastion -f /home/kim/.ssh/known_hosts"],
    ["Bastion", 2222, "it's mine", "ssh-keygen -R '[bastion]:2222' -f 'it'\\''s mine'"],
  ])("is quoted for a shell (%s, port %d)", (host, port, file, command) => {
    expect(forgetCommand(host, port, file)).toBe(command);
  });

  it("makes a changed host unknown when it is run", () => {
    const file = write("it's mine", `[bastion]:2222 ${keys.old.text}\n`);
    sshKeygen("-H", "-f", file);

    execFileSync("sh", ["-c", forgetCommand("Bastion", 2222, file)], { cwd: folder, stdio: "pipe" });

    expect(lookUp(parseKnownHosts(read(file)), "bastion", 2222, keys.new.wire)).toMatchObject({ kind: "unknown" });
  });
});

it("a refusal has the fingerprints below each other", () => {
  const found = fingerprint(keys.new.wire);
  const message = renderRefusal("bastion", 2222, keys.new.wire, {
    problem: "another key is known",
    expected: [fingerprint(keys.old.wire), fingerprint(keys.rsa.wire)],
    why: "somebody else answers",
    remedies: ["do this", "or that"],
  });

  expect(message).toBe(
    [
      "[bastion]:2222: host key refused: another key is known",
      `  found     ${found} (ssh-ed25519)`,
      `  expected  ${fingerprint(keys.old.wire)}`,
      `            ${fingerprint(keys.rsa.wire)}`,
      "  why       somebody else answers",
      "  what now  do this",
      "            or that",
    ].join("\n"),
  );
});

it("a refusal of what is no key has none that was expected", () => {
  const offered = Buffer.from("HTTP/1.1 400");

  expect(renderRefusal("bastion", 22, offered, { problem: "no", why: "because", remedies: ["do this"] })).toBe(
    [
      "bastion: host key refused: no",
      `  found     ${fingerprint(offered)} (no SSH key)`,
      "  why       because",
      "  what now  do this",
    ].join("\n"),
  );
});
