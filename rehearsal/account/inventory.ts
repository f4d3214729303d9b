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

import { withAws } from "../../aws/clients";
import { EVERYTHING } from "../../aws/finders/finder";
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
        (page) => page.EgressOnlyInternetGateways?.map((it) => it.EgressOnlyInternetGatewayId),
      ),
      "flow log": await ids(paginateDescribeFlowLogs({ client: ec2 }, {}), (page) =>
        page.FlowLogs?.map((it) => it.FlowLogId),
      ),
      "hosted zone": [...(await askRoute53(settings, "hostedzone")).matchAll(/<Id>\/hostedzone\/(\w+)<\/Id>/g)]
        .map(([, id = ""]) => id)
        .sort(),
      "key pair": ((await ec2.send(new DescribeKeyPairsCommand({}))).KeyPairs ?? []).map((it) => it.KeyName ?? ""),
      cluster: await ids(paginateListClusters({ client: eks }, {}), (page) => page.clusters),
      "launch template": await ids(paginateDescribeLaunchTemplates({ client: ec2 }, {}), (page) =>
        page.LaunchTemplates?.map((it) => it.LaunchTemplateId),
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
      "log group": await ids(paginateDescribeLogGroups({ client: logs }, {}), (page) =>
        page.logGroups?.map((it) => it.logGroupName),
      ),
    };
  });
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
