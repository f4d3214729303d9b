import { spawn, type SpawnOptions } from "node:child_process";

/** How a program ended, and all that it printed. */
export interface Ended {
  readonly code: number | null;
  /** Standard output and standard error, as they came, without colours. */
  readonly output: string;
  readonly stdout: string;
}

/** Runs a program to its end; a failure is a result, not an exception. */
export function run(program: string, args: readonly string[], options: SpawnOptions = {}): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { ...options, stdio: ["ignore", "pipe", "pipe"] });
    const [all, out]: [Buffer[], Buffer[]] = [[], []];
    child.stdout.on("data", (chunk: Buffer) => {
      all.push(chunk);
      out.push(chunk);
    });
    child.stderr.on("data", (chunk: Buffer) => all.push(chunk));
    child.once("error", reject);
    child.once("close", (code) => {
      resolve({ code, output: plain(Buffer.concat(all).toString()), stdout: Buffer.concat(out).toString() });
    });
  });
}

/** Text without terminal colours and Terraform's box lines, and with every run of white space as one space. */
export function flowing(text: string): string {
  return plain(text).replace(/[│╷╵]/g, " ").replace(/\s+/g, " ");
}

function plain(text: string): string {
  // eslint-disable-next-line no-control-regex -- the escape character is what colours begin with
  return text.replace(/\u001b\[[0-9;]*[A-Za-z]/g, "");
}
