import { z } from "zod";

import { isRecord, jsonIn } from "../contract/json";
import { UserError } from "../contract/user-error";
import { terraformCommand } from "./program";

/** What a plan does with something; `forget` drops it from the state and leaves it where it is. */
export type ChangeKind = "create" | "update" | "replace" | "destroy" | "forget" | "read" | "no-op";

/** A value as far as a plan knows it and may show it. */
export type PlannedValue =
  | { readonly is: "known"; readonly value: unknown }
  /** Only the apply will tell. */
  | { readonly is: "unknown" }
  | { readonly is: "sensitive" };

/** An attribute, and what becomes of its value. */
export interface AttributeChange {
  /** As people write it: `vpc_config[0].subnet_ids`. */
  readonly path: string;
  readonly before: PlannedValue;
  readonly after: PlannedValue;
}

/** What a plan does with one resource instance. */
export interface ResourceChange {
  /** `aws_subnet.network_private_subnet["private-subnet-a"]` */
  readonly address: string;
  /** The address that it has in the state, where a `moved` block takes it from. */
  readonly previousAddress?: string;
  readonly type: string;
  readonly name: string;
  /** False for a data source. */
  readonly isManaged: boolean;
  readonly kind: ChangeKind;
  /** Key of an object that an interrupted replacement left behind; the change is about that one alone. */
  readonly deposed?: string;
  /** Terraform's word for why, such as `replace_because_tainted`; it says none for the most usual ones. */
  readonly reason?: string;
  /** The attributes that force a replacement, by path. */
  readonly forcedBy: readonly AttributeChange[];
  /** The attributes that get another value where they are, by path; none of what is made, replaced or destroyed. */
  readonly changed: readonly AttributeChange[];
  /** Null where there is nothing before. */
  readonly before: Readonly<Record<string, unknown>> | null;
  /** Null where there is nothing after. What only the apply will tell is missing, see `unknown`. */
  readonly after: Readonly<Record<string, unknown>> | null;
  /** In the shape of `after`, true where only the apply will tell. */
  readonly unknown: unknown;
  /** Whether the state had it, and AWS has not: somebody has deleted it, or it is looked for in the wrong place. */
  readonly isGone: boolean;
  /** Types of what in the state was made from it, directly or not; undefined where the plan does not say. */
  readonly usedBy: readonly string[] | undefined;
}

/** What a data source has told, as far as the plan knows it. */
export interface DataSource {
  readonly type: string;
  readonly values: Readonly<Record<string, unknown>>;
}

/** A condition that does not hold, or that could not be evaluated. */
export interface FailedCheck {
  /** `check.bastion_reachable`, `var.vpc_cidr_block` */
  readonly address: string;
  /** A `check` warns; a condition of anything else stops Terraform. */
  readonly isWarning: boolean;
  readonly messages: readonly string[];
}

/** A plan as `terraform show -json PLANFILE` writes it, as far as anybody here needs it. */
export interface Plan {
  readonly changes: readonly ResourceChange[];
  /** Those that were read while planning. */
  readonly dataSources: readonly DataSource[];
  /**
   * By name, the defaults included, before Terraform converts them to their types: a number may be the text of one.
   */
  readonly variables: Readonly<Record<string, unknown>>;
  /** Names of those that get another value, or end. */
  readonly outputs: readonly string[];
  /** Values of outputs after the apply, by name; none of those that are sensitive, or that only the apply will tell. */
  readonly outputValues: Readonly<Record<string, unknown>>;
  readonly failedChecks: readonly FailedCheck[];
  /** Planning failed half-way: `changes` are only those up to there. */
  readonly isErrored: boolean;
}

/** What the rest of a plan says of its changes. */
interface About {
  readonly source: string;
  /** Addresses of what AWS does not have any more. */
  readonly gone: ReadonlySet<string>;
  /** What the state has; undefined where the plan does not say. */
  readonly known: readonly z.infer<typeof STATE_RESOURCE>[] | undefined;
}

const KINDS: Readonly<Record<string, ChangeKind>> = {
  "no-op": "no-op",
  create: "create",
  read: "read",
  update: "update",
  delete: "destroy",
  forget: "forget",
  "delete, create": "replace",
  "create, delete": "replace",
  "create, forget": "replace",
};

const ACTIONS = z.array(z.string()).min(1);
const OBJECT = z.record(z.string(), z.unknown());
const STEPS = z.array(z.union([z.string(), z.number()]));

const CHANGE = z.object({
  actions: ACTIONS,
  before: OBJECT.nullish(),
  after: OBJECT.nullish(),
  after_unknown: z.unknown().optional(),
  before_sensitive: z.unknown().optional(),
  after_sensitive: z.unknown().optional(),
  replace_paths: z.array(STEPS).optional(),
});

