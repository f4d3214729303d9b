import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { lookUp, parseKnownHosts, wireFormat } from "../../bootstrap/ssh/known-hosts";
import { startSshd, type Sshd } from "../../rehearsal/bastion/sshd";
import { describeOnHost } from "../support/on-host";
import { isRunning } from "../support/run";

/** How a session ended. */
interface Session {
  readonly code: number | null;
  readonly stdout: Buffer;
  readonly stderr: string;
}

interface SessionOptions {
  readonly input?: string | Buffer;
  readonly identityFile?: string;
  readonly user?: string;
  readonly options?: readonly string[];
}

/** The arguments of OpenSSH's client that keep it to what a test gave it. */
function clientArguments(folder: string, sshd: Sshd, { identityFile, user, options = [] }: SessionOptions): string[] {
  const knownHosts = join(folder, "known_hosts");
  writeFileSync(knownHosts, `${sshd.knownHostsLine}\n`);
  const settings = [
    "BatchMode=yes",
    "IdentitiesOnly=yes",
    "IdentityAgent=none",
    "StrictHostKeyChecking=yes",
    `UserKnownHostsFile="${knownHosts}"`,
    "GlobalKnownHostsFile=/dev/null",
    ...options,
  ].flatMap((setting) => ["-o", setting]);
  const identity = identityFile ?? sshd.identityFile;
  return [
    "-F",
    "/dev/null",
    "-p",
    String(sshd.port),
    "-i",
    identity,
    "-l",
    user ?? sshd.user,
    ...settings,
    "127.0.0.1",
  ];
}

async function ssh(folder: string, sshd: Sshd, command: string, options: SessionOptions = {}): Promise<Session> {
  const child = spawn("ssh", [...clientArguments(folder, sshd, options), ...(command === "" ? [] : [command])]);
  const [stdout, stderr]: [Buffer[], Buffer[]] = [[], []];
  child.stdout.on("data", (chunk: Buffer) => stdout.push(chunk));
  child.stderr.on("data", (chunk: Buffer) => stderr.push(chunk));
  // A command that reads nothing ends before all of it is written.
  child.stdin.on("error", () => undefined);
  child.stdin.end(options.input);
  const [code] = (await once(child, "close")) as [number | null];
  return { code, stdout: Buffer.concat(stdout), stderr: Buffer.concat(stderr).toString() };
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await sleep(20);
}

