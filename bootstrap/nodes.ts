import { z } from "zod";

import { columns } from "../terminal/table";

/** A node of a cluster, as people look at it. */
export interface Node {
  readonly name: string;
  /** As kubectl says it: `Ready`, `NotReady`, `Ready,SchedulingDisabled`. */
  readonly status: string;
  readonly isReady: boolean;
  /** Whether it takes no new pods, because somebody said so. */
  readonly isCordoned: boolean;
  /** Why it is not ready, in the kubelet's words; empty when it is. */
  readonly reason: string;
  /** `<none>` when it has none. */
  readonly roles: string;
  /** Of the kubelet: `v1.31.4-eks-aeac579`. */
  readonly version: string;
  readonly created: string;
}

const NODE = z.object({
  metadata: z.object({
    name: z.string(),
    creationTimestamp: z.string().default(""),
    labels: z.record(z.string(), z.string()).default({}),
  }),
  spec: z.object({ unschedulable: z.boolean().default(false) }).prefault({}),
  status: z
    .object({
      conditions: z
        .array(
          z.object({
            type: z.string(),
            status: z.string(),
            reason: z.string().default(""),
            message: z.string().default(""),
          }),
        )
        .default([]),
      nodeInfo: z.object({ kubeletVersion: z.string().default("") }).prefault({}),
    })
    .prefault({}),
});

const ROLE = "node-role.kubernetes.io/";

/** Reads nodes in the form of the Kubernetes API; other items are left out. */
export function nodesOf(items: readonly unknown[]): Node[] {
  return items.flatMap((item) => {
    const { success, data } = NODE.safeParse(item);
    return success ? [nodeOf(data)] : [];
  });
}

function nodeOf({ metadata, spec, status }: z.output<typeof NODE>): Node {
  const ready = status.conditions.find(({ type }) => type === "Ready");
  const isReady = ready?.status === "True";
  const health = ready === undefined ? "Unknown" : isReady ? "Ready" : "NotReady";
  const labels = Object.entries(metadata.labels);
  const roles = labels.flatMap(([label, value]) => {
    if (label.startsWith(ROLE) && label !== ROLE) return [label.slice(ROLE.length)];
    return label === "kubernetes.io/role" && value !== "" ? [value] : [];
  });
  return {
    name: metadata.name,
    status: spec.unschedulable ? `${health},SchedulingDisabled` : health,
    isReady,
    isCordoned: spec.unschedulable,
    reason: isReady ? "" : [ready?.reason, ready?.message].filter((it) => it !== undefined && it !== "").join(": "),
    roles: [...new Set(roles)].sort().join(",") || "<none>",
    version: status.nodeInfo.kubeletVersion,
    created: metadata.creationTimestamp,
  };
}

/** The table of `kubectl get nodes`. */
export function nodeTable(nodes: readonly Node[], now: Date): string[] {
  if (nodes.length === 0) return ["No resources found"];
  const rows = nodes.map(({ name, status, roles, created, version }) => [
    name,
    status,
    roles,
    age(created, now),
    version,
  ]);
  return columns([["NAME", "STATUS", "ROLES", "AGE", "VERSION"], ...rows]);
}

/**
 * How long ago, as kubectl says it: two units while the first is small.
 *
 * @see https://github.com/kubernetes/apimachinery/blob/master/pkg/util/duration/duration.go
 */
export function age(created: string, now: Date): string {
  const seconds = Math.trunc((now.getTime() - Date.parse(created)) / 1000);
  if (Number.isNaN(seconds)) return "<unknown>";
  if (seconds < -1) return "<invalid>";
  if (seconds < 0) return "0s";
  if (seconds < 120) return `${String(seconds)}s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 10) return two(minutes, "m", seconds % 60, "s");
  if (minutes < 180) return `${String(minutes)}m`;
  const hours = Math.floor(minutes / 60);
  if (hours < 8) return two(hours, "h", minutes % 60, "m");
  if (hours < 48) return `${String(hours)}h`;
  const days = Math.floor(hours / 24);
  if (hours < 192) return two(days, "d", hours % 24, "h");
  if (days < 730) return `${String(days)}d`;
  const years = Math.floor(days / 365);
  return years < 8 ? two(years, "y", days % 365, "d") : `${String(years)}y`;
}

function two(large: number, largeUnit: string, small: number, smallUnit: string): string {
  return `${String(large)}${largeUnit}${small === 0 ? "" : `${String(small)}${smallUnit}`}`;
}