const RESOURCE = z.object({
  address: z.string(),
  previous_address: z.string().optional(),
  mode: z.enum(["managed", "data"]),
  type: z.string(),
  name: z.string(),
  deposed: z.string().optional(),
  action_reason: z.string().optional(),
  change: CHANGE,
});

const CHECK = z.object({
  address: z.object({ kind: z.string(), to_display: z.string() }),
  status: z.string(),
  instances: z.array(z.object({ problems: z.array(z.object({ message: z.string() })).optional() })).optional(),
});

const STATE_RESOURCE = z.object({
  mode: z.string(),
  type: z.string(),
  values: OBJECT.default({}),
  depends_on: z.array(z.string()).default([]),
});

/** @see https://developer.hashicorp.com/terraform/internals/json-format#plan-representation */
const PLAN = z.object({
  planned_values: z.object({
    outputs: z
      .record(z.string(), z.object({ sensitive: z.boolean().default(false), value: z.unknown().optional() }))
      .default({}),
  }),
  variables: z.record(z.string(), z.object({ value: z.unknown() })).default({}),
  prior_state: z
    .object({
      values: z
        .object({ root_module: z.object({ resources: z.array(STATE_RESOURCE).optional() }).optional() })
        .optional(),
    })
    .optional(),
  resource_changes: z.array(RESOURCE).default([]),
  resource_drift: z.array(z.object({ address: z.string(), change: z.object({ actions: ACTIONS }) })).default([]),
  output_changes: z.record(z.string(), z.object({ actions: ACTIONS })).default({}),
  configuration: z
    .object({
      root_module: z
        .object({ variables: z.record(z.string(), z.object({ default: z.unknown().optional() })).optional() })
        .optional(),
    })
    .optional(),
  checks: z.array(CHECK).default([]),
  errored: z.boolean().default(false),
});

/**
 * Reads what `terraform show -json PLANFILE` prints.
 *
 * @param source where the text comes from, for messages: a file's name or a command
 * @throws UserError when the text is no plan, or one in a form that this version does not know
 */
export function readPlan(json: string, source: string): Plan {
  const document = jsonIn(json);
  if (!isRecord(document)) throw notAPlan(source, json.trim() === "" ? "it is empty" : "it is no JSON object");
  if ("values" in document && !("planned_values" in document)) {
    throw notAPlan(
      source,
      `it is a state, as \`${terraformCommand()} show -json\` prints without the name of a plan file`,
    );
  }
  const version = document["format_version"];
  if (typeof version !== "string") throw notAPlan(source, "it has no format_version");
  if (!version.startsWith("1.")) {
    throw new UserError(
      `${source} is a plan in format ${version}, and only 1.x is known here; use a Terraform that writes it, or a ` +
        "newer version of this project",
    );
  }
  const { data: plan, error } = PLAN.safeParse(document);
  if (error !== undefined) {
    const problems = error.issues.slice(0, 3).map(({ path, message }) => `${readablePath(path)}: ${message}`);
    throw notAPlan(source, problems.join("; "));
  }

  const defaults = plan.configuration?.root_module?.variables;
  const known = plan.prior_state?.values?.root_module?.resources ?? [];
  const about = {
    source,
    gone: new Set(
      plan.resource_drift.filter(({ change }) => change.actions.join() === "delete").map(({ address }) => address),
    ),
    known: known.length === 0 ? undefined : known.filter(({ mode }) => mode === "managed"),
  };
  return {
    changes: plan.resource_changes.map((resource) => resourceChange(resource, about)),
    dataSources: known.filter(({ mode }) => mode === "data"),
    // A null that stands for the default is a null here.
    variables: Object.fromEntries(
      Object.entries(plan.variables).map(([name, { value }]) => [name, value ?? defaults?.[name]?.default ?? null]),
    ),
    outputs: Object.entries(plan.output_changes).flatMap(([name, { actions }]) =>
      kindOf(actions, `output.${name}`, source) === "no-op" ? [] : name,
    ),
    outputValues: Object.fromEntries(
      Object.entries(plan.planned_values.outputs).flatMap(([name, { sensitive, value }]) =>
        sensitive || value === undefined ? [] : [[name, value]],
      ),
    ),
    failedChecks: plan.checks.filter(({ status }) => status === "fail" || status === "error").map(failedCheck),
    isErrored: plan.errored,
  };
}

/** Whether what is there now ends, for good or for another one in its place. */
export function ends({ kind }: Pick<ResourceChange, "kind">): boolean {
  return kind === "destroy" || kind === "replace";
}

/** Whether only the apply will tell something at a path, or below it. */
export function isLater({ unknown }: Pick<ResourceChange, "unknown">, ...path: readonly (string | number)[]): boolean {
  return hasTrue(valueAt(unknown, ...path));
}

/** What stands at a path of values; undefined where nothing does. */
export function valueAt(values: unknown, ...path: readonly (string | number)[]): unknown {
  return path.reduce(inside, values);
}

