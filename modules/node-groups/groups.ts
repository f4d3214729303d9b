import { hcl, type Expression } from "../hcl/expression";
import type { EksInputs } from "../inputs";

/**
 * The node groups by name, a map: the rows of `node_groups`, or the workshop's single group, called `worker`.
 *
 * Both have the fields of a row, and `enable_docker_bridge`, which only the workshop's images know.
 */
export function nodeGroups(inputs: EksInputs): Expression {
  // A `for` over a map of one: the two sides of a condition would need the same type.
  return hcl`merge(
    { for name, group in ${inputs.nodeGroups} : name => merge(group, { enable_docker_bridge = false }) },
    {
      for name, group in { worker = ${workshopsGroup(inputs)} } : name => group
      if length(${inputs.nodeGroups}) == 0
    }
  )`;
}

/**
 * The workshop's single group in the words of `node_groups`. Two hops to the metadata service, so that a pod's request
 * survives the node's bridge.
 *
 * @see https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/configuring-instance-metadata-options.html
 */
function workshopsGroup(inputs: EksInputs): Expression {
  const { eksWorkerNodesAsgGroup: size, eksWorkerUserDataGroup: userData } = inputs;
  return hcl`{
    ami_id = ${inputs.eksWorkerNodeAmiId},
    ami_family = ${inputs.eksWorkerNodeAmiFamily},
    instance_types = [${inputs.eksWorkerNodeEc2Type}],
    on_demand_base = 0,
    on_demand_percentage = 100,
    spot_allocation_strategy = null,
    spot_max_price = null,
    min_size = ${size}.min,
    max_size = ${size}.max,
    desired_size = ${size}.desire,
    desired_size_owner = "terraform",
    zones = [],
    subnet_ids = [],
    spread = "one_group",
    volume_size = ${inputs.eksWorkerNodeVolumeSize},
    volume_type = "gp2",
    volume_iops = null,
    volume_throughput = null,
    labels = {},
    taints = [],
    security_group_ids = [],
    policy_arns = [],
    kubelet_extra_args = ${userData}.kubelet_extra_args,
    max_pods = null,
    pre_userdata = ${userData}.pre_userdata,
    additional_userdata = ${userData}.additional_userdata,
    enable_docker_bridge = ${userData}.enable_docker_bridge,
    associate_public_ip = ${inputs.eksWorkerNodePublicIp},
    detailed_monitoring = ${inputs.eksWorkerNodesEnableMonitoring},
    metadata_hop_limit = 2,
    warm_up_seconds = null,
    instance_refresh = null,
    launch = ${inputs.eksWorkerNodeLaunch},
    cluster_autoscaler = false
  }`;
}
