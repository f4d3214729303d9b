import fc from "fast-check";

// The seed of a run is in what fast-check says of a failure; EKS_SEED=… makes the same values again.
const seed = process.env["EKS_SEED"];
if (seed !== undefined) fc.configureGlobal({ seed: Number(seed) });

export { fc };
