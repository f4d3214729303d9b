import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { startClusters } from "../../rehearsal/cluster/clusters";
import {
  neutralEnvironment,
  settingsOf,
  startEmulator,
  WORKSHOP_ACCOUNT,
  type AccountSeed,
  type Emulator,
} from "../../rehearsal/account/emulator";
import { withoutSizesOfImages } from "../../rehearsal/account/mending";
import { passOn, startProxy } from "../../rehearsal/machine/proxy";
import { describeNeeding } from "./needs";
import { PREPARED, type Prepared } from "./prepared";
import type { RunningProvider } from "./null-provider";
import { run, type Ended } from "./run";
import { shareProvider, typesIn } from "./shared-provider";

function prepared(): Prepared {
  return JSON.parse(process.env[PREPARED] ?? "{}") as Prepared;
}

/** `describe` where everything that it needs is on the machine. */
export const describeEndToEnd = describeNeeding("the end-to-end tests' programs");

/** Full path of Terraform or OpenTofu. */
export function terraformProgram(): string {
  return prepared().terraform;
}

/** The environment for programs that must talk to nothing but `emulator`. */
export function environmentFor(emulator: Pick<Emulator, "environment">): NodeJS.ProcessEnv {
  const { configFile } = prepared();
  return {
    ...neutralEnvironment(),
    ...emulator.environment,
    TF_IN_AUTOMATION: "1",
    ...(configFile !== undefined && { TF_CLI_CONFIG_FILE: configFile }),
  };
}

/** Starts an emulator in a folder of its own, which says nothing of how large an image is: it would say the same of all. */
export async function emulate(seed: AccountSeed = WORKSHOP_ACCOUNT): Promise<Emulator> {
  const folder = mkdtempSync(join(tmpdir(), "eks-test-emulator-"));
  const emulator = await startEmulator(folder, seed);
  const front = await startProxy((call) => {
    const mended = (answer: Buffer) => Buffer.from(withoutSizesOfImages(answer.toString()));
    passOn(emulator.endpoint, call, call.body.includes("Action=DescribeImages&") ? mended : undefined);
  });
  const stop = async () => {
    front.stop();
    await emulator.stop();
    const failures = faultsIn(readFileSync(emulator.logFile, "utf8"));
    if (failures !== "") console.warn(`the emulator has failed by itself, not the test:\n${failures}`);
    rmSync(folder, { recursive: true });
  };
  const { endpoint } = front;
  return { ...emulator, endpoint, environment: { ...emulator.environment, AWS_ENDPOINT_URL: endpoint }, stop };
}

/**
 * Starts an emulator in a folder of its own, with what it lacks of EKS before it, and what it gets wrong mended: its
 * endpoint is that of the front. Its clusters have a Kubernetes API, and nodes that join.
 */
export async function emulateEks(seed: AccountSeed = WORKSHOP_ACCOUNT): Promise<Emulator> {
  const emulator = await emulate(seed);
  const folder = mkdtempSync(join(tmpdir(), "eks-test-clusters-"));
  const clusters = await startClusters(settingsOf(emulator), folder);
  const stop = async () => {
    await clusters.stop();
    await emulator.stop();
    rmSync(folder, { recursive: true });
  };
  const environment = { ...emulator.environment, AWS_ENDPOINT_URL: clusters.endpoint };
  return { ...emulator, endpoint: clusters.endpoint, environment, stop };
}

/**
 * Why an emulator has answered with 500, each reason once: a client that tries again then finds half of it done. What it
 * does not know is no fault.
 */
function faultsIn(log: string): string {
  const lines = log.split("\n");
  const reasons = lines.flatMap((line, at) => {
    if (!line.startsWith("Traceback")) return [];
    const said = lines.slice(at + 1).find((next) => /^\S/.test(next));
    return said === undefined || said.startsWith("NotImplementedError") ? [] : [said];
  });
  return [...new Set(reasons)].join("\n");
}

/** One change of a plan. */
export interface Change {
  readonly address: string;
  readonly actions: string;
  /** The address in the state that a `moved` block took it from. */
  readonly previousAddress?: string;
  readonly before: Record<string, unknown> | null;
  readonly after: Record<string, unknown> | null;
  /** Fields that only the apply will tell. */
  readonly unknown: Record<string, unknown>;
}

