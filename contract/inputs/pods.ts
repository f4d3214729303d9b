import { namesOf } from "../../facts/names";
import { READY_POLICIES } from "../../facts/pod-policies";
import { matches, matching, repeated, type Condition } from "./condition";
import { flag, inputs, listOf, mapOf, object, oneOf, text, type Rule } from "./description";
import { IAM_CHARACTERS, MINOR } from "./kinds";
import { everyRow, presentRows, rule } from "./rule";

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

/** A name that matches, of at most so many characters. */
function named(pattern: string, most: number, must: (as?: string) => string, cure?: string): Condition<string> {
  const isName = matches(pattern);
  return {
    must,
    ...(cure !== undefined && { cure }),
    holds: (name) => isName.holds(name) && name.length <= most,
    hcl: (it) => `${isName.hcl(it)} && length(${it}) <= ${String(most)}`,
  };
}

const isArn = matches(`^arn:aws[a-z-]*:iam::(aws|[0-9]{12}):policy/([!-~]+/)?${IAM_CHARACTERS}{1,128}$`);
const READY: readonly string[] = READY_POLICIES;

const podRole = object({
  namespace: text({
    says: "Namespace of the service account.",
    conditions: [
      named(
        `^${DNS_LABEL}$`,
        63,
        (as) => `have a ${as ?? "name"} of 1 to 63 small letters, digits and "-" (not at either end) in every row`,
      ),
    ],
  }),
  service_account: text({
    says: "Its name.",
    conditions: [
      named(
        String.raw`^${DNS_LABEL}(\.${DNS_LABEL})*$`,
        253,
        (as) =>
          `have a ${as ?? "name"} of 1 to 253 small letters, digits, "-" and "." (letters or digits at both ends) in every row`,
        "without the namespace before it",
      ),
    ],
  }),
  policies: listOf(
    text({
      conditions: [
        {
          must: (as) =>
            `have ${as ?? "policies"} that are ARNs (arn:aws:iam::ACCOUNT:policy/NAME) or one of ${READY.join(", ")}`,
          holds: (policy) => READY.includes(policy) || isArn.holds(policy),
          hcl: (it) => `contains(${JSON.stringify(READY)}, ${it}) || ${isArn.hcl(it)}`,
        },
      ],
    }),
    {
      says: `ARNs of IAM policies, or ${READY.join(", ")}.`,
      conditions: [
        {
          must: () => `name 1 to ${String(ROLE_MAX_POLICIES)} policies in a row, as IAM attaches to a role`,
          cure: `ARNs, or ${READY.join(", ")}`,
          holds: (policies) => policies.length >= 1 && policies.length <= ROLE_MAX_POLICIES,
          hcl: (it) => `length(${it}) >= 1 && length(${it}) <= ${String(ROLE_MAX_POLICIES)}`,
          got: { js: (policies) => String(policies.length), hcl: (it) => `length(${it})` },
        },
        {
          must: () => "name a policy once in a row",
          holds: (policies) => new Set(policies).size === policies.length,
          hcl: (it) => `length(distinct(${it})) == length(${it})`,
        },
      ],
    },
  ),
  via: oneOf(["pod_identity", "irsa"], {
    default: "pod_identity",
    says: "How a pod gets the role: pod_identity (Kubernetes 1.24, add-on eks-pod-identity-agent) or irsa.",
  }),
  dns_zone_id: text({
    default: null,
    says: "The one zone that external-dns may change.",
    conditions: [
      matching(
        "^Z[0-9A-Z]{1,31}$",
        (as) => `have the id of a hosted zone in ${as ?? "it"}, such as Z0123456789ABCDEFGHIJ`,
        "`aws route53 list-hosted-zones` shows it after /hostedzone/",
      ),
    ],
  }),
});

