import { CreateAutoScalingGroupCommand, CreateLaunchConfigurationCommand } from "@aws-sdk/client-auto-scaling";
import {
  AllocateAddressCommand,
  CreateKeyPairCommand,
  CreateLaunchTemplateCommand,
  CreateSnapshotCommand,
  CreateTagsCommand,
  CreateVpcEndpointCommand,
  DeleteNetworkInterfaceCommand,
  DescribeSecurityGroupsCommand,
  TerminateInstancesCommand,
  type ResourceType,
} from "@aws-sdk/client-ec2";
import { CreateClusterCommand, DeleteClusterCommand } from "@aws-sdk/client-eks";
import {
  CreateInstanceProfileCommand,
  CreateOpenIDConnectProviderCommand,
  CreateRoleCommand,
} from "@aws-sdk/client-iam";
import { ScheduleKeyDeletionCommand } from "@aws-sdk/client-kms";

import { FINDERS } from "../../aws/finders/table";
import type { AwsSettings } from "../../aws/clients";
import { scan, type Leftovers } from "../../cli/destroy/leftovers";
import type { ClusterIdentity } from "../../cli/destroy/ownership";
import { remove, type Outcome, type Waiting } from "../../cli/destroy/removal";
import { isClean, listing, removalPlan, type Removal } from "../../cli/destroy/removal-plan";
import { remainsLines, scanAfter, type Remain } from "../../cli/destroy/stack-remains";
import type { Emulator } from "../../rehearsal/account/emulator";
import { passOn, startProxy } from "../../rehearsal/machine/proxy";
import { describeEndToEnd, emulate } from "../support/end-to-end";
import { pairs, PlantedAccount } from "../support/planted-account";
import { run } from "../support/run";

const [OURS, THEIRS] = ["awskrug_gudi_eks", "somebody_elses"];
const NO_WISHES = { delete: [], keep: [] };
const owned = (cluster: string) => ({ [`kubernetes.io/cluster/${cluster}`]: "owned" });

/** Ids of what is found, as `KIND ID`, of one owner or of both. */
function found({ things }: Leftovers, owner?: "cluster" | "other"): string[] {
  return things
    .filter((it) => owner === undefined || it.owner === owner)
    .map(({ type, id }) => `${FINDERS[type].noun} ${id}`)
    .sort();
}

/** Removes without waiting long, and tells how each step ended. */
async function removing(settings: AwsSettings, plan: Removal, waiting: Partial<Waiting> = {}): Promise<Outcome[]> {
  const outcomes: Outcome[] = [];
  const how = { signal: new AbortController().signal, busy: () => undefined, pollSeconds: 0.1, ...waiting };
  await remove(settings, plan, how, (outcome) => outcomes.push(outcome));
  return outcomes;
}

/** `KIND ID`; of what nobody here looks for its ARN. */
const named = ({ type, id }: Remain) => (type === undefined ? id : `${FINDERS[type].noun} ${id}`);

const outcomes = (all: readonly Outcome[]) => all.map(({ outcome }) => outcome);

