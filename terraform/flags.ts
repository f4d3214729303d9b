import { UserError } from "../contract/user-error";
import { terraformCommand } from "./program";

/** Terraform's flags with a value that cdktf takes, each with an example. */
const VALUED: Readonly<Record<string, string>> = {
  "-var": "-var 'project_name=team_a'",
  "-var-file": "-var-file local.tfvars",
  "-parallelism": "-parallelism 5",
};
/** Those without one. */
const SWITCHES = ["-auto-approve", "-migrate-state", "-no-color", "-refresh-only", "-help", "-version"];

/** What people type for `--var-file`. cdktf drops a long flag that it does not know, and deploys the defaults. */
const MISSPELT_VAR_FILE = /^--(tf)?vars?[-_]?(files?)?$(?<!^--var)/;

/**
 * Rewrites the flags that Terraform spells with one dash to cdktf's with two; everything else stays as it is.
 *
 * cdktf reads `-var-file` as the letters `-v -a -r …`: `-var-file FILE` fails with a message about a stack, and
 * `-var-file=FILE` is dropped without a word, so that the defaults are deployed.
 *
 * @throws UserError for a flag with one dash that cdktf has no counterpart of, for a misspelt `--var-file`, and for a
 *   missing value
 */
export function cdktfArguments(args: readonly string[]): string[] {
  const rewritten: string[] = [];
  for (let i = 0; i < args.length; i++) {
    const arg = args[i] ?? "";
    if (arg === "--") return [...rewritten, ...args.slice(i)];
    const [name = "", ...rest] = arg.split("=");
    if (name !== "--var-file" && MISSPELT_VAR_FILE.test(name)) {
      throw new UserError(`cdktf has no ${name} and would ignore it; write --var-file=FILE`, { exitCode: 64 });
    }
    const example = VALUED[name];
    if (!/^-[a-z][a-z-]/.test(arg)) rewritten.push(arg);
    else if (SWITCHES.includes(name)) rewritten.push(`-${arg}`);
    else if (example !== undefined) {
      const value = rest.length > 0 ? rest.join("=") : args[++i];
      if (value === undefined || value === "")
        throw new UserError(`${name} needs a value, such as ${example}`, { exitCode: 64 });
      rewritten.push(`-${name === "-parallelism" ? "-terraform-parallelism" : name}=${value}`);
    } else {
      throw new UserError(
        `cdktf has no ${name}; of Terraform's flags it takes ${[...Object.keys(VALUED), ...SWITCHES].join(", ")}. ` +
          `For the others run Terraform itself: ${terraformCommand()} -chdir=cdktf.out/stacks/eks …`,
        { exitCode: 64 },
      );
    }
  }
  return rewritten;
}
