import type { Command } from "../../bootstrap/command";
import { sh } from "../../bootstrap/command";
import { BootstrapError, CommandFailedError } from "../../bootstrap/errors";
import type { CommandResult, Host } from "../../bootstrap/host";
import { run } from "../../bootstrap/run";
import type { AnyTask, Outcome } from "../../bootstrap/task";

/** A host that has one file, does what it was told about, and refuses every other command. */
class FakeHost implements Host {
  readonly name = "bastion";
  readonly ran: string[] = [];

  constructor(public file?: string) {}

  run({ text }: Command): Promise<CommandResult> {
    this.ran.push(text);
    const done = (stdout = "") => Promise.resolve({ exitCode: 0, stdout, stderr: "" });
    if (text === "read") return done(this.file ?? "");
    if (text === "pretend") return done();
    if (text === "break") return Promise.resolve({ exitCode: 1, stdout: "", stderr: "disk full\u001b[31m\n" });
    const [verb, value] = text.split(" ");
    if (verb !== "write") throw new Error(`FakeHost was not told about: ${text}`);
    this.file = value;
    return done();
  }
}

/** Wants the file to hold `wanted`, by the command given. */
function fileTask(wanted: string, command: Command = sh`write ${wanted}`): AnyTask {
  return {
    title: `file ${wanted}`,
    current: async (host) => (await host.run(sh`read`)).stdout,
    changes: (current) => (current === wanted ? [] : [command]),
    diff: (current) => `- ${String(current)}\n+ ${wanted}`,
  };
}

async function outcomes(host: Host, tasks: AnyTask[], options?: { check: boolean }): Promise<Outcome[]> {
  const all: Outcome[] = [];
  for await (const outcome of run(host, tasks, options)) all.push(outcome);
  return all;
}

describe("a run", () => {
  it("says what would change, changes it, and then finds nothing to do", async () => {
    const host = new FakeHost("old");
    const tasks = [fileTask("new")];

    const [checked, applied, again] = [
      await outcomes(host, tasks, { check: true }),
      await outcomes(host, tasks),
      await outcomes(host, tasks),
    ];

    expect(checked).toEqual([{ kind: "would-change", title: "file new", diff: "- old\n+ new" }]);
    expect(applied).toEqual([{ kind: "changed", title: "file new", diff: "- old\n+ new" }]);
    expect(again).toEqual([{ kind: "ok", title: "file new" }]);
    expect(host.ran).toEqual(["read", "read", "write new", "read", "read"]);
  });

  it("plans each task when its turn has come, after what the one before it did", async () => {
    const host = new FakeHost();

    expect((await outcomes(host, [fileTask("a"), fileTask("a"), fileTask("b")])).map(({ kind }) => kind)).toEqual([
      "changed",
      "ok",
      "changed",
    ]);
  });

  it("fails at a command that fails, with its complaint, and goes no further", async () => {
    const host = new FakeHost();
    const seen: Outcome[] = [];

    const failed = (async () => {
      for await (const outcome of run(host, [fileTask("a"), fileTask("b", sh`break`), fileTask("c")]))
        seen.push(outcome);
    })();

    await expect(failed).rejects.toThrow(CommandFailedError);
    await expect(failed).rejects.toThrow("bastion: command failed with exit code 1: break\n  disk full\\x1b[31m");
    expect(seen.map(({ title }) => title)).toEqual(["file a"]);
    expect(host.ran).not.toContain("write c");
  });

  it("fails when the host is not as wanted although every command succeeded", async () => {
    const failed = outcomes(new FakeHost(), [fileTask("a", sh`pretend`)]);

    await expect(failed).rejects.toThrow(BootstrapError);
    await expect(failed).rejects.toThrow('bastion: "file a" ran without an error, but the host is still not as wanted');
  });
});
