import { randomUUID } from "node:crypto";

import type {
  AccessEntry,
  Addon,
  AssociatedAccessPolicy,
  AuthenticationMode,
  Cluster,
  CreateClusterRequest,
  EncryptionConfig,
  KubernetesNetworkConfigResponse,
  Logging,
  LogType,
  PodIdentityAssociation,
  SupportType,
  Update,
  UpdateClusterConfigRequest,
  UpdateParamType,
  UpdateType,
  VpcConfigRequest,
  VpcConfigResponse,
} from "@aws-sdk/client-eks";
import { IPv4 } from "ipaddr.js";

import type { ClusterAccount, SubnetsVpc } from "./account";
import { EksError } from "./call";
import { CLUSTER_VERSIONS, DEFAULT_CLUSTER_VERSION, minorIn } from "./releases";
import type { SchedulableNode, Workloads } from "../../cluster/scheduling";

/** What EKS does in a cluster by its Kubernetes API. */
export interface ClusterState {
  /** The nodes that it has now. */
  nodes(): readonly SchedulableNode[];
  /** Runs an add-on; what of it runs already is changed. */
  install(workloads: Workloads): void;
  /** Ends what an add-on runs, as far as it is there. */
  uninstall(workloads: Workloads): void;
}

/** A cluster as the stand-in of the EKS API keeps it, beside what the emulator knows of it. */
export interface StandInEksCluster {
  readonly name: string;
  readonly arn: string;
  /** As the emulator says it: differs when a cluster was deleted and another one of its name made. */
  readonly createdAt: unknown;
  readonly account: ClusterAccount;
  /** What its Kubernetes API has; undefined when it has no such API. */
  readonly kubernetes: () => ClusterState | undefined;
  /** Whether its creator's entry, which the modes with the API show, is still to be added. */
  isCreatorPending: boolean;
  version: string;
  authenticationMode: AuthenticationMode;
  supportType: SupportType;
  encryption: readonly EncryptionConfig[];
  enabledLogs: readonly LogType[];
  network: KubernetesNetworkConfigResponse;
  vpc: VpcConfigResponse;
  /** The zones of the subnets that it was created with. @default - it was made without this stand-in */
  readonly zones?: readonly string[];
  /** By the ARN of their principal. */
  readonly accessEntries: Map<string, StandInAccessEntry>;
  /** By name. */
  readonly addOns: Map<string, Addon>;
  /** By id. */
  readonly podIdentities: Map<string, PodIdentityAssociation>;
  /** By id. */
  readonly updates: Map<string, Update>;
}

/** An access entry, and the policies that are associated with it by their ARN. */
export interface StandInAccessEntry {
  entry: AccessEntry;
  readonly policies: Map<string, AssociatedAccessPolicy>;
}

const LOG_TYPES: readonly LogType[] = ["api", "audit", "authenticator", "controllerManager", "scheduler"];
const MODES: readonly AuthenticationMode[] = ["CONFIG_MAP", "API_AND_CONFIG_MAP", "API"];

