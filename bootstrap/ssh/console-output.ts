import { AwsClients } from "../../aws/clients";
import { consoleFingerprints, type ConsoleFingerprint } from "./host-key-policy";

/** The host keys that an instance printed as it booted, or why nobody can say. */
export type ConsoleOutput =
  /** Empty while the instance has not printed them yet. */
  | { readonly kind: "read"; readonly fingerprints: readonly ConsoleFingerprint[] }
  | { readonly kind: "unavailable"; readonly because: string };

/** How long AWS may take to accept a connection, and how long to answer, in ms. */
const TIMEOUTS = { connectionTimeout: 2000, requestTimeout: 4000, throwOnRequestTimeout: true };

/**
 * Asks EC2 for the console output of an instance, over a channel that nobody on the way to the instance can forge.
 * Whatever goes wrong is an answer, too: there are other ways to know a host's key.
 *
 * @see https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_GetConsoleOutput.html
 */
export async function readConsole(region: string, instanceId: string, signal: AbortSignal): Promise<ConsoleOutput> {
  // Half a second to load, which whoever has the key in known_hosts need not pay.
  const { GetConsoleOutputCommand } = await import("@aws-sdk/client-ec2");
  const aws = new AwsClients({ region, maxAttempts: 2, requestHandler: TIMEOUTS });
  const ask = async (latest: boolean): Promise<string> => {
    const command = new GetConsoleOutputCommand({ InstanceId: instanceId, ...(latest && { Latest: true }) });
    const { Output } = await aws.ec2.send(command, { abortSignal: signal });
    return Buffer.from(Output ?? "", "base64").toString();
  };
  try {
    const output = await ask(true).catch((error: unknown) => {
      // Only instances on Nitro have more than what was kept of the last boot.
      if ((error as Error).name === "UnsupportedOperation") return ask(false);
      throw error;
    });
    return { kind: "read", fingerprints: consoleFingerprints(output) };
  } catch (error) {
    return { kind: "unavailable", because: explained(error as Error, region, instanceId) };
  } finally {
    aws.close();
  }
}

function explained({ name, message }: Error, region: string, instanceId: string): string {
  if (name === "CredentialsProviderError") return `there are no AWS credentials to ask EC2 with (${message})`;
  if (/^(UnauthorizedOperation|AccessDenied)/.test(name))
    return "the AWS credentials do not allow ec2:GetConsoleOutput";
  if (name.startsWith("InvalidInstanceID")) return `EC2 has no instance ${instanceId} in ${region} in this account`;
  if (name === "TimeoutError") return `EC2 in ${region} did not answer in time`;
  return `EC2 in ${region} could not be asked: ${message === "" ? name : message}`;
}
