import type { Instance, IpPermission, NetworkInterface, SecurityGroup, Volume, VpcEndpoint } from "@aws-sdk/client-ec2";

import type { Found, Tags } from "../../aws/finders/finder";
import { FINDERS, type FoundType } from "../../aws/finders/table";
import { quoted } from "../../contract/shell";
import { clusterClaim, EKS_CLUSTER_TAG } from "../../facts/cluster-tags";
import type { Target } from "./target";

/** The cluster whose leftovers are looked for. */
export interface ClusterIdentity extends Pick<
  Target,
  "clusterName" | "vpcId" | "foreignVpcId" | "managedIds" | "hasCluster"
> {
  /**
   * EBS volumes of the cluster's persistent volumes, as Kubernetes told while it answered, each with the claim
   * (`NAMESPACE/NAME`) that is to be deleted and takes it along.
   */
  readonly persistentVolumes: ReadonlyMap<string, string | undefined>;
  /** Instances that Karpenter has made, each with the NodeClaim that is to be deleted and takes it along. */
  readonly machines: ReadonlyMap<string, string>;
}

/** Something in the account that Terraform did not make. */
export interface Thing {
  readonly type: FoundType;
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
  /** The command of the AWS CLI that ends what has started it, and it as well: alone it would be started anew. */
  readonly endedBy?: string;
}

/** A rule in one security group that names another: as long as there is one, the other cannot be deleted. */
export interface Reference {
  readonly inGroup: string;
  readonly toGroup: string;
  readonly direction: "ingress" | "egress";
  /** The rule, reduced to the group that it names. */
  readonly permission: IpPermission;
}

/** Whose something is, and by what that shows. */
export type Ownership = Pick<Thing, "owner" | "why">;

/**
 * Whose something is by its tags; nothing when they name no cluster.
 *
 * `kubernetes.io/cluster/NAME=shared` says that a cluster uses it, not that it made it.
 *
 * @see https://docs.aws.amazon.com/eks/latest/userguide/network-reqs.html
 */
export function ownershipByTags(tags: Tags, cluster: string): Ownership | undefined {
  const claims = Object.entries(tags).flatMap(([key, value]) => {
    const claim = clusterClaim(key, value);
    return claim === undefined ? [] : [{ ...claim, isMine: claim.clusterName === cluster, tag: `tag ${key}=${value}` }];
  });
  const mine = claims.find(({ isOwned, isMine }) => isOwned && isMine);
  const foreign = claims.find(({ isOwned, isMine }) => isOwned && !isMine);
  if (foreign !== undefined) {
    return { owner: "other", why: mine === undefined ? foreign.tag : `${mine.tag}, but also ${foreign.tag}` };
  }
  if (mine !== undefined) return { owner: "cluster", why: mine.tag };
  const shared = claims.find(({ isMine }) => isMine);
  return shared && { owner: "other", why: `${shared.tag}: the cluster uses it, somebody else made it` };
}

/** Whether one tag at least names a cluster, whatever the others say. */
function isNamedIn(tags: Tags, clusterName: string): boolean {
  return Object.entries(tags).some(([key, value]) => clusterClaim(key, value)?.clusterName === clusterName);
}

/** What stands in the cluster's VPC and says of no cluster that it is its. */
function unnamed(type: FoundType): Ownership {
  return { owner: "other", why: `no tag says which cluster this ${FINDERS[type].noun} is of` };
}

/** What the tags of a load balancer or a disk say about the object in Kubernetes that it was made for. */
const OBJECT_TAGS = ["kubernetes.io/service-name", "service.k8s.aws/stack", "ingress.k8s.aws/stack"];

function objectOf(tags: Tags): string {
  const object = OBJECT_TAGS.map((key) => tags[key]).find((value) => value !== undefined);
  const claim = tags["kubernetes.io/created-for/pvc/name"];
  return object ?? (claim === undefined ? "" : `${tags["kubernetes.io/created-for/pvc/namespace"] ?? "?"}/${claim}`);
}

/**
 * A load balancer or a target group: wherever it is when it names the cluster, and what does not only in the cluster's
 * VPC.
 */
