import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";

import { UserError } from "../../contract/user-error";
import { kubectlFor, mirrored, mirrorUrl, ownReleases, readReleases } from "../../bootstrap/releases";
import type { Arch, Release } from "../../bootstrap/releases";

const ROOT = join(__dirname, "../..");
const JSON_TEXT = readFileSync(join(ROOT, "bootstrap/release-table.json"), "utf8");
const RELEASES = ownReleases();
const KUBECTLS = Object.entries(RELEASES.kubectl);
const ALL = [...Object.values(RELEASES.kubectl), RELEASES.awsIamAuthenticator, RELEASES.awsCli];
const ARCHES: readonly Arch[] = ["amd64", "arm64"];

/** Where the files are, written down a second time. */
const URLS: Readonly<Record<string, (version: string, arch: Arch) => string>> = {
  kubectl: (version, arch) => `https://dl.k8s.io/release/v${version}/bin/linux/${arch}/kubectl`,
  "aws-iam-authenticator": (version, arch) =>
    "https://github.com/kubernetes-sigs/aws-iam-authenticator/releases/download/" +
    `v${version}/aws-iam-authenticator_${version}_linux_${arch}`,
  "aws-cli": (version, arch) =>
    `https://awscli.amazonaws.com/awscli-exe-linux-${arch === "arm64" ? "aarch64" : "x86_64"}-${version}.zip`,
};

const minorsFrom = (first: number, last: number) =>
  Array.from({ length: last - first + 1 }, (_, index) => `1.${String(first + index)}`);

describe("the table of releases", () => {
  it.each(ALL.flatMap((release) => ARCHES.map((arch) => ({ ...release, arch, artifact: release.artifacts[arch] }))))(
    "has $name $version for $arch at its place, with a checksum",
    ({ name, version, arch, artifact }) => {
      expect(version).toMatch(/^\d+\.\d+\.\d+$/);
      expect(artifact).toEqual({
        url: URLS[name]?.(version, arch),
        sha256: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
      });
    },
  );

  it.each(KUBECTLS)("has a patch of Kubernetes %s in its row", (minor, { name, version }) => {
    expect(name).toBe("kubectl");
    expect(version.startsWith(`${minor}.`)).toBe(true);
  });

  it("names a public file for every row but these, which it says are unconfirmed", () => {
    const unconfirmed = ALL.filter(({ isUnconfirmed }) => isUnconfirmed).map(
      ({ name, version }) => `${name} ${version}`,
    );

    expect(unconfirmed).toEqual(["kubectl 1.37.1"]);
    const tools = Object.values(
      JSON.parse(JSON_TEXT) as Record<string, { read: string; releases?: object; release?: object }>,
    );
    const rows = tools.flatMap(({ releases, release }) => Object.values(releases ?? { only: release }) as object[]);
    expect(rows.length).toBe(ALL.length);
    for (const { read } of tools) expect(read).toMatch(/^20\d\d-\d\d-\d\d$/);
    for (const row of rows) expect(row).toHaveProperty("sources", expect.any(Array));
  });

  it("says nothing of sources for a table of one's own that names none", () => {
    const own = JSON.parse(JSON_TEXT) as { kubectl: { releases: Record<string, { sources?: unknown }> } };
    Reflect.deleteProperty(own.kubectl.releases["1.37"] ?? {}, "sources");

    expect(readReleases(JSON.stringify(own), "own.json").kubectl["1.37"]).toHaveProperty("isUnconfirmed", false);
  });

  it("has every minor from the workshop's on", () => {
    expect(KUBECTLS.map(([minor]) => minor)).toEqual(minorsFrom(14, 37));
  });

  it("is found by node too, which resolves names in another order than jest", () => {
    const script = 'console.log(JSON.stringify(require("./bootstrap/releases").ownReleases()))';

    const output = execFileSync(
      process.execPath,
      ["--require", join(__dirname, "..", "..", "bin", "typescript.cjs"), "--eval", script],
      {
        cwd: ROOT,
      },
    );

    expect(JSON.parse(output.toString())).toEqual(RELEASES);
  });

  it("has no checksum twice", () => {
    const checksums = ALL.flatMap(({ artifacts }) => ARCHES.map((arch) => artifacts[arch].sha256));

    expect(new Set(checksums).size).toBe(checksums.length);
  });
});

