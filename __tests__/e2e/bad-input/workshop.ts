import type { GoodInput, WrongInput } from "./row";

const ROLE = 'aws_krug_admin_role = "aws-krug-admin"';

/** Three rows of subnets, as tfvars, from `NAME AZ CIDR`. */
function subnets(variable: "vpc_public_subnets" | "vpc_private_subnets", ...rows: string[]): string {
  const row = (text: string) => {
    const [name = "", az = "", cidr = ""] = text.split(" ");
    return `{ name = "${name}", az = "${az}", cidr = "${cidr}" }`;
  };
  return `${ROLE}\n${variable} = [${rows.map(row).join(", ")}]`;
}
const asg = (min: string, desire: string, max: string) =>
  `${ROLE}\neks_worker_nodes_asg_group = { min = ${min}, desire = ${desire}, max = ${max} }`;
const userData = (fields: string) => `${ROLE}\neks_worker_user_data_group = { ${fields} }`;
/** Arguments of the kubelet, for a version that reads them as today's do. */
const kubelet = (line: string, version = "1.32") =>
  `${userData(`pre_userdata = "", additional_userdata = "", kubelet_extra_args = "${line}", enable_docker_bridge = false`)}\neks_version = "${version}"`;
const set = (line: string) => `${ROLE}\n${line}`;

/** One entry of aws_auth_roles or aws_auth_users, as tfvars; without a value its groups are system:masters. */
const role = (rolearn: string, username = '"admin"', groups = '["system:masters"]') =>
  `{ rolearn = "${rolearn}", username = ${username}, groups = ${groups} }`;
const roles = (...entries: string[]) => set(`aws_auth_roles = [${entries.join(", ")}]`);
const users = (...entries: string[]) =>
  set(`aws_auth_users = [${entries.join(", ").replaceAll("rolearn", "userarn")}]`);
const IAM = "arn:aws:iam::123456789012";

const A = "ap-northeast-2a";
const B = "ap-northeast-2b";

