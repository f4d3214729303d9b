import { parseArgs } from "node:util";

import { UserError } from "../contract/user-error";
import type { ConnectOptions } from "./ssh/connect";
import { readFingerprint } from "./ssh/host-key-policy";
import { nearest } from "../contract/nearest";
import { mirrorUrl } from "./releases";
import { DEFAULT_STACK_DIR, handoverSource, type HandoverSource } from "./sources";

/** What the command line asks for. */
export interface Options extends Omit<ConnectOptions, "signal" | "pauses" | "machine"> {
  readonly source: HandoverSource;
  readonly mirror?: string;
  /** File of a table in the form of release-table.json. */
  readonly releases?: string;
  /** See `Site.root`; `{cluster_name}` in it stands for the cluster's name. */
  readonly root: string;
  readonly check: boolean;
  readonly diff: boolean;
  readonly json: boolean;
  /** How many hosts at once. */
  readonly concurrency: number;
}

/** What there is; `value` is what --help calls the value. */
export const OPTIONS = {
  outputs: { type: "string", value: "FILE", multiple: true },
  "stack-dir": { type: "string", value: "DIR" },
  "terraform-cloud": { type: "string", value: "ORG/WORKSPACE" },
  host: { type: "string", value: "HOST" },
  port: { type: "string", value: "PORT" },
  user: { type: "string", value: "USER" },
  identity: { type: "string", value: "FILE" },
  jump: { type: "string", value: "[USER@]HOST[:PORT]" },
  "known-hosts": { type: "string", value: "FILE" },
  "host-key": { type: "string", value: "SHA256:…" },
  "accept-new-host-key": { type: "boolean" },
  mirror: { type: "string", value: "URL" },
  releases: { type: "string", value: "FILE" },
  root: { type: "string", value: "DIR" },
  check: { type: "boolean" },
  diff: { type: "boolean" },
  json: { type: "boolean" },
  timeout: { type: "string", value: "SECONDS" },
  concurrency: { type: "string", value: "N" },
  help: { type: "boolean", short: "h" },
} as const;

const TIMEOUT = 600;
const CONCURRENCY = 10;

export const HELP = `Usage: eks bootstrap [OPTIONS]      (or npm run bootstrap -- [OPTIONS])

Makes the kubectl server of the workshop out of the bastion of an applied stack, over SSH. What is already as it should
be is left alone.

Which bastion (one of them; the default is --stack-dir ${DEFAULT_STACK_DIR}):
  --outputs FILE          what "terraform output -json" or "cdktf deploy --outputs-file" wrote; "-" for standard
                          input, a folder for every .json in it; may be given several times
  --stack-dir DIR         folder of an applied stack: runs "terraform output -json" there
  --terraform-cloud ORG/WORKSPACE
                          outputs of a workspace of Terraform Cloud (TF_CLOUD_HOSTNAME, TF_TOKEN_app_terraform_io)

How to reach it (also read from ~/.ssh/config; keys of the agent in SSH_AUTH_SOCK are used):
  --host HOST             instead of the address in the outputs
  --port PORT             22 by default
  --user USER             instead of the user in the outputs
  --identity FILE         private key to log in with
  --jump [USER@]HOST[:PORT]
                          host to go through; several with commas between them
  --known-hosts FILE      instead of ~/.ssh/known_hosts
  --host-key SHA256:…     fingerprint that the host key has to have
  --accept-new-host-key   trust the key of a host seen for the first time, and write it to known_hosts

What to do:
  --check                 say what would change, and change nothing
  --diff                  show what changes, line by line
  --mirror URL            download from there; the checksums stay those of the table
  --releases FILE         a table of versions and checksums of your own, in the form of bootstrap/release-table.json
  --root DIR              write there whatever would be written outside the user's home; needs no sudo then;
                          {cluster_name} in it stands for the cluster's name
  --timeout SECONDS       how long to wait for the host, for each command there (a minute at least), and for
                          each thing that comes by itself (${String(TIMEOUT)})
  --concurrency N         how many hosts at once (${String(CONCURRENCY)})
  --json                  results for machines, on standard output
  -h, --help              this text

Exit codes: 0 done, 1 failed, 2 --check found changes, 64 wrong usage, 130 interrupted.`;

/**
 * Reads the command line; undefined when it asks for help.
 *
 * @throws UserError that says which option is wrong, what was found and what is allowed; it is wrong usage
 */
export function readOptions(args: readonly string[]): Options | undefined {
  return usage(() => {
    const values = parsed(args);
    return values && optionsOf(values);
  });
}

type Values = ReturnType<typeof parseArgs<{ options: typeof OPTIONS }>>["values"];

