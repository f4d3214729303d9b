import { join } from "node:path";

import { refusals } from "../../cli/plan/guard";
import { readPlan, type Plan } from "../../terraform/plan-file";
import { summarize, summaryLines } from "../../cli/plan/plan-summary";
import { INPUTS } from "../../contract/inputs/inputs";
import { readTfvars } from "../../terraform/tfvars";
import type { Emulator } from "../../rehearsal/account/emulator";
import { describeEndToEnd, emulate, Project } from "../support/end-to-end";

const TFVARS = `
aws_krug_admin_role = "aws-krug-admin"
kubectl_ssh_cidrs   = ["198.51.100.23/32"]
`;

/** What EC2 says of a t3.micro. */
const T3_MICRO = { interfaces: 2, addressesPerInterface: 2, vcpus: 2, memoryMiB: 1024 };

const CLUSTER = "aws_eks_cluster.cluster_control_plane";
const NODES = 'aws_autoscaling_group.node_group_autoscaling_group["worker"]';
const BASTION = "aws_instance.bastion_instance";
const ROLE = "aws_iam_role.node_group_role";
const PROFILE = "aws_iam_instance_profile.node_group_instance_profile";
const privateSubnet = (letter: string) => `aws_subnet.network_private_subnet["private-subnet-${letter}"]`;

/** Rows of private subnets, as tfvars, from `LETTER ZONE CIDR`. */
function privateSubnets(...rows: string[]): string {
  const row = (text: string) => {
    const [letter = "", zone = "", cidr = ""] = text.split(" ");
    return `{ name = "private-subnet-${letter}", az = "ap-northeast-2${zone}", cidr = "${cidr}" }`;
  };
  return `vpc_private_subnets = [${rows.map(row).join(", ")}]`;
}

/** Refusals as `ADDRESS replaced|destroyed: ATTRIBUTE …`, the attributes those that force it. */
function inShort(plan: Plan, allowed: readonly string[] = []): string[] {
  const forcedBy = new Map(plan.changes.map((change) => [change.address, change.forcedBy]));
  return refusals(plan, allowed)
    .map(({ address, what }) =>
      [`${address} ${what}:`, ...(forcedBy.get(address) ?? []).map(({ path }) => path)].join(" "),
    )
    .sort();
}

