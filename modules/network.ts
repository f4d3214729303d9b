import { EgressOnlyInternetGateway } from "@cdktf/provider-aws/lib/egress-only-internet-gateway";
import { Eip } from "@cdktf/provider-aws/lib/eip";
import { InternetGateway } from "@cdktf/provider-aws/lib/internet-gateway";
import { NatGateway } from "@cdktf/provider-aws/lib/nat-gateway";
import { RouteTable } from "@cdktf/provider-aws/lib/route-table";
import { RouteTableAssociation } from "@cdktf/provider-aws/lib/route-table-association";
import { Subnet, type SubnetConfig } from "@cdktf/provider-aws/lib/subnet";
import { Vpc } from "@cdktf/provider-aws/lib/vpc";
import { VpcIpv4CidrBlockAssociation } from "@cdktf/provider-aws/lib/vpc-ipv4-cidr-block-association";
import type { IResolvable, ITerraformDependable } from "cdktf";
import { Construct } from "constructs";

import awsSchema from "../facts/aws-schema.json";
import { Expression, hcl, type Operand } from "./hcl/expression";
import { partOf256 } from "../contract/inputs/ranges";
import { local } from "./hcl/local";
import { countIf, ofMaybe } from "./hcl/maybe";
import { wholeObject } from "./hcl/objects";
import { ofEveryRow, ofRow, Rows } from "./hcl/rows";

/** Subnets as the workshop's tfvars list them: zone, address range, name. */
export type SubnetRows = Rows<"az" | "cidr" | "name">;

/** A network that somebody else made; of everything there is nothing when there is none. */
export interface ExistingNetworkRef {
  /** Null when there is none. */
  readonly vpcId: Expression;
  /** IPv4 address ranges of the VPC, a list. */
  readonly vpcCidrs: Expression;
  /** IPv6 address ranges of the VPC, a list. */
  readonly vpcIpv6Cidrs: Expression;
  /** A list. */
  readonly publicSubnetIds: Expression;
  /** A list of `{ id, zone, cidr }`. */
  readonly privateSubnets: Expression;
  /** Route tables of the private subnets, a list. */
  readonly privateRouteTableIds: Expression;
}

/** What a network is made of. */
export interface NetworkProps {
  /** Whether the network is made here; else it is `existing`, whatever the other props say. */
  readonly isOwn: Expression;
  readonly existing: ExistingNetworkRef;
  /** Name of the VPC, and first part of the names of its parts. */
  readonly name: string;
  /** IPv4 address range of the VPC. */
  readonly cidr: Expression;
  /** More IPv4 address ranges of the VPC, a list. */
  readonly secondaryCidrs: Expression;
  /** None with an existing network. */
  readonly publicSubnets: SubnetRows;
  /** Which of them holds the first NAT gateway and the bastion: its name. */
  readonly firstPublicSubnetName: Expression;
  /** None with an existing network. */
  readonly privateSubnets: SubnetRows;
  /** Subnets that hold nothing but addresses of pods. None with an existing network. */
  readonly podSubnets: SubnetRows;
  /** `single`, `none` or `per_zone`. */
  readonly natGateway: Expression;
  /** Whether everything has IPv6 addresses besides. */
  readonly hasIpv6: Expression;
  /** Name of the cluster that will use the subnets: EKS and its load balancers find them by tags. */
  readonly clusterName: string;
}

/**
 * Where the cluster, its nodes and the bastion stand: a VPC with public subnets, private subnets, and NAT gateways for
 * all that is private; or an existing one.
 */
