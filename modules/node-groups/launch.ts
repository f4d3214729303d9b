import { LaunchConfiguration } from "@cdktf/provider-aws/lib/launch-configuration";
import { LaunchTemplate } from "@cdktf/provider-aws/lib/launch-template";
import type { MapTerraformIterator } from "cdktf";
import type { Construct } from "constructs";

import { clusterTag } from "../../facts/cluster-tags";
import type { Family } from "../../facts/images";
import { each } from "../hcl/each";
import { Expression, hcl } from "../hcl/expression";
import { local } from "../hcl/local";
import { addBlocks } from "../hcl/maybe";
import type { Joined } from "../setting";

/** What EC2 takes, before it is encoded. @see https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/user-data.html */
const USER_DATA_MAX_BYTES = 16_384;

/**
 * Volumes of a machine by the family of its image, which launch templates make. `isSystem`: the system alone stands
 * there, on a small volume, and everything that grows on the other.
 *
 * @see https://bottlerocket.dev/en/os/latest/concepts/components/
 */
const VOLUMES = {
  al2: [{ device: "/dev/xvda", isSystem: false }],
  al2023: [{ device: "/dev/xvda", isSystem: false }],
  bottlerocket: [
    { device: "/dev/xvda", isSystem: true },
    { device: "/dev/xvdb", isSystem: false },
  ],
} satisfies Record<Family, readonly object[]>;

/** What machines are launched with. */
export interface LaunchProps extends Pick<Joined, "names" | "cluster"> {
  /** The node groups, by key. */
  readonly groups: Expression;
  readonly keyName: string;
  readonly securityGroupId: string;
  /** Inside a resource with one instance per group: name of the group's instance profile. */
  readonly profile: string;
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
    const { userData, userDataBytes, securityGroupId, groups } = props;
    const rowsWith = (launch: "configuration" | "template") =>
      each(
        local(
          scope,
          `launched-by-${launch}`,
          hcl`{ for key, group in ${groups} : key => group if group.launch == ${launch} }`,
        ),
      );
    const bytes = hcl`${userDataBytes}[each.key]`;
    const common = (rows: MapTerraformIterator) => ({
      forEach: rows,
      imageId: rows.getString("ami_id"),
      instanceType: hcl`each.value.instance_types[0]`.asString,
      keyName: props.keyName,
      metadataOptions: {
        httpEndpoint: "enabled",
        httpTokens: "required",
        httpPutResponseHopLimit: rows.getNumber("metadata_hop_limit"),
      },
    });
    const securityGroups = hcl`concat([${securityGroupId}], each.value.security_group_ids)`.asList;
    // Refuses user data that EC2 would refuse.
    const precondition = [
      {
        condition: hcl`${bytes} <= ${USER_DATA_MAX_BYTES}`.asString,
        errorMessage:
          `the user data of node group \${each.key} can have ${String(USER_DATA_MAX_BYTES)} bytes, got up to ` +
          `\${${bytes.text}}; put long scripts into S3 and fetch them.`,
      },
    ];

    const configured = rowsWith("configuration");
    this.configuration = new LaunchConfiguration(scope, "launch-configuration", {
      ...common(configured),
      namePrefix: `${props.cluster.name}_${configured.key}_node`,
      spotPrice: configured.getString("spot_max_price"),
      iamInstanceProfile: props.profile,
      securityGroups,
      associatePublicIpAddress: configured.getBoolean("associate_public_ip"),
      enableMonitoring: configured.getBoolean("detailed_monitoring"),
      rootBlockDevice: {
        volumeSize: configured.getNumber("volume_size"),
        volumeType: configured.getString("volume_type"),
        iops: configured.getNumber("volume_iops"),
        throughput: configured.getNumber("volume_throughput"),
        encrypted: true,
        deleteOnTermination: true,
      },
      userData: hcl`${userData}[each.key]`.asString,
      lifecycle: {
        // A launch configuration cannot be changed, and not be deleted while the Auto Scaling group uses it.
        createBeforeDestroy: true,
        // Neither is changed on what exists: a configuration that was taken over from the workshop is not replaced for
        // them, but warned about (see the stack's check "hardened_nodes").
        ignoreChanges: ["metadata_options", "root_block_device[0].encrypted"],
        precondition,
      },
    });

    const templated = rowsWith("template");
    const name = `${props.cluster.name}-${templated.key}`;
    const tags = {
      Name: name,
      Managed_by: "terraform",
      Project: props.names.project,
      [clusterTag(props.cluster.name)]: "owned",
    };
    this.template = new LaunchTemplate(scope, "launch-template", {
      ...common(templated),
      name,
      updateDefaultVersion: true,
      iamInstanceProfile: { name: props.profile },
      networkInterfaces: [
        {
          deviceIndex: 0,
          associatePublicIpAddress: templated.getString("associate_public_ip"),
          deleteOnTermination: "true",
          securityGroups,
        },
      ],
      monitoring: { enabled: templated.getBoolean("detailed_monitoring") },
      // Neither the provider's default tags nor, on volumes, those of the Auto Scaling group reach what it launches.
      tagSpecifications: ["instance", "volume"].map((resourceType) => ({ resourceType, tags })),
      tags: { Name: name },
      userData: hcl`base64encode(${userData}[each.key])`.asString,
      lifecycle: { precondition },
    });
    const volumes = local(scope, "volumes", VOLUMES);
    const isSystem = hcl`block_device_mappings.value.isSystem`;
    const ofData = (field: string) => hcl`${isSystem} ? null : each.value.${new Expression(field)}`.asString;
    addBlocks(this.template, "block_device_mappings", hcl`${volumes}[each.value.ami_family]`, {
      device_name: "${block_device_mappings.value.device}",
      ebs: {
        volume_size: ofData("volume_size"),
        volume_type: hcl`${isSystem} ? "gp3" : each.value.volume_type`.asString,
        iops: ofData("volume_iops"),
        throughput: ofData("volume_throughput"),
        encrypted: true,
        kms_key_id: props.volumeKmsKeyArn.asString,
        delete_on_termination: true,
      },
    });
  }
}
