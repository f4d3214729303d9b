/** A failure that the reader can act on: its message is shown alone, without a stack trace, and the exit code is 1. */
export class BootstrapError extends Error {
  override readonly name: string = "BootstrapError";
}
