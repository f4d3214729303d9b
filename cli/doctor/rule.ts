import { oneLine, printable } from "../../terminal/text";
import type { Fact } from "./fact";
import type { Finding, Severity } from "./finding";

/** What a rule finds: a finding that has no code yet. */
export type Found = Omit<Finding, "code">;

/** What a rule says: what it finds, in lists of any depth; where it says `false` or nothing, it finds nothing. */
export type Judgement = Found | false | undefined | readonly Judgement[];

/** One thing that may be wrong. */
export interface Rule<Facts> {
  readonly code: string;
  /** Codes of findings of which this would be a mere consequence: beside one of them it is left out. @default - none */
  readonly follows?: readonly string[];
  /** Pure. Says nothing about facts that are not known. */
  readonly judge: (facts: Facts) => Judgement;
}

/** Codes of findings about an apply that is at work, or ended half-way. */
export const HALF_APPLIED = ["state-locked", "apply-incomplete"];

/** A finding of a severity: what it is about, what is wrong, what to do. */
export function found(severity: Severity, subject: string, cause: string, cure: string): Found {
  // Names and messages come from AWS and from tags that anybody may have written.
  return { severity, subject: printable(subject), cause: printable(cause), cure: oneLine(cure) };
}

/** What follows from a fact, and nothing when it is not known. */
export function known<T>(fact: Fact<T>, use: (value: T) => Judgement): Judgement {
  return "ok" in fact && use(fact.ok);
}

/**
 * What the rules find, in their order: the first link of a chain that is broken stands first, and what only follows
 * from it is left out.
 *
 * @param earlier what other rules have found before
 */
export function examine<Facts>(rules: readonly Rule<Facts>[], facts: Facts, earlier: readonly Finding[]): Finding[] {
  const findings: Finding[] = [];
  for (const { code, follows = [], judge } of rules) {
    if ([...earlier, ...findings].some((it) => follows.includes(it.code))) continue;
    findings.push(...listOf(judge(facts)).map((it) => ({ code, ...it })));
  }
  return findings;
}

function listOf(judgement: Judgement): readonly Found[] {
  if (judgement === undefined || judgement === false) return [];
  return "severity" in judgement ? [judgement] : judgement.flatMap(listOf);
}

/**
 * A note for each reason for which something cannot be seen, with what that is; none where a finding says the reason.
 *
 * @param facts by their names, such as `hasKeyPair`
 */
export function unseen(facts: Readonly<Record<string, Fact<unknown>>>, findings: readonly Finding[]): Finding[] {
  const reasons = new Map<string, string[]>();
  for (const [name, fact] of Object.entries(facts)) {
    if ("ok" in fact || findings.some(({ code }) => fact.follows?.includes(code) === true)) continue;
    reasons.set(fact.unknown, [...(reasons.get(fact.unknown) ?? []), inWords(name)]);
  }
  return [...reasons].map(([reason, names]) => ({
    code: "unseen",
    ...found(
      "note",
      names.join(", "),
      `cannot be seen: ${reason}`,
      "nothing, if you know that it is well; else allow the question, or ask from where it is allowed",
    ),
  }));
}

function inWords(name: string): string {
  return name
    .replace(/^has(?=[A-Z])/, "")
    .replace(/(?<!^)[A-Z]/g, " $&")
    .toLowerCase();
}
