import {
  EC2Client,
  paginateDescribeInstances,
  paginateDescribeNatGateways,
  paginateDescribeNetworkInterfaces,
  paginateDescribeSecurityGroups,
  paginateDescribeSubnets,
  paginateDescribeVolumes,
  paginateDescribeVpcEndpoints,
  paginateDescribeVpcs,
  type Filter,
  type Instance,
  type IpPermission,
  type NetworkInterface,
  type SecurityGroup,
  type Volume,
} from "@aws-sdk/client-ec2";
import { DescribeClusterCommand, EKSClient } from "@aws-sdk/client-eks";
import {
  DescribeTagsCommand as DescribeClassicTagsCommand,
  ElasticLoadBalancingClient,
  paginateDescribeLoadBalancers as paginateClassicLoadBalancers,
} from "@aws-sdk/client-elastic-load-balancing";
import {
  DescribeTagsCommand,
  ElasticLoadBalancingV2Client,
  paginateDescribeLoadBalancers,
  paginateDescribeTargetGroups,
} from "@aws-sdk/client-elastic-load-balancing-v2";

import type { AwsSettings } from "../../aws/settings";
import { asking, isGone, patient, Unknowns } from "../../aws/call";
import { logGroupNames } from "./log-groups";

/** The cluster whose leftovers are looked for. */
export interface ClusterIdentity {
  readonly name: string;
  /** The VPC that the stack made; what lives in it and is nobody's of ours keeps it from going. @default - the cluster's, while EKS knows it */
  readonly vpcId?: string;
  /** Instead of it a VPC that somebody else made: of what lives in it only what is the cluster's is told. @default - none */
  readonly foreignVpcId?: string;
  /** Ids of everything in Terraform's state (an Auto Scaling group's is its name): those are Terraform's to destroy. */
  readonly managedIds: ReadonlySet<string>;
  /** EBS volumes of the cluster's persistent volumes, as Kubernetes told while it answered. @default - not known */
  readonly persistentVolumeIds?: ReadonlySet<string>;
  /** Claims, as `NAMESPACE/NAME`, that are to be deleted, by the volume that Kubernetes deletes with each. @default - none */
  readonly claimsByVolume?: ReadonlyMap<string, string>;
}

/** What can be left over. */
export type Kind =
  | "classic load balancer"
  | "load balancer"
  | "target group"
  | "security group"
  | "network interface"
  | "volume"
  | "log group"
  | "instance"
  | "subnet"
  | "NAT gateway"
  | "VPC endpoint";

/** Something in the account that Terraform did not make. */
export interface Thing {
  readonly kind: Kind;
  /** What AWS' calls take: the ARN of a load balancer or target group, the name of a classic one or a log group. */
  readonly id: string;
  /** What people know it by besides its id: a name, a size, a description; empty when there is nothing. */
  readonly called: string;
  /** `cluster` only when it is proven to have been made for this cluster and for no other. */
  readonly owner: "cluster" | "other";
  /** By what that shows, or why it does not. */
  readonly why: string;
  /** Whose end is its end: it cannot be, or need not be, deleted by itself. */
  readonly goesWith?: string;
  /** What it is attached to, when that keeps it from being deleted. */
  readonly attachedTo?: string;
}

/** A rule in one security group that names another: as long as there is one, the other cannot be deleted. */
export interface Reference {
  readonly inGroup: string;
  readonly toGroup: string;
  readonly direction: "ingress" | "egress";
  /** The rule, reduced to the group that it names. */
  readonly permission: IpPermission;
}

/** What is left over of a cluster, and what else lives in its VPC. */
export interface Leftovers {
  readonly clusterName: string;
  readonly region: string;
  /** Whether EKS still has the cluster, or does not say. */
  readonly clusterExists: boolean;
  /** Whether the cluster that EKS has is shown to be this stack's: it stands in the stack's VPC, or has its security groups. */
  readonly isStacks: boolean;
  readonly things: readonly Thing[];
  /** Rules that name a security group of the cluster's. */
  readonly references: readonly Reference[];
  /** What could not be looked at, each with its reason: nobody may say then that nothing is left. */
  readonly unknown: readonly string[];
}

/** Tags by their keys. */
export type Tags = Readonly<Record<string, string>>;

/** Whose something is, and by what that shows. */
export type Ownership = Pick<Thing, "owner" | "why">;

