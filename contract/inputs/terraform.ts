import { isNullable, type Description } from "./description";
import { placesOf, ruleAt } from "./places";

/** What Terraform is told of an input: a `variable` block, in the words of cdktf. */
export function variableOf(name: string, description: Description) {
  const conditions = placesOf(name, description).flatMap((place) =>
    place.conditions.map((condition) => ruleAt(place, condition)),
  );
  return {
    type: typeOf(description),
    description: description.says,
    nullable: isNullable(description),
    default: description.default,
    validation: [...conditions, ...description.rules],
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
