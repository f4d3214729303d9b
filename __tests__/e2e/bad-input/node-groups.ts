import type { WrongInput } from "./row";

const ROLE = 'aws_krug_admin_role = "aws-krug-admin"';
const set = (lines: string) => `${ROLE}\n${lines}`;

/** One node group called `general` on EKS 1.34, with these fields besides its AMI. */
const group = (fields = "", name = "general") =>
  set(
    `eks_version = "1.34"\nnode_groups = { ${name} = { ami_id = "ami-0123456789abcdef0"${fields && `, ${fields}`} } }`,
  );
const worker = (lines: string) => set(`eks_version = "1.34"\n${lines}`);
const userData = (fields: string) => `eks_worker_user_data_group = { ${fields} }`;

/** What can be wrong with node groups: the tfvars file, and the words that have to be in the answer. */
export const NODE_GROUP_CASES: readonly WrongInput[] = [
  // Rows and names
  [
    "a node group that is null",
    set("node_groups = { a = null }"),
    "node_groups must have a value in every row, got a (null)",
  ],
  ["node groups as a list", set("node_groups = []"), "map of"],
  ["a node group without an AMI", set("node_groups = { a = {} }"), 'attribute "ami_id" is required'],
  [
    "a node group with a dot in its name",
    group("", '"a.b"'),
    'node_groups must have names of 1 to 40 letters, digits, "_" and "-" that start with a letter or digit, got a.b',
  ],
  ["a node group with a long name", group("", "g".repeat(41)), "names of 1 to 40"],
  [
    "a node group whose name does not fit behind the cluster's",
    `${group("", "g".repeat(40))}\neks_cluster_name = "${"c".repeat(90)}"`,
    "at most 125 characters, because launch templates are called CLUSTER-GROUP",
  ],
  [
    "a node group called like another one's zone",
    set(
      'eks_version = "1.34"\nnode_groups = { a = { ami_id = "ami-0123456789abcdef0", spread = "group_per_zone" }, "a-ap-northeast-2a" = { ami_id = "ami-0123456789abcdef0" } }',
    ),
    "no name that is another group's with a zone behind it",
  ],
  [
    "a node group whose own role's name is too long",
    group('policy_arns = ["arn:aws:iam::aws:policy/ReadOnlyAccess"]', "g".repeat(40)),
    "the group's own role is called ROLE-GROUP, got",
  ],

  // Images
  [
    "a node group with an image by name",
    set('node_groups = { a = { ami_id = "al2023" } }'),
    'node_groups must have the id of an AMI, "ami-" and 8 or 17 hexadecimal digits as ami_id, got a ("al2023")',
  ],
  ["a node group with null for its image", set("node_groups = { a = { ami_id = null } }"), "got a (null)"],
  [
    "an unknown family",
    group('ami_family = "ubuntu"'),
    'node_groups must have al2, al2023 or bottlerocket as ami_family, got general ("ubuntu")',
  ],
  [
    "a group of Amazon Linux 2 from 1.33 on",
    group('ami_family = "al2"'),
    "an ami_family that EKS has AMIs of: al2 ends with 1.32, got general (al2 for 1.34); take an AMI of al2023 or bottlerocket; `eks pin` finds one",
  ],
  [
    "an AMI's version with a patch",
    group('kubernetes_version = "1.34.2"'),
    'node_groups must have MAJOR.MINOR in quotes, such as "1.14" or "1.30" as kubernetes_version, got general ("1.34.2")',
  ],
  [
    "an unknown architecture",
    group('architecture = "amd64"'),
    'node_groups must have x86_64 or arm64 as architecture, got general ("amd64")',
  ],

  // Machines
  [
    "no instance type",
    group("instance_types = []"),
    "node_groups must have at least one instance type in instance_types, got general ([])",
  ],
  ["a misspelt instance type", group('instance_types = ["t3.meduim"]'), 'got general (["t3.meduim"])'],
  [
    "an instance type twice",
    group('instance_types = ["t3.large", "t3.large"]'),
    "node_groups must have every instance type once in instance_types, got general (more than once: t3.large)",
  ],
  [
    "a Graviton type for x86_64",
    group('instance_types = ["m7g.large", "m7i.large"]'),
    "instance types of the group's architecture, got general (x86_64: m7g.large)",
  ],
  [
    "an Intel type for arm64",
    group('architecture = "arm64", instance_types = ["c7gn.large", "g5.xlarge", "im4gn.large"]'),
    "got general (arm64: g5.xlarge)",
  ],
  ["more than a hundred percent", group("on_demand_percentage = 101"), "from 0 to 100 as on_demand_percentage"],
  ["half a node on demand", group("on_demand_base = 0.5"), "as on_demand_base, got general (0.5)"],
  [
    "an unknown allocation strategy",
    group('spot_allocation_strategy = "cheapest"'),
    'node_groups must have price-capacity-optimized, capacity-optimized, capacity-optimized-prioritized or lowest-price as spot_allocation_strategy, got general ("cheapest")',
  ],
  [
    "a price in words",
    group('on_demand_percentage = 0, spot_max_price = "5 cents"'),
    'node_groups must have a price in USD per hour above 0, such as "0.05", as spot_max_price, got general ("5 cents")',
  ],
  [
    "a price of nothing",
    group('on_demand_percentage = 0, spot_max_price = "0"'),
    'node_groups must have a price in USD per hour above 0, such as "0.05", as spot_max_price, got general ("0")',
  ],
  [
    "a spot price without spot nodes",
    group('spot_max_price = "0.05"'),
    "spot_max_price only where on_demand_percentage is less than 100",
  ],

  // Sizes
  [
    "a size that both Terraform and the cluster autoscaler decide",
    group("cluster_autoscaler = true"),
    'desired_size_owner = "autoscaler" where cluster_autoscaler is set, because every apply would set the size back that it chose, got general (terraform)',
  ],
  [
    "a negative size",
    group("min_size = -1"),
    "node_groups must have a whole number from 0 to 5000 as min_size, got general (-1)",
  ],
  [
    "more needed than allowed",
    group("min_size = 4"),
    "min_size <= desired_size <= max_size, got general (min 4 desired 4 max 3)",
  ],
  ["more desired than allowed", group("desired_size = 9"), "got general (min 1 desired 9 max 3)"],
  ["an unknown owner", group('desired_size_owner = "karpenter"'), "terraform or autoscaler as desired_size_owner"],
  [
    "a size for an autoscaler's group",
    group('desired_size_owner = "autoscaler", desired_size = 2'),
    'no desired_size where desired_size_owner = "autoscaler", got general (2); such a group starts with min_size',
  ],

  // Places
  ["a zone of another region", group('zones = ["us-east-1a"]'), "zones of aws_region in zones, each once"],
  ["a zone twice", group('zones = ["ap-northeast-2a", "ap-northeast-2a"]'), "zones of aws_region in zones, each once"],
  [
    "a subnet by name",
    group('subnet_ids = ["private-a"]'),
    'node_groups must have ids of subnets in subnet_ids, got general (["private-a"])',
  ],
  [
    "zones and subnets",
    group('zones = ["ap-northeast-2a"], subnet_ids = ["subnet-0123456789abcdef0"]'),
    "zones or subnet_ids, not both",
  ],
  ["an unknown spread", group('spread = "zones"'), "one_group or group_per_zone as spread"],
  [
    "a group per zone of given subnets",
    group('spread = "group_per_zone", subnet_ids = ["subnet-0123456789abcdef0"]'),
    'no subnet_ids where spread = "group_per_zone"',
  ],

  // Volumes
  [
    "a volume of one GiB",
    group("volume_size = 1"),
    "a whole number of GiB as volume_size, from 8 to 65536 for gp3 and io2, and to 16384 for gp2 and io1, got general (gp3 with 1)",
  ],
  [
    "a volume that is smaller than the snapshot",
    group("volume_size = 10"),
    "at least 20 GiB as volume_size for al2023",
  ],
  ["a magnetic volume", group('volume_type = "standard"'), "gp3, gp2, io1 or io2 as volume_type"],
  ["too few IOPS for gp3", group("volume_iops = 100"), "got general (gp3 with 100 on 20 GiB)"],
  ["too many IOPS for the size", group("volume_iops = 16000"), "got general (gp3 with 16000 on 20 GiB)"],
  ["io2 without IOPS", group('volume_type = "io2"'), "got general (io2 with none on 20 GiB)"],
  ["IOPS for gp2", group('volume_type = "gp2", volume_iops = 3000'), "got general (gp2 with 3000 on 20 GiB)"],
  [
    "throughput for io1",
    group('volume_type = "io1", volume_iops = 100, volume_throughput = 200'),
    "volume_throughput for gp3 only",
  ],
  ["a volume of gp2 that is too large", group('volume_type = "gp2", volume_size = 16385'), "(gp2 with 16385)"],
  ["a volume of gp3 that is too large", group("volume_size = 65537"), "got general (gp3 with 65537)"],
  [
    "more throughput than gp3 has",
    group("volume_iops = 10000, volume_throughput = 2001"),
    "125 to 2000 MiB per second and at most a quarter of volume_iops (3000 when not set), got general (gp3 with 2001)",
  ],
  ["more throughput than the IOPS carry", group("volume_throughput = 1000"), "got general (gp3 with 1000)"],

  // What Kubernetes is told
  ["a label with a space", group('labels = { "my team" = "a" }'), "got general (my team)"],
  ["a label with a long name", group(`labels = { ${"l".repeat(64)} = "a" }`), "labels whose names have 1 to 63"],
  ["a label with a capital in its domain", group('labels = { "Example.com/a" = "a" }'), "got general (Example.com/a)"],
  ["a label's value with a space", group('labels = { team = "a b" }'), "labels whose values have at most 63"],
  ["a label that is null", group("labels = { team = null }"), "labels whose values have at most 63"],
  [
    "a role as a label",
    group('labels = { "node-role.kubernetes.io/worker" = "" }'),
    "because a kubelet that gives itself others does not start, got general (node-role.kubernetes.io/worker); give roles with kubectl label",
  ],
  [
    "a label of Kubernetes' own",
    group('labels = { "app.kubernetes.io/name" = "a" }'),
    "got general (app.kubernetes.io/name)",
  ],
  ["a label of k8s.io", group('labels = { "k8s.io/a" = "a" }'), "no labels of kubernetes.io or k8s.io"],
  [
    "a taint with a slash at its end",
    group('taints = [{ key = "a/", effect = "NoSchedule" }]'),
    "taints whose keys and values are written like labels",
  ],
  [
    "a taint's effect as EKS spells it",
    group('taints = [{ key = "a", effect = "NO_SCHEDULE" }]'),
    "NoSchedule, PreferNoSchedule or NoExecute as the effect of taints, got general (NO_SCHEDULE)",
  ],
  [
    "a taint twice",
    group('taints = [{ key = "a", effect = "NoSchedule" }, { key = "a", value = "b", effect = "NoSchedule" }]'),
    "taints that differ in key or effect",
  ],
  [
    "a label that is too long for a tag",
    group(
      `cluster_autoscaler = true, desired_size_owner = "autoscaler", labels = { "${"l".repeat(63)}.example.com/${"n".repeat(20)}" = "a" }`,
    ),
    "keys of at most 82 characters where cluster_autoscaler is set",
  ],
  [
    "kubelet arguments on two lines",
    group(String.raw`kubelet_extra_args = "--v=2\n--v=4"`),
    "one line as kubelet_extra_args",
  ],
  [
    "kubelet arguments with quotes",
    group(`kubelet_extra_args = "--node-labels='a=b'"`),
    "kubelet_extra_args for al2023 that all look like --name=value, without quotes",
  ],
  [
    "a label of Kubernetes' own by an argument of the kubelet",
    group('kubelet_extra_args = "--v=2 --node-labels=team=a,node-role.kubernetes.io/worker=true"'),
    "no labels of kubernetes.io or k8s.io but node.kubernetes.io/…, kubelet.kubernetes.io/… and those of hostname, os, arch, instance type, zone and region, because a kubelet that gives itself others does not start, got general (node-role.kubernetes.io/worker); give roles with kubectl label",
  ],
  [
    "a label's value with a slash by an argument of the kubelet",
    group('kubelet_extra_args = "--node-labels=team=a/b"'),
    "labels whose values have at most 63 letters, digits and characters of -_. between a letter or digit at both ends, got general (a/b)",
  ],
  [
    "a taint's effect as EKS spells it by an argument of the kubelet",
    group('kubelet_extra_args = "--register-with-taints=a=b:NO_SCHEDULE"'),
    "NoSchedule, PreferNoSchedule or NoExecute as the effect of taints, got general (NO_SCHEDULE)",
  ],
  [
    "a taint that the group has already by an argument of the kubelet",
    group(
      'taints = [{ key = "a", effect = "NoSchedule" }], kubelet_extra_args = "--register-with-taints=a:NoSchedule"',
    ),
    "taints that differ in key or effect, got general (a:NoSchedule)",
  ],
  [
    "no pods at all by an argument of the kubelet",
    group('kubelet_extra_args = "--max-pods=0"'),
    "a whole number from 1 to 737 as --max-pods, got general (0)",
  ],
  ["no pods at all", group("max_pods = 0"), "a whole number from 1 to 737 as max_pods"],
  [
    "a long script",
    group(`pre_userdata = "${"x".repeat(12_289)}"`),
    "at most 12288 bytes of pre_userdata, additional_userdata and kubelet_extra_args together, got general (about 1229",
  ],
  [
    "a shell script for Bottlerocket",
    group('ami_family = "bottlerocket", pre_userdata = "echo"'),
    "neither kubelet_extra_args nor pre_userdata for bottlerocket, which runs no shell",
  ],
  [
    "the kubelet's settings once more for Bottlerocket",
    group(String.raw`ami_family = "bottlerocket", additional_userdata = "[settings.kubernetes]\nlog-level = 4\n"`),
    "TOML takes it once",
  ],
  [
    "pods, a label and a cluster that stand there already for Bottlerocket",
    group(
      String.raw`ami_family = "bottlerocket", additional_userdata = "max-pods = 65\nnode-labels.team = \"a\"\n \"cluster-name\"=\"b\"\n\n[settings.kernel]\nmax-pods = 1\n"`,
    ),
    "because TOML takes it once, got general (max-pods node-labels cluster-name); what stands before the first header belongs to settings.kubernetes; say labels, taints and max_pods of the group",
  ],
  [
    "a table of labels for Bottlerocket",
    group(
      String.raw`ami_family = "bottlerocket", additional_userdata = "log-level = 4\n[ settings.kubernetes.node-labels ]\nteam = \"a\"\n"`,
    ),
    "got general ([ settings.kubernetes.node-labels ])",
  ],
  [
    "an endpoint for the workshop's group on Bottlerocket",
    worker(
      `eks_worker_node_ami_family = "bottlerocket"\neks_worker_node_launch = "template"\n${userData(String.raw`pre_userdata = "", additional_userdata = "max-pods = 20\napi-server = \"https://a\"\n", kubelet_extra_args = "", enable_docker_bridge = false`)}`,
    ),
    "eks_worker_user_data_group must have additional_userdata for bottlerocket without what stands before it, [settings.kubernetes] with cluster-name, api-server, cluster-certificate, cluster-dns-ip, because TOML takes it once, got api-server; what",
  ],

  // What nodes may do, and how they are launched
  [
    "a security group by name",
    group('security_group_ids = ["nodes"]'),
    'node_groups must have ids of security groups in security_group_ids, got general (["nodes"])',
  ],
  ["a policy by name", group('policy_arns = ["AmazonSSMManagedInstanceCore"]'), "ARNs of IAM policies in policy_arns"],
  [
    "a policy that every node has",
    group('policy_arns = ["arn:aws:iam::aws:policy/AmazonEKS_CNI_Policy"]'),
    "no policy in policy_arns that every node has",
  ],
  ["no hop at all", group("metadata_hop_limit = 0"), "from 1 to 64 as metadata_hop_limit"],
  ["a warm-up in words", group('warm_up_seconds = "2m"'), "a number is required"],
  [
    "a refresh with more nodes than there are",
    group("instance_refresh = { min_healthy_percentage = 110 }"),
    "from 0 to 100 as instance_refresh.min_healthy_percentage",
  ],
  [
    "an unknown way to launch",
    group('launch = "fleet"'),
    'node_groups must have configuration or template as launch, got general ("fleet")',
  ],
  [
    "several types from a launch configuration",
    group('launch = "configuration", instance_types = ["t3.large", "t3.xlarge"]'),
    'one instance type, and on_demand_percentage = 100, or 0 with a spot_max_price, where launch = "configuration", got general (t3.large t3.xlarge with 100 percent)',
  ],
  [
    "a spot share from a launch configuration",
    group('launch = "configuration", on_demand_percentage = 50'),
    "got general (t3.medium with 50 percent)",
  ],
  [
    "Bottlerocket from a launch configuration",
    group('launch = "configuration", ami_family = "bottlerocket"'),
    'launch = "template" for bottlerocket',
  ],

  // The workshop's single group
  [
    "an unknown family of the single group",
    worker('eks_worker_node_ami_family = "al3"'),
    "eks_worker_node_ami_family must be al2, al2023 or bottlerocket",
  ],
  [
    "Amazon Linux 2 from 1.33 on",
    worker(""),
    "eks_worker_node_ami_family must be al2023 or bottlerocket from eks_version 1.33 on, got al2 for 1.34; EKS has AMIs of Amazon Linux 2 up to 1.32, and `eks pin` finds one of another family",
  ],
  [
    "Amazon Linux 2023 on 10 GiB",
    worker('eks_worker_node_ami_family = "al2023"'),
    "eks_worker_node_volume_size must be at least 20 for al2023",
  ],
  [
    "the single group on Bottlerocket from a launch configuration",
    worker('eks_worker_node_ami_family = "bottlerocket"'),
    "eks_worker_node_launch must be template for bottlerocket",
  ],
  [
    "shell for Bottlerocket's single group",
    worker(
      `eks_worker_node_ami_family = "bottlerocket"\neks_worker_node_launch = "template"\n${userData('pre_userdata = "echo", additional_userdata = "", kubelet_extra_args = "", enable_docker_bridge = false')}`,
    ),
    "eks_worker_user_data_group must have neither pre_userdata nor kubelet_extra_args for bottlerocket",
  ],
  [
    "Docker's bridge without Docker",
    worker(
      `eks_worker_node_ami_family = "al2023"\neks_worker_node_volume_size = 20\n${userData('pre_userdata = "", additional_userdata = "", kubelet_extra_args = "", enable_docker_bridge = true')}`,
    ),
    "enable_docker_bridge must be false for al2023, which has no Docker",
  ],
  [
    "an unknown way to launch the single group",
    set('eks_worker_node_launch = "fleet"'),
    "eks_worker_node_launch must be configuration or template",
  ],
];
