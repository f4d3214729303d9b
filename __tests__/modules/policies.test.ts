import { managedPolicyArn, trustPolicy } from "../../modules/policies";

describe("policies", () => {
  it("lets one service take a role", () => {
    expect(JSON.parse(trustPolicy("ec2.amazonaws.com"))).toEqual({
      Version: "2012-10-17",
      Statement: [{ Effect: "Allow", Principal: { Service: "ec2.amazonaws.com" }, Action: "sts:AssumeRole" }],
    });
  });

  it.each(["aws", "aws-cn", "aws-us-gov"])("names AWS' own policy in the partition %s", (partition) => {
    expect(managedPolicyArn(partition, "AmazonEKS_CNI_Policy")).toBe(
      `arn:${partition}:iam::aws:policy/AmazonEKS_CNI_Policy`,
    );
  });
});
