import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import {
  CreateLaunchConfigurationCommand,
  CreateOrUpdateTagsCommand,
  DeleteTagsCommand as DeleteGroupTagsCommand,
  TerminateInstanceInAutoScalingGroupCommand,
  UpdateAutoScalingGroupCommand,
} from "@aws-sdk/client-auto-scaling";
import {
  AuthorizeSecurityGroupIngressCommand,
  DeleteTagsCommand,
  RegisterImageCommand,
  RevokeSecurityGroupIngressCommand,
  type IpPermission,
} from "@aws-sdk/client-ec2";
import { DeleteClusterCommand } from "@aws-sdk/client-eks";
import {
  AddRoleToInstanceProfileCommand,
  AttachRolePolicyCommand,
  DetachRolePolicyCommand,
  RemoveRoleFromInstanceProfileCommand,
} from "@aws-sdk/client-iam";

import { readHandover } from "../../bootstrap/inventory";
import { mergeAwsAuth } from "../../modules/aws-auth";
import type { Handover } from "../../modules/contract";
import { startClusters, type Clusters, type StandInCluster } from "../../rehearsal/clusters";
import type { Emulator } from "../../rehearsal/emulator";
import { findProgram } from "../../rehearsal/programs";
import { Account } from "../support/account";
import { describeEndToEnd, emulate, Project } from "../support/end-to-end";
import { run } from "../support/run";

const CLUSTER = "awskrug_gudi_eks";
const GROUP = `${CLUSTER}-worker`;
const PROFILE = "awskrug_gudi_eks_worker_nodes_role";
const CNI_POLICY = "arn:aws:iam::aws:policy/AmazonEKS_CNI_Policy";
const TAG = { key: `kubernetes.io/cluster/${CLUSTER}`, value: "owned" };
const TFVARS = `
aws_krug_admin_role = "aws-krug-admin"
kubectl_ssh_cidrs   = ["203.0.113.7/32"]
`;
const SILENT = "NodeStatusUnknown";

interface NodeList {
  readonly items: readonly {
    readonly metadata: { readonly name: string };
    readonly status: {
      readonly conditions: readonly { readonly type: string; readonly status: string; readonly reason: string }[];
      readonly nodeInfo: { readonly kubeletVersion: string };
    };
  }[];
}

const describeWithKubectl =
  findProgram("kubectl") !== undefined && findProgram("aws") !== undefined ? describeEndToEnd : describe.skip;

