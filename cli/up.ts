import { rmSync } from "node:fs";
import { resolve } from "node:path";
import { createInterface } from "node:readline/promises";

import { INPUTS } from "../contract/inputs";
import { readIdentity } from "../aws/account";
import { withAws } from "../aws/clients";
import { readInstanceTypes } from "../aws/instances";
import { bootstrap, checkedOptions } from "../bootstrap/bootstrap";
import { HELP } from "../bootstrap/options";
import { refuseWrongSettings } from "./bottlerocket";
import { concerning, examineBefore, explained, refuseErrors, unchecked } from "./doctor/account";
import type { Finding } from "./doctor/finding";
import { UserError } from "../contract/user-error";
import { allowing, refuseUnlessAllowed } from "./plan/guard";
import { readPlan, type Plan } from "../terraform/plan-file";
import { summarize, summaryLines } from "./plan/plan-summary";
import type { Screen } from "../terminal/screen";
import { providerNotes } from "../terraform/provider-lock";
import { keepLock, STACK_DIR, synthesized } from "./synthesized";
import { ApplyKilledError, FOLDER, newLogFile, Terraform } from "../terraform/terraform";
import { countByType, Progress } from "../terraform/events";
import { terraformProgram } from "../terraform/program";
import { readTfvars, withOwnAddress, type TfvarsValues, type VariableArgument } from "../terraform/tfvars";
import { wrapped } from "../terminal/wrapped";

/** What `eks plan` and `eks up` are told. */
export interface UpOptions {
  readonly arguments: readonly VariableArgument[];
  /** Addresses that may be replaced or destroyed although a guard stands before them. */
  readonly allowReplace: readonly string[];
  /** Asks nothing. */
  readonly autoApprove: boolean;
  /** For the bootstrap, as its own command line takes them. */
  readonly bootstrap: readonly string[];
}

/** A stack in the current folder, ready for Terraform. */
export interface Stack {
  /** Where Terraform runs. */
  readonly folder: string;
  readonly terraform: Terraform;
  readonly variables: TfvarsValues;
  /** Where what Terraform says is written. */
  readonly logFile: string;
  /** Ends what is done with it. */
  readonly signal: AbortSignal;
}

/**
 * Reads what the user wants of the stack, synthesizes it into the current folder, and initializes Terraform.
 *
 * @param fillIn whether what is not given and can be found out is added
 * @throws UserError for what is wrong with the tfvars, and when Terraform cannot be initialized
 */
export async function prepare(
  given: readonly VariableArgument[],
  fillIn: boolean,
  screen: Screen,
  signal: AbortSignal,
): Promise<Stack> {
  const program = terraformProgram(process.env);
  screen.busy("synthesizing");
  const place = synthesized(process.env);
  const read = (more: readonly VariableArgument[]) =>
    readTfvars({ folder: ".", environment: process.env, arguments: [...given, ...more] }, INPUTS);
  let variables = await read([]);
  for (const note of variables.notes) screen.line(`note: ${note}`);
  if (hasNoBastionRole(variables.values)) throw noBastionRole();
  // A node that is to go need not boot.
  if (fillIn) refuseWrongSettings(variables);
  if (fillIn && variables.values.get("kubectl_ssh_cidrs")?.from === "default") {
    screen.busy("asking for this machine's address");
    const own = withOwnAddress(variables.values, await ownAddress(signal));
    if (own !== undefined) {
      screen.line(`note: ${own.said}`);
      variables = await read([own.argument]);
    }
  }
  place();
  const folder = resolve(STACK_DIR);
  const logFile = newLogFile();
  const terraform = new Terraform({ program, stackDir: folder, environment: process.env, logFile, signal });
  const { isNew } = await screen.step("init", async () => {
    const isNew = await terraform.init();
    return { isNew, said: isNew ? "providers and state are set up" : undefined };
  });
  if (isNew) {
    keepLock();
    for (const note of providerNotes(terraform.lock(), terraform.command())) screen.line(`note: ${note}`);
  }
  return { folder, terraform, variables, logFile, signal };
}

