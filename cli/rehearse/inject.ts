import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { nearest } from "../../contract/nearest";
import { readHandovers } from "../../bootstrap/sources";
import { settingsOf } from "../../rehearsal/account/emulator";
import { startGate } from "../../rehearsal/machine/gate";
import { endFamily } from "../../rehearsal/machine/processes";
import { UserError } from "../../contract/user-error";
import { INJECTION_NAMES } from "./injection-names";
import { INJECTIONS, type Injection } from "./injections";
import { STACK_DIR } from "../synthesized";
import { endOf, logLines, runEks, startEks, type Stage } from "./stage";

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
  process.stderr.write("\n$ eks up …, killed half-way\n");
  const gate = await startGate(stage.clusters.endpoint);
  try {
    const arrived = gate.holdBack(call);
    const environment = { ...stage.environment, AWS_ENDPOINT_URL: gate.endpoint };
    const child = startEks("up", args, { ...stage, environment });
    const ended = endOf(child, signal);
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
export async function breakIt(
  injection: Extract<Injection, { readonly when: "after" }>,
  { folder, emulator, clusters, knownHosts, mirror, bastion }: Stage,
): Promise<void> {
  const [first] = await readHandovers(
    { kind: "stack-dir", folder: join(folder, STACK_DIR) },
    { environment: process.env },
  );
  if (first === undefined) throw new UserError("the rehearsal has no stack");
  const { handover } = first;
  await injection.break({
    settings: settingsOf(emulator),
    handover,
    clusters,
    changeHostKey: () => {
      // As known_hosts is after the bastion was made anew: it has the key of the one before.
      const other = Buffer.alloc(32, 7).toString("base64");
      writeFileSync(
        knownHosts,
        `[127.0.0.1]:${String(bastion.port)} ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI${other.slice(0, 43)}\n`,
      );
      return Promise.resolve();
    },
    endMirror: () => mirror.stop(),
  });
  await clusters.get(handover.cluster_name)?.joining.refresh();
}

/** What `eks doctor` has told about an injection. */
export class Told {
  #isTold = false;

  constructor(private readonly injection: Injection) {}

  /** Runs the doctor, and listens. */
  async ask(given: readonly string[], bootstrap: readonly string[], stage: Stage, signal: AbortSignal): Promise<void> {
    const { code } = this.injection;
    if (code === undefined) return;
    const said: Buffer[] = [];
    await runEks("doctor", [...given, ...bootstrap], stage, signal, (chunk) => said.push(chunk));
    const findings = Buffer.concat(said).toString().split("\n");
    if (findings.some((line) => /^(error|warning) /.test(line) && line.split(/[ :]/)[1] === code)) this.#isTold = true;
  }

  /** 0 when it has told what was injected, or when that is not the doctor's to tell. */
  exitCode(): number {
    const { code } = this.injection;
    if (code === undefined) return 0;
    process.stdout.write(
      this.#isTold ? `\neks doctor has found it: ${code}\n` : `\neks doctor should have said ${code}\n`,
    );
    return this.#isTold ? 0 : 1;
  }
}
