import { spawn } from "node:child_process";
import { createHash, randomUUID } from "node:crypto";
import { once } from "node:events";
import {
  appendFileSync,
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join, relative, resolve } from "node:path";
import { createInterface } from "node:readline";
import { stripVTControlCharacters } from "node:util";

import { shell } from "../contract/shell";
import { terraformPlatform } from "./platform";
import { UserError } from "../contract/user-error";
import { managedResources, readState, type StateResource } from "./state";
import { stateCopy, StateKeeper, takeBack } from "./state-copy";
import { lockIn, lockText, type StateLock } from "./state-lock";
import { backFromOpenTofu } from "./provider-lock";
import { readEvent, type TerraformEvent } from "./events";
import { productOf, typedName } from "./program";
import { GrowingFile } from "./growing-file";
import { eventsFile, noteTerraform } from "./own-folder";
import { LOCK } from "./stack-folder";

/** What Terraform is run with. */
export interface TerraformOptions {
  /** Path of Terraform or OpenTofu, as `terraformProgram` finds it; "Terraform" means either here. */
  readonly program: string;
  /** The folder with the stack's JSON. */
  readonly stackDir: string;
  readonly environment: NodeJS.ProcessEnv;
  /** What Terraform says is added to this file, except for what holds values: a plan, the state, the outputs. */
  readonly logFile: string;
  /** What `ownFolder` has made; Terraform writes there what it does with AWS, and goes on when nobody reads it. */
  readonly folder: string;
  /** Lets Terraform finish the calls that it has begun, and then ends it, as Ctrl-C does. */
  readonly signal: AbortSignal;
}

interface Ended {
  readonly args: readonly string[];
  readonly code: number;
  readonly stdout: string;
  /** What it complained of, for people. */
  readonly complaint: string;
  /** Whether a signal ended it, and not it itself. */
  readonly isKilled: boolean;
}

/** How one command of Terraform's is run. */
interface RunOptions {
  /** Told what it does; of a command with `-json`. */
  readonly told?: (event: TerraformEvent) => void;
  /** Whether its output holds values, which may be secrets: no log has them. */
  readonly hasValues?: boolean;
  /** Whether it is run all the same after Ctrl-C, to say what there is. */
  readonly goesOn?: boolean;
  /** What it reads on standard input. @default - nothing */
  readonly input?: string;
}

/**
 * What `init` has installed for, so that the next one can be left out; beside what it installed, and as short-lived.
 */
const STAMP = "eks-initialized";
/** Where Terraform puts what it installs, if `TF_DATA_DIR` does not say another folder. */
const DATA_DIR = ".terraform";

/** Lines of an error that a message repeats. */
const COMPLAINT_LINES = 20;

/** Something has killed Terraform in the midst of an apply, so that it could not write down what exists. */
export class ApplyKilledError extends UserError {
  /** @param lost what may exist without being in the state, for people */
  constructor(
    message: string,
    readonly lost: string,
  ) {
    super(message);
  }
}

/** Terraform in the folder of one stack. */
export class Terraform {
  /** @throws NodeJS.ErrnoException when the log cannot be written */
  constructor(private readonly options: TerraformOptions) {
    mkdirSync(dirname(options.logFile), { recursive: true, mode: 0o700 });
    appendFileSync(options.logFile, "", { mode: 0o600 });
  }

  /**
   * Installs the providers and sets the backend up, unless nothing that it depends on has changed since the last time.
   *
   * @returns whether there was anything to do
   * @throws UserError with Terraform's own words
   */
  async init(): Promise<boolean> {
    const { stackDir, environment } = this.options;
    const stamp = resolve(stackDir, environment["TF_DATA_DIR"] ?? DATA_DIR, STAMP);
    if (existsSync(stamp) && readFileSync(stamp, "utf8") === this.fingerprint()) return false;
    const ended = await this.run(["init", "-input=false", "-no-color"]);
    if (ended.code !== 0) throw this.failure(ended, this.wayOut(ended.complaint));
    writeFileSync(stamp, this.fingerprint());
    return true;
  }

  /** The versions of the providers that are locked, as Terraform writes them; empty when there are none. */
  lock(): string {
    const file = join(this.options.stackDir, LOCK);
    return existsSync(file) ? readFileSync(file, "utf8") : "";
  }

