import { DefaultSecurityGroup } from "@cdktf/provider-aws/lib/default-security-group";
import { EgressOnlyInternetGateway } from "@cdktf/provider-aws/lib/egress-only-internet-gateway";
import { Eip } from "@cdktf/provider-aws/lib/eip";
import { InternetGateway } from "@cdktf/provider-aws/lib/internet-gateway";
import { NatGateway } from "@cdktf/provider-aws/lib/nat-gateway";
import { RouteTable } from "@cdktf/provider-aws/lib/route-table";
import { RouteTableAssociation } from "@cdktf/provider-aws/lib/route-table-association";
import { Subnet, type SubnetConfig } from "@cdktf/provider-aws/lib/subnet";
import { Vpc } from "@cdktf/provider-aws/lib/vpc";
import { VpcIpv4CidrBlockAssociation } from "@cdktf/provider-aws/lib/vpc-ipv4-cidr-block-association";
import { TerraformIterator, type ITerraformDependable, type MapTerraformIterator } from "cdktf";
import { Construct } from "constructs";

import { partOf256 } from "../contract/inputs/ranges";
import awsSchema from "../facts/aws-schema.json";
import { clusterTag, podSubnetTag, SUBNET_ROLE_TAGS } from "../facts/cluster-tags";
import { each } from "./hcl/each";
import { address, Expression, hcl, type Operand } from "./hcl/expression";
import { local } from "./hcl/local";
import { countIf } from "./hcl/maybe";
import { wholeObject } from "./hcl/objects";
import { ExistingNetwork } from "./network/existing";
import type { NetworkRef, Setting } from "./setting";

/**
 * Where the cluster, its nodes and the bastion stand: a VPC with public subnets, private subnets, and NAT gateways for
 * all that is private; or an existing one.
 */
export class Network extends Construct implements NetworkRef {
  readonly vpcId: string;
  readonly vpcCidrs: Expression;
  readonly vpcIpv6Cidrs: Expression;
  readonly privateSubnets: Expression;
  readonly privateSubnetIds: string[];
  readonly privateRouteTableIds: Expression;
  /** The public subnet listed first; it also holds the first NAT gateway. */
  readonly firstPublicSubnetId: string;
  /** Why nodes reach AWS by nothing but endpoints; empty when they reach it otherwise. */
  readonly isolatedBy: Expression;
  /** What has to exist before an instance in a private subnet reaches the internet. */
  readonly privateEgress: readonly ITerraformDependable[];
  /** What has to exist before an instance in a public subnet reaches the internet. */
  readonly publicEgress: readonly ITerraformDependable[];

