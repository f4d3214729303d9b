import { type TerraformVariable, type TerraformVariableValidationConfig, Token, VariableType } from "cdktf";

import { ENDPOINT_SERVICES } from "../../facts/endpoint-services";
import { Expression, optional } from "../hcl/expression";
import { canonicalCidr, isVpcCidr, isWithin, overlaps, partOf256, repeated, rule } from "../hcl/ranges";
import type { Declare } from "./declare";
import { RETENTION_DAYS, TAG_VALUE } from "./rules";

const SUBNETS = VariableType.list(
  VariableType.object({ az: VariableType.STRING, cidr: VariableType.STRING, name: VariableType.STRING }),
);

/** What the workshop's VPC is like. */
const WORKSHOP = {
  vpcCidrBlock: "172.16.0.0/16",
  publicSubnets: [
    { az: "ap-northeast-2a", cidr: "172.16.0.0/23", name: "public-subnet-a" },
    { az: "ap-northeast-2b", cidr: "172.16.2.0/23", name: "public-subnet-b" },
    { az: "ap-northeast-2c", cidr: "172.16.4.0/23", name: "public-subnet-c" },
  ],
  privateSubnets: [
    { az: "ap-northeast-2a", cidr: "172.16.10.0/23", name: "private-subnet-a" },
    { az: "ap-northeast-2b", cidr: "172.16.12.0/23", name: "private-subnet-b" },
    { az: "ap-northeast-2c", cidr: "172.16.14.0/23", name: "private-subnet-c" },
  ],
};

/** The VPC and its subnets, and what belongs to them. */
export class NetworkVariables {
  readonly vpcName: TerraformVariable;
  readonly vpcCidrBlock: TerraformVariable;
  readonly vpcPublicSubnets: TerraformVariable;
  readonly vpcPrivateSubnets: TerraformVariable;
  readonly vpcId: TerraformVariable;
  readonly publicSubnetIds: TerraformVariable;
  readonly privateSubnetIds: TerraformVariable;
  readonly natGateway: TerraformVariable;
  readonly vpcEndpoints: TerraformVariable;
  readonly vpcSecondaryCidrBlocks: TerraformVariable;
  readonly vpcPodSubnets: TerraformVariable;
  readonly ipFamily: TerraformVariable;
  readonly flowLogs: TerraformVariable;
  readonly privateDnsZone: TerraformVariable;
  readonly privateDnsZoneId: TerraformVariable;

