import { TerraformVariable, Token, VariableType, type TerraformStack, type TerraformVariableConfig } from "cdktf";
import { Construct } from "constructs";

import { rule } from "../hcl/ranges";

/** Names of namespaces. @see https://kubernetes.io/docs/concepts/overview/working-with-objects/names/#dns-label-names */
const DNS_LABEL = "^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$";

/** A role's ARN, with or without a path. */
const ROLE_ARN = String.raw`^arn:aws[a-z-]*:iam::[0-9]{12}:role/([!-~]+/)?[\\w+=,.@-]{1,64}$`;

/** A key of KMS by its ARN, or by its id in the cluster's own account and region. */
const KMS_KEY =
  "^(arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:(key|alias)/[!-~]+|[0-9a-f-]{36}|mrk-[0-9a-f]{32}|alias/[!-~]+)$";

/**
 * Declares what the stack `eks-kubernetes` takes from tfvars besides what it has in common with `eks`; resources name
 * the variables by `var.NAME`.
 */
export function declareKubernetesVariables(stack: TerraformStack): void {
  const variables = new Construct(stack, "kubernetes-variables");
  const variable = (name: string, config: TerraformVariableConfig) => {
    new TerraformVariable(variables, name, config).overrideLogicalId(name);
  };

  variable("own_aws_auth", {
    type: VariableType.BOOL,
    nullable: false,
    default: false,
    description:
      "Whether this stack is the only owner of the ConfigMap aws-auth: entries that tfvars do not name are removed. The " +
      "bootstrap then leaves it alone.",
  });

  variable("adopt_aws_auth", {
    type: VariableType.BOOL,
    nullable: false,
    default: false,
    description:
      "Whether the cluster has a ConfigMap aws-auth already, which this stack takes over; may stay true afterwards.",
    validation: [
      rule(
        "!var.adopt_aws_auth || var.own_aws_auth",
        "adopt_aws_auth = true needs own_aws_auth = true; set both, or neither.",
      ),
    ],
  });

  variable("node_role_arns", {
    type: VariableType.list(VariableType.STRING),
    nullable: false,
    default: [],
    description:
      "ARNs of the nodes' IAM roles for aws-auth; none: the one role of the stack eks, by its name. Node groups with " +
      "policies of their own have roles of their own.",
    validation: [
      rule(
        `alltrue([for arn in var.node_role_arns : can(regex("${ROLE_ARN}", arn))])`,
        `node_role_arns must have the ARNs of IAM roles, arn:aws:iam::ACCOUNT:role/NAME, got \${join(", ", [for arn in var.node_role_arns : jsonencode(arn) if !can(regex("${ROLE_ARN}", arn))])}; an instance profile is given by the role inside it (\`aws iam get-instance-profile\`).`,
      ),
    ],
  });

  variable("namespaces", {
    type: "map(object({ labels = optional(map(string), {}), annotations = optional(map(string), {}), default_deny = optional(bool, true), default_deny_egress = optional(bool, false) }))",
    nullable: false,
    default: {},
    description:
      "Namespaces by their names. default_deny lets nothing in that no other NetworkPolicy allows, default_deny_egress " +
      "nothing out but DNS. One that is taken away is deleted with everything in it.",
    validation: [
      rule(
        `alltrue([for name in keys(var.namespaces) : can(regex("${DNS_LABEL}", name))])`,
        `namespaces must have names of at most 63 lower-case letters, digits and "-", with none of these at either end, got \${join(", ", [for name in keys(var.namespaces) : jsonencode(name) if !can(regex("${DNS_LABEL}", name))])}.`,
      ),
      rule(
        `length([for name in keys(var.namespaces) : name if name == "default" || startswith(name, "kube-")]) == 0`,
        `namespaces must name new ones, got \${join(", ", [for name in keys(var.namespaces) : name if name == "default" || startswith(name, "kube-")])}, which Kubernetes makes itself; leave it out.`,
      ),
      rule(
        "alltrue([for row in values(var.namespaces) : row != null])",
        `namespaces must have an object for each name, got null for \${join(", ", [for name, row in var.namespaces : name if row == null])}; write {} for the defaults.`,
      ),
    ],
  });

  variable("storage_class", {
    type: 'object({ name = optional(string, "gp3"), kms_key_id = optional(string), reclaim_policy = optional(string, "Delete") })',
    nullable: true,
    default: Token.nullValue(),
    description:
      "The default storage class: encrypted gp3 volumes of the EBS CSI driver; {} for the defaults, not set: none. " +
      "kms_key_id: AWS' own key aws/ebs when not set.",
    validation: [
      rule(
        `var.storage_class == null ? true : can(regex("${DNS_LABEL}", var.storage_class.name))`,
        'storage_class.name must have at most 63 lower-case letters, digits and "-", with none of these at either end, got ${try(jsonencode(var.storage_class.name), "nothing")}.',
      ),
      rule(
        `var.storage_class == null ? true : contains(["Delete", "Retain"], coalesce(var.storage_class.reclaim_policy, "nothing"))`,
        'storage_class.reclaim_policy must be Delete or Retain, got ${try(jsonencode(var.storage_class.reclaim_policy), "nothing")}.',
      ),
      rule(
        `try(var.storage_class.kms_key_id, null) == null ? true : can(regex("${KMS_KEY}", var.storage_class.kms_key_id))`,
        'storage_class.kms_key_id must be the ARN or the id of a KMS key, got ${try(jsonencode(var.storage_class.kms_key_id), "nothing")}; `aws kms list-keys` shows them.',
      ),
    ],
  });
}
