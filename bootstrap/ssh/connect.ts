import { appendFileSync, mkdirSync, readFileSync } from "node:fs";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { UserError } from "../../contract/user-error";
import type { Handover } from "../../contract/handover";
import { readConsole, type ConsoleFingerprint } from "./console-output";
import { decideHostKey, type HostKeyDecision } from "./host-key-policy";
import {
  append,
  knownKeyTypes,
  lookUp,
  parseKnownHosts,
  rows,
  serverHostKeyAlgorithms,
  wireFormat,
  type HostKeyStanding,
  type KnownHosts,
} from "./known-hosts";
import { ConnectError, SshHost } from "./ssh-host";
import { thisMachine, type Machine } from "./config";
import { rememberIdentity } from "./last-identity";
import { isRevoked } from "./revoked-keys";
import { readSshSettings, type Login, type SettingsOptions } from "./settings";

/** The way to the bastion, and what to believe and to wait for on it. */
export interface ConnectOptions extends SettingsOptions {
  /** `--host-key`, as `readFingerprint` returns it. */
  readonly hostKey?: string;
  /** `--accept-new-host-key`: takes the first key of an unknown host as its own, and writes it to known_hosts. */
  readonly acceptNewHostKey: boolean;
  /** How long the bastion and the hosts before it may take to boot and let us in. */
  readonly timeoutSeconds: number;
  /**
   * How long a command may take though `timeoutSeconds` are fewer: one that works is not one that is waited for.
   *
   * @default 60
   */
  readonly leastCommandSeconds?: number;
  /** Ends all waiting. */
  readonly signal: AbortSignal;
  /** In seconds; for tests. */
  readonly pauses?: Partial<Pauses>;
  /** Whose files and environment to read; this machine's when not given. */
  readonly machine?: Machine;
}

interface Pauses {
  /** Before the second attempt; each one after it is half as long again. */
  readonly first: number;
  readonly longest: number;
  /** What one attempt may take. */
  readonly attempt: number;
  /** How long a host that was seen booting may refuse the user: cloud-init writes authorized_keys late. */
  readonly refusal: number;
}

const PAUSES: Pauses = { first: 1, longest: 5, attempt: 20, refusal: 60 };

/** Who is told about what happens before there is a host. */
export interface ConnectEvents {
  /** What is waited for from now on. */
  readonly waiting: (what: string) => void;
  /** Something worth a line. */
  readonly note: (text: string) => void;
}

/** What all attempts of one `connect` share. */
interface Run {
  readonly options: ConnectOptions;
  readonly events: ConnectEvents;
  /** In ms, as `Date.now()`. */
  readonly started: number;
}

/**
 * Logs in to the bastion of a handover, through the hosts before it, and waits for it as long as it may be booting.
 *
 * @throws UserError with the words of the host key policy when a host's key is refused; when an option or a file of
 *   the user's is of no use; when a host does not let us in, or not in time: with what was seen and what to do;
 *   `interrupted` when the signal says so
 */
export async function connect(handover: Handover, options: ConnectOptions, events: ConnectEvents): Promise<SshHost> {
  const { machine = thisMachine() } = options;
  const { target, hops, notes } = readSshSettings(options, handover, machine);
  const { bastion_host_key: publicKey } = handover;
  const planted = publicKey === undefined || options.hostKey !== undefined ? undefined : wireFormat(publicKey);
  for (const note of notes) events.note(note);
  const run: Run = { options, events, started: Date.now() };

  let jump: SshHost | undefined;
  try {
    for (const hop of hops) jump = await reach(hop, jump, undefined, run);
    const host = await reach(target, jump, { console: new BastionConsole(handover, run), planted }, run);
    // Whoever has interrupted it hears of nothing more.
    if (!options.signal.aborted) keepIdentity(handover, target, machine, events);
    return host;
  } catch (error) {
    jump?.close();
    throw error;
  }
}

/** Remembers the file that an option has named, now that its key has opened the bastion. */
function keepIdentity(
  handover: Handover,
  { name, identityFiles }: Login,
  machine: Machine,
  events: ConnectEvents,
): void {
  const named = identityFiles.find(({ from }) => from === "option");
  if (named === undefined) return;
  try {
    rememberIdentity(handover, named.path, machine);
  } catch (error) {
    events.note(`${name}: it is not remembered that ${named.path} is the key: ${(error as Error).message}`);
  }
}

