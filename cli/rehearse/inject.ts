import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { stripVTControlCharacters } from "node:util";

import { readHandovers } from "../../bootstrap/sources";
import { nearest } from "../../contract/nearest";
import { UserError } from "../../contract/user-error";
import { startGate } from "../../rehearsal/machine/gate";
import { endFamily } from "../../rehearsal/machine/processes";
import { say } from "../../terminal/output";
import { STACK_DIR } from "../synthesized";
import { logLines, runEks, startEks } from "./eks";
import { INJECTION_NAMES } from "./injection-names";
import { INJECTIONS, type Injection } from "./injections";
import type { Stage } from "./stage";

/** @throws UserError when there is no such fault */
export function injectionOf(name: string): Injection {
  const known = INJECTION_NAMES.find((each) => each === name);
  if (known !== undefined) return INJECTIONS[known];
  const near = nearest(name, INJECTION_NAMES);
  const hint = near === undefined ? `it knows ${INJECTION_NAMES.join(", ")}` : `did you mean ${near}?`;
  throw new UserError(`--inject knows no ${name}: ${hint}`, { exitCode: 64 });
}

/**
 * Lets `eks up` begin, and kills it with all that it has started at one call. By then everything else is done: what a
 * killed Terraform had asked for without an answer is in the account and in no state, which is another lesson.
 */
export async function killHalfWay(
  args: readonly string[],
  call: Readonly<Record<string, string>>,
  stage: Stage,
  signal: AbortSignal,
): Promise<void> {
  say(["", "$ eks up …, killed half-way"]);
  const gate = await startGate(stage.clusters.endpoint);
  try {
    const arrived = gate.holdBack(call);
    const environment = { ...stage.environment, AWS_ENDPOINT_URL: gate.endpoint };
    const { child, ended } = startEks("up", args, { ...stage, environment }, signal);
    const isRunning = () => child.exitCode === null && child.signalCode === null;
    await Promise.race([arrived, ended]);
    // Twice in a row: between one resource and the next that it lets begin there is a moment with none.
    for (let looks = 0; looks < 2 && isRunning();) {
      await sleep(500);
      looks = unfinished(stage.folder) === 1 ? looks + 1 : 0;
    }
    if (isRunning()) await endFamily({ ancestor: child.pid });
    await ended;
  } finally {
    gate.stop();
  }
}

/** How many resources Terraform has begun to make and not made yet, as the log of the one run in a folder says. */
function unfinished(folder: string): number {
  const lines = logLines(folder);
  const count = (type: string) => lines.filter((line) => line.includes(`"type":"${type}"`)).length;
  return count("apply_start") - count("apply_complete");
}

/** Breaks something of a stack that works. */
export async function breakIt(injection: Extract<Injection, { readonly when: "after" }>, stage: Stage): Promise<void> {
  const stack = { kind: "stack-dir", folder: join(stage.folder, STACK_DIR) } as const;
  const [first] = await readHandovers(stack, { environment: process.env });
  if (first === undefined) throw new UserError("the rehearsal has no stack");
  await injection.break(stage, first.handover);
  await stage.clusters.get(first.handover.cluster_name)?.joining.refresh();
}

/** Whether `eks doctor` tells what was injected. @param args those of the command */
export async function isToldByDoctor(
  code: string,
  args: readonly string[],
  stage: Stage,
  signal: AbortSignal,
): Promise<boolean> {
  const said: Buffer[] = [];
  await runEks("doctor", args, stage, signal, (chunk) => said.push(chunk));
  const findings = stripVTControlCharacters(Buffer.concat(said).toString()).split("\n");
  return findings.some((line) => /^(error|warning) /.test(line) && line.split(/[ :]/)[1] === code);
}
