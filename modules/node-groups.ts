import { AutoscalingGroup } from "@cdktf/provider-aws/lib/autoscaling-group";
import type { ITerraformDependable } from "cdktf";
import { Construct } from "constructs";

import { rule } from "../contract/inputs/rule";
import { AUTOSCALER_TAG, clusterTag } from "../facts/cluster-tags";
import { each } from "./hcl/each";
import { Expression, hcl } from "./hcl/expression";
import { local } from "./hcl/local";
import { addBlocks } from "./hcl/maybe";
import { waitFor } from "./hcl/wait-for";
import { nodeGroups } from "./node-groups/groups";
import { nodeImages } from "./node-groups/images";
import { Launch } from "./node-groups/launch";
import { NodeRoles } from "./node-groups/roles";
import { NodeSecurityGroup } from "./node-groups/security-group";
import type { Joined } from "./setting";
import { userDataOf } from "./user-data/family";
import type { NodeUserData } from "./user-data/node";

/** What node groups are made of. */
export interface NodeGroupsProps extends Joined {
  /** What has to exist before a node reaches the internet, where it fetches its images from. */
  readonly egress: readonly ITerraformDependable[];
  /** Security group that may reach the nodes by SSH. */
  readonly sshFromSecurityGroupId: string;
  readonly keyName: string;
  /** Key of the volumes of groups with a launch template, or null. */
  readonly volumeKmsKeyArn: Expression;
  /**
   * How many pods a node takes, by group, for groups that do not say; a group that is not in it leaves it to its
   * family.
   */
  readonly maxPods: Expression;
}

/** What of a node's user data is known only after the cluster is made. */
type OfCluster = Pick<NodeUserData, "clusterName" | "endpoint" | "certificateAuthorityData" | "serviceCidr">;

/** Stand-ins for it, each as long as it can be. */
const LONGEST: OfCluster = {
  clusterName: hcl`format("%0100d", 0)`,
  endpoint: hcl`format("%0128d", 0)`,
  certificateAuthorityData: hcl`format("%02048d", 0)`,
  serviceCidr: hcl`"255.255.255.240/28"`,
};

/**
 * Self-managed node groups with pinned AMIs: each a launch configuration or a launch template, and an Auto Scaling
 * group, or one for every zone.
 */
export class NodeGroups extends Construct {
  readonly roles: NodeRoles;
  readonly securityGroup: NodeSecurityGroup;
  readonly launch: Launch;
  /** Sizes by name of the Auto Scaling group: `{ min, max, desired }`. */
  readonly sizes: Expression;
  /** Keys of the groups whose kubelet's version nobody knows. */
  readonly groupsOfUnknownVersion: Expression;
  readonly autoscalingGroups: AutoscalingGroup;

  constructor(scope: Construct, id: string, props: NodeGroupsProps) {
    super(scope, id);
    const { inputs, cluster } = props;
    const groups = local(this, "groups", nodeGroups(inputs));

    this.securityGroup = new NodeSecurityGroup(this, { ...props, groups });
    this.roles = new NodeRoles(this, props, groups);
    this.groupsOfUnknownVersion = nodeImages(this, inputs.nodeGroups, inputs.eksVersion);

    // Plain values, because an expression has no place for what cdktf would write into a text.
    const joined = local(this, "cluster", {
      name: cluster.name,
      endpoint: cluster.endpoint,
      certificate_authority_data: cluster.certificateAuthorityData,
      service_cidr: cluster.serviceCidr,
    });
    const told = (what: string, ofCluster: OfCluster) => {
      const values = { ...ofGroup(props), ...ofCluster };
      const family = new Expression("group.ami_family");
      return local(this, what, hcl`{ for key, group in ${groups} : key => ${userDataOf(family, values)} }`);
    };
    const userData = told("user-data", {
      clusterName: hcl`${joined}.name`,
      endpoint: hcl`${joined}.endpoint`,
      certificateAuthorityData: hcl`${joined}.certificate_authority_data`,
      serviceCidr: hcl`${joined}.service_cidr`,
    });
    const longest = told("longest-user-data", LONGEST);
    const encoded = hcl`base64encode(text)`;
    this.launch = new Launch(this, {
      ...props,
      groups,
      securityGroupId: this.securityGroup.id,
      profile: this.roles.profile,
      userData,
      userDataBytes: local(
        this,
        "user-data-bytes",
        hcl`{ for key, text in ${longest} : key => length(${encoded}) / 4 * 3 - length(regexall("=", ${encoded})) }`,
      ),
    });
    [this.autoscalingGroups, this.sizes] = this.scale(props, groups);
  }

