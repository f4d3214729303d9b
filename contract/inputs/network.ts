import { ENDPOINT_SERVICES } from "../../facts/endpoint-services";
import { distinct, matches, matching, repeated, type Condition } from "./condition";
import { inputs, listOf, object, oneOf, text, number, type Rule } from "./description";
import { HEXADECIMAL, MINOR, RETENTION, TAG_CHARACTERS } from "./kinds";
import { isWithin, overlaps, partOf256, vpcNetwork } from "./ranges";
import { rule } from "./rule";

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

const isTag = matches(`^${TAG_CHARACTERS}{1,127}$`);

/** A list of subnets of an own VPC. */
function subnets(options: {
  readonly default: readonly { readonly az: string; readonly cidr: string; readonly name: string }[];
  readonly says: string;
  readonly rules: readonly Rule[];
}) {
  return listOf(object({ az: text(), cidr: text(), name: text() }), options);
}

/** The VPC and its subnets, and what belongs to them. */
export const network = inputs({
  vpc_name: text({
    default: null,
    says: 'Name of the VPC and first part of its parts\' names; "PROJECT_NAME_vpc" when not set.',
    conditions: [
      {
        must: () =>
          'have 1 to 127 letters, digits, spaces or characters of _.:/=+@- (no space at either end, no "aws:" in front), ' +
          "because it is the value of a tag",
        holds: (name) => isTag.holds(name) && name.trim() === name && !name.startsWith("aws:"),
        hcl: (it) => `${isTag.hcl(it)} && trimspace(${it}) == ${it} && !startswith(${it}, "aws:")`,
      },
    ],
  }),

  vpc_cidr_block: text({
    default: WORKSHOP.vpcCidrBlock,
    says: "IPv4 address range of the VPC, /16 to /28.",
    conditions: [vpcNetwork("172.16.0.0/16")],
  }),

  vpc_public_subnets: subnets({
    default: WORKSHOP.subnets("public", 0),
    says:
      "Subnets with a route to the internet, by name. The first holds the NAT gateway and the bastion: another " +
      "first one replaces both.",
    rules: subnetRules("vpc_public_subnets"),
  }),

  vpc_private_subnets: subnets({
    default: WORKSHOP.subnets("private", 10),
    says:
      "Subnets behind the NAT gateway, by name: the control plane's network interfaces and the nodes. A cluster " +
      "keeps the zones it was made with; a subnet with another range or zone needs another name and a free range.",
    rules: [
      ...subnetRules("vpc_private_subnets"),
      ownRule(
        `length(${overlapsAcross()}) == 0`,
        `vpc_private_subnets and vpc_public_subnets must not overlap, got \${join("; ", ${overlapsAcross()})}.`,
      ),
      ownRule(
        `var.ip_family == "ipv6" ? length(${sharedParts()}) == 0 : true`,
        `vpc_private_subnets and vpc_public_subnets must each begin in another 256th part of vpc_cidr_block with
         ip_family = "ipv6", because a subnet's IPv6 range is numbered by it, got in one:
         \${join("; ", ${sharedParts()})}; make them larger or move them apart.`,
      ),
    ],
  }),

  vpc_id: text({
    default: null,
    says:
      "Id of an existing VPC to use instead of an own one, with public_subnet_ids and private_subnet_ids; nothing " +
      "about it is changed. What vpc_name, vpc_cidr_block and the vpc_..._subnets say does not count then.",
    conditions: [
      matching(
        `^vpc-${HEXADECIMAL}$`,
        'the id of a VPC, "vpc-" and 8 or 17 hexadecimal digits',
        "`aws ec2 describe-vpcs` shows the ids",
      ),
    ],
  }),

  public_subnet_ids: listOf(text({ conditions: [isSubnetId()] }), {
    default: [],
    says: "Subnets of vpc_id with a route to an internet gateway. The bastion stands in the first.",
    many: 'ids of subnets, "subnet-" and 8 or 17 hexadecimal digits',
    conditions: [distinct("subnet")],
    rules: subnetIdRules("public_subnet_ids", "one, for the bastion", 1),
  }),

  private_subnet_ids: listOf(text({ conditions: [isSubnetId()] }), {
    default: [],
    says:
      "Subnets of vpc_id without a route to an internet gateway, in at least two zones: the control plane's network " +
      "interfaces and the nodes.",
    many: 'ids of subnets, "subnet-" and 8 or 17 hexadecimal digits',
    conditions: [distinct("subnet")],
    rules: [
      ...subnetIdRules("private_subnet_ids", "two, in two zones", 2),
      rule(
        "length([for id in var.private_subnet_ids : id if contains(var.public_subnet_ids, id)]) == 0",
        `private_subnet_ids and public_subnet_ids must not name the same subnet, got in both:
         \${join(", ", [for id in var.private_subnet_ids : coalesce(id, "null") if contains(var.public_subnet_ids, id)])};
         a subnet with a route to an internet gateway is a public one.`,
      ),
    ],
  }),

  nat_gateway: oneOf(["single", "none", "per_zone"], {
    default: "single",
    says:
      "How private subnets reach the internet: single (one NAT gateway, in the first public subnet), per_zone (one in " +
      "each zone, so that a zone that fails takes no other along) or none (vpc_endpoints instead).",
    rules: [
      rule(
        'var.vpc_id == null ? true : var.nat_gateway == "single"',
        `nat_gateway cannot be set with vpc_id, because the routes of an existing VPC are its owner's, got
         "\${var.nat_gateway}"; leave it out.`,
      ),
      rule(
        `var.nat_gateway == "per_zone" && var.vpc_id == null ? length(${zonesWithoutPublic()}) == 0 : true`,
        `nat_gateway = "per_zone" needs a public subnet in every zone of vpc_private_subnets, got none in
         \${join(", ", ${zonesWithoutPublic()})}; add one to vpc_public_subnets, or set nat_gateway = "single".`,
      ),
    ],
  }),

  vpc_endpoints: listOf(oneOf(ENDPOINT_SERVICES), {
    default: [],
    says:
      'AWS services that are reached inside the VPC, such as ["s3", "ec2", "ecr.api", "ecr.dkr", "sts"]: s3 and ' +
      "dynamodb by a route, which costs nothing, all others by network interfaces, which do.",
    many: `names out of ${ENDPOINT_SERVICES.join(", ")} (a name is the end of the service's own, com.amazonaws.REGION.NAME)`,
    conditions: [distinct("service")],
  }),

  vpc_secondary_cidr_blocks: listOf(text({ conditions: [vpcNetwork("100.64.0.0/16")] }), {
    default: [],
    says:
      'More IPv4 address ranges of the VPC, /16 to /28, such as ["100.64.0.0/16"], for vpc_pod_subnets. AWS takes ' +
      "100.64.0.0/10, public ranges, and those of the private block that vpc_cidr_block is of. EKS takes up to five hours " +
      "to notice one that a cluster's VPC gets later: until then the control plane does not reach pods there.",
    many: "IPv4 ranges from /16 to /28 without host bits",
    rules: secondaryRangeRules(),
  }),

  vpc_pod_subnets: subnets({
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
        "A record of the connections in the VPC, in CloudWatch: {} keeps all for 30 days; traffic_type is ALL, ACCEPT or " +
        "REJECT. CloudWatch bills what is written.",
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
      "Id of an existing private Route 53 zone that gets the record kubectl.ZONE. An own VPC is associated with it; an " +
      "existing VPC has to be already.",
    conditions: [
      matching(
        "^Z[0-9A-Z]{1,31}$",
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
 * Names of the inputs about an own VPC that tfvars set although there is an existing one: a list, in Terraform's language.
 */
export function setInVain(): string {
  const { vpc_name, vpc_cidr_block, vpc_public_subnets, vpc_private_subnets } = network;
  const names = Object.entries({ vpc_name, vpc_cidr_block, vpc_public_subnets, vpc_private_subnets }).map(
    ([name, { default: otherwise }]) =>
      `jsonencode(var.${name}) == jsonencode(${JSON.stringify(otherwise)}) ? [] : ["${name}"]`,
  );
  return `var.vpc_id == null ? [] : concat(${names.join(", ")})`;
}

function isSubnetId(): Condition<string> {
  return matching(
    `^subnet-${HEXADECIMAL}$`,
    'the id of a subnet, "subnet-" and 8 or 17 hexadecimal digits',
    "`aws ec2 describe-subnets` shows the ids",
  );
}

function isZoneName(): Condition<string> {
  const label = "[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?";
  const isName = matches(String.raw`^(${label}\.)*${label}$`);
  return {
    must: "a DNS name in lower case without a dot at its end, such as eks.internal, at most 247 characters",
    holds: (name) => isName.holds(name) && name.length <= 247,
    hcl: (it) => `${isName.hcl(it)} && length(${it}) <= 247`,
  };
}

function overlapsAcross(): string {
  return overlaps("concat(var.vpc_public_subnets, var.vpc_private_subnets)");
}

/** A rule about an own VPC: with an existing one it has nothing to say. */
function ownRule(condition: string, message: string): Rule {
  return rule(`var.vpc_id != null ? true : (${condition})`, message);
}

function noneBesideVpcId(name: string, because: string): Rule {
  return rule(
    `var.vpc_id == null ? true : length(var.${name}) == 0`,
    `${name} cannot be set with vpc_id, because an existing VPC is not changed: ${because}, got \${length(var.${name})};
     leave it out.`,
  );
}

/** Zones with private subnets and no public one. */
function zonesWithoutPublic(): string {
  return `[for az in distinct(var.vpc_private_subnets[*].az) : az if !contains(var.vpc_public_subnets[*].az, az)]`;
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
    rule(
      `length(${overlaps(all)}) == 0`,
      `vpc_secondary_cidr_blocks must overlap neither each other nor vpc_cidr_block, got
       \${join("; ", ${overlaps(all)})}.`,
    ),
    rule(
      `length(${notAllowed}) == 0`,
      `vpc_secondary_cidr_blocks must be ranges that AWS takes beside vpc_cidr_block \${var.vpc_cidr_block}, got
       \${join(", ", ${notAllowed})}; take one out of 100.64.0.0/10, or out of the private block that vpc_cidr_block is
       of (never 172.31.0.0/16, nor 10.0.0.0/16 beside another one of 10.0.0.0/15).`,
    ),
  ];
}

/**
 * Whether AWS takes the range `cidr` into a VPC that was made with `primary` and has the ranges `others`; true when one of
 * them is no range.
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

function subnetIdRules(
  name: "public_subnet_ids" | "private_subnet_ids",
  atLeast: string,
  least: number,
): readonly Rule[] {
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

/** The subnets of a list `list` for which `holds` is not true, each as `NAME (VALUE)`. */
function offending(list: string, holds: string, value: string): string {
  const shown = `"\${coalesce(s.name, "without a name")} (\${coalesce(s.${value}, "nothing")})"`;
  return `\${join(", ", [for s in ${list} : ${shown} if !(${holds})])}`;
}

/** Rows that are null have a rule of their own; the others would break on them. */
function rowsOf(name: string): string {
  return `[for s in var.${name} : s if s != null]`;
}

/** What holds for the subnets for pods. */
function podSubnetRules(): readonly Rule[] {
  const list = rowsOf("vpc_pod_subnets");
  const all = `concat(var.vpc_public_subnets, var.vpc_private_subnets, ${list})`;
  const ranges = "concat([var.vpc_cidr_block], var.vpc_secondary_cidr_blocks)";
  const withinHolds = `anytrue([for c in ${ranges} : ${isWithin("s.cidr", "c")}])`;
  const zoneHolds = "try(contains(var.vpc_private_subnets[*].az, s.az), false)";
  return [
    noneBesideVpcId(
      "vpc_pod_subnets",
      "its subnets are its owner's, who tags those for pods with kubernetes.io/role/cni = 1",
    ),
    rule(
      'var.ip_family == "ipv6" ? length(var.vpc_pod_subnets) == 0 : true',
      `vpc_pod_subnets are for IPv4 addresses, and with ip_family = "ipv6" pods have IPv6 ones of their node's subnet, got
       \${length(var.vpc_pod_subnets)} subnet(s); leave them out.`,
    ),
    ...nameAndRangeRules("vpc_pod_subnets"),
    rule(
      `alltrue([for s in ${list} : ${withinHolds}])`,
      `vpc_pod_subnets must lie inside vpc_cidr_block or vpc_secondary_cidr_blocks
       (\${join(", ", [for c in ${ranges} : coalesce(c, "null")])}), got ${offending(list, withinHolds, "cidr")}.`,
    ),
    rule(
      `length(${overlaps(all)}) == 0`,
      `vpc_pod_subnets must not overlap each other nor other subnets, got \${join("; ", ${overlaps(all)})}.`,
    ),
    rule(
      `alltrue([for s in ${list} : ${zoneHolds}])`,
      `vpc_pod_subnets must stand in zones of vpc_private_subnets
       (\${join(", ", [for az in distinct(var.vpc_private_subnets[*].az) : coalesce(az, "null")])}), because a node's pods
       get addresses of its zone, got ${offending(list, zoneHolds, "az")}.`,
    ),
  ];
}

/** What holds for a list of subnets, public or private. */
function subnetRules(name: "vpc_public_subnets" | "vpc_private_subnets"): readonly Rule[] {
  const list = rowsOf(name);
  const all = (holds: string) => `alltrue([for s in ${list} : ${holds}])`;
  const withinHolds = isWithin("s.cidr", "var.vpc_cidr_block");
  const zoneHolds = 'can(regex("^${var.aws_region}[a-z]$", s.az))';
  return [
    ...nameAndRangeRules(name),
    ownRule(
      all(withinHolds),
      `${name} must lie inside vpc_cidr_block \${var.vpc_cidr_block}, got ${offending(list, withinHolds, "cidr")}.`,
    ),
    ownRule(`length(${overlaps(list)}) == 0`, `${name} must not overlap, got \${join("; ", ${overlaps(list)})}.`),
    ownRule(
      all(zoneHolds),
      `${name} must stand in zones of the region \${var.aws_region}, such as \${var.aws_region}a, got
       ${offending(list, zoneHolds, "az")}.`,
    ),
    ownRule(
      `length(distinct(${list}[*].az)) >= 2`,
      `${name} must stand in at least two zones, because EKS needs two, got \${length(${list})} subnet(s) in:
       \${join(", ", [for az in distinct(${list}[*].az) : coalesce(az, "none")])}.`,
    ),
  ];
}

/**
 * What holds for a list of subnets of an own VPC, whatever they are for. All of it is Terraform's to judge: with an existing
 * VPC nothing of it counts.
 */
function nameAndRangeRules(name: string): readonly Rule[] {
  const list = rowsOf(name);
  const all = (holds: string) => `alltrue([for s in ${list} : ${holds}])`;
  const nameHolds = `try(${matches(`^${TAG_CHARACTERS}{1,128}$`).hcl("s.name")}, false)`;
  const { hcl: isRange, got } = vpcNetwork("172.16.10.0/23");
  const cidrHolds = isRange("s.cidr");
  return [
    ownRule(
      all(nameHolds),
      `${name} must have names of 1 to 128 letters, digits, spaces or characters of _.:/=+@-, got
       \${join(", ", [for s in ${list} : jsonencode(s.name) if !(${nameHolds})])}.`,
    ),
    ownRule(
      `length(distinct(${list}[*].name)) == length(${list})`,
      `${name} must have a name of its own for each subnet, got more than once:
       \${join(", ", try(${repeated(`${list}[*].name`)}, []))}.`,
    ),
    ownRule(
      all(cidrHolds),
      `${name} must have IPv4 ranges from /16 to /28 without host bits, got
       \${join(", ", [for s in ${list} : "\${coalesce(s.name, "without a name")}: \${${got?.hcl("s.cidr") ?? "s.cidr"}}"
       if !(${cidrHolds})])}.`,
    ),
  ];
}
