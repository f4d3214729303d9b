import { hcl, type Expression } from "../hcl/expression";
import { script } from "../hcl/script";
import { registrationArguments, type NodeUserData } from "./node";

/**
 * User data of a node on an EKS AMI of the Amazon Linux 2 family: `/etc/eks/bootstrap.sh` between the parts that the
 * user supplied. With endpoint and certificate authority given, the node does not have to ask EKS for them.
 *
 * Byte for byte the workshop's when nothing is said that the workshop could not say, without a line break at its end:
 * user data that differs replaces a launch configuration, and a stack built by the workshop itself is to be taken
 * over as it is.
 *
 * @see https://github.com/awslabs/amazon-eks-ami/blob/al2/templates/al2/runtime/bootstrap.sh
 */
export function al2UserData(values: NodeUserData): Expression {
  const { clusterName, endpoint, certificateAuthorityData, serviceCidr, chosenServiceCidr, maxPods } = values;
  // bootstrap.sh guesses CoreDNS' address among those of the ranges that EKS chooses from.
  const dns = hcl`${chosenServiceCidr} == null ? "" : " --dns-cluster-ip '\${cidrhost(${chosenServiceCidr}, 10)}'"`;
  // It takes a cluster for one of IPv4 that it is not told anything else of.
  const ipv6 = hcl`
    strcontains(${serviceCidr}, ":") ? " --ip-family 'ipv6' --service-ipv6-cidr '\${${serviceCidr}}'" : ""`;
  // Otherwise it passes a --max-pods of its own as well.
  const ownMaxPods = hcl`${maxPods} == null ? "" : " --use-max-pods 'false'"`;
  // The kubelet takes the last of two that contradict: the user's.
  const kubeletArguments = hcl`join(" ", compact(concat(
    [${maxPods} == null ? "" : "--max-pods=\${${maxPods}}"],
    ${registrationArguments(values)},
    [${values.kubeletExtraArgs}]
  )))`;
  const quoted = hcl`replace(${kubeletArguments}, "'", ${String.raw`'\''`})`;
  return script`#!/bin/bash

# Allow user supplied pre userdata code
${values.preUserData}

# Bootstrap and join the cluster
/etc/eks/bootstrap.sh --b64-cluster-ca '${certificateAuthorityData}' \
--apiserver-endpoint '${endpoint}' --enable-docker-bridge '${values.enableDockerBridge}'\
${dns}${ipv6}${ownMaxPods} --kubelet-extra-args '${quoted}' '${clusterName}'

# Allow user supplied userdata code
${values.additionalUserData}`;
}
