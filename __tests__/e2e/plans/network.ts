import { plantNetwork } from "../../support/existing-network";
import type { Planned, PlanRow } from "./row";

const WORKSHOP = 40;
/** VPC, gateways, address, 2 route tables, 6 subnets with their associations. */
const OWN_NETWORK = 18;

const count = (planned: Planned, type: string) => [...planned.keys()].filter((it) => it.startsWith(`${type}.`)).length;
const values = (planned: Planned, address: string) => {
  const found = planned.get(address);
  if (found === undefined) throw new Error(`${address} is not planned; planned: ${[...planned.keys()].join(", ")}`);
  return found;
};
const routesOf = (planned: Planned, address: string) =>
  (values(planned, address)["route"] as { cidr_block: string; ipv6_cidr_block: string }[])
    .map((route) => route.cidr_block + route.ipv6_cidr_block)
    .sort();

const pods = (...zones: string[]) =>
  `vpc_secondary_cidr_blocks = ["100.64.0.0/16"]\nvpc_pod_subnets = [${zones
    .map((zone, i) => `{ name = "pods-${zone}", az = "ap-northeast-2${zone}", cidr = "100.64.${String(64 * i)}.0/18" }`)
    .join(", ")}]`;

/** Combinations of what the network can be, each planned with the real provider. */
export const NETWORK_PLANS: readonly PlanRow[] = [
  {
    what: "the workshop's network",
    tfvars: "",
    adds: WORKSHOP,
    expects: (planned) => {
      expect(values(planned, "aws_vpc.network_vpc[0]")).toMatchObject({ assign_generated_ipv6_cidr_block: null });
      expect(routesOf(planned, "aws_route_table.network_private_routes[0]")).toEqual(["0.0.0.0/0"]);
      expect(count(planned, "aws_nat_gateway")).toBe(1);
    },
  },
  {
    what: "a NAT gateway in each of three zones: two more gateways, addresses and route tables",
    tfvars: 'nat_gateway = "per_zone"',
    adds: WORKSHOP + 2 * 3,
    expects: (planned) => {
      expect(values(planned, 'aws_nat_gateway.network_zone_nat_gateway["ap-northeast-2b"]')).toMatchObject({
        tags: { Name: "awskrug_gudi_vpc-nat-gateway-ap-northeast-2b" },
      });
      expect(count(planned, "aws_nat_gateway")).toBe(3);
      expect(routesOf(planned, 'aws_route_table.network_zone_private_routes["ap-northeast-2c"]')).toEqual([
        "0.0.0.0/0",
      ]);
    },
  },
  {
    what: "a NAT gateway per zone where private subnets stand in two of three zones",
    tfvars:
      'nat_gateway = "per_zone"\nvpc_private_subnets = [{ name = "a", az = "ap-northeast-2a", cidr = "172.16.10.0/24" }, { name = "b", az = "ap-northeast-2b", cidr = "172.16.11.0/24" }]',
    adds: WORKSHOP - 2 + 3,
    expects: (planned) => {
      expect(count(planned, "aws_nat_gateway")).toBe(2);
    },
  },
  {
    what: "no NAT gateway and no endpoints: nodes would not join",
    tfvars: 'nat_gateway = "none"',
    adds: WORKSHOP - 2,
    warns: "nodes do not join the cluster without a way to ec2, ecr.api, ecr.dkr, s3: nat_gateway is none; add them to",
    expects: (planned) => {
      expect(values(planned, "aws_route_table.network_private_routes[0]")).toMatchObject({ route: [] });
    },
  },
  {
    what: "no NAT gateway and an endpoint too few",
    tfvars: 'nat_gateway = "none"\nvpc_endpoints = ["s3", "ec2", "ecr.api"]',
    adds: WORKSHOP - 2 + 3 + 2,
    warns: "without a way to ecr.dkr: nat_gateway is none",
  },
  {
    what: "no NAT gateway and what nodes need: four endpoints, their group and its rule",
    tfvars: 'nat_gateway = "none"\nvpc_endpoints = ["s3", "ec2", "ecr.api", "ecr.dkr"]',
    adds: WORKSHOP - 2 + 4 + 2,
    expects: (planned) => {
      expect(values(planned, 'aws_vpc_endpoint.vpc_endpoints_interface["ecr.api"]')).toMatchObject({
        service_name: "com.amazonaws.ap-northeast-2.ecr.api",
        vpc_endpoint_type: "Interface",
        private_dns_enabled: true,
      });
      expect(values(planned, 'aws_vpc_endpoint.vpc_endpoints_gateway["s3"]')).toMatchObject({
        service_name: "com.amazonaws.ap-northeast-2.s3",
        vpc_endpoint_type: "Gateway",
      });
    },
  },
  {
    what: "no NAT gateway and no way to what gives pods their roles",
    tfvars: [
      'eks_version = "1.32"',
      'nat_gateway = "none"',
      'vpc_endpoints = ["s3", "ec2", "ecr.api", "ecr.dkr"]',
      "irsa = true",
      'add_ons = { "eks-pod-identity-agent" = { version = "v1.3.8-eksbuild.2" } }',
      'pod_roles = { a = { namespace = "a", service_account = "a", policies = ["cluster-autoscaler"] }, b = { namespace = "b", service_account = "b", policies = ["cluster-autoscaler"], via = "irsa" } }',
    ].join("\n"),
    adds: WORKSHOP - 2 + 4 + 2 + 1 + 1 + 5,
    warns:
      "pods get no role without a way to eks-auth and sts: nat_gateway is none, and pod_roles has a, b; add eks-auth and sts to vpc_endpoints unless the VPC has it already.",
  },
  {
    what: "gateway endpoints alone: no security group",
    tfvars: 'vpc_endpoints = ["s3", "dynamodb"]',
    adds: WORKSHOP + 2,
    expects: (planned) => {
      expect([...planned.keys()]).not.toContain("aws_security_group.vpc_endpoints_security_group[0]");
    },
  },
  {
    what: "a secondary range with subnets for pods, and the endpoint's rule for it",
    tfvars: pods("a", "b", "c"),
    adds: WORKSHOP + 1 + 3 * 2 + 1,
    expects: (planned) => {
      expect(values(planned, 'aws_subnet.network_pod_subnet["pods-b"]')).toMatchObject({
        availability_zone: "ap-northeast-2b",
        cidr_block: "100.64.64.0/18",
        tags: {
          "kubernetes.io/role/cni": "1",
          "cni.networking.k8s.aws/cluster/awskrug_gudi_eks": "shared",
          Name: "awskrug_gudi_vpc-pods-b",
        },
      });
      expect(
        values(planned, 'aws_security_group_rule.cluster_https_from_secondary_cidr["100.64.0.0/16"]'),
      ).toMatchObject({ cidr_blocks: ["100.64.0.0/16"], from_port: 443 });
    },
  },
  {
    what: "endpoints for pods of a secondary range, one NAT gateway per zone",
    tfvars: `${pods("a", "b")}\nnat_gateway = "per_zone"\nvpc_endpoints = ["sts"]`,
    adds: WORKSHOP + 1 + 2 * 2 + 1 + 2 * 3 + 1 + 1 + 2,
  },
  {
    what: "IPv6: an egress-only gateway, a /64 for each subnet, and nodes that may give pods addresses",
    tfvars: 'eks_version = "1.32"\nip_family = "ipv6"',
    adds: WORKSHOP + 1 + 1 + 1,
    expects: (planned) => {
      expect(values(planned, "aws_iam_role_policy.node_group_vpc_cni_ipv6[0]")["policy"]).toContain(
        "ec2:AssignIpv6Addresses",
      );
      expect(values(planned, "aws_vpc.network_vpc[0]")).toMatchObject({ assign_generated_ipv6_cidr_block: true });
      expect(values(planned, 'aws_subnet.network_private_subnet["private-subnet-b"]')).toMatchObject({
        assign_ipv6_address_on_creation: true,
      });
      for (const table of ["private", "public"])
        expect(routesOf(planned, `aws_route_table.network_${table}_routes[0]`)).toEqual(["0.0.0.0/0", "::/0"]);
    },
  },
  {
    what: "IPv6 without a NAT gateway, which IPv6 does not need",
    tfvars:
      'eks_version = "1.32"\nip_family = "ipv6"\nnat_gateway = "none"\nvpc_endpoints = ["s3", "ec2", "ecr.api", "ecr.dkr"]',
    adds: WORKSHOP + 1 + 1 + 1 - 2 + 4 + 2,
    expects: (planned) => {
      expect(routesOf(planned, "aws_route_table.network_private_routes[0]")).toEqual(["::/0"]);
    },
  },
  {
    what: "flow logs for 30 days: group, role, policy, log",
    tfvars: "flow_logs = {}",
    adds: WORKSHOP + 4,
    expects: (planned) => {
      expect(values(planned, "aws_cloudwatch_log_group.flow_logs_group[0]")).toMatchObject({
        name: "/aws/vpc-flow-logs/awskrug_gudi",
        retention_in_days: 30,
      });
      expect(values(planned, "aws_flow_log.flow_logs_log[0]")).toMatchObject({ traffic_type: "ALL" });
    },
  },
  {
    what: "flow logs of what was refused, for a year",
    tfvars: 'flow_logs = { retention_days = 365, traffic_type = "REJECT" }',
    adds: WORKSHOP + 4,
    expects: (planned) => {
      expect(values(planned, "aws_flow_log.flow_logs_log[0]")).toMatchObject({ traffic_type: "REJECT" });
    },
  },
  {
    what: "a private zone with the bastion's name",
    tfvars: 'private_dns_zone = "eks.internal"',
    adds: WORKSHOP + 2,
    expects: (planned) => {
      expect(values(planned, "aws_route53_record.bastion_record_record[0]")).toMatchObject({
        name: "kubectl.eks.internal",
        type: "A",
      });
    },
  },
  {
    what: "everything at once",
    tfvars: `${pods("a", "b")}\nnat_gateway = "per_zone"\nvpc_endpoints = ["s3", "ec2", "ecr.api", "ecr.dkr", "sts"]\nflow_logs = {}\nprivate_dns_zone = "eks.internal"`,
    adds: WORKSHOP + 6 + (1 + 2 * 2 + 1) + (5 + 1 + 2) + 4 + 2,
  },
  {
    what: "an existing network",
    tfvars: "",
    seed: async (endpoint) => (await plantNetwork(endpoint)).tfvars,
    adds: WORKSHOP - OWN_NETWORK + 2,
    expects: (planned) => {
      for (const type of ["aws_vpc", "aws_subnet", "aws_route_table", "aws_nat_gateway", "aws_eip"])
        expect(count(planned, type)).toBe(0);
      expect(values(planned, "aws_security_group_rule.cluster_https_from_vpc")).toMatchObject({
        cidr_blocks: ["10.8.0.0/16"],
      });
    },
  },
  {
    what: "an existing network in another region's words: the own subnets are not looked at",
    tfvars: "vpc_public_subnets = []\nvpc_private_subnets = []",
    seed: async (endpoint) => (await plantNetwork(endpoint)).tfvars,
    adds: WORKSHOP - OWN_NETWORK + 2,
    warns: "vpc_id names an existing VPC, so that vpc_public_subnets, vpc_private_subnets does not count",
  },
  {
    what: "an existing network with endpoints, flow logs and a name",
    tfvars: 'vpc_endpoints = ["s3", "sts"]\nflow_logs = {}\nprivate_dns_zone = "eks.internal"',
    seed: async (endpoint) => (await plantNetwork(endpoint)).tfvars,
    adds: WORKSHOP - OWN_NETWORK + 2 + 2 + 2 + 4 + 2,
  },
  {
    what: "an existing network without a way out",
    tfvars: "",
    seed: async (endpoint) => (await plantNetwork(endpoint, { privateRoute: "nowhere" })).tfvars,
    adds: WORKSHOP - OWN_NETWORK + 2,
    warns: "have no route for 0.0.0.0/0; add them to vpc_endpoints unless the VPC has them already",
  },
  {
    what: "an existing network without the tags of load balancers",
    tfvars: "",
    seed: async (endpoint) => (await plantNetwork(endpoint, { tags: false })).tfvars,
    adds: WORKSHOP - OWN_NETWORK + 2,
    warns: "--tags Key=kubernetes.io/role/internal-elb,Value=1 adds it",
  },
  {
    what: "an existing network with little room",
    tfvars: "",
    seed: async (endpoint) => (await plantNetwork(endpoint, { privatePrefix: 28 })).tfvars,
    adds: WORKSHOP - OWN_NETWORK + 2,
    warns: "fewer than 16 addresses are free in subnet-",
  },
];
