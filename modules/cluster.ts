import { CloudwatchLogGroup } from "@cdktf/provider-aws/lib/cloudwatch-log-group";
import { EksCluster } from "@cdktf/provider-aws/lib/eks-cluster";
import { IamRole } from "@cdktf/provider-aws/lib/iam-role";
import { IamRolePolicyAttachment } from "@cdktf/provider-aws/lib/iam-role-policy-attachment";
import { SecurityGroup } from "@cdktf/provider-aws/lib/security-group";
import { SecurityGroupRule, type SecurityGroupRuleConfig } from "@cdktf/provider-aws/lib/security-group-rule";
import { Fn, Token, type ITerraformDependable } from "cdktf";
import { Construct } from "constructs";

import { controlPlaneLogGroup } from "../facts/cluster-tags";
import { trustPolicy } from "../facts/policy";
import { everywhereUnlessMinimal } from "./egress";
import { EncryptionKey } from "./encryption";
import { each } from "./hcl/each";
import { hcl, type Expression } from "./hcl/expression";
import { local } from "./hcl/local";
import { addBlocks, countIf } from "./hcl/maybe";
import { managedPolicyArn, secretsKeyPolicy } from "./policies";
import type { ClusterRef, Placed } from "./setting";

/** What a cluster is made of. */
export interface ClusterProps extends Placed {
  /** ARN of the KMS key of the log group; null: CloudWatch's own encryption. */
  readonly logKmsKeyArn: Expression;
}

/** Who may talk to the control plane, by their security groups. */
export interface ClusterClients {
  readonly nodeSecurityGroupId: string;
  readonly bastionSecurityGroupId: string;
}

/**
 * The EKS control plane: with a private endpoint from its first moment, and a public one only where it is asked for.
 */
export class Cluster extends Construct implements ClusterRef {
  readonly name: string;
  readonly arn: string;
  readonly oidcIssuer: string;
  readonly endpoint: string;
  readonly certificateAuthorityData: string;
  readonly version: string;
  /** `CONFIG_MAP`, `API_AND_CONFIG_MAP` or `API`. */
  readonly authenticationMode: string;
  readonly securityGroupId: string;
  readonly serviceCidr: string;
  private readonly securityGroup: SecurityGroup;

  constructor(scope: Construct, id: string, { inputs, names, account, network, logKmsKeyArn }: ClusterProps) {
    super(scope, id);
    const name = names.cluster;
    const { secretsEncryption, serviceCidr, ipFamily } = inputs;

    const role = new IamRole(this, "role", {
      name: names.clusterRole,
      assumeRolePolicy: trustPolicy("eks.amazonaws.com"),
    });
    const policies = ["AmazonEKSClusterPolicy", "AmazonEKSServicePolicy"].map(
      (policy) =>
        new IamRolePolicyAttachment(this, policy, { role: role.name, policyArn: managedPolicyArn(account, policy) }),
    );

    this.securityGroup = new SecurityGroup(this, "security-group", {
      name: names.clusterSecurityGroup,
      vpcId: network.vpcId,
      tags: { Name: names.clusterSecurityGroup },
    });

    const secretsKey = new EncryptionKey(this, "secrets", {
      settings: secretsEncryption,
      description: `Secrets of the EKS cluster ${name}`,
      alias: names.secretsKey(name),
      policy: secretsKeyPolicy(account, role.arn),
    });
    const hasLogs = hcl`length(${inputs.clusterLogTypes}) > 0`;
    const logGroup = new CloudwatchLogGroup(this, "log-group", {
      count: countIf(hasLogs),
      name: controlPlaneLogGroup(name),
      retentionInDays: inputs.clusterLogRetentionDays.asNumber,
      kmsKeyId: logKmsKeyArn.asString,
    });

    const isInInternet = hcl`${inputs.endpointAccess} == "vpc-and-internet"`;
    const cluster = new EksCluster(this, "control-plane", {
      name,
      version: inputs.eksVersion.asString,
      roleArn: role.arn,
      enabledClusterLogTypes: hcl`${hasLogs} ? ${inputs.clusterLogTypes} : null`.asList,
      vpcConfig: {
        endpointPrivateAccess: true,
        endpointPublicAccess: isInInternet,
        publicAccessCidrs: hcl`${isInInternet} ? ${inputs.endpointAccessCidrs} : null`.asList,
        subnetIds: network.privateSubnetIds,
        securityGroupIds: [this.securityGroup.id],
      },
      // EKS counts the creator's part when a cluster is made, and never after. A cluster that was made before anybody
      // said it has none in its state, and would be replaced for one.
      // https://github.com/hashicorp/terraform-provider-aws/issues/35824
      lifecycle: { ignoreChanges: ["access_config[0].bootstrap_cluster_creator_admin_permissions"] },
      // Without the policies EKS cannot make its network interfaces, nor delete them when the cluster goes; without
      // the log group it makes one that keeps everything for ever, and is left behind.
      dependsOn: [...policies, logGroup],
    });
    addBlocks(cluster, "access_config", hcl`${inputs.authenticationMode}[*]`, {
      authentication_mode: "${access_config.value}",
      bootstrap_cluster_creator_admin_permissions: inputs.clusterCreatorAdmin.asString,
    });
    addBlocks(cluster, "upgrade_policy", hcl`${inputs.upgradePolicy}[*]`, { support_type: "${upgrade_policy.value}" });
    addBlocks(cluster, "encryption_config", hcl`${secretsEncryption}[*]`, {
      provider: [{ key_arn: secretsKey.arn.asString }],
      resources: ["secrets"],
    });
    const hasNetwork = hcl`${serviceCidr} != null || ${ipFamily} == "ipv6"`;
    addBlocks(cluster, "kubernetes_network_config", hcl`${hasNetwork} ? [1] : []`, {
      service_ipv4_cidr: serviceCidr.asString,
      ip_family: ipFamily.asString,
    });

    this.name = cluster.name;
    this.arn = cluster.arn;
    this.oidcIssuer = cluster.identity.get(0).oidc.get(0).issuer;
    this.endpoint = cluster.endpoint;
    this.certificateAuthorityData = cluster.certificateAuthority.get(0).data;
    this.version = cluster.version;
    // A cluster created without an access configuration gets CONFIG_MAP; older ones do not report any.
    // https://docs.aws.amazon.com/eks/latest/APIReference/API_CreateAccessConfigRequest.html
    this.authenticationMode = Token.asString(Fn.try([cluster.accessConfig.authenticationMode, "CONFIG_MAP"]));
    this.securityGroupId = this.securityGroup.id;
    const reported = hcl`${cluster}.kubernetes_network_config[0]`;
    this.serviceCidr = hcl`coalesce(${reported}.service_ipv6_cidr, ${reported}.service_ipv4_cidr)`.asString;
  }

