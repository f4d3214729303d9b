import { HOST_READY, MAY_MOUNT } from "./prepared";

/** `describe` where a stand-in bastion can be started; else a skipped one (the set-up has said why). */
export const describeOnHost = process.env[HOST_READY] === undefined ? describe.skip : describe;

/** `it` where file systems can be mounted; else a skipped one (the set-up has said why). */
export const itWithMounts = process.env[MAY_MOUNT] === undefined ? it.skip : it;