describe("kubectl for a cluster", () => {
  it.each(KUBECTLS)("of Kubernetes %s is of the same minor", (minor, release) => {
    expect(kubectlFor(RELEASES, minor)).toBe(release);
  });

  it.each([
    ["1.38", "1.37", "the newest, when it is the minor below"],
    ["1.13", "1.14", "the oldest, when it is the minor above"],
  ])("of Kubernetes %s is that of %s: %s", (minor, neighbour) => {
    expect(kubectlFor(RELEASES, minor)).toBe(RELEASES.kubectl[neighbour]);
  });

  it.each([
    ["1.31", ["1.30", "1.32"], "1.32"],
    ["1.31", ["1.30", "1.33"], "1.30"],
    ["1.9", ["1.8", "1.10"], "1.10"],
  ])("of Kubernetes %s, from a table with %j, is that of %s", (minor, minors, expected) => {
    expect(kubectlFor(tableWith(minors), minor).version).toBe(`${expected}.1`);
  });

  it.each([
    [
      "a cluster two minors newer than the table",
      "1.12",
      "there is no kubectl for Kubernetes 1.12: it may be one minor older or newer than the cluster, and the table of " +
        "releases has 1.9, 1.10; give a newer table with --releases FILE",
    ],
    ["a cluster two minors older than the table", "1.7", "there is no kubectl for Kubernetes 1.7"],
    ["another major", "2.10", "there is no kubectl for Kubernetes 2.10"],
    ["a patch", "1.10.3", 'the cluster\'s Kubernetes version must be MAJOR.MINOR, got "1.10.3"'],
  ])("fails for %s", (_, version, message) => {
    const choose = () => kubectlFor(tableWith(["1.10", "1.9"]), version);

    expect(choose).toThrow(UserError);
    expect(choose).toThrow(message);
  });

  /** The own table, with the given minors of kubectl instead of its own, each with the patch 1. */
  function tableWith(minors: readonly string[]) {
    const kubectl = (minor: string): Release => ({ ...RELEASES.awsCli, name: "kubectl", version: `${minor}.1` });
    return { ...RELEASES, kubectl: Object.fromEntries(minors.map((minor) => [minor, kubectl(minor)])) };
  }
});

describe("a table of one's own", () => {
  const SHA256 = "0123456789abcdef".repeat(4);
  const ROW = { version: "1.31.99", amd64: SHA256, arm64: SHA256.replaceAll("0", "1") };

  it("is read in the same format", () => {
    const url = "http://files.example:8080/{arch}/kubectl-{version}-{arch}";
    const json = changed(["kubectl"], { url, releases: { "1.31": ROW } });

    const { kubectl, awsCli } = readReleases(json, "my.json");

    expect(kubectl).toEqual({
      "1.31": {
        name: "kubectl",
        isUnconfirmed: false,
        version: "1.31.99",
        artifacts: {
          amd64: { url: "http://files.example:8080/amd64/kubectl-1.31.99-amd64", sha256: ROW.amd64 },
          arm64: { url: "http://files.example:8080/arm64/kubectl-1.31.99-arm64", sha256: ROW.arm64 },
        },
      },
    });
    expect(awsCli).toEqual(RELEASES.awsCli);
  });

  it.each([
    ["nothing", "", "my.json is not JSON: it is empty"],
    ["half a table", JSON_TEXT.slice(0, 100), "my.json is not JSON: "],
    ["a list", "[]", "my.json is no table of releases: Invalid input: expected object, received array"],
    ["an empty table", "{}", "kubectl is missing; aws-iam-authenticator is missing; aws-cli is missing"],
    ["a program that nobody installs", changed(["helm"], {}), 'Unrecognized key: "helm"'],
    ["no release of kubectl", changed(["kubectl", "releases"], {}), "kubectl.releases has no release"],
    [
      "a row in the wrong place",
      changed(["kubectl", "releases"], { "1.30": ROW }),
      "kubectl.releases.1.30 is the row of Kubernetes 1.30, but its version is 1.31.99",
    ],
    [
      "a version with a v",
      changed(["kubectl", "releases", "1.31", "version"], "v1.31.4"),
      'kubectl.releases.1.31.version must be MAJOR.MINOR.PATCH, got "v1.31.4"',
    ],
    [
      "a version that is a number",
      changed(["kubectl", "releases", "1.31", "version"], 1.31),
      "kubectl.releases.1.31.version Invalid input: expected string, received number",
    ],
    [
      "an architecture without a checksum",
      changed(["kubectl", "releases", "1.31"], { version: "1.31.99", amd64: SHA256 }),
      "kubectl.releases.1.31.arm64 is missing",
    ],
    [
      "a SHA-1",
      changed(["aws-cli", "release", "amd64"], "da39a3ee5e6b4b0d3255bfef95601890afd80709"),
      "aws-cli.release.amd64 must be a SHA-256 of 64 lower-case hex digits, " +
        'got "da39a3ee5e6b4b0d3255bfef95601890afd80709"',
    ],
    [
      "a checksum in capitals",
      changed(["aws-cli", "release", "arm64"], SHA256.toUpperCase()),
      "aws-cli.release.arm64 must be a SHA-256 of 64 lower-case hex digits",
    ],
    [
      "a checksum with the file's name behind it",
      changed(["aws-cli", "release", "arm64"], `${SHA256}  awscliv2.zip\n`),
      "aws-cli.release.arm64 must be a SHA-256 of 64 lower-case hex digits",
    ],
    [
      "one checksum for both architectures",
      changed(["aws-cli", "release"], { version: "2.36.29", amd64: SHA256, arm64: SHA256 }),
      "aws-cli.release has the same checksum for amd64 and arm64: one of them is of the wrong file",
    ],
    [
      "an AWS CLI that is too old",
      changed(["aws-cli", "release", "version"], "2.6.2"),
      "aws-cli.release.version must be 2.6.3 or newer: older ones use client.authentication.k8s.io/v1alpha1",
    ],
    [
      "an authenticator that is too old",
      changed(["aws-iam-authenticator", "release", "version"], "0.5.8"),
      "aws-iam-authenticator.release.version must be 0.5.9 or newer",
    ],
    [
      "a URL without places for version and architecture",
      changed(["kubectl", "url"], "https://dl.k8s.io/kubectl"),
      'kubectl.url must have {version} and {arch} in it, got "https://dl.k8s.io/kubectl"',
    ],
    [
      "half of a program's words for the architectures",
      changed(["aws-cli", "arch"], { amd64: "x86_64" }),
      "aws-cli.arch.arm64 is missing",
    ],
    [
      "a URL on this machine",
      changed(["kubectl", "url"], "file:///{version}/{arch}"),
      'kubectl.url must be an http or https URL, got "file:///{version}/{arch}"',
    ],
    [
      "a URL with a signature",
      changed(["kubectl", "url"], "https://x.example/{version}/{arch}?X-Amz-Signature=abc"),
      'kubectl.url must not have a query or a fragment, got "https://x.example/{version}/{arch}…"',
    ],
  ])("fails for %s", (_, json, message) => {
    const read = () => readReleases(json, "my.json");

    expect(read).toThrow(UserError);
    expect(read).toThrow(message);
    expect(read).toThrow(/^my\.json is n/);
  });

  it.each(["2.6.3", "2.10.0", "3.0.0"])("may have version %s of the AWS CLI", (version) => {
    expect(readReleases(changed(["aws-cli", "release", "version"], version), "my.json").awsCli.version).toBe(version);
  });

  /** The own table as JSON, with another value at the end of a path. */
  function changed(path: readonly string[], value: unknown): string {
    const table = JSON.parse(JSON_TEXT) as Record<string, unknown>;
    let place = table;
    for (const key of path.slice(0, -1)) place = place[key] as Record<string, unknown>;
    place[path.at(-1) ?? ""] = value;
    return JSON.stringify(table);
  }
});

