import { join, resolve } from "node:path";

import {
  DescribeFlowLogsCommand,
  DescribeLaunchTemplateVersionsCommand,
  DescribeVpcEndpointsCommand,
} from "@aws-sdk/client-ec2";
import {
  DescribeAccessEntryCommand,
  DescribeAddonCommand,
  ListAccessEntriesCommand,
  ListAddonsCommand,
  ListAssociatedAccessPoliciesCommand,
  ListPodIdentityAssociationsCommand,
  DescribePodIdentityAssociationCommand,
} from "@aws-sdk/client-eks";
import { ListOpenIDConnectProvidersCommand } from "@aws-sdk/client-iam";

import { refusals } from "../../cli/plan/guard";
import { summarize, summaryLines } from "../../cli/plan/plan-summary";
import { readPlan } from "../../terraform/plan-file";
import { takeInventory, type Inventory } from "../../rehearsal/account/inventory";
import { CURRENT_ACCOUNT, type Emulator } from "../../rehearsal/account/emulator";
import { askJson, askRoute53 } from "../../rehearsal/account/emulator-call";
import { Account, tagsOf } from "../support/account";
import { changedBy, describeEndToEnd, emulateEks, Project, type Plan } from "../support/end-to-end";

const CLONE = resolve(__dirname, "../..");
const IAM = "arn:aws:iam::123456789012";
const ZONES = ["ap-northeast-2a", "ap-northeast-2b", "ap-northeast-2c"];
/** Files of the repository let nobody in: that is everybody's own to say. */
const SOMEBODY = 'kubectl_ssh_cidrs = ["203.0.113.7/32"]\n';

const NO_CHANGES = { code: 0, stdout: expect.stringContaining("No changes.") as string };

/** What the guard refuses of a plan that Terraform wrote, as `ADDRESS replaced|destroyed|changed`. */
function refusedBy({ json, output }: Plan): string[] {
  return refusals(readPlan(json, output), [])
    .map(({ address, what }) => `${address} ${what}`)
    .sort();
}

/** A file of `tfvars/` in an account of its own, from before its plan to after its destroy. */
class Course {
  readonly account: Account;
  readonly project: Project;
  private readonly somebody: string;

  private constructor(
    private readonly emulator: Emulator,
    readonly tfvars: string,
  ) {
    this.account = new Account(emulator);
    this.project = new Project(emulator);
    this.somebody = `-var-file=${this.project.tfvars(SOMEBODY, "somebody.tfvars")}`;
  }

  /** @param name of the file, without its end */
  static async begin(name: string, principals: readonly string[]): Promise<Course> {
    const emulator = await emulateEks({ ...CURRENT_ACCOUNT, principals });
    return new Course(emulator, join(CLONE, "tfvars", `${name}.tfvars`));
  }

  /** @param others tfvars beside the file's, as text */
  plan(others = "") {
    return this.project.plan(this.tfvars, ...this.beside(others));
  }

  /** A plan that says by its exit code whether it changes anything, be it an output alone. */
  planAgain(others = "") {
    const given = [`-var-file=${this.tfvars}`, ...this.beside(others)];
    return this.project.terraform("plan", "-input=false", "-no-color", "-detailed-exitcode", ...given);
  }

  apply(others = "") {
    return this.project.apply(this.tfvars, ...this.beside(others));
  }

  destroy(others = "") {
    return this.project.destroy(this.tfvars, ...this.beside(others));
  }

  inventory(): Promise<Inventory> {
    return takeInventory(this.account.settings);
  }

  private beside(others: string): string[] {
    return [this.somebody, ...(others === "" ? [] : [`-var-file=${this.project.tfvars(others, "others.tfvars")}`])];
  }

  /** The cluster's access entries by principal: their type, and their policies with the namespaces. */
  async accessEntries(clusterName: string): Promise<Record<string, readonly string[]>> {
    const { eks } = this.account;
    const { accessEntries = [] } = await eks.send(new ListAccessEntriesCommand({ clusterName }));
    const told = await Promise.all(
      accessEntries.map(async (principalArn) => {
        const about = { clusterName, principalArn };
        const { accessEntry } = await eks.send(new DescribeAccessEntryCommand(about));
        const { associatedAccessPolicies = [] } = await eks.send(new ListAssociatedAccessPoliciesCommand(about));
        const policies = associatedAccessPolicies.map(({ policyArn = "", accessScope }) =>
          [policyArn.split("/")[1], accessScope?.type, ...(accessScope?.namespaces ?? [])].join(" "),
        );
        return [principalArn, [accessEntry?.type ?? "", ...policies]] as const;
      }),
    );
    return Object.fromEntries(told);
  }

