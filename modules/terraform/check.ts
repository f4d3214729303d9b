import type { TerraformStack } from "cdktf";

/**
 * A `check` block: says something at every plan and apply without stopping either. cdktf 0.21 has no construct for it.
 *
 * @param name a Terraform identifier, unique in the stack
 * @see https://developer.hashicorp.com/terraform/language/checks
 */
export function warnUnless(
  stack: TerraformStack,
  name: string,
  {
    condition,
    message,
  }: {
    /** Terraform expression without `${}`; a constant one is refused by Terraform. */
    readonly condition: string;
    /** What is the matter and what to do. */
    readonly message: string;
  },
): void {
  stack.addOverride(`check.${name}`, { assert: [{ condition: `\${${condition}}`, error_message: message }] });
}
