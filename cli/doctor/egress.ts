import type { NatGateway, Subnet } from "../../aws/network";
import { NODE_SERVICES } from "../../facts/endpoint-services";

/** What a network has, as far as its nodes' way out goes. */
export interface Ways {
  readonly subnets: readonly Subnet[];
  readonly natGateways: readonly NatGateway[];
  /** Services that have VPC endpoints there: `ec2`, `ecr.api`, `s3`. */
  readonly endpoints: readonly string[];
}

/** Subnets whose nodes do not reach AWS. */
export interface NoWayOut {
  /** Their ids, for people. */
  readonly ids: string;
  /** What is wrong with their default route, such as `goes nowhere`. */
  readonly problem: string;
  /** The services whose VPC endpoints they would need, for people. */
  readonly lacks: string;
}

/**
 * What keeps nodes in some subnets from AWS, each problem once; nothing where VPC endpoints stand for the way out.
 *
 * @param hasPrivateNode whether a node without a public address stands in a subnet
 */
export function noWaysOut(
  ways: Ways,
  subnets: readonly Subnet[],
  hasPrivateNode: (subnetId: string) => boolean,
): readonly NoWayOut[] {
  const lacks = NODE_SERVICES.filter((name) => !ways.endpoints.includes(name)).join(", ");
  const problems = new Map<string, string[]>();
  for (const subnet of lacks === "" ? [] : subnets) {
    const problem = routeProblem(ways, subnet, hasPrivateNode(subnet.id));
    if (problem !== undefined) problems.set(problem, [...(problems.get(problem) ?? []), subnet.id]);
  }
  return [...problems].map(([problem, ids]) => ({ ids: ids.join(", "), problem, lacks }));
}

function routeProblem(
  { subnets, natGateways }: Ways,
  { defaultRoute: to }: Subnet,
  hasPrivateNode: boolean,
): string | undefined {
  if (to === undefined) return "goes nowhere";
  if (to === "blackhole") return "leads to a gateway that is gone";
  if (to.startsWith("igw-") && hasPrivateNode)
    return `leads to ${to}, which serves public addresses only, and a node has none`;
  const nat = natGateways.find(({ id }) => id === to);
  if (nat === undefined) return undefined;
  if (nat.state !== "available") return `leads to ${to}, which is ${nat.state}`;
  const stands = subnets.find(({ id }) => id === nat.subnetId);
  const isOut = stands === undefined || stands.defaultRoute?.startsWith("igw-") === true;
  return isOut ? undefined : `leads to ${to}, whose own subnet ${stands.id} has no internet gateway`;
}
