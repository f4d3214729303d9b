import { spawn } from "node:child_process";
import { once } from "node:events";
import { rmSync, writeFileSync } from "node:fs";
import { constants } from "node:os";
import { join } from "node:path";

import { logIn } from "../bootstrap/bastion";
import { checkedOptions } from "../bootstrap/bootstrap";
import { knownHostsLine } from "../bootstrap/ssh/known-hosts";
import { HELP, OPTIONS } from "../bootstrap/options";
import { readSshSettings, type IdentityFile, type Login } from "../bootstrap/ssh/settings";
import { UserError } from "../contract/user-error";
import { ownFolder } from "../terraform/own-folder";
import { handoverHere } from "./inspect";
import { print } from "../terminal/output";
import type { Screen } from "../terminal/screen";

/**
 * `eks ssh`: opens a session on the bastion with OpenSSH's own client, after the host key has been judged as the
 * bootstrap does, and that of every host on the way; the client then takes these very keys and no others.
 *
 * @param words the options of the bootstrap that say how to reach it, and a command to be run instead of a shell
 * @param command the same command in one word
 * @returns the exit code of the session
 * @throws UserError when the bastion cannot be reached or its key is refused
 */
export async function ssh(
  words: readonly string[],
  command: string | undefined,
  screen: Screen,
  signal: AbortSignal,
): Promise<number> {
  const { options: given, command: remote } = divided(words);
  if (command !== undefined && remote.length > 0) {
    throw new UserError(`what is to be run is given twice, as ${command} and as ${remote.join(" ")}: give it once`, {
      exitCode: 64,
    });
  }
  // Nobody wants to wait for minutes before a shell.
  const patience = given.some((word) => word.startsWith("--timeout")) ? [] : ["--timeout", "20"];
  const options = checkedOptions([...patience, ...given]);
  if (options === undefined) {
    print(HELP.split("\n"));
    return 0;
  }
  const handover = await handoverHere(given, signal);
  screen.busy("logging in");
  const { ssh: judged } = await logIn(handover, options, signal, {
    waiting: (what) => {
      screen.busy(what);
    },
    note: (text) => {
      screen.line(text);
    },
  });
  const { hostKeys } = judged;
  judged.close();
  screen.end();

  const { target, hops } = readSshSettings(options, handover);
  const folder = ownFolder();
  return withKeyFile(target.generatedKey ?? target.convertedKey, folder, (keyFile) => {
    const generated = keyFile === undefined ? [] : [{ path: keyFile, from: "option" as const }];
    const bastion = { ...target, identityFiles: [...generated, ...target.identityFiles] };
    const way = [...hops, bastion].map((destination, at): Judged => {
      const key = hostKeys[at];
      if (key === undefined) throw new Error("the way to the bastion has changed");
      return { ...destination, alias: destination === bastion ? BASTION : `eks-hop-${String(at + 1)}`, key };
    });
    // What OpenSSH is told, and the keys for it to insist on: of this session, beside which others may be open.
    const [config, knownHosts] = [join(folder, "ssh_config"), join(folder, "known_hosts")];
    writeFileSync(knownHosts, way.map(({ alias, key }) => `${knownHostsLine(alias, 22, key)}\n`).join(""));
    writeFileSync(config, sshConfig(way, knownHosts));
    // What follows the host is the command's, whatever it looks like.
    return run(["-F", config, "--", BASTION, ...(command === undefined ? remote : [command])], signal);
  });
}

/**
 * Does something while there is a file with a private key, which OpenSSH's client takes in no other way.
 *
 * @param key undefined for no file
 * @param folder that nobody else may enter
 */
export async function withKeyFile<Result>(
  key: string | undefined,
  folder: string,
  work: (keyFile: string | undefined) => Promise<Result>,
): Promise<Result> {
  if (key === undefined) return work(undefined);
  const file = join(folder, "key");
  try {
    writeFileSync(file, key, { mode: 0o600 });
    return await work(file);
  } finally {
    rmSync(file, { force: true });
  }
}

