import { AutoscalingGroup } from "@cdktf/provider-aws/lib/autoscaling-group";
import type { LaunchConfiguration } from "@cdktf/provider-aws/lib/launch-configuration";
import type { SecurityGroupRule } from "@cdktf/provider-aws/lib/security-group-rule";
import type { ITerraformDependable } from "cdktf";
import { Construct } from "constructs";

import { nodeImages } from "./node-groups/images";
import { Launch } from "./node-groups/launch";
import { NodeRoles } from "./node-groups/roles";
import { NodeSecurityGroup } from "./node-groups/security-group";
import { Expression, hcl } from "./hcl/expression";
import { local } from "./hcl/local";
import { addBlocks } from "./hcl/maybe";
import { Rows } from "./hcl/rows";
import { waitFor } from "./hcl/wait-for";
import { userDataOf } from "./user-data/family";
import type { NodeUserData } from "./user-data/node";

/** What node groups need to know of the cluster they join. */
export interface ClusterRef {
  readonly name: string;
  readonly endpoint: string;
  /** PEM in base64. */
  readonly certificateAuthorityData: string;
  /** The security group of the control plane's network interfaces. */
  readonly securityGroupId: string;
  /** Address range of the cluster's services, as EKS reports it. */
  readonly serviceCidr: string;
}

/** What node groups are made of. */
export interface NodeGroupsProps {
  /** The groups by key, with every field of the variable `node_groups`; keys and fields are known while Terraform plans. */
  readonly groups: Expression;
  /** Those of them whose AMI is looked up and checked while Terraform plans. */
  readonly checkedGroups: Expression;
  readonly cluster: ClusterRef;
  /** Name of the cluster, for what does not have to wait until it is there. */
  readonly clusterName: string;
  /** Of the control plane, `MAJOR.MINOR`, as tfvars say it. */
  readonly kubernetesVersion: Expression;
  /** Address range of the cluster's services when tfvars chose it, or null. */
  readonly chosenServiceCidr: Expression;
  /** First part of the name of the security group, and the tag `Project` of every node. */
  readonly projectName: string;
  /** Name of the nodes' IAM role and of its instance profile. */
  readonly roleName: string;
  /** `aws`, `aws-cn` or `aws-us-gov`. */
  readonly partition: string;
  /** Of the partition, such as `amazonaws.com`. */
  readonly dnsSuffix: string;
  readonly vpcId: string;
  /** Whether pods get IPv6 addresses: a boolean. */
  readonly hasIpv6: Expression;
  /** Where a node may go by IPv6. */
  readonly egressIpv6Cidrs: string[];
  /** Where a group stands that names neither zones nor subnets. */
  readonly subnetIds: string[];
  /** The zones of these subnets, known while Terraform plans: a list. */
  readonly zones: Expression;
  /** Ids of these subnets by zone: a map of lists. */
  readonly subnetIdsByZone: Expression;
  /** What has to exist before a node reaches the internet, where it fetches its images from. */
  readonly egress: readonly ITerraformDependable[];
  /** Security group that may reach the nodes by SSH. */
  readonly sshFromSecurityGroupId: string;
  /** A condition: from the control plane only the ports that a cluster needs, instead of the workshop's wide range. */
  readonly minimalRules: Expression;
  readonly keyName: string;
  /** Key of the volumes of groups with a launch template, or null. */
  readonly volumeKmsKeyArn: Expression;
  /** How many pods a node takes, by group, for groups that do not say; a group that is not in it leaves it to its family. */
  readonly maxPods: Expression;
}

/** What an Auto Scaling group has of its node group. */
type ScalingColumn =
  | "cluster_autoscaler"
  | "desired_size"
  | "desired_size_owner"
  | "group"
  | "instance_types"
  | "launch"
  | "max_size"
  | "min_size"
  | "on_demand_base"
  | "on_demand_percentage"
  | "placed_in"
  | "spot_allocation_strategy"
  | "spot_max_price"
  | "subnet_ids"
  | "warm_up_seconds";

const AUTOSCALER = "k8s.io/cluster-autoscaler";

