import { asking } from "../../aws/call";
import { patient, withAws } from "../../aws/clients";
import { readIdentity } from "../../aws/identity";
import type { Host } from "../../bootstrap/engine/host";
import { clusterArn } from "../../bootstrap/playbook";
import type { Handover } from "../../contract/handover";
import { readHandover } from "../../contract/outputs";
import { UserError } from "../../contract/user-error";
import { controlPlaneLogGroup } from "../../facts/cluster-tags";
import { confirm } from "../../terminal/confirm";
import { orInterrupted } from "../../terminal/process";
import type { Screen } from "../../terminal/screen";
import { countByType } from "../../terraform/events";
import type { VariableArgument } from "../../terraform/tfvars";
import { onBastion } from "../on-bastion";
import { applyPlan, dropPlan, savePlan } from "../plan/run";
import { prepare, type Stack } from "../stack";
import { claimsByVolume, claimsToDelete, deleteInCluster, readInCluster, type InCluster } from "./in-cluster";
import { scan, type Leftovers } from "./leftovers";
import { remove, until } from "./removal";
import { isClean, listing, removalPlan, stepTitle, type Removal, type Wishes } from "./removal-plan";
import { remainsText, scanAfter, type Remains } from "./stack-remains";
import { refuseElsewhere, targetOf, type Caller, type Target } from "./target";

/** What `eks destroy` is told. */
export interface DestroyOptions {
  readonly arguments: readonly VariableArgument[];
  readonly autoApprove: boolean;
  /** Says what would be deleted, and deletes nothing. */
  readonly dryRun: boolean;
  /** Volumes and log groups, by id, that may go with their data, and those that stay on purpose. */
  readonly wishes: Wishes;
  /** How to reach the bastion, as the bootstrap's own command line takes it. */
  readonly bootstrap: readonly string[];
}

/** How long what AWS is about to end may take to be gone. */
const PATIENCE_SECONDS = 300;

/**
 * `eks destroy`: deletes what Kubernetes made in the account, then the stack, and looks whether anything is left.
 *
 * @returns 0 when nothing of the cluster is left, 2 when a dry run found something to delete
 * @throws UserError when something is left, and when it is interrupted
 */
export async function destroy(options: DestroyOptions, screen: Screen, signal: AbortSignal): Promise<number> {
  const stack = await prepare(options.arguments, false, screen, signal);
  const inState = await stack.terraform.state();
  const target = targetOf(inState.length === 0 ? [] : await stack.terraform.resources(), stack.variables.values);
  const caller = await withAws(patient({ region: target.region }), ({ sts }) =>
    asking("ask AWS whose credentials these are", readIdentity(sts)),
  );
  refuseElsewhere(target, caller);
  const destruction = new Destruction(stack, target, caller, options, screen, signal);
  try {
    return await destruction.run(inState);
  } catch (error) {
    if (!signal.aborted || (error instanceof UserError && error.exitCode === 130)) throw error;
    throw new UserError(destruction.interrupted(), { exitCode: 130, cause: error });
  }
}

/** The answer of a cluster that has nothing in AWS; it also stands for one that cannot be asked. */
const NOTHING: InCluster = { services: [], ingresses: [], claims: [], volumes: [] };

/** One run of the command. */
class Destruction {
  /** What has been deleted so far, for whoever interrupts it. */
  readonly #done: string[] = [];
  /** What says how to reach the bastion and the cluster; undefined when the stack is not wholly applied. */
  #handover: Handover | undefined;
  /** Ids of what is Terraform's to destroy. */
  #managedIds: ReadonlySet<string>;
  #wishes: Wishes;

  constructor(
    private readonly stack: Stack,
    private readonly target: Target,
    private readonly caller: Caller,
    private readonly options: DestroyOptions,
    private readonly screen: Screen,
    private readonly signal: AbortSignal,
  ) {
    this.#managedIds = target.managedIds;
    this.#wishes = options.wishes;
  }

