import type { Emulator } from "../../rehearsal/account/emulator";
import { Account, gained, tagsOf } from "../support/account";
import { changedBy, describeEndToEnd, emulateEks, Project, type Change, type Plan } from "../support/end-to-end";
import { plantNetwork, type ExistingNetworkFaults } from "../support/existing-network";
import { flowing } from "../support/run";

const ROLE = 'aws_krug_admin_role = "aws-krug-admin"\nkubectl_ssh_cidrs = ["203.0.113.7/32"]\n';
const HEAVY = `${ROLE}
vpc_endpoints = ["s3", "ec2", "ecr.api", "ecr.dkr", "sts"]
vpc_secondary_cidr_blocks = ["100.64.0.0/16"]
vpc_pod_subnets = [
  { az = "ap-northeast-2a", cidr = "100.64.0.0/18", name = "pods-a" },
  { az = "ap-northeast-2b", cidr = "100.64.64.0/18", name = "pods-b" },
]
flow_logs = {}
`;
const PER_ZONE = `${HEAVY}nat_gateway = "per_zone"\n`;
const WITH_NAME = `${PER_ZONE}private_dns_zone = "eks.internal"\n`;
const PRIVATE = ["a", "b", "c"].map(
  (zone, i) =>
    `{ name = "private-subnet-${zone}", az = "ap-northeast-2${zone}", cidr = "172.16.${String(10 + 2 * i)}.0/23" }`,
);

const done = (changes: readonly Change[], action: string) =>
  changes.filter(({ actions }) => actions === action).map(({ address }) => address);
/** What is replaced, in either order. */
const replaced = ({ changes }: Plan) =>
  changes.filter(({ actions }) => actions.includes("+")).map(({ address }) => address);

