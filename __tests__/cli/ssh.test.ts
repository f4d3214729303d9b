import { divided, sshConfig } from "../../cli/ssh";

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
});
