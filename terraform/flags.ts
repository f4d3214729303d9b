import { UserError } from "../contract/user-error";
import { terraformCommand } from "./program";

/** Terraform's flags that cdktf has under a name of its own; those with an example take a value. */
const FLAGS: Readonly<Record<string, { readonly flag: string; readonly example?: string }>> = {
  "-var": { flag: "--var", example: "-var 'project_name=team_a'" },
  "-var-file": { flag: "--var-file", example: "-var-file local.tfvars" },
  "-parallelism": { flag: "--terraform-parallelism", example: "-parallelism 5" },
  "-auto-approve": { flag: "--auto-approve" },
  "-migrate-state": { flag: "--migrate-state" },
  "-no-color": { flag: "--no-color" },
  "-refresh-only": { flag: "--refresh-only" },
  "-help": { flag: "--help" },
  "-version": { flag: "--version" },
};

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
    const [flagName = ""] = arg.split("=");
    if (flagName !== "--var-file" && MISSPELT_VAR_FILE.test(flagName)) {
      throw new UserError(`cdktf has no ${flagName} and would ignore it; write --var-file=FILE`, { exitCode: 64 });
    }
    if (!/^-[a-z][a-z-]/.test(arg)) {
      rewritten.push(arg);
      continue;
    }

    const [name = "", ...rest] = arg.split("=");
    const known = FLAGS[name];
    if (known === undefined) {
      throw new UserError(
        `cdktf has no ${name}; of Terraform's flags it takes ${Object.keys(FLAGS).join(", ")}. For the others ` +
          `run Terraform itself: ${terraformCommand()} -chdir=cdktf.out/stacks/eks …`,
        { exitCode: 64 },
      );
    }
    const { flag, example } = known;
    if (example === undefined) {
      rewritten.push(rest.length === 0 ? flag : `${flag}=${rest.join("=")}`);
      continue;
    }
    const value = rest.length > 0 ? rest.join("=") : args[++i];
    if (value === undefined || value === "")
      throw new UserError(`${name} needs a value, such as ${example}`, { exitCode: 64 });
    rewritten.push(`${flag}=${value}`);
  }
  return rewritten;
}
