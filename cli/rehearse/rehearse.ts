import { mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join, relative } from "node:path";

import { added, count, takeInventory, type Inventory } from "../../rehearsal/account/inventory";
import { refusalOf, settingsOf } from "../../rehearsal/account/emulator";
import { startGuardian } from "../../rehearsal/machine/guardian";
import { fileProblem, UserError } from "../../contract/user-error";
import { breakIt, injectionOf, killHalfWay, Told } from "./inject";
import { CLONE, logLines, lookAround, runEks, setUp, type Endings, type Stage, type StageOptions } from "./stage";
import type { Injection } from "./injections";
import type { Screen } from "../../terminal/screen";
import { readEvent } from "../../terraform/events";

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
  readonly failed?: { readonly name: string; readonly code: number } | undefined;
  /** Whether everything was left up, and somebody has looked around. */
  readonly wasKept: boolean;
  /** What the account held before, in between and at the end, as far as it got. */
  readonly inventories: readonly Inventory[];
}

/** Does a phase, and takes its time. */
type Timed = <Result>(name: string, work: () => Promise<Result>) => Promise<Result>;

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
  const logs = relative(process.cwd(), folder) || ".";
  const guardian = startGuardian();
  // Whatever is started from now on belongs to this rehearsal.
  Object.assign(process.env, guardian.mark);
  const endings: Endings = [];
  const phases: Phase[] = [];
  let outcome: Outcome;
  const timed: Timed = async (name, work) => {
    const start = performance.now();
    try {
      return await work();
    } finally {
      phases.push({ name, seconds: (performance.now() - start) / 1000 });
    }
  };
  try {
    screen.line("A rehearsal: real Terraform, AWS provider and bootstrap; an emulated account, cluster and bastion.");
    screen.line(
      "It takes a minute or two: eks up, plan, status, doctor and destroy, as on AWS. Ctrl-C ends it and all it " +
        "started.",
    );
    if (injection !== undefined) screen.line(`What will go wrong: ${injection.about}.`);
    const stage = await timed("set up", () => setUp(folder, options, injection, endings, screen, signal));
    screen.end();
    const told = injection === undefined ? undefined : new Told(injection);
    outcome = await perform(stage, options, injection, told, timed, signal);
    if (outcome.failed === undefined && !outcome.wasKept && !signal.aborted)
      return Math.max(summarize(outcome.inventories, phases, stage), told?.exitCode() ?? 0);
  } finally {
    screen.end();
    for (const end of endings.reverse()) await end();
    // Terraform's copy of the provider is hundreds of megabytes; its state is of an account that is no more.
    rmSync(join(folder, "cdktf.out"), { recursive: true, force: true });
    guardian.dismiss();
  }

  const { failed, wasKept } = outcome;
  const ended = `all that this rehearsal has started is ended; its logs are in ${logs}`;
  if (failed === undefined && wasKept) {
    process.stderr.write(`${ended}\n`);
    return 0;
  }
  if (failed === undefined || (signal.aborted && !wasKept)) {
    process.stderr.write(`interrupted: ${ended}\n`);
    return 130;
  }
  const advice = options.keep ? "" : "; with --keep everything stays up for you to look at";
  process.stderr.write(
    `the rehearsal has failed in \`eks ${failed.name}\` (exit code ${String(failed.code)}): ${ended}${advice}\n`,
  );
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
  { keep }: RehearseOptions,
  injection: Injection | undefined,
  told: Told | undefined,
  timed: Timed,
  signal: AbortSignal,
): Promise<Outcome> {
  const inventories: Inventory[] = [];
  const look = async () => inventories.push(await takeInventory(settingsOf(stage.emulator)));
  const given = stage.varFiles.flatMap((file) => ["-var-file", file]);
  const bootstrap = ["--", ...stage.options];
  const upArgs = [...given, "-auto-approve", ...bootstrap];
  const ask = () => timed("doctor", async () => told?.ask(given, bootstrap, stage, signal));
  const eks = async (name: string, args: readonly string[]) => {
    const code = await timed(name, () => runEks(name, args, stage, signal));
    if (code === 0 && !signal.aborted) return undefined;
    return { name, code };
  };

  await look();
  if (injection?.when === "before") await ask();
  if (injection?.when === "during") {
    await timed("up, killed", () => killHalfWay(upArgs, injection.call, stage, signal));
    await ask();
  }
  let failed = await eks("up", upArgs);
  // What was wrong before is still wrong: it fails, and that is what was to be seen.
  if (injection?.when === "before" && !signal.aborted) failed = undefined;
  if (failed === undefined) {
    await look();
    if (injection?.when === "after") {
      await timed("break it", () => breakIt(injection, stage));
      await ask();
    } else if (injection === undefined) {
      // Exit code 2 when it would change anything: no stack is to change for ever. And the doctor has to find all well.
      failed = (await eks("plan", given)) ?? (await eks("status", bootstrap)) ?? (await eks("doctor", bootstrap));
    }
  }
  if (keep && !signal.aborted) {
    await lookAround(stage, signal);
    return { failed, wasKept: true, inventories };
  }
  if (failed === undefined && !signal.aborted) {
    failed = await eks("destroy", upArgs);
    await look();
  }
  return { failed, wasKept: false, inventories };
}

