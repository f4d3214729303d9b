import { UserError } from "./user-error";

/**
 * Reads JSON that somebody has given.
 *
 * @param source where it comes from, for messages: a file's name
 * @throws UserError when it is not JSON
 */
export function parseJson(json: string, source: string): unknown {
  try {
    return JSON.parse(json);
  } catch (cause) {
    const what = json.trim() === "" ? "it is empty" : (cause as Error).message;
    throw new UserError(`${source} is not JSON: ${what}`, { cause });
  }
}

/** The value that a text holds in JSON; undefined when the text is not JSON. */
export function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Whether something that was read is an object with fields. */
export function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
