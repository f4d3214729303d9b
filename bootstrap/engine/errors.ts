import { UserError } from "../../contract/user-error";
import { explain } from "./explain";
import type { CommandResult } from "./host";

/** A command on a host ended with an exit code other than 0. */
export class CommandFailedError extends UserError {
  override readonly name = "CommandFailedError";

  constructor(readonly result: CommandResult) {
    super(explain(result));
  }
}

/** What a command printed. @throws CommandFailedError when it failed */
export function stdoutOf(result: CommandResult): string {
  if (result.exitCode !== 0) throw new CommandFailedError(result);
  return result.stdout;
}
