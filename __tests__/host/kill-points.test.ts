import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { Client, type ClientCallback } from "ssh2";

import { recapOf, type HostReport } from "../../bootstrap/engine/report";
import { SshHost } from "../../bootstrap/ssh/ssh-host";
import type { Cut } from "../../rehearsal/bastion/link";
import { runBootstrap, startBootstrap } from "../support/bootstrap";
import {
  FragileBastion,
  halfMade,
  isTemporary,
  OTHERS,
  prefixed,
  withoutTemporary,
  type Tree,
} from "../support/fragile-bastion";
import { kills } from "../support/kills";
import { describeOnHost } from "../support/on-host";
import { seeded } from "../support/seeded";
import { wholeBastion, withoutClusters } from "../support/whole-bastion";

/** Of a run that was interrupted. */
const LAST_LINE = /^interrupted: the same command goes on where this one has stopped$/m;
const NOT_BEGUN = /^interrupted: nothing has been done\n$/;

const CUTS: readonly [Cut, Cut] = ["reset", "end"];

describeOnHost("the bootstrap, interrupted", () => {
  let folder: string;
  let site: FragileBastion;
  let whole: Tree;
  let wholeRoles: string;
  let commands: number;
  let bytes: number;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "eks-test-kill-"));
    site = await FragileBastion.start(folder);
    await site.reset();
    const execute = jest.spyOn(Client.prototype, "exec");
    const report = await site.bootstrap();
    commands = execute.mock.calls.length;
    execute.mockRestore();
    bytes = carried();
    await site.quiet();
    whole = site.tree();
    wholeRoles = site.mappedRoles();
    expect(recapOf(report)).toEqual({ ok: 15, changed: 9, unreachable: 0, failed: 0 });
    const { root, home } = await wholeBastion(site.surroundings);
    expect(withoutClusters(whole)).toEqual({ ...prefixed("root", root), ...prefixed("home", home) });
    expect(wholeRoles).toBe(
      `${OTHERS}- rolearn: arn:aws:iam::123456789012:role/awskrug_gudi_eks_worker_nodes_role
  username: system:node:{{EC2PrivateDNSName}}
  groups:
    - system:bootstrappers
    - system:nodes
`,
    );
  });
  afterAll(async () => {
    await site.stop();
    rmSync(folder, { recursive: true });
  });
  beforeEach(() => site.reset());
  afterEach(() => {
    jest.restoreAllMocks();
  });

  /** What is wrong with a bastion that a run was cut off from: half files at once, half files when all is quiet. */
  async function problemsAfterCut(isLeftToEnd: boolean): Promise<string[]> {
    const problems = describeTree("half made at once", halfMade(site.tree(), whole));
    if (!site.mappedRoles().startsWith(OTHERS)) problems.push("aws-auth has lost somebody else's mapping");
    if (!isLeftToEnd) return problems;
    await site.quiet();
    return [...problems, ...describeTree("half made at the end", halfMade(site.tree(), whole))];
  }

  /** What is wrong with a bastion that a run has just said to be done. */
  async function problemsOfWhole(): Promise<string[]> {
    const problems = describeTree("not whole", differences(whole, withoutTemporary(site.tree())));
    if (site.mappedRoles() !== wholeRoles) problems.push(`aws-auth maps ${site.mappedRoles()}`);
    await site.quiet();
    problems.push(...describeTree("other than whole, when all is quiet", differences(whole, site.tree())));
    return problems;
  }

  /** What is wrong with a second and, if asked for, a third run. */
  async function problemsOfRerun(isThird: boolean): Promise<string[]> {
    const second = recapOf(await site.bootstrap());
    const problems = await problemsOfWhole();
    if (second.failed + second.unreachable > 0) problems.push("the second run fails");
    if (isThird) {
      const third = recapOf(await site.bootstrap());
      if (third.changed + third.failed + third.unreachable > 0) problems.push(`a third run: ${JSON.stringify(third)}`);
    }
    return problems;
  }

  async function runInProcess(): Promise<{ isFailed: boolean; problems: string[] }> {
    const report = await site.bootstrap();
    return { isFailed: isFailure(report), problems: problemsOf(report) };
  }

  async function runCommand(): Promise<{ isFailed: boolean; problems: string[] }> {
    const { code, output } = await runBootstrap(site.operator, site.options);
    return { isFailed: code !== 0, problems: code === 0 ? [] : problemsOfOutput(code, output) };
  }

  const carried = (): number => {
    const { bytesToClient, bytesToServer } = site.link.counts();
    return bytesToClient + bytesToServer;
  };

  /** Waits until the link has carried so many bytes since it was made, or a run has ended. */
  async function untilCarried(total: number, ended: Promise<unknown>): Promise<void> {
    const isOver = ended.then(() => true);
    while (carried() < total && !(await Promise.race([isOver, sleep(1, false)])));
  }

  it("converges after a reset or an end of the connection when a command has ended, for each, and when it has begun, for every third", async () => {
    const all: string[] = [];
    let cuts = 0;
    for (let number = 0; number < commands; number++) {
      for (const [at, point] of POINTS.entries()) {
        // What a command has not begun to do can be lost in few ways: every third one shows them.
        if (point === "begun" && number % 3 !== 0) continue;
        await site.reset();
        const how = CUTS[(number + at) % 2] ?? "reset";
        const cut = cutAt(number, point, () => {
          site.link.cut(how);
        });

        const report = await site.bootstrap();

        cut.restore();
        if (cut.isDone()) cuts++;
        const problems = [
          ...problemsOf(report),
          ...(isFailure(report) ? await problemsAfterCut(number % 2 === at) : await problemsOfWhole()),
          ...(await problemsOfRerun(number % 4 === at)),
        ];
        all.push(...problems.map((problem) => `${how} when command ${String(number)} has ${point}: ${problem}`));
      }
    }

    expect(all).toEqual([]);
    // sshd may refuse a channel because another one is not yet cleared away, and what comes by itself is looked for once
    // more: the first run may have had more commands than the others, and a number beyond their last one cuts nothing.
    expect(cuts).toBeGreaterThan(commands / 2);
  });

  it("converges after a reset or an end of the connection after any of 50 random numbers of bytes", async () => {
    const random = seeded(2019);
    const all: string[] = [];
    let failures = 0;
    for (let round = 0; round < 50; round++) {
      await site.reset();
      const offset = 1 + Math.floor(random() * bytes);
      const how = CUTS[round % 2] ?? "reset";
      site.link.cutAfterBytes({ total: offset }, how);

      // The command takes longer than what it does; it is the same each time.
      const { isFailed, problems } = await (round % 5 === 0 ? runCommand() : runInProcess());

      if (isFailed) failures++;
      site.link.cutAfterBytes({}, how);
      problems.push(
        // A connection that is lost before the login is waited for.
        ...(isFailed ? await problemsAfterCut(round % 2 === 0) : await problemsOfWhole()),
        ...(await problemsOfRerun(round % 4 === 0)),
      );
      all.push(...problems.map((problem) => `${how} after ${String(offset)} bytes: ${problem}`));
    }

    expect(all).toEqual([]);
    expect(failures).toBeGreaterThan(25);
  });

  it.each(["SIGKILL", "SIGINT"] as const)("converges after a %s at any of some random moments", async (signal) => {
    const random = seeded(1914);
    const rounds = kills(8);
    const all: string[] = [];
    const [none, start] = [carried(), performance.now()];
    const uninterrupted = startBootstrap(site.operator, site.options);
    await untilCarried(none + 1, uninterrupted.ended);
    const startUp = performance.now() - start;
    await uninterrupted.ended;
    const carriedByOne = carried() - none;
    let [underWay, killed] = [0, 0];
    for (let round = 0; round < rounds; round++) {
      await site.reset();
      const before = carried();
      const run = startBootstrap(site.operator, site.options);
      // Every fourth one while it starts; of the others each when so much has been said, whatever the machine's pace.
      const [part, isStarting] = [random(), round % 4 === 3];
      if (isStarting) await sleep(part * startUp);
      else await untilCarried(before + part * 0.9 * carriedByOne, run.ended);
      run.child.kill(signal);
      const { code, output } = await run.ended;

      if (!isStarting) underWay++;
      if (!isStarting && code !== 0) killed++;
      // A run that has only just been started does not yet listen to signals, or has not yet read what to do.
      const isTold =
        code === null || code === 0 || (code === 130 && (LAST_LINE.test(output) || NOT_BEGUN.test(output)));
      const problems = [
        ...(isTold ? [] : [`ended with ${String(code)}:\n${output}`]),
        ...(await problemsAfterCut(round % 2 === 0)),
        ...(await problemsOfRerun(round % 2 === 0)),
      ];
      const moment = `${(100 * part).toFixed(0)} % of ${isStarting ? "its start" : "its bytes"}`;
      all.push(...problems.map((problem) => `at ${moment}: ${problem}`));
    }

    expect(all).toEqual([]);
    expect(killed).toBe(underWay);
  });

  it.each(["kubectl", "authenticator", "awsCli"] as const)(
    "converges after the end of the session, and of the whole host, in the midst of the download of %s",
    async (artifact) => {
      const all: string[] = [];
      for (const what of ["session", "host"] as const) {
        await site.reset();
        await slowDown(artifact, 1.5);
        const run = site.bootstrap();
        await untilAskedFor(artifact);
        await sleep(300);
        const { sshd } = site.bastion;
        const ids = what === "host" ? sshd.processes() : childrenOf(sshd.pid);
        // Halted first, or some would see the end of others and still tidy up.
        for (const signal of ["SIGSTOP", "SIGKILL"]) for (const id of ids) process.kill(id, signal);
        const report = await run;

        const problems = [
          ...(isFailure(report) ? [] : ["the run has not failed"]),
          ...problemsOf(report),
          ...(await problemsAfterCut(true)),
        ];
        const left = Object.keys(site.tree()).filter(isTemporary);
        if (what === "host" && left.length === 0) problems.push("nothing was left half made");
        site.surroundings.mirror.misbehave(site.surroundings.artifacts[artifact], undefined);
        problems.push(...(await problemsOfRerun(true)));
        all.push(...problems.map((problem) => `${what}: ${problem}`));
      }

      expect(all).toEqual([]);
    },
  );

  it("takes two runs that are started in the same millisecond, each to its end", async () => {
    const clock = join(folder, "clock.cjs");
    writeFileSync(clock, 'Date.prototype.toISOString = () => "2019-01-01T00:00:00.000Z";\n');
    const ROUNDS = 8;
    const environment = { NODE_OPTIONS: `--require ${clock}` };
    const all: string[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      await site.reset();

      const runs = [0, 1].map(() => runBootstrap(site.operator, site.options, environment));
      const ended = await Promise.all(runs);

      const problems = [
        ...ended.flatMap(({ code, output }) => (code === 0 ? [] : [`exit code ${String(code)}:\n${output}`])),
        ...(await problemsOfWhole()),
      ];
      all.push(...problems.map((problem) => `round ${String(round)}: ${problem}`));
    }

    expect(all).toEqual([]);
    expect(recapOf(await site.bootstrap())).toEqual({ ok: 15, changed: 0, unreachable: 0, failed: 0 });
    const logs = readdirSync(join(site.operator, ".cache/bootstrap")).filter((name) => name.startsWith("2019-"));
    expect(logs).toHaveLength(2 * ROUNDS);
  });

  it("keeps the mappings of two runs that write aws-auth at the same moment", async () => {
    const { handover } = site.bastion;
    const roles = ["one", "other"].map((name) => ({
      rolearn: `arn:aws:iam::123456789012:role/${name}`,
      username: name,
      groups: ["system:masters"],
    }));
    const stores = meetAt(/ (patch configmap aws-auth|create) /, 2);

    const reports = await Promise.all(roles.map((role) => site.bootstrap({ ...handover, aws_auth_roles: [role] })));

    const mapped = site.mappedRoles();
    expect(reports.map(recapOf).map(({ failed, unreachable }) => failed + unreachable)).toEqual([0, 0]);
    expect(mapped.startsWith(OTHERS)).toBe(true);
    for (const arn of [handover.node_role_arn, ...roles.map(({ rolearn }) => rolearn)]) {
      expect(mapped.split(`rolearn: ${arn}\n`)).toHaveLength(2);
    }
    // One of the two was refused, and has planned again.
    expect(stores.count()).toBe(3);
    expect(withoutTemporary(site.tree())).toEqual(whole);
  });

  it("ends with the first Ctrl-C, says what it was doing, leaves nothing running, and goes on the next time", async () => {
    const random = seeded(1969);
    const all: string[] = [];
    for (const artifact of ["kubectl", "authenticator", "awsCli"] as const) {
      await site.reset();
      await slowDown(artifact, 1.5);
      const run = startBootstrap(site.operator, site.options);
      await untilAskedFor(artifact);
      await sleep(500 * random());
      run.child.kill("SIGINT");
      const { code, output } = await run.ended;

      const title = TITLES[artifact];
      const problems = [
        ...(code === 130 ? [] : [`exit code ${String(code)}`]),
        ...(output.includes(`failed: [awskrug_gudi_eks] ${title}: 127.0.0.1: interrupted`)
          ? []
          : [`no line: ${output}`]),
        ...(LAST_LINE.test(output) ? [] : ["no last line"]),
        ...problemsOfOutput(1, output),
        ...(await problemsAfterCut(true)),
      ];
      site.surroundings.mirror.misbehave(site.surroundings.artifacts[artifact], undefined);
      problems.push(...(await problemsOfRerun(true)));
      all.push(...problems.map((problem) => `${artifact}: ${problem}`));
    }

    expect(all).toEqual([]);
  });

  it("ends with Ctrl-C while it waits for its standard input", async () => {
    const options = site.options.map((word, at, all) => (all[at - 1] === "--outputs" ? "-" : word));
    const teller = join(folder, "teller.cjs");
    writeFileSync(teller, 'process.on("newListener", (name) => name === "SIGINT" && console.log("listens"));\n');
    const run = startBootstrap(site.operator, options, { NODE_OPTIONS: `--require ${teller}` }, { stdin: "pipe" });
    await new Promise((resolve) => run.child.stdout?.once("data", resolve));
    run.child.kill("SIGINT");

    const { code, output } = await run.ended;

    expect(output).toMatch(/interrupted: nothing has been done/);
    expect(code).toBe(130);
  });

  type ArtifactName = keyof FragileBastion["surroundings"]["artifacts"];
  const TITLES: Readonly<Record<ArtifactName, string>> = {
    kubectl: "kubectl 1.32.0",
    authenticator: "aws-iam-authenticator 0.7.0",
    awsCli: "AWS CLI 2",
  };

  /** Makes a download take so long. */
  async function slowDown(artifact: ArtifactName, seconds: number): Promise<void> {
    const { mirror, artifacts } = site.surroundings;
    const answer = await fetch(`${mirror.url}${artifacts[artifact]}`);
    const { byteLength } = await answer.arrayBuffer();
    mirror.misbehave(artifacts[artifact], { bytesPerSecond: byteLength / seconds });
  }

  async function untilAskedFor(artifact: ArtifactName): Promise<void> {
    const { mirror, artifacts } = site.surroundings;
    const before = mirror.requests.length;
    while (!mirror.requests.slice(before).includes(artifacts[artifact])) await sleep(10);
  }
});

