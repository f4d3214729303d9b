import { HOST_NETWORK_PODS, PREFIX_ADDRESSES, RECOMMENDED_PODS, RESERVED_ADDRESSES } from "../../facts/pods";
import { Expression, hcl } from "../hcl/expression";

/** What figures are reckoned from. */
export interface Planned {
  /** A map by key of node groups, as tfvars have them. */
  readonly groups: Expression;
  /**
   * The subnets that nodes and their pods stand in, a list of `{ zone, cidr }`; those that exist already with their
   * `id` and with the addresses that are `free` in them.
   */
  readonly subnets: Expression;
  readonly prefixDelegation: Expression;
  /** A map by instance type of {@link instanceFacts}. */
  readonly types: Expression;
}

/**
 * What planning reads of an instance type, from the data source.
 *
 * The interfaces are those of the default network card: the CNI uses no other.
 *
 * @param type an `aws_ec2_instance_type`
 * @returns `{ interfaces, addresses, vcpus, memory_gib, has_prefixes, category }`; addresses are those of one interface
 */
export function instanceFacts(type: Expression): Expression {
  return hcl`{
    interfaces = coalesce(
      one([
        for card in ${type}.network_cards : card.maximum_interfaces
        if card.index == ${type}.default_network_card_index
      ]),
      ${type}.maximum_network_interfaces
    ),
    addresses = ${type}.maximum_ipv4_addresses_per_interface,
    vcpus = ${type}.default_vcpus,
    memory_gib = ${type}.memory_size / 1024,
    has_prefixes = ${type}.hypervisor == "nitro" || ${type}.bare_metal,
    category = length(${type}.gpus) > 0 ? "gpu" : ${type}.burstable_performance_supported ? "burstable" : "by ratio"
  }`;
}

/**
 * Pods that the interfaces of an instance type hold: each keeps one address to itself, and every other is one pod's, or
 * with prefix delegation sixteen pods'; the pods on the node's own address come on top.
 *
 * @param type facts of the type
 * @see https://github.com/awslabs/amazon-eks-ami/blob/main/nodeadm/internal/kubelet/eni_max_pods.go
 */
export function podsHeld(type: Expression, prefixDelegation: Expression): Expression {
  const ofAddress = hcl`${usesPrefixes(type, prefixDelegation)} ? ${PREFIX_ADDRESSES} : 1`;
  return hcl`${type}.interfaces * (${type}.addresses - 1) * ${ofAddress} + ${HOST_NETWORK_PODS}`;
}

/** {@link podsHeld}, and with prefix delegation no more than AWS recommends for the type's size. */
export function podsPerNode(type: Expression, prefixDelegation: Expression): Expression {
  const { few, many, manyAboveVcpus } = RECOMMENDED_PODS;
  const held = podsHeld(type, prefixDelegation);
  const recommended = hcl`${type}.vcpus > ${manyAboveVcpus} ? ${many} : ${few}`;
  return hcl`${usesPrefixes(type, prefixDelegation)} ? min(${held}, ${recommended}) : ${held}`;
}

function usesPrefixes(type: Expression, prefixDelegation: Expression): Expression {
  return hcl`${prefixDelegation} && ${type}.has_prefixes`;
}

/**
 * Addresses that a node takes from its subnet when it has as many pods as it may.
 *
 * The CNI takes an interface with all its addresses at a time and keeps one interface ready beside those in use (with
 * prefix delegation: one prefix), as long as the type has any left.
 *
 * @see https://github.com/aws/amazon-vpc-cni-k8s/blob/master/docs/eni-and-ip-target.md
 * @see https://github.com/aws/amazon-vpc-cni-k8s/blob/master/docs/prefix-and-ip-target.md
 */
export function addressesOfNode(type: Expression, pods: Expression, prefixDelegation: Expression): Expression {
  const own = hcl`max(${pods} - ${HOST_NETWORK_PODS}, 0)`;
  const slots = hcl`(${type}.addresses - 1)`;
  const prefixes = hcl`min(ceil(${own} / ${PREFIX_ADDRESSES}) + 1, ${type}.interfaces * ${slots})`;
  return hcl`
    ${usesPrefixes(type, prefixDelegation)}
    ? ceil(${prefixes} / ${slots}) + ${prefixes} * ${PREFIX_ADDRESSES}
    : min(ceil(${own} / ${slots}) + 1, ${type}.interfaces) * ${type}.addresses`;
}

