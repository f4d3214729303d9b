import type { Instance, NetworkInterface, SecurityGroup, Volume, VpcEndpoint } from "@aws-sdk/client-ec2";

import { FINDERS } from "../../aws/finders/table";
import {
  balancerThing,
  endpointThing,
  GONE_BALANCER,
  groupsOf,
  groupThing,
  instanceThing,
  interfaceDescription,
  interfaceThing,
  namedThing,
  ownershipByTags,
  referencesIn,
  volumeThing,
  type ClusterIdentity,
  type Thing,
} from "../../cli/destroy/ownership";

const OURS = "awskrug_gudi_eks";
const OWNED = `kubernetes.io/cluster/${OURS}`;
const CLUSTER: ClusterIdentity = {
  clusterName: OURS,
  vpcId: "vpc-1",
  managedIds: new Set(["sg-nodes", "sg-more", "by-terraform"]),
  hasCluster: true,
  persistentVolumes: new Map(),
  machines: new Map(),
};
const NODES = new Set(["i-0123456789abcdef0"]);

describe("whose something is, by its tags", () => {
  it.each([
    ["Kubernetes' own controller", { [OWNED]: "owned" }, "cluster"],
    ["the AWS load balancer controller", { "elbv2.k8s.aws/cluster": OURS }, "cluster"],
    ["EKS Auto Mode", { "eks:eks-cluster-name": OURS }, "cluster"],
    ["EKS", { "aws:eks:cluster-name": OURS }, "cluster"],
    ["EKS' managed node groups", { "eks:cluster-name": OURS }, "cluster"],
    ["EKS' managed node groups of another", { "eks:cluster-name": "b" }, "other"],
    ["the VPC CNI", { "cluster.k8s.amazonaws.com/name": OURS }, "cluster"],
    ["old Kubernetes", { KubernetesCluster: OURS }, "cluster"],
    ["two that agree", { KubernetesCluster: OURS, [OWNED]: "owned" }, "cluster"],
    ["another cluster", { "kubernetes.io/cluster/b": "owned" }, "other"],
    ["another whose name begins alike", { [`kubernetes.io/cluster/${OURS}2`]: "owned" }, "other"],
    ["two clusters at once", { [OWNED]: "owned", "elbv2.k8s.aws/cluster": "b" }, "other"],
    ["somebody who shares it", { [OWNED]: "shared" }, "other"],
    ["somebody who shares another's", { "kubernetes.io/cluster/b": "shared" }, undefined],
    ["a service of an unknown cluster", { "kubernetes.io/service-name": "default/web" }, undefined],
    ["nobody", {}, undefined],
  ])("that were written by %s", (_, tags, owner) => {
    expect(ownershipByTags(tags as Record<string, string>, OURS)?.owner).toBe(owner);
  });

  it.each([
    ["ours", { [OWNED]: "owned", Name: "x" }, `tag ${OWNED}=owned`],
    ["another's", { Name: "x", "kubernetes.io/cluster/b": "owned" }, "tag kubernetes.io/cluster/b=owned"],
    [
      "two clusters' at once",
      { [OWNED]: "owned", "elbv2.k8s.aws/cluster": "b" },
      `tag ${OWNED}=owned, but also tag elbv2.k8s.aws/cluster=b`,
    ],
    ["shared", { [OWNED]: "shared" }, `tag ${OWNED}=shared: the cluster uses it, somebody else made it`],
  ])("comes with the tag that shows it: %s", (_, tags, why) => {
    expect(ownershipByTags(tags as Record<string, string>, OURS)?.why).toBe(why);
  });
});

