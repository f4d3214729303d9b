import { type TerraformVariable, VariableType } from "cdktf";

import { optional } from "../terraform/expression";
import { repeated, rule } from "../terraform/hcl";
import type { Declare } from "./declare";

/** What runs in the cluster by EKS' own hand. */
export class AddOnVariables {
  readonly addOns: TerraformVariable;
  readonly prefixDelegation: TerraformVariable;
  readonly networkPolicy: TerraformVariable;

  constructor(declare: Declare) {
    this.addOns = declare("add_ons", {
      type: `map(object({ version = ${optional("string")}, configuration = ${optional("string")}, pod_role = ${optional("string")}, resolve_conflicts = ${optional("string", "OVERWRITE")}, before_nodes = ${optional("bool")} }))`,
      nullable: false,
      default: {},
      description:
        "EKS add-ons, by EKS' names: vpc-cni, coredns, kube-proxy, eks-pod-identity-agent, aws-ebs-csi-driver, " +
        "metrics-server and others. Without a version it is EKS' default for the cluster's; configuration is JSON; " +
        "pod_role is a key of pod_roles; resolve_conflicts says whether updates OVERWRITE or PRESERVE what others changed.",
      validation: addOnRules(),
    });

    this.prefixDelegation = declare("prefix_delegation", {
      type: VariableType.BOOL,
      nullable: false,
      default: false,
      description:
        "Whether the CNI takes addresses by the sixteen (/28), so that a node holds more pods. Needs the add-on vpc-cni, " +
        "instance types built on Nitro, and room in the subnets.",
      validation: [needsCni("prefix_delegation")],
    });

    this.networkPolicy = declare("network_policy", {
      type: VariableType.BOOL,
      nullable: false,
      default: false,
      description: "Whether the CNI enforces NetworkPolicies. Needs the add-on vpc-cni, and Kubernetes 1.25.",
      validation: [
        needsCni("network_policy"),
        rule(
          '!var.network_policy || try(tonumber(split(".", var.eks_version)[1]) >= 25, true)',
          "network_policy needs Kubernetes 1.25, got eks_version ${var.eks_version}; take a newer one, or set network_policy = false.",
        ),
        rule(
          String.raw`!var.network_policy || try(tonumber(regex("^v1\\.([0-9]+)\\.", var.add_ons["vpc-cni"].version)[0]) >= 14, true)`,
          'network_policy needs vpc-cni v1.14, got ${try(coalesce(var.add_ons["vpc-cni"].version), "none")}; pin a newer version.',
        ),
      ],
    });
  }
}

function needsCni(name: "prefix_delegation" | "network_policy") {
  return rule(
    `!var.${name} || contains(keys(var.add_ons), "vpc-cni")`,
    `${name} needs the add-on vpc-cni, got add_ons with \${length(var.add_ons) == 0 ? "nothing" : join(", ", keys(var.add_ons))}; add "vpc-cni" = {} to add_ons, or set ${name} = false.`,
  );
}

function addOnRules() {
  // Rows that are null have a rule of their own; the other rules would break on them.
  const rows = "{ for name, row in var.add_ons : name => row if row != null }";
  /** A rule for every row: what has to hold, what the variable must have, what was found, what to do. */
  const each = (holds: string, must: string, value: string, hint = "") =>
    rule(
      `alltrue([for name, row in ${rows} : ${holds}])`,
      `add_ons must ${must}, got \${join(", ", [for name, row in ${rows} : "\${name} (\${${value}})" if !(${holds})])}${hint}.`,
    );
  const roles = `[for name, row in ${rows} : row.pod_role if row.pod_role != null]`;
  const configuration = 'try(jsondecode(coalesce(row.configuration, "{}")), {})';

  return [
    rule(
      "alltrue([for name, row in var.add_ons : row != null])",
      'add_ons must have an object for every name, got null for: ${join(", ", [for name, row in var.add_ons : name if row == null])}; write {} for the defaults, or leave the name out.',
    ),
    each(
      'can(regex("^[0-9A-Za-z][0-9A-Za-z_-]{0,99}$", name))',
      "be named as EKS names add-ons, such as vpc-cni",
      "length(name)",
      "; `aws eks describe-addon-versions` shows the names",
    ),
    rule(
      'length(var.add_ons) == 0 || try(tonumber(split(".", var.eks_version)[1]) >= 18, true)',
      "add_ons need Kubernetes 1.18, got eks_version ${var.eks_version}; take a newer one, or set no add_ons.",
    ),
    each(
      String.raw`row.version == null ? true : can(regex("^v[0-9]+\\.[0-9]+\\.[0-9]+-eksbuild\\.[0-9]+$", row.version))`,
      "have versions as EKS writes them, vX.Y.Z-eksbuild.N",
      "jsonencode(row.version)",
      "; `aws eks describe-addon-versions` shows them, and without one it is EKS' default",
    ),
    each(
      "row.configuration == null ? true : can(keys(jsondecode(row.configuration)))",
      "have a JSON object in configuration",
      "jsonencode(row.configuration)",
      "; jsonencode is no tfvars function: write it as a text, or in a heredoc",
    ),
    each(
      `!(name == "vpc-cni" && can(${configuration}.env.ENABLE_PREFIX_DELEGATION))`,
      "leave ENABLE_PREFIX_DELEGATION to the variable prefix_delegation, because the nodes' pods depend on it",
      "row.configuration",
    ),
    each(
      `!(name == "vpc-cni" && can(${configuration}.enableNetworkPolicy))`,
      "leave enableNetworkPolicy to the variable network_policy",
      "row.configuration",
    ),
    each(
      'try(contains(["OVERWRITE", "PRESERVE"], row.resolve_conflicts), false)',
      "have OVERWRITE or PRESERVE in resolve_conflicts",
      "jsonencode(row.resolve_conflicts)",
    ),
    rule(
      `length(distinct(${roles})) == length(${roles})`,
      `add_ons must have a role of its own for each, got for more than one: \${join(", ", ${repeated(roles)})}.`,
    ),
  ];
}
