import { execFile, spawn } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join, relative, resolve } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";

import { quoted } from "../../contract/shell";
import { UserError } from "../../contract/user-error";
import { compareVersions } from "../../facts/version-order";
import { terraformPlatform } from "../../terraform/platform";
import { findProgram, INSTALL_PAGE, terraformPrograms } from "../../terraform/program";
import { TERRAFORM_SHA256, TERRAFORM_VERSION } from "../../terraform/release";
import { download, MOST_BYTES } from "./download";
import { neutralEnvironment } from "./neutral-environment";
import { lastLine, outputOf } from "./programs";

const CLONE = resolve(__dirname, "..", "..");
/** What was downloaded for this clone. Nothing outside of it is changed. */
const TOOLS = join(CLONE, ".cache", "tools");

/** How a program is set up that this machine lacks. */
export interface ToolOptions {
  /** Told what it is busy with, as often as that changes. */
  readonly busy?: (what: string) => void;
  /** Ends it, and leaves nothing. */
  readonly signal?: AbortSignal | undefined;
  /** Where tools are kept. @default the clone's `.cache/tools` */
  readonly folder?: string;
}

/** A program that can be run now. */
export interface Tool {
  /** The program, and the arguments that come first. */
  readonly command: readonly [string, ...string[]];
  /** Where it is from, for people: a sentence's predicate, such as `is /usr/bin/terraform 1.11.4`. */
  readonly from: string;
}

const RELEASES = "https://releases.hashicorp.com";

/** What the stack asks for in its `required_version`. */
const OLDEST_TERRAFORM = "1.9";

/** How Terraform's release is found; for tests. */
export interface TerraformOptions extends ToolOptions {
  /** @default that of this machine's platform in `TERRAFORM_SHA256` */
  readonly sha256?: string;
}

/**
 * Terraform or OpenTofu: the first of `terraformPrograms` that is new enough; else a pinned release of Terraform, which
 * is downloaded into the clone once. `EKS_DOWNLOADS` names another place to download it from; the checksum stays.
 *
 * @throws UserError with what to do, when there is none and none can be had, or the one that is named will not do
 */
export async function provideTerraform({
  folder = TOOLS,
  busy = () => undefined,
  signal,
  sha256 = TERRAFORM_SHA256[terraformPlatform()],
}: TerraformOptions = {}): Promise<Tool> {
  const { programs, namedBy } = terraformPrograms(process.env);
  const unfit: string[] = [];
  for (const program of programs) {
    const [, version] = /"terraform_version":\s*"([^"]+)"/.exec(outputOf(program, ["version", "-json"]) ?? "") ?? [];
    if (version === undefined) unfit.push(`${program} does not run`);
    else if (compareVersions(version, OLDEST_TERRAFORM) < 0) {
      unfit.push(`${program} is ${version}, older than ${OLDEST_TERRAFORM}`);
    } else return { command: [program], from: `is ${program}, ${version}` };
  }
  if (namedBy !== undefined) throw new UserError(`${namedBy} must name Terraform or OpenTofu: ${unfit.join("; ")}`);

  const instead = unfit.join("; ") || "neither terraform nor tofu is on PATH";
  if (sha256 === undefined) {
    throw new UserError(
      `${instead}, and there is no release to download for ${process.platform} on ${process.arch}: install Terraform ` +
        `${TERRAFORM_VERSION}, see ${INSTALL_PAGE}`,
    );
  }
  const release = `terraform_${TERRAFORM_VERSION}_${terraformPlatform()}`;
  const program = join(folder, release);
  const shown = relative(process.cwd(), program);
  if (existsSync(program)) return { command: [program], from: `is ${shown}, as ${instead}` };

  const name = `Terraform ${TERRAFORM_VERSION}`;
  const url = `${downloadsFrom()}/terraform/${TERRAFORM_VERSION}/${release}.zip`;
  try {
    busy(`downloading ${name}`);
    const told = (soFar: string) => {
      busy(`downloading ${name}: ${soFar}`);
    };
    const archive = await download(url, sha256, told, signal);
    busy(`unpacking ${name}`);
    await unpack(archive, "terraform", program);
  } catch (cause) {
    throw new UserError(
      `${instead}, and ${(cause as Error).message}; install it (${INSTALL_PAGE}), or name it in EKS_TERRAFORM, or a ` +
        `mirror of ${RELEASES} in EKS_DOWNLOADS`,
      { cause },
    );
  }
  return { command: [program], from: `is ${shown}, downloaded and its SHA-256 checked, as ${instead}` };
}

