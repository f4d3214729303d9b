import { UserError } from "../../../contract/user-error";
import { sh, type Command } from "../../../bootstrap/engine/command";
import type { CommandResult, Host } from "../../../bootstrap/engine/host";
import { run, type RunOptions } from "../../../bootstrap/engine/run";
import { PLAN_AGAIN, type Outcome, type Stage, type Step, type Task, type Wait } from "../../../bootstrap/engine/task";
import { outcomesOf, quiet } from "../../support/outcomes";

/**
 * A stand-in for a host: files with one word each, read by `read FILE` and written by `write FILE WORD`. Whatever else
 * it is to do has to be told, and every other command is refused.
 */
class FakeHost implements Host {
  readonly name = "bastion";
  readonly ran: string[] = [];
  /** Commands that do something of their own; they may reject, as a lost connection does. */
  readonly told = new Map<string, () => CommandResult | Promise<CommandResult>>();

  constructor(readonly files: Record<string, string> = {}) {}

  async run({ text }: Command): Promise<CommandResult> {
    this.ran.push(text);
    const own = this.told.get(text);
    if (own !== undefined) return own();
    const [verb, file = "", word] = text.split(" ");
    if (verb === "read") return done(this.files[file]);
    if (verb !== "write" || word === undefined) throw new Error(`FakeHost was not told about: ${text}`);
    // As over a network: whoever asks next has asked before this is done.
    await Promise.resolve();
    this.files[file] = word;
    return done();
  }

  /** What it ran besides reading. */
  get wrote(): string[] {
    return this.ran.filter((text) => !text.startsWith("read "));
  }
}

function done(stdout = ""): CommandResult {
  return { exitCode: 0, stdout, stderr: "" };
}

function fails(exitCode: number, stderr = ""): CommandResult {
  return { exitCode, stdout: "", stderr };
}

function lost(): Promise<CommandResult> {
  return Promise.reject(new UserError("bastion: connection lost"));
}

/** Wants a file to hold a word, by the commands given. */
function wants(file: string, word: string, ...commands: readonly Command[]): Task<unknown> {
  return {
    title: `${file} is ${word}`,
    current: { command: sh`read ${file}`, parse: ({ stdout }) => stdout },
    change: (current) =>
      current === word
        ? undefined
        : {
            commands: commands.length > 0 ? commands : [sh`write ${file} ${word}`],
            diff: `- ${String(current)}\n+ ${word}`,
          },
  };
}

/** Waits for a file to hold a word. */
function waitsFor(file: string, word: string, more: Partial<Wait<unknown>> = {}): Wait<unknown> {
  return {
    title: `${file} becomes ${word}`,
    current: { command: sh`read ${file}`, parse: ({ stdout }) => stdout },
    missing: (current) => (current === word ? undefined : `it is ${String(current) || "nothing"}`),
    patienceSeconds: 5,
    ...more,
  };
}

function outcomes(host: Host, stages: readonly Stage[], options: Partial<RunOptions> = {}): Promise<Outcome[]> {
  return outcomesOf(host, stages, { pollSeconds: 0.001, ...options });
}

/** As `changed: a is 1`. */
async function lines(host: Host, stages: readonly Stage[], options?: Partial<RunOptions>): Promise<string[]> {
  return (await outcomes(host, stages, options)).map((outcome) => {
    const message = outcome.kind === "failed" ? `: ${outcome.message}` : "";
    return `${outcome.kind}: ${outcome.title}${message}`;
  });
}

