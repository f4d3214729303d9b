import { DataAwsCallerIdentity } from "@cdktf/provider-aws/lib/data-aws-caller-identity";
import { DataAwsPartition } from "@cdktf/provider-aws/lib/data-aws-partition";
import { AwsProvider } from "@cdktf/provider-aws/lib/provider";
import { DataResource, Fn, TerraformOutput } from "cdktf";
import type { Construct } from "constructs";

import { Access } from "./access";
import { AddOns } from "./add-ons";
import { Bastion } from "./bastion";
import { BastionRecord } from "./bastion-record";
import type { Choices } from "./choices";
import { Cluster } from "./cluster";
import type { Handover } from "../contract/handover";
import { EncryptionKey } from "./encryption";
import { ExistingNetwork } from "./existing-network";
import { FlowLogs } from "./flow-logs";
import { Names } from "./names";
import { Network } from "./network";
import { NodeGroups } from "./node-groups";
import { handOver } from "./outputs";
import { Planning } from "./planning";
import { PodRole } from "./pod-roles";
import { volumeKeyPolicy } from "./policies";
import { versionConstraint } from "../facts/provider-versions";
import { SshIdentity } from "./ssh-identity";
import { Expression, hcl } from "./hcl/expression";
import { Rows } from "./hcl/rows";
import { ReadableStack } from "./hcl/readable-stack";
import { bastionUserData } from "./user-data-bastion";
import { Variables } from "./variables";
import { VpcEndpoints } from "./vpc-endpoints";
import { addWarnings } from "./warnings";
import { adoptWorkshopState } from "./workshop-state";

