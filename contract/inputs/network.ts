import { ENDPOINT_SERVICES } from "../../facts/endpoint-services";
import { allOf, atMost, distinct, matches, matching, not, startsWith, TRIMMED, type Condition } from "./condition";
import { inputs, listOf, object, oneOf, text, number } from "./description";
import { DNS_LABEL, HEXADECIMAL, MINOR, RETENTION, tagValue, ZONE_ID } from "./kinds";
import { isWithin, overlaps, partOf256, vpcNetwork } from "./ranges";
import { every, none, once, rule, unless, type Rule } from "./rule";

/** What the workshop's VPC is like. */
const WORKSHOP = {
  vpcCidrBlock: "172.16.0.0/16",
  subnets: (kind: string, first: number) =>
    ["a", "b", "c"].map((letter, i) => ({
      az: `ap-northeast-2${letter}`,
      cidr: `172.16.${String(first + 2 * i)}.0/23`,
      name: `${kind}-subnet-${letter}`,
    })),
};

/** A subnet of an own VPC. */
const subnet = object({ az: text(), cidr: text(), name: text() });

/** The id of a subnet of an existing VPC. */
const subnetId = text({ conditions: [anIdOf("subnet", "subnet", "`aws ec2 describe-subnets` shows the ids")] });
const SUBNET_IDS = {
  default: [],
  many: 'ids of subnets, "subnet-" and 8 or 17 hexadecimal digits',
  conditions: [distinct("subnet")],
};

const OVERLAPPING = overlaps("concat(var.vpc_public_subnets, var.vpc_private_subnets)");
/** Zones with private subnets and no public one. */
const WITHOUT_PUBLIC =
  "[for az in distinct(var.vpc_private_subnets[*].az) : az if !contains(var.vpc_public_subnets[*].az, az)]";
const IN_BOTH = '[for id in var.private_subnet_ids : coalesce(id, "null") if contains(var.public_subnet_ids, id)]';

/** Where the VPC is an existing one. */
const EXISTING = "var.vpc_id != null";

