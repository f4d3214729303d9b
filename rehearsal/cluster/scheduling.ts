import type { Taint } from "../../modules/user-data/read";
import { findResource, type Resource } from "./kubernetes-documents";
import type { StandInNode } from "./nodes";

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
export type SchedulableNode = Pick<StandInNode, "taints"> & {
  /** @default - it is ready */
  readonly notReady?: object;
};

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

/** The status of a workload on the nodes there are. */
export type StatusOf = (nodes: readonly SchedulableNode[]) => object;

/** An object that an add-on runs as. */
export interface Workload {
  readonly resource: Resource;
  readonly name: string;
  /** What it is, but for its metadata. */
  readonly fields: object;
  readonly statusOf: StatusOf;
}

/** The objects that an add-on runs as. */
export function objectsOf({ daemonSet, deployment }: Workloads): readonly Workload[] {
  const found: Workload[] = [];
  if (daemonSet !== undefined) {
    found.push({ resource: findResource("daemonsets"), name: daemonSet, fields: {}, statusOf: daemonSetStatus });
  }
  if (deployment !== undefined) {
    const { name, replicas } = deployment;
    const statusOf = (nodes: readonly SchedulableNode[]) => deploymentStatus(nodes, deployment);
    found.push({ resource: findResource("deployments"), name, fields: { spec: { replicas } }, statusOf });
  }
  return found;
}

/**
 * A DaemonSet that runs on every node, and is ready where the node is. As the API server, it leaves out zeros where the
 * API does.
 *
 * @see https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/daemon-set-v1/#DaemonSetStatus
 */
function daemonSetStatus(nodes: readonly SchedulableNode[]): object {
  const wanted = nodes.length;
  const ready = nodes.filter(({ notReady }) => notReady === undefined).length;
  return {
    observedGeneration: 1,
    currentNumberScheduled: wanted,
    desiredNumberScheduled: wanted,
    numberMisscheduled: 0,
    numberReady: ready,
    ...counts({ updatedNumberScheduled: wanted, numberAvailable: ready, numberUnavailable: wanted - ready }),
  };
}

/**
 * All replicas are there as soon as one node takes them.
 *
 * @see https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/deployment-v1/#DeploymentStatus
 */
function deploymentStatus(
  nodes: readonly SchedulableNode[],
  { replicas, tolerations }: NonNullable<Workloads["deployment"]>,
): object {
  const isRunning = nodes.some((node) => takesPods(node, tolerations));
  const available = isRunning ? replicas : 0;
  return {
    observedGeneration: 1,
    replicas,
    updatedReplicas: replicas,
    ...counts({
      readyReplicas: available,
      availableReplicas: available,
      unavailableReplicas: replicas - available,
    }),
    conditions: [
      {
        type: "Available",
        status: isRunning ? "True" : "False",
        reason: isRunning ? "MinimumReplicasAvailable" : "MinimumReplicasUnavailable",
        message: `Deployment ${isRunning ? "has" : "does not have"} minimum availability.`,
      },
    ],
  };
}

/** Those that are not zero: Go's `omitempty`. */
function counts(all: Readonly<Record<string, number>>): object {
  return Object.fromEntries(Object.entries(all).filter(([, count]) => count !== 0));
}
