import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { INJECTION_NAMES } from "../../cli/rehearse/injection-names";
import { neutralEnvironment } from "../../rehearsal/account/emulator";
import { describeEndToEnd } from "../support/end-to-end";
import { startEks, type Running } from "../support/rehearsal";
import { run } from "../support/run";

const CLONE = resolve(__dirname, "../..");

/** What `eks plan` says after `eks up`: nobody else says it in a rehearsal. */
const NOTHING_TO_CHANGE = /^nothing to add, to change or to destroy$/m;

/** The shape of IPv6: the network plugin has a role of its own, which may assign such addresses. */
const IPV6 = `
ip_family = "ipv6"
add_ons   = { vpc-cni = { pod_role = "cni" }, kube-proxy = {}, coredns = {}, eks-pod-identity-agent = {} }
pod_roles = { cni = { namespace = "kube-system", service_account = "aws-node", policies = ["vpc-cni"] } }
`;

/** A rehearsal that has ended. */
interface Rehearsed {
  readonly code: number | null;
  readonly output: string;
  /** The ids of its processes that still run. */
  readonly left: readonly number[];
}

/**
 * Runs `eks rehearse` as in a folder of its own, and looks for what it leaves.
 *
 * @param starts whether it starts anything before it ends
 * @throws when it does, and no process of it was seen: then none would be seen that is left
 */
async function rehearse(
  args: readonly string[],
  meanwhile?: (running: Running, folder: string) => Promise<void>,
  starts = true,
): Promise<Rehearsed> {
  const folder = mkdtempSync(join(tmpdir(), "eks-test-rehearse-"));
  try {
    const running = startEks(["rehearse", ...args], folder, neutralEnvironment());
    const marks = new Set<string>();
    const watch = setInterval(() => {
      for (const mark of marksBelow(running.child.pid)) marks.add(mark);
    }, 250);
    await meanwhile?.(running, folder);
    const code = await running.code;
    clearInterval(watch);
    if (starts && marks.size === 0) throw new Error(`no process of the rehearsal was seen:\n${running.output()}`);
    // A guardian takes a moment after a kill.
    for (let looks = 0; looks < 100 && withMark(marks).length > 0; looks++) await sleep(100);
    return { code, output: running.output(), left: withMark(marks) };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The doctor's last line about a cluster in which everything is well: what it names besides is for information. */
const HEALTHY = /^\$ eks doctor$[^]*?^0 errors, 0 warnings, \d+ notes$/m;

/** A rehearsal that is sent a signal when it has said something. */
function rehearseAndSend(signal: NodeJS.Signals, said: string, afterMs: number): Promise<Rehearsed> {
  return rehearse([], async (running) => {
    while (!running.output().includes(said) && running.child.exitCode === null) await sleep(20);
    await sleep(afterMs);
    running.child.kill(signal);
  });
}

/** The marks of the rehearsals that the children of a process belong to. */
function marksBelow(parent: number | undefined): string[] {
  return processes()
    .filter((it) => it.parent === parent)
    .flatMap(({ environment }) => environment.filter((line) => line.startsWith("EKS_REHEARSAL=")));
}

function withMark(marks: ReadonlySet<string>): number[] {
  return processes()
    .filter(({ environment }) => environment.some((line) => marks.has(line)))
    .map(({ id }) => id);
}

function processes() {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        const parent = Number(/^PPid:\s*(\d+)$/m.exec(readFileSync(`/proc/${name}/status`, "utf8"))?.[1]);
        return [{ id: Number(name), parent, environment: readFileSync(`/proc/${name}/environ`, "utf8").split("\0") }];
      } catch {
        // Has ended since.
        return [];
      }
    });
}

