import type { Image } from "@aws-sdk/client-ec2";

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
