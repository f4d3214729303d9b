import type { Filter } from "@aws-sdk/client-ec2";

import { Unknowns } from "../../aws/call";
import { patient, withAws, type AwsClients, type AwsSettings } from "../../aws/clients";
import { anyOf, EVERYTHING, type Alternatives, type Found } from "../../aws/finders/finder";
import { FINDERS } from "../../aws/finders/table";
import { UserError } from "../../contract/user-error";
import { clusterTag, containerInsightsLogGroups, controlPlaneLogGroup, NAMING_TAGS } from "../../facts/cluster-tags";
import {
  balancerThing,
  CSI_TAG,
  endpointThing,
  groupsOf,
  groupThing,
  instanceThing,
  interfaceThing,
  namedThing,
  ownershipByTags,
  referencesIn,
  volumeThing,
  type ClusterIdentity,
  type Reference,
  type Thing,
} from "./ownership";

/** What is left over of a cluster, and what else lives in its VPC. */
export interface Leftovers {
  readonly clusterName: string;
  readonly region: string;
  /** Whether EKS still has the cluster; undefined when it does not say. */
  readonly clusterExists: boolean | undefined;
  /**
   * Whether that cluster is none of the state's, and nothing shows that it is this stack's (it stands in the stack's
   * VPC, or has its security groups): what is tagged with the name may be that one's.
   */
  readonly isSomebodyElses: boolean;
  readonly things: readonly Thing[];
  /** Rules that name a security group of the cluster's. */
  readonly references: readonly Reference[];
  /** What could not be looked at, each with its reason: nobody may say then that nothing is left. */
  readonly unknown: readonly string[];
}

/**
 * Looks for everything that Kubernetes and EKS made in the account for a cluster, and for what else lives in its VPC
 * and is not Terraform's. Changes nothing.
 *
 * A kind of thing that there is no permission to look at is `unknown`; the others are looked at all the same.
 *
 * @throws UserError when AWS refuses a call for another reason, or cannot be reached
 */
export async function scan(settings: AwsSettings, given: ClusterIdentity, signal?: AbortSignal): Promise<Leftovers> {
  const around = await withAws(patient(settings), (clients) => lookAround(clients, given, signal));
  signal?.throwIfAborted();
  return { region: settings.region, ...judged(around, given) };
}

/** Asks for everything that may be a cluster's. What there is no permission for is `unknown`, and stays out. */
async function lookAround(clients: AwsClients, given: ClusterIdentity, signal?: AbortSignal) {
  const { clusterName: name, persistentVolumes } = given;
  const unknown = new Unknowns();
  const clusters = await unknown.or(FINDERS.aws_eks_cluster.find(clients, name), undefined);
  const network = clusters?.[0]?.details.resourcesVpcConfig;
  const likely = [given.vpcId ?? given.foreignVpcId ?? network?.vpcId].filter((id) => id !== undefined);
  // Without the VPC nothing is in it.
  const vpcs = await unknown.or(FINDERS.aws_vpc.find(clients, anyOf("vpc-id", likely)), undefined);
  const vpcIds = vpcs?.map(({ id }) => id) ?? likely;
  const inVpc = anyOf("vpc-id", vpcIds);
  signal?.throwIfAborted();

  const tagged: Alternatives = [[{ Name: "tag-key", Values: [clusterTag(name)] }]];
  const taggedOtherwise = NAMING_TAGS.map((tag): Filter[] => [{ Name: `tag:${tag}`, Values: [name] }]);
  const byDriver: Filter[] = [{ Name: "tag-key", Values: [CSI_TAG] }];
  const byCni: Filter[] = [{ Name: "tag:cluster.k8s.amazonaws.com/name", Values: [name] }];
  const ofVolumes = [...tagged, byDriver, ...taggedOtherwise, ...anyOf("volume-id", persistentVolumes.keys())];
  const securityGroups = async () => {
    const ours = await FINDERS.aws_security_group.find(clients, [...tagged, ...taggedOtherwise]);
    // Rules that name one of them are in groups of the same VPC.
    const all = new Set([...vpcIds, ...ours.map(({ details: { VpcId = "" } }) => VpcId)]);
    return FINDERS.aws_security_group.find(clients, anyOf("vpc-id", all));
  };
  const logGroupsBy = (wanted: string) =>
    FINDERS.aws_cloudwatch_log_group.find(clients, wanted).catch((error: unknown) => {
      // Not worth stopping for: it costs its storage, and holds nothing else up.
      if (!(error instanceof UserError)) throw error;
      unknown.add(error.message);
      return [];
    });
  const [balancers, targetGroups, groups, interfaces, instances, volumes, inhabitants, logGroups] = await Promise.all([
    unknown.or(
      Promise.all([FINDERS.aws_elb.find(clients, EVERYTHING), FINDERS.aws_lb.find(clients, EVERYTHING)]),
      undefined,
    ),
    unknown.or(FINDERS.aws_lb_target_group.find(clients, EVERYTHING), []),
    unknown.or(securityGroups(), []),
    unknown.or(FINDERS.aws_network_interface.find(clients, [...inVpc, byCni]), []),
    unknown.or(FINDERS.aws_instance.find(clients, [...inVpc, ...tagged]), []),
    unknown.or(FINDERS.aws_ebs_volume.find(clients, ofVolumes), []),
    unknown.or(
      Promise.all([
        FINDERS.aws_subnet.find(clients, inVpc),
        FINDERS.aws_nat_gateway.find(clients, inVpc),
        FINDERS.aws_vpc_endpoint.find(clients, inVpc),
      ]),
      undefined,
    ),
    Promise.all([controlPlaneLogGroup(name), containerInsightsLogGroups(name)].map(logGroupsBy)),
  ]);
  const [subnets, natGateways, endpoints] = inhabitants ?? [[], [], []];
  const found = { balancers, targetGroups, groups, interfaces, instances, volumes, logGroups: logGroups.flat() };
  return { ...found, subnets, natGateways, endpoints, network, clusters, vpcId: vpcIds[0], unknown: unknown.reasons };
}

