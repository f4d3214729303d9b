import { type TerraformVariable, Token, VariableType } from "cdktf";

import { optional } from "../hcl/expression";
import { repeated, rule } from "../hcl/ranges";
import type { Declare } from "./declare";
import { oneOf } from "./rules";

/** Whether the cluster looks at access entries. */
const HAS_ENTRIES = `contains(["API", "API_AND_CONFIG_MAP"], coalesce(var.authentication_mode, "CONFIG_MAP"))`;

/**
 * EKS' own access policies, those for its own service accounts among them.
 *
 * @see https://docs.aws.amazon.com/eks/latest/userguide/access-policy-permissions.html, and `aws eks list-access-policies`
 */
const ACCESS_POLICIES = [
  "AmazonAIOpsAssistantPolicy",
  "AmazonARCRegionSwitchScalingPolicy",
  "AmazonEKSAdminPolicy",
  "AmazonEKSAdminViewPolicy",
  "AmazonEKSAutoNodePolicy",
  "AmazonEKSBlockStorageClusterPolicy",
  "AmazonEKSBlockStoragePolicy",
  "AmazonEKSClusterAdminPolicy",
  "AmazonEKSComputeClusterPolicy",
  "AmazonEKSComputePolicy",
  "AmazonEKSEditPolicy",
  "AmazonEKSHybridPolicy",
  "AmazonEKSLoadBalancingClusterPolicy",
  "AmazonEKSLoadBalancingPolicy",
  "AmazonEKSNetworkingClusterPolicy",
  "AmazonEKSNetworkingPolicy",
  "AmazonEKSSecretReaderPolicy",
  "AmazonEKSViewPolicy",
  "AmazonEMRJobPolicy",
  "AmazonSagemakerHyperpodClusterPolicy",
  "AmazonSagemakerHyperpodControllerPolicy",
  "AmazonSagemakerHyperpodSystemNamespacePolicy",
];
/** Those that people are given. */
const USUAL_POLICIES = ["ClusterAdmin", "Admin", "AdminView", "Edit", "View"].map((who) => `AmazonEKS${who}Policy`);

/** How names start that EKS keeps for itself. @see https://docs.aws.amazon.com/eks/latest/userguide/creating-access-entries.html */
const RESERVED = "^(system|eks|aws|amazon|iam):";

/** Who may use the cluster. */
export class AccessVariables {
  readonly awsAuthRoles: TerraformVariable;
  readonly awsAuthUsers: TerraformVariable;
  readonly authenticationMode: TerraformVariable;
  readonly clusterCreatorAdmin: TerraformVariable;
  readonly accessEntries: TerraformVariable;

  constructor(declare: Declare) {
    this.authenticationMode = declare("authentication_mode", {
      type: VariableType.STRING,
      nullable: true,
      default: Token.nullValue(),
      description:
        "Who says who of IAM may use the cluster: CONFIG_MAP (aws-auth), API_AND_CONFIG_MAP or API (access entries); not " +
        "set: CONFIG_MAP, as EKS does by itself. A cluster goes one step towards API, and never back.",
      validation: [oneOf("authentication_mode", ["CONFIG_MAP", "API_AND_CONFIG_MAP", "API"], "nothing")],
    });

    this.clusterCreatorAdmin = declare("cluster_creator_admin", {
      type: VariableType.BOOL,
      nullable: false,
      default: true,
      description:
        "Whether whoever makes the cluster becomes an admin of it. It counts when a cluster is made, with " +
        "authentication_mode set, and never after: later the creator's access entry is there to be deleted, or not.",
      validation: [
        rule(
          `var.cluster_creator_admin || ${HAS_ENTRIES}`,
          'cluster_creator_admin = false needs access entries, because EKS takes it with no other, got authentication_mode = ${jsonencode(var.authentication_mode)}; set authentication_mode = "API".',
        ),
        rule(
          `var.cluster_creator_admin || !${HAS_ENTRIES} || var.kubectl_own_role || ${hasAdmin()}`,
          'cluster_creator_admin = false leaves nobody who may administer the cluster; set kubectl_own_role = true, or list an admin, such as access_entries = { admin = { principal_arn = "arn:aws:iam::ACCOUNT:role/NAME", policies = [{ policy = "AmazonEKSClusterAdminPolicy" }] } } (without namespaces).',
        ),
      ],
    });

    this.accessEntries = declare("access_entries", {
      type: VariableType.map(
        VariableType.object({
          principal_arn: VariableType.STRING,
          type: optional("string", "STANDARD"),
          user_name: optional("string"),
          kubernetes_groups: optional("list(string)", []),
          policies: optional("list(object({policy=string, namespaces=optional(list(string), [])}))", []),
        }),
      ),
      nullable: false,
      default: {},
      description:
        "Who may use the cluster, by a name of your own: IAM principals with EKS' access policies, or with groups that " +
        "RBAC knows. Nodes and the bastion's own role have theirs in any case, and with cluster_creator_admin whoever made the cluster.",
      validation: entryRules(),
    });

    this.awsAuthRoles = declare("aws_auth_roles", {
      type: mappings("rolearn"),
      nullable: false,
      default: [],
      description:
        "IAM roles that may use the cluster: entries of aws-auth's mapRoles, for the bootstrap to merge into it. The " +
        "nodes' role is mapped in any case.",
      validation: [
        ...mappingRules("aws_auth_roles", "rolearn"),
        rule(
          `length(${mappedNodeRoles()}) == 0`,
          `aws_auth_roles must not map the nodes' role, because the bootstrap does, got \${join(", ", ${mappedNodeRoles()})}; leave it out.`,
        ),
        unmapped("aws_auth_roles", "rolearn"),
      ],
    });

    this.awsAuthUsers = declare("aws_auth_users", {
      type: mappings("userarn"),
      nullable: false,
      default: [],
      description:
        "IAM users (also an account's root, federated users) that may use the cluster: entries of aws-auth's mapUsers, for " +
        "the bootstrap to merge into it.",
      validation: [...mappingRules("aws_auth_users", "userarn"), unmapped("aws_auth_users", "userarn")],
    });
  }
}

