import { TerraformLocal } from "cdktf";
import type { Construct } from "constructs";

import { hcl, type Expression } from "./expression";

/**
 * A local value of the stack: an expression that is worked out once, and has a name wherever it is used.
 *
 * @param value an expression, or what cdktf writes for plain values
 */
export function local(scope: Construct, id: string, value: unknown): Expression {
  return hcl`${new TerraformLocal(scope, id, value)}`;
}
