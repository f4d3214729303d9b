/* eslint-disable @typescript-eslint/no-require-imports -- a service's package takes 0.1 to 0.6 s to load */
import type { EC2Client, EC2ClientConfig } from "@aws-sdk/client-ec2";

import { agentsFor } from "../web/agents";

/** How AWS' clients are made. What is left out the SDK finds where it always does: environment, profile, instance. */
export interface AwsSettings {
  readonly region: string;
  /** @default - AWS_ENDPOINT_URL, else AWS itself */
  readonly endpoint?: string;
  /** How often a call is tried. @default 3 */
  readonly maxAttempts?: number;
  readonly credentials?: { readonly accessKeyId: string; readonly secretAccessKey: string };
  /** How long a connection and an answer may take, in milliseconds. @default - as long as the SDK waits */
  readonly requestHandler?: {
    readonly connectionTimeout?: number;
    readonly requestTimeout?: number;
    readonly throwOnRequestTimeout?: boolean;
  };
}

/** How often a call is tried: thirty who destroy at once are told `Throttling` more than the usual three times. */
const ATTEMPTS = 8;

/** Settings for clients that ask much and whose answers count. */
export function patient(settings: AwsSettings): AwsSettings {
  return { ...settings, maxAttempts: ATTEMPTS };
}

/** As a client takes them. */
type ClientSettings = Omit<AwsSettings, "requestHandler"> & Pick<EC2ClientConfig, "requestHandler">;

/** What the clients of all services have in common. */
interface Client {
  readonly config: Pick<EC2Client["config"], "requestHandler">;
  readonly middlewareStack: {
    add(middleware: typeof sayingWhatWasAsked, at: { step: "initialize" }): void;
  };
  destroy(): void;
}

/**
 * Clients of AWS' services, which share their connections. Each is made, and its package loaded, when it is first used.
 * They are used until `close`.
 */
export class AwsClients {
  readonly #made = new Map<unknown, Client>();

  constructor(private readonly settings: AwsSettings) {}

  get autoScaling() {
    return this.#of(
      (require("@aws-sdk/client-auto-scaling") as typeof import("@aws-sdk/client-auto-scaling")).AutoScalingClient,
    );
  }

  /** Of classic load balancers. */
  get classic() {
    return this.#of(
      (require("@aws-sdk/client-elastic-load-balancing") as typeof import("@aws-sdk/client-elastic-load-balancing"))
        .ElasticLoadBalancingClient,
    );
  }

  get ec2() {
    return this.#of((require("@aws-sdk/client-ec2") as typeof import("@aws-sdk/client-ec2")).EC2Client);
  }

  get eks() {
    return this.#of((require("@aws-sdk/client-eks") as typeof import("@aws-sdk/client-eks")).EKSClient);
  }

  get iam() {
    return this.#of((require("@aws-sdk/client-iam") as typeof import("@aws-sdk/client-iam")).IAMClient);
  }

  get kms() {
    return this.#of((require("@aws-sdk/client-kms") as typeof import("@aws-sdk/client-kms")).KMSClient);
  }

  get logs() {
    return this.#of(
      (require("@aws-sdk/client-cloudwatch-logs") as typeof import("@aws-sdk/client-cloudwatch-logs"))
        .CloudWatchLogsClient,
    );
  }

  get quotas() {
    return this.#of(
      (require("@aws-sdk/client-service-quotas") as typeof import("@aws-sdk/client-service-quotas"))
        .ServiceQuotasClient,
    );
  }

  get route53() {
    return this.#of((require("@aws-sdk/client-route-53") as typeof import("@aws-sdk/client-route-53")).Route53Client);
  }

  get ssm() {
    return this.#of((require("@aws-sdk/client-ssm") as typeof import("@aws-sdk/client-ssm")).SSMClient);
  }

  get sts() {
    return this.#of((require("@aws-sdk/client-sts") as typeof import("@aws-sdk/client-sts")).STSClient);
  }

  /** Of resources of all services by their tags. */
  get tagging() {
    return this.#of(
      (
        require("@aws-sdk/client-resource-groups-tagging-api") as typeof import("@aws-sdk/client-resource-groups-tagging-api")
      ).ResourceGroupsTaggingAPIClient,
    );
  }

  /** Of all other load balancers, and of target groups. */
  get v2() {
    return this.#of(
      (
        require("@aws-sdk/client-elastic-load-balancing-v2") as typeof import("@aws-sdk/client-elastic-load-balancing-v2")
      ).ElasticLoadBalancingV2Client,
    );
  }

  close(): void {
    for (const client of this.#made.values()) client.destroy();
  }

  #of<C extends Client>(Service: new (settings: ClientSettings) => C): C {
    const known = this.#made.get(Service);
    if (known !== undefined) return known as C;
    const [first] = this.#made.values();
    const requestHandler = first?.config.requestHandler ?? {
      ...this.settings.requestHandler,
      ...agentsFor(process.env),
    };
    const client = new Service({ ...this.settings, requestHandler });
    client.middlewareStack.add(sayingWhatWasAsked, { step: "initialize" });
    this.#made.set(Service, client);
    return client;
  }
}

/** Every failure of a call has the call's name in `asked`, as IAM policies write it: `ec2:DescribeSubnets`. */
function sayingWhatWasAsked(
  call: (input: never) => Promise<unknown>,
  { clientName = "", commandName = "" }: { readonly clientName?: string; readonly commandName?: string },
) {
  const service = clientName.replace(/CloudWatch|(V2)?Client$/g, "").toLowerCase();
  const asked = `${service}:${commandName.replace(/Command$/, "")}`;
  return (input: never) =>
    call(input).catch((error: unknown) => {
      throw Object.assign(error as Error, { asked });
    });
}

/** Clients for as long as something is done with them. */
export async function withAws<T>(settings: AwsSettings, use: (aws: AwsClients) => Promise<T>): Promise<T> {
  const aws = new AwsClients(settings);
  try {
    return await use(aws);
  } finally {
    aws.close();
  }
}
