import { TerraformOutput, type TerraformStack } from "cdktf";

import type { Handover } from "../contract/handover";

/** What each output tells somebody who reads `terraform output`; the compiler keeps it complete. */
const DESCRIPTIONS: Readonly<Record<keyof Handover, string>> = {
  region: "Region of everything else here.",
  cluster_name: "Name of the EKS cluster.",
  cluster_endpoint: "Private endpoint of the Kubernetes API, reachable from inside the VPC only.",
  certificate_authority_data: "The cluster's certificate authority, PEM in base64, as a kubeconfig has it.",
  kubernetes_version: "Kubernetes version of the control plane, MAJOR.MINOR.",
  authentication_mode: "Who maps IAM to Kubernetes: CONFIG_MAP, API_AND_CONFIG_MAP or API.",
  bastion_instance_id: "EC2 instance id of the kubectl bastion.",
  bastion_address: "Public IPv4 address of the kubectl bastion.",
  bastion_user: "User to log in to the bastion as.",
  node_role_arn: "ARN of the nodes' IAM role, as aws-auth wants it.",
  node_groups: "Size of each node group by the name of its Auto Scaling group.",
  aws_auth_roles: "IAM roles that aws-auth is to map besides the nodes'.",
  aws_auth_users: "IAM users that aws-auth is to map.",
  node_role_arns: "ARNs of all IAM roles of nodes: the shared one, and those of groups with policies of their own.",
  bastion_host_key: "The kubectl bastion's host key, planted by its user data.",
  ssh_private_key: "The private key to log in with, in OpenSSH's form.",
};

/** What Terraform shows only to who asks for it by name, or for JSON. */
const SENSITIVE: readonly string[] = ["ssh_private_key"] satisfies (keyof Handover)[];

/** Declares one output per field of the handover, under exactly that name. */
export function handOver(stack: TerraformStack, values: Handover): void {
  for (const [name, value] of Object.entries(values)) {
    const description = DESCRIPTIONS[name as keyof Handover];
    new TerraformOutput(stack, name, {
      value: value as unknown,
      description,
      staticId: true,
      ...(SENSITIVE.includes(name) && { sensitive: true }),
    });
  }
}