/** Stand-ins for what is known only after the cluster is made, each as long as it can be. */
const LONGEST = {
  clusterName: hcl`format("%0100d", 0)`,
  endpoint: hcl`format("%0128d", 0)`,
  certificateAuthorityData: hcl`format("%02048d", 0)`,
  serviceCidr: hcl`${"255.255.255.240/28"}`,
} as const;

/**
 * Self-managed node groups with pinned AMIs: each a launch configuration or a launch template, and an Auto Scaling group,
 * or one for every zone.
 */
export class NodeGroups extends Construct {
  /** ARN of the role that all nodes share whose group has no policies of its own. */
  readonly roleArn: string;
  /** ARNs of all roles of nodes: a list. */
  readonly roleArns: Expression;
  /** The same as a map, whose keys are known when Terraform plans. */
  readonly roleArnsByKey: Expression;
  /** Sizes by name of the Auto Scaling group: `{ min, max, desired }`. */
  readonly sizes: Expression;
  /** Keys of the groups whose kubelet's version nobody knows. */
  readonly groupsOfUnknownVersion: Expression;
  readonly securityGroupId: string;
  readonly autoscalingGroups: AutoscalingGroup;
  /** The launch configurations, by group. */
  readonly launchConfiguration: LaunchConfiguration;
  /** What nodes may say to each other. */
  readonly betweenNodes: SecurityGroupRule;

  constructor(scope: Construct, id: string, props: NodeGroupsProps) {
    super(scope, id);
    const { cluster, projectName, partition, vpcId, minimalRules, keyName } = props;
    const groups = local(this, "groups", props.groups);

    const securityGroup = new NodeSecurityGroup(this, {
      name: `${projectName}-eks-worker-nodes-sg`,
      vpcId,
      clusterName: props.clusterName,
      groups,
      egressIpv6Cidrs: props.egressIpv6Cidrs,
      controlPlaneSecurityGroupId: cluster.securityGroupId,
      sshFromSecurityGroupId: props.sshFromSecurityGroupId,
      minimalRules,
    });
    const { roleName: name, dnsSuffix, hasIpv6 } = props;
    const roles = new NodeRoles(this, { name, partition, dnsSuffix, hasIpv6, groups });
    this.groupsOfUnknownVersion = nodeImages(this, props.checkedGroups, props.kubernetesVersion);

    // Plain values, because an expression has no place for what cdktf would write into a text.
    const joined = local(this, "cluster", {
      name: cluster.name,
      endpoint: cluster.endpoint,
      certificate_authority_data: cluster.certificateAuthorityData,
      service_cidr: cluster.serviceCidr,
    });
    const of = (field: string) => hcl`${joined}.${new Expression(field)}`;
    const told = this.told(props);
    const userData = local(
      this,
      "user-data",
      forEveryGroup(groups, {
        ...told,
        clusterName: of("name"),
        endpoint: of("endpoint"),
        certificateAuthorityData: of("certificate_authority_data"),
        serviceCidr: of("service_cidr"),
      }),
    );
    const longest = local(this, "longest-user-data", forEveryGroup(groups, { ...told, ...LONGEST }));
    const encoded = hcl`base64encode(text)`;
    const launch = new Launch(this, {
      clusterName: cluster.name,
      projectName,
      groups,
      keyName,
      securityGroupId: securityGroup.id,
      roles,
      userData,
      userDataBytes: hcl`{ for key, text in ${longest} : key => length(${encoded}) / 4 * 3 - length(regexall("=", ${encoded})) }`,
      volumeKmsKeyArn: props.volumeKmsKeyArn,
    });
    [this.autoscalingGroups, this.sizes] = this.scale(props, groups, launch, [
      ...roles.policies,
      ...securityGroup.rules,
      ...props.egress,
    ]);

    this.roleArn = roles.sharedArn;
    this.roleArns = roles.arns;
    this.roleArnsByKey = roles.arnsByKey;
    this.securityGroupId = securityGroup.id;
    this.launchConfiguration = launch.configuration;
    this.betweenNodes = securityGroup.betweenNodes;
  }

  /** What else has to exist before a node boots, of what is made only when the nodes' roles or security group are there. */
  waitFor(dependables: readonly ITerraformDependable[]): void {
    waitFor(this.autoscalingGroups, dependables);
  }

