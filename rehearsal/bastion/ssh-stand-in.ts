import { spawn, type ChildProcess } from "node:child_process";
import { userInfo } from "node:os";
import { resolve } from "node:path";

import { Server, type Connection, type ServerChannel } from "ssh2";

import { findProgram } from "../../terraform/program";
import { listen } from "../machine/loopback";
import { prepareLogin, type LoginOptions, type LoginServer } from "./login";

/** How a stand-in SSH server is made. */
export interface SshStandInOptions extends LoginOptions {
  /** As whom its commands run, which takes root. @default - as the user of this process */
  readonly as?: { readonly uid: number; readonly gid: number };
}

/**
 * Starts a stand-in for sshd in this process, on a free port of 127.0.0.1: it lets in whoever holds the key that it has
 * made, and every command really runs, by the login shell of the user of this process. Needs nothing installed; unlike a
 * real sshd it forwards nothing, and has a terminal only where `script` (util-linux) is there to make one.
 */
export async function startSshStandIn(options: SshStandInOptions): Promise<LoginServer> {
  const { hostKey, userKey, shell, describe } = prepareLogin(options);
  const clients = new Set<Connection>();
  const children = new Set<ChildProcess>();

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
          track(children, run([shell, "-c", command], acceptExec(), options));
        })
        .on("shell", (acceptShell) => {
          const makeTerminal = hasTerminal && findProgram("script") !== undefined;
          const session = makeTerminal ? ["script", "-qfec", "/bin/sh -i", "/dev/null"] : ["/bin/sh"];
          track(children, run(session, acceptShell(), options));
        });
    });
  });
  return {
    ...describe(await listen(server)),
    stop: () => {
      for (const client of clients) client.end();
      for (const child of children) endGroup(child);
      server.close();
      return Promise.resolve();
    },
  };
}

function track(children: Set<ChildProcess>, child: ChildProcess): void {
  children.add(child);
  child.once("close", () => children.delete(child));
}

function run(
  [program = "", ...args]: readonly string[],
  channel: ServerChannel,
  { home, environment, as }: SshStandInOptions,
): ChildProcess {
  const { username } = userInfo();
  const child = spawn(program, args, {
    // Not everybody may enter it.
    cwd: as === undefined ? resolve(home) : "/",
    ...as,
    env: {
      PATH: "/usr/local/bin:/usr/bin:/bin",
      ...environment,
      HOME: resolve(home),
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
