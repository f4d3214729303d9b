import { existsSync } from "node:fs";
import { readdir, readFile, stat } from "node:fs/promises";
import { isIPv4, isIPv6 } from "node:net";
import { join, resolve } from "node:path";

import { isNullable, type Description, type Fields } from "../contract/inputs/description";
import { readInput, unknownFields } from "../contract/inputs/read";
import { hint, nearest } from "../contract/nearest";
import { foreignTfvars, OUTDIR } from "./stack-folder";
import { fileReason, UserError } from "../contract/user-error";
import { isInside } from "../facts/cidr";
import { hclValues, type TextSource } from "./hcl-values";

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
  /** Things that are odd and yet no error, one line each. */
  readonly notes: readonly string[];
  /**
   * What gives Terraform the same values from any folder: `-var-file=/…/terraform.tfvars`, …. What stands in the
   * environment is not among it.
   */
  readonly terraformArguments: readonly string[];
}

const DEFAULT = "default";

/** Where people write what is their own, and no repository has: README.md calls it so. */
export const LOCAL_TFVARS = "local.tfvars";

/**
 * Reads every tfvars file that Terraform would read, in Terraform's order, where what comes later wins: the
 * environment, terraform.tfvars, terraform.tfvars.json, `*.auto.tfvars` and `*.auto.tfvars.json` by name, and the
 * command line. Where that names no file, `local.tfvars` counts as if it did.
 *
 * Terraform only warns of a name in a file that no variable has, and goes on without the value; of an attribute that an
 * object's type has not it does not even warn. Here both are errors. What a value has to be by itself is judged here
 * in the words in which Terraform would judge it; how values go together is Terraform's to say.
 *
 * @param inputs that the stack takes
 * @see https://developer.hashicorp.com/terraform/language/values/variables#variable-definition-precedence
 * @throws UserError for a file that cannot be read or understood, for names that no variable or no object has, for
 *   wrong values, and where Terraform would take values from files that are only where it runs
 */
export async function readTfvars(
  { folder, environment, arguments: given }: VariableSources,
  inputs: Fields,
): Promise<TfvarsValues> {
  refuseHiddenFiles(folder);
  const automatic = (await automaticFiles(folder)).map((varFile): VariableArgument => ({ varFile }));
  const said = new Map<string, GivenValue>();

  const notes: string[] = [];
  const local = join(folder, LOCAL_TFVARS);
  if (!given.some((argument) => "varFile" in argument) && existsSync(local)) {
    automatic.push({ varFile: local });
    notes.push(`${LOCAL_TFVARS} is read, as with -var-file ${LOCAL_TFVARS}`);
  }
  for (const [from, text] of Object.entries(environment)) {
    const [, name] = /^TF_VAR_(.*)$/s.exec(from) ?? [];
    if (name === undefined || text === undefined) continue;
    if (inputs[name] !== undefined) {
      said.set(name, { value: await typed(text, name, inputs[name], environment, { name: from }), from });
      continue;
    }
    // Terraform ignores without a word what it does not know there; so do we, unless it is like one that there is.
    const near = nearest(name, Object.keys(inputs));
    if (near !== undefined) notes.push(`${from} is ignored, as there is no variable ${name}: did you mean ${near}?`);
  }

  for (const argument of [...automatic, ...given]) {
    if ("varFile" in argument) {
      const from = argument.varFile;
      const values = await valuesOfFile(from, inputs, environment);
      for (const [name, value] of Object.entries(values)) said.set(name, { value, from });
    } else {
      const { name, text, input } = assignment(argument.variable, inputs);
      const value = await typed(text, name, input, environment, { name: `-var ${name}`, exitCode: 64 });
      said.set(name, { value, from: "-var" });
    }
  }
  const terraformArguments = [...automatic, ...given].map((argument) =>
    "varFile" in argument ? `-var-file=${resolve(argument.varFile)}` : `-var=${argument.variable}`,
  );
  return { values: judged(said, inputs), notes, terraformArguments };
}

/** The values alone, by name. */
export function valuesByName(values: TfvarsValues["values"]): Record<string, unknown> {
  return Object.fromEntries([...values].map(([name, { value }]) => [name, value]));
}

/** What counts in the end, of every input. @throws UserError for wrong values */
function judged(said: ReadonlyMap<string, GivenValue>, inputs: Fields): ReadonlyMap<string, GivenValue> {
  const wrong: string[] = [];
  const values = Object.entries(inputs).map(([name, input]): [string, GivenValue] => {
    const given = said.get(name);
    // Terraform takes null as if nothing had been said, where null is no value.
    if (given === undefined || (given.value === null && !isNullable(input))) {
      return [name, { value: input.default, from: DEFAULT }];
    }
    const { value, problems } = readInput(name, input, given.value);
    wrong.push(...problems.map((problem) => `${given.from}: ${problem}`));
    return [name, { value, from: given.from }];
  });
  if (wrong.length > 0) throw new UserError(wrong.join("\n"));
  return new Map(values);
}

