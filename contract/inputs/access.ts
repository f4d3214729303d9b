import { ACCESS_POLICIES, RESERVED_PREFIXES, USUAL_POLICIES } from "../../facts/access-policies";
import { matches, matching, repeated, type Condition } from "./condition";
import { flag, inputs, listOf, mapOf, object, oneOf, text, type Rule } from "./description";
import { IAM_CHARACTERS } from "./kinds";
import { NODE_ROLE } from "./nodes";
import { everyRow, presentRows, rule } from "./rule";

/** Whether the cluster looks at access entries, in Terraform's language. */
export const HAS_ENTRIES = `contains(["API", "API_AND_CONFIG_MAP"], coalesce(var.authentication_mode, "CONFIG_MAP"))`;

/** A text without a space at either end. */
const isTrimmed = (value: string) => value.trim() === value && value !== "";
const trimmed = (it: string) => `trimspace(${it}) == ${it} && ${it} != ""`;
const isReserved = matches(`^(${RESERVED_PREFIXES.join("|")}):`);
/** What EKS takes for a user's or a group's name in an access entry. */
const FREE: Pick<Condition<string>, "holds" | "hcl"> = {
  holds: (name) => isTrimmed(name) && !isReserved.holds(name),
  hcl: (it) => `${trimmed(it)} && !${isReserved.hcl(it)}`,
};
const NOT_RESERVED = `not begin with ${RESERVED_PREFIXES.map((it) => `${it}:`).join(", ")}`;
/** A session's name has to stand behind a colon. */
const isTemplateFirst = matches(String.raw`^[^:]*\{\{`);

