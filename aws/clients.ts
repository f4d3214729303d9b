import { AutoScalingClient } from "@aws-sdk/client-auto-scaling";
import { EC2Client } from "@aws-sdk/client-ec2";
import { EKSClient } from "@aws-sdk/client-eks";
import { IAMClient } from "@aws-sdk/client-iam";
import { ServiceQuotasClient } from "@aws-sdk/client-service-quotas";
import { SSMClient } from "@aws-sdk/client-ssm";
import { STSClient } from "@aws-sdk/client-sts";

import type { AwsSettings } from "./settings";

/** What an account is asked by. */
export type AwsClients = ReturnType<typeof awsClients>;

/** Clients that share their connections, and whatever their request handler is told. They are used until `close`. */
export function awsClients(settings: AwsSettings) {
  const sts = new STSClient(settings);
  const how = { ...settings, requestHandler: sts.config.requestHandler };
  return {
    autoScaling: new AutoScalingClient(how),
    ec2: new EC2Client(how),
    eks: new EKSClient(how),
    iam: new IAMClient(how),
    quotas: new ServiceQuotasClient(how),
    ssm: new SSMClient(how),
    sts,
    close: () => {
      sts.destroy();
    },
  };
}

/** Clients for as long as something is done with them. */
export async function withAws<T>(settings: AwsSettings, use: (aws: AwsClients) => Promise<T>): Promise<T> {
  const aws = awsClients(settings);
  try {
    return await use(aws);
  } finally {
    aws.close();
  }
}
