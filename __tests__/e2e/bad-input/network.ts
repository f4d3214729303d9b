import type { GoodInput, WrongInput } from "./row";

const ROLE = 'aws_krug_admin_role = "aws-krug-admin"';
const set = (line: string) => `${ROLE}\n${line}`;

const VPC = 'vpc_id = "vpc-0123456789abcdef0"';
const PUBLIC = 'public_subnet_ids = ["subnet-0123456789abcdef0"]';
const PRIVATE = 'private_subnet_ids = ["subnet-0123456789abcdef1", "subnet-0123456789abcdef2"]';
const existing = (...lines: string[]) => set([VPC, PUBLIC, PRIVATE, ...lines].join("\n"));

/** vpc_pod_subnets inside 100.64.0.0/16, from `NAME ZONE CIDR`. */
function pods(...rows: string[]): string {
  const row = (text: string) => {
    const [name = "", zone = "", cidr = ""] = text.split(" ");
    return `{ name = "${name}", az = "ap-northeast-2${zone}", cidr = "${cidr}" }`;
  };
  return set(`vpc_secondary_cidr_blocks = ["100.64.0.0/16"]\nvpc_pod_subnets = [${rows.map(row).join(", ")}]`);
}
const beside = (primary: string, ...more: string[]) => {
  const [a = "", b = ""] = primary.split(".");
  const subnet = (name: string, zone: string, third: number) =>
    `{ name = "${name}", az = "ap-northeast-2${zone}", cidr = "${a}.${b}.${String(third)}.0/24" }`;
  const subnets = (name: string, third: number) =>
    `[${subnet(`${name}-a`, "a", third)}, ${subnet(`${name}-b`, "b", third + 1)}]`;
  return set(
    [
      `vpc_cidr_block = "${primary}"`,
      `vpc_public_subnets = ${subnets("public", 0)}`,
      `vpc_private_subnets = ${subnets("private", 10)}`,
      `vpc_secondary_cidr_blocks = [${more.map((cidr) => `"${cidr}"`).join(", ")}]`,
    ].join("\n"),
  );
};
const NOT_BESIDE = "vpc_secondary_cidr_blocks must be ranges that AWS takes beside vpc_cidr_block";

