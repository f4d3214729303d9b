import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { userInfo } from "node:os";
import { resolve } from "node:path";

import { utils } from "ssh2";

import { shell } from "../../contract/shell";

/** A SSH server that runs on this machine, and how to log in. */
export interface LoginServer {
  /** Of 127.0.0.1. */
  readonly port: number;
  /** The one to log in as: who runs this process. */
  readonly user: string;
  /** The private key that it lets in. */
  readonly identityFile: string;
  /** `ssh-ed25519 BASE64` */
  readonly hostPublicKey: string;
  /** `SHA256:BASE64`, as `ssh-keygen -l` shows it. */
  readonly hostKeyFingerprint: string;
  /** `[127.0.0.1]:PORT ssh-ed25519 BASE64` */
  readonly knownHostsLine: string;
  /**
   * Ends the server, its connections and whatever their commands left running, as a power cut does.
   *
   * @throws when a process cannot be ended, as one that became another user's
   */
  stop(): Promise<void>;
}

/** The command that logs in from this machine. */
export function sshCommand(
  { port, user }: Pick<LoginServer, "port" | "user">,
  identityFile: string,
  knownHostsFile: string,
): string {
  // OpenSSH divides the value of an option at blanks by itself.
  const known = `UserKnownHostsFile="${knownHostsFile}"`;
  return shell`ssh -p ${port} -i ${identityFile} -o ${known} ${`${user}@127.0.0.1`}`;
}

/** Where a server keeps what is its own, and what its sessions have. */
export interface LoginOptions {
  /** For its keys, and what else it writes; made when it does not exist. Keys found there are used again. */
  readonly folder: string;
  /** HOME of every session, and the folder where its command starts; made when it does not exist. */
  readonly home: string;
  /** What a session has in its environment besides HOME and what the server says itself. @default - nothing */
  readonly environment?: Readonly<Record<string, string>>;
  /**
   * The login shell, which is given every command.
   *
   * @default - that of the user who runs this process, or `/bin/sh` where that lets nobody in
   */
  readonly shell?: string;
}

/** Shells of users whom nobody shall log in as. */
export const NO_LOGIN = /\/(nologin|false)$/;

/** A key pair whose private half is in a file, and the public one beside it. */
interface KeyPair {
  readonly file: string;
  /** Text of the private half. */
  readonly private: string;
  /** The public half as SSH sends it. */
  readonly wire: Buffer;
}

/** Makes the folders and the keys of a server; it can be described as soon as it has a port. */
export function prepareLogin({ folder, home, shell = ownShell() }: LoginOptions) {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  mkdirSync(home, { recursive: true });
  const [hostKey, userKey] = [keyIn(resolve(folder, "host_key")), keyIn(resolve(folder, "user_key"))];
  const describe = (port: number): Omit<LoginServer, "stop"> => {
    const hostPublicKey = publicText(hostKey.wire);
    return {
      port,
      user: userInfo().username,
      identityFile: userKey.file,
      hostPublicKey,
      hostKeyFingerprint: `SHA256:${createHash("sha256").update(hostKey.wire).digest("base64").replace(/=+$/, "")}`,
      knownHostsLine: `[127.0.0.1]:${String(port)} ${hostPublicKey}`,
    };
  };
  return { hostKey, userKey, shell, describe };
}

/** The shell of who runs this process; see `LoginOptions.shell`. */
function ownShell(): string {
  const { shell } = userInfo();
  return shell === null || NO_LOGIN.test(shell) ? "/bin/sh" : shell;
}

/** The key pair in a file; made when there is none. */
function keyIn(file: string): KeyPair {
  if (!existsSync(file)) {
    const pair = utils.generateKeyPairSync("ed25519");
    const made = utils.parseKey(pair.public);
    // Three of a thousand keys that ssh2 makes are malformed.
    if (made instanceof Error) return keyIn(file);
    writeFileSync(file, pair.private, { mode: 0o600 });
    writeFileSync(`${file}.pub`, `${publicText(made.getPublicSSH())}\n`);
  }
  const text = readFileSync(file, "utf8");
  const parsed = utils.parseKey(text);
  if (parsed instanceof Error) throw new Error(`${file} is no private key: ${parsed.message}`);
  return { file, private: text, wire: parsed.getPublicSSH() };
}

function publicText(wire: Buffer): string {
  return `ssh-ed25519 ${wire.toString("base64")}`;
}
