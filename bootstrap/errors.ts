import type { Command } from "./command";
import type { CommandResult } from "./host";

/** A failure that the reader can act on: its message is shown alone, without a stack trace, and the exit code is 1. */
export class BootstrapError extends Error {
  override readonly name: string = "BootstrapError";
}

/** A command on a host ended with an exit code other than 0. */
export class CommandFailedError extends BootstrapError {
  override readonly name = "CommandFailedError";

  constructor(
    readonly host: string,
    readonly command: Command,
    readonly result: CommandResult,
  ) {
    super(`${host}: command failed with exit code ${String(result.exitCode)}: ${command.text}${tail(result.stderr)}`);
  }
}

const TAIL_LINES = 10;

/** The last lines of what a program complained, for the end of a message; control characters cannot touch a terminal. */
function tail(stderr: string): string {
  const lines = stderr.trimEnd().split(/\r?\n/).slice(-TAIL_LINES);
  if (lines.length === 1 && lines[0] === "") return "";
  // eslint-disable-next-line no-control-regex -- they are what is looked for
  const escaped = (line: string) => line.replace(/[\u0000-\u0008\u000b-\u001f\u007f]/g, (it) => `\\x${hex(it)}`);
  return lines.map((line) => `\n  ${escaped(line)}`).join("");
}

function hex(character: string): string {
  return character.charCodeAt(0).toString(16).padStart(2, "0");
}