describe("a load balancer or a target group", () => {
  const service = { "kubernetes.io/service-name": "default/web" };

  it.each<[string, Record<string, string>, boolean, string, Partial<Thing>[]]>([
    [
      "ours, wherever it is",
      { [OWNED]: "owned", ...service },
      false,
      "k8s-web",
      [{ called: "k8s-web, for default/web", owner: "cluster", why: `tag ${OWNED}=owned` }],
    ],
    [
      "ours, of an ingress",
      { [OWNED]: "owned", "ingress.k8s.aws/stack": "shop/orders" },
      true,
      "",
      [{ called: "for shop/orders", owner: "cluster", why: `tag ${OWNED}=owned` }],
    ],
    [
      "nobody's, in the VPC",
      {},
      true,
      "by-hand",
      [{ called: "by-hand", owner: "other", why: "no tag says which cluster this load balancer is of" }],
    ],
    [
      "another's, in the VPC",
      { "kubernetes.io/cluster/b": "owned" },
      true,
      "",
      [{ called: "", owner: "other", why: "tag kubernetes.io/cluster/b=owned" }],
    ],
    ["another's, elsewhere", { "kubernetes.io/cluster/b": "owned" }, false, "", []],
    ["nobody's, elsewhere", {}, false, "", []],
  ])("that is %s", (_, tags, isInVpc, called, told) => {
    expect(balancerThing("aws_lb", { id: "arn:1", tags }, OURS, isInVpc, called)).toEqual(
      told.map((it) => ({ type: "aws_lb", id: "arn:1", ...it })),
    );
  });

  it("has no name where AWS gives it none but its id", () => {
    expect(balancerThing("aws_elb", { id: "a1b2c3", tags: {} }, OURS, true)).toMatchObject([{ called: "" }]);
  });
});

describe("a security group", () => {
  const BALANCERS: Thing[] = [
    { type: "aws_elb", id: "a1b2c3", called: "", owner: "cluster", why: "" },
    { type: "aws_elb", id: "by-hand", called: "", owner: "other", why: "" },
    { type: "aws_lb", id: "net", called: "", owner: "cluster", why: "" },
  ];
  const seen = (GroupName: string | undefined, tags: Record<string, string>, clusterExists = true) =>
    groupThing(
      { id: "sg-1", tags, state: "there", details: { GroupId: "sg-1", GroupName } },
      CLUSTER,
      BALANCERS,
      clusterExists,
    );
  const unnamed = "no tag says which cluster this security group is of";
  const eks = { "aws:eks:cluster-name": OURS };

  it.each<[string, string | undefined, Record<string, string>, Partial<Thing>]>([
    ["with the cluster's tag", "k8s-traffic", { [OWNED]: "owned" }, { owner: "cluster", why: `tag ${OWNED}=owned` }],
    [
      "that is named for a load balancer of ours",
      "k8s-elb-a1b2c3",
      {},
      { owner: "cluster", why: "is named for the load balancer a1b2c3, which is the cluster's" },
    ],
    [
      "that is named for one, but has another cluster's tag",
      "k8s-elb-a1b2c3",
      { "kubernetes.io/cluster/b": "owned" },
      { owner: "other", why: "tag kubernetes.io/cluster/b=owned" },
    ],
    ["that is named for somebody else's", "k8s-elb-by-hand", {}, { owner: "other", why: unnamed }],
    ["that is named for no classic one", "k8s-elb-net", {}, { owner: "other", why: unnamed }],
    ["that EC2 gives no name", undefined, {}, { owner: "other", why: unnamed, called: "" }],
    [
      "of the control plane",
      "eks-cluster-sg",
      eks,
      { owner: "cluster", why: `tag aws:eks:cluster-name=${OURS}`, goesWith: `the cluster ${OURS}` },
    ],
    [
      "of another control plane",
      "eks-cluster-sg",
      { "aws:eks:cluster-name": "b" },
      { owner: "other", why: "tag aws:eks:cluster-name=b" },
    ],
  ])("%s", (_, name, tags, thing) => {
    expect(seen(name, tags)).toEqual([{ type: "aws_security_group", id: "sg-1", called: name, ...thing }]);
  });

  it("of a control plane that is gone goes with nothing", () => {
    expect(seen("eks-cluster-sg", eks, false)).toEqual([
      {
        type: "aws_security_group",
        id: "sg-1",
        called: "eks-cluster-sg",
        owner: "cluster",
        why: `tag aws:eks:cluster-name=${OURS}`,
      },
    ]);
  });

  it("that every VPC has is not told", () => {
    expect(seen("default", {})).toEqual([]);
  });
});

