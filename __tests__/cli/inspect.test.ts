import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import * as os from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { knownHostsLine } from "../../bootstrap/ssh/known-hosts";
import { onBastion } from "../../cli/on-bastion";
import { Screen } from "../../terminal/screen";
import { freePort } from "../../rehearsal/machine/loopback";
import { HANDOVER, terraformOutput } from "../support/handover";
import { EksFolder } from "../support/in-process";
import { recordedState } from "../support/recorded";
import { isRunning } from "../support/run";
import { keyPair, startSshServer } from "../support/ssh-server";
import { standInForTerraform } from "../support/terraform-stand-in";

let place: EksFolder;
beforeEach(() => {
  place = new EksFolder();
});
afterEach(() => {
  place.remove();
});

function put(name: string, text: string): string {
  const path = join(place.folder, name);
  mkdirSync(join(path, ".."), { recursive: true });
  writeFileSync(path, text, { mode: 0o600 });
  return path;
}

/** Options that lead to a port of loopback where nobody listens, and to no key or host key of this machine's user. */
async function nowhere(): Promise<string[]> {
  const [identity, knownHosts] = [put("key", keyPair().private), put("known_hosts", "")];
  const way = ["--host", "127.0.0.1", "--port", String(await freePort()), "--timeout", "1"];
  return [...way, "--identity", identity, "--known-hosts", knownHosts];
}

describe("eks status", () => {
  it("shows what it can of a stack whose account and bastion do not answer, and says why there is no more", async () => {
    put("outputs.json", terraformOutput(HANDOVER));

    const { code, stdout, stderr } = await place.run([
      "status",
      "--",
      "--outputs",
      "outputs.json",
      ...(await nowhere()),
    ]);

    expect(code).toBe(0);
    expect(stderr).toBe("");
    expect(stdout).toMatch(/^cluster +awskrug_gudi_eks in ap-northeast-2: \?$/m);
    expect(stdout).toMatch(/^open to +\?$/m);
    expect(stdout).toMatch(/^bastion +ubuntu@203\.0\.113\.9 \(i-0123456789abcdef0\): \?, does not answer$/m);
    expect(stdout).toMatch(/^awskrug_gudi_eks-worker +2 +\? +\? +\?$/m);
    expect(stdout).toMatch(/^\? controlPlane: .*ECONNREFUSED/m);
    expect(stdout).toMatch(/^\? cluster: nobody could log in to the bastion$/m);
  });

  it.each([
    [
      "status",
      0,
      /^cluster +awskrug_gudi_eks in ap-northeast-2: \?$[^]*^\? cluster: nobody could log in to the bastion$/m,
    ],
    [
      "doctor",
      1,
      /^error aws-unreachable: [^]*^error ssh-login: [^]* there is no key to log in to 127\.0\.0\.1 with: /m,
    ],
  ])("needs no key: eks %s says what it knows without one", async (command, expected, said) => {
    const homeless = jest.spyOn(os, "homedir").mockReturnValue(place.folder);
    put("outputs.json", terraformOutput(HANDOVER));

    const way = ["--outputs", "outputs.json", "--host", "127.0.0.1"];
    const { code, stdout } = await place.run([command, "--", ...way], { SSH_AUTH_SOCK: "" });
    homeless.mockRestore();

    expect(code).toBe(expected);
    expect(stdout).toMatch(said);
  });

  it("says the same to machines, and nothing else on standard output", async () => {
    put("outputs.json", terraformOutput(HANDOVER));

    const { stdout } = await place.run(["status", "--json", "--", "--outputs", "outputs.json", ...(await nowhere())]);

    expect(JSON.parse(stdout)).toMatchObject({
      cluster: { name: "awskrug_gudi_eks", status: null },
      bastion: { reached: false },
      nodeGroups: [{ wanted: 2, running: null, joined: null, ready: null }],
    });
  });

  it.each<[string, string, string]>([
    ["fails", "echo 'Error: state is locked' >&2; exit 1", "Error: state is locked"],
    ["prints no JSON", "echo hello", "is not JSON"],
    ["prints nothing", ":", "cdktf.out/stacks/eks output -json"],
    ["has no outputs", "echo '{}'", "nothing was applied from there"],
    ["has other outputs", `echo '{"region":{"value":"ap-northeast-2"}}'`, "cluster_name"],
  ])("fails where terraform output %s", async (_, body, says) => {
    const { program } = standInForTerraform(join(place.folder, "bin"), { "-chdir": body });
    mkdirSync(join(place.folder, "cdktf.out", "stacks", "eks"), { recursive: true });

    const { code, stdout, stderr } = await place.run(["status"], { EKS_TERRAFORM: program });

    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toMatch(/^error: /);
    expect(stderr).toContain(says);
  });

  it("says of a stack that is half made what there is, and how to go on", async () => {
    const { program } = standInForTerraform(join(place.folder, "bin"), { "-chdir": "echo {}" });
    mkdirSync(join(place.folder, "cdktf.out", "stacks", "eks"), { recursive: true });
    put("terraform.eks.tfstate", recordedState("half-applied"));

    const { code, stderr } = await place.run(["status"], { EKS_TERRAFORM: program });

    expect(code).toBe(1);
    expect(stderr).toMatch(
      /^error: the stack is half made: \d+ resources, and not all outputs; `eks up` goes on where it ended\n$/,
    );
  });

  it("ends at once by Ctrl-C, and ends the Terraform that it is waiting for", async () => {
    const pidFile = join(place.folder, "pid");
    const { program } = standInForTerraform(join(place.folder, "bin"), {
      "-chdir": `echo $$ > ${pidFile}; exec sleep 600`,
    });
    mkdirSync(join(place.folder, "cdktf.out", "stacks", "eks"), { recursive: true });

    const controller = new AbortController();
    const run = place.run(["status"], { EKS_TERRAFORM: program }, controller.signal);
    while (!existsSync(pidFile) || readFileSync(pidFile, "utf8") === "") await sleep(10);
    controller.abort();
    const { code, stderr } = await run;

    expect({ code, stderr }).toEqual({ code: 130, stderr: "error: interrupted: nothing has been done\n" });
    while (isRunning(Number(readFileSync(pidFile, "utf8")))) await sleep(10);
  });
});

