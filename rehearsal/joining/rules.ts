import { parse } from "yaml";
import { z } from "zod";

import type { Cluster } from "../../aws/clusters";
import type { Image, Instance } from "../../aws/instances";
import type { Permission, SecurityGroup } from "../../aws/network";
import { nodeImage, type Family } from "../../facts/images";
import { minorOf } from "../../facts/kubelet-skew";
import { isInside } from "../../facts/cidr";
import { clusterTag } from "../../facts/cluster-tags";
import { isRecord } from "../../contract/json";
import { readUserData, type NamedCluster, type ParsedUserData } from "../../modules/user-data/read";
import type { ConfigMapData } from "../cluster/kubernetes-state";
import type { StandInNode } from "../cluster/nodes";

/** What decides which nodes a cluster has. */
export interface JoinFacts {
  readonly region: string;
  readonly cluster: ClusterFacts;
  /** The instances of Auto Scaling groups that run in the cluster's VPC. */
  readonly instances: readonly InstanceFacts[];
  /** All of the VPC. */
  readonly securityGroups: readonly SecurityGroup[];
}

/** An IAM role. */
export interface Role {
  readonly arn: string;
  /** ARNs of the policies attached to it, and names of those in it. */
  readonly policies: readonly string[];
}

/** A cluster, as its nodes need it. */
export interface ClusterFacts extends Pick<
  Cluster,
  | "endpoint"
  | "certificateAuthorityData"
  | "version"
  | "authenticationMode"
  | "privateAccess"
  | "securityGroupIds"
  | "serviceCidr"
  | "isIpv6"
> {
  readonly name: string;
  /** ARNs of roles that have an access entry of type `EC2_LINUX`, with their paths. */
  readonly accessEntries: readonly string[];
  /** Of the subnets that its network interfaces are in. */
  readonly cidrs: readonly string[];
  /**
   * The role that the network plugin has of its own, by its add-on or by a pod identity association, and why its pods
   * do not get it, if they do not. @default - it takes that of its node
   */
  readonly networkPluginRole?: Role & { readonly outOfReach?: string };
}

/** An instance that may become a node. */
export interface InstanceFacts extends Pick<Instance, "id" | "privateAddress" | "securityGroupIds" | "tags"> {
  /** What it was launched with, in base64. */
  readonly userData: string;
  /** The role in its instance profile, with its path. @default - it has none */
  readonly role?: Role;
  /** Whether its subnet has a way to the internet, and so to AWS' APIs and registries. */
  readonly hasEgress: boolean;
  /** The VPC endpoints that its subnet has. @default - none */
  readonly endpoints?: readonly EndpointFacts[];
  /** Its image, of which the architecture is `x86_64` when it is not said. */
  readonly image: Pick<Image, "name" | "description"> & Partial<Pick<Image, "architecture">>;
}

/** A way to a service of AWS that does not lead through the internet. */
export interface EndpointFacts {
  /** As at the end of its name: `ecr.api`, `s3`. */
  readonly service: string;
  /** Its network interfaces, of which the cidrs are those of their subnets. @default - it has none: it is a route */
  readonly interfaces?: Peer;
}

/** What became of an instance. */
export interface JoinResult {
  readonly instanceId: string;
  /** @default - it did not register */
  readonly node?: StandInNode;
  /** In words, for a rehearsal's own log: a bootstrap has to find out by itself. */
  readonly why: string;
}

/** One end of a connection. */
interface Peer {
  /** Of its security groups. */
  readonly groupIds: readonly string[];
  readonly cidrs: readonly string[];
}

/** Of which family an image is; `none` has no kubelet. */
export type ImageFamily = Family | "none" | "unknown";

/**
 * What a node that boots without the internet asks: EC2 for its name, the registry and the bucket behind it for images,
 * STS for the credentials of its pods, EKS for its cluster.
 *
 * @see https://docs.aws.amazon.com/eks/latest/userguide/private-clusters.html
 */
const NEEDED_SERVICES = ["ec2", "ecr.api", "ecr.dkr", "s3", "sts", "eks"];

