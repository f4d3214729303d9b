import type { Planned, PlanRow } from "./row";

const set = (...lines: string[]) => lines.join("\n");
const IAM = "arn:aws:iam::123456789012";
const KEY = "arn:aws:kms:ap-northeast-2:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab";
const CLUSTER = "aws_eks_cluster.cluster_control_plane";
const FROM_VPC = "aws_security_group_rule.cluster_https_from_vpc";
const BASTION = "aws_instance.bastion_instance";
const NODES_ENTRY = 'aws_eks_access_entry.access_node["shared"]';
const ENTRIES = `access_entries = {
  admin = { principal_arn = "${IAM}:role/team/admin", policies = [{ policy = "AmazonEKSClusterAdminPolicy" }] }
  dev = {
    principal_arn     = "${IAM}:role/dev"
    kubernetes_groups = ["developers"]
    policies          = [{ policy = "AmazonEKSEditPolicy", namespaces = ["team", "team-*"] }, { policy = "AmazonEKSViewPolicy" }]
  }
  guests = { principal_arn = "${IAM}:role/nodes-of-others", type = "EC2_LINUX" }
}`;
const OWN_ROLE = ["aws_krug_admin_role = null", 'authentication_mode = "API"', "kubectl_own_role = true"];

const types = (planned: Planned) => [...planned.keys()].map((address) => address.replace(/\..*/, ""));

/** What a security group lets out; which security groups it lets to is known after the apply alone. */
function egress(planned: Planned, address: string): string[] {
  const rules = planned.get(address)?.["egress"] as readonly Readonly<Record<string, unknown>>[];
  return rules
    .map(({ protocol, from_port: from, to_port: to, cidr_blocks: ranges }) => {
      const [range = "nobody's range"] = (ranges ?? []) as string[];
      return `${String(protocol)} ${String(from)}-${String(to)} to ${range}`;
    })
    .sort();
}

