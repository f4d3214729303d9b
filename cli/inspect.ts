import { existsSync, readFileSync } from "node:fs";

import { releasesOf } from "../bootstrap/bootstrap";
import { readOptions } from "../bootstrap/options";
import { clusterArn } from "../bootstrap/playbook";
import { kubectlFor, mirrored } from "../bootstrap/releases";
import { readHandovers } from "../bootstrap/sources";
import type { Handover } from "../contract/handover";
import { examineBefore } from "./doctor/account";
import { readClusterFacts, type ClusterFacts } from "./doctor/cluster-facts";
import { examineCluster, examineState, exitCode, findingsJson, findingsLines, tfvarsFinding } from "./doctor/doctor";
import { UserError } from "../contract/user-error";
import { orElse } from "./doctor/fact";
import type { Finding } from "./doctor/finding";
import { notInside, readInsideFacts, type InsideFacts } from "./doctor/inside-facts";
import { madeIn, refuseElsewhere } from "./elsewhere";
import { onBastion } from "./on-bastion";
import { print, printJson } from "../terminal/output";
import type { Screen } from "../terminal/screen";
import { counted } from "../terminal/text";
import { isEncrypted, readState, STATE_FILE } from "../terraform/state";
import { isBrokenOff } from "../terraform/state-copy";
import { lockOf, lockText } from "../terraform/state-lock";
import { statusOf, statusLines } from "./status";
import { STACK_DIR } from "./synthesized";
import { newLogFile, ownFolder } from "../terraform/own-folder";
import { Terraform } from "../terraform/terraform";
import { terraformProgram } from "../terraform/program";
import type { VariableArgument } from "../terraform/tfvars";
import { readVariables, refuseBrokenOff } from "./stack";

/** What `eks status` and `eks doctor` are told. */
export interface InspectOptions {
  /** For the doctor, as long as nothing is applied. */
  readonly arguments: readonly VariableArgument[];
  /** How to reach the bastion, as the bootstrap's own command line takes it. */
  readonly bootstrap: readonly string[];
  readonly json: boolean;
}

/**
 * `eks status`: what there is of the cluster, its nodes and its bastion.
 *
 * @returns 0
 * @throws UserError when there is no applied stack here
 */
export async function status(
  { bootstrap, json }: Pick<InspectOptions, "bootstrap" | "json">,
  screen: Screen,
  signal: AbortSignal,
): Promise<number> {
  screen.busy("reading the outputs");
  const handover = await handoverHere(bootstrap, signal);
  const { cluster, inside } = await look(handover, bootstrap, screen, signal);
  screen.end();
  const found = statusOf(handover, cluster, inside);
  if (json) printJson(JSON.stringify(found, undefined, 2));
  else print(statusLines(found));
  return 0;
}

/**
 * `eks doctor`: what is wrong, the first broken link first; of the account when nothing has been applied here, else of
 * what exists.
 *
 * @returns 1 when something keeps the stack from working, else 0
 * @throws UserError for what is wrong with the tfvars
 */
export async function doctor(options: InspectOptions, screen: Screen, signal: AbortSignal): Promise<number> {
  const state = await stateHere(screen, signal);
  const inState = state === undefined ? [] : examineState(readState(STATE_FILE, state, lockOf(STATE_FILE)));
  screen.busy("reading the outputs");
  const handover = await handoverHere(options.bootstrap, signal).catch((error: unknown) => {
    if (!(error instanceof UserError) || error.exitCode === 130) throw error;
    // Nothing is applied, or not all of it: the account is what can be looked at.
    screen.line(`note: no cluster to look at, so this is about the account alone: ${error.message}`);
    return undefined;
  });
  const findings =
    handover === undefined
      ? await ofAccount(options.arguments, inState, screen, signal)
      : examineCluster({ handover, ...(await look(handover, options.bootstrap, screen, signal)) }, inState);
  screen.end();
  const all = [...inState, ...findings];
  if (options.json) printJson(findingsJson(all));
  else print([...findingsLines(all), nextLine(exitCode(all), handover !== undefined)]);
  return exitCode(all);
}

function nextLine(code: 0 | 1, isApplied: boolean): string {
  if (code !== 0) return "next: eks doctor, when the first of them is mended";
  return isApplied ? "next: eks ssh" : "next: eks up";
}

