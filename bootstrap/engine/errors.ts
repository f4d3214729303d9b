import { explain } from "./explain";
import type { CommandResult } from "./host";

/** A failure that the reader can act on: its message is shown alone, without a stack trace, and the exit code is 1. */
export class BootstrapError extends Error {
  override readonly name: string = "BootstrapError";
}

/** A command on a host ended with an exit code other than 0. */
export class CommandFailedError extends BootstrapError {
  override readonly name = "CommandFailedError";

  constructor(readonly result: CommandResult) {
    super(explain(result));
  }
}
