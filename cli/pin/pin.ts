import { DescribeImagesCommand, EC2Client, type Image } from "@aws-sdk/client-ec2";
import { EKSClient, paginateDescribeClusterVersions } from "@aws-sdk/client-eks";
import { GetParametersCommand, SSMClient } from "@aws-sdk/client-ssm";
import { diffLines } from "diff";

import { BootstrapError } from "../../bootstrap/errors";
import { printable } from "../../bootstrap/explain";
import type { AwsSettings } from "../aws";
import { asking } from "../aws-call";

/** Where the pins are kept: committed like a lock file. */
export const PINS_FILE = "pins.auto.tfvars";

/** Operating system of the nodes, which decides how they join: `bootstrap.sh` or nodeadm. */
export type Family = "al2" | "al2023";

/** A Kubernetes version that EKS takes for a new cluster. */
export interface OfferedVersion {
  readonly version: string;
  readonly support: "standard" | "extended";
  /** Last days of both supports, as `2027-03-23`; empty when EKS does not say. */
  readonly standardUntil: string;
  readonly extendedUntil: string;
}

/** What EKS offers, or why that is not known. */
export type Offer = readonly OfferedVersion[] | { readonly unknown: string };

/** An AMI, and who named it. */
export interface PinnedImage {
  readonly id: string;
  readonly name: string;
  /** `x86_64` or `arm64`. */
  readonly architecture: string;
  /** Of its root volume's snapshot: no volume made from it may be smaller. */
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
  /** @default - Amazon Linux 2 for a stack without a variable for the family, else Amazon Linux 2023 */
  readonly family?: Family;
  /** The stack's variable for the family. @default - it has none, and boots Amazon Linux 2 only */
  readonly familyVariable?: string;
}

/** What is pinned. */
export interface Pins {
  readonly region: string;
  readonly version: string;
  readonly family: Family;
  readonly familyVariable?: string;
  /** Undefined when EKS was not to be asked. */
  readonly offered?: OfferedVersion;
  readonly node: PinnedImage;
  readonly bastion: PinnedImage;
}

/** Where AWS and Canonical say which AMI is the newest. @see https://documentation.ubuntu.com/aws/aws-how-to/instances/find-ubuntu-images/ */
export const BASTION_PARAMETER = "/aws/service/canonical/ubuntu/server/24.04/stable/current/amd64/hvm/ebs-gp3/ami-id";

/** What differs from family to family. */
const FAMILIES: Readonly<
  Record<
    Family,
    {
      readonly title: string;
      /** @see https://docs.aws.amazon.com/eks/latest/userguide/retrieve-ami-id.html */
      readonly parameter: (version: string) => string;
      /** Name of its AMIs, for when there is no parameter. */
      readonly pattern: (version: string) => string;
      /** The newest minor of Kubernetes 1 that it has AMIs for. @see https://docs.aws.amazon.com/eks/latest/userguide/eks-ami-deprecation-faqs.html */
      readonly newestMinor: number;
    }
  >
> = {
  al2: {
    title: "Amazon Linux 2",
    parameter: (version) => `/aws/service/eks/optimized-ami/${version}/amazon-linux-2/recommended`,
    pattern: (version) => `amazon-eks-node-${version}-v*`,
    newestMinor: 32,
  },
  al2023: {
    title: "Amazon Linux 2023",
    parameter: (version) => `/aws/service/eks/optimized-ami/${version}/amazon-linux-2023/x86_64/standard/recommended`,
    pattern: (version) => `amazon-eks-node-al2023-x86_64-standard-${version}-v*`,
    newestMinor: Infinity,
  },
};

function minorOf(version: string): number {
  return Number(version.split(".")[1]);
}

/** Why another family is no way out. */
const ONE_FAMILY =
  "; the user data of this stack's nodes calls /etc/eks/bootstrap.sh, which Amazon Linux 2 alone has (modules/user-data.ts)";

/** The family that a wish comes to. @throws BootstrapError when the stack cannot boot the one asked for */
export function chooseFamily({ family, familyVariable }: PinWish): Family {
  if (familyVariable === undefined && family === "al2023") {
    throw new BootstrapError(
      "this stack boots Amazon Linux 2 only: its user data calls /etc/eks/bootstrap.sh, which on Amazon Linux 2023 ends " +
        "with an error, and no node would join; leave the family out",
    );
  }
  return family ?? (familyVariable === undefined ? "al2" : "al2023");
}