  constructor(declare: Declare) {
    this.vpcName = declare("vpc_name", {
      type: VariableType.STRING,
      nullable: true,
      default: Token.nullValue(),
      description: 'Name of the VPC and first part of its parts\' names; "PROJECT_NAME_vpc" when not set.',
      validation: [
        rule(
          `var.vpc_name == null ? true : can(regex("${TAG_VALUE}", var.vpc_name)) && length(var.vpc_name) <= 127 && trimspace(var.vpc_name) == var.vpc_name && !startswith(var.vpc_name, "aws:")`,
          'vpc_name must have 1 to 127 letters, digits, spaces or characters of _.:/=+@- (no space at either end, no "aws:" in front), because it is the value of a tag, got "${coalesce(var.vpc_name, "nothing")}".',
        ),
      ],
    });

    this.vpcCidrBlock = declare("vpc_cidr_block", {
      type: VariableType.STRING,
      nullable: false,
      default: WORKSHOP.vpcCidrBlock,
      description: "IPv4 address range of the VPC, /16 to /28.",
      validation: [
        rule(
          isVpcCidr("var.vpc_cidr_block"),
          `vpc_cidr_block must be an IPv4 range from /16 to /28 without host bits, got "\${var.vpc_cidr_block}"; write \${${canonicalCidr("var.vpc_cidr_block", "172.16.0.0/16")}}.`,
        ),
      ],
    });

    this.vpcPublicSubnets = declare("vpc_public_subnets", {
      type: SUBNETS,
      nullable: false,
      default: WORKSHOP.publicSubnets,
      description:
        "Subnets with a route to the internet, by name. The first holds the NAT gateway and the bastion: another " +
        "first one replaces both.",
      validation: subnetRules("vpc_public_subnets"),
    });

    this.vpcPrivateSubnets = declare("vpc_private_subnets", {
      type: SUBNETS,
      nullable: false,
      default: WORKSHOP.privateSubnets,
      description:
        "Subnets behind the NAT gateway, by name: the control plane's network interfaces and the nodes. A cluster " +
        "keeps the zones it was made with; a subnet with another range or zone needs another name and a free range.",
      validation: [
        ...subnetRules("vpc_private_subnets"),
        ownRule(
          `length(${overlapsAcross()}) == 0`,
          `vpc_private_subnets and vpc_public_subnets must not overlap, got \${join("; ", ${overlapsAcross()})}.`,
        ),
        ownRule(
          `var.ip_family == "ipv6" ? length(${sharedParts()}) == 0 : true`,
          `vpc_private_subnets and vpc_public_subnets must each begin in another 256th part of vpc_cidr_block with ip_family = "ipv6", because a subnet's IPv6 range is numbered by it, got in one: \${join("; ", ${sharedParts()})}; make them larger or move them apart.`,
        ),
      ],
    });

    this.vpcId = declare("vpc_id", {
      type: VariableType.STRING,
      nullable: true,
      default: Token.nullValue(),
      description:
        "Id of an existing VPC to use instead of an own one, with public_subnet_ids and private_subnet_ids; nothing " +
        "about it is changed. What vpc_name, vpc_cidr_block and the vpc_..._subnets say does not count then.",
      validation: [
        rule(
          `var.vpc_id == null ? true : can(regex("^vpc-([0-9a-f]{8}|[0-9a-f]{17})$", var.vpc_id))`,
          'vpc_id must be the id of a VPC, "vpc-" and 8 or 17 hexadecimal digits, got "${coalesce(var.vpc_id, "nothing")}"; `aws ec2 describe-vpcs` shows the ids.',
        ),
      ],
    });

    this.publicSubnetIds = declare("public_subnet_ids", {
      type: VariableType.list(VariableType.STRING),
      nullable: false,
      default: [],
      description: "Subnets of vpc_id with a route to an internet gateway. The bastion stands in the first.",
      validation: subnetIdRules("public_subnet_ids", "one, for the bastion", 1),
    });

    this.privateSubnetIds = declare("private_subnet_ids", {
      type: VariableType.list(VariableType.STRING),
      nullable: false,
      default: [],
      description:
        "Subnets of vpc_id without a route to an internet gateway, in at least two zones: the control plane's network " +
        "interfaces and the nodes.",
      validation: [
        ...subnetIdRules("private_subnet_ids", "two, in two zones", 2),
        rule(
          `length([for id in var.private_subnet_ids : id if contains(var.public_subnet_ids, id)]) == 0`,
          `private_subnet_ids and public_subnet_ids must not name the same subnet, got in both: \${join(", ", [for id in var.private_subnet_ids : coalesce(id, "null") if contains(var.public_subnet_ids, id)])}; a subnet with a route to an internet gateway is a public one.`,
        ),
      ],
    });

    this.natGateway = declare("nat_gateway", {
      type: VariableType.STRING,
      nullable: false,
      default: "single",
      description:
        "How private subnets reach the internet: single (one NAT gateway, in the first public subnet), per_zone (one in " +
        "each zone, so that a zone that fails takes no other along) or none (vpc_endpoints instead).",
      validation: [
        oneOf("nat_gateway", ["single", "none", "per_zone"]),
        rule(
          `var.vpc_id == null ? true : var.nat_gateway == "single"`,
          'nat_gateway cannot be set with vpc_id, because the routes of an existing VPC are its owner\'s, got "${var.nat_gateway}"; leave it out.',
        ),
        rule(
          `var.nat_gateway == "per_zone" && var.vpc_id == null ? length(${zonesWithoutPublic()}) == 0 : true`,
          `nat_gateway = "per_zone" needs a public subnet in every zone of vpc_private_subnets, got none in \${join(", ", ${zonesWithoutPublic()})}; add one to vpc_public_subnets, or set nat_gateway = "single".`,
        ),
      ],
    });

    const services = JSON.stringify(ENDPOINT_SERVICES);
    this.vpcEndpoints = declare("vpc_endpoints", {
      type: VariableType.list(VariableType.STRING),
      nullable: false,
      default: [],
      description:
        'AWS services that are reached inside the VPC, such as ["s3", "ec2", "ecr.api", "ecr.dkr", "sts"]: s3 and ' +
        "dynamodb by a route, which costs nothing, all others by network interfaces, which do.",
      validation: [
        rule(
          `alltrue([for s in var.vpc_endpoints : try(contains(${services}, s), false)])`,
          `vpc_endpoints must be names out of ${ENDPOINT_SERVICES.join(", ")}, got \${join(", ", [for s in var.vpc_endpoints : jsonencode(s) if !try(contains(${services}, s), false)])}; a name is the end of the service's own, com.amazonaws.REGION.NAME.`,
        ),
        rule(
          `length(distinct(var.vpc_endpoints)) == length(var.vpc_endpoints)`,
          `vpc_endpoints must name every service once, got more than once: \${join(", ", try(${repeated("var.vpc_endpoints")}, []))}.`,
        ),
      ],
    });

    const secondary = "[for c in var.vpc_secondary_cidr_blocks : c if c != null]";
    const notAllowed = `[for c in ${secondary} : c if !(${isAllowedBeside("c", "var.vpc_cidr_block", secondary)})]`;
    const all = `concat([{ name = "vpc_cidr_block", cidr = var.vpc_cidr_block }], [for c in ${secondary} : { name = "vpc_secondary_cidr_blocks", cidr = c }])`;
    this.vpcSecondaryCidrBlocks = declare("vpc_secondary_cidr_blocks", {
      type: VariableType.list(VariableType.STRING),
      nullable: false,
      default: [],
      description:
        'More IPv4 address ranges of the VPC, /16 to /28, such as ["100.64.0.0/16"], for vpc_pod_subnets. AWS takes ' +
        "100.64.0.0/10, public ranges, and those of the private block that vpc_cidr_block is of. EKS takes up to five hours " +
        "to notice one that a cluster's VPC gets later: until then the control plane does not reach pods there.",
      validation: [
        noneBesideVpcId("vpc_secondary_cidr_blocks", "its ranges are its owner's"),
        rule(
          `alltrue([for c in var.vpc_secondary_cidr_blocks : try(${isVpcCidr("c")}, false)])`,
          `vpc_secondary_cidr_blocks must be IPv4 ranges from /16 to /28 without host bits, got \${join(", ", [for c in var.vpc_secondary_cidr_blocks : "\${jsonencode(c)} (write \${${canonicalCidr("c", "100.64.0.0/16")}})" if !try(${isVpcCidr("c")}, false)])}.`,
        ),
        rule(
          `length(${overlaps(all)}) == 0`,
          `vpc_secondary_cidr_blocks must overlap neither each other nor vpc_cidr_block, got \${join("; ", ${overlaps(all)})}.`,
        ),
        rule(
          `length(${notAllowed}) == 0`,
          `vpc_secondary_cidr_blocks must be ranges that AWS takes beside vpc_cidr_block \${var.vpc_cidr_block}, got \${join(", ", ${notAllowed})}; take one out of 100.64.0.0/10, or out of the private block that vpc_cidr_block is of (never 172.31.0.0/16, nor 10.0.0.0/16 beside another one of 10.0.0.0/15).`,
        ),
      ],
    });

    this.vpcPodSubnets = declare("vpc_pod_subnets", {
      type: SUBNETS,
      nullable: false,
      default: [],
      description:
        "Subnets for nothing but pods' addresses, by name, beside the private subnets of their zone: the CNI (1.18 or " +
        "newer) finds them by their tag. They lie inside vpc_cidr_block or vpc_secondary_cidr_blocks.",
      validation: podSubnetRules(),
    });

    this.ipFamily = declare("ip_family", {
      type: VariableType.STRING,
      nullable: false,
      default: "ipv4",
      description:
        "Which addresses pods and services get: ipv4 or ipv6. A cluster keeps the family that it was made with: " +
        "another one replaces it. With ipv6 the VPC and its subnets have both.",
      validation: [
        oneOf("ip_family", ["ipv4", "ipv6"]),
        rule(
          // https://docs.aws.amazon.com/eks/latest/userguide/cni-ipv6.html
          `var.ip_family != "ipv6" || try(tonumber(split(".", var.eks_version)[1]) >= 21, true)`,
          'ip_family = "ipv6" needs Kubernetes 1.21, got eks_version ${var.eks_version}; `eks pin` finds a newer one.',
        ),
      ],
    });

    this.flowLogs = declare("flow_logs", {
      type: `object({ retention_days = ${optional("number", 30)}, traffic_type = ${optional("string", "ALL")} })`,
      nullable: true,
      default: Token.nullValue(),
      description:
        "A record of the connections in the VPC, in CloudWatch: {} keeps all for 30 days; traffic_type is ALL, ACCEPT or " +
        "REJECT. CloudWatch bills what is written.",
      validation: [
        rule(
          `var.flow_logs == null ? true : try(contains(${JSON.stringify(RETENTION_DAYS)}, var.flow_logs.retention_days), false)`,
          `flow_logs.retention_days must be a number of days that CloudWatch knows (${RETENTION_DAYS.join(", ")}; 0 is for ever), got \${try(var.flow_logs.retention_days, "nothing")}.`,
        ),
        rule(
          `var.flow_logs == null ? true : try(contains(["ALL", "ACCEPT", "REJECT"], var.flow_logs.traffic_type), false)`,
          'flow_logs.traffic_type must be ALL, ACCEPT or REJECT, got "${try(var.flow_logs.traffic_type, "nothing")}".',
        ),
      ],
    });

    this.privateDnsZone = declare("private_dns_zone", {
      type: VariableType.STRING,
      nullable: true,
      default: Token.nullValue(),
      description:
        "Name of a private Route 53 zone that is made for the VPC, with the record kubectl.ZONE: the bastion.",
      validation: [
        rule(
          String.raw`var.private_dns_zone == null ? true : can(regex("^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\\.)*[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$", var.private_dns_zone)) && length(var.private_dns_zone) <= 247`,
          'private_dns_zone must be a DNS name in lower case without a dot at its end, such as eks.internal, at most 247 characters, got "${coalesce(var.private_dns_zone, "nothing")}".',
        ),
      ],
    });

    this.privateDnsZoneId = declare("private_dns_zone_id", {
      type: VariableType.STRING,
      nullable: true,
      default: Token.nullValue(),
      description:
        "Id of an existing private Route 53 zone that gets the record kubectl.ZONE. An own VPC is associated with it; an " +
        "existing VPC has to be already.",
      validation: [
        rule(
          `var.private_dns_zone_id == null ? true : can(regex("^Z[0-9A-Z]{1,31}$", var.private_dns_zone_id))`,
          'private_dns_zone_id must be the id of a zone, "Z" and capital letters and digits, got "${coalesce(var.private_dns_zone_id, "nothing")}"; `aws route53 list-hosted-zones` shows the ids, after /hostedzone/.',
        ),
        rule(
          `var.private_dns_zone_id == null || var.private_dns_zone == null`,
          'private_dns_zone_id is for a zone that exists and private_dns_zone for one that is made, got both ("${coalesce(var.private_dns_zone_id, "nothing")}" and "${coalesce(var.private_dns_zone, "nothing")}"); leave one out.',
        ),
      ],
    });
  }
}

