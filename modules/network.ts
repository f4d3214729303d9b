import { Eip } from "@cdktf/provider-aws/lib/eip";
import { InternetGateway } from "@cdktf/provider-aws/lib/internet-gateway";
import { NatGateway } from "@cdktf/provider-aws/lib/nat-gateway";
import { RouteTable } from "@cdktf/provider-aws/lib/route-table";
import { RouteTableAssociation } from "@cdktf/provider-aws/lib/route-table-association";
import { Subnet } from "@cdktf/provider-aws/lib/subnet";
import { Vpc } from "@cdktf/provider-aws/lib/vpc";
import type { ITerraformDependable, TerraformResourceLifecycle } from "cdktf";
import { Construct } from "constructs";

import { ofEveryRow, ofRow, type Rows } from "./terraform/rows";

/** Subnets as the workshop's tfvars list them: zone, address range, name. */
export type SubnetRows = Rows<"az" | "cidr" | "name">;

/** What a network is made of. */
export interface NetworkProps {
  /** Name of the VPC, and first part of the names of its parts. */
  readonly name: string;
  /** IPv4 address range of the VPC. */
  readonly cidr: string;
  readonly publicSubnets: SubnetRows;
  readonly privateSubnets: SubnetRows;
  /** Name of the cluster that will use the subnets: EKS and its load balancers find them by tags. */
  readonly clusterName: string;
}

/** A VPC with public subnets, private subnets, and one NAT gateway for all that is private. */
export class Network extends Construct {
  readonly vpcId: string;
  /** The public subnet listed first; it also holds the NAT gateway. */
  readonly firstPublicSubnetId: string;
  readonly privateSubnetIds: string[];
  /** What has to exist before an instance in a private subnet reaches the internet. */
  readonly privateEgress: readonly ITerraformDependable[];
  /** What has to exist before an instance in a public subnet reaches the internet. */
  readonly publicEgress: readonly ITerraformDependable[];

  constructor(scope: Construct, id: string, props: NetworkProps) {
    super(scope, id);
    const { name, cidr, publicSubnets, privateSubnets, clusterName } = props;
    const shared = { [`kubernetes.io/cluster/${clusterName}`]: "shared" };

    const vpc = new Vpc(this, "vpc", {
      cidrBlock: cidr,
      // The private endpoint's name resolves only with both.
      // https://docs.aws.amazon.com/eks/latest/userguide/cluster-endpoint.html
      enableDnsSupport: true,
      enableDnsHostnames: true,
      tags: { Name: name, ...shared },
    });

    // Load balancers are placed by the role tags.
    // https://docs.aws.amazon.com/eks/latest/userguide/network-load-balancing.html
    const subnets = (
      subnetId: string,
      rows: SubnetRows,
      role: "elb" | "internal-elb",
      lifecycle?: TerraformResourceLifecycle,
    ) =>
      new Subnet(this, subnetId, {
        forEach: rows.forEach,
        vpcId: vpc.id,
        availabilityZone: rows.value("az"),
        cidrBlock: rows.value("cidr"),
        tags: { Name: `${name}-${rows.key}`, ...shared, [`kubernetes.io/role/${role}`]: "1" },
        ...(lifecycle !== undefined && { lifecycle }),
      });
    const publicSubnet = subnets("public-subnet", publicSubnets, "elb");
    const privateSubnet = subnets("private-subnet", privateSubnets, "internal-elb", {
      // Otherwise Terraform deletes a subnet that was removed before it tells the cluster and the Auto Scaling group, and
      // AWS refuses to delete a subnet in use.
      createBeforeDestroy: true,
    });
    this.firstPublicSubnetId = ofRow(publicSubnet, publicSubnets.first("name"), "id");

    const internetGateway = new InternetGateway(this, "internet-gateway", {
      vpcId: vpc.id,
      tags: { Name: `${name}-igw` },
    });
    const natAddress = new Eip(this, "nat-address", {
      domain: "vpc",
      tags: { Name: `${name}-nat-eip` },
      // An address maps to the internet only in a VPC that has a gateway.
      dependsOn: [internetGateway],
    });
    const natGateway = new NatGateway(this, "nat-gateway", {
      allocationId: natAddress.allocationId,
      subnetId: this.firstPublicSubnetId,
      tags: { Name: `${name}-nat-gateway` },
      // https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/nat_gateway asks for it
      dependsOn: [internetGateway],
    });

    const publicRoutes = new RouteTable(this, "public-routes", {
      vpcId: vpc.id,
      route: [{ cidrBlock: "0.0.0.0/0", gatewayId: internetGateway.id }],
      tags: { Name: `${name}-public-rt` },
    });
    const privateRoutes = new RouteTable(this, "private-routes", {
      vpcId: vpc.id,
      route: [{ cidrBlock: "0.0.0.0/0", natGatewayId: natGateway.id }],
      tags: { Name: `${name}-private-rt` },
    });

    const associations = (associationId: string, rows: SubnetRows, subnet: Subnet, routes: RouteTable) =>
      new RouteTableAssociation(this, associationId, {
        forEach: rows.forEach,
        subnetId: ofRow(subnet, rows.key, "id"),
        routeTableId: routes.id,
      });
    this.publicEgress = [associations("public-association", publicSubnets, publicSubnet, publicRoutes)];
    this.privateEgress = [associations("private-association", privateSubnets, privateSubnet, privateRoutes)];

    this.vpcId = vpc.id;
    this.privateSubnetIds = ofEveryRow(privateSubnet, "id");
  }
}
