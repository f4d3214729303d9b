import { summarize, summaryLines, type InstanceTypeFacts } from "../../cli/plan/plan-summary";
import { planOf } from "../support/plan-json";
import { shown } from "../../terminal/shown";
import { recorded, recordedWith } from "../support/recorded";

const T3_MICRO: InstanceTypeFacts = { interfaces: 2, addressesPerInterface: 2, vcpus: 2, memoryMiB: 1024 };
const T3_SMALL: InstanceTypeFacts = { interfaces: 3, addressesPerInterface: 4, vcpus: 2, memoryMiB: 2048 };
const T3_MEDIUM: InstanceTypeFacts = { interfaces: 3, addressesPerInterface: 6, vcpus: 2, memoryMiB: 4096 };
const M5_8XLARGE: InstanceTypeFacts = { interfaces: 8, addressesPerInterface: 30, vcpus: 32, memoryMiB: 131072 };

interface Given {
  readonly type?: string;
  readonly size?: { readonly min: number; readonly desire: number; readonly max: number };
  /** `NAME ZONE CIDR` */
  readonly privateSubnets?: readonly string[];
  readonly kubeletArguments?: string;
}

/** Values of the stack's variables, by name. */
function variables({ type = "t3.micro", size, privateSubnets, kubeletArguments = "" }: Given): Record<string, unknown> {
  const rows = (texts: readonly string[]) =>
    texts.map((text) => {
      const [name, az, cidr] = text.split(" ");
      return { name, az, cidr };
    });
  return {
    vpc_public_subnets: rows(["front-a a 172.16.0.0/23", "front-b b 172.16.2.0/28"]),
    vpc_private_subnets: rows(privateSubnets ?? ["back-a a 172.16.10.0/23", "back-b b 172.16.12.0/23"]),
    eks_worker_node_ec2_type: type,
    eks_worker_nodes_asg_group: size ?? { min: 2, desire: 2, max: 2 },
    eks_worker_user_data_group: {
      pre_userdata: "",
      additional_userdata: "",
      kubelet_extra_args: kubeletArguments,
      enable_docker_bridge: false,
    },
  };
}

/** A plan of the workshop's stack that changes nothing, as Terraform wrote it, with these values of its variables. */
function summary(given: Given, facts?: InstanceTypeFacts) {
  return summarize(recordedWith("workshop-unchanged", variables(given)), facts);
}

