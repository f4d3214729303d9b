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
import { INPUTS } from "../contract/inputs/inputs";
import { HAS_ENTRIES } from "../contract/inputs/access";
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
import { declareInputs } from "./inputs";
import { nodeGroups } from "./node-groups/groups";
import { VpcEndpoints } from "./vpc-endpoints";
import { addWarnings } from "./warnings";
import { adoptWorkshopState } from "./workshop-state";

/** The workshop: a VPC, a private EKS cluster, its nodes, and the bastion from which it is used. */
export class EksStack extends ReadableStack {
  /** @param choices what of the stack changes with the code instead of with tfvars */
  constructor(scope: Construct, id: string, { sshIdentity }: Pick<Choices, "sshIdentity"> = { sshIdentity: "given" }) {
    super(scope, id);
    const inputs = declareInputs(this, "variables", INPUTS);
    const projectName = inputs.projectName.asString;
    const { vpc: vpcName, cluster: clusterName, nodeRole: roleName } = new Names(this, inputs);

    new AwsProvider(this, "aws", {
      region: inputs.awsRegion.asString,
      defaultTags: [{ tags: { Managed_by: "terraform", Project: projectName } }],
    });
    this.addOverride("terraform.required_providers.aws.version", versionConstraint("aws"));
    // 1.9: validations that compare variables.
    this.addOverride("terraform.required_version", ">= 1.9.0");
    const { partition, dnsSuffix } = new DataAwsPartition(this, "partition");
    const account = { partition, accountId: new DataAwsCallerIdentity(this, "identity").accountId };

    const hasIpv6 = hcl`${inputs.ipFamily} == "ipv6"`;
    const existingNetwork = new ExistingNetwork(this, "existing-network", {
      vpcId: inputs.vpcId,
      publicSubnetIds: inputs.publicSubnetIds,
      privateSubnetIds: inputs.privateSubnetIds,
      hasIpv6,
    });
    const isOwnVpc = hcl`${inputs.vpcId} == null`;
    const ownSubnets = (subnets: Expression) => Rows.byName<"az" | "cidr" | "name">(hcl`${isOwnVpc} ? ${subnets} : []`);
    const network = new Network(this, "network", {
      isOwn: isOwnVpc,
      existing: existingNetwork,
      name: vpcName,
      cidr: inputs.vpcCidrBlock,
      secondaryCidrs: inputs.vpcSecondaryCidrBlocks,
      publicSubnets: ownSubnets(inputs.vpcPublicSubnets),
      firstPublicSubnetName: hcl`try(${inputs.vpcPublicSubnets}[0].name, null)`,
      privateSubnets: ownSubnets(inputs.vpcPrivateSubnets),
      podSubnets: ownSubnets(inputs.vpcPodSubnets),
      natGateway: inputs.natGateway,
      hasIpv6,
      clusterName,
    });
    const endpoints = new VpcEndpoints(this, "vpc-endpoints", {
      projectName,
      region: inputs.awsRegion.asString,
      partition,
      services: inputs.vpcEndpoints,
      vpcId: network.vpcId,
      cidrs: network.vpcCidrs,
      subnets: network.privateSubnets,
      routeTableIds: network.privateRouteTableIds,
      podRoles: inputs.podRoles,
      isolatedBy: hcl`${inputs.natGateway} == "none" ? "nat_gateway is none" : (length(${existingNetwork.isolatedSubnetIds}) > 0 ? "private_subnet_ids \${join(", ", ${existingNetwork.isolatedSubnetIds})} have no route for 0.0.0.0/0" : "")`,
    });
    new FlowLogs(this, "flow-logs", {
      projectName,
      vpcId: network.vpcId,
      settings: inputs.flowLogs,
    });

    const cluster = new Cluster(this, "cluster", {
      name: clusterName,
      version: inputs.eksVersion.asString,
      projectName,
      account,
      vpcId: network.vpcId,
      egressIpv6Cidrs: network.egressIpv6Cidrs,
      subnetIds: network.privateSubnetIds,
      isInInternet: hcl`${inputs.endpointAccess} == "vpc-and-internet"`,
      endpointCidrs: inputs.endpointAccessCidrs,
      serviceCidr: inputs.serviceCidr,
      ipFamily: inputs.ipFamily,
      logTypes: inputs.clusterLogTypes,
      logRetentionDays: inputs.clusterLogRetentionDays.asNumber,
      secretsEncryption: inputs.secretsEncryption,
      upgradePolicy: inputs.upgradePolicy,
      authenticationMode: inputs.authenticationMode,
      creatorIsAdmin: inputs.clusterCreatorAdmin,
    });
    const volumeKey = new EncryptionKey(this, "volumes", {
      settings: inputs.volumeEncryption,
      description: `Volumes of the nodes and the bastion of the EKS cluster ${clusterName}`,
      alias: `eks/${clusterName}-volumes`,
      policy: volumeKeyPolicy(account),
    });

    const identity = sshIdentity === "generated" ? new SshIdentity(this, "ssh-identity", { projectName }) : undefined;
    if (identity !== undefined) {
      this.addOverride("terraform.required_providers.tls.version", versionConstraint("tls"));
    }
    const keyName = identity?.keyName ?? inputs.kubectlEc2Keypair.asString;

    const addOnRows = inputs.addOns;
    const prefixDelegation = inputs.prefixDelegation;
    const podRoles = new PodRole(this, "pod-roles", {
      projectName,
      partition,
      cluster,
      oidcProvider: inputs.irsa,
      rows: new Rows(inputs.podRoles),
      ofAddOns: hcl`[for row in ${addOnRows} : row.pod_role if row.pod_role != null]`,
      isIpv6: hasIpv6,
      volumeKeyArns: hcl`${inputs.volumeEncryption} == null ? [] : [${volumeKey.arn}]`,
    });
    const addOns = new AddOns(this, "add-ons", {
      clusterName: cluster.name,
      kubernetesVersion: inputs.eksVersion.asString,
      rows: new Rows(addOnRows),
      prefixDelegation,
      networkPolicy: inputs.networkPolicy,
      podRoles: podRoles.all,
      permissions: podRoles.permissions,
    });
    const planning = new Planning(this, "planning", {
      groups: inputs.nodeGroups,
      // Pods have the subnets of their own as well.
      subnets: hcl`concat(${network.privateSubnets}, [for row in ${inputs.vpcPodSubnets} : { id = null, zone = row.az, cidr = row.cidr }])`,
      prefixDelegation,
      addOns: hcl`keys(${addOnRows})`,
    });

    const bastion = new Bastion(this, "bastion", {
      projectName,
      vpcId: network.vpcId,
      egressIpv6Cidrs: network.egressIpv6Cidrs,
      subnetId: network.firstPublicSubnetId,
      egress: network.publicEgress,
      sshCidrs: inputs.kubectlSshCidrs.asList,
      imageId: inputs.kubectlImageId.asString,
      keyName,
      rootVolumeGiB: inputs.kubectlEc2VolumeSize.asNumber,
      volumeKmsKeyArn: volumeKey.arn,
      hasOwnRole: inputs.kubectlOwnRole,
      dnsSuffix,
      instanceProfileName: inputs.awsKrugAdminRole,
      // From its name, because the bastion does not have to wait for the cluster.
      clusterArn: `arn:${partition}:eks:${inputs.awsRegion.asString}:${account.accountId}:cluster/${clusterName}`,
      ...(identity !== undefined && {
        userData: bastionUserData({
          privateKeyJson: Fn.jsonencode(identity.hostPrivateKey),
          publicKey: identity.hostPublicKey,
        }),
      }),
    });

    new BastionRecord(this, "bastion-record", {
      zoneName: inputs.privateDnsZone,
      zoneId: inputs.privateDnsZoneId,
      vpcId: network.vpcId,
      isOwnVpc,
      address: bastion.instance.privateIp,
    });

    const isMinimal = hcl`${inputs.securityGroupRules} == "minimal"`;
    const nodes = new NodeGroups(this, "node-group", {
      groups: nodeGroups(inputs),
      checkedGroups: inputs.nodeGroups,
      cluster,
      clusterName,
      kubernetesVersion: inputs.eksVersion,
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
      chosenServiceCidr: inputs.serviceCidr,
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
      hasEntries: new Expression(HAS_ENTRIES),
      nodeRoleArns: nodes.roleArnsByKey,
      bastionHasOwnRole: inputs.kubectlOwnRole,
      bastionRoleArn: bastion.ownRoleArn,
      listed: inputs.accessEntries,
    });
    nodes.waitFor([...admitted, ...access.nodeEntries]);

    const handover: Handover = {
      region: inputs.awsRegion.asString,
      cluster_name: cluster.name,
      cluster_endpoint: cluster.endpoint,
      certificate_authority_data: cluster.certificateAuthorityData,
      kubernetes_version: cluster.version,
      authentication_mode: cluster.authenticationMode,
      bastion_instance_id: bastion.instance.id,
      bastion_address: bastion.instance.publicIp,
      bastion_user: inputs.kubectlEc2User.asString,
      node_role_arn: nodes.roleArn,
      // By names that only Terraform knows.
      node_groups: nodes.sizes.asResolvable as unknown as Handover["node_groups"],
      // Lists that only Terraform knows.
      aws_auth_roles: inputs.awsAuthRoles.asResolvable as unknown as Handover["aws_auth_roles"],
      aws_auth_users: inputs.awsAuthUsers.asResolvable as unknown as Handover["aws_auth_users"],
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
