import { type AfterFacts, controlPlane, APPLY, blockedCalls, BOOTING_SECONDS, addon } from "./after-facts";
import { known, orElse } from "./fact";
import { isSkewAllowed, minorsBehind } from "./image";
import { found, when, type Rule } from "./rule";

/** Rules about nodes that have joined. */
export const NODE_RULES: readonly Rule<AfterFacts>[] = [
  {
    code: "cni-missing",
    judge: (facts) =>
      known(facts.inside.workloads, (workloads) =>
        when(
          !workloads.includes("kube-system/aws-node"),
          "error",
          facts.handover.cluster_name,
          "there is no DaemonSet kube-system/aws-node: without the VPC CNI no node gets Ready, unless another CNI is installed",
          addon(facts, "vpc-cni"),
        ),
      ),
  },
  {
    code: "node-not-ready",
    follows: ["cni-missing"],
    judge: (facts) =>
      known(facts.inside.cluster, (state) =>
        "unreachable" in state
          ? []
          : state.nodes
              .filter(({ isReady }) => !isReady)
              .map(({ name, reason }) => {
                const instances = orElse(facts.cluster.instances, []);
                const instance = instances.find(({ id, privateDnsName }) => privateDnsName === name || id === name);
                const isNew = (instance?.ageSeconds ?? Infinity) < BOOTING_SECONDS;
                return found(
                  isNew ? "note" : "error",
                  name,
                  `the node is not Ready${isNew ? " yet" : ""}: ${reason || "its kubelet does not report"}`,
                  isNew
                    ? "wait: a node takes two to five minutes"
                    : `eks ssh --command 'kubectl describe node ${name}', and 'kubectl -n kube-system get pods -o wide' for its aws-node and kube-proxy`,
                );
              }),
      ),
  },
  {
    code: "sg-kubelet",
    judge: (facts) =>
      blockedCalls(facts, (nodes, plane) => ({
        from: plane,
        to: nodes,
        protocols: ["tcp"],
        port: 10250,
        what: "the control plane cannot call kubelets (kubectl logs and exec hang)",
      })),
  },
  {
    code: "sg-dns",
    judge: (facts) =>
      blockedCalls(facts, (nodes) => ({
        from: nodes,
        to: nodes,
        protocols: ["udp", "tcp"],
        port: 53,
        what: "pods cannot ask CoreDNS on another node",
      })),
  },
  {
    code: "node-version",
    judge: (facts) =>
      controlPlane(facts, ({ version }) =>
        known(facts.inside.cluster, (state) =>
          "unreachable" in state
            ? []
            : state.nodes
                .filter((node) => minorsBehind(node.version, version) !== 0 && node.version !== "")
                .map((node) =>
                  found(
                    isSkewAllowed(node.version, version) ? "warning" : "error",
                    node.name,
                    `the kubelet is ${node.version}, and the control plane is ${version}`,
                    `choose a node image for ${version} (eks pin --version ${version}), ${APPLY}, and let the group launch new nodes`,
                  ),
                ),
        ),
      ),
  },
];
