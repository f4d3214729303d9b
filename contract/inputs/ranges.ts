import { IPv4, IPv6 } from "ipaddr.js";

import { allOf, json, jsonencode, matches, not, type Condition, type Test } from "./condition";
import { none, rule, unless, type Rule } from "./rule";

/**
 * An address range, of IPv4 or IPv6, that is one network: no host bits.
 *
 * @param example of one, for who gives none
 * @param fits what else has to hold, of which host bits change nothing: what does not is never what to write instead
 */
export function network(example: string, fits: Test<string> = ALWAYS) {
  const anExample = `an address and a prefix length, such as ${example}`;
  const hint = (it: string) => `try(${fits.hcl(it)} ? ${withoutHostBits(it)} : null, null)`;
  return {
    must: "an address range without host bits",
    ...allOf(IS_CANONICAL, fits),
    got: {
      js: (cidr) => {
        const range = canonical(cidr);
        return `${json(cidr)} (write ${range !== undefined && fits.holds(cidr) ? range : anExample})`;
      },
      hcl: (it) => `"\${${jsonencode(it)}} (write \${coalesce(${hint(it)}, ${JSON.stringify(anExample)})})"`,
    },
  } satisfies Condition<string>;
}

const ALWAYS: Test<string> = { holds: () => true, hcl: () => "true" };

/** An address range as Terraform itself would write it: no host bits, no leading zeros. */
const IS_CANONICAL: Test<string> = {
  holds: (cidr) => canonical(cidr) === cidr,
  hcl: (cidr) => `try(${withoutHostBits(cidr)} == ${cidr}, false)`,
};

/**
 * A range that AWS takes for a VPC or a subnet: IPv4, /16 to /28, and none of those that no host has.
 *
 * @see https://docs.aws.amazon.com/vpc/latest/userguide/vpc-cidr-blocks.html
 */
export function vpcNetwork(example: string) {
  const isOfVpc: Test<string> = {
    holds: (cidr) => {
      const prefix = Number(cidr.split("/")[1]);
      return !cidr.includes(":") && prefix >= 16 && prefix <= 28;
    },
    hcl: (cidr) => {
      const prefix = prefixLength(cidr);
      return `try(cidrnetmask(${cidr}) != "" && ${prefix} >= 16 && ${prefix} <= 28, false)`;
    },
  };
  return {
    ...network(example, allOf(isOfVpc, not(noHosts))),
    must: "an IPv4 range from /16 to /28 without host bits",
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

/** {@link canonical} in Terraform's language, which fails for what is no range. */
function withoutHostBits(cidr: string): string {
  return `"\${cidrhost(${cidr}, 0)}/\${${prefixLength(cidr)}}"`;
}

/** The prefix length of a CIDR, as a number. */
function prefixLength(cidr: string): string {
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
  const both = '"${substr(ranges[i - 1], 22, -1)} and ${substr(ranges[i], 22, -1)}"';
  const meet = 'tonumber(split(" ", ranges[i - 1])[1]) >= tonumber(split(" ", ranges[i])[0])';
  return `try(flatten([for ranges in [${sorted}] :
    [for i in range(1, length(ranges)) : ${both} if ${meet}]]), [])`;
}

/** The first address of an IPv4 range, as a number. */
function firstAddress(cidr: string): string {
  return `sum([for i, octet in split(".", split("/", ${cidr})[0]) : tonumber(octet) * pow(256, 3 - i)])`;
}

/**
 * In which 256th part of the range `outer` the range `inner` begins: 0 to 255.
 *
 * It numbers the /64 networks of a VPC's /56, one for each subnet: what belongs to the subnet alone stays when another
 * one is added or removed, as its place in a list would not.
 */
export function partOf256(inner: string, outer: string): string {
  return `floor((${firstAddress(inner)} - ${firstAddress(outer)}) / pow(2, 24 - ${prefixLength(outer)}))`;
}

/**
 * No range of an input is wider than any organization has (a /8 of IPv4, a /16 of IPv6), and all of them together are
 * no more than two of these, unless a flag says that they may be.
 *
 * @param what can be reached from the ranges
 */
export function noneIsTheInternet(name: string, flag: string, what: string): readonly Rule[] {
  const widest = '(strcontains(c, ":") ? 16 : 8)';
  const wide = `try(${prefixLength("c")} < ${widest}, false)`;
  const share = `try(pow(2, ${widest} - ${prefixLength("c")}), 0)`;
  const must = `${name} must name the networks that may reach the ${what}, got`;
  const cure = `name your own address as ADDRESS/32, or set ${flag} = true if you mean it.`;
  return unless(`var.${flag}`, [
    none(
      `[for c in var.${name} : c if ${wide}]`,
      (found) => `${must} ${found}, which is the whole internet or near it; ${cure}`,
    ),
    rule(
      `sum(concat([0], [for c in var.${name} : ${share} if !${wide}])) <= 2`,
      `${must} \${length(var.${name})} ranges, which together are the whole internet or near it; ${cure}`,
    ),
  ]);
}
