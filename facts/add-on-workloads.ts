/** What an add-on runs in the cluster, as far as it says what the add-on needs to become active. */
export interface AddOnWorkload {
  /**
   * DaemonSets alone are complete on a cluster without nodes; of a Deployment EKS waits for the pods, which need a
   * node.
   */
  readonly runs: "daemon-sets" | "deployment";
  /** Whether the Deployment's pods go to nodes with the taint `CriticalAddonsOnly`. @default false */
  readonly toleratesCritical?: true;
}

/**
 * EKS' add-ons by its own names, with what they run when nothing is configured. Some of those with a Deployment run
 * DaemonSets as well.
 *
 * @see https://docs.aws.amazon.com/eks/latest/userguide/workloads-add-ons-available-eks.html
 * @see https://github.com/kubernetes-sigs/aws-ebs-csi-driver/blob/master/charts/aws-ebs-csi-driver/values.yaml
 * @see https://github.com/kubernetes-sigs/aws-efs-csi-driver/blob/master/charts/aws-efs-csi-driver/values.yaml
 */
export const ADD_ON_WORKLOADS: Readonly<Record<string, AddOnWorkload>> = {
  "amazon-cloudwatch-observability": { runs: "deployment" },
  "aws-ebs-csi-driver": { runs: "deployment", toleratesCritical: true },
  "aws-efs-csi-driver": { runs: "deployment", toleratesCritical: true },
  "aws-guardduty-agent": { runs: "daemon-sets" },
  "aws-network-flow-monitoring-agent": { runs: "daemon-sets" },
  "cert-manager": { runs: "deployment" },
  coredns: { runs: "deployment", toleratesCritical: true },
  "eks-node-monitoring-agent": { runs: "daemon-sets" },
  "eks-pod-identity-agent": { runs: "daemon-sets" },
  "external-dns": { runs: "deployment" },
  "kube-proxy": { runs: "daemon-sets" },
  "kube-state-metrics": { runs: "deployment" },
  "metrics-server": { runs: "deployment" },
  "prometheus-node-exporter": { runs: "daemon-sets" },
  "snapshot-controller": { runs: "deployment" },
  "vpc-cni": { runs: "daemon-sets" },
};
