import { NamespaceV1 } from "@cdktf/provider-kubernetes/lib/namespace-v1";
import { NetworkPolicyV1, type NetworkPolicyV1Spec } from "@cdktf/provider-kubernetes/lib/network-policy-v1";
import { TerraformIterator, Token } from "cdktf";
import { Construct } from "constructs";

/** What namespaces are made of. */
export interface NamespacesProps {
  /**
   * `map({ labels, annotations, default_deny, default_deny_egress })` by the namespaces' names: an expression of
   * Terraform's language, without `${}`.
   */
  readonly rows: string;
}

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
  constructor(scope: Construct, id: string, { rows }: NamespacesProps) {
    super(scope, id);
    const all = TerraformIterator.fromMap(Token.asAny(`\${${rows}}`));
    const namespaces = new NamespaceV1(this, "namespace", {
      forEach: all,
      metadata: { name: all.key, labels: all.getMap("labels"), annotations: all.getMap("annotations") },
    });
    const policy = (what: string, column: string, spec: Omit<NetworkPolicyV1Spec, "podSelector">) => {
      const some = TerraformIterator.fromMap(
        Token.asAny(`\${{ for name, row in ${rows} : name => row if row.${column} }}`),
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
