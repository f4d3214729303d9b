import { App } from "cdktf";

import { EksStack } from "./modules/stack";
import { EnvironmentError, keepState } from "./modules/state";

try {
  const app = new App();
  const stack = new EksStack(app, "eks");
  keepState(stack, process.env);
  app.synth();
} catch (error) {
  if (!(error instanceof EnvironmentError)) throw error;
  console.error(`error: ${error.message}`);
  process.exitCode = 64;
}
