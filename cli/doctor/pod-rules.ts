import type { InstanceType } from "../../aws/instances";
import { shell } from "../../contract/shell";
import { podsLeft, podsPerNode } from "../../facts/pods";
import { counted } from "../../terminal/text";
import { found, type Found, type Rule } from "./rule";

/** Nodes of one group. */
export interface GroupOfNodes {
  /** Name of their instance type, and what EC2 tells of it. */
  readonly type: string;
  readonly is: InstanceType | undefined;
  readonly nodes: number;
  /** Of each of their subnets. */
  readonly addresses: readonly number[];
  readonly region: string;
  /** Says the instance type. */
  readonly variable: string;
}

function room(nodes: number, type: string, pods: number): string {
  const which = `${counted(nodes, "node")} of ${type}`;
  return nodes === 1 ? `${which} holds ${counted(pods, "pod")}` : `${which} hold ${counted(pods, "pod")} each`;
}

/** Rules about how many pods nodes hold. */
export function podRules<Facts>(groupsOf: (facts: Facts) => readonly GroupOfNodes[]): readonly Rule<Facts>[] {
  const judge = (about: (group: GroupOfNodes, is: InstanceType, left: number) => Found | false) => (facts: Facts) =>
    groupsOf(facts).map((group) => {
      const { is, nodes } = group;
      // EC2 may not say how many addresses a type has.
      return (
        is !== undefined &&
        is.interfaces * is.addressesPerInterface * nodes > 0 &&
        about(group, is, podsLeft(nodes, podsPerNode(is)))
      );
    });
  return [
    {
      code: "pods-few",
      judge: judge(
        ({ type, nodes, variable }, is, left) =>
          left < nodes * 2 &&
          found(
            left <= 0 ? "warning" : "note",
            type,
            `${room(nodes, type, podsPerNode(is))}; beside the system's own ` +
              `there is room for ${String(Math.max(0, left))}`,
            `choose a larger ${variable}, such as t3.medium (17 pods), or more nodes`,
          ),
      ),
    },
    {
      code: "capacity",
      follows: ["pods-few"],
      judge: judge(({ type, nodes, addresses, region }, is, left) => {
        const each = [...new Set(addresses)].sort((a, b) => a - b).join(" or ");
        return found(
          "note",
          type,
          `${room(nodes, type, podsPerNode(is))}, ${String(left)} beside the ` +
            "system's own; " +
            `each pod takes an address of its node's subnet${each === "" ? "" : `, which has ${each}`}`,
          "nothing; to compare types, interfaces x (addresses - 1) + 2 is what one holds: " +
            shell`aws ec2 describe-instance-types --instance-types ${type} --region ${region} --query
              'InstanceTypes[].NetworkInfo'`,
        );
      }),
    },
  ];
}
