import { type TerraformVariable, VariableType } from "cdktf";

import { READY_POLICIES } from "../pod-policies";
import { optional } from "../hcl/expression";
import { repeated, rule } from "../hcl/ranges";
import type { Declare } from "./declare";

/** How many managed policies IAM attaches to a role. @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html */
const ROLE_MAX_POLICIES = 10;

/** Names as Kubernetes takes them. @see https://kubernetes.io/docs/concepts/overview/working-with-objects/names/ */
const DNS_LABEL = "[a-z0-9]([-a-z0-9]*[a-z0-9])?";

/**
 * The service accounts that add-ons with a role make for themselves.
 *
 * @see https://docs.aws.amazon.com/eks/latest/userguide/workloads-add-ons-available-eks.html
 */
const SERVICE_ACCOUNTS = {
  "vpc-cni": "kube-system/aws-node",
  "aws-ebs-csi-driver": "kube-system/ebs-csi-controller-sa",
} as const;

/** What pods may do in AWS. */
export class PodVariables {
  readonly irsa: TerraformVariable;
  readonly podRoles: TerraformVariable;

  constructor(declare: Declare) {
    this.irsa = declare("irsa", {
      type: VariableType.BOOL,
      nullable: false,
      default: false,
      description:
        "Whether IAM trusts the tokens of the cluster's service accounts (IRSA): an OIDC provider for the cluster.",
    });

    this.podRoles = declare("pod_roles", {
      type: `map(object({ namespace = string, service_account = string, policies = list(string), via = ${optional("string", "pod_identity")}, dns_zone_id = ${optional("string")} }))`,
      nullable: false,
      default: {},
      description:
        "IAM roles for pods, by key, each for one service account: PROJECT_NAME-pod-KEY. Policies are ARNs or " +
        `${READY_POLICIES.join(", ")}; via is pod_identity (Kubernetes 1.24, add-on eks-pod-identity-agent) or irsa; ` +
        "dns_zone_id is the one zone that external-dns may change.",
      validation: podRoleRules(),
    });
  }
}

