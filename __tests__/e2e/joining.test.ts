import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
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
  DeleteVpcEndpointsCommand,
  DescribeVpcEndpointsCommand,
  RegisterImageCommand,
  RevokeSecurityGroupIngressCommand,
  type IpPermission,
} from "@aws-sdk/client-ec2";
import { DeleteAccessEntryCommand, DeleteClusterCommand } from "@aws-sdk/client-eks";
import {
  AddRoleToInstanceProfileCommand,
  AttachRolePolicyCommand,
  DetachRolePolicyCommand,
  RemoveRoleFromInstanceProfileCommand,
} from "@aws-sdk/client-iam";

import { readHandover } from "../../contract/outputs";
import { mergeAwsAuth } from "../../facts/aws-auth";
import type { Handover } from "../../contract/handover";
import { startClusters, type Clusters, type StandInCluster } from "../../rehearsal/cluster/clusters";
import { CURRENT_ACCOUNT, type Emulator } from "../../rehearsal/account/emulator";
import { findResource } from "../../rehearsal/cluster/kubernetes-documents";
import { Account } from "../support/account";
import { describeEndToEnd, emulate, Project } from "../support/end-to-end";
import { describeNeeding } from "../support/needs";
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

const describeWithKubectl = describeNeeding("the end-to-end tests' programs", "kubectl and aws");

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
    const { mapRoles = "" } = mergeAwsAuth(undefined, { node_role_arn: handover.node_role_arn });
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

/**
 * Groups of today, written by hand: launch templates, several types of instances, two families and two architectures; in
 * a VPC with two blocks of addresses and no way to the internet; with access entries alone.
 */
