import { readFileSync } from "node:fs";
import { join } from "node:path";

import { z } from "zod";

import { UserError } from "../contract/user-error";
import { parseJson } from "../contract/json";
import { compareVersions } from "../facts/version-order";

/** Architecture of a bastion, in Kubernetes' words. */
export type Arch = "amd64" | "arm64";

/** One file to download. */
export interface Artifact {
  readonly url: string;
  /** In lower-case hex, as `sha256sum` prints it. */
  readonly sha256: string;
}

/** One version of a program, for every architecture. */
export interface Release {
  /** `kubectl`, `aws-iam-authenticator` or `aws-cli`. */
  readonly name: string;
  /** Without a `v`: `1.31.14`. */
  readonly version: string;
  readonly artifacts: Readonly<Record<Arch, Artifact>>;
  /** Whether the table knows no public file with the same checksums. */
  readonly isUnconfirmed: boolean;
}

/** Everything that the bootstrap downloads onto a bastion. */
export interface Releases {
  /** By the Kubernetes minor, such as `1.31`. */
  readonly kubectl: Readonly<Record<string, Release>>;
  readonly awsIamAuthenticator: Release;
  readonly awsCli: Release;
}

const got = (value: unknown) => `got ${JSON.stringify(value)}`;

const sha256 = z.string().regex(/^[0-9a-f]{64}$/, {
  error: ({ input }) => `must be a SHA-256 of 64 lower-case hex digits, ${got(input)}`,
});

const row = z
  .strictObject({
    version: z.string().regex(/^\d+\.\d+\.\d+$/, { error: ({ input }) => `must be MAJOR.MINOR.PATCH, ${got(input)}` }),
    amd64: sha256,
    arm64: sha256,
    /** Public files that have the same checksums; none: nobody confirms them. A table of one's own does not say. */
    sources: z.array(z.string()).optional(),
  })
  .refine(({ amd64, arm64 }) => amd64 !== arm64, {
    error: "has the same checksum for amd64 and arm64: one of them is of the wrong file",
  });

type Row = z.infer<typeof row>;

/** A row of a program whose older versions are of no use here. */
const rowSince = (minimum: string, because: string) =>
  row.refine(({ version }) => compareVersions(version, minimum) >= 0, {
    path: ["version"],
    error: `must be ${minimum} or newer: ${because}`,
  });

const tool = {
  /** When the sources of its rows were read. */
  read: z.iso.date().optional(),
  /** With `{version}` and `{arch}` in it. */
  url: z.string().superRefine((url, context) => {
    const missing = ["{version}", "{arch}"].filter((word) => !url.includes(word));
    const absent = missing.length === 0 ? undefined : `must have ${missing.join(" and ")} in it, ${got(url)}`;
    const wrong = objection(url) ?? absent;
    if (wrong !== undefined) context.addIssue({ code: "custom", message: wrong });
  }),
  /** What `{arch}` stands for when a program has words of its own. */
  arch: z.strictObject({ amd64: z.string().min(1), arm64: z.string().min(1) }).optional(),
};

type Tool = Pick<z.infer<z.ZodObject<typeof tool>>, "url" | "arch">;

const V1BETA1 = "older ones use client.authentication.k8s.io/v1alpha1, which kubectl 1.24 and newer do not know";

/** The table as it is in a file. */
const TABLE = z.strictObject({
  kubectl: z.strictObject({
    ...tool,
    releases: z.record(z.string(), row).superRefine((rows, context) => {
      if (Object.keys(rows).length === 0) context.addIssue({ code: "custom", message: "has no release" });
      for (const [minor, { version }] of Object.entries(rows)) {
        if (version.slice(0, version.lastIndexOf(".")) === minor) continue;
        const message = `is the row of Kubernetes ${minor}, but its version is ${version}`;
        context.addIssue({ code: "custom", path: [minor], message });
      }
    }),
  }),
  // https://github.com/kubernetes-sigs/aws-iam-authenticator/releases/tag/v0.5.9
  "aws-iam-authenticator": z.strictObject({ ...tool, release: rowSince("0.5.9", V1BETA1) }),
  // https://github.com/aws/aws-cli/blob/v2/CHANGELOG.rst
  "aws-cli": z.strictObject({ ...tool, release: rowSince("2.6.3", V1BETA1) }),
});

/**
 * Reads a table of releases: JSON in the form of `bootstrap/release-table.json`.
 *
 * @param source where the text comes from, for messages: a file's name
 * @throws UserError when the text is not JSON, or no such table; it names the fields that are wrong
 */
