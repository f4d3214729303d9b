import { quoted } from "../../contract/inputs/condition";
import { Expression, hcl, type Operand } from "./expression";

/**
 * A text in Terraform's language whose interpolated values belong to Terraform and whose every other `${` and `%{` is
 * the text's own: a shell's `${HOME}` is not to be read as a reference to something called `HOME`.
 *
 * A string among the values is text as well.
 *
 * @see https://developer.hashicorp.com/terraform/language/expressions/strings#escape-sequences
 */
export function script(strings: TemplateStringsArray, ...values: Operand[]): Expression {
  const parts = strings.map((part, i) => {
    const value = values[i] ?? "";
    return literal(part) + (typeof value === "string" ? literal(value) : `\${${hcl`${value}`.text}}`);
  });
  return new Expression(`"${parts.join("")}"`);
}

/** What stands between the quotes of a string. */
function literal(text: string): string {
  return quoted(text).slice(1, -1);
}
