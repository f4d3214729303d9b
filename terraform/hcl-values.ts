import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { z } from "zod";

import { UserError } from "../contract/user-error";
import { terraformProgram } from "./program";

/** Makes the error of what is wrong with a text, on a line of it where that is known. */
export type Failure = (what: string, line: string | undefined, cause: unknown) => UserError;

/** What parser and Terraform call the text, so that its places are found in messages whatever the source is called. */
const TEXT = "values.tfvars";

/**
 * The values that a text of tfvars says, by name, as Terraform takes them. Where there is more than plain values (`10 * 2`,
 * `[for …]`, `"${…}"`), Terraform itself evaluates it, or refuses it: functions and variables it does not take there.
 *
 * @param source what messages call the text
 * @param environment where Terraform is looked for, as `terraformProgram` does
 * @throws UserError that `failure` makes
 */
export async function hclValues(
  text: string,
  source: string,
  environment: NodeJS.ProcessEnv,
  failure: Failure,
): Promise<Record<string, unknown>> {
  // Half a second, and only for those who have such a file.
  const { parse } = await import("@cdktf/hcl2json");
  let values: Record<string, unknown>;
  try {
    values = (await parse(TEXT, text)) as Record<string, unknown>;
  } catch (cause) {
    const { line, what } = syntaxError((cause as Error).message);
    throw failure(what.replaceAll(`${TEXT}:`, `${source}:`), line, cause);
  }
  const expressions = Object.keys(values).filter((name) => hasExpression(values[name]));
  const evaluated = expressions.length === 0 ? {} : await evaluate(text, expressions, environment, failure);
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [
      name,
      Object.hasOwn(evaluated, name) ? evaluated[name] : unescaped(value),
    ]),
  );
}

/** The first of what the parser has found: `parse config: [FILE:3,14-14: Unterminated …; No closing … FILE:…]` */
function syntaxError(message: string): { readonly line?: string; readonly what: string } {
  const place = new RegExp(String.raw`${TEXT}:(\d+),\d+-(?:\d+,)?\d+: `);
  const [, line, found = message] = message.split(place);
  return { ...(line !== undefined && { line }), what: sentence(found.trim().replace(/\]$/, "")) };
}

/** As it stands in the middle of another one. */
function sentence(text: string): string {
  const what = text.replace(/\.$/, "");
  return what.charAt(0).toLowerCase() + what.slice(1);
}

/** Whether the parser has left something to evaluate: `${` or `%{`, in a value or a key, which no doubling escapes. */
function hasExpression(value: unknown): boolean {
  if (typeof value === "string") return /[$%]\{/.test(value.replace(/([$%])\1\{/g, ""));
  if (typeof value !== "object" || value === null) return false;
  return Array.isArray(value)
    ? value.some(hasExpression)
    : Object.entries(value).some((part) => hasExpression([...part]));
}

/** The parser leaves `$${` and `%%{` as they are written. */
function unescaped(value: unknown): unknown {
  if (typeof value === "string") return value.replace(/([$%])\1(?=\{)/g, "$1");
  if (Array.isArray(value)) return value.map(unescaped);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [unescaped(key) as string, unescaped(part)]));
}

const OUTPUTS = z.object({
  type: z.literal("outputs"),
  outputs: z.object({ values: z.object({ value: z.record(z.string(), z.unknown()) }) }),
});

const COMPLAINT = z.object({
  diagnostic: z.object({
    severity: z.literal("error"),
    summary: z.string(),
    detail: z.string().default(""),
    range: z.object({ filename: z.string(), start: z.object({ line: z.number() }) }).optional(),
  }),
});

/**
 * Asks Terraform for values of the text: in a folder of its own, by an apply of nothing but an output. That needs no `init`,
 * no provider and no state, and takes a twentieth of a second.
 */
async function evaluate(
  text: string,
  names: readonly string[],
  environment: NodeJS.ProcessEnv,
  failure: Failure,
): Promise<Record<string, unknown>> {
  let program: string;
  try {
    program = terraformProgram(environment);
  } catch (cause) {
    if (!(cause instanceof UserError)) throw cause;
    throw failure(`${names.join(", ")}: only Terraform can evaluate this, and ${cause.message}`, undefined, cause);
  }
  const folder = await mkdtemp(join(tmpdir(), "eks-values-"));
  try {
    const each = (of: (name: string) => unknown) => Object.fromEntries(names.map((name) => [name, of(name)]));
    const output = { values: { value: each((name) => `\${var.${name}}`) } };
    await writeFile(join(folder, "main.tf.json"), JSON.stringify({ variable: each(() => ({})), output }));
    await writeFile(join(folder, TEXT), text);
    const said = await linesOf(program, folder, environment);
    const [values] = said.flatMap((line) => OUTPUTS.safeParse(line).data ?? []);
    if (values !== undefined) return values.outputs.values.value;
    const complaints = said.flatMap((line) => COMPLAINT.safeParse(line).data ?? []).map(({ diagnostic }) => diagnostic);
    const complaint = complaints.find(({ range }) => range?.filename === TEXT) ?? complaints[0];
    if (complaint === undefined) {
      throw failure(`${names.join(", ")}: ${program} evaluated this to nothing, without a word`, undefined, undefined);
    }
    const line = complaint.range?.filename === TEXT ? String(complaint.range.start.line) : undefined;
    throw failure(sentence(`${complaint.summary}; ${complaint.detail}`), line, undefined);
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** What Terraform says, line by line; what is no JSON is left out. */
function linesOf(program: string, folder: string, environment: NodeJS.ProcessEnv): Promise<readonly unknown[]> {
  // What is set for another folder would add variables and arguments to this one.
  const others = Object.entries(environment).filter(([name]) => !name.startsWith("TF_"));
  const env = { ...Object.fromEntries(others), CHECKPOINT_DISABLE: "1" };
  const args = ["apply", "-json", "-auto-approve", "-input=false", "-lock=false", `-var-file=${TEXT}`];
  return new Promise((resolve) => {
    // A failure is in what it says.
    execFile(program, args, { cwd: folder, env, maxBuffer: Infinity }, (_, stdout) => {
      resolve(stdout.split("\n").flatMap((line) => (line.startsWith("{") ? [JSON.parse(line) as unknown] : [])));
    });
  });
}