/** The stack has a rule for this too, but Terraform comes to it only after it has fetched the providers. */
function hasNoBastionRole(values: TfvarsValues["values"]): boolean {
  const value = (name: string) => values.get(name)?.value ?? null;
  // Terraform takes a text for a boolean.
  const hasOwnRole = [true, "true"].some((yes) => yes === value("kubectl_own_role"));
  return value("aws_krug_admin_role") === null && !hasOwnRole;
}

function noBastionRole(): UserError {
  return new UserError(
    "aws_krug_admin_role has no value, and the bastion works with it: write the name of an instance profile into a file " +
      'such as local.tfvars, aws_krug_admin_role = "my-role" (`aws iam list-instance-profiles` shows the names), and ' +
      "give that with -var-file local.tfvars; or kubectl_own_role = true, which gives the bastion a role of its own",
  );
}

/**
 * This machine's address, as the internet sees it.
 *
 * @param page answers with the address of whoever asks
 * @throws UserError when it cannot be found out, with what to write instead
 * @see https://checkip.amazonaws.com
 */
export async function ownAddress(signal: AbortSignal, page = "https://checkip.amazonaws.com"): Promise<string> {
  try {
    const answer = await fetch(page, { signal: AbortSignal.any([signal, AbortSignal.timeout(10_000)]) });
    if (!answer.ok) throw new Error(`HTTP ${String(answer.status)}`);
    return await answer.text();
  } catch (cause) {
    if (signal.aborted) throw new UserError("interrupted: nothing has been done", { exitCode: 130, cause });
    // What fetch itself says is "fetch failed".
    const { message, cause: reason } = cause as Error & { readonly cause?: { readonly message?: string } };
    throw new UserError(
      `this machine's address cannot be asked of ${page} (${reason?.message ?? message}); say who ` +
        'may reach the bastion in your tfvars, such as kubectl_ssh_cidrs = ["203.0.113.7/32"]',
      { cause },
    );
  }
}

/** A plan that Terraform has saved, read. */
interface SavedPlan {
  readonly plan: Plan;
  readonly hasChanges: boolean;
  /** What AWS says of the inputs, which is asked while Terraform plans. */
  readonly asked: Promise<readonly Finding[]>;
}

/** Where a plan is saved until the command ends. */
function planFile(): string {
  return resolve(FOLDER, `plan-${String(process.pid)}`);
}

async function makePlan(stack: Stack, screen: Screen): Promise<SavedPlan> {
  const asked = examineBefore(stack.variables.values);
  // Whoever waits for it hears of it; nobody has to.
  asked.catch(() => undefined);
  try {
    return { ...(await runPlan(stack, screen)), asked };
  } catch (error) {
    if (stack.signal.aborted) throw error;
    screen.busy("asking AWS what it has not");
    // Values that are of no use are Terraform's to tell.
    throw explained(error, await asked.catch(() => []));
  }
}

async function runPlan(stack: Stack, screen: Screen): Promise<Omit<SavedPlan, "asked">> {
  const progress = new Progress();
  const { hasChanges } = await screen.step("plan", async () => ({
    hasChanges: await stack.terraform.plan(stack.variables.terraformArguments, planFile(), (event) => {
      const what = progress.told(event);
      if (what !== undefined) screen.busy(`plan: ${what}`);
    }),
    said: "done",
  }));
  screen.busy("reading the plan");
  return { plan: readPlan(await stack.terraform.show(planFile()), "terraform's plan"), hasChanges };
}

/**
 * `eks plan`: shows what `eks up` would do, and refuses what it would refuse.
 *
 * @returns 0 nothing to change, 2 there is
 * @throws UserError
 */
export async function plan(options: UpOptions, screen: Screen, signal: AbortSignal): Promise<number> {
  const stack = await prepare(options.arguments, true, screen, signal);
  const saved = await makePlan(stack, screen).finally(() => {
    rmSync(planFile(), { force: true });
  });
  const lines = await told(saved.plan, stack, screen);
  screen.end();
  process.stdout.write(`${lines.join("\n")}\n`);
  refuseUnlessAllowed(saved.plan, options.allowReplace);
  await refuseWhatAwsWould(saved, screen);
  return saved.hasChanges ? 2 : 0;
}