  /**
   * What else has to exist before a node boots, of what is made only when the nodes' roles or security group are
   * there.
   */
  waitFor(dependables: readonly ITerraformDependable[]): void {
    waitFor(this.autoscalingGroups, dependables);
  }

  /** Makes the Auto Scaling groups; returns them and their sizes by name. */
  private scale(
    { cluster, network, names, egress }: NodeGroupsProps,
    groups: Expression,
  ): [AutoscalingGroup, Expression] {
    const zones = local(this, "zones", hcl`distinct(${network.privateSubnets}[*].zone)`);
    const subnetsByZone = local(
      this,
      "subnets-by-zone",
      hcl`{ for subnet in ${network.privateSubnets} : subnet.zone => subnet.id... }`,
    );
    const groupsByZone = local(
      this,
      "groups-by-zone",
      hcl`merge([
        for key, group in ${groups} : {
          for zone in length(group.zones) > 0 ? group.zones : ${zones} :
          "\${key}-\${zone}" => merge(group, { group = key, placed_in = [zone] })
        } if group.spread == "group_per_zone"
      ]...)`,
    );
    const scaled = local(
      this,
      "scaling-groups",
      hcl`merge(
        ${groupsByZone},
        {
          for key, group in ${groups} :
          key => merge(group, { group = key, placed_in = group.zones })
          if group.spread != "group_per_zone"
        }
      )`,
    );
    const subnets = local(
      this,
      "scaling-subnets",
      hcl`{
        for key, row in ${scaled} : key => flatten([for zone in row.placed_in : lookup(${subnetsByZone}, zone, [])])
      }`,
    );
    const rows = each(scaled);
    const desired = (row: string, autoscaled: string) =>
      new Expression(
        `${row}.desired_size_owner == "autoscaler" ? ${autoscaled} : ` +
          `${row}.desired_size == null ? ${row}.min_size : ${row}.desired_size`,
      );
    const template = hcl`${this.launch.template}[each.value.group]`;
    const fromTemplate = hcl`each.value.launch == "template"`;
    const isMixed = hcl`length(each.value.instance_types) > 1 || each.value.on_demand_percentage < 100`;
    const unknownZones = hcl`setsubtract(each.value.placed_in, ${zones})`;

    const group = new AutoscalingGroup(this, "autoscaling-group", {
      forEach: rows,
      name: `${cluster.name}-${rows.key}`,
      launchConfiguration: hcl`${fromTemplate} ? null : ${this.launch.configuration}[each.value.group].name`.asString,
      minSize: rows.getNumber("min_size"),
      maxSize: rows.getNumber("max_size"),
      // A size that Terraform does not say is left as it is: an autoscaler's to decide, from the least on.
      desiredCapacity: desired("each.value", "null").asNumber,
      vpcZoneIdentifier: hcl`
        length(each.value.subnet_ids) > 0 ? each.value.subnet_ids
        : length(each.value.placed_in) > 0 ? ${subnets}[each.key] : ${network.privateSubnetIds}`.asList,
      // AWS starts another node when it is about to take one away.
      capacityRebalance: hcl`each.value.on_demand_percentage < 100 ? true : null`,
      // To even out the zones AWS would end nodes that the cluster autoscaler has not drained.
      // https://github.com/kubernetes/autoscaler/blob/master/cluster-autoscaler/cloudprovider/aws/README.md
      suspendedProcesses: hcl`each.value.cluster_autoscaler ? ["AZRebalance"] : null`.asList,
      defaultInstanceWarmup: rows.getNumber("warm_up_seconds"),
      lifecycle: {
        precondition: [
          rule(
            hcl`length(${unknownZones}) == 0`.text,
            `node_groups.\${each.value.group}.zones must be zones of the private subnets, got
             \${join(", ", ${unknownZones.text})}; they have \${join(", ", sort(${zones.text}))}.`,
          ),
        ],
      },
      // A node that boots before it may call AWS, talk to the control plane or fetch an image does not join; and at
      // the end the nodes have to go before what they work with.
      dependsOn: [...this.roles.policies, ...this.securityGroup.rules, ...egress],
    });
    const templateId = hcl`${template}.id`.asString;
    const version = hcl`tostring(${template}.latest_version)`.asString;
    addBlocks(group, "launch_template", hcl`${fromTemplate} && !${isMixed} ? [1] : []`, { id: templateId, version });
    addBlocks(group, "mixed_instances_policy", hcl`${fromTemplate} && ${isMixed} ? [1] : []`, {
      instances_distribution: {
        on_demand_base_capacity: rows.getString("on_demand_base"),
        on_demand_percentage_above_base_capacity: rows.getString("on_demand_percentage"),
        spot_allocation_strategy: rows.getString("spot_allocation_strategy"),
        spot_max_price: rows.getString("spot_max_price"),
      },
      launch_template: {
        launch_template_specification: { launch_template_id: templateId, version },
        dynamic: {
          override: {
            for_each: rows.getString("instance_types"),
            content: { instance_type: "${override.value}" },
          },
        },
      },
    });
    addBlocks(group, "instance_refresh", hcl`each.value.instance_refresh[*]`, {
      strategy: "Rolling",
      preferences: {
        min_healthy_percentage: "${instance_refresh.value.min_healthy_percentage}",
        skip_matching: "${instance_refresh.value.skip_matching}",
      },
    });
    addBlocks(group, "tag", hcl`${this.tags(scaled, cluster.name, names.project)}[each.key]`, {
      key: "${tag.value.key}",
      value: "${tag.value.value}",
      propagate_at_launch: "${tag.value.propagate}",
    });
    const sizes = local(
      this,
      "sizes",
      hcl`{
        for key, row in ${scaled} :
        format("%s-%s", ${cluster.name}, key) =>
        { min = row.min_size, max = row.max_size, desired = ${desired("row", "row.min_size")} }
      }`,
    );
    return [group, sizes];
  }

