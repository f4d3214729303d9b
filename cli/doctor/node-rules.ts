import type { Node } from "../../bootstrap/nodes";
import { shell } from "../../contract/shell";
import { isSkewAllowed, minorsBehind } from "../../facts/kubelet-skew";
import { BOOTING_SECONDS, controlPlane, joining, stateOf, type AfterFacts } from "./after-facts";
import { addon, APPLY } from "./cures";
import { orElse } from "./fact";
import type { WorkloadFact } from "./inside-facts";
import { missingWorkload } from "./workloads";
import { KEEPS_FROM_JOINING } from "./joining-rules";
import { found, known, type Rule } from "./rule";
import { callRule } from "./security-groups";

/** What EKS brings to every cluster: nothing else works without it. */
const CORE = ["aws-node", "kube-proxy", "coredns"];

/** How many of the nodes have joined only just, and may still be starting what runs on them. */
function newcomers(facts: AfterFacts): number {
  return joining(facts).filter(({ instance, registered }) => {
    return registered === true && (instance.ageSeconds ?? Infinity) < BOOTING_SECONDS;
  }).length;
}

/**
 * How many pods a workload lacks that no node accounts for which is not Ready: that is said of the node.
 *
 * @param nodes of the cluster
 */
function lacking({ kind, wanted, ready }: WorkloadFact, nodes: readonly Node[]): number {
  const sick = nodes.filter(({ isReady }) => !isReady).length;
  if (kind === "DaemonSet") return wanted - ready - sick;
  // Its pods on a node that is sick are made anew on another one, if there is one.
  return sick > 0 && (ready > 0 || sick === nodes.length) ? 0 : wanted - ready;
}

/** DaemonSets put up with nodes that are cordoned. */
function whyPending({ kind }: WorkloadFact, nodes: readonly Node[]): string {
  if (nodes.length === 0) return "there is no node that they could run on";
  const cordoned = nodes.filter(({ isCordoned }) => isCordoned).length;
  return kind === "Deployment" && cordoned === nodes.length
    ? "every node is cordoned"
    : "the others wait for room on a node or for their image, or fail";
}

/** Rules about nodes that have joined. */
export const NODE_RULES: readonly Rule<AfterFacts>[] = [
  missingWorkload(
    "cni-missing",
    "error",
    ({ namespace, name }) => namespace === "kube-system" && name === "aws-node",
    "there is no DaemonSet kube-system/aws-node: without the VPC CNI no node gets Ready, unless another CNI is " +
      "installed",
    (facts) => addon(facts, "vpc-cni"),
  ),
  {
    code: "node-not-ready",
    follows: ["cni-missing"],
    judge: (facts) =>
      stateOf(facts)?.nodes.map(({ name, isReady, reason }) => {
        const instances = orElse(facts.cluster.instances, []);
        const instance = instances.find(({ id, privateDnsName }) => privateDnsName === name || id === name);
        const isNew = (instance?.ageSeconds ?? Infinity) < BOOTING_SECONDS;
        return (
          !isReady &&
          found(
            isNew ? "note" : "error",
            name,
            `the node is not Ready${isNew ? " yet" : ""}: ${reason || "its kubelet does not report"}`,
            isNew
              ? "wait: a node takes two to five minutes"
              : `${shell`eks ssh --command ${shell`kubectl describe node ${name}`}`}, and ` +
                  "'kubectl -n kube-system get pods -o wide' for its aws-node and kube-proxy",
          )
        );
      }),
  },
  {
    code: "node-cordoned",
    judge: (facts) => {
      const nodes = stateOf(facts)?.nodes ?? [];
      const cordoned = nodes.filter(({ isCordoned }) => isCordoned);
      return cordoned.map(({ name }) =>
        found(
          cordoned.length === nodes.length ? "warning" : "note",
          name,
          "the node is cordoned (SchedulingDisabled): it takes no new " +
            `pods${cordoned.length === nodes.length ? ", and no other node does" : ""}`,
          `when it is to take some again: ${shell`eks ssh --command ${shell`kubectl uncordon ${name}`}`}`,
        ),
      );
    },
  },
  {
    code: "workload-not-ready",
    // Where nodes are missing, so are their pods.
    follows: [...KEEPS_FROM_JOINING, "node-not-registered", "group-missing", "group-short", "cni-missing"],
    judge: (facts) => {
      const nodes = stateOf(facts)?.nodes;
      if (nodes === undefined) return [];
      const isStarting = newcomers(facts);
      return known(facts.inside.workloads, (workloads) =>
        workloads
          // What people run in namespaces of their own is theirs to judge.
          .filter((it) => it.namespace === "kube-system" && lacking(it, nodes) > 0)
          .map((it) => {
            const mayCome = it.kind === "DaemonSet" ? lacking(it, nodes) <= isStarting : isStarting > 0;
            const isDown = it.ready === 0 && nodes.length > 0 && CORE.includes(it.name);
            return found(
              mayCome ? "note" : isDown ? "error" : "warning",
              `${it.namespace}/${it.name}`,
              `${String(it.ready)} of ${String(it.wanted)} pods of the ${it.kind} are ready: ` +
                (mayCome ? "a node has joined only just" : whyPending(it, nodes)),
              mayCome
                ? "wait: the pods of a new node take a minute or two"
                : `${shell`eks ssh --command ${shell`kubectl -n ${it.namespace} get pods -o wide`}`} shows which, ` +
                    `and ${shell`kubectl -n ${it.namespace} describe pod NAME`} why`,
            );
          }),
      );
    },
  },
  callRule("sg-kubelet", (nodes, plane) => ({
    from: plane,
    to: nodes,
    protocols: ["tcp"],
    port: 10250,
    what: "the control plane cannot call kubelets (kubectl logs and exec hang)",
  })),
  callRule("sg-dns", (nodes) => ({
    from: nodes,
    to: nodes,
    protocols: ["udp", "tcp"],
    port: 53,
    what: "pods cannot ask CoreDNS on another node",
  })),
  {
    code: "node-version",
    judge: (facts) =>
      controlPlane(facts, ({ version }) =>
        stateOf(facts)?.nodes.map(
          (node) =>
            node.version !== "" &&
            minorsBehind(node.version, version) !== 0 &&
            found(
              isSkewAllowed(node.version, version) ? "warning" : "error",
              node.name,
              `the kubelet is ${node.version}, and the control plane is ${version}`,
              `choose a node image for ${version} (${shell`eks pin --version ${version}`}), ${APPLY}, and let the group ` +
                "launch new nodes",
            ),
        ),
      ),
  },
];
