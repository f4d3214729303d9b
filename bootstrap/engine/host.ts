import type { Command } from "./command";

/** How a command ended that did end; see `Host.run` for those that did not. */
export interface CommandResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** The only door to a machine. */
export interface Host {
  /** What reports call it, such as `203.0.113.9` or `awskrug_gudi_eks`. */
  readonly name: string;
  /**
   * Runs a command to its end; an exit code other than 0 is a result, not an exception.
   *
   * @throws UserError when the connection is lost, the command is killed, or its time is up: whether it did what it
   *   was to do is not known then
   */
  run(command: Command): Promise<CommandResult>;
}
