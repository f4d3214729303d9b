import { printable } from "../../terminal/text";

/** Something that was asked: its answer, or why there is none. An answer may well be that a thing does not exist. */
export type Fact<T> = { readonly ok: T } | Unknown;

/** Why there is no answer. */
export interface Unknown {
  readonly unknown: string;
  /** Codes of findings that say the same, and what to do about it. @default - there is none */
  readonly follows?: readonly string[];
}

/**
 * Asks, and takes a failure for an answer.
 *
 * @param permission what AWS calls the question, such as `ec2:DescribeSubnets`
 */
export async function ask<T>(permission: string, question: () => Promise<T>): Promise<Fact<T>> {
  try {
    return { ok: await question() };
  } catch (error) {
    return why(permission, error as NodeJS.ErrnoException);
  }
}

/** The answers to questions that were asked at once. */
export async function settled<T extends Record<string, unknown>>(questions: T) {
  const answers = await Promise.all(Object.entries(questions).map(async ([name, it]) => [name, await it] as const));
  return Object.fromEntries(answers) as { [K in keyof T]: Awaited<T[K]> };
}

/** What Node says of a server that cannot be reached, be it by name, by address or because of its certificate. */
const NO_WAY =
  /\b(E(CONN(REFUSED|RESET|ABORTED)|NOTFOUND|AI_AGAIN|TIMEDOUT|PIPE|HOSTUNREACH|NETUNREACH|PROTO)|\w*CERT_\w+|\w+_CERT|UNABLE_TO_\w+)\b/;

function why(permission: string, { name, message, code = "" }: NodeJS.ErrnoException): Unknown {
  const credentials = (unknown: string) => ({ unknown, follows: ["credentials"] });
  if (name === "CredentialsProviderError") return credentials(`there are no AWS credentials (${printable(message)})`);
  if (/ExpiredToken|TokenRefreshRequired/.test(name)) return credentials("the AWS credentials have expired");
  if (/InvalidClientTokenId|UnrecognizedClient|AuthFailure|SignatureDoesNotMatch/.test(name)) {
    return credentials(`AWS does not take the credentials (${name})`);
  }
  if (/^(UnauthorizedOperation|AccessDenied)/.test(name)) {
    return { unknown: `the credentials do not allow ${permission}` };
  }
  if (NO_WAY.test(code) || NO_WAY.test(message) || name === "TimeoutError") {
    return {
      unknown: `AWS cannot be reached (${printable(message === "" ? code : message)})`,
      follows: ["aws-unreachable"],
    };
  }
  if (/is not valid JSON|Deserialization error/.test(message)) {
    return { unknown: `${permission} got an answer that is none of AWS' (an emulator without it, or a proxy)` };
  }
  return {
    unknown: `${permission} failed: ${printable(message === "" || message === "UnknownError" ? name : message)}`,
  };
}

/** What follows from a fact, and nothing when it is not known. */
export function known<T, R>(fact: Fact<T>, use: (value: T) => readonly R[]): readonly R[] {
  return "ok" in fact ? use(fact.ok) : [];
}

/** The answer, or something to go on with. */
export function orElse<T>(fact: Fact<T>, otherwise: NoInfer<T>): T;
export function orElse<T>(fact: Fact<T>, otherwise: undefined): T | undefined;
export function orElse<T>(fact: Fact<T>, otherwise: T | undefined): T | undefined {
  return "ok" in fact ? fact.ok : otherwise;
}
