import { AUTOSCALER_TAG } from "./cluster-tags";
import { policy } from "./policy";

/** The service account that a role is for. */
export interface ServiceAccount {
  readonly namespace: string;
  readonly serviceAccount: string;
}

/**
 * Trust policy of a role that EKS Pod Identity gives to the pods of one service account in one cluster.
 *
 * The association says the same, but is made with `eks:CreatePodIdentityAssociation` alone: without the conditions
 * whoever may call that for any cluster of the account could hand the role to pods of their own.
 *
 * @see https://docs.aws.amazon.com/eks/latest/userguide/pod-id-role.html
 */
export function podIdentityTrust({
  clusterArn,
  namespace,
  serviceAccount,
}: ServiceAccount & { readonly clusterArn: string }): string {
  return policy({
    Principal: { Service: "pods.eks.amazonaws.com" },
    Action: ["sts:AssumeRole", "sts:TagSession"],
    Condition: {
      StringEquals: {
        "aws:RequestTag/eks-cluster-arn": clusterArn,
        "aws:RequestTag/kubernetes-namespace": namespace,
        "aws:RequestTag/kubernetes-service-account": serviceAccount,
      },
    },
  });
}

/** Who may exchange a service account's token: what EKS writes into the tokens that it mounts. */
export const TOKEN_AUDIENCE = "sts.amazonaws.com";

/**
 * Trust policy of a role that the pods of one service account take with their token (IRSA).
 *
 * @see https://docs.aws.amazon.com/eks/latest/userguide/associate-service-account-role.html
 */
export function webIdentityTrust({
  providerArn,
  issuer,
  namespace,
  serviceAccount,
}: ServiceAccount & {
  /** ARN of the cluster's OIDC provider in IAM. */
  readonly providerArn: string;
  /** The cluster's issuer without `https://`. */
  readonly issuer: string;
}): string {
  return policy({
    Principal: { Federated: providerArn },
    Action: "sts:AssumeRoleWithWebIdentity",
    Condition: {
      StringEquals: {
        [`${issuer}:aud`]: TOKEN_AUDIENCE,
        [`${issuer}:sub`]: `system:serviceaccount:${namespace}:${serviceAccount}`,
      },
    },
  });
}

/**
 * What the cluster autoscaler does: it looks at all Auto Scaling groups and resizes those that are tagged for its own
 * cluster.
 *
 * @see https://github.com/kubernetes/autoscaler/blob/master/cluster-autoscaler/cloudprovider/aws/README.md
 */
export function clusterAutoscaler({ clusterName }: { readonly clusterName: string }): string {
  return policy(
    {
      Action: [
        "autoscaling:DescribeAutoScalingGroups",
        "autoscaling:DescribeAutoScalingInstances",
        "autoscaling:DescribeLaunchConfigurations",
        "autoscaling:DescribeScalingActivities",
        "autoscaling:DescribeTags",
        "ec2:DescribeImages",
        "ec2:DescribeInstanceTypes",
        "ec2:DescribeLaunchTemplateVersions",
        "ec2:GetInstanceTypesFromInstanceRequirements",
      ],
      Resource: "*",
    },
    {
      Action: ["autoscaling:SetDesiredCapacity", "autoscaling:TerminateInstanceInAutoScalingGroup"],
      Resource: "*",
      Condition: { StringEquals: { [`aws:ResourceTag/${AUTOSCALER_TAG}${clusterName}`]: "owned" } },
    },
  );
}

/**
 * What external-dns does: it writes records into one hosted zone, or into every zone.
 *
 * @param zoneId of the hosted zone; `*` for every zone of the account
 * @see https://github.com/kubernetes-sigs/external-dns/blob/master/docs/tutorials/aws.md#iam-policy
 */
export function externalDns({ partition, zoneId }: { readonly partition: string; readonly zoneId: string }): string {
  return policy(
    {
      Action: ["route53:ChangeResourceRecordSets", "route53:ListResourceRecordSets", "route53:ListTagsForResources"],
      Resource: `arn:${partition}:route53:::hostedzone/${zoneId}`,
    },
    { Action: "route53:ListHostedZones", Resource: "*" },
  );
}

/**
 * What the EBS CSI driver needs, besides AWS' own policy for it, where volumes have a key of the account's own.
 *
 * @see https://github.com/kubernetes-sigs/aws-ebs-csi-driver/blob/master/docs/install.md
 */
