import { DataAwsEksCluster } from "@cdktf/provider-aws/lib/data-aws-eks-cluster";
import { AwsProvider } from "@cdktf/provider-aws/lib/provider";
import { KubernetesProvider } from "@cdktf/provider-kubernetes/lib/provider";
import { Fn } from "cdktf";
import type { Construct } from "constructs";

import { INPUTS } from "../contract/inputs/inputs";
import { KUBERNETES_INPUTS } from "../contract/inputs/kubernetes";
import { hcl } from "./hcl/expression";
import { ReadableStack } from "./hcl/readable-stack";
import { declareInputs } from "./inputs";
import { AwsAuth } from "./kubernetes/aws-auth";
import { Namespaces } from "./kubernetes/namespaces";
import { StorageClass } from "./kubernetes/storage-class";
import { declareNames } from "./names";

/**
 * What is inside the cluster of the stack `eks`, for runners that reach its private endpoint. A stack of its own: a
 * plan of `eks` must not depend on an endpoint that only the VPC reaches, nor on a cluster that may not be there yet.
 *
 * It takes the same tfvars as `eks`, and finds the cluster by its name.
 */
export class KubernetesStack extends ReadableStack {
  constructor(scope: Construct, id: string) {
    super(scope, id);
    const inputs = declareInputs(this, "variables", INPUTS);
    const own = declareInputs(this, "kubernetes-variables", KUBERNETES_INPUTS);
    const names = declareNames(this, inputs);
    const region = inputs.awsRegion.asString;

    new AwsProvider(this, "aws", { region });
    this.require("aws");
    const cluster = new DataAwsEksCluster(this, "cluster", { name: names.cluster });

    new KubernetesProvider(this, "kubernetes", {
      host: cluster.endpoint,
      clusterCaCertificate: Fn.base64decode(cluster.certificateAuthority.get(0).data),
      // Asked at every call: a token lives for 15 minutes, and one from a data source would stand in the state.
      exec: [
        {
          apiVersion: "client.authentication.k8s.io/v1beta1",
          command: "aws",
          args: ["eks", "get-token", "--cluster-name", names.cluster, "--region", region],
        },
      ],
    });
    this.require("kubernetes");

    // The cluster is in the account of its nodes.
    const account = hcl`split(":", ${cluster}.arn)`;
    const nodeRole = hcl`"arn:\${${account}[1]}:iam::\${${account}[4]}:role/\${${names.nodeRole}}"`;
    new AwsAuth(this, "aws-auth", {
      isOwner: own.ownAwsAuth,
      adopts: own.adoptAwsAuth,
      nodeRoleArns: hcl`length(${own.nodeRoleArns}) > 0 ? ${own.nodeRoleArns} : [${nodeRole}]`,
      roles: inputs.awsAuthRoles,
      users: inputs.awsAuthUsers,
      // Clusters from before there was one report none.
      authenticationMode: hcl`try(${cluster}.access_config[0].authentication_mode, "CONFIG_MAP")`,
    });
    new Namespaces(this, "namespaces", own.namespaces);
    new StorageClass(this, "storage-class", own.storageClass);
  }
}
