import { createHash } from "node:crypto";

import { quoted, shellText } from "../../contract/shell";
import type { Artifact } from "../releases";
import type { Command } from "./command";
import { PLAN_AGAIN } from "./task";

/** A file as it shall be. */
export interface Placement {
  /** For a shell, quoted as it has to be: it may begin with `"$HOME"`. */
  readonly path: string;
  /** As for chmod: `0755`. */
  readonly mode: string;
}

/**
 * A script that writes a file so that its path holds the whole old one or the whole new one at any moment: beside it,
 * under a name of its own, looked at, then renamed. What a killed run has left beside it is removed, if nobody is at
 * it: the new file is locked, and so is the folder until it is, or a second run would take it for left.
 *
 * @param fill the lines that write to `"$part"`
 * @param last lines to run before the new file takes the place of the old one
 */
export function placing({ path, mode }: Placement, fill: string, last = ""): string {
  return `set -eu
file=${path}
[ ! -L "$file" ] || file=$(readlink -f "$file")
dir=$(dirname "$file"); name=$(basename "$file")
mkdir -p "$dir"
exec 8<"$dir"; flock 8
for stale in "$dir/.$name".??????; do
  [ ! -f "$stale" ] || flock -n "$stale" rm -f "$stale" || :
done
part=$(mktemp "$dir/.$name.XXXXXX")
trap 'rm -f "$part"' EXIT
trap 'exit 1' HUP INT TERM PIPE
exec 9<"$part"
flock 9
exec 8<&-
${fill}
${shellText`chmod ${mode}`} "$part"
${last}mv -f "$part" "$file"`;
}

/**
 * The lines of a script that download a file, and end it when the download fails, stalls or is not what was expected.
 *
 * @param file for a shell, quoted as it has to be
 */
export function fetching({ url, sha256 }: Artifact, file: string): string {
  const from = quoted(url);
  // Less than 1 KiB/s for 15 s is no download any more.
  const patience = "--retry 2 --retry-delay 1 --connect-timeout 15 --speed-limit 1024 --speed-time 15";
  return `curl -fsSL ${patience} -o ${file} ${from} || {
  code=$?; echo ${quoted(`while downloading ${url}`)} >&2; exit "$code"
}
found=$(sha256sum <${file})
[ "$found" = ${quoted(`${sha256}  -`)} ] || {
  echo "checksum mismatch: SHA-256 \${found%% *} instead of "${quoted(`${sha256}: ${url}`)} >&2; exit 1
}`;
}

/**
 * A command that writes a text to a file, if the file still is as it was read.
 *
 * @param was what the file held; not given: whatever it holds
 */
export function write(placement: Placement, text: string, was?: string): Command {
  // A connection that is lost looks like the end of the input.
  const whole = `cat >"$part"
[ "$(sha256sum <"$part")" = ${quoted(`${sha256Of(text)}  -`)} ] || { echo "the input broke off" >&2; exit 1; }`;
  if (was === undefined) return { text: placing(placement, whole), input: text };
  const unchanged = `[ -e "$file" ] && [ "$(sha256sum <"$file")" = ${quoted(`${sha256Of(was)}  -`)} ]`;
  // The folder's lock is for other runs of this script; nobody else takes it.
  const last = `exec 8<"$dir"; flock 8
{ ${unchanged}; } || exit ${String(PLAN_AGAIN)}
`;
  return { text: placing(placement, whole, last), input: text };
}

/** A command that prints a file, and nothing when there is none; it fails when the file cannot be read. */
export function reading(path: string): Command {
  return { text: `file=${path}; [ ! -e "$file" ] || cat "$file"` };
}

/** SHA-256 of a text in UTF-8, in hexadecimal digits. */
export function sha256Of(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