/** The VPC and its subnets, and what belongs to them. */
export const network = inputs({
  vpc_name: text({
    default: null,
    says: 'Name of the VPC and first part of its parts\' names; "PROJECT_NAME_vpc" when not set.',
    conditions: [
      {
        must: () =>
          'have 1 to 127 letters, digits, spaces or characters of _.:/=+@- (no space at either end, no "aws:" in ' +
          "front), because it is the value of a tag",
        ...allOf(tagValue(127), TRIMMED, not(startsWith("aws:"))),
      },
    ],
  }),

  vpc_cidr_block: text({
    default: WORKSHOP.vpcCidrBlock,
    says: "IPv4 address range of the VPC, /16 to /28.",
    conditions: [vpcNetwork("172.16.0.0/16")],
  }),

  vpc_public_subnets: listOf(subnet, {
    default: WORKSHOP.subnets("public", 0),
    says:
      "Subnets with a route to the internet, by name. The first holds the NAT gateway and the bastion: another " +
      "first one replaces both.",
    rules: subnetRules("vpc_public_subnets"),
  }),

  vpc_private_subnets: listOf(subnet, {
    default: WORKSHOP.subnets("private", 10),
    says:
      "Subnets behind the NAT gateway, by name: the control plane's network interfaces and the nodes. A cluster " +
      "keeps the zones it was made with; a subnet with another range or zone needs another name and a free range.",
    rules: [
      ...subnetRules("vpc_private_subnets"),
      ...unless(EXISTING, [
        none(
          OVERLAPPING,
          (found) => `vpc_private_subnets and vpc_public_subnets must not overlap, got ${found}.`,
          "; ",
        ),
      ]),
      ...unless(`${EXISTING} || var.ip_family != "ipv6"`, [
        none(
          sharedParts(),
          (found) =>
            `vpc_private_subnets and vpc_public_subnets must each begin in another 256th part of vpc_cidr_block with
             ip_family = "ipv6", because a subnet's IPv6 range is numbered by it, got in one:
             ${found}; make them larger or move them apart.`,
          "; ",
        ),
      ]),
    ],
  }),

  vpc_id: text({
    default: null,
    says:
      "Id of an existing VPC to use instead of an own one, with public_subnet_ids and private_subnet_ids; nothing " +
      "about it is changed. What vpc_name, vpc_cidr_block and the vpc_..._subnets say does not count then.",
    conditions: [anIdOf("VPC", "vpc", "`aws ec2 describe-vpcs` shows the ids")],
  }),

  public_subnet_ids: listOf(subnetId, {
    ...SUBNET_IDS,
    says: "Subnets of vpc_id with a route to an internet gateway. The bastion stands in the first.",
    rules: subnetIdRules("public_subnet_ids", "one, for the bastion", 1),
  }),

  private_subnet_ids: listOf(subnetId, {
    ...SUBNET_IDS,
    says:
      "Subnets of vpc_id without a route to an internet gateway, in at least two zones: the control plane's network " +
      "interfaces and the nodes.",
    rules: [
      ...subnetIdRules("private_subnet_ids", "two, in two zones", 2),
      none(
        IN_BOTH,
        (found) =>
          `private_subnet_ids and public_subnet_ids must not name the same subnet, got in both: ${found}; a subnet with
           a route to an internet gateway is a public one.`,
      ),
    ],
  }),

  nat_gateway: oneOf(["single", "none", "per_zone"], {
    default: "single",
    says:
      "How private subnets reach the internet: single (one NAT gateway, in the first public subnet), per_zone (one " +
      "in each zone, so that a zone that fails takes no other along) or none (vpc_endpoints instead).",
    rules: [
      rule(
        'var.vpc_id == null ? true : var.nat_gateway == "single"',
        `nat_gateway cannot be set with vpc_id, because the routes of an existing VPC are its owner's, got
         "\${var.nat_gateway}"; leave it out.`,
      ),
      ...unless(`var.nat_gateway != "per_zone" || ${EXISTING}`, [
        none(
          WITHOUT_PUBLIC,
          (found) =>
            `nat_gateway = "per_zone" needs a public subnet in every zone of vpc_private_subnets, got none in ${found};
             add one to vpc_public_subnets, or set nat_gateway = "single".`,
        ),
      ]),
    ],
  }),

  vpc_endpoints: listOf(oneOf(ENDPOINT_SERVICES), {
    default: [],
    says:
      'AWS services that are reached inside the VPC, such as ["s3", "ec2", "ecr.api", "ecr.dkr", "sts"]: s3 and ' +
      "dynamodb by a route, which costs nothing, all others by network interfaces, which do.",
    many:
      `names out of ${ENDPOINT_SERVICES.join(", ")} (a name is the end of the service's own, ` +
      "com.amazonaws.REGION.NAME)",
    conditions: [distinct("service")],
  }),

  vpc_secondary_cidr_blocks: listOf(text({ conditions: [vpcNetwork("100.64.0.0/16")] }), {
    default: [],
    says:
      'More IPv4 address ranges of the VPC, /16 to /28, such as ["100.64.0.0/16"], for vpc_pod_subnets. AWS takes ' +
      "100.64.0.0/10, public ranges, and those of the private block that vpc_cidr_block is of. EKS takes up to five " +
      "hours to notice one that a cluster's VPC gets later: until then the control plane does not reach pods there.",
    many: "IPv4 ranges from /16 to /28 without host bits",
    rules: secondaryRangeRules(),
  }),

  vpc_pod_subnets: listOf(subnet, {
    default: [],
    says:
      "Subnets for nothing but pods' addresses, by name, beside the private subnets of their zone: the CNI (1.18 or " +
      "newer) finds them by their tag. They lie inside vpc_cidr_block or vpc_secondary_cidr_blocks.",
    rules: podSubnetRules(),
  }),

  ip_family: oneOf(["ipv4", "ipv6"], {
    default: "ipv4",
    says:
      "Which addresses pods and services get: ipv4 or ipv6. A cluster keeps the family that it was made with: " +
      "another one replaces it. With ipv6 the VPC and its subnets have both.",
    rules: [
      rule(
        // https://docs.aws.amazon.com/eks/latest/userguide/cni-ipv6.html
        `var.ip_family != "ipv6" || try(${MINOR} >= 21, true)`,
        'ip_family = "ipv6" needs Kubernetes 1.21, got eks_version ${var.eks_version}; `eks pin` finds a newer one.',
      ),
    ],
  }),

  flow_logs: object(
    {
      retention_days: number({
        default: 30,
        says: "Days that CloudWatch keeps them; 0 is for ever.",
        conditions: [RETENTION],
      }),
      traffic_type: oneOf(["ALL", "ACCEPT", "REJECT"], { default: "ALL", says: "Which connections." }),
    },
    {
      default: null,
      says:
        "A record of the connections in the VPC, in CloudWatch: {} keeps all for 30 days; traffic_type is ALL, " +
        "ACCEPT or REJECT. CloudWatch bills what is written.",
    },
  ),

  private_dns_zone: text({
    default: null,
    says: "Name of a private Route 53 zone that is made for the VPC, with the record kubectl.ZONE: the bastion.",
    conditions: [isZoneName()],
  }),

  private_dns_zone_id: text({
    default: null,
    says:
      "Id of an existing private Route 53 zone that gets the record kubectl.ZONE. An own VPC is associated with it; " +
      "an existing VPC has to be already.",
    conditions: [
      matching(
        ZONE_ID,
        'the id of a zone, "Z" and capital letters and digits',
        "`aws route53 list-hosted-zones` shows the ids, after /hostedzone/",
      ),
    ],
    rules: [
      rule(
        "var.private_dns_zone_id == null || var.private_dns_zone == null",
        `private_dns_zone_id is for a zone that exists and private_dns_zone for one that is made, got both
         ("\${coalesce(var.private_dns_zone_id, "nothing")}" and "\${coalesce(var.private_dns_zone, "nothing")}");
         leave one out.`,
      ),
    ],
  }),
});

