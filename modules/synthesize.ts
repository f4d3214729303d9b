import { App } from "cdktf";

import { choicesOf, projectContext, type ContextEnvironment } from "./choices";
import { EksStack } from "./stack";
import { keepState, KUBERNETES_SUFFIX, ofBothStacks, type StateEnvironment } from "./state";

/**
 * Writes the Terraform JSON of the stacks: of `eks`, and of `eks-kubernetes` where the context asks for it.
 *
 * @param environment says where the state is kept
 * @param outdir where cdktf puts them, below `stacks`; cdktf's own choice when left out
 * @param skipValidation lets cdktf not run the Terraform on PATH to ask for its version, for those who run another one
 * @returns where they are: `cdktf.out`, or what `outdir` or the environment says
 * @throws UserError when the environment or the context asks for something that cannot be done
 */
export function synthesize(
  environment: StateEnvironment & ContextEnvironment,
  outdir?: string,
  skipValidation = false,
): string {
  const context = projectContext(environment);
  const choices = choicesOf(context);
  const app = new App({ context, skipValidation, ...(outdir !== undefined && { outdir }) });
  const stack = new EksStack(app, "eks", choices);
  if (choices.kubernetes) {
    const shared = ofBothStacks(environment);
    // eslint-disable-next-line @typescript-eslint/no-require-imports -- synthesis without it is a third faster
    const { KubernetesStack } = require("./kubernetes-stack") as typeof import("./kubernetes-stack");
    keepState(stack, shared);
    keepState(new KubernetesStack(app, "eks-kubernetes"), shared, KUBERNETES_SUFFIX);
  } else {
    keepState(stack, environment);
  }
  app.synth();
  return app.outdir;
}