/** What can be wrong about the network: the tfvars file, and the words that have to be in the answer. */
export const NETWORK_CASES: readonly WrongInput[] = [
  // Names
  ["an empty name of the VPC", set('vpc_name = ""'), "vpc_name must have 1 to 127 letters, digits, spaces or "],
  ["a long name of the VPC in Korean", set(`vpc_name = "${"가".repeat(128)}"`), "vpc_name must have 1 to 127 letters"],
  ["a line in the name of the VPC", set('vpc_name = "a\\nb"'), "vpc_name must have 1 to 127 letters"],
  ["a space before the name of the VPC", set('vpc_name = " a"'), "vpc_name must have 1 to 127 letters"],
  [
    "a long name of a subnet",
    set(`vpc_private_subnets = [{ name = "${"n".repeat(129)}", az = "ap-northeast-2a", cidr = "172.16.10.0/23" }]`),
    "vpc_private_subnets must have names of 1 to 128 letters, digits, spaces or characters of _.:/=+@-, got ",
  ],
  // An existing network
  ["a VPC's name for its id", set('vpc_id = "workshop"'), 'vpc_id must be the id of a VPC, "vpc-" and 8 or 17'],
  ["an empty id of a VPC", set('vpc_id = ""'), "vpc_id must be the id of a VPC"],
  [
    "an existing VPC without subnets",
    set(VPC),
    "public_subnet_ids must name subnets of vpc_id vpc-0123456789abcdef0, at",
  ],
  [
    "an existing VPC with one private subnet",
    set(`${VPC}\n${PUBLIC}\nprivate_subnet_ids = ["subnet-0123456789abcdef1"]`),
    "private_subnet_ids must name subnets of vpc_id vpc-0123456789abcdef0, at least two, in two zones, got 1",
  ],
  [
    "subnets without their VPC",
    set(PRIVATE),
    "private_subnet_ids needs vpc_id, the VPC that the subnets are of, got 2",
  ],
  ["public subnets without their VPC", set(PUBLIC), "public_subnet_ids needs vpc_id, the VPC that the subnets are of"],
  [
    "a subnet's range for its id",
    set(`${VPC}\n${PUBLIC}\nprivate_subnet_ids = ["172.16.0.0/24", "subnet-0123456789abcdef2"]`),
    'private_subnet_ids must hold ids of subnets, "subnet-" and 8 or 17 hexadecimal digits, got "172.16.0.0/24"',
  ],
  [
    "null for a subnet's id",
    set(`${VPC}\n${PRIVATE}\npublic_subnet_ids = [null]`),
    'public_subnet_ids must hold ids of subnets, "subnet-" and 8 or 17 hexadecimal digits, got null',
  ],
  [
    "the same subnet twice",
    set(`${VPC}\n${PUBLIC}\nprivate_subnet_ids = ["subnet-0123456789abcdef1", "subnet-0123456789abcdef1"]`),
    "private_subnet_ids must name every subnet once, got more than once: subnet-0123456789abcdef1",
  ],
  [
    "a subnet that is public and private",
    set(`${VPC}\n${PRIVATE}\npublic_subnet_ids = ["subnet-0123456789abcdef1"]`),
    "private_subnet_ids and public_subnet_ids must not name the same subnet, got in both: subnet-0123456789abcdef1",
  ],
  [
    "NAT gateways in an existing VPC",
    existing('nat_gateway = "per_zone"'),
    'nat_gateway cannot be set with vpc_id, because the routes of an existing VPC are its owner\'s, got "per_zone"',
  ],
  [
    "another range for an existing VPC",
    existing('vpc_secondary_cidr_blocks = ["100.64.0.0/16"]'),
    "vpc_secondary_cidr_blocks cannot be set with vpc_id, because an existing VPC is not changed",
  ],
  [
    "subnets for pods in an existing VPC",
    existing('vpc_pod_subnets = [{ name = "p", az = "ap-northeast-2a", cidr = "100.64.0.0/18" }]'),
    "who tags those for pods with kubernetes.io/role/cni = 1, got 1; leave it out",
  ],

  // NAT gateways
  [
    "a NAT gateway for each subnet",
    set('nat_gateway = "per_subnet"'),
    "nat_gateway must be single, none or per_zone, got",
  ],
  ["true for the NAT gateway", set("nat_gateway = true"), 'nat_gateway must be single, none or per_zone, got "true"'],
  [
    "a NAT gateway per zone, with a zone without a public subnet",
    set(
      'nat_gateway = "per_zone"\nvpc_public_subnets = [{ name = "a", az = "ap-northeast-2a", cidr = "172.16.0.0/24" }, { name = "b", az = "ap-northeast-2b", cidr = "172.16.1.0/24" }]',
    ),
    'nat_gateway = "per_zone" needs a public subnet in every zone of vpc_private_subnets, got none in ap-northeast-2c; add',
  ],

  // Endpoints
  [
    "an endpoint's whole name",
    set('vpc_endpoints = ["com.amazonaws.ap-northeast-2.s3"]'),
    "vpc_endpoints must hold names out of autoscaling, dynamodb, ",
  ],
  [
    "an endpoint in capitals",
    set('vpc_endpoints = ["S3"]'),
    "vpc_endpoints must hold names out of autoscaling, dynamodb, ",
  ],
  [
    "an endpoint of ecr alone",
    set('vpc_endpoints = ["ecr"]'),
    "vpc_endpoints must hold names out of autoscaling, dynamodb, ",
  ],
  [
    "null for an endpoint",
    set('vpc_endpoints = ["s3", null]'),
    "vpc_endpoints must hold names out of autoscaling, dynamodb, ",
  ],
  [
    "an endpoint twice",
    set('vpc_endpoints = ["s3", "s3"]'),
    "vpc_endpoints must name every service once, got more than",
  ],

  // More ranges
  [
    "a secondary range that is too large",
    set('vpc_secondary_cidr_blocks = ["100.64.0.0/10"]'),
    'vpc_secondary_cidr_blocks must hold IPv4 ranges from /16 to /28 without host bits, got "100.64.0.0/10" (write an address and a prefix length, such as 100.64.0.0/16)',
  ],
  [
    "a secondary range with host bits",
    set('vpc_secondary_cidr_blocks = ["100.64.1.0/16"]'),
    'got "100.64.1.0/16" (write 100.64.0.0/16)',
  ],
  [
    "an IPv6 secondary range",
    set('vpc_secondary_cidr_blocks = ["2001:db8::/64"]'),
    'vpc_secondary_cidr_blocks must hold IPv4 ranges from /16 to /28 without host bits, got "2001:db8::/64" (write an address and a prefix length, such as 100.64.0.0/16)',
  ],
  [
    "null for a secondary range",
    set("vpc_secondary_cidr_blocks = [null]"),
    "vpc_secondary_cidr_blocks must hold IPv4 ranges from /16 to /28 without host bits, got null (write an address and a prefix length, such as 100.64.0.0/16)",
  ],
  [
    "a secondary range inside the VPC's",
    set('vpc_secondary_cidr_blocks = ["172.16.128.0/20"]'),
    "must overlap neither each other nor vpc_cidr_block, got vpc_cidr_block (172.16.0.0/16) and",
  ],
  [
    "the same secondary range twice",
    set('vpc_secondary_cidr_blocks = ["100.64.0.0/16", "100.64.0.0/16"]'),
    "must overlap neither each other nor vpc_cidr_block",
  ],
  [
    "10/8 beside 172.16/12",
    set('vpc_secondary_cidr_blocks = ["10.1.0.0/16"]'),
    `${NOT_BESIDE} 172.16.0.0/16, got 10.1.0.0/16`,
  ],
  [
    "192.168/16 beside 172.16/12",
    set('vpc_secondary_cidr_blocks = ["192.168.0.0/16"]'),
    `${NOT_BESIDE} 172.16.0.0/16, got`,
  ],
  [
    "172.31/16 beside 172.16/12",
    set('vpc_secondary_cidr_blocks = ["172.31.0.0/20"]'),
    `${NOT_BESIDE} 172.16.0.0/16, got`,
  ],
  [
    "198.19/16 beside 172.16/12",
    set('vpc_secondary_cidr_blocks = ["198.19.0.0/16"]'),
    `${NOT_BESIDE} 172.16.0.0/16, got`,
  ],
  ["172.16/12 beside 10/8", beside("10.2.0.0/16", "172.16.0.0/16"), `${NOT_BESIDE} 10.2.0.0/16, got 172.16.0.0/16`],
  ["10.0/16 beside 10.1/16", beside("10.1.0.0/16", "10.0.0.0/16"), `${NOT_BESIDE} 10.1.0.0/16, got 10.0.0.0/16`],
  ["10/8 beside a public range", beside("203.0.0.0/16", "10.3.0.0/16"), `${NOT_BESIDE} 203.0.0.0/16, got 10.3.0.0/16`],
  ["10/8 beside 192.168/16", beside("192.168.0.0/16", "10.3.0.0/16"), `${NOT_BESIDE} 192.168.0.0/16, got 10.3.0.0/16`],

  // Subnets for pods
  [
    "a subnet for pods outside of every range",
    set('vpc_pod_subnets = [{ name = "p", az = "ap-northeast-2a", cidr = "100.64.0.0/18" }]'),
    "vpc_pod_subnets must lie inside vpc_cidr_block or vpc_secondary_cidr_blocks (172.16.0.0/16), got p (100.64.0.0/18)",
  ],
  [
    "a subnet for pods on a private one",
    set('vpc_pod_subnets = [{ name = "p", az = "ap-northeast-2a", cidr = "172.16.10.0/24" }]'),
    "vpc_pod_subnets must not overlap each other nor other subnets, got p (172.16.10.0/24) and private-subnet-a (172.16.10.0/23)",
  ],
  [
    "subnets for pods on each other",
    pods("p a 100.64.0.0/18", "q b 100.64.0.0/20"),
    "vpc_pod_subnets must not overlap each",
  ],
  [
    "two subnets for pods of one name",
    pods("p a 100.64.0.0/18", "p b 100.64.64.0/18"),
    "for each subnet, got more than once: p",
  ],
  [
    "a subnet for pods in a zone without nodes",
    pods("p d 100.64.0.0/18"),
    "vpc_pod_subnets must stand in zones of vpc_private_subnets (ap-northeast-2a, ap-northeast-2b, ap-northeast-2c), because",
  ],
  [
    "a subnet for pods that is no range",
    pods("p a pods"),
    "vpc_pod_subnets must have IPv4 ranges from /16 to /28 without",
  ],
  [
    "null for a subnet for pods",
    set("vpc_pod_subnets = [null]"),
    "vpc_pod_subnets must have a value in every row, got 0 (null)",
  ],

  // IPv6
  ["an address family in capitals", set('ip_family = "IPv6"'), 'ip_family must be ipv4 or ipv6, got "IPv6"'],
  ["both address families", set('ip_family = "dualstack"'), 'ip_family must be ipv4 or ipv6, got "dualstack"'],
  [
    "IPv6 with an old Kubernetes",
    set('ip_family = "ipv6"\neks_version = "1.20"'),
    'ip_family = "ipv6" needs Kubernetes 1.21, got eks_version 1.20',
  ],
  [
    "subnets for pods with IPv6",
    `${pods("p a 100.64.0.0/18")}\neks_version = "1.32"\nip_family = "ipv6"`,
    'vpc_pod_subnets are for IPv4 addresses, and with ip_family = "ipv6" pods have IPv6 ones',
  ],
  [
    "subnets that get the same IPv6 range",
    set(
      'eks_version = "1.32"\nip_family = "ipv6"\nvpc_public_subnets = [{ name = "a", az = "ap-northeast-2a", cidr = "172.16.0.0/28" }, { name = "b", az = "ap-northeast-2b", cidr = "172.16.0.16/28" }]',
    ),
    "because a subnet's IPv6 range is numbered by it, got in one: a, b; make them larger or move them apart",
  ],

  // Flow logs
  [
    "flow logs for a month of 31 days",
    set("flow_logs = { retention_days = 31 }"),
    "flow_logs.retention_days must be one of 0, 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653 days (0: for ever), because CloudWatch has no other, got 31",
  ],
  [
    "flow logs for a negative time",
    set("flow_logs = { retention_days = -1 }"),
    "flow_logs.retention_days must be one of 0, 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653 days (0: for ever), because CloudWatch has no other, got -1",
  ],
  [
    "flow logs of other traffic",
    set('flow_logs = { traffic_type = "DENY" }'),
    'must be ALL, ACCEPT or REJECT, got "DENY"',
  ],
  ["flow logs that are on", set("flow_logs = true"), "flow_logs"],

  // Names
  [
    "a zone with a dot at its end",
    set('private_dns_zone = "eks.internal."'),
    "private_dns_zone must be a DNS name in lower case",
  ],
  ["a zone in capitals", set('private_dns_zone = "EKS.internal"'), 'got "EKS.internal"'],
  ["a zone with a space", set('private_dns_zone = "eks internal"'), 'got "eks internal"'],
  [
    "a zone's name for its id",
    set('private_dns_zone_id = "eks.internal"'),
    'private_dns_zone_id must be the id of a zone, "Z" and capital letters and digits, got "eks.internal"',
  ],
  [
    "a zone to make and one that exists",
    set('private_dns_zone = "eks.internal"\nprivate_dns_zone_id = "Z0123456789ABCDEFGHIJ"'),
    "private_dns_zone_id is for a zone that exists and private_dns_zone for one that is made, got both",
  ],
  ["prefix delegation in words", set('prefix_delegation = "sometimes"'), "prefix_delegation"],
];

