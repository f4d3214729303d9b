import type { IResolvable } from "cdktf";

import awsSchema from "../facts/aws-schema.json";
import { hcl, type Expression } from "./hcl/expression";
import { wholeObjects } from "./hcl/objects";

/**
 * The egress of a security group that lets everything out.
 *
 * @param hasIpv6 whether that is by IPv6, too: a boolean
 */
export function everywhere(hasIpv6: Expression): IResolvable {
  return wholeObjects(awsSchema.resource.aws_security_group.objects.egress, [
    {
      from_port: 0,
      to_port: 0,
      protocol: "-1",
      cidr_blocks: ["0.0.0.0/0"],
      ipv6_cidr_blocks: hcl`${hasIpv6} ? ["::/0"] : []`.asList,
    },
  ]);
}
