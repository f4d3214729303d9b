import { createConnection } from "node:net";
import type { Duplex } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";

import { NodeSSH } from "node-ssh";
import { OpenSSHAgent, type AnyAuthMethod, type IdentityCallback, type ParsedKey } from "ssh2";

import { UserError } from "../../contract/user-error";
import type { Command } from "../engine/command";
import type { CommandResult, Host } from "../engine/host";
import { oneLine, printable } from "../../terminal/text";
import { shellCall } from "./login-shell";
import type { Login } from "./settings";

/** Where to log in, as whom, and whose word to take for the host's key. */
export interface SshOptions extends Pick<
  Login,
  "name" | "address" | "port" | "user" | "identities" | "agent" | "agentKeys"
> {
  /**
   * Decides about the key that the host offers, in SSH's wire format. Answers why it is refused, or undefined when it
   * is the right one. There is no default: a host whose key nobody looked at could be anybody.
   */
  readonly refuse: (key: Buffer) => Promise<string | undefined>;
  /** Key types to ask the host for, best first. */
  readonly serverHostKey: readonly string[];
  /** A host to go through, for this one alone: both are closed together. */
  readonly jump?: SshHost;
  /** Ends an attempt to log in. */
  readonly signal: AbortSignal;
  /** How long the host may take from the first packet to the login. @default 20 */
  readonly readyTimeoutSeconds?: number;
  /** How long a command may take, once it was its turn. @default 600 */
  readonly commandTimeoutSeconds?: number;
  /**
   * Pause between two questions whether the host is still there; with the fourth without an answer it is lost. @default
   * 15
   */
  readonly keepaliveSeconds?: number;
}

/**
 * Why a host could not be logged in to: `unreachable` and `booting` may pass by waiting, `name` is one that does not
 * resolve, `protocol` is something else than a usable SSH server, `shell` is a user for whom no command is run.
 */
export type ConnectProblem =
  "unreachable" | "booting" | "name" | "protocol" | "host-key" | "authentication" | "shell" | "interrupted";

/** A host that could not be logged in to. */
export class ConnectError extends UserError {
  override readonly name = "ConnectError";