/** Real Terraform and AWS provider against an AWS emulator: applied once, then only planned. */
describeEndToEnd("the guard, on plans of an applied stack", () => {
  let emulator: Emulator;
  let project: Project;
  let base: string;
  /** The plan that was made last. */
  let file: string;

  beforeAll(async () => {
    emulator = await emulate();
    project = new Project(emulator);
    base = project.tfvars(TFVARS);
    file = join(project.folder, "plan");
  });

  afterAll(async () => {
    await emulator.stop();
    project.remove();
  });

  /** Plans with the base and something else; the state is as old as its apply, so AWS is not asked again. */
  async function planned(changed: string, ...args: string[]): Promise<Plan> {
    const varFiles = [base, project.tfvars(changed, "changed.tfvars")].map((path) => `-var-file=${path}`);
    const { code, output } = await project.terraform(
      ...["plan", "-input=false", "-refresh=false", "-no-color", `-out=${file}`, ...varFiles, ...args],
    );
    if (code !== 0) throw new Error(output);
    return readPlan((await project.terraform("show", "-json", file)).stdout, file);
  }

  it("lets the first plan pass, and sums it up", async () => {
    const plan = await planned("");

    expect(refusals(plan, [])).toEqual([]);
    expect(plan).toMatchObject({ isErrored: false, failedChecks: [] });
    const lines = summaryLines(summarize(plan, T3_MICRO));
    const text = lines.join("").replaceAll(/ +/g, " ");
    expect(text).toMatch(/^to add 40: aws_autoscaling_group, aws_eip, aws_eks_cluster, .*, 6 aws_subnet, /);
    expect(text).toContain("pods per node: 4 = 2 interfaces x (2 addresses - 1) + 2; room for 2 of yours on 2 nodes");
  });

  it("lets a change pass that replaces nothing but the launch configuration", async () => {
    const applied = await project.terraform("apply", "-input=false", "-no-color", file);
    const plan = await planned(
      'eks_worker_node_ec2_type = "t3.medium"\neks_worker_nodes_asg_group = { min = 1, max = 4, desire = 3 }',
    );

    expect(applied.output).toContain("Apply complete! Resources: 40 added");
    expect(plan.changes.find(({ type }) => type === "aws_launch_configuration")).toMatchObject({ kind: "replace" });
    expect(refusals(plan, [])).toEqual([]);
  });

  it("refuses another cluster name and another image and key pair of the bastion, until all are allowed", async () => {
    const plan = await planned(
      'eks_cluster_name = "other"\nkubectl_image_id = "ami-023bb403131889300"\nkubectl_ec2_keypair = "other"',
    );

    const refused = refusals(plan, []);
    expect(inShort(plan)).toEqual([
      `${NODES} replaced: name`,
      `${CLUSTER} replaced: name`,
      `${BASTION} replaced: ami key_name`,
    ]);
    expect(refused.map(({ because }) => because)).toContain(
      'name changes from "awskrug_gudi_eks" to "other", which cannot be done in place',
    );
    expect(inShort(plan, [NODES, BASTION])).toEqual([`${CLUSTER} replaced: name`]);
    expect(refusals(plan, [NODES, BASTION, CLUSTER])).toEqual([]);
  });

  it("refuses another range of the VPC, with everything that stands in it", async () => {
    const refused = inShort(await planned('vpc_cidr_block = "172.16.0.0/17"'));

    expect(refused.filter((line) => !line.startsWith("aws_subnet."))).toEqual([
      `${BASTION} replaced: subnet_id`,
      "aws_nat_gateway.network_nat_gateway[0] replaced: subnet_id",
      "aws_route_table.network_private_routes[0] replaced: vpc_id",
      "aws_route_table.network_public_routes[0] replaced: vpc_id",
      "aws_security_group.bastion_security_group replaced: vpc_id",
      "aws_security_group.cluster_security_group replaced: vpc_id",
      "aws_security_group.node_group_security_group replaced: vpc_id",
      "aws_vpc.network_vpc[0] replaced: cidr_block",
    ]);
    expect(refused.filter((line) => /^aws_subnet\..* replaced: vpc_id$/.test(line))).toHaveLength(6);
  });

  it("refuses a subnet's other range, its other zone, and its loss", async () => {
    const plan = await planned(privateSubnets("a a 172.16.20.0/23", "b c 172.16.12.0/23"));

    expect(inShort(plan)).toEqual([
      `${CLUSTER} changed:`,
      `${privateSubnet("a")} replaced: cidr_block`,
      `${privateSubnet("b")} replaced: availability_zone`,
      `${privateSubnet("c")} destroyed:`,
    ]);
    expect(refusals(plan, [privateSubnet("a"), privateSubnet("b")]).map(({ because }) => because)).toEqual([
      "the tfvars no longer have a row of its name",
      outOfZones("ap-northeast-2a, ap-northeast-2c"),
    ]);
  });

  const outOfZones = (zones: string) =>
    `its subnets would stand in ${zones}, and EKS takes only the zones that the cluster was made with, ` +
    "ap-northeast-2a, ap-northeast-2b, ap-northeast-2c";

  it("refuses other zones of the control plane, in place and whatever is allowed", async () => {
    const [a, b, c] = ["a a 172.16.10.0/23", "b b 172.16.12.0/23", "c c 172.16.14.0/23"];
    const more = await planned(privateSubnets(a, b, c, "d d 172.16.16.0/23"));
    const fewer = await planned(privateSubnets(a, b));

    expect(inShort(more)).toEqual([`${CLUSTER} changed:`]);
    expect(refusals(more, [CLUSTER]).map(({ because, instead }) => [because, instead])).toEqual([
      [
        outOfZones("ap-northeast-2a, ap-northeast-2b, ap-northeast-2c, ap-northeast-2d"),
        "set vpc_private_subnets so that it has all of these zones and no other",
      ],
    ]);
    expect(refusals(fewer, [privateSubnet("c")]).map(({ because }) => because)).toEqual([
      outOfZones("ap-northeast-2a, ap-northeast-2b"),
    ]);
  });

  it("lets other subnets of the control plane pass in the same zones", async () => {
    const rows = ["a a 172.16.10.0/23", "b b 172.16.12.0/23", "c c 172.16.14.0/23", "more c 172.16.16.0/23"];
    const plan = await planned(privateSubnets(...rows));

    expect(plan.changes.find(({ address }) => address === CLUSTER)).toMatchObject({ kind: "update" });
    expect(refusals(plan, [])).toEqual([]);
  });

  it("refuses the loss of what leads nodes out, and lets rules go", async () => {
    const plan = await planned('nat_gateway = "none"\nkubectl_ssh_cidrs = ["203.0.113.7/32"]');

    expect(plan.changes.find(({ address }) => address.startsWith("aws_security_group_rule.bastion_ssh"))).toMatchObject(
      {
        kind: "replace",
      },
    );
    expect(inShort(plan)).toEqual([
      "aws_eip.network_nat_address[0] destroyed:",
      "aws_nat_gateway.network_nat_gateway[0] destroyed:",
    ]);
  });

  it.each([
    ["1.16", "version goes from 1.14 to 1.16, and EKS goes one minor at a time"],
    ["1.13", "version goes from 1.14 to 1.13, and EKS never goes back"],
  ])("refuses to go to version %s", async (version, because) => {
    const refused = refusals(await planned(`eks_version = "${version}"`), [CLUSTER]);

    expect(refused.map((refusal) => [refusal.address, refusal.because])).toEqual([[CLUSTER, because]]);
  });

  it("lets the next version pass, and the summary says that there is no way back", async () => {
    const plan = await planned('eks_version = "1.15"');

    expect(refusals(plan, [])).toEqual([]);
    expect(summarize(plan).findings).toContainEqual(
      expect.objectContaining({ code: "plan-irrevocable", subject: CLUSTER, severity: "note" }),
    );
  });

  it("refuses the loss of the workshop's nodes for rows of node_groups", async () => {
    const row = 'a = { ami_id = "ami-023bb403131889300", ami_family = "al2", kubernetes_version = "1.14" }';
    const plan = await planned(`node_groups = { ${row} }`);

    expect(inShort(plan)).toEqual([`${NODES} destroyed:`]);
  });

  it("notes that EKS learns late of another range of the VPC", async () => {
    const plan = await planned('vpc_secondary_cidr_blocks = ["100.64.0.0/16"]');

    expect(refusals(plan, [])).toEqual([]);
    expect(summarize(plan).findings).toContainEqual(
      expect.objectContaining({
        code: "plan-takes-hours",
        subject: 'aws_vpc_ipv4_cidr_block_association.network_secondary_cidr["100.64.0.0/16"]',
      }),
    );
  });

  it("refuses another project name, which is in the names of security groups and roles", async () => {
    const kept = 'vpc_name = "awskrug_gudi_vpc"\neks_cluster_name = "awskrug_gudi_eks"';
    const plan = await planned(`project_name = "other"\n${kept}`);

    expect(inShort(plan)).toEqual([
      `${CLUSTER} replaced: role_arn`,
      `${PROFILE} replaced: name`,
      "aws_iam_role.cluster_role replaced: name",
      `${ROLE} replaced: name`,
      "aws_security_group.bastion_security_group replaced: name",
      "aws_security_group.cluster_security_group replaced: name",
      "aws_security_group.node_group_security_group replaced: name",
    ]);
  });

  it("refuses what -replace asks for and what is tainted, where no attribute says why", async () => {
    await project.terraform("taint", CLUSTER);
    const refused = refusals(await planned("", `-replace=${BASTION}`), []);
    await project.terraform("untaint", CLUSTER);

    const because = new Map(refused.map((refusal) => [refusal.address, refusal.because]));
    expect(because.get(BASTION)).toBe("-replace asks for it");
    expect(because.get(CLUSTER)).toMatch(/\(tainted\)/);
  });

  it("lets what is tainted be made anew where nothing was made from it", async () => {
    for (const address of [BASTION, PROFILE]) await project.terraform("taint", address);
    const plan = await planned("");
    for (const address of [BASTION, PROFILE]) await project.terraform("untaint", address);

    const replaced = plan.changes.filter(({ kind }) => kind === "replace").map(({ address }) => address);
    expect(replaced).toEqual(expect.arrayContaining([BASTION, PROFILE]));
    const refused = refusals(plan, []).map(({ address }) => address);
    expect(refused).toContain(PROFILE);
    expect(refused).not.toContain(BASTION);
  });

  it("reads the same values from tfvars as Terraform does", async () => {
    const environment = {
      TF_VAR_project_name: "from-environment",
      TF_VAR_vpc_name: "from-environment",
      TF_VAR_kubectl_ec2_volume_size: "9",
      TF_VAR_kubectl_ssh_cidrs: '["198.51.100.1/32"]',
    };
    project.tfvars('project_name = "from-terraform-tfvars"\nkubectl_ec2_user = "first"', "terraform.tfvars");
    project.tfvars('{ "//": "a comment", "kubectl_ec2_user": "second" }', "terraform.tfvars.json");
    project.tfvars('{ "eks_worker_node_volume_size": 20, "eks_version": "1.31" }', "a.auto.tfvars.json");
    project.tfvars('eks_version = "1.32"', "B.auto.tfvars");
    project.tfvars('eks_version = "1.33"\nkubectl_ec2_volume_size = null', "b.auto.tfvars");
    const late = project.tfvars(
      [
        'kubectl_ec2_keypair = "late"',
        "eks_worker_user_data_group = {",
        '  pre_userdata        = "$${HOME} 100%%{a}"',
        "  additional_userdata = <<-EOT",
        "    one",
        "      two $${three}",
        "  EOT",
        String.raw`  kubelet_extra_args   = "한글 \"\\"`,
        "  enable_docker_bridge = true",
        "}\n",
      ].join("\n"),
      "late.tfvars",
    );
    const read = await readTfvars(
      {
        folder: project.folder,
        environment,
        arguments: [
          { varFile: base },
          { variable: "kubectl_ec2_keypair=early" },
          { varFile: late },
          { variable: "eks_worker_nodes_asg_group={min=1,max=3,desire=2}" },
        ],
      },
      INPUTS,
    );
    Object.assign(project.environment, environment);
    const args = ["plan", "-input=false", "-refresh=false", "-no-color", `-out=${file}`, ...read.terraformArguments];
    const { output } = await project.terraform(...args);
    const plan = readPlan((await project.terraform("show", "-json", file)).stdout, output);

    expect(Object.fromEntries([...read.values].map(([name, { value }]) => [name, value]))).toEqual(plan.variables);
    expect(plan.variables).toMatchObject({
      project_name: "from-terraform-tfvars",
      vpc_name: "from-environment",
      kubectl_ec2_user: "second",
      kubectl_ec2_volume_size: 8,
      kubectl_ssh_cidrs: ["198.51.100.23/32"],
      eks_version: "1.33",
      kubectl_ec2_keypair: "late",
    });
  });
});
