import type { Image, InstanceType } from "../../aws/instances";
import { shell } from "../../contract/shell";
import { NODE_IMAGES, nodeImage, type Family } from "../../facts/images";
import { isSkewAllowed } from "../../facts/kubelet-skew";
import { found, type Judgement } from "./rule";

/** An image, where it is named, and what it is to fit with. */
export interface ImageUse {
  /** The variable or the launch configuration that names it. */
  readonly usedBy: string;
  readonly id: string;
  /** Undefined when it does not exist. */
  readonly image: Image | undefined;
  readonly region: string;
  /** Names of the instance types that it is for, and what EC2 tells of instance types. */
  readonly instanceTypes: readonly string[];
  readonly types: Readonly<Record<string, InstanceType>>;
  /** Whether it is the bastion's, and no node's. */
  readonly isBastions: boolean;
  /** Families whose nodes the user data makes join. */
  readonly families: readonly Family[];
  /** The variable that says its family, where there is one. */
  readonly familyVariable?: string;
}

/** The image is not there: it never was in this region, or its owner took it back. */
export function imageMissing({ usedBy, id, image, region, isBastions }: ImageUse): Judgement {
  return (
    image?.state !== "available" &&
    found(
      "error",
      id,
      image === undefined
        ? `${usedBy}: there is no such image in ${region}, or this account may not use it: not shared with it (any ` +
            "more), or not among its allowed images"
        : `${usedBy}: the image is ${image.state}, not available`,
      `choose one of ${region}: ${shell`eks pin --region ${region}`} names ${isBastions ? "Ubuntu's" : "EKS'"}`,
    )
  );
}

/** The image is for another processor than the instance type's. */
export function imageArchitecture({ usedBy, id, image, instanceTypes, types, isBastions }: ImageUse): Judgement {
  const is = image?.architecture ?? "";
  return instanceTypes.map((type) => {
    const { architectures = [] } = types[type] ?? {};
    return (
      is !== "" &&
      architectures.length > 0 &&
      !architectures.includes(is) &&
      found(
        "error",
        id,
        `${usedBy}: the image is for ${is}, and ${type} is ${architectures.join(" or ")}`,
        isBastions
          ? `choose an image for ${architectures.join(" or ")} (eks pin names Ubuntu's)`
          : "choose an image and an instance type of the same architecture",
      )
    );
  });
}

const NEEDS: Readonly<Record<Family, string>> = {
  al2: "a script that calls /etc/eks/bootstrap.sh",
  al2023: "a NodeConfig for nodeadm",
  bottlerocket: "Bottlerocket's TOML",
};

/** The image does not understand the user data: on Amazon Linux 2023 /etc/eks/bootstrap.sh only prints an error. */
export function imageFamily({ usedBy, id, image, families, familyVariable }: ImageUse): Judgement {
  const is = image && nodeImage(image.name)?.family;
  const [first] = families;
  return (
    is !== undefined &&
    first !== undefined &&
    !families.includes(is) &&
    found(
      "error",
      id,
      `${usedBy}: ${image?.name ?? ""} is ${NODE_IMAGES[is].title}, which wants ${NEEDS[is]}, and the user data ` +
        `is ${NEEDS[first]}`,
      `choose an image that wants ${NEEDS[first]} (eks pin names one)` +
        (familyVariable === undefined ? "" : `, or set ${familyVariable} = "${is}"`),
    )
  );
}

/** The image's kubelet is one that a control plane of a version does not take. */
export function imageVersion({ usedBy, id, image }: ImageUse, version: string): Judgement {
  const is = image && nodeImage(image.name);
  return (
    is !== undefined &&
    !isSkewAllowed(is.version, version) &&
    found(
      "error",
      id,
      `${usedBy}: its kubelet is ${is.version} (${image?.name ?? ""}), and the control plane is ${version}`,
      `choose an image for ${version} (${shell`eks pin --version ${version}`}): a kubelet may be at most three minors ` +
        "older, and never newer",
    )
  );
}

/** The name says nothing, so nobody can say whether family and version fit. */
export function imageUnknown({ usedBy, id, image }: ImageUse): Judgement {
  return (
    image !== undefined &&
    nodeImage(image.name) === undefined &&
    found(
      "note",
      id,
      `${usedBy}: ${image.name || "the image"} has not the name of an EKS image: its Kubernetes version and ` +
        "family cannot be seen",
      "look at where it comes from, or choose one of EKS'",
    )
  );
}
