import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";

import { z } from "zod";

import { jsonIn } from "../contract/json";
import { UserError } from "../contract/user-error";
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
  /** Node's own when left out. */
  readonly fetch?: (url: string, init: RequestInit) => Promise<Response>;
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
const output = z.object({
  id: text,
  attributes: z.object({ name: text, sensitive: z.boolean(), value: z.unknown() }),
});
const WORKSPACE = z.object({ data: z.object({ id: text }) });
const OUTPUTS = z.object({ data: z.array(output) });
const OUTPUT = z.object({ data: output });

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
    `TF_CLOUD_HOSTNAME must be a host name such as ${DEFAULT_HOST}, without https:// and path, got ${JSON.stringify(given)}`,
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
  const ask = (path: string) => get(host, path, token, access);
  const name = `${organization}/${workspace}`;

  const path = `/organizations/${encodeURIComponent(organization)}/workspaces/${encodeURIComponent(workspace)}`;
  const found = await ask(path);
  if (found.status === 404) {
    throw new UserError(
      `${host} shows no workspace ${name} (404): there is none, or the token from ${token.from} may not see it`,
    );
  }
  const { id } = parsed(found, WORKSPACE, host).data;
  const outputs = await askForOutputs(id, `workspace ${name} on ${host}`);

  const values = outputs.map(async ({ id: outputId, attributes }) => {
    const isHidden = attributes.sensitive && attributes.value === null && names.includes(attributes.name);
    if (!isHidden) return [attributes.name, attributes.value] as const;
    const shown = await ask(`/state-version-outputs/${encodeURIComponent(outputId)}`);
    if (shown.status === 404) {
      throw new UserError(
        `${host} does not show the output ${attributes.name} of workspace ${name} (404): it is sensitive, ` +
          `and the token from ${token.from} may not read it`,
      );
    }
    return [attributes.name, parsed(shown, OUTPUT, host).data.attributes.value] as const;
  });
  return Object.fromEntries(await Promise.all(values));

  async function askForOutputs(workspaceId: string, where: string): Promise<z.infer<typeof OUTPUTS>["data"]> {
    for (let attempt = 1; ; attempt++) {
      const answer = await ask(`/workspaces/${encodeURIComponent(workspaceId)}/current-state-version-outputs`);
      if (answer.status === 404) {
        throw new UserError(
          `${where} has no state (404): nothing was applied there yet, or the token from ${token.from} may not read ` +
            "its outputs",
        );
      }
      const isProcessing = answer.status === 503;
      const listed = isProcessing ? [] : parsed(answer, OUTPUTS, host).data;
      if (listed.length > 0) return listed;
      if (attempt === ATTEMPTS) {
        throw new UserError(
          isProcessing
            ? `${where} is still processing the outputs of its last apply (503); run this again in a minute`
            : `${where} has a state without outputs; has the stack been applied there?`,
        );
      }
      await setTimeout(access.retryMs ?? 2_000);
    }
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
      `there is no token for ${host}: ${variable}run \`${terraformCommand(environment)} login ${host}\`, which writes ${file} ` +
        "(credentials in other configuration files of Terraform are not read)",
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
  const login = `\`${command} login ${host}\` writes it anew`;
  const content = jsonIn(json);
  // The parser's own message would quote the text, which is full of tokens.
  if (content === undefined) throw new UserError(`${file} is not JSON; ${login}`);
  const credentials = z.object({ credentials: z.record(z.string(), z.unknown()) }).safeParse(content);
  if (!credentials.success) throw new UserError(`${file} has no credentials in it; ${login}`);
  const [, ofHost] = Object.entries(credentials.data.credentials).find(([name]) => name.toLowerCase() === host) ?? [];
  if (ofHost === undefined) return undefined;
  const entry = z.object({ token: text }).safeParse(ofHost);
  if (!entry.success) throw new UserError(`${file} has no token for ${host}; ${login}`);
  return { value: entry.data.token, from: file };
}

/** An answer whose status is one that its reader has to know: 200, 404 or 503. */
interface Answer {
  readonly status: number;
  readonly body: string;
  readonly path: string;
}

/** Asks the API, and puts what went wrong into words; what the host says in its answer is not repeated. */
async function get(host: string, path: string, token: Token, access: CloudAccess): Promise<Answer> {
  const { timeoutMs = 30_000, fetch = globalThis.fetch } = access;
  let status: number;
  let body: string;
  try {
    const response = await fetch(`https://${host}/api/v2${path}`, {
      headers: { Authorization: `Bearer ${token.value}`, Accept: "application/vnd.api+json" },
      // To another host the token must not go, and the API redirects nobody.
      redirect: "manual",
      signal: AbortSignal.timeout(timeoutMs),
    });
    status = response.status;
    body = await response.text();
  } catch (cause) {
    throw new UserError(whyUnreachable(host, cause as Error, timeoutMs, access.environment), { cause });
  }
  if (status === 401) {
    throw new UserError(
      `${host} refuses the token from ${token.from} (401); \`${terraformCommand(access.environment)} login ${host}\` makes a new one`,
    );
  }
  if (status === 403) throw new UserError(`${host} forbids the token from ${token.from} to read ${path} (403)`);
  if (status === 429) throw new UserError(`${host} was asked too often (429); wait a minute and run this again`);
  if (status >= 500 && status !== 503) {
    throw new UserError(`${host} is out of order (${String(status)}); run this again later`);
  }
  if (![200, 404, 503].includes(status)) throw notTheApi(host, path, `answered ${String(status)}`);
  return { status, body, path };
}

function whyUnreachable(host: string, error: Error, timeoutMs: number, environment: NodeJS.ProcessEnv): string {
  if (error.name === "TimeoutError") return `${host} did not answer within ${String(timeoutMs / 1000)} s`;
  // What fetch throws says "fetch failed"; why is in its cause, at times without a message.
  const { message = "", code = "" } = (error.cause ?? error) as Partial<NodeJS.ErrnoException>;
  const hints = [
    /SELF_SIGNED|UNABLE_TO_(GET_ISSUER|VERIFY)/.test(code) &&
      "; name the file with its certificate authority in NODE_EXTRA_CA_CERTS",
    (environment["HTTPS_PROXY"] ?? environment["https_proxy"] ?? "") !== "" &&
      `; HTTPS_PROXY is set, but is not used here: run \`${terraformCommand(environment)} output -json\` and give it as --outputs FILE`,
  ];
  return `${host} cannot be reached: ${message || code}${hints.filter((hint) => hint !== false).join("")}`;
}

/** @throws UserError when the answer is not what the API says it is */
function parsed<T>({ status, body, path }: Answer, schema: z.ZodType<T>, host: string): T {
  if (status !== 200) throw new UserError(`${host} is out of order (${String(status)}); run this again later`);
  const content = jsonIn(body);
  if (content === undefined) throw notTheApi(host, path, "answered something else than JSON");
  const answer = schema.safeParse(content);
  if (answer.success) return answer.data;
  const [issue] = answer.error.issues;
  const where = ["answer", ...(issue?.path ?? [])].join(".");
  throw notTheApi(host, path, `answered JSON that says something else (${where})`);
}

function notTheApi(host: string, path: string, what: string): UserError {
  return new UserError(
    `${host} ${what} at /api/v2${path}; is that the host of Terraform Cloud or Terraform Enterprise? ` +
      "TF_CLOUD_HOSTNAME names it",
  );
}
