import type { Identity } from "../aws/identity";
import { UserError } from "../contract/user-error";

/** Where AWS has what a state or its outputs name; undefined where nothing there says so. */
export interface MadeIn {
  /** `aws`, `aws-cn`, `aws-us-gov` */
  readonly partition: string | undefined;
  readonly region: string | undefined;
  readonly account: string | undefined;
}

/**
 * What ARNs say of where they are.
 *
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html
 */
export function madeIn(arns: readonly string[]): MadeIn {
  const parts = arns.map((arn) => arn.split(":"));
  return {
    partition: parts.map(([, partition = ""]) => partition).find((it) => it !== ""),
    region: parts.map(([, , , region = ""]) => region).find((it) => it !== ""),
    // A policy of AWS' own is in the account `aws`.
    account: parts.map(([, , , , account = ""]) => account).find((it) => /^\d{12}$/.test(it)),
  };
}

/**
 * Refuses to work on a stack from another region, account or partition, where AWS knows nothing of it. Terraform would
 * find nothing there and forget all that it has made, which goes on and is billed: `up` would make everything once more,
 * and `destroy` call it destroyed.
 *
 * @param region that is about to be asked
 * @param caller undefined when AWS does not say who asks: then the region alone is compared
 * @throws UserError with exit code 3 that names both places
 */
export function refuseElsewhere(made: MadeIn, region: string, caller: Identity | undefined): void {
  if (made.region !== undefined && made.region !== region) {
    throw elsewhere(
      `was made in ${made.region}, and aws_region is ${region}`,
      "give the -var-file that it was applied with (another cluster takes another folder)",
    );
  }
  if (caller === undefined) return;
  const partition = caller.arn.split(":")[1];
  if (made.partition !== undefined && made.partition !== partition) {
    throw elsewhere(
      `was made in the partition ${made.partition}, and these credentials are of ${String(partition)} (${caller.arn})`,
      LOGIN,
    );
  }
  if (made.account !== undefined && made.account !== caller.account) {
    throw elsewhere(
      `was made in the account ${made.account}, and these credentials are of ${caller.account} (${caller.arn})`,
      LOGIN,
    );
  }
}

const LOGIN = "set AWS_PROFILE, or log in as who made it";

function elsewhere(what: string, cure: string): UserError {
  return new UserError(`what is in the state ${what}, where nothing of it would be found: ${cure}`, { exitCode: 3 });
}
