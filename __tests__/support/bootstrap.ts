import { createHash } from "node:crypto";
import { lstatSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { join, resolve } from "node:path";

import { neutralEnvironment } from "../../rehearsal/account/emulator";
import { start, type Ended, type Started, type Watch } from "./run";

const CLONE = resolve(__dirname, "..", "..");
const COMMAND = ["--require", join(CLONE, "bin", "typescript.cjs"), join(CLONE, "bootstrap", "main.ts")];

/**
 * Runs the command `npm run bootstrap` to its end, in a process of its own, which has no AWS credentials and no agent.
 *
 * @param home its HOME and its current folder, where the logs go
 * @param onOutput told, whenever there is more, all that it has printed so far
 */
export function runBootstrap(
  home: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
  onOutput?: (soFar: string) => void,
): Promise<Ended> {
  return startBootstrap(home, args, environment, { onOutput }).ended;
}

/** Starts the same. */
export function startBootstrap(
  home: string,
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
  watch: Watch = {},
): Started {
  const env = {
    ...neutralEnvironment(),
    SSH_AUTH_SOCK: "",
    AWS_EC2_METADATA_DISABLED: "true",
    NODE_PATH: join(CLONE, "node_modules"),
    HOME: home,
  };
  return start(process.execPath, [...COMMAND, ...args], { cwd: home, env: { ...env, ...environment } }, watch);
}

/** What a folder holds: of each file its mode and checksum, of each link its target. Times and owners do not count. */
export function treeOf(folder: string): Readonly<Record<string, string>> {
  const entries = readdirSync(folder, { recursive: true, encoding: "utf8" }).map((path): [string, string] => {
    const [full, stat] = [join(folder, path), lstatSync(join(folder, path))];
    const mode = (stat.mode & 0o7777).toString(8);
    if (stat.isSymbolicLink()) return [path, `-> ${readlinkSync(full)}`];
    if (stat.isDirectory()) return [path, `folder ${mode}`];
    return [path, `${mode} ${createHash("sha256").update(readFileSync(full)).digest("hex")}`];
  });
  return Object.fromEntries(entries.sort(([one], [other]) => (one < other ? -1 : 1)));
}
