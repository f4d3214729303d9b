import type { Permission, SecurityGroup } from "../../aws/network";
import { isInside } from "../../facts/cidr";
import { joining, planeOf, type AfterFacts } from "./after-facts";
import { APPLY, aws } from "./cures";
import { orElse } from "./fact";
import { found, known, type Judgement, type Rule } from "./rule";

/** Somebody on the network: the security groups that its interfaces have, and a range that its addresses are in. */
export interface Party {
  readonly groupIds: readonly string[];
  readonly cidrs: readonly string[];
}

/** Whether a rule of a security group is about a port. */
export function isAbout({ protocol, ports }: Permission, wanted: "tcp" | "udp", port: number): boolean {
  if (protocol === "-1") return true;
  return protocol === wanted && (ports === undefined || (port >= ports.from && port <= ports.to));
}

/** Whether a rule of a security group lets a party through. */
function covers(rule: Permission, protocol: "tcp" | "udp", port: number, other: Party): boolean {
  if (!isAbout(rule, protocol, port)) return false;
  const { cidrs, groupIds, prefixListIds } = rule;
  // Who is on such a list is not known: better silent than wrong.
  if (prefixListIds.length > 0 || groupIds.some((id) => other.groupIds.includes(id))) return true;
  return other.cidrs.length > 0 && other.cidrs.every((inner) => cidrs.some((outer) => isInside(inner, outer)));
}

/** Which side keeps one party from calling another: who calls does not let it out, who is called not in. */
export function blockedAt(
  groups: readonly SecurityGroup[],
  from: Party,
  to: Party,
  protocol: "tcp" | "udp",
  port: number,
): readonly ("out" | "in")[] {
  const of = ({ groupIds }: Party) => groups.filter(({ id }) => groupIds.includes(id));
  const goesOut = of(from).some(({ outbound }) => outbound.some((rule) => covers(rule, protocol, port, to)));
  const comesIn = of(to).some(({ inbound }) => inbound.some((rule) => covers(rule, protocol, port, from)));
  return [...(goesOut ? [] : (["out"] as const)), ...(comesIn ? [] : (["in"] as const))];
}

/** A call that has to be possible. */
export interface Call {
  readonly from: Party;
  readonly to: Party;
  readonly protocols: readonly ("tcp" | "udp")[];
  readonly port: number;
  /** What does not work without it. */
  readonly what: string;
}

/** That a call is not possible; nothing where its security groups cannot be seen, or are not there. */
export function blocked(facts: AfterFacts, subject: string, { from, to, protocols, port, what }: Call): Judgement {
  return known(facts.cluster.securityGroups, (groups) => {
    const isSeen = ({ groupIds, cidrs }: Party) => cidrs.length > 0 && groups.some(({ id }) => groupIds.includes(id));
    if (!isSeen(from) || !isSeen(to)) return [];
    const [out = "GROUP"] = from.groupIds;
    const [into = "GROUP"] = to.groupIds;
    const number = String(port);
    const sides = protocols.flatMap((protocol) =>
      blockedAt(groups, from, to, protocol, port).map((side) => ({
        rule: `${protocol} ${number}`,
        command:
          side === "in"
            ? aws(facts)`ec2 authorize-security-group-ingress --group-id ${into} --protocol ${protocol} --port ${number}
                --source-group ${out}`
            : aws(facts)`ec2 authorize-security-group-egress --group-id ${out} --ip-permissions
                ${`IpProtocol=${protocol},FromPort=${number},ToPort=${number},UserIdGroupPairs=[{GroupId=${into}}]`}`,
      })),
    );
    const rules = [...new Set(sides.map(({ rule }) => rule))].join(" and ");
    const commands = sides.map(({ command }) => command).join(" && ");
    return (
      sides.length > 0 &&
      found(
        "error",
        subject,
        `${what}: no rule allows ${rules} from ${from.groupIds.join(", ")} to ${to.groupIds.join(", ")}`,
        `${APPLY}, if the rule is the stack's; else ${commands}`,
      )
    );
  });
}

/** Somebody with security groups in some subnets. */
export function partyIn({ cluster }: AfterFacts, groupIds: readonly string[], subnetIds: readonly string[]): Party {
  const subnets = orElse(cluster.subnets, []).filter(({ id }) => subnetIds.includes(id));
  return { groupIds, cidrs: subnets.map(({ cidr }) => cidr) };
}

/** The control plane's network interfaces; undefined when it is not known, or has none yet. */
export function planeParty(facts: AfterFacts): Party | undefined {
  const { securityGroupIds = [], subnetIds = [] } = planeOf(facts) ?? {};
  return securityGroupIds.length === 0 ? undefined : partyIn(facts, securityGroupIds, subnetIds);
}

/** A rule about calls of nodes, or to nodes, which the security groups that nodes have may not let through. */
export function callRule(code: string, callOf: (nodes: Party, plane: Party) => Call): Rule<AfterFacts> {
  return {
    code,
    judge: (facts) => {
      const plane = planeParty(facts);
      if (plane === undefined) return false;
      const subnetsOf = new Map<string, Set<string>>();
      for (const { instance, launch } of joining(facts)) {
        const own = instance.securityGroupIds.length > 0 ? instance : launch;
        const names = (own?.securityGroupIds ?? []).join(", ");
        subnetsOf.set(names, new Set([...(subnetsOf.get(names) ?? []), instance.subnetId]));
      }
      subnetsOf.delete("");
      return [...subnetsOf].map(([names, subnets]) =>
        blocked(facts, names, callOf(partyIn(facts, names.split(", "), [...subnets]), plane)),
      );
    },
  };
}