/** Refuses what EKS refuses of a new cluster; what the emulator refuses itself is not looked at. */
export async function refuseNewCluster(
  { name = "", accessConfig, resourcesVpcConfig, ...asked }: Partial<CreateClusterRequest>,
  account: ClusterAccount,
): Promise<void> {
  const refuse = (message: string) => new EksError("InvalidParameterException", message, { clusterName: name });
  const { authenticationMode: mode = "CONFIG_MAP", bootstrapClusterCreatorAdminPermissions } = accessConfig ?? {};
  if (mode === "CONFIG_MAP" && bootstrapClusterCreatorAdminPermissions === false) {
    // https://github.com/terraform-aws-modules/terraform-aws-eks/issues/3206
    throw refuse(
      "bootstrapClusterCreatorAdminPermissions must be true if cluster authentication mode is set to CONFIG_MAP",
    );
  }
  const { endpointPublicAccess = true, endpointPrivateAccess = false } = resourcesVpcConfig ?? {};
  if (!endpointPublicAccess && !endpointPrivateAccess) {
    throw refuse("Private and public endpoint access cannot be false");
  }
  const { serviceIpv4Cidr, ipFamily } = asked.kubernetesNetworkConfig ?? {};
  if (serviceIpv4Cidr !== undefined && ipFamily === "ipv6") {
    throw refuse("serviceIpv4Cidr cannot be specified when ipFamily is set to ipv6");
  }
  if (serviceIpv4Cidr !== undefined && !isServiceCidr(serviceIpv4Cidr)) {
    throw refuse(`serviceIpv4Cidr ${serviceIpv4Cidr} must be a block of RFC 1918 between /24 and /12`);
  }
  const { zones } = (await account.vpcOf(resourcesVpcConfig?.subnetIds ?? [])) ?? {};
  if (zones?.length === 1) {
    // https://github.com/awsdocs/amazon-eks-user-guide/pull/795
    throw refuse("Subnets specified must be in at least two different AZs");
  }
}

/** @see https://docs.aws.amazon.com/eks/latest/APIReference/API_KubernetesNetworkConfigRequest.html */
function isServiceCidr(cidr: string): boolean {
  if (!IPv4.isValidCIDR(cidr)) return false;
  const [network, bits] = IPv4.parseCIDR(cidr);
  return network.range() === "private" && bits >= 12 && bits <= 24;
}

/** What a new cluster is in, and has been given. */
export interface ClusterSurroundings {
  readonly vpc: SubnetsVpc;
  readonly securityGroupId: string;
}

/**
 * A cluster that the emulator has just made, or that was there.
 *
 * @param kubernetes what its Kubernetes API has at the time of the question
 * @param told what the emulator says of it
 * @param asked what its creator asked for; undefined for one that was made without this stand-in
 * @param found undefined when the account does not have its subnets: then it gets no security group
 */
export function newCluster(
  account: ClusterAccount,
  kubernetes: StandInEksCluster["kubernetes"],
  told: Cluster,
  asked?: Partial<CreateClusterRequest>,
  found?: ClusterSurroundings,
): StandInEksCluster {
  const { accessConfig, kubernetesNetworkConfig: network, encryptionConfig, upgradePolicy } = asked ?? {};
  const logging = (asked ?? told).logging?.clusterLogging ?? [];
  const enabledLogs = logging.flatMap(({ enabled, types = [] }) => (enabled === true ? types : []));
  return {
    name: told.name ?? "",
    arn: told.arn ?? "",
    createdAt: told.createdAt,
    account,
    kubernetes,
    isCreatorPending: accessConfig?.bootstrapClusterCreatorAdminPermissions ?? true,
    version: (asked === undefined ? told.version : asked.version) ?? DEFAULT_CLUSTER_VERSION,
    authenticationMode: accessConfig?.authenticationMode ?? "CONFIG_MAP",
    supportType: upgradePolicy?.supportType ?? "EXTENDED",
    encryption: encryptionConfig ?? told.encryptionConfig ?? [],
    enabledLogs: inOrder(enabledLogs),
    network: networkOf(network?.ipFamily, network?.serviceIpv4Cidr ?? serviceCidr(told, found)),
    vpc: vpcOf(told.resourcesVpcConfig, asked?.resourcesVpcConfig, found),
    ...(found !== undefined && { zones: found.vpc.zones }),
    accessEntries: new Map(),
    addOns: new Map(),
    podIdentities: new Map(),
    updates: new Map(),
  };
}

/** EKS takes the one that is farther from the VPC's own addresses; the emulator's is of those with a VPC in 10/8. */
function serviceCidr({ kubernetesNetworkConfig }: Cluster, found: ClusterSurroundings | undefined): string {
  if (found !== undefined) return found.vpc.cidr.startsWith("10.") ? "172.20.0.0/16" : "10.100.0.0/16";
  return kubernetesNetworkConfig?.serviceIpv4Cidr ?? "172.20.0.0/16";
}