/** Real Terraform and AWS provider against an AWS emulator. */
describeEndToEnd("a network with everything", () => {
  let emulator: Emulator;
  let account: Account;
  let project: Project;
  let before: Record<string, string[]>;

  beforeAll(async () => {
    emulator = await emulateEks();
    account = new Account(emulator);
    project = new Project(emulator);
    before = await account.inventory();
  });

  afterAll(async () => {
    account.close();
    await emulator.stop();
    project.remove();
  });

  it("is made, and a second plan finds nothing to do", async () => {
    const tfvars = project.tfvars(WITH_NAME);

    const applied = await project.apply(tfvars);
    const again = await project.plan(tfvars);

    expect(applied.output).toContain("Apply complete! Resources: 66 added, 0 changed, 0 destroyed.");
    expect(changedBy(again)).toEqual([]);
  });

  it("leads every private subnet to the NAT gateway of its own zone", async () => {
    const subnets = await account.subnets();
    const zoneOf = (id: string | undefined) => subnets.find(({ SubnetId }) => SubnetId === id)?.AvailabilityZone ?? "";
    const gateways = await account.natGateways();

    const ways = (await account.routeTables()).flatMap(({ Routes = [], Associations = [] }) => {
      const nat = Routes.find(({ NatGatewayId }) => NatGatewayId !== undefined)?.NatGatewayId;
      const gateway = gateways.find(({ NatGatewayId }) => NatGatewayId === nat);
      const from = Associations.flatMap(({ SubnetId }) => (SubnetId === undefined ? [] : [zoneOf(SubnetId)]));
      return gateway === undefined ? [] : from.map((zone) => `${zone} by ${zoneOf(gateway.SubnetId)}`);
    });

    const [a, b, c] = ["a", "b", "c"].map((zone) => `ap-northeast-2${zone} by ap-northeast-2${zone}`);
    // Nodes and pods of two zones, nodes of the third.
    expect(ways.sort()).toEqual([a, a, b, b, c]);
    for (const gateway of gateways) {
      const subnet = subnets.find(({ SubnetId }) => SubnetId === gateway.SubnetId);
      expect(tagsOf(subnet?.Tags)).toHaveProperty(["kubernetes.io/role/elb"]);
    }
  });

  it("goes back to one NAT gateway, the first, without replacing anything, and forward again", async () => {
    const single = project.tfvars(HEAVY, "single.tfvars");

    const back = await project.plan(single);
    const applied = await project.apply(single);
    const forward = await project.plan(project.tfvars(PER_ZONE));

    expect(replaced(back)).toEqual([]);
    const ofNetwork = (address: string) => !address.includes("bastion_record");
    expect(done(back.changes, "delete").filter(ofNetwork).sort()).toEqual(
      [
        "aws_eip.network_zone_nat_address",
        "aws_nat_gateway.network_zone_nat_gateway",
        "aws_route_table.network_zone_private_routes",
      ].flatMap((address) => ["b", "c"].map((zone) => `${address}["ap-northeast-2${zone}"]`)),
    );
    expect(applied.output).toMatch(/Apply complete! Resources: 0 added, \d+ changed, 8 destroyed\./);
    expect(await account.natGateways()).toHaveLength(1);
    expect(replaced(forward)).toEqual([]);
    expect(done(forward.changes, "delete")).toEqual([]);
    expect(done(forward.changes, "create")).toHaveLength(6);
  });

  it("takes the default route away with the NAT gateway", async () => {
    const plan = await project.plan(project.tfvars(`${HEAVY}nat_gateway = "none"\n`, "none.tfvars"));

    expect(replaced(plan)).toEqual([]);
    expect(done(plan.changes, "delete").sort()).toEqual([
      "aws_eip.network_nat_address[0]",
      "aws_nat_gateway.network_nat_gateway[0]",
    ]);
    const routes = plan.changes.find(({ address }) => address === "aws_route_table.network_private_routes[0]");
    expect(routes?.after).toMatchObject({ route: [] });
  });

  it("leaves the third subnet alone when the second goes", async () => {
    const without = [PRIVATE[0], PRIVATE[2]].join(", ");
    const pods = HEAVY.replace(/.*pods-b.*\n/, "");

    const plan = await project.plan(project.tfvars(`${pods}vpc_private_subnets = [${without}]\n`, "two.tfvars"));

    expect(replaced(plan).filter((address) => /subnet|association|vpc_endpoint/.test(address))).toEqual([]);
    expect(done(plan.changes, "delete").sort()).toEqual([
      'aws_route_table_association.network_pod_association["pods-b"]',
      'aws_route_table_association.network_private_association["private-subnet-b"]',
      'aws_subnet.network_pod_subnet["pods-b"]',
      'aws_subnet.network_private_subnet["private-subnet-b"]',
    ]);
  });

  it("loses its last route by IPv4, and has it back", async () => {
    const none = project.tfvars(`${HEAVY}nat_gateway = "none"\n`, "none.tfvars");
    const wayOut = async () =>
      (await account.routeTables())
        .flatMap(({ Routes = [] }) => Routes)
        .filter(({ NatGatewayId }) => NatGatewayId !== undefined);

    const lost = await project.apply(none);
    const without = await wayOut();
    const again = await project.plan(none);
    const back = await project.apply(project.tfvars(HEAVY, "single.tfvars"));

    expect(lost.output).toMatch(/Apply complete! Resources: 0 added, \d changed, 2 destroyed\./);
    expect(without).toEqual([]);
    expect(changedBy(again)).toEqual([]);
    expect(back.output).toMatch(/Apply complete! Resources: 2 added, \d changed, 0 destroyed\./);
    expect(await wayOut()).toHaveLength(1);
  });

  it("goes without a trace", async () => {
    const destroyed = await project.destroy(project.tfvars(HEAVY, "single.tfvars"));

    expect(destroyed.output).toContain("Destroy complete! Resources: 58 destroyed.");
    expect(gained(before, await account.inventory())).toEqual({});
  });
});

