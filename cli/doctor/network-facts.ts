import {
  DescribeNatGatewaysCommand,
  DescribeRouteTablesCommand,
  DescribeSubnetsCommand,
  DescribeVpcEndpointsCommand,
  type EC2Client,
} from "@aws-sdk/client-ec2";
import { serviceOf } from "../../facts/endpoint-services";

/** A subnet of the VPC. */
export interface SubnetFact {
  readonly id: string;
  readonly vpcId: string;
  readonly zone: string;
  readonly cidr: string;
  readonly free: number;
  readonly tags: Readonly<Record<string, string>>;
  /** Where 0.0.0.0/0 goes: an id of a gateway; `blackhole` when that is gone; undefined when it goes nowhere. */
  readonly defaultRoute: string | undefined;
}

/** A NAT gateway. */
export interface NatFact {
  readonly id: string;
  /** `available`, `pending`, `failed`, `deleting`, `deleted` */
  readonly state: string;
  readonly subnetId: string;
}

/** What a network has, as far as its nodes' way out goes. */
export interface Ways {
  readonly subnets: readonly SubnetFact[];
  readonly natGateways: readonly NatFact[];
}

/** Each name once, and no empty one. */
export function unique(names: readonly string[]): string[] {
  return [...new Set(names)].filter((name) => name !== "");
}

/** Tags by key. */
export function tagsOf(tags: readonly { readonly Key?: string; readonly Value?: string }[] | undefined) {
  return Object.fromEntries((tags ?? []).map(({ Key = "", Value = "" }) => [Key, Value]));
}

/** All subnets of the VPCs that some subnets are in. */
export async function subnetsBeside(ec2: EC2Client, ids: readonly string[]): Promise<SubnetFact[]> {
  const used = unique(ids);
  const found = async (Name: string, Values: string[]) =>
    Values.length === 0
      ? []
      : ((await ec2.send(new DescribeSubnetsCommand({ Filters: [{ Name, Values }] }))).Subnets ?? []);
  const vpcIds = unique((await found("subnet-id", used)).map(({ VpcId = "" }) => VpcId));
  if (vpcIds.length === 0) return [];
  const Subnets = await found("vpc-id", vpcIds);
  const Filters = [{ Name: "vpc-id", Values: vpcIds }];
  const { RouteTables = [] } = await ec2.send(new DescribeRouteTablesCommand({ Filters }));
  return Subnets.map((it) => {
    const own = RouteTables.find(({ Associations }) =>
      (Associations ?? []).some(({ SubnetId }) => SubnetId === it.SubnetId),
    );
    const main = RouteTables.find(
      ({ VpcId, Associations }) => VpcId === it.VpcId && (Associations ?? []).some(({ Main }) => Main === true),
    );
    const route = (own ?? main)?.Routes?.find(({ DestinationCidrBlock }) => DestinationCidrBlock === "0.0.0.0/0");
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
      defaultRoute: route?.State === "blackhole" ? "blackhole" : target,
    };
  });
}

/** The NAT gateways of a VPC; those that were deleted are among them for an hour or so. */
export async function natGatewaysOf(ec2: EC2Client, vpcId: string): Promise<NatFact[]> {
  const Filter = [{ Name: "vpc-id", Values: [vpcId] }];
  const { NatGateways = [] } = await ec2.send(new DescribeNatGatewaysCommand({ Filter }));
  return NatGateways.map(({ NatGatewayId = "", State = "", SubnetId = "" }) => ({
    id: NatGatewayId,
    state: State,
    subnetId: SubnetId,
  }));
}

/** Services that a VPC has endpoints for: `ec2`, `ecr.api`, `s3`. */
export async function endpointsOf(ec2: EC2Client, vpcId: string): Promise<string[]> {
  const Filters = [{ Name: "vpc-id", Values: [vpcId] }];
  const { VpcEndpoints = [] } = await ec2.send(new DescribeVpcEndpointsCommand({ Filters }));
  return VpcEndpoints.map(({ ServiceName = "" }) => serviceOf(ServiceName));
}
