import { spawn, type ChildProcess } from "node:child_process";
import { join, resolve } from "node:path";

const CLONE = resolve(__dirname, "..", "..");

/** The program that `npm run rehearse` and everybody else runs. */
export const EKS = join(CLONE, "bin", "eks");

/** A run of `eks` that goes on. */
export interface Running {
  readonly child: ChildProcess;
  /** Everything that it has printed so far. */
  output(): string;
  readonly code: Promise<number | null>;
}

/** Starts `eks` in a folder. */
export function startEks(args: readonly string[], cwd: string, env: NodeJS.ProcessEnv = process.env): Running {
  const child = spawn(process.execPath, [EKS, ...args], { cwd, env, stdio: ["ignore", "pipe", "pipe"] });
  const chunks: Buffer[] = [];
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk: Buffer) => chunks.push(chunk));
  const code = new Promise<number | null>((done) => child.once("close", done));
  return { child, output: () => Buffer.concat(chunks).toString(), code };
}