  /** @param inState addresses of everything in the state */
  async run(inState: readonly string[]): Promise<number> {
    const { options, target, screen } = this;
    const { wishes } = options;
    const inside = inState.length === 0 ? NOTHING : await this.#readInside();
    const claims = claimsToDelete(inside, wishes.keep);
    const found = await this.#scan(inside, claims);
    if (inState.length === 0) {
      if (found.clusterExists) throw this.#stateIsElsewhere();
      const remains = await this.#remains();
      if (isClean(found, wishes) && isNothing(remains)) {
        this.#say(
          `there is nothing in the state, and nothing of the cluster ${target.clusterName} in ${this.#place()}`,
        );
        return 0;
      }
    }

    // A wish for something that is not there is a mistake, and found before anything is deleted.
    const removal = removalPlan(found, wishes);
    this.#say(listing(removal));
    if (inState.length > 0) this.#say(`\nMade by Terraform, to be deleted:\n  ${countByType(inState)}`);
    if (options.dryRun) return 2;

    const deleted = removal.fates.filter(({ fate }) => fate === "deleted" || fate === "goes").length;
    const counts = [
      `${String(inState.length)} resources of Terraform's`,
      `${String(deleted)} things that Kubernetes made`,
    ].join(" and ");
    const question = `delete the cluster ${target.clusterName} in ${this.#place()}: ${counts}?`;
    if (!options.autoApprove) await confirm(question, "-auto-approve deletes without a question", screen, this.signal);

