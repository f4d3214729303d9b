import { chownSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { startSshStandIn } from "../../rehearsal/bastion/ssh-stand-in";

/** `nobody` on every Linux. */
const NOBODY = 65534;

/** A host on which somebody logs in who is not root, and how. */
export interface OrdinaryHost {
  /** The options with which the bootstrap reaches it; whoever logs in may be called anything. */
  readonly options: readonly string[];
  stop(): Promise<void>;
}

/**
 * A host whose commands never run as root: as `nobody` when this process is root. They can write to what `give` has given
 * them, and else to no more than everybody can.
 *
 * @param folder for its keys; made when it does not exist
 * @param home HOME of its sessions, which has to exist
 * @param path PATH of its sessions
 */
export async function startOrdinaryHost(folder: string, home: string, path: string): Promise<OrdinaryHost> {
  const as = process.getuid?.() === 0 ? { as: { uid: NOBODY, gid: NOBODY } } : {};
  const server = await startSshStandIn({
    folder,
    home,
    environment: { PATH: path },
    ...as,
  });
  const knownHostsFile = join(folder, "known_hosts");
  writeFileSync(knownHostsFile, `${server.knownHostsLine}\n`);
  return {
    options: [
      ...["--host", "127.0.0.1", "--port", String(server.port)],
      ...["--identity", server.identityFile, "--known-hosts", knownHostsFile],
    ],
    stop: () => server.stop(),
  };
}

/** Gives a file or a folder to the user as whom an `OrdinaryHost` runs commands. */
export function give(path: string): void {
  if (process.getuid?.() === 0) chownSync(path, NOBODY, NOBODY);
}