describe("what can live in a VPC", () => {
  it.each<[string, Record<string, string>, Partial<Thing>]>([
    ["its tag Name", { Name: "web", [OWNED]: "owned" }, { called: "web", owner: "cluster", why: `tag ${OWNED}=owned` }],
    ["nothing", {}, { called: "", owner: "other", why: "no tag says which cluster this subnet is of" }],
  ])("is called by %s", (_, tags, thing) => {
    expect(namedThing("aws_subnet", { id: "subnet-1", tags }, OURS)).toEqual({
      type: "aws_subnet",
      id: "subnet-1",
      ...thing,
    });
  });
});

describe("a network interface", () => {
  const ARN = "arn:aws:elasticloadbalancing:ap-northeast-2:123456789012:loadbalancer/net/k8s-web/0123456789abcdef";
  const BALANCERS: Thing[] = [
    { type: "aws_elb", id: "a1b2c3", called: "", owner: "cluster", why: "" },
    { type: "aws_lb", id: ARN, called: "k8s-web", owner: "cluster", why: "" },
    { type: "aws_elb", id: "by-hand", called: "", owner: "other", why: "" },
  ];
  const seen = (it: NetworkInterface) =>
    interfaceThing(
      FINDERS.aws_network_interface.read({ NetworkInterfaceId: "eni-1", Status: "available", ...it }),
      CLUSTER,
      { nodeIds: NODES, balancers: BALANCERS, groupIds: new Set(["sg-elb", "sg-elb2"]) },
    );

  it("of a load balancer is described by Elastic Load Balancing", () => {
    expect(BALANCERS.map(interfaceDescription)).toEqual([
      "ELB a1b2c3",
      "ELB net/k8s-web/0123456789abcdef",
      "ELB by-hand",
    ]);
  });

  const unnamed = "no tag says which cluster this network interface is of";

  it.each<[string, NetworkInterface, Omit<Thing, "type" | "id" | "called">]>([
    [
      "of our classic load balancer",
      { Description: "ELB a1b2c3" },
      {
        owner: "cluster",
        why: "belongs to the classic load balancer a1b2c3",
        goesWith: "the classic load balancer a1b2c3",
      },
    ],
    [
      "of our load balancer",
      { Description: "ELB net/k8s-web/0123456789abcdef" },
      {
        owner: "cluster",
        why: "belongs to the load balancer net/k8s-web/0123456789abcdef",
        goesWith: "the load balancer net/k8s-web/0123456789abcdef",
      },
    ],
    [
      "of a load balancer that is gone, with groups of ours",
      { Description: "ELB gone", Groups: [{ GroupId: "sg-elb" }, { GroupId: "sg-elb2" }] },
      {
        owner: "cluster",
        why: "has the security group sg-elb, sg-elb2, which is the cluster's",
        goesWith: GONE_BALANCER,
      },
    ],
    [
      "of a load balancer that is gone, with another group as well",
      { Description: "ELB gone", Groups: [{ GroupId: "sg-elb" }, { GroupId: "sg-x" }] },
      {
        owner: "other",
        why: "nothing is left that says whose the load balancer gone was",
        goesWith: GONE_BALANCER,
      },
    ],
    [
      "of a gone load balancer without groups",
      { Description: "ELB net/gone/1" },
      {
        owner: "other",
        why: "nothing is left that says whose the load balancer net/gone/1 was",
        goesWith: GONE_BALANCER,
      },
    ],
    [
      "of the control plane",
      { Description: `Amazon EKS ${OURS}` },
      { owner: "cluster", why: "its description, which EKS wrote", goesWith: `the cluster ${OURS}` },
    ],
    ["of another control plane", { Description: `Amazon EKS ${OURS}2` }, { owner: "other", why: unnamed }],
    [
      "of the CNI, on a node of ours",
      { Description: "aws-K8S-i-0123456789abcdef0" },
      { owner: "cluster", why: "the VPC CNI made it for i-0123456789abcdef0, a node of the cluster" },
    ],
    [
      "of a CNI that says in a tag for which node of ours",
      { TagSet: [{ Key: "node.k8s.amazonaws.com/instance_id", Value: "i-0123456789abcdef0" }] },
      { owner: "cluster", why: "the VPC CNI made it for i-0123456789abcdef0, a node of the cluster" },
    ],
    [
      "of the CNI, on a node that EC2 has forgotten, with the stack's groups",
      { Description: "aws-K8S-i-0aaaaaaaaaaaaaaaa", Groups: [{ GroupId: "sg-nodes" }, { GroupId: "sg-more" }] },
      {
        owner: "cluster",
        why: "the VPC CNI made it for a node with the stack's security group sg-nodes, sg-more",
      },
    ],
    [
      "of the CNI, on who knows what",
      { Description: "aws-K8S-i-0aaaaaaaaaaaaaaaa", Groups: [{ GroupId: "sg-x" }] },
      { owner: "other", why: unnamed },
    ],
    [
      "of the CNI of another cluster, with the stack's group",
      {
        Description: "aws-K8S-i-0aaaaaaaaaaaaaaaa",
        Groups: [{ GroupId: "sg-nodes" }],
        TagSet: [{ Key: "cluster.k8s.amazonaws.com/name", Value: "b" }],
      },
      { owner: "other", why: "tag cluster.k8s.amazonaws.com/name=b" },
    ],
    [
      "of who knows what, with the stack's group",
      { Description: "made by hand", Groups: [{ GroupId: "sg-nodes" }] },
      { owner: "other", why: unnamed },
    ],
    [
      "on a node",
      {
        Description: "aws-K8S-i-0123456789abcdef0",
        Status: "in-use",
        Attachment: { InstanceId: "i-0123456789abcdef0", DeviceIndex: 1 },
      },
      {
        owner: "cluster",
        why: "the VPC CNI made it for i-0123456789abcdef0, a node of the cluster",
        goesWith: "the instance i-0123456789abcdef0",
      },
    ],
    [
      "of something of AWS'",
      { Status: "in-use", Attachment: { InstanceOwnerId: "amazon-rds", DeviceIndex: 0 } },
      { owner: "other", why: unnamed, attachedTo: "amazon-rds" },
    ],
    [
      "of something that EC2 does not name",
      { Status: "in-use" },
      { owner: "other", why: unnamed, attachedTo: "something" },
    ],
  ])("%s is told", (_, it, thing) => {
    const { Description: called = "" } = it;

    expect(seen(it)).toEqual([{ type: "aws_network_interface", id: "eni-1", called, ...thing }]);
  });

  it("has the groups that EC2 lists, which may be none", () => {
    expect(groupsOf({ Groups: [{ GroupId: "sg-1" }, {}] })).toEqual(["sg-1", ""]);
    expect(groupsOf({})).toEqual([]);
  });

  it("of a load balancer is nobody's, and not waited for, when load balancers may not be listed", () => {
    const it = FINDERS.aws_network_interface.read({
      NetworkInterfaceId: "eni-1",
      Description: "ELB a1b2c3",
      Groups: [{ GroupId: "sg-elb" }],
    });
    const context = { nodeIds: NODES, balancers: undefined, groupIds: new Set(["sg-elb"]) };

    expect(interfaceThing(it, CLUSTER, context)).toEqual([
      {
        type: "aws_network_interface",
        id: "eni-1",
        called: "ELB a1b2c3",
        owner: "other",
        why: "whose the load balancer a1b2c3 is cannot be seen",
        attachedTo: "the load balancer a1b2c3",
      },
    ]);
  });

  it.each<[string, NetworkInterface]>([
    ["an instance's first", { Attachment: { InstanceId: "i-1", DeviceIndex: 0 } }],
    ["a NAT gateway's", { Description: "Interface for NAT Gateway nat-1" }],
    ["a VPC endpoint's", { Description: "VPC Endpoint Interface vpce-1" }],
    ["a load balancer's that is listed as somebody else's", { Description: "ELB by-hand" }],
    ["a load balancer's of Terraform's", { Description: "ELB by-terraform" }],
  ])("that is %s is not told", (_, it) => {
    expect(seen(it)).toEqual([]);
  });
});