/** The workshop: a VPC, a private EKS cluster, its nodes, and the bastion from which it is used. */
export class EksStack extends ReadableStack {
  /** @param choices what of the stack changes with the code instead of with tfvars */
  constructor(scope: Construct, id: string, { sshIdentity }: Pick<Choices, "sshIdentity"> = { sshIdentity: "given" }) {
    super(scope, id);
    const variables = new Variables(this);
    const projectName = variables.project.projectName.stringValue;
    const { vpc: vpcName, cluster: clusterName, nodeRole: roleName } = new Names(this, variables);

    new AwsProvider(this, "aws", {
      region: variables.project.awsRegion.stringValue,
      defaultTags: [{ tags: { Managed_by: "terraform", Project: projectName } }],
    });
    this.addOverride("terraform.required_providers.aws.version", versionConstraint("aws"));
    // 1.9: validations that compare variables.
    this.addOverride("terraform.required_version", ">= 1.9.0");
    const { partition, dnsSuffix } = new DataAwsPartition(this, "partition");
    const account = { partition, accountId: new DataAwsCallerIdentity(this, "identity").accountId };

    const hasIpv6 = new Expression('var.ip_family == "ipv6"');
    const existingNetwork = new ExistingNetwork(this, "existing-network", {
      vpcId: new Expression("var.vpc_id"),
      publicSubnetIds: new Expression("var.public_subnet_ids"),
      privateSubnetIds: new Expression("var.private_subnet_ids"),
      hasIpv6,
    });
    const isOwnVpc = new Expression("var.vpc_id == null");
    const ownSubnets = (name: string) =>
      Rows.byName<"az" | "cidr" | "name">(hcl`${isOwnVpc} ? ${new Expression(name)} : []`);
    const network = new Network(this, "network", {
      isOwn: isOwnVpc,
      existing: existingNetwork,
      name: vpcName,
      cidr: new Expression("var.vpc_cidr_block"),
      secondaryCidrs: new Expression("var.vpc_secondary_cidr_blocks"),
      publicSubnets: ownSubnets("var.vpc_public_subnets"),
      firstPublicSubnetName: new Expression("try(var.vpc_public_subnets[0].name, null)"),
      privateSubnets: ownSubnets("var.vpc_private_subnets"),
      podSubnets: ownSubnets("var.vpc_pod_subnets"),
      natGateway: new Expression("var.nat_gateway"),
      hasIpv6,
      clusterName,
    });
    const endpoints = new VpcEndpoints(this, "vpc-endpoints", {
      projectName,
      region: variables.project.awsRegion.stringValue,
      partition,
      services: new Expression("var.vpc_endpoints"),
      vpcId: network.vpcId,
      cidrs: network.vpcCidrs,
      subnets: network.privateSubnets,
      routeTableIds: network.privateRouteTableIds,
      podRoles: new Expression("var.pod_roles"),
      isolatedBy: hcl`var.nat_gateway == "none" ? "nat_gateway is none" : (length(${existingNetwork.isolatedSubnetIds}) > 0 ? "private_subnet_ids \${join(", ", ${existingNetwork.isolatedSubnetIds})} have no route for 0.0.0.0/0" : "")`,
    });
    new FlowLogs(this, "flow-logs", {
      projectName,
      vpcId: network.vpcId,
      settings: new Expression("var.flow_logs"),
    });

    const cluster = new Cluster(this, "cluster", {
      name: clusterName,
      version: variables.cluster.eksVersion.stringValue,
      projectName,
      account,
      vpcId: network.vpcId,
      egressIpv6Cidrs: network.egressIpv6Cidrs,
      subnetIds: network.privateSubnetIds,
      isInInternet: new Expression('var.endpoint_access == "vpc-and-internet"'),
      endpointCidrs: new Expression("var.endpoint_access_cidrs"),
      serviceCidr: new Expression("var.service_cidr"),
      ipFamily: new Expression("var.ip_family"),
      logTypes: new Expression("var.cluster_log_types"),
      logRetentionDays: variables.cluster.clusterLogRetentionDays.numberValue,
      secretsEncryption: new Expression("var.secrets_encryption"),
      upgradePolicy: new Expression("var.upgrade_policy"),
      authenticationMode: new Expression("var.authentication_mode"),
      creatorIsAdmin: new Expression("var.cluster_creator_admin"),
    });
    const volumeKey = new EncryptionKey(this, "volumes", {
      settings: new Expression("var.volume_encryption"),
      description: `Volumes of the nodes and the bastion of the EKS cluster ${clusterName}`,
      alias: `eks/${clusterName}-volumes`,
      policy: volumeKeyPolicy(account),
    });

    const identity = sshIdentity === "generated" ? new SshIdentity(this, "ssh-identity", { projectName }) : undefined;
    if (identity !== undefined) {
      this.addOverride("terraform.required_providers.tls.version", versionConstraint("tls"));
    }
    const keyName = identity?.keyName ?? variables.bastion.kubectlEc2Keypair.stringValue;

    const addOnRows = new Expression("var.add_ons");
    const prefixDelegation = new Expression("var.prefix_delegation");
    const podRoles = new PodRole(this, "pod-roles", {
      projectName,
      partition,
      cluster,
      oidcProvider: new Expression("var.irsa"),
      rows: new Rows(new Expression("var.pod_roles")),
      ofAddOns: hcl`[for row in ${addOnRows} : row.pod_role if row.pod_role != null]`,
      isIpv6: hasIpv6,
      volumeKeyArns: hcl`var.volume_encryption == null ? [] : [${volumeKey.arn}]`,
    });
    const addOns = new AddOns(this, "add-ons", {
      clusterName: cluster.name,
      kubernetesVersion: variables.cluster.eksVersion.stringValue,
      rows: new Rows(addOnRows),
      prefixDelegation,
      networkPolicy: new Expression("var.network_policy"),
      podRoles: podRoles.all,
      permissions: podRoles.permissions,
    });
    const planning = new Planning(this, "planning", {
      groups: new Expression("var.node_groups"),
      // Pods have the subnets of their own as well.
      subnets: hcl`concat(${network.privateSubnets}, [for row in var.vpc_pod_subnets : { id = null, zone = row.az, cidr = row.cidr }])`,
      prefixDelegation,
      addOns: hcl`keys(${addOnRows})`,
    });

    const bastion = new Bastion(this, "bastion", {
      projectName,
      vpcId: network.vpcId,
      egressIpv6Cidrs: network.egressIpv6Cidrs,
      subnetId: network.firstPublicSubnetId,
      egress: network.publicEgress,
      sshCidrs: variables.bastion.kubectlSshCidrs.listValue,
      imageId: variables.bastion.kubectlImageId.stringValue,
      keyName,
      rootVolumeGiB: variables.bastion.kubectlEc2VolumeSize.numberValue,
      volumeKmsKeyArn: volumeKey.arn,
      hasOwnRole: new Expression("var.kubectl_own_role"),
      dnsSuffix,
      instanceProfileName: new Expression("var.aws_krug_admin_role"),
      // From its name, because the bastion does not have to wait for the cluster.
      clusterArn: `arn:${partition}:eks:${variables.project.awsRegion.stringValue}:${account.accountId}:cluster/${clusterName}`,
      ...(identity !== undefined && {
        userData: bastionUserData({
          privateKeyJson: Fn.jsonencode(identity.hostPrivateKey),
          publicKey: identity.hostPublicKey,
        }),
      }),
    });

    new BastionRecord(this, "bastion-record", {
      zoneName: new Expression("var.private_dns_zone"),
      zoneId: new Expression("var.private_dns_zone_id"),
      vpcId: network.vpcId,
      isOwnVpc,
      address: bastion.instance.privateIp,
    });

    const isMinimal = new Expression('var.security_group_rules == "minimal"');
    const nodes = new NodeGroups(this, "node-group", {
      groups: variables.nodes.groups,
      checkedGroups: new Expression("var.node_groups"),
      cluster,
      clusterName,
      kubernetesVersion: new Expression("var.eks_version"),
      projectName,
      roleName,
      partition,
      dnsSuffix,
      vpcId: network.vpcId,
      hasIpv6,
      egressIpv6Cidrs: network.egressIpv6Cidrs,
      subnetIds: network.privateSubnetIds,
      zones: network.privateZones,
      subnetIdsByZone: network.privateSubnetIdsByZone,
      egress: [...network.privateEgress, ...endpoints.all, addOns.beforeNodes],
      sshFromSecurityGroupId: bastion.securityGroupId,
      minimalRules: isMinimal,
      maxPods: planning.maxPods,
      chosenServiceCidr: new Expression("var.service_cidr"),
      volumeKmsKeyArn: volumeKey.arn,
      keyName,
    });

    addOns.waitFor(nodes.autoscalingGroups);
    const admitted = cluster.admit({
      isMinimal,
      vpcCidrs: network.vpcCidrs,
      vpcIpv6Cidrs: network.vpcIpv6Cidrs,
      hasIpv6,
      nodeSecurityGroupId: nodes.securityGroupId,
      bastionSecurityGroupId: bastion.securityGroupId,
    });
    const access = new Access(this, "access", {
      clusterName: cluster.name,
      partition,
      hasEntries: new Expression(
        'contains(["API", "API_AND_CONFIG_MAP"], coalesce(var.authentication_mode, "CONFIG_MAP"))',
      ),
      nodeRoleArns: nodes.roleArnsByKey,
      bastionHasOwnRole: new Expression("var.kubectl_own_role"),
      bastionRoleArn: bastion.ownRoleArn,
      listed: new Expression("var.access_entries"),
    });
    nodes.waitFor([...admitted, ...access.nodeEntries]);

    const handover: Handover = {
      region: variables.project.awsRegion.stringValue,
      cluster_name: cluster.name,
      cluster_endpoint: cluster.endpoint,
      certificate_authority_data: cluster.certificateAuthorityData,
      kubernetes_version: cluster.version,
      authentication_mode: cluster.authenticationMode,
      bastion_instance_id: bastion.instance.id,
      bastion_address: bastion.instance.publicIp,
      bastion_user: variables.bastion.kubectlEc2User.stringValue,
      node_role_arn: nodes.roleArn,
      // By names that only Terraform knows.
      node_groups: nodes.sizes.asResolvable as unknown as Handover["node_groups"],
      // Lists that only Terraform knows.
      aws_auth_roles: variables.access.awsAuthRoles.value as Handover["aws_auth_roles"],
      aws_auth_users: variables.access.awsAuthUsers.value as Handover["aws_auth_users"],
    };
    // The workshop's fortieth resource wrote the Ansible helper; this one holds what the bootstrap is given.
    new DataResource(this, "handover", { input: handover });
    // The private key goes from state to output, and nowhere else.
    handOver(this, {
      ...handover,
      node_role_arns: nodes.roleArns.asList,
      ...(identity !== undefined && {
        bastion_host_key: identity.hostPublicKey,
        ssh_private_key: identity.userPrivateKey,
      }),
    });
    new TerraformOutput(this, "planning-output", {
      value: planning.groups.asString,
      description: "Figures of each row of node_groups: pods, addresses, processors and memory.",
    }).overrideLogicalId("planning");
    new TerraformOutput(this, "pod-role-arns-output", {
      value: podRoles.arns.asString,
      description: "ARN of each of pod_roles; a service account with a role via irsa is annotated with it.",
    }).overrideLogicalId("pod_role_arns");
    addWarnings(this, { bastion: bastion.instance, nodes, others: [...planning.warnings, ...addOns.warnings] });
    adoptWorkshopState(this);
  }
}
