import { ACCESS_POLICIES, RESERVED_PREFIXES, USUAL_POLICIES } from "../../facts/access-policies";
import { allOf, matches, matching, not, TRIMMED } from "./condition";
import { flag, inputs, listOf, mapOf, object, oneOf, text } from "./description";
import { IAM_CHARACTERS, ROLE_ARN } from "./kinds";
import { NODE_ROLE } from "./nodes";
import { every, everyRow, none, once, presentRows, rule, type Rule } from "./rule";

/** Whether the cluster looks at access entries, in Terraform's language. */
export const HAS_ENTRIES = `contains(["API", "API_AND_CONFIG_MAP"], coalesce(var.authentication_mode, "CONFIG_MAP"))`;

const IS_NAME = allOf<string>(TRIMMED, { holds: (name) => name !== "", hcl: (it) => `${it} != ""` });
/** What EKS takes for a user's or a group's name in an access entry. */
const IS_FREE = allOf(IS_NAME, not(matches(`^(${RESERVED_PREFIXES.join("|")}):`)));
const NOT_RESERVED = `not begin with ${RESERVED_PREFIXES.map((it) => `${it}:`).join(", ")}`;

const entry = object({
  principal_arn: text({
    says: "ARN of an IAM role or user; a role with its path.",
    conditions: [
      matching(
        `^arn:aws[a-z-]*:iam::[0-9]{12}:(role|user)/([!-~]+/)?${IAM_CHARACTERS}{1,64}$`,
        (field) =>
          `have the ARN of an IAM role or user in ${field}, arn:aws:iam::ACCOUNT:role/NAME (with its path, if it ` +
          "has one)",
        "a session (sts … assumed-role/NAME/SESSION) is given by the role NAME, an instance profile by the role " +
          "inside it, a group by its users",
      ),
    ],
  }),
  type: oneOf(["STANDARD", "EC2_LINUX"], {
    default: "STANDARD",
    says: "STANDARD for people and their tools; EC2_LINUX for nodes that this stack did not make.",
  }),
  user_name: text({
    default: null,
    says: "Who it is in Kubernetes; EKS makes one of the ARN when it is not set.",
    conditions: [
      {
        must: (field) => `have a ${field} that does ${NOT_RESERVED}, and has a colon before {{SessionName}}`,
        cure: "leave it out, and EKS makes one of the ARN",
        // A session's name has to stand behind a colon.
        ...allOf(IS_FREE, not(matches(String.raw`^[^:]*\{\{`))),
      },
    ],
  }),
  kubernetes_groups: listOf(
    text({
      conditions: [
        {
          must: (field) =>
            `have ${field} that do ${NOT_RESERVED} (none empty, no space at either end), because EKS refuses them`,
          cure: 'instead of system:masters write policies = [{ policy = "AmazonEKSClusterAdminPolicy" }]',
          ...IS_FREE,
        },
      ],
    }),
    { default: [], says: "Groups that RBAC knows." },
  ),
  policies: listOf(object({ policy: text(), namespaces: listOf(text(), { default: [] }) }), {
    default: [],
    says:
      "{ policy, namespaces }: one of EKS' access policies, such as AmazonEKSViewPolicy, in the whole cluster or in " +
      "namespaces.",
  }),
});

const USER = `iam::[0-9]{12}:(user/([!-~]+/)?${IAM_CHARACTERS}{1,64}|root)`;
const FEDERATED_USER = `sts::[0-9]{12}:federated-user/${IAM_CHARACTERS}{2,32}`;
/** ARNs as aws-auth has to hold them, and what to do about the likeliest wrong ones. */
const MAPPED = {
  role: {
    isArn: matches(ROLE_ARN),
    allowed: "the ARNs of IAM roles, arn:aws:iam::ACCOUNT:role/NAME",
    hint:
      "an instance profile is given by the role inside it (`aws iam get-instance-profile`), a session " +
      "(sts … assumed-role/NAME/SESSION) by the role NAME",
    // aws-auth matches sessions, which have no path: two roles that differ in it are one there.
    identity: 'lower(replace(m.rolearn, "/:role/.*//", ":role/"))',
  },
  user: {
    isArn: matches(`^arn:aws[a-z-]*:(${USER}|${FEDERATED_USER})$`),
    allowed:
      "the ARNs of IAM users (arn:aws:iam::ACCOUNT:user/NAME), of an account's root (arn:aws:iam::ACCOUNT:root) or " +
      "of federated users (arn:aws:sts::ACCOUNT:federated-user/NAME)",
    hint: "`aws sts get-caller-identity` shows it; a role belongs into aws_auth_roles",
    identity: "lower(m.userarn)",
  },
};

