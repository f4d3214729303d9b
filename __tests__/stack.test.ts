import { inputSchema, inputTables } from "../bench/inputs";
import { filled } from "../bench/page";
import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";

import { parse } from "@cdktf/hcl2json";

import type { Handover } from "../contract/handover";
import { versionConstraint } from "../facts/provider-versions";
import { addresses, synthesized } from "./support/synthesized";

const CLONE = resolve(__dirname, "..");
const stack = synthesized();

/** The workshop's addresses, which plans show and states hold: one that changes destroys and recreates what stands there. */
const WORKSHOP = [
  "aws_autoscaling_group.node_group_autoscaling_group",
  "aws_eip.network_nat_address",
  "aws_eks_cluster.cluster_control_plane",
  "aws_iam_instance_profile.node_group_instance_profile",
  "aws_iam_role.cluster_role",
  "aws_iam_role.node_group_role",
  "aws_iam_role_policy_attachment.cluster_AmazonEKSClusterPolicy",
  "aws_iam_role_policy_attachment.cluster_AmazonEKSServicePolicy",
  "aws_iam_role_policy_attachment.node_group_AmazonEC2ContainerRegistryReadOnly",
  "aws_iam_role_policy_attachment.node_group_AmazonEKSWorkerNodePolicy",
  "aws_iam_role_policy_attachment.node_group_AmazonEKS_CNI_Policy",
  "aws_instance.bastion_instance",
  "aws_internet_gateway.network_internet_gateway",
  "aws_launch_configuration.node_group_launch_configuration",
  "aws_nat_gateway.network_nat_gateway",
  "aws_route_table.network_private_routes",
  "aws_route_table.network_public_routes",
  "aws_route_table_association.network_private_association",
  "aws_route_table_association.network_public_association",
  "aws_security_group.bastion_security_group",
  "aws_security_group.cluster_security_group",
  "aws_security_group.node_group_security_group",
  "aws_security_group_rule.bastion_ssh",
  "aws_security_group_rule.cluster_https_from_vpc",
  "aws_security_group_rule.node_group_between_nodes",
  "aws_security_group_rule.node_group_https_from_control_plane",
  "aws_security_group_rule.node_group_ports_from_control_plane",
  "aws_security_group_rule.node_group_ssh_from_bastion",
  "aws_subnet.network_private_subnet",
  "aws_subnet.network_public_subnet",
  "aws_vpc.network_vpc",
  "terraform_data.handover",
];

/** What only tfvars bring into being; the workshop has none of it. */
const BY_CHOICE = [
  "aws_cloudwatch_log_group.cluster_log_group",
  "aws_cloudwatch_log_group.flow_logs_group",
  "aws_egress_only_internet_gateway.network_egress_only_gateway",
  "aws_eip.network_zone_nat_address",
  "aws_default_security_group.network_default_security_group",
  "aws_eks_access_entry.access_bastion",
  "aws_eks_access_entry.access_entry",
  "aws_eks_access_entry.access_node",
  "aws_eks_access_policy_association.access_bastion_admin",
  "aws_eks_access_policy_association.access_policy",
  "aws_eks_addon.add_ons_after_nodes",
  "aws_eks_addon.add_ons_before_nodes",
  "aws_eks_pod_identity_association.pod_roles_association",
  "aws_flow_log.flow_logs_log",
  "aws_iam_instance_profile.bastion_instance_profile",
  "aws_iam_instance_profile.node_group_group_instance_profile",
  "aws_iam_openid_connect_provider.pod_roles_oidc_provider",
  "aws_iam_role.bastion_role",
  "aws_iam_role.flow_logs_role",
  "aws_iam_role.node_group_group_role",
  "aws_iam_role.pod_roles_role",
  "aws_iam_role_policy.bastion_describe_cluster",
  "aws_iam_role_policy.flow_logs_policy",
  "aws_iam_role_policy.node_group_group_vpc_cni_ipv6",
  "aws_iam_role_policy.node_group_vpc_cni_ipv6",
  "aws_iam_role_policy.pod_roles_aws_load_balancer_controller",
  "aws_iam_role_policy.pod_roles_cluster_autoscaler",
  "aws_iam_role_policy.pod_roles_external_dns",
  "aws_iam_role_policy.pod_roles_volume_key",
  "aws_iam_role_policy.pod_roles_vpc_cni_ipv6",
  "aws_iam_role_policy_attachment.node_group_group_policy",
  "aws_iam_role_policy_attachment.pod_roles_managed_policy",
  "aws_kms_alias.cluster_secrets_alias",
  "aws_kms_alias.logs_alias",
  "aws_kms_alias.volumes_alias",
  "aws_kms_key.cluster_secrets_key",
  "aws_kms_key.logs_key",
  "aws_kms_key.volumes_key",
  "aws_launch_template.node_group_launch_template",
  "aws_nat_gateway.network_zone_nat_gateway",
  "aws_route53_record.bastion_record_record",
  "aws_route53_zone.bastion_record_zone",
  "aws_route53_zone_association.bastion_record_zone_association",
  "aws_route_table.network_zone_private_routes",
  "aws_route_table_association.network_pod_association",
  "aws_security_group.vpc_endpoints_security_group",
  "aws_security_group_rule.cluster_https_from_bastion",
  "aws_security_group_rule.cluster_https_from_ipv6",
  "aws_security_group_rule.cluster_https_from_secondary_cidr",
  "aws_security_group_rule.node_group_minimal",
  "aws_security_group_rule.vpc_endpoints_https_from_vpc",
  "aws_subnet.network_pod_subnet",
  "aws_vpc_endpoint.vpc_endpoints_gateway",
  "aws_vpc_endpoint.vpc_endpoints_interface",
  "aws_vpc_ipv4_cidr_block_association.network_secondary_cidr",
  "terraform_data.existing_network_room",
];

