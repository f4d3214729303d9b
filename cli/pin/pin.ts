import { diffLines } from "diff";

import { UserError } from "../../contract/user-error";
import {
  BASTION_PARAMETER,
  NODE_IMAGES,
  nodeImage,
  type Architecture,
  type Family,
  type ImageKind,
} from "../../facts/images";
import { minorOf } from "../../facts/kubelet-skew";
import { printable } from "../../terminal/text";
import { readParameters } from "../../aws/parameters";
import { unique } from "../../aws/answers";
import { asking } from "../../aws/call";
import { withAws, type AwsClients, type AwsSettings } from "../../aws/clients";
import { readVersions, type OfferedVersion } from "../../aws/clusters";
import { readImage, readNewestImage, type Image } from "../../aws/instances";

/** Where the pins are kept: committed like a lock file. */
export const PINS_FILE = "pins.auto.tfvars";

/** What EKS offers, or why that is not known. */
export type Offer = readonly OfferedVersion[] | { readonly unknown: string };

/** An AMI, and who named it. */
export interface PinnedImage {
  readonly id: string;
  readonly name: string;
  /** `x86_64` or `arm64`. */
  readonly architecture: string;
  /** Of the largest snapshot among its volumes, which is where pods' images go: none made from it may be smaller. */
  readonly rootGiB: number;
  /** As `2026-06-30`; empty when AWS has not said any. */
  readonly deprecatedFrom: string;
  /** Which parameter or list it was found in. */
  readonly source: string;
}

/** What is to be pinned. */
export interface PinWish {
  /** @default - the newest that the family runs, in standard support if there is one */
  readonly version?: string;
  /** @default - Amazon Linux 2023; Amazon Linux 2 for a version that is asked for and that it still has AMIs for */
  readonly family?: Family;
}

/** What is pinned. */
export interface Pins {
  readonly region: string;
  readonly version: string;
  readonly family: Family;
  /** Undefined when EKS was not to be asked. */
  readonly offered?: OfferedVersion;
  readonly node: PinnedImage;
  readonly bastion: PinnedImage;
}

/** What to type where a family has no AMI. */
const OTHER_FAMILIES = "--family al2023 or --family bottlerocket";

/** The family that a wish comes to. */
export function chooseFamily({ family, version }: PinWish): Family {
  if (family !== undefined) return family;
  return version !== undefined && minorOf(version) <= NODE_IMAGES.al2.newestMinor ? "al2" : "al2023";
}

/**
 * The version to pin.
 *
 * @throws UserError for a version that EKS does not offer, or the family has no AMI for
 */
export function chooseVersion(offer: Offer, family: Family, wanted?: string): string {
  const { title, newestMinor } = NODE_IMAGES[family];
  if (wanted !== undefined && !/^1\.[1-9][0-9]$/.test(wanted)) {
    throw new UserError(`the version to pin must be MAJOR.MINOR, such as 1.32, got ${printable(wanted)}`);
  }
  if (wanted !== undefined && minorOf(wanted) > newestMinor) {
    throw new UserError(
      `${wanted} has no AMI of ${title}, whose last is for 1.${String(newestMinor)}: pin ${OTHER_FAMILIES}, or 1.${String(newestMinor)} or older`,
    );
  }
  if ("unknown" in offer) {
    if (wanted !== undefined) return wanted;
    throw new UserError(`EKS did not say which versions it offers (${offer.unknown}); name one, as --version 1.32`);
  }
  const offered = offer.map(({ version }) => version);
  if (wanted !== undefined) {
    if (offered.includes(wanted)) return wanted;
    throw new UserError(`EKS makes no cluster of version ${wanted}; it offers ${newestFirst(offered).join(", ")}`);
  }
  const possible = offer.filter(({ version }) => minorOf(version) <= newestMinor);
  const standard = possible.filter(({ support }) => support === "standard");
  const [newest] = newestFirst((standard.length > 0 ? standard : possible).map(({ version }) => version));
  if (newest === undefined) {
    throw new UserError(
      `EKS offers ${newestFirst(offered).join(", ") || "no version"}, and ${title} has an AMI for none of them: pin ${OTHER_FAMILIES}`,
    );
  }
  return newest;
}

function newestFirst(versions: readonly string[]): string[] {
  return [...versions].sort((one, other) => minorOf(other) - minorOf(one));
}