const TODAY = `
locals {
  name    = "today"
  cluster = aws_eks_cluster.this
  groups = {
    web = {
      image     = "ami-0c0ffee0000000a01"
      types     = ["t3.medium", "t3a.medium"]
      user_data = join("\\n", [
        "MIME-Version: 1.0", "Content-Type: multipart/mixed; boundary=SPLIT", "",
        "--SPLIT", "Content-Type: application/node.eks.aws", "", local.node_config,
        "--SPLIT", "Content-Type: application/node.eks.aws", "", yamlencode({
          apiVersion = "node.eks.aws/v1alpha1", kind = "NodeConfig"
          spec = { kubelet = { flags = ["--node-labels=role=web", "--register-with-taints=web=yes:NoSchedule"] } }
        }),
        "--SPLIT--", "",
      ])
    }
    arm = {
      image     = "ami-0c0ffee0000000a02"
      types     = ["t4g.medium"]
      user_data = local.node_config
    }
    bottle = {
      image     = "ami-0c0ffee0000000b01"
      types     = ["t3.medium"]
      user_data = <<-TOML
        [settings.kubernetes]
        cluster-name = "\${local.cluster.name}"
        api-server = "\${local.cluster.endpoint}"
        cluster-certificate = "\${local.cluster.certificate_authority[0].data}"
        cluster-dns-ip = "\${cidrhost(local.cluster.kubernetes_network_config[0].service_ipv4_cidr, 10)}"
        [settings.kubernetes.node-labels]
        "example.com/os" = "bottlerocket"
        [settings.kubernetes.node-taints]
        bottle = ["yes:NoExecute"]
      TOML
    }
    # Its kubelet is older, and its user data that of another family.
    old = {
      image     = "ami-0c0ffee0000000201"
      types     = ["t3.medium"]
      user_data = local.node_config
    }
  }
  node_config = yamlencode({
    apiVersion = "node.eks.aws/v1alpha1"
    kind       = "NodeConfig"
    spec = { cluster = {
      name                 = local.cluster.name
      apiServerEndpoint    = local.cluster.endpoint
      certificateAuthority = local.cluster.certificate_authority[0].data
      cidr                 = local.cluster.kubernetes_network_config[0].service_ipv4_cidr
    } }
  })
  roles = { cluster = "eks", node = "ec2", cni = "pods.eks" }
  policies = {
    AmazonEKSClusterPolicy             = "cluster"
    AmazonEKSWorkerNodePolicy          = "node"
    AmazonEC2ContainerRegistryPullOnly = "node"
    AmazonEKS_CNI_Policy               = "cni"
  }
}

resource "aws_vpc" "this" {
  cidr_block           = "10.9.0.0/16"
  enable_dns_hostnames = true
}

resource "aws_vpc_ipv4_cidr_block_association" "more" {
  vpc_id     = aws_vpc.this.id
  cidr_block = "100.64.0.0/16"
}

resource "aws_subnet" "this" {
  for_each          = { a = "10.9.0.0/20", c = "100.64.0.0/20" }
  vpc_id            = aws_vpc_ipv4_cidr_block_association.more.vpc_id
  cidr_block        = each.value
  availability_zone = "ap-northeast-2\${each.key}"
}

resource "aws_security_group" "this" {
  for_each = toset(["nodes", "endpoints"])
  name     = each.key
  vpc_id   = aws_vpc.this.id
}

resource "aws_vpc_security_group_egress_rule" "out" {
  security_group_id = aws_security_group.this["nodes"].id
  ip_protocol       = "-1"
  cidr_ipv4         = "0.0.0.0/0"
}

resource "aws_vpc_security_group_ingress_rule" "this" {
  for_each = {
    endpoints = { to = aws_security_group.this["endpoints"].id, from = aws_security_group.this["nodes"].id, port = 443 }
    api       = { to = local.cluster.vpc_config[0].cluster_security_group_id, from = aws_security_group.this["nodes"].id, port = 443 }
    kubelet   = { to = aws_security_group.this["nodes"].id, from = local.cluster.vpc_config[0].cluster_security_group_id, port = 10250 }
    nodes     = { to = aws_security_group.this["nodes"].id, from = aws_security_group.this["nodes"].id, port = null }
  }
  security_group_id            = each.value.to
  referenced_security_group_id = each.value.from
  ip_protocol                  = each.value.port == null ? "-1" : "tcp"
  from_port                    = each.value.port
  to_port                      = each.value.port
}

resource "aws_vpc_endpoint" "interface" {
  for_each            = toset(["ec2", "ecr.api", "ecr.dkr", "sts", "eks"])
  vpc_id              = aws_vpc.this.id
  service_name        = "com.amazonaws.ap-northeast-2.\${each.key}"
  vpc_endpoint_type   = "Interface"
  subnet_ids          = values(aws_subnet.this)[*].id
  security_group_ids  = [aws_security_group.this["endpoints"].id]
  private_dns_enabled = true
}

resource "aws_vpc_endpoint" "s3" {
  vpc_id          = aws_vpc.this.id
  service_name    = "com.amazonaws.ap-northeast-2.s3"
  route_table_ids = [aws_vpc.this.main_route_table_id]
}

resource "aws_iam_role" "this" {
  for_each           = local.roles
  name               = each.key
  assume_role_policy = jsonencode({ Statement = [{
    Effect = "Allow", Action = ["sts:AssumeRole", "sts:TagSession"], Principal = { Service = "\${each.value}.amazonaws.com" }
  }] })
}

resource "aws_iam_role_policy_attachment" "this" {
  for_each   = local.policies
  role       = aws_iam_role.this[each.value].name
  policy_arn = "arn:aws:iam::aws:policy/\${each.key}"
}

resource "aws_iam_instance_profile" "node" {
  name = "node"
  role = aws_iam_role.this["node"].name
}

resource "aws_eks_cluster" "this" {
  name     = local.name
  version  = "1.35"
  role_arn = aws_iam_role.this["cluster"].arn
  vpc_config {
    subnet_ids              = values(aws_subnet.this)[*].id
    endpoint_private_access = true
    endpoint_public_access  = false
  }
  access_config {
    authentication_mode = "API"
  }
}

resource "aws_eks_access_entry" "node" {
  cluster_name  = local.cluster.name
  principal_arn = aws_iam_role.this["node"].arn
  type          = "EC2_LINUX"
}

resource "aws_eks_addon" "agent" {
  cluster_name = local.cluster.name
  addon_name   = "eks-pod-identity-agent"
}

resource "aws_eks_pod_identity_association" "cni" {
  cluster_name    = local.cluster.name
  namespace       = "kube-system"
  service_account = "aws-node"
  role_arn        = aws_iam_role.this["cni"].arn
}

resource "aws_launch_template" "this" {
  for_each               = local.groups
  name                   = each.key
  image_id               = each.value.image
  instance_type          = each.value.types[0]
  vpc_security_group_ids = [aws_security_group.this["nodes"].id]
  user_data              = base64encode(each.value.user_data)
  iam_instance_profile {
    arn = aws_iam_instance_profile.node.arn
  }
}

resource "aws_autoscaling_group" "this" {
  for_each            = local.groups
  name                = each.key
  min_size            = 1
  max_size            = 1
  vpc_zone_identifier = [aws_subnet.this[each.key == "arm" ? "c" : "a"].id]
  mixed_instances_policy {
    launch_template {
      launch_template_specification {
        launch_template_id = aws_launch_template.this[each.key].id
        version            = aws_launch_template.this[each.key].latest_version
      }
      dynamic "override" {
        for_each = each.value.types
        content {
          instance_type = override.value
        }
      }
    }
  }
  tag {
    key                 = "kubernetes.io/cluster/\${local.name}"
    value               = "owned"
    propagate_at_launch = true
  }
}
`;

