import type { Command } from "./command";
import type { Host } from "./host";

/** One state that the bootstrap guarantees on a host. */
export interface Task<State> {
  /** As in a report: `kubectl v1.31.4`. */
  readonly title: string;
  /** Reads the host and changes nothing. */
  current(host: Host): Promise<State>;
  /** The commands that lead from `current` to the state wanted; none when it is already there. Pure. */
  changes(current: State): readonly Command[];
  /** What would be different, for people, a line each; nothing when the title says it all, or when it is a secret. */
  diff?(current: State): string;
}

/** A task whose state is its own affair: what a playbook is made of. */
export type AnyTask = Task<unknown>;

/** What became of one task on one host, in Ansible's words. */
export type Outcome =
  | { readonly kind: "ok"; readonly title: string }
  | { readonly kind: "changed" | "would-change"; readonly title: string; readonly diff: string | undefined };