/** The options of the bootstrap, and behind them the words of a command; a second `--` may stand between. */
export function divided(words: readonly string[]): {
  readonly options: readonly string[];
  readonly command: readonly string[];
} {
  let at = 0;
  for (; at < words.length; at++) {
    const word = words[at] ?? "";
    if (word === "--") return { options: words.slice(0, at), command: words.slice(at + 1) };
    if (!word.startsWith("-")) break;
    const name = word.replace(/^--?/, "");
    const hasValue = name in OPTIONS && OPTIONS[name as keyof typeof OPTIONS].type === "string";
    if (hasValue) at++;
  }
  return { options: words.slice(0, at), command: words.slice(at) };
}

/** What the client calls the bastion. */
const BASTION = "eks-bastion";

/** A host, and the key that it was judged to have. */
type Judged = Pick<Login, "address" | "port" | "user" | "identityFiles" | "agent" | "identitiesOnly"> & {
  readonly alias: string;
  /** In SSH's wire format. */
  readonly key: Buffer;
};

/**
 * The text of a configuration of OpenSSH's client that knows these hosts, each reached through the one before it, and
 * takes their keys out of one file. The client hands it on to those that it starts for the hosts on the way.
 *
 * @see https://man.openbsd.org/ssh_config
 */
export function sshConfig(way: readonly Judged[], knownHosts: string): string {
  const hosts = way.map(({ alias, address, port, user, identityFiles, agent, identitiesOnly }, at) => {
    // Where the client is told of a file, it looks for no other by itself.
    const isTold = (it: IdentityFile) => it.from === "option" || it.from === "config";
    const named = identityFiles.some(({ from }) => from === "remembered")
      ? identityFiles
      : identityFiles.filter(isTold);
    return [
      `Host ${alias}`,
      `HostName ${literal(address)}`,
      `HostKeyAlias ${alias}`,
      `Port ${String(port)}`,
      `User "${user.replaceAll(/["\\]/g, String.raw`\$&`)}"`,
      ...named.map(({ path }) => `IdentityFile ${literal(path)}`),
      ...(identitiesOnly || named.some(isTold) ? ["IdentitiesOnly yes"] : []),
      `IdentityAgent ${agent === undefined ? "none" : literal(agent)}`,
      `ProxyJump ${way[at - 1]?.alias ?? "none"}`,
    ];
  });
  const all = [
    "Host *",
    "StrictHostKeyChecking yes",
    `UserKnownHostsFile ${literal(knownHosts)}`,
    "GlobalKnownHostsFile /dev/null",
    "UpdateHostKeys no",
    "VerifyHostKeyDNS no",
    // No connection that somebody else has opened, with a key that nobody here has judged.
    "ControlPath none",
  ];
  return [...hosts, all]
    .map(([host = "", ...lines]) => [host, ...lines.map((line) => `  ${line}`), ""].join("\n"))
    .join("\n");
}

/** A value that means itself: neither a token such as `%h` nor several words. */
function literal(value: string): string {
  return `"${value.replaceAll("%", "%%").replaceAll(/["\\]/g, String.raw`\$&`)}"`;
}

/** @returns the exit code of OpenSSH's client */
async function run(args: readonly string[], signal: AbortSignal): Promise<number> {
  // eslint-disable-next-line no-restricted-syntax -- a person works in that shell, with editors and colours
  const client = spawn("ssh", args, { stdio: "inherit" });
  const interrupt = () => client.kill("SIGTERM");
  signal.addEventListener("abort", interrupt);
  if (signal.aborted) interrupt();
  try {
    const [code, ended] = (await once(client, "close")) as [number | null, NodeJS.Signals | null];
    return ended === null ? (code ?? 1) : 128 + constants.signals[ended];
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    const why =
      code === "ENOENT"
        ? "ssh is not installed; `apt-get install openssh-client` installs it, `dnf install openssh-clients` does on " +
          "Amazon Linux"
        : `ssh cannot be run: ${message}`;
    throw new UserError(why, { cause });
  } finally {
    signal.removeEventListener("abort", interrupt);
  }
}
