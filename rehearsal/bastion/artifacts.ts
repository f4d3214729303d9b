import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { neutralEnvironment } from "../account/emulator";
import { findProgram } from "../../terraform/program";

/** What a bastion downloads. */
export interface Programs {
  /** The program itself, or text of a shell script. */
  readonly kubectl: Buffer | string;
  /** Text of a shell script. */
  readonly aws: string;
}

/** Files for a mirror, and a table of releases that has them. */
export interface Artifacts {
  /** In the form of `bootstrap/release-table.json`. */
  readonly releasesFile: string;
  /** Paths at the mirror. */
  readonly paths: { readonly kubectl: string; readonly authenticator: string; readonly awsCli: string };
  readonly byPath: Readonly<Record<string, Buffer>>;
}

/**
 * Makes artifacts of programs. The archive of the AWS CLI is a stand-in with the script in it; aws-iam-authenticator is
 * one that does nothing.
 *
 * @param folder where the table is written
 * @param version of kubectl, as the table says it
 * @throws when `python3` is not installed
 */
export function makeArtifacts(folder: string, version: string, { aws, ...programs }: Programs): Artifacts {
  const kubectl = Buffer.from(programs.kubectl);
  const authenticator = Buffer.from("#!/bin/sh\necho 'a stand-in for aws-iam-authenticator' >&2\nexit 1\n");
  const archive = standInArchive(folder, aws);
  const paths = {
    kubectl: `/release/v${version}/bin/linux/any/kubectl`,
    authenticator: "/aws-iam-authenticator-0.7.0-any",
    awsCli: "/awscli-exe-linux-any-2.30.0.zip",
  };
  // The same file for both kinds of machines, but a table in which two checksums are equal is refused.
  const row = (of: string, content: Buffer) => ({
    version: of,
    amd64: "0".repeat(64),
    arm64: "1".repeat(64),
    [process.arch === "arm64" ? "arm64" : "amd64"]: createHash("sha256").update(content).digest("hex"),
  });
  const arch = { amd64: "any", arm64: "any" };
  const table = {
    kubectl: {
      url: "https://dl.k8s.io/release/v{version}/bin/linux/{arch}/kubectl",
      arch,
      releases: { [minorOf(version)]: row(version, kubectl) },
    },
    "aws-iam-authenticator": {
      url: "https://example.com/aws-iam-authenticator-{version}-{arch}",
      arch,
      release: row("0.7.0", authenticator),
    },
    "aws-cli": {
      url: "https://awscli.amazonaws.com/awscli-exe-linux-{arch}-{version}.zip",
      arch,
      release: row("2.30.0", archive),
    },
  };
  const releasesFile = join(folder, "releases.json");
  writeFileSync(releasesFile, JSON.stringify(table, null, 2));
  return {
    releasesFile,
    paths,
    byPath: { [paths.kubectl]: kubectl, [paths.authenticator]: authenticator, [paths.awsCli]: archive },
  };
}

/** AWS' archive, as far as its folders go, with this program in it. */
function standInArchive(folder: string, aws: string): Buffer {
  const work = join(folder, "aws-archive");
  mkdirSync(join(work, "aws", "dist"), { recursive: true });
  for (const program of ["aws", "aws_completer"]) {
    const file = join(work, "aws", "dist", program);
    writeFileSync(file, aws, { mode: 0o755 });
  }
  // Python's zip keeps who may run what; it is there wherever moto is.
  execFileSync(required("python3"), ["-m", "zipfile", "-c", "aws.zip", "aws/"], { cwd: work });
  const archive = readFileSync(join(work, "aws.zip"));
  rmSync(work, { recursive: true });
  return archive;
}

/** The kubectl and the AWS CLI of this machine. @throws when one is not installed */
export function ownPrograms(): Programs {
  return { kubectl: readFileSync(required("kubectl")), aws: `#!/bin/sh\nexec '${required("aws")}' "$@"\n` };
}

/** `1.32.4`: of the kubectl of this machine. @throws when there is none */
export function ownKubectlVersion(): string {
  const output = execFileSync(required("kubectl"), ["version", "--client", "--output", "json"], {
    env: neutralEnvironment(),
  });
  const { clientVersion } = JSON.parse(output.toString()) as { clientVersion: { gitVersion: string } };
  const [, version = ""] = /^v(\d+\.\d+\.\d+)/.exec(clientVersion.gitVersion) ?? [];
  return version;
}

/** `1.32` of `1.32.4` */
export function minorOf(version: string): string {
  return version.split(".").slice(0, 2).join(".");
}

/** Full path of a program. @throws when it is not on PATH */
function required(name: string): string {
  const program = findProgram(name);
  if (program === undefined) throw new Error(`${name} is not on PATH; see the README for how to install it`);
  return program;
}
