import { DataAwsAmi } from "@cdktf/provider-aws/lib/data-aws-ami";
import type { Construct } from "constructs";

import { FAMILIES, NODE_IMAGES } from "../../facts/images";
import { Expression, hcl } from "../hcl/expression";
import { Rows } from "../hcl/rows";

/** What groups say of their AMI. */
type ImageColumn = "ami_id" | "ami_family" | "architecture" | "kubernetes_version";

/**
 * Looks up the AMIs of node groups while Terraform plans, and refuses one that does not fit: of another architecture or
 * family than its group says, or with a kubelet that does not work with the cluster.
 *
 * @param groups by key
 * @param kubernetesVersion of the control plane, `MAJOR.MINOR`
 * @returns groups with an AMI whose version nobody knows: a list of keys
 */
export function nodeImages(scope: Construct, groups: Expression, kubernetesVersion: Expression): Expression {
  const rows = new Rows<ImageColumn>(groups);
  const name = new Expression("self.name");
  const family = hcl`try([for family, pattern in ${patterns} : family if can(regex(pattern, ${name}))][0], ${rows.value("ami_family")})`;
  const version = versionOf(rows.value("kubernetes_version"), name);
  const minor = (of: Expression) => hcl`tonumber(split(".", ${of})[1])`;
  // Until 1.24 the kubelet was allowed to be two behind. https://kubernetes.io/releases/version-skew-policy/
  const allowed = hcl`${minor(version)} < 25 ? 2 : 3`;
  const behind = hcl`${minor(kubernetesVersion)} - ${minor(version)}`;

  const image = new DataAwsAmi(scope, "image", {
    forEach: rows.forEach,
    // A pinned AMI outlives the day on which AWS stops to list it.
    includeDeprecated: true,
    filter: [{ name: "image-id", values: [rows.value("ami_id").asString] }],
    lifecycle: {
      postcondition: [
        {
          condition: hcl`self.architecture == ${rows.value("architecture")}`.asString,
          errorMessage:
            "node_groups.${each.key}.ami_id must be an AMI for architecture ${each.value.architecture}, got ${self.id} (${self.name}) for ${self.architecture}; set architecture, and instance types of the same.",
        },
        {
          condition: hcl`${family} == ${rows.value("ami_family")}`.asString,
          errorMessage: `node_groups.\${each.key}.ami_id must be an AMI of the family \${each.value.ami_family}, got \${self.id} (\${self.name}); set ami_family = "\${${family.text}}".`,
        },
        {
          condition: hcl`${version} == null ? true : ${behind} >= 0 && ${behind} <= ${allowed}`.asString,
          errorMessage: `node_groups.\${each.key}.ami_id must have a kubelet that is no newer than the cluster and at most three minor versions older (two before 1.25), got \${self.id} (\${self.name}) with \${coalesce(${version.text}, "an unknown version")} for a cluster of \${${kubernetesVersion.text}}; take a newer AMI before the cluster goes up, and a newer cluster before the AMI does.`,
        },
      ],
    },
  });
  const unknown = versionOf(new Expression("group.kubernetes_version"), hcl`${image}[key].name`);
  return hcl`[for key, group in ${groups} : key if ${unknown} == null]`;
}

const PATTERNS = Object.fromEntries(FAMILIES.map((family) => [family, NODE_IMAGES[family].pattern]));
const patterns = new Expression(`jsondecode(${hcl`${JSON.stringify(PATTERNS)}`.text})`);

/** The Kubernetes version of an AMI: what is said, or else what its name tells; null when neither does. */
function versionOf(said: Expression, name: Expression): Expression {
  return hcl`${said} != null ? ${said} : try([for pattern in values(${patterns}) : regex(pattern, ${name})[0] if can(regex(pattern, ${name}))][0], null)`;
}
