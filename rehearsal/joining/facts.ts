import {
  AutoScalingClient,
  DescribeLaunchConfigurationsCommand,
  paginateDescribeAutoScalingGroups,
  type AutoScalingGroup,
  type LaunchTemplateSpecification,
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
  paginateDescribeVpcEndpoints,
  type Instance,
  type IpPermission,
} from "@aws-sdk/client-ec2";
import {
  DescribeAccessEntryCommand,
  DescribeAddonCommand,
  DescribeClusterCommand,
  DescribePodIdentityAssociationCommand,
  EKSClient,
  ListPodIdentityAssociationsCommand,
  paginateListAccessEntries,
  ResourceNotFoundException,
  type Cluster,
} from "@aws-sdk/client-eks";
import {
  GetInstanceProfileCommand,
  IAMClient,
  ListAttachedRolePoliciesCommand,
  ListRolePoliciesCommand,
  NoSuchEntityException,
} from "@aws-sdk/client-iam";

import { serviceOf } from "../../facts/endpoint-services";
import type { ClusterFacts, EndpointFacts, InstanceFacts, JoinFacts, Permission, SecurityGroupFacts } from "./rules";

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

/** A member of an Auto Scaling group, and what the group launches at the time that it is first seen. */
interface Member {
  readonly configuration?: string;
  readonly template?: LaunchTemplateSpecification;
}

/** What an instance was launched with, as far as the emulator forgets it. */
interface Launched {
  /** Name or ARN of an instance profile, or nothing. */
  readonly profile: string;
  /** @default - the emulator knows them */
  readonly securityGroupIds?: readonly string[];
}

/** Reads an account again and again. What cannot change while an instance runs is read once. */
export class AccountReader {
  readonly #settings: AwsSettings;
  readonly #autoScaling: AutoScalingClient;
  readonly #ec2: EC2Client;
  readonly #eks: EKSClient;
  readonly #iam: IAMClient;
  readonly #userData = new Map<string, string>();
  readonly #launched = new Map<string, Launched>();
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
    const { serviceIpv4Cidr, ipFamily } = cluster.kubernetesNetworkConfig ?? {};
    const facts: ClusterFacts = {
      name: clusterName,
      endpoint: cluster.endpoint ?? "",
      certificateAuthorityData: cluster.certificateAuthority?.data ?? "",
      version: cluster.version ?? "",
      // A cluster created without an access configuration gets CONFIG_MAP.
      // https://docs.aws.amazon.com/eks/latest/APIReference/API_CreateAccessConfigRequest.html
      authenticationMode: cluster.accessConfig?.authenticationMode ?? "CONFIG_MAP",
      accessEntries: [],
      hasPrivateEndpoint: cluster.resourcesVpcConfig?.endpointPrivateAccess === true,
      securityGroupIds: [...securityGroupIds, clusterSecurityGroupId].filter((id) => id !== ""),
      cidrs: [],
      ...(serviceIpv4Cidr !== undefined && { serviceCidr: serviceIpv4Cidr }),
      ...(ipFamily === "ipv6" && { isIpv6: true }),
    };
    const { region } = this.#settings;
    const members = await this.#members();
    if (members.size === 0) return { region, cluster: facts, instances: [], securityGroups: {} };