/**
 * Names of the inputs about an own VPC that tfvars set although there is an existing one: a list, in Terraform's
 * language.
 */
export function setInVain(): string {
  const { vpc_name, vpc_cidr_block, vpc_public_subnets, vpc_private_subnets } = network;
  const names = Object.entries({ vpc_name, vpc_cidr_block, vpc_public_subnets, vpc_private_subnets }).map(
    ([name, { default: otherwise }]) =>
      `jsonencode(var.${name}) == jsonencode(${JSON.stringify(otherwise)}) ? [] : ["${name}"]`,
  );
  return `var.vpc_id == null ? [] : concat(${names.join(", ")})`;
}

function anIdOf(what: string, prefix: string, cure: string): Condition<string> {
  return matching(
    `^${prefix}-${HEXADECIMAL}$`,
    `the id of a ${what}, "${prefix}-" and 8 or 17 hexadecimal digits`,
    cure,
  );
}

function isZoneName(): Condition<string> {
  return {
    must: "a DNS name in lower case without a dot at its end, such as eks.internal, at most 247 characters",
    ...allOf(matches(String.raw`^(${DNS_LABEL}\.)*${DNS_LABEL}$`), atMost(247)),
  };
}

function noneBesideVpcId(name: string, because: string): Rule {
  return rule(
    `var.vpc_id == null ? true : length(var.${name}) == 0`,
    `${name} cannot be set with vpc_id, because an existing VPC is not changed: ${because}, got \${length(var.${name})};
     leave it out.`,
  );
}

/** The subnets that begin in the same 256th part of the VPC, as texts; none when a range is malformed. */
function sharedParts(): string {
  const part = partOf256("s.cidr", "var.vpc_cidr_block");
  const parts = `{ for s in concat(var.vpc_public_subnets, var.vpc_private_subnets) : ${part} => s.name... }`;
  return `try([for names in values(${parts}) : join(", ", names) if length(names) > 1], [])`;
}

