import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";

import { z } from "zod";

import { jsonIn } from "../contract/json";
import { reasonOf, UserError } from "../contract/user-error";
import { fetchPage, type Asked } from "../web/fetch";
import { terraformCommand } from "./program";

/** A workspace in Terraform Cloud (HCP Terraform) or Terraform Enterprise. */
export interface CloudWorkspace {
  readonly organization: string;
  readonly workspace: string;
}

/** What Terraform Cloud is asked with. */
export interface CloudAccess {
  /** Has the token and the host: `TF_TOKEN_…`, `TF_CLOUD_HOSTNAME`, `HOME`. */
  readonly environment: NodeJS.ProcessEnv;
  /** By the way of the environment's proxy when left out. */
  readonly fetch?: typeof fetchPage;
  /** Milliseconds that one answer may take; 30,000 when left out. */
  readonly timeoutMs?: number;
  /** Milliseconds between two questions for outputs that are still being processed; 2,000 when left out. */
  readonly retryMs?: number;
}

/** A token, and where it was found: only the latter is for messages. */
interface Token {
  readonly value: string;
  readonly from: string;
}

const DEFAULT_HOST = "app.terraform.io";

/** Outputs of an apply that has just ended are there within seconds. */
const ATTEMPTS = 5;

const text = z.string().min(1);
const WORKSPACE = z.object({ id: text });
const OUTPUT = z.object({
  id: text,
  attributes: z.object({ name: text, sensitive: z.boolean(), value: z.unknown() }),
});
/** What `terraform login` writes, by host. */
const CREDENTIALS = z.object({
  credentials: z.record(z.string(), z.object({ token: text }).optional().catch(undefined)),
});

/**
 * The host that the environment names, as Terraform and the stack's backend read it.
 *
 * @throws UserError when `TF_CLOUD_HOSTNAME` is no host name
 */
export function cloudHost(environment: NodeJS.ProcessEnv): string {
  const given = environment["TF_CLOUD_HOSTNAME"] ?? "";
  if (given === "") return DEFAULT_HOST;
  if (/^[a-z0-9-]+(\.[a-z0-9-]+)*(:\d{1,5})?$/i.test(given)) return given.toLowerCase();
  throw new UserError(
    `TF_CLOUD_HOSTNAME must be a host name such as ${DEFAULT_HOST}, without https:// and path, got ` +
      JSON.stringify(given),
  );
}

/**
 * Reads the current outputs of a workspace, by name. Sensitive ones are asked for one by one, and only those in
 * `names`.
 *
 * @throws UserError when there is no token, no workspace, no state or no outputs, or no usable answer
 * @see https://developer.hashicorp.com/terraform/cloud-docs/api-docs/state-version-outputs
 */
export async function readCloudOutputs(
  { organization, workspace }: CloudWorkspace,
  names: readonly string[],
  access: CloudAccess,
): Promise<Readonly<Record<string, unknown>>> {
  const host = cloudHost(access.environment);
  const token = await findToken(host, access.environment);
  const ask = <Data>(path: readonly string[], data: z.ZodType<Data>) =>
    get(host, `/${path.map(encodeURIComponent).join("/")}`, data, token, access);
  const name = `${organization}/${workspace}`;

  const found = await ask(["organizations", organization, "workspaces", workspace], WORKSPACE);
  if (found === undefined) {
    throw new UserError(
      `${host} shows no workspace ${name} (404): there is none, or the token from ${token.from} may not see it`,
    );
  }

  const values = (await askForOutputs(found.id, `workspace ${name} on ${host}`)).map(async ({ id, attributes }) => {
    const isHidden = attributes.sensitive && attributes.value === null && names.includes(attributes.name);
    if (!isHidden) return [attributes.name, attributes.value] as const;
    const shown = await ask(["state-version-outputs", id], OUTPUT);
    if (shown === undefined) {
      throw new UserError(
        `${host} does not show the output ${attributes.name} of workspace ${name} (404): it is sensitive, ` +
          `and the token from ${token.from} may not read it`,
      );
    }
    return [attributes.name, shown.attributes.value] as const;
  });
  return Object.fromEntries(await Promise.all(values));

  async function askForOutputs(workspaceId: string, where: string): Promise<readonly z.infer<typeof OUTPUT>[]> {
    let problem = "";
    for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
      if (attempt > 1) await setTimeout(access.retryMs ?? 2_000);
      try {
        const path = ["workspaces", workspaceId, "current-state-version-outputs"];
        const listed = await ask(path, z.array(OUTPUT));
        if (listed === undefined) {
          throw new UserError(
            `${where} has no state (404): nothing was applied there yet, or the token from ${token.from} may not ` +
              "read its outputs",
          );
        }
        if (listed.length > 0) return listed;
        problem = "has a state without outputs; has the stack been applied there?";
      } catch (error) {
        if (!(error instanceof UnavailableError)) throw error;
        problem = "is still processing the outputs of its last apply (503); run this again in a minute";
      }
    }
    throw new UserError(`${where} ${problem}`);
  }
}

/**
 * The token for a host, looked for where Terraform looks first and where `terraform login` puts it.
 *
 * @throws UserError when there is none, or one that no token can be
 * @see https://developer.hashicorp.com/terraform/cli/config/config-file#environment-variable-credentials
 */
