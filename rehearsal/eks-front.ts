import { passOn, startProxy, type Proxy } from "./proxy";

/** Where a cluster's Kubernetes API really answers. */
export interface ClusterAccess {
  /** `https://…` */
  readonly endpoint: string;
  /** PEM in base64. */
  readonly certificateAuthorityData: string;
}

/** What an answer of EKS says of a cluster, as far as it tells one from another. */
export interface DescribedCluster {
  readonly name: string;
  /** Of the control plane, `MAJOR.MINOR`. */
  readonly version?: string;
  /** Differs when a cluster was deleted and another one of its name made. */
  readonly createdAt?: unknown;
}

/**
 * Puts a Kubernetes API that answers in the place of the one that an AWS emulator invents: passes every call on to
 * `target` unchanged, and the answers back, but for those that describe a cluster (CreateCluster and DescribeCluster), and
 * for the private names of instances, which the emulator gives the domain of us-east-1 everywhere.
 *
 * @param target the emulator's endpoint
 * @param clusterOf the API of a cluster, which may have to be started first: the answer waits for it; with undefined,
 *   the description stays as it is
 * @see https://docs.aws.amazon.com/eks/latest/APIReference/API_DescribeCluster.html
 */
export function startEksFront(
  target: string,
  clusterOf: (
    name: string,
    cluster: DescribedCluster,
  ) => ClusterAccess | undefined | Promise<ClusterAccess | undefined>,
): Promise<Proxy> {
  return startProxy((call) => {
    const { method = "GET", url = "/", headers } = call.incoming;
    const rewrite = async (body: Buffer) => {
      const cluster = clusterIn(body);
      return cluster === undefined ? body : withAccess(body, await clusterOf(cluster.name, cluster));
    };
    const domain = privateDomain(headers.authorization ?? "");
    if (domain !== undefined) passOn(target, call, (body) => withDomain(body, domain));
    else passOn(target, call, describesCluster(method, url) ? rewrite : undefined);
  });
}

/**
 * The domain of instances' private names in the region that a call to EC2 is signed for; undefined for any other call, and
 * where the emulator's is right.
 *
 * @see https://docs.aws.amazon.com/vpc/latest/userguide/vpc-dns.html
 */
export function privateDomain(authorization: string): string | undefined {
  const [, region] = /Credential=[^/]+\/\d+\/([\w-]+)\/ec2\/aws4_request/.exec(authorization) ?? [];
  return region === undefined || region === "us-east-1" ? undefined : `${region}.compute.internal`;
}

function withDomain(answer: Buffer, domain: string): Buffer {
  return Buffer.from(answer.toString().replaceAll(/(>ip-[\d-]+)\.ec2\.internal</g, `$1.${domain}<`));
}

/** Whether a call is answered with one cluster's description. */
export function describesCluster(method: string, url: string): boolean {
  const { pathname } = new URL(url, "http://emulator");
  return method === "POST" ? pathname === "/clusters" : method === "GET" && /^\/clusters\/[^/]+$/.test(pathname);
}

/** An answer of EKS about a cluster, in which it is accessed so. */
function withAccess(answer: Buffer, access: ClusterAccess | undefined): Buffer {
  if (access === undefined) return answer;
  const described = JSON.parse(answer.toString()) as { cluster: object };
  const { endpoint, certificateAuthorityData: data } = access;
  const cluster = { ...described.cluster, endpoint, certificateAuthority: { data } };
  return Buffer.from(JSON.stringify({ ...described, cluster }));
}

/** The cluster that an answer of EKS describes; undefined when it describes none. */
function clusterIn(answer: Buffer): DescribedCluster | undefined {
  try {
    const { cluster } = JSON.parse(answer.toString()) as { cluster?: { name?: string } };
    return cluster?.name === undefined ? undefined : { ...cluster, name: cluster.name };
  } catch {
    // Another service with such a path, or the emulator's page about a fault of its own.
    return undefined;
  }
}
