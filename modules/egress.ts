import type { IResolvable } from "cdktf";

import awsSchema from "../facts/aws-schema.json";
import { wholeObjects } from "./hcl/objects";

/**
 * The egress of a security group that lets everything out.
 *
 * @param ipv6Cidrs where that is by IPv6; nowhere without it
 */
export function everywhere(ipv6Cidrs: string[]): IResolvable {
  return wholeObjects(awsSchema.resource.aws_security_group.objects.egress, [
    { from_port: 0, to_port: 0, protocol: "-1", cidr_blocks: ["0.0.0.0/0"], ipv6_cidr_blocks: ipv6Cidrs },
  ]);
}
