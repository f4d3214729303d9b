import { forEach, nameIn, unique } from "../../aws/answers";
import { withAws, type AwsClients, type AwsSettings } from "../../aws/clients";
import { readAddOnVersions, readCluster, readVersions, type OfferedVersion } from "../../aws/clusters";
import { readGroups, readLaunchConfigurations } from "../../aws/groups";
import { readIdentity, type Identity } from "../../aws/identity";
import {
  hasKeyPair,
  readImage,
  readInstanceTypes,
  readOfferings,
  type Image,
  type InstanceType,
} from "../../aws/instances";
import { hasVpc, readEndpoints, readNatGateways, readSubnetsBeside, readZones, type Zone } from "../../aws/network";
import { readParameter } from "../../aws/parameters";
import { countAddresses, countVcpus, countVpcs, readQuota } from "../../aws/quotas";
import { hasRole, readOldestRole, readProfile } from "../../aws/roles";
import { imageIdParameter, nodeImage, type Family, type ImageKind } from "../../facts/images";
import type { NodeGroupInput, StackInputs } from "../stack-inputs";
import { ask, orElse, settled, type Fact } from "./fact";
import type { Ways } from "./network-rules";

/** How much of a quota is used, and how much there may be. */
export interface QuotaFact {
  readonly used: number;
  readonly limit: number;
}

