import type { IResolvable, TerraformStack } from "cdktf";

import type { Expression } from "./expression";

/** A Terraform identifier, a condition that is true when all is well, and what is the matter and what to do. */
export type Warning = readonly [name: string, condition: Expression, message: string];

/**
 * A `check` block: says something at every plan and apply without stopping either. cdktf 0.21 has no construct for it.
 *
 * @param name a Terraform identifier, unique in the stack
 * @param condition from `Op` and `Fn`; Terraform refuses a constant one
 * @param message what is the matter and what to do
 * @see https://developer.hashicorp.com/terraform/language/checks
 */
export function warnUnless(
  stack: TerraformStack,
  name: string,
  condition: IResolvable | string,
  message: string,
): void {
  stack.addOverride(`check.${name}`, { assert: [{ condition, error_message: message }] });
}