/** @throws UserError for tfvars in the stack's folder that nobody but Terraform would read */
function refuseHiddenFiles(folder: string): void {
  const [file] = foreignTfvars(join(folder, OUTDIR));
  if (file === undefined) return;
  throw new UserError(
    `${file} was put there by hand, and only Terraform would read it: move it into the project's folder, beside ` +
      `${OUTDIR}, or delete it`,
  );
}

/**
 * Private, shared, local, multicast and reserved: no router on the internet passes them on.
 *
 * @see https://www.iana.org/assignments/iana-ipv4-special-registry/iana-ipv4-special-registry.xhtml
 */
const NOT_ON_THE_INTERNET = [
  "0.0.0.0/8",
  "10.0.0.0/8",
  "100.64.0.0/10",
  "127.0.0.0/8",
  "169.254.0.0/16",
  "172.16.0.0/12",
  "192.0.0.0/24",
  "192.168.0.0/16",
  "198.18.0.0/15",
  "224.0.0.0/3",
];

/**
 * The `-var` that lets this machine reach the bastion, and what to say about it; undefined when somebody has said who
 * may (nobody, with an empty list).
 *
 * @param address this machine's, as the internet sees it
 * @throws UserError when it is none that the bastion could see
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
  if (NOT_ON_THE_INTERNET.some((range) => isInside(text, range))) {
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
  inputs: Fields,
  environment: NodeJS.ProcessEnv,
): Promise<Record<string, unknown>> {
  const text = await textOf(file);
  const values = file.endsWith(".json")
    ? valuesOfJson(text, file)
    : await hclValues(text, { name: file, hasLines: true }, environment);
  const unknown = Object.entries(values).flatMap(([name, value]) => {
    const line = lineOf(text, name);
    const input = inputs[name];
    return input === undefined
      ? [{ line, said: noSuchVariable(name, inputs) }]
      : unknownFields(input, value, name).map((it) => ({ line: lineOf(text, it.name, line) ?? line, said: it.said }));
  });
  if (unknown.length === 0) return values;
  const lines = unknown
    .sort((a, b) => (a.line ?? 0) - (b.line ?? 0))
    .map(({ line, said }) => `${file}${line === undefined ? "" : `:${String(line)}`}: ${said}`);
  throw new UserError(lines.join("\n"));
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

/**
 * The line, from 1, that says a value for the name, as far as that can be seen.
 *
 * @param first where to begin, for what stands inside something else. @default - the name stands on its own
 */
function lineOf(text: string, name: string, first?: number): number | undefined {
  const lines = text.split("\n").map((line) => line.replace(/(^|\s)(#|\/\/).*/, ""));
  const escaped = name.replace(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
  const find = (before: string, from: number) => {
    const pattern = new RegExp(String.raw`${before}"?${escaped}"?\s*[=:{]`);
    const index = lines.findIndex((line, i) => i >= from && pattern.test(line));
    return index === -1 ? undefined : index + 1;
  };
  return first === undefined
    ? (find("^", 0) ?? find(String.raw`^[\s{,]*`, 0))
    : find(String.raw`(?:^|[\s{,[])`, first - 1);
}

function noSuchVariable(name: string, inputs: Fields): string {
  return `there is no variable ${name}: ${hint(name, Object.keys(inputs))}`;
}

function assignment(
  text: string,
  inputs: Fields,
): { readonly name: string; readonly text: string; readonly input: Description } {
  const equals = text.indexOf("=");
  const name = text.slice(0, Math.max(0, equals));
  if (name === "" || name !== name.trim()) {
    throw new UserError(
      "-var must be NAME=VALUE, without a space before \"=\", such as -var 'project_name=team-a', got " +
        JSON.stringify(text),
      { exitCode: 64 },
    );
  }
  const input = inputs[name];
  if (input === undefined) throw new UserError(`-var: ${noSuchVariable(name, inputs)}`, { exitCode: 64 });
  return { name, text: text.slice(equals + 1), input };
}

/** A value outside files: the text itself for a text, a number or a flag, what the text says for everything else. */
async function typed(
  text: string,
  name: string,
  input: Description,
  environment: NodeJS.ProcessEnv,
  source: TextSource,
): Promise<unknown> {
  if (["text", "number", "flag"].includes(input.kind)) return text;
  const { value } = await hclValues(`value = ${text}\n`, source, environment);
  const unknown = unknownFields(input, value, name);
  if (unknown.length === 0) return value;
  throw new UserError(unknown.map(({ said }) => `${source.name}: ${said}`).join("\n"), source);
}
