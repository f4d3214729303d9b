import {
  AutoScalingClient,
  paginateDescribeAutoScalingGroups,
  paginateDescribeLaunchConfigurations,
} from "@aws-sdk/client-auto-scaling";
import {
  DescribeAddressesCommand,
  DescribeKeyPairsCommand,
  EC2Client,
  paginateDescribeEgressOnlyInternetGateways,
  paginateDescribeFlowLogs,
  paginateDescribeInstances,
  paginateDescribeInternetGateways,
  paginateDescribeLaunchTemplates,
  paginateDescribeNatGateways,
  paginateDescribeNetworkInterfaces,
  paginateDescribeRouteTables,
  paginateDescribeSecurityGroups,
  paginateDescribeSubnets,
  paginateDescribeVolumes,
  paginateDescribeVpcEndpoints,
  paginateDescribeVpcs,
} from "@aws-sdk/client-ec2";
import {
  paginateDescribeLoadBalancers as paginateClassic,
  ElasticLoadBalancingClient,
} from "@aws-sdk/client-elastic-load-balancing";
import { ElasticLoadBalancingV2Client, paginateDescribeLoadBalancers } from "@aws-sdk/client-elastic-load-balancing-v2";
import { EKSClient, paginateListClusters } from "@aws-sdk/client-eks";
import {
  IAMClient,
  ListOpenIDConnectProvidersCommand,
  paginateListInstanceProfiles,
  paginateListPolicies,
  paginateListRoles,
} from "@aws-sdk/client-iam";

import { askJson, askRoute53 } from "./emulator-call";
import type { ClientSettings } from "./emulator";

/** Ids of everything in an account that a rehearsal can make, by kind. */
export type Inventory = Readonly<Record<string, readonly string[]>>;

/** Asks an emulated account for all that is in it; what has ended, and only is still told of, does not count. */
export async function takeInventory(settings: ClientSettings): Promise<Inventory> {
  const ec2 = new EC2Client(settings);
  const eks = new EKSClient(settings);
  const autoScaling = new AutoScalingClient(settings);
  const iam = new IAMClient(settings);
  const classic = new ElasticLoadBalancingClient(settings);
  const elb = new ElasticLoadBalancingV2Client(settings);
  const in2 = { client: ec2 };
  try {
    const vpcs = await ids(paginateDescribeVpcs(in2, {}), (page) => page.Vpcs?.map((it) => it.VpcId));
    return {
      VPC: vpcs,
      subnet: await ids(paginateDescribeSubnets(in2, {}), (page) => page.Subnets?.map((it) => it.SubnetId)),
      "internet gateway": await ids(paginateDescribeInternetGateways(in2, {}), (page) =>
        page.InternetGateways?.map((it) => it.InternetGatewayId),
      ),
      "egress-only internet gateway": await ids(paginateDescribeEgressOnlyInternetGateways(in2, {}), (page) =>
        page.EgressOnlyInternetGateways?.map((it) => it.EgressOnlyInternetGatewayId),
      ),
      "NAT gateway": await ids(paginateDescribeNatGateways(in2, {}), (page) =>
        page.NatGateways?.map((it) => (it.State === "deleted" ? undefined : it.NatGatewayId)),
      ),
      address: ((await ec2.send(new DescribeAddressesCommand({}))).Addresses ?? []).map((it) => it.AllocationId ?? ""),
      "route table": await ids(paginateDescribeRouteTables(in2, {}), (page) =>
        page.RouteTables?.map((it) => it.RouteTableId),
      ),
      "security group": await ids(paginateDescribeSecurityGroups(in2, {}), (page) =>
        page.SecurityGroups?.map((it) => it.GroupId),
      ),
      "network interface": await ids(paginateDescribeNetworkInterfaces(in2, {}), (page) =>
        // The emulator forgets to delete a NAT gateway's with it.
        page.NetworkInterfaces?.map((it) => (vpcs.includes(it.VpcId ?? "") ? it.NetworkInterfaceId : undefined)),
      ),
      "VPC endpoint": await ids(paginateDescribeVpcEndpoints(in2, {}), (page) =>
        page.VpcEndpoints?.map((it) => (it.State?.toLowerCase() === "deleted" ? undefined : it.VpcEndpointId)),
      ),
      "flow log": await ids(paginateDescribeFlowLogs(in2, {}), (page) => page.FlowLogs?.map((it) => it.FlowLogId)),
      "hosted zone": [...(await askRoute53(settings, "hostedzone")).matchAll(/<Id>\/hostedzone\/(\w+)<\/Id>/g)]
        .map(([, id = ""]) => id)
        .sort(),
      instance: await ids(paginateDescribeInstances(in2, {}), (page) =>
        page.Reservations?.flatMap((it) => it.Instances ?? []).map((it) =>
          it.State?.Name === "terminated" ? undefined : it.InstanceId,
        ),
      ),
      volume: await ids(paginateDescribeVolumes(in2, {}), (page) => page.Volumes?.map((it) => it.VolumeId)),
      "key pair": ((await ec2.send(new DescribeKeyPairsCommand({}))).KeyPairs ?? []).map((it) => it.KeyName ?? ""),
      cluster: await ids(paginateListClusters({ client: eks }, {}), (page) => page.clusters),
      "Auto Scaling group": await ids(paginateDescribeAutoScalingGroups({ client: autoScaling }, {}), (page) =>
        page.AutoScalingGroups?.map((it) => it.AutoScalingGroupName),
      ),
      "launch configuration": await ids(paginateDescribeLaunchConfigurations({ client: autoScaling }, {}), (page) =>
        page.LaunchConfigurations?.map((it) => it.LaunchConfigurationName),
      ),
      "launch template": await ids(paginateDescribeLaunchTemplates(in2, {}), (page) =>
        page.LaunchTemplates?.map((it) => it.LaunchTemplateId),
      ),
      "classic load balancer": await ids(paginateClassic({ client: classic }, {}), (page) =>
        page.LoadBalancerDescriptions?.map((it) => it.LoadBalancerName),
      ),
      "load balancer": await ids(paginateDescribeLoadBalancers({ client: elb }, {}), (page) =>
        page.LoadBalancers?.map((it) => it.LoadBalancerName),
      ),
      role: await ids(paginateListRoles({ client: iam }, {}), (page) => page.Roles?.map((it) => it.RoleName)),
      "instance profile": await ids(paginateListInstanceProfiles({ client: iam }, {}), (page) =>
        page.InstanceProfiles?.map((it) => it.InstanceProfileName),
      ),
      policy: await ids(paginateListPolicies({ client: iam }, { Scope: "Local" }), (page) =>
        page.Policies?.map((it) => it.Arn),
      ),
      "identity provider": (
        (await iam.send(new ListOpenIDConnectProvidersCommand({}))).OpenIDConnectProviderList ?? []
      ).map((it) => it.Arn ?? ""),
      "KMS key": await keys(settings),
      "log group": (
        await askJson<{ logGroups: { logGroupName: string }[] }>(settings, "logs", "DescribeLogGroups")
      ).logGroups.map((it) => it.logGroupName),
    };
  } finally {
    for (const client of [ec2, eks, autoScaling, iam, classic, elb]) client.destroy();
  }
}