describe("a run", () => {
  it("says what would change, changes it, and then finds nothing to do", async () => {
    const host = new FakeHost({ a: "old" });
    const stages = [[wants("a", "new")]];

    const [checked, applied, again] = [
      await outcomes(host, stages, { check: true }),
      await outcomes(host, stages),
      await outcomes(host, stages),
    ];

    expect(checked).toEqual([{ kind: "would-change", title: "a is new", diff: "- old\n+ new" }]);
    expect(applied).toEqual([{ kind: "changed", title: "a is new", diff: "- old\n+ new" }]);
    expect(again).toEqual([{ kind: "ok", title: "a is new" }]);
    expect(host.ran).toEqual(["read a", "read a", "write a new", "read a", "read a"]);
  });

  it("warns before it changes anything, also where it would only, and not when there is nothing to change", async () => {
    const host = new FakeHost({ a: "old" });
    const plain = wants("a", "new");
    const warns: Step = {
      ...plain,
      change: (current) => {
        const change = plain.change(current);
        return change && { ...change, warnings: [`${String(current)} is somebody's`] };
      },
    };
    const warning = { kind: "warning", title: "a is new", message: "old is somebody's" };

    const checked = await outcomes(host, [[warns]], { check: true });
    const running = run(host, [[warns]], quiet());
    const first = await running.next();
    const wroteBefore = [...host.wrote];
    const second = await running.next();
    const again = await outcomes(host, [[warns]]);

    expect(checked).toEqual([warning, { kind: "would-change", title: "a is new", diff: "- old\n+ new" }]);
    expect([first.value, wroteBefore]).toEqual([warning, []]);
    expect(second.value).toMatchObject({ kind: "changed" });
    expect(again).toEqual([{ kind: "ok", title: "a is new" }]);
  });

  it("does nothing when there is nothing", async () => {
    const host = new FakeHost();

    expect(await outcomes(host, [])).toEqual([]);
    expect(await outcomes(host, [[]])).toEqual([]);
    expect(host.ran).toEqual([]);
  });

  it("reads everything at once, before the first change", async () => {
    const host = new FakeHost({ a: "1", b: "1", c: "1" });

    await outcomes(host, [[wants("a", "2")], [wants("b", "2")], [wants("c", "1")]]);

    expect(host.ran).toEqual([
      ...["read a", "read b", "read c", "write a 2"],
      ...["read a", "read b", "read c", "write b 2"],
      ...["read b", "read c"],
    ]);
  });

  it("runs equal readings once", async () => {
    const host = new FakeHost({ a: "1" });

    await outcomes(host, [[wants("a", "1"), waitsFor("a", "1")], [wants("a", "1")]]);

    expect(host.ran).toEqual(["read a"]);
  });

  it("plans a stage after what the one before it did", async () => {
    const host = new FakeHost();

    expect(await lines(host, [[wants("a", "1")], [wants("a", "1")], [wants("a", "2")]])).toEqual([
      "changed: a is 1",
      "ok: a is 1",
      "changed: a is 2",
    ]);
    expect(host.wrote).toEqual(["write a 1", "write a 2"]);
  });

  it("reads again, at once, what it changed and what is still to come", async () => {
    const host = new FakeHost({ a: "1", b: "1", c: "1" });

    expect(await lines(host, [[wants("a", "1")], [wants("b", "2")], [wants("c", "1")]])).toEqual([
      "ok: a is 1",
      "changed: b is 2",
      "ok: c is 1",
    ]);

    expect(host.ran).toEqual(["read a", "read b", "read c", "write b 2", "read b", "read c"]);
  });

  it("changes side by side what stands in one stage", async () => {
    const host = new FakeHost();
    let meet: (result: CommandResult) => void;
    const both = new Promise<CommandResult>((resolve) => (meet = resolve));
    // Each ends only when the other one runs, too.
    host.told.set("left", () => both);
    host.told.set("right", () => {
      Object.assign(host.files, { a: "1", b: "1" });
      meet(done());
      return both;
    });

    expect(await lines(host, [[wants("a", "1", sh`left`), wants("b", "1", sh`right`)]])).toEqual([
      "changed: a is 1",
      "changed: b is 1",
    ]);
  });

  it("runs the commands of a task in order, until one fails", async () => {
    const host = new FakeHost();
    host.told.set("break", () => fails(1, "cp: error writing 'x': No space left on device\n"));

    const task = wants("a", "1", sh`write a 0`, sh`break`, sh`write a 1`);

    expect(await lines(host, [[task]])).toEqual([
      expect.stringMatching(/^failed: a is 1: the disk is full \(cp: error writing 'x': No space left on device\): /),
    ]);
    expect(host.wrote).toEqual(["write a 0", "break"]);
  });

  it("ends after the stage in which a step failed, and lets the others of that stage end", async () => {
    const host = new FakeHost();
    host.told.set("break", () => fails(1, "strange\u001b[31m\n"));

    expect(await lines(host, [[wants("a", "1", sh`break`), wants("b", "1")], [wants("c", "1")]])).toEqual([
      "failed: a is 1: strange\\x1b[31m",
      "changed: b is 1",
    ]);
    expect(host.wrote).toEqual(["break", "write b 1"]);
  });

  it("changes nothing of a stage in which something cannot be planned", async () => {
    const host = new FakeHost();
    const never: Step = {
      ...wants("x", "1"),
      change: () => {
        throw new UserError("nothing leads there");
      },
    };

    expect(await lines(host, [[wants("a", "1"), never], [wants("b", "1")]])).toEqual([
      "failed: x is 1: nothing leads there",
    ]);
    expect(host.wrote).toEqual([]);
  });

  it("fails when the host is not as wanted although every command succeeded", async () => {
    const host = new FakeHost({ a: "0" });
    host.told.set("pretend", () => done());

    expect(await lines(host, [[wants("a", "1", sh`pretend`)]])).toEqual([
      "failed: a is 1: it ran without an error, but the host is still not as wanted: - 0\n+ 1",
    ]);
    expect(host.wrote).toEqual(["pretend"]);
  });

  it("says less of it when a task has no words for the difference", async () => {
    const host = new FakeHost();
    host.told.set("pretend", () => done());
    const task: Step = { ...wants("a", "1"), change: () => ({ commands: [sh`pretend`] }) };

    expect(await lines(host, [[task]])).toEqual([
      "failed: a is 1: it ran without an error, but the host is still not as wanted",
    ]);
  });

  it("fails when what was changed cannot be read back", async () => {
    const host = new FakeHost();
    const task = wants("a", "1");
    let readings = 0;
    host.told.set("read a", () => (++readings > 1 ? lost() : done()));

    expect(await lines(host, [[task], [wants("b", "1")]])).toEqual(["failed: a is 1: bastion: connection lost"]);
    expect(host.wrote).toEqual(["write a 1"]);
  });

  it("fails when a connection is lost while it changes something", async () => {
    const host = new FakeHost();
    host.told.set("write a 1", lost);

    expect(await lines(host, [[wants("a", "1")], [wants("b", "1")]])).toEqual([
      "failed: a is 1: bastion: connection lost",
    ]);
  });

  it("fails at the step that cannot be read, not at one before it", async () => {
    const host = new FakeHost({ a: "1" });
    host.told.set("read b", lost);

    expect(await lines(host, [[wants("a", "1")], [wants("b", "1")]])).toEqual([
      "ok: a is 1",
      "failed: b is 1: bastion: connection lost",
    ]);
  });

  it("forgets a reading that failed when something changes afterwards", async () => {
    const host = new FakeHost();
    let readings = 0;
    host.told.set("read b", () => (++readings === 1 ? lost() : done("1")));

    expect(await lines(host, [[wants("a", "1")], [wants("b", "1")]])).toEqual(["changed: a is 1", "ok: b is 1"]);
  });

  it("tells what it is busy with", async () => {
    const busy: string[] = [];

    await outcomes(new FakeHost({ b: "1" }), [[wants("a", "1"), wants("b", "1")], [waitsFor("a", "1")]], {
      busy: (what) => busy.push(what),
    });

    expect(busy).toEqual(["a is 1, b is 1", "a is 1", "a becomes 1"]);
  });

  describe("lets an exception through that is nobody's to mend,", () => {
    const bug = new TypeError("x is not a function");
    const throws = () => {
      throw bug;
    };
    const good = wants("a", "1");

    it.each<readonly [string, Step]>([
      ["from a reading", { ...good, current: { ...good.current, parse: throws } }],
      ["from a plan", { ...good, change: throws }],
      ["from a look at what is missing", waitsFor("a", "1", { missing: throws })],
      ["from a diagnosis", waitsFor("a", "1", { patienceSeconds: 0, diagnose: () => Promise.reject(bug) })],
      ["from a command", wants("a", "1", sh`boom`)],
    ])("%s", async (_, step) => {
      const host = new FakeHost();
      host.told.set("boom", throws);

      await expect(outcomes(host, [[step]])).rejects.toBe(bug);
    });

    it("from a host that was not told", async () => {
      await expect(outcomes(new FakeHost(), [[wants("a", "1", sh`reboot`)]])).rejects.toThrow(
        "FakeHost was not told about: reboot",
      );
    });
  });
});

