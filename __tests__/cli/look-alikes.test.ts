import type { SecurityGroup } from "@aws-sdk/client-ec2";

import { FINDERS } from "../../aws/finders/table";
import { judged } from "../../cli/destroy/leftovers";
import type { ClusterIdentity } from "../../cli/destroy/ownership";
import { removalPlan } from "../../cli/destroy/removal-plan";
import { pairs } from "../support/planted-account";

type Around = Parameters<typeof judged>[0];

const SHOP: ClusterIdentity = {
  clusterName: "shop",
  vpcId: "vpc-1",
  hasCluster: true,
  managedIds: new Set(["vpc-1", "sg-nodes", "shop-worker"]),
  persistentVolumes: new Map(),
  machines: new Map([["i-karpenter", "default-a"]]),
};
const NOTHING: Around = {
  clusters: [{ id: "shop", tags: {}, state: "there", details: {} }],
  network: { vpcId: "vpc-1" },
  vpcId: "vpc-1",
  balancers: [[], []],
  targetGroups: [],
  groups: [],
  interfaces: [],
  instances: [],
  volumes: [],
  subnets: [],
  natGateways: [],
  endpoints: [],
  logGroups: [],
  unknown: [],
};
const OURS = { "kubernetes.io/cluster/shop": "owned" };
const THEIRS = { "kubernetes.io/cluster/shop2": "owned" };
const GUARD_DUTY = { GuardDutyManaged: "true" };

const classic = (LoadBalancerName: string, VPCId: string, tags: Record<string, string> = {}): Partial<Around> => {
  return { balancers: [[{ ...FINDERS.aws_elb.read({ LoadBalancerName, VPCId }), tags }], []] };
};
const balancer = (LoadBalancerName: string, VpcId: string, tags: Record<string, string> = {}): Partial<Around> => {
  const LoadBalancerArn = `arn:${LoadBalancerName}`;
  return { balancers: [[], [{ ...FINDERS.aws_lb.read({ LoadBalancerArn, LoadBalancerName, VpcId }), tags }]] };
};
const targets = (TargetGroupName: string, VpcId: string, tags: Record<string, string> = {}): Partial<Around> => {
  const TargetGroupArn = `arn:${TargetGroupName}`;
  return {
    targetGroups: [{ ...FINDERS.aws_lb_target_group.read({ TargetGroupArn, TargetGroupName, VpcId }), tags }],
  };
};
const group = (tags: Record<string, string>, more: SecurityGroup = {}): Partial<Around> => {
  return { groups: [FINDERS.aws_security_group.read({ GroupId: "sg-1", VpcId: "vpc-1", Tags: pairs(tags), ...more })] };
};
const instance = (tags: Record<string, string>, InstanceId = "i-1"): Partial<Around> => {
  return { instances: [FINDERS.aws_instance.read({ InstanceId, State: { Name: "running" }, Tags: pairs(tags) })] };
};
const networkInterface = (
  Description: string,
  more: Parameters<typeof FINDERS.aws_network_interface.read>[0] = {},
): Partial<Around> => {
  return { interfaces: [FINDERS.aws_network_interface.read({ NetworkInterfaceId: "eni-1", Description, ...more })] };
};
const volume = (
  tags: Record<string, string>,
  more: Parameters<typeof FINDERS.aws_ebs_volume.read>[0] = {},
): Partial<Around> => {
  return {
    volumes: [FINDERS.aws_ebs_volume.read({ VolumeId: "vol-1", State: "available", Tags: pairs(tags), ...more })],
  };
};
const endpoint = (ServiceName: string, tags: Record<string, string> = {}): Partial<Around> => {
  const described = { VpcEndpointId: "vpce-1", VpcId: "vpc-1", ServiceName, Tags: pairs(tags) };
  return { endpoints: [FINDERS.aws_vpc_endpoint.read(described)] };
};

