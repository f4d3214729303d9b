import type { AccountSeed } from "../../../rehearsal/account/emulator";
import type { WrongInput } from "../bad-input/row";
import type { Planned, PlanRow } from "./row";

/** AMIs as EKS names them, for plans that look them up. */
export const NODE_IMAGES: AccountSeed["images"] = [
  { id: "ami-00000000000000130", name: "amazon-eks-node-al2023-x86_64-standard-1.30-v20260714" },
  { id: "ami-00000000000000133", name: "amazon-eks-node-al2023-x86_64-standard-1.33-v20260714" },
  { id: "ami-00000000000000134", name: "amazon-eks-node-al2023-x86_64-standard-1.34-v20260714" },
  { id: "ami-00000000000000136", name: "amazon-eks-node-al2023-x86_64-standard-1.36-v20260714" },
  {
    id: "ami-0000000000000a134",
    name: "amazon-eks-node-al2023-arm64-standard-1.34-v20260714",
    architecture: "arm64" as const,
  },
  { id: "ami-00000000000000132", name: "amazon-eks-node-1.32-v20251209" },
  { id: "ami-0000000000000b134", name: "bottlerocket-aws-k8s-1.34-x86_64-v1.50.0-abcdef12" },
  { id: "ami-0000000000000c000", name: "my-own-image" },
].map((image) => ({ rootDevice: "/dev/xvda", ...image }));

const AL2023 = 'ami_id = "ami-00000000000000134"';
const ARM = 'ami_id = "ami-0000000000000a134", architecture = "arm64"';
const BOTTLEROCKET = 'ami_id = "ami-0000000000000b134", ami_family = "bottlerocket"';
const groups = (...rows: string[]) => `eks_version = "1.34"\nnode_groups = { ${rows.join(", ")} }`;

const group = (planned: Planned, key: string) =>
  planned.get(`aws_autoscaling_group.node_group_autoscaling_group["${key}"]`);
const template = (planned: Planned, key: string) =>
  planned.get(`aws_launch_template.node_group_launch_template["${key}"]`);
const configuration = (planned: Planned, key: string) =>
  planned.get(`aws_launch_configuration.node_group_launch_configuration["${key}"]`);
const keysOf = (planned: Planned, type: string) =>
  [...planned.keys()].flatMap((address) =>
    address.startsWith(`${type}[`) ? [address.slice(type.length + 2, -2)] : [],
  );
const tags = (values: Readonly<Record<string, unknown>> | undefined) =>
  Object.fromEntries(
    (values?.["tag"] as { key: string; value: string; propagate_at_launch: boolean }[]).map((tag) => [
      tag.key,
      tag.propagate_at_launch ? tag.value : `${tag.value} (not propagated)`,
    ]),
  );