/** A path of names and indexes as people write it: `vpc_config[0].subnet_ids`, `tags["a b"]`. */
export function readablePath(steps: readonly PropertyKey[]): string {
  return steps
    .map((step, i) => {
      if (typeof step === "number") return `[${String(step)}]`;
      const name = String(step);
      if (!/^[A-Za-z_][\w-]*$/.test(name)) return `[${JSON.stringify(name)}]`;
      return i === 0 ? name : `.${name}`;
    })
    .join("");
}

function notAPlan(source: string, why: string): UserError {
  const terraform = terraformCommand();
  return new UserError(
    `${source} is no plan: ${why}; \`${terraform} show -json PLANFILE\` prints one of a file that ` +
      `\`${terraform} plan -out=PLANFILE\` wrote`,
  );
}

function kindOf(actions: readonly string[], address: string, source: string): ChangeKind {
  const kind = KINDS[actions.join(", ")];
  if (kind !== undefined) return kind;
  throw notAPlan(source, `it does with ${address} what is not known here: ${actions.join(", ")}`);
}

function resourceChange(resource: z.infer<typeof RESOURCE>, { source, gone, known }: About): ResourceChange {
  const { address, previous_address, deposed, action_reason, change } = resource;
  const { actions, before = null, after = null } = change;
  const kind = kindOf(actions, address, source);
  const attribute = (steps: readonly (string | number)[]) => ({
    path: readablePath(steps),
    before: plannedValue(before, undefined, change.before_sensitive, steps),
    after: plannedValue(after, change.after_unknown, change.after_sensitive, steps),
  });
  // So the state names what a resource was made from.
  const withoutIndex = address.replace(/\[[^[\]]*\]$/, "");
  return {
    address,
    previousAddress: previous_address,
    type: resource.type,
    name: resource.name,
    isManaged: resource.mode === "managed",
    kind,
    deposed,
    reason: action_reason,
    // Terraform writes them now in one order, now in another.
    forcedBy: (change.replace_paths ?? []).map(attribute).sort((a, b) => (a.path < b.path ? -1 : 1)),
    changed: kind === "update" ? changedPaths(before, after, change.after_unknown ?? {}).map(attribute) : [],
    before,
    after,
    unknown: change.after_unknown ?? {},
    isGone: gone.has(address),
    usedBy: known?.filter(({ depends_on: from }) => from.includes(withoutIndex)).map(({ type }) => type),
  };
}

/** The value at a path: `unknown` and `sensitive` have the shape of the values, and are true wherever all below is. */
function plannedValue(
  value: unknown,
  unknown: unknown,
  sensitive: unknown,
  path: readonly (string | number)[],
): PlannedValue {
  if (hasTrue(path.reduce(inside, sensitive))) return { is: "sensitive" };
  if (hasTrue(path.reduce(inside, unknown))) return { is: "unknown" };
  return { is: "known", value: path.reduce(inside, value) ?? null };
}

/** The paths at which values differ, in the order of their names, as far in as both sides have the same shape. */
function changedPaths(before: unknown, after: unknown, unknown: unknown): (readonly (string | number)[])[] {
  if (unknown === true) return [[]];
  const steps = stepsOf(before, after, unknown);
  if (steps === undefined) return JSON.stringify(before ?? null) === JSON.stringify(after ?? null) ? [] : [[]];
  return steps.flatMap((step) => {
    const paths = changedPaths(inside(before, step), inside(after, step), inside(unknown, step));
    return paths.map((path) => [step, ...path]);
  });
}

/** The names or places by which two values are compared; undefined where they are compared as a whole. */
function stepsOf(before: unknown, after: unknown, unknown: unknown): (string | number)[] | undefined {
  if (isRecord(before) && isRecord(after)) {
    const later = isRecord(unknown) ? unknown : {};
    return Object.keys({ ...before, ...after, ...later }).sort();
  }
  // A list of plain values is one value: what stands at a place says nothing by itself.
  const areBlocks = [before, after].every((it) => Array.isArray(it) && it.every(isRecord));
  const [from, to] = [before, after] as [unknown[], unknown[]];
  return areBlocks && from.length === to.length ? [...from.keys()] : undefined;
}

/** What is one step further in; a mark that is true counts for all below it. */
function inside(value: unknown, step: string | number): unknown {
  if (value === true) return true;
  return (value as Readonly<Record<string | number, unknown>> | null | undefined)?.[step];
}

function hasTrue(marks: unknown): boolean {
  return marks === true || (typeof marks === "object" && marks !== null && Object.values(marks).some(hasTrue));
}

function failedCheck({ address, instances = [] }: z.infer<typeof CHECK>): FailedCheck {
  const messages = instances.flatMap(({ problems = [] }) => problems.map(({ message }) => message));
  return { address: address.to_display, isWarning: address.kind === "check", messages };
}
