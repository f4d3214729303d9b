import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { onBastion } from "../../cli/on-bastion";
import type { LoginOptions, LoginServer } from "../../rehearsal/bastion/login";
import type { Host } from "../../bootstrap/engine/host";
import { startSshd } from "../../rehearsal/bastion/sshd";
import { startSshStandIn } from "../../rehearsal/bastion/ssh-stand-in";
import { Screen } from "../../terminal/screen";
import { findProgram } from "../../terraform/program";
import { HANDOVER } from "../support/handover";
import { describeOnHost } from "../support/on-host";

/** What a command is that no two shells read alike. */
const TRICKY = String.raw`printf '%s|' "it's" 'a!b' "\\" "$((1 + 1))" '$HOME'; cat; echo "말" >&2; exit 3`;
const ANSWER = { exitCode: 3, stdout: String.raw`it's|a!b|\|2|$HOME|input` + "\n", stderr: "말\n" };

const NOLOGIN = "#!/bin/sh\necho 'This account is currently not available.'\nexit 1\n";
/** Without the ten seconds that cloud-init has it wait. */
const CLOUD_INIT = `#!/bin/sh\necho 'Please login as the user "ubuntu" rather than the user "root".';echo;exit 142\n`;

type Start = (options: LoginOptions) => Promise<LoginServer>;

describeOnHost("a bastion whose login shell", () => {
  const here = process.cwd();
  let folder: string;
  const running: LoginServer[] = [];
  const screen = new Screen();

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "eks-test-shells-"));
    // Which key was used is remembered there.
    process.chdir(folder);
  });
  afterEach(async () => {
    process.chdir(here);
    for (const server of running.splice(0)) await server.stop();
    rmSync(folder, { recursive: true });
  });
  afterAll(() => {
    screen.end();
  });

  /** What comes of a command on a server whose login shell is a program, or the text of one. */
  async function answer(shell: string, startFile: string, start: Start = startSshd) {
    const home = join(folder, "home");
    mkdirSync(home);
    writeFileSync(join(home, ".bashrc"), startFile);
    const own = join(folder, "shell");
    if (shell.startsWith("#!")) {
      writeFileSync(own, shell);
      chmodSync(own, 0o755);
    }
    const server = await start({ folder: join(folder, "sshd"), home, shell: shell.startsWith("#!") ? own : shell });
    running.push(server);
    writeFileSync(join(folder, "known_hosts"), `${server.knownHostsLine}\n`);
    const way = [
      ...["--host", "127.0.0.1", "--port", String(server.port), "--user", server.user],
      ...["--identity", server.identityFile, "--known-hosts", join(folder, "known_hosts")],
    ];
    const work = (host: Host) => host.run({ text: TRICKY, input: "input\n" });
    return onBastion(HANDOVER, way, work, screen, new AbortController().signal);
  }

  it.each<readonly [string, string, string]>([
    ["bash greets in .bashrc", "/bin/bash", "echo Welcome to vm\necho Permission denied >&2\n"],
    ["bash greets without an end of the line", "/bin/bash", "printf 'Welcome to vm'\n"],
    ["is sh", "/bin/sh", ""],
    ...["fish", "tcsh", "zsh"].flatMap((name) => {
      const program = findProgram(name);
      return program === undefined ? [] : [[`is ${name}`, program, ""] as const];
    }),
  ])("%s runs a command, and its answer is what the command says", async (_, shell, startFile) => {
    expect(await answer(shell, startFile)).toEqual({ result: ANSWER });
  });

  it.each([
    ["is nologin", NOLOGIN, "", "it says: This account is currently not available."],
    [
      "is cloud-init's for root",
      CLOUD_INIT,
      "",
      'it says: Please login as the user "ubuntu" rather than the user "root".',
    ],
    ["greets and leaves", "/bin/bash", "echo Welcome to vm\nexit\n", "it says: Welcome to vm"],
    ["prints what it is given", '#!/bin/sh\necho "not allowed: $2"\n', "", "it says: not allowed: exec /bin/sh -c "],
  ])("%s is one that nobody can log in to", async (_, shell, startFile, words) => {
    const done = await answer(shell, startFile);

    expect(done).toMatchObject({
      login: { reached: false, problem: "shell", message: expect.stringContaining(`, ${words}`) as string },
    });
  });

  it("greets is no other for the stand-in of sshd", async () => {
    expect(await answer("/bin/bash", "echo Welcome to vm\n", startSshStandIn)).toEqual({ result: ANSWER });
  });
});