export function volumeKey({ keyArn }: { readonly keyArn: string }): string {
  return policy(
    {
      Action: [
        "kms:Decrypt",
        "kms:DescribeKey",
        "kms:GenerateDataKeyWithoutPlaintext",
        "kms:ReEncryptFrom",
        "kms:ReEncryptTo",
      ],
      Resource: keyArn,
    },
    {
      Action: "kms:CreateGrant",
      Resource: keyArn,
      // For EC2, which decrypts the volume while it is attached, and for nobody else.
      Condition: { Bool: { "kms:GrantIsForAWSResource": "true" } },
    },
  );
}

/**
 * What the VPC CNI (1.22) does in a cluster of IPv6; AWS has a policy of its own for IPv4 only.
 *
 * @see https://github.com/aws/amazon-vpc-cni-k8s/blob/master/docs/iam-policy.md#ipv6-mode
 */
export function vpcCniIpv6({ partition }: { readonly partition: string }): string {
  return policy(
    {
      Action: [
        "ec2:AssignIpv6Addresses",
        "ec2:DescribeInstances",
        "ec2:DescribeInstanceTypes",
        "ec2:DescribeNetworkInterfaces",
        "ec2:DescribeSecurityGroups",
        "ec2:DescribeSubnets",
        "ec2:DescribeTags",
        "ec2:ModifyNetworkInterfaceAttribute",
      ],
      Resource: "*",
    },
    { Action: "ec2:CreateTags", Resource: `arn:${partition}:ec2:*:*:network-interface/*` },
  );
}

/**
 * What the AWS load balancer controller (2.x) does.
 *
 * The statements are upstream's, but where upstream asks whether a thing is tagged by a controller at all, this asks
 * for this cluster's controller: clusters that share an account do not touch each other's load balancers.
 *
 * @see https://github.com/kubernetes-sigs/aws-load-balancer-controller/blob/main/docs/install/iam_policy.json
 */
