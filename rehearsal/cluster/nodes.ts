import type { Taint } from "../../modules/user-data/read";
import type { KubernetesObject, Metadata } from "./kubernetes-documents";

/** A node, as far as its kubelet tells. */
export interface StandInNode {
  /** Its private DNS name, such as `ip-172-16-10-12.ap-northeast-2.compute.internal`. */
  readonly name: string;
  /** Version of the kubelet, such as `v1.31.4-eks-aeac579`. */
  readonly version: string;
  /**
   * Why it is not ready, in the kubelet's words: `KubeletNotReady` and a message; with `NodeStatusUnknown` it has been
   * silent.
   *
   * @default - it is ready
   */
  readonly notReady?: { readonly reason: string; readonly message: string };
  /** @default - when the API is first asked and the node is there */
  readonly createdAt?: Date;
  /** As Kubernetes writes it. @default "amd64" */
  readonly architecture?: string;
  /** What its kubelet registered with, besides those that each has. @default - none */
  readonly labels?: Readonly<Record<string, string>>;
  /** @default - none */
  readonly taints?: readonly Taint[];
}

/** The Node that a kubelet keeps up. @param metadata what the API server says of it */
export function nodeObject(node: StandInNode, metadata: Metadata): KubernetesObject {
  const { name, version, notReady, architecture = "amd64", labels, taints = [] } = node;
  const [, ...address] = /^ip-(\d+)-(\d+)-(\d+)-(\d+)\./.exec(name) ?? [];
  const isSilent = notReady?.reason === "NodeStatusUnknown";
  const { creationTimestamp: lastHeartbeatTime } = metadata;
  return {
    apiVersion: "v1",
    kind: "Node",
    metadata: {
      ...metadata,
      labels: {
        ...labels,
        "kubernetes.io/arch": architecture,
        "kubernetes.io/hostname": name,
        "kubernetes.io/os": "linux",
      },
    },
    spec: taints.length === 0 ? {} : { taints },
    status: {
      addresses: [
        ...(address.length > 0 ? [{ type: "InternalIP", address: address.join(".") }] : []),
        { type: "InternalDNS", address: name },
        { type: "Hostname", address: name },
      ],
      conditions: [
        {
          type: "Ready",
          status: notReady === undefined ? "True" : isSilent ? "Unknown" : "False",
          ...(notReady ?? { reason: "KubeletReady", message: "kubelet is posting ready status" }),
          lastHeartbeatTime,
          lastTransitionTime: lastHeartbeatTime,
        },
      ],
      nodeInfo: {
        architecture,
        operatingSystem: "linux",
        kubeletVersion: version,
        kubeProxyVersion: version,
        osImage: "Amazon Linux 2023 (stand-in)",
        kernelVersion: "6.1.0",
        containerRuntimeVersion: "containerd://1.7.0",
      },
    },
  };
}
