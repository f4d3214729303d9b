import { UserError } from "./contract/user-error";
import { copyTfvars, shareLocks } from "./terraform/stack-folder";
import { say } from "./terminal/output";
import { synthesize } from "./modules/synthesize";

try {
  const outdir = synthesize(process.env);
  shareLocks(outdir);
  copyTfvars(outdir);
} catch (error) {
  const isOfFile = error instanceof Error && "syscall" in error;
  if (!(error instanceof UserError) && !isOfFile) throw error;
  say([`error: ${error.message}`]);
  process.exitCode = error instanceof UserError ? error.exitCode : 1;
}
