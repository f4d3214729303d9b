import { EksCluster } from "@cdktf/provider-aws/lib/eks-cluster";
import { IamRole } from "@cdktf/provider-aws/lib/iam-role";
import { IamRolePolicyAttachment } from "@cdktf/provider-aws/lib/iam-role-policy-attachment";
import { SecurityGroup } from "@cdktf/provider-aws/lib/security-group";
import { SecurityGroupRule } from "@cdktf/provider-aws/lib/security-group-rule";
import { Fn, Token } from "cdktf";
import { Construct } from "constructs";

import { managedPolicyArn, trustPolicy } from "./policies";

/** What a control plane is made of. */
export interface ClusterProps {
  readonly name: string;
  /** Kubernetes version, `MAJOR.MINOR`. */
  readonly version: string;
  /** First part of the names of the role and the security group. */
  readonly projectName: string;
  /** `aws`, `aws-cn` or `aws-us-gov`. */
  readonly partition: string;
  readonly vpcId: string;
  /** Who may talk to the private endpoint: everybody in the VPC. */
  readonly vpcCidr: string;
  /** Subnets in at least two zones, for the control plane's network interfaces. */
  readonly subnetIds: string[];
}

/** The EKS control plane: private endpoint only, from its first moment. */
export class Cluster extends Construct {
  readonly name: string;
  readonly endpoint: string;
  /** PEM in base64. */
  readonly certificateAuthorityData: string;
  readonly version: string;
  /** `CONFIG_MAP`, `API_AND_CONFIG_MAP` or `API`. */
  readonly authenticationMode: string;
  readonly securityGroupId: string;

  constructor(scope: Construct, id: string, props: ClusterProps) {
    super(scope, id);
    const { name, version, projectName, partition, vpcId, vpcCidr, subnetIds } = props;

    const role = new IamRole(this, "role", {
      name: `${projectName}-eks-cluster`,
      assumeRolePolicy: trustPolicy("eks.amazonaws.com"),
    });
    const policies = (["AmazonEKSClusterPolicy", "AmazonEKSServicePolicy"] as const).map(
      (policy) =>
        new IamRolePolicyAttachment(this, policy, { role: role.name, policyArn: managedPolicyArn(partition, policy) }),
    );

    const securityGroupName = `${projectName}-eks-control-plane-sg`;
    const securityGroup = new SecurityGroup(this, "security-group", {
      name: securityGroupName,
      vpcId,
      egress: [{ fromPort: 0, toPort: 0, protocol: "-1", cidrBlocks: ["0.0.0.0/0"] }],
      tags: { Name: securityGroupName },
    });
    new SecurityGroupRule(this, "https-from-vpc", {
      securityGroupId: securityGroup.id,
      description: "Allow HTTPS traffic from VPC networks",
      type: "ingress",
      protocol: "tcp",
      fromPort: 443,
      toPort: 443,
      cidrBlocks: [vpcCidr],
    });

    const cluster = new EksCluster(this, "control-plane", {
      name,
      version,
      roleArn: role.arn,
      vpcConfig: {
        endpointPrivateAccess: true,
        endpointPublicAccess: false,
        subnetIds,
        securityGroupIds: [securityGroup.id],
      },
      // Without them EKS cannot make its network interfaces, nor delete them when the cluster goes.
      dependsOn: policies,
    });

    this.name = cluster.name;
    this.endpoint = cluster.endpoint;
    this.certificateAuthorityData = cluster.certificateAuthority.get(0).data;
    this.version = cluster.version;
    // A cluster created without an access configuration gets CONFIG_MAP; older ones do not report any.
    // https://docs.aws.amazon.com/eks/latest/APIReference/API_CreateAccessConfigRequest.html
    this.authenticationMode = Token.asString(Fn.try([cluster.accessConfig.authenticationMode, "CONFIG_MAP"]));
    this.securityGroupId = securityGroup.id;
  }
}
