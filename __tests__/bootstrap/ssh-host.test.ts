import { setTimeout as sleep } from "node:timers/promises";

import { sh, withInput } from "../../bootstrap/command";
import { BootstrapError } from "../../bootstrap/errors";
import { SshHost, type SshOptions } from "../../bootstrap/ssh-host";
import { keyPair, startSshServer, type Behaviour, type SshServer } from "../support/ssh-server";

const HANGUL = Buffer.from("노드 두 대가 준비되었습니다\n");

const BEHAVIOURS: Readonly<Record<string, Behaviour>> = {
  true: (channel) => {
    channel.exit(0);
    channel.end();
  },
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
  never: () => undefined,
};

describe("a host over SSH", () => {
  const userKey = keyPair();
  let server: SshServer;
  const hosts: SshHost[] = [];

  beforeAll(async () => {
    server = await startSshServer(userKey, BEHAVIOURS);
  });

  afterEach(() => {
    for (const host of hosts.splice(0)) host.close();
  });

  afterAll(() => {
    server.stop();
  });

  async function connected(options: Partial<SshOptions> = {}): Promise<SshHost> {
    const host = await SshHost.connect({
      name: "bastion",
      address: "127.0.0.1",
      port: server.port,
      username: "ubuntu",
      privateKey: userKey.private,
      refuse: (key) => (key.equals(server.hostKey.wire) ? undefined : "not the key that was expected"),
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

    expect((await host.run(withInput(sh`cat`, "비밀 $HOME\n"))).stdout).toBe("비밀 $HOME\n");
  });

  it("runs several commands at once over one connection", async () => {
    const host = await connected();

    const results = await Promise.all(["true", "fail", "warn"].map((command) => host.run({ text: command })));

    expect(results.map(({ exitCode }) => exitCode)).toEqual([0, 3, 0]);
  });

  it.each([
    ["reset", /^bastion: connection lost \(read ECONNRESET\) during: reset$/],
    ["cut", /^bastion: connection lost during: cut$/],
    ["killed", /^bastion: killed by (SIG)?KILL during: killed$/],
  ])("fails, and the process lives on, after a %s", async (command, message) => {
    const host = await connected();

    const ended = host.run({ text: command });

    await expect(ended).rejects.toThrow(BootstrapError);
    await expect(ended).rejects.toThrow(message);
  });

  it("fails at once for a command after the connection was lost", async () => {
    const host = await connected();
    await host.run(sh`reset`).catch(() => undefined);

    await expect(host.run(sh`true`)).rejects.toThrow("bastion: connection lost (read ECONNRESET) before: true");
  });

  it("fails when a command does not end in its time", async () => {
    const host = await connected({ commandTimeoutSeconds: 0.2 });

    await expect(host.run(sh`never`)).rejects.toThrow("bastion: no end after 0.2 s of: never");
  });

  it("fails for a key that is refused, before the login", async () => {
    const commandsBefore = server.commands.length;

    await expect(connected({ refuse: () => "the key has changed" })).rejects.toThrow("bastion: the key has changed");
    expect(server.commands).toHaveLength(commandsBefore);
  });

  it("fails when the verifier itself does", async () => {
    const broken = () => {
      throw new Error("no known_hosts");
    };

    await expect(connected({ refuse: broken })).rejects.toThrow("no known_hosts");
  });

  it("fails for a user who is not let in", async () => {
    await expect(connected({ privateKey: keyPair().private })).rejects.toThrow(
      "bastion: cannot log in as ubuntu: All configured authentication methods failed",
    );
  });

  it("fails for a port where nobody listens", async () => {
    const closed = await startSshServer(userKey, {});
    closed.stop();

    await expect(connected({ port: closed.port })).rejects.toThrow(/^bastion: cannot log in as ubuntu: .*ECONNREFUSED/);
  });

  it("goes through another host, and looks at both their keys", async () => {
    const inner = await startSshServer(userKey, BEHAVIOURS);
    const seen: Buffer[] = [];
    const jump = await connected();

    const host = await connected({
      jump,
      port: inner.port,
      refuse: (key) => {
        seen.push(key);
        return undefined;
      },
    });

    expect(await host.run(sh`true`)).toMatchObject({ exitCode: 0 });
    expect(seen).toEqual([inner.hostKey.wire]);
    expect(inner.commands).toEqual(["true"]);
    inner.stop();
  });
});