/** When a command is cut off: its session runs on the host and has not got its input yet, or its answer is here. */
type Point = "begun" | "ended";
const POINTS: readonly Point[] = ["begun", "ended"];

/** Cuts once, when the command with this number is at that point. */
function cutAt(number: number, point: Point, cut: () => void): { isDone(): boolean; restore(): void } {
  // eslint-disable-next-line @typescript-eslint/unbound-method -- it is given its `this` below
  const execute = Client.prototype.exec as (this: Client, command: string, callback: ClientCallback) => Client;
  let begun = 0;
  let isDone = false;
  const spy = jest.spyOn(Client.prototype, "exec").mockImplementation(function (this: Client, command, ...rest) {
    const [callback] = rest;
    const isIt = begun++ === number && !isDone;
    const cutNow = () => {
      isDone = true;
      cut();
    };
    return execute.call(this, command, (error, channel) => {
      callback(error, channel);
      if (!isIt || error !== undefined) return;
      if (point === "begun") cutNow();
      else channel.on("close", cutNow);
    });
  });
  return {
    isDone: () => isDone,
    restore: () => {
      spy.mockRestore();
    },
  };
}

/**
 * Lets commands whose text is like `pattern` begin only when so many of them have been asked for; those after them are
 * let through.
 */
function meetAt(pattern: RegExp, number: number): { count(): number } {
  // eslint-disable-next-line @typescript-eslint/unbound-method -- it is given its `this` below
  const { run: execute } = SshHost.prototype;
  let count = 0;
  let open = (): void => undefined;
  const opened = new Promise<void>((resolve) => (open = resolve));
  jest.spyOn(SshHost.prototype, "run").mockImplementation(async function (this: SshHost, command) {
    if (pattern.test(command.text)) {
      count++;
      if (count === number) open();
      await opened;
    }
    return execute.call(this, command);
  });
  return { count: () => count };
}

