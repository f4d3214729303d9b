import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

import { shell } from "../contract/shell";
import { nearest } from "../contract/nearest";
import { printable } from "../terminal/text";

/** Why AWS has answered nobody: what is the same for every call, whatever it asks. */
export interface NoAnswerAtAll {
  readonly cause: "credentials" | "clock" | "unreachable";
  /** In words. */
  readonly said: string;
}

/** What the network says, without what the SDK puts before it. */
export function unwrapped(message: string): string {
  return message.replace(/^AWS SDK error wrapper for (Error: )?/, "");
}

/** What Node says of a server that cannot be reached, be it by name, by address or because of its certificate. */
const NO_WAY =
  /\b(E(CONN(REFUSED|RESET|ABORTED)|NOTFOUND|AI_AGAIN|TIMEDOUT|PIPE|HOSTUNREACH|NETUNREACH|PROTO|PROXY)|\w*CERT_\w+|\w+_CERT|UNABLE_TO_\w+)\b/;

/**
 * What services call a request whose time is not theirs.
 *
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/signature-v4-troubleshooting.html
 */
const WRONG_TIME = /^(RequestTimeTooSkewed|RequestExpired|RequestInTheFuture)$/;
const OF_ANOTHER_TIME = /Signature (expired|not yet current)/;

/** Why nobody got an answer; undefined for a failure that is about what was asked. */
export function noAnswerAtAll(
  { name, message, code = "" }: NodeJS.ErrnoException,
  environment: NodeJS.ProcessEnv = process.env,
): NoAnswerAtAll | undefined {
  if (name === "CredentialsProviderError") {
    const why = noSuchProfile(environment) ?? message;
    return { cause: "credentials", said: `there are no AWS credentials (${printable(why)})` };
  }
  if (/ExpiredToken|TokenRefreshRequired/.test(name)) {
    return { cause: "credentials", said: "the AWS credentials have expired" };
  }
  if (WRONG_TIME.test(name) || OF_ANOTHER_TIME.test(message)) {
    return { cause: "clock", said: `this machine's clock is wrong, AWS says (${printable(message)})` };
  }
  if (/InvalidClientTokenId|UnrecognizedClient|AuthFailure|SignatureDoesNotMatch/.test(name)) {
    return { cause: "credentials", said: `AWS does not take the credentials (${name})` };
  }
  if (NO_WAY.test(`${code} ${message}`) || name === "TimeoutError") {
    return {
      cause: "unreachable",
      said: `AWS cannot be reached (${printable(message === "" ? code : unwrapped(message))})`,
    };
  }
  return undefined;
}

/** What helps then. @param region that was asked; undefined where that is not known */
export function cureOf({ cause }: Pick<NoAnswerAtAll, "cause">, region = "REGION"): string {
  switch (cause) {
    case "credentials":
      return (
        "set AWS_PROFILE, log in (aws sso login, of the AWS CLI 2), or use the jump EC2 with its role, until this " +
        `answers: ${shell`aws sts get-caller-identity --region ${region}`}; a region that has to be enabled for the ` +
        `account takes nobody's before (${shell`aws account enable-region --region-name ${region}`})`
      );
    case "clock":
      return "set the clock of this machine (sudo timedatectl set-ntp true; timedatectl shows whether it is in step)";
    case "unreachable":
      return (
        "check aws_region, and the way from here to AWS: where it leads through a proxy, set HTTPS_PROXY (and " +
        "NO_PROXY, AWS_CA_BUNDLE)"
      );
  }
}

/** What is wrong with the name in AWS_PROFILE; undefined when nothing is. */
function noSuchProfile({ AWS_PROFILE: profile = "", ...environment }: NodeJS.ProcessEnv): string | undefined {
  if (profile === "") return undefined;
  const home = environment["HOME"] ?? homedir();
  const files = [
    environment["AWS_CONFIG_FILE"] ?? join(home, ".aws", "config"),
    environment["AWS_SHARED_CREDENTIALS_FILE"] ?? join(home, ".aws", "credentials"),
  ];
  const profiles = [...new Set(files.flatMap((file) => profilesIn(file)))];
  if (profiles.includes(profile)) return undefined;
  const near = nearest(profile, profiles);
  const hint =
    near !== undefined
      ? `did you mean ${near}?`
      : profiles.length === 0
        ? "there are no profiles"
        : `there are ${profiles.join(", ")}`;
  return `AWS_PROFILE names ${JSON.stringify(profile)}, and ${files.join(" and ")} have no such profile: ${hint}`;
}

/**
 * The names of the profiles in a file of AWS' configuration; none where it cannot be read.
 *
 * @see https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-files.html
 */
function profilesIn(file: string): string[] {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch {
    return [];
  }
  const sections = [...text.matchAll(/^\s*\[\s*(?:profile\s+)?(?:"([^"]*)"|'([^']*)'|([^\]\s]+))\s*\]/gm)];
  return sections.map(([, quoted, single, plain]) => quoted ?? single ?? plain ?? "");
}
