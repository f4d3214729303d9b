import type { Image } from "@aws-sdk/client-ec2";

import type { NamedCluster, ParsedUserData } from "../../modules/user-data/read";
import type { JoiningBy, NodeGroupInput } from "../stack-inputs";

/** A machine image, as far as a node or a bastion cares. */
export interface ImageFact {
  readonly id: string;
  readonly name: string;
  /** `available`, or what else EC2 says. */
  readonly state: string;
  /** `x86_64` or `arm64`. */
  readonly architecture: string;
  /** Size of the root volume's snapshot in GiB; undefined when EC2 does not say. */
  readonly rootGiB: number | undefined;
}

/** What the name of an EKS image says. */
export interface NodeImage {
  readonly family: "Amazon Linux 2" | "Amazon Linux 2023" | "Bottlerocket";
  /** What user data it understands. */
  readonly joinsBy: JoiningBy;
  /** Kubernetes version of its kubelet, `MAJOR.MINOR`. */
  readonly version: string;
}

/** Names of the images of the emulated account (rehearsal/account/emulator.ts). */
const EMULATED = /^emulated ami-/;

/** An image in EC2's words, in ours. */
export function imageFact(image: Image): ImageFact {
  const root = image.BlockDeviceMappings?.find(({ DeviceName }) => DeviceName === image.RootDeviceName);
  return {
    id: image.ImageId ?? "",
    name: image.Name ?? "",
    state: image.State ?? "",
    architecture: image.Architecture ?? "",
    // Moto says the same size of every image, whatever it is.
    rootGiB: EMULATED.test(image.Name ?? "") ? undefined : root?.Ebs?.VolumeSize,
  };
}

/** Names of EKS' images. @see https://github.com/awslabs/amazon-eks-ami/releases */
const FAMILIES: readonly (Omit<NodeImage, "version"> & { readonly pattern: RegExp })[] = [
  {
    family: "Amazon Linux 2023",
    joinsBy: "nodeadm",
    pattern: /^amazon-eks-node-al2023-.*-(\d+\.\d+)-v\d/,
  },
  { family: "Amazon Linux 2", joinsBy: "bootstrap.sh", pattern: /^amazon-eks-(?:(?:arm64|gpu)-)?node-(\d+\.\d+)-v\d/ },
  { family: "Bottlerocket", joinsBy: "bottlerocket", pattern: /^bottlerocket-aws-k8s-(\d+\.\d+)-/ },
];

/** What an image is to EKS, by its name; undefined when the name is none of EKS'. */
export function nodeImage({ name }: Pick<ImageFact, "name">): NodeImage | undefined {
  for (const { pattern, ...family } of FAMILIES) {
    const version = pattern.exec(name)?.[1];
    if (version !== undefined) return { ...family, version };
  }
  return undefined;
}

/** What an image is recommended for; its architecture where the tfvars say one. */
type RecommendationFor = Pick<NodeGroupInput, "joinsBy"> &
  Partial<Pick<NodeGroupInput, "architecture">> & { readonly eksVersion: string };

/**
 * Where AWS says which image it recommends in the place of one: of the same family, architecture and kind.
 *
 * @param image the one in use; where nobody knows it, the user data tells the family, and the tfvars the architecture
 * @see https://docs.aws.amazon.com/eks/latest/userguide/retrieve-ami-id.html
 */
export function recommendedImageParameter(
  { eksVersion: version, joinsBy, architecture: said }: RecommendationFor,
  image: Pick<ImageFact, "name" | "architecture"> | undefined,
): string {
  const isArm = (image?.architecture ?? said) === "arm64";
  const architecture = isArm ? "arm64" : "x86_64";
  const name = image?.name ?? "";
  switch ((image && nodeImage(image)?.joinsBy) ?? joinsBy) {
    case "bottlerocket":
      return `/aws/service/bottlerocket/aws-k8s-${version}/${architecture}/latest/image_id`;
    case "nodeadm": {
      const kind = /-(nvidia|neuron)-/.exec(name)?.[1] ?? "standard";
      return `/aws/service/eks/optimized-ami/${version}/amazon-linux-2023/${architecture}/${kind}/recommended/image_id`;
    }
    case "bootstrap.sh": {
      const kind = isArm ? "-arm64" : name.includes("-gpu-") ? "-gpu" : "";
      return `/aws/service/eks/optimized-ami/${version}/amazon-linux-2${kind}/recommended/image_id`;
    }
  }
}

/** What each kind of image listens to, of what user data tells. */
const TOLD = {
  "bootstrap.sh": "bootstrapScript",
  nodeadm: "nodeConfig",
  bottlerocket: "settings",
} as const satisfies Readonly<Record<JoiningBy, keyof ParsedUserData>>;

/** The ways in which user data makes a node join: one, none, or several for images of several families. */
export function waysToJoin(userData: ParsedUserData): readonly JoiningBy[] {
  return (Object.keys(TOLD) as JoiningBy[]).filter((way) => userData[TOLD[way]] !== undefined);
}

/**
 * The clusters that user data names.
 *
 * @param image what it is given to, of which only one kind of user data counts; undefined counts every kind
 */
export function clustersNamed(
  userData: ParsedUserData,
  image: Pick<ImageFact, "name"> | undefined,
): readonly (NamedCluster & { readonly joinsBy: JoiningBy })[] {
  const own = image && nodeImage(image)?.joinsBy;
  return waysToJoin(userData)
    .filter((way) => own === undefined || way === own)
    .flatMap((way) => {
      const named = userData[TOLD[way]];
      return named === undefined ? [] : [{ ...named, joinsBy: way }];
    });
}

function minor(version: string): number {
  return Number(/^v?1\.(\d+)/.exec(version)?.[1]);
}

/**
 * How many minors a kubelet is behind its control plane; negative when it is ahead, NaN when one is no version.
 *
 * @see https://kubernetes.io/releases/version-skew-policy/#kubelet
 */
export function minorsBehind(kubelet: string, controlPlane: string): number {
  return minor(controlPlane) - minor(kubelet);
}

/** Whether a control plane takes a kubelet: not newer, and at most three minors older (two before 1.25). */
export function isSkewAllowed(kubelet: string, controlPlane: string): boolean {
  const behind = minorsBehind(kubelet, controlPlane);
  return !(behind < 0 || behind > (minor(kubelet) >= 25 ? 3 : 2));
}
