import { SecurityGroup } from "@cdktf/provider-aws/lib/security-group";
import { SecurityGroupRule } from "@cdktf/provider-aws/lib/security-group-rule";
import { VpcEndpoint } from "@cdktf/provider-aws/lib/vpc-endpoint";
import type { ITerraformDependable, TerraformStack } from "cdktf";
import { Construct } from "constructs";

import {
  GATEWAY_SERVICES,
  NODE_SERVICES,
  ROLE_SERVICES,
  SERVICES_NAMED_CN,
  SERVICES_OF_PODS,
} from "../facts/endpoint-services";
import { warnUnless } from "./hcl/check";
import { Expression, hcl } from "./hcl/expression";
import { countIf, ofMaybe } from "./hcl/maybe";
import { Rows } from "./hcl/rows";

/** What endpoints are made of. */
export interface VpcEndpointsProps {
  /** First part of the names. */
  readonly projectName: string;
  readonly region: string;
  /** `aws`, `aws-cn` or `aws-us-gov`. */
  readonly partition: string;
  /** Names of services, a list; see endpoint-services.ts. */
  readonly services: Expression;
  readonly vpcId: string;
  /** Who may use them: IPv4 address ranges, a list. */
  readonly cidrs: Expression;
  /** Where they stand: a list of `{ id, zone, cidr }`. */
  readonly subnets: Expression;
  /** Route tables that lead to the services without interfaces, a list. */
  readonly routeTableIds: Expression;
  /** Roles of pods, a map by key of rows of `pod_roles`. */
  readonly podRoles: Expression;
  /** Why nodes reach AWS by nothing but endpoints; empty when they reach it otherwise. */
  readonly isolatedBy: Expression;
}

/** Ways to AWS services that stay inside the VPC. */
export class VpcEndpoints extends Construct {
  /** What has to exist before a node without a way to the internet boots. */
  readonly all: readonly ITerraformDependable[];

  constructor(stack: TerraformStack, id: string, props: VpcEndpointsProps) {
    super(stack, id);
    const { projectName, region, services, vpcId, subnets } = props;
    const gatewayServices = new Expression(JSON.stringify(GATEWAY_SERVICES));
    const gateways = Rows.of(hcl`[for name in ${services} : name if contains(${gatewayServices}, name)]`);
    const interfaces = Rows.of(hcl`[for name in ${services} : name if !contains(${gatewayServices}, name)]`);

    const hasInterfaces = hcl`length(${interfaces.all}) > 0`;
    const securityGroupName = `${projectName}-vpc-endpoints-sg`;
    const securityGroup = new SecurityGroup(this, "security-group", {
      count: countIf(hasInterfaces),
      name: securityGroupName,
      vpcId,
      tags: { Name: securityGroupName },
    });
    // One for each range: to change a rule is to replace it, and nodes would reach nothing meanwhile.
    const cidrs = Rows.of(hcl`${hasInterfaces} ? ${props.cidrs} : []`);
    const https = new SecurityGroupRule(this, "https-from-vpc", {
      forEach: cidrs.forEach,
      securityGroupId: ofMaybe(securityGroup, "id").asString,
      description: "Allow HTTPS traffic from VPC networks",
      type: "ingress",
      protocol: "tcp",
      fromPort: 443,
      toPort: 443,
      cidrBlocks: [cidrs.key.asString],
    });

    // An endpoint takes one subnet of a zone.
    const onePerZone = hcl`[for ids in values({ for subnet in ${subnets} : subnet.zone => subnet.id... }) : ids[0]]`;
    const called = (name: Expression) => ({ Name: `${projectName}-${name.asString}` });
    const serviceName = (name: Expression) => `com.amazonaws.${region}.${name.asString}`;
    const namedCn = new Expression(JSON.stringify(SERVICES_NAMED_CN));
    const prefix = hcl`${props.partition} == "aws-cn" && contains(${namedCn}, ${interfaces.key}) ? "cn." : ""`;
    const byInterface = new VpcEndpoint(this, "interface", {
      forEach: interfaces.forEach,
      vpcId,
      vpcEndpointType: "Interface",
      serviceName: prefix.asString + serviceName(interfaces.key),
      // The services' usual names lead to the endpoint.
      privateDnsEnabled: true,
      subnetIds: onePerZone.asList,
      securityGroupIds: [ofMaybe(securityGroup, "id").asString],
      tags: called(interfaces.key),
    });
    const byRoute = new VpcEndpoint(this, "gateway", {
      forEach: gateways.forEach,
      vpcId,
      vpcEndpointType: "Gateway",
      serviceName: serviceName(gateways.key),
      routeTableIds: props.routeTableIds.asList,
      tags: called(gateways.key),
    });
    this.all = [https, byInterface, byRoute];

    const missing = hcl`setsubtract(${new Expression(JSON.stringify(NODE_SERVICES))}, ${services})`;
    warnUnless(
      stack,
      `${this.node.id.replaceAll("-", "_")}_for_nodes`,
      hcl`${props.isolatedBy} == "" || length(${missing}) == 0`.asString,
      `nodes do not join the cluster without a way to \${join(", ", ${missing.text})}: \${${props.isolatedBy.text}}; add them to vpc_endpoints unless the VPC has them already, and ` +
        `what pods use: ${SERVICES_OF_PODS}.`,
    );

    const roles = (condition: Expression) => hcl`[for key, row in ${props.podRoles} : key if ${condition}]`;
    const without = (service: Expression) => hcl`!contains(${services}, ${service})`;
    const roleless = roles(without(hcl`lookup(${new Expression(JSON.stringify(ROLE_SERVICES))}, row.via, "")`));
    const wanted = hcl`distinct([for key in ${roleless} : ${new Expression(JSON.stringify(ROLE_SERVICES))}[${props.podRoles}[key].via]])`;
    warnUnless(
      stack,
      `${this.node.id.replaceAll("-", "_")}_for_pod_roles`,
      hcl`${props.isolatedBy} == "" || length(${roleless}) == 0`.asString,
      `pods get no role without a way to \${join(" and ", ${wanted.text})}: \${${props.isolatedBy.text}}, and pod_roles has ` +
        `\${join(", ", ${roleless.text})}; add \${join(" and ", ${wanted.text})} to vpc_endpoints unless the VPC has it already.`,
    );
  }
}
