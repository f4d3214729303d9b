import { execFile, type ExecFileException } from "node:child_process";
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { promisify, stripVTControlCharacters } from "node:util";

import { UserError } from "../contract/user-error";
import type { Handover } from "../contract/handover";
import { asHandover, HANDOVER_FIELDS, readHandover } from "../contract/outputs";
import { productOf, terraformCommand, terraformProgram, typedName } from "../terraform/program";
import { cloudHost, readCloudOutputs, type CloudAccess, type CloudWorkspace } from "../terraform/cloud";

/** Where handovers come from. */
export type HandoverSource =
  /** Files with outputs, folders of them, or `-` for standard input. */
  | { readonly kind: "outputs"; readonly paths: readonly string[] }
  /** The folder of a stack that Terraform is asked about. */
  | { readonly kind: "stack-dir"; readonly folder: string }
  | ({ readonly kind: "terraform-cloud" } & CloudWorkspace);

/** The options of the command line that say where handovers come from. */
export interface SourceOptions {
  readonly outputs?: readonly string[] | undefined;
  readonly "stack-dir"?: string | undefined;
  /** ORGANIZATION/WORKSPACE */
  readonly "terraform-cloud"?: string | undefined;
}

/** A handover, and where it comes from, for people. */
export interface NamedHandover {
  readonly handover: Handover;
  readonly source: string;
}

/** What is around the program: its own when left out. */
export interface Surroundings extends Omit<CloudAccess, "environment"> {
  readonly environment?: NodeJS.ProcessEnv;
  readonly stdin?: NodeJS.ReadableStream & { readonly isTTY?: boolean };
  /** Ends Terraform, which is asked about a stack. */
  readonly signal?: AbortSignal | undefined;
}

/** Where cdktf puts the stack called `eks`, seen from the project's folder. */
export const DEFAULT_STACK_DIR = join("cdktf.out", "stacks", "eks");

/** Lines of Terraform's error that a message repeats. */
const ERROR_LINES = 8;

/**
 * What the options mean: one source, by default the stack in `cdktf.out`.
 *
 * @throws UserError when they name several sources, or one that cannot be
 */
export function handoverSource(options: SourceOptions): HandoverSource {
  const given = (["outputs", "stack-dir", "terraform-cloud"] as const).filter((name) => options[name] !== undefined);
  if (given.length > 1) {
    const names = given.map((name) => `--${name}`).join(" and ");
    throw new UserError(`the outputs can come from one place only, got ${names}; leave out all but one`);
  }
  const { outputs, "stack-dir": folder = DEFAULT_STACK_DIR, "terraform-cloud": cloud } = options;
  if (outputs !== undefined) return { kind: "outputs", paths: outputs };
  if (cloud === undefined) return { kind: "stack-dir", folder };
  const [, organization, workspace] = /^([\w-]+)\/([\w-]+)$/.exec(cloud) ?? [];
  if (organization !== undefined && workspace !== undefined)
    return { kind: "terraform-cloud", organization, workspace };
  throw new UserError(
    "--terraform-cloud must be ORGANIZATION/WORKSPACE (letters, digits, _ and -), such as acme/eks-prod, " +
      `got ${JSON.stringify(cloud)}`,
  );
}

/**
 * Reads the handovers of a source: one of each file, or the one of a stack or workspace.
 *
 * @throws UserError when one cannot be read, or two are of the same cluster or bastion
 */
export async function readHandovers(
  source: HandoverSource,
  { environment = process.env, stdin = process.stdin, signal, ...access }: Surroundings = {},
): Promise<readonly NamedHandover[]> {
  switch (source.kind) {
    case "outputs":
      return fromFiles(source.paths, stdin);
    case "stack-dir":
      return [await fromStack(source.folder, environment, signal)];
    case "terraform-cloud": {
      const name = `workspace ${source.organization}/${source.workspace} on ${cloudHost(environment)}`;
      const outputs = await readCloudOutputs(source, HANDOVER_FIELDS, { environment, ...access });
      return [{ handover: asHandover(outputs, name), source: name }];
    }
  }
}

type Stdin = NonNullable<Surroundings["stdin"]>;

async function fromFiles(paths: readonly string[], stdin: Stdin): Promise<readonly NamedHandover[]> {
  const files = (await Promise.all(paths.map(filesAt))).flat();
  const again = files.find((file, i) => files.indexOf(file) < i);
  if (again !== undefined) throw new UserError(`--outputs ${again} is given twice`);

  const read = await Promise.allSettled(files.map((file) => fromFile(file, stdin)));
  const failures = read.flatMap((result) => (result.status === "rejected" ? [result.reason as Error] : []));
  const unexpected = failures.find((failure) => !(failure instanceof UserError));
  if (unexpected !== undefined) throw unexpected;
  // All at once: with thirty files one does not want to learn of them one by one.
  if (failures.length > 0) throw new UserError(failures.map(({ message }) => message).join("\n"));
  const handovers = read.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
  refuseTwice(handovers);
  return handovers;
}

/** The files that a path means. */
async function filesAt(path: string): Promise<readonly string[]> {
  if (path === "-") return [path];
  const missing =
    `there is no file or folder ${path}; \`${terraformCommand()} output -json > FILE\` and ` +
    "`cdktf deploy --outputs-file FILE` make a file";
  if (!(await isFolder(path, missing))) return [path];
  const entries = await explained(path, () => readdir(path, { withFileTypes: true }));
  const files = entries.filter((entry) => entry.name.endsWith(".json") && !entry.isDirectory());
  if (files.length === 0) {
    throw new UserError(
      `the folder ${path} has no *.json in it; it has to hold what \`${terraformCommand()} output -json\` prints, ` +
        "one file for each cluster",
    );
  }
  return files.map(({ name }) => join(path, name)).sort();
}

