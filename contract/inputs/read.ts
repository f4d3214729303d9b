import { isRecord } from "../json";
import { hint } from "../nearest";
import { json } from "./condition";
import type { Description } from "./description";
import { brokenAt, placesOf } from "./places";

/** A value of an input as Terraform takes it, or why it does not. */
export interface Read {
  /** With defaults filled in; undefined where something about its type is wrong. */
  readonly value?: unknown;
  /** What is wrong, each a sentence. */
  readonly problems: readonly string[];
}

/**
 * Reads what tfvars say of an input, as Terraform converts it: a number stands for a text and the other way round, an
 * object gets the defaults of its fields.
 *
 * Rules that compare inputs are Terraform's to judge.
 *
 * @see https://developer.hashicorp.com/terraform/language/expressions/types#type-conversion
 */
export function readInput(name: string, description: Description, given: unknown): Read {
  const mismatches: string[] = [];
  const value = converted(description, given, name, mismatches);
  if (mismatches.length > 0) return { problems: mismatches };
  return { value, problems: placesOf(name, description).flatMap((place) => brokenAt(place, value)) };
}

const NAMES = {
  text: "a text",
  number: "a number",
  flag: "true or false",
  list: "a list",
  map: "a map",
  object: "an object",
} as const;

function converted(description: Description, given: unknown, path: string, mismatches: string[]): unknown {
  if (given === null) return description.default ?? null;
  const { kind, of, fields = {} } = description;
  switch (kind) {
    case "text":
      if (typeof given === "string") return given;
      if (typeof given === "number" || typeof given === "boolean") return String(given);
      break;
    case "number":
      if (typeof given === "number") return given;
      if (typeof given === "string" && /^[+-]?\d+(\.\d+)?([eE][+-]?\d+)?$/.test(given)) return Number(given);
      break;
    case "flag":
      if (typeof given === "boolean") return given;
      // Terraform takes these four texts.
      if (given === "true" || given === "1") return true;
      if (given === "false" || given === "0") return false;
      break;
    case "list":
      if (Array.isArray(given) && of !== undefined) {
        return given.map((it, i) => converted(of, it, `${path}[${String(i)}]`, mismatches));
      }
      break;
    case "map":
      if (isRecord(given) && of !== undefined) {
        const rows = Object.entries(given).map(([key, it]) => [key, converted(of, it, `${path}.${key}`, mismatches)]);
        return Object.fromEntries(rows);
      }
      break;
    case "object":
      if (!isRecord(given)) break;
      return Object.fromEntries(
        Object.entries(fields).map(([field, its]) => {
          const said = given[field];
          if (said !== undefined) return [field, converted(its, said, `${path}.${field}`, mismatches)];
          if (its.default === undefined) mismatches.push(`${path} must have ${field}, got nothing.`);
          return [field, its.default];
        }),
      );
  }
  mismatches.push(`${path} must be ${NAMES[kind]}, got ${json(given)}.`);
  return undefined;
}

/** A field that no object of that kind has: Terraform drops it without a word. */
export interface UnknownField {
  readonly name: string;
  /** What is wrong, and which name was probably meant. */
  readonly said: string;
}

/** The fields in a value that its description does not know. */
export function unknownFields({ kind, of, fields = {} }: Description, given: unknown, path: string): UnknownField[] {
  if (typeof given !== "object" || given === null) return [];
  return Object.entries(given).flatMap(([key, it]) => {
    const isWord = kind !== "list" && /^[\w-]+$/.test(key);
    const at = isWord ? `${path}.${key}` : `${path}[${kind === "list" ? key : json(key)}]`;
    const part = kind === "object" ? fields[key] : of;
    if (part !== undefined) return unknownFields(part, it, at);
    return kind === "object"
      ? { name: key, said: `${path} has no attribute ${key}: ${hint(key, Object.keys(fields))}` }
      : [];
  });
}