/** What pods may do in AWS. */
export const pods = inputs({
  irsa: flag({
    default: false,
    says: "Whether IAM trusts the tokens of the cluster's service accounts (IRSA): an OIDC provider for the cluster.",
  }),

  pod_roles: mapOf(podRole, {
    default: {},
    says:
      "IAM roles for pods, by key, each for one service account: PROJECT_NAME-pod-KEY. Policies are ARNs or " +
      `${READY.join(", ")}; via is pod_identity (Kubernetes 1.24, add-on eks-pod-identity-agent) or irsa; ` +
      "dns_zone_id is the one zone that external-dns may change.",
    rules: podRoleRules(),
  }),
});

function podRoleRules(): readonly Rule[] {
  const rows = presentRows("pod_roles");
  const roleName = `"${namesOf("${var.project_name}").podRole("${key}")}"`;
  const accounts = `[for key, row in ${rows} : "\${row.namespace}/\${row.service_account}"
    if row.namespace != null && row.service_account != null]`;
  const keys = `[for key, row in ${rows} : lower(key)]`;
  // Here and not with add_ons, because Terraform takes no two variables whose rules name each other.
  const named = "{ for name, row in var.add_ons : name => row.pod_role if try(row.pod_role != null, false) }";
  const accountOfAddOn = `{ ${Object.entries(SERVICE_ACCOUNTS)
    .map(([name, account]) => `"${name}" = "${account}"`)
    .join(", ")} }`;
  const account = '"${var.pod_roles[key].namespace}/${var.pod_roles[key].service_account}"';
  const missing = `[for name, key in ${named} : "\${name} (\${jsonencode(key)})" if !contains(keys(var.pod_roles), key)]`;
  const foreign = `[for name, key in ${named} : "\${name} (\${key}: \${${account}}, not \${${accountOfAddOn}[name]})"
    if try(${account} != ${accountOfAddOn}[name], false)]`;

  return [
    ...everyRow("pod_roles", [
      {
        holds: matches("^[0-9A-Za-z][0-9A-Za-z_-]*$").hcl("key"),
        must:
          'have keys that start with a letter or digit and have only letters, digits, "_" and "-", because they are part of ' +
          "the role's name",
        got: "length(key)",
      },
      {
        holds: `length(${roleName}) <= 64`,
        must: "have keys so short that PROJECT_NAME-pod-KEY has at most 64 characters, as IAM allows",
        got: `length(${roleName})`,
      },
      {
        holds: 'row.via != "irsa" || var.irsa',
        must: "have no role via irsa while irsa is false",
        got: "row.via",
        cure: "set irsa = true, or take via = pod_identity",
      },
      {
        holds: 'row.via != "pod_identity" || contains(keys(var.add_ons), "eks-pod-identity-agent")',
        must: "have no role via pod_identity without the agent that gives roles to pods",
        got: "row.via",
        cure: 'add "eks-pod-identity-agent" = {} to add_ons, or take via = "irsa"',
      },
      {
        holds: `row.via != "pod_identity" || ${MINOR} >= 24`,
        must: "have no role via pod_identity before Kubernetes 1.24",
        got: "var.eks_version",
        cure: 'take a newer eks_version, or via = "irsa"',
      },
      {
        holds: 'row.dns_zone_id == null || contains(row.policies, "external-dns")',
        must: "have dns_zone_id only in a row with the policy external-dns",
        got: "row.dns_zone_id",
      },
    ]),
    rule(
      `length(distinct(${keys})) == length(${keys})`,
      `pod_roles must have keys that differ in more than capitals, because IAM's names do not, got:
       \${join(", ", ${repeated(keys)})}.`,
    ),
    rule(
      `length(distinct(${accounts})) == length(${accounts})`,
      `pod_roles must have one role for each service account, got more than one for: \${join(", ", ${repeated(accounts)})};
       put all policies into one row.`,
    ),
    rule(
      `length(${missing}) == 0`,
      `pod_roles must have the roles that add_ons name in pod_role, got no such key for: \${join(", ", ${missing})}; it has
       \${length(var.pod_roles) == 0 ? "none" : join(", ", keys(var.pod_roles))}.`,
    ),
    rule(
      `length(${foreign}) == 0`,
      `pod_roles must give an add-on the role of its own service account, got: \${join(", ", ${foreign})}.`,
    ),
  ];
}
