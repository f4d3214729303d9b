/** The minor of a version of Kubernetes 1, such as `1.32` or `v1.32.9-eks-aeac579`; NaN when it is none. */
export function minorOf(version: string): number {
  return Number(/^v?1\.(\d+)/.exec(version)?.[1]);
}

/** How many minors a kubelet is behind its control plane; negative when it is ahead, NaN when one is no version. */
export function minorsBehind(kubelet: string, controlPlane: string): number {
  return minorOf(controlPlane) - minorOf(kubelet);
}

/**
 * Whether a control plane takes a kubelet: not newer, and at most three minors older (two before 1.25).
 *
 * @see https://kubernetes.io/releases/version-skew-policy/#kubelet
 */
export function isSkewAllowed(kubelet: string, controlPlane: string): boolean {
  const behind = minorsBehind(kubelet, controlPlane);
  return !(behind < 0 || behind > (minorOf(kubelet) >= 25 ? 3 : 2));
}
