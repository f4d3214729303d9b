import type { TerraformStack } from "cdktf";

/**
 * Where the workshop's own HCL kept each resource, and where this stack keeps it.
 *
 * The counted ones get the names that the workshop's subnets have by default. Somebody who renamed them runs
 * `terraform state mv` instead.
 *
 * @see https://github.com/stevenshim/eks-hands-on, revision 3119c60
 */
const ADDRESSES: Readonly<Record<string, string>> = {
  "module.vpc.aws_vpc.vpc": "aws_vpc.network_vpc",
  "module.vpc.aws_subnet.vpc_public_subnets[0]": 'aws_subnet.network_public_subnet["public-subnet-a"]',
  "module.vpc.aws_subnet.vpc_public_subnets[1]": 'aws_subnet.network_public_subnet["public-subnet-b"]',
  "module.vpc.aws_subnet.vpc_public_subnets[2]": 'aws_subnet.network_public_subnet["public-subnet-c"]',
  "module.vpc.aws_subnet.vpc_private_subnets[0]": 'aws_subnet.network_private_subnet["private-subnet-a"]',
  "module.vpc.aws_subnet.vpc_private_subnets[1]": 'aws_subnet.network_private_subnet["private-subnet-b"]',
  "module.vpc.aws_subnet.vpc_private_subnets[2]": 'aws_subnet.network_private_subnet["private-subnet-c"]',
  "module.vpc.aws_internet_gateway.vpc_igw[0]": "aws_internet_gateway.network_internet_gateway",
  "module.vpc.aws_eip.eip_ngw[0]": "aws_eip.network_nat_address",
  "module.vpc.aws_nat_gateway.vpc_ngw": "aws_nat_gateway.network_nat_gateway",
  "module.vpc.aws_route_table.vpc_public_rt": "aws_route_table.network_public_routes",
  "module.vpc.aws_route_table.vpc_private_rt": "aws_route_table.network_private_routes",
  "module.vpc.aws_route_table_association.vpc_public_rtable_association[0]":
    'aws_route_table_association.network_public_association["public-subnet-a"]',
  "module.vpc.aws_route_table_association.vpc_public_rtable_association[1]":
    'aws_route_table_association.network_public_association["public-subnet-b"]',
  "module.vpc.aws_route_table_association.vpc_public_rtable_association[2]":
    'aws_route_table_association.network_public_association["public-subnet-c"]',
  "module.vpc.aws_route_table_association.vpc_private_rtable_association[0]":
    'aws_route_table_association.network_private_association["private-subnet-a"]',
  "module.vpc.aws_route_table_association.vpc_private_rtable_association[1]":
    'aws_route_table_association.network_private_association["private-subnet-b"]',
  "module.vpc.aws_route_table_association.vpc_private_rtable_association[2]":
    'aws_route_table_association.network_private_association["private-subnet-c"]',
  "module.eks.aws_iam_role.eks_cluster_role": "aws_iam_role.cluster_role",
  "module.eks.aws_iam_role_policy_attachment.eks_role_AmazonEKSClusterPolicy":
    "aws_iam_role_policy_attachment.cluster_AmazonEKSClusterPolicy",
  "module.eks.aws_iam_role_policy_attachment.eks_role_AmazonEKSServicePolicy":
    "aws_iam_role_policy_attachment.cluster_AmazonEKSServicePolicy",
  "module.eks.aws_security_group.eks_cluster_sg": "aws_security_group.cluster_security_group",
  "module.eks.aws_security_group_rule.eks_cluster_ingress": "aws_security_group_rule.cluster_https_from_vpc",
  "module.eks.aws_eks_cluster.eks_cluster": "aws_eks_cluster.cluster_control_plane",
  "module.eks.aws_security_group.eks_worker_nodes_sg": "aws_security_group.node_group_security_group",
  "module.eks.aws_security_group_rule.eks_workder_node_ingress_tcp1":
    "aws_security_group_rule.node_group_ports_from_control_plane",
  "module.eks.aws_security_group_rule.eks_workder_node_ingress_tcp2":
    "aws_security_group_rule.node_group_https_from_control_plane",
  "module.eks.aws_security_group_rule.eks_worker_node_kubectl_access":
    "aws_security_group_rule.node_group_ssh_from_bastion",
  "module.eks.aws_security_group_rule.eks_workder_node_ingress_between_nodes":
    "aws_security_group_rule.node_group_between_nodes",
  "module.eks.aws_iam_role.eks_worker_node_role": "aws_iam_role.node_group_role",
  "module.eks.aws_iam_role_policy_attachment.eks_app_worker_role_AmazonEKSWorkerNodePolicy":
    "aws_iam_role_policy_attachment.node_group_AmazonEKSWorkerNodePolicy",
  "module.eks.aws_iam_role_policy_attachment.eks_app_worker_role_AmazonEKS_CNI_Policy":
    "aws_iam_role_policy_attachment.node_group_AmazonEKS_CNI_Policy",
  "module.eks.aws_iam_role_policy_attachment.eks_app_worker_role_AmazonEC2ContainerRegistryReadOnly":
    "aws_iam_role_policy_attachment.node_group_AmazonEC2ContainerRegistryReadOnly",
  "module.eks.aws_iam_instance_profile.eks_app_worker_node_profile":
    "aws_iam_instance_profile.node_group_instance_profile",
  "module.eks.aws_launch_configuration.eks_worker_nodes_lc": "aws_launch_configuration.node_group_launch_configuration",
  "module.eks.aws_autoscaling_group.eks_worker_nodes_asg": "aws_autoscaling_group.node_group_autoscaling_group",
  "module.eks.aws_security_group.kubectl_sg": "aws_security_group.bastion_security_group",
  "module.eks.aws_security_group_rule.kubectl_sg_ingress_ssh": "aws_security_group_rule.bastion_ssh[0]",
  "module.eks.aws_instance.kubectl": "aws_instance.bastion_instance",
};

/**
 * What this stack itself kept without an index before there could be none of it, or several: the workshop's resources
 * move on from there. Terraform adds the index 0 by itself, but not to what another `moved` block names.
 */
export const INDEXED: Readonly<Record<string, "0" | '"worker"'>> = {
  "aws_vpc.network_vpc": "0",
  "aws_internet_gateway.network_internet_gateway": "0",
  "aws_eip.network_nat_address": "0",
  "aws_nat_gateway.network_nat_gateway": "0",
  "aws_route_table.network_public_routes": "0",
  "aws_route_table.network_private_routes": "0",
  "aws_security_group_rule.node_group_between_nodes": "0",
  "aws_security_group_rule.node_group_ports_from_control_plane": "0",
  "aws_launch_configuration.node_group_launch_configuration": '"worker"',
  "aws_autoscaling_group.node_group_autoscaling_group": '"worker"',
};

/** Wrote the Ansible helper; holds nothing in AWS. */
const FORGOTTEN = "module.ansible.null_resource.init_eks";

/** Lets the stack take over a state that the workshop's own HCL made: nothing is destroyed, nothing is replaced. */
export function adoptWorkshopState(stack: TerraformStack): void {
  // cdktf's moveFromId knows one old address for a resource, and a subnet here has three.
  const renamed = Object.entries(ADDRESSES).map(([from, to]) => ({ from, to }));
  const indexed = Object.entries(INDEXED).map(([from, index]) => ({ from, to: `${from}[${index}]` }));
  stack.addOverride("moved", [...renamed, ...indexed]);
  stack.addOverride("removed", [{ from: FORGOTTEN, lifecycle: { destroy: false } }]);
}