/**
 * What becomes of each instance: a node that is ready, one that is not, or none at all, as EKS would have it. All at
 * once: there is no time in it that a real kubelet, token or grace period takes.
 *
 * A kubelet that registered once does not boot again: what its instance was launched with counts no more, only that
 * the API answers it. When that ends, its node is there, and unknown.
 *
 * What it does not know: network ACLs, DHCP options, the VPC's DNS, policies of endpoints, what policies of the
 * account's own allow, Windows, and of IPv6 more than that its addresses have to be assigned.
 *
 * @param awsAuth the `data` of the ConfigMap aws-auth; undefined when there is none
 * @param before what became of them up to now
 * @see https://docs.aws.amazon.com/eks/latest/userguide/troubleshooting.html#worker-node-fail
 */
export function join(
  facts: JoinFacts,
  awsAuth: ConfigMapData | undefined,
  before: readonly JoinResult[] = [],
): readonly JoinResult[] {
  const mappings = mappingsIn(awsAuth);
  return facts.instances.map((instance) => {
    const { id: instanceId } = instance;
    const node = nodeOf(facts, instance);
    const earlier = before.find((result) => result.instanceId === instanceId)?.node;
    const apart = whyCutOff(facts, instance) ?? whyRefused(facts, instance, node.name, mappings);
    if (earlier === undefined) {
      const why = whyNotBooted(facts, instance) ?? apart;
      if (why !== undefined) return { instanceId, why };
    } else if (apart !== undefined) {
      return { instanceId, node: { ...node, notReady: SILENT }, why: `it was a node: ${apart}` };
    }
    // The network plugin's configuration stays on the disk once it was written.
    const hadNetwork = earlier !== undefined && earlier.notReady?.reason !== "KubeletNotReady";
    const offline = hadNetwork ? undefined : whyWithoutNetwork(facts.cluster, instance);
    if (offline === undefined) return { instanceId, node, why: whyReady(facts, instance) };
    return { instanceId, node: { ...node, notReady: withoutNetwork(node.version) }, why: offline };
  });
}

/** The node that an instance's kubelet registers. */
function nodeOf({ region, cluster }: JoinFacts, instance: InstanceFacts): StandInNode {
  const { labels, taints } = namedBy(instance) ?? {};
  return {
    name: nodeName(region, instance),
    version: kubeletVersion(cluster, instance),
    architecture: instance.image.architecture === "arm64" ? "arm64" : undefined,
    labels,
    taints,
  };
}

/** @see https://kubernetes.io/docs/reference/node/node-status/#condition */
const SILENT = { reason: "NodeStatusUnknown", message: "Kubelet stopped posting node status." };

/**
 * The kubelet's words while no network plugin has written its configuration: Docker's up to 1.23, then containerd's.
 *
 * @see https://repost.aws/knowledge-center/eks-cni-plugin-troubleshooting
 */
function withoutNetwork(version: string): { readonly reason: string; readonly message: string } {
  const runtime = "NetworkReady=false reason:NetworkPluginNotReady message:";
  const message =
    minorOf(version) < 24
      ? `runtime network not ready: ${runtime}docker: network plugin is not ready: cni config uninitialized`
      : `container runtime network not ready: ${runtime}Network plugin returns error: cni plugin not initialized`;
  return { reason: "KubeletNotReady", message };
}

/** Why an instance's kubelet never gets as far as asking the cluster; undefined when it does. */
function whyNotBooted(facts: JoinFacts, instance: InstanceFacts): string | undefined {
  const { cluster } = facts;
  const { image, role } = instance;
  if (role === undefined) {
    return "it has no role (no instance profile, or an empty one): its kubelet has no credentials";
  }
  const shutIn = whyShutIn(facts, instance);
  if (shutIn !== undefined) return shutIn;
  // Either one allows ec2:DescribeInstances, without which neither nodeadm nor the kubelet learns the node's name.
  if (lacks(role.policies, /\/(AmazonEKSWorkerNodePolicy|AmazonEKS_CNI_Policy)$/)) {
    const lack = "has neither AmazonEKSWorkerNodePolicy nor AmazonEKS_CNI_Policy";
    return `${role.arn} ${lack}: ec2:DescribeInstances is denied`;
  }
  const family = familyOf(image.name);
  if (family === "none") return `its image ${image.name} is not one of EKS: there is no kubelet on it`;
  const named = namedBy(instance);
  if (named === undefined) return whyUnnamed(family, readUserData(instance.userData));
  return (
    whyElsewhere(cluster, named) ??
    whyMisregistered(minorOf(kubeletVersion(cluster, instance)), named) ??
    whySkewed(cluster, instance) ??
    whyUntagged(cluster, instance)
  );
}

