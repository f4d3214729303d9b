import type { TerraformStack } from "cdktf";

import { setInVain } from "../contract/inputs/network";
import type { Bastion } from "./bastion";
import { warnUnless } from "./hcl/check";
import { address, Expression, hcl } from "./hcl/expression";
import { local } from "./hcl/local";
import type { NodeGroups } from "./node-groups";

/** Lets every plan and apply say what is not as it should be, and stops neither. */
export function addWarnings(stack: TerraformStack, bastion: Bastion, nodes: NodeGroups): void {
  const { betweenNodes } = nodes.securityGroup;
  const { configuration } = nodes.launch;
  const setForNothing = local(stack, "set-for-nothing", new Expression(setInVain()));
  warnUnless(
    stack,
    "existing_network_alone",
    hcl`length(${setForNothing}) == 0`,
    `vpc_id names an existing VPC, so that \${join(", ", ${setForNothing.text})} does not count; leave it out, or ` +
      "leave out vpc_id for an own VPC.",
  );
  warnUnless(
    stack,
    "bastion_reachable",
    hcl`length(${bastion.reachableFrom}) > 0`,
    "nobody can reach the bastion by SSH: kubectl_ssh_cidrs names no IPv4 network; set it in your tfvars to your own " +
      'address, such as kubectl_ssh_cidrs = ["203.0.113.7/32"].',
  );
  // Of a stack that was taken over from the workshop's own HCL (see adoptWorkshopState); always true of a new one.
  warnUnless(
    stack,
    "dns_between_nodes",
    hcl`one(${betweenNodes}[*].protocol) == "-1"`,
    "pods cannot ask CoreDNS on another node: the rule between nodes allows TCP only, as the workshop made it; " +
      `widen it with terraform apply '-replace=${address(betweenNodes)}[0]'.`,
  );
  // False when AWS reports neither.
  const isHardened = (machine: string, volume: string) =>
    new Expression(`try(${machine}.metadata_options[0].http_tokens == "required" && ${volume}.encrypted, false)`);
  const launch = address(configuration);
  const soft = local(
    stack,
    "unhardened-groups",
    hcl`[
      for group, launch in ${configuration} : group
      if !${isHardened("launch", "launch.root_block_device[0]")}
    ]`,
  );
  warnUnless(
    stack,
    "hardened_nodes",
    hcl`length(${soft}) == 0`,
    "new nodes get an unencrypted volume and a metadata service without sessions (IMDSv1), as the workshop made " +
      `them; mend it with terraform apply \${join(" ", formatlist("'-replace=${launch}[%q]'", ${soft.text}))}.`,
  );
  const instance = address(bastion.instance);
  warnUnless(
    stack,
    "hardened_bastion",
    isHardened(instance, `${instance}.root_block_device[0]`),
    "the bastion has an unencrypted volume or a metadata service without sessions (IMDSv1), as the workshop made it; " +
      `terraform apply -replace=${instance} makes a new one, with a new address and host key.`,
  );
  warnUnless(
    stack,
    "node_image_versions",
    hcl`length(${nodes.groupsOfUnknownVersion}) == 0`,
    "whether their kubelets work with the cluster is unknown, because their AMIs have no name of EKS' own: " +
      `\${join(", ", ${nodes.groupsOfUnknownVersion.text})}; set kubernetes_version in these node_groups.`,
  );
}