  /**
   * Lets clients talk to the private endpoint, and the control plane to the nodes.
   *
   * @returns what a node has to wait for, which cannot join before
   */
  admit(setting: Placed, { nodeSecurityGroupId, bastionSecurityGroupId }: ClusterClients): ITerraformDependable[] {
    const { network, hasIpv6, isMinimal } = setting;
    // On which of their ports it reaches nodes, their own group says.
    const toNodes = { description: "To worker nodes", protocol: "tcp", ports: [1, 65535] } as const;
    this.securityGroup.putEgress(
      everywhereUnlessMinimal(setting, [{ ...toNodes, toSecurityGroupId: nodeSecurityGroupId }]),
    );
    const fromVpc = "Allow HTTPS traffic from VPC networks";
    const allow = (id: string, rule: Partial<SecurityGroupRuleConfig>) =>
      new SecurityGroupRule(this, id, {
        description: fromVpc,
        ...rule,
        securityGroupId: this.securityGroupId,
        type: "ingress",
        protocol: "tcp",
        fromPort: 443,
        toPort: 443,
      });
    // One for each range: to change a rule is to replace it, and nobody would reach the endpoint meanwhile.
    const secondary = each(
      local(
        this,
        "secondary-cidrs",
        hcl`{ for at, cidr in ${network.vpcCidrs} : cidr => cidr if at > 0 && !${isMinimal} }`,
      ),
    );
    return [
      // Its id is from when there was no other source; another one would make it anew in every stack that there is.
      allow("https-from-vpc", {
        description: hcl`${isMinimal} ? "Allow HTTPS traffic from worker nodes" : ${fromVpc}`.asString,
        cidrBlocks: hcl`${isMinimal} ? null : [${network.vpcCidrs}[0]]`.asList,
        sourceSecurityGroupId: hcl`${isMinimal} ? ${nodeSecurityGroupId} : null`.asString,
      }),
      allow("https-from-secondary-cidr", { forEach: secondary, cidrBlocks: [secondary.key] }),
      allow("https-from-ipv6", {
        count: countIf(hcl`${hasIpv6} && !${isMinimal}`),
        ipv6CidrBlocks: network.vpcIpv6Cidrs.asList,
      }),
      allow("https-from-bastion", {
        count: countIf(isMinimal),
        description: "Allow HTTPS traffic from kubectl",
        sourceSecurityGroupId: bastionSecurityGroupId,
      }),
    ];
  }
}
