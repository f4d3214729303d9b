import type { ResourceChange } from "../../terraform/plan-file";

/** What something is to people, and what is gone with it. */
export interface Loss {
  readonly noun: string;
  readonly lost: string;
}

/** Types of which AWS knows nothing. */
const NOWHERE_ELSE: readonly string[] = ["null_resource", "terraform_data"];

/** Terraform's reasons to destroy what the configuration does not have any more. */
const GONE_FROM_CONFIGURATION: readonly (string | undefined)[] = [
  "delete_because_no_resource_config",
  "delete_because_no_module",
];

/**
 * What may go without a word, by Terraform's type, and why: it holds nothing, the next apply brings it back as it was,
 * and nothing that runs ends with it. Everything else is guarded, what is not known here most of all.
 */
export const HARMLESS: Readonly<Record<string, string>> = {
  aws_default_security_group: "Terraform only stops to look after it: no rule of it changes",
  aws_eks_access_entry:
    "tfvars say who gets in, and a row that is taken out is meant; the last admin and the nodes are guarded by " +
    "what an entry says",
  aws_eks_access_policy_association: "it goes with its access entry, or tfvars take the right away, which is meant",
  aws_flow_log: "what it has recorded stays in its log group",
  aws_iam_role_policy: "a role's permissions are what tfvars say, and are back within seconds; the role is guarded",
  aws_iam_role_policy_attachment:
    "tfvars say which policies a role has, and they are back within seconds; the role is guarded",
  aws_key_pair: "a public key that new machines get; those that run keep theirs",
  aws_kms_alias: "a name of a key; the key is guarded",
  aws_launch_configuration:
    "new nodes are started from it, and it is made anew for every change; nodes that run need none",
  aws_launch_template: "new nodes are started from it; nodes that run need none, and their group is guarded",
  aws_route53_record: "the bastion's name, which is back within a minute",
  aws_route_table_association: "it goes with its subnet or its route table, and they are guarded",
  aws_security_group_rule:
    "tfvars say what may pass, and another range of addresses replaces the rule; it is back within seconds",
  kubernetes_network_policy_v1: "tfvars say what may pass, and it is back within seconds",
  kubernetes_storage_class_v1: "volumes that exist need none, and it is back within seconds",
  null_resource: "it holds nothing but values",
  terraform_data: "it holds nothing but values",
};

/**
 * What the others are, by type.
 *
 * Roles and instance profiles are what locks out machines that run: a node speaks to AWS and to the cluster with the
 * credentials of its role, which end with the role or with its place in the profile; and a role of the same name is
 * another one to IAM and to access entries.
 *
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids
 */
export const LOSSES: Readonly<Record<string, Loss>> = {
  aws_autoscaling_group: {
    noun: "an Auto Scaling group",
    lost: "all its nodes at once, with every pod on them",
  },
  aws_cloudwatch_log_group: {
    noun: "a log group",
    lost: "every log line that it holds, for good",
  },
  aws_egress_only_internet_gateway: {
    noun: "an egress-only internet gateway",
    lost: "the way out by IPv6 of nodes and pods, and their connections",
  },
  aws_eip: {
    noun: "an Elastic IP address",
    lost: "the address, for good: whoever lets nodes in by it has to be told another one",
  },
  aws_eks_addon: {
    noun: "an add-on",
    lost:
      "what it runs in the cluster; where it says preserve, EKS leaves that running, and nobody updates it " +
      "from then on",
  },
  aws_eks_cluster: {
    noun: "the cluster",
    lost:
      "everything that runs in it, and its endpoint: every node has to join and every kubeconfig to be " +
      "written anew",
  },
  aws_eks_node_group: {
    noun: "a managed node group",
    lost: "all its nodes, with every pod on them; this stack makes none in its place",
  },
  aws_eks_pod_identity_association: {
    noun: "a Pod Identity association",
    lost: "the credentials of its service account's pods, when their present ones end",
  },
  aws_iam_instance_profile: {
    noun: "an instance profile",
    lost: "the credentials of the machines that run with it: nodes become NotReady when their present ones end",
  },
  aws_iam_openid_connect_provider: {
    noun: "the cluster's OIDC provider",
    lost: "the credentials of all pods that have a role by it (IRSA), when their present ones end",
  },
  aws_iam_role: {
    noun: "an IAM role",
    lost:
      "the credentials of whatever works with it now: nodes that run become NotReady, and a cluster cannot " +
      "manage its network interfaces",
  },
  aws_instance: {
    noun: "the bastion",
    lost: "its files, its address and its host key; the new one has to be bootstrapped",
  },
  aws_internet_gateway: {
    noun: "an internet gateway",
    lost: "the way to and from the internet of everything in the VPC, and its connections",
  },
  aws_kms_key: {
    noun: "a KMS key",
    lost:
      "everything that is encrypted with it, for good, once its deletion window is over (until then `aws kms " +
      "cancel-key-deletion` keeps it): the cluster's secrets, and with them the cluster, or the nodes' volumes",
  },
  aws_nat_gateway: {
    noun: "a NAT gateway",
    lost: "the way out of the nodes behind it, and their connections",
  },
  aws_route53_zone: {
    noun: "a DNS zone",
    lost: "every record in it, those of others as well",
  },
  aws_route53_zone_association: {
    noun: "a DNS zone's association with the VPC",
    lost: "the zone's names for everything in the VPC",
  },
  aws_route_table: {
    noun: "a route table",
    lost: "the way out of the subnets that use it, and routes that others added",
  },
  aws_security_group: {
    noun: "a security group",
    lost: "the rules that others gave it or that name it, and it does not go while a machine or interface has it",
  },
  aws_subnet: {
    noun: "a subnet",
    lost: "the nodes, load balancers and interfaces in it, and it does not go while any of them is left",
  },
  aws_vpc: {
    noun: "the VPC",
    lost: "everything that stands in it, and it does not go while nodes, load balancers or interfaces are left",
  },
  aws_vpc_endpoint: {
    noun: "a VPC endpoint",
    lost: "the way to its service for nodes that have no other, and connections by it",
  },
  aws_vpc_ipv4_cidr_block_association: {
    noun: "a secondary range of the VPC",
    lost: "the addresses of pods and nodes in it, and it does not go while a subnet of it is left",
  },
  kubernetes_config_map_v1: {
    noun: "the ConfigMap aws-auth",
    lost: "the way in for every node and for everybody whom it maps",
  },
  kubernetes_namespace_v1: {
    noun: "a namespace",
    lost: "everything that runs in it, and its volumes' claims",
  },
  tls_private_key: {
    noun: "a private key",
    lost: "the key itself, which nobody else has: it opens the bastion, or proves that it is the bastion",
  },
};

/**
 * What goes when something is destroyed or replaced; undefined where nothing does.
 *
 * What the configuration no longer has is harmless only where AWS knows nothing of it: no apply brings it back. So it
 * is with what another revision made, or another program.
 */
export function lossOf({ type, reason }: Pick<ResourceChange, "type" | "reason">): Loss | undefined {
  const isOthers = GONE_FROM_CONFIGURATION.includes(reason) && !NOWHERE_ELSE.includes(type);
  if (Object.hasOwn(HARMLESS, type) && !isOthers) return undefined;
  const known = Object.hasOwn(LOSSES, type) ? LOSSES[type] : undefined;
  return known ?? { noun: type, lost: "whatever it is for: no later apply of this stack brings it back" };
}