/** Whose all of this is that was found. What is in the state is Terraform's, and no thing. */
export function judged(
  around: Awaited<ReturnType<typeof lookAround>>,
  given: ClusterIdentity,
): Omit<Leftovers, "region"> {
  const { network, clusters, groups, natGateways } = around;
  const { clusterName, managedIds } = given;
  const clusterExists = clusters && clusters.length > 0;
  const mayExist = clusterExists !== false;
  const isUnmanaged = ({ id }: Pick<Thing, "id">) => !managedIds.has(id);
  const nodes = around.instances.filter(({ tags }) => ownershipByTags(tags, clusterName)?.owner === "cluster");
  const nodeIds = new Set(nodes.map(({ id }) => id));
  const isIn = (id: string | undefined) => id !== undefined && id === around.vpcId;

  const [classic, others] = around.balancers ?? [[], []];
  const balancers = [
    ...classic.flatMap((it) => balancerThing("aws_elb", it, clusterName, isIn(it.details.VPCId))),
    ...others.flatMap(({ details, ...it }) =>
      balancerThing("aws_lb", it, clusterName, isIn(details.VpcId), details.LoadBalancerName),
    ),
  ].filter(isUnmanaged);
  const groupThings = groups.filter(isUnmanaged).flatMap((it) => groupThing(it, given, balancers, mayExist));
  const deletable = groupThings.filter(({ owner, goesWith }) => owner === "cluster" && goesWith === undefined);
  const groupIds = new Set(deletable.map(({ id }) => id));
  // In a VPC of somebody else's, what is not the cluster's keeps nothing of the stack's from going, and is not told,
  // but for interfaces that have one of its security groups. Rules of others' groups there are not ours to remove.
  const isForeign = given.foreignVpcId !== undefined;
  const concerns = ({ owner }: Thing) => !isForeign || owner === "cluster";
  const isOurGroup = (id: string) => groupIds.has(id) || managedIds.has(id);
  const context = { nodeIds, balancers: around.balancers && balancers, groupIds };
  // They come and go with their gateway.
  const ofGateways = natGateways.flatMap(({ details: { NatGatewayAddresses: all = [] } }) =>
    all.map(({ NetworkInterfaceId }) => NetworkInterfaceId),
  );
  const isThere = ({ state }: Found) => state !== "ended";
  const things = [
    ...balancers.filter(concerns),
    ...around.targetGroups
      .flatMap(({ details, ...it }) =>
        balancerThing("aws_lb_target_group", it, clusterName, isIn(details.VpcId), details.TargetGroupName),
      )
      .filter(concerns),
    ...groupThings.filter(concerns),
    ...around.interfaces
      .filter(({ id }) => !ofGateways.includes(id))
      .flatMap((it) =>
        interfaceThing(it, given, context).filter((thing) => concerns(thing) || groupsOf(it.details).some(isOurGroup)),
      ),
    ...around.instances
      .filter(({ state }) => state === "there")
      // Instances that an Auto Scaling group or a managed node group of Terraform's has started go with it.
      .filter(({ tags: { "aws:autoscaling:groupName": group = "", "eks:nodegroup-name": nodeGroup = "" } }) => {
        return !managedIds.has(group) && !managedIds.has(`${clusterName}:${nodeGroup}`);
      })
      .map((it) => instanceThing(it, given))
      .filter(concerns),
    ...around.volumes.flatMap((it) => volumeThing(it, given, nodeIds)),
    ...around.subnets.map((it) => namedThing("aws_subnet", it, clusterName)).filter(concerns),
    ...natGateways
      .filter(isThere)
      .map((it) => namedThing("aws_nat_gateway", it, clusterName))
      .filter(concerns),
    ...around.endpoints
      .filter(isThere)
      .map((it) => endpointThing(it, given))
      .filter(concerns),
    ...around.logGroups.map(({ id }): Thing => {
      const giver = id === controlPlaneLogGroup(clusterName) ? "EKS" : "CloudWatch Container Insights";
      return {
        type: "aws_cloudwatch_log_group",
        id,
        called: "",
        owner: "cluster",
        why: `its name, which ${giver} gave it`,
      };
    }),
  ].filter(isUnmanaged);
  const found = { clusterName, clusterExists, unknown: around.unknown };
  const isStacks =
    (network?.vpcId !== undefined && network.vpcId === given.vpcId) ||
    network?.securityGroupIds?.some((id) => managedIds.has(id)) === true;
  if (!given.hasCluster && mayExist && !isStacks) {
    const why = clusterExists
      ? `the cluster ${clusterName} of this account is not in the state here`
      : `whether this account has another cluster ${clusterName} is not known`;
    const theirs = things.map((thing): Thing => (thing.owner === "other" ? thing : { ...thing, owner: "other", why }));
    return { ...found, isSomebodyElses: true, things: theirs, references: [] };
  }
  const references = groups
    .filter(({ id }) => !isForeign || isOurGroup(id))
    .flatMap((it) => referencesIn(it.details, groupIds));
  return { ...found, isSomebodyElses: false, things, references };
}