/** @throws UserError when `EKS_DOWNLOADS` is no URL */
function downloadsFrom(): string {
  const named = process.env["EKS_DOWNLOADS"];
  if (named === undefined || named === "") return RELEASES;
  if (!/^https?:\/\/[^/]+/.test(named) || !URL.canParse(named)) {
    throw new UserError(`EKS_DOWNLOADS must be a URL such as ${RELEASES}, got ${named}`);
  }
  return named.replace(/\/+$/, "");
}

/** Puts a program of an archive at a path, at which there is nothing or all of it at any moment. */
async function unpack(archive: Buffer, name: string, path: string): Promise<void> {
  const [zip, partial] = [temporaryName(path), temporaryName(path)];
  try {
    writeFileSync(zip, archive);
    writeFileSync(partial, await fileInZip(zip, name), { mode: 0o755, flush: true });
    renameSync(partial, path);
  } finally {
    for (const file of [zip, partial]) rmSync(file, { force: true });
  }
}

/** One file of an archive, as the system's `unzip` unpacks it. */
async function fileInZip(zip: string, name: string): Promise<Buffer> {
  try {
    const options = { env: neutralEnvironment(), encoding: "buffer", maxBuffer: MOST_BYTES } as const;
    return (await promisify(execFile)("unzip", ["-p", zip, name], options)).stdout;
  } catch (cause) {
    const { code, message, stderr = "" } = cause as NodeJS.ErrnoException & { readonly stderr?: Buffer | string };
    const why = code === "ENOENT" ? "unzip is not on PATH (Debian: apt-get install unzip)" : String(stderr) || message;
    throw new Error(`its archive cannot be unpacked: ${why.replace(/\s+/g, " ").trim()}`, { cause });
  }
}

/**
 * Makes a folder for PATH in which a program is Terraform by its name; no link, as some managers of versions go by
 * theirs.
 *
 * @param folder an existing one
 * @returns the folder's path
 */
export function namedTerraform(folder: string, program: string): string {
  const bin = join(folder, "bin");
  mkdirSync(bin, { recursive: true });
  const script = `#!/bin/sh\nexec ${quoted(resolve(program))} "$@"\n`;
  writeFileSync(join(bin, "terraform"), script, { mode: 0o755 });
  return bin;
}

/** Python that moto runs on. @see https://pypi.org/project/moto/ */
const OLDEST_PYTHON = [3, 10] as const;
const PYTHONS = ["python3", "python3.14", "python3.13", "python3.12", "python3.11", "python3.10"];

/** In pip's form, with a line `moto==VERSION`, and hashes. */
const MOTO_REQUIREMENTS = join(__dirname, "moto-requirements.txt");

/**
 * `moto_server`, the emulator of AWS: the one on PATH; else pinned versions of it and of all that it needs, installed
 * into a virtual environment in the clone, once. pip's own settings and variables apply, such as `PIP_INDEX_URL`.
 *
 * @throws UserError with what to do, when there is none and none can be had
 * @see https://docs.getmoto.org/en/latest/docs/server_mode.html
 */
