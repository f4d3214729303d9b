import { sessionScript, sshdConfig, type SshdConfig } from "../../../rehearsal/bastion/sshd";

const CONFIG: SshdConfig = {
  port: 2222,
  user: "ubuntu",
  maxSessions: 3,
  hostKeyFile: "/a folder/host_key",
  authorizedKeysFile: "/a folder/user_key.pub",
  sessionFile: "/a folder/session",
  home: "/a folder/home",
  hasPenalties: false,
};

describe("sshd's configuration", () => {
  it("lets one user in with one key, from this machine, and names every file in full", () => {
    expect(sshdConfig(CONFIG)).toBe(`ListenAddress 127.0.0.1
Port 2222
HostKey "/a folder/host_key"
AuthorizedKeysFile "/a folder/user_key.pub"
AllowUsers ubuntu
AuthenticationMethods publickey
PasswordAuthentication no
PermitRootLogin prohibit-password
UsePAM no
UseDNS no
StrictModes no
PidFile none
PermitTTY no
AllowAgentForwarding no
PermitUserRC no
MaxSessions 3
MaxStartups 100
SetEnv "HOME=/a folder/home"
ForceCommand exec /bin/sh '/a folder/session'
`);
  });

  it("has no penalties for this machine's address where sshd would have them", () => {
    expect(sshdConfig({ ...CONFIG, hasPenalties: true })).toContain("\nPerSourcePenalties no\n");
  });

  it.each(['/a"b', "/a'b", "/a\\b", "/%h", "/a\nb"])("refuses the path %j", (home) => {
    expect(() => sshdConfig({ ...CONFIG, home })).toThrow(
      `sshd takes no path with a quote, a backslash, a percent sign or a line break, got ${home}`,
    );
  });
});

describe("the script that takes a session over", () => {
  it("quotes the environment", () => {
    expect(sessionScript("/bin/sh", { PATH: "/usr/bin", NOTE: "it's $HOME" })).toMatch(
      /^export PATH=\/usr\/bin\nexport NOTE='it'\\''s \$HOME'\ncd "\$HOME" \|\| exit\n/,
    );
  });

  it("gives the command to the login shell, as it was sent", () => {
    expect(sessionScript("/opt/my shell/fish", {})).toBe(`cd "$HOME" || exit
if [ -z "\${SSH_ORIGINAL_COMMAND+given}" ]; then exec /bin/sh; fi
set -- "$SSH_ORIGINAL_COMMAND"
unset SSH_ORIGINAL_COMMAND
exec '/opt/my shell/fish' -c "$1"
`);
  });

  it("refuses a name that is none", () => {
    expect(() => sessionScript("/bin/sh", { "A;B": "" })).toThrow('"A;B" is no name of an environment variable');
  });

  it("takes HOME from one place", () => {
    expect(() => sessionScript("/bin/sh", { HOME: "/root" })).toThrow("HOME is said by `home`, not by `environment`");
  });
});
