import { serviceOf } from "../../facts/endpoint-services";

/** Their writer is EC2: DescribeVpcEndpoints, DescribeVpcEndpointServices. */
describe("the name of a VPC endpoint's service", () => {
  it.each([
    ["com.amazonaws.ap-northeast-2.ecr.api", "ecr.api"],
    ["com.amazonaws.us-gov-west-1.s3", "s3"],
    ["com.amazonaws.cn-north-1.s3", "s3"],
    ["cn.com.amazonaws.cn-north-1.ecr.dkr", "ecr.dkr"],
    ["cn.com.amazonaws.cn-northwest-1.ec2", "ec2"],
    ["aws.sagemaker.ap-northeast-2.notebook", "aws.sagemaker.ap-northeast-2.notebook"],
    ["of.com.amazonaws.us-east-1.s3", "of.com.amazonaws.us-east-1.s3"],
  ])("tells the service: %s", (name, service) => {
    expect(serviceOf(name)).toBe(service);
  });
});