function optionsOf(values: Values): Options {
  const { check = false, diff = false, json = false } = values;
  const seconds = given(values.timeout, (text) => whole("--timeout", text, 1, 86_400, " of seconds"));
  return {
    source: handoverSource(values),
    host: given(values.host, host),
    port: given(values.port, (text) => whole("--port", text, 1, 65535)),
    user: values.user,
    identity: values.identity,
    jump: values.jump,
    knownHosts: values["known-hosts"],
    hostKey: given(values["host-key"], readFingerprint),
    acceptNewHostKey: values["accept-new-host-key"] ?? false,
    mirror: given(values.mirror, mirrorUrl),
    releases: values.releases,
    root: given(values.root, root) ?? "",
    check,
    diff,
    json,
    timeoutSeconds: seconds ?? TIMEOUT,
    concurrency: given(values.concurrency, (text) => whole("--concurrency", text, 1, 100)) ?? CONCURRENCY,
  };
}

function given<Value>(text: string | undefined, read: (text: string) => Value): Value | undefined {
  return text === undefined ? undefined : read(text);
}

/** The values by the names of the options; undefined when help is asked for. */
function parsed(args: readonly string[]): Values | undefined {
  const tokens = tokensOf(args);
  const options = tokens.filter((token) => token.kind === "option");
  if (options.some(({ index }) => ["-h", "--help"].includes(args[index] ?? ""))) return undefined;

  for (const token of tokens) {
    const text = args[token.index] ?? "";
    const wrong =
      token.kind === "option" ? objection(token, text) : token.kind === "positional" ? strayWord(text) : undefined;
    if (wrong !== undefined) throw new UserError(wrong);
  }
  const names = options.map(({ name }) => name).filter((name) => name !== "outputs");
  const again = names.find((name, at) => names.indexOf(name) < at);
  if (again !== undefined) {
    const times = names.filter((name) => name === again).length;
    throw new UserError(`--${again} is given ${String(times)} times: give it once`);
  }
  return parseArgs({ args: [...args], options: OPTIONS, strict: true }).values;
}

function tokensOf(args: readonly string[]) {
  return parseArgs({ args: [...args], options: OPTIONS, strict: false, tokens: true }).tokens;
}

type OptionToken = Extract<ReturnType<typeof tokensOf>[number], { readonly kind: "option" }>;

/** Where parseArgs itself explains little, or takes what was not meant. */
function objection({ name, value, inlineValue }: OptionToken, text: string): string | undefined {
  const [written = ""] = text.split("=");
  // One dash before several letters would be as many options of one letter each.
  if (!written.startsWith("--") || !isOption(name)) {
    const near = nearest(written.replace(/^-+/, ""), Object.keys(OPTIONS));
    return `there is no option ${written}: ${near === undefined ? "--help lists them" : `did you mean --${near}?`}`;
  }
  const option = OPTIONS[name];
  if (option.type === "boolean") {
    return value === undefined
      ? undefined
      : `--${name} takes no value, got ${JSON.stringify(value)}: write --${name}, or leave it out`;
  }
  const example = `write --${name} ${option.value}`;
  if (value === undefined) return `--${name} needs a value: ${example}`;
  if (value === "") return `--${name} is empty: ${example}, or leave it out`;
  return !inlineValue && value.startsWith("-") && value !== "-"
    ? `--${name} needs a value, got ${value}: ${example}, or --${name}=${value} if that is the value`
    : undefined;
}

function isOption(name: string): name is keyof typeof OPTIONS {
  return Object.hasOwn(OPTIONS, name);
}

function strayWord(text: string): string {
  const hint = text === "-" || text.endsWith(".json") ? `did you mean --outputs ${text}?` : "--help lists the options";
  return `an option has to say what ${JSON.stringify(text)} is: ${hint}`;
}

function host(value: string): string {
  // One colon is before a port, several are an IPv6 address.
  const isHost = /^[^\s@/[\]-][^\s@/[\]]*$/.test(value) && value.split(":").length !== 2;
  if (isHost) return value;
  throw new UserError(
    `--host must be a name or an IP address and nothing else, got ${JSON.stringify(value)}; ` +
      "--user says the user, --port the port",
  );
}

function whole(option: string, value: string, least: number, most: number, unit = ""): number {
  const number = /^\d+$/.test(value) ? Number(value) : Number.NaN;
  if (number >= least && number <= most) return number;
  throw new UserError(
    `${option} must be a whole number${unit} from ${String(least)} to ${String(most)}, got ${JSON.stringify(value)}`,
  );
}

function root(value: string): string {
  const folder = value.replace(/\/+$/, "");
  const isUnsteady = folder.split("/").some((part) => part === "." || part === "..");
  // It becomes a part of PATH, which colons divide.
  // eslint-disable-next-line no-control-regex -- no path has them that a person has typed
  const isPath = folder.startsWith("/") && !isUnsteady && !/[\u0000-\u001f:]/.test(folder);
  if (isPath) return folder;
  throw new UserError(
    '--root must be the absolute path of a folder on the host, not / itself, without ".", ".." and ":", ' +
      `got ${JSON.stringify(value)}`,
  );
}

/** Reads a command line, or a part of it: what is wrong with it is wrong usage. */
export function usage<Value>(read: () => Value): Value {
  try {
    return read();
  } catch (cause) {
    throw cause instanceof UserError ? new UserError(cause.message, { exitCode: 64, cause }) : cause;
  }
}
