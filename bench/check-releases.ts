import { createHash } from "node:crypto";

import { releasesOf } from "../bootstrap/bootstrap";
import type { Artifact, Release, Releases } from "../bootstrap/releases";
import { UserError } from "../contract/user-error";
import { runProgram } from "../terminal/process";
import { fetchPage } from "../web/fetch";

/** @returns the body of a page @throws UserError when it is not there */
async function bodyOf(page: string): Promise<Buffer> {
  const answer = await fetchPage(page).catch((cause: unknown) => {
    throw new UserError(`${page} cannot be reached: ${(cause as Error).message}`, { cause });
  });
  if (!answer.ok) throw new UserError(`${page} answers ${String(answer.status)}`);
  return Buffer.from(await answer.arrayBuffer());
}

/** What a maker says that the SHA-256 of a file is, by the release's name; undefined where its list lacks the file. */
const MAKERS: Readonly<Record<string, (artifact: Artifact, version: string) => Promise<string | undefined>>> = {
  // https://kubernetes.io/docs/tasks/tools/install-kubectl-linux/
  kubectl: async ({ url }) => /^[0-9a-f]{64}/.exec((await bodyOf(`${url}.sha256`)).toString())?.[0],
  // https://github.com/kubernetes-sigs/aws-iam-authenticator/releases
  "aws-iam-authenticator": async ({ url }, version) => {
    const list = (await bodyOf(new URL(`authenticator_${version}_checksums.txt`, url).href)).toString();
    const name = new URL(url).pathname.split("/").at(-1) ?? "";
    const line = list.split("\n").find((each) => each.trimEnd().endsWith(` ${name}`));
    return line?.slice(0, 64);
  },
  // AWS publishes signatures and no sums: the file itself counts.
  // https://docs.aws.amazon.com/cli/latest/userguide/getting-started-install.html
  "aws-cli": async ({ url }) =>
    createHash("sha256")
      .update(await bodyOf(url))
      .digest("hex"),
};

/**
 * Compares checksums with those that the makers publish now.
 *
 * @param told what is being compared, and how it went, a line each
 * @returns whether all of them are the same
 */
export async function isAsPublished(releases: Releases, told: (line: string) => void): Promise<boolean> {
  const all: readonly Release[] = [...Object.values(releases.kubectl), releases.awsIamAuthenticator, releases.awsCli];
  let isSame = true;
  for (const { name, version, artifacts } of all) {
    for (const [arch, artifact] of Object.entries(artifacts)) {
      const published = await MAKERS[name]?.(artifact, version).catch((error: unknown) => {
        if (!(error instanceof UserError)) throw error;
        return error.message;
      });
      if (published === artifact.sha256) {
        told(`${name} ${version} ${arch}: as published`);
        continue;
      }
      isSame = false;
      told(`${name} ${version} ${arch}: NOT as published: ${artifact.sha256} here, ${published ?? "nothing"} there`);
    }
  }
  return isSame;
}

/**
 * `npm run check:releases [-- FILE]`: compares every checksum of bootstrap/release-table.json, or of a table of one's own,
 * with what the makers publish. Ends with 1 when one differs, or a maker cannot be reached.
 */
async function main(): Promise<void> {
  const isSame = await isAsPublished(releasesOf(process.argv[2]), (line) => {
    console.log(line);
  });
  if (!isSame) process.exitCode = 1;
}

if (require.main === module) runProgram(main);