/**
 * Tags whose value is the name of the one cluster that something was made for: of the AWS load balancer controller, EKS
 * Auto Mode, EKS itself, the VPC CNI, and Kubernetes up to 1.5.
 *
 * @see https://kubernetes-sigs.github.io/aws-load-balancer-controller/latest/deploy/configurations/
 * @see https://docs.aws.amazon.com/eks/latest/userguide/eks-using-tags.html
 */
const NAMING_TAGS = [
  "elbv2.k8s.aws/cluster",
  "eks:eks-cluster-name",
  "eks:cluster-name",
  "aws:eks:cluster-name",
  "cluster.k8s.amazonaws.com/name",
  "KubernetesCluster",
];

const CLUSTER_TAG = "kubernetes.io/cluster/";

/**
 * Whose something is by its tags; nothing when they name no cluster.
 *
 * `kubernetes.io/cluster/NAME=shared` says that a cluster uses it, not that it made it.
 *
 * @see https://docs.aws.amazon.com/eks/latest/userguide/network-reqs.html
 */
export function ownershipByTags(tags: Tags, cluster: string): Ownership | undefined {
  const claims = Object.entries(tags).flatMap(([key, value]) => {
    const tag = `tag ${key}=${value}`;
    if (key.startsWith(CLUSTER_TAG)) {
      return [{ name: key.slice(CLUSTER_TAG.length), isOwned: value === "owned", tag }];
    }
    return NAMING_TAGS.includes(key) ? [{ name: value, isOwned: true, tag }] : [];
  });
  const owning = claims.filter(({ isOwned }) => isOwned);
  const mine = owning.find(({ name }) => name === cluster);
  const foreign = owning.find(({ name }) => name !== cluster);
  if (mine !== undefined && foreign === undefined) return { owner: "cluster", why: mine.tag };
  if (foreign !== undefined) {
    return { owner: "other", why: mine === undefined ? foreign.tag : `${mine.tag}, but also ${foreign.tag}` };
  }
  const shared = claims.find(({ name }) => name === cluster);
  return shared && { owner: "other", why: `${shared.tag}: the cluster uses it, somebody else made it` };
}

/** What the tags of a load balancer or a disk say about the object in Kubernetes that it was made for. */
const OBJECT_TAGS = ["kubernetes.io/service-name", "service.k8s.aws/stack", "ingress.k8s.aws/stack"];

function objectOf(tags: Tags): string {
  const object = OBJECT_TAGS.map((key) => tags[key]).find((value) => value !== undefined);
  const [namespace, claim] = [
    tags["kubernetes.io/created-for/pvc/namespace"],
    tags["kubernetes.io/created-for/pvc/name"],
  ];
  return object ?? (claim === undefined ? "" : `${namespace ?? "?"}/${claim}`);
}

/** What stands in the cluster's VPC and says of no cluster that it is its. */
function unnamed(kind: string): Ownership {
  return { owner: "other", why: `no tag says which cluster this ${kind} is of` };
}

/**
 * Looks for everything that Kubernetes and EKS made in the account for a cluster, and for what else lives in its VPC and
 * is not Terraform's. Changes nothing.
 *
 * A kind of thing that there is no permission to look at is `unknown`; the others are looked at all the same.
 *
 * @throws UserError when AWS refuses a call for another reason, or cannot be reached
 */
