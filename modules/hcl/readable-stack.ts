import { TerraformElement, TerraformStack } from "cdktf";
import type { Node } from "constructs";

/**
 * A stack that names resources by their path alone (`network_vpc`), without the hash that cdktf adds: they are what
 * people read in every plan and type after `-target`, and what `moved` blocks name.
 */
export class ReadableStack extends TerraformStack {
  protected override allocateLogicalId(element: TerraformElement | Node): string {
    const node = TerraformElement.isTerraformElement(element) ? element.node : element;
    const path = node.scopes.slice(node.scopes.indexOf(this) + 1);
    return path.map((scope) => scope.node.id.replaceAll("-", "_")).join("_");
  }
}