function networkOf(ipFamily: "ipv4" | "ipv6" | undefined, serviceIpv4Cidr: string): KubernetesNetworkConfigResponse {
  // A unique local network, as EKS assigns one.
  if (ipFamily === "ipv6") return { ipFamily, serviceIpv6Cidr: "fd30:1c53:5f8a::/108" };
  return { ipFamily: "ipv4", serviceIpv4Cidr };
}

function vpcOf(
  told: VpcConfigResponse | undefined,
  asked: VpcConfigRequest | undefined,
  found: ClusterSurroundings | undefined,
): VpcConfigResponse {
  const { endpointPublicAccess, endpointPrivateAccess, publicAccessCidrs = ["0.0.0.0/0"] } = asked ?? told ?? {};
  return {
    ...told,
    ...asked,
    endpointPublicAccess: endpointPublicAccess ?? true,
    endpointPrivateAccess: endpointPrivateAccess ?? false,
    publicAccessCidrs: publicAccessCidrs.length === 0 ? ["0.0.0.0/0"] : publicAccessCidrs,
    ...(found !== undefined && { vpcId: found.vpc.id, clusterSecurityGroupId: found.securityGroupId }),
  };
}

/** What DescribeCluster says in the place of what the emulator does. */
export function describe(cluster: StandInEksCluster): Partial<Cluster> {
  const { version, authenticationMode, supportType, encryption, network, vpc } = cluster;
  return {
    version,
    accessConfig: { authenticationMode },
    upgradePolicy: { supportType },
    // A cluster without one has no such field.
    ...(encryption.length > 0 && { encryptionConfig: [...encryption] }),
    kubernetesNetworkConfig: network,
    logging: loggingOf(cluster),
    resourcesVpcConfig: vpc,
  };
}

function loggingOf({ enabledLogs }: StandInEksCluster): Logging {
  const disabled = LOG_TYPES.filter((type) => !enabledLogs.includes(type));
  const setups = [
    { types: [...enabledLogs], enabled: true },
    { types: disabled, enabled: false },
  ];
  return { clusterLogging: setups.filter(({ types }) => types.length > 0) };
}

function inOrder(logs: readonly LogType[]): readonly LogType[] {
  return LOG_TYPES.filter((type) => logs.includes(type));
}

/**
 * Keeps an update, which is done at once; its own answer alone says that it goes on.
 *
 * @see https://docs.aws.amazon.com/eks/latest/APIReference/API_Update.html
 */
export function startUpdate(
  cluster: StandInEksCluster,
  type: UpdateType,
  params: Partial<Record<UpdateParamType, unknown>>,
): { update: Update } {
  const told = Object.entries(params).map(([param, value]) => ({
    type: param as UpdateParamType,
    value: typeof value === "string" ? value : JSON.stringify(value),
  }));
  const update: Update = { id: randomUUID(), type, params: told, createdAt: new Date(), errors: [] };
  cluster.updates.set(update.id ?? "", { ...update, status: "Successful" });
  return { update: { ...update, status: "InProgress" } };
}

/** @throws EksError ResourceNotFoundException */
export function describeUpdate(cluster: StandInEksCluster, id: string): { update: Update } {
  const update = cluster.updates.get(id);
  if (update === undefined) {
    throw new EksError("ResourceNotFoundException", `No update found for ID: ${id}`, { clusterName: cluster.name });
  }
  return { update };
}

/**
 * One minor forward.
 *
 * @throws EksError InvalidParameterException
 * @see https://docs.aws.amazon.com/eks/latest/APIReference/API_UpdateClusterVersion.html
 */