  constructor(scope: Construct, id: string, setting: Setting) {
    super(scope, id);
    const { inputs, names, isOwnVpc, hasIpv6, isMinimal } = setting;
    const { natGateway } = inputs;
    const existing = new ExistingNetwork(scope, "existing-network", setting);

    const shared = { [clusterTag(names.cluster)]: "shared" };
    const vpc = new Vpc(this, "vpc", {
      count: countIf(isOwnVpc),
      cidrBlock: inputs.vpcCidrBlock.asString,
      assignGeneratedIpv6CidrBlock: hcl`${hasIpv6} ? true : null`,
      // The private endpoint's name resolves only with both.
      // https://docs.aws.amazon.com/eks/latest/userguide/cluster-endpoint.html
      enableDnsSupport: true,
      enableDnsHostnames: true,
      tags: { Name: names.vpc, ...shared },
    });
    const vpcId = hcl`one(${vpc}[*].id)`.asString;
    // What is started without a security group gets this one. Nothing here is, and it lets nobody in or out.
    new DefaultSecurityGroup(this, "default-security-group", {
      count: countIf(hcl`${isOwnVpc} && ${isMinimal}`),
      vpcId,
      ingress: [],
      egress: [],
      tags: { Name: `${names.vpc}-default` },
    });
    const secondaryCidrs = each(hcl`toset(${inputs.vpcSecondaryCidrBlocks})`);
    const secondaryCidr = new VpcIpv4CidrBlockAssociation(this, "secondary-cidr", {
      forEach: secondaryCidrs,
      vpcId,
      cidrBlock: secondaryCidrs.key,
    });

    const own = (what: string, subnets: Expression) =>
      local(this, `own-${what}-subnets`, hcl`${isOwnVpc} ? ${subnets} : []`);
    const rowsOf = (subnets: Expression) => TerraformIterator.fromComplexList(subnets, "name");
    const ownPublic = own("public", inputs.vpcPublicSubnets);
    const ownPrivate = own("private", inputs.vpcPrivateSubnets);
    const [publicRows, privateRows] = [rowsOf(ownPublic), rowsOf(ownPrivate)];
    const podRows = rowsOf(own("pod", inputs.vpcPodSubnets));

    const subnets = (
      subnetId: string,
      rows: MapTerraformIterator,
      roles: Readonly<Record<string, string>>,
      more: Partial<SubnetConfig>,
    ) =>
      new Subnet(this, subnetId, {
        forEach: rows,
        vpcId,
        availabilityZone: rows.getString("az"),
        cidrBlock: rows.getString("cidr"),
        tags: { Name: `${names.vpc}-${rows.key}`, ...roles },
        ...more,
      });
    // Which /64 network of the VPC's IPv6 range belongs to the row's subnet.
    const part = new Expression(partOf256("each.value.cidr", `one(${address(vpc)}[*].cidr_block)`));
    const ipv6: Partial<SubnetConfig> = {
      ipv6CidrBlock: hcl`${hasIpv6} ? cidrsubnet(one(${vpc}[*].ipv6_cidr_block), 8, ${part}) : null`.asString,
      assignIpv6AddressOnCreation: hcl`${hasIpv6} ? true : null`,
    };
    const publicSubnet = subnets("public-subnet", publicRows, { ...shared, [SUBNET_ROLE_TAGS.public]: "1" }, ipv6);
    const privateTags = { ...shared, [SUBNET_ROLE_TAGS.private]: "1" };
    const privateSubnet = subnets("private-subnet", privateRows, privateTags, {
      ...ipv6,
      // Otherwise Terraform deletes a subnet that was removed before it tells the cluster and the Auto Scaling group,
      // and AWS refuses to delete a subnet in use.
      lifecycle: { createBeforeDestroy: true },
    });
    // The CNI takes pods' addresses from subnets with the first tag that stand in the node's zone; the second keeps
    // other clusters' pods out.
    const podTags = { [SUBNET_ROLE_TAGS.pods]: "1", [podSubnetTag(names.cluster)]: "shared" };
    const podSubnet = subnets("pod-subnet", podRows, podTags, { dependsOn: [secondaryCidr] });

    const internetGateway = new InternetGateway(this, "internet-gateway", {
      count: countIf(isOwnVpc),
      vpcId,
      tags: { Name: `${names.vpc}-igw` },
    });
    const egressOnlyGateway = new EgressOnlyInternetGateway(this, "egress-only-gateway", {
      count: countIf(hcl`${isOwnVpc} && ${hasIpv6}`),
      vpcId,
      tags: { Name: `${names.vpc}-eigw` },
    });

    const firstPublicName = hcl`try(${inputs.vpcPublicSubnets}[0].name, null)`;
    const count = countIf(hcl`${isOwnVpc} && ${natGateway} != "none"`);
    const natAddress = new Eip(this, "nat-address", {
      count,
      domain: "vpc",
      tags: { Name: `${names.vpc}-nat-eip` },
      // An address maps to the internet only in a VPC that has a gateway.
      dependsOn: [internetGateway],
    });
    const firstNatGateway = new NatGateway(this, "nat-gateway", {
      count,
      allocationId: hcl`one(${natAddress}[*].allocation_id)`.asString,
      subnetId: hcl`${publicSubnet}[${firstPublicName}].id`.asString,
      tags: { Name: `${names.vpc}-nat-gateway` },
      // https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/nat_gateway asks for it
      dependsOn: [internetGateway],
    });

    // The first NAT gateway serves its own zone; each other zone gets one in its first public subnet by name. So it is
    // the same one whether it serves all zones or its own.
    const firstZone = local(
      this,
      "first-zone",
      hcl`one([for row in ${ownPublic} : row.az if row.name == ${firstPublicName}])`,
    );
    const subnetByZone = local(
      this,
      "nat-subnet-by-zone",
      hcl`{
        for zone in distinct(${ownPrivate}[*].az) :
        zone => try(sort([for row in ${ownPublic} : row.name if row.az == zone])[0], null)
        if ${natGateway} == "per_zone" && zone != ${firstZone}
      }`,
    );
    const zones = each(subnetByZone);
    const zoneNatAddress = new Eip(this, "zone-nat-address", {
      forEach: zones,
      domain: "vpc",
      tags: { Name: `${names.vpc}-nat-eip-${zones.key}` },
      dependsOn: [internetGateway],
    });
    const zoneNatGateway = new NatGateway(this, "zone-nat-gateway", {
      forEach: zones,
      allocationId: hcl`${zoneNatAddress}[${zones.key}].allocation_id`.asString,
      subnetId: hcl`${publicSubnet}[each.value].id`.asString,
      tags: { Name: `${names.vpc}-nat-gateway-${zones.key}` },
      dependsOn: [internetGateway],
    });

    // Every route of a table is said, so that one that is no longer listed goes: a table whose routes are not said at
    // all keeps them, and `dynamic` blocks say nothing where there are none.
    const gatewayId = new Expression("id");
    const routes = (what: string, gateways: Expression, said: Readonly<Record<string, Operand>>) => {
      const route = wholeObject(awsSchema.resource.aws_route_table.objects.route, said);
      return local(this, `routes-${what}`, hcl`[for id in ${gateways} : ${route}]`);
    };
    const gateways = hcl`${internetGateway}[*].id`;
    const byGateway = routes("by-gateway", gateways, { cidr_block: "0.0.0.0/0", gateway_id: gatewayId });
    const byGatewayIpv6 = routes("by-gateway-ipv6", hcl`${hasIpv6} ? ${gateways} : []`, {
      ipv6_cidr_block: "::/0",
      gateway_id: gatewayId,
    });
    const byNat = routes("by-nat", hcl`${firstNatGateway}[*].id`, {
      cidr_block: "0.0.0.0/0",
      nat_gateway_id: gatewayId,
    });
    const outwards = routes("outwards", hcl`${egressOnlyGateway}[*].id`, {
      ipv6_cidr_block: "::/0",
      egress_only_gateway_id: gatewayId,
    });
    const byZoneNat = wholeObject(awsSchema.resource.aws_route_table.objects.route, {
      cidr_block: "0.0.0.0/0",
      nat_gateway_id: hcl`${zoneNatGateway}[${zones.key}].id`,
    });
    const publicRoutes = new RouteTable(this, "public-routes", {
      count: countIf(isOwnVpc),
      vpcId,
      route: hcl`concat(${byGateway}, ${byGatewayIpv6})`,
      tags: { Name: `${names.vpc}-public-rt` },
    });
    const privateRoutes = new RouteTable(this, "private-routes", {
      count: countIf(isOwnVpc),
      vpcId,
      route: hcl`concat(${byNat}, ${outwards})`,
      tags: { Name: `${names.vpc}-private-rt` },
    });
    const zonePrivateRoutes = new RouteTable(this, "zone-private-routes", {
      forEach: zones,
      vpcId,
      route: hcl`concat([${byZoneNat}], ${outwards})`,
      tags: { Name: `${names.vpc}-private-rt-${zones.key}` },
      // Otherwise Terraform deletes the table before it leads the zone's subnets to another one, and nodes have no
      // way to the internet meanwhile.
      lifecycle: { createBeforeDestroy: true },
    });

    const associations = (what: string, rows: MapTerraformIterator, subnet: Subnet, routeTableId: Expression) =>
      new RouteTableAssociation(this, `${what}-association`, {
        forEach: rows,
        subnetId: hcl`${subnet}[${rows.key}].id`.asString,
        routeTableId: routeTableId.asString,
      });
    const publicTable = hcl`one(${publicRoutes}[*].id)`;
    const tableOfZone = hcl`try(${zonePrivateRoutes}[each.value.az].id, one(${privateRoutes}[*].id))`;
    this.publicEgress = [associations("public", publicRows, publicSubnet, publicTable)];
    this.privateEgress = [
      associations("private", privateRows, privateSubnet, tableOfZone),
      associations("pod", podRows, podSubnet, tableOfZone),
    ];

    this.vpcId = hcl`coalesce(one(${vpc}[*].id), ${existing.vpcId})`.asString;
    this.vpcCidrs = local(
      this,
      "vpc-cidrs",
      hcl`${isOwnVpc} ? concat([${inputs.vpcCidrBlock}], ${inputs.vpcSecondaryCidrBlocks}) : ${existing.vpcCidrs}`,
    );
    this.vpcIpv6Cidrs = hcl`
      ${isOwnVpc} ? (${hasIpv6} ? ${vpc}[*].ipv6_cidr_block : []) : ${existing.vpcIpv6Cidrs}`;
    this.firstPublicSubnetId = hcl`
      ${isOwnVpc} ? ${publicSubnet}[${firstPublicName}].id : ${existing.publicSubnetIds}[0]`.asString;
    this.privateSubnets = local(
      this,
      "private-subnets",
      hcl`concat(
        [
          for name, row in { for row in ${ownPrivate} : row.name => row } :
          { id = ${privateSubnet}[name].id, zone = row.az, cidr = row.cidr }
        ],
        ${existing.privateSubnets}
      )`,
    );
    this.privateSubnetIds = hcl`concat(values(${privateSubnet})[*].id, ${existing.privateSubnets}[*].id)`.asList;
    this.privateRouteTableIds = hcl`concat(
      ${privateRoutes}[*].id,
      values(${zonePrivateRoutes})[*].id,
      ${existing.privateRouteTableIds}
    )`;
    this.isolatedBy = local(
      this,
      "isolated-by",
      hcl`
        ${natGateway} == "none" ? "nat_gateway is none"
        : length(${existing.isolatedSubnetIds}) > 0
        ? "private_subnet_ids \${join(", ", ${existing.isolatedSubnetIds})} have no route for 0.0.0.0/0"
        : ""`,
    );
  }
}
