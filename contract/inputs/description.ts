import { isOneOf, type Condition } from "./condition";
import type { Rule } from "./rule";

/** The kinds of values that a tfvars file can hold. */
export type Kind = "text" | "number" | "flag" | "list" | "map" | "object";

/**
 * What one input is, or a field of one, or what a list or a map holds: the one place that says it.
 *
 * From it come the variable of Terraform (terraform.ts), what `eks` reads (read.ts), and the documents (document.ts).
 */
export interface Description<Value = unknown> {
  readonly kind: Kind;
  /** For people, in one or two sentences. */
  readonly says: string;
  /** Of an input or a field that is left out; null where nothing stands for it. Absent: it has to be said. */
  readonly default?: unknown;
  /** What a value is, for the compiler alone. */
  readonly type?: Value;
  /** What has to hold for a value that is not null. */
  readonly conditions: readonly Condition<never>[];
  readonly rules: readonly Rule[];
  /** What a list or a map holds. */
  readonly of?: Description;
  /** What all elements of a list are, in the plural: `address ranges without host bits`. */
  readonly many?: string;
  /** The fields of an object, by name. */
  readonly fields?: Fields;
}

/** Descriptions by the names that a tfvars file has for them. */
export type Fields = Readonly<Record<string, Description>>;

/** The value of a description, after defaults. */
export type ValueOf<D extends Description> = D extends Description<infer Value> ? Value : never;

/** The values of descriptions by name, after defaults. */
export type ValuesOf<F extends Fields> = { readonly [Name in keyof F]: ValueOf<F[Name]> };

/** What can be said of every input and every field. */
interface Options<Value, Default extends Value | null> {
  readonly says?: string;
  readonly default?: Default;
  readonly conditions?: readonly Condition<Value>[];
  readonly rules?: readonly Rule[];
}

/** With the default null the value may be null. */
type Described<Value, Default> = Description<Value | Extract<NoInfer<Default>, null>>;

function described<Value, Default extends Value | null>(
  kind: Kind,
  { says = "", conditions = [], rules = [], ...options }: Options<Value, Default>,
): Described<Value, Default> {
  return { kind, says, conditions, rules, ...options };
}

/** Makes the function that describes values of a kind. */
function describing<Value>(kind: Kind) {
  return <Default extends Value | null = Value>(options: Options<Value, Default> = {}) => described(kind, options);
}

/** A text. */
export const text = describing<string>("text");

/** A number. */
export const number = describing<number>("number");

/** true or false. */
export const flag = describing<boolean>("flag");

/** A whole number in a range, both ends among it. */
export function whole<Default extends number | null = number>({
  from,
  to,
  unit,
  ...options
}: Options<number, Default> & { readonly from: number; readonly to: number; readonly unit?: string }): Described<
  number,
  Default
> {
  const inRange: Condition<number> = {
    must: `a whole number${unit === undefined ? "" : ` of ${unit}`} from ${String(from)} to ${String(to)}`,
    holds: (value) => Number.isInteger(value) && value >= from && value <= to,
    hcl: (it) => `floor(${it}) == ${it} && ${it} >= ${String(from)} && ${it} <= ${String(to)}`,
    schema: { type: "integer", minimum: from, maximum: to },
  };
  return number({ ...options, conditions: [inRange, ...(options.conditions ?? [])] });
}

/** One of a few texts. */
export function oneOf<const Text extends string, Default extends Text | null = Text>(
  allowed: readonly Text[],
  options: Options<Text, Default> = {},
): Described<Text, Default> {
  const isOne: Condition<Text> = {
    must: inWords(allowed),
    ...isOneOf(allowed),
    schema: { enum: allowed },
  };
  return described("text", { ...options, conditions: [isOne, ...(options.conditions ?? [])] });
}

/** `a, b or c` */
export function inWords(values: readonly (string | number)[]): string {
  const last = values.length - 1;
  return [values.slice(0, last).join(", "), values[last]].filter((it) => it !== "").join(" or ");
}

/** A list. */
export function listOf<Value, Default extends readonly Value[] | null = readonly Value[]>(
  of: Description<Value>,
  options: Options<readonly Value[], Default> & Pick<Description, "many"> = {},
): Described<readonly Value[], Default> {
  return { ...described("list", options), of };
}

/** A map by names of the user's own. */
export function mapOf<Value, Default extends Readonly<Record<string, Value>> | null = Readonly<Record<string, Value>>>(
  of: Description<Value>,
  options: Options<Readonly<Record<string, Value>>, Default> = {},
): Described<Readonly<Record<string, Value>>, Default> {
  return { ...described("map", options), of };
}

/** An object. */
export function object<const F extends Fields, Default extends ValuesOf<F> | null = ValuesOf<F>>(
  fields: F,
  options: Options<ValuesOf<F>, Default> = {},
): Described<ValuesOf<F>, Default> {
  return { ...described<ValuesOf<F>, Default>("object", options), fields };
}

/**
 * Inputs by name, for their types.
 *
 * @throws Error when one has no sentence for people, or no default: nothing has to be said for a first plan
 */
export function inputs<const F extends Fields>(all: F): F {
  for (const [name, { says, default: otherwise }] of Object.entries(all)) {
    if (says === "" || otherwise === undefined) throw new Error(`${name} needs says and a default`);
  }
  return all;
}

/** Whether a value may be null. */
export function isNullable({ default: otherwise }: Description): boolean {
  return otherwise === null;
}
