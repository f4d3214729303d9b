import { TerraformElement, TerraformStack } from "cdktf";
import type { Construct, Node } from "constructs";

import { versionConstraint, type Provider } from "../../facts/provider-versions";

/**
 * A stack that names resources by their path alone (`network_vpc`), without the hash that cdktf adds: they are what
 * people read in every plan and type after `-target`, and what `moved` blocks name.
 */
export class ReadableStack extends TerraformStack {
  constructor(scope: Construct, id: string) {
    super(scope, id);
    // 1.9: validations that compare variables.
    this.addOverride("terraform.required_version", ">= 1.9.0");
  }

  /** Asks for the versions of a provider that were proven, instead of the one that the bindings were made from. */
  protected require(provider: Provider): void {
    this.addOverride(`terraform.required_providers.${provider}.version`, versionConstraint(provider));
  }

  protected override allocateLogicalId(element: TerraformElement | Node): string {
    const node = TerraformElement.isTerraformElement(element) ? element.node : element;
    const path = node.scopes.slice(node.scopes.indexOf(this) + 1);
    return path.map((scope) => scope.node.id.replaceAll("-", "_")).join("_");
  }
}
