import { createHash, createHmac } from "node:crypto";

import { shell } from "../../contract/shell";
import { UserError } from "../../contract/user-error";

const MARKERS = ["revoked", "cert-authority"] as const;

/** One line of known_hosts that names a key. */
export interface KnownHostsEntry {
  /** Counted from 1, as an editor does. */
  readonly line: number;
  readonly marker?: (typeof MARKERS)[number];
  /** The names as written: comma separated patterns, or one hashed name. */
  readonly hosts: string;
  readonly type: string;
  readonly key: Buffer;
}

/** What a known_hosts file says; a line that cannot be read counts for nothing, as with ssh, but is reported. */
export interface KnownHosts {
  readonly entries: readonly KnownHostsEntry[];
  readonly malformed: readonly { readonly line: number; readonly reason: string }[];
}

/** What known_hosts says about a key that a host offers. */
export type HostKeyStanding =
  | { readonly kind: "known"; readonly entry: KnownHostsEntry }
  /** No entry for the host. A certificate authority is none: ssh2 cannot verify the certificates of hosts. */
  | { readonly kind: "unknown"; readonly certAuthorities: readonly KnownHostsEntry[] }
  /** Either a known key of the same type is another one, or only keys of other types are known. */
  | { readonly kind: "changed"; readonly what: "key" | "type"; readonly expected: readonly KnownHostsEntry[] }
  | { readonly kind: "revoked"; readonly entry: KnownHostsEntry };

/** A base64 text as OpenSSH writes it: padded, without blanks. */
const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
/** `|1|salt|hash`: both are as long as a SHA-1, 20 bytes. */
const HASHED = /^\|1\|([A-Za-z0-9+/]{27}=)\|([A-Za-z0-9+/]{27}=)$/;

/**
 * Reads the text of a known_hosts file.
 *
 * @see https://man.openbsd.org/sshd.8#SSH_KNOWN_HOSTS_FILE_FORMAT
 */
export function parseKnownHosts(text: string): KnownHosts {
  const entries: KnownHostsEntry[] = [];
  const malformed: { line: number; reason: string }[] = [];
  for (const [index, content] of text.split(/\r?\n/).entries()) {
    const line = index + 1;
    const fields = content.trim();
    if (fields === "" || fields.startsWith("#")) continue;
    const entry = parseFields(fields.split(/[ \t]+/));
    if (typeof entry === "string") malformed.push({ line, reason: entry });
    else entries.push({ line, ...entry });
  }
  return { entries, malformed };
}

/** An entry, or why the line is none. */
function parseFields(fields: readonly string[]): Omit<KnownHostsEntry, "line"> | string {
  const [first = ""] = fields;
  const marker = MARKERS.find((it) => first === `@${it}`);
  if (first.startsWith("@") && marker === undefined) {
    return `a marker is @revoked or @cert-authority, got ${JSON.stringify(first)}`;
  }
  const others = marker === undefined ? fields : fields.slice(1);
  if (others.length < 3) return "the key type or the key is missing";
  const [hosts, type, blob] = others as readonly [string, string, string];
  if (hosts.startsWith("@")) return `a line has one marker at most, got ${JSON.stringify(hosts)} as well`;
  if (hosts.startsWith("|") && !HASHED.test(hosts)) {
    return `a hashed name is |1|salt|hash, got ${JSON.stringify(hosts)}`;
  }
  const key = BASE64.test(blob) ? Buffer.from(blob, "base64") : Buffer.alloc(0);
  const found = keyType(key);
  if (found === undefined) return "the key is cut off or not base64";
  if (found !== type) return `the line says ${JSON.stringify(type)}, but its key is ${found}`;
  return { ...(marker && { marker }), hosts, type, key };
}

/** The name that known_hosts has for a host: the port belongs to it, unless it is the usual one. */
export function knownHostsName(host: string, port: number): string {
  const name = host.toLowerCase();
  return port === 22 ? name : `[${name}]:${String(port)}`;
}

/** What known_hosts says about the key that a host offers, in the order of ssh: a revoked key is never a known one. */
export function lookUp(knownHosts: KnownHosts, host: string, port: number, offered: Buffer): HostKeyStanding {
  const matching = entriesOf(knownHosts, host, port);
  const plain = matching.filter(({ marker }) => marker === undefined);
  const isOffered = ({ key }: KnownHostsEntry) => key.equals(offered);

  const revoked = matching.find((entry) => entry.marker === "revoked" && isOffered(entry));
  if (revoked) return { kind: "revoked", entry: revoked };
  const known = plain.find(isOffered);
  if (known) return { kind: "known", entry: known };
  if (plain.length === 0) {
    return { kind: "unknown", certAuthorities: matching.filter(({ marker }) => marker === "cert-authority") };
  }
  const type = keyType(offered);
  const sameType = plain.filter((entry) => entry.type === type);
  return sameType.length > 0
    ? { kind: "changed", what: "key", expected: sameType }
    : { kind: "changed", what: "type", expected: plain };
}

/** The types of the keys known for a host, for `serverHostKeyAlgorithms`. */
export function knownKeyTypes(knownHosts: KnownHosts, host: string, port: number): string[] {
  const plain = entriesOf(knownHosts, host, port).filter(({ marker }) => marker === undefined);
  return plain.map(({ type }) => type);
}

function entriesOf({ entries }: KnownHosts, host: string, port: number): readonly KnownHostsEntry[] {
  const name = knownHostsName(host, port);
  return entries.filter(({ hosts }) => matches(hosts, name));
}