export async function scan(settings: AwsSettings, given: ClusterIdentity, signal?: AbortSignal): Promise<Leftovers> {
  const how = patient(settings);
  const ec2 = new EC2Client(how);
  const classic = new ElasticLoadBalancingClient(how);
  const v2 = new ElasticLoadBalancingV2Client(how);
  const eks = new EKSClient(how);
  const unknown = new Unknowns();
  try {
    const found = await unknown.or(describeCluster(eks, given.name), NO_DETAILS);
    const likely = given.vpcId ?? given.foreignVpcId ?? found?.vpcId;
    const vpcId = await unknown.or(existing(ec2, likely), likely);
    const inVpc: Filter[] = vpcId === undefined ? [] : [{ Name: "vpc-id", Values: [vpcId] }];
    const ofGateways = await unknown.or(gatewayInterfaces(ec2, inVpc), []);
    const cluster = { ...given, managedIds: new Set([...given.managedIds, ...ofGateways]) };
    const nodes = await unknown.or(nodesAndOthers(ec2, cluster, inVpc), { ids: new Set<string>(), things: [] });
    signal?.throwIfAborted();
    const [balancers, targets, groups, volumes, others, logs] = await Promise.all([
      unknown.or(loadBalancers(classic, v2, cluster, vpcId), undefined),
      unknown.or(targetGroups(v2, cluster, vpcId), []),
      unknown.or(securityGroups(ec2, cluster, vpcId), []),
      unknown.or(ebsVolumes(ec2, cluster, nodes.ids), []),
      unknown.or(vpcInhabitants(ec2, cluster, inVpc), []),
      logGroups(settings, cluster, unknown),
    ]);
    signal?.throwIfAborted();
    const securityGroupThings = groups.flatMap((group) =>
      groupThing(group, cluster, balancers ?? [], found !== undefined),
    );
    const deletable = new Set(
      securityGroupThings.filter((it) => it.owner === "cluster" && it.goesWith === undefined).map(({ id }) => id),
    );
    // In a VPC of somebody else's, what is not the cluster's keeps nothing of the stack's from going, and is nobody's business
    // here; but for interfaces that have one of its security groups.
    const concerns = ({ owner }: Thing) => given.foreignVpcId === undefined || owner === "cluster";
    const hasOurGroup = ({ Groups = [] }: NetworkInterface) =>
      Groups.some(({ GroupId = "" }) => deletable.has(GroupId) || given.managedIds.has(GroupId));
    // Nor are the rules of somebody else's groups there ours to remove.
    const isOurs = ({ GroupId = "" }: SecurityGroup) =>
      given.foreignVpcId === undefined || deletable.has(GroupId) || given.managedIds.has(GroupId);
    const context = { cluster, nodeIds: nodes.ids, balancers, groupIds: deletable };
    const interfaces = await unknown.or(networkInterfaces(ec2, cluster, inVpc), []);
    return {
      clusterName: cluster.name,
      region: settings.region,
      clusterExists: found !== undefined,
      isStacks:
        (found?.vpcId !== undefined && found.vpcId === given.vpcId) ||
        found?.securityGroupIds?.some((id) => given.managedIds.has(id)) === true,
      things: [
        ...[...(balancers ?? []), ...targets, ...securityGroupThings].filter(concerns),
        ...interfaces.flatMap((it) =>
          interfaceThing(it, context).filter((thing) => concerns(thing) || hasOurGroup(it)),
        ),
        ...nodes.things.filter(concerns),
        ...volumes,
        ...others.filter(concerns),
        ...logs,
      ],
      references: groups.filter(isOurs).flatMap((group) => referencesIn(group, deletable)),
      unknown: unknown.reasons,
    };
  } finally {
    for (const client of [ec2, classic, v2, eks]) client.destroy();
  }
}

/** The VPC, if it is still there: without it nothing is in it. */
async function existing(ec2: EC2Client, vpcId: string | undefined): Promise<string | undefined> {
  if (vpcId === undefined) return undefined;
  const Filters = [{ Name: "vpc-id", Values: [vpcId] }];
  const vpcs = await everyPage("VPCs", paginateDescribeVpcs({ client: ec2 }, { Filters }), (page) => page.Vpcs);
  return vpcs[0]?.VpcId;
}

/** Interfaces that are a NAT gateway's, and come and go with it. */
async function gatewayInterfaces(ec2: EC2Client, inVpc: readonly Filter[]): Promise<string[]> {
  if (inVpc.length === 0) return [];
  const Filter = [...inVpc];
  const pages = paginateDescribeNatGateways({ client: ec2 }, { Filter });
  const gateways = await everyPage("NAT gateways", pages, (page) => page.NatGateways);
  return gateways.flatMap(({ NatGatewayAddresses: all = [] }) => all.flatMap((it) => it.NetworkInterfaceId ?? []));
}

/** What EKS tells of a cluster that it has. */
interface ClusterDetails {
  readonly vpcId?: string | undefined;
  readonly securityGroupIds?: readonly string[] | undefined;
}

const NO_DETAILS: ClusterDetails = {};

async function describeCluster(eks: EKSClient, name: string): Promise<ClusterDetails | undefined> {
  try {
    const { cluster } = await eks.send(new DescribeClusterCommand({ name }));
    const { vpcId, securityGroupIds } = cluster?.resourcesVpcConfig ?? {};
    return { vpcId, securityGroupIds };
  } catch (error) {
    if (isGone(error)) return undefined;
    return asking(`ask EKS for the cluster ${name}`, Promise.reject(error as Error));
  }
}