/** The workshop's instance types are of this one. */
const ARCHITECTURE: Architecture = "x86_64";

/**
 * Why these pins must not be written: AMIs of another family, architecture or minor than is pinned. One sentence for
 * each; none when they fit.
 */
export function pinProblems({ version, family, node, bastion }: Pins): string[] {
  const says = nodeImage(node.name);
  const problems: string[] = [];
  const of = (image: PinnedImage) => `${image.id} (${image.name})`;
  if (says === undefined) {
    problems.push(`the AMI for nodes must be one of EKS', got ${of(node)} from ${node.source}`);
  } else {
    if (says.family !== family) {
      problems.push(
        `the AMI for nodes must be of ${NODE_IMAGES[family].title}, got ${NODE_IMAGES[says.family].title}, with whose user data ` +
          `the nodes would not join: ${of(node)}`,
      );
    }
    if (says.version !== version) {
      problems.push(`the AMI for nodes must be for Kubernetes ${version}, got one for ${says.version}: ${of(node)}`);
    }
    if (says.variant !== "standard") {
      problems.push(`the AMI for nodes must be a standard one, got ${says.variant}: ${of(node)}`);
    }
  }
  const architectures = new Set([node.architecture, ...(says === undefined ? [] : [says.architecture])]);
  for (const architecture of architectures) {
    if (architecture !== ARCHITECTURE) {
      problems.push(`the AMI for nodes must be for ${ARCHITECTURE}, got ${architecture}: ${of(node)}`);
    }
  }
  if (bastion.architecture !== ARCHITECTURE) {
    problems.push(`the AMI for the bastion must be for ${ARCHITECTURE}, got ${bastion.architecture}: ${of(bastion)}`);
  }
  if (!/ubuntu-[a-z]+-24\.04-amd64-server-/.test(bastion.name)) {
    problems.push(
      `the AMI for the bastion must be a server of Ubuntu 24.04, got ${of(bastion)} from ${bastion.source}`,
    );
  }
  for (const { id } of [node, bastion]) {
    if (!/^ami-([0-9a-f]{8}|[0-9a-f]{17})$/.test(id))
      problems.push(`AWS named ${printable(id)}, which is no id of an AMI`);
  }
  return problems.map(printable);
}

/** What the user's tfvars say besides the pins. */
export interface PinSurroundings {
  /** Of the volumes, in GiB, by the variable. */
  readonly volumeGiB: Readonly<Record<"eks_worker_node_volume_size" | "kubectl_ec2_volume_size", number>>;
  readonly bastionUser: string;
  /** The version that was pinned before. */
  readonly versionBefore?: string;
}

/** What is allowed and worth knowing, one sentence each. `now` decides what is past. */
export function pinWarnings(
  { version, family, offered, node, bastion }: Pins,
  now: Date,
  { volumeGiB: sizes, bastionUser, versionBefore }: PinSurroundings,
): string[] {
  const today = now.toISOString().slice(0, 10);
  const warnings: string[] = [];
  if (offered === undefined) warnings.push(`EKS was not to be asked whether it still offers ${version}`);
  if (offered?.support === "extended") {
    warnings.push(
      `${version} is in extended support, which costs more for every hour of the cluster` +
        (offered.extendedUntil === "" ? "" : `, until ${offered.extendedUntil}`),
    );
  }
  if (offered?.support === "standard" && offered.standardUntil !== "" && daysUntil(offered.standardUntil, now) < 60) {
    warnings.push(
      `the standard support of ${version} ends on ${offered.standardUntil}, and the extended one costs more`,
    );
  }
  if (family === "al2") {
    warnings.push(
      `Amazon Linux 2 gets no more fixes: it ended on 2026-06-30, and its EKS AMIs on 2025-11-26; ${OTHER_FAMILIES}`,
    );
  }
  for (const [image, variable] of [
    [node, "eks_worker_node_volume_size"],
    [bastion, "kubectl_ec2_volume_size"],
  ] as const) {
    if (image.deprecatedFrom !== "" && image.deprecatedFrom <= today) {
      warnings.push(`${image.id} (${image.name}) has been deprecated since ${image.deprecatedFrom}`);
    }
    const needed = image === node ? volumeGiB({ family, node }) : image.rootGiB;
    if (needed > sizes[variable]) {
      warnings.push(
        `${variable} has to be ${String(needed)} or more in your tfvars for ${image.id}; it is ${String(sizes[variable])}`,
      );
    }
  }
  if (bastionUser !== "ubuntu") {
    warnings.push(`kubectl_ec2_user has to be ubuntu for ${bastion.id}; your tfvars say ${bastionUser}`);
  }
  const steps = versionBefore === undefined ? 0 : minorOf(version) - minorOf(versionBefore);
  if (steps > 1) {
    warnings.push(
      `a cluster of ${versionBefore ?? ""} that exists goes up one minor at a time: pin --version 1.${String(minorOf(version) - steps + 1)} first`,
    );
  }
  if (steps < 0) warnings.push(`a cluster of ${versionBefore ?? ""} that exists never goes back to ${version}`);
  return warnings.map(printable);
}

