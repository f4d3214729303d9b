import { appendFileSync, copyFileSync, mkdirSync } from "node:fs";
import { join } from "node:path";

import type { Sshd } from "./sshd";
import type { StandInBastion, Surroundings } from "./surroundings";

/** Several bastions, and what it takes to set them up with one command. */
export interface Classroom {
  readonly bastions: readonly StandInBastion[];
  /** Has the `.ssh/config` that says where each one really is, for their outputs have public addresses. */
  readonly home: string;
  /** Has what would be written outside the users' homes, a folder for each bastion. */
  readonly roots: string;
  /** The options with which the bootstrap reaches all of them, when `home` is its HOME. */
  readonly options: readonly string[];
}

/** How a class is made. */
export interface ClassroomOptions {
  /** How many bastions. */
  readonly size: number;
  /**
   * The port of 127.0.0.1 by which a bastion is reached.
   *
   * @default - that of its sshd
   */
  readonly portTo?: (sshd: Sshd) => Promise<number>;
}

/**
 * Adds bastions to surroundings.
 *
 * @param folder for what the bootstrap needs to know of them; made when it does not exist
 */
export async function startClassroom(
  surroundings: Surroundings,
  folder: string,
  { size, portTo = (sshd) => Promise.resolve(sshd.port) }: ClassroomOptions,
): Promise<Classroom> {
  const [outputs, ssh] = [join(folder, "outputs"), join(folder, "home", ".ssh")];
  for (const each of [outputs, ssh]) mkdirSync(each, { recursive: true });
  const bastions: StandInBastion[] = [];
  for (let seat = 0; seat < size; seat++) {
    const bastion = await surroundings.addBastion();
    const { handover, outputsFile, sshd } = bastion;
    const port = String(await portTo(sshd));
    copyFileSync(outputsFile, join(outputs, `${handover.cluster_name}.json`));
    appendFileSync(
      join(ssh, "config"),
      `Host ${handover.bastion_address}\n  HostName 127.0.0.1\n  Port ${port}\n` +
        `  IdentityFile ${sshd.identityFile}\n  IdentitiesOnly yes\n`,
    );
    appendFileSync(join(ssh, "known_hosts"), `[127.0.0.1]:${port} ${sshd.hostPublicKey}\n`);
    bastions.push(bastion);
  }
  const { mirror, releasesFile } = surroundings;
  // They are all on this machine, and there is one --root for all.
  const roots = join(folder, "roots");
  const root = join(roots, "{cluster_name}");
  // The outputs' user is that of an AMI; here everybody is who started all this.
  const user = bastions.slice(0, 1).flatMap(({ sshd }) => ["--user", sshd.user]);
  const options = ["--outputs", outputs, ...user, "--root", root, "--mirror", mirror.url, "--releases", releasesFile];
  return { bastions, home: join(folder, "home"), roots, options };
}
