import { madeIn, refuseElsewhere } from "../../cli/elsewhere";
import { UserError } from "../../contract/user-error";

const VPC = "arn:aws:ec2:ap-northeast-2:123456789012:vpc/vpc-1";
const ROLE = "arn:aws:iam::123456789012:role/role";
const POLICY = "arn:aws:iam::aws:policy/AmazonEKSClusterPolicy";
const caller = (account: string, partition = "aws") => ({ account, arn: `arn:${partition}:iam::${account}:user/me` });

function refusal(arns: readonly string[], region: string, from?: ReturnType<typeof caller>): UserError | undefined {
  try {
    refuseElsewhere(madeIn(arns), region, from);
    return undefined;
  } catch (error) {
    if (error instanceof UserError) return error;
    throw error;
  }
}

describe("where something was made", () => {
  it.each([
    ["by every part of it", [VPC], "aws", "ap-northeast-2", "123456789012"],
    ["by several ARNs", ["", POLICY, ROLE, VPC], "aws", "ap-northeast-2", "123456789012"],
    ["but for the region of what is global", [ROLE], "aws", undefined, "123456789012"],
    ["in China", ["arn:aws-cn:iam::123456789012:role/r"], "aws-cn", undefined, "123456789012"],
    ["nowhere, by what has no ARN", ["", "x"], undefined, undefined, undefined],
  ])("is known %s", (_, arns, partition, region, account) => {
    expect(madeIn(arns)).toEqual({ partition, region, account });
  });
});

describe("the place from which a stack is worked on", () => {
  it.each([
    ["where it was made", [VPC, ROLE], "ap-northeast-2", caller("123456789012")],
    ["anywhere, with nothing in the state", [], "us-east-1", caller("999999999999")],
    ["in any region, with what has none", [ROLE], "us-east-1", caller("123456789012")],
    ["in its region, when AWS does not say who asks", [VPC], "ap-northeast-2", undefined],
  ])("is right %s", (_, arns, region, from) => {
    expect(refusal(arns, region, from)).toBeUndefined();
  });

  it.each([
    ["region", [ROLE, VPC], "us-east-1", caller("123456789012"), ["made in ap-northeast-2", "aws_region is us-east-1"]],
    ["region, whoever asks", [VPC], "us-east-1", undefined, ["made in ap-northeast-2", "aws_region is us-east-1"]],
    [
      "account",
      [ROLE, VPC],
      "ap-northeast-2",
      caller("999999999999"),
      ["made in the account 123456789012", "of 999999999999 (arn:aws:iam::999999999999:user/me)"],
    ],
    [
      "partition",
      [ROLE],
      "cn-north-1",
      caller("123456789012", "aws-cn"),
      ["made in the partition aws,", "of aws-cn (arn:aws-cn:iam::123456789012:user/me)"],
    ],
  ])("is wrong in another %s: both are named", (_, arns, region, from, said) => {
    const { message = "", exitCode } = refusal(arns, region, from) ?? {};

    for (const words of said) expect(message).toContain(words);
    expect(exitCode).toBe(3);
  });
});
