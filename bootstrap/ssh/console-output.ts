import { AwsClients } from "../../aws/clients";

/** A host key that cloud-init printed on the console of the instance. */
export interface ConsoleFingerprint {
  readonly fingerprint: string;
  /** As ssh-keygen names it: `ED25519`. Missing when the console broke the line. */
  readonly type?: string;
}

/** How long AWS may take to accept a connection, and how long to answer, in ms. */
const TIMEOUTS = { connectionTimeout: 2000, requestTimeout: 4000, throwOnRequestTimeout: true };

/**
 * Asks EC2 for the console output of an instance, over a channel that nobody on the way to the instance can forge.
 *
 * @returns the host keys that it has printed, none while it has not printed them yet; or why nobody can say: there are
 *   other ways to know a host's key
 * @see https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_GetConsoleOutput.html
 */
export async function readConsole(
  region: string,
  instanceId: string,
  signal: AbortSignal,
): Promise<readonly ConsoleFingerprint[] | string> {
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
    return consoleFingerprints(output);
  } catch (error) {
    return explained(error as Error, region, instanceId);
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

/** What cloud-init puts around the fingerprints of the keys it made; before each line is `ec2: `, a date or both. */
const CONSOLE_BLOCK =
  /-----BEGIN SSH HOST KEY FINGERPRINTS-----((?:(?!-----BEGIN SSH).)*?)-----END SSH HOST KEY FINGERPRINTS-----/gs;
const CONSOLE_LINE = /\b\d+ (SHA256:[A-Za-z0-9+/]{43})(?![A-Za-z0-9+/=])(?:.*\((\S+)\))?/g;

/**
 * The host keys that an instance printed on its console. A block without its end counts for nothing: its boot is not
 * over. Of several blocks the last one counts: cloud-init makes new keys when an image starts as a new instance.
 *
 * @see https://github.com/canonical/cloud-init/blob/main/tools/write-ssh-key-fingerprints
 */
export function consoleFingerprints(output: string): ConsoleFingerprint[] {
  const [, block = ""] = [...output.matchAll(CONSOLE_BLOCK)].at(-1) ?? [];
  return [...block.matchAll(CONSOLE_LINE)].map(([, fingerprint = "", type]) => ({ fingerprint, type }));
}
