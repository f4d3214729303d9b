import { ARCHITECTURES, FAMILIES, NODE_IMAGES } from "../../facts/images";
import { namesOf } from "../../facts/names";
import { atLeast, atMost, distinct, matches, matching, type Condition } from "./condition";
import { flag, inputs, listOf, mapOf, number, object, oneOf, text, whole } from "./description";
import { writtenTwice } from "./bottlerocket";
import {
  HEXADECIMAL,
  IAM_CHARACTERS,
  IMAGE_ID,
  INSTANCE_TYPE,
  KUBERNETES_VERSION,
  MAX_NODES,
  MINOR,
  POLICY_ARN,
  ROOT_VOLUME,
  USER_DATA_PARTS_MAX_BYTES,
} from "./kinds";
import { MAX_PODS, registrationIn, registrationRules, type Registration } from "./registration";
import { everyRow, rule, unless, type Rule, type RowRule } from "./rule";

/** What launches nodes: the workshop's launch configuration, or a launch template. */
export const LAUNCHES = ["configuration", "template"] as const;

/** The minor version of Kubernetes that EKS has the last AMIs of Amazon Linux 2 for. */
const LAST_AL2_MINOR = NODE_IMAGES.al2.newestMinor;
/** Of Amazon Linux 2023's AMIs, in GiB. */
const AL2023_SNAPSHOT = NODE_IMAGES.al2023.volumeGiB;

/** What the stack calls what it makes, in Terraform's language. */
const NAMES = namesOf("${var.project_name}");

/** The name of the nodes' role, in Terraform's language. */
export const NODE_ROLE = `coalesce(var.eks_worker_node_role_name, "${NAMES.nodeRole}")`;
const CLUSTER_NAME = `coalesce(var.eks_cluster_name, "${NAMES.cluster}")`;

/** Graviton: `g` right behind the generation, and the first of them. */
const IS_ARM = matches(String.raw`^(a1|[a-z]+[0-9]+g[a-z]*)\.`).hcl("type");
/**
 * A tag's key has 128 characters, and the cluster autoscaler's begins with 46 of its own.
 *
 * @see https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-tagging.html
 */
const AUTOSCALER_KEY_MAX = 82;
/**
 * Of the ten managed policies that a role can have, three are every node's.
 *
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
 */
const POLICIES_MAX = 7;
const SECURITY_GROUPS_MAX = 15;
const EVERY_NODES_POLICIES = [
  "AmazonEKSWorkerNodePolicy",
  "AmazonEKS_CNI_Policy",
  "AmazonEC2ContainerRegistryReadOnly",
];

/**
 * GiB that a volume of a type can have; of all others 65536.
 *
 * @see https://docs.aws.amazon.com/ebs/latest/userguide/ebs-volume-types.html
 */
const VOLUME_MAX_GIB = "{ gp2 = 16384, io1 = 16384 }";
/** IOPS that a volume of a type can have (from, to, per GiB), by the same page. */
const IOPS = "{ gp3 = [3000, 80000, 500], io1 = [100, 64000, 50], io2 = [100, 256000, 1000] }";

/** A field with a list of texts that all match, each once, and not too many of them. */
function idsOf(what: string, of: Condition<string>, says: string, most?: number) {
  const count: Condition<readonly string[]>[] =
    most === undefined
      ? []
      : [{ must: (field) => `have at most ${String(most)} ${what}s in ${field}`, ...atMost(most) }];
  return listOf(text({ conditions: [of] }), { default: [], says, conditions: [distinct(what), ...count] });
}

const ONE_LINE = matching("^[^\r\n]*$", "one line", "separate arguments by spaces");

