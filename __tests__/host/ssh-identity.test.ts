import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { startSurroundings, type StandInBastion, type Surroundings } from "../../rehearsal/bastion/surroundings";
import { runBootstrap } from "../support/bootstrap";
import { terraformOutput } from "../support/handover";
import { describeOnHost } from "../support/on-host";
import { EKS } from "../support/rehearsal";
import { run, start } from "../support/run";

/** A real sshd whose keys stand in for those that the tls provider makes: both are OpenSSH's ED25519. */
describeOnHost("a bastion whose keys the stack has made", () => {
  let folder: string;
  let home: string;
  let surroundings: Surroundings;
  let bastion: StandInBastion;
  let secret: string;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "eks-test-ssh-identity-"));
    surroundings = await startSurroundings(join(folder, "site"), { programs: "stand-ins" });
    bastion = await surroundings.addBastion();
    secret = readFileSync(bastion.sshd.identityFile, "utf8");
  });
  afterAll(async () => {
    await surroundings.stop();
    rmSync(folder, { recursive: true });
  });
  beforeEach(() => {
    home = mkdtempSync(join(folder, "operator-"));
  });

  /** How to reach it by what the outputs say; the address alone is not the real one. */
  const reach = (keys: object) => {
    const outputs = join(home, "outputs.json");
    writeFileSync(outputs, terraformOutput({ ...bastion.handover, ...keys }), { mode: 0o600 });
    const { port, user } = bastion.sshd;
    return ["--outputs", outputs, "--host", "127.0.0.1", "--port", String(port), "--user", user];
  };
  const made = () => ({ bastion_host_key: bastion.sshd.hostPublicKey, ssh_private_key: secret });
  const place = () => ["--root", bastion.root, "--mirror", surroundings.mirror.url];
  /** Lines of the private key between its first and its last. */
  const secretLines = () => {
    const lines = secret.split("\n").filter((line) => /^[A-Za-z0-9+/=]{30,}$/.test(line));
    expect(lines.length).toBeGreaterThan(2);
    return lines;
  };

  it("is set up without a key file, known_hosts or AWS credentials, and no log has the key", async () => {
    const { code, output } = await runBootstrap(home, [
      ...reach(made()),
      ...place(),
      ...["--releases", surroundings.releasesFile],
    ]);

    expect({ code, output }).toEqual({
      code: 0,
      output: expect.stringContaining(
        "host key accepted: the stack has planted it (output bastion_host_key)",
      ) as string,
    });
    const logs = readdirSync(join(home, ".cache"), { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".log"))
      .map((name) => readFileSync(join(home, ".cache", name), "utf8"));
    expect(logs).toHaveLength(1);
    for (const line of secretLines()) expect([output, ...logs].join("\n")).not.toContain(line);
  });

  it("is not spoken to when it has another host key than the planted one", async () => {
    const other = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

    const { code, output } = await runBootstrap(home, [
      ...reach({ ...made(), bastion_host_key: other }),
      ...["--accept-new-host-key", "--check"],
    ]);

    expect(code).toBe(1);
    expect(output).toContain("host key refused: it is not the one that the stack has planted");
    expect(output).toContain(bastion.sshd.hostKeyFingerprint);
    expect(output).not.toContain("ok: ");
  });

  describe("with eks ssh", () => {
    let tmp: string;

    beforeEach(() => {
      tmp = join(home, "tmp");
      mkdirSync(tmp);
    });

    const environment = () => ({ ...process.env, HOME: home, TMPDIR: tmp, SSH_AUTH_SOCK: "" });

    it("opens a session, for which the key is a file of its owner's alone that is gone afterwards", async () => {
      const own = `'${join(home, ".cache", "eks")}'/run-*`;
      const look = `stat -c '%a %n' ${own}/key ${own}; cat ${own}/known_hosts; tr '\\0' ' ' </proc/$PPID/cmdline`;

      const ended = await run(process.execPath, [EKS, "ssh", "-c", look, "--", ...reach(made())], {
        cwd: home,
        env: environment(),
      });

      expect(ended).toMatchObject({ code: 0 });
      expect(ended.stdout).toMatch(/^600 \S+\/run-[^/\s]+\/key\n700 \S+\/run-[^/\s]+\n/);
      expect(ended.stdout).toContain(`\neks-bastion ${bastion.sshd.hostPublicKey}\n`);
      for (const line of secretLines()) expect(ended.output).not.toContain(line);
      expect([readdirSync(tmp), readdirSync(join(home, ".cache", "eks"))]).toEqual([[], []]);
    });

    it("leaves no key behind when it is interrupted", async () => {
      const { child, ended } = start(
        process.execPath,
        [EKS, "ssh", "-c", "echo there; sleep 60", "--", ...reach(made())],
        { cwd: home, env: environment() },
        {
          onOutput: (soFar) => {
            if (soFar.includes("there")) child.kill("SIGTERM");
          },
        },
      );

      const { stdout } = await ended;

      expect(stdout).toBe("there\n");
      expect(readdirSync(tmp)).toEqual([]);
    });
  });
});
