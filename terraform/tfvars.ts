import { readdir, readFile, stat } from "node:fs/promises";
import { BlockList, isIPv4, isIPv6 } from "node:net";
import { join, resolve } from "node:path";

import { z } from "zod";

import { nearest } from "../contract/nearest";
import { foreignTfvars, OUTDIR } from "./stack-folder";
import { fileReason, UserError, type UserExitCode } from "../contract/user-error";
import { hclValues } from "./hcl-values";
import { unknownAttributes, valueType, type UnknownAttribute } from "./type-expression";

/** A variable that the stack declares. */
export interface DeclaredVariable {
  /** Terraform's words for it: `string`, `list(string)`. */
  readonly type: string;
  /** Whether null is a value of its own; if not, null is as good as nothing. */
  readonly nullable: boolean;
  /** Undefined when it has none, and somebody has to give a value. */
  readonly default?: { readonly value: unknown };
}

/** What the command line gives, in its order. */
export type VariableArgument =
  /** `-var-file FILE` */
  | { readonly varFile: string }
  /** `-var NAME=VALUE` */
  | { readonly variable: string };

/** Where values come from. */
export interface VariableSources {
  /** Whose `terraform.tfvars` and `*.auto.tfvars` are read without being asked for. */
  readonly folder: string;
  /** Holds `TF_VAR_NAME`s, and says which Terraform evaluates what is more than a plain value. */
  readonly environment: NodeJS.ProcessEnv;
  readonly arguments: readonly VariableArgument[];
}

/** A value, and who said it: a file, `-var`, `TF_VAR_NAME` or `default`. */
export interface GivenValue {
  readonly value: unknown;
  readonly from: string;
}

/** The values of a stack's variables. */
export interface TfvarsValues {
  /** By name; none for a variable that has no value. */
  readonly values: ReadonlyMap<string, GivenValue>;
  /** Variables that have neither a value nor a default. */
  readonly missing: readonly string[];
  /** Things that are odd and yet no error, one line each. */
  readonly notes: readonly string[];
  /**
   * What gives Terraform the same values from any folder: `-var-file=/…/terraform.tfvars`, …. What stands in the
   * environment is not among it.
   */
  readonly terraformArguments: readonly string[];
}

const DEFAULT = "default";
const ENVIRONMENT_PREFIX = "TF_VAR_";

const SYNTHESIZED = z.object({
  variable: z.record(
    z.string(),
    z.object({ type: z.string().default("any"), nullable: z.boolean().default(true), default: z.unknown().optional() }),
  ),
});

/**
 * The variables that a synthesized stack declares, by name.
 *
 * @param json the text of `cdk.tf.json`
 * @param source where it comes from, for messages
 * @throws UserError when it is no such text
 */
export function declaredVariables(json: string, source: string): Map<string, DeclaredVariable> {
  let document: unknown;
  try {
    document = JSON.parse(json);
  } catch (cause) {
    throw new UserError(`${source} is not JSON: ${(cause as Error).message}; write it anew with npm run synth`, {
      cause,
    });
  }
  const parsed = SYNTHESIZED.safeParse(document);
  if (!parsed.success) {
    throw new UserError(`${source} declares no variables: is it a synthesized stack? npm run synth writes one`);
  }
  return new Map(
    Object.entries(parsed.data.variable).map(([name, declared]) => {
      const { type, nullable } = declared;
      return [name, { type, nullable, ...("default" in declared && { default: { value: declared.default } }) }];
    }),
  );
}

/**
 * Reads every tfvars file that Terraform would read, in Terraform's order, where what comes later wins: the environment,
 * terraform.tfvars, terraform.tfvars.json, `*.auto.tfvars` and `*.auto.tfvars.json` by name, and the command line.
 *
 * Terraform only warns of a name in a file that no variable has, and goes on without the value; of an attribute that an
 * object's type has not it does not even warn. Here both are errors. Whether a value has the right type is Terraform's to
 * say.
 *
 * @see https://developer.hashicorp.com/terraform/language/values/variables#variable-definition-precedence
 * @throws UserError for a file that cannot be read or understood, for names that no variable or no object has, and where
 *   Terraform would take values from files that are only where it runs
 */