/** What a participant can get wrong: the tfvars file, and the words that have to be in the answer. */
export const WORKSHOP_CASES: readonly WrongInput[] = [
  // The file itself
  ["no admin role", "", "aws_krug_admin_role must be set, because the bastion works with it, got nothing"],
  ["an unclosed quote", 'aws_krug_admin_role = "aws-krug-admin', "Invalid multi-line string"],
  ["a missing equals sign", 'aws_krug_admin_role "aws-krug-admin"', "Invalid block definition"],
  ["an unclosed list", set('kubectl_ssh_cidrs = ["203.0.113.7/32"'), "Unterminated tuple constructor expression"],
  ["the same variable twice", set('project_name = "a"\nproject_name = "b"'), "Attribute redefined"],
  ["a value without quotes", set("project_name = awskrug"), "Variables not allowed"],
  ["a function call", set('project_name = upper("a")'), "Function calls not allowed"],

  // Names
  [
    "an ARN for the admin role",
    'aws_krug_admin_role = "arn:aws:iam::123456789012:role/aws-krug-admin"',
    "aws_krug_admin_role must be the name of an instance profile",
  ],
  ["an empty admin role", 'aws_krug_admin_role = ""', 'no ARN), got ""'],
  ["null for the admin role", "aws_krug_admin_role = null", "aws_krug_admin_role"],
  ["an admin role with a space", 'aws_krug_admin_role = "aws krug"', 'got "aws krug"'],
  ["an admin role that is too long", `aws_krug_admin_role = "${"r".repeat(129)}"`, "at most 128"],
  ["an empty key pair", set('kubectl_ec2_keypair = ""'), "kubectl_ec2_keypair must be the name of an EC2 key pair"],
  ["a key pair in Korean", set('kubectl_ec2_keypair = "키페어"'), "1 to 255 ASCII characters"],
  [
    "a project name with a space",
    set('project_name = "my project"'),
    'project_name must start with a letter or digit and have only letters, digits, "_" and "-"',
  ],
  ["a project name with a dot", set('project_name = "a.b"'), 'got "a.b"'],
  ["a project name that starts like a security group's id", set('project_name = "sg-1"'), "which AWS keeps for itself"],
  ["a project name that starts with an underscore", set('project_name = "_a"'), "must start with a letter or digit"],
  ["an empty project name", set('project_name = ""'), "project_name must start with a letter or digit"],
  [
    "a project name that makes the cluster's role too long",
    set(`project_name = "${"p".repeat(53)}"`),
    'project_name must have at most 52 characters, because the cluster\'s role is called "PROJECT_NAME-eks-cluster" and IAM allows 64, got 53: ppppppppppppppppppppppppppppppppppppppppppppppppppppp',
  ],
  [
    "a project name that makes the nodes' role too long",
    set(`project_name = "${"p".repeat(43)}"`),
    "eks_worker_node_role_name must be set when project_name has more than 42 characters",
  ],
  [
    "a node role that is too long",
    set(`eks_worker_node_role_name = "${"r".repeat(65)}"`),
    "eks_worker_node_role_name must have 1 to 64",
  ],
  ["a node role with a slash", set('eks_worker_node_role_name = "path/role"'), 'got "path/role"'],
  [
    "a cluster name with a dot",
    set('eks_cluster_name = "my.cluster"'),
    "eks_cluster_name must start with a letter or digit",
  ],
  ["a cluster name that is too long", set(`eks_cluster_name = "${"c".repeat(101)}"`), "at most 100 in all"],
  [
    "an empty cluster name",
    set('eks_cluster_name = ""'),
    'eks_cluster_name must start with a letter or digit and have only letters, digits, "_" and "-", at most 100 in all, got ""',
  ],
  ["a VPC name with a character that no tag takes", set('vpc_name = "vpc#1"'), "vpc_name must have 1 to 127"],
  ["a VPC name that is too long", set(`vpc_name = "${"v".repeat(128)}"`), "vpc_name must have 1 to 127"],
  ["a login name in capitals", set('kubectl_ec2_user = "Ubuntu"'), "kubectl_ec2_user must be the name of a Linux user"],

  // Versions, images, types, sizes
  [
    "a version as a number that loses its zero",
    set("eks_version = 1.30"),
    'eks_version must be MAJOR.MINOR in quotes, such as "1.14" or "1.30", got "1.3"',
  ],
  ["a version with a patch", set('eks_version = "1.30.2"'), 'got "1.30.2"'],
  ["a version with a v", set('eks_version = "v1.30"'), 'got "v1.30"'],
  ["latest as the version", set('eks_version = "latest"'), 'got "latest"'],
  [
    "an image by name",
    set('eks_worker_node_ami_id = "amazon-linux-2"'),
    'eks_worker_node_ami_id must be the id of an AMI, "ami-" and 8 or 17 hexadecimal digits',
  ],
  ["an image's id cut short", set('eks_worker_node_ami_id = "ami-023bb40313188930"'), 'got "ami-023bb40313188930"'],
  [
    "an image's id in capitals",
    set('kubectl_image_id = "ami-0FD02CB7DA42EE5E0"'),
    "kubectl_image_id must be the id of an AMI",
  ],
  [
    "an instance type without a size",
    set('eks_worker_node_ec2_type = "t3"'),
    "eks_worker_node_ec2_type must be an EC2 instance type such as t3.medium",
  ],
  ["an instance type with a misspelt size", set('eks_worker_node_ec2_type = "t3.meduim"'), 'got "t3.meduim"'],
  ["a volume in words", set('eks_worker_node_volume_size = "10GB"'), "a number is required"],
  ["a volume that is too small", set("eks_worker_node_volume_size = 4"), "whole number of GiB from 8 to 16384, got 4"],
  ["a volume with a fraction", set("eks_worker_node_volume_size = 10.5"), "got 10.5"],
  [
    "a volume that is too large",
    set("kubectl_ec2_volume_size = 20000"),
    "kubectl_ec2_volume_size must be a whole number of GiB from 8 to 16384",
  ],
  ["a boolean in words", set('eks_worker_node_public_ip = "no"'), "a bool is required"],
  ["more wanted than allowed", asg("1", "3", "2"), 'must have min <= desire <= max, got {"desire":3,"max":2,"min":1}'],
  ["fewer wanted than needed", asg("2", "1", "3"), "must have min <= desire <= max"],
  ["more needed than allowed", asg("3", "3", "2"), "must have min <= desire <= max"],
  [
    "a negative number of nodes",
    asg("-1", "0", "1"),
    "eks_worker_nodes_asg_group.min must be a whole number from 0 to 5000, got -1",
  ],
  [
    "half a node",
    asg("1", "1.5", "2"),
    "eks_worker_nodes_asg_group.desire must be a whole number from 0 to 5000, got 1.5",
  ],
  [
    "a group without desire",
    set("eks_worker_nodes_asg_group = { min = 1, max = 2 }"),
    'attribute "desire" is required',
  ],
  [
    "null nodes",
    asg("1", "null", "2"),
    "eks_worker_nodes_asg_group.desire must be a whole number from 0 to 5000, got null",
  ],
  ["user data with a field missing", userData('pre_userdata = ""'), '"kubelet_extra_args" are required'],
  [
    "user data with null in it",
    userData('pre_userdata = null, additional_userdata = "", kubelet_extra_args = "", enable_docker_bridge = false'),
    "got null in: pre_userdata",
  ],
  [
    "kubelet arguments on two lines",
    userData(
      String.raw`pre_userdata = "", additional_userdata = "", kubelet_extra_args = "--a\n--b", enable_docker_bridge = false`,
    ),
    "kubelet_extra_args must be one line",
  ],
  [
    "a label of Kubernetes' own for the kubelet",
    kubelet("--node-labels=node-role.kubernetes.io/worker=true"),
    "eks_worker_user_data_group.kubelet_extra_args must have no labels of kubernetes.io or k8s.io but node.kubernetes.io/…, kubelet.kubernetes.io/… and those of hostname, os, arch, instance type, zone and region, because a kubelet that gives itself others does not start, got node-role.kubernetes.io/worker; give roles with kubectl label",
  ],
  [
    "the same after a blank and in quotes",
    kubelet(String.raw`--v=2 --node-labels \"k8s.io/a=b,team=a\"`),
    "does not start, got k8s.io/a; give",
  ],
  [
    "a taint without an effect for the kubelet",
    kubelet("--register-with-taints dedicated=batch"),
    "kubelet_extra_args must have NoSchedule, PreferNoSchedule or NoExecute as the effect of taints, got dedicated",
  ],
  ["pods in words for the kubelet", kubelet("--max_pods many"), "a whole number from 1 to 737 as --max-pods, got many"],
  [
    "user data that is too long",
    userData(
      `pre_userdata = "${"#".repeat(13000)}", additional_userdata = "", kubelet_extra_args = "", enable_docker_bridge = false`,
    ),
    "can have 12288 bytes of text in all",
  ],

  // Networks
  [
    "a zone for a region",
    set('aws_region = "ap-northeast-2a"'),
    'aws_region must be the name of a region, such as ap-northeast-2 (no zone letter at its end), got "ap-northeast-2a"',
  ],
  ["a region in words", set('aws_region = "Seoul"'), 'got "Seoul"'],
  [
    "another region, but not other zones",
    set('aws_region = "us-east-1"'),
    "vpc_public_subnets must stand in zones of the region us-east-1, such as us-east-1a, got public-subnet-a (ap-northeast-2a)",
  ],
  [
    "a VPC without a prefix length",
    set('vpc_cidr_block = "172.16.0.0"'),
    "vpc_cidr_block must be an IPv4 range from /16 to /28",
  ],
  [
    "a VPC with host bits",
    set('vpc_cidr_block = "172.16.1.0/16"'),
    'vpc_cidr_block must be an IPv4 range from /16 to /28 without host bits, got "172.16.1.0/16" (write 172.16.0.0/16)',
  ],
  [
    "a VPC of twice the size that AWS takes",
    set('vpc_cidr_block = "172.16.0.0/15"'),
    'got "172.16.0.0/15" (write an address and a prefix length, such as 172.16.0.0/16)',
  ],
  [
    "such a VPC with host bits",
    set('vpc_cidr_block = "172.16.1.0/15"'),
    'got "172.16.1.0/15" (write an address and a prefix length, such as 172.16.0.0/16)',
  ],
  ["a VPC that is too large", set('vpc_cidr_block = "172.0.0.0/8"'), 'got "172.0.0.0/8"'],
  ["a VPC that is too small", set('vpc_cidr_block = "172.16.0.0/29"'), 'got "172.16.0.0/29"'],
  ["a VPC in IPv6", set('vpc_cidr_block = "2001:db8::/32"'), "vpc_cidr_block must be an IPv4 range"],
  ["a VPC with an octet above 255", set('vpc_cidr_block = "172.16.256.0/24"'), 'got "172.16.256.0/24"'],
  [
    "a VPC with leading zeros",
    set('vpc_cidr_block = "172.016.0.0/16"'),
    'vpc_cidr_block must be an IPv4 range from /16 to /28 without host bits, got "172.016.0.0/16" (write 172.16.0.0/16)',
  ],
  [
    "another VPC, but not other subnets",
    set('vpc_cidr_block = "10.0.0.0/16"'),
    "vpc_public_subnets must lie inside vpc_cidr_block 10.0.0.0/16, got public-subnet-a (172.16.0.0/23)",
  ],
  [
    "a subnet outside the VPC",
    subnets("vpc_private_subnets", `a ${A} 172.16.10.0/23`, `b ${B} 172.17.0.0/23`),
    "vpc_private_subnets must lie inside vpc_cidr_block 172.16.0.0/16, got b (172.17.0.0/23)",
  ],
  [
    "a subnet larger than its VPC",
    `${subnets("vpc_private_subnets", `a ${A} 172.16.0.0/16`, `b ${B} 172.16.12.0/23`)}\nvpc_cidr_block = "172.16.0.0/20"`,
    "must lie inside vpc_cidr_block 172.16.0.0/20, got a (172.16.0.0/16)",
  ],
  [
    "two subnets that overlap",
    subnets("vpc_private_subnets", `a ${A} 172.16.10.0/23`, `b ${B} 172.16.11.0/24`),
    "vpc_private_subnets must not overlap, got a (172.16.10.0/23) and b (172.16.11.0/24)",
  ],
  [
    "the same range twice",
    subnets("vpc_public_subnets", `a ${A} 172.16.0.0/23`, `b ${B} 172.16.0.0/23`),
    "vpc_public_subnets must not overlap",
  ],
  [
    "a public and a private subnet that overlap",
    subnets("vpc_private_subnets", `a ${A} 172.16.4.0/23`, `b ${B} 172.16.12.0/23`),
    "vpc_private_subnets and vpc_public_subnets must not overlap, got a (172.16.4.0/23) and public-subnet-c (172.16.4.0/23)",
  ],
  [
    "two subnets of one name",
    subnets("vpc_private_subnets", `a ${A} 172.16.10.0/23`, `a ${B} 172.16.12.0/23`),
    "vpc_private_subnets must have a name of its own for each subnet, got more than once: a",
  ],
  [
    "a subnet without a name",
    subnets("vpc_private_subnets", ` ${A} 172.16.10.0/23`, `b ${B} 172.16.12.0/23`),
    "vpc_private_subnets must have names of 1 to 128",
  ],
  [
    "null for a subnet",
    set("vpc_private_subnets = [null, null]"),
    "vpc_private_subnets must have a value in every row, got 0 (null), 1 (null)",
  ],
  [
    "a subnet with a prefix length with a zero in front",
    subnets("vpc_private_subnets", `a ${A} 172.16.10.0/023`, `b ${B} 172.16.12.0/23`),
    'got a: "172.16.10.0/023" (write 172.16.10.0/23)',
  ],
  ["a VPC that no host can be in", set('vpc_cidr_block = "127.0.0.0/16"'), 'got "127.0.0.0/16"'],
  ["a VPC name that AWS keeps for itself", set('vpc_name = "aws:mine"'), 'got "aws:mine"'],
  [
    "more nodes than a cluster takes",
    asg("1", "1", "1e30"),
    "eks_worker_nodes_asg_group.max must be a whole number from 0 to 5000, got 1000000000000000000000000000000",
  ],
  [
    "the bastion's role for the nodes",
    set('eks_worker_node_role_name = "aws-krug-admin"'),
    "eks_worker_node_role_name must be a role of the nodes' own",
  ],
  [
    "a subnet with null for its name",
    set(`vpc_private_subnets = [{ name = null, az = "${A}", cidr = "172.16.10.0/23" }]`),
    "vpc_private_subnets must have names of 1 to 128 letters, digits, spaces or characters of _.:/=+@-, got null",
  ],
  [
    "a subnet with null for its range",
    set(`vpc_private_subnets = [{ name = "a", az = "${A}", cidr = null }]`),
    "got a: null (write an address and a prefix length",
  ],
  [
    "a subnet with an empty range",
    subnets("vpc_private_subnets", `a ${A} `, `b ${B} 172.16.12.0/23`),
    'got a: "" (write an address and a prefix length',
  ],
  [
    "a subnet with null for its zone",
    set('vpc_private_subnets = [{ name = "a", az = null, cidr = "172.16.10.0/23" }]'),
    "got a (nothing)",
  ],
  [
    "a subnet with host bits",
    subnets("vpc_public_subnets", `a ${A} 172.16.1.0/23`, `b ${B} 172.16.2.0/23`),
    'got a: "172.16.1.0/23" (write 172.16.0.0/23)',
  ],
  [
    "a subnet without a prefix length",
    subnets("vpc_public_subnets", `a ${A} 172.16.0.0`, `b ${B} 172.16.2.0/23`),
    'got a: "172.16.0.0" (write an address and a prefix length',
  ],
  [
    "all subnets in one zone",
    subnets("vpc_private_subnets", `a ${A} 172.16.10.0/23`, `b ${A} 172.16.12.0/23`),
    "vpc_private_subnets must stand in at least two zones, because EKS needs two, got 2 subnet(s) in: ap-northeast-2a",
  ],
  ["a single subnet", subnets("vpc_public_subnets", `a ${A} 172.16.0.0/23`), "got 1 subnet(s) in: ap-northeast-2a"],
  [
    "no subnets",
    set("vpc_private_subnets = []"),
    "vpc_private_subnets must stand in at least two zones, because EKS needs two, got 0 subnet(s) in:",
  ],
  [
    "a zone of another region",
    subnets("vpc_private_subnets", `a ${A} 172.16.10.0/23`, "b us-east-1b 172.16.12.0/23"),
    "got b (us-east-1b)",
  ],
  [
    "a region for a zone",
    subnets("vpc_private_subnets", `a ${A} 172.16.10.0/23`, "b ap-northeast-2 172.16.12.0/23"),
    "got b (ap-northeast-2)",
  ],
  ["subnets as texts", set('vpc_private_subnets = ["172.16.10.0/23"]'), "object required"],
  [
    "a subnet without a zone",
    set('vpc_private_subnets = [{ name = "a", cidr = "172.16.10.0/23" }]'),
    'attribute "az" is required',
  ],

  // Who may reach the bastion
  [
    "an address without a prefix length",
    set('kubectl_ssh_cidrs = ["203.0.113.7"]'),
    "kubectl_ssh_cidrs must hold address ranges without host bits",
  ],
  [
    "a network with host bits",
    set('kubectl_ssh_cidrs = ["203.0.113.7/24"]'),
    'kubectl_ssh_cidrs must hold address ranges without host bits (one address is a /32, of IPv6 a /128), got "203.0.113.7/24" (write 203.0.113.0/24)',
  ],
  ["a network as a text", set('kubectl_ssh_cidrs = "203.0.113.7/32"'), "list of string required"],
  ["a host name for a network", set('kubectl_ssh_cidrs = ["home.example.org"]'), '"home.example.org"'],
  [
    "the same network twice",
    set('kubectl_ssh_cidrs = ["203.0.113.7/32", "203.0.113.7/32"]'),
    "got more than once: 203.0.113.7/32",
  ],
  [
    "the whole internet",
    set('kubectl_ssh_cidrs = ["0.0.0.0/0"]'),
    "got 0.0.0.0/0, which is the whole internet or near it; name your own address as ADDRESS/32, or set kubectl_ssh_open_to_the_internet = true",
  ],
  [
    "the whole IPv6 internet",
    set('kubectl_ssh_cidrs = ["203.0.113.7/32", "::/0"]'),
    "got ::/0, which is the whole internet",
  ],
  [
    "the internet in two halves",
    set('kubectl_ssh_cidrs = ["0.0.0.0/1", "128.0.0.0/1"]'),
    "got 0.0.0.0/1, 128.0.0.0/1, which is the whole internet or near it",
  ],
  [
    "the internet in 256 parts",
    set(`kubectl_ssh_cidrs = ${JSON.stringify(Array.from({ length: 256 }, (_, i) => `${String(i)}.0.0.0/8`))}`),
    "got 256 ranges, which together are the whole internet or near it; name your own address as ADDRESS/32, or set kubectl_ssh_open_to_the_internet = true",
  ],
  [
    "an IPv6 network with host bits",
    set('kubectl_ssh_cidrs = ["2001:db8::1/64"]'),
    'kubectl_ssh_cidrs must hold address ranges without host bits (one address is a /32, of IPv6 a /128), got "2001:db8::1/64" (write 2001:db8::/64)',
  ],
  [
    "null in the networks",
    set("kubectl_ssh_cidrs = [null]"),
    "kubectl_ssh_cidrs must hold address ranges without host bits (one address is a /32, of IPv6 a /128), got null (write an address and a prefix length, such as 203.0.113.7/32)",
  ],

  // Who else may use the cluster
  [
    "an instance profile for a role in aws-auth",
    roles(role(`${IAM}:instance-profile/admins`)),
    'aws_auth_roles must have the ARNs of IAM roles, arn:aws:iam::ACCOUNT:role/NAME, got "arn:aws:iam::123456789012:instance-profile/admins"; an instance profile is given by the role inside it (`aws iam get-instance-profile`), a session (sts … assumed-role/NAME/SESSION) by the role NAME.',
  ],
  [
    "a session for a role in aws-auth",
    roles(role("arn:aws:sts::123456789012:assumed-role/admins/i-0123456789abcdef0")),
    'got "arn:aws:sts::123456789012:assumed-role/admins/i-0123456789abcdef0"; an instance profile',
  ],
  ["a role's name for its ARN in aws-auth", roles(role("admins")), 'arn:aws:iam::ACCOUNT:role/NAME, got "admins"; an'],
  ["a user among the roles of aws-auth", roles(role(`${IAM}:user/kim`)), 'got "arn:aws:iam::123456789012:user/kim"'],
  ["an account's id cut short in aws-auth", roles(role("arn:aws:iam::12345678901:role/a")), "12345678901:role/a"],
  [
    "null for a role's ARN in aws-auth",
    set('aws_auth_roles = [{ rolearn = null, username = "a", groups = [] }]'),
    "aws_auth_roles must have the ARNs of IAM roles, arn:aws:iam::ACCOUNT:role/NAME, got null; an",
  ],
  [
    "null for an entry of aws-auth",
    set("aws_auth_roles = [null]"),
    "aws_auth_roles must have a value in every row, got 0 (null)",
  ],
  [
    "a role twice in aws-auth, once with its path",
    roles(role(`${IAM}:role/team/Admins`), role(`${IAM}:role/admins`)),
    "aws_auth_roles must map everyone once, got more than once: arn:aws:iam::123456789012:role/admins; put all groups into one entry.",
  ],
  [
    "the nodes' role in aws-auth",
    roles(role(`${IAM}:role/awskrug_gudi_eks_worker_nodes_role`)),
    "aws_auth_roles must not map the nodes' role, because the bootstrap does, got arn:aws:iam::123456789012:role/awskrug_gudi_eks_worker_nodes_role; leave it out.",
  ],
  [
    "the nodes' role under a name of its own in aws-auth",
    `${roles(role(`${IAM}:role/nodes`))}\neks_worker_node_role_name = "nodes"`,
    "aws_auth_roles must not map the nodes' role, because the bootstrap does, got arn:aws:iam::123456789012:role/nodes;",
  ],
  [
    "an empty username in aws-auth",
    roles(role(`${IAM}:role/admins`, '""')),
    'aws_auth_roles must have a username in every entry (no space at either end), got "" for "arn:aws:iam::123456789012:role/admins".',
  ],
  ["null for a username in aws-auth", roles(role(`${IAM}:role/admins`, "null")), 'got null for "arn:aws:iam::'],
  ["a username that ends in a space in aws-auth", users(role(`${IAM}:user/kim`, '"kim "')), 'got "kim " for'],
  [
    "an empty group in aws-auth",
    users(role(`${IAM}:user/kim`, '"kim"', '["view", ""]')),
    'aws_auth_users must have a list of group names in groups (none empty, no space at either end; [] for no group), got ["view",""] for "arn:aws:iam::123456789012:user/kim"; the admins\' group is system:masters.',
  ],
  ["null for the groups in aws-auth", users(role(`${IAM}:user/kim`, '"kim"', "null")), "got null for"],
  ["null for a group in aws-auth", users(role(`${IAM}:user/kim`, '"kim"', "[null]")), "got [null] for"],
  ["groups as a text in aws-auth", users(role(`${IAM}:user/kim`, '"kim"', '"view"')), "list of string required"],
  [
    "an entry without groups in aws-auth",
    set('aws_auth_users = [{ userarn = "a", username = "a" }]'),
    '"groups" is required',
  ],
  [
    "a role among the users of aws-auth",
    users(role(`${IAM}:role/admins`)),
    'aws_auth_users must have the ARNs of IAM users (arn:aws:iam::ACCOUNT:user/NAME), of an account\'s root (arn:aws:iam::ACCOUNT:root) or of federated users (arn:aws:sts::ACCOUNT:federated-user/NAME), got "arn:aws:iam::123456789012:role/admins"; `aws sts get-caller-identity` shows it; a role belongs into aws_auth_roles.',
  ],
  [
    "a group for a user in aws-auth",
    users(role(`${IAM}:group/admins`)),
    'got "arn:aws:iam::123456789012:group/admins"',
  ],
  [
    "a user twice in aws-auth",
    users(role(`${IAM}:user/kim`), role(`${IAM}:user/lee`), role(`${IAM}:user/kim`)),
    "aws_auth_users must map everyone once, got more than once: arn:aws:iam::123456789012:user/kim;",
  ],
];

