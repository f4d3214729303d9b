import type { Duplex } from "node:stream";

import { NodeSSH } from "node-ssh";

import type { Command } from "./command";
import { BootstrapError } from "./errors";
import type { CommandResult, Host } from "./host";

/** Where to log in, as whom, and whose word to take for the host's key. */
export interface SshOptions {
  /** What reports call the host; its address when not given. */
  readonly name?: string;
  readonly address: string;
  /** @default 22 */
  readonly port?: number;
  readonly username: string;
  /** Text of a private key in OpenSSH's or PEM form. */
  readonly privateKey?: string;
  /** Path of the agent's socket, such as `SSH_AUTH_SOCK` holds. */
  readonly agent?: string;
  /**
   * Decides about the key that the host offers, in SSH's wire format. Returns why it is refused, or undefined when it is
   * the right one. There is no default: a host whose key nobody looked at could be anybody.
   */
  readonly refuse: (key: Buffer) => string | undefined;
  /** Key types to ask the host for, best first; ssh2's own order when not given. */
  readonly serverHostKey?: readonly string[];
  /** A host to go through; its own key was verified when it was connected. */
  readonly jump?: SshHost;
  /** How long the host may take from the first packet to the login. @default 20 */
  readonly readyTimeoutSeconds?: number;
  /** How long a command may take. @default 600 */
  readonly commandTimeoutSeconds?: number;
}

/** A host over SSH: the only file that knows node-ssh. */
export class SshHost implements Host {
  readonly name: string;
  private lost: string | undefined;

  private constructor(
    private readonly ssh: NodeSSH,
    private readonly options: SshOptions,
  ) {
    this.name = options.name ?? options.address;
    // node-ssh leaves no listener behind after connecting; without one a reset ends the whole process.
    // https://github.com/steelbrain/node-ssh/issues/421
    ssh.connection?.on("error", (error: Error) => {
      this.lost ??= error.message;
    });
  }

  /**
   * Logs in.
   *
   * @throws BootstrapError with the verifier's own words when the host's key is refused; with ssh2's when the host cannot
   *   be reached or does not let the user in (`cause` is ssh2's error)
   */
  static async connect(options: SshOptions): Promise<SshHost> {
    const { address, port = 22, username, privateKey, agent, refuse, serverHostKey, jump } = options;
    const name = options.name ?? address;
    const ssh = new NodeSSH();
    let refused: string | undefined;
    try {
      await ssh.connect({
        host: address,
        port,
        username,
        ...(privateKey !== undefined && { privateKey }),
        ...(agent !== undefined && { agent }),
        ...(jump !== undefined && { sock: await jump.forwardTo(address, port) }),
        ...(serverHostKey !== undefined && { algorithms: { serverHostKey: [...serverHostKey] as never } }),
        readyTimeout: (options.readyTimeoutSeconds ?? 20) * 1000,
        keepaliveInterval: 15_000,
        // The callback form: ssh2 takes any returned value but a literal `false`, a promise too, for "accepted".
        hostVerifier: (key: Buffer, verify: (accepted: boolean) => void) => {
          refused = refuse(key);
          verify(refused === undefined);
        },
      });
    } catch (cause) {
      ssh.dispose();
      if (refused !== undefined) throw new BootstrapError(`${name}: ${refused}`, { cause });
      throw new BootstrapError(`${name}: cannot log in as ${username}: ${(cause as Error).message}`, { cause });
    }
    return new SshHost(ssh, options);
  }

  async run(command: Command): Promise<CommandResult> {
    if (this.lost !== undefined) throw this.failure(`connection lost (${this.lost}) before`, command);
    const [stdout, stderr]: [Buffer[], Buffer[]] = [[], []];
    const seconds = this.options.commandTimeoutSeconds ?? 600;
    let timer: NodeJS.Timeout | undefined;
    const timeIsUp = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        reject(this.failure(`no end after ${String(seconds)} s of`, command));
        // The command may go on over there; the connection is of no use any more.
        this.close();
      }, seconds * 1000);
    });
    try {
      // not exec(): that rejects whenever anything was written to stderr. Buffers, not its texts: it decodes each packet
      // for itself, and a character of two packets comes out as garbage.
      const ended = this.ssh.execCommand(command.text, {
        ...(command.input !== undefined && { stdin: command.input }),
        onStdout: (chunk) => stdout.push(chunk),
        onStderr: (chunk) => stderr.push(chunk),
      });
      const { code, signal } = await Promise.race([ended, timeIsUp]);
      // A connection that is lost looks like a success without an exit code.
      if (code === null)
        throw this.failure(signal === null ? this.lossDuring() : `killed by ${signal} during`, command);
      return { exitCode: code, stdout: Buffer.concat(stdout).toString(), stderr: Buffer.concat(stderr).toString() };
    } catch (cause) {
      if (cause instanceof BootstrapError) throw cause;
      throw this.failure(`connection lost (${(cause as Error).message}) during`, command, cause);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Logs out; what runs on the host is cut off. */
  close(): void {
    this.lost ??= "closed";
    this.ssh.dispose();
  }

  private forwardTo(address: string, port: number): Promise<Duplex> {
    return this.ssh.forwardOut("127.0.0.1", 0, address, port);
  }

  private lossDuring(): string {
    return this.lost === undefined ? "connection lost during" : `connection lost (${this.lost}) during`;
  }

  private failure(what: string, command: Command, cause?: unknown): BootstrapError {
    return new BootstrapError(`${this.name}: ${what}: ${command.text}`, { cause });
  }
}
