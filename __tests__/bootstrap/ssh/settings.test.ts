import { createPublicKey, generateKeyPairSync, type KeyObject } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { hostname, tmpdir, userInfo } from "node:os";
import { dirname, join } from "node:path";

import { utils } from "ssh2";

import { UserError } from "../../../contract/user-error";
import type { Machine } from "../../../bootstrap/ssh/config";
import { rememberIdentity } from "../../../bootstrap/ssh/last-identity";
import {
  NoKeyError,
  readSshSettings,
  requireKey,
  type Login,
  type SettingsOptions,
} from "../../../bootstrap/ssh/settings";
import { startSshAgent } from "../../support/ssh-agent";
import { keyPair, type KeyPair } from "../../support/ssh-server";

const STACK = { region: "ap-northeast-2", cluster_name: "demo", bastion_user: "ubuntu" };
const HANDOVER = { ...STACK, bastion_address: "203.0.113.9" };
const KEY = keyPair().private;
/** Of the account, which is what OpenSSH's client goes by. */
const ACCOUNT = userInfo();
/** With a space, and a key to log in with. */
const HOME = join(mkdtempSync(join(tmpdir(), "ssh-settings-")), "alice b");
const AGENT = join(HOME, "agent.sock");
const MACHINE: Machine = {
  home: HOME,
  user: ACCOUNT.username,
  uid: ACCOUNT.uid,
  environment: { SSH_AUTH_SOCK: AGENT, OTHER_SOCK: join(HOME, "other.sock"), KEYS: "/keys" },
};

/** A private key as `openssl genpkey` writes it. */
function pkcs8({ privateKey }: { privateKey: KeyObject }, encryption: { cipher?: string; passphrase?: string } = {}) {
  return privateKey.export({ type: "pkcs8", format: "pem", ...encryption }).toString();
}

function put(name: string, text: string, mode = 0o600): string {
  const path = join(HOME, name);
  writeFileSync(path, text);
  chmodSync(path, mode);
  return path;
}

beforeEach(() => {
  mkdirSync(join(HOME, ".ssh"), { recursive: true });
  for (const name of [".ssh/id_ed25519", "a.pem"]) put(name, KEY);
  for (const name of ["agent.sock", "other.sock"]) put(name, "");
});

afterEach(() => {
  rmSync(dirname(HOME), { recursive: true, force: true });
});

/** OpenSSH's own client reads the configuration. */
function settings(config: string, options: SettingsOptions = {}, machine = MACHINE) {
  put(".ssh/config", config);
  return readSshSettings(options, HANDOVER, machine);
}

/** What a destination looks like that nobody said anything about. */
const PLAIN: Login = {
  name: "203.0.113.9",
  address: "203.0.113.9",
  port: 22,
  user: "ubuntu",
  knownAs: { host: "203.0.113.9", port: 22 },
  identityFiles: ["id_ed25519", "id_ecdsa", "id_rsa"].map((it) => ({
    path: `${HOME}/.ssh/${it}`,
    from: "default",
  })),
  identities: [KEY],
  agent: AGENT,
  identitiesOnly: false,
  knownHostsFiles: [`${HOME}/.ssh/known_hosts`, `${HOME}/.ssh/known_hosts2`],
  globalKnownHostsFiles: ["/etc/ssh/ssh_known_hosts", "/etc/ssh/ssh_known_hosts2"],
};

const fromConfig = (...paths: string[]) => paths.map((path) => ({ path, from: "config" as const }));

