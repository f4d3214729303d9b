import type { IResolvable } from "cdktf";

import awsSchema from "../facts/aws-schema.json";
import { Expression, hcl, type Operand } from "./hcl/expression";
import { wholeObject, wholeObjects } from "./hcl/objects";
import type { Setting } from "./setting";

const FIELDS = awsSchema.resource.aws_security_group.objects.egress;

/** Some traffic that a security group lets out, to all of what it names. */
export interface Egress {
  readonly description: string;
  readonly protocol: "tcp" | "udp";
  /** The first port and the last. */
  readonly ports: readonly [number, number];
  /** A security group; everywhere when left out. */
  readonly toSecurityGroupId?: string;
}

/** @param hasIpv6 whether that is by IPv6, too: a boolean */
function toEverywhere(hasIpv6: Expression) {
  return { cidr_blocks: ["0.0.0.0/0"], ipv6_cidr_blocks: hcl`${hasIpv6} ? ["::/0"] : []` };
}

const EVERYTHING = { from_port: 0, to_port: 0, protocol: "-1" };

/**
 * The egress of a security group that lets everything out.
 *
 * @param hasIpv6 whether that is by IPv6, too: a boolean
 */
export function everywhere(hasIpv6: Expression): IResolvable {
  return wholeObjects(FIELDS, [{ ...EVERYTHING, ...toEverywhere(hasIpv6) }]);
}

/** The egress of a security group that lets everything out, unless rules are minimal: then no more than `minimal`. */
export function everywhereUnlessMinimal({ hasIpv6, isMinimal }: Setting, minimal: readonly Egress[]): IResolvable {
  const all = toEverywhere(hasIpv6);
  // Not one choice of two lists: Terraform takes its sides for lists of one type, and they are of two.
  const when = (condition: Expression, said: Readonly<Record<string, Operand>>) =>
    hcl`[for egress in [1] : ${wholeObject(FIELDS, said)} if ${condition}]`.text;
  const rules = [
    when(hcl`!${isMinimal}`, { ...all, ...EVERYTHING }),
    ...minimal.map(({ description, protocol, ports: [from_port, to_port], toSecurityGroupId }) =>
      when(isMinimal, {
        ...(toSecurityGroupId === undefined ? all : { security_groups: [toSecurityGroupId] }),
        description,
        protocol,
        from_port,
        to_port,
      }),
    ),
  ];
  return new Expression(`concat(${rules.join(", ")})`);
}
