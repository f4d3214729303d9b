import { AutoScalingClient } from "@aws-sdk/client-auto-scaling";
import {
  AuthorizeSecurityGroupIngressCommand,
  CreateNetworkInterfaceCommand,
  CreateSecurityGroupCommand,
  CreateSubnetCommand,
  CreateVolumeCommand,
  CreateVpcCommand,
  DescribeNetworkInterfacesCommand,
  DescribeSecurityGroupsCommand,
  DescribeVolumesCommand,
  EC2Client,
  type ResourceType,
} from "@aws-sdk/client-ec2";
import { EKSClient } from "@aws-sdk/client-eks";
import {
  CreateLoadBalancerCommand as CreateClassicCommand,
  DescribeLoadBalancersCommand as DescribeClassicCommand,
  ElasticLoadBalancingClient,
} from "@aws-sdk/client-elastic-load-balancing";
import {
  CreateLoadBalancerCommand,
  CreateTargetGroupCommand,
  DescribeLoadBalancersCommand,
  DescribeTargetGroupsCommand,
  ElasticLoadBalancingV2Client,
} from "@aws-sdk/client-elastic-load-balancing-v2";
import { IAMClient } from "@aws-sdk/client-iam";

/** Tags as AWS' calls take them. */
export const pairs = (tags: Record<string, string>) => Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));

/** Plants and asks by the API; the emulator makes no network interfaces for load balancers, so they are made by hand. */
export class PlantedAccount {
  readonly settings;
  readonly ec2;
  readonly eks;
  readonly classic;
  readonly v2;
  readonly iam;
  readonly autoScaling;

  constructor(endpoint: string) {
    this.settings = {
      endpoint,
      region: "ap-northeast-2",
      credentials: { accessKeyId: "testing", secretAccessKey: "testing" },
    };
    this.ec2 = new EC2Client(this.settings);
    this.eks = new EKSClient(this.settings);
    this.classic = new ElasticLoadBalancingClient(this.settings);
    this.v2 = new ElasticLoadBalancingV2Client(this.settings);
    this.iam = new IAMClient(this.settings);
    this.autoScaling = new AutoScalingClient(this.settings);
  }

  async vpc(CidrBlock: string): Promise<string> {
    return (await this.ec2.send(new CreateVpcCommand({ CidrBlock }))).Vpc?.VpcId ?? "";
  }

  async subnet(VpcId: string, CidrBlock: string, zone: "a" | "b"): Promise<string> {
    const input = { VpcId, CidrBlock, AvailabilityZone: `ap-northeast-2${zone}` };
    return (await this.ec2.send(new CreateSubnetCommand(input))).Subnet?.SubnetId ?? "";
  }

  async group(VpcId: string, GroupName: string, tags: Record<string, string> = {}): Promise<string> {
    const input = { VpcId, GroupName, Description: GroupName, ...specification("security-group", tags) };
    return (await this.ec2.send(new CreateSecurityGroupCommand(input))).GroupId ?? "";
  }

  async allow(GroupId: string, from: string): Promise<void> {
    const UserIdGroupPairs = [{ GroupId: from }];
    const IpPermissions = [{ IpProtocol: "tcp", FromPort: 30000, ToPort: 32767, UserIdGroupPairs }];
    await this.ec2.send(new AuthorizeSecurityGroupIngressCommand({ GroupId, IpPermissions }));
  }

  async interface(SubnetId: string, Description: string, groups: string[] = [], tags: Record<string, string> = {}) {
    const input = { SubnetId, Description, Groups: groups, ...specification("network-interface", tags) };
    const { NetworkInterface } = await this.ec2.send(new CreateNetworkInterfaceCommand(input));
    return NetworkInterface?.NetworkInterfaceId ?? "";
  }

  async volume(tags: Record<string, string>): Promise<string> {
    const input = { AvailabilityZone: "ap-northeast-2a", Size: 10, ...specification("volume", tags) };
    return (await this.ec2.send(new CreateVolumeCommand(input))).VolumeId ?? "";
  }

  async classicBalancer(LoadBalancerName: string, subnet: string, group: string, tags: Record<string, string> = {}) {
    const Listeners = [{ Protocol: "TCP", LoadBalancerPort: 80, InstancePort: 30080 }];
    const input = { LoadBalancerName, Listeners, Subnets: [subnet], SecurityGroups: [group] };
    await this.classic.send(
      new CreateClassicCommand({ ...input, ...(Object.keys(tags).length > 0 && { Tags: pairs(tags) }) }),
    );
    return LoadBalancerName;
  }

  async balancer(Name: string, Subnets: string[], tags: Record<string, string> = {}): Promise<string> {
    const Tags = Object.keys(tags).length > 0 ? pairs(tags) : undefined;
    const input = { Name, Subnets, Type: "network" as const, Tags };
    return (await this.v2.send(new CreateLoadBalancerCommand(input))).LoadBalancers?.[0]?.LoadBalancerArn ?? "";
  }

  async targetGroup(Name: string, VpcId: string, tags: Record<string, string> = {}): Promise<string> {
    const Tags = Object.keys(tags).length > 0 ? pairs(tags) : undefined;
    const input = { Name, VpcId, Protocol: "TCP" as const, Port: 80, Tags };
    return (await this.v2.send(new CreateTargetGroupCommand(input))).TargetGroups?.[0]?.TargetGroupArn ?? "";
  }

  /** All ids of the kinds that Kubernetes makes. */
  async ids(): Promise<string[]> {
    const { LoadBalancerDescriptions = [] } = await this.classic.send(new DescribeClassicCommand({}));
    const { LoadBalancers = [] } = await this.v2.send(new DescribeLoadBalancersCommand({}));
    const { TargetGroups = [] } = await this.v2.send(new DescribeTargetGroupsCommand({}));
    const { SecurityGroups = [] } = await this.ec2.send(new DescribeSecurityGroupsCommand({}));
    const { NetworkInterfaces = [] } = await this.ec2.send(new DescribeNetworkInterfacesCommand({}));
    const { Volumes = [] } = await this.ec2.send(new DescribeVolumesCommand({}));
    const ids = [
      ...LoadBalancerDescriptions.map((it) => it.LoadBalancerName),
      ...LoadBalancers.map((it) => it.LoadBalancerArn),
      ...TargetGroups.map((it) => it.TargetGroupArn),
      ...SecurityGroups.map((it) => it.GroupId),
      ...NetworkInterfaces.map((it) => it.NetworkInterfaceId),
      ...Volumes.map((it) => it.VolumeId),
    ];
    return ids.map((id) => id ?? "").sort();
  }

  close(): void {
    for (const client of [this.ec2, this.eks, this.classic, this.v2, this.iam, this.autoScaling]) client.destroy();
  }
}

function specification(ResourceType: ResourceType, tags: Record<string, string>) {
  return Object.keys(tags).length === 0 ? {} : { TagSpecifications: [{ ResourceType, Tags: pairs(tags) }] };
}
