import { TerraformCount, type TerraformResource } from "cdktf";

import { hcl, type Expression } from "./expression";

/** The `count` of a resource that there is one of or none: `one(RESOURCE[*].id)` is its id, or null. */
export function countIf(condition: Expression): TerraformCount {
  return TerraformCount.of(hcl`${condition} ? 1 : 0`.asNumber);
}

/**
 * Blocks of a resource that only Terraform can count, as a `dynamic` block. cdktf's own one is for blocks that the
 * generated types know as lists, and not for resources with a `for_each`.
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
