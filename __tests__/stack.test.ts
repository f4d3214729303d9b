import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";

import { parse } from "@cdktf/hcl2json";

import type { Handover } from "../modules/contract";
import { addresses, synthesized } from "./support/synthesized";

const CLONE = resolve(__dirname, "..");
const stack = synthesized();

/** The addresses that plans show and states hold: one that changes destroys and recreates what stands there. */
const ADDRESSES = [
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

describe("the stack", () => {
  it("has these resources at these addresses, and no other", () => {
    expect(addresses(stack)).toEqual(ADDRESSES);
  });

  it("declares one output per field of the handover, under the field's name", () => {
    const fields: Record<keyof Handover, true> = {
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

    expect(Object.keys(stack.output).sort()).toEqual(Object.keys(fields).sort());
    expect(stack.resource["terraform_data"]?.["handover"]?.["input"]).toEqual(
      Object.fromEntries(Object.entries(stack.output).map(([name, { value }]) => [name, value])),
    );
  });

  it("says of every variable what it is, of what type, and whether it may be null", () => {
    for (const [name, variable] of Object.entries(stack.variable)) {
      expect({ name, described: variable.description.length > 20 }).toEqual({ name, described: true });
      expect(typeof variable.type).toBe("string");
      expect(typeof variable.nullable).toBe("boolean");
    }
  });

  it("needs one variable only", () => {
    const required = Object.entries(stack.variable).filter(([, variable]) => !("default" in variable));

    expect(required.map(([name]) => name)).toEqual(["aws_krug_admin_role"]);
  });

  it("works with the Terraform and AWS provider that it was tried with", () => {
    expect(stack.terraform).toMatchObject({
      required_version: ">= 1.9.0",
      required_providers: { aws: { source: "aws", version: ">= 5.100.0, < 7.0.0" } },
    });
  });

  it("moves the workshop's addresses to addresses that exist", () => {
    const targets = stack.moved.map(({ to }) => to.replace(/\[.*\]$/, ""));

    expect(stack.moved).toHaveLength(39);
    expect([...new Set(targets)].sort()).toEqual(ADDRESSES.filter((address) => address !== "terraform_data.handover"));
  });

  it("opens no port to the internet by itself", () => {
    const rules = Object.values(stack.resource["aws_security_group_rule"] ?? {});

    expect(rules.filter(({ type }) => type === "ingress")).toHaveLength(6);
    expect(JSON.stringify(rules)).not.toMatch(/0\.0\.0\.0\/0|::\/0/);
    for (const { ingress } of Object.values(stack.resource["aws_security_group"] ?? {}))
      expect(ingress).toBeUndefined();
  });

  it("encrypts every volume and requires IMDSv2 of every instance", () => {
    const machines = ["aws_instance", "aws_launch_configuration"].flatMap((type) =>
      Object.values(stack.resource[type] ?? {}),
    );

    expect(machines).toHaveLength(2);
    for (const machine of machines) {
      expect(machine).toMatchObject({
        root_block_device: { encrypted: true },
        metadata_options: { http_tokens: "required" },
      });
    }
  });

  it("keeps the endpoint private from the first call on", () => {
    expect(stack.resource["aws_eks_cluster"]?.["cluster_control_plane"]).toMatchObject({
      vpc_config: { endpoint_private_access: true, endpoint_public_access: false },
    });
  });

  it("names the partition in every policy's ARN", () => {
    for (const { policy_arn } of Object.values(stack.resource["aws_iam_role_policy_attachment"] ?? {})) {
      expect(policy_arn).toMatch(/^arn:\$\{data\.aws_partition\.partition\.partition\}:iam::aws:policy\//);
    }
  });

  it("lets a node boot only when it can join, and go before what it works with", () => {
    const group = stack.resource["aws_autoscaling_group"]?.["node_group_autoscaling_group"];

    expect(group?.["depends_on"]).toEqual(
      expect.arrayContaining([
        ...ADDRESSES.filter((address) => address.startsWith("aws_iam_role_policy_attachment.node_group")),
        ...ADDRESSES.filter((address) => address.startsWith("aws_security_group_rule.node_group")),
        "aws_route_table_association.network_private_association",
      ]),
    );
  });
});

describe("tfvars/workshop-1.14.tfvars", () => {
  const file = "workshop-1.14.tfvars";
  const values = parse(file, readFileSync(join(CLONE, "tfvars", file), "utf8")) as Promise<Record<string, unknown>>;

  it("sets every variable but the one that is the participant's own", async () => {
    expect(Object.keys(await values).sort()).toEqual(
      Object.keys(stack.variable)
        .filter((name) => name !== "aws_krug_admin_role")
        .sort(),
    );
  });

  it("repeats the defaults, or the names that are made when there is none", async () => {
    const made = {
      vpc_name: "awskrug_gudi_vpc",
      eks_cluster_name: "awskrug_gudi_eks",
      eks_worker_node_role_name: "awskrug_gudi_eks_worker_nodes_role",
    };
    const defaults = Object.entries(stack.variable).map(([name, variable]) => [name, variable.default] as const);

    expect({ aws_krug_admin_role: undefined, ...(await values) }).toEqual({ ...Object.fromEntries(defaults), ...made });
  });
});

describe("every file in tfvars/", () => {
  it.each(readdirSync(join(CLONE, "tfvars")))("%s sets nothing that is no variable", async (file) => {
    const values = (await parse(file, readFileSync(join(CLONE, "tfvars", file), "utf8"))) as Record<string, unknown>;

    expect(Object.keys(values).filter((name) => !(name in stack.variable))).toEqual([]);
  });
});

describe("README.md", () => {
  const readme = readFileSync(join(CLONE, "README.md"), "utf8");
  const section = (heading: string) => readme.split(`\n## ${heading}\n`)[1]?.split("\n## ")[0] ?? "";

  it("lists every variable with its default", () => {
    const rows = [...section("Inputs").matchAll(/^\| `(\w+)` +\| (.*?) +\|/gm)];
    const listed = Object.fromEntries(rows.map(([, name = "", shown = ""]) => [name, shown]));

    expect(rows).toHaveLength(Object.keys(listed).length);
    expect(Object.keys(listed).sort()).toEqual(Object.keys(stack.variable).sort());
    for (const [name, variable] of Object.entries(stack.variable)) {
      const { default: value } = variable;
      // Lists and objects are described, and so are names that are made of others.
      if (typeof value === "string") expect([name, listed[name]]).toEqual([name, `\`${value}\``]);
      if (typeof value === "number" || typeof value === "boolean") {
        expect([name, listed[name]]).toEqual([name, `\`${String(value)}\``]);
      }
    }
  });

  it("lists every output", () => {
    const outputs = section("Outputs");

    for (const name of Object.keys(stack.output)) expect(outputs).toContain(`\`${name}\``);
  });
});