/** All pages of a list, in one. */
async function everyPage<Page, Item>(
  what: string,
  pages: AsyncIterable<Page>,
  items: (page: Page) => Item[] | undefined,
): Promise<Item[]> {
  const collect = async () => {
    const all: Item[] = [];
    for await (const page of pages) all.push(...(items(page) ?? []));
    return all;
  };
  return asking(`list the ${what}`, collect());
}

/** The lists that several filters find, each item once; a filter without values finds nothing. */
async function anyOf<Item>(
  filters: readonly Filter[],
  list: (filter: Filter) => Promise<Item[]>,
  id: (item: Item) => string | undefined,
): Promise<Item[]> {
  const asked = filters.filter(({ Values = [] }) => Values.length > 0);
  const found = (await Promise.all(asked.map(list))).flat();
  return [...new Map(found.map((item) => [id(item), item])).values()];
}

/** Tags as an object. */
function tagsOf(tags: readonly { Key?: string | undefined; Value?: string | undefined }[] | undefined): Tags {
  return Object.fromEntries((tags ?? []).map(({ Key = "", Value = "" }) => [Key, Value]));
}

/** How many load balancers or target groups one DescribeTags takes. @see https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/API_DescribeTags.html */
const TAGS_AT_ONCE = 20;

/** How many values a filter of EC2 takes. @see https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/Using_Filtering.html */
export const FILTER_VALUES = 200;

/** A list in parts of a size; of nothing there are none. */
export function inBatches<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, i) => items.slice(i * size, (i + 1) * size));
}

async function tagsByName(
  ids: readonly string[],
  ask: (batch: string[]) => Promise<[string, Tags][]>,
): Promise<Map<string, Tags>> {
  const all: [string, Tags][] = [];
  for (const batch of inBatches(ids, TAGS_AT_ONCE)) {
    try {
      all.push(...(await ask(batch)));
    } catch (error) {
      if (!isGone(error)) await asking("read the tags of load balancers", Promise.reject(error as Error));
      // One of the batch went since it was listed: each by itself, then.
      for (const id of batch) {
        all.push(...(await asking("read the tags of load balancers", ask([id]).catch(ignoringGone))));
      }
    }
  }
  return new Map(all);
}

function ignoringGone(error: unknown): [string, Tags][] {
  if (isGone(error)) return [];
  throw error;
}

function classicTags(classic: ElasticLoadBalancingClient, names: readonly string[]): Promise<Map<string, Tags>> {
  return tagsByName(names, async (LoadBalancerNames) => {
    const { TagDescriptions = [] } = await classic.send(new DescribeClassicTagsCommand({ LoadBalancerNames }));
    return TagDescriptions.map(({ LoadBalancerName = "", Tags }) => [LoadBalancerName, tagsOf(Tags)]);
  });
}

function v2Tags(v2: ElasticLoadBalancingV2Client, arns: readonly string[]): Promise<Map<string, Tags>> {
  return tagsByName(arns, async (ResourceArns) => {
    const { TagDescriptions = [] } = await v2.send(new DescribeTagsCommand({ ResourceArns }));
    return TagDescriptions.map(({ ResourceArn = "", Tags }) => [ResourceArn, tagsOf(Tags)]);
  });
}

/** The tags of a classic load balancer now; nothing when there is none of that name. */
export async function tagsOfClassic(classic: ElasticLoadBalancingClient, name: string): Promise<Tags | undefined> {
  return (await classicTags(classic, [name])).get(name);
}

/** Load balancers of the cluster anywhere in the region, and everybody's in its VPC. */
async function loadBalancers(
  classic: ElasticLoadBalancingClient,
  v2: ElasticLoadBalancingV2Client,
  cluster: ClusterIdentity,
  vpcId: string | undefined,
): Promise<Thing[]> {
  const listed = [
    ...(
      await everyPage(
        "classic load balancers",
        paginateClassicLoadBalancers({ client: classic }, {}),
        (page) => page.LoadBalancerDescriptions,
      )
    ).map((it) => ({
      kind: "classic load balancer" as const,
      id: it.LoadBalancerName ?? "",
      called: "",
      vpcId: it.VPCId,
    })),
    ...(
      await everyPage("load balancers", paginateDescribeLoadBalancers({ client: v2 }, {}), (page) => page.LoadBalancers)
    ).map((it) => ({
      kind: "load balancer" as const,
      id: it.LoadBalancerArn ?? "",
      called: it.LoadBalancerName ?? "",
      vpcId: it.VpcId,
    })),
  ].filter(({ id }) => !cluster.managedIds.has(id));
  const ids = (kind: Kind) => listed.filter((it) => it.kind === kind).map(({ id }) => id);
  const tags = new Map([
    ...(await classicTags(classic, ids("classic load balancer"))),
    ...(await v2Tags(v2, ids("load balancer"))),
  ]);
  return listed.flatMap((it) => ownedOrIn(it, tags.get(it.id) ?? {}, cluster, vpcId));
}

