import { spawn, type ChildProcess } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { userInfo } from "node:os";
import { resolve } from "node:path";

import { Server, utils, type Connection, type ServerChannel } from "ssh2";

import { listen } from "../machine/loopback";
import { findProgram } from "../../terraform/program";
import { describeHostKey, type LoginServer, type SshdOptions } from "./sshd";

/** How a stand-in SSH server is made. */
export interface SshStandInOptions extends Omit<SshdOptions, "maxSessions"> {
  /** As whom its commands run, which takes root. @default - as the user of this process */
  readonly as?: { readonly uid: number; readonly gid: number };
}

/** What every session has. */
type Session = Required<Pick<SshStandInOptions, "home" | "environment">> & Pick<SshStandInOptions, "as">;

/**
 * Starts a stand-in for sshd in this process, on a free port of 127.0.0.1: it lets in whoever holds the key that it has
 * made, and every command really runs, by `/bin/sh -c` as the user of this process. Needs nothing installed; unlike a
 * real sshd it forwards nothing, and has a terminal only where `script` (util-linux) is there to make one.
 */
export async function startSshStandIn(options: SshStandInOptions): Promise<LoginServer> {
  const { folder, home, environment = {}, as } = options;
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  mkdirSync(home, { recursive: true });
  const hostKey = keyIn(resolve(folder, "host_key"));
  const userKey = keyIn(resolve(folder, "user_key"));
  const clients = new Set<Connection>();
  const children = new Set<ChildProcess>();
  const session = { home: resolve(home), environment, ...(as !== undefined && { as }) };

  const server = new Server({ hostKeys: [hostKey.private] }, (client) => {
    clients.add(client);
    // A client that is cut off is no reason to end.
    client.on("error", () => undefined);
    client.on("close", () => clients.delete(client));
    client.on("authentication", (context) => {
      if (context.method === "publickey" && context.key.data.equals(userKey.wire)) context.accept();
      else context.reject(["publickey"]);
    });
    client.on("session", (accept) => {
      let hasTerminal = false;
      accept()
        .on("pty", (acceptTerminal) => {
          hasTerminal = true;
          acceptTerminal();
        })
        .on("exec", (acceptExec, _, { command }) => {
          track(children, run(["/bin/sh", "-c", command], acceptExec(), session));
        })
        .on("shell", (acceptShell) => {
          const makeTerminal = hasTerminal && findProgram("script") !== undefined;
          const shell = makeTerminal ? ["script", "-qfec", "/bin/sh -i", "/dev/null"] : ["/bin/sh"];
          track(children, run(shell, acceptShell(), session));
        });
    });
  });
  const port = await listen(server);
  return {
    port,
    user: userInfo().username,
    identityFile: resolve(folder, "user_key"),
    ...describeHostKey("ssh-ed25519", hostKey.wire.toString("base64"), port),
    stop: () => {
      for (const client of clients) client.end();
      for (const child of children) endGroup(child);
      server.close();
      return Promise.resolve();
    },
  };
}

/** A key pair whose private half is in a file; made when there is none. */
function keyIn(file: string): { readonly private: string; readonly wire: Buffer } {
  if (!existsSync(file)) {
    const pair = utils.generateKeyPairSync("ed25519");
    // Three of a thousand keys that ssh2 makes are malformed.
    if (utils.parseKey(pair.public) instanceof Error) return keyIn(file);
    writeFileSync(file, pair.private, { mode: 0o600 });
  }
  const text = readFileSync(file, "utf8");
  const parsed = utils.parseKey(text);
  if (parsed instanceof Error) throw new Error(`${file} is no private key: ${parsed.message}`);
  return { private: text, wire: parsed.getPublicSSH() };
}

function track(children: Set<ChildProcess>, child: ChildProcess): void {
  children.add(child);
  child.once("close", () => children.delete(child));
}

function run([program = "", ...args]: readonly string[], channel: ServerChannel, session: Session): ChildProcess {
  const { home, environment, as } = session;
  const { username } = userInfo();
  const child = spawn(program, args, {
    // Not everybody may enter it.
    cwd: as === undefined ? home : "/",
    ...as,
    env: {
      PATH: "/usr/local/bin:/usr/bin:/bin",
      ...environment,
      HOME: home,
      USER: username,
      LOGNAME: username,
      TERM: "xterm",
    },
    // A group of its own, so that all of it ends when the connection does.
    detached: true,
  });
  channel.pipe(child.stdin);
  // A command that does not read its input closes it first.
  child.stdin.on("error", () => undefined);
  child.stdout.pipe(channel, { end: false });
  child.stderr.pipe(channel.stderr, { end: false });
  channel.on("error", () => undefined);
  channel.on("close", () => {
    endGroup(child);
  });
  child.once("error", () => {
    channel.exit(127);
    channel.end();
  });
  child.once("close", (code, signal) => {
    if (signal === null) channel.exit(code ?? 255);
    else channel.exit(signal);
    channel.end();
  });
  return child;
}

/** As sshd does when a connection is lost. */
function endGroup({ pid, exitCode, signalCode }: ChildProcess): void {
  if (pid === undefined || exitCode !== null || signalCode !== null) return;
  try {
    process.kill(-pid, "SIGHUP");
  } catch {
    // Has ended.
  }
}