  /** What user data says of a `group`, inside an expression over all of them by `key`. */
  private told({ chosenServiceCidr, maxPods }: NodeGroupsProps) {
    const of = (field: string) => new Expression(`group.${field}`);
    const own = of("max_pods");
    return {
      chosenServiceCidr,
      preUserData: of("pre_userdata"),
      additionalUserData: of("additional_userdata"),
      kubeletExtraArgs: of("kubelet_extra_args"),
      enableDockerBridge: of("enable_docker_bridge"),
      maxPods: hcl`${own} != null ? ${own} : lookup(${maxPods}, key, null)`,
      labels: of("labels"),
      taints: of("taints"),
    };
  }

  /** Makes the Auto Scaling groups; returns them and their sizes by name. */
  private scale(
    { cluster, projectName, subnetIds, zones, subnetIdsByZone }: NodeGroupsProps,
    groups: Expression,
    launch: Launch,
    dependsOn: ITerraformDependable[],
  ): [AutoscalingGroup, Expression] {
    const zonesOfGroup = hcl`length(group.zones) > 0 ? group.zones : ${zones}`;
    const placed = hcl`flatten([for key, group in ${groups} : group.spread == "group_per_zone" ? [for zone in ${zonesOfGroup} : { key = "\${key}-\${zone}", group = key, zones = [zone] }] : [{ key = key, group = key, zones = [for zone in group.zones : zone] }]])`;
    const rows = new Rows<ScalingColumn>(
      local(
        this,
        "scaling-groups",
        hcl`{ for row in ${placed} : row.key => merge(${groups}[row.group], { group = row.group, placed_in = row.zones }) }`,
      ),
    );
    const ownSubnets = rows.value("subnet_ids");
    const inZones = rows.value("placed_in");
    const desired = (row: string, autoscaled: string) =>
      new Expression(
        `${row}.desired_size_owner == "autoscaler" ? ${autoscaled} : ${row}.desired_size == null ? ${row}.min_size : ${row}.desired_size`,
      );
    const template = hcl`${launch.template}[${rows.value("group")}]`;
    const fromTemplate = hcl`${rows.value("launch")} == "template"`;
    const isMixed = hcl`length(${rows.value("instance_types")}) > 1 || ${rows.value("on_demand_percentage")} < 100`;
    const name = `${cluster.name}-${rows.key.asString}`;

    const group = new AutoscalingGroup(this, "autoscaling-group", {
      forEach: rows.forEach,
      name,
      launchConfiguration: hcl`${fromTemplate} ? null : ${launch.configuration}[${rows.value("group")}].name`.asString,
      minSize: rows.value("min_size").asNumber,
      maxSize: rows.value("max_size").asNumber,
      // A size that Terraform does not say is left as it is: an autoscaler's to decide, from the least on.
      desiredCapacity: desired("each.value", "null").asNumber,
      vpcZoneIdentifier:
        hcl`length(${ownSubnets}) > 0 ? ${ownSubnets} : length(${inZones}) > 0 ? flatten([for zone in ${inZones} : lookup(${subnetIdsByZone}, zone, [])]) : ${subnetIds}`
          .asList,
      // AWS starts another node when it is about to take one away.
      capacityRebalance: hcl`${rows.value("on_demand_percentage")} < 100 ? true : null`.asResolvable,
      // To even out the zones AWS would end nodes that the cluster autoscaler has not drained.
      // https://github.com/kubernetes/autoscaler/blob/master/cluster-autoscaler/cloudprovider/aws/README.md#common-notes-and-gotchas
      suspendedProcesses: hcl`${rows.value("cluster_autoscaler")} ? ["AZRebalance"] : null`.asList,
      defaultInstanceWarmup: rows.value("warm_up_seconds").asNumber,
      lifecycle: {
        precondition: [
          {
            condition: hcl`alltrue([for zone in ${inZones} : contains(${zones}, zone)])`.asString,
            errorMessage: `node_groups.\${each.value.group}.zones must be zones of the private subnets, got \${join(", ", [for zone in ${inZones.text} : zone if !contains(${zones.text}, zone)])}; they have \${join(", ", sort(${zones.text}))}.`,
          },
        ],
      },
      // A node that boots before it may call AWS, talk to the control plane or fetch an image does not join; and at
      // the end the nodes have to go before what they work with.
      dependsOn,
    });
    const version = hcl`tostring(${template}.latest_version)`;
    addBlocks(group, "launch_template", hcl`${fromTemplate} && !${isMixed} ? [1] : []`, {
      id: hcl`${template}.id`.asString,
      version: version.asString,
    });
    addBlocks(group, "mixed_instances_policy", hcl`${fromTemplate} && ${isMixed} ? [1] : []`, {
      instances_distribution: {
        on_demand_base_capacity: rows.value("on_demand_base").asString,
        on_demand_percentage_above_base_capacity: rows.value("on_demand_percentage").asString,
        spot_allocation_strategy: rows.value("spot_allocation_strategy").asString,
        spot_max_price: rows.value("spot_max_price").asString,
      },
      launch_template: {
        launch_template_specification: { launch_template_id: hcl`${template}.id`.asString, version: version.asString },
        dynamic: {
          override: {
            for_each: rows.value("instance_types").asString,
            content: { instance_type: "${override.value}" },
          },
        },
      },
    });
    addBlocks(
      group,
      "instance_refresh",
      hcl`each.value.instance_refresh == null ? [] : [each.value.instance_refresh]`,
      {
        strategy: "Rolling",
        preferences: {
          min_healthy_percentage: "${instance_refresh.value.min_healthy_percentage}",
          skip_matching: "${instance_refresh.value.skip_matching}",
        },
      },
    );
    addBlocks(group, "tag", this.tags(cluster.name, projectName), {
      key: "${tag.value.key}",
      value: "${tag.value.value}",
      propagate_at_launch: "${tag.value.propagate}",
    });
    const sizes = hcl`{ for key, row in ${rows.all} : format("%s-%s", ${cluster.name}, key) => { min = row.min_size, max = row.max_size, desired = ${desired("row", "row.min_size")} } }`;
    return [group, sizes];
  }