/** What is the cluster's wherever it is; what is not, only in the cluster's VPC. */
function ownedOrIn(
  it: Pick<Thing, "kind" | "id" | "called"> & { readonly vpcId: string | undefined },
  tags: Tags,
  cluster: ClusterIdentity,
  vpcId: string | undefined,
): Thing[] {
  const { kind, id } = it;
  const ownership = ownershipByTags(tags, cluster.name);
  if (ownership?.owner !== "cluster" && (vpcId === undefined || it.vpcId !== vpcId)) return [];
  const object = objectOf(tags);
  const called = [it.called, object === "" ? "" : `for ${object}`].filter((part) => part !== "").join(", ");
  return [{ kind, id, called, ...(ownership ?? unnamed(kind)) }];
}

async function targetGroups(
  v2: ElasticLoadBalancingV2Client,
  cluster: ClusterIdentity,
  vpcId: string | undefined,
): Promise<Thing[]> {
  const pages = paginateDescribeTargetGroups({ client: v2 }, {});
  const listed = (await everyPage("target groups", pages, (page) => page.TargetGroups))
    .map((it) => ({
      kind: "target group" as const,
      id: it.TargetGroupArn ?? "",
      called: it.TargetGroupName ?? "",
      vpcId: it.VpcId,
    }))
    .filter(({ id }) => !cluster.managedIds.has(id));
  const tags = await v2Tags(
    v2,
    listed.map(({ id }) => id),
  );
  return listed.flatMap((it) => ownedOrIn(it, tags.get(it.id) ?? {}, cluster, vpcId));
}

async function securityGroups(
  ec2: EC2Client,
  cluster: ClusterIdentity,
  vpcId: string | undefined,
): Promise<SecurityGroup[]> {
  const list = (filter: Filter) =>
    everyPage(
      "security groups",
      paginateDescribeSecurityGroups({ client: ec2 }, { Filters: [filter] }),
      (page) => page.SecurityGroups,
    );
  const byTags = await anyOf(
    [
      { Name: "tag-key", Values: [`${CLUSTER_TAG}${cluster.name}`] },
      ...NAMING_TAGS.map((tag) => ({ Name: `tag:${tag}`, Values: [cluster.name] })),
    ],
    list,
    ({ GroupId }) => GroupId,
  );
  // Rules that name one of them are in groups of the same VPC.
  const vpcs = new Set([vpcId, ...byTags.map(({ VpcId }) => VpcId)].filter((id) => id !== undefined));
  return anyOf([{ Name: "vpc-id", Values: [...vpcs] }], list, ({ GroupId }) => GroupId);
}

/** A security group that is not Terraform's; every VPC's `default` goes with its VPC. */
function groupThing(
  group: SecurityGroup,
  cluster: ClusterIdentity,
  balancers: readonly Thing[],
  clusterExists: boolean,
): Thing[] {
  const { GroupId: id = "", GroupName: name = "" } = group;
  if (cluster.managedIds.has(id) || name === "default") return [];
  const tags = tagsOf(group.Tags);
  const ofBalancer = balancers.find((it) => it.kind === "classic load balancer" && `k8s-elb-${it.id}` === name);
  const byBalancer: Ownership | undefined =
    ofBalancer?.owner === "cluster"
      ? { owner: "cluster", why: `is named for the load balancer ${ofBalancer.id}, which is the cluster's` }
      : undefined;
  const ownership = ownershipByTags(tags, cluster.name) ?? byBalancer ?? unnamed("security group");
  // EKS makes one for every cluster, and deletes it with it.
  // https://docs.aws.amazon.com/eks/latest/userguide/sec-group-reqs.html
  const isControlPlanes = tags["aws:eks:cluster-name"] === cluster.name && clusterExists;
  return [
    {
      kind: "security group",
      id,
      called: name,
      ...ownership,
      ...(isControlPlanes && { goesWith: `the cluster ${cluster.name}` }),
    },
  ];
}