/** A network that exists already, of which a stack is to be a part. */
export interface NetworkFact extends Ways {
  readonly hasVpc: boolean;
  /** Services that it has VPC endpoints for. */
  readonly endpoints: readonly string[];
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
  readonly zones: Fact<readonly Zone[]>;
  /** Undefined where the stack makes its own. */
  readonly network: Fact<NetworkFact | undefined>;
  /** The versions in which each add-on of the stack is offered for its Kubernetes version, where it is offered. */
  readonly addOns: Fact<Readonly<Record<string, readonly string[] | undefined>>>;
  /** In which zones each instance type of the stack is offered. */
  readonly offerings: Fact<Readonly<Record<string, readonly string[]>>>;
  readonly instanceTypes: Fact<Readonly<Record<string, InstanceType>>>;
  readonly versions: Fact<readonly OfferedVersion[]>;
  /** The images of the node groups, by their ids; one that is missing here does not exist. */
  readonly nodeImages: Fact<Readonly<Record<string, Image | undefined>>>;
  readonly bastionImage: Fact<Image | undefined>;
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

/** Asks AWS everything that a stack with these inputs depends on. Never throws: what cannot be seen says why. */
export function readAccountFacts(inputs: StackInputs, settings: AwsSettings): Promise<AccountFacts> {
  return withAws(settings, async (aws) => {
    const { autoScaling, ec2, eks, iam, ssm, sts } = aws;
    const types = unique([...inputs.groups.flatMap(({ instanceTypes }) => instanceTypes), inputs.bastion.instanceType]);
    const quota = (name: keyof typeof QUOTAS, permission: string, used: () => Promise<number>) =>
      ask(`servicequotas:GetServiceQuota and ${permission}`, async () => {
        const limit = await readQuota(aws.quotas, QUOTAS[name]);
        return { used: await used(), limit };
      });
    const role = (name: string) => ask("iam:GetRole", () => hasRole(iam, name));
    const profile = (name: string) =>
      ask("iam:GetInstanceProfile", async () => (await readProfile(iam, name))?.map(nameIn));
    const identity = ask("sts:GetCallerIdentity", () => readIdentity(sts));
    const imageIds = inputs.groups.map((group) => group.image.id);
    const nodeImages = ask("ec2:DescribeImages", () => forEach(imageIds, (id) => readImage(ec2, id)));
    const recommended = async ({ image: { id }, ...group }: NodeGroupInput) => {
      const kind = kindOf(group, inputs.eksVersion, orElse(await nodeImages, {})[id]);
      return readParameter(ssm, imageIdParameter(kind));
    };
    const { vcpus, vpcs, addresses, ...others } = await settled({
      identity,
      // Nobody asks where the bastion gets a role of its own.
      adminProfile: inputs.adminRole === undefined ? { ok: undefined } : profile(inputs.adminRole),
      hasAdminRole: inputs.adminRole === undefined ? { ok: false } : role(inputs.adminRole),
      hasKeyPair: ask("ec2:DescribeKeyPairs", () => hasKeyPair(ec2, inputs.keyPair)),
      vpcs: quota("vpcs", "ec2:DescribeVpcs", async () => countVpcs(ec2, orElse(await identity, undefined)?.account)),
      addresses: quota("addresses", "ec2:DescribeAddresses", () => countAddresses(ec2)),
      vcpus: quota("vcpus", "ec2:DescribeInstances", () => countVcpus(ec2)),
      zones: ask("ec2:DescribeAvailabilityZones", () => readZones(ec2)),
      network: network(aws, inputs),
      addOns: ask("eks:DescribeAddonVersions", () =>
        forEach(
          inputs.addOns.map(({ name }) => name),
          (name) => readAddOnVersions(eks, name, inputs.eksVersion),
        ),
      ),
      offerings: ask("ec2:DescribeInstanceTypeOfferings", () => readOfferings(ec2, types)),
      instanceTypes: ask("ec2:DescribeInstanceTypes", () => readInstanceTypes(ec2, types)),
      versions: ask("eks:DescribeClusterVersions", () => readVersions(eks)),
      nodeImages,
      bastionImage: ask("ec2:DescribeImages", () => readImage(ec2, inputs.bastion.id)),
      recommendedImages: ask("ssm:GetParameter", async () =>
        Object.fromEntries(
          await Promise.all(inputs.groups.map(async (group) => [group.key, await recommended(group)] as const)),
        ),
      ),
      launchConfigurations: ask("autoscaling:DescribeLaunchConfigurations", () =>
        readLaunchConfigurations(autoScaling),
      ),
      oldestRole: ask("iam:ListRoles", () => readOldestRole(iam)),
      hasCluster: ask("eks:DescribeCluster", async () => (await readCluster(eks, inputs.clusterName)) !== undefined),
      hasClusterRole: role(inputs.clusterRoleName),
      hasNodeRole: role(inputs.nodeRoleName),
      hasNodeProfile: ask(
        "iam:GetInstanceProfile",
        async () => (await readProfile(iam, inputs.nodeRoleName)) !== undefined,
      ),
      hasOtherRole: ask("iam:GetRole", () => forEach(inputs.otherRoleNames, (name) => hasRole(iam, name))),
      takenGroups: ask("autoscaling:DescribeAutoScalingGroups", async () => {
        const names = inputs.groups.flatMap((group) => group.names);
        return (await readGroups(autoScaling, names)).map(({ name }) => name);
      }),
    });
    return { ...others, quotas: { vpcs, addresses, vcpus } };
  });
}

/** What exists of the network that tfvars name. */
async function network({ ec2 }: AwsClients, inputs: StackInputs): Promise<Fact<NetworkFact | undefined>> {
  const { vpcId } = inputs;
  if (vpcId === undefined) return { ok: undefined };
  return ask(
    "ec2:DescribeVpcs, DescribeSubnets, DescribeRouteTables, DescribeNatGateways and DescribeVpcEndpoints",
    async () => {
      const named = [
        ...inputs.publicSubnetIds,
        ...inputs.privateSubnetIds,
        ...inputs.groups.flatMap((it) => it.subnetIds),
      ];
      const [isThere, subnets, natGateways, endpoints] = await Promise.all([
        hasVpc(ec2, vpcId),
        readSubnetsBeside(ec2, named),
        readNatGateways(ec2, vpcId),
        readEndpoints(ec2, vpcId),
      ]);
      return { hasVpc: isThere, subnets, natGateways, endpoints: endpoints.map(({ service }) => service) };
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
  image: Pick<Image, "name" | "architecture"> | undefined,
): ImageKind {
  const { family, variant } = { ...group, ...(image && nodeImage(image.name)) };
  const architecture = (image?.architecture ?? group.architecture) === "arm64" ? "arm64" : "x86_64";
  return { family, version, architecture, variant };
}
