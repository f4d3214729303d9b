import fc from "fast-check";

// The seed of a run is in what fast-check says of a failure; EKS_SEED=… makes the same values again, and
// EKS_PROPERTY_RUNS=… fewer or more of them than 100.
const { EKS_SEED: seed, EKS_PROPERTY_RUNS: runs } = process.env;
fc.configureGlobal({
  ...(seed !== undefined && { seed: Number(seed) }),
  ...(runs !== undefined && { numRuns: Number(runs) }),
});

export { fc };
