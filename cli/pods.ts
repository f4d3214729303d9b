import type { InstanceType } from "../aws/instances";

/**
 * Pods that a node holds by default: an address each, but for those that share the node's own two.
 *
 * @see https://github.com/awslabs/amazon-eks-ami/blob/main/nodeadm/internal/kubelet/eni_max_pods.go
 */
export function maxPods({ interfaces, addressesPerInterface }: InstanceType): number {
  return interfaces * (addressesPerInterface - 1) + 2;
}

/** Of every node: aws-node and kube-proxy. */
const PODS_OF_EACH_NODE = 2;
/** Of the cluster: two of CoreDNS. */
const PODS_OF_THE_CLUSTER = 2;

/** Pods for which there is room beside the system's own; negative when not even those fit. */
export function podsLeft(nodes: number, type: InstanceType): number {
  return nodes * (maxPods(type) - PODS_OF_EACH_NODE) - PODS_OF_THE_CLUSTER;
}