describe("a change that somebody else gets in the way of", () => {
  it("is planned again on what is there now", async () => {
    const host = new FakeHost({ a: "0" });
    host.told.set("write a 0+1", () => {
      host.files["a"] = "5";
      return fails(PLAN_AGAIN, "Error from server (Conflict)");
    });
    host.told.set("write a 5+1", () => {
      host.files["a"] = "5+1";
      return done();
    });
    const task: Task<unknown> = {
      ...wants("a", "more"),
      change: (current) =>
        String(current).endsWith("+1")
          ? undefined
          : { commands: [sh`write a ${`${String(current)}+1`}`], diff: `from ${String(current)}` },
    };

    expect(await outcomes(host, [[task]])).toEqual([{ kind: "changed", title: "a is more", diff: "from 5" }]);
    expect(host.wrote).toEqual(["write a 0+1", "write a 5+1"]);
  });

  it("is done when the other one has done the same", async () => {
    const host = new FakeHost();
    host.told.set("write a 1", () => {
      host.files["a"] = "1";
      return fails(PLAN_AGAIN);
    });

    expect(await lines(host, [[wants("a", "1")]])).toEqual(["changed: a is 1"]);
    expect(host.wrote).toEqual(["write a 1"]);
  });

  it("holds nobody of its stage up", async () => {
    const host = new FakeHost();
    let tries = 0;
    host.told.set("write a 1", () => {
      if (++tries === 1) return fails(PLAN_AGAIN);
      host.files["a"] = "1";
      return done();
    });

    expect(await lines(host, [[wants("a", "1"), wants("b", "1")], [wants("c", "1")]])).toEqual([
      "changed: b is 1",
      "changed: a is 1",
      "changed: c is 1",
    ]);
    expect(host.wrote).toEqual(["write a 1", "write b 1", "write a 1", "write c 1"]);
  });

  it("fails when it goes on and on", async () => {
    const host = new FakeHost();
    host.told.set("write a 1", () => fails(PLAN_AGAIN));

    expect(await lines(host, [[wants("a", "1")], [wants("b", "1")]])).toEqual([
      "failed: a is 1: somebody else keeps changing the same; run again when nobody does",
    ]);
    expect(host.wrote).toEqual(Array(4).fill("write a 1"));
  });
});