export function balancerThing(
  type: "aws_elb" | "aws_lb" | "aws_lb_target_group",
  { id, tags }: Pick<Found, "id" | "tags">,
  clusterName: string,
  isInVpc: boolean,
  called = "",
): Thing[] {
  const ownership = ownershipByTags(tags, clusterName);
  if (!isInVpc && !isNamedIn(tags, clusterName)) return [];
  const object = objectOf(tags);
  return [{ type, id, called: list(called, object && `for ${object}`), ...(ownership ?? unnamed(type)) }];
}

/** Those that say something, in one line. */
function list(...words: string[]): string {
  return words.filter((word) => word !== "").join(", ");
}

/**
 * What GuardDuty's Runtime Monitoring makes in a VPC: an endpoint, and a security group for it.
 *
 * @param madeThere whether it has the name that GuardDuty gives, and is in the VPC that the stack made
 * @see https://docs.aws.amazon.com/guardduty/latest/ug/runtime-monitoring-agent-resource-clean-up.html
 */
function ofGuardDuty(tags: Tags, madeThere: boolean): Ownership | undefined {
  if (!madeThere || tags["GuardDutyManaged"] !== "true") return undefined;
  return { owner: "cluster", why: "GuardDuty made it in the stack's own VPC, which goes: tag GuardDutyManaged=true" };
}