/** What looks like the cluster's and is not, and whether a person is told of it. */
const LOOK_ALIKES: readonly (readonly [what: string, around: Partial<Around>, isTold: boolean])[] = [
  // By its tags, in the cluster's VPC.
  ["a group of a cluster whose name begins as ours does", group(THEIRS), true],
  ["a group of a cluster whose name ours begins with", group({ "kubernetes.io/cluster/sho": "owned" }), true],
  ["a group of a cluster whose name is ours in capitals", group({ "kubernetes.io/cluster/SHOP": "owned" }), true],
  ["a group that the cluster shares", group({ "kubernetes.io/cluster/shop": "shared" }), true],
  ["a group whose tag has no value", group({ "kubernetes.io/cluster/shop": "" }), true],
  ["a group whose tag has another spelling of its value", group({ "kubernetes.io/cluster/shop": "Owned" }), true],
  ["a group whose tag has another spelling of its key", group({ "Kubernetes.io/cluster/shop": "owned" }), true],
  ["a group of the load balancer controller of another", group({ "elbv2.k8s.aws/cluster": "shop-2" }), true],
  ["a group of two clusters", group({ ...OURS, ...THEIRS }), true],
  ["a group of two clusters, by tags of two kinds", group({ ...OURS, "eks:eks-cluster-name": "shop2" }), true],
  ["a group of a cluster at our name's domain", group({ KubernetesCluster: "shop.example.com" }), true],
  ["a group of a service of an unknown cluster", group({ "kubernetes.io/service-name": "shop/web" }), true],
  ["a group that is called as the cluster is", group({ Name: "shop" }), true],
  ["a group with the stack's own tags", group({ Project: "shop", Managed_by: "terraform" }), true],
  ["a group with the cluster autoscaler's tag", group({ "k8s.io/cluster-autoscaler/shop": "owned" }), true],
  ["a group that GuardDuty has not named", group(GUARD_DUTY, { GroupName: "by-hand" }), true],
  ["a group with GuardDuty's name alone", group({}, { GroupName: "GuardDutyManagedSecurityGroup-vpc-1" }), true],
  ["a VPC's own group", group({}, { GroupName: "default" }), false],
  [
    "a group that is named for somebody else's load balancer",
    { ...group({}, { GroupName: "k8s-elb-a1" }), ...classic("a1", "vpc-2", THEIRS) },
    true,
  ],
  // Load balancers and what belongs to them.
  ["a classic load balancer of another, elsewhere", classic("a1", "vpc-2", THEIRS), false],
  ["a classic load balancer of nobody, elsewhere", classic("shop", "vpc-2"), false],
  ["a classic load balancer of nobody, in our VPC", classic("shop", "vpc-1"), true],
  ["a classic load balancer of two clusters, elsewhere", classic("a1", "vpc-2", { ...OURS, ...THEIRS }), true],
  ["a load balancer of our project, elsewhere", balancer("k8s-shop-web", "vpc-2", { Project: "shop" }), false],
  ["a load balancer of another, in our VPC", balancer("k8s-shop-web", "vpc-1", THEIRS), true],
  ["a target group of nobody, elsewhere", targets("k8s-shop-web", "vpc-2"), false],
  ["a target group of another, elsewhere", targets("k8s-shop-web", "vpc-2", THEIRS), false],
  ["a target group of nobody, in our VPC", targets("k8s-shop-web", "vpc-1"), true],
  // Machines.
  ["an instance by hand, in our VPC", instance({ Name: "shop-worker" }), true],
  ["an instance of Karpenter of another", instance({ ...THEIRS, "karpenter.sh/nodepool": "default" }), true],
  ["an instance of another that a NodeClaim of ours names", instance(THEIRS, "i-karpenter"), true],
  ["an instance of a group that is called alike", instance({ "aws:autoscaling:groupName": "shop-worker2" }), true],
  // Network interfaces in the cluster's VPC.
  [
    "an interface of RDS",
    networkInterface("RDSNetworkInterface", { Status: "in-use", Attachment: { InstanceOwnerId: "amazon-rds" } }),
    true,
  ],
  ["an interface of Lambda", networkInterface("AWS Lambda VPC ENI-shop-1"), true],
  ["an interface of EFS", networkInterface("EFS mount target for fs-1 (fsmt-1)"), true],
  ["an interface of another's control plane", networkInterface("Amazon EKS shop2"), true],
  ["an interface of the CNI, on a node that nobody knows", networkInterface("aws-K8S-i-0123456789abcdef0"), true],
  [
    "an interface of the CNI of another, with our nodes' group",
    networkInterface("aws-K8S-i-0123456789abcdef0", {
      Groups: [{ GroupId: "sg-nodes" }],
      TagSet: [{ Key: "cluster.k8s.amazonaws.com/name", Value: "shop2" }],
    }),
    true,
  ],
  // Volumes.
  ["a volume of two clusters", volume({ ...OURS, ...THEIRS }), true],
  ["a volume that the cluster shares", volume({ "kubernetes.io/cluster/shop": "shared" }), true],
  ["a volume of another", volume({ ...THEIRS, "ebs.csi.aws.com/cluster": "true" }), false],
  ["a volume of who knows which cluster", volume({ "ebs.csi.aws.com/cluster": "true" }), true],
  ["a node's own disk", volume({}, { Attachments: [{ InstanceId: "i-1", DeleteOnTermination: true }] }), false],
  // What else can be in a VPC.
  [
    "a subnet that the cluster shares",
    {
      subnets: [
        FINDERS.aws_subnet.read({ SubnetId: "subnet-1", Tags: pairs({ "kubernetes.io/cluster/shop": "shared" }) }),
      ],
    },
    true,
  ],
  [
    "a NAT gateway by hand",
    { natGateways: [FINDERS.aws_nat_gateway.read({ NatGatewayId: "nat-1", State: "available" })] },
    true,
  ],
  ["an endpoint by hand", endpoint("com.amazonaws.ap-northeast-2.guardduty-data"), true],
  [
    "an endpoint of another service with GuardDuty's tag",
    endpoint("com.amazonaws.ap-northeast-2.s3", GUARD_DUTY),
    true,
  ],
];

