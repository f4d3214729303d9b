import type { Rule } from "./description";

/**
 * A rule that Terraform alone judges, because it compares values or asks for more than one of them.
 *
 * @param condition in Terraform's language without `${}`, over several lines if it is long
 * @param message what is wrong, what was found, what is allowed, what to do; may have `${…}` of Terraform's inside
 */
export function rule(condition: string, message: string): Rule {
  return { condition: `\${${onOneLine(condition)}}`, errorMessage: onOneLine(message) };
}

/** What is written over several lines to be read, as one. */
export function onOneLine(text: string): string {
  return text.trim().replace(/\s*\n\s*/g, " ");
}

/** The rows of a map that are not null: those have a rule of their own, and the other rules would break on them. */
export function presentRows(name: string): string {
  return `{ for key, row in var.${name} : key => row if row != null }`;
}

/** Rules that every row of a map of objects keeps: a row is called `row` in them, and its key `key`. */
export interface RowRule {
  /** A condition; one that fails counts as broken. */
  readonly holds: string;
  /** What is allowed, after `NAME must`. */
  readonly must: string;
  /** An expression for what was found. */
  readonly got: string;
  /** What to do instead. */
  readonly cure?: string;
}

/** {@link RowRule}, as rules of the input `name`. */
export function everyRow(name: string, rules: readonly RowRule[]): readonly Rule[] {
  const rows = presentRows(name);
  return rules.map(({ holds, must, got, cure }) => {
    const kept = `try(${holds}, false)`;
    const shown = `try(coalesce(tostring(${got})), jsonencode(${got}), "nothing")`;
    const found = `join(", ", [for key, row in ${rows} : "\${key} (\${${shown}})" if !${kept}])`;
    return rule(
      `alltrue([for key, row in ${rows} : ${kept}])`,
      `${name} must ${must}, got \${${found}}${cure === undefined ? "" : `; ${cure}`}.`,
    );
  });
}