/** Names of the variables about an own VPC that a tfvars file sets although there is an existing one: a list. */
export function setInVain(): Expression {
  const settings: readonly (readonly [name: string, otherwise: unknown])[] = [
    ["vpc_name", null],
    ["vpc_cidr_block", WORKSHOP.vpcCidrBlock],
    ["vpc_public_subnets", WORKSHOP.publicSubnets],
    ["vpc_private_subnets", WORKSHOP.privateSubnets],
  ];
  const names = settings.map(
    ([name, otherwise]) => `jsonencode(var.${name}) == jsonencode(${JSON.stringify(otherwise)}) ? [] : ["${name}"]`,
  );
  return new Expression(`var.vpc_id == null ? [] : concat(${names.join(", ")})`);
}

function overlapsAcross(): string {
  return overlaps("concat(var.vpc_public_subnets, var.vpc_private_subnets)");
}

/** A rule about an own VPC: with an existing one there is nothing for it to say. */
function ownRule(condition: string, message: string): TerraformVariableValidationConfig {
  return rule(`var.vpc_id != null ? true : (${condition})`, message);
}

function noneBesideVpcId(name: string, because: string) {
  return rule(
    `var.vpc_id == null ? true : length(var.${name}) == 0`,
    `${name} cannot be set with vpc_id, because an existing VPC is not changed: ${because}, got \${length(var.${name})}; leave it out.`,
  );
}

