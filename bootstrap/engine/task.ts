import type { Command } from "./command";
import type { CommandResult, Host } from "./host";

/** How to learn a state of a host: a command that changes nothing, and what its answer means. */
export interface Reading<State> {
  /** Equal commands of several readings are run once. */
  readonly command: Command;
  /**
   * Pure.
   *
   * @throws UserError when the answer tells nothing, such as a failed command
   */
  parse(result: CommandResult): State;
}

/** What leads a host to the state wanted. */
export interface Change {
  /** A command that ends with `PLAN_AGAIN` has changed nothing, because the host is no longer as it was read. */
  readonly commands: readonly Command[];
  /** What whoever runs it has to know before, a line each. */
  readonly warnings?: readonly string[];
  /** What is different, for people, a line each; not given when the title says it all. Never a secret. */
  readonly diff?: string;
}

/** A state that the bootstrap brings about on a host. */
export interface Task<State> {
  /** As in a report: `kubectl 1.31.4`. */
  readonly title: string;
  readonly current: Reading<State>;
  /**
   * What leads from `current` to the state wanted; undefined when it is already there. Pure.
   *
   * @throws UserError when nothing leads there
   */
  change(current: State): Change | undefined;
}

/** A state that comes by itself, if it is waited for. */
export interface Wait<State> {
  readonly title: string;
  readonly current: Reading<State>;
  /**
   * What is missing yet, in words; undefined when the state is there. Pure.
   *
   * @throws UserError when it will never come
   */
  missing(current: State): string | undefined;
  readonly patienceSeconds: number;
  /**
   * Asked once, when it is still missing at the second look: why it will never come; undefined when it may. Changes
   * nothing.
   */
  hopeless?(host: Host): Promise<string | undefined>;
  /** Asked when patience is over: why it has not come. Changes nothing. */
  diagnose?(host: Host): Promise<string>;
  /** What to tell at the end about the state reached: a result of the run, not a step of it. */
  result?(current: State): Result;
}

/** What a run found out: for people, and for machines. */
export interface Result {
  readonly lines: readonly string[];
  readonly json: Readonly<Record<string, unknown>>;
}

/** What a playbook is made of; its state is its own affair. */
export type Step = Task<unknown> | Wait<unknown>;

/** Steps that do not depend on each other: what is to be changed is changed side by side. */
export type Stage = readonly Step[];

/** EX_TEMPFAIL of sysexits.h: another one changed the host between the reading and the command. */
export const PLAN_AGAIN = 75;

/** What became of one step on one host, in Ansible's words. */
export type Outcome =
  | { readonly kind: "ok"; readonly title: string; readonly result?: Result }
  | { readonly kind: "changed" | "would-change"; readonly title: string; readonly diff?: string | undefined }
  | { readonly kind: "failed"; readonly title: string; readonly message: string }
  /** Said before the step changes anything; it is no end of the step, which has another one. */
  | { readonly kind: "warning"; readonly title: string; readonly message: string };
