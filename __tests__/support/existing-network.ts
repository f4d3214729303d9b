import {
  AllocateAddressCommand,
  AssociateRouteTableCommand,
  AttachInternetGatewayCommand,
  CreateInternetGatewayCommand,
  CreateNatGatewayCommand,
  CreateNetworkInterfaceCommand,
  CreateRouteCommand,
  CreateRouteTableCommand,
  CreateSubnetCommand,
  CreateTagsCommand,
  CreateVpcCommand,
  DescribeRouteTablesCommand,
  EC2Client,
  ModifyVpcAttributeCommand,
} from "@aws-sdk/client-ec2";

/** What an existing network is like; what is not said is as it should be. */
export interface ExistingNetworkFaults {
  /** @default true */
  readonly dnsHostnames?: boolean;
  /** @default ["a", "b"] */
  readonly privateZones?: readonly string[];
  /** Where 0.0.0.0/0 goes from private subnets. @default "nat" */
  readonly privateRoute?: "nat" | "internet" | "nowhere";
  /** @default true */
  readonly publicRoute?: boolean;
  /** Role tags on the subnets. @default true */
  readonly tags?: boolean;
  /** Prefix length of the private subnets. @default 24 */
  readonly privatePrefix?: 24 | 28;
  /** How many addresses of the first private subnet are taken. @default 0 */
  readonly taken?: number;
}

/** A network that was made by other means than the stack. */
export interface PlantedNetwork {
  readonly vpcId: string;
  readonly publicIds: readonly string[];
  readonly privateIds: readonly string[];
  /** What a tfvars file says to use it. */
  readonly tfvars: string;
  /** Takes that many addresses of the first private subnet. */
  take(addresses: number): Promise<void>;
}

/**
 * Makes a VPC with two public and some private subnets in an emulated account. The first private subnet has a route table of
 * its own, the others have the VPC's main one, as it often is.
 *
 * @param endpoint of the emulator
 */
export async function plantNetwork(endpoint: string, faults: ExistingNetworkFaults = {}): Promise<PlantedNetwork> {
  const { dnsHostnames = true, privateZones = ["a", "b"], privateRoute = "nat", publicRoute = true } = faults;
  const { tags = true, privatePrefix = 24, taken = 0 } = faults;
  const ec2 = new EC2Client({
    endpoint,
    region: "ap-northeast-2",
    credentials: { accessKeyId: "testing", secretAccessKey: "testing" },
  });
  const made = await ec2.send(new CreateVpcCommand({ CidrBlock: "10.8.0.0/16" }));
  const VpcId = made.Vpc?.VpcId ?? "";
  await ec2.send(new ModifyVpcAttributeCommand({ VpcId, EnableDnsHostnames: { Value: dnsHostnames } }));
  const gateway = (await ec2.send(new CreateInternetGatewayCommand({}))).InternetGateway?.InternetGatewayId ?? "";
  await ec2.send(new AttachInternetGatewayCommand({ VpcId, InternetGatewayId: gateway }));

  const subnet = async (zone: string, CidrBlock: string, role: string) => {
    const input = { VpcId, CidrBlock, AvailabilityZone: `ap-northeast-2${zone}` };
    const id = (await ec2.send(new CreateSubnetCommand(input))).Subnet?.SubnetId ?? "";
    const Tags = [{ Key: `kubernetes.io/role/${role}`, Value: "1" }];
    if (tags) await ec2.send(new CreateTagsCommand({ Resources: [id], Tags }));
    return id;
  };
  const table = async (of: readonly string[]) => {
    const id = (await ec2.send(new CreateRouteTableCommand({ VpcId }))).RouteTable?.RouteTableId ?? "";
    for (const SubnetId of of) await ec2.send(new AssociateRouteTableCommand({ RouteTableId: id, SubnetId }));
    return id;
  };
  const everywhere = { DestinationCidrBlock: "0.0.0.0/0" };

  const publicIds = [await subnet("a", "10.8.0.0/24", "elb"), await subnet("b", "10.8.1.0/24", "elb")];
  const publicTable = await table(publicIds);
  if (publicRoute)
    await ec2.send(new CreateRouteCommand({ RouteTableId: publicTable, GatewayId: gateway, ...everywhere }));

  const privateIds: string[] = [];
  for (const [at, zone] of privateZones.entries())
    privateIds.push(await subnet(zone, `10.8.${String(100 + at)}.0/${String(privatePrefix)}`, "internal-elb"));
  const Filters = [
    { Name: "vpc-id", Values: [VpcId] },
    { Name: "association.main", Values: ["true"] },
  ];
  const main = (await ec2.send(new DescribeRouteTablesCommand({ Filters }))).RouteTables?.[0]?.RouteTableId ?? "";
  const tables = [await table(privateIds.slice(0, 1)), main];
  if (privateRoute !== "nowhere") {
    const { AllocationId } = await ec2.send(new AllocateAddressCommand({ Domain: "vpc" }));
    const nat = await ec2.send(new CreateNatGatewayCommand({ SubnetId: publicIds[0], AllocationId }));
    const target =
      privateRoute === "nat" ? { NatGatewayId: nat.NatGateway?.NatGatewayId ?? "" } : { GatewayId: gateway };
    for (const RouteTableId of tables)
      await ec2.send(new CreateRouteCommand({ RouteTableId, ...target, ...everywhere }));
  }
  const take = async (addresses: number) => {
    for (let i = 0; i < addresses; i++) await ec2.send(new CreateNetworkInterfaceCommand({ SubnetId: privateIds[0] }));
  };
  await take(taken);

  const list = (ids: readonly string[]) => JSON.stringify(ids);
  return {
    vpcId: VpcId,
    publicIds,
    privateIds,
    take,
    tfvars: `vpc_id = "${VpcId}"\npublic_subnet_ids = ${list(publicIds)}\nprivate_subnet_ids = ${list(privateIds)}\n`,
  };
}
