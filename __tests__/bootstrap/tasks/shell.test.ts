import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { PROFILE } from "../../../bootstrap/tasks/shell";

/** Runs a script with the profile read first, and a stand-in for kubectl that prints how it is called. */
function inShell(shell: string, args: readonly string[], script: string): string {
  const folder = mkdtempSync(join(tmpdir(), "eks-profile-"));
  mkdirSync(join(folder, "bin"));
  const kubectl = `#!/bin/sh
if [ "$1" = completion ]; then echo "__start_kubectl() { COMPREPLY=(pods); }"; else echo "kubectl $*"; fi
`;
  writeFileSync(join(folder, "bin/kubectl"), kubectl, { mode: 0o755 });
  writeFileSync(join(folder, "profile"), PROFILE);
  try {
    return execFileSync(shell, [...args, "-c", `. ${folder}/profile\n${script}`], {
      env: { PATH: `${folder}/bin:/usr/bin:/bin`, HOME: folder },
      stdio: ["ignore", "pipe", "ignore"],
    }).toString();
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describe("the profile of login shells", () => {
  it.each([
    ["sh", []],
    ["bash", ["--norc"]],
    ["bash", ["--norc", "-i"]],
  ])("is understood by %s %j", (shell, args) => {
    const script = "kcd kube-system";

    expect(inShell(shell, args, script)).toBe("kubectl config set-context --current --namespace=kube-system\n");
  });

  it("makes k short for kubectl, and completes it, for people", () => {
    const output = inShell("bash", ["--norc", "-i"], "alias k; complete -p k");

    expect(output).toBe("alias k='kubectl'\ncomplete -o default -F __start_kubectl k\n");
  });

  it("does not run kubectl in a shell that nobody sits at", () => {
    expect(inShell("bash", ["--norc"], "complete -p k 2>/dev/null || echo none")).toBe("none\n");
  });

  it("says how kcd is used", () => {
    expect(() => inShell("bash", ["--norc"], "kcd")).toThrow();
  });
});
