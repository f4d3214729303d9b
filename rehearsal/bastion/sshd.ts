import { execFileSync, spawn, spawnSync, type ChildProcess } from "node:child_process";
import { createHash } from "node:crypto";
import {
  accessSync,
  closeSync,
  constants,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  writeFileSync,
} from "node:fs";
import { userInfo } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { quoted } from "../../contract/shell";
import { UserError } from "../../contract/user-error";
import { freePort } from "../machine/loopback";
import { endFamily, familyOf } from "../machine/processes";
import { findProgram } from "../../terraform/program";

export interface SshdOptions {
  /** Where its configuration, its keys and its log are; made when it does not exist. Keys found there are used again. */
  readonly folder: string;
  /** HOME of every session, and the folder where its command starts; made when it does not exist. */
  readonly home: string;
  /** What a session has in its environment besides HOME and what sshd says itself; PATH is sshd's own when left out. */
  readonly environment?: Readonly<Record<string, string>>;
  /**
   * How many sessions one connection may have at once.
   *
   * @default 10, as sshd's own
   */
  readonly maxSessions?: number;
}

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

/** An OpenSSH server. */
export interface Sshd extends LoginServer {
  readonly logFile: string;
  readonly pid: number;
  /** Ids of the processes that serve connections and that their commands are, also of those that outlived a connection. */
  processes(): readonly number[];
  /** Resolves when the server has ended, by `stop` or by itself. */
  readonly ended: Promise<void>;
}

const START_TIMEOUT_SECONDS = 10;

/** Where sshd, when root runs it, locks itself in before somebody has logged in; it is compiled into the program. */
const PRIVILEGE_SEPARATION = "/run/sshd";

/**
 * Starts OpenSSH's `sshd` on a free port of 127.0.0.1 as the user of this process, with a configuration, a host key and
 * a user key of its own.
 *
 * A command runs by `/bin/sh -c`, whatever the user's own shell is; its input, output and exit code are those of any
 * session. Two things are not: there is no terminal, and a client cannot send a signal to a command, which sshd refuses
 * where a command is forced. When root runs it, `/run/sshd` is made if it is missing, as the system's own service does.
 *
 * @throws UserError when `sshd` or `ssh-keygen` is not installed, when the user cannot log in at all, or when sshd does not start
 * @see https://man.openbsd.org/sshd_config
 */
export async function startSshd({ folder, home, environment = {}, maxSessions = 10 }: SshdOptions): Promise<Sshd> {
  if (process.platform !== "linux") throw new UserError(`sshd is started on Linux only, this is ${process.platform}`);
  const program = findSshd();
  if (program === undefined || findProgram("ssh-keygen") === undefined) {
    throw new UserError("sshd and ssh-keygen are not installed: install them (Debian: apt-get install openssh-server)");
  }
  const { username: user, shell } = userInfo();
  if (shell !== null && /\/(nologin|false)$/.test(shell)) {
    throw new UserError(`sshd lets nobody in whose shell is ${shell}, as ${user}'s is; run this as another user`);
  }
  const file = (name: string) => resolve(folder, name);
  const [configFile, sessionFile, logFile] = [file("sshd_config"), file("session"), file("sshd.log")];
  const [hostKeyFile, identityFile] = [file("host_key"), file("user_key")];
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  mkdirSync(home, { recursive: true });
  for (const key of [hostKeyFile, identityFile]) if (!existsSync(key)) makeKey(key);
  if (process.getuid?.() === 0) mkdirSync(PRIVILEGE_SEPARATION, { recursive: true, mode: 0o755 });

  const port = await freePort();
  writeFileSync(sessionFile, sessionScript(environment));
  const files = { hostKeyFile, authorizedKeysFile: `${identityFile}.pub`, sessionFile, home: resolve(home) };
  writeFileSync(configFile, sshdConfig({ port, user, maxSessions, ...files, hasPenalties: hasPenalties(program) }));

  const log = openSync(logFile, "w");
  // In a process group of its own, or Ctrl-C in a terminal would end it before its sessions.
  const server = spawn(program, ["-D", "-e", "-f", configFile], { stdio: ["ignore", log, log], detached: true });
  closeSync(log);
  const ended = new Promise<void>((done) => {
    server.once("exit", () => {
      done();
    });
    // A program that cannot be started has no exit code, only this event.
    server.once("error", () => {
      done();
    });
  });
  // sshd tells every session about its connection: client address and port, server address and port.
  const variable = new RegExp(`^SSH_CONNECTION=.* 127\\.0\\.0\\.1 ${String(port)}$`);
  const family = () => ({ ancestor: hasEnded(server) ? undefined : server.pid, variable });
  const stop = async () => {
    await endFamily(family());
    await ended;
  };
  try {
    await untilItListens(server, port, logFile);
  } catch (error) {
    await stop();
    throw error;
  }
  const [type = "", base64 = ""] = readFileSync(`${hostKeyFile}.pub`, "utf8").split(/\s/);
  return {
    port,
    user,
    identityFile,
    ...describeHostKey(type, base64, port),
    logFile,
    pid: server.pid ?? 0,
    processes: () => familyOf(family()).filter((id) => id !== server.pid),
    ended,
    stop,
  };
}

