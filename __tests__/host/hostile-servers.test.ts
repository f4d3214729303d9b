import { randomBytes } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer, type AddressInfo, type Server as TcpServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import type { WriteStream } from "node:tty";

import { Server, utils, type AuthContext, type Connection, type ServerChannel } from "ssh2";

import { bootstrapBastion, logIn } from "../../bootstrap/bastion";
import { bootstrap } from "../../bootstrap/bootstrap";
import { hostLine, recapOf } from "../../bootstrap/engine/report";
import { readOptions } from "../../bootstrap/options";
import { ownReleases } from "../../bootstrap/releases";
import { knownHostsLine } from "../../bootstrap/ssh/known-hosts";
import { Console } from "../../terminal/console";
import { consoleEnvironment } from "../support/ec2-console";
import { HANDOVER, terraformOutput } from "../support/handover";
import { keyPair, startSshServer, type Behaviour, type KeyPair, type ServerOptions } from "../support/ssh-server";

/** In seconds: what an attempt to log in, and each command, may take. */
const PATIENCE = 1;
/** In seconds: what the whole run may take. It comes back to a host that may be booting, and closes what is open. */
const AT_MOST = 10;
/** In bytes: what may be in memory besides, at any moment. Both sides are in this process. */
const ROOM = 256 * 1024 * 1024;

const STACK = { ...HANDOVER, kubernetes_version: "1.32", bastion_address: "127.0.0.1" };

/** What a terminal obeys, and what turns a line round. */
// eslint-disable-next-line no-control-regex -- they are what is looked for
const OBEYED = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/;
/** What somebody writes who wants to be taken for the bootstrap. */
const FORGED = "\u001b[2J\u001b]0;x\u0007\r\nok: [a] all is well\n\u202efailed: 0\u009b1m\b\b";

/** What a row has at hand. */
interface Rig {
  readonly userKey: KeyPair;
  readonly hostKey: KeyPair;
  /** Ended after the row. */
  readonly opened: { close(): void }[];
  /** What the host was asked to run. */
  readonly asked: string[];
}

/** Starts a host. @returns its port */
type Start = (rig: Rig) => Promise<number>;

/** Hosts that speak TCP, and little else. */

async function listening(server: TcpServer, { opened }: Rig): Promise<number> {
  const sockets = new Set<Socket>();
  server.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined).once("close", () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  opened.push({
    close: () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  });
  return (server.address() as AddressInfo).port;
}

/** A host that does this with everybody who comes. */
const tcp =
  (serve: (socket: Socket) => void): Start =>
  (rig) =>
    listening(createServer(serve), rig);

type Chunk = Buffer | string;

/** A host that says this, and then waits. */
const telling = (...chunks: readonly Chunk[]): Start =>
  tcp((socket) => {
    for (const chunk of chunks) socket.write(chunk);
  });

/** A host that says this, and then one thing for as long as anybody reads. */
const pouring = (chunk: Chunk, ...first: readonly Chunk[]): Start =>
  tcp((socket) => {
    for (const it of first) socket.write(it);
    const more = () => {
      while (!socket.destroyed && socket.write(chunk));
      if (!socket.destroyed) socket.once("drain", more);
    };
    more();
  });

/** Writes one chunk after the other, a while apart, until nobody reads. */
function dripping(to: NodeJS.WritableStream, chunks: Iterable<Chunk>): void {
  const rest = chunks[Symbol.iterator]();
  const timer = setInterval(() => {
    const next = rest.next();
    if (next.done === true) clearInterval(timer);
    else to.write(next.value);
  }, 100);
  to.once("close", () => {
    clearInterval(timer);
  });
  timer.unref();
}

function* forever<T>(value: T): Generator<T> {
  for (;;) yield value;
}

const VERSION = "SSH-2.0-OpenSSH_9.6\r\n";
const uint32 = (value: number) => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
};
const text = (value: Chunk) => Buffer.concat([uint32(Buffer.from(value).length), Buffer.from(value)]);
/** A message of a number. @see https://www.iana.org/assignments/ssh-parameters */
const message = (type: number, ...parts: readonly Buffer[]) => Buffer.concat([Buffer.from([type]), ...parts]);

const DISCONNECT = message(1, uint32(11), text(FORGED), text(""));
const IGNORE = message(2, text(Buffer.alloc(30_000)));
const DEBUG = message(4, Buffer.from([1]), text(FORGED.repeat(500)), text(""));
const BANNER = (said: string) => message(53, text(said), text(""));
const KEXDH_REPLY = 31;