  /** The cluster's add-ons by name. */
  async addOns(clusterName: string) {
    const { eks } = this.account;
    const { addons = [] } = await eks.send(new ListAddonsCommand({ clusterName }));
    const told = await Promise.all(
      addons.map(async (addonName) => (await eks.send(new DescribeAddonCommand({ clusterName, addonName }))).addon),
    );
    return Object.fromEntries(told.map((addOn) => [addOn?.addonName ?? "", addOn]));
  }

  /** Which service accounts of a cluster get which roles by Pod Identity: `NAMESPACE/NAME: ARN`. */
  async podIdentities(clusterName: string): Promise<string[]> {
    const { eks } = this.account;
    const { associations = [] } = await eks.send(new ListPodIdentityAssociationsCommand({ clusterName }));
    const told = await Promise.all(
      associations.map(async ({ associationId }) => {
        const { association } = await eks.send(
          new DescribePodIdentityAssociationCommand({ clusterName, associationId }),
        );
        return `${association?.namespace ?? ""}/${association?.serviceAccount ?? ""}: ${association?.roleArn ?? ""}`;
      }),
    );
    return told.sort();
  }

  /** What machines are launched with, by the name of the launch template. */
  async launchTemplates() {
    const { ec2 } = this.account;
    const { LaunchTemplateVersions: versions = [] } = await ec2.send(
      new DescribeLaunchTemplateVersionsCommand({ Versions: ["$Latest"] }),
    );
    return new Map(
      versions.map(({ LaunchTemplateName = "", VersionNumber: version, LaunchTemplateData: data }) => [
        LaunchTemplateName,
        { version, ...data },
      ]),
    );
  }

  async groups() {
    const all = await this.account.autoScalingGroups();
    return Object.fromEntries(all.map((group) => [group.AutoScalingGroupName ?? "", group]));
  }

  /** How long log groups keep what they get, in days, by name. */
  async retention(): Promise<Record<string, number | undefined>> {
    const { logGroups } = await askJson<{ logGroups: { logGroupName: string; retentionInDays?: number }[] }>(
      this.account.settings,
      "logs",
      "DescribeLogGroups",
    );
    return Object.fromEntries(logGroups.map(({ logGroupName, retentionInDays }) => [logGroupName, retentionInDays]));
  }

  async end(): Promise<void> {
    this.account.close();
    await this.emulator.stop();
    this.project.remove();
  }
}

/** Real Terraform and the real AWS provider; the account is an emulator's, with a stand-in for what it lacks of EKS. */
/** What the command says of pods and addresses of node groups, out of a plan that Terraform has made. */
function podLines({ json }: Plan): string[] {
  return summaryLines(summarize(readPlan(json, "the plan"))).filter((line) => line.startsWith("pods of "));
}