/** What is told of a server's host key. */
export function describeHostKey(
  type: string,
  base64: string,
  port: number,
): Pick<LoginServer, "hostPublicKey" | "hostKeyFingerprint" | "knownHostsLine"> {
  const hostPublicKey = `${type} ${base64}`;
  return {
    hostPublicKey,
    hostKeyFingerprint: `SHA256:${createHash("sha256").update(base64, "base64").digest("base64").replace(/=+$/, "")}`,
    knownHostsLine: `[127.0.0.1]:${String(port)} ${hostPublicKey}`,
  };
}

/** Full path of sshd, which is seldom on an ordinary user's PATH; undefined when it is not installed. */
export function findSshd(): string | undefined {
  const onPath = findProgram("sshd");
  if (onPath !== undefined) return resolve(onPath);
  return ["/usr/sbin", "/usr/local/sbin"].map((folder) => join(folder, "sshd")).find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** What a server's configuration is made from; all paths are absolute. */
export interface SshdConfig {
  readonly port: number;
  readonly user: string;
  readonly maxSessions: number;
  readonly hostKeyFile: string;
  readonly authorizedKeysFile: string;
  /** A shell script that takes every session over. */
  readonly sessionFile: string;
  readonly home: string;
  /** Whether this sshd shuts out, for a while, an address that failed to log in a few times. */
  readonly hasPenalties: boolean;
}

/**
 * The text of an `sshd_config`: one user, one key, nothing read or written but the files named.
 *
 * @throws when a path has a character that means something in the file
 */
export function sshdConfig(config: SshdConfig): string {
  const { port, user, maxSessions, hostKeyFile, authorizedKeysFile, sessionFile, home, hasPenalties } = config;
  for (const path of [hostKeyFile, authorizedKeysFile, sessionFile, home]) {
    if (/["'\\%\n]/.test(path)) {
      throw new Error(`sshd takes no path with a quote, a backslash, a percent sign or a line break, got ${path}`);
    }
  }
  const settings = [
    "ListenAddress 127.0.0.1",
    `Port ${String(port)}`,
    `HostKey "${hostKeyFile}"`,
    `AuthorizedKeysFile "${authorizedKeysFile}"`,
    `AllowUsers ${user}`,
    "AuthenticationMethods publickey",
    "PasswordAuthentication no",
    "PermitRootLogin prohibit-password",
    "UsePAM no",
    "UseDNS no",
    // A temporary folder is in a folder that everybody may write to.
    "StrictModes no",
    "PidFile none",
    // A terminal would be recorded in the system's list of logins, a forwarded agent put into /tmp.
    "PermitTTY no",
    "AllowAgentForwarding no",
    "PermitUserRC no",
    `MaxSessions ${String(maxSessions)}`,
    // From the tenth connection that has not logged in yet, the default turns some away by chance.
    "MaxStartups 100",
    ...(hasPenalties ? ["PerSourcePenalties no"] : []),
    // Already here and not only in the script, because the user's shell, which starts that, has files to read there.
    `SetEnv "HOME=${home}"`,
    `ForceCommand exec /bin/sh '${sessionFile}'`,
  ];
  return settings.map((line) => `${line}\n`).join("");
}

/**
 * The text of the script that takes a session over: it starts in HOME with `environment`, and becomes the command.
 *
 * @throws when a name in `environment` is not one
 */
export function sessionScript(environment: Readonly<Record<string, string>>): string {
  const settings = Object.entries(environment).map(([name, value]) => {
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) throw new Error(`"${name}" is no name of an environment variable`);
    if (name === "HOME") throw new Error("HOME is said by `home`, not by `environment`");
    return `export ${name}=${quoted(value)}\n`;
  });
  return `${settings.join("")}cd "$HOME" || exit
if [ -z "\${SSH_ORIGINAL_COMMAND+given}" ]; then exec /bin/sh; fi
set -- "$SSH_ORIGINAL_COMMAND"
unset SSH_ORIGINAL_COMMAND
exec /bin/sh -c "$1"
`;
}

/** `PerSourcePenalties` is on by default since OpenSSH 9.8, and an error before. @see https://www.openssh.com/txt/release-9.8 */
function hasPenalties(program: string): boolean {
  // An sshd that does not know -V says its version too, among its complaints.
  const { stderr } = spawnSync(program, ["-V"], { encoding: "utf8" });
  const [, major, minor] = /OpenSSH_(\d+)\.(\d+)/.exec(stderr) ?? [];
  return Number(major) * 100 + Number(minor) >= 908;
}

function makeKey(file: string): void {
  execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", "", "-f", file], { stdio: "pipe" });
}

async function untilItListens(server: ChildProcess, port: number, logFile: string): Promise<void> {
  const deadline = Date.now() + START_TIMEOUT_SECONDS * 1000;
  while (Date.now() < deadline) {
    // The log, and not a connection, which would count as one; and somebody else may have taken the port.
    const log = readFileSync(logFile, "utf8");
    if (log.includes(`Server listening on 127.0.0.1 port ${String(port)}.`)) return;
    if (hasEnded(server)) throw new Error(`sshd ended as it started: ${log.trim()}`);
    await sleep(10);
  }
  throw new Error(`sshd did not listen within ${String(START_TIMEOUT_SECONDS)} s; its log is ${logFile}`);
}

function hasEnded(child: ChildProcess): boolean {
  return child.pid === undefined || child.exitCode !== null || child.signalCode !== null;
}