/** What is unusual and right. */
export const GOOD_NETWORKS: readonly GoodInput[] = [
  [
    "names that are as long as they can be",
    set(
      `vpc_name = "${"가".repeat(127)}"\nvpc_public_subnets = [\n` +
        `  { name = "${"n".repeat(128)}", az = "ap-northeast-2a", cidr = "172.16.0.0/23" },\n` +
        '  { name = "b", az = "ap-northeast-2b", cidr = "172.16.2.0/23" },\n]',
    ),
  ],
  ["a public range beside the VPC's", set('vpc_secondary_cidr_blocks = ["203.0.0.0/16"]')],
  ["100.64/10 beside a public range", beside("203.0.0.0/16", "100.127.0.0/16")],
  ["another range of 10/8", beside("10.2.0.0/16", "10.0.0.0/16", "10.3.0.0/24")],
  ["another range of 172.16/12", set('vpc_secondary_cidr_blocks = ["172.17.0.0/16"]')],
  [
    "a subnet for pods inside the VPC's own range",
    set('vpc_pod_subnets = [{ name = "p", az = "ap-northeast-2a", cidr = "172.16.64.0/18" }]'),
  ],
  ["flow logs with null for what has a default", set("flow_logs = { retention_days = null, traffic_type = null }")],
  ["null for the NAT gateway, which is the default", set("nat_gateway = null")],
  ["flow logs for ever", set("flow_logs = { retention_days = 0 }")],
  ["a zone of one word", set('private_dns_zone = "workshop"')],
];