export class Network extends Construct {
  readonly vpcId: string;
  /** IPv4 address ranges of the VPC, the first one that it was made with. */
  readonly vpcCidrs: Expression;
  /** IPv6 address ranges of the VPC; none without IPv6. */
  readonly vpcIpv6Cidrs: Expression;
  /** Where traffic may go by IPv6: everywhere, or nowhere without IPv6. */
  readonly egressIpv6Cidrs: string[];
  /** The public subnet listed first; it also holds the first NAT gateway. */
  readonly firstPublicSubnetId: string;
  readonly privateSubnetIds: string[];
  /** A list of `{ id, zone, cidr }`; zone and cidr are known when Terraform plans. */
  readonly privateSubnets: Expression;
  /** The zones of the private subnets, known when Terraform plans: a list. */
  readonly privateZones: Expression;
  /** Ids of the private subnets by zone: a map of lists. */
  readonly privateSubnetIdsByZone: Expression;
  /** Route tables of the private subnets, a list. */
  readonly privateRouteTableIds: Expression;
  /** What has to exist before an instance in a private subnet reaches the internet. */
  readonly privateEgress: readonly ITerraformDependable[];
  /** What has to exist before an instance in a public subnet reaches the internet. */
  readonly publicEgress: readonly ITerraformDependable[];

