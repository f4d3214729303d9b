import { mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join, relative } from "node:path";

import { fileProblem, UserError } from "../../contract/user-error";
import { refusalOf, settingsOf } from "../../rehearsal/account/emulator";
import { added, count, takeInventory, type Inventory } from "../../rehearsal/account/inventory";
import { startGuardian } from "../../rehearsal/machine/guardian";
import { print, say } from "../../terminal/output";
import type { Screen } from "../../terminal/screen";
import { readEvent } from "../../terraform/events";
import { logLines, runEks } from "./eks";
import { breakIt, injectionOf, isToldByDoctor, killHalfWay } from "./inject";
import type { Injection } from "./injections";
import { CLONE, lookAround, setUp, type Endings, type Stage, type StageOptions } from "./stage";

/** What `eks rehearse` is told. */
export interface RehearseOptions extends StageOptions {
  /** Leaves everything up until Ctrl-C, and says how to look around. */
  readonly keep: boolean;
  /** Name of something in `INJECTIONS` that is to go wrong. */
  readonly inject?: string;
}

/** How many rehearsals' logs are kept. */
const KEPT_FOLDERS = 10;

/** What a phase took, in seconds. */
interface Phase {
  readonly name: string;
  readonly seconds: number;
}

/** How the commands went. */
interface Outcome {
  /** The first that failed, with its exit code; undefined when all went well. */
  readonly failed: { readonly name: string; readonly code: number } | undefined;
  /** Whether everything was left up, and somebody has looked around. */
  readonly wasKept: boolean;
  /** What the account held before, in between and at the end, as far as it got. */
  readonly inventories: readonly Inventory[];
  /** Whether the doctor has told what was injected, if it was asked. */
  readonly isTold: boolean;
}

/** Does a phase, and takes its time. */
async function timed<Result>(phases: Phase[], name: string, work: () => Promise<Result>): Promise<Result> {
  const start = performance.now();
  try {
    return await work();
  } finally {
    phases.push({ name, seconds: (performance.now() - start) / 1000 });
  }
}

/**
 * `eks rehearse`: the whole workshop without an AWS account, by the very commands that a real one takes: `eks up`,
 * `eks plan` (which has to find nothing to change), `eks status`, `eks doctor` (which has to find no error) and
 * `eks destroy`, with other endpoints.
 *
 * @returns 0 when everything worked and nothing is left, else the exit code of the command that failed
 * @throws UserError when something that it needs is not there
 */
export async function rehearse(options: RehearseOptions, screen: Screen, signal: AbortSignal): Promise<number> {
  const injection = options.inject === undefined ? undefined : injectionOf(options.inject);
  const refusal = options.endpointUrl === undefined ? undefined : refusalOf(options.endpointUrl);
  if (refusal !== undefined) throw new UserError(refusal, { exitCode: 64 });
  if (options.varFile !== undefined) requireFile(options.varFile);
  const folder = newFolder();
  const guardian = startGuardian();
  // Whatever is started from now on belongs to this rehearsal.
  Object.assign(process.env, guardian.mark);
  const endings: Endings = [];
  const phases: Phase[] = [];
  let outcome: Outcome;
  try {
    screen.line("A rehearsal: real Terraform, AWS provider and bootstrap; an emulated account, cluster and bastion.");
    screen.line(
      "It takes a minute or two: eks up, plan, status, doctor and destroy, as on AWS. Ctrl-C ends it and all it " +
        "started.",
    );
    if (injection !== undefined) screen.line(`What will go wrong: ${injection.about}.`);
    const injected = injection?.when === "before" ? injection.tfvars : undefined;
    const stage = await timed(phases, "set up", () => setUp(folder, options, injected, endings, screen, signal));
    screen.end();
    outcome = await perform(stage, options.keep, injection, phases, signal);
    if (outcome.failed === undefined && !outcome.wasKept && !signal.aborted) {
      const isClean = summarize(outcome.inventories, phases, folder);
      return isClean && isFound(injection, outcome.isTold) ? 0 : 1;
    }
  } finally {
    screen.end();
    for (const end of endings.reverse()) await end();
    // Terraform's copy of the provider is hundreds of megabytes; its state is of an account that is no more.
    rmSync(join(folder, "cdktf.out"), { recursive: true, force: true });
    guardian.dismiss();
  }

  const { failed, wasKept } = outcome;
  const isInterrupted = signal.aborted && !wasKept;
  const logs = relative(process.cwd(), folder) || ".";
  const ended = `all that this rehearsal has started is ended; its logs are in ${logs}`;
  if (failed === undefined || isInterrupted) {
    say([`${isInterrupted ? "interrupted: " : ""}${ended}`]);
    return isInterrupted ? 130 : 0;
  }
  const advice = options.keep ? "" : "; with --keep everything stays up for you to look at";
  say([`the rehearsal has failed in \`eks ${failed.name}\` (exit code ${String(failed.code)}): ${ended}${advice}`]);
  return failed.code;
}

/** @throws UserError before anything is started */
function requireFile(file: string): void {
  try {
    readFileSync(file);
  } catch (error) {
    throw new UserError(`--var-file: ${fileProblem(error, file) ?? String(error)}`, { cause: error });
  }
}