/** Combinations of node groups: what is planned of them by real Terraform and the real provider. */
export const NODE_GROUP_PLANS: readonly PlanRow[] = [
  {
    what: "the workshop's single group, as it was",
    tfvars: "",
    adds: 40,
    expects: (planned) => {
      expect(configuration(planned, "worker")).toMatchObject({
        name_prefix: "awskrug_gudi_eks_worker_node",
        instance_type: "t3.micro",
        metadata_options: [{ http_tokens: "required", http_put_response_hop_limit: 2 }],
        root_block_device: [{ volume_type: "gp2", volume_size: 10, encrypted: true }],
        spot_price: null,
      });
      expect(group(planned, "worker")).toMatchObject({
        name: "awskrug_gudi_eks-worker",
        desired_capacity: 2,
        capacity_rebalance: null,
        default_instance_warmup: null,
        instance_refresh: [],
      });
    },
  },
  {
    what: "the workshop's single group with a launch template",
    tfvars: 'eks_worker_node_launch = "template"',
    adds: 40,
    expects: (planned) => {
      expect(configuration(planned, "worker")).toBeUndefined();
      expect(template(planned, "worker")).toMatchObject({
        name: "awskrug_gudi_eks-worker",
        block_device_mappings: [{ device_name: "/dev/xvda", ebs: [{ volume_type: "gp2", volume_size: 10 }] }],
        metadata_options: [{ http_put_response_hop_limit: 2 }],
      });
      expect(group(planned, "worker")?.["launch_template"]).toHaveLength(1);
    },
  },
  {
    what: "the workshop's single group on Amazon Linux 2023, as pins say it",
    tfvars:
      'eks_version = "1.34"\neks_worker_node_ami_family = "al2023"\neks_worker_node_ami_id = "ami-00000000000000134"\neks_worker_node_volume_size = 20',
    adds: 40,
  },
  {
    what: "the workshop's single group on Bottlerocket",
    tfvars:
      'eks_version = "1.34"\neks_worker_node_ami_family = "bottlerocket"\neks_worker_node_ami_id = "ami-0000000000000b134"\neks_worker_node_launch = "template"',
    adds: 40,
  },
  {
    what: "one group that says its AMI alone",
    tfvars: groups(`general = { ${AL2023} }`),
    adds: 40,
    expects: (planned) => {
      expect(keysOf(planned, "aws_autoscaling_group.node_group_autoscaling_group")).toEqual(["general"]);
      expect(group(planned, "general")).toMatchObject({
        name: "awskrug_gudi_eks-general",
        min_size: 1,
        max_size: 3,
        desired_capacity: 1,
        default_instance_warmup: 120,
      });
      expect(template(planned, "general")).toMatchObject({
        instance_type: "t3.medium",
        metadata_options: [{ http_endpoint: "enabled", http_tokens: "required", http_put_response_hop_limit: 1 }],
        monitoring: [{ enabled: false }],
        block_device_mappings: [
          { device_name: "/dev/xvda", ebs: [{ encrypted: "true", volume_type: "gp3", volume_size: 20 }] },
        ],
        network_interfaces: [{ associate_public_ip_address: "false" }],
        tag_specifications: [{ resource_type: "instance" }, { resource_type: "volume" }],
      });
    },
  },
  {
    what: "three groups of three kinds",
    tfvars: groups(
      `general = { ${AL2023} }`,
      `arm = { ${ARM}, instance_types = ["m7g.large"] }`,
      `br = { ${BOTTLEROCKET} }`,
    ),
    adds: 44,
    expects: (planned) => {
      const devices = template(planned, "br")?.["block_device_mappings"];

      expect(devices).toMatchObject([
        { device_name: "/dev/xvda", ebs: [{ encrypted: "true" }] },
        { device_name: "/dev/xvdb", ebs: [{ encrypted: "true", volume_size: 20 }] },
      ]);
      expect(template(planned, "arm")?.["instance_type"]).toBe("m7g.large");
    },
  },
  {
    what: "a group for every zone of the private subnets",
    tfvars: groups(`general = { ${AL2023}, spread = "group_per_zone" }`),
    adds: 42,
    expects: (planned) => {
      expect(keysOf(planned, "aws_autoscaling_group.node_group_autoscaling_group")).toEqual([
        "general-ap-northeast-2a",
        "general-ap-northeast-2b",
        "general-ap-northeast-2c",
      ]);
      expect(keysOf(planned, "aws_launch_template.node_group_launch_template")).toEqual(["general"]);
      expect(group(planned, "general-ap-northeast-2b")?.["name"]).toBe("awskrug_gudi_eks-general-ap-northeast-2b");
    },
  },
  {
    what: "a group for each of two zones",
    tfvars: groups(
      `general = { ${AL2023}, spread = "group_per_zone", zones = ["ap-northeast-2a", "ap-northeast-2c"] }`,
    ),
    adds: 41,
  },
  {
    what: "one group in one zone, and one in subnets by id",
    tfvars: groups(
      `zone = { ${AL2023}, zones = ["ap-northeast-2b"] }`,
      `subnets = { ${AL2023}, subnet_ids = ["subnet-0123456789abcdef0"] }`,
    ),
    adds: 42,
    // Whether the subnets are of the VPC that is made is known when they are there.
    warns: "Check block assertion known after apply",
    expects: (planned) => {
      expect(group(planned, "subnets")?.["vpc_zone_identifier"]).toEqual(["subnet-0123456789abcdef0"]);
    },
  },
  {
    what: "spot nodes of several types",
    tfvars: groups(
      `spot = { ${AL2023}, instance_types = ["m7i.large", "m6i.large"], on_demand_base = 1, on_demand_percentage = 0, spot_max_price = "0.05" }`,
    ),
    adds: 40,
    expects: (planned) => {
      expect(group(planned, "spot")).toMatchObject({
        capacity_rebalance: true,
        mixed_instances_policy: [
          {
            instances_distribution: [
              {
                on_demand_base_capacity: 1,
                on_demand_percentage_above_base_capacity: 0,
                spot_allocation_strategy: "price-capacity-optimized",
                spot_max_price: "0.05",
              },
            ],
            launch_template: [{ override: [{ instance_type: "m7i.large" }, { instance_type: "m6i.large" }] }],
          },
        ],
      });
    },
  },
  {
    what: "spot nodes from a launch configuration",
    tfvars: groups(
      `spot = { ${AL2023}, launch = "configuration", on_demand_percentage = 0, spot_max_price = "0.02", volume_throughput = 250 }`,
    ),
    adds: 40,
    expects: (planned) => {
      expect(configuration(planned, "spot")).toMatchObject({
        name_prefix: "awskrug_gudi_eks_spot_node",
        spot_price: "0.02",
        root_block_device: [{ volume_type: "gp3", throughput: 250, encrypted: true }],
      });
      // Left to the provider, which asks AWS after the apply.
      expect(group(planned, "spot")).not.toHaveProperty("mixed_instances_policy");
    },
  },
  {
    what: "a group that the cluster autoscaler sizes",
    tfvars: groups(
      `auto = { ${AL2023}, min_size = 0, max_size = 9, desired_size_owner = "autoscaler", cluster_autoscaler = true, volume_size = 50, labels = { team = "a" }, taints = [{ key = "dedicated", value = "batch", effect = "NoSchedule" }, { key = "dedicated", value = "batch", effect = "NoExecute" }] }`,
    ),
    adds: 40,
    expects: (planned) => {
      // What is not known before the apply is not in the plan.
      expect(group(planned, "auto")?.["desired_capacity"] ?? "left out").toBe("left out");
      expect(group(planned, "auto")?.["suspended_processes"]).toEqual(["AZRebalance"]);
      expect(tags(group(planned, "auto"))).toEqual({
        Name: "awskrug_gudi_eks-auto",
        Managed_by: "terraform",
        Project: "awskrug_gudi",
        "kubernetes.io/cluster/awskrug_gudi_eks": "owned",
        "k8s.io/cluster-autoscaler/enabled": "true (not propagated)",
        "k8s.io/cluster-autoscaler/awskrug_gudi_eks": "owned (not propagated)",
        "k8s.io/cluster-autoscaler/node-template/label/team": "a (not propagated)",
        "k8s.io/cluster-autoscaler/node-template/taint/dedicated": "batch:NoSchedule (not propagated)",
        "k8s.io/cluster-autoscaler/node-template/resources/ephemeral-storage": "50Gi (not propagated)",
      });
    },
  },
  {
    what: "a group that the cluster autoscaler sizes, of types of nearly one size",
    tfvars: groups(
      `auto = { ${AL2023}, desired_size_owner = "autoscaler", cluster_autoscaler = true, instance_types = ["r5.2xlarge", "i3.2xlarge"] }`,
    ),
    adds: 40,
  },
  {
    what: "a group that the cluster autoscaler sizes, of types of several sizes",
    tfvars: groups(
      `auto = { ${AL2023}, desired_size_owner = "autoscaler", cluster_autoscaler = true, instance_types = ["m7i.large", "r7i.large"] }`,
      `mixed = { ${AL2023}, instance_types = ["m7i.large", "r7i.large"] }`,
    ),
    adds: 42,
    warns:
      "node_groups auto (m7i.large: 2 vCPUs and 8 GiB, r7i.large: 2 vCPUs and 16 GiB); take types of one size, or a group for each size.",
  },
  {
    what: "a group with a role and security groups of its own",
    tfvars: groups(
      `own = { ${AL2023}, policy_arns = ["arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore"], security_group_ids = ["sg-0123456789abcdef0"] }`,
      `shared = { ${AL2023} }`,
    ),
    adds: 48,
    expects: (planned) => {
      expect(template(planned, "own")?.["iam_instance_profile"]).toMatchObject([
        { name: "awskrug_gudi_eks_worker_nodes_role-own" },
      ]);
      expect(template(planned, "shared")?.["iam_instance_profile"]).toMatchObject([
        { name: "awskrug_gudi_eks_worker_nodes_role" },
      ]);
      expect(planned.get("aws_security_group.node_group_security_group")?.["tags"]).toEqual({
        Name: "awskrug_gudi-eks-worker-nodes-sg",
        "kubernetes.io/cluster/awskrug_gudi_eks": "owned",
      });
      expect(keysOf(planned, "aws_iam_role_policy_attachment.node_group_group_policy")).toEqual([
        "own aws:policy/AmazonEC2ContainerRegistryReadOnly",
        "own aws:policy/AmazonEKSWorkerNodePolicy",
        "own aws:policy/AmazonEKS_CNI_Policy",
        "own aws:policy/AmazonSSMManagedInstanceCore",
      ]);
    },
  },
  {
    what: "a group whose nodes are replaced when they change",
    tfvars: groups(
      `general = { ${AL2023}, instance_refresh = { min_healthy_percentage = 50 }, warm_up_seconds = 300 }`,
    ),
    adds: 40,
    expects: (planned) => {
      expect(group(planned, "general")).toMatchObject({
        default_instance_warmup: 300,
        instance_refresh: [{ strategy: "Rolling", preferences: [{ min_healthy_percentage: 50, skip_matching: true }] }],
      });
    },
  },
  {
    what: "nodes with everything else that there is",
    tfvars: groups(
      `all = { ${AL2023}, associate_public_ip = true, detailed_monitoring = true, metadata_hop_limit = 2, volume_type = "io2", volume_iops = 1000, max_pods = 17, kubelet_extra_args = "--v=4", pre_userdata = "echo 준비", additional_userdata = "echo done" }`,
    ),
    adds: 40,
    expects: (planned) => {
      expect(template(planned, "all")).toMatchObject({
        monitoring: [{ enabled: true }],
        metadata_options: [{ http_put_response_hop_limit: 2 }],
        network_interfaces: [{ associate_public_ip_address: "true" }],
        block_device_mappings: [{ ebs: [{ volume_type: "io2", iops: 1000 }] }],
      });
    },
  },
  {
    what: "kubelets of three minor versions behind the cluster",
    tfvars: groups(`old = { ami_id = "ami-00000000000000133" }`).replace("1.34", "1.36"),
    adds: 40,
  },
  {
    what: "an image with a name of one's own, and its version said",
    tfvars: groups(`own = { ami_id = "ami-0000000000000c000", kubernetes_version = "1.34" }`),
    adds: 40,
  },
  {
    what: "the ports that a cluster needs",
    tfvars: 'security_group_rules = "minimal"',
    adds: 47,
    expects: (planned) => {
      const rules = [...planned].filter(([address]) => address.startsWith("aws_security_group_rule.node_group_"));

      expect(
        rules
          .map(([, rule]) => `${String(rule["protocol"])} ${String(rule["from_port"])}-${String(rule["to_port"])}`)
          .sort(),
      ).toEqual([
        "-1 0-0",
        "tcp 10250-10250",
        "tcp 10251-10251",
        "tcp 22-22",
        "tcp 443-443",
        "tcp 4443-4443",
        "tcp 6443-6443",
        "tcp 8443-8443",
        "tcp 9443-9443",
      ]);
    },
  },
];

