import { SecurityGroup } from "@cdktf/provider-aws/lib/security-group";
import { SecurityGroupRule } from "@cdktf/provider-aws/lib/security-group-rule";
import { VpcEndpoint } from "@cdktf/provider-aws/lib/vpc-endpoint";
import type { ITerraformDependable } from "cdktf";
import { Construct } from "constructs";

import {
  GATEWAY_SERVICES,
  NODE_SERVICES,
  ROLE_SERVICES,
  SERVICES_NAMED_CN,
  SERVICES_OF_PODS,
} from "../facts/endpoint-services";
import { warnUnless } from "./hcl/check";
import { each } from "./hcl/each";
import { hcl, type Expression } from "./hcl/expression";
import { local } from "./hcl/local";
import { countIf } from "./hcl/maybe";
import type { Placed } from "./setting";

/** What endpoints are made of. */
export interface VpcEndpointsProps extends Placed {
  /** Why nodes reach AWS by nothing but endpoints; empty when they reach it otherwise. */
  readonly isolatedBy: Expression;
}

/** Ways to AWS services that stay inside the VPC. */
export class VpcEndpoints extends Construct {
  /** What has to exist before a node without a way to the internet boots. */
  readonly all: readonly ITerraformDependable[];

  constructor(scope: Construct, id: string, { inputs, names, account, network, isolatedBy }: VpcEndpointsProps) {
    super(scope, id);
    const { vpcId } = network;
    const services = inputs.vpcEndpoints;
    const gateways = each(hcl`setintersection(${services}, ${GATEWAY_SERVICES})`);
    const interfaceServices = local(this, "interface-services", hcl`setsubtract(${services}, ${GATEWAY_SERVICES})`);
    const interfaces = each(interfaceServices);

    const hasInterfaces = hcl`length(${interfaceServices}) > 0`;
    const securityGroup = new SecurityGroup(this, "security-group", {
      count: countIf(hasInterfaces),
      name: names.endpointSecurityGroup,
      vpcId,
      tags: { Name: names.endpointSecurityGroup },
    });
    const securityGroupId = hcl`one(${securityGroup}[*].id)`.asString;
    // One for each range: to change a rule is to replace it, and nodes would reach nothing meanwhile.
    const cidrs = each(hcl`toset(${hasInterfaces} ? ${network.vpcCidrs} : [])`);
    const https = new SecurityGroupRule(this, "https-from-vpc", {
      forEach: cidrs,
      securityGroupId,
      description: "Allow HTTPS traffic from VPC networks",
      type: "ingress",
      protocol: "tcp",
      fromPort: 443,
      toPort: 443,
      cidrBlocks: [cidrs.key],
    });

    // An endpoint takes one subnet of a zone.
    const onePerZone = local(
      this,
      "subnet-of-each-zone",
      hcl`[for ids in values({ for subnet in ${network.privateSubnets} : subnet.zone => subnet.id... }) : ids[0]]`,
    );
    const tags = { Name: `${names.project}-${interfaces.key}` };
    const serviceName = `com.amazonaws.${inputs.awsRegion.asString}.${interfaces.key}`;
    const prefix = hcl`
      ${account.partition} == "aws-cn" && contains(${SERVICES_NAMED_CN}, ${interfaces.key}) ? "cn." : ""`;
    const byInterface = new VpcEndpoint(this, "interface", {
      forEach: interfaces,
      vpcId,
      vpcEndpointType: "Interface",
      serviceName: prefix.asString + serviceName,
      // The services' usual names lead to the endpoint.
      privateDnsEnabled: true,
      subnetIds: onePerZone.asList,
      securityGroupIds: [securityGroupId],
      tags,
    });
    const byRoute = new VpcEndpoint(this, "gateway", {
      forEach: gateways,
      vpcId,
      vpcEndpointType: "Gateway",
      serviceName,
      routeTableIds: network.privateRouteTableIds.asList,
      tags,
    });
    this.all = [https, byInterface, byRoute];

    const missing = hcl`setsubtract(${NODE_SERVICES}, ${services})`;
    warnUnless(
      this,
      "vpc_endpoints_for_nodes",
      hcl`${isolatedBy} == "" || length(${missing}) == 0`,
      `nodes do not join the cluster without a way to \${join(", ", ${missing.text})}: \${${isolatedBy.text}}; add ` +
        `them to vpc_endpoints unless the VPC has them already, and what pods use: ${SERVICES_OF_PODS}.`,
    );

    const serviceOfRoles = local(this, "service-of-roles", ROLE_SERVICES);
    const roleless = local(
      this,
      "roles-without-service",
      hcl`{
        for key, row in ${inputs.podRoles} : key => ${serviceOfRoles}[row.via]
        if !contains(${services}, lookup(${serviceOfRoles}, row.via, ""))
      }`,
    );
    const wanted = `\${join(" and ", distinct(values(${roleless.text})))}`;
    warnUnless(
      this,
      "vpc_endpoints_for_pod_roles",
      hcl`${isolatedBy} == "" || length(${roleless}) == 0`,
      `pods get no role without a way to ${wanted}: \${${isolatedBy.text}}, and pod_roles has ` +
        `\${join(", ", keys(${roleless.text}))}; add ${wanted} to vpc_endpoints unless the VPC has it already.`,
    );
  }
}
