import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";

import type { Release } from "../../../bootstrap/releases";
import { outcomesOf } from "../../support/outcomes";
import { finding } from "../../../bootstrap/site";
import type { Outcome, Step } from "../../../bootstrap/engine/task";
import { artifactFor, binary } from "../../../bootstrap/tasks/binary";
import { awsCli } from "../../../bootstrap/tasks/aws-cli";
import { said } from "../../support/recorded";
import { LocalHost } from "../../support/local-host";

/** A release of one file for every machine, served from this one. */
function release(name: string, version: string, content: Buffer, url: string): Release {
  const artifact = { url, sha256: createHash("sha256").update(content).digest("hex") };
  return { name, version, artifacts: { amd64: artifact, arm64: artifact }, isUnconfirmed: false };
}

let root: string;
let server: Server;
let url: string;
let served = Buffer.from("");
let host: LocalHost;

beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), "eks installed "));
  server = createServer((_, response) => response.end(served));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  url = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}/file`;
  host = new LocalHost({ PATH: "/usr/local/bin:/usr/bin:/bin" });
});
afterEach(() => {
  server.close();
  rmSync(root, { recursive: true });
});

function outcomes(step: Step, check = false): Promise<Outcome[]> {
  return outcomesOf(finding(host, { root, sudo: false }), [[step]], { check });
}

describe("a binary", () => {
  const content = Buffer.from("#!/bin/sh\necho kubectl\n");
  const task = () => binary({ root, sudo: false }, release("kubectl", "1.31.4", content, url));
  const file = () => join(root, "usr/local/bin/kubectl");

  it("is downloaded, and not a second time", async () => {
    served = content;

    const [checked, first, second] = [await outcomes(task(), true), await outcomes(task()), await outcomes(task())];

    expect([checked, first, second].map(([outcome]) => outcome?.kind)).toEqual(["would-change", "changed", "ok"]);
    expect(execFileSync(file()).toString()).toBe("kubectl\n");
    expect(readdirSync(dirname(file()))).toEqual(["kubectl"]);
  });

  it.each(["another version", "the same bytes without leave to run them"])("takes the place of %s", async (kind) => {
    served = content;
    mkdirSync(dirname(file()), { recursive: true });
    writeFileSync(file(), kind === "another version" ? "old" : content, { mode: 0o644 });
    if (kind === "another version") chmodSync(file(), 0o755);

    const [outcome] = await outcomes(task());

    expect(outcome?.kind).toBe("changed");
    expect(execFileSync(file()).toString()).toBe("kubectl\n");
  });

  it("is not replaced by a file with another checksum", async () => {
    served = Buffer.from("tampered");
    mkdirSync(dirname(file()), { recursive: true });
    writeFileSync(file(), "old", { mode: 0o755 });

    const [outcome] = await outcomes(task());

    expect(outcome).toMatchObject({ kind: "failed" });
    expect((outcome as { message: string }).message).toMatch(
      /^what was downloaded is not what was released \(checksum/,
    );
    expect(readFileSync(file(), "utf8")).toBe("old");
    expect(readdirSync(dirname(file()))).toEqual(["kubectl"]);
  });

  it("is said to be unconfirmed before it is downloaded, and not when it is there", async () => {
    served = content;
    const unconfirmed = binary(
      { root, sudo: false },
      { ...release("kubectl", "1.31.4", content, url), isUnconfirmed: true },
    );

    const [first, second] = [await outcomes(unconfirmed), await outcomes(unconfirmed)];

    expect(first.map(({ kind }) => kind)).toEqual(["warning", "changed"]);
    expect(first[0]).toHaveProperty(
      "message",
      "no public file that release-table.json names has the checksums of kubectl 1.31.4; `npm run check:releases` " +
        "compares them with its maker's",
    );
    expect(second.map(({ kind }) => kind)).toEqual(["ok"]);
  });

  it("is there for two kinds of machines", () => {
    const both = release("kubectl", "1.31.4", content, url);

    expect(artifactFor(both, "x86_64")).toBe(both.artifacts.amd64);
    expect(artifactFor(both, "aarch64")).toBe(both.artifacts.arm64);
    expect(() => artifactFor(both, "armv7l")).toThrow(
      "kubectl is there for x86_64 and aarch64, and the host is armv7l: " +
        "use an instance type of one of them for the bastion",
    );
  });
});

describe("the AWS CLI", () => {
  /** A stand-in for AWS' archive: the same folders, and a script for a program. */
  function archive(script: string): Buffer<ArrayBuffer> {
    const folder = mkdtempSync(join(tmpdir(), "eks-zip-"));
    mkdirSync(join(folder, "aws/dist"), { recursive: true });
    for (const program of ["aws", "aws_completer"])
      writeFileSync(join(folder, "aws/dist", program), script, { mode: 0o755 });
    execFileSync("python3", ["-m", "zipfile", "-c", "aws.zip", "aws/"], { cwd: folder });
    const zip = Buffer.from(readFileSync(join(folder, "aws.zip")));
    rmSync(folder, { recursive: true });
    return zip;
  }
  const task = (zip: Buffer) => awsCli({ root, sudo: false }, release("aws-cli", "2.36.7", zip, url));
  const program = () => join(root, "usr/local/bin/aws");
  /** What `aws --version` prints, of another version than the recorded one. */
  const ofVersion = (version: string) =>
    said("aws", "version")
      .stdout.trimEnd()
      .replace(/^(aws-cli\/)\S+/, `$1${version}`);
  /** A stand-in for an AWS CLI that came with the system. */
  function systemAws(version: string): void {
    const folder = join(root, "system");
    mkdirSync(folder);
    writeFileSync(join(folder, "aws"), `#!/bin/sh\necho "${ofVersion(version)}"\n`, { mode: 0o755 });
    host = new LocalHost({ PATH: `${folder}:/usr/bin:/bin` });
  }
  const SCRIPT = "#!/bin/sh\necho aws-cli/2.36.7 Python/3.13\n";

  it("is unpacked where AWS' installer puts it, and not a second time", async () => {
    served = archive(SCRIPT);
    systemAws("1.22.34");

    const [checked, first] = [await outcomes(task(served), true), await outcomes(task(served))];
    host.ran.length = 0;
    const second = await outcomes(task(served));

    expect(checked).toEqual([{ kind: "would-change", title: "AWS CLI 2", diff: "- 1.22.34\n+ 2.36.7" }]);
    expect([first, second].map(([outcome]) => outcome?.kind)).toEqual(["changed", "ok"]);
    expect(host.ran).toHaveLength(1);
    expect(execFileSync(program()).toString()).toBe("aws-cli/2.36.7 Python/3.13\n");
    expect(readlinkSync(program())).toBe("../aws-cli/v2/current/bin/aws");
    expect(readlinkSync(join(root, "usr/local/aws-cli/v2/current"))).toBe("2.36.7");
    expect(readdirSync(join(root, "usr/local/aws-cli/v2")).sort()).toEqual(["2.36.7", "current"]);
  });

  it.each([
    ["2.6.2", "changed"],
    ["2.6.3", "ok"],
    ["2.7.0", "ok"],
    ["2.36.10", "ok"],
    ["3.0.0", "changed"],
    ["1.45.55", "changed"],
  ])("of the version %s that came with the system is %s", async (version, kind) => {
    served = archive(SCRIPT);
    systemAws(version);

    const [outcome] = await outcomes(task(served));

    expect(outcome?.kind).toBe(kind);
  });

  it("that does not run on this machine is not installed", async () => {
    served = archive("#!/bin/sh\necho 'GLIBC_2.28 not found' >&2; exit 1\n");

    const [outcome] = await outcomes(task(served));

    expect(outcome).toMatchObject({ kind: "failed", message: "GLIBC_2.28 not found" });
    expect(existsSync(program())).toBe(false);
    expect(readdirSync(join(root, "usr/local/aws-cli/v2"))).toEqual([]);
  });

  it("is installed whole after an installation that was killed at any of its lines", async () => {
    served = archive(SCRIPT);
    const installed = ["bin/aws", "bin/aws_completer", "aws-cli/v2/current/bin/aws_completer"];
    const [{ text } = { text: "" }] = task(served).change({ machine: "x86_64", version: undefined })?.commands ?? [];
    const lines = text.split("\n");
    const lacking: string[] = [];
    for (let line = 1; line <= lines.length; line++) {
      const killed = [...lines.slice(0, line), "kill -KILL $$", ...lines.slice(line)].join("\n");

      await host.run({ text: killed });
      const [outcome] = await outcomes(task(served));

      const missing = installed.filter((path) => !existsSync(join(root, "usr/local", path)));
      const after = `after "${lines[line - 1] ?? ""}"`;
      if (missing.length > 0) lacking.push(`${after}: ${missing.join(", ")}`);
      if (outcome?.kind === "failed") lacking.push(`${after}: ${outcome.message}`);
      rmSync(join(root, "usr"), { recursive: true });
    }

    expect(lacking).toEqual([]);
  });

  it("of which a killed installation left half a folder is installed all the same", async () => {
    served = archive(SCRIPT);
    mkdirSync(join(root, "usr/local/aws-cli/v2/.unpack.dead00/aws"), { recursive: true });

    const [outcome] = await outcomes(task(served));

    expect(outcome?.kind).toBe("changed");
    expect(readdirSync(join(root, "usr/local/aws-cli/v2")).sort()).toEqual(["2.36.7", "current"]);
  });
});