describe("a wait", () => {
  it("is over when the state is there", async () => {
    const host = new FakeHost({ a: "1" });
    const wait = waitsFor("a", "1", {
      result: (current) => ({ lines: [`a: ${String(current)}`], json: { a: current } }),
    });

    expect(await outcomes(host, [[wait]])).toEqual([
      { kind: "ok", title: "a becomes 1", result: { lines: ["a: 1"], json: { a: "1" } } },
    ]);
    expect(host.ran).toEqual(["read a"]);
  });

  it("looks until it comes, and tells what is missing", async () => {
    const host = new FakeHost({ a: "0" });
    const states = ["0", "0", "starting", "1"];
    host.told.set("read a", () => done(states.shift()));
    const [busy, waiting]: [string[], string[]] = [[], []];
    const wait = waitsFor("a", "1", { result: (current) => ({ lines: [String(current)], json: {} }) });
    const told = { busy: (what: string) => busy.push(what), waiting: (what: string) => waiting.push(what) };

    expect(await outcomes(host, [[wait]], told)).toEqual([
      { kind: "ok", title: "a becomes 1", result: { lines: ["1"], json: {} } },
    ]);
    expect(waiting).toEqual(["a becomes 1: it is 0", "a becomes 1: it is starting"]);
    expect(busy).toEqual([
      "a becomes 1",
      "a becomes 1: it is 0",
      "a becomes 1: it is 0",
      "a becomes 1: it is starting",
    ]);
  });

  it("asks nothing more of the host when it was the last", async () => {
    const host = new FakeHost();
    const states = ["0", "1"];
    host.told.set("read a", () => done(states.shift()));

    await outcomes(host, [[waitsFor("a", "1")]]);

    expect(host.ran).toEqual(["read a", "read a"]);
  });

  it("has what comes after it read again", async () => {
    const host = new FakeHost({ b: "old" });
    const states = ["0", "1"];
    host.told.set("read a", () => {
      const state = states.shift();
      if (state === "1") host.files["b"] = "new";
      return done(state);
    });

    expect(await lines(host, [[waitsFor("a", "1")], [wants("b", "new")]])).toEqual(["ok: a becomes 1", "ok: b is new"]);
  });

  it("does without a change of its stage for no longer than it takes", async () => {
    const host = new FakeHost({ b: "0" });
    const states = ["0", "1"];
    host.told.set("read a", () => done(states.shift()));

    expect(await lines(host, [[wants("b", "1"), waitsFor("a", "1")]])).toEqual(["ok: a becomes 1", "changed: b is 1"]);
  });

  it("waits side by side with others of its stage", async () => {
    const host = new FakeHost();
    const patience = { patienceSeconds: 0.5 };

    const all = await lines(host, [[waitsFor("a", "1", patience), waitsFor("b", "1", patience)]], { pollSeconds: 0.1 });

    const reads = host.ran.filter((text) => text.startsWith("read "));
    expect(reads.slice(0, 6)).toEqual(["read a", "read b", "read a", "read b", "read a", "read b"]);
    expect(all).toEqual([
      "failed: a becomes 1: after 0.5 s of waiting: it is nothing",
      "failed: b becomes 1: after 0.5 s of waiting: it is nothing",
    ]);
  });

  it("ends soon when what is missing will never come", async () => {
    const host = new FakeHost({ a: "0" });
    const wait = waitsFor("a", "1", { patienceSeconds: 600, hopeless: () => Promise.resolve("nobody makes it") });

    expect(await lines(host, [[wait], [wants("b", "1")]])).toEqual(["failed: a becomes 1: it is 0: nobody makes it"]);
  });

  it.each([
    ["goes on when it may come", ["0", "0", "0", "1"], 1],
    ["asks nobody when it has come soon", ["0", "1"], 0],
  ])("%s", async (_, states, expected) => {
    const host = new FakeHost();
    host.told.set("read a", () => done(states.shift()));
    const hopeless = jest.fn(() => Promise.resolve(undefined));

    expect(await lines(host, [[waitsFor("a", "1", { hopeless })]])).toEqual(["ok: a becomes 1"]);
    expect(hopeless).toHaveBeenCalledTimes(expected);
  });

  it("is out of patience in time, says why, and ends the run", async () => {
    const host = new FakeHost({ a: "0" });
    host.told.set("why", () => done("the disk is slow"));
    const wait = waitsFor("a", "1", {
      patienceSeconds: 0.2,
      diagnose: async (it) => (await it.run(sh`why`)).stdout,
    });

    const all = await lines(host, [[wait], [wants("b", "1")]], { pollSeconds: 60 });

    expect(all).toEqual(["failed: a becomes 1: after 0.2 s of waiting: it is 0: the disk is slow"]);
    // A last look when time is up, and only then the question why.
    expect(host.ran.slice(-2)).toEqual(["read a", "why"]);
  });

  it("fails when a connection is lost meanwhile", async () => {
    const host = new FakeHost();
    let readings = 0;
    host.told.set("read a", () => (++readings > 2 ? lost() : done()));

    expect(await lines(host, [[waitsFor("a", "1")]])).toEqual(["failed: a becomes 1: bastion: connection lost"]);
  });

  it("fails when a connection is lost while it asks why", async () => {
    const wait = waitsFor("a", "1", { patienceSeconds: 0, diagnose: () => lost().then(() => "") });

    expect(await lines(new FakeHost(), [[wait]])).toEqual(["failed: a becomes 1: bastion: connection lost"]);
  });

  it("is ended by an interruption at once", async () => {
    const host = new FakeHost();
    const interruption = new AbortController();
    const interrupt = () => {
      setTimeout(() => {
        interruption.abort();
      }, 20);
    };

    const all = await lines(host, [[waitsFor("a", "1", { patienceSeconds: 600 })], [wants("b", "1")]], {
      signal: interruption.signal,
      pollSeconds: 300,
      busy: (what) => {
        if (what.includes(":")) interrupt();
      },
    });

    expect(all).toEqual(["failed: a becomes 1: interrupted"]);
    expect(host.wrote).toEqual([]);
  });

  it("does not begin after an interruption", async () => {
    const host = new FakeHost();

    expect(await lines(host, [[waitsFor("a", "1")]], { signal: AbortSignal.abort() })).toEqual([
      "failed: a becomes 1: interrupted",
    ]);
    expect(host.ran).toEqual(["read a"]);
  });
});

