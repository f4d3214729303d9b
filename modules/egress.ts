/**
 * The egress of a security group that lets everything out.
 *
 * @param ipv6Cidrs where that is by IPv6; nowhere without it
 */
export function everywhere(ipv6Cidrs: string[]) {
  return [{ fromPort: 0, toPort: 0, protocol: "-1", cidrBlocks: ["0.0.0.0/0"], ipv6CidrBlocks: ipv6Cidrs }];
}