/** Addresses of a subnet that something may have. */
export function addressesOfSubnet(cidr: Expression): Expression {
  return hcl`pow(2, 32 - tonumber(split("/", ${cidr})[1])) - ${RESERVED_ADDRESSES}`;
}

/** Addresses of a `subnet` that are free as far as is known. */
export const FREE_ADDRESSES = hcl`try(subnet.free, ${addressesOfSubnet(new Expression("subnet.cidr"))})`;

/**
 * What kind of work a type is for: the word that EC2 has for a type of so many GiB of memory for each vCPU (C: 2, M: 4,
 * R: 8), or of a kind of its own.
 *
 * @param category of the type's facts
 */
export function workload(category: Expression, gibPerVcpu: Expression): Expression {
  return hcl`
    ${category} != "by ratio" ? ${category}
    : ${gibPerVcpu} < 3 ? "compute" : ${gibPerVcpu} < 6 ? "general" : "memory"`;
}

/**
 * Figures of one node of every group; of a group with several instance types those of the smallest.
 *
 * @returns a map by group of `{ instance_types, vcpus, memory_gib, gib_per_vcpu, category, pods_held, pods_per_node,
 *   max_pods }`; max_pods is what the kubelet has to be told, null where the AMI's own computation is right
 */
export function nodeFigures({ groups, types, prefixDelegation }: Omit<Planned, "subnets">): Expression {
  const type = new Expression("type");
  const smallest = (figure: Expression) => hcl`min([for type in ${typesOf(types)} : ${figure}]...)`;
  const pods = smallest(podsPerNode(type, prefixDelegation));
  // The AMIs compute what the interfaces hold without prefixes.
  return hcl`{
    for key, group in ${groups} : key => {
      instance_types = group.instance_types,
      vcpus = ${smallest(hcl`type.vcpus`)},
      memory_gib = ${smallest(hcl`type.memory_gib`)},
      gib_per_vcpu = ${smallest(hcl`type.memory_gib / type.vcpus`)},
      category = ${types}[group.instance_types[0]].category,
      pods_held = ${smallest(podsHeld(type, prefixDelegation))},
      pods_per_node = coalesce(group.max_pods, ${pods}),
      max_pods = group.max_pods == null && ${prefixDelegation} ? ${pods} : group.max_pods
    }
  }`;
}

/** The facts of a `group`'s instance types: a list. */
export function typesOf(types: Expression): Expression {
  return hcl`[for name in group.instance_types : ${types}[name]]`;
}

/**
 * Figures of every group as a whole, when it has as many nodes as it may and these as many pods.
 *
 * @param nodes {@link nodeFigures}
 * @returns a map by group of what the output `planning` shows; addresses_available is null when the subnets are not
 * known
 */
export function groupFigures({
  groups,
  subnets,
  prefixDelegation,
  types,
  nodes,
}: Planned & { readonly nodes: Expression }): Expression {
  const node = hcl`${nodes}[key]`;
  const stands = hcl`[
    for subnet in ${subnets} : subnet
    if length(group.subnet_ids) > 0
    ? contains(group.subnet_ids, try(subnet.id, ""))
    : length(group.zones) == 0 || contains(group.zones, subnet.zone)
  ]`;
  const zones = hcl`max(length(distinct(${stands}[*].zone)), length(group.zones), 1)`;
  const nodesMax = hcl`group.max_size * (group.spread == "group_per_zone" ? ${zones} : 1)`;
  const ofNode = addressesOfNode(new Expression("type"), hcl`${node}.pods_per_node`, prefixDelegation);
  return hcl`{
    for key, group in ${groups} : key => {
      instance_types = group.instance_types,
      vcpus = ${node}.vcpus,
      memory_gib = ${node}.memory_gib,
      cpu_to_memory = format("1:%g", floor(${node}.gib_per_vcpu * 100 + 0.5) / 100),
      workload = ${workload(hcl`${node}.category`, hcl`${node}.gib_per_vcpu`)},
      pods_per_node = ${node}.pods_per_node,
      pods_max = ${nodesMax} * ${node}.pods_per_node,
      addresses_needed = ${nodesMax} * max([for type in ${typesOf(types)} : ${ofNode}]...),
      addresses_available = try(sum([for subnet in ${stands} : ${FREE_ADDRESSES}]), null)
    }
  }`;
}