/** A text that is one of these. */
function oneOf(name: string, values: readonly string[]) {
  return rule(
    `contains(${JSON.stringify(values)}, var.${name})`,
    `${name} must be ${values.slice(0, -1).join(", ")} or ${values.at(-1) ?? ""}, got "\${var.${name}}".`,
  );
}

/** Zones with private subnets and no public one. */
function zonesWithoutPublic(): string {
  return `[for az in distinct(var.vpc_private_subnets[*].az) : az if !contains(var.vpc_public_subnets[*].az, az)]`;
}

/** The subnets that begin in the same 256th part of the VPC, as texts; none when a range is malformed. */
function sharedParts(): string {
  const parts = `{ for s in concat(var.vpc_public_subnets, var.vpc_private_subnets) : ${partOf256("s.cidr", "var.vpc_cidr_block")} => s.name... }`;
  return `try([for names in values(${parts}) : join(", ", names) if length(names) > 1], [])`;
}

/**
 * Whether AWS takes the range `cidr` into a VPC that was made with `primary` and has the ranges `others`; true when one of
 * them is no range.
 *
 * @see https://docs.aws.amazon.com/vpc/latest/userguide/vpc-cidr-blocks.html#add-cidr-block-restrictions
 */
function isAllowedBeside(cidr: string, primary: string, others: string): string {
  const blocks = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "198.19.0.0/16"];
  /** Which of the blocks with rules a range is of: its place; -1 when it is of none. */
  const block = (range: string) =>
    `one(concat([for i, b in ${JSON.stringify(blocks)} : i if ${isWithin(range, "b")}], [for b in [-1] : b if !anytrue([for b in ${JSON.stringify(blocks)} : ${isWithin(range, "b")}])]))`;
  const isOf = (range: string, outer: string) => isWithin(range, `"${outer}"`);
  const never = `${isOf(cidr, "172.31.0.0/16")} || (${isOf(cidr, "10.0.0.0/16")} && anytrue([for o in concat([${primary}], ${others}) : ${isOf("o", "10.0.0.0/15")} if o != ${cidr}]))`;
  return `try(${block(cidr)} == -1 || ${block(cidr)} == ${block(primary)} && !(${never}), true)`;
}

