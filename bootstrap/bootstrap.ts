import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { UserError } from "../contract/user-error";
import type { Handover } from "../contract/handover";
import { bootstrapBastion, type Target } from "./bastion";
import { HELP, readOptions, usage, type Options } from "./options";
import { playbook } from "./playbook";
import { ownReleases, readReleases, type Releases } from "./releases";
import { hostLine, outcomeLine, recap, recapOf, reportJson, resultsOf, type HostReport } from "./engine/report";
import { Console } from "../terminal/console";
import { print, printJson, say } from "../terminal/output";
import { orInterrupted } from "../terminal/process";
import { readHandovers } from "./sources";
import { checkSettings } from "./ssh/settings";

/** Where the logs go, below the current folder: a folder for each run, a file for each host. */
const LOGS = join(".cache", "bootstrap");

/**
 * The command `bootstrap`: sets up the bastions of the stacks that it is told of.
 *
 * @param args the command line, without the program's name
 * @param signal ends it, as Ctrl-C does
 * @returns the exit code: 0 done, 1 failed, 2 `--check` found changes, 64 wrong usage, 130 interrupted
 * @throws what is no failure that the user can act on: a bug
 */
export async function bootstrap(args: readonly string[], signal: AbortSignal): Promise<number> {
  try {
    const options = checkedOptions(args);
    if (options === undefined) {
      print(HELP.split("\n"));
      return 0;
    }
    // What is read from standard input or over the network may never come.
    const handovers = await orInterrupted(readHandovers(options.source, { signal }), signal);
    const targets = named(handovers.map(({ handover }) => handover));
    if (targets.length > 1) refuseForSeveral(options);
    const releases = releasesOf(options.releases);
    // What no release fits is found before the first connection.
    for (const { handover } of targets) playbook(handover, releases, options);
    return await bootstrapAll(targets, options, releases, signal);
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    say([error.exitCode === 130 ? error.message : `failed: ${error.message}`]);
    return error.exitCode;
  }
}

/**
 * The options of a command line, with all that can be found wrong with them before there is a stack; undefined when it
 * asks for help.
 *
 * @throws UserError, also when the table of releases cannot be read
 */
export function checkedOptions(args: readonly string[]): Options | undefined {
  const options = readOptions(args);
  if (options === undefined) return undefined;
  usage(() => {
    checkSettings(options);
  });
  releasesOf(options.releases);
  return options;
}

/**
 * The table of releases to use: the project's own, or the one in a file.
 *
 * @throws UserError when the file is no such table
 */
export function releasesOf(file: string | undefined): Releases {
  if (file === undefined) return ownReleases();
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    const why = code === "ENOENT" ? "there is no such file" : message;
    throw new UserError(`--releases ${file} cannot be read: ${why}`, { cause });
  }
  return readReleases(text, file);
}

/** Bastions are called by their clusters; two clusters of one name are told apart by the address. */
function named(handovers: readonly Handover[]): readonly Target[] {
  return handovers.map((handover) => {
    const { cluster_name: cluster, bastion_address: address } = handover;
    const isUnique = handovers.filter((other) => other.cluster_name === cluster).length === 1;
    return { name: isUnique ? cluster : `${cluster}@${address}`, handover };
  });
}

function refuseForSeveral({ host, port, hostKey }: Options): void {
  const options = { "--host": host, "--port": port, "--host-key": hostKey };
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  if (given.length === 0) return;
  const names = given.map(([option]) => option).join(" and ");
  throw new UserError(`${names} can be said of one bastion only, and there are several: use ~/.ssh/config for them`, {
    exitCode: 64,
  });
}

async function bootstrapAll(
  targets: readonly Target[],
  options: Options,
  releases: Releases,
  signal: AbortSignal,
): Promise<number> {
  const { check, diff, json, concurrency } = options;
  const isOne = targets.length === 1;
  // The number of the process, since two runs may begin in the same millisecond.
  const folder = join(LOGS, `${new Date().toISOString().replaceAll(":", "-")}-${String(process.pid)}`);
  const doing = new Map<string, { readonly what: string; readonly since: number }>();
  const reports: HostReport[] = [];
  const terminal = new Console(() => status(doing, reports.length, targets.length));

  const one = async (target: Target): Promise<HostReport> => {
    const { name } = target;
    const logFile = join(folder, `${name.replaceAll(/[^\w.@-]/g, "_")}.log`);
    const setup = { options, releases, logFile, signal };
    const busy = (what: string) => doing.set(name, { what, since: performance.now() });
    const report = await bootstrapBastion(target, setup, {
      busy,
      waiting: (what) => {
        busy(what);
        // A terminal shows it by the line in motion.
        if (!terminal.isMoving) terminal.line(`waiting: [${name}] ${what}`);
      },
      note: (text) => {
        terminal.line(isOne ? text : `[${name}] ${text}`);
      },
      outcome: (outcome) => {
        if (isOne || outcome.kind === "warning") terminal.line(outcomeLine(name, outcome));
        if (!diff || !("diff" in outcome) || outcome.diff === undefined || outcome.diff === "") return;
        if (!isOne) terminal.line(indented(`[${name}] ${outcome.title}`));
        terminal.line(indented(outcome.diff));
      },
    });
    doing.delete(name);
    if (!isOne || report.unreachable !== undefined) terminal.line(hostLine(report));
    return report;
  };

  try {
    await inPool(targets, concurrency, async (target) => {
      if (!signal.aborted) reports.push(await one(target));
    });
  } finally {
    terminal.end();
  }
  // In the order of the command line, not in that of their ends.
  const order = targets.map(({ name }) => name);
  reports.sort((report, other) => order.indexOf(report.name) - order.indexOf(other.name));
  if (reports.length > 0) terminal.lines(["", ...recap(reports)]);
  if (json) printJson(reportJson(reports, check));
  else for (const report of reports) printResults(report, isOne);

  const recaps = reports.map(recapOf);
  if (signal.aborted) {
    terminal.line("interrupted: the same command goes on where this one has stopped");
    return 130;
  }
  if (recaps.some(({ failed, unreachable }) => failed + unreachable > 0)) {
    // There is no log when it is what could not be written.
    if (existsSync(folder)) terminal.line(`every command and its exit code are in ${folder}`);
    return 1;
  }
  return check && recaps.some(({ changed }) => changed > 0) ? 2 : 0;
}

/** The line in motion: what a bastion is busy with, and for how long; of many, how many are done. */
function status(
  doing: ReadonlyMap<string, { readonly what: string; readonly since: number }>,
  done: number,
  count: number,
): string {
  const busy = [...doing].map(([name, { what, since }]) => {
    const seconds = Math.floor((performance.now() - since) / 1000);
    return `${count > 1 ? `${name}: ` : ""}${what}${seconds > 0 ? ` (${String(seconds)} s)` : ""}`;
  });
  return [...(count > 1 ? [`${String(done)} of ${String(count)}`] : []), ...busy].join(" · ");
}

function printResults(report: HostReport, isOne: boolean): void {
  for (const { lines } of resultsOf(report)) print([...(isOne ? [] : ["", report.name]), ...lines]);
}

function indented(text: string): string {
  return text.replaceAll(/^/gm, "    ");
}

/** Does something with each item, with so many at a time. */
async function inPool<Item>(
  items: readonly Item[],
  size: number,
  handle: (item: Item) => Promise<void>,
): Promise<void> {
  const rest = items.values();
  const worker = async () => {
    for (const item of rest) await handle(item);
  };
  await Promise.all(Array.from({ length: size }, worker));
}