describe("the way to the bastion", () => {
  it("is the handover's when nobody says anything else", () => {
    expect(settings("")).toEqual({ target: PLAIN, hops: [], notes: [] });
  });

  it.each<[string, string, SettingsOptions, Partial<Login>]>([
    ["leaves the user to the handover", "Host *\n User alice", {}, { user: "ubuntu" }],
    ["takes the user of the command line", "", { user: "ec2-user" }, { user: "ec2-user" }],
    [
      "takes a port for the address",
      "Host 203.0.113.*\n Port 2222",
      {},
      { port: 2222, knownAs: { host: "203.0.113.9", port: 2222 } },
    ],
    ["prefers the port of the command line", "Port 2222", { port: 2200 }, { port: 2200 }],
    [
      "looks up the name of the command line, and knows it by the name to connect to",
      "Host 203.0.113.9\n Port 1\nHost bastion\n HostName 198.51.100.7\n Port 2022",
      { host: "bastion" },
      { name: "bastion", address: "198.51.100.7", port: 2022, knownAs: { host: "198.51.100.7", port: 2022 } },
    ],
    ["takes the first value", "Host b*\n Port 1022\nHost *\n Port 2022", { host: "bastion" }, { port: 1022 }],
    ["leaves out what is negated", "Host b* !bastion\n Port 1022", { host: "bastion" }, { port: 22 }],
    ["takes one character for a ?", "Host web?\n Port 1022", { host: "web" }, { port: 22 }],
    [
      "takes keywords in any case and with =",
      "hOsT=bastion\n  pORT = 1022 # ours",
      { host: "bastion" },
      { port: 1022 },
    ],
    ["puts the name into HostName", "HostName %h.example.org", { host: "bastion" }, { address: "bastion.example.org" }],
    [
      "knows a host by its alias, without a port",
      "Port 2022\nHostKeyAlias eks",
      {},
      { knownAs: { host: "eks", port: 22 } },
    ],
    [
      "takes every IdentityFile that applies, and fills in what % and ~ stand for",
      'Host 203*\n IdentityFile "~/my keys/%r@%h"\nHost *\n IdentityFile %d/%u-%i.pem\n IdentityFile ${KEYS}/100%%\n IdentityFile none',
      {},
      {
        identityFiles: fromConfig(
          `${HOME}/my keys/ubuntu@203.0.113.9`,
          `${HOME}/${ACCOUNT.username}-${String(ACCOUNT.uid)}.pem`,
          "/keys/100%",
        ),
      },
    ],
    [
      "takes no others with --identity",
      "IdentityFile ~/x",
      { identity: "~/a.pem" },
      { identityFiles: [{ path: `${HOME}/a.pem`, from: "option" }] },
    ],
    ["takes no agent when told so", "IdentityAgent none", {}, { agent: undefined }],
    ["takes another agent", `IdentityAgent "${HOME}/other.sock"`, {}, { agent: `${HOME}/other.sock` }],
    ["takes the agent of a variable", "IdentityAgent $OTHER_SOCK", {}, { agent: `${HOME}/other.sock` }],
    ["takes the usual agent by its name", "IdentityAgent SSH_AUTH_SOCK", {}, { agent: AGENT }],
    ["takes true for yes", "IdentitiesOnly true", {}, { identitiesOnly: true, agent: undefined }],
    [
      "takes a blank after a backslash for one of the word",
      "IdentityFile /my\\ keys/a",
      {},
      { identityFiles: fromConfig("/my keys/a") },
    ],
    [
      "takes the name that was given for %k, unless there is an alias",
      "HostName 198.51.100.7\nUserKnownHostsFile /known/%k",
      { host: "bastion" },
      {
        name: "bastion",
        address: "198.51.100.7",
        knownAs: { host: "198.51.100.7", port: 22 },
        knownHostsFiles: ["/known/bastion"],
      },
    ],
    [
      "takes files of known hosts",
      'UserKnownHostsFile ~/a "~/b c"\nGlobalKnownHostsFile /g',
      {},
      { knownHostsFiles: [`${ACCOUNT.homedir}/a`, `${ACCOUNT.homedir}/b c`], globalKnownHostsFiles: ["/g"] },
    ],
    [
      "takes no known hosts",
      "UserKnownHostsFile none\nGlobalKnownHostsFile none",
      {},
      { knownHostsFiles: [], globalKnownHostsFiles: [] },
    ],
    [
      "prefers the known hosts of the command line",
      "UserKnownHostsFile ~/a",
      { knownHosts: "~/k" },
      { knownHostsFiles: [`${HOME}/k`] },
    ],
    ["matches the name to connect to", "Host b\n HostName in-b\nMatch host in-*\n Port 9", { host: "b" }, { port: 9 }],
    [
      "matches the name that was given",
      "Host b\n HostName in-b\nMatch originalhost b user ubuntu\n Port 9",
      { host: "b" },
      { port: 9 },
    ],
    [
      "matches not another user",
      `Match user alice\n Port 9\nMatch !user alice localuser ${ACCOUNT.username}\n Port 8`,
      {},
      { port: 8 },
    ],
    ["matches with a sign between", "Match host=203.0.113.*,x user=ubuntu\n Port 9", {}, { port: 9 }],
    ["matches in quotes", 'Match host="203.0.113.9"\n Port 9', {}, { port: 9 }],
    [
      "names this machine",
      "IdentityFile ~/%l",
      {},
      { identityFiles: [{ path: `${HOME}/${hostname()}`, from: "config" }] },
    ],
    [
      "has a list of revoked keys",
      "RevokedHostKeys ~/revoked-%h",
      {},
      { revokedHostKeysFile: `${HOME}/revoked-203.0.113.9` },
    ],
    ["has none", "RevokedHostKeys none", {}, {}],
    ["matches all", "Match all\n Port 9", {}, { port: 9 }],
  ])("%s", (_, config, options, expected) => {
    expect(settings(config, options).target).toMatchObject(expected);
  });

  it.each<[string, string, string | undefined, string[]]>([
    ["the command line", "", "eve@gate:2022", ["eve@gate:2022"]],
    [
      "the command line, with several",
      "",
      "a, root@[2001:db8::1]:22,ssh://c:23",
      [`${ACCOUNT.username}@a:22`, "root@2001:db8::1:22", `${ACCOUNT.username}@c:23`],
    ],
    ["the configuration", "Host 203*\n ProxyJump gate", undefined, [`${ACCOUNT.username}@gate:22`]],
    [
      "the command line before the configuration",
      "Host 203*\n ProxyJump gate",
      "other",
      [`${ACCOUNT.username}@other:22`],
    ],
    ["nobody, with none on the command line", "Host 203*\n ProxyJump gate", "none", []],
    ["nobody, with none in the configuration", "Host 203*\n ProxyJump none\nHost *\n ProxyJump gate", undefined, []],
    [
      "the configuration of the host between",
      "Host gate\n HostName g.example.org\n Port 2022\n User bob",
      "gate",
      ["bob@g.example.org:2022"],
    ],
    [
      "the hosts before the nearest",
      "Host gate\n ProxyJump door",
      "gate,inner",
      [`${ACCOUNT.username}@door:22`, `${ACCOUNT.username}@gate:22`, `${ACCOUNT.username}@inner:22`],
    ],
  ])("goes through the hosts of %s", (_, config, jump, expected) => {
    const { hops } = settings(config, jump === undefined ? {} : { jump });

    expect(hops.map(({ user, address, port }) => `${user}@${address}:${String(port)}`)).toEqual(expected);
  });

  it("offers a host between the bastion's identities, unless the configuration has some for it", () => {
    const config = "Host 203*\n IdentityFile /bastion\nHost gate\n IdentityFile /gate";

    const { hops } = settings(config, { jump: "gate,other" });

    expect(hops.map(({ identityFiles }) => identityFiles)).toEqual([fromConfig("/gate"), fromConfig("/bastion")]);
  });

  it("runs what Match exec says, as ssh does, but no ProxyCommand, and says so", () => {
    const ran = join(HOME, "ran");
    const config = `Match exec "touch '${ran}'"\n Port 9\nMatch exec false\n Port 8\n ProxyCommand no\nHost *\n `;

    const { target, notes } = settings(`${config}ProxyCommand touch '${ran}2'`);

    expect(target.port).toBe(9);
    expect(existsSync(ran)).toBe(true);
    expect(existsSync(`${ran}2`)).toBe(false);
    expect(notes).toEqual([
      "the ssh configuration has a ProxyCommand for 203.0.113.9, which is not run; --jump HOST goes through a host",
    ]);
  });

  it("goes on without the configuration where there is no client to read it, and says so", () => {
    const environment = { ...MACHINE.environment, PATH: "/nowhere" };

    const { target, notes } = settings("Port 9", {}, { ...MACHINE, environment });

    expect(target).toEqual(PLAIN);
    expect(notes).toEqual([
      `${HOME}/.ssh/config is not read, because there is no OpenSSH client (ssh) on PATH; ` +
        "the options of the command line count",
    ]);
  });

  it("reads no configuration that others may write to", () => {
    settings("Port 9");
    put(".ssh/config", "Port 9", 0o620);

    expect(() => readSshSettings({}, HANDOVER, MACHINE)).toThrow(
      `others may write to ${HOME}/.ssh/config, so ssh would not read it either: chown it, and chmod 600 '${HOME}/.ssh/config'`,
    );
  });

  it.each<[string, SettingsOptions, string, RegExp]>([
    ["a jump without a host", { jump: "eve@" }, "", /^--jump must be \[USER@]HOST\[:PORT].*got "eve@"$/],
    ["an empty jump", { jump: "a,,b" }, "", /^--jump must be/],
    ["a bare IPv6 jump", { jump: "2001:db8::1" }, "", /an IPv6 address in brackets/],
    [
      "a jump's port out of range",
      { jump: "a:65536" },
      "",
      /^--jump must be .* a port from 1 to 65535, or none, got "a:65536"$/,
    ],
    ["a malformed ProxyJump", {}, "ProxyJump eve@", /line 1: Invalid ProxyJump "eve@"$/],
    ["a port that is no decimal number", {}, "Port 0x10", /^ssh cannot use .*config for 203.0.113.9: .* line 1: Bad /],
    ["a second name", {}, "HostName a b", /line 1: keyword hostname extra arguments at end of line$/],
    [
      "a loop",
      { jump: "a" },
      "Host a\n ProxyJump b\nHost b\n ProxyJump a",
      /is a loop: 203.0.113.9 goes through a goes through b goes through a$/,
    ],
    [
      "a list of revoked keys that nobody can name",
      {},
      "RevokedHostKeys ~/%C",
      /"~\/%C": it is not known here what %C/,
    ],
    ["known hosts of a missing variable", {}, "UserKnownHostsFile ${NOWHERE}/x", /NOWHERE/],
    ["a keyword without an argument", {}, "Host *\n Port", /config line 2: no argument after keyword "port"$/],
    ["a quote that is not closed", {}, 'IdentityFile "x', /config line 1: invalid quotes$/],
    ["a keyword that ssh does not know", {}, "Prot 22", /config: line 1: Bad configuration option: prot$/],
  ])("fails for %s", (_, options, config, message) => {
    expect(() => settings(config, options)).toThrow(UserError);
    expect(() => settings(config, options)).toThrow(message);
  });
});

