import { existsSync, readFileSync, statSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";

import { OpenSSHAgent, utils } from "ssh2";

import { shell } from "../../contract/shell";
import { UserError } from "../../contract/user-error";
import type { Handover } from "../../contract/handover";
import { terraformCommand } from "../../terraform/program";
import { lastIdentity, rememberIdentity, type StackName } from "./last-identity";
import { inSshForm } from "./private-key";
import { readHostConfig, thisMachine, type ConfigQuery, type HostConfig, type Machine } from "./config";

/** What the command line says about the way to the bastion; everything is optional. */
export interface SettingsOptions {
  /**
   * `--host`: another name or address for the bastion, as in `~/.ssh/config`; the handover's address when not given.
   */
  readonly host?: string;
  /** `--port`: 1 to 65535. */
  readonly port?: number;
  /** `--user`: whom to log in as; the handover's when not given. */
  readonly user?: string;
  /** `--identity`: file with a private key, and no others are looked for. */
  readonly identity?: string;
  /** `--jump`: hosts to go through, as `ssh -J` takes them: `[USER@]HOST[:PORT]`, separated by commas, or `none`. */
  readonly jump?: string;
  /** `--known-hosts`: instead of `~/.ssh/known_hosts`. */
  readonly knownHosts?: string;
}

/** One host on the way, and how to log in to it. */
export interface Login {
  /** As the user gave it: what messages call it. */
  readonly name: string;
  /** Name or address to connect to. */
  readonly address: string;
  readonly port: number;
  readonly user: string;
  /** What known_hosts calls it: as with ssh the name to connect to, or a HostKeyAlias, which has no port. */
  readonly knownAs: { readonly host: string; readonly port: number };
  readonly identityFiles: readonly IdentityFile[];
  /** Path of the agent's socket. */
  readonly agent: string | undefined;
  /** The agent is asked only when no identity file can be used, and only for the keys of these files. */
  readonly identitiesOnly: boolean;
  /** The user's; new keys go into the first. */
  readonly knownHostsFiles: readonly string[];
  /** The machine's, which are only read. */
  readonly globalKnownHostsFiles: readonly string[];
  /** A list of keys that no host is believed with, whatever else speaks for them; see `isRevoked`. */
  readonly revokedHostKeysFile?: string;
  /** Text of the private key that the stack has made for it; tried before all others. A secret. */
  readonly generatedKey?: string | undefined;
  /**
   * Text of the first private key that had to be written anew, because not every OpenSSH reads its file: `eks ssh` gives
   * it to that. A secret.
   */
  readonly convertedKey?: string;
  /** Texts of private keys that ssh2 can use. */
  readonly identities: readonly string[];
  /** The keys, in SSH's wire format, that the agent is asked for; all that it has when not given. */
  readonly agentKeys?: readonly Buffer[];
}

/** A host whose keys have not been read yet. */
type Destination = Omit<Login, "identities" | "agentKeys" | "convertedKey">;

/** A file that may hold a private key, and who says so: only what the user named has to be there. */
export interface IdentityFile {
  readonly path: string;
  readonly from: "option" | "remembered" | "config" | "default";
}

/** The way to the bastion. */
export interface SshSettings {
  readonly target: Login;
  /** Hosts to go through, the nearest first. */
  readonly hops: readonly Login[];
  /** What the user may want to know about how this came about. */
  readonly notes: readonly string[];
}

/** What of a handover says how to log in. */
export type HandoverWay = StackName & Pick<Handover, "bastion_address" | "bastion_user" | "ssh_private_key">;

const DEFAULT_IDENTITIES = ["~/.ssh/id_ed25519", "~/.ssh/id_ecdsa", "~/.ssh/id_rsa"];
const DEFAULT_KNOWN_HOSTS = ["~/.ssh/known_hosts", "~/.ssh/known_hosts2"];
const GLOBAL_KNOWN_HOSTS = ["/etc/ssh/ssh_known_hosts", "/etc/ssh/ssh_known_hosts2"];

/**
 * Looks at what is wrong with the values of `--jump` and `--identity` whatever the bastion is. An encrypted key is not:
 * an agent may have it.
 *
 * @throws UserError when a value is malformed, or a file holds no private key that can be used
 */
export function checkSettings({ jump, identity }: Pick<SettingsOptions, "jump" | "identity">): void {
  if (jump !== undefined) readJump(jump, "--jump");
  if (identity === undefined) return;
  const machine = thisMachine();
  const path = home(identity, machine);
  const { problem, isEncrypted } = readKey(path, machine);
  if (problem !== undefined && !isEncrypted) throw badIdentity(path, problem);
}

/**
 * Finds the way to the bastion, and the keys for it: the command line comes first, then the handover, then the ssh
 * configuration under the name that was given. A key that the stack has made, and the file that was used last for it,
 * count unless `--identity` names another.
 * The configuration's `User` counts for the hosts between only: many files have one for every host, and the bastion's
 * user is the handover's.
 *
 * @param options as the command line's reader has judged them
 * @throws UserError when `--jump` is malformed, a file cannot be used, or the hosts between form a loop
 * @throws NoKeyError
 */
export function readSshSettings(
  options: SettingsOptions,
  handover: HandoverWay,
  machine: Machine = thisMachine(),
): SshSettings {
  const notes = new Set<string>();
  const note = (text: string) => notes.add(text);
  const lookUp = (query: ConfigQuery): HostConfig => {
    const found = readHostConfig(query, machine, note);
    if (found("proxycommand").length > 0) {
      note(
        `the ssh configuration has a ProxyCommand for ${query.host}, which is not run; --jump HOST goes through a host`,
      );
    }
    return found;
  };

  const { host = handover.bastion_address, user = handover.bastion_user, port } = options;
  const found = lookUp({ host, user, port });
  const usual = destination({ host, user, port }, found, options, machine, note);
  const last = options.identity === undefined ? lastIdentity(handover, machine) : undefined;
  const remembered: readonly IdentityFile[] = last === undefined ? [] : [{ path: last, from: "remembered" }];
  const target = { ...usual, identityFiles: [...remembered, ...usual.identityFiles] };

  const hop = (spec: ConfigQuery, found: HostConfig): Destination => {
    const user = spec.user ?? found("user")[0] ?? machine.user;
    const own = destination({ ...spec, user }, found, options, machine, note);
    return own.identityFiles.some(({ from }) => from === "config")
      ? own
      : { ...own, identityFiles: target.identityFiles };
  };
  const hopsOf = (specs: readonly ConfigQuery[], seen: readonly string[]): Destination[] => {
    const [first, ...others] = specs;
    if (first === undefined) return [];
    // With its port: tunnels end at one address on many.
    const way = [...seen, first.port === undefined ? first.host : `${first.host}:${String(first.port)}`];
    if (new Set(way).size < way.length) {
      throw new UserError(`the way to ${host} is a loop: ${way.join(" goes through ")}`);
    }
    const found = lookUp(first);
    return [
      // As with ssh: only to the nearest one there may be hosts that nobody named.
      ...hopsOf(configuredJump(found), way),
      hop(first, found),
      ...others.map((spec) => hop(spec, lookUp(spec))),
    ];
  };
  const specs = options.jump === undefined ? configuredJump(found) : readJump(options.jump, "--jump");
  const generatedKey = options.identity === undefined ? handover.ssh_private_key : undefined;
  const withKeys = (to: Destination): Login => ({ ...to, ...readKeys(to, machine, note) });
  return {
    hops: hopsOf(specs, [host]).map(withKeys),
    target: withKeys({ ...target, generatedKey }),
    notes: [...notes],
  };
}

function configuredJump(config: HostConfig): ConfigQuery[] {
  return config("proxyjump").flatMap((text) => readJump(text, "ProxyJump"));
}

/** As ssh has it: a slash ends a URI only, and no name begins like an option or has what a shell takes for more. */
const HOP = new RegExp(
  [
    /^(?:ssh:\/\/(?=[^/]*\/?$)|(?=[^/]*$))/,
    /(?:(?!-)([^@\s'"`;&<>|(){}]+)@)?/,
    /(?:\[([\w.:%-]+)\]|(?!-)([\w.%-]+))/,
    /(?::0*(\d{1,5}))?\/?$/,
  ]
    .map(({ source }) => source)
    .join(""),
);

/** Reads `[USER@]HOST[:PORT],…`, the nearest first. */
function readJump(text: string, source: string): ConfigQuery[] {
  if (text.toLowerCase() === "none") return [];
  return text.split(",").map((part) => {
    const [, user, bracketed, host = bracketed, digits] = HOP.exec(part.trim()) ?? [];
    const port = digits === undefined ? undefined : Number(digits);
    const isPort = port === undefined || (port >= 1 && port <= 65535);
    if (host !== undefined && isPort) return { host, user, port };
    throw new UserError(
      `${source} must be [USER@]HOST[:PORT], several separated by commas, an IPv6 address in brackets, a port from 1 ` +
        `to 65535, or none, got ${JSON.stringify(text)}`,
    );
  });
}

function destination(
  { host: name, user, port: given }: ConfigQuery & { readonly user: string },
  config: HostConfig,
  options: SettingsOptions,
  machine: Machine,
  note: (text: string) => unknown,
): Destination {
  const [address = name] = config("hostname");
  const [port = 22] = given === undefined ? config("port").map(Number) : [given];
  const [alias] = config("hostkeyalias");
  const path = (text: string): string =>
    expand(text, machine, { h: address, n: name, p: String(port), r: user, k: alias ?? name });
  const paths = (texts: readonly string[]): readonly string[] =>
    texts.flatMap((text) => (text.toLowerCase() === "none" ? [] : [path(text)]));
  // One that nobody can name is one key less; a list of host keys less could let somebody in.
  const isNamed = (identity: string): boolean => {
    try {
      path(identity);
      return true;
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      note(`IdentityFile ${identity} is passed over: ${error.message}`);
      return false;
    }
  };
  // The client prints several files in one line, without the quotes that a blank in a name needs.
  const filesIn = (keyword: string, unless: readonly string[]): readonly string[] => {
    const set = config(keyword).flatMap((line) => line.split(/ +(?=[~/$%])/));
    return paths(set.length > 0 ? set : unless);
  };

  const identityFiles = (from: IdentityFile["from"], files: readonly string[]) => files.map((path) => ({ path, from }));
  const named = config("identityfile");
  const usual = () =>
    named.length > 0
      ? identityFiles("config", paths(named.filter(isNamed)))
      : identityFiles("default", paths(DEFAULT_IDENTITIES));
  const [revokedHostKeysFile] = paths(config("revokedhostkeys"));
  const { identity, knownHosts } = options;
  return {
    name,
    address,
    port,
    user,
    knownAs: alias === undefined ? { host: address, port } : { host: alias, port: 22 },
    identityFiles: identity === undefined ? usual() : identityFiles("option", [home(identity, machine)]),
    agent: agentSocket(config, path, machine),
    identitiesOnly: config("identitiesonly")[0] === "yes",
    knownHostsFiles:
      knownHosts === undefined ? filesIn("userknownhostsfile", DEFAULT_KNOWN_HOSTS) : [home(knownHosts, machine)],
    globalKnownHostsFiles: filesIn("globalknownhostsfile", GLOBAL_KNOWN_HOSTS),
    ...(revokedHostKeysFile !== undefined && { revokedHostKeysFile }),
  };
}

/** `IdentityAgent`, in its forms: a path, `none`, `SSH_AUTH_SOCK` or `$NAME`; otherwise what SSH_AUTH_SOCK holds. */
function agentSocket(config: HostConfig, path: (text: string) => string, machine: Machine): string | undefined {
  const [named = "SSH_AUTH_SOCK"] = config("identityagent");
  if (named.toLowerCase() === "none") return undefined;
  const variable = named === "SSH_AUTH_SOCK" ? named : /^\$(\w+)$/.exec(named)?.[1];
  const socket = variable === undefined ? path(named) : machine.environment[variable];
  return socket === "" ? undefined : socket;
}

function home(path: string, machine: Machine): string {
  return /^~(?=\/|$)/.test(path) ? join(machine.home, path.slice(1)) : path;
}

/**
 * A path of the ssh configuration, whose `%` and `${}` stand for something.
 *
 * @see https://man.openbsd.org/ssh_config.5#TOKENS
 */
function expand(path: string, machine: Machine, of: Readonly<Record<string, string>>): string {
  const tokens: Readonly<Record<string, string | undefined>> = {
    ...of,
    "%": "%",
    d: machine.home,
    u: machine.user,
    i: machine.uid === undefined ? undefined : String(machine.uid),
    l: hostname(),
    L: hostname().split(".", 1)[0],
  };
  return home(path, machine).replace(/%(.)|\$\{(\w+)\}/g, (whole, token?: string, variable?: string) => {
    const value = token === undefined ? machine.environment[variable ?? ""] : tokens[token];
    if (value !== undefined) return value;
    throw new UserError(`the ssh configuration has ${JSON.stringify(path)}: it is not known here what ${whole} is`);
  });
}

/** There is nothing to log in with: what can be done without the bastion still can. */
export class NoKeyError extends UserError {
  override readonly name = "NoKeyError";

  /** @param notes why what there is cannot be used */
  constructor(
    what: string,
    readonly lookedAt: string,
    readonly notes: readonly string[],
    cure = "give the private half of the instance's key pair with --identity FILE, or start an agent and ssh-add FILE",
  ) {
    super([`${what}: looked at ${lookedAt}`, ...notes, cure].join("\n  "));
  }
}

/** An address that nobody has, and that no name server is asked for: of a bastion that is not there yet. */
const NOT_YET = "192.0.2.1";

/**
 * Looks whether there will be a key to log in with, before there is a bastion. From then on the key pair's file is
 * tried for this stack, where it is saved as the EC2 console does: `~/.ssh/NAME.pem`.
 *
 * @param stack as its handover will say
 * @param keyPair name of the EC2 key pair that the bastion will let in
 * @throws UserError for what is wrong with an option
 * @throws NoKeyError
 */
export async function requireKey(
  options: SettingsOptions,
  stack: StackName & Pick<Handover, "bastion_user">,
  keyPair: string,
  machine: Machine = thisMachine(),
): Promise<void> {
  const saved = join(machine.home, ".ssh", `${keyPair}.pem`);
  const isTried = options.identity === undefined && !keyPair.includes("/");
  const last = lastIdentity(stack, machine);
  if (isTried && existsSync(saved) && (last === undefined || !existsSync(last)))
    rememberIdentity(stack, saved, machine);

  const lack = await lackOfKey(options, { ...stack, bastion_address: NOT_YET }, machine);
  if (lack === undefined) return;
  const first = isTried && !existsSync(saved) ? `${saved}, ` : "";
  const save = isTried ? `, save it as ${saved} with mode 600` : "";
  throw new NoKeyError(
    "there is no key to set the bastion up with, so that nothing was made",
    `${first}${lack.lookedAt}`,
    lack.notes,
    `give the private half of the key pair ${keyPair} (kubectl_ec2_keypair) with -- --identity FILE${save}, or start ` +
      "an agent and ssh-add FILE",
  );
}

/** Why there is no key for a bastion, as far as that can be known of one that has no address yet. */
async function lackOfKey(
  options: SettingsOptions,
  handover: HandoverWay,
  machine: Machine,
): Promise<Pick<NoKeyError, "lookedAt" | "notes"> | undefined> {
  let found: SshSettings;
  try {
    found = readSshSettings(options, handover, machine);
  } catch (error) {
    if (!(error instanceof NoKeyError)) throw error;
    return mayBeConfigured(machine) ? undefined : error;
  }
  const { identities, agent, identityFiles } = found.target;
  if (identities.length > 0 || agent === undefined) return undefined;
  const keys = await keysIn(agent);
  if ((keys ?? 0) > 0 || mayBeConfigured(machine)) return undefined;
  const tried = identityFiles.map(({ path }) => path).join(", ");
  const which = keys === undefined ? "which does not answer" : "which has none";
  return { lookedAt: `${tried}, and the agent at ${agent}, ${which}`, notes: found.notes };
}

/** Whether the ssh configuration says of some hosts how to log in: the bastion's address may be one of them. */
function mayBeConfigured({ home: folder }: Machine): boolean {
  const file = join(folder, ".ssh", "config");
  return existsSync(file) && /^\s*(IdentityFile|IdentityAgent|Include|Match)\b/im.test(readFileSync(file, "utf8"));
}

/** In ms. */
const AGENT_PATIENCE = 10_000;

/** How many keys an agent has; undefined when it does not say. */
function keysIn(socket: string): Promise<number | undefined> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, AGENT_PATIENCE, undefined);
    new OpenSSHAgent(socket).getIdentities((_, keys) => {
      clearTimeout(timer);
      resolve(keys?.length);
    });
  });
}