/** The type of a list of mappings from IAM to Kubernetes, in aws-auth's words. */
function mappings(arnKey: "rolearn" | "userarn"): string {
  return VariableType.list(
    VariableType.object({
      [arnKey]: VariableType.STRING,
      username: VariableType.STRING,
      groups: VariableType.list(VariableType.STRING),
    }),
  );
}

/** ARNs as aws-auth has to hold them, by the key that holds them, and what to do about the likeliest wrong ones. */
const MAPPED_ARNS = {
  rolearn: {
    pattern: String.raw`^arn:aws[a-z-]*:iam::[0-9]{12}:role/([!-~]+/)?[\\w+=,.@-]{1,64}$`,
    allowed: "the ARNs of IAM roles, arn:aws:iam::ACCOUNT:role/NAME",
    hint:
      "an instance profile is given by the role inside it (`aws iam get-instance-profile`), a session " +
      "(sts … assumed-role/NAME/SESSION) by the role NAME",
    // aws-auth matches sessions, which have no path: two roles that differ in it are one there.
    identity: 'lower(replace(m.rolearn, "/:role/.*//", ":role/"))',
  },
  userarn: {
    pattern: String.raw`^arn:aws[a-z-]*:(iam::[0-9]{12}:(user/([!-~]+/)?[\\w+=,.@-]{1,64}|root)|sts::[0-9]{12}:federated-user/[\\w+=,.@-]{2,32})$`,
    allowed:
      "the ARNs of IAM users (arn:aws:iam::ACCOUNT:user/NAME), of an account's root (arn:aws:iam::ACCOUNT:root) or of " +
      "federated users (arn:aws:sts::ACCOUNT:federated-user/NAME)",
    hint: "`aws sts get-caller-identity` shows it; a role belongs into aws_auth_roles",
    identity: "lower(m.userarn)",
  },
} as const;

/** What holds for a list of mappings, of roles or of users. */
function mappingRules(name: "aws_auth_roles" | "aws_auth_users", arnKey: "rolearn" | "userarn") {
  // Rows that are null have a rule of their own; the other rules would break on them.
  const list = `[for m in var.${name} : m if m != null]`;
  const { pattern, allowed, hint, identity } = MAPPED_ARNS[arnKey];
  const isArn = `can(regex("${pattern}", m.${arnKey}))`;
  const isText = (value: string) => `try(trimspace(${value}) == ${value} && ${value} != "", false)`;
  const areGroups = `try(alltrue([for g in m.groups : ${isText("g")}]), false)`;
  const offending = (holds: string, shown: string) => `\${join(", ", [for m in ${list} : ${shown} if !(${holds})])}`;
  const all = (holds: string) => `alltrue([for m in ${list} : ${holds}])`;
  const identities = `[for m in ${list} : ${identity} if ${isArn}]`;

  return [
    rule(
      `alltrue([for m in var.${name} : m != null])`,
      `${name} must be a list of { ${arnKey}, username, groups }, got null in it.`,
    ),
    rule(all(isArn), `${name} must have ${allowed}, got ${offending(isArn, `jsonencode(m.${arnKey})`)}; ${hint}.`),
    rule(
      `length(distinct(${identities})) == length(${identities})`,
      `${name} must map everyone once, got more than once: \${join(", ", ${repeated(identities)})}; put all groups into one entry.`,
    ),
    rule(
      all(isText("m.username")),
      `${name} must have a username in every entry (no space at either end), got ${offending(isText("m.username"), `"\${jsonencode(m.username)} for \${jsonencode(m.${arnKey})}"`)}.`,
    ),
    rule(
      all(areGroups),
      `${name} must have a list of group names in groups (none empty, no space at either end; [] for no group), got ${offending(areGroups, `"\${jsonencode(m.groups)} for \${jsonencode(m.${arnKey})}"`)}; the admins' group is system:masters.`,
    ),
  ];
}

