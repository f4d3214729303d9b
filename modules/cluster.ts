import { CloudwatchLogGroup } from "@cdktf/provider-aws/lib/cloudwatch-log-group";
import { EksCluster } from "@cdktf/provider-aws/lib/eks-cluster";
import { IamRole } from "@cdktf/provider-aws/lib/iam-role";
import { IamRolePolicyAttachment } from "@cdktf/provider-aws/lib/iam-role-policy-attachment";
import { SecurityGroup } from "@cdktf/provider-aws/lib/security-group";
import { SecurityGroupRule } from "@cdktf/provider-aws/lib/security-group-rule";
import { Fn, Token, type ITerraformDependable } from "cdktf";
import { Construct } from "constructs";

import { everywhere } from "./egress";
import { EncryptionKey } from "./encryption";
import { managedPolicyArn, secretsKeyPolicy, trustPolicy, type Account } from "./policies";
import { hcl, type Expression } from "./hcl/expression";
import { addBlocks, countIf } from "./hcl/maybe";
import { Rows } from "./hcl/rows";

/** What a control plane is made of. */
export interface ClusterProps {
  readonly name: string;
  /** Kubernetes version, `MAJOR.MINOR`. */
  readonly version: string;
  /** First part of the names of the role and the security group. */
  readonly projectName: string;
  readonly account: Account;
  readonly vpcId: string;
  /** Where the control plane may go by IPv6. */
  readonly egressIpv6Cidrs: string[];
  /** Subnets in at least two zones, for the control plane's network interfaces. */
  readonly subnetIds: string[];
  /** Whether the endpoint has an address in the internet beside the private one: a boolean. */
  readonly isInInternet: Expression;
  /** Networks that may reach it there: a list. */
  readonly endpointCidrs: Expression;
  /** Range of the services' addresses; null: EKS chooses. */
  readonly serviceCidr: Expression;
  /** `ipv4` or `ipv6`: what pods and services have. */
  readonly ipFamily: Expression;
  /** Logs of the control plane to keep: a list, often empty. */
  readonly logTypes: Expression;
  readonly logRetentionDays: number;
  /** Key for the cluster's secrets, as `EncryptionKeyProps.settings`. */
  readonly secretsEncryption: Expression;
  /** `STANDARD` or `EXTENDED`; null: what EKS does by itself. */
  readonly upgradePolicy: Expression;
  /** `CONFIG_MAP`, `API_AND_CONFIG_MAP` or `API`; null: what EKS does by itself, `CONFIG_MAP`. */
  readonly authenticationMode: Expression;
  /** Whether who makes the cluster is an admin of it: a boolean. Counts only with an authentication mode. */
  readonly creatorIsAdmin: Expression;
}

/** Who may talk to the control plane. */
export interface ClusterClients {
  /** Whether only the nodes and the bastion may, and not everybody in the VPC: a boolean. */
  readonly isMinimal: Expression;
  /** IPv4 address ranges of the VPC, the first one that it was made with: a list that is known when Terraform plans. */
  readonly vpcCidrs: Expression;
  /** IPv6 address ranges of the VPC: a list. */
  readonly vpcIpv6Cidrs: Expression;
  /** Whether pods have IPv6 addresses: a boolean. */
  readonly hasIpv6: Expression;
  readonly nodeSecurityGroupId: string;
  readonly bastionSecurityGroupId: string;
}

/** The EKS control plane: with a private endpoint from its first moment, and a public one only where it is asked for. */
export class Cluster extends Construct {
  readonly name: string;
  readonly arn: string;
  /** Who signs the tokens of service accounts: a URL with `https://`. */
  readonly oidcIssuer: string;
  readonly endpoint: string;
  /** PEM in base64. */
  readonly certificateAuthorityData: string;
  readonly version: string;
  /** `CONFIG_MAP`, `API_AND_CONFIG_MAP` or `API`. */
  readonly authenticationMode: string;
  readonly securityGroupId: string;
  /** Range of the services' addresses, IPv4 or IPv6. */
  readonly serviceCidr: string;

