import { DISTINCT, repeated } from "./condition";

/** A rule that compares values, or says more than a condition of one value can: Terraform alone judges it. */
export interface Rule {
  /** `${…}` of Terraform's. It has to name the variable that it belongs to. */
  readonly condition: string;
  /** What is wrong, what was found, what is allowed, what to do; may have `${…}` inside. */
  readonly errorMessage: string;
}

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
function onOneLine(text: string): string {
  return text.trim().replace(/\s*\n\s*/g, " ");
}

/** Rules that have nothing to say where `exception`, an expression, is true. */
export function unless(exception: string, rules: readonly Rule[]): readonly Rule[] {
  return rules.map(({ condition, errorMessage }) => ({
    condition: `\${${exception} ? true : (${condition.slice(2, -1)})}`,
    errorMessage,
  }));
}

/** A message of a rule, made from the expression of what was found. */
type Message = (found: string) => string;

/**
 * Every element of a loop keeps a condition.
 *
 * @param each the loop: `row in var.subnets`
 * @param shown an expression for one that breaks it
 */
export function every(each: string, holds: string, shown: string, message: Message): Rule {
  return rule(`alltrue([for ${each} : ${holds}])`, message(joined(`[for ${each} : ${shown} if !(${holds})]`)));
}

/** There is nothing in a list of what is wrong. */
export function none(wrong: string, message: Message, separator = ", "): Rule {
  return rule(`length(${wrong}) == 0`, message(joined(wrong, separator)));
}

/** No text is in a list twice. */
export function once(texts: string, message: Message): Rule {
  return rule(DISTINCT.hcl(texts), message(joined(repeated(texts))));
}

function joined(texts: string, separator = ", "): string {
  return `\${join("${separator}", ${texts})}`;
}

/** The rows of a map that are not null: those have a rule of their own, and the other rules would break on them. */
export function presentRows(name: string): string {
  return `{ for key, row in var.${name} : key => row if row != null }`;
}

/** A rule that every row of a map of objects keeps: a row is called `row` in it, and its key `key`. */
export interface RowRule {
  /** A condition; one that fails counts as broken. */
  readonly holds: string;
  /** What is allowed, after `NAME must`. */
  readonly must: string;
  /** An expression for what was found. */
  readonly got: string;
  /** What to do instead. */
  readonly cure?: string | undefined;
}

/** Rules of the rows of the input `name`. */
export function everyRow(name: string, rules: readonly RowRule[]): readonly Rule[] {
  return rules.map(({ holds, must, got, cure }) => {
    const shown = `try(coalesce(tostring(${got})), jsonencode(${got}), "nothing")`;
    return every(
      `key, row in ${presentRows(name)}`,
      `try(${holds}, false)`,
      `"\${key} (\${${shown}})"`,
      (found) => `${name} must ${must}, got ${found}${cure === undefined ? "" : `; ${cure}`}.`,
    );
  });
}
