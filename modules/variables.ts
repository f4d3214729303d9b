import { TerraformVariable, Token, VariableType, type TerraformStack, type TerraformVariableConfig } from "cdktf";
import { Construct } from "constructs";

import {
  canonicalCidr,
  isCanonicalCidr,
  isVpcCidr,
  isWithin,
  overlaps,
  prefixLength,
  repeated,
  rule,
} from "./terraform/hcl";

const SUBNETS = VariableType.list(
  VariableType.object({ az: VariableType.STRING, cidr: VariableType.STRING, name: VariableType.STRING }),
);

/** Characters that EC2 takes in the value of a tag. @see https://docs.aws.amazon.com/tag-editor/latest/userguide/best-practices-and-strats.html */
const TAG_VALUE = String.raw`^[\\p{L}\\p{N}\\p{Zs}_.:/=+@-]+$`;

/** Characters of IAM names. @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html */
const IAM_NAME = String.raw`^[\\w+=,.@-]+$`;

/**
 * Bytes that the user-supplied parts of the user data may have together. EC2 takes 16,384 bytes in all; the rest is
 * for the script around them, the endpoint and the certificate authority.
 *
 * @see https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/user-data.html
 */
const USER_DATA_PARTS_MAX_BYTES = 12_288;

/** As many as Kubernetes supports. @see https://kubernetes.io/docs/setup/best-practices/cluster-large/ */
const CLUSTER_MAX_NODES = 5000;

/**
 * Every input the stack takes from tfvars, with the workshop's names, types and defaults. Declared in a construct of
 * their own, because some outputs, which stand on the stack, have the same names.
 *
 * Every rule about a value stands with its variable: Terraform checks them all before it asks AWS anything.
 */
export class Variables {
  readonly awsKrugAdminRole: TerraformVariable;
  readonly kubectlEc2Keypair: TerraformVariable;
  readonly eksVersion: TerraformVariable;
  readonly projectName: TerraformVariable;
  readonly vpcName: TerraformVariable;
  readonly eksClusterName: TerraformVariable;
  readonly awsRegion: TerraformVariable;
  readonly vpcCidrBlock: TerraformVariable;
  readonly vpcPublicSubnets: TerraformVariable;
  readonly vpcPrivateSubnets: TerraformVariable;
  readonly kubectlImageId: TerraformVariable;
  readonly kubectlEc2User: TerraformVariable;
  readonly kubectlEc2VolumeSize: TerraformVariable;
  readonly kubectlSshCidrs: TerraformVariable;
  readonly kubectlSshOpenToTheInternet: TerraformVariable;
  readonly eksWorkerNodeRoleName: TerraformVariable;
  readonly eksWorkerNodePublicIp: TerraformVariable;
  readonly eksWorkerNodeVolumeSize: TerraformVariable;
  readonly eksWorkerNodeAmiId: TerraformVariable;
  readonly eksWorkerNodeEc2Type: TerraformVariable;
  readonly eksWorkerUserDataGroup: TerraformVariable;
  readonly eksWorkerNodesEnableMonitoring: TerraformVariable;
  readonly eksWorkerNodesAsgGroup: TerraformVariable;
  readonly awsAuthRoles: TerraformVariable;
  readonly awsAuthUsers: TerraformVariable;

