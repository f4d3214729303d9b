import type { InCluster } from "../../cli/destroy/in-cluster";

/** The answer of a cluster that has nothing in AWS. */
export const EMPTY: InCluster = {
  services: [],
  ingresses: [],
  gateways: [],
  claims: [],
  nodePools: [],
  nodeClaims: [],
  volumes: [],
};
