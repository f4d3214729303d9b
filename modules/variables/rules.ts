import { prefixLength, rule } from "../hcl/ranges";

/** Characters that EC2 takes in the value of a tag. @see https://docs.aws.amazon.com/tag-editor/latest/userguide/best-practices-and-strats.html */
export const TAG_VALUE = String.raw`^[\\p{L}\\p{N}\\p{Zs}_.:/=+@-]+$`;

/** Characters of IAM names. @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html */
export const IAM_NAME = String.raw`^[\\w+=,.@-]+$`;

/**
 * Bytes that the user-supplied parts of the user data may have together. EC2 takes 16,384 bytes in all; the rest is
 * for the script around them, the endpoint and the certificate authority.
 *
 * @see https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/user-data.html
 */
export const USER_DATA_PARTS_MAX_BYTES = 12_288;

/** How long CloudWatch can keep logs, in days; 0: for ever. @see https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html */
export const RETENTION_DAYS = [
  0, 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
];

/** As many as Kubernetes supports. @see https://kubernetes.io/docs/setup/best-practices/cluster-large/ */
export const MAX_NODES = 5000;

export function imageId(name: string) {
  return rule(
    `can(regex("^ami-([0-9a-f]{8}|[0-9a-f]{17})$", var.${name}))`,
    `${name} must be the id of an AMI, "ami-" and 8 or 17 hexadecimal digits, got "\${var.${name}}"; AMIs differ from region to region.`,
  );
}

/** Volumes of gp2, which an image may ask for, end at 16 TiB, and no image of Ubuntu or Amazon Linux fits into less than 8 GiB. */
export function volumeSize(name: string) {
  return rule(
    `floor(var.${name}) == var.${name} && var.${name} >= 8 && var.${name} <= 16384`,
    `${name} must be a whole number of GiB from 8 to 16384, got \${var.${name}}.`,
  );
}

/** Ranges wider than any organization has: more than a /8 of IPv4, more than a /16 of IPv6. */
export function isTheInternet(cidr: string): string {
  return `try(${prefixLength(cidr)} < (strcontains(${cidr}, ":") ? 16 : 8), false)`;
}

/**
 * A value is one of a few.
 *
 * @param otherwise `nothing` when it may be null, too
 */
export function oneOf(name: string, allowed: readonly string[], otherwise?: "nothing") {
  const shown = [...allowed.map((value) => `"${value}"`), ...(otherwise === undefined ? [] : [otherwise])];
  const isOne = `contains(${JSON.stringify(allowed)}, var.${name})`;
  return rule(
    otherwise === undefined ? isOne : `var.${name} == null ? true : ${isOne}`,
    `${name} must be ${shown.slice(0, -1).join(", ")} or ${String(shown.at(-1))}, got \${jsonencode(var.${name})}.`,
  );
}
