import { readFileSync, rmSync } from "node:fs";
import { join, resolve } from "node:path";

import { CreateBucketCommand, ListObjectsV2Command, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";

import type { Emulator } from "../../rehearsal/account/emulator";
import { Account, permission, tagsOf } from "../support/account";
import { describeEndToEnd, emulate, Project } from "../support/end-to-end";
import { synthesizeInto } from "../support/synthesize";

const CLONE = resolve(__dirname, "../..");
const REGION = "us-west-2";
const NODE_IMAGE = "ami-0a1b2c3d";
const BASTION_IMAGE = "ami-0123456789abcdef0";

/** Every variable with another value than its default. */
const TFVARS = `
aws_krug_admin_role = "instructor"
kubectl_ec2_keypair = "team key"
eks_version         = "1.30"
project_name        = "team-a"
vpc_name            = "실습 VPC"
eks_cluster_name    = "learning"
aws_region          = "${REGION}"
vpc_cidr_block      = "10.20.0.0/20"
vpc_public_subnets = [
  { az = "${REGION}d", cidr = "10.20.0.0/24", name = "front d" },
  { az = "${REGION}a", cidr = "10.20.1.0/24", name = "front a" },
]
vpc_private_subnets = [
  { az = "${REGION}a", cidr = "10.20.8.0/22", name = "nodes-a" },
  { az = "${REGION}b", cidr = "10.20.12.0/23", name = "nodes-b" },
]
kubectl_image_id                   = "${BASTION_IMAGE}"
kubectl_ec2_user                   = "ec2-user"
kubectl_ec2_volume_size            = 12
kubectl_ssh_cidrs                  = ["198.51.100.0/24", "2001:db8:1::/48", "0.0.0.0/0"]
kubectl_ssh_open_to_the_internet   = true
eks_worker_node_role_name          = "learning-nodes"
eks_worker_node_public_ip          = true
eks_worker_node_volume_size        = 40
eks_worker_node_ami_id             = "${NODE_IMAGE}"
eks_worker_node_ec2_type           = "m5.large"
eks_worker_nodes_enable_monitoring = true
eks_worker_nodes_asg_group         = { min = 0, max = 5, desire = 3 }
eks_worker_user_data_group = {
  pre_userdata         = "echo \\"$\${HOME} 준비\\""
  additional_userdata  = "echo '100%%{done}'"
  kubelet_extra_args   = "--node-labels=team=a,owner='kim' --max-pods=20"
  enable_docker_bridge = true
}
aws_auth_roles = [
  { rolearn = "arn:aws:iam::123456789012:role/team/admins", username = "admin:{{SessionName}}", groups = ["system:masters"] },
  { rolearn = "arn:aws:iam::210987654321:role/guests", username = "guest", groups = [] },
]
aws_auth_users = [
  { userarn = "arn:aws:iam::123456789012:user/kim", username = "kim", groups = ["view", "edit"] },
  { userarn = "arn:aws:iam::210987654321:root", username = "guests", groups = ["view"] },
]
`;

/** Real Terraform and AWS provider against an AWS emulator, with the state in the emulator's S3. */
describeEndToEnd("every variable changed, and the state in S3", () => {
  let emulator: Emulator;
  let account: Account;
  let s3: S3Client;
  let project: Project;
  let tfvars: string;

  beforeAll(async () => {
    emulator = await emulate({
      region: REGION,
      adminRole: "instructor",
      keyPair: "team key",
      images: [
        { id: NODE_IMAGE, rootDevice: "/dev/xvda" },
        { id: BASTION_IMAGE, rootDevice: "/dev/xvda" },
      ],
    });
    account = new Account(emulator);
    s3 = new S3Client({
      endpoint: emulator.endpoint,
      region: REGION,
      forcePathStyle: true,
      credentials: { accessKeyId: "testing", secretAccessKey: "testing" },
    });
    await s3.send(
      new CreateBucketCommand({ Bucket: "states", CreateBucketConfiguration: { LocationConstraint: REGION } }),
    );
    project = new Project(emulator);
    tfvars = project.tfvars(TFVARS);
  });

  afterAll(async () => {
    s3.destroy();
    account.close();
    await emulator.stop();
    project.remove();
  });

  const keys = async () =>
    ((await s3.send(new ListObjectsV2Command({ Bucket: "states" }))).Contents ?? []).map(({ Key }) => Key);

  it("synthesizes and initializes a stack that keeps its state in the bucket", async () => {
    const synthesized = await synthesizeInto(project.folder, {
      ...project.environment,
      EKS_STATE_BUCKET: "states",
      EKS_STATE_KEY: "team-a/terraform.tfstate",
    });
    rmSync(join(project.stack, ".terraform", "terraform.tfstate"));
    // The emulator's bucket has no host name of its own.
    const initialized = await project.terraform(
      ...["init", "-input=false", "-no-color", "-backend-config=use_path_style=true"],
    );

    expect(synthesized).toMatchObject({ code: 0 });
    expect(initialized.output).toContain('Successfully configured the backend "s3"!');
  });

  it("applies, and keeps the state there and nowhere else", async () => {
    const applied = await project.apply(tfvars);

    expect(applied.output).toContain("Apply complete! Resources: 36 added, 0 changed, 0 destroyed.");
    expect(await keys()).toEqual(["team-a/terraform.tfstate"]);
    expect(() => readFileSync(join(project.folder, "terraform.eks.tfstate"))).toThrow("ENOENT");
  });

  it("boots nodes with the user's parts in their places", async () => {
    const [configuration] = await account.launchConfigurations();
    const cluster = await account.cluster("learning");
    const golden = readFileSync(join(CLONE, "__tests__/golden/user-data/everything-supplied.sh"), "utf8");

    expect(configuration).toMatchObject({
      ImageId: NODE_IMAGE,
      InstanceType: "m5.large",
      KeyName: "team key",
      IamInstanceProfile: "learning-nodes",
      AssociatePublicIpAddress: true,
      InstanceMonitoring: { Enabled: true },
    });
    expect(configuration?.BlockDeviceMappings?.[0]).toMatchObject({
      DeviceName: "/dev/xvda",
      Ebs: { VolumeSize: 40, Encrypted: true },
    });
    expect(Buffer.from(configuration?.UserData ?? "", "base64").toString()).toBe(
      golden
        .replace("Q0VSVElGSUNBVEU=", cluster?.certificateAuthority?.data ?? "")
        .replace("https://ABCDEF.gr7.us-west-2.eks.amazonaws.com", cluster?.endpoint ?? ""),
    );
  });

  it("names and places everything as told", async () => {
    const cluster = await account.cluster("learning");
    const [group] = await account.autoScalingGroups();
    const subnets = await account.subnets();
    const named = (name: string) => subnets.find(({ Tags }) => tagsOf(Tags)["Name"] === `실습 VPC-${name}`);
    const bastion = (await account.instances()).find(({ Tags }) => tagsOf(Tags)["Instance"] === "kubectl");
    const bastionGroup = (await account.securityGroups()).find(({ GroupName }) => GroupName === "team-a-kubectl-sg");

    expect(cluster).toMatchObject({ version: "1.30" });
    expect(group).toMatchObject({
      AutoScalingGroupName: "learning-worker",
      MinSize: 0,
      MaxSize: 5,
      DesiredCapacity: 3,
    });
    expect((group?.VPCZoneIdentifier ?? "").split(",").sort()).toEqual(
      [named("nodes-a")?.SubnetId, named("nodes-b")?.SubnetId].sort(),
    );
    expect(named("front d")).toMatchObject({ AvailabilityZone: `${REGION}d`, CidrBlock: "10.20.0.0/24" });
    // The first in the list, not the first in the alphabet.
    expect(bastion).toMatchObject({ SubnetId: named("front d")?.SubnetId, ImageId: BASTION_IMAGE });
    expect((await account.natGateways()).map(({ SubnetId }) => SubnetId)).toEqual([named("front d")?.SubnetId]);
    expect(bastionGroup?.IpPermissions?.map(permission)).toEqual([
      // Sorted: another order in the tfvars is the same rule.
      "tcp 22-22 from 0.0.0.0/0, 198.51.100.0/24, 2001:db8:1::/48",
    ]);
  });

  it("hands over the same fields with these values", async () => {
    const outputs = JSON.parse((await project.terraform("output", "-json")).stdout) as Record<
      string,
      { value: unknown }
    >;

    expect(outputs["region"]?.value).toBe(REGION);
    expect(outputs["cluster_name"]?.value).toBe("learning");
    expect(outputs["bastion_user"]?.value).toBe("ec2-user");
    expect(outputs["node_role_arn"]?.value).toBe("arn:aws:iam::123456789012:role/learning-nodes");
    expect(outputs["node_groups"]?.value).toEqual({ "learning-worker": { min: 0, max: 5, desired: 3 } });
    expect(outputs["aws_auth_roles"]?.value).toEqual([
      {
        rolearn: "arn:aws:iam::123456789012:role/team/admins",
        username: "admin:{{SessionName}}",
        groups: ["system:masters"],
      },
      { rolearn: "arn:aws:iam::210987654321:role/guests", username: "guest", groups: [] },
    ]);
    expect(outputs["aws_auth_users"]?.value).toEqual([
      { userarn: "arn:aws:iam::123456789012:user/kim", username: "kim", groups: ["view", "edit"] },
      { userarn: "arn:aws:iam::210987654321:root", username: "guests", groups: ["view"] },
    ]);
  });

  it("waits for whoever holds the state's lock in the bucket", async () => {
    const lock = { ID: "0b6e4e1c", Operation: "OperationTypeApply", Who: "somebody@elsewhere", Version: "1.11.4" };
    await s3.send(
      new PutObjectCommand({
        Bucket: "states",
        Key: "team-a/terraform.tfstate.tflock",
        Body: JSON.stringify({ ...lock, Info: "", Created: "2026-11-21T00:00:00Z", Path: "states" }),
      }),
    );

    const refused = await project.apply(tfvars);

    expect(refused.code).toBe(1);
    expect(refused.output).toContain("Error acquiring the state lock");
    expect(refused.output).toContain("somebody@elsewhere");
  });
});
