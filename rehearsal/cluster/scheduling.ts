import type { Taint } from "../../modules/user-data/read";

/** What a pod puts up with, as Kubernetes writes it. */
export interface Toleration {
  /** @default - every key, with the operator `Exists` */
  readonly key?: string;
  /** @default "Equal" */
  readonly operator?: string;
  readonly value?: string;
  /** @default - every effect */
  readonly effect?: string;
}

/** A node, as far as the scheduler looks at it here. */
export interface SchedulableNode {
  /** @default - it is ready */
  readonly notReady?: object;
  /** @default - none */
  readonly taints?: readonly Taint[];
}

/** What an add-on runs in a cluster. */
export interface Workloads {
  readonly namespace: string;
  /** The name of a DaemonSet, which has a pod on every node. @default - it has none */
  readonly daemonSet?: string;
  /** A Deployment, whose pods have to be put on a node. @default - it has none */
  readonly deployment?: {
    readonly name: string;
    readonly replicas: number;
    /** What its pods put up with. */
    readonly tolerations: readonly Toleration[];
  };
}

/**
 * Whether a pod may be put on a node. How much room there is nobody here knows.
 *
 * @see https://kubernetes.io/docs/concepts/scheduling-eviction/taint-and-toleration/
 */
export function takesPods(
  { notReady, taints = [] }: SchedulableNode,
  tolerations: readonly Toleration[] = [],
): boolean {
  const isInTheWay = (taint: Taint) =>
    taint.effect !== "PreferNoSchedule" && !tolerations.some((toleration) => tolerates(toleration, taint));
  return notReady === undefined && !taints.some(isInTheWay);
}

function tolerates({ key, operator = "Equal", value = "", effect }: Toleration, taint: Taint): boolean {
  if (effect !== undefined && effect !== "" && effect !== taint.effect) return false;
  if (operator === "Exists") return key === undefined || key === "" || key === taint.key;
  return key === taint.key && value === (taint.value ?? "");
}
