import { TerraformIterator, Token, type MapTerraformIterator } from "cdktf";

import type { Expression } from "./expression";

/**
 * The rows of a map that only Terraform can count: a resource that takes this as `forEach` has one instance per row, so
 * that removing the second of three does not touch the third.
 *
 * @param rows a map; its keys have to be known while Terraform plans
 */
export function each(rows: Expression): MapTerraformIterator {
  return TerraformIterator.fromMap(Token.asAnyMap(rows.asString));
}
