import type { Image, InstanceType } from "../../aws/instances";
import { NODE_IMAGES, nodeImage, type Family } from "../../facts/images";
import { isSkewAllowed } from "../../facts/kubelet-skew";
import { found, when, type Found } from "./rule";

/** An image, where it is named, and what it is to fit with. */
export interface ImageUse {
  /** The variable or the launch configuration that names it. */
  readonly usedBy: string;
  readonly id: string;
  /** Undefined when it does not exist. */
  readonly image: Image | undefined;
  /** The variable that says its family, where there is one. */
  readonly familyVariable?: string;
}

/** How one comes by the image of a variable. */
function choose(usedBy: string, region: string): string {
  return usedBy.startsWith("kubectl")
    ? `choose one of ${region}: eks pin --region ${region} names Ubuntu's`
    : `choose one of ${region}: eks pin --region ${region} names EKS'`;
}

/** The image is not there: it never was in this region, or its owner took it back. */
export function imageMissing({ usedBy, id, image }: ImageUse, region: string): Found[] {
  return when(
    image?.state !== "available",
    "error",
    id,
    image === undefined
      ? `${usedBy}: there is no such image in ${region}, or this account may not use it: not shared with it (any more), or not among its allowed images`
      : `${usedBy}: the image is ${image.state}, not available`,
    choose(usedBy, region),
  );
}

/** The image is for another processor than the instance type's. */
export function imageArchitecture(
  { usedBy, id, image }: ImageUse,
  type: string,
  is: InstanceType | undefined,
): Found[] {
  if (image === undefined || is === undefined || image.architecture === "") return [];
  return when(
    is.architectures.length > 0 && !is.architectures.includes(image.architecture),
    "error",
    id,
    `${usedBy}: the image is for ${image.architecture}, and ${type} is ${is.architectures.join(" or ")}`,
    "choose an image and an instance type of the same architecture",
  );
}

const NEEDS: Readonly<Record<Family, string>> = {
  al2: "a script that calls /etc/eks/bootstrap.sh",
  al2023: "a NodeConfig for nodeadm",
  bottlerocket: "Bottlerocket's TOML",
};

/**
 * The image does not understand the user data: on Amazon Linux 2023 /etc/eks/bootstrap.sh only prints an error.
 *
 * @param families whose nodes the user data makes join
 */
export function imageFamily({ usedBy, id, image, familyVariable }: ImageUse, families: readonly Family[]): Found[] {
  const is = image && nodeImage(image.name)?.family;
  const [first] = families;
  if (is === undefined || first === undefined) return [];
  return when(
    !families.includes(is),
    "error",
    id,
    `${usedBy}: ${image?.name ?? ""} is ${NODE_IMAGES[is].title}, which wants ${NEEDS[is]}, and the user data is ${NEEDS[first]}`,
    `choose an image that wants ${NEEDS[first]} (eks pin names one)` +
      (familyVariable === undefined ? "" : `, or set ${familyVariable} = "${is}"`),
  );
}

/** The image's kubelet is one that the control plane does not take. */
export function imageVersion({ usedBy, id, image }: ImageUse, controlPlane: string): Found[] {
  const is = image && nodeImage(image.name);
  if (is === undefined) return [];
  return when(
    !isSkewAllowed(is.version, controlPlane),
    "error",
    id,
    `${usedBy}: its kubelet is ${is.version} (${image?.name ?? ""}), and the control plane is ${controlPlane}`,
    `choose an image for ${controlPlane} (eks pin --version ${controlPlane}): a kubelet may be at most three minors older, and never newer`,
  );
}

/** The name says nothing, so nobody can say whether family and version fit. */
export function imageUnknown({ usedBy, id, image }: ImageUse): Found[] {
  if (image === undefined || nodeImage(image.name) !== undefined) return [];
  return [
    found(
      "note",
      id,
      `${usedBy}: ${image.name || "the image"} has not the name of an EKS image: its Kubernetes version and family cannot be seen`,
      "look at where it comes from, or choose one of EKS'",
    ),
  ];
}