/** What there is to log in with. @throws NoKeyError */
function readKeys(to: Destination, machine: Machine, note: (text: string) => unknown) {
  const { identityFiles, identitiesOnly, generatedKey } = to;
  const notes: string[] = [];
  const hasAgent = to.agent !== undefined && existsSync(to.agent);
  if (to.agent !== undefined && !hasAgent) notes.push(`there is no agent: its socket ${to.agent} does not exist`);
  const identities: string[] = generatedKey === undefined ? [] : [checkedKey(generatedKey)];
  let convertedKey: string | undefined;
  for (const { path, from } of identityFiles) {
    if (from !== "option" && !existsSync(path)) {
      if (from === "remembered") notes.push(`${path}, which was used last for this stack, is there no longer`);
      continue;
    }
    const { text, problem, isEncrypted, isConverted } = readKey(path, machine);
    // An encrypted key is what agents are for.
    const isAgents = isEncrypted && hasAgent;
    if (problem === undefined) {
      identities.push(text);
      if (isConverted) convertedKey ??= text;
    } else if (from === "option" && !isAgents) throw badIdentity(path, problem);
    else {
      const why = isAgents ? `is encrypted; the agent is asked, which has it after ${shell`ssh-add ${path}`}` : problem;
      notes.push(`${path} is not used: it ${why}`);
    }
  }
  const agent = hasAgent && !(identitiesOnly && identities.length > 0) ? to.agent : undefined;
  if (identities.length === 0 && agent === undefined) {
    const tried = identityFiles.map(({ path }) => path).join(", ") || "no file";
    throw new NoKeyError(`there is no key to log in to ${to.name} with`, `${tried}, and there is no agent`, notes);
  }
  notes.forEach(note);
  const agentKeys = agent === undefined || !identitiesOnly ? [] : identityFiles.flatMap(publicHalf);
  // A key of which only the encrypted half is there may be any of the agent's.
  return {
    identities,
    agent,
    ...(agentKeys.length > 0 && { agentKeys }),
    ...(convertedKey !== undefined && { convertedKey }),
  };
}

