import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { plantNetwork } from "../__tests__/support/existing-network";
import { run, start } from "../__tests__/support/run";
import { synthesizeInto } from "../__tests__/support/synthesize";
import { refusals } from "../cli/plan/guard";
import { neutralEnvironment, settingsOf, startEmulator } from "../rehearsal/account/emulator";
import { startClusters } from "../rehearsal/cluster/clusters";
import { startGate, type Gate } from "../rehearsal/machine/gate";
import { terraformConfigFile } from "../terraform/mirrors";
import { provideMoto, provideTerraform } from "../rehearsal/machine/tools";
import { runProgram } from "../terminal/process";
import { readPlan } from "../terraform/plan-file";
import { cutPlan, cutState } from "./plan-cut";
import { COURSES, SCENARIOS, type Course, type Scenario, type Stage } from "./plan-scenarios";

const CLONE = resolve(__dirname, "..");
const GOLDEN = join(CLONE, "__tests__", "golden");

/** An account, a project's folder, and Terraform in it. */
class Place {
  readonly folder = mkdtempSync(join(tmpdir(), "eks-record-"));
  private readonly stack = join(this.folder, "cdktf.out", "stacks", "eks");
  private readonly stateFile = join(this.folder, "terraform.eks.tfstate");
  /** Applied last. */
  private applied: Scenario = {};

  constructor(
    private readonly course: Course,
    private readonly program: string,
    private readonly environment: NodeJS.ProcessEnv,
    private readonly gate: Gate,
    /** Replaces names in tfvars by what they stand for. */
    private readonly fill: (tfvars: string) => string,
  ) {}

  async prepare(): Promise<void> {
    if (this.course.hasStack === false) {
      mkdirSync(join(this.stack, "part"), { recursive: true });
      const part = { resource: { aws_launch_template: { part: { name_prefix: "part" } } } };
      writeFileSync(join(this.stack, "part", "main.tf.json"), JSON.stringify(part));
    } else {
      const { code, output } = await synthesizeInto(this.folder, this.environment);
      if (code !== 0) throw new Error(`the stack does not synthesize:\n${output}`);
    }
    this.configure(this.course.stages[0]?.apply ?? {});
    await this.terraform("init", "-input=false");
  }

  async apply(scenario: NonNullable<Stage["apply"]>): Promise<void> {
    this.applied = scenario;
    this.configure(scenario);
    await this.terraform("apply", "-input=false", "-auto-approve", ...this.varFiles({}));
  }

  /** Records a plan, and the state that it was made from. */
  async record(name: string, scenario: Scenario): Promise<void> {
    const before = scenario.commands === undefined ? undefined : readFileSync(this.stateFile);
    try {
      await this.recordFrom(name, scenario);
    } finally {
      if (before !== undefined) writeFileSync(this.stateFile, before);
    }
  }

  end(): void {
    rmSync(this.folder, { recursive: true });
  }

  private async recordFrom(name: string, scenario: Scenario): Promise<void> {
    const { commands = [], options = [], killedAt, state } = scenario;
    const varFiles = this.varFiles(scenario);
    this.configure({ ...this.applied, ...scenario });
    if (killedAt !== undefined) await this.killAt(killedAt, [...options, ...varFiles]);
    for (const [verb = "", ...args] of commands)
      await this.terraform(verb, ...(["import", "destroy"].includes(verb) ? varFiles : []), ...args);
    if (state !== undefined) await this.recordState(state, killedAt !== undefined);

    const file = join(this.folder, "plan");
    rmSync(file, { force: true });
    const planned = ["plan", "-input=false", "-refresh=false", `-out=${file}`, ...varFiles];
    const { code, output } = await this.run(...planned, ...(killedAt === undefined ? options : []));
    if ((code === 0) === (scenario.isErrored ?? false))
      throw new Error(`the plan ended with ${String(code)}:\n${output}`);
    const whole = await this.terraform("show", "-json", file);
    const text = cutPlan(whole);
    if (verdict(text) !== verdict(whole)) throw new Error("the guard says something else of what is left of the plan");
    write("plans", `${name}.json`, text, this.folder);
  }

