import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { userInfo } from "node:os";
import { delimiter, resolve } from "node:path";

import { exportLines, quoted } from "../../contract/shell";
import { UserError } from "../../contract/user-error";
import { findProgram } from "../../terraform/program";
import { freePort } from "../machine/loopback";
import { endFamily, familyOf } from "../machine/processes";
import { startServer } from "../machine/server";
import { NO_LOGIN, prepareLogin, type LoginOptions, type LoginServer } from "./login";

/** How a sshd is started. A session has sshd's own PATH where its environment has none. */
export interface SshdOptions extends LoginOptions {
  /**
   * How many sessions one connection may have at once.
   *
   * @default 10, as sshd's own
   */
  readonly maxSessions?: number;
}

/** An OpenSSH server. */
export interface Sshd extends LoginServer {
  readonly logFile: string;
  readonly pid: number;
  /** Ids of the processes that serve connections, and of their commands, also where the connection has ended. */
  processes(): readonly number[];
  /** Resolves when the server has ended, by `stop` or by itself. */
  readonly ended: Promise<void>;
}

/** Where sshd, when root runs it, locks itself in before somebody has logged in; it is compiled into the program. */
const PRIVILEGE_SEPARATION = "/run/sshd";

/**
 * Starts OpenSSH's `sshd` on a free port of 127.0.0.1 as the user of this process, with a configuration, a host key and
 * a user key of its own.
 *
 * A command runs by the login shell, with the start files that are in `home`; its input, output and exit code are those
 * of any session. Two things are not: there is no terminal, and a client cannot send a signal to a command, which sshd refuses
 * where a command is forced. When root runs it, `/run/sshd` is made if it is missing, as the system's own service does.
 *
 * @throws UserError when `sshd` is not installed, when the user cannot log in at all, or when sshd does not start
 * @see https://man.openbsd.org/sshd_config
 */
export async function startSshd({ maxSessions = 10, ...options }: SshdOptions): Promise<Sshd> {
  if (process.platform !== "linux") throw new UserError(`sshd is started on Linux only, this is ${process.platform}`);
  const program = findSshd();
  if (program === undefined) {
    throw new UserError("sshd is not installed: install it (Debian: apt-get install openssh-server)");
  }
  const { username: user, shell: own } = userInfo();
  if (own !== null && NO_LOGIN.test(own)) {
    throw new UserError(`sshd lets nobody in whose shell is ${own}, as ${user}'s is; run this as another user`);
  }
  const { hostKey, userKey, shell, describe } = prepareLogin(options);
  const file = (name: string) => resolve(options.folder, name);
  const [configFile, sessionFile, home] = [file("sshd_config"), file("session"), resolve(options.home)];
  if (process.getuid?.() === 0) mkdirSync(PRIVILEGE_SEPARATION, { recursive: true, mode: 0o755 });

  const port = await freePort();
  writeFileSync(sessionFile, sessionScript(shell, options.environment ?? {}));
  const files = { hostKeyFile: hostKey.file, authorizedKeysFile: `${userKey.file}.pub`, sessionFile, home };
  writeFileSync(configFile, sshdConfig({ port, user, maxSessions, ...files, hasPenalties: hasPenalties(program) }));

  const server = await startServer([program, "-D", "-e", "-f", configFile], {
    name: "sshd",
    logFile: file("sshd.log"),
    timeoutSeconds: 10,
    // In a process group of its own, or Ctrl-C in a terminal would end it before its sessions.
    detached: true,
    // The log, and not a connection, which would count as one; and somebody else may have taken the port.
    isReady: (log) => log.includes(`Server listening on 127.0.0.1 port ${String(port)}.`),
  });
  const pid = server.pid() ?? 0;
  // sshd tells every session about its connection: client address and port, server address and port.
  const variable = new RegExp(`^SSH_CONNECTION=.* 127\\.0\\.0\\.1 ${String(port)}$`);
  const family = () => ({ ancestor: server.pid(), variable });
  return {
    ...describe(port),
    logFile: server.logFile,
    pid,
    processes: () => familyOf(family()).filter((id) => id !== pid),
    ended: server.ended,
    stop: async () => {
      await endFamily(family());
      await server.ended;
    },
  };
}

/** Full path of sshd, which is seldom on an ordinary user's PATH; undefined when it is not installed. */
export function findSshd(): string | undefined {
  const places = [process.env["PATH"] ?? "", "/usr/sbin", "/usr/local/sbin"];
  return findProgram("sshd", { PATH: places.join(delimiter) });
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
 * The text of the script that takes a session over: it starts in HOME with `environment`, and becomes the login shell
 * with the command, as sshd would start it.
 *
 * @throws when a name in `environment` is not one
 */
export function sessionScript(shell: string, environment: Readonly<Record<string, string>>): string {
  const settings = Object.entries(environment).map(([name, value]) => {
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) throw new Error(`"${name}" is no name of an environment variable`);
    if (name === "HOME") throw new Error("HOME is said by `home`, not by `environment`");
    return exportLines([[name, value]]);
  });
  return `${settings.join("")}cd "$HOME" || exit
if [ -z "\${SSH_ORIGINAL_COMMAND+given}" ]; then exec /bin/sh; fi
set -- "$SSH_ORIGINAL_COMMAND"
unset SSH_ORIGINAL_COMMAND
exec ${quoted(shell)} -c "$1"
`;
}

/**
 * `PerSourcePenalties` is on by default since OpenSSH 9.8, and an error before.
 *
 * @see https://www.openssh.com/txt/release-9.8
 */
function hasPenalties(program: string): boolean {
  // An sshd that does not know -V says its version too, among its complaints.
  const { stderr } = spawnSync(program, ["-V"], { encoding: "utf8" });
  const [, major, minor] = /OpenSSH_(\d+)\.(\d+)/.exec(stderr) ?? [];
  return Number(major) * 100 + Number(minor) >= 908;
}
