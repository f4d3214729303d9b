import { isInside, usableAddresses } from "../../facts/cidr";

describe("address ranges", () => {
  it.each([
    ["172.16.10.0/23", "172.16.0.0/16", true],
    ["172.16.0.0/16", "172.16.0.0/16", true],
    ["172.17.0.0/23", "172.16.0.0/16", false],
    ["10.0.0.0/8", "10.0.0.0/16", false],
    ["10.0.0.1", "0.0.0.0/0", true],
    ["10.0.0.1", "10.0.0.1", true],
    ["10.0.0.1", "10.0.0.2", false],
    ["2001:db8::/64", "0.0.0.0/0", false],
    ["10.0.0.0/8", "2001:db8::/64", false],
    ["10.0.0.0/33", "0.0.0.0/0", false],
    ["bastion", "0.0.0.0/0", false],
  ])("%s in %s: %s", (inner, outer, is) => {
    expect(isInside(inner, outer)).toBe(is);
  });

  // AWS keeps five of each.
  it.each([
    ["172.16.10.0/23", 507],
    ["172.16.10.0/28", 11],
    ["172.16.10.0/29", 3],
    ["172.16.10.0/30", 0],
    ["172.16.10.1", 0],
    ["none", 0],
  ])("%s has %d usable addresses", (cidr, count) => {
    expect(usableAddresses(cidr)).toBe(count);
  });
});
