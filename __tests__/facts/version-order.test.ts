import { compareVersions } from "../../facts/version-order";

describe("versions", () => {
  it.each([
    ["1.31.4", "1.31.4", 0],
    ["1.31.4", "1.31.10", -6],
    ["1.31.4", "1.4.31", 27],
    ["2.0.0", "1.99.99", 1],
    ["1.32", "1.31.9", 1],
    // What is not said is 0.
    ["1.31.4", "1.31", 4],
    ["1.31.0", "1.31", 0],
  ])("are in the order of their numbers: %s and %s", (one, other, order) => {
    expect(Math.sign(compareVersions(one, other))).toBe(Math.sign(order));
  });
});