export function awsLoadBalancerController({
  clusterName,
  partition,
}: {
  readonly clusterName: string;
  readonly partition: string;
}): string {
  const tag = "elbv2.k8s.aws/cluster";
  /** The request tags a new thing as this cluster's. */
  const tagged = { StringEquals: { [`aws:RequestTag/${tag}`]: clusterName } };
  /** The thing is this cluster's. */
  const owned = { StringEquals: { [`aws:ResourceTag/${tag}`]: clusterName } };
  /** The thing is this cluster's, and the request leaves it so. */
  const kept = { ...owned, Null: { [`aws:RequestTag/${tag}`]: "true" } };
  const securityGroups = `arn:${partition}:ec2:*:*:security-group/*`;
  const balancing = (...kinds: readonly string[]) =>
    kinds.map((kind) => `arn:${partition}:elasticloadbalancing:*:*:${kind}`);
  const balancers = balancing("targetgroup/*/*", "loadbalancer/net/*/*", "loadbalancer/app/*/*");
  const listeners = balancing(
    "listener/net/*/*/*",
    "listener/app/*/*/*",
    "listener-rule/net/*/*/*",
    "listener-rule/app/*/*/*",
  );
  const ec2 = (...actions: readonly string[]) => actions.map((action) => `ec2:${action}`);
  const elb = (...actions: readonly string[]) => actions.map((action) => `elasticloadbalancing:${action}`);

  return policy(
    {
      Action: "iam:CreateServiceLinkedRole",
      Resource: "*",
      Condition: { StringEquals: { "iam:AWSServiceName": "elasticloadbalancing.amazonaws.com" } },
    },
    {
      Action: [
        ...ec2(
          "DescribeAccountAttributes",
          "DescribeAddresses",
          "DescribeAvailabilityZones",
          "DescribeCoipPools",
          "DescribeInstances",
          "DescribeInternetGateways",
          "DescribeIpamPools",
          "DescribeNetworkInterfaces",
          "DescribeRouteTables",
          "DescribeSecurityGroups",
          "DescribeSubnets",
          "DescribeTags",
          "DescribeVpcPeeringConnections",
          "DescribeVpcs",
          "GetCoipPoolUsage",
          "GetSecurityGroupsForVpc",
        ),
        ...elb(
          "DescribeCapacityReservation",
          "DescribeListenerAttributes",
          "DescribeListenerCertificates",
          "DescribeListeners",
          "DescribeLoadBalancerAttributes",
          "DescribeLoadBalancers",
          "DescribeRules",
          "DescribeSSLPolicies",
          "DescribeTags",
          "DescribeTargetGroupAttributes",
          "DescribeTargetGroups",
          "DescribeTargetHealth",
          "DescribeTrustStores",
        ),
      ],
      Resource: "*",
    },
    {
      Action: [
        "acm:DescribeCertificate",
        "acm:ListCertificates",
        "cognito-idp:DescribeUserPoolClient",
        "iam:GetServerCertificate",
        "iam:ListServerCertificates",
        "shield:CreateProtection",
        "shield:DeleteProtection",
        "shield:DescribeProtection",
        "shield:GetSubscriptionState",
        "waf-regional:AssociateWebACL",
        "waf-regional:DisassociateWebACL",
        "waf-regional:GetWebACL",
        "waf-regional:GetWebACLForResource",
        "wafv2:AssociateWebACL",
        "wafv2:DisassociateWebACL",
        "wafv2:GetWebACL",
        "wafv2:GetWebACLForResource",
      ],
      Resource: "*",
    },
    // The nodes' security group is nobody's controller's, and is opened to the load balancer all the same.
    {
      Action: ec2("AuthorizeSecurityGroupIngress", "RevokeSecurityGroupIngress", "CreateSecurityGroup"),
      Resource: "*",
    },
    {
      Action: "ec2:CreateTags",
      Resource: securityGroups,
      Condition: { StringEquals: { "ec2:CreateAction": "CreateSecurityGroup", ...tagged.StringEquals } },
    },
    { Action: ec2("CreateTags", "DeleteTags"), Resource: securityGroups, Condition: kept },
    { Action: "ec2:DeleteSecurityGroup", Resource: "*", Condition: owned },
    { Action: elb("CreateLoadBalancer", "CreateTargetGroup"), Resource: "*", Condition: tagged },
    {
      Action: elb("CreateListener", "DeleteListener", "CreateRule", "DeleteRule"),
      Resource: "*",
    },
    { Action: elb("AddTags", "RemoveTags"), Resource: balancers, Condition: kept },
    { Action: elb("AddTags", "RemoveTags"), Resource: listeners },
    {
      Action: elb(
        "DeleteLoadBalancer",
        "DeleteTargetGroup",
        "ModifyCapacityReservation",
        "ModifyIpPools",
        "ModifyListenerAttributes",
        "ModifyLoadBalancerAttributes",
        "ModifyTargetGroup",
        "ModifyTargetGroupAttributes",
        "SetIpAddressType",
        "SetSecurityGroups",
        "SetSubnets",
      ),
      Resource: "*",
      Condition: owned,
    },
    {
      Action: "elasticloadbalancing:AddTags",
      Resource: balancers,
      Condition: {
        StringEquals: {
          "elasticloadbalancing:CreateAction": ["CreateTargetGroup", "CreateLoadBalancer"],
          ...tagged.StringEquals,
        },
      },
    },
    {
      Action: elb("RegisterTargets", "DeregisterTargets"),
      Resource: balancing("targetgroup/*/*"),
    },
    {
      Action: elb(
        "AddListenerCertificates",
        "ModifyListener",
        "ModifyRule",
        "RemoveListenerCertificates",
        "SetRulePriorities",
        "SetWebAcl",
      ),
      Resource: "*",
    },
  );
}

/** The policies that a row of `pod_roles` may name instead of an ARN. */
export const READY_POLICIES = [
  "cluster-autoscaler",
  "aws-load-balancer-controller",
  "ebs-csi",
  "external-dns",
  "vpc-cni",
] as const;

/**
 * The ready policies that AWS manages, as the last part of their ARNs.
 *
 * The EBS CSI driver's lets it touch what has its own tag, `ebs.csi.aws.com/cluster: true`, or belongs to a claim: a
 * volume that somebody else made needs the tag. It has no `service-role/` before it, as the older one that let it
 * attach any.
 *
 * @see https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AmazonEBSCSIDriverPolicyV2.html
 */
export const MANAGED_POLICIES = {
  "ebs-csi": "AmazonEBSCSIDriverPolicyV2",
  "vpc-cni": "AmazonEKS_CNI_Policy",
} as const satisfies Partial<Record<(typeof READY_POLICIES)[number], string>>;
