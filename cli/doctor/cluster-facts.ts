import { readIdentity, type Identity } from "../../aws/identity";
import { forEach, nameIn } from "../../aws/answers";
import { withAws, type AwsClients, type AwsSettings } from "../../aws/clients";
import { readAccessEntries, readCluster, type AccessEntry, type Cluster } from "../../aws/clusters";
import { readGroups, readLastFailure, readLaunches, type Group, type Launch as AwsLaunch } from "../../aws/groups";
import {
  readImage,
  readInstances,
  readInstanceTypes,
  type Image,
  type Instance,
  type InstanceType,
} from "../../aws/instances";
import {
  readEndpoints,
  readNatGateways,
  readSecurityGroups,
  readSubnetsBeside,
  readVpcNames,
  type NatGateway,
  type SecurityGroup,
  type Subnet,
  type VpcNames,
} from "../../aws/network";
import { readAttachedPolicies, readProfile } from "../../aws/roles";
import type { Handover } from "../../contract/handover";
import { readUserData, type ParsedUserData } from "../../modules/user-data/read";
import { ask, orElse, settled, type Fact } from "./fact";

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
export interface ClusterFacts {
  readonly identity: Fact<Identity>;
  /** Undefined when there is no such cluster. */
  readonly controlPlane: Fact<Cluster | undefined>;
  /** Groups that exist, of those that the stack has. */
  readonly groups: Fact<readonly NodeGroup[]>;
  /** What instances are launched from, by id. */
  readonly launches: Fact<Readonly<Record<string, Launch>>>;
  /** Instances of the groups that still exist. */
  readonly instances: Fact<readonly Instance[]>;
  /** Images of the instances and of what they are launched from; one that is missing here does not exist any more. */
  readonly images: Fact<readonly Image[]>;
  readonly instanceTypes: Fact<Readonly<Record<string, InstanceType>>>;
  /** ARN of the role in each instance profile, by the profile's name; undefined when there is none in it. */
  readonly profiles: Fact<Readonly<Record<string, string | undefined>>>;
  /** Names of the managed policies of each role, by the role's ARN. */
  readonly policies: Fact<Readonly<Record<string, readonly string[]>>>;
  readonly securityGroups: Fact<readonly SecurityGroup[]>;
  /** All of the VPC: those of the control plane and of the nodes, and others. */
  readonly subnets: Fact<readonly Subnet[]>;
  readonly vpc: Fact<VpcNames>;
  /** Services that the VPC has endpoints for: `ec2`, `ecr.api`, `s3`. */
  readonly vpcEndpoints: Fact<readonly string[]>;
  /** Empty where the cluster does not look into them. */
  readonly accessEntries: Fact<readonly AccessEntry[]>;
  /** Undefined when it does not exist. */
  readonly bastion: Fact<Instance | undefined>;
  /** NAT gateways in the VPC, for a while those that are gone, too. */
  readonly natGateways: Fact<readonly NatGateway[]>;
}

/** Asks AWS everything about a stack that exists. Never throws: what cannot be seen says why. */
export function readClusterFacts(handover: Handover, settings: AwsSettings): Promise<ClusterFacts> {
  return withAws(settings, async (aws) => {
    const { ec2, eks, iam, sts } = aws;
    const base = await settled({
      identity: ask("sts:GetCallerIdentity", () => readIdentity(sts)),
      controlPlane: ask("eks:DescribeCluster", () => readCluster(eks, handover.cluster_name)),
      groups: ask("autoscaling:DescribeAutoScalingGroups", () => nodeGroups(aws, Object.keys(handover.node_groups))),
      bastion: ask("ec2:DescribeInstances", async () => (await readInstances(ec2, [handover.bastion_instance_id]))[0]),
    });
    const plane = orElse(base.controlPlane, undefined);
    const found = orElse(base.groups, []);
    const launchIds = found.flatMap((group) => [group, ...group.instances]).flatMap(({ launchId }) => launchId ?? []);
    const second = await settled({
      launches: ask("autoscaling:DescribeLaunchConfigurations and ec2:DescribeLaunchTemplateVersions", async () => {
        const launches = await readLaunches(aws, launchIds);
        return Object.fromEntries(
          Object.entries(launches).map(([id, it]) => [id, { ...it, userData: readUserData(it.userData) }]),
        );
      }),
      instances: ask("ec2:DescribeInstances", () =>
        readInstances(
          ec2,
          found.flatMap((group) => group.instances.map(({ id }) => id)),
        ),
      ),
      accessEntries: ask("eks:ListAccessEntries and eks:DescribeAccessEntry", async () =>
        (plane?.authenticationMode ?? "CONFIG_MAP") === "CONFIG_MAP"
          ? []
          : readAccessEntries(eks, handover.cluster_name),
      ),
      subnets: ask("ec2:DescribeSubnets and ec2:DescribeRouteTables", () =>
        readSubnetsBeside(ec2, [...(plane?.subnetIds ?? []), ...found.flatMap(({ subnetIds }) => subnetIds)]),
      ),
    });
    const launched = Object.values(orElse(second.launches, {}));
    const nodes = orElse(second.instances, []);
    const bastion = orElse(base.bastion, undefined);
    const machines = [...launched, ...nodes, ...(bastion === undefined ? [] : [bastion])];
    // Moto's cluster does not know its VPC; its subnets do.
    const vpcId = [plane?.vpcId, orElse(second.subnets, [])[0]?.vpcId].find((id) => id !== undefined && id !== "");
    const inVpc = async <T>(permission: string, question: (id: string) => Promise<T>): Promise<Fact<T>> =>
      vpcId === undefined
        ? { unknown: "it is not known which VPC is the stack's" }
        : ask(permission, () => question(vpcId));
    const third = await settled({
      vpc: inVpc("ec2:DescribeVpcAttribute", (id) => readVpcNames(ec2, id)),
      natGateways: inVpc("ec2:DescribeNatGateways", (id) => readNatGateways(ec2, id)),
      vpcEndpoints: inVpc("ec2:DescribeVpcEndpoints", async (id) =>
        (await readEndpoints(ec2, id)).map(({ service }) => service),
      ),
      images: ask("ec2:DescribeImages", async () => {
        const ids = [...launched, ...nodes].map(({ imageId }) => imageId);
        return Object.values(await forEach(ids, (id) => readImage(ec2, id)));
      }),
      instanceTypes: ask("ec2:DescribeInstanceTypes", () =>
        readInstanceTypes(ec2, [...launched.map((it) => it.instanceType), ...nodes.map(({ type }) => type)]),
      ),
      profiles: ask("iam:GetInstanceProfile", () =>
        forEach(
          machines.map(({ instanceProfile }) => instanceProfile),
          async (name) => (await readProfile(iam, name))?.[0],
        ),
      ),
      securityGroups: ask("ec2:DescribeSecurityGroups", () =>
        readSecurityGroups(
          ec2,
          "group-id",
          [...machines, ...(plane === undefined ? [] : [plane])].flatMap((it) => it.securityGroupIds),
        ),
      ),
    });
    const profiles = orElse(third.profiles, {});
    const roles = [...launched, ...nodes].map(({ instanceProfile }) => profiles[instanceProfile] ?? "");
    const policies = await ask("iam:ListAttachedRolePolicies", () =>
      forEach(roles, async (role) => (await readAttachedPolicies(iam, nameIn(role))).map(nameIn)),
    );
    return { ...base, ...second, ...third, policies };
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
