import { execFileSync } from "node:child_process";
import { createHmac } from "node:crypto";
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { createServer, type AddressInfo, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { UserError } from "../../../contract/user-error";
import { sh } from "../../../bootstrap/engine/command";
import { connect, type ConnectOptions } from "../../../bootstrap/ssh/connect";
import { fingerprint, knownHostsLine } from "../../../bootstrap/ssh/known-hosts";
import type { SshHost } from "../../../bootstrap/ssh/ssh-host";
import type { Handover } from "../../../contract/handover";
import { consoleEnvironment, startEc2Console, type ConsoleAnswer, type Ec2Console } from "../../support/ec2-console";
import { HANDOVER } from "../../support/handover";
import { startSshAgent } from "../../support/ssh-agent";
import { keyPair, startSshServer, type KeyPair, type ServerOptions, type SshServer } from "../../support/ssh-server";

const HERE: Handover = { ...HANDOVER, bastion_address: "127.0.0.1" };

/** What cloud-init prints. */
function printed(...keys: KeyPair[]): string {
  const lines = keys.map(({ wire }) => `256 ${fingerprint(wire)} root@ip-10-0-0-9 (ED25519)`);
  return ["-----BEGIN SSH HOST KEY FINGERPRINTS-----", ...lines, "-----END SSH HOST KEY FINGERPRINTS-----", ""].join(
    "\r\n",
  );
}

function messageOf(error: unknown): string {
  return (error as Error).message;
}

describe("connecting to the bastion", () => {
  const userKey = keyPair();
  const environment = process.env;
  const opened: { stop(): void }[] = [];
  let home: string;
  let knownHosts: string;
  let waited: string[];
  let notes: string[];

  /** Boots a host only when somebody has found that it is not there. */
  const whenWaitedFor = async (boot: () => Promise<SshServer>): Promise<SshServer> => {
    while (waited.length === 0) await sleep(10);
    return boot();
  };

  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), "connect-"));
    knownHosts = join(home, ".ssh", "known_hosts");
    writeFileSync(join(home, "key.pem"), userKey.private, { mode: 0o600 });
    [waited, notes] = [[], []];
    const others = Object.entries(environment).filter(([name]) => !name.startsWith("AWS_"));
    // Nobody listens on port 1: without a console of its own a test has none.
    process.env = { ...Object.fromEntries(others), ...consoleEnvironment("http://127.0.0.1:1") };
  });

  afterEach(() => {
    for (const it of opened.splice(0)) it.stop();
    process.env = environment;
    rmSync(home, { recursive: true, force: true });
  });

  async function bastion(options: ServerOptions = {}): Promise<SshServer> {
    const server = await startSshServer(userKey, { never: () => undefined }, options);
    opened.push(server);
    return server;
  }

  async function console(answer: () => ConsoleAnswer): Promise<Ec2Console> {
    const server = await startEc2Console(answer);
    opened.push(server);
    Object.assign(process.env, consoleEnvironment(server.endpoint));
    return server;
  }

  async function connected(
    options: Partial<ConnectOptions>,
    handover: Handover = HERE,
    identity: Pick<ConnectOptions, "identity"> = { identity: join(home, "key.pem") },
  ): Promise<SshHost> {
    const host = await connect(
      handover,
      {
        ...identity,
        acceptNewHostKey: false,
        signal: new AbortController().signal,
        timeoutSeconds: 30,
        pauses: { first: 0.02, longest: 0.05, attempt: 20, refusal: 1 },
        machine: { home, user: "alice", uid: process.getuid?.(), environment: {} },
        ...options,
      },
      { waiting: (what) => waited.push(what), note: (text) => notes.push(text) },
    );
    opened.push({
      stop: () => {
        host.close();
      },
    });
    return host;
  }

  const known = (server: SshServer, key = server.hostKey) => `${knownHostsLine("127.0.0.1", server.port, key.wire)}\n`;

  function knows(...lines: string[]): string {
    const file = join(home, "known");
    writeFileSync(file, lines.join(""));
    return file;
  }

  function sshConfig(text: string): void {
    mkdirSync(join(home, ".ssh"), { recursive: true });
    writeFileSync(join(home, ".ssh", "config"), text, { mode: 0o600 });
  }

  it("runs commands on a host that is known, without asking EC2", async () => {
    const server = await bastion();
    const { requests } = await console(() => printed(keyPair()));

    const host = await connected({ port: server.port, knownHosts: knows(known(server)) });

    expect(await host.run(sh`true`)).toMatchObject({ exitCode: 0 });
    expect(requests).toHaveLength(0);
    expect(notes).toEqual([expect.stringMatching(/^127.0.0.1: host key accepted: line 1 of .*known has it$/)]);
  });

  it.each<[string, (file: string, key: string) => void, string]>([
    [
      "a list of keys",
      (file, key) => {
        copyFileSync(key, file);
      },
      " revokes it (RevokedHostKeys)",
    ],
    [
      "a list of ssh-keygen",
      (file, key) => {
        execFileSync("ssh-keygen", ["-q", "-k", "-f", file, key]);
      },
      " revokes it (RevokedHostKeys)",
    ],
    ["a list that is not there", () => undefined, " cannot be read (ENOENT: "],
    [
      "a list that is none",
      (file) => {
        writeFileSync(file, "no key\n");
      },
      " has no public key in line 1, and without it ssh believes no host either",
    ],
  ])("believes no host whose known key is in RevokedHostKeys: %s", async (_, make, message) => {
    const server = await bastion();
    const [list, key] = [join(home, "revoked"), join(home, "host.pub")];
    writeFileSync(key, `# old\n\nssh-ed25519 ${server.hostKey.wire.toString("base64")} of the bastion\n`);
    make(list, key);
    sshConfig(`RevokedHostKeys ${list}\n`);

    const connecting = connected({ port: server.port, knownHosts: knows(known(server)) });

    await expect(connecting).rejects.toThrow(`${list}${message}`);
    expect(server.logins).toEqual([]);
  });

  it.each<[string, (file: string, key: string) => void]>([
    [
      "a list of keys",
      (file) => {
        writeFileSync(file, `ssh-ed25519 ${keyPair().wire.toString("base64")}\n`);
      },
    ],
    [
      "a list of ssh-keygen",
      (file, key) => {
        execFileSync("ssh-keygen", ["-q", "-k", "-f", file, key]);
      },
    ],
  ])("believes a host whose key is not in RevokedHostKeys: %s", async (_, make) => {
    const server = await bastion();
    const [list, key] = [join(home, "revoked"), join(home, "other.pub")];
    writeFileSync(key, `ssh-ed25519 ${keyPair().wire.toString("base64")}\n`);
    make(list, key);
    sshConfig(`RevokedHostKeys ${list}\n`);

    const host = await connected({ port: server.port, knownHosts: knows(known(server)) });

    expect(await host.run(sh`true`)).toMatchObject({ exitCode: 0 });
  });

  it("takes no signature with SHA-1 for a host's", async () => {
    const hostKey = keyPair("rsa");
    const server = await bastion({ hostKey, hostKeyAlgorithms: ["ssh-rsa"] });

    const connecting = connected({ port: server.port, knownHosts: knows(known(server)) });

    await expect(connecting).rejects.toMatchObject({
      problem: "protocol",
      message: expect.stringContaining("no matching host key format") as string,
    });
    expect(server.logins).toEqual([]);
  });

  it.each([
    ["what the user waits for, when that is more", 2, 0.1, "2 s"],
    ["no less than a program needs", 2, 2.1, "2.1 s"],
  ])("bounds every command by %s", async (_, timeoutSeconds, leastCommandSeconds, bound) => {
    const server = await bastion();
    const knownHosts = knows(known(server));
    const host = await connected({ port: server.port, knownHosts, timeoutSeconds, leastCommandSeconds });

    await expect(host.run(sh`never`)).rejects.toThrow(
      `127.0.0.1: a command has not ended within ${bound}: look on the host for what holds it up`,
    );
  });

  it("knows a host by a hashed name", async () => {
    const server = await bastion();
    const salt = Buffer.alloc(20, 7);
    const hash = createHmac("sha1", salt)
      .update(`[127.0.0.1]:${String(server.port)}`)
      .digest("base64");
    const line = known(server).replace(/^\S+/, `|1|${salt.toString("base64")}|${hash}`);

    await connected({ port: server.port, knownHosts: knows(line) });
  });

  it("knows a host by the machine's known hosts, and by the second of two files", async () => {
    const server = await bastion();
    const global = knows(known(server));
    sshConfig(`GlobalKnownHostsFile ${global}\n`);

    await connected({ port: server.port });
    sshConfig(`UserKnownHostsFile ${join(home, "missing")} ${global}\n`);
    await connected({ port: server.port });
  });

  it("believes a revocation in any file", async () => {
    const server = await bastion();
    const revoked = join(home, "revoked");
    writeFileSync(revoked, `@revoked ${known(server)}`);

    sshConfig(`UserKnownHostsFile ${knows(known(server))} ${revoked}\n`);

    await expect(connected({ port: server.port })).rejects.toThrow(/host key refused: line 1 of .*revoked revokes it/);
  });

  it("asks for the type of key that is known", async () => {
    const server = await bastion({ hostKey: keyPair("ecdsa"), moreHostKeys: [keyPair()] });

    await connected({ port: server.port, knownHosts: knows(known(server)) });
  });

  it("fails at once for a key that has changed, in the words of the policy", async () => {
    const server = await bastion();
    const before = keyPair();

    const failure = await connected({ port: server.port, knownHosts: knows(known(server, before)) }).catch(
      (it: unknown) => it,
    );

    expect(failure).toBeInstanceOf(UserError);
    const { message } = failure as Error;
    expect(message).toMatch(
      new RegExp(`^\\[127.0.0.1]:${String(server.port)}: host key refused: .*known has another key for this host\\n`),
    );
    expect(message).toContain(fingerprint(before.wire));
    expect(message).toContain("forget the old key and run again: ssh-keygen -R");
    expect(message).not.toMatch(/what now.*(--identity|kubectl_ssh_cidrs)|waited/);
    expect(waited).toEqual([]);
    expect(server.logins).toEqual([]);
  });

  it("fails at once when nothing speaks for the key and the console cannot be read, and says why", async () => {
    const server = await bastion();
    await console(() => ({ code: "UnauthorizedOperation" }));

    await expect(connected({ port: server.port })).rejects.toThrow(
      "host key refused: nothing says that it is the bastion's",
    );
    expect(notes).toEqual([
      "the EC2 console output cannot be read: the AWS credentials do not allow ec2:GetConsoleOutput",
    ]);
    expect(waited).toEqual([]);
    expect(existsSync(knownHosts)).toBe(false);
  });

  it("believes the console", async () => {
    const server = await bastion();
    const { requests } = await console(() => printed(keyPair(), server.hostKey));

    await connected({ port: server.port });

    expect(notes).toEqual(["127.0.0.1: host key accepted: the EC2 console output lists it"]);
    expect(requests.map((it) => it.get("InstanceId"))).toEqual([HERE.bastion_instance_id]);
    expect(existsSync(knownHosts)).toBe(false);
  });

  it.each<[string, Partial<ConnectOptions>]>([
    ["alone", {}],
    ["whatever --accept-new-host-key says", { acceptNewHostKey: true }],
  ])("refuses a key that the console contradicts, %s", async (_, options) => {
    const server = await bastion();
    await console(() => printed(keyPair()));

    await expect(connected({ port: server.port, ...options })).rejects.toThrow("it is not in the EC2 console output");
    expect(server.logins).toEqual([]);
    expect(existsSync(knownHosts)).toBe(false);
  });

  it("waits until the console has the keys", async () => {
    const server = await bastion();
    let asked = 0;
    await console(() => (++asked < 4 ? "Linux version 6.8" : printed(server.hostKey)));

    await connected({ port: server.port });

    expect(asked).toBe(4);
    expect(waited).toEqual(["127.0.0.1: its host keys are not in the EC2 console output yet"]);
  });

  it("waits on when EC2 fails once in between", async () => {
    const server = await bastion();
    const answers: ConsoleAnswer[] = ["", { code: "AuthFailure" }, printed(server.hostKey)];
    await console(() => answers.shift() ?? "");

    await connected({ port: server.port });

    expect(answers).toEqual([]);
  });

  it("fails with the policy's words when the console never has the keys", async () => {
    const server = await bastion();
    await console(() => "");

    await expect(
      connected({ port: server.port, timeoutSeconds: 1, pauses: { first: 0.02, longest: 0.05, attempt: 1 } }),
    ).rejects.toThrow(/^\[127.0.0.1].*nothing says that it is the bastion's/);
    expect(server.logins).toEqual([]);
  });

  it("believes --host-key, and refuses another key", async () => {
    const server = await bastion();

    await connected({ port: server.port, hostKey: fingerprint(server.hostKey.wire) });
    await expect(connected({ port: server.port, hostKey: fingerprint(keyPair().wire) })).rejects.toThrow(
      "host key refused: --host-key names another one",
    );
  });

  describe("whose keys the stack has made", () => {
    const planted = ({ wire }: KeyPair) => `ssh-ed25519 ${wire.toString("base64")}`;
    const made = (hostKey: KeyPair): Handover => ({
      ...HERE,
      bastion_host_key: planted(hostKey),
      ssh_private_key: userKey.private,
    });

    it("knows it before the first connection, and logs in with the key in the outputs, without asking EC2", async () => {
      const server = await bastion({ moreHostKeys: [keyPair("ecdsa")] });
      const { requests } = await console(() => printed(keyPair()));

      const host = await connected({ port: server.port }, made(server.hostKey), {});

      expect(await host.run(sh`true`)).toMatchObject({ exitCode: 0 });
      expect(requests).toHaveLength(0);
      expect(notes).toEqual(["127.0.0.1: host key accepted: the stack has planted it (output bastion_host_key)"]);
    });

    it("refuses another key at once, and before it has logged in", async () => {
      const server = await bastion();

      await expect(connected({ port: server.port, acceptNewHostKey: true }, made(keyPair()), {})).rejects.toThrow(
        "host key refused: it is not the one that the stack has planted",
      );
      expect(server.logins).toEqual([]);
      expect(waited).toEqual([]);
      expect(existsSync(knownHosts)).toBe(false);
    });

    it("believes --host-key and --identity more", async () => {
      const server = await bastion();
      const stranger = { ...made(keyPair()), ssh_private_key: keyPair().private };

      await connected({ port: server.port, hostKey: fingerprint(server.hostKey.wire) }, stranger);
      await expect(
        connected({ port: server.port, hostKey: fingerprint(keyPair().wire) }, made(server.hostKey)),
      ).rejects.toThrow("--host-key names another one");
    });

    it("tries no key but that of --identity when there is one", async () => {
      const server = await bastion();
      writeFileSync(join(home, "other.pem"), keyPair().private, { mode: 0o600 });

      await expect(
        connected({ port: server.port }, made(server.hostKey), { identity: join(home, "other.pem") }),
      ).rejects.toThrow("cannot log in as ubuntu");
    });

    it("tries the keys of this machine when the bastion does not take the stack's, and names it without showing it", async () => {
      const server = await bastion();
      const stranger = { ...made(server.hostKey), ssh_private_key: keyPair().private };
      sshConfig(`IdentityFile ${join(home, "key.pem")}\n`);

      await connected({ port: server.port }, stranger, {});
      sshConfig("");
      const failure = await connected({ port: server.port }, stranger, {}).catch(messageOf);

      expect(failure).toContain("looked at: the stack's own key (output ssh_private_key), ");
      expect(failure).not.toContain("PRIVATE KEY");
    });

    it("does not give the stack's key to a host before it", async () => {
      const server = await bastion();
      const jump = `127.0.0.1:${String(server.port)}`;

      await expect(connected({ port: 1, jump }, made(server.hostKey), {})).rejects.toThrow(
        "there is no key to log in to 127.0.0.1 with",
      );
      expect(server.logins).toEqual([]);
    });

    it("says when the output is no key, and shows nothing of it", async () => {
      const broken = { ...made(keyPair()), ssh_private_key: userKey.private.replace(/\n.{20}/, "\nsecret") };

      const failure = await connected({}, broken, {}).catch(messageOf);

      expect(failure).toContain("the output ssh_private_key is no private key in OpenSSH's or PEM form");
      expect(failure).not.toContain("secret");
    });
  });

  it("writes a new key down once when told so, and knows it the next time", async () => {
    const server = await bastion();

    await connected({ port: server.port, acceptNewHostKey: true });

    expect(readFileSync(knownHosts, "utf8")).toBe(known(server));
    expect(statSync(knownHosts).mode & 0o777).toBe(0o600);
    expect(statSync(join(home, ".ssh")).mode & 0o777).toBe(0o700);
    await connected({ port: server.port });
    await connected({ port: server.port, acceptNewHostKey: true });
    expect(readFileSync(knownHosts, "utf8")).toBe(known(server));
  });

  it("does not write down the key of a host that did not let us in", async () => {
    const server = await bastion({ letsIn: () => false });

    await expect(connected({ port: server.port, acceptNewHostKey: true })).rejects.toThrow("cannot log in as ubuntu");
    expect(existsSync(knownHosts)).toBe(false);
  });

  it("loses no line when several write at once, after a line without an end", async () => {
    const servers = await Promise.all(Array.from({ length: 5 }, () => bastion()));
    const file = knows("# mine");
    chmodSync(file, 0o644);

    await Promise.all(servers.map(({ port }) => connected({ port, knownHosts: file, acceptNewHostKey: true })));

    const lines = readFileSync(file, "utf8")
      .split("\n")
      .filter((line) => line !== "");
    expect(lines.sort()).toEqual(["# mine", ...servers.map((server) => known(server).trim())].sort());
  });

  it("takes one key only when two hosts of one name are new at the same time", async () => {
    const servers = await Promise.all([bastion(), bastion()]);
    sshConfig("HostKeyAlias eks\n");

    const ends = await Promise.allSettled(servers.map(({ port }) => connected({ port, acceptNewHostKey: true })));

    const refused = ends.filter((end) => end.status === "rejected");
    expect(refused.map(({ reason }) => (reason as Error).message)).toEqual([
      expect.stringMatching(/^eks: host key refused: .*known_hosts has another key for this host\n/),
    ]);
    expect(readFileSync(knownHosts, "utf8")).toMatch(/^eks \S+ \S+\n$/);
  });

  it("writes the key of a host once when many reach it at the same time", async () => {
    const server = await bastion();

    await Promise.all([1, 2, 3].map(() => connected({ port: server.port, acceptNewHostKey: true })));

    expect(readFileSync(knownHosts, "utf8")).toBe(known(server));
  });

  it("leaves no connection behind when there is nowhere to say that the key was accepted", async () => {
    const server = await bastion();
    const failure = new UserError("the log cannot be written");
    const options = { identity: join(home, "key.pem"), port: server.port, knownHosts: knows(known(server)) };
    const machine = { home, user: "alice", environment: {} };

    const connecting = connect(
      HERE,
      { ...options, machine, acceptNewHostKey: false, signal: new AbortController().signal, timeoutSeconds: 30 },
      {
        waiting: () => undefined,
        note: () => {
          throw failure;
        },
      },
    );

    await expect(connecting).rejects.toBe(failure);
    await server.left();
  });

  it("connects though the key cannot be written down, and says so", async () => {
    const server = await bastion();
    const file = join(home, "key.pem", "known_hosts");

    await expect(connected({ port: server.port, knownHosts: file, acceptNewHostKey: true })).rejects.toThrow(/ENOTDIR/);
    sshConfig("UserKnownHostsFile none\n");
    await connected({ port: server.port, acceptNewHostKey: true });
    expect(notes.at(-1)).toBe("127.0.0.1: its key is not remembered, because there is no file of known hosts");
  });

  it("logs in with the agent", async () => {
    const server = await bastion();
    const agent = await startSshAgent([userKey]);
    opened.push(agent);
    const machine = { home, user: "alice", environment: { SSH_AUTH_SOCK: agent.socket } };

    await connected({ port: server.port, knownHosts: knows(known(server)), identity: undefined, machine });

    expect(agent.asked()).toBe(1);
  });

  it("fails at once for a user who is not let in, with what was tried", async () => {
    const server = await bastion({ letsIn: () => false });

    await expect(connected({ port: server.port, knownHosts: knows(known(server)) })).rejects.toThrow(
      new RegExp(
        "^127.0.0.1: cannot log in as ubuntu: All configured authentication methods failed\\n" +
          `  what now +give the private half .* --identity; looked at: ${home}/key.pem\\n` +
          " +check the user: ubuntu",
      ),
    );
    expect(waited).toEqual([]);
  });

  describe("while it boots", () => {
    const raw: Server[] = [];

    afterEach(() => {
      for (const server of raw.splice(0)) server.close();
    });

    /** A port on which something else than SSH answers, until it is stopped. */
    async function answering(
      port: number,
      answer: (socket: Socket) => void,
    ): Promise<{ port: number; stop(): Promise<void> }> {
      const sockets = new Set<Socket>();
      const server = createServer((socket) => {
        sockets.add(socket);
        socket.on("error", () => undefined);
        answer(socket);
      });
      raw.push(server);
      await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
      return {
        port: (server.address() as AddressInfo).port,
        stop: async () => {
          const closed = new Promise((resolve) => server.close(resolve));
          for (const socket of sockets) socket.destroy();
          await closed;
        },
      };
    }

    async function closedPort(): Promise<number> {
      const server = await answering(0, () => undefined);
      await server.stop();
      return server.port;
    }

    it("waits while it refuses, resets, hangs, closes, and then refuses the user", async () => {
      const hostKey = keyPair();
      const port = await closedPort();
      let refusals = 0;
      /** Until the one who waits has had an answer that he had not before. */
      const seen = async (answer: RegExp, before: number) => {
        while (!waited.slice(before).some((it) => answer.test(it))) await sleep(5);
      };
      const boot = async () => {
        await seen(/ECONNREFUSED/, 0);
        const stages: [RegExp, (socket: Socket) => void][] = [
          [/ECONNRESET|closed the connection/, (socket) => socket.resetAndDestroy()],
          [/no SSH handshake within 0.5 s/, () => undefined],
          [/closed the connection before the end of the SSH handshake/, (socket) => socket.end("SSH-2.0-booting\r\n")],
        ];
        for (const [answer, behave] of stages) {
          const before = waited.length;
          const stage = await answering(port, behave);
          await seen(answer, before);
          await stage.stop();
        }
        return bastion({ port, hostKey, letsIn: () => ++refusals > 2 });
      };

      const booting = boot();
      const host = await connected({
        port,
        knownHosts: knows(known({ port, hostKey } as SshServer)),
        pauses: { first: 0.02, longest: 0.05, attempt: 0.5, refusal: 20 },
      });

      await booting;
      expect(await host.run(sh`true`)).toMatchObject({ exitCode: 0 });
      expect(refusals).toBeGreaterThan(2);
      expect(waited).toContainEqual(expect.stringMatching(/All configured authentication methods failed/));
    });

    it("fails when it refuses the user for longer than cloud-init takes", async () => {
      const hostKey = keyPair();
      const port = await closedPort();
      const booted = whenWaitedFor(() => bastion({ port, hostKey, letsIn: () => false }));

      await expect(connected({ port, knownHosts: knows(known({ port, hostKey } as SshServer)) })).rejects.toThrow(
        /All configured authentication methods failed\n {2}waited .*\n {2}what now .*--identity/,
      );
      expect((await booted).logins.length).toBeGreaterThan(1);
    });

    it("says once that the console cannot be read, however often it tries", async () => {
      const port = await closedPort();
      let refusals = 0;
      const booted = whenWaitedFor(() => bastion({ port, letsIn: () => ++refusals > 3 }));

      await connected({ port, acceptNewHostKey: true, pauses: { first: 0.02, longest: 0.05, refusal: 10 } });

      await booted;
      expect(refusals).toBeGreaterThan(3);
      expect(notes.filter((note) => note.includes("console output cannot be read"))).toHaveLength(1);
    });

    it("says nothing of the console that it no longer waits for when it is interrupted", async () => {
      const server = await bastion();
      const interruption = new AbortController();
      await console(() => {
        setTimeout(() => {
          interruption.abort();
        }, 0);
        return "";
      });

      await expect(connected({ port: server.port, signal: interruption.signal })).rejects.toThrow(/^interrupted$/);
      await sleep(200);
      expect(notes).toEqual([]);
    });

    it("remembers the key that an option has named, once it has opened the bastion, and finds it then by itself", async () => {
      const server = await bastion();
      const machine = { home, user: "alice", environment: {}, memory: join(home, "memory") };
      const options = { port: server.port, knownHosts: knows(known(server)), machine };

      await expect(connected(options, HERE, {})).rejects.toThrow(/^there is no key to log in to 127.0.0.1 with/);
      await connected(options);
      const host = await connected(options, HERE, {});

      expect(host.name).toBe("127.0.0.1");
      await expect(connected(options, { ...HERE, cluster_name: "other" }, {})).rejects.toThrow("there is no key");
    });

    it("remembers no key that has not opened the bastion", async () => {
      const server = await bastion();
      const machine = { home, user: "alice", environment: {}, memory: join(home, "memory") };
      writeFileSync(join(home, "wrong.pem"), keyPair().private, { mode: 0o600 });
      const options = {
        port: server.port,
        knownHosts: knows(known(server)),
        machine,
        identity: join(home, "wrong.pem"),
      };

      await expect(connected(options)).rejects.toThrow("All configured authentication methods failed");
      expect(existsSync(machine.memory)).toBe(false);
    });

    it("shows the words of a host in one line, without what a terminal obeys", async () => {
      const words = "gone\n  what now  trust me\u001b[2J\u0007";
      const description = Buffer.from(words);
      const payload = Buffer.concat([
        Buffer.from([1, 0, 0, 0, 2, 0, 0, 0, description.length]),
        description,
        Buffer.alloc(4),
      ]);
      const padding = 16 - ((payload.length + 5) % 8);
      const header = Buffer.alloc(5);
      header.writeUInt32BE(payload.length + padding + 1);
      header.writeUInt8(padding, 4);
      const packet = Buffer.concat([header, payload, Buffer.alloc(padding)]);
      const { port } = await answering(0, (socket) => {
        socket.write(Buffer.concat([Buffer.from("SSH-2.0-x\r\n"), packet]));
      });

      const failure = (await connected({ port, timeoutSeconds: 0.5 }).catch((it: unknown) => it)) as Error;

      expect(failure.message.split("\n")[0]).toBe(
        "127.0.0.1: cannot log in as ubuntu: gone what now  trust me\\x1b[2J\\x07",
      );
    });

    it("waits while the host says that it boots", async () => {
      const server = await bastion({
        closesSaying: "System is booting up. Unprivileged users are not permitted to log in yet.",
      });

      await expect(connected({ port: server.port, knownHosts: knows(known(server)) })).rejects.toThrow(
        /it says: System is booting up.*\n {2}waited .*\n {2}what now +the host says that it has not booted yet/,
      );
      expect(server.logins.length).toBeGreaterThan(1);
    });

    it.each<[string, (port: number) => Promise<unknown>, RegExp]>([
      [
        "refuses",
        () => Promise.resolve(),
        /ECONNREFUSED.*\n {2}waited +\d+ s\n {2}what now +the host is there, but no sshd listens on port/,
      ],
      [
        "says nothing",
        (port) => answering(port, () => undefined),
        /no SSH handshake within .*\n {2}waited +\d+ s\n {2}what now +kubectl_ssh_cidrs must hold/,
      ],
    ])("gives up on a host that %s, with what may be behind it", async (_, start, message) => {
      const port = await closedPort();
      await start(port);

      await expect(connected({ port, timeoutSeconds: 0.5 })).rejects.toThrow(message);
    });

    it("gives the last attempt as long as the others", async () => {
      const { port } = await answering(0, () => undefined);

      const pauses = { first: 0.02, longest: 0.02, attempt: 0.4 };
      await expect(connected({ port, timeoutSeconds: 0.5, pauses })).rejects.toThrow(/no SSH handshake within 0.4 s\n/);
    });

    it("fails at once for a name that does not resolve", async () => {
      await expect(connected({ host: "no-such-host.invalid", timeoutSeconds: 60 })).rejects.toThrow(
        /^no-such-host.invalid: cannot log in as ubuntu: getaddrinfo .*\n {2}what now +check --host/,
      );
      expect(waited).toEqual([]);
    });

    it("ends at once when it is interrupted, in an attempt or between two", async () => {
      const port = await closedPort();
      const silent = await answering(0, () => undefined);

      const between = connected({ port, timeoutSeconds: 100, signal: AbortSignal.timeout(100), pauses: { first: 60 } });
      await expect(between).rejects.toThrow(/^interrupted$/);
      const within = connected({ port: silent.port, signal: AbortSignal.timeout(100), pauses: { attempt: 60 } });
      await expect(within).rejects.toThrow(/^interrupted$/);
    });
  });

  describe("through other hosts", () => {
    it.each([1, 2])("goes through %d, each with a key that is known", async (count) => {
      const hops = await Promise.all(Array.from({ length: count }, () => bastion()));
      const server = await bastion();
      const jump = hops.map(({ port }) => `eve@127.0.0.1:${String(port)}`).join(",");

      const host = await connected({
        port: server.port,
        jump,
        knownHosts: knows(...[...hops, server].map((it) => known(it))),
      });

      expect(await host.run(sh`true`)).toMatchObject({ exitCode: 0 });
      expect(hops.map(({ logins }) => logins.at(-1))).toEqual(hops.map(() => "publickey eve"));
    });

    it("refuses a wrong key on the way, and goes no further", async () => {
      const hops = await Promise.all([bastion(), bastion()]);
      const server = await bastion();
      const jump = hops.map(({ port }) => `127.0.0.1:${String(port)}`).join(",");
      const [first, second] = hops;
      const file = knows(known(first), known(second, keyPair()), known(server));

      await expect(connected({ port: server.port, jump, knownHosts: file })).rejects.toThrow(
        new RegExp(`^\\[127.0.0.1]:${String(second.port)}: host key refused: .*another key for this host`),
      );
      expect([second.logins, server.logins]).toEqual([[], []]);
    });

    it("takes neither the console's word nor --host-key for a host on the way, but --accept-new-host-key", async () => {
      const hop = await bastion();
      const server = await bastion();
      const { requests } = await console(() => printed(hop.hostKey, server.hostKey));
      const jump = `127.0.0.1:${String(hop.port)}`;
      const options = { port: server.port, jump, hostKey: fingerprint(server.hostKey.wire) };

      await expect(connected(options)).rejects.toThrow(`[127.0.0.1]:${String(hop.port)}: host key refused`);
      expect(requests).toHaveLength(0);
      await connected({ ...options, acceptNewHostKey: true });
      expect(readFileSync(knownHosts, "utf8")).toBe(known(hop) + known(server));
    });

    it("waits for a bastion that boots behind another host", async () => {
      const hop = await bastion();
      const reserved = await bastion();
      const { port, hostKey } = reserved;
      reserved.stop();
      const booted = whenWaitedFor(() => bastion({ port, hostKey }));

      const host = await connected({
        port,
        jump: `127.0.0.1:${String(hop.port)}`,
        knownHosts: knows(known(hop), known(reserved)),
      });

      await booted;
      expect(await host.run(sh`true`)).toMatchObject({ exitCode: 0 });
      // One login: whether the key would do, and with it.
      expect(hop.logins).toHaveLength(2);
      expect(waited).toHaveLength(1);
    });

    it("says what to do when it loses the host between while it waits", async () => {
      const hop = await bastion();
      const reserved = await bastion();
      reserved.stop();
      const file = knows(known(hop), known(reserved));

      const connecting = connected({ port: reserved.port, jump: `127.0.0.1:${String(hop.port)}`, knownHosts: file });
      const ended = expect(connecting).rejects.toThrow(/^127.0.0.1: connection lost.*: run again, it goes on/);
      while (waited.length === 0) await sleep(5);
      hop.stop();

      await ended;
    });

    it("fails at once when the host between forwards nothing", async () => {
      const hop = await bastion({ forwards: false });
      const file = knows(known(hop));

      await expect(connected({ port: 22, jump: `127.0.0.1:${String(hop.port)}`, knownHosts: file })).rejects.toThrow(
        /what now +the host before it does not forward connections: see AllowTcpForwarding there$/,
      );
    });
  });
});
