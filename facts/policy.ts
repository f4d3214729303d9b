/**
 * One thing that a policy allows.
 *
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_statement.html
 */
export interface Statement {
  readonly Sid?: string;
  /** Who may do it: said by trust policies and key policies alone. */
  readonly Principal?: Readonly<Record<string, string>>;
  readonly Action: string | readonly string[];
  /** Said by every policy but trust policies. */
  readonly Resource?: string | readonly string[];
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>;
}

/** A policy of IAM or KMS, JSON. */
export function policy(...statements: readonly Statement[]): string {
  const Statement = statements.map(({ Sid, ...rest }) => ({ Sid, Effect: "Allow", ...rest }));
  return JSON.stringify({ Version: "2012-10-17", Statement });
}

/** Trust policy of a role that one AWS service may take, such as `eks.amazonaws.com`. */
export function trustPolicy(service: string): string {
  return policy({ Principal: { Service: service }, Action: "sts:AssumeRole" });
}
