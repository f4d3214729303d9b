import { setTimeout as sleep } from "node:timers/promises";

import { asking } from "../../aws/call";
import { patient, withAws } from "../../aws/clients";
import { byHand } from "../../aws/finders/table";
import { readIdentity } from "../../aws/identity";
import type { Host } from "../../bootstrap/engine/host";
import { clusterArn } from "../../bootstrap/playbook";
import type { Handover } from "../../contract/handover";
import { readHandover } from "../../contract/outputs";
import { UserError } from "../../contract/user-error";
import { controlPlaneLogGroup } from "../../facts/cluster-tags";
import { confirm } from "../../terminal/confirm";
import { print } from "../../terminal/output";
import { orInterrupted } from "../../terminal/process";
import type { Screen } from "../../terminal/screen";
import { countByType } from "../../terraform/events";
import type { VariableArgument } from "../../terraform/tfvars";
import { refuseElsewhere } from "../elsewhere";
import { onBastion } from "../on-bastion";
import { applyPlan, dropPlan, savePlan } from "../plan/run";
import { prepare, type Stack } from "../stack";
import {
  claimsToDelete,
  DELETING_SECONDS,
  deleteInCluster,
  deleteMachines,
  EMPTY,
  madeAnew,
  persistentVolumes,
  readInCluster,
  type ClusterAccess,
  type InCluster,
} from "./in-cluster";
import { scan, type Leftovers } from "./leftovers";
import type { Thing } from "./ownership";
import { remove, until } from "./removal";
import { isClean, listing, removalPlan, stepTitle, type Removal, type Wishes } from "./removal-plan";
import { remainsLines, scanAfter, type Remains } from "./stack-remains";
import { targetOf, type Target } from "./target";

/** What `eks destroy` is told. */
export interface DestroyOptions {
  readonly arguments: readonly VariableArgument[];
  readonly autoApprove: boolean;
  /** Says what would be deleted, and deletes nothing. */
  readonly dryRun: boolean;
  /** Ids of volumes that may go with their data. */
  readonly deleteVolume: readonly string[];
  /** Names of log groups that may go with what is in them. */
  readonly deleteLogGroup: readonly string[];
  /** Volumes and log groups that stay on purpose. */
  readonly keep: readonly string[];
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
  refuseElsewhere(target.madeIn, target.region, caller);
  const place = `the account ${caller.account}, ${target.region}`;
  const destruction = new Destruction(stack, inState, target, place, options, screen);
  try {
    return await destruction.run();
  } catch (error) {
    if (!signal.aborted || (error instanceof UserError && error.exitCode === 130)) throw error;
    throw new UserError(destruction.interrupted(), { exitCode: 130, cause: error });
  }
}

/**
 * How long after a deletion it is looked whether somebody has made anew what was deleted, in ms: Argo CD waits 5 s
 * before it mends what was changed.
 *
 * @see https://argo-cd.readthedocs.io/en/stable/operator-manual/server-commands/argocd-application-controller/
 */
const HEALED_MS = 10_000;

/** One run of the command. */
class Destruction {
  /** What has been deleted so far, for whoever interrupts it. */
  readonly #done: string[] = [];
  /** What says how to reach the bastion and the cluster; undefined when the stack is not wholly applied. */
  #handover: Handover | undefined;
  /** What the cluster said that it has in AWS. */
  #inside = EMPTY;
  /** Why it said nothing. */
  #silence: string | undefined;
  /** What may go and what stays, of what holds data. */
  #wishes: Wishes;
  readonly #signal: AbortSignal;

  constructor(
    private readonly stack: Stack,
    /** Addresses of everything in the state. */
    private readonly inState: readonly string[],
    private target: Target,
    /** Account and region, in words. */
    private readonly place: string,
    private readonly options: DestroyOptions,
    private readonly screen: Screen,
  ) {
    const { deleteVolume, deleteLogGroup, keep } = options;
    this.#wishes = { delete: [...deleteVolume, ...deleteLogGroup], keep };
    this.#signal = stack.signal;
  }

