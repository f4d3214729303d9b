import { isForbidden } from "../../aws/call";
import { noAnswerAtAll } from "../../aws/failure";
import { printable } from "../../terminal/text";

/** Something that was asked: its answer, or why there is none. An answer may well be that a thing does not exist. */
export type Fact<T> = { readonly ok: T } | Unknown;

/** Why there is no answer. */
export interface Unknown {
  readonly unknown: string;
  /** Codes of findings that say the same, and what to do about it. @default - there is none */
  readonly follows?: readonly string[];
}

/** Thrown by a question that knows why it has no answer. */
export class NoAnswer extends Error {
  constructor(readonly why: Unknown) {
    super(why.unknown);
  }
}

/**
 * The answers to questions that are asked at once, by their names. A failure is an answer, too.
 *
 * @param who is asked, where a failure does not say what was asked, as those of AWS' clients do
 */
export async function settled<Questions extends Readonly<Record<string, unknown>>>(
  questions: Questions,
  who = "the question",
) {
  const facts = await Promise.all(
    Object.entries(questions).map(async ([name, answer]) => [name, await factOf(answer, who)] as const),
  );
  return Object.fromEntries(facts) as { readonly [Name in keyof Questions]: Fact<Awaited<Questions[Name]>> };
}

async function factOf(answer: unknown, who: string): Promise<Fact<unknown>> {
  try {
    return { ok: await answer };
  } catch (error) {
    return error instanceof NoAnswer ? error.why : why(error as NodeJS.ErrnoException, who);
  }
}

/** The findings that tell why AWS answered nobody. */
export const NO_ANSWER_CODES = {
  credentials: "credentials",
  clock: "own-clock",
  unreachable: "aws-unreachable",
} as const;

function why(error: NodeJS.ErrnoException & { readonly asked?: string }, who: string): Unknown {
  const { name, message, asked = who } = error;
  if (isForbidden(error)) return { unknown: `the credentials do not allow ${asked}` };
  const none = noAnswerAtAll(error);
  if (none !== undefined) return { unknown: none.said, follows: [NO_ANSWER_CODES[none.cause]] };
  if (/is not valid JSON|Deserialization error/.test(message)) {
    return { unknown: `${asked} got an answer that is none of AWS' (an emulator without it, or a proxy)` };
  }
  return { unknown: `${asked} failed: ${printable(["", "UnknownError"].includes(message) ? name : message)}` };
}

/** The answer, or something to go on with. */
export function orElse<T>(fact: Fact<T>): T | undefined;
export function orElse<T>(fact: Fact<T>, otherwise: NoInfer<T>): T;
export function orElse<T>(fact: Fact<T>, otherwise?: T): T | undefined {
  return "ok" in fact ? fact.ok : otherwise;
}
