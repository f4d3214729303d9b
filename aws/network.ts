import {
  DescribeAvailabilityZonesCommand,
  DescribeDhcpOptionsCommand,
  DescribeVpcAttributeCommand,
  DescribeVpcsCommand,
  paginateDescribeNatGateways,
  paginateDescribeRouteTables,
  paginateDescribeSecurityGroups,
  paginateDescribeSubnets,
  paginateDescribeVpcEndpoints,
  paginateDescribeVpcs,
  type EC2Client,
  type IpPermission,
} from "@aws-sdk/client-ec2";

import { serviceOf } from "../facts/endpoint-services";
import { all, matching, tagsOf } from "./answers";

/** Whether there is a VPC that the account may see. */
export async function hasVpc(ec2: EC2Client, id: string): Promise<boolean> {
  return (await matching(ec2, paginateDescribeVpcs, "Vpcs", "vpc-id", [id])).length > 0;
}

/** A subnet of a VPC. */
export interface Subnet {
  readonly id: string;
  readonly vpcId: string;
  readonly zone: string;
  readonly cidr: string;
  /** Addresses that nothing has. */
  readonly free: number;
  readonly tags: Readonly<Record<string, string>>;
  /** Empty when it has none. */
  readonly routeTableId: string;
  /** Where 0.0.0.0/0 goes: an id of a gateway; `blackhole` when that is gone; undefined when it goes nowhere. */
  readonly defaultRoute: string | undefined;
}

/** All subnets of the VPCs that some subnets are in. */
export async function readSubnetsBeside(ec2: EC2Client, ids: readonly string[]): Promise<Subnet[]> {
  const subnets = (filter: string, values: readonly string[]) =>
    matching(ec2, paginateDescribeSubnets, "Subnets", filter, values);
  const vpcIds = (await subnets("subnet-id", ids)).map(({ VpcId = "" }) => VpcId);
  const tables = await matching(ec2, paginateDescribeRouteTables, "RouteTables", "vpc-id", vpcIds);
  const associations = tables.flatMap((table) => (table.Associations ?? []).map((it) => ({ ...it, table })));
  return (await subnets("vpc-id", vpcIds)).map((it) => {
    const { table } =
      associations.find(({ SubnetId }) => SubnetId === it.SubnetId) ??
      associations.find(({ Main, table: { VpcId } }) => Main === true && VpcId === it.VpcId) ??
      {};
    const route = table?.Routes?.find(({ DestinationCidrBlock }) => DestinationCidrBlock === "0.0.0.0/0");
    const target =
      route?.NatGatewayId ??
      route?.GatewayId ??
      route?.TransitGatewayId ??
      route?.NetworkInterfaceId ??
      route?.InstanceId ??
      route?.VpcPeeringConnectionId ??
      route?.LocalGatewayId ??
      route?.CoreNetworkArn;
    return {
      id: it.SubnetId ?? "",
      vpcId: it.VpcId ?? "",
      zone: it.AvailabilityZone ?? "",
      cidr: it.CidrBlock ?? "",
      free: it.AvailableIpAddressCount ?? 0,
      tags: tagsOf(it.Tags),
      routeTableId: table?.RouteTableId ?? "",
      defaultRoute: route?.State === "blackhole" ? "blackhole" : target,
    };
  });
}

/** A NAT gateway. */
export interface NatGateway {
  readonly id: string;
  /** `available`, `pending`, `failed`, `deleting`, `deleted` */
  readonly state: string;
  readonly subnetId: string;
}

/** The NAT gateways of a VPC; those that were deleted are among them for an hour or so. */
export async function readNatGateways(ec2: EC2Client, vpcId: string): Promise<NatGateway[]> {
  const pages = paginateDescribeNatGateways({ client: ec2 }, { Filter: [{ Name: "vpc-id", Values: [vpcId] }] });
  return (await all(pages, "NatGateways")).map(({ NatGatewayId = "", State = "", SubnetId = "" }) => ({
    id: NatGatewayId,
    state: State,
    subnetId: SubnetId,
  }));
}

/** A VPC endpoint: a way to a service of AWS that does not lead through the internet. */
export interface Endpoint {
  /** `ec2`, `ecr.api`, `s3` */
  readonly service: string;
  readonly isAvailable: boolean;
  /** Whether it has network interfaces; else it is a route of its route tables. */
  readonly hasInterfaces: boolean;
  /** Whether its interfaces answer by the name that the service has anyway. */
  readonly hasPrivateDns: boolean;
  readonly subnetIds: readonly string[];
  readonly securityGroupIds: readonly string[];
  readonly routeTableIds: readonly string[];
}

