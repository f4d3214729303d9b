import { matches, matching } from "./condition";
import { flag, inputs, listOf, mapOf, object, oneOf, text } from "./description";
import { DNS_LABEL, ROLE_ARN } from "./kinds";
import { everyRow, rule } from "./rule";

const IS_LABEL = `^${DNS_LABEL}$`;

/** What the stack `eks-kubernetes` takes from tfvars besides what the stack `eks` takes. */
export const KUBERNETES_INPUTS = inputs({
  own_aws_auth: flag({
    default: false,
    says:
      "Whether this stack is the only owner of the ConfigMap aws-auth: entries that tfvars do not name are removed. " +
      "The bootstrap then leaves it alone.",
  }),

  adopt_aws_auth: flag({
    default: false,
    says:
      "Whether the cluster has a ConfigMap aws-auth already, which this stack takes over; may stay true " +
      "afterwards.",
    rules: [
      rule(
        "!var.adopt_aws_auth || var.own_aws_auth",
        "adopt_aws_auth = true needs own_aws_auth = true; set both, or neither.",
      ),
    ],
  }),

  node_role_arns: listOf(
    text({
      conditions: [
        matching(
          ROLE_ARN,
          "the ARN of an IAM role",
          "an instance profile is given by the role inside it (`aws iam get-instance-profile`)",
        ),
      ],
    }),
    {
      default: [],
      says:
        "ARNs of the nodes' IAM roles for aws-auth; none: the one role of the stack eks, by its name. Node groups " +
        "with policies of their own have roles of their own.",
      many: "ARNs of IAM roles, arn:aws:iam::ACCOUNT:role/NAME",
    },
  ),

  namespaces: mapOf(
    object({
      labels: mapOf(text(), { default: {}, says: "Labels of the namespace." }),
      annotations: mapOf(text(), { default: {}, says: "Annotations of the namespace." }),
      default_deny: flag({ default: true, says: "Whether nothing gets in that no other NetworkPolicy allows." }),
      default_deny_egress: flag({ default: false, says: "Whether nothing gets out but DNS." }),
    }),
    {
      default: {},
      says:
        "Namespaces by their names. default_deny lets nothing in that no other NetworkPolicy allows, " +
        "default_deny_egress nothing out but DNS. One that is taken away is deleted with everything in it.",
      rules: everyRow("namespaces", [
        {
          holds: matches(IS_LABEL).hcl("key"),
          must: 'have names of at most 63 lower-case letters, digits and "-", with none of these at either end',
          got: "key",
        },
        {
          holds: '!(key == "default" || startswith(key, "kube-"))',
          must: "name new ones, not those that Kubernetes makes itself",
          got: "key",
          cure: "leave it out",
        },
      ]),
    },
  ),

  storage_class: object(
    {
      name: text({
        default: "gp3",
        says: "Name of the storage class.",
        conditions: [
          matching(
            IS_LABEL,
            'a name of at most 63 lower-case letters, digits and "-", with none of these at either end',
          ),
        ],
      }),
      kms_key_id: text({
        default: null,
        says: "AWS' own key aws/ebs when not set.",
        conditions: [
          matching(
            "^(arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:(key|alias)/[!-~]+|" +
              "[0-9a-f-]{36}|mrk-[0-9a-f]{32}|alias/[!-~]+)$",
            "the ARN or the id of a KMS key",
            "`aws kms list-keys` shows them",
          ),
        ],
      }),
      reclaim_policy: oneOf(["Delete", "Retain"], {
        default: "Delete",
        says: "What becomes of a volume without a claim.",
      }),
    },
    {
      default: null,
      says:
        "The default storage class: encrypted gp3 volumes of the EBS CSI driver; {} for the defaults, not set: none. " +
        "kms_key_id: AWS' own key aws/ebs when not set.",
    },
  ),
});
