import { filled, table } from "./page";

/** A command of the project that was run to its end, on which programs, and what came of it. */
export interface ProvenRun {
  /** As it is typed: `npm run rehearse -- --var-file tfvars/current.tfvars`. */
  readonly command: string;
  /** Versions by name: `{ "Node": "20.20.2", "AWS provider": "5.100.0" }`; of those programs that such a command uses. */
  readonly on: Readonly<Record<string, string>>;
  /** In its own words: `312 passed, 0 failed`. */
  readonly result: string;
  /** `2026-11-29`, in UTC. */
  readonly date: string;
}

/** The runs that are known after one more: it takes the place of an earlier one of the same command on the same programs. */
export function withRun(runs: readonly ProvenRun[], run: ProvenRun): ProvenRun[] {
  const keyOf = ({ command, on }: ProvenRun) => `${command} | ${programs(on)}`;
  return [...runs.filter((other) => keyOf(other) !== keyOf(run)), run].sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
}

/**
 * A page with the table of these runs between its two marks.
 *
 * @throws Error when the page lacks the marks
 */
export function fillIn(page: string, runs: readonly ProvenRun[]): string {
  const rows = runs.map(({ command, on, result, date }) => [`\`${command}\``, programs(on), result, date]);
  return filled(page, "npm run prove", table([["command", "on", "result", "date"], ...rows]));
}

function programs(on: ProvenRun["on"]): string {
  return Object.entries(on)
    .map(([name, version]) => `${name} ${version}`)
    .join(", ");
}
