import { Instance } from "@cdktf/provider-aws/lib/instance";
import { SecurityGroup } from "@cdktf/provider-aws/lib/security-group";
import { SecurityGroupRule } from "@cdktf/provider-aws/lib/security-group-rule";
import { Fn, TerraformIterator, Token, type ITerraformDependable } from "cdktf";
import { Construct } from "constructs";

/** What a bastion is made of. */
export interface BastionProps {
  /** First part of the names. */
  readonly projectName: string;
  readonly vpcId: string;
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
  /** Instance profile with which `aws eks` and `kubectl` work on the bastion. */
  readonly instanceProfileName: string;
}

/** The instance inside the VPC from which `kubectl` reaches the private endpoint. */
export class Bastion extends Construct {
  readonly instance: Instance;
  readonly securityGroupId: string;

  constructor(scope: Construct, id: string, props: BastionProps) {
    super(scope, id);
    const { projectName, vpcId, subnetId, egress, sshCidrs } = props;

    const securityGroupName = `${projectName}-kubectl-sg`;
    const securityGroup = new SecurityGroup(this, "security-group", {
      name: securityGroupName,
      vpcId,
      egress: [{ fromPort: 0, toPort: 0, protocol: "-1", cidrBlocks: ["0.0.0.0/0"] }],
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

    const name = `${projectName}-kubectl`;
    this.instance = new Instance(this, "instance", {
      ami: props.imageId,
      instanceType: "t3.micro",
      ebsOptimized: true,
      subnetId,
      associatePublicIpAddress: true,
      vpcSecurityGroupIds: [securityGroup.id],
      keyName: props.keyName,
      iamInstanceProfile: props.instanceProfileName,
      // One hop: nothing but the instance itself needs its role.
      metadataOptions: { httpEndpoint: "enabled", httpTokens: "required", httpPutResponseHopLimit: 1 },
      rootBlockDevice: { volumeSize: props.rootVolumeGiB, encrypted: true },
      tags: { Name: name, Instance: "kubectl" },
      // A volume is encrypted when it is made or never, and tools from before IMDSv2 lose their role when sessions are
      // required of them: a bastion that was taken over from the workshop is left as it is, and warned about (see the
      // stack's check "hardened_bastion").
      lifecycle: { ignoreChanges: ["metadata_options", "root_block_device[0].encrypted"] },
      dependsOn: [...egress],
    });

    this.securityGroupId = securityGroup.id;
  }
}
