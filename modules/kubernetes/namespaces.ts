import { NamespaceV1 } from "@cdktf/provider-kubernetes/lib/namespace-v1";
import { NetworkPolicyV1, type NetworkPolicyV1Spec } from "@cdktf/provider-kubernetes/lib/network-policy-v1";
import { Construct } from "constructs";

import { each } from "../hcl/each";
import { hcl, Expression } from "../hcl/expression";
import { local } from "../hcl/local";

/** CoreDNS, which has this label on EKS. @see https://docs.aws.amazon.com/eks/latest/userguide/managing-coredns.html */
const DNS = {
  namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "kube-system" } },
  podSelector: { matchLabels: { "k8s-app": "kube-dns" } },
};

/**
 * Namespaces, and in each a NetworkPolicy that lets nothing in that another policy does not allow; where it is wanted a
 * second one that lets nothing out but questions to the cluster's DNS. They count only where a network plugin enforces
 * them: the VPC CNI does when it is told so (`network_policy` of the stack `eks`).
 */
export class Namespaces extends Construct {
  /** @param rows `map({ labels, annotations, default_deny, default_deny_egress })` by the namespaces' names */
  constructor(scope: Construct, id: string, rows: Expression) {
    super(scope, id);
    const all = each(rows);
    const namespaces = new NamespaceV1(this, "namespace", {
      forEach: all,
      metadata: { name: all.key, labels: all.getStringMap("labels"), annotations: all.getStringMap("annotations") },
    });
    const policy = (what: string, column: string, spec: Omit<NetworkPolicyV1Spec, "podSelector">) => {
      const some = each(
        local(this, `with-${what}`, hcl`{ for name, row in ${rows} : name => row if row.${new Expression(column)} }`),
      );
      new NetworkPolicyV1(this, what, {
        forEach: some,
        metadata: { name: what, namespace: some.key },
        // All of the namespace's pods.
        spec: { podSelector: {}, ...spec },
        dependsOn: [namespaces],
      });
    };
    policy("default-deny-ingress", "default_deny", { policyTypes: ["Ingress"] });
    policy("default-deny-egress", "default_deny_egress", {
      policyTypes: ["Egress"],
      egress: [{ to: [DNS], ports: ["UDP", "TCP"].map((protocol) => ({ port: "53", protocol })) }],
    });
  }
}
