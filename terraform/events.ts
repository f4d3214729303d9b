import { z } from "zod";

import { jsonIn } from "../contract/json";

/** What Terraform is doing, as far as a reader wants to know. */
export type TerraformEvent =
  /** It begins with, goes on with, has done or has failed to do something to one resource. */
  | {
      readonly kind: "resource";
      readonly address: string;
      /** `create`, `read`, `update`, `delete` or `refresh` */
      readonly action: string;
      readonly phase: "start" | "progress" | "complete" | "errored";
      readonly seconds: number;
    }
  /** It is going to do something to one resource: `create`, `update`, `delete`, `replace`, … */
  | { readonly kind: "planned"; readonly address: string; readonly action: string }
  | { readonly kind: "diagnostic"; readonly severity: "error" | "warning"; readonly text: string }
  /** Anything else. */
  | { readonly kind: "other"; readonly text: string };

const HOOK = z.object({
  type: z.enum([
    "apply_start",
    "apply_progress",
    "apply_complete",
    "apply_errored",
    "refresh_start",
    "refresh_complete",
  ]),
  hook: z.object({
    resource: z.object({ addr: z.string() }),
    action: z.string().optional(),
    elapsed_seconds: z.number().optional(),
  }),
});
const PLANNED = z.object({
  type: z.literal("planned_change"),
  change: z.object({ resource: z.object({ addr: z.string() }), action: z.string() }),
});
const DIAGNOSTIC = z.object({
  type: z.literal("diagnostic"),
  diagnostic: z.object({
    severity: z.enum(["error", "warning"]),
    summary: z.string(),
    detail: z.string().optional(),
    address: z.string().optional(),
    range: z.object({ filename: z.string(), start: z.object({ line: z.number() }) }).optional(),
  }),
});
const MESSAGE = z.object({ "@message": z.string() });

/**
 * Reads a line of Terraform's machine-readable output; undefined when it is none.
 *
 * @see https://developer.hashicorp.com/terraform/internals/machine-readable-ui
 */
export function readEvent(line: string): TerraformEvent | undefined {
  const json = jsonIn(line);
  const hook = HOOK.safeParse(json);
  if (hook.success) {
    const { type, hook: about } = hook.data;
    const [verb = "", phase = ""] = type.split("_");
    return {
      kind: "resource",
      address: about.resource.addr,
      action: about.action ?? verb,
      phase: phase as "start" | "progress" | "complete" | "errored",
      seconds: about.elapsed_seconds ?? 0,
    };
  }
  const planned = PLANNED.safeParse(json);
  if (planned.success) {
    const { resource, action } = planned.data.change;
    return { kind: "planned", address: resource.addr, action };
  }
  const diagnostic = DIAGNOSTIC.safeParse(json);
  if (diagnostic.success) {
    const { severity, summary, detail = "", address, range } = diagnostic.data.diagnostic;
    const words = [summary, detail.replace(RULE_PLACE, "")].filter((part) => part !== "").join(": ");
    const text = words.replaceAll(/\s*\n\s*/g, " ").trim();
    const place = placeOf(range);
    const about = [address, place].filter((it) => it !== undefined && !text.includes(it));
    return { kind: "diagnostic", severity, text: about.length === 0 ? text : `${text} (${about.join(", ")})` };
  }
  const message = MESSAGE.safeParse(json);
  return message.success ? { kind: "other", text: message.data["@message"] } : undefined;
}

/** A line of the JSON that cdktf writes says nothing to a person who writes tfvars. */
const RULE_PLACE = /\s*This was checked by the validation rule at \S+\.tf\.json:[\d,-]+\.$/;

function placeOf(range: { readonly filename: string; readonly start: { readonly line: number } } | undefined) {
  if (range === undefined || range.filename.endsWith(".tf.json") || range.filename.startsWith("<")) return undefined;
  return `${range.filename}:${String(range.start.line)}`;
}

/** Where Terraform is, from what it tells. */
export class Progress {
  readonly #running = new Set<string>();
  readonly #done = new Map<string, number>();
  #planned = 0;
  #applies = false;

  /** @returns what it is busy with, in words; undefined when that is as before */
  told(event: TerraformEvent): string | undefined {
    if (event.kind === "planned") this.#planned += STEPS[event.action] ?? 0;
    if (event.kind !== "resource" || event.phase === "progress") return undefined;
    const { address, action, phase } = event;
    if (action in STEPS) this.#applies = true;
    if (phase === "start") this.#running.add(`${action} ${address}`);
    else this.#running.delete(`${action} ${address}`);
    if (phase === "complete") this.#done.set(action, (this.#done.get(action) ?? 0) + 1);
    const [first, ...others] = this.#running;
    if (first === undefined) return this.#soFar();
    return `${this.#soFar()} · ${first}${others.length === 0 ? "" : ` and ${String(others.length)} more`}`;
  }

  /** How many resources it has done what with. */
  summary(): string {
    const counts = [...this.#done].map(([action, count]) => `${String(count)} ${PAST[action] ?? action}`);
    return counts.length === 0 ? "nothing" : counts.join(", ");
  }

  #soFar(): string {
    const steps = [...this.#done].reduce((sum, [action, count]) => sum + (action in STEPS ? count : 0), 0);
    // A plan announces as well, what an apply will do.
    if (this.#applies && this.#planned > 0) return `${String(steps)} of ${String(this.#planned)} done`;
    return this.#done.size === 0 ? "begun" : this.summary();
  }
}

/** How many times Terraform will say that it has begun and ended, for what it has announced. */
const STEPS: Readonly<Record<string, number>> = { create: 1, update: 1, delete: 1, replace: 2 };

const PAST: Readonly<Record<string, string>> = {
  create: "created",
  read: "read",
  update: "changed",
  delete: "destroyed",
  refresh: "looked at",
};

/** Resources of the root module by their type, in words: `3 aws_subnet, aws_vpc`. @param addresses or types */
export function countByType(addresses: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const address of addresses) {
    const [type = address] = address.split(".");
    counts.set(type, (counts.get(type) ?? 0) + 1);
  }
  return [...counts].map(([type, count]) => (count === 1 ? type : `${String(count)} ${type}`)).join(", ");
}
