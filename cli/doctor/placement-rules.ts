import { shell } from "../../contract/shell";
import { groupZones, inNetwork, MACHINES, NODE_GROUP, privateSubnets, publicSubnets, type AccountRule } from "./before";
import { noWaysOut } from "./egress";
import { orElse } from "./fact";
import { found, known } from "./rule";

/**
 * Zones in which EKS makes no control plane, by the id that is the same in every account.
 *
 * @see https://docs.aws.amazon.com/eks/latest/userguide/network-reqs.html
 */
const NO_CONTROL_PLANE_IN = ["use1-az3", "usw1-az2", "cac1-az3"];

/** Rules about where the stack stands: the network that exists already, zones, and what EC2 offers in them. */
export const PLACEMENT_RULES: readonly AccountRule[] = [
  {
    code: "network-missing",
    changed: ["aws_eks_cluster", ...MACHINES],
    judge: (facts) =>
      inNetwork(facts, ({ hasVpc, subnets }, vpcId) => {
        const { publicSubnetIds, privateSubnetIds, groups, region } = facts.inputs;
        const lists: Readonly<Record<string, readonly string[]>> = {
          public_subnet_ids: publicSubnetIds,
          private_subnet_ids: privateSubnetIds,
          ...Object.fromEntries(groups.map(({ key, subnetIds }) => [`node_groups.${key}.subnet_ids`, subnetIds])),
        };
        const shown = shell`aws ec2 describe-subnets --filters Name=vpc-id,Values=${vpcId} --region ${region} --query
          'Subnets[].[SubnetId,AvailabilityZone]'`;
        return [
          !hasVpc &&
            found(
              "error",
              vpcId,
              `vpc_id: there is no VPC ${vpcId} in ${region} that this account may see`,
              `give the id of one that exists (${shell`aws ec2 describe-vpcs --region ${region}`}), or leave vpc_id out: ` +
                "the stack makes a VPC then",
            ),
          Object.entries(lists).map(([variable, ids]) =>
            ids
              .filter((id) => !subnets.some((subnet) => subnet.id === id))
              .map((id) =>
                found(
                  "error",
                  id,
                  `${variable}: there is no subnet ${id} in ${region}`,
                  `give subnets of ${vpcId}: ${shown}`,
                ),
              ),
          ),
        ];
      }),
  },
  {
    code: "node-egress",
    changed: NODE_GROUP,
    judge: (facts) =>
      inNetwork(facts, (network, vpcId) => {
        const { privateSubnetIds, groups, vpcEndpoints, region } = facts.inputs;
        const used = [...privateSubnetIds, ...groups.flatMap(({ subnetIds }) => subnetIds)];
        const ways = { ...network, endpoints: [...network.endpoints, ...vpcEndpoints] };
        // Of subnets that lead nowhere, or to the internet by themselves, the plan speaks.
        const subnets = network.subnets.filter(
          ({ id, defaultRoute }) => used.includes(id) && defaultRoute !== undefined,
        );
        return noWaysOut(ways, subnets, () => false).map(({ ids, problem, lacks }) =>
          found(
            "error",
            ids,
            `nodes here would have no way out (0.0.0.0/0 ${problem}): they would fetch no images and join nothing`,
            "send 0.0.0.0/0 of their route table to a NAT gateway that works (" +
              shell`aws ec2 replace-route --destination-cidr-block 0.0.0.0/0 --region ${region} --route-table-id TABLE
                --nat-gateway-id NAT; aws ec2 describe-nat-gateways --filter Name=vpc-id,Values=${vpcId}
                --region ${region}` +
              ` shows those that there are); or do without, by vpc_endpoints with ${lacks}`,
          ),
        );
      }),
  },
  {
    code: "zone",
    made: ["aws_eks_cluster", "aws_subnet"],
    judge: (facts) =>
      known(facts.account.zones, (zones) => {
        const { region, vpcId } = facts.inputs;
        const variable = vpcId === undefined ? "vpc_private_subnets" : "private_subnet_ids";
        const names = zones.map(({ name }) => name);
        const ofPrivate = privateSubnets(facts).map(({ az }) => az);
        const used = new Set([...publicSubnets(facts).map(({ az }) => az), ...ofPrivate]);
        return [
          [...used].map(
            (az) =>
              !names.includes(az) &&
              found(
                "error",
                az,
                `subnets stand in ${az}, which ${region} does not offer to this account; it offers ${names.join(", ")}`,
                vpcId === undefined
                  ? "write vpc_public_subnets and vpc_private_subnets with zones that are offered"
                  : "give public_subnet_ids and private_subnet_ids in zones that are offered",
              ),
          ),
          zones.map(
            ({ name, id }) =>
              NO_CONTROL_PLANE_IN.includes(id) &&
              // The control plane has its network interfaces in the private subnets.
              ofPrivate.includes(name) &&
              found(
                "error",
                name,
                `${variable} has ${name}, which is ${id} to AWS, where EKS makes no control plane`,
                `write ${variable} with other zones: ${names.filter((other) => other !== name).join(", ")}`,
              ),
          ),
        ];
      }),
  },
  {
    code: "instance-type",
    changed: MACHINES,
    judge: (facts) =>
      known(facts.account.offerings, (offerings) => {
        const { groups, bastion, region, vpcId } = facts.inputs;
        const existing = orElse(facts.account.instanceTypes);
        const offeredIn = (types: readonly string[]) => [...new Set(types.flatMap((type) => offerings[type] ?? []))];
        const cause = (types: readonly string[], zones: readonly string[]) =>
          `EC2 does not offer ${types.join(" or ")} in ${zones.join(", ") || region}; it does in ` +
          (offeredIn(types).join(", ") || `no zone of ${region}`);
        // The bastion stands in the first public subnet.
        const [first] = publicSubnets(facts);
        return [
          groups.map((group) => {
            const { instanceTypes: types, variables, names } = group;
            const unknown = types.filter((type) => existing !== undefined && !(type in existing));
            if (unknown.length > 0 && unknown.length < types.length) {
              return found(
                "error",
                unknown.join(", "),
                `${variables.instanceType}: ${region} has no instance type ${unknown.join(" or ")}`,
                `leave ${unknown.join(" and ")} out; ${region} has ` +
                  types.filter((type) => !unknown.includes(type)).join(", "),
              );
            }
            const zones = groupZones(facts, group);
            const offered = offeredIn(types);
            const without = zones.filter((az) => !offered.includes(az));
            return (
              // Where its subnets cannot be seen, so cannot their zones.
              (without.length > 0 || (zones.length === 0 && offered.length === 0)) &&
              found(
                // The group launches its nodes in the other zones then, if it is not one for each zone.
                without.length < zones.length && names.length === 1 ? "warning" : "error",
                types.join(", "),
                cause(types, without),
                `choose another ${variables.instanceType}, or private subnets in zones that have it`,
              )
            );
          }),
          first !== undefined &&
            !offeredIn([bastion.instanceType]).includes(first.az) &&
            found(
              "error",
              bastion.instanceType,
              `the bastion is a ${bastion.instanceType}: ${cause([bastion.instanceType], [first.az])}`,
              `let ${vpcId === undefined ? "vpc_public_subnets" : "public_subnet_ids"} begin with a subnet in a zone that ` +
                "has it",
            ),
        ];
      }),
  },
];
