import { namesOf } from "../../facts/names";
import { READY_POLICIES } from "../../facts/pod-policies";
import { allOf, atLeast, atMost, COUNTED, DISTINCT, isOneOf, matches, matching } from "./condition";
import { flag, inputs, listOf, mapOf, object, oneOf, text } from "./description";
import { DNS_LABEL, MINOR, POLICY_ARN, ZONE_ID } from "./kinds";
import { everyRow, none, once, presentRows, type Rule } from "./rule";

/**
 * How many managed policies IAM attaches to a role.
 *
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
 */
const ROLE_MAX_POLICIES = 10;

/**
 * A part of a name with dots, as Kubernetes takes it; only the whole has a greatest length.
 *
 * @see https://kubernetes.io/docs/concepts/overview/working-with-objects/names/#dns-subdomain-names
 */
const PART = "[a-z0-9]([-a-z0-9]*[a-z0-9])?";

/**
 * The service accounts that add-ons with a role make for themselves.
 *
 * @see https://docs.aws.amazon.com/eks/latest/userguide/workloads-add-ons-available-eks.html
 */
const SERVICE_ACCOUNTS = {
  "vpc-cni": "kube-system/aws-node",
  "aws-ebs-csi-driver": "kube-system/ebs-csi-controller-sa",
} as const;

const IS_READY = isOneOf<string>(READY_POLICIES);
const IS_ARN = matches(POLICY_ARN);
/** The policies that stand here, in words. */
const READY = READY_POLICIES.join(", ");

const podRole = object({
  namespace: text({
    says: "Namespace of the service account.",
    conditions: [
      matching(
        `^${DNS_LABEL}$`,
        (field) => `have a ${field} of 1 to 63 small letters, digits and "-" (not at either end) in every row`,
      ),
    ],
  }),
  service_account: text({
    says: "Its name.",
    conditions: [
      {
        must: (field) =>
          `have a ${field} of 1 to 253 small letters, digits, "-" and "." (letters or digits at both ends) in ` +
          "every row",
        cure: "without the namespace before it",
        ...allOf(matches(String.raw`^${PART}(\.${PART})*$`), atMost(253)),
      },
    ],
  }),
  policies: listOf(
    text({
      conditions: [
        {
          must: (field) => `have ${field} that are ARNs (arn:aws:iam::ACCOUNT:policy/NAME) or one of ${READY}`,
          holds: (policy) => IS_READY.holds(policy) || IS_ARN.holds(policy),
          hcl: (it) => `${IS_READY.hcl(it)} || ${IS_ARN.hcl(it)}`,
        },
      ],
    }),
    {
      says: `ARNs of IAM policies, or ${READY}.`,
      conditions: [
        {
          must: () => `name 1 to ${String(ROLE_MAX_POLICIES)} policies in a row, as IAM attaches to a role`,
          cure: `ARNs, or ${READY}`,
          ...allOf<readonly unknown[]>(atLeast(1), atMost(ROLE_MAX_POLICIES)),
          got: COUNTED,
        },
        { must: () => "name a policy once in a row", ...DISTINCT },
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
        ZONE_ID,
        (field) => `have the id of a hosted zone in ${field}, such as Z0123456789ABCDEFGHIJ`,
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
      `${READY}; via is pod_identity (Kubernetes 1.24, add-on eks-pod-identity-agent) or irsa; ` +
      "dns_zone_id is the one zone that external-dns may change.",
    rules: podRoleRules(),
  }),
});

function podRoleRules(): readonly Rule[] {
  const rows = presentRows("pod_roles");
  const roleName = `"${namesOf("${var.project_name}").podRole("${key}")}"`;
  const accounts = `[for key, row in ${rows} : "\${row.namespace}/\${row.service_account}"
    if row.namespace != null && row.service_account != null]`;
  // Here and not with add_ons, because Terraform takes no two variables whose rules name each other.
  const named = "{ for name, row in var.add_ons : name => row.pod_role if try(row.pod_role != null, false) }";
  const accountOfAddOn = JSON.stringify(SERVICE_ACCOUNTS);
  const account = '"${var.pod_roles[key].namespace}/${var.pod_roles[key].service_account}"';
  const missing = `[for name, key in ${named} : "\${name} (\${jsonencode(key)})"
    if !contains(keys(var.pod_roles), key)]`;
  const foreign = `[for name, key in ${named} : "\${name} (\${key}: \${${account}}, not \${${accountOfAddOn}[name]})"
    if try(${account} != ${accountOfAddOn}[name], false)]`;

  return [
    ...everyRow("pod_roles", [
      {
        holds: matches("^[0-9A-Za-z][0-9A-Za-z_-]*$").hcl("key"),
        must:
          'have keys that start with a letter or digit and have only letters, digits, "_" and "-", because they are ' +
          "part of the role's name",
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
    once(
      `[for key, row in ${rows} : lower(key)]`,
      (found) =>
        `pod_roles must have keys that differ in more than capitals, because IAM's names do not, got: ${found}.`,
    ),
    once(
      accounts,
      (found) =>
        `pod_roles must have one role for each service account, got more than one for: ${found}; put all policies into
         one row.`,
    ),
    none(
      missing,
      (found) =>
        `pod_roles must have the roles that add_ons name in pod_role, got no such key for: ${found}; it has
         \${length(var.pod_roles) == 0 ? "none" : join(", ", keys(var.pod_roles))}.`,
    ),
    none(foreign, (found) => `pod_roles must give an add-on the role of its own service account, got: ${found}.`),
  ];
}
