import { setTimeout as sleep } from "node:timers/promises";

import { EC2Client } from "@aws-sdk/client-ec2";

import { UserError } from "../../contract/user-error";
import { printable } from "../../terminal/text";
import type { AwsSettings } from "../../aws/settings";

/** Pauses before another try, in seconds: CloudWatch Logs takes ten of these calls a second from a whole account. */
const PAUSES_SECONDS = [0.5, 1, 2, 4];
const WORTH_ANOTHER_TRY = /Throttling|ServiceUnavailable|ended with 5\d\d/;

async function call(settings: AwsSettings, operation: string, input: object): Promise<Record<string, unknown>> {
  for (const pause of PAUSES_SECONDS) {
    try {
      return await attempt(settings, operation, input);
    } catch (error) {
      if (!WORTH_ANOTHER_TRY.test((error as Error).message)) throw error;
      await sleep(pause * 1000);
    }
  }
  return attempt(settings, operation, input);
}

/**
 * One call of CloudWatch Logs, signed by an EC2 client: two calls are not worth a client of their own.
 *
 * @throws UserError when AWS refuses or cannot be reached
 * @see https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_Operations.html
 */
async function attempt(settings: AwsSettings, operation: string, input: object): Promise<Record<string, unknown>> {
  const { region } = settings;
  const suffix = region.startsWith("cn-") ? "amazonaws.com.cn" : "amazonaws.com";
  const endpoint = settings.endpoint ?? process.env["AWS_ENDPOINT_URL"] ?? `https://logs.${region}.${suffix}`;
  const url = new URL(endpoint);
  const body = JSON.stringify(input);
  const ec2 = new EC2Client(settings);
  try {
    const signer = await ec2.config.signer({
      schemeId: "aws.auth#sigv4",
      signingName: "logs",
      signingRegion: region,
      name: "sigv4",
      properties: {},
    } as Parameters<typeof ec2.config.signer>[0]);
    const { headers } = await signer.sign({
      method: "POST",
      protocol: url.protocol,
      hostname: url.hostname,
      path: "/",
      headers: {
        host: url.host,
        "content-type": "application/x-amz-json-1.1",
        "x-amz-target": `Logs_20140328.${operation}`,
      },
      body,
      ...(url.port !== "" && { port: Number(url.port) }),
    });
    const response = await fetch(url, { method: "POST", headers, body, signal: AbortSignal.timeout(20_000) });
    const text = await response.text();
    if (!response.ok) throw new UserError(printable(`${operation} ended with ${String(response.status)}: ${text}`));
    return text === "" ? {} : (JSON.parse(text) as Record<string, unknown>);
  } catch (error) {
    if (error instanceof UserError) throw error;
    const { message, cause } = error as Error;
    throw new UserError(`${operation} failed: ${cause instanceof Error ? cause.message : message}`, { cause: error });
  } finally {
    ec2.destroy();
  }
}

/** Names of the log groups that begin with `prefix`. */
export async function logGroupNames(settings: AwsSettings, prefix: string): Promise<string[]> {
  const names: string[] = [];
  for (let nextToken: unknown; ;) {
    const page = await call(settings, "DescribeLogGroups", {
      logGroupNamePrefix: prefix,
      ...(typeof nextToken === "string" && { nextToken }),
    });
    const groups = (page["logGroups"] ?? []) as { readonly logGroupName: string }[];
    names.push(...groups.map(({ logGroupName }) => logGroupName));
    nextToken = page["nextToken"];
    if (typeof nextToken !== "string") return names;
  }
}

/** Deletes a log group with all that was logged; one that is gone is no failure. */
export async function deleteLogGroup(settings: AwsSettings, logGroupName: string): Promise<void> {
  try {
    await call(settings, "DeleteLogGroup", { logGroupName });
  } catch (error) {
    if (!/ResourceNotFoundException/.test((error as Error).message)) throw error;
  }
}
