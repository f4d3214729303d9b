import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { describeEndToEnd, environmentFor, terraformProgram } from "../support/end-to-end";
import { run } from "../support/run";
import { synthesized } from "../support/synthesized";

/**
 * What AWS says of instance types: network interfaces, addresses of each, vCPUs, MiB, and whether it is built on Nitro.
 */
const TYPES = Object.fromEntries(
  (
    [
      ["t3.micro", 2, 2, 2, 1024, true],
      ["t3.medium", 3, 6, 2, 4096, true],
      ["c5.xlarge", 4, 15, 4, 8192, true],
      ["m4.large", 2, 10, 2, 8192, false],
      ["m5.large", 3, 10, 2, 8192, true],
      ["r5.large", 3, 10, 2, 16384, true],
      ["r5.2xlarge", 4, 15, 8, 65536, true],
      ["i3.2xlarge", 4, 15, 8, 62464, false],
    ] as const
  ).map(([name, interfaces, addresses, vcpus, memory, isNitro]) => [
    name,
    {
      network_cards: [{ index: 0, maximum_interfaces: interfaces, performance: "Up to 5 Gigabit" }],
      default_network_card_index: 0,
      maximum_network_interfaces: interfaces,
      maximum_ipv4_addresses_per_interface: addresses,
      default_vcpus: vcpus,
      memory_size: memory,
      hypervisor: isNitro ? "nitro" : "xen",
      bare_metal: false,
      gpus: [],
      burstable_performance_supported: name.startsWith("t3"),
    },
  ]),
);

const HARDENED = { metadata_options: [{ http_tokens: "required" }], root_block_device: [{ encrypted: true }] };
const subnet = (fields: object) => ({
  id: "x",
  availability_zone: "ap-northeast-2a",
  cidr_block: "10.0.0.0/24",
  available_ip_address_count: 251,
  tags: { "kubernetes.io/role/elb": "1", "kubernetes.io/role/internal-elb": "1" },
  ...fields,
});

/** What stands in for resources and lookups, by the names that the stack has for them: as AWS has them when all is well. */
const WELL: Readonly<Record<string, unknown>> = {
  planning_instance_type: TYPES,
  network_private_subnet: "${{ for row in local.network_own_private_subnets : row.name => { id = row.name } }}",
  existing_network_private_subnet: {},
  existing_network_public_subnet: {},
  existing_network_route_table: {},
  node_group_launch_configuration: { worker: HARDENED },
  node_group_image:
    '${{ for key, row in var.node_groups : key => { name = "amazon-eks-node-al2023-x86_64-standard-1.34-v1" } }}',
  pod_roles_role: "${{ for key, row in var.pod_roles : key => { arn = key } }}",
  node_group_between_nodes: [{ protocol: "-1" }],
  bastion_instance: HARDENED,
};

/** What is said in every row, and what says something else wins over. */
const ALWAYS = { aws_krug_admin_role: "admin", kubectl_ssh_cidrs: ["203.0.113.7/32"] };

const AL2023 = { ami_id: "ami-00000000000000134" };
const groups = (rows: Readonly<Record<string, object>>, more: object = {}) => ({
  eks_version: "1.34",
  node_groups: Object.fromEntries(Object.entries(rows).map(([key, row]) => [key, { ...AL2023, ...row }])),
  ...more,
});
/** Subnets of 507 and of 123 addresses: 630, of which a node of an m5.large takes thirty. */
const NARROW = {
  vpc_private_subnets: [
    { name: "a", az: "ap-northeast-2a", cidr: "172.16.10.0/23" },
    { name: "b", az: "ap-northeast-2b", cidr: "172.16.12.0/25" },
  ],
};
const LARGE = { instance_types: ["m5.large"] };
const PREFIXES = { add_ons: { "vpc-cni": { version: "v1.20.1-eksbuild.3" } }, prefix_delegation: true };
const AUTOSCALED = { desired_size_owner: "autoscaler", cluster_autoscaler: true };
const EBS = { "aws-ebs-csi-driver": { version: "v1.45.0-eksbuild.2" } };
const ROLES = {
  eks_version: "1.32",
  irsa: true,
  add_ons: { "eks-pod-identity-agent": { version: "v1.3.8-eksbuild.2" } },
  pod_roles: {
    a: { namespace: "a", service_account: "a", policies: ["cluster-autoscaler"] },
    b: { namespace: "b", service_account: "b", policies: ["cluster-autoscaler"], via: "irsa" },
  },
};
const NODES_ALONE = ["ec2", "ecr.api", "ecr.dkr", "s3"];
const OF_PODS =
  "sts (IAM roles for service accounts), eks-auth (EKS Pod Identity), logs (logs to CloudWatch), autoscaling and sts " +
  "(cluster autoscaler), elasticloadbalancing (load balancer controller)";
