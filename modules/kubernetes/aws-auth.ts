import { ConfigMapV1 } from "@cdktf/provider-kubernetes/lib/config-map-v1";
import { TerraformLocal, TerraformStack, Token } from "cdktf";
import { Construct } from "constructs";

import { MANAGED_BY, NODE_GROUPS, NODE_USERNAME } from "../../facts/aws-auth";

/** Expressions of Terraform's language, without `${}`: all of this is known to Terraform alone. */
export interface AwsAuthProps {
  /** Whether there is such a ConfigMap in this stack at all: a bool. */
  readonly isOwner: string;
  /** Whether one that is in the cluster already becomes this one: a bool. */
  readonly adopts: string;
  /** ARNs of the nodes' IAM roles, with or without their paths: a list of strings. */
  readonly nodeRoleArns: string;
  /** `list({ rolearn, username, groups })` */
  readonly roles: string;
  /** `list({ userarn, username, groups })` */
  readonly users: string;
  /** `CONFIG_MAP`, `API_AND_CONFIG_MAP` or `API`: a string. */
  readonly authenticationMode: string;
}

/**
 * The ConfigMap `kube-system/aws-auth`, with Terraform as its only owner: entries of anybody else are removed. That is
 * why it is the whole ConfigMap and not some keys of it (`kubernetes_config_map_v1_data` leaves keys of others, and
 * writes into a ConfigMap only that somebody else has made). Without it no node gets in, and nobody who is not the
 * cluster's creator: no plan deletes it.
 */
export class AwsAuth extends Construct {
  constructor(scope: Construct, id: string, props: AwsAuthProps) {
    super(scope, id);
    const data = new TerraformLocal(this, "data", `\${${awsAuthData(props)}}`);
    const configMap = new ConfigMapV1(this, "config-map", {
      count: Token.asNumber(`\${${props.isOwner} ? 1 : 0}`),
      metadata: { name: "aws-auth", namespace: "kube-system", labels: { [MANAGED_BY.label]: MANAGED_BY.terraform } },
      data: Token.asStringMap(data.expression),
      lifecycle: {
        preventDestroy: true,
        precondition: [
          {
            condition: `\${${props.authenticationMode} != "API"}`,
            errorMessage:
              "own_aws_auth is of no use: the cluster's authentication mode is API, and nothing reads aws-auth; set " +
              "own_aws_auth = false, and say who gets in by access_entries of the stack eks.",
          },
        ],
      },
    });
    // cdktf's importFrom has no condition.
    TerraformStack.of(this).addOverride("import", [
      {
        for_each: `\${toset(${props.isOwner} && ${props.adopts} ? ["kube-system/aws-auth"] : [])}`,
        id: "${each.value}",
        to: `${configMap.terraformResourceType}.${configMap.friendlyUniqueId}[0]`,
      },
    ]);
  }
}

/**
 * The data of aws-auth as an expression: what `mergeAwsAuth` makes of no ConfigMap, in Terraform's own YAML. `mapUsers`
 * is there when there are any.
 */
export function awsAuthData({ nodeRoleArns, roles, users }: Omit<AwsAuthProps, "isOwner" | "adopts">): string {
  // The authenticator compares with the ARN of a session, which has no path.
  const plain = (arn: string) => `replace(${arn}, "/:role/.*//", ":role/")`;
  const groups = JSON.stringify(NODE_GROUPS);
  const nodes = `[for arn in ${nodeRoleArns} : { rolearn = ${plain("arn")}, username = ${JSON.stringify(NODE_USERNAME)}, groups = ${groups} }]`;
  const others = `[for m in ${roles} : { rolearn = ${plain("m.rolearn")}, username = m.username, groups = m.groups }]`;
  const named = `[for m in ${users} : { userarn = m.userarn, username = m.username, groups = m.groups }]`;
  return `merge({ mapRoles = yamlencode(concat(${nodes}, ${others})) }, length(${users}) > 0 ? { mapUsers = yamlencode(${named}) } : {})`;
}
