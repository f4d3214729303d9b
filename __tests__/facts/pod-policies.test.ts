import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

import {
  awsLoadBalancerController,
  clusterAutoscaler,
  externalDns,
  podIdentityTrust,
  volumeKey,
  vpcCniIpv6,
  webIdentityTrust,
} from "../../facts/pod-policies";

const GOLDEN = join(__dirname, "../golden/pod-policies");

const clusterName = "awskrug_gudi_eks";
const account = { namespace: "kube-system", serviceAccount: "cluster-autoscaler" };
const issuer = "oidc.eks.ap-northeast-2.amazonaws.com/id/EXAMPLED539D4633E53DE1B71EXAMPLE";

/** One golden file per scenario, named for it; each is made by its test. */
const SCENARIOS: Readonly<Record<string, () => string>> = {
  "cluster-autoscaler": () => clusterAutoscaler({ clusterName }),
  "aws-load-balancer-controller": () => awsLoadBalancerController({ clusterName, partition: "aws" }),
  "aws-load-balancer-controller-china": () => awsLoadBalancerController({ clusterName, partition: "aws-cn" }),
  "external-dns": () => externalDns({ partition: "aws", zoneId: "*" }),
  "external-dns-one-zone": () => externalDns({ partition: "aws", zoneId: "Z0123456789ABCDEFGHIJ" }),
  "volume-key": () =>
    volumeKey({
      keyArn: "arn:aws:kms:ap-northeast-2:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab",
    }),
  "vpc-cni-ipv6": () => vpcCniIpv6({ partition: "aws" }),
  "trust-pod-identity": () =>
    podIdentityTrust({
      ...account,
      clusterArn: `arn:aws:eks:ap-northeast-2:123456789012:cluster/${clusterName}`,
    }),
  "trust-web-identity": () =>
    webIdentityTrust({
      ...account,
      issuer,
      providerArn: `arn:aws:iam::123456789012:oidc-provider/${issuer}`,
    }),
};

interface Statement {
  readonly Action: string | readonly string[];
  readonly Resource?: string | readonly string[];
  readonly Condition?: unknown;
}

const statements = (text: string) => (JSON.parse(text) as { Statement: Statement[] }).Statement;
const actions = ({ Action }: Statement) => [Action].flat();

describe("the policies of pods", () => {
  it("have a golden file for each scenario, and no other", () => {
    expect(readdirSync(GOLDEN).sort()).toEqual(
      Object.keys(SCENARIOS)
        .map((name) => `${name}.json`)
        .sort(),
    );
  });

  it.each(Object.entries(SCENARIOS))("%s is the golden file's", (name, policy) => {
    expect(`${JSON.stringify(JSON.parse(policy()), null, 2)}\n`).toBe(
      readFileSync(join(GOLDEN, `${name}.json`), "utf8"),
    );
  });

  it.each(Object.entries(SCENARIOS))("%s names every action in full", (_, policy) => {
    const all = statements(policy()).flatMap(actions);

    expect(all).not.toEqual([]);
    for (const action of all) expect(action).toMatch(/^[a-z0-9-]+:[A-Z][A-Za-z0-9]+$/);
  });

  it("fit into one role together, which takes 10240 characters of them", () => {
    const inline = Object.entries(SCENARIOS).filter(([name]) => !/^trust-|-china$|-one-zone$/.test(name));

    expect(inline).toHaveLength(5);
    expect(inline.map(([, policy]) => policy()).join("").length).toBeLessThan(10_240);
  });

  it("let the autoscaler change what is tagged for its cluster, and nothing else", () => {
    const changes = statements(clusterAutoscaler({ clusterName })).filter((statement) =>
      actions(statement).some((action) => !/:(Describe|Get)/.test(action)),
    );

    expect(changes).toEqual([
      expect.objectContaining({
        Condition: { StringEquals: { [`aws:ResourceTag/k8s.io/cluster-autoscaler/${clusterName}`]: "owned" } },
      }),
    ]);
  });

  it("let the load balancer controller delete and tag load balancers of its own cluster only", () => {
    const guarded = statements(awsLoadBalancerController({ clusterName, partition: "aws" })).filter((statement) =>
      actions(statement).some((action) =>
        /:(DeleteLoadBalancer|DeleteTargetGroup|DeleteSecurityGroup|CreateLoadBalancer|CreateTargetGroup|CreateTags)$/.test(
          action,
        ),
      ),
    );

    expect(guarded).toHaveLength(5);
    for (const { Condition } of guarded) {
      expect(JSON.stringify(Condition)).toContain(`/elbv2.k8s.aws/cluster":"${clusterName}"`);
    }
  });

  it("name the partition in every ARN", () => {
    expect(awsLoadBalancerController({ clusterName, partition: "aws-cn" })).not.toContain("arn:aws:");
  });
});
