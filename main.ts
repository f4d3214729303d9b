import { copyTfvars, shareLocks } from "./terraform/stack-folder";
import { EnvironmentError } from "./modules/state";
import { synthesize } from "./modules/synthesize";

try {
  const outdir = synthesize(process.env);
  shareLocks(outdir);
  copyTfvars(outdir);
} catch (error) {
  const isOfFile = error instanceof Error && "syscall" in error;
  if (!(error instanceof EnvironmentError) && !isOfFile) throw error;
  console.error(`error: ${error.message}`);
  process.exitCode = isOfFile ? 1 : 64;
}
