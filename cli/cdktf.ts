import { spawn } from "node:child_process";
import { constants } from "node:os";

import { cdktfArguments, UsageError } from "./terraform-flags";

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

/** `bin/cdktf`: the installed cdktf, for people who type Terraform's flags. Ends with cdktf's own exit code. */
export function main(argv: readonly string[]): void {
  let args: string[];
  try {
    args = withDefaults(cdktfArguments(argv));
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    console.error(`error: ${error.message}`);
    process.exitCode = 64;
    return;
  }

  const child = spawn(process.execPath, [require.resolve("cdktf-cli/bundle/bin/cdktf"), ...args], {
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
  });
}
