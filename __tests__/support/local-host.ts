import { spawn } from "node:child_process";

import type { Command } from "../../bootstrap/engine/command";
import type { CommandResult, Host } from "../../bootstrap/engine/host";

/**
 * A stand-in for a host behind SSH: this machine, where each command really runs by `/bin/sh`, as sshd runs it, with
 * nothing but the environment given.
 */
export class LocalHost implements Host {
  readonly name = "local";
  /** Every command, in order. */
  readonly ran: Command[] = [];

  constructor(private readonly environment: Readonly<Record<string, string>>) {}

  run(command: Command): Promise<CommandResult> {
    this.ran.push(command);
    return new Promise((resolve, reject) => {
      const shell = spawn("/bin/sh", ["-c", command.text], { env: { ...this.environment } });
      const [stdout, stderr]: [Buffer[], Buffer[]] = [[], []];
      shell.stdout.on("data", (chunk: Buffer) => stdout.push(chunk));
      shell.stderr.on("data", (chunk: Buffer) => stderr.push(chunk));
      shell.once("error", reject);
      shell.once("close", (code) => {
        const [out, complaint] = [Buffer.concat(stdout).toString(), Buffer.concat(stderr).toString()];
        resolve({ exitCode: code ?? -1, stdout: out, stderr: complaint });
      });
      // A command that does not read its input closes it first.
      shell.stdin.on("error", () => undefined);
      shell.stdin.end(command.input ?? "");
    });
  }
}
