import { paginateDescribeAutoScalingGroups } from "@aws-sdk/client-auto-scaling";
import {
  DescribeAddressesCommand,
  DescribeKeyPairsCommand,
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
import { paginateListClusters } from "@aws-sdk/client-eks";
import {
  ListOpenIDConnectProvidersCommand,
  paginateListInstanceProfiles,
  paginateListPolicies,
  paginateListRoles,
} from "@aws-sdk/client-iam";

import { readLaunchConfigurations } from "../../aws/account";
import { all } from "../../aws/answers";
import { awsClients } from "../../aws/clients";
import { askJson, askRoute53 } from "./emulator-call";
import type { ClientSettings } from "./emulator";

/** Ids of everything in an account that a rehearsal can make, by kind. */
export type Inventory = Readonly<Record<string, readonly string[]>>;

/** Asks an emulated account for all that is in it; what has ended, and only is still told of, does not count. */
export async function takeInventory(settings: ClientSettings): Promise<Inventory> {
  const aws = awsClients(settings);
  const [ec2, autoScaling, iam] = [{ client: aws.ec2 }, { client: aws.autoScaling }, { client: aws.iam }];
  const classic = { client: new ElasticLoadBalancingClient(settings) };
  const v2 = { client: new ElasticLoadBalancingV2Client(settings) };
  try {
    const vpcs = await ids(paginateDescribeVpcs(ec2, {}), "Vpcs", "VpcId");
    const instances = await all(paginateDescribeInstances(ec2, {}), ({ Reservations = [] }) =>
      Reservations.flatMap((it) => it.Instances ?? []),
    );
    return {
      VPC: vpcs,
      subnet: await ids(paginateDescribeSubnets(ec2, {}), "Subnets", "SubnetId"),
      "internet gateway": await ids(paginateDescribeInternetGateways(ec2, {}), "InternetGateways", "InternetGatewayId"),
      "egress-only internet gateway": await ids(
        paginateDescribeEgressOnlyInternetGateways(ec2, {}),
        "EgressOnlyInternetGateways",
        "EgressOnlyInternetGatewayId",
      ),
      "NAT gateway": await ids(
        paginateDescribeNatGateways(ec2, {}),
        "NatGateways",
        "NatGatewayId",
        ({ State }) => State !== "deleted",
      ),
      address: ((await aws.ec2.send(new DescribeAddressesCommand({}))).Addresses ?? []).map(
        (it) => it.AllocationId ?? "",
      ),
      "route table": await ids(paginateDescribeRouteTables(ec2, {}), "RouteTables", "RouteTableId"),
      "security group": await ids(paginateDescribeSecurityGroups(ec2, {}), "SecurityGroups", "GroupId"),
      "network interface": await ids(
        paginateDescribeNetworkInterfaces(ec2, {}),
        "NetworkInterfaces",
        "NetworkInterfaceId",
        // The emulator forgets to delete a NAT gateway's with it.
        ({ VpcId = "" }) => vpcs.includes(VpcId),
      ),
      "VPC endpoint": await ids(
        paginateDescribeVpcEndpoints(ec2, {}),
        "VpcEndpoints",
        "VpcEndpointId",
        ({ State }) => State?.toLowerCase() !== "deleted",
      ),
      "flow log": await ids(paginateDescribeFlowLogs(ec2, {}), "FlowLogs", "FlowLogId"),
      "hosted zone": [...(await askRoute53(settings, "hostedzone")).matchAll(/<Id>\/hostedzone\/(\w+)<\/Id>/g)]
        .map(([, id = ""]) => id)
        .sort(),
      instance: instances
        .flatMap(({ State, InstanceId = "" }) => (State?.Name === "terminated" ? [] : InstanceId))
        .sort(),
      volume: await ids(paginateDescribeVolumes(ec2, {}), "Volumes", "VolumeId"),
      "key pair": ((await aws.ec2.send(new DescribeKeyPairsCommand({}))).KeyPairs ?? []).map((it) => it.KeyName ?? ""),
      cluster: (await all(paginateListClusters({ client: aws.eks }, {}), (page) => page.clusters)).sort(),
      "Auto Scaling group": await ids(
        paginateDescribeAutoScalingGroups(autoScaling, {}),
        "AutoScalingGroups",
        "AutoScalingGroupName",
      ),
      "launch configuration": (await readLaunchConfigurations(aws.autoScaling)).sort(),
      "launch template": await ids(paginateDescribeLaunchTemplates(ec2, {}), "LaunchTemplates", "LaunchTemplateId"),
      "classic load balancer": await ids(paginateClassic(classic, {}), "LoadBalancerDescriptions", "LoadBalancerName"),
      "load balancer": await ids(paginateDescribeLoadBalancers(v2, {}), "LoadBalancers", "LoadBalancerName"),
      role: await ids(paginateListRoles(iam, {}), "Roles", "RoleName"),
      "instance profile": await ids(paginateListInstanceProfiles(iam, {}), "InstanceProfiles", "InstanceProfileName"),
      policy: await ids(paginateListPolicies(iam, { Scope: "Local" }), "Policies", "Arn"),
      "identity provider": (
        (await aws.iam.send(new ListOpenIDConnectProvidersCommand({}))).OpenIDConnectProviderList ?? []
      ).map((it) => it.Arn ?? ""),
      "KMS key": await keys(settings),
      "log group": (
        await askJson<{ logGroups: { logGroupName: string }[] }>(settings, "logs", "DescribeLogGroups")
      ).logGroups.map((it) => it.logGroupName),
    };
  } finally {
    aws.close();
    classic.client.destroy();
    v2.client.destroy();
  }
}

type Item<Page, List extends keyof Page> = NonNullable<Page[List]> extends readonly (infer One)[] ? One : never;

/** The ids of what the pages of an answer list. @param isThere of what has not ended. @default - all */
async function ids<Page, List extends keyof Page>(
  pages: AsyncIterable<Page>,
  list: List,
  id: keyof Item<Page, List>,
  isThere: (item: Item<Page, List>) => boolean = () => true,
): Promise<readonly string[]> {
  const items = await all(pages, (page) => page[list] as Item<Page, List>[] | undefined);
  return items
    .filter(isThere)
    .map((item) => String(item[id]))
    .sort();
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
