import { IPv4, IPv6 } from "ipaddr.js";

import { json, jsonencode, matches, type Condition } from "./condition";

/** An address range, of IPv4 or IPv6, that is one network: no host bits. */
export function network(example: string): Condition<string> {
  return {
    must: "an address range without host bits",
    holds: (cidr) => canonical(cidr) === cidr,
    hcl: isCanonicalCidr,
    got: {
      js: (cidr) => `${json(cidr)} (write ${canonical(cidr) ?? anExample(example)})`,
      hcl: (it) => `"\${${jsonencode(it)}} (write \${${canonicalCidr(it, example)}})"`,
    },
  };
}

/** A range that AWS takes for a VPC or a subnet. @see https://docs.aws.amazon.com/vpc/latest/userguide/vpc-cidr-blocks.html */
export function vpcNetwork(example: string): Condition<string> {
  return {
    ...network(example),
    must: "an IPv4 range from /16 to /28 without host bits",
    holds: (cidr) => {
      const prefix = Number(cidr.split("/")[1]);
      return canonical(cidr) === cidr && !cidr.includes(":") && prefix >= 16 && prefix <= 28 && !noHosts.holds(cidr);
    },
    hcl: isVpcCidr,
  };
}

/** Ranges that no host has: 0/8, 127/8, 169.254/16, 224/3. */
const noHosts = matches(String.raw`^(0|127|22[4-9]|2[3-5][0-9])\.|^169\.254\.`);

/** The network that a range lies in, without host bits, as Terraform writes it; undefined when it is no range. */
function canonical(cidr: string | null): string | undefined {
  if (cidr === null) return undefined;
  const [address = "", prefix = "", ...more] = cidr.split("/");
  if (more.length > 0 || !/^\d+$/.test(prefix)) return undefined;
  try {
    const range = `${address.replace(/(^|\.)0+(?=\d)/g, "$1")}/${prefix}`;
    const first = address.includes(":")
      ? IPv6.networkAddressFromCIDR(range).toRFC5952String()
      : IPv4.networkAddressFromCIDR(range).toString();
    return IPv4.isValid(address) && address.split(".").length !== 4 ? undefined : `${first}/${String(Number(prefix))}`;
  } catch {
    return undefined;
  }
}

function anExample(example: string): string {
  return `an address and a prefix length, such as ${example}`;
}

/** Whether `cidr` is an address range as Terraform itself would write it: no host bits, no leading zeros. */
export function isCanonicalCidr(cidr: string): string {
  return `try(${withoutHostBits(cidr)} == ${cidr}, false)`;
}

/**
 * {@link isCanonicalCidr}, and IPv4 that AWS accepts for VPCs and subnets: /16 to /28, and none of the ranges that no
 * host can have (0/8, 127/8, 169.254/16, 224/3).
 *
 * @see https://docs.aws.amazon.com/vpc/latest/userguide/vpc-cidr-blocks.html
 */
export function isVpcCidr(cidr: string): string {
  const prefix = prefixLength(cidr);
  const isOfVpc = `try(cidrnetmask(${cidr}) != "" && ${prefix} >= 16 && ${prefix} <= 28, false)`;
  return `${isCanonicalCidr(cidr)} && ${isOfVpc} && !${noHosts.hcl(cidr)}`;
}

/** What to type instead of `cidr`: the network without the host bits, or an example when it is no address range. */
export function canonicalCidr(cidr: string, example: string): string {
  return `try(${withoutHostBits(cidr)}, ${JSON.stringify(anExample(example))})`;
}

/** {@link canonical} in Terraform's language, which fails for what is no range. */
function withoutHostBits(cidr: string): string {
  return `"\${cidrhost(${cidr}, 0)}/\${${prefixLength(cidr)}}"`;
}

/** The prefix length of a CIDR, as a number. */
export function prefixLength(cidr: string): string {
  return `tonumber(split("/", ${cidr})[1])`;
}

/** Whether the range `inner` lies within the range `outer`; true when one of them is no range at all. */
export function isWithin(inner: string, outer: string): string {
  const network = `cidrhost(format("%s/%s", split("/", ${inner})[0], split("/", ${outer})[1]), 0)`;
  return `try(${network} == split("/", ${outer})[0] && ${prefixLength(inner)} >= ${prefixLength(outer)}, true)`;
}

/**
 * The pairs of overlapping ranges in a list of `{ name, cidr }`, as texts; none when a range is malformed.
 *
 * The ranges are sorted by their first address, so that neighbours tell: time grows with n log n, not with the
 * square, and a list of 100 subnets costs a plan nothing.
 */
export function overlaps(subnets: string): string {
  const first = firstAddress("s.cidr");
  const last = `${first} + pow(2, 32 - ${prefixLength("s.cidr")}) - 1`;
  const sorted = `sort([for s in ${subnets} : format("%010d %010d %s (%s)", ${first}, ${last}, s.name, s.cidr)])`;
  return `try(flatten([for ranges in [${sorted}] : [for i in range(1, length(ranges)) : "\${substr(ranges[i - 1], 22, -1)} and \${substr(ranges[i], 22, -1)}" if tonumber(split(" ", ranges[i - 1])[1]) >= tonumber(split(" ", ranges[i])[0])]]), [])`;
}

/** The first address of an IPv4 range, as a number. */
export function firstAddress(cidr: string): string {
  return `sum([for i, octet in split(".", split("/", ${cidr})[0]) : tonumber(octet) * pow(256, 3 - i)])`;
}

/**
 * In which 256th part of the range `outer` the range `inner` begins: 0 to 255.
 *
 * It numbers the /64 networks of a VPC's /56, one for each subnet: what belongs to the subnet alone stays when another one
 * is added or removed, as its place in a list would not.
 */
export function partOf256(inner: string, outer: string): string {
  return `floor((${firstAddress(inner)} - ${firstAddress(outer)}) / pow(2, 24 - ${prefixLength(outer)}))`;
}

/** Whether a range is wider than any organization has: more than a /8 of IPv4, more than a /16 of IPv6. */
export function isTheInternet(cidr: string): string {
  return `try(${prefixLength(cidr)} < (strcontains(${cidr}, ":") ? 16 : 8), false)`;
}
