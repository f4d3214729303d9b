import { subnetsOf, type NodeGroupInput, type StackInputs, type SubnetInput } from "../stack-inputs";
import type { AccountFacts, NetworkFact } from "./account-facts";
import { orElse } from "./fact";
import { known, type Judgement, type Rule } from "./rule";

/** What is judged before anything exists. */
export interface BeforeFacts {
  readonly inputs: StackInputs;
  readonly account: AccountFacts;
}

/**
 * A rule about what does not exist yet. Of a stack that exists, or is made half, it is about some changes too. What it
 * finds of the rest is as it was, or the stack's own: a name that is taken by itself.
 */
export interface AccountRule extends Rule<BeforeFacts> {
  /** Types of Terraform that it is about as they are made. @default - none */
  readonly made?: readonly string[];
  /** Those that it is about as they are made or changed. @default - none */
  readonly changed?: readonly string[];
}

/** Terraform's types that nodes are launched from. */
export const NODE_GROUP = ["aws_autoscaling_group", "aws_launch_template", "aws_launch_configuration"];
/** Those and the bastion's. */
export const MACHINES = ["aws_instance", ...NODE_GROUP];

/** What a rule finds in the network that exists already; nothing where the stack makes its own. */
export function inNetwork(
  { account, inputs: { vpcId } }: BeforeFacts,
  judge: (network: NetworkFact, vpcId: string) => Judgement,
): Judgement {
  return known(account.network, (network) => network !== undefined && vpcId !== undefined && judge(network, vpcId));
}

/** Subnets by their ids, in the words of tfvars. */
function existing({ account }: BeforeFacts, ids: readonly string[]): readonly SubnetInput[] {
  const subnets = orElse(account.network)?.subnets ?? [];
  return ids.flatMap((id) =>
    subnets.filter((it) => it.id === id).map(({ zone, cidr }) => ({ az: zone, cidr, name: id })),
  );
}

/** The stack's public subnets, also those that exist already. */
export function publicSubnets(facts: BeforeFacts): readonly SubnetInput[] {
  return [...facts.inputs.publicSubnets, ...existing(facts, facts.inputs.publicSubnetIds)];
}

/** The stack's private subnets, also those that exist already. */
export function privateSubnets(facts: BeforeFacts): readonly SubnetInput[] {
  return [...facts.inputs.privateSubnets, ...existing(facts, facts.inputs.privateSubnetIds)];
}

/** Names of the zones that a group stands in, each once; none where its subnets cannot be seen. */
export function groupZones(facts: BeforeFacts, group: NodeGroupInput): readonly string[] {
  const { subnetIds } = group;
  const subnets = subnetIds.length > 0 ? existing(facts, subnetIds) : subnetsOf(group, privateSubnets(facts));
  return [...new Set(subnets.map(({ az }) => az))];
}
