/**
 * What the stack itself writes into Bottlerocket's `settings.kubernetes`: of every group, and of what rows of
 * `node_groups` say. It stands apart from what reads settings, so that synthesis loads no parser.
 */
export const WRITTEN_SETTINGS = {
  always: ["cluster-name", "api-server", "cluster-certificate", "cluster-dns-ip"],
  ofRows: ["max-pods", "node-labels", "node-taints"],
} as const;
