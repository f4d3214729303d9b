import { UserError } from "../../contract/user-error";
import type { ConsoleFingerprint } from "./console-output";
import { fingerprint, forgetCommand, keyType, knownHostsLine, renderRefusal } from "./known-hosts";
import type { HostKeyStanding, KnownHosts, Refusal } from "./known-hosts";

/** Everything that is known about the key a host offers. */
export interface HostKeyEvidence {
  readonly host: string;
  readonly port: number;
  /** In SSH wire format. */
  readonly offered: Buffer;
  /** Empty when the console output could not be read, or has no fingerprints (yet). */
  readonly console: readonly ConsoleFingerprint[];
  /** What the known hosts say of the key, the file that says so, and its lines that say nothing. */
  readonly standing: HostKeyStanding;
  readonly knownHostsFile: string;
  readonly malformed: KnownHosts["malformed"];
  /** The file of `RevokedHostKeys` that has the key. */
  readonly revokedBy?: string;
  /** From `--host-key`, as `readFingerprint` returns it. */
  readonly hostKey?: string;
  /** The key that the stack has planted, in SSH wire format; not given where `--host-key` says another word. */
  readonly planted?: Buffer;
  /** From `--accept-new-host-key`. */
  readonly acceptNew: boolean;
}

/** What to do with the key a host offers. */
export type HostKeyDecision =
  /** `because` names the evidence, for the log; `line` goes to the end of known_hosts. */
  | { readonly action: "accept"; readonly because: string; readonly line?: string }
  | { readonly action: "refuse"; readonly message: string };

/**
 * Decides about the key a host offers. One piece of evidence against it is enough to refuse, whatever else speaks for
 * it; otherwise the first one for it counts, in the order of how hard it is to forge.
 */
export function decideHostKey(evidence: HostKeyEvidence): HostKeyDecision {
  const { host, port, offered, standing, acceptNew } = evidence;
  const against = objection(evidence);
  const because = against === undefined ? voucher(evidence) : undefined;
  if (because === undefined) {
    return { action: "refuse", message: renderRefusal(host, port, offered, against ?? noEvidence(evidence)) };
  }
  // Only --accept-new-host-key allows writing to the user's known_hosts.
  const isNew = acceptNew && standing.kind === "unknown";
  return { action: "accept", because, ...(isNew && { line: knownHostsLine(host, port, offered) }) };
}