/** A message as it is sent before the keys are exchanged. @see https://www.rfc-editor.org/rfc/rfc4253#section-6 */
function packet(payload: Buffer): Buffer {
  const padding = 16 - ((payload.length + 5) % 8);
  return Buffer.concat([uint32(payload.length + padding + 1), Buffer.from([padding]), payload, Buffer.alloc(padding)]);
}

/** What a host proposes of how to exchange keys. @param algorithms it signs with */
function proposal(algorithms: string): Buffer {
  const both = (name: string) => [text(name), text(name)];
  const lists = [
    text("curve25519-sha256"),
    text(algorithms),
    ...["aes128-ctr", "hmac-sha2-256", "none", ""].flatMap(both),
  ];
  return packet(message(20, randomBytes(16), ...lists, Buffer.alloc(5)));
}

/** A host that is as it should be, reached through somebody who changes what it says. */
const changed =
  (behind: Start, change: (fromHost: Buffer) => Buffer): Start =>
  async (rig) => {
    const port = await behind(rig);
    return tcp((socket) => {
      const host = connect(port, "127.0.0.1");
      host.on("error", () => socket.destroy()).on("data", (chunk: Buffer) => socket.write(change(chunk)));
      socket.on("data", (chunk: Buffer) => host.write(chunk)).once("close", () => host.destroy());
    })(rig);
  };

/** Changes a bit of the signature with which a host proves that it has its key: it is the last of its packet. */
function spoiled(chunk: Buffer): Buffer {
  if (chunk[5] !== KEXDH_REPLY) return chunk;
  const at = chunk.readUInt32BE(0) - chunk.readUInt8(4) - 1;
  chunk.writeUInt8(chunk.readUInt8(at) ^ 1, at);
  return chunk;
}

/** Hosts that speak SSH. */

/** The parts of ssh2's server that it keeps to itself. */
interface Inner {
  readonly _sock: Socket;
  readonly _protocol: {
    _hostKeys: Record<string, unknown>;
    readonly _cipher: { encrypt(packet: Buffer): void };
    readonly _packetRW: {
      readonly write: { readonly allocStart: number; alloc(size: number): Buffer; finalize(packet: Buffer): Buffer };
    };
  };
}
const inner = (client: Connection) => client as unknown as Inner;
const clientOf = (channel: ServerChannel) => (channel as unknown as { readonly _client: Connection })._client;
/** What the other side calls a channel. */
const numberOf = (channel: ServerChannel) => (channel as unknown as { readonly outgoing: { id: number } }).outgoing.id;

/** Sends a message that no host would send at that moment. */
function send(client: Connection, payload: Buffer): void {
  const { _packetRW, _cipher } = inner(client)._protocol;
  const { write } = _packetRW;
  const start = write.allocStart;
  const whole = write.alloc(payload.length);
  whole.set(payload, start);
  _cipher.encrypt(write.finalize(whole));
}

/** Sends a message for as long as anybody reads. */
function sendWithoutEnd(client: Connection, payload: Buffer): void {
  const { _sock: socket } = inner(client);
  const more = () => {
    while (!socket.destroyed && !socket.writableNeedDrain) send(client, payload);
    if (!socket.destroyed) socket.once("drain", more);
  };
  more();
}

/** A host that does this with everybody who would log in. */
const login =
  (answer: (context: AuthContext, client: Connection) => void): Start =>
  (rig) => {
    const server = new Server({ hostKeys: [rig.hostKey.private] }, (client) => {
      client.on("error", () => undefined);
      client.on("authentication", (context) => {
        answer(context, client);
      });
      client.on("session", () => rig.asked.push("a session"));
    });
    return listening((server as unknown as { readonly _srv: TcpServer })._srv, rig);
  };

/** A host that lets the user in, runs `true`, and does this with every other command. */
const serving =
  (behave: Behaviour, options: ServerOptions = {}): Start =>
  async (rig) => {
    const behaviours = new Proxy<Record<string, Behaviour>>(
      {},
      {
        get: (_, command) => {
          rig.asked.push(String(command));
          return behave;
        },
      },
    );
    const server = await startSshServer(rig.userKey, behaviours, { hostKey: rig.hostKey, ...options });
    rig.opened.push({
      close: () => {
        server.stop();
      },
    });
    return server.port;
  };