export function readReleases(json: string, source: string): Releases {
  const parsed = TABLE.safeParse(parseJson(json, source), {
    error: ({ code, input }) => (code === "invalid_type" && input === undefined ? "is missing" : undefined),
  });
  if (!parsed.success) {
    const wrong = parsed.error.issues.map(({ path, message }) => `${path.join(".")} ${message}`.trim());
    throw new UserError(`${source} is no table of releases: ${wrong.join("; ")}`);
  }
  const { kubectl, "aws-iam-authenticator": awsIamAuthenticator, "aws-cli": awsCli } = parsed.data;
  const rows = Object.entries(kubectl.releases);
  return {
    kubectl: Object.fromEntries(rows.map(([minor, row]) => [minor, release("kubectl", kubectl, row)])),
    awsIamAuthenticator: release("aws-iam-authenticator", awsIamAuthenticator, awsIamAuthenticator.release),
    awsCli: release("aws-cli", awsCli, awsCli.release),
  };
}

/** The table that comes with the bootstrap. */
export function ownReleases(): Releases {
  // Not releases.json: that is what node loads for "./releases" before it looks for releases.ts.
  const file = join(__dirname, "release-table.json");
  return readReleases(readFileSync(file, "utf8"), file);
}

/**
 * The kubectl for a cluster: that of its own minor. When the table lacks it, that of the minor above or below, in this
 * order; further away kubectl is not supported.
 *
 * @param clusterVersion the cluster's `MAJOR.MINOR`
 * @throws UserError when the table has none within one minor
 * @see https://kubernetes.io/releases/version-skew-policy/#kubectl
 */
export function kubectlFor(releases: Releases, clusterVersion: string): Release {
  const [, major, minor] = /^(\d+)\.(\d+)$/.exec(clusterVersion) ?? [];
  if (major === undefined || minor === undefined) {
    throw new UserError(`the cluster's Kubernetes version must be MAJOR.MINOR, ${got(clusterVersion)}`);
  }
  for (const candidate of [Number(minor), Number(minor) + 1, Number(minor) - 1]) {
    const found = releases.kubectl[`${major}.${String(candidate)}`];
    if (found) return found;
  }
  const minors = Object.keys(releases.kubectl).sort(compareVersions).join(", ");
  throw new UserError(
    `there is no kubectl for Kubernetes ${clusterVersion}: it may be one minor older or newer than the cluster, and ` +
      `the table of releases has ${minors}; give a newer table with --releases FILE`,
  );
}

/**
 * The same file at a mirror, which has the paths of the original below its own.
 *
 * @param mirror the value of `--mirror`, as `mirrorUrl` has judged it: `https://mirror.example/eks`
 */
export function mirrored(url: string, mirror: string): string {
  const { origin, pathname } = new URL(mirror);
  return origin + pathname.replace(/\/+$/, "") + new URL(url).pathname;
}

/**
 * The value of `--mirror`, if it can be one.
 *
 * @throws UserError when it is no plain http or https URL
 */
export function mirrorUrl(mirror: string): string {
  const wrong = objection(mirror);
  if (wrong !== undefined) throw new UserError(`--mirror ${wrong}`);
  return mirror;
}

/** Why a URL is not one to download from; undefined when it is. What may be a secret in it is not repeated. */
function objection(url: string): string | undefined {
  const shown = got(url.replace(/^.*@/s, "…@").replace(/[?#].*$/s, "…"));
  if (!URL.canParse(url)) return `must be a URL such as https://mirror.example/eks, ${shown}`;
  const { protocol, username, password, search, hash } = new URL(url);
  if (protocol !== "https:" && protocol !== "http:") return `must be an http or https URL, ${shown}`;
  if (username !== "" || password !== "") {
    return `must not hold credentials, which everybody on the bastion would see in its list of processes, ${shown}`;
  }
  if (search !== "" || hash !== "") return `must not have a query or a fragment, ${shown}`;
  return undefined;
}

function release(name: string, { url, arch: words }: Tool, { version, sources, ...checksums }: Row): Release {
  const artifact = (arch: Arch): Artifact => ({
    url: url.replaceAll("{version}", version).replaceAll("{arch}", words?.[arch] ?? arch),
    sha256: checksums[arch],
  });
  const artifacts = { amd64: artifact("amd64"), arm64: artifact("arm64") };
  return { name, version, artifacts, isUnconfirmed: sources?.length === 0 };
}
