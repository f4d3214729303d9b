/** By type of what a plan leaves as it is: the guards look at it where something of one of these types changes. */
const LOOKED_AT: Readonly<Record<string, readonly string[]>> = {
  aws_autoscaling_group: ["aws_eks_access_entry"],
  aws_eks_access_entry: ["aws_eks_access_entry", "aws_eks_access_policy_association", "aws_eks_cluster"],
  aws_eks_access_policy_association: ["aws_eks_access_entry", "aws_eks_access_policy_association", "aws_eks_cluster"],
  aws_eks_cluster: ["aws_eks_access_entry", "aws_eks_access_policy_association", "aws_vpc_ipv4_cidr_block_association"],
  aws_subnet: ["aws_subnet"],
};

/** What of a plan's JSON decides what is recorded of it. */
interface PlanJson {
  readonly [part: string]: unknown;
  readonly variables?: Readonly<Record<string, { readonly value?: unknown }>>;
  readonly resource_changes?: readonly {
    readonly mode: string;
    readonly type: string;
    readonly previous_address?: string;
    readonly change: { readonly actions: readonly string[] };
  }[];
  readonly output_changes?: Readonly<Record<string, { readonly actions: readonly string[] }>>;
  readonly checks?: readonly { readonly address: { readonly kind: string }; readonly status: string }[];
  readonly prior_state?: {
    readonly values?: {
      readonly root_module?: { readonly resources?: readonly { readonly mode: string; readonly type: string }[] };
    };
  };
  readonly configuration?: {
    readonly root_module?: { readonly variables?: Readonly<Record<string, { readonly default?: unknown }>> };
  };
}

/**
 * What is recorded of a plan's JSON: what nobody here reads is left out, and what is left is as Terraform wrote it, one
 * resource change to a line.
 *
 * - `resource_changes`: all but what stays as it is, of which those are kept that the guards look at, and where nothing
 *   changes the cluster.
 * - `variables`: none where something is updated or goes, as what is reckoned from them has nothing to do with that.
 * - `output_changes`: those that change.
 * - `checks`: none where all hold; else those of `check` blocks, and of all others those that do not hold.
 * - `prior_state`: the subnets that data sources have told.
 * - `configuration`: the defaults of the variables that are null.
 * - `planned_values`, `resource_drift`, `relevant_attributes`: nothing.
 */
export function cutPlan(text: string): string {
  const plan = JSON.parse(text) as PlanJson;
  const { variables = {}, prior_state: prior, configuration, resource_changes: changes = [], checks = [] } = plan;
  const stays = ({ change: { actions } }: { readonly change: { readonly actions: readonly string[] } }) =>
    actions[0] === "no-op";
  const changing = new Set([...changes.filter((it) => !stays(it)).map(({ type }) => type)]);
  const subnets = (prior?.values?.root_module?.resources ?? []).filter(
    ({ mode, type }) => mode === "data" && type === "aws_subnet",
  );
  const defaults = Object.entries(configuration?.root_module?.variables ?? {}).flatMap(([name, { default: value }]) =>
    value != null && variables[name]?.value === null ? [[name, { default: value }]] : [],
  );
  const left: Record<string, unknown> = {
    ...plan,
    ...(changes.some(({ change: { actions } }) => actions.some((it) => it === "update" || it === "delete")) && {
      variables: {},
    }),
    planned_values: {},
    resource_changes: changes.filter(
      (it) =>
        !stays(it) ||
        it.previous_address !== undefined ||
        (LOOKED_AT[it.type] ?? []).some((type) => changing.has(type)) ||
        (changing.size === 0 && it.type === "aws_eks_cluster"),
    ),
    output_changes: Object.fromEntries(
      Object.entries(plan.output_changes ?? {}).filter(([, { actions }]) => actions[0] !== "no-op"),
    ),
    checks: checks.every(({ status }) => status === "pass")
      ? []
      : checks.filter(({ address, status }) => address.kind === "check" || status !== "pass"),
    prior_state: { values: { root_module: { resources: subnets } } },
    configuration: { root_module: { variables: Object.fromEntries(defaults) as unknown } },
  };
  delete left["resource_drift"];
  delete left["relevant_attributes"];
  return lines(left);
}

/** JSON with a line for each item of a list. */
function lines(document: Readonly<Record<string, unknown>>): string {
  const parts = Object.entries(document).map(([name, part]) => {
    const text = Array.isArray(part) && part.length > 0 ? `[\n${part.map(line).join(",\n")}\n]` : line(part);
    return `${line(name)}: ${text}`;
  });
  return `{\n${parts.join(",\n")}\n}\n`;
}

function line(value: unknown): string {
  return JSON.stringify(value);
}

/** What is recorded of a state: all but conditions, of which nobody here reads anything. */
export function cutState(text: string): string {
  const state = JSON.parse(text) as Record<string, unknown>;
  delete state["check_results"];
  return lines(state);
}
