/**
 * AWS services that a VPC endpoint can stand for here, as the end of the service's name says them.
 *
 * @see https://docs.aws.amazon.com/vpc/latest/privatelink/aws-services-privatelink-support.html
 */
export const ENDPOINT_SERVICES = [
  "autoscaling",
  "dynamodb",
  "ec2",
  "ec2messages",
  "ecr.api",
  "ecr.dkr",
  "eks",
  "eks-auth",
  "elasticfilesystem",
  "elasticloadbalancing",
  "kms",
  "logs",
  "monitoring",
  "s3",
  "secretsmanager",
  "sqs",
  "ssm",
  "ssmmessages",
  "sts",
  "xray",
] as const;

/**
 * Those whose endpoints with interfaces have names that begin with `cn.` in China; all others are named there as
 * everywhere.
 *
 * @see https://github.com/aws/aws-cdk/blob/main/packages/aws-cdk-lib/aws-ec2/lib/vpc-endpoint.ts
 */
export const SERVICES_NAMED_CN: readonly (typeof ENDPOINT_SERVICES)[number][] = [
  "autoscaling",
  "ec2",
  "ecr.api",
  "ecr.dkr",
  "eks",
  "elasticfilesystem",
  "monitoring",
  "sqs",
  "sts",
  "xray",
];

/** A service by the name of its VPC endpoints, in China too: `ecr.api` of `com.amazonaws.ap-northeast-2.ecr.api`. */
export function serviceOf(serviceName: string): string {
  return serviceName.replace(/^(?:cn\.)?com\.amazonaws\.[^.]+\./, "");
}

/**
 * Those that are reached by a route and cost nothing; all others have network interfaces of their own.
 *
 * @see https://docs.aws.amazon.com/vpc/latest/privatelink/gateway-endpoints.html
 */
export const GATEWAY_SERVICES = ["s3", "dynamodb"] as const;

/**
 * What a node without a way to the internet needs to join and to fetch its images: the name that EC2 knows it by, the
 * registry, and the bucket in which the registry keeps layers. Not `eks`: a node's user data tells it what
 * DescribeCluster would.
 *
 * @see https://docs.aws.amazon.com/eks/latest/userguide/private-clusters.html
 */
export const NODE_SERVICES = ["ec2", "ecr.api", "ecr.dkr", "s3"] as const;

/**
 * What gives a pod its role, by the row's `via`.
 *
 * @see https://docs.aws.amazon.com/eks/latest/userguide/private-clusters.html
 */
export const ROLE_SERVICES = { pod_identity: "eks-auth", irsa: "sts" } as const;

/** What more a node without a way to the internet needs, by what uses it. */
export const SERVICES_OF_PODS =
  "sts (IAM roles for service accounts), eks-auth (EKS Pod Identity), logs (logs to CloudWatch), autoscaling and sts " +
  "(cluster autoscaler), elasticloadbalancing (load balancer controller)";
