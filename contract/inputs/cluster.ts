import { atMost, COUNTED, distinct, matches, matching, type Condition } from "./condition";
import { flag, inputs, listOf, number, object, oneOf, text, whole } from "./description";
import { KUBERNETES_VERSION, RETENTION } from "./kinds";
import { network, noneIsTheInternet, overlaps } from "./ranges";
import { none, rule, unless, type Rule } from "./rule";

/** What the control plane can log. @see https://docs.aws.amazon.com/eks/latest/userguide/control-plane-logs.html */
const LOG_TYPES = ["api", "audit", "authenticator", "controllerManager", "scheduler"] as const;

/** As many as EKS takes. @see https://docs.aws.amazon.com/eks/latest/userguide/service-quotas.html */
const ENDPOINT_MAX_CIDRS = 40;

/** Ranges that nobody has in the internet: those of private networks, of the machine itself, of one link, of many. */
const PRIVATE = matches(
  String.raw`^(10|127|22[4-9]|2[3-5][0-9])\.|^192\.168\.|^172\.(1[6-9]|2[0-9]|3[01])\.|^169\.254\.`,
);

/** The control plane. */
export const cluster = inputs({
  eks_cluster_name: text({
    default: null,
    says: 'Name of the EKS cluster; "PROJECT_NAME_eks" when not set.',
    conditions: [
      matching(
        "^[0-9A-Za-z][0-9A-Za-z_-]{0,99}$",
        () => 'start with a letter or digit and have only letters, digits, "_" and "-", at most 100 in all',
      ),
    ],
  }),

  eks_version: text({
    default: "1.14",
    says: 'Kubernetes version of the control plane, MAJOR.MINOR in quotes, such as "1.14".',
    conditions: [KUBERNETES_VERSION],
  }),

  endpoint_access: oneOf(["vpc", "vpc-and-internet"], {
    default: "vpc",
    says:
      "Where the cluster's endpoint can be reached from: vpc, or vpc-and-internet with endpoint_access_cidrs. Nodes " +
      "and the bastion use the private one in any case.",
  }),

  endpoint_access_cidrs: listOf(text({ conditions: [network("203.0.113.7/32")] }), {
    default: [],
    says:
      'Networks that may reach the endpoint from the internet, such as ["203.0.113.7/32"]; with endpoint_access = ' +
      '"vpc-and-internet" only.',
    many: "address ranges without host bits (one address is a /32)",
    conditions: [
      distinct("network"),
      {
        must: () => `have at most ${String(ENDPOINT_MAX_CIDRS)} networks, because EKS takes no more`,
        ...atMost(ENDPOINT_MAX_CIDRS),
        got: COUNTED,
      },
    ],
    rules: endpointRules(),
  }),

  endpoint_open_to_the_internet: flag({
    default: false,
    says: "Says by name that endpoint_access_cidrs may hold ranges as wide as 0.0.0.0/0.",
  }),

  security_group_rules: oneOf(["workshop", "minimal"], {
    default: "workshop",
    says:
      "Who may talk to whom: workshop (everybody in the VPC to the control plane, the control plane to all of the " +
      "nodes' ports) or minimal (nodes and bastion to the control plane; the control plane to what Kubernetes needs " +
      "of the nodes' ports, and to nobody else; the bastion out by HTTP, HTTPS, DNS and NTP and to the nodes by SSH; " +
      "the default security group of a VPC that is made to nobody). Nodes talk to each other and to everywhere on " +
      "all ports with both; between pods a NetworkPolicy decides.",
  }),

  service_cidr: text({
    default: null,
    says:
      "IPv4 range of the addresses of Kubernetes services, outside the VPC; not set: EKS chooses 10.100.0.0/16 or " +
      "172.20.0.0/16. Another one replaces the cluster.",
    conditions: [serviceNetwork()],
    rules: [
      rule(
        'var.service_cidr == null || var.ip_family != "ipv6"',
        `service_cidr is an IPv4 range, got "\${coalesce(var.service_cidr, "nothing")}" with ip_family = "ipv6", where
         EKS chooses the services' range itself; leave it out.`,
      ),
      ...unless("var.service_cidr == null || var.vpc_id != null", [
        none(overlapsWithVpc(), (found) => `service_cidr must not overlap with the VPC, got ${found}.`, "; "),
      ]),
    ],
  }),

  cluster_log_types: listOf(oneOf(LOG_TYPES), {
    default: [],
    says: "Logs of the control plane to keep in CloudWatch, such as audit and authenticator; they cost by the GiB.",
    many: `names out of ${LOG_TYPES.join(", ")}`,
    conditions: [distinct("log")],
  }),

  cluster_log_retention_days: number({
    default: 90,
    says: "How long CloudWatch keeps the control plane's logs, in days; 0: for ever.",
    conditions: [RETENTION],
  }),

  secrets_encryption: key({
    says:
      "KMS key for the cluster's secrets: {} makes one that rotates, { kms_key_arn } takes one. EKS never takes it " +
      "off again: to leave it out replaces the cluster, and without the key the cluster is lost.",
    rules: [isOfRegion("secrets_encryption")],
  }),

  log_encryption: key({
    says:
      "KMS key for the log groups of the control plane and of flow_logs, instead of CloudWatch's own encryption: {} " +
      "makes one that rotates, { kms_key_arn } takes one, whose policy has to let logs.REGION.amazonaws.com use it. " +
      "What was written before stays as it was.",
    rules: [
      isOfRegion("log_encryption"),
      rule(
        "var.log_encryption == null || length(var.cluster_log_types) > 0 || var.flow_logs != null",
        `log_encryption is for the logs of cluster_log_types and flow_logs, got neither of them; set one, or leave
         log_encryption out.`,
      ),
    ],
  }),

  volume_encryption: key({
    says:
      "KMS key for the volumes of the nodes and the bastion, instead of AWS' own aws/ebs: {} makes one that " +
      "rotates, { kms_key_arn } takes one, whose policy has to let AWSServiceRoleForAutoScaling use it. Another key " +
      "replaces the bastion.",
    rules: [isOfRegion("volume_encryption"), ...launchedByTemplates()],
  }),

  upgrade_policy: oneOf(["STANDARD", "EXTENDED"], {
    default: null,
    says:
      "What EKS does at the end of a version's standard support: STANDARD upgrades the control plane by itself, " +
      "EXTENDED (its default) costs more for each hour.",
  }),
});