describeEndToEnd("what Kubernetes leaves behind", () => {
  let emulator: Emulator;
  let account: PlantedAccount;
  let otherRegion: PlantedAccount;
  let cluster: ClusterIdentity;
  /** Everything that was there before, and everything that is somebody else's. */
  let toSurvive: string[];
  /** Ours: EKS', and two of Container Insights'. */
  const LOGS = [
    `/aws/eks/${OURS}/cluster`,
    ...["host", "performance"].map((it) => `/aws/containerinsights/${OURS}/${it}`),
  ];
  /** Somebody else's log groups, whose names begin as ours do. */
  const THEIR_LOGS = [
    `/aws/containerinsights/${OURS}2/application`,
    `/aws/eks/${OURS}-2/cluster`,
    `/aws/eks/${OURS}/cluster-2`,
  ];
  const guardDuty = { GuardDutyManaged: "true" };
  const inRegion = "com.amazonaws.ap-northeast-2";
  const planted: Record<string, string> = {};

  beforeAll(async () => {
    emulator = await emulate();
    account = new PlantedAccount(emulator.endpoint);
    const vpcId = await account.vpc("172.16.0.0/16");
    const [one, two] = [
      await account.subnet(vpcId, "172.16.0.0/23", "a"),
      await account.subnet(vpcId, "172.16.2.0/23", "b"),
    ];
    const elsewhere = await account.vpc("10.0.0.0/16");
    const [three, four] = [
      await account.subnet(elsewhere, "10.0.0.0/24", "a"),
      await account.subnet(elsewhere, "10.0.1.0/24", "b"),
    ];
    const nodeGroup = await account.group(vpcId, "awskrug_gudi-eks-worker-nodes-sg");
    await account.eks.send(
      new CreateClusterCommand({
        name: OURS,
        version: "1.14",
        roleArn: "arn:aws:iam::123456789012:role/awskrug_gudi-eks-cluster",
        resourcesVpcConfig: { subnetIds: [one, two] },
      }),
    );
    const managedIds = new Set([vpcId, one, two, nodeGroup, "awskrug_gudi_eks-worker"]);
    cluster = {
      clusterName: OURS,
      vpcId,
      hasCluster: true,
      managedIds,
      persistentVolumes: new Map(),
      machines: new Map(),
    };

    // Somebody else's: a cluster in another VPC, and things without a cluster's tag in ours.
    const theirGroup = await account.group(elsewhere, "k8s-elb-theirs", owned(THEIRS));
    await account.classicBalancer("theirs", three, theirGroup, owned(THEIRS));
    await account.balancer("their-nlb", [three, four], { "elbv2.k8s.aws/cluster": THEIRS });
    await account.targetGroup("their-targets", elsewhere, { "elbv2.k8s.aws/cluster": THEIRS });
    await account.volume(owned(THEIRS));
    await account.volume({ "ebs.csi.aws.com/cluster": "true", CSIVolumeName: "pvc-of-nobody-knows" });
    // More than one DescribeTags takes.
    for (let i = 0; i < 25; i++) await account.classicBalancer(`many-${String(i)}`, three, theirGroup, owned(THEIRS));
    const byHand = await account.group(vpcId, "by-hand");
    planted["classicByHand"] = await account.classicBalancer("by-hand", one, byHand);
    planted["nlbByHand"] = await account.balancer("by-hand", [one, two], {
      "kubernetes.io/service-name": "default/web",
    });
    planted["interfaceByHand"] = await account.interface(one, "ELB by-hand", [byHand]);
    planted["groupByHand"] = byHand;
    // And what comes close to being ours.
    const alike = { [`kubernetes.io/cluster/${OURS}2`]: "owned" };
    planted["volumeOfTwo"] = await account.volume({ ...owned(OURS), ...owned(THEIRS) });
    planted["sharedVolume"] = await account.volume({ [`kubernetes.io/cluster/${OURS}`]: "shared" });
    await account.volume({ ...alike, "ebs.csi.aws.com/cluster": "true" });
    planted["groupAlike"] = await account.group(vpcId, "alike", alike);
    planted["groupOfTwo"] = await account.group(vpcId, "of-two", { ...owned(OURS), "elbv2.k8s.aws/cluster": THEIRS });
    planted["groupInCapitals"] = await account.group(vpcId, "capitals", owned(OURS.toUpperCase()));
    planted["groupWithTag"] = await account.group(vpcId, "not-guard-duty", guardDuty);
    planted["groupWithName"] = await account.group(vpcId, "GuardDutyManagedSecurityGroup-x");
    planted["classicAlike"] = await account.classicBalancer("alike", one, byHand, alike);
    planted["nlbOfTwo"] = await account.balancer("of-two", [three, four], { ...owned(OURS), ...owned(THEIRS) });
    await account.balancer("same-project", [three, four], { Project: "awskrug_gudi", Managed_by: "terraform" });
    await account.targetGroup("k8s-shop-cart-2", elsewhere);
    planted["rds"] = await account.interface(one, "RDSNetworkInterface", [byHand]);
    planted["theirPlane"] = await account.interface(one, `Amazon EKS ${OURS}2`, [byHand]);
    planted["machine"] = await account.instance(one, { ...alike, "karpenter.sh/nodepool": "default" });
    planted["endpointByHand"] = await account.endpoint(vpcId, `${inRegion}.guardduty-data`);
    planted["endpointWithTag"] = await account.endpoint(vpcId, `${inRegion}.ec2`, guardDuty);
    await account.endpoint(elsewhere, `${inRegion}.guardduty-data`, guardDuty);
    for (const name of THEIR_LOGS) await account.logGroup(name);
    otherRegion = new PlantedAccount(emulator.endpoint, "us-east-1");
    planted["volumeElsewhere"] = await otherRegion.volume(owned(OURS));
    toSurvive = await account.ids();

    // Ours: an older controller's, with a group of its own that the nodes' group names.
    planted["elbGroup"] = await account.group(vpcId, "k8s-elb-a1b2c3", owned(OURS));
    await account.allow(nodeGroup, planted["elbGroup"]);
    await account.allow(byHand, planted["elbGroup"]);
    planted["classic"] = await account.classicBalancer("a1b2c3", one, planted["elbGroup"], {
      ...owned(OURS),
      "kubernetes.io/service-name": "default/web",
    });
    planted["classicInterface"] = await account.interface(one, "ELB a1b2c3", [planted["elbGroup"]]);
    // And the newer one's.
    const stack = { "elbv2.k8s.aws/cluster": OURS, "service.k8s.aws/stack": "shop/cart" };
    planted["nlb"] = await account.balancer("k8s-shop-cart", [one, two], stack);
    planted["targets"] = await account.targetGroup("k8s-shop-cart", vpcId, stack);
    planted["backendGroup"] = await account.group(vpcId, "k8s-traffic-awskruggudieks", stack);
    await account.allow(planted["elbGroup"], planted["backendGroup"]);
    await account.allow(planted["backendGroup"], planted["elbGroup"]);
    planted["nlbInterface"] = await account.interface(two, `ELB ${planted["nlb"].replace(/^.*:loadbalancer\//, "")}`, [
      planted["backendGroup"],
    ]);
    planted["cni"] = await account.interface(two, "aws-K8S-i-0123456789abcdef0", [nodeGroup]);
    planted["taggedCni"] = await account.interface(one, "aws-K8S-i-0123456789abcdef1", [byHand], {
      "cluster.k8s.amazonaws.com/name": OURS,
    });
    planted["volume"] = await account.volume({
      ...owned(OURS),
      "ebs.csi.aws.com/cluster": "true",
      "kubernetes.io/created-for/pvc/namespace": "shop",
      "kubernetes.io/created-for/pvc/name": "orders",
    });
    planted["doomedVolume"] = await account.volume(owned(OURS));
    planted["guardDutyGroup"] = await account.group(vpcId, `GuardDutyManagedSecurityGroup-${vpcId}`, guardDuty);
    planted["guardDuty"] = await account.endpoint(vpcId, `${inRegion}.guardduty-data`, guardDuty);
    for (const name of LOGS) await account.logGroup(name);
  });

  afterAll(async () => {
    account.close();
    otherRegion.close();
    await emulator.stop();
  });

  const our = (name: string) => planted[name] ?? "";

  it("is found and told from everybody else's", async () => {
    const leftovers = await scan(account.settings, cluster);

    expect(found(leftovers, "cluster")).toEqual(
      [
        `classic load balancer ${our("classic")}`,
        `load balancer ${our("nlb")}`,
        `target group ${our("targets")}`,
        `security group ${our("elbGroup")}`,
        `security group ${our("backendGroup")}`,
        `network interface ${our("classicInterface")}`,
        `network interface ${our("nlbInterface")}`,
        `network interface ${our("cni")}`,
        `network interface ${our("taggedCni")}`,
        `volume ${our("volume")}`,
        `volume ${our("doomedVolume")}`,
        `security group ${our("guardDutyGroup")}`,
        `VPC endpoint ${our("guardDuty")}`,
        ...LOGS.map((name) => `log group ${name}`),
      ].sort(),
    );
    expect(found(leftovers, "other")).toEqual(
      expect.arrayContaining([
        `classic load balancer ${our("classicByHand")}`,
        `load balancer ${our("nlbByHand")}`,
        `security group ${our("groupByHand")}`,
        ...["groupAlike", "groupOfTwo", "groupInCapitals", "groupWithTag", "groupWithName"].map(
          (group) => `security group ${our(group)}`,
        ),
        `classic load balancer ${our("classicAlike")}`,
        `load balancer ${our("nlbOfTwo")}`,
        `network interface ${our("rds")}`,
        `network interface ${our("theirPlane")}`,
        `instance ${our("machine")}`,
        `volume ${our("volumeOfTwo")}`,
        `volume ${our("sharedVolume")}`,
        `VPC endpoint ${our("endpointByHand")}`,
        `VPC endpoint ${our("endpointWithTag")}`,
      ]),
    );
    expect(leftovers).toMatchObject({ clusterExists: true, unknown: [] });
    expect(found(leftovers).filter((id) => /many|their|same-project|cart-2|eks-?2\/|cluster-2/.test(id))).toEqual([]);
  });

  it("is all that is told of a VPC that somebody else made, and rules of others' groups stay", async () => {
    const { vpcId = "", ...rest } = cluster;
    const own = await scan(account.settings, cluster);
    const isNetworks = (id: string) => id === vpcId || id.startsWith("subnet-");
    const ofStack = new Set([...rest.managedIds].filter((id) => !isNetworks(id)));

    const leftovers = await scan(account.settings, { ...rest, foreignVpcId: vpcId, managedIds: ofStack });

    // GuardDuty guards it for its owner.
    const ofGuardDuty = [`security group ${our("guardDutyGroup")}`, `VPC endpoint ${our("guardDuty")}`];
    expect(found(leftovers, "cluster")).toEqual(found(own, "cluster").filter((it) => !ofGuardDuty.includes(it)));
    // Whose these are is not known wherever they are: one of no cluster, one of two, one that is shared.
    expect(found(leftovers, "other")).toEqual(Array(3).fill(expect.stringMatching(/^volume /)));
    const inGroups = (all: Leftovers) => all.references.map(({ inGroup }) => inGroup);
    expect(inGroups(own)).toContain(our("groupByHand"));
    expect(inGroups(leftovers)).toEqual(inGroups(own).filter((id) => id !== our("groupByHand")));
  });

  it("is listed with its reason and its fate", async () => {
    const leftovers = await scan(account.settings, cluster);

    const text = listing(removalPlan(leftovers, NO_WISHES)).join("\n");

    expect(text).toContain(
      `classic load balancer a1b2c3 (for default/web)\n    the cluster's: tag kubernetes.io/cluster/${OURS}=owned\n    will be deleted`,
    );
    expect(text).toContain(
      `volume ${our("volume")} (10 GiB, available, of the claim shop/orders)\n    the cluster's: tag kubernetes.io/cluster/${OURS}=owned\n` +
        `    is kept, because it holds data, and is billed; to delete it: eks destroy --delete-volume ${our("volume")}`,
    );
    expect(text).toContain(
      "classic load balancer by-hand\n    not proven to be the cluster's: no tag says which cluster this classic load balancer is of",
    );
  });

  it("waits for network interfaces no longer than it is told, and says what holds them", async () => {
    const plan = removalPlan(await scan(account.settings, cluster), NO_WISHES);
    const waited: string[] = [];

    const removal = removing(account.settings, plan, {
      patienceSeconds: 0.5,
      busy: (what) => {
        if (what.startsWith("waiting for ")) waited.push(what);
      },
    });

    await expect(removal).rejects.toThrow(
      new RegExp(
        `after 0.5 s AWS still has their network interfaces: .*${our("classicInterface")} "ELB a1b2c3" is available`,
      ),
    );
    expect(waited.length).toBeGreaterThan(1);
  });

  it("ends when it is told to, with the reason it was given", async () => {
    const plan = removalPlan(await scan(account.settings, cluster), NO_WISHES);
    const controller = new AbortController();
    const before = await account.ids();

    const removal = removing(account.settings, plan, {
      signal: controller.signal,
      pollSeconds: 60,
      busy: () => {
        controller.abort(new Error("interrupted"));
      },
    });

    await expect(removal).rejects.toThrow("interrupted");
    expect(await account.ids()).toEqual(before);
  });

  it("is removed in an order that AWS allows, and nobody else's with it", async () => {
    const [ofEks = "", doomedLog = "", keptLog = ""] = LOGS;
    const wishes = { delete: [our("doomedVolume"), doomedLog], keep: [our("volume"), ofEks, keptLog] };
    const leftovers = await scan(account.settings, cluster);
    const plan = removalPlan(leftovers, wishes);

    const ended = await removing(account.settings, plan, {
      busy: (what) => {
        // AWS does this by itself, some time after a load balancer has gone.
        if (what.startsWith("network interfaces of ")) {
          for (const id of [our("classicInterface"), our("nlbInterface")]) {
            void account.ec2.send(new DeleteNetworkInterfaceCommand({ NetworkInterfaceId: id }));
          }
        }
      },
    });
    const after = await scan(account.settings, cluster);

    expect(ended.filter(({ outcome }) => outcome === "failed")).toEqual([]);
    expect(await account.ids()).toEqual([...toSurvive, our("volume")].sort());
    // The emulator deletes a group that others name; AWS does not.
    const { SecurityGroups = [] } = await account.ec2.send(new DescribeSecurityGroupsCommand({}));
    expect(SecurityGroups.flatMap(({ IpPermissions = [] }) => IpPermissions)).toEqual([]);
    expect(ended.filter(({ step }) => step.does === "revoke").map(({ outcome }) => outcome)).toEqual(
      Array.from({ length: 4 }, () => "done"),
    );
    expect(found(after, "cluster")).toEqual(
      [`log group ${ofEks}`, `log group ${keptLog}`, `volume ${our("volume")}`].sort(),
    );
    expect(found(after, "other").filter((id) => id.startsWith("VPC endpoint "))).toHaveLength(2);
    expect(await account.logGroups()).toEqual([...THEIR_LOGS, ofEks, keptLog].sort());
    expect(await otherRegion.ids()).toContain(our("volumeElsewhere"));
    expect(isClean(after, wishes)).toBe(true);
    expect(isClean(after, { keep: [] })).toBe(false);
  });

  it("is removed once: the same plan again finds it gone", async () => {
    const volume = await account.volume(owned(OURS));
    const plan = removalPlan(await scan(account.settings, cluster), { delete: [volume], keep: [] });

    const first = await removing(account.settings, plan);
    const second = await removing(account.settings, plan);

    expect([outcomes(first), outcomes(second)]).toEqual([["done"], ["gone"]]);
  });

  it("spares a load balancer whose name somebody else has taken since", async () => {
    await account.classicBalancer(
      "taken",
      our("subnet") || (await account.subnet(cluster.vpcId ?? "", "172.16.4.0/23", "a")),
      our("groupByHand"),
      owned(OURS),
    );
    const plan = removalPlan(await scan(account.settings, cluster), NO_WISHES);
    await run(
      "aws",
      [
        "elb",
        "add-tags",
        "--load-balancer-names",
        "taken",
        "--tags",
        `Key=kubernetes.io/cluster/${THEIRS},Value=owned`,
      ],
      {
        env: { ...process.env, ...emulator.environment },
      },
    );

    const [first] = await removing(account.settings, plan);

    expect(first).toMatchObject({
      outcome: "failed",
      reason: "its tags have changed since it was looked at; look again",
    });
    expect(await account.ids()).toContain("taken");
  });
});

