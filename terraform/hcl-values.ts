import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { z } from "zod";

import { jsonIn } from "../contract/json";
import { UserError, type UserExitCode } from "../contract/user-error";
import { DIAGNOSTIC } from "./events";
import { terraformProgram } from "./program";

/** Where a text of tfvars stands, for messages. */
export interface TextSource {
  /** Such as a file's name. */
  readonly name: string;
  /** Whether messages say the line. @default - no */
  readonly hasLines?: boolean;
  /** Of what is wrong with the text. @default 1 */
  readonly exitCode?: UserExitCode;
}

/** What parser and Terraform call the text, so that its places are found in messages whatever the source is called. */
const TEXT = "values.tfvars";

/**
 * The values that a text of tfvars says, by name, as Terraform takes them. Where there is more than plain values
 * (`10 * 2`, `[for …]`, `"${…}"`), Terraform itself evaluates it, or refuses it: functions and variables it does not
 * take there.
 *
 * @param environment where Terraform is looked for, as `terraformProgram` does
 * @throws UserError with the first thing that is wrong
 */
export async function hclValues(
  text: string,
  source: TextSource,
  environment: NodeJS.ProcessEnv,
): Promise<Record<string, unknown>> {
  // Half a second, and only for those who have such a file.
  const { parse } = await import("@cdktf/hcl2json");
  let values: Record<string, unknown>;
  try {
    values = (await parse(TEXT, text)) as Record<string, unknown>;
  } catch (cause) {
    // parse config: [FILE:3,14-14: Unterminated …; No closing … FILE:…]
    const { message } = cause as Error;
    const [, line, found = message] = message.split(new RegExp(String.raw`${TEXT}:(\d+),\d+-(?:\d+,)?\d+: `));
    throw wrong(source, found.trim().replace(/\]$/, "").replaceAll(`${TEXT}:`, `${source.name}:`), line);
  }
  const expressions = Object.keys(values).filter((name) => hasExpression(values[name]));
  const evaluated = expressions.length === 0 ? {} : await evaluate(text, expressions, source, environment);
  const plain = Object.entries(values).map(([name, value]) => [name, unescaped(value)]);
  return { ...(Object.fromEntries(plain) as Record<string, unknown>), ...evaluated };
}

function wrong({ name, hasLines = false, exitCode = 1 }: TextSource, what: string, line?: string | number): UserError {
  const sentence = what.charAt(0).toLowerCase() + what.slice(1).replace(/\.$/, "");
  return new UserError(`${name}${hasLines && line !== undefined ? `:${String(line)}` : ""}: ${sentence}`, { exitCode });
}

/** Whether the parser has left something to evaluate: `${` or `%{`, in a value or a key, which no doubling escapes. */
function hasExpression(value: unknown): boolean {
  if (typeof value === "string") return /[$%]\{/.test(value.replace(/([$%])\1\{/g, ""));
  if (typeof value !== "object" || value === null) return false;
  return Array.isArray(value)
    ? value.some(hasExpression)
    : Object.entries(value).some((part) => hasExpression([...part]));
}

/** The parser leaves `$${` and `%%{` as they are written; and `-0`, of which Terraform knows nothing. */
function unescaped(value: unknown): unknown {
  if (Object.is(value, -0)) return 0;
  if (typeof value === "string") return value.replace(/([$%])\1(?=\{)/g, "$1");
  if (Array.isArray(value)) return value.map(unescaped);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [unescaped(key) as string, unescaped(part)]));
}

const OUTPUTS = z.object({
  type: z.literal("outputs"),
  outputs: z.object({ values: z.object({ value: z.record(z.string(), z.unknown()) }) }),
});

/**
 * Asks Terraform for values of the text: in a folder of its own, by an apply of nothing but an output. That needs no
 * `init`, no provider and no state, and takes a twentieth of a second.
 */
async function evaluate(
  text: string,
  names: readonly string[],
  source: TextSource,
  environment: NodeJS.ProcessEnv,
): Promise<Record<string, unknown>> {
  let program: string;
  try {
    program = terraformProgram(environment);
  } catch (error) {
    throw wrong(source, `${names.join(", ")}: only Terraform can evaluate this, and ${(error as UserError).message}`);
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
    const errors = said
      .flatMap((line) => DIAGNOSTIC.safeParse(line).data?.diagnostic ?? [])
      .filter(({ severity }) => severity === "error");
    const ofText = errors.find(({ range }) => range?.filename === TEXT);
    const [error = { summary: `${program} evaluated ${names.join(", ")} to nothing`, detail: "it does not say why" }] =
      ofText === undefined ? errors : [ofText];
    throw wrong(source, `${error.summary}; ${error.detail}`, ofText?.range?.start.line);
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** What Terraform says, line by line; what is no JSON is undefined. */
function linesOf(program: string, folder: string, environment: NodeJS.ProcessEnv): Promise<readonly unknown[]> {
  // What is set for another folder would add variables and arguments to this one.
  const others = Object.entries(environment).filter(([name]) => !name.startsWith("TF_"));
  const env = { ...Object.fromEntries(others), CHECKPOINT_DISABLE: "1" };
  const args = ["apply", "-json", "-auto-approve", "-input=false", "-lock=false", `-var-file=${TEXT}`];
  return new Promise((resolve) => {
    // A failure is in what it says.
    execFile(program, args, { cwd: folder, env, maxBuffer: Infinity }, (_, stdout) => {
      resolve(stdout.split("\n").map(jsonIn));
    });
  });
}
