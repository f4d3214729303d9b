/** Operating system of a node, which decides how it joins: by `bootstrap.sh`, by nodeadm, or by Bottlerocket's TOML. */
export type Family = (typeof FAMILIES)[number];

/** As `eks_worker_node_ami_family`, `ami_family` and `--family` say them. */
export const FAMILIES = ["al2", "al2023", "bottlerocket"] as const;

/** Whether a word names a family. */
export function isFamily(word: unknown): word is Family {
  return FAMILIES.some((name) => name === word);
}

/** Processors that EKS has images for, in EC2's words. */
export const ARCHITECTURES = ["x86_64", "arm64"] as const;

export type Architecture = (typeof ARCHITECTURES)[number];

/** An image for nodes that EKS offers. */
export interface ImageKind {
  readonly family: Family;
  /** Kubernetes version of its kubelet, `MAJOR.MINOR`. */
  readonly version: string;
  readonly architecture: Architecture;
  /** `gpu`, `nvidia`, `neuron`, … @default "standard" */
  readonly variant?: string;
}

interface FamilyFacts {
  readonly title: string;
  /** A regular expression, also to Terraform (RE2): the first group is the Kubernetes version. */
  readonly pattern: string;
  /** What stands in a name for a variant that is not the standard one. */
  readonly variant: RegExp;
  /** The beginning of its images' names. */
  readonly name: (kind: ImageKind) => string;
  /** The parameter of SSM that names the image that AWS recommends. */
  readonly parameter: (kind: ImageKind) => string;
  /** The newest minor of Kubernetes 1 that it has images for. */
  readonly newestMinor: number;
  /** Least size of the nodes' volume that its makers mean it to have, in GiB. */
  readonly volumeGiB: number;
}

/**
 * What EKS calls its images, and where AWS says which one it recommends.
 *
 * @see https://docs.aws.amazon.com/eks/latest/userguide/retrieve-ami-id.html
 * @see https://github.com/awslabs/amazon-eks-ami/releases
 * @see https://github.com/bottlerocket-os/bottlerocket/blob/develop/README.md
 */
export const NODE_IMAGES: Readonly<Record<Family, FamilyFacts>> = {
  al2: {
    title: "Amazon Linux 2",
    pattern: String.raw`^amazon-eks-(?:gpu-|arm64-)?node-(1\.[0-9]+)-v`,
    variant: /^amazon-eks-(gpu)-/,
    name: ({ version, architecture }) => `amazon-eks-${architecture === "arm64" ? "arm64-" : ""}node-${version}-v`,
    parameter: ({ version, architecture, variant = "standard" }) => {
      const kind = architecture === "arm64" ? "-arm64" : variant === "standard" ? "" : `-${variant}`;
      return `/aws/service/eks/optimized-ami/${version}/amazon-linux-2${kind}/recommended`;
    },
    // https://docs.aws.amazon.com/eks/latest/userguide/eks-ami-deprecation-faqs.html
    newestMinor: 32,
    volumeGiB: 0,
  },
  al2023: {
    title: "Amazon Linux 2023",
    pattern: String.raw`^amazon-eks-node-al2023-.+-(1\.[0-9]+)-v`,
    variant: /^amazon-eks-node-al2023-[^-]+-(?!standard-)([a-z]+)-/,
    name: ({ version, architecture }) => `amazon-eks-node-al2023-${architecture}-standard-${version}-v`,
    parameter: ({ version, architecture, variant = "standard" }) =>
      `/aws/service/eks/optimized-ami/${version}/amazon-linux-2023/${architecture}/${variant}/recommended`,
    newestMinor: Infinity,
    // https://github.com/awslabs/amazon-eks-ami/blob/main/templates/al2023/variables-default.json
    volumeGiB: 20,
  },
  bottlerocket: {
    title: "Bottlerocket",
    pattern: String.raw`^bottlerocket-aws-k8s-(1\.[0-9]+)-`,
    variant: /^bottlerocket-aws-k8s-[0-9.]+-([a-z]+)-/,
    // Its images are called as the kernel calls the processor.
    name: ({ version, architecture }) =>
      `bottlerocket-aws-k8s-${version}-${architecture === "arm64" ? "aarch64" : architecture}-v`,
    parameter: ({ version, architecture, variant = "standard" }) => {
      const kind = variant === "standard" ? version : `${version}-${variant}`;
      return `/aws/service/bottlerocket/aws-k8s-${kind}/${architecture}/latest/image_id`;
    },
    newestMinor: Infinity,
    volumeGiB: 20,
  },
};

/** What an image's name says; undefined when the name is none of EKS'. */
export function nodeImage(name: string): Required<ImageKind> | undefined {
  for (const family of FAMILIES) {
    const { pattern, variant } = NODE_IMAGES[family];
    const version = new RegExp(pattern).exec(name)?.[1];
    if (version === undefined) continue;
    const architecture = /arm64|aarch64/.test(name) ? "arm64" : "x86_64";
    return { family, version, architecture, variant: variant.exec(name)?.[1] ?? "standard" };
  }
  return undefined;
}

/** The parameter of SSM that holds the id of the image that AWS recommends, and nothing else. */
export function imageIdParameter(kind: ImageKind): string {
  return NODE_IMAGES[kind.family].parameter(kind).replace(/\/recommended$/, "$&/image_id");
}

/**
 * Where Canonical says which image of Ubuntu is the newest, for the bastion.
 *
 * @see https://documentation.ubuntu.com/aws/aws-how-to/instances/find-ubuntu-images/
 */
export const BASTION_PARAMETER = "/aws/service/canonical/ubuntu/server/24.04/stable/current/amd64/hvm/ebs-gp3/ami-id";
