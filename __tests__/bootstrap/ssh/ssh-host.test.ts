import { createServer, type AddressInfo, type Socket } from "node:net";
import type { Writable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";

import { UserError } from "../../../contract/user-error";
import { sh } from "../../../bootstrap/engine/command";
import { serverHostKeyAlgorithms } from "../../../bootstrap/ssh/known-hosts";
import { SshHost, type SshOptions } from "../../../bootstrap/ssh/ssh-host";
import { startSshAgent } from "../../support/ssh-agent";
import { keyPair, startSshServer, type Behaviour, type ServerOptions, type SshServer } from "../../support/ssh-server";

const HANGUL = Buffer.from("노드 두 대가 준비되었습니다\n");

const says =
  (stdout: string, stderr: string, exitCode: number): Behaviour =>
  (channel) => {
    channel.write(stdout);
    channel.stderr.write(stderr);
    channel.exit(exitCode);
    channel.end();
  };

/** Until there is nobody any more who would read it. */
function printsWithoutEnd(to: Writable, connection: Socket, packet: Buffer): void {
  const more = () => {
    if (connection.destroyed) return;
    for (let count = 0; count < 200; count += 1) {
      if (to.write(packet)) continue;
      to.once("drain", more);
      return;
    }
    setImmediate(more);
  };
  more();
}

const BEHAVIOURS: Readonly<Record<string, Behaviour>> = {
  fail: (channel) => {
    channel.stderr.write("no such file\n");
    channel.exit(3);
    channel.end();
  },
  warn: (channel) => {
    channel.write("done\n");
    channel.stderr.write("warning: old\n");
    channel.exit(0);
    channel.end();
  },
  hangul: (channel) => {
    // One byte a packet: every character is split.
    void (async () => {
      for (const byte of HANGUL) {
        channel.write(Buffer.from([byte]));
        await sleep(1);
      }
      channel.exit(0);
      channel.end();
    })();
  },
  cat: (channel) => {
    channel.pipe(channel, { end: false });
    channel.on("end", () => {
      channel.exit(0);
      channel.end();
    });
  },
  reset: (channel, connection) => {
    channel.write("half");
    setTimeout(() => connection.resetAndDestroy(), 50);
  },
  cut: (channel, connection) => {
    channel.write("half");
    setTimeout(() => connection.end(), 50);
  },
  killed: (channel) => {
    channel.exit("KILL");
    channel.end();
  },
  soon: (channel) => {
    setTimeout(() => {
      channel.exit(0);
      channel.end();
    }, 20);
  },
  never: () => undefined,
  "yes in large packets": (channel, connection) => {
    printsWithoutEnd(channel, connection, Buffer.alloc(32 * 1024, "y\n"));
  },
  "yes in small packets, among the complaints": (channel, connection) => {
    printsWithoutEnd(channel.stderr, connection, Buffer.from("y"));
  },
};

describe("a host over SSH", () => {
  const userKey = keyPair();
  let server: SshServer;
  const hosts: SshHost[] = [];
  const servers: SshServer[] = [];

  beforeAll(async () => {
    server = await startSshServer(userKey, BEHAVIOURS);
  });

  afterEach(() => {
    for (const host of hosts.splice(0)) host.close();
    for (const other of servers.splice(0)) other.stop();
  });

  afterAll(() => {
    server.stop();
  });

  /** A server of the test's own, with the key of the one for all. */
  async function another(options: ServerOptions = {}): Promise<SshServer> {
    const other = await startSshServer(userKey, BEHAVIOURS, { hostKey: server.hostKey, ...options });
    servers.push(other);
    return other;
  }

  async function connected(options: Partial<SshOptions> = {}): Promise<SshHost> {
    const host = await SshHost.connect({
      name: "bastion",
      address: "127.0.0.1",
      port: server.port,
      user: "ubuntu",
      agent: undefined,
      identities: [userKey.private],
      serverHostKey: serverHostKeyAlgorithms([]),
      signal: new AbortController().signal,
      refuse: (key) =>
        Promise.resolve(key.equals(server.hostKey.wire) ? undefined : "bastion: not the key that was expected"),
      ...options,
    });
    hosts.push(host);
    return host;
  }

  it("runs a command and tells its exit code and both its outputs", async () => {
    const host = await connected();

    expect(await host.run(sh`true`)).toEqual({ exitCode: 0, stdout: "", stderr: "" });
    expect(await host.run(sh`fail`)).toEqual({ exitCode: 3, stdout: "", stderr: "no such file\n" });
  });

  it("takes no warning for a failure", async () => {
    const host = await connected();

    expect(await host.run(sh`warn`)).toEqual({ exitCode: 0, stdout: "done\n", stderr: "warning: old\n" });
  });

  it("puts characters together that were split over packets", async () => {
    const host = await connected();

    expect((await host.run(sh`hangul`)).stdout).toBe(HANGUL.toString());
  });

  it("gives a command its input", async () => {
    const host = await connected();

    expect((await host.run({ ...sh`cat`, input: "비밀 $HOME\n" })).stdout).toBe("비밀 $HOME\n");
  });

  it("runs several commands at once over one connection", async () => {
    const host = await connected();

    const results = await Promise.all(["true", "fail", "warn"].map((command) => host.run({ text: command })));

    expect(results.map(({ exitCode }) => exitCode)).toEqual([0, 3, 0]);
  });

  it.each([
    [
      "reset",
      /^bastion: connection lost \(read ECONNRESET\) during a command: run again, it goes on where this has stopped$/,
    ],
    ["cut", /^bastion: connection lost during a command: run again, it goes on where this has stopped$/],
    ["killed", /^bastion: killed by (SIG)?KILL during a command$/],
  ])("fails, and the process lives on, after a %s", async (command, message) => {
    const host = await connected();

    const ended = host.run({ text: command });

    await expect(ended).rejects.toThrow(UserError);
    await expect(ended).rejects.toThrow(message);
  });

  it("fails at once for a command after the connection was lost", async () => {
    const host = await connected();
    await host.run(sh`reset`).catch(() => undefined);

    await expect(host.run(sh`true`)).rejects.toThrow("bastion: connection lost (read ECONNRESET) before a command");
  });

  it("fails at once for a command after the connection was closed", async () => {
    const host = await connected();
    await host.run(sh`cut`).catch(() => undefined);

    await expect(host.run(sh`true`)).rejects.toThrow(
      /^bastion: connection lost before a command: run again, it goes on where this has stopped$/,
    );
  });

  it("fails when a command does not end in its time", async () => {
    const host = await connected({ commandTimeoutSeconds: 0.2 });

    await expect(host.run(sh`never`)).rejects.toThrow("bastion: a command has not ended within 0.2 s");
  });

  it("fails for a key that is refused, before the login", async () => {
    const commandsBefore = server.commands.length;

    await expect(connected({ refuse: () => Promise.resolve("bastion: the key has changed") })).rejects.toThrow(
      "bastion: the key has changed",
    );
    expect(server.commands).toHaveLength(commandsBefore);
  });

  it.each<[string, SshOptions["refuse"]]>([
    [
      "throws",
      () => {
        throw new Error("no known_hosts");
      },
    ],
    ["rejects", () => Promise.reject(new Error("no known_hosts"))],
    ["rejects after a while", () => sleep(30).then(() => Promise.reject(new Error("no known_hosts")))],
    ["refuses after a while", () => sleep(30).then(() => "no known_hosts")],
  ])("fails with the verifier's error, before the login, when it %s", async (_, refuse) => {
    const loginsBefore = server.logins.length;

    await expect(connected({ refuse })).rejects.toThrow(/^no known_hosts$/);
    expect(server.logins).toHaveLength(loginsBefore);
  });

  it("waits for a verifier that has to ask somebody", async () => {
    const host = await connected({ refuse: () => sleep(50).then(() => undefined) });

    expect(await host.run(sh`true`)).toMatchObject({ exitCode: 0 });
  });

  it("fails when the verifier never answers", async () => {
    const never = () => new Promise<undefined>(() => undefined);

    await expect(connected({ refuse: never, readyTimeoutSeconds: 0.1 })).rejects.toThrow(
      "bastion: cannot log in as ubuntu: no SSH handshake within 0.1 s",
    );
  });

  it("lives on when the host ends the connection before the verifier answers", async () => {
    const other = await another();
    const answered = sleep(100).then(() => undefined);

    const connecting = connected({
      port: other.port,
      refuse: () => {
        other.stop();
        return answered;
      },
    });

    await expect(connecting).rejects.toMatchObject({ problem: "unreachable" });
    await answered;
    await sleep(20);
  });

  it("asks the verifier once, however often the keys are exchanged anew", async () => {
    const other = await another();
    let asked = 0;
    const host = await connected({
      port: other.port,
      refuse: () => {
        asked += 1;
        return Promise.resolve(undefined);
      },
    });

    await other.rekey();

    expect(await host.run(sh`true`)).toMatchObject({ exitCode: 0 });
    expect(asked).toBe(1);
  });

  it("tries the identities in their order, then the agent, and nothing else", async () => {
    const agent = await startSshAgent([keyPair(), userKey]);
    const [other, another] = [keyPair(), keyPair()];
    const loginsBefore = server.logins.length;

    const host = await connected({ identities: [other.private, another.private], agent: agent.socket });

    expect(await host.run(sh`true`)).toMatchObject({ exitCode: 0 });
    // Four keys are offered, and the last one is proven.
    expect(server.logins.slice(loginsBefore)).toEqual(Array(5).fill("publickey ubuntu"));
    expect(agent.asked()).toBe(1);
    await connected({ identities: [other.private, userKey.private], agent: agent.socket });
    expect(agent.asked()).toBe(1);
    agent.stop();
  });

  it("asks the agent for the keys that it is told only", async () => {
    const agent = await startSshAgent([keyPair(), keyPair(), userKey]);
    const loginsBefore = server.logins.length;

    await connected({ identities: [], agent: agent.socket, agentKeys: [userKey.wire] });
    agent.stop();

    // One key: whether it would do, and with it.
    expect(server.logins.slice(loginsBefore)).toHaveLength(2);
  });

  it("fails with the agent's name when the agent is of no help", async () => {
    const agent = await startSshAgent([userKey], { signs: false });

    await expect(connected({ identities: [], agent: agent.socket })).rejects.toThrow(
      `bastion: cannot log in as ubuntu: no identity was accepted, and the agent at ${agent.socket} fails: `,
    );
    agent.stop();
    await expect(connected({ agent: agent.socket, identities: [keyPair().private] })).rejects.toThrow(
      /no identity was accepted, and the agent at .* fails: Failed to connect to agent$/,
    );
  });

  it("tries neither a password nor questions, though the host offers them", async () => {
    const loginsBefore = server.logins.length;

    await expect(connected({ identities: [keyPair().private] })).rejects.toMatchObject({ problem: "authentication" });

    expect(new Set(server.logins.slice(loginsBefore))).toEqual(new Set(["publickey ubuntu"]));
  });

  it("fails with the host's own words when it is still booting", async () => {
    const closesSaying = "System is booting up. \u001b[31mUnprivileged users are not permitted to log in yet.\r\n";
    const booting = await another({ closesSaying });

    await expect(connected({ port: booting.port })).rejects.toMatchObject({
      problem: "booting",
      message:
        "bastion: cannot log in as ubuntu: it closed the connection before the end of the login; " +
        "it says: System is booting up. \\x1b[31mUnprivileged users are not permitted to log in yet.",
    });
  });

  it("fails for something else than SSH", async () => {
    const http = createServer((socket) => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n"));
    await new Promise<void>((resolve) => http.listen(0, "127.0.0.1", resolve));

    await expect(connected({ port: (http.address() as AddressInfo).port })).rejects.toThrow(
      "bastion: cannot log in as ubuntu: it closed the connection before the end of the SSH handshake",
    );
    http.close();
  });

  it("fails for a user who is not let in", async () => {
    await expect(connected({ identities: [keyPair().private] })).rejects.toThrow(
      "bastion: cannot log in as ubuntu: All configured authentication methods failed",
    );
  });

  it("fails for a port where nobody listens", async () => {
    const closed = await startSshServer(userKey, {});
    closed.stop();

    await expect(connected({ port: closed.port })).rejects.toThrow(/^bastion: cannot log in as ubuntu: .*ECONNREFUSED/);
  });

  it("fails at once when it is interrupted while it logs in", async () => {
    const interruption = new AbortController();
    const refuse = () => {
      interruption.abort();
      return new Promise<undefined>(() => undefined);
    };

    const connecting = connected({ refuse, signal: interruption.signal });

    await expect(connecting).rejects.toMatchObject({ problem: "interrupted", message: "interrupted" });
    await expect(connected({ signal: interruption.signal })).rejects.toThrow(/^interrupted$/);
  });

  it("runs no more commands at once than sshd has sessions for", async () => {
    const other = await another();
    const host = await connected({ port: other.port });

    const results = await Promise.all(Array.from({ length: 35 }, () => host.run(sh`soon`)));

    expect(results.map(({ exitCode }) => exitCode)).toEqual(Array.from({ length: 35 }, () => 0));
    expect(other.peak()).toBe(10);
    expect(other.commands).toHaveLength(35);
  });

  it.each([1, 2])("gets along with MaxSessions %d", async (maxSessions) => {
    const other = await another({ maxSessions });
    const host = await connected({ port: other.port });

    await Promise.all(Array.from({ length: 12 }, () => host.run(sh`soon`)));

    expect(other.commands).toHaveLength(12);
    expect(other.peak()).toBe(maxSessions);
  });

  it("waits for a session that sshd has not cleared away yet", async () => {
    const other = await another({ maxSessions: 1, clearsSessionsAfter: 50 });
    const host = await connected({ port: other.port });

    for (let count = 0; count < 3; count += 1) expect(await host.run(sh`true`)).toMatchObject({ exitCode: 0 });
  });

  it("fails for a host that has no session for anybody", async () => {
    const other = await another({ maxSessions: 0 });
    const host = await connected({ port: other.port });

    await expect(host.run(sh`true`)).rejects.toThrow(/^bastion: no channel for a command \(.*\)$/);
  });

  it("fails for commands under way, waiting and to come with the reason it was closed for", async () => {
    const other = await another({ maxSessions: 1 });
    const host = await connected({ port: other.port });
    const ended = [host.run(sh`never`), host.run(sh`true`)];
    const outcomes = Promise.allSettled(ended);
    await sleep(50);

    host.close("interrupted");

    const messages = (await outcomes).map((it) => (it.status === "rejected" ? (it.reason as Error).message : ""));
    expect(messages).toEqual(["bastion: interrupted during a command", "bastion: interrupted before a command"]);
    await expect(host.run(sh`true`)).rejects.toThrow(/^bastion: interrupted before a command$/);
  });

  it.each(["yes in large packets", "yes in small packets, among the complaints"])(
    "gives up a host that prints without an end: %s",
    async (command) => {
      const other = await another();
      const host = await connected({ port: other.port });
      const beside = host.run(sh`never`).catch((error: unknown) => (error as Error).message);

      await expect(host.run({ text: command })).rejects.toThrow(
        /^bastion: a command has printed more than 32 MiB: look on the host for what prints so much$/,
      );

      expect(await beside).toBe(
        "bastion: connection closed, because another command had printed too much, during a command",
      );
      await other.left();
    },
    60_000,
  );

  it("takes no more than a few lines of what a host says before the login", async () => {
    const talkative = await another({ closesSaying: "no\n".repeat(10_000) });

    const failure = (await connected({ port: talkative.port }).catch((error: unknown) => error)) as Error;

    expect(failure.message).toContain("it says: no no no");
    expect(failure.message.length).toBeLessThan(3000);
  });

  it("runs a command that holds everything some shell takes for its own", async () => {
    const text = 'it\'s `a` "b" !c \\d $e\n비밀\t*';
    const other = await startSshServer(userKey, { [text]: says("", "", 5) }, { hostKey: server.hostKey });
    servers.push(other);
    const host = await connected({ port: other.port });

    expect(await host.run({ text })).toMatchObject({ exitCode: 5 });
  });

  it("takes no greeting of a login shell for an answer or a complaint", async () => {
    const greeting = await another({ greets: "Welcome to vm\r\n\u001b[1mPermission denied\n" });
    const host = await connected({ port: greeting.port });

    expect(await host.run(sh`warn`)).toEqual({ exitCode: 0, stdout: "done\n", stderr: "warning: old\n" });
  });

  it.each<[string, Behaviour, string]>([
    [
      "nologin",
      says("This account is currently not available.\n", "", 1),
      "it says: This account is currently not available.",
    ],
    [
      "the line that cloud-init gives root on Ubuntu",
      says('Please login as the user "ubuntu" rather than the user "root".\n\n', "", 142),
      'it says: Please login as the user "ubuntu" rather than the user "root".',
    ],
    ["a greeting and nothing else", says("Welcome to vm\n", "", 0), "it says: Welcome to vm"],
    [
      "a restricted shell",
      says("", "rbash: /bin/sh: restricted: cannot specify `/' in command names\n", 127),
      "it says: rbash: /bin/sh: restricted: cannot specify `/' in command names",
    ],
    ["a silent one", says("", "", 1), "it ends with 1 and says nothing"],
    [
      "one that would write to the terminal",
      says("\u001b[31mno\r\nok: all is well\n", "", 0),
      "it says: \\x1b[31mno ok: all is well",
    ],
  ])("refuses the answer of a login shell that runs nothing: %s", async (_, loginShell, words) => {
    const other = await another({ loginShell });
    const host = await connected({ port: other.port });

    await expect(host.run(sh`warn`)).rejects.toMatchObject({
      name: "ConnectError",
      problem: "shell",
      message:
        `bastion: no command is run for ubuntu, ${words}; give the user of the image (--user: ubuntu on Ubuntu, ` +
        "ec2-user on Amazon Linux), or see what the login shell and its start files do there",
    });
  });

  it("says to the others why they ended when one command did not end in its time", async () => {
    const host = await connected({ commandTimeoutSeconds: 0.2 });
    const first = host.run(sh`never`);
    const second = sleep(100).then(() => host.run(sh`never`));

    await expect(first).rejects.toThrow("bastion: a command has not ended within 0.2 s");
    await expect(second).rejects.toThrow("another command had not ended in its time, during a command");
  });

  it("notices a host that vanishes", async () => {
    const other = await another();
    const host = await connected({ port: other.port, keepaliveSeconds: 0.05 });
    const ended = host.run(sh`never`);
    setTimeout(() => {
      other.vanish();
    }, 50);

    await expect(ended).rejects.toThrow("bastion: connection lost (Keepalive timeout) during a command");
  });

  it.each(["reset", "cut"])("fails after a %s behind another host, too", async (command) => {
    const inner = await another();
    const host = await connected({
      jump: await connected(),
      port: inner.port,
      refuse: () => Promise.resolve(undefined),
    });

    await expect(host.run({ text: command })).rejects.toThrow(
      /^bastion: connection lost.* during a command: run again, it goes on where this has stopped$/,
    );
  });

  it("fails when the host behind another one ends the handshake, is not there, or must not be reached", async () => {
    const closing = createServer((socket) => socket.end("SSH-2.0-closing\r\n"));
    await new Promise<void>((resolve) => closing.listen(0, "127.0.0.1", resolve));
    const { port } = closing.address() as AddressInfo;
    const strict = await another({ forwards: false });
    const refuse = () => Promise.resolve(undefined);
    const jump = await connected();

    await expect(connected({ jump, port, refuse })).rejects.toMatchObject({ problem: "unreachable" });
    await new Promise((resolve) => closing.close(resolve));
    await expect(connected({ jump, port, refuse })).rejects.toMatchObject({ problem: "unreachable" });
    const strictJump = await connected({ port: strict.port, refuse });
    await expect(connected({ jump: strictJump, port, refuse })).rejects.toMatchObject({ problem: "protocol" });
    // The host between is good for the next attempt.
    expect(await jump.run(sh`true`)).toMatchObject({ exitCode: 0 });
  });

  it("goes through another host, and looks at both their keys", async () => {
    const inner = await another();
    const seen: Buffer[] = [];
    const jump = await connected();

    const host = await connected({
      jump,
      port: inner.port,
      refuse: (key) => {
        seen.push(key);
        return Promise.resolve(undefined);
      },
    });

    expect(await host.run(sh`true`)).toMatchObject({ exitCode: 0 });
    expect(seen).toEqual([inner.hostKey.wire]);
    expect(inner.commands).toEqual(["true"]);
  });
});
