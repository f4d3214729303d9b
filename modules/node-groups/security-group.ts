import { SecurityGroup } from "@cdktf/provider-aws/lib/security-group";
import { SecurityGroupRule, type SecurityGroupRuleConfig } from "@cdktf/provider-aws/lib/security-group-rule";
import { Fn, Token } from "cdktf";
import type { Construct } from "constructs";

import { clusterTag } from "../../facts/cluster-tags";
import { everywhere } from "../egress";
import { each } from "../hcl/each";
import { hcl, type Expression } from "../hcl/expression";
import { local } from "../hcl/local";
import { countIf } from "../hcl/maybe";
import type { Joined } from "../setting";

/** What the nodes' security group is made of. */
export interface NodeSecurityGroupProps extends Joined {
  /** The node groups, by key. */
  readonly groups: Expression;
  /** Security group that may reach the nodes by SSH. */
  readonly sshFromSecurityGroupId: string;
}

/**
 * What the control plane needs besides 443: the kubelet, and the ports on which webhooks and the metrics server usually
 * listen. All of them are TCP.
 *
 * @see https://docs.aws.amazon.com/eks/latest/userguide/sec-group-reqs.html
 * @see https://github.com/terraform-aws-modules/terraform-aws-eks/blob/master/node_groups.tf
 */
const MINIMAL = {
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
    const { names, network, cluster, groups, hasIpv6, isMinimal } = props;
    // Where a node has several security groups, load balancers are let into the one that says whose it is.
    // https://github.com/kubernetes-sigs/aws-load-balancer-controller/blob/main/docs/deploy/security_groups.md
    const owned = local(scope, "owner-tag", { [clusterTag(names.cluster)]: "owned" });
    const ownerTag = local(
      scope,
      "security-group-tags",
      hcl`{
        for key, value in ${owned} : key => value
        if anytrue([for group in ${groups} : length(group.security_group_ids) > 0])
      }`,
    );
    const securityGroup = new SecurityGroup(scope, "security-group", {
      name: names.nodeSecurityGroup,
      vpcId: network.vpcId,
      egress: everywhere(hasIpv6),
      tags: Token.asStringMap(Fn.merge([{ Name: names.nodeSecurityGroup }, ownerTag])),
    });
    this.id = securityGroup.id;
    const allow = (id: string, rule: Omit<SecurityGroupRuleConfig, "type" | "securityGroupId">) =>
      new SecurityGroupRule(scope, id, { ...rule, type: "ingress", securityGroupId: securityGroup.id });
    const allowTcp = (
      id: string,
      sourceSecurityGroupId: string,
      [fromPort, toPort]: readonly [number, number],
      more: Pick<SecurityGroupRuleConfig, "description" | "count" | "forEach">,
    ) => allow(id, { sourceSecurityGroupId, protocol: "tcp", fromPort, toPort, ...more });

    // Every protocol and port, as in EKS' own cluster security group: a pod asks CoreDNS on another node over UDP, a
    // web server listens on 80, and a load balancer's connection goes on from the node that it reaches to the pod's.
    // Which pods may talk is a NetworkPolicy's to say.
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
    const ports = local(scope, "ports", MINIMAL);
    const minimal = each(
      local(scope, "minimal-ports", hcl`{ for name, port in ${ports} : name => port if ${isMinimal} }`),
    );
    const port = minimal.getNumber("port");
    this.rules = [
      allowTcp("ports-from-control-plane", cluster.securityGroupId, [1025, 65535], {
        count: countIf(hcl`!${isMinimal}`),
        description: "Allow 1025 to 65535 from EKS Control Plane",
      }),
      allowTcp("https-from-control-plane", cluster.securityGroupId, [443, 443], {
        description: "Allow 443 from EKS Control Plane",
      }),
      allowTcp("ssh-from-bastion", props.sshFromSecurityGroupId, [22, 22], {
        description: "Allow SSH traffic from kubectl",
      }),
      this.betweenNodes,
      allowTcp("minimal", cluster.securityGroupId, [port, port], {
        forEach: minimal,
        description: `Allow ${minimal.getString("description")} from EKS Control Plane`,
      }),
    ];
  }
}