/** The mapped roles that are called as the nodes' role. */
function mappedNodeRoles(): string {
  const nodeRole = `coalesce(var.eks_worker_node_role_name, "\${var.project_name}_eks_worker_nodes_role")`;
  return `[for m in var.aws_auth_roles : m.rolearn if try(endswith(m.rolearn, "/\${${nodeRole}}"), false)]`;
}

/** Access entries and aws-auth are two owners of one thing: there is one of them. */
function unmapped(name: "aws_auth_roles" | "aws_auth_users", arnKey: "rolearn" | "userarn") {
  const rights = `contains(m.groups, "system:masters") ? "policies = [{ policy = \\"AmazonEKSClusterAdminPolicy\\" }]" : "kubernetes_groups = \${jsonencode(m.groups)}"`;
  const entry = `"\${jsonencode(m.username)} = { principal_arn = \${jsonencode(m.${arnKey})}, \${${rights}} }"`;
  return rule(
    `length(var.${name}) == 0 || !${HAS_ENTRIES}`,
    `${name} must be empty with authentication_mode = \${jsonencode(var.authentication_mode)}, where access entries say who may use the cluster, and the bootstrap leaves aws-auth alone; move them: access_entries = { \${join(", ", [for m in var.${name} : try(${entry}, "...")])} }.`,
  );
}

/** Whether an entry makes somebody an admin of the whole cluster. */
function hasAdmin(): string {
  return `anytrue([for e in values(var.access_entries) : try(anytrue([for p in e.policies : p.policy == "AmazonEKSClusterAdminPolicy" && length(p.namespaces) == 0]), false)])`;
}

