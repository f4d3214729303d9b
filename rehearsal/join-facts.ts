import {
  AutoScalingClient,
  DescribeLaunchConfigurationsCommand,
  paginateDescribeAutoScalingGroups,
  type Instance as Member,
} from "@aws-sdk/client-auto-scaling";
import {
  DescribeImagesCommand,
  DescribeInstanceAttributeCommand,
  DescribeLaunchTemplateVersionsCommand,
  DescribeNatGatewaysCommand,
  DescribeRouteTablesCommand,
  DescribeSubnetsCommand,
  EC2Client,
  paginateDescribeInstances,
  paginateDescribeSecurityGroups,
  type Instance,
  type IpPermission,
} from "@aws-sdk/client-ec2";
import { DescribeClusterCommand, EKSClient, ResourceNotFoundException, type Cluster } from "@aws-sdk/client-eks";
import {
  GetInstanceProfileCommand,
  IAMClient,
  ListAttachedRolePoliciesCommand,
  NoSuchEntityException,
} from "@aws-sdk/client-iam";

import type { ClusterFacts, InstanceFacts, JoinFacts, Permission, SecurityGroupFacts } from "./join-rules";

/** Whose account is read, and where. */
export interface AwsSettings {
  readonly region: string;
  /** That of the front: what DescribeCluster answers there is what user data was made of. */
  readonly endpoint: string;
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string };
}

/**
 * Reads once what decides which nodes a cluster has.
 *
 * @returns undefined when there is no such cluster
 * @throws when the account cannot be read
 */
export async function readJoinFacts(settings: AwsSettings, clusterName: string): Promise<JoinFacts | undefined> {
  const account = new AccountReader(settings);
  try {
    return await account.read(clusterName);
  } finally {
    account.close();
  }
}

/** Reads an account again and again. What cannot change while an instance runs is read once. */
export class AccountReader {
  readonly #settings: AwsSettings;
  readonly #autoScaling: AutoScalingClient;
  readonly #ec2: EC2Client;
  readonly #eks: EKSClient;
  readonly #iam: IAMClient;
  readonly #userData = new Map<string, string>();
  readonly #profiles = new Map<string, string>();
  readonly #images = new Map<string, InstanceFacts["image"]>();

  constructor(settings: AwsSettings) {
    // A caller that asks every second is its own second attempt.
    const once = { ...settings, maxAttempts: 1 };
    this.#settings = settings;
    this.#autoScaling = new AutoScalingClient(once);
    this.#ec2 = new EC2Client(once);
    this.#eks = new EKSClient(once);
    this.#iam = new IAMClient(once);
  }