  /**
   * The tags of every Auto Scaling group: a map of lists.
   *
   * The provider's default tags do not reach Auto Scaling groups. A node without the cluster's tag does not join. From
   * the cluster autoscaler's it learns what a node would be like that is not there yet.
   *
   * @see https://docs.aws.amazon.com/eks/latest/userguide/worker.html
   * @see https://github.com/kubernetes/autoscaler/blob/master/cluster-autoscaler/cloudprovider/aws/README.md
   */
  private tags(scaled: Expression, clusterName: string, project: string): Expression {
    const ofEvery = local(this, "tags-of-every-group", {
      Managed_by: "terraform",
      Project: project,
      [clusterTag(clusterName)]: "owned",
    });
    const ofAutoscaler = local(this, "tags-of-autoscaled-groups", {
      [`${AUTOSCALER_TAG}enabled`]: "true",
      [`${AUTOSCALER_TAG}${clusterName}`]: "owned",
    });
    const ofNode = `${AUTOSCALER_TAG}node-template`;
    // A tag has one value; a second effect of the same taint keeps no fewer pods away.
    const autoscaler = local(
      this,
      "autoscaler-tags",
      hcl`{
        for key, row in ${scaled} : key => merge(
          ${ofAutoscaler},
          { (${`${ofNode}/resources/ephemeral-storage`}) = "\${row.volume_size}Gi" },
          { for label, value in row.labels : format(${`${ofNode}/label/%s`}, label) => value },
          {
            for taint, effects in { for taint in row.taints : taint.key => "\${taint.value}:\${taint.effect}"... } :
            format(${`${ofNode}/taint/%s`}, taint) => effects[0]
          }
        )
      }`,
    );
    return local(
      this,
      "tags",
      hcl`{
        for key, row in ${scaled} : key => concat(
          [
            for name, value in merge({ Name = format("%s-%s", ${clusterName}, key) }, ${ofEvery}) :
            { key = name, value = value, propagate = true }
          ],
          [
            for name, value in ${autoscaler}[key] :
            { key = name, value = value, propagate = false } if row.cluster_autoscaler
          ]
        )
      }`,
    );
  }
}

/** What user data says of a `group`, inside an expression over all of them by `key`. */
function ofGroup({ inputs, maxPods }: NodeGroupsProps): Omit<NodeUserData, keyof OfCluster> {
  return {
    chosenServiceCidr: inputs.serviceCidr,
    preUserData: hcl`group.pre_userdata`,
    additionalUserData: hcl`group.additional_userdata`,
    kubeletExtraArgs: hcl`group.kubelet_extra_args`,
    enableDockerBridge: hcl`group.enable_docker_bridge`,
    maxPods: hcl`group.max_pods != null ? group.max_pods : lookup(${maxPods}, key, null)`,
    labels: hcl`group.labels`,
    taints: hcl`group.taints`,
  };
}
