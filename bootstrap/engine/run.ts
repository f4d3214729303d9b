import { setTimeout as sleep } from "node:timers/promises";

import { UserError } from "../../contract/user-error";
import type { Command } from "./command";
import { stdoutOf } from "./errors";
import type { CommandResult, Host } from "./host";
import { PLAN_AGAIN, type Change, type Outcome, type Stage, type Step, type Task, type Wait } from "./task";

/** How a playbook is run. */
export interface RunOptions {
  /** Only say what would change; nothing on the host is touched, nothing is waited for. */
  readonly check: boolean;
  /** Told what the host is busy with, each time that it is something else. */
  readonly busy: (what: string) => void;
  /** Told what is waited for, each time that it is something else. */
  readonly waiting: (what: string) => void;
  /** Ends a wait at once. */
  readonly signal: AbortSignal;
  /** Seconds between two looks at a state that comes by itself. @default 2 */
  readonly pollSeconds?: number;
}

/** How often a task is planned when somebody else keeps changing the same. */
const PLANS = 4;

/**
 * Brings a host to the state that the stages want, one stage after the other, and says what became of each step.
 *
 * Everything is read at once, in as many round trips as one reading needs. What was read holds until something changes;
 * then all that follows is read again, because a change may be what a later step finds. A task that changed something
 * is read back: a command that ended with 0 has proved nothing.
 *
 * Ends after the first stage in which a step failed; when that shows before anything in it is done, nothing is.
 *
 * @throws what is no UserError: a bug
 */
export async function* run(host: Host, stages: readonly Stage[], options: RunOptions): AsyncGenerator<Outcome> {
  const { check, busy } = options;
  let survey = new Survey(host, stages.flat());
  /** In check mode: whether an earlier step would change what the later ones find. */
  let isUnsettled = false;

  for (const [index, stage] of stages.entries()) {
    const later = stages.slice(index + 1).flat();
    busy(titles(stage));
    const planned = await Promise.all(stage.map((step) => plan(step, survey, isUnsettled)));
    const known = check ? planned.map(wouldBe) : planned.filter(isOutcome);
    const warned = planned.flatMap((it) => (it.kind === "to-change" ? warnings(it) : []));
    if (check || !hasFailed(known)) yield* warned;
    yield* known;
    if (hasFailed(known)) return;
    if (check) {
      isUnsettled ||= known.some(({ kind }) => kind === "would-change");
      continue;
    }

    const waits = planned.filter((it) => it.kind === "to-wait");
    if (waits.length > 0) {
      const awaited = await Promise.all(waits.map((it) => wait(host, it, options)));
      yield* awaited;
      if (hasFailed(awaited)) return;
      survey = new Survey(host, later);
    }

    let pending = planned.filter((it) => it.kind === "to-change");
    for (let plans = 1; pending.length > 0; plans++) {
      busy(titles(pending));
      const ended = await Promise.all(pending.map((it) => carryOut(host, it)));
      const after = new Survey(host, [...pending.map(({ step }) => step), ...later]);
      const readBack = await Promise.all(pending.map((it, at) => verdict(it, ended[at], after, plans === PLANS)));
      const outcomes = readBack.filter(isOutcome);
      yield* outcomes;
      if (hasFailed(outcomes)) return;
      pending = readBack.filter((it) => it.kind === "to-change");
      survey = after;
    }
  }
}

function titles(steps: readonly { readonly title: string }[]): string {
  return steps.map(({ title }) => title).join(", ");
}

function hasFailed(outcomes: readonly Outcome[]): boolean {
  return outcomes.some(({ kind }) => kind === "failed");
}

/** What the steps read, started together; each result counts until something on the host changes. */
class Survey {
  private readonly results = new Map<string, Promise<CommandResult>>();

  constructor(
    private readonly host: Host,
    steps: readonly Step[],
  ) {
    for (const { current } of steps) void this.result(current.command);
  }

  /** @throws UserError when the host does not answer */
  result(command: Command): Promise<CommandResult> {
    const known = this.results.get(command.text);
    if (known !== undefined) return known;
    const result = this.host.run(command);
    // Whoever asks for it gets the failure; when a change comes first, nobody asks.
    result.catch(() => undefined);
    this.results.set(command.text, result);
    return result;
  }
}

interface ToChange extends Change {
  readonly kind: "to-change";
  readonly title: string;
  readonly step: Task<unknown>;
}

