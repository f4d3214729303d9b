import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import {
  CreateAddonCommand,
  DeleteAddonCommand,
  DescribeAddonCommand,
  DescribeClusterVersionsCommand,
  ListAccessEntriesCommand,
  ListAssociatedAccessPoliciesCommand,
  ListUpdatesCommand,
  UpdateClusterConfigCommand,
} from "@aws-sdk/client-eks";

import type { Emulator } from "../../rehearsal/account/emulator";
import { Account, gained, tagsOf } from "../support/account";
import { changedBy, describeEndToEnd, emulateEks, Project } from "../support/end-to-end";

/**
 * All that the front adds to the emulator, and what the emulator alone would forget, written by hand. There are no nodes:
 * its add-ons are DaemonSets.
 */
const HCL = `
variable "cluster_version" { type = string }
variable "mode" { type = string }
variable "support" { type = string }
variable "log_types" { type = list(string) }
variable "cni_warm_addresses" { type = string }

data "aws_partition" "current" {}

resource "aws_vpc" "this" {
  cidr_block = "10.9.0.0/16"
}

resource "aws_subnet" "this" {
  count             = 2
  vpc_id            = aws_vpc.this.id
  cidr_block        = cidrsubnet(aws_vpc.this.cidr_block, 8, count.index)
  availability_zone = ["ap-northeast-2a", "ap-northeast-2c"][count.index]
}

resource "aws_iam_role" "cluster" {
  name               = "cluster"
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "eks.amazonaws.com" } }]
  })
}

resource "aws_iam_role" "node" {
  name               = "node"
  path               = "/eks/"
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{ Effect = "Allow", Action = "sts:AssumeRole", Principal = { Service = "ec2.amazonaws.com" } }]
  })
}

resource "aws_iam_role" "pod" {
  name               = "pod"
  assume_role_policy = jsonencode({
    Version   = "2012-10-17"
    Statement = [{
      Effect = "Allow", Action = ["sts:AssumeRole", "sts:TagSession"], Principal = { Service = "pods.eks.amazonaws.com" }
    }]
  })
}

resource "aws_kms_key" "secrets" {
  description = "secrets"
}

resource "aws_eks_cluster" "this" {
  name                      = "demo"
  version                   = var.cluster_version
  role_arn                  = aws_iam_role.cluster.arn
  enabled_cluster_log_types = var.log_types

  vpc_config {
    subnet_ids              = aws_subnet.this[*].id
    endpoint_private_access = true
    endpoint_public_access  = false
  }
  access_config {
    authentication_mode                         = var.mode
    bootstrap_cluster_creator_admin_permissions = true
  }
  upgrade_policy {
    support_type = var.support
  }
  kubernetes_network_config {
    service_ipv4_cidr = "10.200.0.0/20"
  }
  encryption_config {
    resources = ["secrets"]
    provider {
      key_arn = aws_kms_key.secrets.arn
    }
  }
}

resource "aws_vpc_security_group_ingress_rule" "bastion" {
  security_group_id = aws_eks_cluster.this.vpc_config[0].cluster_security_group_id
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
  cidr_ipv4         = "10.9.0.0/16"
}

resource "aws_eks_access_entry" "node" {
  cluster_name  = aws_eks_cluster.this.name
  principal_arn = aws_iam_role.node.arn
  type          = "EC2_LINUX"
}

resource "aws_eks_access_entry" "reader" {
  cluster_name      = aws_eks_cluster.this.name
  principal_arn     = aws_iam_role.pod.arn
  kubernetes_groups = ["readers"]
  tags              = { who = "reader" }
}

resource "aws_eks_access_policy_association" "reader" {
  cluster_name  = aws_eks_cluster.this.name
  principal_arn = aws_eks_access_entry.reader.principal_arn
  policy_arn    = "arn:\${data.aws_partition.current.partition}:eks::aws:cluster-access-policy/AmazonEKSViewPolicy"
  access_scope {
    type       = "namespace"
    namespaces = ["default", "shop"]
  }
}

data "aws_eks_addon_version" "kube_proxy" {
  addon_name         = "kube-proxy"
  kubernetes_version = aws_eks_cluster.this.version
}

resource "aws_eks_addon" "kube_proxy" {
  cluster_name  = aws_eks_cluster.this.name
  addon_name    = "kube-proxy"
  addon_version = data.aws_eks_addon_version.kube_proxy.version
}

resource "aws_eks_addon" "agent" {
  cluster_name = aws_eks_cluster.this.name
  addon_name   = "eks-pod-identity-agent"
  tags         = { why = "roles" }
}

resource "aws_eks_addon" "cni" {
  cluster_name         = aws_eks_cluster.this.name
  addon_name           = "vpc-cni"
  configuration_values = jsonencode({ env = { WARM_IP_TARGET = var.cni_warm_addresses } })

  pod_identity_association {
    service_account = "aws-node"
    role_arn        = aws_iam_role.pod.arn
  }
}

resource "aws_eks_pod_identity_association" "web" {
  cluster_name    = aws_eks_cluster.this.name
  namespace       = "shop"
  service_account = "web"
  role_arn        = aws_iam_role.pod.arn
  tags            = { app = "web" }
}
`;
const MODE = "API_AND_CONFIG_MAP";
const FIRST = { cluster_version: "1.34", mode: MODE, support: "EXTENDED", log_types: ["api"], cni_warm_addresses: "2" };
const SECOND = {
  cluster_version: "1.35",
  mode: "API",
  support: "STANDARD",
  log_types: ["api", "audit"],
  cni_warm_addresses: "3",
};

