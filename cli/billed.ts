import { GATEWAY_SERVICES } from "../facts/endpoint-services";
import { counted } from "../terminal/text";
import type { StackInputs } from "./stack-inputs";

/**
 * What a stack has that AWS bills by the hour as long as it exists, in words and without a price: `1 EKS control plane,
 * 1 NAT gateway, 3 instances with their volumes, …`.
 *
 * @see https://aws.amazon.com/eks/pricing/
 * @see https://aws.amazon.com/vpc/pricing/
 */
export function billedByTheHour({
  groups,
  natGateways,
  vpcEndpoints,
}: Pick<StackInputs, "groups" | "natGateways" | "vpcEndpoints">): string {
  const nodes = groups.reduce((sum, { names, size }) => sum + names.length * size.desired, 0);
  const interfaces = vpcEndpoints.filter((service) => !GATEWAY_SERVICES.some((free) => free === service)).length;
  // The NAT gateways' and the bastion's.
  const addresses = natGateways + 1;
  return [
    "1 EKS control plane",
    ...(natGateways > 0 ? [counted(natGateways, "NAT gateway")] : []),
    ...(interfaces > 0 ? [`${counted(interfaces, "VPC endpoint")} in each zone`] : []),
    `${counted(nodes + 1, "instance")} with ${nodes === 0 ? "its volume" : "their volumes"}`,
    `${String(addresses)} public ${addresses === 1 ? "address" : "addresses"}`,
  ].join(", ");
}
