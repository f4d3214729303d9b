const CLUSTER_TAG = "kubernetes.io/cluster/";

/**
 * Tags of subnets: for load balancers that the internet reaches, for those inside the VPC, and for addresses of pods.
 *
 * @see https://docs.aws.amazon.com/eks/latest/userguide/network-load-balancing.html
 * @see https://docs.aws.amazon.com/eks/latest/best-practices/subnets.html
 */
export const SUBNET_ROLE_TAGS = {
  public: "kubernetes.io/role/elb",
  private: "kubernetes.io/role/internal-elb",
  pods: "kubernetes.io/role/cni",
} as const;

/** The tag key by which the VPC CNI tells the subnets for one cluster's pods from those for another's. */
export function podSubnetTag(clusterName: string): string {
  return `cni.networking.k8s.aws/cluster/${clusterName}`;
}

/**
 * Beginning of the tag keys by which the cluster autoscaler knows an Auto Scaling group; with a cluster's name behind
 * it, the key for a group of that cluster.
 *
 * @see https://github.com/kubernetes/autoscaler/blob/master/cluster-autoscaler/cloudprovider/aws/README.md
 */
export const AUTOSCALER_TAG = "k8s.io/cluster-autoscaler/";

/** The tag key by which Kubernetes knows what is a cluster's (`owned`), and what it may use (`shared`). */
export function clusterTag(clusterName: string): string {
  return `${CLUSTER_TAG}${clusterName}`;
}

/**
 * The tag with a cluster's name of the security group that EKS makes for it, and deletes with it.
 *
 * @see https://docs.aws.amazon.com/eks/latest/userguide/sec-group-reqs.html
 */
export const EKS_CLUSTER_TAG = "aws:eks:cluster-name";

/**
 * Tags whose value is the name of the one cluster that something was made for: of the AWS load balancer controller, EKS
 * Auto Mode, EKS itself, the VPC CNI, and Kubernetes up to 1.5.
 *
 * @see https://kubernetes-sigs.github.io/aws-load-balancer-controller/latest/deploy/configurations/
 * @see https://docs.aws.amazon.com/eks/latest/userguide/eks-using-tags.html
 */
export const NAMING_TAGS = [
  "elbv2.k8s.aws/cluster",
  "eks:eks-cluster-name",
  "eks:cluster-name",
  EKS_CLUSTER_TAG,
  "cluster.k8s.amazonaws.com/name",
  "KubernetesCluster",
];

/** What one tag says about a cluster. */
export interface ClusterClaim {
  readonly clusterName: string;
  /** Whether it was made for that cluster; one that the cluster only uses has `kubernetes.io/cluster/NAME=shared`. */
  readonly isOwned: boolean;
}

/** Which cluster a tag names; undefined for a tag that names none. */
export function clusterClaim(key: string, value: string): ClusterClaim | undefined {
  if (key.startsWith(CLUSTER_TAG)) return { clusterName: key.slice(CLUSTER_TAG.length), isOwned: value === "owned" };
  return NAMING_TAGS.includes(key) ? { clusterName: value, isOwned: true } : undefined;
}

/**
 * Where EKS writes the logs of a control plane.
 *
 * @see https://docs.aws.amazon.com/eks/latest/userguide/control-plane-logs.html
 */
export function controlPlaneLogGroup(clusterName: string): string {
  return `/aws/eks/${clusterName}/cluster`;
}

/**
 * Beginning of the names of the log groups that CloudWatch Container Insights makes for a cluster, without a tag:
 * `application`, `dataplane`, `host`, `performance`, …
 *
 * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Container-Insights-EKS-logs.html
 */
export function containerInsightsLogGroups(clusterName: string): string {
  return `/aws/containerinsights/${clusterName}/`;
}