/** A command that says this, and ends. */
const saying =
  (stdout: string, stderr = "", code = 0): Behaviour =>
  (channel) => {
    channel.write(stdout);
    channel.stderr.write(stderr);
    channel.exit(code);
    channel.end();
  };
const never: Behaviour = () => undefined;
/** A command that never ends, while the host does this. */
const meanwhile =
  (disturb: (client: Connection, channel: ServerChannel) => void): Behaviour =>
  (channel) => {
    disturb(clientOf(channel), channel);
  };

/** A host that has another key from its second connection on. */
const changingItsKey: Start = async (rig) => {
  let connections = 0;
  const [first, second] = await Promise.all([
    serving(never, { closesSaying: "System is booting up." })(rig),
    serving(never)({ ...rig, hostKey: keyPair() }),
  ]);
  return tcp((socket) => {
    const host = connect(connections++ === 0 ? first : second, "127.0.0.1");
    host.on("error", () => socket.destroy());
    socket.pipe(host).pipe(socket);
  })(rig);
};

/** Exchanges keys anew, with another host key than before. */
function rekeyWithAnother(client: Connection): void {
  const { _protocol: protocol } = inner(client);
  protocol._hostKeys = { ...protocol._hostKeys, "ssh-ed25519": utils.parseKey(keyPair().private) };
  client.rekey();
}

function rekeyWithoutEnd(client: Connection): void {
  if (inner(client)._sock.destroyed) return;
  client.rekey(() => setImmediate(rekeyWithoutEnd, client));
}

const knownAs = (key: KeyPair, port: number) => `${knownHostsLine("127.0.0.1", port, key.wire)}\n`;
const ours = ({ hostKey }: Rig, port: number) => knownAs(hostKey, port);

/** What the host does, how it does it, and what is said then. */
type Row = readonly [attack: string, start: Start, says: RegExp];

const failed = (why: string) =>
  new RegExp(`^unreachable: \\[bastion\\] 127\\.0\\.0\\.1: cannot log in as ubuntu: ${why}`);
const SILENT = failed("no SSH handshake within 1 s\n  waited    1 s\n  what now ");
const CLOSED = failed("it closed the connection before the end of the SSH handshake\n");

const BEFORE_THE_KEYS: readonly Row[] = [
  ["says nothing", telling(), SILENT],
  ["closes at once", tcp((socket) => socket.end()), CLOSED],
  ["resets at once", tcp((socket) => socket.resetAndDestroy()), failed("connect ECONNRESET|it closed|read ECONNRESET")],
  [
    "greets without an end",
    pouring("welcome\r\n"),
    failed("(Max greeting lines exceeded$|no SSH handshake within 1 s\n)"),
  ],
  ["greets in a line without an end", pouring("x".repeat(65_536)), failed("Header line too long$")],
  [
    "says its version a letter at a time",
    tcp((socket) => {
      dripping(socket, VERSION);
    }),
    SILENT,
  ],
  [
    "greets a line at a time, without an end",
    tcp((socket) => {
      dripping(socket, forever(`${FORGED}\r\n`));
    }),
    SILENT,
  ],
  ["is an SSH of twenty years ago", telling("SSH-1.5-old\r\n"), failed("Invalid identification string$")],
  ["has a forged version", telling(`SSH-9.9-${FORGED}\r\n`), failed("Invalid identification string$")],
  ["goes on with noise", pouring(Buffer.alloc(65_536, 0xa5), VERSION), failed("Bad packet length$")],
  ["announces a packet of 4 GiB", telling(VERSION, Buffer.alloc(64, 0xff)), failed("Bad packet length$")],
  ["sends an empty packet", telling(VERSION, Buffer.alloc(64)), failed("Bad packet length$")],
  ["ignores without an end", pouring(packet(IGNORE), VERSION), SILENT],
  ["debugs without an end", pouring(packet(DEBUG), VERSION), SILENT],
  ["proposes keys without an end", pouring(proposal("ssh-ed25519"), VERSION), failed("Received extra KEXINIT")],
  ["proposes keys, and never exchanges them", telling(VERSION, proposal("ssh-ed25519")), SILENT],
  ["can sign with DSA only", telling(VERSION, proposal("ssh-dss")), failed("Handshake failed: no matching host key")],
  [
    "has a certificate of some authority only",
    telling(VERSION, proposal("ssh-ed25519-cert-v01@openssh.com")),
    failed("Handshake failed: no matching host key"),
  ],
  ["has a forged algorithm", telling(VERSION, proposal(FORGED)), failed("Handshake failed: no matching host key")],
  [
    "cannot sign with the key that it shows",
    changed(serving(never), spoiled),
    failed("Handshake failed: signature verification failed$"),
  ],
];