  constructor(
    readonly problem: ConnectProblem,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** As many channels as sshd allows over one connection. @see https://man.openbsd.org/sshd_config#MaxSessions */
const MAX_SESSIONS = 10;
/**
 * How much the commands that run at once over one connection may print together, in bytes: as kubectl prints
 * them, some ten thousand objects of a cluster. What a host prints is kept in memory, and there may be thirty hosts.
 */
const MAX_PRINTED = 32 * 1024 * 1024;
/** What a packet takes in memory besides its bytes, at least: a host may send as many as it likes, of a byte each. */
const PACKET = 128;
/** How much of what a host says to whoever logs in is kept, in characters. */
const MAX_BANNER = 2000;
/** How often a channel is asked for while no other is open, and the pause between, in ms. */
const LONELY = { attempts: 10, pause: 100 };

/** Of a connection that nobody here has closed. */
const LOST = "connection lost";

/** An agent that is asked for some of its keys only. */
class ChoosyAgent extends OpenSSHAgent {
  constructor(
    socket: string,
    private readonly chosen: readonly Buffer[],
  ) {
    super(socket);
  }

  override getIdentities(callback: IdentityCallback<ParsedKey>): void {
    super.getIdentities((error, keys) => {
      callback(
        error,
        keys?.filter((key) => "getPublicSSH" in key && this.chosen.some((it) => it.equals(key.getPublicSSH()))),
      );
    });
  }
}

/** A host over SSH: the only file that knows node-ssh. */
export class SshHost implements Host {
  readonly name: string;
  private readonly ssh = new NodeSSH();
  private socket: Duplex | undefined;
  /** Aborted when the connection is lost; the first reason counts, since what follows is its consequence. */
  private readonly loss = new AbortController();
  private running = 0;
  /** Bytes that the running commands have printed. */
  private printed = 0;
  private limit = MAX_SESSIONS;
  private readonly queue: (() => void)[] = [];
  private acceptedKey: Buffer | undefined;

  private constructor(private readonly options: SshOptions) {
    this.name = options.name;
  }

  /** Why there is no connection any more. */
  private get lost(): Error | undefined {
    return this.loss.signal.reason as Error | undefined;
  }

  /**
   * Logs in.
   *
   * @throws ConnectError with the verifier's own words when the host's key is refused; with ssh2's when the host cannot
   *   be reached or does not let the user in (`cause` is ssh2's error)
   * @throws whatever the verifier threw
   */
  static async connect(options: SshOptions): Promise<SshHost> {
    const host = new SshHost(options);
    await host.logIn();
    return host;
  }

  /**
   * The host keys that were accepted on the way, in SSH's wire format: of each host between, the nearest first, and of
   * this one.
   */
  get hostKeys(): readonly Buffer[] {
    if (this.acceptedKey === undefined) throw new Error("nobody has logged in");
    return [...(this.options.jump?.hostKeys ?? []), this.acceptedKey];
  }

  /**
   * Runs a command by `/bin/sh`, beside others that run: at most as many at once as the host has channels for, the others
   * wait. A command that does not end or does not stop printing costs the connection.
   *
   * @throws ConnectError when the user's login shell does not run it, with what the host said instead
   * @throws UserError as `Host.run`, at once when the connection was lost before
   */
  async run(command: Command): Promise<CommandResult> {
    for (let lonely = 0; ;) {
      while (this.running >= this.limit && this.lost === undefined) {
        await new Promise<void>((resolve) => this.queue.push(resolve));
      }
      if (this.lost !== undefined || !this.ssh.isConnected()) {
        throw this.failure(`${this.lost?.message ?? LOST} before a command`);
      }
      this.running += 1;
      const alone = this.running === 1;
      let refused: string;
      try {
        const result = await this.attempt(command);
        if (typeof result !== "string") return result;
        refused = result;
      } finally {
        this.running -= 1;
        this.queue.shift()?.();
      }
      // Nothing has run. With others open it is MaxSessions: as many as there are now is what the host allows. Alone it
      // is that sshd has not yet cleared away the channel that ended last: with MaxSessions 1 it refuses every second
      // one.
      this.limit = Math.max(1, this.running);
      if (!alone) continue;
      if (++lonely === LONELY.attempts) throw this.failure(`no channel for a command (${refused})`);
      await sleep(LONELY.pause);
    }
  }

  /** Logs out; what runs on the host is cut off, and fails with the reason. */
  close(reason = "connection closed", cause?: unknown): void {
    this.lose(reason, cause);
    this.ssh.dispose();
    this.destroySoon();
    this.options.jump?.close(reason);
  }

  private async logIn(): Promise<void> {
    const { address, port, user, identities, agent, agentKeys, serverHostKey, jump, signal } = this.options;
    const { readyTimeoutSeconds = 20, keepaliveSeconds = 15 } = this.options;
    const state: LoginState = { stage: jump === undefined ? "TCP connection" : "SSH handshake", banner: "" };
    // Only keys: no password and no questions. The agent comes last, because hosts count the attempts.
    const authHandler: AnyAuthMethod[] = identities.map((key) => ({ type: "publickey", username: user, key }));
    if (agent !== undefined) {
      const asked = agentKeys === undefined ? agent : new ChoosyAgent(agent, agentKeys);
      authHandler.push({ type: "agent", username: user, agent: asked });
    }
    let refusal: { readonly error: unknown } | undefined;
    const judge = async (key: Buffer): Promise<boolean> => {
      // Asked again whenever the keys are exchanged anew in the middle of a connection (sshd's RekeyLimit).
      if (this.acceptedKey !== undefined) return key.equals(this.acceptedKey);
      try {
        const words = await this.options.refuse(key);
        if (words === undefined) this.acceptedKey = key;
        else refusal = { error: new ConnectError("host-key", words) };
      } catch (error) {
        refusal = { error };
      }
      return this.acceptedKey !== undefined;
    };
    const interrupt = () => {
      this.lose("interrupted");
    };
    const timer = setTimeout(() => {
      const words = `no ${state.stage} within ${String(readyTimeoutSeconds)} s`;
      this.lose(words, Object.assign(new Error(words), { code: "ETIMEDOUT" }));
    }, readyTimeoutSeconds * 1000);
    signal.addEventListener("abort", interrupt);
    if (signal.aborted) interrupt();
    try {
      // Not awaited when it is TCP: an error before ssh2 listens would end the process.
      const socket = jump === undefined ? tcp(address, port) : await this.orLost(jump.forwardTo(address, port, this));
      this.socket = socket;
      // The channel through another host stays half open when the far end has gone; ssh2 then waits for ever.
      socket.once("end", () => socket.destroy());
      const connecting = this.ssh.connect({
        sock: socket,
        username: user,
        authHandler,
        algorithms: { serverHostKey: [...serverHostKey] as never },
        readyTimeout: 0,
        keepaliveInterval: keepaliveSeconds * 1000,
        // The callback form: ssh2 takes any returned value but a literal `false`, a promise too, for "accepted".
        hostVerifier: (key: Buffer, verify: (accepted: boolean) => void) => {
          judge(Buffer.from(key))
            .then((isAccepted) => {
              // The connection may have ended while the verifier was thinking.
              if (this.lost === undefined) verify(isAccepted);
            })
            .catch((error: unknown) => {
              this.lose(LOST, error);
            });
        },
      });
      // node-ssh leaves no listener behind after connecting; without one a reset ends the whole process. It is set
      // before the login ends, because the same packet may hold the login's end and an error.
      // https://github.com/steelbrain/node-ssh/issues/421
      this.ssh.connection
        // node-ssh sets one more for every channel that is being opened.
        ?.setMaxListeners(0)
        .on("error", (error: Error) => {
          this.lose(`${LOST} (${messageOf(error)})`, error);
          this.destroySoon();
        })
        .on("close", () => {
          // What the host sent before it closed is still on its way to those who wait for it.
          setImmediate(() => {
            this.lose(LOST);
          });
        })
        .on("connect", () => (state.stage = "SSH handshake"))
        .on("handshake", () => (state.stage = "login"))
        .on("banner", (text) => (state.banner = (state.banner + text).slice(0, MAX_BANNER)));
      await this.orLost(connecting);
    } catch (error) {
      const cause = this.lost?.cause ?? error;
      this.lose(LOST);
      this.socket?.destroy();
      if (signal.aborted) throw new ConnectError("interrupted", "interrupted", { cause });
      if (refusal !== undefined) throw refusal.error;
      if (cause instanceof ConnectError) throw cause;
      throw loginError(`${this.name}: cannot log in as ${user}`, cause as SshError, state, agent);
    } finally {
      clearTimeout(timer);
      signal.removeEventListener("abort", interrupt);
    }
  }

  /** The command's end, or in which words the host refused a channel for it. */
  private async attempt(command: Command): Promise<CommandResult | string> {
    const { line, answerIn } = shellCall(command.text);
    const [stdout, stderr]: [Buffer[], Buffer[]] = [[], []];
    let printed = 0;
    let givenUp: UserError | undefined;
    // The command may go on over there; the connection is of no use any more.
    const giveUp = (what: string, toTheOthers: string) => {
      givenUp = this.failure(`a command ${what}`);
      for (const chunks of [stdout, stderr]) chunks.splice(0);
      this.close(`connection closed, because another command ${toTheOthers},`);
    };
    const seconds = this.options.commandTimeoutSeconds ?? 600;
    const timer = setTimeout(() => {
      const cure = "look on the host for what holds it up, or give it more time (--timeout)";
      giveUp(`has not ended within ${String(seconds)} s: ${cure}`, "had not ended in its time");
    }, seconds * 1000);
    const keep = (chunks: Buffer[]) => (chunk: Buffer) => {
      // What was on its way when the connection was given up.
      if (this.lost !== undefined) return;
      const size = chunk.length + PACKET;
      printed += size;
      this.printed += size;
      chunks.push(chunk);
      if (this.printed <= MAX_PRINTED) return;
      const most = `${String(MAX_PRINTED / 1024 / 1024)} MiB`;
      giveUp(`has printed more than ${most}: look on the host for what prints so much`, "had printed too much");
    };
    try {
      const { code, signal } = await this.orLost(this.execute(line, command.input, keep(stdout), keep(stderr)));
      // A connection that is lost looks like a success without an exit code.
      if (code === null) {
        if (givenUp !== undefined) throw givenUp;
        const what = signal === null ? (this.lost?.message ?? LOST) : `killed by ${signal}`;
        throw this.failure(`${what} during a command`);
      }
      const [said, complaints] = [Buffer.concat(stdout), Buffer.concat(stderr)];
      const answer = answerIn(said);
      if (answer === undefined) throw this.noShell(code, `${said.toString()} ${complaints.toString()}`);
      return { exitCode: code, stdout: answer.toString(), stderr: (answerIn(complaints) ?? complaints).toString() };
    } catch (cause) {
      if (cause instanceof UserError) throw cause;
      if (givenUp !== undefined) throw givenUp;
      const { message } = cause as Error;
      if (this.lost === undefined && "reason" in (cause as Error)) return message;
      throw this.failure(`${this.lost?.message ?? `${LOST} (${message})`} during a command`, cause);
    } finally {
      clearTimeout(timer);
      this.printed -= printed;
    }
  }

  /**
   * Gives a line to the user's login shell: how that ended. Not node-ssh's execCommand, which keeps all that a command
   * prints, without an end, and decodes each packet for itself: a character of two packets comes out as garbage.
   */
  private execute(
    line: string,
    input: string | undefined,
    onStdout: (chunk: Buffer) => void,
    onStderr: (chunk: Buffer) => void,
  ): Promise<{ readonly code: number | null; readonly signal: string | null }> {
    return new Promise((resolve, reject) => {
      const { connection } = this.ssh;
      if (connection === null) {
        reject(new Error(LOST));
        return;
      }
      connection.exec(line, (error, channel) => {
        if (error !== undefined) {
          reject(error);
          return;
        }
        let ended: { code: number | null; signal: string | null } = { code: null, signal: null };
        channel.on("exit", (code: number | null, signal?: string) => (ended = { code, signal: signal ?? null }));
        channel.on("data", onStdout).stderr.on("data", onStderr);
        channel.on("close", () => {
          resolve(ended);
        });
        channel.end(input);
      });
    });
  }

  /** A login shell that has answered a command with something else than its output. */
  private noShell(exitCode: number, said: string): ConnectError {
    const words = printable(said);
    const instead = words === "" ? `it ends with ${String(exitCode)} and says nothing` : `it says: ${words}`;
    return new ConnectError(
      "shell",
      `${this.name}: no command is run for ${this.options.user}, ${instead}; give the user of the image (--user: ` +
        "ubuntu on Ubuntu, ec2-user on Amazon Linux), or see what the login shell and its start files do there",
    );
  }

  /** A connection from this host to another, for one that may have given up waiting for it. */
  private async forwardTo(address: string, port: number, asker: SshHost): Promise<Duplex> {
    if (this.lost !== undefined) throw new ConnectError("protocol", this.failure(this.lost.message).message);
    const channel = await this.ssh.forwardOut("127.0.0.1", 0, address, port);
    if (asker.lost !== undefined) channel.destroy();
    return channel;
  }

  private lose(reason: string, cause?: unknown): void {
    this.loss.abort(new Error(reason, { cause }));
    for (const wake of this.queue.splice(0)) wake();
  }

  /** A host that is gone never answers the goodbye, and its socket would keep the process alive for minutes. */
  private destroySoon(): void {
    setTimeout(() => this.socket?.destroy(), 1000).unref();
  }

  /** Fails as soon as the connection is lost: ssh2 leaves some promises open for ever then. */
  private async orLost<T>(promise: Promise<T>): Promise<T> {
    const { signal } = this.loss;
    let fail: () => void = () => undefined;
    // One for each, since a promise that lives as long as the connection would keep the answer of every command.
    const loss = new Promise<never>((_, reject) => {
      fail = () => {
        reject(this.lost ?? new Error(LOST));
      };
    });
    signal.addEventListener("abort", fail);
    if (signal.aborted) fail();
    try {
      return await Promise.race([promise, loss]);
    } finally {
      signal.removeEventListener("abort", fail);
    }
  }

  /**
   * In one line, without the command, which may be a script of many: the log has that, the step's title what it is for.
   */
  private failure(what: string, cause?: unknown): UserError {
    const cure = what.startsWith(LOST) ? ": run again, it goes on where this has stopped" : "";
    return new UserError(`${this.name}: ${oneLine(what)}${cure}`, { cause });
  }
}

/** How far a login has come, and what the host wrote to the user. */
interface LoginState {
  stage: "TCP connection" | "SSH handshake" | "login";
  banner: string;
}

/** What ssh2 adds to its errors: a level for its own, the reason of RFC 4254 for a channel that is refused. */
type SshError = Error & { readonly code?: unknown; readonly level?: string; readonly reason?: number };

function tcp(address: string, port: number): Duplex {
  // Node's 250 ms for each address of a name are too few for another continent.
  return createConnection({ host: address, port, autoSelectFamilyAttemptTimeout: 3000, noDelay: true });
}

function loginError(what: string, cause: SshError, { stage, banner }: LoginState, agent?: string): ConnectError {
  const said = oneLine(banner);
  const words =
    cause.level === "agent"
      ? `no identity was accepted, and the agent at ${String(agent)} fails: ${messageOf(cause)}`
      : cause.reason !== undefined
        ? `the host before it says: ${cause.message.replace(/^.*Channel open failure: /, "")}`
        : isClosed(cause)
          ? `it closed the connection before the end of the ${stage}`
          : messageOf(cause);
  const problem = /System is booting up/i.test(said) ? "booting" : problemOf(cause);
  return new ConnectError(problem, `${what}: ${oneLine(words)}${said === "" ? "" : `; it says: ${said}`}`, { cause });
}

function problemOf(cause: SshError): ConnectProblem {
  const { code, level, reason } = cause;
  if (code === "ENOTFOUND" || code === "EAI_AGAIN") return "name";
  if (level === "client-authentication" || level === "agent") return "authentication";
  if (/too many authentication failures/i.test(cause.message)) return "authentication";
  // The host before it was asked for a connection: 1 is "prohibited", 2 "connect failed" (RFC 4254).
  if (reason === 2 && /not known|no address|resol/i.test(cause.message)) return "name";
  if (reason !== undefined) return reason === 2 ? "unreachable" : "protocol";
  const isUnreachable = typeof code === "string" && UNREACHABLE.has(code);
  return isUnreachable || isClosed(cause) ? "unreachable" : "protocol";
}

const UNREACHABLE: ReadonlySet<string> = new Set([
  "ECONNREFUSED",
  "ECONNRESET",
  "ECONNABORTED",
  "EHOSTDOWN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "EPIPE",
  "ETIMEDOUT",
]);

/** node-ssh's words for a connection that was closed, and ssh2's for one closed before it said that it is SSH. */
function isClosed({ message }: Error): boolean {
  return message === "No response from server" || message === "Connection lost before handshake";
}

/** The message of an error, or those of its parts: a name with several addresses fails with one for each. */
function messageOf(error: Error): string {
  if (error.message !== "" || !(error instanceof AggregateError)) return error.message;
  return error.errors.map((part) => (part as Error).message).join(", ");
}
