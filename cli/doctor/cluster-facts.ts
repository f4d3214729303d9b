import {
  AutoScalingClient,
  DescribeAutoScalingGroupsCommand,
  DescribeLaunchConfigurationsCommand,
  DescribeScalingActivitiesCommand,
  type Activity,
  type AutoScalingGroup,
} from "@aws-sdk/client-auto-scaling";
import {
  DescribeDhcpOptionsCommand,
  DescribeInstancesCommand,
  DescribeLaunchTemplateVersionsCommand,
  DescribeSecurityGroupsCommand,
  DescribeVpcAttributeCommand,
  DescribeVpcsCommand,
  EC2Client,
  type Instance,
  type IpPermission,
} from "@aws-sdk/client-ec2";
import {
  DescribeAccessEntryCommand,
  DescribeClusterCommand,
  EKSClient,
  ListAccessEntriesCommand,
} from "@aws-sdk/client-eks";
import { GetInstanceProfileCommand, IAMClient, ListAttachedRolePoliciesCommand } from "@aws-sdk/client-iam";
import { GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";

import type { Handover } from "../../contract/handover";
import { readUserData, type ParsedUserData } from "../../modules/user-data/read";
import { describeImage, instanceType, settled, type Identity, type InstanceTypeFact } from "./account-facts";
import type { AwsSettings } from "../../aws/settings";
import { ask, orElse, type Fact } from "./fact";
import { imageFact, type ImageFact } from "./image";
import {
  endpointsOf,
  natGatewaysOf,
  subnetsBeside,
  tagsOf,
  unique,
  type NatFact,
  type SubnetFact,
} from "./network-facts";

/** A control plane as EKS describes it. */
export interface ControlPlane {
  readonly arn: string;
  /** `ACTIVE`, `CREATING`, `FAILED`, … */
  readonly status: string;
  /** `MAJOR.MINOR` */
  readonly version: string;
  readonly endpoint: string;
  /** PEM in base64. */
  readonly certificateAuthorityData: string;
  /** `CONFIG_MAP` when EKS does not say. */
  readonly authenticationMode: string;
  readonly vpcId: string;
  readonly subnetIds: readonly string[];
  /** All of them: those that it was given, and the one that EKS made. */
  readonly securityGroupIds: readonly string[];
  readonly privateAccess: boolean;
  readonly publicAccess: boolean;
  readonly publicCidrs: readonly string[];
  /** What EKS says is wrong with it. */
  readonly issues: readonly string[];
  /** `standard`, `extended`; undefined when EKS does not say. */
  readonly supportType: string | undefined;
  /** Kinds of logs that go to CloudWatch. */
  readonly logs: readonly string[];
}

/** What instances are launched from: a launch configuration, or one version of a launch template. */
export interface Launch {
  readonly kind: "launch configuration" | "launch template";
  /** Of a template with its version: `lt-0123456789abcdef0:3`. */
  readonly id: string;
  readonly imageId: string;
  readonly instanceType: string;
  readonly securityGroupIds: readonly string[];
  /** Name of the instance profile; empty when there is none. */
  readonly instanceProfile: string;
  readonly userData: ParsedUserData;
}

/** An Auto Scaling group of nodes. */
export interface GroupFact {
  readonly name: string;
  readonly min: number;
  readonly max: number;
  readonly desired: number;
  /** Tags by key, and whether new instances get them. */
  readonly tags: Readonly<Record<string, { readonly value: string; readonly propagates: boolean }>>;
  /** What new instances are launched from; undefined when that is gone. */
  readonly launchId: string | undefined;
  readonly subnetIds: readonly string[];
  /** Instances, and what each was launched from. */
  readonly instances: readonly { readonly id: string; readonly launchId: string | undefined }[];
  /** Processes that somebody has suspended, such as `Launch`. */
  readonly suspended: readonly string[];
  /** Why the last launch failed, in AWS' words; undefined when it did not. */
  readonly failure: string | undefined;
}

/** An instance: a node or the bastion. */
export interface InstanceFact {
  readonly id: string;
  /** `running`, `pending`, … */
  readonly state: string;
  /** How long ago it was launched, when it was asked; undefined when AWS does not say. */
  readonly ageSeconds: number | undefined;
  readonly type: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly privateDnsName: string;
  /** Empty when it has none. */
  readonly publicAddress: string;
  readonly subnetId: string;
  /** Empty when AWS does not say. */
  readonly securityGroupIds: readonly string[];
  readonly imageId: string;
  /** Name of the instance profile; empty when there is none. */
  readonly instanceProfile: string;
  readonly volumeIds: readonly string[];
  /** Whether it can ask the metadata service for its credentials; undefined when AWS does not say. */
  readonly hasMetadata: boolean | undefined;
}

/** Rules of a security group. */
export interface SecurityGroupFact {
  readonly id: string;
  readonly inbound: readonly PermissionFact[];
  readonly outbound: readonly PermissionFact[];
}

/** One rule: who may be talked to, over what. */
export interface PermissionFact {
  /** `tcp`, `udp`, `icmp`, or `-1` for all. */
  readonly protocol: string;
  /** Undefined: every port. */
  readonly ports: { readonly from: number; readonly to: number } | undefined;
  /** IPv4 ranges. */
  readonly cidrs: readonly string[];
  readonly groupIds: readonly string[];
  /** Lists of ranges, by their ids: who is on them is not looked at. */
  readonly prefixListIds: readonly string[];
}

/** What a VPC says of names. */
export interface VpcFact {
  readonly dnsSupport: boolean;
  readonly dnsHostnames: boolean;
  /** Servers that instances are told to ask; `AmazonProvidedDNS` is the VPC's own. Undefined when that is not known. */
  readonly nameServers: readonly string[] | undefined;
}

/** Somebody whom the EKS API admits to the cluster. */
export interface AccessEntryFact {
  readonly principalArn: string;
  /** `STANDARD`, `EC2_LINUX`, … */
  readonly type: string;
}

/** What AWS says about a stack that exists. */
export interface ClusterFacts {
  readonly identity: Fact<Identity>;
  /** Undefined when there is no such cluster. */
  readonly controlPlane: Fact<ControlPlane | undefined>;
  /** Groups that exist, of those that the stack has. */
  readonly groups: Fact<readonly GroupFact[]>;
  /** What instances are launched from, by id. */
  readonly launches: Fact<Readonly<Record<string, Launch>>>;
  /** Instances of the groups that still exist. */
  readonly instances: Fact<readonly InstanceFact[]>;
  /** Images of the instances and of what they are launched from; one that is missing here does not exist any more. */
  readonly images: Fact<readonly ImageFact[]>;
  readonly instanceTypes: Fact<Readonly<Record<string, InstanceTypeFact>>>;
  /** ARN of the role in each instance profile, by the profile's name; undefined when there is none in it. */
  readonly profiles: Fact<Readonly<Record<string, string | undefined>>>;
  /** Names of the managed policies of each role, by the role's ARN. */
  readonly policies: Fact<Readonly<Record<string, readonly string[]>>>;
  readonly securityGroups: Fact<readonly SecurityGroupFact[]>;
  /** All of the VPC: those of the control plane and of the nodes, and others. */
  readonly subnets: Fact<readonly SubnetFact[]>;
  readonly vpc: Fact<VpcFact>;
  /** Services that the VPC has endpoints for: `ec2`, `ecr.api`, `s3`. */
  readonly vpcEndpoints: Fact<readonly string[]>;
  /** Empty where the cluster does not look into them. */
  readonly accessEntries: Fact<readonly AccessEntryFact[]>;
  /** Undefined when it does not exist. */
  readonly bastion: Fact<InstanceFact | undefined>;
  /** NAT gateways in the VPC, for a while those that are gone, too. */
  readonly natGateways: Fact<readonly NatFact[]>;
}

/** Asks AWS everything about a stack that exists. Never throws: what cannot be seen says why. */
export async function readClusterFacts(handover: Handover, aws: AwsSettings): Promise<ClusterFacts> {
  const [autoScaling, ec2, eks] = [new AutoScalingClient(aws), new EC2Client(aws), new EKSClient(aws)];
  const [iam, sts] = [new IAMClient(aws), new STSClient(aws)];
  try {
    const base = await settled({
      identity: ask("sts:GetCallerIdentity", async () => {
        const { Account = "", Arn = "" } = await sts.send(new GetCallerIdentityCommand({}));
        return { account: Account, arn: Arn };
      }),
      controlPlane: controlPlane(eks, handover.cluster_name),
      groups: groups(autoScaling, Object.keys(handover.node_groups)),
      bastion: ask("ec2:DescribeInstances", async () => (await instances(ec2, [handover.bastion_instance_id]))[0]),
    });
    const plane = orElse(base.controlPlane, undefined);
    const found = orElse(base.groups, []);
    const nodeIds = found.flatMap((group) => group.instances.map(({ id }) => id));
    const second = await settled({
      launches: launches(autoScaling, ec2, found),
      instances: ask("ec2:DescribeInstances", () => instances(ec2, nodeIds)),
      accessEntries: accessEntries(eks, handover.cluster_name, plane?.authenticationMode ?? "CONFIG_MAP"),
      subnets: ask("ec2:DescribeSubnets and ec2:DescribeRouteTables", () =>
        subnetsBeside(ec2, [...(plane?.subnetIds ?? []), ...found.flatMap(({ subnetIds }) => subnetIds)]),
      ),
    });
    const launched = Object.values(orElse(second.launches, {}));
    const nodes = orElse(second.instances, []);
    const bastion = orElse(base.bastion, undefined);
    const machines = [...nodes, ...(bastion === undefined ? [] : [bastion])];
    // Moto's cluster does not know its VPC; its subnets do.
    const vpcId = [plane?.vpcId, orElse(second.subnets, [])[0]?.vpcId].find((id) => id !== undefined && id !== "");
    const third = await settled({
      vpc: inVpc(vpcId, "ec2:DescribeVpcAttribute", (id) => vpcAttributes(ec2, id)),
      natGateways: inVpc(vpcId, "ec2:DescribeNatGateways", (id) => natGatewaysOf(ec2, id)),
      vpcEndpoints: inVpc(vpcId, "ec2:DescribeVpcEndpoints", (id) => endpointsOf(ec2, id)),
      images: ask("ec2:DescribeImages", () =>
        images(
          ec2,
          [...launched, ...nodes].map(({ imageId }) => imageId),
        ),
      ),
      instanceTypes: ask("ec2:DescribeInstanceTypes", async () => {
        const names = unique([...launched.map((it) => it.instanceType), ...nodes.map(({ type }) => type)]);
        const known = await Promise.all(names.map(async (name) => [name, await instanceType(ec2, name)] as const));
        return Object.fromEntries(known.flatMap(([name, it]) => (it === undefined ? [] : [[name, it]])));
      }),
      profiles: ask("iam:GetInstanceProfile", () =>
        profiles(
          iam,
          [...launched, ...machines].map(({ instanceProfile }) => instanceProfile),
        ),
      ),
      securityGroups: ask("ec2:DescribeSecurityGroups", () =>
        securityGroups(
          ec2,
          [...launched, ...machines, ...(plane === undefined ? [] : [plane])].flatMap((it) => it.securityGroupIds),
        ),
      ),
    });
    const profilesOfNodes = unique([...launched, ...nodes].map(({ instanceProfile }) => instanceProfile));
    const roles = unique(profilesOfNodes.map((name) => orElse(third.profiles, {})[name] ?? ""));
    const policies = await ask("iam:ListAttachedRolePolicies", () => attachedPolicies(iam, roles));
    return { ...base, ...second, ...third, policies };
  } finally {
    for (const client of [autoScaling, ec2, eks, iam, sts]) client.destroy();
  }
}

/** Asks about the stack's VPC, if it is known which that is. */
async function inVpc<T>(
  id: string | undefined,
  permission: string,
  question: (id: string) => Promise<T>,
): Promise<Fact<T>> {
  return id === undefined
    ? { unknown: "it is not known which VPC is the stack's" }
    : ask(permission, () => question(id));
}

function controlPlane(eks: EKSClient, name: string) {
  return ask(
    "eks:DescribeCluster",
    async (): Promise<ControlPlane | undefined> => {
      const { cluster } = await eks.send(new DescribeClusterCommand({ name }));
      const { resourcesVpcConfig: vpc = {} } = cluster ?? {};
      return (
        cluster && {
          arn: cluster.arn ?? "",
          status: cluster.status ?? "",
          version: cluster.version ?? "",
          endpoint: cluster.endpoint ?? "",
          certificateAuthorityData: cluster.certificateAuthority?.data ?? "",
          authenticationMode: cluster.accessConfig?.authenticationMode ?? "CONFIG_MAP",
          vpcId: vpc.vpcId ?? "",
          subnetIds: vpc.subnetIds ?? [],
          securityGroupIds: unique([...(vpc.securityGroupIds ?? []), vpc.clusterSecurityGroupId ?? ""]),
          privateAccess: vpc.endpointPrivateAccess ?? false,
          publicAccess: vpc.endpointPublicAccess ?? false,
          publicCidrs: vpc.publicAccessCidrs ?? [],
          issues: (cluster.health?.issues ?? []).map(({ code = "", message = "" }) => `${code}: ${message}`),
          supportType: cluster.upgradePolicy?.supportType?.toLowerCase(),
          logs: (cluster.logging?.clusterLogging ?? [])
            .filter((it) => it.enabled === true)
            .flatMap((it) => it.types ?? []),
        }
      );
    },
    ["ResourceNotFoundException"],
  );
}

function launchIdOf(from: Pick<AutoScalingGroup, "LaunchConfigurationName" | "LaunchTemplate">): string | undefined {
  const { LaunchTemplateId: id, Version: version } = from.LaunchTemplate ?? {};
  return id === undefined ? from.LaunchConfigurationName : `${id}:${version ?? "$Default"}`;
}

function groups(autoScaling: AutoScalingClient, names: readonly string[]) {
  return ask("autoscaling:DescribeAutoScalingGroups", async () => {
    const { AutoScalingGroups = [] } = await autoScaling.send(
      new DescribeAutoScalingGroupsCommand({ AutoScalingGroupNames: [...names] }),
    );
    return Promise.all(
      AutoScalingGroups.map(async (group): Promise<GroupFact> => {
        const mixed = group.MixedInstancesPolicy?.LaunchTemplate?.LaunchTemplateSpecification;
        const tags = (group.Tags ?? []).map(
          ({ Key = "", Value = "", PropagateAtLaunch = false }) =>
            [Key, { value: Value, propagates: PropagateAtLaunch }] as const,
        );
        return {
          name: group.AutoScalingGroupName ?? "",
          min: group.MinSize ?? 0,
          max: group.MaxSize ?? 0,
          desired: group.DesiredCapacity ?? 0,
          tags: Object.fromEntries(tags),
          launchId: launchIdOf({ LaunchTemplate: mixed, ...group }),
          subnetIds: unique((group.VPCZoneIdentifier ?? "").split(",")),
          instances: (group.Instances ?? []).map((it) => ({ id: it.InstanceId ?? "", launchId: launchIdOf(it) })),
          suspended: (group.SuspendedProcesses ?? []).map(({ ProcessName = "" }) => ProcessName),
          failure: await lastFailure(autoScaling, group.AutoScalingGroupName ?? ""),
        };
      }),
    );
  });
}

/** Of no consequence when it cannot be asked: the number of instances tells that something is wrong. */
async function lastFailure(autoScaling: AutoScalingClient, group: string): Promise<string | undefined> {
  const asked = new DescribeScalingActivitiesCommand({ AutoScalingGroupName: group, MaxRecords: 10 });
  const fact = await ask("autoscaling:DescribeScalingActivities", async () => {
    return (await autoScaling.send(asked)).Activities ?? [];
  });
  return failureOf(orElse(fact, []));
}

/**
 * Why the last launch failed; undefined when it did not. One that is under way says nothing yet of how it will end.
 *
 * @param activities of an Auto Scaling group, the newest first
 */
export function failureOf(activities: readonly Activity[]): string | undefined {
  const last = activities.find(({ StatusCode = "" }) => ["Failed", "Cancelled", "Successful"].includes(StatusCode));
  return last === undefined || last.StatusCode === "Successful" ? undefined : (last.StatusMessage ?? last.Description);
}

function launches(autoScaling: AutoScalingClient, ec2: EC2Client, found: readonly GroupFact[]) {
  const ids = unique(
    found.flatMap((group) => [group.launchId ?? "", ...group.instances.map((it) => it.launchId ?? "")]),
  );
  const [templates, names] = [ids.filter((id) => id.startsWith("lt-")), ids.filter((id) => !id.startsWith("lt-"))];
  return ask("autoscaling:DescribeLaunchConfigurations and ec2:DescribeLaunchTemplateVersions", async () => {
    const configurations = names.length === 0 ? [] : await launchConfigurations(autoScaling, names);
    const versions = await Promise.all(templates.map((id) => launchTemplate(ec2, id)));
    return Object.fromEntries([...configurations, ...versions.flatMap((it) => it ?? [])].map((it) => [it.id, it]));
  });
}

async function launchConfigurations(autoScaling: AutoScalingClient, names: string[]): Promise<Launch[]> {
  const { LaunchConfigurations = [] } = await autoScaling.send(
    new DescribeLaunchConfigurationsCommand({ LaunchConfigurationNames: names }),
  );
  return LaunchConfigurations.map((it) => ({
    kind: "launch configuration",
    id: it.LaunchConfigurationName ?? "",
    imageId: it.ImageId ?? "",
    instanceType: it.InstanceType ?? "",
    securityGroupIds: it.SecurityGroups ?? [],
    instanceProfile: nameIn(it.IamInstanceProfile ?? ""),
    userData: readUserData(it.UserData ?? ""),
  }));
}

async function launchTemplate(ec2: EC2Client, id: string): Promise<Launch | undefined> {
  const [LaunchTemplateId = "", version = ""] = id.split(":");
  const asked = { LaunchTemplateId, Versions: [version], ResolveAlias: true };
  const versions = await absentWhen(/^InvalidLaunchTemplate/, async () => {
    return (await ec2.send(new DescribeLaunchTemplateVersionsCommand(asked))).LaunchTemplateVersions;
  });
  const data = versions?.[0]?.LaunchTemplateData;
  return (
    data && {
      kind: "launch template",
      id,
      imageId: data.ImageId ?? "",
      instanceType: data.InstanceType ?? "",
      securityGroupIds: data.SecurityGroupIds ?? data.NetworkInterfaces?.[0]?.Groups ?? [],
      instanceProfile: data.IamInstanceProfile?.Name ?? nameIn(data.IamInstanceProfile?.Arn ?? ""),
      userData: readUserData(data.UserData ?? ""),
    }
  );
}

/** The answer; undefined when AWS says by an error of such a name that there is none. */
async function absentWhen<T>(name: RegExp, question: () => Promise<T>): Promise<T | undefined> {
  try {
    return await question();
  } catch (error) {
    if (name.test((error as Error).name)) return undefined;
    throw error;
  }
}

function nameIn(arn: string): string {
  return arn.slice(arn.lastIndexOf("/") + 1);
}

/** As many values as EC2 takes in one filter. @see https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeInstances.html */
const FILTER_VALUES = 200;

/** Those that there are: asked by a filter, because one id that is gone fails the whole question otherwise. */
async function instances(ec2: EC2Client, ids: readonly string[]): Promise<InstanceFact[]> {
  const parts = Array.from({ length: Math.ceil(ids.length / FILTER_VALUES) }, (_, i) =>
    ids.slice(i * FILTER_VALUES, (i + 1) * FILTER_VALUES),
  );
  const answers = await Promise.all(
    parts.map(async (Values) => {
      const Filters = [{ Name: "instance-id", Values }];
      return (await ec2.send(new DescribeInstancesCommand({ Filters }))).Reservations ?? [];
    }),
  );
  return answers
    .flat()
    .flatMap((it) => it.Instances ?? [])
    .map(instanceFact)
    .filter(({ state }) => state !== "terminated");
}

function instanceFact(it: Instance): InstanceFact {
  return {
    id: it.InstanceId ?? "",
    state: it.State?.Name ?? "",
    ageSeconds: it.LaunchTime && Math.round((Date.now() - it.LaunchTime.getTime()) / 1000),
    type: it.InstanceType ?? "",
    tags: tagsOf(it.Tags),
    privateDnsName: it.PrivateDnsName ?? "",
    publicAddress: it.PublicIpAddress ?? "",
    subnetId: it.SubnetId ?? "",
    securityGroupIds: (it.SecurityGroups ?? []).map(({ GroupId = "" }) => GroupId),
    imageId: it.ImageId ?? "",
    instanceProfile: nameIn(it.IamInstanceProfile?.Arn ?? ""),
    volumeIds: (it.BlockDeviceMappings ?? []).flatMap(({ Ebs }) => Ebs?.VolumeId ?? []),
    hasMetadata:
      it.MetadataOptions?.HttpEndpoint === undefined ? undefined : it.MetadataOptions.HttpEndpoint === "enabled",
  };
}

/** One by one: a single image that is gone would take the answer for the others along. */
async function images(ec2: EC2Client, ids: readonly string[]): Promise<ImageFact[]> {
  const found = await Promise.all(
    unique(ids).map((id) => absentWhen(/^InvalidAMIID/, async () => (await ec2.send(describeImage(id))).Images?.[0])),
  );
  return found.flatMap((it) => (it === undefined ? [] : [imageFact(it)]));
}

async function profiles(iam: IAMClient, names: readonly string[]): Promise<Record<string, string | undefined>> {
  const role = (InstanceProfileName: string) =>
    absentWhen(/^NoSuchEntity/, async () => {
      const { InstanceProfile } = await iam.send(new GetInstanceProfileCommand({ InstanceProfileName }));
      return InstanceProfile?.Roles?.[0]?.Arn;
    });
  return Object.fromEntries(await Promise.all(unique(names).map(async (name) => [name, await role(name)] as const)));
}

async function attachedPolicies(
  iam: IAMClient,
  roleArns: readonly string[],
): Promise<Record<string, readonly string[]>> {
  const of = async (arn: string) => {
    const asked = new ListAttachedRolePoliciesCommand({ RoleName: nameIn(arn) });
    return ((await iam.send(asked)).AttachedPolicies ?? []).map(({ PolicyName = "" }) => PolicyName);
  };
  return Object.fromEntries(await Promise.all(roleArns.map(async (arn) => [arn, await of(arn)] as const)));
}

async function securityGroups(ec2: EC2Client, ids: readonly string[]): Promise<SecurityGroupFact[]> {
  const Values = unique(ids);
  if (Values.length === 0) return [];
  const Filters = [{ Name: "group-id", Values }];
  const { SecurityGroups = [] } = await ec2.send(new DescribeSecurityGroupsCommand({ Filters }));
  return SecurityGroups.map((it) => ({
    id: it.GroupId ?? "",
    inbound: (it.IpPermissions ?? []).map(permission),
    outbound: (it.IpPermissionsEgress ?? []).map(permission),
  }));
}

function permission(it: IpPermission): PermissionFact {
  const { IpProtocol = "", FromPort, ToPort } = it;
  const isEveryPort = IpProtocol === "-1" || FromPort === undefined || ToPort === undefined || FromPort === -1;
  return {
    protocol: IpProtocol,
    ports: isEveryPort ? undefined : { from: FromPort, to: ToPort },
    cidrs: (it.IpRanges ?? []).flatMap(({ CidrIp }) => CidrIp ?? []),
    groupIds: (it.UserIdGroupPairs ?? []).flatMap(({ GroupId }) => GroupId ?? []),
    prefixListIds: (it.PrefixListIds ?? []).flatMap(({ PrefixListId }) => PrefixListId ?? []),
  };
}

async function vpcAttributes(ec2: EC2Client, VpcId: string): Promise<VpcFact> {
  const [support, hostnames, { Vpcs = [] }] = await Promise.all([
    ec2.send(new DescribeVpcAttributeCommand({ VpcId, Attribute: "enableDnsSupport" })),
    ec2.send(new DescribeVpcAttributeCommand({ VpcId, Attribute: "enableDnsHostnames" })),
    ec2.send(new DescribeVpcsCommand({ VpcIds: [VpcId] })),
  ]);
  const options = Vpcs[0]?.DhcpOptionsId ?? "";
  return {
    dnsSupport: support.EnableDnsSupport?.Value ?? false,
    dnsHostnames: hostnames.EnableDnsHostnames?.Value ?? false,
    nameServers: options.startsWith("dopt-") ? await nameServers(ec2, options) : undefined,
  };
}

/** Of no consequence when they cannot be asked: hardly anybody has others than AWS'. */
async function nameServers(ec2: EC2Client, options: string): Promise<readonly string[] | undefined> {
  const asked = new DescribeDhcpOptionsCommand({ DhcpOptionsIds: [options] });
  const fact = await ask("ec2:DescribeDhcpOptions", async () => (await ec2.send(asked)).DhcpOptions?.[0]);
  return orElse(fact, undefined)
    ?.DhcpConfigurations?.find(({ Key }) => Key === "domain-name-servers")
    ?.Values?.flatMap(({ Value }) => Value ?? []);
}

async function accessEntries(
  eks: EKSClient,
  clusterName: string,
  mode: string,
): Promise<Fact<readonly AccessEntryFact[]>> {
  if (mode === "CONFIG_MAP") return { ok: [] };
  return ask("eks:ListAccessEntries and eks:DescribeAccessEntry", async () => {
    const arns: string[] = [];
    let nextToken: string | undefined;
    do {
      const page = await eks.send(new ListAccessEntriesCommand({ clusterName, nextToken }));
      arns.push(...(page.accessEntries ?? []));
      nextToken = page.nextToken;
    } while (nextToken !== undefined);
    return Promise.all(
      arns.map(async (principalArn) => {
        const { accessEntry } = await eks.send(new DescribeAccessEntryCommand({ clusterName, principalArn }));
        return { principalArn, type: accessEntry?.type ?? "" };
      }),
    );
  });
}