  private async recordState(name: string, isKilled: boolean): Promise<void> {
    write("states", `${name}.json`, cutState(await this.terraform("state", "pull")), this.folder);
    if (!isKilled) return;
    // It says which user of which machine took the lock.
    const lock = readFileSync(join(this.folder, ".terraform.eks.tfstate.lock.info"), "utf8");
    write("states", `${name}.lock.json`, lock.replace(/("Who":)"[^"]*"/, '$1"user@host"'), this.folder);
  }

  /** Applies until a call is made and all that was begun before is done, and kills Terraform and its provider there. */
  private async killAt(call: Readonly<Record<string, string>>, args: readonly string[]): Promise<void> {
    const arrived = this.gate.holdBack(call);
    let said = "";
    const { child, ended } = start(
      this.program,
      [`-chdir=${this.stack}`, "apply", "-input=false", "-no-color", "-auto-approve", ...args],
      // A process group of its own: the provider is Terraform's child and has to go with it.
      { env: this.environment, detached: true },
      { onOutput: (soFar) => (said = soFar) },
    );
    const early = ended.then(({ output }) => Promise.reject(new Error(`terraform ended by itself:\n${output}`)));
    await Promise.race([arrived, early]);
    const count = (pattern: RegExp) => said.match(pattern)?.length ?? 0;
    for (let quietSeconds = 0; quietSeconds < 3;) {
      await sleep(1000);
      const unfinished = count(/: (?:Creating|Modifying|Destroying|Reading)\.\.\./g) - count(/ complete after /g);
      quietSeconds = unfinished === 1 ? quietSeconds + 1 : 0;
    }
    early.catch(() => undefined);
    if (child.pid === undefined) throw new Error("terraform did not start");
    process.kill(-child.pid, "SIGKILL");
    await ended;
  }

  private configure({ beside, override }: Pick<Scenario, "beside" | "override">): void {
    for (const [name, content] of [
      ["beside.tf.json", beside],
      ["beside_override.tf.json", override],
    ] as const) {
      const file = join(this.stack, name);
      rmSync(file, { force: true });
      if (content !== undefined) writeFileSync(file, JSON.stringify(content));
    }
  }

  private varFiles({ tfvars }: Scenario): string[] {
    const texts = [
      ...(this.course.files ?? []).map((name) => readFileSync(join(CLONE, "tfvars", `${name}.tfvars`), "utf8")),
      ...[this.course.tfvars, this.applied.tfvars, tfvars].filter((text) => text !== undefined),
    ];
    return texts.map((text, i) => {
      const file = join(this.folder, `${String(i)}.tfvars`);
      writeFileSync(file, this.fill(`${text}\n`));
      return `-var-file=${file}`;
    });
  }

  /** @returns what it prints on standard output @throws when it fails */
  private async terraform(...args: string[]): Promise<string> {
    const { code, output, stdout } = await this.run(...args);
    if (code !== 0) throw new Error(`terraform ${args[0] ?? ""} ended with ${String(code)}:\n${output.slice(-4000)}`);
    return stdout;
  }

  private run(...args: string[]) {
    return run(this.program, [`-chdir=${this.stack}`, ...args], {
      env: { ...this.environment, TF_CLI_ARGS: "-no-color" },
    });
  }
}

/** What the guard refuses of a plan. */
function verdict(plan: string): string {
  return JSON.stringify(refusals(readPlan(plan, "the plan"), []));
}

/** @throws when there is something in a text that belongs to this machine, or to nobody else */
function write(kind: "plans" | "states", name: string, text: string, folder: string): void {
  for (const own of [folder, CLONE, hostname(), "PRIVATE KEY"])
    if (text.includes(own)) throw new Error(`${kind}/${name} has ${own} in it, which is not for others to see`);
  mkdirSync(join(GOLDEN, kind), { recursive: true });
  writeFileSync(join(GOLDEN, kind, name), text);
  console.log(`${kind}/${name}: ${String(Math.ceil(text.length / 1024))} KiB`);
}

/**
 * Records the plans of a course that are asked for, in an emulated account of its own. One that fails is told, and
 * stops no other.
 *
 * @returns the names of those that failed
 */
async function follow(
  course: Course,
  isAsked: (scenario: string) => boolean,
  terraform: string,
  configFile: string | undefined,
): Promise<string[]> {
  const failed: string[] = [];
  const folder = mkdtempSync(join(tmpdir(), "eks-record-account-"));
  const emulator = await startEmulator(folder, course.seed);
  const clusters = await startClusters(settingsOf(emulator), folder);
  const gate = await startGate(clusters.endpoint);
  const environment = {
    ...neutralEnvironment(),
    ...emulator.environment,
    AWS_ENDPOINT_URL: gate.endpoint,
    TF_IN_AUTOMATION: "1",
    ...(configFile !== undefined && { TF_CLI_CONFIG_FILE: configFile }),
  };
  const network =
    course.hasNetwork === true
      ? await plantNetwork(emulator.endpoint, { privateZones: ["a", "b", "c", "b"] })
      : undefined;
  const [a, b, c, otherB] = network?.privateIds ?? [];
  const ids = Object.entries({ PRIVATE_A: a, PRIVATE_B2: otherB, PRIVATE_B: b, PRIVATE_C: c });
  const fill = (tfvars: string) => ids.reduce((text, [name, id]) => text.replaceAll(name, `"${id ?? ""}"`), tfvars);
  const place = new Place(
    network === undefined ? course : { ...course, tfvars: `${course.tfvars ?? ""}${network.tfvars}` },
    terraform,
    environment,
    gate,
    fill,
  );
  try {
    await place.prepare();
    const last = course.stages.findLastIndex(({ plans }) => Object.keys(plans).some(isAsked));
    for (const { apply, plans } of course.stages.slice(0, last + 1)) {
      if (apply !== undefined) await place.apply(apply);
      for (const [name, scenario] of Object.entries(plans).filter(([name]) => isAsked(name))) {
        await place.record(name, scenario).catch((error: unknown) => {
          console.error(`${name}: ${String(error)}`);
          failed.push(name);
        });
      }
    }
    return failed;
  } finally {
    place.end();
    gate.stop();
    await clusters.stop();
    await emulator.stop();
    rmSync(folder, { recursive: true });
  }
}

/**
 * `npm run record:plans [-- COURSE|SCENARIO …]`: lets Terraform make the plans of bench/plan-scenarios.ts, in emulated
 * accounts. What it says of them goes into __tests__/golden/plans, cut to what is read here (bench/plan-cut.ts); states
 * go into __tests__/golden/states. Needs Terraform and moto_server.
 */
async function main(): Promise<void> {
  const asked = process.argv.slice(2);
  const unknown = asked.find((name) => !Object.hasOwn(COURSES, name) && !Object.hasOwn(SCENARIOS, name));
  if (unknown !== undefined)
    throw new Error(
      `say which courses to record, of ${Object.keys(COURSES).join(", ")}, or which of their scenarios, got ` +
        JSON.stringify(unknown),
    );
  const [terraform] = (await provideTerraform()).command;
  await provideMoto();
  const folder = mkdtempSync(join(tmpdir(), "eks-record-terraform-"));
  try {
    const configFile = terraformConfigFile(join(folder, "terraformrc"));
    const failed: string[] = [];
    for (const [name, course] of Object.entries(COURSES)) {
      const isAsked = (scenario: string) => asked.length === 0 || asked.includes(name) || asked.includes(scenario);
      if (course.stages.some(({ plans }) => Object.keys(plans).some(isAsked)))
        failed.push(...(await follow(course, isAsked, terraform, configFile)));
    }
    if (failed.length > 0) throw new Error(`not recorded: ${failed.join(", ")}`);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

runProgram(main);
