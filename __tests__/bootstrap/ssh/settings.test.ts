import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { utils } from "ssh2";

import { UserError } from "../../../contract/user-error";
import { parseSshConfig } from "../../../bootstrap/ssh/config";
import {
  readSshSettings,
  sshSettings,
  type Destination,
  type Machine,
  type SettingsOptions,
} from "../../../bootstrap/ssh/settings";
import { keyPair, type KeyPair } from "../../support/ssh-server";

const HANDOVER = { bastion_address: "203.0.113.9", bastion_user: "ubuntu" };
const MACHINE: Machine = {
  home: "/home/alice",
  user: "alice",
  uid: 1000,
  environment: { SSH_AUTH_SOCK: "/run/agent", OTHER_SOCK: "/run/other", KEYS: "/keys" },
};

function settings(config: string, options: SettingsOptions = {}, machine = MACHINE) {
  const lines = parseSshConfig(config, "~/.ssh/config", () => []);
  return sshSettings(options, HANDOVER, lines, machine);
}

/** What a destination looks like that nobody said anything about. */
const PLAIN: Destination = {
  name: "203.0.113.9",
  address: "203.0.113.9",
  port: 22,
  user: "ubuntu",
  knownAs: { host: "203.0.113.9", port: 22 },
  identityFiles: ["id_ed25519", "id_ecdsa", "id_rsa"].map((it) => ({
    path: `/home/alice/.ssh/${it}`,
    from: "default",
  })),
  agent: "/run/agent",
  identitiesOnly: false,
  knownHostsFiles: ["/home/alice/.ssh/known_hosts"],
  globalKnownHostsFiles: ["/etc/ssh/ssh_known_hosts", "/etc/ssh/ssh_known_hosts2"],
};

const fromConfig = (...paths: string[]) => paths.map((path) => ({ path, from: "config" as const }));