const PROVEN = `\
Proven: the tfvars, the plan, the guard, the apply and the destroy by the real Terraform and provider; that a second
plan changes nothing; the bootstrap over SSH with its checksums; nodes that join by EKS' rules; that nothing is left.
Not proven, because an emulator cannot: your quotas and permissions, whether AWS still offers the version, the
AMI and the instance types, how long AWS takes, the software on real nodes. \`eks doctor\` asks your account about
the first three.
`;

/** The last screen. @returns 0 when nothing is left, else 1 */
function summarize(inventories: readonly Inventory[], phases: readonly Phase[], { folder }: Stage): 0 | 1 {
  const [before = {}, made = {}, after = {}] = inventories;
  const left = added(before, after);
  const width = Math.max(...phases.map(({ name }) => name.length));
  const total = phases.reduce((sum, { seconds }) => sum + seconds, 0);
  const row = (name: string, seconds: number) => `  ${name.padEnd(width)} ${seconds.toFixed(1).padStart(6)} s`;
  const terraform = terraformRuns(folder);
  const inTerraform = terraform.runs.reduce((sum, seconds) => sum + seconds, 0);
  const longest = terraform.longest.map(({ what, seconds }) => `${what} ${seconds.toFixed(0)} s`).join(", ");
  process.stdout.write(
    `\n${left.length === 0 ? "The rehearsal went well." : `Something is left: ${left.join("; ")}`}\n\n` +
      `${phases.map(({ name, seconds }) => row(name, seconds)).join("\n")}\n${row("total", total)}\n\n` +
      `  of these, in Terraform and the AWS provider: ${inTerraform.toFixed(1)} s; they waited longest for\n` +
      `  ${longest}\n` +
      `  made and gone again: ${String(count(made) - count(before))} things in the account\n` +
      `  logs: ${relative(process.cwd(), folder) || "."}\n\n` +
      PROVEN,
  );
  return left.length === 0 ? 0 : 1;
}

/** What the logs of `eks` say about Terraform: how long each run took, and the three resources that took longest. */
function terraformRuns(folder: string) {
  const lines = logLines(folder);
  const events = lines.flatMap((line) => {
    const event = readEvent(line);
    if (event?.kind !== "resource" || event.phase !== "complete") return [];
    return [{ what: `${event.action} ${event.address}`, seconds: event.seconds }];
  });
  return {
    runs: lines.map((line) => Number(/^\$ ended with \S+ after ([\d.]+) s$/.exec(line)?.[1] ?? 0)),
    longest: events.sort((a, b) => b.seconds - a.seconds).slice(0, 3),
  };
}
