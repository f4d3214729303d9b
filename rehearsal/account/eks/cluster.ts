import type {
  AccessEntry,
  Addon,
  AssociatedAccessPolicy,
  AuthenticationMode,
  Cluster,
  CreateClusterRequest,
  Logging,
  LogType,
  PodIdentityAssociation,
  Update,
  VpcConfigResponse,
} from "@aws-sdk/client-eks";
import { IPv4 } from "ipaddr.js";

import type { ClusterAccount, SubnetsVpc } from "./account";
import { invalid, type Asked } from "./call";
import { DEFAULT_CLUSTER_VERSION } from "./releases";
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

/** An access entry, and the policies that are associated with it by their ARN. */
export interface StandInAccessEntry {
  entry: AccessEntry;
  readonly policies: Map<string, AssociatedAccessPolicy>;
}

/**
 * Operations by method and path, as the API reference has them. One whose path names no cluster gets none.
 *
 * @see https://docs.aws.amazon.com/eks/latest/APIReference/API_Operations.html
 */
export type Operations = Readonly<
  Record<string, (asked: Asked, cluster: StandInEksCluster) => object | Promise<object>>
>;

/** What EKS gives to a cluster that asks for nothing else. */
const VPC_DEFAULTS: VpcConfigResponse = {
  endpointPublicAccess: true,
  endpointPrivateAccess: false,
  publicAccessCidrs: ["0.0.0.0/0"],
};
const LOG_TYPES: readonly LogType[] = ["api", "audit", "authenticator", "controllerManager", "scheduler"];

/** A cluster as the stand-in of the EKS API keeps it, beside what the emulator knows of it. */
export class StandInEksCluster {
  readonly name: string;
  /** What DescribeCluster says instead of what the emulator says. Without encryption it has no field of that. */
  readonly described: Required<
    Pick<Cluster, "accessConfig" | "kubernetesNetworkConfig" | "logging" | "resourcesVpcConfig" | "version">
  > &
    Pick<Cluster, "encryptionConfig" | "upgradePolicy">;
  /** Whether its creator's entry, which the modes with the API show, is still to be added. */
  isCreatorPending: boolean;
  /** By the ARN of their principal. */
  readonly accessEntries = new Map<string, StandInAccessEntry>();
  /** By name. */
  readonly addOns = new Map<string, Addon>();
  /** By id. */
  readonly podIdentities = new Map<string, PodIdentityAssociation>();
  /** By id. */
  readonly updates = new Map<string, Update>();

  /**
   * @param kubernetes what its Kubernetes API has at the time of the question; undefined when it has no such API
   * @param told what the emulator says of it; the time differs when a cluster was deleted and another of its name made
   * @param asked what its creator asked for; undefined for one that was made without this stand-in
   * @param place where its subnets are, and the security group that it was given; undefined when the account does not
   *   have them, or it was made without this stand-in
   */
  constructor(
    readonly account: ClusterAccount,
    readonly kubernetes: () => ClusterState | undefined,
    readonly told: Cluster,
    asked?: Partial<CreateClusterRequest>,
    readonly place?: SubnetsVpc & { readonly securityGroupId: string },
  ) {
    const { accessConfig, kubernetesNetworkConfig: network, upgradePolicy } = asked ?? {};
    const { version = DEFAULT_CLUSTER_VERSION, logging, encryptionConfig = [] } = asked ?? told;
    this.name = told.name ?? "";
    this.isCreatorPending = accessConfig?.bootstrapClusterCreatorAdminPermissions ?? true;
    const vpc = {
      ...VPC_DEFAULTS,
      ...told.resourcesVpcConfig,
      ...(asked && { ...VPC_DEFAULTS, ...asked.resourcesVpcConfig }),
      ...(place && { vpcId: place.id, clusterSecurityGroupId: place.securityGroupId }),
    };
    const isOpen = vpc.publicAccessCidrs?.length === 0;
    // EKS takes the range that is farther from the VPC's own; the emulator's is that of clusters with a VPC in 10/8.
    const farther = place?.cidr.startsWith("10.") === false ? "10.100.0.0/16" : "172.20.0.0/16";
    const usual = place === undefined ? (told.kubernetesNetworkConfig?.serviceIpv4Cidr ?? farther) : farther;
    this.described = {
      version,
      accessConfig: { authenticationMode: accessConfig?.authenticationMode ?? "CONFIG_MAP" },
      upgradePolicy: { supportType: upgradePolicy?.supportType ?? "EXTENDED" },
      ...(encryptionConfig.length > 0 && { encryptionConfig }),
      kubernetesNetworkConfig:
        network?.ipFamily === "ipv6"
          ? // A unique local network, as EKS assigns one.
            { ipFamily: "ipv6", serviceIpv6Cidr: "fd30:1c53:5f8a::/108" }
          : { ipFamily: "ipv4", serviceIpv4Cidr: network?.serviceIpv4Cidr ?? usual },
      logging: withLogs({}, logging),
      resourcesVpcConfig: isOpen ? { ...vpc, publicAccessCidrs: VPC_DEFAULTS.publicAccessCidrs } : vpc,
    };
  }

