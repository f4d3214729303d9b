import type { ClusterVersionInformation } from "@aws-sdk/client-eks";

/** The day that the tables here are of. */
const AS_OF = new Date("2026-11-21");
/** The version of a cluster that is made without saying one. */
export const DEFAULT_CLUSTER_VERSION = "1.36";

interface Release {
  readonly version: string;
  readonly patch: string;
  readonly released: string;
  readonly standardUntil: string;
  readonly extendedUntil: string;
}

/**
 * The versions of EKS that its stand-in knows, newest first. From 1.30 down no cluster can be made any more.
 *
 * @see https://docs.aws.amazon.com/eks/latest/userguide/kubernetes-versions.html
 */
const RELEASES: readonly Release[] = [
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

/** What DescribeClusterVersions says, newest first; those that are not supported any more too. */
export const CLUSTER_VERSIONS: readonly ClusterVersionInformation[] = RELEASES.map(
  ({ version, patch, released, standardUntil, extendedUntil }) => {
    const [endOfStandardSupportDate, endOfExtendedSupportDate] = [new Date(standardUntil), new Date(extendedUntil)];
    const kind =
      AS_OF < endOfStandardSupportDate ? "STANDARD" : AS_OF < endOfExtendedSupportDate ? "EXTENDED" : undefined;
    return {
      clusterVersion: version,
      clusterType: "eks",
      defaultPlatformVersion: "eks.4",
      defaultVersion: version === DEFAULT_CLUSTER_VERSION,
      kubernetesPatchVersion: patch,
      releaseDate: new Date(released),
      endOfStandardSupportDate,
      endOfExtendedSupportDate,
      ...(kind === undefined
        ? { status: "unsupported", versionStatus: "UNSUPPORTED" }
        : kind === "STANDARD"
          ? { status: "standard-support", versionStatus: "STANDARD_SUPPORT" }
          : { status: "extended-support", versionStatus: "EXTENDED_SUPPORT" }),
    };
  },
);

/** The minor in `MAJOR.MINOR…`. */
export function minorIn(version: string): number {
  return Number(version.split(".")[1]);
}
