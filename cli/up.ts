import { readIdentity, type Identity } from "../aws/identity";
import { withAws, type AwsClients } from "../aws/clients";
import { readInstanceTypes } from "../aws/instances";
import { bootstrap, checkedOptions } from "../bootstrap/bootstrap";
import type { Options } from "../bootstrap/options";
import { requireKey } from "../bootstrap/ssh/settings";
import { confirm } from "../terminal/confirm";
import { print } from "../terminal/output";
import { orInterrupted } from "../terminal/process";
import type { Screen } from "../terminal/screen";
import type { StateResource } from "../terraform/state";
import type { Plan } from "../terraform/plan-file";
import type { VariableArgument } from "../terraform/tfvars";
import { billedByTheHour } from "./billed";
import { concerning, examineBefore, explained, inputsHere, refuseErrors, unchecked } from "./doctor/account";
import type { Finding } from "./doctor/finding";
import { madeIn, refuseElsewhere } from "./elsewhere";
import { refuseUnlessAllowed } from "./plan/guard";
import { summarize, summaryLines } from "./plan/plan-summary";
import { applyPlan, dropPlan, planInFull, savedPlan, savePlan } from "./plan/run";
import { prepare, type Stack } from "./stack";
import { STACK_DIR } from "./synthesized";

/** What `eks plan` and `eks up` are told. */
export interface UpOptions {
  readonly arguments: readonly VariableArgument[];
  /** Addresses that may be replaced or destroyed although a guard stands before them. */
  readonly allowReplace: readonly string[];
  /** Shows the plan in Terraform's own words, too. */
  readonly full: boolean;
  /** Asks nothing. */
  readonly autoApprove: boolean;
  /** For the bootstrap, as its own command line takes them. */
  readonly bootstrap: readonly string[];
}

/** A plan that Terraform has saved, read. */
interface SavedPlan {
  readonly plan: Plan;
  readonly hasChanges: boolean;
  /** Undefined when AWS does not say. */
  readonly caller: Identity | undefined;
  /** What AWS says of the inputs, which is asked while Terraform plans. */
  readonly asked: Promise<readonly Finding[]>;
}

function readState({ terraform }: Stack, screen: Screen): Promise<readonly StateResource[]> {
  screen.busy("reading the state");
  return terraform.resources();
}

/**
 * Whose credentials these are; undefined when AWS does not say.
 *
 * @throws UserError with exit code 3 when what is in the state was made somewhere else
 */
async function whoAsks(stack: Stack, state: readonly StateResource[], screen: Screen): Promise<Identity | undefined> {
  screen.busy("asking AWS whose credentials these are");
  const caller = await askInTime(stack, ({ sts }) => readIdentity(sts));
  refuseElsewhere(madeIn(state.map(({ arn }) => arn)), regionOf(stack), caller);
  return caller;
}

async function makePlan(stack: Stack, caller: Identity | undefined, screen: Screen): Promise<SavedPlan> {
  const asked = examineBefore(stack.variables.values);
  // Whoever waits for it hears of it; nobody has to.
  asked.catch(() => undefined);
  try {
    const hasChanges = await savePlan(stack, screen, [], "done");
    screen.busy("reading the plan");
    return { plan: await savedPlan(stack), hasChanges, caller, asked };
  } catch (error) {
    if (stack.signal.aborted) throw error;
    screen.busy("asking AWS what it has not");
    // Values that are of no use are Terraform's to tell.
    throw explained(error, await asked.catch(() => []));
  }
}

/**
 * `eks plan`: shows what `eks up` would do, and refuses what it would refuse.
 *
 * @returns 0 nothing to change, 2 there is
 * @throws UserError
 */
