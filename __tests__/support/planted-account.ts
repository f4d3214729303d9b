import { AutoScalingClient } from "@aws-sdk/client-auto-scaling";
import { CloudWatchLogsClient, CreateLogGroupCommand, DescribeLogGroupsCommand } from "@aws-sdk/client-cloudwatch-logs";
import {
  AuthorizeSecurityGroupIngressCommand,
  CreateNetworkInterfaceCommand,
  CreateSecurityGroupCommand,
  CreateSubnetCommand,
  CreateVolumeCommand,
  CreateVpcCommand,
  CreateVpcEndpointCommand,
  DescribeNetworkInterfacesCommand,
  DescribeSecurityGroupsCommand,
  DescribeVolumesCommand,
  EC2Client,
  RunInstancesCommand,
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
import { CreateAliasCommand, CreateKeyCommand, KMSClient } from "@aws-sdk/client-kms";
import { ChangeTagsForResourceCommand, CreateHostedZoneCommand, Route53Client } from "@aws-sdk/client-route-53";
import { CreateBucketCommand, PutBucketTaggingCommand, S3Client } from "@aws-sdk/client-s3";

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
  readonly kms;
  readonly logs;
  readonly route53;
  readonly s3;

  constructor(endpoint: string, region = "ap-northeast-2") {
    this.settings = {
      endpoint,
      region,
      credentials: { accessKeyId: "testing", secretAccessKey: "testing" },
    };
    this.ec2 = new EC2Client(this.settings);
    this.eks = new EKSClient(this.settings);
    this.classic = new ElasticLoadBalancingClient(this.settings);
    this.v2 = new ElasticLoadBalancingV2Client(this.settings);
    this.iam = new IAMClient(this.settings);
    this.autoScaling = new AutoScalingClient(this.settings);
    this.kms = new KMSClient(this.settings);
    this.logs = new CloudWatchLogsClient(this.settings);
    this.route53 = new Route53Client(this.settings);
    this.s3 = new S3Client({ ...this.settings, forcePathStyle: true });
  }

  async vpc(CidrBlock: string): Promise<string> {
    return (await this.ec2.send(new CreateVpcCommand({ CidrBlock }))).Vpc?.VpcId ?? "";
  }

  async subnet(VpcId: string, CidrBlock: string, zone: "a" | "b"): Promise<string> {
    const input = { VpcId, CidrBlock, AvailabilityZone: `${this.settings.region}${zone}` };
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

  /** Of the AMI that every emulated account has. */
  async instance(SubnetId: string, tags: Record<string, string>): Promise<string> {
    const input = { ImageId: "ami-023bb403131889300", InstanceType: "t3.micro" as const, MinCount: 1, MaxCount: 1 };
    const { Instances = [] } = await this.ec2.send(
      new RunInstancesCommand({ ...input, SubnetId, ...specification("instance", tags) }),
    );
    return Instances[0]?.InstanceId ?? "";
  }

  async endpoint(VpcId: string, ServiceName: string, tags: Record<string, string> = {}): Promise<string> {
    const input = { VpcId, ServiceName, VpcEndpointType: "Interface" as const, ...specification("vpc-endpoint", tags) };
    return (await this.ec2.send(new CreateVpcEndpointCommand(input))).VpcEndpoint?.VpcEndpointId ?? "";
  }

  async volume(tags: Record<string, string>): Promise<string> {
    const input = { AvailabilityZone: `${this.settings.region}a`, Size: 10, ...specification("volume", tags) };
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

  /** @param alias with `alias/`; none when it is empty */
  async key(tags: Record<string, string>, alias = ""): Promise<string> {
    const Tags = Object.entries(tags).map(([TagKey, TagValue]) => ({ TagKey, TagValue }));
    const { KeyMetadata } = await this.kms.send(new CreateKeyCommand({ Tags }));
    const TargetKeyId = KeyMetadata?.KeyId ?? "";
    if (alias !== "") await this.kms.send(new CreateAliasCommand({ AliasName: alias, TargetKeyId }));
    return TargetKeyId;
  }

  /** @param vpc that a private zone is for; a zone without one is public */
  async zone(Name: string, tags: Record<string, string>, vpc?: string): Promise<string> {
    const VPC = vpc === undefined ? undefined : { VPCId: vpc, VPCRegion: this.settings.region as "ap-northeast-2" };
    const CallerReference = `${Name} ${String(Math.random())}`;
    const { HostedZone } = await this.route53.send(new CreateHostedZoneCommand({ Name, CallerReference, VPC }));
    const ResourceId = (HostedZone?.Id ?? "").replace("/hostedzone/", "");
    const tagging = { ResourceType: "hostedzone" as const, ResourceId, AddTags: pairs(tags) };
    if (Object.keys(tags).length > 0) await this.route53.send(new ChangeTagsForResourceCommand(tagging));
    return ResourceId;
  }

  /** @returns its ARN */
  async bucket(Bucket: string, tags: Record<string, string>): Promise<string> {
    const LocationConstraint = this.settings.region as "ap-northeast-2";
    await this.s3.send(new CreateBucketCommand({ Bucket, CreateBucketConfiguration: { LocationConstraint } }));
    await this.s3.send(new PutBucketTaggingCommand({ Bucket, Tagging: { TagSet: pairs(tags) } }));
    return `arn:aws:s3:::${Bucket}`;
  }

  async logGroup(logGroupName: string): Promise<string> {
    await this.logs.send(new CreateLogGroupCommand({ logGroupName }));
    return logGroupName;
  }

  async logGroups(): Promise<string[]> {
    const { logGroups = [] } = await this.logs.send(new DescribeLogGroupsCommand({}));
    return logGroups.map(({ logGroupName = "" }) => logGroupName).sort();
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
    const { ec2, eks, classic, v2, iam, autoScaling, kms, logs, route53, s3 } = this;
    for (const client of [ec2, eks, classic, v2, iam, autoScaling, kms, logs, route53, s3]) client.destroy();
  }
}

function specification(ResourceType: ResourceType, tags: Record<string, string>) {
  return Object.keys(tags).length === 0 ? {} : { TagSpecifications: [{ ResourceType, Tags: pairs(tags) }] };
}