// Written by Terraform: bench/plan-scenarios.ts has the scenarios, `npm run record:plans` writes their plans.
describe("the counts of a summary", () => {
  it.each<[string, readonly string[]]>([
    [
      "oddities-removed",
      [
        "to add 1: aws_eip",
        "to destroy 10:",
        "  aws_eip.counted[1]",
        "  aws_eip.nowhere",
        '  aws_eip.repeated["a"]',
        '  aws_eip.row["b"]',
        "  aws_launch_template.gone",
        '  aws_launch_template.row["b"]',
        "  aws_sqs_queue.ours",
        "  terraform_data.values",
        '  module.part["b"].aws_launch_template.part',
        "  module.whole.aws_launch_template.part",
        "to forget 1:",
        "  aws_eip.forgotten",
      ],
    ],
    [
      "workshop-moved-and-renamed",
      [
        "to change 7:",
        ...[
          'aws_subnet.network_private_subnet["private-subnet-a"]',
          'aws_subnet.network_private_subnet["private-subnet-b"]',
          'aws_subnet.network_public_subnet["public-subnet-a"]',
          'aws_subnet.network_public_subnet["public-subnet-b"]',
          'aws_subnet.network_public_subnet["public-subnet-c"]',
          "aws_vpc.network_vpc[0]",
        ].flatMap((address) => [
          `  ${address}`,
          '    tags["kubernetes.io/cluster/awskrug_gudi_eks"]: "shared" -> nothing',
          '    tags["kubernetes.io/cluster/other"]: nothing -> "shared"',
        ]),
        "  terraform_data.handover",
        '    input.cluster_name: "awskrug_gudi_eks" -> "other"',
        '    input.node_groups.awskrug_gudi_eks-worker: {"desired":2,"max":2,"min":2} -> nothing',
        '    input.node_groups.other-worker: nothing -> {"desired":2,"max":2,"min":2}',
        "    known after the apply: input.authentication_mode, input.certificate_authority_data, input.cluster_endpoint, output",
        "to replace 3:",
        '  aws_autoscaling_group.node_group_autoscaling_group["worker"]',
        '    name: "awskrug_gudi_eks-worker" -> "other-worker"',
        "  aws_eks_cluster.cluster_control_plane",
        '    name: "awskrug_gudi_eks" -> "other"',
        '  aws_launch_configuration.node_group_launch_configuration["worker"]',
        '    name_prefix: "awskrug_gudi_eks_worker_node" -> "other_worker_node"',
        "    known after the apply: user_data",
        "to destroy 2:",
        '  aws_route_table_association.network_private_association["private-subnet-c"]',
        '  aws_subnet.network_private_subnet["private-subnet-c"]',
      ],
    ],
    ["workshop-moved", ["nothing to add, to change or to destroy", "moved in the state only: 1"]],
  ])("are by what happens, then by type: %s", (scenario, lines) => {
    expect(summaryLines(summarize(recorded(scenario))).slice(0, lines.length)).toEqual(lines);
  });

  it("say so when there are none", () => {
    const [none, ...others] = summaryLines(summarize(recorded("workshop-unchanged")));

    expect(none).toBe("nothing to add, to change or to destroy");
    expect(others.filter((line) => line.startsWith("outputs"))).toEqual([]);
  });

  it("name what becomes of a value, and not what follows from it", () => {
    expect(summaryLines(summarize(recorded("workshop-output-changed"))).slice(0, 4)).toEqual([
      "to change 1:",
      "  terraform_data.handover",
      expect.stringMatching(/^ {4}input\.aws_auth_users: \[\] -> \[\{"groups":\["students"\],"userarn":.*…$/) as string,
      "    known after the apply: output",
    ]);
    expect(summaryLines(summarize(recorded("current-image"))).slice(0, 8)).toEqual([
      "to change 2:",
      '  aws_autoscaling_group.node_group_autoscaling_group["general"]',
      "    known after the apply: launch_template[0].version",
      '  aws_launch_template.node_group_launch_template["general"]',
      "    block_device_mappings changes",
      '    image_id: "ami-0c0ffee0000000a01" -> "ami-0c0ffee0000000b01"',
      "    user_data changes",
      "    known after the apply: default_version, latest_version",
    ]);
  });

  it("never show what is sensitive", () => {
    const lines = summaryLines(summarize(recorded("oddities-replaced")));

    expect(lines).toEqual(
      expect.arrayContaining(["    name changes", '    input: "a" -> "b"', '    address: nothing -> "198.51.100.7"']),
    );
    expect(lines.join("\n")).not.toContain("hidden");
  });

  it("name outputs where nothing else changes", () => {
    const plan = { ...recorded("workshop-unchanged"), outputs: ["planning"] };

    expect(summaryLines(summarize(plan)).slice(0, 2)).toEqual([
      "nothing to add, to change or to destroy",
      "outputs that change: planning",
    ]);
  });

  it("have the conditions that do not hold with them", () => {
    expect(summarize(recorded("oddities-errored")).findings).toMatchObject([
      { severity: "error", subject: "aws_eip.tainted", cause: "It does not hold" },
      { severity: "warning", subject: "check.fails", cause: "The first does not hold; The second does not hold" },
    ]);
    // As one sentence, though Terraform wants the author's to end.
    const lines = summaryLines(summarize(recorded("workshop-nobody-admitted")));
    expect(lines.join("").replaceAll(/ +/g, " ")).toContain(
      "warning: check.bastion_reachable: nobody can reach the bastion by SSH: kubectl_ssh_cidrs names no IPv4 " +
        'network; set it in your tfvars to your own address, such as kubectl_ssh_cidrs = ["203.0.113.7/32"]; ' +
        "mend that, and plan again",
    );
  });
});

it("is in lines that a terminal of 80 columns can break, and none between a number and what it counts", () => {
  const plan = recordedWith(
    "workshop-first",
    variables({
      type: "t3.micro",
      size: { min: 2, desire: 2, max: 500 },
      privateSubnets: [
        "private-subnet-a ap-northeast-2a 172.16.10.0/27",
        "private-subnet-b ap-northeast-2b 172.16.12.0/27",
      ],
    }),
  );

  const lines = summaryLines(summarize(plan, T3_MICRO)).flatMap((line) =>
    shown(line, { isTTY: true, columns: 80 }, { TERM: "dumb" }).split("\n"),
  );

  expect(lines.filter((line) => line.length > 80)).toEqual([]);
  expect(lines.slice(0, 5)).toEqual([
    "to add 40: aws_autoscaling_group, aws_eip, aws_eks_cluster,",
    "  aws_iam_instance_profile, 2 aws_iam_role, 5 aws_iam_role_policy_attachment,",
    "  aws_instance, aws_internet_gateway, aws_launch_configuration, aws_nat_gateway,",
    "  2 aws_route_table, 6 aws_route_table_association, 3 aws_security_group,",
    "  6 aws_security_group_rule, 6 aws_subnet, aws_vpc, terraform_data",
  ]);
  expect(lines.join(" ").replaceAll(/ +/g, " ")).toContain(
    "warning: subnet private-subnet-a (172.16.10.0/27, ap-northeast-2a): of its 27",
  );
});

describe("the node groups of a summary", () => {
  const of = (more: Record<string, unknown>) => {
    return summarize(recordedWith("workshop-unchanged", { ...variables({}), ...more }), T3_MICRO);
  };
  const text = (more: Record<string, unknown>) => summaryLines(of(more)).join("").replaceAll(/ +/g, " ");

  it("are the rows of node_groups, instead of the workshop's group that there is not", () => {
    const rows = {
      system: { ami_id: "ami-1", min_size: 2 },
      spot: {
        ami_id: "ami-2",
        instance_types: ["m5.large", "m5a.large"],
        desired_size: 3,
        max_size: 9,
        on_demand_percentage: 0,
        spread: "group_per_zone",
      },
    };

    expect(of({ node_groups: rows })).not.toHaveProperty("capacity");
    expect(text({ node_groups: rows })).toContain(
      "nodes of system: 2 of type t3.medium, from 2 to 3, from a launch template" +
        "nodes of spot: 2 groups, one in each zone, each of 3 of type m5.large or m5a.large, from 1 to 9, 6 of all spot " +
        "instances, from a launch template",
    );
    expect(text({ node_groups: rows })).not.toMatch(/t3\.micro|pods per node/);
  });

  it("have the pods and addresses that the stack's own output reckons, as far as it is known", () => {
    const plan = recordedWith("workshop-unchanged", { ...variables({}), node_groups: { web: { ami_id: "ami-1" } } });
    const figures = { pods_per_node: 17, pods_max: 51, addresses_needed: 54, addresses_available: 1519 };
    const said = (planning: unknown) =>
      summaryLines(summarize({ ...plan, outputValues: { planning } })).filter((line) => line.startsWith("pods of"));

    expect(said({ web: figures, gone: figures })).toEqual([
      "pods of web: 17 a node, 51 at its largest, when it takes 54 addresses of the 1519 in its subnets",
    ]);
    expect(said({ web: { ...figures, addresses_available: null } })).toEqual([
      "pods of web: 17 a node, 51 at its largest, when it takes 54 addresses",
    ]);
    expect([said(undefined), said({ web: {} })]).toEqual([[], []]);
  });

  it.each([{ vpc_id: "vpc-1" }, { prefix_delegation: true }])("is the workshop's with %j, without its pods", (more) => {
    expect(text(more)).toContain("nodes of worker: 2 of type t3.micro, from 2 to 2, from a launch configuration");
    expect(text(more)).not.toMatch(/pods per node|SUBNET/);
  });

  it("are none where the workshop's reckoning is true", () => {
    expect(of({ node_groups: {} })).toMatchObject({ nodeGroups: [], capacity: { instanceType: "t3.micro" } });
    expect(of({ node_groups: "no map" })).toMatchObject({ nodeGroups: [] });
  });
});

describe("the capacity of a summary", () => {
  it("is that of the plan's variables, in words with numbers", () => {
    expect(summaryLines(summary({ type: "t3.small", size: { min: 1, desire: 2, max: 5 } }, T3_SMALL)).slice(1)).toEqual(
      [
        "nodes: 2 of type t3.small, from 1 to 5 (2 vCPU, 2 GiB of memory each)",
        "pods per node: 11 = 3 interfaces x (4 addresses - 1) + 2; room for 16 of yours on 2 nodes",
        "addresses of the subnets (FREE: less those of the control plane, the NAT gateway and the bastion; THEIRS: of as " +
          "many nodes as the group may have):",
        "  SUBNET   RANGE           ZONE  ALL  FREE  NODES  THEIRS",
        "  back-a   172.16.10.0/23  a     507   501      3   24-36",
        "  back-b   172.16.12.0/23  b     507   501      3   24-36",
        "  front-a  172.16.0.0/23   a     507   505      -       -",
        "  front-b  172.16.2.0/28   b      11    11      -       -",
      ],
    );
  });

  it("says what is not known of an unknown type, and warns of nothing", () => {
    const { findings, ...rest } = summary({ type: "z9.large", size: { min: 0, desire: 0, max: 5000 } });

    expect(findings).toEqual([]);
    expect(summaryLines({ findings, ...rest })).toContain(
      "pods per node: not known, because nothing is known of z9.large",
    );
  });

  it("takes numbers that tfvars have in quotes", () => {
    const plan = recordedWith("workshop-unchanged", {
      eks_worker_nodes_asg_group: { min: "1", desire: "2", max: "3" },
    });

    expect(summarize(plan).capacity?.size).toEqual({ min: 1, desired: 2, max: 3 });
  });

  it("is missing from a plan of something else", () => {
    expect(summarize(recorded("oddities-replaced"), T3_MICRO)).not.toHaveProperty("capacity");
  });

  it.each([
    [7, ["x a 10.0.0.0/24", "y b 10.0.1.0/24", "z c 10.0.2.0/24"], [3, 3, 3]],
    // A zone gets its share, whatever subnets it has.
    [8, ["x a 10.0.0.0/24", "y a 10.0.1.0/24", "z b 10.0.2.0/24"], [2, 2, 4]],
    [0, ["x a 10.0.0.0/24", "y b 10.0.1.0/24"], [0, 0]],
  ])("spreads a maximum of %d nodes over zones", (max, privateSubnets, nodes) => {
    const { capacity } = summary({ size: { min: 0, desire: 0, max }, privateSubnets });

    expect(capacity?.subnets.filter(({ isPublic }) => !isPublic).map((subnet) => subnet.nodes)).toEqual(nodes);
  });
});

describe("a summary warns", () => {
  const codes = (given: Given, facts: InstanceTypeFacts) => summary(given, facts).findings.map(({ code }) => code);
  /** 27 usable, 21 without the control plane's. */
  const small = ["a a 10.0.0.0/27", "b b 10.0.1.0/27"];

  it("of nothing where everything fits", () => {
    expect(codes({ size: { min: 2, desire: 2, max: 2 } }, T3_MICRO)).toEqual([]);
    // One in each: 12 of 21 when full.
    expect(codes({ size: { min: 0, desire: 2, max: 2 }, privateSubnets: small }, T3_SMALL)).toEqual([]);
  });

  it("of a maximum that does not fit when the nodes are full", () => {
    // Two t3.small in each: 16 when idle, 24 when full, of 21.
    const { findings } = summary({ size: { min: 0, desire: 3, max: 4 }, privateSubnets: small }, T3_SMALL);

    expect(findings).toHaveLength(2);
    expect(findings[0]).toEqual({
      code: "subnet-too-small-for-full-nodes",
      severity: "warning",
      subject: "subnet a (10.0.0.0/27, a)",
      cause:
        "of its 27 addresses 21 are for nodes, and a maximum of 4 nodes puts 2 there, which take 24 when they are full " +
        "of pods (12 each): 1 node fits, pods on the others wait for an address",
      cure: "lower max in eks_worker_nodes_asg_group, or give the VPC larger subnets under other names",
    });
  });

  it("of a maximum that does not even fit when the nodes are idle", () => {
    // Three in each: 24 when idle, of 21.
    const { findings } = summary({ size: { min: 0, desire: 3, max: 6 }, privateSubnets: small }, T3_SMALL);

    expect(findings.map(({ code }) => code)).toEqual(["subnet-too-small-for-nodes", "subnet-too-small-for-nodes"]);
    expect(findings[0]?.cause).toContain(
      "puts 3 there, which take 24 as soon as they run pods (8 each): 2 nodes fit, the others have no addresses",
    );
  });

  it.each([
    // 21 addresses: five t3.micro take 20, six 24.
    [10, []],
    [11, ["subnet-too-small-for-nodes", "subnet-too-small-for-nodes"]],
  ])("exactly from where it does not fit: %d nodes", (max, expected) => {
    expect(codes({ size: { min: 0, desire: 2, max }, privateSubnets: small }, T3_MICRO)).toEqual(expected);
  });

  it("of nothing where nodes that are full take the last address", () => {
    const facts = { ...T3_SMALL, addressesPerInterface: 7 };

    expect(codes({ size: { min: 0, desire: 2, max: 2 }, privateSubnets: small }, facts)).toEqual([]);
    expect(codes({ size: { min: 0, desire: 2, max: 3 }, privateSubnets: small }, facts)).toHaveLength(2);
  });

  it("of subnets that have nothing left for nodes", () => {
    expect(codes({ privateSubnets: ["a a 10.0.0.0/28", "b b 10.0.0.16/28"] }, T3_MEDIUM)).toEqual([
      "subnet-too-small-for-nodes",
      "subnet-too-small-for-nodes",
    ]);
  });

  it("of nodes that hold the system and nothing else", () => {
    const one = { size: { min: 1, desire: 1, max: 1 } };

    expect(summary(one, T3_MICRO).findings).toMatchObject([
      {
        code: "no-room-for-pods",
        subject: "eks_worker_node_ec2_type t3.micro",
        cause: "the system's 4 pods fill 1 node (4 pods per node), and none of yours would run",
      },
    ]);
    expect(codes({ size: { min: 0, desire: 0, max: 1 } }, T3_MICRO)).toEqual([]);
    expect(codes({ kubeletArguments: "--max-pods=3" }, T3_SMALL)).toEqual(["no-room-for-pods"]);
  });

  it.each([
    ["--max-pods=12", ["max-pods-beyond-addresses"]],
    ["--v=2 --max-pods '12'", ["max-pods-beyond-addresses"]],
    ["--max-pods=200 --max-pods=11", []],
    ["--not--max-pods=200", []],
  ])("of more pods than addresses: %s", (kubeletArguments, expected) => {
    expect(codes({ kubeletArguments }, T3_SMALL)).toEqual(expected);
  });

  it("of more pods than AWS recommends, which depends on the vCPUs", () => {
    expect(codes({ size: { min: 0, desire: 2, max: 2 } }, M5_8XLARGE)).toEqual([]);
    expect(codes({ size: { min: 0, desire: 2, max: 2 } }, { ...M5_8XLARGE, vcpus: 30 })).toEqual([
      "more-pods-than-recommended",
    ]);
    expect(codes({ kubeletArguments: "--max-pods=110" }, { ...M5_8XLARGE, vcpus: 30 })).toEqual([]);
  });

  it("of a range that the VPC gets after its cluster, of which EKS learns late", () => {
    const late = (scenario: string) =>
      summarize(recorded(scenario)).findings.filter(({ code }) => code === "plan-takes-hours");

    const [finding, ...others] = late("workshop-vpc-second-range");
    expect(others).toEqual([]);
    expect(finding).toMatchObject({
      severity: "note",
      subject: 'aws_vpc_ipv4_cidr_block_association.network_secondary_cidr["100.64.0.0/16"]',
    });
    expect(late("workshop-vpc-second-range-and-version")).toHaveLength(1);
    expect(late("workshop-first-with-second-range")).toEqual([]);

    // The stack has a cluster in every plan, and the recorded ones are without the ranges that stay.
    const range = { address: 'aws_vpc_ipv4_cidr_block_association.r["100.64.0.0/16"]', actions: ["create"] };
    const cluster = { address: "aws_eks_cluster.c", actions: ["no-op"] };
    expect(summarize(planOf([range])).findings).toEqual([]);
    expect(summarize(planOf([{ ...range, actions: ["no-op"] }, cluster])).findings).toEqual([]);
  });
});
