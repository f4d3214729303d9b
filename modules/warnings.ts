import type { Instance } from "@cdktf/provider-aws/lib/instance";
import { Fn, Op, Token, type TerraformStack } from "cdktf";

import type { NodeGroups } from "./node-groups";
import { warnUnless, type Warning } from "./hcl/check";
import { address, Expression, hcl } from "./hcl/expression";
import { setInVain } from "../contract/inputs/network";

/** What there is to warn of. */
export interface Warned {
  readonly bastion: Instance;
  readonly nodes: NodeGroups;
  /** What parts of the stack themselves have to say. */
  readonly others: readonly Warning[];
}

/** Lets every plan and apply say what is not as it should be, and stops neither. */
export function addWarnings(stack: TerraformStack, { bastion, nodes, others }: Warned): void {
  for (const [name, condition, message] of others) warnUnless(stack, name, condition.asString, message);

  const setForNothing = new Expression(setInVain());
  warnUnless(
    stack,
    "existing_network_alone",
    hcl`length(${setForNothing}) == 0`.asString,
    `vpc_id names an existing VPC, so that \${join(", ", ${setForNothing.text})} does not count; leave it out, or leave ` +
      "out vpc_id for an own VPC.",
  );
  warnUnless(
    stack,
    "bastion_reachable",
    // It is reached at its IPv4 address.
    '${length([for cidr in var.kubectl_ssh_cidrs : cidr if !strcontains(cidr, ":")]) > 0}',
    "nobody can reach the bastion by SSH: kubectl_ssh_cidrs names no IPv4 network; set it in your tfvars to your own " +
      'address, such as kubectl_ssh_cidrs = ["203.0.113.7/32"].',
  );
  // Of a stack that was taken over from the workshop's own HCL (see adoptWorkshopState); always true of a new one.
  warnUnless(
    stack,
    "dns_between_nodes",
    hcl`alltrue([for rule in ${nodes.betweenNodes} : rule.protocol == "-1"])`.asString,
    "pods cannot ask CoreDNS on another node: the rule between nodes allows TCP only, as the workshop made it; " +
      `widen it with terraform apply '-replace=${address(nodes.betweenNodes)}[0]'.`,
  );
  const isHardenedLaunch = `try(launch.metadata_options[0].http_tokens == "required" && launch.root_block_device[0].encrypted, false)`;
  warnUnless(
    stack,
    "hardened_nodes",
    hcl`alltrue([for launch in ${nodes.launchConfiguration} : ${new Expression(isHardenedLaunch)}])`.asString,
    "new nodes get an unencrypted volume and a metadata service without sessions (IMDSv1), as the workshop made " +
      `them; mend it with terraform apply \${join(" ", [for group, launch in ${address(nodes.launchConfiguration)} : format("'-replace=${address(nodes.launchConfiguration)}[%q]'", group) if !${isHardenedLaunch}])}.`,
  );
  warnUnless(
    stack,
    "hardened_bastion",
    isHardened(bastion),
    "the bastion has an unencrypted volume or a metadata service without sessions (IMDSv1), as the workshop made it; " +
      `terraform apply -replace=${address(bastion)} makes a new one, with a new address and host key.`,
  );
  warnUnless(
    stack,
    "node_image_versions",
    hcl`length(${nodes.groupsOfUnknownVersion}) == 0`.asString,
    "whether their kubelets work with the cluster is unknown, because their AMIs have no name of EKS' own: " +
      `\${join(", ", ${nodes.groupsOfUnknownVersion.text})}; set kubernetes_version in these node_groups.`,
  );
}

/** Whether machines require IMDSv2 and have an encrypted volume; false when AWS reports neither. */
function isHardened({ metadataOptions, rootBlockDevice }: Instance): string {
  const hardened = Op.and(Op.eq(metadataOptions.httpTokens, "required"), rootBlockDevice.encrypted);
  return Token.asString(Fn.try([hardened, false]));
}