describeEndToEnd("what a destroyed stack leaves behind", () => {
  let emulator: Emulator;
  let account: PlantedAccount;
  const stack = { clusterName: OURS, projectName: "awskrug_gudi", nodeRoleName: "awskrug_gudi_eks_worker_nodes_role" };
  const tags = { Project: "awskrug_gudi", Managed_by: "terraform" };

  beforeAll(async () => {
    emulator = await emulate();
    account = new PlantedAccount(emulator.endpoint);
  });

  afterAll(async () => {
    account.close();
    await emulator.stop();
  });

  it("is nothing in an account that has only what is the user's own", async () => {
    expect(await scanAfter(account.settings, stack)).toEqual({ things: [], unknown: [] });
  });

  it("is found by names and tags", async () => {
    const vpc = await account.vpc("172.16.0.0/16");
    const subnet = await account.subnet(vpc, "172.16.0.0/23", "a");
    const { AllocationId: address = "" } = await account.ec2.send(new AllocateAddressCommand({ Domain: "vpc" }));
    const { VpcEndpoint } = await account.ec2.send(
      new CreateVpcEndpointCommand({ VpcId: vpc, ServiceName: "com.amazonaws.ap-northeast-2.s3" }),
    );
    const foreign = await account.vpc("10.0.0.0/16");
    await account.ec2.send(new CreateTagsCommand({ Resources: [vpc, address], Tags: pairs(tags) }));
    await account.ec2.send(new CreateTagsCommand({ Resources: [foreign], Tags: pairs({ Project: "awskrug_gudi" }) }));
    const trust = { AssumeRolePolicyDocument: "{}" };
    await account.iam.send(new CreateRoleCommand({ RoleName: stack.nodeRoleName, ...trust }));
    await account.iam.send(new CreateInstanceProfileCommand({ InstanceProfileName: stack.nodeRoleName }));
    const LaunchConfigurationName = `${OURS}_worker_node20260101000000000000000001`;
    await account.autoScaling.send(
      new CreateLaunchConfigurationCommand({
        LaunchConfigurationName,
        ImageId: "ami-023bb403131889300",
        InstanceType: "t3.micro",
      }),
    );
    await account.autoScaling.send(
      new CreateAutoScalingGroupCommand({
        AutoScalingGroupName: `${OURS}-worker`,
        LaunchConfigurationName,
        MinSize: 0,
        MaxSize: 0,
        VPCZoneIdentifier: subnet,
      }),
    );
    await account.eks.send(
      new CreateClusterCommand({
        name: OURS,
        roleArn: "arn:aws:iam::123456789012:role/awskrug_gudi-eks-cluster",
        resourcesVpcConfig: { subnetIds: [subnet] },
      }),
    );

    const TagSpecifications = (type: ResourceType) => [{ ResourceType: type, Tags: pairs(tags) }];
    const { LaunchTemplate } = await account.ec2.send(
      new CreateLaunchTemplateCommand({
        LaunchTemplateName: "general",
        LaunchTemplateData: { InstanceType: "t3.micro" },
        TagSpecifications: TagSpecifications("launch-template"),
      }),
    );
    const { KeyPairId } = await account.ec2.send(
      new CreateKeyPairCommand({ KeyName: "awskrug_gudi-ssh", TagSpecifications: TagSpecifications("key-pair") }),
    );
    await account.ec2.send(new CreateKeyPairCommand({ KeyName: "my-own" }));
    const { OpenIDConnectProviderArn: provider = "" } = await account.iam.send(
      new CreateOpenIDConnectProviderCommand({
        Url: "https://oidc.eks.ap-northeast-2.amazonaws.com/id/1",
        ThumbprintList: ["0123456789012345678901234567890123456789"],
        Tags: pairs(tags),
      }),
    );
    for (const name of ["kubectl", "flow-logs", "pod-ebs-csi"]) {
      await account.iam.send(new CreateRoleCommand({ RoleName: `awskrug_gudi-${name}`, Tags: pairs(tags), ...trust }));
    }
    const volume = await account.volume({});
    const key = await account.key(tags, `alias/eks/${OURS}-secrets`);
    const zone = await account.zone("eks.internal", tags, vpc);
    const ownedVolume = await account.volume({ ...owned(OURS), ...tags });
    const bucket = await account.bucket("of-the-stack", tags);

    // Somebody else's.
    await account.key({ Project: "awskrug_gudi" }, `alias/eks/${OURS}2-secrets`);
    await account.zone("eks.internal", {}, foreign);
    await account.zone("eks.internal", { Project: "awskrug_gudi" });
    await account.bucket("of-somebody", { ...tags, Project: "awskrug_gudi2" });
    await account.ec2.send(new CreateKeyPairCommand({ KeyName: "awskrug_gudi-ssh2" }));
    await account.logGroup("/aws/vpc-flow-logs/awskrug_gudi-2");
    await account.volume({ ...tags, Managed_by: "hand" });
    for (const name of ["gudi-pod-eks-cluster", "gudi-flow-logs2"]) {
      await account.iam.send(new CreateRoleCommand({ RoleName: `awskrug_${name}`, ...trust }));
    }
    // What has ended: AWS tells of it for a while.
    const ended = await account.key(tags, `alias/eks/${OURS}-volumes`);
    await account.kms.send(new ScheduleKeyDeletionCommand({ KeyId: ended, PendingWindowInDays: 7 }));
    const machine = await account.instance(subnet, tags);
    await account.ec2.send(new TerminateInstancesCommand({ InstanceIds: [machine] }));
    const { SnapshotId: snapshot = "" } = await account.ec2.send(
      new CreateSnapshotCommand({
        VolumeId: volume,
        TagSpecifications: [{ ResourceType: "snapshot", Tags: pairs(owned(OURS)) }],
      }),
    );
    await account.ec2.send(new CreateSnapshotCommand({ VolumeId: volume }));

    const remains = await scanAfter(account.settings, stack);
    const told = await scanAfter(account.settings, stack, new Set([ownedVolume]));
    await account.eks.send(new DeleteClusterCommand({ name: OURS }));
    const fewer = await scanAfter(account.settings, stack);

    expect(VpcEndpoint).toBeDefined();
    expect(remains.things.map(named).sort()).toEqual(
      [
        `Auto Scaling group ${OURS}-worker`,
        `cluster ${OURS}`,
        `address ${address}`,
        `instance profile ${stack.nodeRoleName}`,
        `launch configuration ${LaunchConfigurationName}`,
        `key pair ${KeyPairId ?? ""}`,
        `launch template ${LaunchTemplate?.LaunchTemplateId ?? ""}`,
        `OIDC provider ${provider}`,
        `KMS key ${key}`,
        `key alias alias/eks/${OURS}-secrets`,
        `hosted zone ${zone}`,
        `volume ${ownedVolume}`,
        bucket,
        ...["awskrug_gudi-flow-logs", "awskrug_gudi-kubectl", "awskrug_gudi-pod-ebs-csi"].map((it) => `role ${it}`),
        `role ${stack.nodeRoleName}`,
        `snapshot ${snapshot}`,
        `VPC ${vpc}`,
      ].sort(),
    );
    expect(remains.unknown).toEqual([]);
    expect(told.things.map(named)).toEqual(remains.things.map(named).filter((it) => it !== `volume ${ownedVolume}`));
    expect(fewer.things).toHaveLength(remains.things.length - 1);
    expect(remainsLines(remains, "ap-northeast-2").join("\n")).toContain(
      `  ${bucket}\n    tag Project=awskrug_gudi\n    nothing here makes such a thing; AWS tells for hours of what is gone`,
    );
  });

  it("is not known where it may not be looked at, and the rest is found", async () => {
    const forbidding = await startProxy((call) => {
      const { headers, url = "" } = call.incoming;
      const target = String(headers["x-amz-target"]);
      if (/^(TrentService\.DescribeKey|ResourceGroupsTaggingAPI_20170126\.GetResources)$/.test(target)) {
        call.response.writeHead(400, { "content-type": "application/x-amz-json-1.1" });
        call.response.end(JSON.stringify({ __type: "AccessDeniedException", message: "not allowed" }));
      } else if (url.includes("/hostedzone")) {
        call.response.writeHead(403, { "content-type": "text/xml" });
        call.response.end(
          "<ErrorResponse><Error><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>",
        );
      } else passOn(emulator.endpoint, call);
    });

    const { things, unknown } = await scanAfter({ ...account.settings, endpoint: forbidding.endpoint }, stack);
    forbidding.stop();

    expect([...unknown].sort()).toEqual([
      `cannot ask AWS for the key alias alias/eks/${OURS}-logs: AccessDeniedException: not allowed`,
      `cannot ask AWS for the key alias alias/eks/${OURS}-secrets: AccessDeniedException: not allowed`,
      `cannot ask AWS for the key alias alias/eks/${OURS}-volumes: AccessDeniedException: not allowed`,
      "cannot list the hosted zones: AccessDenied: no",
      "cannot look for what has the tags Project=awskrug_gudi, Managed_by=terraform: AccessDeniedException: not allowed",
      `cannot look for what has the tags kubernetes.io/cluster/${OURS}=owned: AccessDeniedException: not allowed`,
    ]);
    expect(things.map(({ type }) => type)).toEqual(expect.arrayContaining(["aws_vpc", "aws_launch_template"]));
  });

  it("is found by its tags also where one type may not be looked at", async () => {
    const forbidding = await startProxy((call) => {
      if (call.body.toString().includes("Action=DescribeVolumes")) {
        call.response.writeHead(403, { "content-type": "text/xml" });
        call.response.end(
          "<Response><Errors><Error><Code>UnauthorizedOperation</Code><Message>no</Message></Error></Errors></Response>",
        );
      } else passOn(emulator.endpoint, call);
    });

    const { things, unknown } = await scanAfter({ ...account.settings, endpoint: forbidding.endpoint }, stack);
    forbidding.stop();

    expect(unknown).toEqual(["cannot list the volumes: UnauthorizedOperation: no"]);
    expect(things.map(named)).toEqual(
      expect.arrayContaining(["arn:aws:s3:::of-the-stack", expect.stringMatching(/^KMS key /)]),
    );
  });
});