  /** What a person types for it in the current folder: `terraform -chdir=cdktf.out/stacks/eks`. */
  command(): string {
    const { program, environment, stackDir } = this.options;
    return `${typedName(program, environment)} ${shell`-chdir=${relative(process.cwd(), stackDir)}`}`;
  }

  /**
   * What `init` depends on: providers and backend in the JSON, the locked versions, and which Terraform with which
   * configuration runs.
   */
  private fingerprint(): string {
    const { program, environment } = this.options;
    const { TF_CLI_CONFIG_FILE: config, TF_WORKSPACE: workspace } = environment;
    return createHash("sha256")
      .update(JSON.stringify([this.settings(), this.lock(), program, config, workspace]))
      .digest("hex");
  }

  /** What the JSON says of Terraform itself: its providers, and where the state is, seen from the stack's folder. */
  private settings() {
    const json = readFileSync(join(this.options.stackDir, "cdk.tf.json"), "utf8");
    const { terraform } = JSON.parse(json) as {
      readonly terraform: { readonly backend?: { readonly local?: { readonly path: string } } };
    };
    return terraform;
  }

  /** What to do where a provider cannot be had; empty when that is not what Terraform complains of. */
  private wayOut(complaint: string): string {
    const back = this.product() === "Terraform" ? backFromOpenTofu(complaint, this.command()) : undefined;
    if (back !== undefined) return `\n${back}`;
    const flowing = complaint.replace(/\s+/g, " ");
    if (/doesn't match any of the checksums previously recorded/.test(flowing)) {
      return (
        "\nthe lock file knows this provider as it is for other systems only: on a machine that reaches the " +
        `registry, \`${this.command()} providers lock -platform=${terraformPlatform()}\` adds the one that it names`
      );
    }
    if (/the previously-selected version \S+ is no longer available/.test(flowing)) {
      return `\n\`${this.command()} init -upgrade\` chooses among the versions that there are, and locks that one`;
    }
    if (!/could not connect to|was not found in any of the search locations|Failed to install provider/.test(flowing))
      return "";
    const page =
      this.product() === "OpenTofu"
        ? "https://opentofu.org/docs/cli/config/config-file/#provider-installation"
        : "https://developer.hashicorp.com/terraform/cli/config/config-file#provider-installation";
    return (
      `\nwhere the registry is out of reach, ${this.product()} takes providers from a folder: \`${this.name()} ` +
      "providers mirror FOLDER`, run in the stack's folder on a machine that reaches it, fills one; " +
      "TF_CLI_CONFIG_FILE names a file with a " +
      `provider_installation block for it: ${page}`
    );
  }

  /** Which of the two it is, in words. */
  product(): "Terraform" | "OpenTofu" {
    return productOf(this.options.program);
  }

  private name(): string {
    return basename(this.options.program);
  }

  /**
   * Gives OpenTofu an empty state where it keeps it in a file and there is none yet; to be done before the plan, which
   * remembers what state it was made of. Taken away again where nothing came of it: Terraform leaves no file either.
   *
   * OpenTofu writes that file every 20 seconds. Where there is none when it begins, it forgets at each change what was
   * there before: 1 of 26 resources were in the state when an apply was killed after 27 s (OpenTofu 1.12.6), and 21
   * with an empty state. Terraform writes the file after each resource.
   *
   * @returns removes that file if it has still nothing in it, also after Ctrl-C; to be called when all is done or
   *   has failed
   * @throws UserError
   */
  async beginState(): Promise<() => Promise<void>> {
    const file = this.stateFile();
    const isNeeded = this.product() === "OpenTofu" && file !== undefined && (await this.pull()).trim() === "";
    if (!isNeeded) return () => Promise.resolve();
    const input = JSON.stringify({ version: 4, serial: 0, lineage: randomUUID(), outputs: {}, resources: [] });
    await this.output(["state", "push", "-"], { input });
    return async () => {
      // One that cannot be read stays: nobody knows what is in it.
      const state = await this.pull({ goesOn: true }).catch(() => "");
      if (state.trim() === "" || readState("the state", state).resources > 0) return;
      rmSync(file, { force: true });
    };
  }

  /**
   * Writes a plan to a file.
   *
   * @param args such as `-destroy` and `-var-file=/path`
   * @returns whether the plan changes anything
   * @throws UserError when Terraform finds something wrong, with its words
   */
  async plan(args: readonly string[], planFile: string, told: (event: TerraformEvent) => void): Promise<boolean> {
    const ended = await this.run(["plan", "-input=false", "-json", "-detailed-exitcode", `-out=${planFile}`, ...args], {
      told,
    });
    if (ended.code === 0 || ended.code === 2) return ended.code === 2;
    throw this.failure(ended);
  }