/** @throws UserError when the stack's own key is none, without a character of it */
function checkedKey(generated: string): string {
  const text = inSshForm(generated);
  const parsed = utils.parseKey(text);
  if (!(parsed instanceof Error) && parsed.isPrivateKey()) return text;
  throw new UserError(
    "the output ssh_private_key is no private key in OpenSSH's or PEM form: has the file with the outputs been changed? " +
      `\`${terraformCommand()} output -json\` writes it anew, --identity FILE takes another key`,
  );
}

function badIdentity(path: string, problem: string): UserError {
  return new UserError(`${path} cannot be used as --identity: it ${problem}`);
}

/** The public key in a file, or in the one beside it: agents on other machines leave no more than that. */
function publicHalf({ path }: IdentityFile): Buffer[] {
  return [path, `${path}.pub`].flatMap((file) => {
    try {
      const parsed = utils.parseKey(readFileSync(file));
      return parsed instanceof Error ? [] : [parsed.getPublicSSH()];
    } catch {
      // Not there, or for others: what cannot be read names no key.
      return [];
    }
  });
}

/** A file with a private key. */
interface Key {
  readonly text: string;
  /** What keeps it from being used, as the end of a sentence that begins with the file. */
  readonly problem?: string;
  readonly isEncrypted: boolean;
  /** Whether the text is another one than the file's. */
  readonly isConverted: boolean;
}