/** The real Terraform makes them; nobody asks kubectl, for the first part does. */
describeEndToEnd("nodes of today", () => {
  let folder: string;
  let emulator: Emulator;
  let account: Account;
  let clusters: Clusters;
  let project: Project;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "eks-test-joining-"));
    emulator = await emulate(CURRENT_ACCOUNT);
    const region = emulator.environment["AWS_REGION"] ?? "";
    const credentials = { accessKeyId: "testing", secretAccessKey: "testing" };
    clusters = await startClusters({ endpoint: emulator.endpoint, region, credentials }, folder);
    const environment = { ...emulator.environment, AWS_ENDPOINT_URL: clusters.endpoint };
    account = new Account({ ...emulator, endpoint: clusters.endpoint, environment });
    project = new Project({ environment });
    const file = join(project.stack, "cdk.tf.json");
    const { terraform } = JSON.parse(readFileSync(file, "utf8")) as { terraform: object };
    writeFileSync(file, JSON.stringify({ terraform }));
    writeFileSync(join(project.stack, "main.tf"), TODAY);
    const applied = await project.apply(project.tfvars(""));
    expect(applied.output).toContain("Apply complete!");
  });

  afterAll(async () => {
    await clusters.stop();
    account.close();
    await emulator.stop();
    project.remove();
    rmSync(folder, { recursive: true });
  });

  function cluster(): StandInCluster {
    const found = clusters.get("today");
    if (found === undefined) throw new Error("the cluster that Terraform made has no API");
    return found;
  }

  /** What became of the one instance of each group. */
  async function outcomes(): Promise<Record<string, string>> {
    await cluster().joining.refresh();
    const results = cluster().joining.results();
    const groups = await account.autoScalingGroups();
    return Object.fromEntries(
      groups.map(({ AutoScalingGroupName = "", Instances: [one] = [] }) => [
        AutoScalingGroupName,
        results.find(({ instanceId }) => instanceId === one?.InstanceId)?.why ?? "not there",
      ]),
    );
  }

  async function replace(group: string): Promise<void> {
    const found = (await account.autoScalingGroups()).find(
      ({ AutoScalingGroupName }) => AutoScalingGroupName === group,
    );
    const InstanceId = found?.Instances?.[0]?.InstanceId ?? "";
    const ShouldDecrementDesiredCapacity = false;
    await account.autoScaling.send(
      new TerminateInstanceInAutoScalingGroupCommand({ InstanceId, ShouldDecrementDesiredCapacity }),
    );
  }

  it("join by their role's access entry, whatever their family, and without the internet", async () => {
    expect(await outcomes()).toEqual({
      web: "ready",
      arm: "ready",
      bottle: "ready",
      old: "its user data does not call /etc/eks/bootstrap.sh, but a NodeConfig, which Amazon Linux 2 does not know",
    });
  });

  it("have the labels, the taints and the architecture that they were launched with", async () => {
    await cluster().joining.refresh();
    const nodes = cluster().kubernetes.state.list(findResource("nodes"));
    const shown = nodes.map(({ metadata, ...node }) => ({ labels: metadata["labels"], spec: node["spec"] }));
    const taint = (key: string, effect: string) => ({ taints: [{ key, value: "yes", effect }] });

    expect(shown).toHaveLength(3);
    expect(shown).toEqual(
      expect.arrayContaining([
        expect.objectContaining({
          labels: expect.objectContaining({ role: "web" }) as object,
          spec: taint("web", "NoSchedule"),
        }),
        expect.objectContaining({
          labels: expect.objectContaining({ "kubernetes.io/arch": "arm64" }) as object,
          spec: {},
        }),
        expect.objectContaining({
          labels: expect.objectContaining({ "example.com/os": "bottlerocket" }) as object,
          spec: taint("bottle", "NoExecute"),
        }),
      ]),
    );
  });

  it("do not boot when an endpoint that they need is gone", async () => {
    const { VpcEndpoints = [] } = await account.ec2.send(new DescribeVpcEndpointsCommand({}));
    const sts = VpcEndpoints.find(({ ServiceName = "" }) => ServiceName.endsWith(".sts"))?.VpcEndpointId ?? "";
    await account.ec2.send(new DeleteVpcEndpointsCommand({ VpcEndpointIds: [sts] }));
    await replace("arm");

    expect(await outcomes()).toMatchObject({
      web: "ready",
      arm: "its subnet has no way to the internet, and no VPC endpoint for sts",
    });
  });

  it("turn unknown when their role's access entry is gone: aws-auth does not count", async () => {
    const principalArn = "arn:aws:iam::123456789012:role/node";
    cluster().kubernetes.state.setConfigMap(
      "kube-system",
      "aws-auth",
      mergeAwsAuth(undefined, { node_role_arn: principalArn }),
    );
    await account.eks.send(new DeleteAccessEntryCommand({ clusterName: "today", principalArn }));

    expect((await outcomes())["web"]).toBe(
      `it was a node: ${principalArn} has no access entry, and aws-auth does not count: Unauthorized`,
    );
  });
});
