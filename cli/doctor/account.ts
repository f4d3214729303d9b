import type { StateEnvironment } from "../../modules/state";
import { readAccountFacts } from "./account-facts";
import { examineAccount, findingsText } from "./doctor";
import { UserError } from "../errors";
import type { Finding } from "./finding";
import { stackInputs } from "../stack-inputs";
import type { TfvarsValues } from "../tfvars";

/**
 * What is wrong with an account, or with the values of variables, for a stack that does not exist.
 *
 * @param inState what applies have left of it, if there were any
 */
export async function examineBefore(
  values: TfvarsValues["values"],
  inState: readonly Finding[] = [],
): Promise<Finding[]> {
  const inputs = stackInputs(Object.fromEntries([...values].map(([name, { value }]) => [name, value])));
  return examineAccount({ inputs, account: await readAccountFacts(inputs, { region: inputs.region }) }, inState);
}

/** Nobody could be asked from here; Terraform could, since there is a plan: it knows proxies, and may run elsewhere. */
const NOT_REFUSED = ["credentials", "aws-unreachable"];

/**
 * Refuses to make a stack that would not come up: AWS would refuse a part of it, or no node could join. Not where Terraform
 * Cloud makes it, with its own credentials: what is true of the account that was asked may not be of the other.
 *
 * @throws UserError with every error among the findings
 */
export function refuseErrors(
  findings: readonly Finding[],
  { TF_CLOUD_ORGANIZATION: cloud = "" }: StateEnvironment = process.env,
): void {
  const errors = findings.filter(({ severity, code }) => severity === "error" && !NOT_REFUSED.includes(code));
  if (errors.length === 0 || cloud !== "") return;
  throw new UserError(`this would not come up, so nothing was made\n\n${findingsText(errors)}`);
}
