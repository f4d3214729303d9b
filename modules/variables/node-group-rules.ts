import { repeated, rule } from "../hcl/ranges";
import { writtenTwice } from "./bottlerocket";
import { MAX_PODS, registrationIn, registrationRules, type Registration } from "./registration";
import { MAX_NODES, USER_DATA_PARTS_MAX_BYTES } from "./rules";

/** Rows that are null have a rule of their own; the other rules would break on them. */
const GROUPS = "{ for name, g in var.node_groups : name => g if g != null }";

/**
 * One rule that every group has to keep.
 *
 * @param holds a condition on a group `g` called `name`; a value that breaks it counts as breaking the rule
 * @param must what is allowed, after `node_groups`
 * @param got an expression for the offending value
 * @param cure what to do instead
 */
function everyGroup(holds: string, must: string, got: string, cure?: string) {
  const kept = `try(${holds}, false)`;
  const found = `join(", ", [for name, g in ${GROUPS} : "\${name} (\${try(coalesce(tostring(${got})), jsonencode(${got}), "nothing")})" if !${kept}])`;
  return rule(
    `alltrue([for name, g in ${GROUPS} : ${kept}])`,
    `node_groups must have ${must}, got \${${found}}${cure === undefined ? "" : `; ${cure}`}.`,
  );
}

const quoted = (values: readonly string[]) => `[${values.map((value) => JSON.stringify(value)).join(", ")}]`;

/** A field with few possible values. */
function oneOf(field: string, values: readonly string[]) {
  const last = values.length - 1;
  const words = `${values.slice(0, last).join(", ")} or ${values[last] ?? ""}`;
  return everyGroup(`contains(${quoted(values)}, g.${field})`, `${words} as ${field}`, `g.${field}`);
}

/** A field that is a whole number, null where `optional`. */
function whole(field: string, least: number, most: number, unit: string, isOptional = false) {
  const inRange = `floor(g.${field}) == g.${field} && g.${field} >= ${String(least)} && g.${field} <= ${String(most)}`;
  return everyGroup(
    isOptional ? `g.${field} == null ? true : ${inRange}` : inRange,
    `a whole number${unit} from ${String(least)} to ${String(most)} as ${field}`,
    `g.${field}`,
  );
}

/** Whether every element of a list matches. */
function everyOf(list: string, pattern: string): string {
  return `alltrue([for value in ${list} : can(regex("${pattern}", value))])`;
}

/** @see https://docs.aws.amazon.com/ec2/latest/instancetypes/instance-type-names.html */
const INSTANCE_TYPE = String.raw`^[a-z][a-z0-9-]*\\.(nano|micro|small|medium|large|[0-9]*xlarge|metal(-[0-9]+xl)?)$`;
/** Graviton: `g` right behind the generation, and the first of them. */
const ARM_TYPE = String.raw`^(a1|[a-z]+[0-9]+g[a-z]*)\\.`;
const HEXADECIMAL = "([0-9a-f]{8}|[0-9a-f]{17})$";
/** A tag's key has 128 characters, and the cluster autoscaler's begins with 46 of its own. @see https://docs.aws.amazon.com/autoscaling/ec2/userguide/ec2-auto-scaling-tagging.html */
const AUTOSCALER_KEY_MAX = 82;
/** Of the ten managed policies that a role can have, three are every node's. @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html */
const POLICIES_MAX = 7;

const POLICY_ARN = String.raw`^arn:aws[a-z-]*:iam::(aws|[0-9]{12}):policy/[\\w+=,.@/-]+$`;
const CLUSTER_NAME = 'coalesce(var.eks_cluster_name, "${var.project_name}_eks")';
const ROLE_NAME = 'coalesce(var.eks_worker_node_role_name, "${var.project_name}_eks_worker_nodes_role")';
const LABEL_KEYS = "concat(keys(g.labels), g.taints[*].key)";

