import { quoted } from "../../bootstrap/command";
import { nearest } from "../../bootstrap/nearest";
import { UserError } from "../errors";
import { clusterRefusals, setBack } from "./cluster-guard";
import type { Plan, PlannedValue, ResourceChange } from "./plan-file";
import { allowOption, refusalText, type Refusal } from "./refusal";

/**
 * What is guarded, by type. Everything else of the stack is made anew within minutes, and nothing that runs notices, or
 * (launch configurations) it is made anew on purpose.
 *
 * Roles and instance profiles are guarded because they are what locks out machines that run: a node speaks to AWS and
 * to the cluster with the credentials of its role, which end with the role or with its place in the profile; and a role
 * of the same name is another one to IAM and to access entries.
 *
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids
 */
const GUARDED: Readonly<Record<string, { readonly noun: string; readonly lost: string }>> = {
  aws_eks_cluster: {
    noun: "the cluster",
    lost: "everything that runs in it, and its endpoint: every node has to join and every kubeconfig to be written anew",
  },
  aws_vpc: {
    noun: "the VPC",
    lost: "everything that stands in it, and it does not go while nodes, load balancers or interfaces are left",
  },
  aws_subnet: {
    noun: "a subnet",
    lost: "the nodes, load balancers and interfaces in it, and it does not go while any of them is left",
  },
  aws_security_group: {
    noun: "a security group",
    lost: "the rules that others gave it or that name it, and it does not go while a machine or interface has it",
  },
  aws_autoscaling_group: {
    noun: "an Auto Scaling group",
    lost: "all its nodes at once, with every pod on them",
  },
  aws_instance: {
    noun: "the bastion",
    lost: "its files, its address and its host key; the new one has to be bootstrapped",
  },
  aws_iam_role: {
    noun: "an IAM role",
    lost: "the credentials of whatever works with it now: nodes that run become NotReady, and a cluster cannot manage its network interfaces",
  },
  aws_iam_instance_profile: {
    noun: "an instance profile",
    lost: "the credentials of the machines that run with it: nodes become NotReady when their present ones end",
  },
  aws_iam_openid_connect_provider: {
    noun: "the cluster's OIDC provider",
    lost: "the credentials of all pods that have a role by it (IRSA), when their present ones end",
  },
  aws_kms_key: {
    noun: "a KMS key",
    lost:
      "everything that is encrypted with it, for good, once its deletion window is over (until then `aws kms " +
      "cancel-key-deletion` keeps it): the cluster's secrets, and with them the cluster, or the nodes' volumes",
  },
};

/** Terraform's words for why, where no attribute says it. */
const REASONS: Readonly<Record<string, string>> = {
  replace_because_tainted:
    "an apply left it half made (tainted); when it is sound after all, `terraform untaint` keeps it",
  replace_by_request: "-replace asks for it",
  replace_by_triggers: "something that it has to follow (replace_triggered_by) changes",
  delete_because_no_resource_config: "the configuration no longer has it",
  delete_because_no_module: "the configuration no longer has its module",
  delete_because_no_move_target: "a moved block leads to where nothing is",
  delete_because_count_index: "there are to be fewer of it",
  delete_because_each_key: "the tfvars no longer have a row of its name",
  delete_because_wrong_repetition: "it became one of many, or stopped being it (count, for_each)",
};

/** Characters of a value that a message shows. */
const VALUE_LENGTH = 80;

/**
 * What a plan would do although it is guarded and `allowed` does not name it: replacements and destructions, changes of the
 * cluster that EKS refuses, and whatever shuts out its last admin or its nodes. What a `moved` block only renames is none.
 *
 * A plan that destroys everything on purpose is not for this: everything would be refused.
 *
 * @param allowed addresses, as `--allow-replace` gives them
 * @throws UserError (wrong usage) when `allowed` names what is not in the plan
 */
export function refusals(plan: Plan, allowed: readonly string[]): Refusal[] {
  const lost = plan.changes
    .filter(
      ({ isManaged, type, kind }) =>
        isManaged && Object.hasOwn(GUARDED, type) && (kind === "replace" || kind === "destroy"),
    )
    .map(refusal);
  const refused = [...lost, ...clusterRefusals(plan)];
  const allowable = refused.filter(({ option }) => option !== undefined).map(({ address }) => address);
  for (const address of allowed) checkIsInPlan(address, plan, [...new Set(allowable)]);
  return refused.filter(({ address, option }) => option === undefined || !allowed.includes(address));
}

/**
 * Ends the command where a plan has refusals, with exit code 3, or where it is not whole.
 *
 * @throws UserError with a paragraph for each refusal
 */
export function refuseUnlessAllowed(plan: Plan, allowed: readonly string[]): void {
  if (plan.isErrored) {
    throw new UserError(
      "the plan ends where an error was found, and what is not in it cannot be guarded; mend what Terraform complained of, and plan again",
    );
  }
  const refused = refusals(plan, allowed);
  if (refused.length === 0) return;
  throw new UserError(refused.map(refusalText).join("\n\n"), 3);
}

/** The options that let these be replaced, as far as the guard stands before them, quoted for a shell. */
export function allowing(addresses: readonly string[]): string[] {
  return addresses.filter((address) => Object.hasOwn(GUARDED, address.split(".")[0] ?? "")).map(allowOption);
}

function refusal(change: ResourceChange): Refusal {
  const { address, type, kind, deposed, reason, forcedBy } = change;
  const { noun, lost } = GUARDED[type] ?? { noun: type, lost: "" };
  const forced = forcedBy.map(({ path, before, after }) =>
    sameText(before, after) ? `${path} changes` : `${path} changes from ${shown(before)} to ${shown(after)}`,
  );
  const because =
    deposed !== undefined
      ? `it is left over from a replacement that was interrupted (deposed ${deposed})`
      : forced.length > 0
        ? `${forced.join(", and ")}, which cannot be done in place`
        : (REASONS[reason ?? ""] ?? (kind === "destroy" ? "the plan destroys it" : "Terraform does not say why"));
  const instead = setBack(change);
  return {
    address,
    noun,
    what: kind === "replace" ? "replaced" : "destroyed",
    because,
    forcedBy,
    lost,
    ...(instead !== undefined && { instead }),
    option: allowOption(address),
  };
}

function sameText(before: PlannedValue, after: PlannedValue): boolean {
  return before.is === "sensitive" || (after.is === "known" && shown(before) === shown(after));
}

function shown(planned: PlannedValue): string {
  switch (planned.is) {
    case "unknown":
      return "what only the apply will tell";
    case "sensitive":
      return "what is not shown (sensitive)";
    case "known": {
      if (planned.value === null || planned.value === "") return "nothing";
      const text = JSON.stringify(planned.value);
      return text.length <= VALUE_LENGTH ? text : `${text.slice(0, VALUE_LENGTH - 1)}…`;
    }
    default:
      return planned satisfies never;
  }
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
  throw new UserError(`--allow-replace names what the plan does not have, ${JSON.stringify(allowed)}: ${hint}`, 64);
}
