import { quoted } from "../../contract/shell";
import { nearest } from "../../contract/nearest";
import { UserError } from "../../contract/user-error";
import { terraformCommand } from "../../terraform/program";
import { clusterRefusals, setBack } from "./cluster-guard";
import { lossOf } from "./guarded-types";
import { ends, type Plan, type ResourceChange } from "../../terraform/plan-file";
import { allowOption, becomes, refusalText, type Refusal } from "./refusal";
import { valueText } from "./value-text";

/** Terraform's word for what an apply has left half made. */
const TAINTED = "replace_because_tainted";

/** Terraform's words for why, where no attribute says it. */
const REASONS: Readonly<Record<string, string>> = {
  [TAINTED]:
    "an apply left it half made (tainted); when it is sound after all, " + `\`${terraformCommand()} untaint\` keeps it`,
  replace_by_request: "-replace asks for it",
  replace_by_triggers: "something that it has to follow (replace_triggered_by) changes",
  delete_because_no_resource_config: "the configuration no longer has it",
  delete_because_no_module: "the configuration no longer has its module",
  delete_because_no_move_target: "a moved block leads to where nothing is",
  delete_because_count_index: "there are to be fewer of it",
  delete_because_each_key: "the tfvars no longer have a row of its name",
  delete_because_wrong_repetition: "it became one of many, or stopped being it (count, for_each)",
};

/**
 * What a plan would do although it is guarded and `allowed` does not name it: replacements and destructions of all but
 * what is harmless, making anew what the state has and AWS has not, changes of the cluster that EKS refuses, and whatever
 * shuts out its last admin or its nodes. What a `moved` block only renames is none, and neither is what an apply has left
 * half made, and nothing was made from.
 *
 * A plan that destroys everything on purpose is not for this: everything would be refused.
 *
 * @param allowed addresses, as `--allow-replace` gives them
 * @throws UserError (wrong usage) when `allowed` names what is not in the plan
 */
export function refusals(plan: Plan, allowed: readonly string[]): Refusal[] {
  const refused = [
    ...plan.changes.filter(ends).flatMap(refusal),
    ...plan.changes.filter(({ kind, isGone }) => kind === "create" && isGone).flatMap(forgotten),
    ...clusterRefusals(plan),
  ];
  const allowable = refused.filter(({ isFinal }) => isFinal !== true).map(({ address }) => address);
  for (const address of allowed) checkIsInPlan(address, plan, [...new Set(allowable)]);
  return refused.filter(({ address, isFinal }) => isFinal === true || !allowed.includes(address));
}

/**
 * Ends the command where a plan has refusals, with exit code 3, or where it is not whole.
 *
 * @throws UserError with a paragraph for each refusal
 */
export function refuseUnlessAllowed(plan: Plan, allowed: readonly string[]): void {
  if (plan.isErrored) {
    throw new UserError(
      "the plan ends where an error was found, and what is not in it cannot be guarded; mend what Terraform " +
        "complained of, and plan again",
    );
  }
  const refused = refusals(plan, allowed);
  if (refused.length === 0) return;
  throw new UserError(refused.map(refusalText).join("\n\n"), { exitCode: 3 });
}

/** None where nothing is lost. */
function refusal(change: ResourceChange): Refusal[] {
  const { address, kind, deposed, reason, forcedBy } = change;
  const loss = lossOf(change);
  if (loss === undefined || (reason === TAINTED && isUnused(change))) return [];
  const forced = forcedBy.map(({ path, before, after }) =>
    valueText(before) === valueText(after)
      ? `${path} changes`
      : `${path} changes from ${valueText(before)} to ${valueText(after)}`,
  );
  const because =
    deposed !== undefined
      ? `it is left over from a replacement that was interrupted (deposed ${deposed})`
      : forced.length > 0
        ? `${forced.join(", and ")}, which cannot be done in place`
        : (REASONS[reason ?? ""] ?? (kind === "destroy" ? "the plan destroys it" : "Terraform does not say why"));
  return [{ address, ...loss, what: becomes(change), because, instead: setBack(change) }];
}

/** Whether nothing that would be lost was made from it. */
function isUnused({ usedBy }: ResourceChange): boolean {
  return usedBy?.every((type) => lossOf({ type }) === undefined) ?? false;
}

/** What the plan makes once more, because nobody has found the one that the state has; none where nothing is lost. */
function forgotten(change: ResourceChange): Refusal[] {
  const loss = lossOf(change);
  if (loss === undefined) return [];
  return [
    {
      address: change.address,
      noun: loss.noun,
      what: "made once more",
      because: "the state has one, and AWS says that there is none",
      instead: "where it was not deleted on purpose, look whether these are the account and the region that it is in",
    },
  ];
}

function checkIsInPlan(allowed: string, { changes }: Plan, guarded: readonly string[]): void {
  const addresses = changes.filter(({ isManaged }) => isManaged).map(({ address }) => address);
  if (addresses.includes(allowed)) return;

  const ofItsName = guarded.filter((address) => address.startsWith(`${allowed}[`));
  const movedTo = changes.find(({ previousAddress }) => previousAddress === allowed)?.address;
  const near = movedTo ?? nearest(allowed, guarded) ?? nearest(allowed, addresses);
  const hint =
    ofItsName.length > 0
      ? `name each: ${ofItsName.map(allowOption).join(" ")}`
      : near !== undefined
        ? `did you mean ${allowOption(near)}?`
        : guarded.length > 0
          ? `it is for ${guarded.map(quoted).join(", ")}`
          : "the plan replaces and destroys nothing that is guarded, so leave it out";
  throw new UserError(`--allow-replace names what the plan does not have, ${JSON.stringify(allowed)}: ${hint}`, {
    exitCode: 64,
  });
}
