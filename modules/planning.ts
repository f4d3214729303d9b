import { DataAwsEc2InstanceType } from "@cdktf/provider-aws/lib/data-aws-ec2-instance-type";
import { Construct } from "constructs";

import type { Warning } from "./hcl/check";
import { Expression, hcl } from "./hcl/expression";
import { local } from "./hcl/local";
import { Rows } from "./hcl/rows";

/**
 * Pods that a node may have at most with prefix delegation, by its size, whatever its interfaces hold.
 *
 * @see https://docs.aws.amazon.com/eks/latest/userguide/choosing-instance-type.html
 */
const PODS_WITH_PREFIXES = { small: 110, large: 250, largeFromVcpus: 30 } as const;

/** Addresses of a prefix (/28), and those of every subnet that AWS keeps for itself. @see https://docs.aws.amazon.com/vpc/latest/userguide/subnet-sizing.html */
const PREFIX_ADDRESSES = 16;
const SUBNET_RESERVED_ADDRESSES = 5;

/** Pods of each node that live on its own address: the CNI's and kube-proxy. */
const HOST_NETWORK_PODS = 2;

/**
 * What planning reads of an instance type, from the data source.
 *
 * The interfaces are those of the default network card: the CNI uses no other.
 *
 * @param type an `aws_ec2_instance_type`
 * @returns `{ interfaces, addresses, vcpus, memory_gib, has_prefixes, category }`; addresses are those of one interface
 */
export function instanceFacts(type: Expression): Expression {
  const interfaces = hcl`one([for card in ${type}.network_cards : card.maximum_interfaces if card.index == ${type}.default_network_card_index])`;
  const category = hcl`length(${type}.gpus) > 0 ? "gpu" : ${type}.burstable_performance_supported ? "burstable" : "by ratio"`;
  return hcl`{ interfaces = coalesce(${interfaces}, ${type}.maximum_network_interfaces), addresses = ${type}.maximum_ipv4_addresses_per_interface, vcpus = ${type}.default_vcpus, memory_gib = ${type}.memory_size / 1024, has_prefixes = ${type}.hypervisor == "nitro" || ${type}.bare_metal, category = ${category} }`;
}

/**
 * Pods that the interfaces of an instance type hold: each keeps one address to itself, and every other is one pod's, or
 * with prefix delegation sixteen pods'; the pods on the node's own address come on top.
 *
 * @param type facts of the type
 * @see https://github.com/awslabs/amazon-eks-ami/blob/main/nodeadm/internal/kubelet/eni_max_pods.go
 */
export function podsHeld(type: Expression, prefixDelegation: Expression): Expression {
  return hcl`${type}.interfaces * (${type}.addresses - 1) * (${usesPrefixes(type, prefixDelegation)} ? ${PREFIX_ADDRESSES} : 1) + ${HOST_NETWORK_PODS}`;
}

/** {@link podsHeld}, and with prefix delegation no more than AWS recommends for the type's size. */
export function podsPerNode(type: Expression, prefixDelegation: Expression): Expression {
  const { small, large, largeFromVcpus } = PODS_WITH_PREFIXES;
  const held = podsHeld(type, prefixDelegation);
  return hcl`${usesPrefixes(type, prefixDelegation)} ? min(${held}, ${type}.vcpus < ${largeFromVcpus} ? ${small} : ${large}) : ${held}`;
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
  const withPrefixes = hcl`ceil(${prefixes} / ${slots}) + ${prefixes} * ${PREFIX_ADDRESSES}`;
  const withAddresses = hcl`min(ceil(${own} / ${slots}) + 1, ${type}.interfaces) * ${type}.addresses`;
  return hcl`${usesPrefixes(type, prefixDelegation)} ? ${withPrefixes} : ${withAddresses}`;
}

/** Addresses of a subnet that something may have. */
export function addressesOfSubnet(cidr: Expression): Expression {
  return hcl`pow(2, 32 - tonumber(split("/", ${cidr})[1])) - ${SUBNET_RESERVED_ADDRESSES}`;
}

/**
 * What kind of work a type is for: the word that EC2 has for a type of so many GiB of memory for each vCPU (C: 2, M: 4,
 * R: 8), or of a kind of its own.
 *
 * @param category of the type's facts
 */
export function workload(category: Expression, gibPerVcpu: Expression): Expression {
  return hcl`${category} != "by ratio" ? ${category} : ${gibPerVcpu} < 3 ? "compute" : ${gibPerVcpu} < 6 ? "general" : "memory"`;
}

/** What planning is made of. */
export interface PlanningProps {
  /** A map by key of node groups, as tfvars have them. */
  readonly groups: Expression;
  /**
   * The subnets that nodes and their pods stand in, a list of `{ zone, cidr }`; those that exist already with their `id`
   * and with the addresses that are `free` in them.
   */
  readonly subnets: Expression;
  readonly prefixDelegation: Expression;
  /** The names of the cluster's add-ons. */
  readonly addOns: Expression;
}

