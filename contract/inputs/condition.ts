/** Something that holds for a value, or does not. */
export interface Test<Value> {
  readonly holds: (value: Value) => boolean;
  /** The same in Terraform's language, of the expression `it`. One that fails counts as false. */
  readonly hcl: (it: string) => string;
  /**
   * The same in the words of JSON Schema, where it has some.
   *
   * @see https://json-schema.org/draft/2020-12/json-schema-validation
   */
  readonly schema?: Readonly<Record<string, unknown>>;
}

/**
 * Something that has to hold for one value by itself. It is said once and judged twice, with the same sentence: by
 * `eks` when it reads tfvars, and by Terraform when it plans.
 */
export interface Condition<Value> extends Test<Value> {
  /** What a value has to be: `a whole number from 1 to 64`. Or all that follows `must`, by the field's name. */
  readonly must: string | ((field: string) => string);
  /** What to do instead. */
  readonly cure?: string | undefined;
  /** What was found. @default - the value in JSON */
  readonly got?: { readonly js: (value: Value) => string; readonly hcl: (it: string) => string };
}

/** What follows `must` in a sentence about a field, or about a whole input, whose field is called "". */
export function predicate({ must }: Pick<Condition<never>, "must">, field: string): string {
  if (typeof must === "function") return must(field);
  return field === "" ? `be ${must}` : `have ${must} as ${field}`;
}

/** A value in JSON, as Terraform's `jsonencode` writes it. */
export function json(value: unknown): string {
  // Terraform writes no exponent.
  if (typeof value === "number")
    return value.toLocaleString("en-US", { useGrouping: false, maximumFractionDigits: 20 });
  return JSON.stringify(value ?? null).replace(
    /[<>&\u2028\u2029]/g,
    (it) => `\\u${it.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

/** {@link json} in Terraform's language. */
export function jsonencode(it: string): string {
  return `jsonencode(${it})`;
}

/** A text in Terraform's language that stands for nothing but itself. */
export function quoted(text: string): string {
  return JSON.stringify(text).replace(/[$%]\{/g, (start) => start.charAt(0) + start);
}

/**
 * What JavaScript and Terraform (RE2) read differently, or only one of them reads: `.` and `\s` (which characters),
 * groups other than `(…)` and `(?:…)`, classes such as `[[:alpha:]]` and `[^]`, `\1`, and more than 1000 repetitions.
 *
 * @see https://github.com/google/re2/wiki/Syntax
 */
const READ_DIFFERENTLY =
  /\\[sSbBkxuA-CE-OQ-RT-VX-Z1-9]|\(\?(?!:)|\[\[:|\[\^?\]|\{\d*,?\d{4,}\}|^(?:[^[\\]|\\.|\[(?:[^\]\\]|\\.)*\])*?\./;

/**
 * Whether a text matches a pattern, which has to match in the same way here and in Terraform.
 *
 * @throws Error for a pattern that they may read differently
 */
export function matches(pattern: string): Required<Test<string>> {
  if (READ_DIFFERENTLY.test(pattern))
    throw new Error(`JavaScript and RE2 may read this pattern differently: ${pattern}`);
  const expression = new RegExp(pattern, "u");
  return {
    holds: (value) => expression.test(value),
    hcl: (it) => `can(regex(${quoted(pattern)}, ${it}))`,
    schema: { pattern },
  };
}

/** A text that matches a pattern; what it `must` be, in words. */
export function matching(pattern: string, must: Condition<string>["must"], cure?: string): Condition<string> {
  return { must, cure, ...matches(pattern) };
}

/** Whether several tests hold. */
export function allOf<Value>(...tests: readonly Test<Value>[]): Test<Value> {
  return {
    holds: (value) => tests.every(({ holds }) => holds(value)),
    hcl: (it) => tests.map(({ hcl }) => hcl(it)).join(" && "),
  };
}

/** Whether a test does not hold. */
export function not<Value>({ holds, hcl }: Test<Value>): Test<Value> {
  return { holds: (value) => !holds(value), hcl: (it) => `!${hcl(it)}` };
}

/** Whether a text has no space at either end. */
export const TRIMMED: Test<string> = {
  holds: (text) => text.trim() === text,
  hcl: (it) => `trimspace(${it}) == ${it}`,
};

/** Whether a text begins with another one. */
export function startsWith(start: string): Test<string> {
  return { holds: (text) => text.startsWith(start), hcl: (it) => `startswith(${it}, "${start}")` };
}

/** Whether a text has so many characters, or a list so many elements, at most. */
export function atMost(most: number): Test<{ readonly length: number }> {
  return { holds: ({ length }) => length <= most, hcl: (it) => `length(${it}) <= ${String(most)}` };
}

/** Whether a list has so many elements at least. */
export function atLeast(least: number): Test<readonly unknown[]> {
  return { holds: ({ length }) => length >= least, hcl: (it) => `length(${it}) >= ${String(least)}` };
}

/** How many elements a list has. */
export const COUNTED: NonNullable<Condition<readonly unknown[]>["got"]> = {
  js: ({ length }) => String(length),
  hcl: (it) => `length(${it})`,
};

/** Whether a value is one of a few. */
export function isOneOf<Value extends string | number>(allowed: readonly Value[]): Test<Value> {
  return {
    holds: (value) => allowed.includes(value),
    hcl: (it) => `contains(${JSON.stringify(allowed)}, ${it})`,
  };
}

/** Whether no element of a list of texts is there twice. */
export const DISTINCT: Test<readonly string[]> = {
  holds: (values) => new Set(values).size === values.length,
  hcl: (it) => `length(distinct(${it})) == length(${it})`,
};

/** The values that occur more than once in a list of texts, in Terraform's language. */
export function repeated(list: string): string {
  return `[for value, all in { for v in ${list} : v => v... if v != null } : value if length(all) > 1]`;
}

/** A list that names everything once; `what` one is called. */
export function distinct(what: string): Condition<readonly string[]> {
  const again = (values: readonly string[]) => [...new Set(values.filter((it, i) => values.indexOf(it) < i))].sort();
  return {
    must: (field) => (field === "" ? `name every ${what} once` : `have every ${what} once in ${field}`),
    ...DISTINCT,
    schema: { uniqueItems: true },
    got: {
      js: (values) => `more than once: ${again(values).join(", ")}`,
      hcl: (it) => `"more than once: \${join(", ", ${repeated(it)})}"`,
    },
  };
}