describeEndToEnd("tfvars/current.tfvars", () => {
  const CLUSTER = "awskrug_gudi_eks";
  let course: Course;
  let before: Inventory;

  beforeAll(async () => {
    course = await Course.begin("current", []);
    before = await course.inventory();
  });

  afterAll(() => course.end());

  it("plans 62 resources, without a warning and without the name of an admin role", async () => {
    const plan = await course.plan();

    expect(plan.output).not.toMatch(/Error|Warning/);
    expect(plan.summary).toBe("Plan: 62 to add, 0 to change, 0 to destroy.");
    expect(podLines(plan)).toEqual([
      expect.stringMatching(
        /^pods of general: \d+ a node, \d+ at its largest, when it takes \d+ addresses of the \d+ in/,
      ),
    ]);
  });

  it("applies them", async () => {
    const applied = await course.apply();

    expect(applied.output).toContain("Apply complete! Resources: 62 added, 0 changed, 0 destroyed.");
  });

  it("makes a cluster that looks at access entries, and lets in its creator, its nodes and the bastion", async () => {
    const cluster = await course.account.cluster(CLUSTER);

    expect(cluster).toMatchObject({
      version: "1.35",
      accessConfig: { authenticationMode: "API" },
      upgradePolicy: { supportType: "STANDARD" },
    });
    expect(await course.accessEntries(CLUSTER)).toEqual({
      "arn:aws:iam::123456789012:user/moto": ["STANDARD", "AmazonEKSClusterAdminPolicy cluster"],
      [`${IAM}:role/awskrug_gudi-kubectl`]: ["STANDARD", "AmazonEKSClusterAdminPolicy cluster"],
      [`${IAM}:role/awskrug_gudi_eks_worker_nodes_role`]: ["EC2_LINUX"],
    });
  });

  it("has add-ons that are active, and a role for the one whose pods make volumes", async () => {
    const addOns = await course.addOns(CLUSTER);

    expect(Object.entries(addOns).map(([name, addOn]) => `${name} ${addOn?.status ?? ""}`)).toEqual(
      ["aws-ebs-csi-driver", "coredns", "eks-pod-identity-agent", "kube-proxy", "metrics-server", "vpc-cni"].map(
        (name) => `${name} ACTIVE`,
      ),
    );
    expect(addOns["aws-ebs-csi-driver"]?.podIdentityAssociations).toHaveLength(1);
    expect(await course.podIdentities(CLUSTER)).toEqual([
      `kube-system/ebs-csi-controller-sa: ${IAM}:role/awskrug_gudi-pod-ebs-csi`,
    ]);
  });

  it("launches two nodes from a template with IMDSv2 and an encrypted volume", async () => {
    const templates = await course.launchTemplates();
    const group = (await course.groups())[`${CLUSTER}-general`];

    expect([...templates.keys()]).toEqual([`${CLUSTER}-general`]);
    expect(templates.get(`${CLUSTER}-general`)).toMatchObject({
      version: 1,
      ImageId: "ami-0c0ffee0000000a01",
      InstanceType: "t3.medium",
      MetadataOptions: { HttpTokens: "required", HttpPutResponseHopLimit: 1 },
      BlockDeviceMappings: [{ DeviceName: "/dev/xvda", Ebs: { Encrypted: true, VolumeSize: 20, VolumeType: "gp3" } }],
    });
    expect(group).toMatchObject({ MinSize: 2, MaxSize: 4, DesiredCapacity: 2, LaunchTemplate: { Version: "1" } });
    expect(group?.Instances).toHaveLength(2);
  });

  it("keeps the control plane's logs for ninety days", async () => {
    expect(await course.retention()).toEqual({ [`/aws/eks/${CLUSTER}/cluster`]: 90 });
  });

  it("plans nothing the second time", async () => {
    expect(await course.planAgain()).toMatchObject(NO_CHANGES);
  });

  it("plans a new version of the launch template, and no new group, for a new label", async () => {
    const plan = await course.plan(GENERAL({ labels: '{ workload = "general", team = "shop" }' }));

    expect(plan.output).not.toMatch(/Error|Warning/);
    expect(changedBy(plan)).toEqual(
      [
        'aws_launch_template.node_group_launch_template["general"]: user_data',
        // Its number, which is known afterwards.
        'aws_autoscaling_group.node_group_autoscaling_group["general"]: launch_template',
      ].sort(),
    );
  });

  it("plans no change of a group whose size an autoscaler is to decide from now on", async () => {
    const plan = await course.plan(GENERAL({ desired_size_owner: '"autoscaler"', desired_size: "null" }));

    expect(plan.output).not.toMatch(/Error|Warning/);
    expect(changedBy(plan)).toEqual([]);
  });

  it("does not let go of nodes, logs, add-ons and roles of pods without being told to", async () => {
    const fewer =
      "add_ons = { vpc-cni = {}, kube-proxy = {}, coredns = {}, eks-pod-identity-agent = {} }\npod_roles = {}\n";
    const plan = await course.plan(`${fewer}cluster_log_types = []\n${GENERAL({}).replace("general =", "other =")}`);

    expect(refusedBy(plan)).toEqual([
      'aws_autoscaling_group.node_group_autoscaling_group["general"] destroyed',
      "aws_cloudwatch_log_group.cluster_log_group[0] destroyed",
      'aws_eks_addon.add_ons_after_nodes["aws-ebs-csi-driver"] destroyed',
      'aws_eks_addon.add_ons_after_nodes["metrics-server"] destroyed',
      'aws_iam_role.pod_roles_role["ebs-csi"] destroyed',
    ]);
  });

  // The nodes' AMI is of 1.35, and may be behind.
  it("plans the next version of Kubernetes in place, with the add-on that has to follow", async () => {
    const plan = await course.plan('eks_version = "1.36"\n');

    expect(plan.output).not.toMatch(/Error|Warning/);
    expect(refusedBy(plan)).toEqual([]);
    expect(changedBy(plan)).toEqual(
      [
        'aws_eks_addon.add_ons_before_nodes["kube-proxy"]: addon_version',
        "aws_eks_cluster.cluster_control_plane: version",
        "terraform_data.handover: input",
      ].sort(),
    );
  });

  it("applies it, and has nothing to do afterwards", async () => {
    const applied = await course.apply('eks_version = "1.36"\n');
    const plan = await course.plan('eks_version = "1.36"\n');

    expect(applied.output).toContain("Apply complete! Resources: 0 added,");
    expect(await course.account.cluster(CLUSTER)).toMatchObject({ version: "1.36" });
    expect(changedBy(plan)).toEqual([]);
  });

  it("destroys everything, and leaves the account as it was", async () => {
    const destroyed = await course.destroy('eks_version = "1.36"\n');

    expect(destroyed.output).toContain("Destroy complete! Resources: 62 destroyed.");
    expect(await course.inventory()).toEqual(before);
  });
});

