import { Fn, TerraformLocal, type TerraformStack } from "cdktf";
import { Construct } from "constructs";

import { namesOf } from "../facts/names";
import type { Expression } from "./hcl/expression";
import type { EksInputs } from "./inputs";

/** Names of what the stack makes, the same in every stack. */
export type Names = ReturnType<typeof namesOf>;

/** Declares the names that tfvars may say, and that follow from `project_name` otherwise. */
export function declareNames(stack: TerraformStack, inputs: EksInputs): Names {
  const scope = new Construct(stack, "names");
  const made = namesOf(inputs.projectName.asString);
  const name = (id: string, given: Expression, otherwise: string) =>
    new TerraformLocal(scope, id, Fn.coalesce([given.asString, otherwise])).asString;
  return {
    ...made,
    vpc: name("vpc", inputs.vpcName, made.vpc),
    cluster: name("cluster", inputs.eksClusterName, made.cluster),
    nodeRole: name("node-role", inputs.eksWorkerNodeRoleName, made.nodeRole),
  };
}