  constructor(stack: TerraformStack) {
    const variables = new Construct(stack, "variables");
    const variable = (name: string, config: TerraformVariableConfig) => {
      const declared = new TerraformVariable(variables, name, config);
      declared.overrideLogicalId(name);
      return declared;
    };

    this.awsKrugAdminRole = variable("aws_krug_admin_role", {
      type: VariableType.STRING,
      nullable: false,
      description: "Name of the IAM role of the jump EC2, and of its instance profile: the bastion gets the same one.",
      validation: [
        rule(
          `can(regex("${IAM_NAME}", var.aws_krug_admin_role)) && length(var.aws_krug_admin_role) <= 128`,
          'aws_krug_admin_role must be the name of an instance profile (letters, digits and +=,.@_-, at most 128; no ARN), got "${var.aws_krug_admin_role}"; `aws iam list-instance-profiles` shows the names.',
        ),
      ],
    });

    this.kubectlEc2Keypair = variable("kubectl_ec2_keypair", {
      type: VariableType.STRING,
      nullable: false,
      default: "aws-krug-gudi",
      description: "Name of the EC2 key pair for SSH to the bastion and to the nodes. It has to exist in the region.",
      validation: [
        rule(
          String.raw`can(regex("^[ -~]{1,255}$", var.kubectl_ec2_keypair)) && var.kubectl_ec2_keypair == trimspace(var.kubectl_ec2_keypair)`,
          'kubectl_ec2_keypair must be the name of an EC2 key pair (1 to 255 ASCII characters, no space at either end), got "${var.kubectl_ec2_keypair}"; `aws ec2 describe-key-pairs` shows the names.',
        ),
      ],
    });

    this.eksVersion = variable("eks_version", {
      type: VariableType.STRING,
      nullable: false,
      default: "1.14",
      description: 'Kubernetes version of the control plane, MAJOR.MINOR in quotes, such as "1.14".',
      validation: [
        rule(
          // Without quotes 1.30 is a number and arrives as "1.3": a minor of one digit was never on offer.
          String.raw`can(regex("^1\\.[1-9][0-9]$", var.eks_version))`,
          'eks_version must be MAJOR.MINOR in quotes, such as "1.14" or "1.30", got "${var.eks_version}"; without quotes Terraform reads a number and drops its last zero, and a patch version is EKS\' own to choose.',
        ),
      ],
    });

    this.projectName = variable("project_name", {
      type: VariableType.STRING,
      nullable: false,
      default: "awskrug_gudi",
      description: "Prefix of every name. Participants who share an account need one each.",
      validation: [
        rule(
          String.raw`can(regex("^[0-9A-Za-z][0-9A-Za-z_-]*$", var.project_name)) && !startswith(var.project_name, "sg-")`,
          'project_name must start with a letter or digit and have only letters, digits, "_" and "-" (and not start with "sg-", which AWS keeps for itself), got "${var.project_name}".',
        ),
        rule(
          `length("\${var.project_name}-eks-cluster") <= 64`,
          'project_name can have at most 52 characters, because the cluster\'s role is called "PROJECT_NAME-eks-cluster" and IAM allows 64, got ${length(var.project_name)}: "${var.project_name}".',
        ),
      ],
    });

    this.vpcName = variable("vpc_name", {
      type: VariableType.STRING,
      nullable: true,
      default: Token.nullValue(),
      description: 'Name of the VPC and first part of its parts\' names; "PROJECT_NAME_vpc" when not set.',
      validation: [
        rule(
          `var.vpc_name == null ? true : can(regex("${TAG_VALUE}", var.vpc_name)) && length(var.vpc_name) <= 127 && trimspace(var.vpc_name) == var.vpc_name && !startswith(var.vpc_name, "aws:")`,
          'vpc_name must have 1 to 127 letters, digits, spaces or characters of _.:/=+@- (no space at either end, no "aws:" in front), because it is the value of a tag, got "${coalesce(var.vpc_name, "nothing")}".',
        ),
      ],
    });

    this.eksClusterName = variable("eks_cluster_name", {
      type: VariableType.STRING,
      nullable: true,
      default: Token.nullValue(),
      description: 'Name of the EKS cluster; "PROJECT_NAME_eks" when not set.',
      validation: [
        rule(
          String.raw`var.eks_cluster_name == null ? true : can(regex("^[0-9A-Za-z][0-9A-Za-z_-]{0,99}$", var.eks_cluster_name))`,
          'eks_cluster_name must start with a letter or digit and have only letters, digits, "_" and "-", at most 100 in all, got "${coalesce(var.eks_cluster_name, "nothing")}".',
        ),
      ],
    });

    this.awsRegion = variable("aws_region", {
      type: VariableType.STRING,
      nullable: false,
      default: "ap-northeast-2",
      description: "AWS region. AMIs, key pairs and zones belong to one region: change them together.",
      validation: [
        rule(
          String.raw`can(regex("^[a-z]{2,4}(-[a-z]+)+-[0-9]+$", var.aws_region))`,
          'aws_region must be the name of a region, such as ap-northeast-2 (no zone letter at its end), got "${var.aws_region}"; `aws ec2 describe-regions` shows the names.',
        ),
      ],
    });

    this.vpcCidrBlock = variable("vpc_cidr_block", {
      type: VariableType.STRING,
      nullable: false,
      default: "172.16.0.0/16",
      description: "IPv4 address range of the VPC, /16 to /28.",
      validation: [
        rule(
          isVpcCidr("var.vpc_cidr_block"),
          `vpc_cidr_block must be an IPv4 range from /16 to /28 without host bits, got "\${var.vpc_cidr_block}"; write \${${canonicalCidr("var.vpc_cidr_block", "172.16.0.0/16")}}.`,
        ),
      ],
    });

    this.vpcPublicSubnets = variable("vpc_public_subnets", {
      type: SUBNETS,
      nullable: false,
      default: [
        { az: "ap-northeast-2a", cidr: "172.16.0.0/23", name: "public-subnet-a" },
        { az: "ap-northeast-2b", cidr: "172.16.2.0/23", name: "public-subnet-b" },
        { az: "ap-northeast-2c", cidr: "172.16.4.0/23", name: "public-subnet-c" },
      ],
      description:
        "Subnets with a route to the internet, by name. The first holds the NAT gateway and the bastion: another " +
        "first one replaces both.",
      validation: subnetRules("vpc_public_subnets"),
    });

    this.vpcPrivateSubnets = variable("vpc_private_subnets", {
      type: SUBNETS,
      nullable: false,
      default: [
        { az: "ap-northeast-2a", cidr: "172.16.10.0/23", name: "private-subnet-a" },
        { az: "ap-northeast-2b", cidr: "172.16.12.0/23", name: "private-subnet-b" },
        { az: "ap-northeast-2c", cidr: "172.16.14.0/23", name: "private-subnet-c" },
      ],
      description:
        "Subnets behind the NAT gateway, by name: the control plane's network interfaces and the nodes. A cluster " +
        "keeps the zones it was made with; a subnet with another range or zone needs another name and a free range.",
      validation: [
        ...subnetRules("vpc_private_subnets"),
        rule(
          `length(${overlapsAcross()}) == 0`,
          `vpc_private_subnets and vpc_public_subnets must not overlap, got \${join("; ", ${overlapsAcross()})}.`,
        ),
      ],
    });

    this.kubectlImageId = variable("kubectl_image_id", {
      type: VariableType.STRING,
      nullable: false,
      default: "ami-0fd02cb7da42ee5e0",
      description:
        "AMI of the bastion; the workshop's is Ubuntu Server 18.04 LTS in ap-northeast-2. It has to know IMDSv2.",
      validation: [imageId("kubectl_image_id")],
    });

    this.kubectlEc2User = variable("kubectl_ec2_user", {
      type: VariableType.STRING,
      nullable: false,
      default: "ubuntu",
      description: "Whom to log in to the bastion as: ubuntu on Ubuntu's AMIs, ec2-user on Amazon Linux's.",
      validation: [
        rule(
          String.raw`can(regex("^[a-z_][a-z0-9_-]{0,31}$", var.kubectl_ec2_user))`,
          'kubectl_ec2_user must be the name of a Linux user (lower case, at most 32 characters), such as ubuntu or ec2-user, got "${var.kubectl_ec2_user}".',
        ),
      ],
    });

    this.kubectlEc2VolumeSize = variable("kubectl_ec2_volume_size", {
      type: VariableType.NUMBER,
      nullable: false,
      default: 8,
      description: "Size of the bastion's root volume in GiB. Not less than the AMI's snapshot: 8 for Ubuntu's.",
      validation: [volumeSize("kubectl_ec2_volume_size")],
    });

    this.kubectlSshCidrs = variable("kubectl_ssh_cidrs", {
      type: VariableType.list(VariableType.STRING),
      nullable: false,
      default: [],
      description: 'Networks that may reach the bastion by SSH, such as ["203.0.113.7/32"]; none: nobody.',
      validation: [
        rule(
          `alltrue([for c in var.kubectl_ssh_cidrs : ${isCanonicalCidr("c")}])`,
          `kubectl_ssh_cidrs must hold address ranges without host bits, got \${join("; ", [for c in var.kubectl_ssh_cidrs : "\${jsonencode(c)}: write \${${canonicalCidr("c", "203.0.113.7/32")}}" if !${isCanonicalCidr("c")}])}; one address is a /32 (IPv4) or a /128 (IPv6).`,
        ),
        rule(
          `length(distinct(var.kubectl_ssh_cidrs)) == length(var.kubectl_ssh_cidrs)`,
          `kubectl_ssh_cidrs must name every network once, got more than once: \${join(", ", ${repeated("var.kubectl_ssh_cidrs")})}.`,
        ),
        rule(
          `var.kubectl_ssh_open_to_the_internet || !anytrue([for c in var.kubectl_ssh_cidrs : ${isTheInternet("c")}])`,
          `kubectl_ssh_cidrs must name the networks that may reach the bastion, got \${join(", ", [for c in var.kubectl_ssh_cidrs : c if ${isTheInternet("c")}])}, which is the whole internet or near it; name your own address as ADDRESS/32, or set kubectl_ssh_open_to_the_internet = true if you mean it.`,
        ),
      ],
    });

    this.kubectlSshOpenToTheInternet = variable("kubectl_ssh_open_to_the_internet", {
      type: VariableType.BOOL,
      nullable: false,
      default: false,
      description: "Says by name that kubectl_ssh_cidrs may hold ranges as wide as 0.0.0.0/0 or ::/0.",
    });

    this.eksWorkerNodeRoleName = variable("eks_worker_node_role_name", {
      type: VariableType.STRING,
      nullable: true,
      default: Token.nullValue(),
      description:
        'Name of the nodes\' IAM role and instance profile; "PROJECT_NAME_eks_worker_nodes_role" when not set.',
      validation: [
        rule(
          `var.eks_worker_node_role_name == null ? true : can(regex("${IAM_NAME}", var.eks_worker_node_role_name)) && length(var.eks_worker_node_role_name) <= 64`,
          'eks_worker_node_role_name must have 1 to 64 letters, digits or characters of +=,.@_-, got "${coalesce(var.eks_worker_node_role_name, "nothing")}".',
        ),
        rule(
          `try(!contains(["\${var.project_name}-eks-cluster", var.aws_krug_admin_role], var.eks_worker_node_role_name), true)`,
          'eks_worker_node_role_name must be a role of the nodes\' own, got "${coalesce(var.eks_worker_node_role_name, "nothing")}", which is the cluster\'s role or aws_krug_admin_role.',
        ),
        rule(
          `length(coalesce(var.eks_worker_node_role_name, "\${var.project_name}_eks_worker_nodes_role")) <= 64`,
          'eks_worker_node_role_name must be set when project_name has more than 42 characters, because "${var.project_name}_eks_worker_nodes_role" has ${length(var.project_name) + 22} and IAM allows 64.',
        ),
      ],
    });

    this.eksWorkerNodePublicIp = variable("eks_worker_node_public_ip", {
      type: VariableType.BOOL,
      nullable: false,
      default: false,
      description: "Whether nodes get a public address; they stand in private subnets and do not need one.",
    });

    this.eksWorkerNodeVolumeSize = variable("eks_worker_node_volume_size", {
      type: VariableType.NUMBER,
      nullable: false,
      default: 10,
      description: "Size of a node's root volume in GiB. Not less than the AMI's snapshot: 20 for Amazon Linux 2023.",
      validation: [volumeSize("eks_worker_node_volume_size")],
    });

    this.eksWorkerNodeAmiId = variable("eks_worker_node_ami_id", {
      type: VariableType.STRING,
      nullable: false,
      default: "ami-023bb403131889300",
      description:
        "AMI of the nodes, pinned on purpose; the workshop's is for EKS 1.14 in ap-northeast-2. It has to know IMDSv2.",
      validation: [imageId("eks_worker_node_ami_id")],
    });

    this.eksWorkerNodeEc2Type = variable("eks_worker_node_ec2_type", {
      type: VariableType.STRING,
      nullable: false,
      default: "t3.micro",
      description: "Instance type of the nodes. A t3.micro holds 4 pods, of which the system takes all on two nodes.",
      validation: [
        rule(
          String.raw`can(regex("^[a-z][a-z0-9-]*\\.(nano|micro|small|medium|large|[0-9]*xlarge|metal(-[0-9]+xl)?)$", var.eks_worker_node_ec2_type))`,
          'eks_worker_node_ec2_type must be an EC2 instance type such as t3.medium, got "${var.eks_worker_node_ec2_type}"; `aws ec2 describe-instance-type-offerings` shows the names.',
        ),
      ],
    });

    this.eksWorkerUserDataGroup = variable("eks_worker_user_data_group", {
      type: VariableType.object({
        pre_userdata: VariableType.STRING,
        additional_userdata: VariableType.STRING,
        kubelet_extra_args: VariableType.STRING,
        enable_docker_bridge: VariableType.BOOL,
      }),
      nullable: false,
      default: { pre_userdata: "", additional_userdata: "", kubelet_extra_args: "", enable_docker_bridge: false },
      description:
        "Shell text before and after the nodes' bootstrap.sh, the kubelet's extra arguments, Docker's bridge.",
      validation: [
        rule(
          `alltrue([for value in values(var.eks_worker_user_data_group) : value != null])`,
          `eks_worker_user_data_group must have a value in every field, got null in: \${join(", ", [for name, value in var.eks_worker_user_data_group : name if value == null])}; write "" for nothing, and false for enable_docker_bridge.`,
        ),
        rule(
          String.raw`try(!can(regex("[\r\n]", var.eks_worker_user_data_group.kubelet_extra_args)), true)`,
          "eks_worker_user_data_group.kubelet_extra_args must be one line, got a line break in it; separate arguments by spaces.",
        ),
        rule(
          `try(length(base64encode(join("", ${USER_DATA_PARTS}))) * 3 / 4 <= ${String(USER_DATA_PARTS_MAX_BYTES)}, true)`,
          `eks_worker_user_data_group can have ${String(USER_DATA_PARTS_MAX_BYTES)} bytes of text in all, got about \${try(length(base64encode(join("", ${USER_DATA_PARTS}))) * 3 / 4, 0)}; EC2 allows 16384 for the whole script, so put long ones into S3 and fetch them.`,
        ),
      ],
    });

    this.eksWorkerNodesEnableMonitoring = variable("eks_worker_nodes_enable_monitoring", {
      type: VariableType.BOOL,
      nullable: false,
      default: false,
      description: "Whether nodes report to CloudWatch every minute (billed) instead of every five.",
    });

    this.eksWorkerNodesAsgGroup = variable("eks_worker_nodes_asg_group", {
      type: VariableType.object({ min: VariableType.NUMBER, max: VariableType.NUMBER, desire: VariableType.NUMBER }),
      nullable: false,
      default: { min: 2, max: 2, desire: 2 },
      description: "How many nodes: at least min, at most max; every apply sets desire again.",
      validation: [
        rule(
          `try(alltrue([for n in values(var.eks_worker_nodes_asg_group) : floor(n) == n && n >= 0 && n <= ${String(CLUSTER_MAX_NODES)}]), false)`,
          `eks_worker_nodes_asg_group must have whole numbers from 0 to ${String(CLUSTER_MAX_NODES)}, got \${jsonencode(var.eks_worker_nodes_asg_group)}.`,
        ),
        rule(
          `try(var.eks_worker_nodes_asg_group.min <= var.eks_worker_nodes_asg_group.desire && var.eks_worker_nodes_asg_group.desire <= var.eks_worker_nodes_asg_group.max, true)`,
          "eks_worker_nodes_asg_group must have min <= desire <= max, got ${jsonencode(var.eks_worker_nodes_asg_group)}.",
        ),
      ],
    });

    this.awsAuthRoles = variable("aws_auth_roles", {
      type: mappings("rolearn"),
      nullable: false,
      default: [],
      description:
        "IAM roles that may use the cluster: entries of aws-auth's mapRoles, for the bootstrap to merge into it. The " +
        "nodes' role is mapped in any case.",
      validation: [
        ...mappingRules("aws_auth_roles", "rolearn"),
        rule(
          `length(${mappedNodeRoles()}) == 0`,
          `aws_auth_roles must not map the nodes' role, because the bootstrap does, got \${join(", ", ${mappedNodeRoles()})}; leave it out.`,
        ),
      ],
    });

    this.awsAuthUsers = variable("aws_auth_users", {
      type: mappings("userarn"),
      nullable: false,
      default: [],
      description:
        "IAM users that may use the cluster: entries of aws-auth's mapUsers, for the bootstrap to merge into it.",
      validation: mappingRules("aws_auth_users", "userarn"),
    });
  }
}