/**
 * `eks up`: plans, refuses what the guard refuses, asks, applies that very plan, and sets the bastion up.
 *
 * @returns the exit code of the bootstrap
 * @throws UserError, also when the bootstrap could not be run with its options
 */
export async function up(options: UpOptions, screen: Screen, signal: AbortSignal): Promise<number> {
  const bootstrapArgs = ["--stack-dir", STACK_DIR, ...options.bootstrap];
  // What is wrong with them should not be found out a quarter of an hour later.
  if (checkedOptions(bootstrapArgs) === undefined) {
    process.stdout.write(`${HELP}\n`);
    return 0;
  }

  const stack = await prepare(options.arguments, true, screen, signal);
  const endState = await stack.terraform.beginState();
  try {
    const saved = await makePlan(stack, screen);
    for (const line of await told(saved.plan, stack, screen)) screen.line(line);
    refuseUnlessAllowed(saved.plan, options.allowReplace);
    await refuseWhatAwsWould(saved, screen);
    if (saved.hasChanges) {
      if (!options.autoApprove)
        await confirm("apply this plan?", "-auto-approve applies it without a question", screen, signal);
      await apply(stack, planFile(), screen);
    }
  } finally {
    rmSync(planFile(), { force: true });
    await endState();
  }
  screen.end();
  const code = await bootstrap(bootstrapArgs, signal);
  if (code === 1 || code === 130) {
    screen.line(
      "what exists now: all that the plan has; the bastion is not set up to its end\n" +
        "what now: run the same command again, or `eks bootstrap` with what you have written after --",
    );
  }
  return code;
}

/**
 * Refuses a plan for what AWS says of it.
 *
 * @throws UserError
 */
async function refuseWhatAwsWould({ plan, asked }: SavedPlan, screen: Screen): Promise<void> {
  const concerns = concerning(plan);
  if (concerns === undefined) return;
  screen.busy("asking AWS what it would refuse");
  const findings = concerns(await asked);
  for (const line of unchecked(findings).flatMap((what) => wrapped("note:", what.split(" ")))) screen.line(line);
  refuseErrors(findings);
}

/** What a person has to know before a plan is applied: whose account it is, and what becomes of it. */
async function told(read: Plan, stack: Stack, screen: Screen): Promise<string[]> {
  const type = String(stack.variables.values.get("eks_worker_node_ec2_type")?.value);
  const region = String(stack.variables.values.get("aws_region")?.value);
  screen.busy("asking AWS what the instance type holds");
  const signal = AbortSignal.any([stack.signal, AbortSignal.timeout(FACTS_TIMEOUT_MS)]);
  const [account, types] = await withAws({ region, maxAttempts: 1 }, ({ sts, ec2 }) =>
    Promise.all([
      unlessItTakesLong(readIdentity(sts), signal),
      unlessItTakesLong(readInstanceTypes(ec2, [type]), signal),
    ]),
  );
  const facts = types?.[type];
  return [
    ...(account === undefined ? [] : [`account: ${account.account}, in ${region}`, `you are: ${account.arn}`]),
    ...summaryLines(summarize(read, facts !== undefined && facts.interfaces > 0 ? facts : undefined)),
  ];
}

/** How long anybody waits for what is good to know only. */
const FACTS_TIMEOUT_MS = 10_000;

/** An answer; undefined when there is none by then, which is no reason not to plan. */
async function unlessItTakesLong<T>(answer: Promise<T>, signal: AbortSignal): Promise<T | undefined> {
  const tooLong = new Promise<undefined>((resolve) => {
    if (signal.aborted) resolve(undefined);
    signal.addEventListener("abort", () => {
      resolve(undefined);
    });
  });
  return Promise.race([answer.catch(() => undefined), tooLong]);
}

const CTRL_C = "Ctrl-C";

/** Where a question is asked. */
export interface Terminal {
  readonly input: NodeJS.ReadableStream & { readonly isTTY?: boolean };
  readonly output: NodeJS.WritableStream;
}

/**
 * Asks, and goes on with a yes only.
 *
 * @param otherwise what to write so that nothing is asked
 * @throws UserError otherwise
 */
