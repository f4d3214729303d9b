import type { Host } from "../../bootstrap/engine/host";
import { run, type RunOptions } from "../../bootstrap/engine/run";
import type { Outcome, Stage } from "../../bootstrap/engine/task";

/** What becomes of stages on a host, when nobody listens and nobody interrupts. */
export async function outcomesOf(
  host: Host,
  stages: readonly Stage[],
  options: Partial<RunOptions> = {},
): Promise<Outcome[]> {
  const all: Outcome[] = [];
  for await (const outcome of run(host, stages, quiet(options))) all.push(outcome);
  return all;
}

/** How a run goes that is told nothing else. */
export function quiet(options: Partial<RunOptions> = {}): RunOptions {
  return {
    check: false,
    busy: () => undefined,
    waiting: () => undefined,
    signal: new AbortController().signal,
    ...options,
  };
}
