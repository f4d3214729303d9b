import { Token, type IResolvable } from "cdktf";

import { Expression, hcl, type Operand } from "./expression";

/*
 * An argument that is a list of objects takes an object only with all of the fields that the provider knows there, and
 * drops those that it does not know. So an object has every field of the newest provider: with what cdktf's types
 * write, the first provider that has one more refuses every plan.
 * https://developer.hashicorp.com/terraform/language/attr-as-blocks
 */

/**
 * Objects with all of their fields, those that nothing is said of as null.
 *
 * @param fields of an object, of the newest provider
 * @param objects as Terraform spells their fields
 * @throws Error when an object has a field that the provider does not know
 */
export function wholeObjects(fields: readonly string[], objects: readonly object[]): IResolvable {
  return Token.asAny(objects.map((said) => whole<unknown>(fields, said, null)));
}

/** One of {@link wholeObjects} inside an expression. */
export function wholeObject(fields: readonly string[], said: Readonly<Record<string, Operand>>): Expression {
  const all = Object.entries(whole<Operand>(fields, said, new Expression("null")));
  return new Expression(`{ ${all.map(([field, value]) => `${field} = ${hcl`${value}`.text}`).join(", ")} }`);
}

function whole<Value>(fields: readonly string[], said: object, nothing: Value): Record<string, Value> {
  const values = new Map<string, Value>(Object.entries(said));
  const unknown = [...values.keys()].filter((field) => !fields.includes(field));
  if (unknown.length > 0) throw new Error(`an object has ${fields.join(", ")}, got ${unknown.join(", ")}`);
  return Object.fromEntries(fields.map((field) => [field, values.get(field) ?? nothing]));
}
