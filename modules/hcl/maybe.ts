import type { TerraformResource } from "cdktf";

import { Expression, hcl, type Named } from "./expression";

/** The `count` of a resource that there is one of or none. */
export function countIf(condition: Expression): number {
  return hcl`${condition} ? 1 : 0`.asNumber;
}

/** An attribute of a resource that there is one of or none; null when there is none. */
export function ofMaybe(resource: Named, attribute: string): Expression {
  return hcl`one(${resource}[*].${new Expression(attribute)})`;
}

/**
 * Blocks of a resource that only Terraform can count, as a `dynamic` block. cdktf's own one is for blocks that the
 * generated types know as lists.
 *
 * @param name of the block, as Terraform spells it
 * @param forEach a list: one block for each element, `NAME.value` in `content`
 * @param content the block's arguments, as Terraform spells them
 */
export function addBlocks(
  resource: TerraformResource,
  name: string,
  forEach: Expression,
  content: Readonly<Record<string, unknown>>,
): void {
  resource.addOverride(`dynamic.${name}`, { for_each: forEach.asString, content });
}
