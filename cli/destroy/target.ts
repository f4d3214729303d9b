import { namesOf } from "../../facts/names";
import type { StateResource } from "../../terraform/state";
import type { GivenValue } from "../../terraform/tfvars";
import { madeIn } from "../elsewhere";

/** A stack that is to go, by what outlives its state: names, region, account. */
export type Target = Readonly<ReturnType<typeof targetOf>>;

/**
 * What the state says of its stack, all of it applied or not, and where it says nothing the variables.
 *
 * @param resources everything in the state; nothing is a state too
 */
export function targetOf(
  resources: readonly StateResource[],
  variables: ReadonlyMap<string, Pick<GivenValue, "value">>,
) {
  const existing = resources.filter(({ id }) => id !== "");
  const idOf = (wanted: string) => existing.find(({ type }) => type === wanted)?.id;
  const variable = (name: string) => {
    const value = variables.get(name)?.value;
    return typeof value === "string" ? value : undefined;
  };
  const projectName =
    resources.map(({ tags }) => tags["Project"]).find((tag) => tag !== undefined) ?? variable("project_name") ?? "";
  const names = namesOf(projectName);
  const cluster = idOf("aws_eks_cluster");
  const vpcId = idOf("aws_vpc");
  const foreignVpcId = variable("vpc_id") ?? "";
  // The bastion and node groups may have profiles of their own.
  const nodes = existing.find(
    ({ type, name }) =>
      type === "aws_iam_instance_profile" &&
      !["bastion_instance_profile", "node_group_group_instance_profile"].includes(name),
  );
  return {
    region: variable("aws_region") ?? "",
    clusterName: cluster ?? variable("eks_cluster_name") ?? names.cluster,
    /** The variable `project_name`: the tag `Project` of everything that can carry one. */
    projectName,
    /** Role and instance profile of the nodes, and of nothing else. */
    nodeRoleName: nodes?.id ?? variable("eks_worker_node_role_name") ?? names.nodeRole,
    /** The VPC that the stack made; what others have in it keeps it from being deleted. */
    ...(vpcId !== undefined && { vpcId }),
    /** Instead of it a VPC that somebody else made: of what lives in it only what is the cluster's is told. */
    ...(vpcId === undefined && foreignVpcId !== "" && { foreignVpcId }),
    /** Whether the state has the cluster: without it, one of its name may be anybody's. */
    hasCluster: cluster !== undefined,
    /** Ids of everything in the state (an Auto Scaling group's is its name): those are Terraform's to destroy. */
    managedIds: new Set(existing.map(({ id }) => id)),
    /** Where what is in the state was made. */
    madeIn: madeIn(resources.map(({ arn }) => arn)),
  };
}