/** What the workshop's file leaves to each participant. */
const WORKSHOP = 'aws_krug_admin_role = "aws-krug-admin"\n';

/** The group of `tfvars/current.tfvars` with other values. */
const GENERAL = (others: Readonly<Record<string, string>>) => {
  const group = {
    ami_id: '"ami-0c0ffee0000000a01"',
    instance_types: '["t3.medium"]',
    min_size: "2",
    max_size: "4",
    desired_size: "2",
    labels: '{ workload = "general" }',
    instance_refresh: "{}",
    ...others,
  };
  return `node_groups = { general = { ${Object.entries(group)
    .map(([field, value]) => `${field} = ${value}`)
    .join(", ")} } }\n`;
};

/** As above. */
describeEndToEnd("tfvars/workshop-1.14.tfvars", () => {
  let course: Course;

  beforeAll(async () => {
    course = await Course.begin("workshop-1.14", []);
  });

  afterAll(() => course.end());

  it("applies, and plans nothing the second time", async () => {
    const applied = await course.apply(WORKSHOP);

    expect(applied.output).toContain("Apply complete! Resources: 40 added, 0 changed, 0 destroyed.");
    expect(await course.planAgain(WORKSHOP)).toMatchObject(NO_CHANGES);
  });
});

/** As above. */
describeEndToEnd("a cluster that uses aws-auth", () => {
  /** What goes with aws-auth, and little else. */
  const mode = (authenticationMode: string) => `
aws_krug_admin_role = "aws-krug-admin"
kubectl_own_role    = false
add_ons             = {}
pod_roles           = {}
authentication_mode = ${authenticationMode}
`;
  let course: Course;

  beforeAll(async () => {
    course = await Course.begin("current", []);
    expect(await course.apply(mode("null"))).toMatchObject({ code: 0 });
  });

  afterAll(() => course.end());

  it.each([
    ["both", '"API_AND_CONFIG_MAP"', ['aws_eks_access_entry.access_node["shared"]: create']],
    ["access entries alone", '"API"', []],
  ])("goes on to %s, and is not replaced", async (_, wanted, more) => {
    const plan = await course.plan(mode(wanted));
    expect(refusedBy(plan)).toEqual([]);
    const applied = await course.apply(mode(wanted));

    expect(changedBy(plan)).toEqual(
      [...more, "aws_eks_cluster.cluster_control_plane: access_config", "terraform_data.handover: input"].sort(),
    );
    expect(applied.output).toContain("Apply complete!");
    expect((await course.account.cluster("awskrug_gudi_eks"))?.accessConfig).toMatchObject({
      authenticationMode: JSON.parse(wanted) as string,
    });
  });

  it("is not let back", async () => {
    expect(refusedBy(await course.plan(mode('"API_AND_CONFIG_MAP"')))).toEqual([
      "aws_eks_cluster.cluster_control_plane changed",
    ]);
  });
});

