import { z } from "zod";

import { UserError } from "./user-error";
import { ROLE_ARN, USER_ARN } from "../facts/aws-auth";
import type { Handover } from "./handover";
import { isRecord, parseJson } from "./json";

const text = z.string().min(1);
const count = z.int().nonnegative();
const groups = z.array(text);
const roleArn = z.string().regex(ROLE_ARN);
const userArn = z.string().regex(USER_ARN);

const FIELDS = {
  region: text,
  cluster_name: text,
  cluster_endpoint: z.url({ protocol: /^https$/ }),
  certificate_authority_data: text,
  kubernetes_version: z.string().regex(/^\d+\.\d+$/),
  authentication_mode: z.enum(["CONFIG_MAP", "API_AND_CONFIG_MAP", "API"]),
  bastion_instance_id: text,
  bastion_address: text,
  bastion_user: text,
  node_role_arn: roleArn,
  node_groups: z.record(text, z.object({ min: count, max: count, desired: count })),
  // A stack that was applied before there were these has none.
  aws_auth_roles: z.array(z.object({ rolearn: roleArn, username: text, groups })).default([]),
  aws_auth_users: z.array(z.object({ userarn: userArn, username: text, groups })).default([]),
  // A stack that was applied before groups could have roles of their own has one role for all nodes.
  node_role_arns: z.array(roleArn).optional(),
  // Of a stack that has made its own keys; the messages about them never say what was found.
  bastion_host_key: z
    .string()
    .regex(/^ssh-ed25519 [A-Za-z0-9+/]+=*$/)
    .optional(),
  ssh_private_key: z.string().startsWith("-----BEGIN OPENSSH PRIVATE KEY-----\n").optional(),
};

/** The handover as it has to come out of a file; the compiler keeps it equal to the type. */
const HANDOVER: z.ZodType<Handover> = z.object(FIELDS);

/** The names of the outputs that make a handover; others that a stack may have are nobody's business here. */
export const HANDOVER_FIELDS: readonly string[] = Object.keys(FIELDS);

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

  const wrong = parsed.error.issues.map(({ path, message }) => {
    const [field = ""] = path;
    return field in outputs ? `${path.join(".")}: ${message}` : `${String(field)} is missing`;
  });
  throw new UserError(
    `${source} is no handover of the stack: ${wrong.join("; ")}; it has ${Object.keys(outputs).join(", ") || "nothing"}. ` +
      "Has the stack been applied, by this version?",
  );
}

/** Names and values, from either of the two forms. */
function plainOutputs(parsed: unknown, source: string): Record<string, unknown> {
  if (!isRecord(parsed)) throw new UserError(`${source} must hold an object with the stack's outputs`);
  const entries = Object.entries(parsed);

  // terraform: { name: { value, type, sensitive } }
  if (entries.length > 0 && entries.every(([, output]) => isRecord(output) && "value" in output)) {
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
