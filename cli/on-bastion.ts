import { UserError } from "../contract/user-error";
import { logIn } from "../bootstrap/bastion";
import { sh } from "../bootstrap/engine/command";
import type { Host } from "../bootstrap/engine/host";
import { readOptions } from "../bootstrap/options";
import { NoKeyError } from "../bootstrap/ssh/settings";
import { ConnectError } from "../bootstrap/ssh/ssh-host";
import type { Handover } from "../contract/handover";
import type { Login } from "./doctor/inside-facts";
import type { Screen } from "../terminal/screen";

/** What came of an attempt to work on the bastion. */
type OnBastion<Result> = { readonly result: Result } | { readonly login: Extract<Login, { readonly reached: false }> };

/**
 * Logs in to the bastion and does something there; that nobody gets in is a result.
 *
 * @param args the options of the bootstrap that say how to reach it
 * @param leastCommandSeconds as in `ConnectOptions`
 * @throws UserError when those are wrong
 */
export async function onBastion<Result>(
  handover: Handover,
  args: readonly string[],
  work: (host: Host) => Promise<Result>,
  screen: Screen,
  signal: AbortSignal,
  leastCommandSeconds?: number,
): Promise<OnBastion<Result>> {
  // Nobody waits for minutes to be told what is wrong.
  const patience = args.some((arg) => arg.startsWith("--timeout")) ? [] : ["--timeout", "20"];
  const options = readOptions([...patience, ...args]);
  if (options === undefined) throw new UserError("--help is no option here");
  screen.busy("logging in to the bastion");
  try {
    const { ssh, host } = await logIn(handover, { ...options, leastCommandSeconds }, signal, {
      waiting: (what) => {
        screen.busy(`logging in to the bastion: ${what}`);
      },
      note: () => undefined,
    });
    const interrupt = () => {
      ssh.close("interrupted");
    };
    signal.addEventListener("abort", interrupt);
    try {
      // Where no command is run, nobody gets in either.
      await ssh.run(sh`true`);
      return { result: await work(host) };
    } finally {
      signal.removeEventListener("abort", interrupt);
      ssh.close();
    }
  } catch (error) {
    if (error instanceof NoKeyError) {
      return { login: { reached: false, problem: "authentication", message: error.message } };
    }
    if (!(error instanceof ConnectError)) throw error;
    return { login: { reached: false, problem: error.problem, message: error.message } };
  }
}
