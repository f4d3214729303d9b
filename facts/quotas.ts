/** Quotas that the stack uses. @see https://docs.aws.amazon.com/general/latest/gr/vpc-service.html */
export const QUOTAS = {
  quotaOfVpcs: { service: "vpc", code: "L-F678F1CE", name: "VPCs per Region" },
  quotaOfAddresses: { service: "ec2", code: "L-0263D0A3", name: "EC2-VPC Elastic IPs" },
  /** vCPUs of running on-demand instances of the standard families. */
  quotaOfVcpus: { service: "ec2", code: "L-1216C47A", name: "Running On-Demand Standard instances" },
} as const;