/** Combinations of what the control plane, its keys and its access can be, and what a plan from nothing says to each. */
export const CLUSTER_PLANS: readonly PlanRow[] = [
  {
    what: "the workshop's cluster, which has none of it",
    tfvars: set(),
    adds: 40,
    expects: (planned) => {
      for (const type of ["aws_eks_access_entry", "aws_kms_key", "aws_cloudwatch_log_group"])
        expect(types(planned)).not.toContain(type);
      expect(planned.get(CLUSTER)).toMatchObject({
        encryption_config: [],
        vpc_config: [{ endpoint_private_access: true, endpoint_public_access: false }],
      });
      for (const name of ["access_config", "upgrade_policy", "kubernetes_network_config", "enabled_cluster_log_types"])
        expect(planned.get(CLUSTER)?.[name] ?? null).toBeNull();
      expect(planned.get(FROM_VPC)).toMatchObject({ cidr_blocks: ["172.16.0.0/16"] });
      expect(planned.get(BASTION)).toMatchObject({ iam_instance_profile: "aws-krug-admin" });
    },
  },
  {
    what: "logs with their retention",
    tfvars: set('cluster_log_types = ["audit", "authenticator"]', "cluster_log_retention_days = 30"),
    adds: 41,
    expects: (planned) => {
      expect(planned.get("aws_cloudwatch_log_group.cluster_log_group[0]")).toMatchObject({
        name: "/aws/eks/awskrug_gudi_eks/cluster",
        retention_in_days: 30,
      });
      expect(planned.get(CLUSTER)).toMatchObject({ enabled_cluster_log_types: ["audit", "authenticator"] });
    },
  },
  {
    what: "a key for the secrets that is made",
    tfvars: set("secrets_encryption = { rotation_days = 90, deletion_window_days = 7 }"),
    adds: 42,
    expects: (planned) => {
      expect(planned.get("aws_kms_key.cluster_secrets_key[0]")).toMatchObject({
        enable_key_rotation: true,
        rotation_period_in_days: 90,
        deletion_window_in_days: 7,
      });
      expect(planned.get("aws_kms_alias.cluster_secrets_alias[0]")).toMatchObject({
        name: "alias/eks/awskrug_gudi_eks-secrets",
      });
      expect(planned.get(CLUSTER)).toMatchObject({ encryption_config: [{ resources: ["secrets"] }] });
    },
  },
  {
    what: "a key for the secrets that is there",
    tfvars: set(`secrets_encryption = { kms_key_arn = "${KEY}" }`),
    adds: 40,
    expects: (planned) => {
      expect(planned.get(CLUSTER)).toMatchObject({
        encryption_config: [{ provider: [{ key_arn: KEY }], resources: ["secrets"] }],
      });
    },
  },
  {
    what: "a key for the volumes that is made",
    tfvars: set("volume_encryption = {}", 'eks_worker_node_launch = "template"'),
    adds: 42,
    expects: (planned) => {
      expect(planned.get("aws_kms_key.volumes_key[0]")?.["policy"]).toContain(
        `${IAM}:role/aws-service-role/autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling`,
      );
      expect(planned.get(CLUSTER)).toMatchObject({ encryption_config: [] });
    },
  },
  {
    what: "a key for the volumes that is there",
    tfvars: set(`volume_encryption = { kms_key_arn = "${KEY}" }`, 'eks_worker_node_launch = "template"'),
    adds: 40,
    expects: (planned) => {
      expect(planned.get(BASTION)).toMatchObject({ root_block_device: [{ encrypted: true, kms_key_id: KEY }] });
    },
  },
  {
    what: "a key for the logs that is made, for those of the control plane and of the VPC",
    tfvars: set('cluster_log_types = ["audit"]', "flow_logs = {}", "log_encryption = { rotation_days = 90 }"),
    adds: 47,
    expects: (planned) => {
      expect(planned.get("aws_kms_key.logs_key[0]")).toMatchObject({ rotation_period_in_days: 90 });
      expect(planned.get("aws_kms_key.logs_key[0]")?.["policy"]).toContain(
        'log-group:/aws/eks/awskrug_gudi_eks/cluster","arn:aws:logs:ap-northeast-2:123456789012:log-group:/aws/vpc-flow-logs/awskrug_gudi"',
      );
      expect(planned.get("aws_kms_alias.logs_alias[0]")).toMatchObject({ name: "alias/eks/awskrug_gudi_eks-logs" });
    },
  },
  {
    what: "a key for the logs that is there",
    tfvars: set('cluster_log_types = ["audit"]', "flow_logs = {}", `log_encryption = { kms_key_arn = "${KEY}" }`),
    adds: 45,
    expects: (planned) => {
      for (const group of ["cluster_log_group", "flow_logs_group"])
        expect(planned.get(`aws_cloudwatch_log_group.${group}[0]`)).toMatchObject({ kms_key_id: KEY });
    },
  },
  {
    what: "standard support",
    tfvars: set('eks_version = "1.32"', 'upgrade_policy = "STANDARD"'),
    adds: 40,
    expects: (planned) => {
      expect(planned.get(CLUSTER)).toMatchObject({ upgrade_policy: [{ support_type: "STANDARD" }] });
    },
  },
  {
    what: "aws-auth by name",
    tfvars: set('authentication_mode = "CONFIG_MAP"'),
    adds: 40,
    expects: (planned) => {
      expect(planned.get(CLUSTER)).toMatchObject({
        access_config: [{ authentication_mode: "CONFIG_MAP", bootstrap_cluster_creator_admin_permissions: true }],
      });
    },
  },
  {
    what: "access entries beside aws-auth",
    tfvars: set('authentication_mode = "API_AND_CONFIG_MAP"'),
    adds: 41,
    expects: (planned) => {
      expect(planned.get(NODES_ENTRY)).toMatchObject({ cluster_name: "awskrug_gudi_eks", type: "EC2_LINUX" });
    },
  },
  {
    what: "access entries with policies and namespaces, and no admin by having made the cluster",
    tfvars: set('authentication_mode = "API"', "cluster_creator_admin = false", ENTRIES),
    adds: 47,
    expects: (planned) => {
      expect(planned.get(CLUSTER)).toMatchObject({
        access_config: [{ authentication_mode: "API", bootstrap_cluster_creator_admin_permissions: false }],
      });
      expect(planned.get('aws_eks_access_entry.access_entry["dev"]')).toMatchObject({
        principal_arn: `${IAM}:role/dev`,
        type: "STANDARD",
        kubernetes_groups: ["developers"],
      });
      expect(planned.get('aws_eks_access_entry.access_entry["guests"]')).toMatchObject({ type: "EC2_LINUX" });
      expect(planned.get('aws_eks_access_policy_association.access_policy["dev/AmazonEKSEditPolicy"]')).toMatchObject({
        policy_arn: "arn:aws:eks::aws:cluster-access-policy/AmazonEKSEditPolicy",
        principal_arn: `${IAM}:role/dev`,
        access_scope: [{ type: "namespace", namespaces: ["team", "team-*"] }],
      });
      expect(
        planned.get('aws_eks_access_policy_association.access_policy["admin/AmazonEKSClusterAdminPolicy"]'),
      ).toMatchObject({ principal_arn: `${IAM}:role/team/admin`, access_scope: [{ type: "cluster" }] });
    },
  },
  {
    what: "a role of the bastion's own, and no other",
    tfvars: OWN_ROLE.join("\n"),
    adds: 46,
    expects: (planned) => {
      expect(planned.get(BASTION)).toMatchObject({ iam_instance_profile: "awskrug_gudi-kubectl" });
      const { policy } = planned.get("aws_iam_role_policy.bastion_describe_cluster[0]") ?? {};
      expect(JSON.parse(String(policy))).toMatchObject({
        Statement: [
          {
            Action: "eks:DescribeCluster",
            Resource: "arn:aws:eks:ap-northeast-2:123456789012:cluster/awskrug_gudi_eks",
          },
        ],
      });
      expect(planned.get("aws_eks_access_policy_association.access_bastion_admin[0]")).toMatchObject({
        policy_arn: "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy",
        access_scope: [{ type: "cluster" }],
      });
    },
  },
  {
    what: "the bastion as the only admin",
    tfvars: [...OWN_ROLE, "cluster_creator_admin = false", 'eks_cluster_name = "team"'].join("\n"),
    adds: 46,
    expects: (planned) => {
      expect(String(planned.get("aws_iam_role_policy.bastion_describe_cluster[0]")?.["policy"])).toContain(
        ":cluster/team",
      );
    },
  },
  {
    what: "an endpoint in the internet for one office",
    tfvars: set('endpoint_access = "vpc-and-internet"', 'endpoint_access_cidrs = ["203.0.113.0/24"]'),
    adds: 40,
    expects: (planned) => {
      expect(planned.get(CLUSTER)).toMatchObject({
        vpc_config: [
          { endpoint_private_access: true, endpoint_public_access: true, public_access_cidrs: ["203.0.113.0/24"] },
        ],
      });
    },
  },
  {
    what: "an endpoint for the whole internet, said by name",
    tfvars: set(
      'endpoint_access = "vpc-and-internet"',
      'endpoint_access_cidrs = ["0.0.0.0/0"]',
      "endpoint_open_to_the_internet = true",
    ),
    adds: 40,
  },
  {
    what: "the control plane for nodes and bastion alone",
    tfvars: set('security_group_rules = "minimal"'),
    adds: 47,
    expects: (planned) => {
      expect(planned.get("aws_default_security_group.network_default_security_group[0]")).toMatchObject({
        ingress: [],
        egress: [],
      });
      expect(egress(planned, "aws_security_group.cluster_security_group")).toEqual(["tcp 1-65535 to nobody's range"]);
      expect(egress(planned, "aws_security_group.bastion_security_group")).toEqual([
        "tcp 22-22 to nobody's range",
        "tcp 443-443 to 0.0.0.0/0",
        "tcp 53-53 to 0.0.0.0/0",
        "tcp 80-80 to 0.0.0.0/0",
        "udp 123-123 to 0.0.0.0/0",
        "udp 53-53 to 0.0.0.0/0",
      ]);
      expect(egress(planned, "aws_security_group.node_group_security_group")).toEqual(["-1 0-0 to 0.0.0.0/0"]);
      expect(planned.get(FROM_VPC)?.["cidr_blocks"] ?? null).toBeNull();
      expect(planned.get("aws_security_group_rule.cluster_https_from_bastion[0]")).toMatchObject({
        from_port: 443,
        to_port: 443,
        protocol: "tcp",
      });
    },
  },
  {
    what: "a range of services of our own",
    tfvars: set('service_cidr = "10.96.0.0/16"'),
    adds: 40,
    expects: (planned) => {
      expect(planned.get(CLUSTER)).toMatchObject({
        kubernetes_network_config: [{ service_ipv4_cidr: "10.96.0.0/16", ip_family: "ipv4" }],
      });
    },
  },
  {
    what: "all of it",
    tfvars: [
      ...OWN_ROLE,
      "cluster_creator_admin = false",
      'eks_version = "1.32"',
      'upgrade_policy = "STANDARD"',
      'cluster_log_types = ["api", "audit", "authenticator", "controllerManager", "scheduler"]',
      "secrets_encryption = {}",
      "volume_encryption = {}",
      'eks_worker_node_launch = "template"',
      'endpoint_access = "vpc-and-internet"',
      'endpoint_access_cidrs = ["203.0.113.7/32"]',
      'service_cidr = "10.100.0.0/16"',
      'security_group_rules = "minimal"',
      ENTRIES,
    ].join("\n"),
    adds: 64,
  },
];
