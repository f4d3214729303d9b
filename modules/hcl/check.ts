import { TerraformStack } from "cdktf";
import type { Construct } from "constructs";

import type { Expression } from "./expression";

/**
 * A `check` block: says something at every plan and apply without stopping either. cdktf 0.21 has no construct for it.
 *
 * @param name a Terraform identifier, unique in the stack
 * @param condition true when all is well; Terraform refuses a constant one
 * @param message what is the matter and what to do
 * @see https://developer.hashicorp.com/terraform/language/checks
 */
export function warnUnless(scope: Construct, name: string, condition: Expression, message: string): void {
  const assert = [{ condition: condition.asString, error_message: message }];
  TerraformStack.of(scope).addOverride(`check.${name}`, { assert });
}
