import { describeNeeding, itNeeding } from "./needs";

/** `describe` where a stand-in bastion can be started. */
export const describeOnHost = describeNeeding("a stand-in bastion's programs");

/** `it` where file systems can be mounted. */
export const itWithMounts = itNeeding("the right to mount");