/** Logs in to one host, as soon as it lets us. */
async function reach(
  login: Login,
  jump: SshHost | undefined,
  bastion: BastionEvidence | undefined,
  { options, events, started }: Run,
): Promise<SshHost> {
  const { signal, timeoutSeconds, leastCommandSeconds = 60 } = options;
  const pauses = { ...PAUSES, ...options.pauses };
  const deadline = started + timeoutSeconds * 1000;
  const { host, port } = login.knownAs;
  let lastAnswer: string | undefined;
  let wasDown = false;
  let refusedUntil: number | undefined;
  for (let pause = pauses.first; ; pause = Math.min(pause * 1.5, pauses.longest)) {
    const verifier = new Verifier(login, bastion, options);
    try {
      const connected = await SshHost.connect({
        ...login,
        refuse: (key) => verifier.refuse(key),
        serverHostKey: serverHostKeyAlgorithms(
          readKnownHosts(login).flatMap((file) => knownKeyTypes(file, host, port)),
        ),
        jump,
        signal,
        // Not what is left until the deadline: a last attempt cut short would hide what the one before it has found.
        readyTimeoutSeconds: Math.min(pauses.attempt, timeoutSeconds),
        commandTimeoutSeconds: Math.max(leastCommandSeconds, timeoutSeconds),
      });
      try {
        accept(verifier, login, events);
        return connected;
      } catch (error) {
        connected.close();
        throw error;
      }
    } catch (error) {
      if (!(error instanceof ConnectError)) throw error;
      const { problem } = error;
      const isBooting = problem === "booting" || (problem === "authentication" && wasDown);
      if (isBooting) refusedUntil ??= Math.min(deadline, Date.now() + pauses.refusal * 1000);
      const until = isBooting ? refusedUntil : deadline;
      const isWorthWaiting = problem === "unreachable" || isBooting || verifier.awaitsConsole;
      if (until === undefined || !isWorthWaiting || Date.now() + pause * 1000 > until) {
        throw explained(error, login, isWorthWaiting ? (Date.now() - started) / 1000 : undefined);
      }
      wasDown ||= problem === "unreachable";
      const answer = verifier.awaitsConsole
        ? `${login.name}: its host keys are not in the EC2 console output yet`
        : error.message;
      if (answer !== lastAnswer) events.waiting(answer);
      lastAnswer = answer;
    }
    await sleep(pause * 1000, undefined, { signal }).catch((cause: unknown) => {
      throw new ConnectError("interrupted", "interrupted", { cause });
    });
  }
}

/** Says why the host's key was accepted, and writes it down when it has to be. */
function accept(verifier: Verifier, login: Login, events: ConnectEvents): void {
  // Not before the login: only now has the host proved that it holds the key. Decided anew, because another connection
  // may have made another key known for this host meanwhile.
  const decision = verifier.decide();
  if (decision.action === "refuse") throw new ConnectError("host-key", decision.message);
  events.note(`${login.name}: host key accepted: ${decision.because}`);
  if (decision.line !== undefined) remember(login, decision.line, events);
}

/** What speaks for the key of the bastion alone, and not of a host before it. */
interface BastionEvidence {
  readonly console: BastionConsole;
  /** The host key that the stack has planted, in SSH's wire format; nobody needs to be asked then. */
  readonly planted: Buffer | undefined;
}

/** Judges the key of one host in one attempt. */
class Verifier {
  /** Nothing speaks for the key, and nothing against it: the console may, when the instance has printed its keys. */
  awaitsConsole = false;
  private offered: Buffer = Buffer.alloc(0);
  /** What the console says; undefined when it was not asked, or cannot be read. */
  private printed: readonly ConsoleFingerprint[] | undefined;

  constructor(
    private readonly login: Login,
    private readonly bastion: BastionEvidence | undefined,
    private readonly options: ConnectOptions,
  ) {}

  async refuse(offered: Buffer): Promise<string | undefined> {
    this.offered = offered;
    const { kind } = this.knownAs().standing;
    const isSettled = kind === "known" || kind === "revoked" || this.bastion?.planted !== undefined;
    if (!isSettled) this.printed = await this.bastion?.console.read();
    const decision = this.decide();
    return decision.action === "refuse" ? decision.message : undefined;
  }

  /** What to do with the key, as the files of known hosts are now. */
  decide(): HostKeyDecision {
    const { offered, printed, bastion } = this;
    const { acceptNewHostKey: acceptNew } = this.options;
    // The fingerprint is the bastion's, not that of a host before it.
    const hostKey = bastion === undefined ? undefined : this.options.hostKey;
    const { path, malformed, standing } = this.knownAs();
    const { revokedHostKeysFile: list } = this.login;
    const decision = decideHostKey({
      ...this.login.knownAs,
      offered,
      console: printed ?? [],
      standing,
      knownHostsFile: path,
      malformed,
      ...(list !== undefined && isRevoked(list, offered) && { revokedBy: list }),
      hostKey,
      planted: bastion?.planted,
      acceptNew,
    });
    const mayBePrinted = printed?.length === 0 && standing.kind === "unknown" && hostKey === undefined;
    this.awaitsConsole = mayBePrinted && decision.action === "refuse";
    return decision;
  }

  /** As with ssh all files count as one, whose word is the first of these; a message can name only one of them. */
  private knownAs(): KnownHostsFile & { readonly standing: HostKeyStanding } {
    const { host, port } = this.login.knownAs;
    const none: KnownHostsFile = { path: "known_hosts", entries: [], malformed: [] };
    const files = [...readKnownHosts(this.login), none].map((file) => {
      return { ...file, standing: lookUp(file, host, port, this.offered) };
    });
    const weight = ({ standing }: (typeof files)[number]) => WEIGHTS.indexOf(standing.kind);
    return files.reduce((first, file) => (weight(file) < weight(first) ? file : first));
  }
}

