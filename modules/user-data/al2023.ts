import { hcl, type Expression } from "../hcl/expression";
import { script } from "../hcl/script";
import { registrationArguments, type NodeUserData } from "./node";

const BOUNDARY = "eks-node-user-data";

/**
 * User data of a node on an EKS AMI of the Amazon Linux 2023 family: a MIME archive of the NodeConfig that nodeadm
 * joins with, and of the shell scripts that the user supplied.
 *
 * nodeadm reads its part before cloud-init runs any script, and starts the kubelet after cloud-init has run them all:
 * on this family both scripts run before the node joins, in the order in which they stand here.
 *
 * @see https://awslabs.github.io/amazon-eks-ami/nodeadm/doc/api/
 * @see https://github.com/awslabs/amazon-eks-ami/tree/main/templates/al2023/runtime/rootfs/etc/systemd/system
 */
export function al2023UserData(values: NodeUserData): Expression {
  return script`MIME-Version: 1.0
Content-Type: multipart/mixed; boundary="${BOUNDARY}"

${shellPart(values.preUserData)}--${BOUNDARY}
Content-Type: application/node.eks.aws

---
${nodeConfig(values)}${shellPart(values.additionalUserData)}--${BOUNDARY}--
`;
}

function nodeConfig(values: NodeUserData): Expression {
  const { clusterName, endpoint, certificateAuthorityData, serviceCidr, maxPods, kubeletExtraArgs } = values;
  const given = (fields: Expression) => hcl`{ for name, value in ${fields} : name => value if length(value) > 0 }`;
  // Of two flags that contradict the kubelet takes the last: the user's.
  const kubelet = given(hcl`{
    config = { for name, value in { maxPods = ${maxPods} } : name => value if value != null },
    flags = compact(concat(${registrationArguments(values)}, split(" ", ${kubeletExtraArgs})))
  }`);
  const cluster = hcl`{
    name = ${clusterName},
    apiServerEndpoint = ${endpoint},
    certificateAuthority = ${certificateAuthorityData},
    cidr = ${serviceCidr}
  }`;
  return hcl`yamlencode({
    apiVersion = "node.eks.aws/v1alpha1",
    kind = "NodeConfig",
    spec = ${given(hcl`{ cluster = ${cluster}, kubelet = ${kubelet} }`)}
  })`;
}

/** A part for a shell script, empty when there is none. cloud-init runs nothing that does not say its interpreter. */
function shellPart(text: Expression): Expression {
  const whole = hcl`startswith(${text}, "#!") ? ${text} : ${script`#!/bin/bash
${text}`}`;
  // Python's mail parser, which cloud-init uses, turns other characters than ASCII into escapes in a part without
  // encoding.
  const body = hcl`can(regex("^[[:ascii:]]*$", ${text})) ? ${script`
${whole}`} : ${script`Content-Transfer-Encoding: base64

${hcl`base64encode(${whole})`}`}`;
  return hcl`${text} == "" ? "" : ${script`--${BOUNDARY}
Content-Type: text/x-shellscript; charset="utf-8"
${body}
`}`;
}
