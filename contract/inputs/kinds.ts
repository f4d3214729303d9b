import { allOf, isOneOf, matches, matching, not, type Condition, type Test } from "./condition";

/**
 * Characters that EC2 takes in the value of a tag.
 *
 * @see https://docs.aws.amazon.com/tag-editor/latest/userguide/best-practices-and-strats.html
 */
const TAG_CHARACTERS = String.raw`[\p{L}\p{N}\p{Zs}_.:/=+@-]`;

/**
 * A text of 1 to `most` {@link TAG_CHARACTERS}. Two patterns: Terraform takes 3 ms to compile `^[…]{1,127}$`, at each
 * call anew, and a thirtieth of that for `^[…]+$` and `[…]{128}`.
 */
export function tagValue(most: number): Test<string> {
  return allOf(matches(`^${TAG_CHARACTERS}+$`), not(matches(`${TAG_CHARACTERS}{${String(most + 1)}}`)));
}

/** Characters of IAM names. @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html */
export const IAM_CHARACTERS = String.raw`[\w+=,.@-]`;

/** A role of IAM, with its path if it has one. */
export const ROLE_ARN = `^arn:aws[a-z-]*:iam::[0-9]{12}:role/([!-~]+/)?${IAM_CHARACTERS}{1,64}$`;

/** A policy of IAM, of AWS or of the account. */
export const POLICY_ARN = `^arn:aws[a-z-]*:iam::(aws|[0-9]{12}):policy/([!-~]+/)?${IAM_CHARACTERS}{1,128}$`;

/** The id of a hosted zone in Route 53. */
export const ZONE_ID = "^Z[0-9A-Z]{1,31}$";

/**
 * A name as Kubernetes and DNS take it.
 *
 * @see https://kubernetes.io/docs/concepts/overview/working-with-objects/names/#dns-label-names
 */
export const DNS_LABEL = "[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?";

/** How ids of AWS end. @see https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/resource-ids.html */
export const HEXADECIMAL = "([0-9a-f]{8}|[0-9a-f]{17})";

/** As many as Kubernetes supports. @see https://kubernetes.io/docs/setup/best-practices/cluster-large/ */
export const MAX_NODES = 5000;

/**
 * Bytes that the user-supplied parts of the user data may have together. EC2 takes 16,384 bytes in all; the rest is
 * for the script around them, the endpoint and the certificate authority.
 *
 * @see https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/user-data.html
 */
export const USER_DATA_PARTS_MAX_BYTES = 12_288;

/**
 * How long CloudWatch can keep logs, in days; 0: for ever.
 *
 * @see https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html
 */
const RETENTION_DAYS = [
  0, 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
];

/** A number of days for which CloudWatch keeps logs. */
export const RETENTION: Condition<number> = {
  must: `one of ${RETENTION_DAYS.join(", ")} days (0: for ever), because CloudWatch has no other`,
  ...isOneOf(RETENTION_DAYS),
};

/** The id of a machine image. */
export const IMAGE_ID = matching(
  `^ami-${HEXADECIMAL}$`,
  'the id of an AMI, "ami-" and 8 or 17 hexadecimal digits',
  "AMIs differ from region to region",
);

/** @see https://docs.aws.amazon.com/ec2/latest/instancetypes/instance-type-names.html */
export const INSTANCE_TYPE = matching(
  String.raw`^[a-z][a-z0-9-]*\.(nano|micro|small|medium|large|[0-9]*xlarge|metal(-[0-9]+xl)?)$`,
  "an EC2 instance type such as t3.medium",
  "`aws ec2 describe-instance-type-offerings` shows the names",
);

/** `MAJOR.MINOR`. Without quotes 1.30 is a number and arrives as "1.3": a minor of one digit was never on offer. */
export const KUBERNETES_VERSION = matching(
  String.raw`^1\.[1-9][0-9]$`,
  'MAJOR.MINOR in quotes, such as "1.14" or "1.30"',
  "without quotes Terraform reads a number and drops its last zero, and a patch version is EKS' own to choose",
);

/**
 * The size of a root volume. Volumes of gp2, which an image may ask for, end at 16 TiB, and no image of Ubuntu or
 * Amazon Linux fits into less than 8 GiB.
 */
export const ROOT_VOLUME = { from: 8, to: 16_384, unit: "GiB" };

/** The minor version of `eks_version`, in Terraform's language. */
export const MINOR = 'tonumber(split(".", var.eks_version)[1])';
