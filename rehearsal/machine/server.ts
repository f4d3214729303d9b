import { spawn, type SpawnOptions } from "node:child_process";
import { closeSync, openSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";

import { UserError } from "../../contract/user-error";
import { lastLine } from "./programs";

/** A program that serves on this machine. */
export interface Server {
  readonly logFile: string;
  /** Resolves when it has ended, by itself or by somebody else. */
  readonly ended: Promise<void>;
  /** Undefined when it has ended, and its number may be another's by now. */
  pid(): number | undefined;
  /** Asks it to end, and ends it when it has not after five seconds. */
  stop(): Promise<void>;
}

/** How a server is started. */
export interface ServerOptions extends SpawnOptions {
  /** For messages. */
  readonly name: string;
  /** Where everything that it says goes. */
  readonly logFile: string;
  readonly timeoutSeconds: number;
  /** Whether it serves. @param log what it has said so far */
  readonly isReady: (log: string) => boolean | Promise<boolean>;
}

/**
 * Starts a server, and waits until it serves.
 *
 * @throws UserError when it cannot be started, ends, or does not serve in time; then it has ended
 */
export async function startServer(
  [program, ...args]: readonly [string, ...string[]],
  { name, logFile, timeoutSeconds, isReady, ...options }: ServerOptions,
): Promise<Server> {
  const log = openSync(logFile, "w");
  const child = spawn(program, args, { ...options, stdio: ["ignore", log, log] });
  closeSync(log);
  const pid = () => (child.exitCode === null && child.signalCode === null ? child.pid : undefined);
  const ended = new Promise<void>((done) => {
    child.once("exit", () => {
      done();
    });
    // A program that cannot be started has no exit code, only this event.
    child.once("error", () => {
      done();
    });
  });
  const stop = async () => {
    child.kill("SIGTERM");
    await Promise.race([ended, sleep(5000, undefined, { ref: false })]);
    child.kill("SIGKILL");
    await ended;
  };
  const deadline = Date.now() + timeoutSeconds * 1000;
  while (!(await isReady(readFileSync(logFile, "utf8")))) {
    if (pid() !== undefined && Date.now() < deadline) {
      await sleep(20);
      continue;
    }
    const isLate = pid() !== undefined;
    await stop();
    const said = lastLine(readFileSync(logFile, "utf8"));
    const how = isLate ? `did not serve within ${String(timeoutSeconds)} s` : "ended as it started";
    throw new UserError(`${name} ${how}${said === "" ? "" : ` (${said})`}; its log is ${logFile}`);
  }
  return { logFile, ended, pid, stop };
}