function endpointRules(): readonly Rule[] {
  const cidrs = "var.endpoint_access_cidrs";
  const those = (isOne: string) => `[for c in ${cidrs} : c if ${isOne}]`;
  return [
    rule(
      `var.endpoint_access != "vpc-and-internet" || length(${cidrs}) > 0`,
      `endpoint_access_cidrs must name the networks that may reach the endpoint with endpoint_access =
       "vpc-and-internet", got none, which would be the whole internet; name your own address as ADDRESS/32.`,
    ),
    rule(
      `var.endpoint_access != "vpc" || length(${cidrs}) == 0`,
      `endpoint_access_cidrs are for endpoint_access = "vpc-and-internet", got \${jsonencode(${cidrs})} with "vpc"; set
       endpoint_access, or leave them out.`,
    ),
    ...noneIsTheInternet("endpoint_access_cidrs", "endpoint_open_to_the_internet", "endpoint"),
    none(
      those(PRIVATE.hcl("c")),
      (found) =>
        `endpoint_access_cidrs must be ranges of the internet, got ${found}, which nobody has there; the VPC reaches the
         private endpoint in any case, so name the address that the internet sees.`,
    ),
    ...unless('var.ip_family == "ipv6"', [
      none(
        those('try(strcontains(c, ":"), false)'),
        (found) =>
          `endpoint_access_cidrs can have IPv6 ranges only with ip_family = "ipv6", got ${found}; name IPv4 ranges.`,
      ),
    ]),
  ];
}

/** @see https://docs.aws.amazon.com/eks/latest/APIReference/API_KubernetesNetworkConfigRequest.html */
function serviceNetwork(): Condition<string> {
  const isPrivate = matches(String.raw`^(10|192\.168|172\.(1[6-9]|2[0-9]|3[01]))\.[0-9.]+/(1[2-9]|2[0-4])$`);
  return {
    ...network("10.100.0.0/16", isPrivate),
    must: "a range without host bits from /12 to /24 in 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16",
  };
}

function overlapsWithVpc(): string {
  const vpc = `[for c in concat([var.vpc_cidr_block], var.vpc_secondary_cidr_blocks) : { name = "the VPC", cidr = c }]`;
  return overlaps(`concat([{ name = "service_cidr", cidr = var.service_cidr }], ${vpc})`);
}

/**
 * A KMS key that is given, or one that is made.
 *
 * @see https://docs.aws.amazon.com/kms/latest/developerguide/rotating-keys-enable-disable.html
 */
function key(options: { readonly says: string; readonly rules: readonly Rule[] }) {
  return object(
    {
      kms_key_arn: text({
        default: null,
        says: "A key that exists; one is made when it is not set.",
        conditions: [
          matching(
            "^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[0-9a-zA-Z-]+$",
            "the ARN of a KMS key, arn:aws:kms:REGION:ACCOUNT:key/ID (no alias: that of another key later would " +
              "change nothing)",
            "`aws kms describe-key --key-id alias/NAME` shows it",
          ),
        ],
      }),
      rotation_days: whole({ default: 365, from: 90, to: 2560, unit: "days", says: "Days between two rotations." }),
      deletion_window_days: whole({
        default: 30,
        from: 7,
        to: 30,
        unit: "days",
        says: "Days between the deletion and the end.",
      }),
    },
    { default: null, ...options },
  );
}

function isOfRegion(name: "secrets_encryption" | "log_encryption" | "volume_encryption"): Rule {
  const arn = `var.${name}.kms_key_arn`;
  return rule(
    `try(${arn}, null) == null ? true : try(split(":", ${arn})[3] == var.aws_region, true)`,
    `${name}.kms_key_arn must be a key of the region \${var.aws_region}, got
     "\${try(coalesce(${arn}, "nothing"), "nothing")}".`,
  );
}

/** A launch configuration cannot name a key. */
function launchedByTemplates(): readonly Rule[] {
  const workshops = `[for launch in [var.eks_worker_node_launch] :
    "eks_worker_node_launch" if launch == "configuration"]`;
  const rows = `[for name, g in var.node_groups :
    "node_groups.\${name}.launch" if try(g.launch == "configuration", false)]`;
  const byConfiguration = `(length(var.node_groups) == 0 ? ${workshops} : ${rows})`;
  return unless("var.volume_encryption == null", [
    none(
      byConfiguration,
      (found) =>
        `volume_encryption needs launch templates, because a launch configuration cannot name a key, got ${found} =
         "configuration"; write "template" there.`,
    ),
  ]);
}