it.each([
  ["IdentityFile ~/%C", "%C"],
  ["IdentityFile ${NOWHERE}/x", "${NOWHERE}"],
])("passes over a key of the configuration that nobody can name, and says so: %s", (line, unknown) => {
  const { target, notes } = settings(`${line}\nIdentityFile ~/a.pem`);

  const [, file = ""] = line.split(" ");
  expect(target.identityFiles).toEqual([{ path: `${HOME}/a.pem`, from: "config" }]);
  expect(notes).toEqual([
    `IdentityFile ${file} is passed over: the ssh configuration has "${file}": it is not known here what ${unknown} is`,
  ]);
  expect(settings(line, { identity: join(HOME, "a.pem") }).target.identities).toEqual([KEY]);
});

describe("what there is to log in with", () => {
  const encrypted = utils.generateKeyPairSync("ed25519", {
    passphrase: "secret",
    cipher: "aes256-ctr",
    rounds: 1,
  }).private;

  beforeEach(() => {
    rmSync(join(HOME, ".ssh", "id_ed25519"));
  });

  function read(options: SettingsOptions = {}, agent?: string) {
    const environment = agent === undefined ? {} : { SSH_AUTH_SOCK: agent };
    return readSshSettings(options, HANDOVER, { ...MACHINE, environment });
  }

  it("takes the usual keys that are there", () => {
    put(".ssh/id_ed25519", KEY);

    const { target, notes } = read();

    expect(target.identities).toEqual([KEY]);
    expect(notes).toEqual([]);
  });

  it("reads what the configuration includes, by wildcards too, and goes on after it where it was", () => {
    const folder = `"${HOME}/.ssh/`;
    put(
      ".ssh/config",
      `Include ${folder}conf.d/*.conf"\nPort 2022\nHost 203*\n Include ${folder}inner"\n IdentityFile ~/after\n`,
    );
    mkdirSync(join(HOME, ".ssh", "conf.d"));
    put(".ssh/conf.d/b.conf", "Host 203*\n IdentityFile ~/b\nHost other\n");
    put(".ssh/conf.d/a.conf", "IdentityFile ~/a\n");
    put(".ssh/conf.d/not", "IdentityFile ~/not\n");
    put(".ssh/inner", "IdentityFile ~/inner\nHost other\n IdentityFile ~/other");
    for (const name of ["a", "b", "inner", "after"]) put(name, KEY);

    const { target } = read();

    expect(target.identityFiles.map(({ path }) => path.slice(HOME.length))).toEqual(["/a", "/b", "/inner", "/after"]);
    expect(target.port).toBe(2022);
  });

  it("fails for a configuration that includes itself", () => {
    put(".ssh/config", `Include "${HOME}/.ssh/config"`);

    expect(() => read()).toThrow(/: Too many recursive configuration includes$/);
  });

  it.each<[string, () => string, string]>([
    ["is not there", () => join(HOME, "nowhere"), "cannot be read: ENOENT"],
    [
      "is a public key",
      () => put("k", "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIMZxUZDZ1hQtqLlLkMzuwRbd1b/3Z3WVdQhRK2bXDbUE a\n"),
      "is a public key",
    ],
    [
      "is none",
      () => put("k", "hello\n", 0o644),
      "is no private key in OpenSSH's or PEM form (Unsupported key format)",
    ],
    ["others can read", () => put("k", KEY, 0o644), "can be read by others (mode 0644): chmod 600 "],
    [
      "is encrypted",
      () => put("k", encrypted),
      'is encrypted, and only an agent can use it: eval "$(ssh-agent)" && ssh-add ',
    ],
    [
      "is cut off",
      () => put("k", "-----BEGIN PRIVATE KEY-----\nMC4=\n-----END PRIVATE KEY-----\n"),
      "is no private key in OpenSSH's or PEM form (Unsupported key format); ssh-keygen -t ed25519 makes one",
    ],
    [
      "is of a type that SSH does not have",
      () => put("k", pkcs8(generateKeyPairSync("ed448"))),
      "is no private key in OpenSSH's or PEM form (Unsupported key format); ssh-keygen -t ed25519 makes one",
    ],
    [
      "is encrypted in PKCS#8",
      () => put("k", pkcs8(generateKeyPairSync("ed25519"), { cipher: "aes-256-cbc", passphrase: "secret" })),
      'is encrypted, and only an agent can use it: eval "$(ssh-agent)" && ssh-add ' +
        `'${HOME}/k' (or openssl pkey -in '${HOME}/k' -out FILE, which writes it without its passphrase)`,
    ],
  ])("fails for an --identity that %s", (_, make, message) => {
    const path = make();

    expect(() => read({ identity: path })).toThrow(UserError);
    expect(() => read({ identity: path })).toThrow(`${path} cannot be used as --identity: it ${message}`);
  });

  it.each([
    ["ssh-ed25519", () => generateKeyPairSync("ed25519")],
    ["ssh-rsa", () => generateKeyPairSync("rsa", { modulusLength: 2048 })],
    ["ecdsa-sha2-nistp384", () => generateKeyPairSync("ec", { namedCurve: "P-384" })],
  ])("writes a key in PKCS#8 anew: %s", (type, generate) => {
    const pair = generate();

    const { target } = read({ identity: put("k", pkcs8(pair)) });

    const [text = ""] = target.identities;
    const key = utils.parseKey(text);
    if (key instanceof Error) throw key;
    expect(key.type).toBe(type);
    expect(createPublicKey(key.getPublicPEM()).equals(pair.publicKey)).toBe(true);
    expect(target.convertedKey).toBe(text);
  });

  it("takes a key in PKCS#8 for the stack's own, too", () => {
    const generated = pkcs8(generateKeyPairSync("ed25519"));

    const { target } = readSshSettings({}, { ...HANDOVER, ssh_private_key: generated }, MACHINE);

    expect(target.identities[0]).toMatch(/^-----BEGIN OPENSSH PRIVATE KEY-----\n/);
    expect(target.convertedKey).toBeUndefined();
  });

  it("leaves an encrypted key to the agent", () => {
    const agent = put("agent", "");
    const path = put("k", encrypted);

    const { target, notes } = read({ identity: path }, agent);

    expect(target).toMatchObject({ identities: [], agent });
    expect(notes).toEqual([
      expect.stringMatching(/k is not used: it is encrypted; the agent is asked, which has it after ssh-add '.*k'$/),
    ]);
  });

  it("asks the agent after the keys, but not when the configuration wants the keys only", () => {
    const agent = put("agent", "");
    put(".ssh/id_rsa", KEY);

    expect(read({}, agent).target.agent).toBe(agent);
    put(".ssh/config", "IdentitiesOnly yes");
    expect(read({}, agent).target.agent).toBeUndefined();
  });

  it("asks the agent for the keys of the configuration alone when it wants no others", () => {
    const agent = put("agent", "");
    const [mine, beside] = [keyPair(), keyPair()];
    const line = ({ wire }: KeyPair) => `ssh-ed25519 ${wire.toString("base64")} alice\n`;
    put(".ssh/mine.pub", line(mine));
    put(".ssh/locked", encrypted);
    put(".ssh/locked.pub", line(beside));
    const files = "IdentityFile ~/.ssh/mine.pub\nIdentityFile ~/.ssh/locked\n";

    put(".ssh/config", `${files}IdentitiesOnly yes`);
    expect(read({}, agent).target.agentKeys).toEqual([mine.wire, beside.wire]);
    put(".ssh/config", files);
    expect(read({}, agent).target.agentKeys).toBeUndefined();
  });

  it("passes over usual keys that are of no use, and an agent that is gone, and says so", () => {
    put(".ssh/id_ed25519", encrypted);
    put(".ssh/id_rsa", KEY);

    const { target, notes } = read({}, join(HOME, "gone"));

    expect(target).toMatchObject({ identities: [KEY], agent: undefined });
    expect(notes).toEqual([
      `there is no agent: its socket ${HOME}/gone does not exist`,
      expect.stringContaining("id_ed25519 is not used: it is encrypted"),
    ]);
  });

  it("fails when there is nothing, with all it looked at", () => {
    put(".ssh/id_ed25519", KEY, 0o640);

    expect(() => read()).toThrow(
      new RegExp(
        `^there is no key to log in to 203.0.113.9 with: looked at ${HOME}/.ssh/id_ed25519, .*, and there is no agent\\n` +
          ".*id_ed25519 is not used: it can be read by others \\(mode 0640\\): chmod 600 .*\\n" +
          ".*--identity FILE, or start an agent and ssh-add FILE$",
      ),
    );
  });
});

