import { namedBy } from "../../../aws/finders/by-arn";

const REGIONAL = ":ap-northeast-2:123456789012:";

describe("what an ARN names", () => {
  // As https://docs.aws.amazon.com/service-authorization/latest/reference/ has them.
  it.each([
    ["autoscaling", "autoScalingGroup:0f1c:autoScalingGroupName/c-worker", "aws_autoscaling_group", "c-worker"],
    ["logs", "log-group:/aws/vpc-flow-logs/c", "aws_cloudwatch_log_group", "/aws/vpc-flow-logs/c"],
    ["logs", "log-group:/aws/vpc-flow-logs/c:*", "aws_cloudwatch_log_group", "/aws/vpc-flow-logs/c"],
    ["ec2", "snapshot/snap-1", "aws_ebs_snapshot", "snap-1"],
    ["ec2", "volume/vol-1", "aws_ebs_volume", "vol-1"],
    ["ec2", "egress-only-internet-gateway/eigw-1", "aws_egress_only_internet_gateway", "eigw-1"],
    ["ec2", "elastic-ip/eipalloc-1", "aws_eip", "eipalloc-1"],
    ["eks", "cluster/c", "aws_eks_cluster", "c"],
    ["elasticloadbalancing", "loadbalancer/a1b2c3", "aws_elb", "a1b2c3"],
    ["ec2", "vpc-flow-log/fl-1", "aws_flow_log", "fl-1"],
    ["iam", "instance-profile/path/c", "aws_iam_instance_profile", "c"],
    ["iam", "role/c", "aws_iam_role", "c"],
    ["ec2", "instance/i-1", "aws_instance", "i-1"],
    ["ec2", "internet-gateway/igw-1", "aws_internet_gateway", "igw-1"],
    ["ec2", "key-pair/key-1", "aws_key_pair", "key-1"],
    ["kms", "key/1234abcd-12ab", "aws_kms_key", "1234abcd-12ab"],
    ["ec2", "launch-template/lt-1", "aws_launch_template", "lt-1"],
    ["ec2", "natgateway/nat-1", "aws_nat_gateway", "nat-1"],
    ["ec2", "network-interface/eni-1", "aws_network_interface", "eni-1"],
    ["route53", "hostedzone/Z1", "aws_route53_zone", "Z1"],
    ["ec2", "route-table/rtb-1", "aws_route_table", "rtb-1"],
    ["ec2", "security-group/sg-1", "aws_security_group", "sg-1"],
    ["ec2", "subnet/subnet-1", "aws_subnet", "subnet-1"],
    ["ec2", "vpc/vpc-1", "aws_vpc", "vpc-1"],
    ["ec2", "vpc-endpoint/vpce-1", "aws_vpc_endpoint", "vpce-1"],
  ])("of %s is, by %s, a thing with an id", (service, resource, type, id) => {
    expect(namedBy(`arn:aws-cn:${service}${REGIONAL}${resource}`)).toEqual({ type, id });
  });

  it.each([
    ["elasticloadbalancing", "loadbalancer/net/k8s-web/1", "aws_lb"],
    ["elasticloadbalancing", "loadbalancer/app/k8s-web/1", "aws_lb"],
    ["elasticloadbalancing", "targetgroup/k8s-web/1", "aws_lb_target_group"],
    ["iam", "oidc-provider/oidc.eks.ap-northeast-2.amazonaws.com/id/1", "aws_iam_openid_connect_provider"],
  ])("of %s is, by %s, a thing whose id is the ARN", (service, resource, type) => {
    const arn = `arn:aws:${service}${REGIONAL}${resource}`;

    expect(namedBy(arn)).toEqual({ type, id: arn });
  });

  it.each(["eks:addon/c/vpc-cni/1", "eks:access-entry/c/role/1/r/1", "ec2:security-group-rule/sgr-1"])(
    "is, by %s, a part of something",
    (named) => {
      const [service = "", resource = ""] = named.split(":");

      expect(namedBy(`arn:aws:${service}${REGIONAL}${resource}`)).toBe("part");
    },
  );

  it.each([
    "arn:aws:s3:::bucket",
    "arn:aws:rds:ap-northeast-2:123456789012:db:shop",
    "arn:aws:ec2::1:vpc-peering/x",
    "x",
  ])("is, by %s, nothing that is known here", (arn) => {
    expect(namedBy(arn)).toBeUndefined();
  });
});
