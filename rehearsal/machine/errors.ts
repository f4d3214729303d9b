/** Something that a rehearsal needs is not there and could not be set up. The message alone says what to do about it. */
export class SetUpError extends Error {
  override readonly name = "SetUpError";
}

/** Why something failed, for people: what `fetch` says of it is in the cause. */
export function reasonOf(error: unknown): string {
  const { message, cause } = error as Error;
  const { message: inner = "", code = "" } = (cause ?? {}) as Partial<NodeJS.ErrnoException>;
  return [inner, code, message].find((text) => text !== "") ?? "for no reason that is told";
}