  async run(): Promise<number> {
    const { options, inState, place } = this;
    const { clusterName } = this.target;
    if (inState.length > 0) await this.#readInside();
    const claims = claimsToDelete(this.#inside, options.keep);
    const found = await this.#scan(claims);
    if (inState.length === 0) {
      if (found.clusterExists === true) {
        throw new UserError(
          `there is nothing in the state here, and ${place} has a cluster ${clusterName}: its state is somewhere ` +
            "else (another folder, or another TF_WORKSPACE or EKS_STATE_BUCKET), or it is somebody else's; nothing " +
            "was deleted",
        );
      }
      if (found.clusterExists === undefined) {
        throw new UserError(
          `there is nothing in the state here, and whether ${place} has a cluster ${clusterName} is not known ` +
            `(${found.unknown[0] ?? "EKS does not say"}): what has its name could be somebody else's; nothing was deleted`,
        );
      }
      const remains = await this.#remains(found);
      if (isClean(found, this.#wishes) && isNothing(remains)) {
        this.#say([`there is nothing in the state, and nothing of the cluster ${clusterName} in ${place}`]);
        return 0;
      }
    }

    // A wish for something that is not there is a mistake, and found before anything is deleted.
    const removal = removalPlan(found, this.#wishes);
    this.#say(listing(removal));
    if (inState.length > 0) {
      this.#say(["", "Made by Terraform, to be deleted:", `  ${countByType(inState)}`]);
      this.#refuseMachines(machinesIn(found), this.#silence ?? "no NodeClaim of the cluster takes them along");
    }
    if (options.dryRun) {
      this.screen.line("next: eks destroy, with the same options");
      return 2;
    }

    const deleted = removal.fates.filter(({ fate }) => fate === "deleted" || fate === "goes").length;
    const question =
      `delete the cluster ${clusterName} in ${place}: ${String(inState.length)} resources of Terraform's and ` +
      `${String(deleted)} things that Kubernetes made?`;
    if (!options.autoApprove) {
      await confirm(question, "-auto-approve deletes without a question", this.screen, this.#signal);
    }

    await this.#removeInside(claims);
    await this.#removeMachines();
    await this.#removeOutside();
    if (inState.length > 0) await this.#destroyStack();
    return this.#lookAgain();
  }

  /** What was done when it was interrupted, and how to go on. */
  interrupted(): string {
    const done = this.#done.length === 0 ? "nothing was deleted" : `deleted so far: ${this.#done.join(", ")}`;
    return `interrupted; ${done}; the rest is still there, and \`eks destroy\` goes on from here`;
  }

  /** What a dry run says is its result; else it goes before a question, or a deletion. */
  #say(lines: readonly string[]): void {
    if (this.options.dryRun) {
      this.screen.end();
      print(lines);
    } else this.screen.lines(lines);
  }

  /** What the cluster itself says that it has in AWS; that it cannot be asked keeps nothing from going. */
  async #readInside(): Promise<void> {
    const byTags = (why: string) => {
      this.#silence = why;
      this.screen.line(`note: ${why}; what Kubernetes made is found by its tags`);
    };
    const outputs = await this.stack.terraform.outputs();
    try {
      this.#handover = readHandover(outputs, "the state");
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      if (this.target.hasCluster) byTags("the stack is not wholly applied");
      return;
    }
    const answer = await this.#onBastion(this.#handover, readInCluster);
    if ("login" in answer) {
      byTags(`nobody could log in to the bastion (${firstLine(answer.login.message)})`);
    } else if ("unreachable" in answer.result) {
      byTags(`the cluster cannot be asked (${answer.result.unreachable})`);
    } else this.#inside = answer.result;
  }

  #onBastion<Result>(handover: Handover, work: (host: Host, cluster: ClusterAccess) => Promise<Result>) {
    const cluster = { context: clusterArn(handover), endpoint: handover.cluster_endpoint };
    const { bootstrap } = this.options;
    // The commands end by themselves before that.
    const seconds = DELETING_SECONDS + 30;
    return onBastion(handover, bootstrap, (host) => work(host, cluster), this.screen, this.#signal, seconds);
  }

  /**
   * @param claims that are still to be deleted
   * @param volumes that the cluster has or had
   */
  #scan(claims: InCluster["claims"] = [], volumes = this.#inside.volumes): Promise<Leftovers> {
    this.screen.busy("looking for what Kubernetes made");
    const { region } = this.target;
    const cluster = {
      ...this.target,
      persistentVolumes: persistentVolumes(volumes, claims),
      machines: new Map(this.#inside.nodeClaims.map(({ instanceId, name }) => [instanceId, name])),
    };
    return this.#reading(scan({ region }, cluster, this.#signal));
  }

  /** Without what stays on purpose. */
  async #remains({ things: told }: Leftovers): Promise<Remains> {
    this.screen.busy("looking for what is left of the stack");
    const ids = new Set(told.map(({ id }) => id));
    const { things, unknown } = await this.#reading(scanAfter({ region: this.target.region }, this.target, ids));
    return { things: things.filter(({ id }) => !this.#wishes.keep.includes(id)), unknown };
  }

  /** An answer that does not come must not keep a person from leaving. */
  #reading<Answer>(answer: Promise<Answer>): Promise<Answer> {
    return orInterrupted(answer, this.#signal, this.interrupted());
  }

  /** Looks until something is gone, or for as long as the patience lasts. */
  async #untilGone(what: string, isGone: () => Promise<boolean>): Promise<void> {
    const missing = `${what} to be gone`;
    await until({ ...this.#waiting(), patienceSeconds: PATIENCE_SECONDS }, async () =>
      (await isGone()) ? undefined : missing,
    );
  }

  #waiting() {
    const { screen } = this;
    const busy = (what: string) => {
      screen.busy(what);
    };
    return { signal: this.#signal, busy };
  }

  /** @returns why something was not deleted, as it was said on the screen */
  async #deleteThroughCluster(
    handover: Handover,
    work: (host: Host, cluster: ClusterAccess) => Promise<string[]>,
  ): Promise<string[]> {
    const done = await this.#onBastion(handover, work);
    this.#signal.throwIfAborted();
    const failures = "result" in done ? done.result : ["nobody could log in to the bastion"];
    for (const failure of failures) this.screen.line(`note: not deleted through the cluster: ${failure}`);
    return failures;
  }

  async #removeInside(claims: InCluster["claims"]): Promise<void> {
    const { services, ingresses, gateways, volumes } = this.#inside;
    const handover = this.#handover;
    const count = String(services.length + ingresses.length + gateways.length + claims.length);
    if (count === "0" || handover === undefined) return;
    await this.screen.step("services and claims", async () => {
      const failures = await this.#deleteThroughCluster(handover, (host, cluster) =>
        deleteInCluster(host, cluster, { services, ingresses, gateways, claims }, this.#signal),
      );
      await this.#refuseMadeAnew(handover, { services, ingresses, gateways, claims: this.#inside.claims });
      if (failures.length > 0) return { said: `of ${count} not all are deleted through the cluster` };
      // The driver that deletes them goes with the nodes.
      const claimed = persistentVolumes(volumes, claims);
      const going = volumes.filter(({ volumeId }) => claimed.get(volumeId) !== undefined);
      if (going.length > 0) {
        await this.#untilGone("volumes of deleted claims", async () => {
          const { things } = await this.#scan([], going);
          return !going.some(({ volumeId }) => things.some(({ id }) => id === volumeId));
        });
      }
      const said = `${count} deleted through the cluster`;
      this.#done.push(said);
      return { said };
    });
  }

  /**
   * Machines of Karpenter, which nobody ends when it has gone with the cluster.
   *
   * @throws UserError when one of them stays
   */
  async #removeMachines(): Promise<void> {
    const before = this.#inside;
    const { nodePools, nodeClaims } = before;
    const handover = this.#handover;
    if (nodePools.length + nodeClaims.length === 0 || handover === undefined) return;
    await this.screen.step("machines of Karpenter", async () => {
      await this.#deleteThroughCluster(handover, (host, cluster) =>
        deleteMachines(host, cluster, nodePools, this.#signal),
      );
      // From now on no NodeClaim takes a machine along.
      this.#inside = { ...before, nodePools: [], nodeClaims: [] };
      let left: readonly Thing[] = [];
      await this.#untilGone("the machines of Karpenter", async () => {
        left = machinesIn(await this.#scan());
        return left.length === 0;
      });
      const seconds = String(PATIENCE_SECONDS);
      this.#refuseMachines(
        left,
        `after ${seconds} s they are still there: a pod that may not be evicted keeps its node`,
      );
      const said = `${String(nodePools.length)} NodePool(s) and ${String(nodeClaims.length)} machine(s) ended`;
      this.#done.push(said);
      await this.#refuseMadeAnew(handover, { nodePools, nodeClaims });
      return { said };
    });
  }

  /**
   * @param why they do not go
   * @throws UserError when there are machines that would outlive the cluster
   */
  #refuseMachines(machines: readonly Thing[], why: string): void {
    if (machines.length === 0) return;
    const { region } = this.target;
    const named = machines.map(({ id, called }) => (called === "" ? id : `${id} (${called})`)).join(", ");
    const commands = machines.map(({ type, id, endedBy }) =>
      endedBy === undefined ? byHand(type, id, region) : `aws ${endedBy} --region ${region}`,
    );
    throw new UserError(
      `machines of the cluster are in no Auto Scaling group of Terraform's: ${named}; ${why}. When the cluster is ` +
        "gone, nobody ends them: they would be billed, and hold subnets and security groups. Nothing of the stack was " +
        `deleted. End them (${[...new Set(commands)].join("; ")}), and run the same command again`,
    );
  }

  /**
   * @param before what there was before the deletion, of the kinds that were deleted
   * @throws UserError when somebody has made anew what was deleted: without the nodes nobody would delete it again
   */
  async #refuseMadeAnew(handover: Handover, before: Parameters<typeof madeAnew>[2]): Promise<void> {
    this.screen.busy("waiting for whoever makes anew what was deleted");
    await sleep(HEALED_MS, undefined, { signal: this.#signal }).catch(() => undefined);
    this.#signal.throwIfAborted();
    const looked = await this.#onBastion(handover, (host, cluster) => madeAnew(host, cluster, before));
    this.#signal.throwIfAborted();
    const answer = "result" in looked ? looked.result : { unreachable: firstLine(looked.login.message) };
    if ("unreachable" in answer) {
      this.screen.line(`note: whether somebody has made anew what was deleted is not known (${answer.unreachable})`);
    } else if (answer.length > 0) {
      throw new UserError(
        `made anew since it was deleted: ${answer.join("; ")}. When the nodes are gone, nobody deletes it any more, ` +
          "and what it has in AWS stays. Nothing of the stack was deleted. Stop whoever makes it, and run the same " +
          "command again",
      );
    }
  }

  /** A wish to delete something that is gone is fulfilled. */
  #removalOf(leftovers: Leftovers): Removal {
    const ids = leftovers.things.map(({ id }) => id);
    return removalPlan(leftovers, { ...this.#wishes, delete: this.#wishes.delete.filter((id) => ids.includes(id)) });
  }

  /** @returns how many steps were done */
  async #removeOutside(): Promise<number> {
    const { screen } = this;
    const removal = this.#removalOf(await this.#scan());
    if (removal.steps.length === 0) return 0;
    let gone = 0;
    await screen.step("leftovers", async () => {
      const { region } = this.target;
      await remove({ region }, removal, this.#waiting(), ({ step, outcome, reason = "failed" }) => {
        if (outcome === "failed") {
          screen.line(`note: ${stepTitle(step)}: ${reason}`);
          return;
        }
        gone++;
        if (step.does !== "wait") this.#done.push(stepTitle(step));
      });
      return { said: `${String(gone)} of ${String(removal.steps.length)} steps done` };
    });
    return gone;
  }

  async #destroyStack(): Promise<void> {
    try {
      await this.#terraformDestroy();
    } catch (error) {
      if (this.#signal.aborted || !(error instanceof UserError)) throw error;
      // Nodes that end leave network interfaces behind, and these hold their security group.
      const gone = await this.#removeOutside();
      if (gone === 0) {
        this.#list(await this.#scan());
        throw error;
      }
      this.screen.line(`note: ${firstLine(error.message)}; once more, now that ${String(gone)} things are gone`);
      await this.#terraformDestroy();
    }
    this.#done.push("what Terraform made");
    this.#takeOverLogGroup();
  }

  async #terraformDestroy(): Promise<void> {
    try {
      await savePlan(this.stack, this.screen, ["-destroy"], "everything goes");
      await applyPlan(this.stack, this.screen, "destroy");
    } finally {
      dropPlan();
    }
  }

  /**
   * EKS still writes logs when the cluster is gone, into a log group that it makes anew where Terraform has deleted it:
   * what Terraform would have deleted may go.
   *
   * @see https://docs.aws.amazon.com/eks/latest/userguide/control-plane-logs.html
   */
  #takeOverLogGroup(): void {
    const logGroup = controlPlaneLogGroup(this.target.clusterName);
    const managedIds = new Set(this.target.managedIds);
    if (!managedIds.delete(logGroup)) return;
    this.target = { ...this.target, managedIds };
    const { delete: all, keep } = this.#wishes;
    if (!keep.includes(logGroup)) this.#wishes = { delete: [...new Set([...all, logGroup])], keep };
  }

  #list(leftovers: Leftovers): void {
    const removal = this.#removalOf(leftovers);
    if (removal.fates.length + removal.unknown.length > 0) this.screen.lines(listing(removal));
  }

  /** Deletes what only now can go, and says what is left. */
  async #lookAgain(): Promise<number> {
    const { screen } = this;
    await this.#removeOutside();
    const look = async () => {
      const leftovers = await this.#scan();
      // Names and tags would be somebody else's, too.
      const remains = leftovers.isSomebodyElses ? { things: [], unknown: [] } : await this.#remains(leftovers);
      return { leftovers, remains };
    };
    let last = await look();
    await this.#untilGone("what AWS is about to end", async () => {
      if (!isGoing(last)) return true;
      last = await look();
      return !isGoing(last);
    });

    const { leftovers, remains } = last;
    this.#list(leftovers);
    if (isClean(leftovers, this.#wishes) && isNothing(remains)) {
      const { clusterName } = this.target;
      screen.line(`nothing is left: no resource of the cluster ${clusterName} is in ${this.place} any more`);
      return 0;
    }
    if (!isNothing(remains)) screen.lines(remainsLines(remains, this.target.region));
    const isLeft = remains.things.length > 0 || !isClean({ ...leftovers, unknown: [] }, this.#wishes);
    throw new UserError(
      isLeft
        ? "something of this cluster is left, see above"
        : "nobody can say that nothing of this cluster is left: not everything could be looked at, see above",
    );
  }
}

/** Those of the cluster that nothing ends with it. */
function machinesIn({ things }: Leftovers): Thing[] {
  return things.filter(
    ({ type, owner, goesWith }) => type === "aws_instance" && owner === "cluster" && goesWith === undefined,
  );
}

function firstLine(text: string): string {
  return text.split("\n")[0] ?? "";
}

function isNothing({ things, unknown }: Remains): boolean {
  return things.length === 0 && unknown.length === 0;
}

/** Whether there is something left, and all of it goes by itself. */
function isGoing({ leftovers, remains }: { readonly leftovers: Leftovers; readonly remains: Remains }): boolean {
  const ours = leftovers.things.filter(({ owner }) => owner === "cluster");
  const going = [...ours.map(({ goesWith }) => goesWith !== undefined), ...remains.things.map((it) => it.isGoing)];
  return going.length > 0 && !going.includes(false);
}