function objection(evidence: HostKeyEvidence): Refusal | undefined {
  const { host, port, offered, console, standing, knownHostsFile: file, revokedBy, hostKey, planted } = evidence;
  const found = fingerprint(offered);
  const type = keyType(offered);
  const isOnConsole = console.some((printed) => printed.fingerprint === found);

  if (type === undefined) {
    return {
      problem: "it is no SSH key",
      why: "whatever answers at this address and port does not follow the SSH protocol",
      remedies: ["check --host and --port"],
    };
  }
  if (standing.kind === "revoked" || revokedBy !== undefined) {
    return {
      problem:
        standing.kind === "revoked"
          ? `line ${String(standing.entry.line)} of ${file} revokes it`
          : `${String(revokedBy)} revokes it (RevokedHostKeys)`,
      why: "somebody has revoked this key, because others may have its private half",
      remedies: ["give the host new keys: replace the bastion, or run ssh-keygen -A on it after deleting the old ones"],
    };
  }
  if (standing.kind === "changed") {
    const known = standing.expected.map((entry) => entry.type).join(", ");
    return {
      problem: `${file} has another ${standing.what === "key" ? "key" : "type of key"} for this host`,
      expected: standing.expected.map(
        ({ key, type, line }) => `${fingerprint(key)} (${type}, line ${String(line)} of ${file})`,
      ),
      why:
        (standing.what === "key" ? "" : `known are only keys of the type ${known}, the host offers ${type}; `) +
        (isOnConsole
          ? "the EC2 console output lists the key found: most likely the bastion was made anew at this address"
          : "either the bastion was made anew at this address, or somebody else answers in its place"),
      remedies: [
        `if it was made anew, forget the old key and run again: ${forgetCommand(host, port, file)}`,
        "if it was not, do not connect",
      ],
    };
  }
  if (console.length > 0 && !isOnConsole) {
    return {
      problem: "it is not in the EC2 console output of the bastion",
      expected: console.map((printed) => `${printed.fingerprint} (${printed.type ?? "any type"}, console output)`),
      why: "the instance printed the keys it made for itself, so this one is of another host or was made later",
      remedies: [
        "check that --host and --port lead to the instance of the outputs",
        "if its keys were made anew since, replace the bastion, or run without AWS credentials and with --host-key",
      ],
    };
  }
  if (hostKey !== undefined && hostKey !== found) {
    return {
      problem: "--host-key names another one",
      expected: [`${hostKey} (--host-key)`],
      why:
        `a host has one key of each type, and this is its ${type} key: ` +
        "either the one given is of another type, or this is another host",
      remedies: [`give the fingerprint of the ${type} key, from ssh-keygen -l on the host or from its console output`],
    };
  }
  if (planted !== undefined && !planted.equals(offered)) {
    return {
      problem: "it is not the one that the stack has planted",
      expected: [`${fingerprint(planted)} (output bastion_host_key)`],
      why:
        "either somebody else answers in the bastion's place, or it has not taken its key from its user data: " +
        "the image has no cloud-init, or its host keys were made anew since",
      remedies: [
        "check that --host and --port lead to the instance of the outputs, and that these are of the last apply",
        "if you have compared the fingerprint found with the host's (ssh-keygen -l), give it as --host-key SHA256:…",
      ],
    };
  }
  return undefined;
}

/** The first evidence for a key that nothing speaks against. */
function voucher({ console, planted, standing, knownHostsFile, hostKey, acceptNew }: HostKeyEvidence) {
  if (console.length > 0) return "the EC2 console output lists it";
  if (planted !== undefined) return "the stack has planted it (output bastion_host_key)";
  if (standing.kind === "known") return `line ${String(standing.entry.line)} of ${knownHostsFile} has it`;
  if (hostKey !== undefined) return "--host-key names it";
  return acceptNew ? "--accept-new-host-key takes the first key of a host as its own" : undefined;
}

function noEvidence({ standing, malformed, knownHostsFile: file }: HostKeyEvidence): Refusal {
  const authorities = standing.kind === "unknown" ? standing.certAuthorities : [];
  return {
    problem: "nothing says that it is the bastion's",
    why: [
      `the EC2 console output was not readable or has no fingerprints yet, and ${file} has no key of this host`,
      ...authorities.map(({ line }) => `its line ${String(line)} is a @cert-authority, which cannot be verified here`),
      ...malformed.slice(0, 3).map(({ line, reason }) => `its line ${String(line)} is ignored: ${reason}`),
      ...(malformed.length > 3 ? [`${String(malformed.length - 3)} more of its lines are ignored`] : []),
    ].join("; "),
    remedies: [
      "give AWS credentials that allow ec2:GetConsoleOutput; a new instance prints its keys minutes after its start",
      "or compare the fingerprint found with the host's (ssh-keygen -l) and give it as --host-key SHA256:…",
      "or give --accept-new-host-key, which trusts the network this once and writes the key to known_hosts",
    ],
  };
}

/**
 * Reads the value of `--host-key`.
 *
 * @throws UserError when it is no SHA-256 fingerprint as ssh-keygen prints it
 */
export function readFingerprint(option: string): string {
  const found = /^(SHA256:[A-Za-z0-9+/]{43})=?$/.exec(option)?.[1];
  if (found === undefined) {
    throw new UserError(
      "--host-key must be a SHA-256 fingerprint as ssh-keygen -l prints it, SHA256: and 43 characters, " +
        `got ${JSON.stringify(option)}`,
    );
  }
  return found;
}
