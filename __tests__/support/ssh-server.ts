import { once } from "node:events";
import { connect, type AddressInfo, type Socket } from "node:net";

import { Server, utils, type Connection, type ServerChannel } from "ssh2";

/** What a command does on the server. */
export type Behaviour = (channel: ServerChannel, connection: Socket) => void;

/** A key pair in OpenSSH's form. */
export interface KeyPair {
  readonly private: string;
  /** In SSH's wire format, as a verifier is given it. */
  readonly wire: Buffer;
}

/** How the server differs from one that is simply there. */
export interface ServerOptions {
  /** @default a free one */
  readonly port?: number;
  /** @default one that is made for this server */
  readonly hostKey?: KeyPair;
  /** Keys that it has as well. */
  readonly moreHostKeys?: readonly KeyPair[];
  /** How it may sign with them. @default what ssh2 can */
  readonly hostKeyAlgorithms?: readonly "ssh-rsa"[];
  /** Refuses a session while so many are open, as sshd does. */
  readonly maxSessions?: number;
  /** How many ms a session counts as open after it has ended: with sshd until the other side has closed it as well. */
  readonly clearsSessionsAfter?: number;
  /** Whether somebody who holds the user's key is let in, asked at each attempt. */
  readonly letsIn?: () => boolean;
  /** What it writes to the user before the login; it closes the connection when it has. */
  readonly closesSaying?: string;
  /** Refuses to forward connections, as with AllowTcpForwarding no. */
  readonly forwards?: boolean;
  /** What the users' login shell prints before it does anything. */
  readonly greets?: string;
  /** What a login shell does that runs no command at all. */
  readonly loginShell?: Behaviour;
}

/** An SSH server on a loopback port. */
export interface SshServer {
  readonly port: number;
  readonly hostKey: KeyPair;
  /** Every command it was asked to run, in order. */
  readonly commands: readonly string[];
  /** The methods that users tried to log in with, in order: `publickey NAME`. */
  readonly logins: readonly string[];
  /** How many sessions were open at once at most. */
  readonly peak: () => number;
  /** Resolves when nobody is connected any more. */
  left(): Promise<void>;
  /** Exchanges the keys of all connections anew. */
  rekey(): Promise<void>;
  /** Stops reading from everybody, as a host does whose cable was pulled. */
  vanish(): void;
  stop(): void;
}

export function keyPair(type: "ed25519" | "ecdsa" | "rsa" = "ed25519"): KeyPair {
  const pair =
    type === "ed25519"
      ? utils.generateKeyPairSync(type)
      : type === "ecdsa"
        ? utils.generateKeyPairSync(type, { bits: 256 })
        : utils.generateKeyPairSync(type, { bits: 2048 });
  const parsed = utils.parseKey(pair.public);
  // Three of a thousand keys that ssh2 makes are malformed.
  if (parsed instanceof Error) return keyPair(type);
  return { private: pair.private, wire: parsed.getPublicSSH() };
}

/** The program `true`, which every host has. */
const NOTHING: Behaviour = (channel) => {
  channel.exit(0);
  channel.end();
};