/** Why an instance does not get at AWS; undefined when it does. */
function whyShutIn(facts: JoinFacts, instance: InstanceFacts): string | undefined {
  const { hasEgress, endpoints = [] } = instance;
  if (hasEgress) return undefined;
  const without = (among: readonly EndpointFacts[]) =>
    NEEDED_SERVICES.filter((service) => !among.some((endpoint) => endpoint.service === service));
  const missing = without(endpoints);
  if (missing.length === NEEDED_SERVICES.length) {
    return "its subnet has no way to the internet: its kubelet cannot call AWS, nor fetch an image";
  }
  if (missing.length > 0) {
    return `its subnet has no way to the internet, and no VPC endpoint for ${missing.join(", ")}`;
  }
  const closed = without(
    endpoints.filter(
      ({ interfaces }) => interfaces === undefined || reaches(facts, peerOf(instance), interfaces, "tcp", 443),
    ),
  );
  if (closed.length === 0) return undefined;
  return `the security groups do not let it reach the VPC endpoints for ${closed.join(", ")} on 443`;
}

/** What an instance's image hears of its user data: each listens to its own. */
function namedBy({ image, userData }: InstanceFacts): (NamedCluster & { readonly family: Family }) | undefined {
  const read = readUserData(userData);
  const ofImage = familyOf(image.name);
  // What an image does that says nothing of itself, its user data alone tells.
  const family = (["al2023", "bottlerocket", "al2"] as const).find(
    (one) => read[one] !== undefined && (ofImage === one || ofImage === "unknown"),
  );
  return family && { ...read[family], family };
}

/** Why an image hears nothing of a cluster. */
function whyUnnamed(family: ImageFamily, { al2, al2023 }: ParsedUserData): string {
  if (family === "al2023") {
    // https://github.com/awslabs/amazon-eks-ami/issues/2426
    return al2 === undefined
      ? "its user data has no NodeConfig: nodeadm does not know which cluster to join"
      : "ERROR: bootstrap.sh has been removed from AL2023-based EKS AMIs. EKS nodes are now initialized by nodeadm.";
  }
  if (family === "bottlerocket") {
    return "its user data is no TOML with [settings.kubernetes]: Bottlerocket does not know which cluster to join";
  }
  if (family === "al2") {
    const has = al2023 === undefined ? "" : ", but a NodeConfig, which Amazon Linux 2 does not know";
    return `its user data does not call /etc/eks/bootstrap.sh${has}`;
  }
  return "its user data neither calls /etc/eks/bootstrap.sh nor has a NodeConfig";
}

/**
 * What a kubelet may say of its node under Kubernetes' own names.
 *
 * @see https://kubernetes.io/docs/reference/access-authn-authz/admission-controllers/#noderestriction
 */
const OWN_LABELS = [
  /^([^/]+\.)?(kubelet|node)\.kubernetes\.io\//,
  /^kubernetes\.io\/(arch|os|hostname)$/,
  /^beta\.kubernetes\.io\/(arch|os|instance-type)$/,
  /^(topology|failure-domain\.beta)\.kubernetes\.io\/(zone|region)$/,
];
const EFFECTS = ["NoSchedule", "PreferNoSchedule", "NoExecute"];

/**
 * Before this minor a kubelet only warns of others.
 *
 * @see https://github.com/kubernetes/enhancements/tree/master/keps/sig-auth/279-limit-node-access
 */
const OWN_LABELS_SINCE = 16;

/** Why a kubelet of that minor does not start with the labels and taints that it is given. */
function whyMisregistered(minor: number, { labels = {}, taints = [] }: NamedCluster): string | undefined {
  const reserved = Object.keys(labels).filter(
    (label) =>
      minor >= OWN_LABELS_SINCE &&
      /^([^/]+\.)?(kubernetes|k8s)\.io\//.test(label) &&
      !OWN_LABELS.some((own) => own.test(label)),
  );
  if (reserved.length > 0) {
    const unknown = "unknown 'kubernetes.io' or 'k8s.io' labels specified with --node-labels";
    return `failed to validate kubelet flags: ${unknown}: [${reserved.join(" ")}]`;
  }
  const taint = taints.find(({ effect }) => !EFFECTS.includes(effect));
  if (taint === undefined) return undefined;
  return `invalid taint effect: ${taint.effect || "(none)"}, of ${taint.key}: a kubelet knows ${EFFECTS.join(", ")}`;
}

