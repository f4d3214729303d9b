function parsed(cidr: string): { readonly base: number; readonly bits: number } | undefined {
  const [, a, b, c, d, bits] = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})(?:\/(\d{1,2}))?$/.exec(cidr) ?? [];
  if (a === undefined) return undefined;
  const base = [a, b, c, d].reduce((sum, part) => sum * 256 + Number(part), 0);
  return { base, bits: bits === undefined ? 32 : Number(bits) };
}

/** Whether an IPv4 range, or one address, lies in an IPv4 range; false when one is none. */
export function isInside(inner: string, outer: string): boolean {
  const [small, large] = [parsed(inner), parsed(outer)];
  if (small === undefined || large === undefined || small.bits < large.bits) return false;
  const block = 2 ** (32 - large.bits);
  return Math.floor(small.base / block) === Math.floor(large.base / block);
}

/**
 * Addresses of a subnet that can be used: AWS keeps five of each.
 *
 * @see https://docs.aws.amazon.com/vpc/latest/userguide/subnet-sizing.html
 */
export function usableAddresses(cidr: string): number {
  return Math.max(0, 2 ** (32 - (parsed(cidr)?.bits ?? 32)) - 5);
}
