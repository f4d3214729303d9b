import {
  DescribeImagesCommand,
  DescribeInstanceAttributeCommand,
  DescribeInstanceTypesCommand,
  DescribeKeyPairsCommand,
  paginateDescribeInstances,
  paginateDescribeInstanceTypeOfferings,
  type _InstanceType,
  type EC2Client,
  type Image as Ec2Image,
  type InstanceTypeInfo,
} from "@aws-sdk/client-ec2";

import { all, forEach, ifThere, matching, nameIn, tagsOf } from "./answers";

/** An instance: a node or the bastion. */
export interface Instance {
  readonly id: string;
  /** `running`, `pending`, … */
  readonly state: string;
  /** How long ago it was launched, when it was asked; undefined when AWS does not say. */
  readonly ageSeconds: number | undefined;
  readonly type: string;
  readonly tags: Readonly<Record<string, string>>;
  readonly privateAddress: string;
  readonly privateDnsName: string;
  /** Empty when it has none. */
  readonly publicAddress: string;
  readonly vpcId: string;
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

/** Instances in the pages in which EC2 lists what they were reserved by. */
export async function* pagesOfInstances(...asked: Parameters<typeof paginateDescribeInstances>) {
  for await (const { Reservations = [] } of paginateDescribeInstances(...asked)) {
    yield { Instances: Reservations.flatMap(({ Instances = [] }) => Instances) };
  }
}

/** Those that there are: asked by a filter, because one id that is gone fails the whole question otherwise. */
export async function readInstances(ec2: EC2Client, ids: readonly string[]): Promise<Instance[]> {
  const found = await matching(ec2, pagesOfInstances, "Instances", "instance-id", ids);
  return found
    .map((it) => ({
      id: it.InstanceId ?? "",
      state: it.State?.Name ?? "",
      ageSeconds: it.LaunchTime && Math.round((Date.now() - it.LaunchTime.getTime()) / 1000),
      type: it.InstanceType ?? "",
      tags: tagsOf(it.Tags),
      privateAddress: it.PrivateIpAddress ?? "",
      privateDnsName: it.PrivateDnsName ?? "",
      publicAddress: it.PublicIpAddress ?? "",
      vpcId: it.VpcId ?? "",
      subnetId: it.SubnetId ?? "",
      securityGroupIds: (it.SecurityGroups ?? []).flatMap(({ GroupId }) => GroupId ?? []),
      imageId: it.ImageId ?? "",
      instanceProfile: nameIn(it.IamInstanceProfile?.Arn ?? ""),
      volumeIds: (it.BlockDeviceMappings ?? []).flatMap(({ Ebs }) => Ebs?.VolumeId ?? []),
      hasMetadata:
        it.MetadataOptions?.HttpEndpoint === undefined ? undefined : it.MetadataOptions.HttpEndpoint === "enabled",
    }))
    .filter(({ state }) => state !== "terminated");
}

/** What an instance was launched with, in base64. */
export async function readUserDataOf(ec2: EC2Client, InstanceId: string): Promise<string> {
  const asked = new DescribeInstanceAttributeCommand({ InstanceId, Attribute: "userData" });
  return (await ec2.send(asked)).UserData?.Value ?? "";
}

/** A machine image. */
export interface Image {
  readonly id: string;
  readonly name: string;
  readonly description: string;
  /** `available`, or what else EC2 says. */
  readonly state: string;
  /** `x86_64` or `arm64`. */
  readonly architecture: string;
  /** Size of the root volume's snapshot in GiB; undefined when EC2 does not say. */
  readonly rootGiB: number | undefined;
  /** Size of the largest snapshot among its volumes, in GiB. */
  readonly largestGiB: number;
  /** As `2026-06-30`; empty when AWS has not said any. */
  readonly deprecatedFrom: string;
}

/**
 * An image, also when it is deprecated, as every public one is two years after it was made: it can be launched all the
 * same.
 *
 * @returns undefined when there is none that this account may use
 * @see https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ami-deprecate.html
 */
export async function readImage(ec2: EC2Client, id: string): Promise<Image | undefined> {
  const asked = ec2.send(new DescribeImagesCommand({ ImageIds: [id], IncludeDeprecated: true }));
  const answer = await ifThere(asked, "InvalidAMIID.Unavailable", "InvalidAMIID.Malformed");
  return answer?.Images?.map(imageOf)[0];
}

/** The newest image of Amazon's that is available. @param name in which `*` is open */
export async function readNewestImage(ec2: EC2Client, name: string, architecture: string): Promise<Image | undefined> {
  const { Images = [] } = await ec2.send(
    new DescribeImagesCommand({
      Owners: ["amazon"],
      IncludeDeprecated: true,
      Filters: [
        { Name: "name", Values: [name] },
        { Name: "architecture", Values: [architecture] },
        { Name: "state", Values: ["available"] },
      ],
    }),
  );
  const newestFirst = [...Images].sort((a, b) => ((a.CreationDate ?? "") < (b.CreationDate ?? "") ? 1 : -1));
  return newestFirst.map(imageOf)[0];
}

/** An image in EC2's words, in ours. */
export function imageOf(image: Ec2Image): Image {
  const { BlockDeviceMappings: volumes = [] } = image;
  const root = volumes.find(({ DeviceName }) => DeviceName === image.RootDeviceName);
  return {
    id: image.ImageId ?? "",
    name: image.Name ?? "",
    description: image.Description ?? "",
    state: image.State ?? "",
    architecture: image.Architecture ?? "",
    rootGiB: root?.Ebs?.VolumeSize,
    // Bottlerocket keeps images and logs on a second volume.
    largestGiB: Math.max(0, ...volumes.map(({ Ebs }) => Ebs?.VolumeSize ?? 0)),
    deprecatedFrom: image.DeprecationTime?.slice(0, 10) ?? "",
  };
}

/** An instance type, as far as pods, quotas and images care; 0 is what EC2 does not say. */
export interface InstanceType {
  readonly vcpus: number;
  readonly memoryMiB: number;
  /** Network interfaces that an instance can have, and IPv4 addresses that each can have. */
  readonly interfaces: number;
  readonly addressesPerInterface: number;
  /** `x86_64`, `arm64` */
  readonly architectures: readonly string[];
}

/** Instance types by their names. One by one: asked together, one that does not exist fails the question. */
export function readInstanceTypes(ec2: EC2Client, names: readonly string[]): Promise<Record<string, InstanceType>> {
  return forEach(names, async (name) => {
    const asked = new DescribeInstanceTypesCommand({ InstanceTypes: [name as _InstanceType] });
    return (await ifThere(ec2.send(asked), "InvalidInstanceType"))?.InstanceTypes?.map(instanceTypeOf)[0];
  });
}

/** Pods get their addresses from the first network card alone, of those few types that have several. */
export function instanceTypeOf({ VCpuInfo, MemoryInfo, NetworkInfo, ProcessorInfo }: InstanceTypeInfo): InstanceType {
  const card = NetworkInfo?.NetworkCards?.find(
    ({ NetworkCardIndex }) => NetworkCardIndex === (NetworkInfo.DefaultNetworkCardIndex ?? 0),
  );
  return {
    vcpus: VCpuInfo?.DefaultVCpus ?? 0,
    memoryMiB: MemoryInfo?.SizeInMiB ?? 0,
    interfaces: card?.MaximumNetworkInterfaces ?? NetworkInfo?.MaximumNetworkInterfaces ?? 0,
    addressesPerInterface: NetworkInfo?.Ipv4AddressesPerInterface ?? 0,
    architectures: ProcessorInfo?.SupportedArchitectures ?? [],
  };
}

/** In which zones each of some instance types is offered. */
export async function readOfferings(
  ec2: EC2Client,
  types: readonly string[],
): Promise<Record<string, readonly string[]>> {
  const Filters = [{ Name: "instance-type", Values: [...types] }];
  const asked = { LocationType: "availability-zone", Filters } as const;
  const pages = paginateDescribeInstanceTypeOfferings({ client: ec2 }, asked);
  const offered = await all(pages, "InstanceTypeOfferings");
  const zonesOf = (type: string) =>
    offered.flatMap(({ InstanceType, Location = "" }) => (InstanceType === (type as _InstanceType) ? Location : []));
  return Object.fromEntries(types.map((type) => [type, zonesOf(type)]));
}

/** Whether there is a key pair of that name. */
export async function hasKeyPair(ec2: EC2Client, name: string): Promise<boolean> {
  return (await ifThere(ec2.send(new DescribeKeyPairsCommand({ KeyNames: [name] })))) !== undefined;
}

/** Names of the region's key pairs. */
export async function listKeyPairs(ec2: EC2Client): Promise<string[]> {
  const { KeyPairs = [] } = await ec2.send(new DescribeKeyPairsCommand({}));
  return KeyPairs.flatMap(({ KeyName }) => KeyName ?? []).sort();
}
