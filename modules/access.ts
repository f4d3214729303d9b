import { EksAccessEntry } from "@cdktf/provider-aws/lib/eks-access-entry";
import { EksAccessPolicyAssociation } from "@cdktf/provider-aws/lib/eks-access-policy-association";
import type { ITerraformDependable } from "cdktf";
import { Construct } from "constructs";

import { accessPolicyArn } from "./policies";
import { Expression, hcl } from "./hcl/expression";
import { countIf, ofMaybe } from "./hcl/maybe";
import { ofRow, Rows } from "./hcl/rows";

/** Who may use a cluster. */
export interface AccessProps {
  /** Name of the cluster: its attribute, because entries are made when it is there. */
  readonly clusterName: string;
  /** `aws`, `aws-cn` or `aws-us-gov`. */
  readonly partition: string;
  /** Whether the cluster looks at access entries: a boolean. */
  readonly hasEntries: Expression;
  /** Every role that nodes have, a map from keys that are known while Terraform plans to ARNs. */
  readonly nodeRoleArns: Expression;
  /** Whether the bastion has a role of its own: a boolean. */
  readonly bastionHasOwnRole: Expression;
  /** Its ARN. */
  readonly bastionRoleArn: Expression;
  /** The entries that tfvars list, by key. */
  readonly listed: Expression;
}

/** The access entries of a cluster: who of IAM is who in Kubernetes, where aws-auth does not say it. */
export class Access extends Construct {
  /** What has to exist before a node is let in. */
  readonly nodeEntries: readonly ITerraformDependable[];

  constructor(scope: Construct, id: string, props: AccessProps) {
    super(scope, id);
    const { clusterName, partition, hasEntries, listed } = props;

    const nodeRoles = new Rows<never>(hcl`{ for key, arn in ${props.nodeRoleArns} : key => arn if ${hasEntries} }`);
    // Their user name and groups are EKS' own, and no policy goes with them.
    // https://docs.aws.amazon.com/eks/latest/userguide/creating-access-entries.html
    const ofNodes = new EksAccessEntry(this, "node", {
      forEach: nodeRoles.forEach,
      clusterName,
      principalArn: new Expression("each.value").asString,
      type: "EC2_LINUX",
    });
    this.nodeEntries = [ofNodes];

    const isBastions = hcl`${hasEntries} && ${props.bastionHasOwnRole}`;
    const ofBastion = new EksAccessEntry(this, "bastion", {
      count: countIf(isBastions),
      clusterName,
      principalArn: props.bastionRoleArn.asString,
      type: "STANDARD",
    });
    new EksAccessPolicyAssociation(this, "bastion-admin", {
      count: countIf(isBastions),
      clusterName,
      principalArn: ofMaybe(ofBastion, "principal_arn").asString,
      policyArn: accessPolicyArn(partition, "AmazonEKSClusterAdminPolicy"),
      accessScope: { type: "cluster" },
    });

    const entries = new Rows<"principal_arn" | "type" | "user_name" | "kubernetes_groups">(listed);
    const entry = new EksAccessEntry(this, "entry", {
      forEach: entries.forEach,
      clusterName,
      principalArn: entries.value("principal_arn").asString,
      type: entries.value("type").asString,
      userName: entries.value("user_name").asString,
      // A list that became empty takes the groups away; those of a node EKS says itself.
      kubernetesGroups: hcl`${entries.value("type")} == "STANDARD" ? ${entries.value("kubernetes_groups")} : null`
        .asList,
    });
    const policies = new Rows<"policy" | "namespaces" | "entry">(
      hcl`merge([for key, entry in ${listed} : { for row in entry.policies : join("/", [key, row.policy]) => merge(row, { entry = key }) }]...)`,
    );
    new EksAccessPolicyAssociation(this, "policy", {
      forEach: policies.forEach,
      clusterName,
      principalArn: ofRow(entry, policies.value("entry"), "principal_arn").asString,
      policyArn: accessPolicyArn(partition, policies.value("policy").asString),
      accessScope: {
        type: hcl`length(${policies.value("namespaces")}) == 0 ? "cluster" : "namespace"`.asString,
        namespaces: hcl`length(${policies.value("namespaces")}) == 0 ? null : ${policies.value("namespaces")}`.asList,
      },
    });
  }
}
