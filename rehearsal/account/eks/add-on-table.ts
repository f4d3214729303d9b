import type { AddonPodIdentityConfiguration } from "@aws-sdk/client-eks";

import { CLUSTER_VERSIONS, minorIn } from "./releases";
import type { Toleration, Workloads } from "../../cluster/scheduling";

/** An add-on that the stand-in of the EKS API has on offer, with what it runs when nothing is configured. */
export interface AddOnOffer extends Workloads {
  readonly name: string;
  /** As DescribeAddonVersions says it. */
  readonly type: "networking" | "storage" | "security" | "observability";
  /** The versions for a minor of Kubernetes, newest first. */
  readonly versions: (minor: number) => readonly string[];
  /** What of them a cluster gets that says none: the place in the list. */
  readonly defaultAt: number;
  /** The names that its configuration may have at the top. */
  readonly settings: readonly string[];
  /** Its service account, with the policy that AWS recommends for it; without a role of its own it needs its node's. */
  readonly podIdentity?: AddonPodIdentityConfiguration;
  /**
   * The add-on is active when these pods have a node.
   *
   * @default - all of it are DaemonSets, which want no pod where there is no node
   */
  readonly deployment?: NonNullable<Workloads["deployment"]> & {
    /** Where its configuration has more tolerations, by the names on the way. */
    readonly tolerationsAt: readonly string[];
  };
}

const same =
  (...versions: string[]) =>
  () =>
    versions;
/** @see https://docs.aws.amazon.com/eks/latest/userguide/critical-workload.html */
const CRITICAL: Toleration = { key: "CriticalAddonsOnly", operator: "Exists" };
const ON_PODS = ["affinity", "podAnnotations", "podLabels", "resources", "tolerations"];

/**
 * Pinned, and of the form that AWS' own have: newer ones come every few weeks, and what a cluster of AWS is offered,
 * DescribeAddonVersions there alone tells. Each has two for every minor, so that one can be updated.
 *
 * @see https://docs.aws.amazon.com/eks/latest/userguide/workloads-add-ons-available-eks.html
 */
const OFFERS: readonly Omit<AddOnOffer, "namespace">[] = [
  {
    name: "aws-ebs-csi-driver",
    type: "storage",
    versions: same("v1.54.0-eksbuild.1", "v1.53.0-eksbuild.1"),
    defaultAt: 0,
    settings: [
      "a1CompatibilityDaemonSet",
      "additionalDaemonSets",
      "controller",
      "customLabels",
      "defaultStorageClass",
      "enableFIPS",
      "node",
      "nodeComponentOnly",
      "sidecars",
      "snapshotter",
      "storageClasses",
      "useOldCSIDriver",
      "volumeSnapshotClasses",
    ],
    podIdentity: {
      serviceAccount: "ebs-csi-controller-sa",
      recommendedManagedPolicies: ["arn:aws:iam::aws:policy/AmazonEBSCSIDriverPolicyV2"],
    },
    // https://github.com/kubernetes-sigs/aws-ebs-csi-driver/blob/master/charts/aws-ebs-csi-driver/values.yaml
    daemonSet: "ebs-csi-node",
    deployment: {
      name: "ebs-csi-controller",
      replicas: 2,
      tolerations: [CRITICAL],
      tolerationsAt: ["controller", "tolerations"],
    },
  },
  {
    name: "coredns",
    type: "networking",
    versions: (minor) =>
      minor < 33
        ? ["v1.11.4-eksbuild.24", "v1.11.4-eksbuild.14"]
        : minor < 34
          ? ["v1.12.4-eksbuild.1", "v1.12.1-eksbuild.2"]
          : ["v1.12.4-eksbuild.1", "v1.12.3-eksbuild.1"],
    defaultAt: 1,
    settings: [
      ...ON_PODS,
      "autoScaling",
      "computeType",
      "corefile",
      "livenessProbe",
      "nodeSelector",
      "podDisruptionBudget",
      "priorityClassName",
      "readinessProbe",
      "replicaCount",
      "topologySpreadConstraints",
    ],
    // https://docs.aws.amazon.com/eks/latest/userguide/managing-coredns.html
    deployment: { name: "coredns", replicas: 2, tolerations: [CRITICAL], tolerationsAt: ["tolerations"] },
  },
  {
    name: "eks-pod-identity-agent",
    type: "security",
    versions: same("v1.3.10-eksbuild.2", "v1.3.4-eksbuild.1"),
    defaultAt: 1,
    settings: [...ON_PODS, "agent", "init", "nodeSelector", "priorityClassName", "updateStrategy"],
    daemonSet: "eks-pod-identity-agent",
  },
  {
    name: "kube-proxy",
    type: "networking",
    versions: (minor) => {
      const { kubernetesPatchVersion = "" } =
        CLUSTER_VERSIONS.find(({ clusterVersion = "" }) => minorIn(clusterVersion) === minor) ?? {};
      return [`v${kubernetesPatchVersion}-eksbuild.2`, `v1.${String(minor)}.0-eksbuild.2`];
    },
    defaultAt: 1,
    settings: ["ipvs", "mode", "podAnnotations", "podLabels", "resources"],
    daemonSet: "kube-proxy",
  },
  {
    name: "metrics-server",
    type: "observability",
    versions: same("v0.8.0-eksbuild.6", "v0.7.2-eksbuild.4"),
    defaultAt: 0,
    settings: [
      ...ON_PODS,

      "addonResizer",
      "defaultArgs",
      "args",
      "nodeSelector",
      "podDisruptionBudget",
      "replicas",
      "revisionHistoryLimit",
      "service",
      "topologySpreadConstraints",
      "updateStrategy",
    ],
    deployment: { name: "metrics-server", replicas: 2, tolerations: [], tolerationsAt: ["tolerations"] },
  },
  {
    name: "vpc-cni",
    type: "networking",
    versions: same("v1.20.5-eksbuild.1", "v1.20.4-eksbuild.2"),
    defaultAt: 1,
    settings: [
      ...ON_PODS,
      "cniConfig",
      "cri",
      "enableNetworkPolicy",
      "enableWindowsIpam",
      "enableWindowsPrefixDelegation",
      "eniConfig",
      "env",
      "extraVolumeMounts",
      "extraVolumes",
      "init",
      "livenessProbe",
      "livenessProbeTimeoutSeconds",
      "minimumWindowsIPTarget",
      "networkPolicyEnforcingMode",
      "nodeAgent",
      "readinessProbe",
      "readinessProbeTimeoutSeconds",
      "serviceAccount",
      "updateStrategy",
      "warmWindowsIPTarget",
      "warmWindowsPrefixTarget",
    ],
    podIdentity: {
      serviceAccount: "aws-node",
      recommendedManagedPolicies: ["arn:aws:iam::aws:policy/AmazonEKS_CNI_Policy"],
    },
    daemonSet: "aws-node",
  },
];

/** All of them run in one namespace. */
export const ADD_ONS: readonly AddOnOffer[] = OFFERS.map((offer) => ({ namespace: "kube-system", ...offer }));

/**
 * What runs in a new cluster before anybody installs an add-on.
 *
 * @see https://docs.aws.amazon.com/eks/latest/userguide/eks-add-ons.html
 */
export const NEW_CLUSTERS_WORKLOADS: readonly Workloads[] = ADD_ONS.filter(({ name }) =>
  ["coredns", "kube-proxy", "vpc-cni"].includes(name),
);