/** The rules of a group that name one of `targets` other than itself. */
export function referencesIn(group: SecurityGroup, targets: ReadonlySet<string>): Reference[] {
  const inGroup = group.GroupId ?? "";
  const of = (direction: Reference["direction"], permissions: readonly IpPermission[] = []) =>
    permissions.flatMap(({ IpProtocol, FromPort, ToPort, UserIdGroupPairs = [] }) =>
      UserIdGroupPairs.flatMap(({ GroupId = "" }): Reference[] => {
        if (GroupId === inGroup || !targets.has(GroupId)) return [];
        const permission = { IpProtocol, FromPort, ToPort, UserIdGroupPairs: [{ GroupId }] };
        return [{ inGroup, toGroup: GroupId, direction, permission }];
      }),
    );
  return [...of("ingress", group.IpPermissions), ...of("egress", group.IpPermissionsEgress)];
}

/** The cluster's nodes by their tags (ended ones too, as long as EC2 remembers them), and other instances in the VPC. */
async function nodesAndOthers(
  ec2: EC2Client,
  cluster: ClusterIdentity,
  inVpc: readonly Filter[],
): Promise<{ readonly ids: ReadonlySet<string>; readonly things: Thing[] }> {
  const instances = await anyOf(
    [...inVpc, { Name: "tag-key", Values: [`${CLUSTER_TAG}${cluster.name}`] }],
    (filter) =>
      everyPage(
        "instances",
        paginateDescribeInstances({ client: ec2 }, { Filters: [filter] }),
        ({ Reservations = [] }) => Reservations.flatMap(({ Instances = [] }) => Instances),
      ),
    ({ InstanceId }) => InstanceId,
  );
  const isNode = ({ Tags }: Instance) => ownershipByTags(tagsOf(Tags), cluster.name)?.owner === "cluster";
  const things = instances
    .filter(({ State }) => State?.Name !== "terminated" && State?.Name !== "shutting-down")
    .flatMap((it): Thing[] => {
      const { InstanceId: id = "" } = it;
      const tags = tagsOf(it.Tags);
      const group = tags["aws:autoscaling:groupName"] ?? "";
      if (cluster.managedIds.has(id) || cluster.managedIds.has(group)) return [];
      const ownership = ownershipByTags(tags, cluster.name) ?? unnamed("instance");
      return [{ kind: "instance", id, called: tags["Name"] ?? "", ...ownership }];
    });
  return { ids: new Set(instances.filter(isNode).map(({ InstanceId = "" }) => InstanceId)), things };
}

async function networkInterfaces(
  ec2: EC2Client,
  cluster: ClusterIdentity,
  inVpc: readonly Filter[],
): Promise<NetworkInterface[]> {
  return anyOf(
    [...inVpc, { Name: "tag:cluster.k8s.amazonaws.com/name", Values: [cluster.name] }],
    (filter) =>
      everyPage(
        "network interfaces",
        paginateDescribeNetworkInterfaces({ client: ec2 }, { Filters: [filter] }),
        (page) => page.NetworkInterfaces,
      ),
    ({ NetworkInterfaceId }) => NetworkInterfaceId,
  );
}

const BALANCERS = "ELB ";

/** What the interface of a load balancer goes with when that is gone: AWS takes some minutes for it. */
export const GONE_BALANCER = "its load balancer, which is gone already";

const OF_WHAT_IS_LISTED = /^(Interface for NAT Gateway|VPC Endpoint Interface) /;

/** What Elastic Load Balancing writes into the description of a load balancer's network interfaces. */
export function interfaceDescription({ kind, id }: Pick<Thing, "kind" | "id">): string {
  return `${BALANCERS}${kind === "classic load balancer" ? id : id.replace(/^.*:loadbalancer\//, "")}`;
}

/** What an interface of the VPC CNI is called. @see https://github.com/aws/amazon-vpc-cni-k8s/blob/master/pkg/awsutils/awsutils.go */
const CNI_DESCRIPTION = /^aws-K8S-(i-[0-9a-f]+)$/;