function daysUntil(date: string, now: Date): number {
  return (Date.parse(date) - now.getTime()) / 86_400_000;
}

const NODE_IMAGE = "eks_worker_node_ami_id";
const FAMILY = "eks_worker_node_ami_family";
const LAUNCH = "eks_worker_node_launch";

/** The variable for the size of the nodes' volume. */
export const NODE_VOLUME = "eks_worker_node_volume_size";

const HEADER = /^# Written by `eks pin` on \d{4}-\d{2}-\d{2}/;

/** GiB that the nodes' volume has to have for what is pinned. */
export function volumeGiB({ family, node }: Pick<Pins, "family" | "node">): number {
  return Math.max(node.rootGiB, NODE_IMAGES[family].volumeGiB);
}

/**
 * The file: the same bytes for the same pins on the same day. What nobody can boot from a launch configuration in an account
 * of today says that it wants a template: no call tells in advance whether an account may make a configuration.
 *
 * @param nodeVolumeGiB the size of the nodes' volume. @default - as the tfvars say
 */
export function pinsText(pins: Pins, now: Date, nodeVolumeGiB?: number): string {
  const { region, version, family, offered, node, bastion } = pins;
  const support =
    offered === undefined
      ? "EKS was not asked"
      : `in ${offered.support} support until ${(offered.support === "standard" ? offered.standardUntil : offered.extendedUntil) || "an unknown day"}, says EKS DescribeClusterVersions`;
  const image = ({ name, architecture, source }: PinnedImage) => [
    `# ${printable(name)} (${printable(architecture)})`,
    `# from ${printable(source)}`,
  ];
  return [
    `# Written by \`eks pin\` on ${now.toISOString().slice(0, 10)} with what AWS offers in ${region}. Commit it like a lock file.`,
    "",
    `# ${support}`,
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
 * What changes in the file: its lines, with `+`, `-` or a space in front; empty when it says the same as before, whatever
 * the day in its header.
 */
export function pinsDiff(existing: string | undefined, text: string): string {
  const before = existing?.replaceAll("\r\n", "\n") ?? "";
  const undated = (file: string) => file.replace(HEADER, "");
  if (undated(before) === undated(text)) return "";
  return diffLines(before, text)
    .flatMap(({ value, added, removed }) => {
      const sign = added ? "+" : removed ? "-" : " ";
      return value
        .replace(/\n$/, "")
        .split("\n")
        .map((line) => `${sign} ${printable(line)}`.trimEnd());
    })
    .join("\n");
}

/** The variables that every file of pins sets. */
export const ALWAYS_PINNED: readonly string[] = ["eks_version", NODE_IMAGE, FAMILY, "kubectl_image_id"];

/** The variables that a file of pins may set. */
export const PINNED: readonly string[] = [...ALWAYS_PINNED, LAUNCH, NODE_VOLUME];

/** The variables that a text of tfvars sets at its outermost, of those that are named. */
export function setBy(tfvars: string, names: readonly string[] = PINNED): string[] {
  return names.filter((name) => new RegExp(`^[ \\t]*${name}[ \\t]*=`, "m").test(tfvars));
}

/**
 * Asks AWS what it offers, and chooses. Changes nothing, and writes nothing.
 *
 * @throws UserError when AWS refuses, when it does not offer what is wished, and when what it offers does not fit
 *   together
 */
export function askForPins(settings: AwsSettings, wish: PinWish): Promise<Pins> {
  return withAws(settings, async (aws) => {
    const { region } = settings;
    const family = chooseFamily(wish);
    const offer = await offeredVersions(aws);
    const version = chooseVersion(offer, family, wish.version);
    const kind = { version, family, architecture: ARCHITECTURE };
    const parameters = await parametersOfImages(aws, [parameterOf(kind), BASTION_PARAMETER]);
    const bastionId = parameters.get(BASTION_PARAMETER);
    if (bastionId === undefined) {
      throw new UserError(`SSM has no ${BASTION_PARAMETER} in ${region}; pin kubectl_image_id by hand in your tfvars`);
    }
    const node = await recommendedImage(aws, parameters, kind);
    if ("none" in node) throw new UserError(`${node.none} in ${region}; pin another version`);
    const offered = "unknown" in offer ? undefined : offer.find((it) => it.version === version);
    const bastion = await imageById(aws, bastionId, `SSM ${BASTION_PARAMETER}`);
    const pins: Pins = { region, version, family, ...(offered !== undefined && { offered }), node, bastion };
    const problems = pinProblems(pins);
    if (problems.length > 0) throw new UserError(`nothing is pinned: ${problems.join("; ")}`);
    return pins;
  });
}

/** The image of a kind, or why there is none. */
type Recommended = PinnedImage | { readonly none: string };

/**
 * The images for nodes that AWS offers, in the order of what is asked for; or why there is none.
 *
 * @throws UserError when AWS refuses
 */
export function askForImages(settings: AwsSettings, kinds: readonly ImageKind[]): Promise<Recommended[]> {
  return withAws(settings, async (aws) => {
    const parameters = await parametersOfImages(aws, unique(kinds.map(parameterOf)));
    const found: Recommended[] = [];
    for (const kind of kinds) found.push(await recommendedImage(aws, parameters, kind));
    return found;
  });
}

function parameterOf(kind: ImageKind): string {
  return NODE_IMAGES[kind.family].parameter(kind);
}

function parametersOfImages({ ssm }: AwsClients, names: readonly string[]): Promise<Map<string, string>> {
  return asking("read the parameters of AMIs", readParameters(ssm, names));
}

/** What a parameter names; else the newest of Amazon's: AWS withdraws the parameters of old ones first. */
async function recommendedImage(
  aws: AwsClients,
  parameters: ReadonlyMap<string, string>,
  kind: ImageKind,
): Promise<Recommended> {
  const { title, name } = NODE_IMAGES[kind.family];
  const [parameter, names] = [`SSM ${parameterOf(kind)}`, `${name(kind)}*`];
  const id = imageIdOf(parameters.get(parameterOf(kind)));
  if (id !== undefined) return imageById(aws, id, parameter);
  const newest = await asking(`list the AMIs called ${names}`, readNewestImage(aws.ec2, names, kind.architecture));
  if (newest !== undefined) return pinnedImage(newest, `EC2 DescribeImages, the newest ${names} of Amazon's`);
  const none =
    `AWS has no AMI of ${title} for ${kind.version} (${kind.architecture}): neither ${parameter} nor an ` +
    `image of Amazon's called ${names}`;
  return { none };
}

/**
 * What EKS takes for new clusters. Not to know it is an answer: the call is younger than EKS itself, and a role may lack
 * `eks:DescribeClusterVersions`.
 */
async function offeredVersions({ eks }: AwsClients): Promise<Offer> {
  try {
    const offered = await asking("ask EKS for its versions", readVersions(eks));
    return offered.length > 0 ? offered : { unknown: "EKS named none" };
  } catch (error) {
    return { unknown: printable((error as Error).message) };
  }
}

/** The id in the JSON that EKS' parameters hold; Bottlerocket's hold the id alone. */
function imageIdOf(recommended: string | undefined): string | undefined {
  if (recommended === undefined || recommended.startsWith("ami-")) return recommended;
  try {
    const { image_id: id } = JSON.parse(recommended) as { readonly image_id?: unknown };
    return typeof id === "string" ? id : undefined;
  } catch {
    return undefined;
  }
}

async function imageById({ ec2 }: AwsClients, id: string, source: string): Promise<PinnedImage> {
  const image = await asking(`look at the AMI ${id}`, readImage(ec2, id));
  if (image === undefined) {
    throw new UserError(`EC2 does not know the AMI ${id}, which ${source} names; try again later`);
  }
  return pinnedImage(image, source);
}

function pinnedImage({ id, name, architecture, largestGiB, deprecatedFrom }: Image, source: string): PinnedImage {
  return { id, name, architecture, rootGiB: largestGiB, deprecatedFrom, source };
}