/** The real AWS provider makes, reads, changes and deletes all that the front adds to the emulator. */
describeEndToEnd("a cluster of today through the front", () => {
  let emulator: Emulator;
  let account: Account;
  let project: Project;
  let before: Record<string, string[]>;

  beforeAll(async () => {
    emulator = await emulateEks();
    account = new Account(emulator);
    before = await account.inventory();
    project = new Project(emulator);
    // The stack's own settings, for the prepared folder is initialized with them.
    const file = join(project.stack, "cdk.tf.json");
    const { terraform } = JSON.parse(readFileSync(file, "utf8")) as { terraform: object };
    writeFileSync(file, JSON.stringify({ terraform }));
    writeFileSync(join(project.stack, "main.tf"), HCL);
  });

  afterAll(async () => {
    account.close();
    await emulator.stop();
    project.remove();
  });

  const varFile = (values: object) => project.tfvars(JSON.stringify(values), "values.tfvars.json");

  it("is made, and a second plan changes nothing", async () => {
    const applied = await project.apply(varFile(FIRST));
    expect(applied.output).toContain("Apply complete! Resources: 16 added");

    expect(changedBy(await project.plan(varFile(FIRST)))).toEqual([]);
  });

  it("is described as it was asked for", async () => {
    const cluster = await account.cluster("demo");

    expect(cluster).toMatchObject({
      version: "1.34",
      accessConfig: { authenticationMode: MODE },
      upgradePolicy: { supportType: "EXTENDED" },
      kubernetesNetworkConfig: { serviceIpv4Cidr: "10.200.0.0/20", ipFamily: "ipv4" },
      encryptionConfig: [{ resources: ["secrets"] }],
    });
    expect(cluster?.identity?.oidc?.issuer).toMatch(/^https:\/\/oidc\.eks\.ap-northeast-2\.amazonaws\.com\/id\//);
    const { clusterSecurityGroupId, vpcId } = cluster?.resourcesVpcConfig ?? {};
    const group = (await account.securityGroups()).find(({ GroupId }) => GroupId === clusterSecurityGroupId);
    expect(group?.VpcId).toBe(vpcId);
    expect(group?.GroupName).toMatch(/^eks-cluster-sg-demo-\d+$/);
    expect(tagsOf(group?.Tags)).toMatchObject({ "aws:eks:cluster-name": "demo" });
  });

  it("lets its creator in, and its nodes", async () => {
    const clusterName = "demo";
    const { accessEntries = [] } = await account.eks.send(new ListAccessEntriesCommand({ clusterName }));

    expect(accessEntries).toEqual([
      "arn:aws:iam::123456789012:role/eks/node",
      "arn:aws:iam::123456789012:role/pod",
      "arn:aws:iam::123456789012:user/moto",
    ]);
    const { associatedAccessPolicies } = await account.eks.send(
      new ListAssociatedAccessPoliciesCommand({ clusterName, principalArn: accessEntries[2] }),
    );
    expect(associatedAccessPolicies).toMatchObject([
      { policyArn: "arn:aws:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy" },
    ]);
  });

  it("moves to the next version and on to access entries alone, in place", async () => {
    const plan = await project.plan(varFile(SECOND));
    expect(changedBy(plan).filter((change) => /: (delete|create)/.test(change))).toEqual([]);
    const applied = await project.apply(varFile(SECOND));

    expect(applied.output).toContain("0 added, 3 changed, 0 destroyed");
    expect(changedBy(await project.plan(varFile(SECOND)))).toEqual([]);
    expect(await account.cluster("demo")).toMatchObject({
      version: "1.35",
      accessConfig: { authenticationMode: "API" },
    });
    const { updateIds } = await account.eks.send(new ListUpdatesCommand({ name: "demo" }));
    // The version, the mode, the support, the logs; and the two add-ons.
    expect(updateIds).toHaveLength(6);
  });

  it("does not go back to a mode that it has left", async () => {
    const back = new UpdateClusterConfigCommand({ name: "demo", accessConfig: { authenticationMode: MODE } });

    await expect(account.eks.send(back)).rejects.toMatchObject({
      name: "InvalidParameterException",
      message: `Unsupported authentication mode update from API to ${MODE}`,
      $metadata: { httpStatusCode: 400 },
    });
  });

  it("is one of the versions that are on offer", async () => {
    const { clusterVersions = [] } = await account.eks.send(new DescribeClusterVersionsCommand({}));

    expect(clusterVersions.map(({ clusterVersion }) => clusterVersion)).toContain("1.35");
    expect(clusterVersions[0]?.endOfStandardSupportDate).toBeInstanceOf(Date);
  });

  it("has no add-on with a Deployment, for there is no node", async () => {
    const about = { clusterName: "demo", addonName: "coredns" };
    await account.eks.send(new CreateAddonCommand(about));
    const { addon } = await account.eks.send(new DescribeAddonCommand(about));
    await account.eks.send(new DeleteAddonCommand(about));

    expect(addon?.status).toBe("CREATING");
  });

  it("stays in the zones that it was created in", async () => {
    const subnets = await account.subnets();
    const own = subnets.filter(({ CidrBlock }) => CidrBlock?.startsWith("10.9.") === true);
    const { SubnetId: another = "" } = subnets.find(({ AvailabilityZone: zone }) => zone === "ap-northeast-2b") ?? {};
    const subnetIds = [...own.map(({ SubnetId = "" }) => SubnetId), another];

    await expect(
      account.eks.send(new UpdateClusterConfigCommand({ name: "demo", resourcesVpcConfig: { subnetIds } })),
    ).rejects.toMatchObject({
      name: "InvalidParameterException",
      message: expect.stringMatching(
        /^Provided subnets belong to the AZs '.*2a,.*2b,.*2c'\. But they should belong to the exact set of AZs '.*2a,.*2c' /,
      ) as string,
    });
  });

  it("leaves nothing behind when it is destroyed", async () => {
    const destroyed = await project.destroy(varFile(SECOND));

    expect(destroyed.output).toContain("Destroy complete! Resources: 16 destroyed");
    expect(gained(before, await account.inventory())).toEqual({});
  });
});