function secondaryRangeRules(): readonly Rule[] {
  const secondary = "[for c in var.vpc_secondary_cidr_blocks : c if c != null]";
  const notAllowed = `[for c in ${secondary} : c if !(${isAllowedBeside("c", "var.vpc_cidr_block", secondary)})]`;
  const all = `concat(
    [{ name = "vpc_cidr_block", cidr = var.vpc_cidr_block }],
    [for c in ${secondary} : { name = "vpc_secondary_cidr_blocks", cidr = c }])`;
  return [
    noneBesideVpcId("vpc_secondary_cidr_blocks", "its ranges are its owner's"),
    none(
      overlaps(all),
      (found) => `vpc_secondary_cidr_blocks must overlap neither each other nor vpc_cidr_block, got ${found}.`,
      "; ",
    ),
    none(
      notAllowed,
      (found) =>
        `vpc_secondary_cidr_blocks must be ranges that AWS takes beside vpc_cidr_block \${var.vpc_cidr_block}, got
         ${found}; take one out of 100.64.0.0/10, or out of the private block that vpc_cidr_block is of (never
         172.31.0.0/16, nor 10.0.0.0/16 beside another one of 10.0.0.0/15).`,
    ),
  ];
}

/**
 * Whether AWS takes the range `cidr` into a VPC that was made with `primary` and has the ranges `others`; true when
 * one of them is no range.
 *
 * @see https://docs.aws.amazon.com/vpc/latest/userguide/vpc-cidr-blocks.html#add-cidr-block-restrictions
 */