const USER_DATA_PARTS =
  "[var.eks_worker_user_data_group.pre_userdata, var.eks_worker_user_data_group.additional_userdata, var.eks_worker_user_data_group.kubelet_extra_args]";

function imageId(name: string) {
  return rule(
    `can(regex("^ami-([0-9a-f]{8}|[0-9a-f]{17})$", var.${name}))`,
    `${name} must be the id of an AMI, "ami-" and 8 or 17 hexadecimal digits, got "\${var.${name}}"; AMIs differ from region to region.`,
  );
}

/** EBS volumes end at 16 TiB, and no image of Ubuntu or Amazon Linux fits into less than 8 GiB. */
function volumeSize(name: string) {
  return rule(
    `floor(var.${name}) == var.${name} && var.${name} >= 8 && var.${name} <= 16384`,
    `${name} must be a whole number of GiB from 8 to 16384, got \${var.${name}}.`,
  );
}

/** Ranges wider than any organization has: more than a /8 of IPv4, more than a /16 of IPv6. */
function isTheInternet(cidr: string): string {
  return `try(${prefixLength(cidr)} < (strcontains(${cidr}, ":") ? 16 : 8), false)`;
}

function overlapsAcross(): string {
  return overlaps("concat(var.vpc_public_subnets, var.vpc_private_subnets)");
}

