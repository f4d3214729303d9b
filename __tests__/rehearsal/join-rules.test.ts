import { mergeAwsAuth } from "../../modules/aws-auth";
import { bootstrapScript } from "../../modules/user-data";
import { join, type InstanceFacts, type JoinFacts, type Permission } from "../../rehearsal/join-rules";
import type { ConfigMapData } from "../../rehearsal/kubernetes";

const ROLE = "arn:aws:iam::123456789012:role/workers";
const AWS_AUTH = mergeAwsAuth(undefined, { nodeRoleArn: ROLE });
const POLICIES = ["AmazonEC2ContainerRegistryReadOnly", "AmazonEKSWorkerNodePolicy", "AmazonEKS_CNI_Policy"].map(
  (name) => `arn:aws:iam::aws:policy/${name}`,
);
const OUT: Permission = { protocol: "-1", cidrs: ["0.0.0.0/0"], groupIds: [] };
const from = (groupId: string, protocol: string, port?: number, to = port): Permission => ({
  protocol,
  ...(port !== undefined && to !== undefined && { ports: { from: port, to } }),
  cidrs: [],
  groupIds: [groupId],
});
const NAMED = {
  clusterName: "demo",
  endpoint: "https://127.0.0.1:6443",
  certificateAuthorityData: "LS0t",
  preUserData: "",
  additionalUserData: "",
  kubeletExtraArgs: "",
  enableDockerBridge: "false",
};
const base64 = (text: string) => Buffer.from(text).toString("base64");
const script = (named: Partial<typeof NAMED> = {}) => base64(bootstrapScript({ ...NAMED, ...named }));
const nodeConfig = (other: Record<string, string | undefined> = {}) => {
  const own = { name: "demo", apiServerEndpoint: NAMED.endpoint, certificateAuthority: "LS0t", cidr: "172.20.0.0/16" };
  const spec = JSON.stringify({ cluster: { ...own, ...other } });
  return base64(`apiVersion: node.eks.aws/v1alpha1\nkind: NodeConfig\nspec: ${spec}\n`);
};

function instance(number: number, more: Partial<InstanceFacts> = {}): InstanceFacts {
  return {
    id: `i-${String(number)}`,
    privateIp: `172.16.10.${String(number)}`,
    securityGroupIds: ["sg-nodes"],
    tags: { "kubernetes.io/cluster/demo": "owned" },
    userData: script(),
    role: { arn: ROLE, policies: POLICIES },
    hasEgress: true,
    image: { name: "emulated ami-1", description: "an image of the emulated account" },
    ...more,
  };
}

/** The workshop's cluster with two nodes: the groups are those of its stack. */
function facts(more: Partial<InstanceFacts> = {}, cluster: Partial<JoinFacts["cluster"]> = {}): JoinFacts {
  return {
    region: "ap-northeast-2",
    cluster: {
      name: "demo",
      endpoint: "https://127.0.0.1:6443",
      certificateAuthorityData: "LS0t",
      version: "1.31",
      authenticationMode: "CONFIG_MAP",
      accessEntries: [],
      hasPrivateEndpoint: true,
      securityGroupIds: ["sg-control"],
      cidrs: ["172.16.10.0/23", "172.16.12.0/23"],
      ...cluster,
    },
    instances: [instance(1, more), instance(2)],
    securityGroups: groups(),
  };
}

/** Their rules, or others in the place of some. */
function groups(other: { control?: Permission[]; nodes?: Permission[]; nodesOut?: Permission[] } = {}) {
  const { control, nodes, nodesOut = [OUT] } = other;
  return {
    "sg-control": {
      ingress: control ?? [{ protocol: "tcp", ports: { from: 443, to: 443 }, cidrs: ["172.16.0.0/16"], groupIds: [] }],
      egress: [OUT],
    },
    "sg-nodes": {
      ingress: nodes ?? [from("sg-control", "tcp", 1025, 65535), from("sg-nodes", "-1")],
      egress: nodesOut,
    },
  };
}

/** What becomes of the first instance: `none`, `ready`, or the reason and message of why it is not. */
function outcome(all: JoinFacts, awsAuth: ConfigMapData | undefined = AWS_AUTH, before?: ReturnType<typeof join>) {
  const [result] = join(all, awsAuth, before);
  const { node, why } = result ?? {};
  const state = node === undefined ? "none" : (node.notReady ?? "ready");
  return { state, why };
}