/** The algorithms that a key of a type is offered with; no DSA, and no keys that ssh2 cannot verify. */
const ALGORITHMS: Readonly<Record<string, readonly string[]>> = {
  "ssh-ed25519": ["ssh-ed25519"],
  "ecdsa-sha2-nistp256": ["ecdsa-sha2-nistp256"],
  "ecdsa-sha2-nistp384": ["ecdsa-sha2-nistp384"],
  "ecdsa-sha2-nistp521": ["ecdsa-sha2-nistp521"],
  // RFC 8332; not ssh-rsa, which signs with SHA-1: https://www.openssh.com/txt/release-8.8
  "ssh-rsa": ["rsa-sha2-512", "rsa-sha2-256"],
};

/**
 * A whole list for ssh2's `algorithms.serverHostKey`, with the types already known for the host in front: a host
 * known by its ECDSA key only would otherwise offer its Ed25519 key and look changed. The others follow, so that a host
 * that has lost the known key still gets as far as a refusal that says so. A whole list, because ssh2's `prepend` does
 * not move what it has already.
 */
export function serverHostKeyAlgorithms(known: readonly string[]): string[] {
  return [...new Set([...known, ...Object.keys(ALGORITHMS)])].flatMap((type) => ALGORITHMS[type] ?? []);
}

/** A public key as `ssh-keygen` writes it, `TYPE BASE64`, in SSH wire format. */
export function wireFormat(publicKey: string): Buffer {
  return Buffer.from(publicKey.split(" ")[1] ?? "", "base64");
}

/** The fingerprint of a key in SSH wire format, as `ssh-keygen -l` prints it. */
export function fingerprint(key: Buffer): string {
  return `SHA256:${createHash("sha256").update(key).digest("base64").replace("=", "")}`;
}

/** The type that a key in SSH wire format names itself; undefined when the bytes are no whole key. */
export function keyType(key: Buffer): string | undefined {
  const [type, ...numbers] = wireFields(key) ?? [];
  const name = type?.toString() ?? "";
  // The host chooses these bytes and people read them: nothing that a terminal would obey.
  return numbers.length > 0 && /^[\w.@-]{1,64}$/.test(name) ? name : undefined;
}

/** The line that makes a host's key known. */
export function knownHostsLine(host: string, port: number, key: Buffer): string {
  // A comma or a `*` would make the key known for other hosts too, a newline would add a line of its own.
  if (!/^[\w.:%-]+$/.test(host)) {
    throw new UserError(
      `a host in known_hosts is a name or an address without blanks, commas and wildcards, got ${JSON.stringify(host)}`,
    );
  }
  const type = keyType(key);
  if (type === undefined) throw new UserError(`${host} offered something that is no SSH key`);
  return `${knownHostsName(host, port)} ${type} ${key.toString("base64")}`;
}

/** The text of a known_hosts file with a line more, even when its last line has no end yet. */
export function append(text: string, line: string): string {
  return `${text}${text === "" || text.endsWith("\n") ? "" : "\n"}${line}\n`;
}

/** The command that takes a host's keys out of a known_hosts file. */
export function forgetCommand(host: string, port: number, file: string): string {
  return shell`ssh-keygen -R ${knownHostsName(host, port)} -f ${file}`;
}

/** Why a host key is not accepted, for a person who has to decide what to do. */
export interface Refusal {
  /** One line, enough on its own in a list of hosts. */
  readonly problem: string;
  /** Fingerprints that would have been accepted, each with where it is written. People compare them by eye. */
  readonly expected?: readonly string[];
  readonly why: string;
  readonly remedies: readonly string[];
}

/** The message for a refused host key. */
export function renderRefusal(
  host: string,
  port: number,
  offered: Buffer,
  { problem, expected = [], why, remedies }: Refusal,
): string {
  return [
    `${knownHostsName(host, port)}: host key refused: ${problem}`,
    ...rows("found", [`${fingerprint(offered)} (${keyType(offered) ?? "no SSH key"})`]),
    ...rows("expected", expected),
    ...rows("why", [why]),
    ...rows("what now", remedies),
  ].join("\n");
}

/** Lines of a message below its first one, with a title before the first of them. */
export function rows(title: string, lines: readonly string[]): string[] {
  return lines.map((line, index) => `  ${(index === 0 ? title : "").padEnd(9)} ${line}`);
}

/** @see https://man.openbsd.org/ssh_config.5#PATTERNS */
function matches(hosts: string, name: string): boolean {
  const hashed = HASHED.exec(hosts);
  if (hashed) {
    const [, salt = "", hash] = hashed;
    return createHmac("sha1", Buffer.from(salt, "base64")).update(name).digest("base64") === hash;
  }
  const matching = hosts
    .toLowerCase()
    .split(",")
    .filter((pattern) => glob(pattern.replace(/^!/, "")).test(name));
  return matching.length > 0 && !matching.some((pattern) => pattern.startsWith("!"));
}

/** A pattern in which only `*` and `?` mean something: brackets belong to `[host]:port`. */
function glob(pattern: string): RegExp {
  const literal = pattern.replace(/[.+^${}()|[\]\\]/g, "\\$&");
  return new RegExp(`^${literal.replace(/\*+/g, ".*").replaceAll("?", ".")}$`);
}

/** The length-prefixed fields a key consists of; undefined when the last one is cut off. */
function wireFields(key: Buffer): Buffer[] | undefined {
  const fields: Buffer[] = [];
  for (let at = 0; at < key.length;) {
    if (at + 4 > key.length) return undefined;
    const end = at + 4 + key.readUInt32BE(at);
    if (end > key.length) return undefined;
    fields.push(key.subarray(at + 4, end));
    at = end;
  }
  return fields;
}