/** A plan that Terraform saved, as its JSON says it. */
export interface Plan extends Ended {
  /** The sentence `Plan: … to add, … to change, … to destroy.` or `No changes.` */
  readonly summary: string;
  /** Everything that is not a no-op. */
  readonly changes: readonly Change[];
  /** Everything, no-ops that only moved included. */
  readonly all: readonly Change[];
  /** As `terraform show -json` prints it, which is what the command reads. */
  readonly json: string;
}

interface PlanJson {
  resource_changes?: {
    address: string;
    previous_address?: string;
    mode: string;
    change: {
      after_unknown?: Record<string, unknown>;
      actions: string[];
      before: Record<string, unknown> | null;
      after: Record<string, unknown> | null;
    };
  }[];
}

interface StateJson {
  values?: { root_module?: { resources?: { address: string; mode: string; values: Record<string, unknown> }[] } };
}

/** The fields that a plan changes in place, as `ADDRESS: FIELD`; what else it does, as `ADDRESS: ACTION`. */
export function changedBy({ changes }: Plan): string[] {
  return changes
    .flatMap(({ address, actions, before, after, unknown }) => {
      if (actions !== "update") return [`${address}: ${actions}`];
      const fields = Object.keys({ ...before, ...after });
      // The provider writes what is not set now as null, now as an empty text; Terraform shows neither.
      const shown = (value: unknown) => JSON.stringify(value, (_, part: unknown) => (part === "" ? null : part));
      const differs = (field: string) => unknown[field] !== true && shown(before?.[field]) !== shown(after?.[field]);
      return fields.filter(differs).map((field) => `${address}: ${field}`);
    })
    .sort();
}

/** A plan that Terraform did not make: whoever asks what is in it has not expected that, and nothing is no answer. */
function failedPlan(ended: Ended): Plan {
  const none = (): never => {
    throw new Error(`there is no plan:\n${ended.output}`);
  };
  return {
    ...ended,
    summary: "",
    get changes() {
      return none();
    },
    get all() {
      return none();
    },
    get json() {
      return none();
    },
  };
}

/** These commands are about providers that are installed, and pass over one that runs already. */
const ABOUT_PROVIDERS = ["init", "providers"];

/** A project folder of a test's own, with the stack initialized: what a participant has after `terraform init`. */
export class Project {
  readonly folder = mkdtempSync(join(tmpdir(), "eks-test-"));
  readonly stack = join(this.folder, "cdktf.out", "stacks", "eks");
  readonly environment: NodeJS.ProcessEnv;
  private plans = 0;
  private before: Promise<unknown> = Promise.resolve();
  private shared: { readonly suits: string; readonly provider: Promise<RunningProvider> } | undefined;

  constructor(emulator: Pick<Emulator, "environment">) {
    cpSync(prepared().template, this.folder, { recursive: true, verbatimSymlinks: true });
    this.environment = environmentFor(emulator);
  }

  /** Writes a tfvars file into the project's folder. */
  tfvars(text: string, name = "local.tfvars"): string {
    const file = join(this.folder, name);
    writeFileSync(file, text);
    return file;
  }

  /**
   * Runs `terraform -chdir=cdktf.out/stacks/eks …` in the project's folder. All runs share one provider, which knows one
   * configuration at a time: so they wait for each other.
   */
  terraform(...args: string[]): Promise<Ended> {
    const ended = this.before.then(async () => {
      const env = ABOUT_PROVIDERS.includes(args[0] ?? "") ? this.environment : await this.withProvider();
      return run(terraformProgram(), ["-chdir=cdktf.out/stacks/eks", ...args], { cwd: this.folder, env });
    });
    this.before = ended.catch(() => undefined);
    return ended;
  }

  /**
   * The environment in which Terraform finds the provider that all runs share. One run at a time, and none that is
   * interrupted: Terraform would tell the provider to stop.
   */
  async withProvider(): Promise<NodeJS.ProcessEnv> {
    const types = typesIn(this.stack, this.folder);
    // Where it finds AWS, and who it is there, a provider reads once.
    const suits = JSON.stringify([this.environment, [...types]]);
    if (this.shared?.suits !== suits) {
      this.stopProvider();
      const logFile = join(this.folder, "provider.log");
      this.shared = { suits, provider: shareProvider(this.stack, types, { env: this.environment, logFile }) };
    }
    const { reattach } = await this.shared.provider;
    const others = JSON.parse(this.environment["TF_REATTACH_PROVIDERS"] ?? "{}") as object;
    return {
      ...this.environment,
      TF_REATTACH_PROVIDERS: JSON.stringify({ ...others, ...(JSON.parse(reattach) as object) }),
    };
  }