describe("the key that was used last for a stack", () => {
  const remembers = { ...MACHINE, environment: {}, memory: join(HOME, "memory") };
  const read = (options: SettingsOptions = {}, stack = {}) =>
    readSshSettings(options, { ...HANDOVER, ...stack }, remembers);

  it("is tried before others, and never where one is named", () => {
    const last = put("last.pem", keyPair().private);
    rememberIdentity(STACK, last, remembers);

    expect(read().target.identities).toEqual([readFileSync(last, "utf8"), KEY]);
    expect(read({ identity: join(HOME, "a.pem") }).target.identities).toEqual([KEY]);
  });

  it.each([{ region: "us-east-1" }, { cluster_name: "other" }])("is of that stack alone, and not of %j", (stack) => {
    rememberIdentity(STACK, put("last.pem", keyPair().private), remembers);

    expect(read({}, stack).target.identities).toEqual([KEY]);
  });

  it("is remembered by its place alone, for its owner alone", () => {
    rememberIdentity(STACK, join(HOME, "a.pem"), remembers);

    const file = join(remembers.memory, "identity-ap-northeast-2-demo");
    expect(readFileSync(file, "utf8")).toBe(`${HOME}/a.pem\n`);
    expect([statSync(file).mode & 0o777, statSync(remembers.memory).mode & 0o777]).toEqual([0o600, 0o700]);
  });

  it("is passed over with a line when its file is gone", () => {
    rememberIdentity(STACK, join(HOME, "gone.pem"), remembers);

    const { target, notes } = read();

    expect(target.identities).toEqual([KEY]);
    expect(notes).toEqual([`${HOME}/gone.pem, which was used last for this stack, is there no longer`]);
  });
});