/** The type of a list of mappings from IAM to Kubernetes, in aws-auth's words. */
function mappings(arnKey: "rolearn" | "userarn"): string {
  return VariableType.list(
    VariableType.object({
      [arnKey]: VariableType.STRING,
      username: VariableType.STRING,
      groups: VariableType.list(VariableType.STRING),
    }),
  );
}

/** ARNs as aws-auth has to hold them, by the key that holds them, and what to do about the likeliest wrong ones. */
const MAPPED_ARNS = {
  rolearn: {
    pattern: String.raw`^arn:aws[a-z-]*:iam::[0-9]{12}:role/([!-~]+/)?[\\w+=,.@-]{1,64}$`,
    allowed: "the ARNs of IAM roles, arn:aws:iam::ACCOUNT:role/NAME",
    hint:
      "an instance profile is given by the role inside it (`aws iam get-instance-profile`), a session " +
      "(sts … assumed-role/NAME/SESSION) by the role NAME",
    // aws-auth matches sessions, which have no path: two roles that differ in it are one there.
    identity: 'lower(replace(m.rolearn, "/:role/.*//", ":role/"))',
  },
  userarn: {
    pattern: String.raw`^arn:aws[a-z-]*:iam::[0-9]{12}:user/([!-~]+/)?[\\w+=,.@-]{1,64}$`,
    allowed: "the ARNs of IAM users, arn:aws:iam::ACCOUNT:user/NAME",
    hint: "`aws iam get-user` shows it; a role belongs into aws_auth_roles",
    identity: "lower(m.userarn)",
  },
} as const;

