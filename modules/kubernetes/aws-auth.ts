import { ConfigMapV1 } from "@cdktf/provider-kubernetes/lib/config-map-v1";
import { TerraformStack, Token } from "cdktf";
import { Construct } from "constructs";

import { rule } from "../../contract/inputs/rule";
import { MANAGED_BY, NODE_GROUPS, NODE_USERNAME } from "../../facts/aws-auth";
import { address, hcl, type Expression } from "../hcl/expression";
import { local } from "../hcl/local";
import { countIf } from "../hcl/maybe";

/** What aws-auth is made of: all of this is known to Terraform alone. */
export interface AwsAuthProps {
  /** Whether there is such a ConfigMap in this stack at all: a boolean. */
  readonly isOwner: Expression;
  /** Whether one that is in the cluster already becomes this one: a boolean. */
  readonly adopts: Expression;
  /** ARNs of the nodes' IAM roles, with or without their paths: a list. */
  readonly nodeRoleArns: Expression;
  /** `list({ rolearn, username, groups })` */
  readonly roles: Expression;
  /** `list({ userarn, username, groups })` */
  readonly users: Expression;
  /** `CONFIG_MAP`, `API_AND_CONFIG_MAP` or `API`. */
  readonly authenticationMode: Expression;
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
    const { isOwner, adopts, authenticationMode } = props;
    const configMap = new ConfigMapV1(this, "config-map", {
      count: countIf(isOwner),
      metadata: { name: "aws-auth", namespace: "kube-system", labels: { [MANAGED_BY.label]: MANAGED_BY.terraform } },
      data: Token.asStringMap(local(this, "data", awsAuthData(props)).asString),
      lifecycle: {
        preventDestroy: true,
        precondition: [
          rule(
            `${authenticationMode.text} != "API"`,
            `own_aws_auth is of no use: the cluster's authentication mode is API, and nothing reads aws-auth; set
             own_aws_auth = false, and say who gets in by access_entries of the stack eks.`,
          ),
        ],
      },
    });
    // cdktf's importFrom has no condition.
    TerraformStack.of(this).addOverride("import", [
      {
        for_each: hcl`toset(${isOwner} && ${adopts} ? ["kube-system/aws-auth"] : [])`.asString,
        id: "${each.value}",
        to: `${address(configMap)}[0]`,
      },
    ]);
  }
}

/**
 * The data of aws-auth as an expression: what `mergeAwsAuth` makes of no ConfigMap, in Terraform's own YAML. `mapUsers`
 * is there when there are any.
 */
function awsAuthData({ nodeRoleArns, roles, users }: Pick<AwsAuthProps, "nodeRoleArns" | "roles" | "users">) {
  // The authenticator compares with the ARN of a session, which has no path.
  const withoutPath = (arn: Expression) => hcl`replace(${arn}, "/:role/.*//", ":role/")`;
  return hcl`merge(
    {
      mapRoles = yamlencode(concat(
        [
          for arn in ${nodeRoleArns} :
          { rolearn = ${withoutPath(hcl`arn`)}, username = ${NODE_USERNAME}, groups = ${NODE_GROUPS} }
        ],
        [
          for role in ${roles} :
          { rolearn = ${withoutPath(hcl`role.rolearn`)}, username = role.username, groups = role.groups }
        ]
      ))
    },
    length(${users}) > 0 ? {
      mapUsers = yamlencode([
        for user in ${users} : { userarn = user.userarn, username = user.username, groups = user.groups }
      ])
    } : {}
  )`;
}
