import { spawn } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** One run of a command. */
export interface Run {
  /** Wall time. */
  readonly seconds: number;
  /** Peak resident memory of the largest Node process that the command started; 0 when it started none. */
  readonly peakMB: number;
}

/**
 * Runs a command to its end.
 *
 * @throws when it fails, with the end of what it printed
 */
export async function measure(command: readonly string[], cwd: string, env = process.env): Promise<Run> {
  const [program = "", ...args] = command;
  const peaks = mkdtempSync(join(tmpdir(), "eks-bench-"));
  const preload = `--require=${join(__dirname, "peak-memory.cjs")}`;
  try {
    const start = process.hrtime.bigint();
    const child = spawn(program, args, {
      cwd,
      env: { ...env, EKS_BENCH_PEAKS: peaks, NODE_OPTIONS: `${env["NODE_OPTIONS"] ?? ""} ${preload}`.trim() },
      stdio: ["ignore", "pipe", "pipe"],
    });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.on("data", (chunk: Buffer) => {
        output += chunk.toString();
      });
    }
    const code = await new Promise((resolve, reject) => child.once("error", reject).once("close", resolve));
    const seconds = Number(process.hrtime.bigint() - start) / 1e9;
    if (code !== 0) throw new Error(`${command.join(" ")} ended with ${String(code)}:\n${output.slice(-2000)}`);
    const peakMB = Math.max(
      0,
      ...readdirSync(peaks).map((file) => Number(readFileSync(join(peaks, file), "utf8")) / 1000),
    );
    return { seconds, peakMB };
  } finally {
    rmSync(peaks, { recursive: true });
  }
}

/** Medians of several runs of each command, taken in turns so that a slow minute of the machine hits all alike. */
export async function medians<Name extends string>(
  rounds: number,
  commands: Readonly<Record<Name, () => Promise<Run>>>,
): Promise<Record<Name, Run>> {
  const names = Object.keys(commands) as Name[];
  const runs = new Map<Name, Run[]>(names.map((name) => [name, []]));
  // The first round fills caches and does not count.
  for (let round = 0; round <= rounds; round++) {
    for (const name of names) {
      const run = await commands[name]();
      if (round > 0) runs.get(name)?.push(run);
    }
  }
  const median = (values: number[]) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;
  return Object.fromEntries(
    [...runs].map(([name, all]) => [
      name,
      { seconds: median(all.map(({ seconds }) => seconds)), peakMB: median(all.map(({ peakMB }) => peakMB)) },
    ]),
  ) as Record<Name, Run>;
}
