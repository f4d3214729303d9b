import { SecurityGroup } from "@cdktf/provider-aws/lib/security-group";
import { SecurityGroupRule, type SecurityGroupRuleConfig } from "@cdktf/provider-aws/lib/security-group-rule";
import { Fn, Token } from "cdktf";
import type { Construct } from "constructs";

import { everywhere } from "../egress";
import { hcl, type Expression } from "../hcl/expression";
import { countIf } from "../hcl/maybe";
import { Rows } from "../hcl/rows";

/** What the nodes' security group is made of. */
export interface NodeSecurityGroupProps {
  readonly name: string;
  readonly vpcId: string;
  /** Name of the cluster, which does not have to be there yet. */
  readonly clusterName: string;
  /** The node groups, by key. */
  readonly groups: Expression;
  /** Where a node may go by IPv6. */
  readonly egressIpv6Cidrs: string[];
  /** The security group of the control plane's network interfaces. */
  readonly controlPlaneSecurityGroupId: string;
  /** Security group that may reach the nodes by SSH. */
  readonly sshFromSecurityGroupId: string;
  /** A condition: from the control plane only the ports that a cluster needs, instead of the workshop's wide range. */
  readonly minimalRules: Expression;
}

/** A port that the control plane has to reach on every node. */
interface Port {
  readonly description: string;
  readonly port: number;
}

/**
 * What the control plane needs besides 443: the kubelet, and the ports on which webhooks and the metrics server usually
 * listen. All of them are TCP.
 *
 * @see https://docs.aws.amazon.com/eks/latest/userguide/sec-group-reqs.html
 * @see https://github.com/terraform-aws-modules/terraform-aws-eks/blob/master/node_groups.tf
 */
const MINIMAL: Readonly<Record<string, Port>> = {
  kubelet: { description: "kubelet", port: 10250 },
  metrics_server: { description: "metrics server", port: 10251 },
  webhook_4443: { description: "webhooks and metrics adapters", port: 4443 },
  webhook_6443: { description: "webhooks", port: 6443 },
  webhook_8443: { description: "webhooks", port: 8443 },
  webhook_9443: { description: "webhooks", port: 9443 },
};

/** The security group of every node, and who may say what to them. */
export class NodeSecurityGroup {
  readonly id: string;
  /** What nodes, and with them the pods on them, may say to each other: everything. */
  readonly betweenNodes: SecurityGroupRule;
  readonly rules: readonly SecurityGroupRule[];

  constructor(scope: Construct, props: NodeSecurityGroupProps) {
    const { name, vpcId, controlPlaneSecurityGroupId, minimalRules } = props;
    // Where a node has several security groups, load balancers are let into the one that says whose it is.
    // https://github.com/kubernetes-sigs/aws-load-balancer-controller/blob/main/docs/deploy/security_groups.md
    const isOneOfSeveral = hcl`anytrue([for group in ${props.groups} : length(group.security_group_ids) > 0])`;
    const owned = hcl`{ for tag in [format("kubernetes.io/cluster/%s", ${props.clusterName})] : tag => "owned" if ${isOneOfSeveral} }`;
    const securityGroup = new SecurityGroup(scope, "security-group", {
      name,
      vpcId,
      egress: everywhere(props.egressIpv6Cidrs),
      tags: Token.asStringMap(Fn.merge([{ Name: name }, owned.asResolvable])),
    });
    const allow = (ruleId: string, rule: Omit<SecurityGroupRuleConfig, "type" | "securityGroupId">) =>
      new SecurityGroupRule(scope, ruleId, { ...rule, type: "ingress", securityGroupId: securityGroup.id });

    // Every protocol and port, as in EKS' own cluster security group: a pod asks CoreDNS on another node over UDP, a web
    // server listens on 80, and a load balancer's connection goes on from the node that it reaches to the pod's. Which
    // pods may talk is a NetworkPolicy's to say.
    this.betweenNodes = allow("between-nodes", {
      // There is always one. It keeps the index that it has in the state.
      count: 1,
      description: "Allow all traffic from worker nodes each other",
      sourceSecurityGroupId: securityGroup.id,
      protocol: "-1",
      fromPort: 0,
      toPort: 0,
      // The workshop's own rule is TCP only, and changing it would replace it under running nodes: a stack that was
      // taken over keeps it and is warned (see the stack's check "dns_between_nodes").
      lifecycle: { ignoreChanges: ["protocol", "from_port", "to_port"] },
    });
    const minimal = new Rows<keyof Port>(
      hcl`{ for name, port in jsondecode(${JSON.stringify(MINIMAL)}) : name => port if ${minimalRules} }`,
    );
    this.rules = [
      allow("ports-from-control-plane", {
        count: countIf(hcl`!${minimalRules}`),
        description: "Allow 1025 to 65535 from EKS Control Plane",
        sourceSecurityGroupId: controlPlaneSecurityGroupId,
        protocol: "tcp",
        fromPort: 1025,
        toPort: 65535,
      }),
      allow("https-from-control-plane", {
        description: "Allow 443 from EKS Control Plane",
        sourceSecurityGroupId: controlPlaneSecurityGroupId,
        protocol: "tcp",
        fromPort: 443,
        toPort: 443,
      }),
      allow("ssh-from-bastion", {
        description: "Allow SSH traffic from kubectl",
        sourceSecurityGroupId: props.sshFromSecurityGroupId,
        protocol: "tcp",
        fromPort: 22,
        toPort: 22,
      }),
      this.betweenNodes,
      allow("minimal", {
        forEach: minimal.forEach,
        description: `Allow ${minimal.value("description").asString} from EKS Control Plane`,
        sourceSecurityGroupId: controlPlaneSecurityGroupId,
        protocol: "tcp",
        fromPort: minimal.value("port").asNumber,
        toPort: minimal.value("port").asNumber,
      }),
    ];
    this.id = securityGroup.id;
  }
}
