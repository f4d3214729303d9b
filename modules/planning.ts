import { DataAwsEc2InstanceType } from "@cdktf/provider-aws/lib/data-aws-ec2-instance-type";
import { Construct } from "constructs";

import { ADD_ONS_ON_EVERY_NODE, CLUSTER_PODS, HOST_NETWORK_PODS } from "../facts/pods";
import { warnUnless } from "./hcl/check";
import { each } from "./hcl/each";
import { Expression, hcl } from "./hcl/expression";
import { local } from "./hcl/local";
import { FREE_ADDRESSES, groupFigures, instanceFacts, nodeFigures, typesOf } from "./planning/figures";
import type { Placed } from "./setting";

/** Figures of the node groups that are known before anything is made: pods, addresses, processors and memory. */
export class Planning extends Construct {
  /** A map by node group of what the output `planning` shows. */
  readonly groups: Expression;
  /**
   * A map by node group of the pods that its kubelets have to be told; null where the AMI's own computation is right.
   */
  readonly maxPods: Expression;

  constructor(scope: Construct, id: string, { inputs, network }: Placed) {
    super(scope, id);
    const { nodeGroups: groups, prefixDelegation, addOns } = inputs;
    const named = (name: string, value: Expression) => local(this, name, value);

    const wanted = each(named("wanted-types", hcl`toset(flatten([for group in ${groups} : group.instance_types]))`));
    const instanceType = new DataAwsEc2InstanceType(this, "instance-type", {
      forEach: wanted,
      instanceType: wanted.key,
    });
    const types = named(
      "types",
      hcl`{ for name, type in ${instanceType} : name => ${instanceFacts(new Expression("type"))} }`,
    );
    // Pods have the subnets of their own as well.
    const subnets = named(
      "subnets",
      hcl`concat(
        ${network.privateSubnets},
        [for row in ${inputs.vpcPodSubnets} : { id = null, zone = row.az, cidr = row.cidr }]
      )`,
    );
    const nodes = named("nodes", nodeFigures({ groups, types, prefixDelegation }));
    const figures = named("groups", groupFigures({ groups, subnets, prefixDelegation, types, nodes }));
    this.groups = figures;
    this.maxPods = named("max-pods", hcl`{ for key, node in ${nodes} : key => node.max_pods }`);

    const daemons = named(
      "daemons",
      hcl`${HOST_NETWORK_PODS} + length(setintersection(keys(${addOns}), ${ADD_ONS_ON_EVERY_NODE}))`,
    );
    /** Warns when a list of what is wrong has anything in it. */
    const warn = (name: string, wrong: Expression, message: (shown: string) => string) => {
      const list = named(name.replaceAll("_", "-"), wrong);
      warnUnless(this, name, hcl`length(${list}) == 0`, message(`\${join(", ", ${list.text})}`));
      return list;
    };
    warn(
      "pods_for_the_system",
      hcl`[
        for key, group in ${figures} :
        "\${key} (\${join(", ", group.instance_types)}: \${group.pods_per_node})"
        if group.pods_per_node <= ${daemons} + ${CLUSTER_PODS}
      ]`,
      (shown) =>
        `a node has no room for pods of yours beside the system's own (\${${daemons.text}} on every node, and ` +
        `CoreDNS' two): node_groups ${shown}; take a larger instance type or prefix_delegation.`,
    );
    const short = warn(
      "addresses_of_each_group",
      hcl`[
        for key, group in ${figures} :
        "\${key} (needs \${group.addresses_needed}, has \${group.addresses_available})"
        if try(group.addresses_needed > group.addresses_available, false)
      ]`,
      (shown) =>
        `a node group at its maximum needs more addresses than its subnets have: node_groups ${shown}; lower ` +
        "max_size or max_pods, or give it larger subnets.",
    );
    const needed = named(
      "addresses-needed",
      hcl`sum(concat(
        [0],
        [for key, group in ${groups} : ${figures}[key].addresses_needed if length(group.subnet_ids) == 0]
      ))`,
    );
    const free = named("addresses-free", hcl`sum(concat([0], [for subnet in ${subnets} : ${FREE_ADDRESSES}]))`);
    warnUnless(
      this,
      "addresses_of_all_groups",
      // One that is short by itself is enough of a warning.
      hcl`length(${short}) > 0 || ${needed} <= ${free}`,
      `all node groups at their maxima need \${${needed.text}} addresses, and the subnets have \${${free.text}}; ` +
        "lower max_size or max_pods, or make larger subnets.",
    );
    warn(
      "max_pods_within_interfaces",
      hcl`[
        for key, node in ${nodes} : "\${key} (max_pods \${node.max_pods}, holds \${node.pods_held})"
        if try(node.max_pods > node.pods_held, false)
      ]`,
      (shown) =>
        "max_pods is more than the network interfaces of the instance type hold, and the pods above that get no " +
        `address: node_groups ${shown}; leave max_pods out.`,
    );
    const sizes = typesOf(types);
    warn(
      "instance_types_of_one_size",
      // Memory within a tenth counts as the same: r5.2xlarge has 64 GiB, i3.2xlarge 61.
      hcl`[
        for key, group in ${groups} :
        "\${key} (\${join(", ", [
          for name in group.instance_types :
          format("%s: %d vCPUs and %g GiB", name, ${types}[name].vcpus, ${types}[name].memory_gib)
        ])})"
        if group.cluster_autoscaler && (
          length(distinct(${sizes}[*].vcpus)) > 1
          || max(${sizes}[*].memory_gib...) > 1.1 * min(${sizes}[*].memory_gib...)
        )
      ]`,
      (shown) =>
        "the cluster autoscaler takes all types of a group for the first, and these differ in size, so that it " +
        `starts too many nodes or none that a pod fits on: node_groups ${shown}; take types of one size, or a group ` +
        "for each size.",
    );
    warn(
      "prefix_delegation_on_nitro",
      hcl`[for name, type in ${types} : name if ${prefixDelegation} && !type.has_prefixes]`,
      (shown) =>
        `prefix_delegation does nothing for instance types that are not built on Nitro: ${shown}; take types of the ` +
        "current generations.",
    );
    warnUnless(
      this,
      "prefix_delegation_reaches_nodes",
      hcl`!${prefixDelegation} || length(${groups}) > 0`,
      "prefix_delegation does not raise the number of pods of the single group from eks_worker_*; describe it as a " +
        "row of node_groups.",
    );
  }
}
