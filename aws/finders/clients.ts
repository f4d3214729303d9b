import { AutoScalingClient } from "@aws-sdk/client-auto-scaling";
import { CloudWatchLogsClient } from "@aws-sdk/client-cloudwatch-logs";
import { EC2Client } from "@aws-sdk/client-ec2";
import { EKSClient } from "@aws-sdk/client-eks";
import { ElasticLoadBalancingClient } from "@aws-sdk/client-elastic-load-balancing";
import { ElasticLoadBalancingV2Client } from "@aws-sdk/client-elastic-load-balancing-v2";
import { IAMClient } from "@aws-sdk/client-iam";

import { patient } from "../call";
import type { AwsSettings } from "../settings";

/** The services that have what a stack and its cluster are made of. */
export interface Clients {
  readonly autoScaling: AutoScalingClient;
  /** Of classic load balancers. */
  readonly classic: ElasticLoadBalancingClient;
  readonly ec2: EC2Client;
  readonly eks: EKSClient;
  readonly iam: IAMClient;
  readonly logs: CloudWatchLogsClient;
  /** Of all other load balancers, and of target groups. */
  readonly v2: ElasticLoadBalancingV2Client;
}

/** Does something with these clients, and closes their connections. */
export async function withClients<Result>(
  settings: AwsSettings,
  work: (clients: Clients) => Promise<Result>,
): Promise<Result> {
  const how = patient(settings);
  const clients: Clients = {
    autoScaling: new AutoScalingClient(how),
    classic: new ElasticLoadBalancingClient(how),
    ec2: new EC2Client(how),
    eks: new EKSClient(how),
    iam: new IAMClient(how),
    logs: new CloudWatchLogsClient(how),
    v2: new ElasticLoadBalancingV2Client(how),
  };
  try {
    return await work(clients);
  } finally {
    for (const client of Object.values(clients) as { destroy(): void }[]) client.destroy();
  }
}
