import { ACCOUNT_RULES } from "./account-rules";
import type { AfterFacts } from "./after-facts";
import type { BeforeFacts } from "./before";
import { CLUSTER_RULES } from "./cluster-rules";
import type { Finding, Severity } from "./finding";
import { examine, unseen } from "./rule";
import { STATE_RULES } from "./state-rules";
import type { StateFacts } from "../../terraform/state";
import { inBlocks } from "../../terminal/table";
import { counted } from "../../terminal/text";

/**
 * What is wrong with an account, or with inputs, before a stack exists.
 *
 * @param inState what `examineState` has found
 */
export function examineAccount(facts: BeforeFacts, inState: readonly Finding[] = []): Finding[] {
  const findings = examine(ACCOUNT_RULES, facts, inState);
  return [...findings, ...unseen(facts.account, findings)];
}

/**
 * What is wrong with a stack that exists.
 *
 * @param inState what `examineState` has found
 */
export function examineCluster(facts: AfterFacts, inState: readonly Finding[] = []): Finding[] {
  const inside = Object.entries(facts.inside).map(([name, fact]) => [`${name} (from the bastion)`, fact] as const);
  const findings = examine(CLUSTER_RULES, facts, inState);
  return [...findings, ...unseen({ ...facts.cluster, ...Object.fromEntries(inside) }, findings)];
}

/** What applies have left undone. */
export function examineState(facts: StateFacts): Finding[] {
  return examine(STATE_RULES, facts, []);
}

/** Tfvars that `eks up` would not take. @param why not, with the cure */
export function tfvarsFinding(why: string): Finding {
  return { code: "tfvars", severity: "error", subject: "tfvars", cause: why, cure: "mend that: eks up needs it, too" };
}

/** Every code that a finding can have. */
export const CODES: readonly string[] = [
  ...new Set([...STATE_RULES, ...ACCOUNT_RULES, ...CLUSTER_RULES].map(({ code }) => code)),
  ...["tfvars", "unseen"],
];

const SEVERITIES: readonly Severity[] = ["error", "warning", "note"];

/** How many findings there are of each severity. */
function counts(findings: readonly Finding[]): Readonly<Record<Severity, number>> {
  const of = (severity: Severity) => findings.filter((it) => it.severity === severity).length;
  return { error: of("error"), warning: of("warning"), note: of("note") };
}

/** 1 when something keeps somebody from working, else 0. */
export function exitCode(findings: readonly Finding[]): 0 | 1 {
  return counts(findings).error > 0 ? 1 : 0;
}

/** Errors first, and of those the first broken link first. */
function sorted(findings: readonly Finding[]): Finding[] {
  return SEVERITIES.flatMap((severity) => findings.filter((it) => it.severity === severity));
}

/** For people: three lines a finding, and how many there are. */
export function findingsLines(findings: readonly Finding[]): string[] {
  const blocks = sorted(findings).map(({ severity, code, subject, cause, cure }) => [
    `${severity} ${code}: ${subject}`,
    `  ${cause}`,
    `  -> ${cure}`,
  ]);
  const numbers = counts(findings);
  const summary = SEVERITIES.map((severity) => counted(numbers[severity], severity)).join(", ");
  return inBlocks([...blocks, [numbers.error === 0 ? summary : `${summary}; begin with the first`]]);
}

/** For programs: the findings in the order of the text, and how many there are of each severity. */
export function findingsJson(findings: readonly Finding[]): string {
  return JSON.stringify({ findings: sorted(findings), counts: counts(findings) }, undefined, 2);
}