/** What is done about an account, and what is told of it. */
function planned(around: Partial<Around>, given = SHOP) {
  const { fates, steps } = removalPlan(
    { region: "ap-northeast-2", ...judged({ ...NOTHING, ...around }, given) },
    { delete: [], keep: [] },
  );
  return { steps, fates: fates.map(({ fate }) => fate) };
}

describe("what looks like a cluster's, and is not", () => {
  it.each(LOOK_ALIKES)("is spared: %s", (_, around, isTold) => {
    const { steps, fates } = planned(around);

    expect(steps).toEqual([]);
    // Somebody else's load balancer may be told beside it.
    expect(new Set(fates)).toEqual(new Set(isTold ? ["foreign"] : []));
  });

  it("is spared in a VPC of somebody else's, too", () => {
    const { vpcId: foreignVpcId = "", ...rest } = SHOP;

    expect(LOOK_ALIKES.flatMap(([, around]) => planned(around, { ...rest, foreignVpcId }).steps)).toEqual([]);
  });

  it.each<[string, Partial<Around>]>([
    ["group", group(OURS)],
    ["group of GuardDuty", group(GUARD_DUTY, { GroupName: "GuardDutyManagedSecurityGroup-vpc-1" })],
    ["classic load balancer", classic("a1", "vpc-2", OURS)],
    ["load balancer", balancer("k8s-shop-web", "vpc-1", OURS)],
    ["target group", targets("k8s-shop-web", "vpc-2", OURS)],
    ["interface", networkInterface("aws-K8S-i-0123456789abcdef0", { Groups: [{ GroupId: "sg-nodes" }] })],
    ["endpoint of GuardDuty", endpoint("com.amazonaws.ap-northeast-2.guardduty-data", GUARD_DUTY)],
  ])("is not the cluster's own %s, which goes", (_, around) => {
    expect(planned(around)).toMatchObject({ fates: ["deleted"] });
    expect(planned(around).steps).not.toEqual([]);
  });
});