function subnetIdRules(name: "public_subnet_ids" | "private_subnet_ids", atLeast: string, least: number) {
  const holds = `can(regex("^subnet-([0-9a-f]{8}|[0-9a-f]{17})$", id))`;
  return [
    rule(
      `alltrue([for id in var.${name} : ${holds}])`,
      `${name} must be ids of subnets, "subnet-" and 8 or 17 hexadecimal digits, got \${join(", ", [for id in var.${name} : jsonencode(id) if !${holds}])}; \`aws ec2 describe-subnets\` shows the ids.`,
    ),
    rule(
      `length(distinct(var.${name})) == length(var.${name})`,
      `${name} must name every subnet once, got more than once: \${join(", ", try(${repeated(`var.${name}`)}, []))}.`,
    ),
    rule(
      `var.vpc_id == null ? length(var.${name}) == 0 : true`,
      `${name} needs vpc_id, the VPC that the subnets are of, got \${length(var.${name})} subnet(s) and no vpc_id; set vpc_id, or leave ${name} out for an own VPC.`,
    ),
    rule(
      `var.vpc_id == null ? true : length(var.${name}) >= ${String(least)}`,
      `${name} must name subnets of vpc_id \${coalesce(var.vpc_id, "nothing")}, at least ${atLeast}, got \${length(var.${name})}; \`aws ec2 describe-subnets --filters Name=vpc-id,Values=\${coalesce(var.vpc_id, "VPC_ID")}\` shows them.`,
    ),
  ];
}

