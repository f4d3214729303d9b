import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, statSync } from "node:fs";
import { homedir, userInfo } from "node:os";
import { join, resolve } from "node:path";

import { shell } from "../../contract/shell";
import { UserError } from "../../contract/user-error";
import { FOLDER } from "../../terraform/own-folder";

/** The machine and the user that this runs as. */
export interface Machine {
  readonly home: string;
  readonly user: string;
  /** Missing on Windows, whose files have no modes. */
  readonly uid?: number;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Folder of files that say which key was used last for a stack. @default - none is remembered */
  readonly memory?: string;
  /** OpenSSH's configuration for all users. @default - there is none */
  readonly globalConfig?: string;
}

const GLOBAL_CONFIG = "/etc/ssh/ssh_config";

/** This machine, as this process sees it. */
export function thisMachine(): Machine {
  const { username: user, uid } = userInfo();
  return {
    home: homedir(),
    user,
    ...(process.platform !== "win32" && { uid }),
    environment: process.env,
    memory: resolve(FOLDER),
    globalConfig: GLOBAL_CONFIG,
  };
}

/** Whom OpenSSH's client is asked about. */
export interface ConfigQuery {
  /** The name as the user gave it. */
  readonly host: string;
  /** Who logs in there, where that does not come from the configuration. */
  readonly user?: string | undefined;
  readonly port?: number | undefined;
}

/**
 * What the user's ssh configuration sets for a host: the values of a keyword, which is given in lower case, a line
 * each; none when the configuration does not set it.
 */
export type HostConfig = (keyword: string) => readonly string[];

/** In ms. The commands of `Match exec` run in this time. */
const PATIENCE = 10_000;

/**
 * What `~/.ssh/config` sets for a host. OpenSSH's client reads the file itself (`ssh -G`), so that Host, Match, Include
 * and tokens mean what they mean to `ssh`; as there, the commands of `Match exec` are run. A keyword is set when the
 * client says something else without the file.
 *
 * Of the configuration for all users `RevokedHostKeys` counts, where the user's own does not set it, and nothing else: how
 * to reach a bastion, its user says.
 *
 * @param note told when there is a file, but no client to read it
 * @throws UserError when the client refuses a file, or others may write to the user's own
 * @see https://man.openbsd.org/ssh#G
 */
export function readHostConfig(query: ConfigQuery, machine: Machine, note: (text: string) => void): HostConfig {
  const own = readOwnConfig(query, machine, note);
  return (keyword) => {
    const values = own(keyword);
    return keyword === "revokedhostkeys" && values.length === 0 ? revokedForAll(query, machine, note) : values;
  };
}

function revokedForAll(query: ConfigQuery, machine: Machine, note: (text: string) => void): readonly string[] {
  const { globalConfig: file } = machine;
  if (file === undefined || !existsSync(file)) return [];
  const set = ask(file, query, machine);
  if (set === undefined && /^\s*RevokedHostKeys\b/im.test(readFileSync(file, "utf8"))) note(notRead(file));
  return set?.get("revokedhostkeys") ?? [];
}

function notRead(file: string): string {
  return `${file} is not read, because there is no OpenSSH client (ssh) on PATH; the options of the command line count`;
}

function readOwnConfig(query: ConfigQuery, machine: Machine, note: (text: string) => void): HostConfig {
  const nothing = () => [];
  const file = join(machine.home, ".ssh", "config");
  const status = statSync(file, { throwIfNoEntry: false });
  if (status === undefined) return nothing;
  // The client looks at this only when it is not told which file to read. Whoever can write to it has commands run.
  const isOwn = machine.uid === undefined || [0, machine.uid].includes(status.uid);
  if (!isOwn || (status.mode & 0o022) !== 0) {
    throw new UserError(
      `others may write to ${file}, so ssh would not read it either: chown it, and ${shell`chmod 600 ${file}`}`,
    );
  }
  const set = ask(file, query, machine);
  if (set === undefined) {
    note(notRead(file));
    return nothing;
  }
  const unset = ask("none", query, machine);
  return (keyword) => {
    const values = set.get(keyword) ?? [];
    return values.join("\n") === unset?.get(keyword)?.join("\n") ? [] : values;
  };
}

/** Everything that the client would go by, by keyword; undefined when there is no client. */
function ask(file: string, { host, user, port }: ConfigQuery, machine: Machine): Map<string, string[]> | undefined {
  const where = port === undefined ? [] : ["-p", String(port)];
  const who = user === undefined ? [] : ["-l", user];
  const { error, status, stdout, stderr } = spawnSync("ssh", ["-GT", "-F", file, ...who, ...where, "--", host], {
    encoding: "utf8",
    env: machine.environment,
    stdio: ["ignore", "pipe", "pipe"],
    timeout: PATIENCE,
  });
  const { code } = (error ?? {}) as NodeJS.ErrnoException;
  if (code === "ENOENT") return undefined;
  if (status !== 0) {
    const said = stderr.split(/\s*\n/).filter((line) => line !== "" && !line.includes(": terminating, "));
    const slow = `it did not end within ${String(PATIENCE / 1000)} s: see Match exec there`;
    throw new UserError(
      `ssh cannot use ${file} for ${host}: ${code === "ETIMEDOUT" ? slow : (error?.message ?? said.join("; "))}`,
    );
  }
  const found = new Map<string, string[]>();
  for (const [, keyword = "", value = ""] of stdout.matchAll(/^(\S+) ?(.*?)\r?$/gm)) {
    found.set(keyword, [...(found.get(keyword) ?? []), value]);
  }
  return found;
}