describe("the way to the bastion", () => {
  it("is the handover's when nobody says anything else", () => {
    expect(settings("")).toEqual({ target: PLAIN, hops: [], notes: [] });
  });

  it.each<[string, string, SettingsOptions, Partial<Destination>]>([
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
        identityFiles: fromConfig("/home/alice/my keys/ubuntu@203.0.113.9", "/home/alice/alice-1000.pem", "/keys/100%"),
      },
    ],
    [
      "takes no others with --identity",
      "IdentityFile ~/x",
      { identities: ["~/a.pem", "b.pem"] },
      {
        identityFiles: [
          { path: "/home/alice/a.pem", from: "option" },
          { path: "b.pem", from: "option" },
        ],
      },
    ],
    ["takes no agent when told so", "IdentityAgent none", {}, { agent: undefined }],
    [
      "takes another agent",
      'IdentityAgent "~/Group Containers/agent.sock"',
      {},
      { agent: "/home/alice/Group Containers/agent.sock" },
    ],
    ["takes the agent of a variable", "IdentityAgent $OTHER_SOCK", {}, { agent: "/run/other" }],
    ["takes the usual agent by its name", "IdentityAgent SSH_AUTH_SOCK", {}, { agent: "/run/agent" }],
    ["knows that the agent is second choice", "IdentitiesOnly yes", {}, { identitiesOnly: true }],
    ["takes true for yes", "IdentitiesOnly true", {}, { identitiesOnly: true }],
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
      { knownHostsFiles: ["/home/alice/a", "/home/alice/b c"], globalKnownHostsFiles: ["/g"] },
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
      { knownHosts: ["~/k"] },
      { knownHostsFiles: ["/home/alice/k"] },
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
      "Match user alice\n Port 9\nMatch !user alice localuser alice\n Port 8",
      {},
      { port: 8 },
    ],
    ["matches all", "Match all\n Port 9", {}, { port: 9 }],
    [
      "takes an IPv6 address in brackets",
      "",
      { host: "[2001:db8::1]" },
      { name: "2001:db8::1", address: "2001:db8::1" },
    ],
  ])("%s", (_, config, options, expected) => {
    expect(settings(config, options).target).toMatchObject(expected);
  });

  it.each<[string, string, string | undefined, string[]]>([
    ["the command line", "", "eve@gate:2022", ["eve@gate:2022"]],
    [
      "the command line, with several",
      "",
      "a, root@[2001:db8::1]:22,ssh://c:23",
      ["alice@a:22", "root@2001:db8::1:22", "alice@c:23"],
    ],
    ["the configuration", "Host 203*\n ProxyJump gate", undefined, ["alice@gate:22"]],
    ["the command line before the configuration", "Host 203*\n ProxyJump gate", "other", ["alice@other:22"]],
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
      ["alice@door:22", "alice@gate:22", "alice@inner:22"],
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

  it("executes nothing to read a configuration, and says what it left out", () => {
    const ran = join(tmpdir(), `executed-${String(process.pid)}`);

    const { target, notes } = settings(
      `Match exec "touch ${ran}"\n Port 9\nMatch host 203* exec "touch ${ran}"\n Port 9\n` +
        `Match host other exec "touch ${ran}"\n Port 9\nHost *\n CanonicalizeHostname yes\n ProxyCommand touch ${ran}`,
    );

    expect(target.port).toBe(22);
    expect(existsSync(ran)).toBe(false);
    expect(notes).toEqual([
      "line 1 of ~/.ssh/config is left out: Match exec is not looked at, and nothing is ever executed for it",
      "line 3 of ~/.ssh/config is left out: Match exec is not looked at, and nothing is ever executed for it",
      "the ssh configuration has a ProxyCommand for 203.0.113.9, which is not run; --jump HOST goes through a host",
    ]);
  });

  it.each<[string, SettingsOptions, string, RegExp]>([
    ["a jump without a host", { jump: "eve@" }, "", /^--jump must be \[USER@]HOST\[:PORT].*got "eve@"$/],
    ["an empty jump", { jump: "a,,b" }, "", /^--jump must be/],
    ["a bare IPv6 jump", { jump: "2001:db8::1" }, "", /an IPv6 address in brackets/],
    [
      "a jump's port out of range",
      { jump: "a:65536" },
      "",
      /^the port of --jump must be a number from 1 to 65535, got 65536$/,
    ],
    ["a malformed ProxyJump", {}, "ProxyJump a b", /^ProxyJump must be/],
    ["port 0", { port: 0 }, "", /^the port of --port must be a number from 1 to 65535, got 0$/],
    ["half a port", { port: 22.5 }, "", /got 22.5$/],
    ["a port that is no number", {}, "Port ssh", /^the port of the ssh configuration must be .* got NaN$/],
    [
      "a user in the host",
      { host: "ubuntu@b" },
      "",
      /^a host must be a name or an address without user and port, got "ubuntu@b"$/,
    ],
    [
      "a loop",
      { jump: "a" },
      "Host a\n ProxyJump b\nHost b\n ProxyJump a",
      /is a loop: 203.0.113.9 goes through a goes through b goes through a$/,
    ],
    ["an unknown token", {}, "IdentityFile ~/%C", /"~\/%C": it is not known here what %C is$/],
    ["a missing variable", {}, "IdentityFile ${NOWHERE}/x", /what \$\{NOWHERE} is$/],
    ["a keyword without an argument", {}, "Host *\n Port", /^line 2 of ~\/.ssh\/config: Port has no argument$/],
    ["a quote that is not closed", {}, 'IdentityFile "x', /^line 1 of ~\/.ssh\/config: a quote is not closed$/],
  ])("fails for %s", (_, options, config, message) => {
    expect(() => settings(config, options)).toThrow(UserError);
    expect(() => settings(config, options)).toThrow(message);
  });
});