/** What holds for the subnets for pods. */
function podSubnetRules() {
  const list = "[for s in var.vpc_pod_subnets : s if s != null]";
  const others = "concat(var.vpc_public_subnets, var.vpc_private_subnets)";
  const ranges = "concat([var.vpc_cidr_block], var.vpc_secondary_cidr_blocks)";
  const withinHolds = `anytrue([for c in ${ranges} : ${isWithin("s.cidr", "c")}])`;
  const zoneHolds = `try(contains(var.vpc_private_subnets[*].az, s.az), false)`;
  const shown = (holds: string, value: string) =>
    `\${join(", ", [for s in ${list} : "\${coalesce(s.name, "without a name")} (\${coalesce(s.${value}, "nothing")})" if !(${holds})])}`;
  return [
    noneBesideVpcId(
      "vpc_pod_subnets",
      "its subnets are its owner's, who tags those for pods with kubernetes.io/role/cni = 1",
    ),
    rule(
      `var.ip_family == "ipv6" ? length(var.vpc_pod_subnets) == 0 : true`,
      'vpc_pod_subnets are for IPv4 addresses, and with ip_family = "ipv6" pods have IPv6 ones of their node\'s subnet, got ${length(var.vpc_pod_subnets)} subnet(s); leave them out.',
    ),
    ...nameAndRangeRules("vpc_pod_subnets"),
    rule(
      `alltrue([for s in ${list} : ${withinHolds}])`,
      `vpc_pod_subnets must lie inside vpc_cidr_block or vpc_secondary_cidr_blocks (\${join(", ", [for c in ${ranges} : coalesce(c, "null")])}), got ${shown(withinHolds, "cidr")}.`,
    ),
    rule(
      `length(${overlaps(`concat(${others}, ${list})`)}) == 0`,
      `vpc_pod_subnets must not overlap each other nor other subnets, got \${join("; ", ${overlaps(`concat(${others}, ${list})`)})}.`,
    ),
    rule(
      `alltrue([for s in ${list} : ${zoneHolds}])`,
      `vpc_pod_subnets must stand in zones of vpc_private_subnets (\${join(", ", [for az in distinct(var.vpc_private_subnets[*].az) : coalesce(az, "null")])}), because a node's pods get addresses of its zone, got ${shown(zoneHolds, "az")}.`,
    ),
  ];
}

/** What holds for a list of subnets, public or private. */
function subnetRules(name: "vpc_public_subnets" | "vpc_private_subnets") {
  // Rows that are null have a rule of their own; the other rules would break on them.
  const list = `[for s in var.${name} : s if s != null]`;
  /** The subnets of which `holds` is not true, each as `NAME (VALUE)`. */
  const offending = (holds: string, value: string) =>
    `\${join(", ", [for s in ${list} : "\${coalesce(s.name, "without a name")} (\${coalesce(s.${value}, "nothing")})" if !(${holds})])}`;
  const all = (holds: string) => `alltrue([for s in ${list} : ${holds}])`;

  const withinHolds = isWithin("s.cidr", "var.vpc_cidr_block");
  const zoneHolds = `can(regex("^\${var.aws_region}[a-z]$", s.az))`;

  return [
    ...nameAndRangeRules(name),
    ownRule(
      all(withinHolds),
      `${name} must lie inside vpc_cidr_block \${var.vpc_cidr_block}, got ${offending(withinHolds, "cidr")}.`,
    ),
    ownRule(`length(${overlaps(list)}) == 0`, `${name} must not overlap, got \${join("; ", ${overlaps(list)})}.`),
    ownRule(
      all(zoneHolds),
      `${name} must stand in zones of the region \${var.aws_region}, such as \${var.aws_region}a, got ${offending(zoneHolds, "az")}.`,
    ),
    ownRule(
      `length(distinct(${list}[*].az)) >= 2`,
      `${name} must stand in at least two zones, because EKS needs two, got \${length(${list})} subnet(s) in: \${join(", ", [for az in distinct(${list}[*].az) : coalesce(az, "none")])}.`,
    ),
  ];
}

/** What holds for a list of subnets of an own VPC, whatever they are for. */
function nameAndRangeRules(name: string) {
  const list = `[for s in var.${name} : s if s != null]`;
  const all = (holds: string) => `alltrue([for s in ${list} : ${holds}])`;
  const nameHolds = `try(can(regex("${TAG_VALUE}", s.name)) && length(s.name) <= 128, false)`;
  const cidrHolds = isVpcCidr("s.cidr");

  return [
    ownRule(
      `alltrue([for s in var.${name} : s != null])`,
      `${name} must be a list of { az, cidr, name }, got null in it.`,
    ),
    ownRule(
      all(nameHolds),
      `${name} must have names of 1 to 128 letters, digits, spaces or characters of _.:/=+@-, got \${join(", ", [for s in ${list} : jsonencode(s.name) if !(${nameHolds})])}.`,
    ),
    ownRule(
      `length(distinct(${list}[*].name)) == length(${list})`,
      `${name} must have a name of its own for each subnet, got more than once: \${join(", ", try(${repeated(`${list}[*].name`)}, []))}.`,
    ),
    ownRule(
      all(cidrHolds),
      `${name} must have IPv4 ranges from /16 to /28 without host bits, got \${join(", ", [for s in ${list} : "\${coalesce(s.name, "without a name")} (\${jsonencode(s.cidr)}: write \${${canonicalCidr("s.cidr", "172.16.10.0/23")}})" if !(${cidrHolds})])}.`,
    ),
  ];
}
