import { App, Testing } from "cdktf";

import { EksStack } from "../../modules/stack";

/** The parts of `cdk.tf.json` that tests look at. */
export interface Synthesized {
  readonly check: Record<string, { assert: { condition: string; error_message: string }[] }>;
  readonly moved: { from: string; to: string }[];
  readonly output: Record<string, { value: unknown; description: string }>;
  readonly resource: Record<string, Record<string, Record<string, unknown>>>;
  readonly terraform: Record<string, unknown>;
  readonly variable: Record<string, { default?: unknown; description: string; nullable: boolean; type: string }>;
}

/** The stack as Terraform gets it, its validations run. */
export function synthesized(configure: (stack: EksStack) => void = () => undefined): Synthesized {
  const stack = new EksStack(new App(), "eks");
  configure(stack);
  return JSON.parse(Testing.synth(stack, true)) as Synthesized;
}

/** Every resource's address, without instance keys. */
export function addresses({ resource }: Synthesized): string[] {
  return Object.entries(resource)
    .flatMap(([type, named]) => Object.keys(named).map((name) => `${type}.${name}`))
    .sort();
}