/** Ids of the processes that a process has started. */
function childrenOf(id: number): number[] {
  const text = readFileSync(`/proc/${String(id)}/task/${String(id)}/children`, "utf8");
  return text
    .split(" ")
    .filter((word) => word !== "")
    .map(Number);
}

function isFailure(report: HostReport): boolean {
  const { failed, unreachable } = recapOf(report);
  return failed + unreachable > 0;
}

function problemsOf({ outcomes, unreachable }: HostReport): string[] {
  const messages = [unreachable ?? "", ...outcomes.map((outcome) => ("message" in outcome ? outcome.message : ""))];
  return messages.filter((message) => message.includes("\n")).map((message) => `not one line: ${message}`);
}

function problemsOfOutput(code: number | null, output: string): string[] {
  const LINES = /^(\S+: .*|PLAY RECAP|awskrug_gudi_eks +: ok=.*|every command and its exit code are in .*|)$/;
  const odd = output.split("\n").filter((line) => !LINES.test(line));
  return [
    ...(code === 1 ? [] : [`exit code ${String(code)}`]),
    ...(/^(failed|unreachable): \[/m.test(output) ? [] : ["no line says what failed"]),
    ...odd.map((line) => `not a line of a report: ${line}`),
  ];
}

/** What is in one tree and not the same in the other. */
function differences(one: Tree, other: Tree): Tree {
  const paths = [...new Set([...Object.keys(one), ...Object.keys(other)])].filter((path) => one[path] !== other[path]);
  return Object.fromEntries(
    paths.map((path) => [path, `${one[path] ?? "nothing"}, and there is ${other[path] ?? "nothing"}`]),
  );
}

function describeTree(what: string, tree: Tree): string[] {
  return Object.entries(tree).map(([path, is]) => `${what}: ${path} is ${is}`);
}
