import { BootstrapError, CommandFailedError } from "./errors";
import type { Host } from "./host";
import type { AnyTask, Outcome } from "./task";

/**
 * Brings a host to the state that the tasks want, one after the other, and says what became of each.
 *
 * A task is planned right before it runs, because an earlier one may change what it finds. Afterwards the host is read
 * again: a command that ended with 0 has proved nothing.
 *
 * @param check only say what would change; nothing on the host is touched
 * @throws BootstrapError at the first task that fails; the outcomes before it have been yielded
 */
export async function* run(
  host: Host,
  tasks: readonly AnyTask[],
  { check = false }: { readonly check?: boolean } = {},
): AsyncGenerator<Outcome> {
  for (const task of tasks) {
    const { title } = task;
    const current = await task.current(host);
    const commands = task.changes(current);
    if (commands.length === 0) {
      yield { kind: "ok", title };
      continue;
    }
    const diff = task.diff?.(current);
    if (check) {
      yield { kind: "would-change", title, diff };
      continue;
    }
    for (const command of commands) {
      const result = await host.run(command);
      if (result.exitCode !== 0) throw new CommandFailedError(host.name, command, result);
    }
    if (task.changes(await task.current(host)).length > 0) {
      throw new BootstrapError(`${host.name}: "${title}" ran without an error, but the host is still not as wanted`);
    }
    yield { kind: "changed", title, diff };
  }
}
