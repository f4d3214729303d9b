import { shellWords } from "../contract/shell";
import { UserError } from "../contract/user-error";
import { terraformCommand } from "./program";

/**
 * Terraform's commands that `eks` runs, or stands for (`destroy`), as the names of variables have them; `init` decides
 * nothing.
 */
const COMMANDS: readonly string[] = ["plan", "apply", "destroy", "show", "output", "state_list", "state_pull"];

/** What changes nothing of what is planned, or of which state that is about. */
const HARMLESS: readonly string[] = [
  "-no-color",
  "-input",
  "-compact-warnings",
  "-parallelism",
  "-lock",
  "-lock-timeout",
];

/** The only one that every command of Terraform's takes. */
const EVERYWHERE = "-no-color";

/**
 * Refuses arguments in the environment (`TF_CLI_ARGS`, `TF_CLI_ARGS_plan`) that change what Terraform plans, or which
 * state it tells of: it would take them, and whatever reads the tfvars, guards the plan or reads the outputs here would
 * know nothing of them. To be called before anything else of a command.
 *
 * @see https://developer.hashicorp.com/terraform/cli/config/environment-variables#tf_cli_args-and-tf_cli_args_name
 * @throws UserError (wrong usage) with what to write instead
 */
export function refuseHiddenArguments(environment: NodeJS.ProcessEnv): void {
  for (const variable of ["TF_CLI_ARGS", ...COMMANDS.map((command) => `TF_CLI_ARGS_${command}`)]) {
    const isForAll = variable === "TF_CLI_ARGS";
    const allowed = isForAll ? [EVERYWHERE] : HARMLESS;
    const flag = shellWords(environment[variable] ?? "")
      .map((word) => word.split("=")[0]?.replace(/^--/, "-") ?? "")
      .find((name) => name.startsWith("-") && !allowed.includes(name));
    if (flag !== undefined)
      throw new UserError(`${variable} says ${flag}, ${cure(flag, isForAll)}, and unset ${variable}`, { exitCode: 64 });
  }
}

function cure(flag: string, isForAll: boolean): string {
  if (flag === "-var" || flag === "-var-file") {
    const example = flag === "-var" ? "eks up -var NAME=VALUE" : "eks up -var-file local.tfvars";
    return `which only Terraform would see: write it on the command line, as in ${example}`;
  }
  return isForAll && HARMLESS.includes(flag)
    ? "which not every command of Terraform's takes: write it to TF_CLI_ARGS_plan and TF_CLI_ARGS_apply"
    : `and eks takes only ${HARMLESS.join(", ")} from there: run ${terraformCommand()} itself for what needs it`;
}
