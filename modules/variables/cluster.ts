import { type TerraformVariable, Token, VariableType } from "cdktf";

import { optional } from "../hcl/expression";
import { canonicalCidr, isCanonicalCidr, overlaps, prefixLength, repeated, rule } from "../hcl/ranges";
import type { Declare } from "./declare";
import { isTheInternet, oneOf, RETENTION_DAYS } from "./rules";

/** What the control plane can log. @see https://docs.aws.amazon.com/eks/latest/userguide/control-plane-logs.html */
const LOG_TYPES = ["api", "audit", "authenticator", "controllerManager", "scheduler"];

/** As many as EKS takes. @see https://docs.aws.amazon.com/eks/latest/userguide/service-quotas.html */
const ENDPOINT_MAX_CIDRS = 40;

/** The control plane. */
export class ClusterVariables {
  readonly eksClusterName: TerraformVariable;
  readonly eksVersion: TerraformVariable;
  readonly endpointAccess: TerraformVariable;
  readonly endpointAccessCidrs: TerraformVariable;
  readonly endpointOpenToTheInternet: TerraformVariable;
  readonly securityGroupRules: TerraformVariable;
  readonly serviceCidr: TerraformVariable;
  readonly clusterLogTypes: TerraformVariable;
  readonly clusterLogRetentionDays: TerraformVariable;
  readonly secretsEncryption: TerraformVariable;
  readonly volumeEncryption: TerraformVariable;
  readonly upgradePolicy: TerraformVariable;