/** A folder for a rehearsal's own; the oldest ones go. */
function newFolder(): string {
  const all = join(CLONE, ".cache", "rehearsal");
  const folder = join(all, `${new Date().toISOString().replaceAll(":", "-")}-${String(process.pid)}`);
  mkdirSync(folder, { recursive: true });
  // Their names begin with the time.
  for (const name of readdirSync(all).sort().reverse().slice(KEPT_FOLDERS))
    rmSync(join(all, name), { recursive: true, force: true });
  return folder;
}

/** The commands, one after the other, until one fails. */
async function perform(
  stage: Stage,
  keep: boolean,
  injection: Injection | undefined,
  phases: Phase[],
  signal: AbortSignal,
): Promise<Outcome> {
  const inventories: Inventory[] = [];
  const look = async () => inventories.push(await takeInventory(settingsOf(stage.emulator)));
  const given = stage.varFiles.flatMap((file) => ["-var-file", file]);
  // With a fault, nobody wants to wait for what is known not to come.
  const bootstrap = ["--", ...stage.options, ...(injection === undefined ? [] : ["--timeout", "15"])];
  const upArgs = [...given, "-auto-approve", ...bootstrap];
  let isTold = false;
  const ask = async () => {
    const code = injection?.code;
    if (code === undefined) return;
    isTold = await timed(phases, "doctor", () => isToldByDoctor(code, [...given, ...bootstrap], stage, signal));
  };
  const eks = async (name: string, args: readonly string[]) => {
    const code = await timed(phases, name, () => runEks(name, args, stage, signal));
    return code === 0 && !signal.aborted ? undefined : { name, code };
  };

  await look();
  if (injection?.when === "before") await ask();
  if (injection?.when === "during") {
    await timed(phases, "up, killed", () => killHalfWay(upArgs, injection.call, stage, signal));
    await ask();
    // The next run says what may exist without being in the state, and makes nothing: a person looks for it first.
    await eks("up", upArgs);
  }
  let failed = await eks("up", upArgs);
  // What was wrong before is still wrong: it fails, and that is what was to be seen.
  if (injection?.when === "before" && !signal.aborted) failed = undefined;
  if (failed === undefined) {
    await look();
    if (injection?.when === "after") {
      await timed(phases, "break it", () => breakIt(injection, stage));
      await ask();
    } else if (injection === undefined) {
      // Exit code 2 when it would change anything: no stack is to change for ever. And the doctor has to find all well.
      failed = (await eks("plan", given)) ?? (await eks("status", bootstrap)) ?? (await eks("doctor", bootstrap));
    }
  }
  const wasKept = keep && !signal.aborted;
  if (wasKept) await lookAround(stage, bootstrap, signal);
  else if (failed === undefined && !signal.aborted) {
    failed = await eks("destroy", upArgs);
    await look();
  }
  return { failed, wasKept, inventories, isTold };
}

const PROVEN = [
  "Proven: the tfvars, the plan, the guard, the apply and the destroy by the real Terraform and provider; that a second",
  "plan changes nothing; the bootstrap over SSH with its checksums; nodes that join by EKS' rules; that nothing is left.",
  "Not proven, because an emulator cannot: your quotas and permissions, whether AWS still offers the version, the",
  "AMI and the instance types, how long AWS takes, the software on real nodes. `eks doctor` asks your account about",
  "the first three.",
];

/** The last screen. @returns whether nothing is left */
function summarize(inventories: readonly Inventory[], phases: readonly Phase[], folder: string): boolean {
  const [before = {}, made = {}, after = {}] = inventories;
  const left = added(before, after);
  const width = Math.max(...phases.map(({ name }) => name.length));
  const row = ({ name, seconds }: Phase) => `  ${name.padEnd(width)} ${seconds.toFixed(1).padStart(6)} s`;
  const { inTerraform, longest } = terraformRuns(folder);
  print([
    "",
    left.length === 0 ? "The rehearsal went well." : `Something is left: ${left.join("; ")}`,
    "",
    ...[...phases, { name: "total", seconds: sum(phases.map(({ seconds }) => seconds)) }].map(row),
    "",
    `  of these, in Terraform and the AWS provider: ${inTerraform.toFixed(1)} s; they waited longest for`,
    `  ${longest}`,
    `  made and gone again: ${String(count(made) - count(before))} things in the account`,
    `  logs: ${relative(process.cwd(), folder) || "."}`,
    "",
    ...PROVEN,
  ]);
  return left.length === 0;
}

/** Says whether the doctor has told what was injected. @returns whether it has, or it is not the doctor's to tell */
function isFound(injection: Injection | undefined, isTold: boolean): boolean {
  const code = injection?.code;
  if (code === undefined) return true;
  print(["", isTold ? `eks doctor has found it: ${code}` : `eks doctor should have said: ${code}`]);
  return isTold;
}

/** What the logs of `eks` say about Terraform: how long it ran, and the three resources that took longest. */
function terraformRuns(folder: string): { readonly inTerraform: number; readonly longest: string } {
  const lines = logLines(folder);
  const events = lines.flatMap((line) => {
    const event = readEvent(line);
    return event?.kind === "resource" && event.phase === "complete" ? [event] : [];
  });
  return {
    inTerraform: sum(lines.map((line) => Number(/^\$ ended with \S+ after ([\d.]+) s$/.exec(line)?.[1] ?? 0))),
    longest: events
      .sort((one, other) => other.seconds - one.seconds)
      .slice(0, 3)
      .map(({ action, address, seconds }) => `${action} ${address} ${seconds.toFixed(0)} s`)
      .join(", "),
  };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}
