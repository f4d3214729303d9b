import {
  Fn,
  TerraformIterator,
  Token,
  type IResolvable,
  type ITerraformIterator,
  type TerraformResource,
  type TerraformVariable,
} from "cdktf";

/**
 * The rows of a `list(object)` variable, which only Terraform can count: a resource that takes `forEach` from here has
 * one instance per row, keyed by the row's `name`, so that removing the second of three does not touch the third.
 */
export class Rows<Column extends string> {
  readonly forEach: ITerraformIterator;
  /** Inside a resource with this `forEach`: the row's name. */
  readonly key: string;
  private readonly iterator;

  constructor(private readonly variable: TerraformVariable) {
    this.iterator = TerraformIterator.fromComplexList(variable.value as IResolvable, "name");
    this.forEach = this.iterator;
    this.key = Token.asString(this.iterator.key);
  }

  /** Inside a resource with this `forEach`: a column of its row. */
  value(column: Column): string {
    return this.iterator.getString(column);
  }

  /** A column of the first row. */
  first(column: Column): string {
    return Token.asString(Fn.lookupNested(this.variable.listValue, [0, column]));
  }
}

/** An attribute of the instance of `resource` that belongs to the row called `key`. */
export function ofRow(resource: TerraformResource, key: string, attribute: string): string {
  return Token.asString(Fn.lookupNested(resource.fqn, [key, attribute]));
}

/** An attribute of every instance of `resource`, ordered by key. */
export function ofEveryRow(resource: TerraformResource, attribute: string): string[] {
  return Token.asList(Fn.lookupNested(Fn.values(resource.fqn), ["*", attribute]));
}
