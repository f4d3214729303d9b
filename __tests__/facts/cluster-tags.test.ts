import {
  clusterClaim,
  clusterTag,
  containerInsightsLogGroups,
  controlPlaneLogGroup,
  podSubnetTag,
} from "../../facts/cluster-tags";

describe("what names a cluster", () => {
  // https://docs.aws.amazon.com/eks/latest/userguide/network-load-balancing.html, and the AWS pages that the file names.
  it("is spelled as AWS and Kubernetes spell it", () => {
    expect(clusterTag("c")).toBe("kubernetes.io/cluster/c");
    expect(podSubnetTag("c")).toBe("cni.networking.k8s.aws/cluster/c");
    expect(controlPlaneLogGroup("c")).toBe("/aws/eks/c/cluster");
    expect(containerInsightsLogGroups("c")).toBe("/aws/containerinsights/c/");
  });

  it.each([
    ["kubernetes.io/cluster/c", "owned", { clusterName: "c", isOwned: true }],
    ["kubernetes.io/cluster/c", "shared", { clusterName: "c", isOwned: false }],
    ["kubernetes.io/cluster/c", "", { clusterName: "c", isOwned: false }],
    ["elbv2.k8s.aws/cluster", "c", { clusterName: "c", isOwned: true }],
    ["eks:eks-cluster-name", "c", { clusterName: "c", isOwned: true }],
    ["eks:cluster-name", "c", { clusterName: "c", isOwned: true }],
    ["aws:eks:cluster-name", "c", { clusterName: "c", isOwned: true }],
    ["cluster.k8s.amazonaws.com/name", "c", { clusterName: "c", isOwned: true }],
    ["KubernetesCluster", "c", { clusterName: "c", isOwned: true }],
    ["k8s.io/cluster-autoscaler/c", "owned", undefined],
    ["Name", "c", undefined],
  ])("is a tag, or is none: %s=%s", (key, value, claim) => {
    expect(clusterClaim(key, value)).toEqual(claim);
  });
});