/** Real Terraform, AWS provider, kubectl, aws; the account, the bastion and the cluster are stand-ins. */
describeEndToEnd("a rehearsal", () => {
  // Two of them run at a time, each with its own account: most of their time they wait for the provider.
  it.concurrent.each([
    ["what it needs is started", "A rehearsal: ", 1000],
    ["the plan", "$ eks up", 1500],
    ["the apply", "to add 40: ", 6000],
    ["the bootstrap", "host key accepted", 500],
    ["the status", "$ eks status", 700],
    ["the look for leftovers", "$ eks destroy", 1000],
    ["the destroy", "plan: everything goes", 5000],
  ])("leaves no process, interrupted or killed in the midst of %s", async (_, said, afterMs) => {
    const interrupted = await rehearseAndSend("SIGINT", said, afterMs);
    expect({ code: interrupted.code, end: interrupted.output.slice(-2000) }).toMatchObject({ code: 130 });
    expect(interrupted.output).toMatch(
      /interrupted: all that this rehearsal has started is ended; its logs are in \S+\n$/,
    );
    expect(interrupted.left).toEqual([]);
    expect(interrupted.output).not.toMatch(/\n\s+at .*:\d+/);

    const killed = await rehearseAndSend("SIGKILL", said, afterMs);
    expect(killed).toMatchObject({ code: null, left: [] });
  });

  it.concurrent.each(INJECTION_NAMES)("shows what goes wrong with %s, and cleans up", async (name) => {
    const { code, output, left } = await rehearse(["--inject", name]);

    expect({ code, end: output.slice(-2500) }).toMatchObject({ code: 0 });
    expect(output).toMatch(/^The rehearsal went well\.$/m);
    if (name !== "leftover-load-balancer") expect(output).toMatch(/eks doctor has found it: /);
    else expect(output).toMatch(/classic load balancer a0123\w+ \(for default\/web\)\n.*\n +will be deleted/);
    expect(left).toEqual([]);
  });

  it.concurrent.each([["the stand-in server"], ["a real sshd", "--sshd"]])(
    "does the whole workshop after all that, with %s, and proves that nothing is left",
    async (_, ...args) => {
      const { code, output, left } = await rehearse(args);

      expect({ code, end: output.slice(-2500) }).toMatchObject({ code: 0 });
      expect(output).toMatch(/to add 40: /);
      expect(output).toMatch(/^apply: 40 created/m);
      expect(output).toMatch(NOTHING_TO_CHANGE);
      expect(output).toMatch(/changed=9 +unreachable=0 +failed=0/);
      expect(output.match(/ Ready +<none> /g)).toHaveLength(2);
      expect(output).toMatch(/awskrug_gudi_eks-worker +2 +2 +2 +2$/m);
      expect(output).toMatch(HEALTHY);
      expect(output).toMatch(/^destroy: 40 destroyed/m);
      expect(output).toMatch(/^nothing is left: /m);
      expect(output).toMatch(/^The rehearsal went well\.$/m);
      expect(left).toEqual([]);
    },
  );

  it.concurrent.each([
    ["current", 62, { "awskrug_gudi_eks-general": 2 }],
    [
      "production",
      119,
      {
        "shop-batch": 1,
        "shop-general-ap-northeast-2a": 1,
        "shop-general-ap-northeast-2b": 1,
        "shop-general-ap-northeast-2c": 1,
        "shop-spot-ap-northeast-2a": 0,
        "shop-spot-ap-northeast-2b": 0,
        "shop-spot-ap-northeast-2c": 0,
      },
    ],
  ])("does what EKS is today, by tfvars/%s.tfvars", async (name, resources, groups) => {
    const { code, output, left } = await rehearse(["--var-file", join(CLONE, "tfvars", `${name}.tfvars`)]);

    expect({ code, end: output.slice(-2500) }).toMatchObject({ code: 0 });
    expect(output).toContain(`apply: ${String(resources)} created`);
    expect(output).toMatch(NOTHING_TO_CHANGE);
    const nodes = Object.values(groups).reduce((sum, size) => sum + size, 0);
    expect(output.match(/ Ready +<none> /g)).toHaveLength(nodes);
    for (const [group, size] of Object.entries(groups)) {
      expect(output).toMatch(new RegExp(`${group} +\\d+ +${String(size)} +\\d+ +${String(size)}$`, "m"));
    }
    expect(output).toMatch(HEALTHY);
    expect(output).toContain(`destroy: ${String(resources)} destroyed`);
    expect(output).toMatch(/^nothing is left: /m);
    expect(output).toMatch(/^The rehearsal went well\.$/m);
    expect(left).toEqual([]);
  });

  it.concurrent("gives pods IPv6 addresses", async () => {
    const current = readFileSync(join(CLONE, "tfvars/current.tfvars"), "utf8");
    const others = current.replaceAll(/^(add_ons|pod_roles) = \{[^]*?^\}\n/gm, "");
    const folder = mkdtempSync(join(tmpdir(), "eks-test-ipv6-"));
    const file = join(folder, "ipv6.tfvars");
    writeFileSync(file, `${others}${IPV6}`);
    const { code, output, left } = await rehearse(["--var-file", file]);
    rmSync(folder, { recursive: true });

    expect({ code, end: output.slice(-2500) }).toMatchObject({ code: 0 });
    expect(output).toMatch(NOTHING_TO_CHANGE);
    expect(output.match(/ Ready +<none> /g)).toHaveLength(2);
    expect(output).toMatch(/^nothing is left: /m);
    expect(left).toEqual([]);
  });

  it("stays up with --keep until Ctrl-C, and says how to look around", async () => {
    const seen: string[] = [];
    const { code, output, left } = await rehearse(["--keep"], async (running, folder) => {
      while (!running.output().includes("Everything is up until Ctrl-C") && running.child.exitCode === null)
        await sleep(50);
      const [first = "", ...others] = running.output().match(/^ {2}(?:\. |kubectl |ssh |aws |\(cd ).*$/gm) ?? [];
      for (const command of others) {
        const typed = command.startsWith("  ssh ") ? `${command} kubectl get nodes` : command;
        const { output: shown } = await run("bash", ["-c", `${first} && ${typed}`], { cwd: folder });
        seen.push(`${command.trim().split(" ")[0] ?? ""}: ${shown}`);
      }
      running.child.kill("SIGINT");
    });

    expect({ code, end: output.slice(-2500) }).toMatchObject({ code: 0 });
    expect(seen).toEqual([
      expect.stringMatching(/^kubectl: NAME .*\n.* Ready .*\n.* Ready .*\n$/),
      expect.stringMatching(/^ssh: NAME .*\n.* Ready .*\n.* Ready .*\n$/),
      expect.stringMatching(/^aws: [^]*"awskrug_gudi_eks"/),
      expect.stringMatching(/^\(cd: [^]*\n0 errors, /),
    ]);
    expect(output).toMatch(/\nall that this rehearsal has started is ended; its logs are in \S+\n$/);
    expect(left).toEqual([]);
  });

  it("refuses a fault that it does not know", async () => {
    expect(await rehearse(["--inject", "missing-tags"], undefined, false)).toEqual({
      code: 64,
      output: "error: --inject knows no missing-tags: did you mean missing-tag?\n",
      left: [],
    });
  });
});
