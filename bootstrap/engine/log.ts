import { appendFileSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";

import { UserError } from "../../contract/user-error";
import type { Command } from "./command";
import { harmless, printable } from "../../terminal/text";
import type { CommandResult, Host } from "./host";

/** What stands before a secret: its name, and a sign that its value follows. */
const NAMED = /(?:secret|password|passwd|passphrase|token|session|api[_-]?key|client-key-data)[\w-]*["']?\s*[=:]\s*/;
/** A value: in quotes with everything between them, or up to the next sign of an end. */
const VALUE = /"[^"\n]*"?|'[^'\n]*'?|[^\s"',;&]+/;

/** What must not get into a log, and what stands there instead. */
const SECRETS: readonly (readonly [RegExp, string])[] = [
  [/-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(-----END [A-Z ]*PRIVATE KEY-----|$)/gs, "*** private key ***"],
  [/k8s-aws-v1\.[\w-]+/g, "k8s-aws-v1.***"], // a token for Kubernetes, good for a quarter of an hour
  [/\b(Authorization["']?\s*[=:]\s*["']?(?:[\w-]+[ \t]+)?)[^\s"',;]+/gi, "$1***"],
  [/\b(Bearer\s+)[\w.~+/=-]{16,}/gi, "$1***"],
  [/\b((?:A3T[A-Z0-9]|AKIA|ASIA)[A-Z0-9]{4})[A-Z0-9]{12}\b/g, "$1***"],
  [new RegExp(`(${NAMED.source})(?:${VALUE.source})`, "gi"), "$1***"],
  [new RegExp(`(--(?:[\\w-]+-)?(?:secret|password|passphrase|token)[ \\t]+)(?:${VALUE.source})`, "gi"), "$1***"],
  [/(X-Amz-(?:Signature|Credential|Security-Token)=)[^&\s"']+/gi, "$1***"],
  [/(:\/\/[^\s/:@]*:)[^\s/]+@/g, "$1***@"],
];

/** A text without what looks like a secret. */
export function masked(text: string): string {
  return SECRETS.reduce((rest, [secret, instead]) => rest.replace(secret, instead), text);
}

/** The log of one host in one run: every command, how it ended and how long it took. */
export class Log {
  /**
   * @param file made anew, with the folder that it is in; only its owner may read it
   * @throws UserError when it cannot be written
   */
  constructor(readonly file: string) {
    this.withFile(() => {
      mkdirSync(dirname(file), { recursive: true });
      // A file that is there would keep its mode.
      rmSync(file, { force: true });
      writeFileSync(file, "", { mode: 0o600, flag: "wx" });
    });
  }

  /** A command that has ended, or why it has not. */
  command({ text }: Command, seconds: number, ended: CommandResult | Error): void {
    const how = ended instanceof Error ? ended.message : `exit ${String(ended.exitCode)}`;
    const complaint = ended instanceof Error ? "" : ended.stderr;
    const complaints = complaint.split("\n").filter((line) => line.trim() !== "");
    const lines = [
      `${seconds.toFixed(3)} s  ${how}`,
      ...text.split("\n").map((line) => `$ ${line}`),
      ...complaints.map((line) => `! ${printable(line)}`),
    ];
    this.note(lines.join("\n"));
  }

  /** Lines that belong together: all but the first are indented, so that nothing passes for a line of another. */
  note(text: string): void {
    const lines = harmless(masked(text)).replaceAll("\n", "\n  ");
    this.withFile(() => {
      appendFileSync(this.file, `${new Date().toISOString()}  ${lines}\n`);
    });
  }

  private withFile(act: () => void): void {
    try {
      act();
    } catch (cause) {
      const { code = "", message } = cause as NodeJS.ErrnoException;
      throw new UserError(
        `the log ${this.file} cannot be written (${code || message}): make room or a folder that can be written, ` +
          "or run this in another folder",
        { cause },
      );
    }
  }
}

/** The same host, with every command in the log. What goes in on standard input and comes out is not. */
export function logged(host: Host, log: Log): Host {
  return {
    name: host.name,
    run: async (command) => {
      const start = performance.now();
      const ended = await host.run(command).catch((error: unknown) => error as Error);
      log.command(command, (performance.now() - start) / 1000, ended);
      if (ended instanceof Error) throw ended;
      return ended;
    },
  };
}
