import { LaunchConfiguration } from "@cdktf/provider-aws/lib/launch-configuration";
import { LaunchTemplate } from "@cdktf/provider-aws/lib/launch-template";
import type { Construct } from "constructs";

import { hcl, type Expression } from "../hcl/expression";
import { addBlocks } from "../hcl/maybe";
import { Rows } from "../hcl/rows";
import type { NodeRoles } from "./roles";

/** What EC2 takes, before it is encoded. @see https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/user-data.html */
const USER_DATA_MAX_BYTES = 16_384;

/** What groups say of their machines. */
export type LaunchColumn =
  | "ami_family"
  | "ami_id"
  | "associate_public_ip"
  | "detailed_monitoring"
  | "instance_types"
  | "metadata_hop_limit"
  | "policy_arns"
  | "security_group_ids"
  | "spot_max_price"
  | "volume_iops"
  | "volume_size"
  | "volume_throughput"
  | "volume_type";

/** What machines are launched with. */
export interface LaunchProps {
  readonly clusterName: string;
  readonly projectName: string;
  /** The node groups, by key. */
  readonly groups: Expression;
  readonly keyName: string;
  readonly securityGroupId: string;
  readonly roles: NodeRoles;
  /** By group. */
  readonly userData: Expression;
  /** How many bytes it can have at most, by group; known while Terraform plans. */
  readonly userDataBytes: Expression;
  /** Key of the volumes that launch templates make; null for AWS' own. */
  readonly volumeKmsKeyArn: Expression;
}

/** The launch configurations and the launch templates of the node groups: a group has one of both. */
export class Launch {
  readonly configuration: LaunchConfiguration;
  readonly template: LaunchTemplate;

  constructor(scope: Construct, props: LaunchProps) {
    this.configuration = launchConfiguration(scope, props);
    this.template = launchTemplate(scope, props);
  }
}

function groupsWith(launch: "configuration" | "template", groups: Expression): Rows<LaunchColumn> {
  return new Rows(hcl`{ for key, group in ${groups} : key => group if group.launch == ${launch} }`);
}

/** Refuses user data that EC2 would refuse. */
function userDataFits({ userDataBytes }: LaunchProps) {
  const bytes = hcl`${userDataBytes}[each.key]`;
  return {
    condition: hcl`${bytes} <= ${USER_DATA_MAX_BYTES}`.asString,
    errorMessage: `the user data of node group \${each.key} can have ${String(USER_DATA_MAX_BYTES)} bytes, got up to \${${bytes.text}}; put long scripts into S3 and fetch them.`,
  };
}

function launchConfiguration(scope: Construct, props: LaunchProps): LaunchConfiguration {
  const groups = groupsWith("configuration", props.groups);
  return new LaunchConfiguration(scope, "launch-configuration", {
    forEach: groups.forEach,
    namePrefix: `${props.clusterName}_${groups.key.asString}_node`,
    imageId: groups.value("ami_id").asString,
    instanceType: hcl`${groups.value("instance_types")}[0]`.asString,
    spotPrice: groups.value("spot_max_price").asString,
    keyName: props.keyName,
    iamInstanceProfile: props.roles.profileOf(groups),
    securityGroups: hcl`concat([${props.securityGroupId}], ${groups.value("security_group_ids")})`.asList,
    associatePublicIpAddress: groups.value("associate_public_ip").asResolvable,
    enableMonitoring: groups.value("detailed_monitoring").asResolvable,
    metadataOptions: {
      httpEndpoint: "enabled",
      httpTokens: "required",
      httpPutResponseHopLimit: groups.value("metadata_hop_limit").asNumber,
    },
    rootBlockDevice: {
      volumeSize: groups.value("volume_size").asNumber,
      volumeType: groups.value("volume_type").asString,
      iops: groups.value("volume_iops").asNumber,
      throughput: groups.value("volume_throughput").asNumber,
      encrypted: true,
      deleteOnTermination: true,
    },
    userData: hcl`${props.userData}[each.key]`.asString,
    lifecycle: {
      // A launch configuration cannot be changed, and not be deleted while the Auto Scaling group uses it.
      createBeforeDestroy: true,
      // Neither is changed on what exists: a configuration that was taken over from the workshop is not replaced for
      // them, but warned about (see the stack's check "hardened_nodes").
      ignoreChanges: ["metadata_options", "root_block_device[0].encrypted"],
      precondition: [userDataFits(props)],
    },
  });
}

function launchTemplate(scope: Construct, props: LaunchProps): LaunchTemplate {
  const { clusterName, projectName } = props;
  const groups = groupsWith("template", props.groups);
  const name = `${clusterName}-${groups.key.asString}`;
  const tags = {
    Name: name,
    Managed_by: "terraform",
    Project: projectName,
    [`kubernetes.io/cluster/${clusterName}`]: "owned",
  };
  const template = new LaunchTemplate(scope, "launch-template", {
    forEach: groups.forEach,
    name,
    updateDefaultVersion: true,
    imageId: groups.value("ami_id").asString,
    instanceType: hcl`${groups.value("instance_types")}[0]`.asString,
    keyName: props.keyName,
    iamInstanceProfile: { name: props.roles.profileOf(groups) },
    networkInterfaces: [
      {
        deviceIndex: 0,
        associatePublicIpAddress: groups.value("associate_public_ip").asString,
        deleteOnTermination: "true",
        securityGroups: hcl`concat([${props.securityGroupId}], ${groups.value("security_group_ids")})`.asList,
      },
    ],
    monitoring: { enabled: groups.value("detailed_monitoring").asResolvable },
    metadataOptions: {
      httpEndpoint: "enabled",
      httpTokens: "required",
      httpPutResponseHopLimit: groups.value("metadata_hop_limit").asNumber,
    },
    // Neither the provider's default tags nor, on volumes, those of the Auto Scaling group reach what it launches.
    tagSpecifications: ["instance", "volume"].map((resourceType) => ({ resourceType, tags })),
    tags: { Name: name },
    userData: hcl`base64encode(${props.userData}[each.key])`.asString,
    lifecycle: { precondition: [userDataFits(props)] },
  });
  // Bottlerocket has its system on a small first volume, and everything that grows on the second.
  // https://bottlerocket.dev/en/os/latest/concepts/components/
  const system = hcl`{ device = "/dev/xvda", size = null, iops = null, throughput = null }`;
  const data = (device: string) =>
    hcl`{ device = ${device}, size = each.value.volume_size, iops = each.value.volume_iops, throughput = each.value.volume_throughput }`;
  const volumes = hcl`${groups.value("ami_family")} == "bottlerocket" ? [${system}, ${data("/dev/xvdb")}] : [${data("/dev/xvda")}]`;
  addBlocks(template, "block_device_mappings", volumes, {
    device_name: "${block_device_mappings.value.device}",
    ebs: {
      volume_size: "${block_device_mappings.value.size}",
      volume_type: hcl`block_device_mappings.value.size == null ? "gp3" : ${groups.value("volume_type")}`.asString,
      iops: "${block_device_mappings.value.iops}",
      throughput: "${block_device_mappings.value.throughput}",
      encrypted: true,
      kms_key_id: props.volumeKmsKeyArn.asString,
      delete_on_termination: true,
    },
  });
  return template;
}
