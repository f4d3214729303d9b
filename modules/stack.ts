import { DataAwsCallerIdentity } from "@cdktf/provider-aws/lib/data-aws-caller-identity";
import { DataAwsPartition } from "@cdktf/provider-aws/lib/data-aws-partition";
import { AwsProvider } from "@cdktf/provider-aws/lib/provider";
import { DataResource, Fn, TerraformOutput } from "cdktf";
import type { Construct } from "constructs";

import type { Handover } from "../contract/handover";
import { INPUTS } from "../contract/inputs/inputs";
import { controlPlaneLogGroup } from "../facts/cluster-tags";
import { Access } from "./access";
import { AddOns } from "./add-ons";
import { Bastion } from "./bastion";
import { BastionRecord } from "./bastion-record";
import type { Choices } from "./choices";
import { Cluster } from "./cluster";
import { EncryptionKey } from "./encryption";
import { FlowLogs } from "./flow-logs";
import { hcl } from "./hcl/expression";
import { ReadableStack } from "./hcl/readable-stack";
import { declareInputs } from "./inputs";
import { declareNames } from "./names";
import { Network } from "./network";
import { NodeGroups } from "./node-groups";
import { handOver } from "./outputs";
import { Planning } from "./planning";
import { PodRole } from "./pod-roles";
import { logKeyPolicy, volumeKeyPolicy } from "./policies";
import type { Joined, Placed, Setting } from "./setting";
import { SshIdentity } from "./ssh-identity";
import { bastionUserData } from "./user-data-bastion";
import { VpcEndpoints } from "./vpc-endpoints";
import { addWarnings } from "./warnings";
import { adoptWorkshopState } from "./workshop-state";

/** The workshop: a VPC, a private EKS cluster, its nodes, and the bastion from which it is used. */
export class EksStack extends ReadableStack {
  /** @param choices what of the stack changes with the code instead of with tfvars */
  constructor(scope: Construct, id: string, { sshIdentity }: Pick<Choices, "sshIdentity">) {
    super(scope, id);
    const inputs = declareInputs(this, "variables", INPUTS);
    const names = declareNames(this, inputs);
    const region = inputs.awsRegion.asString;

    new AwsProvider(this, "aws", {
      region,
      defaultTags: [{ tags: { Managed_by: "terraform", Project: names.project } }],
    });
    this.require("aws");
    const { partition, dnsSuffix } = new DataAwsPartition(this, "partition");
    const { accountId } = new DataAwsCallerIdentity(this, "identity");

    const setting: Setting = {
      inputs,
      names,
      account: { partition, dnsSuffix, accountId },
      isOwnVpc: hcl`${inputs.vpcId} == null`,
      hasIpv6: hcl`${inputs.ipFamily} == "ipv6"`,
      isMinimal: hcl`${inputs.securityGroupRules} == "minimal"`,
    };
    const network = new Network(this, "network", setting);
    const placed: Placed = { ...setting, network };
    const endpoints = new VpcEndpoints(this, "vpc-endpoints", { ...placed, isolatedBy: network.isolatedBy });
    const { arn: logKmsKeyArn } = new EncryptionKey(this, "logs", {
      settings: inputs.logEncryption,
      description: `Logs of the EKS cluster ${names.cluster} and of its VPC`,
      alias: names.logsKey(names.cluster),
      policy: logKeyPolicy(setting.account, region, [controlPlaneLogGroup(names.cluster), names.flowLogGroup]),
    });
    new FlowLogs(this, "flow-logs", { ...placed, logKmsKeyArn });

    const cluster = new Cluster(this, "cluster", { ...placed, logKmsKeyArn });
    const joined: Joined = { ...placed, cluster };
    const volumeKey = new EncryptionKey(this, "volumes", {
      settings: inputs.volumeEncryption,
      description: `Volumes of the nodes and the bastion of the EKS cluster ${names.cluster}`,
      alias: names.volumesKey(names.cluster),
      policy: volumeKeyPolicy(setting.account),
    });
    const volumeKmsKeyArn = volumeKey.arn;

    const identity = sshIdentity === "generated" ? new SshIdentity(this, "ssh-identity", names.keyPair) : undefined;
    if (identity !== undefined) this.require("tls");
    const keyName = identity?.keyName ?? inputs.kubectlEc2Keypair.asString;

    const podRoles = new PodRole(this, "pod-roles", { ...joined, volumeKmsKeyArn });
    const addOns = new AddOns(this, "add-ons", {
      ...joined,
      podRoles: podRoles.all,
      permissions: podRoles.permissions,
    });
    const planning = new Planning(this, "planning", placed);

    const bastion = new Bastion(this, "bastion", {
      ...placed,
      subnetId: network.firstPublicSubnetId,
      egress: network.publicEgress,
      keyName,
      volumeKmsKeyArn,
      userData:
        identity &&
        bastionUserData({
          privateKeyJson: Fn.jsonencode(identity.hostPrivateKey),
          publicKey: identity.hostPublicKey,
        }),
    });
    new BastionRecord(this, "bastion-record", { ...placed, address: bastion.instance.privateIp });

    const nodes = new NodeGroups(this, "node-group", {
      ...joined,
      egress: [...network.privateEgress, ...endpoints.all, addOns.beforeNodes],
      sshFromSecurityGroupId: bastion.securityGroupId,
      maxPods: planning.maxPods,
      volumeKmsKeyArn,
      keyName,
    });
    addOns.waitFor(nodes.autoscalingGroups);
    const admitted = cluster.admit(placed, {
      nodeSecurityGroupId: nodes.securityGroup.id,
      bastionSecurityGroupId: bastion.securityGroupId,
    });
    bastion.letOut(setting, nodes.securityGroup.id);
    const access = new Access(this, "access", {
      ...joined,
      nodeRoleArns: nodes.roles.arnsByKey,
      bastionRoleArn: bastion.ownRoleArn,
    });
    nodes.waitFor([...admitted, access.nodeEntries]);

    const handover: Handover = {
      region,
      cluster_name: cluster.name,
      cluster_endpoint: cluster.endpoint,
      certificate_authority_data: cluster.certificateAuthorityData,
      kubernetes_version: cluster.version,
      authentication_mode: cluster.authenticationMode,
      bastion_instance_id: bastion.instance.id,
      bastion_address: bastion.instance.publicIp,
      bastion_user: inputs.kubectlEc2User.asString,
      node_role_arn: nodes.roles.sharedArn,
      // By names that only Terraform knows.
      node_groups: nodes.sizes as unknown as Handover["node_groups"],
      // Lists that only Terraform knows.
      aws_auth_roles: inputs.awsAuthRoles as unknown as Handover["aws_auth_roles"],
      aws_auth_users: inputs.awsAuthUsers as unknown as Handover["aws_auth_users"],
    };
    // The workshop's fortieth resource wrote the Ansible helper; this one holds what the bootstrap is given.
    new DataResource(this, "handover", { input: handover });
    // The private key goes from state to output, and nowhere else.
    handOver(this, {
      ...handover,
      node_role_arns: nodes.roles.arns.asList,
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
    addWarnings(this, bastion, nodes);
    adoptWorkshopState(this);
  }
}