/** A node group. Whatever is not said has the default that stands here. */
const group = object({
  ami_id: text({ says: "The nodes' AMI. `eks pin` finds one.", conditions: [IMAGE_ID] }),
  ami_family: oneOf(FAMILIES, {
    default: "al2023",
    says: "al2 (up to 1.32), al2023 or bottlerocket: what the AMI is of. It decides how a node is told to join.",
  }),
  kubernetes_version: text({
    default: null,
    says: "Of the AMI's kubelet, where the AMI is none of EKS' own, whose names tell it.",
    conditions: [KUBERNETES_VERSION],
  }),
  architecture: oneOf(ARCHITECTURES, { default: "x86_64", says: "Of the AMI and of the instance types." }),
  instance_types: listOf(text({ conditions: [INSTANCE_TYPE] }), {
    default: ["t3.medium"],
    says: "One instance type; several are mixed.",
    conditions: [
      { must: (field) => `have at least one instance type in ${field}`, ...atLeast(1) },
      distinct("instance type"),
    ],
  }),
  on_demand_base: whole({ default: 0, from: 0, to: MAX_NODES, says: "Nodes that are never spot instances." }),
  on_demand_percentage: whole({
    default: 100,
    from: 0,
    to: 100,
    says: "Of the nodes above the base, how many are no spot instances.",
  }),
  spot_allocation_strategy: oneOf(
    ["price-capacity-optimized", "capacity-optimized", "capacity-optimized-prioritized", "lowest-price"],
    { default: "price-capacity-optimized", says: "How EC2 chooses spot instances." },
  ),
  spot_max_price: text({
    default: null,
    says: "USD per hour; at most the on-demand price when not set.",
    conditions: [
      matching(
        String.raw`^([1-9][0-9]{0,3}(\.[0-9]{1,5})?|0\.[0-9]{0,4}[1-9][0-9]{0,4})$`,
        'a price in USD per hour above 0, such as "0.05",',
        "leave it out for at most the on-demand price",
      ),
    ],
  }),
  min_size: whole({
    default: 1,
    from: 0,
    to: MAX_NODES,
    says: "Nodes, at least, of each Auto Scaling group: with group_per_zone, in every zone.",
  }),
  max_size: whole({ default: 3, from: 0, to: MAX_NODES, says: "Nodes, at most." }),
  desired_size: whole({
    default: null,
    from: 0,
    to: MAX_NODES,
    says: "Nodes, which every apply sets again; min_size when not set.",
  }),
  desired_size_owner: oneOf(["terraform", "autoscaler"], {
    default: "terraform",
    says: "Who says how many nodes there are: every apply, or an autoscaler.",
  }),
  zones: listOf(text(), { default: [], says: "Zones of the private subnets; all when not set." }),
  subnet_ids: idsOf(
    "subnet",
    matching(`^subnet-${HEXADECIMAL}$`, (field) => `have ids of subnets in ${field}`),
    "Subnets instead of zones.",
  ),
  spread: oneOf(["one_group", "group_per_zone"], {
    default: "one_group",
    says:
      "One Auto Scaling group over all zones, or group_per_zone: one in each, as the cluster autoscaler wants it " +
      "for volumes.",
  }),
  volume_size: number({ default: 20, says: "GiB of the root volume; of Bottlerocket's data volume." }),
  volume_type: oneOf(["gp3", "gp2", "io1", "io2"], { default: "gp3", says: "Of the root volume." }),
  volume_iops: number({ default: null, says: "Of the root volume; needed for io1 and io2." }),
  volume_throughput: number({
    default: null,
    says: "Of the root volume, in MiB per second; gp3 only, and above 1000 with a provider newer than 5.100.",
  }),
  labels: mapOf(text(), { default: {}, says: "Labels of the nodes." }),
  taints: listOf(object({ key: text(), value: text({ default: "" }), effect: text() }), {
    default: [],
    says: "Taints of the nodes: { key, value, effect } with NoSchedule, PreferNoSchedule or NoExecute.",
  }),
  security_group_ids: idsOf(
    "security group",
    matching(`^sg-${HEXADECIMAL}$`, (field) => `have ids of security groups in ${field}`),
    "Security groups besides the nodes' own.",
    SECURITY_GROUPS_MAX,
  ),
  policy_arns: idsOf(
    "policy",
    matching(POLICY_ARN, (field) => `have ARNs of IAM policies in ${field}, arn:aws:iam::ACCOUNT:policy/NAME`),
    "IAM policies besides what every node needs; the group then has a role of its own.",
    POLICIES_MAX,
  ),
  kubelet_extra_args: text({
    default: "",
    says: "More arguments of the kubelet, on one line; not for bottlerocket.",
    conditions: [ONE_LINE],
  }),
  max_pods: whole({
    default: null,
    from: 1,
    to: MAX_PODS,
    says: "Pods of a node; what its addresses hold when not set.",
  }),
  pre_userdata: text({ default: "", says: "A shell script that runs before the node joins; not for bottlerocket." }),
  additional_userdata: text({
    default: "",
    says: "A shell script that runs after that on al2, and before the node joins on al2023; TOML for bottlerocket.",
  }),
  associate_public_ip: flag({ default: false, says: "Whether nodes get a public address." }),
  detailed_monitoring: flag({
    default: false,
    says: "Whether nodes report to CloudWatch every minute, which is billed.",
  }),
  metadata_hop_limit: whole({
    default: 1,
    from: 1,
    to: 64,
    says: "Hops of an answer of the metadata service: with 1 pods have no way to the node's role, with 2 they have.",
  }),
  warm_up_seconds: whole({
    default: 120,
    from: 0,
    to: 21_600,
    unit: "seconds",
    says: "Time that a new node is given before it counts.",
  }),
  instance_refresh: object(
    {
      min_healthy_percentage: whole({ default: 90, from: 0, to: 100, says: "Nodes that stay up at least." }),
      skip_matching: flag({ default: true, says: "Whether nodes that are right already stay." }),
    },
    { default: null, says: "{}: AWS replaces the nodes when what launches them changes; they are not drained." },
  ),
  launch: oneOf(LAUNCHES, { default: "template", says: "What launches the nodes." }),
  cluster_autoscaler: flag({
    default: false,
    says:
      "Whether the group has the tags by which the cluster autoscaler finds it, and no AZRebalance; needs " +
      'desired_size_owner = "autoscaler", and types of one size.',
  }),
});

