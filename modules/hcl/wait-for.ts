import { dependable, type ITerraformDependable, type TerraformResource } from "cdktf";

/** Lets a resource wait for what was not there yet when it was declared. */
export function waitFor(resource: TerraformResource, dependables: readonly ITerraformDependable[]): void {
  resource.dependsOn = [...(resource.dependsOn ?? []), ...dependables.map(dependable)];
}