const refused = (why: string) =>
  new RegExp(`^unreachable: \\[bastion\\] \\[127\\.0\\.0\\.1\\]:\\d+: host key refused: ${why}\n`);

const KEYS: readonly (readonly [...Row, knows: (rig: Rig, port: number) => string])[] = [
  [
    "has another key than the known one",
    serving(never),
    refused("known_hosts has another key for this host"),
    (_, port) => knownAs(keyPair(), port),
  ],
  [
    "has a key that is revoked",
    serving(never),
    refused("line 2 of known_hosts revokes it"),
    (rig, port) => `${ours(rig, port)}@revoked * ${ours(rig, port).split(" ").slice(1).join(" ")}`,
  ],
  ["has a key that nobody knows", serving(never), refused("nothing says that it is the bastion's"), () => ""],
  ["has another key at the second attempt", changingItsKey, refused("known_hosts has another key for this host"), ours],
];

const SAYS_NO = failed("All configured authentication methods failed");
const SHOWN = String.raw`\\x1b\[2J\\x1b\]0;x\\x07 ok: \[a\] all is well \\u202efailed: 0\\x9b1m\\x08\\x08`;

const LOGINS: readonly Row[] = [
  ["never answers a login", login(() => undefined), failed("no login within 1 s\n")],
  [
    "takes the key for a part of it, and wants a password too",
    login((context) => {
      context.reject(["password"], true);
    }),
    SAYS_NO,
  ],
  [
    "offers forged methods",
    login((context) => {
      context.reject([FORGED as "password"]);
    }),
    SAYS_NO,
  ],
  [
    "asks a question instead of answering",
    login((_, client) => {
      send(client, message(60, text(FORGED), text(""), text(""), uint32(1), text("Password: "), Buffer.from([0])));
    }),
    failed("no login within 1 s\n"),
  ],
  [
    "says things without an end",
    login((_, client) => {
      sendWithoutEnd(client, BANNER(FORGED.repeat(500)));
    }),
    failed(`no login within 1 s; it says: ${SHOWN}`),
  ],
  [
    "forges a line, and lets nobody in",
    login((context, client) => {
      send(client, BANNER(FORGED));
      context.reject();
    }),
    failed(`All configured authentication methods failed; it says: ${SHOWN}\n`),
  ],
  [
    "forges a line to say good-bye",
    login((_, client) => {
      send(client, DISCONNECT);
    }),
    failed("it closed the connection before the end of the login\n"),
  ],
];

const clock = (why: string) => new RegExp(`^failed: \\[bastion\\] clock: ${why} \\(\\d+\\.\\d s\\)$`);
const ENDLESS = clock("127.0.0.1: a command has not ended within 1 s: look on the host .* \\(--timeout\\)");
const LOST = clock("127.0.0.1: connection lost.* during a command: run again, it goes on where this has stopped");
const NOW = `clock ${String(Math.floor(Date.now() / 1000))}`;

