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
