import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import type { Surroundings } from "../../rehearsal/bastion/surroundings";

type Tree = Readonly<Record<string, string>>;

/** What every login shell is to get. */
const PROFILE = `# kubectl for people. Written by the bootstrap of eks-hands-on: changes made here are lost.
alias k=kubectl
# kcd NAMESPACE: work in this namespace from now on
kcd() { kubectl config set-context --current --namespace="\${1:?usage: kcd NAMESPACE}"; }
if [ -n "\${BASH_VERSION-}" ] && command -v kubectl >/dev/null; then
  case $- in
    *i*) eval "$(kubectl completion bash)"; complete -o default -F __start_kubectl k ;;
  esac
fi
`;

/** What is to be in a home; the kubeconfig's text is that of one cluster. */
const HOME: Tree = {
  ".aws": "folder 755",
  ".aws/config": file("600", "[default]\nregion = ap-northeast-2\n"),
  ".kube": "folder 755",
  ".kube/config": "600",
};

/** What a bootstrap is to make below a bastion's root and in its user's home, typed by hand; as `treeOf` says it. */
export async function wholeBastion({ mirror, artifacts }: Surroundings): Promise<{ root: Tree; home: Tree }> {
  const released = async (path: string) => Buffer.from(await (await fetch(mirror.url + path)).arrayBuffer());
  const aws = file("755", fromArchive(await released(artifacts.awsCli), "aws/dist/aws"));
  const version = (at: string): Tree => ({
    [`${at}/bin`]: "folder 755",
    [`${at}/bin/aws`]: "-> ../dist/aws",
    [`${at}/bin/aws_completer`]: "-> ../dist/aws_completer",
    [`${at}/dist`]: "folder 755",
    [`${at}/dist/aws`]: aws,
    [`${at}/dist/aws_completer`]: aws,
  });
  const root = {
    etc: "folder 755",
    "etc/profile.d": "folder 755",
    "etc/profile.d/eks-hands-on.sh": file("644", PROFILE),
    root: "folder 755",
    ...Object.fromEntries(Object.entries(HOME).map(([path, what]) => [`root/${path}`, what])),
    usr: "folder 755",
    "usr/local": "folder 755",
    "usr/local/aws-cli": "folder 755",
    "usr/local/aws-cli/v2": "folder 755",
    "usr/local/aws-cli/v2/2.30.0": "folder 755",
    ...version("usr/local/aws-cli/v2/2.30.0"),
    "usr/local/aws-cli/v2/current": "-> 2.30.0",
    ...version("usr/local/aws-cli/v2/current"),
    "usr/local/bin": "folder 755",
    "usr/local/bin/aws": "-> ../aws-cli/v2/current/bin/aws",
    "usr/local/bin/aws-iam-authenticator": file("755", await released(artifacts.authenticator)),
    "usr/local/bin/aws_completer": "-> ../aws-cli/v2/current/bin/aws_completer",
    "usr/local/bin/kubectl": file("755", await released(artifacts.kubectl)),
  };
  return { root, home: HOME };
}

/** A tree in which of a kubeconfig the mode alone is said. */
export function withoutClusters(tree: Tree): Tree {
  return Object.fromEntries(
    Object.entries(tree).map(([path, what]) => [
      path,
      path.endsWith(".kube/config") ? (what.split(" ")[0] ?? "") : what,
    ]),
  );
}

function file(mode: string, content: string | Buffer): string {
  return `${mode} ${createHash("sha256").update(content).digest("hex")}`;
}

function fromArchive(archive: Buffer, path: string): Buffer {
  const folder = mkdtempSync(join(tmpdir(), "eks-test-archive-"));
  try {
    writeFileSync(join(folder, "archive.zip"), archive);
    return execFileSync("unzip", ["-p", join(folder, "archive.zip"), path]);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
