import { diffLines } from "diff";

import { UserError } from "../../contract/user-error";
import { printable } from "../../terminal/text";
import type { PinnedImage, Pins } from "./pins";

/** Where the pins are kept: committed like a lock file. */
export const PINS_FILE = "pins.auto.tfvars";

const NODE_IMAGE = "eks_worker_node_ami_id";
const FAMILY = "eks_worker_node_ami_family";
const LAUNCH = "eks_worker_node_launch";

/** The variable for the size of the nodes' volume. */
export const NODE_VOLUME = "eks_worker_node_volume_size";

/** The variables that every file of pins sets. */
const ALWAYS_PINNED: readonly string[] = ["eks_version", NODE_IMAGE, FAMILY, "kubectl_image_id"];

/** The variables that a file of pins may set. */
export const PINNED: readonly string[] = [...ALWAYS_PINNED, LAUNCH, NODE_VOLUME];

const HEADER = /^# Written by `eks pin` on \d{4}-\d{2}-\d{2}/m;
/** The last line of what is written. */
const END = /^kubectl_image_id = ".*"[^\S\n]*\n?/m;

/**
 * The file: the same bytes for the same pins on the same day. What nobody can boot from a launch configuration in an
 * account of today says that it wants a template: no call tells in advance whether an account may make a configuration.
 *
 * @param nodeVolumeGiB the size of the nodes' volume. @default - as the tfvars say
 */
export function pinsText(pins: Pins, now: Date, nodeVolumeGiB?: number): string {
  const { region, version, family, offered, node, bastion } = pins;
  const { support = "", standardUntil = "", extendedUntil = "" } = offered ?? {};
  const until = (support === "standard" ? standardUntil : extendedUntil) || "an unknown day";
  const today = now.toISOString().slice(0, 10);
  const image = ({ name, architecture, source }: PinnedImage) => [
    `# ${printable(name)} (${printable(architecture)})`,
    `# from ${printable(source)}`,
  ];
  return [
    `# Written by \`eks pin\` on ${today} with what AWS offers in ${region}. Commit it like a lock file.`,
    "",
    offered === undefined
      ? "# EKS was not asked"
      : `# in ${support} support until ${until}, says EKS DescribeClusterVersions`,
    `eks_version = "${version}"`,
    "",
    ...image(node),
    `${NODE_IMAGE} = "${node.id}"`,
    `${FAMILY} = "${family}"`,
    ...(family === "al2" ? [] : [`${LAUNCH} = "template"`]),
    ...(nodeVolumeGiB === undefined ? [] : [`${NODE_VOLUME} = ${String(nodeVolumeGiB)}`]),
    "",
    ...image(bastion),
    `kubectl_image_id = "${bastion.id}"`,
    "",
  ].join("\n");
}

/**
 * What changes in the file: its lines, with `+`, `-` or a space in front; empty when it says the same as before,
 * whatever the day in its header.
 */
export function pinsDiff(existing: string, text: string): string[] {
  const before = existing.replaceAll("\r\n", "\n");
  if (before.replace(HEADER, "") === text.replace(HEADER, "")) return [];
  return diffLines(before, text).flatMap(({ value, added, removed }) => {
    const sign = added ? "+" : removed ? "-" : " ";
    const lines = value.replace(/\n$/, "").split("\n");
    return lines.map((line) => `${sign} ${printable(line)}`.trimEnd());
  });
}

/** What a text of tfvars sets outside of other values, by name, as it stands there but for quotes. */
export function valuesIn(tfvars: string): ReadonlyMap<string, string> {
  const assignments = tfvars.matchAll(/^[ \t]*(\w+)[ \t]*=[ \t]*"?([^"\r\n]*)/gm);
  return new Map(Array.from(assignments, ([, name = "", value = ""]) => [name, value]));
}

/** A file in three parts: what users have added before and after what was written stays, byte for byte. */
export interface Parts {
  readonly before: string;
  /** Empty where there is no file. */
  readonly written: string;
  readonly after: string;
}

/** @throws UserError for a file that is somebody else's, or that says something twice */
export function partsOf(existing: string): Parts {
  if (existing.trim() === "") return { before: "", written: "", after: "" };
  const begin = existing.search(HEADER);
  const end = END.exec(existing.slice(begin));
  if (begin === -1 || end === null) {
    throw new UserError(
      `${PINS_FILE} is not what \`eks pin\` wrote, and would be lost: give it another name, such as own.auto.tfvars, ` +
        "or delete it",
    );
  }
  const until = begin + end.index + end[0].length;
  const before = existing.slice(0, begin);
  const written = existing.slice(begin, until);
  const after = existing.slice(until);
  // What is written may leave out the size of the volume; a user may then say it here.
  const pinned = [...ALWAYS_PINNED, ...valuesIn(written).keys()];
  const twice = pinned.find((name) => valuesIn(before + after).has(name));
  if (twice !== undefined) throw new UserError(`${PINS_FILE} says ${twice} twice: delete the line that you have added`);
  return { before, written, after };
}