  constructor(declare: Declare) {
    this.eksClusterName = declare("eks_cluster_name", {
      type: VariableType.STRING,
      nullable: true,
      default: Token.nullValue(),
      description: 'Name of the EKS cluster; "PROJECT_NAME_eks" when not set.',
      validation: [
        rule(
          String.raw`var.eks_cluster_name == null ? true : can(regex("^[0-9A-Za-z][0-9A-Za-z_-]{0,99}$", var.eks_cluster_name))`,
          'eks_cluster_name must start with a letter or digit and have only letters, digits, "_" and "-", at most 100 in all, got "${coalesce(var.eks_cluster_name, "nothing")}".',
        ),
      ],
    });

    this.eksVersion = declare("eks_version", {
      type: VariableType.STRING,
      nullable: false,
      default: "1.14",
      description: 'Kubernetes version of the control plane, MAJOR.MINOR in quotes, such as "1.14".',
      validation: [
        rule(
          // Without quotes 1.30 is a number and arrives as "1.3": a minor of one digit was never on offer.
          String.raw`can(regex("^1\\.[1-9][0-9]$", var.eks_version))`,
          'eks_version must be MAJOR.MINOR in quotes, such as "1.14" or "1.30", got "${var.eks_version}"; without quotes Terraform reads a number and drops its last zero, and a patch version is EKS\' own to choose.',
        ),
      ],
    });

    this.endpointAccess = declare("endpoint_access", {
      type: VariableType.STRING,
      nullable: false,
      default: "vpc",
      description:
        "Where the cluster's endpoint can be reached from: vpc, or vpc-and-internet with endpoint_access_cidrs. Nodes and " +
        "the bastion use the private one in any case.",
      validation: [oneOf("endpoint_access", ["vpc", "vpc-and-internet"])],
    });

    this.endpointAccessCidrs = declare("endpoint_access_cidrs", {
      type: VariableType.list(VariableType.STRING),
      nullable: false,
      default: [],
      description:
        'Networks that may reach the endpoint from the internet, such as ["203.0.113.7/32"]; with endpoint_access = ' +
        '"vpc-and-internet" only.',
      validation: [
        rule(
          `alltrue([for c in var.endpoint_access_cidrs : ${isCanonicalCidr("c")}])`,
          `endpoint_access_cidrs must hold address ranges without host bits, got \${join("; ", [for c in var.endpoint_access_cidrs : "\${jsonencode(c)}: write \${${canonicalCidr("c", "203.0.113.7/32")}}" if !${isCanonicalCidr("c")}])}; one address is a /32.`,
        ),
        rule(
          `length(distinct(var.endpoint_access_cidrs)) == length(var.endpoint_access_cidrs)`,
          `endpoint_access_cidrs must name every network once, got more than once: \${join(", ", ${repeated("var.endpoint_access_cidrs")})}.`,
        ),
        rule(
          `length(var.endpoint_access_cidrs) <= ${String(ENDPOINT_MAX_CIDRS)}`,
          `endpoint_access_cidrs can have ${String(ENDPOINT_MAX_CIDRS)} networks, because EKS takes no more, got \${length(var.endpoint_access_cidrs)}.`,
        ),
        rule(
          `var.endpoint_access != "vpc-and-internet" || length(var.endpoint_access_cidrs) > 0`,
          'endpoint_access_cidrs must name the networks that may reach the endpoint with endpoint_access = "vpc-and-internet", got none, which would be the whole internet; name your own address as ADDRESS/32.',
        ),
        rule(
          `var.endpoint_access != "vpc" || length(var.endpoint_access_cidrs) == 0`,
          'endpoint_access_cidrs are for endpoint_access = "vpc-and-internet", got ${jsonencode(var.endpoint_access_cidrs)} with "vpc"; set endpoint_access, or leave them out.',
        ),
        rule(
          `var.endpoint_open_to_the_internet || !anytrue([for c in var.endpoint_access_cidrs : ${isTheInternet("c")}])`,
          `endpoint_access_cidrs must name the networks that may reach the endpoint, got \${join(", ", [for c in var.endpoint_access_cidrs : c if ${isTheInternet("c")}])}, which is the whole internet or near it; name your own address as ADDRESS/32, or set endpoint_open_to_the_internet = true if you mean it.`,
        ),
        rule(
          `!anytrue([for c in var.endpoint_access_cidrs : ${isPrivate("c")}])`,
          `endpoint_access_cidrs must be ranges of the internet, got \${join(", ", [for c in var.endpoint_access_cidrs : c if ${isPrivate("c")}])}, which nobody has there; the VPC reaches the private endpoint in any case, so name the address that the internet sees.`,
        ),
        rule(
          `var.ip_family == "ipv6" || !anytrue([for c in var.endpoint_access_cidrs : try(strcontains(c, ":"), false)])`,
          'endpoint_access_cidrs can have IPv6 ranges only with ip_family = "ipv6", got ${join(", ", [for c in var.endpoint_access_cidrs : c if try(strcontains(c, ":"), false)])}; name IPv4 ranges.',
        ),
      ],
    });

    this.endpointOpenToTheInternet = declare("endpoint_open_to_the_internet", {
      type: VariableType.BOOL,
      nullable: false,
      default: false,
      description: "Says by name that endpoint_access_cidrs may hold ranges as wide as 0.0.0.0/0.",
    });

    this.securityGroupRules = declare("security_group_rules", {
      type: VariableType.STRING,
      nullable: false,
      default: "workshop",
      description:
        "Who may talk to whom: workshop (everybody in the VPC to the control plane, the control plane to all of the " +
        "nodes' ports) or minimal (nodes and bastion to the control plane; the control plane to what Kubernetes needs of the " +
        "nodes' ports). Nodes talk to each other on all ports with both; between pods a NetworkPolicy decides.",
      validation: [oneOf("security_group_rules", ["workshop", "minimal"])],
    });

    this.serviceCidr = declare("service_cidr", {
      type: VariableType.STRING,
      nullable: true,
      default: Token.nullValue(),
      description:
        "IPv4 range of the addresses of Kubernetes services, outside the VPC; not set: EKS chooses 10.100.0.0/16 or " +
        "172.20.0.0/16. Another one replaces the cluster.",
      validation: [
        rule(
          `var.service_cidr == null ? true : ${isCanonicalCidr("var.service_cidr")}`,
          `service_cidr must be an address range without host bits, got "\${coalesce(var.service_cidr, "nothing")}"; write \${${canonicalCidr("var.service_cidr", "10.100.0.0/16")}}.`,
        ),
        rule(
          // https://docs.aws.amazon.com/eks/latest/APIReference/API_KubernetesNetworkConfigRequest.html
          `var.service_cidr == null ? true : try(${prefixLength("var.service_cidr")} >= 12 && ${prefixLength("var.service_cidr")} <= 24, true) && (${isServiceRange("var.service_cidr")} || !${isCanonicalCidr("var.service_cidr")})`,
          'service_cidr must be from /12 to /24 and lie in 10.0.0.0/8, 172.16.0.0/12 or 192.168.0.0/16, got "${coalesce(var.service_cidr, "nothing")}".',
        ),
        rule(
          `var.service_cidr == null || var.ip_family != "ipv6"`,
          'service_cidr is an IPv4 range, got "${coalesce(var.service_cidr, "nothing")}" with ip_family = "ipv6", where EKS chooses the services\' range itself; leave it out.',
        ),
        rule(
          `var.service_cidr == null || var.vpc_id != null ? true : length(${overlapsWithVpc()}) == 0`,
          `service_cidr must not overlap with the VPC, got \${join("; ", ${overlapsWithVpc()})}.`,
        ),
      ],
    });

    this.clusterLogTypes = declare("cluster_log_types", {
      type: VariableType.list(VariableType.STRING),
      nullable: false,
      default: [],
      description:
        "Logs of the control plane to keep in CloudWatch, such as audit and authenticator; they cost by the GiB.",
      validation: [
        rule(
          `alltrue([for t in var.cluster_log_types : try(contains(${JSON.stringify(LOG_TYPES)}, t), false)])`,
          `cluster_log_types must be of ${LOG_TYPES.join(", ")}, got \${join(", ", [for t in var.cluster_log_types : jsonencode(t) if !try(contains(${JSON.stringify(LOG_TYPES)}, t), false)])}.`,
        ),
        rule(
          `length(distinct(var.cluster_log_types)) == length(var.cluster_log_types)`,
          `cluster_log_types must name every log once, got more than once: \${join(", ", ${repeated("var.cluster_log_types")})}.`,
        ),
      ],
    });

    this.clusterLogRetentionDays = declare("cluster_log_retention_days", {
      type: VariableType.NUMBER,
      nullable: false,
      default: 90,
      description: "How long CloudWatch keeps the control plane's logs, in days; 0: for ever.",
      validation: [
        rule(
          `contains(${JSON.stringify(RETENTION_DAYS)}, var.cluster_log_retention_days)`,
          `cluster_log_retention_days must be one of ${RETENTION_DAYS.join(", ")} (0: for ever), because CloudWatch has no other, got \${var.cluster_log_retention_days}.`,
        ),
      ],
    });

    this.secretsEncryption = declare("secrets_encryption", {
      type: KEY,
      nullable: true,
      default: Token.nullValue(),
      description:
        "KMS key for the cluster's secrets: {} makes one that rotates, { kms_key_arn } takes one. EKS never takes it off " +
        "again: to leave it out replaces the cluster, and without the key the cluster is lost.",
      validation: keyRules("secrets_encryption"),
    });

    this.volumeEncryption = declare("volume_encryption", {
      type: KEY,
      nullable: true,
      default: Token.nullValue(),
      description:
        "KMS key for the volumes of the nodes and the bastion, instead of AWS' own aws/ebs: {} makes one that rotates, " +
        "{ kms_key_arn } takes one, whose policy has to let AWSServiceRoleForAutoScaling use it. Another key replaces the bastion.",
      validation: [
        ...keyRules("volume_encryption"),
        rule(
          `var.volume_encryption == null || length(${LAUNCHED_BY_CONFIGURATION}) == 0`,
          `volume_encryption needs launch templates, because a launch configuration cannot name a key, got \${join(", ", ${LAUNCHED_BY_CONFIGURATION})} = "configuration"; write "template" there.`,
        ),
      ],
    });

    this.upgradePolicy = declare("upgrade_policy", {
      type: VariableType.STRING,
      nullable: true,
      default: Token.nullValue(),
      description:
        "What EKS does at the end of a version's standard support: STANDARD upgrades the control plane by itself, EXTENDED " +
        "(its default) costs more for each hour.",
      validation: [oneOf("upgrade_policy", ["STANDARD", "EXTENDED"], "nothing")],
    });
  }
}

