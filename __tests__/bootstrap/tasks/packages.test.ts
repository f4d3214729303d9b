import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import type { Host } from "../../../bootstrap/engine/host";
import { outcomesOf } from "../../support/outcomes";
import { findProgram } from "../../../terraform/program";
import type { Outcome } from "../../../bootstrap/engine/task";
import { packages } from "../../../bootstrap/tasks/packages";
import { quoted } from "../../../contract/shell";
import { said } from "../../support/recorded";
import { LocalHost } from "../../support/local-host";

let folder: string;
let calls: string;
let host: LocalHost;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "eks-packages-"));
  calls = join(folder, "calls");
  mkdirSync(join(folder, "bin"));
  for (const program of ["sh", "cat", "basename", "rm", "chmod"]) {
    symlinkSync(findProgram(program) ?? "", join(folder, "bin", program));
  }
  host = new LocalHost({ PATH: join(folder, "bin") });
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

function program(name: string, script = ""): void {
  const file = join(folder, "bin", name);
  writeFileSync(file, `#!/bin/sh\n${script}\n`);
  chmodSync(file, 0o755);
}

/** A stand-in for a package manager: notes how it was called, and installs programs that do nothing. */
function manager(name: string, result = ""): void {
  program(
    name,
    `echo "${name} $*" >>${calls}
case " $* " in *" install "*)
  for package; do case $package in -*|install|*=*) ;; *) printf '#!/bin/sh\\n' >${folder}/bin/"$package"; chmod +x ${folder}/bin/"$package" ;; esac; done
esac
${result}`,
  );
}

function outcomes(on: Host, root = "", check = false): Promise<Outcome[]> {
  return outcomesOf(on, [[packages({ root, sudo: false })]], { check });
}

const hasCompletion = existsSync("/usr/share/bash-completion/bash_completion");
/** What this machine has of its own, because it is not a program that could be hidden. */
const completion = hasCompletion ? [] : ["+ bash-completion"];

describe("packages", () => {
  it("says which are missing, and installs nothing, in check mode", async () => {
    manager("apt-get");
    program("curl");

    const checked = await outcomes(host, "", true);

    const diff = ["+ unzip", "+ flock", "+ less", "+ groff", ...completion].join("\n");
    expect(checked).toEqual([{ kind: "would-change", title: "packages", diff }]);
    expect(existsSync(calls)).toBe(false);
  });

  it("installs what is missing with apt-get, after it has mended what was broken off", async () => {
    for (const name of ["unzip", "flock", "less", "groff"]) program(name);
    manager("apt-get");
    program("dpkg", `echo "dpkg $*" >>${calls}`);

    const [outcome] = await outcomes(host);

    const welcome = hasCompletion ? "" : " bash-completion";
    expect(readFileSync(calls, "utf8").split("\n")).toEqual([
      "dpkg --configure -a",
      "apt-get -q -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3 update",
      "apt-get -q -y -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3 install --no-install-recommends curl" + welcome,
      "",
    ]);
    // The stand-in cannot install what is no program.
    expect(outcome?.kind).toBe(hasCompletion ? "changed" : "failed");
  });

  it("installs curl-minimal on Amazon Linux, where curl would exclude it", async () => {
    for (const name of ["unzip", "flock", "less", "groff"]) program(name);
    manager("dnf", `printf '#!/bin/sh\\n' >${folder}/bin/curl; chmod +x ${folder}/bin/curl`);

    await outcomes(host);

    const welcome = hasCompletion ? "" : " bash-completion";
    expect(readFileSync(calls, "utf8")).toBe(
      `dnf -q -y --setopt=*.skip_if_unavailable=1 install curl-minimal${welcome}\n`,
    );
  });

  it.each([
    ["lock that is held", "another package manager is at work"],
    ["no such package", "the distribution's repositories lack a package"],
  ])("fails in one line when apt-get finds a %s", async (recorded, meaning) => {
    const { stdout, stderr, exitCode } = said("apt-get", recorded);
    const [complaint = ""] = stderr.split("\n");
    program("dpkg");
    const printing = `printf %s ${quoted(stdout)}; printf %s ${quoted(stderr)} >&2; exit ${String(exitCode)}`;
    program("apt-get", printing);

    const [outcome] = await outcomes(host);

    expect(outcome).toMatchObject({ kind: "failed", title: "packages" });
    const { message } = outcome as { message: string };
    expect(message).toContain(`${meaning} (${complaint}): `);
    expect(message).not.toContain("\n");
  });

  describe("with a dead package source", () => {
    /** What apt-get says to standard error of a source that answers 404; it ends with 100. */
    const DEAD = said("apt-get", "dead source").stderr.trimEnd();
    const update = `case " $* " in *" update ") echo "${DEAD}" >&2; exit 100 ;; esac`;

    beforeEach(() => {
      for (const name of ["unzip", "flock", "less", "groff"]) program(name);
      program("dpkg");
    });

    it("are installed from the others, without a word about it", async () => {
      manager("apt-get", update);

      const [outcome] = await outcomes(host);

      expect(readFileSync(calls, "utf8")).toMatch(/ update\napt-get .* install .*curl/);
      expect(existsSync(join(folder, "bin/curl"))).toBe(true);
      if (hasCompletion) expect(outcome).toMatchObject({ kind: "changed" });
    });

    it("fail with its name when the others lack a package", async () => {
      program("apt-get", `${update}\necho "E: Unable to locate package curl" >&2; exit 100`);

      const [outcome] = await outcomes(host);

      expect(outcome).toEqual({
        kind: "failed",
        title: "packages",
        message:
          `a download from the distribution's repositories failed (${DEAD}): ` +
          "check the host's package sources, and its way to the internet (route, NAT, proxy)",
      });
    });
  });

  it("does not touch the system when it writes to another root, and says what to do", async () => {
    manager("apt-get");

    const [outcome] = await outcomes(host, "/srv/root");

    expect(outcome).toEqual({
      kind: "failed",
      title: "packages",
      message:
        "curl, unzip, flock must be on the host, and packages are not installed with --root: install them yourself",
    });
    expect(existsSync(calls)).toBe(false);
  });

  it("needs apt-get or dnf only when something is missing", async () => {
    const [without] = await outcomes(host);
    for (const name of ["curl", "unzip", "flock"]) program(name);
    const complete = await outcomes(host, "/srv/root");

    expect((without as { message: string }).message).toMatch(/^curl, unzip, .* which has neither apt-get nor dnf: /);
    expect(complete).toEqual([{ kind: "ok", title: "packages" }]);
  });
});