/** Outputs for people, beside the handover's. */
const FOR_PEOPLE = ["node_role_arns", "planning", "pod_role_arns"];

describe("the stack", () => {
  it("has these resources at these addresses, and no other", () => {
    expect(addresses(stack)).toEqual([...WORKSHOP, ...BY_CHOICE].sort());
  });

  it("declares one output per field of the handover, under the field's name", () => {
    const fields: Record<keyof Omit<Handover, "node_role_arns" | "bastion_host_key" | "ssh_private_key">, true> = {
      region: true,
      cluster_name: true,
      cluster_endpoint: true,
      certificate_authority_data: true,
      kubernetes_version: true,
      authentication_mode: true,
      bastion_instance_id: true,
      bastion_address: true,
      bastion_user: true,
      node_role_arn: true,
      node_groups: true,
      aws_auth_roles: true,
      aws_auth_users: true,
    };

    expect(Object.keys(stack.output).sort()).toEqual([...Object.keys(fields), ...FOR_PEOPLE].sort());
    expect(stack.resource["terraform_data"]?.["handover"]?.["input"]).toEqual(
      Object.fromEntries(
        Object.entries(stack.output).flatMap(([name, { value }]) => (FOR_PEOPLE.includes(name) ? [] : [[name, value]])),
      ),
    );
  });

  it("says of every variable what it is, of what type, and whether it may be null", () => {
    for (const [name, variable] of Object.entries(stack.variable)) {
      expect({ name, described: variable.description.length > 20 }).toEqual({ name, described: true });
      expect(typeof variable.type).toBe("string");
      expect(typeof variable.nullable).toBe("boolean");
    }
  });

  it("needs one variable only, and not even that where the bastion has a role of its own", () => {
    const required = Object.entries(stack.variable).filter(([, variable]) => !("default" in variable));
    const { default: adminRole, validation } = stack.variable["aws_krug_admin_role"] ?? {};

    expect(required).toEqual([]);
    expect(adminRole).toBeNull();
    expect(validation?.map(({ condition }) => condition)).toContain(
      "${var.aws_krug_admin_role != null || var.kubectl_own_role}",
    );
  });

  it("works with the Terraform and AWS provider that it was tried with", () => {
    expect(stack.terraform).toMatchObject({
      required_version: ">= 1.9.0",
      required_providers: { aws: { source: "aws", version: versionConstraint("aws") } },
    });
  });

  it("moves the workshop's addresses to addresses that exist", () => {
    const workshop = stack.moved.filter(({ from }) => from.startsWith("module."));
    const targets = workshop.map(({ to }) => to.replace(/\[.*\]$/, ""));

    expect(workshop).toHaveLength(39);
    expect([...new Set(targets)].sort()).toEqual(WORKSHOP.filter((address) => address !== "terraform_data.handover"));
  });

  it("moves on what was one and may be none or several", () => {
    const own = stack.moved.filter(({ from }) => !from.startsWith("module."));

    for (const { from, to } of own) {
      expect(stack.moved.filter((other) => other.to === from)).toHaveLength(1);
      expect(to.replace(/\[.*\]$/, "")).toBe(from);
    }
    expect(own.map(({ to }) => to)).toContain('aws_autoscaling_group.node_group_autoscaling_group["worker"]');
  });

  it("opens no port to the internet by itself", () => {
    const rules = Object.values(stack.resource["aws_security_group_rule"] ?? {});
    const groups = Object.values(stack.resource["aws_security_group"] ?? {});

    expect(rules.map(({ type }) => type)).toEqual(Array(11).fill("ingress"));
    expect(JSON.stringify(rules)).not.toMatch(/0\.0\.0\.0\/0|::\/0/);
    expect(groups.map(({ ingress }) => ingress)).toEqual(Array(4).fill(undefined));
  });

  it("encrypts every volume and requires IMDSv2 of every instance", () => {
    const machines = ["aws_instance", "aws_launch_configuration", "aws_launch_template"].map((type) =>
      Object.values(stack.resource[type] ?? {}),
    );

    expect(machines.map(({ length }) => length)).toEqual([1, 1, 1]);
    for (const machine of machines.flat()) {
      expect(machine).toMatchObject({ metadata_options: { http_tokens: "required" } });
      expect(JSON.stringify(machine)).toMatch(/"encrypted":(true|"true")/);
      expect(JSON.stringify(machine)).not.toMatch(/"encrypted":(false|"false")/);
    }
  });

  it("encrypts every volume of a launch template and requires IMDSv2 of what it launches", () => {
    const template = stack.resource["aws_launch_template"]?.["node_group_launch_template"];

    expect(template).toMatchObject({
      dynamic: { block_device_mappings: { content: { ebs: { encrypted: true } } } },
      metadata_options: { http_tokens: "required" },
    });
  });

  it("keeps the endpoint private from the first call on", () => {
    expect(stack.variable["endpoint_access"]?.default).toBe("vpc");
    expect(stack.resource["aws_eks_cluster"]?.["cluster_control_plane"]).toMatchObject({
      vpc_config: {
        endpoint_private_access: true,
        endpoint_public_access: '${var.endpoint_access == "vpc-and-internet"}',
      },
    });
  });

  it("names the partition in every policy's ARN", () => {
    const attachments = Object.values(stack.resource["aws_iam_role_policy_attachment"] ?? {});
    const own = attachments.filter((attachment) => !("for_each" in attachment));

    expect(own).toHaveLength(5);
    for (const { policy_arn } of own) {
      expect(policy_arn).toMatch(/^arn:\$\{data\.aws_partition\.partition\.partition\}:iam::aws:policy\//);
    }
    // Rows bring ARNs of their own, or ready ones.
    expect(JSON.stringify(stack)).not.toMatch(/arn:aws:(iam::aws|eks::aws)/);
  });

  it("lets a node boot only when it can join, and go before what it works with", () => {
    const group = stack.resource["aws_autoscaling_group"]?.["node_group_autoscaling_group"];

    expect(group?.["depends_on"]).toEqual(
      expect.arrayContaining([
        ...addresses(stack).filter((address) => address.startsWith("aws_iam_role_policy_attachment.node_group")),
        ...addresses(stack).filter((address) => address.startsWith("aws_security_group_rule.node_group")),
        "aws_route_table_association.network_private_association",
        "aws_security_group_rule.cluster_https_from_vpc",
        "aws_eks_access_entry.access_node",
        "aws_eks_addon.add_ons_before_nodes",
      ]),
    );
  });
});

describe("tfvars/workshop-1.14.tfvars", () => {
  const file = "workshop-1.14.tfvars";
  const values = parse(file, readFileSync(join(CLONE, "tfvars", file), "utf8")) as Promise<Record<string, unknown>>;

  it("sets every variable of the workshop's kind but the one that is the participant's own", async () => {
    const names = Object.keys(stack.variable).filter((name) => /^(aws|eks|kubectl|project|vpc)_/.test(name));
    const today = [
      ...["aws_krug_admin_role", "eks_worker_node_ami_family", "eks_worker_node_launch", "kubectl_own_role"],
      ...["vpc_endpoints", "vpc_id", "vpc_pod_subnets", "vpc_secondary_cidr_blocks"],
    ];

    expect(Object.keys(await values).sort()).toEqual(names.filter((name) => !today.includes(name)).sort());
  });

  it("repeats the defaults, or the names that are made when there is none", async () => {
    const made = {
      vpc_name: "awskrug_gudi_vpc",
      eks_cluster_name: "awskrug_gudi_eks",
      eks_worker_node_role_name: "awskrug_gudi_eks_worker_nodes_role",
    };

    for (const [name, value] of Object.entries(await values)) {
      expect([name, value]).toEqual([name, (made as Record<string, string>)[name] ?? stack.variable[name]?.default]);
    }
  });
});

describe("every file in tfvars/", () => {
  it.each(readdirSync(join(CLONE, "tfvars")))("%s sets nothing that is no variable", async (file) => {
    const values = (await parse(file, readFileSync(join(CLONE, "tfvars", file), "utf8"))) as Record<string, unknown>;

    expect(Object.keys(values).filter((name) => !(name in stack.variable))).toEqual([]);
  });
});

describe("the documents", () => {
  const text = (file: string) => readFileSync(join(CLONE, file), "utf8");
  const inputs = text("docs/inputs.md");

  it("have the tables and the schema of the inputs (else: npm run docs:inputs)", () => {
    const cells = (page: string) => page.replaceAll(/ +(?=\|)|(?<=\|) +|-+(?=\|)|-+(?= \|)/g, "");

    expect(cells(inputs)).toBe(cells(filled(inputs, "npm run docs:inputs", inputTables())));
    expect(JSON.parse(text("docs/inputs.schema.json"))).toEqual(JSON.parse(JSON.stringify(inputSchema())));
    for (const name of Object.keys(stack.variable)) expect(inputs).toContain(`\n| \`${name}\` `);
  });

  it("list every output", () => {
    const [, outputs = ""] = inputs.split("\n## Outputs\n");

    for (const name of Object.keys(stack.output)) expect(outputs).toContain(`\`${name}\``);
  });
});
