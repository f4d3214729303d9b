import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import type { CommandResult } from "../../bootstrap/engine/host";
import { quoted } from "../../contract/shell";

/** A program in place of Terraform. */
export interface TerraformStandIn {
  readonly program: string;
  /** The commands that it was given, one a line. */
  readonly calls: () => string[];
}

/** What a stand-in does that says again what Terraform has said. */
export function repeating({ exitCode, stdout, stderr }: CommandResult): string {
  return `printf %s ${quoted(stdout)}; printf %s ${quoted(stderr)} >&2; exit ${String(exitCode)}`;
}

/**
 * Writes a stand-in for Terraform: a shell script that notes its command line and then does what the body of the case
 * of its command says, such as `apply: "exit 1"`. A command that it was not told about is an error. If nothing
 * else is said, `init` works and there is no state.
 *
 * @param folder to put it into
 * @param name `tofu` for OpenTofu
 */
export function standInForTerraform(
  folder: string,
  commands: Readonly<Record<string, string>>,
  name: "terraform" | "tofu" = "terraform",
): TerraformStandIn {
  mkdirSync(folder, { recursive: true });
  const program = join(folder, name);
  const log = join(folder, "terraform.calls");
  writeFileSync(log, "");
  const init = "mkdir -p .terraform; echo lock > .terraform.lock.hcl";
  const cases = Object.entries({ init, "state pull": ":", ...commands }).map(
    ([name, body]) => `"${name}"*)\n${body}\n;;`,
  );
  writeFileSync(
    program,
    `#!/bin/sh
echo "$*" >> ${log}
case "$*" in
${cases.join("\n")}
*) echo "the stand-in for Terraform was not told about: $*" >&2; exit 99 ;;
esac
`,
    { mode: 0o755 },
  );
  return { program, calls: () => readFileSync(log, "utf8").split("\n").slice(0, -1) };
}