describeOnHost("sshd", () => {
  let folder: string;
  let home: string;
  let sshd: Sshd;
  const run = (command: string, options?: SessionOptions) => ssh(folder, sshd, command, options);
  const start = (more: { maxSessions?: number } = {}) =>
    startSshd({
      folder: join(folder, "sshd"),
      home,
      shell: "/bin/sh",
      environment: { PATH: "/opt/the bastion's/bin:/usr/bin:/bin", GREETING: "it's\n$HOME `안녕`" },
      ...more,
    });

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "eks-test-sshd-"));
    home = join(folder, "홈 of the user");
    sshd = await start();
  });

  afterAll(async () => {
    await sshd.stop();
    rmSync(folder, { recursive: true });
  });

  it.each([0, 1, 3, 127, 254])("passes exit code %i on", async (code) => {
    expect(await run(`exit ${String(code)}`)).toMatchObject({ code });
  });

  it("is known by what ssh-keyscan and a first ssh write to known_hosts, also when the name is hashed", () => {
    const { port, knownHostsLine } = sshd;
    const key = wireFormat(knownHostsLine.split(" ").slice(1).join(" "));
    const written = join(folder, "written_by_ssh");
    const options = ["StrictHostKeyChecking=accept-new", `UserKnownHostsFile="${written}"`, "HashKnownHosts=yes"];
    const first = [...options, "GlobalKnownHostsFile=/dev/null", "BatchMode=yes"].flatMap((option) => ["-o", option]);
    execFileSync("ssh", [
      "-F",
      "/dev/null",
      "-p",
      String(port),
      "-i",
      sshd.identityFile,
      ...first,
      "127.0.0.1",
      "true",
    ]);
    const scanned = execFileSync("ssh-keyscan", ["-p", String(port), "127.0.0.1"], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    });

    for (const text of [scanned, readFileSync(written, "utf8")]) {
      const known = parseKnownHosts(text);
      expect(known.malformed).toEqual([]);
      expect(lookUp(known, "127.0.0.1", port, key).kind).toBe("known");
    }
    expect(readFileSync(written, "utf8")).toMatch(/^\|1\|/);
  });

  it("ends a session as a signal ended its command", async () => {
    // What OpenSSH's client says of every session without an exit code.
    expect(await run("kill -TERM $$; echo not here")).toMatchObject({ code: 255, stdout: Buffer.from("") });
  });

  it("keeps what a command prints from what it complains", async () => {
    expect(await run("echo out; echo err >&2")).toEqual({ code: 0, stdout: Buffer.from("out\n"), stderr: "err\n" });
  });

  it("gives a command its input to the end, and every byte of its output back", async () => {
    const input = randomBytes(1_000_000);

    const { code, stdout, stderr } = await run("cat", { input });

    expect({ code, stderr, isSame: stdout.equals(input) }).toEqual({ code: 0, stderr: "", isSame: true });
  });

  it("does not wait for a command to read its input", async () => {
    expect(await run("exit 4", { input: randomBytes(1_000_000) })).toMatchObject({ code: 4 });
  });

  it("runs a command by the login shell as it was written", async () => {
    const command = `printf '%s|' "$0" 'a  b' "it's" '안녕 \\n' "$(echo "x # y")"\n# a remark\nprintf '%s' "\${#}"`;

    const { stdout } = await run(command);

    expect(stdout.toString()).toBe("/bin/sh|a  b|it's|안녕 \\n|x # y|0");
  });

  it("runs what it reads when there is no command", async () => {
    expect(await run("", { input: "pwd\nexit 5\n" })).toMatchObject({ code: 5, stdout: Buffer.from(`${home}\n`) });
  });

  it("starts in the home that it was given, with the environment that it was given", async () => {
    const { stdout } = await run('printf "%s|" "$PWD" "$HOME" ~ "$PATH" "$GREETING" "${SSH_ORIGINAL_COMMAND-none}"');

    expect(stdout.toString().split("|")).toEqual([
      ...[home, home, home],
      "/opt/the bastion's/bin:/usr/bin:/bin",
      "it's\n$HOME `안녕`",
      ...["none", ""],
    ]);
  });

  it("writes nothing outside its folder", async () => {
    const places = ["/etc/ssh", "/run/utmp", "/var/log/wtmp", "/var/log/lastlog", "/var/log/btmp"];
    const own = join(userInfo().homedir, ".ssh");
    const times = () => [own, ...places].map((path) => (existsSync(path) ? statSync(path).mtimeMs : "missing"));
    const before = times();

    await run("echo kept > eks-test-relative");
    await run("true", { user: "nobody" });

    expect(times()).toEqual(before);
    expect(readFileSync(join(home, "eks-test-relative"), "utf8")).toBe("kept\n");
    expect(existsSync(join(userInfo().homedir, "eks-test-relative"))).toBe(false);
    expect(readdirSync(join(folder, "sshd")).sort()).toEqual(
      ["host_key", "host_key.pub", "session", "sshd.log", "sshd_config", "user_key", "user_key.pub"].sort(),
    );
  });

  it("says its host key as ssh-keygen does", () => {
    const shown = execFileSync("ssh-keygen", ["-l", "-f", join(folder, "sshd", "host_key.pub")], { encoding: "utf8" });

    expect(shown.split(" ")[1]).toBe(sshd.hostKeyFingerprint);
    expect(sshd.knownHostsLine).toBe(`[127.0.0.1]:${String(sshd.port)} ${sshd.hostPublicKey}`);
  });

  it("refuses another key", async () => {
    const other = join(folder, "other");
    execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", other]);

    const { code, stdout, stderr } = await run("echo in", { identityFile: other });

    expect({ code, stdout: stdout.toString() }).toEqual({ code: 255, stdout: "" });
    expect(stderr).toContain("Permission denied (publickey)");
  });

  it("refuses another user", async () => {
    const { code, stderr } = await run("echo in", { user: "nobody" });

    expect(code).toBe(255);
    expect(stderr).toContain("Permission denied (publickey)");
    expect(readFileSync(sshd.logFile, "utf8")).toMatch(/^User nobody .*not allowed because /m);
  });

  it("gives no terminal", async () => {
    const { stderr } = await run("tty", { options: ["RequestTTY=force"] });

    expect(stderr).toContain("PTY allocation request failed");
  });

  describe("of its own for a test", () => {
    let own: Sshd | undefined;
    const clients: ChildProcess[] = [];

    afterEach(async () => {
      await own?.stop();
      for (const client of clients.splice(0)) client.kill("SIGKILL");
    });

    it("is let in nowhere once it has stopped, and nothing that ran in it goes on", async () => {
      own = await startSshd({ folder: join(folder, "stopped"), home });
      const client = spawn("ssh", [
        ...clientArguments(folder, own, {}),
        // The last has lost its parent, the one before its environment.
        "env -i sleep 1000 & echo $$ $PPID $!; (setsid sleep 1000 >/dev/null 2>&1 & echo $!); wait",
      ]);
      clients.push(client);
      let printed = "";
      client.stdout.on("data", (chunk: Buffer) => (printed += chunk.toString()));
      await until(() => printed.split("\n").length === 3);
      const processes = [own.pid, ...printed.trim().split(/\s+/).map(Number)];
      expect(processes.map(isRunning)).toEqual([true, true, true, true, true]);

      await own.stop();
      await own.ended;

      expect(processes.map(isRunning)).toEqual([false, false, false, false, false]);
      expect((await ssh(folder, own, "true")).stderr).toContain("Connection refused");
    });

    it("leaves the sessions of another alone when it stops", async () => {
      own = await startSshd({ folder: join(folder, "stopped"), home });
      const client = spawn("ssh", [...clientArguments(folder, sshd, {}), "echo started; read line; echo $line"]);
      clients.push(client);
      let printed = "";
      client.stdout.on("data", (chunk: Buffer) => (printed += chunk.toString()));
      await until(() => printed === "started\n");

      await own.stop();
      client.stdin.end("still here\n");
      await once(client, "close");

      expect(printed).toBe("started\nstill here\n");
    });

    it("says that it has ended when it was not asked to", async () => {
      own = await startSshd({ folder: join(folder, "killed"), home });

      process.kill(own.pid, "SIGKILL");

      await own.ended;
    });

    it("has no more sessions in a connection than it was told", async () => {
      own = await startSshd({ folder: join(folder, "sessions"), home, maxSessions: 2 });
      const socket = join(folder, "control");
      const master = spawn("ssh", ["-N", "-M", "-S", socket, ...clientArguments(folder, own, {})], { stdio: "ignore" });
      clients.push(master);
      await until(() => existsSync(socket));
      // Through the master or not at all: the client would open a connection of its own when it is refused.
      const shared = { options: [`ControlPath=${socket}`, "ProxyCommand=false"] };
      const open = [1, 2].map(() => {
        const client = spawn("ssh", [...clientArguments(folder, own as Sshd, shared), "echo open; cat"]);
        clients.push(client);
        return client;
      });
      await Promise.all(open.map((client) => once(client.stdout, "data")));

      const third = await ssh(folder, own, "echo third", shared);
      for (const client of open) client.stdin.end();
      await Promise.all(open.map((client) => once(client, "close")));
      const later = await ssh(folder, own, "echo later", shared);

      expect(third.stderr).toContain("Session open refused by peer");
      expect(third.stdout.toString()).toBe("");
      expect(later).toMatchObject({ code: 0, stdout: Buffer.from("later\n") });
    });

    it("is the same host when it starts again in its folder", async () => {
      own = await startSshd({ folder: join(folder, "again"), home });
      const { hostPublicKey } = own;
      await own.stop();

      own = await startSshd({ folder: join(folder, "again"), home });

      expect(own.hostPublicKey).toBe(hostPublicKey);
      expect(await ssh(folder, own, "true")).toMatchObject({ code: 0 });
    });

    it("says why it does not start", async () => {
      const broken = mkdtempSync(join(folder, "broken-"));
      writeFileSync(join(broken, "host_key"), "no key", { mode: 0o600 });

      await expect(startSshd({ folder: broken, home })).rejects.toThrow(/host_key is no private key: /);
    });
  });
});
