import { forEach, nameIn } from "../../aws/answers";
import { withAws, type AwsClients, type AwsSettings } from "../../aws/clients";
import { readAccessEntries, readCluster } from "../../aws/clusters";
import { readGroups, readLastFailure, readLaunches, type Group, type Launch as AwsLaunch } from "../../aws/groups";
import { readIdentity } from "../../aws/identity";
import { readImage, readInstances, readInstanceTypes } from "../../aws/instances";
import { readEndpoints, readNatGateways, readSecurityGroups, readSubnetsBeside, readVpcNames } from "../../aws/network";
import { readAttachedPolicies, readProfile } from "../../aws/roles";
import type { Handover } from "../../contract/handover";
import { readUserData, type ParsedUserData } from "../../modules/user-data/read";
import { NoAnswer, orElse, settled } from "./fact";

/** What instances are launched from, with what its user data says. */
export interface Launch extends Omit<AwsLaunch, "userData"> {
  readonly userData: ParsedUserData;
}

/** An Auto Scaling group of nodes. */
export interface NodeGroup extends Group {
  /** Why the last launch failed, in AWS' words; undefined when it did not, or nobody knows. */
  readonly failure: string | undefined;
}

/** What AWS says about a stack that exists. */
export type ClusterFacts = Awaited<ReturnType<typeof readClusterFacts>>;

/** Asks AWS everything about a stack that exists. Never throws: what cannot be seen says why. */
export function readClusterFacts(handover: Handover, settings: AwsSettings) {
  return withAws(settings, async (aws) => {
    const { ec2, eks, iam, sts } = aws;
    const base = await settled({
      identity: readIdentity(sts),
      /** Undefined when there is no such cluster. */
      controlPlane: readCluster(eks, handover.cluster_name),
      /** Groups that exist, of those that the stack has. */
      groups: nodeGroups(aws, Object.keys(handover.node_groups)),
      /** Undefined when it does not exist. */
      bastion: readInstances(ec2, [handover.bastion_instance_id]).then(([it]) => it),
    });
    const plane = orElse(base.controlPlane);
    const groups = orElse(base.groups, []);
    const second = await settled({
      /** What instances are launched from, by id. */
      launches: launchesOf(aws, groups),
      /** Instances of the groups that still exist. */
      instances: readInstances(
        ec2,
        groups.flatMap(({ instances }) => instances.map(({ id }) => id)),
      ),
      /** Empty where the cluster does not look into them. */
      accessEntries:
        (plane?.authenticationMode ?? "CONFIG_MAP") === "CONFIG_MAP"
          ? []
          : readAccessEntries(eks, handover.cluster_name),
      /** All of the VPC: those of the control plane and of the nodes, and others. */
      subnets: readSubnetsBeside(ec2, [...(plane?.subnetIds ?? []), ...groups.flatMap(({ subnetIds }) => subnetIds)]),
    });
    const launches = Object.values(orElse(second.launches, {}));
    const nodes = orElse(second.instances, []);
    const machines = [...launches, ...nodes, orElse(base.bastion) ?? []].flat();
    const imageIds = [...launches, ...nodes].map(({ imageId }) => imageId);
    const types = [...launches.map(({ instanceType }) => instanceType), ...nodes.map(({ type }) => type)];
    // Where the cluster does not say its VPC, its subnets do.
    const vpcId = [plane?.vpcId, orElse(second.subnets, [])[0]?.vpcId].find((id) => id !== undefined && id !== "");
    const inVpc = <T>(question: (id: string) => Promise<T>): Promise<T> =>
      vpcId === undefined
        ? Promise.reject(new NoAnswer({ unknown: "it is not known which VPC is the stack's" }))
        : question(vpcId);
    const third = await settled({
      vpc: inVpc((id) => readVpcNames(ec2, id)),
      /** NAT gateways in the VPC, for a while those that are gone, too. */
      natGateways: inVpc((id) => readNatGateways(ec2, id)),
      /** Services that the VPC has endpoints for: `ec2`, `ecr.api`, `s3`. */
      vpcEndpoints: inVpc(async (id) => (await readEndpoints(ec2, id)).map(({ service }) => service)),
      /** Images of the instances and of what they are launched from; one that is missing does not exist any more. */
      images: forEach(imageIds, (id) => readImage(ec2, id)).then((images) => Object.values(images)),
      instanceTypes: readInstanceTypes(ec2, types),
      /** ARN of the role in each instance profile, by the profile's name; undefined when there is none in it. */
      profiles: forEach(
        machines.map(({ instanceProfile }) => instanceProfile),
        async (name) => (await readProfile(iam, name))?.[0],
      ),
      securityGroups: readSecurityGroups(
        ec2,
        "group-id",
        [...machines, plane ?? []].flat().flatMap(({ securityGroupIds }) => securityGroupIds),
      ),
    });
    const profiles: Readonly<Record<string, string | undefined>> = orElse(third.profiles, {});
    const roles = [...launches, ...nodes].map(({ instanceProfile }) => profiles[instanceProfile] ?? "");
    const last = await settled({
      /** Names of the managed policies of each role, by the role's ARN. */
      policies: forEach(roles, async (role) => (await readAttachedPolicies(iam, nameIn(role))).map(nameIn)),
    });
    return { ...base, ...second, ...third, ...last };
  });
}

async function nodeGroups({ autoScaling }: AwsClients, names: readonly string[]): Promise<NodeGroup[]> {
  const groups = await readGroups(autoScaling, names);
  return Promise.all(
    groups.map(async (group) => ({
      ...group,
      // The number of instances tells that something is wrong, also to who may not ask why.
      failure: await readLastFailure(autoScaling, group.name).catch(() => undefined),
    })),
  );
}

async function launchesOf(aws: AwsClients, groups: readonly Group[]): Promise<Readonly<Record<string, Launch>>> {
  const ids = groups.flatMap((group) => [group, ...group.instances]).flatMap(({ launchId }) => launchId ?? []);
  const launches = Object.entries(await readLaunches(aws, ids));
  return Object.fromEntries(launches.map(([id, it]) => [id, { ...it, userData: readUserData(it.userData) }]));
}