function readKey(path: string, machine: Machine): Key {
  const unusable = (problem: string, isEncrypted = false): Key => ({
    text: "",
    problem,
    isEncrypted,
    isConverted: false,
  });
  let written: string;
  let mode: number;
  try {
    const status = statSync(path);
    // As with ssh the modes count for one's own files: others' are handed out by an administrator, or a mounted secret.
    mode = status.uid === machine.uid ? status.mode & 0o777 : 0;
    written = readFileSync(path, "utf8");
  } catch (cause) {
    return unusable(`cannot be read: ${(cause as Error).message}`);
  }
  const text = inSshForm(written);
  const parsed = utils.parseKey(text);
  const isPkcs8 = text.includes("BEGIN ENCRYPTED PRIVATE KEY");
  const isEncrypted = parsed instanceof Error && (/encrypted/i.test(parsed.message) || isPkcs8);
  if (parsed instanceof Error && !isEncrypted) {
    // A key that is whole is of a type or a curve that SSH does not have, as ed448.
    const cure = text.includes("BEGIN PRIVATE KEY") ? "; ssh-keygen -t ed25519 makes one that can be used" : "";
    return unusable(`is no private key in OpenSSH's or PEM form (${parsed.message})${cure}`);
  }
  if (!(parsed instanceof Error) && !parsed.isPrivateKey()) {
    return unusable("is a public key; the private one is most often the file of the same name without .pub");
  }
  // A key that others can read is no secret: on a machine that many share anybody could have copied it. ssh refuses
  // too.
  if ((mode & 0o077) !== 0) {
    return unusable(`can be read by others (mode ${mode.toString(8).padStart(4, "0")}): ${shell`chmod 600 ${path}`}`);
  }
  if (!isEncrypted) return { text, isEncrypted, isConverted: text !== written };
  // OpenSSH's agent takes few keys in this form.
  const other = isPkcs8
    ? ` (or ${shell`openssl pkey -in ${path} -out FILE`}, which writes it without its passphrase)`
    : "";
  const add = shell`eval "$(ssh-agent)" && ssh-add ${path}`;
  return unusable(`is encrypted, and only an agent can use it: ${add}${other}`, true);
}