/** The endpoints of a VPC. @see https://docs.aws.amazon.com/vpc/latest/privatelink/create-interface-endpoint.html */
export async function readEndpoints(ec2: EC2Client, vpcId: string): Promise<Endpoint[]> {
  const found = await matching(ec2, paginateDescribeVpcEndpoints, "VpcEndpoints", "vpc-id", [vpcId]);
  return found.map((it) => ({
    service: serviceOf(it.ServiceName ?? ""),
    isAvailable: String(it.State).toLowerCase() === "available",
    hasInterfaces: it.VpcEndpointType === "Interface",
    hasPrivateDns: it.PrivateDnsEnabled === true,
    subnetIds: it.SubnetIds ?? [],
    securityGroupIds: (it.Groups ?? []).flatMap(({ GroupId }) => GroupId ?? []),
    routeTableIds: it.RouteTableIds ?? [],
  }));
}

/** Rules of a security group. */
export interface SecurityGroup {
  readonly id: string;
  readonly inbound: readonly Permission[];
  readonly outbound: readonly Permission[];
}

/** One rule: who may be talked to, over what. */
export interface Permission {
  /** `tcp`, `udp`, `icmp`, or `-1` for all. */
  readonly protocol: string;
  /** Undefined: every port. */
  readonly ports: { readonly from: number; readonly to: number } | undefined;
  /** IPv4 ranges. */
  readonly cidrs: readonly string[];
  readonly groupIds: readonly string[];
  /** Lists of ranges, by their ids: who is on them is not looked at. */
  readonly prefixListIds: readonly string[];
}

/** Security groups by their own ids, or by that of their VPC; none where no id is given. */
export async function readSecurityGroups(
  ec2: EC2Client,
  by: "group-id" | "vpc-id",
  ids: readonly string[],
): Promise<SecurityGroup[]> {
  const found = await matching(ec2, paginateDescribeSecurityGroups, "SecurityGroups", by, ids);
  return found.map((it) => ({
    id: it.GroupId ?? "",
    inbound: (it.IpPermissions ?? []).map(permission),
    outbound: (it.IpPermissionsEgress ?? []).map(permission),
  }));
}

function permission(it: IpPermission): Permission {
  const { IpProtocol = "-1", FromPort, ToPort } = it;
  const isEveryPort = IpProtocol === "-1" || FromPort === undefined || ToPort === undefined || FromPort === -1;
  return {
    protocol: IpProtocol,
    ports: isEveryPort ? undefined : { from: FromPort, to: ToPort },
    cidrs: (it.IpRanges ?? []).flatMap(({ CidrIp }) => CidrIp ?? []),
    groupIds: (it.UserIdGroupPairs ?? []).flatMap(({ GroupId }) => GroupId ?? []),
    prefixListIds: (it.PrefixListIds ?? []).flatMap(({ PrefixListId }) => PrefixListId ?? []),
  };
}

/** What a VPC says of names. */
export interface VpcNames {
  readonly dnsSupport: boolean;
  readonly dnsHostnames: boolean;
  /** Servers that instances are told to ask; `AmazonProvidedDNS` is the VPC's own. Undefined when that is not known. */
  readonly nameServers: readonly string[] | undefined;
}

/** It is no failure when the name servers cannot be asked: hardly anybody has others than AWS'. */
export async function readVpcNames(ec2: EC2Client, VpcId: string): Promise<VpcNames> {
  const [support, hostnames, { Vpcs = [] }] = await Promise.all([
    ec2.send(new DescribeVpcAttributeCommand({ VpcId, Attribute: "enableDnsSupport" })),
    ec2.send(new DescribeVpcAttributeCommand({ VpcId, Attribute: "enableDnsHostnames" })),
    ec2.send(new DescribeVpcsCommand({ VpcIds: [VpcId] })),
  ]);
  const options = Vpcs[0]?.DhcpOptionsId ?? "";
  return {
    dnsSupport: support.EnableDnsSupport?.Value ?? false,
    dnsHostnames: hostnames.EnableDnsHostnames?.Value ?? false,
    nameServers: options.startsWith("dopt-") ? await nameServers(ec2, options).catch(() => undefined) : undefined,
  };
}

async function nameServers(ec2: EC2Client, options: string): Promise<readonly string[] | undefined> {
  const { DhcpOptions = [] } = await ec2.send(new DescribeDhcpOptionsCommand({ DhcpOptionsIds: [options] }));
  const servers = DhcpOptions[0]?.DhcpConfigurations?.find(({ Key }) => Key === "domain-name-servers");
  return servers?.Values?.flatMap(({ Value }) => Value ?? []);
}

/** A zone that the account may use. */
export interface Zone {
  /** `ap-northeast-2a`: another account may call it otherwise. */
  readonly name: string;
  /** `apne2-az1`: the same in every account. */
  readonly id: string;
}

/** The region's zones that the account may use. One that is impaired or constrained is there all the same. */
export async function readZones(ec2: EC2Client): Promise<Zone[]> {
  const { AvailabilityZones = [] } = await ec2.send(new DescribeAvailabilityZonesCommand({}));
  return AvailabilityZones.filter(({ State }) => State !== "unavailable").map(({ ZoneName = "", ZoneId = "" }) => ({
    name: ZoneName,
    id: ZoneId,
  }));
}