    await this.#removeInside({ ...inside, claims });
    await this.#removeOutside(inside);
    if (inState.length > 0) await this.#destroyStack(inside);
    return this.#lookAgain(inside);
  }

  /** What was done when it was interrupted, and how to go on. */
  interrupted(): string {
    const done = this.#done.length === 0 ? "nothing was deleted" : `deleted so far: ${this.#done.join(", ")}`;
    return `interrupted; ${done}; the rest is still there, and \`eks destroy\` goes on from here`;
  }

  #place(): string {
    return `the account ${this.caller.account}, ${this.target.region}`;
  }

  /** What a dry run says is its result; else it goes before a question, or a deletion. */
  #say(text: string): void {
    if (this.options.dryRun) {
      this.screen.end();
      process.stdout.write(`${text}\n`);
    } else this.screen.line(text);
  }

  #stateIsElsewhere(): UserError {
    return new UserError(
      `there is nothing in the state here, and ${this.#place()} has a cluster ${this.target.clusterName}: its ` +
        "state is somewhere else (another folder, or another TF_WORKSPACE or EKS_STATE_BUCKET), or it is " +
        "somebody else's; nothing was deleted",
    );
  }

  /** What the cluster itself says that it has in AWS; that it cannot be asked keeps nothing from going. */
  async #readInside(): Promise<InCluster> {
    const { screen } = this;
    const byTags = "what Kubernetes made is found by its tags";
    this.#handover = await this.#readHandover();
    if (this.#handover === undefined) {
      if (this.target.hasCluster) screen.line(`note: the stack is not wholly applied; ${byTags}`);
      return NOTHING;
    }
    const answer = await this.#onBastion(this.#handover, readInCluster);
    if ("login" in answer) {
      const why = answer.login.reached ? "" : ` (${answer.login.message.split("\n")[0] ?? ""})`;
      screen.line(`note: nobody could log in to the bastion${why}; ${byTags}`);
      return NOTHING;
    }
    if ("unreachable" in answer.result) {
      screen.line(`note: the cluster cannot be asked (${answer.result.unreachable}); ${byTags}`);
      return NOTHING;
    }
    return answer.result;
  }

  async #readHandover(): Promise<Handover | undefined> {
    const outputs = await this.stack.terraform.outputs();
    try {
      return readHandover(outputs, "the state");
    } catch (error) {
      if (error instanceof UserError) return undefined;
      throw error;
    }
  }

  /** @param work gets the context of the cluster in the bastion's kubeconfig */
  #onBastion<Result>(handover: Handover, work: (host: Host, context: string) => Promise<Result>) {
    const context = clusterArn(handover);
    return onBastion(handover, this.options.bootstrap, (host) => work(host, context), this.screen, this.signal);
  }

  async #scan(inside: InCluster, claims: InCluster["claims"] = []): Promise<Leftovers> {
    const { target, screen, signal } = this;
    screen.busy("looking for what Kubernetes made");
    const cluster = {
      ...target,
      managedIds: this.#managedIds,
      persistentVolumeIds: new Set(inside.volumes.map(({ volumeId }) => volumeId)),
      claimsByVolume: claimsByVolume(inside, claims),
    };
    const found = await this.#reading(scan({ region: target.region }, cluster, signal));
    return target.hasCluster || !found.clusterExists || found.isStacks ? found : ofSomebodyElse(found);
  }

  #remains(): Promise<Remains> {
    this.screen.busy("looking for what is left of the stack");
    return this.#reading(scanAfter({ region: this.target.region }, this.target));
  }

  async #removeInside(inside: InCluster): Promise<void> {
    const handover = this.#handover;
    const objects = [...inside.services, ...inside.ingresses, ...inside.claims];
    if (objects.length === 0 || handover === undefined) return;
    const { screen, signal } = this;
    await screen.step("services and claims", async () => {
      const done = await this.#onBastion(handover, (host, context) => deleteInCluster(host, context, inside, signal));
      signal.throwIfAborted();
      const failures = "result" in done ? done.result : ["nobody could log in to the bastion"];
      for (const failure of failures) screen.line(`note: not deleted through the cluster: ${failure}`);
      if (failures.length > 0) return { said: `of ${String(objects.length)} not all are deleted through the cluster` };
      await this.#untilVolumesAreGone([...claimsByVolume(inside, inside.claims).keys()]);
      const said = `${String(objects.length)} deleted through the cluster`;
      this.#done.push(said);
      return { said };
    });
  }

  /** The driver that deletes them goes with the nodes. */
  async #untilVolumesAreGone(volumeIds: readonly string[]): Promise<void> {
    if (volumeIds.length === 0) return;
    const volumes = volumeIds.map((volumeId) => ({ name: "", volumeId, reclaimPolicy: "Delete" }));
    await this.#until("volumes of deleted claims", async () => {
      const { things } = await this.#scan({ ...NOTHING, volumes });
      return !things.some(({ id }) => volumeIds.includes(id));
    });
  }

  /** Looks until something is so, or for as long as the patience lasts. */
  async #until(what: string, isSo: () => Promise<boolean>): Promise<void> {
    const { screen, signal } = this;
    const onWait = () => {
      screen.busy(`waiting for ${what} to be gone`);
    };
    const how = { signal, onWait, patienceSeconds: PATIENCE_SECONDS };
    await until(how, async () => ((await isSo()) ? undefined : what));
  }

  /** An answer that does not come must not keep a person from leaving. */
  #reading<Answer>(answer: Promise<Answer>): Promise<Answer> {
    return orInterrupted(answer, this.signal, this.interrupted());
  }

  /** A wish to delete something that is gone is fulfilled. */
  #removalOf(leftovers: Leftovers): Removal {
    const { delete: all, keep } = this.#wishes;
    const ids = new Set(leftovers.things.map(({ id }) => id));
    return removalPlan(leftovers, { delete: all.filter((id) => ids.has(id)), keep });
  }

  /** @returns how many steps were done */
  async #removeOutside(inside: InCluster): Promise<number> {
    const { screen, signal, target } = this;
    const removal = this.#removalOf(await this.#scan(inside));
    if (removal.steps.length === 0) return 0;
    let gone = 0;
    await screen.step("leftovers", async () => {
      await remove({ region: target.region }, removal, {
        onStep: (step) => {
          screen.busy(stepTitle(step));
        },
        onWait: (what) => {
          screen.busy(`waiting for ${what}`);
        },
        onOutcome: ({ step, outcome, reason = "failed" }) => {
          if (outcome === "failed") {
            screen.line(`note: ${stepTitle(step)}: ${reason}`);
            return;
          }
          gone++;
          if (step.does !== "wait") this.#done.push(stepTitle(step));
        },
        signal,
      });
      return { said: `${String(gone)} of ${String(removal.steps.length)} steps done` };
    });
    return gone;
  }

  async #destroyStack(inside: InCluster): Promise<void> {
    try {
      await this.#terraformDestroy();
    } catch (error) {
      if (this.signal.aborted || !(error instanceof UserError)) throw error;
      // Nodes that end leave network interfaces behind, and these hold their security group.
      const gone = await this.#removeOutside(inside);
      if (gone === 0) {
        await this.#sayWhatHolds(inside);
        throw error;
      }
      this.screen.line(
        `note: ${error.message.split("\n")[0] ?? ""}; once more, now that ${String(gone)} things are gone`,
      );
      await this.#terraformDestroy();
    }
    this.#done.push("what Terraform made");
    this.#takeOverLogGroup();
  }

  /**
   * EKS still writes logs when the cluster is gone, into a log group that it makes anew where Terraform has deleted it:
   * what Terraform would have deleted may go.
   *
   * @see https://docs.aws.amazon.com/eks/latest/userguide/control-plane-logs.html
   */
  #takeOverLogGroup(): void {
    const logGroup = controlPlaneLogGroup(this.target.clusterName);
    if (!this.#managedIds.has(logGroup)) return;
    this.#managedIds = new Set([...this.#managedIds].filter((id) => id !== logGroup));
    const { delete: all, keep } = this.#wishes;
    if (!keep.includes(logGroup)) this.#wishes = { delete: [...new Set([...all, logGroup])], keep };
  }

  async #terraformDestroy(): Promise<void> {
    const { stack, screen } = this;
    try {
      await savePlan(stack, screen, ["-destroy"], "everything goes");
      await applyPlan(stack, screen, "destroy");
    } finally {
      dropPlan();
    }
  }

  async #sayWhatHolds(inside: InCluster): Promise<void> {
    const removal = this.#removalOf(await this.#scan(inside));
    if (removal.fates.length > 0) this.screen.line(listing(removal));
  }

  /** Deletes what only now can go, and says what is left. */
  async #lookAgain(inside: InCluster): Promise<number> {
    const { screen, target } = this;
    await this.#removeOutside(inside);
    const wishes = this.#wishes;
    const look = async () => {
      const leftovers = await this.#scan(inside);
      const isOurs = target.hasCluster || !leftovers.clusterExists || leftovers.isStacks;
      // Names and tags would be somebody else's, too.
      return { leftovers, remains: isOurs ? await this.#remains() : { things: [], unknown: [] } };
    };
    let last = await look();
    await this.#until("what AWS is about to end", async () => {
      if (!isGoing(last)) return true;
      last = await look();
      return !isGoing(last);
    });

    const { leftovers, remains } = last;
    const removal = this.#removalOf(leftovers);
    if (removal.fates.length + removal.unknown.length > 0) screen.line(listing(removal));
    if (isClean(leftovers, wishes) && isNothing(remains)) {
      screen.line(`nothing is left: no resource of the cluster ${target.clusterName} is in ${this.#place()} any more`);
      return 0;
    }
    if (!isNothing(remains)) screen.line(remainsText(remains, target.region));
    const isKnown = leftovers.unknown.length + remains.unknown.length === 0;
    const isLeft = remains.things.length > 0 || !isClean({ ...leftovers, unknown: [] }, wishes);
    throw new UserError(
      isLeft || isKnown
        ? "something of this cluster is left, see above"
        : "nobody can say that nothing of this cluster is left: not everything could be looked at, see above",
    );
  }
}

/**
 * The state has no cluster, and the account has one of its name elsewhere: what is tagged with the name is that one's.
 */
function ofSomebodyElse(found: Leftovers): Leftovers {
  const why = `the cluster ${found.clusterName} of this account is not in the state here`;
  return {
    ...found,
    things: found.things.map((thing) => (thing.owner === "other" ? thing : { ...thing, owner: "other" as const, why })),
    references: [],
  };
}

function isNothing({ things, unknown }: Remains): boolean {
  return things.length === 0 && unknown.length === 0;
}

/** Whether there is something left, and all of it goes by itself. */
function isGoing({ leftovers, remains }: { readonly leftovers: Leftovers; readonly remains: Remains }): boolean {
  const ours = leftovers.things.filter(({ owner }) => owner === "cluster");
  const all = [...ours.map(({ goesWith }) => goesWith !== undefined), ...remains.things.map(({ isGoing: it }) => it)];
  return all.length > 0 && all.every((it) => it);
}