const mapped = (entry: object): ConfigMapData => ({ mapRoles: JSON.stringify([entry]) });
const AS_NODE = { rolearn: ROLE, username: "system:node:{{EC2PrivateDNSName}}", groups: ["system:nodes"] };

describe("joining a cluster of EKS", () => {
  it("makes a ready node of every instance when all is as the workshop has it", () => {
    expect(join(facts(), AWS_AUTH)).toEqual([
      {
        instanceId: "i-1",
        node: { name: "ip-172-16-10-1.ap-northeast-2.compute.internal", version: "v1.31.0-eks-0000000" },
        why: "ready",
      },
      {
        instanceId: "i-2",
        node: { name: "ip-172-16-10-2.ap-northeast-2.compute.internal", version: "v1.31.0-eks-0000000" },
        why: "ready",
      },
    ]);
  });

  it("names nodes as the VPC's DNS does in the first region", () => {
    const [result] = join({ ...facts(), region: "us-east-1" }, AWS_AUTH);

    expect(result?.node?.name).toBe("ip-172-16-10-1.ec2.internal");
  });

  it.each([
    ["amazon-eks-node-1.30-v20240703", "", "v1.30.0"],
    [
      "amazon-eks-node-1.30-v20240703",
      "EKS Kubernetes Worker AMI with AmazonLinux2 image, (k8s: 1.30.4, docker: 20)",
      "v1.30.4",
    ],
    ["ubuntu-eks/k8s_1.29/images/hvm-ssd/ubuntu-jammy-22.04-amd64-server-20240701", "", "v1.29.0"],
  ])("takes the kubelet's version from the image %s (%s)", (name, description, version) => {
    const [result] = join(facts({ image: { name, description } }), AWS_AUTH);

    expect(result?.node?.version).toBe(`${version}-eks-0000000`);
  });

  it.each<[string, Partial<InstanceFacts>]>([
    ["a script that gives the cluster's name alone", { userData: base64("#!/bin/sh\n/etc/eks/bootstrap.sh demo\n") }],
    ["an endpoint that ends in a slash", { userData: script({ endpoint: `${NAMED.endpoint}/` }) }],
    ["a NodeConfig on an image that says nothing of itself", { userData: nodeConfig() }],
    [
      "a NodeConfig on Amazon Linux 2023",
      {
        userData: nodeConfig(),
        image: { name: "amazon-eks-node-al2023-x86_64-standard-1.31-v20250101", description: "" },
      },
    ],
    [
      "a policy of the account's own, which may allow anything",
      { role: { arn: ROLE, policies: ["arn:aws:iam::123456789012:policy/all"] } },
    ],
    ["a role with a path", { role: { arn: "arn:aws:iam::123456789012:role/eks/workers", policies: POLICIES } }],
    ["an older kubelet that is supported", { image: { name: "amazon-eks-node-1.28-v20250101", description: "" } }],
  ])("takes %s", (_, more) => {
    expect(outcome(facts(more))).toEqual({ state: "ready", why: "ready" });
  });

  it.each<[string, Partial<InstanceFacts>, string]>([
    ["without the cluster's tag", { tags: {} }, "it has no tag kubernetes.io/cluster/demo=owned"],
    [
      "with the tag of another cluster",
      { tags: { "kubernetes.io/cluster/other": "owned" } },
      "it has no tag kubernetes.io/cluster/demo=owned",
    ],
    [
      "with the tag as subnets have it",
      { tags: { "kubernetes.io/cluster/demo": "shared" } },
      "its tag is kubernetes.io/cluster/demo=shared, not kubernetes.io/cluster/demo=owned",
    ],
    [
      "whose user data names another cluster",
      { userData: script({ clusterName: "other" }) },
      "its user data names the cluster other, not demo: Unauthorized",
    ],
    [
      "whose user data has another endpoint",
      { userData: script({ endpoint: "https://old.eks.amazonaws.com" }) },
      "its user data names the endpoint https://old.eks.amazonaws.com; that of demo is https://127.0.0.1:6443",
    ],
    [
      "whose user data has another certificate authority",
      { userData: script({ certificateAuthorityData: "b2xk" }) },
      "x509: certificate signed by unknown authority",
    ],
    ["without user data", { userData: "" }, "its user data neither calls /etc/eks/bootstrap.sh nor has a NodeConfig"],
    [
      "whose NodeConfig says nothing of the services' addresses",
      { userData: nodeConfig({ cidr: undefined }) },
      "its NodeConfig lacks apiServerEndpoint, certificateAuthority or cidr",
    ],
    [
      "that runs bootstrap.sh on Amazon Linux 2023",
      { image: { name: "amazon-eks-node-al2023-x86_64-standard-1.31-v20250101", description: "" } },
      "bootstrap.sh has been removed from AL2023-based EKS AMIs",
    ],
    [
      "that has a NodeConfig on Amazon Linux 2",
      { userData: nodeConfig(), image: { name: "amazon-eks-node-1.31-v20250101", description: "" } },
      "but a NodeConfig, which Amazon Linux 2 does not know",
    ],
    [
      "of an image without a kubelet",
      { image: { name: "ubuntu/images/hvm-ssd/ubuntu-bionic-18.04-amd64-server-20190722.1", description: "" } },
      "is not one of EKS: there is no kubelet on it",
    ],
    [
      "whose kubelet is too old",
      { image: { name: "amazon-eks-node-1.14-v20190927", description: "" } },
      "has a kubelet 1.14, too old for 1.31",
    ],
    ["without an instance profile", { role: undefined }, "it has no role"],
    ["whose role may do nothing", { role: { arn: ROLE, policies: [] } }, "ec2:DescribeInstances is denied"],
    ["without a way to the internet", { hasEgress: false }, "its subnet has no way to the internet"],
  ])("has no node of an instance %s", (_, more, why) => {
    const result = outcome(facts(more));

    expect(result).toEqual({ state: "none", why: expect.stringContaining(why) as string });
    // The other one has nothing to do with it.
    expect(join(facts(more), AWS_AUTH)[1]?.why).toBe("ready");
  });

  it("has a kubelet of up to 1.26 say what it misses without the tag, as it looks for it itself", () => {
    const words = 'could not init cloud provider "aws": AWS cloud failed to find ClusterID';

    expect(outcome(facts({ tags: {} }, { version: "1.26" })).why).toContain(words);
    expect(outcome(facts({ tags: {} }, { version: "1.27" })).why).not.toContain(words);
  });

  it.each<[string, ConfigMapData | undefined, string]>([
    ["there is no aws-auth", undefined, "there is no ConfigMap aws-auth: Unauthorized"],
    ["aws-auth is empty", {}, `aws-auth does not map ${ROLE}: Unauthorized`],
    ["aws-auth maps another role", mapped({ ...AS_NODE, rolearn: `${ROLE}2` }), `aws-auth does not map ${ROLE}`],
    [
      "aws-auth maps the instance profile",
      mapped({ ...AS_NODE, rolearn: ROLE.replace(":role/", ":instance-profile/") }),
      `aws-auth does not map ${ROLE}`,
    ],
    [
      "aws-auth maps the role with a path",
      mapped({ ...AS_NODE, rolearn: ROLE.replace(":role/", ":role/eks/") }),
      `aws-auth does not map ${ROLE}`,
    ],
    ["mapRoles is not YAML", { mapRoles: "- rolearn: [" }, "mapRoles in aws-auth is not YAML: Unauthorized"],
    ["mapRoles is not a list", { mapRoles: `rolearn: ${ROLE}` }, "mapRoles in aws-auth is not a list: Unauthorized"],
    ["the groups are not a list", mapped({ ...AS_NODE, groups: "system:nodes" }), "groups that are no list of texts"],
    [
      "the role is not a node's user",
      mapped({ ...AS_NODE, username: "worker" }),
      'nodes is forbidden: User "worker" cannot create resource "nodes"',
    ],
    [
      "the role is a node's user by the session's name",
      mapped({ ...AS_NODE, username: "system:node:{{SessionName}}" }),
      'User "system:node:i-1" cannot create',
    ],
    [
      "the role is in no group of nodes",
      mapped({ ...AS_NODE, groups: ["system:bootstrappers"] }),
      "nodes is forbidden",
    ],
    [
      "the last of two mappings is wrong",
      { mapRoles: JSON.stringify([AS_NODE, { ...AS_NODE, groups: [] }]) },
      "nodes is forbidden",
    ],
  ])("has no node when %s", (_, awsAuth, why) => {
    const [result] = join(facts(), awsAuth);

    expect(result).toEqual({ instanceId: "i-1", why: expect.stringContaining(why) as string });
  });

  it.each<[string, ConfigMapData]>([
    ["in capitals", mapped({ roleARN: ROLE.toUpperCase(), Username: AS_NODE.username, groups: AS_NODE.groups })],
    ["after a wrong one", { mapRoles: JSON.stringify([{ ...AS_NODE, groups: [] }, AS_NODE]) }],
    ["beside one without a role", { mapRoles: JSON.stringify([{ username: "x" }, AS_NODE]) }],
    ["as an administrator, under any name", mapped({ ...AS_NODE, username: "worker", groups: ["system:masters"] })],
  ])("takes a mapping %s", (_, awsAuth) => {
    expect(outcome(facts(), awsAuth).state).toBe("ready");
  });

  it.each([
    ["CONFIG_MAP", [ROLE], undefined, "none"],
    ["API_AND_CONFIG_MAP", [ROLE], undefined, "ready"],
    ["API_AND_CONFIG_MAP", [], AWS_AUTH, "ready"],
    ["API_AND_CONFIG_MAP", [], undefined, "none"],
    ["API", [ROLE], undefined, "ready"],
    ["API", [], AWS_AUTH, "none"],
  ])("in the mode %s with the access entries %j and the aws-auth %j: %s", (mode, accessEntries, awsAuth, state) => {
    const [result] = join(facts({}, { authenticationMode: mode, accessEntries }), awsAuth);

    expect(result?.node === undefined ? "none" : "ready").toBe(state);
  });

  describe("through security groups", () => {
    const within = (other: Parameters<typeof groups>[0], cluster: Partial<JoinFacts["cluster"]> = {}) =>
      outcome({ ...facts({}, cluster), securityGroups: groups(other) });
    const toAnywhere = (protocol: string, port: number): Permission => ({
      ...from("sg-nodes", protocol, port),
      cidrs: ["0.0.0.0/0"],
    });

    it.each<[string, Parameters<typeof groups>[0]]>([
      ["nobody may reach the control plane", { control: [] }],
      ["another port of it is open", { control: [from("sg-nodes", "tcp", 6443)] }],
      ["UDP to it is open", { control: [from("sg-nodes", "udp", 443)] }],
      ["others may reach it", { control: [from("sg-bastion", "tcp", 443)] }],
      ["another network may reach it", { control: [{ ...from("x", "tcp", 443), cidrs: ["172.17.0.0/16"] }] }],
      ["nothing gets out of the nodes", { nodesOut: [] }],
    ])("has no node when %s", (_, other) => {
      expect(within(other)).toEqual({
        state: "none",
        why: "the security groups do not let it reach the control plane on 443: i/o timeout",
      });
    });

    it.each<[string, Parameters<typeof groups>[0]]>([
      ["the nodes' group may reach the control plane", { control: [from("sg-nodes", "tcp", 443)] }],
      ["all protocols are open", { control: [from("sg-nodes", "-1")] }],
      ["a node's own network may reach it", { control: [{ ...from("x", "tcp", 443), cidrs: ["172.16.10.0/24"] }] }],
      ["the nodes let in the networks of the control plane", { nodes: [{ ...OUT, cidrs: ["172.16.8.0/21"] }] }],
    ])("has a ready node when %s", (_, other) => {
      expect(within(other)).toEqual({ state: "ready", why: "ready" });
    });

    it("has a node of a cluster that is reached by the internet, whatever they say of 443", () => {
      expect(within({ control: [] }, { hasPrivateEndpoint: false }).state).toBe("ready");
    });

    it("has a node that looks well when its kubelet cannot be reached", () => {
      expect(within({ nodes: [from("sg-control", "tcp", 443), from("sg-nodes", "-1")] })).toEqual({
        state: "ready",
        why: "ready, but the control plane cannot reach its kubelet on 10250: kubectl logs and exec time out",
      });
    });

    it.each([
      ["the workshop's own rule between nodes, TCP alone", [from("sg-nodes", "tcp", 0, 65535)]],
      ["UDP alone", [from("sg-nodes", "udp", 53)]],
      ["no rule between nodes", []],
    ])("has a node that looks well when DNS between nodes is blocked: %s", (_, between) => {
      expect(within({ nodes: [from("sg-control", "tcp", 10250), ...between] })).toEqual({
        state: "ready",
        why: "ready, but DNS to another node is blocked: its pods resolve no name when CoreDNS runs there",
      });
    });

    it("has nothing to say about DNS to other nodes when there is one node", () => {
      const alone = {
        ...facts(),
        instances: [instance(1)],
        securityGroups: groups({ nodes: [from("sg-control", "-1")] }),
      };

      expect(outcome(alone).why).toBe("ready");
    });

    it("needs all of a network to be let in", () => {
      const half: Permission = { ...OUT, cidrs: ["172.16.10.0/24", "172.16.12.0/24"] };

      expect(within({ nodes: [half, from("sg-nodes", "-1")] }).why).toContain("cannot reach its kubelet on 10250");
    });

    it("asks both ends", () => {
      expect(within({ nodesOut: [toAnywhere("tcp", 443)] }).why).toContain("DNS to another node is blocked");
    });
  });

  describe("with a network plugin that does not come up", () => {
    const without = (name: string) => ({
      role: { arn: ROLE, policies: POLICIES.filter((arn) => !arn.includes(name)) },
    });
    const containerd =
      "container runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady " +
      "message:Network plugin returns error: cni plugin not initialized";

    it.each(["AmazonEKS_CNI_Policy", "AmazonEC2ContainerRegistry"])(
      "has a node that is not ready without %s",
      (name) => {
        const result = outcome(facts(without(name)));

        expect(result.state).toEqual({ reason: "KubeletNotReady", message: containerd });
        expect(result.why).toContain(ROLE);
      },
    );

    it("has the words of the container runtime of old versions", () => {
      const { state } = outcome(facts(without("AmazonEKS_CNI_Policy"), { version: "1.14" }));

      expect(state).toMatchObject({
        message: expect.stringContaining("docker: network plugin is not ready") as string,
      });
    });

    it("keeps it not ready until its role may, and ready from then on", () => {
      const broken = facts(without("AmazonEKS_CNI_Policy"));
      const first = join(broken, AWS_AUTH);
      const still = join(broken, AWS_AUTH, first);
      const mended = join(facts(), AWS_AUTH, still);
      const again = join(broken, AWS_AUTH, mended);

      expect([first, still, mended, again].map(([result]) => result?.node?.notReady?.reason)).toEqual([
        "KubeletNotReady",
        "KubeletNotReady",
        undefined,
        undefined,
      ]);
    });
  });

  describe("of a node that was one before", () => {
    const before = join(facts(), AWS_AUTH);
    const silent = { reason: "NodeStatusUnknown", message: "Kubelet stopped posting node status." };

    it.each<[string, JoinFacts, ConfigMapData | undefined]>([
      ["aws-auth is gone", facts(), undefined],
      ["its role is another", facts({ role: { arn: `${ROLE}2`, policies: POLICIES } }), AWS_AUTH],
      ["443 is closed", { ...facts(), securityGroups: groups({ control: [] }) }, AWS_AUTH],
    ])("hears no more when %s, and again when that is mended", (_, broken, awsAuth) => {
      const lost = join(broken, awsAuth, before);

      expect(lost[0]?.node?.notReady).toEqual(silent);
      expect(lost[0]?.why).toMatch(/^it was a node: /);
      expect(join(facts(), AWS_AUTH, lost)[0]).toEqual(before[0]);
    });

    it.each<[string, Partial<InstanceFacts>]>([
      ["its tag is gone", { tags: {} }],
      ["its subnet has no way out any more", { hasEgress: false }],
      ["its role lost its policies", { role: { arn: ROLE, policies: [] } }],
    ])("keeps it when %s: that counts when it boots", (_, more) => {
      expect(outcome(facts(more), AWS_AUTH, before)).toEqual({ state: "ready", why: "ready" });
      expect(outcome(facts(more)).state).not.toBe("ready");
    });
  });

  it("lets a kubelet in that is newer than the cluster, against what is supported", () => {
    const result = outcome(facts({ image: { name: "amazon-eks-node-1.32-v20250101", description: "" } }));

    expect(result).toEqual({
      state: "ready",
      why: "ready, but its kubelet 1.32 is newer than the cluster, which is not supported",
    });
  });
});
