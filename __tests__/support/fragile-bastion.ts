import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { bootstrapBastion } from "../../bootstrap/bastion";
import { readOptions } from "../../bootstrap/options";
import { readReleases } from "../../bootstrap/releases";
import { thisMachine } from "../../bootstrap/ssh/config";
import type { HostReport } from "../../bootstrap/engine/report";
import type { Handover } from "../../contract/handover";
import { startLink, type Link } from "../../rehearsal/bastion/link";
import { startSurroundings, type StandInBastion, type Surroundings } from "../../rehearsal/bastion/surroundings";
import { treeOf } from "./bootstrap";

/** Of each file below a bastion's root and home its mode and checksum; see `treeOf`. */
export type Tree = Readonly<Record<string, string>>;

/** What aws-auth holds before a run: somebody else's. */
export const OTHERS =
  "- rolearn: arn:aws:iam::111122223333:role/admins\n  username: admin\n  groups: [system:masters]\n";

/** How long the commands of a run that was cut off may go on. */
const COMMANDS_END_SECONDS = 20;

const silent = (): void => undefined;
const SILENT = { busy: silent, waiting: silent, note: silent, outcome: silent };

/** The names of files and folders that are written beside those that they become; see bootstrap/engine/place.ts. */
const TEMPORARY = /(^|\/)\.(unpack|kubectl|aws-iam-authenticator|config|eks-hands-on\.sh)\.\w{6}(\/|$)/;

/** A bastion that is reached over a link that can be cut, with light programs; made bare again for every run. */
export class FragileBastion {
  private constructor(
    readonly surroundings: Surroundings,
    readonly bastion: StandInBastion,
    readonly link: Link,
    /** HOME and current folder of those who run the bootstrap. */
    readonly operator: string,
    /** The command line with which the bootstrap goes over the link. */
    readonly options: readonly string[],
  ) {}

  /** @param folder for everything that is written; made when it does not exist */
  static async start(folder: string): Promise<FragileBastion> {
    const operator = join(folder, "operator");
    mkdirSync(operator, { recursive: true });
    const surroundings = await startSurroundings(join(folder, "site"), { programs: "stand-ins" });
    try {
      const bastion = await surroundings.addBastion({ environment: { PATH: withOldAws(join(folder, "system")) } });
      const link = await startLink({ target: bastion.sshd.port });
      const knownHosts = join(folder, "known_hosts");
      writeFileSync(knownHosts, `[127.0.0.1]:${String(link.port)} ${bastion.sshd.hostPublicKey}\n`);
      // Of an option that is given twice the last would count for some, and be refused for others.
      const instead: Readonly<Record<string, string>> = { "--port": String(link.port), "--known-hosts": knownHosts };
      const options = bastion.options.map((word, at, all) => instead[all[at - 1] ?? ""] ?? word);
      return new FragileBastion(surroundings, bastion, link, operator, options);
    } catch (error) {
      await surroundings.stop();
      throw error;
    }
  }

  async stop(): Promise<void> {
    await this.link.stop();
    await this.surroundings.stop();
  }

  /** Makes the bastion bare, and leaves in aws-auth what is somebody else's. */
  async reset(): Promise<void> {
    await this.quiet();
    this.link.cutAfterBytes({}, "reset");
    for (const folder of [this.bastion.root, this.bastion.home]) {
      for (const name of readdirSync(folder)) rmSync(join(folder, name), { recursive: true });
    }
    this.surroundings.mirror.misbehave("*", undefined);
    this.surroundings.kubernetes.state.setConfigMap("kube-system", "aws-auth", { mapRoles: OTHERS });
  }

  /** Runs the bootstrap in this process: much quicker than its command, which only prints what is in the report. */
  async bootstrap(handover: Handover = this.bastion.handover, signal?: AbortSignal): Promise<HostReport> {
    const options = readOptions(this.options);
    if (options === undefined) throw new Error("the options ask for help");
    const { releasesFile } = this.surroundings;
    // Nobody's own ~/.ssh/config.
    const setting = {
      ...options,
      machine: { ...thisMachine(), home: this.operator, memory: join(this.operator, "memory") },
    };
    return bootstrapBastion(
      { name: "bastion", handover },
      {
        options: setting,
        releases: readReleases(readFileSync(releasesFile, "utf8"), releasesFile),
        logFile: join(this.operator, "in-process", `${String(process.hrtime.bigint())}.log`),
        signal: signal ?? new AbortController().signal,
      },
      SILENT,
    );
  }

  /** What there is now, while others may be at it. */
  tree(): Tree {
    for (;;) {
      try {
        const [root, home] = [treeOf(this.bastion.root), treeOf(this.bastion.home)];
        return { ...prefixed("root", root), ...prefixed("home", home) };
      } catch (error) {
        // A file that was renamed or removed between two looks.
        if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
      }
    }
  }

  /** The roles that aws-auth maps, as it holds them. */
  mappedRoles(): string {
    return this.surroundings.kubernetes.state.configMap("kube-system", "aws-auth")?.["mapRoles"] ?? "";
  }

  /**
   * Waits until nothing of any run is left on the bastion.
   *
   * @throws when there still is after 20 s
   */
  async quiet(): Promise<void> {
    const deadline = Date.now() + COMMANDS_END_SECONDS * 1000;
    for (let left = this.bastion.sshd.processes(); left.length > 0; left = this.bastion.sshd.processes()) {
      if (Date.now() > deadline) throw new Error(`these have not ended: ${left.map(commandLine).join("\n")}`);
      await sleep(10);
    }
  }
}

/** A folder for PATH with a stand-in for an AWS CLI 1, since a real one takes half a second to tell its version. */
function withOldAws(folder: string): string {
  mkdirSync(folder);
  writeFileSync(join(folder, "aws"), "#!/bin/sh\necho 'aws-cli/1.22.34 Python/3.9'\n", { mode: 0o755 });
  return folder;
}

/** Whatever of a tree is neither as in the whole one, nor under a temporary name. */
export function halfMade(tree: Tree, whole: Tree): Tree {
  return Object.fromEntries(Object.entries(withoutTemporary(tree)).filter(([path, what]) => whole[path] !== what));
}

/** A tree without what has a temporary name. */
export function withoutTemporary(tree: Tree): Tree {
  return Object.fromEntries(Object.entries(tree).filter(([path]) => !isTemporary(path)));
}

/** Whether a path is of something that is not yet what it shall be. */
export function isTemporary(path: string): boolean {
  return TEMPORARY.test(path);
}

/** A tree as it is in a folder. */
export function prefixed(folder: string, tree: Tree): Tree {
  return Object.fromEntries(Object.entries(tree).map(([path, what]) => [`${folder}/${path}`, what]));
}

function commandLine(id: number): string {
  try {
    return readFileSync(`/proc/${String(id)}/cmdline`, "utf8").replaceAll("\0", " ");
  } catch {
    return "";
  }
}