/** What is unusual and right: none of the rules above may refuse it. */
export const GOOD_WORKSHOPS: readonly GoodInput[] = [
  ["a version as a number that loses nothing", set("eks_version = 1.14")],
  ["a version of today in quotes", set('eks_version = "1.30"')],
  ["an IPv6 network and an IPv4 network", set('kubectl_ssh_cidrs = ["2001:db8::/64", "198.51.100.0/24"]')],
  [
    "the whole internet, said by name",
    set('kubectl_ssh_cidrs = ["0.0.0.0/0"]\nkubectl_ssh_open_to_the_internet = true'),
  ],
  [
    "the longest project name, with a role's name",
    set(`project_name = "${"p".repeat(52)}"\neks_worker_node_role_name = "nodes"`),
  ],
  ["names in Korean where only tags are made of them", set('vpc_name = "실습 VPC"')],
  ["no nodes", asg("0", "0", "0")],
  [
    "a role by an argument of the kubelet, where it may still give itself one",
    kubelet("--node-labels=node-role.kubernetes.io/worker=true,team=a", "1.14"),
  ],
  [
    "what a kubelet may say of its machine",
    kubelet("--node-labels=kubernetes.io/os=linux,topology.kubernetes.io/zone=a,beta.kubernetes.io/instance-type=b"),
  ],
  [
    "roles of other partitions and accounts, with a path and with template names",
    roles(
      role("arn:aws-cn:iam::123456789012:role/team/sub/admins", '"admin:{{SessionName}}"'),
      role("arn:aws-us-gov:iam::210987654321:role/a.b+c=d,e@f-g_h", '"guest"', "[]"),
    ),
  ],
  ["null for the roles of aws-auth, which is none", set("aws_auth_roles = null")],
  ["users of one name under two paths", users(role(`${IAM}:user/kim`), role(`${IAM}:user/team/kim`))],
  ["a key pair that is called like a file", set('kubectl_ec2_keypair = "class.pem"')],
  [
    "more subnets than zones",
    subnets("vpc_public_subnets", `a ${A} 172.16.0.0/24`, `b ${A} 172.16.1.0/24`, `c ${B} 172.16.2.0/28`),
  ],
  [
    "an old image's id and a metal instance",
    set('eks_worker_node_ami_id = "ami-0a1b2c3d"\neks_worker_node_ec2_type = "m5.metal"'),
  ],
];
