import { CloudwatchLogGroup } from "@cdktf/provider-aws/lib/cloudwatch-log-group";
import { FlowLog } from "@cdktf/provider-aws/lib/flow-log";
import { IamRole } from "@cdktf/provider-aws/lib/iam-role";
import { IamRolePolicy } from "@cdktf/provider-aws/lib/iam-role-policy";
import { Construct } from "constructs";

import { trustPolicy } from "./policies";
import { type Expression, hcl } from "./hcl/expression";
import { countIf, ofMaybe } from "./hcl/maybe";

/** What flow logs are made of. */
export interface FlowLogsProps {
  /** Part of the names. */
  readonly projectName: string;
  readonly vpcId: string;
  /** `{ retention_days, traffic_type }`; null: no flow logs. */
  readonly settings: Expression;
}

/** A record of the connections in the VPC, in CloudWatch. */
export class FlowLogs extends Construct {
  constructor(scope: Construct, id: string, props: FlowLogsProps) {
    super(scope, id);
    const { projectName, vpcId, settings } = props;
    const count = countIf(hcl`${settings} != null`);

    const group = new CloudwatchLogGroup(this, "group", {
      count,
      name: `/aws/vpc-flow-logs/${projectName}`,
      retentionInDays: hcl`${settings}.retention_days`.asNumber,
    });
    const groupArn = ofMaybe(group, "arn").asString;
    const role = new IamRole(this, "role", {
      count,
      name: `${projectName}-flow-logs`,
      assumeRolePolicy: trustPolicy("vpc-flow-logs.amazonaws.com"),
    });
    // Not CreateLogGroup: what is written while the stack goes would bring the group back.
    // https://docs.aws.amazon.com/vpc/latest/userguide/flow-logs-iam-role.html
    const policy = new IamRolePolicy(this, "policy", {
      count,
      name: "write-flow-logs",
      role: ofMaybe(role, "name").asString,
      policy: JSON.stringify({
        Version: "2012-10-17",
        Statement: [
          {
            Effect: "Allow",
            Action: ["logs:CreateLogStream", "logs:PutLogEvents", "logs:DescribeLogGroups", "logs:DescribeLogStreams"],
            Resource: [groupArn, `${groupArn}:*`],
          },
        ],
      }),
    });
    new FlowLog(this, "log", {
      count,
      vpcId,
      trafficType: hcl`${settings}.traffic_type`.asString,
      logDestinationType: "cloud-watch-logs",
      logDestination: groupArn,
      iamRoleArn: ofMaybe(role, "arn").asString,
      tags: { Name: `${projectName}-flow-logs` },
      // Without it nothing is written, and nothing says so.
      dependsOn: [policy],
    });
  }
}