/**
 * Figures of one node of every group; of a group with several instance types those of the smallest.
 *
 * @param types a map by instance type of {@link instanceFacts}
 * @returns a map by group of `{ instance_types, vcpus, memory_gib, gib_per_vcpu, category, pods_held, pods_per_node,
 *   max_pods }`; max_pods is what the kubelet has to be told, null where the AMI's own computation is right
 */
export function nodeFigures({
  groups,
  types,
  prefixDelegation,
}: Pick<PlanningProps, "groups" | "prefixDelegation"> & { readonly types: Expression }): Expression {
  const type = new Expression("type");
  const smallest = (figure: Expression) =>
    hcl`min([for type in [for name in group.instance_types : ${types}[name]] : ${figure}]...)`;
  const pods = smallest(podsPerNode(type, prefixDelegation));
  return figuresBy("group", groups, {
    instance_types: hcl`group.instance_types`,
    vcpus: smallest(hcl`type.vcpus`),
    memory_gib: smallest(hcl`type.memory_gib`),
    gib_per_vcpu: smallest(hcl`type.memory_gib / type.vcpus`),
    category: hcl`${types}[group.instance_types[0]].category`,
    pods_held: smallest(podsHeld(type, prefixDelegation)),
    pods_per_node: hcl`coalesce(group.max_pods, ${pods})`,
    // The AMIs compute what the interfaces hold without prefixes.
    max_pods: hcl`group.max_pods == null && ${prefixDelegation} ? ${pods} : group.max_pods`,
  });
}

/**
 * Figures of every group as a whole, when it has as many nodes as it may and these as many pods.
 *
 * @param types a map by instance type of {@link instanceFacts}
 * @param nodes {@link nodeFigures}
 * @returns a map by group of what the output `planning` shows; addresses_available is null when the subnets are not known
 */
export function groupFigures({
  groups,
  subnets,
  prefixDelegation,
  types,
  nodes,
}: Omit<PlanningProps, "addOns"> & { readonly types: Expression; readonly nodes: Expression }): Expression {
  const node = hcl`${nodes}[key]`;
  const stands = hcl`[for subnet in ${subnets} : subnet if length(group.subnet_ids) > 0 ? contains(group.subnet_ids, try(subnet.id, "")) : length(group.zones) == 0 || contains(group.zones, subnet.zone)]`;
  const zones = hcl`max(length(distinct(${stands}[*].zone)), length(group.zones), 1)`;
  const nodesMax = hcl`group.max_size * (group.spread == "group_per_zone" ? ${zones} : 1)`;
  const ofNode = addressesOfNode(new Expression("type"), hcl`${node}.pods_per_node`, prefixDelegation);
  const free = hcl`try(subnet.free, ${addressesOfSubnet(new Expression("subnet.cidr"))})`;
  return figuresBy("group", groups, {
    instance_types: hcl`group.instance_types`,
    vcpus: hcl`${node}.vcpus`,
    memory_gib: hcl`${node}.memory_gib`,
    cpu_to_memory: hcl`format("1:%g", floor(${node}.gib_per_vcpu * 100 + 0.5) / 100)`,
    workload: workload(hcl`${node}.category`, hcl`${node}.gib_per_vcpu`),
    pods_per_node: hcl`${node}.pods_per_node`,
    pods_max: hcl`${nodesMax} * ${node}.pods_per_node`,
    addresses_needed: hcl`${nodesMax} * max([for type in [for name in group.instance_types : ${types}[name]] : ${ofNode}]...)`,
    addresses_available: hcl`try(sum([for subnet in ${stands} : ${free}]), null)`,
  });
}

/** A map by key of objects with these fields. */
function figuresBy(value: string, map: Expression, fields: Readonly<Record<string, Expression>>): Expression {
  const written = Object.entries(fields).map(([name, { text }]) => `${name} = ${text}`);
  return new Expression(`{ for key, ${value} in ${map.text} : key => { ${written.join(", ")} } }`);
}

/** Figures of the node groups that are known before anything is made: pods, addresses, processors and memory. */
export class Planning extends Construct {
  /** A map by node group: {@link groupFigures}. */
  readonly groups: Expression;
  /** A map by node group of the pods that its kubelets have to be told; null where the AMI's own computation is right. */
  readonly maxPods: Expression;
  /** What a plan is to warn of. */
  readonly warnings: readonly Warning[];