const THERE = {
  vpc_id: "vpc-0123456789abcdef0",
  public_subnet_ids: ["subnet-0000000000000000a", "subnet-0000000000000000b"],
  private_subnet_ids: ["subnet-0000000000000000c", "subnet-0000000000000000d"],
};
const byId = (ids: readonly string[], first: object, second: object) => ({
  [ids[0] ?? ""]: first,
  [ids[1] ?? ""]: second,
});
const ROUTES = { routes: [{ cidr_block: "10.0.0.0/16" }, { cidr_block: "0.0.0.0/0" }] };
const NETWORK = {
  existing_network_public_subnet: byId(THERE.public_subnet_ids, subnet({}), subnet({})),
  existing_network_private_subnet: byId(THERE.private_subnet_ids, subnet({}), subnet({})),
  existing_network_route_table: byId(THERE.private_subnet_ids, ROUTES, ROUTES),
};

/** What is said and what AWS has, and every warning, by the name of its check. */
type Row = readonly [what: string, tfvars: object, aws: Readonly<Record<string, unknown>>, warnings: object];

const ROWS: readonly Row[] = [
  ["the workshop", {}, {}, {}],
  [
    "nodes with room for the system's own pods and no other",
    groups({ tiny: { instance_types: ["t3.micro"] }, few: { max_pods: 4 }, enough: { max_pods: 5 } }),
    {},
    {
      pods_for_the_system:
        "a node has no room for pods of yours beside the system's own (2 on every node, and CoreDNS' two): node_groups " +
        "few (t3.medium: 4), tiny (t3.micro: 4); take a larger instance type or prefix_delegation.",
    },
  ],
  [
    "the same beside an add-on with a pod on every node",
    groups(
      { few: { max_pods: 5 }, enough: { max_pods: 6 } },
      { add_ons: { "eks-pod-identity-agent": { version: "v1.3.8-eksbuild.2" } } },
    ),
    {},
    {
      pods_for_the_system:
        "a node has no room for pods of yours beside the system's own (3 on every node, and CoreDNS' two): node_groups " +
        "few (t3.medium: 5); take a larger instance type or prefix_delegation.",
    },
  ],
  ["a group that needs every address of its subnets", groups({ all: { ...LARGE, max_size: 21 } }, NARROW), {}, {}],
  [
    "a group that needs more addresses than its subnets have, and is not told of again with all the others",
    groups({ other: { ...LARGE, max_size: 1 }, short: { ...LARGE, max_size: 22 } }, NARROW),
    {},
    {
      addresses_of_each_group:
        "a node group at its maximum needs more addresses than its subnets have: node_groups short (needs 660, has " +
        "630); lower max_size or max_pods, or give it larger subnets.",
    },
  ],
  [
    "a group in one zone, whose subnet is too small for it",
    groups({ zoned: { ...LARGE, max_size: 5, zones: ["ap-northeast-2b"] } }, NARROW),
    {},
    {
      addresses_of_each_group:
        "a node group at its maximum needs more addresses than its subnets have: node_groups zoned (needs 150, has " +
        "123); lower max_size or max_pods, or give it larger subnets.",
    },
  ],
  [
    "groups that need every address together",
    groups({ one: { ...LARGE, max_size: 11 }, two: { ...LARGE, max_size: 10 } }, NARROW),
    {},
    {},
  ],
  [
    "groups that need more addresses together than there are",
    groups({ one: { ...LARGE, max_size: 11 }, two: { ...LARGE, max_size: 11 } }, NARROW),
    {},
    {
      addresses_of_all_groups:
        "all node groups at their maxima need 660 addresses, and the subnets have 630; lower max_size or max_pods, or " +
        "make larger subnets.",
    },
  ],
  [
    "more pods than the interfaces hold",
    groups({ as_many: { ...LARGE, max_pods: 29 }, more: { ...LARGE, max_pods: 30 } }),
    {},
    {
      max_pods_within_interfaces:
        "max_pods is more than the network interfaces of the instance type hold, and the pods above that get no " +
        "address: node_groups more (max_pods 30, holds 29); leave max_pods out.",
    },
  ],
  [
    "as many pods with prefixes",
    groups({ more: { ...LARGE, max_pods: 110 } }, PREFIXES),
    { planning_instance_type: { "m5.large": TYPES["m5.large"] } },
    {},
  ],
  [
    "autoscaled groups of types that differ in memory and in processors, and one that nobody scales",
    groups({
      alike: { ...AUTOSCALED, instance_types: ["r5.2xlarge", "i3.2xlarge"] },
      memory: { ...AUTOSCALED, instance_types: ["m5.large", "r5.large"] },
      processors: { ...AUTOSCALED, instance_types: ["m5.large", "c5.xlarge"] },
      unscaled: { instance_types: ["m5.large", "r5.large"] },
    }),
    {},
    {
      instance_types_of_one_size:
        "the cluster autoscaler takes all types of a group for the first, and these differ in size, so that it starts " +
        "too many nodes or none that a pod fits on: node_groups memory (m5.large: 2 vCPUs and 8 GiB, r5.large: 2 vCPUs " +
        "and 16 GiB), processors (m5.large: 2 vCPUs and 8 GiB, c5.xlarge: 4 vCPUs and 8 GiB); take types of one size, " +
        "or a group for each size.",
    },
  ],
  [
    "prefixes for a type that is not built on Nitro",
    groups({ new: LARGE, old: { instance_types: ["m4.large"] } }, PREFIXES),
    // Those that nobody asks for are not looked up.
    { planning_instance_type: { "m4.large": TYPES["m4.large"], "m5.large": TYPES["m5.large"] } },
    {
      prefix_delegation_on_nitro:
        "prefix_delegation does nothing for instance types that are not built on Nitro: m4.large; take types of the " +
        "current generations.",
    },
  ],
  [
    "such a type on bare metal",
    groups({ metal: { instance_types: ["m4.large"] } }, PREFIXES),
    { planning_instance_type: { "m4.large": { ...TYPES["m4.large"], bare_metal: true } } },
    {},
  ],
  [
    "prefixes for the workshop's single group",
    { eks_version: "1.32", ...PREFIXES },
    { planning_instance_type: {} },
    {
      prefix_delegation_reaches_nodes:
        "prefix_delegation does not raise the number of pods of the single group from eks_worker_*; describe it as a " +
        "row of node_groups.",
    },
  ],
  [
    "an image with a name of one's own, and one whose version is said",
    groups({ own: {}, said: { kubernetes_version: "1.34" } }),
    { node_group_image: { own: { name: "my-own-image" }, said: { name: "my-own-image" } } },
    {
      node_image_versions:
        "whether their kubelets work with the cluster is unknown, because their AMIs have no name of EKS' own: own; set " +
        "kubernetes_version in these node_groups.",
    },
  ],
  [
    "nobody who may reach the bastion",
    { kubectl_ssh_cidrs: [] },
    {},
    {
      bastion_reachable:
        "nobody can reach the bastion by SSH: kubectl_ssh_cidrs names no IPv4 network; set it in your tfvars to your " +
        'own address, such as kubectl_ssh_cidrs = ["203.0.113.7/32"].',
    },
  ],
  [
    "nobody but an IPv6 network, which does not reach it",
    { kubectl_ssh_cidrs: ["2001:db8::/64"] },
    {},
    {
      bastion_reachable:
        "nobody can reach the bastion by SSH: kubectl_ssh_cidrs names no IPv4 network; set it in your tfvars to your " +
        'own address, such as kubectl_ssh_cidrs = ["203.0.113.7/32"].',
    },
  ],
  [
    "the rule between nodes as the workshop made it",
    {},
    { node_group_between_nodes: [{ protocol: "tcp" }] },
    {
      dns_between_nodes:
        "pods cannot ask CoreDNS on another node: the rule between nodes allows TCP only, as the workshop made it; " +
        "widen it with terraform apply '-replace=aws_security_group_rule.node_group_between_nodes[0]'.",
    },
  ],
  [
    "nodes as the workshop made them: without sessions, with a plain volume, or of which AWS says neither",
    {},
    {
      node_group_launch_configuration: {
        imds: { ...HARDENED, metadata_options: [{ http_tokens: "optional" }] },
        plain: { ...HARDENED, root_block_device: [{ encrypted: false }] },
        silent: { metadata_options: [], root_block_device: [] },
        well: HARDENED,
      },
    },
    {
      hardened_nodes:
        "new nodes get an unencrypted volume and a metadata service without sessions (IMDSv1), as the workshop made " +
        "them; mend it with terraform apply " +
        `'-replace=aws_launch_configuration.node_group_launch_configuration["imds"]' ` +
        `'-replace=aws_launch_configuration.node_group_launch_configuration["plain"]' ` +
        `'-replace=aws_launch_configuration.node_group_launch_configuration["silent"]'.`,
    },
  ],
  ...(
    [
      ["without sessions", { ...HARDENED, metadata_options: [{ http_tokens: "optional" }] }],
      ["with a plain volume", { ...HARDENED, root_block_device: [{ encrypted: false }] }],
      ["of which AWS says neither", { metadata_options: [], root_block_device: [] }],
    ] as const
  ).map(([what, bastion_instance]): Row => [
    `a bastion ${what}`,
    {},
    { bastion_instance },
    {
      hardened_bastion:
        "the bastion has an unencrypted volume or a metadata service without sessions (IMDSv1), as the workshop made " +
        "it; terraform apply -replace=aws_instance.bastion_instance makes a new one, with a new address and host key.",
    },
  ]),
  [
    "the EBS CSI driver without a role",
    { eks_version: "1.32", authentication_mode: "API_AND_CONFIG_MAP", add_ons: EBS },
    {},
    {
      volumes_have_a_role:
        "the add-on aws-ebs-csi-driver has no role and no node's role allows what it does: no volume will be made; add " +
        'a row to pod_roles (namespace "kube-system", service_account "ebs-csi-controller-sa", policies ["ebs-csi"]) ' +
        "and name it in the add-on's pod_role.",
    },
  ],
  [
    "the EBS CSI driver with a role",
    {
      eks_version: "1.32",
      authentication_mode: "API_AND_CONFIG_MAP",
      add_ons: {
        "aws-ebs-csi-driver": { version: "v1.45.0-eksbuild.2", pod_role: "ebs" },
        "eks-pod-identity-agent": { version: "v1.3.8-eksbuild.2" },
      },
      pod_roles: {
        ebs: { namespace: "kube-system", service_account: "ebs-csi-controller-sa", policies: ["ebs-csi"] },
      },
    },
    {},
    {},
  ],
  [
    "no NAT gateway and a service missing that nodes need",
    { nat_gateway: "none", vpc_endpoints: ["s3", "ec2", "ecr.api"] },
    {},
    {
      vpc_endpoints_for_nodes:
        "nodes do not join the cluster without a way to ecr.dkr: nat_gateway is none; add them to vpc_endpoints unless " +
        `the VPC has them already, and what pods use: ${OF_PODS}.`,
    },
  ],
  [
    "no NAT gateway and no way to what gives pods their roles",
    { ...ROLES, nat_gateway: "none", vpc_endpoints: NODES_ALONE },
    {},
    {
      vpc_endpoints_for_pod_roles:
        "pods get no role without a way to eks-auth and sts: nat_gateway is none, and pod_roles has a, b; add eks-auth " +
        "and sts to vpc_endpoints unless the VPC has it already.",
    },
  ],
  [
    "no NAT gateway and a way to all that is needed",
    { ...ROLES, nat_gateway: "none", vpc_endpoints: [...NODES_ALONE, "sts", "eks-auth"] },
    {},
    {},
  ],
  ["an existing network", THERE, NETWORK, {}],
  [
    "an existing network beside words for an own one",
    { ...THERE, vpc_name: "mine", vpc_cidr_block: "10.0.0.0/16" },
    NETWORK,
    {
      existing_network_alone:
        "vpc_id names an existing VPC, so that vpc_name, vpc_cidr_block does not count; leave it out, or leave out " +
        "vpc_id for an own VPC.",
    },
  ],
  [
    "an existing network with a private subnet of fifteen free addresses, and one of sixteen",
    THERE,
    {
      ...NETWORK,
      existing_network_private_subnet: byId(
        THERE.private_subnet_ids,
        subnet({ available_ip_address_count: 15 }),
        subnet({ available_ip_address_count: 16 }),
      ),
    },
    {
      existing_network_room:
        "fewer than 16 addresses are free in subnet-0000000000000000c (15): nodes and pods need one each, and EKS some " +
        "for an upgrade; add a subnet to private_subnet_ids.",
    },
  ],
  [
    "an existing network with the other's tag on each subnet",
    THERE,
    {
      ...NETWORK,
      existing_network_public_subnet: byId(
        THERE.public_subnet_ids,
        subnet({ tags: { "kubernetes.io/role/internal-elb": "1" } }),
        subnet({}),
      ),
      existing_network_private_subnet: byId(
        THERE.private_subnet_ids,
        subnet({}),
        subnet({ tags: { "kubernetes.io/role/elb": "1" } }),
      ),
    },
    {
      existing_network_public_tags:
        "Kubernetes finds no subnet for internet-facing load balancers in subnet-0000000000000000a, which lack the tag " +
        "kubernetes.io/role/elb; aws ec2 create-tags --resources subnet-0000000000000000a " +
        "--tags Key=kubernetes.io/role/elb,Value=1 adds it.",
      existing_network_private_tags:
        "Kubernetes finds no subnet for internal load balancers in subnet-0000000000000000d, which lack the tag " +
        "kubernetes.io/role/internal-elb; aws ec2 create-tags --resources subnet-0000000000000000d " +
        "--tags Key=kubernetes.io/role/internal-elb,Value=1 adds it.",
    },
  ],
  [
    "an existing network of which one subnet has no way out",
    { ...THERE, ...ROLES, vpc_endpoints: ["s3", "sts"] },
    {
      ...NETWORK,
      existing_network_route_table: byId(THERE.private_subnet_ids, ROUTES, { routes: [] }),
    },
    {
      vpc_endpoints_for_nodes:
        "nodes do not join the cluster without a way to ec2, ecr.api, ecr.dkr: private_subnet_ids " +
        "subnet-0000000000000000d have no route for 0.0.0.0/0; add them to vpc_endpoints unless the VPC has them " +
        `already, and what pods use: ${OF_PODS}.`,
      vpc_endpoints_for_pod_roles:
        "pods get no role without a way to eks-auth: private_subnet_ids subnet-0000000000000000d have no route for " +
        "0.0.0.0/0, and pod_roles has a; add eks-auth to vpc_endpoints unless the VPC has it already.",
    },
  ],
];

