import { IamInstanceProfile } from "@cdktf/provider-aws/lib/iam-instance-profile";
import { IamRole } from "@cdktf/provider-aws/lib/iam-role";
import { IamRolePolicy } from "@cdktf/provider-aws/lib/iam-role-policy";
import { Instance } from "@cdktf/provider-aws/lib/instance";
import { SecurityGroup } from "@cdktf/provider-aws/lib/security-group";
import { SecurityGroupRule } from "@cdktf/provider-aws/lib/security-group-rule";
import type { ITerraformDependable } from "cdktf";
import { Construct } from "constructs";

import { everywhereUnlessMinimal, type Egress } from "./egress";
import { hcl, type Expression } from "./hcl/expression";
import { local } from "./hcl/local";
import { countIf } from "./hcl/maybe";
import { describeClusterPolicy, machineTrustPolicy } from "./policies";
import type { Placed, Setting } from "./setting";

/** What a bastion is made of. */
export interface BastionProps extends Placed {
  /** A public subnet. */
  readonly subnetId: string;
  /** What has to exist before the bastion reaches the internet. */
  readonly egress: readonly ITerraformDependable[];
  readonly keyName: string;
  /** ARN of the KMS key of the root volume; null: AWS' own key. */
  readonly volumeKmsKeyArn: Expression;
  /** What cloud-init is told; nothing when left out. */
  readonly userData?: string | undefined;
}

/**
 * What the bootstrap needs of the world, and `kubectl` of the cluster. AWS' own resolver and clock inside the VPC need no
 * rule; a bastion that is told to use others does.
 *
 * @see https://docs.aws.amazon.com/vpc/latest/userguide/vpc-security-groups.html
 */
const OUTWARDS: readonly Egress[] = [
  { description: "HTTPS", protocol: "tcp", ports: [443, 443] },
  { description: "HTTP, for packages", protocol: "tcp", ports: [80, 80] },
  { description: "DNS", protocol: "udp", ports: [53, 53] },
  { description: "DNS by TCP", protocol: "tcp", ports: [53, 53] },
  { description: "The clock, which AWS compares", protocol: "udp", ports: [123, 123] },
];

/** The instance inside the VPC from which `kubectl` reaches the private endpoint. */
export class Bastion extends Construct {
  readonly instance: Instance;
  readonly securityGroupId: string;
  /** IPv4 networks that may reach the bastion by SSH, a list: it is reached at its IPv4 address. */
  readonly reachableFrom: Expression;
  /** ARN of the bastion's own role; null when it has none. */
  readonly ownRoleArn: Expression;
  private readonly securityGroup: SecurityGroup;

  constructor(scope: Construct, id: string, props: BastionProps) {
    super(scope, id);
    const { inputs, names, account, network, userData } = props;

    this.securityGroup = new SecurityGroup(this, "security-group", {
      name: names.bastionSecurityGroup,
      vpcId: network.vpcId,
      tags: { Name: names.bastionSecurityGroup },
    });
    // With no network there is no rule, and nobody reaches the bastion.
    // A set: another order, or a network that stands twice, is the same rule.
    const cidrs = hcl`toset(${inputs.kubectlSshCidrs})`;
    this.reachableFrom = local(this, "ssh-ipv4-cidrs", hcl`[for cidr in ${cidrs} : cidr if !strcontains(cidr, ":")]`);
    const ipv6 = local(this, "ssh-ipv6-cidrs", hcl`[for cidr in ${cidrs} : cidr if strcontains(cidr, ":")]`);
    new SecurityGroupRule(this, "ssh", {
      count: countIf(hcl`length(${cidrs}) > 0`),
      securityGroupId: this.securityGroup.id,
      description: "Allow SSH from MyIP",
      type: "ingress",
      protocol: "tcp",
      fromPort: 22,
      toPort: 22,
      cidrBlocks: this.reachableFrom.asList,
      ipv6CidrBlocks: ipv6.asList,
    });

    // Whether `aws eks` and `kubectl` work here with a role that may do nothing else.
    const hasOwnRole = inputs.kubectlOwnRole;
    const count = countIf(hasOwnRole);
    const name = names.bastion;
    const role = new IamRole(this, "role", { count, name, assumeRolePolicy: machineTrustPolicy(account) });
    const roleName = hcl`one(${role}[*].name)`.asString;
    // From its name, because the bastion does not have to wait for the cluster.
    const cluster = `${inputs.awsRegion.asString}:${account.accountId}:cluster/${names.cluster}`;
    new IamRolePolicy(this, "describe-cluster", {
      count,
      name: "describe-cluster",
      role: roleName,
      policy: describeClusterPolicy(`arn:${account.partition}:eks:${cluster}`),
    });
    const profile = new IamInstanceProfile(this, "instance-profile", { count, name, role: roleName });

    this.instance = new Instance(this, "instance", {
      ami: inputs.kubectlImageId.asString,
      instanceType: "t3.micro",
      ebsOptimized: true,
      subnetId: props.subnetId,
      associatePublicIpAddress: true,
      vpcSecurityGroupIds: [this.securityGroup.id],
      keyName: props.keyName,
      iamInstanceProfile: hcl`${hasOwnRole} ? one(${profile}[*].name) : ${inputs.awsKrugAdminRole}`.asString,
      // One hop: nothing but the instance itself needs its role.
      metadataOptions: { httpEndpoint: "enabled", httpTokens: "required", httpPutResponseHopLimit: 1 },
      rootBlockDevice: {
        volumeSize: inputs.kubectlEc2VolumeSize.asNumber,
        encrypted: true,
        kmsKeyId: props.volumeKmsKeyArn.asString,
      },
      // cloud-init reads it at the first boot alone: a bastion with other user data has to be another one.
      ...(userData !== undefined && { userData, userDataReplaceOnChange: true }),
      tags: { Name: name, Instance: "kubectl" },
      // A volume is encrypted when it is made or never, and tools from before IMDSv2 lose their role when sessions are
      // required of them: a bastion that was taken over from the workshop is left as it is, and warned about (see the
      // stack's check "hardened_bastion").
      lifecycle: { ignoreChanges: ["metadata_options", "root_block_device[0].encrypted"] },
      dependsOn: [...props.egress],
    });

    this.securityGroupId = this.securityGroup.id;
    this.ownRoleArn = hcl`one(${role}[*].arn)`;
  }

  /** Lets the bastion out: to the world, and by SSH to the nodes. */
  letOut(setting: Setting, nodeSecurityGroupId: string): void {
    const toNodes = { description: "SSH to worker nodes", protocol: "tcp", ports: [22, 22] } as const;
    this.securityGroup.putEgress(
      everywhereUnlessMinimal(setting, [...OUTWARDS, { ...toNodes, toSecurityGroupId: nodeSecurityGroupId }]),
    );
  }
}
