import { hint, nearest } from "../../contract/nearest";

describe("the name that a misspelt word was meant to be", () => {
  it.each([
    ["eks_versoin", ["eks_version", "vpc_cidr_block"], "eks_version"],
    ["EKS_VERSION", ["eks_version", "vpc_cidr_block"], "eks_version"],
    ["kim", ["lee", "KIM"], "KIM"],
    // A third of a long word may be wrong, two letters of a short one, and never all of them.
    ["abcdefghi", ["abcdefxyz"], "abcdefxyz"],
    ["abcdefghi", ["abcdewxyz"], undefined],
    ["abcd", ["abxy"], "abxy"],
    ["abcd", ["axyz"], undefined],
    ["ab", ["ax"], "ax"],
    ["ab", ["xy"], undefined],
    ["a", ["x"], undefined],
    ["", ["a"], undefined],
    ["a", [], undefined],
  ])("%j of %j is %j", (word, names, name) => {
    expect(nearest(word, names)).toBe(name);
  });

  it("is hinted at, or all of them are when none is near", () => {
    expect(hint("statsu", ["status", "up"])).toBe("did you mean status?");
    expect(hint("rehearse", ["status", "up"])).toBe("there are status, up");
  });
});