  private stopProvider(): void {
    void this.shared?.provider.then((provider) => {
      provider.stop();
    });
  }

  /** Plans into a file of its own. */
  async plan(varFile: string, ...args: string[]): Promise<Plan> {
    this.plans += 1;
    const file = join(this.folder, `plan-${String(this.plans)}`);
    const ended = await this.terraform(
      ...["plan", "-input=false", "-no-color", `-out=${file}`, `-var-file=${varFile}`, ...args],
    );
    if (ended.code !== 0) return failedPlan(ended);
    const { stdout: json } = await this.terraform("show", "-json", file);
    const shown = JSON.parse(json) as PlanJson;
    const all = (shown.resource_changes ?? [])
      .filter(({ mode }) => mode === "managed")
      .map(({ address, previous_address, change }) => ({
        address,
        actions: change.actions.join("+"),
        ...(previous_address !== undefined && { previousAddress: previous_address }),
        before: change.before,
        after: change.after,
        unknown: change.after_unknown ?? {},
      }));
    const summary = /^(Plan: .*|No changes\.)/m.exec(ended.output)?.[1] ?? "";
    return { ...ended, summary, all, json, changes: all.filter(({ actions }) => actions !== "no-op") };
  }

  apply(varFile: string, ...args: string[]): Promise<Ended> {
    return this.terraform("apply", "-input=false", "-no-color", "-auto-approve", `-var-file=${varFile}`, ...args);
  }

  destroy(varFile: string, ...args: string[]): Promise<Ended> {
    return this.terraform("destroy", "-input=false", "-no-color", "-auto-approve", `-var-file=${varFile}`, ...args);
  }

  /** The managed resources in the state, by address. */
  async state(): Promise<Map<string, Record<string, unknown>>> {
    const shown = JSON.parse((await this.terraform("show", "-json")).stdout) as StateJson;
    const resources = shown.values?.root_module?.resources ?? [];
    return new Map(resources.filter(({ mode }) => mode === "managed").map(({ address, values }) => [address, values]));
  }

  remove(): void {
    this.stopProvider();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

interface Variable {
  readonly validation?: readonly unknown[];
}

/**
 * The variables of the stack and nothing else of it: what Terraform says of values before it knows of any resource, in a
 * tenth of the time that a plan takes.
 */
export class Inputs {
  private readonly folder = mkdtempSync(join(tmpdir(), "eks-inputs-"));
  private readonly variables: readonly (readonly [string, Variable])[];
  private rows = 0;

  constructor() {
    const json = readFileSync(join(prepared().template, "cdktf.out", "stacks", "eks", "cdk.tf.json"), "utf8");
    this.variables = Object.entries((JSON.parse(json) as { readonly variable: Record<string, Variable> }).variable);
  }

  /** What a plan says of a tfvars file; two can run side by side. */
  judge(tfvars: string): Promise<Ended> {
    this.rows += 1;
    const folder = join(this.folder, String(this.rows));
    mkdirSync(folder);
    writeFileSync(join(folder, "cdk.tf.json"), JSON.stringify({ variable: this.concerning(tfvars) }));
    writeFileSync(join(folder, "row.tfvars"), `${tfvars}\n`);
    return run(terraformProgram(), ["plan", "-input=false", "-no-color", "-lock=false", "-var-file=row.tfvars"], {
      cwd: folder,
      env: environmentFor({ environment: {} }),
    });
  }

  /**
   * All variables, with those rules that anything in `tfvars` can break: the others say of it what they say of the
   * defaults.
   */
  private concerning(tfvars: string): Readonly<Record<string, Variable>> {
    // What everybody has to say can be wrong by not being said.
    const isNamed = (name = "") => name === "aws_krug_admin_role" || new RegExp(`\\b${name}\\b`).test(tfvars);
    return Object.fromEntries(
      this.variables.map(([name, { validation = [], ...variable }]) => {
        const others = JSON.stringify(validation).matchAll(/\bvar\.(\w+)/g);
        const concerned = isNamed(name) || [...others].some(([, other]) => isNamed(other));
        return [name, concerned ? { ...variable, validation } : variable];
      }),
    );
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