const LABEL_KEYS = "concat(keys(row.labels), row.taints[*].key)";
const TWICE = writtenTwice("row.additional_userdata", "a row");
const ARGUMENTS = registrationIn("row.kubelet_extra_args");
/** What a group's nodes register with: what it says itself, and what it says to the kubelet. */
const REGISTRATION: Registration = {
  labels: `concat([for key, value in row.labels : { key = key, value = value }], ${ARGUMENTS.labels})`,
  taints: `concat(row.taints, ${ARGUMENTS.taints})`,
  maxPods: ARGUMENTS.maxPods,
};
const SIZE = "coalesce(row.desired_size, row.min_size)";
const iops = (at: 0 | 1 | 2) => `${IOPS}[row.volume_type][${String(at)}]`;
const bytes = (texts: string) => `length(base64encode(join("", ${texts}))) * 3 / 4`;
const GROUP_TEXTS = "[row.pre_userdata, row.additional_userdata, row.kubelet_extra_args]";
const ZONES = matches("^[a-z]$").hcl("trimprefix(zone, var.aws_region)");

/** Rules of a row of node_groups that compare its fields with each other, or with other inputs. */
const GROUP_RULES: readonly RowRule[] = [
  // Names
  {
    holds: matches("^[0-9A-Za-z][0-9A-Za-z_-]{0,39}$").hcl("key"),
    must: 'have names of 1 to 40 letters, digits, "_" and "-" that start with a letter or digit',
    got: "key",
  },
  {
    holds: `length("\${${CLUSTER_NAME}}-\${key}") <= 125`,
    must:
      "have names that together with the cluster's have at most 125 characters, because launch templates are called " +
      "CLUSTER-GROUP",
    got: `length("\${${CLUSTER_NAME}}-\${key}")`,
  },
  {
    holds: `alltrue([for other, o in var.node_groups :
      o.spread != "group_per_zone" || !startswith(key, "\${other}-\${var.aws_region}")])`,
    must: 'have no name that is another group\'s with a zone behind it when that one has spread = "group_per_zone"',
    got: "key",
  },
  {
    holds: `length(row.policy_arns) == 0 || length("\${${NODE_ROLE}}-\${key}") <= 64`,
    must:
      "have names that together with the nodes' role have at most 64 characters where there are policy_arns, " +
      "because the group's own role is called ROLE-GROUP",
    got: `length("\${${NODE_ROLE}}-\${key}")`,
    cure: "shorten the group's name, or set eks_worker_node_role_name",
  },

  // Images and machines
  {
    holds: `row.ami_family != "al2" || ${MINOR} <= ${String(LAST_AL2_MINOR)}`,
    must: "have an ami_family that EKS has AMIs of: al2 ends with 1.32",
    got: '"al2 for ${var.eks_version}"',
    cure: "take an AMI of al2023 or bottlerocket; `eks pin` finds one",
  },
  {
    holds: `alltrue([for type in row.instance_types : ${IS_ARM} == (row.architecture == "arm64")])`,
    must: "have instance types of the group's architecture",
    got: `"\${row.architecture}: \${join(" ",
      [for type in row.instance_types : type if ${IS_ARM} != (row.architecture == "arm64")])}"`,
    cure: "Graviton types, such as m7g.large and t4g.medium, are arm64, all others x86_64",
  },
  {
    holds: "row.spot_max_price == null || row.on_demand_percentage < 100",
    must: "have spot_max_price only where on_demand_percentage is less than 100",
    got: "row.spot_max_price",
    cure: "with 100 there are no spot nodes",
  },

  // Sizes
  {
    holds: `row.min_size <= ${SIZE} && ${SIZE} <= row.max_size`,
    must: "have min_size <= desired_size <= max_size",
    got: `join(" ", ["min", row.min_size, "desired", ${SIZE}, "max", row.max_size])`,
  },
  {
    holds: 'row.desired_size_owner == "terraform" || row.desired_size == null',
    must: 'have no desired_size where desired_size_owner = "autoscaler"',
    got: "row.desired_size",
    cure: "such a group starts with min_size, and then its size is the autoscaler's to say",
  },
  {
    holds: '!row.cluster_autoscaler || row.desired_size_owner == "autoscaler"',
    must:
      'have desired_size_owner = "autoscaler" where cluster_autoscaler is set, because every apply would set the ' +
      "size back that it chose",
    got: "row.desired_size_owner",
  },

  // Places
  {
    holds: `alltrue([for zone in row.zones : startswith(zone, var.aws_region) && ${ZONES}]) &&
      length(distinct(row.zones)) == length(row.zones)`,
    must: "have zones of aws_region in zones, each once",
    got: "jsonencode(row.zones)",
    cure: "write the region's name and one letter, such as ${var.aws_region}a",
  },
  {
    holds: "length(row.zones) == 0 || length(row.subnet_ids) == 0",
    must: "have zones or subnet_ids, not both",
    got: '"${join(" ", row.zones)} and ${join(" ", row.subnet_ids)}"',
  },
  {
    holds: 'row.spread != "group_per_zone" || length(row.subnet_ids) == 0',
    must: 'have no subnet_ids where spread = "group_per_zone"',
    got: 'join(" ", row.subnet_ids)',
    cure: "say zones, or write a group for each subnet",
  },

  // Volumes
  {
    holds: `floor(row.volume_size) == row.volume_size && row.volume_size >= 8 &&
      row.volume_size <= lookup(${VOLUME_MAX_GIB}, row.volume_type, 65536)`,
    must: "have a whole number of GiB as volume_size, from 8 to 65536 for gp3 and io2, and to 16384 for gp2 and io1",
    got: '"${row.volume_type} with ${row.volume_size}"',
  },
  {
    holds: `row.ami_family != "al2023" || row.volume_size >= ${String(AL2023_SNAPSHOT)}`,
    must: "have at least 20 GiB as volume_size for al2023, whose AMIs have a snapshot of 20",
    got: "row.volume_size",
  },
  {
    holds: `row.volume_iops == null ? !contains(["io1", "io2"], row.volume_type) :
      floor(row.volume_iops) == row.volume_iops && row.volume_iops >= ${iops(0)} &&
      row.volume_iops <= min(${iops(1)}, max(${iops(0)}, ${iops(2)} * row.volume_size))`,
    must:
      "have as volume_iops, for gp3 3000 to 80000 and at most 500 for each GiB; for io1, which needs it, 100 to " +
      "64000 and 50; for io2, which needs it, 100 to 256000 and 1000; for gp2 nothing",
    got: '"${row.volume_type} with ${coalesce(row.volume_iops, "none")} on ${row.volume_size} GiB"',
  },
  {
    holds: `row.volume_throughput == null ? true :
      row.volume_type == "gp3" && floor(row.volume_throughput) == row.volume_throughput &&
      row.volume_throughput >= 125 && row.volume_throughput <= min(2000, coalesce(row.volume_iops, 3000) / 4)`,
    must:
      "have volume_throughput for gp3 only, 125 to 2000 MiB per second and at most a quarter of volume_iops (3000 " +
      "when not set)",
    got: '"${row.volume_type} with ${row.volume_throughput}"',
  },

  // What Kubernetes is told
  ...registrationRules(REGISTRATION).map(({ broken, must, cure }) => ({
    holds: `length(${broken}) == 0`,
    must: `have ${must}`,
    got: `join(" ", ${broken})`,
    cure,
  })),
  {
    holds: `!row.cluster_autoscaler ||
      alltrue([for key in ${LABEL_KEYS} : length(key) <= ${String(AUTOSCALER_KEY_MAX)}])`,
    must:
      `have labels and taints with keys of at most ${String(AUTOSCALER_KEY_MAX)} characters where ` +
      "cluster_autoscaler is set, because they become tags",
    got: `join(" ", [for key in ${LABEL_KEYS} : key if length(key) > ${String(AUTOSCALER_KEY_MAX)}])`,
  },
  {
    holds: `row.ami_family == "al2" ||
      alltrue([for word in compact(split(" ", row.kubelet_extra_args)) : can(regex("^--[^'\\"]*$", word))])`,
    must: "have kubelet_extra_args for al2023 that all look like --name=value, without quotes",
    got: "row.kubelet_extra_args",
  },
  {
    holds: 'row.ami_family != "bottlerocket" || row.kubelet_extra_args == "" && row.pre_userdata == ""',
    must: "have neither kubelet_extra_args nor pre_userdata for bottlerocket, which runs no shell",
    got: 'join("; ", compact([row.kubelet_extra_args, row.pre_userdata]))',
    cure: "write settings, as TOML, into additional_userdata",
  },
  {
    holds: `row.ami_family != "bottlerocket" || length(${TWICE.found}) == 0`,
    must:
      `have additional_userdata for bottlerocket without what stands before it, ${TWICE.written}, because TOML takes ` +
      "it once",
    got: `join(" ", ${TWICE.found})`,
    cure:
      "what stands before the first header belongs to settings.kubernetes; say labels, taints and max_pods of the " +
      "group",
  },
  {
    holds: `${bytes(GROUP_TEXTS)} <= ${String(USER_DATA_PARTS_MAX_BYTES)}`,
    must:
      `have at most ${String(USER_DATA_PARTS_MAX_BYTES)} bytes of pre_userdata, additional_userdata and ` +
      "kubelet_extra_args together",
    got: `try("about \${${bytes(GROUP_TEXTS)}}", "null")`,
    cure: "EC2 allows 16384 for the whole script, so put long ones into S3 and fetch them",
  },

  // What nodes may do, and how they are launched
  {
    holds: `!anytrue([for arn in row.policy_arns :
      can(regex(":iam::aws:policy/(${EVERY_NODES_POLICIES.join("|")})$", arn))])`,
    must: "have no policy in policy_arns that every node has",
    got: 'join(" ", row.policy_arns)',
    cure: `leave out ${EVERY_NODES_POLICIES.slice(0, 2).join(", ")} and ${EVERY_NODES_POLICIES[2] ?? ""}`,
  },
  {
    holds: `row.launch == "template" || length(row.instance_types) == 1 &&
      (row.on_demand_percentage == 100 ||
       row.on_demand_percentage == 0 && row.on_demand_base == 0 && row.spot_max_price != null)`,
    must:
      "have one instance type, and on_demand_percentage = 100, or 0 with a spot_max_price, where launch = " +
      '"configuration"',
    got: '"${join(" ", row.instance_types)} with ${row.on_demand_percentage} percent"',
    cure: 'set launch = "template" for mixed instances',
  },
  {
    holds: 'row.launch == "template" || row.ami_family != "bottlerocket"',
    must: 'have launch = "template" for bottlerocket, which has a second volume for its data',
    got: "row.launch",
  },
];

