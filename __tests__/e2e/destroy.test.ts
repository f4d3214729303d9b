import { createServer, type Server } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

import {
  DeleteNetworkInterfaceCommand,
  DeleteSecurityGroupCommand,
  DeleteVolumeCommand,
  DescribeVpcEndpointsCommand,
  TerminateInstancesCommand,
} from "@aws-sdk/client-ec2";
import { CreateClusterCommand, DeleteClusterCommand } from "@aws-sdk/client-eks";
import { DeleteLoadBalancerCommand as DeleteClassicCommand } from "@aws-sdk/client-elastic-load-balancing";

import type { KubernetesState } from "../../rehearsal/cluster/kubernetes-state";
import { passOn, startProxy } from "../../rehearsal/machine/proxy";
import { describeEndToEnd } from "../support/end-to-end";
import { startStage, type Stage } from "../support/stage";

const CLUSTER = "awskrug_gudi_eks";
const owned = { [`kubernetes.io/cluster/${CLUSTER}`]: "owned" };
const GIVEN = ["-var-file", "local.tfvars"];
/** Of Container Insights, of our cluster and of one whose name begins as ours does. */
const INSIGHTS = [`/aws/containerinsights/${CLUSTER}/application`, `/aws/containerinsights/${CLUSTER}2/application`];
const karpenter = { ...owned, "karpenter.sh/nodepool": "default", "eks:eks-cluster-name": CLUSTER };
const guardDuty = { GuardDutyManaged: "true" };

/**
 * Puts a Service of type LoadBalancer and claims into a cluster.
 *
 * @param volumes whose id is `deleted` or `retained`
 * @param metadata what else they say of themselves
 */
function plantServiceAndClaims(state: KubernetesState, volumes: Record<string, string>, metadata: object = {}): void {
  const named = (name: string) => ({ namespace: "shop", name, ...metadata });
  const persistentVolume = (name: string, volumeHandle = "", persistentVolumeReclaimPolicy: string) => ({
    metadata: { name },
    spec: { persistentVolumeReclaimPolicy, csi: { driver: "ebs.csi.aws.com", volumeHandle } },
  });
  state.setObjects("services", [{ metadata: named("cart"), spec: { type: "LoadBalancer" } }]);
  state.setObjects("persistentvolumeclaims", [
    { metadata: named("orders"), spec: { volumeName: "pv-orders" } },
    { metadata: named("archive"), spec: { volumeName: "pv-archive" } },
  ]);
  state.setObjects("persistentvolumes", [
    persistentVolume("pv-orders", volumes["deleted"], "Delete"),
    persistentVolume("pv-archive", volumes["retained"], "Retain"),
  ]);
}

/** Ids of what Terraform has made, by address. */
async function managed({ project }: Stage): Promise<(address: string) => string> {
  const state = await project.state();
  return (address) => {
    const id = state.get(address)?.["id"];
    if (typeof id !== "string") throw new Error(`there is no ${address}; there is ${[...state.keys()].join(", ")}`);
    return id;
  };
}

/** Waits for a condition; the test's own limit of time ends it. */
async function until(isSo: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isSo())) await sleep(100);
}