const { check, locals, output, variable } = synthesized();

it("has a row for every warning", () => {
  const warned = ROWS.flatMap(([, , , warnings]) => Object.keys(warnings));

  expect([...new Set(warned)].sort()).toEqual(Object.keys(check).sort());
});

interface PlanJson {
  readonly checks?: readonly {
    readonly address: { readonly name: string; readonly kind: string };
    readonly status: string;
    readonly instances?: readonly { readonly problems?: readonly { readonly message: string }[] }[];
  }[];
  readonly planned_values: { readonly outputs?: Readonly<Record<string, { readonly value?: unknown }>> };
}

/**
 * Every check, the output `planning`, and what they stand on: nothing of it has a provider. What is not said needs no
 * judge: the rules of all variables take Terraform three times as long as the rest.
 */
function judged(said: object, aws: Readonly<Record<string, unknown>>): object {
  const { planning } = output;
  const used = new Set<string>();
  const walk = (part: unknown) => {
    for (const [, name = ""] of JSON.stringify(part).matchAll(/\blocal\.(\w+)/g)) {
      if (used.has(name)) continue;
      used.add(name);
      walk(locals[name]);
    }
  };
  walk([check, planning]);
  const standIns = Object.entries({ ...WELL, ...aws }).map(([name, value]) => [`stand_in_${name}`, value] as const);
  const text = JSON.stringify({
    check,
    locals: Object.fromEntries([...used].map((name) => [name, locals[name]])),
    output: { planning },
    variable: Object.fromEntries(
      Object.entries(variable).map(([name, { validation, ...it }]) => [
        name,
        name in said ? { ...it, validation } : it,
      ]),
    ),
  });
  // The commands in the warnings name resources as well, behind `-replace=`.
  const local = text.replaceAll(/(?<!-replace=|\.)\b(?:data\.)?aws_\w+\.(\w+)/g, "local.stand_in_$1");
  const stack = JSON.parse(local) as { readonly locals: object };
  return { ...stack, locals: { ...stack.locals, ...Object.fromEntries(standIns) } };
}

