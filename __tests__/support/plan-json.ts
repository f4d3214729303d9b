import { readPlan, type Plan } from "../../terraform/plan-file";

/** What a resource change of a plan's JSON may say; the rest is filled in. */
export interface ChangeJson {
  readonly address: string;
  readonly actions: readonly string[];
  readonly before?: Record<string, unknown> | null;
  readonly after?: Record<string, unknown> | null;
  readonly unknown?: Record<string, unknown>;
  readonly sensitive?: Record<string, unknown>;
  readonly replacePaths?: readonly (readonly (string | number)[])[];
  readonly reason?: string;
  readonly previousAddress?: string;
  readonly deposed?: string;
  readonly mode?: string;
}

/** A document as `terraform show -json PLANFILE` prints it (Terraform 1.11), with these resource changes. */
export function planDocument(changes: readonly ChangeJson[], more: Record<string, unknown> = {}) {
  return {
    format_version: "1.2",
    terraform_version: "1.11.4",
    planned_values: {},
    configuration: {},
    applyable: true,
    complete: true,
    errored: false,
    resource_changes: changes.map((change) => {
      const [, type = "", name = ""] = /^([^.[]+)\.([^.[]+)/.exec(change.address) ?? [];
      return {
        address: change.address,
        ...(change.previousAddress !== undefined && { previous_address: change.previousAddress }),
        mode: change.mode ?? "managed",
        type,
        name,
        ...(change.deposed !== undefined && { deposed: change.deposed }),
        ...(change.reason !== undefined && { action_reason: change.reason }),
        change: {
          actions: change.actions,
          before: change.before ?? null,
          after: change.after ?? null,
          after_unknown: change.unknown ?? {},
          before_sensitive: change.sensitive ?? {},
          after_sensitive: change.sensitive ?? {},
          ...(change.replacePaths !== undefined && { replace_paths: change.replacePaths }),
        },
      };
    }),
    ...more,
  };
}

/** A plan with these resource changes, read as the command reads it. */
export function planOf(changes: readonly ChangeJson[], more?: Record<string, unknown>): Plan {
  return readPlan(JSON.stringify(planDocument(changes, more)), "plan");
}
