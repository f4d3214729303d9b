import type { Handover } from "../../contract/handover";

/** A handover as the workshop's stack gives it, with a role and a user to map besides the nodes. */
export const HANDOVER: Handover = {
  region: "ap-northeast-2",
  cluster_name: "awskrug_gudi_eks",
  cluster_endpoint: "https://ABCDEF.gr7.ap-northeast-2.eks.amazonaws.com",
  certificate_authority_data: "Q0VSVElGSUNBVEU=",
  kubernetes_version: "1.14",
  authentication_mode: "CONFIG_MAP",
  bastion_instance_id: "i-0123456789abcdef0",
  bastion_address: "203.0.113.9",
  bastion_user: "ubuntu",
  node_role_arn: "arn:aws:iam::123456789012:role/awskrug_gudi_eks_worker_nodes_role",
  node_groups: { "awskrug_gudi_eks-worker": { min: 2, max: 2, desired: 2 } },
  aws_auth_roles: [
    { rolearn: "arn:aws:iam::123456789012:role/team/admins", username: "admin", groups: ["system:masters"] },
  ],
  aws_auth_users: [{ userarn: "arn:aws:iam::123456789012:user/kim", username: "kim", groups: [] }],
};

/** Values as `terraform output -json` prints them. */
export function terraformOutput(values: object): string {
  const outputs = Object.entries(values).map(([name, value]) => [
    name,
    { sensitive: false, type: "string", value: value as unknown },
  ]);
  return JSON.stringify(Object.fromEntries(outputs), undefined, 2);
}
