/**
 * What the stack calls what it makes, by the input `project_name`. `vpc`, `cluster` and `nodeRole` are what tfvars do
 * not say otherwise.
 *
 * @param project may stand for a text that only Terraform knows
 */
export function namesOf(project: string) {
  return {
    project,
    vpc: `${project}_vpc`,
    cluster: `${project}_eks`,
    /** Of the nodes' IAM role, and of its instance profile. */
    nodeRole: `${project}_eks_worker_nodes_role`,
    nodeSecurityGroup: `${project}-eks-worker-nodes-sg`,
    clusterRole: `${project}-eks-cluster`,
    clusterSecurityGroup: `${project}-eks-control-plane-sg`,
    /** Of the bastion's instance, IAM role and instance profile. */
    bastion: `${project}-kubectl`,
    bastionSecurityGroup: `${project}-kubectl-sg`,
    keyPair: `${project}-ssh`,
    /** Of the flow log and of its IAM role. */
    flowLogs: `${project}-flow-logs`,
    flowLogGroup: `/aws/vpc-flow-logs/${project}`,
    endpointSecurityGroup: `${project}-vpc-endpoints-sg`,
    /** Aliases of the keys that are made for a cluster's secrets, its logs and its volumes. */
    secretsKey: (cluster: string) => `alias/eks/${cluster}-secrets`,
    logsKey: (cluster: string) => `alias/eks/${cluster}-logs`,
    volumesKey: (cluster: string) => `alias/eks/${cluster}-volumes`,
    podRole: (key: string) => `${project}-pod-${key}`,
  };
}