const WEIGHTS: readonly HostKeyStanding["kind"][] = ["revoked", "known", "changed", "unknown"];

/** What the bastion has printed on its console, asked for when it is needed, and again until there are keys in it. */
class BastionConsole {
  private answer: Promise<readonly ConsoleFingerprint[] | undefined> | undefined;
  private wasReadable = false;

  constructor(
    private readonly handover: Handover,
    private readonly run: Run,
  ) {}

  /**
   * The host keys in it; undefined when it cannot be read. An answer that comes after an attempt has ended serves the
   * next attempt.
   */
  read(): Promise<readonly ConsoleFingerprint[] | undefined> {
    return (this.answer ??= this.ask());
  }

  private async ask(): Promise<readonly ConsoleFingerprint[] | undefined> {
    const { region, bastion_instance_id: instance } = this.handover;
    const { options, events } = this.run;
    const answer = await readConsole(region, instance, options.signal);
    if (typeof answer === "string" && !this.wasReadable) {
      if (!options.signal.aborted) events.note(`the EC2 console output cannot be read: ${answer}`);
      return undefined;
    }
    this.wasReadable = true;
    // A network that fails once must not end a wait of minutes.
    const printed = typeof answer === "string" ? [] : answer;
    if (printed.length === 0) this.answer = undefined;
    return printed;
  }
}

interface KnownHostsFile extends KnownHosts {
  readonly path: string;
}

/** Read anew for each attempt: other runs add lines. */
function readKnownHosts({ knownHostsFiles, globalKnownHostsFiles }: Login): KnownHostsFile[] {
  const paths = [...knownHostsFiles, ...globalKnownHostsFiles];
  return paths.map((path) => ({ path, ...parseKnownHosts(textOf(path)) }));
}

/** The text of a file; a missing one is empty. */
function textOf(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === "ENOENT") return "";
    throw new UserError(`the known hosts ${path} cannot be read: ${(cause as Error).message}`, { cause });
  }
}

/** Adds a line to known_hosts; as with ssh a file that cannot be written is no reason not to connect. */
function remember({ name, knownHostsFiles: [path] }: Login, line: string, events: ConnectEvents): void {
  if (path === undefined) {
    events.note(`${name}: its key is not remembered, because there is no file of known hosts`);
    return;
  }
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    const text = textOf(path);
    // One write to the end of the file: of thirty hosts at once none loses its line.
    appendFileSync(path, append(text, line).slice(text.length), { mode: 0o600 });
    events.note(`${name}: its key was written to ${path}`);
  } catch (error) {
    events.note(`${name}: its key could not be written to ${path}: ${(error as Error).message}`);
  }
}

/** The error of the last attempt with what may be behind it; a refused host key has said it all. */
function explained(error: ConnectError, login: Login, waitedSeconds: number | undefined): ConnectError {
  const remedies = remediesFor(error, login);
  if (remedies.length === 0) return error;
  const waited = waitedSeconds === undefined ? [] : [`${String(Math.round(waitedSeconds))} s`];
  const message = [error.message, ...rows("waited", waited), ...rows("what now", remedies)].join("\n");
  return new ConnectError(error.problem, message, { cause: error.cause });
}

function remediesFor({ problem, message, cause }: ConnectError, login: Login): string[] {
  const { port, user, identityFiles, agent } = login;
  const { code, reason } = (cause ?? {}) as { readonly code?: unknown; readonly reason?: number };
  switch (problem) {
    case "authentication": {
      const tried = [
        ...(login.generatedKey === undefined ? [] : ["the stack's own key (output ssh_private_key)"]),
        ...identityFiles.map(({ path }) => path),
        ...(agent === undefined ? [] : [`the agent at ${agent}`]),
      ];
      return [
        `give the private half of the instance's key pair with --identity; looked at: ${tried.join(", ")}`,
        `check the user: ${user} is not on every image; Ubuntu's is ubuntu, Amazon Linux's is ec2-user`,
      ];
    }
    case "unreachable":
      if (code === "ECONNREFUSED" || message.includes("Connection refused")) {
        return [
          `the host is there, but no sshd listens on port ${String(port)}: check --port, and whether it has booted`,
        ];
      }
      return [
        "kubectl_ssh_cidrs must hold the public address of this machine (with --jump that of the last host before " +
          "it), or the security group drops the packets",
        "check --host and --port; a host that only another one reaches is reached with --jump",
      ];
    case "booting":
      return ["the host says that it has not booted yet: look at its console output for what it waits for"];
    case "name":
      return ["check --host, and HostName in the ssh configuration"];
    case "protocol":
      if (reason === undefined) return [];
      return ["the host before it does not forward connections: see AllowTcpForwarding there"];
    case "host-key":
    case "shell":
    case "interrupted":
      return [];
  }
}
