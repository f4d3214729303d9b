import { paginateDescribeLogGroups } from "@aws-sdk/client-cloudwatch-logs";
import {
  DescribeKeyPairsCommand,
  paginateDescribeEgressOnlyInternetGateways,
  paginateDescribeFlowLogs,
  paginateDescribeLaunchTemplates,
} from "@aws-sdk/client-ec2";
import { paginateListClusters } from "@aws-sdk/client-eks";
import {
  ListOpenIDConnectProvidersCommand,
  paginateListInstanceProfiles,
  paginateListPolicies,
  paginateListRoles,
} from "@aws-sdk/client-iam";

import { all, type Listed } from "../../aws/answers";
import { withAws } from "../../aws/clients";
import { EVERYTHING, onePage } from "../../aws/finders/finder";
import { FINDERS } from "../../aws/finders/table";
import type { ClientSettings } from "./emulator";
import { askJson, askRoute53 } from "./emulator-call";

/** Ids of everything in an account that a rehearsal can make, by kind. */
export type Inventory = Readonly<Record<string, readonly string[]>>;

const LISTED = [
  "aws_autoscaling_group",
  "aws_ebs_volume",
  "aws_eip",
  "aws_elb",
  "aws_instance",
  "aws_internet_gateway",
  "aws_launch_configuration",
  "aws_lb",
  "aws_nat_gateway",
  "aws_route_table",
  "aws_security_group",
  "aws_subnet",
  "aws_vpc",
  "aws_vpc_endpoint",
] as const;

/** Asks an emulated account for all that is in it; what has ended, and only is still told of, does not count. */
export function takeInventory(settings: ClientSettings): Promise<Inventory> {
  return withAws(settings, async (clients) => {
    const { ec2, eks, iam, logs } = clients;
    const listed: Record<string, readonly string[]> = {};
    for (const type of LISTED) {
      const { noun, find } = FINDERS[type];
      const found = await find(clients, EVERYTHING);
      listed[noun] = found.flatMap(({ id, state }) => (state === "ended" ? [] : id)).sort();
    }
    const vpcs = listed[FINDERS.aws_vpc.noun] ?? [];
    const interfaces = await FINDERS.aws_network_interface.find(clients, EVERYTHING);
    return {
      ...listed,
      // The emulator forgets to delete a NAT gateway's with it.
      [FINDERS.aws_network_interface.noun]: interfaces
        .filter(({ details: { VpcId = "" } }) => vpcs.includes(VpcId))
        .map(({ id }) => id)
        .sort(),
      "egress-only internet gateway": await ids(
        paginateDescribeEgressOnlyInternetGateways({ client: ec2 }, {}),
        "EgressOnlyInternetGateways",
        "EgressOnlyInternetGatewayId",
      ),
      "flow log": await ids(paginateDescribeFlowLogs({ client: ec2 }, {}), "FlowLogs", "FlowLogId"),
      "hosted zone": [...(await askRoute53(settings, "hostedzone")).matchAll(/<Id>\/hostedzone\/(\w+)<\/Id>/g)]
        .map(([, id = ""]) => id)
        .sort(),
      "key pair": await ids(onePage(ec2.send(new DescribeKeyPairsCommand({}))), "KeyPairs", "KeyName"),
      cluster: await all(paginateListClusters({ client: eks }, {}), "clusters"),
      "launch template": await ids(
        paginateDescribeLaunchTemplates({ client: ec2 }, {}),
        "LaunchTemplates",
        "LaunchTemplateId",
      ),
      role: await ids(paginateListRoles({ client: iam }, {}), "Roles", "RoleName"),
      "instance profile": await ids(
        paginateListInstanceProfiles({ client: iam }, {}),
        "InstanceProfiles",
        "InstanceProfileName",
      ),
      policy: await ids(paginateListPolicies({ client: iam }, { Scope: "Local" }), "Policies", "Arn"),
      "identity provider": await ids(
        onePage(iam.send(new ListOpenIDConnectProvidersCommand({}))),
        "OpenIDConnectProviderList",
        "Arn",
      ),
      "KMS key": await keys(settings),
      "log group": await ids(paginateDescribeLogGroups({ client: logs }, {}), "logGroups", "logGroupName"),
    };
  });
}

/** The ids of the account's own keys that nobody has given up: a deleted one is still told of for days. */
async function keys(settings: ClientSettings): Promise<readonly string[]> {
  const { Keys } = await askJson<{ Keys: { KeyId: string }[] }>(settings, "kms", "ListKeys");
  const { Aliases: aliases } = await askJson<{ Aliases: { AliasName: string; TargetKeyId?: string }[] }>(
    settings,
    "kms",
    "ListAliases",
  );
  // AWS' own appear when somebody first uses them, and stay.
  const ofAws = aliases.flatMap(({ AliasName, TargetKeyId }) =>
    AliasName.startsWith("alias/aws/") ? TargetKeyId : [],
  );
  const own = Keys.filter(({ KeyId }) => !ofAws.includes(KeyId)).map(async ({ KeyId }) => {
    const told = await askJson<{ KeyMetadata: { KeyState: string } }>(settings, "kms", "DescribeKey", { KeyId });
    return told.KeyMetadata.KeyState === "PendingDeletion" ? [] : [KeyId];
  });
  return (await Promise.all(own)).flat().sort();
}

/** The ids of what AWS lists. @param list the field of a page that has the items @param id the field of an item */
async function ids<Page, List extends keyof Page>(
  pages: AsyncIterable<Page>,
  list: List,
  id: keyof Listed<Page, List>,
): Promise<readonly string[]> {
  return (await all(pages, list)).flatMap((item) => (item[id] as string | undefined) ?? []).sort();
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
