import type { FoundType } from "./table";

/**
 * The ARN of each type that can carry a tag, behind partition, region and account: `SERVICE:RESOURCE`. What stands in
 * brackets is the id; where nothing does, the ARN itself is.
 *
 * @see https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
 */
const ARNS: Readonly<Record<FoundType, RegExp | undefined>> = {
  aws_autoscaling_group: /^autoscaling:autoScalingGroup:[^:]*:autoScalingGroupName\/(.+)$/,
  aws_cloudwatch_log_group: /^logs:log-group:([^:]+)/,
  aws_ebs_snapshot: /^ec2:snapshot\/(.+)$/,
  aws_ebs_volume: /^ec2:volume\/(.+)$/,
  aws_egress_only_internet_gateway: /^ec2:egress-only-internet-gateway\/(.+)$/,
  aws_eip: /^ec2:elastic-ip\/(.+)$/,
  aws_eks_cluster: /^eks:cluster\/(.+)$/,
  aws_elb: /^elasticloadbalancing:loadbalancer\/([^/]+)$/,
  aws_flow_log: /^ec2:vpc-flow-log\/(.+)$/,
  aws_iam_instance_profile: /^iam:instance-profile\/(?:.*\/)?(.+)$/,
  aws_iam_openid_connect_provider: /^iam:oidc-provider\//,
  aws_iam_role: /^iam:role\/(?:.*\/)?(.+)$/,
  aws_instance: /^ec2:instance\/(.+)$/,
  aws_internet_gateway: /^ec2:internet-gateway\/(.+)$/,
  aws_key_pair: /^ec2:key-pair\/(.+)$/,
  aws_kms_alias: undefined,
  aws_kms_key: /^kms:key\/(.+)$/,
  aws_launch_configuration: undefined,
  aws_launch_template: /^ec2:launch-template\/(.+)$/,
  aws_lb: /^elasticloadbalancing:loadbalancer\/(?:app|net|gwy)\//,
  aws_lb_target_group: /^elasticloadbalancing:targetgroup\//,
  aws_nat_gateway: /^ec2:natgateway\/(.+)$/,
  aws_network_interface: /^ec2:network-interface\/(.+)$/,
  aws_route53_zone: /^route53:hostedzone\/(.+)$/,
  aws_route_table: /^ec2:route-table\/(.+)$/,
  aws_security_group: /^ec2:security-group\/(.+)$/,
  aws_subnet: /^ec2:subnet\/(.+)$/,
  aws_vpc: /^ec2:vpc\/(.+)$/,
  aws_vpc_endpoint: /^ec2:vpc-endpoint\/(.+)$/,
};

/** What has an ARN of its own, and goes with a cluster or a security group. */
const PART = /^(eks:(addon|access-entry|fargateprofile|nodegroup|podidentityassociation)|ec2:security-group-rule)\//;

/** What an ARN names: something that a finder finds by its id, a part of such a thing, or something else. */
export function namedBy(arn: string): { readonly type: FoundType; readonly id: string } | "part" | undefined {
  const [, , service = "", , , ...resource] = arn.split(":");
  const named = `${service}:${resource.join(":")}`;
  if (PART.test(named)) return "part";
  for (const [type, pattern] of Object.entries(ARNS)) {
    const match = pattern?.exec(named);
    if (match) return { type: type as FoundType, id: match[1] ?? arn };
  }
  return undefined;
}