async function fromFile(file: string, stdin: Stdin): Promise<NamedHandover> {
  const source = file === "-" ? "standard input" : file;
  const bytes = file === "-" ? await readAll(stdin) : await explained(file, () => readFile(file));
  return { handover: readHandover(decoded(bytes), source), source };
}

async function isFolder(path: string, missing: string): Promise<boolean> {
  return explained(path, async () => (await stat(path)).isDirectory(), missing);
}

/** Reads, and puts into words why it cannot be read. */
async function explained<T>(path: string, read: () => Promise<T>, missing?: string): Promise<T> {
  try {
    return await read();
  } catch (cause) {
    const { code = "" } = cause as NodeJS.ErrnoException;
    throw new UserError((code === "ENOENT" ? missing : undefined) ?? `${path} cannot be read (${code})`, { cause });
  }
}

function readAll(stdin: Stdin): Promise<Buffer> {
  if (stdin.isTTY !== true) return buffer(stdin);
  throw new UserError(
    "--outputs - reads standard input, which is a terminal here; pipe into it: " +
      `${terraformCommand()} output -json | …`,
  );
}

/** UTF-8, or what Windows PowerShell's `>` writes: UTF-16 with a byte order mark. */
function decoded(bytes: Buffer): string {
  const isUtf16 = bytes[0] === 0xff && bytes[1] === 0xfe;
  return new TextDecoder(isUtf16 ? "utf-16le" : "utf-8").decode(bytes);
}

/** Two bootstraps of one host at the same time would be in each other's way. */
function refuseTwice(handovers: readonly NamedHandover[]): void {
  const seen = new Map<string, string>();
  for (const { handover, source } of handovers) {
    const { region, cluster_name, bastion_instance_id, node_role_arn } = handover;
    // Two accounts may each have a cluster of that name.
    const [, , , , account = ""] = node_role_arn.split(":");
    const names = [
      `cluster ${cluster_name} (${region}, account ${account})`,
      `bastion ${bastion_instance_id} (${region})`,
    ];
    for (const name of names) {
      const other = seen.get(name);
      if (other !== undefined) {
        throw new UserError(`${other} and ${source} are both of the ${name}; leave out one of them`);
      }
      seen.set(name, source);
    }
  }
}

async function fromStack(
  folder: string,
  environment: NodeJS.ProcessEnv,
  signal: AbortSignal | undefined,
): Promise<NamedHandover> {
  const missing =
    `there is no folder ${folder}: has the stack been synthesized and applied here? Run \`eks up\` or ` +
    "`cdktf deploy`, or say where the outputs are with --stack-dir, --outputs or --terraform-cloud";
  if (!(await isFolder(folder, missing))) {
    throw new UserError(`--stack-dir must be a folder, ${folder} is a file; --outputs takes files`);
  }
  const { command, stdout } = await outputsOf(folder, environment, signal);
  const source = `${command} output -json`;
  // Terraform prints an empty object and ends with 0, even when there is no stack in the folder.
  if (stdout.trim() === "{}") {
    throw new UserError(
      `the stack in ${folder} has no outputs: nothing was applied from there, or its state is somewhere else; ` +
        "run `eks up` or `cdktf deploy`, or give the outputs with --outputs or --terraform-cloud",
    );
  }
  return { handover: readHandover(stdout, source), source };
}

/** What Terraform or OpenTofu prints of a stack's outputs. What it prints on standard error is no output. */
async function outputsOf(
  folder: string,
  environment: NodeJS.ProcessEnv,
  signal: AbortSignal | undefined,
): Promise<{ readonly command: string; readonly stdout: string }> {
  const program = programFor(environment);
  const command = `${typedName(program, environment)} -chdir=${folder}`;
  try {
    const { stdout } = await promisify(execFile)(program, [`-chdir=${folder}`, "output", "-json", "-no-color"], {
      env: environment,
      maxBuffer: 64 * 1024 * 1024,
      signal,
      killSignal: "SIGINT",
    });
    return { command, stdout };
  } catch (cause) {
    if (signal?.aborted === true) throw new UserError("interrupted: nothing has been done", { exitCode: 130, cause });
    const { code, signal: endedBy, stderr } = cause as ExecFileException & { readonly stderr: string };
    const how = typeof code === "number" ? `exit code ${String(code)}` : (endedBy ?? String(code));
    throw new UserError(
      `\`${command} output -json\` failed (${how}); \`${command} init\` prepares a stack that was not ` +
        `initialized here, --outputs needs no ${productOf(program)}${errorLines(stderr)}`,
      { cause },
    );
  }
}

/** @throws UserError when there is none, with how to do without */
function programFor(environment: NodeJS.ProcessEnv): string {
  try {
    return terraformProgram(environment);
  } catch (cause) {
    if (!(cause instanceof UserError)) throw cause;
    throw new UserError(
      `${cause.message}; or give what \`terraform output -json\` prints elsewhere with --outputs FILE`,
      { cause },
    );
  }
}

/** The beginning of Terraform's first error, or else the last lines, without the box that Terraform draws around. */
function errorLines(stderr: string): string {
  const lines = stripVTControlCharacters(stderr)
    .replaceAll(/[│╷╵]/g, " ")
    .split(/\r?\n/)
    .map((line) => line.replaceAll(/\p{Cc}/gu, " ").trim())
    .filter((line) => line !== "");
  const error = lines.findIndex((line) => line.startsWith("Error:"));
  const shown = error === -1 ? lines.slice(-ERROR_LINES) : lines.slice(error, error + ERROR_LINES);
  return shown.map((line) => `\n  ${line}`).join("");
}