/** What only a plan sees to be wrong, most of it in what a group's AMI is, with words of the answer. */
export const REFUSED_NODE_GROUPS: readonly WrongInput[] = [
  [
    "a zone without private subnets",
    groups(`general = { ${AL2023}, zones = ["ap-northeast-2d"] }`),
    "must be zones of the private subnets, got ap-northeast-2d; they have ap-northeast-2a, ap-northeast-2b, ap-northeast-2c",
  ],
  [
    "a script that gets too long when it is encoded",
    groups(`general = { ${AL2023}, pre_userdata = "준${"x".repeat(12_000)}" }`),
    "the user data of node group general can have 16384 bytes, got up to",
  ],
  [
    "a kubelet that is newer than the cluster",
    groups(`new = { ami_id = "ami-00000000000000136" }`),
    "with 1.36 for a cluster of 1.34",
  ],
  [
    "a kubelet that is four minor versions older",
    groups(`old = { ami_id = "ami-00000000000000130" }`),
    "node_groups.old.ami_id must have a kubelet that is no newer than the cluster and at most three minor versions older",
  ],
  [
    "a version that was said and does not fit",
    groups(`own = { ami_id = "ami-0000000000000c000", kubernetes_version = "1.29" }`),
    "with 1.29 for a cluster of 1.34",
  ],
  [
    "an AMI of another family",
    groups(`br = { ami_id = "ami-0000000000000b134" }`),
    'must be an AMI of the family al2023, got ami-0000000000000b134 (bottlerocket-aws-k8s-1.34-x86_64-v1.50.0-abcdef12); set ami_family = "bottlerocket"',
  ],
  [
    "an AMI of another architecture",
    groups(`arm = { ami_id = "ami-0000000000000a134" }`),
    "must be an AMI for architecture x86_64, got ami-0000000000000a134",
  ],
  [
    "an AMI that does not exist",
    groups(`none = { ami_id = "ami-0123456789abcdef0" }`),
    "Your query returned no results",
  ],
];

/** What is only warned about. */
export const WARNED_NODE_IMAGES: readonly WrongInput[] = [
  [
    "an image with a name of one's own",
    groups(`own = { ami_id = "ami-0000000000000c000" }`),
    "no name of EKS' own: own; set kubernetes_version in these node_groups",
  ],
];
