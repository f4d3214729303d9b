import { matches } from "./condition";
import { MINOR } from "./kinds";

const PREFIX = String.raw`[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*`;
const NAME = "[0-9A-Za-z]([0-9A-Za-z_.-]{0,61}[0-9A-Za-z])?";
/**
 * How a label's key and its value are written.
 *
 * @see https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#syntax-and-character-set
 */
const IS_KEY = matches(`^(${PREFIX}/)?${NAME}$`);
const IS_VALUE = matches(`^(${NAME})?$`);
const KEY_MAX = 317;
/**
 * Labels of Kubernetes' own that a kubelet does not give itself, but for two families and what it knows of its machine.
 *
 * @see https://github.com/kubernetes/kubernetes/blob/master/staging/src/k8s.io/kubelet/pkg/apis/well_known_labels.go
 */
const IS_RESERVED = matches(String.raw`^([^/]*\.)?(kubernetes\.io|k8s\.io)/`);
const IS_UNRESERVED = matches(
  [
    String.raw`^([^/]*\.)?(kubelet|node)\.kubernetes\.io/`,
    String.raw`^kubernetes\.io/(hostname|os|arch)$`,
    String.raw`^beta\.kubernetes\.io/(instance-type|os|arch)$`,
    String.raw`^(topology|failure-domain\.beta)\.kubernetes\.io/(zone|region)$`,
  ].join("|"),
);
/**
 * From this minor version on it does not even start with them.
 *
 * @see https://github.com/kubernetes/enhancements/tree/master/keps/sig-auth/279-limit-node-access
 */
const RESERVED_SINCE = 16;
const EFFECTS = '["NoSchedule", "PreferNoSchedule", "NoExecute"]';
/**
 * Pods that the largest instance types hold.
 *
 * @see https://github.com/awslabs/amazon-eks-ami/blob/main/templates/shared/runtime/eni-max-pods.txt
 */
export const MAX_PODS = 737;

/**
 * What a node registers with, as expressions in Terraform's language: labels are a list of `{ key, value }`, taints
 * one of `{ key, value, effect }`.
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
  const values = (name: string) => {
    // The kubelet takes "_" for "-".
    const flag = name.replaceAll("-", "[-_]");
    return String.raw`flatten(regexall("(?:^|[\\s'\"])--${flag}(?:=|\\s+)['\"]?([^\\s'\"]*)", ${line}))`;
  };
  const items = (name: string) => `item in compact(flatten([for list in ${values(name)} : split(",", list)]))`;
  const part = (pattern: string) => `try(regex("${pattern}", item)[0], "")`;
  return {
    labels: `[for ${items("node-labels")} : { key = ${part("^([^=]*)")}, value = ${part("=(.*)$")} }]`,
    taints: `[for ${items("register-with-taints")} :
      { key = ${part("^([^=:]*)")}, value = ${part("^[^=:]*=([^:]*)")}, effect = ${part(":(.*)$")} }]`,
    maxPods: values("max-pods"),
  };
}

/**
 * One thing that has to hold: the expression of a list of what breaks it, and in words what is allowed and what to do.
 */
export interface RegistrationRule {
  readonly broken: string;
  readonly must: string;
  readonly cure?: string | undefined;
}

/** Rules of what a node registers with: a kubelet that is told otherwise does not start, or its node is not let in. */
export function registrationRules({ labels, taints, maxPods }: Registration): readonly RegistrationRule[] {
  const written = (value: string) => `${value} == null ? "null" : ${value}`;
  const isTaint = `${IS_KEY.hcl("taint.key")} && ${IS_VALUE.hcl("taint.value")}`;
  const isKey = `${IS_KEY.hcl("label.key")} && length(label.key) <= ${String(KEY_MAX)}`;
  const isReserved = `${IS_RESERVED.hcl("label.key")} && !${IS_UNRESERVED.hcl("label.key")}`;
  const isInRange = `tonumber(pods) >= 1 && tonumber(pods) <= ${String(MAX_PODS)}`;
  const isNumber = `can(regex("^[0-9]+$", pods)) && try(${isInRange}, false)`;
  return [
    {
      broken: `[for label in ${labels} : label.key if !(${isKey})]`,
      must:
        "labels whose names have 1 to 63 letters, digits and characters of -_. between a letter or digit at both " +
        "ends, after a domain and a slash if they like",
    },
    {
      broken: `[for label in ${labels} : coalesce(label.value, "null") if !${IS_VALUE.hcl("label.value")}]`,
      must:
        "labels whose values have at most 63 letters, digits and characters of -_. between a letter or digit at both " +
        "ends",
    },
    {
      broken: `[for label in ${labels} : label.key
        if try(${MINOR} >= ${String(RESERVED_SINCE)}, true) && ${isReserved}]`,
      must:
        "no labels of kubernetes.io or k8s.io but node.kubernetes.io/…, kubelet.kubernetes.io/… and those of " +
        "hostname, os, arch, instance type, zone and region, because a kubelet that gives itself others does not start",
      cure: "give roles with kubectl label",
    },
    {
      broken: `[for taint in ${taints} : "\${${written("taint.key")}}=\${${written("taint.value")}}" if !(${isTaint})]`,
      must: "taints whose keys and values are written like labels",
    },
    {
      broken: `[for taint in ${taints} : try(coalesce(taint.effect), taint.key)
        if !try(contains(${EFFECTS}, taint.effect), false)]`,
      must: "NoSchedule, PreferNoSchedule or NoExecute as the effect of taints",
    },
    {
      broken: `[for taint, all in { for taint in ${taints} : "\${taint.key}:\${taint.effect}" => taint... } :
        taint if length(all) > 1]`,
      must: "taints that differ in key or effect",
    },
    {
      broken: `[for pods in ${maxPods} : pods if !(${isNumber})]`,
      must: `a whole number from 1 to ${String(MAX_PODS)} as --max-pods`,
    },
  ];
}
