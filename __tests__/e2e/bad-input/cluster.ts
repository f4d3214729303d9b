import type { WrongInput } from "./row";

const ROLE = 'aws_krug_admin_role = "aws-krug-admin"';
const set = (...lines: string[]) => [ROLE, ...lines].join("\n");
const IAM = "arn:aws:iam::123456789012";
const API = 'authentication_mode = "API"';

/** Access entries as tfvars, in a cluster that looks at them. */
const entries = (...rows: string[]) => set(API, `access_entries = {\n${rows.join("\n")}\n}`);
const admin = (fields = "", arn = `${IAM}:role/admin`) => `admin = { principal_arn = "${arn}", ${fields} }`;
const policy = (name: string, namespaces = "[]") =>
  admin(`policies = [{ policy = ${name}, namespaces = ${namespaces} }]`);
const endpoint = (cidrs: string, ...more: string[]) =>
  set('endpoint_access = "vpc-and-internet"', `endpoint_access_cidrs = ${cidrs}`, ...more);
const KEY = "arn:aws:kms:ap-northeast-2:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab";

/** What can be wrong about the control plane, the bastion's role and who gets in: the tfvars, and words of the answer. */
export const CLUSTER_CASES: readonly WrongInput[] = [
  // The bastion's role
  [
    "neither an admin role nor a role of the bastion's own",
    "",
    "aws_krug_admin_role must be set, because the bastion works with it, got nothing; write the name of an instance profile",
  ],
  ["null for the admin role alone", "aws_krug_admin_role = null", "or kubectl_own_role = true"],
  [
    "a role of the bastion's own without access entries",
    "kubectl_own_role = true",
    "kubectl_own_role needs access entries, got authentication_mode = null",
  ],
  [
    "a role of the bastion's own with aws-auth",
    'kubectl_own_role = true\nauthentication_mode = "CONFIG_MAP"',
    'got authentication_mode = "CONFIG_MAP"; set authentication_mode = "API"',
  ],

  [
    "the bastion's own role for the nodes",
    `kubectl_own_role = true\n${API}\neks_worker_node_role_name = "awskrug_gudi-kubectl"`,
    'eks_worker_node_role_name must be a role of the nodes\' own, got "awskrug_gudi-kubectl", which is',
  ],

  // The endpoint
  [
    "an endpoint in the internet for nobody",
    set('endpoint_access = "vpc-and-internet"'),
    "endpoint_access_cidrs must name the networks that may reach the endpoint",
  ],
  [
    "an endpoint for the whole internet",
    endpoint('["0.0.0.0/0"]'),
    "got 0.0.0.0/0, which is the whole internet or near it; name your own address as ADDRESS/32, or set endpoint_open_to_the_internet = true if you mean it",
  ],
  ["an endpoint for half of the internet", endpoint('["203.0.113.7/32", "128.0.0.0/1"]'), "got 128.0.0.0/1, which is"],
  [
    "an endpoint for the internet in ranges of which none is wide",
    endpoint(JSON.stringify(Array.from({ length: 40 }, (_, i) => `${String(i + 20)}.0.0.0/8`))),
    "got 40 ranges, which together are the whole internet or near it; name your own address",
  ],
  [
    "networks of the endpoint without the endpoint",
    set('endpoint_access_cidrs = ["203.0.113.7/32"]'),
    'endpoint_access_cidrs are for endpoint_access = "vpc-and-internet", got ["203.0.113.7/32"] with "vpc"',
  ],
  [
    "an endpoint network with host bits",
    endpoint('["203.0.113.7/24"]'),
    'endpoint_access_cidrs must hold address ranges without host bits (one address is a /32), got "203.0.113.7/24" (write 203.0.113.0/24)',
  ],
  ["an address for an endpoint network", endpoint('["203.0.113.7"]'), "write an address and a prefix length"],
  ["null in the endpoint's networks", endpoint("[null]"), "endpoint_access_cidrs must hold address ranges"],
  [
    "an endpoint network twice",
    endpoint('["203.0.113.7/32", "203.0.113.7/32"]'),
    "endpoint_access_cidrs must name every network once, got more than once: 203.0.113.7/32",
  ],
  [
    "a private range for the endpoint's networks",
    endpoint('["172.16.0.0/16"]'),
    "endpoint_access_cidrs must be ranges of the internet, got 172.16.0.0/16",
  ],
  [
    "more endpoint networks than EKS takes",
    endpoint(JSON.stringify(Array.from({ length: 41 }, (_, i) => `203.0.113.${String(i)}/32`))),
    "endpoint_access_cidrs must have at most 40 networks, because EKS takes no more, got 41",
  ],
  [
    "an IPv6 network for the endpoint of an IPv4 cluster",
    endpoint('["2001:db8::/64"]'),
    'endpoint_access_cidrs can have IPv6 ranges only with ip_family = "ipv6", got 2001:db8::/64',
  ],
  [
    "a public endpoint in other words",
    set('endpoint_access = "public"'),
    'endpoint_access must be vpc or vpc-and-internet, got "public"',
  ],
  [
    "security group rules of another name",
    set('security_group_rules = "strict"'),
    'security_group_rules must be workshop or minimal, got "strict"',
  ],

  // The services' range
  ["a service range with host bits", set('service_cidr = "10.100.0.1/16"'), "write 10.100.0.0/16"],
  [
    "a service range that is too small",
    set('service_cidr = "10.100.0.0/25"'),
    'service_cidr must be a range without host bits from /12 to /24 in 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16, got "10.100.0.0/25" (write an address and a prefix length, such as 10.100.0.0/16)',
  ],
  ["a service range that is too large", set('service_cidr = "10.0.0.0/8"'), 'got "10.0.0.0/8"'],
  ["a service range of the internet", set('service_cidr = "203.0.113.0/24"'), 'got "203.0.113.0/24"'],
  [
    "a service range in the VPC",
    set('service_cidr = "172.16.0.0/20"'),
    "service_cidr must not overlap with the VPC, got",
  ],
  [
    "a service range in the VPC's secondary range",
    set('service_cidr = "172.17.128.0/20"', 'vpc_secondary_cidr_blocks = ["172.17.0.0/16"]'),
    "service_cidr must not overlap with the VPC, got",
  ],
  [
    "a service range of an IPv6 cluster",
    set('eks_version = "1.32"', 'service_cidr = "10.100.0.0/16"', 'ip_family = "ipv6"'),
    'got "10.100.0.0/16" with ip_family = "ipv6", where EKS chooses',
  ],

  // Logs, keys, support
  [
    "a log that there is not",
    set('cluster_log_types = ["api", "kubelet"]'),
    'cluster_log_types must hold names out of api, audit, authenticator, controllerManager, scheduler, got "kubelet"',
  ],
  ["a log in another spelling", set('cluster_log_types = ["controller-manager"]'), 'got "controller-manager"'],
  ["null in the logs", set("cluster_log_types = [null]"), "got null"],
  ["a log twice", set('cluster_log_types = ["api", "api"]'), "must name every log once, got more than once: api"],
  [
    "a retention that CloudWatch has not",
    set("cluster_log_retention_days = 100"),
    "cluster_log_retention_days must be one of 0, 1, 3, 5, 7, 14, 30",
  ],
  [
    "a key by its alias",
    set('secrets_encryption = { kms_key_arn = "alias/mine" }'),
    'secrets_encryption.kms_key_arn must be the ARN of a KMS key, arn:aws:kms:REGION:ACCOUNT:key/ID (no alias: that of another key later would change nothing), got "alias/mine"',
  ],
  [
    "an empty key",
    set('volume_encryption = { kms_key_arn = "" }'),
    "volume_encryption.kms_key_arn must be the ARN of a KMS key",
  ],
  [
    "a key of another region",
    set(`volume_encryption = { kms_key_arn = "${KEY.replace("ap-northeast-2", "us-east-1")}" }`),
    "volume_encryption.kms_key_arn must be a key of the region ap-northeast-2",
  ],
  [
    "a key for volumes that launch configurations cannot name",
    set("volume_encryption = {}"),
    'volume_encryption needs launch templates, because a launch configuration cannot name a key, got eks_worker_node_launch = "configuration"; write "template" there',
  ],
  [
    "a key for volumes of groups of which one has a launch configuration",
    set(
      'eks_version = "1.34"',
      "volume_encryption = {}",
      'node_groups = { new = { ami_id = "ami-0123456789abcdef0" }, old = { ami_id = "ami-0123456789abcdef0", launch = "configuration" } }',
    ),
    'cannot name a key, got node_groups.old.launch = "configuration"',
  ],
  [
    "a key for logs that nobody keeps",
    set("log_encryption = {}"),
    "log_encryption is for the logs of cluster_log_types and flow_logs, got neither of them",
  ],
  [
    "a rotation that is too frequent",
    set("secrets_encryption = { rotation_days = 30 }"),
    "secrets_encryption.rotation_days must be a whole number of days from 90 to 2560, got 30",
  ],
  [
    "a deletion window that is too short",
    set("volume_encryption = { deletion_window_days = 1 }"),
    "volume_encryption.deletion_window_days must be a whole number of days from 7 to 30, got 1",
  ],
  [
    "a support that there is not",
    set('upgrade_policy = "LTS"'),
    'upgrade_policy must be STANDARD or EXTENDED, got "LTS"',
  ],

  // Who gets in
  [
    "an authentication mode in lower case",
    set('authentication_mode = "api"'),
    'authentication_mode must be CONFIG_MAP, API_AND_CONFIG_MAP or API, got "api"',
  ],
  [
    "mappings of aws-auth in a cluster with access entries",
    set(API, `aws_auth_roles = [{ rolearn = "${IAM}:role/team", username = "team", groups = ["developers"] }]`),
    `move them: access_entries = { "team" = { principal_arn = "${IAM}:role/team", kubernetes_groups = ["developers"] } }`,
  ],
  [
    "an admin of aws-auth in a cluster with access entries",
    set(API, `aws_auth_users = [{ userarn = "${IAM}:user/kim", username = "kim", groups = ["system:masters"] }]`),
    `"kim" = { principal_arn = "${IAM}:user/kim", policies = [{ policy = "AmazonEKSClusterAdminPolicy" }] }`,
  ],
  [
    "no admin for the creator in a cluster with aws-auth",
    set("cluster_creator_admin = false"),
    "cluster_creator_admin = false needs access entries, because EKS takes it with no other, got authentication_mode = null",
  ],
  [
    "no admin at all",
    set(API, "cluster_creator_admin = false"),
    "cluster_creator_admin = false leaves nobody who may administer the cluster",
  ],
  [
    "an admin of one namespace as the only one",
    `${entries(policy('"AmazonEKSClusterAdminPolicy"', '["team"]'))}\ncluster_creator_admin = false`,
    "cluster_creator_admin = false leaves nobody",
  ],
  [
    "access entries with aws-auth",
    set(`access_entries = { ${admin()} }`),
    "access_entries need a cluster that looks at them, got authentication_mode = null",
  ],
  [
    "an access entry that is null",
    entries("admin = null"),
    "access_entries must have a value in every row, got admin (null)",
  ],
  [
    "an access entry without a principal",
    entries('admin = { type = "STANDARD" }'),
    'attribute "principal_arn" is required',
  ],
  ["an access entry of null", entries("admin = { principal_arn = null }"), "got admin (null)"],
  ["an access entry with a slash in its name", entries(`"a/b" = { principal_arn = "${IAM}:role/a" }`), "got a/b (a/b)"],
  [
    "a session for a principal",
    entries(admin("", "arn:aws:sts::123456789012:assumed-role/admin/kim")),
    "a session (sts … assumed-role/NAME/SESSION) is given by the role NAME",
  ],
  ["an instance profile for a principal", entries(admin("", `${IAM}:instance-profile/admin`)), "the role inside it"],
  ["the account for a principal", entries(admin("", `${IAM}:root`)), `got admin ("${IAM}:root")`],
  [
    "a principal twice",
    entries(admin(), `again = { principal_arn = "${IAM}:role/admin" }`),
    `access_entries must name every principal once, got more than once: ${IAM}:role/admin`,
  ],
  [
    "the nodes' role",
    entries(admin("", `${IAM}:role/awskrug_gudi_eks_worker_nodes_role`)),
    "access_entries must not name the role of the nodes or of the bastion",
  ],
  [
    "the own role of a node group",
    `${entries(admin("", `${IAM}:role/awskrug_gudi_eks_worker_nodes_role-web`))}
node_groups = { web = { ami_id = "ami-0c0ffee0000000a01", policy_arns = ["arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"] } }`,
    "access_entries must not name the role of the nodes or of the bastion",
  ],
  [
    "the bastion's own role",
    `${entries(admin("", `${IAM}:role/awskrug_gudi-kubectl`))}\nkubectl_own_role = true`,
    "access_entries must not name the role of the nodes or of the bastion",
  ],
  [
    "a type that is not ours",
    entries(admin('type = "FARGATE_LINUX"')),
    'access_entries must have STANDARD or EC2_LINUX as type, got admin ("FARGATE_LINUX")',
  ],
  [
    "a node with a policy",
    entries(admin('type = "EC2_LINUX", policies = [{ policy = "AmazonEKSViewPolicy" }]')),
    "access_entries must have no user_name, kubernetes_groups or policies in rows of the type EC2_LINUX, because EKS says those of a node, got admin",
  ],
  [
    "a user for a node",
    entries(admin('type = "EC2_LINUX"', `${IAM}:user/kim`)),
    "access_entries must have the type EC2_LINUX for roles of nodes only, got admin",
  ],
  [
    "system:masters",
    entries(admin('kubernetes_groups = ["system:masters"]')),
    'got admin (["system:masters"]); instead of system:masters write policies = [{ policy = "AmazonEKSClusterAdminPolicy" }]',
  ],
  ["an empty group", entries(admin('kubernetes_groups = [""]')), 'got admin ([""])'],
  ["a user name of EKS' own", entries(admin('user_name = "eks:admin"')), 'got admin ("eks:admin")'],
  [
    "a user name with a session and no colon",
    entries(admin('user_name = "kim{{SessionName}}"')),
    "has a colon before {{SessionName}}",
  ],
  [
    "a policy by its ARN",
    entries(policy('"arn:aws:eks::aws:cluster-access-policy/AmazonEKSViewPolicy"')),
    "access_entries must have names of EKS' access policies, such as AmazonEKSClusterAdminPolicy",
  ],
  ["a policy of IAM", entries(policy('"AmazonEKSClusterPolicy"')), 'got admin ("AmazonEKSClusterPolicy")'],
  ["a policy that is null", entries(policy("null")), "got admin (null)"],
  [
    "a policy twice",
    entries(
      admin('policies = [{ policy = "AmazonEKSViewPolicy" }, { policy = "AmazonEKSViewPolicy", namespaces = ["a"] }]'),
    ),
    "got more than once: admin/AmazonEKSViewPolicy; put all namespaces into one",
  ],
  ["a namespace in capitals", entries(policy('"AmazonEKSViewPolicy"', '["Team"]')), 'got admin (["Team"])'],
];
