import { EnvironmentError } from "./modules/state";
import { synthesize } from "./modules/synthesize";

try {
  synthesize(process.env);
} catch (error) {
  if (!(error instanceof EnvironmentError)) throw error;
  console.error(`error: ${error.message}`);
  process.exitCode = 64;
}