/** True where the inputs of the workshop's single group say nothing, because there are others. */
const UNUSED = "length(var.node_groups) > 0";
const USER_DATA = "var.eks_worker_user_data_group";
const FAMILY = "var.eks_worker_node_ami_family";
const WORKER_TEXTS = `[${USER_DATA}.pre_userdata, ${USER_DATA}.additional_userdata, ${USER_DATA}.kubelet_extra_args]`;
const WORKER_TWICE = writtenTwice(`${USER_DATA}.additional_userdata`, "every group");

function userDataRules(): readonly Rule[] {
  return [
    rule(
      `alltrue([for value in values(${USER_DATA}) : value != null])`,
      `eks_worker_user_data_group must have a value in every field, got null in:
       \${join(", ", [for name, value in ${USER_DATA} : name if value == null])}; write "" for nothing, and false for
       enable_docker_bridge.`,
    ),
    ...unless(
      UNUSED,
      registrationRules(registrationIn(`${USER_DATA}.kubelet_extra_args`)).map(({ broken, must, cure }) =>
        rule(
          `try(length(${broken}) == 0, true)`,
          `eks_worker_user_data_group.kubelet_extra_args must have ${must}, got
           \${join(" ", try(${broken}, []))}${cure === undefined ? "" : `; ${cure}`}.`,
        ),
      ),
    ),
    rule(
      `try(${bytes(WORKER_TEXTS)} <= ${String(USER_DATA_PARTS_MAX_BYTES)}, true)`,
      `eks_worker_user_data_group can have ${String(USER_DATA_PARTS_MAX_BYTES)} bytes of text in all, got about
       \${try(${bytes(WORKER_TEXTS)}, 0)}; EC2 allows 16384 for the whole script, so put long ones into S3 and fetch
       them.`,
    ),
  ];
}