describe("a key for a bastion that is not there yet", () => {
  const alone = { ...MACHINE, environment: {}, memory: join(HOME, "memory") };
  const required = (options: SettingsOptions = {}, machine: Machine = alone, name = "workshop key") =>
    requireKey(options, STACK, name, machine);

  beforeEach(() => {
    rmSync(join(HOME, ".ssh", "id_ed25519"));
    mkdirSync(join(HOME, ".ssh"), { recursive: true });
  });

  it("is missing when there is none, and then it is said what was looked at and what to do", async () => {
    const saved = `${HOME}/.ssh/workshop key.pem`;

    await expect(required()).rejects.toMatchObject({
      name: "NoKeyError",
      exitCode: 1,
      message:
        `there is no key to set the bastion up with, so that nothing was made: looked at ${saved}, ` +
        `${HOME}/.ssh/id_ed25519, ${HOME}/.ssh/id_ecdsa, ${HOME}/.ssh/id_rsa, and there is no agent\n  ` +
        "give the private half of the key pair workshop key (kubectl_ec2_keypair) with -- --identity FILE, save it as " +
        `${saved} with mode 600, or start an agent and ssh-add FILE`,
    });
  });

  it.each<[string, () => SettingsOptions | undefined]>([
    ["a key of the usual name", () => void put(".ssh/id_rsa", KEY)],
    ["the file of the key pair", () => void put(".ssh/workshop key.pem", KEY)],
    [
      "the one that was used last",
      () => {
        rememberIdentity(STACK, join(HOME, "a.pem"), alone);
        return undefined;
      },
    ],
    ["one that is named", () => ({ identity: join(HOME, "a.pem") })],
    [
      "one that the ssh configuration may name for an address",
      () => void put(".ssh/config", "Host 203.*\n IdentityFile ~/x"),
    ],
  ])("is there: %s", async (_, make) => {
    const options = make();

    await expect(required(options)).resolves.toBeUndefined();
  });

  it("is remembered when it is the file of the key pair", async () => {
    put(".ssh/workshop key.pem", KEY);

    await required();

    expect(readSshSettings({}, HANDOVER, alone).target.identities).toEqual([KEY]);
  });

  it("is not the file of the key pair when others can read that", async () => {
    const saved = put(".ssh/workshop key.pem", KEY, 0o644);

    await expect(required()).rejects.toThrow(
      `${saved} is not used: it can be read by others (mode 0644): chmod 600 '${saved}'`,
    );
  });

  it("is none in a folder that the name of a key pair leads to", async () => {
    put("a.pem", KEY);

    await expect(required({}, alone, "../a")).rejects.toThrow(NoKeyError);
  });

  it.each([
    ["has one", 1, undefined],
    [
      "is empty",
      0,
      /^there is no key to set the bastion up with, .*: looked at .*, and the agent at .*agent.sock, which has none\n/,
    ],
  ])("may be an agent's, which %s", async (_, count, message) => {
    const agent = await startSshAgent(Array.from({ length: count }, () => keyPair()));
    try {
      const asked = required({}, { ...alone, environment: { SSH_AUTH_SOCK: agent.socket } });

      if (message === undefined) await expect(asked).resolves.toBeUndefined();
      else await expect(asked).rejects.toThrow(message);
    } finally {
      agent.stop();
    }
  });

  it("is none where the agent is gone, and the rest of what is wrong is said too", async () => {
    put(
      ".ssh/id_rsa",
      pkcs8(generateKeyPairSync("rsa", { modulusLength: 2048 }), { cipher: "aes-256-cbc", passphrase: "x" }),
    );

    await expect(required({}, { ...alone, environment: { SSH_AUTH_SOCK: AGENT } })).rejects.toThrow(
      new RegExp(
        `, and the agent at ${AGENT}, which does not answer\n` +
          ` {2}${HOME}/.ssh/id_rsa is not used: it is encrypted; the agent is asked, which has it after ssh-add '`,
      ),
    );
  });
});

