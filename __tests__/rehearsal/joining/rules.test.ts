import { mergeAwsAuth } from "../../../facts/aws-auth";
import { familyOf, join, type ImageFamily, type InstanceFacts, type JoinFacts } from "../../../rehearsal/joining/rules";
import type { Permission } from "../../../aws/network";
import type { ConfigMapData } from "../../../rehearsal/cluster/kubernetes-state";
import { al2Script } from "../../support/al2-script";

const ROLE = "arn:aws:iam::123456789012:role/workers";
const AWS_AUTH = mergeAwsAuth(undefined, { node_role_arn: ROLE });
const POLICIES = ["AmazonEC2ContainerRegistryReadOnly", "AmazonEKSWorkerNodePolicy", "AmazonEKS_CNI_Policy"].map(
  (name) => `arn:aws:iam::aws:policy/${name}`,
);
const NOBODY = { cidrs: [], groupIds: [], prefixListIds: [] };
const OUT: Permission = { ...NOBODY, protocol: "-1", ports: undefined, cidrs: ["0.0.0.0/0"] };
const from = (groupId: string, protocol: string, port?: number, to = port): Permission => ({
  ...NOBODY,
  protocol,
  ports: port !== undefined && to !== undefined ? { from: port, to } : undefined,
  groupIds: [groupId],
});
const NAMED = {
  clusterName: "demo",
  endpoint: "https://127.0.0.1:6443",
  certificateAuthorityData: "LS0t",
  preUserData: "",
  additionalUserData: "",
  kubeletExtraArgs: "",
};
const base64 = (text: string) => Buffer.from(text).toString("base64");
const script = (named: Partial<typeof NAMED> = {}) => base64(al2Script({ ...NAMED, ...named }));
const nodeConfig = (other: Record<string, string | undefined> = {}, flags: readonly string[] = []) => {
  const own = { name: "demo", apiServerEndpoint: NAMED.endpoint, certificateAuthority: "LS0t", cidr: "172.20.0.0/16" };
  const spec = JSON.stringify({ cluster: { ...own, ...other }, kubelet: { flags } });
  return base64(`apiVersion: node.eks.aws/v1alpha1\nkind: NodeConfig\nspec: ${spec}\n`);
};
/** Bottlerocket's, without one of them. */
const settings = (without?: string) => {
  const all = {
    "cluster-name": "demo",
    "api-server": NAMED.endpoint,
    "cluster-certificate": "LS0t",
    "cluster-dns-ip": "172.20.0.10",
  };
  const lines = Object.entries(all).filter(([name]) => name !== without);
  return base64(`[settings.kubernetes]\n${lines.map(([name, value]) => `${name} = "${value}"\n`).join("")}`);
};

