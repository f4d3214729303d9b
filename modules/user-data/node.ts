import { hcl, type Expression } from "../hcl/expression";

/** What a node is told when it boots, each an expression in Terraform's language. */
export interface NodeUserData {
  readonly clusterName: Expression;
  /** The Kubernetes API, `https://…`. */
  readonly endpoint: Expression;
  /** PEM in base64, as EKS reports it. */
  readonly certificateAuthorityData: Expression;
  /** Address range of the cluster's services, as EKS reports it; CoreDNS has its tenth address. */
  readonly serviceCidr: Expression;
  /** The same when tfvars chose it, null when EKS did. */
  readonly chosenServiceCidr: Expression;
  /** Shell text to run before the node joins. */
  readonly preUserData: Expression;
  /** Shell text, or TOML for Bottlerocket. */
  readonly additionalUserData: Expression;
  /** Arguments of the kubelet, on one line. */
  readonly kubeletExtraArgs: Expression;
  readonly enableDockerBridge: Expression;
  /** How many pods the node takes; null for the family's own computation. */
  readonly maxPods: Expression;
  /** `map(string)` */
  readonly labels: Expression;
  /** `list(object({ key, value, effect }))` */
  readonly taints: Expression;
}

/** The kubelet's arguments for a node's labels and taints: a list of texts, empty ones for what there is none of. */
export function registrationArguments({ labels, taints }: Pick<NodeUserData, "labels" | "taints">): Expression {
  const labelTexts = hcl`[for key, value in ${labels} : "\${key}=\${value}"]`;
  const taintTexts = hcl`[for taint in ${taints} : "\${taint.key}=\${taint.value}:\${taint.effect}"]`;
  return hcl`[
    length(${labels}) > 0 ? "--node-labels=\${join(",", ${labelTexts})}" : "",
    length(${taints}) > 0 ? "--register-with-taints=\${join(",", ${taintTexts})}" : ""
  ]`;
}
