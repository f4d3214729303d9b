import { UserError } from "../../contract/user-error";
import { explain } from "./explain";
import type { CommandResult } from "./host";

/** What a command printed. @throws UserError with what its failure means */
export function stdoutOf(result: CommandResult): string {
  if (result.exitCode !== 0) throw new UserError(explain(result));
  return result.stdout;
}
