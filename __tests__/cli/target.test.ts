import { targetOf } from "../../cli/destroy/target";
import type { StateResource } from "../../terraform/state";

const resource = (type: string, id: string, more: Partial<StateResource> = {}): StateResource => ({
  address: `${type}.x`,
  isTainted: false,
  type,
  name: "x",
  id,
  arn: "",
  tags: {},
  ...more,
});
const variables = (given: Record<string, unknown>) =>
  new Map(
    Object.entries({ aws_region: "ap-northeast-2", project_name: "team", ...given }).map(([k, value]) => [
      k,
      { value },
    ]),
  );
const VPC = resource("aws_vpc", "vpc-1", {
  arn: "arn:aws:ec2:ap-northeast-2:123456789012:vpc/vpc-1",
  tags: { Project: "other_team" },
});
const ROLE = resource("aws_iam_role", "role", { arn: "arn:aws:iam::123456789012:role/role" });

describe("what is to be destroyed", () => {
  it("is what the state says, whatever the tfvars of today are", () => {
    const resources = [ROLE, VPC, resource("aws_eks_cluster", "c"), resource("aws_iam_instance_profile", "nodes")];

    expect(targetOf(resources, variables({ eks_cluster_name: "d", eks_worker_node_role_name: "r" }))).toEqual({
      region: "ap-northeast-2",
      clusterName: "c",
      projectName: "other_team",
      nodeRoleName: "nodes",
      vpcId: "vpc-1",
      hasCluster: true,
      managedIds: new Set(["role", "vpc-1", "c", "nodes"]),
      madeIn: { partition: "aws", region: "ap-northeast-2", account: "123456789012" },
    });
  });

  it("is in a VPC of somebody else, where the tfvars name one and the state has none", () => {
    const given = variables({ vpc_id: "vpc-9" });

    expect(targetOf([ROLE], given)).toMatchObject({ foreignVpcId: "vpc-9" });
    expect(targetOf([ROLE], given)).not.toHaveProperty("vpcId");
    expect(targetOf([ROLE, VPC], given)).toMatchObject({ vpcId: "vpc-1" });
    expect(targetOf([ROLE, VPC], given)).not.toHaveProperty("foreignVpcId");
  });

  it("has the nodes' shared role, beside those of the bastion and of single groups", () => {
    const profile = (name: string, id: string) => resource("aws_iam_instance_profile", id, { name });
    const profiles = [
      profile("bastion_instance_profile", "team-kubectl"),
      profile("node_group_group_instance_profile", "nodes-gpu"),
      profile("node_group_instance_profile", "nodes"),
    ];

    expect(targetOf(profiles, variables({})).nodeRoleName).toBe("nodes");
  });

  it.each([
    [{}, "team_eks", "team_eks_worker_nodes_role"],
    [{ eks_cluster_name: null, eks_worker_node_role_name: null }, "team_eks", "team_eks_worker_nodes_role"],
    [{ eks_cluster_name: "d", eks_worker_node_role_name: "r" }, "d", "r"],
  ])("is what the tfvars %j say, where the state says nothing", (given, clusterName, nodeRoleName) => {
    expect(targetOf([], variables(given))).toEqual({
      region: "ap-northeast-2",
      clusterName,
      projectName: "team",
      nodeRoleName,
      hasCluster: false,
      managedIds: new Set(),
      madeIn: { region: undefined, account: undefined },
    });
  });
});