/** Real Terraform judges the stack's own checks; what AWS would say stands in for its resources and lookups. */
describeEndToEnd("a plan warns of", () => {
  let folder: string;
  let folders = 0;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "eks-test-warnings-"));
  });
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  async function planned(tfvars: object, aws: Readonly<Record<string, unknown>>): Promise<PlanJson> {
    folders += 1;
    const cwd = join(folder, String(folders));
    mkdirSync(cwd);
    const said = { ...ALWAYS, ...tfvars };
    writeFileSync(join(cwd, "main.tf.json"), JSON.stringify(judged(said, aws)));
    writeFileSync(join(cwd, "terraform.tfvars.json"), JSON.stringify(said));
    const options = { cwd, env: environmentFor({ environment: {} }) };
    const ended = await run(terraformProgram(), ["plan", "-input=false", "-no-color", "-out=plan"], options);
    expect(ended).toMatchObject({ code: 0 });
    const { stdout } = await run(terraformProgram(), ["show", "-json", "plan"], options);
    return JSON.parse(stdout) as PlanJson;
  }

  it.concurrent.each(ROWS)("%s", async (_, tfvars, aws, warnings) => {
    const { checks = [] } = await planned(tfvars, aws);

    const all = checks.filter(({ address }) => address.kind === "check");
    expect(all).toHaveLength(Object.keys(check).length);
    expect(all.filter(({ status }) => status !== "pass" && status !== "fail")).toEqual([]);
    const said = all.flatMap(({ address, instances = [] }) =>
      instances.flatMap(({ problems = [] }) => problems.map(({ message }) => [address.name, message] as const)),
    );
    expect(Object.fromEntries(said)).toEqual(warnings);
  });

  it("and puts out the figures of each group", async () => {
    const { planned_values } = await planned(
      groups({
        general: { ...LARGE, max_size: 4 },
        spread: { instance_types: ["r5.large"], max_size: 2, max_pods: 10, spread: "group_per_zone" },
      }),
      {},
    );

    expect(planned_values.outputs?.["planning"]?.value).toEqual({
      general: {
        instance_types: ["m5.large"],
        vcpus: 2,
        memory_gib: 8,
        cpu_to_memory: "1:4",
        workload: "general",
        pods_per_node: 29,
        pods_max: 4 * 29,
        addresses_needed: 4 * 30,
        addresses_available: 3 * 507,
      },
      spread: {
        instance_types: ["r5.large"],
        vcpus: 2,
        memory_gib: 16,
        cpu_to_memory: "1:8",
        workload: "memory",
        pods_per_node: 10,
        pods_max: 3 * 2 * 10,
        addresses_needed: 3 * 2 * 20,
        addresses_available: 3 * 507,
      },
    });
  });
});