/** What says that nodes are launched from a launch configuration. */
const LAUNCHED_BY_CONFIGURATION =
  '(length(var.node_groups) == 0 ? [for launch in [var.eks_worker_node_launch] : "eks_worker_node_launch" if launch == "configuration"] : [for name, g in var.node_groups : "node_groups.${name}.launch" if try(g.launch == "configuration", false)])';

/** A KMS key that is given, or one that is made. */
const KEY = VariableType.object({
  kms_key_arn: optional("string"),
  rotation_days: optional("number", 365),
  deletion_window_days: optional("number", 30),
});

/** What holds for the settings of a key. @see https://docs.aws.amazon.com/kms/latest/developerguide/rotating-keys-enable-disable.html */
function keyRules(name: "secrets_encryption" | "volume_encryption") {
  const key = `var.${name}`;
  const days = (field: string, least: number, most: number) =>
    rule(
      `${key} == null ? true : try(floor(${key}.${field}) == ${key}.${field} && ${key}.${field} >= ${String(least)} && ${key}.${field} <= ${String(most)}, false)`,
      `${name}.${field} must be a whole number of days from ${String(least)} to ${String(most)}, got \${try(jsonencode(${key}.${field}), "nothing")}.`,
    );
  const arn = String.raw`^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[0-9a-zA-Z-]+$`;
  return [
    rule(
      `try(${key}.kms_key_arn, null) == null ? true : can(regex("${arn}", ${key}.kms_key_arn))`,
      `${name}.kms_key_arn must be the ARN of a KMS key, arn:aws:kms:REGION:ACCOUNT:key/ID (no alias: that of another key later would change nothing), got "\${try(coalesce(${key}.kms_key_arn, "nothing"), "nothing")}"; \`aws kms describe-key --key-id alias/NAME\` shows it.`,
    ),
    rule(
      `try(${key}.kms_key_arn, null) == null ? true : try(split(":", ${key}.kms_key_arn)[3] == var.aws_region, true)`,
      `${name}.kms_key_arn must be a key of the region \${var.aws_region}, got "\${try(coalesce(${key}.kms_key_arn, "nothing"), "nothing")}".`,
    ),
    days("rotation_days", 90, 2560),
    days("deletion_window_days", 7, 30),
  ];
}

/** Ranges that nobody has in the internet: those of private networks, of the machine itself, of one link, of many. */
function isPrivate(cidr: string): string {
  return String.raw`can(regex("^(10|127|22[4-9]|2[3-5][0-9])\\.|^192\\.168\\.|^172\\.(1[6-9]|2[0-9]|3[01])\\.|^169\\.254\\.", ${cidr}))`;
}

function isServiceRange(cidr: string): string {
  return String.raw`can(regex("^10\\.|^192\\.168\\.|^172\\.(1[6-9]|2[0-9]|3[01])\\.", ${cidr}))`;
}

function overlapsWithVpc(): string {
  const vpc = `[for c in concat([var.vpc_cidr_block], var.vpc_secondary_cidr_blocks) : { name = "the VPC", cidr = c }]`;
  return overlaps(`concat([{ name = "service_cidr", cidr = var.service_cidr }], ${vpc})`);
}
