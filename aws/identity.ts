import { GetCallerIdentityCommand, type STSClient } from "@aws-sdk/client-sts";

/** Who asks. */
export interface Identity {
  readonly account: string;
  /** Such as `arn:aws:iam::ACCOUNT:user/NAME` or `arn:aws:sts::ACCOUNT:assumed-role/NAME/SESSION`. */
  readonly arn: string;
}

/** Asks who asks. */
export async function readIdentity(sts: STSClient): Promise<Identity> {
  const { Account = "", Arn = "" } = await sts.send(new GetCallerIdentityCommand({}));
  return { account: Account, arn: Arn };
}

/** Name of the role that a session or a role's ARN is of; undefined for a user or the account's root. */
export function roleName(arn: string): string | undefined {
  return /:assumed-role\/([^/]+)\//.exec(arn)?.[1] ?? /:role\/(?:\S+\/)?([^/]+)$/.exec(arn)?.[1];
}
