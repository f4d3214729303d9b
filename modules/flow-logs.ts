import { CloudwatchLogGroup } from "@cdktf/provider-aws/lib/cloudwatch-log-group";
import { FlowLog } from "@cdktf/provider-aws/lib/flow-log";
import { IamRole } from "@cdktf/provider-aws/lib/iam-role";
import { IamRolePolicy } from "@cdktf/provider-aws/lib/iam-role-policy";
import { Construct } from "constructs";

import { policy, trustPolicy } from "../facts/policy";
import { hcl, type Expression } from "./hcl/expression";
import { countIf } from "./hcl/maybe";
import type { Placed } from "./setting";

/** What a record of connections is made of. */
export interface FlowLogsProps extends Placed {
  /** ARN of the KMS key of the log group; null: CloudWatch's own encryption. */
  readonly logKmsKeyArn: Expression;
}

/** A record of the connections in the VPC, in CloudWatch; none where `flow_logs` is null. */
export class FlowLogs extends Construct {
  constructor(scope: Construct, id: string, { inputs: { flowLogs }, names, network, logKmsKeyArn }: FlowLogsProps) {
    super(scope, id);
    const count = countIf(hcl`${flowLogs} != null`);

    const group = new CloudwatchLogGroup(this, "group", {
      count,
      name: names.flowLogGroup,
      retentionInDays: hcl`${flowLogs}.retention_days`.asNumber,
      kmsKeyId: logKmsKeyArn.asString,
    });
    const groupArn = hcl`one(${group}[*].arn)`.asString;
    const role = new IamRole(this, "role", {
      count,
      name: names.flowLogs,
      assumeRolePolicy: trustPolicy("vpc-flow-logs.amazonaws.com"),
    });
    const written = new IamRolePolicy(this, "policy", {
      count,
      name: "write-flow-logs",
      role: hcl`one(${role}[*].name)`.asString,
      // Not CreateLogGroup: what is written while the stack goes would bring the group back.
      // https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-iam-role.html
      policy: policy({
        Action: ["logs:CreateLogStream", "logs:PutLogEvents", "logs:DescribeLogGroups", "logs:DescribeLogStreams"],
        Resource: [groupArn, `${groupArn}:*`],
      }),
    });
    new FlowLog(this, "log", {
      count,
      vpcId: network.vpcId,
      trafficType: hcl`${flowLogs}.traffic_type`.asString,
      logDestinationType: "cloud-watch-logs",
      logDestination: groupArn,
      iamRoleArn: hcl`one(${role}[*].arn)`.asString,
      tags: { Name: names.flowLogs },
      // Without it nothing is written, and nothing says so.
      dependsOn: [written],
    });
  }
}