/**
 * The version to pin.
 *
 * @throws BootstrapError for a version that EKS does not offer, or the family has no AMI for
 */
export function chooseVersion(offer: Offer, family: Family, wanted?: string): string {
  const { title, newestMinor } = FAMILIES[family];
  if (wanted !== undefined && !/^1\.[1-9][0-9]$/.test(wanted)) {
    throw new BootstrapError(`--version must be MAJOR.MINOR, such as 1.32, got ${printable(wanted)}`);
  }
  if (wanted !== undefined && minorOf(wanted) > newestMinor) {
    throw new BootstrapError(
      `${wanted} has no AMI of ${title}, whose last is for 1.${String(newestMinor)}: pin 1.${String(newestMinor)} or older` +
        ONE_FAMILY,
    );
  }
  if ("unknown" in offer) {
    if (wanted !== undefined) return wanted;
    throw new BootstrapError(
      `EKS did not say which versions it offers (${offer.unknown}); name one, as --version 1.32`,
    );
  }
  const offered = offer.map(({ version }) => version);
  if (wanted !== undefined) {
    if (offered.includes(wanted)) return wanted;
    throw new BootstrapError(`EKS makes no cluster of version ${wanted}; it offers ${newestFirst(offered).join(", ")}`);
  }
  const possible = offer.filter(({ version }) => minorOf(version) <= newestMinor);
  const standard = possible.filter(({ support }) => support === "standard");
  const [newest] = newestFirst((standard.length > 0 ? standard : possible).map(({ version }) => version));
  if (newest === undefined) {
    throw new BootstrapError(
      `EKS offers ${newestFirst(offered).join(", ") || "no version"}, and ${title} has an AMI for none of them${ONE_FAMILY}`,
    );
  }
  return newest;
}

function newestFirst(versions: readonly string[]): string[] {
  return [...versions].sort((one, other) => minorOf(other) - minorOf(one));
}

/** What the name of an EKS AMI says. @see https://github.com/awslabs/amazon-eks-ami/releases */
export function readNodeImageName(
  name: string,
):
  | { readonly family: Family; readonly architecture: string; readonly variant: string; readonly version: string }
  | undefined {
  const al2023 = /^amazon-eks-node-al2023-(x86_64|arm64)-([a-z0-9-]+)-(1\.\d+)-v\d+/.exec(name);
  if (al2023 !== null) {
    const [, architecture = "", variant = "", version = ""] = al2023;
    return { family: "al2023", architecture, variant, version };
  }
  const al2 = /^amazon-eks-(?:(arm64|gpu)-)?node-(1\.\d+)-v\d+/.exec(name);
  if (al2 === null) return undefined;
  const [, special, version = ""] = al2;
  return {
    family: "al2",
    architecture: special === "arm64" ? "arm64" : "x86_64",
    variant: special === "gpu" ? "gpu" : "standard",
    version,
  };
}

/** The stack's instance types are of this one. */
const ARCHITECTURE = "x86_64";

/**
 * Why these pins must not be written: AMIs of another family, architecture or minor than is pinned. One sentence for
 * each; none when they fit.
 */