function instance(number: number, more: Partial<InstanceFacts> = {}): InstanceFacts {
  return {
    id: `i-${String(number)}`,
    privateAddress: `172.16.10.${String(number)}`,
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
      privateAccess: true,
      serviceCidr: undefined,
      isIpv6: false,
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
  const inVpc: Permission = { ...NOBODY, protocol: "tcp", ports: { from: 443, to: 443 }, cidrs: ["172.16.0.0/16"] };
  return [
    { id: "sg-control", inbound: control ?? [inVpc], outbound: [OUT] },
    {
      id: "sg-nodes",
      inbound: nodes ?? [from("sg-control", "tcp", 1025, 65535), from("sg-nodes", "-1")],
      outbound: nodesOut,
    },
  ];
}

/** What becomes of the first instance: `none`, `ready`, or the reason and message of why it is not. */
function outcome(all: JoinFacts, awsAuth: ConfigMapData | undefined = AWS_AUTH, before?: ReturnType<typeof join>) {
  const [result] = join(all, awsAuth, before);
  const { node, why } = result ?? {};
  const state = node === undefined ? "none" : (node.notReady ?? "ready");
  return { state, why };
}

/** A node of which nothing else is to be said: "ready, but …" is not it. */
const READY = /^ready$/;

const mapped = (entry: object): ConfigMapData => ({ mapRoles: JSON.stringify([entry]) });
/** Its fields, a line for each, as they stand in an entry of a list. */
const pairs = (entry: object) =>
  Object.entries(entry)
    .map(([key, value]) => `${key}: ${JSON.stringify(value)}`)
    .join("\n  ");
const AS_NODE = { rolearn: ROLE, username: "system:node:{{EC2PrivateDNSName}}", groups: ["system:nodes"] };

describe("joining a cluster of EKS", () => {
  const before = join(facts(), AWS_AUTH);

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
    ["amazon-eks-node-1.30-v20240703", "EKS Kubernetes Worker AMI, (k8s:1.30.14, containerd: 1.7)", "v1.30.14"],
    ["ubuntu-eks/k8s_1.29/images/hvm-ssd/ubuntu-jammy-22.04-amd64-server-20240701", "", "v1.29.0"],
    ["ours/ubuntu-eks/k8s_1.29/images/hvm-ssd/ubuntu-jammy-22.04-amd64-server-20240701", "", "v1.31.0"],
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

  const NO_NODE_CONFIG = "its NodeConfig lacks apiServerEndpoint, certificateAuthority or cidr: nodeadm refuses it";
  const MAY_NOT_ASK = `${ROLE} has neither AmazonEKSWorkerNodePolicy nor AmazonEKS_CNI_Policy: ec2:DescribeInstances is denied`;

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
      "its user data has another certificate authority: x509: certificate signed by unknown authority",
    ],
    [
      "whose user data names no cluster",
      { userData: nodeConfig({ name: undefined }) },
      "its user data names no cluster",
    ],
    ["without user data", { userData: "" }, "its user data neither calls /etc/eks/bootstrap.sh nor has a NodeConfig"],
    [
      "whose NodeConfig says nothing of the services' addresses",
      { userData: nodeConfig({ cidr: undefined }) },
      NO_NODE_CONFIG,
    ],
    ["whose NodeConfig says no endpoint", { userData: nodeConfig({ apiServerEndpoint: undefined }) }, NO_NODE_CONFIG],
    [
      "whose NodeConfig says no certificate authority",
      { userData: nodeConfig({ certificateAuthority: undefined }) },
      NO_NODE_CONFIG,
    ],
    [
      "that runs bootstrap.sh on Amazon Linux 2023",
      { image: { name: "amazon-eks-node-al2023-x86_64-standard-1.31-v20250101", description: "" } },
      "ERROR: bootstrap.sh has been removed from AL2023-based EKS AMIs. EKS nodes are now initialized by nodeadm.",
    ],
    [
      "that has a NodeConfig on Amazon Linux 2",
      { userData: nodeConfig(), image: { name: "amazon-eks-node-1.31-v20250101", description: "" } },
      "its user data does not call /etc/eks/bootstrap.sh, but a NodeConfig, which Amazon Linux 2 does not know",
    ],
    [
      "of an image without a kubelet",
      { image: { name: "ubuntu/images/hvm-ssd/ubuntu-bionic-18.04-amd64-server-20190722.1", description: "" } },
      "its image ubuntu/images/hvm-ssd/ubuntu-bionic-18.04-amd64-server-20190722.1 is not one of EKS: there is no " +
        "kubelet on it",
    ],
    [
      "whose kubelet is too old",
      { image: { name: "amazon-eks-node-1.14-v20190927", description: "" } },
      "its image amazon-eks-node-1.14-v20190927 has a kubelet 1.14, too old for 1.31",
    ],
    [
      "without an instance profile",
      { role: undefined },
      "it has no role (no instance profile, or an empty one): its kubelet has no credentials",
    ],
    ["whose role may do nothing", { role: { arn: ROLE, policies: [] } }, MAY_NOT_ASK],
    [
      "whose role has policies of AWS for something else",
      { role: { arn: ROLE, policies: ["arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"] } },
      MAY_NOT_ASK,
    ],
    [
      "without a way to the internet",
      { hasEgress: false },
      "its subnet has no way to the internet: its kubelet cannot call AWS, nor fetch an image",
    ],
  ])("has no node of an instance %s", (_, more, why) => {
    expect(outcome(facts(more))).toEqual({ state: "none", why });
    // The other one has nothing to do with it.
    expect(join(facts(more), AWS_AUTH)[1]?.why).toBe("ready");
  });

  it("has a kubelet of up to 1.26 say what it misses without the tag, as it looks for it itself", () => {
    const without = "it has no tag kubernetes.io/cluster/demo=owned";

    expect(outcome(facts({ tags: {} }, { version: "1.27" })).why).toBe(without);
    expect(outcome(facts({ tags: {} }, { version: "1.26" })).why).toBe(
      `${without}: failed to run Kubelet: could not init cloud provider "aws": AWS cloud failed to find ClusterID`,
    );
  });

  const NAME = "ip-172-16-10-1.ap-northeast-2.compute.internal";
  const NOT_MAPPED = `aws-auth does not map ${ROLE}: Unauthorized`;
  const OF_ANOTHER = `nodes "${NAME}" is forbidden: node "i-1" is not allowed to modify node "${NAME}"`;
  const FORBIDDEN = `nodes is forbidden: User "system:node:${NAME}" cannot create resource "nodes"`;

  it.each<[string, ConfigMapData | undefined, string]>([
    ["there is no aws-auth", undefined, "there is no ConfigMap aws-auth: Unauthorized"],
    ["aws-auth is empty", {}, NOT_MAPPED],
    ["aws-auth maps another role", mapped({ ...AS_NODE, rolearn: `${ROLE}2` }), NOT_MAPPED],
    [
      "aws-auth maps the instance profile",
      mapped({ ...AS_NODE, rolearn: ROLE.replace(":role/", ":instance-profile/") }),
      NOT_MAPPED,
    ],
    [
      "aws-auth maps the role with a path",
      mapped({ ...AS_NODE, rolearn: ROLE.replace(":role/", ":role/eks/") }),
      NOT_MAPPED,
    ],
    ["mapRoles is not YAML", { mapRoles: "- rolearn: [" }, "mapRoles in aws-auth is not YAML: Unauthorized"],
    ["mapRoles is not a list", { mapRoles: `rolearn: ${ROLE}` }, "mapRoles in aws-auth is not a list: Unauthorized"],
    ["the groups are not a list", mapped({ ...AS_NODE, groups: "system:nodes" }), NOT_MAPPED],
    [
      "the role is not a node's user",
      mapped({ ...AS_NODE, username: "worker" }),
      'nodes is forbidden: User "worker" cannot create resource "nodes" (its groups: system:nodes)',
    ],
    [
      "the role's user has more before a node's name",
      mapped({ ...AS_NODE, username: `my:${AS_NODE.username}` }),
      `nodes is forbidden: User "my:system:node:${NAME}" cannot create resource "nodes" (its groups: system:nodes)`,
    ],
    [
      "the role's user has a line break behind a node's name",
      mapped({ ...AS_NODE, username: `${AS_NODE.username}\n` }),
      `nodes is forbidden: User "system:node:${NAME}\n" cannot create resource "nodes" (its groups: system:nodes)`,
    ],
    [
      "the role is a node's user by the session's name",
      mapped({ ...AS_NODE, username: "system:node:{{SessionName}}" }),
      OF_ANOTHER,
    ],
    [
      "the role is another node's user, even as an administrator",
      mapped({ ...AS_NODE, username: "system:node:{{SessionName}}", groups: ["system:masters", "system:nodes"] }),
      OF_ANOTHER,
    ],
    [
      "the role is in no group of nodes",
      mapped({ ...AS_NODE, groups: ["system:bootstrappers", "x"] }),
      `${FORBIDDEN} (its groups: system:bootstrappers, x)`,
    ],
    [
      "the mapping says neither who it is nor which groups it has",
      mapped({ rolearn: ROLE }),
      'nodes is forbidden: User "" cannot create resource "nodes" (its groups: none)',
    ],
    [
      "the last of two mappings is wrong",
      { mapRoles: JSON.stringify([AS_NODE, { ...AS_NODE, groups: [] }]) },
      `${FORBIDDEN} (its groups: none)`,
    ],
  ])("has no node when %s", (_, awsAuth, why) => {
    const [result] = join(facts(), awsAuth);

    expect(result).toEqual({ instanceId: "i-1", why });
  });

  it.each<[string, ConfigMapData]>([
    ["in capitals", mapped({ roleARN: ROLE.toUpperCase(), Username: AS_NODE.username, groups: AS_NODE.groups })],
    ["after a wrong one", { mapRoles: JSON.stringify([{ ...AS_NODE, groups: [] }, AS_NODE]) }],
    ["beside one without a role", { mapRoles: JSON.stringify([{ username: "x" }, AS_NODE]) }],
    ["beside one that is a text", { mapRoles: JSON.stringify(["foo", AS_NODE]) }],
    ["beside one that is nothing", { mapRoles: JSON.stringify([null, AS_NODE]) }],
    ["with a key twice, of which the last counts", { mapRoles: `- rolearn: other\n  ${pairs(AS_NODE)}` }],
    [
      "beside one whose name is no text",
      { mapRoles: `- {rolearn: ${ROLE}x, username: yes}\n- ${JSON.stringify(AS_NODE)}` },
    ],
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

  it("says of a cluster that looks into entries alone that aws-auth does not count", () => {
    expect(outcome(facts({}, { authenticationMode: "API" })).why).toBe(
      `${ROLE} has no access entry, and aws-auth does not count: Unauthorized`,
    );
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
      ["a part of its networks may be called", { nodesOut: [{ ...OUT, cidrs: ["172.16.10.0/23"] }] }],
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
      ["all ports of TCP are open", { nodes: [from("sg-control", "tcp"), from("sg-nodes", "-1")] }],
      [
        "nodes may ask each other for names alone",
        { nodes: [from("sg-control", "tcp", 10250), from("sg-nodes", "udp", 53), from("sg-nodes", "tcp", 53)] },
      ],
    ])("has a ready node when %s", (_, other) => {
      expect(within(other)).toEqual({ state: "ready", why: "ready" });
    });

    it("lets nobody by range to a control plane of which no range is known", () => {
      expect(within({}, { cidrs: [] }).why).toContain("do not let it reach the control plane");
    });

    it("says all that is wrong with a node that looks well", () => {
      expect(within({ nodes: [] }).why).toBe(
        "ready, but the control plane cannot reach its kubelet on 10250: kubectl logs and exec time out; DNS to another " +
          "node is blocked: its pods resolve no name when CoreDNS runs there",
      );
    });

    it("has a node of a cluster that is reached by the internet, whatever they say of 443", () => {
      expect(within({ control: [] }, { privateAccess: false }).state).toBe("ready");
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

    it.each([
      ["AmazonEKS_CNI_Policy", `${ROLE} has no AmazonEKS_CNI_Policy: the network plugin gets no addresses for pods`],
      ["AmazonEC2ContainerRegistry", `${ROLE} may not read from ECR: the network plugin's image cannot be pulled`],
    ])("has a node that is not ready without %s", (name, why) => {
      expect(outcome(facts(without(name)))).toEqual({
        state: { reason: "KubeletNotReady", message: containerd },
        why,
      });
    });

    it("has the words of the container runtime of each version", () => {
      const docker =
        "runtime network not ready: NetworkReady=false reason:NetworkPluginNotReady message:docker: network plugin is " +
        "not ready: cni config uninitialized";
      const said = (version: string) => outcome(facts(without("AmazonEKS_CNI_Policy"), { version })).state;

      expect(said("1.23")).toEqual({ reason: "KubeletNotReady", message: docker });
      expect(said("1.24")).toEqual({ reason: "KubeletNotReady", message: containerd });
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
    const silent = { reason: "NodeStatusUnknown", message: "Kubelet stopped posting node status." };

    it.each<[string, JoinFacts, ConfigMapData | undefined]>([
      ["aws-auth is gone", facts(), undefined],
      ["its role is another", facts({ role: { arn: `${ROLE}2`, policies: POLICIES } }), AWS_AUTH],
      ["443 is closed", { ...facts(), securityGroups: groups({ control: [] }) }, AWS_AUTH],
      ["its role is gone", facts({ role: undefined }), AWS_AUTH],
    ])("hears no more when %s, and again when that is mended", (_, broken, awsAuth) => {
      const lost = join(broken, awsAuth, before);

      expect(lost[0]?.node?.notReady).toEqual(silent);
      expect(lost[0]?.why).toMatch(/^it was a node: \S/);
      expect(join(facts(), AWS_AUTH, lost)[0]).toEqual(before[0]);
    });

    it("says that a role is gone, and of another instance's node nothing", () => {
      const broken = facts({ role: undefined });

      expect(outcome(broken, AWS_AUTH, before).why).toBe(
        "it was a node: it has no role: its kubelet has no credentials",
      );
      expect(outcome(broken, AWS_AUTH, before.slice(1)).state).toBe("none");
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

  it.each([
    ["1.35", "1.34", "its image amazon-eks-node-1.35-v20250101 has a kubelet 1.35, newer than 1.34"],
    ["1.34", "1.34", undefined],
    ["1.31", "1.34", undefined],
    ["1.30", "1.34", "its image amazon-eks-node-1.30-v20250101 has a kubelet 1.30, too old for 1.34"],
    // https://kubernetes.io/blog/2023/08/15/kubernetes-v1-28-release/#changes-to-supported-skew
    ["1.24", "1.27", "its image amazon-eks-node-1.24-v20250101 has a kubelet 1.24, too old for 1.27"],
    ["1.24", "1.26", undefined],
    ["1.25", "1.28", undefined],
  ])("with a kubelet %s and a control plane %s: %s", (kubelet, version, why) => {
    const image = { name: `amazon-eks-node-${kubelet}-v20250101`, description: "" };

    const result = outcome(facts({ image }, { version }));

    expect(result).toEqual(why === undefined ? { state: "ready", why: "ready" } : { state: "none", why });
  });

  it.each<[string, ImageFamily, string]>([
    ["amazon-eks-node-1.32-v20251120", "al2", "1.32"],
    ["amazon-eks-arm64-node-1.32-v20251120", "al2", "1.32"],
    ["amazon-eks-gpu-node-1.32-v20251120", "al2", "1.32"],
    ["ubuntu-eks/k8s_1.29/images/hvm-ssd/ubuntu-jammy-22.04-amd64-server-20240701", "al2", "1.29"],
    ["amazon-eks-node-al2023-x86_64-standard-1.34-v20251120", "al2023", "1.34"],
    ["amazon-eks-node-al2023-arm64-standard-1.34-v20251120", "al2023", "1.34"],
    ["amazon-eks-node-al2023-x86_64-nvidia-1.33-v20251120", "al2023", "1.33"],
    ["amazon-eks-node-al2023-x86_64-neuron-1.33-v20251120", "al2023", "1.33"],
    ["bottlerocket-aws-k8s-1.34-x86_64-v1.50.0-8a9ad4e5", "bottlerocket", "1.34"],
    ["bottlerocket-aws-k8s-1.33-nvidia-aarch64-v1.50.0-8a9ad4e5", "bottlerocket", "1.33"],
    ["bottlerocket-aws-ecs-2-x86_64-v1.50.0-8a9ad4e5", "none", "1.31"],
    ["ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-amd64-server-20251022", "none", "1.31"],
    ["al2023-ami-2023.9.20251117.1-kernel-6.1-x86_64", "none", "1.31"],
    ["amzn2-ami-hvm-2.0.20190618-x86_64-gp2", "none", "1.31"],
    ["ours-of-amzn2-ami-hvm-2.0.20190618-x86_64-gp2", "unknown", "1.31"],
    ["emulated ami-1", "unknown", "1.31"],
  ])("takes the image %s for one of %s, with a kubelet %s", (name, family, minor) => {
    expect(familyOf(name)).toBe(family);
    // A cluster of that version takes it, and one that is a minor older does not.
    const version = join(facts({ image: { name, description: "" } }), AWS_AUTH, before)[0]?.node?.version;
    expect(version).toBe(`v${minor}.0-eks-0000000`);
  });

  describe("with user data for another image", () => {
    const AL2 = { name: "amazon-eks-node-1.31-v20250101", description: "" };
    const AL2023 = { name: "amazon-eks-node-al2023-x86_64-standard-1.31-v20250101", description: "" };
    const BOTTLEROCKET = { name: "bottlerocket-aws-k8s-1.31-x86_64-v1.50.0-8a9ad4e5", description: "" };
    const UNKNOWN = { name: "golden", description: "" };
    const [SCRIPT, CONFIG, TOML] = [script(), nodeConfig(), settings()];
    const TWICE = base64(`${Buffer.from(TOML, "base64").toString()}cluster-name = "demo"\n`);

    it.each([
      ["AL2", AL2, "a script", SCRIPT, READY],
      ["AL2", AL2, "a NodeConfig", CONFIG, "but a NodeConfig, which Amazon Linux 2 does not know"],
      ["AL2", AL2, "TOML", TOML, /^its user data does not call \/etc\/eks\/bootstrap\.sh$/],
      ["AL2023", AL2023, "a script", SCRIPT, "bootstrap.sh has been removed from AL2023-based EKS AMIs"],
      ["AL2023", AL2023, "a NodeConfig", CONFIG, READY],
      ["AL2023", AL2023, "TOML", TOML, "its user data has no NodeConfig"],
      ["Bottlerocket", BOTTLEROCKET, "a script", SCRIPT, "no TOML with [settings.kubernetes]"],
      ["Bottlerocket", BOTTLEROCKET, "a NodeConfig", CONFIG, "no TOML with [settings.kubernetes]"],
      ["Bottlerocket", BOTTLEROCKET, "TOML", TOML, READY],
      ["Bottlerocket", BOTTLEROCKET, "TOML with a key twice", TWICE, "no TOML with [settings.kubernetes]"],
      ["an image that says nothing", UNKNOWN, "a script", SCRIPT, READY],
      ["an image that says nothing", UNKNOWN, "a NodeConfig", CONFIG, READY],
      ["an image that says nothing", UNKNOWN, "TOML", TOML, READY],
    ])("%s (%j) with %s", (_, image, __, userData, why) => {
      expect(outcome(facts({ image, userData })).why).toMatch(why);
    });

    it.each(["api-server", "cluster-certificate"])("needs %s of Bottlerocket's settings", (name) => {
      const result = outcome(facts({ image: BOTTLEROCKET, userData: settings(name) }));

      expect(result.why).toContain("its settings lack api-server or cluster-certificate");
    });
  });

  describe("with labels and taints", () => {
    const flags = (...all: string[]) => nodeConfig({}, all);

    it("registers its node with them, and with its image's architecture", () => {
      const userData = flags("--node-labels=role=web", "--register-with-taints=gpu=yes:NoSchedule");
      const [result] = join(
        facts({ userData, image: { name: "x", description: "", architecture: "arm64" } }),
        AWS_AUTH,
      );

      expect(result?.node).toMatchObject({
        architecture: "arm64",
        labels: { role: "web" },
        taints: [{ key: "gpu", value: "yes", effect: "NoSchedule" }],
      });
    });

    it.each([
      ["node-role.kubernetes.io/web", false],
      ["kubernetes.io/role", false],
      ["example.k8s.io/role", false],
      ["node.kubernetes.io/lifecycle", true],
      ["kubelet.kubernetes.io/x", true],
      ["topology.kubernetes.io/zone", true],
      ["kubernetes.io/arch", true],
      ["beta.kubernetes.io/instance-type", true],
      ["kubernetes.io/instance-type", false],
      ["example.com/role", true],
      ["mykubernetes.io/role", true],
    ])("takes the label %s: %s", (label, isTaken) => {
      const { why = "" } = outcome(facts({ userData: flags(`--node-labels=${label}=a`) }));

      expect(why).toMatch(isTaken ? READY : "unknown 'kubernetes.io' or 'k8s.io' labels");
    });

    it.each([
      ["--node-labels=kubernetes.io/a=1,example.k8s.io/b=2", "--node-labels: [kubernetes.io/a example.k8s.io/b]"],
      [
        "--register-with-taints=a=b:NO_SCHEDULE",
        "invalid taint effect: NO_SCHEDULE, of a: a kubelet knows NoSchedule, PreferNoSchedule, NoExecute",
      ],
      ["--register-with-taints=a=b", "invalid taint effect: (none), of a=b: a kubelet knows NoSchedule"],
    ])("says what is wrong with %s", (flag, why) => {
      expect(outcome(facts({ userData: flags(flag) })).why).toContain(why);
    });

    it.each([
      ["1.15", READY],
      ["1.16", "unknown 'kubernetes.io' or 'k8s.io' labels"],
    ])("takes a label of Kubernetes' own before 1.16 alone: %s", (version, expected) => {
      const userData = flags("--node-labels=node-role.kubernetes.io/web=a");

      expect(outcome(facts({ userData }, { version })).why).toMatch(expected);
    });

    it.each([
      ["a=b:NoSchedule", true],
      ["a:PreferNoSchedule", true],
      ["a=b:NoExecute", true],
      ["a=b:NO_SCHEDULE", false],
      ["a=b", false],
    ])("takes the taint %s: %s", (taint, isTaken) => {
      const { why = "" } = outcome(facts({ userData: flags(`--register-with-taints=${taint}`) }));

      expect(why).toMatch(isTaken ? READY : "invalid taint effect");
    });
  });

  describe("without the internet", () => {
    const ALL = ["ec2", "ecr.api", "ecr.dkr", "s3", "sts", "eks"];
    const endpoints = (services: readonly string[], group?: string) =>
      services.map((service) => ({
        service,
        ...(group !== undefined && { interfaces: { groupIds: [group], cidrs: ["172.16.14.0/24"] } }),
      }));
    const shutIn = (more: Partial<InstanceFacts>) => outcome(facts({ hasEgress: false, ...more }));

    it("boots when the VPC has an endpoint for all that it asks", () => {
      expect(shutIn({ endpoints: endpoints(ALL) })).toEqual({ state: "ready", why: "ready" });
    });

    it.each(ALL)("does not boot without the one for %s", (service) => {
      const { state, why } = shutIn({ endpoints: endpoints(ALL.filter((one) => one !== service)) });

      expect(state).toBe("none");
      expect(why).toBe(`its subnet has no way to the internet, and no VPC endpoint for ${service}`);
    });

    it("names all that are missing", () => {
      expect(shutIn({ endpoints: endpoints(ALL.slice(2)) }).why).toMatch(/ no VPC endpoint for ec2, ecr\.api$/);
    });

    it("boots when their security group lets in HTTPS alone", () => {
      const all = facts({ hasEgress: false, endpoints: endpoints(ALL, "sg-endpoints") });
      const https = { id: "sg-endpoints", inbound: [from("sg-nodes", "tcp", 443)], outbound: [] };

      expect(outcome({ ...all, securityGroups: [...groups(), https] }).why).toBe("ready");
    });

    it("does not boot when their security group does not let it in", () => {
      const closed = shutIn({ endpoints: endpoints(ALL, "sg-nobody") });
      // The nodes' own group lets them in.
      const open = shutIn({ endpoints: endpoints(ALL, "sg-nodes") });

      expect(closed.why).toBe(
        "the security groups do not let it reach the VPC endpoints for ec2, ecr.api, ecr.dkr, s3, sts, eks on 443",
      );
      expect(open.why).toBe("ready");
    });
  });

  describe("with a network plugin that has a role of its own", () => {
    const OWN = "arn:aws:iam::123456789012:role/cni";
    const withRole = (networkPluginRole: JoinFacts["cluster"]["networkPluginRole"]) =>
      outcome(
        facts(
          { role: { arn: ROLE, policies: POLICIES.filter((arn) => !arn.endsWith("CNI_Policy")) } },
          { ...(networkPluginRole !== undefined && { networkPluginRole }) },
        ),
      );

    it.each([
      ["may give addresses", { arn: OWN, policies: POLICIES }, READY],
      ["may not", { arn: OWN, policies: [] }, `${OWN} has no AmazonEKS_CNI_Policy`],
      [
        "is out of reach",
        { arn: OWN, policies: POLICIES, outOfReach: "no agent" },
        `does not get its role ${OWN}: no agent`,
      ],
      ["is not there", undefined, `${ROLE} has no AmazonEKS_CNI_Policy`],
    ])("which %s", (_, role, why) => {
      expect(withRole(role).why).toMatch(why);
    });
  });

  // https://docs.aws.amazon.com/eks/latest/userguide/cni-iam-role.html
  it.each([
    [
      "AWS' policy for IPv4 alone",
      POLICIES,
      /has policies of AWS alone, and none of them allows ec2:AssignIpv6Addresses/,
    ],
    ["a policy in the role", [...POLICIES, "vpc-cni-ipv6"], READY],
    ["a policy of the account's own", [...POLICIES, "arn:aws:iam::123456789012:policy/cni-ipv6"], READY],
  ])("gives IPv6 addresses to pods with %s", (_, policies, why) => {
    expect(outcome(facts({ role: { arn: ROLE, policies } }, { isIpv6: true })).why).toMatch(why);
  });

  it.each([
    ["the services' network of its cluster", nodeConfig(), "172.20.0.0/16", READY],
    ["another one", nodeConfig(), "10.100.0.0/16", "ready, but its user data has 172.20.0.0/16 for services"],
    ["the address of DNS in it", settings(), "172.20.0.0/16", READY],
    ["the address of DNS in another one", settings(), "10.100.0.0/16", "ready, but its user data has 172.20.0.10"],
    ["nothing said of them", script(), "10.100.0.0/16", READY],
  ])("has a node with %s", (_, userData, serviceCidr, why) => {
    expect(outcome(facts({ userData }, { serviceCidr })).why).toMatch(why);
  });

  it("adds up what several rules let in", () => {
    const rules: Permission[] = ["172.16.10.0/23", "172.16.12.0/23"].map((cidr) => ({ ...OUT, cidrs: [cidr] }));

    const all = { ...facts(), securityGroups: groups({ nodes: [...rules, from("sg-nodes", "-1")] }) };

    expect(outcome(all).why).toBe("ready");
  });

  it("is let through by the cluster's own security group, when both have it", () => {
    const own = [{ id: "sg-cluster", inbound: [from("sg-cluster", "-1")], outbound: [OUT] }];
    const instances = [1, 2].map((number) => instance(number, { securityGroupIds: ["sg-cluster"] }));
    const { cluster } = facts({}, { securityGroupIds: ["sg-cluster"] });

    expect(join({ ...facts(), cluster, instances, securityGroups: own }, AWS_AUTH).map(({ why }) => why)).toEqual([
      "ready",
      "ready",
    ]);
  });
});