/** What holds for a list of mappings, of roles or of users. */
function mappingRules(name: "aws_auth_roles" | "aws_auth_users", arnKey: "rolearn" | "userarn") {
  // Rows that are null have a rule of their own; the other rules would break on them.
  const list = `[for m in var.${name} : m if m != null]`;
  const { pattern, allowed, hint, identity } = MAPPED_ARNS[arnKey];
  const isArn = `can(regex("${pattern}", m.${arnKey}))`;
  const isText = (value: string) => `try(trimspace(${value}) == ${value} && ${value} != "", false)`;
  const areGroups = `try(alltrue([for g in m.groups : ${isText("g")}]), false)`;
  const offending = (holds: string, shown: string) => `\${join(", ", [for m in ${list} : ${shown} if !(${holds})])}`;
  const all = (holds: string) => `alltrue([for m in ${list} : ${holds}])`;
  const identities = `[for m in ${list} : ${identity} if ${isArn}]`;

  return [
    rule(
      `alltrue([for m in var.${name} : m != null])`,
      `${name} must be a list of { ${arnKey}, username, groups }, got null in it.`,
    ),
    rule(all(isArn), `${name} must have ${allowed}, got ${offending(isArn, `jsonencode(m.${arnKey})`)}; ${hint}.`),
    rule(
      `length(distinct(${identities})) == length(${identities})`,
      `${name} must map everyone once, got more than once: \${join(", ", ${repeated(identities)})}; put all groups into one entry.`,
    ),
    rule(
      all(isText("m.username")),
      `${name} must have a username in every entry (no space at either end), got ${offending(isText("m.username"), `"\${jsonencode(m.username)} for \${jsonencode(m.${arnKey})}"`)}.`,
    ),
    rule(
      all(areGroups),
      `${name} must have a list of group names in groups (none empty, no space at either end; [] for no group), got ${offending(areGroups, `"\${jsonencode(m.groups)} for \${jsonencode(m.${arnKey})}"`)}; the admins' group is system:masters.`,
    ),
  ];
}