/** Of a host that is the right one, and has let us in. */
const COMMANDS: readonly Row[] = [
  ["never ends a command", serving(never), ENDLESS],
  [
    "drips a byte at a time",
    serving((channel) => {
      dripping(channel, forever("x"));
    }),
    ENDLESS,
  ],
  [
    "has no channel for commands",
    serving(never, { maxSessions: 0 }),
    /^unreachable: \[bastion\] 127\.0\.0\.1: no channel for a command /,
  ],
  [
    "closes a command without an exit code",
    serving((channel) => {
      channel.close();
    }),
    LOST,
  ],
  [
    "kills a command by a forged signal",
    serving(
      meanwhile((client, channel) => {
        const signal = [text("exit-signal"), Buffer.from([0]), text(FORGED), Buffer.from([0]), text(FORGED), text("")];
        send(client, message(98, uint32(numberOf(channel)), ...signal));
        channel.close();
      }),
    ),
    clock(`127.0.0.1: killed by SIG${SHOWN} during a command`),
  ],
  [
    "ends a command with code 4294967295",
    serving(saying("", "", 0xffffffff)),
    clock("a command ended with exit code 4294967295"),
  ],
  ["forges a line to complain", serving(saying("", FORGED, 1)), clock(String.raw`\\u202efailed: 0\\x9b1m\\x08\\x08`)],
  ["forges a line to answer", serving(saying(FORGED)), clock('asked for its clock, the host says ".*"')],
  ["has no time", serving(saying("clock NaN\n")), clock('asked for its clock, the host says "clock NaN"')],
  [
    "has the time of another age",
    serving(saying("clock 99999999999999999999\n")),
    clock("after 1 s of waiting: the clock of the host is \\d{20} s ahead of this machine's, .*"),
  ],
  [
    "only echoes what is to be run",
    serving(never, { loginShell: saying("exec /bin/sh -c eks-answer-0123456789abcdef\n") }),
    /^unreachable: \[bastion\] 127\.0\.0\.1: no command is run for ubuntu, it says: exec \/bin\/sh -c eks-answer-/,
  ],
  [
    "holds a hundred thousand locks",
    serving(saying(`${NOW}\n${`lock a 1 ${FORGED.replaceAll("\n", "")}\n`.repeat(100_000)}`)),
    clock("127.0.0.1: .* (printed too much|printed more than 32 MiB|not ended within 1 s).*"),
  ],
  [
    "opens channels to here",
    serving(
      meanwhile((client) => {
        const way = [text("127.0.0.1"), uint32(22), text("127.0.0.1"), uint32(22)];
        send(client, message(90, text("forwarded-tcpip"), uint32(7), uint32(1024), uint32(1024), ...way));
      }),
    ),
    ENDLESS,
  ],
  [
    "wants other keys to be remembered",
    serving(
      meanwhile((client) => {
        send(client, message(80, text("hostkeys-00@openssh.com"), Buffer.from([1]), text(keyPair().wire)));
      }),
    ),
    ENDLESS,
  ],
  ["has another key when the keys are exchanged anew", serving(meanwhile(rekeyWithAnother)), LOST],
  ["exchanges keys without an end", serving(meanwhile(rekeyWithoutEnd)), ENDLESS],
  [
    "ignores without an end",
    serving(
      meanwhile((client) => {
        sendWithoutEnd(client, IGNORE);
      }),
    ),
    ENDLESS,
  ],
  [
    "forges a line to say good-bye in the middle of a command",
    serving(
      meanwhile((client) => {
        send(client, DISCONNECT);
      }),
    ),
    LOST,
  ],
  [
    "sends a message that there is not",
    serving(
      meanwhile((client) => {
        send(client, message(255, randomBytes(64)));
      }),
    ),
    ENDLESS,
  ],
  [
    "breaks off in the middle of a packet",
    serving(
      meanwhile((client) => {
        const { _sock: socket } = inner(client);
        socket.end(Buffer.alloc(3));
      }),
    ),
    LOST,
  ],
];

/**
 * More of them are attacked where the connection itself is tested: bootstrap/ssh/ssh-host.test.ts (a command and
 * complaints that never end, a cut and a reset behind another host, a greeting shell and one that runs nothing, an agent
 * that fails, a host that vanishes), bootstrap/ssh/connect.test.ts (SHA-1 only, a planted key, revoked lists, a forged
 * good-bye before the login), host/login-shells.test.ts (real shells).
 */
