import { z } from "zod";

import { jsonIn } from "../contract/json";

/** A place in the JSON that cdktf writes, at the end of a message. */
const RULE_PLACE = /\s*This was checked by the validation rule at \S+\.tf\.json:[\d,-]+\.$/;

/** What Terraform calls a begin, a step or an end of something that it does with one resource. */
const HOOK_TYPES = [
  "apply_start",
  "apply_progress",
  "apply_complete",
  "apply_errored",
  "refresh_start",
  "refresh_complete",
] as const;

/** It begins with, goes on with, has done or has failed to do something to one resource. */
const RESOURCE = z
  .object({
    type: z.enum(HOOK_TYPES),
    hook: z.object({
      resource: z.object({ addr: z.string() }),
      /** `create`, `read`, `update` or `delete` */
      action: z.string().optional(),
      elapsed_seconds: z.number().default(0),
    }),
  })
  .transform(({ type, hook }) => {
    const [verb, phase] = type.split("_") as ["apply" | "refresh", "start" | "progress" | "complete" | "errored"];
    return {
      kind: "resource" as const,
      address: hook.resource.addr,
      action: hook.action ?? verb,
      phase,
      seconds: hook.elapsed_seconds,
    };
  });

/** It is going to do something to one resource: `create`, `update`, `delete`, `replace`, … */
const PLANNED = z
  .object({
    type: z.literal("planned_change"),
    change: z.object({ resource: z.object({ addr: z.string() }), action: z.string() }),
  })
  .transform(({ change }) => ({ kind: "planned" as const, address: change.resource.addr, action: change.action }));

/** It finds something wrong or odd. */
export const DIAGNOSTIC = z.object({
  type: z.literal("diagnostic"),
  diagnostic: z.object({
    severity: z.enum(["error", "warning"]),
    summary: z.string(),
    detail: z.string().default(""),
    address: z.string().optional(),
    range: z.object({ filename: z.string(), start: z.object({ line: z.number() }) }).optional(),
  }),
});

const EVENT = z.union([
  RESOURCE,
  PLANNED,
  DIAGNOSTIC.transform(({ diagnostic: { severity, summary, detail, address, range } }) => {
    const words = [summary, detail.replace(RULE_PLACE, "")].filter((part) => part !== "").join(": ");
    const text = words.replaceAll(/\s*\n\s*/g, " ").trim();
    // A line of the JSON that cdktf writes says nothing to a person who writes tfvars.
    const isOfFile = range !== undefined && !/\.tf\.json$|^</.test(range.filename);
    const place = isOfFile ? `${range.filename}:${String(range.start.line)}` : undefined;
    const about = [address, place].filter((it) => it !== undefined && !text.includes(it));
    return {
      kind: "diagnostic" as const,
      severity,
      text: about.length === 0 ? text : `${text} (${about.join(", ")})`,
    };
  }),
  z.object({ "@message": z.string() }).transform((line) => ({ kind: "other" as const, text: line["@message"] })),
]);

/** What Terraform is doing, as far as a reader wants to know. */
export type TerraformEvent = z.infer<typeof EVENT>;

/**
 * Reads a line of Terraform's machine-readable output; undefined when it is none.
 *
 * @see https://developer.hashicorp.com/terraform/internals/machine-readable-ui
 */
export function readEvent(line: string): TerraformEvent | undefined {
  return EVENT.safeParse(jsonIn(line)).data;
}

/** Where Terraform is, from what it tells. */
export class Progress {
  readonly #running = new Set<string>();
  readonly #done = new Map<string, number>();
  readonly #made: string[] = [];
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
    if (phase === "complete" && action === "create") this.#made.push(address);
    const [first, ...others] = this.#running;
    if (first === undefined) return this.#soFar();
    return `${this.#soFar()} · ${first}${others.length === 0 ? "" : ` and ${String(others.length)} more`}`;
  }

  /** What it has begun to do, and not ended: `create aws_vpc.a`. */
  begun(): readonly string[] {
    return [...this.#running];
  }

  /** Addresses of what it has made. */
  made(): readonly string[] {
    return this.#made;
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

/**
 * Resources of the root module by their type, in words: `3 aws_subnet, aws_vpc`.
 *
 * @param addresses or types
 */
export function countByType(addresses: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const address of addresses) {
    const [type = address] = address.split(".");
    counts.set(type, (counts.get(type) ?? 0) + 1);
  }
  return [...counts].map(([type, count]) => (count === 1 ? type : `${String(count)} ${type}`)).join(", ");
}