  constructor(scope: Construct, id: string, props: PlanningProps) {
    super(scope, id);
    const { groups, subnets, prefixDelegation, addOns } = props;

    const wanted = new Rows(
      hcl`{ for type in distinct(flatten([for group in ${groups} : group.instance_types])) : type => type }`,
    );
    const instanceType = new DataAwsEc2InstanceType(this, "instance-type", {
      forEach: wanted.forEach,
      instanceType: wanted.key.asString,
    });
    const facts = instanceFacts(new Expression("type"));
    const types = local(this, "types", hcl`{ for name, type in ${instanceType} : name => ${facts} }`);
    const nodes = local(this, "nodes", nodeFigures({ groups, types, prefixDelegation }));
    this.groups = local(this, "groups", groupFigures({ groups, subnets, prefixDelegation, types, nodes }));
    this.maxPods = hcl`{ for key, node in ${nodes} : key => node.max_pods }`;

    const daemons = hcl`${HOST_NETWORK_PODS} + length([for name in ["eks-pod-identity-agent", "aws-ebs-csi-driver"] : name if contains(${addOns}, name)])`;
    const crowded = hcl`[for key, group in ${this.groups} : "\${key} (\${join(", ", group.instance_types)}: \${group.pods_per_node})" if group.pods_per_node <= ${daemons} + 2]`;
    const short = hcl`[for key, group in ${this.groups} : "\${key} (needs \${group.addresses_needed}, has \${group.addresses_available})" if try(group.addresses_needed > group.addresses_available, false)]`;
    const shared = hcl`[for key, group in ${groups} : ${this.groups}[key].addresses_needed if length(group.subnet_ids) == 0]`;
    const free = hcl`[for subnet in ${subnets} : try(subnet.free, ${addressesOfSubnet(new Expression("subnet.cidr"))})]`;
    const overfull = hcl`[for key, node in ${nodes} : "\${key} (max_pods \${node.max_pods}, holds \${node.pods_held})" if try(node.max_pods > node.pods_held, false)]`;
    // Memory within a tenth counts as the same: r5.2xlarge has 64 GiB, i3.2xlarge 61.
    const size = hcl`[for name in group.instance_types : ${types}[name]]`;
    const isUneven = hcl`group.cluster_autoscaler && (length(distinct(${size}[*].vcpus)) > 1 || max(${size}[*].memory_gib...) > 1.1 * min(${size}[*].memory_gib...))`;
    const uneven = hcl`[for key, group in ${groups} : "\${key} (\${join(", ", [for name in group.instance_types : format("%s: %d vCPUs and %g GiB", name, ${types}[name].vcpus, ${types}[name].memory_gib)])})" if ${isUneven}]`;
    const without = hcl`[for name, type in ${types} : name if ${prefixDelegation} && !type.has_prefixes]`;
    const none = (list: Expression) => hcl`length(${list}) == 0`;
    const shown = ({ text }: Expression) => `\${join(", ", ${text})}`;
    this.warnings = [
      [
        "pods_for_the_system",
        none(crowded),
        `a node has no room for pods of yours beside the system's own (\${${daemons.text}} on every node, and CoreDNS' two): ` +
          `node_groups ${shown(crowded)}; take a larger instance type or prefix_delegation.`,
      ],
      [
        "addresses_of_each_group",
        none(short),
        `a node group at its maximum needs more addresses than its subnets have: node_groups ${shown(short)}; lower ` +
          "max_size or max_pods, or give it larger subnets.",
      ],
      [
        "addresses_of_all_groups",
        // One that is short by itself is enough of a warning.
        hcl`length(${short}) > 0 || sum(concat([0], ${shared})) <= sum(concat([0], ${free}))`,
        `all node groups at their maxima need \${sum(concat([0], ${shared.text}))} addresses, and the subnets have ` +
          `\${sum(concat([0], ${free.text}))}; lower max_size or max_pods, or make larger subnets.`,
      ],
      [
        "max_pods_within_interfaces",
        none(overfull),
        "max_pods is more than the network interfaces of the instance type hold, and the pods above that get no address: " +
          `node_groups ${shown(overfull)}; leave max_pods out.`,
      ],
      [
        "instance_types_of_one_size",
        none(uneven),
        "the cluster autoscaler takes all types of a group for the first, and these differ in size, so that it starts too many " +
          `nodes or none that a pod fits on: node_groups ${shown(uneven)}; take types of one size, or a group for each size.`,
      ],
      [
        "prefix_delegation_on_nitro",
        none(without),
        `prefix_delegation does nothing for instance types that are not built on Nitro: ${shown(without)}; take types of ` +
          "the current generations.",
      ],
      [
        "prefix_delegation_reaches_nodes",
        hcl`!${prefixDelegation} || length(${groups}) > 0`,
        "prefix_delegation does not raise the number of pods of the single group from eks_worker_*; describe it as a row " +
          "of node_groups.",
      ],
    ];
  }
}
