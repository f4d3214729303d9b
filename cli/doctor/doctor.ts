import { ACCOUNT_RULES, type BeforeFacts } from "./account-rules";
import type { AfterFacts } from "./after-facts";
import { CLUSTER_RULES } from "./cluster-rules";
import type { Finding, Severity } from "./finding";
import { examine, unseen } from "./rule";
import { STATE_RULES } from "./state-rules";
import type { StateFacts } from "../../terraform/state";

/**
 * What is wrong with an account, or with inputs, before a stack exists.
 *
 * @param inState what `examineState` has found
 */
export function examineAccount(facts: BeforeFacts, inState: readonly Finding[] = []): Finding[] {
  const { quotas, ...account } = facts.account;
  const named = Object.entries(quotas).map(([name, fact]) => [`quota of ${name}`, fact] as const);
  const findings = examine(ACCOUNT_RULES, facts, inState);
  return [...findings, ...unseen({ ...account, ...Object.fromEntries(named) }, findings)];
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
  return examine(STATE_RULES, facts);
}

/** Every code that a finding can have. */
export const CODES: readonly string[] = [
  ...new Set([...STATE_RULES, ...ACCOUNT_RULES, ...CLUSTER_RULES].map(({ code }) => code)),
  "unseen",
];

/** How many findings there are of each severity. */
export type Counts = Readonly<Record<Severity, number>>;

const SEVERITIES: readonly Severity[] = ["error", "warning", "note"];

function counts(findings: readonly Finding[]): Counts {
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
export function findingsText(findings: readonly Finding[]): string {
  const blocks = sorted(findings).map(({ severity, code, subject, cause, cure }) =>
    [`${severity} ${code}: ${subject}`, `  ${cause}`, `  -> ${cure}`].join("\n"),
  );
  const { error, warning, note } = counts(findings);
  const summary = `${count(error, "error")}, ${count(warning, "warning")}, ${count(note, "note")}`;
  return [...blocks, error === 0 ? summary : `${summary}; begin with the first`].join("\n\n");
}

function count(number: number, noun: string): string {
  return `${String(number)} ${noun}${number === 1 ? "" : "s"}`;
}

/** For programs: the findings in the order of the text, and how many there are of each severity. */
export function findingsJson(findings: readonly Finding[]): string {
  return JSON.stringify({ findings: sorted(findings), counts: counts(findings) }, undefined, 2);
}
