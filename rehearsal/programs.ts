import { accessSync, constants, existsSync, readdirSync, statSync, writeFileSync, type Dirent } from "node:fs";
import { homedir } from "node:os";
import { delimiter, join, parse } from "node:path";

/** Full path of a program on PATH, or undefined. */
export function findProgram(name: string): string | undefined {
  for (const folder of (process.env["PATH"] ?? "").split(delimiter)) {
    const path = join(folder, name);
    try {
      accessSync(path, constants.X_OK);
      if (folder !== "" && statSync(path).isFile()) return path;
    } catch {
      // Not in this folder: look in the next.
    }
  }
  return undefined;
}

/** Terraform, or else OpenTofu. */
export function findTerraform(): string | undefined {
  return findProgram("terraform") ?? findProgram("tofu");
}

/** What a folder of providers holds, as Terraform lays it out: HOSTNAME/NAMESPACE/TYPE. */
const AWS_PROVIDER = join("registry.terraform.io", "hashicorp", "aws");

/**
 * A filesystem mirror that holds the AWS provider: the one that `EKS_PROVIDER_MIRROR` names, or one found on this
 * machine; undefined when there is none, and the registry has to do.
 *
 * @throws when `EKS_PROVIDER_MIRROR` names a folder without the AWS provider
 * @see https://developer.hashicorp.com/terraform/cli/config/config-file#provider-installation
 */
export function findProviderMirror(): string | undefined {
  const named = process.env["EKS_PROVIDER_MIRROR"];
  if (named !== undefined && named !== "") {
    if (existsSync(join(named, AWS_PROVIDER))) return named;
    throw new Error(`EKS_PROVIDER_MIRROR must name a folder that holds ${AWS_PROVIDER}, got ${named}`);
  }
  // Terraform looks into the user's own folder by itself, but only while no configuration file says otherwise.
  const usual = join(homedir(), ".terraform.d", "plugins");
  return existsSync(join(usual, AWS_PROVIDER)) ? usual : searchFolders(parse(process.cwd()).root, 4);
}

/** Folders that are large, or not folders at all, and hold no providers. */
const SKIPPED = new Set(["proc", "sys", "dev", "run", "tmp", "node_modules", "lost+found", "boot"]);

/** The folder nearest to `root`, at most `depth` levels below it, that holds the AWS provider. */
function searchFolders(root: string, depth: number): string | undefined {
  let level = [root];
  for (let below = 0; below <= depth; below++) {
    const found = level.find((folder) => isTrusted(join(folder, AWS_PROVIDER)));
    if (found !== undefined || below === depth) return found;
    level = level.flatMap((folder) =>
      foldersIn(folder)
        .filter(({ name }) => !SKIPPED.has(name) && !name.startsWith("."))
        .map(({ name }) => join(folder, name)),
    );
  }
  return undefined;
}

/** Whether a folder exists and nobody but root and this user can have put a program into it. */
function isTrusted(folder: string): boolean {
  try {
    const { uid, mode } = statSync(folder);
    return [0, process.getuid?.()].includes(uid) && (mode & 0o022) === 0;
  } catch {
    return false;
  }
}

function foldersIn(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  } catch {
    // Not ours to read.
    return [];
  }
}

/**
 * The Terraform configuration file to use: the user's own when `TF_CLI_CONFIG_FILE` names one that exists; else one
 * written to `file` that installs the AWS provider from a mirror on this machine; else none, which means the registry.
 */
export function terraformConfigFile(file: string): string | undefined {
  const own = process.env["TF_CLI_CONFIG_FILE"];
  if (own !== undefined && existsSync(own)) return own;
  const mirror = findProviderMirror();
  if (mirror === undefined) return undefined;
  const aws = '["registry.terraform.io/hashicorp/aws"]';
  writeFileSync(
    file,
    `provider_installation {
  filesystem_mirror {
    path    = ${JSON.stringify(mirror)}
    include = ${aws}
  }
  direct {
    exclude = ${aws}
  }
}
`,
  );
  return file;
}