function podRoleRules() {
  // Rows that are null have a rule of their own; the other rules would break on them.
  const rows = "{ for key, row in var.pod_roles : key => row if row != null }";
  /** The rows of which `holds` is not true, each as `KEY (VALUE)`. */
  const offending = (holds: string, value: string) =>
    `\${join(", ", [for key, row in ${rows} : "\${key} (\${${value}})" if !(${holds})])}`;
  const all = (holds: string) => `alltrue([for key, row in ${rows} : ${holds}])`;
  /** A rule for every row: what has to hold, what the variable must have, what was found, what to do. */
  const each = (holds: string, must: string, value: string, hint = "") =>
    rule(all(holds), `pod_roles must ${must}, got ${offending(holds, value)}${hint}.`);

  const roleName = '"${var.project_name}-pod-${key}"';
  const ready = `[${READY_POLICIES.map((name) => JSON.stringify(name)).join(", ")}]`;
  const isArn = String.raw`can(regex("^arn:aws[a-z-]*:iam::(aws|[0-9]{12}):policy/([!-~]+/)?[\\w+=,.@-]{1,128}$", policy))`;
  const unknown = `[for policy in row.policies : jsonencode(policy) if !(try(contains(${ready}, policy), false) || ${isArn})]`;
  const isLabel = (value: string) => `can(regex("^${DNS_LABEL}$", ${value})) && try(length(${value}) <= 63, false)`;
  const isSubdomain = (value: string) =>
    String.raw`can(regex("^${DNS_LABEL}(\\.${DNS_LABEL})*$", ${value})) && try(length(${value}) <= 253, false)`;
  const accounts = `[for key, row in ${rows} : "\${row.namespace}/\${row.service_account}" if row.namespace != null && row.service_account != null]`;
  const keys = `[for key, row in ${rows} : lower(key)]`;
  // Here and not with add_ons, because Terraform takes no two variables whose rules name each other.
  const named = `{ for name, row in var.add_ons : name => row.pod_role if try(row.pod_role != null, false) }`;
  const expected = `{ ${Object.entries(SERVICE_ACCOUNTS)
    .map(([name, account]) => `"${name}" = "${account}"`)
    .join(", ")} }`;
  const account = '"${var.pod_roles[key].namespace}/${var.pod_roles[key].service_account}"';
  const missing = `[for name, key in ${named} : "\${name} (\${jsonencode(key)})" if !contains(keys(var.pod_roles), key)]`;
  const foreign = `[for name, key in ${named} : "\${name} (\${key}: \${${account}}, not \${${expected}[name]})" if try(${account} != ${expected}[name], false)]`;

  return [
    rule(
      "alltrue([for key, row in var.pod_roles : row != null])",
      'pod_roles must have { namespace, service_account, policies } for every key, got null for: ${join(", ", [for key, row in var.pod_roles : key if row == null])}; leave the key out.',
    ),
    each(
      'can(regex("^[0-9A-Za-z][0-9A-Za-z_-]*$", key))',
      'have keys that start with a letter or digit and have only letters, digits, "_" and "-", because they are part of the role\'s name',
      "length(key)",
    ),
    each(
      `length(${roleName}) <= 64`,
      "have keys so short that PROJECT_NAME-pod-KEY has at most 64 characters, as IAM allows",
      `length(${roleName})`,
    ),
    rule(
      `length(distinct(${keys})) == length(${keys})`,
      `pod_roles must have keys that differ in more than capitals, because IAM's names do not, got: \${join(", ", ${repeated(keys)})}.`,
    ),
    each(
      isLabel("row.namespace"),
      'have namespaces of 1 to 63 small letters, digits and "-" (not at either end)',
      "jsonencode(row.namespace)",
    ),
    each(
      isSubdomain("row.service_account"),
      'have service accounts of 1 to 253 small letters, digits, "-" and "." (letters or digits at both ends)',
      "jsonencode(row.service_account)",
      "; without the namespace before it",
    ),
    rule(
      `length(distinct(${accounts})) == length(${accounts})`,
      `pod_roles must have one role for each service account, got more than one for: \${join(", ", ${repeated(accounts)})}; put all policies into one row.`,
    ),
    each(
      "try(length(row.policies) > 0, false)",
      "name at least one policy in every row",
      "jsonencode(row.policies)",
      `; ARNs, or ${READY_POLICIES.join(", ")}`,
    ),
    each(
      `try(length(${unknown}) == 0, true)`,
      `have policies that are ARNs (arn:aws:iam::ACCOUNT:policy/NAME) or one of ${READY_POLICIES.join(", ")}`,
      `join(", ", ${unknown})`,
    ),
    each(
      "try(length(distinct(row.policies)) == length(row.policies), true)",
      "name a policy once in a row",
      `join(", ", try(${repeated("row.policies")}, []))`,
    ),
    each(
      `try(length(row.policies) <= ${String(ROLE_MAX_POLICIES)}, true)`,
      `have at most ${String(ROLE_MAX_POLICIES)} policies in a row, as IAM attaches to a role`,
      "length(row.policies)",
    ),
    each(
      'try(contains(["pod_identity", "irsa"], row.via), false)',
      "have pod_identity or irsa in via",
      "jsonencode(row.via)",
    ),
    each(
      'try(row.via != "irsa" || var.irsa, true)',
      "have no role via irsa while irsa is false",
      "row.via",
      "; set irsa = true, or take via = pod_identity",
    ),
    each(
      'try(row.via != "pod_identity" || contains(keys(var.add_ons), "eks-pod-identity-agent"), true)',
      "have no role via pod_identity without the agent that gives roles to pods",
      "row.via",
      '; add "eks-pod-identity-agent" = {} to add_ons, or take via = "irsa"',
    ),
    each(
      'try(row.via != "pod_identity" || tonumber(split(".", var.eks_version)[1]) >= 24, true)',
      "have no role via pod_identity before Kubernetes 1.24",
      "var.eks_version",
      '; take a newer eks_version, or via = "irsa"',
    ),
    each(
      String.raw`row.dns_zone_id == null ? true : can(regex("^Z[0-9A-Z]{1,31}$", row.dns_zone_id))`,
      "have the id of a hosted zone in dns_zone_id, such as Z0123456789ABCDEFGHIJ",
      "jsonencode(row.dns_zone_id)",
      "; `aws route53 list-hosted-zones` shows it after /hostedzone/",
    ),
    each(
      'try(row.dns_zone_id == null || contains(row.policies, "external-dns"), true)',
      "have dns_zone_id only in a row with the policy external-dns",
      "jsonencode(row.dns_zone_id)",
    ),
    rule(
      `length(${missing}) == 0`,
      `pod_roles must have the roles that add_ons name in pod_role, got no such key for: \${join(", ", ${missing})}; it has \${length(var.pod_roles) == 0 ? "none" : join(", ", keys(var.pod_roles))}.`,
    ),
    rule(
      `length(${foreign}) == 0`,
      `pod_roles must give an add-on the role of its own service account, got: \${join(", ", ${foreign})}.`,
    ),
  ];
}