/** The ids of the account's own keys that nobody has given up: a deleted one is still told of for days. */
async function keys(settings: ClientSettings): Promise<readonly string[]> {
  const { Keys: all } = await askJson<{ Keys: { KeyId: string }[] }>(settings, "kms", "ListKeys");
  const { Aliases: aliases } = await askJson<{ Aliases: { AliasName: string; TargetKeyId?: string }[] }>(
    settings,
    "kms",
    "ListAliases",
  );
  // AWS' own appear when somebody first uses them, and stay.
  const ofAws = aliases.flatMap(({ AliasName, TargetKeyId }) =>
    AliasName.startsWith("alias/aws/") ? TargetKeyId : [],
  );
  const states = await Promise.all(
    all.map(({ KeyId }) => askJson<{ KeyMetadata: { KeyState: string } }>(settings, "kms", "DescribeKey", { KeyId })),
  );
  return all
    .map(({ KeyId }) => KeyId)
    .filter((id, at) => states[at]?.KeyMetadata.KeyState !== "PendingDeletion" && !ofAws.includes(id))
    .sort();
}

async function ids<Page>(
  pages: AsyncIterable<Page>,
  of: (page: Page) => readonly (string | undefined)[] | undefined,
): Promise<readonly string[]> {
  const all: string[] = [];
  for await (const page of pages) all.push(...(of(page) ?? []).filter((id) => id !== undefined));
  return all.sort();
}

/** What an inventory has that an earlier one has not: `VPC vpc-1, vpc-2`. */
export function added(before: Inventory, after: Inventory): readonly string[] {
  return Object.entries(after).flatMap(([kind, all]) => {
    const fresh = all.filter((id) => !(before[kind] ?? []).includes(id));
    return fresh.length === 0 ? [] : [`${kind} ${fresh.join(", ")}`];
  });
}

/** How many things there are of all kinds together. */
export function count(inventory: Inventory): number {
  return Object.values(inventory).reduce((sum, all) => sum + all.length, 0);
}
