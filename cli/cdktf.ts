import { spawn } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { constants } from "node:os";
import { dirname, join } from "node:path";

import { fileProblem, UserError } from "../contract/user-error";
import { cdktfArguments } from "../terraform/flags";
import { say } from "../terminal/output";
import { shareLocks } from "../terraform/stack-folder";

/** Commands of cdktf that run `terraform init`, and may then run `terraform providers lock`. */
const INITIALIZING = new Set(["deploy", "apply", "destroy", "diff", "plan", "output"]);

/**
 * The arguments to run cdktf with.
 *
 * `terraform init` writes a lock file of its own. cdktf's second one asks the registry even where a mirror is
 * configured, and then fails; so it is skipped, unless the user says otherwise.
 */
function withDefaults(args: string[]): string[] {
  const command = args.findIndex((arg) => INITIALIZING.has(arg));
  const says = args.some((arg) => /^--(no-)?skip-provider-lock/.test(arg));
  // Terraform Cloud runs on Linux, and a lock file made elsewhere behind a mirror lacks its checksums.
  const elsewhere = (process.env["TF_CLOUD_ORGANIZATION"] ?? "") !== "";
  if (command === -1 || says || elsewhere) return args;
  return [...args.slice(0, command + 1), "--skip-provider-lock", ...args.slice(command + 1)];
}

/**
 * A part of cdktf's own CLI is machine code, which was built for the Node.js of its time; others compile it, and no package
 * does that by itself here (see .npmrc).
 *
 * @throws UserError when it cannot start on this Node.js
 * @see https://www.npmjs.com/package/@cdktf/node-pty-prebuilt-multiarch
 */
function refuseUnlessItStarts(): void {
  const machine = `${process.platform}-${process.arch}`;
  const part = dirname(require.resolve("@cdktf/node-pty-prebuilt-multiarch/package.json"));
  const builds = join(part, "prebuilds", machine);
  const ofThisNode = `node.abi${process.versions.modules}.`;
  if (existsSync(join(part, "build", "Release", "pty.node"))) return;
  if (existsSync(builds) && readdirSync(builds).some((name) => name.startsWith(ofThisNode))) return;
  throw new UserError(
    `cdktf's own CLI does not start on Node.js ${process.versions.node} (${machine}): its part node-pty has no build ` +
      "for that; use Node.js 20 or 22, or eks or terraform instead of cdktf, or compile it: npm rebuild " +
      "@cdktf/node-pty-prebuilt-multiarch --ignore-scripts=false",
  );
}

/** `bin/cdktf`: the installed cdktf, for people who type Terraform's flags. Ends with cdktf's own exit code. */
export function main(argv: readonly string[]): void {
  let args: string[];
  try {
    args = withDefaults(cdktfArguments(argv));
    refuseUnlessItStarts();
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    say([`error: ${error.message}`]);
    process.exitCode = error.exitCode;
    return;
  }

  const child = spawn(process.execPath, [require.resolve("cdktf-cli/bundle/bin/cdktf"), ...args], {
    // eslint-disable-next-line no-restricted-syntax -- its screen is its own
    stdio: "inherit",
    // cdktf is archived: there is no newer version to ask for, and nobody left to report to.
    env: { DISABLE_VERSION_CHECK: "1", CHECKPOINT_DISABLE: "1", ...process.env },
  });
  // On a terminal Ctrl-C reaches cdktf as well, which lets Terraform finish what it is at: leaving first would hide
  // that, and a second signal would stop Terraform at once. Elsewhere a signal comes to this process alone.
  for (const signal of ["SIGINT", "SIGHUP", "SIGTERM"] as const) {
    process.on(signal, () => {
      if (signal === "SIGTERM" || !process.stdin.isTTY) child.kill(signal);
    });
  }
  child.on("exit", (code, signal) => {
    process.exitCode = signal === null ? (code ?? 70) : 128 + constants.signals[signal];
    try {
      shareLocks("cdktf.out");
    } catch (cause) {
      const problem = fileProblem(cause);
      if (problem === undefined) throw cause;
      say([`warning: the lock file of the providers is not kept: ${problem}`]);
    }
  });
}
