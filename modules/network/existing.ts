import { DataAwsRouteTable } from "@cdktf/provider-aws/lib/data-aws-route-table";
import { DataAwsRouteTables } from "@cdktf/provider-aws/lib/data-aws-route-tables";
import { DataAwsSubnet } from "@cdktf/provider-aws/lib/data-aws-subnet";
import { DataAwsVpc } from "@cdktf/provider-aws/lib/data-aws-vpc";
import { DataResource } from "cdktf";
import { Construct } from "constructs";

import { rule } from "../../contract/inputs/rule";
import { SUBNET_ROLE_TAGS } from "../../facts/cluster-tags";
import { CLUSTER_INTERFACES } from "../../facts/pods";
import { warnUnless } from "../hcl/check";
import { each } from "../hcl/each";
import { type Expression, hcl } from "../hcl/expression";
import { local } from "../hcl/local";
import { countIf } from "../hcl/maybe";
import type { Setting } from "../setting";

/**
 * A VPC and subnets that somebody else made, looked up and found fit for a cluster; nothing about them is changed.
 * There are none where `vpc_id` is null.
 *
 * What makes a cluster impossible stops the plan; what only load balancers or growth will miss is a warning.
 *
 * @see https://docs.aws.amazon.com/eks/latest/userguide/network-reqs.html
 */
export class ExistingNetwork extends Construct {
  /** Null when there is none. */
  readonly vpcId: Expression;
  /** IPv4 address ranges of the VPC, a list, the first one that it was made with. */
  readonly vpcCidrs: Expression;
  /** IPv6 address ranges of the VPC, a list. */
  readonly vpcIpv6Cidrs: Expression;
  /** The public subnets' ids, a list, in the order in which they were given. */
  readonly publicSubnetIds: Expression;
  /** A list of `{ id, zone, cidr }`, in the order in which they were given. */
  readonly privateSubnets: Expression;
  /** Route tables of the private subnets, a list. */
  readonly privateRouteTableIds: Expression;
  /** Private subnets without a way out of the VPC by IPv4: their ids, a list. */
  readonly isolatedSubnetIds: Expression;