  constructor(scope: Construct, id: string, props: ClusterProps) {
    super(scope, id);
    const { name, version, projectName, account, vpcId, subnetIds, isInInternet, logTypes } = props;
    const { serviceCidr, ipFamily } = props;

    const role = new IamRole(this, "role", {
      name: `${projectName}-eks-cluster`,
      assumeRolePolicy: trustPolicy("eks.amazonaws.com"),
    });
    const policies = (["AmazonEKSClusterPolicy", "AmazonEKSServicePolicy"] as const).map(
      (policy) =>
        new IamRolePolicyAttachment(this, policy, {
          role: role.name,
          policyArn: managedPolicyArn(account.partition, policy),
        }),
    );

    const securityGroupName = `${projectName}-eks-control-plane-sg`;
    const securityGroup = new SecurityGroup(this, "security-group", {
      name: securityGroupName,
      vpcId,
      egress: everywhere(props.egressIpv6Cidrs),
      tags: { Name: securityGroupName },
    });

    const secretsKey = new EncryptionKey(this, "secrets", {
      settings: props.secretsEncryption,
      description: `Secrets of the EKS cluster ${name}`,
      alias: `eks/${name}-secrets`,
      policy: secretsKeyPolicy(account, role.arn),
    });
    const hasLogs = hcl`length(${logTypes}) > 0`;
    const logGroup = new CloudwatchLogGroup(this, "log-group", {
      count: countIf(hasLogs),
      // https://docs.aws.amazon.com/eks/latest/userguide/control-plane-logs.html
      name: `/aws/eks/${name}/cluster`,
      retentionInDays: props.logRetentionDays,
    });

    const cluster = new EksCluster(this, "control-plane", {
      name,
      version,
      roleArn: role.arn,
      enabledClusterLogTypes: hcl`${hasLogs} ? ${logTypes} : null`.asList,
      vpcConfig: {
        endpointPrivateAccess: true,
        endpointPublicAccess: isInInternet.asResolvable,
        publicAccessCidrs: hcl`${isInInternet} ? ${props.endpointCidrs} : null`.asList,
        subnetIds,
        securityGroupIds: [securityGroup.id],
      },
      // EKS counts the creator's part when a cluster is made, and never after. A cluster that was made before anybody said
      // it has none in its state, and would be replaced for one.
      // https://github.com/hashicorp/terraform-provider-aws/issues/35824
      lifecycle: { ignoreChanges: ["access_config[0].bootstrap_cluster_creator_admin_permissions"] },
      // Without the policies EKS cannot make its network interfaces, nor delete them when the cluster goes; without the log
      // group it makes one that keeps everything for ever, and is left behind.
      dependsOn: [...policies, logGroup],
    });
    addBlocks(cluster, "access_config", hcl`${props.authenticationMode}[*]`, {
      authentication_mode: "${access_config.value}",
      bootstrap_cluster_creator_admin_permissions: props.creatorIsAdmin.asString,
    });
    addBlocks(cluster, "upgrade_policy", hcl`${props.upgradePolicy}[*]`, { support_type: "${upgrade_policy.value}" });
    addBlocks(cluster, "encryption_config", hcl`${props.secretsEncryption}[*]`, {
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
    this.securityGroupId = securityGroup.id;
    const network = hcl`${cluster}.kubernetes_network_config[0]`;
    this.serviceCidr = hcl`coalesce(${network}.service_ipv6_cidr, ${network}.service_ipv4_cidr)`.asString;
  }

  /**
   * Lets clients talk to the private endpoint.
   *
   * @returns what a node has to wait for, which cannot join before
   */
  admit({
    isMinimal,
    vpcCidrs,
    vpcIpv6Cidrs,
    hasIpv6,
    nodeSecurityGroupId,
    bastionSecurityGroupId,
  }: ClusterClients): ITerraformDependable[] {
    const https = {
      securityGroupId: this.securityGroupId,
      type: "ingress",
      protocol: "tcp",
      fromPort: 443,
      toPort: 443,
    };
    const fromVpc = "Allow HTTPS traffic from VPC networks";
    // Its id is from when there was no other source; another one would make it anew in every stack that there is.
    const first = new SecurityGroupRule(this, "https-from-vpc", {
      ...https,
      description: hcl`${isMinimal} ? ${"Allow HTTPS traffic from worker nodes"} : ${fromVpc}`.asString,
      cidrBlocks: hcl`${isMinimal} ? null : [${vpcCidrs}[0]]`.asList,
      sourceSecurityGroupId: hcl`${isMinimal} ? ${nodeSecurityGroupId} : null`.asString,
    });
    // One for each range: to change a rule is to replace it, and nobody would reach the endpoint meanwhile.
    const secondary = Rows.of(hcl`[for at, cidr in ${vpcCidrs} : cidr if at > 0 && !${isMinimal}]`);
    const others = new SecurityGroupRule(this, "https-from-secondary-cidr", {
      ...https,
      forEach: secondary.forEach,
      description: fromVpc,
      cidrBlocks: [secondary.key.asString],
    });
    const ipv6 = new SecurityGroupRule(this, "https-from-ipv6", {
      ...https,
      count: countIf(hcl`${hasIpv6} && !${isMinimal}`),
      description: fromVpc,
      ipv6CidrBlocks: vpcIpv6Cidrs.asList,
    });
    const fromBastion = new SecurityGroupRule(this, "https-from-bastion", {
      ...https,
      count: countIf(isMinimal),
      description: "Allow HTTPS traffic from kubectl",
      sourceSecurityGroupId: bastionSecurityGroupId,
    });
    return [first, others, ipv6, fromBastion];
  }
}
