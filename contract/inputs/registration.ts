/** @see https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#syntax-and-character-set */
const LABEL_PREFIX = String.raw`[a-z0-9]([a-z0-9-]*[a-z0-9])?(\\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*`;
const LABEL_NAME = "[0-9A-Za-z]([0-9A-Za-z_.-]{0,61}[0-9A-Za-z])?";
const LABEL_KEY = `^(${LABEL_PREFIX}/)?${LABEL_NAME}$`;
const LABEL_KEY_MAX = 317;
const LABEL_VALUE = `^(${LABEL_NAME})?$`;
/**
 * Labels of Kubernetes' own that a kubelet does not give itself, but for two families and what it knows of its machine.
 *
 * @see https://github.com/kubernetes/kubernetes/blob/master/staging/src/k8s.io/kubelet/pkg/apis/well_known_labels.go
 */
const RESERVED = String.raw`^([^/]*\\.)?(kubernetes\\.io|k8s\\.io)/`;
const UNRESERVED = [
  String.raw`^([^/]*\\.)?(kubelet|node)\\.kubernetes\\.io/`,
  String.raw`^kubernetes\\.io/(hostname|os|arch)$`,
  String.raw`^beta\\.kubernetes\\.io/(instance-type|os|arch)$`,
  String.raw`^(topology|failure-domain\\.beta)\\.kubernetes\\.io/(zone|region)$`,
].join("|");
/** From this minor version on it does not even start with them. @see https://github.com/kubernetes/enhancements/tree/master/keps/sig-auth/279-limit-node-access */
const RESERVED_SINCE = 16;
const EFFECTS = '["NoSchedule", "PreferNoSchedule", "NoExecute"]';
/** Pods that the largest instance types hold. @see https://github.com/awslabs/amazon-eks-ami/blob/main/templates/shared/runtime/eni-max-pods.txt */
export const MAX_PODS = 737;

/**
 * What a node registers with, as expressions in Terraform's language: labels are a list of `{ key, value }`, taints one of
 * `{ key, value, effect }`.
 */
export interface Registration {
  readonly labels: string;
  readonly taints: string;
  /** The numbers of pods that it is told, a list of texts. */
  readonly maxPods: string;
}

/**
 * What a line of a kubelet's arguments makes a node register with, in the words of the kubelet: `--node-labels`,
 * `--register-with-taints` and `--max-pods`, with `=` or a blank before the value.
 *
 * @param line an expression
 * @see https://kubernetes.io/docs/reference/command-line-tools-reference/kubelet/
 */
export function registrationIn(line: string): Registration {
  // The kubelet takes "_" for "-".
  const values = (name: string) =>
    String.raw`flatten(regexall("(?:^|[\\s'\"])--${name.replaceAll("-", "[-_]")}(?:=|\\s+)['\"]?([^\\s'\"]*)", ${line}))`;
  const items = (name: string) => `compact(flatten([for list in ${values(name)} : split(",", list)]))`;
  const part = (pattern: string) => `try(regex("${pattern}", item)[0], "")`;
  return {
    labels: `[for item in ${items("node-labels")} : { key = ${part("^([^=]*)")}, value = ${part("=(.*)$")} }]`,
    taints: `[for item in ${items("register-with-taints")} : { key = ${part("^([^=:]*)")}, value = ${part("^[^=:]*=([^:]*)")}, effect = ${part(":(.*)$")} }]`,
    maxPods: values("max-pods"),
  };
}

/** One thing that has to hold: the expression of a list of what breaks it, and in words what is allowed and what to do. */
export interface RegistrationRule {
  readonly broken: string;
  readonly must: string;
  readonly cure?: string;
}

/** Rules of what a node registers with: a kubelet that is told otherwise does not start, or its node is not let in. */
export function registrationRules({ labels, taints, maxPods }: Registration): readonly RegistrationRule[] {
  const matches = (value: string, pattern: string) => `can(regex("${pattern}", ${value}))`;
  const written = (value: string) => `${value} == null ? "null" : ${value}`;
  const isTaint = `${matches("taint.key", LABEL_KEY)} && ${matches("taint.value", LABEL_VALUE)}`;
  return [
    {
      broken: `[for label in ${labels} : label.key if !(${matches("label.key", LABEL_KEY)} && length(label.key) <= ${String(LABEL_KEY_MAX)})]`,
      must: "labels whose names have 1 to 63 letters, digits and characters of -_. between a letter or digit at both ends, after a domain and a slash if they like",
    },
    {
      broken: `[for label in ${labels} : coalesce(label.value, "null") if !${matches("label.value", LABEL_VALUE)}]`,
      must: "labels whose values have at most 63 letters, digits and characters of -_. between a letter or digit at both ends",
    },
    {
      broken: `[for label in ${labels} : label.key if try(tonumber(split(".", var.eks_version)[1]) >= ${String(RESERVED_SINCE)}, true) && ${matches("label.key", RESERVED)} && !${matches("label.key", UNRESERVED)}]`,
      must: "no labels of kubernetes.io or k8s.io but node.kubernetes.io/…, kubelet.kubernetes.io/… and those of hostname, os, arch, instance type, zone and region, because a kubelet that gives itself others does not start",
      cure: "give roles with kubectl label",
    },
    {
      broken: `[for taint in ${taints} : "\${${written("taint.key")}}=\${${written("taint.value")}}" if !(${isTaint})]`,
      must: "taints whose keys and values are written like labels",
    },
    {
      broken: `[for taint in ${taints} : try(coalesce(taint.effect), taint.key) if !try(contains(${EFFECTS}, taint.effect), false)]`,
      must: "NoSchedule, PreferNoSchedule or NoExecute as the effect of taints",
    },
    {
      broken: `[for taint, all in { for taint in ${taints} : "\${taint.key}:\${taint.effect}" => taint... } : taint if length(all) > 1]`,
      must: "taints that differ in key or effect",
    },
    {
      broken: `[for pods in ${maxPods} : pods if !(can(regex("^[0-9]+$", pods)) && try(tonumber(pods) >= 1 && tonumber(pods) <= ${String(MAX_PODS)}, false))]`,
      must: `a whole number from 1 to ${String(MAX_PODS)} as --max-pods`,
    },
  ];
}
