import { AutoscalingGroup } from "@cdktf/provider-aws/lib/autoscaling-group";
import { IamInstanceProfile } from "@cdktf/provider-aws/lib/iam-instance-profile";
import { IamRole } from "@cdktf/provider-aws/lib/iam-role";
import { IamRolePolicyAttachment } from "@cdktf/provider-aws/lib/iam-role-policy-attachment";
import { LaunchConfiguration } from "@cdktf/provider-aws/lib/launch-configuration";
import { SecurityGroup } from "@cdktf/provider-aws/lib/security-group";
import { SecurityGroupRule, type SecurityGroupRuleConfig } from "@cdktf/provider-aws/lib/security-group-rule";
import { Fn, type IResolvable, type ITerraformDependable } from "cdktf";
import { Construct } from "constructs";

import { managedPolicyArn, trustPolicy } from "./policies";
import { bootstrapScript } from "./user-data";

/** What a node group needs to know of the cluster it joins. */
export interface ClusterRef {
  readonly name: string;
  readonly endpoint: string;
  /** PEM in base64. */
  readonly certificateAuthorityData: string;
  /** The security group of the control plane's network interfaces. */
  readonly securityGroupId: string;
}

/** What a node group is made of. */
export interface NodeGroupProps {
  readonly cluster: ClusterRef;
  /** First part of the name of the security group, and the tag `Project` of every node. */
  readonly projectName: string;
  /** Name of the nodes' IAM role and of its instance profile. */
  readonly roleName: string;
  /** `aws`, `aws-cn` or `aws-us-gov`. */
  readonly partition: string;
  readonly vpcId: string;
  readonly subnetIds: string[];
  /** What has to exist before a node reaches the internet, where it fetches its images from. */
  readonly egress: readonly ITerraformDependable[];
  /** Security group that may reach the nodes by SSH. */
  readonly sshFromSecurityGroupId: string;
  readonly keyName: string;
  readonly imageId: string;
  readonly instanceType: string;
  readonly rootVolumeGiB: number;
  readonly associatePublicIpAddress: boolean | IResolvable;
  /** Metrics every minute instead of every five. */
  readonly detailedMonitoring: boolean | IResolvable;
  readonly minSize: number;
  readonly maxSize: number;
  readonly desiredCapacity: number;
  /** Shell text to run before the node joins. */
  readonly preUserData: string;
  /** Shell text to run after the node joined. */
  readonly additionalUserData: string;
  /** Arguments of the kubelet, on one line. */
  readonly kubeletExtraArgs: string;
  /** `true` or `false`, as text. */
  readonly enableDockerBridge: string;
}

/** A self-managed node group: a launch configuration with a pinned AMI, and its Auto Scaling group. */
export class NodeGroup extends Construct {
  /** Name of the Auto Scaling group. */
  readonly name: string;
  readonly roleArn: string;
  readonly launchConfiguration: LaunchConfiguration;
  /** What nodes may say to each other. */
  readonly betweenNodes: SecurityGroupRule;