/** Why user data does not lead to the cluster; undefined when it does. */
function whyElsewhere(
  cluster: ClusterFacts,
  { family, name, endpoint, certificateAuthorityData, serviceCidr }: NamedCluster & { readonly family: Family },
): string | undefined {
  if (name === undefined) return "its user data names no cluster";
  // bootstrap.sh asks EKS for them when one of them is not given.
  const areGiven = endpoint !== undefined && certificateAuthorityData !== undefined;
  if (family === "al2023" && (!areGiven || serviceCidr === undefined)) {
    return "its NodeConfig lacks apiServerEndpoint, certificateAuthority or cidr: nodeadm refuses it";
  }
  if (family === "bottlerocket" && !areGiven) {
    return "its settings lack api-server or cluster-certificate: Bottlerocket's kubelet does not start";
  }
  if (areGiven) {
    if (withoutSlash(endpoint) !== withoutSlash(cluster.endpoint)) {
      return `its user data names the endpoint ${endpoint}; that of ${cluster.name} is ${cluster.endpoint}`;
    }
    if (certificateAuthorityData !== cluster.certificateAuthorityData) {
      return `its user data has another certificate authority: x509: certificate signed by unknown authority`;
    }
  }
  // A kubelet's token is signed for one cluster by its name.
  if (name !== cluster.name) return `its user data names the cluster ${name}, not ${cluster.name}: Unauthorized`;
  return undefined;
}

function withoutSlash(endpoint: string): string {
  return endpoint.replace(/\/$/, "");
}

/**
 * Why the kubelet is not one for the control plane: too old, or newer.
 *
 * @see https://kubernetes.io/releases/version-skew-policy/#kubelet
 */
function whySkewed(cluster: ClusterFacts, instance: InstanceFacts): string | undefined {
  const [kubelet, control] = [minorOf(kubeletVersion(cluster, instance)), minorOf(cluster.version)];
  const allowed = kubelet < 25 ? 2 : 3;
  const has = `its image ${instance.image.name} has a kubelet 1.${String(kubelet)},`;
  if (kubelet > control) return `${has} newer than ${cluster.version}`;
  return control - kubelet > allowed ? `${has} too old for ${cluster.version}` : undefined;
}

/**
 * Why a node is not the cluster's to EKS.
 *
 * @see https://docs.aws.amazon.com/eks/latest/userguide/troubleshooting.html#worker-node-fail
 * @see https://github.com/awslabs/amazon-eks-ami/issues/310
 */
function whyUntagged(cluster: ClusterFacts, instance: InstanceFacts): string | undefined {
  const key = clusterTag(cluster.name);
  const value = instance.tags[key];
  if (value === "owned") return undefined;
  const found = value === undefined ? "it has no tag" : `its tag is ${key}=${value}, not`;
  // Up to 1.26 the kubelet itself is AWS' cloud provider.
  const isInTree = minorOf(kubeletVersion(cluster, instance)) < 27;
  const words = 'failed to run Kubelet: could not init cloud provider "aws": AWS cloud failed to find ClusterID';
  return `${found} ${key}=owned${isInTree ? `: ${words}` : ""}`;
}

/** Why an instance cannot reach the API; undefined when it can. */
function whyCutOff(facts: JoinFacts, instance: InstanceFacts): string | undefined {
  const { cluster } = facts;
  if (!cluster.privateAccess) return undefined;
  const isOpen = reaches(facts, peerOf(instance), controlPlane(cluster), "tcp", 443);
  return isOpen ? undefined : "the security groups do not let it reach the control plane on 443: i/o timeout";
}

/**
 * Why the API refuses an instance's kubelet; undefined when it lets it in.
 *
 * @see https://docs.aws.amazon.com/eks/latest/userguide/creating-access-entries.html
 * @see https://kubernetes.io/docs/reference/access-authn-authz/node/
 */