/** The whole command, with real Terraform and kubectl, against an emulated account, cluster and bastion. */
describeEndToEnd("eks destroy", () => {
  let stage: Stage;
  const planted: Record<string, string> = {};
  const our = (name: string) => planted[name] ?? "";
  const destroy = (...args: string[]) => stage.eks("destroy", ...GIVEN, ...args, "--", ...stage.bootstrap);
  const everything = async () => ({ made: await stage.inventory(), planted: await stage.account.ids() });

  beforeAll(async () => {
    stage = await startStage();
    const { account, clusters } = stage;
    const up = await stage.eks("up", ...GIVEN, "-auto-approve", "--", ...stage.bootstrap);
    if (up.code !== 0) throw new Error(up.output);
    const id = await managed(stage);
    const vpc = id("aws_vpc.network_vpc[0]");
    const subnets = ["public-subnet-a", "public-subnet-b"].map((name) =>
      id(`aws_subnet.network_public_subnet["${name}"]`),
    );
    const [one = "", two = ""] = subnets;
    const nodeGroup = id("aws_security_group.node_group_security_group");
    planted["subnet"] = one;

    // What a Service of type LoadBalancer has made, which goes with it.
    planted["serviceGroup"] = await account.group(vpc, "k8s-elb-a1b2c3", owned);
    planted["service"] = await account.classicBalancer("a1b2c3", one, our("serviceGroup"), {
      ...owned,
      "kubernetes.io/service-name": "shop/cart",
    });
    // What a Service that is gone has left.
    planted["group"] = await account.group(vpc, "k8s-traffic", { "elbv2.k8s.aws/cluster": CLUSTER });
    await account.allow(nodeGroup, our("group"));
    planted["nlb"] = await account.balancer("k8s-shop-old", subnets, { "elbv2.k8s.aws/cluster": CLUSTER });
    planted["nlbInterface"] = await account.interface(two, `ELB ${our("nlb").replace(/^.*:loadbalancer\//, "")}`, [
      our("group"),
    ]);
    planted["cni"] = await account.interface(two, "aws-K8S-i-0123456789abcdef0", [nodeGroup]);
    // Volumes of claims: one that goes with its claim, one that its reclaim policy keeps.
    planted["deleted"] = await account.volume({ ...owned, "kubernetes.io/created-for/pvc/name": "orders" });
    planted["retained"] = await account.volume({ ...owned, "kubernetes.io/created-for/pvc/name": "archive" });
    // Somebody else's, in our VPC.
    planted["foreign"] = await account.classicBalancer("by-hand", one, await account.group(vpc, "by-hand"));

    // What GuardDuty makes in every VPC with a cluster, and what CloudWatch makes for each cluster.
    planted["guardDutyGroup"] = await account.group(vpc, `GuardDutyManagedSecurityGroup-${vpc}`, guardDuty);
    planted["guardDuty"] = await account.endpoint(vpc, "com.amazonaws.ap-northeast-2.guardduty-data", guardDuty);
    for (const name of INSIGHTS) await account.logGroup(name);
    // A machine of Karpenter's.
    planted["machine"] = await account.instance(one, karpenter);

    const { state } = clusters.get(CLUSTER)?.kubernetes ?? {};
    if (state === undefined) throw new Error("there is no cluster");
    plantServiceAndClaims(state, planted);
    state.setObjects("nodepools", [{ metadata: { name: "default" } }]);
    state.setObjects("nodeclaims", [
      { metadata: { name: "default-a" }, status: { providerID: `aws:///ap-northeast-2a/${our("machine")}` } },
    ]);
    // What the controllers of a cluster do.
    state.onDelete = async (kind, { metadata: { name } }) => {
      if (kind === "services") {
        await account.classic.send(new DeleteClassicCommand({ LoadBalancerName: our("service") }));
        await account.ec2.send(new DeleteSecurityGroupCommand({ GroupId: our("serviceGroup") }));
      } else if (kind === "nodeclaims") {
        await account.ec2.send(new TerminateInstancesCommand({ InstanceIds: [our("machine")] }));
      } else if (name === "orders") {
        await account.ec2.send(new DeleteVolumeCommand({ VolumeId: our("deleted") })).catch(() => undefined);
      }
    };
  }, 240_000);

  afterAll(() => stage.stop());

  it("shows what it would delete, and changes nothing, with --dry-run", async () => {
    const before = await everything();

    const { code, stdout } = await destroy("--dry-run");

    expect(code).toBe(2);
    expect(await everything()).toEqual(before);
    expect(stdout).toContain("classic load balancer a1b2c3 (for shop/cart)");
    expect(stdout).toContain(`load balancer ${our("nlb")} (k8s-shop-old)`);
    expect(stdout).toContain(`network interface ${our("cni")}`);
    expect(stdout).toMatch(
      new RegExp(`${our("deleted")}.*\n.*\n +goes with its claim shop/orders, and its data with it`),
    );
    expect(stdout).toMatch(new RegExp(`${our("retained")}.*\n.*\n +is kept, because it holds data`));
    expect(stdout).toMatch(
      new RegExp(
        `instance ${our("machine")} \\(of Karpenter's NodePool default\\)\n.*\n +goes with its NodeClaim default-a`,
      ),
    );
    expect(stdout).toMatch(new RegExp(`VPC endpoint ${our("guardDuty")} .*\n.*GuardDuty made it.*\n +will be deleted`));
    expect(stdout).toMatch(new RegExp(`security group ${our("guardDutyGroup")} .*\n.*GuardDuty made it`));
    expect(stdout).toMatch(new RegExp(`log group ${INSIGHTS[0] ?? ""}\n.*\n +is kept, because it holds data`));
    expect(stdout).not.toContain(INSIGHTS[1]);
    expect(stdout).toMatch(/by-hand\n.*no tag says .*\n +is left alone.*aws elb delete-load-balancer .* by-hand/);
    expect(stdout).toMatch(/Made by Terraform, to be deleted:\n {2}.*aws_eks_cluster/);
  });

  it("deletes nothing when nobody is there to be asked, or says anything but yes", async () => {
    const before = await everything();

    const unasked = await destroy();
    const declined = await stage.onTerminal(["destroy", ...GIVEN, "--", ...stage.bootstrap], "no\n");

    expect(unasked).toMatchObject({ code: 64, output: expect.stringContaining("-auto-approve") as string });
    expect(declined.output).toMatch(
      /delete the cluster awskrug_gudi_eks in the account 123456789012, ap-northeast-2: 40 resources of Terraform's and \d+ things that Kubernetes made\?/,
    );
    expect(declined).toMatchObject({ code: 1, output: expect.stringContaining("the answer was not yes") as string });
    expect(await everything()).toEqual(before);
  });

  it("refuses a region in which the stack is not", async () => {
    const before = await everything();

    const { code, output } = await destroy("-auto-approve", "-var", "aws_region=us-east-1");

    expect({ code, output }).toEqual({
      code: 3,
      output: expect.stringContaining(
        "what is in the state was made in ap-northeast-2, and aws_region is us-east-1",
      ) as string,
    });
    expect(await everything()).toEqual(before);
  });

  it("stops where somebody makes anew what was deleted, and names who", async () => {
    const { state } = stage.clusters.get(CLUSTER)?.kubernetes ?? {};
    if (state === undefined) throw new Error("there is no cluster");
    const { onDelete } = state;
    const annotations = { "argocd.argoproj.io/tracking-id": "web:/Service:shop/cart" };
    state.onDelete = () => {
      setTimeout(() => {
        plantServiceAndClaims(state, planted, { annotations });
      }, 1000);
    };
    const before = await everything();

    const { code, output } = await destroy("-auto-approve");
    state.onDelete = onDelete;

    const who = "by Argo CD's application web (to stop it: argocd app set web --sync-policy none)";
    const anew = `made anew since it was deleted: Service shop/cart, ${who}; PersistentVolumeClaim shop/archive, ${who}; `;
    expect({ code, output }).toEqual({ code: 1, output: expect.stringContaining(anew) as string });
    expect(output).toContain("Nothing of the stack was deleted");
    expect(await everything()).toEqual(before);
  });

  it("stops before it asks where a machine of the cluster would outlive it", async () => {
    const stray = await stage.account.instance(our("subnet"), { ...owned, "aws:autoscaling:groupName": "spot" });
    const before = await everything();

    const { code, output } = await destroy();
    const after = await everything();
    await stage.account.ec2.send(new TerminateInstancesCommand({ InstanceIds: [stray] }));

    expect({ code, output }).toEqual({
      code: 1,
      output: expect.stringContaining(
        `machines of the cluster are in no Auto Scaling group of Terraform's: ${stray} (of the Auto Scaling group spot); ` +
          "no NodeClaim of the cluster takes them along",
      ) as string,
    });
    expect(output).toContain(
      "aws autoscaling delete-auto-scaling-group --force-delete --auto-scaling-group-name spot --region ap-northeast-2",
    );
    expect(output).not.toContain("delete the cluster");
    expect(after).toEqual(before);
  });

  it("says, interrupted while it waits for AWS, what is done and how to go on", async () => {
    const { child, ended } = stage.start(["destroy", ...GIVEN, "-auto-approve", "--", ...stage.bootstrap]);
    await until(async () => !(await stage.account.ids()).includes(our("nlb")));
    await sleep(1000);
    child.kill("SIGINT");
    const { code, output } = await ended;

    expect({ code, output }).toEqual({
      code: 130,
      output: expect.stringMatching(
        /services and claims: 3 deleted through the cluster[^]*error: interrupted; deleted so far: 3 deleted through the cluster, 1 NodePool\(s\) and 1 machine\(s\) ended, load balancer k8s-shop-old; .*`eks destroy` goes on from here/,
      ) as string,
    });
    const left = await stage.account.ids();
    expect(left).not.toContain(our("service"));
    expect(left).not.toContain(our("serviceGroup"));
    expect(left).not.toContain(our("deleted"));
    expect(left).toEqual(expect.arrayContaining([our("nlbInterface"), our("group"), our("retained"), "by-hand"]));
  });

  describe("with an API that does not answer", () => {
    let hanging: Server;

    beforeAll(async () => {
      const kubernetes = stage.clusters.get(CLUSTER)?.kubernetes;
      await kubernetes?.stop();
      const { account } = stage;
      await account.ec2.send(new DeleteNetworkInterfaceCommand({ NetworkInterfaceId: our("nlbInterface") }));
      hanging = createServer();
    });

    afterAll(() => {
      hanging.close();
    });

    it("goes by tags when nobody listens", async () => {
      const { code, output } = await destroy("--dry-run");

      expect(code).toBe(2);
      expect(output).toMatch(/note: the cluster cannot be asked \(.+\); what Kubernetes made is found by its tags/);
      expect(output).toMatch(new RegExp(`${our("retained")}.*\n.*\n +is kept`));
    });

    it("stops where nobody can ask it to end a machine that would outlive it", async () => {
      const { account } = stage;
      const machine = await account.instance(our("subnet"), karpenter);

      const { code, output } = await destroy("-auto-approve");
      await account.ec2.send(new TerminateInstancesCommand({ InstanceIds: [machine] }));

      expect({ code, output }).toEqual({
        code: 1,
        output: expect.stringMatching(
          new RegExp(
            `error: machines of the cluster .*: ${machine} \\(of Karpenter's NodePool default\\); the cluster cannot be asked`,
          ),
        ) as string,
      });
      expect(output).toContain(
        `End them (aws ec2 terminate-instances --instance-ids ${machine} --region ap-northeast-2), and run the same command`,
      );
      expect(await account.ids()).toContain(our("group"));
    });

    it("goes on without it when it hangs, deletes all that is the cluster's, and lists what it keeps", async () => {
      const { port } = new URL(stage.clusters.get(CLUSTER)?.kubernetes.endpoint ?? "");
      // It accepts, and never says anything.
      await new Promise<void>((done) => hanging.listen(Number(port), "127.0.0.1", done));

      const { code, output } = await destroy("-auto-approve");

      expect({ code, output }).toEqual({
        code: 1,
        output: expect.stringMatching(
          /the cluster cannot be asked \(the cluster's API did not answer within 30 s\)/,
        ) as string,
      });
      expect(output).toMatch(/^destroy: 40 destroyed/m);
      expect(output).toMatch(
        new RegExp(`Kept:\n +volume ${our("retained")} .*\n.*\n.*eks destroy --delete-volume ${our("retained")}\n`),
      );
      expect(output).toMatch(/error: something of this cluster is left, see above\n$/);
      const left = await stage.account.ids();
      for (const gone of ["nlb", "group", "cni", "guardDutyGroup"]) expect(left).not.toContain(our(gone));
      const { VpcEndpoints = [] } = await stage.account.ec2.send(new DescribeVpcEndpointsCommand({}));
      expect(VpcEndpoints.map(({ State }) => String(State))).toEqual(["deleted"]);
      expect(left).toEqual(expect.arrayContaining([our("retained"), "by-hand"]));
      expect(await stage.project.state()).toEqual(new Map());
    });
  });

  it("is not content with an empty state as long as something is left, and then is", async () => {
    const left = await destroy("-auto-approve");
    const byName = ["--delete-volume", our("retained"), "--delete-log-group", INSIGHTS[0] ?? ""];
    const deleted = await destroy("-auto-approve", ...byName);
    const nothing = await destroy();

    expect(left).toMatchObject({ code: 1, output: expect.stringContaining(our("retained")) as string });
    expect({ code: deleted.code, output: deleted.output }).toEqual({
      code: 0,
      output: expect.stringContaining(
        "nothing is left: no resource of the cluster awskrug_gudi_eks is in the account",
      ) as string,
    });
    expect(nothing).toMatchObject({
      code: 0,
      output: expect.stringContaining("there is nothing in the state, and nothing of the cluster") as string,
    });
    expect(await stage.account.ids()).toContain("by-hand");
    expect(await stage.account.logGroups()).toEqual([INSIGHTS[1]]);
  });
});

describeEndToEnd("eks destroy, of a stack that was not wholly applied", () => {
  let stage: Stage;

  beforeEach(async () => {
    stage = await startStage();
  }, 60_000);

  afterEach(() => stage.stop());

  const cluster = (...subnetIds: string[]) =>
    new CreateClusterCommand({
      name: CLUSTER,
      roleArn: "arn:aws:iam::123456789012:role/somebody",
      resourcesVpcConfig: { subnetIds },
    });

  it("spares a cluster of the same name that is somebody else's", async () => {
    const { account, project } = stage;
    const vpc = await account.vpc("10.0.0.0/16");
    await account.eks.send(
      cluster(await account.subnet(vpc, "10.0.1.0/24", "a"), await account.subnet(vpc, "10.0.2.0/24", "b")),
    );
    const subnet = await account.subnet(vpc, "10.0.3.0/24", "a");
    await account.classicBalancer("theirs", subnet, await account.group(vpc, "k8s-elb-theirs", owned), owned);
    const before = await account.ids();
    await project.apply(`${project.folder}/local.tfvars`, "-target=aws_vpc.network_vpc");

    const destroyed = await stage.eks("destroy", ...GIVEN, "-auto-approve");
    const again = await stage.eks("destroy", ...GIVEN, "-auto-approve");

    expect({ code: destroyed.code, output: destroyed.output }).toEqual({
      code: 0,
      output: expect.stringMatching(/^destroy: 1 destroyed/m) as string,
    });
    expect({ code: again.code, output: again.output }).toEqual({
      code: 1,
      output: expect.stringContaining("its state is somewhere else") as string,
    });
    expect(await account.ids()).toEqual(before);
  });

  it("deletes the log group that EKS has written anew after Terraform deleted it", async () => {
    const { account, project, emulator } = stage;
    const name = `/aws/eks/${CLUSTER}/cluster`;
    const withLogs = [...GIVEN, "-var", 'cluster_log_types=["api"]'];
    const target = "-target=aws_cloudwatch_log_group.cluster_log_group";
    await project.apply(`${project.folder}/local.tfvars`, "-var", 'cluster_log_types=["api"]', target);
    // EKS is late once.
    let deletions = 0;
    const late = await startProxy((call) => {
      const isDeletion = call.incoming.headers["x-amz-target"] === "Logs_20140328.DeleteLogGroup";
      const rewrite = async (body: Buffer) => {
        if (deletions++ === 0) await account.logGroup(name);
        return body;
      };
      passOn(emulator.endpoint, call, isDeletion ? rewrite : undefined);
    });
    stage.environment["AWS_ENDPOINT_URL"] = late.endpoint;

    const { code, output } = await stage.eks("destroy", ...withLogs, "-auto-approve");
    late.stop();
    stage.environment["AWS_ENDPOINT_URL"] = emulator.endpoint;

    expect({ code, output }).toEqual({ code: 0, output: expect.stringMatching(/^destroy: 1 destroyed/m) as string });
    expect(deletions).toBe(2);
    expect(await account.logGroups()).toEqual([]);
  });

  it("finds what the cluster left, and says what it may not look at", async () => {
    const { account, project, emulator } = stage;
    await project.apply(`${project.folder}/local.tfvars`, "-target=aws_eks_cluster.cluster_control_plane");
    const id = await managed(stage);
    const group = await account.group(id("aws_vpc.network_vpc[0]"), "k8s-elb-a1b2c3", owned);
    const subnet = id('aws_subnet.network_private_subnet["private-subnet-a"]');
    await account.classicBalancer("a1b2c3", subnet, group, owned);
    // An account in which this person may not look at volumes.
    const forbidding = await startProxy((call) => {
      if (!call.body.toString().includes("Action=DescribeVolumes")) {
        passOn(emulator.endpoint, call);
        return;
      }
      call.response.writeHead(403, { "content-type": "text/xml" });
      call.response.end(
        "<Response><Errors><Error><Code>UnauthorizedOperation</Code><Message>You are not authorized.</Message></Error></Errors></Response>",
      );
    });
    stage.environment["AWS_ENDPOINT_URL"] = forbidding.endpoint;

    const { code, output } = await stage.eks("destroy", ...GIVEN, "-auto-approve");
    forbidding.stop();
    stage.environment["AWS_ENDPOINT_URL"] = emulator.endpoint;
    const allowed = await stage.eks("destroy", ...GIVEN, "-auto-approve");

    expect({ code, output }).toEqual({
      code: 1,
      output: expect.stringMatching(
        /Not known:\n +cannot list the volumes: UnauthorizedOperation: You are not authorized/,
      ) as string,
    });
    expect(output).toContain("note: the stack is not wholly applied; what Kubernetes made is found by its tags");
    expect(output).toMatch(/^leftovers: \d of \d steps done/m);
    expect(output).toMatch(/error: nobody can say that nothing of this cluster is left/);
    expect((await account.ids()).filter((id) => id === "a1b2c3")).toEqual([]);
    expect(await project.state()).toEqual(new Map());
    expect(allowed).toMatchObject({ code: 0 });
    await account.eks.send(new DeleteClusterCommand({ name: CLUSTER })).catch(() => undefined);
  });
});
