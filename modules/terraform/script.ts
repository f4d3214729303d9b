/**
 * Text of a script whose interpolated values belong to Terraform and whose every other `${` and `%{` belongs to the
 * shell.
 *
 * Without it a shell's `${HOME}` reaches Terraform as a reference to something called `HOME`.
 *
 * @see https://developer.hashicorp.com/terraform/language/expressions/strings#escape-sequences
 */
export function script(strings: TemplateStringsArray, ...values: string[]): string {
  return strings.map((part, i) => part.replace(/([$%])\{/g, "$1$1{") + (values[i] ?? "")).join("");
}
