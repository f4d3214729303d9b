import { policy, trustPolicy, type Statement } from "../facts/policy";

/** An AWS account: where what belongs to it is, in the ARNs of it. */
export interface Account {
  /** `aws`, `aws-cn` or `aws-us-gov`. */
  readonly partition: string;
  /** Twelve digits. */
  readonly accountId: string;
  /** Of the partition, such as `amazonaws.com`. */
  readonly dnsSuffix: string;
}

/**
 * Trust policy of a role for machines. EC2 is the one service here that has another name in China; EKS, its pods and
 * flow logs have one name everywhere.
 *
 * @see https://github.com/aws/aws-cdk/blob/main/packages/aws-cdk-lib/region-info/lib/default.ts
 */
export function machineTrustPolicy({ dnsSuffix }: Account): string {
  return trustPolicy(`ec2.${dnsSuffix}`);
}

/** ARN of a policy that AWS manages. */
export function managedPolicyArn({ partition }: Account, name: string): string {
  return `arn:${partition}:iam::aws:policy/${name}`;
}

/**
 * ARN of one of EKS' own access policies, which say what an access entry may do in the cluster.
 *
 * @see https://docs.aws.amazon.com/eks/latest/userguide/access-policy-permissions.html
 */
export function accessPolicyArn({ partition }: Account, name: string): string {
  return `arn:${partition}:eks::aws:cluster-access-policy/${name}`;
}

/** What a bastion's own role may do: ask for one cluster, as `aws eks update-kubeconfig` does. */
export function describeClusterPolicy(clusterArn: string): string {
  return policy({ Action: "eks:DescribeCluster", Resource: clusterArn });
}

/**
 * Key policy for the secrets of a cluster: its role uses the key, the account's IAM policies say who else may.
 *
 * Who makes the cluster needs `kms:DescribeKey` and `kms:CreateGrant` in policies of their own.
 *
 * @see https://docs.aws.amazon.com/eks/latest/userguide/enable-kms.html
 */
export function secretsKeyPolicy(account: Account, clusterRoleArn: string): string {
  return keyPolicy(account, {
    Sid: "UseByTheClustersRole",
    Principal: { AWS: clusterRoleArn },
    Action: ["kms:Encrypt", "kms:Decrypt", "kms:DescribeKey", "kms:ListGrants"],
    Resource: "*",
  });
}

/**
 * Key policy for volumes of instances that Auto Scaling launches, and of those that people launch whom the account's
 * IAM policies let.
 *
 * Auto Scaling's service-linked role and that of spot instances are named by a condition: as principals they would
 * have to exist, and AWS makes them with an account's first Auto Scaling group and its first spot instance.
 *
 * @see https://docs.aws.amazon.com/autoscaling/ec2/userguide/key-policy-requirements-EBS-encryption.html
 * @see https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/service-linked-roles-spot-instance-requests.html
 */
export function volumeKeyPolicy(account: Account): string {
  const { partition, accountId } = account;
  const roles = [
    "autoscaling.amazonaws.com/AWSServiceRoleForAutoScaling",
    "spot.amazonaws.com/AWSServiceRoleForEC2Spot",
  ];
  const arns = roles.map((role) => `arn:${partition}:iam::${accountId}:role/aws-service-role/${role}`);
  const byAutoScaling = { StringEquals: { "kms:CallerAccount": accountId }, ArnEquals: { "aws:PrincipalArn": arns } };
  return keyPolicy(
    account,
    {
      Sid: "UseByAutoScaling",
      Principal: { AWS: "*" },
      Action: ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey"],
      Resource: "*",
      Condition: byAutoScaling,
    },
    {
      Sid: "GrantsForVolumesByAutoScaling",
      Principal: { AWS: "*" },
      Action: "kms:CreateGrant",
      Resource: "*",
      Condition: { ...byAutoScaling, Bool: { "kms:GrantIsForAWSResource": "true" } },
    },
  );
}

/**
 * Key policy for log groups: CloudWatch Logs of the region uses the key, for log groups of those names alone.
 *
 * @param logGroups names of log groups
 * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html
 */
export function logKeyPolicy(account: Account, region: string, logGroups: readonly string[]): string {
  const { partition, accountId, dnsSuffix } = account;
  const arns = logGroups.map((name) => `arn:${partition}:logs:${region}:${accountId}:log-group:${name}`);
  return keyPolicy(account, {
    Sid: "UseByTheLogGroups",
    Principal: { Service: `logs.${region}.${dnsSuffix}` },
    Action: ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:Describe*"],
    Resource: "*",
    Condition: { ArnEquals: { "kms:EncryptionContext:aws:logs:arn": arns } },
  });
}

/** Without its first statement nobody could ever change the policy again: a key policy is not overruled by IAM. */
function keyPolicy({ partition, accountId }: Account, ...statements: readonly Statement[]): string {
  return policy(
    {
      Sid: "AdministrationByTheAccount",
      Principal: { AWS: `arn:${partition}:iam::${accountId}:root` },
      Action: "kms:*",
      Resource: "*",
    },
    ...statements,
  );
}
