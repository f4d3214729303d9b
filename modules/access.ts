import { EksAccessEntry } from "@cdktf/provider-aws/lib/eks-access-entry";
import { EksAccessPolicyAssociation } from "@cdktf/provider-aws/lib/eks-access-policy-association";
import type { ITerraformDependable } from "cdktf";
import { Construct } from "constructs";

import { HAS_ENTRIES } from "../contract/inputs/access";
import { each } from "./hcl/each";
import { Expression, hcl } from "./hcl/expression";
import { local } from "./hcl/local";
import { countIf } from "./hcl/maybe";
import { accessPolicyArn } from "./policies";
import type { Joined } from "./setting";

/** Who may use a cluster. */
export interface AccessProps extends Joined {
  /** Every role that nodes have, a map from keys that are known while Terraform plans to ARNs. */
  readonly nodeRoleArns: Expression;
  /** ARN of the bastion's own role, where it has one. */
  readonly bastionRoleArn: Expression;
}

/** The access entries of a cluster: who of IAM is who in Kubernetes, where aws-auth does not say it. */
export class Access extends Construct {
  /** What has to exist before a node is let in. */
  readonly nodeEntries: ITerraformDependable;

  constructor(scope: Construct, id: string, { inputs, account, cluster, nodeRoleArns, bastionRoleArn }: AccessProps) {
    super(scope, id);
    const clusterName = cluster.name;
    const hasEntries = new Expression(HAS_ENTRIES);

    const nodeRoles = each(
      local(this, "nodes", hcl`{ for key, arn in ${nodeRoleArns} : key => arn if ${hasEntries} }`),
    );
    // Their user name and groups are EKS' own, and no policy goes with them.
    // https://docs.aws.amazon.com/eks/latest/userguide/creating-access-entries.html
    this.nodeEntries = new EksAccessEntry(this, "node", {
      forEach: nodeRoles,
      clusterName,
      principalArn: hcl`each.value`.asString,
      type: "EC2_LINUX",
    });

    const count = countIf(hcl`${hasEntries} && ${inputs.kubectlOwnRole}`);
    const ofBastion = new EksAccessEntry(this, "bastion", {
      count,
      clusterName,
      principalArn: bastionRoleArn.asString,
      type: "STANDARD",
    });
    new EksAccessPolicyAssociation(this, "bastion-admin", {
      count,
      clusterName,
      principalArn: hcl`one(${ofBastion}[*].principal_arn)`.asString,
      policyArn: accessPolicyArn(account, "AmazonEKSClusterAdminPolicy"),
      accessScope: { type: "cluster" },
    });

    const entries = each(inputs.accessEntries);
    const type = entries.getString("type");
    const entry = new EksAccessEntry(this, "entry", {
      forEach: entries,
      clusterName,
      principalArn: entries.getString("principal_arn"),
      type,
      userName: entries.getString("user_name"),
      // A list that became empty takes the groups away; those of a node EKS says itself.
      kubernetesGroups: hcl`${type} == "STANDARD" ? ${entries.getList("kubernetes_groups")} : null`.asList,
    });
    const rows = local(
      this,
      "policies",
      hcl`merge([
        for key, entry in ${inputs.accessEntries} :
        { for row in entry.policies : join("/", [key, row.policy]) => merge(row, { entry = key }) }
      ]...)`,
    );
    const policies = each(rows);
    const namespaces = policies.getList("namespaces");
    new EksAccessPolicyAssociation(this, "policy", {
      forEach: policies,
      clusterName,
      principalArn: hcl`${entry}[${policies.getString("entry")}].principal_arn`.asString,
      policyArn: accessPolicyArn(account, policies.getString("policy")),
      accessScope: {
        type: hcl`length(${namespaces}) == 0 ? "cluster" : "namespace"`.asString,
        namespaces: hcl`length(${namespaces}) == 0 ? null : ${namespaces}`.asList,
      },
    });
  }
}
