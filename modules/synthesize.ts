import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";

import { App } from "cdktf";

import { EksStack } from "./stack";
import { keepState, type StateEnvironment } from "./state";

const PROJECT = resolve(__dirname, "..");

/**
 * Writes the Terraform JSON of the stack.
 *
 * @param environment says where the state is kept
 * @param outdir where cdktf puts it, below `stacks/eks`; cdktf's own choice when left out
 * @param skipValidation lets cdktf not run the Terraform on PATH to ask for its version, for those who run another one
 * @throws EnvironmentError when the environment asks for something that cannot be done
 */
export function synthesize(environment: StateEnvironment, outdir?: string, skipValidation = false): void {
  // cdktf itself looks for the context in the folder where the process runs, which is the project's only by chance.
  const { context } = JSON.parse(readFileSync(join(PROJECT, "cdktf.json"), "utf8")) as {
    context: Record<string, unknown>;
  };
  const app = new App({ context, skipValidation, ...(outdir !== undefined && { outdir }) });
  const stack = new EksStack(app, "eks");
  keepState(stack, environment);
  app.synth();
}
