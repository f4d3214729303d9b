import { namesOf } from "../../facts/names";
import { UserError } from "../../contract/user-error";
import type { StateResource } from "../../terraform/state";
import type { GivenValue } from "../../terraform/tfvars";

/** A stack that is to go, by what outlives its state: names, region, account. */
export interface Target {
  readonly region: string;
  readonly clusterName: string;
  /** The tag `Project` of everything that can carry one. */
  readonly projectName: string;
  /** Role and instance profile of the nodes. */
  readonly nodeRoleName: string;
  /** The VPC that the stack has made. @default - none is in the state */
  readonly vpcId?: string;
  /** The VPC of somebody else that the stack stands in (the variable vpc_id). @default - it makes its own */
  readonly foreignVpcId?: string;
  /** Whether the state has the cluster: without it, one of its name may be anybody's. */
  readonly hasCluster: boolean;
  /** Ids of everything in the state. */
  readonly managedIds: ReadonlySet<string>;
  /** Where what is in the state was made; undefined when nothing in it says so. */
  readonly madeIn: { readonly region: string | undefined; readonly account: string | undefined };
}

/**
 * What the state says of its stack, all of it applied or not, and where it says nothing the variables.
 *
 * @param resources everything in the state; nothing is a state too
 */
export function targetOf(
  resources: readonly StateResource[],
  variables: ReadonlyMap<string, Pick<GivenValue, "value">>,
): Target {
  const ofType = (wanted: string) => resources.find(({ type, id }) => type === wanted && id !== "");
  const variable = (name: string) => {
    const value = variables.get(name)?.value;
    return typeof value === "string" ? value : undefined;
  };
  const projectName =
    resources.map(({ tags }) => tags["Project"]).find((tag) => tag !== undefined) ?? variable("project_name") ?? "";
  const names = namesOf(projectName);
  const cluster = ofType("aws_eks_cluster")?.id;
  const vpcId = ofType("aws_vpc")?.id;
  const foreignVpcId = variable("vpc_id") ?? "";
  // The bastion and node groups may have profiles of their own.
  const profiles = resources.filter(({ type, id }) => type === "aws_iam_instance_profile" && id !== "");
  const nodes = profiles.find(
    ({ name }) => !["bastion_instance_profile", "node_group_group_instance_profile"].includes(name),
  );
  const arns = resources.map(({ arn }) => arn.split(":"));
  const region = arns.map(([, , , part]) => part).find((part) => part !== undefined && part !== "");
  return {
    region: variable("aws_region") ?? "",
    clusterName: cluster ?? variable("eks_cluster_name") ?? names.cluster,
    projectName,
    nodeRoleName: nodes?.id ?? variable("eks_worker_node_role_name") ?? names.nodeRole,
    ...(vpcId !== undefined && { vpcId }),
    ...(vpcId === undefined && foreignVpcId !== "" && { foreignVpcId }),
    hasCluster: cluster !== undefined,
    managedIds: new Set(resources.map(({ id }) => id).filter((id) => id !== "")),
    madeIn: { region, account: arns.map(([, , , , part = ""]) => part).find((part) => /^\d{12}$/.test(part)) },
  };
}

/** Whose credentials AWS is called with. */
export interface Caller {
  readonly account: string;
  /** `arn:aws:iam::ACCOUNT:user/NAME`, `arn:aws:sts::ACCOUNT:assumed-role/NAME/SESSION`, … */
  readonly arn: string;
}

/**
 * Refuses to destroy a stack from the wrong place: Terraform would find nothing there, forget all that it has made, and
 * call it destroyed.
 *
 * @throws UserError when the region or the account is another than what the state was made in
 */
export function refuseElsewhere({ region, madeIn }: Target, caller: Caller): void {
  if (madeIn.region !== undefined && madeIn.region !== region) {
    throw new UserError(
      `what is in the state was made in ${madeIn.region}, and aws_region is ${region}, where Terraform would ` +
        "find nothing and forget it all: give the -var-file that it was applied with",
    );
  }
  if (madeIn.account !== undefined && madeIn.account !== caller.account) {
    throw new UserError(
      `what is in the state was made in the account ${madeIn.account}, and these credentials are of ` +
        `${caller.account} (${caller.arn}), where Terraform would find nothing and forget it all: set ` +
        "AWS_PROFILE, or log in as who made it",
    );
  }
}
