import { json, jsonencode, predicate, type Condition } from "./condition";
import { conditionsInside, isNullable, type Description, type Rule } from "./description";
import { presentRows, rule } from "./rule";

/**
 * Where conditions are judged: the value of an input, every element of a list, one field of every row, one field of an object.
 * For each place the same sentence is made twice: here from values, and in Terraform's language from expressions.
 */
export interface Place {
  /** What the sentence is about: `node_groups`, `secrets_encryption.rotation_days`. */
  readonly subject: string;
  /** The field of a row. */
  readonly as?: string;
  /** What elements of a list are, in the plural. */
  readonly many?: string;
  readonly conditions: readonly Condition<never>[];
  /** The value in Terraform's language, in a loop over `each`, where `label` tells one from another. */
  readonly hcl: { readonly it: string; readonly each?: string; readonly label?: string };
  /** True in Terraform's language where there is nothing to judge. */
  readonly nothing?: string;
  /** All values here; null where nothing is said. */
  readonly values: (value: unknown) => readonly Found[];
}

interface Found {
  readonly value: unknown;
  readonly label?: string;
}

type Row = Readonly<Record<string, unknown>>;

/** The places of an input. @throws Error for a condition that stands nowhere: one on an object in a list in an object */
export function placesOf(name: string, description: Description): readonly Place[] {
  const variable = `var.${name}`;
  const own: Place = {
    subject: name,
    conditions: description.conditions,
    hcl: { it: variable },
    ...(isNullable(description) && { nothing: `${variable} == null` }),
    values: (value) => [{ value }],
  };
  return [own, ...placesInside(name, variable, description)].filter(({ conditions }) => conditions.length > 0);
}

function placesInside(name: string, variable: string, description: Description): Place[] {
  const { kind, of, fields, many, labelledBy } = description;
  if (kind === "object") {
    return fieldPlaces(fields ?? {}, variable).map(({ as = "", ...place }) => ({
      ...place,
      subject: `${name}.${as}`,
      ...(place.nothing === undefined && isNullable(description) && { nothing: `${variable} == null` }),
      values: (value) => (value === null ? [] : place.values(value)),
    }));
  }
  if (of === undefined) return [];
  if (of.fields === undefined) {
    return [
      {
        subject: name,
        ...(many !== undefined && { many }),
        conditions: of.conditions,
        hcl: { it: "it", each: `it in ${variable}` },
        values: (value) => (value as readonly unknown[]).map((each) => ({ value: each })),
      },
    ];
  }
  const isMap = kind === "map";
  const each = isMap ? `key, row in ${presentRows(name)}` : `row in [for row in ${variable} : row if row != null]`;
  const label = isMap ? "key" : `coalesce(row.${labelledBy ?? ""}, "nothing")`;
  const rowsOf = (value: unknown) =>
    Object.entries(value as Readonly<Record<string, Row | null>>).flatMap(([key, row]) =>
      row === null ? [] : [{ row, label: isMap ? key : labelOf(row[labelledBy ?? ""]) }],
    );
  return [
    rowsThere(name, variable),
    ...fieldPlaces(of.fields, "row").map((place) => ({
      ...place,
      subject: name,
      hcl: { ...place.hcl, each, label },
      values: (value: unknown) =>
        rowsOf(value).flatMap(({ row, label: which }) =>
          place.values(row).map((found) => ({ ...found, label: which })),
        ),
    })),
  ];
}

/** What tells a row of a list from others: a text, or `nothing`. */
function labelOf(value: unknown): string {
  return typeof value === "string" ? value : "nothing";
}

/** No row is null: the other rules would break on one. */
function rowsThere(name: string, variable: string): Place {
  const isThere: Condition<never> = {
    must: () => "have a value in every row",
    cure: "leave the row out",
    holds: (value: unknown) => value !== null,
    hcl: (it) => `${it} != null`,
    got: { js: json, hcl: jsonencode },
  };
  return {
    subject: name,
    conditions: [isThere],
    hcl: { it: "row", each: `key, row in ${variable}`, label: "key" },
    values: (value) => Object.entries(value as object).map(([label, row]) => ({ value: row as unknown, label })),
  };
}

/** The fields of an object, those of objects in it among them. */
function fieldPlaces(fields: NonNullable<Description["fields"]>, object: string): Place[] {
  return Object.entries(fields).flatMap(([field, description]) => {
    const it = `${object}.${field}`;
    const nothing = isNullable(description) && { nothing: `try(${it}, null) == null` };
    const of = (value: unknown) => (value as Row)[field] ?? null;
    const own: Place = {
      subject: "",
      as: field,
      conditions: conditionsInside(description),
      hcl: { it },
      ...nothing,
      values: (value) => [{ value: of(value) }],
    };
    const inner = fieldPlaces(description.fields ?? {}, it).map((place) => ({
      ...place,
      ...nothing,
      as: `${field}.${place.as ?? ""}`,
      values: (value: unknown) => (of(value) === null ? [] : place.values(of(value))),
    }));
    const lost = Object.values(description.of?.fields ?? {}).some(({ conditions }) => conditions.length > 0);
    if (lost) throw new Error(`nobody judges the conditions inside ${it}`);
    return [own, ...inner];
  });
}

/** A condition at a place, in Terraform's language: when it holds, and the sentence when it does not. */
export function ruleAt(place: Place, condition: Condition<never>): Rule {
  const { it, each, label } = place.hcl;
  const shownAs = (condition.got?.hcl ?? jsonencode)(it);
  // Inside of something a value may be null, and Terraform works out every message, also of a condition that holds.
  const isWhole = /^var\.\w+$/.test(it);
  const judged = isWhole ? condition.hcl(it) : `try(${condition.hcl(it)}, false)`;
  const got = isWhole ? shownAs : `try(${shownAs}, "nothing")`;
  const kept = place.nothing === undefined ? judged : `${place.nothing} ? true : ${judged}`;
  if (each === undefined) return rule(kept, sentence(place, condition, `\${${got}}`));
  const shown = label === undefined ? got : `"\${${label}} (\${${got}})"`;
  return rule(
    `alltrue([for ${each} : ${kept}])`,
    sentence(place, condition, `\${join(", ", [for ${each} : ${shown} if !(${kept})])}`),
  );
}

/** The sentences about values at a place that break a condition. */
export function brokenAt(place: Place, value: unknown): readonly string[] {
  return place.conditions.flatMap((condition: Condition<never>) => {
    const holds = condition.holds as (value: unknown) => boolean;
    const show = (value: unknown) => {
      const shown = (condition.got?.js ?? json) as (value: unknown) => string;
      if (value !== null) return shown(value);
      // As `try` of Terraform's.
      try {
        return shown(value);
      } catch {
        return "nothing";
      }
    };
    const broken = place.values(value).filter((found) => {
      if (found.value !== null) return !holds(found.value);
      return place.nothing === undefined;
    });
    if (broken.length === 0) return [];
    const found = broken.map((it) => (it.label === undefined ? show(it.value) : `${it.label} (${show(it.value)})`));
    return [sentence(place, condition, found.join(", "))];
  });
}

function sentence({ subject, as, many }: Place, condition: Condition<never>, found: string): string {
  const must = many === undefined ? predicate(condition, as) : `hold ${many}`;
  const cure = condition.cure === undefined ? "" : `; ${condition.cure}`;
  return `${subject} must ${must}, got ${found}${cure}.`;
}
