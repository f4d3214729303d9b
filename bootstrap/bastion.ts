import { UserError } from "../contract/user-error";
import type { Handover } from "../contract/handover";
import { connect, type ConnectEvents, type ConnectOptions } from "./ssh/connect";
import { sh } from "./engine/command";
import type { Host } from "./engine/host";
import { Log, logged } from "./engine/log";
import type { Options } from "./options";
import { playbook } from "./playbook";
import type { Releases } from "./releases";
import { outcomeLine, type HostReport } from "./engine/report";
import { run } from "./engine/run";
import { finding, siteOf } from "./site";
import type { SshHost } from "./ssh/ssh-host";
import type { Outcome } from "./engine/task";

/** One bastion of a run. */
export interface Target {
  /** As reports call it. */
  readonly name: string;
  readonly handover: Handover;
}

/** What a bastion is set up with. */
export interface Setup {
  readonly options: Options;
  readonly releases: Releases;
  readonly logFile: string;
  /** Ends everything: what runs on the host at this moment runs to its end, nothing else is begun. */
  readonly signal: AbortSignal;
}

/** Told while it goes on. */
export interface Events extends ConnectEvents {
  /** What it is busy with from now on. */
  readonly busy: (what: string) => void;
  readonly outcome: (outcome: Outcome) => void;
}

/**
 * Logs in to a bastion; its commands find what the bootstrap has installed. Whether the user's login shell runs any
 * is not known before the first of them.
 *
 * @throws UserError as `connect`
 */
export async function logIn(
  handover: Handover,
  options: Options & Pick<ConnectOptions, "leastCommandSeconds">,
  signal: AbortSignal,
  events: ConnectEvents,
): Promise<{ readonly ssh: SshHost; readonly host: Host }> {
  const ssh = await connect(handover, { ...options, signal }, events);
  return { ssh, host: finding(ssh, siteOf(handover, options)) };
}

/**
 * Connects to a bastion and runs the playbook on it. Every failure that somebody can act on is in the report.
 *
 * @throws what is no UserError: a bug
 */
export async function bootstrapBastion({ name, handover }: Target, setup: Setup, events: Events): Promise<HostReport> {
  const { options, releases, logFile, signal } = setup;
  const start = performance.now();
  const outcomes: Outcome[] = [];
  let unreachable: string | undefined;
  let ssh: SshHost | undefined;
  let log: Log | undefined;
  const close = () => ssh?.close("interrupted");
  signal.addEventListener("abort", close);
  try {
    const opened = new Log(logFile);
    log = opened;
    events.busy("connecting");
    ssh = await connect(
      handover,
      { ...options, signal },
      {
        waiting: events.waiting,
        note: (text) => {
          opened.note(text);
          events.note(text);
        },
      },
    );
    const host = finding(logged(ssh, opened), siteOf(handover, options));
    // Where no command is run, that is said once, and not by each step.
    await ssh.run(sh`true`);
    const { check } = options;
    const { busy, waiting } = events;
    for await (const outcome of run(host, playbook(handover, releases, options), { check, busy, waiting, signal })) {
      opened.note(outcomeLine(name, outcome));
      outcomes.push(outcome);
      events.outcome(outcome);
    }
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    unreachable = error.message;
    log?.note(unreachable);
  } finally {
    signal.removeEventListener("abort", close);
    ssh?.close();
  }
  const { host: address = handover.bastion_address } = options;
  const seconds = (performance.now() - start) / 1000;
  return { name, address, outcomes, unreachable, seconds, logFile };
}
