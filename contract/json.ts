import { UserError } from "./user-error";

/**
 * Reads JSON that somebody has given.
 *
 * @param source where it comes from, for messages: a file's name
 * @throws UserError when it is none
 */
export function parseJson(json: string, source: string): unknown {
  try {
    return JSON.parse(json);
  } catch (cause) {
    const what = json.trim() === "" ? "it is empty" : (cause as Error).message;
    throw new UserError(`${source} is not JSON: ${what}`, { cause });
  }
}