function isAllowedBeside(cidr: string, primary: string, others: string): string {
  const blocks = JSON.stringify(["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "198.19.0.0/16"]);
  const isOf = (range: string, outer: string) => isWithin(range, `"${outer}"`);
  /** Which of the blocks with rules a range is of: its place; -1 when it is of none. */
  const block = (range: string) =>
    `one(concat(
      [for i, b in ${blocks} : i if ${isWithin(range, "b")}],
      [for b in [-1] : b if !anytrue([for b in ${blocks} : ${isWithin(range, "b")}])]))`;
  const besideTen = `anytrue([for o in concat([${primary}], ${others}) : ${isOf("o", "10.0.0.0/15")} if o != ${cidr}])`;
  const never = `${isOf(cidr, "172.31.0.0/16")} || (${isOf(cidr, "10.0.0.0/16")} && ${besideTen})`;
  return `try(${block(cidr)} == -1 || ${block(cidr)} == ${block(primary)} && !(${never}), true)`;
}

function subnetIdRules(name: string, atLeast: string, least: number): readonly Rule[] {
  return [
    rule(
      `var.vpc_id == null ? length(var.${name}) == 0 : true`,
      `${name} needs vpc_id, the VPC that the subnets are of, got \${length(var.${name})} subnet(s) and no vpc_id; set
       vpc_id, or leave ${name} out for an own VPC.`,
    ),
    rule(
      `var.vpc_id == null ? true : length(var.${name}) >= ${String(least)}`,
      `${name} must name subnets of vpc_id \${coalesce(var.vpc_id, "nothing")}, at least ${atLeast}, got
       \${length(var.${name})};
       \`aws ec2 describe-subnets --filters Name=vpc-id,Values=\${coalesce(var.vpc_id, "VPC_ID")}\` shows them.`,
    ),
  ];
}

/** Every subnet of a list keeps a condition; one that breaks it is shown as `NAME (VALUE)`. */
function everySubnet(list: string, holds: string, field: "az" | "cidr", message: (found: string) => string): Rule {
  const shown = `"\${coalesce(s.name, "without a name")} (\${coalesce(s.${field}, "nothing")})"`;
  return every(`s in ${list}`, holds, shown, message);
}

/** Rows that are null have a rule of their own; the others would break on them. */
function rowsOf(name: string): string {
  return `[for s in var.${name} : s if s != null]`;
}

/** What holds for the subnets for pods. */
function podSubnetRules(): readonly Rule[] {
  const list = rowsOf("vpc_pod_subnets");
  const ranges = "concat([var.vpc_cidr_block], var.vpc_secondary_cidr_blocks)";
  return [
    noneBesideVpcId(
      "vpc_pod_subnets",
      "its subnets are its owner's, who tags those for pods with kubernetes.io/role/cni = 1",
    ),
    rule(
      'var.ip_family == "ipv6" ? length(var.vpc_pod_subnets) == 0 : true',
      `vpc_pod_subnets are for IPv4 addresses, and with ip_family = "ipv6" pods have IPv6 ones of their node's subnet,
       got \${length(var.vpc_pod_subnets)} subnet(s); leave them out.`,
    ),
    ...unless(EXISTING, nameAndRangeRules("vpc_pod_subnets")),
    everySubnet(
      list,
      `anytrue([for c in ${ranges} : ${isWithin("s.cidr", "c")}])`,
      "cidr",
      (found) =>
        `vpc_pod_subnets must lie inside vpc_cidr_block or vpc_secondary_cidr_blocks
         (\${join(", ", [for c in ${ranges} : coalesce(c, "null")])}), got ${found}.`,
    ),
    none(
      overlaps(`concat(var.vpc_public_subnets, var.vpc_private_subnets, ${list})`),
      (found) => `vpc_pod_subnets must not overlap each other nor other subnets, got ${found}.`,
      "; ",
    ),
    everySubnet(
      list,
      "try(contains(var.vpc_private_subnets[*].az, s.az), false)",
      "az",
      (found) =>
        `vpc_pod_subnets must stand in zones of vpc_private_subnets
         (\${join(", ", [for az in distinct(var.vpc_private_subnets[*].az) : coalesce(az, "null")])}), because a node's
         pods get addresses of its zone, got ${found}.`,
    ),
  ];
}

/** What holds for a list of subnets of an own VPC, public or private. */
function subnetRules(name: string): readonly Rule[] {
  const list = rowsOf(name);
  return unless(EXISTING, [
    ...nameAndRangeRules(name),
    everySubnet(
      list,
      isWithin("s.cidr", "var.vpc_cidr_block"),
      "cidr",
      (found) => `${name} must lie inside vpc_cidr_block \${var.vpc_cidr_block}, got ${found}.`,
    ),
    none(overlaps(list), (found) => `${name} must not overlap, got ${found}.`, "; "),
    everySubnet(
      list,
      'can(regex("^${var.aws_region}[a-z]$", s.az))',
      "az",
      (found) =>
        `${name} must stand in zones of the region \${var.aws_region}, such as \${var.aws_region}a, got ${found}.`,
    ),
    rule(
      `length(distinct(${list}[*].az)) >= 2`,
      `${name} must stand in at least two zones, because EKS needs two, got \${length(${list})} subnet(s) in:
       \${join(", ", [for az in distinct(${list}[*].az) : coalesce(az, "none")])}.`,
    ),
  ]);
}

/** What holds for a list of subnets of an own VPC, whatever they are for. */
function nameAndRangeRules(name: string): readonly Rule[] {
  const list = rowsOf(name);
  const { hcl: isRange, got } = vpcNetwork("172.16.10.0/23");
  return [
    every(
      `s in ${list}`,
      `try(${tagValue(128).hcl("s.name")}, false)`,
      "jsonencode(s.name)",
      (found) => `${name} must have names of 1 to 128 letters, digits, spaces or characters of _.:/=+@-, got ${found}.`,
    ),
    once(
      `${list}[*].name`,
      (found) => `${name} must have a name of its own for each subnet, got more than once: ${found}.`,
    ),
    every(
      `s in ${list}`,
      isRange("s.cidr"),
      `"\${coalesce(s.name, "without a name")}: \${${got.hcl("s.cidr")}}"`,
      (found) => `${name} must have IPv4 ranges from /16 to /28 without host bits, got ${found}.`,
    ),
  ];
}