describe("a volume", () => {
  const tags = (all: Record<string, string>) => Object.entries(all).map(([Key, Value]) => ({ Key, Value }));
  const csi = { "ebs.csi.aws.com/cluster": "true", CSIVolumeName: "pvc-1" };
  it("of a claim that is to be deleted goes with it", () => {
    const cluster = { ...CLUSTER, persistentVolumes: new Map([["vol-1", "shop/orders"]]) };

    expect(volumeThing(FINDERS.aws_ebs_volume.read({ VolumeId: "vol-1" }), cluster, NODES)).toEqual([
      {
        type: "aws_ebs_volume",
        id: "vol-1",
        called: "0 GiB",
        owner: "cluster",
        why: "a persistent volume of the cluster names it",
        goesWith: "its claim shop/orders, and its data with it",
      },
    ]);
  });

  const seen = (it: Volume, volumeIds: string[] = []) =>
    volumeThing(
      FINDERS.aws_ebs_volume.read({ VolumeId: "vol-1", Size: 10, State: "available", ...it }),
      { ...CLUSTER, persistentVolumes: new Map(volumeIds.map((id) => [id, undefined])) },
      NODES,
    );
  const whose = "tag ebs.csi.aws.com/cluster says that a cluster made it, and nothing says which";

  it.each<[string, Volume, string[], Omit<Thing, "type" | "id">]>([
    [
      "with the cluster's tag, of Kubernetes' own driver",
      {
        Tags: tags({
          [OWNED]: "owned",
          "kubernetes.io/created-for/pvc/name": "orders",
          "kubernetes.io/created-for/pvc/namespace": "shop",
        }),
      },
      [],
      { called: "10 GiB, available, of the claim shop/orders", owner: "cluster", why: `tag ${OWNED}=owned` },
    ],
    [
      "of a claim in who knows which namespace",
      { Tags: tags({ [OWNED]: "owned", "kubernetes.io/created-for/pvc/name": "orders" }) },
      [],
      { called: "10 GiB, available, of the claim ?/orders", owner: "cluster", why: `tag ${OWNED}=owned` },
    ],
    [
      "that Kubernetes names",
      { Tags: tags(csi) },
      ["vol-1"],
      { called: "10 GiB, available, pvc-1", owner: "cluster", why: "a persistent volume of the cluster names it" },
    ],
    [
      "on a node",
      { State: "in-use", Tags: tags(csi), Attachments: [{ InstanceId: "i-0123456789abcdef0" }] },
      [],
      {
        called: "10 GiB, in-use, pvc-1",
        owner: "cluster",
        why: "is attached to i-0123456789abcdef0, a node of the cluster",
        attachedTo: "i-0123456789abcdef0",
      },
    ],
    [
      "on a machine that is no node of ours",
      { State: "in-use", Tags: tags(csi), Attachments: [{ InstanceId: "i-1" }] },
      [],
      { called: "10 GiB, in-use, pvc-1", owner: "other", why: whose, attachedTo: "i-1" },
    ],
    [
      "of two clusters",
      { Tags: tags({ [OWNED]: "owned", "kubernetes.io/cluster/b": "owned", ...csi }) },
      [],
      {
        called: "10 GiB, available, pvc-1",
        owner: "other",
        why: `tag ${OWNED}=owned, but also tag kubernetes.io/cluster/b=owned`,
      },
    ],
    [
      "of another cluster, though a persistent volume of ours names it",
      { Tags: tags({ "kubernetes.io/cluster/b": "owned", ...csi }) },
      ["vol-1"],
      {
        called: "10 GiB, available, pvc-1",
        owner: "other",
        why: "tag kubernetes.io/cluster/b=owned, though a persistent volume of the cluster names it",
      },
    ],
    [
      "of some cluster",
      { Tags: tags({ ...csi, "kubernetes.io/created-for/pv/name": "pv-1" }) },
      [],
      { called: "10 GiB, available, pv-1", owner: "other", why: whose },
    ],
  ])("%s is told", (_, it, volumeIds, thing) => {
    expect(seen(it, volumeIds)).toEqual([{ type: "aws_ebs_volume", id: "vol-1", ...thing }]);
  });

  it.each<[string, Volume]>([
    ["another cluster's", { Tags: tags({ "kubernetes.io/cluster/b": "owned", ...csi }) }],
    ["going already", { State: "deleting", Tags: tags(csi) }],
    ["a node's own disk", { Tags: tags(csi), Attachments: [{ InstanceId: "i-1", DeleteOnTermination: true }] }],
  ])("that is %s is not told", (_, it) => {
    expect(seen(it)).toEqual([]);
  });
});

