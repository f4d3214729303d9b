import { UserError } from "../../contract/user-error";
import type { Leftovers } from "../../cli/destroy/leftovers";
import { GONE_BALANCER, type Thing } from "../../cli/destroy/ownership";
import { isClean, listing, removalPlan, stepTitle, type Fate, type Wishes } from "../../cli/destroy/removal-plan";

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
const NO_WISHES: Wishes = { delete: [], keep: [] };
const titles = (found: Leftovers, wishes: Wishes) => removalPlan(found, wishes).steps.map(stepTitle);
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

    expect(removalPlan(leftovers([gone]), NO_WISHES)).toMatchObject({
      fates: [{ fate: "goes", says: "goes with its load balancer, which is gone already" }],
      steps: [{ does: "wait", descriptions: ["ELB gone"] }],
    });
  });

  const IN_REGION = "--region ap-northeast-2";
  const HOLDS_VPC = "is left alone; Terraform cannot delete the VPC before it is gone; if it may go: ";

  it.each<[string, Thing, Fate["fate"], string]>([
    [
      "is somebody else's",
      thing("aws_lb", "x", { owner: "other" }),
      "foreign",
      `${HOLDS_VPC}aws elbv2 delete-load-balancer --load-balancer-arn x ${IN_REGION}`,
    ],
    [
      "is somebody else's, and would go with what stays",
      thing("aws_network_interface", "x", { owner: "other", goesWith: "the instance i-1" }),
      "foreign",
      `${HOLDS_VPC}aws ec2 delete-network-interface --network-interface-id x ${IN_REGION}`,
    ],
    [
      "is somebody else's, and holds no VPC",
      thing("aws_lb_target_group", "x", { owner: "other" }),
      "foreign",
      `is left alone; if it may go: aws elbv2 delete-target-group --target-group-arn x ${IN_REGION}`,
    ],
    [
      "is somebody else's data",
      thing("aws_ebs_volume", "x", { owner: "other" }),
      "foreign",
      `is left alone; if it may go: aws ec2 delete-volume --volume-id x ${IN_REGION}`,
    ],
    [
      "goes with something else",
      thing("aws_security_group", "x", { goesWith: "the cluster c" }),
      "goes",
      "goes with the cluster c",
    ],
    [
      "goes with its claim",
      thing("aws_ebs_volume", "x", { goesWith: "its claim shop/orders" }),
      "goes",
      "goes with its claim shop/orders",
    ],
    [
      "holds data",
      thing("aws_ebs_volume", "x"),
      "kept",
      "is kept, because it holds data, and is billed; to delete it: eks destroy --delete-volume x",
    ],
    ["holds data that is to stay", thing("aws_ebs_volume", "to-keep"), "kept", "is kept, as you said"],
    [
      "holds logs",
      thing("aws_cloudwatch_log_group", "x"),
      "kept",
      "is kept, because it holds data, and is billed; to delete it: eks destroy --delete-log-group x",
    ],
    [
      "is a machine",
      thing("aws_instance", "i-1"),
      "yours",
      `has to be removed by you: aws ec2 terminate-instances --instance-ids i-1 ${IN_REGION}`,
    ],
    [
      "is a machine that something else would start again",
      thing("aws_instance", "i-2", { endedBy: "eks delete-nodegroup --cluster-name c --nodegroup-name g" }),
      "yours",
      `has to be removed by you: aws eks delete-nodegroup --cluster-name c --nodegroup-name g ${IN_REGION}`,
    ],
    [
      "is in use by who knows what",
      thing("aws_network_interface", "x", { attachedTo: "amazon-rds" }),
      "yours",
      "is in use by amazon-rds, and has to be detached there first; then aws ec2 delete-network-interface " +
        `--network-interface-id x ${IN_REGION}`,
    ],
  ])("leaves alone what %s, and says what to do", (_, left, fate, says) => {
    const found = leftovers([left], { references: [{ ...reference, toGroup: "x" }] });

    const { steps, fates } = removalPlan(found, { delete: [], keep: ["to-keep"] });

    expect(steps).toEqual([]);
    expect(fates).toEqual([{ thing: left, fate, says }]);
  });

  it.each([
    ["alone", {}, "will be deleted with its data, as you said"],
    ["in use", { attachedTo: "i-1" }, "will be deleted with its data, as you said, when i-1 has let go of it"],
  ])("says of data that is to be deleted what will happen: %s", (_, more, says) => {
    const { fates } = removalPlan(leftovers([thing("aws_ebs_volume", "x", more)]), { delete: ["x"], keep: [] });

    expect(fates).toMatchObject([{ fate: "deleted", says }]);
  });

  it.each([
    [
      "with a range of ports",
      { direction: "ingress" as const, permission: { IpProtocol: "tcp", FromPort: 1, ToPort: 2 } },
      "rule of sg-nodes: ingress, tcp 1-2, from sg-elb",
    ],
    [
      "for everything",
      { direction: "egress" as const, permission: { IpProtocol: "-1" } },
      "rule of sg-nodes: egress, everything, to sg-elb",
    ],
    [
      "that says nothing of a protocol",
      { direction: "egress" as const, permission: {} },
      "rule of sg-nodes: egress, everything, to sg-elb",
    ],
  ])("calls a rule by what it lets pass: %s", (_, more, title) => {
    expect(stepTitle({ does: "revoke", reference: { ...reference, ...more } })).toBe(title);
  });

  it("is listed with everything that was found, whose it is, and what becomes of it", () => {
    const found = leftovers(
      [
        thing("aws_security_group", "sg-elb", { called: "k8s-elb-x", why: "tag a=b" }),
        thing("aws_security_group", "sg-web"),
        thing("aws_cloudwatch_log_group", "/aws/eks/c/cluster", { called: "/aws/eks/c/cluster" }),
        thing("aws_ebs_volume", "vol-1", { owner: "other", why: "no tag" }),
        thing("aws_instance", "i-1"),
        thing("aws_security_group", "sg-c", { goesWith: "the cluster c" }),
      ],
      {
        references: ["sg-elb", "sg-web", "sg-other"].map((toGroup) => ({ ...reference, toGroup })),
        unknown: ["subnets: AccessDenied", "b"],
      },
    );

    expect(listing(removalPlan(found, NO_WISHES)).join("\n")).toBe(
      [
        "To be deleted:",
        "  security group sg-elb (k8s-elb-x)",
        "    the cluster's: tag a=b",
        "    will be deleted",
        "  security group sg-web",
        "    the cluster's: tag",
        "    will be deleted",
        "",
        "Rules to be removed, because they name a group to be deleted:",
        "  rule of sg-nodes: ingress, everything, from sg-elb",
        "  rule of sg-nodes: ingress, everything, from sg-web",
        "",
        "Going with what they belong to:",
        "  security group sg-c",
        "    the cluster's: tag",
        "    goes with the cluster c",
        "",
        "This cluster's, but yours to remove:",
        "  instance i-1",
        "    the cluster's: tag",
        `    has to be removed by you: aws ec2 terminate-instances --instance-ids i-1 ${IN_REGION}`,
        "",
        "Kept:",
        "  log group /aws/eks/c/cluster",
        "    the cluster's: tag",
        "    is kept, because it holds data, and is billed; to delete it: eks destroy --delete-log-group " +
          "/aws/eks/c/cluster",
        "",
        "Not this cluster's:",
        "  volume vol-1",
        "    not proven to be the cluster's: no tag",
        `    is left alone; if it may go: aws ec2 delete-volume --volume-id vol-1 ${IN_REGION}`,
        "",
        "Not known:",
        "  subnets: AccessDenied",
        "  b",
      ].join("\n"),
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

    const text = listing(removalPlan(found, NO_WISHES)).join("\n");

    expect(text).toContain(`if it may go: ${command} ${IN_REGION}`);
  });

  it("says so when there is nothing", () => {
    expect(listing(removalPlan(leftovers([]), NO_WISHES))).toEqual([
      "Kubernetes left nothing of the cluster c in the account.",
    ]);
  });

  it("lets nobody's tags touch the terminal", () => {
    const found = leftovers([thing("aws_elb", "x", { called: "a\u001b[2Jb\nc" })]);

    const text = listing(removalPlan(found, NO_WISHES)).join("\n");

    expect(text).not.toContain("\u001b");
    expect(text).not.toContain("b\nc");
  });

  it.each([
    ["is not there", [], ["vol-9"], [], "vol-9 is no volume or log group of the cluster c; there is none"],
    [
      "is no volume",
      [
        thing("aws_ebs_volume", "vol-1"),
        thing("aws_ebs_volume", "vol-2", { owner: "other" }),
        thing("aws_security_group", "sg-1"),
        thing("aws_cloudwatch_log_group", "logs"),
      ],
      ["sg-1"],
      [],
      "sg-1 is no volume or log group of the cluster c; there is vol-1, logs",
    ],
    [
      "is somebody else's",
      [thing("aws_ebs_volume", "vol-1", { owner: "other", why: "no tag" })],
      ["vol-1"],
      [],
      "vol-1 is not deleted, because it is not proven to be the cluster c's (no tag); if it is, delete it by hand: " +
        `aws ec2 delete-volume --volume-id vol-1 ${IN_REGION}`,
    ],
    [
      "is to be kept as well",
      [thing("aws_ebs_volume", "vol-1")],
      ["vol-1"],
      ["vol-1"],
      "vol-1 is both to be deleted and to be kept; say one of them",
    ],
  ])("fails to delete by name what %s", (_, things, toDelete, keep, message) => {
    expect(() => removalPlan(leftovers(things), { delete: toDelete, keep })).toThrow(new UserError(message));
  });
});