export async function readTfvars(
  { folder, environment, arguments: given }: VariableSources,
  declared: ReadonlyMap<string, DeclaredVariable>,
): Promise<TfvarsValues> {
  refuseHiddenFiles(folder);
  const automatic = (await automaticFiles(folder)).map((varFile): VariableArgument => ({ varFile }));
  const values = new Map<string, GivenValue>();
  for (const [name, { default: otherwise }] of declared) {
    if (otherwise !== undefined) values.set(name, { value: otherwise.value, from: DEFAULT });
  }
  const set = (name: string, value: unknown, from: string) => {
    // Terraform takes null as if nothing had been said, where null is no value; what was said before is gone all the same.
    const { nullable, default: otherwise } = declared.get(name) ?? { nullable: true };
    if (value !== null || nullable) values.set(name, { value, from });
    else if (otherwise === undefined) values.delete(name);
    else values.set(name, { value: otherwise.value, from: DEFAULT });
  };

  const notes: string[] = [];
  for (const [key, text] of Object.entries(environment)) {
    if (!key.startsWith(ENVIRONMENT_PREFIX) || text === undefined) continue;
    const name = key.slice(ENVIRONMENT_PREFIX.length);
    const type = declared.get(name)?.type;
    if (type !== undefined) set(name, checked(await typed(text, type, environment, key, 1), name, type, key, 1), key);
    else notes.push(...misspeltInEnvironment(key, name, declared));
  }

  const terraformArguments: string[] = [];
  for (const argument of [...automatic, ...given]) {
    if ("varFile" in argument) {
      const file = argument.varFile;
      for (const [name, value] of Object.entries(await valuesOfFile(file, declared, environment)))
        set(name, value, file);
      terraformArguments.push(`-var-file=${resolve(file)}`);
    } else {
      const { name, text, type } = assignment(argument.variable, declared);
      set(name, checked(await typed(text, type, environment, `-var ${name}`, 64), name, type, "-var", 64), "-var");
      terraformArguments.push(`-var=${argument.variable}`);
    }
  }
  return { values, missing: [...declared.keys()].filter((name) => !values.has(name)), notes, terraformArguments };
}

/** @throws UserError for tfvars in the stack's folder that nobody but Terraform would read */
function refuseHiddenFiles(folder: string): void {
  const [file] = foreignTfvars(join(folder, OUTDIR));
  if (file === undefined) return;
  throw new UserError(
    `${file} was put there by hand, and only Terraform would read it: move it into the project's folder, beside ${OUTDIR}, or delete it`,
  );
}

/** Private, shared, local, multicast and reserved: no router on the internet passes them on. */
const NOT_ON_THE_INTERNET = new BlockList();
for (const [network, prefix] of [
  ["0.0.0.0", 8],
  ["10.0.0.0", 8],
  ["100.64.0.0", 10],
  ["127.0.0.0", 8],
  ["169.254.0.0", 16],
  ["172.16.0.0", 12],
  ["192.0.0.0", 24],
  ["192.168.0.0", 16],
  ["198.18.0.0", 15],
  ["224.0.0.0", 3],
] as const) {
  NOT_ON_THE_INTERNET.addSubnet(network, prefix, "ipv4");
}

/**
 * The `-var` that lets this machine reach the bastion, and what to say about it; undefined when somebody has said who
 * may (nobody, with an empty list).
 *
 * @param address this machine's, as the internet sees it
 * @throws UserError when it is none that the bastion could see
 * @see https://www.iana.org/assignments/iana-ipv4-special-registry/iana-ipv4-special-registry.xhtml
 */