const entry = object({
  principal_arn: text({
    says: "ARN of an IAM role or user; a role with its path.",
    conditions: [
      matching(
        `^arn:aws[a-z-]*:iam::[0-9]{12}:(role|user)/([!-~]+/)?${IAM_CHARACTERS}{1,64}$`,
        (as) =>
          `have the ARN of an IAM role or user in ${as ?? "it"}, arn:aws:iam::ACCOUNT:role/NAME (with its path, if it has one)`,
        "a session (sts … assumed-role/NAME/SESSION) is given by the role NAME, an instance profile by the role inside it, a " +
          "group by its users",
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
        must: (as) => `have a ${as ?? "name"} that does ${NOT_RESERVED}, and has a colon before {{SessionName}}`,
        cure: "leave it out, and EKS makes one of the ARN",
        holds: (name) => FREE.holds(name) && !isTemplateFirst.holds(name),
        hcl: (it) => `${FREE.hcl(it)} && !${isTemplateFirst.hcl(it)}`,
      },
    ],
  }),
  kubernetes_groups: listOf(
    text({
      conditions: [
        {
          must: (as) =>
            `have ${as ?? "groups"} that do ${NOT_RESERVED} (none empty, no space at either end), because EKS refuses them`,
          cure: 'instead of system:masters write policies = [{ policy = "AmazonEKSClusterAdminPolicy" }]',
          ...FREE,
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

/** Who may use the cluster. */
export const access = inputs({
  authentication_mode: oneOf(["CONFIG_MAP", "API_AND_CONFIG_MAP", "API"], {
    default: null,
    says:
      "Who says who of IAM may use the cluster: CONFIG_MAP (aws-auth), API_AND_CONFIG_MAP or API (access entries); not " +
      "set: CONFIG_MAP, as EKS does by itself. A cluster goes one step towards API, and never back.",
  }),

  cluster_creator_admin: flag({
    default: true,
    says:
      "Whether whoever makes the cluster becomes an admin of it. It counts when a cluster is made, with " +
      "authentication_mode set, and never after: later the creator's access entry is there to be deleted, or not.",
    rules: [
      rule(
        `var.cluster_creator_admin || ${HAS_ENTRIES}`,
        `cluster_creator_admin = false needs access entries, because EKS takes it with no other, got authentication_mode =
         \${jsonencode(var.authentication_mode)}; set authentication_mode = "API".`,
      ),
      rule(
        `var.cluster_creator_admin || !${HAS_ENTRIES} || var.kubectl_own_role || ${hasAdmin()}`,
        `cluster_creator_admin = false leaves nobody who may administer the cluster; set kubectl_own_role = true, or list an
         admin, such as access_entries = { admin = { principal_arn = "arn:aws:iam::ACCOUNT:role/NAME", policies =
         [{ policy = "AmazonEKSClusterAdminPolicy" }] } } (without namespaces).`,
      ),
    ],
  }),

  access_entries: mapOf(entry, {
    default: {},
    says:
      "Who may use the cluster, by a name of your own: IAM principals with EKS' access policies, or with groups that " +
      "RBAC knows. Nodes and the bastion's own role have theirs in any case, and with cluster_creator_admin whoever made " +
      "the cluster.",
    rules: entryRules(),
  }),

  aws_auth_roles: listOf(object({ rolearn: text(), username: text(), groups: listOf(text()) }), {
    default: [],
    says:
      "IAM roles that may use the cluster: entries of aws-auth's mapRoles, for the bootstrap to merge into it. The " +
      "nodes' role is mapped in any case.",
    labelledBy: "rolearn",
    rules: [
      ...mappingRules("aws_auth_roles", "rolearn"),
      rule(
        `length(${mappedNodeRoles()}) == 0`,
        `aws_auth_roles must not map the nodes' role, because the bootstrap does, got
         \${join(", ", ${mappedNodeRoles()})}; leave it out.`,
      ),
      unmapped("aws_auth_roles", "rolearn"),
    ],
  }),

  aws_auth_users: listOf(object({ userarn: text(), username: text(), groups: listOf(text()) }), {
    default: [],
    says:
      "IAM users (also an account's root, federated users) that may use the cluster: entries of aws-auth's mapUsers, for " +
      "the bootstrap to merge into it.",
    labelledBy: "userarn",
    rules: [...mappingRules("aws_auth_users", "userarn"), unmapped("aws_auth_users", "userarn")],
  }),
});

/** ARNs as aws-auth has to hold them, by the key that holds them, and what to do about the likeliest wrong ones. */
function mappedArns(key: "rolearn" | "userarn") {
  if (key === "rolearn") {
    return {
      pattern: `^arn:aws[a-z-]*:iam::[0-9]{12}:role/([!-~]+/)?${IAM_CHARACTERS}{1,64}$`,
      allowed: "the ARNs of IAM roles, arn:aws:iam::ACCOUNT:role/NAME",
      hint:
        "an instance profile is given by the role inside it (`aws iam get-instance-profile`), a session " +
        "(sts … assumed-role/NAME/SESSION) by the role NAME",
      // aws-auth matches sessions, which have no path: two roles that differ in it are one there.
      identity: 'lower(replace(m.rolearn, "/:role/.*//", ":role/"))',
    };
  }
  const user = `iam::[0-9]{12}:(user/([!-~]+/)?${IAM_CHARACTERS}{1,64}|root)`;
  return {
    pattern: `^arn:aws[a-z-]*:(${user}|sts::[0-9]{12}:federated-user/${IAM_CHARACTERS}{2,32})$`,
    allowed:
      "the ARNs of IAM users (arn:aws:iam::ACCOUNT:user/NAME), of an account's root (arn:aws:iam::ACCOUNT:root) or of " +
      "federated users (arn:aws:sts::ACCOUNT:federated-user/NAME)",
    hint: "`aws sts get-caller-identity` shows it; a role belongs into aws_auth_roles",
    identity: "lower(m.userarn)",
  };
}

/** What holds for a list of mappings, of roles or of users. */
function mappingRules(name: "aws_auth_roles" | "aws_auth_users", key: "rolearn" | "userarn"): readonly Rule[] {
  // Rows that are null have a rule of their own; the other rules would break on them.
  const list = `[for m in var.${name} : m if m != null]`;
  const { pattern, allowed, hint, identity } = mappedArns(key);
  const isArn = matches(pattern).hcl(`m.${key}`);
  const isText = (value: string) => `try(${trimmed(value)}, false)`;
  const areGroups = `try(alltrue([for g in m.groups : ${isText("g")}]), false)`;
  const offending = (holds: string, shown: string) => `\${join(", ", [for m in ${list} : ${shown} if !(${holds})])}`;
  const all = (holds: string) => `alltrue([for m in ${list} : ${holds}])`;
  const whose = (field: string) => `"\${jsonencode(m.${field})} for \${jsonencode(m.${key})}"`;
  const identities = `[for m in ${list} : ${identity} if ${isArn}]`;

  return [
    rule(all(isArn), `${name} must have ${allowed}, got ${offending(isArn, `jsonencode(m.${key})`)}; ${hint}.`),
    rule(
      `length(distinct(${identities})) == length(${identities})`,
      `${name} must map everyone once, got more than once: \${join(", ", ${repeated(identities)})}; put all groups into one
       entry.`,
    ),
    rule(
      all(isText("m.username")),
      `${name} must have a username in every entry (no space at either end), got
       ${offending(isText("m.username"), whose("username"))}.`,
    ),
    rule(
      all(areGroups),
      `${name} must have a list of group names in groups (none empty, no space at either end; [] for no group), got
       ${offending(areGroups, whose("groups"))}; the admins' group is system:masters.`,
    ),
  ];
}

/** The mapped roles that are called as the nodes' role. */
function mappedNodeRoles(): string {
  return `[for m in var.aws_auth_roles : m.rolearn if try(endswith(m.rolearn, "/\${${NODE_ROLE}}"), false)]`;
}

/** Access entries and aws-auth are two owners of one thing: there is one of them. */
function unmapped(name: "aws_auth_roles" | "aws_auth_users", key: "rolearn" | "userarn"): Rule {
  const admin = String.raw`"policies = [{ policy = \"AmazonEKSClusterAdminPolicy\" }]"`;
  const rights = `contains(m.groups, "system:masters") ? ${admin} : "kubernetes_groups = \${jsonencode(m.groups)}"`;
  const moved = `"\${jsonencode(m.username)} = { principal_arn = \${jsonencode(m.${key})}, \${${rights}} }"`;
  return rule(
    `length(var.${name}) == 0 || !${HAS_ENTRIES}`,
    `${name} must be empty with authentication_mode = \${jsonencode(var.authentication_mode)}, where access entries say who
     may use the cluster, and the bootstrap leaves aws-auth alone; move them: access_entries = {
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
  const arns = `values(${rows})[*].principal_arn`;
  /** Every policy of every entry, with the entry's key. */
  const policies = `flatten([for key, row in ${rows} : [for p in row.policies :
    { key = key, policy = try(p.policy, null), namespaces = try(p.namespaces, []) }]])`;
  const wrongPolicies = (holds: string, shown: string) =>
    `\${join(", ", [for p in ${policies} : "\${p.key} (\${${shown}})" if !(${holds})])}`;
  const isPolicy = `try(contains(${JSON.stringify(ACCESS_POLICIES)}, p.policy), false)`;
  const isNamespace = matches("^[a-z0-9*]([a-z0-9*-]{0,61}[a-z0-9*])?$").hcl("n");
  const areNamespaces = `alltrue([for n in p.namespaces : ${isNamespace}])`;
  const once = `[for p in ${policies} : join("/", [p.key, p.policy]) if p.policy != null]`;
  // A group with policies of its own has a role of its own.
  const groupRoles = `[for name, g in var.node_groups : "/\${${NODE_ROLE}}-\${name}"
    if try(length(g.policy_arns) > 0, false)]`;
  const nodeRoles = `concat(["/\${${NODE_ROLE}}"], ${groupRoles})`;
  const isBastions = 'var.kubectl_own_role && endswith(row.principal_arn, "/${var.project_name}-kubectl")';

  return [
    rule(
      `length(var.access_entries) == 0 || ${HAS_ENTRIES}`,
      `access_entries need a cluster that looks at them, got authentication_mode = \${jsonencode(var.authentication_mode)};
       set authentication_mode = "API" (a cluster that uses aws-auth now: "API_AND_CONFIG_MAP" first).`,
    ),
    rule(
      `length(distinct(${arns})) == length(${rows})`,
      `access_entries must name every principal once, got more than once: \${join(", ", ${repeated(arns)})}; put all groups
       and policies into one entry.`,
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
        must: "have no user_name, kubernetes_groups or policies in rows of the type EC2_LINUX, because EKS says those of a node",
        got: "row.type",
        cure: "leave them out",
      },
      {
        holds: 'row.type == "STANDARD" || !can(regex(":user/", row.principal_arn))',
        must: "have the type EC2_LINUX for roles of nodes only",
        got: "row.principal_arn",
      },
    ]),
    rule(
      `alltrue([for p in ${policies} : ${isPolicy}])`,
      `access_entries must have names of EKS' access policies, such as ${USUAL_POLICIES.join(", ")}, got
       ${wrongPolicies(isPolicy, "jsonencode(p.policy)")}; no ARN, and no policy of IAM; \`aws eks list-access-policies\`
       shows the names.`,
    ),
    rule(
      `length(distinct(${once})) == length(${once})`,
      `access_entries must have every policy of an entry once, got more than once: \${join(", ", ${repeated(once)})}; put
       all namespaces into one.`,
    ),
    rule(
      `alltrue([for p in ${policies} : ${areNamespaces}])`,
      `access_entries must have names of namespaces (lower case letters, digits and "-", and "*" for any), got
       ${wrongPolicies(areNamespaces, "jsonencode(p.namespaces)")}.`,
    ),
  ];
}