/** Who may use the cluster. */
export const access = inputs({
  authentication_mode: oneOf(["CONFIG_MAP", "API_AND_CONFIG_MAP", "API"], {
    default: null,
    says:
      "Who says who of IAM may use the cluster: CONFIG_MAP (aws-auth), API_AND_CONFIG_MAP or API (access entries); " +
      "not set: CONFIG_MAP, as EKS does by itself. A cluster goes one step towards API, and never back.",
  }),

  cluster_creator_admin: flag({
    default: true,
    says:
      "Whether whoever makes the cluster becomes an admin of it. It counts when a cluster is made, with " +
      "authentication_mode set, and never after: later the creator's access entry is there to be deleted, or not.",
    rules: [
      rule(
        `var.cluster_creator_admin || ${HAS_ENTRIES}`,
        `cluster_creator_admin = false needs access entries, because EKS takes it with no other, got
         authentication_mode = \${jsonencode(var.authentication_mode)}; set authentication_mode = "API".`,
      ),
      rule(
        `var.cluster_creator_admin || !${HAS_ENTRIES} || var.kubectl_own_role || ${hasAdmin()}`,
        `cluster_creator_admin = false leaves nobody who may administer the cluster; set kubectl_own_role = true, or
         list an admin, such as access_entries = { admin = { principal_arn = "arn:aws:iam::ACCOUNT:role/NAME", policies
         = [{ policy = "AmazonEKSClusterAdminPolicy" }] } } (without namespaces).`,
      ),
    ],
  }),

  access_entries: mapOf(entry, {
    default: {},
    says:
      "Who may use the cluster, by a name of your own: IAM principals with EKS' access policies, or with groups " +
      "that RBAC knows. Nodes and the bastion's own role have theirs in any case, and with cluster_creator_admin " +
      "whoever made the cluster.",
    rules: entryRules(),
  }),

  aws_auth_roles: listOf(object({ rolearn: text(), username: text(), groups: listOf(text()) }), {
    default: [],
    says:
      "IAM roles that may use the cluster: entries of aws-auth's mapRoles, for the bootstrap to merge into it. The " +
      "nodes' role is mapped in any case.",
    rules: [
      ...mappingRules("role"),
      none(
        `[for m in var.aws_auth_roles : m.rolearn if try(endswith(m.rolearn, "/\${${NODE_ROLE}}"), false)]`,
        (found) =>
          `aws_auth_roles must not map the nodes' role, because the bootstrap does, got ${found}; leave it out.`,
      ),
      unmapped("role"),
    ],
  }),

  aws_auth_users: listOf(object({ userarn: text(), username: text(), groups: listOf(text()) }), {
    default: [],
    says:
      "IAM users (also an account's root, federated users) that may use the cluster: entries of aws-auth's " +
      "mapUsers, for the bootstrap to merge into it.",
    rules: [...mappingRules("user"), unmapped("user")],
  }),
});

/** What holds for a list of mappings, of roles or of users. */
function mappingRules(who: keyof typeof MAPPED): readonly Rule[] {
  const name = `aws_auth_${who}s`;
  const key = `${who}arn`;
  // Rows that are null have a rule of their own; the other rules would break on them.
  const each = `m in [for m in var.${name} : m if m != null]`;
  const { allowed, hint, identity, ...mapped } = MAPPED[who];
  const isArn = mapped.isArn.hcl(`m.${key}`);
  const isName = (value: string) => `try(${IS_NAME.hcl(value)}, false)`;
  const whose = (field: string) => `"\${jsonencode(m.${field})} for \${jsonencode(m.${key})}"`;

  return [
    every(each, isArn, `jsonencode(m.${key})`, (found) => `${name} must have ${allowed}, got ${found}; ${hint}.`),
    once(
      `[for ${each} : ${identity} if ${isArn}]`,
      (found) => `${name} must map everyone once, got more than once: ${found}; put all groups into one entry.`,
    ),
    every(
      each,
      isName("m.username"),
      whose("username"),
      (found) => `${name} must have a username in every entry (no space at either end), got ${found}.`,
    ),
    every(
      each,
      `try(alltrue([for g in m.groups : ${isName("g")}]), false)`,
      whose("groups"),
      (found) =>
        `${name} must have a list of group names in groups (none empty, no space at either end; [] for no group), got
         ${found}; the admins' group is system:masters.`,
    ),
  ];
}

