import { HANDOVER, type Handover } from "./handover";
import { isRecord, parseJson } from "./json";
import { UserError } from "./user-error";

/** The names of the outputs that make a handover; others that a stack may have are nobody's business here. */
export const HANDOVER_FIELDS: readonly string[] = Object.keys(HANDOVER.shape);

/**
 * Reads a handover out of what `terraform output -json` prints, or out of what `cdktf deploy --outputs-file` wrote.
 *
 * @param source where the text comes from, for messages: a file's name or a command
 * @throws UserError when the text is not JSON, has no handover in it, or one with a field missing or malformed
 */
export function readHandover(json: string, source: string): Handover {
  return asHandover(plainOutputs(parseJson(json, source), source), source);
}

/**
 * The handover that outputs are, given as their values by name.
 *
 * @param source where the outputs come from, for messages
 * @throws UserError when a field is missing or malformed
 */
export function asHandover(outputs: Readonly<Record<string, unknown>>, source: string): Handover {
  const parsed = HANDOVER.safeParse(outputs);
  if (parsed.success) return parsed.data;

  const { issues } = parsed.error;
  const isMissing = ({ path: [field = ""] }: (typeof issues)[number]) => !(String(field) in outputs);
  const wrong = issues.filter((issue) => !isMissing(issue)).map(({ path, message }) => `${path.join(".")}: ${message}`);
  if (wrong.length > 0) throw new UserError(`${source} is no handover of the stack: ${wrong.join("; ")}`);
  const missing = [...new Set(issues.map(({ path: [field = ""] }) => String(field)))];
  const has = HANDOVER_FIELDS.some((field) => field in outputs)
    ? `${source} has not all outputs of the stack, ${missing.join(", ")} ${missing.length === 1 ? "is" : "are"} missing: ` +
      "most often an apply has ended half-way, and `eks up` goes on where it ended"
    : `${source} has none of the stack's outputs: has the stack been applied, and is it this one?`;
  const others = Object.keys(outputs).join(", ");
  throw new UserError(others === "" ? has : `${has} (it has ${others})`);
}

/** Names and values, from either of the two forms. */
function plainOutputs(parsed: unknown, source: string): Record<string, unknown> {
  if (!isRecord(parsed)) throw new UserError(`${source} must hold an object with the stack's outputs`);
  const entries = Object.entries(parsed);

  // terraform: { name: { value, type, sensitive } }
  if (entries.every(([, output]) => isRecord(output) && "value" in output)) {
    return Object.fromEntries(entries.map(([name, output]) => [name, (output as { value: unknown }).value]));
  }
  // cdktf: { stack: { name: value } }
  const [[stack, outputs] = [], ...others] = entries.filter(
    ([, values]) => isRecord(values) && "cluster_name" in values,
  );
  if (others.length > 0) {
    const names = [stack, ...others.map(([name]) => name)].join(", ");
    throw new UserError(`${source} holds the outputs of several clusters (${names}); give one file for each`);
  }
  return isRecord(outputs) ? outputs : parsed;
}