export function pinProblems({ version, family, node, bastion }: Pins): string[] {
  const says = readNodeImageName(node.name);
  const problems: string[] = [];
  const of = (image: PinnedImage) => `${image.id} (${image.name})`;
  if (says === undefined) {
    problems.push(`the AMI for nodes must be one of EKS', got ${of(node)} from ${node.source}`);
  } else {
    if (says.family !== family) {
      problems.push(
        `the AMI for nodes must be of ${FAMILIES[family].title}, got ${FAMILIES[says.family].title}, with whose user data ` +
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
  /** Of root volumes, in GiB, by the variable. */
  readonly volumeGiB: Readonly<Record<"eks_worker_node_volume_size" | "kubectl_ec2_volume_size", number>>;
  readonly bastionUser: string;
  /** The version that was pinned before. */
  readonly versionBefore?: string;
}

/** The defaults of modules/variables.ts. */
const NOTHING_SAID: PinSurroundings = {
  volumeGiB: { eks_worker_node_volume_size: 10, kubectl_ec2_volume_size: 8 },
  bastionUser: "ubuntu",
};

/** What is allowed and worth knowing, one sentence each. `now` decides what is past. */
export function pinWarnings(
  { version, family, offered, node, bastion }: Pins,
  now: Date,
  { volumeGiB, bastionUser, versionBefore }: PinSurroundings = NOTHING_SAID,
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
  if (family === "al2")
    warnings.push("Amazon Linux 2 gets no more fixes: it ended on 2026-06-30, and its EKS AMIs on 2025-11-26");
  for (const [image, variable] of [
    [node, "eks_worker_node_volume_size"],
    [bastion, "kubectl_ec2_volume_size"],
  ] as const) {
    if (image.deprecatedFrom !== "" && image.deprecatedFrom <= today) {
      warnings.push(`${image.id} (${image.name}) has been deprecated since ${image.deprecatedFrom}`);
    }
    if (image.rootGiB > volumeGiB[variable]) {
      warnings.push(
        `${variable} has to be ${String(image.rootGiB)} or more in your tfvars for ${image.id}; it is ${String(volumeGiB[variable])}`,
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

const HEADER = /^# Written by `eks pin` on \d{4}-\d{2}-\d{2}/;

/** The file: the same bytes for the same pins on the same day. */
export function pinsText(pins: Pins, now: Date): string {
  const { region, version, family, familyVariable, offered, node, bastion } = pins;
  const support =
    offered === undefined
      ? "EKS was not asked"
      : `in ${offered.support} support until ${(offered.support === "standard" ? offered.standardUntil : offered.extendedUntil) || "an unknown day"}, says EKS DescribeClusterVersions`;
  const image = ({ name, architecture, source }: PinnedImage) => [
    `# ${printable(name)} (${printable(architecture)})`,
    `# from ${printable(source)}`,
  ];
  const familyLine =
    familyVariable === undefined
      ? `# family: ${family} (${FAMILIES[family].title})`
      : `${familyVariable} = "${family}"`;
  return [
    `# Written by \`eks pin\` on ${now.toISOString().slice(0, 10)} with what AWS offers in ${region}. Commit it like a lock file.`,
    "",
    `# ${support}`,
    `eks_version = "${version}"`,
    "",
    ...image(node),
    ...(familyVariable === undefined ? [familyLine] : []),
    `eks_worker_node_ami_id = "${node.id}"`,
    ...(familyVariable === undefined ? [] : [familyLine]),
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

const PINNED_VARIABLES = ["eks_version", "eks_worker_node_ami_id", "kubectl_image_id"];

/** The pinned variables that a tfvars file given with `-var-file` sets as well: it wins over the pins. */
export function overriddenBy(tfvars: string, familyVariable?: string): string[] {
  const names = [...PINNED_VARIABLES, ...(familyVariable === undefined ? [] : [familyVariable])];
  return names.filter((name) => new RegExp(`^[ \\t]*${name}[ \\t]*=`, "m").test(tfvars));
}

/**
 * Asks AWS what it offers, and chooses. Changes nothing, and writes nothing.
 *
 * @throws BootstrapError when AWS refuses, when it does not offer what is wished, and when what it offers does not fit
 *   together
 */
export async function askForPins(settings: AwsSettings, wish: PinWish): Promise<Pins> {
  const family = chooseFamily(wish);
  const offer = await offeredVersions(settings);
  const version = chooseVersion(offer, family, wish.version);
  const { parameter, pattern, title } = FAMILIES[family];
  const nodeParameter = parameter(version);
  const parameters = await readParameters(settings, [nodeParameter, BASTION_PARAMETER]);

  const ec2 = new EC2Client(settings);
  try {
    const bastionId = parameters.get(BASTION_PARAMETER);
    if (bastionId === undefined) {
      throw new BootstrapError(
        `SSM has no ${BASTION_PARAMETER} in ${settings.region}; pin kubectl_image_id by hand in your tfvars`,
      );
    }
    const nodeId = imageIdOf(parameters.get(nodeParameter));
    const node =
      nodeId === undefined
        ? await newestImage(ec2, pattern(version))
        : await imageById(ec2, nodeId, `SSM ${nodeParameter}`);
    if (node === undefined) {
      throw new BootstrapError(
        `AWS has no AMI of ${title} for ${version} in ${settings.region}: neither SSM ${nodeParameter} nor an image of ` +
          `Amazon's called ${pattern(version)}; pin another version`,
      );
    }
    const offered = "unknown" in offer ? undefined : offer.find((it) => it.version === version);
    const pins: Pins = {
      region: settings.region,
      version,
      family,
      ...(wish.familyVariable !== undefined && { familyVariable: wish.familyVariable }),
      ...(offered !== undefined && { offered }),
      node,
      bastion: await imageById(ec2, bastionId, `SSM ${BASTION_PARAMETER}`),
    };
    const problems = pinProblems(pins);
    if (problems.length > 0) throw new BootstrapError(`nothing is pinned: ${problems.join("; ")}`);
    return pins;
  } finally {
    ec2.destroy();
  }
}

/**
 * What EKS takes for new clusters. Not to know it is an answer: the call is younger than EKS itself, and a role may lack
 * `eks:DescribeClusterVersions`.
 *
 * @see https://docs.aws.amazon.com/eks/latest/APIReference/API_DescribeClusterVersions.html
 */
export async function offeredVersions(settings: AwsSettings): Promise<Offer> {
  const client = new EKSClient(settings);
  const list = async () => {
    const offered: OfferedVersion[] = [];
    for await (const { clusterVersions = [] } of paginateDescribeClusterVersions({ client }, {})) {
      for (const it of clusterVersions) {
        const support = { STANDARD_SUPPORT: "standard", EXTENDED_SUPPORT: "extended" } as const;
        const status = it.versionStatus;
        if (status !== "STANDARD_SUPPORT" && status !== "EXTENDED_SUPPORT") continue;
        offered.push({
          version: it.clusterVersion ?? "",
          support: support[status],
          standardUntil: day(it.endOfStandardSupportDate),
          extendedUntil: day(it.endOfExtendedSupportDate),
        });
      }
    }
    return offered;
  };
  try {
    const offered = await asking("ask EKS for its versions", list());
    return offered.length > 0 ? offered : { unknown: "EKS named none" };
  } catch (error) {
    return { unknown: printable((error as Error).message) };
  } finally {
    client.destroy();
  }
}

function day(date: Date | undefined): string {
  return date === undefined || Number.isNaN(date.getTime()) ? "" : date.toISOString().slice(0, 10);
}

/** Values of public parameters by their names; what there is not is left out. */
async function readParameters(settings: AwsSettings, Names: string[]): Promise<Map<string, string>> {
  const ssm = new SSMClient(settings);
  try {
    const { Parameters = [] } = await asking(
      "read the parameters of AMIs",
      ssm.send(new GetParametersCommand({ Names })),
    );
    return new Map(Parameters.map(({ Name = "", Value = "" }) => [Name, Value]));
  } finally {
    ssm.destroy();
  }
}

/** The id in the JSON that EKS' parameters hold. */
function imageIdOf(recommended: string | undefined): string | undefined {
  if (recommended === undefined) return undefined;
  try {
    const { image_id: id } = JSON.parse(recommended) as { readonly image_id?: unknown };
    return typeof id === "string" ? id : undefined;
  } catch {
    return undefined;
  }
}

async function imageById(ec2: EC2Client, id: string, source: string): Promise<PinnedImage> {
  const asked = ec2.send(new DescribeImagesCommand({ ImageIds: [id] }));
  const [image] = (await asking(`look at the AMI ${id}`, asked)).Images ?? [];
  if (image === undefined)
    throw new BootstrapError(`EC2 does not know the AMI ${id}, which ${source} names; try again later`);
  return pinnedImage(image, source);
}

/** The newest of Amazon's images with such a name: AWS withdraws the parameters of old ones first. */
async function newestImage(ec2: EC2Client, pattern: string): Promise<PinnedImage | undefined> {
  const asked = ec2.send(
    new DescribeImagesCommand({
      Owners: ["amazon"],
      IncludeDeprecated: true,
      Filters: [
        { Name: "name", Values: [pattern] },
        { Name: "architecture", Values: [ARCHITECTURE] },
        { Name: "state", Values: ["available"] },
      ],
    }),
  );
  const { Images = [] } = await asking(`list the AMIs called ${pattern}`, asked);
  const newest = [...Images].sort((one, other) => ((one.CreationDate ?? "") < (other.CreationDate ?? "") ? 1 : -1))[0];
  return newest && pinnedImage(newest, `EC2 DescribeImages, the newest ${pattern} of Amazon's`);
}

function pinnedImage(image: Image, source: string): PinnedImage {
  const { ImageId: id = "", Name: name = "", Architecture: architecture = "", BlockDeviceMappings = [] } = image;
  const root = BlockDeviceMappings.find(({ DeviceName }) => DeviceName === image.RootDeviceName);
  return {
    id,
    name,
    architecture,
    rootGiB: root?.Ebs?.VolumeSize ?? 0,
    deprecatedFrom: image.DeprecationTime?.slice(0, 10) ?? "",
    source,
  };
}
