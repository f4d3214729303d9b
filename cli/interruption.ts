import { UserError } from "../contract/user-error";

/**
 * Waits for something that changes nothing, and no longer than until Ctrl-C.
 *
 * @throws UserError when it is interrupted
 */
export async function orInterrupted<Value>(reading: Promise<Value>, signal: AbortSignal): Promise<Value> {
  const interruption = new Promise<never>((_, reject) => {
    const interrupt = () => {
      reject(new UserError("interrupted: nothing has been done", 130));
    };
    if (signal.aborted) interrupt();
    else signal.addEventListener("abort", interrupt, { once: true });
  });
  return Promise.race([reading, interruption]);
}