const TWICE = writtenTwice("g.additional_userdata", "a row");
const ARGUMENTS = registrationIn("g.kubelet_extra_args");
/** What a group's nodes register with: what it says itself, and what it says to the kubelet. */
const REGISTRATION: Registration = {
  labels: `concat([for key, value in g.labels : { key = key, value = value }], ${ARGUMENTS.labels})`,
  taints: `concat(g.taints, ${ARGUMENTS.taints})`,
  maxPods: ARGUMENTS.maxPods,
};

/** GiB that a volume of a type can have; of all others 65536. @see https://docs.aws.amazon.com/ebs/latest/userguide/ebs-volume-types.html */
const VOLUME_MAX_GIB = "{ gp2 = 16384, io1 = 16384 }";
/** IOPS that a volume of a type can have: from, to, per GiB. @see https://docs.aws.amazon.com/ebs/latest/userguide/ebs-volume-types.html */
const IOPS = "{ gp3 = [3000, 80000, 500], io1 = [100, 64000, 50], io2 = [100, 256000, 1000] }";
const iops = (at: 0 | 1 | 2) => `${IOPS}[g.volume_type][${String(at)}]`;

/** Rules of the variable `node_groups`. */
export const NODE_GROUP_RULES = [
  rule(
    "alltrue([for g in values(var.node_groups) : g != null])",
    'node_groups must be a map of { ami_id = "…", … }, got null in: ${join(", ", [for name, g in var.node_groups : name if g == null])}.',
  ),

  // Names
  everyGroup(
    'can(regex("^[0-9A-Za-z][0-9A-Za-z_-]{0,39}$", name))',
    'names of 1 to 40 letters, digits, "_" and "-" that start with a letter or digit',
    "name",
  ),
  everyGroup(
    `length("\${${CLUSTER_NAME}}-\${name}") <= 125`,
    "names that together with the cluster's have at most 125 characters, because launch templates are called CLUSTER-GROUP",
    `length("\${${CLUSTER_NAME}}-\${name}")`,
  ),
  everyGroup(
    'alltrue([for other, o in var.node_groups : o.spread != "group_per_zone" || !startswith(name, "${other}-${var.aws_region}")])',
    'no name that is another group\'s with a zone behind it when that one has spread = "group_per_zone"',
    "name",
  ),
  everyGroup(
    `length(g.policy_arns) == 0 || length("\${${ROLE_NAME}}-\${name}") <= 64`,
    "names that together with the nodes' role have at most 64 characters where there are policy_arns, because the group's own role is called ROLE-GROUP",
    `length("\${${ROLE_NAME}}-\${name}")`,
    "shorten the group's name, or set eks_worker_node_role_name",
  ),

  // Images
  everyGroup(
    `can(regex("^ami-${HEXADECIMAL}", g.ami_id))`,
    'the id of an AMI as ami_id, "ami-" and 8 or 17 hexadecimal digits',
    "g.ami_id",
    "AMIs differ from region to region",
  ),
  oneOf("ami_family", ["al2", "al2023", "bottlerocket"]),
  everyGroup(
    'g.ami_family != "al2" || tonumber(split(".", var.eks_version)[1]) <= 32',
    "an ami_family that EKS has AMIs of: al2 ends with 1.32",
    '"al2 for ${var.eks_version}"',
    "take an AMI of al2023 or bottlerocket; `eks pin` finds one",
  ),
  everyGroup(
    String.raw`g.kubernetes_version == null ? true : can(regex("^1\\.[1-9][0-9]$", g.kubernetes_version))`,
    'MAJOR.MINOR in quotes as kubernetes_version, such as "1.34"',
    "g.kubernetes_version",
    "leave it out for AMIs of EKS' own, whose names tell it",
  ),
  oneOf("architecture", ["x86_64", "arm64"]),

  // Machines
  everyGroup(
    `length(g.instance_types) > 0 && ${everyOf("g.instance_types", INSTANCE_TYPE)}`,
    "at least one EC2 instance type such as t3.medium in instance_types",
    `jsonencode(g.instance_types)`,
    "`aws ec2 describe-instance-type-offerings` shows the names",
  ),
  everyGroup(
    `length(distinct(g.instance_types)) == length(g.instance_types)`,
    "every instance type once",
    `join(" ", ${repeated("g.instance_types")})`,
  ),
  everyGroup(
    `alltrue([for type in g.instance_types : can(regex("${ARM_TYPE}", type)) == (g.architecture == "arm64")])`,
    "instance types of the group's architecture",
    `"\${g.architecture}: \${join(" ", [for type in g.instance_types : type if can(regex("${ARM_TYPE}", type)) != (g.architecture == "arm64")])}"`,
    "Graviton types, such as m7g.large and t4g.medium, are arm64, all others x86_64",
  ),
  whole("on_demand_base", 0, MAX_NODES, ""),
  whole("on_demand_percentage", 0, 100, ""),
  oneOf("spot_allocation_strategy", [
    "price-capacity-optimized",
    "capacity-optimized",
    "capacity-optimized-prioritized",
    "lowest-price",
  ]),
  everyGroup(
    String.raw`g.spot_max_price == null ? true : can(regex("^[0-9]{1,4}(\\.[0-9]{1,5})?$", g.spot_max_price)) && tonumber(g.spot_max_price) > 0`,
    'USD per hour as spot_max_price, such as "0.05"',
    "g.spot_max_price",
    "leave it out for at most the on-demand price",
  ),
  everyGroup(
    "g.spot_max_price == null || g.on_demand_percentage < 100",
    "spot_max_price only where on_demand_percentage is less than 100",
    "g.spot_max_price",
    "with 100 there are no spot nodes",
  ),

  // Sizes
  everyGroup(
    `alltrue([for n in [g.min_size, g.max_size, coalesce(g.desired_size, g.min_size)] : floor(n) == n && n >= 0 && n <= ${String(MAX_NODES)}])`,
    `whole numbers from 0 to ${String(MAX_NODES)} as min_size, max_size and desired_size`,
    "jsonencode([g.min_size, g.desired_size, g.max_size])",
  ),
  everyGroup(
    "g.min_size <= coalesce(g.desired_size, g.min_size) && coalesce(g.desired_size, g.min_size) <= g.max_size",
    "min_size <= desired_size <= max_size",
    'join(" ", ["min", g.min_size, "desired", coalesce(g.desired_size, g.min_size), "max", g.max_size])',
  ),
  oneOf("desired_size_owner", ["terraform", "autoscaler"]),
  everyGroup(
    'g.desired_size_owner == "terraform" || g.desired_size == null',
    'no desired_size where desired_size_owner = "autoscaler"',
    "g.desired_size",
    "such a group starts with min_size, and then its size is the autoscaler's to say",
  ),
  everyGroup(
    '!g.cluster_autoscaler || g.desired_size_owner == "autoscaler"',
    'desired_size_owner = "autoscaler" where cluster_autoscaler is set, because every apply would set the size back that it chose',
    "g.desired_size_owner",
  ),

  // Places
  everyGroup(
    `${everyOf("g.zones", "^${var.aws_region}[a-z]$")} && length(distinct(g.zones)) == length(g.zones)`,
    "zones of aws_region in zones, each once",
    `jsonencode(g.zones)`,
    "write the region's name and one letter, such as ${var.aws_region}a",
  ),
  everyGroup(
    `${everyOf("g.subnet_ids", `^subnet-${HEXADECIMAL}`)} && length(distinct(g.subnet_ids)) == length(g.subnet_ids)`,
    "ids of subnets in subnet_ids, each once",
    `jsonencode(g.subnet_ids)`,
  ),
  everyGroup(
    "length(g.zones) == 0 || length(g.subnet_ids) == 0",
    "zones or subnet_ids, not both",
    '"${join(" ", g.zones)} and ${join(" ", g.subnet_ids)}"',
  ),
  oneOf("spread", ["one_group", "group_per_zone"]),
  everyGroup(
    'g.spread != "group_per_zone" || length(g.subnet_ids) == 0',
    'no subnet_ids where spread = "group_per_zone"',
    'join(" ", g.subnet_ids)',
    "say zones, or write a group for each subnet",
  ),

  // Volumes
  everyGroup(
    `floor(g.volume_size) == g.volume_size && g.volume_size >= 8 && g.volume_size <= lookup(${VOLUME_MAX_GIB}, g.volume_type, 65536)`,
    "a whole number of GiB as volume_size, from 8 to 65536 for gp3 and io2, and to 16384 for gp2 and io1",
    '"${g.volume_type} with ${g.volume_size}"',
  ),
  everyGroup(
    'g.ami_family != "al2023" || g.volume_size >= 20',
    "at least 20 GiB as volume_size for al2023, whose AMIs have a snapshot of 20",
    "g.volume_size",
  ),
  oneOf("volume_type", ["gp3", "gp2", "io1", "io2"]),
  everyGroup(
    `g.volume_iops == null ? !contains(["io1", "io2"], g.volume_type) : floor(g.volume_iops) == g.volume_iops && g.volume_iops >= ${iops(0)} && g.volume_iops <= min(${iops(1)}, max(${iops(0)}, ${iops(2)} * g.volume_size))`,
    "as volume_iops, for gp3 3000 to 80000 and at most 500 for each GiB; for io1, which needs it, 100 to 64000 and 50; for io2, which needs it, 100 to 256000 and 1000; for gp2 nothing",
    '"${g.volume_type} with ${coalesce(g.volume_iops, "none")} on ${g.volume_size} GiB"',
  ),
  everyGroup(
    'g.volume_throughput == null ? true : g.volume_type == "gp3" && floor(g.volume_throughput) == g.volume_throughput && g.volume_throughput >= 125 && g.volume_throughput <= min(2000, coalesce(g.volume_iops, 3000) / 4)',
    "volume_throughput for gp3 only, 125 to 2000 MiB per second and at most a quarter of volume_iops (3000 when not set)",
    '"${g.volume_type} with ${g.volume_throughput}"',
  ),

  // What Kubernetes is told
  ...registrationRules(REGISTRATION).map(({ broken, must, cure }) =>
    everyGroup(`length(${broken}) == 0`, must, `join(" ", ${broken})`, cure),
  ),
  everyGroup(
    `!g.cluster_autoscaler || alltrue([for key in ${LABEL_KEYS} : length(key) <= ${String(AUTOSCALER_KEY_MAX)}])`,
    `labels and taints with keys of at most ${String(AUTOSCALER_KEY_MAX)} characters where cluster_autoscaler is set, because they become tags`,
    `join(" ", [for key in ${LABEL_KEYS} : key if length(key) > ${String(AUTOSCALER_KEY_MAX)}])`,
  ),
  everyGroup(
    String.raw`!can(regex("[\r\n]", g.kubelet_extra_args)) && g.kubelet_extra_args != null`,
    "one line as kubelet_extra_args",
    '"a line break"',
    "separate arguments by spaces",
  ),
  everyGroup(
    `g.ami_family == "al2" || ${everyOf('compact(split(" ", g.kubelet_extra_args))', "^--[^'\\\"]*$")}`,
    "kubelet_extra_args for al2023 that all look like --name=value, without quotes",
    "g.kubelet_extra_args",
  ),
  everyGroup(
    'g.ami_family != "bottlerocket" || g.kubelet_extra_args == "" && g.pre_userdata == ""',
    "neither kubelet_extra_args nor pre_userdata for bottlerocket, which runs no shell",
    'join("; ", compact([g.kubelet_extra_args, g.pre_userdata]))',
    "write settings, as TOML, into additional_userdata",
  ),
  everyGroup(
    `g.ami_family != "bottlerocket" || length(${TWICE.found}) == 0`,
    `additional_userdata for bottlerocket without what stands before it, ${TWICE.written}, because TOML takes it once`,
    `join(" ", ${TWICE.found})`,
    "what stands before the first header belongs to settings.kubernetes; say labels, taints and max_pods of the group",
  ),
  whole("max_pods", 1, MAX_PODS, "", true),
  everyGroup(
    `length(base64encode(join("", [g.pre_userdata, g.additional_userdata, g.kubelet_extra_args]))) * 3 / 4 <= ${String(USER_DATA_PARTS_MAX_BYTES)}`,
    `at most ${String(USER_DATA_PARTS_MAX_BYTES)} bytes of pre_userdata, additional_userdata and kubelet_extra_args together`,
    'try("about ${length(base64encode(join("", [g.pre_userdata, g.additional_userdata, g.kubelet_extra_args]))) * 3 / 4}", "null")',
    "EC2 allows 16384 for the whole script, so put long ones into S3 and fetch them",
  ),

  // What nodes may do, and how they are launched
  everyGroup(
    `${everyOf("g.security_group_ids", `^sg-${HEXADECIMAL}`)} && length(distinct(g.security_group_ids)) == length(g.security_group_ids) && length(g.security_group_ids) <= 15`,
    "at most 15 ids of security groups in security_group_ids, each once",
    "jsonencode(g.security_group_ids)",
  ),
  everyGroup(
    `${everyOf("g.policy_arns", POLICY_ARN)} && length(distinct(g.policy_arns)) == length(g.policy_arns) && length(g.policy_arns) <= ${String(POLICIES_MAX)}`,
    `at most ${String(POLICIES_MAX)} ARNs of IAM policies in policy_arns, arn:aws:iam::ACCOUNT:policy/NAME, each once`,
    "jsonencode(g.policy_arns)",
  ),
  everyGroup(
    `!anytrue([for arn in g.policy_arns : can(regex(":iam::aws:policy/(AmazonEKSWorkerNodePolicy|AmazonEKS_CNI_Policy|AmazonEC2ContainerRegistryReadOnly)$", arn))])`,
    "no policy in policy_arns that every node has",
    `join(" ", g.policy_arns)`,
    "leave out AmazonEKSWorkerNodePolicy, AmazonEKS_CNI_Policy and AmazonEC2ContainerRegistryReadOnly",
  ),
  whole("metadata_hop_limit", 1, 64, ""),
  whole("warm_up_seconds", 0, 21600, " of seconds"),
  everyGroup(
    "g.instance_refresh == null ? true : floor(g.instance_refresh.min_healthy_percentage) == g.instance_refresh.min_healthy_percentage && g.instance_refresh.min_healthy_percentage >= 0 && g.instance_refresh.min_healthy_percentage <= 100",
    "a whole number from 0 to 100 as instance_refresh.min_healthy_percentage",
    "g.instance_refresh.min_healthy_percentage",
  ),
  oneOf("launch", ["configuration", "template"]),
  everyGroup(
    'g.launch == "template" || length(g.instance_types) == 1 && (g.on_demand_percentage == 100 || g.on_demand_percentage == 0 && g.on_demand_base == 0 && g.spot_max_price != null)',
    'one instance type, and on_demand_percentage = 100, or 0 with a spot_max_price, where launch = "configuration"',
    '"${join(" ", g.instance_types)} with ${g.on_demand_percentage} percent"',
    'set launch = "template" for mixed instances',
  ),
  everyGroup(
    'g.launch == "template" || g.ami_family != "bottlerocket"',
    'launch = "template" for bottlerocket, which has a second volume for its data',
    "g.launch",
  ),
];
