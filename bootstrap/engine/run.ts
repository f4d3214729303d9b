import { setTimeout as sleep } from "node:timers/promises";

import { UserError } from "../../contract/user-error";
import type { Command } from "./command";
import { CommandFailedError } from "./errors";
import type { CommandResult, Host } from "./host";
import { PLAN_AGAIN, type Outcome, type Stage, type Step, type Task, type Wait } from "./task";

/** How a playbook is run. */
export interface RunOptions {
  /** Only say what would change; nothing on the host is touched, nothing is waited for. */
  readonly check?: boolean;
  /** Told what the host is busy with, each time that it is something else. */
  readonly busy?: (what: string) => void;
  /** Told what is waited for, each time that it is something else. */
  readonly waiting?: (what: string) => void;
  /** Ends a wait at once. */
  readonly signal?: AbortSignal;
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
export async function* run(
  host: Host,
  stages: readonly Stage[],
  { check = false, busy = () => undefined, waiting = () => undefined, signal, pollSeconds = 2 }: RunOptions = {},
): AsyncGenerator<Outcome> {
  let survey = new Survey(host, stages.flat());
  /** In check mode: whether an earlier step would change what the later ones find. */
  let unsettled = false;

  for (const [index, stage] of stages.entries()) {
    const later = stages.slice(index + 1).flat();
    busy(stage.map(({ title }) => title).join(", "));
    const planned = await Promise.all(stage.map((step) => plan(step, survey)));
    if (check) {
      const outcomes = planned.map((it) => (unsettled && it.kind === "unclear" ? notYet(it.title) : wouldBe(it)));
      yield* planned.flatMap(warnings);
      yield* outcomes;
      unsettled ||= outcomes.some(({ kind }) => kind === "would-change");
      if (outcomes.some(({ kind }) => kind === "failed")) return;
      continue;
    }

    const decided = planned.flatMap((it) => (it.kind === "to-change" || it.kind === "to-wait" ? [] : [settled(it)]));
    yield* decided;
    if (decided.some(({ kind }) => kind === "failed")) return;

    const waits = planned.filter((it) => it.kind === "to-wait");
    if (waits.length > 0) {
      const awaited = await Promise.all(waits.map((it) => wait(host, it, { busy, waiting, signal, pollSeconds })));
      yield* awaited;
      if (awaited.some(({ kind }) => kind === "failed")) return;
      survey = new Survey(host, later);
    }

    let pending = planned.filter((it) => it.kind === "to-change");
    yield* pending.flatMap(warnings);
    for (let plans = 1; pending.length > 0; plans++) {
      busy(pending.map(({ title }) => title).join(", "));
      const ended = await Promise.all(pending.map(({ title, commands }) => carryOut(host, title, commands)));
      const after = new Survey(host, [...pending.map(({ task }) => task), ...later]);
      const readBack = await Promise.all(pending.map((it, at) => verdict(it, ended[at], after, plans === PLANS)));
      const outcomes = readBack.filter((it) => it.kind !== "to-change");
      yield* outcomes;
      if (outcomes.some(({ kind }) => kind === "failed")) return;
      pending = readBack.filter((it) => it.kind === "to-change");
      survey = after;
    }
  }
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

interface ToChange {
  readonly kind: "to-change";
  readonly title: string;
  readonly task: Task<unknown>;
  readonly commands: readonly Command[];
  readonly warnings: readonly string[];
  readonly diff: string | undefined;
}

interface ToWait {
  readonly kind: "to-wait";
  readonly title: string;
  readonly step: Wait<unknown>;
  readonly missing: string;
}

/** The host has answered, and nothing comes of the answer: in check mode, perhaps only because of an earlier step. */
interface Unclear {
  readonly kind: "unclear";
  readonly title: string;
  readonly message: string;
}

async function plan(step: Step, survey: Survey): Promise<ToChange | ToWait | Unclear | Outcome> {
  const { title } = step;
  let result: CommandResult;
  try {
    result = await survey.result(step.current.command);
  } catch (error) {
    return failed(title, error);
  }
  try {
    const current = step.current.parse(result);
    if ("missing" in step) {
      const missing = step.missing(current);
      return missing === undefined ? reached(step, current) : { kind: "to-wait", title, step, missing };
    }
    const commands = step.changes(current);
    if (commands.length === 0) return { kind: "ok", title };
    const [warned, diff] = [step.warnings?.(current) ?? [], step.diff?.(current)];
    return { kind: "to-change", title, task: step, commands, warnings: warned, diff };
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    return { kind: "unclear", title, message: error.message };
  }
}

/** What is to be said before a plan is carried out. */
function warnings(planned: ToChange | ToWait | Unclear | Outcome): readonly Outcome[] {
  if (planned.kind !== "to-change") return [];
  return planned.warnings.map((message) => ({ kind: "warning", title: planned.title, message }));
}

/** What is unclear has failed. */
function settled(planned: Unclear | Outcome): Outcome {
  if (planned.kind !== "unclear") return planned;
  return { kind: "failed", title: planned.title, message: planned.message };
}

function reached(step: Wait<unknown>, current: unknown): Outcome {
  const result = step.result?.(current);
  return { kind: "ok", title: step.title, ...(result && { result }) };
}

/** What a plan comes to in check mode. */
function wouldBe(planned: ToChange | ToWait | Unclear | Outcome): Outcome {
  const { kind, title } = planned;
  if (kind === "to-change") return { kind: "would-change", title, diff: planned.diff };
  if (kind === "to-wait") return { kind: "would-change", title, diff: planned.missing };
  return settled(planned);
}

function notYet(title: string): Outcome {
  return { kind: "would-change", title, diff: "what is there can be told once the steps before are done" };
}

/** How a task's commands ended: also that they stopped because what they were planned on has changed. */
async function carryOut(host: Host, title: string, commands: readonly Command[]): Promise<"done" | "stale" | Outcome> {
  try {
    for (const command of commands) {
      const result = await host.run(command);
      if (result.exitCode === PLAN_AGAIN) return "stale";
      if (result.exitCode !== 0) throw new CommandFailedError(result);
    }
    return "done";
  } catch (error) {
    return failed(title, error);
  }
}

/** What the host says afterwards. */
async function verdict(
  { title, task, diff }: ToChange,
  ended: "done" | "stale" | Outcome | undefined,
  after: Survey,
  isLast: boolean,
): Promise<ToChange | Outcome> {
  if (typeof ended === "object") return ended;
  const again = await plan(task, after);
  if (again.kind === "ok") return { kind: "changed", title, diff };
  if (again.kind === "unclear" || again.kind === "failed") return settled(again);
  if (again.kind !== "to-change") throw new Error(`"${title}" came back as ${again.kind}`);
  if (ended === "stale" && !isLast) return again;
  const still = again.diff === undefined ? "" : `: ${again.diff}`;
  const message =
    ended === "stale"
      ? "somebody else keeps changing the same; run again when nobody does"
      : `it ran without an error, but the host is still not as wanted${still}`;
  return { kind: "failed", title, message };
}

async function wait(
  host: Host,
  { title, step, missing: first }: ToWait,
  {
    busy,
    waiting,
    signal,
    pollSeconds,
  }: Required<Pick<RunOptions, "busy" | "waiting" | "pollSeconds">> & Pick<RunOptions, "signal">,
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
      await sleep(pause, undefined, { ...(signal && { signal }) }).catch(() => {
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
