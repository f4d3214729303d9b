import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

import { divided, sshConfig, withKeyFile } from "../../cli/ssh";

describe("the words of eks ssh", () => {
  it.each<[string, string[], string[], string[]]>([
    ["nothing", [], [], []],
    ["a command alone", ["uptime", "-p"], [], ["uptime", "-p"]],
    ["options alone", ["--host", "h", "--accept-new-host-key"], ["--host", "h", "--accept-new-host-key"], []],
    [
      "both",
      ["--port", "22", "--accept-new-host-key", "ls", "-l"],
      ["--port", "22", "--accept-new-host-key"],
      ["ls", "-l"],
    ],
    ["a value after =", ["--port=22", "ls"], ["--port=22"], ["ls"]],
    ["a second --", ["--port", "22", "--", "--version"], ["--port", "22"], ["--version"]],
    ["a misspelt option, which is the option reader's to refuse", ["--prot", "22"], ["--prot"], ["22"]],
    ["an option without its value", ["--port"], ["--port"], []],
  ])("are divided: %s", (_, words, options, command) => {
    expect(divided(words)).toEqual({ options, command });
  });
});

describe("the configuration of the ssh client", () => {
  const host = (alias: string) => ({
    alias,
    address: "203.0.113.1",
    port: 22,
    user: "ubuntu",
    identityFiles: [],
    agent: undefined,
    identitiesOnly: false,
    key: Buffer.alloc(0),
  });

  it("leads through every host before, takes one file's keys, and asks nobody else", () => {
    const identityFiles = [{ path: "/home/me/50% done/key.pem", from: "option" as const }];
    const way = [host("eks-hop-1"), { ...host("eks-bastion"), port: 2222, identityFiles, agent: "/run/agent" }];

    expect(sshConfig(way, '/home/a "b"/known_hosts')).toBe(`Host eks-hop-1
  HostName "203.0.113.1"
  HostKeyAlias eks-hop-1
  Port 22
  User "ubuntu"
  IdentityAgent none
  ProxyJump none

Host eks-bastion
  HostName "203.0.113.1"
  HostKeyAlias eks-bastion
  Port 2222
  User "ubuntu"
  IdentityFile "/home/me/50%% done/key.pem"
  IdentitiesOnly yes
  IdentityAgent "/run/agent"
  ProxyJump eks-hop-1

Host *
  StrictHostKeyChecking yes
  UserKnownHostsFile "/home/a \\"b\\"/known_hosts"
  GlobalKnownHostsFile /dev/null
  UpdateHostKeys no
  VerifyHostKeyDNS no
  ControlPath none
`);
  });

  it("looks for other keys beside one that is only remembered", () => {
    const identityFiles = [
      { path: "/last.pem", from: "remembered" as const },
      { path: "/home/me/.ssh/id_ed25519", from: "default" as const },
    ];

    const text = sshConfig([{ ...host("eks-bastion"), identityFiles }], "/known");

    expect(text).toContain('  IdentityFile "/last.pem"\n  IdentityFile "/home/me/.ssh/id_ed25519"\n');
    expect(text).not.toContain("IdentitiesOnly");
  });
});

describe("the file of a key that OpenSSH's client needs", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "eks-test-key-"));
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
  });

  it("is for nobody else, and gone afterwards", async () => {
    const result = await withKeyFile("the key\n", folder, (file = "") => {
      expect(dirname(file)).toBe(folder);
      expect(readFileSync(file, "utf8")).toBe("the key\n");
      expect(statSync(file).mode & 0o777).toBe(0o600);
      return Promise.resolve(7);
    });

    expect(result).toBe(7);
    expect(readdirSync(folder)).toEqual([]);
  });

  it("is gone after a failure as well", async () => {
    const failing = withKeyFile("the key\n", folder, () => Promise.reject(new Error("no ssh")));

    await expect(failing).rejects.toThrow("no ssh");
    expect(readdirSync(folder)).toEqual([]);
  });

  it("is not there without a key", async () => {
    expect(await withKeyFile(undefined, folder, (file) => Promise.resolve(file))).toBeUndefined();
  });
});
