import { type TerraformVariable, Token, VariableType } from "cdktf";

import { Expression, optional } from "../hcl/expression";
import { rule } from "../hcl/ranges";
import { writtenTwice } from "./bottlerocket";
import type { Declare } from "./declare";
import { NODE_GROUP_RULES } from "./node-group-rules";
import { registrationIn, registrationRules } from "./registration";
import { IAM_NAME, imageId, MAX_NODES, USER_DATA_PARTS_MAX_BYTES, volumeSize } from "./rules";

/** A node group as tfvars write it; whatever is not said has the default that stands here. */
const NODE_GROUP = `object({ ${Object.entries({
  ami_id: "string",
  ami_family: optional("string", "al2023"),
  kubernetes_version: optional("string"),
  architecture: optional("string", "x86_64"),
  instance_types: optional("list(string)", ["t3.medium"]),
  on_demand_base: optional("number", 0),
  on_demand_percentage: optional("number", 100),
  spot_allocation_strategy: optional("string", "price-capacity-optimized"),
  spot_max_price: optional("string"),
  min_size: optional("number", 1),
  max_size: optional("number", 3),
  desired_size: optional("number"),
  desired_size_owner: optional("string", "terraform"),
  zones: optional("list(string)", []),
  subnet_ids: optional("list(string)", []),
  spread: optional("string", "one_group"),
  volume_size: optional("number", 20),
  volume_type: optional("string", "gp3"),
  volume_iops: optional("number"),
  volume_throughput: optional("number"),
  labels: optional("map(string)", {}),
  taints: optional(`list(object({ key = string, value = ${optional("string", "")}, effect = string }))`, []),
  security_group_ids: optional("list(string)", []),
  policy_arns: optional("list(string)", []),
  kubelet_extra_args: optional("string", ""),
  max_pods: optional("number"),
  pre_userdata: optional("string", ""),
  additional_userdata: optional("string", ""),
  associate_public_ip: optional("bool", false),
  detailed_monitoring: optional("bool", false),
  metadata_hop_limit: optional("number", 1),
  warm_up_seconds: optional("number", 120),
  instance_refresh: optional(
    `object({ min_healthy_percentage = ${optional("number", 90)}, skip_matching = ${optional("bool", true)} })`,
  ),
  launch: optional("string", "template"),
  cluster_autoscaler: optional("bool", false),
})
  .map(([field, type]) => `${field} = ${type}`)
  .join(", ")} })`;

/** The workshop's single group in the words of `node_groups`, field by field as Terraform's expressions. */
const WORKER: Readonly<Record<string, string>> = {
  ami_id: "var.eks_worker_node_ami_id",
  ami_family: "var.eks_worker_node_ami_family",
  instance_types: "[var.eks_worker_node_ec2_type]",
  on_demand_base: "0",
  on_demand_percentage: "100",
  spot_allocation_strategy: "null",
  spot_max_price: "null",
  min_size: "var.eks_worker_nodes_asg_group.min",
  max_size: "var.eks_worker_nodes_asg_group.max",
  desired_size: "var.eks_worker_nodes_asg_group.desire",
  desired_size_owner: '"terraform"',
  zones: "[]",
  subnet_ids: "[]",
  spread: '"one_group"',
  volume_size: "var.eks_worker_node_volume_size",
  volume_type: '"gp2"',
  volume_iops: "null",
  volume_throughput: "null",
  labels: "{}",
  taints: "[]",
  security_group_ids: "[]",
  policy_arns: "[]",
  kubelet_extra_args: "var.eks_worker_user_data_group.kubelet_extra_args",
  max_pods: "null",
  pre_userdata: "var.eks_worker_user_data_group.pre_userdata",
  additional_userdata: "var.eks_worker_user_data_group.additional_userdata",
  enable_docker_bridge: "var.eks_worker_user_data_group.enable_docker_bridge",
  associate_public_ip: "var.eks_worker_node_public_ip",
  detailed_monitoring: "var.eks_worker_nodes_enable_monitoring",
  // Two hops, so that a pod's request to the metadata service survives the node's bridge.
  // https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/configuring-instance-metadata-options.html
  metadata_hop_limit: "2",
  warm_up_seconds: "null",
  instance_refresh: "null",
  launch: "var.eks_worker_node_launch",
  cluster_autoscaler: "false",
};

/** One group that tfvars do not name, in the place of a map of them; see `NodeVariables.groups`. */
const WORKER_ROW = `{ ${Object.entries(WORKER)
  .map(([field, value]) => `${field} = ${value}`)
  .join(", ")} }`;

