import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { AgentProtocol, utils, type ParsedKey } from "ssh2";

import type { KeyPair } from "./ssh-server";

/** An agent on a socket in a folder of its own. */
export interface SshAgent {
  readonly socket: string;
  /** How often somebody asked for its keys. */
  readonly asked: () => number;
  stop(): void;
}

/** A stand-in for ssh-agent, in this process: holds the keys and signs with them, or fails to sign. */
export async function startSshAgent(keys: readonly KeyPair[], { signs = true } = {}): Promise<SshAgent> {
  const parsed = keys.map((key): ParsedKey => {
    const it = utils.parseKey(key.private);
    if (it instanceof Error) throw it;
    return it;
  });
  const folder = mkdtempSync(join(tmpdir(), "ssh-agent-"));
  const socket = join(folder, "agent.sock");
  let asked = 0;
  const server = createServer((connection) => {
    const protocol = new AgentProtocol(false);
    connection.on("error", () => undefined);
    protocol.on("error", () => connection.destroy());
    protocol.on("identities", (request) => {
      asked += 1;
      protocol.getIdentitiesReply(request, parsed);
    });
    protocol.on("sign", (request, publicKey, data) => {
      const wanted = Buffer.isBuffer(publicKey) ? publicKey : publicKey.getPublicSSH();
      const signature = parsed.find((key) => key.getPublicSSH().equals(wanted))?.sign(data);
      if (!signs || signature === undefined || signature instanceof Error) protocol.failureReply(request);
      else protocol.signReply(request, signature);
    });
    connection.pipe(protocol).pipe(connection);
  });
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  return {
    socket,
    asked: () => asked,
    stop: () => {
      server.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
