import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { readHandover } from "../../contract/outputs";
import { INDEXED } from "../../modules/workshop-state";
import type { Emulator } from "../../rehearsal/account/emulator";
import { Account, gained, permission, tagsOf } from "../support/account";
import { changedBy, describeEndToEnd, emulateEks, Project } from "../support/end-to-end";
import { flowing } from "../support/run";

const CLUSTER = "awskrug_gudi_eks";
const STATE = "terraform.eks.tfstate";

/** A state as this stack wrote it before anything in it could be absent: without the index of what got one since. */
function withoutIndex(text: string): string {
  const state = JSON.parse(text) as {
    resources: { type: string; name: string; instances: { index_key?: unknown }[] }[];
  };
  for (const { type, name, instances } of state.resources) {
    if (!Object.hasOwn(INDEXED, `${type}.${name}`)) continue;
    for (const instance of instances) delete instance.index_key;
  }
  return JSON.stringify(state);
}

const TFVARS = `
aws_krug_admin_role = "aws-krug-admin"
kubectl_ssh_cidrs   = ["203.0.113.7/32"]
`;
/** The same, without the second of the three public subnets. */
const WITHOUT_THE_MIDDLE = `${TFVARS}
vpc_public_subnets = [
  { az = "ap-northeast-2a", cidr = "172.16.0.0/23", name = "public-subnet-a" },
  { az = "ap-northeast-2c", cidr = "172.16.4.0/23", name = "public-subnet-c" },
]
`;
/** The same, without the second of the three private subnets. */
const WITHOUT_THE_PRIVATE_MIDDLE = `${TFVARS}
vpc_private_subnets = [
  { az = "ap-northeast-2a", cidr = "172.16.10.0/23", name = "private-subnet-a" },
  { az = "ap-northeast-2c", cidr = "172.16.14.0/23", name = "private-subnet-c" },
]
`;

