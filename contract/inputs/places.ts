import { json, jsonencode, predicate, type Condition } from "./condition";
import { isNullable, type Description, type Fields } from "./description";
import { every, presentRows, rule, type Rule } from "./rule";

/**
 * Where conditions are judged: an input, every element of a list, one field of every row, one field of an object.
 * For each place the same sentence is made twice: here from values, and in Terraform's language from expressions.
 */
export interface Place {
  /** Of the input. */
  readonly name: string;
  /** What is judged one by one. @default - the input is one thing */
  readonly loop?: Loop;
  /** The names of fields that lead to the value, from the input or from a row. */
  readonly path: readonly string[];
  /** What elements of a list are, in the plural. */
  readonly many?: string | undefined;
  readonly conditions: readonly Condition<never>[];
  /** True in Terraform's language where there is nothing to judge. */
  readonly nothing?: string | undefined;
}

/** One value of a place, and what tells it from others. */
interface Found {
  readonly value: unknown;
  readonly label?: string;
}

/** The elements of an input: in Terraform's language, and as values. */
interface Loop {
  /** `row in var.NAME` */
  readonly each: string;
  /** What `each` calls an element. */
  readonly it: string;
  /** What tells an element from others. */
  readonly label?: string;
  readonly elements: (value: object) => readonly Found[];
}

/**
 * The places of an input.
 *
 * @throws Error for a condition that stands nowhere: one on an object in a list in an object
 */
export function placesOf(name: string, description: Description): readonly Place[] {
  const variable = `var.${name}`;
  const { conditions, of, fields, many } = description;
  const input: Place = {
    name,
    path: [],
    conditions,
    nothing: isNullable(description) ? `${variable} == null` : undefined,
  };
  return [input, ...fieldPlaces(fields ?? {}, input), ...elementPlaces()].filter((it) => it.conditions.length > 0);

  function elementPlaces(): readonly Place[] {
    if (of === undefined) return [];
    const place = { name, path: [] };
    const elements = (value: object) => Object.entries(value).map(([label, it]) => ({ value: it as unknown, label }));
    if (of.fields === undefined) {
      const withoutLabel = (value: object) => elements(value).map((element) => ({ value: element.value }));
      const loop = { each: `it in ${variable}`, it: "it", elements: withoutLabel };
      return [{ ...place, many, conditions: of.conditions, loop }];
    }
    const loop = { each: `key, row in ${presentRows(name)}`, it: "row", label: "key", elements };
    return [
      { ...place, conditions: [IS_THERE], loop: { ...loop, each: `key, row in ${variable}` } },
      ...fieldPlaces(of.fields, { ...place, conditions: [], loop }),
    ];
  }
}

/** No row is null: the other rules would break on one. */
const IS_THERE: Condition<never> = {
  must: () => "have a value in every row",
  cure: "leave the row out",
  holds: (row: unknown) => row !== null,
  hcl: (it) => `${it} != null`,
};

/** The fields of an object, those of objects in it among them. */
function fieldPlaces(fields: Fields, object: Place): Place[] {
  return Object.entries(fields).flatMap(([field, description]) => {
    const own = { ...object, path: [...object.path, field], conditions: conditionsInside(description) };
    const place = isNullable(description) ? { ...own, nothing: `try(${expression(own)}, null) == null` } : own;
    if (Object.values(description.of?.fields ?? {}).some(({ conditions }) => conditions.length > 0))
      throw new Error(`nobody judges the conditions inside ${expression(place)}`);
    return [place, ...fieldPlaces(description.fields ?? {}, place)];
  });
}

/** What a field has to keep: of a list that of its elements, too. */
function conditionsInside({ conditions, of, kind }: Description): readonly Condition<never>[] {
  return kind === "list" && of !== undefined ? [...conditions, ...of.conditions.map(ofEveryElement)] : conditions;
}

function ofEveryElement({ holds, hcl, ...condition }: Condition<never>): Condition<never> {
  return {
    ...condition,
    holds: (values: readonly unknown[]) => values.every((value) => value !== null && holds(value as never)),
    hcl: (it) => `alltrue([for value in ${it} : try(${hcl("value")}, false)])`,
    got: { js: json, hcl: jsonencode },
  };
}

/** The value of a place in Terraform's language. */
function expression({ name, loop, path }: Place): string {
  return [loop?.it ?? `var.${name}`, ...path].join(".");
}

/** All values of a place; null where nothing is said. */
function valuesAt({ loop, path }: Place, input: unknown): readonly Found[] {
  const found = loop === undefined ? [{ value: input }] : loop.elements(input as object);
  return path.reduce<readonly Found[]>(
    (objects, field) =>
      objects.flatMap(({ value: object, ...rest }) =>
        object === null ? [] : [{ ...rest, value: (object as Readonly<Record<string, unknown>>)[field] ?? null }],
      ),
    found,
  );
}

/** A condition at a place, in Terraform's language: when it holds, and the sentence when it does not. */
export function ruleAt(place: Place, condition: Condition<never>): Rule {
  const { loop, path, nothing } = place;
  const it = expression(place);
  const shownAs = (condition.got?.hcl ?? jsonencode)(it);
  // Inside of something a value may be null, and Terraform works out every message, also of a condition that holds.
  const isInput = loop === undefined && path.length === 0;
  const judged = isInput ? condition.hcl(it) : `try(${condition.hcl(it)}, false)`;
  const got = isInput ? shownAs : `try(${shownAs}, "nothing")`;
  const kept = nothing === undefined ? judged : `${nothing} ? true : ${judged}`;
  if (loop === undefined) return rule(kept, sentence(place, condition, `\${${got}}`));
  const shown = loop.label === undefined ? got : `"\${${loop.label}} (\${${got}})"`;
  return every(loop.each, kept, shown, (found) => sentence(place, condition, found));
}

/** The sentences about values at a place that break a condition. */
export function brokenAt(place: Place, input: unknown): readonly string[] {
  return place.conditions.flatMap((condition) => {
    const show = condition.got?.js ?? json;
    const broken = valuesAt(place, input).filter(({ value }) =>
      value === null ? place.nothing === undefined : !condition.holds(value as never),
    );
    if (broken.length === 0) return [];
    const found = broken.map(({ value, label }) => {
      const shown = orNothing(() => show(value as never));
      return label === undefined ? shown : `${label} (${shown})`;
    });
    return [sentence(place, condition, found.join(", "))];
  });
}

/** As `try(…, "nothing")` of Terraform's: not every condition can show a null. */
function orNothing(show: () => string): string {
  try {
    return show();
  } catch {
    return "nothing";
  }
}

function sentence({ name, loop, path, many }: Place, condition: Condition<never>, found: string): string {
  const [subject, field] = loop === undefined ? [[name, ...path].join("."), ""] : [name, path.join(".")];
  const must = many === undefined ? predicate(condition, field) : `hold ${many}`;
  const cure = condition.cure === undefined ? "" : `; ${condition.cure}`;
  return `${subject} must ${must}, got ${found}${cure}.`;
}
