import { DataAwsRoute53Zone } from "@cdktf/provider-aws/lib/data-aws-route53-zone";
import { Route53Record } from "@cdktf/provider-aws/lib/route53-record";
import { Route53Zone } from "@cdktf/provider-aws/lib/route53-zone";
import { Route53ZoneAssociation } from "@cdktf/provider-aws/lib/route53-zone-association";
import { Construct } from "constructs";

import { rule } from "../contract/inputs/rule";
import { hcl } from "./hcl/expression";
import { countIf } from "./hcl/maybe";
import type { Placed } from "./setting";

/** What a name for the bastion is made of. */
export interface BastionRecordProps extends Placed {
  /** Private IPv4 address of the bastion. */
  readonly address: string;
}

/** The name `kubectl.ZONE` for the bastion, inside the VPC: in a zone that is made, in one that exists, or nowhere. */
export class BastionRecord extends Construct {
  constructor(scope: Construct, id: string, { inputs, network: { vpcId }, isOwnVpc, address }: BastionRecordProps) {
    super(scope, id);
    const { privateDnsZone: zoneName, privateDnsZoneId: zoneId } = inputs;

    const made = new Route53Zone(this, "zone", {
      count: countIf(hcl`${zoneName} != null`),
      name: zoneName.asString,
      comment: "Names inside the VPC",
      vpc: [{ vpcId }],
      // What pods wrote into it, such as external-dns, goes with the VPC that it is for.
      forceDestroy: true,
    });
    const existing = new DataAwsRoute53Zone(this, "existing-zone", {
      count: countIf(hcl`${zoneId} != null`),
      zoneId: zoneId.asString,
      lifecycle: {
        postcondition: [
          rule(
            "self.private_zone",
            `private_dns_zone_id must be a private zone, because the record holds a private address, got
             \${self.zone_id} (\${self.name}), which is public; \`aws route53 list-hosted-zones\` shows
             which are private.`,
          ),
        ],
      },
    });
    // Nobody else can have told an existing zone of a VPC that is made here.
    const association = new Route53ZoneAssociation(this, "zone-association", {
      count: countIf(hcl`${zoneId} != null && ${isOwnVpc}`),
      zoneId: hcl`one(${existing}[*].zone_id)`.asString,
      vpcId,
    });
    new Route53Record(this, "record", {
      count: countIf(hcl`${zoneName} != null || ${zoneId} != null`),
      zoneId: hcl`coalesce(one(${made}[*].zone_id), one(${existing}[*].zone_id))`.asString,
      name: hcl`"kubectl.\${coalesce(${zoneName}, one(${existing}[*].name))}"`.asString,
      type: "A",
      ttl: 60,
      records: [address],
      dependsOn: [association],
    });
  }
}