export function updateVersion(cluster: StandInEksCluster, version: string): { update: Update } {
  const refuse = (message: string) => new EksError("InvalidParameterException", message, { clusterName: cluster.name });
  const offered = CLUSTER_VERSIONS.find(({ clusterVersion }) => clusterVersion === version);
  if (offered === undefined || offered.versionStatus === "UNSUPPORTED") throw refuse("unsupported Kubernetes version");
  if (minorIn(version) !== minorIn(cluster.version) + 1) {
    throw refuse(`Unsupported Kubernetes minor version update from ${cluster.version} to ${version}`);
  }
  cluster.version = version;
  return startUpdate(cluster, "VersionUpdate", { Version: version, PlatformVersion: "eks.4" });
}

/**
 * @throws EksError InvalidRequestException when it has one
 * @see https://docs.aws.amazon.com/eks/latest/APIReference/API_AssociateEncryptionConfig.html
 */
export function associateEncryption(
  cluster: StandInEksCluster,
  encryption: readonly EncryptionConfig[],
): { update: Update } {
  const about = { clusterName: cluster.name };
  if (cluster.encryption.length > 0) {
    throw new EksError("InvalidRequestException", `Cluster ${cluster.name} has an encryption config already`, about);
  }
  const isRight = ({ provider }: EncryptionConfig) => /^arn:[\w-]+:kms:/.test(provider?.keyArn ?? "");
  if (encryption.length !== 1 || !encryption.every(isRight)) {
    throw new EksError("InvalidParameterException", "encryptionConfig must have the keyArn of a KMS key", about);
  }
  cluster.encryption = encryption;
  return startUpdate(cluster, "AssociateEncryptionConfig", { EncryptionConfig: encryption });
}

/**
 * One kind of change at a time.
 *
 * @throws EksError InvalidParameterException
 * @see https://docs.aws.amazon.com/eks/latest/APIReference/API_UpdateClusterConfig.html
 */
export async function updateConfig(
  cluster: StandInEksCluster,
  { accessConfig, logging, resourcesVpcConfig: vpc = {}, upgradePolicy }: Partial<UpdateClusterConfigRequest>,
): Promise<{ update: Update }> {
  const { endpointPublicAccess, endpointPrivateAccess, publicAccessCidrs, securityGroupIds, subnetIds } = vpc;
  const isGiven = (...values: unknown[]) => values.some((value) => value !== undefined);
  const changes: (() => Promise<{ update: Update }> | { update: Update })[] = [
    ...(isGiven(accessConfig?.authenticationMode) ? [() => updateMode(cluster, accessConfig?.authenticationMode)] : []),
    ...(isGiven(logging) ? [() => updateLogging(cluster, logging)] : []),
    ...(isGiven(upgradePolicy?.supportType) ? [() => updateSupport(cluster, upgradePolicy?.supportType)] : []),
    ...(isGiven(endpointPublicAccess, endpointPrivateAccess, publicAccessCidrs)
      ? [() => updateEndpoint(cluster, vpc)]
      : []),
    ...(isGiven(securityGroupIds, subnetIds) ? [() => updateVpc(cluster, vpc)] : []),
  ];
  const [change, another] = changes;
  if (change === undefined) throw refusal(cluster, "No update parameters were provided");
  if (another !== undefined) throw refusal(cluster, "Only one type of update can be allowed.");
  return change();
}

function refusal({ name }: StandInEksCluster, message: string): EksError {
  return new EksError("InvalidParameterException", message, { clusterName: name });
}

/** Forward, one step at a time: https://github.com/pulumi/pulumi-eks/issues/1493 */
function updateMode(cluster: StandInEksCluster, mode: AuthenticationMode = "CONFIG_MAP"): { update: Update } {
  if (MODES.indexOf(mode) !== MODES.indexOf(cluster.authenticationMode) + 1) {
    throw refusal(cluster, `Unsupported authentication mode update from ${cluster.authenticationMode} to ${mode}`);
  }
  cluster.authenticationMode = mode;
  return startUpdate(cluster, "AccessConfigUpdate", { AuthenticationMode: mode });
}

