import { Fn, TerraformLocal, type TerraformStack, type TerraformVariable } from "cdktf";
import { Construct } from "constructs";

import type { Variables } from "./variables";

/** Names that tfvars may say, and that follow from `project_name` otherwise; the same in every stack. */
export class Names {
  readonly vpc: string;
  readonly cluster: string;
  /** Of the nodes' IAM role, and of its instance profile. */
  readonly nodeRole: string;

  constructor(stack: TerraformStack, variables: Variables) {
    const projectName = variables.project.projectName.stringValue;
    const names = new Construct(stack, "names");
    const name = (what: string, given: TerraformVariable, otherwise: string) =>
      new TerraformLocal(names, what, Fn.coalesce([given.value, otherwise])).asString;
    this.vpc = name("vpc", variables.network.vpcName, `${projectName}_vpc`);
    this.cluster = name("cluster", variables.cluster.eksClusterName, `${projectName}_eks`);
    this.nodeRole = name("node-role", variables.nodes.eksWorkerNodeRoleName, `${projectName}_eks_worker_nodes_role`);
  }
}