  /** `aws`, `aws-cn`, … */
  get partition(): string {
    return this.told.arn?.split(":")[1] ?? "aws";
  }

  /** Number of the account that it is in. */
  get accountId(): string {
    return this.told.arn?.split(":")[4] ?? "";
  }

  /** Who looks whom it lets in: aws-auth alone, access entries, or both. */
  get authenticationMode(): AuthenticationMode {
    return this.described.accessConfig.authenticationMode ?? "CONFIG_MAP";
  }

  /** The ARN of something that belongs to it. @param kind such as `addon` */
  arnOf(kind: string, ...path: readonly string[]): string {
    return [this.told.arn?.replace(":cluster/", `:${kind}/`), ...path].join("/");
  }
}

/** What is logged, after some logs were turned on and off. */
export function withLogs(before: Logging, asked: Logging = {}): Logging {
  const typesOf = ({ clusterLogging = [] }: Logging, isOn: boolean) =>
    clusterLogging.flatMap(({ types = [], enabled }) => (enabled === isOn ? types : []));
  const off = typesOf(asked, false);
  const on = [...typesOf(before, true).filter((type) => !off.includes(type)), ...typesOf(asked, true)];
  const setups = [true, false].map((enabled) => ({
    types: LOG_TYPES.filter((type) => on.includes(type) === enabled),
    enabled,
  }));
  return { clusterLogging: setups.filter(({ types }) => types.length > 0) };
}

/** Refuses what EKS refuses of a new cluster; what the emulator refuses itself is not looked at. */
export async function refuseNewCluster(
  { accessConfig = {}, kubernetesNetworkConfig = {}, resourcesVpcConfig = {} }: Partial<CreateClusterRequest>,
  account: ClusterAccount,
): Promise<void> {
  const { authenticationMode: mode = "CONFIG_MAP", bootstrapClusterCreatorAdminPermissions } = accessConfig;
  if (mode === "CONFIG_MAP" && bootstrapClusterCreatorAdminPermissions === false) {
    // https://github.com/terraform-aws-modules/terraform-aws-eks/issues/3206
    throw invalid(
      "bootstrapClusterCreatorAdminPermissions must be true if cluster authentication mode is set to CONFIG_MAP",
    );
  }
  refuseNoEndpoint({ ...VPC_DEFAULTS, ...resourcesVpcConfig });
  const { serviceIpv4Cidr, ipFamily } = kubernetesNetworkConfig;
  if (serviceIpv4Cidr !== undefined && ipFamily === "ipv6") {
    throw invalid("serviceIpv4Cidr cannot be specified when ipFamily is set to ipv6");
  }
  if (serviceIpv4Cidr !== undefined && !isServiceCidr(serviceIpv4Cidr)) {
    throw invalid(`serviceIpv4Cidr ${serviceIpv4Cidr} must be a block of RFC 1918 between /24 and /12`);
  }
  const { zones } = (await account.vpcOf(resourcesVpcConfig.subnetIds ?? [])) ?? {};
  if (zones?.length === 1) {
    // https://github.com/awsdocs/amazon-eks-user-guide/pull/795
    throw invalid("Subnets specified must be in at least two different AZs");
  }
}

/** Refuses a cluster that nobody can reach. */
export function refuseNoEndpoint({ endpointPublicAccess, endpointPrivateAccess }: VpcConfigResponse): void {
  if (endpointPublicAccess === true || endpointPrivateAccess === true) return;
  throw invalid("Private and public endpoint access cannot be false");
}

/** @see https://docs.aws.amazon.com/eks/latest/APIReference/API_KubernetesNetworkConfigRequest.html */
function isServiceCidr(cidr: string): boolean {
  if (!IPv4.isValidCIDR(cidr)) return false;
  const [network, bits] = IPv4.parseCIDR(cidr);
  return network.range() === "private" && bits >= 12 && bits <= 24;
}
