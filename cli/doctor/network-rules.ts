import type { NatGateway, Subnet } from "../../aws/network";

/** What a network has, as far as its nodes' way out goes. */
export interface Ways {
  readonly subnets: readonly Subnet[];
  readonly natGateways: readonly NatGateway[];
}

/**
 * What is wrong with the way out of a subnet; undefined when nothing is.
 *
 * @param hasPrivateNode whether a node without a public address stands there
 */
export function routeProblem(
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
