import { UserError } from "../contract/user-error";
import { printable } from "../terminal/text";
import { cureOf, noAnswerAtAll, unwrapped } from "./failure";

/** What AWS answers for what is not there (any more), by the names of its errors: `InvalidGroup.NotFound`, … */
const GONE = /NotFound|NoSuchEntity|NoSuchHostedZone/;

/** The name that AWS gave an error, such as `AccessDenied`; empty for everything that is no answer of AWS. */
export function errorName(error: unknown): string {
  return error instanceof Error && "$metadata" in error ? error.name : "";
}

/** Whether AWS says that what was asked for does not exist. */
export function isGone(error: unknown): boolean {
  return GONE.test(errorName(error));
}

/**
 * Waits for a call of AWS.
 *
 * @param what it was to do, as in `cannot list the volumes`
 * @throws UserError when AWS refuses or cannot be reached; what is no failure of a call is thrown as it is
 */
export async function asking<T>(what: string, call: Promise<T>): Promise<T> {
  try {
    return await call;
  } catch (error) {
    if (!isFailureOfACall(error)) throw error;
    const none = noAnswerAtAll(error);
    if (none !== undefined) throw new UserError(`cannot ${what}: ${none.said}; ${cureOf(none)}`, { cause: error });
    const why = error.name === "Error" ? unwrapped(error.message) : `${error.name}: ${error.message}`;
    throw new UserError(`cannot ${what}: ${printable(why)}`, { cause: error });
  }
}

/** AWS' names for a missing permission: `AccessDenied`, `AccessDeniedException`, `UnauthorizedOperation`, … */
const FORBIDDEN = /^(AccessDenied|UnauthorizedOperation|NotAuthorized|AuthorizationError|Unauthorized)/;

/** Whether AWS says that the credentials do not allow what was asked. */
export function isForbidden({ name }: Error): boolean {
  return FORBIDDEN.test(name);
}

/** What a permission that is missing hides, in words; everything else is known. */
export class Unknowns {
  readonly #reasons: string[] = [];

  get reasons(): readonly string[] {
    return this.#reasons;
  }

  add(reason: string): void {
    if (!this.#reasons.includes(reason)) this.#reasons.push(reason);
  }

  /**
   * What one may not look at must neither keep one from looking at the rest, nor count as nothing.
   *
   * @param answer of `asking`
   * @param otherwise what to go on with when AWS does not allow the question
   * @throws UserError for every other failure
   */
  async or<T, Otherwise>(answer: Promise<T>, otherwise: Otherwise): Promise<T | Otherwise> {
    try {
      return await answer;
    } catch (error) {
      if (!(error instanceof UserError) || !(error.cause instanceof Error && isForbidden(error.cause))) throw error;
      this.add(error.message);
      return otherwise;
    }
  }
}

/** Everything the SDK throws for an answer has `$metadata`, and what the network does to it has a `code`. */
function isFailureOfACall(error: unknown): error is Error {
  if (!(error instanceof Error)) return false;
  return "$metadata" in error || "code" in error || error.name === "CredentialsProviderError";
}