/** Real Terraform and the real AWS provider against an AWS emulator (moto server). */
describeEndToEnd("the workshop's stack, from plan to destroy", () => {
  let emulator: Emulator;
  let account: Account;
  let project: Project;
  let tfvars: string;
  let before: Record<string, string[]>;

  beforeAll(async () => {
    emulator = await emulateEks();
    account = new Account(emulator);
    project = new Project(emulator);
    tfvars = project.tfvars(TFVARS);
    before = await account.inventory();
  });

  afterAll(async () => {
    account.close();
    await emulator.stop();
    project.remove();
  });

  it("plans the workshop's 40 resources", async () => {
    const plan = await project.plan(tfvars);

    expect(plan.summary).toBe("Plan: 40 to add, 0 to change, 0 to destroy.");
    expect(plan.output).not.toContain("Warning");
  });

  it("plans one less and warns when nobody may reach the bastion", async () => {
    const plan = await project.plan(project.tfvars('aws_krug_admin_role = "aws-krug-admin"\n', "one-line.tfvars"));

    expect(plan.summary).toBe("Plan: 39 to add, 0 to change, 0 to destroy.");
    expect(flowing(plan.output)).toContain(
      "nobody can reach the bastion by SSH: kubectl_ssh_cidrs names no IPv4 network; set it in your tfvars",
    );
  });

  it("applies them", async () => {
    const applied = await project.apply(tfvars);

    expect(applied.output).toContain("Apply complete! Resources: 40 added, 0 changed, 0 destroyed.");
    expect(await project.state()).toHaveProperty("size", 40);
  });

  describe("makes in AWS what was asked for", () => {
    let vpcId: string;
    let subnetIds: Record<string, string>;
    let groupIds: Record<string, string>;

    beforeAll(async () => {
      const vpcs = gained(before, await account.inventory())["vpcs"] ?? [];
      expect(vpcs).toHaveLength(1);
      vpcId = vpcs[0] ?? "";
      const ours = <T extends { VpcId?: string }>(all: T[]) => all.filter(({ VpcId }) => VpcId === vpcId);
      subnetIds = Object.fromEntries(
        ours(await account.subnets()).map(({ Tags, SubnetId }) => [tagsOf(Tags)["Name"] ?? "", SubnetId ?? ""]),
      );
      groupIds = Object.fromEntries(
        ours(await account.securityGroups()).map(({ GroupName, GroupId }) => [GroupName ?? "", GroupId ?? ""]),
      );
    });

    it("a VPC in which the private endpoint's name resolves", async () => {
      const vpc = (await account.vpcs()).find(({ VpcId }) => VpcId === vpcId);

      expect(vpc?.CidrBlock).toBe("172.16.0.0/16");
      expect(tagsOf(vpc?.Tags)).toEqual({
        Name: "awskrug_gudi_vpc",
        Managed_by: "terraform",
        Project: "awskrug_gudi",
        [`kubernetes.io/cluster/${CLUSTER}`]: "shared",
      });
      const state = (await project.state()).get("aws_vpc.network_vpc[0]");
      expect(state).toMatchObject({ enable_dns_support: true, enable_dns_hostnames: true });
    });

    it.each([
      ["public-subnet-a", "172.16.0.0/23", "ap-northeast-2a", "elb"],
      ["public-subnet-b", "172.16.2.0/23", "ap-northeast-2b", "elb"],
      ["public-subnet-c", "172.16.4.0/23", "ap-northeast-2c", "elb"],
      ["private-subnet-a", "172.16.10.0/23", "ap-northeast-2a", "internal-elb"],
      ["private-subnet-b", "172.16.12.0/23", "ap-northeast-2b", "internal-elb"],
      ["private-subnet-c", "172.16.14.0/23", "ap-northeast-2c", "internal-elb"],
    ])("the subnet %s", async (name, cidr, zone, role) => {
      const subnet = (await account.subnets()).find(
        ({ SubnetId }) => SubnetId === subnetIds[`awskrug_gudi_vpc-${name}`],
      );

      expect(subnet).toMatchObject({ VpcId: vpcId, CidrBlock: cidr, AvailabilityZone: zone });
      expect(tagsOf(subnet?.Tags)).toEqual({
        Name: `awskrug_gudi_vpc-${name}`,
        Managed_by: "terraform",
        Project: "awskrug_gudi",
        [`kubernetes.io/cluster/${CLUSTER}`]: "shared",
        [`kubernetes.io/role/${role}`]: "1",
      });
    });

    it("a way out: gateway, NAT in the first public subnet, and routes to them", async () => {
      const gateway = (await account.internetGateways()).find(
        ({ Tags }) => tagsOf(Tags)["Name"] === "awskrug_gudi_vpc-igw",
      );
      const address = (await account.addresses()).find(
        ({ Tags }) => tagsOf(Tags)["Name"] === "awskrug_gudi_vpc-nat-eip",
      );
      const [nat, ...others] = await account.natGateways();
      const tables = (await account.routeTables()).filter(({ VpcId }) => VpcId === vpcId);
      const table = (name: string) => {
        const found = tables.find(({ Tags }) => tagsOf(Tags)["Name"] === name);
        return {
          default: found?.Routes?.find(({ DestinationCidrBlock }) => DestinationCidrBlock === "0.0.0.0/0"),
          subnets: (found?.Associations ?? []).map(({ SubnetId }) => SubnetId).sort(),
        };
      };
      const named = (kind: string) =>
        ["a", "b", "c"].map((zone) => subnetIds[`awskrug_gudi_vpc-${kind}-subnet-${zone}`]).sort();

      expect(gateway?.Attachments?.map(({ VpcId }) => VpcId)).toEqual([vpcId]);
      expect(address?.Domain).toBe("vpc");
      expect(others).toEqual([]);
      expect(nat).toMatchObject({ SubnetId: subnetIds["awskrug_gudi_vpc-public-subnet-a"], VpcId: vpcId });
      expect(nat?.NatGatewayAddresses?.map(({ AllocationId }) => AllocationId)).toEqual([address?.AllocationId]);
      expect(tagsOf(nat?.Tags)["Name"]).toBe("awskrug_gudi_vpc-nat-gateway");
      expect(table("awskrug_gudi_vpc-public-rt").default?.GatewayId).toBe(gateway?.InternetGatewayId);
      expect(table("awskrug_gudi_vpc-public-rt").subnets).toEqual(named("public"));
      expect(table("awskrug_gudi_vpc-private-rt").default?.NatGatewayId).toBe(nat?.NatGatewayId);
      expect(table("awskrug_gudi_vpc-private-rt").subnets).toEqual(named("private"));
    });

    it("security groups that let in what has to come in, and nothing else", async () => {
      const all = await account.securityGroups();
      const inbound = (name: string) =>
        (all.find(({ GroupId }) => GroupId === groupIds[name])?.IpPermissions ?? []).map(permission).sort();
      const [controlPlane, nodes, bastion] = [
        "awskrug_gudi-eks-control-plane-sg",
        "awskrug_gudi-eks-worker-nodes-sg",
        "awskrug_gudi-kubectl-sg",
      ] as const;

      // EKS makes one of its own, with a number at its end.
      const names = Object.keys(groupIds).map((name) => name.replace(/^(eks-cluster-sg-.*)-\d+$/, "$1"));
      expect(names.sort()).toEqual([controlPlane, nodes, bastion, "default", "eks-cluster-sg-awskrug_gudi_eks"].sort());
      expect(inbound(controlPlane)).toEqual(["tcp 443-443 from 172.16.0.0/16"]);
      expect(inbound(nodes)).toEqual(
        [
          `-1 all from ${String(groupIds[nodes])}`,
          `tcp 1025-65535 from ${String(groupIds[controlPlane])}`,
          `tcp 22-22 from ${String(groupIds[bastion])}`,
          `tcp 443-443 from ${String(groupIds[controlPlane])}`,
        ].sort(),
      );
      expect(inbound(bastion)).toEqual(["tcp 22-22 from 203.0.113.7/32"]);
      for (const name of [controlPlane, nodes, bastion]) {
        const group = all.find(({ GroupId }) => GroupId === groupIds[name]);
        expect((group?.IpPermissionsEgress ?? []).map(permission)).toEqual(["-1 all from 0.0.0.0/0"]);
        expect(tagsOf(group?.Tags)).toEqual({ Name: name, Managed_by: "terraform", Project: "awskrug_gudi" });
      }
    });

    it.each([
      ["awskrug_gudi-eks-cluster", "eks.amazonaws.com", ["AmazonEKSClusterPolicy", "AmazonEKSServicePolicy"]],
      [
        "awskrug_gudi_eks_worker_nodes_role",
        "ec2.amazonaws.com",
        ["AmazonEC2ContainerRegistryReadOnly", "AmazonEKSWorkerNodePolicy", "AmazonEKS_CNI_Policy"],
      ],
    ])("the role %s", async (name, service, policies) => {
      const role = await account.role(name);

      expect(JSON.parse(decodeURIComponent(role?.AssumeRolePolicyDocument ?? ""))).toMatchObject({
        Statement: [{ Effect: "Allow", Principal: { Service: service }, Action: "sts:AssumeRole" }],
      });
      expect(await account.policiesOf(name)).toEqual(policies.map((policy) => `arn:aws:iam::aws:policy/${policy}`));
      expect(tagsOf(role?.Tags)).toEqual({ Managed_by: "terraform", Project: "awskrug_gudi" });
    });

    it("a cluster that only the VPC can reach", async () => {
      const cluster = await account.cluster(CLUSTER);
      const role = await account.role("awskrug_gudi-eks-cluster");

      expect(cluster).toMatchObject({ version: "1.14", roleArn: role?.Arn });
      expect(cluster?.resourcesVpcConfig).toMatchObject({
        endpointPrivateAccess: true,
        endpointPublicAccess: false,
        securityGroupIds: [groupIds["awskrug_gudi-eks-control-plane-sg"]],
      });
      expect([...(cluster?.resourcesVpcConfig?.subnetIds ?? [])].sort()).toEqual(
        ["a", "b", "c"].map((zone) => subnetIds[`awskrug_gudi_vpc-private-subnet-${zone}`]).sort(),
      );
    });

    it("a launch configuration with a pinned image, IMDSv2 and an encrypted volume", async () => {
      const [configuration, ...others] = await account.launchConfigurations();

      expect(others).toEqual([]);
      expect(configuration?.LaunchConfigurationName).toMatch(/^awskrug_gudi_eks_worker_node/);
      expect(configuration).toMatchObject({
        ImageId: "ami-023bb403131889300",
        InstanceType: "t3.micro",
        KeyName: "aws-krug-gudi",
        IamInstanceProfile: "awskrug_gudi_eks_worker_nodes_role",
        SecurityGroups: [groupIds["awskrug_gudi-eks-worker-nodes-sg"]],
        AssociatePublicIpAddress: false,
        InstanceMonitoring: { Enabled: false },
        MetadataOptions: { HttpEndpoint: "enabled", HttpTokens: "required", HttpPutResponseHopLimit: 2 },
      });
      expect(configuration?.BlockDeviceMappings?.map(({ Ebs }) => Ebs)).toMatchObject([
        { VolumeSize: 10, VolumeType: "gp2", Encrypted: true, DeleteOnTermination: true },
      ]);
    });

    it("user data that joins a node to this cluster", async () => {
      const [configuration] = await account.launchConfigurations();
      const cluster = await account.cluster(CLUSTER);

      expect(Buffer.from(configuration?.UserData ?? "", "base64").toString()).toBe(
        [
          "#!/bin/bash",
          "",
          "# Allow user supplied pre userdata code",
          "",
          "",
          "# Bootstrap and join the cluster",
          `/etc/eks/bootstrap.sh --b64-cluster-ca '${cluster?.certificateAuthority?.data ?? ""}' ` +
            `--apiserver-endpoint '${cluster?.endpoint ?? ""}' --enable-docker-bridge 'false' ` +
            `--kubelet-extra-args '' '${CLUSTER}'`,
          "",
          "# Allow user supplied userdata code",
          "",
        ].join("\n"),
      );
    });

    it("an Auto Scaling group of two in the private subnets, whose nodes carry the cluster's tag", async () => {
      const [group, ...others] = await account.autoScalingGroups();
      const [configuration] = await account.launchConfigurations();

      expect(others).toEqual([]);
      expect(group).toMatchObject({
        AutoScalingGroupName: `${CLUSTER}-worker`,
        LaunchConfigurationName: configuration?.LaunchConfigurationName,
        MinSize: 2,
        MaxSize: 2,
        DesiredCapacity: 2,
      });
      expect((group?.VPCZoneIdentifier ?? "").split(",").sort()).toEqual(
        ["a", "b", "c"].map((zone) => subnetIds[`awskrug_gudi_vpc-private-subnet-${zone}`]).sort(),
      );
      expect(tagsOf(group?.Tags as { Key: string; Value: string }[])).toEqual({
        Name: `${CLUSTER}-worker`,
        Managed_by: "terraform",
        Project: "awskrug_gudi",
        [`kubernetes.io/cluster/${CLUSTER}`]: "owned",
      });
      expect(group?.Tags?.map(({ PropagateAtLaunch }) => PropagateAtLaunch)).toEqual([true, true, true, true]);
      expect(group?.Instances).toHaveLength(2);
    });

    it("a bastion in the first public subnet, with the jump EC2's role", async () => {
      const nodes = (await account.autoScalingGroups()).flatMap(({ Instances = [] }) =>
        Instances.map((it) => it.InstanceId),
      );
      const [bastion, ...others] = (await account.instances()).filter(({ InstanceId }) => !nodes.includes(InstanceId));
      const volumeId = bastion?.BlockDeviceMappings?.[0]?.Ebs?.VolumeId;
      const volume = (await account.volumes()).find(({ VolumeId }) => VolumeId === volumeId);

      expect(others).toEqual([]);
      expect(bastion).toMatchObject({
        ImageId: "ami-0fd02cb7da42ee5e0",
        InstanceType: "t3.micro",
        KeyName: "aws-krug-gudi",
        EbsOptimized: true,
        SubnetId: subnetIds["awskrug_gudi_vpc-public-subnet-a"],
        MetadataOptions: { HttpEndpoint: "enabled", HttpTokens: "required", HttpPutResponseHopLimit: 1 },
      });
      expect(bastion?.IamInstanceProfile?.Arn).toBe("arn:aws:iam::123456789012:instance-profile/aws-krug-admin");
      expect(bastion?.PublicIpAddress).toMatch(/^\d+\.\d+\.\d+\.\d+$/);
      expect(volume).toMatchObject({ Encrypted: true, Size: 8 });
      expect(tagsOf(bastion?.Tags)).toEqual({
        Name: "awskrug_gudi-kubectl",
        Instance: "kubectl",
        Managed_by: "terraform",
        Project: "awskrug_gudi",
      });
    });

    it("and hands over what the bastion's bootstrap needs", async () => {
      const { stdout } = await project.terraform("output", "-json");
      const cluster = await account.cluster(CLUSTER);
      const handover = readHandover(stdout, "terraform output -json");
      const bastion = (await account.instances()).find(({ Tags }) => tagsOf(Tags)["Instance"] === "kubectl");

      // What came later stands beside the fortieth resource, whose input is as it was.
      const { node_role_arns: roles, ...input } = handover;
      expect(roles).toEqual([handover.node_role_arn]);
      expect(input).toEqual({
        region: "ap-northeast-2",
        cluster_name: CLUSTER,
        cluster_endpoint: cluster?.endpoint,
        certificate_authority_data: cluster?.certificateAuthority?.data,
        kubernetes_version: "1.14",
        authentication_mode: "CONFIG_MAP",
        bastion_instance_id: bastion?.InstanceId,
        bastion_address: bastion?.PublicIpAddress,
        bastion_user: "ubuntu",
        node_role_arn: "arn:aws:iam::123456789012:role/awskrug_gudi_eks_worker_nodes_role",
        node_groups: { [`${CLUSTER}-worker`]: { min: 2, max: 2, desired: 2 } },
        aws_auth_roles: [],
        aws_auth_users: [],
      });
      expect((await project.state()).get("terraform_data.handover")).toMatchObject({ output: input });
    });
  });

  it("plans nothing the second time", async () => {
    const plan = await project.plan(tfvars);

    expect(changedBy(plan)).toEqual([]);
    expect(plan.output).not.toContain("Warning");
  });

  it("takes over a state without indexes by moves alone", async () => {
    const older = new Project(emulator);
    try {
      writeFileSync(join(older.folder, STATE), withoutIndex(readFileSync(join(project.folder, STATE), "utf8")));

      const plan = await older.plan(older.tfvars(TFVARS));

      const moved = plan.all.filter(({ previousAddress }) => previousAddress !== undefined);
      expect(plan.summary).toBe("Plan: 0 to add, 0 to change, 0 to destroy.");
      expect(changedBy(plan)).toEqual([]);
      expect(moved.map(({ address, previousAddress }) => [previousAddress, address]).sort()).toEqual(
        Object.entries(INDEXED)
          .map(([from, index]) => [from, `${from}[${index}]`])
          .sort(),
      );
    } finally {
      older.remove();
    }
  });

  // Planned only: AWS lets a cluster have fewer subnets, but not fewer zones.
  it("plans to touch nothing but its own resources when a private subnet in the middle goes", async () => {
    const plan = await project.plan(project.tfvars(WITHOUT_THE_PRIVATE_MIDDLE, "private-middle.tfvars"));

    expect(changedBy(plan)).toEqual(
      [
        // Both list the private subnets, and are told in place.
        'aws_autoscaling_group.node_group_autoscaling_group["worker"]: vpc_zone_identifier',
        "aws_eks_cluster.cluster_control_plane: vpc_config",
        'aws_route_table_association.network_private_association["private-subnet-b"]: delete',
        'aws_subnet.network_private_subnet["private-subnet-b"]: delete',
      ].sort(),
    );
  });

  it("removes a public subnet in the middle, and only what is its own", async () => {
    const fewer = project.tfvars(WITHOUT_THE_MIDDLE, "middle.tfvars");
    const had = await account.inventory();

    const plan = await project.plan(fewer);
    const applied = await project.apply(fewer);

    expect(changedBy(plan)).toEqual(
      [
        'aws_route_table_association.network_public_association["public-subnet-b"]: delete',
        'aws_subnet.network_public_subnet["public-subnet-b"]: delete',
      ].sort(),
    );
    expect(applied.output).toContain("0 added, 0 changed, 2 destroyed.");
    const has = await account.inventory();
    expect(gained(had, has)).toEqual({});
    expect(Object.keys(gained(has, had))).toEqual(["subnets"]);
    expect(gained(has, had)["subnets"]).toHaveLength(1);
  });

  it("destroys everything, and leaves the account as it was", async () => {
    const destroyed = await project.destroy(tfvars);

    expect(destroyed.output).toContain("Destroy complete! Resources: 38 destroyed.");
    expect(await account.inventory()).toEqual(before);
  });
});
