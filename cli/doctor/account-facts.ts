import {
  AutoScalingClient,
  DescribeLaunchConfigurationsCommand,
  paginateDescribeAutoScalingGroups,
} from "@aws-sdk/client-auto-scaling";
import {
  DescribeAddressesCommand,
  DescribeAvailabilityZonesCommand,
  DescribeImagesCommand,
  DescribeInstanceTypesCommand,
  DescribeKeyPairsCommand,
  EC2Client,
  paginateDescribeInstances,
  paginateDescribeInstanceTypeOfferings,
  paginateDescribeVpcs,
  type _InstanceType,
  type Address,
  type Instance,
  type InstanceTypeInfo,
  type Vpc,
} from "@aws-sdk/client-ec2";
import {
  DescribeClusterCommand,
  EKSClient,
  paginateDescribeAddonVersions,
  paginateDescribeClusterVersions,
  type ClusterVersionInformation,
} from "@aws-sdk/client-eks";
import { GetInstanceProfileCommand, GetRoleCommand, IAMClient, ListRolesCommand } from "@aws-sdk/client-iam";
import {
  GetAWSDefaultServiceQuotaCommand,
  GetServiceQuotaCommand,
  ServiceQuotasClient,
} from "@aws-sdk/client-service-quotas";
import { GetParameterCommand, SSMClient } from "@aws-sdk/client-ssm";
import { GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";

import type { AwsSettings } from "../../aws/settings";
import { ask, orElse, type Fact } from "./fact";
import { imageFact, type ImageFact } from "./image";
import { imageIdParameter, nodeImage, type Family, type ImageKind } from "../../facts/images";
import { endpointsOf, natGatewaysOf, subnetsBeside, type Ways } from "./network-facts";
import type { StackInputs } from "../stack-inputs";

/** Who asks. */
export interface Identity {
  readonly account: string;
  /** `arn:aws:iam::ACCOUNT:user/NAME`, `arn:aws:sts::ACCOUNT:assumed-role/NAME/SESSION` or `arn:aws:iam::ACCOUNT:root`. */
  readonly arn: string;
}

/** How much of a quota is used, and how much there may be. */
export interface QuotaFact {
  readonly used: number;
  readonly limit: number;
}

/** An instance type, as far as pods, quotas and images care. */
export interface InstanceTypeFact {
  readonly vcpus: number;
  /** Network interfaces that an instance can have, and IPv4 addresses that each can have. */
  readonly interfaces: number;
  readonly addressesPerInterface: number;
  /** `x86_64`, `arm64` */
  readonly architectures: readonly string[];
}

/** A zone that the account may use. */
export interface ZoneFact {
  /** `ap-northeast-2a`: another account may call it otherwise. */
  readonly name: string;
  /** `apne2-az1`: the same in every account. */
  readonly id: string;
}

/** A network that exists already, of which a stack is to be a part. */
export interface NetworkFact extends Ways {
  readonly hasVpc: boolean;
  /** Services that it has VPC endpoints for. */
  readonly endpoints: readonly string[];
}

/** A Kubernetes version that EKS offers. */
export interface VersionFact {
  /** `MAJOR.MINOR` */
  readonly version: string;
  readonly support: "standard" | "extended" | "none";
  /** Until when it is in standard support: `2027-08-02`. */
  readonly standardUntil: string | undefined;
}

/** What AWS says about an account before the stack is in it. */
export interface AccountFacts {
  readonly identity: Fact<Identity>;
  /** Names of the roles in the instance profile of the bastion; undefined when there is no such profile. */
  readonly adminProfile: Fact<readonly string[] | undefined>;
  /** Whether there is a role of that name, whatever the instance profile is. */
  readonly hasAdminRole: Fact<boolean>;
  readonly hasKeyPair: Fact<boolean>;
  readonly quotas: {
    readonly vpcs: Fact<QuotaFact>;
    readonly addresses: Fact<QuotaFact>;
    /** vCPUs of running on-demand instances of the standard families. */
    readonly vcpus: Fact<QuotaFact>;
  };
  /** The region's zones that the account may use. */
  readonly zones: Fact<readonly ZoneFact[]>;
  /** Undefined where the stack makes its own. */
  readonly network: Fact<NetworkFact | undefined>;
  /** The versions in which each add-on of the stack is offered for its Kubernetes version; undefined when there is none. */
  readonly addOns: Fact<Readonly<Record<string, readonly string[] | undefined>>>;
  /** In which zones each instance type of the stack is offered. */
  readonly offerings: Fact<Readonly<Record<string, readonly string[]>>>;
  readonly instanceTypes: Fact<Readonly<Record<string, InstanceTypeFact>>>;
  readonly versions: Fact<readonly VersionFact[]>;
  /** The image of each node group, by its id; undefined when it does not exist. */
  readonly nodeImages: Fact<Readonly<Record<string, ImageFact | undefined>>>;
  readonly bastionImage: Fact<ImageFact | undefined>;
  /** The image that AWS recommends for each node group, by the group's key; undefined when it has none. */
  readonly recommendedImages: Fact<Readonly<Record<string, string | undefined>>>;
  /** Names of launch configurations in the region: they prove that the account may have some. */
  readonly launchConfigurations: Fact<readonly string[]>;
  /** When the account's oldest role was made, ISO 8601: the account is at least as old. */
  readonly oldestRole: Fact<string | undefined>;
  /** Whether there is something already with the name that the stack's will have. */
  readonly hasCluster: Fact<boolean>;
  readonly hasClusterRole: Fact<boolean>;
  readonly hasNodeRole: Fact<boolean>;
  readonly hasNodeProfile: Fact<boolean>;
  /** Whether there is a role already of each of the other names that the stack will give. */
  readonly hasOtherRole: Fact<Readonly<Record<string, boolean>>>;
  /** Names of Auto Scaling groups that exist, of those that the stack will have. */
  readonly takenGroups: Fact<readonly string[]>;
}

/** Quotas that the stack uses. @see https://docs.aws.amazon.com/general/latest/gr/vpc-service.html */
export const QUOTAS = {
  vpcs: { service: "vpc", code: "L-F678F1CE", name: "VPCs per Region" },
  addresses: { service: "ec2", code: "L-0263D0A3", name: "EC2-VPC Elastic IPs" },
  vcpus: { service: "ec2", code: "L-1216C47A", name: "Running On-Demand Standard instances" },
} as const;

/** Whether an instance type counts against the quota of standard instances: A, C, D, H, I, M, R, T, Z. */
export function isStandard(type: string): boolean {
  return /^([acdhimrtz]\d|im\d|is\d)/.test(type);
}

/** Asks AWS everything that a stack with these inputs depends on. Never throws: what cannot be seen says why. */
export async function readAccountFacts(inputs: StackInputs, aws: AwsSettings): Promise<AccountFacts> {
  const [autoScaling, ec2, eks, iam] = [
    new AutoScalingClient(aws),
    new EC2Client(aws),
    new EKSClient(aws),
    new IAMClient(aws),
  ];
  const [quotas, ssm, sts] = [new ServiceQuotasClient(aws), new SSMClient(aws), new STSClient(aws)];
  const clients = [autoScaling, ec2, eks, iam, quotas, ssm, sts];

  const nodeTypes = inputs.groups.flatMap(({ instanceTypes }) => instanceTypes);
  const types = [...new Set([...nodeTypes, inputs.bastion.instanceType])] as _InstanceType[];
  const quota = (name: keyof typeof QUOTAS, permission: string, used: () => Promise<number>) =>
    ask(`servicequotas:GetServiceQuota and ${permission}`, async () => {
      const limit = await quotaLimit(quotas, name);
      if (limit === undefined) throw new Error(`there is no quota ${QUOTAS[name].code}`);
      return { used: await used(), limit };
    });
  const image = (id: string) =>
    ask(
      "ec2:DescribeImages",
      async () => {
        const found = (await ec2.send(describeImage(id))).Images?.[0];
        return found && imageFact(found);
      },
      ["InvalidAMIID.NotFound", "InvalidAMIID.Unavailable", "InvalidAMIID.Malformed"],
    );
  const role = (name: string) =>
    exists("iam:GetRole", () => iam.send(new GetRoleCommand({ RoleName: name })), NO_ENTITY);

  const profile = (name: string) =>
    ask(
      "iam:GetInstanceProfile",
      async () => {
        const asked = new GetInstanceProfileCommand({ InstanceProfileName: name });
        return (await iam.send(asked)).InstanceProfile?.Roles?.map(({ RoleName = "" }) => RoleName) ?? [];
      },
      NO_ENTITY,
    );
  const identity = ask("sts:GetCallerIdentity", async () => {
    const { Account = "", Arn = "" } = await sts.send(new GetCallerIdentityCommand({}));
    return { account: Account, arn: Arn };
  });
  const nodeImages = eachOf(
    inputs.groups.map((group) => group.image.id),
    image,
  );

  const facts = {
    identity,
    // Nobody asks where the bastion gets a role of its own.
    adminProfile: inputs.adminRole === undefined ? settledAs(undefined) : profile(inputs.adminRole),
    hasAdminRole: inputs.adminRole === undefined ? settledAs(false) : role(inputs.adminRole),
    hasKeyPair: exists(
      "ec2:DescribeKeyPairs",
      () => ec2.send(new DescribeKeyPairsCommand({ KeyNames: [inputs.keyPair] })),
      ["InvalidKeyPair.NotFound"],
    ),
    vpcs: quota("vpcs", "ec2:DescribeVpcs", async () => {
      const own = orElse(await identity, undefined)?.account;
      const vpcs = await all(paginateDescribeVpcs({ client: ec2 }, {}), ({ Vpcs }) => Vpcs);
      return vpcs.filter((vpc) => isOwn(vpc, own)).length;
    }),
    addresses: quota("addresses", "ec2:DescribeAddresses", async () => {
      return ((await ec2.send(new DescribeAddressesCommand({}))).Addresses ?? []).filter(isOfAmazon).length;
    }),
    vcpus: quota("vcpus", "ec2:DescribeInstances", async () => {
      const Filters = [{ Name: "instance-state-name", Values: ["pending", "running"] }];
      const reservations = await all(paginateDescribeInstances({ client: ec2 }, { Filters }), (it) => it.Reservations);
      return usedVcpus(reservations.flatMap(({ Instances }) => Instances ?? []));
    }),
    zones: ask("ec2:DescribeAvailabilityZones", async () => {
      const { AvailabilityZones = [] } = await ec2.send(new DescribeAvailabilityZonesCommand({}));
      // One that is impaired or constrained is there all the same.
      return AvailabilityZones.filter(({ State }) => State !== "unavailable").map(({ ZoneName = "", ZoneId = "" }) => ({
        name: ZoneName,
        id: ZoneId,
      }));
    }),
    network: network(ec2, inputs),
    addOns: eachOf(
      inputs.addOns.map(({ name }) => name),
      (name) => addOnVersions(eks, name, inputs.eksVersion),
    ),
    offerings: ask("ec2:DescribeInstanceTypeOfferings", async () => {
      const Filters = [{ Name: "instance-type", Values: types }];
      const asked = { LocationType: "availability-zone", Filters } as const;
      const pages = paginateDescribeInstanceTypeOfferings({ client: ec2 }, asked);
      const offered = await all(pages, (it) => it.InstanceTypeOfferings);
      return Object.fromEntries(
        types.map((type) => [
          type,
          offered.filter(({ InstanceType }) => InstanceType === type).map(({ Location = "" }) => Location),
        ]),
      );
    }),
    // One by one: a single type that does not exist would take the answer for the others along.
    instanceTypes: ask("ec2:DescribeInstanceTypes", async () => {
      const found = await Promise.all(types.map(async (type) => [type, await instanceType(ec2, type)] as const));
      return Object.fromEntries(found.flatMap(([type, it]) => (it === undefined ? [] : [[type, it]])));
    }),
    versions: ask("eks:DescribeClusterVersions", async () => {
      const pages = paginateDescribeClusterVersions({ client: eks }, { includeAll: true });
      return (await all(pages, (it) => it.clusterVersions)).flatMap(versionFact);
    }),
    nodeImages,
    bastionImage: image(inputs.bastion.id),
    recommendedImages: nodeImages.then((images) =>
      eachOf(
        inputs.groups.map(({ key }) => key),
        (key) => {
          const group = inputs.groups.find((it) => it.key === key);
          const own = orElse(images, {})[group?.image.id ?? ""];
          const Name = imageIdParameter(kindOf({ family: "al2", ...group }, inputs.eksVersion, own));
          return ask(
            "ssm:GetParameter",
            async () => (await ssm.send(new GetParameterCommand({ Name }))).Parameter?.Value,
            ["ParameterNotFound"],
          );
        },
      ),
    ),
    launchConfigurations: ask("autoscaling:DescribeLaunchConfigurations", async () => {
      const { LaunchConfigurations = [] } = await autoScaling.send(new DescribeLaunchConfigurationsCommand({}));
      return LaunchConfigurations.map(({ LaunchConfigurationName = "" }) => LaunchConfigurationName);
    }),
    oldestRole: ask("iam:ListRoles", async () => {
      const { Roles = [] } = await iam.send(new ListRolesCommand({ MaxItems: 1000 }));
      return Roles.flatMap(({ CreateDate }) => CreateDate?.toISOString() ?? []).sort()[0];
    }),
    hasCluster: exists(
      "eks:DescribeCluster",
      () => eks.send(new DescribeClusterCommand({ name: inputs.clusterName })),
      ["ResourceNotFoundException"],
    ),
    hasClusterRole: role(inputs.clusterRoleName),
    hasNodeRole: role(inputs.nodeRoleName),
    hasNodeProfile: profile(inputs.nodeRoleName).then((it) => ("ok" in it ? { ok: it.ok !== undefined } : it)),
    hasOtherRole: eachOf(inputs.otherRoleNames, role),
    takenGroups: ask("autoscaling:DescribeAutoScalingGroups", async () => {
      const AutoScalingGroupNames = inputs.groups.flatMap(({ names }) => names);
      const found = paginateDescribeAutoScalingGroups({ client: autoScaling }, { AutoScalingGroupNames });
      return (await all(found, (it) => it.AutoScalingGroups)).map(
        ({ AutoScalingGroupName = "" }) => AutoScalingGroupName,
      );
    }),
  };
  try {
    const { vpcs, addresses, vcpus, ...others } = await settled(facts);
    return { ...others, quotas: { vpcs, addresses, vcpus } };
  } finally {
    for (const client of clients) client.destroy();
  }
}

/** What exists of the network that tfvars name. */
function network(ec2: EC2Client, inputs: StackInputs): Promise<Fact<NetworkFact | undefined>> {
  const { vpcId } = inputs;
  if (vpcId === undefined) return settledAs(undefined);
  return ask(
    "ec2:DescribeVpcs, DescribeSubnets, DescribeRouteTables, DescribeNatGateways and DescribeVpcEndpoints",
    async () => {
      const Filters = [{ Name: "vpc-id", Values: [vpcId] }];
      const named = [
        ...inputs.publicSubnetIds,
        ...inputs.privateSubnetIds,
        ...inputs.groups.flatMap((it) => it.subnetIds),
      ];
      const [vpcs, subnets, natGateways, endpoints] = await Promise.all([
        all(paginateDescribeVpcs({ client: ec2 }, { Filters }), ({ Vpcs }) => Vpcs),
        subnetsBeside(ec2, named),
        natGatewaysOf(ec2, vpcId),
        endpointsOf(ec2, vpcId),
      ]);
      return { hasVpc: vpcs.length > 0, subnets, natGateways, endpoints };
    },
  );
}

/**
 * What an image has to be that takes the place of one.
 *
 * @param group what the tfvars say, which counts where nobody knows the image in use
 */
export function kindOf(
  group: { readonly family: Family; readonly architecture?: string | undefined },
  version: string,
  image: Pick<ImageFact, "name" | "architecture"> | undefined,
): ImageKind {
  const { family, variant } = { ...group, ...(image && nodeImage(image.name)) };
  const architecture = (image?.architecture ?? group.architecture) === "arm64" ? "arm64" : "x86_64";
  return { family, version, architecture, variant };
}

/** @returns undefined when EKS has no such add-on for that version of Kubernetes */
function addOnVersions(
  eks: EKSClient,
  addonName: string,
  kubernetesVersion: string,
): Promise<Fact<readonly string[] | undefined>> {
  return ask(
    "eks:DescribeAddonVersions",
    async () => {
      const pages = paginateDescribeAddonVersions({ client: eks }, { addonName, kubernetesVersion });
      const versions = (await all(pages, ({ addons }) => addons)).flatMap((it) => it.addonVersions ?? []);
      return versions.length === 0 ? undefined : versions.map(({ addonVersion = "" }) => addonVersion);
    },
    ["ResourceNotFoundException", "InvalidParameterException"],
  );
}

const NO_ENTITY = ["NoSuchEntityException", "NoSuchEntity"];

/**
 * The question about one image, also when it is deprecated, as every public one is two years after it was made: it can be
 * launched all the same.
 *
 * @see https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ami-deprecate.html
 */
export function describeImage(id: string): DescribeImagesCommand {
  return new DescribeImagesCommand({ ImageIds: [id], IncludeDeprecated: true });
}

/** A version in EKS' words, in ours; none where it does not say of what support it is, or is one for Outposts. */
export function versionFact(it: ClusterVersionInformation): VersionFact[] {
  // The older of the two fields is the only one in some places.
  const status = it.versionStatus ?? it.status?.toUpperCase().replace("-", "_");
  const support = SUPPORT[status ?? ""];
  if (it.clusterVersion === undefined || support === undefined || (it.clusterType ?? "eks") !== "eks") return [];
  return [
    {
      version: it.clusterVersion,
      support,
      standardUntil: it.endOfStandardSupportDate?.toISOString().slice(0, 10),
    },
  ];
}

const SUPPORT: Readonly<Record<string, VersionFact["support"]>> = {
  STANDARD_SUPPORT: "standard",
  EXTENDED_SUPPORT: "extended",
  UNSUPPORTED: "none",
};

/** What has been agreed with the account, else what everybody has. */
async function quotaLimit(quotas: ServiceQuotasClient, name: keyof typeof QUOTAS): Promise<number | undefined> {
  const asked = { ServiceCode: QUOTAS[name].service, QuotaCode: QUOTAS[name].code };
  try {
    return (await quotas.send(new GetServiceQuotaCommand(asked))).Quota?.Value;
  } catch (error) {
    if ((error as Error).name !== "NoSuchResourceException") throw error;
    return (await quotas.send(new GetAWSDefaultServiceQuotaCommand(asked))).Quota?.Value;
  }
}

/** Whether a VPC counts against the quota of an account: one that others share with it counts against theirs. */
export function isOwn({ OwnerId }: Vpc, account: string | undefined): boolean {
  return OwnerId === undefined || account === undefined || OwnerId === account;
}

/** Whether an address is of those that the quota is about: not brought along, not of an Outpost or a carrier. */
export function isOfAmazon({ PublicIpv4Pool: pool = "amazon", CustomerOwnedIp, CarrierIp, ServiceManaged }: Address) {
  return pool === "amazon" && CustomerOwnedIp === undefined && CarrierIp === undefined && ServiceManaged === undefined;
}

/** vCPUs that count against the quota of on-demand standard instances: spot instances and hosts have quotas of their own. */
export function usedVcpus(instances: readonly Instance[]): number {
  return instances
    .filter(({ InstanceType = "", InstanceLifecycle, Placement }) => {
      return isStandard(InstanceType) && InstanceLifecycle === undefined && Placement?.Tenancy !== "host";
    })
    .reduce((sum, { CpuOptions: cpus }) => sum + (cpus?.CoreCount ?? 1) * (cpus?.ThreadsPerCore ?? 1), 0);
}

/** Everything on all pages. */
async function all<Page, Item>(
  pages: AsyncIterable<Page>,
  items: (page: Page) => readonly Item[] | undefined,
): Promise<Item[]> {
  const found: Item[] = [];
  for await (const page of pages) found.push(...(items(page) ?? []));
  return found;
}

async function exists(permission: string, question: () => Promise<unknown>, absent: readonly string[]) {
  const fact = await ask(permission, async () => (await question(), true), absent);
  return "ok" in fact ? { ok: fact.ok === true } : fact;
}

function settledAs<T>(ok: T): Promise<Fact<T>> {
  return Promise.resolve({ ok });
}

/** One question about each of several, each asked once: the answers, or why the first that has none has none. */
async function eachOf<T>(
  keys: readonly string[],
  question: (key: string) => Promise<Fact<T>>,
): Promise<Fact<Readonly<Record<string, T>>>> {
  const answers = await Promise.all([...new Set(keys)].map(async (key) => ({ key, fact: await question(key) })));
  const known: Record<string, T> = {};
  for (const { key, fact } of answers) {
    if ("unknown" in fact) return fact;
    known[key] = fact.ok;
  }
  return { ok: known };
}

/** The answers to questions that were asked at once. */
export async function settled<T extends Record<string, Promise<unknown>>>(questions: T) {
  const answers = await Promise.all(Object.entries(questions).map(async ([name, it]) => [name, await it] as const));
  return Object.fromEntries(answers) as { [K in keyof T]: Awaited<T[K]> };
}

/** An instance type in EC2's words, in ours; undefined when there is no such type. */
export async function instanceType(ec2: EC2Client, type: string): Promise<InstanceTypeFact | undefined> {
  try {
    const { InstanceTypes = [] } = await ec2.send(
      new DescribeInstanceTypesCommand({ InstanceTypes: [type as _InstanceType] }),
    );
    const [found] = InstanceTypes;
    return found && instanceTypeFact(found);
  } catch (error) {
    if ((error as Error).name === "InvalidInstanceType") return undefined;
    throw error;
  }
}

/** Pods get their addresses from the first network card alone, of those few types that have several. */
export function instanceTypeFact({ VCpuInfo, NetworkInfo, ProcessorInfo }: InstanceTypeInfo): InstanceTypeFact {
  const card = NetworkInfo?.NetworkCards?.find(
    ({ NetworkCardIndex }) => NetworkCardIndex === (NetworkInfo.DefaultNetworkCardIndex ?? 0),
  );
  return {
    vcpus: VCpuInfo?.DefaultVCpus ?? 0,
    interfaces: card?.MaximumNetworkInterfaces ?? NetworkInfo?.MaximumNetworkInterfaces ?? 0,
    addressesPerInterface: NetworkInfo?.Ipv4AddressesPerInterface ?? 0,
    architectures: ProcessorInfo?.SupportedArchitectures ?? [],
  };
}