describe("an instance", () => {
  const owned = { Key: `kubernetes.io/cluster/${OURS}`, Value: "owned" };
  const seen = (it: Instance, machines: [string, string][] = []) =>
    instanceThing(FINDERS.aws_instance.read({ InstanceId: "i-1", ...it }), { ...CLUSTER, machines: new Map(machines) });

  it.each([
    ["karpenter.sh/nodepool", "default", "of Karpenter's NodePool default", undefined],
    [
      "eks:nodegroup-name",
      "general",
      "of the managed node group general",
      `eks delete-nodegroup --cluster-name ${OURS} --nodegroup-name general`,
    ],
    [
      "aws:autoscaling:groupName",
      "spot one",
      "of the Auto Scaling group spot one",
      "autoscaling delete-auto-scaling-group --force-delete --auto-scaling-group-name 'spot one'",
    ],
    ["Name", "web", "web", undefined],
  ])("with the tag %s says what has started it, and how that is ended", (Key, Value, called, endedBy) => {
    const thing = seen({ Tags: [owned, { Key, Value }] });

    expect({ endedBy: undefined, ...thing }).toMatchObject({ owner: "cluster", called, endedBy });
  });

  it("of EKS Auto Mode goes with the cluster", () => {
    expect(seen({ Tags: [owned], Operator: { Managed: true } })).toHaveProperty("goesWith", `the cluster ${OURS}`);
    expect(seen({ Tags: [owned], Operator: { Managed: false } })).not.toHaveProperty("goesWith");
    expect(seen({ Operator: { Managed: true } })).not.toHaveProperty("goesWith");
  });

  it("goes with its NodeClaim, but not when it is another cluster's", () => {
    const claims: [string, string][] = [["i-1", "default-a"]];

    expect(seen({ Tags: [owned] }, claims)).toHaveProperty("goesWith", "its NodeClaim default-a");
    expect(seen({ Tags: [owned], InstanceId: "i-2" }, claims)).not.toHaveProperty("goesWith");
    expect(seen({ Tags: [{ Key: "eks:eks-cluster-name", Value: "b" }] }, claims)).not.toHaveProperty("goesWith");
  });
});

