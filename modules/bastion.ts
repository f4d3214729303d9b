import { IamInstanceProfile } from "@cdktf/provider-aws/lib/iam-instance-profile";
import { IamRole } from "@cdktf/provider-aws/lib/iam-role";
import { IamRolePolicy } from "@cdktf/provider-aws/lib/iam-role-policy";
import { Instance } from "@cdktf/provider-aws/lib/instance";
import { SecurityGroup } from "@cdktf/provider-aws/lib/security-group";
import { SecurityGroupRule } from "@cdktf/provider-aws/lib/security-group-rule";
import { Fn, TerraformIterator, Token, type ITerraformDependable } from "cdktf";
import { Construct } from "constructs";

import { everywhere } from "./egress";
import { describeClusterPolicy, machineTrustPolicy } from "./policies";
import { hcl, type Expression } from "./hcl/expression";
import { countIf, ofMaybe } from "./hcl/maybe";

/** What a bastion is made of. */
export interface BastionProps {
  /** First part of the names. */
  readonly projectName: string;
  readonly vpcId: string;
  /** Where the bastion may go by IPv6. */
  readonly egressIpv6Cidrs: string[];
  /** A public subnet. */
  readonly subnetId: string;
  /** What has to exist before the bastion reaches the internet. */
  readonly egress: readonly ITerraformDependable[];
  /** Networks, IPv4 or IPv6, that may reach the bastion by SSH. With none there is no rule, and nobody can. */
  readonly sshCidrs: string[];
  readonly imageId: string;
  readonly keyName: string;
  /** Not less than the AMI's snapshot. */
  readonly rootVolumeGiB: number;
  /** ARN of the KMS key of the root volume; null: AWS' own key. */
  readonly volumeKmsKeyArn: Expression;
  /** Whether `aws eks` and `kubectl` work on the bastion with a role that may do nothing else: a boolean. */
  readonly hasOwnRole: Expression;
  /** Of the partition, such as `amazonaws.com`. */
  readonly dnsSuffix: string;
  /** Instance profile with which they work otherwise. */
  readonly instanceProfileName: Expression;
  /** ARN of the cluster that is used from here. */
  readonly clusterArn: string;
  /** What cloud-init is told; nothing when left out. */
  readonly userData?: string;
}

/** The instance inside the VPC from which `kubectl` reaches the private endpoint. */
export class Bastion extends Construct {
  readonly instance: Instance;
  readonly securityGroupId: string;
  /** ARN of the bastion's own role; null when it has none. */
  readonly ownRoleArn: Expression;

  constructor(scope: Construct, id: string, props: BastionProps) {
    super(scope, id);
    const { projectName, vpcId, subnetId, egress, sshCidrs, hasOwnRole } = props;
    const name = `${projectName}-kubectl`;

    const securityGroupName = `${projectName}-kubectl-sg`;
    const securityGroup = new SecurityGroup(this, "security-group", {
      name: securityGroupName,
      vpcId,
      egress: everywhere(props.egressIpv6Cidrs),
      tags: { Name: securityGroupName },
    });
    const cidrs = (condition: string) =>
      Token.asList(TerraformIterator.fromList(sshCidrs).forExpressionForList(`val if ${condition}`));
    new SecurityGroupRule(this, "ssh", {
      count: Token.asNumber(Fn.min([Fn.lengthOf(sshCidrs), 1])),
      securityGroupId: securityGroup.id,
      description: "Allow SSH from MyIP",
      type: "ingress",
      protocol: "tcp",
      fromPort: 22,
      toPort: 22,
      cidrBlocks: cidrs(`!strcontains(val, ":")`),
      ipv6CidrBlocks: cidrs(`strcontains(val, ":")`),
    });

    const count = countIf(hasOwnRole);
    const role = new IamRole(this, "role", { count, name, assumeRolePolicy: machineTrustPolicy(props.dnsSuffix) });
    const roleName = ofMaybe(role, "name").asString;
    new IamRolePolicy(this, "describe-cluster", {
      count,
      name: "describe-cluster",
      role: roleName,
      policy: describeClusterPolicy(props.clusterArn),
    });
    const instanceProfile = new IamInstanceProfile(this, "instance-profile", { count, name, role: roleName });
    const instanceProfileName = hcl`${hasOwnRole} ? ${ofMaybe(instanceProfile, "name")} : ${props.instanceProfileName}`;

    this.instance = new Instance(this, "instance", {
      ami: props.imageId,
      instanceType: "t3.micro",
      ebsOptimized: true,
      subnetId,
      associatePublicIpAddress: true,
      vpcSecurityGroupIds: [securityGroup.id],
      keyName: props.keyName,
      iamInstanceProfile: instanceProfileName.asString,
      // One hop: nothing but the instance itself needs its role.
      metadataOptions: { httpEndpoint: "enabled", httpTokens: "required", httpPutResponseHopLimit: 1 },
      rootBlockDevice: {
        volumeSize: props.rootVolumeGiB,
        encrypted: true,
        kmsKeyId: props.volumeKmsKeyArn.asString,
      },
      // cloud-init reads it at the first boot alone: a bastion with other user data has to be another one.
      ...(props.userData !== undefined && { userData: props.userData, userDataReplaceOnChange: true }),
      tags: { Name: name, Instance: "kubectl" },
      // A volume is encrypted when it is made or never, and tools from before IMDSv2 lose their role when sessions are
      // required of them: a bastion that was taken over from the workshop is left as it is, and warned about (see the
      // stack's check "hardened_bastion").
      lifecycle: { ignoreChanges: ["metadata_options", "root_block_device[0].encrypted"] },
      dependsOn: [...egress],
    });

    this.securityGroupId = securityGroup.id;
    this.ownRoleArn = ofMaybe(role, "arn");
  }
}
