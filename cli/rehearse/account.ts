import type { InputValues } from "../../contract/inputs/inputs";
import { NODE_IMAGES, type ImageKind } from "../../facts/images";
import { WORKSHOP_ACCOUNT, type AccountSeed } from "../../rehearsal/account/emulator";

/** The AMI of another family that the emulated account has on offer. */
export const OTHER_FAMILY = {
  id: "ami-0a120230a120230a1",
  rootDevice: "/dev/xvda",
  // What it is its name says, whatever the values take it for.
  name: "amazon-eks-node-al2023-x86_64-standard-1.32-v20250807",
};

/**
 * The emulated account in which these values can be planned and applied: their region, role and key pair, whom their
 * access entries name, and every image that they name, of the family that they say it is of; besides an image of
 * another family.
 */
export function accountFor(values: InputValues): AccountSeed {
  const version = values.eks_version;
  const family = values.eks_worker_node_ami_family;
  const images = [
    OTHER_FAMILY,
    { id: values.kubectl_image_id, rootDevice: "/dev/sda1" },
    nodeImage(values.eks_worker_node_ami_id, { family, architecture: "x86_64", version }),
    ...Object.values(values.node_groups).map((group) =>
      nodeImage(group.ami_id, {
        family: group.ami_family,
        architecture: group.architecture,
        version: group.kubernetes_version ?? version,
      }),
    ),
  ];
  return {
    region: values.aws_region,
    adminRole: values.aws_krug_admin_role ?? WORKSHOP_ACCOUNT.adminRole,
    keyPair: values.kubectl_ec2_keypair,
    principals: Object.values(values.access_entries).map((entry) => entry.principal_arn),
    // Who names one twice means one image; the first word counts.
    images: images.filter(({ id }, at) => images.findIndex((other) => other.id === id) === at),
  };
}

/** An image with the name that its makers give it, which is what tells its family and its version. */
function nodeImage(id: string, kind: ImageKind) {
  const release = kind.family === "bottlerocket" ? "1.44.0-6dd2d5ad" : "20250807";
  const name = `${NODE_IMAGES[kind.family].name(kind)}${release}`;
  return { id, rootDevice: "/dev/xvda", architecture: kind.architecture, name };
}