  /** A plan in Terraform's JSON. @throws UserError */
  show(planFile: string): Promise<string> {
    return this.output(["show", "-json", "-no-color", planFile], { hasValues: true });
  }

  /** A plan in Terraform's words, without the values that are sensitive. @throws UserError */
  showInFull(planFile: string): Promise<string> {
    return this.output(["show", "-no-color", planFile], { hasValues: true });
  }

  /**
   * Carries that very plan out.
   *
   * @throws UserError with what could not be done, in Terraform's words; ApplyKilledError
   */
  async apply(planFile: string, told: (event: TerraformEvent) => void): Promise<void> {
    const { folder } = this.options;
    const file = this.stateFile();
    const keeper = file === undefined ? undefined : new StateKeeper(file, stateCopy(folder));
    const ended = await this.run(["apply", "-input=false", "-json", planFile], { told }).finally(() => keeper?.end());
    if (ended.code === 0) return;
    const failure = this.failure(ended);
    if (!ended.isKilled || failure.exitCode === 130) throw failure;
    if (file !== undefined) takeBack(file, folder);
    throw new ApplyKilledError(failure.message, this.lost());
  }

  /** Where the state is kept in a file; undefined where it is somewhere else. */
  private stateFile(): string | undefined {
    const path = this.settings().backend?.local?.path;
    return path === undefined ? undefined : resolve(this.options.stackDir, path);
  }

  /** What is lost when it is killed: what may exist without being in the state, in words. */
  private lost(): string {
    return this.product() === "OpenTofu"
      ? "all that was made in the last 20 seconds"
      : "what AWS was making at that moment";
  }

  /** Addresses of everything in the state; none when there is no state. After Ctrl-C, too. @throws UserError */
  async state(): Promise<readonly string[]> {
    const ended = await this.run(["state", "list", "-no-color"], { goesOn: true });
    if (/No state file was found/.test(ended.complaint)) return [];
    if (ended.code !== 0) throw this.failure(ended);
    return ended.stdout.split("\n").filter((line) => line !== "" && !line.startsWith("data."));
  }

  /** The outputs, as `terraform output -json` prints them. @throws UserError */
  outputs(): Promise<string> {
    return this.output(["output", "-json", "-no-color"], { hasValues: true });
  }

  /** Keeps what an apply has left half made. @throws UserError */
  async untaint(address: string): Promise<void> {
    await this.output(["untaint", "-no-color", address], {});
  }

  /** Everything in the state that Terraform manages; nothing when there is no state. @throws UserError */
  async resources(options: Pick<RunOptions, "goesOn"> = {}): Promise<readonly StateResource[]> {
    const state = await this.pull(options);
    return state.trim() === "" ? [] : managedResources(state);
  }

  /** The state, as `terraform state pull` prints it, decrypted; empty when there is none. @throws UserError */
  pull(options: Pick<RunOptions, "goesOn"> = {}): Promise<string> {
    return this.output(["state", "pull"], { hasValues: true, ...options });
  }

  /** What a command prints. @throws UserError when it fails */
  private async output(args: readonly string[], options: RunOptions): Promise<string> {
    const ended = await this.run(args, options);
    if (ended.code !== 0) throw this.failure(ended);
    return ended.stdout;
  }

  private failure({ args, complaint }: Ended, advice = ""): UserError {
    const [command = ""] = args.join(" ").split(" -");
    const lock = lockIn(complaint);
    if (lock !== undefined) return new UserError(this.lockedText(lock));
    return this.options.signal.aborted
      ? new UserError(`${this.name()} ${command} was interrupted`, { exitCode: 130 })
      : new UserError(`${this.name()} ${command} failed: ${complaint}${advice}`);
  }

  private lockedText(lock: StateLock): string {
    // A lock on a file goes with its process, and another one has to be taken away.
    const isOfFile = this.stateFile() !== undefined;
    const { id = "ID" } = lock;
    const free = isOfFile
      ? ""
      : `; where nobody is at work any more, \`${this.command()} force-unlock ${id}\` takes the lock away`;
    return (
      `the state is locked by ${lockText(lock)}, so that nothing was done: wait for it to end, and run the same command ` +
      `again${free}`
    );
  }

