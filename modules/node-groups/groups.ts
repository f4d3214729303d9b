import type { INPUTS } from "../../contract/inputs/inputs";
import type { Inputs } from "../inputs";
import { Expression, hcl } from "../hcl/expression";

/**
 * The node groups by name, a map: the rows of `node_groups`, or the workshop's single group, called `worker`.
 *
 * Both have the fields of a row, and `enable_docker_bridge`, which only the workshop's images know.
 */
export function nodeGroups(inputs: Inputs<typeof INPUTS>): Expression {
  const rows = inputs.nodeGroups.text;
  const worker = Object.entries(workshopsGroup(inputs)).map(([field, { text }]) => `${field} = ${text}`);
  const listed = `{ for name, group in ${rows} : name => merge(group, { enable_docker_bridge = false }) }`;
  // A `for` over a map of one: the two sides of a condition would need the same type.
  const workshops = `{ for name, group in { worker = { ${worker.join(", ")} } } : name => group if length(${rows}) == 0 }`;
  return new Expression(`merge(${listed}, ${workshops})`);
}

/** The workshop's single group in the words of `node_groups`. */
function workshopsGroup(inputs: Inputs<typeof INPUTS>): Readonly<Record<string, Expression>> {
  const size = (field: string) => new Expression(`${inputs.eksWorkerNodesAsgGroup.text}.${field}`);
  const userData = (field: string) => new Expression(`${inputs.eksWorkerUserDataGroup.text}.${field}`);
  const nothing = hcl`null`;
  return {
    ami_id: inputs.eksWorkerNodeAmiId,
    ami_family: inputs.eksWorkerNodeAmiFamily,
    instance_types: new Expression(`[${inputs.eksWorkerNodeEc2Type.text}]`),
    on_demand_base: hcl`0`,
    on_demand_percentage: hcl`100`,
    spot_allocation_strategy: nothing,
    spot_max_price: nothing,
    min_size: size("min"),
    max_size: size("max"),
    desired_size: size("desire"),
    desired_size_owner: hcl`"terraform"`,
    zones: hcl`[]`,
    subnet_ids: hcl`[]`,
    spread: hcl`"one_group"`,
    volume_size: inputs.eksWorkerNodeVolumeSize,
    volume_type: hcl`"gp2"`,
    volume_iops: nothing,
    volume_throughput: nothing,
    labels: hcl`{}`,
    taints: hcl`[]`,
    security_group_ids: hcl`[]`,
    policy_arns: hcl`[]`,
    kubelet_extra_args: userData("kubelet_extra_args"),
    max_pods: nothing,
    pre_userdata: userData("pre_userdata"),
    additional_userdata: userData("additional_userdata"),
    enable_docker_bridge: userData("enable_docker_bridge"),
    associate_public_ip: inputs.eksWorkerNodePublicIp,
    detailed_monitoring: inputs.eksWorkerNodesEnableMonitoring,
    // Two hops, so that a pod's request to the metadata service survives the node's bridge.
    // https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/configuring-instance-metadata-options.html
    metadata_hop_limit: hcl`2`,
    warm_up_seconds: nothing,
    instance_refresh: nothing,
    launch: inputs.eksWorkerNodeLaunch,
    cluster_autoscaler: hcl`false`,
  };
}