/** A network interface that is not Terraform's, and not part of an instance or a NAT gateway. */
export function interfaceThing(
  it: NetworkInterface,
  context: {
    readonly cluster: ClusterIdentity;
    readonly nodeIds: ReadonlySet<string>;
    /** Undefined when they could not be listed. */
    readonly balancers: readonly Thing[] | undefined;
    /** Security groups that were made for this cluster and for no other. */
    readonly groupIds: ReadonlySet<string>;
  },
): Thing[] {
  const { cluster, nodeIds, balancers, groupIds } = context;
  const { NetworkInterfaceId: id = "", Description: description = "", Attachment, TagSet } = it;
  const instanceId = Attachment?.InstanceId;
  // What they are of is listed itself, or is Terraform's.
  const isPart = OF_WHAT_IS_LISTED.test(description) || (instanceId !== undefined && Attachment?.DeviceIndex === 0);
  if (cluster.managedIds.has(id) || isPart) return [];
  const thing = { kind: "network interface", id, called: description } as const;
  const balancer = balancers?.find((candidate) => interfaceDescription(candidate) === description);
  const groups = (it.Groups ?? []).map(({ GroupId = "" }) => GroupId);
  const balancerName = description.slice(BALANCERS.length);
  if (balancer !== undefined) {
    // Somebody else's load balancer is listed, and stands for its interfaces.
    if (balancer.owner === "other") return [];
    const goesWith = `the ${balancer.kind} ${balancerName}`;
    return [{ ...thing, owner: "cluster", why: `belongs to ${goesWith}`, goesWith }];
  }
  if (description.startsWith(BALANCERS)) {
    const { managedIds } = cluster;
    if ([...managedIds].some((it) => it === balancerName || it.endsWith(`:loadbalancer/${balancerName}`))) return [];
    if (balancers === undefined) {
      const why = `whose the load balancer ${balancerName} is cannot be seen`;
      return [{ ...thing, owner: "other", why, attachedTo: `the load balancer ${balancerName}` }];
    }
    const isOurs = groups.length > 0 && groups.every((group) => groupIds.has(group));
    const why = isOurs
      ? `has the security group ${groups.join(", ")}, which is the cluster's`
      : `nothing is left that says whose the load balancer ${balancerName} was`;
    return [{ ...thing, owner: isOurs ? "cluster" : "other", why, goesWith: GONE_BALANCER }];
  }
  if (description === `Amazon EKS ${cluster.name}`) {
    return [
      { ...thing, owner: "cluster", why: "its description, which EKS wrote", goesWith: `the cluster ${cluster.name}` },
    ];
  }
  const node = tagsOf(TagSet)["node.k8s.amazonaws.com/instance_id"] ?? CNI_DESCRIPTION.exec(description)?.[1];
  const byNode: Ownership | undefined =
    node !== undefined && nodeIds.has(node)
      ? { owner: "cluster", why: `the VPC CNI made it for ${node}, a node of the cluster` }
      : undefined;
  // An older CNI writes no tags, and EC2 forgets an ended instance within hours.
  const byGroups: Ownership | undefined =
    node !== undefined && groups.length > 0 && groups.every((group) => cluster.managedIds.has(group))
      ? { owner: "cluster", why: `the VPC CNI made it for a node with the stack's security group ${groups.join(", ")}` }
      : undefined;
  const ownership = ownershipByTags(tagsOf(TagSet), cluster.name) ?? byNode ?? byGroups ?? unnamed("network interface");
  return [
    {
      ...thing,
      ...ownership,
      ...(instanceId !== undefined && { goesWith: `the instance ${instanceId}` }),
      ...(instanceId === undefined &&
        it.Status === "in-use" && { attachedTo: Attachment?.InstanceOwnerId ?? "something" }),
    },
  ];
}

/** The EBS CSI driver tags whatever it makes, but the cluster's name only when it is told it. */
const CSI_TAG = "ebs.csi.aws.com/cluster";

async function ebsVolumes(ec2: EC2Client, cluster: ClusterIdentity, nodeIds: ReadonlySet<string>): Promise<Thing[]> {
  const volumes = await anyOf(
    [
      { Name: "tag-key", Values: [`${CLUSTER_TAG}${cluster.name}`] },
      { Name: "tag-key", Values: [CSI_TAG] },
      ...NAMING_TAGS.map((tag) => ({ Name: `tag:${tag}`, Values: [cluster.name] })),
      ...inBatches([...(cluster.persistentVolumeIds ?? [])], FILTER_VALUES).map((Values) => ({
        Name: "volume-id",
        Values,
      })),
    ],
    (filter) =>
      everyPage("volumes", paginateDescribeVolumes({ client: ec2 }, { Filters: [filter] }), (page) => page.Volumes),
    ({ VolumeId }) => VolumeId,
  );
  return volumes.flatMap((volume) => volumeThing(volume, cluster, nodeIds));
}

