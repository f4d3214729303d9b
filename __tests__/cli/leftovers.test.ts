import { FINDERS } from "../../aws/finders/table";
import { judged } from "../../cli/destroy/leftovers";
import type { ClusterIdentity } from "../../cli/destroy/ownership";

const CLUSTER: ClusterIdentity = {
  clusterName: "c",
  vpcId: "vpc-1",
  hasCluster: true,
  managedIds: new Set(),
  persistentVolumes: new Map(),
  machines: new Map(),
};
const Tags = [{ Key: "kubernetes.io/cluster/c", Value: "owned" }];
/** One of each, with the cluster's tag. */
const AROUND: Parameters<typeof judged>[0] = {
  clusters: [],
  network: undefined,
  vpcId: "vpc-1",
  balancers: [
    [FINDERS.aws_elb.read({ LoadBalancerName: "elb", VPCId: "vpc-1" })],
    [FINDERS.aws_lb.read({ LoadBalancerArn: "arn:lb", VpcId: "vpc-1" })],
  ],
  targetGroups: [FINDERS.aws_lb_target_group.read({ TargetGroupArn: "arn:targets", VpcId: "vpc-1" })],
  groups: [FINDERS.aws_security_group.read({ GroupId: "sg-1", VpcId: "vpc-1", Tags })],
  interfaces: [FINDERS.aws_network_interface.read({ NetworkInterfaceId: "eni-1", TagSet: Tags })],
  instances: [FINDERS.aws_instance.read({ InstanceId: "i-1", State: { Name: "running" }, Tags })],
  volumes: [FINDERS.aws_ebs_volume.read({ VolumeId: "vol-1", State: "available", Tags })],
  subnets: [FINDERS.aws_subnet.read({ SubnetId: "subnet-1", Tags })],
  natGateways: [FINDERS.aws_nat_gateway.read({ NatGatewayId: "nat-1", State: "available", Tags })],
  endpoints: [FINDERS.aws_vpc_endpoint.read({ VpcEndpointId: "vpce-1", State: "Available", Tags })],
  logGroups: ["/aws/eks/c/cluster", "/aws/containerinsights/c/host"].map((id) => {
    return { id, tags: {}, state: "there" as const, details: {} };
  }),
  unknown: [],
};
const ids = (given: ClusterIdentity, around = AROUND) => judged(around, given).things.map(({ id }) => id);
const EVERYTHING = [
  "elb",
  "arn:lb",
  "arn:targets",
  "sg-1",
  "eni-1",
  "i-1",
  "vol-1",
  "subnet-1",
  "nat-1",
  "vpce-1",
  "/aws/eks/c/cluster",
  "/aws/containerinsights/c/host",
];

describe("what is left over of a cluster", () => {
  it("is of every type, in the order in which it is looked for", () => {
    expect(ids(CLUSTER)).toEqual(EVERYTHING);
  });

  it.each(EVERYTHING)("is not %s when that is in Terraform's state", (id) => {
    expect(ids({ ...CLUSTER, managedIds: new Set([id]) })).toEqual(EVERYTHING.filter((it) => it !== id));
  });

  it.each([
    ["an Auto Scaling group", "aws:autoscaling:groupName", "c-worker"],
    ["a managed node group", "eks:nodegroup-name", "c:c-worker"],
  ])("is no instance that %s of Terraform's has started", (_, Key, id) => {
    const all = [...Tags, { Key, Value: "c-worker" }];
    const instances = [FINDERS.aws_instance.read({ InstanceId: "i-1", State: { Name: "running" }, Tags: all })];

    expect(ids({ ...CLUSTER, managedIds: new Set([id]) }, { ...AROUND, instances })).not.toContain("i-1");
    expect(ids({ ...CLUSTER, managedIds: new Set(["d-worker"]) }, { ...AROUND, instances })).toContain("i-1");
  });

  it("says who named a log group", () => {
    const whys = judged(AROUND, CLUSTER).things.flatMap(({ type, why }) =>
      type === "aws_cloudwatch_log_group" ? [why] : [],
    );

    expect(whys).toEqual(["its name, which EKS gave it", "its name, which CloudWatch Container Insights gave it"]);
  });

  it("is no NodeClaim's machine when there is none, and goes with it when there is", () => {
    const machine = (machines: [string, string][]) =>
      judged(AROUND, { ...CLUSTER, machines: new Map(machines) }).things.find(({ id }) => id === "i-1");

    expect(machine([])).not.toHaveProperty("goesWith");
    expect(machine([["i-1", "default-a"]])).toMatchObject({ owner: "cluster", goesWith: "its NodeClaim default-a" });
  });

  it.each(["deleting", "deleted"] as const)("has a NAT gateway that is %s as long as that holds the VPC", (State) => {
    const natGateways = [FINDERS.aws_nat_gateway.read({ NatGatewayId: "nat-1", State })];

    expect(ids(CLUSTER, { ...AROUND, natGateways }).includes("nat-1")).toBe(State === "deleting");
  });

  it("has no interface of a NAT gateway, which goes with it", () => {
    const NatGatewayAddresses = [{ NetworkInterfaceId: "eni-1" }];
    const natGateways = [FINDERS.aws_nat_gateway.read({ NatGatewayId: "nat-1", NatGatewayAddresses })];

    expect(ids(CLUSTER, { ...AROUND, natGateways })).not.toContain("eni-1");
  });

  it("is nobody's to delete where the account has a cluster of the name that is not the stack's", () => {
    const clusters = [{ id: "c", tags: {}, state: "there" as const, details: {} }];
    const given = { ...CLUSTER, hasCluster: false };

    const theirs = judged({ ...AROUND, clusters, network: { vpcId: "vpc-2" } }, given);
    const own = judged({ ...AROUND, clusters, network: { vpcId: "vpc-1" } }, given);

    expect(theirs.isSomebodyElses).toBe(true);
    expect(new Set(theirs.things.map(({ owner }) => owner))).toEqual(new Set(["other"]));
    expect(own.isSomebodyElses).toBe(false);
    expect(own.things).toContainEqual(expect.objectContaining({ id: "vol-1", owner: "cluster" }));
  });

  it("is nobody's to delete where EKS does not say whether it has a cluster of the name", () => {
    const { clusterExists, isSomebodyElses, things } = judged(
      { ...AROUND, clusters: undefined },
      { ...CLUSTER, hasCluster: false },
    );

    expect({ clusterExists, isSomebodyElses }).toEqual({ clusterExists: undefined, isSomebodyElses: true });
    expect(new Set(things.map(({ owner }) => owner))).toEqual(new Set(["other"]));
    const why = "whether this account has another cluster c is not known";
    expect(things).toContainEqual(expect.objectContaining({ id: "vol-1", why }));
  });
});