describe("check mode", () => {
  const check = { check: true };

  it("touches nothing and waits for nothing", async () => {
    const host = new FakeHost({ a: "0", b: "1" });

    expect(
      await outcomes(host, [[wants("a", "1"), wants("b", "1")], [waitsFor("c", "1", { patienceSeconds: 600 })]], check),
    ).toEqual([
      { kind: "would-change", title: "a is 1", diff: "- 0\n+ 1" },
      { kind: "ok", title: "b is 1" },
      { kind: "would-change", title: "c becomes 1", diff: "it is nothing" },
    ]);
    expect(host.ran).toEqual(["read a", "read b", "read c"]);
  });

  it("does not hold against a step what an earlier one would bring", async () => {
    const host = new FakeHost();
    const needsA: Step = {
      ...wants("b", "1"),
      change: () => {
        throw new UserError("there is no a");
      },
    };

    expect(await outcomes(host, [[wants("a", "1")], [needsA], [wants("c", "1")]], check)).toEqual([
      { kind: "would-change", title: "a is 1", diff: "- \n+ 1" },
      {
        kind: "would-change",
        title: "b is 1",
        diff: "what is there can be told once the steps before are done",
      },
      { kind: "would-change", title: "c is 1", diff: "- \n+ 1" },
    ]);
  });

  it("fails at what no earlier step would bring, and goes no further", async () => {
    const host = new FakeHost({ a: "1" });
    const needsA: Step = {
      ...wants("b", "1"),
      current: {
        command: sh`read b`,
        parse: () => {
          throw new UserError("b is broken");
        },
      },
    };

    expect(await lines(host, [[wants("a", "1")], [wants("d", "1"), needsA], [wants("c", "1")]], check)).toEqual([
      "ok: a is 1",
      "would-change: d is 1",
      "failed: b is 1: b is broken",
    ]);
  });

  it("fails when the connection is lost, whatever would have changed before", async () => {
    const host = new FakeHost();
    host.told.set("read b", lost);

    expect(await lines(host, [[wants("a", "1")], [wants("b", "1")], [wants("c", "1")]], check)).toEqual([
      "would-change: a is 1",
      "failed: b is 1: bastion: connection lost",
    ]);
  });
});
