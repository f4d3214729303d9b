import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { startSshd, type Sshd } from "../../rehearsal/bastion/sshd";
import type { Handover } from "../../contract/handover";
import { describeOnHost } from "../support/on-host";
import { EKS } from "../support/rehearsal";
import { run, start } from "../support/run";

const HANDOVER: Handover = {
  region: "ap-northeast-2",
  cluster_name: "awskrug_gudi_eks",
  cluster_endpoint: "https://127.0.0.1:1",
  certificate_authority_data: "QQ==",
  kubernetes_version: "1.32",
  authentication_mode: "CONFIG_MAP",
  bastion_instance_id: "i-00000000000000001",
  // Of a network for documentation, which nobody must connect to: https://www.rfc-editor.org/rfc/rfc5737
  bastion_address: "203.0.113.1",
  bastion_user: "ubuntu",
  node_role_arn: "arn:aws:iam::123456789012:role/awskrug_gudi_eks_worker_nodes_role",
  node_groups: { "awskrug_gudi_eks-worker": { min: 2, max: 2, desired: 2 } },
  aws_auth_roles: [],
  aws_auth_users: [],
};

/** The whole command, with OpenSSH's client and server of this machine. */
describeOnHost("eks ssh", () => {
  let folder: string;
  let sshd: Sshd;
  let knownHosts: string;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "eks-test-ssh-"));
    sshd = await startSshd({ folder: join(folder, "sshd"), home: join(folder, "home") });
    const outputs = Object.entries(HANDOVER).map(([name, value]) => [name, { value }]);
    writeFileSync(join(folder, "outputs.json"), JSON.stringify(Object.fromEntries(outputs)));
    knownHosts = join(folder, "users_known_hosts");
    writeFileSync(knownHosts, `${sshd.knownHostsLine}\n`);
  });

  afterAll(async () => {
    await sshd.stop();
    rmSync(folder, { recursive: true });
  });

  const environment = () => ({ ...process.env, HOME: folder, SSH_AUTH_SOCK: "" });
  const where = (file = knownHosts, port = sshd.port) => [
    ...["--outputs", "outputs.json", "--host", "127.0.0.1", "--port", String(port), "--user", sshd.user],
    ...["--identity", sshd.identityFile, "--known-hosts", file],
  ];
  const eksSsh = (options: readonly string[], command: readonly string[], env: NodeJS.ProcessEnv = environment()) =>
    run(process.execPath, [EKS, "ssh", "--", ...options, ...command], { cwd: folder, env });

  /** Prints what the client goes by; the bastion is this machine, and the files are there for as long as the session is. */
  const show = (file: string) => `cat '${join(folder, ".cache", "eks")}'/run-*/${file}`;
  const left = () =>
    readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) => name.includes("/eks/run-"));

  it("runs a command, whose output and exit code come through, on the key that was judged and no other", async () => {
    const { code, stdout } = await eksSsh(where(), ["echo out; echo err >&2; exit 7"]);
    const { stdout: pinned } = await eksSsh(where(), [show("known_hosts")]);
    const { stdout: config } = await eksSsh(where(), [show("ssh_config")]);

    expect({ code, stdout }).toEqual({ code: 7, stdout: "out\n" });
    expect(pinned).toBe(`eks-bastion ${sshd.hostPublicKey}\n`);
    expect(config).toContain("StrictHostKeyChecking yes");
    expect(config.match(/KnownHosts.*/g)).toEqual([
      expect.stringMatching(/^KnownHostsFile ".*\/\.cache\/eks\/run-[^/]+\/known_hosts"$/),
      "KnownHostsFile /dev/null",
    ]);
    expect(left()).toEqual([]);
  });

  it("keeps to its own host while another session in the folder goes to another one", async () => {
    const other = await startSshd({ folder: join(folder, "beside"), home: join(folder, "home") });
    writeFileSync(`${other.identityFile}.pub`, readFileSync(`${sshd.identityFile}.pub`));
    const file = join(folder, "beside_known_hosts");
    writeFileSync(file, `${other.knownHostsLine}\n`);
    const port = (word: string) => [`echo ${word} "$SSH_CONNECTION"; sleep 3`];

    const [one, two] = await Promise.all([eksSsh(where(), port("one")), eksSsh(where(file, other.port), port("two"))]);
    await other.stop();

    expect(one).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(new RegExp(`^one .* ${String(sshd.port)}\n$`)) as string,
    });
    expect(two).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(new RegExp(`^two .* ${String(other.port)}\n$`)) as string,
    });
  });

  it.each([
    ["words are joined, and the remote shell reads them", ["echo", "a  b", "'c  d'", "$HOME"], "a b c  d HOME\n"],
    ["what looks like an option is the command's", ["echo", "-v", "--port", "1"], "-v --port 1\n"],
    ["a second -- divides, too", ["--", "echo", "-n", "x"], "x"],
    ["a quote in quotes arrives", [`printf '%s' "it's"`], "it's"],
  ])("takes a command as ssh does: %s", async (_, command, printed) => {
    const { code, stdout } = await eksSsh(where(), command);

    expect({ code, stdout: stdout.replace(join(folder, "home"), "HOME") }).toEqual({ code: 0, stdout: printed });
  });

  it("takes a command in one word after -c, but not both", async () => {
    const args = (...command: string[]) => [EKS, "ssh", "-c", "echo one", "--", ...where(), ...command];
    const once = await run(process.execPath, args(), { cwd: folder, env: environment() });
    const twice = await run(process.execPath, args("uptime"), { cwd: folder, env: environment() });

    expect(once).toMatchObject({ code: 0, stdout: "one\n" });
    expect(twice).toMatchObject({ code: 64, output: expect.stringContaining("given twice") as string });
  });

  it("opens a shell without a command, and passes on what is typed", async () => {
    const { child, ended } = start(
      process.execPath,
      [EKS, "ssh", "--", ...where()],
      { cwd: folder, env: environment() },
      { stdin: "pipe" },
    );
    child.stdin?.end("echo typed; exit 3\n");

    expect(await ended).toMatchObject({ code: 3, stdout: "typed\n" });
  });

  it("fails with both fingerprints when the host has another key", async () => {
    const other = await startSshd({ folder: join(folder, "other"), home: join(folder, "home") });
    const file = join(folder, "changed_known_hosts");
    writeFileSync(file, `[127.0.0.1]:${String(other.port)} ${sshd.hostPublicKey}\n`);
    rmSync(join(folder, ".cache"), { recursive: true, force: true });

    const { code, output, stdout } = await eksSsh(where(file, other.port), ["echo must not run"]);
    await other.stop();

    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(output).toContain(sshd.hostKeyFingerprint);
    expect(output).toContain(other.hostKeyFingerprint);
    expect(left()).toEqual([]);
  });

  it("goes through another host, whose key is judged as well and pinned for the client", async () => {
    const hop = await startSshd({ folder: join(folder, "hop"), home: join(folder, "home") });
    const file = join(folder, "both_known_hosts");
    writeFileSync(file, `${sshd.knownHostsLine}\n${hop.knownHostsLine}\n`);
    const jump = ["--jump", `${hop.user}@127.0.0.1:${String(hop.port)}`];
    // Each server lets in one key only, so both are the bastion's here.
    writeFileSync(`${hop.identityFile}.pub`, readFileSync(`${sshd.identityFile}.pub`));

    const { code, stdout, output } = await eksSsh([...where(file), ...jump], ["echo", "$SSH_CONNECTION"]);
    const { stdout: pinned } = await eksSsh([...where(file), ...jump], [show("known_hosts")]);
    writeFileSync(file, `${sshd.knownHostsLine}\n`);
    const unknown = await eksSsh([...where(file), ...jump], ["echo must not run"]);
    await hop.stop();

    expect({ code, output }).toMatchObject({ code: 0 });
    expect(stdout).toContain(String(sshd.port));
    expect(pinned).toBe(`eks-hop-1 ${hop.hostPublicKey}\neks-bastion ${sshd.hostPublicKey}\n`);
    expect(unknown).toMatchObject({ code: 1, stdout: "" });
    expect(unknown.output).toContain(hop.hostKeyFingerprint);
  });

  it.each([
    ["Ed25519", ["-algorithm", "ed25519"]],
    ["RSA", ["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"]],
    ["ECDSA", ["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"]],
  ])("logs in with what openssl genpkey writes: %s", async (name, algorithm) => {
    const own = await startSshd({ folder: join(folder, name), home: join(folder, "home") });
    const [identity, file] = [join(folder, `${name}.pem`), join(folder, `${name}_known_hosts`)];
    execFileSync("openssl", ["genpkey", ...algorithm, "-out", identity], { stdio: "ignore" });
    // The last 32 bytes are the point; OpenSSH before 9.6 cannot say it of a file in this form.
    const point = execFileSync("openssl", ["pkey", "-in", identity, "-pubout", "-outform", "DER"]).subarray(-32);
    const wire = Buffer.concat([Buffer.from("\0\0\0\x0bssh-ed25519\0\0\0\x20"), point]);
    const line =
      name === "Ed25519"
        ? `ssh-ed25519 ${wire.toString("base64")}\n`
        : execFileSync("ssh-keygen", ["-y", "-f", identity]).toString();
    writeFileSync(`${own.identityFile}.pub`, line);
    writeFileSync(file, `${own.knownHostsLine}\n`);
    const way = [...where(file, own.port).map((word) => (word === sshd.identityFile ? identity : word))];

    const ended = await eksSsh(way, ["echo in"]);
    await own.stop();

    expect(ended).toMatchObject({ code: 0, stdout: "in\n" });
  });

  it("says that nobody is there", async () => {
    const { code, output } = await eksSsh([...where(knownHosts, 1), "--timeout", "1"], []);

    expect({ code, output }).toEqual({
      code: 1,
      output: expect.stringMatching(
        /^error: 127\.0\.0\.1: cannot log in as .*ECONNREFUSED[^]*no sshd listens on port 1/,
      ) as string,
    });
  });

  it("says that ssh is not installed", async () => {
    const { code, output } = await eksSsh(where(), ["true"], { ...environment(), PATH: join(folder, "none") });

    expect({ code, output }).toEqual({ code: 1, output: expect.stringContaining("ssh is not installed") as string });
  });

  it("says that nothing has been applied here", async () => {
    const { code, output } = await run(process.execPath, [EKS, "ssh"], { cwd: folder, env: environment() });

    expect({ code, output }).toEqual({
      code: 1,
      output: expect.stringContaining("nothing has been applied") as string,
    });
  });
});
