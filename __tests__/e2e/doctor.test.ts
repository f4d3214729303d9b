import { CreateAutoScalingGroupCommand, DeleteTagsCommand } from "@aws-sdk/client-auto-scaling";
import {
  CreateLaunchTemplateCommand,
  DeleteKeyPairCommand,
  DeleteNatGatewayCommand,
  DeleteTagsCommand as DeleteInstanceTagsCommand,
  RevokeSecurityGroupIngressCommand,
  StopInstancesCommand,
} from "@aws-sdk/client-ec2";
import { DetachRolePolicyCommand, RemoveRoleFromInstanceProfileCommand } from "@aws-sdk/client-iam";

import { readHandover } from "../../contract/outputs";
import { readAccountFacts, type AccountFacts } from "../../cli/doctor/account-facts";
import type { AwsSettings } from "../../aws/clients";
import { readClusterFacts, type ClusterFacts } from "../../cli/doctor/cluster-facts";
import { examineAccount, examineCluster, exitCode } from "../../cli/doctor/doctor";
import type { Finding } from "../../cli/doctor/finding";
import { notInside, type InsideFacts } from "../../cli/doctor/inside-facts";
import { stackInputs } from "../../cli/stack-inputs";
import { statusOf, statusLines } from "../../cli/status";
import type { Handover } from "../../contract/handover";
import { startEksFront } from "../../rehearsal/account/eks/front";
import type { Emulator } from "../../rehearsal/account/emulator";
import { Account } from "../support/account";
import { describeEndToEnd, emulate, Project } from "../support/end-to-end";
import { plantNetwork } from "../support/existing-network";
import { awsAuthOf, mapRoles } from "../support/facts";

const INPUTS = stackInputs({ aws_krug_admin_role: "aws-krug-admin", kubectl_ssh_cidrs: ["203.0.113.7/32"] });
const TFVARS = `
aws_krug_admin_role = "aws-krug-admin"
kubectl_ssh_cidrs   = ["203.0.113.7/32"]
`;

function errors(findings: readonly Finding[]) {
  return findings.filter(({ severity }) => severity === "error");
}

function unseen(findings: readonly Finding[]) {
  return findings.filter(({ code }) => code === "unseen").flatMap(({ subject }) => subject.split(", "));
}

