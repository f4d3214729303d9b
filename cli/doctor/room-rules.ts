import { isStandard } from "../../aws/quotas";
import { shell } from "../../contract/shell";
import { usableAddresses } from "../../facts/cidr";
import { addressesPerNode, CLUSTER_INTERFACES } from "../../facts/pods";
import { QUOTAS } from "../../facts/quotas";
import { counted } from "../../terminal/text";
import { subnetsOf } from "../stack-inputs";
import type { AccountRule, BeforeFacts } from "./before";
import { orElse } from "./fact";
import { podRules } from "./pod-rules";
import { found, HALF_APPLIED, known } from "./rule";

/**
 * @param what of which the stack needs one
 * @param neededBy how many the stack needs; NaN when that cannot be known
 */
function quotaRule(
  code: string,
  name: keyof typeof QUOTAS,
  what: string,
  neededBy: (facts: BeforeFacts) => number,
): AccountRule {
  const quota = QUOTAS[name];
  return {
    code,
    follows: HALF_APPLIED,
    judge: (facts) =>
      known(facts.account[name], ({ used, limit }) => {
        const { region } = facts.inputs;
        const needed = neededBy(facts);
        return (
          needed > 0 &&
          used + needed > limit &&
          found(
            "error",
            quota.name,
            `the stack needs ${counted(needed, `more ${what}`)}; ${String(used)} of ` +
              `${String(limit)} in ${region} are used`,
            "remove what is not needed any more, or ask for more, which takes a while: " +
              shell`aws service-quotas request-service-quota-increase --service-code ${quota.service}
                --quota-code ${quota.code} --desired-value ${used + needed} --region ${region}`,
          )
        );
      }),
  };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, it) => total + it, 0);
}

/** Rules about how much room there is: in quotas, subnets and nodes. */
export const ROOM_RULES: readonly AccountRule[] = [
  quotaRule("quota-vpcs", "quotaOfVpcs", "VPC", ({ inputs }) => (inputs.vpcId === undefined ? 1 : 0)),
  quotaRule("quota-addresses", "quotaOfAddresses", "Elastic IP", ({ inputs }) => inputs.natGateways),
  quotaRule("quota-vcpus", "quotaOfVcpus", "vCPU", ({ account, inputs: { groups, bastion } }) => {
    const vcpusOf = (type: string) => orElse(account.instanceTypes, {})[type]?.vcpus ?? NaN;
    // Of several types the first is preferred. Other families have quotas of their own, and so have spot instances.
    const ofNodes = groups.map(({ instanceTypes: [type], onDemand }) =>
      isStandard(type) ? vcpusOf(type) * onDemand : 0,
    );
    return sum([vcpusOf(bastion.instanceType), ...ofNodes]);
  }),
  {
    code: "subnet-small",
    made: ["aws_subnet"],
    judge: ({ account, inputs: { privateSubnets, groups, prefixDelegation } }) =>
      known(account.instanceTypes, (types) =>
        privateSubnets.map((subnet) => {
          const here = groups.flatMap((group) => {
            const [name] = group.instanceTypes;
            const type = types[name];
            const own = subnetsOf(group, privateSubnets);
            if (type === undefined || !own.includes(subnet)) return [];
            // One group for each zone fills its own zone's subnets.
            const shared = group.names.length > 1 ? own.filter(({ az }) => az === subnet.az).length : own.length;
            const each = (nodes: number) => Math.ceil(nodes / shared);
            const max = each(group.size.max);
            const addresses = max * addressesPerNode(type).full;
            return [{ addresses, desired: each(group.size.desired), nodes: `${counted(max, "node")} of ${name}` }];
          });
          const needed = CLUSTER_INTERFACES.least + sum(here.map(({ addresses }) => addresses));
          const has = usableAddresses(subnet.cidr);
          return (
            // With prefixes a node takes sixteen addresses at a time, as many as its pods need.
            !prefixDelegation &&
            here.length > 0 &&
            has < needed &&
            found(
              // Not even the nodes of the first day, before there are any pods.
              has < CLUSTER_INTERFACES.least + sum(here.map(({ desired }) => desired)) ? "error" : "warning",
              subnet.name,
              `vpc_private_subnets: ${subnet.cidr} has ${String(has)} addresses; ` +
                `${here.map(({ nodes }) => nodes).join(" and ")}, with an address for each pod, and the control ` +
                `plane take up to ${String(needed)}`,
              "give it a larger range: a subnet keeps the one it was made with",
            )
          );
        }),
      ),
  },
  ...podRules(({ account, inputs: { groups, privateSubnets, region, prefixDelegation } }: BeforeFacts) =>
    prefixDelegation
      ? []
      : groups.map((group) => {
          const [type] = group.instanceTypes;
          return {
            type,
            is: orElse(account.instanceTypes, {})[type],
            nodes: group.names.length * group.size.desired,
            addresses: subnetsOf(group, privateSubnets).map(({ cidr }) => usableAddresses(cidr)),
            region,
            variable: group.variables.instanceType,
          };
        }),
  ),
  {
    code: "ssh-nobody",
    judge: ({ inputs: { sshCidrs } }) =>
      sshCidrs.every((cidr) => cidr.includes(":")) &&
      found(
        "warning",
        "kubectl_ssh_cidrs",
        "kubectl_ssh_cidrs names no IPv4 network: nobody could reach the bastion by SSH, the bootstrap neither",
        'set kubectl_ssh_cidrs = ["YOUR-ADDRESS/32"] (curl -s https://checkip.amazonaws.com says it)',
      ),
  },
];
