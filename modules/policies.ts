/** Trust policy of a role that one AWS service may take, such as `ec2.amazonaws.com`. */
export function trustPolicy(service: string): string {
  return JSON.stringify({
    Version: "2012-10-17",
    Statement: [{ Effect: "Allow", Principal: { Service: service }, Action: "sts:AssumeRole" }],
  });
}

/** ARN of a policy that AWS manages; the partition is `aws`, `aws-cn` or `aws-us-gov`. */
export function managedPolicyArn(partition: string, name: string): string {
  return `arn:${partition}:iam::aws:policy/${name}`;
}