  constructor(scope: Construct, id: string, { inputs, hasIpv6, isOwnVpc }: Setting) {
    super(scope, id);
    const { vpcId, publicSubnetIds, privateSubnetIds } = inputs;
    const publicIds = each(hcl`toset(${publicSubnetIds})`);
    const privateIds = each(hcl`toset(${privateSubnetIds})`);

    const belongs = rule(
      `self.vpc_id == ${vpcId.text}`,
      `public_subnet_ids and private_subnet_ids must be subnets of vpc_id \${${vpcId.text}}, got \${self.id} of
       \${self.vpc_id}; \`aws ec2 describe-subnets --filters Name=vpc-id,Values=\${${vpcId.text}}\` shows the VPC's
       own.`,
    );
    const publicSubnet = new DataAwsSubnet(this, "public-subnet", {
      forEach: publicIds,
      id: publicIds.key,
      lifecycle: { postcondition: [belongs] },
    });
    const privateSubnet = new DataAwsSubnet(this, "private-subnet", {
      forEach: privateIds,
      id: privateIds.key,
      lifecycle: {
        postcondition: [
          belongs,
          rule(
            `(${hasIpv6.text}) ? try(length(self.ipv6_cidr_block) > 0, false) : true`,
            `private_subnet_ids must have an IPv6 range each with ip_family = "ipv6", got none for \${self.id}
             (\${self.cidr_block}); \`aws ec2 associate-subnet-cidr-block\` gives it one, or set ip_family = "ipv4".`,
          ),
        ],
      },
    });

    const zones = hcl`distinct(values(${privateSubnet})[*].availability_zone)`.text;
    const vpc = new DataAwsVpc(this, "vpc", {
      count: countIf(hcl`!${isOwnVpc}`),
      id: vpcId.asString,
      lifecycle: {
        postcondition: [
          rule(
            "self.enable_dns_support && self.enable_dns_hostnames",
            `vpc_id must be a VPC with DNS support and DNS hostnames, because the name of the cluster's private endpoint
             resolves only with both, got \${self.id} with DNS support \${self.enable_dns_support ? "on" : "off"} and
             DNS hostnames \${self.enable_dns_hostnames ? "on" : "off"}; \`aws ec2 modify-vpc-attribute --vpc-id
             \${self.id} \${self.enable_dns_support ? "--enable-dns-hostnames" : "--enable-dns-support"}\` turns that
             on.`,
          ),
          rule(
            `length(${zones}) >= 2`,
            `private_subnet_ids must stand in at least two zones, because EKS needs two, got \${join(", ", ${zones})}
             for \${join(", ", ${privateSubnetIds.text})}; add a subnet of another zone.`,
          ),
        ],
      },
    });

    // A subnet without a route table of its own has the VPC's main one.
    const ids = each(hcl`toset(concat(${publicSubnetIds}, ${privateSubnetIds}))`);
    const ownTables = new DataAwsRouteTables(this, "own-route-tables", {
      forEach: ids,
      filter: [{ name: "association.subnet-id", values: [ids.key] }],
    });
    const toInternet = `[
      for route in self.routes : route.gateway_id
      if route.cidr_block == "0.0.0.0/0" && startswith(route.gateway_id, "igw-")
    ]`;
    const isPublic = `contains(${publicSubnetIds.text}, each.key)`;
    const routeTable = new DataAwsRouteTable(this, "route-table", {
      forEach: ids,
      routeTableId: hcl`try(${ownTables}[${ids.key}].ids[0], one(${vpc}[*].main_route_table_id))`.asString,
      lifecycle: {
        postcondition: [
          rule(
            `${isPublic} ? length(${toInternet}) > 0 : true`,
            `public_subnet_ids must be subnets with a route to an internet gateway, because the bastion stands there,
             got \${each.key}, whose route table \${self.id} sends 0.0.0.0/0 to no internet gateway; give it that route,
             or name it in private_subnet_ids.`,
          ),
          rule(
            `${isPublic} ? true : length(${toInternet}) == 0`,
            `private_subnet_ids must be subnets without a route to an internet gateway, because nodes have no public
             address and would reach nothing by it, got \${each.key}, whose route table \${self.id} sends 0.0.0.0/0 to
             \${join(", ", ${toInternet})}; name it in public_subnet_ids, or send 0.0.0.0/0 to a NAT gateway.`,
          ),
        ],
      },
    });

    // EKS needs the room when it makes the cluster, and pods may fill a subnet afterwards: what counts is how many
    // addresses were free when the subnet came into the stack.
    const { least, recommended } = CLUSTER_INTERFACES;
    new DataResource(this, "room", {
      forEach: privateIds,
      input: hcl`${privateSubnet}[${privateIds.key}].available_ip_address_count`,
      lifecycle: {
        ignoreChanges: ["input"],
        postcondition: [
          rule(
            `self.input >= ${String(least)}`,
            `private_subnet_ids must have at least ${String(least)} free addresses each, because EKS puts its network
             interfaces there, got \${self.input} in \${each.key}; take a subnet with more room (${String(recommended)}
             or more is what AWS recommends).`,
          ),
        ],
      },
    });
    const small = local(
      this,
      "small-subnets",
      hcl`[
        for id, subnet in ${privateSubnet} : "\${id} (\${subnet.available_ip_address_count})"
        if subnet.available_ip_address_count < ${recommended}
      ]`,
    );
    warnUnless(
      this,
      "existing_network_room",
      hcl`length(${small}) == 0`,
      `fewer than ${String(recommended)} addresses are free in \${join(", ", ${small.text})}: nodes and pods need ` +
        "one each, and EKS some for an upgrade; add a subnet to private_subnet_ids.",
    );

    for (const [kind, subnet, balancers] of [
      ["public", publicSubnet, "internet-facing"],
      ["private", privateSubnet, "internal"],
    ] as const) {
      const tag = SUBNET_ROLE_TAGS[kind];
      const untagged = local(
        this,
        `untagged-${kind}-subnets`,
        hcl`[for id, subnet in ${subnet} : id if !contains(keys(subnet.tags), ${tag})]`,
      );
      warnUnless(
        this,
        `existing_network_${kind}_tags`,
        hcl`length(${untagged}) == 0`,
        `Kubernetes finds no subnet for ${balancers} load balancers in \${join(", ", ${untagged.text})}, which lack ` +
          `the tag ${tag}; aws ec2 create-tags --resources \${join(" ", ${untagged.text})} ` +
          `--tags Key=${tag},Value=1 adds it.`,
      );
    }

    this.vpcId = hcl`one(${vpc}[*].id)`;
    // The range that the VPC was made with comes first.
    this.vpcCidrs = local(
      this,
      "vpc-cidrs",
      hcl`flatten([
        for found in ${vpc} : concat(
          [found.cidr_block],
          [
            for more in found.cidr_block_associations : more.cidr_block
            if more.state == "associated" && more.cidr_block != found.cidr_block
          ]
        )
      ])`,
    );
    this.vpcIpv6Cidrs = local(
      this,
      "vpc-ipv6-cidrs",
      hcl`[
        for found in ${vpc} : found.ipv6_cidr_block
        if ${hasIpv6} && try(length(found.ipv6_cidr_block) > 0, false)
      ]`,
    );
    this.publicSubnetIds = local(
      this,
      "public-subnet-ids",
      hcl`[for id in ${publicSubnetIds} : ${publicSubnet}[id].id]`,
    );
    this.privateSubnets = local(
      this,
      "private-subnets",
      hcl`[
        for id in ${privateSubnetIds} : {
          id = ${privateSubnet}[id].id,
          zone = ${privateSubnet}[id].availability_zone,
          cidr = ${privateSubnet}[id].cidr_block
        }
      ]`,
    );
    this.privateRouteTableIds = local(
      this,
      "private-route-table-ids",
      hcl`distinct([for id in ${privateSubnetIds} : ${routeTable}[id].id])`,
    );
    this.isolatedSubnetIds = local(
      this,
      "isolated-subnet-ids",
      hcl`[
        for id in ${privateSubnetIds} : id
        if !contains(${routeTable}[id].routes[*].cidr_block, "0.0.0.0/0")
      ]`,
    );
  }
}
