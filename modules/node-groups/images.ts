import { DataAwsAmi } from "@cdktf/provider-aws/lib/data-aws-ami";
import type { Construct } from "constructs";

import { rule } from "../../contract/inputs/rule";
import { NODE_IMAGES } from "../../facts/images";
import { each } from "../hcl/each";
import { Expression, hcl } from "../hcl/expression";
import { local } from "../hcl/local";

/**
 * Looks up the AMIs of node groups while Terraform plans, and refuses one that does not fit: of another architecture or
 * family than its group says, or with a kubelet that does not work with the cluster.
 *
 * @param groups by key
 * @param kubernetesVersion of the control plane, `MAJOR.MINOR`
 * @returns groups with an AMI whose version nobody knows: a list of keys
 */
export function nodeImages(scope: Construct, groups: Expression, kubernetesVersion: Expression): Expression {
  const patterns = local(
    scope,
    "image-patterns",
    Object.fromEntries(Object.entries(NODE_IMAGES).map(([family, { pattern }]) => [family, pattern])),
  );
  const name = new Expression("self.name");
  const family = hcl`
    try([for family, pattern in ${patterns} : family if can(regex(pattern, ${name}))][0], each.value.ami_family)`;
  const version = versionOf(new Expression("each.value.kubernetes_version"), name, patterns);
  const minor = (of: Expression) => hcl`tonumber(split(".", ${of})[1])`;
  // Until 1.24 the kubelet was allowed to be two behind. https://kubernetes.io/releases/version-skew-policy/
  const allowed = hcl`${minor(version)} < 25 ? 2 : 3`;
  const behind = hcl`${minor(kubernetesVersion)} - ${minor(version)}`;

  const rows = each(groups);
  const image = new DataAwsAmi(scope, "image", {
    forEach: rows,
    // A pinned AMI outlives the day on which AWS stops to list it.
    includeDeprecated: true,
    filter: [{ name: "image-id", values: [rows.getString("ami_id")] }],
    lifecycle: {
      postcondition: [
        rule(
          "self.architecture == each.value.architecture",
          `node_groups.\${each.key}.ami_id must be an AMI for architecture \${each.value.architecture}, got \${self.id}
           (\${self.name}) for \${self.architecture}; set architecture, and instance types of the same.`,
        ),
        rule(
          `(${family.text}) == each.value.ami_family`,
          `node_groups.\${each.key}.ami_id must be an AMI of the family \${each.value.ami_family}, got \${self.id}
           (\${self.name}); set ami_family = "\${${family.text}}".`,
        ),
        rule(
          hcl`${version} == null ? true : ${behind} >= 0 && ${behind} <= ${allowed}`.text,
          `node_groups.\${each.key}.ami_id must have a kubelet that is no newer than the cluster and at most three minor
           versions older (two before 1.25), got \${self.id} (\${self.name}) with
           \${coalesce(${version.text}, "an unknown version")} for a cluster of \${${kubernetesVersion.text}}; take a
           newer AMI before the cluster goes up, and a newer cluster before the AMI does.`,
        ),
      ],
    },
  });
  const unknown = versionOf(new Expression("group.kubernetes_version"), hcl`${image}[key].name`, patterns);
  return local(scope, "of-unknown-version", hcl`[for key, group in ${groups} : key if ${unknown} == null]`);
}

/** The Kubernetes version of an AMI: what is said, or else what its name tells; null when neither does. */
function versionOf(said: Expression, name: Expression, patterns: Expression): Expression {
  return hcl`
    ${said} != null ? ${said}
    : try([for pattern in values(${patterns}) : regex(pattern, ${name})[0] if can(regex(pattern, ${name}))][0], null)`;
}