/** The node groups: the workshop's single one, or those that tfvars name. */
export class NodeVariables {
  readonly eksWorkerNodeRoleName: TerraformVariable;
  readonly eksWorkerNodePublicIp: TerraformVariable;
  readonly eksWorkerNodeVolumeSize: TerraformVariable;
  readonly eksWorkerNodeAmiId: TerraformVariable;
  readonly eksWorkerNodeEc2Type: TerraformVariable;
  readonly eksWorkerUserDataGroup: TerraformVariable;
  readonly eksWorkerNodesEnableMonitoring: TerraformVariable;
  readonly eksWorkerNodesAsgGroup: TerraformVariable;
  readonly eksWorkerNodeAmiFamily: TerraformVariable;
  readonly eksWorkerNodeLaunch: TerraformVariable;
  readonly nodeGroups: TerraformVariable;
  /** The groups of `node_groups`, or the workshop's single one, called `worker`: a map. */
  readonly groups = new Expression(
    `merge({ for name, group in var.node_groups : name => merge(group, { enable_docker_bridge = false }) }, { for name, group in { worker = ${WORKER_ROW} } : name => group if length(var.node_groups) == 0 })`,
  );

  constructor(declare: Declare) {
    this.eksWorkerNodeRoleName = declare("eks_worker_node_role_name", {
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
          `try(!contains(["\${var.project_name}-eks-cluster", var.kubectl_own_role ? "\${var.project_name}-kubectl" : var.aws_krug_admin_role], var.eks_worker_node_role_name), true)`,
          'eks_worker_node_role_name must be a role of the nodes\' own, got "${coalesce(var.eks_worker_node_role_name, "nothing")}", which is the cluster\'s role or the bastion\'s.',
        ),
        rule(
          `length(coalesce(var.eks_worker_node_role_name, "\${var.project_name}_eks_worker_nodes_role")) <= 64`,
          'eks_worker_node_role_name must be set when project_name has more than 42 characters, because "${var.project_name}_eks_worker_nodes_role" has ${length(var.project_name) + 22} and IAM allows 64.',
        ),
      ],
    });

    this.eksWorkerNodePublicIp = declare("eks_worker_node_public_ip", {
      type: VariableType.BOOL,
      nullable: false,
      default: false,
      description: "Whether nodes get a public address; they stand in private subnets and do not need one.",
    });

    this.eksWorkerNodeVolumeSize = declare("eks_worker_node_volume_size", {
      type: VariableType.NUMBER,
      nullable: false,
      default: 10,
      description: "Size of a node's root volume in GiB. Not less than the AMI's snapshot: 20 for Amazon Linux 2023.",
      validation: [volumeSize("eks_worker_node_volume_size")],
    });

    this.eksWorkerNodeAmiId = declare("eks_worker_node_ami_id", {
      type: VariableType.STRING,
      nullable: false,
      default: "ami-023bb403131889300",
      description:
        "AMI of the nodes, pinned on purpose; the workshop's is for EKS 1.14 in ap-northeast-2. It has to know IMDSv2.",
      validation: [imageId("eks_worker_node_ami_id")],
    });

    this.eksWorkerNodeEc2Type = declare("eks_worker_node_ec2_type", {
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

    this.eksWorkerUserDataGroup = declare("eks_worker_user_data_group", {
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
        ...registrationRules(registrationIn("var.eks_worker_user_data_group.kubelet_extra_args")).map(
          ({ broken, must, cure }) =>
            rule(
              `${UNUSED} || try(length(${broken}) == 0, true)`,
              `eks_worker_user_data_group.kubelet_extra_args must have ${must}, got \${join(" ", try(${broken}, []))}${cure === undefined ? "" : `; ${cure}`}.`,
            ),
        ),
        rule(
          `try(length(base64encode(join("", ${USER_DATA_PARTS}))) * 3 / 4 <= ${String(USER_DATA_PARTS_MAX_BYTES)}, true)`,
          `eks_worker_user_data_group can have ${String(USER_DATA_PARTS_MAX_BYTES)} bytes of text in all, got about \${try(length(base64encode(join("", ${USER_DATA_PARTS}))) * 3 / 4, 0)}; EC2 allows 16384 for the whole script, so put long ones into S3 and fetch them.`,
        ),
      ],
    });

    this.eksWorkerNodesEnableMonitoring = declare("eks_worker_nodes_enable_monitoring", {
      type: VariableType.BOOL,
      nullable: false,
      default: false,
      description: "Whether nodes report to CloudWatch every minute (billed) instead of every five.",
    });

    this.eksWorkerNodesAsgGroup = declare("eks_worker_nodes_asg_group", {
      type: VariableType.object({ min: VariableType.NUMBER, max: VariableType.NUMBER, desire: VariableType.NUMBER }),
      nullable: false,
      default: { min: 2, max: 2, desire: 2 },
      description: "How many nodes: at least min, at most max; every apply sets desire again.",
      validation: [
        rule(
          `try(alltrue([for n in values(var.eks_worker_nodes_asg_group) : floor(n) == n && n >= 0 && n <= ${String(MAX_NODES)}]), false)`,
          `eks_worker_nodes_asg_group must have whole numbers from 0 to ${String(MAX_NODES)}, got \${jsonencode(var.eks_worker_nodes_asg_group)}.`,
        ),
        rule(
          `try(var.eks_worker_nodes_asg_group.min <= var.eks_worker_nodes_asg_group.desire && var.eks_worker_nodes_asg_group.desire <= var.eks_worker_nodes_asg_group.max, true)`,
          "eks_worker_nodes_asg_group must have min <= desire <= max, got ${jsonencode(var.eks_worker_nodes_asg_group)}.",
        ),
      ],
    });

    this.eksWorkerNodeAmiFamily = declare("eks_worker_node_ami_family", {
      type: VariableType.STRING,
      nullable: false,
      default: "al2",
      description:
        "Family of eks_worker_node_ami_id: al2, al2023 or bottlerocket. It decides how a node is told to join.",
      validation: [
        rule(
          `contains(["al2", "al2023", "bottlerocket"], var.eks_worker_node_ami_family)`,
          'eks_worker_node_ami_family must be al2, al2023 or bottlerocket, got "${var.eks_worker_node_ami_family}".',
        ),
        rule(
          `${UNUSED} || var.eks_worker_node_ami_family != "al2" || try(tonumber(split(".", var.eks_version)[1]) <= 32, true)`,
          "eks_worker_node_ami_family must be al2023 or bottlerocket from eks_version 1.33 on, got al2 for ${var.eks_version}; EKS has AMIs of Amazon Linux 2 up to 1.32, and `eks pin` finds one of another family.",
        ),
        rule(
          `${UNUSED} || var.eks_worker_node_ami_family != "al2023" || var.eks_worker_node_volume_size >= 20`,
          "eks_worker_node_volume_size must be at least 20 for al2023, whose AMIs have a snapshot of 20 GiB, got ${var.eks_worker_node_volume_size}.",
        ),
        rule(
          `${UNUSED} || var.eks_worker_node_ami_family != "bottlerocket" || var.eks_worker_node_launch == "template"`,
          'eks_worker_node_launch must be template for bottlerocket, which has a second volume for its data, got "${var.eks_worker_node_launch}".',
        ),
        rule(
          `${UNUSED} || var.eks_worker_node_ami_family != "bottlerocket" || try("\${var.eks_worker_user_data_group.pre_userdata}\${var.eks_worker_user_data_group.kubelet_extra_args}" == "", true)`,
          "eks_worker_user_data_group must have neither pre_userdata nor kubelet_extra_args for bottlerocket, which runs no shell, got text in them; write settings, as TOML, into additional_userdata.",
        ),
        rule(
          `${UNUSED} || var.eks_worker_node_ami_family != "bottlerocket" || try(length(${TWICE.found}) == 0, true)`,
          `eks_worker_user_data_group must have additional_userdata for bottlerocket without what stands before it, ${TWICE.written}, because TOML takes it once, got \${join(" ", try(${TWICE.found}, []))}; what stands before the first header belongs to settings.kubernetes.`,
        ),
        rule(
          `${UNUSED} || var.eks_worker_node_ami_family == "al2" || try(!var.eks_worker_user_data_group.enable_docker_bridge, true)`,
          "eks_worker_user_data_group.enable_docker_bridge must be false for ${var.eks_worker_node_ami_family}, which has no Docker, got true.",
        ),
      ],
    });

    this.eksWorkerNodeLaunch = declare("eks_worker_node_launch", {
      type: VariableType.STRING,
      nullable: false,
      default: "configuration",
      description:
        "What launches the nodes: configuration, the workshop's way, which accounts since 2024-10-01 do not have any more, or template.",
      validation: [
        rule(
          `contains(["configuration", "template"], var.eks_worker_node_launch)`,
          'eks_worker_node_launch must be configuration or template, got "${var.eks_worker_node_launch}".',
        ),
      ],
    });

    this.nodeGroups = declare("node_groups", {
      type: `map(${NODE_GROUP})`,
      nullable: false,
      default: {},
      description:
        "Node groups by name, instead of the single one of the eks_worker_ variables. On al2023 both scripts run before " +
        "the node joins; on al2 additional_userdata runs after it; on bottlerocket it is TOML.",
      validation: NODE_GROUP_RULES,
    });
  }
}

/** Whether the variables of the single group say nothing, because there are others. */
const UNUSED = "length(var.node_groups) > 0";

const TWICE = writtenTwice("var.eks_worker_user_data_group.additional_userdata", "every group");

const USER_DATA_PARTS =
  "[var.eks_worker_user_data_group.pre_userdata, var.eks_worker_user_data_group.additional_userdata, var.eks_worker_user_data_group.kubelet_extra_args]";