/** The state in the current folder's file, decrypted; undefined when there is none, or when it cannot be decrypted. */
async function stateHere(screen: Screen, signal: AbortSignal): Promise<string | undefined> {
  refuseBrokenOff();
  const state = textOf(STATE_FILE);
  if (state === undefined || !isEncrypted(state)) return state;
  screen.busy("decrypting the state");
  try {
    const program = terraformProgram(process.env);
    return await new Terraform({
      program,
      stackDir: STACK_DIR,
      environment: process.env,
      logFile: newLogFile(),
      folder: ownFolder(),
      signal,
    }).pull();
  } catch (error) {
    if (!(error instanceof UserError) || error.exitCode === 130) throw error;
    screen.line(
      `note: ${STATE_FILE} is encrypted, so that nothing is said of what applies have left in it: ${error.message}`,
    );
    return undefined;
  }
}

/**
 * What the stack in the current folder has handed over, or the one that options of the bootstrap name instead.
 *
 * @throws UserError when it has not; UserError when they name several
 */
export async function handoverHere(args: readonly string[], signal: AbortSignal): Promise<Handover> {
  const source = readOptions(args)?.source ?? { kind: "stack-dir", folder: STACK_DIR };
  if (source.kind === "stack-dir" && source.folder === STACK_DIR && !existsSync(STACK_DIR)) {
    throw new UserError(
      `nothing has been applied in this folder (there is no ${STACK_DIR}): \`eks up\` makes a cluster; change into ` +
        "the folder where that was done, or say where its outputs are, as in eks status -- --outputs FILE",
    );
  }
  const [first, ...others] = await readHandovers(source, { signal }).catch((error: unknown) => {
    const isHere = source.kind === "stack-dir" && source.folder === STACK_DIR;
    const why = isHere && error instanceof UserError && error.exitCode !== 130 ? whyNotWhole() : undefined;
    throw why === undefined ? error : new UserError(why, { cause: error });
  });
  if (first === undefined) throw new UserError(`${STACK_DIR} has no outputs; \`eks up\` makes them`);
  if (others.length > 0) {
    const names = [first, ...others].map(({ handover }) => handover.cluster_name);
    throw new UserError(`one cluster at a time can be looked at, got ${names.join(", ")}: give one --outputs FILE`, {
      exitCode: 64,
    });
  }
  return first.handover;
}

/** Why the state in the current folder's file has not all outputs; undefined where it does not tell. */
function whyNotWhole(): string | undefined {
  const lock = lockOf(STATE_FILE);
  if (lock?.isHeld === true) {
    return `the stack is locked by ${lockText(lock)}, and has no outputs yet: wait for it to end, and run the same command again`;
  }
  const state = textOf(STATE_FILE) ?? "";
  if (isBrokenOff(STATE_FILE) || isEncrypted(state)) return undefined;
  const { resources = 0 } = state === "" ? {} : readState(STATE_FILE, state);
  if (resources === 0) return undefined;
  return `the stack is half made: ${counted(resources, "resource")}, and not all outputs; \`eks up\` goes on where it ended`;
}

async function look(
  handover: Handover,
  bootstrap: readonly string[],
  screen: Screen,
  signal: AbortSignal,
): Promise<{ cluster: ClusterFacts; inside: InsideFacts }> {
  screen.busy("asking AWS");
  const cluster = await readClusterFacts(handover, { region: handover.region });
  refuseElsewhere(madeIn([handover.node_role_arn]), handover.region, orElse(cluster.identity));
  const entered = await onBastion(
    handover,
    bootstrap,
    (host) => {
      screen.busy("asking the cluster, from the bastion");
      return readInsideFacts(host, handover, {
        context: clusterArn(handover),
        downloadUrl: downloadOf(handover, bootstrap),
      });
    },
    screen,
    signal,
  );
  const inside =
    "result" in entered ? entered.result : notInside("nobody could log in to the bastion", { ok: entered.login });
  return { cluster, inside };
}

/** Something that the bootstrap would download for this cluster, from where it would. */
function downloadOf({ kubernetes_version: version }: Handover, args: readonly string[]): string {
  const { mirror, releases } = readOptions(args) ?? {};
  const { url } = kubectlFor(releasesOf(releases), version).artifacts.amd64;
  return mirror === undefined ? url : mirrored(url, mirror);
}

/** Judges what `eks up` would make. */
async function ofAccount(
  given: readonly VariableArgument[],
  inState: readonly Finding[],
  screen: Screen,
  signal: AbortSignal,
): Promise<Finding[]> {
  try {
    const { values } = await readVariables(given, true, screen, signal);
    screen.busy("asking AWS");
    return await examineBefore(values, inState);
  } catch (error) {
    if (!(error instanceof UserError) || error.exitCode !== 1 || inState.length === 0) throw error;
    // What applies have left is told all the same.
    return [tfvarsFinding(error.message)];
  }
}

function textOf(file: string): string | undefined {
  return existsSync(file) ? readFileSync(file, "utf8") : undefined;
}