describe("what GuardDuty has made in the stack's own VPC", () => {
  const Tags = [{ Key: "GuardDutyManaged", Value: "true" }];
  const ENDPOINT: VpcEndpoint = { VpcId: "vpc-1", ServiceName: "com.amazonaws.ap-northeast-2.guardduty-data", Tags };
  const GROUP: SecurityGroup = { VpcId: "vpc-1", GroupName: "GuardDutyManagedSecurityGroup-vpc-1", Tags };
  const endpoint = (it: VpcEndpoint, vpcId: string | undefined) =>
    endpointThing(FINDERS.aws_vpc_endpoint.read({ VpcEndpointId: "vpce-1", ...ENDPOINT, ...it }), {
      clusterName: OURS,
      ...(vpcId !== undefined && { vpcId }),
    });
  const group = (it: SecurityGroup, vpcId: string | undefined) =>
    groupThing(
      FINDERS.aws_security_group.read({ GroupId: "sg-1", ...GROUP, ...it }),
      { clusterName: OURS, ...(vpcId !== undefined && { vpcId }) },
      [],
      true,
    )[0];

  it("goes with the stack", () => {
    const why = "GuardDuty made it in the stack's own VPC, which goes: tag GuardDutyManaged=true";

    expect(endpoint({}, "vpc-1")).toEqual({
      type: "aws_vpc_endpoint",
      id: "vpce-1",
      called: "com.amazonaws.ap-northeast-2.guardduty-data",
      owner: "cluster",
      why,
    });
    expect(group({}, "vpc-1")).toMatchObject({ owner: "cluster", why });
  });

  it("is not deleted twice", () => {
    expect(endpoint({ State: "Deleting" }, "vpc-1")).toMatchObject({
      goesWith: "its deletion, which AWS has begun",
    });
    expect(endpoint({ State: "Deleting" }, undefined)).not.toHaveProperty("goesWith");
  });

  it.each([
    ["in a VPC of somebody else's", {}, undefined],
    ["in a VPC that AWS does not say", { VpcId: undefined }, undefined],
    ["in another VPC of the stack's", { VpcId: "vpc-2" }, "vpc-1"],
    ["without its tag", { Tags: [] }, "vpc-1"],
    ["with its tag for `no`", { Tags: [{ Key: "GuardDutyManaged", Value: "false" }] }, "vpc-1"],
  ])("is nobody's %s", (_, more, vpcId) => {
    expect([endpoint(more, vpcId), group(more, vpcId)]).toMatchObject([{ owner: "other" }, { owner: "other" }]);
  });

  it("is nobody's when it has another name", () => {
    expect(endpoint({ ServiceName: "com.amazonaws.ap-northeast-2.s3" }, "vpc-1")).toMatchObject({ owner: "other" });
    expect(group({ GroupName: "by-hand" }, "vpc-1")).toMatchObject({ owner: "other" });
  });
});

describe("rules that name a group", () => {
  it("are found in both directions, reduced to what they say about it", () => {
    const rule = (GroupIds: string[]) => ({
      IpProtocol: "tcp",
      FromPort: 1,
      ToPort: 2,
      IpRanges: [{ CidrIp: "10.0.0.0/8" }],
      UserIdGroupPairs: GroupIds.map((GroupId) => ({ GroupId, Description: "x" })),
    });
    const group = {
      GroupId: "sg-a",
      IpPermissions: [rule(["sg-b", "sg-c", "sg-a"])],
      IpPermissionsEgress: [rule(["sg-b"])],
    };
    const permission = { IpProtocol: "tcp", FromPort: 1, ToPort: 2, UserIdGroupPairs: [{ GroupId: "sg-b" }] };

    expect(referencesIn(group, new Set(["sg-a", "sg-b"]))).toEqual([
      { inGroup: "sg-a", toGroup: "sg-b", direction: "ingress", permission },
      { inGroup: "sg-a", toGroup: "sg-b", direction: "egress", permission },
    ]);
  });
});