/** A security group; every VPC's `default` goes with its VPC. */
export function groupThing(
  { id, tags, details: { GroupName: called = "", VpcId } }: Found<SecurityGroup>,
  { clusterName, vpcId }: Pick<ClusterIdentity, "clusterName" | "vpcId">,
  balancers: readonly Thing[],
  clusterExists: boolean,
): Thing[] {
  if (called === "default") return [];
  const balancer = balancers.find(
    (it) => it.type === "aws_elb" && it.owner === "cluster" && `k8s-elb-${it.id}` === called,
  );
  const byBalancer: Ownership | undefined = balancer && {
    owner: "cluster",
    why: `is named for the load balancer ${balancer.id}, which is the cluster's`,
  };
  const isControlPlanes = tags[EKS_CLUSTER_TAG] === clusterName && clusterExists;
  const guardDuty = ofGuardDuty(tags, called.startsWith("GuardDutyManagedSecurityGroup-") && isSame(VpcId, vpcId));
  const type = "aws_security_group";
  return [
    {
      type,
      id,
      called,
      ...(ownershipByTags(tags, clusterName) ?? byBalancer ?? guardDuty ?? unnamed(type)),
      ...(isControlPlanes && { goesWith: `the cluster ${clusterName}` }),
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

/** What people call by its tag `Name`, and what can live in a VPC and keeps it from being deleted. */
export function namedThing(
  type: "aws_instance" | "aws_subnet" | "aws_nat_gateway" | "aws_vpc_endpoint",
  { id, tags }: Pick<Found, "id" | "tags">,
  clusterName: string,
): Thing {
  return { type, id, called: tags["Name"] ?? "", ...(ownershipByTags(tags, clusterName) ?? unnamed(type)) };
}

/** A VPC endpoint. */
export function endpointThing(
  { id, tags, state, details: { ServiceName = "", VpcId } }: Found<VpcEndpoint>,
  { clusterName, vpcId }: Pick<ClusterIdentity, "clusterName" | "vpcId">,
): Thing {
  const guardDuty = ofGuardDuty(tags, ServiceName.endsWith(".guardduty-data") && isSame(VpcId, vpcId));
  const thing = { ...namedThing("aws_vpc_endpoint", { id, tags }, clusterName), ...guardDuty };
  return {
    ...thing,
    called: list(thing.called, ServiceName),
    ...(thing.owner === "cluster" && state === "ending" && { goesWith: "its deletion, which AWS has begun" }),
  };
}

/** An instance that no Auto Scaling group of Terraform's has started. */
export function instanceThing(
  { id, tags, details }: Found<Instance>,
  { clusterName, machines }: Pick<ClusterIdentity, "clusterName" | "machines">,
): Thing {
  const thing = namedThing("aws_instance", { id, tags }, clusterName);
  const claim = machines.get(id);
  // Those of EKS Auto Mode.
  const isEks = details.Operator?.Managed === true;
  const goesWith = claim === undefined ? isEks && `the cluster ${clusterName}` : `its NodeClaim ${claim}`;
  const { by = "", endedBy } = starterOf(tags, clusterName);
  return {
    ...thing,
    called: list(thing.called, by && `of ${by}`),
    ...(endedBy !== undefined && { endedBy }),
    ...(thing.owner === "cluster" && goesWith !== false && { goesWith }),
  };
}

/** What has started an instance, by the tags that it leaves, and the command that ends it. */
function starterOf(tags: Tags, clusterName: string): { readonly by?: string; readonly endedBy?: string } {
  const [pool, nodeGroup, group] = ["karpenter.sh/nodepool", "eks:nodegroup-name", "aws:autoscaling:groupName"].map(
    (key) => tags[key],
  );
  if (pool !== undefined) return { by: `Karpenter's NodePool ${pool}` };
  if (nodeGroup !== undefined) {
    const endedBy = `eks delete-nodegroup --cluster-name ${clusterName} --nodegroup-name ${quoted(nodeGroup)}`;
    return { by: `the managed node group ${nodeGroup}`, endedBy };
  }
  if (group === undefined) return {};
  return {
    by: `the Auto Scaling group ${group}`,
    endedBy: `${FINDERS.aws_autoscaling_group.byHand} ${quoted(group)}`,
  };
}

function isSame(id: string | undefined, other: string | undefined): boolean {
  return id !== undefined && id === other;
}

const BALANCERS = "ELB ";

/** What the interface of a load balancer goes with when that is gone: AWS takes some minutes for it. */
export const GONE_BALANCER = "its load balancer, which is gone already";

const OF_WHAT_IS_LISTED = /^(Interface for NAT Gateway|VPC Endpoint Interface) /;

/** What Elastic Load Balancing writes into the description of a load balancer's network interfaces. */
export function interfaceDescription({ id }: Pick<Thing, "id">): string {
  return `${BALANCERS}${id.replace(/.*:loadbalancer\//, "")}`;
}

/**
 * What an interface of the VPC CNI is called.
 *
 * @see https://github.com/aws/amazon-vpc-cni-k8s/blob/master/pkg/awsutils/awsutils.go
 */
const CNI_DESCRIPTION = /^aws-K8S-(i-[0-9a-f]+)$/;

/** A network interface that is no part of an instance, a NAT gateway or a VPC endpoint, which are listed themselves. */
export function interfaceThing(
  { id, tags, details }: Found<NetworkInterface>,
  { clusterName, managedIds }: Pick<ClusterIdentity, "clusterName" | "managedIds">,
  {
    nodeIds,
    balancers,
    groupIds,
  }: {
    readonly nodeIds: ReadonlySet<string>;
    /** Undefined when they could not be listed. */
    readonly balancers: readonly Thing[] | undefined;
    /** Security groups that were made for this cluster and for no other. */
    readonly groupIds: ReadonlySet<string>;
  },
): Thing[] {
  const { Description: called = "", Attachment: attachment, Status } = details;
  const { InstanceId: instanceId, DeviceIndex, InstanceOwnerId: user = "something" } = attachment ?? {};
  if (OF_WHAT_IS_LISTED.test(called) || (instanceId !== undefined && DeviceIndex === 0)) return [];
  const type = "aws_network_interface";
  const thing = { type, id, called } as const;
  const groups = groupsOf(details);
  const haveAll = (all: ReadonlySet<string>) => groups.length > 0 && groups.every((group) => all.has(group));
  const ours = (why: string): Ownership => ({ owner: "cluster", why });
  if (called.startsWith(BALANCERS)) {
    const name = called.slice(BALANCERS.length);
    const balancer = balancers?.find((it) => interfaceDescription(it) === called);
    if (balancer?.owner === "cluster") {
      const goesWith = `the ${FINDERS[balancer.type].noun} ${name}`;
      return [{ ...thing, ...ours(`belongs to ${goesWith}`), goesWith }];
    }
    // Somebody else's load balancer is listed, and stands for its interfaces; so does Terraform's.
    if (balancer !== undefined || [...managedIds].some((it) => interfaceDescription({ id: it }) === called)) return [];
    if (balancers === undefined) {
      const why = `whose the load balancer ${name} is cannot be seen`;
      return [{ ...thing, owner: "other", why, attachedTo: `the load balancer ${name}` }];
    }
    const ownership: Ownership = haveAll(groupIds)
      ? ours(`has the security group ${groups.join(", ")}, which is the cluster's`)
      : { owner: "other", why: `nothing is left that says whose the load balancer ${name} was` };
    return [{ ...thing, ...ownership, goesWith: GONE_BALANCER }];
  }
  if (called === `Amazon EKS ${clusterName}`) {
    return [{ ...thing, ...ours("its description, which EKS wrote"), goesWith: `the cluster ${clusterName}` }];
  }
  const node = tags["node.k8s.amazonaws.com/instance_id"] ?? CNI_DESCRIPTION.exec(called)?.[1];
  const byNode = () => {
    if (node === undefined) return undefined;
    if (nodeIds.has(node)) return ours(`the VPC CNI made it for ${node}, a node of the cluster`);
    // An older CNI writes no tags, and EC2 forgets an ended instance within hours.
    const why = `the VPC CNI made it for a node with the stack's security group ${groups.join(", ")}`;
    return haveAll(managedIds) ? ours(why) : undefined;
  };
  const isUsed = instanceId === undefined && Status === "in-use";
  return [
    {
      ...thing,
      ...(ownershipByTags(tags, clusterName) ?? byNode() ?? unnamed(type)),
      ...(instanceId !== undefined && { goesWith: `the instance ${instanceId}` }),
      ...(isUsed && { attachedTo: user }),
    },
  ];
}

/** The ids of the security groups that a network interface has. */
export function groupsOf({ Groups = [] }: NetworkInterface): string[] {
  return Groups.map(({ GroupId = "" }) => GroupId);
}

/** The EBS CSI driver tags whatever it makes, but the cluster's name only when it is told it. */
export const CSI_TAG = "ebs.csi.aws.com/cluster";

/**
 * A volume that Kubernetes made or uses. A node's own disk goes with the node; another cluster's is not told, unless it is
 * said to be this one's, too.
 */
export function volumeThing(
  { id, tags, state, details: { Size = 0, State, Attachments: attachments } }: Found<Volume>,
  { clusterName, persistentVolumes }: Pick<ClusterIdentity, "clusterName" | "persistentVolumes">,
  nodeIds: ReadonlySet<string>,
): Thing[] {
  const { InstanceId: attachedTo, DeleteOnTermination: isNodes } = attachments?.[0] ?? {};
  if (state !== "there" || isNodes === true) return [];
  const byTags = ownershipByTags(tags, clusterName);
  const isPersistent = persistentVolumes.has(id);
  if (byTags?.owner === "other" && !isPersistent && !isNamedIn(tags, clusterName)) return [];
  const byNode: Ownership =
    attachedTo !== undefined && nodeIds.has(attachedTo)
      ? { owner: "cluster", why: `is attached to ${attachedTo}, a node of the cluster` }
      : { owner: "other", why: `tag ${CSI_TAG} says that a cluster made it, and nothing says which` };
  const named = "a persistent volume of the cluster names it";
  // Anybody who may make persistent volumes can name any volume in one.
  const byKubernetes: Ownership =
    byTags?.owner === "other"
      ? { owner: "other", why: `${byTags.why}, though ${named}` }
      : { owner: "cluster", why: named };
  const object = objectOf(tags);
  const volume = tags["kubernetes.io/created-for/pv/name"] ?? tags["CSIVolumeName"] ?? "";
  const claim = persistentVolumes.get(id);
  return [
    {
      type: "aws_ebs_volume",
      id,
      called: list(`${String(Size)} GiB`, State ?? "", object === "" ? volume : `of the claim ${object}`),
      ...(isPersistent ? byKubernetes : (byTags ?? byNode)),
      ...(claim !== undefined && { goesWith: `its claim ${claim}, and its data with it` }),
      attachedTo,
    },
  ];
}