describe("eks doctor", () => {
  it("says that it looks at the account alone where there is no cluster, and finds that nobody answers", async () => {
    put("local.tfvars", 'aws_krug_admin_role = "admin"\nkubectl_ssh_cidrs = ["203.0.113.7/32"]\n');

    const { code, stdout, stderr } = await place.run(["doctor", "--json", "-var-file", "local.tfvars"]);

    expect(stderr).toMatch(
      /^note: no cluster to look at, so this is about the account alone: nothing has been applied/,
    );
    const { findings, counts } = JSON.parse(stdout) as { findings: { code: string }[]; counts: { error: number } };
    expect(findings.map((finding) => finding.code)).toContain("aws-unreachable");
    expect(code).toBe(counts.error > 0 ? 1 : 0);
    expect(place.files()).toEqual(["local.tfvars"]);
  });

  describe("with a state that OpenTofu has encrypted", () => {
    /** Written by OpenTofu 1.12.6, with TF_ENCRYPTION: pbkdf2 and aes_gcm. */
    const encrypted = readFileSync(join(__dirname, "../golden/state/encrypted.json"), "utf8");
    const decrypted = {
      version: 4,
      resources: [{ mode: "managed", type: "aws_vpc", name: "a", instances: [{ status: "tainted" }] }],
    };
    const examine = async (pull: string) => {
      put("local.tfvars", 'aws_krug_admin_role = "admin"\nkubectl_ssh_cidrs = ["203.0.113.7/32"]\n');
      put("terraform.eks.tfstate", encrypted);
      mkdirSync(join(place.folder, "cdktf.out", "stacks", "eks"), { recursive: true });
      const commands = { "state pull": pull, "-chdir": "echo {}" };
      const { program } = standInForTerraform(join(place.folder, "bin"), commands, "tofu");
      const { stdout, stderr } = await place.run(["doctor", "--json"], { EKS_TERRAFORM: program });
      const { findings } = JSON.parse(stdout) as { findings: { code: string; subject: string }[] };
      return { codes: findings.map((finding) => finding.code), stderr };
    };

    it("finds what is in it", async () => {
      const { codes, stderr } = await examine(`echo '${JSON.stringify(decrypted)}'`);

      expect(codes).toEqual(expect.arrayContaining(["apply-incomplete", "resource-tainted"]));
      expect(stderr).not.toContain("encrypted");
    });

    it("says that it cannot look into it, where that is so", async () => {
      const { codes, stderr } = await examine("echo 'Error: no encryption configuration' >&2; exit 1");

      expect(codes).not.toContain("apply-incomplete");
      expect(stderr).toMatch(
        /^note: terraform\.eks\.tfstate is encrypted, so that nothing is said of what applies have left in it: tofu state pull failed: Error: no encryption configuration$/m,
      );
    });
  });

  it("fails for a state that is none", async () => {
    put("terraform.eks.tfstate", "not JSON");

    const { code, stderr } = await place.run(["doctor"]);

    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: "error: terraform.eks.tfstate is no Terraform state; terraform state pull shows the one that counts\n",
    });
  });
});

describe("work on the bastion", () => {
  const userKey = keyPair();
  const screen = new Screen();
  const never = new AbortController().signal;
  const here = process.cwd();
  beforeEach(() => {
    // Which key was used is remembered there.
    process.chdir(place.folder);
  });
  afterEach(() => {
    process.chdir(here);
  });
  afterAll(() => {
    screen.end();
  });

  it("is done after the login, and the connection is closed", async () => {
    const server = await startSshServer(userKey, {});
    const args = [
      ...["--host", "127.0.0.1", "--port", String(server.port), "--identity", put("key", userKey.private)],
      ...["--known-hosts", put("known_hosts", `${knownHostsLine("127.0.0.1", server.port, server.hostKey.wire)}\n`)],
    ];

    const done = await onBastion(HANDOVER, args, (host) => Promise.resolve(host.name), screen, never);
    await server.left();
    const failed = onBastion(HANDOVER, args, () => Promise.reject(new Error("no")), screen, never);

    expect(done).toEqual({ result: "127.0.0.1" });
    await expect(failed).rejects.toThrow("no");
    await server.left();
    server.stop();
  });

  it("is a login that failed when nobody answers", async () => {
    const work = jest.fn();

    const done = await onBastion(HANDOVER, await nowhere(), work, screen, never);

    expect(done).toMatchObject({ login: { reached: false, message: expect.stringContaining("127.0.0.1") as string } });
    expect(work).not.toHaveBeenCalled();
  });

  it("is a login that failed when the host key is another one than known", async () => {
    const server = await startSshServer(userKey, {});
    const args = [
      ...["--host", "127.0.0.1", "--port", String(server.port), "--identity", put("key", userKey.private)],
      ...["--known-hosts", put("known_hosts", `${knownHostsLine("127.0.0.1", server.port, keyPair().wire)}\n`)],
    ];

    const done = await onBastion(HANDOVER, args, jest.fn(), screen, never);
    server.stop();

    expect(done).toMatchObject({ login: { reached: false, problem: "host-key" } });
    expect(server.logins).toEqual([]);
  });
});
