import type { OfferedVersion } from "../../aws/clusters";
import { UserError } from "../../contract/user-error";
import { NODE_IMAGES, nodeImage, type Architecture, type Family } from "../../facts/images";
import { minorOf } from "../../facts/kubelet-skew";
import { printable } from "../../terminal/text";

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
  /** `MAJOR.MINOR`. @default - the newest that the family runs, in standard support if there is one */
  readonly version?: string | undefined;
  /** @default - Amazon Linux 2023; Amazon Linux 2 for a version that is asked for and that it still has AMIs for */
  readonly family?: Family | undefined;
}

/** What is pinned. */
export interface Pins {
  readonly region: string;
  readonly version: string;
  readonly family: Family;
  /** Undefined when EKS was not to be asked. */
  readonly offered?: OfferedVersion | undefined;
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
 * @param wanted `MAJOR.MINOR`
 * @throws UserError for a version that EKS does not offer, or the family has no AMI for
 */
export function chooseVersion(offer: Offer, family: Family, wanted?: string): string {
  const { title, newestMinor } = NODE_IMAGES[family];
  if (wanted !== undefined && minorOf(wanted) > newestMinor) {
    const last = `1.${String(newestMinor)}`;
    throw new UserError(
      `${wanted} has no AMI of ${title}, whose last is for ${last}: pin ${OTHER_FAMILIES}, or ${last} or older`,
    );
  }
  if ("unknown" in offer) {
    if (wanted !== undefined) return wanted;
    throw new UserError(`EKS did not say which versions it offers (${offer.unknown}); name one, as --version 1.32`);
  }
  const newestFirst = [...offer].sort((one, other) => minorOf(other.version) - minorOf(one.version));
  const offered = newestFirst.map(({ version }) => version);
  if (wanted !== undefined) {
    if (offered.includes(wanted)) return wanted;
    throw new UserError(`EKS makes no cluster of version ${wanted}; it offers ${offered.join(", ")}`);
  }
  const possible = newestFirst.filter(({ version }) => minorOf(version) <= newestMinor);
  const newest = possible.find(({ support }) => support === "standard") ?? possible[0];
  if (newest !== undefined) return newest.version;
  throw new UserError(
    `EKS offers ${offered.join(", ") || "no version"}, and ${title} has an AMI for none of them: ` +
      `pin ${OTHER_FAMILIES}`,
  );
}

/** The workshop's instance types are of this one. */
export const ARCHITECTURE: Architecture = "x86_64";

/**
 * Why these pins must not be written: AMIs of another family, architecture or minor than is pinned. One sentence for
 * each; none when they fit.
 */
export function pinProblems({ version, family, node, bastion }: Pins): string[] {
  const says = nodeImage(node.name);
  const called = ({ id, name }: PinnedImage) => `${id} (${name})`;
  const wrong = (must: string, got: string) => `the AMI for nodes must be ${must}, got ${got}: ${called(node)}`;
  const architectures = new Set([node.architecture, says?.architecture ?? node.architecture]);
  const problems = [
    ...(says === undefined
      ? [`the AMI for nodes must be one of EKS', got ${called(node)} from ${node.source}`]
      : [
          says.family !== family &&
            wrong(
              `of ${NODE_IMAGES[family].title}`,
              `${NODE_IMAGES[says.family].title}, with whose user data the nodes would not join`,
            ),
          says.version !== version && wrong(`for Kubernetes ${version}`, `one for ${says.version}`),
          says.variant !== "standard" && wrong("a standard one", says.variant),
        ]),
    ...[...architectures].map((it) => it !== ARCHITECTURE && wrong(`for ${ARCHITECTURE}`, it)),
    bastion.architecture !== ARCHITECTURE &&
      `the AMI for the bastion must be for ${ARCHITECTURE}, got ${bastion.architecture}: ${called(bastion)}`,
    !/ubuntu-[a-z]+-24\.04-amd64-server-/.test(bastion.name) &&
      `the AMI for the bastion must be a server of Ubuntu 24.04, got ${called(bastion)} from ${bastion.source}`,
    ...[node, bastion].map(
      ({ id }) => !/^ami-([0-9a-f]{8}|[0-9a-f]{17})$/.test(id) && `AWS named ${id}, which is no id of an AMI`,
    ),
  ];
  return problems.filter((it) => it !== false).map(printable);
}

/** What the user's tfvars say besides the pins. */
export interface PinSurroundings {
  /** Of the volumes, in GiB, by the variable. */
  readonly volumeGiB: Readonly<Record<"eks_worker_node_volume_size" | "kubectl_ec2_volume_size", number>>;
  readonly bastionUser: string;
  /** The version that was pinned before. */
  readonly versionBefore?: string | undefined;
}

/** What is allowed and worth knowing, one sentence each. `now` decides what is past. */
export function pinWarnings(
  { version, family, offered, node, bastion }: Pins,
  now: Date,
  { volumeGiB: sizes, bastionUser, versionBefore }: PinSurroundings,
): string[] {
  const today = now.toISOString().slice(0, 10);
  const { support, standardUntil = "", extendedUntil = "" } = offered ?? {};
  const until = extendedUntil === "" ? "" : `, until ${extendedUntil}`;
  const daysLeft = (Date.parse(standardUntil) - now.getTime()) / 86_400_000;
  const steps = versionBefore === undefined ? 0 : minorOf(version) - minorOf(versionBefore);
  const next = minorOf(version) - steps + 1;
  const images = [
    { ...node, needed: volumeGiB({ family, node }), variable: "eks_worker_node_volume_size" },
    { ...bastion, needed: bastion.rootGiB, variable: "kubectl_ec2_volume_size" },
  ] as const;
  const warnings = [
    offered === undefined && `EKS was not to be asked whether it still offers ${version}`,
    support === "extended" &&
      `${version} is in extended support, which costs more for every hour of the cluster${until}`,
    support === "standard" &&
      daysLeft < 60 &&
      `the standard support of ${version} ends on ${standardUntil}, and the extended one costs more`,
    family === "al2" &&
      `Amazon Linux 2 gets no more fixes: it ended on 2026-06-30, and its EKS AMIs on 2025-11-26; ${OTHER_FAMILIES}`,
    ...images.flatMap(({ id, name, deprecatedFrom, needed, variable }) => [
      deprecatedFrom !== "" && deprecatedFrom <= today && `${id} (${name}) has been deprecated since ${deprecatedFrom}`,
      needed > sizes[variable] &&
        `${variable} has to be ${String(needed)} or more in your tfvars for ${id}; it is ${String(sizes[variable])}`,
    ]),
    bastionUser !== "ubuntu" && `kubectl_ec2_user has to be ubuntu for ${bastion.id}; your tfvars say ${bastionUser}`,
    steps > 1 &&
      `a cluster of ${versionBefore ?? ""} that exists goes up one minor at a time: ` +
        `pin --version 1.${String(next)} first`,
    steps < 0 && `a cluster of ${versionBefore ?? ""} that exists never goes back to ${version}`,
  ];
  return warnings.filter((it) => it !== false).map(printable);
}

/** GiB that the nodes' volume has to have for what is pinned. */
export function volumeGiB({ family, node }: Pick<Pins, "family" | "node">): number {
  return Math.max(node.rootGiB, NODE_IMAGES[family].volumeGiB);
}