export async function provideMoto({ folder = TOOLS, busy = () => undefined, signal }: ToolOptions = {}): Promise<Tool> {
  const found = findMoto(folder);
  if (found !== undefined) return found;

  const { environment, name } = motoIn(folder);
  const temporary = temporaryName(environment);
  const logFile = `${temporary.replace(/\.partial$/, "")}.log`;
  const step = async (doing: string, command: readonly string[], problem: (output: string) => string) => {
    busy(doing);
    const { code, output } = await runLogged(command, logFile, signal, (line) => {
      const [, what, about] = /^(Collecting|Downloading|Building|Installing) (?:wheel for )?(\S+)/.exec(line) ?? [];
      if (what !== undefined) busy(`${doing}: ${what.toLowerCase()} ${about ?? ""}`);
    });
    if (code !== 0) throw new Error(problem(output));
  };
  try {
    const python = findPython();
    const [inVenv, ...moto] = motoCommand(temporary);
    const install = ["install", "--no-input", "--no-user", "--no-compile", "--disable-pip-version-check"];
    const patience = ["--retries", "2", "--timeout", "20"];
    // A package that has to be built would run a script of its own.
    const checked = ["--require-hashes", "--only-binary", ":all:"];
    const pip = [inVenv, "-m", "pip", ...install, ...patience, ...checked, "--requirement", MOTO_REQUIREMENTS];
    await step(`making a virtual environment for ${name}`, [python, "-m", "venv", temporary], (output) =>
      venvProblem(python, output),
    );
    await step(`installing ${name}`, pip, pipProblem);
    await step(
      `trying ${name}`,
      [inVenv, ...moto, "--help"],
      (output) => `what pip installed does not start: ${lastLine(output)}`,
    );
    moveInto(temporary, environment);
    rmSync(logFile, { force: true });
  } catch (cause) {
    if (signal?.aborted === true) {
      rmSync(logFile, { force: true });
      throw new UserError("the installation of moto was interrupted", { cause });
    }
    const log = existsSync(logFile) ? ` (its log is ${relative(process.cwd(), logFile)})` : "";
    throw new UserError(
      `moto_server is not on PATH, and ${(cause as Error).message}${log}; mend that, or put moto_server on PATH ` +
        "(pipx install 'moto[server]'), or name an emulator that runs with --endpoint-url",
      { cause },
    );
  } finally {
    // pip may not have ended yet, when it was interrupted.
    rmSync(temporary, { recursive: true, force: true, maxRetries: 10 });
  }
  const shown = relative(process.cwd(), environment);
  return {
    command: motoCommand(environment),
    from: `is ${name}, installed into ${shown}, as moto_server is not on PATH`,
  };
}

/** `moto_server` without setting anything up; undefined when `provideMoto` would have to install it. */
export function findMoto(folder = TOOLS): Tool | undefined {
  const onPath = findProgram("moto_server");
  if (onPath !== undefined) return { command: [onPath], from: `is ${onPath}` };
  const { environment, name } = motoIn(folder);
  if (!worksIn(environment)) return undefined;
  const shown = relative(process.cwd(), environment);
  return { command: motoCommand(environment), from: `is ${name} in ${shown}, as moto_server is not on PATH` };
}

/** Where a virtual environment with the pinned versions is; other ones get another. */
function motoIn(folder: string): { readonly environment: string; readonly name: string } {
  const requirements = readFileSync(MOTO_REQUIREMENTS, "utf8");
  const [, version = "unknown"] = /^moto(?:\[[^\]]*\])?==(\S+)/m.exec(requirements) ?? [];
  const digest = createHash("sha256").update(requirements).digest("hex").slice(0, 8);
  return { environment: join(folder, `moto-${version}-${digest}`), name: `moto ${version}` };
}

/**
 * The scripts of a virtual environment know the path at which it was made; its Python does not, and so may be moved.
 */
function motoCommand(environment: string): [string, ...string[]] {
  return [join(environment, "bin", "python"), "-m", "moto.server"];
}