  constructor(scope: Construct, id: string, props: NetworkProps) {
    super(scope, id);
    const { isOwn, existing, name, cidr, publicSubnets, privateSubnets, podSubnets, natGateway, hasIpv6, clusterName } =
      props;
    const shared = { [`kubernetes.io/cluster/${clusterName}`]: "shared" };

    const vpc = new Vpc(this, "vpc", {
      count: countIf(isOwn),
      cidrBlock: cidr.asString,
      assignGeneratedIpv6CidrBlock: hcl`${hasIpv6} ? true : null`.asResolvable,
      // The private endpoint's name resolves only with both.
      // https://docs.aws.amazon.com/eks/latest/userguide/cluster-endpoint.html
      enableDnsSupport: true,
      enableDnsHostnames: true,
      tags: { Name: name, ...shared },
    });
    const ownVpcId = ofMaybe(vpc, "id").asString;
    const secondaryCidrs = Rows.of(props.secondaryCidrs);
    const secondaryCidr = new VpcIpv4CidrBlockAssociation(this, "secondary-cidr", {
      forEach: secondaryCidrs.forEach,
      vpcId: ownVpcId,
      cidrBlock: secondaryCidrs.key.asString,
    });

    const subnets = (subnetId: string, rows: SubnetRows, roles: Record<string, string>, more?: Partial<SubnetConfig>) =>
      new Subnet(this, subnetId, {
        forEach: rows.forEach,
        vpcId: ownVpcId,
        availabilityZone: rows.value("az").asString,
        cidrBlock: rows.value("cidr").asString,
        tags: { Name: `${name}-${rows.key.asString}`, ...roles },
        ...more,
      });
    const ipv6 = (rows: SubnetRows): Partial<SubnetConfig> => ({
      ipv6CidrBlock: hcl`${hasIpv6} ? cidrsubnet(${ofMaybe(vpc, "ipv6_cidr_block")}, 8, ${partIn(rows, vpc)}) : null`
        .asString,
      assignIpv6AddressOnCreation: hcl`${hasIpv6} ? true : null`.asResolvable,
    });
    // Load balancers are placed by the role tags.
    // https://docs.aws.amazon.com/eks/latest/userguide/network-load-balancing.html
    const publicSubnet = subnets(
      "public-subnet",
      publicSubnets,
      { ...shared, "kubernetes.io/role/elb": "1" },
      ipv6(publicSubnets),
    );
    const privateSubnet = subnets(
      "private-subnet",
      privateSubnets,
      { ...shared, "kubernetes.io/role/internal-elb": "1" },
      {
        ...ipv6(privateSubnets),
        // Otherwise Terraform deletes a subnet that was removed before it tells the cluster and the Auto Scaling group,
        // and AWS refuses to delete a subnet in use.
        lifecycle: { createBeforeDestroy: true },
      },
    );
    // The CNI takes pods' addresses from subnets with the first tag that stand in the node's zone; the second keeps
    // other clusters' pods out.
    // https://docs.aws.amazon.com/eks/latest/best-practices/subnets.html
    const podSubnet = subnets(
      "pod-subnet",
      podSubnets,
      { "kubernetes.io/role/cni": "1", [`cni.networking.k8s.aws/cluster/${clusterName}`]: "shared" },
      { dependsOn: [secondaryCidr] },
    );

    const internetGateway = new InternetGateway(this, "internet-gateway", {
      count: countIf(isOwn),
      vpcId: ownVpcId,
      tags: { Name: `${name}-igw` },
    });
    const egressOnlyGateway = new EgressOnlyInternetGateway(this, "egress-only-gateway", {
      count: countIf(hcl`${isOwn} && ${hasIpv6}`),
      vpcId: ownVpcId,
      tags: { Name: `${name}-eigw` },
    });

    const isThere = countIf(hcl`${isOwn} && ${natGateway} != "none"`);
    const natAddress = new Eip(this, "nat-address", {
      count: isThere,
      domain: "vpc",
      tags: { Name: `${name}-nat-eip` },
      // An address maps to the internet only in a VPC that has a gateway.
      dependsOn: [internetGateway],
    });
    const firstNatGateway = new NatGateway(this, "nat-gateway", {
      count: isThere,
      allocationId: ofMaybe(natAddress, "allocation_id").asString,
      subnetId: hcl`${publicSubnet}[${props.firstPublicSubnetName}].id`.asString,
      tags: { Name: `${name}-nat-gateway` },
      // https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/nat_gateway asks for it
      dependsOn: [internetGateway],
    });

    // The first NAT gateway serves its own zone; each other zone gets one in its first public subnet by name. So it is
    // the same one whether it serves all zones or its own.
    const rowsOf = (rows: SubnetRows) => hcl`values(${rows.all})`;
    const firstZone = hcl`[for row in ${rowsOf(publicSubnets)} : row.az if row.name == ${props.firstPublicSubnetName}]`;
    const publicInZone = hcl`[for row in ${rowsOf(publicSubnets)} : row.name if row.az == zone]`;
    const zones = new Rows<never>(
      hcl`{ for zone in distinct(${rowsOf(privateSubnets)}[*].az) : zone => try(${publicInZone}[0], null) if ${natGateway} == "per_zone" && !contains(${firstZone}, zone) }`,
    );
    const zone = zones.key.asString;
    const zoneNatAddress = new Eip(this, "zone-nat-address", {
      forEach: zones.forEach,
      domain: "vpc",
      tags: { Name: `${name}-nat-eip-${zone}` },
      dependsOn: [internetGateway],
    });
    const zoneNatGateway = new NatGateway(this, "zone-nat-gateway", {
      forEach: zones.forEach,
      allocationId: ofRow(zoneNatAddress, zones.key, "allocation_id").asString,
      subnetId: hcl`${publicSubnet}[each.value].id`.asString,
      tags: { Name: `${name}-nat-gateway-${zone}` },
      dependsOn: [internetGateway],
    });

    const gatewayId = new Expression("id");
    const outwards = hcl`${egressOnlyGateway}[*].id`;
    const publicRoutes = new RouteTable(this, "public-routes", {
      count: countIf(isOwn),
      vpcId: ownVpcId,
      route: routes(
        hcl`[for id in ${internetGateway}[*].id : ${route({ cidr_block: "0.0.0.0/0", gateway_id: gatewayId })}]`,
        hcl`[for id in ${internetGateway}[*].id : ${route({ ipv6_cidr_block: "::/0", gateway_id: gatewayId })} if ${hasIpv6}]`,
      ),
      tags: { Name: `${name}-public-rt` },
    });
    const ipv6Routes = hcl`[for id in ${outwards} : ${route({ ipv6_cidr_block: "::/0", egress_only_gateway_id: gatewayId })}]`;
    const privateRoutes = new RouteTable(this, "private-routes", {
      count: countIf(isOwn),
      vpcId: ownVpcId,
      route: routes(
        hcl`[for id in ${firstNatGateway}[*].id : ${route({ cidr_block: "0.0.0.0/0", nat_gateway_id: gatewayId })}]`,
        ipv6Routes,
      ),
      tags: { Name: `${name}-private-rt` },
    });
    const zonePrivateRoutes = new RouteTable(this, "zone-private-routes", {
      forEach: zones.forEach,
      vpcId: ownVpcId,
      route: routes(
        hcl`[${route({ cidr_block: "0.0.0.0/0", nat_gateway_id: ofRow(zoneNatGateway, zones.key, "id") })}]`,
        ipv6Routes,
      ),
      tags: { Name: `${name}-private-rt-${zone}` },
      // Otherwise Terraform deletes the table before it leads the zone's subnets to another one, and nodes have no way to
      // the internet meanwhile.
      lifecycle: { createBeforeDestroy: true },
    });

    const associations = (associationId: string, rows: SubnetRows, subnet: Subnet, routeTableId: Expression) =>
      new RouteTableAssociation(this, associationId, {
        forEach: rows.forEach,
        subnetId: ofRow(subnet, rows.key, "id").asString,
        routeTableId: routeTableId.asString,
      });
    const ofZone = (rows: SubnetRows) =>
      hcl`lookup({ for zone, table in ${zonePrivateRoutes} : zone => table.id }, ${rows.value("az")}, ${ofMaybe(privateRoutes, "id")})`;
    this.publicEgress = [associations("public-association", publicSubnets, publicSubnet, ofMaybe(publicRoutes, "id"))];
    this.privateEgress = [
      associations("private-association", privateSubnets, privateSubnet, ofZone(privateSubnets)),
      associations("pod-association", podSubnets, podSubnet, ofZone(podSubnets)),
    ];

    const { privateSubnets: existingSubnets } = existing;
    this.vpcId = hcl`coalesce(${ofMaybe(vpc, "id")}, ${existing.vpcId})`.asString;
    this.vpcCidrs = local(
      this,
      "vpc-cidrs",
      hcl`${isOwn} ? concat([${cidr}], ${props.secondaryCidrs}) : ${existing.vpcCidrs}`,
    );
    this.vpcIpv6Cidrs = hcl`${isOwn} ? [for made in ${vpc} : made.ipv6_cidr_block if ${hasIpv6}] : ${existing.vpcIpv6Cidrs}`;
    this.egressIpv6Cidrs = hcl`${hasIpv6} ? ["::/0"] : []`.asList;
    this.firstPublicSubnetId =
      hcl`${isOwn} ? ${publicSubnet}[${props.firstPublicSubnetName}].id : ${existing.publicSubnetIds}[0]`.asString;
    this.privateSubnets = local(
      this,
      "private-subnets",
      hcl`concat([for row in ${rowsOf(privateSubnets)} : { id = ${privateSubnet}[row.name].id, zone = row.az, cidr = row.cidr }], ${existingSubnets})`,
    );
    this.privateSubnetIds = hcl`concat(${ofEveryRow(privateSubnet, "id")}, ${existingSubnets}[*].id)`.asList;
    this.privateRouteTableIds = hcl`concat(${privateRoutes}[*].id, ${ofEveryRow(zonePrivateRoutes, "id")}, ${existing.privateRouteTableIds})`;
    this.privateZones = hcl`distinct(${this.privateSubnets}[*].zone)`;
    this.privateSubnetIdsByZone = hcl`{ for subnet in ${this.privateSubnets} : subnet.zone => subnet.id... }`;
  }
}

/** Which /64 network of the VPC's IPv6 range belongs to the row's subnet. */
function partIn(rows: SubnetRows, vpc: Vpc): Expression {
  return hcl`${new Expression(partOf256(rows.value("cidr").text, ofMaybe(vpc, "cidr_block").text))}`;
}

/** One route of a table. */
function route(said: Readonly<Record<string, Operand>>): Expression {
  return wholeObject(awsSchema.resource.aws_route_table.objects.route, said);
}

/**
 * Every route of a table, so that one that is no longer listed goes: a table whose routes are not said at all keeps them,
 * and `dynamic` blocks say nothing where there are none.
 */
function routes(...lists: readonly Expression[]): IResolvable {
  return new Expression(`concat(${lists.map(({ text }) => text).join(", ")})`).asResolvable;
}
