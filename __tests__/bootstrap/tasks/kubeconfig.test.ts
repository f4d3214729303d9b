import { readFileSync } from "node:fs";
import { join } from "node:path";

import { parse, stringify } from "yaml";

import { ownHome } from "../../../bootstrap/site";
import { kubeconfig, type ClusterAccess } from "../../../bootstrap/tasks/kubeconfig";

const ARN = "arn:aws:eks:ap-northeast-2:123456789012:cluster/gudi_eks";
const ACCESS: ClusterAccess = {
  cluster_name: "gudi_eks",
  region: "ap-northeast-2",
  cluster_endpoint: "https://ABC.gr7.ap-northeast-2.eks.amazonaws.com",
  certificate_authority_data: "Q0E=",
};
const TASK = kubeconfig({ root: "", sudo: false }, ownHome(), ACCESS, ARN);

/** A kubeconfig as a program wrote it, with the endpoint and the certificate authority of `ACCESS` in it. */
function golden(writer: "aws-cli-1.45.11" | "kubectl-1.32.4-use-context"): string {
  return readFileSync(join(__dirname, `../../golden/kubeconfig/${writer}.yaml`), "utf8");
}

/** What `aws eks update-kubeconfig` writes. */
function written(): Kubeconfig {
  return parse(golden("aws-cli-1.45.11")) as Kubeconfig;
}

function differences(text: string): string | undefined {
  const change = TASK.change(TASK.current.parse({ exitCode: 0, stdout: text, stderr: "" }));
  expect(change?.commands.length).not.toBe(0);
  return change === undefined ? "" : change.diff;
}

interface Kubeconfig {
  readonly clusters: { cluster: { server: string; "certificate-authority-data": string } }[];
  readonly contexts: object[];
  readonly users: { user: { exec: { apiVersion: string; args: string[] } } }[];
}

describe("a kubeconfig", () => {
  it.each([
    ["as aws eks update-kubeconfig of AWS CLI 1.45.11 writes it", golden("aws-cli-1.45.11")],
    ["as kubectl 1.32.4 writes it anew when another context is chosen", golden("kubectl-1.32.4-use-context")],
  ])("%s is left alone", (_, text) => {
    expect(differences(text)).toBe("");
  });

  it.each<[string, (file: Kubeconfig) => unknown]>([
    ["with a slash behind the endpoint", (file) => (((file.clusters[0] as Cluster).cluster.server += "/"), file)],
    [
      "with the newer version of exec plugins",
      (file) => ((exec(file).apiVersion = "client.authentication.k8s.io/v1"), file),
    ],
  ])("%s is left alone", (_, change) => {
    expect(differences(stringify(change(written())))).toBe("");
  });

  it.each<[string, (file: Kubeconfig) => unknown, string]>([
    [
      "that is empty",
      () => null,
      "the cluster is not in it; it has no way to get a token; no context is the current one",
    ],
    [
      "with an endpoint of an earlier cluster",
      (file) => (((file.clusters[0] as Cluster).cluster.server = "https://OLD"), file),
      `the endpoint is https://OLD, and the outputs have ${ACCESS.cluster_endpoint}`,
    ],
    [
      "with another certificate authority",
      (file) => (((file.clusters[0] as Cluster).cluster["certificate-authority-data"] = "T0xE"), file),
      "the certificate authority is not the one of the outputs",
    ],
    [
      "for kubectl before 1.24",
      (file) => ((exec(file).apiVersion = "client.authentication.k8s.io/v1alpha1"), file),
      "tokens are asked for by client.authentication.k8s.io/v1alpha1",
    ],
    [
      "with the token of another cluster",
      (file) => ((exec(file).args = ["eks", "get-token", "--cluster-name", "other"]), file),
      "tokens come from: aws eks get-token --cluster-name other",
    ],
    ["without a current context", (file) => ({ ...file, "current-context": "gone" }), "no context is the current one"],
    [
      "that is no kubeconfig at all",
      () => ["a", "b"],
      "the cluster is not in it; it has no way to get a token; no context is the current one",
    ],
  ])("%s is written anew", (_, change, words) => {
    expect(differences(stringify(change(written())))).toBe(words);
  });

  it("that is no YAML is for its owner to mend", () => {
    const read = () => TASK.current.parse({ exitCode: 0, stdout: "a: [", stderr: "" });

    expect(read).toThrow(/^~\/\.kube\/config is not YAML \(.*\): mend it or move it away, then run again$/);
  });

  it("that may not be read fails with the reason", () => {
    const stderr = "cat: /home/ubuntu/.kube/config: Permission denied\n";

    expect(() => TASK.current.parse({ exitCode: 1, stdout: "", stderr })).toThrow(
      /^this user has no leave for it \(cat: /,
    );
  });
});

type Cluster = Kubeconfig["clusters"][number];

function exec(file: Kubeconfig): Kubeconfig["users"][number]["user"]["exec"] {
  const [user] = file.users;
  if (user === undefined) throw new Error("there is a user in it");
  return user.user.exec;
}