/** A volume that Kubernetes made or uses; a node's own disk goes with it, and another cluster's is none of ours. */
export function volumeThing(volume: Volume, cluster: ClusterIdentity, nodeIds: ReadonlySet<string>): Thing[] {
  const { VolumeId: id = "", Size: size = 0, State: state = "", Attachments = [] } = volume;
  const tags = tagsOf(volume.Tags);
  const [attachment] = Attachments;
  if (cluster.managedIds.has(id) || state === "deleting" || state === "deleted") return [];
  if (attachment?.DeleteOnTermination === true) return [];
  const instanceId = attachment?.InstanceId;
  const byTags = ownershipByTags(tags, cluster.name);
  const byKubernetes: Ownership | undefined =
    cluster.persistentVolumeIds?.has(id) === true
      ? { owner: "cluster", why: "a persistent volume of the cluster names it" }
      : undefined;
  const byNode: Ownership | undefined =
    instanceId !== undefined && nodeIds.has(instanceId)
      ? { owner: "cluster", why: `is attached to ${instanceId}, a node of the cluster` }
      : undefined;
  if (byTags?.owner === "other" && byKubernetes === undefined) return [];
  const unproven: Ownership = {
    owner: "other",
    why: `tag ${CSI_TAG} says that a cluster made it, and nothing says which`,
  };
  const object = objectOf(tags);
  const claim = cluster.claimsByVolume?.get(id);
  const pv = tags["kubernetes.io/created-for/pv/name"] ?? tags["CSIVolumeName"] ?? "";
  const called = [`${String(size)} GiB`, state, object === "" ? pv : `of the claim ${object}`];
  return [
    {
      kind: "volume",
      id,
      called: called.filter((part) => part !== "").join(", "),
      ...(byKubernetes ?? byTags ?? byNode ?? unproven),
      ...(claim !== undefined && { goesWith: `its claim ${claim}, and its data with it` }),
      ...(instanceId !== undefined && { attachedTo: instanceId }),
    },
  ];
}

/** What else can live in a VPC and keeps it from being deleted. */
async function vpcInhabitants(ec2: EC2Client, cluster: ClusterIdentity, inVpc: readonly Filter[]): Promise<Thing[]> {
  if (inVpc.length === 0) return [];
  const Filters = [...inVpc];
  const [subnets, gateways, endpoints] = await Promise.all([
    everyPage("subnets", paginateDescribeSubnets({ client: ec2 }, { Filters }), (page) => page.Subnets),
    everyPage(
      "NAT gateways",
      paginateDescribeNatGateways({ client: ec2 }, { Filter: Filters }),
      (page) => page.NatGateways,
    ),
    everyPage("VPC endpoints", paginateDescribeVpcEndpoints({ client: ec2 }, { Filters }), (page) => page.VpcEndpoints),
  ]);
  const listed = [
    ...subnets.map(({ SubnetId, Tags }) => ({ kind: "subnet" as const, id: SubnetId, Tags })),
    ...gateways
      .filter(({ State }) => State !== "deleted")
      .map(({ NatGatewayId, Tags }) => ({ kind: "NAT gateway" as const, id: NatGatewayId, Tags })),
    ...endpoints
      .filter(({ State }) => State?.toLowerCase() !== "deleted")
      .map(({ VpcEndpointId, Tags }) => ({ kind: "VPC endpoint" as const, id: VpcEndpointId, Tags })),
  ];
  return listed.flatMap(({ kind, id = "", Tags }): Thing[] => {
    if (cluster.managedIds.has(id)) return [];
    const tags = tagsOf(Tags);
    return [{ kind, id, called: tags["Name"] ?? "", ...(ownershipByTags(tags, cluster.name) ?? unnamed(kind)) }];
  });
}

/** Where EKS writes the logs of a control plane. @see https://docs.aws.amazon.com/eks/latest/userguide/control-plane-logs.html */
export function controlPlaneLogGroup(cluster: string): string {
  return `/aws/eks/${cluster}/cluster`;
}

async function logGroups(
  settings: AwsSettings,
  { name, managedIds }: ClusterIdentity,
  unknown: Unknowns,
): Promise<Thing[]> {
  const id = controlPlaneLogGroup(name);
  try {
    const names = await logGroupNames(settings, id);
    const isLeft = names.includes(id) && !managedIds.has(id);
    return isLeft ? [{ kind: "log group", id, called: "", owner: "cluster", why: "its name, which EKS gave it" }] : [];
  } catch (error) {
    // Not worth stopping for: it costs its storage, and holds nothing else up.
    unknown.add(`the log group ${id}: ${(error as Error).message}`);
    return [];
  }
}
