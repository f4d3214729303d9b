import { forEach, nameIn, unique } from "../../aws/answers";
import { withAws, type AwsClients, type AwsSettings } from "../../aws/clients";
import { readAddOnVersions, readCluster, readVersions } from "../../aws/clusters";
import { readGroups, readLaunchConfigurations } from "../../aws/groups";
import { readIdentity } from "../../aws/identity";
import { hasKeyPair, readImage, readInstanceTypes, readOfferings, type Image } from "../../aws/instances";
import { hasVpc, readEndpoints, readNatGateways, readSubnetsBeside, readZones } from "../../aws/network";
import { readParameter } from "../../aws/parameters";
import { countAddresses, countVcpus, countVpcs, readQuota } from "../../aws/quotas";
import { hasRole, readOldestRole, readProfile } from "../../aws/roles";
import { imageIdParameter, nodeImage, type Family, type ImageKind } from "../../facts/images";
import { QUOTAS } from "../../facts/quotas";
import type { NodeGroupInput, StackInputs } from "../stack-inputs";
import { settled } from "./fact";
import type { Ways } from "./egress";

/** What AWS says about an account before the stack is in it. */
export type AccountFacts = Awaited<ReturnType<typeof readAccountFacts>>;

/** A network that exists already, of which a stack is to be a part. */
export interface NetworkFact extends Ways {
  readonly hasVpc: boolean;
}

/** Asks AWS everything that a stack with these inputs depends on. Never throws: what cannot be seen says why. */
export function readAccountFacts(inputs: StackInputs, settings: AwsSettings) {
  return withAws(settings, (aws) => {
    const { autoScaling, ec2, eks, iam, ssm, sts } = aws;
    const { groups, bastion, adminRole, eksVersion } = inputs;
    const types = unique([...groups.flatMap(({ instanceTypes }) => instanceTypes), bastion.instanceType]);
    const quota = async (name: keyof typeof QUOTAS, counted: Promise<number>) => {
      const [used, limit] = await Promise.all([counted, readQuota(aws.quotas, QUOTAS[name])]);
      return { used, limit };
    };
    const identity = readIdentity(sts);
    const account = identity.then((it) => it.account).catch(() => undefined);
    const imagesById = (ids: readonly string[]) => forEach(ids, (id) => readImage(ec2, id));
    const nodeImages = imagesById(groups.map(({ image }) => image.id));
    const images = nodeImages.catch((): Record<string, Image> => ({}));
    const recommended = async ({ image: { id }, key, ...group }: NodeGroupInput) => {
      const kind = kindOf(group, eksVersion, (await images)[id]);
      return [key, await readParameter(ssm, imageIdParameter(kind))] as const;
    };
    return settled({
      identity,
      /** Names of the roles in the bastion's instance profile; undefined when there is none, or is to be none. */
      adminProfile: adminRole === undefined ? undefined : rolesIn(aws, adminRole),
      /** Whether there is a role of that name, whatever the instance profile is. */
      hasAdminRole: adminRole !== undefined && hasRole(iam, adminRole),
      hasKeyPair: hasKeyPair(ec2, inputs.keyPair),
      quotaOfVpcs: quota(
        "quotaOfVpcs",
        account.then((number) => countVpcs(ec2, number)),
      ),
      quotaOfAddresses: quota("quotaOfAddresses", countAddresses(ec2)),
      quotaOfVcpus: quota("quotaOfVcpus", countVcpus(ec2)),
      zones: readZones(ec2),
      /** Undefined where the stack makes its own. */
      network: inputs.vpcId === undefined ? undefined : networkOf(aws, inputs.vpcId, inputs),
      /** The versions in which each add-on of the stack is offered for its Kubernetes version, where it is offered. */
      addOns: forEach(
        inputs.addOns.map(({ name }) => name),
        (name) => readAddOnVersions(eks, name, eksVersion),
      ),
      /** In which zones each instance type of the stack is offered. */
      offerings: readOfferings(ec2, types),
      instanceTypes: readInstanceTypes(ec2, types),
      versions: readVersions(eks),
      /** The images of the node groups, by their ids; one that is missing here does not exist. */
      nodeImages,
      bastionImage: readImage(ec2, bastion.id),
      /** The image that AWS recommends for each node group, by the group's key; undefined when it has none. */
      recommendedImages: Promise.all(groups.map(recommended)).then(
        (all): Readonly<Record<string, string | undefined>> => Object.fromEntries(all),
      ),
      /** Names of launch configurations in the region: they prove that the account may have some. */
      launchConfigurations: readLaunchConfigurations(autoScaling),
      /** When the account's oldest role was made, ISO 8601: the account is at least as old. */
      oldestRole: readOldestRole(iam),
      hasCluster: readCluster(eks, inputs.clusterName).then((it) => it !== undefined),
      /** Of the names that the stack will give to roles, whether each is taken. */
      roles: forEach([inputs.clusterRoleName, inputs.nodeRoleName, ...inputs.otherRoleNames], (name) =>
        hasRole(iam, name),
      ),
      hasNodeProfile: rolesIn(aws, inputs.nodeRoleName).then((it) => it !== undefined),
      /** Names of Auto Scaling groups that exist, of those that the stack will have. */
      takenGroups: readGroups(
        autoScaling,
        groups.flatMap(({ names }) => names),
      ).then((all) => all.map(({ name }) => name)),
    });
  });
}

async function rolesIn({ iam }: AwsClients, profile: string): Promise<readonly string[] | undefined> {
  return (await readProfile(iam, profile))?.map(nameIn);
}

/** What exists of the network that tfvars name. */
async function networkOf({ ec2 }: AwsClients, vpcId: string, inputs: StackInputs): Promise<NetworkFact> {
  const { publicSubnetIds, privateSubnetIds, groups } = inputs;
  const named = [...publicSubnetIds, ...privateSubnetIds, ...groups.flatMap(({ subnetIds }) => subnetIds)];
  const [isThere, subnets, natGateways, endpoints] = await Promise.all([
    hasVpc(ec2, vpcId),
    readSubnetsBeside(ec2, named),
    readNatGateways(ec2, vpcId),
    readEndpoints(ec2, vpcId),
  ]);
  return { hasVpc: isThere, subnets, natGateways, endpoints: endpoints.map(({ service }) => service) };
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
