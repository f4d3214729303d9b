import { spawn, type ChildProcess, type SpawnOptions } from "node:child_process";
import { readFileSync } from "node:fs";

/** How a program ended, and all that it printed. */
export interface Ended {
  readonly code: number | null;
  /** Standard output and standard error, as they came, without colours. */
  readonly output: string;
  readonly stdout: string;
}

/** A program that runs, and its end. */
export interface Started {
  readonly child: ChildProcess;
  readonly ended: Promise<Ended>;
}

/** How a program is watched. */
export interface Watch {
  /** With `pipe` it waits for what nobody writes; else its input ends at once. @default "ignore" */
  readonly stdin?: "ignore" | "pipe";
  /** Told, whenever there is more, all that it has printed so far. */
  readonly onOutput?: ((soFar: string) => void) | undefined;
}

/** Runs a program to its end; a failure is a result, not an exception. */
export function run(program: string, args: readonly string[], options: SpawnOptions = {}): Promise<Ended> {
  return start(program, args, options).ended;
}

/** Starts a program. */
export function start(
  program: string,
  args: readonly string[],
  options: SpawnOptions = {},
  { stdin = "ignore", onOutput = () => undefined }: Watch = {},
): Started {
  const child = spawn(program, args, { ...options, stdio: [stdin, "pipe", "pipe"] });
  const ended = new Promise<Ended>((resolve, reject) => {
    const [all, out]: [Buffer[], Buffer[]] = [[], []];
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on("data", (chunk: Buffer) => {
        all.push(chunk);
        if (stream === child.stdout) out.push(chunk);
        onOutput(plain(Buffer.concat(all).toString()));
      });
    }
    child.once("error", reject);
    child.once("close", (code) => {
      resolve({ code, output: plain(Buffer.concat(all).toString()), stdout: Buffer.concat(out).toString() });
    });
  });
  return { child, ended };
}

/** Text without terminal colours and Terraform's box lines, and with every run of white space as one space. */
export function flowing(text: string): string {
  return plain(text).replace(/[│╷╵]/g, " ").replace(/\s+/g, " ");
}

function plain(text: string): string {
  // eslint-disable-next-line no-control-regex -- the escape character is what colours begin with
  return text.replace(/\u001b\[[0-9;]*[A-Za-z]/g, "");
}

/** Whether a process is there and is no mere entry that nobody has asked about yet. */
export function isRunning(id: number): boolean {
  try {
    return !/^\d+ \(.*\) [ZX] /s.test(readFileSync(`/proc/${String(id)}/stat`, "utf8"));
  } catch {
    return false;
  }
}
