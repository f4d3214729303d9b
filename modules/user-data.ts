import { script } from "./terraform/script";

/** What a node's boot script says. Values may be known only to Terraform. */
export interface BootstrapScript {
  readonly clusterName: string;
  /** The Kubernetes API, `https://…`. */
  readonly endpoint: string;
  /** PEM in base64, as EKS reports it. */
  readonly certificateAuthorityData: string;
  /** Shell text to run before the node joins. */
  readonly preUserData: string;
  /** Shell text to run after the node joined. */
  readonly additionalUserData: string;
  /** Arguments of the kubelet on one line, with every `'` already written as `'\''`. */
  readonly kubeletExtraArgs: string;
  /** `true` or `false`. */
  readonly enableDockerBridge: string;
}

/**
 * User data of a node on an EKS AMI of the Amazon Linux 2 family: `/etc/eks/bootstrap.sh` between the parts that the
 * user supplied. With endpoint and certificate authority given, the node does not have to ask EKS for them.
 *
 * Byte for byte the workshop's, without a line break at its end: user data that differs replaces a launch
 * configuration, and a stack built by the workshop itself is to be taken over as it is.
 *
 * @see https://github.com/awslabs/amazon-eks-ami/blob/al2/templates/al2/runtime/bootstrap.sh
 */
export function bootstrapScript(values: BootstrapScript): string {
  const { clusterName, endpoint, certificateAuthorityData, kubeletExtraArgs, enableDockerBridge } = values;
  return script`#!/bin/bash

# Allow user supplied pre userdata code
${values.preUserData}

# Bootstrap and join the cluster
/etc/eks/bootstrap.sh --b64-cluster-ca '${certificateAuthorityData}' --apiserver-endpoint '${endpoint}' --enable-docker-bridge '${enableDockerBridge}' --kubelet-extra-args '${kubeletExtraArgs}' '${clusterName}'

# Allow user supplied userdata code
${values.additionalUserData}`;
}
