/**
 * Something that has to hold for one value by itself. It is said once and judged twice, with the same sentence: by `eks` when
 * it reads tfvars, and by Terraform when it plans.
 */
export interface Condition<Value> {
  /** What a value has to be: `a whole number from 1 to 64`. In an object: what the field `as` has to be. */
  readonly must: string | ((as: string | undefined) => string);
  /** What to do instead. */
  readonly cure?: string;
  readonly holds: (value: Value) => boolean;
  /** The same in Terraform's language, of the expression `it`. One that fails counts as false. */
  readonly hcl: (it: string) => string;
  /** The same in the words of JSON Schema, where it has some. @see https://json-schema.org/draft/2020-12/json-schema-validation */
  readonly schema?: Readonly<Record<string, unknown>>;
  /** What was found. @default - the value in JSON */
  readonly got?: { readonly js: (value: Value) => string; readonly hcl: (it: string) => string };
}

/** What follows `must` in a sentence about a variable, or about the field `as` of one. */
export function predicate({ must }: Pick<Condition<never>, "must">, as?: string): string {
  if (typeof must === "function") return must(as);
  return as === undefined ? `be ${must}` : `have ${must} as ${as}`;
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
 * What JavaScript and Terraform (RE2) read differently, or only one of them reads: `.` and `\s` (which characters), groups
 * other than `(…)` and `(?:…)`, classes such as `[[:alpha:]]` and `[^]`, `\1`, and more than 1000 repetitions.
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
export function matches(pattern: string): Pick<Condition<string>, "holds" | "hcl" | "schema"> {
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
  return { must, ...(cure !== undefined && { cure }), ...matches(pattern) };
}

/** The values that occur more than once in a list of texts, in Terraform's language. */
export function repeated(list: string): string {
  return `[for value, all in { for v in ${list} : v => v... if v != null } : value if length(all) > 1]`;
}

/** No two elements of a list are the same. */
export function distinct(what: string): Condition<readonly string[]> {
  const again = (values: readonly string[]) => [...new Set(values.filter((it, i) => values.indexOf(it) < i))].sort();
  return {
    must: (as) => (as === undefined ? `name every ${what} once` : `have every ${what} once in ${as}`),
    holds: (values) => new Set(values).size === values.length,
    hcl: (it) => `length(distinct(${it})) == length(${it})`,
    schema: { uniqueItems: true },
    got: {
      js: (values) => `more than once: ${again(values).join(", ")}`,
      hcl: (it) => `"more than once: \${join(", ", ${repeated(it)})}"`,
    },
  };
}