function updateLogging(cluster: StandInEksCluster, logging: Logging = {}): { update: Update } {
  const { clusterLogging = [] } = logging;
  const ofKind = (wanted: boolean) =>
    clusterLogging.flatMap(({ types = [], enabled = false }) => (enabled === wanted ? types : []));
  const [on, off] = [ofKind(true), ofKind(false)];
  const enabled = inOrder([...cluster.enabledLogs.filter((type) => !off.includes(type)), ...on]);
  if (enabled.join() === cluster.enabledLogs.join()) {
    throw refusal(cluster, "No changes needed for the logging config provided");
  }
  cluster.enabledLogs = enabled;
  return startUpdate(cluster, "LoggingUpdate", { ClusterLogging: loggingOf(cluster) });
}

function updateSupport(cluster: StandInEksCluster, supportType: SupportType = "EXTENDED"): { update: Update } {
  cluster.supportType = supportType;
  return startUpdate(cluster, "UpgradePolicyUpdate", { UpgradePolicy: { supportType } });
}

function updateEndpoint(cluster: StandInEksCluster, asked: VpcConfigRequest): { update: Update } {
  const { vpc } = cluster;
  const { endpointPublicAccess = vpc.endpointPublicAccess, endpointPrivateAccess = vpc.endpointPrivateAccess } = asked;
  const { publicAccessCidrs = vpc.publicAccessCidrs ?? [] } = asked;
  const wanted = { endpointPublicAccess, endpointPrivateAccess, publicAccessCidrs };
  if (endpointPublicAccess !== true && endpointPrivateAccess !== true) {
    throw refusal(cluster, "Private and public endpoint access cannot be false");
  }
  const cidrs = (all: readonly string[]) => [...all].sort().join(", ");
  const shown =
    `endpointPrivateAccess: ${String(endpointPrivateAccess)} , endpointPublicAccess: ${String(endpointPublicAccess)}, ` +
    `and Public Endpoint Restrictions: [${cidrs(publicAccessCidrs)}]`;
  const isSame =
    endpointPublicAccess === vpc.endpointPublicAccess &&
    endpointPrivateAccess === vpc.endpointPrivateAccess &&
    cidrs(publicAccessCidrs) === cidrs(vpc.publicAccessCidrs ?? []);
  if (isSame) throw refusal(cluster, `Cluster is already at the desired configuration with ${shown}`);
  cluster.vpc = { ...vpc, ...wanted };
  return startUpdate(cluster, "EndpointAccessUpdate", {
    EndpointPublicAccess: endpointPublicAccess,
    EndpointPrivateAccess: endpointPrivateAccess,
    PublicAccessCidrs: publicAccessCidrs,
  });
}

/**
 * Other subnets of the same zones.
 *
 * @see https://docs.aws.amazon.com/eks/latest/userguide/network-reqs.html
 */
async function updateVpc(cluster: StandInEksCluster, asked: VpcConfigRequest): Promise<{ update: Update }> {
  const { vpc, zones, account } = cluster;
  const { securityGroupIds = vpc.securityGroupIds, subnetIds = vpc.subnetIds } = asked;
  const wanted = zones === undefined ? undefined : await account.vpcOf(subnetIds ?? []);
  if (wanted !== undefined && wanted.zones.join() !== zones?.join()) {
    // https://github.com/aws/containers-roadmap/issues/2258
    throw refusal(
      cluster,
      `Provided subnets belong to the AZs '${wanted.zones.join()}'. But they should belong to the exact set of AZs '${zones?.join() ?? ""}' in which subnets were provided during cluster creation.`,
    );
  }
  cluster.vpc = { ...vpc, securityGroupIds, subnetIds };
  return startUpdate(cluster, "VpcConfigUpdate", { SecurityGroups: securityGroupIds, Subnets: subnetIds });
}