/** A virtual environment is one for its Python alone, which its system may have replaced by the next one since. */
function worksIn(environment: string): boolean {
  if (!existsSync(environment)) return false;
  const [python] = motoCommand(environment);
  const find = "import importlib.util, sys; sys.exit(importlib.util.find_spec('moto') is None)";
  return outputOf(python, ["-c", find]) !== undefined;
}

/** @throws when there is none that is new enough */
function findPython(): string {
  const oldest = OLDEST_PYTHON.join(".");
  const unfit: string[] = [];
  for (const program of PYTHONS.flatMap((name) => findProgram(name) ?? [])) {
    const version = outputOf(program, ["-c", "import sys; print('%d.%d' % sys.version_info[:2])"])?.trim();
    const [major = 0, minor = 0] = (version ?? "").split(".").map(Number);
    if (major === OLDEST_PYTHON[0] && minor >= OLDEST_PYTHON[1]) return program;
    unfit.push(version === undefined ? `${program} does not run` : `${program} is ${version}`);
  }
  throw new Error(
    unfit.length === 0
      ? `there is no python3 to install it with (Python ${oldest} or newer)`
      : `there is no Python ${oldest} or newer to install it with (${unfit.join(", ")})`,
  );
}

function venvProblem(python: string, output: string): string {
  // Debian has the standard library in several packages.
  if (/ensurepip|No module named venv|python3(\.\d+)?-venv/.test(output)) {
    const missing = "a part of it is not installed (Debian: apt-get install python3-venv)";
    return `${python} makes no virtual environment, as ${missing}`;
  }
  return `${python} makes no virtual environment: ${lastLine(output)}`;
}

function pipProblem(output: string): string {
  const isUnreached = /Retrying \(|NewConnectionError|Max retries exceeded|ProxyError|NameResolutionError/.test(output);
  if (isUnreached) return "pip cannot reach its index, which PIP_INDEX_URL and HTTPS_PROXY may name the way to";
  const errors = output.split("\n").filter((line) => line.startsWith("ERROR: "));
  return `pip cannot install it: ${errors[0]?.slice("ERROR: ".length) ?? lastLine(output)}`;
}

/** Gives a finished folder its name. Where another run was quicker, its folder stays, which is as good. */
function moveInto(temporary: string, path: string): void {
  if (existsSync(path) && !worksIn(path)) rmSync(path, { recursive: true, force: true });
  try {
    renameSync(temporary, path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== "ENOTEMPTY" && code !== "EEXIST") throw error;
  }
}

/** Runs a program to its end, and answers with everything that it printed. @throws when it cannot, or is ended */
async function runLogged(
  [program = "", ...args]: readonly string[],
  logFile: string,
  signal: AbortSignal | undefined,
  told: (line: string) => void,
): Promise<{ readonly code: unknown; readonly output: string }> {
  const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"], env: neutralEnvironment(), signal });
  const lines: string[] = [];
  for (const input of [child.stdout, child.stderr]) {
    createInterface({ input }).on("line", (line) => {
      lines.push(line);
      appendFileSync(logFile, `${line}\n`);
      told(line);
    });
  }
  const [code] = (await once(child, "close")) as [unknown];
  return { code, output: lines.join("\n") };
}

const STALE_MS = 3_600_000;

/** A name beside a path for what is not whole yet; what runs left there that were killed is taken away. */
function temporaryName(path: string): string {
  const folder = resolve(path, "..");
  mkdirSync(folder, { recursive: true });
  for (const name of readdirSync(folder).filter((each) => each.endsWith(".partial"))) {
    const left = join(folder, name);
    const { mtimeMs } = statSync(left, { throwIfNoEntry: false }) ?? { mtimeMs: Date.now() };
    if (Date.now() - mtimeMs > STALE_MS) rmSync(left, { recursive: true, force: true });
  }
  return `${path}.${randomBytes(4).toString("hex")}.partial`;
}