describe("what there is to log in with", () => {
  const key = keyPair().private;
  const encrypted = utils.generateKeyPairSync("ed25519", {
    passphrase: "secret",
    cipher: "aes256-ctr",
    rounds: 1,
  }).private;
  let home: string;

  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), "ssh-settings-"));
    mkdirSync(join(home, ".ssh"));
  });

  afterEach(() => {
    rmSync(home, { recursive: true, force: true });
  });

  function file(name: string, text: string, mode = 0o600): string {
    const path = join(home, name);
    writeFileSync(path, text);
    chmodSync(path, mode);
    return path;
  }

  function read(options: SettingsOptions = {}, agent?: string) {
    const environment = agent === undefined ? {} : { SSH_AUTH_SOCK: agent };
    return readSshSettings(options, HANDOVER, { home, user: "alice", uid: process.getuid?.(), environment });
  }

  it("takes the usual keys that are there", () => {
    file(".ssh/id_ed25519", key);

    const { target, notes } = read();

    expect(target.identities).toEqual([key]);
    expect(notes).toEqual([]);
  });

  it("reads what the configuration includes, by wildcards too, and goes on after it where it was", () => {
    file(".ssh/config", "Include conf.d/*.conf\nPort 2022\nHost 203*\n Include inner\n IdentityFile ~/after\n");
    mkdirSync(join(home, ".ssh", "conf.d"));
    file(".ssh/conf.d/b.conf", "Host 203*\n IdentityFile ~/b\nHost other\n");
    file(".ssh/conf.d/a.conf", "IdentityFile ~/a\n");
    file(".ssh/conf.d/not", "IdentityFile ~/not\n");
    file(".ssh/inner", "IdentityFile ~/inner\nHost other\n IdentityFile ~/other");
    for (const name of ["a", "b", "inner", "after"]) file(name, key);

    const { target } = read();

    expect(target.identityFiles.map(({ path }) => path.slice(home.length))).toEqual(["/a", "/b", "/inner", "/after"]);
    expect(target.port).toBe(2022);
  });

  it("fails for a configuration that includes itself, or was named and is not there", () => {
    file(".ssh/config", "Include config");

    expect(() => read()).toThrow(/config includes too deep, perhaps itself$/);
    expect(() => read({ sshConfig: "~/nowhere" })).toThrow(/nowhere cannot be read: ENOENT/);
    file(".ssh/id_rsa", key);
    expect(read({ sshConfig: "none" }).target.identities).toHaveLength(1);
  });

  it.each<[string, () => string, string]>([
    ["is not there", () => join(home, "nowhere"), "cannot be read: ENOENT"],
    [
      "is a public key",
      () => file("k", "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIMZxUZDZ1hQtqLlLkMzuwRbd1b/3Z3WVdQhRK2bXDbUE a\n"),
      "is a public key",
    ],
    [
      "is none",
      () => file("k", "hello\n", 0o644),
      "is no private key in OpenSSH's or PEM form (Unsupported key format)",
    ],
    ["others can read", () => file("k", key, 0o644), "can be read by others (mode 0644): chmod 600 "],
    [
      "is encrypted",
      () => file("k", encrypted),
      'is encrypted, and only an agent can use it: eval "$(ssh-agent)" && ssh-add ',
    ],
    [
      "is in PKCS#8 form",
      () => file("k", "-----BEGIN PRIVATE KEY-----\nMC4=\n-----END PRIVATE KEY-----\n"),
      "is no private key in OpenSSH's or PEM form (Unsupported key format); ssh-keygen -p -f ",
    ],
  ])("fails for an --identity that %s", (_, make, message) => {
    const path = make();

    expect(() => read({ identities: [path] })).toThrow(UserError);
    expect(() => read({ identities: [path] })).toThrow(`${path} cannot be used as --identity: it ${message}`);
  });

  it("leaves an encrypted key to the agent", () => {
    const agent = file("agent", "");
    const path = file("k", encrypted);

    const { target, notes } = read({ identities: [path] }, agent);

    expect(target).toMatchObject({ identities: [], agent });
    expect(notes).toEqual([
      expect.stringMatching(/k is not used: it is encrypted; the agent is asked, which has it after ssh-add .*k$/),
    ]);
  });

  it("asks the agent after the keys, but not when the configuration wants the keys only", () => {
    const agent = file("agent", "");
    file(".ssh/id_rsa", key);

    expect(read({}, agent).target.agent).toBe(agent);
    file(".ssh/config", "IdentitiesOnly yes");
    expect(read({}, agent).target.agent).toBeUndefined();
  });

  it("asks the agent for the keys of the configuration alone when it wants no others", () => {
    const agent = file("agent", "");
    const [mine, beside] = [keyPair(), keyPair()];
    const line = ({ wire }: KeyPair) => `ssh-ed25519 ${wire.toString("base64")} alice\n`;
    file(".ssh/mine.pub", line(mine));
    file(".ssh/locked", encrypted);
    file(".ssh/locked.pub", line(beside));
    const files = "IdentityFile ~/.ssh/mine.pub\nIdentityFile ~/.ssh/locked\n";

    file(".ssh/config", `${files}IdentitiesOnly yes`);
    expect(read({}, agent).target.agentKeys).toEqual([mine.wire, beside.wire]);
    file(".ssh/config", files);
    expect(read({}, agent).target.agentKeys).toBeUndefined();
  });

  it("passes over usual keys that are of no use, and an agent that is gone, and says so", () => {
    file(".ssh/id_ed25519", encrypted);
    file(".ssh/id_rsa", key);

    const { target, notes } = read({}, join(home, "gone"));

    expect(target).toMatchObject({ identities: [key], agent: undefined });
    expect(notes).toEqual([
      `there is no agent: its socket ${home}/gone does not exist`,
      expect.stringContaining("id_ed25519 is not used: it is encrypted"),
    ]);
  });

  it("fails when there is nothing, with all it looked at", () => {
    file(".ssh/id_ed25519", key, 0o640);

    expect(() => read()).toThrow(
      new RegExp(
        `^there is no key to log in to 203.0.113.9 with: looked at ${home}/.ssh/id_ed25519, .*, and there is no agent\\n` +
          ".*id_ed25519 is not used: it can be read by others \\(mode 0640\\): chmod 600 .*\\n" +
          ".*--identity FILE, or start an agent and ssh-add FILE$",
      ),
    );
  });
});
