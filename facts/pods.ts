/**
 * Pods of each node that live on its own address: aws-node and kube-proxy.
 *
 * @see https://github.com/awslabs/amazon-eks-ami/blob/main/nodeadm/internal/kubelet/eni_max_pods.go
 */
export const HOST_NETWORK_PODS = 2;

/** CoreDNS runs twice in every cluster. */
export const CLUSTER_PODS = 2;

/** Add-ons that run a pod on every node. */
export const ADD_ONS_ON_EVERY_NODE = ["eks-pod-identity-agent", "aws-ebs-csi-driver"] as const;

/**
 * Pods that AWS recommends at most for a node: `few`, and `many` above so many vCPUs.
 *
 * @see https://docs.aws.amazon.com/eks/latest/userguide/choosing-instance-type.html
 */
export const RECOMMENDED_PODS = { few: 110, many: 250, manyAboveVcpus: 30 } as const;

/** Addresses of a prefix, /28. @see https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/ec2-prefix-eni.html */
export const PREFIX_ADDRESSES = 16;

/**
 * Addresses of every subnet that AWS keeps.
 *
 * @see https://docs.aws.amazon.com/vpc/latest/userguide/subnet-sizing.html
 */
export const RESERVED_ADDRESSES = 5;

/**
 * Addresses that EKS wants to find free in each subnet of a cluster, for interfaces of its own; and what AWS
 * recommends: EKS makes more of them, and drops the old, with every new version.
 *
 * @see https://docs.aws.amazon.com/eks/latest/userguide/network-reqs.html
 */
export const CLUSTER_INTERFACES = { least: 6, recommended: 16 } as const;

/** What EC2 says of the network of an instance type. */
export interface NetworkOfType {
  /** Network interfaces at most. */
  readonly interfaces: number;
  /** IPv4 addresses of each interface at most, the first one included. */
  readonly addressesPerInterface: number;
}

/**
 * Pods that a node holds with the VPC CNI: every interface keeps its first address, and each other is one pod's.
 *
 * @see https://github.com/awslabs/amazon-eks-ami/blob/main/nodeadm/internal/kubelet/eni_max_pods.go
 */
export function podsPerNode({ interfaces, addressesPerInterface }: NetworkOfType): number {
  return interfaces * (addressesPerInterface - 1) + HOST_NETWORK_PODS;
}

/**
 * Pods for which nodes have room beside the system's own; negative when not even those fit.
 *
 * @param perNode pods of each node
 */
export function podsLeft(nodes: number, perNode: number): number {
  return nodes * (perNode - HOST_NETWORK_PODS) - CLUSTER_PODS;
}

/**
 * Addresses of its subnet that a node takes with the VPC CNI's defaults, which take an interface whole and keep a spare
 * one ready (`WARM_ENI_TARGET=1`): with a few pods, and with as many as it holds.
 *
 * @see https://github.com/aws/amazon-vpc-cni-k8s/blob/master/docs/eni-and-ip-target.md
 */
export function addressesPerNode({ interfaces, addressesPerInterface }: NetworkOfType) {
  return { idle: Math.min(2, interfaces) * addressesPerInterface, full: interfaces * addressesPerInterface };
}
