import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { startSurroundings, type StandInBastion, type Surroundings } from "../../rehearsal/bastion/surroundings";
import { runBootstrap, treeOf } from "../support/bootstrap";
import { describeOnHost } from "../support/on-host";

/** The lines of a report, by their first word. */
function outcomes(output: string): Record<string, string[]> {
  const all: Record<string, string[]> = {};
  for (const [, kind = "", title = ""] of output.matchAll(/^(\S+): \[\S+\] (.*)$/gm)) (all[kind] ??= []).push(title);
  return all;
}

const READING = ["clock", "cloud-init", "package manager", "packages"];
const MAKING: readonly unknown[] = [
  "AWS CLI 2",
  expect.stringMatching(/^kubectl 1\.\d+\.\d+$/),
  "aws-iam-authenticator 0.7.0",
  "~/.aws/config",
  "/root/.aws/config",
  "k, kcd, completion",
  "~/.kube/config",
  "/root/.kube/config",
];

describeOnHost("the bootstrap of a bastion with a real sshd, kubectl and aws", () => {
  let folder: string;
  let home: string;
  let surroundings: Surroundings;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "eks-test-bootstrap-"));
    home = join(folder, "operator");
    mkdirSync(home);
    surroundings = await startSurroundings(join(folder, "site"));
  });
  afterAll(async () => {
    await surroundings.stop();
    rmSync(folder, { recursive: true });
  });
  afterEach(() => {
    surroundings.kubernetes.state.setConfigMap("kube-system", "aws-auth", undefined);
  });

  const bootstrap = ({ options }: StandInBastion, ...args: string[]) => runBootstrap(home, [...options, ...args]);

  it("says what would change, changes it, and then finds nothing to do", async () => {
    const bastion = await surroundings.addBastion();
    const places = () => ({ root: treeOf(bastion.root), home: treeOf(bastion.home) });
    const bare = places();

    const checked = await bootstrap(bastion, "--check");
    const afterCheck = places();
    const first = await bootstrap(bastion);
    const afterFirst = places();
    const second = await bootstrap(bastion);
    const afterSecond = places();

    expect(checked.code).toBe(2);
    expect(outcomes(checked.output)).toEqual({
      ok: READING,
      "would-change": [...MAKING, "cluster API", "aws-auth", "nodes"],
    });
    expect(afterCheck).toEqual(bare);
    expect(first.code).toBe(0);
    expect(outcomes(first.output)).toEqual({
      ok: [...READING, "cluster API", "nodes"],
      changed: [...MAKING, "aws-auth"],
    });
    expect(first.stdout).toMatch(/^NAME +STATUS +ROLES +AGE +VERSION\n(ip-\S+ +Ready +<none> +\d+s +v1\.\S+\n){2}$/);
    expect(second.code).toBe(0);
    expect(outcomes(second.output)).toEqual({ ok: [...READING, ...MAKING, "cluster API", "aws-auth", "nodes"] });
    expect(second.output).toMatch(/^awskrug_gudi_eks : ok=15 +changed=0 +unreachable=0 +failed=0$/m);
    expect(afterSecond).toEqual(afterFirst);
    expect(Object.keys(afterFirst.root)).toEqual(
      expect.arrayContaining(["usr/local/bin/kubectl", "usr/local/bin/aws", "root/.kube/config", "root/.aws/config"]),
    );
  });

  it("keeps everybody else's entries in aws-auth, and in both kubeconfigs and AWS configs", async () => {
    const bastion = await surroundings.addBastion();
    const { state } = surroundings.kubernetes;
    const others =
      "# ours first\n- rolearn: arn:aws:iam::111122223333:role/admins\n  username: admin\n  groups: [system:masters]\n";
    state.setConfigMap("kube-system", "aws-auth", { mapRoles: others, mapAccounts: "[]\n" });
    mkdirSync(join(bastion.home, ".kube"));
    const mine = { clusters: [{ name: "kind", cluster: { server: "https://127.0.0.1:1" } }], "current-context": "" };
    const kubeconfig = join(bastion.home, ".kube/config");
    writeFileSync(kubeconfig, JSON.stringify({ apiVersion: "v1", kind: "Config", ...mine }));

    const { code } = await bootstrap(bastion, "--diff");

    const { mapRoles = "", mapAccounts } = state.configMap("kube-system", "aws-auth") ?? {};
    expect(code).toBe(0);
    expect(mapRoles.startsWith(others)).toBe(true);
    expect(mapRoles).toContain(`- rolearn: ${bastion.handover.node_role_arn}\n`);
    expect(mapAccounts).toBe("[]\n");
    expect(readFileSync(kubeconfig, "utf8")).toContain("https://127.0.0.1:1");
  });

  it("is told for machines by --json", async () => {
    const bastion = await surroundings.addBastion();

    const { code, stdout } = await bootstrap(bastion, "--json");

    const report = JSON.parse(stdout) as { hosts: Record<string, unknown>[] };
    expect(code).toBe(0);
    expect(report.hosts).toHaveLength(1);
    expect(report.hosts[0]).toMatchObject({ address: "127.0.0.1", changed: 9, failed: 0, unreachable: 0 });
    expect(report.hosts[0]?.["nodes"]).toHaveLength(2);
  });

  it("writes every command with its exit code to a log that only its owner reads", async () => {
    const bastion = await surroundings.addBastion();

    await bootstrap(bastion);

    const [run = ""] = readdirSync(join(home, ".cache/bootstrap")).sort().reverse();
    const [file = ""] = readdirSync(join(home, ".cache/bootstrap", run));
    const log = readFileSync(join(home, ".cache/bootstrap", run, file), "utf8");
    expect(file).toBe(`${bastion.handover.cluster_name}.log`);
    expect(log).toMatch(/\d\.\d{3} s {2}exit 0\n(.*\n)*? {2}\$ .*aws eks update-kubeconfig/);
    expect(log).not.toContain("k8s-aws-v1.a");
  });

  it("runs on a sshd that allows two sessions at once", async () => {
    const bastion = await surroundings.addBastion({ maxSessions: 2 });

    const { code, output } = await bootstrap(bastion);

    expect(output).toMatch(/failed=0$/m);
    expect(code).toBe(0);
  });
});
