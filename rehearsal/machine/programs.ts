import { spawnSync } from "node:child_process";

import { UserError } from "../../contract/user-error";
import { findProgram } from "../../terraform/program";
import { neutralEnvironment } from "./neutral-environment";

/** What the stand-ins for a cluster and a bastion run on, with the package of Debian's that has it. */
const BASICS = { curl: "curl", flock: "util-linux", openssl: "openssl", python3: "python3", unzip: "unzip" };

/** @throws UserError when this machine lacks a program that is nobody's but the system's to install */
export function requireBasics(): void {
  const missing = Object.entries(BASICS).filter(([name]) => findProgram(name) === undefined);
  if (missing.length === 0) return;
  const programs = missing.map(([name]) => name).join(", no ");
  throw new UserError(
    `there is no ${programs} on PATH; the stand-ins for a cluster and a bastion run on such programs of the system: ` +
      `install them (Debian: apt-get install ${missing.map(([, its]) => its).join(" ")})`,
  );
}

/** What a program prints; undefined when it cannot be run, fails, or takes longer than half a minute. */
export function outputOf(program: string, args: readonly string[]): string | undefined {
  // It asks nobody over the network whether there is a newer one.
  const env = { ...neutralEnvironment(), CHECKPOINT_DISABLE: "1" };
  const { status, stdout } = spawnSync(program, args, {
    encoding: "utf8",
    env,
    timeout: 30_000,
    stdio: ["ignore", "pipe", "ignore"],
  });
  return status === 0 ? stdout : undefined;
}

/** The last line that a program has printed; empty when it has printed nothing. */
export function lastLine(output: string): string {
  return output.trimEnd().split("\n").at(-1)?.trim() ?? "";
}