describe("a mirror", () => {
  const URL_OF_KUBECTL = "https://dl.k8s.io/release/v1.31.4/bin/linux/amd64/kubectl";

  it.each([
    ["https://mirror.example/eks", "https://mirror.example/eks/release/v1.31.4/bin/linux/amd64/kubectl"],
    ["https://mirror.example/eks/", "https://mirror.example/eks/release/v1.31.4/bin/linux/amd64/kubectl"],
    ["https://mirror.example", "https://mirror.example/release/v1.31.4/bin/linux/amd64/kubectl"],
    ["http://10.0.0.5:8080/a/b//", "http://10.0.0.5:8080/a/b/release/v1.31.4/bin/linux/amd64/kubectl"],
    ["http://[fd00::5]:8080", "http://[fd00::5]:8080/release/v1.31.4/bin/linux/amd64/kubectl"],
  ])("%s has kubectl at %s", (mirror, expected) => {
    expect(mirrored(URL_OF_KUBECTL, mirror)).toBe(expected);
  });

  it("has every file of the table at a path of its own", () => {
    const urls = ALL.flatMap(({ artifacts }) => ARCHES.map((arch) => artifacts[arch].url));

    const there = urls.map((url) => mirrored(url, "https://mirror.example/eks"));

    expect(new Set(there).size).toBe(urls.length);
    expect(there.length).toBeGreaterThan(20);
    expect(there.filter((url) => !url.startsWith("https://mirror.example/eks/"))).toEqual([]);
  });

  it.each([
    [
      "no URL",
      "mirror.example/eks",
      '--mirror must be a URL such as https://mirror.example/eks, got "mirror.example/eks"',
    ],
    ["nothing", "", '--mirror must be a URL such as https://mirror.example/eks, got ""'],
    ["a bucket", "s3://bucket/eks", '--mirror must be an http or https URL, got "s3://bucket/eks"'],
    ["a file", "file:///srv/eks", '--mirror must be an http or https URL, got "file:///srv/eks"'],
    [
      "a user",
      "https://me@mirror.example",
      "--mirror must not hold credentials, which everybody on the bastion would see",
    ],
    ["a password", "https://:s3cret@mirror.example/eks", 'in its list of processes, got "…@mirror.example/eks"'],
    ["a broken URL with a password", "https://me:s3cret@mirror.example:port", 'got "…@mirror.example:port"'],
    [
      "a query",
      "https://mirror.example/?token=s3cret",
      'must not have a query or a fragment, got "https://mirror.example/…"',
    ],
    [
      "a fragment",
      "https://mirror.example/#s3cret",
      'must not have a query or a fragment, got "https://mirror.example/…"',
    ],
  ])("fails for %s", (_, mirror, message) => {
    const use = () => mirrorUrl(mirror);

    expect(use).toThrow(UserError);
    expect(use).toThrow(message);
    expect(use).not.toThrow("s3cret");
  });
});
