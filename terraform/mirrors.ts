import { existsSync, mkdirSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync, type Dirent } from "node:fs";
import { homedir } from "node:os";
import { dirname, join, parse, resolve } from "node:path";

import { UserError } from "../contract/user-error";
import { isTaken, versionsInWords } from "../facts/provider-versions";
import { OPENTOFU_REGISTRY, TERRAFORM_REGISTRY } from "./provider-lock";
import { terraformPlatform } from "./platform";

/**
 * Where Terraform and OpenTofu, each by its own name, have the AWS provider from; a mirror is laid out by these names.
 */
const AWS_PROVIDERS = [TERRAFORM_REGISTRY, OPENTOFU_REGISTRY].map((host) => join(host, "hashicorp", "aws"));

/** An AWS provider in a mirror, for this platform, that the stack takes. */
interface MirroredProvider {
  readonly version: string;
  /** The folder with the program, or its archive: seen from the folder of a mirror that is the provider's. */
  readonly path: string;
}

/** Those in one provider's folder of a mirror, unpacked or packed. */
function providersIn(folder: string): readonly MirroredProvider[] {
  const platform = terraformPlatform();
  const packed = new RegExp(`^terraform-provider-aws_(.+)_${platform}\\.zip$`);
  return entriesIn(folder).flatMap(({ name }) => {
    const [, archived] = packed.exec(name) ?? [];
    const version = archived ?? name;
    if (!isTaken("aws", version)) return [];
    if (archived !== undefined) return [{ version, path: name }];
    return existsSync(join(folder, name, platform)) ? [{ version, path: join(name, platform) }] : [];
  });
}

/**
 * The folder of a mirror that holds AWS providers, by Terraform's name or by OpenTofu's; undefined when there is none.
 */
function providerFolder(mirror: string): string | undefined {
  return AWS_PROVIDERS.map((provider) => join(mirror, provider)).find((folder) => providersIn(folder).length > 0);
}

/**
 * A filesystem mirror that holds the AWS provider: the one that `EKS_PROVIDER_MIRROR` names, or one found on this
 * machine; undefined when there is none, and the registry has to do.
 *
 * @throws UserError when `EKS_PROVIDER_MIRROR` names a folder without an AWS provider that the stack takes
 * @see https://developer.hashicorp.com/terraform/cli/config/config-file#provider-installation
 */
function findProviderMirror(): string | undefined {
  const named = process.env["EKS_PROVIDER_MIRROR"];
  if (named !== undefined && named !== "") {
    if (providerFolder(named) !== undefined) return named;
    throw new UserError(
      `EKS_PROVIDER_MIRROR must name a folder that holds ${AWS_PROVIDERS.join(" or ")} ${versionsInWords("aws")}, ` +
        `for ${terraformPlatform()}, got ${named}`,
    );
  }
  // Terraform looks into the user's own folder by itself, but only while no configuration file says otherwise.
  const usual = join(homedir(), ".terraform.d", "plugins");
  return providerFolder(usual) !== undefined ? usual : searchFolders(parse(process.cwd()).root, 4);
}

/** Folders that are large, or not folders at all, and hold no providers. */
const SKIPPED = new Set(["proc", "sys", "dev", "run", "tmp", "node_modules", "lost+found", "boot"]);

/** The folder nearest to `root`, at most `depth` levels below it, that holds the AWS provider. */
function searchFolders(root: string, depth: number): string | undefined {
  let level = [root];
  for (let below = 0; below <= depth; below++) {
    const found = level.find((folder) => isTrusted(providerFolder(folder)));
    if (found !== undefined || below === depth) return found;
    level = level.flatMap((folder) =>
      entriesIn(folder)
        .filter((entry) => entry.isDirectory() && !SKIPPED.has(entry.name) && !entry.name.startsWith("."))
        .map(({ name }) => join(folder, name)),
    );
  }
  return undefined;
}

/** Whether a folder exists and nobody but root and this user can have put a program into it. */
function isTrusted(folder: string | undefined): boolean {
  if (folder === undefined) return false;
  const { uid, mode } = statSync(folder);
  return [0, process.getuid?.()].includes(uid) && (mode & 0o022) === 0;
}

function entriesIn(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch {
    // Not there, or not ours to read.
    return [];
  }
}

/**
 * The Terraform configuration file to use: the user's own when `TF_CLI_CONFIG_FILE` names one that exists; else one
 * written to `file` that installs the AWS provider from a mirror on this machine; else none, which means the registry.
 *
 * `EKS_AWS_PROVIDER_VERSION` chooses one of the mirror's versions. A mirror of Terraform's serves OpenTofu as well, and
 * the other way round: the two registries have builds of their own, but of the same source, and either program runs
 * either.
 *
 * @throws UserError when the version that is asked for cannot be had, or `EKS_PROVIDER_MIRROR` names no mirror
 */
export function terraformConfigFile(file: string): string | undefined {
  const chosen = process.env["EKS_AWS_PROVIDER_VERSION"] ?? "";
  const own = process.env["TF_CLI_CONFIG_FILE"];
  const isOwn = own !== undefined && existsSync(own);
  const mirror = isOwn ? undefined : findProviderMirror();
  if (mirror === undefined) {
    if (chosen === "") return isOwn ? own : undefined;
    const instead = isOwn
      ? `TF_CLI_CONFIG_FILE=${own} says where providers come from: unset it`
      : "there is no mirror here: name one with EKS_PROVIDER_MIRROR";
    throw new UserError(`EKS_AWS_PROVIDER_VERSION=${chosen} chooses one of a mirror's versions, and ${instead}`);
  }
  const linked = join(dirname(file), "providers");
  rmSync(linked, { recursive: true, force: true });
  const blocks = AWS_PROVIDERS.map((provider) => {
    const isThere = chosen === "" && providersIn(join(mirror, provider)).length > 0;
    if (!isThere) linkProviders(mirror, join(linked, provider), chosen);
    return `  filesystem_mirror {
    path    = ${JSON.stringify(isThere ? mirror : linked)}
    include = [${JSON.stringify(provider)}]
  }
`;
  });
  writeFileSync(
    file,
    `provider_installation {
${blocks.join("")}  direct {
    exclude = ${JSON.stringify(AWS_PROVIDERS).replace(",", ", ")}
  }
}
`,
  );
  return file;
}

/** Makes a provider's folder of a mirror, with links to what another one holds: all of it, or one version. */
function linkProviders(mirror: string, folder: string, version: string): void {
  const from = providerFolder(mirror) ?? mirror;
  const providers = providersIn(from);
  const wanted = providers.filter((it) => version === "" || it.version === version);
  if (wanted.length === 0) {
    const versions = [...new Set(providers.map((it) => it.version))].sort().join(", ");
    throw new UserError(`EKS_AWS_PROVIDER_VERSION must be one of ${versions}, which are in ${mirror}, got ${version}`);
  }
  for (const { path } of wanted) {
    const link = join(folder, path);
    mkdirSync(dirname(link), { recursive: true });
    symlinkSync(resolve(from, path), link);
  }
}
