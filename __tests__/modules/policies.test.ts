import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

import {
  accessPolicyArn,
  describeClusterPolicy,
  logKeyPolicy,
  machineTrustPolicy,
  managedPolicyArn,
  secretsKeyPolicy,
  volumeKeyPolicy,
} from "../../modules/policies";
import { trustPolicy } from "../../facts/policy";

const GOLDEN = join(__dirname, "../golden/policies");
const ACCOUNT = { partition: "aws", accountId: "123456789012", dnsSuffix: "amazonaws.com" };

const LOG_GROUPS = ["/aws/eks/learning/cluster", "/aws/vpc-flow-logs/learning"];

/** One golden file per policy, named for it; each is made by its test. */
const POLICIES: Readonly<Record<string, () => string>> = {
  "bastions-own-role": () => describeClusterPolicy("arn:aws:eks:ap-northeast-2:123456789012:cluster/learning"),
  "log-key": () => logKeyPolicy(ACCOUNT, "ap-northeast-2", LOG_GROUPS),
  "log-key-in-china": () =>
    logKeyPolicy({ ...ACCOUNT, partition: "aws-cn", dnsSuffix: "amazonaws.com.cn" }, "cn-north-1", LOG_GROUPS),
  "secrets-key": () => secretsKeyPolicy(ACCOUNT, "arn:aws:iam::123456789012:role/learning-eks-cluster"),
  "volume-key": () => volumeKeyPolicy(ACCOUNT),
  "volume-key-in-china": () => volumeKeyPolicy({ ...ACCOUNT, partition: "aws-cn" }),
};

describe("policies", () => {
  it("lets one service take a role", () => {
    expect(JSON.parse(trustPolicy("eks.amazonaws.com"))).toEqual({
      Version: "2012-10-17",
      Statement: [{ Effect: "Allow", Principal: { Service: "eks.amazonaws.com" }, Action: "sts:AssumeRole" }],
    });
  });

  it.each(["amazonaws.com", "amazonaws.com.cn"])("lets machines take a role where AWS is %s", (dnsSuffix) => {
    expect(machineTrustPolicy({ ...ACCOUNT, dnsSuffix })).toBe(trustPolicy(`ec2.${dnsSuffix}`));
  });

  it.each(["aws", "aws-cn", "aws-us-gov"])("names AWS' own policies in the partition %s", (partition) => {
    expect(managedPolicyArn({ ...ACCOUNT, partition }, "AmazonEKS_CNI_Policy")).toBe(
      `arn:${partition}:iam::aws:policy/AmazonEKS_CNI_Policy`,
    );
    expect(accessPolicyArn({ ...ACCOUNT, partition }, "AmazonEKSViewPolicy")).toBe(
      `arn:${partition}:eks::aws:cluster-access-policy/AmazonEKSViewPolicy`,
    );
  });

  it.each(Object.entries(POLICIES))("%s", (name, policy) => {
    expect(`${JSON.stringify(JSON.parse(policy()), undefined, 2)}\n`).toBe(
      readFileSync(join(GOLDEN, `${name}.json`), "utf8"),
    );
  });

  it("have a golden file each, and no other", () => {
    expect(readdirSync(GOLDEN).sort()).toEqual(
      Object.keys(POLICIES)
        .map((name) => `${name}.json`)
        .sort(),
    );
  });
});