function whyRefused(
  { cluster }: JoinFacts,
  { id, role }: InstanceFacts,
  node: string,
  mappings: ReturnType<typeof mappingsIn>,
): string | undefined {
  if (role === undefined) return "it has no role: its kubelet has no credentials";
  const { authenticationMode: mode, accessEntries } = cluster;
  if (mode !== "CONFIG_MAP" && accessEntries.includes(role.arn)) return undefined;
  if (mode === "API") return `${role.arn} has no access entry, and aws-auth does not count: Unauthorized`;
  if (typeof mappings === "string") return `${mappings}: Unauthorized`;

  // STS tells the authenticator no path, and it takes the last of several entries.
  const arn = role.arn.replace(/:role\/.*\//, ":role/").toLowerCase();
  const found = mappings.findLast(({ rolearn }) => rolearn === arn);
  if (found === undefined) return `aws-auth does not map ${role.arn}: Unauthorized`;
  const groups = found.groups ?? [];
  const username = (found.username ?? "").replaceAll("{{EC2PrivateDNSName}}", node).replaceAll("{{SessionName}}", id);
  const [, ownName] = /^system:node:(.*)$/.exec(username) ?? [];
  if (ownName !== undefined && groups.includes("system:nodes")) {
    if (ownName === node) return undefined;
    // https://kubernetes.io/docs/reference/access-authn-authz/admission-controllers/#noderestriction
    return `nodes "${node}" is forbidden: node "${ownName}" is not allowed to modify node "${node}"`;
  }
  if (groups.includes("system:masters")) return undefined;
  const its = groups.join(", ") || "none";
  return `nodes is forbidden: User "${username}" cannot create resource "nodes" (its groups: ${its})`;
}

/** An entry of mapRoles with its keys in lower case: their case does not matter to Go's JSON, through which they go. */
const MAPPING = z.object({
  rolearn: z.string().toLowerCase(),
  username: z.string().nullish(),
  groups: z.array(z.string()).nullish(),
});

/**
 * The roles in aws-auth as the authenticator reads them, or why there are none: written apart from what the bootstrap
 * writes the ConfigMap with, so that a mistake there is seen here. An entry that it cannot read it passes over.
 *
 * @see https://github.com/kubernetes-sigs/aws-iam-authenticator/blob/master/pkg/mapper/configmap/configmap.go
 */
function mappingsIn(awsAuth: ConfigMapData | undefined): readonly z.infer<typeof MAPPING>[] | string {
  if (awsAuth === undefined) return "there is no ConfigMap aws-auth";
  let entries: unknown;
  try {
    entries = parse(awsAuth["mapRoles"] ?? "", { version: "1.1", uniqueKeys: false }) ?? [];
  } catch {
    return "mapRoles in aws-auth is not YAML";
  }
  if (!Array.isArray(entries)) return "mapRoles in aws-auth is not a list";
  return entries.filter(isRecord).flatMap((entry) => {
    const fields = Object.entries(entry).map(([key, value]) => [key.toLowerCase(), value]);
    return MAPPING.safeParse(Object.fromEntries(fields)).data ?? [];
  });
}

const NO_ADDRESSES = "the network plugin gets no addresses for pods";

/**
 * Why the network plugin does not come up on a node; undefined when it does.
 *
 * @see https://repost.aws/knowledge-center/eks-cni-plugin-troubleshooting
 */
function whyWithoutNetwork({ networkPluginRole, isIpv6 }: ClusterFacts, { role }: InstanceFacts): string | undefined {
  const { arn, policies } = role ?? { arn: "", policies: [] };
  const plugin: ClusterFacts["networkPluginRole"] = networkPluginRole ?? { arn, policies };
  if (plugin.outOfReach !== undefined) {
    return `the network plugin does not get its role ${plugin.arn}: ${plugin.outOfReach}`;
  }
  if (isIpv6 && lacks(plugin.policies)) {
    // https://docs.aws.amazon.com/eks/latest/userguide/cni-iam-role.html
    const lack = "has policies of AWS alone, and none of them allows ec2:AssignIpv6Addresses";
    return `${plugin.arn} ${lack}: ${NO_ADDRESSES}`;
  }
  if (lacks(plugin.policies, /\/AmazonEKS_CNI_Policy$/)) {
    return `${plugin.arn} has no AmazonEKS_CNI_Policy: ${NO_ADDRESSES}`;
  }
  if (lacks(policies, /\/AmazonEC2ContainerRegistry(ReadOnly|PullOnly|PowerUser|FullAccess)$/)) {
    return `${arn} may not read from ECR: the network plugin's image cannot be pulled`;
  }
  return undefined;
}

/**
 * Whether none of the policies is it. What a policy of the account's own allows, nobody here knows: it may be it.
 *
 * @param wanted the one of AWS. @default - AWS has none
 */
function lacks(policies: readonly string[], wanted?: RegExp): boolean {
  return policies.every((policy) => /:iam::aws:policy\//.test(policy) && wanted?.test(policy) !== true);
}

/** What a node is: ready, and what will not work on it all the same, for it does not show. */
function whyReady(facts: JoinFacts, instance: InstanceFacts): string {
  const { cluster, instances } = facts;
  const self = peerOf(instance);
  const flaws: string[] = [];
  // https://docs.aws.amazon.com/eks/latest/userguide/sec-group-reqs.html
  if (!reaches(facts, controlPlane(cluster), self, "tcp", 10250)) {
    flaws.push("the control plane cannot reach its kubelet on 10250: kubectl logs and exec time out");
  }
  const others = instances.filter(({ id }) => id !== instance.id).map(peerOf);
  // DNS goes by TCP when an answer is too long.
  const isDeaf = (one: Peer, other: Peer) =>
    ["udp", "tcp"].some((protocol) => !reaches(facts, one, other, protocol, 53));
  if (others.some((other) => isDeaf(self, other))) {
    flaws.push("DNS to another node is blocked: its pods resolve no name when CoreDNS runs there");
  }
  const { serviceCidr, dnsIp } = namedBy(instance) ?? {};
  const own = cluster.serviceCidr;
  const said = [serviceCidr, dnsIp].filter((each) => each !== undefined);
  if (own !== undefined && said.some((each) => !isInside(each, own))) {
    flaws.push(
      `its user data has ${said[0] ?? ""} for services, and the cluster ${own}: its pods ask nobody for names`,
    );
  }
  return flaws.length === 0 ? "ready" : `ready, but ${flaws.join("; ")}`;
}

function peerOf({ securityGroupIds, privateAddress }: InstanceFacts): Peer {
  return { groupIds: securityGroupIds, cidrs: [`${privateAddress}/32`] };
}

function controlPlane({ securityGroupIds, cidrs }: ClusterFacts): Peer {
  return { groupIds: securityGroupIds, cidrs };
}

/** Whether both ends' security groups let a connection through. */
function reaches({ securityGroups }: JoinFacts, from: Peer, to: Peer, protocol: string, port: number): boolean {
  const isAllowed = (own: Peer, direction: "inbound" | "outbound", other: Peer) => {
    const permissions = securityGroups
      .filter(({ id }) => own.groupIds.includes(id))
      .flatMap((group) => group[direction])
      .filter((it) => it.protocol === "-1" || (it.protocol === protocol && isIn(port, it.ports)));
    if (permissions.some(({ groupIds }) => groupIds.some((id) => other.groupIds.includes(id)))) return true;
    // All together: each of a network's parts may be let in by a rule of its own.
    const allowed = permissions.flatMap(({ cidrs }) => cidrs);
    return other.cidrs.length > 0 && other.cidrs.every((each) => allowed.some((cidr) => isInside(each, cidr)));
  };
  return isAllowed(from, "outbound", to) && isAllowed(to, "inbound", from);
}

function isIn(port: number, ports: Permission["ports"]): boolean {
  return ports === undefined || (ports.from <= port && port <= ports.to);
}

/** @see https://docs.aws.amazon.com/vpc/latest/userguide/vpc-dns.html */
function nodeName(region: string, { privateAddress }: InstanceFacts): string {
  const domain = region === "us-east-1" ? "ec2.internal" : `${region}.compute.internal`;
  return `ip-${privateAddress.replaceAll(".", "-")}.${domain}`;
}

/**
 * By the names that AWS, and Canonical for EKS, give to their images.
 *
 * @see https://docs.aws.amazon.com/eks/latest/userguide/eks-linux-ami-versions.html
 */
export function familyOf(imageName: string): ImageFamily {
  if (imageName.startsWith("ubuntu-eks/")) return "al2";
  const family = nodeImage(imageName)?.family;
  if (family !== undefined) return family;
  return /^(ubuntu\/images|al2023-ami-|amzn2-ami-|amzn-ami-|bottlerocket-|debian-)/.test(imageName)
    ? "none"
    : "unknown";
}

/** From what the image says of itself, or else from the cluster: whoever pins an image pins one that fits. */
function kubeletVersion({ version }: ClusterFacts, { image }: InstanceFacts): string {
  const [, exact] = /\bk8s: ?(\d+\.\d+\.\d+)/.exec(image.description) ?? [];
  const [, ofUbuntu] = /^ubuntu-eks\/k8s_(\d+\.\d+)\//.exec(image.name) ?? [];
  return `v${exact ?? `${nodeImage(image.name)?.version ?? ofUbuntu ?? version}.0`}-eks-0000000`;
}
