import { IPv4 } from "ipaddr.js";

import { RESERVED_ADDRESSES } from "./pods";

/** An IPv4 range, or one address; undefined when a text is neither. */
function rangeOf(text: string): [IPv4, number] | undefined {
  const cidr = text.includes("/") ? text : `${text}/32`;
  return IPv4.isValidCIDR(cidr) ? IPv4.parseCIDR(cidr) : undefined;
}

/** Whether an IPv4 range, or one address, lies in an IPv4 range; false when a text is neither. */
export function isInside(inner: string, outer: string): boolean {
  const [small, large] = [rangeOf(inner), rangeOf(outer)];
  return small !== undefined && large !== undefined && small[1] >= large[1] && small[0].match(large);
}

/** Addresses of a subnet that can be used. */
export function usableAddresses(cidr: string): number {
  const [, bits = 32] = rangeOf(cidr) ?? [];
  return Math.max(0, 2 ** (32 - bits) - RESERVED_ADDRESSES);
}