/** What holds for the access entries. */
function entryRules() {
  // Entries that are null have a rule of their own; the other rules would break on them.
  const list = `{ for k, e in var.access_entries : k => e if e != null }`;
  /** Every policy of every entry, with the entry's key. */
  const policies = `flatten([for k, e in ${list} : [for p in e.policies : { key = k, policy = try(p.policy, null), namespaces = try(p.namespaces, []) }]])`;
  const offending = (holds: string, shown: string) =>
    `\${join(", ", [for k, e in ${list} : "\${k} (\${${shown}})" if !(${holds})])}`;
  const all = (holds: string) => `alltrue([for k, e in ${list} : ${holds}])`;
  const isArn = String.raw`can(regex("^arn:aws[a-z-]*:iam::[0-9]{12}:(role|user)/([!-~]+/)?[\\w+=,.@-]{1,64}$", e.principal_arn))`;
  const isOwnNode = `e.type == "STANDARD" || (e.user_name == null && length(e.kubernetes_groups) == 0 && length(e.policies) == 0)`;
  const isFree = (value: string) =>
    `try(trimspace(${value}) == ${value} && ${value} != "" && !can(regex("${RESERVED}", ${value})), false)`;
  const areFree = `alltrue([for g in e.kubernetes_groups : ${isFree("g")}])`;
  const isUserName = `e.user_name == null ? true : ${isFree("e.user_name")} && !can(regex("^[^:]*\\\\{\\\\{", e.user_name))`;
  const isPolicy = `try(contains(${JSON.stringify(ACCESS_POLICIES)}, p.policy), false)`;
  const isNamespace = (value: string) => `can(regex("^[a-z0-9*]([a-z0-9*-]{0,61}[a-z0-9*])?$", ${value}))`;
  const areNamespaces = `alltrue([for n in p.namespaces : ${isNamespace("n")}])`;
  const nodeRole = `coalesce(var.eks_worker_node_role_name, "\${var.project_name}_eks_worker_nodes_role")`;
  // A group with policies of its own has a role of its own.
  const groupRoles = `[for name, row in var.node_groups : "/\${${nodeRole}}-\${name}" if try(length(row.policy_arns) > 0, false)]`;
  const isTaken = `try(anytrue([for role in concat(["/\${${nodeRole}}"], ${groupRoles}) : endswith(e.principal_arn, role)]) || (var.kubectl_own_role && endswith(e.principal_arn, "/\${var.project_name}-kubectl")), false)`;
  const once = `[for p in ${policies} : join("/", [p.key, p.policy]) if p.policy != null]`;
  const wrongPolicies = (holds: string, shown: string) =>
    `\${join(", ", [for p in ${policies} : "\${p.key} (\${${shown}})" if !(${holds})])}`;

  return [
    rule(
      `length(var.access_entries) == 0 || ${HAS_ENTRIES}`,
      'access_entries need a cluster that looks at them, got authentication_mode = ${jsonencode(var.authentication_mode)}; set authentication_mode = "API" (a cluster that uses aws-auth now: "API_AND_CONFIG_MAP" first).',
    ),
    rule(
      `alltrue([for e in values(var.access_entries) : e != null])`,
      `access_entries must be a map of { principal_arn, policies, … }, got null for: \${join(", ", [for k, e in var.access_entries : k if e == null])}.`,
    ),
    rule(
      `alltrue([for k in keys(var.access_entries) : can(regex("^[0-9A-Za-z][0-9A-Za-z_.@-]*$", k))])`,
      `access_entries must have names of letters, digits and _.@- (they are part of addresses), got \${join(", ", [for k in keys(var.access_entries) : jsonencode(k) if !can(regex("^[0-9A-Za-z][0-9A-Za-z_.@-]*$", k))])}.`,
    ),
    rule(
      all(isArn),
      `access_entries must have the ARN of an IAM role or user in principal_arn, arn:aws:iam::ACCOUNT:role/NAME (with its path, if it has one), got ${offending(isArn, "jsonencode(e.principal_arn)")}; a session (sts … assumed-role/NAME/SESSION) is given by the role NAME, an instance profile by the role inside it, a group by its users.`,
    ),
    rule(
      `length(distinct(values(${list})[*].principal_arn)) == length(${list})`,
      `access_entries must name every principal once, got more than once: \${join(", ", ${repeated(`values(${list})[*].principal_arn`)})}; put all groups and policies into one entry.`,
    ),
    rule(
      all(`!${isTaken}`),
      `access_entries must not name the role of the nodes or of the bastion, because they have entries in any case, got ${offending(`!${isTaken}`, "e.principal_arn")}; leave it out.`,
    ),
    rule(
      all(`contains(["STANDARD", "EC2_LINUX"], e.type)`),
      `access_entries must have the type STANDARD (people and their tools) or EC2_LINUX (nodes), got ${offending(`contains(["STANDARD", "EC2_LINUX"], e.type)`, "e.type")}.`,
    ),
    rule(
      all(isOwnNode),
      `access_entries of the type EC2_LINUX have no user_name, kubernetes_groups or policies, because EKS says those of a node, got some in: ${offending(isOwnNode, "e.type")}; leave them out.`,
    ),
    rule(
      all(`e.type == "STANDARD" || !can(regex(":user/", e.principal_arn))`),
      `access_entries of the type EC2_LINUX are for roles of nodes, got ${offending(`e.type == "STANDARD" || !can(regex(":user/", e.principal_arn))`, "e.principal_arn")}.`,
    ),
    rule(
      all(areFree),
      `access_entries must have kubernetes_groups that do not begin with system:, eks:, aws:, amazon: or iam: (none empty, no space at either end), because EKS refuses them, got ${offending(areFree, "jsonencode(e.kubernetes_groups)")}; instead of system:masters write policies = [{ policy = "AmazonEKSClusterAdminPolicy" }].`,
    ),
    rule(
      all(isUserName),
      `access_entries must have a user_name that does not begin with system:, eks:, aws:, amazon: or iam:, and has a colon before {{SessionName}}, got ${offending(isUserName, "jsonencode(e.user_name)")}; leave it out, and EKS makes one of the ARN.`,
    ),
    rule(
      `alltrue([for p in ${policies} : ${isPolicy}])`,
      `access_entries must have names of EKS' access policies, such as ${USUAL_POLICIES.join(", ")}, got ${wrongPolicies(isPolicy, "jsonencode(p.policy)")}; no ARN, and no policy of IAM; \`aws eks list-access-policies\` shows the names.`,
    ),
    rule(
      `length(distinct(${once})) == length(${once})`,
      `access_entries must have every policy of an entry once, got more than once: \${join(", ", ${repeated(once)})}; put all namespaces into one.`,
    ),
    rule(
      `alltrue([for p in ${policies} : ${areNamespaces}])`,
      `access_entries must have names of namespaces (lower case letters, digits and "-", and "*" for any), got ${wrongPolicies(areNamespaces, "jsonencode(p.namespaces)")}.`,
    ),
  ];
}