  private async run(
    args: readonly string[],
    { told, hasValues = false, goesOn = false, input }: RunOptions = {},
  ): Promise<Ended> {
    const { program, stackDir, environment, signal, folder } = this.options;
    if (signal.aborted && !goesOn) return { args, code: -1, stdout: "", complaint: "", isKilled: false };
    this.log(`\n$ ${this.name()} ${args.join(" ")}`);
    const start = performance.now();
    const lines: string[] = [];
    const diagnostics: string[] = [];
    const complaints: string[] = [];
    const said = (line: string) => {
      if (!hasValues) this.log(line);
      const event = told === undefined ? undefined : readEvent(line);
      if (event === undefined) lines.push(line);
      else told?.(event);
      if (event?.kind === "diagnostic" && event.severity === "error") diagnostics.push(event.text);
    };
    const complained = (line: string) => {
      this.log(line);
      complaints.push(line);
    };
    const outputs = told === undefined ? undefined : outputFiles(folder);
    const child = spawn(program, args, {
      cwd: stackDir,
      env: { ...environment, TF_IN_AUTOMATION: "1", CHECKPOINT_DISABLE: "1" },
      // Ctrl-C on a terminal reaches a whole group of processes: Terraform would be told twice, and stop at once.
      detached: true,
      stdio: ["pipe", ...(outputs?.map(({ file }) => file) ?? (["pipe", "pipe"] as const))],
    });
    const readers =
      outputs?.map(({ path, file }, at) => {
        closeSync(file);
        return new GrowingFile(path, at === 0 ? said : complained);
      }) ?? [];
    if (child.stdout !== null) createInterface({ input: child.stdout }).on("line", said);
    if (child.stderr !== null) createInterface({ input: child.stderr }).on("line", complained);
    const { pid } = child;
    const hasEnded =
      outputs === undefined || pid === undefined
        ? undefined
        : noteTerraform(folder, { pid, command: args[0] ?? "", lost: this.lost() });
    // It may end without having read it.
    child.stdin?.on("error", () => undefined).end(input);
    const interrupt = () => child.kill("SIGINT");
    if (!goesOn) signal.addEventListener("abort", interrupt);
    // Told twice, it stops at once; and nobody is left behind who goes on unseen.
    process.once("exit", interrupt);
    const ended = once(child, "close") as Promise<[number | null, NodeJS.Signals | null]>;
    const [code, killedBy] = await ended
      .catch((cause: unknown) => {
        throw new UserError(`${program} cannot be run: ${(cause as Error).message}`, { cause });
      })
      .finally(() => {
        signal.removeEventListener("abort", interrupt);
        process.removeListener("exit", interrupt);
        for (const reader of readers) reader.end();
        hasEnded?.();
      });
    // What it writes on standard error may be no more than what TF_LOG asks for.
    const words = [diagnostics, plain(complaints), hasValues ? [] : plain(lines)].find((each) => each.length > 0);
    this.log(`$ ended with ${String(code ?? killedBy)} after ${((performance.now() - start) / 1000).toFixed(1)} s`);
    const how = killedBy === null ? `exit code ${String(code)}` : `it was ended by ${killedBy}`;
    return {
      args,
      code: code ?? -1,
      stdout: lines.join("\n"),
      complaint: words?.join("\n") ?? `${how}, without a word`,
      isKilled: killedBy !== null,
    };
  }

  /** What is done goes on although it can no longer be written down, for lack of space, say. */
  private log(line: string): void {
    try {
      appendFileSync(this.options.logFile, `${line}\n`);
    } catch {
      // It could be when the command began.
    }
  }
}

/**
 * Files for what Terraform says, open to be written: its events, and its standard error. A program that writes to a pipe
 * which nobody reads any more is killed.
 */
function outputFiles(folder: string): readonly { readonly path: string; readonly file: number }[] {
  return [eventsFile(folder), join(folder, "terraform.errors")].map((path) => ({
    path,
    file: openSync(path, "w", 0o600),
  }));
}

/** Without the frame that Terraform draws, from the first error on. */
function plain(lines: readonly string[]): string[] {
  const found = lines
    .map((line) =>
      stripVTControlCharacters(line)
        .replace(/^[│╷╵]\s?/, "")
        .trimEnd(),
    )
    .filter((line) => line !== "");
  const error = found.findIndex((line) => line.startsWith("Error:"));
  return error === -1 ? found.slice(-COMPLAINT_LINES) : found.slice(error, error + COMPLAINT_LINES);
}
