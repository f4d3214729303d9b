import type { Instance, NetworkInterface, SecurityGroup, Volume, VpcEndpoint } from "@aws-sdk/client-ec2";

import { FINDERS } from "../../aws/finders/table";
import {
  endpointThing,
  GONE_BALANCER,
  groupThing,
  instanceThing,
  interfaceDescription,
  interfaceThing,
  ownershipByTags,
  referencesIn,
  volumeThing,
  type ClusterIdentity,
  type Thing,
} from "../../cli/destroy/ownership";

const OURS = "awskrug_gudi_eks";
const CLUSTER: ClusterIdentity = {
  clusterName: OURS,
  vpcId: "vpc-1",
  managedIds: new Set(["sg-nodes"]),
  hasCluster: true,
  persistentVolumes: new Map(),
  machines: new Map(),
};
const NODES = new Set(["i-0123456789abcdef0"]);

describe("whose something is, by its tags", () => {
  it.each([
    ["Kubernetes' own controller", { [`kubernetes.io/cluster/${OURS}`]: "owned" }, "cluster"],
    ["the AWS load balancer controller", { "elbv2.k8s.aws/cluster": OURS }, "cluster"],
    ["EKS Auto Mode", { "eks:eks-cluster-name": OURS }, "cluster"],
    ["EKS", { "aws:eks:cluster-name": OURS }, "cluster"],
    ["EKS' managed node groups", { "eks:cluster-name": OURS }, "cluster"],
    ["EKS' managed node groups of another", { "eks:cluster-name": "b" }, "other"],
    ["the VPC CNI", { "cluster.k8s.amazonaws.com/name": OURS }, "cluster"],
    ["old Kubernetes", { KubernetesCluster: OURS }, "cluster"],
    ["two that agree", { KubernetesCluster: OURS, [`kubernetes.io/cluster/${OURS}`]: "owned" }, "cluster"],
    ["another cluster", { "kubernetes.io/cluster/b": "owned" }, "other"],
    ["another whose name begins alike", { [`kubernetes.io/cluster/${OURS}2`]: "owned" }, "other"],
    ["two clusters at once", { [`kubernetes.io/cluster/${OURS}`]: "owned", "elbv2.k8s.aws/cluster": "b" }, "other"],
    ["somebody who shares it", { [`kubernetes.io/cluster/${OURS}`]: "shared" }, "other"],
    ["somebody who shares another's", { "kubernetes.io/cluster/b": "shared" }, undefined],
    ["a service of an unknown cluster", { "kubernetes.io/service-name": "default/web" }, undefined],
    ["nobody", {}, undefined],
  ])("that were written by %s", (_, tags, owner) => {
    expect(ownershipByTags(tags as Record<string, string>, OURS)?.owner).toBe(owner);
  });

  it("comes with the tag that shows it", () => {
    const tags = { [`kubernetes.io/cluster/${OURS}`]: "owned", "elbv2.k8s.aws/cluster": "b" };

    expect(ownershipByTags(tags, OURS)?.why).toBe(
      `tag kubernetes.io/cluster/${OURS}=owned, but also tag elbv2.k8s.aws/cluster=b`,
    );
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
      { nodeIds: NODES, balancers: BALANCERS, groupIds: new Set(["sg-elb"]) },
    );

  it("of a load balancer is described by Elastic Load Balancing", () => {
    expect(BALANCERS.map(interfaceDescription)).toEqual([
      "ELB a1b2c3",
      "ELB net/k8s-web/0123456789abcdef",
      "ELB by-hand",
    ]);
  });

  it.each<[string, NetworkInterface, Partial<Thing>]>([
    [
      "of our classic load balancer",
      { Description: "ELB a1b2c3" },
      { owner: "cluster", goesWith: "the classic load balancer a1b2c3" },
    ],
    [
      "of our load balancer",
      { Description: "ELB net/k8s-web/0123456789abcdef" },
      { owner: "cluster", goesWith: "the load balancer net/k8s-web/0123456789abcdef" },
    ],
    [
      "of a load balancer that is gone, with our group",
      { Description: "ELB gone", Groups: [{ GroupId: "sg-elb" }] },
      { owner: "cluster", goesWith: GONE_BALANCER },
    ],
    [
      "of a load balancer that is gone, with another group as well",
      { Description: "ELB gone", Groups: [{ GroupId: "sg-elb" }, { GroupId: "sg-x" }] },
      { owner: "other", goesWith: GONE_BALANCER },
    ],
    ["of a gone load balancer without groups", { Description: "ELB net/gone/1" }, { owner: "other" }],
    [
      "of the control plane",
      { Description: `Amazon EKS ${OURS}` },
      { owner: "cluster", goesWith: `the cluster ${OURS}` },
    ],
    ["of another control plane", { Description: `Amazon EKS ${OURS}2` }, { owner: "other" }],
    ["of the CNI, on a node of ours", { Description: "aws-K8S-i-0123456789abcdef0" }, { owner: "cluster" }],
    [
      "of the CNI, on a node that EC2 has forgotten, with the stack's group",
      { Description: "aws-K8S-i-0aaaaaaaaaaaaaaaa", Groups: [{ GroupId: "sg-nodes" }] },
      { owner: "cluster" },
    ],
    [
      "of the CNI, on who knows what",
      { Description: "aws-K8S-i-0aaaaaaaaaaaaaaaa", Groups: [{ GroupId: "sg-x" }] },
      { owner: "other" },
    ],
    [
      "of the CNI of another cluster, with the stack's group",
      {
        Description: "aws-K8S-i-0aaaaaaaaaaaaaaaa",
        Groups: [{ GroupId: "sg-nodes" }],
        TagSet: [{ Key: "cluster.k8s.amazonaws.com/name", Value: "b" }],
      },
      { owner: "other" },
    ],
    [
      "on a node",
      {
        Description: "aws-K8S-i-0123456789abcdef0",
        Status: "in-use",
        Attachment: { InstanceId: "i-0123456789abcdef0", DeviceIndex: 1 },
      },
      { owner: "cluster", goesWith: "the instance i-0123456789abcdef0" },
    ],
    [
      "of something of AWS'",
      { Description: "RDSNetworkInterface", Status: "in-use", Attachment: { InstanceOwnerId: "amazon-rds" } },
      { owner: "other", attachedTo: "amazon-rds" },
    ],
  ])("%s is told", (_, it, thing) => {
    expect(seen(it)).toEqual([expect.objectContaining(thing)]);
  });

  it("of a load balancer is nobody's, and not waited for, when load balancers may not be listed", () => {
    const it = FINDERS.aws_network_interface.read({
      NetworkInterfaceId: "eni-1",
      Description: "ELB a1b2c3",
      Groups: [{ GroupId: "sg-elb" }],
    });
    const context = { nodeIds: NODES, balancers: undefined, groupIds: new Set(["sg-elb"]) };

    expect(interfaceThing(it, CLUSTER, context)).toEqual([
      expect.objectContaining({ owner: "other", attachedTo: "the load balancer a1b2c3" }),
    ]);
    expect(interfaceThing(it, CLUSTER, context)[0]).not.toHaveProperty("goesWith");
  });

  it.each<[string, NetworkInterface]>([
    ["an instance's first", { Attachment: { InstanceId: "i-1", DeviceIndex: 0 } }],
    ["a NAT gateway's", { Description: "Interface for NAT Gateway nat-1" }],
    ["a VPC endpoint's", { Description: "VPC Endpoint Interface vpce-1" }],
    ["a load balancer's that is listed as somebody else's", { Description: "ELB by-hand" }],
  ])("that is %s is not told", (_, it) => {
    expect(seen(it)).toEqual([]);
  });
});

describe("a volume", () => {
  const tags = (all: Record<string, string>) => Object.entries(all).map(([Key, Value]) => ({ Key, Value }));
  const csi = { "ebs.csi.aws.com/cluster": "true", CSIVolumeName: "pvc-1" };
  it("of a claim that is to be deleted goes with it", () => {
    const cluster = { ...CLUSTER, persistentVolumes: new Map([["vol-1", "shop/orders"]]) };

    expect(volumeThing(FINDERS.aws_ebs_volume.read({ VolumeId: "vol-1" }), cluster, NODES)).toMatchObject([
      { owner: "cluster", goesWith: "its claim shop/orders, and its data with it" },
    ]);
  });

  const seen = (it: Volume, volumeIds: string[] = []) =>
    volumeThing(
      FINDERS.aws_ebs_volume.read({ VolumeId: "vol-1", Size: 10, State: "available", ...it }),
      { ...CLUSTER, persistentVolumes: new Map(volumeIds.map((id) => [id, undefined])) },
      NODES,
    );

  it.each<[string, Volume, string[], Partial<Thing>]>([
    [
      "with the cluster's tag",
      { Tags: tags({ [`kubernetes.io/cluster/${OURS}`]: "owned" }) },
      [],
      { owner: "cluster" },
    ],
    [
      "that Kubernetes names",
      { Tags: tags(csi) },
      ["vol-1"],
      { owner: "cluster", why: "a persistent volume of the cluster names it" },
    ],
    [
      "on a node",
      { State: "in-use", Tags: tags(csi), Attachments: [{ InstanceId: "i-0123456789abcdef0" }] },
      [],
      { owner: "cluster", attachedTo: "i-0123456789abcdef0" },
    ],
    [
      "of two clusters",
      { Tags: tags({ [`kubernetes.io/cluster/${OURS}`]: "owned", "kubernetes.io/cluster/b": "owned", ...csi }) },
      [],
      {
        owner: "other",
        why: `tag kubernetes.io/cluster/${OURS}=owned, but also tag kubernetes.io/cluster/b=owned`,
      },
    ],
    ["of some cluster", { Tags: tags(csi) }, [], { owner: "other", called: "10 GiB, available, pvc-1" }],
  ])("%s is told", (_, it, volumeIds, thing) => {
    expect(seen(it, volumeIds)).toEqual([expect.objectContaining(thing)]);
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
  });

  it.each([
    ["in a VPC of somebody else's", {}, undefined],
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