export async function confirm(
  question: string,
  otherwise: string,
  screen: Screen,
  signal: AbortSignal,
  { input, output }: Terminal = { input: process.stdin, output: process.stderr },
): Promise<void> {
  screen.end();
  if (input.isTTY !== true) {
    throw new UserError(
      `nobody is there to be asked (${question}), since standard input is no terminal: ${otherwise}`,
      { exitCode: 64 },
    );
  }
  const terminal = createInterface({ input, output, terminal: true });
  const gone = new AbortController();
  // While it reads a line, the terminal takes Ctrl-C for a key and sends no signal; Ctrl-D closes.
  terminal.once("SIGINT", () => {
    gone.abort(CTRL_C);
  });
  terminal.once("close", () => {
    gone.abort();
  });
  let answer: string;
  try {
    const ends = AbortSignal.any([signal, gone.signal]);
    answer = await terminal.question(`${question} Only "yes" is taken for one: `, { signal: ends });
  } catch (cause) {
    if (gone.signal.reason === CTRL_C || signal.aborted)
      throw new UserError("interrupted: nothing was done", { exitCode: 130, cause });
    throw new UserError("nothing was done, since there was no answer", { cause });
  } finally {
    terminal.close();
  }
  if (answer.trim() !== "yes") throw new UserError("nothing was done, since the answer was not yes");
}

/**
 * Applies a plan; what goes wrong half-way is told with what there is now.
 *
 * @param name of the step, for people: `apply`, or `destroy`
 * @throws UserError
 */
export async function apply(stack: Stack, file: string, screen: Screen, name = "apply"): Promise<void> {
  const { terraform, signal, logFile } = stack;
  const product = terraform.product();
  const progress = new Progress();
  const interrupted = () => {
    screen.line(
      `interrupted: ${product} finishes what AWS has begun, and writes it into the state; Ctrl-C again would leave that out`,
    );
  };
  signal.addEventListener("abort", interrupted);
  try {
    await screen.step(name, async () => {
      await terraform.apply(file, (event) => {
        const what = progress.told(event);
        if (what !== undefined) screen.busy(`${name}: ${what}`);
        if (event.kind === "diagnostic" && event.severity === "warning") screen.line(`warning: ${event.text}`);
      });
      return { said: progress.summary() };
    });
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    const exists = await terraform.state().catch(() => undefined);
    const halfMade = name === "apply" ? await terraform.tainted().catch(() => []) : [];
    const first = error instanceof ApplyKilledError ? lookFor(error.lost, stack) : "mend the cause and ";
    const mend = error.exitCode === 130 ? "" : first;
    const away =
      name === "apply" && exists?.length !== 0 ? "; or `eks destroy`, with the same -var-file, takes it all away" : "";
    throw new UserError(
      `${error.message}\nwhat exists now: ${whatExists(exists)}\n` +
        `what now: ${mend}run the same command again, it goes on from here${away}\n` +
        `${halfMadeText(halfMade, terraform.command())}what ${product} said is in ${logFile}`,
      { exitCode: error.exitCode, cause: error },
    );
  } finally {
    signal.removeEventListener("abort", interrupted);
  }
}

/** What somebody has to do before an apply that was killed can go on. */
function lookFor(lost: string, { variables }: Stack): string {
  const project = String(variables.values.get("project_name")?.value);
  return (
    `${lost} may exist without being in the state: look for it by its tag, Project=${project}, as README says under ` +
    '"When something stops half-way", and then '
  );
}

/** What has to be decided before it goes on: the guard stands before what would have to be made anew. */
function halfMadeText(addresses: readonly string[], command: string): string {
  const options = allowing(addresses);
  if (options.length === 0) return "";
  return (
    `half made: ${addresses.join(", ")}; where AWS has finished it after all, ` +
    `\`${command} untaint ADDRESS\` keeps it, else ${options.join(" ")} makes it anew\n`
  );
}

function whatExists(addresses: readonly string[] | undefined): string {
  if (addresses === undefined) return "the state cannot be read, so that is not known";
  return addresses.length === 0 ? "nothing" : `${String(addresses.length)} resources: ${countByType(addresses)}`;
}