/** Real AWS clients against an AWS emulator (moto server), and a stack that real Terraform applied to it. */
describeEndToEnd("the doctor in an account", () => {
  let emulator: Emulator;
  let account: Account;
  let aws: AwsSettings;
  let project: Project;
  let handover: Handover;
  let cluster: ClusterFacts;

  beforeAll(async () => {
    emulator = await emulate();
    account = new Account(emulator);
    aws = {
      region: INPUTS.region,
      endpoint: emulator.endpoint,
      credentials: { accessKeyId: "testing", secretAccessKey: "testing" },
    };
    project = new Project(emulator);
  });

  afterAll(async () => {
    account.close();
    await emulator.stop();
    project.remove();
  });

  describe("before anything exists", () => {
    let facts: AccountFacts;

    beforeAll(async () => {
      facts = await readAccountFacts(INPUTS, aws);
    });

    it("finds no error, and a note for what the emulator does not know", () => {
      const findings = examineAccount({ inputs: INPUTS, account: facts });

      expect(errors(findings)).toEqual([]);
      expect(unseen(findings)).toEqual(expect.arrayContaining(["versions", "quota of vcpus"]));
    });

    it("finds what the account lacks", async () => {
      const inputs = stackInputs({
        aws_krug_admin_role: "nobody",
        kubectl_ec2_keypair: "no-such-pair",
        eks_worker_node_ami_id: "ami-0aaaaaaaaaaaaaaaa",
        eks_worker_node_ec2_type: "t3.gigantic",
        vpc_private_subnets: [{ az: "ap-northeast-2z", cidr: "172.16.10.0/23", name: "private-subnet-z" }],
      });

      const findings = examineAccount({ inputs, account: await readAccountFacts(inputs, aws) });

      expect(errors(findings).map(({ code, subject }) => [code, subject])).toEqual([
        ["admin-role", "nobody"],
        ["key-pair", "no-such-pair"],
        ["image-missing", "ami-0aaaaaaaaaaaaaaaa"],
        ["zone", "ap-northeast-2z"],
        ["instance-type", "t3.gigantic"],
      ]);
    });

    it("finds that the private subnets of an existing network lead to a NAT gateway that is gone", async () => {
      const network = await plantNetwork(emulator.endpoint);
      const inputs = stackInputs({
        ...{ aws_krug_admin_role: "aws-krug-admin", kubectl_ssh_cidrs: ["203.0.113.7/32"] },
        ...{ vpc_id: network.vpcId, public_subnet_ids: network.publicIds, private_subnet_ids: network.privateIds },
      });
      const found = async () =>
        errors(examineAccount({ inputs, account: await readAccountFacts(inputs, aws) })).map(
          ({ code, subject, cause }) => `${code}: ${subject.split(", ").sort().join(", ")}: ${cause}`,
        );
      const nats = (await account.natGateways()).filter(({ VpcId }) => VpcId === network.vpcId);

      expect(await found()).toEqual([]);
      for (const { NatGatewayId } of nats) await account.ec2.send(new DeleteNatGatewayCommand({ NatGatewayId }));

      expect(nats).toHaveLength(1);
      expect(await found()).toEqual([
        expect.stringMatching(
          `^node-egress: ${[...network.privateIds].sort().join(", ")}: nodes here would have no way out \\(0\\.0\\.0\\.0/0 leads to ` +
            `${nats[0]?.NatGatewayId ?? ""}, which is deleted\\)`,
        ),
      ]);
    });

    it("finds what an existing network lacks", async () => {
      const { vpcId, publicIds, privateIds } = await plantNetwork(emulator.endpoint);
      const inputs = stackInputs({
        aws_krug_admin_role: "aws-krug-admin",
        vpc_id: vpcId,
        public_subnet_ids: publicIds,
        private_subnet_ids: [privateIds[0], "subnet-0aaaaaaaaaaaaaaaa"],
        node_groups: {
          web: { ami_id: "ami-0aaaaaaaaaaaaaaaa", instance_types: ["t3.medium", "t3.gigantic"] },
          batch: { ami_id: "ami-023bb403131889300", ami_family: "al2", subnet_ids: ["subnet-0bbbbbbbbbbbbbbbb"] },
        },
      });

      const findings = examineAccount({ inputs, account: await readAccountFacts(inputs, aws) });

      expect(errors(findings).map(({ code, subject, cause }) => [code, subject, cause.replace(/:.*/, "")])).toEqual([
        ["image-missing", "ami-0aaaaaaaaaaaaaaaa", "node_groups.web.ami_id"],
        ["network-missing", "subnet-0aaaaaaaaaaaaaaaa", "private_subnet_ids"],
        ["network-missing", "subnet-0bbbbbbbbbbbbbbbb", "node_groups.batch.subnet_ids"],
        ["instance-type", "t3.gigantic", "node_groups.web.instance_types"],
      ]);
    });

    it("finds an access entry for who asks, and an add-on that EKS does not have", async () => {
      const eks = await startEksFront(emulator.endpoint);
      const inputs = stackInputs({
        ...{ aws_krug_admin_role: "aws-krug-admin", authentication_mode: "API", eks_version: "1.35" },
        // Who one is in the emulated account.
        access_entries: { me: { principal_arn: "arn:aws:iam::123456789012:user/moto" } },
        add_ons: { coredns: { version: "v1.0.0-eksbuild.1" }, "kube-proxy": {}, "no-such-add-on": {} },
      });

      const facts = await readAccountFacts(inputs, { ...aws, endpoint: eks.endpoint });
      eks.stop();

      expect(
        errors(examineAccount({ inputs, account: facts }))
          .filter(({ code }) => ["access-entry-creator", "add-on"].includes(code))
          .map(({ code, subject }) => [code, subject]),
      ).toEqual([
        ["access-entry-creator", "arn:aws:iam::123456789012:user/moto"],
        ["add-on", "coredns"],
        ["add-on", "no-such-add-on"],
      ]);
    });

    it("says why when there is nobody to ask", async () => {
      const findings = examineAccount({
        inputs: INPUTS,
        account: await readAccountFacts(INPUTS, { ...aws, endpoint: "http://127.0.0.1:9" }),
      });

      expect(findings.map(({ code }) => code)).toEqual(["aws-unreachable"]);
      expect(exitCode(findings)).toBe(1);
    });
  });

  describe("once the stack is applied", () => {
    const inside = (mapped: string): InsideFacts => ({
      ...notInside("nobody looked"),
      cluster: { ok: { awsAuth: awsAuthOf(mapRoles(mapped)), nodes: [] } },
    });
    const examined = (from: InsideFacts) => errors(examineCluster({ handover, cluster, inside: from }));
    const nodes = (facts: ClusterFacts) => ("ok" in facts.instances ? facts.instances.ok : []);
    const nodeGroupId = () => nodes(cluster)[0]?.securityGroupIds[0] ?? "";

    beforeAll(async () => {
      const applied = await project.apply(project.tfvars(TFVARS));
      expect(applied.output).toContain("Apply complete!");
      handover = readHandover((await project.terraform("output", "-json")).stdout, "terraform output");
    });

    beforeEach(async () => {
      cluster = await readClusterFacts(handover, aws);
    });

    it("sees everything that AWS says, and finds no error in it", () => {
      const findings = examineCluster({ handover, cluster, inside: notInside("nobody looked") });

      expect(errors(findings)).toEqual([]);
      expect(unseen(findings).filter((what) => !what.endsWith("(from the bastion)"))).toEqual([]);
    });

    it("shows what there is, and what it costs", () => {
      const text = statusLines(statusOf(handover, cluster, notInside("nobody looked"))).join("\n");

      expect(text).toMatch(/^cluster +awskrug_gudi_eks in ap-northeast-2: ACTIVE$/m);
      expect(text).toMatch(/^awskrug_gudi_eks-worker +2 +2 +\? +\?$/m);
      expect(text).toMatch(/^NAT gateway +nat-\w+ +an hour/m);
    });

    it("finds that the instances have not joined yet, when nothing is wrong", () => {
      const findings = examineCluster({ handover, cluster, inside: inside(handover.node_role_arn) });

      expect(errors(findings)).toEqual([]);
      expect(findings.filter(({ code }) => code === "node-not-registered").map(({ subject }) => subject)).toEqual(
        nodes(cluster).map(({ id }) => id),
      );
    });

    it("finds the ARN of an instance profile in aws-auth", () => {
      const profile = handover.node_role_arn.replace(":role/", ":instance-profile/");

      expect(examined(inside(profile)).map(({ code }) => code)).toEqual(["aws-auth-instance-profile"]);
    });

    it("finds a key pair and names that are taken", async () => {
      await account.ec2.send(new DeleteKeyPairCommand({ KeyName: INPUTS.keyPair }));

      const findings = examineAccount({ inputs: INPUTS, account: await readAccountFacts(INPUTS, aws) });

      expect(errors(findings).map(({ code, subject }) => [code, subject])).toEqual([
        ["key-pair", "aws-krug-gudi"],
        ["name-taken", "awskrug_gudi_eks"],
        ["name-taken", "awskrug_gudi-eks-cluster"],
        ["name-taken", "awskrug_gudi_eks_worker_nodes_role"],
        ["name-taken", "awskrug_gudi_eks-worker"],
      ]);
    });

    it("finds the tag that an instance and its group lack", async () => {
      const [first] = nodes(cluster);
      const Key = "kubernetes.io/cluster/awskrug_gudi_eks";
      const group = { ResourceId: "awskrug_gudi_eks-worker", ResourceType: "auto-scaling-group" };
      await account.autoScaling.send(new DeleteTagsCommand({ Tags: [{ ...group, Key }] }));
      await account.ec2.send(new DeleteInstanceTagsCommand({ Resources: [first?.id ?? ""], Tags: [{ Key }] }));
      cluster = await readClusterFacts(handover, aws);

      expect(examined(inside(handover.node_role_arn)).map(({ code, subject }) => [code, subject])).toEqual([
        ["node-tag", "awskrug_gudi_eks-worker"],
        ["node-tag", first?.id],
      ]);
    });

    it("finds the rule that DNS between nodes lacks", async () => {
      const GroupId = nodeGroupId();
      const group = (await account.securityGroups()).find((it) => it.GroupId === GroupId);
      const IpPermissions = group?.IpPermissions?.filter(({ IpProtocol }) => IpProtocol === "-1");
      await account.ec2.send(new RevokeSecurityGroupIngressCommand({ GroupId, IpPermissions }));
      cluster = await readClusterFacts(handover, aws);

      const found = examined(inside(handover.node_role_arn)).filter(({ code }) => code.startsWith("sg-"));

      expect(found.map(({ code, subject }) => [code, subject])).toEqual([["sg-dns", GroupId]]);
    });

    it("reads a group that launches from a template", async () => {
      const [first] = nodes(cluster);
      const template = await account.ec2.send(
        new CreateLaunchTemplateCommand({
          LaunchTemplateName: "of-another-group",
          LaunchTemplateData: {
            ImageId: INPUTS.groups[0]?.image.id,
            InstanceType: "t3.micro",
            SecurityGroupIds: [nodeGroupId()],
            IamInstanceProfile: { Name: "awskrug_gudi_eks_worker_nodes_role" },
            UserData: Buffer.from("#!/bin/bash\n/etc/eks/bootstrap.sh another-cluster\n").toString("base64"),
          },
        }),
      );
      const id = template.LaunchTemplate?.LaunchTemplateId ?? "";
      await account.autoScaling.send(
        new CreateAutoScalingGroupCommand({
          AutoScalingGroupName: "another-group",
          MinSize: 0,
          MaxSize: 1,
          DesiredCapacity: 1,
          VPCZoneIdentifier: first?.subnetId ?? "",
          LaunchTemplate: { LaunchTemplateId: id, Version: "$Latest" },
        }),
      );
      const other = { ...handover, node_groups: { "another-group": { min: 0, max: 1, desired: 1 } } };

      const facts = await readClusterFacts(other, aws);
      const found = errors(examineCluster({ handover: other, cluster: facts, inside: notInside("nobody looked") }));

      expect(facts.launches).toMatchObject({
        ok: { [`${id}:$Latest`]: { kind: "launch template", instanceProfile: "awskrug_gudi_eks_worker_nodes_role" } },
      });
      expect(found.map(({ code }) => code)).toEqual(expect.arrayContaining(["node-tag", "user-data-cluster"]));
      expect(found.map(({ code }) => code)).not.toContain("launch-missing");
    });

    it("finds a policy, a role and a bastion that are missing", async () => {
      const name = "awskrug_gudi_eks_worker_nodes_role";
      const PolicyArn = "arn:aws:iam::aws:policy/AmazonEKSWorkerNodePolicy";
      await account.iam.send(new DetachRolePolicyCommand({ RoleName: name, PolicyArn }));
      const withoutPolicy = await readClusterFacts(handover, aws);
      await account.iam.send(new RemoveRoleFromInstanceProfileCommand({ RoleName: name, InstanceProfileName: name }));
      await account.ec2.send(new StopInstancesCommand({ InstanceIds: [handover.bastion_instance_id] }));
      cluster = await readClusterFacts(handover, aws);

      const warnings = examineCluster({ handover, cluster: withoutPolicy, inside: notInside("nobody looked") });
      const found = examined(notInside("nobody looked")).map(({ code }) => code);

      expect(warnings).toContainEqual(
        expect.objectContaining({ code: "node-policies", subject: handover.node_role_arn }),
      );
      expect(found).toEqual(expect.arrayContaining(["bastion", "instance-profile"]));
    });
  });
});
