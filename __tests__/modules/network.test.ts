import { meant, synthesized } from "../support/synthesized";

const stack = synthesized();
const { resource, check, data, locals } = stack;
const made = (type: string, name: string) => resource[type]?.[name] ?? {};

describe("Network", () => {
  it("makes nothing of its own when there is an existing one", () => {
    for (const [type, name] of [
      ["aws_vpc", "network_vpc"],
      ["aws_internet_gateway", "network_internet_gateway"],
      ["aws_route_table", "network_public_routes"],
      ["aws_route_table", "network_private_routes"],
    ] as const)
      expect(made(type, name)["count"]).toBe("${(var.vpc_id == null) ? 1 : 0}");
    for (const kind of ["public", "private", "pod"]) {
      expect(made("aws_subnet", `network_${kind}_subnet`)["for_each"]).toContain(`local.network_own_${kind}_subnets`);
      expect(locals[`network_own_${kind}_subnets`]).toMatch(/var\.vpc_id == null\) \? var\.\w+ : \[\]/);
    }
  });

  it("says every route of a table, so that one that is no longer listed goes", () => {
    const tables = Object.values(resource["aws_route_table"] ?? {});

    expect(tables).toHaveLength(3);
    for (const { route } of tables) {
      const [, lists = ""] = /^\$\{concat\((.*)\)\}$/.exec(String(route)) ?? [];
      const said = lists.replace(/local\.\w+/g, (name) => String(meant(stack, `\${${name}}`)));
      expect(said).toMatch(/carrier_gateway_id = null, .*\bcarrier_gateway_id = null/);
    }
  });

  it("keeps a private subnet until nothing stands in it", () => {
    expect(made("aws_subnet", "network_private_subnet")["lifecycle"]).toEqual({ create_before_destroy: true });
  });

  it("makes subnets for pods only when their range is there", () => {
    expect(made("aws_subnet", "network_pod_subnet")["depends_on"]).toEqual([
      "aws_vpc_ipv4_cidr_block_association.network_secondary_cidr",
    ]);
  });
});

describe("ExistingNetwork", () => {
  it("looks things up while Terraform plans, never after", () => {
    const looked = Object.values(data).flatMap((byName) =>
      Object.entries(byName).filter(([name]) => name.startsWith("existing_network_")),
    );

    expect(looked.map(([name]) => name).sort()).toEqual([
      "existing_network_own_route_tables",
      "existing_network_private_subnet",
      "existing_network_public_subnet",
      "existing_network_route_table",
      "existing_network_vpc",
    ]);
    for (const [, lookup] of looked) {
      expect(lookup["depends_on"]).toBeUndefined();
      expect(JSON.stringify(lookup)).not.toMatch(/aws_\w+\.(?!existing_network)/);
    }
  });

  it("judges a subnet's room by what was free when it came", () => {
    expect(made("terraform_data", "existing_network_room")["lifecycle"]).toMatchObject({
      ignore_changes: ["input"],
      postcondition: [{ condition: "${self.input >= 6}" }],
    });
  });
});

describe("VpcEndpoints", () => {
  it("opens HTTPS and nothing else, to the VPC's ranges alone", () => {
    expect(made("aws_security_group_rule", "vpc_endpoints_https_from_vpc")).toMatchObject({
      type: "ingress",
      from_port: 443,
      to_port: 443,
      protocol: "tcp",
      cidr_blocks: ["${each.key}"],
    });
    expect(made("aws_security_group", "vpc_endpoints_security_group")["ingress"]).toBeUndefined();
  });

  it("is named as AWS names it, with cn. before some names in China alone, and before no gateway's", () => {
    const { service_name: byInterface } = made("aws_vpc_endpoint", "vpc_endpoints_interface");
    const named = "com.amazonaws.${var.aws_region}.${each.key}";

    expect(byInterface).toMatch(
      /^\$\{data\.aws_partition\.partition\.partition == "aws-cn" && contains\(.*, each\.key\) \? "cn\." : ""\}com/,
    );
    expect(byInterface).toContain(`"cn." : ""}${named}`);
    expect(made("aws_vpc_endpoint", "vpc_endpoints_gateway")["service_name"]).toBe(named);
  });

  it("is there before a node boots that has no other way", () => {
    expect(made("aws_autoscaling_group", "node_group_autoscaling_group")["depends_on"]).toEqual(
      expect.arrayContaining([
        "aws_vpc_endpoint.vpc_endpoints_gateway",
        "aws_vpc_endpoint.vpc_endpoints_interface",
        "aws_security_group_rule.vpc_endpoints_https_from_vpc",
      ]),
    );
  });

  it("tells what nodes miss without a way to the internet", () => {
    expect(check["vpc_endpoints_for_nodes"]?.assert[0]?.condition).toContain('["ec2", "ecr.api", "ecr.dkr", "s3"]');
  });
});

describe("FlowLogs", () => {
  it("writes into its own group, and cannot bring it back", () => {
    const policy = JSON.parse(String(made("aws_iam_role_policy", "flow_logs_policy")["policy"])) as {
      Statement: { Action: string[]; Resource: string[] }[];
    };

    expect(policy.Statement[0]?.Action).not.toContain("logs:CreateLogGroup");
    expect(policy.Statement[0]?.Resource).toEqual([
      "${one(aws_cloudwatch_log_group.flow_logs_group[*].arn)}",
      "${one(aws_cloudwatch_log_group.flow_logs_group[*].arn)}:*",
    ]);
  });
});

describe("BastionRecord", () => {
  it("stands in a private zone that exists as well, which an own VPC is told of", () => {
    expect(data["aws_route53_zone"]?.["bastion_record_existing_zone"]).toMatchObject({
      count: "${(var.private_dns_zone_id != null) ? 1 : 0}",
      zone_id: "${var.private_dns_zone_id}",
      lifecycle: { postcondition: [{ condition: "${self.private_zone}" }] },
    });
    expect(made("aws_route53_zone_association", "bastion_record_zone_association")).toMatchObject({
      count: "${(var.private_dns_zone_id != null && (var.vpc_id == null)) ? 1 : 0}",
      zone_id: "${one(data.aws_route53_zone.bastion_record_existing_zone[*].zone_id)}",
    });
    expect(made("aws_route53_record", "bastion_record_record")["zone_id"]).toBe(
      "${coalesce(one(aws_route53_zone.bastion_record_zone[*].zone_id), one(data.aws_route53_zone.bastion_record_existing_zone[*].zone_id))}",
    );
  });
});
