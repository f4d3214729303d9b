import {
  Lazy,
  TerraformDataSource,
  TerraformLocal,
  TerraformResource,
  Token,
  type IResolvable,
  type IResolveContext,
  Tokenization,
} from "cdktf";

import { quoted } from "../../contract/inputs/condition";

const INDENTED_LINE_BREAK = /\s*\n\s*/g;

/**
 * An expression in Terraform's own language, for what cdktf's `Fn` and `Op` cannot say: `for` expressions, and whatever
 * has one inside. It stands by itself as an argument that takes a boolean, or blocks that the generated types know as
 * resolvable; it has braces around it only where it does not stand in another one.
 */
export class Expression implements IResolvable {
  readonly creationStack: string[] = [];

  constructor(readonly text: string) {}

  resolve({ suppressBraces }: IResolveContext): string {
    return suppressBraces === true ? this.text : `\${${this.text}}`;
  }

  toString(): string {
    return Token.asString(this);
  }

  /** As an argument that takes a string, or anything that the generated types take for one. */
  get asString(): string {
    return Token.asString(this);
  }

  get asNumber(): number {
    return Token.asNumber(this);
  }

  get asList(): string[] {
    return Token.asList(this);
  }
}

/**
 * A token inside an expression. cdktf knows by itself that it stands inside braces, but only up to the first that
 * closes, and then puts more around it.
 */
function inside(token: unknown): string {
  const produce = (context: IResolveContext): unknown => {
    const { suppressBraces } = context;
    context.suppressBraces = true;
    const resolved: unknown = context.resolve(token);
    context.suppressBraces = suppressBraces;
    return resolved;
  };
  return Token.asString(Lazy.anyValue({ produce }));
}

/** What has a name in Terraform's language. */
export type Named = TerraformResource | TerraformDataSource | TerraformLocal;

/** What an expression can have inside: another one, something by its name, or a value, which may be a token. */
export type Operand = Expression | Named | string | number | boolean | readonly string[];

/** The name of something in expressions, and in commands: `aws_vpc.network_vpc`. */
export function address(named: Named): string {
  if (named instanceof TerraformLocal) return `local.${named.friendlyUniqueId}`;
  const own = `${named.terraformResourceType}.${named.friendlyUniqueId}`;
  return named instanceof TerraformDataSource ? `data.${own}` : own;
}

/**
 * Text of an {@link Expression}.
 *
 * An interpolated expression stands in parentheses, a resource by its name, a value as a literal. One that only
 * Terraform knows stands by its name, too. What is written over several lines becomes one.
 *
 * @throws Error for a text that has such a value in it: it has no name
 * @see https://developer.hashicorp.com/terraform/language/expressions/for
 */
export function hcl(strings: TemplateStringsArray, ...operands: Operand[]): Expression {
  const text = strings.map(
    (part, i) => part.replace(INDENTED_LINE_BREAK, " ") + (i < operands.length ? operandText(operands[i] ?? "") : ""),
  );
  return new Expression(text.join("").trim());
}

function operandText(operand: Operand): string {
  if (operand instanceof Expression) return isName(operand.text) ? operand.text : `(${operand.text})`;
  if (typeof operand === "string" && Tokenization.reverseString(operand).length > 1) {
    throw new Error(`hcl takes a value or a text, not a text with a value in it, got ${operand}: use format(…)`);
  }
  if (Token.isUnresolved(operand)) return inside(operand);
  if (Array.isArray(operand)) return `[${operand.map(operandText).join(", ")}]`;
  if (typeof operand === "object") return address(operand as Named);
  return typeof operand === "string" ? quoted(operand) : JSON.stringify(operand);
}

function isName(text: string): boolean {
  return /^[\w.-]+$/.test(text);
}