  /** As `readJoinFacts`. */
  async read(clusterName: string): Promise<JoinFacts | undefined> {
    const cluster = await this.#cluster(clusterName);
    if (cluster === undefined) return undefined;
    const { subnetIds = [], securityGroupIds = [], clusterSecurityGroupId = "" } = cluster.resourcesVpcConfig ?? {};
    const facts: ClusterFacts = {
      name: clusterName,
      endpoint: cluster.endpoint ?? "",
      certificateAuthorityData: cluster.certificateAuthority?.data ?? "",
      version: cluster.version ?? "",
      // A cluster created without an access configuration gets CONFIG_MAP.
      // https://docs.aws.amazon.com/eks/latest/APIReference/API_CreateAccessConfigRequest.html
      authenticationMode: cluster.accessConfig?.authenticationMode ?? "CONFIG_MAP",
      // The emulator has none.
      accessEntries: [],
      hasPrivateEndpoint: cluster.resourcesVpcConfig?.endpointPrivateAccess === true,
      securityGroupIds: [...securityGroupIds, clusterSecurityGroupId].filter((id) => id !== ""),
      cidrs: [],
    };
    const { region } = this.#settings;
    const members = await this.#members();
    if (members.size === 0) return { region, cluster: facts, instances: [], securityGroups: {} };

    const { Subnets: subnets = [] } = await this.#ec2.send(
      new DescribeSubnetsCommand({ Filters: [{ Name: "subnet-id", Values: subnetIds }] }),
    );
    const vpcId = subnets[0]?.VpcId ?? "";
    const [instances, securityGroups] = await Promise.all([
      this.#instances(vpcId, members),
      this.#securityGroups(vpcId),
    ]);
    const cidrs = subnets.flatMap(({ CidrBlock }) => CidrBlock ?? []);
    return { region, cluster: { ...facts, cidrs }, instances, securityGroups };
  }

  close(): void {
    for (const client of [this.#autoScaling, this.#ec2, this.#eks, this.#iam]) client.destroy();
  }

  async #cluster(name: string): Promise<Cluster | undefined> {
    try {
      const { cluster } = await this.#eks.send(new DescribeClusterCommand({ name }));
      return cluster?.status === "ACTIVE" ? cluster : undefined;
    } catch (error) {
      if (error instanceof ResourceNotFoundException) return undefined;
      throw error;
    }
  }

  /** The instances of all Auto Scaling groups, by id. */
  async #members(): Promise<Map<string, Member>> {
    const members = new Map<string, Member>();
    for await (const { AutoScalingGroups = [] } of paginateDescribeAutoScalingGroups(
      { client: this.#autoScaling },
      {},
    )) {
      for (const member of AutoScalingGroups.flatMap(({ Instances = [] }) => Instances)) {
        members.set(member.InstanceId ?? "", member);
      }
    }
    return members;
  }

  async #instances(vpcId: string, members: ReadonlyMap<string, Member>): Promise<InstanceFacts[]> {
    const running: Instance[] = [];
    // Filtered here: the emulator refuses a list of ids as soon as one of them is gone.
    for await (const { Reservations = [] } of paginateDescribeInstances({ client: this.#ec2 }, {})) {
      const all = Reservations.flatMap(({ Instances = [] }) => Instances);
      const isOurs = ({ InstanceId = "", VpcId, State }: Instance) =>
        members.has(InstanceId) && VpcId === vpcId && State?.Name === "running";
      running.push(...all.filter(isOurs));
    }
    if (running.length === 0) return [];
    const hasEgress = await this.#waysOut(vpcId);
    const roles = new Map<string, InstanceFacts["role"]>();
    const facts: InstanceFacts[] = [];
    for (const instance of running) {
      const { InstanceId: id = "", SecurityGroups = [], Tags = [], ImageId = "", PrivateIpAddress = "" } = instance;
      const profile = await this.#profileOf(instance, members.get(id));
      if (!roles.has(profile)) roles.set(profile, await this.#roleIn(profile));
      const role = roles.get(profile);
      facts.push({
        id,
        privateIp: PrivateIpAddress,
        securityGroupIds: SecurityGroups.flatMap(({ GroupId }) => GroupId ?? []),
        tags: Object.fromEntries(Tags.map(({ Key = "", Value = "" }) => [Key, Value])),
        userData: await this.#userDataOf(id),
        ...(role !== undefined && { role }),
        hasEgress: hasEgress(instance),
        image: await this.#image(ImageId),
      });
    }
    return facts.sort((one, other) => (one.id < other.id ? -1 : 1));
  }

  /** Which instances have a way to the internet. */
  async #waysOut(vpcId: string): Promise<(instance: Instance) => boolean> {
    const Filters = [{ Name: "vpc-id", Values: [vpcId] }];
    const [{ RouteTables: tables = [] }, { NatGateways = [] }] = await Promise.all([
      this.#ec2.send(new DescribeRouteTablesCommand({ Filters })),
      this.#ec2.send(new DescribeNatGatewaysCommand({ Filter: Filters })),
    ]);
    const nats = NatGateways.filter(({ State }) => State === "available").map(({ NatGatewayId }) => NatGatewayId);
    return ({ SubnetId, PublicIpAddress }) => {
      const table =
        tables.find(({ Associations = [] }) => Associations.some((one) => one.SubnetId === SubnetId)) ??
        tables.find(({ Associations = [] }) => Associations.some(({ Main }) => Main === true));
      return (table?.Routes ?? []).some(({ DestinationCidrBlock, NatGatewayId, GatewayId = "" }) => {
        if (DestinationCidrBlock !== "0.0.0.0/0") return false;
        if (NatGatewayId !== undefined) return nats.includes(NatGatewayId);
        return GatewayId.startsWith("igw-") && PublicIpAddress !== undefined;
      });
    };
  }

  /** Name of an instance's profile, or nothing. The emulator forgets it, so it is taken from what launched the instance. */
  async #profileOf(instance: Instance, member: Member | undefined): Promise<string> {
    const { InstanceId: id = "" } = instance;
    const arn = instance.IamInstanceProfile?.Arn;
    const known = arn ?? this.#profiles.get(id);
    if (known !== undefined) return lastPart(known);
    const { LaunchConfigurationName, LaunchTemplate } = member ?? {};
    let launched = "";
    if (LaunchConfigurationName !== undefined) {
      const LaunchConfigurationNames = [LaunchConfigurationName];
      const { LaunchConfigurations: [configuration] = [] } = await this.#autoScaling.send(
        new DescribeLaunchConfigurationsCommand({ LaunchConfigurationNames }),
      );
      launched = configuration?.IamInstanceProfile ?? "";
    } else if (LaunchTemplate !== undefined) {
      const { LaunchTemplateId, Version = "$Latest" } = LaunchTemplate;
      const { LaunchTemplateVersions: [version] = [] } = await this.#ec2.send(
        new DescribeLaunchTemplateVersionsCommand({ LaunchTemplateId, Versions: [Version] }),
      );
      const { Arn, Name } = version?.LaunchTemplateData?.IamInstanceProfile ?? {};
      launched = Arn ?? Name ?? "";
    }
    this.#profiles.set(id, launched);
    return lastPart(launched);
  }

  async #roleIn(profile: string): Promise<InstanceFacts["role"]> {
    if (profile === "") return undefined;
    try {
      const { InstanceProfile } = await this.#iam.send(new GetInstanceProfileCommand({ InstanceProfileName: profile }));
      const [role] = InstanceProfile?.Roles ?? [];
      if (role === undefined) return undefined;
      const { AttachedPolicies = [] } = await this.#iam.send(
        new ListAttachedRolePoliciesCommand({ RoleName: role.RoleName }),
      );
      return { arn: role.Arn ?? "", policies: AttachedPolicies.flatMap(({ PolicyArn }) => PolicyArn ?? []).sort() };
    } catch (error) {
      if (error instanceof NoSuchEntityException) return undefined;
      throw error;
    }
  }

  async #userDataOf(id: string): Promise<string> {
    const known = this.#userData.get(id);
    if (known !== undefined) return known;
    const { UserData } = await this.#ec2.send(
      new DescribeInstanceAttributeCommand({ InstanceId: id, Attribute: "userData" }),
    );
    const value = UserData?.Value ?? "";
    this.#userData.set(id, value);
    return value;
  }

  async #image(id: string): Promise<InstanceFacts["image"]> {
    const known = this.#images.get(id);
    if (known !== undefined) return known;
    // By a filter: one that was deregistered since is not there, but no error.
    const Filters = [{ Name: "image-id", Values: [id] }];
    const { Images: [found] = [] } = await this.#ec2.send(new DescribeImagesCommand({ Filters }));
    const image = { name: found?.Name ?? "", description: found?.Description ?? "" };
    this.#images.set(id, image);
    return image;
  }

  async #securityGroups(vpcId: string): Promise<Record<string, SecurityGroupFacts>> {
    const Filters = [{ Name: "vpc-id", Values: [vpcId] }];
    const groups: Record<string, SecurityGroupFacts> = {};
    for await (const { SecurityGroups = [] } of paginateDescribeSecurityGroups({ client: this.#ec2 }, { Filters })) {
      for (const { GroupId = "", IpPermissions = [], IpPermissionsEgress = [] } of SecurityGroups) {
        groups[GroupId] = { ingress: IpPermissions.map(permission), egress: IpPermissionsEgress.map(permission) };
      }
    }
    return groups;
  }
}

function permission({ IpProtocol, FromPort, ToPort, IpRanges, UserIdGroupPairs }: IpPermission): Permission {
  const isWhole = FromPort === undefined || FromPort === -1 || ToPort === undefined;
  return {
    protocol: IpProtocol ?? "-1",
    ...(!isWhole && { ports: { from: FromPort, to: ToPort } }),
    cidrs: (IpRanges ?? []).flatMap(({ CidrIp }) => CidrIp ?? []),
    groupIds: (UserIdGroupPairs ?? []).flatMap(({ GroupId }) => GroupId ?? []),
  };
}

function lastPart(arnOrName: string): string {
  return arnOrName.slice(arnOrName.lastIndexOf("/") + 1);
}