    const { Subnets: subnets = [] } = await this.#ec2.send(
      new DescribeSubnetsCommand({ Filters: [{ Name: "subnet-id", Values: subnetIds }] }),
    );
    const vpcId = subnets[0]?.VpcId ?? "";
    const [instances, securityGroups, accessEntries, networkPluginRole] = await Promise.all([
      this.#instances(vpcId, members),
      this.#securityGroups(vpcId),
      facts.authenticationMode === "CONFIG_MAP" ? [] : this.#nodeEntries(clusterName),
      this.#networkPluginRole(clusterName),
    ]);
    const cidrs = subnets.flatMap(({ CidrBlock }) => CidrBlock ?? []);
    const whole = { ...facts, cidrs, accessEntries, ...(networkPluginRole !== undefined && { networkPluginRole }) };
    return { region, cluster: whole, instances, securityGroups };
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

  /** ARNs of the roles whose access entries are those of nodes. */
  async #nodeEntries(clusterName: string): Promise<string[]> {
    const nodes: string[] = [];
    for await (const { accessEntries = [] } of paginateListAccessEntries({ client: this.#eks }, { clusterName })) {
      for (const principalArn of accessEntries) {
        const { accessEntry } = await this.#eks.send(new DescribeAccessEntryCommand({ clusterName, principalArn }));
        if (accessEntry?.type === "EC2_LINUX") nodes.push(principalArn);
      }
    }
    return nodes;
  }

  /** The role that the network plugin has by a pod identity association, or else by its add-on. */
  async #networkPluginRole(clusterName: string): Promise<ClusterFacts["networkPluginRole"]> {
    const who = { clusterName, namespace: "kube-system", serviceAccount: "aws-node" };
    const { associations: [found] = [] } = await this.#eks.send(new ListPodIdentityAssociationsCommand(who));
    if (found !== undefined) {
      const { association } = await this.#eks.send(
        new DescribePodIdentityAssociationCommand({ clusterName, associationId: found.associationId }),
      );
      const arn = association?.roleArn ?? "";
      const agent = await this.#addOn(clusterName, "eks-pod-identity-agent");
      const outOfReach = agent === undefined ? "the add-on eks-pod-identity-agent is not there" : undefined;
      const policies = await this.#policiesOf(lastPart(arn));
      return { arn, policies, ...(outOfReach !== undefined && { outOfReach }) };
    }
    const arn = (await this.#addOn(clusterName, "vpc-cni"))?.serviceAccountRoleArn;
    return arn === undefined ? undefined : { arn, policies: await this.#policiesOf(lastPart(arn)) };
  }

  async #addOn(clusterName: string, addonName: string) {
    try {
      return (await this.#eks.send(new DescribeAddonCommand({ clusterName, addonName }))).addon;
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
      for (const group of AutoScalingGroups) {
        const template = templateOf(group);
        for (const { InstanceId = "", LaunchConfigurationName: configuration } of group.Instances ?? []) {
          members.set(InstanceId, {
            ...(configuration !== undefined && { configuration }),
            ...(template !== undefined && { template }),
          });
        }
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
    const waysOut = await this.#waysOut(vpcId);
    const roles = new Map<string, InstanceFacts["role"]>();
    const facts: InstanceFacts[] = [];
    for (const instance of running) {
      const { InstanceId: id = "", SecurityGroups = [], Tags = [], ImageId = "", PrivateIpAddress = "" } = instance;
      const launched = await this.#launchOf(id, members.get(id));
      const profile = lastPart(instance.IamInstanceProfile?.Arn ?? launched.profile);
      if (!roles.has(profile)) roles.set(profile, await this.#roleIn(profile));
      const role = roles.get(profile);
      facts.push({
        id,
        privateIp: PrivateIpAddress,
        securityGroupIds: launched.securityGroupIds ?? SecurityGroups.flatMap(({ GroupId }) => GroupId ?? []),
        tags: Object.fromEntries(Tags.map(({ Key = "", Value = "" }) => [Key, Value])),
        userData: await this.#userDataOf(id),
        ...(role !== undefined && { role }),
        ...waysOut(instance),
        image: await this.#image(ImageId),
      });
    }
    return facts.sort((one, other) => (one.id < other.id ? -1 : 1));
  }

  /** Which ways an instance has to AWS: through the internet, and by VPC endpoints. */
  async #waysOut(vpcId: string): Promise<(instance: Instance) => Pick<InstanceFacts, "hasEgress" | "endpoints">> {
    const Filters = [{ Name: "vpc-id", Values: [vpcId] }];
    const [{ RouteTables: tables = [] }, { NatGateways = [] }, endpoints] = await Promise.all([
      this.#ec2.send(new DescribeRouteTablesCommand({ Filters })),
      this.#ec2.send(new DescribeNatGatewaysCommand({ Filter: Filters })),
      this.#endpoints(vpcId),
    ]);
    const nats = NatGateways.filter(({ State }) => State === "available").map(({ NatGatewayId }) => NatGatewayId);
    return ({ SubnetId, PublicIpAddress }) => {
      const table =
        tables.find(({ Associations = [] }) => Associations.some((one) => one.SubnetId === SubnetId)) ??
        tables.find(({ Associations = [] }) => Associations.some(({ Main }) => Main === true));
      const hasEgress = (table?.Routes ?? []).some(({ DestinationCidrBlock, NatGatewayId, GatewayId = "" }) => {
        if (DestinationCidrBlock !== "0.0.0.0/0") return false;
        if (NatGatewayId !== undefined) return nats.includes(NatGatewayId);
        return GatewayId.startsWith("igw-") && PublicIpAddress !== undefined;
      });
      const own = endpoints.filter(({ tableIds }) => tableIds?.includes(table?.RouteTableId ?? "") ?? true);
      return { hasEgress, endpoints: own.map(({ facts }) => facts) };
    };
  }

  /**
   * The VPC's endpoints that answer by the names that AWS' services have anyway.
   *
   * @see https://docs.aws.amazon.com/vpc/latest/privatelink/create-interface-endpoint.html
   */
  async #endpoints(
    vpcId: string,
  ): Promise<{ readonly facts: EndpointFacts; readonly tableIds?: readonly string[] | undefined }[]> {
    const Filters = [{ Name: "vpc-id", Values: [vpcId] }];
    const { Subnets: subnets = [] } = await this.#ec2.send(new DescribeSubnetsCommand({ Filters }));
    const found: { facts: EndpointFacts; tableIds?: readonly string[] }[] = [];
    for await (const { VpcEndpoints = [] } of paginateDescribeVpcEndpoints({ client: this.#ec2 }, { Filters })) {
      for (const endpoint of VpcEndpoints) {
        const { ServiceName = "", VpcEndpointType, State, Groups = [], RouteTableIds = [], SubnetIds = [] } = endpoint;
        if (String(State).toLowerCase() !== "available") continue;
        const service = serviceOf(ServiceName);
        const securityGroupIds = Groups.flatMap(({ GroupId }) => GroupId ?? []);
        if (VpcEndpointType !== "Interface") found.push({ facts: { service }, tableIds: RouteTableIds });
        else if (endpoint.PrivateDnsEnabled === true) {
          const own = subnets.filter(({ SubnetId = "" }) => SubnetIds.includes(SubnetId));
          const cidrs = own.flatMap(({ CidrBlock }) => CidrBlock ?? []);
          found.push({ facts: { service, interfaces: { securityGroupIds, cidrs } } });
        }
      }
    }
    return found;
  }

  /** What an instance was launched with. The emulator forgets it, so it is taken from what its group launches. */
  async #launchOf(id: string, { configuration, template }: Member = {}): Promise<Launched> {
    const known = this.#launched.get(id);
    if (known !== undefined) return known;
    const launched = await (configuration === undefined ? this.#templated(template) : this.#configured(configuration));
    this.#launched.set(id, launched);
    return launched;
  }

  async #configured(name: string): Promise<Launched> {
    const { LaunchConfigurations: [found] = [] } = await this.#autoScaling.send(
      new DescribeLaunchConfigurationsCommand({ LaunchConfigurationNames: [name] }),
    );
    return { profile: found?.IamInstanceProfile ?? "" };
  }

  async #templated(template: LaunchTemplateSpecification | undefined): Promise<Launched> {
    if (template === undefined) return { profile: "" };
    const { LaunchTemplateId, LaunchTemplateName, Version = "$Default" } = template;
    const which = LaunchTemplateId === undefined ? { LaunchTemplateName } : { LaunchTemplateId };
    const { LaunchTemplateVersions: [version] = [] } = await this.#ec2.send(
      new DescribeLaunchTemplateVersionsCommand({ ...which, Versions: [Version] }),
    );
    const {
      IamInstanceProfile,
      SecurityGroupIds = [],
      NetworkInterfaces: [card] = [],
    } = version?.LaunchTemplateData ?? {};
    const securityGroupIds = [...SecurityGroupIds, ...(card?.Groups ?? [])];
    return {
      profile: IamInstanceProfile?.Arn ?? IamInstanceProfile?.Name ?? "",
      ...(securityGroupIds.length > 0 && { securityGroupIds }),
    };
  }

  async #roleIn(profile: string): Promise<InstanceFacts["role"]> {
    if (profile === "") return undefined;
    try {
      const { InstanceProfile } = await this.#iam.send(new GetInstanceProfileCommand({ InstanceProfileName: profile }));
      const [role] = InstanceProfile?.Roles ?? [];
      if (role === undefined) return undefined;
      return { arn: role.Arn ?? "", policies: await this.#policiesOf(role.RoleName ?? "") };
    } catch (error) {
      if (error instanceof NoSuchEntityException) return undefined;
      throw error;
    }
  }

  /** The policies of a role, as `InstanceFacts` has them; none when there is no such role. */
  async #policiesOf(RoleName: string): Promise<string[]> {
    try {
      const { AttachedPolicies = [] } = await this.#iam.send(new ListAttachedRolePoliciesCommand({ RoleName }));
      const { PolicyNames = [] } = await this.#iam.send(new ListRolePoliciesCommand({ RoleName }));
      return [...AttachedPolicies.flatMap(({ PolicyArn }) => PolicyArn ?? []), ...PolicyNames].sort();
    } catch (error) {
      if (error instanceof NoSuchEntityException) return [];
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
    const { Name: name = "", Description: description = "", Architecture: architecture } = found ?? {};
    const image = { name, description, ...(architecture !== undefined && { architecture }) };
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

/** The launch template of a group, also of one with several types of instances. */
function templateOf({
  LaunchTemplate,
  MixedInstancesPolicy,
}: AutoScalingGroup): LaunchTemplateSpecification | undefined {
  return LaunchTemplate ?? MixedInstancesPolicy?.LaunchTemplate?.LaunchTemplateSpecification;
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