export async function plan(
  options: Pick<UpOptions, "arguments" | "allowReplace" | "full">,
  screen: Screen,
  signal: AbortSignal,
): Promise<number> {
  const stack = await prepare(options.arguments, true, screen, signal);
  const caller = await whoAsks(stack, await readState(stack, screen), screen);
  let saved: SavedPlan;
  let lines: readonly string[];
  try {
    saved = await makePlan(stack, caller, screen);
    lines = await told(saved, stack, options.full, screen);
  } finally {
    dropPlan();
  }
  screen.end();
  print(lines);
  refuseUnlessAllowed(saved.plan, options.allowReplace);
  await refuseWhatAwsWould(saved, screen);
  screen.line(saved.hasChanges ? "next: eks up" : "next: eks status");
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
  const bootstrapOptions = checkedOptions(bootstrapArgs);

  const stack = await prepare(options.arguments, true, screen, signal);
  const endState = await stack.terraform.beginState();
  try {
    const state = await readState(stack, screen);
    const caller = await whoAsks(stack, state, screen);
    if (bootstrapOptions !== undefined) await requireSshKey(bootstrapOptions, stack);
    await keepProfiles(stack, state, screen);
    const saved = await makePlan(stack, caller, screen);
    screen.lines(await told(saved, stack, options.full, screen));
    refuseUnlessAllowed(saved.plan, options.allowReplace);
    await refuseWhatAwsWould(saved, screen);
    if (saved.hasChanges) {
      if (!options.autoApprove) {
        await confirm("apply this plan?", "-auto-approve applies it without a question", screen, signal);
      }
      await applyPlan(stack, screen, "apply");
    }
  } finally {
    dropPlan();
    await endState();
  }
  screen.end();
  const code = await bootstrap(bootstrapArgs, signal);
  if (code === 0) {
    const inputs = inputsHere(stack.variables.values);
    screen.lines([
      `what exists now: the cluster ${inputs.clusterName} in ${inputs.region}, with its nodes and a bastion`,
      `billed by the hour, until eks destroy: ${billedByTheHour(inputs)}`,
      "next: eks ssh",
    ]);
  }
  if (code === 1 || code === 130) {
    screen.lines([
      "what exists now: all that the plan has; the bastion is not set up to its end",
      "next: the same command again, or `eks bootstrap` with what you have written after --",
    ]);
  }
  return code;
}

/**
 * Looks for a key to log in to the bastion with, a quarter of an hour before it is needed. The stack may make one.
 *
 * @throws NoKeyError
 */
async function requireSshKey(options: Options, { variables }: Stack): Promise<void> {
  const { region, clusterName, keyPair, makesKeyPair } = inputsHere(variables.values);
  if (makesKeyPair) return;
  const user = String(variables.values.get("kubectl_ec2_user")?.value);
  await requireKey(options, { region, cluster_name: clusterName, bastion_user: user }, keyPair);
}

/**
 * Keeps instance profiles that an apply has left half made: whatever one lacks Terraform adds in place. Made anew it would
 * come before the old one goes, as what is launched with it does, and under the name that this one still has.
 */
async function keepProfiles({ terraform }: Stack, state: readonly StateResource[], screen: Screen): Promise<void> {
  for (const { address } of state.filter((it) => it.isTainted && it.type === "aws_iam_instance_profile")) {
    await terraform.untaint(address);
    screen.line(`note: ${address} was left half made, and is kept: what it lacks is added`);
  }
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
  screen.lines(unchecked(findings).map((what) => `note: ${what}`));
  refuseErrors(findings);
}

/** What a person has to know before a plan is applied: whose account it is, and what becomes of it. */
async function told({ plan, caller }: SavedPlan, stack: Stack, full: boolean, screen: Screen): Promise<string[]> {
  const type = String(stack.variables.values.get("eks_worker_node_ec2_type")?.value);
  const region = regionOf(stack);
  screen.busy("asking AWS what the instance type holds");
  const types = await askInTime(stack, ({ ec2 }) => readInstanceTypes(ec2, [type]));
  const facts = types?.[type];
  return [
    ...(full ? [...(await planInFull(stack)), ""] : []),
    ...(caller === undefined
      ? [`note: AWS does not say whose credentials these are: nobody has looked whether the state is of this account`]
      : [`account: ${caller.account}, in ${region}`, `you are: ${caller.arn}`]),
    ...summaryLines(summarize(plan, facts !== undefined && facts.interfaces > 0 ? facts : undefined)),
    ...(makesCluster(plan)
      ? [`billed by the hour, until eks destroy: ${billedByTheHour(inputsHere(stack.variables.values))}`]
      : []),
  ];
}

function makesCluster({ changes }: Plan): boolean {
  return changes.some(({ type, kind }) => type === "aws_eks_cluster" && kind === "create");
}

function regionOf({ variables }: Stack): string {
  return String(variables.values.get("aws_region")?.value);
}

/** What AWS answers, of what is good to know only: that there is no answer in time is no reason not to plan. */
function askInTime<Answer>(stack: Stack, question: (aws: AwsClients) => Promise<Answer>): Promise<Answer | undefined> {
  const signal = AbortSignal.any([stack.signal, AbortSignal.timeout(FACTS_TIMEOUT_MS)]);
  return withAws({ region: regionOf(stack), maxAttempts: 1 }, (aws) =>
    orInterrupted(question(aws), signal).catch(() => undefined),
  );
}

/** How long anybody waits for what is good to know only. */
const FACTS_TIMEOUT_MS = 10_000;