function familyRules(): readonly Rule[] {
  return unless(UNUSED, [
    rule(
      `${FAMILY} != "al2" || try(${MINOR} <= ${String(LAST_AL2_MINOR)}, true)`,
      `eks_worker_node_ami_family must be al2023 or bottlerocket from eks_version 1.33 on, got al2 for
       \${var.eks_version}; EKS has AMIs of Amazon Linux 2 up to 1.32, and \`eks pin\` finds one of another family.`,
    ),
    rule(
      `${FAMILY} != "al2023" || var.eks_worker_node_volume_size >= ${String(AL2023_SNAPSHOT)}`,
      `eks_worker_node_volume_size must be at least 20 for al2023, whose AMIs have a snapshot of 20 GiB, got
       \${var.eks_worker_node_volume_size}.`,
    ),
    rule(
      `${FAMILY} != "bottlerocket" || var.eks_worker_node_launch == "template"`,
      `eks_worker_node_launch must be template for bottlerocket, which has a second volume for its data, got
       "\${var.eks_worker_node_launch}".`,
    ),
    rule(
      `${FAMILY} != "bottlerocket" ||
       try("\${${USER_DATA}.pre_userdata}\${${USER_DATA}.kubelet_extra_args}" == "", true)`,
      `eks_worker_user_data_group must have neither pre_userdata nor kubelet_extra_args for bottlerocket, which runs no
       shell, got text in them; write settings, as TOML, into additional_userdata.`,
    ),
    rule(
      `${FAMILY} != "bottlerocket" || try(length(${WORKER_TWICE.found}) == 0, true)`,
      `eks_worker_user_data_group must have additional_userdata for bottlerocket without what stands before it,
       ${WORKER_TWICE.written}, because TOML takes it once, got \${join(" ", try(${WORKER_TWICE.found}, []))}; what
       stands before the first header belongs to settings.kubernetes.`,
    ),
    rule(
      `${FAMILY} == "al2" || try(!${USER_DATA}.enable_docker_bridge, true)`,
      `eks_worker_user_data_group.enable_docker_bridge must be false for \${${FAMILY}}, which has no Docker, got true.`,
    ),
  ]);
}