/** The mapped roles that are called as the nodes' role. */
function mappedNodeRoles(): string {
  const nodeRole = `coalesce(var.eks_worker_node_role_name, "\${var.project_name}_eks_worker_nodes_role")`;
  return `[for m in var.aws_auth_roles : m.rolearn if try(endswith(m.rolearn, "/\${${nodeRole}}"), false)]`;
}

/** What holds for a list of subnets, public or private. */
function subnetRules(name: "vpc_public_subnets" | "vpc_private_subnets") {
  // Rows that are null have a rule of their own; the other rules would break on them.
  const list = `[for s in var.${name} : s if s != null]`;
  /** The subnets of which `holds` is not true, each as `NAME (VALUE)`. */
  const offending = (holds: string, value: string) =>
    `\${join(", ", [for s in ${list} : "\${coalesce(s.name, "without a name")} (\${coalesce(s.${value}, "nothing")})" if !(${holds})])}`;
  const all = (holds: string) => `alltrue([for s in ${list} : ${holds}])`;

  const nameHolds = `try(can(regex("${TAG_VALUE}", s.name)) && length(s.name) <= 128, false)`;
  const cidrHolds = isVpcCidr("s.cidr");
  const withinHolds = isWithin("s.cidr", "var.vpc_cidr_block");
  const zoneHolds = `can(regex("^\${var.aws_region}[a-z]$", s.az))`;

  return [
    rule(
      `alltrue([for s in var.${name} : s != null])`,
      `${name} must be a list of { az, cidr, name }, got null in it.`,
    ),
    rule(
      all(nameHolds),
      `${name} must have names of 1 to 128 letters, digits, spaces or characters of _.:/=+@-, got \${join(", ", [for s in ${list} : jsonencode(s.name) if !(${nameHolds})])}.`,
    ),
    rule(
      `length(distinct(${list}[*].name)) == length(${list})`,
      `${name} must have a name of its own for each subnet, got more than once: \${join(", ", try(${repeated(`${list}[*].name`)}, []))}.`,
    ),
    rule(
      all(cidrHolds),
      `${name} must have IPv4 ranges from /16 to /28 without host bits, got \${join(", ", [for s in ${list} : "\${coalesce(s.name, "without a name")} (\${jsonencode(s.cidr)}: write \${${canonicalCidr("s.cidr", "172.16.10.0/23")}})" if !(${cidrHolds})])}.`,
    ),
    rule(
      all(withinHolds),
      `${name} must lie inside vpc_cidr_block \${var.vpc_cidr_block}, got ${offending(withinHolds, "cidr")}.`,
    ),
    rule(`length(${overlaps(list)}) == 0`, `${name} must not overlap, got \${join("; ", ${overlaps(list)})}.`),
    rule(
      all(zoneHolds),
      `${name} must stand in zones of the region \${var.aws_region}, such as \${var.aws_region}a, got ${offending(zoneHolds, "az")}.`,
    ),
    rule(
      `length(distinct(${list}[*].az)) >= 2`,
      `${name} must stand in at least two zones, because EKS needs two, got \${length(${list})} subnet(s) in: \${join(", ", [for az in distinct(${list}[*].az) : coalesce(az, "none")])}.`,
    ),
  ];
}
