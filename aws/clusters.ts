import {
  DescribeAccessEntryCommand,
  DescribeClusterCommand,
  paginateDescribeAddonVersions,
  paginateDescribeClusterVersions,
  paginateListAccessEntries,
  type ClusterVersionInformation,
  type EKSClient,
} from "@aws-sdk/client-eks";

import { all, day, ifThere, unique } from "./answers";

/** A cluster as EKS describes it. */
export interface Cluster {
  readonly arn: string;
  /** `ACTIVE`, `CREATING`, `FAILED`, … */
  readonly status: string;
  /** `MAJOR.MINOR` */
  readonly version: string;
  /** `https://…`; empty while it is being made. */
  readonly endpoint: string;
  /** PEM in base64. */
  readonly certificateAuthorityData: string;
  /**
   * `CONFIG_MAP` when EKS does not say.
   *
   * @see https://docs.aws.amazon.com/eks/latest/APIReference/API_CreateAccessConfigRequest.html
   */
  readonly authenticationMode: string;
  readonly vpcId: string;
  readonly subnetIds: readonly string[];
  /** All of them: those that it was given, and the one that EKS made. */
  readonly securityGroupIds: readonly string[];
  readonly privateAccess: boolean;
  readonly publicAccess: boolean;
  readonly publicCidrs: readonly string[];
  /** IPv4 range of its services; undefined when EKS does not say. */
  readonly serviceCidr: string | undefined;
  /** Whether its pods have IPv6 addresses. */
  readonly isIpv6: boolean;
  /** What EKS says is wrong with it. */
  readonly issues: readonly string[];
  /** `standard`, `extended`; undefined when EKS does not say. */
  readonly supportType: string | undefined;
}

/** @returns undefined when there is no cluster of that name */
export async function readCluster(eks: EKSClient, name: string): Promise<Cluster | undefined> {
  const { cluster } = (await ifThere(eks.send(new DescribeClusterCommand({ name })))) ?? {};
  const { resourcesVpcConfig: vpc = {}, kubernetesNetworkConfig: network = {} } = cluster ?? {};
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
      serviceCidr: network.serviceIpv4Cidr,
      isIpv6: network.ipFamily === "ipv6",
      issues: (cluster.health?.issues ?? []).map(({ code = "", message = "" }) => `${code}: ${message}`),
      supportType: cluster.upgradePolicy?.supportType?.toLowerCase(),
    }
  );
}

/** Somebody whom the EKS API admits to a cluster. */
export interface AccessEntry {
  readonly principalArn: string;
  /** `STANDARD`, `EC2_LINUX`, … */
  readonly type: string;
}

/** The access entries of a cluster that looks into them. */
export async function readAccessEntries(eks: EKSClient, clusterName: string): Promise<AccessEntry[]> {
  const arns = await all(paginateListAccessEntries({ client: eks }, { clusterName }), "accessEntries");
  return Promise.all(
    arns.map(async (principalArn) => {
      const { accessEntry } = await eks.send(new DescribeAccessEntryCommand({ clusterName, principalArn }));
      return { principalArn, type: accessEntry?.type ?? "" };
    }),
  );
}

/** A Kubernetes version that EKS takes for a new cluster. */
export interface OfferedVersion {
  /** `MAJOR.MINOR` */
  readonly version: string;
  readonly support: "standard" | "extended";
  /** Last days of both supports, as `2027-03-23`; empty when EKS does not say. */
  readonly standardUntil: string;
  readonly extendedUntil: string;
}

/** @see https://docs.aws.amazon.com/eks/latest/APIReference/API_DescribeClusterVersions.html */
export async function readVersions(eks: EKSClient): Promise<OfferedVersion[]> {
  const pages = paginateDescribeClusterVersions({ client: eks }, {});
  return (await all(pages, "clusterVersions")).flatMap(offered);
}

/** None where EKS does not say of what support it is, or offers it for Outposts alone. */
export function offered(it: ClusterVersionInformation): OfferedVersion[] {
  // The older of the two fields is the only one in some places.
  const [, support] =
    /^(standard|extended)[-_]support$/.exec((it.versionStatus ?? it.status ?? "").toLowerCase()) ?? [];
  if (it.clusterVersion === undefined || support === undefined || (it.clusterType ?? "eks") !== "eks") return [];
  return [
    {
      version: it.clusterVersion,
      support: support as OfferedVersion["support"],
      standardUntil: day(it.endOfStandardSupportDate),
      extendedUntil: day(it.endOfExtendedSupportDate),
    },
  ];
}

/** @returns undefined when EKS has no such add-on for that version of Kubernetes */
export async function readAddOnVersions(
  eks: EKSClient,
  addonName: string,
  kubernetesVersion: string,
): Promise<readonly string[] | undefined> {
  const pages = paginateDescribeAddonVersions({ client: eks }, { addonName, kubernetesVersion });
  const addOns = await ifThere(all(pages, "addons"), "InvalidParameterException");
  const versions = (addOns ?? []).flatMap((it) => it.addonVersions ?? []);
  return versions.length === 0 ? undefined : versions.map(({ addonVersion = "" }) => addonVersion);
}