/** The node groups: the workshop's single one, or those that tfvars name. */
export const nodes = inputs({
  eks_worker_node_role_name: text({
    default: null,
    says: 'Name of the nodes\' IAM role and instance profile; "PROJECT_NAME_eks_worker_nodes_role" when not set.',
    conditions: [matching(`^${IAM_CHARACTERS}{1,64}$`, () => "have 1 to 64 letters, digits or characters of +=,.@_-")],
    rules: [
      rule(
        `try(!contains(
           ["${NAMES.clusterRole}",
            var.kubectl_own_role ? "${NAMES.bastion}" : var.aws_krug_admin_role],
           var.eks_worker_node_role_name), true)`,
        `eks_worker_node_role_name must be a role of the nodes' own, got
         "\${coalesce(var.eks_worker_node_role_name, "nothing")}", which is the cluster's role or the bastion's.`,
      ),
      rule(
        `length(${NODE_ROLE}) <= 64`,
        `eks_worker_node_role_name must be set when project_name has more than 42 characters, because
         "${NAMES.nodeRole}" has \${length(var.project_name) + 22} and IAM allows 64.`,
      ),
    ],
  }),

  eks_worker_node_public_ip: flag({
    default: false,
    says: "Whether nodes get a public address; they stand in private subnets and do not need one.",
  }),

  eks_worker_node_volume_size: whole({
    ...ROOT_VOLUME,
    default: 10,
    says: "Size of a node's root volume in GiB. Not less than the AMI's snapshot: 20 for Amazon Linux 2023.",
  }),

  eks_worker_node_ami_id: text({
    conditions: [IMAGE_ID],
    default: "ami-023bb403131889300",
    says:
      "AMI of the nodes, pinned on purpose; the workshop's is for EKS 1.14 in ap-northeast-2. It has to know " +
      "IMDSv2.",
  }),

  eks_worker_node_ec2_type: text({
    default: "t3.micro",
    says: "Instance type of the nodes. A t3.micro holds 4 pods, of which the system takes all on two nodes.",
    conditions: [INSTANCE_TYPE],
  }),

  eks_worker_user_data_group: object(
    {
      pre_userdata: text({ says: "Shell text before the nodes' bootstrap.sh." }),
      additional_userdata: text({ says: "Shell text after it." }),
      kubelet_extra_args: text({ says: "More arguments of the kubelet.", conditions: [ONE_LINE] }),
      enable_docker_bridge: flag({ says: "Whether Docker has its bridge." }),
    },
    {
      default: { pre_userdata: "", additional_userdata: "", kubelet_extra_args: "", enable_docker_bridge: false },
      says: "Shell text before and after the nodes' bootstrap.sh, the kubelet's extra arguments, Docker's bridge.",
      rules: userDataRules(),
    },
  ),

  eks_worker_nodes_enable_monitoring: flag({
    default: false,
    says: "Whether nodes report to CloudWatch every minute (billed) instead of every five.",
  }),

  eks_worker_nodes_asg_group: object(
    {
      min: whole({ from: 0, to: MAX_NODES, says: "Nodes, at least." }),
      max: whole({ from: 0, to: MAX_NODES, says: "Nodes, at most." }),
      desire: whole({ from: 0, to: MAX_NODES, says: "Nodes." }),
    },
    {
      default: { min: 2, max: 2, desire: 2 },
      says: "How many nodes: at least min, at most max; every apply sets desire again.",
      rules: [
        rule(
          `try(var.eks_worker_nodes_asg_group.min <= var.eks_worker_nodes_asg_group.desire &&
             var.eks_worker_nodes_asg_group.desire <= var.eks_worker_nodes_asg_group.max, true)`,
          "eks_worker_nodes_asg_group must have min <= desire <= max, got " +
            "${jsonencode(var.eks_worker_nodes_asg_group)}.",
        ),
      ],
    },
  ),

  eks_worker_node_ami_family: oneOf(FAMILIES, {
    default: "al2",
    says: "Family of eks_worker_node_ami_id: al2, al2023 or bottlerocket. It decides how a node is told to join.",
    rules: familyRules(),
  }),

  eks_worker_node_launch: oneOf(LAUNCHES, {
    default: "configuration",
    says:
      "What launches the nodes: configuration, the workshop's way, which accounts since 2024-10-01 do not have any " +
      "more, or template.",
  }),

  node_groups: mapOf(group, {
    default: {},
    says:
      "Node groups by name, instead of the single one of the eks_worker_ variables. On al2023 both scripts run " +
      "before the node joins; on al2 additional_userdata runs after it; on bottlerocket it is TOML.",
    rules: everyRow("node_groups", GROUP_RULES),
  }),
});
