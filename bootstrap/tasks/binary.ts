import { UserError } from "../../contract/user-error";
import { quoted } from "../../contract/shell";
import { stdoutOf } from "../engine/errors";
import type { CommandResult } from "../engine/host";
import { fetching, placing } from "../engine/place";
import type { Artifact, Release } from "../releases";
import { asRoot, type Site } from "../site";
import type { Task } from "../engine/task";

/** What is at the path of a binary. */
export interface InstalledBinary {
  /** As `uname -m` says it. */
  readonly machine: string;
  /** Undefined when there is no file, or none that can be executed. */
  readonly sha256: string | undefined;
}

/** A released binary in /usr/local/bin, known by its checksum. */
export function binary(site: Site, release: Release): Task<InstalledBinary> {
  const { name, version } = release;
  const path = quoted(`${site.root}/usr/local/bin/${name}`);
  return {
    title: `${name} ${version}`,
    current: {
      command: { text: `uname -m; [ ! -f ${path} ] || [ ! -x ${path} ] || sha256sum <${path}` },
      parse: parseBinary,
    },
    change: ({ machine, sha256 }) => {
      const artifact = artifactFor(release, machine);
      if (artifact.sha256 === sha256) return undefined;
      const download = placing({ path, mode: "0755" }, fetching(artifact, '"$part"'));
      return {
        commands: [asRoot(site, { text: download })],
        warnings: unconfirmed(release),
        diff: `- ${sha256 === undefined ? "nothing" : `sha256 ${sha256}`}\n+ sha256 ${artifact.sha256}`,
      };
    },
  };
}

/** What whoever installs a release has to know: a line where nobody else has its checksums. */
export function unconfirmed({ name, version, isUnconfirmed }: Release): readonly string[] {
  if (!isUnconfirmed) return [];
  return [
    `no public file that release-table.json names has the checksums of ${name} ${version}; ` +
      "`npm run check:releases` compares them with its maker's",
  ];
}

function parseBinary(result: CommandResult): InstalledBinary {
  const [machine = "", sum = ""] = stdoutOf(result).split("\n");
  const [sha256] = /^[0-9a-f]{64}/.exec(sum) ?? [];
  return { machine, sha256 };
}

/**
 * What of a release runs on a machine.
 *
 * @param machine as `uname -m` says it
 * @throws UserError when the release has nothing for it
 */
export function artifactFor({ name, artifacts }: Release, machine: string): Artifact {
  if (machine === "x86_64") return artifacts.amd64;
  if (machine === "aarch64") return artifacts.arm64;
  throw new UserError(
    `${name} is there for x86_64 and aarch64, and the host is ${machine || "of an unknown kind"}: ` +
      "use an instance type of one of them for the bastion",
  );
}
