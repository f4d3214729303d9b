import { quoted } from "../../contract/shell";
import { compareVersions } from "../../facts/version-order";
import { stdoutOf } from "../engine/errors";
import type { CommandResult } from "../engine/host";
import { fetching } from "../engine/place";
import type { Artifact, Release } from "../releases";
import { asRoot, type Site } from "../site";
import type { Task } from "../engine/task";
import { artifactFor, unconfirmed } from "./binary";

/** Which AWS CLI a host has. */
export interface InstalledAwsCli {
  /** As `uname -m` says it. */
  readonly machine: string;
  /** `2.36.7`; undefined when there is none. */
  readonly version: string | undefined;
}

/**
 * The oldest version that writes kubeconfigs for `client.authentication.k8s.io/v1beta1`, which kubectl 1.24 and newer
 * ask for.
 *
 * @see https://github.com/aws/aws-cli/blob/v2/CHANGELOG.rst
 */
const OLDEST = "2.6.3";

/**
 * Version 2 of the AWS CLI: any that is new enough counts, one that came with the distribution too. A missing one goes
 * where AWS' own installer puts it, but under its final name only when it is whole and runs; that installer leaves half
 * a folder when it is killed, and takes it for an installation afterwards.
 *
 * @see https://docs.aws.amazon.com/cli/latest/userguide/getting-started-install.html
 */
export function awsCli(site: Site, release: Release): Task<InstalledAwsCli> {
  const base = `${site.root}/usr/local/aws-cli/v2`;
  const link = quoted(`${site.root}/usr/local/bin/aws`);
  return {
    title: "AWS CLI 2",
    current: {
      // The folder's name tells the version without starting a Python, which takes longer than all else here.
      command: {
        text: `uname -m
if [ "$(readlink -f ${link})" = "$(readlink -f ${quoted(`${base}/current/dist/aws`)})" ] && [ -x ${link} ]; then
  basename "$(readlink -f ${quoted(`${base}/current`)})"
elif command -v aws >/dev/null; then aws --version 2>&1 || :
fi`,
      },
      parse: parseAwsCli,
    },
    change: ({ machine, version }) => {
      if (version?.startsWith("2.") === true && compareVersions(version, OLDEST) >= 0) return undefined;
      return {
        commands: [asRoot(site, { text: installation(site, base, release.version, artifactFor(release, machine)) })],
        warnings: unconfirmed(release),
        diff: `- ${version ?? "nothing"}\n+ ${release.version}`,
      };
    },
  };
}

function parseAwsCli(result: CommandResult): InstalledAwsCli {
  const [machine = "", answer = ""] = stdoutOf(result).split("\n");
  const [, version] = /^(?:aws-cli\/)?(\d+\.\d+\.\d+)/.exec(answer) ?? [];
  return { machine, version };
}

/**
 * As AWS' installer lays it out, with links that hold under another root, too; what tells that it is there comes last.
 */
function installation(site: Site, base: string, version: string, artifact: Artifact): string {
  return `set -eu
base=${quoted(base)}
bin=${quoted(`${site.root}/usr/local/bin`)}
mkdir -p "$base" "$bin"
exec 8<"$base"; flock 8
for stale in "$base"/.unpack.??????; do
  [ ! -d "$stale" ] || flock -n "$stale" rm -rf "$stale" || :
done
work=$(mktemp -d "$base/.unpack.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM PIPE
exec 9<"$work"
flock 9
exec 8<&-
${fetching(artifact, '"$work/aws.zip"')}
unzip -q "$work/aws.zip" -d "$work" >&2
"$work/aws/dist/aws" --version >/dev/null
new="$work/${version}"
mkdir -p "$new/bin"
mv "$work/aws/dist" "$new/dist"
for program in aws aws_completer; do
  ln -s "../dist/$program" "$new/bin/$program"
done
chmod 0755 "$new"
mv -T "$new" "$base/${version}" 2>/dev/null || [ -x "$base/${version}/dist/aws" ]
ln -s ${version} "$work/current"
mv -fT "$work/current" "$base/current"
for program in aws_completer aws; do
  ln -s "../aws-cli/v2/current/bin/$program" "$work/link"
  mv -fT "$work/link" "$bin/$program"
done`;
}
