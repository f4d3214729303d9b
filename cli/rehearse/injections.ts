import { writeFileSync } from "node:fs";

import {
  DeleteTagsCommand as DeleteGroupTagsCommand,
  TerminateInstanceInAutoScalingGroupCommand,
} from "@aws-sdk/client-auto-scaling";
import { CreateSecurityGroupCommand, DescribeSubnetsCommand } from "@aws-sdk/client-ec2";
import { CreateLoadBalancerCommand } from "@aws-sdk/client-elastic-load-balancing";

import { withAws, type AwsClients } from "../../aws/clients";
import { EVERYTHING } from "../../aws/finders/finder";
import { FINDERS } from "../../aws/finders/table";
import type { Handover } from "../../contract/handover";
import { clusterTag } from "../../facts/cluster-tags";
import { settingsOf } from "../../rehearsal/account/emulator";
import { OTHER_FAMILY } from "./account";
import type { InjectionName } from "./injection-names";
import type { Stage } from "./stage";

/** Something that goes wrong in a rehearsal because somebody wants to see what that looks like. */
export type Injection = {
  /** One line, for people. */
  readonly about: string;
  /** What `eks doctor` says then; for a leftover it is `eks destroy` that tells. */
  readonly code: string | undefined;
} & (
  | { readonly when: "before"; readonly tfvars: string }
  /**
   * Terraform is killed while the call with these parameters is on its way, and everything else that it began is done.
   */
  | { readonly when: "during"; readonly call: Readonly<Record<string, string>> }
  | { readonly when: "after"; readonly break: (stage: Stage, handover: Handover) => Promise<void> | void }
);

/** What `eks rehearse --inject` knows. */
export const INJECTIONS: Readonly<Record<InjectionName, Injection>> = {
  "wrong-ami-family": {
    about: "the nodes' AMI is of Amazon Linux 2023, and their user data of Amazon Linux 2",
    code: "image-family",
    when: "before",
    tfvars: `eks_worker_node_ami_id = "${OTHER_FAMILY.id}"\n`,
  },
  "small-subnet": {
    about: "the private subnets have too few addresses for the pods of such nodes",
    code: "subnet-small",
    when: "before",
    tfvars: `eks_worker_node_ec2_type = "t3.medium"
vpc_private_subnets = [
  { az = "ap-northeast-2a", cidr = "172.16.10.0/28", name = "private-subnet-a" },
  { az = "ap-northeast-2b", cidr = "172.16.12.0/28", name = "private-subnet-b" },
]
`,
  },
  "apply-killed": {
    about: "Terraform is killed in the midst of the apply, as it asks for the NAT gateway",
    code: "apply-incomplete",
    when: "during",
    call: { Action: "CreateNatGateway" },
  },
  "missing-tag": {
    about: "new nodes lack the tag kubernetes.io/cluster/NAME",
    code: "node-tag",
    when: "after",
    break: ({ emulator }, handover) =>
      withAws(settingsOf(emulator), async (clients) => {
        for (const group of Object.keys(handover.node_groups)) {
          const Key = clusterTag(handover.cluster_name);
          const tag = { ResourceType: "auto-scaling-group", ResourceId: group, Key };
          await clients.autoScaling.send(new DeleteGroupTagsCommand({ Tags: [tag] }));
        }
        await replaceNodes(clients, handover);
      }),
  },
  "instance-profile-arn": {
    about: "aws-auth maps the ARN of the nodes' instance profile instead of their role's",
    code: "aws-auth-instance-profile",
    when: "after",
    break: async ({ emulator, clusters }, handover) => {
      const arn = handover.node_role_arn.replace(":role/", ":instance-profile/");
      const mapRoles = `- rolearn: ${arn}
  username: system:node:{{EC2PrivateDNSName}}
  groups:
    - system:bootstrappers
    - system:nodes
`;
      clusters.get(handover.cluster_name)?.kubernetes.state.setConfigMap("kube-system", "aws-auth", { mapRoles });
      await withAws(settingsOf(emulator), (clients) => replaceNodes(clients, handover));
    },
  },
  "host-key-changed": {
    about: "the bastion has another host key than known_hosts says",
    code: "host-key",
    when: "after",
    break: ({ knownHosts, bastion }) => {
      // As known_hosts is after the bastion was made anew: it has the key of the one before.
      const key = `AAAAC3NzaC1lZDI1NTE5AAAAI${Buffer.alloc(32, 7).toString("base64").slice(0, 43)}`;
      writeFileSync(knownHosts, `[127.0.0.1]:${String(bastion.port)} ssh-ed25519 ${key}\n`);
    },
  },
  "mirror-down": {
    about: "what the bastion downloads cannot be downloaded",
    code: "downloads",
    when: "after",
    break: ({ mirror }) => mirror.stop(),
  },
  "leftover-load-balancer": {
    about: "a Service of type LoadBalancer has left its load balancer in the VPC",
    code: undefined,
    when: "after",
    break: ({ emulator }, handover) =>
      withAws(settingsOf(emulator), (clients) => leaveLoadBalancer(clients, handover.cluster_name)),
  },
};

/** What the cloud controller makes for a Service of type LoadBalancer, without the Service. */
async function leaveLoadBalancer({ ec2, classic }: AwsClients, clusterName: string): Promise<void> {
  const name = "a0123456789abcdef0123456789abcde";
  const owned = { Key: clusterTag(clusterName), Value: "owned" };
  const Filters = [{ Name: "tag:Name", Values: ["*public*"] }];
  const { Subnets: [subnet] = [] } = await ec2.send(new DescribeSubnetsCommand({ Filters }));
  const { GroupId = "" } = await ec2.send(
    new CreateSecurityGroupCommand({
      GroupName: `k8s-elb-${name}`,
      Description: `Security group for Kubernetes ELB ${name} (default/web)`,
      VpcId: subnet?.VpcId,
      TagSpecifications: [{ ResourceType: "security-group", Tags: [owned] }],
    }),
  );
  await classic.send(
    new CreateLoadBalancerCommand({
      LoadBalancerName: name,
      Listeners: [{ Protocol: "TCP", LoadBalancerPort: 80, InstanceProtocol: "TCP", InstancePort: 30080 }],
      Subnets: [subnet?.SubnetId ?? ""],
      SecurityGroups: [GroupId],
      Tags: [owned, { Key: "kubernetes.io/service-name", Value: "default/web" }],
    }),
  );
}

/** A kubelet that has registered stays; only a new instance meets what has changed. */
async function replaceNodes(clients: AwsClients, handover: Handover): Promise<void> {
  const groups = await FINDERS.aws_autoscaling_group.find(clients, EVERYTHING);
  const ours = groups.filter(({ id }) => id in handover.node_groups);
  for (const { InstanceId } of ours.flatMap(({ details }) => details.Instances ?? [])) {
    const replaced = { InstanceId, ShouldDecrementDesiredCapacity: false };
    await clients.autoScaling.send(new TerminateInstanceInAutoScalingGroupCommand(replaced));
  }
}