async function findToken(host: string, environment: NodeJS.ProcessEnv): Promise<Token> {
  const file = join(environment["HOME"] ?? homedir(), ".terraform.d", "credentials.tfrc.json");
  const token = tokenInEnvironment(host, environment) ?? (await tokenInFile(host, file, terraformCommand(environment)));
  if (token === undefined) {
    // A port has no place in the name of a variable.
    const variable = host.includes(":") ? "" : `set ${variableName(host)} or `;
    throw new UserError(
      `there is no token for ${host}: ${variable}run \`${terraformCommand(environment)} login ${host}\`, which ` +
        `writes ${file} (credentials in other configuration files of Terraform are not read)`,
    );
  }
  // Node would say what is wrong with such a header, token included.
  if (!/^[!-~]+$/.test(token.value)) {
    throw new UserError(
      `the token for ${host} in ${token.from} has a character that no token has, such as a space or a line break; ` +
        "set it anew",
    );
  }
  return token;
}

/** `TF_TOKEN_app_terraform_io` for `app.terraform.io`. */
function variableName(host: string): string {
  return `TF_TOKEN_${host.replaceAll("-", "__").replaceAll(".", "_")}`;
}

/** Terraform reads the names backwards, so that a dash or a dot may also stand as it is. */
function tokenInEnvironment(host: string, environment: NodeJS.ProcessEnv): Token | undefined {
  for (const [name, value = ""] of Object.entries(environment)) {
    const [, written] = /^TF_TOKEN_(.+)$/.exec(name) ?? [];
    const meant = written?.replaceAll("__", "-").replaceAll("_", ".").toLowerCase();
    if (meant === host && value !== "") return { value, from: name };
  }
  return undefined;
}

async function tokenInFile(host: string, file: string, command: string): Promise<Token | undefined> {
  let json: string;
  try {
    json = await readFile(file, "utf8");
  } catch (cause) {
    const { code = "" } = cause as NodeJS.ErrnoException;
    if (code === "ENOENT") return undefined;
    throw new UserError(`${file} cannot be read (${code})`, { cause });
  }
  // The parser's own message would quote the text, which is full of tokens.
  const { data } = CREDENTIALS.safeParse(jsonIn(json));
  if (data === undefined) {
    throw new UserError(`${file} is not what Terraform writes; \`${command} login ${host}\` writes it anew`);
  }
  const [, ofHost] = Object.entries(data.credentials).find(([name]) => name.toLowerCase() === host) ?? [];
  return ofHost && { value: ofHost.token, from: file };
}

/** The host answers 503: it is busy, or under maintenance. */
class UnavailableError extends UserError {}

/**
 * The data that the API answers with; undefined when it says that there is none (404). What the host says in other
 * answers is not repeated.
 *
 * @throws UserError, UnavailableError
 */
async function get<Data>(
  host: string,
  path: string,
  data: z.ZodType<Data>,
  token: Token,
  access: CloudAccess,
): Promise<Data | undefined> {
  const { environment, timeoutMs = 30_000, fetch = fetchPage } = access;
  let status: number;
  let body: string;
  try {
    const asked: Asked = {
      headers: { Authorization: `Bearer ${token.value}`, Accept: "application/vnd.api+json" },
      // To another host the token must not go, and the API redirects nobody.
      redirect: "manual",
      signal: AbortSignal.timeout(timeoutMs),
    };
    const response = await fetch(`https://${host}/api/v2${path}`, asked, environment);
    status = response.status;
    body = await response.text();
  } catch (cause) {
    throw new UserError(whyUnreachable(host, cause as Error, timeoutMs), { cause });
  }
  const code = `(${String(status)})`;
  const notTheApi = (what: string) =>
    new UserError(
      `${host} ${what} at /api/v2${path}; is that the host of Terraform Cloud or Terraform Enterprise? ` +
        "TF_CLOUD_HOSTNAME names it",
    );
  switch (status) {
    case 200: {
      const { data: answer, error } = z.object({ data }).safeParse(jsonIn(body));
      if (error === undefined) return answer.data;
      const [issue] = error.issues;
      throw notTheApi(`answered something else than that API (${["answer", ...(issue?.path ?? [])].join(".")})`);
    }
    case 401:
      throw new UserError(
        `${host} refuses the token from ${token.from} ${code}; \`${terraformCommand(environment)} login ${host}\` ` +
          "makes a new one",
      );
    case 403:
      throw new UserError(`${host} forbids the token from ${token.from} to read ${path} ${code}`);
    case 404:
      return undefined;
    case 429:
      throw new UserError(`${host} was asked too often ${code}; wait a minute and run this again`);
    case 503:
      throw new UnavailableError(`${host} is out of order ${code}; run this again later`);
    default:
      throw status >= 500
        ? new UserError(`${host} is out of order ${code}; run this again later`)
        : notTheApi(`answered ${String(status)}`);
  }
}

function whyUnreachable(host: string, error: Error, timeoutMs: number): string {
  if (error.name === "TimeoutError") return `${host} did not answer within ${String(timeoutMs / 1000)} s`;
  const { code = (error.cause as NodeJS.ErrnoException | undefined)?.code ?? "" } = error as NodeJS.ErrnoException;
  const hint = /SELF_SIGNED|UNABLE_TO_(GET_ISSUER|VERIFY)/.test(code)
    ? "; name the file with its certificate authority in NODE_EXTRA_CA_CERTS"
    : "";
  return `${host} cannot be reached: ${reasonOf(error)}${hint}`;
}