/** As above. */
describeEndToEnd("tfvars/production.tfvars", () => {
  let course: Course;
  let before: Inventory;

  beforeAll(async () => {
    course = await Course.begin("production", [`${IAM}:role/platform`, `${IAM}:role/team/checkout`]);
    before = await course.inventory();
  });

  afterAll(() => course.end());

  it("plans 119 resources without a warning", async () => {
    const plan = await course.plan();

    expect(plan.output).not.toMatch(/Error|Warning/);
    expect(plan.summary).toBe("Plan: 119 to add, 0 to change, 0 to destroy.");
    expect(podLines(plan).length).toBeGreaterThan(1);
  });

  it("applies them", async () => {
    const applied = await course.apply();

    expect(applied.output).toContain("Apply complete! Resources: 119 added, 0 changed, 0 destroyed.");
  });

  it("lets in whom the file names, the nodes and the bastion, and not the creator", async () => {
    expect(await course.accessEntries("shop")).toEqual({
      [`${IAM}:role/platform`]: ["STANDARD", "AmazonEKSClusterAdminPolicy cluster"],
      [`${IAM}:role/team/checkout`]: ["STANDARD", "AmazonEKSEditPolicy namespace checkout"],
      [`${IAM}:role/shop-kubectl`]: ["STANDARD", "AmazonEKSClusterAdminPolicy cluster"],
      [`${IAM}:role/shop_eks_worker_nodes_role`]: ["EC2_LINUX"],
    });
  });

  it("has add-ons that are active, with prefixes and network policies in the CNI", async () => {
    const addOns = await course.addOns("shop");

    expect(Object.entries(addOns).map(([name, addOn]) => `${name} ${addOn?.status ?? ""}`)).toEqual(
      ["aws-ebs-csi-driver", "coredns", "eks-pod-identity-agent", "kube-proxy", "metrics-server", "vpc-cni"].map(
        (name) => `${name} ACTIVE`,
      ),
    );
    expect(JSON.parse(addOns["vpc-cni"]?.configurationValues ?? "{}")).toEqual({
      enableNetworkPolicy: "true",
      env: { ENABLE_PREFIX_DELEGATION: "true", WARM_PREFIX_TARGET: "1" },
    });
    expect(addOns["coredns"]?.configurationValues).toBe('{"replicaCount":3}');
  });

  it("gives pods roles, by Pod Identity and by OIDC", async () => {
    const { OpenIDConnectProviderList: providers = [] } = await course.account.iam.send(
      new ListOpenIDConnectProvidersCommand({}),
    );
    const role = await course.account.role("shop-pod-external-dns");

    expect(await course.podIdentities("shop")).toEqual([
      `kube-system/aws-load-balancer-controller: ${IAM}:role/shop-pod-load-balancers`,
      `kube-system/aws-node: ${IAM}:role/shop-pod-vpc-cni`,
      `kube-system/cluster-autoscaler: ${IAM}:role/shop-pod-cluster-autoscaler`,
      `kube-system/ebs-csi-controller-sa: ${IAM}:role/shop-pod-ebs-csi`,
    ]);
    expect(providers).toHaveLength(1);
    expect(JSON.parse(decodeURIComponent(role?.AssumeRolePolicyDocument ?? ""))).toMatchObject({
      Statement: [{ Principal: { Federated: providers[0]?.Arn }, Action: "sts:AssumeRoleWithWebIdentity" }],
    });
  });

  it("encrypts secrets and volumes with keys of its own, which are rotated", async () => {
    const { settings } = course.account;
    const { Aliases: aliases } = await askJson<{ Aliases: { AliasName: string; TargetKeyId?: string }[] }>(
      settings,
      "kms",
      "ListAliases",
    );
    const own = aliases.filter(({ AliasName }) => !AliasName.startsWith("alias/aws/"));
    const keys = await Promise.all(
      own.map(async ({ AliasName, TargetKeyId: KeyId }) => {
        const { KeyMetadata } = await askJson<{ KeyMetadata: { Arn: string } }>(settings, "kms", "DescribeKey", {
          KeyId,
        });
        const rotation = await askJson<{ KeyRotationEnabled: boolean }>(settings, "kms", "GetKeyRotationStatus", {
          KeyId,
        });
        return { name: AliasName, arn: KeyMetadata.Arn, isRotated: rotation.KeyRotationEnabled };
      }),
    );
    const arnOf = (name: string) => keys.find((key) => key.name === name)?.arn;
    const cluster = await course.account.cluster("shop");
    const volumes = [...(await course.launchTemplates()).values()].flatMap(({ BlockDeviceMappings = [] }) =>
      BlockDeviceMappings.map(({ Ebs }) => ({ isEncrypted: Ebs?.Encrypted, key: Ebs?.KmsKeyId })),
    );

    expect(keys.map(({ name, isRotated }) => [name, isRotated]).sort()).toEqual([
      ["alias/eks/shop-logs", true],
      ["alias/eks/shop-secrets", true],
      ["alias/eks/shop-volumes", true],
    ]);
    expect(cluster?.encryptionConfig).toEqual([
      { resources: ["secrets"], provider: { keyArn: arnOf("alias/eks/shop-secrets") } },
    ]);
    // Bottlerocket has two volumes.
    expect(volumes).toEqual(Array(4).fill({ isEncrypted: true, key: arnOf("alias/eks/shop-volumes") }));
  });

  it("has groups for every zone, of which some are all spot, and IMDSv2 everywhere", async () => {
    const groups = await course.groups();
    const templates = await course.launchTemplates();
    const subnets = await course.account.subnets();
    const zoneOf = (id: string | undefined) => subnets.find(({ SubnetId }) => SubnetId === id)?.AvailabilityZone;

    expect(Object.keys(groups).sort()).toEqual(
      ["shop-batch", ...ZONES.flatMap((zone) => [`shop-general-${zone}`, `shop-spot-${zone}`])].sort(),
    );
    for (const zone of ZONES) {
      const group = groups[`shop-general-${zone}`];
      expect((group?.VPCZoneIdentifier ?? "").split(",").map(zoneOf)).toEqual([zone]);
      expect(group).toMatchObject({ MinSize: 1, MaxSize: 10, DesiredCapacity: 1 });
      expect(group?.SuspendedProcesses?.map(({ ProcessName }) => ProcessName)).toEqual(["AZRebalance"]);
      expect(tagsOf(group?.Tags as { Key: string; Value: string }[])).toMatchObject({
        "k8s.io/cluster-autoscaler/enabled": "true",
        "k8s.io/cluster-autoscaler/shop": "owned",
      });
    }
    expect(groups["shop-spot-ap-northeast-2a"]).toMatchObject({
      MinSize: 0,
      MaxSize: 6,
      CapacityRebalance: true,
      MixedInstancesPolicy: {
        InstancesDistribution: {
          OnDemandBaseCapacity: 0,
          OnDemandPercentageAboveBaseCapacity: 0,
          SpotAllocationStrategy: "price-capacity-optimized",
        },
        LaunchTemplate: {
          Overrides: ["m8g.large", "m7g.large", "m6g.large"].map((InstanceType) => ({ InstanceType })),
        },
      },
    });
    expect([...templates].map(([name, { MetadataOptions }]) => [name, MetadataOptions?.HttpTokens]).sort()).toEqual([
      ["shop-batch", "required"],
      ["shop-general", "required"],
      ["shop-spot", "required"],
    ]);
    expect(templates.get("shop-batch")?.BlockDeviceMappings).toMatchObject([
      { DeviceName: "/dev/xvda", Ebs: { VolumeType: "gp3" } },
      { DeviceName: "/dev/xvdb", Ebs: { VolumeSize: 100, Iops: 6000 } },
    ]);
  });

  it("has a way out in every zone, subnets for pods in addresses of their own, and endpoints", async () => {
    const { account } = course;
    const subnets = await account.subnets();
    const nats = await account.natGateways();
    const zoneOf = (id: string | undefined) => subnets.find(({ SubnetId }) => SubnetId === id)?.AvailabilityZone;
    const vpc = (await account.vpcs()).find(({ Tags }) => tagsOf(Tags)["Project"] === "shop");
    const ways = (await account.routeTables()).flatMap(({ Routes = [], Associations = [] }) => {
      const nat = Routes.map(({ NatGatewayId: id }) => nats.find(({ NatGatewayId }) => id === NatGatewayId)).find(
        Boolean,
      );
      return nat === undefined ? [] : Associations.map(({ SubnetId }) => [zoneOf(SubnetId), zoneOf(nat.SubnetId)]);
    });
    const { VpcEndpoints: endpoints = [] } = await account.ec2.send(new DescribeVpcEndpointsCommand({}));

    expect(nats.map(({ SubnetId }) => zoneOf(SubnetId)).sort()).toEqual(ZONES);
    // Its nodes and its pods.
    expect(ways.sort()).toEqual(
      ZONES.flatMap((zone) => [
        [zone, zone],
        [zone, zone],
      ]),
    );
    expect(vpc?.CidrBlockAssociationSet?.map(({ CidrBlock }) => CidrBlock)).toEqual(["172.16.0.0/16", "100.64.0.0/16"]);
    expect(
      subnets
        .filter(({ Tags }) => tagsOf(Tags)["kubernetes.io/role/cni"] === "1")
        .map(({ AvailabilityZone, CidrBlock }) => [AvailabilityZone, CidrBlock])
        .sort(),
    ).toEqual([
      ["ap-northeast-2a", "100.64.0.0/18"],
      ["ap-northeast-2b", "100.64.64.0/18"],
      ["ap-northeast-2c", "100.64.128.0/18"],
    ]);
    expect(endpoints.map(({ ServiceName, VpcEndpointType }) => [ServiceName, VpcEndpointType]).sort()).toEqual([
      ["com.amazonaws.ap-northeast-2.ecr.api", "Interface"],
      ["com.amazonaws.ap-northeast-2.ecr.dkr", "Interface"],
      ["com.amazonaws.ap-northeast-2.eks-auth", "Interface"],
      ["com.amazonaws.ap-northeast-2.s3", "Gateway"],
      ["com.amazonaws.ap-northeast-2.sts", "Interface"],
    ]);
  });

  it("keeps logs as long as it is told, also of what flows", async () => {
    const { FlowLogs: flowLogs = [] } = await course.account.ec2.send(new DescribeFlowLogsCommand({}));

    expect(flowLogs).toHaveLength(1);
    // The emulator tells a flow log's destination, and not the name of its log group.
    expect(flowLogs[0]?.LogDestination ?? "").toMatch(/log-group:\/aws\/vpc-flow-logs\/shop(:\*)?$/);
    expect(await course.retention()).toEqual({ "/aws/eks/shop/cluster": 365, "/aws/vpc-flow-logs/shop": 365 });
  });

  it("has a name for the bastion inside the VPC", async () => {
    const { account } = course;
    const zones = await askRoute53(account.settings, "hostedzone");
    const [, zone = ""] = /<Id>\/hostedzone\/(\w+)<\/Id>/.exec(zones) ?? [];
    const records = await askRoute53(account.settings, `hostedzone/${zone}/rrset`);
    const bastion = (await account.instances()).find(({ Tags }) => tagsOf(Tags)["Instance"] === "kubectl");

    expect(zones).toContain("<Name>shop.internal.</Name>");
    expect(records.replace(/\s+/g, "")).toMatch(
      new RegExp(
        `<Name>kubectl\\.shop\\.internal\\.</Name><Type>A</Type>.*<Value>${bastion?.PrivateIpAddress ?? "?"}</Value>`,
      ),
    );
  });

  it("plans nothing the second time", async () => {
    expect(await course.planAgain()).toMatchObject(NO_CHANGES);
  });

  it("destroys everything, and leaves the account as it was", async () => {
    const destroyed = await course.destroy();

    expect(destroyed.output).toContain("Destroy complete! Resources: 119 destroyed.");
    expect(await course.inventory()).toEqual(before);
  });
});