export function withOwnAddress(
  values: ReadonlyMap<string, GivenValue>,
  address: string,
): { readonly argument: VariableArgument; readonly said: string } | undefined {
  if ((values.get("kubectl_ssh_cidrs")?.from ?? DEFAULT) !== DEFAULT) return undefined;

  const text = address.trim();
  const shown = JSON.stringify(text.length <= 60 ? text : `${text.slice(0, 59)}…`);
  const instead = 'say who may reach the bastion in your tfvars, such as kubectl_ssh_cidrs = ["203.0.113.7/32"]';
  if (isIPv6(text)) {
    throw new UserError(`this machine's address is an IPv6 one, ${shown}, and the VPC has none; ${instead}`);
  }
  if (!isIPv4(text)) throw new UserError(`this machine's address must be an IPv4 address, got ${shown}; ${instead}`);
  if (NOT_ON_THE_INTERNET.check(text)) {
    throw new UserError(`this machine's address must be one on the internet, got the private ${shown}; ${instead}`);
  }
  return {
    argument: { variable: `kubectl_ssh_cidrs=["${text}/32"]` },
    said: `kubectl_ssh_cidrs is not given: this machine alone may reach the bastion, ${text}/32`,
  };
}

/** As Terraform finds and orders them. */
async function automaticFiles(folder: string): Promise<string[]> {
  let names: string[];
  try {
    names = await readdir(folder);
  } catch (cause) {
    throw new UserError(`${folder} cannot be searched for tfvars files: ${reason(cause)}`, { cause });
  }
  const fixed = ["terraform.tfvars", "terraform.tfvars.json"].filter((name) => names.includes(name));
  const automatic = names.filter((name) => /\.auto\.tfvars(\.json)?$/.test(name)).sort();
  return [...fixed, ...automatic].map((name) => join(folder, name));
}

/** What a file says, by name; every name is one of a variable. */
async function valuesOfFile(
  file: string,
  declared: ReadonlyMap<string, DeclaredVariable>,
  environment: NodeJS.ProcessEnv,
): Promise<Record<string, unknown>> {
  const text = await textOf(file);
  const values = file.endsWith(".json") ? valuesOfJson(text, file) : await valuesOfHclFile(text, file, environment);
  const unknown = Object.entries(values).flatMap(([name, value]) => {
    const line = lineOf(text, name);
    const type = declared.get(name)?.type;
    return type === undefined
      ? [{ line, said: noSuchVariable(name, declared) }]
      : strangers(name, type, value).map((it) => ({
          line: lineOf(text, it.name, line) ?? line,
          said: noSuchAttribute(it),
        }));
  });
  if (unknown.length === 0) return values;
  const lines = unknown
    .sort((a, b) => (a.line ?? 0) - (b.line ?? 0))
    .map(({ line, said }) => `${file}${line === undefined ? "" : `:${String(line)}`}: ${said}`);
  throw new UserError(lines.join("\n"));
}

/** The attributes of a variable's value that its type has not. */
function strangers(variable: string, type: string, value: unknown): UnknownAttribute[] {
  const parsed = valueType(type);
  return parsed === undefined ? [] : unknownAttributes(parsed, value, [variable]);
}

/** A value whose attributes are all of its type. */
function checked(value: unknown, name: string, type: string, source: string, exitCode: UserExitCode): unknown {
  const unknown = strangers(name, type, value);
  if (unknown.length === 0) return value;
  throw new UserError(unknown.map((it) => `${source}: ${noSuchAttribute(it)}`).join("\n"), { exitCode });
}

async function textOf(file: string): Promise<string> {
  if (file === "")
    throw new UserError("-var-file needs the name of a file, such as -var-file local.tfvars", { exitCode: 64 });
  try {
    if ((await stat(file)).isDirectory()) {
      throw new UserError(`${file} is a folder, and -var-file wants one of the files in it`);
    }
    return await readFile(file, "utf8");
  } catch (cause) {
    if (cause instanceof UserError) throw cause;
    throw new UserError(`${file} cannot be read: ${reason(cause)}`, { cause });
  }
}

function reason(cause: unknown): string {
  const { code, message } = cause as NodeJS.ErrnoException;
  return code === "ENOENT"
    ? "there is no such file; ls *.tfvars lists those that there are"
    : (fileReason(cause) ?? message);
}

