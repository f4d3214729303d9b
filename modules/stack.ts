import { DataAwsPartition } from "@cdktf/provider-aws/lib/data-aws-partition";
import type { Instance } from "@cdktf/provider-aws/lib/instance";
import type { LaunchConfiguration } from "@cdktf/provider-aws/lib/launch-configuration";
import { AwsProvider } from "@cdktf/provider-aws/lib/provider";
import {
  DataResource,
  Fn,
  Op,
  TerraformElement,
  TerraformLocal,
  TerraformStack,
  Token,
  type TerraformResource,
  type TerraformVariable,
} from "cdktf";
import { Construct, type Node } from "constructs";

import { Bastion } from "./bastion";
import { Cluster } from "./cluster";
import type { Handover } from "./contract";
import { Network } from "./network";
import { NodeGroup } from "./node-group";
import { handOver } from "./outputs";
import { warnUnless } from "./terraform/check";
import { Rows } from "./terraform/rows";
import { Variables } from "./variables";
import { adoptWorkshopState } from "./workshop-state";

/** What to call a resource on Terraform's command line. */
function address(resource: TerraformResource): string {
  return `${resource.terraformResourceType}.${resource.friendlyUniqueId}`;
}

/** Whether machines require IMDSv2 and have an encrypted volume; false when AWS reports neither. */
function isHardened({ metadataOptions, rootBlockDevice }: Instance | LaunchConfiguration): string {
  const hardened = Op.and(Op.eq(metadataOptions.httpTokens, "required"), rootBlockDevice.encrypted);
  return Token.asString(Fn.try([hardened, false]));
}

