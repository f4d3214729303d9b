import {
  AutoScalingClient,
  DescribeAutoScalingGroupsCommand,
  DescribeLaunchConfigurationsCommand,
} from "@aws-sdk/client-auto-scaling";
import {
  DescribeAddressesCommand,
  DescribeInstancesCommand,
  DescribeInternetGatewaysCommand,
  DescribeNatGatewaysCommand,
  DescribeRouteTablesCommand,
  DescribeSecurityGroupsCommand,
  DescribeSubnetsCommand,
  DescribeVolumesCommand,
  DescribeVpcsCommand,
  EC2Client,
  type IpPermission,
  type Tag,
} from "@aws-sdk/client-ec2";
import { DescribeClusterCommand, EKSClient, ListClustersCommand } from "@aws-sdk/client-eks";
import {
  GetRoleCommand,
  IAMClient,
  ListAttachedRolePoliciesCommand,
  ListInstanceProfilesCommand,
  ListRolesCommand,
} from "@aws-sdk/client-iam";

import type { Emulator } from "../../rehearsal/account/emulator";

/** What an account holds, as its AWS API tells: the only witness that the end-to-end tests believe. */
export class Account {
  readonly settings;
  readonly ec2;
  readonly iam;
  readonly eks;
  readonly autoScaling;

  constructor({ endpoint, environment }: Emulator) {
    this.settings = {
      endpoint,
      region: environment["AWS_REGION"] ?? "",
      credentials: { accessKeyId: "testing", secretAccessKey: "testing" },
    };
    this.ec2 = new EC2Client(this.settings);
    this.iam = new IAMClient(this.settings);
    this.eks = new EKSClient(this.settings);
    this.autoScaling = new AutoScalingClient(this.settings);
  }

  async vpcs() {
    return (await this.ec2.send(new DescribeVpcsCommand({}))).Vpcs ?? [];
  }

  async subnets() {
    return (await this.ec2.send(new DescribeSubnetsCommand({}))).Subnets ?? [];
  }

  async internetGateways() {
    return (await this.ec2.send(new DescribeInternetGatewaysCommand({}))).InternetGateways ?? [];
  }

  async addresses() {
    return (await this.ec2.send(new DescribeAddressesCommand({}))).Addresses ?? [];
  }

  async natGateways() {
    const all = (await this.ec2.send(new DescribeNatGatewaysCommand({}))).NatGateways ?? [];
    return all.filter(({ State }) => State !== "deleted");
  }

  async routeTables() {
    return (await this.ec2.send(new DescribeRouteTablesCommand({}))).RouteTables ?? [];
  }

  async securityGroups() {
    return (await this.ec2.send(new DescribeSecurityGroupsCommand({}))).SecurityGroups ?? [];
  }

  /** Instances that are not terminated. */
  async instances() {
    const { Reservations = [] } = await this.ec2.send(new DescribeInstancesCommand({}));
    return Reservations.flatMap(({ Instances = [] }) => Instances).filter(({ State }) => State?.Name !== "terminated");
  }

  async volumes() {
    return (await this.ec2.send(new DescribeVolumesCommand({}))).Volumes ?? [];
  }

  async roles() {
    return (await this.iam.send(new ListRolesCommand({}))).Roles ?? [];
  }

  async role(RoleName: string) {
    return (await this.iam.send(new GetRoleCommand({ RoleName }))).Role;
  }

  /** ARNs of the policies attached to a role, sorted. */
  async policiesOf(RoleName: string): Promise<string[]> {
    const { AttachedPolicies = [] } = await this.iam.send(new ListAttachedRolePoliciesCommand({ RoleName }));
    return AttachedPolicies.map(({ PolicyArn }) => PolicyArn ?? "").sort();
  }

  async instanceProfiles() {
    return (await this.iam.send(new ListInstanceProfilesCommand({}))).InstanceProfiles ?? [];
  }

  async clusterNames() {
    return (await this.eks.send(new ListClustersCommand({}))).clusters ?? [];
  }

  async cluster(name: string) {
    return (await this.eks.send(new DescribeClusterCommand({ name }))).cluster;
  }

  async launchConfigurations() {
    return (await this.autoScaling.send(new DescribeLaunchConfigurationsCommand({}))).LaunchConfigurations ?? [];
  }

  async autoScalingGroups() {
    return (await this.autoScaling.send(new DescribeAutoScalingGroupsCommand({}))).AutoScalingGroups ?? [];
  }

  /** The ids of everything of the kinds that the stack makes, with what the account had before. */
  async inventory(): Promise<Record<string, string[]>> {
    const ids = <T>(things: T[], id: (thing: T) => string | undefined) => things.map((thing) => id(thing) ?? "").sort();
    return {
      vpcs: ids(await this.vpcs(), (it) => it.VpcId),
      subnets: ids(await this.subnets(), (it) => it.SubnetId),
      internetGateways: ids(await this.internetGateways(), (it) => it.InternetGatewayId),
      addresses: ids(await this.addresses(), (it) => it.AllocationId),
      natGateways: ids(await this.natGateways(), (it) => it.NatGatewayId),
      routeTables: ids(await this.routeTables(), (it) => it.RouteTableId),
      securityGroups: ids(await this.securityGroups(), (it) => it.GroupId),
      instances: ids(await this.instances(), (it) => it.InstanceId),
      volumes: ids(await this.volumes(), (it) => it.VolumeId),
      roles: ids(await this.roles(), (it) => it.RoleName),
      instanceProfiles: ids(await this.instanceProfiles(), (it) => it.InstanceProfileName),
      clusters: [...(await this.clusterNames())].sort(),
      launchConfigurations: ids(await this.launchConfigurations(), (it) => it.LaunchConfigurationName),
      autoScalingGroups: ids(await this.autoScalingGroups(), (it) => it.AutoScalingGroupName),
    };
  }

  close(): void {
    for (const client of [this.ec2, this.iam, this.eks, this.autoScaling]) client.destroy();
  }
}

/** What `now` has more than `before`, kind by kind; kinds with nothing more are left out. */
export function gained(before: Record<string, string[]>, now: Record<string, string[]>): Record<string, string[]> {
  return Object.fromEntries(
    Object.entries(now)
      .map(([kind, ids]) => [kind, ids.filter((id) => before[kind]?.includes(id) !== true)] as const)
      .filter(([, ids]) => ids.length > 0),
  );
}

/** Tags as an object. */
export function tagsOf(tags: readonly Pick<Tag, "Key" | "Value">[] | undefined): Record<string, string> {
  return Object.fromEntries((tags ?? []).map(({ Key = "", Value = "" }) => [Key, Value]));
}

/** An inbound rule in a line: `PROTOCOL FROM-TO SOURCE…`. */
export function permission({ IpProtocol, FromPort, ToPort, ...from }: IpPermission): string {
  const sources = [
    ...(from.IpRanges ?? []).map(({ CidrIp }) => CidrIp),
    ...(from.Ipv6Ranges ?? []).map(({ CidrIpv6 }) => CidrIpv6),
    ...(from.UserIdGroupPairs ?? []).map(({ GroupId }) => GroupId),
  ];
  const ports = IpProtocol === "-1" ? "all" : `${String(FromPort)}-${String(ToPort)}`;
  return `${String(IpProtocol)} ${ports} from ${sources.join(", ")}`;
}