it("is refused where a claim of ours would take another cluster's volume along", () => {
  const why = "tag kubernetes.io/cluster/b=owned, though a persistent volume of the cluster names it";
  const goesWith = "its claim shop/orders, and its data with it";
  const found = leftovers([thing("aws_ebs_volume", "vol-1", { owner: "other", why, goesWith })]);

  expect(() => removalPlan(found, NO_WISHES)).toThrow(
    `vol-1 is not the cluster c's (${why}), and would go with ${goesWith}; nothing was deleted: --keep vol-1 leaves ` +
      "the volume and its claim alone",
  );
});

describe("an account", () => {
  it.each([
    ["with nothing", leftovers([]), [], true],
    ["with something of somebody else's", leftovers([thing("aws_ebs_volume", "vol-1", { owner: "other" })]), [], true],
    ["with a volume that nobody spoke of", leftovers([thing("aws_ebs_volume", "vol-1")]), [], false],
    [
      "with one that is to stay, and one that nobody spoke of",
      leftovers([thing("aws_ebs_volume", "vol-1"), thing("aws_ebs_volume", "vol-2")]),
      ["vol-1"],
      false,
    ],
    ["with a volume that is to stay", leftovers([thing("aws_ebs_volume", "vol-1")]), ["vol-1"], true],
    ["that was not looked at wholly", leftovers([], { unknown: ["the log group: AccessDenied"] }), [], false],
  ])("%s is clean or not", (_, found, keep, clean) => {
    expect(isClean(found, { keep })).toBe(clean);
  });
});