  /**
   * The tags of an Auto Scaling group: a list.
   *
   * The provider's default tags do not reach Auto Scaling groups. A node without the cluster's tag does not join. From
   * the cluster autoscaler's it learns what a node would be like that is not there yet.
   *
   * @see https://docs.aws.amazon.com/eks/latest/userguide/worker.html
   * @see https://github.com/kubernetes/autoscaler/blob/master/cluster-autoscaler/cloudprovider/aws/README.md
   */
  private tags(clusterName: string, projectName: string): Expression {
    const all = hcl`{ Name = format("%s-%s", ${clusterName}, each.key), Managed_by = "terraform", Project = ${projectName}, (format("kubernetes.io/cluster/%s", ${clusterName})) = "owned" }`;
    const own = hcl`{ (${`${AUTOSCALER}/enabled`}) = "true", (format(${`${AUTOSCALER}/%s`}, ${clusterName})) = "owned", (${`${AUTOSCALER}/node-template/resources/ephemeral-storage`}) = "\${each.value.volume_size}Gi" }`;
    const labels = hcl`{ for key, value in each.value.labels : format(${`${AUTOSCALER}/node-template/label/%s`}, key) => value }`;
    const effects = hcl`{ for taint in each.value.taints : taint.key => "\${taint.value}:\${taint.effect}"... }`;
    // A tag has one value; a second effect of the same taint keeps no fewer pods away.
    const taints = hcl`{ for key, all in ${effects} : format(${`${AUTOSCALER}/node-template/taint/%s`}, key) => all[0] }`;
    const autoscaler = hcl`merge(${own}, ${labels}, ${taints})`;
    return hcl`concat([for key, value in ${all} : { key = key, value = value, propagate = true }], [for key, value in ${autoscaler} : { key = key, value = value, propagate = false } if each.value.cluster_autoscaler])`;
  }
}

/** User data by group. */
function forEveryGroup(groups: Expression, values: NodeUserData): Expression {
  return hcl`{ for key, group in ${groups} : key => ${userDataOf(new Expression("group.ami_family"), values)} }`;
}