describe("the ssh configuration for all users", () => {
  const global = join(HOME, "ssh_config");
  const read = (text: string, own = "") => {
    writeFileSync(global, text);
    return settings(own, {}, { ...MACHINE, globalConfig: global });
  };

  it.each([
    ["for every host", "RevokedHostKeys /etc/ssh/revoked", "", "/etc/ssh/revoked"],
    ["for this host", "Host 203.*\n  RevokedHostKeys /etc/ssh/%h", "", "/etc/ssh/203.0.113.9"],
    ["for another host", "Host 198.*\n  RevokedHostKeys /etc/ssh/revoked", "", undefined],
    ["beside the user's own list", "RevokedHostKeys /etc/ssh/revoked", "RevokedHostKeys ~/own", `${HOME}/own`],
    // The client does not tell that from nothing, and a list too many lets nobody in.
    ["also where the user wants none", "RevokedHostKeys /etc/ssh/revoked", "RevokedHostKeys none", "/etc/ssh/revoked"],
    ["in a file that it includes", `Include "${join(HOME, "more")}"`, "", "/etc/ssh/revoked"],
  ])("revokes keys %s", (_, text, own, expected) => {
    put("more", "RevokedHostKeys /etc/ssh/revoked\n");

    expect(read(text, own).target.revokedHostKeysFile).toBe(expected);
  });

  it("revokes keys for somebody who has no configuration", () => {
    writeFileSync(global, "RevokedHostKeys /etc/ssh/revoked");

    const { target } = readSshSettings({}, HANDOVER, { ...MACHINE, globalConfig: global });

    expect(target.revokedHostKeysFile).toBe("/etc/ssh/revoked");
  });

  it("says nothing else", () => {
    expect(read("Host *\n  Port 2222\n  User somebody\n  ProxyJump elsewhere\n  HostName other").target).toEqual(PLAIN);
  });

  it("ends the run when ssh cannot read it", () => {
    expect(() => read("RevokedHostKey x")).toThrow(`ssh cannot use ${global} for 203.0.113.9: `);
  });

  it("is not there on every machine", () => {
    const { target } = settings("", {}, { ...MACHINE, globalConfig: join(HOME, "missing") });

    expect(target.revokedHostKeysFile).toBeUndefined();
  });
});