/** What a login shell is given: the mark that it is to print first, and the command that is meant. */
function readCall(line: string): { readonly mark: string; readonly command: string } {
  const [, nonce, text] = /^exec \/bin\/sh -c '[^']+' sh (\w+) '([^'!]*)'$/.exec(line) ?? [];
  if (nonce === undefined || text === undefined) throw new Error(`this is not for every login shell: ${line}`);
  const bytes = text.replace(/\\0([0-7]{3})/g, (_, octal: string) => String.fromCharCode(parseInt(octal, 8)));
  return { mark: `eks-answer-${nonce}\n`, command: Buffer.from(bytes, "latin1").toString() };
}

/**
 * A stand-in for sshd, in this process: lets in whoever holds `userKey`, runs nothing, and behaves as the table says; a
 * command that is not in it, and is not `true`, fails the connection.
 */
export async function startSshServer(
  userKey: KeyPair,
  behaviours: Readonly<Record<string, Behaviour>>,
  { port = 0, hostKey = keyPair(), maxSessions = Infinity, letsIn = () => true, ...options }: ServerOptions = {},
): Promise<SshServer> {
  const commands: string[] = [];
  const logins: string[] = [];
  const sockets = new Set<Socket>();
  const clients = new Set<Connection>();
  let peak = 0;
  const server = new Server(
    {
      hostKeys: [hostKey, ...(options.moreHostKeys ?? [])].map((key) => key.private),
      banner: options.closesSaying,
      ...(options.hostKeyAlgorithms && { algorithms: { serverHostKey: [...options.hostKeyAlgorithms] } }),
    },
    (client) => {
      let open = 0;
      clients.add(client);
      client.on("error", () => undefined);
      client.on("close", () => clients.delete(client));
      client.on("authentication", (context) => {
        logins.push(`${context.method} ${context.username}`);
        if (options.closesSaying !== undefined) client.end();
        else if (context.method === "publickey" && context.key.data.equals(userKey.wire) && letsIn()) context.accept();
        else context.reject(["publickey", "keyboard-interactive", "password"]);
      });
      client.on("session", (accept, reject) => {
        if (open >= maxSessions) {
          reject();
          return;
        }
        open += 1;
        peak = Math.max(peak, open);
        accept().on("exec", (acceptExec, _, { command: line }) => {
          const { mark, command } = readCall(line);
          commands.push(command);
          const behave = options.loginShell ?? (command === "true" ? NOTHING : behaviours[command]);
          if (behave === undefined) throw new Error(`this server was not told about: ${command}`);
          const channel = acceptExec();
          const { clearsSessionsAfter: later } = options;
          const clear = () => {
            open -= 1;
          };
          // At once where nothing else is asked for: on a busy machine a timer runs after the client's next request.
          channel.on("finish", () => {
            if (later === undefined) clear();
            else setTimeout(clear, later);
          });
          if (options.loginShell === undefined) {
            channel.write(`${options.greets ?? ""}${mark}`);
            channel.stderr.write(`${options.greets ?? ""}${mark}`);
          }
          // ssh2 keeps the socket to itself.
          behave(channel, (client as unknown as { _sock: Socket })._sock);
        });
      });
      // Without a listener ssh2 answers that it is prohibited, as sshd does.
      if (options.forwards === false) return;
      client.on("tcpip", (accept, reject, { destIP, destPort }) => {
        const socket = connect(destPort, destIP);
        socket.once("error", () => {
          reject();
        });
        socket.once("connect", () => {
          const channel = accept();
          socket.removeAllListeners("error").on("error", () => channel.destroy());
          channel.on("error", () => socket.destroy());
          // As sshd: the end of one direction is passed on, and nothing is closed before both have ended.
          socket.pipe(channel, { end: false });
          socket.once("end", () => {
            (channel as unknown as { eof(): void }).eof();
          });
          channel.pipe(socket);
        });
      });
    },
  );
  server.on("connection", (_, { ip }) => {
    if (ip !== "127.0.0.1") throw new Error(`a connection from ${ip}`);
  });
  const inner = (server as unknown as { _srv: import("node:net").Server })._srv;
  inner.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => {
    server.listen(port, "127.0.0.1", resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    hostKey,
    commands,
    logins,
    peak: () => peak,
    left: async () => {
      await Promise.all([...sockets].map((socket) => once(socket, "close")));
    },
    rekey: async () => {
      const exchanged = (client: Connection) =>
        new Promise<void>((resolve) => {
          client.rekey(resolve);
        });
      await Promise.all([...clients].map(exchanged));
    },
    vanish: () => {
      for (const socket of sockets) socket.pause();
    },
    stop: () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}
