import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { apiProblem } from "../../cli/doctor/inside-facts";
import { startKubernetes, type StandInKubernetes } from "../../rehearsal/cluster/kubernetes";
import { freePort } from "../../rehearsal/machine/loopback";
import { neutralEnvironment } from "../../rehearsal/machine/neutral-environment";
import { describeOnHost } from "../support/on-host";
import { run } from "../support/run";

/** What a kubeconfig is wrong about; what is not said leads to the stand-in for the API. */
interface Kubeconfig {
  readonly server?: string;
  readonly user?: object;
  /** @default true */
  readonly trusts?: boolean;
}

const exec = (command: string, args: readonly string[] = [], version = "v1beta1") => ({
  exec: { apiVersion: `client.authentication.k8s.io/${version}`, command, args, interactiveMode: "Never" },
});

/** Real kubectl, which says in its own words why it has no answer. */
describeOnHost("what kubectl says when it has no answer", () => {
  let folder: string;
  let kubernetes: StandInKubernetes;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "eks-test-kubectl-words-"));
    kubernetes = await startKubernetes({ folder });
  });

  afterAll(async () => {
    await kubernetes.stop();
    rmSync(folder, { recursive: true });
  });

  function write({ server = kubernetes.endpoint, user = { token: "of nobody" }, trusts = true }: Kubeconfig): void {
    const ca = trusts && { "certificate-authority-data": kubernetes.certificateAuthorityData };
    const config = {
      ...{ apiVersion: "v1", kind: "Config", "current-context": "demo" },
      clusters: [{ name: "demo", cluster: { server, ...(server === kubernetes.endpoint && ca) } }],
      contexts: [{ name: "demo", context: { cluster: "demo", user: "demo" } }],
      users: [{ name: "demo", user }],
    };
    writeFileSync(join(folder, "config"), JSON.stringify(config));
  }

  async function problemOf(context = "demo") {
    const options = ["--kubeconfig", join(folder, "config"), "--cache-dir", "/dev/null", "--request-timeout", "20s"];
    const env = { ...neutralEnvironment(), HOME: folder };
    const { code, output, stdout } = await run("kubectl", [...options, "--context", context, "get", "nodes"], { env });
    return { code, problem: apiProblem({ exitCode: code ?? -1, stdout, stderr: output }) };
  }

  it.each<[string, string, Kubeconfig]>([
    ["a cluster that does not know one", "unauthorized", {}],
    ["a certificate of somebody else", "kubeconfig", { trusts: false }],
    ["a program for tokens that fails", "token", { user: exec("false") }],
    ["a program for tokens that is not there", "token", { user: exec("no-such-program") }],
    ["a program for tokens of an older kubectl", "kubeconfig", { user: exec("true", [], "v1alpha1") }],
    [
      "a token of an older AWS CLI",
      "kubeconfig",
      { user: exec("echo", ['{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1alpha1"}']) },
    ],
  ])("of %s is a matter of %s", async (_, problem, kubeconfig) => {
    kubernetes.state.refuseTokens = true;
    write(kubeconfig);

    expect(await problemOf()).toEqual({ code: 1, problem });
  });

  it("of an endpoint where nobody listens is that it is out of reach, not that the kubeconfig is wrong", async () => {
    write({ server: `https://127.0.0.1:${String(await freePort())}` });

    expect(await problemOf()).toEqual({ code: 1, problem: "unreachable" });
  });

  it("of a context that is not there, of no file and of one that is none is a matter of the kubeconfig", async () => {
    write({});
    const problems = [await problemOf("another")];
    rmSync(join(folder, "config"));
    problems.push(await problemOf());
    writeFileSync(join(folder, "config"), "a: [");
    problems.push(await problemOf());

    expect(problems).toEqual(Array(3).fill({ code: 1, problem: "kubeconfig" }));
  });
});