describe("a bastion that is hostile", () => {
  const here = process.cwd();
  const environment = process.env;
  let folder: string;
  let rig: Rig;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "eks-test-hostile-"));
    // Nobody listens on port 1; and which key was used is remembered in the current folder.
    process.env = { ...environment, ...consoleEnvironment("http://127.0.0.1:1") };
    process.chdir(folder);
    rig = { userKey: keyPair(), hostKey: keyPair(), opened: [], asked: [] };
    writeFileSync("key", rig.userKey.private, { mode: 0o600 });
  });

  afterEach(() => {
    for (const it of rig.opened) it.close();
    process.chdir(here);
    process.env = environment;
    rmSync(folder, { recursive: true });
  });

  const argumentsFor = (port: number, patience = PATIENCE) => [
    ...["--host", "127.0.0.1", "--port", String(port), "--identity", "key", "--known-hosts", "known_hosts"],
    ...["--timeout", String(patience)],
  ];

  /** Sets it up, and looks at the time, the memory, the screen and the files that this takes. */
  async function attacked(start: Start, knows = ours, patience = PATIENCE): Promise<string> {
    const port = await start(rig);
    const known = knows(rig, port);
    writeFileSync("known_hosts", known);
    const options = readOptions(argumentsFor(port, patience));
    if (options === undefined) throw new Error("no options");
    const used = () => {
      const { heapUsed, arrayBuffers } = process.memoryUsage();
      return heapUsed + arrayBuffers;
    };
    const before = used();
    let most = before;
    const watch = setInterval(() => (most = Math.max(most, used())), 20);
    const written: string[] = [];
    const terminal = new PassThrough().on("data", (chunk: Buffer) => written.push(chunk.toString()));
    const screen = new Console(() => "", Object.assign(terminal, { isTTY: false }) as unknown as WriteStream);
    const note = (said: string) => {
      screen.line(said);
    };

    const began = performance.now();
    const report = await bootstrapBastion(
      { name: "bastion", handover: STACK },
      {
        options: { ...options, leastCommandSeconds: PATIENCE },
        releases: ownReleases(),
        logFile: join(folder, "log"),
        signal: new AbortController().signal,
      },
      { busy: () => undefined, waiting: note, note, outcome: () => undefined },
    );
    clearInterval(watch);
    screen.line(hostLine(report));

    expect((performance.now() - began) / 1000).toBeLessThan(patience + AT_MOST);
    expect(most - before).toBeLessThan(ROOM);
    const { unreachable, failed: failures } = recapOf(report);
    expect(unreachable + failures).toBeGreaterThan(0);
    for (const line of written.join("").split("\n")) {
      expect(line).not.toMatch(OBEYED);
      expect(line).not.toMatch(/^(ok|failed): (?!\[bastion\])/);
    }
    expect(readFileSync("known_hosts", "utf8")).toBe(known);
    return hostLine(report);
  }

  it.each([...BEFORE_THE_KEYS, ...LOGINS])("is asked for nothing when it %s", async (_, start, says) => {
    expect(await attacked(start)).toMatch(says);
    expect(rig.asked).toEqual([]);
  });

  it.each(KEYS)("is asked for nothing when it %s", async (_, start, says, knows) => {
    // What is refused is refused at once; on a busy machine that takes its time.
    expect(await attacked(start, knows, 30)).toMatch(says);
    expect(rig.asked).toEqual([]);
  });

  it.each(COMMANDS)("costs a second when it %s", async (_, start, says) => {
    expect(await attacked(start)).toMatch(says);
  });

  it.each<[string, Behaviour, RegExp]>([
    ["never reads what is uploaded", never, /^127\.0\.0\.1: a command has not ended within 1 s: /],
    [
      "breaks off in the middle of an upload",
      (channel) => {
        channel.once("data", () => inner(clientOf(channel))._sock.destroy());
      },
      /^127\.0\.0\.1: connection lost.* during a command: run again, it goes on where this has stopped$/,
    ],
  ])("costs a second when it %s", async (_, behave, says) => {
    const port = await serving(behave)(rig);
    writeFileSync("known_hosts", ours(rig, port));
    const options = readOptions(argumentsFor(port));
    if (options === undefined) throw new Error("no options");
    const events = { waiting: () => undefined, note: () => undefined };
    const signal = new AbortController().signal;

    const { ssh } = await logIn(STACK, { ...options, leastCommandSeconds: PATIENCE }, signal, events);

    // More than any window holds.
    await expect(ssh.run({ text: "cat >file", input: "x".repeat(16 * 1024 * 1024) })).rejects.toThrow(says);
  });

  it("ends the bootstrap with 1, and its words are on the screen alone", async () => {
    const port = await login((context, client) => {
      send(client, BANNER(FORGED));
      context.reject();
    })(rig);
    writeFileSync("known_hosts", ours(rig, port));
    writeFileSync("outputs.json", terraformOutput(STACK));
    const said = { stdout: "", stderr: "" };
    const spies = (["stdout", "stderr"] as const).map((name) =>
      jest.spyOn(process[name], "write").mockImplementation((chunk) => {
        said[name] += String(chunk);
        return true;
      }),
    );

    const ended = bootstrap(["--outputs", "outputs.json", ...argumentsFor(port)], new AbortController().signal);
    const code = await ended.finally(() => {
      for (const spy of spies) spy.mockRestore();
    });

    expect(code).toBe(1);
    expect(said.stdout).toBe("");
    expect(said.stderr).toMatch(/^unreachable: \[awskrug_gudi_eks\] /);
    for (const line of said.stderr.split("\n")) expect(line).not.toMatch(OBEYED);
  });
});
