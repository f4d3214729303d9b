import {
  DescribeAddressesCommand,
  paginateDescribeVpcs,
  type Address,
  type EC2Client,
  type Instance,
  type Vpc,
} from "@aws-sdk/client-ec2";
import {
  GetAWSDefaultServiceQuotaCommand,
  GetServiceQuotaCommand,
  type ServiceQuotasClient,
} from "@aws-sdk/client-service-quotas";

import { all, ifThere, matching } from "./answers";
import { pagesOfInstances } from "./instances";

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
  const vpcs = await all(paginateDescribeVpcs({ client: ec2 }, {}), "Vpcs");
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
  const states = ["pending", "running"];
  return usedVcpus(await matching(ec2, pagesOfInstances, "Instances", "instance-state-name", states));
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
