import { DataAwsEksCluster } from "@cdktf/provider-aws/lib/data-aws-eks-cluster";
import { AwsProvider } from "@cdktf/provider-aws/lib/provider";
import { KubernetesProvider } from "@cdktf/provider-kubernetes/lib/provider";
import { Fn } from "cdktf";
import type { Construct } from "constructs";

import { AwsAuth } from "./kubernetes/aws-auth";
import { Namespaces } from "./kubernetes/namespaces";
import { StorageClass } from "./kubernetes/storage-class";
import { Names } from "./names";
import { INPUTS } from "../contract/inputs/inputs";
import { KUBERNETES_INPUTS } from "../contract/inputs/kubernetes";
import { versionConstraint } from "../facts/provider-versions";
import { ReadableStack } from "./hcl/readable-stack";
import { declareInputs } from "./inputs";

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
    const names = new Names(this, inputs);
    const region = inputs.awsRegion.asString;

    new AwsProvider(this, "aws", { region });
    this.addOverride("terraform.required_providers.aws.version", versionConstraint("aws"));
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
    this.addOverride("terraform.required_providers.kubernetes.version", versionConstraint("kubernetes"));
    this.addOverride("terraform.required_version", ">= 1.9.0");

    const { fqn } = cluster;
    // The cluster is in the account of its nodes.
    const account = (part: number) => `split(":", ${fqn}.arn)[${String(part)}]`;
    const nodeRole = `"arn:\${${account(1)}}:iam::\${${account(4)}}:role/\${local.names_node_role}"`;
    new AwsAuth(this, "aws-auth", {
      isOwner: own.ownAwsAuth.text,
      adopts: own.adoptAwsAuth.text,
      nodeRoleArns: `(length(${own.nodeRoleArns.text}) > 0 ? ${own.nodeRoleArns.text} : [${nodeRole}])`,
      roles: inputs.awsAuthRoles.text,
      users: inputs.awsAuthUsers.text,
      // Clusters from before there was one report none.
      authenticationMode: `try(${fqn}.access_config[0].authentication_mode, "CONFIG_MAP")`,
    });
    new Namespaces(this, "namespaces", { rows: own.namespaces.text });
    new StorageClass(this, "storage-class", { row: own.storageClass.text });
  }
}
