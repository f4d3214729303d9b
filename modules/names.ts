import { Fn, TerraformLocal, type TerraformStack } from "cdktf";
import { Construct } from "constructs";

import type { INPUTS } from "../contract/inputs/inputs";
import type { Expression } from "./hcl/expression";
import type { Inputs } from "./inputs";

/** Names that tfvars may say, and that follow from `project_name` otherwise; the same in every stack. */
export class Names {
  readonly vpc: string;
  readonly cluster: string;
  /** Of the nodes' IAM role, and of its instance profile. */
  readonly nodeRole: string;

  constructor(stack: TerraformStack, inputs: Inputs<typeof INPUTS>) {
    const projectName = inputs.projectName.asString;
    const names = new Construct(stack, "names");
    const name = (what: string, given: Expression, otherwise: string) =>
      new TerraformLocal(names, what, Fn.coalesce([given.asString, otherwise])).asString;
    this.vpc = name("vpc", inputs.vpcName, `${projectName}_vpc`);
    this.cluster = name("cluster", inputs.eksClusterName, `${projectName}_eks`);
    this.nodeRole = name("node-role", inputs.eksWorkerNodeRoleName, `${projectName}_eks_worker_nodes_role`);
  }
}