/** Made by the API before the stack comes. */
describeEndToEnd("an existing network", () => {
  let emulator: Emulator;
  let account: Account;
  let project: Project;

  beforeAll(async () => {
    emulator = await emulateEks();
    account = new Account(emulator);
    project = new Project(emulator);
  });

  afterAll(async () => {
    account.close();
    await emulator.stop();
    project.remove();
  });

  const planWith = async (faults: ExistingNetworkFaults, more = "") => {
    const network = await plantNetwork(emulator.endpoint, faults);
    const { output, code } = await project.plan(project.tfvars(`${ROLE}${network.tfvars}${more}`), "-lock=false");
    return { ...network, output: flowing(output), code };
  };

  it("is used as it is, with endpoints in it, and stays when the stack goes", async () => {
    const network = await plantNetwork(emulator.endpoint);
    const had = await account.inventory();
    const tfvars = project.tfvars(`${ROLE}${network.tfvars}vpc_endpoints = ["s3", "sts"]\n`);

    const applied = await project.apply(tfvars);
    const again = await project.plan(tfvars);
    const [group] = await account.autoScalingGroups();
    const [bastion] = await account.instances();
    const destroyed = await project.destroy(tfvars);

    expect(applied.output).toContain("Apply complete! Resources: 28 added, 0 changed, 0 destroyed.");
    expect(changedBy(again)).toEqual([]);
    expect(again.output).not.toContain("Warning");
    expect(group?.VPCZoneIdentifier?.split(",").sort()).toEqual([...network.privateIds].sort());
    expect(bastion).toMatchObject({ SubnetId: network.publicIds[0] });
    expect(destroyed.output).toContain("Destroy complete! Resources: 28 destroyed.");
    expect(await account.inventory()).toEqual(had);
  });

  it("is asked for its room once: pods may fill a subnet afterwards", async () => {
    const network = await plantNetwork(emulator.endpoint, { privatePrefix: 28 });
    const tfvars = project.tfvars(`${ROLE}${network.tfvars}`);
    await project.apply(tfvars, "-target=terraform_data.existing_network_room");
    await network.take(8);

    const { output, code } = await project.plan(tfvars);

    expect(flowing(output)).toMatch(
      RegExp(`fewer than 16 addresses are free in .*${network.privateIds[0] ?? ""} \\(3\\)`),
    );
    expect(code).toBe(0);
    await project.destroy(tfvars);
  });

  it.each<[what: string, faults: ExistingNetworkFaults, message: string]>([
    [
      "without DNS hostnames",
      { dnsHostnames: false },
      "with DNS support on and DNS hostnames off; `aws ec2 modify-vpc-attribute --vpc-id VPC --enable-dns-hostnames` turns that on",
    ],
    [
      "with all private subnets in one zone",
      { privateZones: ["a", "a"] },
      "must stand in at least two zones, because EKS needs two, got ap-northeast-2a for",
    ],
    [
      "whose private subnets have a route to an internet gateway",
      { privateRoute: "internet" },
      "private_subnet_ids must be subnets without a route to an internet gateway, because nodes have no public address",
    ],
    [
      "whose public subnets have none",
      { publicRoute: false },
      "public_subnet_ids must be subnets with a route to an internet gateway, because the bastion stands there",
    ],
    [
      "with a subnet without room",
      { privatePrefix: 28, taken: 6 },
      "private_subnet_ids must have at least 6 free addresses each, because EKS puts its network interfaces there, got 5",
    ],
  ])("is refused %s", async (_, faults, message) => {
    const { output, code, vpcId } = await planWith(faults);

    expect(output).toContain(message.replace("VPC", vpcId));
    expect(code).toBe(1);
  });

  it("is refused without IPv6, when that is wanted", async () => {
    const { output, code } = await planWith({}, 'eks_version = "1.32"\nip_family = "ipv6"\n');

    expect(output).toContain(
      'private_subnet_ids must have an IPv6 range each with ip_family = "ipv6", got none for subnet-',
    );
    expect(code).toBe(1);
  });

  it("is refused with subnets of another VPC", async () => {
    const other = await plantNetwork(emulator.endpoint);
    const { output, code, vpcId } = await planWith({}, "");
    const { output: mixed } = await project.plan(project.tfvars(`${ROLE}${other.tfvars.replace(other.vpcId, vpcId)}`));

    expect([code, output]).toEqual([0, expect.any(String)]);
    expect(flowing(mixed)).toContain(`must be subnets of vpc_id ${vpcId}, got subnet-`);
    expect(flowing(mixed)).toContain(`of ${other.vpcId};`);
  });
});