/** The workshop: a VPC, a private EKS cluster, its nodes, and the bastion from which it is used. */
export class EksStack extends TerraformStack {
  constructor(scope: Construct, id: string) {
    super(scope, id);
    const variables = new Variables(this);
    const projectName = variables.projectName.stringValue;
    const names = new Construct(this, "names");
    const name = (what: string, given: TerraformVariable, otherwise: string) =>
      new TerraformLocal(names, what, Fn.coalesce([given.value, otherwise])).asString;
    const vpcName = name("vpc", variables.vpcName, `${projectName}_vpc`);
    const clusterName = name("cluster", variables.eksClusterName, `${projectName}_eks`);
    const roleName = name("node-role", variables.eksWorkerNodeRoleName, `${projectName}_eks_worker_nodes_role`);

    new AwsProvider(this, "aws", {
      region: variables.awsRegion.stringValue,
      defaultTags: [{ tags: { Managed_by: "terraform", Project: projectName } }],
    });
    // Typed against 6.x; nothing here differs between the two majors, and the end-to-end tests run on what is installed.
    this.addOverride("terraform.required_providers.aws.version", ">= 5.100.0, < 7.0.0");
    // 1.9: validations that compare variables.
    this.addOverride("terraform.required_version", ">= 1.9.0");
    const { partition } = new DataAwsPartition(this, "partition");

    const network = new Network(this, "network", {
      name: vpcName,
      cidr: variables.vpcCidrBlock.stringValue,
      publicSubnets: new Rows(variables.vpcPublicSubnets),
      privateSubnets: new Rows(variables.vpcPrivateSubnets),
      clusterName,
    });

    const cluster = new Cluster(this, "cluster", {
      name: clusterName,
      version: variables.eksVersion.stringValue,
      projectName,
      partition,
      vpcId: network.vpcId,
      vpcCidr: variables.vpcCidrBlock.stringValue,
      subnetIds: network.privateSubnetIds,
    });

    const bastion = new Bastion(this, "bastion", {
      projectName,
      vpcId: network.vpcId,
      subnetId: network.firstPublicSubnetId,
      egress: network.publicEgress,
      sshCidrs: variables.kubectlSshCidrs.listValue,
      imageId: variables.kubectlImageId.stringValue,
      keyName: variables.kubectlEc2Keypair.stringValue,
      rootVolumeGiB: variables.kubectlEc2VolumeSize.numberValue,
      instanceProfileName: variables.awsKrugAdminRole.stringValue,
    });

    const userData = (field: string) =>
      Token.asString(Fn.lookupNested(variables.eksWorkerUserDataGroup.value, [field]));
    const size = (field: string) => Token.asNumber(Fn.lookupNested(variables.eksWorkerNodesAsgGroup.value, [field]));
    const [minSize, maxSize, desiredCapacity] = [size("min"), size("max"), size("desire")];
    const nodeGroup = new NodeGroup(this, "node-group", {
      cluster,
      projectName,
      roleName,
      partition,
      vpcId: network.vpcId,
      subnetIds: network.privateSubnetIds,
      egress: network.privateEgress,
      sshFromSecurityGroupId: bastion.securityGroupId,
      keyName: variables.kubectlEc2Keypair.stringValue,
      imageId: variables.eksWorkerNodeAmiId.stringValue,
      instanceType: variables.eksWorkerNodeEc2Type.stringValue,
      rootVolumeGiB: variables.eksWorkerNodeVolumeSize.numberValue,
      associatePublicIpAddress: variables.eksWorkerNodePublicIp.booleanValue,
      detailedMonitoring: variables.eksWorkerNodesEnableMonitoring.booleanValue,
      minSize,
      maxSize,
      desiredCapacity,
      preUserData: userData("pre_userdata"),
      additionalUserData: userData("additional_userdata"),
      kubeletExtraArgs: userData("kubelet_extra_args"),
      enableDockerBridge: userData("enable_docker_bridge"),
    });

    const handover: Handover = {
      region: variables.awsRegion.stringValue,
      cluster_name: cluster.name,
      cluster_endpoint: cluster.endpoint,
      certificate_authority_data: cluster.certificateAuthorityData,
      kubernetes_version: cluster.version,
      authentication_mode: cluster.authenticationMode,
      bastion_instance_id: bastion.instance.id,
      bastion_address: bastion.instance.publicIp,
      bastion_user: variables.kubectlEc2User.stringValue,
      node_role_arn: nodeGroup.roleArn,
      node_groups: { [nodeGroup.name]: { min: minSize, max: maxSize, desired: desiredCapacity } },
      // Lists that only Terraform knows.
      aws_auth_roles: variables.awsAuthRoles.value as Handover["aws_auth_roles"],
      aws_auth_users: variables.awsAuthUsers.value as Handover["aws_auth_users"],
    };
    // The workshop's fortieth resource wrote the Ansible helper; this one holds what the bootstrap is given.
    new DataResource(this, "handover", { input: handover });
    handOver(this, handover);

    warnUnless(
      this,
      "bastion_reachable",
      // The VPC has no IPv6.
      '${length([for cidr in var.kubectl_ssh_cidrs : cidr if !strcontains(cidr, ":")]) > 0}',
      "nobody can reach the bastion by SSH: kubectl_ssh_cidrs names no IPv4 network; set it in your tfvars to your own " +
        'address, such as kubectl_ssh_cidrs = ["203.0.113.7/32"].',
    );
    // Of a stack that was taken over from the workshop's own HCL (see adoptWorkshopState); always true of a new one.
    const { betweenNodes, launchConfiguration } = nodeGroup;
    const { instance } = bastion;
    warnUnless(
      this,
      "dns_between_nodes",
      Op.eq(betweenNodes.protocol, "-1"),
      "pods cannot ask CoreDNS on another node: the rule between nodes allows TCP only, as the workshop made it; " +
        `widen it with terraform apply -replace=${address(betweenNodes)}.`,
    );
    warnUnless(
      this,
      "hardened_nodes",
      isHardened(launchConfiguration),
      "new nodes get an unencrypted volume and a metadata service without sessions (IMDSv1), as the workshop made " +
        `them; mend it with terraform apply -replace=${address(launchConfiguration)}.`,
    );
    warnUnless(
      this,
      "hardened_bastion",
      isHardened(instance),
      "the bastion has an unencrypted volume or a metadata service without sessions (IMDSv1), as the workshop made it; " +
        `terraform apply -replace=${address(instance)} makes a new one, with a new address and host key.`,
    );
    adoptWorkshopState(this);
  }

  /**
   * Names resources by their path alone (`network_vpc`), without the hash that cdktf adds: they are what people read
   * in every plan and type after `-target`, and what `moved` blocks name.
   */
  protected override allocateLogicalId(element: TerraformElement | Node): string {
    const node = TerraformElement.isTerraformElement(element) ? element.node : element;
    const path = node.scopes.slice(node.scopes.indexOf(this) + 1);
    return path.map((scope) => scope.node.id.replaceAll("-", "_")).join("_");
  }
}
