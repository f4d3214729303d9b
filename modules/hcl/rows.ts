import { TerraformIterator, Token, type ITerraformIterator } from "cdktf";

import { Expression, hcl, type Named } from "./expression";

/**
 * Rows that only Terraform can count, by key: a resource that takes `forEach` from here has one instance per row, so that
 * removing the second of three does not touch the third.
 */
export class Rows<Column extends string> {
  readonly forEach: ITerraformIterator;
  /** Inside a resource with this `forEach`: the row's key. */
  readonly key = new Expression("each.key");

  /** @param all a map; its keys have to be known while Terraform plans */
  constructor(readonly all: Expression) {
    this.forEach = TerraformIterator.fromMap(Token.asAnyMap(all.asString));
  }

  /** The rows of a `list(object)`, keyed by the field `name`. */
  static byName<Column extends string>(list: Expression): Rows<Column> {
    return new Rows(hcl`{ for row in ${list} : row.name => row }`);
  }

  /** The values of a list of texts, each its own key. */
  static of(list: Expression): Rows<never> {
    return new Rows(hcl`{ for value in ${list} : value => value }`);
  }

  /** Inside a resource with this `forEach`: a column of its row. */
  value(column: Column): Expression {
    return new Expression(`each.value.${column}`);
  }
}

/** An attribute of the instance of `resource` that belongs to the row called `key`. */
export function ofRow(resource: Named, key: Expression | string, attribute: string): Expression {
  return hcl`${resource}[${key}].${new Expression(attribute)}`;
}

/** An attribute of every instance of `resource`, ordered by key. */
export function ofEveryRow(resource: Named, attribute: string): Expression {
  return hcl`values(${resource})[*].${new Expression(attribute)}`;
}
