import { choicesOf, projectContext } from "../../modules/choices";
import type { StateEnvironment } from "../../modules/state";
import { UserError } from "../../contract/user-error";
import type { ChangeKind, Plan } from "../../terraform/plan-file";
import { readAccountFacts } from "./account-facts";
import { ACCOUNT_RULES } from "./account-rules";
import { examineAccount, findingsLines } from "./doctor";
import { NO_ANSWER_CODES } from "./fact";
import type { Finding } from "./finding";
import { stackInputs, type StackInputs } from "../stack-inputs";
import { valuesByName, type TfvarsValues } from "../../terraform/tfvars";

/** The inputs that a stack in the current folder gets, with what its code chooses. */
export function inputsHere(values: TfvarsValues["values"]): StackInputs {
  return stackInputs(valuesByName(values), {
    makesKeyPair: choicesOf(projectContext(process.env)).sshIdentity === "generated",
  });
}

/**
 * What is wrong with an account, or with the values of variables, for a stack that does not exist.
 *
 * @param inState what applies have left of it, if there were any
 */
export async function examineBefore(
  values: TfvarsValues["values"],
  inState: readonly Finding[] = [],
): Promise<Finding[]> {
  const inputs = inputsHere(values);
  return examineAccount({ inputs, account: await readAccountFacts(inputs, { region: inputs.region }) }, inState);
}

/** What a plan fails over too, in the provider's words: something is named that AWS has not. */
const NAMED = ["version", "image-missing", "add-on", "network-missing", "zone", "instance-type"];

/** What the AWS provider says where it is not let in: `No valid credential sources found`, `Signature expired`, … */
const NOT_LET_IN = /credential|signature|security token|expired/i;

const LETS_NOBODY_IN: readonly string[] = [NO_ANSWER_CODES.credentials, NO_ANSWER_CODES.clock];

/** A rule of the stack's own, which says what to write instead. */
const OWN_WORDS = /Invalid value for (input )?variable/;

/**
 * Says of a plan that failed what AWS has not, if that may be why; Terraform's words come after.
 *
 * @param error of the plan
 * @param findings about the account and the inputs
 */
export function explained(
  error: unknown,
  findings: readonly Finding[],
  environment: StateEnvironment = process.env,
): unknown {
  if (!(error instanceof UserError) || OWN_WORDS.test(error.message)) return error;
  const named = errorsFor(findings, environment).filter(({ code }) => NAMED.includes(code));
  const isOurs = (environment.TF_CLOUD_ORGANIZATION ?? "") === "" && NOT_LET_IN.test(error.message);
  const notLetIn = isOurs ? findings.filter(({ code }) => LETS_NOBODY_IN.includes(code)) : [];
  const errors = [...notLetIn, ...named];
  if (errors.length === 0) return error;
  const what = notLetIn.length > 0 ? "AWS lets nobody in from here" : "AWS has not what the tfvars name";
  return new UserError(
    `${what}, so nothing was planned

${findingsLines(errors).join("\n")}

in Terraform's words: ${error.message}`,
    { exitCode: error.exitCode, cause: error },
  );
}

/** What a plan does to what it makes. */
const MAKES: readonly ChangeKind[] = ["create", "replace"];

/**
 * What of the findings counts for a plan: all where nothing exists yet, else what is about something that the plan
 * makes or changes. Undefined when no rule is about that, so that nobody need wait for findings.
 */
export function concerning({
  changes,
}: Pick<Plan, "changes">): ((findings: readonly Finding[]) => Finding[]) | undefined {
  const managed = changes.filter(({ isManaged }) => isManaged);
  if (managed.length === 0) return undefined;
  if (managed.every(({ kind }) => kind === "create")) return (findings) => [...findings];
  const codes = ACCOUNT_RULES.filter(({ made = [], changed = [] }) =>
    managed.some(({ type, kind }) =>
      kind === "update" ? changed.includes(type) : MAKES.includes(kind) && [...made, ...changed].includes(type),
    ),
  ).map(({ code }) => code);
  return codes.length === 0
    ? undefined
    : (findings) => findings.filter(({ code }) => [...codes, "unseen", ...NOBODY_ASKED].includes(code));
}

/** Nobody could be asked from here; Terraform could, since there is a plan: it may run elsewhere. */
const NOBODY_ASKED: readonly string[] = Object.values(NO_ANSWER_CODES);

/** What could not be asked of AWS before anything is made, or counts for nothing there, a line for each reason. */
export function unchecked(
  findings: readonly Finding[],
  { TF_CLOUD_ORGANIZATION: cloud = "" }: StateEnvironment = process.env,
): readonly string[] {
  return findings.flatMap(({ severity, code, subject, cause, cure }) => {
    if (code === "unseen") return `not checked: ${subject} ${cause}`;
    if (NOBODY_ASKED.includes(code)) return `not checked: whether AWS would refuse this, for ${cause}; ${cure}`;
    if (cloud === "" || severity !== "error") return [];
    return `not refused, since Terraform Cloud makes this with its own credentials: ${code}: ${subject}: ${cause}`;
  });
}

/** The errors that count where the stack is made; none where Terraform Cloud makes it. */
function errorsFor(findings: readonly Finding[], { TF_CLOUD_ORGANIZATION: cloud = "" }: StateEnvironment): Finding[] {
  return cloud === ""
    ? findings.filter(({ severity, code }) => severity === "error" && !NOBODY_ASKED.includes(code))
    : [];
}

/**
 * Refuses to apply what would not come up: AWS would refuse a part of it, or no node could join. Not where Terraform
 * Cloud makes it, with its own credentials: what is true of the account that was asked may not be of the other.
 *
 * @throws UserError with every error among the findings
 */
export function refuseErrors(findings: readonly Finding[], environment: StateEnvironment = process.env): void {
  const errors = errorsFor(findings, environment);
  if (errors.length === 0) return;
  throw new UserError(`this would not come up, so that nothing is made\n\n${findingsLines(errors).join("\n")}`);
}
