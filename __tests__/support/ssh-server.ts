import { connect, type AddressInfo, type Socket } from "node:net";

import { Server, utils, type ServerChannel } from "ssh2";

/** What a command does on the server. */
export type Behaviour = (channel: ServerChannel, connection: Socket) => void;

/** A key pair in OpenSSH's form. */
export interface KeyPair {
  readonly private: string;
  /** In SSH's wire format, as a verifier is given it. */
  readonly wire: Buffer;
}

/** An SSH server on a loopback port. */
export interface SshServer {
  readonly port: number;
  readonly hostKey: KeyPair;
  /** Every command it was asked to run, in order. */
  readonly commands: readonly string[];
  stop(): void;
}

export function keyPair(): KeyPair {
  const pair = utils.generateKeyPairSync("ed25519");
  const parsed = utils.parseKey(pair.public);
  if (parsed instanceof Error) throw parsed;
  return { private: pair.private, wire: parsed.getPublicSSH() };
}

/**
 * A stand-in for sshd, in this process: lets in whoever holds `userKey`, runs nothing, and behaves as the table says; a
 * command that is not in it fails the connection.
 */
export async function startSshServer(
  userKey: KeyPair,
  behaviours: Readonly<Record<string, Behaviour>>,
): Promise<SshServer> {
  const hostKey = keyPair();
  const commands: string[] = [];
  const sockets = new Set<Socket>();
  const server = new Server({ hostKeys: [hostKey.private] }, (client) => {
    client.on("error", () => undefined);
    client.on("authentication", (context) => {
      if (context.method === "publickey" && context.key.data.equals(userKey.wire)) context.accept();
      else context.reject(["publickey"]);
    });
    client.on("session", (accept) => {
      accept().on("exec", (acceptExec, _, { command }) => {
        commands.push(command);
        const behave = behaviours[command];
        if (behave === undefined) throw new Error(`this server was not told about: ${command}`);
        // ssh2 keeps the socket to itself.
        behave(acceptExec(), (client as unknown as { _sock: Socket })._sock);
      });
    });
    client.on("tcpip", (accept, _, { destIP, destPort }) => {
      const channel = accept();
      const socket = connect(destPort, destIP);
      socket.on("error", () => channel.destroy());
      channel.on("error", () => socket.destroy());
      socket.pipe(channel).pipe(socket);
    });
  });
  server.on("connection", (_, { ip }) => {
    if (ip !== "127.0.0.1") throw new Error(`a connection from ${ip}`);
  });
  const inner = (server as unknown as { _srv: import("node:net").Server })._srv;
  inner.on("connection", (socket: Socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    hostKey,
    commands,
    stop: () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}