interface ToWait {
  readonly kind: "to-wait";
  readonly title: string;
  readonly step: Wait<unknown>;
  /** What is missing. */
  readonly diff: string;
}

type Planned = ToChange | ToWait | Outcome;

function isOutcome(planned: Planned): planned is Outcome {
  return planned.kind !== "to-change" && planned.kind !== "to-wait";
}

/** @param isUnsettled whether a step that finds nothing to go by may find it once an earlier one is done */
async function plan(step: Step, survey: Survey, isUnsettled = false): Promise<Planned> {
  const { title } = step;
  let answer: CommandResult | undefined;
  try {
    answer = await survey.result(step.current.command);
    const current = step.current.parse(answer);
    if ("missing" in step) {
      const missing = step.missing(current);
      return missing === undefined ? reached(step, current) : { kind: "to-wait", title, step, diff: missing };
    }
    const change = step.change(current);
    return change === undefined ? { kind: "ok", title } : { kind: "to-change", title, step, ...change };
  } catch (error) {
    if (!isUnsettled || answer === undefined || !(error instanceof UserError)) return failed(title, error);
    return { kind: "would-change", title, diff: "what is there can be told once the steps before are done" };
  }
}

/** What is to be said before a plan is carried out. */
function warnings({ title, warnings: messages = [] }: ToChange): readonly Outcome[] {
  return messages.map((message) => ({ kind: "warning", title, message }));
}

function reached(step: Wait<unknown>, current: unknown): Outcome {
  const result = step.result?.(current);
  return { kind: "ok", title: step.title, ...(result && { result }) };
}

/** What a plan comes to in check mode. */
function wouldBe(planned: Planned): Outcome {
  return isOutcome(planned) ? planned : { kind: "would-change", title: planned.title, diff: planned.diff };
}

/** How a task's commands ended: also that they stopped because what they were planned on has changed. */
async function carryOut(host: Host, { title, commands }: ToChange): Promise<"done" | "stale" | Outcome> {
  try {
    for (const command of commands) {
      const result = await host.run(command);
      if (result.exitCode === PLAN_AGAIN) return "stale";
      stdoutOf(result);
    }
    return "done";
  } catch (error) {
    return failed(title, error);
  }
}

/** What the host says afterwards. */
async function verdict(
  { title, step, diff }: ToChange,
  ended: "done" | "stale" | Outcome | undefined,
  after: Survey,
  isLast: boolean,
): Promise<Planned> {
  if (typeof ended === "object") return ended;
  const again = await plan(step, after);
  if (again.kind === "ok") return { kind: "changed", title, diff };
  if (again.kind !== "to-change" || (ended === "stale" && !isLast)) return again;
  const still = again.diff === undefined ? "" : `: ${again.diff}`;
  const message =
    ended === "stale"
      ? "somebody else keeps changing the same; run again when nobody does"
      : `it ran without an error, but the host is still not as wanted${still}`;
  return { kind: "failed", title, message };
}

async function wait(
  host: Host,
  { title, step, diff: first }: ToWait,
  { busy, waiting, signal, pollSeconds = 2 }: RunOptions,
): Promise<Outcome> {
  const deadline = performance.now() + step.patienceSeconds * 1000;
  let told: string | undefined;
  try {
    for (let missing = first, looks = 1; ; looks++) {
      const what = `${title}: ${missing}`;
      busy(what);
      if (what !== told) waiting(what);
      told = what;
      const pause = Math.min(pollSeconds * 1000, deadline - performance.now());
      if (pause <= 0) {
        const why = await step.diagnose?.(host);
        // First, since what is missing may end with its cure.
        const waited = `after ${String(step.patienceSeconds)} s of waiting: ${missing}`;
        throw new UserError(why === undefined ? waited : `${waited}: ${why}`);
      }
      await sleep(pause, undefined, { signal }).catch(() => {
        throw new UserError("interrupted");
      });
      const current = step.current.parse(await host.run(step.current.command));
      const now = step.missing(current);
      if (now === undefined) return reached(step, current);
      missing = now;
      // Most of what is missing has come by now, and nobody has to be asked.
      const never = looks === 1 ? await step.hopeless?.(host) : undefined;
      if (never !== undefined) throw new UserError(`${missing}: ${never}`);
    }
  } catch (error) {
    return failed(title, error);
  }
}

function failed(title: string, error: unknown): Outcome {
  if (error instanceof UserError) return { kind: "failed", title, message: error.message };
  throw error;
}
