import { spawnSync } from "node:child_process";
import { mkdtempSync, rmdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { UserError } from "../../contract/user-error";
import { findProgram } from "../../terraform/program";
import { findSshd } from "../../rehearsal/bastion/sshd";
import { provideMoto } from "../../rehearsal/machine/tools";
import { tellMissing } from "./needs";

/** What the stand-in bastion is made of, and how to install it. */
const PROGRAMS: Readonly<Record<string, string>> = {
  ssh: "apt-get install openssh-client",
  "ssh-keygen": "apt-get install openssh-client",
  "ssh-agent": "apt-get install openssh-client",
  curl: "apt-get install curl",
  unzip: "apt-get install unzip",
  flock: "apt-get install util-linux",
  openssl: "apt-get install openssl",
  python3: "apt-get install python3",
  aws: "https://docs.aws.amazon.com/cli/latest/userguide/getting-started-install.html",
  kubectl: "https://kubernetes.io/docs/tasks/tools/",
};

/** Looks whether there is all that the tests with a stand-in bastion run on; without it they are skipped, with a line. */
export default async function hostSetup(): Promise<void> {
  const missing = Object.entries(PROGRAMS).flatMap(([name, how]) =>
    findProgram(name) === undefined ? [`${name} (${how})`] : [],
  );
  await provideMoto().catch((error: unknown) => {
    if (!(error instanceof UserError)) throw error;
    missing.push(error.message);
  });
  if (findSshd() === undefined) missing.push("sshd (apt-get install openssh-server)");
  if (missing.length > 0)
    tellMissing("a stand-in bastion's programs", "The tests with a stand-in bastion", missing.join("; "));
  else if (!mayMount())
    tellMissing("the right to mount", "The tests with a file system of their own", "only root may mount one");
}

/** Looks whether this user may mount a file system in memory. */
function mayMount(): boolean {
  if (process.getuid?.() !== 0) return false;
  const folder = mkdtempSync(join(tmpdir(), "eks-test-mount-"));
  const isMounted = spawnSync("mount", ["-t", "tmpfs", "-o", "size=64k", "tmpfs", folder]).status === 0;
  if (isMounted) spawnSync("umount", [folder]);
  rmdirSync(folder);
  return isMounted;
}