/** Access entries and aws-auth are two owners of one thing: there is one of them. */
function unmapped(who: keyof typeof MAPPED): Rule {
  const name = `aws_auth_${who}s`;
  const admin = String.raw`"policies = [{ policy = \"AmazonEKSClusterAdminPolicy\" }]"`;
  const rights = `contains(m.groups, "system:masters") ? ${admin} : "kubernetes_groups = \${jsonencode(m.groups)}"`;
  const moved = `"\${jsonencode(m.username)} = { principal_arn = \${jsonencode(m.${who}arn)}, \${${rights}} }"`;
  return rule(
    `length(var.${name}) == 0 || !${HAS_ENTRIES}`,
    `${name} must be empty with authentication_mode = \${jsonencode(var.authentication_mode)}, where access entries say
     who may use the cluster, and the bootstrap leaves aws-auth alone; move them: access_entries = {
     \${join(", ", [for m in var.${name} : try(${moved}, "...")])} }.`,
  );
}

/** Whether an entry makes somebody an admin of the whole cluster. */
function hasAdmin(): string {
  const isAdmin = 'p.policy == "AmazonEKSClusterAdminPolicy" && length(p.namespaces) == 0';
  return `anytrue([for e in values(var.access_entries) : try(anytrue([for p in e.policies : ${isAdmin}]), false)])`;
}

/** What holds for the access entries, beside what holds for each field. */
function entryRules(): readonly Rule[] {
  const rows = presentRows("access_entries");
  /** Every policy of every entry, with the entry's key. */
  const policies = `flatten([for key, row in ${rows} : [for p in row.policies :
    { key = key, policy = try(p.policy, null), namespaces = try(p.namespaces, []) }]])`;
  const everyPolicy = (holds: string, field: "policy" | "namespaces", message: (found: string) => string) =>
    every(`p in ${policies}`, holds, `"\${p.key} (\${jsonencode(p.${field})})"`, message);
  // A group with policies of its own has a role of its own.
  const groupRoles = `[for name, g in var.node_groups : "/\${${NODE_ROLE}}-\${name}"
    if try(length(g.policy_arns) > 0, false)]`;
  const nodeRoles = `concat(["/\${${NODE_ROLE}}"], ${groupRoles})`;
  const isBastions = 'var.kubectl_own_role && endswith(row.principal_arn, "/${var.project_name}-kubectl")';

  return [
    rule(
      `length(var.access_entries) == 0 || ${HAS_ENTRIES}`,
      `access_entries need a cluster that looks at them, got authentication_mode =
       \${jsonencode(var.authentication_mode)}; set authentication_mode = "API" (a cluster that uses aws-auth now:
       "API_AND_CONFIG_MAP" first).`,
    ),
    once(
      `values(${rows})[*].principal_arn`,
      (found) =>
        `access_entries must name every principal once, got more than once: ${found}; put all groups and policies into
         one entry.`,
    ),
    ...everyRow("access_entries", [
      {
        holds: matches("^[0-9A-Za-z][0-9A-Za-z_.@-]*$").hcl("key"),
        must: "have names of letters, digits and _.@- (they are part of addresses)",
        got: "key",
      },
      {
        holds: `!(anytrue([for role in ${nodeRoles} : endswith(row.principal_arn, role)]) || (${isBastions}))`,
        must: "not name the role of the nodes or of the bastion, because they have entries in any case",
        got: "row.principal_arn",
        cure: "leave it out",
      },
      {
        holds: `row.type == "STANDARD" ||
          (row.user_name == null && length(row.kubernetes_groups) == 0 && length(row.policies) == 0)`,
        must:
          "have no user_name, kubernetes_groups or policies in rows of the type EC2_LINUX, because EKS says those " +
          "of a node",
        got: "row.type",
        cure: "leave them out",
      },
      {
        holds: 'row.type == "STANDARD" || !can(regex(":user/", row.principal_arn))',
        must: "have the type EC2_LINUX for roles of nodes only",
        got: "row.principal_arn",
      },
    ]),
    everyPolicy(
      `try(contains(${JSON.stringify(ACCESS_POLICIES)}, p.policy), false)`,
      "policy",
      (found) =>
        `access_entries must have names of EKS' access policies, such as ${USUAL_POLICIES.join(", ")}, got ${found}; no
         ARN, and no policy of IAM; \`aws eks list-access-policies\` shows the names.`,
    ),
    once(
      `[for p in ${policies} : join("/", [p.key, p.policy]) if p.policy != null]`,
      (found) =>
        `access_entries must have every policy of an entry once, got more than once: ${found}; put all namespaces ` +
        "into one.",
    ),
    everyPolicy(
      `alltrue([for n in p.namespaces : ${matches("^[a-z0-9*]([a-z0-9*-]{0,61}[a-z0-9*])?$").hcl("n")}])`,
      "namespaces",
      (found) =>
        'access_entries must have names of namespaces (lower case letters, digits and "-", and "*" for any), got ' +
        `${found}.`,
    ),
  ];
}
