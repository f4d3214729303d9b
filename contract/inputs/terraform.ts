import type { Description, Rule } from "./description";
import { placesOf, ruleAt } from "./places";

/** A `variable` block of Terraform's, in the words of cdktf. */
export interface Variable {
  readonly type: string;
  readonly description: string;
  readonly nullable: boolean;
  /** JSON, or null. */
  readonly default: unknown;
  readonly validation: readonly Rule[];
}

/** What Terraform is told of an input. */
export function variableOf(name: string, description: Description): Variable {
  const rules: readonly Rule[] = [
    ...placesOf(name, description).flatMap((place) => place.conditions.map((condition) => ruleAt(place, condition))),
    ...description.rules,
  ];
  return {
    type: typeOf(description),
    description: description.says,
    nullable: description.default === null,
    default: description.default,
    validation: rules,
  };
}

const PRIMITIVES = { text: "string", number: "number", flag: "bool" } as const;

/** @see https://developer.hashicorp.com/terraform/language/expressions/type-constraints */
export function typeOf({ kind, of, fields = {} }: Description): string {
  switch (kind) {
    case "text":
    case "number":
    case "flag":
      return PRIMITIVES[kind];
    case "list":
    case "map":
      if (of === undefined) throw new Error(`a ${kind} holds something`);
      return `${kind}(${typeOf(of)})`;
    case "object":
      return `object({${Object.entries(fields)
        .map(([name, field]) => `${name}=${fieldType(field)}`)
        .join(", ")}})`;
  }
}

function fieldType(field: Description): string {
  if (field.default === undefined) return typeOf(field);
  return field.default === null
    ? `optional(${typeOf(field)})`
    : `optional(${typeOf(field)}, ${JSON.stringify(field.default)})`;
}
