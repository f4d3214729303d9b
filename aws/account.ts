import { paginateDescribeLaunchConfigurations, type AutoScalingClient } from "@aws-sdk/client-auto-scaling";
import {
  DescribeAddressesCommand,
  DescribeAvailabilityZonesCommand,
  DescribeKeyPairsCommand,
  paginateDescribeInstances,
  paginateDescribeInstanceTypeOfferings,
  paginateDescribeVpcs,
  type _InstanceType,
  type Address,
  type EC2Client,
  type Instance,
  type Vpc,
} from "@aws-sdk/client-ec2";
import { ListRolesCommand, type IAMClient } from "@aws-sdk/client-iam";
import {
  GetAWSDefaultServiceQuotaCommand,
  GetServiceQuotaCommand,
  type ServiceQuotasClient,
} from "@aws-sdk/client-service-quotas";
import { GetParameterCommand, GetParametersCommand, type SSMClient } from "@aws-sdk/client-ssm";
import { GetCallerIdentityCommand, type STSClient } from "@aws-sdk/client-sts";

import { all, ifThere, inBatches } from "./answers";

/** Who asks. */
export interface Identity {
  readonly account: string;
  /** Such as `arn:aws:iam::ACCOUNT:user/NAME` or `arn:aws:sts::ACCOUNT:assumed-role/NAME/SESSION`. */
  readonly arn: string;
}

export async function readIdentity(sts: STSClient): Promise<Identity> {
  const { Account = "", Arn = "" } = await sts.send(new GetCallerIdentityCommand({}));
  return { account: Account, arn: Arn };
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

/** In which zones each of some instance types is offered. */
export async function readOfferings(
  ec2: EC2Client,
  types: readonly string[],
): Promise<Record<string, readonly string[]>> {
  const Filters = [{ Name: "instance-type", Values: [...types] }];
  const asked = { LocationType: "availability-zone", Filters } as const;
  const pages = paginateDescribeInstanceTypeOfferings({ client: ec2 }, asked);
  const offered = await all(pages, (page) => page.InstanceTypeOfferings);
  const zonesOf = (type: string) =>
    offered.flatMap(({ InstanceType, Location = "" }) => (InstanceType === (type as _InstanceType) ? Location : []));
  return Object.fromEntries(types.map((type) => [type, zonesOf(type)]));
}

export async function hasKeyPair(ec2: EC2Client, name: string): Promise<boolean> {
  return (await ifThere(ec2.send(new DescribeKeyPairsCommand({ KeyNames: [name] })))) !== undefined;
}

/** Names of the region's launch configurations. */
export async function readLaunchConfigurations(autoScaling: AutoScalingClient): Promise<string[]> {
  const pages = paginateDescribeLaunchConfigurations({ client: autoScaling }, {});
  return (await all(pages, (page) => page.LaunchConfigurations)).map((it) => it.LaunchConfigurationName ?? "");
}

/** When the oldest of the account's first thousand roles was made, ISO 8601: the account is at least as old. */
export async function readOldestRole(iam: IAMClient): Promise<string | undefined> {
  const { Roles = [] } = await iam.send(new ListRolesCommand({ MaxItems: 1000 }));
  return Roles.flatMap(({ CreateDate }) => CreateDate?.toISOString() ?? []).sort()[0];
}

/** The value of a parameter; undefined when there is none of that name. */
export async function readParameter(ssm: SSMClient, Name: string): Promise<string | undefined> {
  return (await ifThere(ssm.send(new GetParameterCommand({ Name }))))?.Parameter?.Value;
}

/** @see https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_GetParameters.html */
const PARAMETERS_AT_ONCE = 10;

/** Values of parameters by their names; one that does not exist is left out. */
export async function readParameters(ssm: SSMClient, names: readonly string[]): Promise<Map<string, string>> {
  const values = new Map<string, string>();
  for (const Names of inBatches(names, PARAMETERS_AT_ONCE)) {
    const { Parameters = [] } = await ssm.send(new GetParametersCommand({ Names }));
    for (const { Name = "", Value = "" } of Parameters) values.set(Name, Value);
  }
  return values;
}

/** How much there may be of something: what has been agreed with the account, else what everybody has. */
export async function readQuota(
  quotas: ServiceQuotasClient,
  { service, code }: { readonly service: string; readonly code: string },
): Promise<number> {
  const asked = { ServiceCode: service, QuotaCode: code };
  const own = await ifThere(quotas.send(new GetServiceQuotaCommand(asked)), "NoSuchResourceException");
  const { Quota } = own ?? (await quotas.send(new GetAWSDefaultServiceQuotaCommand(asked)));
  if (Quota?.Value === undefined) throw new Error(`there is no quota ${code}`);
  return Quota.Value;
}

/** How many VPCs count against the quota. @param account its number; undefined when that is not known */
export async function countVpcs(ec2: EC2Client, account: string | undefined): Promise<number> {
  const vpcs = await all(paginateDescribeVpcs({ client: ec2 }, {}), (page) => page.Vpcs);
  return vpcs.filter((vpc) => isOwn(vpc, account)).length;
}

/** Whether a VPC counts against the quota of an account: one that others share with it counts against theirs. */
export function isOwn({ OwnerId }: Vpc, account: string | undefined): boolean {
  return OwnerId === undefined || account === undefined || OwnerId === account;
}

/** How many Elastic IP addresses count against the quota. */
export async function countAddresses(ec2: EC2Client): Promise<number> {
  return ((await ec2.send(new DescribeAddressesCommand({}))).Addresses ?? []).filter(isOfAmazon).length;
}

/** Whether an address is of those that the quota is about: not brought along, not of an Outpost or a carrier. */
export function isOfAmazon({ PublicIpv4Pool: pool = "amazon", CustomerOwnedIp, CarrierIp, ServiceManaged }: Address) {
  return pool === "amazon" && CustomerOwnedIp === undefined && CarrierIp === undefined && ServiceManaged === undefined;
}

/** How many vCPUs count against the quota of standard instances on demand. */
export async function countVcpus(ec2: EC2Client): Promise<number> {
  const Filters = [{ Name: "instance-state-name", Values: ["pending", "running"] }];
  const reservations = await all(paginateDescribeInstances({ client: ec2 }, { Filters }), (page) => page.Reservations);
  return usedVcpus(reservations.flatMap(({ Instances }) => Instances ?? []));
}

/** vCPUs that count against the quota of standard instances: spot instances and hosts have quotas of their own. */
export function usedVcpus(instances: readonly Instance[]): number {
  return instances
    .filter(({ InstanceType = "", InstanceLifecycle, Placement }) => {
      return isStandard(InstanceType) && InstanceLifecycle === undefined && Placement?.Tenancy !== "host";
    })
    .reduce((sum, { CpuOptions: cpus }) => sum + (cpus?.CoreCount ?? 1) * (cpus?.ThreadsPerCore ?? 1), 0);
}

/** Whether an instance type counts against the quota of standard instances: A, C, D, H, I, M, R, T, Z. */
export function isStandard(type: string): boolean {
  return /^([acdhimrtz]\d|im\d|is\d)/.test(type);
}