function valuesOfJson(text: string, file: string): Record<string, unknown> {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (cause) {
    const { message } = cause as Error;
    const position = Number(/ at position (\d+)/.exec(message)?.[1] ?? text.length);
    const line = text.slice(0, position).split("\n").length;
    throw new UserError(`${file}:${String(line)}: it is not JSON: ${message}`, { cause });
  }
  if (typeof document !== "object" || document === null || Array.isArray(document)) {
    throw new UserError(
      `${file} must hold an object of variables and their values, such as {"project_name": "team-a"}`,
    );
  }
  // A comment, to Terraform.
  return Object.fromEntries(Object.entries(document).filter(([name]) => name !== "//"));
}

function valuesOfHclFile(text: string, file: string, environment: NodeJS.ProcessEnv): Promise<Record<string, unknown>> {
  return hclValues(
    text,
    file,
    environment,
    (what, line, cause) => new UserError(`${file}${line === undefined ? "" : `:${line}`}: ${what}`, { cause }),
  );
}

/**
 * The line, from 1, that says a value for the name, as far as that can be seen.
 *
 * @param first where to begin, for what stands inside something else. @default - the name stands on its own
 */
function lineOf(text: string, name: string, first?: number): number | undefined {
  const lines = text.split("\n").map((line) => line.replace(/(^|\s)(#|\/\/).*/, ""));
  const says = String.raw`"?${escaped(name)}"?\s*[=:{]`;
  const find = (before: string) => {
    const pattern = new RegExp(`${before}${says}`);
    const index = lines.findIndex((line, i) => i + 1 >= (first ?? 1) && pattern.test(line));
    return index === -1 ? undefined : index + 1;
  };
  return first === undefined ? (find("^") ?? find(String.raw`^[\s{,]*`)) : find(String.raw`(?:^|[\s{,[])`);
}

/** Text as a regular expression that matches it and nothing else. */
function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
}

function noSuchVariable(name: string, declared: ReadonlyMap<string, DeclaredVariable>): string {
  const near = nearest(name, [...declared.keys()]);
  const hint = near === undefined ? `there are ${[...declared.keys()].join(", ")}` : `did you mean ${near}?`;
  return `there is no variable ${name}: ${hint}`;
}

function noSuchAttribute({ path, name, names }: UnknownAttribute): string {
  const near = nearest(name, names);
  return `${path} has no attribute ${name}: ${near === undefined ? `there are ${names.join(", ")}` : `did you mean ${near}?`}`;
}

/** Terraform ignores without a word what it does not know there; so would we, if it were not so like one that it does. */
function misspeltInEnvironment(
  key: string,
  name: string,
  declared: ReadonlyMap<string, DeclaredVariable>,
): readonly string[] {
  const near = nearest(name, [...declared.keys()]);
  return near === undefined ? [] : [`${key} is ignored, as there is no variable ${name}: did you mean ${near}?`];
}

function assignment(
  text: string,
  declared: ReadonlyMap<string, DeclaredVariable>,
): { readonly name: string; readonly text: string; readonly type: string } {
  const equals = text.indexOf("=");
  const name = text.slice(0, Math.max(0, equals));
  if (name === "" || name !== name.trim()) {
    throw new UserError(
      `-var must be NAME=VALUE, without a space before "=", such as -var 'project_name=team-a', got ${JSON.stringify(text)}`,
      { exitCode: 64 },
    );
  }
  const type = declared.get(name)?.type;
  if (type === undefined) throw new UserError(`-var: ${noSuchVariable(name, declared)}`, { exitCode: 64 });
  return { name, text: text.slice(equals + 1), type };
}

/** A value outside files: the text itself for a string, what the text says for everything else. */
async function typed(
  text: string,
  type: string,
  environment: NodeJS.ProcessEnv,
  source: string,
  exitCode: UserExitCode,
): Promise<unknown> {
  switch (type) {
    case "string":
      return text;
    case "number":
      return text.trim() !== "" && Number.isFinite(Number(text)) ? Number(text) : text;
    case "bool":
      return text === "true" || text === "false" ? text === "true" : text;
    default: {
      const failure = (what: string, _: unknown, cause: unknown) =>
        new UserError(`${source}: ${what}`, { exitCode, cause });
      return (await hclValues(`value = ${text}\n`, source, environment, failure))["value"];
    }
  }
}
