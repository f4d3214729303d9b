import { hcl, type Expression } from "../hcl/expression";
import { script } from "../hcl/script";
import type { NodeUserData } from "./node";

/**
 * User data of a node on Bottlerocket: its settings, as TOML. It runs no shell; what the user supplies are more
 * settings, and whatever stands before the first header there belongs to `settings.kubernetes`, too.
 *
 * @see https://bottlerocket.dev/en/os/latest/api/settings/kubernetes/
 */
export function bottlerocketUserData(values: NodeUserData): Expression {
  const { clusterName, endpoint, certificateAuthorityData, serviceCidr, maxPods, labels, taints } = values;
  // What jsonencode writes for a text is a basic string of TOML.
  const text = (value: Expression) => hcl`jsonencode(${value})`;
  const table = (name: string, map: Expression) => {
    const rows = hcl`[for key, value in ${map} : "\${jsonencode(key)} = \${jsonencode(value)}"]`;
    return hcl`length(${map}) == 0 ? "" : ${script`${name} = { ${hcl`join(", ", ${rows})`} }
`}`;
  };
  const effects = hcl`{ for taint in ${taints} : taint.key => "\${taint.value}:\${taint.effect}"... }`;
  return script`[settings.kubernetes]
cluster-name = ${text(clusterName)}
api-server = ${text(endpoint)}
cluster-certificate = ${text(certificateAuthorityData)}
cluster-dns-ip = ${text(hcl`cidrhost(${serviceCidr}, 10)`)}
${hcl`${maxPods} == null ? "" : ${script`max-pods = ${maxPods}
`}`}${table("node-labels", labels)}${table("node-taints", effects)}${values.additionalUserData}`;
}
