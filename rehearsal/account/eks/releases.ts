import type { ClusterVersionInformation } from "@aws-sdk/client-eks";

/** The day that the tables here are of. */
const AS_OF = new Date("2026-11-21");
/** The version of a cluster that is made without saying one. */
export const DEFAULT_CLUSTER_VERSION = "1.36";

/**
 * The versions of EKS that its stand-in knows, newest first. From 1.30 down no cluster can be made any more.
 *
 * @see https://docs.aws.amazon.com/eks/latest/userguide/kubernetes-versions.html
 */
const RELEASES = [
  {
    version: "1.36",
    patch: "1.36.2",
    released: "2026-06-02",
    standardUntil: "2027-08-02",
    extendedUntil: "2028-08-02",
  },
  {
    version: "1.35",
    patch: "1.35.6",
    released: "2026-01-28",
    standardUntil: "2027-03-27",
    extendedUntil: "2028-03-27",
  },
  {
    version: "1.34",
    patch: "1.34.9",
    released: "2025-10-02",
    standardUntil: "2026-12-02",
    extendedUntil: "2027-12-02",
  },
  {
    version: "1.33",
    patch: "1.33.13",
    released: "2025-05-29",
    standardUntil: "2026-07-29",
    extendedUntil: "2027-07-29",
  },
  {
    version: "1.32",
    patch: "1.32.13",
    released: "2025-01-23",
    standardUntil: "2026-03-23",
    extendedUntil: "2027-03-23",
  },
  {
    version: "1.31",
    patch: "1.31.14",
    released: "2024-09-26",
    standardUntil: "2025-11-26",
    extendedUntil: "2026-11-26",
  },
  {
    version: "1.30",
    patch: "1.30.14",
    released: "2024-05-23",
    standardUntil: "2025-07-23",
    extendedUntil: "2026-07-23",
  },
];

/** Those that its stand-in knows, newest first, as `MAJOR.MINOR`. */
export const VERSIONS: readonly string[] = RELEASES.map(({ version }) => version);

/** What DescribeClusterVersions says, newest first; those that are not supported any more too. */
export const CLUSTER_VERSIONS: readonly ClusterVersionInformation[] = RELEASES.map((release) => {
  const [endOfStandardSupportDate, endOfExtendedSupportDate] = [
    new Date(release.standardUntil),
    new Date(release.extendedUntil),
  ];
  return {
    clusterVersion: release.version,
    clusterType: "eks",
    defaultPlatformVersion: "eks.4",
    defaultVersion: release.version === DEFAULT_CLUSTER_VERSION,
    kubernetesPatchVersion: release.patch,
    releaseDate: new Date(release.released),
    endOfStandardSupportDate,
    endOfExtendedSupportDate,
    ...(AS_OF < endOfStandardSupportDate
      ? { status: "standard-support", versionStatus: "STANDARD_SUPPORT" }
      : AS_OF < endOfExtendedSupportDate
        ? { status: "extended-support", versionStatus: "EXTENDED_SUPPORT" }
        : { status: "unsupported", versionStatus: "UNSUPPORTED" }),
  };
});

/** The minor in `MAJOR.MINOR…`. */
export function minorIn(version: string): number {
  return Number(version.split(".")[1]);
}