  constructor(scope: Construct, id: string, props: NodeGroupProps) {
    super(scope, id);
    const { cluster, projectName, roleName, partition, vpcId, subnetIds, egress } = props;

    const securityGroupName = `${projectName}-eks-worker-nodes-sg`;
    const securityGroup = new SecurityGroup(this, "security-group", {
      name: securityGroupName,
      vpcId,
      egress: [{ fromPort: 0, toPort: 0, protocol: "-1", cidrBlocks: ["0.0.0.0/0"] }],
      tags: { Name: securityGroupName },
    });
    const allow = (
      ruleId: string,
      rule: Pick<
        SecurityGroupRuleConfig,
        "description" | "sourceSecurityGroupId" | "protocol" | "fromPort" | "toPort" | "lifecycle"
      >,
    ) => new SecurityGroupRule(this, ruleId, { ...rule, type: "ingress", securityGroupId: securityGroup.id });
    // Every protocol, not TCP alone: a pod asks CoreDNS on another node over UDP.
    this.betweenNodes = allow("between-nodes", {
      description: "Allow all traffic from worker nodes each other",
      sourceSecurityGroupId: securityGroup.id,
      protocol: "-1",
      fromPort: 0,
      toPort: 0,
      // The workshop's own rule is TCP only, and changing it would replace it under running nodes: a stack that was
      // taken over keeps it and is warned (see the stack's check "dns_between_nodes").
      lifecycle: { ignoreChanges: ["protocol", "from_port", "to_port"] },
    });
    const rules = [
      allow("ports-from-control-plane", {
        description: "Allow 1025 to 65535 from EKS Control Plane",
        sourceSecurityGroupId: cluster.securityGroupId,
        protocol: "tcp",
        fromPort: 1025,
        toPort: 65535,
      }),
      allow("https-from-control-plane", {
        description: "Allow 443 from EKS Control Plane",
        sourceSecurityGroupId: cluster.securityGroupId,
        protocol: "tcp",
        fromPort: 443,
        toPort: 443,
      }),
      allow("ssh-from-bastion", {
        description: "Allow SSH traffic from kubectl",
        sourceSecurityGroupId: props.sshFromSecurityGroupId,
        protocol: "tcp",
        fromPort: 22,
        toPort: 22,
      }),
      this.betweenNodes,
    ];

    const role = new IamRole(this, "role", { name: roleName, assumeRolePolicy: trustPolicy("ec2.amazonaws.com") });
    const policies = (
      ["AmazonEKSWorkerNodePolicy", "AmazonEKS_CNI_Policy", "AmazonEC2ContainerRegistryReadOnly"] as const
    ).map(
      (policy) =>
        new IamRolePolicyAttachment(this, policy, { role: role.name, policyArn: managedPolicyArn(partition, policy) }),
    );
    const instanceProfile = new IamInstanceProfile(this, "instance-profile", { name: roleName, role: role.name });

    this.launchConfiguration = new LaunchConfiguration(this, "launch-configuration", {
      namePrefix: `${cluster.name}_worker_node`,
      imageId: props.imageId,
      instanceType: props.instanceType,
      keyName: props.keyName,
      iamInstanceProfile: instanceProfile.name,
      securityGroups: [securityGroup.id],
      associatePublicIpAddress: props.associatePublicIpAddress,
      enableMonitoring: props.detailedMonitoring,
      // Two hops, so that a pod's request to the metadata service survives the node's bridge.
      // https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/configuring-instance-metadata-options.html
      metadataOptions: { httpEndpoint: "enabled", httpTokens: "required", httpPutResponseHopLimit: 2 },
      rootBlockDevice: {
        volumeSize: props.rootVolumeGiB,
        volumeType: "gp2",
        encrypted: true,
        deleteOnTermination: true,
      },
      userData: bootstrapScript({
        clusterName: cluster.name,
        endpoint: cluster.endpoint,
        certificateAuthorityData: cluster.certificateAuthorityData,
        preUserData: props.preUserData,
        additionalUserData: props.additionalUserData,
        kubeletExtraArgs: Fn.replace(props.kubeletExtraArgs, "'", String.raw`'\\''`),
        enableDockerBridge: props.enableDockerBridge,
      }),
      lifecycle: {
        // A launch configuration cannot be changed, and not be deleted while the Auto Scaling group uses it.
        createBeforeDestroy: true,
        // Neither is ever changed here: a configuration that was taken over from the workshop is not replaced for
        // them, but warned about (see the stack's check "hardened_nodes").
        ignoreChanges: ["metadata_options", "root_block_device[0].encrypted"],
      },
    });

    this.name = `${cluster.name}-worker`;
    new AutoscalingGroup(this, "autoscaling-group", {
      name: this.name,
      launchConfiguration: this.launchConfiguration.name,
      minSize: props.minSize,
      maxSize: props.maxSize,
      desiredCapacity: props.desiredCapacity,
      vpcZoneIdentifier: subnetIds,
      // The provider's default tags do not reach Auto Scaling groups. A node without the cluster's tag does not join.
      // https://docs.aws.amazon.com/eks/latest/userguide/worker.html
      tag: Object.entries({
        Name: this.name,
        Managed_by: "terraform",
        Project: projectName,
        [`kubernetes.io/cluster/${cluster.name}`]: "owned",
      }).map(([key, value]) => ({ key, value, propagateAtLaunch: true })),
      // A node that boots before it may call AWS, talk to the control plane or fetch an image does not join; and at
      // the end the nodes have to go before what they work with.
      dependsOn: [...policies, ...rules, ...egress],
    });

    this.roleArn = role.arn;
  }
}
