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
