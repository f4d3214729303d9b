import { namesOf } from "../../facts/names";

// Another name is another thing to AWS: what has one is replaced, and what asks for it by name does not find it.
describe("the names that a project gives", () => {
  it("are these", () => {
    const { podRole, secretsKey, logsKey, volumesKey, ...names } = namesOf("p");

    const keys = [secretsKey, logsKey, volumesKey].map((alias) => alias("c"));

    expect({ ...names, podRole: podRole("ebs-csi"), keys }).toEqual({
      project: "p",
      vpc: "p_vpc",
      cluster: "p_eks",
      nodeRole: "p_eks_worker_nodes_role",
      nodeSecurityGroup: "p-eks-worker-nodes-sg",
      clusterRole: "p-eks-cluster",
      clusterSecurityGroup: "p-eks-control-plane-sg",
      bastion: "p-kubectl",
      bastionSecurityGroup: "p-kubectl-sg",
      keyPair: "p-ssh",
      flowLogs: "p-flow-logs",
      flowLogGroup: "/aws/vpc-flow-logs/p",
      endpointSecurityGroup: "p-vpc-endpoints-sg",
      podRole: "p-pod-ebs-csi",
      keys: ["alias/eks/c-secrets", "alias/eks/c-logs", "alias/eks/c-volumes"],
    });
  });
});