/** Real Terraform, kubectl and AWS CLI, and a cluster that Terraform makes on an emulated account. */
describeWithKubectl("nodes of the workshop's stack", () => {
  let folder: string;
  let emulator: Emulator;
  let account: Account;
  let clusters: Clusters;
  let cluster: StandInCluster;
  let project: Project;
  let handover: Handover;
  let withToken: string[];
  const log: string[] = [];

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "eks-test-joining-"));
    emulator = await emulate();
    account = new Account(emulator);
    const settings = {
      endpoint: emulator.endpoint,
      region: emulator.environment["AWS_REGION"] ?? "",
      credentials: { accessKeyId: "testing", secretAccessKey: "testing" },
    };
    clusters = await startClusters(settings, folder, { tell: (sentence) => log.push(sentence) });
    project = new Project({ environment: { ...emulator.environment, AWS_ENDPOINT_URL: clusters.endpoint } });

    const applied = await project.apply(project.tfvars(TFVARS));
    expect(applied.output).toContain("Apply complete! Resources: 40 added");

    const found = clusters.get(CLUSTER);
    if (found === undefined) throw new Error("the cluster that Terraform made has no API");
    cluster = found;
    handover = readHandover((await project.terraform("output", "-json")).stdout, "terraform output -json");
    const updated = await run("aws", ["eks", "update-kubeconfig", "--name", CLUSTER], { env: environment() });
    expect(updated).toMatchObject({ code: 0 });
    // One token for all that asks often: the AWS CLI takes a second for each.
    const { stdout } = await run("aws", ["eks", "get-token", "--cluster-name", CLUSTER], { env: environment() });
    const { token } = (JSON.parse(stdout) as { status: { token: string } }).status;
    const authority = join(folder, "ca.crt");
    writeFileSync(authority, Buffer.from(handover.certificate_authority_data, "base64"));
    withToken = [`--server=${handover.cluster_endpoint}`, `--certificate-authority=${authority}`, `--token=${token}`];
  });

  afterAll(async () => {
    await clusters.stop();
    account.close();
    await emulator.stop();
    project.remove();
    rmSync(folder, { recursive: true });
  });

  const environment = () => ({ ...project.environment, HOME: folder, KUBECONFIG: join(folder, "kubeconfig") });

  /** What kubectl sees now: the nodes, and whether each is ready. */
  async function nodes(): Promise<string[]> {
    await cluster.joining.refresh();
    const env = { ...environment(), KUBECONFIG: "/dev/null" };
    const { stdout, output } = await run("kubectl", [...withToken, "get", "nodes", "--output=json"], { env });
    if (stdout === "") throw new Error(output);
    return (JSON.parse(stdout) as NodeList).items.map(({ status }) => {
      const ready = status.conditions.find(({ type }) => type === "Ready");
      return ready?.status === "True" ? "Ready" : (ready?.reason ?? "");
    });
  }

  const map = (rolearn: string) => {
    const { mapRoles = "" } = mergeAwsAuth(undefined, { nodeRoleArn: handover.node_role_arn });
    const data = { mapRoles: mapRoles.replace(handover.node_role_arn, rolearn) };
    cluster.kubernetes.state.setConfigMap("kube-system", "aws-auth", data);
  };
  const why = () => cluster.joining.results().map((result) => result.why);
  const members = async () =>
    (await account.autoScalingGroups()).flatMap(({ Instances = [] }) => Instances.map((one) => one.InstanceId ?? ""));

  /** Ends an instance, some one unless it is said which; its group launches another one. */
  async function replace(instanceId?: string): Promise<void> {
    const [one = ""] = await members();
    const InstanceId = instanceId ?? one;
    const ShouldDecrementDesiredCapacity = false;
    await account.autoScaling.send(
      new TerminateInstanceInAutoScalingGroupCommand({ InstanceId, ShouldDecrementDesiredCapacity }),
    );
    expect(await members()).toHaveLength(2);
    expect(await members()).not.toContain(InstanceId);
  }

  /** Closes what one permission of a group opens, looks, and opens it again. */
  async function whileClosed(
    group: string,
    which: (permission: IpPermission) => boolean,
    look: () => Promise<void>,
  ): Promise<void> {
    const found = (await account.securityGroups()).find(({ GroupName }) => GroupName === group);
    const permissions = (found?.IpPermissions ?? []).filter(which);
    expect(permissions).toHaveLength(1);
    const rule = { GroupId: found?.GroupId ?? "", IpPermissions: permissions };
    await account.ec2.send(new RevokeSecurityGroupIngressCommand(rule));
    await look();
    await account.ec2.send(new AuthorizeSecurityGroupIngressCommand(rule));
  }

  async function withRole(role: string, look: () => Promise<void>): Promise<void> {
    const put = async (from: string, to: string) => {
      const InstanceProfileName = PROFILE;
      await account.iam.send(new RemoveRoleFromInstanceProfileCommand({ InstanceProfileName, RoleName: from }));
      await account.iam.send(new AddRoleToInstanceProfileCommand({ InstanceProfileName, RoleName: to }));
    };
    await put(PROFILE, role);
    await look();
    await put(role, PROFILE);
  }

  it("are told by Terraform to join the API that answers", () => {
    expect(handover.cluster_endpoint).toBe(cluster.kubernetes.endpoint);
    expect(handover.certificate_authority_data).toBe(cluster.kubernetes.certificateAuthorityData);
  });

  it("are not there before aws-auth maps their role", async () => {
    expect(await nodes()).toEqual([]);
    expect(why()).toEqual(Array(2).fill("there is no ConfigMap aws-auth: Unauthorized"));
  });

  it("are not there when it maps their instance profile", async () => {
    map(handover.node_role_arn.replace(":role/", ":instance-profile/"));

    expect(await nodes()).toEqual([]);
    expect(why()).toEqual(Array(2).fill(`aws-auth does not map ${handover.node_role_arn}: Unauthorized`));
  });

  it("are ready when it maps their role, and say so in the log", async () => {
    map(handover.node_role_arn);

    expect(await nodes()).toEqual(["Ready", "Ready"]);
    const { stdout } = await run("kubectl", ["get", "nodes", "--no-headers"], { env: environment() });
    const name = String.raw`ip-172-16-1\d-\d+\.ap-northeast-2\.compute\.internal`;
    expect(stdout).toMatch(new RegExp(`^(${name} +Ready .* v1\\.14\\.0-eks-0000000\n){2}$`));
    const [first = "", second = ""] = (await members()).sort();
    expect(log.slice(-2).sort()).toEqual([`${CLUSTER}: ${first}: ready`, `${CLUSTER}: ${second}: ready`]);
  });

  it("turn unknown when aws-auth is lost, and ready when it is back", async () => {
    cluster.kubernetes.state.setConfigMap("kube-system", "aws-auth", undefined);
    const lost = await nodes();
    map(handover.node_role_arn);

    expect(lost).toEqual([SILENT, SILENT]);
    expect(await nodes()).toEqual(["Ready", "Ready"]);
  });

  it("turn unknown when their instance profile has another role", async () => {
    await withRole("aws-krug-admin", async () => {
      expect(await nodes()).toEqual([SILENT, SILENT]);
      expect(why()[0]).toContain("aws-auth does not map arn:aws:iam::123456789012:role/aws-krug-admin");
    });

    expect(await nodes()).toEqual(["Ready", "Ready"]);
  });

  it("turn unknown when 443 to the control plane is closed, and new ones do not come", async () => {
    await whileClosed(
      "awskrug_gudi-eks-control-plane-sg",
      ({ FromPort }) => FromPort === 443,
      async () => {
        expect(await nodes()).toEqual([SILENT, SILENT]);
        await replace();
        expect(await nodes()).toEqual([SILENT]);
      },
    );

    expect(await nodes()).toEqual(["Ready", "Ready"]);
  });

  it("stay ready when DNS between them or 10250 is closed: only the log knows", async () => {
    const nodesGroup = "awskrug_gudi-eks-worker-nodes-sg";
    await whileClosed(
      nodesGroup,
      ({ IpProtocol }) => IpProtocol === "-1",
      async () => {
        expect(await nodes()).toEqual(["Ready", "Ready"]);
        expect(why()[1]).toContain("DNS to another node is blocked");
      },
    );
    await whileClosed(
      nodesGroup,
      ({ FromPort }) => FromPort === 1025,
      async () => {
        expect(await nodes()).toEqual(["Ready", "Ready"]);
        expect(why()[1]).toContain("the control plane cannot reach its kubelet on 10250");
      },
    );
    await cluster.joining.refresh();

    expect(why()).toEqual(["ready", "ready"]);
  });

  it("need the cluster's tag when they boot, and not afterwards", async () => {
    const group = { ResourceId: GROUP, ResourceType: "auto-scaling-group", Key: TAG.key };
    const Tags = [{ ...group, Value: TAG.value, PropagateAtLaunch: true }];
    await account.ec2.send(new DeleteTagsCommand({ Resources: await members(), Tags: [{ Key: TAG.key }] }));
    expect(await nodes()).toEqual(["Ready", "Ready"]);

    await account.autoScaling.send(new DeleteGroupTagsCommand({ Tags: [group] }));
    await replace();
    const withoutTag = await nodes();
    const told = why().filter((one) => one !== "ready");
    await account.autoScaling.send(new CreateOrUpdateTagsCommand({ Tags }));
    for (const id of await members()) await replace(id);

    expect(withoutTag).toEqual(["Ready"]);
    expect(told).toEqual([expect.stringContaining("AWS cloud failed to find ClusterID")]);
    expect(await nodes()).toEqual(["Ready", "Ready"]);
  });

  it("are not ready while their role may not give addresses to pods", async () => {
    const policy = { RoleName: PROFILE, PolicyArn: CNI_POLICY };
    await account.iam.send(new DetachRolePolicyCommand(policy));
    await replace();
    const withoutPolicy = await nodes();
    await account.iam.send(new AttachRolePolicyCommand(policy));

    expect(withoutPolicy.sort()).toEqual(["KubeletNotReady", "Ready"]);
    expect(await nodes()).toEqual(["Ready", "Ready"]);
  });

  it("have their image's kubelet, and do not come when their user data is for another image", async () => {
    const [configuration] = await account.launchConfigurations();
    const launch = async (name: string, image: { Name: string; Description: string }) => {
      const { ImageId } = await account.ec2.send(new RegisterImageCommand({ ...image, RootDeviceName: "/dev/xvda" }));
      const { UserData = "", SecurityGroups, IamInstanceProfile } = configuration ?? {};
      await account.autoScaling.send(
        new CreateLaunchConfigurationCommand({
          LaunchConfigurationName: name,
          ImageId,
          InstanceType: "t3.micro",
          SecurityGroups,
          IamInstanceProfile,
          UserData,
        }),
      );
      const change = { AutoScalingGroupName: GROUP, LaunchConfigurationName: name };
      await account.autoScaling.send(new UpdateAutoScalingGroupCommand(change));
      await replace();
    };
    await launch("al2", { Name: "amazon-eks-node-1.14-v20190927", Description: "(k8s: 1.14.6, docker: 18.6)" });
    await cluster.joining.refresh();
    const { stdout } = await run("kubectl", ["get", "nodes", "--no-headers"], { env: environment() });
    await launch("al2023", { Name: "amazon-eks-node-al2023-x86_64-standard-1.14-v20250101", Description: "" });
    const left = await nodes();

    expect(stdout).toContain("v1.14.6-eks-0000000");
    expect(left).toEqual(["Ready"]);
    expect(why()).toContainEqual(expect.stringContaining("bootstrap.sh has been removed from AL2023-based EKS AMIs"));
  });

  it("are gone with the cluster", async () => {
    await account.eks.send(new DeleteClusterCommand({ name: CLUSTER }));

    expect(await nodes()).toEqual([]);
    expect(log.at(-1)).toMatch(/: gone$/);
  });
});
