import type { Leftovers } from "../../cli/destroy/leftovers";
import { GONE_BALANCER, type Thing } from "../../cli/destroy/ownership";
import { isClean, listing, removalPlan, stepTitle, type Fate } from "../../cli/destroy/removal-plan";

const thing = (type: Thing["type"], id: string, more: Partial<Thing> = {}): Thing => ({
  type,
  id,
  called: "",
  owner: "cluster",
  why: "tag",
  ...more,
});
const leftovers = (things: Thing[], more: Partial<Leftovers> = {}): Leftovers => ({
  clusterName: "c",
  region: "ap-northeast-2",
  clusterExists: true,
  isSomebodyElses: false,
  things,
  references: [],
  unknown: [],
  ...more,
});
const titles = (found: Leftovers, wishes?: Parameters<typeof removalPlan>[1]) =>
  removalPlan(found, wishes).steps.map(stepTitle);
const reference = {
  inGroup: "sg-nodes",
  toGroup: "sg-elb",
  direction: "ingress" as const,
  permission: { IpProtocol: "-1" },
};

describe("a plan of removal", () => {
  it("frees each thing before it deletes it, in whatever order they were found", () => {
    const found = leftovers(
      [
        thing("aws_ebs_volume", "vol-1"),
        thing("aws_security_group", "sg-elb"),
        thing("aws_network_interface", "eni-1"),
        thing("aws_lb_target_group", "targets"),
        thing("aws_lb", "arn:loadbalancer/net/nlb/1", { called: "nlb" }),
        thing("aws_elb", "elb"),
      ],
      { references: [reference] },
    );

    expect(titles(found, { delete: ["vol-1"], keep: [] })).toEqual([
      "load balancer nlb",
      "classic load balancer elb",
      "network interfaces of 2 load balancer(s)",
      "target group targets",
      "network interface eni-1",
      "rule of sg-nodes: ingress, everything, from sg-elb",
      "security group sg-elb",
      "volume vol-1",
    ]);
  });

  /** What becomes of a thing of each type that is the cluster's, when all that holds data is asked for by name. */
  const FATES: Readonly<Record<Thing["type"], Fate["fate"]>> = {
    aws_autoscaling_group: "yours",
    aws_cloudwatch_log_group: "deleted",
    aws_ebs_snapshot: "yours",
    aws_ebs_volume: "deleted",
    aws_egress_only_internet_gateway: "yours",
    aws_eip: "yours",
    aws_eks_cluster: "yours",
    aws_elb: "deleted",
    aws_flow_log: "yours",
    aws_iam_instance_profile: "yours",
    aws_iam_openid_connect_provider: "yours",
    aws_iam_role: "yours",
    aws_instance: "yours",
    aws_internet_gateway: "yours",
    aws_key_pair: "yours",
    aws_kms_alias: "yours",
    aws_kms_key: "yours",
    aws_launch_configuration: "yours",
    aws_launch_template: "yours",
    aws_lb: "deleted",
    aws_lb_target_group: "deleted",
    aws_nat_gateway: "yours",
    aws_network_interface: "deleted",
    aws_route53_zone: "yours",
    aws_route_table: "yours",
    aws_security_group: "deleted",
    aws_subnet: "yours",
    aws_vpc: "yours",
    aws_vpc_endpoint: "deleted",
  };
  it("has a step for each thing that it says will be deleted, and for no other", () => {
    const everything = Object.keys(FATES).map((type) => thing(type as Thing["type"], type));
    const wishes = { delete: ["aws_ebs_volume", "aws_cloudwatch_log_group"], keep: [] };

    const { fates, steps } = removalPlan(leftovers(everything), wishes);

    expect(Object.fromEntries(fates.map(({ thing: { type }, fate }) => [type, fate]))).toEqual(FATES);
    expect(steps.flatMap((step) => (step.does === "delete" ? [step.thing.type] : []))).toEqual([
      "aws_elb",
      "aws_lb",
      "aws_lb_target_group",
      "aws_vpc_endpoint",
      "aws_network_interface",
      "aws_security_group",
      "aws_ebs_volume",
      "aws_cloudwatch_log_group",
    ]);
    for (const { fate, says } of fates) {
      expect(says).toMatch(fate === "deleted" ? /^will be deleted/ : /^has to be removed by you: aws /);
    }
  });

  it("waits for the interfaces of a load balancer that went before", () => {
    const gone = thing("aws_network_interface", "eni-1", {
      called: "ELB gone",
      owner: "other",
      goesWith: GONE_BALANCER,
    });

    expect(removalPlan(leftovers([gone])).steps).toEqual([{ does: "wait", descriptions: ["ELB gone"] }]);
  });

  it.each([
    ["is somebody else's", thing("aws_lb", "x", { owner: "other" }), "foreign"],
    ["goes with something else", thing("aws_security_group", "x", { goesWith: "the cluster c" }), "goes"],
    ["holds data", thing("aws_ebs_volume", "x"), "kept"],
    ["holds logs", thing("aws_cloudwatch_log_group", "x"), "kept"],
    ["is a machine", thing("aws_instance", "i-1"), "yours"],
    ["is in use by who knows what", thing("aws_network_interface", "x", { attachedTo: "amazon-rds" }), "yours"],
  ])("leaves alone what %s", (_, left, fate) => {
    const { steps, fates } = removalPlan(leftovers([left], { references: [{ ...reference, toGroup: "x" }] }));

    expect(steps).toEqual([]);
    expect(fates).toMatchObject([{ fate }]);
  });

  it("says what to do about what it leaves", () => {
    const found = leftovers([
      thing("aws_ebs_volume", "vol-1"),
      thing("aws_cloudwatch_log_group", "/aws/eks/c/cluster"),
      thing("aws_instance", "i-1"),
      thing("aws_instance", "i-2", { endedBy: "eks delete-nodegroup --cluster-name c --nodegroup-name g" }),
    ]);

    const text = listing(removalPlan(found));

    expect(text).toContain("to delete it: eks destroy --delete-volume vol-1");
    expect(text).toContain("to delete it: eks destroy --delete-log-group /aws/eks/c/cluster");
    expect(text).toContain(
      "has to be removed by you: aws ec2 terminate-instances --instance-ids i-1 --region ap-northeast-2",
    );
    expect(text).toContain(
      "has to be removed by you: aws eks delete-nodegroup --cluster-name c --nodegroup-name g --region ap-northeast-2",
    );
  });

  it.each([
    ["classic load balancer", "aws_elb", "elb", "aws elb delete-load-balancer --load-balancer-name elb"],
    ["load balancer", "aws_lb", "arn:1", "aws elbv2 delete-load-balancer --load-balancer-arn arn:1"],
    ["target group", "aws_lb_target_group", "arn:2", "aws elbv2 delete-target-group --target-group-arn arn:2"],
    ["security group", "aws_security_group", "sg-1", "aws ec2 delete-security-group --group-id sg-1"],
    [
      "network interface",
      "aws_network_interface",
      "eni-1",
      "aws ec2 delete-network-interface --network-interface-id eni-1",
    ],
    ["volume", "aws_ebs_volume", "vol-1", "aws ec2 delete-volume --volume-id vol-1"],
    ["subnet", "aws_subnet", "subnet-1", "aws ec2 delete-subnet --subnet-id subnet-1"],
  ] as const)("says how somebody else's %s is removed by hand", (_, type, id, command) => {
    const found = leftovers([thing(type, id, { owner: "other" })]);

    const text = listing(removalPlan(found));

    expect(text).toContain("is left alone");
    expect(text).toContain(`if it may go: ${command} --region ap-northeast-2`);
  });

  it("says so when there is nothing", () => {
    expect(listing(removalPlan(leftovers([])))).toBe("Kubernetes left nothing of the cluster c in the account.");
  });

  it("lets nobody's tags touch the terminal", () => {
    const found = leftovers([thing("aws_elb", "x", { called: "a\u001b[2Jb\nc" })]);

    const text = listing(removalPlan(found));

    expect(text).not.toContain("\u001b");
    expect(text).not.toContain("b\nc");
  });

  it.each([
    ["is not there", [], ["vol-9"], [], "vol-9 is no volume or log group of the cluster c; there is none"],
    [
      "is no volume",
      [thing("aws_ebs_volume", "vol-1"), thing("aws_security_group", "sg-1")],
      ["sg-1"],
      [],
      "sg-1 is no volume or log group of the cluster c; there is vol-1",
    ],
    [
      "is somebody else's",
      [thing("aws_ebs_volume", "vol-1", { owner: "other", why: "no tag" })],
      ["vol-1"],
      [],
      "it is not proven to be the cluster c's (no tag)",
    ],
    [
      "is to be kept as well",
      [thing("aws_ebs_volume", "vol-1")],
      ["vol-1"],
      ["vol-1"],
      "both to be deleted and to be kept",
    ],
  ])("fails to delete by name what %s", (_, things, toDelete, keep, message) => {
    expect(() => removalPlan(leftovers(things), { delete: toDelete, keep })).toThrow(message);
  });
});

describe("an account", () => {
  it.each([
    ["with nothing", leftovers([]), [], true],
    ["with something of somebody else's", leftovers([thing("aws_ebs_volume", "vol-1", { owner: "other" })]), [], true],
    ["with a volume that nobody spoke of", leftovers([thing("aws_ebs_volume", "vol-1")]), [], false],
    ["with a volume that is to stay", leftovers([thing("aws_ebs_volume", "vol-1")]), ["vol-1"], true],
    ["that was not looked at wholly", leftovers([], { unknown: ["the log group: AccessDenied"] }), [], false],
  ])("%s is clean or not", (_, found, keep, clean) => {
    expect(isClean(found, { keep })).toBe(clean);
  });
});
